//! TFLite PRELU: `x` where it is not negative, else `alpha * x` with a tensor of alphas that is broadcast.
//!
//! Reference: micro/kernels/prelu.cc, prelu_common.cc and kernels/internal/reference/prelu.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422; for LiteRT, tflite/kernels/
//! activations.cc in github.com/google-ai-edge/LiteRT at f67457790c9c2ab67347d6fe53270e8d3df20868.
//!
//! Quantized: `x` is scaled by `input scale / output scale`, and `x * alpha` of 32 bits by `input scale * alpha scale /
//! output scale`; TFLM computes both in float64, LiteRT in float32.

use super::binary::{binary_operands, eval_binary};
use super::common_scale::factor;
use super::unary::QuantizedElement;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::Multiplier;
use crate::prepare::{PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::PRELU),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("int16 with int8 alpha"), exact("float32")],
};

record! {
    struct Quantized {
        ty: TensorType,
        input_offset: i32,
        alpha_offset: i32,
        output_offset: i32,
        identity: Multiplier,
        alpha: Multiplier,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let ([input, alpha], output) = binary_operands(context)?;
    input
        .expect_type(&[TensorType::Float32, TensorType::Int8, TensorType::Int16], "float32, int8 or int16")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let ty = input.ty;
    if ty == TensorType::Float32 {
        alpha.expect_type(&[ty], "float32 as the input")?;
        return context.save(ty);
    }
    alpha.expect_type(&[TensorType::Int8], "int8")?;
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (alpha_scale, alpha_zero_point) = alpha.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    let [identity, alpha_factor] = match context.semantics() {
        Semantics::Tflm => {
            let [input, alpha, output] = [input_scale, alpha_scale, output_scale].map(f64::from);
            [input / output, input * alpha / output]
        }
        Semantics::Litert => {
            [input_scale / output_scale, input_scale * alpha_scale / output_scale].map(f64::from)
        }
    };
    context.save(Quantized {
        ty,
        input_offset: input_zero_point.wrapping_neg(),
        alpha_offset: alpha_zero_point.wrapping_neg(),
        output_offset: output_zero_point,
        identity: factor(identity, &output)?,
        alpha: factor(alpha_factor, &output)?,
    })
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => eval_quantized::<i8>(context),
        TensorType::Int16 => eval_quantized::<i16>(context),
        _ => eval_binary(context, |value: f32, alpha: f32| if value >= 0.0 { value } else { value * alpha }),
    }
}

fn eval_quantized<T: QuantizedElement>(context: &mut EvalContext<'_>) {
    let params: Quantized = context.params();
    eval_binary(context, |value: T, alpha: i8| {
        let value: i32 = value.into();
        let value = value.wrapping_add(params.input_offset);
        let scaled = if value >= 0 {
            params.identity.apply(value)
        } else {
            params.alpha.apply(value.wrapping_mul(i32::from(alpha).wrapping_add(params.alpha_offset)))
        };
        T::saturate(scaled.wrapping_add(params.output_offset))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::written_out;
    use crate::kernels::elementwise_suite::{
        Numbers, Problem, broadcast_shapes, check, numbers, problem, quantization,
    };
    use crate::test_support::Random;

    fn random(random: &mut Random, ty: TensorType) -> Problem {
        let (shapes, shape) = broadcast_shapes(random, 2);
        let tensor = |random: &mut Random, ty, shape: &[i32]| {
            let quantization = quantization(random, ty);
            Numbers { quantization, ..numbers(random, ty, shape) }
        };
        let inputs = vec![tensor(random, ty, &shapes[0]), tensor(random, TensorType::Int8, &shapes[1])];
        let output = Numbers { quantization: quantization(random, ty), ..Numbers::of_shape(ty, &shape) };
        Problem::new(inputs, output)
    }

    fn reference(factors: fn(f32, f32, f32) -> [f64; 2]) -> impl Fn(&Problem, &[f64]) -> f64 {
        move |problem, from| {
            let [(scale, zero_point), (alpha_scale, alpha_zero), (output_scale, output_zero)] =
                [&problem.inputs[0], &problem.inputs[1], &problem.output]
                    .map(|tensor| tensor.quantization.unwrap());
            let [identity, alpha] =
                factors(scale, alpha_scale, output_scale).map(written_out::quantize_multiplier);
            let value = from[0] as i64 - i64::from(zero_point);
            let scaled = if value >= 0 {
                written_out::scale(value, identity)
            } else {
                written_out::scale(value * (from[1] as i64 - i64::from(alpha_zero)), alpha)
            };
            let (low, high) = if problem.output.ty == TensorType::Int8 { i8::LIMITS } else { i16::LIMITS };
            ((scaled + i64::from(output_zero)) as f64).clamp(low.into(), high.into())
        }
    }

    #[test]
    fn quantized_follows_the_written_out_arithmetic() {
        let by_float64 = |input: f32, alpha: f32, output: f32| {
            let (input, alpha, output) = (f64::from(input), f64::from(alpha), f64::from(output));
            [input / output, input * alpha / output]
        };
        let by_float32 = |input: f32, alpha: f32, output: f32| {
            [f64::from(input / output), f64::from(input * alpha / output)]
        };
        for ty in [TensorType::Int8, TensorType::Int16] {
            check(&ENTRY, 150, |seed| random(seed, ty), reference(by_float64));
            check(&ENTRY, 150, |seed| random(seed, ty).litert(), reference(by_float32));
        }
    }

    #[test]
    fn floats_have_an_alpha_each() {
        check(
            &ENTRY,
            40,
            |random| problem(random, 2, TensorType::Float32, TensorType::Float32),
            |_, from| {
                if from[0] >= 0.0 { from[0] } else { f64::from(from[0] as f32 * from[1] as f32) }
            },
        );
    }

    #[test]
    fn alpha_of_int16_has_to_be_int8() {
        let int16 = || Numbers::list(TensorType::Int16, &[1.0]).quantized(0.5, 0);
        let error = Problem::new(vec![int16(), int16()], int16()).run(&ENTRY).unwrap_err();
        assert_eq!(error, "operator 0 PRELU: second input is int16, expected int8");
    }
}
