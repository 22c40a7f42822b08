//! TFLite RELU and RELU6. Input and output have as many elements.
//!
//! Reference: micro/kernels/activations.cc, activations_common.cc and activations.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422; for LiteRT, tflite/kernels/
//! activations.cc in github.com/google-ai-edge/LiteRT at f67457790c9c2ab67347d6fe53270e8d3df20868.
//!
//! Quantized RELU scales by `input scale / output scale`, computed in float32, and clamps. TFLM's RELU6 only clamps, with
//! the input's quantization; LiteRT's scales as RELU does.

use super::common_scale::factor;
use super::unary::{QuantizedElement, eval_unary, eval_unary_int8, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{Multiplier, QuantizedRange, round_f32};
use crate::prepare::{PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// RELU in the dispatch table.
pub const RELU: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::RELU),
    versions: &[Kernel { name: "plain", prepare: prepare_relu, eval: Eval::Kernel(eval) }],
    support: &SUPPORT,
};

/// RELU6 in the dispatch table.
pub const RELU6: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::RELU6),
    versions: &[Kernel { name: "plain", prepare: prepare_relu6, eval: Eval::Kernel(eval) }],
    support: &SUPPORT,
};

static SUPPORT: [Support; 3] = [exact("int8"), exact("int16"), exact("float32")];

record! {
    struct Rescaled {
        kind: u32,
        input_zero_point: i32,
        output_zero_point: i32,
        multiplier: Multiplier,
        range: QuantizedRange,
    }
}

record! {
    struct Clamped {
        kind: u32,
        range: QuantizedRange,
    }
}

record! {
    struct Float32 {
        kind: u32,
        max: f32,
    }
}

const FLOAT32: u32 = 0;
const RESCALED_INT8: u32 = 1;
const RESCALED_INT16: u32 = 2;
const CLAMPED_INT8: u32 = 3;
const CLAMPED_INT16: u32 = 4;

fn operands<'m>(context: &PrepareContext<'_, 'm>) -> Result<(Tensor<'m>, Tensor<'m>), Reason> {
    let (input, output) = unary_operands(context)?;
    input.expect_type(
        &[TensorType::Float32, TensorType::Int8, TensorType::Int16],
        "float32, int8 or int16, which is what is supported currently",
    )?;
    output.expect_type(&[input.ty], "the type of the input")?;
    Ok((input, output))
}

fn prepare_relu(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = operands(context)?;
    match input.ty {
        TensorType::Float32 => context.save(Float32 { kind: FLOAT32, max: f32::INFINITY }),
        TensorType::Int8 => context.save(rescaled::<i8>(RESCALED_INT8, &input, &output, None)?),
        _ => {
            expect_zero_points_of_0(&input, &output)?;
            context.save(rescaled::<i16>(RESCALED_INT16, &input, &output, None)?)
        }
    }
}

fn prepare_relu6(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = operands(context)?;
    let is_litert = context.semantics() == Semantics::Litert;
    match input.ty {
        TensorType::Float32 => context.save(Float32 { kind: FLOAT32, max: 6.0 }),
        TensorType::Int8 if is_litert => {
            context.save(rescaled::<i8>(RESCALED_INT8, &input, &output, Some(6.0))?)
        }
        TensorType::Int8 => context.save(clamped::<i8>(CLAMPED_INT8, &input)?),
        _ if is_litert => {
            expect_zero_points_of_0(&input, &output)?;
            context.save(rescaled::<i16>(RESCALED_INT16, &input, &output, Some(6.0))?)
        }
        _ => context.save(clamped::<i16>(CLAMPED_INT16, &input)?),
    }
}

fn expect_zero_points_of_0(input: &Tensor<'_>, output: &Tensor<'_>) -> Result<(), Reason> {
    for tensor in [input, output] {
        if tensor.scale_and_zero_point_or_zero()?.1 != 0 {
            let problem = "zero points of int16 have to be 0";
            return Err(Reason::Quantization { operand: tensor.role, problem });
        }
    }
    Ok(())
}

fn rescaled<T: QuantizedElement>(
    kind: u32,
    input: &Tensor<'_>,
    output: &Tensor<'_>,
    max: Option<f32>,
) -> Result<Rescaled, Reason> {
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    let upper =
        max.map_or(T::LIMITS.1, |max| output_zero_point.wrapping_add(round_f32(max / output_scale) as i32));
    Ok(Rescaled {
        kind,
        input_zero_point,
        output_zero_point,
        multiplier: factor(f64::from(input_scale / output_scale), output)?,
        range: QuantizedRange { min: T::LIMITS.0.max(output_zero_point), max: T::LIMITS.1.min(upper) },
    })
}

