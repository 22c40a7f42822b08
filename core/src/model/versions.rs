//! Versions of operators, which LiteRT takes as the smallest runtime that knows them.
//!
//! Source: `tensorflow/compiler/mlir/lite/tools/versioning/op_version.cc` of github.com/tensorflow/tensorflow at 03f49db5.

use super::{BuiltinOperator as Op, Model, Operator, Subgraph, TensorType};

/// Gives every operator code at least the version that a converter gives the operators with it.
pub(crate) fn set(model: &mut Model) {
    let mut versions = vec![1; model.operator_codes.len()];
    for graph in &model.subgraphs {
        for operator in &graph.operators {
            let needed = version(model, graph, operator);
            if let Some(version) = versions.get_mut(operator.code_index as usize) {
                *version = needed.max(*version);
            }
        }
    }
    for (code, version) in model.operator_codes.iter_mut().zip(versions) {
        code.version = version.max(1);
    }
}

fn version(model: &Model, graph: &Subgraph, operator: &Operator) -> i32 {
    let ty = |place: usize| operator.input(place).map(|id| graph.tensor(id).ty);
    let output = operator.output(0).map(|id| graph.tensor(id).ty);
    let (first, second) = (ty(0), ty(1));
    let is_int8 = first == Some(TensorType::Int8);
    let is_int16 = first == Some(TensorType::Int16);
    let is_hybrid = first == Some(TensorType::Float32) && second == Some(TensorType::Int8);
    let n_scales = |place: usize| {
        let tensor = operator.input(place).map(|id| graph.tensor(id));
        tensor
            .and_then(|tensor| tensor.quantization.as_ref())
            .map_or(0, |quantization| quantization.scale.len())
    };
    let is_per_channel = n_scales(1) > 1;
    // By type: int8, int16, anything else.
    let by_type = |int8: i32, int16: i32| match (is_int8, is_int16) {
        (true, _) => int8,
        (_, true) => int16,
        _ => 1,
    };
    match model.builtin(operator) {
        Op::CONV_2D => match (is_int8, is_hybrid) {
            (true, _) if second == Some(TensorType::Int4) => 7,
            (true, _) => 3,
            (_, true) => {
                if is_per_channel {
                    5
                } else {
                    2
                }
            }
            _ => 1,
        },
        Op::DEPTHWISE_CONV_2D => match (is_int8, is_hybrid) {
            (true, _) if second == Some(TensorType::Int4) => 7,
            (true, _) => 3,
            (_, true) => {
                if is_per_channel {
                    6
                } else {
                    4
                }
            }
            _ if operator.option_int("dilation_h_factor") > 1
                || operator.option_int("dilation_w_factor") > 1 =>
            {
                2
            }
            _ => 1,
        },
        Op::FULLY_CONNECTED => match (is_int8, is_hybrid) {
            (_, true) if is_per_channel => 12,
            (_, true) => {
                if operator.option_int("asymmetric_quantize_inputs") != 0 {
                    9
                } else {
                    3
                }
            }
            _ if operator.inputs.len() == 2 => 6,
            _ if operator.option_int("keep_num_dims") != 0 => 5,
            (true, _) if second == Some(TensorType::Int4) => 10,
            (true, _) => 4,
            _ => 1,
        },
        Op::TRANSPOSE_CONV => match operator.input(3) {
            _ if operator.option_int("fused_activation_function") != 0 => 4,
            Some(_) => 3,
            None if second == Some(TensorType::Int8) => 2,
            None => 1,
        },
        Op::UNIDIRECTIONAL_SEQUENCE_LSTM if is_int16 => 5,
        Op::ADD => by_type(2, if operator.option_int("pot_scale_int16") == 0 { 3 } else { 1 }),
        Op::SUB => by_type(2, if operator.option_int("pot_scale_int16") == 0 { 5 } else { 1 }),
        Op::MUL | Op::SLICE | Op::UNPACK | Op::SPACE_TO_BATCH_ND | Op::BATCH_TO_SPACE_ND => by_type(2, 4),
        Op::MAXIMUM | Op::MINIMUM => by_type(2, 4),
        Op::TRANSPOSE => by_type(2, 5),
        Op::SPLIT => match second {
            Some(TensorType::Int8) => 2,
            Some(TensorType::Int16) => 4,
            _ => 1,
        },
        Op::DEQUANTIZE => match first {
            Some(TensorType::Int16 | TensorType::Float16) => 3,
            Some(TensorType::Int8) => 2,
            _ => 1,
        },
        Op::QUANTIZE if output == Some(TensorType::Int16) => 2,
        Op::RESIZE_BILINEAR => match operator.option_int("half_pixel_centers") {
            0 => by_type(2, 4),
            _ => {
                if is_int16 {
                    4
                } else {
                    3
                }
            }
        },
        Op::RESIZE_NEAREST_NEIGHBOR => {
            let is_shifted =
                operator.option_int("half_pixel_centers") != 0 || operator.option_int("align_corners") != 0;
            match (is_int16, is_shifted) {
                (true, _) => 4,
                (_, true) => 3,
                _ => by_type(2, 4),
            }
        }
        Op::ABS
        | Op::AVERAGE_POOL_2D
        | Op::BATCH_MATMUL
        | Op::CONCATENATION
        | Op::LOGISTIC
        | Op::MAX_POOL_2D
        | Op::MEAN
        | Op::MIRROR_PAD
        | Op::PACK
        | Op::PAD
        | Op::PADV2
        | Op::REDUCE_MAX
        | Op::REDUCE_MIN
        | Op::RELU
        | Op::RELU6
        | Op::RSQRT
        | Op::SOFTMAX
        | Op::TANH => by_type(2, 3),
        Op::LEAKY_RELU => by_type(1, 2),
        Op::GATHER => by_type(2, 4),
        Op::GATHER_ND => by_type(1, 3),
        Op::LESS | Op::GREATER_EQUAL => by_type(2, 3),
        Op::EQUAL => by_type(2, 5),
        Op::NOT_EQUAL => by_type(2, 4),
        Op::REVERSE_V2 => by_type(3, 1),
        Op::BROADCAST_TO => by_type(3, 3).max(2),
        Op::ARG_MAX
        | Op::ARG_MIN
        | Op::DEPTH_TO_SPACE
        | Op::GREATER
        | Op::L2_NORMALIZATION
        | Op::LESS_EQUAL
        | Op::LOG_SOFTMAX
        | Op::SPACE_TO_DEPTH
        | Op::SPLIT_V
        | Op::SQUARED_DIFFERENCE
        | Op::STRIDED_SLICE
        | Op::SUM => by_type(2, 1),
        _ => 1,
    }
}
