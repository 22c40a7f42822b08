//! CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and pooling.

use super::Trouble::{Arity, Quantization, Shape, Types};
use super::quantized::convolution_params;
use super::{Context, Prepared, TempTensor, Window};
use crate::model::TensorType::{Float32, Int4, Int8, Int16};
use crate::plan::graph::{type_name, type_number};

const HYBRID: &str = "Hybrid models are not supported on TFLite Micro.";

/// `conv_common.cc`, and `esp_nn/conv.cc` with ESP-NN; filter [output channels, height, width, input channels].
pub(super) fn conv_2d(context: &mut Context) -> Prepared {
    const CHANNELS: usize = 0;
    let output = context.output(0)?;
    let input = context.input(0)?;
    let filter = context.input(1)?;
    if context.state.kernels.esp_nn.is_some() {
        let (channels, filter_channels) = (input.dim(3)?, filter.dim(3)?);
        context.ensure(Shape, filter_channels > 0, "filter_input_channels > 0")?;
        let text = "input_channels % filter_input_channels != 0";
        context.ensure_eq(Shape, channels % filter_channels, 0, text)?;
    }
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    let is_supported =
        matches!((input.ty, filter.ty), (Float32, Float32) | (Int16, Int8) | (Int8, Int8) | (Int8, Int4));
    context.ensure_msg(Types, is_supported, HYBRID)?;
    let window = Window::of_convolution(context, &input, &filter, &output)?;
    let channels = filter.dim(CHANNELS)?;
    channel_tables(context, channels)?;
    if matches!(input.ty, Int8 | Int16) {
        scales_match_channels(context, &filter, channels)?;
    }
    op_data(context, 2, 3, CHANNELS, &input)?;
    unpacked_filter(context, &filter)?;
    if let Some(esp_nn) = context.state.kernels.esp_nn
        && input.ty == Int8
    {
        request(context, (esp_nn.convolution_scratch)(context.state.chip, &window))?;
    }
    Ok(())
}

/// `depthwise_conv_common.cc`, and `esp_nn/depthwise_conv.cc` with ESP-NN; filter [1, height, width, channels].
pub(super) fn depthwise_conv_2d(context: &mut Context) -> Prepared {
    const CHANNELS: usize = 3;
    let output = context.output(0)?;
    let input = context.input(0)?;
    let filter = context.input(1)?;
    if context.state.kernels.esp_nn.is_some() {
        for (tensor, name) in [(&input, "input"), (&filter, "filter"), (&output, "output")] {
            context.ensure_eq(Shape, tensor.rank(), 4, &format!("{name}->dims->size != 4"))?;
        }
        for (option, name) in [("dilation_h_factor", "height"), ("dilation_w_factor", "width")] {
            let factor = context.operator.option_int(option);
            context.ensure(Shape, factor > 0, &format!("params.dilation_{name}_factor > 0"))?;
        }
        context.ensure_eq(Shape, filter.dim(0)?, 1, "filter->dims->data[0] != 1")?;
        let channels = input.dim(3)?;
        context.ensure(Shape, channels != 0, "num_input_channels != 0")?;
        let rest = filter.dim(3)? % channels;
        context.ensure_eq(Shape, rest, 0, "num_filter_channels % num_input_channels != 0")?;
    }
    let window = Window::of_convolution(context, &input, &filter, &output)?;
    let channels = filter.dim(CHANNELS)?;
    channel_tables(context, channels)?;
    if input.ty == Int8 {
        // TFLM spreads a single zero point over all scales before it compares their numbers: they are always equal.
        scales_match_channels(context, &filter, channels)?;
    }
    let is_supported = input.ty == filter.ty || matches!((input.ty, filter.ty), (Int8, Int4) | (Int16, Int8));
    context.ensure_msg(Types, is_supported, HYBRID)?;
    unpacked_filter(context, &filter)?;
    op_data(context, 2, 3, CHANNELS, &input)?;
    if let Some(esp_nn) = context.state.kernels.esp_nn
        && input.ty == Int8
    {
        request(context, (esp_nn.depthwise_scratch)(context.state.chip, &window))?;
    }
    Ok(())
}

/// `CalculateOpDataConv` and `CalculateOpDataDepthwiseConv`.
fn op_data(
    context: &mut Context,
    least: usize,
    most: usize,
    channels: usize,
    first: &TempTensor,
) -> Prepared {
    let n_inputs = context.n_inputs();
    let text = "has_bias || node->inputs->size == 2";
    context.ensure(Arity, n_inputs == least || n_inputs == most, text)?;
    context.ensure_eq(Arity, context.n_outputs(), 1, "node->outputs->size != 1")?;
    let input = context.input(0)?;
    let filter = context.input(1)?;
    let bias = context.optional_input(2)?;
    let output = context.output(0)?;
    if first.ty != Float32 {
        convolution_params(context, &input, &filter, bias.as_ref(), &output, filter.dim(channels)?)?;
    }
    Ok(())
}

