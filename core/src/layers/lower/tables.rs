//! Codes, options and integer constants of operators: what float32 and int8 share.

use super::program::{Fused, Operation, Window};
use crate::layers::{Padding, PoolMode};
use crate::model::{BuiltinOperator as Op, ModelBuilder, OptionValue, Options, Tensor, TensorId, TensorType};

/// Places of the inputs of UNIDIRECTIONAL_SEQUENCE_LSTM, `kernels/lstm_shared.h` of esp-tflite-micro 99f49e14; gates follow
/// one another in the order input, forget, cell, output.
pub(super) struct LstmInputs {
    pub count: usize,
    pub input_weights: usize,
    pub recurrent_weights: usize,
    pub biases: usize,
    pub hidden_state: usize,
    pub cell_state: usize,
}

pub(super) const LSTM_INPUTS: LstmInputs = LstmInputs {
    count: 24,
    input_weights: 1,
    recurrent_weights: 5,
    biases: 12,
    hidden_state: 18,
    cell_state: 19,
};

/// `ActivationFunctionType` of the schema.
const TANH: i64 = 4;

/// A constant of integers that an operator takes as an input.
pub(super) struct Integers {
    what: &'static str,
    shape: Vec<i32>,
    values: Vec<i32>,
}

impl Integers {
    fn new(what: &'static str, values: Vec<i32>) -> Self {
        Self { what, shape: vec![values.len() as i32], values }
    }

    /// Adds the constant under the name of the operator's output.
    pub fn add_to(&self, builder: &mut ModelBuilder, owner: &str) -> TensorId {
        let tensor = Tensor::new(&format!("{owner}/{}", self.what), TensorType::Int32, &self.shape);
        builder.constant(tensor, &self.values)
    }
}

/// Integer constants of an operator, in the order of its inputs.
pub(super) fn integers(operation: &Operation, output: &[usize]) -> Vec<Integers> {
    match operation {
        Operation::Reshape => vec![Integers::new("shape", dims(output))],
        Operation::Pad { paddings } => {
            let values = paddings.iter().flatten().map(|size| *size as i32).collect();
            vec![Integers { what: "paddings", shape: vec![paddings.len() as i32, 2], values }]
        }
        Operation::ResizeNearest | Operation::ResizeBilinear => {
            vec![Integers::new("size", dims(&output[1..3]))]
        }
        // From the last step to the end; the middle dimension then disappears.
        Operation::LastStep => vec![
            Integers::new("begin", vec![0, -1, 0]),
            Integers::new("end", vec![0, 0, 0]),
            Integers::new("strides", vec![1, 1, 1]),
        ],
        Operation::Conv2D { .. }
        | Operation::DepthwiseConv2D { .. }
        | Operation::FullyConnected { .. }
        | Operation::Pool { .. }
        | Operation::Add
        | Operation::Sub
        | Operation::Mul
        | Operation::Maximum
        | Operation::MulConstant(_)
        | Operation::AddConstant(_)
        | Operation::Concatenation { .. }
        | Operation::Relu
        | Operation::Relu6
        | Operation::LeakyRelu { .. }
        | Operation::Logistic
        | Operation::Tanh
        | Operation::Softmax
        | Operation::HardSwish
        | Operation::Lstm(_) => Vec::new(),
    }
}

/// The operator's code.
pub(super) fn code(operation: &Operation) -> Op {
    match operation {
        Operation::Conv2D { .. } => Op::CONV_2D,
        Operation::DepthwiseConv2D { .. } => Op::DEPTHWISE_CONV_2D,
        Operation::FullyConnected { .. } => Op::FULLY_CONNECTED,
        Operation::Pool { mode: PoolMode::Max, .. } => Op::MAX_POOL_2D,
        Operation::Pool { mode: PoolMode::Average, .. } => Op::AVERAGE_POOL_2D,
        Operation::Add | Operation::AddConstant(_) => Op::ADD,
        Operation::Sub => Op::SUB,
        Operation::Mul | Operation::MulConstant(_) => Op::MUL,
        Operation::Maximum => Op::MAXIMUM,
        Operation::Concatenation { .. } => Op::CONCATENATION,
        Operation::Reshape => Op::RESHAPE,
        Operation::Pad { .. } => Op::PAD,
        Operation::ResizeNearest => Op::RESIZE_NEAREST_NEIGHBOR,
        Operation::ResizeBilinear => Op::RESIZE_BILINEAR,
        Operation::LastStep => Op::STRIDED_SLICE,
        Operation::Relu => Op::RELU,
        Operation::Relu6 => Op::RELU6,
        Operation::LeakyRelu { .. } => Op::LEAKY_RELU,
        Operation::Logistic => Op::LOGISTIC,
        Operation::Tanh => Op::TANH,
        Operation::Softmax => Op::SOFTMAX,
        Operation::HardSwish => Op::HARD_SWISH,
        Operation::Lstm(_) => Op::UNIDIRECTIONAL_SEQUENCE_LSTM,
    }
}

