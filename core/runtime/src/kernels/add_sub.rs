//! TFLite ADD and SUB, with broadcasting.
//!
//! Reference: micro/kernels/add_common.cc, sub_common.cc, add.cc, sub.cc and kernels/internal/reference/add.h, sub.h,
//! integer_ops/add.h in github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422; for LiteRT,
//! tflite/kernels/add.cc and sub.cc in github.com/google-ai-edge/LiteRT at f67457790c9c2ab67347d6fe53270e8d3df20868.
//!
//! Quantized inputs are brought to half of the larger input scale with 20 more bits (int8) or 15 (int16), added in 32 bits,
//! and brought to the output scale. TFLM divides the scales of SUB as float32, those of ADD as float64; LiteRT divides
//! float64 in both. LiteRT shifts int16 instead where all scales are powers of two and the option `pot_scale_int16` is set,
//! which is its default.

use super::binary::{activation_range_int32, binary_operands, eval_binary, expect_unquantized};
use super::common_scale::{ToCommonScale, apply_smaller_than_one, smaller_than_one};
use super::requantize::OutputStage;
use super::unary::QuantizedElement;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{
    Activation, FloatRange, Multiplier, QuantizedRange, activation_range_float, checked_log2,
    rounding_divide_by_pot,
};
use crate::prepare::{Options, PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// ADD in the dispatch table.
pub const ADD: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::ADD),
    versions: &[Kernel { name: "plain", prepare: prepare_add, eval: Eval::Kernel(eval::<false>) }],
    support: &[exact("int8"), exact("int16"), exact("int32"), exact("float32")],
};

/// SUB in the dispatch table.
pub const SUB: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SUB),
    versions: &[Kernel { name: "plain", prepare: prepare_sub, eval: Eval::Kernel(eval::<true>) }],
    support: &[exact("int8"), exact("int16"), exact("int32"), exact("float32")],
};

record! {
    struct Rescaled {
        kind: u32,
        inputs: [ToCommonScale; 2],
        output_multiplier: Multiplier,
        output: OutputStage,
    }
}

record! {
    /// LiteRT's int16 with powers of two.
    struct Shifted {
        kind: u32,
        right_shifts: [i32; 2],
        range: QuantizedRange,
    }
}

record! {
    struct Int32 {
        kind: u32,
        range: QuantizedRange,
    }
}

record! {
    struct Float32 {
        kind: u32,
        range: FloatRange,
    }
}

const INT8: u32 = 0;
const INT16: u32 = 1;
const INT16_SHIFTED: u32 = 2;
const INT32: u32 = 3;
const FLOAT32: u32 = 4;

fn prepare_add(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let ([first, second], output) = binary_operands(context)?;
    let is_tflm = context.semantics() == Semantics::Tflm;
    if is_tflm && output.ty == TensorType::Int32 {
        expect_unquantized(&first)?;
        expect_unquantized(&second)?;
    }
    let options = context.options("AddOptions")?;
    // TFLM does not apply the activation to int32.
    let int32_activation = if is_tflm { Activation::None } else { options.activation()? };
    let kind = prepare(context, &options, [&first, &second], &output, int32_activation, factors_by_float64)?;
    if kind == INT16_SHIFTED && first.elements() != second.elements() {
        return Err(Reason::Unsupported(
            "int16 with scales that are powers of two is not broadcast by LiteRT",
        ));
    }
    Ok(())
}

fn prepare_sub(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let ([first, second], output) = binary_operands(context)?;
    let is_tflm = context.semantics() == Semantics::Tflm;
    if is_tflm && output.ty == TensorType::Int32 {
        expect_unquantized(&first)?;
        expect_unquantized(&second)?;
        expect_unquantized(&output)?;
    }
    let options = context.options("SubOptions")?;
    let int32_activation = options.activation()?;
    let factors = if is_tflm { factors_by_float32 } else { factors_by_float64 };
    prepare(context, &options, [&first, &second], &output, int32_activation, factors).map(|_| ())
}

/// The factors of both inputs and of the output, from the scales and the number of bits that are added.
type Factors = fn([f32; 2], f32, u32) -> [f64; 3];

