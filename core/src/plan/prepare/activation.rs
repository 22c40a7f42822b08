//! Operators with one input and one output of the same shape.

use super::Trouble::{Arity, Options, Quantization, Shape};
use super::quantized::{self, checked_log2, multiplier};
use super::{Context, Prepared, TempTensor};
use crate::model::TensorType::{Float32, Int8, Int16, Int32, Uint8};

/// `activations_common.cc`.
pub(super) fn relu(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    let output = context.output(0)?;
    if input.ty == Int16 {
        context.ensure_eq(Quantization, input.zero_point, 0, "input->params.zero_point != 0")?;
        context.ensure_eq(Quantization, output.zero_point, 0, "output->params.zero_point != 0")?;
    }
    if matches!(input.ty, Int8 | Int16) {
        multiplier(context, f64::from(input.scale / output.scale))?;
    }
    Ok(())
}

/// `activations_common.cc`; the quantized six is cut to the type before it is checked, so the check always holds.
pub(super) fn relu6(context: &mut Context) -> Prepared {
    context.input(0)?;
    Ok(())
}

/// `elementwise.cc`: COS, LOG, SIN, SQRT, SQUARE and LOGICAL_NOT.
///
/// `Prepare` means to check the type, but names a type of functions where it means to call one, and that "call" is
/// never false: other types are refused when the kernel runs.
pub(super) fn elementwise(context: &mut Context) -> Prepared {
    elu(context)
}

/// `elementwise.cc`: ABS and RSQRT; the type is checked as little as in [`elementwise`].
pub(super) fn abs_or_rsqrt(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    if input.ty == Int8 || (input.ty == Int16 && input.quantized.is_some()) {
        for (tensor, text) in [
            (&input, "input->quantization.type == kTfLiteAffineQuantization"),
            (&output, "output->quantization.type == kTfLiteAffineQuantization"),
        ] {
            context.ensure(Quantization, tensor.quantized.is_some(), text)?;
        }
        if input.ty == Int16 {
            context.ensure_eq(Quantization, input.zero_point, 0, "op_data->input_offset != 0")?;
            context.ensure_eq(Quantization, output.zero_point, 0, "op_data->output_offset != 0")?;
        }
    }
    Ok(())
}

/// `ceil.cc`, `exp.cc` and `round.cc`.
pub(super) fn float_same_shape(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_arity(1, 1)?;
    context.ensure_types(input.ty, Float32, "input->type != kTfLiteFloat32")?;
    context.ensure_types(output.ty, input.ty, "output->type != input->type")?;
    context.ensure_eq(Shape, output.bytes, input.bytes, "output->bytes != input->bytes")?;
    context.ensure(Shape, output.dims == input.dims, "output->dims == input->dims")
}

/// `elu.cc`.
pub(super) fn elu(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")
}

/// `leaky_relu_common.cc`.
pub(super) fn leaky_relu(context: &mut Context) -> Prepared {
    elu(context)
}

/// `hard_swish_common.cc`.
pub(super) fn hard_swish(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    if input.ty == Int8 {
        let high_resolution = (1.0f32 / 128.0) * input.scale;
        let factor = f64::from(high_resolution / output.scale);
        multiplier(context, factor)?;
        let text = "params->output_multiplier_exponent <= 0";
        context.ensure(Quantization, exponent(factor) <= 0, text)?;
        multiplier(context, f64::from(high_resolution / (3.0 / 32768.0)))?;
    }
    Ok(())
}

/// The exponent of `QuantizeMultiplier`: the value is a fraction in [0.5, 1) times two to its power. 0 where there is
/// no such fraction.
fn exponent(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() { 0 } else { value.abs().log2().floor() as i32 + 1 }
}

/// `l2norm.cc`.
pub(super) fn l2_normalization(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure(Shape, input.rank() <= 4, "NumDimensions(input) <= 4")?;
    context.ensure_type_in(&output, &[Float32, Int8], "output")?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    let activation = context.operator.option_int(quantized::ACTIVATION);
    context.ensure_eq(Options, activation, quantized::ACTIVATION_NONE, "params->activation != kTfLiteActNone")
}

