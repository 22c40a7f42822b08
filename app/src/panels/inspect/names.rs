//! What people call operators, their inputs and the values of their options.

use egui::{Color32, FontId, Ui};
use emberlab_core::model::{BuiltinOperator as Op, Model, Operator};
use emberlab_core::schema::{Meaning, OptionsField, TensorType};

/// The name of an operator on the screen: `CONV_2D` is `Conv2D`; a custom operator has its own name.
pub fn operator_name(model: &Model, operator: &Operator) -> String {
    match model.operator_codes.get(operator.code_index as usize) {
        Some(code) if code.builtin == Op::CUSTOM => model.operator_name(operator),
        Some(code) => match code.builtin.name() {
            Some(name) => camel_case(name),
            None => format!("Operator code {}", code.builtin.0),
        },
        None => format!("Operator code {}", operator.code_index),
    }
}

/// `DEPTHWISE_CONV_2D` as `DepthwiseConv2D`, acronyms as people write them.
fn camel_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for word in name.split('_') {
        match word {
            "LSTM" | "RNN" | "SVDF" | "ELU" | "ND" | "LSH" | "2D" | "3D" => text.push_str(word),
            "RELU" => text.push_str("ReLU"),
            "RELU6" => text.push_str("ReLU6"),
            "PRELU" => text.push_str("PReLU"),
            "GELU" => text.push_str("GELU"),
            "MATMUL" => text.push_str("MatMul"),
            "TOPK" => text.push_str("TopK"),
            "PADV2" => text.push_str("PadV2"),
            "RFFT2D" => text.push_str("RFFT2D"),
            "STABLEHLO" => text.push_str("StableHLO "),
            _ => {
                let mut letters = word.chars();
                text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                text.extend(letters.map(|letter| letter.to_ascii_lowercase()));
            }
        }
    }
    text
}

/// What the input at a place is for: `input`, `weights`, `bias`.
pub fn input_role(builtin: Op, place: usize, n_inputs: usize) -> String {
    let names: &[&str] = match builtin {
        Op::CONV_2D | Op::DEPTHWISE_CONV_2D | Op::FULLY_CONNECTED | Op::CONV_3D => {
            &["input", "weights", "bias"]
        }
        Op::TRANSPOSE_CONV | Op::CONV_3D_TRANSPOSE => &["output shape", "weights", "input", "bias"],
        Op::RESHAPE | Op::BROADCAST_TO => &["input", "shape"],
        Op::PAD | Op::MIRROR_PAD => &["input", "paddings"],
        Op::PADV2 => &["input", "paddings", "value"],
        Op::TRANSPOSE => &["input", "permutation"],
        Op::MEAN
        | Op::SUM
        | Op::REDUCE_MAX
        | Op::REDUCE_MIN
        | Op::REDUCE_PROD
        | Op::REDUCE_ANY
        | Op::REDUCE_ALL
        | Op::REVERSE_V2 => &["input", "axes"],
        Op::ARG_MAX | Op::ARG_MIN | Op::EXPAND_DIMS | Op::CUMSUM => &["input", "axis"],
        Op::STRIDED_SLICE => &["input", "begin", "end", "strides"],
        Op::SLICE => &["input", "begin", "size"],
        Op::DYNAMIC_UPDATE_SLICE => &["input", "update", "start"],
        Op::SPLIT => &["axis", "input"],
        Op::SPLIT_V => &["input", "sizes", "axis"],
        Op::GATHER | Op::GATHER_ND => &["input", "indices"],
        Op::SCATTER_ND => &["indices", "updates", "shape"],
        Op::RESIZE_BILINEAR | Op::RESIZE_NEAREST_NEIGHBOR => &["input", "size"],
        Op::SPACE_TO_BATCH_ND => &["input", "block shape", "paddings"],
        Op::BATCH_TO_SPACE_ND => &["input", "block shape", "crops"],
        Op::TILE => &["input", "multiples"],
        Op::FILL => &["shape", "value"],
        Op::TOPK_V2 => &["input", "k"],
        Op::PRELU => &["input", "alpha"],
        Op::SELECT | Op::SELECT_V2 => &["condition", "if true", "if false"],
        Op::ONE_HOT => &["indices", "depth", "on value", "off value"],
        Op::EMBEDDING_LOOKUP => &["indices", "table"],
        Op::RANGE => &["start", "limit", "step"],
        Op::ASSIGN_VARIABLE => &["variable", "value"],
        Op::READ_VARIABLE => &["variable"],
        Op::IF => &["condition"],
        Op::SVDF => &["input", "feature weights", "time weights", "bias", "state"],
        Op::RNN | Op::UNIDIRECTIONAL_SEQUENCE_RNN => {
            &["input", "weights", "recurrent weights", "bias", "hidden state"]
        }
        Op::LSTM | Op::UNIDIRECTIONAL_SEQUENCE_LSTM => &LSTM_INPUTS,
        _ => &[],
    };
    match names.get(place) {
        Some(name) => (*name).to_owned(),
        None if n_inputs == 1 => "input".to_owned(),
        None => format!("input {}", place + 1),
    }
}

/// Inputs of LSTM, in the order of TFLM's `lstm_shared.h` (github.com/espressif/esp-tflite-micro at 99f49e1).
static LSTM_INPUTS: [&str; 24] = [
    "input",
    "input gate weights",
    "forget gate weights",
    "cell gate weights",
    "output gate weights",
    "input gate recurrent",
    "forget gate recurrent",
    "cell gate recurrent",
    "output gate recurrent",
    "input gate peephole",
    "forget gate peephole",
    "output gate peephole",
    "input gate bias",
    "forget gate bias",
    "cell gate bias",
    "output gate bias",
    "projection weights",
    "projection bias",
    "output state",
    "cell state",
    "input gate norm",
    "forget gate norm",
    "cell gate norm",
    "output gate norm",
];

