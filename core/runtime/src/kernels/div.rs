//! TFLite DIV, with broadcasting.
//!
//! Reference: micro/kernels/div.cc and kernels/internal/reference/div.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! int8: the dividend, moved to the top of 32 bits, times the reciprocal of the divisor by Newton-Raphson, scaled by
//! `first scale / (second scale * output scale)`, which is computed in float32.
//!
//! TFLM shifts small quotients by more bits than a number has, so that they come out as 1 step or more where 0 is meant; so
//! do they here. (A build with assertions stops there.)
//!
//! A divisor of 0 is undefined in TFLM. Here int32 gives -1, as the division of RISC-V does, and int8 gives some number;
//! a constant divisor with a 0 is refused in advance.

use super::binary::{activation_range_int32, binary_operands, eval_binary, expect_unquantized};
use super::common_scale::factor;
use super::requantize::OutputStage;
use super::softmax::reciprocal;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{
    FloatRange, Multiplier, QuantizedRange, activation_range_float, saturating_rounding_doubling_high_mul,
};
use crate::prepare::{PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::DIV),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("int32"), exact("float32")],
};

record! {
    struct Quantized {
        ty: TensorType,
        offsets: [i32; 2],
        multiplier: Multiplier,
        output: OutputStage,
    }
}

record! {
    struct Int32 {
        ty: TensorType,
        range: QuantizedRange,
    }
}

record! {
    struct Float32 {
        ty: TensorType,
        range: FloatRange,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let ([first, second], output) = binary_operands(context)?;
    output.expect_type(
        &[TensorType::Int8, TensorType::Int32, TensorType::Float32],
        "int8, int32 or float32, which is what DIV supports",
    )?;
    for input in [&first, &second] {
        input.expect_type(&[output.ty], "the type of the output")?;
    }
    let activation = context.options("DivOptions")?.activation()?;
    let ty = output.ty;
    match ty {
        TensorType::Int32 => {
            if context.semantics() == Semantics::Tflm {
                expect_unquantized(&first)?;
                expect_unquantized(&second)?;
            }
            expect_nonzero(second.constant::<i32>()?.is_some_and(|divisor| divisor.contains(&0)))?;
            context.save(Int32 { ty, range: activation_range_int32(activation) })
        }
        TensorType::Float32 => context.save(Float32 { ty, range: activation_range_float(activation) }),
        _ => {
            let params = quantized([&first, &second], &output, OutputStage::new(&output, activation)?)?;
            let is_zero = |value: &i8| i32::from(*value).wrapping_add(params.offsets[1]) == 0;
            expect_nonzero(second.constant::<i8>()?.is_some_and(|divisor| divisor.iter().any(is_zero)))?;
            context.save(params)
        }
    }
}

fn quantized(inputs: [&Tensor<'_>; 2], output: &Tensor<'_>, stage: OutputStage) -> Result<Quantized, Reason> {
    let (first_scale, first_zero_point) = inputs[0].scale_and_zero_point()?;
    let (second_scale, second_zero_point) = inputs[1].scale_and_zero_point()?;
    let (output_scale, _) = output.scale_and_zero_point()?;
    let multiplier = factor(f64::from(first_scale / (second_scale * output_scale)), output)?;
    Ok(Quantized {
        ty: output.ty,
        offsets: [first_zero_point.wrapping_neg(), second_zero_point.wrapping_neg()],
        multiplier,
        output: stage,
    })
}

fn expect_nonzero(has_zero: bool) -> Result<(), Reason> {
    if has_zero { Err(Reason::Unsupported("Division by 0")) } else { Ok(()) }
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => {
            let Quantized { offsets, multiplier, output, .. } = context.params();
            eval_binary(context, |a: i8, b: i8| {
                let (a, b) = (i32::from(a).wrapping_add(offsets[0]), i32::from(b).wrapping_add(offsets[1]));
                output.finish(quotient(a, b, multiplier)) as i8
            });
        }
        TensorType::Int32 => {
            let range = context.params::<Int32>().range;
            eval_binary(context, |a: i32, b: i32| range.clamp(if b == 0 { -1 } else { a.wrapping_div(b) }));
        }
        _ => {
            let range = context.params::<Float32>().range;
            eval_binary(context, |a: f32, b: f32| range.clamp(a / b));
        }
    }
}

/// `a / b` times the factor.
fn quotient(a: i32, b: i32, factor: Multiplier) -> i32 {
    let (a, b) = if b < 0 { (a.wrapping_neg(), b.wrapping_neg()) } else { (a, b) };
    let (reciprocal, bits_over_unit) = reciprocal(b, 31);
    // Bits that repeat the sign, without the sign itself (`CountLeadingSignBits`).
    let headroom = (if a < 0 { !a } else { a }).leading_zeros() as i32 - 1;
    let unscaled = saturating_rounding_doubling_high_mul(a.wrapping_shl(headroom as u32), reciprocal);
    let right_shift = bits_over_unit + headroom - factor.shift;
    shift_right(saturating_rounding_doubling_high_mul(unscaled, factor.multiplier), right_shift)
}

/// `x / 2^amount`, halves away from zero, as gemmlowp's `RoundingDivideByPOT` comes out on the chips: for more than 31 bits,
/// which it does not provide for, the processor takes the amount modulo 32.
fn shift_right(x: i32, amount: i32) -> i32 {
    let mask = 1i64.wrapping_shl(amount as u32).wrapping_sub(1) as i32;
    let threshold = (mask >> 1).wrapping_add(i32::from(x < 0));
    x.wrapping_shr(amount as u32).wrapping_add(i32::from(x & mask > threshold))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem};
    use crate::test_support::Random;

