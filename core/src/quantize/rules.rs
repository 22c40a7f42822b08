//! What each operator asks of the scales of its tensors when it computes in integers.
//!
//! Which types TFLM runs: `core/runtime/OPERATORS.md`. Prescribed scales: the operators' `Prepare` in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422 (micro/kernels/softmax_common.cc,
//! logistic_common.cc, tanh.cc, l2norm.cc, log_softmax.cc); where TFLM prescribes none (TANH, L2_NORMALIZATION in int8), those
//! that LiteRT checks.

use crate::model::BuiltinOperator as Op;

/// Scale and zero point.
pub(super) type Scale = (f32, i64);

/// The numbers that an operator computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Form {
    Int8,
    Int16,
    Float32,
}

/// What an operator asks of its tensors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    /// Places of an input, of a filter with the scales along a dimension, and of a bias.
    Weighted { input: usize, filter: usize, bias: usize, axis: usize },
    /// The gates of an LSTM.
    Lstm,
    /// Any scales.
    Free,
    /// One scale for all real inputs and outputs.
    Shared,
    /// This scale for the output.
    Output(Scale),
}

/// The rule of an operator that computes in integers; `None` if it cannot, in this form.
pub(super) fn rule(code: Op, form: Form) -> Option<Rule> {
    use Form::{Float32, Int8, Int16};
    let rule = match code {
        Op::CONV_2D | Op::FULLY_CONNECTED => Rule::Weighted { input: 0, filter: 1, bias: 2, axis: 0 },
        Op::DEPTHWISE_CONV_2D => Rule::Weighted { input: 0, filter: 1, bias: 2, axis: 3 },
        Op::TRANSPOSE_CONV => Rule::Weighted { input: 2, filter: 1, bias: 3, axis: 0 },
        Op::UNIDIRECTIONAL_SEQUENCE_LSTM => Rule::Lstm,
        Op::ADD
        | Op::SUB
        | Op::MUL
        | Op::RELU
        | Op::LEAKY_RELU
        | Op::ABS
        | Op::MEAN
        | Op::SUM
        | Op::BATCH_MATMUL
        | Op::SQUARED_DIFFERENCE => Rule::Free,
        Op::PRELU
        | Op::DIV
        | Op::HARD_SWISH
        | Op::ELU
        | Op::RSQRT
        | Op::ADD_N
        | Op::CUMSUM
        | Op::ARG_MAX
        | Op::ARG_MIN
        | Op::EQUAL
        | Op::NOT_EQUAL
        | Op::GREATER
        | Op::GREATER_EQUAL
        | Op::LESS
        | Op::LESS_EQUAL
            if form == Int8 =>
        {
            Rule::Free
        }
        Op::LOGISTIC | Op::SOFTMAX => match form {
            Int8 => Rule::Output((1.0 / 256.0, -128)),
            Int16 | Float32 => Rule::Output((1.0 / 32768.0, 0)),
        },
        Op::TANH => match form {
            Int8 => Rule::Output((1.0 / 128.0, 0)),
            Int16 | Float32 => Rule::Output((1.0 / 32768.0, 0)),
        },
        Op::L2_NORMALIZATION if form == Int8 => Rule::Output((1.0 / 128.0, 0)),
        Op::LOG_SOFTMAX if form == Int8 => Rule::Output((16.0 / 256.0, 127)),
        Op::AVERAGE_POOL_2D
        | Op::MAX_POOL_2D
        | Op::CONCATENATION
        | Op::MAXIMUM
        | Op::MINIMUM
        | Op::EXPAND_DIMS
        | Op::PACK
        | Op::PAD
        | Op::PADV2
        // TFLM only clamps here, with the scale of the input.
        | Op::RELU6
        | Op::RESHAPE
        | Op::RESIZE_NEAREST_NEIGHBOR
        | Op::REVERSE_V2
        | Op::SELECT_V2
        | Op::SLICE
        | Op::SPLIT
        | Op::SPLIT_V
        | Op::SQUEEZE
        | Op::STRIDED_SLICE
        | Op::TRANSPOSE
        | Op::UNPACK => Rule::Shared,
        Op::BATCH_TO_SPACE_ND
        | Op::DEPTH_TO_SPACE
        | Op::GATHER
        | Op::GATHER_ND
        | Op::MIRROR_PAD
        | Op::REDUCE_MAX
        | Op::REDUCE_MIN
        | Op::RESIZE_BILINEAR
        | Op::SPACE_TO_BATCH_ND
        | Op::SPACE_TO_DEPTH
            if form == Int8 =>
        {
            Rule::Shared
        }
        _ => return None,
    };
    (form != Float32).then_some(rule)
}
