//! TFLite LOGISTIC (the sigmoid) and TANH. Input and output have as many elements.
//!
//! Reference: micro/kernels/logistic_common.cc, tanh.cc and kernels/internal/reference/logistic.h, tanh.h,
//! integer_ops/logistic.h, integer_ops/tanh.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422; for LiteRT, tflite/kernels/activations.cc in
//! github.com/google-ai-edge/LiteRT at f67457790c9c2ab67347d6fe53270e8d3df20868.
//!
//! int8: the input is scaled to Q4.27, the function computed in 32-bit fixed point and rounded to 8 bits; the quantization
//! of the output is taken to be 1/256 and -128 (LOGISTIC) or 1/128 and 0 (TANH). LiteRT has a table of float32 results.
//! int16: interpolation in a table of the sigmoid at multiples of 1/24, in both.

use super::unary::{eval_int8_table, eval_unary, eval_unary_int8, save_int8_table, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{
    Multiplier, SIGMOID_TABLE, checked_log2, logistic, lut_int8_entry, rounding_divide_by_pot, tanh,
};
use crate::prepare::{PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// LOGISTIC in the dispatch table.
pub const LOGISTIC: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::LOGISTIC),
    versions: &[Kernel { name: "plain", prepare: prepare_logistic, eval: Eval::Kernel(eval_logistic) }],
    support: &SUPPORT,
};

/// TANH in the dispatch table.
pub const TANH: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::TANH),
    versions: &[Kernel { name: "plain", prepare: prepare_tanh, eval: Eval::Kernel(eval_tanh) }],
    support: &SUPPORT,
};

static SUPPORT: [Support; 3] = [exact("int8"), exact("int16"), float("float32")];

record! {
    struct Int8 {
        kind: u32,
        input_zero_point: i32,
        /// Inputs at least this far from the zero point give the ends of the range.
        input_radius: i32,
        multiplier: Multiplier,
    }
}

record! {
    struct Int16 {
        kind: u32,
        multiplier: i32,
        right_shift: u32,
    }
}

const FLOAT32: u32 = 0;
const INT8: u32 = 1;
const INT8_TABLE: u32 = 2;
const INT16: u32 = 3;

fn prepare_logistic(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = operands(context)?;
    match (input.ty, context.semantics()) {
        (TensorType::Float32, _) => context.save(FLOAT32),
        (TensorType::Int8, Semantics::Tflm) => {
            if output.scale_and_zero_point_or_zero()?.1 != i32::from(i8::MIN) {
                let problem = "the zero point has to be -128";
                return Err(Reason::Quantization { operand: output.role, problem });
            }
            context.save(int8(&input)?)
        }
        (TensorType::Int8, Semantics::Litert) => {
            if output.scale_and_zero_point()?.0 != 1.0 / 256.0 {
                return Err(Reason::Quantization {
                    operand: output.role,
                    problem: "the scale has to be 1/256",
                });
            }
            save_table(context, &input, &output, |value| 1.0 / (1.0 + libm::expf(-value)))
        }
        _ => {
            if context.semantics() == Semantics::Litert && output.scale_and_zero_point()?.0 != 1.0 / 32768.0 {
                let problem = "the scale has to be 1/32768";
                return Err(Reason::Quantization { operand: output.role, problem });
            }
            context.save(int16(&input, &output, 0)?)
        }
    }
}

fn prepare_tanh(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = operands(context)?;
    match (input.ty, context.semantics()) {
        (TensorType::Float32, _) => context.save(FLOAT32),
        (TensorType::Int8, Semantics::Tflm) => context.save(int8(&input)?),
        (TensorType::Int8, Semantics::Litert) => save_table(context, &input, &output, libm::tanhf),
        _ => context.save(int16(&input, &output, 1)?),
    }
}

fn operands<'m>(context: &PrepareContext<'_, 'm>) -> Result<(Tensor<'m>, Tensor<'m>), Reason> {
    let (input, output) = unary_operands(context)?;
    input
        .expect_type(&[TensorType::Float32, TensorType::Int8, TensorType::Int16], "float32, int8 or int16")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    Ok((input, output))
}

