//! TFLite MEAN, SUM, REDUCE_MAX, REDUCE_MIN and REDUCE_ALL.
//!
//! Reference: micro/kernels/reduce.cc, reduce_common.cc and kernels/internal/reference/reduce.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! The output has the dimensions that are not reduced, with or without ones in between. Quantized MEAN and SUM add the raw
//! inputs in 32 bits, take off the zero point once per input, and scale the sum once; MEAN has the division in the
//! multiplier. REDUCE_MAX and REDUCE_MIN of int8 have the same quantization on both sides. Floats are added in the order
//! in which they lie in memory. TFLM reads the axes while it runs; here they have to be constant.

use super::shapes::axis_index;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{Multiplier, QuantizedRange};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::{Record, record};
use crate::registry::{Eval, Exactness, Kernel, KernelEntry, OperatorKey, Support, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Element, MAX_RANK, Shape, Tensor};

const SUPPORT_MEAN: &[Support] = &[exact("int8"), exact("int16"), float("float32")];
/// LiteRT's reference kernel takes quantized tensors for uint8, whatever they are.
const SUPPORT_SUM: &[Support] = &[
    Support { types: "int8", tflm: Some(Exactness::Bits), litert: None },
    Support { types: "int16", tflm: Some(Exactness::Bits), litert: None },
    float("float32"),
];
const SUPPORT_EXTREME: &[Support] = &[exact("int8"), exact("float32")];

/// MEAN.
pub const MEAN: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::MEAN),
    versions: &[Kernel { name: "plain", prepare: prepare_mean, eval: Eval::Kernel(eval_mean) }],
    support: SUPPORT_MEAN,
};
/// SUM.
pub const SUM: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SUM),
    versions: &[Kernel { name: "plain", prepare: prepare_sum, eval: Eval::Kernel(eval_sum) }],
    support: SUPPORT_SUM,
};
/// REDUCE_MAX.
pub const REDUCE_MAX: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::REDUCE_MAX),
    versions: &[Kernel { name: "plain", prepare: prepare_extreme, eval: Eval::Kernel(eval_max) }],
    support: SUPPORT_EXTREME,
};
/// REDUCE_MIN.
pub const REDUCE_MIN: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::REDUCE_MIN),
    versions: &[Kernel { name: "plain", prepare: prepare_extreme, eval: Eval::Kernel(eval_min) }],
    support: SUPPORT_EXTREME,
};
/// REDUCE_ALL: true where all inputs are.
pub const REDUCE_ALL: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::REDUCE_ALL),
    versions: &[Kernel { name: "plain", prepare: prepare_all, eval: Eval::Kernel(eval_all) }],
    support: &[exact("bool")],
};

record! {
    /// Behind it lies a [`Scaling`] for quantized MEAN and SUM.
    struct Params {
        /// Bit `i` for dimension `i`.
        axes: u8,
        kind: u8,
    }
}
const FLOAT32: u8 = 0;
const INT8: u8 = 1;
const INT16: u8 = 2;

record! {
    struct Scaling {
        /// The zero point of all inputs of one output, negative.
        input_offset: i32,
        multiplier: Multiplier,
        output_offset: i32,
    }
}

fn prepare_mean(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    prepare_sum_or_mean(context, true)
}

fn prepare_sum(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    prepare_sum_or_mean(context, false)
}

fn prepare_sum_or_mean(context: &mut PrepareContext<'_, '_>, is_mean: bool) -> Result<(), Reason> {
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let kind = match input.ty {
        TensorType::Float32 => FLOAT32,
        TensorType::Int8 => INT8,
        TensorType::Int16 => INT16,
        found => return Err(Reason::Type { operand: input.role, found, expected: "float32, int8 or int16" }),
    };
    let axes = check_axes(context)?;
    context.save(Params { axes, kind })?;
    if kind != FLOAT32 {
        scaling(&input, &output, axes, is_mean)?.write(context.words(Scaling::WORDS)?);
    }
    Ok(())
}

fn prepare_extreme(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let kind = match input.ty {
        TensorType::Float32 => FLOAT32,
        TensorType::Int8 => INT8,
        found => return Err(Reason::Type { operand: input.role, found, expected: "float32 or int8" }),
    };
    if kind == INT8 && input.scale_and_zero_point_or_zero()? != output.scale_and_zero_point_or_zero()? {
        return Err(Reason::Quantization {
            operand: output.role,
            problem: "it differs from that of the input",
        });
    }
    let axes = check_axes(context)?;
    context.save(Params { axes, kind })
}

