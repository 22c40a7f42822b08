//! The geometry of convolutions and pooling: what slides over what.

use super::{Context, Prepared, TempTensor, Trouble};
use crate::model::Operator;

/// A filter that slides over an image, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub input_width: i64,
    pub input_height: i64,
    pub input_channels: i64,
    pub filter_width: i64,
    pub filter_height: i64,
    pub output_width: i64,
    pub output_height: i64,
    pub output_channels: i64,
    pub stride_width: i64,
    pub stride_height: i64,
    /// Columns of padding on the left.
    pub pad_width: i64,
    /// Rows of padding at the top.
    pub pad_height: i64,
    /// Output channels per input channel of a depthwise convolution.
    pub channel_multiplier: i64,
}

/// `Padding` in the schema.
const PADDING_SAME: i64 = 0;
const PADDING_VALID: i64 = 1;

/// Rows or columns before the image and those of the output, as TFLM computes both from the options.
///
/// Source: esp-tflite-micro 99f49e14, `tensorflow/lite/kernels/padding.h`, `ComputeOutSize`,
/// `ComputePaddingWithOffset`.
pub(in crate::plan) fn padding_and_output(
    padding: Option<i64>,
    image: i64,
    filter: i64,
    stride: i64,
    dilation: i64,
) -> (i64, i64) {
    let effective = (filter - 1).saturating_mul(dilation).saturating_add(1);
    let output = match padding {
        _ if stride == 0 => 0,
        Some(PADDING_SAME) => image.saturating_add(stride - 1) / stride,
        Some(PADDING_VALID) => image.saturating_add(stride).saturating_sub(effective) / stride,
        _ => 0,
    };
    let total = (output - 1).saturating_mul(stride).saturating_add(effective).saturating_sub(image);
    (total.max(0) / 2, output)
}

impl Window {
    /// The window of a convolution with the options of the operator: input [batch, height, width, channels], filter
    /// [_, height, width, _]; `None` unless all three shapes have four dimensions.
    pub fn new(operator: &Operator, input: &[i32], filter: &[i32], output: &[i32]) -> Option<Self> {
        let four = |dims: &[i32]| <[i32; 4]>::try_from(dims).ok().map(|dims| dims.map(i64::from));
        let ([_, input_height, input_width, input_channels], filter, output) =
            (four(input)?, four(filter)?, four(output)?);
        let (stride_width, stride_height) =
            (operator.option_int("stride_w"), operator.option_int("stride_h"));
        let padding = operator.options.as_ref().map(|options| options.int("padding"));
        let along = |image: i64, filter: i64, stride: i64, dilation: &str| {
            padding_and_output(padding, image, filter, stride, operator.option_int(dilation)).0
        };
        Some(Self {
            input_width,
            input_height,
            input_channels,
            filter_width: filter[2],
            filter_height: filter[1],
            output_width: output[2],
            output_height: output[1],
            output_channels: output[3],
            stride_width,
            stride_height,
            pad_width: along(input_width, filter[2], stride_width, "dilation_w_factor"),
            pad_height: along(input_height, filter[1], stride_height, "dilation_h_factor"),
            channel_multiplier: operator.option_int("depth_multiplier"),
        })
    }

    /// The window of the convolution that is being prepared.
    pub(in crate::plan) fn of_convolution(
        context: &Context,
        input: &TempTensor,
        filter: &TempTensor,
        output: &TempTensor,
    ) -> Prepared<Self> {
        let window = Self::new(context.operator, &input.dims, &filter.dims, &output.dims);
        let text = "input, filter and output have 4 dimensions";
        match window {
            Some(window) => Ok(window),
            None => context.refuse(Trouble::Shape, format!("{}: {text} was not true.", context.file)),
        }
    }
}