fn clamped<T: QuantizedElement>(kind: u32, input: &Tensor<'_>) -> Result<Clamped, Reason> {
    let (scale, zero_point) = input.scale_and_zero_point()?;
    let six = (round_f32(6.0 / scale) as i32).wrapping_add(zero_point);
    // TFLM keeps the bounds in the type of the tensor.
    let min = T::truncate(zero_point).into();
    Ok(Clamped { kind, range: QuantizedRange { min, max: six.clamp(T::LIMITS.0, T::LIMITS.1) } })
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<u32>() {
        RESCALED_INT8 => {
            let params = context.params();
            eval_unary_int8(context, |value| rescale(&params, value));
        }
        RESCALED_INT16 => {
            let params = context.params();
            eval_unary(context, |value: i16| rescale(&params, value));
        }
        CLAMPED_INT8 => {
            let range = context.params::<Clamped>().range;
            eval_unary(context, |value: i8| clamp(range, value));
        }
        CLAMPED_INT16 => {
            let range = context.params::<Clamped>().range;
            eval_unary(context, |value: i16| clamp(range, value));
        }
        _ => {
            let max = context.params::<Float32>().max;
            eval_unary(context, |value: f32| {
                let raised = if value < 0.0 { 0.0 } else { value };
                if raised > max { max } else { raised }
            });
        }
    }
}

#[inline(always)]
fn rescale<T: QuantizedElement>(params: &Rescaled, value: T) -> T {
    let value: i32 = value.into();
    let scaled = params.multiplier.apply(value.wrapping_sub(params.input_zero_point));
    T::truncate(params.range.clamp(scaled.wrapping_add(params.output_zero_point)))
}

/// The upper bound wins where both would hold.
#[inline(always)]
fn clamp<T: QuantizedElement>(range: QuantizedRange, value: T) -> T {
    T::truncate(range.clamp(value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem, written_out};
    use crate::test_support::Random;

    fn rescaled(max: Option<f32>) -> impl Fn(&Problem, &[f64]) -> f64 {
        move |problem, from| {
            let (scale, zero_point) = problem.inputs[0].quantization.unwrap();
            let (output_scale, output_zero_point) = problem.output.quantization.unwrap();
            let factor = written_out::quantize_multiplier((scale / output_scale).into());
            let scaled = written_out::scale(from[0] as i64 - i64::from(zero_point), factor);
            let limit = if problem.output.ty == TensorType::Int8 { 127.0 } else { 32767.0 };
            let six = max
                .map_or(limit, |max| f64::from((max / output_scale).round()) + f64::from(output_zero_point));
            ((scaled + i64::from(output_zero_point)) as f64).max(output_zero_point.into()).min(limit).min(six)
        }
    }

    #[test]
    fn relu_scales_and_clamps() {
        for ty in [TensorType::Int8, TensorType::Int16] {
            check(&RELU, 150, |random| problem(random, 1, ty, ty), rescaled(None));
            check(&RELU6, 100, |random| problem(random, 1, ty, ty).litert(), rescaled(Some(6.0)));
        }
    }

    #[test]
    fn relu6_of_tflm_only_clamps() {
        for ty in [TensorType::Int8, TensorType::Int16] {
            let make = |random: &mut Random| {
                let mut problem = problem(random, 1, ty, ty);
                // Small enough for a six within the type, and large enough for one beyond it.
                let scale = random.choose(&[0.001, 0.0237, 0.05, 1.0]);
                problem.inputs[0].quantization =
                    problem.inputs[0].quantization.map(|(_, zero)| (scale, zero));
                problem
            };
            check(&RELU6, 150, make, |problem, from| {
                let (scale, zero_point) = problem.inputs[0].quantization.unwrap();
                let six = f64::from((6.0 / scale).round()) + f64::from(zero_point);
                let limit = if ty == TensorType::Int8 { 127.0 } else { 32767.0 };
                from[0].max(zero_point.into()).min(six.min(limit))
            });
        }
    }

    #[test]
    fn floats_are_clamped() {
        let float = |random: &mut Random| problem(random, 1, TensorType::Float32, TensorType::Float32);
        check(&RELU, 30, float, |_, from| from[0].max(0.0));
        check(&RELU6, 30, float, |_, from| from[0].clamp(0.0, 6.0));
    }

    #[test]
    fn large_tensors_take_the_table() {
        let numbers: Vec<f64> = (0..700).map(|index| f64::from(index % 256 - 128)).collect();
        let list = |scale, zero_point| Numbers::list(TensorType::Int8, &numbers).quantized(scale, zero_point);
        Problem::new(vec![list(0.3, -7)], list(0.2, 5)).check(&RELU, 0.0, rescaled(None));
    }

    #[test]
    fn zero_points_of_int16_have_to_be_0() {
        let int16 = |zero_point| Numbers::list(TensorType::Int16, &[1.0]).quantized(0.5, zero_point);
        let error = Problem::new(vec![int16(3)], int16(0)).run(&RELU).unwrap_err();
        assert_eq!(error, "operator 0 RELU: quantization of input: zero points of int16 have to be 0");
        assert!(Problem::new(vec![int16(3)], int16(0)).run(&RELU6).is_ok());
    }
}
