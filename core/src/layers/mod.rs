//! What the editor edits: one graph of layers, as Keras users know them.
//!
//! A [`LayerGraph`] is a value. Edits make a new one, so that undo is a list of graphs. Shapes are without the batch
//! dimension, channels last.

mod arrays;
mod costs;
mod edit;
mod generator;
mod history;
mod initial;
mod keras;
mod lower;
mod output_shape;
pub mod reference;
mod shapes;
mod summary;
pub mod templates;
pub mod testing;
mod weights;

use serde::{Deserialize, Serialize};

pub use arrays::{ArraySpec, Role, arrays};
pub use costs::{Costs, costs};
pub use edit::{Edit, EditError};
pub use history::History;
pub use initial::initial_weights;
pub use keras::keras_code;
pub use lower::{
    LowerError, Lowered, LoweringOptions, lower, lower_int8_placeholder, lower_int8_placeholder_with,
};
pub use shapes::{LayerProblem, LayerShape, MAX_ELEMENTS, MAX_RANK, Parameters, Shapes, shape_text, shapes};
pub use summary::{Summary, SummaryRow, summary};
pub use weights::{Array, Weights};

/// A network as a graph of layers.
///
/// Layers stand in the order in which they were added; their `inputs` name the layers they read. Nothing else is an edge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerGraph {
    /// Name of the network.
    #[serde(default)]
    pub name: String,
    /// All layers. A layer may stand before those that it reads.
    #[serde(default)]
    pub layers: Vec<Layer>,
    /// Layers whose outputs the network gives, in order; empty stands for every layer that no other reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<LayerId>,
}

/// Identity of a layer; never used twice in one graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LayerId(pub u32);

/// One layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Identity.
    pub id: LayerId,
    /// Name, unique in the graph: weights are kept under it, and tensors of the exported file are named after it.
    pub name: String,
    /// The layers that it reads, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<LayerId>,
    /// Where the user put it on the canvas, in points; `None` lets the layout decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<[f32; 2]>,
    /// What it computes.
    #[serde(flatten)]
    pub kind: LayerKind,
}

/// What a layer computes. Names and defaults are those of Keras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer")]
pub enum LayerKind {
    /// Samples enter here; `shape` is that of one sample.
    Input {
        /// Without the batch dimension, channels last.
        shape: Vec<usize>,
    },
    /// Fully connected over the last dimension.
    Dense {
        /// Outputs.
        units: usize,
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
        /// Weights and bias.
        #[serde(default)]
        weights: WeightOptions,
    },
    /// Convolution over `[steps, channels]`.
    Conv1D {
        /// Output channels.
        filters: usize,
        /// Taps.
        kernel: usize,
        /// Steps between windows.
        #[serde(default = "one")]
        stride: usize,
        /// What happens at the ends.
        #[serde(default)]
        padding: Padding,
        /// Steps between taps.
        #[serde(default = "one")]
        dilation: usize,
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
        /// Weights and bias.
        #[serde(default)]
        weights: WeightOptions,
    },
    /// Convolution over `[height, width, channels]`.
    Conv2D {
        /// Output channels.
        filters: usize,
        /// Taps: height, width.
        kernel: [usize; 2],
        /// Steps between windows: height, width.
        #[serde(default = "ones")]
        stride: [usize; 2],
        /// What happens at the edges.
        #[serde(default)]
        padding: Padding,
        /// Steps between taps: height, width.
        #[serde(default = "ones")]
        dilation: [usize; 2],
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
        /// Weights and bias.
        #[serde(default)]
        weights: WeightOptions,
    },
    /// A convolution per channel.
    DepthwiseConv2D {
        /// Taps: height, width.
        kernel: [usize; 2],
        /// Steps between windows: height, width.
        #[serde(default = "ones")]
        stride: [usize; 2],
        /// What happens at the edges.
        #[serde(default)]
        padding: Padding,
        /// Output channels per input channel.
        #[serde(default = "one")]
        depth_multiplier: usize,
        /// Steps between taps: height, width.
        #[serde(default = "ones")]
        dilation: [usize; 2],
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
        /// Weights and bias.
        #[serde(default)]
        weights: WeightOptions,
    },
    /// A convolution per channel without bias, then a 1×1 convolution.
    SeparableConv2D {
        /// Output channels.
        filters: usize,
        /// Taps: height, width.
        kernel: [usize; 2],
        /// Steps between windows: height, width.
        #[serde(default = "ones")]
        stride: [usize; 2],
        /// What happens at the edges.
        #[serde(default)]
        padding: Padding,
        /// Output channels of the first convolution per input channel.
        #[serde(default = "one")]
        depth_multiplier: usize,
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
        /// Weights and bias.
        #[serde(default)]
        weights: WeightOptions,
    },
    /// The largest or mean value of windows over `[steps, channels]`.
    Pool1D {
        /// Largest or mean.
        mode: PoolMode,
        /// Steps of a window.
        #[serde(default = "two")]
        size: usize,
        /// Steps between windows; `None` stands for `size`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<usize>,
        /// What happens at the ends.
        #[serde(default)]
        padding: Padding,
    },
    /// The largest or mean value of windows over `[height, width, channels]`.
    Pool2D {
        /// Largest or mean.
        mode: PoolMode,
        /// A window: height, width.
        #[serde(default = "twos")]
        size: [usize; 2],
        /// Steps between windows; `None` stands for `size`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<[usize; 2]>,
        /// What happens at the edges.
        #[serde(default)]
        padding: Padding,
    },
    /// The largest or mean value of each channel, over `[steps, channels]` or `[height, width, channels]`.
    GlobalPool {
        /// Largest or mean.
        mode: PoolMode,
    },
    /// Batch normalisation over the last dimension.
    BatchNorm {
        /// How much of the moving statistics stays at each step.
        #[serde(default = "batch_norm_momentum")]
        momentum: f32,
        /// Added to the variance.
        #[serde(default = "batch_norm_epsilon")]
        epsilon: f32,
    },
    /// An activation as a layer of its own.
    Activation {
        /// Which one.
        activation: Activation,
    },
    /// Leaves values out while training.
    Dropout {
        /// The share left out.
        rate: f32,
    },
    /// All values in one dimension.
    Flatten {},
    /// The same values in another shape.
    Reshape {
        /// Without the batch dimension.
        shape: Vec<usize>,
    },
    /// Zeros around `[steps, channels]` (first pair) or `[height, width, channels]`.
    ZeroPadding {
        /// Rows above and below, columns left and right; for one dimension only the first pair counts.
        padding: [[usize; 2]; 2],
    },
    /// Repeats values along steps, or height and width.
    UpSampling {
        /// How often: height, width; for one dimension only the first counts.
        factors: [usize; 2],
        /// Nearest value or bilinear.
        #[serde(default)]
        interpolation: Interpolation,
    },
    /// Element by element over two or more inputs of one shape.
    Merge {
        /// What is computed.
        operation: MergeOperation,
    },
    /// Puts inputs side by side.
    Concatenate {
        /// Axis without the batch dimension; negative counts from the end.
        #[serde(default = "last_axis")]
        axis: i32,
    },
    /// Long short-term memory over `[steps, channels]`.
    Lstm {
        /// Units.
        units: usize,
        /// The outputs of all steps, or of the last.
        #[serde(default)]
        return_sequences: bool,
        /// Weights and bias.
        #[serde(default)]
        weights: WeightOptions,
    },
}

