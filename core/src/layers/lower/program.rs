//! A network as operators of TensorFlow Lite, before types and scales: what float32 and int8 models have in common.

use crate::layers::{LayerId, Padding, PoolMode};

/// Operators in the order of execution, and the activations between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Program {
    pub activations: Vec<Activation>,
    pub steps: Vec<Step>,
    pub inputs: Vec<ActivationId>,
    pub outputs: Vec<ActivationId>,
}

/// An index into [`Program::activations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ActivationId(pub usize);

/// One tensor between operators.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Activation {
    pub name: String,
    /// With the batch dimension, which is 1.
    pub shape: Vec<usize>,
}

/// One operator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub operation: Operation,
    pub inputs: Vec<ActivationId>,
    pub output: ActivationId,
    pub fused: Fused,
    /// The layers that it computes, in the order of the graph's data flow.
    pub layers: Vec<LayerId>,
}

/// The activation function within an operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fused {
    #[default]
    None,
    Relu,
    Relu6,
}

/// What an operator computes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operation {
    /// Filter `[filters, height, width, channels]`, bias `[filters]`.
    Conv2D {
        window: Window,
        dilation: [usize; 2],
        filter: Constant,
        bias: Constant,
    },
    /// Filter `[1, height, width, channels * multiplier]`, bias `[channels * multiplier]`.
    DepthwiseConv2D {
        window: Window,
        dilation: [usize; 2],
        multiplier: usize,
        filter: Constant,
        bias: Constant,
    },
    /// Filter `[units, depth]`, bias `[units]`.
    FullyConnected {
        filter: Constant,
        bias: Option<Constant>,
    },
    Pool {
        mode: PoolMode,
        window: Window,
    },
    Add,
    Sub,
    Mul,
    Maximum,
    /// Times a constant that is repeated along the leading dimensions.
    MulConstant(Constant),
    /// Plus a constant that is repeated along the leading dimensions.
    AddConstant(Constant),
    /// Along an axis that counts the batch dimension.
    Concatenation {
        axis: usize,
    },
    /// Into the shape of the output.
    Reshape,
    /// Zeros before and after, for each dimension.
    Pad {
        paddings: Vec<[usize; 2]>,
    },
    ResizeNearest,
    ResizeBilinear,
    /// `[1, steps, units]` to `[1, units]`.
    LastStep,
    Relu,
    Relu6,
    LeakyRelu {
        slope: f32,
    },
    Logistic,
    Tanh,
    Softmax,
    HardSwish,
    Lstm(Box<Lstm>),
}

/// Gates in the order input, forget, cell, output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lstm {
    pub name: String,
    pub units: usize,
    /// `[units, inputs]` each.
    pub input_weights: [Constant; 4],
    /// `[units, units]` each.
    pub recurrent_weights: [Constant; 4],
    /// `[units]` each.
    pub biases: [Constant; 4],
}

/// Where a window slides; height, then width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub size: [usize; 2],
    pub stride: [usize; 2],
    pub padding: Padding,
}

/// Constant numbers of an operator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Constant {
    pub name: String,
    pub shape: Vec<usize>,
    /// `None` where only the structure is asked for.
    pub values: Option<Vec<f32>>,
}

impl Program {
    pub fn shape(&self, id: ActivationId) -> &[usize] {
        &self.activations[id.0].shape
    }

    /// A new activation.
    pub fn activation(&mut self, name: &str, shape: Vec<usize>) -> ActivationId {
        self.activations.push(Activation { name: name.to_owned(), shape });
        ActivationId(self.activations.len() - 1)
    }

    /// A new operator with an output of its own.
    pub fn step(
        &mut self,
        operation: Operation,
        inputs: Vec<ActivationId>,
        output: (&str, Vec<usize>),
        layer: LayerId,
    ) -> ActivationId {
        let output = self.activation(output.0, output.1);
        self.steps.push(Step { operation, inputs, output, fused: Fused::None, layers: vec![layer] });
        output
    }

    /// The operator that writes an activation; `None` for inputs.
    pub fn producer(&mut self, id: ActivationId) -> Option<&mut Step> {
        self.steps.iter_mut().rev().find(|step| step.output == id)
    }
}

impl Operation {
    /// All constants with numbers.
    pub fn constants(&self) -> Vec<&Constant> {
        match self {
            Self::Conv2D { filter, bias, .. } | Self::DepthwiseConv2D { filter, bias, .. } => {
                vec![filter, bias]
            }
            Self::FullyConnected { filter, bias } => [filter].into_iter().chain(bias).collect(),
            Self::MulConstant(constant) | Self::AddConstant(constant) => vec![constant],
            Self::Lstm(lstm) => {
                let all = [&lstm.input_weights, &lstm.recurrent_weights, &lstm.biases];
                all.into_iter().flatten().collect()
            }
            Self::Pool { .. }
            | Self::Add
            | Self::Sub
            | Self::Mul
            | Self::Maximum
            | Self::Concatenation { .. }
            | Self::Reshape
            | Self::Pad { .. }
            | Self::ResizeNearest
            | Self::ResizeBilinear
            | Self::LastStep
            | Self::Relu
            | Self::Relu6
            | Self::LeakyRelu { .. }
            | Self::Logistic
            | Self::Tanh
            | Self::Softmax
            | Self::HardSwish => Vec::new(),
        }
    }

    /// TFLite has a field for an activation function in the operator.
    pub fn can_fuse(&self) -> bool {
        match self {
            Self::Conv2D { .. }
            | Self::DepthwiseConv2D { .. }
            | Self::FullyConnected { .. }
            | Self::Pool { .. }
            | Self::Add
            | Self::Sub
            | Self::Mul
            | Self::MulConstant(_)
            | Self::AddConstant(_) => true,
            // CONCATENATION has the field, and TFLM refuses anything in it.
            Self::Concatenation { .. }
            | Self::Maximum
            | Self::Reshape
            | Self::Pad { .. }
            | Self::ResizeNearest
            | Self::ResizeBilinear
            | Self::LastStep
            | Self::Relu
            | Self::Relu6
            | Self::LeakyRelu { .. }
            | Self::Logistic
            | Self::Tanh
            | Self::Softmax
            | Self::HardSwish
            | Self::Lstm(_) => false,
        }
    }
}