fn int8(input: &Tensor<'_>) -> Result<Int8, Reason> {
    const INTEGER_BITS: u32 = 4;
    let (scale, input_zero_point) = input.scale_and_zero_point()?;
    let (fraction, shift) = libm::frexp(f64::from(scale) * f64::from(1u32 << (31 - INTEGER_BITS)));
    if shift < 0 {
        return Err(Reason::Quantization { operand: input.role, problem: "the scale is too small" });
    }
    // A scale has 24 bits, so that the rounding never reaches 2^31.
    let multiplier = Multiplier { multiplier: libm::round(fraction * 2_147_483_648.0) as i32, shift };
    // CalculateInputRadius: what the multiplier turns into the largest Q4.27 number. 0 for shifts that are too large.
    let largest = f64::from((1u32 << INTEGER_BITS) - 1) * f64::from(1u32 << (31 - INTEGER_BITS));
    let input_radius = libm::floor(libm::scalbn(largest, -shift)) as i32;
    Ok(Int8 { kind: INT8, input_zero_point, input_radius, multiplier })
}

fn save_table(
    context: &mut PrepareContext<'_, '_>,
    input: &Tensor<'_>,
    output: &Tensor<'_>,
    function: impl Fn(f32) -> f32,
) -> Result<(), Reason> {
    let (input, output) = (input.scale_and_zero_point()?, output.scale_and_zero_point()?);
    context.save(INT8_TABLE)?;
    save_int8_table(context, |value| lut_int8_entry(value, input, output, &function))
}

/// The factor from the input to multiples of 1/(3 * 4096). Where the input scale is 2^-12, or up to `2^max_left_shift` as
/// large, it is exact.
fn int16(input: &Tensor<'_>, output: &Tensor<'_>, max_left_shift: i32) -> Result<Int16, Reason> {
    let (scale, zero_point) = input.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    for (tensor, zero_point) in [(input, zero_point), (output, output_zero_point)] {
        if zero_point != 0 {
            let problem = "the zero point has to be 0 for int16";
            return Err(Reason::Quantization { operand: tensor.role, problem });
        }
    }
    if checked_log2(output_scale) != (-15, true) {
        return Err(Reason::Quantization { operand: output.role, problem: "the scale has to be 1/32768" });
    }
    let (log2, is_power_of_two) = checked_log2(scale);
    let left_shift = 12 + log2;
    if is_power_of_two && (0..=max_left_shift).contains(&left_shift) {
        return Ok(Int16 { kind: INT16, multiplier: 3 << left_shift, right_shift: 0 });
    }
    let mut multiplier = f64::from(scale) * 4096.0 * 3.0;
    let mut right_shift = 0;
    while multiplier <= 32767.0 / 2.0 && right_shift <= 30 {
        right_shift += 1;
        multiplier *= 2.0;
    }
    if !(1.0..32768.0).contains(&multiplier) {
        let problem = "the scale is too small or too large";
        return Err(Reason::Quantization { operand: input.role, problem });
    }
    Ok(Int16 { kind: INT16, multiplier: multiplier as i32, right_shift })
}

impl Int16 {
    /// The input in multiples of 1/(3 * 4096).
    #[inline(always)]
    fn scale(&self, value: i16) -> i32 {
        let round = if self.right_shift > 0 { 1i32 << (self.right_shift - 1) } else { 0 };
        i32::from(value).wrapping_mul(self.multiplier).wrapping_add(round) >> self.right_shift
    }
}

fn eval_logistic(context: &mut EvalContext<'_>) {
    match context.params::<u32>() {
        INT8 => eval_int8(context, |value| rounding_divide_by_pot(logistic::<4>(value), 23) - 128),
        INT8_TABLE => eval_int8_table(context, context.words_after::<u32>()),
        INT16 => {
            let params: Int16 = context.params();
            eval_unary(context, |value: i16| logistic_of_3_4096ths(params.scale(value)));
        }
        _ => eval_unary(context, logistic_f32),
    }
}

fn eval_tanh(context: &mut EvalContext<'_>) {
    match context.params::<u32>() {
        INT8 => eval_int8(context, |value| rounding_divide_by_pot(tanh::<4, 5>(value), 24)),
        INT8_TABLE => eval_int8_table(context, context.words_after::<u32>()),
        INT16 => {
            let params: Int16 = context.params();
            eval_unary(context, |value: i16| tanh_of_3_4096ths(params.scale(value)));
        }
        _ => eval_unary(context, libm::tanhf),
    }
}

/// `function` takes the input in Q4.27 and gives the output before it is clamped.
fn eval_int8(context: &mut EvalContext<'_>, function: impl Fn(i32) -> i32) {
    let params: Int8 = context.params();
    eval_unary_int8(context, |value| {
        let value = i32::from(value).wrapping_sub(params.input_zero_point);
        if value <= -params.input_radius {
            i8::MIN
        } else if value >= params.input_radius {
            i8::MAX
        } else {
            function(params.multiplier.apply(value)).clamp(-128, 127) as i8
        }
    });
}