fn prepare_all(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.input(0, "input")?.expect_type(&[TensorType::Bool], "bool")?;
    let axes = check_axes(context)?;
    context.save(Params { axes, kind: 0 })
}

/// Checks the operands that all operators have, and returns the dimensions that are reduced.
fn check_axes(context: &PrepareContext<'_, '_>) -> Result<u8, Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, axis) = (context.input(0, "input")?, context.input(1, "axis")?);
    let output = context.output(0, "output")?;
    axis.expect_type(&[TensorType::Int32], "int32")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let rank = input.shape.rank();
    let mut axes = 0;
    // The axes of a scalar are not looked at.
    let constant = axis.required_constant::<i32>()?;
    for axis in constant.iter().filter(|_| rank > 0) {
        axes |= 1u8 << axis_index(i64::from(*axis), rank)?;
    }
    let kept = input.shape.dims().iter().enumerate().filter(|(axis, _)| axes & 1 << axis == 0);
    let expected = kept.fold(1usize, |elements, (_, size)| elements.saturating_mul(*size as usize));
    expect_equal("elements of the output", output.elements(), expected)?;
    Ok(axes)
}

fn scaling(input: &Tensor<'_>, output: &Tensor<'_>, axes: u8, is_mean: bool) -> Result<Scaling, Reason> {
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (output_scale, output_offset) = output.scale_and_zero_point()?;
    let factor = f64::from(input_scale) / f64::from(output_scale);
    let problem = "the scales are too far apart";
    let multiplier =
        Multiplier::from_f64(factor).ok_or(Reason::Quantization { operand: output.role, problem })?;
    let count = Reduction::new(&input.shape, axes).count as i64;
    Ok(Scaling {
        input_offset: (i64::from(input_zero_point).wrapping_mul(count)).wrapping_neg() as i32,
        multiplier: if is_mean { divided(multiplier, count) } else { multiplier },
        output_offset,
    })
}

/// The factor divided by the number of inputs, with as many more bits as the number has.
fn divided(factor: Multiplier, count: i64) -> Multiplier {
    if count <= 0 {
        return factor;
    }
    let shift = (63 - count.leading_zeros() as i32).min(32).min(31 + factor.shift);
    let multiplier = ((i64::from(factor.multiplier) << shift) / count) as i32;
    Multiplier { multiplier, shift: factor.shift - shift }
}

fn eval_mean(context: &mut EvalContext<'_>) {
    eval_sum_or_mean(context, |sum, count| if count > 0 { sum / count as f32 } else { 0.0 });
}

fn eval_sum(context: &mut EvalContext<'_>) {
    eval_sum_or_mean(context, |sum, _| sum);
}

fn eval_sum_or_mean(context: &mut EvalContext<'_>, finish: impl Fn(f32, usize) -> f32) {
    let params: Params = context.params();
    let reduction = Reduction::new(&context.input_shape(0), params.axes);
    let scaling_words = context.words_after::<Params>();
    if params.kind == FLOAT32 {
        let (output, operands) = context.output::<f32>();
        let add = |sum: f32, value: f32| sum + value;
        return reduction.run(operands.input(0), output, 0.0, add, |sum| finish(sum, reduction.count));
    }
    let scaling = Scaling::read(scaling_words);
    if params.kind == INT8 {
        let (output, operands) = context.output::<i8>();
        let range = QuantizedRange { min: i32::from(i8::MIN), max: i32::from(i8::MAX) };
        quantized_sums(&reduction, &scaling, operands.input(0), output, |sum| range.clamp(sum) as i8);
    } else {
        let (output, operands) = context.output::<i16>();
        let range = QuantizedRange { min: i32::from(i16::MIN), max: i32::from(i16::MAX) };
        quantized_sums(&reduction, &scaling, operands.input(0), output, |sum| range.clamp(sum) as i16);
    }
}