/// What the output at a place is called: `output`, or `output 2` of several.
pub fn output_role(place: usize, n_outputs: usize) -> String {
    if n_outputs == 1 { "output".to_owned() } else { format!("output {}", place + 1) }
}

/// `depth_multiplier` as `Depth multiplier`.
pub fn humanised(field: &str) -> String {
    let mut text = field.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// `ActivationFunctionType` in words; empty for none.
pub fn activation(code: i64) -> &'static str {
    match code {
        0 => "",
        1 => "ReLU",
        2 => "ReLU −1…1",
        3 => "ReLU6",
        4 => "tanh",
        5 => "sign bit",
        _ => "unknown",
    }
}

/// The number of an integer option in words, if it is an enum or a flag; `None` for a plain number.
pub fn option_word(field: &OptionsField, value: i64) -> Option<String> {
    let word = match field.meaning {
        Meaning::Padding => match value {
            0 => "same",
            1 => "valid",
            _ => return Some(format!("unknown ({value})")),
        },
        Meaning::Activation => match activation(value) {
            "" => "none",
            "unknown" => return Some(format!("unknown ({value})")),
            name => name,
        },
        Meaning::TensorType => match i8::try_from(value).ok().and_then(TensorType::from_code) {
            Some(ty) => ty.name(),
            None => return Some(format!("unknown ({value})")),
        },
        Meaning::Plain => match (field.kind, field.name, value) {
            (emberlab_core::schema::Kind::Bool, _, 0) => "no",
            (emberlab_core::schema::Kind::Bool, _, _) => "yes",
            (_, "weights_format", 0) => "default",
            (_, "weights_format", 1) => "shuffled 4×16 int8",
            (_, "kernel_type", 0) => "full",
            (_, "kernel_type", 1) => "basic",
            (_, "mode", 0) => "reflect",
            (_, "mode", 1) => "symmetric",
            (_, "combiner", 0) => "sum",
            (_, "combiner", 1) => "mean",
            (_, "combiner", 2) => "square root of n",
            _ => return None,
        },
    };
    Some(word.to_owned())
}

/// The part of a tensor's name that names its layer: converters append the fused operators after `;`.
pub fn layer_of(name: &str) -> &str {
    let first = name.split(';').next().unwrap_or(name);
    first.trim_end_matches('/')
}

/// The end of a name that fits into `width` points, after an ellipsis: names are paths that begin alike.
pub fn tail_fitting(ui: &Ui, name: &str, font: FontId, width: f32) -> String {
    let fits = |text: &str| {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), font.clone(), Color32::PLACEHOLDER);
        galley.size().x <= width
    };
    if width < 16.0 {
        return String::new();
    }
    if fits(name) {
        return name.to_owned();
    }
    let starts: Vec<usize> = name.char_indices().map(|(start, _)| start).skip(1).collect();
    let tail = |start: &usize| format!("…{}", &name[*start..]);
    let n_cut = starts.partition_point(|start| !fits(&tail(start)));
    starts.get(n_cut).map(tail).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_have_the_names_of_the_field() {
        for (schema, screen) in [
            ("CONV_2D", "Conv2D"),
            ("DEPTHWISE_CONV_2D", "DepthwiseConv2D"),
            ("AVERAGE_POOL_2D", "AveragePool2D"),
            ("FULLY_CONNECTED", "FullyConnected"),
            ("RELU_N1_TO_1", "ReLUN1To1"),
            ("LEAKY_RELU", "LeakyReLU"),
            ("UNIDIRECTIONAL_SEQUENCE_LSTM", "UnidirectionalSequenceLSTM"),
            ("BATCH_TO_SPACE_ND", "BatchToSpaceND"),
            ("TOPK_V2", "TopKV2"),
            ("BATCH_MATMUL", "BatchMatMul"),
            ("STABLEHLO_ADD", "StableHLO Add"),
            ("SOFTMAX", "Softmax"),
        ] {
            assert_eq!(camel_case(schema), screen);
        }
    }

    #[test]
    fn inputs_have_roles() {
        for (builtin, place, n_inputs, role) in [
            (Op::CONV_2D, 2, 3, "bias"),
            (Op::TRANSPOSE_CONV, 0, 4, "output shape"),
            (Op::ADD, 1, 2, "input 2"),
            (Op::SOFTMAX, 0, 1, "input"),
            (Op::CONCATENATION, 3, 4, "input 4"),
            (Op::UNIDIRECTIONAL_SEQUENCE_LSTM, 19, 24, "cell state"),
            (Op::CONV_2D, 7, 8, "input 8"),
        ] {
            assert_eq!(input_role(builtin, place, n_inputs), role);
        }
    }

    #[test]
    fn fused_operators_are_left_out_of_a_layer_name() {
        let name = "model/conv2d/Relu;model/bn/FusedBatchNormV3;model/conv2d/Conv2D";
        assert_eq!(layer_of(name), "model/conv2d/Relu");
        assert_eq!(layer_of(""), "");
    }

    #[test]
    fn fields_read_as_words() {
        assert_eq!(humanised("depth_multiplier"), "Depth multiplier");
        assert_eq!(humanised(""), "");
    }
}
