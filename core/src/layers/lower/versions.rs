//! Versions of operators, which LiteRT takes as the smallest runtime that knows them.
//!
//! Source: `tensorflow/compiler/mlir/lite/tools/versioning/op_version.cc` of github.com/tensorflow/tensorflow at v2.19.0.

use crate::model::{BuiltinOperator as Op, Model, Operator, TensorType};

/// Gives every operator code the version that a converter gives it.
pub(super) fn set(model: &mut Model) {
    let tensors = model.subgraphs.iter().flat_map(|graph| &graph.tensors);
    let is_int8 = tensors.into_iter().any(|tensor| tensor.ty == TensorType::Int8);
    let operators = || model.subgraphs.iter().flat_map(|graph| &graph.operators);
    let is_dilated = |operator: &Operator| {
        operator.option_int("dilation_h_factor") > 1 || operator.option_int("dilation_w_factor") > 1
    };
    let versions: Vec<i32> = model
        .operator_codes
        .iter()
        .enumerate()
        .map(|(index, code)| {
            let mut own = operators().filter(|operator| operator.code_index as usize == index);
            let has_dilation = code.builtin == Op::DEPTHWISE_CONV_2D && own.any(is_dilated);
            version(code.builtin, is_int8).max(if has_dilation { 2 } else { 1 })
        })
        .collect();
    for (code, version) in model.operator_codes.iter_mut().zip(versions) {
        code.version = version;
    }
}

fn version(code: Op, is_int8: bool) -> i32 {
    match (code, is_int8) {
        (Op::CONV_2D | Op::DEPTHWISE_CONV_2D, true) => 3,
        (Op::FULLY_CONNECTED, true) => 4,
        (Op::RESIZE_BILINEAR, _) => 3,
        (Op::RESIZE_NEAREST_NEIGHBOR, true) => 2,
        (
            Op::ADD
            | Op::AVERAGE_POOL_2D
            | Op::CONCATENATION
            | Op::LOGISTIC
            | Op::MAX_POOL_2D
            | Op::MAXIMUM
            | Op::MUL
            | Op::PAD
            | Op::RELU
            | Op::RELU6
            | Op::SOFTMAX
            | Op::STRIDED_SLICE
            | Op::SUB
            | Op::TANH,
            true,
        ) => 2,
        _ => 1,
    }
}
