//! What to try when TFLM refuses an operator.

use super::Reason;
use crate::model::{Model, Operator, Subgraph, TensorType};

/// What kind of trouble a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Trouble {
    /// TFLM has no such operator.
    Unregistered,
    /// Types of tensors that do not go together.
    Types,
    /// Ranks, dimensions and what follows from them.
    Shape,
    /// Scales and zero points.
    Quantization,
    /// A tensor that must be a constant of the file.
    Constant,
    /// Number of inputs and outputs.
    Arity,
    /// Options of the operator.
    Options,
    /// Subgraphs that an operator calls.
    Subgraphs,
    /// Sizes beyond what a chip can hold.
    Size,
}

/// What to try.
pub(in crate::plan) fn help(
    model: &Model,
    subgraph: &Subgraph,
    operator: &Operator,
    reason: &Reason,
) -> String {
    let name = model.operator_name(operator);
    if let Some(help) = host_only_help(subgraph, operator) {
        return help.to_owned();
    }
    match reason.trouble {
        Trouble::Unregistered => format!(
            "Build the model without {name}, or express it by operators that TFLM registers; other runtimes on the \
             host can still run it"
        ),
        Trouble::Types => format!(
            "Convert the model to full int8 (inference_input_type and inference_output_type int8), or keep {name} in \
             float32 on both sides"
        ),
        Trouble::Shape => "Fix all dimensions before the conversion and check the shapes at this operator".to_owned(),
        Trouble::Quantization => {
            "Convert again with the standard int8 quantization: this scale or zero point is not one that TFLM takes"
                .to_owned()
        }
        Trouble::Constant => {
            "Make this input a constant of the model: TFLM cannot compute shapes at run time".to_owned()
        }
        Trouble::Arity => "Export the model again with a current converter: inputs or outputs are missing".to_owned(),
        Trouble::Options => "Change this option of the operator in the model and convert again".to_owned(),
        Trouble::Subgraphs => "Convert again: the operator and the subgraph that it calls do not agree".to_owned(),
        Trouble::Size => "Use a smaller model or smaller input".to_owned(),
    }
}

/// The way out for the two kinds of models that run on the host only: dynamic-range quantization and float16.
///
/// Source: `tensorflow/lite/micro/kernels/conv_common.cc` ("Hybrid models are not supported on TFLite Micro."),
/// `dequantize_common.cc` (int8, int16 and uint8 only), github.com/tensorflow/tflite-micro issues 757, 2543 and 2587.
pub(crate) fn host_only_help(subgraph: &Subgraph, operator: &Operator) -> Option<&'static str> {
    let ty = |place: usize| {
        operator.input(place).and_then(|id| subgraph.tensors.get(id.index())).map(|tensor| tensor.ty)
    };
    let is_float16 = (0..operator.inputs.len()).any(|place| ty(place) == Some(TensorType::Float16));
    if is_float16 {
        return Some(
            "Float16 models run on the host only: widen the weights to float32, or quantize the model to int8",
        );
    }
    let weights = (1..operator.inputs.len()).filter_map(ty);
    let is_hybrid = ty(0) == Some(TensorType::Float32)
        && weights
            .into_iter()
            .any(|ty| matches!(ty, TensorType::Int8 | TensorType::Uint8 | TensorType::Int4));
    is_hybrid.then_some(
        "Dynamic-range (hybrid) models run on the host only: quantize the model to full int8 or to 16-bit \
         activations with 8-bit weights, with a representative dataset",
    )
}
