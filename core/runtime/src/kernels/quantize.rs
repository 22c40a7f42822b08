//! TFLite QUANTIZE: from float32 to quantized numbers, and from one quantization to another. Input and output have as many
//! elements.
//!
//! Reference: micro/kernels/quantize_common.cc and kernels/internal/reference/quantize.h, requantize.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! float32 is divided by the scale as float32 and rounded, halves away from zero. Quantized numbers are scaled by `input
//! scale / output scale`, computed in float64.

use super::common_scale::factor;
use super::unary::{QuantizedElement, eval_unary, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{Multiplier, round_f32};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::QUANTIZE),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[
        exact("float32 to int8 or int16"),
        exact("int8 to int8, uint8, int16 or int32"),
        exact("int16 to int8, int16 or int32"),
        exact("int32 to int8 or int16"),
        exact("uint8 to int8"),
    ],
};

record! {
    struct Requantize {
        input_ty: TensorType,
        output_ty: TensorType,
        input_zero_point: i32,
        output_zero_point: i32,
        multiplier: Multiplier,
    }
}

record! {
    struct FromFloat {
        input_ty: TensorType,
        output_ty: TensorType,
        zero_point: i32,
        scale: f32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = unary_operands(context)?;
    let missing = Reason::Quantization { operand: output.role, problem: "scale or zero point is missing" };
    let quantization = output.quantization()?.ok_or(missing)?;
    expect_equal("number of scales of the output", quantization.scales.len(), 1)?;
    expect_types(&input, &output)?;
    let (input_ty, output_ty) = (input.ty, output.ty);
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    if input_ty == TensorType::Float32 {
        let (zero_point, scale) = (output_zero_point, output_scale);
        return context.save(FromFloat { input_ty, output_ty, zero_point, scale });
    }
    let (input_scale, input_zero_point) = input.scale_and_zero_point_or_zero()?;
    let multiplier = factor(f64::from(input_scale) / f64::from(output_scale), &input)?;
    context.save(Requantize { input_ty, output_ty, input_zero_point, output_zero_point, multiplier })
}

/// Checks that there is a loop from the one type to the other.
fn expect_types(input: &Tensor<'_>, output: &Tensor<'_>) -> Result<(), Reason> {
    use TensorType::{Float32, Int8, Int16, Int32, Uint8};
    let (types, expected): (&[TensorType], _) = match input.ty {
        Float32 => (&[Int8, Int16], "int8 or int16, as the input is float32"),
        Int8 => (&[Int8, Uint8, Int16, Int32], "int8, uint8, int16 or int32, as the input is int8"),
        Int16 => (&[Int8, Int16, Int32], "int8, int16 or int32, as the input is int16"),
        Int32 => (&[Int8, Int16], "int8 or int16, as the input is int32"),
        Uint8 => (&[Int8], "int8, as the input is uint8"),
        found => {
            let expected = "float32, int8, int16, int32 or uint8";
            return Err(Reason::Type { operand: input.role, found, expected });
        }
    };
    output.expect_type(types, expected)
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Float32 => {
            let params: FromFloat = context.params();
            match params.output_ty {
                TensorType::Int8 => eval_unary(context, |value: f32| quantize::<i8>(&params, value)),
                _ => eval_unary(context, |value: f32| quantize::<i16>(&params, value)),
            }
        }
        TensorType::Int8 => eval_requantize::<i8>(context),
        TensorType::Int16 => eval_requantize::<i16>(context),
        TensorType::Int32 => eval_requantize::<i32>(context),
        _ => eval_requantize::<u8>(context),
    }
}

/// Sums that do not fit into 32 bits wrap, as on the chips.
#[inline(always)]
fn quantize<T: QuantizedElement>(params: &FromFloat, value: f32) -> T {
    T::saturate((round_f32(value / params.scale) as i32).wrapping_add(params.zero_point))
}

fn eval_requantize<A: QuantizedElement>(context: &mut EvalContext<'_>) {
    let params: Requantize = context.params();
    match params.output_ty {
        TensorType::Int8 => eval_unary(context, |value: A| requantize::<A, i8>(&params, value)),
        TensorType::Uint8 => eval_unary(context, |value: A| requantize::<A, u8>(&params, value)),
        TensorType::Int16 => eval_unary(context, |value: A| requantize::<A, i16>(&params, value)),
        _ => eval_unary(context, |value: A| requantize::<A, i32>(&params, value)),
    }
}