/// `log_softmax.cc`.
pub(super) fn log_softmax(context: &mut Context) -> Prepared {
    const OP_DATA: [u64; 2] = [28, 40];
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    context.ensure(Shape, input.dims == output.dims, "HaveSameShapes(input, output)")?;
    if input.ty == Int8 {
        context.persistent(if context.state.layout.pointer == 4 { OP_DATA[0] } else { OP_DATA[1] });
        context.ensure(Quantization, output.scale == 16.0 / 256.0, "output->params.scale == kOutputScale")?;
        let text = "output->params.zero_point == kOutputZeroPoint";
        context.ensure(Quantization, output.zero_point == 127, text)?;
        softmax_scaling(context, input.scale, 1.0)?;
    }
    Ok(())
}

/// `logistic_common.cc`.
pub(super) fn logistic(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    if input.ty == Int8 {
        let text = "output->params.zero_point != std::numeric_limits<int8_t>::min()";
        context.ensure_eq(Quantization, output.zero_point, -128, text)?;
    }
    symmetric_int16(context, &input, &output)
}

/// `tanh.cc`.
pub(super) fn tanh(context: &mut Context) -> Prepared {
    context.input(0)?;
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    symmetric_int16(context, &input, &output)
}

/// 16-bit LOGISTIC and TANH: no zero points, and an output scale of 1/32768.
fn symmetric_int16(context: &Context, input: &TempTensor, output: &TempTensor) -> Prepared {
    if input.ty != Int16 {
        return Ok(());
    }
    context.ensure_eq(Quantization, input.zero_point, 0, "input->params.zero_point != 0")?;
    context.ensure_eq(Quantization, output.zero_point, 0, "output->params.zero_point != 0")?;
    let log2 = checked_log2(output.scale);
    let text = "CheckedLog2(output->params.scale, &output_scale_log2_rounded)";
    context.ensure(Quantization, log2.is_some(), text)?;
    let text = "output_scale_log2_rounded != -kOutputFractionalBits";
    context.ensure_eq(Quantization, log2.unwrap_or_default(), -15, text)
}

/// `softmax_common.cc`, and `esp_nn/softmax.cc` with ESP-NN.
pub(super) fn softmax(context: &mut Context) -> Prepared {
    /// Two tables of 513 16-bit values for int16 inputs.
    const LOOKUP_BYTES: u64 = 2 * 513;
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    context.ensure(Shape, input.rank() >= 1, "NumDimensions(input) >= 1")?;
    let output = context.output(0)?;
    if input.ty == Int16 {
        context.persistent(LOOKUP_BYTES);
        context.persistent(LOOKUP_BYTES);
    }
    if output.ty == Int16 {
        context.ensure_type_in(&input, &[Int8, Int16], "input")?;
    } else {
        context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    }
    let is_near = |scale: f32, wanted: f32| (scale - wanted).abs() <= 0.001 * wanted;
    match (input.ty, output.ty) {
        (Int16, _) => {
            context.ensure_eq(Quantization, output.zero_point, 0, "output->params.zero_point != 0")?;
            context.ensure_eq(Quantization, input.zero_point, 0, "input->params.zero_point != 0")?;
            let near = is_near(output.scale, 1.0 / 32768.0);
            context.ensure(Quantization, near, "output->params.scale near 1.f / 32768")?;
        }
        (Int8, Int16) => {
            let text = "output->params.zero_point != -32768";
            context.ensure_eq(Quantization, output.zero_point, -32768, text)?;
            let near = is_near(output.scale, 1.0 / 65536.0);
            context.ensure(Quantization, near, "output->params.scale near 1.f / 65536")?;
        }
        (Int8, _) => {
            context.ensure_types(output.ty, Int8, "output->type != kTfLiteInt8")?;
            context.ensure_eq(Quantization, output.zero_point, -128, "output->params.zero_point != -128")?;
            context.ensure(Quantization, output.scale == 1.0 / 256.0, "output->params.scale == 1.f / 256")?;
        }
        _ => {
            context.ensure_types(input.ty, Float32, "input->type != kTfLiteFloat32")?;
            context.ensure_types(output.ty, Float32, "output->type != kTfLiteFloat32")?;
        }
    }
    let beta = context.operator.option_float("beta");
    match input.ty {
        Int16 => multiplier(context, f64::from(input.scale) * f64::from(beta) / (10.0 / 65535.0))?,
        Int8 => softmax_scaling(context, input.scale, f64::from(beta))?,
        _ => {}
    }
    if let Some(esp_nn) = context.state.kernels.esp_nn
        && input.ty == Int8
        && output.ty == Int8
    {
        let bytes = (esp_nn.softmax_scratch)(context.state.chip, input.dim(1)?);
        if bytes > 0 {
            context.scratch(bytes, 1)?;
        }
    }
    Ok(())
}

