//! Options of an operator in words, with what follows from them: kernel size, padding amounts.

use emberlab_core::model::{
    BuiltinOperator as Op, Model, Operator, OptionValue, Options, Subgraph, SubgraphId,
};

use super::names::{activation, humanised, option_word};
use crate::theme::format;

/// One line of the list of attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name in words.
    pub name: String,
    /// Value in words.
    pub value: String,
    /// The subgraph that the value names, for operators that call one.
    pub subgraph: Option<SubgraphId>,
}

impl Attribute {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), subgraph: None }
    }
}

/// A window that moves over height and width; all pairs are (height, width).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Taps.
    pub kernel: (i64, i64),
    /// Step.
    pub stride: (i64, i64),
    /// Distance between taps.
    pub dilation: (i64, i64),
    /// Rows and columns added before and after; `None` where the input's size is not known.
    pub padding: Option<Padding>,
    /// Padding keeps the size (`same`), or there is none (`valid`).
    pub same: bool,
}

/// Rows and columns added around an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Above and below.
    pub rows: (i64, i64),
    /// Left and right.
    pub columns: (i64, i64),
}

/// The window of a convolution or pool; `None` for other operators.
pub fn window(model: &Model, subgraph: &Subgraph, operator: &Operator) -> Option<Window> {
    let options = operator.options.as_ref()?;
    let shape = |place: usize| Some(subgraph.tensors.get(operator.input(place)?.index())?.shape.as_slice());
    let builtin = model.operator_codes.get(operator.code_index as usize)?.builtin;
    let (kernel, input) = match builtin {
        Op::CONV_2D | Op::DEPTHWISE_CONV_2D | Op::TRANSPOSE_CONV => {
            let weights = shape(1)?;
            let input = if builtin == Op::TRANSPOSE_CONV { shape(2) } else { shape(0) };
            ((i64::from(*weights.get(1)?), i64::from(*weights.get(2)?)), input)
        }
        Op::AVERAGE_POOL_2D | Op::MAX_POOL_2D | Op::L2_POOL_2D => {
            ((options.int("filter_height"), options.int("filter_width")), shape(0))
        }
        _ => return None,
    };
    let stride = (options.int("stride_h"), options.int("stride_w"));
    let dilation = (options.int("dilation_h_factor").max(1), options.int("dilation_w_factor").max(1));
    let same = options.int("padding") == 0;
    let padding = match (same, input) {
        (false, _) => Some(Padding::default()),
        (true, Some([_, height, width, _])) if builtin != Op::TRANSPOSE_CONV => {
            let rows = same_padding(i64::from(*height), kernel.0, stride.0, dilation.0);
            let columns = same_padding(i64::from(*width), kernel.1, stride.1, dilation.1);
            rows.zip(columns).map(|(rows, columns)| Padding { rows, columns })
        }
        (true, _) => None,
    };
    Some(Window { kernel, stride, dilation, padding, same })
}

/// Elements that `same` padding adds before and after; `None` for sizes that make no sense.
///
/// As `ComputePaddingWithOffset` in tensorflow/lite/kernels/padding.h
/// (github.com/espressif/esp-tflite-micro at 99f49e1).
fn same_padding(input: i64, kernel: i64, stride: i64, dilation: i64) -> Option<(i64, i64)> {
    if input <= 0 || kernel <= 0 || stride <= 0 {
        return None;
    }
    let output = (input + stride - 1) / stride;
    let reach = kernel.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
    let total = ((output - 1).checked_mul(stride)?.checked_add(reach)? - input).max(0);
    Some((total / 2, total - total / 2))
}

impl Window {
    /// `3×3`.
    pub fn kernel_text(&self) -> String {
        pair(self.kernel)
    }

    /// `2` or `2×1`.
    fn stride_text(&self) -> String {
        if self.stride.0 == self.stride.1 { self.stride.0.to_string() } else { pair(self.stride) }
    }

