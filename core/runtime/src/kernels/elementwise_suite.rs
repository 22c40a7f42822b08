//! Tests of operators whose outputs depend on one element of each input: problems, and the slow way to an answer.

use crate::Semantics;
use crate::registry::{KernelEntry, OperatorKey, Registry};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{MAX_RANK, Shape};
use crate::test_support::{Random, TestModel, Value, bytes_of};

/// A tensor of a problem. Numbers are kept as float64, which holds those of every type that is tested.
#[derive(Clone)]
pub(super) struct Numbers {
    pub(super) ty: TensorType,
    pub(super) shape: Vec<i32>,
    /// Scale and zero point.
    pub(super) quantization: Option<(f32, i32)>,
    pub(super) numbers: Vec<f64>,
}

/// Without the numbers, which would be many.
impl core::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {:?} {:?}", self.ty.name(), self.shape, self.quantization)
    }
}

impl Numbers {
    /// A tensor of one dimension without quantization.
    pub(super) fn list(ty: TensorType, numbers: &[f64]) -> Self {
        Self { ty, shape: vec![numbers.len() as i32], quantization: None, numbers: numbers.to_vec() }
    }

    /// The tensor with a scale and zero point.
    pub(super) fn quantized(self, scale: f32, zero_point: i32) -> Self {
        Self { quantization: Some((scale, zero_point)), ..self }
    }

    /// A tensor without numbers, for an output.
    pub(super) fn of_shape(ty: TensorType, shape: &[i32]) -> Self {
        Self { ty, shape: shape.to_vec(), quantization: None, numbers: Vec::new() }
    }

    pub(super) fn elements(&self) -> usize {
        self.shape.iter().product::<i32>() as usize
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let numbers = || self.numbers.iter();
        match self.ty {
            TensorType::Bool | TensorType::Uint8 => numbers().map(|number| *number as u8).collect(),
            TensorType::Int8 => bytes_of(&numbers().map(|number| *number as i8).collect::<Vec<_>>()),
            TensorType::Int16 => bytes_of(&numbers().map(|number| *number as i16).collect::<Vec<_>>()),
            TensorType::Float16 => bytes_of(&numbers().map(|number| *number as u16).collect::<Vec<_>>()),
            TensorType::Int32 => bytes_of(&numbers().map(|number| *number as i32).collect::<Vec<_>>()),
            TensorType::Uint32 => bytes_of(&numbers().map(|number| *number as u32).collect::<Vec<_>>()),
            TensorType::Int64 => bytes_of(&numbers().map(|number| *number as i64).collect::<Vec<_>>()),
            TensorType::Float32 => bytes_of(&numbers().map(|number| *number as f32).collect::<Vec<_>>()),
            ty => panic!("no test numbers of type {}", ty.name()),
        }
    }

    fn numbers_of(ty: TensorType, bytes: &[u8]) -> Vec<f64> {
        fn numbers<T: bytemuck::Pod>(bytes: &[u8], to_f64: impl Fn(T) -> f64) -> Vec<f64> {
            bytes
                .chunks_exact(size_of::<T>())
                .map(|bytes| to_f64(bytemuck::pod_read_unaligned(bytes)))
                .collect()
        }
        match ty {
            TensorType::Bool | TensorType::Uint8 => numbers(bytes, |number: u8| number.into()),
            TensorType::Int8 => numbers(bytes, |number: i8| number.into()),
            TensorType::Int16 => numbers(bytes, |number: i16| number.into()),
            TensorType::Int32 => numbers(bytes, |number: i32| number.into()),
            TensorType::Uint32 => numbers(bytes, |number: u32| number.into()),
            TensorType::Int64 => numbers(bytes, |number: i64| number as f64),
            TensorType::Float32 => numbers(bytes, |number: f32| number.into()),
            ty => panic!("no test numbers of type {}", ty.name()),
        }
    }
}

/// One operator with its operands.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) table: &'static str,
    pub(super) options: Vec<(&'static str, Value)>,
    pub(super) inputs: Vec<Numbers>,
    pub(super) output: Numbers,
    pub(super) semantics: Semantics,
}

impl Problem {
    /// An operator without options.
    pub(super) fn new(inputs: Vec<Numbers>, output: Numbers) -> Self {
        Self { table: "", options: Vec::new(), inputs, output, semantics: Semantics::Tflm }
    }