#[inline(always)]
fn requantize<A: QuantizedElement, T: QuantizedElement>(params: &Requantize, value: A) -> T {
    let value: i32 = value.into();
    let scaled = params.multiplier.apply(value.wrapping_sub(params.input_zero_point));
    T::saturate(scaled.wrapping_add(params.output_zero_point))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, numbers, written_out};
    use crate::test_support::Random;

    const PAIRS: [(TensorType, &[TensorType]); 4] = [
        (TensorType::Int8, &[TensorType::Int8, TensorType::Uint8, TensorType::Int16, TensorType::Int32]),
        (TensorType::Int16, &[TensorType::Int8, TensorType::Int16, TensorType::Int32]),
        (TensorType::Int32, &[TensorType::Int8, TensorType::Int16]),
        (TensorType::Uint8, &[TensorType::Int8]),
    ];

    fn limits(ty: TensorType) -> (i32, i32) {
        match ty {
            TensorType::Int8 => i8::LIMITS,
            TensorType::Uint8 => u8::LIMITS,
            TensorType::Int16 => i16::LIMITS,
            _ => i32::LIMITS,
        }
    }

    #[test]
    fn quantized_numbers_are_rescaled() {
        for (input_ty, output_types) in PAIRS {
            for output_ty in output_types {
                for seed in 1..60 {
                    let random = &mut Random::new(seed);
                    let shape = [random.between(1, 600)];
                    let mut input =
                        numbers(random, input_ty, &shape).quantized(random.scale(), random.between(-90, 90));
                    // As large as the arithmetic does not wrap.
                    input.numbers.iter_mut().for_each(|number| *number = number.clamp(-1e6, 1e6));
                    let output = Numbers::of_shape(*output_ty, &shape)
                        .quantized(random.scale(), random.between(-90, 90));
                    Problem::new(vec![input], output).check(&ENTRY, 0.0, |problem, from| {
                        let (scale, zero_point) = problem.inputs[0].quantization.unwrap();
                        let (output_scale, output_zero_point) = problem.output.quantization.unwrap();
                        let factor =
                            written_out::quantize_multiplier(f64::from(scale) / f64::from(output_scale));
                        let scaled = written_out::scale(from[0] as i64 - i64::from(zero_point), factor);
                        let (low, high) = limits(*output_ty);
                        ((scaled + i64::from(output_zero_point)) as f64).clamp(low.into(), high.into())
                    });
                }
            }
        }
    }

    #[test]
    fn floats_are_rounded_halves_away_from_zero() {
        for output_ty in [TensorType::Int8, TensorType::Int16] {
            for seed in 1..60 {
                let random = &mut Random::new(seed);
                let shape = [random.between(1, 60)];
                let mut input = numbers(random, TensorType::Float32, &shape);
                input.numbers.iter_mut().for_each(|number| *number = number.max(-1e6));
                // Quarters make ties.
                let scale = random.choose(&[0.25, 0.5, 0.037, 3.0]);
                let output = Numbers::of_shape(output_ty, &shape).quantized(scale, random.between(-90, 90));
                Problem::new(vec![input], output).check(&ENTRY, 0.0, |problem, from| {
                    let (scale, zero_point) = problem.output.quantization.unwrap();
                    let steps = (from[0] as f32 / scale).round().clamp(-2e9, 2e9);
                    let (low, high) = limits(output_ty);
                    (f64::from(steps) + f64::from(zero_point)).clamp(low.into(), high.into())
                });
            }
        }
    }

    #[test]
    fn floats_beyond_32_bits_saturate_before_the_zero_point_is_added() {
        let input = Numbers::list(TensorType::Float32, &[1e20, -1e20, f64::NAN]);
        let run = |zero_point| {
            let output = Numbers::of_shape(TensorType::Int8, &[3]).quantized(1.0, zero_point);
            Problem::new(vec![input.clone()], output).run(&ENTRY)
        };
        assert_eq!(run(0), Ok(vec![127.0, -128.0, 0.0]));
        assert_eq!(run(5), Ok(vec![-128.0, -128.0, 5.0]), "the sum wraps");
    }

    #[test]
    fn refusals_name_the_reason() {
        let of = |ty| Numbers::list(ty, &[1.0]).quantized(0.5, 0);
        let run =
            |input: Numbers, output: Numbers| Problem::new(vec![input], output).run(&ENTRY).unwrap_err();
        assert_eq!(
            run(of(TensorType::Float32), of(TensorType::Uint8)),
            "operator 0 QUANTIZE: output is uint8, expected int8 or int16, as the input is float32"
        );
        assert_eq!(
            run(of(TensorType::Int64), of(TensorType::Int8)),
            "operator 0 QUANTIZE: input is int64, expected float32, int8, int16, int32 or uint8"
        );
        assert_eq!(
            run(of(TensorType::Float32), Numbers::list(TensorType::Int8, &[1.0])),
            "operator 0 QUANTIZE: quantization of output: scale or zero point is missing"
        );
    }
}
