//! Which arrays of weights each kind of layer has.

use super::LayerKind;

/// One array of a layer's weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArraySpec {
    /// Keras's name, such as `kernel`.
    pub name: &'static str,
    /// Keras's layout, the last dimension varying fastest.
    pub shape: Vec<usize>,
    /// Learned by following gradients; moving statistics are not.
    pub trainable: bool,
    /// How it begins and what holds it small.
    pub role: Role,
}

/// What an array is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Multiplies inputs: begins as the layer's initialiser says, and the regularisers hold it.
    Kernel {
        /// Inputs of one output.
        fan_in: usize,
        /// Outputs of one input.
        fan_out: usize,
    },
    /// Multiplies the outputs of the step before: begins orthogonal.
    Recurrent,
    /// Is added: begins at 0.
    Bias,
    /// Is added in the gates of an LSTM: begins at 0, the second quarter (the forget gate) at 1.
    GateBias,
    /// Begins at 1: gamma and the moving variance.
    One,
    /// Begins at 0: beta and the moving mean.
    Zero,
}

impl ArraySpec {
    /// Number of values; `u64::MAX` where it does not fit.
    pub fn element_count(&self) -> u64 {
        self.shape.iter().fold(1, |product: u64, size| product.saturating_mul(*size as u64))
    }
}

/// The arrays of a layer that reads inputs of these shapes, in Keras's order; none for kinds that learn nothing.
///
/// Shapes have to be such that the layer has an output shape.
pub fn arrays(kind: &LayerKind, inputs: &[&[usize]]) -> Vec<ArraySpec> {
    let channels = inputs.first().and_then(|shape| shape.last()).copied().unwrap_or(0);
    match kind {
        LayerKind::Dense { units, weights, .. } => {
            let fans = (channels, *units);
            with_bias(vec![kernel("kernel", vec![channels, *units], fans)], weights.bias, *units)
        }
        LayerKind::Conv1D { filters, kernel: taps, weights, .. } => {
            let shape = vec![*taps, channels, *filters];
            let fans = (taps.saturating_mul(channels), taps.saturating_mul(*filters));
            with_bias(vec![kernel("kernel", shape, fans)], weights.bias, *filters)
        }
        LayerKind::Conv2D { filters, kernel: [height, width], weights, .. } => {
            let taps = height.saturating_mul(*width);
            let shape = vec![*height, *width, channels, *filters];
            let fans = (taps.saturating_mul(channels), taps.saturating_mul(*filters));
            with_bias(vec![kernel("kernel", shape, fans)], weights.bias, *filters)
        }
        LayerKind::DepthwiseConv2D { kernel: [height, width], depth_multiplier, weights, .. } => {
            let depthwise = depthwise_kernel([*height, *width], channels, *depth_multiplier);
            with_bias(vec![depthwise], weights.bias, channels.saturating_mul(*depth_multiplier))
        }
        LayerKind::SeparableConv2D {
            filters, kernel: [height, width], depth_multiplier, weights, ..
        } => {
            let between = channels.saturating_mul(*depth_multiplier);
            let depthwise = depthwise_kernel([*height, *width], channels, *depth_multiplier);
            let pointwise = kernel("pointwise_kernel", vec![1, 1, between, *filters], (between, *filters));
            with_bias(vec![depthwise, pointwise], weights.bias, *filters)
        }
        LayerKind::BatchNorm { .. } => {
            let array = |name, trainable, role| ArraySpec { name, shape: vec![channels], trainable, role };
            vec![
                array("gamma", true, Role::One),
                array("beta", true, Role::Zero),
                array("moving_mean", false, Role::Zero),
                array("moving_variance", false, Role::One),
            ]
        }
        LayerKind::Lstm { units, weights, .. } => {
            let gates = units.saturating_mul(4);
            let mut arrays = vec![
                kernel("kernel", vec![channels, gates], (channels, gates)),
                ArraySpec {
                    name: "recurrent_kernel",
                    shape: vec![*units, gates],
                    trainable: true,
                    role: Role::Recurrent,
                },
            ];
            if weights.bias {
                arrays.push(ArraySpec {
                    name: "bias",
                    shape: vec![gates],
                    trainable: true,
                    role: Role::GateBias,
                });
            }
            arrays
        }
        LayerKind::Input { .. }
        | LayerKind::Pool1D { .. }
        | LayerKind::Pool2D { .. }
        | LayerKind::GlobalPool { .. }
        | LayerKind::Activation { .. }
        | LayerKind::Dropout { .. }
        | LayerKind::Flatten {}
        | LayerKind::Reshape { .. }
        | LayerKind::ZeroPadding { .. }
        | LayerKind::UpSampling { .. }
        | LayerKind::Merge { .. }
        | LayerKind::Concatenate { .. } => Vec::new(),
    }
}

fn kernel(name: &'static str, shape: Vec<usize>, (fan_in, fan_out): (usize, usize)) -> ArraySpec {
    ArraySpec { name, shape, trainable: true, role: Role::Kernel { fan_in, fan_out } }
}

/// Keras computes the fans of a depthwise kernel from its shape as those of any convolution's: the last two sizes count as
/// inputs and outputs.
fn depthwise_kernel([height, width]: [usize; 2], channels: usize, multiplier: usize) -> ArraySpec {
    let taps = height.saturating_mul(width);
    let fans = (taps.saturating_mul(channels), taps.saturating_mul(multiplier));
    kernel("depthwise_kernel", vec![height, width, channels, multiplier], fans)
}

fn with_bias(mut arrays: Vec<ArraySpec>, has_bias: bool, size: usize) -> Vec<ArraySpec> {
    if has_bias {
        arrays.push(ArraySpec { name: "bias", shape: vec![size], trainable: true, role: Role::Bias });
    }
    arrays
}