    /// The problem with options.
    pub(super) fn with(self, table: &'static str, options: &[(&'static str, Value)]) -> Self {
        Self { table, options: options.to_vec(), ..self }
    }

    /// The problem with LiteRT's arithmetic.
    pub(super) fn litert(self) -> Self {
        Self { semantics: Semantics::Litert, ..self }
    }

    /// What the operator gives, by every version of its kernel.
    pub(super) fn run(&self, entry: &KernelEntry<'static>) -> Result<Vec<f64>, String> {
        let OperatorKey::Builtin(operator) = entry.operator else { panic!("a builtin operator") };
        let mut found = Vec::new();
        for version in entry.versions {
            let versions = [*version];
            let entries = [KernelEntry { versions: &versions, ..*entry }];
            found.push(self.run_with(operator, &Registry::only(&entries)));
        }
        let first = found.swap_remove(0);
        for (other, version) in found.iter().zip(&entry.versions[1..]) {
            assert_eq!(*other, first, "version {}", version.name);
        }
        first
    }

    fn run_with(&self, operator: BuiltinOperator, registry: &Registry<'_>) -> Result<Vec<f64>, String> {
        let mut model = TestModel::default();
        let mut add = |tensor: &Numbers| match tensor.quantization {
            None => model.tensor(tensor.ty, &tensor.shape),
            Some((scale, zero_point)) => model.quantized(tensor.ty, &tensor.shape, scale, zero_point.into()),
        };
        let inputs: Vec<_> = self.inputs.iter().map(&mut add).collect();
        let output = add(&self.output);
        model.operator(operator, (self.table, &self.options), &inputs, &[output]);
        let bytes: Vec<_> = self.inputs.iter().map(Numbers::bytes).collect();
        let outputs = model.run(&bytes, self.semantics, registry)?;
        Ok(Numbers::numbers_of(self.output.ty, &outputs[0]))
    }

    /// Checks every element against `reference` of the elements of the inputs that go into it. `tolerance` is relative.
    pub(super) fn check(
        &self,
        entry: &KernelEntry<'static>,
        tolerance: f64,
        reference: impl Fn(&Self, &[f64]) -> f64,
    ) {
        let found = self.run(entry).unwrap_or_else(|error| panic!("{error}\n{self:?}"));
        assert_eq!(found.len(), self.output.elements());
        for (index, found) in found.iter().enumerate() {
            let from: Vec<_> =
                self.inputs.iter().map(|input| input.numbers[source(index, &self.output, input)]).collect();
            let expected = reference(self, &from);
            let is_close = (found - expected).abs() <= tolerance * expected.abs();
            let is_same = *found == expected || (found.is_nan() && expected.is_nan());
            assert!(
                is_same || is_close,
                "element {index} of {from:?} is {found}, expected {expected}\n{self:?}"
            );
        }
    }
}

/// The element of a repeated input that goes into an element of the output, by division and remainder.
fn source(index: usize, output: &Numbers, input: &Numbers) -> usize {
    let extended = |shape: &[i32]| Shape::from_slice(shape).unwrap().extended::<MAX_RANK>().unwrap();
    let (output_dims, dims) = (extended(&output.shape), extended(&input.shape));
    if output_dims.iter().product::<usize>() == dims.iter().product() {
        return index;
    }
    let (mut rest, mut stride, mut found) = (index, 1, 0);
    for axis in (0..MAX_RANK).rev() {
        let position = rest % output_dims[axis];
        rest /= output_dims[axis];
        found += if dims[axis] == 1 { 0 } else { position * stride };
        stride *= dims[axis];
    }
    found
}

/// Shapes of `n` inputs that are repeated along some dimensions, and the shape that they give.
pub(super) fn broadcast_shapes(random: &mut Random, n: usize) -> (Vec<Vec<i32>>, Vec<i32>) {
    let rank = random.between(0, 5) as usize;
    let output: Vec<i32> = (0..rank).map(|_| random.between(1, 4)).collect();
    let mut inputs: Vec<Vec<i32>> = Vec::new();
    for index in 0..n {
        let keeps_all = index == 0 || random.between(0, 2) == 0;
        let leading = if keeps_all { 0 } else { random.between(0, rank as i32) as usize };
        let dims = output.iter().skip(leading);
        inputs.push(
            dims.map(|size| if keeps_all || random.next().is_multiple_of(2) { *size } else { 1 }).collect(),
        );
    }
    let first = random.between(0, n as i32 - 1) as usize;
    inputs.swap(0, first);
    (inputs, output)
}

