//! TFLite MUL, with broadcasting.
//!
//! Reference: micro/kernels/mul_common.cc, kernels/internal/reference/mul.h and integer_ops/mul.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422; for LiteRT, tflite/kernels/mul.cc in
//! github.com/google-ai-edge/LiteRT at f67457790c9c2ab67347d6fe53270e8d3df20868.
//!
//! Quantized: the product of 32 bits is scaled by `first scale * second scale / output scale`, computed in float64 by TFLM
//! and in float32 by LiteRT.

use super::binary::{activation_range_int32, binary_operands, eval_binary};
use super::common_scale::factor;
use super::requantize::OutputStage;
use super::unary::QuantizedElement;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{FloatRange, Multiplier, QuantizedRange, activation_range_float};
use crate::prepare::{PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::MUL),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("int16"), exact("int32"), exact("float32")],
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
    first.expect_type(
        &[TensorType::Int8, TensorType::Int16, TensorType::Int32, TensorType::Float32],
        "int8, int16, int32 or float32",
    )?;
    second.expect_type(&[first.ty], "the type of the first input")?;
    output.expect_type(&[first.ty], "the type of the inputs")?;
    let activation = context.options("MulOptions")?.activation()?;
    let ty = output.ty;
    match ty {
        TensorType::Int32 => return context.save(Int32 { ty, range: activation_range_int32(activation) }),
        TensorType::Float32 => {
            return context.save(Float32 { ty, range: activation_range_float(activation) });
        }
        _ => (),
    }
    let stage = OutputStage::new(&output, activation)?;
    let (first_scale, first_zero_point) = first.scale_and_zero_point()?;
    let (second_scale, second_zero_point) = second.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    if ty == TensorType::Int16 && [first_zero_point, second_zero_point, output_zero_point] != [0; 3] {
        return Err(Reason::Quantization {
            operand: output.role,
            problem: "zero points of int16 have to be 0",
        });
    }
    let scale = match context.semantics() {
        Semantics::Tflm => f64::from(first_scale) * f64::from(second_scale) / f64::from(output_scale),
        Semantics::Litert => f64::from(first_scale * second_scale / output_scale),
    };
    context.save(Quantized {
        ty,
        offsets: [first_zero_point.wrapping_neg(), second_zero_point.wrapping_neg()],
        multiplier: factor(scale, &output)?,
        output: stage,
    })
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => eval_quantized::<i8>(context),
        TensorType::Int16 => eval_quantized::<i16>(context),
        TensorType::Int32 => {
            let range = context.params::<Int32>().range;
            eval_binary(context, |a: i32, b: i32| range.clamp(a.wrapping_mul(b)));
        }
        _ => {
            let range = context.params::<Float32>().range;
            eval_binary(context, |a: f32, b: f32| range.clamp(a * b));
        }
    }
}

fn eval_quantized<T: QuantizedElement>(context: &mut EvalContext<'_>) {
    let Quantized { offsets, multiplier, output, .. } = context.params();
    eval_binary(context, |a: T, b: T| {
        let (a, b): (i32, i32) = (a.into(), b.into());
        let product = a.wrapping_add(offsets[0]).wrapping_mul(b.wrapping_add(offsets[1]));
        T::truncate(output.finish(multiplier.apply(product)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem, written_out};
    use crate::test_support::{Random, Value};

    fn random(random: &mut Random, ty: TensorType) -> Problem {
        let mut problem = problem(random, 2, ty, ty);
        if ty == TensorType::Int16 {
            // Large enough that products stay in 32 bits.
            problem.output.quantization = Some((random.scale() + 1.0, 0));
        }
        problem.with("MulOptions", &[("fused_activation_function", Value::Int(random.between(0, 1).into()))])
    }

    fn lowest(problem: &Problem, otherwise: f64) -> f64 {
        let zero_point = problem.output.quantization.map_or(0.0, |(_, zero_point)| zero_point.into());
        if matches!(problem.options[0].1, Value::Int(1)) { zero_point } else { otherwise }
    }

    fn quantized_reference(factor: fn(f32, f32, f32) -> f64) -> impl Fn(&Problem, &[f64]) -> f64 {
        move |problem, from| {
            let [(first, first_zero), (second, second_zero), (scale, zero_point)] =
                [&problem.inputs[0], &problem.inputs[1], &problem.output]
                    .map(|tensor| tensor.quantization.unwrap());
            let product =
                (from[0] as i64 - i64::from(first_zero)) * (from[1] as i64 - i64::from(second_zero));
            let factor = written_out::quantize_multiplier(factor(first, second, scale));
            let (low, high) = if problem.output.ty == TensorType::Int8 { i8::LIMITS } else { i16::LIMITS };
            let found = written_out::scale(product, factor) + i64::from(zero_point);
            (found as f64).max(lowest(problem, low.into())).min(high.into())
        }
    }

    #[test]
    fn quantized_products_follow_the_written_out_arithmetic() {
        for ty in [TensorType::Int8, TensorType::Int16] {
            let by_float64 = |a, b, output| f64::from(a) * f64::from(b) / f64::from(output);
            check(&ENTRY, 200, |seed| random(seed, ty), quantized_reference(by_float64));
            let by_float32 = |a: f32, b: f32, output: f32| f64::from(a * b / output);
            check(&ENTRY, 200, |seed| random(seed, ty).litert(), quantized_reference(by_float32));
        }
    }

    #[test]
    fn plain_products_are_clamped() {
        check(
            &ENTRY,
            50,
            |seed| random(seed, TensorType::Float32),
            |problem, from| {
                f64::from(from[0] as f32 * from[1] as f32).max(lowest(problem, f64::NEG_INFINITY))
            },
        );
        check(
            &ENTRY,
            50,
            |seed| random(seed, TensorType::Int32),
            |problem, from| {
                f64::from((from[0] as i32).wrapping_mul(from[1] as i32))
                    .max(lowest(problem, f64::NEG_INFINITY))
            },
        );
    }

    #[test]
    fn zero_points_of_int16_have_to_be_0() {
        let tensor = |zero_point| Numbers::list(TensorType::Int16, &[1.0]).quantized(0.5, zero_point);
        let problem = Problem::new(vec![tensor(0), tensor(1)], tensor(0)).with("MulOptions", &[]);
        let error = problem.run(&ENTRY).unwrap_err();
        assert_eq!(error, "operator 0 MUL: quantization of output: zero points of int16 have to be 0");
    }
}
