//! What TFLM takes when it prepares a model, and refuses only when it runs it.
//!
//! Source: the `Eval` functions in `tensorflow/lite/micro/kernels` of esp-tflite-micro 99f49e14.

use super::Call;
use super::table::{Deciding, rule};
use crate::model::TensorType::{Bool, Float32, Int8, Int16, Int32, Int64, Uint8, Uint32};
use crate::model::{BuiltinOperator as Op, Model, Operator, Subgraph, Tensor, TensorId, TensorType};
use crate::plan::Chip;
use crate::plan::graph::{type_name, type_number};

/// A type that a kernel looks at besides the one it switches on.
struct Check {
    codes: &'static [Op],
    /// The check is for this type of the first input only.
    input: Option<TensorType>,
    /// The wheel, which is newer, takes more.
    is_on_chips_only: bool,
    tensor: Deciding,
    takes: Takes,
    /// TFLM's words; `{}` stands for the type.
    words: &'static str,
}

enum Takes {
    Only(&'static [TensorType]),
    TypeOf(Deciding),
}

const REQUANTIZE: &str = "Output {} not supported for this input.";
const TYPES_EQ: &str = "input->type != output->type ({})";

#[rustfmt::skip]
static CHECKS: [Check; 17] = [
    only(&[Op::ARG_MAX, Op::ARG_MIN], Deciding::Input(1), &[Int32], "Only int32_t are supported currently, got {}."),
    only(&[Op::ARG_MAX, Op::ARG_MIN], Deciding::Output, &[Int32], "Only int32_t are supported currently, got {}."),
    only(&[Op::CAST], Deciding::Output, &[Int8, Int16, Int32, Uint32, Float32, Bool], "Output type {} not supported."),
    only(&[Op::CAST], Deciding::Output, &[Int8, Int16, Int32, Uint32, Float32], "Output type {} not supported.").on_chips(),
    only(&[Op::CONV_2D], Deciding::Input(2), &[Int32, Int64], "Bias type {} not supported.").of(Int16),
    only(&[Op::CONV_2D, Op::DEPTHWISE_CONV_2D], Deciding::Input(1), &[Int8], "Filter type {} not supported.").of(Int16),
    only(&[Op::DYNAMIC_UPDATE_SLICE], Deciding::Input(2), &[Int32, Int64], "only currently supports int32 or int64 indices type, got {}."),
    only(&[Op::QUANTIZE], Deciding::Output, &[Int8, Int16], REQUANTIZE).of(Float32),
    only(&[Op::QUANTIZE], Deciding::Output, &[Int8, Int16], REQUANTIZE).of(Int32),
    only(&[Op::QUANTIZE], Deciding::Output, &[Int8, Int16, Int32], REQUANTIZE).of(Int16),
    only(&[Op::QUANTIZE], Deciding::Output, &[Int8], REQUANTIZE).of(Uint8),
    only(&[Op::SHAPE], Deciding::Output, &[Int32], "Output type {} not supported."),
    only(&[Op::SLICE], Deciding::Input(1), &[Int32, Int64], "Begin tensor type {} not supported."),
    only(&[Op::UNIDIRECTIONAL_SEQUENCE_LSTM], Deciding::Input(1), &[Int8], "Filter type {} not supported.").of(Int8),
    only(&[Op::UNIDIRECTIONAL_SEQUENCE_LSTM], Deciding::Input(1), &[Int8], "Filter type {} not supported.").of(Int16),
    alike(&[Op::REDUCE_ALL, Op::REDUCE_MAX, Op::REDUCE_MIN, Op::SUM], Deciding::Input(0)),
    alike(&[Op::TRANSPOSE_CONV], Deciding::Input(2)),
];

/// TFLM's reason and what to try.
pub(crate) fn refusal_at_run(
    model: &Model,
    chip: Chip,
    subgraph: &Subgraph,
    operator: &Operator,
) -> Option<(String, String)> {
    let node = Node { model, subgraph, operator };
    let rule = rule(model.operator_codes.get(operator.code_index as usize)?)?;
    let ty = node.tensor(rule.deciding_tensor).map(|tensor| tensor.ty);
    if let Some(ty) = ty.filter(|ty| !rule.types.is_empty() && !rule.types.contains(ty)) {
        return Some((format!("Type {} not supported.", named(ty)), computes_in(rule.types)));
    }
    let checks = CHECKS.iter().filter(|check| check.codes.contains(&rule.code));
    let mut checks = checks.filter(|check| chip != Chip::Host64 || !check.is_on_chips_only);
    checks.find_map(|check| node.fails(check)).or_else(|| match rule.code {
        Op::REDUCE_MAX | Op::REDUCE_MIN => node.rescaled_extreme(),
        Op::CUSTOM if rule.custom_name == Some("TFLite_Detection_PostProcess") => {
            node.fails(&only(&[Op::CUSTOM], Deciding::Input(1), &[Float32], "Type {} not supported."))
        }
        Op::SQUEEZE => node.resized_copy(),
        Op::IF | Op::WHILE => node.resized_call(),
        _ => None,
    })
}

/// `NAME (number)`, as TFLM prints types.
fn named(ty: TensorType) -> String {
    format!("{} ({})", type_name(ty), type_number(ty))
}

fn computes_in(types: &[TensorType]) -> String {
    let names = types.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(", ");
    format!("TFLM prepares this operator and fails when it runs: it takes {names} here")
}

const fn only(
    codes: &'static [Op],
    tensor: Deciding,
    types: &'static [TensorType],
    words: &'static str,
) -> Check {
    Check { codes, input: None, is_on_chips_only: false, tensor, takes: Takes::Only(types), words }
}

const fn alike(codes: &'static [Op], other: Deciding) -> Check {
    Check { takes: Takes::TypeOf(other), ..only(codes, Deciding::Output, &[], TYPES_EQ) }
}

impl Check {
    const fn of(self, input: TensorType) -> Self {
        Self { input: Some(input), ..self }
    }