    /// `same, 0/1`: with what is added before and after.
    fn padding_text(&self) -> String {
        let ends = |(before, after): (i64, i64)| format!("{before}/{after}");
        match (self.same, self.padding) {
            (false, _) => "valid".to_owned(),
            (true, None) => "same".to_owned(),
            (true, Some(Padding { rows, columns })) if rows == columns => format!("same, {}", ends(rows)),
            (true, Some(Padding { rows, columns })) => {
                format!("same, rows {}, columns {}", ends(rows), ends(columns))
            }
        }
    }
}

fn pair((height, width): (i64, i64)) -> String {
    format!("{height}×{width}")
}

/// What tells operators of one kind apart, in one line: `3×3 · stride 2 · ReLU6`.
pub fn summary(model: &Model, subgraph: &Subgraph, operator: &Operator) -> String {
    let mut parts = Vec::new();
    if let Some(window) = window(model, subgraph, operator) {
        parts.push(window.kernel_text());
        if window.stride != (1, 1) {
            parts.push(format!("stride {}", window.stride_text()));
        }
        if window.dilation != (1, 1) {
            parts.push(format!("dilation {}", pair(window.dilation)));
        }
    } else {
        parts.extend(gist(model, subgraph, operator));
    }
    if let Some(options) = &operator.options
        && let fused @ ("ReLU" | "ReLU −1…1" | "ReLU6" | "tanh" | "sign bit") =
            activation(options.int("fused_activation_function"))
    {
        parts.push(fused.to_owned());
    }
    parts.join(" · ")
}

/// The same as short as it goes, for the table: `3×3 /2`.
pub fn brief(model: &Model, subgraph: &Subgraph, operator: &Operator) -> String {
    let Some(window) = window(model, subgraph, operator) else {
        return gist(model, subgraph, operator).unwrap_or_default();
    };
    let mut text = window.kernel_text();
    if window.stride != (1, 1) {
        text.push_str(" /");
        text.push_str(&window.stride_text());
    }
    text
}

/// The one fact that matters most about an operator without a window.
fn gist(model: &Model, subgraph: &Subgraph, operator: &Operator) -> Option<String> {
    let builtin = model.operator_codes.get(operator.code_index as usize)?.builtin;
    let tensor = |place: usize| subgraph.tensors.get(operator.input(place)?.index());
    match builtin {
        Op::FULLY_CONNECTED => {
            let [units, depth] = tensor(1)?.shape.as_slice() else { return None };
            Some(format!("{depth} → {units}"))
        }
        Op::CONCATENATION | Op::GATHER | Op::PACK | Op::UNPACK => {
            Some(format!("axis {}", operator.option_int("axis")))
        }
        Op::LEAKY_RELU => Some(format!("alpha {}", format::scale(operator.option_float("alpha")))),
        Op::TRANSPOSE | Op::MEAN | Op::SUM | Op::REDUCE_MAX | Op::REDUCE_MIN => {
            let axes = small_ints(model, tensor(1)?)?;
            let axes: Vec<String> = axes.iter().map(i32::to_string).collect();
            let word = match builtin {
                Op::TRANSPOSE => "to",
                _ if axes.len() == 1 => "axis",
                _ => "axes",
            };
            Some(format!("{word} {}", axes.join(", ")))
        }
        Op::PAD | Op::PADV2 | Op::MIRROR_PAD => {
            let amounts = small_ints(model, tensor(1)?)?;
            let amounts: Vec<String> = amounts
                .chunks_exact(2)
                .filter(|ends| **ends != [0, 0])
                .map(|ends| format!("{}/{}", ends[0], ends[1]))
                .collect();
            Some(amounts.join(", "))
        }
        Op::IF => {
            let (then, other) =
                (operator.option_int("then_subgraph_index"), operator.option_int("else_subgraph_index"));
            Some(format!("subgraph {then}, else {other}"))
        }
        Op::WHILE => {
            let (condition, body) =
                (operator.option_int("cond_subgraph_index"), operator.option_int("body_subgraph_index"));
            Some(format!("subgraph {body} while {condition}"))
        }
        Op::CALL_ONCE => Some(format!("subgraph {}", operator.option_int("init_subgraph_index"))),
        _ => None,
    }
}