/// The sigmoid table at a place of which the lower `FRACTION_BITS` interpolate, with as many bits below; `None` beyond.
#[inline(always)]
fn sigmoid<const FRACTION_BITS: u32>(place: u32) -> Option<i32> {
    let index = (place >> FRACTION_BITS) as usize;
    let (low, high) = (*SIGMOID_TABLE.get(index)?, *SIGMOID_TABLE.get(index + 1)?);
    let fraction = (place & ((1 << FRACTION_BITS) - 1)) as i32;
    Some((i32::from(low) << FRACTION_BITS) + fraction * (i32::from(high) - i32::from(low)))
}

pub(super) fn logistic_of_3_4096ths(value: i32) -> i16 {
    let result = sigmoid::<9>(value.unsigned_abs()).unwrap_or(0x7fff << 10);
    let rounded = if value >= 0 { result + (1 << 9) } else { (1 << 25) - result + (1 << 9) - 1 };
    (rounded >> 10) as i16
}

/// `tanh(x)` is `2 sigmoid(2 x) - 1`.
pub(super) fn tanh_of_3_4096ths(value: i32) -> i16 {
    let result = sigmoid::<8>(value.unsigned_abs()).unwrap_or(0xffff << 8);
    let centred = result - (1 << 23);
    let rounded = if value >= 0 { centred + (1 << 7) } else { -centred + (1 << 7) - 1 };
    (rounded >> 8) as i16
}