/// What follows a sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing.
    #[default]
    Linear,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x` above 0, `slope * x` below.
    LeakyRelu {
        /// Slope below 0; Keras has 0.3 for the layer.
        slope: f32,
    },
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// Exponentials over their sum, along the last dimension.
    Softmax,
    /// `x * relu6(x + 3) / 6`.
    HardSwish,
}

/// What happens at the edges of windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Windows lie on the data.
    #[default]
    Valid,
    /// As many outputs as inputs, over the stride.
    Same,
}

/// Largest or mean value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolMode {
    /// The largest value.
    Max,
    /// The mean.
    Average,
}

/// How values between values come about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// The nearest value.
    #[default]
    Nearest,
    /// Bilinear, half-pixel centres as Keras has it.
    Bilinear,
}

/// What is computed element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeOperation {
    /// The sum of all inputs.
    Add,
    /// The first less the second; exactly two inputs.
    Subtract,
    /// The product of all inputs.
    Multiply,
    /// The mean of all inputs.
    Average,
    /// The largest of all inputs.
    Maximum,
}

/// How weights begin and what holds them small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WeightOptions {
    /// There is a bias.
    pub bias: bool,
    /// How weights begin; biases begin at 0 (the forget gate of an LSTM at 1, as in Keras).
    pub initializer: Initializer,
    /// Factor of the sum of absolute weights in the loss.
    pub l1: f32,
    /// Factor of the sum of squared weights in the loss.
    pub l2: f32,
}

/// How weights begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initializer {
    /// Uniform within `sqrt(6 / (fan_in + fan_out))`.
    #[default]
    GlorotUniform,
    /// Normal with deviation `sqrt(2 / (fan_in + fan_out))`, cut at two deviations.
    GlorotNormal,
    /// Uniform within `sqrt(6 / fan_in)`.
    HeUniform,
    /// Normal with deviation `sqrt(2 / fan_in)`, cut at two deviations.
    HeNormal,
    /// Uniform within `sqrt(3 / fan_in)`.
    LecunUniform,
    /// All zero.
    Zeros,
}

impl LayerGraph {
    /// The layer with the identity.
    pub fn layer(&self, id: LayerId) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.id == id)
    }
}

impl LayerKind {
    /// What people call it, such as `Conv2D` or `MaxPool2D`; Keras's name where Keras has one.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Input { .. } => "Input",
            Self::Dense { .. } => "Dense",
            Self::Conv1D { .. } => "Conv1D",
            Self::Conv2D { .. } => "Conv2D",
            Self::DepthwiseConv2D { .. } => "DepthwiseConv2D",
            Self::SeparableConv2D { .. } => "SeparableConv2D",
            Self::Pool1D { mode: PoolMode::Max, .. } => "MaxPool1D",
            Self::Pool1D { mode: PoolMode::Average, .. } => "AveragePool1D",
            Self::Pool2D { mode: PoolMode::Max, .. } => "MaxPool2D",
            Self::Pool2D { mode: PoolMode::Average, .. } => "AveragePool2D",
            Self::GlobalPool { mode: PoolMode::Max } => "GlobalMaxPool",
            Self::GlobalPool { mode: PoolMode::Average } => "GlobalAveragePool",
            Self::BatchNorm { .. } => "BatchNorm",
            Self::Activation { activation } => activation.label(),
            Self::Dropout { .. } => "Dropout",
            Self::Flatten {} => "Flatten",
            Self::Reshape { .. } => "Reshape",
            Self::ZeroPadding { .. } => "ZeroPadding",
            Self::UpSampling { .. } => "UpSampling",
            Self::Merge { operation } => operation.label(),
            Self::Concatenate { .. } => "Concatenate",
            Self::Lstm { .. } => "LSTM",
        }
    }

    /// The activation that the layer ends in or is; `None` for kinds without one.
    pub fn activation(&self) -> Option<Activation> {
        match self {
            Self::Dense { activation, .. }
            | Self::Conv1D { activation, .. }
            | Self::Conv2D { activation, .. }
            | Self::DepthwiseConv2D { activation, .. }
            | Self::SeparableConv2D { activation, .. }
            | Self::Activation { activation } => Some(*activation),
            Self::Input { .. }
            | Self::Pool1D { .. }
            | Self::Pool2D { .. }
            | Self::GlobalPool { .. }
            | Self::BatchNorm { .. }
            | Self::Dropout { .. }
            | Self::Flatten {}
            | Self::Reshape { .. }
            | Self::ZeroPadding { .. }
            | Self::UpSampling { .. }
            | Self::Merge { .. }
            | Self::Concatenate { .. }
            | Self::Lstm { .. } => None,
        }
    }

    /// Settings of weights and bias; `None` for kinds without a kernel.
    pub fn weight_options(&self) -> Option<&WeightOptions> {
        match self {
            Self::Dense { weights, .. }
            | Self::Conv1D { weights, .. }
            | Self::Conv2D { weights, .. }
            | Self::DepthwiseConv2D { weights, .. }
            | Self::SeparableConv2D { weights, .. }
            | Self::Lstm { weights, .. } => Some(weights),
            Self::Input { .. }
            | Self::Pool1D { .. }
            | Self::Pool2D { .. }
            | Self::GlobalPool { .. }
            | Self::BatchNorm { .. }
            | Self::Activation { .. }
            | Self::Dropout { .. }
            | Self::Flatten {}
            | Self::Reshape { .. }
            | Self::ZeroPadding { .. }
            | Self::UpSampling { .. }
            | Self::Merge { .. }
            | Self::Concatenate { .. } => None,
        }
    }

    /// How many inputs it takes: at least, at most.
    pub fn input_range(&self) -> (usize, usize) {
        output_shape::input_range(self)
    }
}

impl Activation {
    /// What people call it, such as `ReLU6`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Linear => "Linear",
            Self::Relu => "ReLU",
            Self::Relu6 => "ReLU6",
            Self::LeakyRelu { .. } => "LeakyReLU",
            Self::Sigmoid => "Sigmoid",
            Self::Tanh => "Tanh",
            Self::Softmax => "Softmax",
            Self::HardSwish => "HardSwish",
        }
    }
}

impl MergeOperation {
    /// The name of the layer.
    pub fn label(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Subtract => "Subtract",
            Self::Multiply => "Multiply",
            Self::Average => "Average",
            Self::Maximum => "Maximum",
        }
    }
}

impl Default for WeightOptions {
    fn default() -> Self {
        Self { bias: true, initializer: Initializer::default(), l1: 0.0, l2: 0.0 }
    }
}

fn one() -> usize {
    1
}

fn two() -> usize {
    2
}

fn ones() -> [usize; 2] {
    [1, 1]
}

fn twos() -> [usize; 2] {
    [2, 2]
}

fn last_axis() -> i32 {
    -1
}

fn batch_norm_momentum() -> f32 {
    0.99
}

fn batch_norm_epsilon() -> f32 {
    1e-3
}
