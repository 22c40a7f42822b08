//! TFLite ABS and RSQRT, which have quantized types besides float32. Input and output have as many elements.
//!
//! Reference: micro/kernels/elementwise.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! ABS scales by `input scale / output scale` where they differ, computed in float32; int16 without quantization stays as
//! it is. RSQRT of int8 scales `1 / sqrt` of the whole number with 20 more bits by `1 / (sqrt(input scale) * output
//! scale)`; 0 gives the largest output. TFLM ends an invocation of RSQRT with a negative number; here it counts as 0.

use super::common_scale::factor;
use super::unary::{QuantizedElement, eval_unary, eval_unary_int8, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{Multiplier, inverse_sqrt, multiply_by_quantized_multiplier};
use crate::prepare::PrepareContext;
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// ABS in the dispatch table.
pub const ABS: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::ABS),
    versions: &[Kernel { name: "plain", prepare: prepare_abs, eval: Eval::Kernel(eval_abs) }],
    support: &[exact("int8"), exact("int16"), exact("int16 without quantization"), exact("float32")],
};

/// RSQRT in the dispatch table.
pub const RSQRT: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::RSQRT),
    versions: &[Kernel { name: "plain", prepare: prepare_rsqrt, eval: Eval::Kernel(eval_rsqrt) }],
    support: &[exact("int8"), exact("float32")],
};

record! {
    struct Quantized {
        kind: u32,
        input_zero_point: i32,
        output_zero_point: i32,
        needs_rescale: bool,
        multiplier: Multiplier,
    }
}

const FLOAT32: u32 = 0;
const INT8: u32 = 1;
const INT16: u32 = 2;
const INT16_UNQUANTIZED: u32 = 3;

fn prepare_abs(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let types = [TensorType::Float32, TensorType::Int8, TensorType::Int16];
    let (input, output) = operands(context, &types, "int8, int16 or float32")?;
    let kind = match input.ty {
        TensorType::Float32 => return context.save(FLOAT32),
        TensorType::Int8 => INT8,
        _ if input.quantization()?.is_none() => return context.save(INT16_UNQUANTIZED),
        _ => INT16,
    };
    let params = quantized(kind, &input, &output, |input, output| f64::from(input / output))?;
    if kind == INT16 && (params.input_zero_point != 0 || params.output_zero_point != 0) {
        return Err(Reason::Quantization {
            operand: output.role,
            problem: "zero points of int16 have to be 0",
        });
    }
    context.save(params)
}

fn prepare_rsqrt(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let types = [TensorType::Float32, TensorType::Int8];
    let (input, output) = operands(context, &types, "int8 or float32")?;
    if input.ty == TensorType::Float32 {
        return context.save(FLOAT32);
    }
    let scale = |input, output| 1.0 / f64::from(libm::sqrtf(input) * output);
    let params = quantized(INT8, &input, &output, scale)?;
    if params.multiplier.shift < EXTRA_BITS - 31 {
        let problem = "the factor that follows from the scales is too small";
        return Err(Reason::Quantization { operand: output.role, problem });
    }
    context.save(params)
}

fn operands<'m>(
    context: &PrepareContext<'_, 'm>,
    types: &[TensorType],
    expected: &'static str,
) -> Result<(Tensor<'m>, Tensor<'m>), Reason> {
    let (input, output) = unary_operands(context)?;
    output.expect_type(&[input.ty], "the type of the input")?;
    input.expect_type(types, expected)?;
    Ok((input, output))
}

fn quantized(
    kind: u32,
    input: &Tensor<'_>,
    output: &Tensor<'_>,
    scale: impl Fn(f32, f32) -> f64,
) -> Result<Quantized, Reason> {
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    Ok(Quantized {
        kind,
        input_zero_point,
        output_zero_point,
        needs_rescale: input_scale != output_scale,
        multiplier: factor(scale(input_scale, output_scale), output)?,
    })
}

fn eval_abs(context: &mut EvalContext<'_>) {
    match context.params::<u32>() {
        INT8 => {
            let params = context.params();
            eval_unary_int8(context, |value| absolute(&params, value));
        }
        INT16 => {
            let params = context.params();
            eval_unary(context, |value: i16| absolute(&params, value));
        }
        INT16_UNQUANTIZED => eval_unary(context, i16::wrapping_abs),
        _ => eval_unary(context, f32::abs),
    }
}

fn absolute<T: QuantizedElement>(params: &Quantized, value: T) -> T {
    let value: i32 = value.into();
    let magnitude = value.wrapping_sub(params.input_zero_point).wrapping_abs();
    let scaled = if params.needs_rescale { params.multiplier.apply(magnitude) } else { magnitude };
    T::saturate(scaled.wrapping_add(params.output_zero_point))
}

/// Bits below the one of `1 / sqrt` of a whole number.
const EXTRA_BITS: i32 = 20;