/// `transpose_conv.cc`; inputs: output shape, filter [output channels, height, width, input channels], input, bias.
pub(super) fn transpose_conv(context: &mut Context) -> Prepared {
    const CHANNELS: usize = 0;
    const FILTER: usize = 1;
    const INPUT: usize = 2;
    const BIAS: usize = 3;
    let output = context.output(0)?;
    let input = context.input(INPUT)?;
    let filter = context.input(FILTER)?;
    let is_supported = input.ty == filter.ty || (input.ty, filter.ty) == (Int16, Int8);
    context.ensure_msg(Types, is_supported, HYBRID)?;
    for tensor in [&output, &filter] {
        tensor.dim(1)?;
        tensor.dim(2)?;
    }
    let channels = filter.dim(CHANNELS)?;
    channel_tables(context, channels)?;
    match input.ty {
        Int8 => context.scratch(output.elements(), 4)?,
        Int16 => context.scratch(output.elements(), 8)?,
        _ => {}
    }
    if matches!(input.ty, Int8 | Int16) {
        scales_match_channels(context, &filter, channels)?;
    }
    let n_inputs = context.n_inputs();
    context.ensure(Arity, n_inputs == 3 || n_inputs == 4, "has_bias || node->inputs->size == 3")?;
    context.ensure_eq(Arity, context.n_outputs(), 1, "node->outputs->size != 1")?;
    if input.ty != Float32 {
        let input = context.input(INPUT)?;
        let filter = context.input(FILTER)?;
        let bias = context.optional_input(BIAS)?;
        let output = context.output(0)?;
        convolution_params(context, &input, &filter, bias.as_ref(), &output, filter.dim(CHANNELS)?)?;
        if input.ty == Int16 {
            context.debug_assert(Types, filter.ty == Int8, "filter->type == kTfLiteInt8")?;
            context.debug_assert(Types, output.ty == Int16, "output->type == kTfLiteInt16")?;
            if let Some(bias) = bias.filter(|bias| bias.ty == Int16) {
                context.scratch(bias.elements(), 8)?;
            }
        }
    }
    Ok(())
}

/// `pooling_common.cc`: AVERAGE_POOL_2D and MAX_POOL_2D.
pub(super) fn pool_2d(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    let output = context.output(0)?;
    input.dim(1)?;
    input.dim(2)?;
    if matches!(input.ty, Int8 | Int16) {
        let difference = f64::from((input.scale - output.scale).abs());
        context.ensure(Quantization, difference <= 1.0e-6, "scale_diff <= 1.0e-6")?;
        let text = "input->params.zero_point == output->params.zero_point";
        context.ensure(Quantization, input.zero_point == output.zero_point, text)?;
    }
    match input.ty {
        // The kernel does not look at what this check says.
        Int8 | Int16 | Float32 => Ok(()),
        ty => context.refuse(Types, format!("Type {} ({}) not supported.", type_name(ty), type_number(ty))),
    }
}

/// `l2_pool_2d.cc`.
pub(super) fn l2_pool_2d(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    let output = context.output(0)?;
    let input = context.input(0)?;
    context.ensure_eq(Shape, input.rank(), 4, "NumDimensions(input) != kTensorShapeRank")?;
    context.ensure_eq(Shape, output.rank(), 4, "NumDimensions(output) != kTensorShapeRank")?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    let options = context.operator;
    let padding = options.options.as_ref().map(|options| options.int("padding"));
    let along = |dim: usize, filter: &str, stride: &str| -> Prepared<i64> {
        let (filter, stride) = (options.option_int(filter), options.option_int(stride));
        Ok(super::window::padding_and_output(padding, input.dim(dim)?, filter, stride, 1).1)
    };
    let height = along(1, "filter_height", "stride_h")?;
    let width = along(2, "filter_width", "stride_w")?;
    context.ensure_types(input.ty, Float32, "input->type != kTfLiteFloat32")?;
    context.set_output_dims(0, vec![input.dim(0)?, height, width, input.dim(3)?])
}

/// Multiplier and shift of every output channel.
pub(super) fn channel_tables(context: &mut Context, channels: i64) -> Prepared {
    context.persistent_elements(channels, 4)?;
    context.persistent_elements(channels, 4)
}

fn scales_match_channels(context: &Context, filter: &TempTensor, channels: i64) -> Prepared {
    let Some(quantized) = filter.quantized else {
        let text = "filter->quantization.type == kTfLiteAffineQuantization";
        return context.ensure(Quantization, false, text);
    };
    let n_scales = quantized.scales.len() as i64;
    let text = "affine_quantization->scale->size == 1 || affine_quantization->scale->size == channels";
    context.ensure(Quantization, n_scales == 1 || n_scales == channels, text)
}

/// A 4-bit filter is unpacked to a byte per weight before each run.
pub(super) fn unpacked_filter(context: &mut Context, filter: &TempTensor) -> Prepared {
    if filter.ty == Int4 { context.scratch(filter.elements(), 1) } else { Ok(()) }
}

fn request(context: &mut Context, bytes: i64) -> Prepared {
    if bytes > 0 { context.scratch(bytes, 1) } else { Ok(()) }
}