/// A tensor with all kinds of numbers of its type, among them the extremes.
pub(super) fn numbers(random: &mut Random, ty: TensorType, shape: &[i32]) -> Numbers {
    let elements = shape.iter().product::<i32>() as usize;
    let (low, high) = match ty {
        TensorType::Bool => (0, 1),
        TensorType::Int8 => (-128, 127),
        TensorType::Uint8 => (0, 255),
        TensorType::Int16 => (-32768, 32767),
        TensorType::Uint32 => (0, i32::MAX),
        _ => (i32::MIN, i32::MAX),
    };
    let numbers = (0..elements)
        .map(|_| match (ty, random.next() % 8) {
            (TensorType::Float32, 0) => f64::from(random.choose(&[0.0, -0.5, 1.5, 2.5, 1e-3f32, -1e9])),
            (TensorType::Float32, _) => f64::from(random.between(-8_000_000, 8_000_000) as f32 / 65536.0),
            (_, 0) => random.choose(&[low, high, 0.max(low), 1]).into(),
            (TensorType::Int32, 1..=4) => random.between(-1000, 1000).into(),
            (TensorType::Uint32, _) => f64::from(random.next()),
            (TensorType::Int64, 1) => (f64::from(random.next()) - 2e9) * 1e6,
            (TensorType::Int32 | TensorType::Int64, _) => f64::from(random.next() as i32),
            _ => random.between(low, high).into(),
        })
        .collect();
    Numbers { ty, shape: shape.to_vec(), quantization: None, numbers }
}

/// Random quantization for the type: any zero point for int8, 0 for int16.
pub(super) fn quantization(random: &mut Random, ty: TensorType) -> Option<(f32, i32)> {
    match ty {
        TensorType::Int8 => Some((random.scale(), random.between(-128, 127))),
        TensorType::Uint8 => Some((random.scale(), random.between(0, 255))),
        TensorType::Int16 => Some((random.scale(), 0)),
        _ => None,
    }
}

/// A random problem with `n` broadcast inputs of a type, and an output of another.
pub(super) fn problem(random: &mut Random, n: usize, input_ty: TensorType, output_ty: TensorType) -> Problem {
    let (shapes, shape) = broadcast_shapes(random, n);
    let inputs = shapes.iter().map(|shape| {
        let tensor = numbers(random, input_ty, shape);
        Numbers { quantization: quantization(random, input_ty), ..tensor }
    });
    let inputs = inputs.collect();
    let output =
        Numbers { quantization: quantization(random, output_ty), ..Numbers::of_shape(output_ty, &shape) };
    Problem::new(inputs, output)
}

/// Checks `count` random problems.
pub(super) fn check(
    entry: &KernelEntry<'static>,
    count: u32,
    make: impl Fn(&mut Random) -> Problem,
    reference: impl Fn(&Problem, &[f64]) -> f64,
) {
    for case in 0..count {
        make(&mut Random::new(case + 1)).check(entry, 0.0, &reference);
    }
}

/// Arithmetic as the reference kernels write it, step by step.
pub(super) mod written_out {
    use crate::fixed_point::Multiplier;

    /// `QuantizeMultiplier`.
    pub(in crate::kernels) fn quantize_multiplier(factor: f64) -> (i64, i32) {
        let found = Multiplier::from_f64(factor).expect("a factor that fits");
        (found.multiplier.into(), found.shift)
    }

    /// `SaturatingRoundingDoublingHighMul` of 32 bits.
    pub(in crate::kernels) fn doubling_high_mul(a: i64, b: i64) -> i64 {
        let product = a * b;
        let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
        ((product + nudge) / (1 << 31)).min(i32::MAX.into())
    }

    /// `RoundingDivideByPOT`: halves away from zero.
    pub(in crate::kernels) fn rounding_shift(value: i64, amount: i32) -> i64 {
        let half = if amount == 0 { 0 } else { 1i64 << (amount - 1) };
        if value >= 0 { (value + half) >> amount } else { -((-value + half) >> amount) }
    }

    /// `MultiplyByQuantizedMultiplier`, of which the shifted value has to fit into 32 bits.
    pub(in crate::kernels) fn scale(value: i64, (multiplier, shift): (i64, i32)) -> i64 {
        let shifted = value << shift.max(0);
        assert_eq!(i64::from(shifted as i32), shifted, "the reference does not wrap");
        rounding_shift(doubling_high_mul(shifted, multiplier), (-shift).max(0))
    }
}