fn quantized_sums<T: Element + Into<i32>>(
    reduction: &Reduction,
    scaling: &Scaling,
    input: &[T],
    output: &mut [T],
    narrow: impl Fn(i32) -> T,
) {
    if reduction.count == 0 {
        // As TFLM: without inputs the output is a raw 0.
        output.fill(T::zeroed());
        return;
    }
    let add = |sum: i32, value: T| sum.wrapping_add(value.into());
    reduction.run(input, output, 0, add, |sum| {
        let scaled = scaling.multiplier.apply(sum.wrapping_add(scaling.input_offset));
        narrow(scaled.wrapping_add(scaling.output_offset))
    });
}

fn eval_max(context: &mut EvalContext<'_>) {
    let float = |max: f32, value: f32| if value > max { value } else { max };
    eval_extreme(context, f32::MIN, float, i8::MIN, |max, value| max.max(value));
}

fn eval_min(context: &mut EvalContext<'_>) {
    let float = |min: f32, value: f32| if value < min { value } else { min };
    eval_extreme(context, f32::MAX, float, i8::MAX, |min, value| min.min(value));
}

fn eval_extreme(
    context: &mut EvalContext<'_>,
    float_start: f32,
    float: impl Fn(f32, f32) -> f32,
    int8_start: i8,
    int8: impl Fn(i8, i8) -> i8,
) {
    let params: Params = context.params();
    let reduction = Reduction::new(&context.input_shape(0), params.axes);
    if params.kind == FLOAT32 {
        let (output, operands) = context.output();
        reduction.run(operands.input(0), output, float_start, float, |value| value);
    } else {
        let (output, operands) = context.output();
        reduction.run(operands.input(0), output, int8_start, int8, |value| value);
    }
}

fn eval_all(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let reduction = Reduction::new(&context.input_shape(0), params.axes);
    let (output, operands) = context.output::<u8>();
    reduction.run(operands.input(0), output, true, |all, value: u8| all && value != 0, u8::from);
}

/// Which inputs belong to one output: the dimensions in two groups, from the innermost, with the distance of a step.
struct Reduction {
    kept: Loops,
    reduced: Loops,
    /// Inputs of one output.
    count: usize,
}

#[derive(Clone, Copy)]
struct Loops {
    n_loops: usize,
    sizes: [usize; MAX_RANK],
    strides: [usize; MAX_RANK],
}

impl Reduction {
    fn new(shape: &Shape, axes: u8) -> Self {
        let empty = Loops { n_loops: 0, sizes: [1; MAX_RANK], strides: [0; MAX_RANK] };
        let (mut kept, mut reduced) = (empty, empty);
        let mut stride = 1usize;
        for (axis, size) in shape.dims().iter().enumerate().rev() {
            let size = *size as usize;
            let loops = if axes & 1 << axis == 0 { &mut kept } else { &mut reduced };
            loops.add(size, stride);
            stride = stride.wrapping_mul(size);
        }
        let count = reduced.sizes.iter().fold(1usize, |count, size| count.wrapping_mul(*size));
        Self { kept, reduced, count }
    }

    /// Writes `finish(fold of all inputs)` to every output.
    fn run<T: Copy, S: Copy>(
        &self,
        input: &[T],
        output: &mut [T],
        start: S,
        fold: impl Fn(S, T) -> S,
        finish: impl Fn(S) -> T,
    ) {
        let mut outputs = output.iter_mut();
        self.kept.rows(0, |at, stride, n_outputs| {
            for (step, output) in outputs.by_ref().take(n_outputs).enumerate() {
                let mut folded = start;
                self.reduced.rows(at + step * stride, |at, stride, n_inputs| {
                    if n_inputs > 0 {
                        let inputs = input[at..].iter().step_by(stride.max(1)).take(n_inputs);
                        folded = inputs.fold(folded, |folded, value| fold(folded, *value));
                    }
                });
                *output = finish(folded);
            }
        });
    }
}

impl Loops {
    /// Adds a loop around those so far, merged with the one inside where both are one longer loop.
    fn add(&mut self, size: usize, stride: usize) {
        if size == 1 {
            return;
        }
        if let Some(inner) = self.n_loops.checked_sub(1)
            && self.strides[inner].wrapping_mul(self.sizes[inner]) == stride
        {
            self.sizes[inner] *= size;
            return;
        }
        self.sizes[self.n_loops] = size;
        self.strides[self.n_loops] = stride;
        self.n_loops += 1;
    }