/// The operator's options; `None` for operators without a table of their own.
pub(super) fn options(operation: &Operation, fused: Fused) -> Option<Options> {
    let new = |table: &str| Some(Options::new(table));
    let with_fused = |table: &str| {
        let number = match fused {
            Fused::None => 0,
            Fused::Relu => 1,
            Fused::Relu6 => 3,
        };
        Options::new(table).with_int("fused_activation_function", number)
    };
    match operation {
        Operation::Conv2D { window, dilation, .. } => {
            Some(dilated(sliding(with_fused("Conv2DOptions"), window), dilation))
        }
        Operation::DepthwiseConv2D { window, dilation, multiplier, .. } => {
            let options = dilated(sliding(with_fused("DepthwiseConv2DOptions"), window), dilation);
            Some(options.with_int("depth_multiplier", *multiplier as i64))
        }
        Operation::FullyConnected { .. } => Some(with_fused("FullyConnectedOptions")),
        Operation::Pool { window, .. } => {
            let options = sliding(with_fused("Pool2DOptions"), window);
            let options = options.with_int("filter_height", window.size[0] as i64);
            Some(options.with_int("filter_width", window.size[1] as i64))
        }
        Operation::Add | Operation::AddConstant(_) => Some(with_fused("AddOptions")),
        Operation::Sub => Some(with_fused("SubOptions")),
        Operation::Mul | Operation::MulConstant(_) => Some(with_fused("MulOptions")),
        Operation::Maximum => new("MaximumMinimumOptions"),
        Operation::Concatenation { axis } => {
            Some(Options::new("ConcatenationOptions").with_int("axis", *axis as i64))
        }
        Operation::Reshape => new("ReshapeOptions"),
        Operation::Pad { .. } => new("PadOptions"),
        Operation::ResizeNearest => new("ResizeNearestNeighborOptions"),
        Operation::ResizeBilinear => {
            Some(Options::new("ResizeBilinearOptions").with_int("half_pixel_centers", 1))
        }
        Operation::LastStep => {
            let options = Options::new("StridedSliceOptions").with_int("begin_mask", 0b101);
            Some(options.with_int("end_mask", 0b101).with_int("shrink_axis_mask", 0b010))
        }
        Operation::LeakyRelu { slope } => {
            Some(Options::new("LeakyReluOptions").with("alpha", OptionValue::Float(*slope)))
        }
        Operation::Softmax => Some(Options::new("SoftmaxOptions").with("beta", OptionValue::Float(1.0))),
        Operation::HardSwish => new("HardSwishOptions"),
        Operation::Lstm(_) => Some(
            Options::new("UnidirectionalSequenceLSTMOptions").with_int("fused_activation_function", TANH),
        ),
        Operation::Relu | Operation::Relu6 | Operation::Logistic | Operation::Tanh => None,
    }
}

fn sliding(options: Options, window: &Window) -> Options {
    let padding = match window.padding {
        Padding::Same => 0,
        Padding::Valid => 1,
    };
    let options = options.with_int("padding", padding).with_int("stride_h", window.stride[0] as i64);
    options.with_int("stride_w", window.stride[1] as i64)
}

fn dilated(options: Options, dilation: &[usize; 2]) -> Options {
    let options = options.with_int("dilation_h_factor", dilation[0] as i64);
    options.with_int("dilation_w_factor", dilation[1] as i64)
}

/// A shape as the file has it; `shapes` has checked that sizes fit.
pub(super) fn dims(shape: &[usize]) -> Vec<i32> {
    shape.iter().map(|size| i32::try_from(*size).unwrap_or(i32::MAX)).collect()
}