/// `PreprocessSoftmaxScaling` with 5 integer bits stops the chip for a scale of 2^-26 and less.
fn softmax_scaling(context: &Context, scale: f32, beta: f64) -> Prepared {
    let multiplier = (beta * f64::from(scale) * f64::from(1u32 << 26)).min(f64::from(i32::MAX));
    context.assert(
        Quantization,
        multiplier > 1.0,
        "double_multiplier > 1 in QuantizeMultiplierGreaterThanOne",
    )
}

/// `dequantize_common.cc`.
pub(super) fn dequantize(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_type_in(&input, &[Int8, Int16, Uint8], "input")?;
    context.ensure_type_in(&output, &[Float32], "output")
}

/// `quantize_common.cc`.
pub(super) fn quantize(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    let Some(quantized) = output.quantized else {
        let text = "output->quantization.type == kTfLiteAffineQuantization";
        return context.ensure(Quantization, false, text);
    };
    let text = "affine_quantization->scale->size == 1";
    context.ensure(Quantization, quantized.scales.len() == 1, text)?;
    context.ensure_type_in(&input, &[Float32, Int32, Int16, Int8, Uint8], "input")?;
    context.ensure_type_in(&output, &[Int8, Int16, Int32, Uint8], "output")?;
    let requantizes = match input.ty {
        Int8 => matches!(output.ty, Int8 | Uint8 | Int16 | Int32),
        Int16 => matches!(output.ty, Int8 | Int16 | Int32),
        Int32 => matches!(output.ty, Int8 | Int16),
        Uint8 => output.ty == Int8,
        _ => false,
    };
    if requantizes {
        multiplier(context, f64::from(input.scale) / f64::from(output.scale))?;
    }
    Ok(())
}

/// `cast.cc`; the types are checked when it runs.
pub(super) fn cast(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    context.input(0)?;
    context.output(0)?;
    Ok(())
}

/// `zeros_like.cc`.
pub(super) fn zeros_like(context: &mut Context) -> Prepared {
    cast(context)
}

/// `prelu_common.cc`.
pub(super) fn prelu(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    let alpha = context.input(1)?;
    let output = context.output(0)?;
    if matches!(output.ty, Int8 | Int16) {
        let ratio = f64::from(input.scale) / f64::from(output.scale);
        multiplier(context, ratio)?;
        multiplier(context, ratio * f64::from(alpha.scale))?;
    }
    if output.ty == Int16 {
        context.ensure_type_in(&alpha, &[Int8], "alpha")?;
    }
    Ok(())
}

/// `cumsum.cc`.
pub(super) fn cumsum(context: &mut Context) -> Prepared {
    const OP_DATA: u64 = 36;
    context.ensure_arity(2, 1)?;
    let input = context.input(0)?;
    let axis = context.input(1)?;
    context.ensure_type_in(&input, &[Float32, Int8], "input")?;
    context.ensure_types(axis.ty, Int32, "axis->type != kTfLiteInt32")?;
    context.ensure_eq(Shape, axis.elements(), 1, "NumElements(axis) != 1")?;
    context.ensure(Shape, input.rank() >= 1, "NumDimensions(input) >= 1")?;
    let output = context.output(0)?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    context.ensure(Shape, input.dims == output.dims, "HaveSameShapes(input, output)")?;
    if output.ty == Int8 {
        context.persistent(OP_DATA);
        let twice = 2.0 * f64::from(input.scale);
        const INTEGER_SHIFT: u32 = 20;
        quantized::multiplier_below_one(context, f64::from(input.scale) / twice)?;
        let down = twice / (f64::from(1u32 << INTEGER_SHIFT) * f64::from(output.scale));
        quantized::multiplier_below_one(context, down)?;
    }
    Ok(())
}

/// `floor.cc`, `neg.cc`, `pack.cc` and others without a `Prepare`; the types are checked when they run.
pub(super) fn unchecked(context: &mut Context) -> Prepared {
    context.ensure(Arity, context.n_outputs() > 0, "NumOutputs(node) > 0")
}
