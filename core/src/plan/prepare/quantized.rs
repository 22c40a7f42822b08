//! Checks of scales and zero points that several kernels share.
//!
//! Source: esp-tflite-micro 99f49e14, `tensorflow/lite/kernels/kernel_util.cc` and
//! `tensorflow/lite/kernels/internal/quantization_util.cc`.

use super::Trouble::{Quantization, Shape, Types};
use super::{Context, Prepared, TempTensor};
use crate::model::TensorType;
use crate::plan::Chip;

const KERNEL_UTIL: &str = "tensorflow/lite/kernels/kernel_util.cc";

/// `ActivationFunctionType` in the schema.
pub(super) const ACTIVATION_NONE: i64 = 0;
const ACTIVATION_RELU: i64 = 1;
const ACTIVATION_RELU_N1_TO_1: i64 = 2;
const ACTIVATION_RELU6: i64 = 3;

/// `CalculateActivationRangeQuantized`: the bounds of the activation must be whole numbers of 32 bits.
pub(super) fn activation_range(
    context: &Context,
    output_type: TensorType,
    output_scale: f32,
    activation: i64,
) -> Prepared {
    if !matches!(output_type, TensorType::Uint8 | TensorType::Int8 | TensorType::Int16) {
        return context.refuse(Types, format!("{KERNEL_UTIL}: false was not true."));
    }
    let bounds: &[f32] = match activation {
        ACTIVATION_RELU => &[0.0],
        ACTIVATION_RELU6 => &[0.0, 6.0],
        ACTIVATION_RELU_N1_TO_1 => &[-1.0, 1.0],
        _ => &[],
    };
    let fits = |bound: &f32| {
        let steps = (bound / output_scale).round();
        (i32::MIN as f32..=i32::MAX as f32).contains(&steps)
    };
    if bounds.iter().all(fits) {
        Ok(())
    } else {
        context.refuse(
            Quantization,
            format!("{KERNEL_UTIL}: no_integer_overflow_from_quantization was not true."),
        )
    }
}

/// `GetQuantizedConvolutionMultipler`: the bias has about the scale of input times filter.
pub(super) fn convolution_multiplier(
    context: &Context,
    input_scale: f32,
    filter_scale: f32,
    bias_scale: Option<f32>,
    output_scale: f32,
) -> Prepared {
    let product = f64::from(input_scale) * f64::from(filter_scale);
    if let Some(bias_scale) = bias_scale {
        let difference = (product - f64::from(bias_scale)).abs();
        let is_close = difference / f64::from(output_scale) <= 0.02;
        // Not `> 0.02`: a quotient that is not a number is refused as well.
        if !is_close {
            return context.refuse(
                Quantization,
                format!("{KERNEL_UTIL}: scale_diff / output_scale <= 0.02 was not true."),
            );
        }
    }
    let is_positive = input_scale * filter_scale >= 0.0;
    if is_positive {
        Ok(())
    } else {
        context.refuse(Quantization, format!("{KERNEL_UTIL}: input_product_scale >= 0 was not true."))
    }
}

/// `PopulateConvolutionQuantizationParams` for `channels` output channels.
pub(super) fn convolution_params(
    context: &Context,
    input: &TempTensor,
    filter: &TempTensor,
    bias: Option<&TempTensor>,
    output: &TempTensor,
    channels: i64,
) -> Prepared {
    let refuse =
        |trouble, text: &str| context.refuse(trouble, format!("{KERNEL_UTIL}: {text} was not true."));
    if input.quantized.is_none() {
        return refuse(Quantization, "input->quantization.type == kTfLiteAffineQuantization");
    }
    let Some(quantized) = filter.quantized else {
        return refuse(Quantization, "filter->quantization.type == kTfLiteAffineQuantization");
    };
    let n_scales = quantized.scales.len() as i64;
    if n_scales > 1 {
        if !matches!(input.ty, TensorType::Int8 | TensorType::Int16) {
            return refuse(Types, "input->type == kTfLiteInt8 || input->type == kTfLiteInt16");
        }
        if !matches!(filter.ty, TensorType::Int8 | TensorType::Int4) {
            return refuse(Types, "filter->type == kTfLiteInt8 || filter->type == kTfLiteInt4");
        }
        if n_scales != channels {
            return refuse(Quantization, "affine_quantization->scale->size == num_channels");
        }
        let dimension = usize::try_from(quantized.dimension).unwrap_or(usize::MAX);
        if filter.dim(dimension)? != channels {
            return refuse(
                Shape,
                "num_channels == filter->dims->data[affine_quantization->quantized_dimension]",
            );
        }
    }
    let effective = |scale: f32| f64::from(input.scale) * f64::from(scale) / f64::from(output.scale);
    for scale in quantized.scales {
        multiplier(context, effective(*scale))?;
    }
    if input.ty == TensorType::Uint8 {
        let bias_scale = bias.map(|bias| bias.scale);
        convolution_multiplier(context, input.scale, filter.scale, bias_scale, output.scale)?;
        multiplier(context, f64::from(input.scale * filter.scale) / f64::from(output.scale))?;
    }
    if matches!(input.ty, TensorType::Int8 | TensorType::Uint8 | TensorType::Int16) {
        activation_range(context, output.ty, output.scale, context.operator.option_int(ACTIVATION))?;
    }
    Ok(())
}

/// The option that most operators with a fused activation have.
pub(super) const ACTIVATION: &str = "fused_activation_function";

/// `QuantizeMultiplier`: stops the chip unless the multiplier is a finite number. A PC goes on, because it turns
/// everything else into the smallest integer.
pub(super) fn multiplier(context: &Context, value: f64) -> Prepared {
    let passes = value.is_finite() || context.state.chip == Chip::Host64;
    context.assert(Quantization, passes, "q_fixed <= (1LL << 31) in QuantizeMultiplier")
}

/// `QuantizeMultiplierSmallerThanOneExp`: stops the chip unless the multiplier lies between 0 and 1.
pub(super) fn multiplier_below_one(context: &Context, value: f64) -> Prepared {
    let text = "0 < double_multiplier < 1 in QuantizeMultiplierSmallerThanOneExp";
    // A multiplier that rounds to 1 gets the shift 1, which the function asserts against.
    let rounds_below_one = (value * f64::from(1u32 << 31)).round() < f64::from(1u32 << 31);
    context.assert(Quantization, value > 0.0 && value < 1.0 && rounds_below_one, text)
}

/// `CheckedLog2`: the nearest whole logarithm, if the value is that power of two.
pub(super) fn checked_log2(value: f32) -> Option<i32> {
    let log2 = value.ln() * (1.0 / 2.0f32.ln());
    let rounded = log2.round();
    ((log2 - rounded).abs() < 1e-3).then_some(rounded as i32)
}
