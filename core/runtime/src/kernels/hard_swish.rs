//! TFLite HARD_SWISH: `x * min(6, max(0, x + 3)) / 6`. Input and output have as many elements.
//!
//! Reference: micro/kernels/hard_swish_common.cc and kernels/internal/reference/hard_swish.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! int8: 16-bit fixed point with the input moved up by 7 bits. One factor brings it to the output scale, the other brings
//! [-3, 3] to [-1, 1] with saturation; both factors are quotients of float32 scales. Halves of the last product are cut.

use super::common_scale::factor;
use super::unary::{eval_unary, eval_unary_int8, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::Multiplier;
use crate::prepare::PrepareContext;
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::HARD_SWISH),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("float32")],
};

record! {
    struct Quantized {
        ty: TensorType,
        input_zero_point: i32,
        output_zero_point: i32,
        output: Factor,
        reluish: Factor,
    }
}

record! {
    /// A factor with a fraction of 15 bits.
    struct Factor {
        fraction: i16,
        exponent: i32,
    }
}

impl Factor {
    /// `DownScaleInt32ToInt16Multiplier` (kernels/internal/common.h).
    fn new(multiplier: Multiplier) -> Self {
        let rounded = multiplier.multiplier.saturating_add(1 << 15) >> 16;
        Self { fraction: rounded.min(i32::from(i16::MAX)) as i16, exponent: multiplier.shift }
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = unary_operands(context)?;
    input.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    if input.ty == TensorType::Float32 {
        return context.save(input.ty);
    }
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    let moved_scale = 1.0 / 128.0 * input_scale;
    let output_factor = Factor::new(factor(f64::from(moved_scale / output_scale), &output)?);
    if output_factor.exponent > 0 {
        let problem = "the scale is less than a 128th of the input's";
        return Err(Reason::Quantization { operand: output.role, problem });
    }
    let reluish = Factor::new(factor(f64::from(moved_scale / (3.0 / 32768.0)), &input)?);
    context.save(Quantized {
        ty: input.ty,
        input_zero_point,
        output_zero_point,
        output: output_factor,
        reluish,
    })
}

fn eval(context: &mut EvalContext<'_>) {
    if context.params::<TensorType>() == TensorType::Float32 {
        return eval_unary(context, |value: f32| {
            let raised = if value + 3.0 > 0.0 { value + 3.0 } else { 0.0 };
            value * (if raised < 6.0 { raised } else { 6.0 }) / 6.0
        });
    }
    let params: Quantized = context.params();
    eval_unary_int8(context, |value| hard_swish(&params, value));
}

fn hard_swish(params: &Quantized, value: i8) -> i8 {
    let moved = (i32::from(value).wrapping_sub(params.input_zero_point) as i16) << 7;
    let on_output_scale = rounding_high_mul(moved, params.output.fraction);
    let Factor { fraction, exponent } = params.reluish;
    let mut reluish = moved;
    if exponent > 0 {
        // All but the last bit of the shift, so that saturation shows in the last one only.
        reluish = saturating_left_shift(reluish, exponent - 1);
    }
    reluish = rounding_high_mul(reluish, fraction);
    if exponent > 0 {
        reluish = saturating_left_shift(reluish, 1);
    } else if exponent < 0 {
        reluish = rounding_right_shift(reluish, -exponent);
    }
    // From [-1, 1] to [0, 1].
    let reluish = (i32::from(reluish) + (1 << 15)) >> 1;
    let product = (reluish * i32::from(on_output_scale) / (1 << 15)) as i16;
    let scaled = rounding_right_shift(product, -params.output.exponent);
    i32::from(scaled.wrapping_add(params.output_zero_point as i16)).clamp(-128, 127) as i8
}

/// The product of two fractions of 15 bits, halves up (`SaturatingRoundingDoublingHighMul` for int16, gemmlowp).
fn rounding_high_mul(a: i16, b: i16) -> i16 {
    if a == i16::MIN && b == i16::MIN {
        return i16::MAX;
    }
    let product = i32::from(a) * i32::from(b);
    let nudge = if product >= 0 { 1 << 14 } else { 1 - (1 << 14) };
    ((product + nudge) / (1 << 15)) as i16
}

/// `RoundingDivideByPOT` for int16 (gemmlowp), whose mask has 16 bits even where the shift has more.
fn rounding_right_shift(value: i16, amount: i32) -> i16 {
    let mask = ((1i64 << amount) - 1) as i16;
    let threshold = (mask >> 1) + i16::from(value < 0);
    ((i32::from(value) >> amount) + i32::from(value & mask > threshold)) as i16
}

fn saturating_left_shift(value: i16, amount: i32) -> i16 {
    (i64::from(value) << amount).clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem};
    use crate::test_support::Random;