    const fn on_chips(self) -> Self {
        Self { is_on_chips_only: true, ..self }
    }
}

struct Node<'m> {
    model: &'m Model,
    subgraph: &'m Subgraph,
    operator: &'m Operator,
}

impl<'m> Node<'m> {
    fn tensor(&self, which: Deciding) -> Option<&'m Tensor> {
        let id = match which {
            Deciding::Input(place) => self.operator.input(place),
            Deciding::Output => self.operator.output(0),
        };
        self.subgraph.tensors.get(id?.index())
    }

    fn fails(&self, check: &Check) -> Option<(String, String)> {
        if check.input.is_some() && check.input != self.tensor(Deciding::Input(0)).map(|input| input.ty) {
            return None;
        }
        let ty = self.tensor(check.tensor)?.ty;
        let only;
        let types = match check.takes {
            Takes::Only(types) => types,
            Takes::TypeOf(other) => {
                only = [self.tensor(other)?.ty];
                &only
            }
        };
        (!types.contains(&ty)).then(|| (check.words.replace("{}", &named(ty)), computes_in(types)))
    }

    /// Source: `reduce_common.cc`, `EvalMinMaxHelper`.
    fn rescaled_extreme(&self) -> Option<(String, String)> {
        let input = self.tensor(Deciding::Input(0))?;
        let output = self.tensor(Deciding::Output)?;
        let (scale, zero_point) = input.per_tensor_quantization().unwrap_or_default();
        let (output_scale, output_zero_point) = output.per_tensor_quantization().unwrap_or_default();
        if input.ty != Int8 || (scale == output_scale && zero_point == output_zero_point) {
            return None;
        }
        let name = if scale == output_scale { "zp" } else { "scale" };
        let reason = format!("reduce_common.cc: op_data->input_{name} != op_data->output_{name}");
        let help = "TFLM prepares this operator and fails when it runs: give its output the scale and zero point of \
                    its input";
        Some((reason, help.to_owned()))
    }

    /// Source: `squeeze.cc`, `SqueezeEval`.
    fn resized_copy(&self) -> Option<(String, String)> {
        let (input, output) = (self.tensor(Deciding::Input(0))?, self.tensor(Deciding::Output)?);
        let help =
            "TFLM prepares this operator and fails when it runs: input and output must have the same size";
        let text = "squeeze.cc: input_byte_size != output_byte_size";
        (input.byte_size() != output.byte_size()).then(|| (text.to_owned(), help.to_owned()))
    }

    /// Source: `kernel_util.cc`, `ValidateAndGetTensorSizes`.
    fn resized_call(&self) -> Option<(String, String)> {
        let bytes = |subgraph: &Subgraph, ids: &[TensorId]| {
            let sizes = ids.iter().map(|id| subgraph.tensors.get(id.index()).and_then(Tensor::byte_size));
            sizes.collect::<Vec<_>>()
        };
        let present = |ids: &[Option<TensorId>]| ids.iter().copied().flatten().collect::<Vec<_>>();
        let (inputs, outputs) = (present(&self.operator.inputs), present(&self.operator.outputs));
        let n_conditions = usize::from(matches!(Call::of(self.model, self.operator)?, Call::If { .. }));
        let given = bytes(self.subgraph, inputs.get(n_conditions..)?);
        let taken = bytes(self.subgraph, &outputs);
        let called = Call::of(self.model, self.operator)?.subgraphs();
        let fits = called.enumerate().all(|(order, number)| {
            let Some(subgraph) = self.model.subgraphs.get(number) else {
                return true;
            };
            let is_condition = n_conditions == 0 && order == 0;
            given == bytes(subgraph, &subgraph.inputs)
                && (is_condition
                    || subgraph.outputs.is_empty()
                    || taken == bytes(subgraph, &subgraph.outputs))
        });
        let fits = fits && (n_conditions == 1 || given == taken);
        let text = "kernel_util.cc: bytes >= 0 was not true.";
        let help = "TFLM prepares this operator and fails when it runs: the subgraph's inputs and outputs must have the \
                    sizes of the operator's";
        (!fits).then(|| (text.to_owned(), help.to_owned()))
    }
}
