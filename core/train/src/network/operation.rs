//! What nodes compute, with the places of their parameters.

use emberlab_core::layers::{MergeOperation, PoolMode};

use super::convolution::Window;
use super::simple::Interpolated;

/// What a node computes, activation apart. Numbers named after arrays are places among the network's parameters.
pub(super) enum Operation {
    /// Samples of the input with this number enter.
    Input(usize),
    /// Fully connected over the last dimension.
    Dense { kernel: usize, bias: Option<usize> },
    /// Convolution; one over steps is one of height 1.
    Convolution { kernel: usize, bias: Option<usize>, window: Window },
    /// A convolution per channel.
    Depthwise { kernel: usize, bias: Option<usize>, window: Window, multiplier: usize },
    /// A convolution per channel, then one over channels.
    Separable { depthwise: usize, pointwise: usize, bias: Option<usize>, window: Window, multiplier: usize },
    /// The largest or mean value of windows.
    Pool { mode: PoolMode, window: Window },
    /// The largest or mean value of each channel.
    GlobalPool(PoolMode),
    /// Batch normalisation.
    BatchNorm(BatchNorm),
    /// Nothing: the node is its activation.
    Nothing,
    /// Leaves values out while training.
    Dropout { rate: f32 },
    /// The same values in another shape.
    Reshape,
    /// Zeros above and below, left and right.
    ZeroPadding([(usize, usize); 2]),
    /// More values along height and width.
    UpSampling(Interpolated),
    /// Number by number over several inputs.
    Merge(MergeOperation),
    /// Side by side along an axis of one sample.
    Concatenate { axis: usize },
    /// Long short-term memory.
    Lstm { kernel: usize, recurrent: usize, bias: Option<usize>, units: usize, sequences: bool },
}

/// Places and settings of a batch normalisation.
pub(super) struct BatchNorm {
    pub gamma: usize,
    pub beta: usize,
    pub moving_mean: usize,
    pub moving_variance: usize,
    /// How much of the moving statistics stays at each step.
    pub momentum: f32,
    /// Added to the variance.
    pub epsilon: f32,
}
