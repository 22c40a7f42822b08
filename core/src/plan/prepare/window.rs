//! The geometry of convolutions and pooling: what slides over what.

use super::{Context, Prepared, TempTensor};

/// A filter that slides over an image, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) struct Window {
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
    /// [_, height, width, _].
    pub fn of_convolution(
        context: &Context,
        input: &TempTensor,
        filter: &TempTensor,
        output: &TempTensor,
    ) -> Prepared<Self> {
        let options = context.operator;
        let (stride_width, stride_height) = (options.option_int("stride_w"), options.option_int("stride_h"));
        let padding = options.options.as_ref().map(|options| options.int("padding"));
        let along = |dim: usize, stride: i64, dilation: &str| -> Prepared<i64> {
            let dilation = options.option_int(dilation);
            Ok(padding_and_output(padding, input.dim(dim)?, filter.dim(dim)?, stride, dilation).0)
        };
        Ok(Self {
            input_width: input.dim(2)?,
            input_height: input.dim(1)?,
            input_channels: input.dim(3)?,
            filter_width: filter.dim(2)?,
            filter_height: filter.dim(1)?,
            output_width: output.dim(2)?,
            output_height: output.dim(1)?,
            output_channels: output.dim(3)?,
            stride_width,
            stride_height,
            pad_width: along(2, stride_width, "dilation_w_factor")?,
            pad_height: along(1, stride_height, "dilation_h_factor")?,
            channel_multiplier: options.option_int("depth_multiplier"),
        })
    }
}
