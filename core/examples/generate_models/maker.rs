//! What all recipes need: chance, tensors of a type with quantization that fits it, constants.

use emberlab_core::model::{
    BuiltinOperator, Model, ModelBuilder, Operator, Options, Tensor, TensorId, TensorType,
};

/// Numbers that look random and are the same for the same seed (xorshift64*).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A generator of its own, so that one recipe's appetite does not change the next recipe's numbers.
    pub fn fork(&mut self) -> Self {
        Self(self.next() | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low + (self.next() >> 33) as i32 % (high - low + 1)
    }

    pub fn chance(&mut self) -> bool {
        self.next() >> 63 == 1
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.between(0, choices.len() as i32 - 1) as usize]
    }
}

/// A model in the making.
pub struct Maker {
    pub random: Random,
    pub builder: ModelBuilder,
    n_tensors: usize,
}

impl Maker {
    pub fn new(description: &str, random: Random) -> Self {
        Self { random, builder: ModelBuilder::new(description), n_tensors: 0 }
    }

    pub fn finish(self) -> Model {
        self.builder.build()
    }

    /// A shape of a rank in `ranks`, with small dimensions.
    pub fn shape(&mut self, ranks: std::ops::RangeInclusive<i32>) -> Vec<i32> {
        let rank = self.random.between(*ranks.start(), *ranks.end());
        (0..rank).map(|_| self.random.between(1, 7)).collect()
    }

    /// A tensor of a type with the quantization that kernels expect of it.
    pub fn describe(&mut self, ty: TensorType, shape: &[i32]) -> Tensor {
        self.n_tensors += 1;
        let tensor = Tensor::new(&format!("t{}", self.n_tensors), ty, shape);
        let scale = self.random.between(1, 200) as f32 / 1024.0;
        match ty {
            TensorType::Int8 => tensor.quantized(scale, i64::from(self.random.between(-20, 20))),
            TensorType::Uint8 => tensor.quantized(scale, 128),
            TensorType::Int16 => tensor.quantized(scale / 64.0, 0),
            _ => tensor,
        }
    }

    pub fn input(&mut self, ty: TensorType, shape: &[i32]) -> TensorId {
        let tensor = self.describe(ty, shape);
        self.builder.input(tensor)
    }

    pub fn activation(&mut self, ty: TensorType, shape: &[i32]) -> TensorId {
        let tensor = self.describe(ty, shape);
        self.builder.tensor(tensor)
    }

    /// An activation with the quantization of another tensor.
    pub fn activation_like(&mut self, other: TensorId, shape: &[i32]) -> TensorId {
        let mut tensor = self.tensor(other).clone();
        self.n_tensors += 1;
        tensor.name = Some(format!("t{}", self.n_tensors));
        tensor.shape = shape.to_vec();
        tensor.is_variable = false;
        tensor.buffer = emberlab_core::model::BufferId(0);
        self.builder.tensor(tensor)
    }

    /// A tensor of the subgraph in the making.
    pub fn tensor(&mut self, id: TensorId) -> &mut Tensor {
        let subgraph =
            self.builder.model().subgraphs.last_mut().expect("a builder has a subgraph from the start");
        &mut subgraph.tensors[id.index()]
    }

    pub fn shape_of(&mut self, id: TensorId) -> Vec<i32> {
        self.tensor(id).shape.clone()
    }

    /// A constant of zeros with the bytes that its type takes, packed where the type is.
    pub fn weights(&mut self, ty: TensorType, shape: &[i32]) -> TensorId {
        let mut tensor = self.describe(ty, shape);
        if matches!(ty, TensorType::Int8 | TensorType::Int4) {
            tensor = tensor.quantized(1.0 / 128.0, 0);
        }
        self.constant_of(tensor)
    }

    /// Weights with one scale per slice along a dimension.
    pub fn weights_per_axis(&mut self, ty: TensorType, shape: &[i32], dimension: usize) -> TensorId {
        let n_scales = shape[dimension] as usize;
        let scales = (0..n_scales).map(|index| (index + 1) as f32 / 512.0).collect::<Vec<_>>();
        let tensor = self.describe(ty, shape);
        self.constant_of(tensor.quantized_per_axis(&scales, &vec![0; n_scales], dimension as i32))
    }

    pub fn constant_of(&mut self, tensor: Tensor) -> TensorId {
        let bytes = vec![0u8; tensor.byte_size().unwrap_or_default() as usize];
        self.builder.constant_bytes(tensor, bytes)
    }

    pub fn ints(&mut self, values: &[i32]) -> TensorId {
        self.n_tensors += 1;
        let tensor = Tensor::new(&format!("c{}", self.n_tensors), TensorType::Int32, &[values.len() as i32]);
        self.builder.constant(tensor, values)
    }

    pub fn scalar(&mut self, value: i32) -> TensorId {
        self.n_tensors += 1;
        let tensor = Tensor::new(&format!("c{}", self.n_tensors), TensorType::Int32, &[]);
        self.builder.constant(tensor, &[value])
    }

    pub fn output(&mut self, tensor: TensorId) {
        self.builder.output(tensor);
    }

    /// An operator with options.
    pub fn operator(
        &mut self,
        code: BuiltinOperator,
        inputs: &[TensorId],
        outputs: &[TensorId],
        options: Option<Options>,
    ) -> &mut Operator {
        let operator = self.builder.operator(code, inputs.iter().copied(), outputs.iter().copied());
        if let Some(options) = options {
            operator.set_options(options);
        }
        operator
    }

    /// An operator whose outputs are those of the model.
    pub fn last(
        &mut self,
        code: BuiltinOperator,
        inputs: &[TensorId],
        outputs: &[TensorId],
        options: Option<Options>,
    ) {
        self.operator(code, inputs, outputs, options);
        outputs.iter().for_each(|&output| self.output(output));
    }
}
