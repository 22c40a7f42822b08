//! TFLite LEAKY_RELU: `x` where it is positive, else `alpha * x`. Input and output have as many elements.
//!
//! Reference: micro/kernels/leaky_relu_common.cc and kernels/internal/reference/leaky_relu.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422. The quantized factors `input scale /
//! output scale` and `input scale * alpha / output scale` are computed in float32.

use super::common_scale::factor;
use super::unary::{QuantizedElement, eval_unary, eval_unary_int8, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::Multiplier;
use crate::prepare::{PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::LEAKY_RELU),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("int16"), exact("float32")],
};

record! {
    struct Quantized {
        ty: TensorType,
        input_zero_point: i32,
        output_zero_point: i32,
        identity: Multiplier,
        /// The factor without its sign.
        alpha: Multiplier,
        is_alpha_negative: bool,
    }
}

record! {
    struct Float32 {
        ty: TensorType,
        alpha: f32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = unary_operands(context)?;
    input.expect_type(
        &[TensorType::Float32, TensorType::Int8, TensorType::Int16],
        "float32, int8 or int16, which is what LEAKY_RELU supports",
    )?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let (ty, alpha) = (input.ty, context.options("LeakyReluOptions")?.float("alpha")?);
    if ty == TensorType::Float32 {
        return context.save(Float32 { ty, alpha });
    }
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    let must_be_symmetric = context.semantics() == Semantics::Litert && ty == TensorType::Int16;
    if must_be_symmetric && (input_zero_point != 0 || output_zero_point != 0) {
        return Err(Reason::Quantization {
            operand: output.role,
            problem: "zero points of int16 have to be 0",
        });
    }
    let alpha = factor(f64::from(input_scale * alpha / output_scale), &output)?;
    context.save(Quantized {
        ty,
        input_zero_point,
        output_zero_point,
        identity: factor(f64::from(input_scale / output_scale), &output)?,
        alpha: Multiplier { multiplier: alpha.multiplier.wrapping_abs(), ..alpha },
        is_alpha_negative: alpha.multiplier < 0,
    })
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => {
            let params = context.params();
            eval_unary_int8(context, |value| leak(&params, value));
        }
        TensorType::Int16 => {
            let params = context.params();
            eval_unary(context, |value: i16| leak(&params, value));
        }
        _ => {
            let alpha = context.params::<Float32>().alpha;
            eval_unary(context, |value: f32| if value > 0.0 { value } else { value * alpha });
        }
    }
}

#[inline(always)]
fn leak<T: QuantizedElement>(params: &Quantized, value: T) -> T {
    let value: i32 = value.into();
    let value = value.wrapping_sub(params.input_zero_point);
    let scaled = if value >= 0 {
        params.identity.apply(value)
    } else {
        let scaled = params.alpha.apply(value);
        if params.is_alpha_negative { scaled.wrapping_neg() } else { scaled }
    };
    T::saturate(scaled.wrapping_add(params.output_zero_point))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem, written_out};
    use crate::test_support::{Random, Value};

    fn random(random: &mut Random, ty: TensorType) -> Problem {
        let alpha = random.choose(&[0.0, 0.1, 0.25, -0.3, 1.5, 0.01]);
        problem(random, 1, ty, ty).with("LeakyReluOptions", &[("alpha", Value::Float(alpha))])
    }

    fn alpha(problem: &Problem) -> f32 {
        let Value::Float(alpha) = problem.options[0].1 else { panic!("alpha is a float") };
        alpha
    }

    #[test]
    fn quantized_follows_the_written_out_arithmetic() {
        for ty in [TensorType::Int8, TensorType::Int16] {
            check(
                &ENTRY,
                200,
                |seed| random(seed, ty),
                |problem, from| {
                    let (scale, zero_point) = problem.inputs[0].quantization.unwrap();
                    let (output_scale, output_zero_point) = problem.output.quantization.unwrap();
                    let value = from[0] as i64 - i64::from(zero_point);
                    let factor =
                        if value >= 0 { scale / output_scale } else { scale * alpha(problem) / output_scale };
                    let (magnitude, sign) = (factor.abs(), if factor < 0.0 { -1 } else { 1 });
                    let scaled =
                        sign * written_out::scale(value, written_out::quantize_multiplier(magnitude.into()));
                    let (low, high) = if ty == TensorType::Int8 { i8::LIMITS } else { i16::LIMITS };
                    ((scaled + i64::from(output_zero_point)) as f64).clamp(low.into(), high.into())
                },
            );
        }
    }

    #[test]
    fn floats_leak() {
        check(
            &ENTRY,
            40,
            |seed| random(seed, TensorType::Float32),
            |problem, from| {
                if from[0] > 0.0 { from[0] } else { f64::from(from[0] as f32 * alpha(problem)) }
            },
        );
    }

    #[test]
    fn litert_has_no_zero_points_of_int16() {
        let int16 = || Numbers::list(TensorType::Int16, &[-5.0]).quantized(0.5, 1);
        let problem =
            Problem::new(vec![int16()], int16()).with("LeakyReluOptions", &[("alpha", Value::Float(0.5))]);
        assert_eq!(problem.run(&ENTRY), Ok(vec![-2.0]));
        let error = problem.litert().run(&ENTRY).unwrap_err();
        assert_eq!(error, "operator 0 LEAKY_RELU: quantization of output: zero points of int16 have to be 0");
    }
}
