//! Convolutions, by Keras's rules for padding.

use burn::tensor::ops::ConvOptions;
use burn::tensor::{FloatDType, Tensor, module};
use emberlab_core::layers::Padding;

use super::value::{Value, spatial};

/// Where windows lie: height, then width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub size: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    pub padding: Padding,
}

impl Window {
    /// A window over steps.
    pub fn steps(size: usize, stride: usize, dilation: usize, padding: Padding) -> Self {
        Self { size: [1, size], stride: [1, stride], dilation: [1, dilation], padding }
    }

    /// Rows above and below, columns left and right, for an input of this size. As in TensorFlow, what cannot be shared
    /// evenly goes to the end.
    pub fn pads(&self, input: [usize; 2]) -> [(usize, usize); 2] {
        match self.padding {
            Padding::Valid => [(0, 0); 2],
            Padding::Same => [0, 1].map(|axis| {
                let outputs = input[axis].div_ceil(self.stride[axis]);
                let reach = (self.size[axis] - 1) * self.dilation[axis] + 1;
                let total =
                    ((outputs.saturating_sub(1)) * self.stride[axis] + reach).saturating_sub(input[axis]);
                (total / 2, total - total / 2)
            }),
        }
    }

    /// Each output comes from one place of the input, in the same order.
    fn is_point(&self) -> bool {
        self.size == [1, 1] && self.stride == [1, 1]
    }
}

/// Convolution with a kernel `[height, width, inputs, filters]`.
pub(super) fn convolution(
    value: Value,
    kernel: Tensor<1>,
    bias: Option<Tensor<1>>,
    window: Window,
    shape: &[usize],
    half: bool,
) -> Value {
    let [height, width, inputs] = spatial(value.shape());
    let [.., filters] = spatial(shape);
    if window.is_point() {
        return dense(value, kernel, bias, shape, half);
    }
    let [rows, columns] = window.size;
    let kernel = kernel.reshape([rows, columns, inputs, filters]).permute([3, 2, 0, 1]);
    let options =
        ConvOptions::new_with_padding(window.stride, window.pads([height, width]), window.dilation, 1);
    Value::first(convolve(value.into_first(), kernel, bias, options, half), shape)
}

/// A convolution per channel with a kernel `[height, width, channels, multiplier]`.
pub(super) fn depthwise(
    value: Value,
    kernel: Tensor<1>,
    bias: Option<Tensor<1>>,
    window: Window,
    multiplier: usize,
    shape: &[usize],
    half: bool,
) -> Value {
    let [height, width, channels] = spatial(value.shape());
    let [rows, columns] = window.size;
    let kernel = kernel.reshape([rows, columns, channels, multiplier]).permute([2, 3, 0, 1]).reshape([
        channels * multiplier,
        1,
        rows,
        columns,
    ]);
    let pads = window.pads([height, width]);
    let options = ConvOptions::new_with_padding(window.stride, pads, window.dilation, channels);
    Value::first(convolve(value.into_first(), kernel, bias, options, half), shape)
}

fn convolve(
    tensor: Tensor<4>,
    kernel: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
    half: bool,
) -> Tensor<4> {
    if half {
        let bias = bias.map(|bias| bias.cast(FloatDType::F16));
        let output =
            module::conv2d(tensor.cast(FloatDType::F16), kernel.cast(FloatDType::F16), bias, options);
        return output.cast(FloatDType::F32);
    }
    module::conv2d(tensor, kernel, bias, options)
}

/// Fully connected over the channels, with a kernel `[channels, units]`. A convolution over single places is one too, and
/// several times faster so.
pub(super) fn dense(
    value: Value,
    kernel: Tensor<1>,
    bias: Option<Tensor<1>>,
    shape: &[usize],
    half: bool,
) -> Value {
    let samples = value.samples();
    let ([.., inputs], [height, width, units]) = (spatial(value.shape()), spatial(shape));
    let output = linear(value.into_places(), kernel.reshape([inputs, units]), bias, half);
    Value::last(output.reshape([samples, height, width, units]), shape)
}

/// `input * kernel + bias`.
pub(super) fn linear(input: Tensor<2>, kernel: Tensor<2>, bias: Option<Tensor<1>>, half: bool) -> Tensor<2> {
    if half {
        let bias = bias.map(|bias| bias.cast(FloatDType::F16));
        let output = module::linear(input.cast(FloatDType::F16), kernel.cast(FloatDType::F16), bias);
        return output.cast(FloatDType::F32);
    }
    module::linear(input, kernel, bias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_is_tensorflows() {
        let check = |size, stride, dilation, input, expected: (usize, usize)| {
            let window = Window::steps(size, stride, dilation, Padding::Same);
            assert_eq!(window.pads([1, input]), [(0, 0), expected], "{window:?} {input}");
        };
        check(3, 1, 1, 10, (1, 1));
        check(2, 1, 1, 10, (0, 1));
        check(4, 1, 1, 10, (1, 2));
        check(3, 2, 1, 10, (0, 1));
        check(3, 2, 1, 11, (1, 1));
        check(5, 3, 1, 7, (2, 2));
        check(3, 1, 2, 10, (2, 2));
        check(1, 2, 1, 10, (0, 0));
        check(2, 3, 1, 9, (0, 0));
    }
}