/// Up to eight constant int32 values.
fn small_ints(model: &Model, tensor: &emberlab_core::model::Tensor) -> Option<Vec<i32>> {
    if tensor.ty != emberlab_core::model::TensorType::Int32 {
        return None;
    }
    let bytes = model.constant_data(tensor)?;
    let (words, _) = bytes.as_chunks::<4>();
    (words.len() <= 8).then(|| words.iter().map(|word| i32::from_le_bytes(*word)).collect())
}

/// All options of an operator, in words.
pub fn attributes(model: &Model, subgraph: &Subgraph, operator: &Operator) -> Vec<Attribute> {
    let mut list = Vec::new();
    let window = window(model, subgraph, operator);
    if let Some(window) = &window {
        list.push(Attribute::new(
            "Kernel, stride",
            format!("{}, {}", pair(window.kernel), pair(window.stride)),
        ));
        list.push(Attribute::new("Padding", window.padding_text()));
        if window.dilation != (1, 1) {
            list.push(Attribute::new("Dilation", pair(window.dilation)));
        }
    }
    for options in [&operator.options, &operator.options_2].into_iter().flatten() {
        push_fields(&mut list, model, options, window.is_some());
    }
    list
}

/// Fields that the window has already said.
const WINDOW_FIELDS: [&str; 7] = [
    "stride_w",
    "stride_h",
    "filter_width",
    "filter_height",
    "dilation_w_factor",
    "dilation_h_factor",
    "padding",
];

fn push_fields(list: &mut Vec<Attribute>, model: &Model, options: &Options, has_window: bool) {
    let Some(table) = options.table() else {
        list.push(Attribute::new(
            "Options",
            format!("a table that this version does not know: {:?}", options.kind),
        ));
        return;
    };
    for field in table.fields {
        if has_window && WINDOW_FIELDS.contains(&field.name) {
            continue;
        }
        // A bias type of 0 is "as usual" in files that are older than the field.
        if field.name == "quantized_bias_type" && options.int(field.name) == 0 {
            continue;
        }
        let name = match field.name {
            "fused_activation_function" => "Activation".to_owned(),
            other => humanised(other),
        };
        let attribute = match options.get(field.name) {
            Some(OptionValue::Text(text)) => Attribute::new(name, text.clone()),
            Some(OptionValue::Ints(values)) => {
                Attribute::new(name, list_text(values.len(), values.iter().map(i64::to_string)))
            }
            Some(OptionValue::Floats(values)) => Attribute::new(
                name,
                list_text(values.len(), values.iter().map(|value| format::scale(*value))),
            ),
            Some(OptionValue::Float(value)) => Attribute::new(name, format::scale(*value)),
            Some(OptionValue::Int(_)) | None => match field.kind {
                emberlab_core::schema::Kind::F32 => {
                    Attribute::new(name, format::scale(options.float(field.name)))
                }
                kind if is_vector(kind) => continue,
                emberlab_core::schema::Kind::Str => continue,
                _ => {
                    let value = options.int(field.name);
                    let word = option_word(field, value).unwrap_or_else(|| format::integer(value));
                    let target = usize::try_from(value).ok().filter(|target| *target < model.subgraphs.len());
                    let calls = field.name == "subgraph" || field.name.ends_with("subgraph_index");
                    let subgraph = target.filter(|_| calls).map(|target| SubgraphId(target as u32));
                    Attribute { name, value: word, subgraph }
                }
            },
        };
        list.push(attribute);
    }
}

fn is_vector(kind: emberlab_core::schema::Kind) -> bool {
    use emberlab_core::schema::Kind;
    match kind {
        Kind::VecBool | Kind::VecU8 | Kind::VecI32 | Kind::VecU32 | Kind::VecI64 | Kind::VecF32 => true,
        Kind::Bool
        | Kind::I8
        | Kind::U8
        | Kind::I32
        | Kind::U32
        | Kind::I64
        | Kind::U64
        | Kind::F32
        | Kind::Str => false,
    }
}

