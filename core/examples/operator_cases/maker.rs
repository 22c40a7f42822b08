//! What all recipes need: chance, tensors with quantization, constants, and values for the inputs.

use emberlab_core::model::{
    BuiltinOperator, Element, Model, ModelBuilder, Operator, Options, Tensor, TensorId, TensorType,
    bytes_from_elements,
};

/// Numbers that look random and are the same for the same seed (xorshift64*).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers of one case of a recipe: other recipes do not change them.
    pub fn of_case(seed: u64, recipe: &str, number: usize) -> Self {
        // FNV-1a.
        let bytes = recipe.bytes().chain(seed.to_le_bytes()).chain((number as u64).to_le_bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = Self(hash | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() >> 1) as i64 % (high - low + 1)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: i64) -> bool {
        self.between(1, n) == 1
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.between(0, choices.len() as i64 - 1) as usize]
    }

    /// The numbers below `n` in any order.
    pub fn permutation(&mut self, n: usize) -> Vec<i32> {
        let mut order: Vec<i32> = (0..n as i32).collect();
        for index in (1..n).rev() {
            order.swap(index, self.between(0, index as i64) as usize);
        }
        order
    }

    /// A float in `low..=high`.
    pub fn float(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * ((self.next() >> 40) as f32 / (1u32 << 24) as f32)
    }
}

/// What an input of the model gets in every step.
#[derive(Clone, Debug)]
pub enum Values {
    /// Any number of the type, extremes more often; floats from -8 to 8.
    Any,
    /// Floats of a range.
    Floats(f32, f32),
    /// Integers of a range, of the input's type.
    Ints(i64, i64),
    /// Always the same bytes.
    Bytes(Vec<u8>),
}

/// A model with inputs.
pub struct Case {
    pub model: Model,
    /// The bytes of every input, for each invocation.
    pub steps: Vec<Vec<Vec<u8>>>,
    /// Runtimes that the case says nothing about: `tflm`, `litert`.
    pub skip: Vec<&'static str>,
    /// We refuse on purpose what the reference runs.
    pub is_refused_by_us: bool,
    /// Outputs of earlier steps are not compared: they depend on what the memory held.
    pub first_compared_step: usize,
}

/// A case in the making.
pub struct Maker {
    pub random: Random,
    pub builder: ModelBuilder,
    pub skip: Vec<&'static str>,
    pub is_refused_by_us: bool,
    pub n_steps: usize,
    pub first_compared_step: usize,
    inputs: Vec<(TensorType, u64, Values)>,
    n_tensors: usize,
}

impl Maker {
    pub fn new(description: &str, random: Random) -> Self {
        Self {
            random,
            builder: ModelBuilder::new(description),
            skip: Vec::new(),
            is_refused_by_us: false,
            n_steps: 1,
            first_compared_step: 0,
            inputs: Vec::new(),
            n_tensors: 0,
        }
    }

    pub fn finish(mut self) -> Case {
        let inputs = std::mem::take(&mut self.inputs);
        let steps = (0..self.n_steps).map(|_| {
            inputs
                .iter()
                .map(|(ty, count, values)| values.bytes(*ty, *count as usize, &mut self.random))
                .collect()
        });
        Case {
            steps: steps.collect(),
            model: self.builder.build(),
            skip: self.skip,
            is_refused_by_us: self.is_refused_by_us,
            first_compared_step: self.first_compared_step,
        }
    }

    /// A shape of a rank in `ranks` with small dimensions, now and then a larger one.
    pub fn shape(&mut self, ranks: std::ops::RangeInclusive<i64>) -> Vec<i32> {
        let rank = self.random.between(*ranks.start(), *ranks.end());
        (0..rank).map(|_| self.size()).collect()
    }

    /// The size of one dimension.
    pub fn size(&mut self) -> i32 {
        let most = self.random.pick(&[1, 3, 5, 9]);
        self.random.between(1, most) as i32
    }

    /// An input of the model that gets any values, without quantization.
    pub fn input(&mut self, ty: TensorType, shape: &[i32]) -> TensorId {
        self.input_of(Tensor::new("", ty, shape), Values::Any)
    }

    /// An input of the model.
    pub fn input_of(&mut self, mut tensor: Tensor, values: Values) -> TensorId {
        self.name(&mut tensor);
        self.inputs.push((tensor.ty, tensor.element_count().unwrap_or_default(), values));
        self.builder.input(tensor)
    }

    /// An activation without quantization.
    pub fn tensor(&mut self, ty: TensorType, shape: &[i32]) -> TensorId {
        self.tensor_of(Tensor::new("", ty, shape))
    }

    /// An activation.
    pub fn tensor_of(&mut self, mut tensor: Tensor) -> TensorId {
        self.name(&mut tensor);
        self.builder.tensor(tensor)
    }

    /// A constant.
    pub fn constant<T: Element>(&mut self, mut tensor: Tensor, elements: &[T]) -> TensorId {
        self.name(&mut tensor);
        self.builder.constant(tensor, elements)
    }

