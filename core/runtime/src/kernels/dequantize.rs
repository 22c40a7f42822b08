//! TFLite DEQUANTIZE: from quantized numbers to float32. Input and output have as many elements.
//!
//! Reference: micro/kernels/dequantize_common.cc and kernels/internal/reference/dequantize.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422; for LiteRT, tflite/kernels/
//! dequantize.cc in github.com/google-ai-edge/LiteRT at f67457790c9c2ab67347d6fe53270e8d3df20868.
//!
//! The product of scale and distance from the zero point is computed in float64. LiteRT takes float16 too, which TFLM
//! refuses.

use super::unary::{QuantizedElement, eval_unary, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::prepare::{PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Exactness, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::DEQUANTIZE),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[
        exact("int8"),
        exact("int16"),
        exact("uint8"),
        Support { types: "float16", tflm: None, litert: Some(Exactness::Bits) },
    ],
};

record! {
    struct Params {
        ty: TensorType,
        scale: f32,
        zero_point: i32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = unary_operands(context)?;
    let is_litert = context.semantics() == Semantics::Litert;
    if !(is_litert && input.ty == TensorType::Float16) {
        input.expect_type(
            &[TensorType::Int8, TensorType::Int16, TensorType::Uint8],
            "int8, int16 or uint8, which is what TFLM dequantizes",
        )?;
    }
    output.expect_type(&[TensorType::Float32], "float32")?;
    let (scale, zero_point) = input.scale_and_zero_point_or_zero()?;
    if is_litert && input.quantization()?.is_some_and(|quantization| quantization.scales.len() > 1) {
        return Err(Reason::Unsupported("several scales are not dequantized"));
    }
    if is_litert && input.ty == TensorType::Int16 && zero_point != 0 {
        let problem = "the zero point has to be 0 for int16";
        return Err(Reason::Quantization { operand: input.role, problem });
    }
    context.save(Params { ty: input.ty, scale, zero_point })
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => dequantize::<i8>(context),
        TensorType::Int16 => dequantize::<i16>(context),
        TensorType::Uint8 => dequantize::<u8>(context),
        _ => eval_unary(context, float32_from_float16),
    }
}

fn dequantize<T: QuantizedElement>(context: &mut EvalContext<'_>) {
    let Params { scale, zero_point, .. } = context.params();
    eval_unary(context, |value: T| {
        let value: i32 = value.into();
        (f64::from(scale) * f64::from(value.wrapping_sub(zero_point))) as f32
    });
}

/// The number with the bits of an IEEE 754 half: 1 sign, 5 exponent, 10 fraction.
fn float32_from_float16(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    match exponent {
        // Zero and subnormals: the fraction counts 2^-24.
        0 => f32::from_bits(sign | (fraction as f32 / 16_777_216.0).to_bits()),
        0x1f => f32::from_bits(sign | 0xff << 23 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, numbers};
    use crate::test_support::Random;

    #[test]
    fn numbers_are_scaled() {
        for ty in [TensorType::Int8, TensorType::Int16, TensorType::Uint8] {
            for seed in 1..30 {
                let random = &mut Random::new(seed);
                let shape = [random.between(1, 50)];
                let input = numbers(random, ty, &shape).quantized(random.scale(), random.between(-90, 90));
                let problem = Problem::new(vec![input], Numbers::of_shape(TensorType::Float32, &shape));
                problem.check(&ENTRY, 0.0, |problem, from| {
                    let (scale, zero_point) = problem.inputs[0].quantization.unwrap();
                    f64::from((f64::from(scale) * (from[0] - f64::from(zero_point))) as f32)
                });
            }
        }
    }

    #[test]
    fn halves_are_widened_under_litert_only() {
        // Bits and value: signed zeros, subnormals, normal numbers, the largest, infinity.
        let bits = [0, 0x8000, 1, 0x03ff, 0x0400, 0x3c00, 0xc000, 0x3555, 0x7bff, 0x7c00, 0xfc00];
        let subnormal = f64::powi(2.0, -24);
        let values = [
            0.0,
            -0.0,
            subnormal,
            1023.0 * subnormal,
            1024.0 * subnormal,
            1.0,
            -2.0,
            0.333_251_953_125,
            65504.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        let input = Numbers::list(TensorType::Float16, &bits.map(f64::from));
        let problem = Problem::new(vec![input], Numbers::list(TensorType::Float32, &values));
        assert_eq!(problem.clone().litert().run(&ENTRY), Ok(values.to_vec()));
        assert!(float32_from_float16(0x7e00).is_nan());
        assert_eq!(float32_from_float16(0x8000).to_bits(), (-0.0f32).to_bits());
        assert_eq!(
            problem.run(&ENTRY).unwrap_err(),
            "operator 0 DEQUANTIZE: input is float16, expected int8, int16 or uint8, which is what TFLM dequantizes"
        );
    }
}