    fn hard_swish_of(x: f64) -> f64 {
        x * (x + 3.0).clamp(0.0, 6.0) / 6.0
    }

    #[test]
    fn int8_is_close_to_the_function() {
        let numbers: Vec<f64> = (-128..=127).map(f64::from).collect();
        for seed in 1..80 {
            let random = &mut Random::new(seed);
            let (scale, zero_point) = (random.scale() / 8.0 + 0.001, random.between(-128, 127));
            let (output_scale, output_zero_point) =
                (scale * (0.5 + random.scale()), random.between(-128, 127));
            let list =
                |scale, zero_point| Numbers::list(TensorType::Int8, &numbers).quantized(scale, zero_point);
            let problem = Problem::new(vec![list(scale, zero_point)], list(output_scale, output_zero_point));
            let found = problem.run(&ENTRY).unwrap();
            for (number, found) in numbers.iter().zip(found) {
                let real = f64::from(scale) * (number - f64::from(zero_point));
                let expected = (hard_swish_of(real) / f64::from(output_scale) + f64::from(output_zero_point))
                    .clamp(-128.0, 127.0);
                assert!((found - expected).abs() <= 1.6, "{real} is {expected} steps, found {found}");
            }
        }
    }

    #[test]
    fn int8_follows_the_written_out_arithmetic() {
        // Input scale 1/16: 128 times smaller it is 2^-11. To the output scale 1/32 that is 2^-6, and to 3/32768 it is
        // 16/3, which is a fraction of 2/3 with 3 bits to the left.
        let numbers: Vec<f64> = (-128..=127).map(f64::from).collect();
        let list = |scale, zero_point| Numbers::list(TensorType::Int8, &numbers).quantized(scale, zero_point);
        Problem::new(vec![list(1.0 / 16.0, 0)], list(1.0 / 32.0, -3)).check(&ENTRY, 0.0, |_, from| {
            let moved = from[0] as i64 * 128;
            let rounded = |a: i64, b: i64| {
                let product = a * b;
                (product + if product >= 0 { 1 << 14 } else { 1 - (1 << 14) }) / (1 << 15)
            };
            let saturated = |value: i64| value.clamp(-32768, 32767);
            let on_output_scale = rounded(moved, 16384);
            let reluish = saturated(2 * rounded(saturated(moved * 4), 21845));
            let product = (reluish + 32768) / 2 * on_output_scale / 32768;
            let magnitude = (product.abs() + 16) / 32;
            ((if product < 0 { -magnitude } else { magnitude }) - 3).clamp(-128, 127) as f64
        });
    }

    #[test]
    fn floats_follow_the_formula() {
        let numbers: Vec<f64> = (-50..50).map(|step| f64::from(step) / 8.0).collect();
        let list = || Numbers::list(TensorType::Float32, &numbers);
        Problem::new(vec![list()], list()).check(&ENTRY, 0.0, |_, from| {
            let x = from[0] as f32;
            f64::from(x * (x + 3.0).clamp(0.0, 6.0) / 6.0)
        });
    }

    #[test]
    fn long_shifts_keep_the_mask_of_16_bits() {
        assert_eq!(rounding_right_shift(5, 1), 3);
        assert_eq!(rounding_right_shift(-5, 1), -3);
        assert_eq!(rounding_right_shift(i16::MIN, 15), -1);
        assert_eq!((rounding_right_shift(7, 16), rounding_right_shift(-7, 16)), (1, -1));
    }

    #[test]
    fn refusals_name_the_reason() {
        let int8 = |scale| Numbers::list(TensorType::Int8, &[1.0]).quantized(scale, 0);
        let error = Problem::new(vec![int8(1.0)], int8(0.001)).run(&ENTRY).unwrap_err();
        assert_eq!(
            error,
            "operator 0 HARD_SWISH: quantization of output: the scale is less than a 128th of the input's"
        );
    }
}