    /// A constant of any values.
    pub fn random_constant(&mut self, mut tensor: Tensor) -> TensorId {
        self.name(&mut tensor);
        let count = tensor.element_count().unwrap_or_default() as usize;
        let bytes = Values::Any.bytes(tensor.ty, count, &mut self.random);
        self.builder.constant_bytes(tensor, bytes)
    }

    /// A constant by its bytes, for packed types.
    pub fn packed_constant(&mut self, mut tensor: Tensor, bytes: Vec<u8>) -> TensorId {
        self.name(&mut tensor);
        self.builder.constant_bytes(tensor, bytes)
    }

    /// A constant vector of int32.
    pub fn ints(&mut self, values: &[i32]) -> TensorId {
        self.constant(Tensor::new("", TensorType::Int32, &[values.len() as i32]), values)
    }

    /// A constant vector of int32 or int64.
    pub fn any_ints(&mut self, values: &[i32]) -> TensorId {
        if self.random.one_in(2) {
            return self.ints(values);
        }
        let wide: Vec<i64> = values.iter().map(|value| i64::from(*value)).collect();
        self.constant(Tensor::new("", TensorType::Int64, &[wide.len() as i32]), &wide)
    }

    /// A constant scalar of int32.
    pub fn scalar(&mut self, value: i32) -> TensorId {
        self.constant(Tensor::new("", TensorType::Int32, &[]), &[value])
    }

    /// A power of two, so that quotients of scales are exact in float32.
    pub fn scale(&mut self) -> f32 {
        2f32.powi(self.random.between(-12, 2) as i32)
    }

    /// A zero point that the type can have, extremes more often; 0 for int16.
    pub fn zero_point(&mut self, ty: TensorType) -> i64 {
        match ty {
            TensorType::Int8 => {
                let any = self.random.between(-128, 127);
                self.random.pick(&[any, any, any, 0, -128, 127])
            }
            _ => 0,
        }
    }

    /// A tensor with any quantization that the type can have; floats and wide integers have none.
    pub fn quantized(&mut self, ty: TensorType, shape: &[i32]) -> Tensor {
        let tensor = Tensor::new("", ty, shape);
        match ty {
            TensorType::Int8 | TensorType::Int16 => {
                let (scale, zero_point) = (self.scale(), self.zero_point(ty));
                tensor.quantized(scale, zero_point)
            }
            _ => tensor,
        }
    }

    /// The operator of the case, whose outputs are those of the model.
    pub fn operator(
        &mut self,
        code: BuiltinOperator,
        inputs: &[TensorId],
        outputs: &[TensorId],
        options: Option<Options>,
    ) -> &mut Operator {
        outputs.iter().for_each(|output| self.builder.output(*output));
        let operator = self.builder.operator(code, inputs.iter().copied(), outputs.iter().copied());
        if let Some(options) = options {
            operator.set_options(options);
        }
        operator
    }

    /// A custom operator as the case's operator.
    pub fn custom(
        &mut self,
        name: &str,
        options: Option<Vec<u8>>,
        inputs: &[TensorId],
        outputs: &[TensorId],
    ) {
        outputs.iter().for_each(|output| self.builder.output(*output));
        let operator = self.builder.custom_operator(name, inputs.iter().copied(), outputs.iter().copied());
        operator.custom_options = options.map(Into::into);
    }

    fn name(&mut self, tensor: &mut Tensor) {
        self.n_tensors += 1;
        tensor.name = Some(format!("t{}", self.n_tensors));
    }
}

impl Values {
    fn bytes(&self, ty: TensorType, count: usize, random: &mut Random) -> Vec<u8> {
        match self {
            Values::Any => any_bytes(ty, count, random),
            Values::Floats(low, high) => {
                bytes_from_elements(&(0..count).map(|_| random.float(*low, *high)).collect::<Vec<_>>())
            }
            Values::Ints(low, high) => {
                let bytes = element_bytes(ty);
                (0..count).flat_map(|_| random.between(*low, *high).to_le_bytes()[..bytes].to_vec()).collect()
            }
            Values::Bytes(bytes) => bytes.clone(),
        }
    }
}

fn any_bytes(ty: TensorType, count: usize, random: &mut Random) -> Vec<u8> {
    match ty {
        TensorType::Float32 => return Values::Floats(-8.0, 8.0).bytes(ty, count, random),
        TensorType::Bool => return Values::Ints(0, 1).bytes(ty, count, random),
        _ => (),
    }
    let bytes = element_bytes(ty);
    // Most tensors are noise, some are noise of a few bits, and some hold nothing but the ends of the range.
    let kind = random.between(0, 9);
    let n_bits = random.between(2, 8 * bytes as i64);
    let element = |random: &mut Random| match kind {
        0 => random.pick(&[i64::MIN, i64::MAX]) >> (64 - 8 * bytes),
        1 => random.next() as i64 >> (64 - n_bits),
        _ => random.next() as i64,
    };
    (0..count).flat_map(|_| element(random).to_le_bytes()[..bytes].to_vec()).collect()
}

fn element_bytes(ty: TensorType) -> usize {
    (ty.bits().unwrap_or(8) / 8).max(1) as usize
}