/// With the cutoffs of the reference kernel.
pub(super) fn logistic_f32(value: f32) -> f32 {
    if value > 16.619_047 {
        1.0
    } else if value < -9.0 {
        libm::expf(value)
    } else {
        1.0 / (1.0 + libm::expf(-value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, written_out};
    use crate::test_support::Random;

    fn all_int8() -> Vec<f64> {
        (-128..=127).map(f64::from).collect()
    }

    fn int8(scale: f32, zero_point: i32) -> Numbers {
        Numbers::list(TensorType::Int8, &all_int8()).quantized(scale, zero_point)
    }

    /// Checks both functions on all numbers, against the real ones with a step to spare.
    fn check_int8(semantics: fn(Problem) -> Problem, step: f64) {
        for seed in 1..40 {
            let random = &mut Random::new(seed);
            let (scale, zero_point) = (random.scale() / 4.0, random.between(-128, 127));
            for (entry, output, function) in [
                (
                    &LOGISTIC,
                    int8(1.0 / 256.0, -128),
                    (|x| 256.0 / (1.0 + (-x).exp()) - 128.0) as fn(f64) -> f64,
                ),
                (&TANH, int8(1.0 / 128.0, 0), |x| 128.0 * x.tanh()),
            ] {
                let found =
                    semantics(Problem::new(vec![int8(scale, zero_point)], output)).run(entry).unwrap();
                for (number, found) in all_int8().iter().zip(found) {
                    let real = f64::from(scale) * (number - f64::from(zero_point));
                    let expected = function(real).clamp(-128.0, 127.0);
                    assert!((found - expected).abs() <= step, "{real}: {expected} steps, found {found}");
                }
            }
        }
    }

    #[test]
    fn int8_is_close_to_the_functions() {
        // The ends begin where inputs reach 15, so that no more than a step is lost there.
        check_int8(|problem| problem, 1.0);
        check_int8(Problem::litert, 0.51);
    }

    #[test]
    fn int8_follows_the_written_out_arithmetic() {
        let (scale, zero_point) = (0.0371, 11);
        let factor = written_out::quantize_multiplier(f64::from(scale as f32) * f64::from(1 << 27));
        let output = int8(1.0 / 256.0, -128);
        Problem::new(vec![int8(scale as f32, zero_point)], output).check(&LOGISTIC, 0.0, |_, from| {
            let value = written_out::scale(from[0] as i64 - i64::from(zero_point), factor);
            let raw = logistic::<4>(value as i32);
            (written_out::rounding_shift(raw.into(), 23) - 128).clamp(-128, 127) as f64
        });
    }

    #[test]
    fn large_scales_leave_the_ends() {
        let problem = Problem::new(vec![int8(100.0, 0)], int8(1.0 / 256.0, -128));
        problem.check(&LOGISTIC, 0.0, |_, from| if from[0] <= 0.0 { -128.0 } else { 127.0 });
    }

    #[test]
    fn int16_is_close_to_the_functions() {
        let numbers: Vec<f64> = (-32768..32768).step_by(37).chain([-1, 0, 1, 32767]).map(f64::from).collect();
        let int16 = |scale| Numbers::list(TensorType::Int16, &numbers).quantized(scale, 0);
        for scale in [1.0 / 4096.0, 1.0 / 2048.0, 1.0 / 8192.0, 0.000_37, 0.01, 2.5] {
            for (entry, function) in [
                (&LOGISTIC, (|x| 32768.0 / (1.0 + (-x).exp())) as fn(f64) -> f64),
                (&TANH, |x| 32768.0 * x.tanh()),
            ] {
                let found = Problem::new(vec![int16(scale)], int16(1.0 / 32768.0)).run(entry).unwrap();
                for (number, found) in numbers.iter().zip(found) {
                    let expected = function(f64::from(scale) * number).clamp(-32768.0, 32767.0);
                    // Interpolation in steps of 1/24, and factors of 15 bits.
                    assert!(
                        (found - expected).abs() <= 9.0,
                        "{number} at {scale}: {expected}, found {found}"
                    );
                }
            }
        }
    }

    #[test]
    fn int16_follows_the_written_out_arithmetic() {
        let numbers: Vec<f64> = (-32768..32768).step_by(11).map(f64::from).collect();
        let int16 = |scale| Numbers::list(TensorType::Int16, &numbers).quantized(scale, 0);
        // 2^-12 needs no shift: the input is multiplied by 3.
        let problem = Problem::new(vec![int16(1.0 / 4096.0)], int16(1.0 / 32768.0));
        problem.check(&LOGISTIC, 0.0, |_, from| {
            let scaled = from[0] as i64 * 3;
            let (magnitude, is_negative) = (scaled.unsigned_abs(), scaled < 0);
            let (index, fraction) = ((magnitude >> 9) as usize, (magnitude & 511) as i64);
            let table = |index: usize| i64::from(SIGMOID_TABLE[index]);
            let result = if index >= 255 {
                0x7fff << 10
            } else {
                (table(index) << 9) + fraction * (table(index + 1) - table(index))
            };
            let result = if is_negative { (1 << 25) - result + 511 } else { result + 512 };
            (result >> 10) as f64
        });
    }

    #[test]
    fn floats_are_close() {
        let numbers: Vec<f64> = (-80..80).map(|step| f64::from(step as f32 * 0.37)).collect();
        let problem = Problem::new(
            vec![Numbers::list(TensorType::Float32, &numbers)],
            Numbers::list(TensorType::Float32, &numbers),
        );
        problem.check(&LOGISTIC, 3e-7, |_, from| {
            if from[0] > 16.619_047 {
                1.0
            } else if from[0] < -9.0 {
                from[0].exp()
            } else {
                1.0 / (1.0 + (-from[0]).exp())
            }
        });
        problem.check(&TANH, 3e-7, |_, from| from[0].tanh());
    }

    #[test]
    fn refusals_name_the_reason() {
        let error = |problem: Problem, entry| problem.run(entry).unwrap_err();
        let problem = Problem::new(vec![int8(0.1, 0)], int8(1.0 / 256.0, 0));
        assert_eq!(
            error(problem, &LOGISTIC),
            "operator 0 LOGISTIC: quantization of output: the zero point has to be -128"
        );
        let problem = Problem::new(vec![int8(0.1, 0)], int8(0.01, -128)).litert();
        assert_eq!(
            error(problem, &LOGISTIC),
            "operator 0 LOGISTIC: quantization of output: the scale has to be 1/256"
        );
        let int16 = |scale, zero_point| Numbers::list(TensorType::Int16, &[1.0]).quantized(scale, zero_point);
        assert_eq!(
            error(Problem::new(vec![int16(0.1, 0)], int16(0.01, 0)), &TANH),
            "operator 0 TANH: quantization of output: the scale has to be 1/32768"
        );
        assert_eq!(
            error(Problem::new(vec![int16(0.1, 1)], int16(1.0 / 32768.0, 0)), &TANH),
            "operator 0 TANH: quantization of input: the zero point has to be 0 for int16"
        );
        assert_eq!(
            error(Problem::new(vec![int16(1e-15, 0)], int16(1.0 / 32768.0, 0)), &TANH),
            "operator 0 TANH: quantization of input: the scale is too small or too large"
        );
    }
}