/// At most eight values, and how many there are in all.
fn list_text(n_values: usize, values: impl Iterator<Item = String>) -> String {
    let shown: Vec<String> = values.take(8).collect();
    let text = shown.join(", ");
    if n_values > shown.len() { format!("{text}, … ({n_values} in all)") } else { text }
}

#[cfg(test)]
mod tests {
    use emberlab_core::model::TensorType;

    use super::*;
    use crate::panels::inspect::fixtures::ModelBuilder;

    #[test]
    fn same_padding_is_computed_as_tflm_does() {
        for (input, kernel, stride, dilation, expected) in [
            (96, 3, 2, 1, Some((0, 1))),
            (48, 3, 1, 1, Some((1, 1))),
            (49, 3, 2, 1, Some((1, 1))),
            (48, 1, 1, 1, Some((0, 0))),
            (48, 1, 2, 1, Some((0, 0))),
            (10, 3, 1, 2, Some((2, 2))),
            (49, 10, 2, 1, Some((4, 5))),
            (0, 3, 1, 1, None),
            (10, 3, 0, 1, None),
            (10, i64::MAX, 1, 4, None),
        ] {
            assert_eq!(same_padding(input, kernel, stride, dilation), expected, "{input} {kernel} {stride}");
        }
    }

    fn depthwise() -> Model {
        let mut builder = ModelBuilder::new();
        let input = builder.tensor("in", &[1, 48, 48, 16], TensorType::Int8);
        let weights = builder.constant("w", &[1, 3, 3, 16], TensorType::Int8, vec![0; 144]);
        let output = builder.tensor("out", &[1, 24, 24, 16], TensorType::Int8);
        let operator = builder.operator(Op::DEPTHWISE_CONV_2D, &[input, weights], &[output]);
        operator.options = Some(
            Options::new("DepthwiseConv2DOptions")
                .with_int("stride_w", 2)
                .with_int("stride_h", 2)
                .with_int("depth_multiplier", 1)
                .with_int("fused_activation_function", 3),
        );
        builder.finish(&[input], &[output])
    }

    #[test]
    fn an_operator_is_summed_up_in_a_line() {
        let model = depthwise();
        let (subgraph, operator) = (&model.subgraphs[0], &model.subgraphs[0].operators[0]);
        assert_eq!(summary(&model, subgraph, operator), "3×3 · stride 2 · ReLU6");
        assert_eq!(brief(&model, subgraph, operator), "3×3 /2");
    }

    #[test]
    fn attributes_are_words_with_computed_padding() {
        let model = depthwise();
        let (subgraph, operator) = (&model.subgraphs[0], &model.subgraphs[0].operators[0]);
        let list = attributes(&model, subgraph, operator);
        let lines: Vec<(&str, &str)> =
            list.iter().map(|line| (line.name.as_str(), line.value.as_str())).collect();
        assert_eq!(
            lines,
            [
                ("Kernel, stride", "3×3, 2×2"),
                ("Padding", "same, 0/1"),
                ("Depth multiplier", "1"),
                ("Activation", "ReLU6"),
            ]
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let values: Vec<i64> = (0..10).collect();
        let text = list_text(values.len(), values.iter().map(i64::to_string));
        assert_eq!(text, "0, 1, 2, 3, 4, 5, 6, 7, … (10 in all)");
    }

    #[test]
    fn calls_link_to_their_subgraph() {
        let mut builder = ModelBuilder::new();
        let condition = builder.tensor("condition", &[], TensorType::Bool);
        let operator = builder.operator(Op::IF, &[condition], &[]);
        operator.options = Some(
            Options::new("IfOptions").with_int("then_subgraph_index", 1).with_int("else_subgraph_index", 7),
        );
        let mut model = builder.finish(&[condition], &[]);
        model.subgraphs.push(Subgraph::default());
        let list = attributes(&model, &model.subgraphs[0], &model.subgraphs[0].operators[0]);
        let links: Vec<Option<SubgraphId>> = list.iter().map(|line| line.subgraph).collect();
        assert_eq!(links, [Some(SubgraphId(1)), None]);
    }
}
