//! The largest or mean value of windows, or of all places.

use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Tensor, module};
use emberlab_core::layers::PoolMode;

use super::convolution::Window;
use super::value::{Value, spatial};

/// The largest or mean value of windows; padding does not count in means.
pub(super) fn pool(value: Value, mode: PoolMode, window: Window, shape: &[usize]) -> Value {
    let [height, width, _] = spatial(value.shape());
    let pads = window.pads([height, width]);
    let tensor = value.into_first();
    let pooled = match mode {
        PoolMode::Max => {
            let options =
                MaxPoolOptions::new(window.size).with_stride(window.stride).with_padding_pairs(pads);
            module::max_pool2d(tensor, options)
        }
        PoolMode::Average => {
            let options =
                AvgPoolOptions::new(window.size).with_stride(window.stride).with_padding_pairs(pads);
            module::avg_pool2d(tensor, options.with_count_include_pad(false))
        }
    };
    Value::first(pooled, shape)
}

/// The largest or mean value of each channel.
pub(super) fn global_pool(value: Value, mode: PoolMode, shape: &[usize]) -> Value {
    let ([height, width, channels], samples) = (spatial(value.shape()), value.samples());
    let places = height * width;
    let (tensor, axis): (Tensor<3>, usize) = if value.is_first() {
        (value.into_first().reshape([samples, channels, places]), 2)
    } else {
        (value.into_last().reshape([samples, places, channels]), 1)
    };
    let pooled = match mode {
        PoolMode::Max => tensor.max_dim(axis),
        PoolMode::Average => tensor.mean_dim(axis),
    };
    Value::rows(pooled.reshape([samples, channels]), shape)
}