fn eval_rsqrt(context: &mut EvalContext<'_>) {
    if context.params::<u32>() == FLOAT32 {
        return eval_unary(context, |value: f32| 1.0 / libm::sqrtf(value));
    }
    let params: Quantized = context.params();
    eval_unary_int8(context, |value| {
        let value = i32::from(value).wrapping_sub(params.input_zero_point);
        if value <= 0 {
            return i8::MAX;
        }
        let root = inverse_sqrt(value);
        let root = multiply_by_quantized_multiplier(1, root.multiplier, root.shift + EXTRA_BITS);
        let Multiplier { multiplier, shift } = params.multiplier;
        let scaled = multiply_by_quantized_multiplier(root, multiplier, shift - EXTRA_BITS);
        i8::saturate(scaled.wrapping_add(params.output_zero_point))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem, written_out};
    use crate::test_support::Random;

    #[test]
    fn quantized_magnitudes_follow_the_written_out_arithmetic() {
        for ty in [TensorType::Int8, TensorType::Int16] {
            let make = |random: &mut Random| {
                let mut problem = problem(random, 1, ty, ty);
                if random.next().is_multiple_of(4) {
                    problem.output.quantization = problem.inputs[0].quantization;
                }
                problem
            };
            check(&ABS, 150, make, |problem, from| {
                let (scale, zero_point) = problem.inputs[0].quantization.unwrap();
                let (output_scale, output_zero_point) = problem.output.quantization.unwrap();
                let magnitude = (from[0] as i64 - i64::from(zero_point)).abs();
                let factor = written_out::quantize_multiplier((scale / output_scale).into());
                let scaled =
                    if scale == output_scale { magnitude } else { written_out::scale(magnitude, factor) };
                let (low, high) = if ty == TensorType::Int8 { i8::LIMITS } else { i16::LIMITS };
                ((scaled + i64::from(output_zero_point)) as f64).clamp(low.into(), high.into())
            });
        }
    }

    #[test]
    fn plain_magnitudes() {
        check(
            &ABS,
            30,
            |random| problem(random, 1, TensorType::Float32, TensorType::Float32),
            |_, from| from[0].abs(),
        );
        let list = |numbers: &[f64]| Numbers::list(TensorType::Int16, numbers);
        let problem = Problem::new(vec![list(&[-32768.0, -32767.0, 5.0])], list(&[0.0; 3]));
        assert_eq!(problem.run(&ABS), Ok(vec![-32768.0, 32767.0, 5.0]), "the smallest has no counterpart");
    }

    #[test]
    fn int8_roots_are_within_one_step() {
        for seed in 1..60 {
            let random = &mut Random::new(seed);
            let zero_point = random.between(-128, 100);
            let (scale, output_scale) = (random.scale(), random.scale() / 8.0);
            let numbers: Vec<f64> = (zero_point..=127).map(f64::from).collect();
            let list =
                |scale, zero_point| Numbers::list(TensorType::Int8, &numbers).quantized(scale, zero_point);
            let problem = Problem::new(vec![list(scale, zero_point)], list(output_scale, -5));
            let found = problem.run(&RSQRT).unwrap();
            assert_eq!(found[0], 127.0, "the root of 0");
            for (number, found) in numbers.iter().zip(&found).skip(1) {
                let real = f64::from(scale) * (number - f64::from(zero_point));
                let expected = (1.0 / real.sqrt() / f64::from(output_scale) - 5.0).clamp(-128.0, 127.0);
                assert!((found - expected).abs() <= 1.0, "1/sqrt({real}) is {expected} steps, found {found}");
            }
        }
    }

    #[test]
    fn float_roots() {
        let list = |numbers: &[f64]| Numbers::list(TensorType::Float32, numbers);
        let problem = Problem::new(vec![list(&[4.0, 0.25, 0.0])], list(&[0.0; 3]));
        assert_eq!(problem.run(&RSQRT), Ok(vec![0.5, 2.0, f64::INFINITY]));
    }

    #[test]
    fn refusals_name_the_reason() {
        let int16 = |zero_point| Numbers::list(TensorType::Int16, &[1.0]).quantized(0.5, zero_point);
        let error = Problem::new(vec![int16(0)], int16(0)).run(&RSQRT).unwrap_err();
        assert_eq!(error, "operator 0 RSQRT: input is int16, expected int8 or float32");
        let error = Problem::new(vec![int16(1)], int16(0)).run(&ABS).unwrap_err();
        assert_eq!(error, "operator 0 ABS: quantization of output: zero points of int16 have to be 0");
        let int8 = Numbers::list(TensorType::Int8, &[1.0]);
        let error = Problem::new(vec![int8.clone()], int8).run(&ABS).unwrap_err();
        assert_eq!(error, "operator 0 ABS: quantization of input: scale or zero point is missing");
    }
}