    /// A divisor without zeros.
    fn random(random: &mut Random, ty: TensorType) -> Problem {
        let mut problem = problem(random, 2, ty, ty).with("DivOptions", &[]);
        let zero = problem.inputs[1].quantization.map_or(0.0, |(_, zero_point)| zero_point.into());
        let away = if zero < 100.0 { zero + 3.0 } else { zero - 5.0 };
        let numbers = problem.inputs[1].numbers.iter_mut();
        numbers.filter(|number| **number == zero).for_each(|number| *number = away);
        problem
    }

    #[test]
    fn quantized_quotients_are_within_one_step() {
        // Numbers for which no shift is longer than 31 bits.
        let int8 = |numbers: &[f64], scale, zero_point| {
            Numbers::list(TensorType::Int8, numbers).quantized(scale, zero_point)
        };
        let (a, b) = ([100.0, -100.0, 90.0, -128.0, 127.0], [3.0, 7.0, -5.0, -1.0, 127.0]);
        for (first, second, output, zero_point) in
            [(0.5, 0.5, 0.25, 3), (0.7, 0.1, 1.0, -9), (0.1, 0.3, 0.01, 0)]
        {
            let inputs = vec![int8(&a, first, -2), int8(&b, second, 1)];
            let problem = Problem::new(inputs, int8(&[0.0; 5], output, zero_point)).with("DivOptions", &[]);
            problem.check(&ENTRY, 0.0, |_, from| {
                let quotient = f64::from(first) * (from[0] + 2.0) / (f64::from(second) * (from[1] - 1.0));
                (quotient / f64::from(output) + f64::from(zero_point)).round().clamp(-128.0, 127.0)
            });
        }
    }

    #[test]
    fn long_shifts_come_out_as_in_tflm() {
        // Outputs of TFLM (the PyPI wheel of October 2026), with assertions off.
        let int8 = |numbers: &[f64], scale| Numbers::list(TensorType::Int8, numbers).quantized(scale, 0);
        let a = [0.0, 0.0, 0.0, 0.0, 1.0, -1.0, 3.0, -5.0, 100.0, -128.0];
        let b = [1.0, 3.0, 100.0, -100.0, 100.0, 127.0, -128.0, 90.0, 3.0, -128.0];
        let run = |scale| {
            let problem = Problem::new(vec![int8(&a, 0.5), int8(&b, 0.5)], int8(&[0.0; 10], scale));
            problem.with("DivOptions", &[]).run(&ENTRY)
        };
        assert_eq!(run(1.0), Ok(vec![0.0, 0.0, 1.0, 1.0, 127.0, -128.0, -128.0, -128.0, 33.0, 1.0]));
        assert_eq!(run(16.0), Ok(vec![1.0, 1.0, 1.0, 1.0, 127.0, -128.0, -128.0, -128.0, 2.0, 127.0]));
    }

    #[test]
    fn plain_quotients() {
        check(
            &ENTRY,
            50,
            |seed| random(seed, TensorType::Float32),
            |_, from| f64::from(from[0] as f32 / from[1] as f32),
        );
        check(
            &ENTRY,
            50,
            |seed| random(seed, TensorType::Int32),
            |_, from| f64::from((from[0] as i32).wrapping_div(from[1] as i32)),
        );
    }

    #[test]
    fn nothing_divides_by_0_into_a_panic() {
        let list = |ty, numbers: &[f64]| Numbers::list(ty, numbers);
        let ends = [f64::from(i32::MIN), 5.0, 0.0];
        let int32 = Problem::new(
            vec![list(TensorType::Int32, &ends), list(TensorType::Int32, &[-1.0, 0.0, 0.0])],
            list(TensorType::Int32, &[0.0; 3]),
        );
        assert_eq!(int32.with("DivOptions", &[]).run(&ENTRY), Ok(vec![f64::from(i32::MIN), -1.0, -1.0]));
        let int8 = |numbers: &[f64]| list(TensorType::Int8, numbers).quantized(0.5, 3);
        let problem = Problem::new(vec![int8(&[-128.0, 3.0, 127.0]), int8(&[3.0; 3])], int8(&[0.0; 3]));
        assert_eq!(problem.with("DivOptions", &[]).run(&ENTRY).map(|found| found.len()), Ok(3));
    }
}