    /// Calls `row` with the first place, distance and number of steps of every innermost loop.
    fn rows(&self, start: usize, mut row: impl FnMut(usize, usize, usize)) {
        if self.sizes.contains(&0) {
            return;
        }
        let mut at = start;
        let mut position = [0; MAX_RANK];
        loop {
            row(at, self.strides[0], self.sizes[0]);
            let mut level = 1;
            loop {
                if level >= self.n_loops {
                    return;
                }
                position[level] += 1;
                at += self.strides[level];
                if position[level] < self.sizes[level] {
                    break;
                }
                at -= self.strides[level] * self.sizes[level];
                position[level] = 0;
                level += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::written_out::{quantize_multiplier, scale};
    use crate::test_support::{Problem, Random, TestModel, kernel_suite};

    /// Every output as the list of its inputs, written out from the reference: one pass over the inputs in memory order.
    fn check(dims: &[i32], axes: u8) {
        let shape = Shape::from_slice(dims).unwrap();
        let input: Vec<i32> = (0..shape.elements() as i32).collect();
        let kept = |axis: &usize| axes & 1 << axis == 0;
        let n_outputs = (0..dims.len()).filter(kept).map(|axis| dims[axis] as usize).product();
        let mut expected = vec![(0u64, 0i64); n_outputs];
        for (index, value) in input.iter().enumerate() {
            let (mut rest, mut at, mut stride) = (index, 0, 1);
            for axis in (0..dims.len()).rev() {
                let size = dims[axis] as usize;
                if kept(&axis) {
                    at += rest % size * stride;
                    stride *= size;
                }
                rest /= size;
            }
            // The order matters: a sum that is not commutative.
            expected[at] = (expected[at].0.wrapping_mul(31).wrapping_add(*value as u64), expected[at].1 + 1);
        }
        let mut output = vec![-1; n_outputs];
        let fold =
            |sum: (u64, i64), value: i32| (sum.0.wrapping_mul(31).wrapping_add(value as u64), sum.1 + 1);
        let reduction = Reduction::new(&shape, axes);
        reduction.run(&input, &mut output, (0, 0), fold, |sum| (sum.0 ^ sum.1 as u64) as i32);
        let expected: Vec<i32> = expected.iter().map(|sum| (sum.0 ^ sum.1 as u64) as i32).collect();
        assert_eq!(output, expected, "{dims:?} along {axes:#b}");
    }

    #[test]
    fn every_input_goes_to_its_output_in_order() {
        check(&[7], 0b1);
        check(&[7], 0);
        check(&[], 0);
        check(&[3, 4], 0b01);
        check(&[3, 4], 0b10);
        check(&[3, 4], 0b11);
        check(&[2, 3, 4, 5], 0b0110);
        check(&[2, 3, 4, 5], 0b1001);
        check(&[2, 1, 4, 1, 3], 0b01010);
        check(&[2, 3, 2, 2, 3, 2], 0b101010);
        check(&[2, 0, 3], 0b010);
        check(&[2, 0, 3], 0b100);
    }

    /// A quantized mean or sum, written out from the reference with 64-bit integers.
    #[derive(Debug)]
    struct QuantizedProblem<const IS_MEAN: bool> {
        ty: TensorType,
        shape: Vec<i32>,
        axes: Vec<i32>,
        scales: [f32; 2],
        zero_points: [i64; 2],
        input: Vec<i64>,
    }

    impl<const IS_MEAN: bool> QuantizedProblem<IS_MEAN> {
        fn kept(&self) -> Vec<i32> {
            let kept = |axis: &usize| !self.axes.contains(&(*axis as i32));
            (0..self.shape.len()).filter(kept).map(|axis| self.shape[axis]).collect()
        }

        fn bytes(&self, numbers: &[i64]) -> Vec<u8> {
            let n = if self.ty == TensorType::Int8 { 1 } else { 2 };
            numbers.iter().flat_map(|number| number.to_le_bytes()[..n].to_vec()).collect()
        }

        fn outputs(&self) -> Vec<i64> {
            let n_outputs: i32 = self.kept().iter().product();
            let mut sums = vec![(0i64, 0i64); n_outputs as usize];
            for (index, value) in self.input.iter().enumerate() {
                let (mut rest, mut at, mut stride) = (index, 0, 1);
                for axis in (0..self.shape.len()).rev() {
                    let size = self.shape[axis] as usize;
                    if !self.axes.contains(&(axis as i32)) {
                        at += rest % size * stride;
                        stride *= size;
                    }
                    rest /= size;
                }
                sums[at] = (sums[at].0 + value - self.zero_points[0], sums[at].1 + 1);
            }
            let (mut multiplier, mut shift) =
                quantize_multiplier(f64::from(self.scales[0]) / f64::from(self.scales[1]));
            if IS_MEAN {
                let count = sums[0].1;
                let more = (63 - count.leading_zeros() as i32).min(32).min(31 + shift);
                multiplier = (multiplier << more) / count;
                shift -= more;
            }
            let (low, high) = if self.ty == TensorType::Int8 { (-128, 127) } else { (-32768, 32767) };
            let finish = |(sum, _): (i64, i64)| {
                (scale(sum, (multiplier, shift)) + self.zero_points[1]).clamp(low, high)
            };
            sums.into_iter().map(finish).collect()
        }
    }

    impl<const IS_MEAN: bool> Problem for QuantizedProblem<IS_MEAN> {
        fn random(random: &mut Random) -> Self {
            let ty = random.choose(&[TensorType::Int8, TensorType::Int16]);
            let shape: Vec<i32> = (0..random.between(1, 4)).map(|_| random.between(1, 5)).collect();
            let first = random.between(0, shape.len() as i32 - 1);
            let axes =
                if random.between(0, 1) == 0 { vec![first] } else { (first..shape.len() as i32).collect() };
            let scales = [random.scale(), random.scale()];
            let is_int8 = ty == TensorType::Int8;
            let zero_points = [0; 2].map(|_| if is_int8 { i64::from(random.between(-128, 127)) } else { 0 });
            let n_inputs = shape.iter().product::<i32>();
            let value = |random: &mut Random| {
                if is_int8 { random.next() as i8 as i64 } else { random.next() as i16 as i64 }
            };
            let input = (0..n_inputs).map(|_| value(random)).collect();
            Self { ty, shape, axes, scales, zero_points, input }
        }

        fn model(&self) -> TestModel {
            let mut model = TestModel::default();
            let input = model.quantized(self.ty, &self.shape, self.scales[0], self.zero_points[0]);
            let axis = model.constant(TensorType::Int32, &[self.axes.len() as i32], &self.axes);
            let output = model.quantized(self.ty, &self.kept(), self.scales[1], self.zero_points[1]);
            let code = if IS_MEAN { BuiltinOperator::MEAN } else { BuiltinOperator::SUM };
            model.operator(code, ("ReducerOptions", &[]), &[input, axis], &[output]);
            model
        }

        fn inputs(&self) -> Vec<Vec<u8>> {
            vec![self.bytes(&self.input)]
        }

        fn reference(&self) -> Vec<Vec<u8>> {
            vec![self.bytes(&self.outputs())]
        }
    }
    kernel_suite!(quantized_mean, MEAN, QuantizedProblem<true>, 300);
    kernel_suite!(quantized_sum, SUM, QuantizedProblem<false>, 300);

    #[test]
    fn means_have_the_division_in_the_multiplier() {
        let half = Multiplier::from_f64(0.5).unwrap();
        assert_eq!(divided(half, 1), half);
        assert_eq!(divided(half, 2).apply(7), 2, "3.5 / 2 = 1.75");
        assert_eq!(divided(half, 3).apply(-9), -2, "-1.5 is rounded away from 0");
        let small = Multiplier { multiplier: 1 << 30, shift: -31 };
        assert_eq!(divided(small, 1000), Multiplier { multiplier: (1 << 30) / 1000, shift: -31 });
    }

    #[test]
    fn quantized_sums_saturate() {
        let reduction = Reduction::new(&Shape::from_slice(&[2, 3]).unwrap(), 0b10);
        let scaling = Scaling {
            input_offset: -3 * 5,
            multiplier: Multiplier::from_f64(1.0).unwrap(),
            output_offset: -2,
        };
        let mut output = [-91i8; 2];
        quantized_sums(&reduction, &scaling, &[1i8, -7, 20, 127, 127, 127], &mut output, |sum| {
            sum.clamp(-128, 127) as i8
        });
        assert_eq!(output, [-3, 127]);
    }
}
