//! TFLite SQUARED_DIFFERENCE, with broadcasting.
//!
//! Reference: micro/kernels/squared_difference.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Quantized inputs are brought to half of the larger input scale, int8 with 7 more bits; the square of their difference
//! in 32 bits is brought to the output scale. LiteRT computes int8 alike and refuses int16.

use super::binary::{binary_operands, eval_binary};
use super::common_scale::{ToCommonScale, factor, smaller_than_one};
use super::unary::QuantizedElement;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::Multiplier;
use crate::prepare::{PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Exactness, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SQUARED_DIFFERENCE),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[
        exact("int8"),
        Support { types: "int16", tflm: Some(Exactness::Bits), litert: None },
        exact("int32"),
        exact("float32"),
    ],
};

record! {
    struct Quantized {
        ty: TensorType,
        inputs: [ToCommonScale; 2],
        output_multiplier: Multiplier,
        output_offset: i32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let ([first, second], output) = binary_operands(context)?;
    let (types, expected): (&[TensorType], _) = match context.semantics() {
        Semantics::Tflm => (
            &[TensorType::Int8, TensorType::Int16, TensorType::Int32, TensorType::Float32],
            "int8, int16, int32 or float32",
        ),
        Semantics::Litert => {
            (&[TensorType::Int8, TensorType::Int32, TensorType::Float32], "int8, int32 or float32")
        }
    };
    first.expect_type(types, expected)?;
    second.expect_type(&[first.ty], "the type of the first input")?;
    output.expect_type(&[first.ty], "the type of the inputs")?;
    let ty = output.ty;
    let (left_shift, zero_point_limits) = match ty {
        TensorType::Int8 => (7, i8::LIMITS),
        TensorType::Int16 => (0, (0, 0)),
        _ => return context.save(ty),
    };
    let (first_scale, first_zero_point) = first.scale_and_zero_point()?;
    let (second_scale, second_zero_point) = second.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    for zero_point in [first_zero_point, second_zero_point, output_zero_point] {
        if zero_point < zero_point_limits.0 || zero_point > zero_point_limits.1 {
            let expected = if ty == TensorType::Int8 { "-128 to 127" } else { "0 for int16" };
            return Err(Reason::Range { what: "zero point", found: i64::from(zero_point), expected });
        }
    }
    let twice_max = 2.0 * f64::from(first_scale.max(second_scale));
    let added = (1u32 << (2 * left_shift)) as f32 * output_scale;
    let output_factor = twice_max * twice_max / f64::from(added);
    let output_multiplier = match context.semantics() {
        Semantics::Tflm => factor(output_factor, &output)?,
        Semantics::Litert => smaller_than_one(output_factor, &output)?,
    };
    context.save(Quantized {
        ty,
        inputs: [
            ToCommonScale::new(&first, first_zero_point, left_shift, f64::from(first_scale) / twice_max)?,
            ToCommonScale::new(&second, second_zero_point, left_shift, f64::from(second_scale) / twice_max)?,
        ],
        output_multiplier,
        output_offset: output_zero_point,
    })
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => eval_quantized::<i8>(context),
        TensorType::Int16 => eval_quantized::<i16>(context),
        TensorType::Int32 => eval_binary(context, |a: i32, b: i32| {
            let difference = a.wrapping_sub(b);
            difference.wrapping_mul(difference)
        }),
        _ => eval_binary(context, |a: f32, b: f32| {
            let difference = a - b;
            difference * difference
        }),
    }
}

fn eval_quantized<T: QuantizedElement>(context: &mut EvalContext<'_>) {
    let params: Quantized = context.params();
    eval_binary(context, |a: T, b: T| {
        let difference = params.inputs[0].apply(a.into()).wrapping_sub(params.inputs[1].apply(b.into()));
        let scaled = params.output_multiplier.apply(difference.wrapping_mul(difference));
        T::saturate(scaled.wrapping_add(params.output_offset))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Problem, check, problem, written_out};

    fn quantized_reference(problem: &Problem, from: &[f64]) -> f64 {
        let [(first, first_zero), (second, second_zero), (scale, zero_point)] =
            [&problem.inputs[0], &problem.inputs[1], &problem.output]
                .map(|tensor| tensor.quantization.unwrap());
        let (left_shift, (low, high)) =
            if problem.output.ty == TensorType::Int8 { (7, i8::LIMITS) } else { (0, i16::LIMITS) };
        let twice_max = 2.0 * f64::from(first.max(second));
        let scaled = |index: usize, zero_point: i32, scale: f32| {
            let factor = written_out::quantize_multiplier(f64::from(scale) / twice_max);
            written_out::scale((from[index] as i64 - i64::from(zero_point)) << left_shift, factor)
        };
        let difference = scaled(0, first_zero, first) - scaled(1, second_zero, second);
        let factor = twice_max * twice_max / f64::from((1 << (2 * left_shift)) as f32 * scale);
        let squared = written_out::scale(difference * difference, written_out::quantize_multiplier(factor));
        ((squared + i64::from(zero_point)) as f64).max(low.into()).min(high.into())
    }

    #[test]
    fn quantized_follows_the_written_out_arithmetic() {
        check(
            &ENTRY,
            200,
            |random| problem(random, 2, TensorType::Int8, TensorType::Int8),
            quantized_reference,
        );
        check(
            &ENTRY,
            200,
            |random| {
                let mut problem = problem(random, 2, TensorType::Int16, TensorType::Int16);
                problem.output.quantization = Some((4.0 + random.scale(), 0));
                problem
            },
            quantized_reference,
        );
    }

    #[test]
    fn plain_numbers_are_subtracted_and_squared() {
        check(
            &ENTRY,
            50,
            |random| problem(random, 2, TensorType::Float32, TensorType::Float32),
            |_, from| {
                let difference = from[0] as f32 - from[1] as f32;
                f64::from(difference * difference)
            },
        );
        check(
            &ENTRY,
            50,
            |random| problem(random, 2, TensorType::Int32, TensorType::Int32),
            |_, from| {
                let difference = (from[0] as i32).wrapping_sub(from[1] as i32);
                f64::from(difference.wrapping_mul(difference))
            },
        );
    }

    #[test]
    fn litert_has_no_int16() {
        let problem =
            problem(&mut crate::test_support::Random::new(1), 2, TensorType::Int16, TensorType::Int16);
        let error = problem.litert().run(&ENTRY).unwrap_err();
        assert_eq!(
            error,
            "operator 0 SQUARED_DIFFERENCE: first input is int16, expected int8, int32 or float32"
        );
    }
}