fn factors_by_float64([first, second]: [f32; 2], output: f32, left_shift: u32) -> [f64; 3] {
    let twice_max = 2.0 * f64::from(first.max(second));
    let added = f64::from(1u32 << left_shift) * f64::from(output);
    [f64::from(first) / twice_max, f64::from(second) / twice_max, twice_max / added]
}

fn factors_by_float32([first, second]: [f32; 2], output: f32, left_shift: u32) -> [f64; 3] {
    let twice_max = 2.0 * first.max(second);
    let added = (1u32 << left_shift) as f32 * output;
    [first / twice_max, second / twice_max, twice_max / added].map(f64::from)
}

/// Saves the parameters and returns their kind.
fn prepare(
    context: &mut PrepareContext<'_, '_>,
    options: &Options<'_>,
    inputs: [&Tensor<'_>; 2],
    output: &Tensor<'_>,
    int32_activation: Activation,
    factors: Factors,
) -> Result<u32, Reason> {
    for input in inputs {
        input.expect_type(&[output.ty], "the type of the output")?;
    }
    let activation = options.activation()?;
    let (kind, left_shift) = match output.ty {
        TensorType::Int8 => (INT8, 20),
        TensorType::Int16 => (INT16, 15),
        TensorType::Int32 => {
            let range = activation_range_int32(int32_activation);
            context.save(Int32 { kind: INT32, range })?;
            return Ok(INT32);
        }
        TensorType::Float32 => {
            context.save(Float32 { kind: FLOAT32, range: activation_range_float(activation) })?;
            return Ok(FLOAT32);
        }
        found => {
            let expected = "int8, int16, int32 or float32";
            return Err(Reason::Type { operand: output.role, found, expected });
        }
    };
    let stage = OutputStage::new(output, activation)?;
    let (first_scale, first_zero_point) = inputs[0].scale_and_zero_point()?;
    let (second_scale, second_zero_point) = inputs[1].scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    if kind == INT16 && context.semantics() == Semantics::Litert {
        if [first_zero_point, second_zero_point, output_zero_point] != [0; 3] {
            return Err(Reason::Quantization {
                operand: output.role,
                problem: "zero points of int16 have to be 0",
            });
        }
        let scales = [first_scale, second_scale, output_scale].map(checked_log2);
        if options.bool("pot_scale_int16")? && scales.iter().all(|(_, is_power_of_two)| *is_power_of_two) {
            let [first, second, output] = scales.map(|(log2, _)| log2);
            context.save(shifted([first - output, second - output], stage.range)?)?;
            return Ok(INT16_SHIFTED);
        }
    }
    let factors = factors([first_scale, second_scale], output_scale, left_shift);
    context.save(Rescaled {
        kind,
        inputs: [
            ToCommonScale::new(inputs[0], first_zero_point, left_shift, factors[0])?,
            ToCommonScale::new(inputs[1], second_zero_point, left_shift, factors[1])?,
        ],
        output_multiplier: smaller_than_one(factors[2], output)?,
        output: stage,
    })?;
    Ok(kind)
}

fn shifted(left_shifts: [i32; 2], range: QuantizedRange) -> Result<Shifted, Reason> {
    if !left_shifts.contains(&0) || left_shifts.iter().any(|shift| *shift > 0) {
        return Err(Reason::Unsupported(
            "one input has to have the scale of the output and the other a smaller one, as all are powers of two and \
             pot_scale_int16 is set",
        ));
    }
    Ok(Shifted { kind: INT16_SHIFTED, right_shifts: left_shifts.map(|shift| (-shift).min(31)), range })
}

fn eval<const SUBTRACT: bool>(context: &mut EvalContext<'_>) {
    match context.params::<u32>() {
        INT8 => eval_rescaled::<i8, SUBTRACT>(context),
        INT16 => eval_rescaled::<i16, SUBTRACT>(context),
        INT16_SHIFTED => {
            let Shifted { right_shifts, range, .. } = context.params();
            eval_binary(context, |a: i16, b: i16| {
                let a = rounding_divide_by_pot(i32::from(a), right_shifts[0]);
                let b = rounding_divide_by_pot(i32::from(b), right_shifts[1]);
                range.clamp(sum::<SUBTRACT>(a, b)) as i16
            });
        }
        INT32 => {
            let range = context.params::<Int32>().range;
            eval_binary(context, |a: i32, b: i32| range.clamp(sum::<SUBTRACT>(a, b)));
        }
        _ => {
            let range = context.params::<Float32>().range;
            eval_binary(context, |a: f32, b: f32| range.clamp(if SUBTRACT { a - b } else { a + b }));
        }
    }
}

fn eval_rescaled<T: QuantizedElement, const SUBTRACT: bool>(context: &mut EvalContext<'_>) {
    let params: Rescaled = context.params();
    eval_binary(context, |a: T, b: T| {
        let sum = sum::<SUBTRACT>(params.inputs[0].apply(a.into()), params.inputs[1].apply(b.into()));
        T::truncate(params.output.finish(apply_smaller_than_one(params.output_multiplier, sum)))
    });
}

#[inline(always)]
fn sum<const SUBTRACT: bool>(a: i32, b: i32) -> i32 {
    if SUBTRACT { a.wrapping_sub(b) } else { a.wrapping_add(b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem, written_out};
    use crate::test_support::{Random, Value};

    /// The range that the activation leaves, by hand.
    fn range(problem: &Problem) -> (f64, f64) {
        let (low, high) = match problem.output.ty {
            TensorType::Int8 => (-128.0, 127.0),
            TensorType::Int16 => (-32768.0, 32767.0),
            TensorType::Int32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        };
        let Some((_, Value::Int(activation))) = problem.options.first() else { return (low, high) };
        let real = [(low, high), (0.0, high), (-1.0, 1.0), (0.0, 6.0)][*activation as usize];
        let Some((scale, zero_point)) = problem.output.quantization else { return real };
        let quantize = |real: f64| (real as f32 / scale).round() as f64 + f64::from(zero_point);
        match activation {
            0 => (low, high),
            1 => (low.max(quantize(0.0)), high),
            _ => (low.max(quantize(real.0)), high.min(quantize(real.1))),
        }
    }

    fn random(random: &mut Random, ty: TensorType, table: &'static str) -> Problem {
        let activation = random.between(0, 3).into();
        problem(random, 2, ty, ty).with(table, &[("fused_activation_function", Value::Int(activation))])
    }

    fn quantized_reference(factors: Factors, sign: i64) -> impl Fn(&Problem, &[f64]) -> f64 {
        move |problem, from| {
            let left_shift = if problem.output.ty == TensorType::Int16 { 15 } else { 20 };
            let quantization = |tensor: &Numbers| tensor.quantization.unwrap();
            let [(first, first_zero), (second, second_zero)] =
                [quantization(&problem.inputs[0]), quantization(&problem.inputs[1])];
            let (scale, zero_point) = quantization(&problem.output);
            let [first, second, output] =
                factors([first, second], scale, left_shift).map(written_out::quantize_multiplier);
            let shifted =
                |index: usize, zero_point: i32| (from[index] as i64 - i64::from(zero_point)) << left_shift;
            let sum = written_out::scale(shifted(0, first_zero), first)
                + sign * written_out::scale(shifted(1, second_zero), second);
            let (low, high) = range(problem);
            ((written_out::scale(sum, output) + i64::from(zero_point)) as f64).max(low).min(high)
        }
    }

    #[test]
    fn quantized_sums_follow_the_written_out_arithmetic() {
        for ty in [TensorType::Int8, TensorType::Int16] {
            let reference = quantized_reference(factors_by_float64, 1);
            check(&ADD, 150, |seed| random(seed, ty, "AddOptions"), reference);
            let reference = quantized_reference(factors_by_float32, -1);
            check(&SUB, 150, |seed| random(seed, ty, "SubOptions"), reference);
            let reference = quantized_reference(factors_by_float64, -1);
            check(&SUB, 150, |seed| random(seed, ty, "SubOptions").litert(), reference);
        }
    }

    #[test]
    fn float_sums_are_clamped() {
        let float = |sign: f32| {
            move |problem: &Problem, from: &[f64]| {
                let (low, high) = range(problem);
                f64::from(from[0] as f32 + sign * from[1] as f32).max(low).min(high)
            }
        };
        check(&ADD, 50, |seed| random(seed, TensorType::Float32, "AddOptions"), float(1.0));
        check(&SUB, 50, |seed| random(seed, TensorType::Float32, "SubOptions"), float(-1.0));
    }

    #[test]
    fn int32_wraps_and_only_sub_has_an_activation() {
        let wrapped = |sum: f64| f64::from(sum as i64 as i32);
        let add = |_: &Problem, from: &[f64]| wrapped(from[0] + from[1]);
        check(&ADD, 50, |seed| random(seed, TensorType::Int32, "AddOptions"), add);
        let clamped = |sign: f64| {
            move |problem: &Problem, from: &[f64]| {
                let (low, high) = range(problem);
                wrapped(from[0] + sign * from[1]).max(low).min(high)
            }
        };
        check(&SUB, 50, |seed| random(seed, TensorType::Int32, "SubOptions"), clamped(-1.0));
        check(&ADD, 50, |seed| random(seed, TensorType::Int32, "AddOptions").litert(), clamped(1.0));
    }

    #[test]
    fn float32_and_float64_scales_differ() {
        let scales = ([0.1f32, 0.007], 0.3);
        let [by_32, by_64] =
            [factors_by_float32, factors_by_float64].map(|factors| factors(scales.0, scales.1, 20));
        assert_ne!(by_32[1], by_64[1]);
        assert_eq!(by_32[0], 0.5);
    }

    #[test]
    fn litert_shifts_int16_of_powers_of_two() {
        let inputs =
            [(1.0 / 1024.0, vec![1.0, -3.0, 32767.0, 5.0]), (1.0 / 4096.0, vec![2.0, 2.0, 32767.0, -6.0])];
        let inputs =
            inputs.map(|(scale, numbers)| Numbers::list(TensorType::Int16, &numbers).quantized(scale, 0));
        let output = Numbers::of_shape(TensorType::Int16, &[4]).quantized(1.0 / 1024.0, 0);
        let problem = Problem::new(inputs.to_vec(), output).with("AddOptions", &[]).litert();
        // A quarter of the second input, halves away from zero.
        assert_eq!(problem.run(&ADD), Ok(vec![2.0, -2.0, 32767.0, 3.0]));
        let problem = problem.with("SubOptions", &[]);
        assert_eq!(problem.run(&SUB), Ok(vec![0.0, -4.0, 24575.0, 7.0]));
        let mut other = problem.clone();
        other.output.quantization = Some((1.0 / 2048.0, 0));
        assert!(other.run(&SUB).unwrap_err().contains("pot_scale_int16"));
    }

    #[test]
    fn refusals_name_the_reason() {
        let tensor = |ty, shape: &[i32]| Numbers { numbers: vec![0.0; 64], ..Numbers::of_shape(ty, shape) };
        let error = |a: Numbers, b: Numbers, output: Numbers| {
            Problem::new(vec![a, b], output).with("AddOptions", &[]).run(&ADD).unwrap_err()
        };
        let float = |shape: &[i32]| tensor(TensorType::Float32, shape);
        assert_eq!(
            error(float(&[2, 3]), float(&[3, 2]), float(&[2, 3])),
            "operator 0 ADD: the shapes of the inputs do not go together"
        );
        assert_eq!(
            error(float(&[2, 3]), float(&[3]), float(&[3, 2])),
            "operator 0 ADD: the shapes of the inputs do not give the shape of the output"
        );
        let int32 = |quantization| Numbers { quantization, ..tensor(TensorType::Int32, &[2]) };
        assert_eq!(
            error(int32(None), int32(Some((1.0, 0))), int32(None)),
            "operator 0 ADD: quantization of second input: TFLM takes int32 only without scale and zero point"
        );
        let int8 = |scale| tensor(TensorType::Int8, &[2]).quantized(scale, 0);
        assert_eq!(
            error(int8(1.0), int8(1.0), int8(1e-7)),
            "operator 0 ADD: quantization of output: the factor that follows from the scales does not lie between 0 and 1"
        );
        let bool = || tensor(TensorType::Bool, &[2]);
        assert_eq!(
            error(bool(), bool(), bool()),
            "operator 0 ADD: output is bool, expected int8, int16, int32 or float32"
        );
    }
}
