//! What blocks, steps and operators are called, in writing and for assistive tools.

use std::sync::Arc;

use emberlab_core::model::{Model, OperatorId, SubgraphId, Tensor, TensorId};
use emberlab_core::plan::{BufferUse, PlannedBuffer};

use super::layout::Chart;
use crate::document::Selection;
use crate::panels::inspect::names::operator_name;
use crate::theme::format;

/// `#3`, or `#1.3` for operator 3 of subgraph 1.
pub fn operator_number(subgraph: SubgraphId, operator: OperatorId) -> String {
    match subgraph.0 {
        0 => format!("#{}", operator.0),
        number => format!("#{number}.{}", operator.0),
    }
}

/// `#3 DepthwiseConv2D`.
pub fn operator_title(model: &Model, subgraph: SubgraphId, operator: OperatorId) -> String {
    let number = operator_number(subgraph, operator);
    let found = model.subgraphs.get(subgraph.index()).and_then(|graph| graph.operators.get(operator.index()));
    match found {
        Some(found) => format!("{number} {}", operator_name(model, found)),
        None => number,
    }
}

/// `t54`, or `t1.54` for tensor 54 of subgraph 1.
pub fn tensor_number(subgraph: SubgraphId, tensor: TensorId) -> String {
    match subgraph.0 {
        0 => format!("t{}", tensor.0),
        number => format!("t{number}.{}", tensor.0),
    }
}

/// `t54` or `scratch of #3`; `scratch 2 of #3` for the second request of an operator.
pub fn buffer_name(buffer: &PlannedBuffer) -> String {
    match buffer.usage {
        BufferUse::Tensor(tensor) => tensor_number(buffer.subgraph, tensor),
        BufferUse::Scratch(operator, 0) => {
            format!("scratch of {}", operator_number(buffer.subgraph, operator))
        }
        BufferUse::Scratch(operator, request) => {
            format!("scratch {} of {}", request + 1, operator_number(buffer.subgraph, operator))
        }
    }
}

/// The selection that a click on a buffer makes.
pub fn selection_of(buffer: &PlannedBuffer) -> Selection {
    match buffer.usage {
        BufferUse::Tensor(tensor) => Selection::Tensor(buffer.subgraph, tensor),
        BufferUse::Scratch(operator, request) => Selection::Scratch(buffer.subgraph, operator, request),
    }
}

/// The tensor of the model, if the number is in range.
pub fn tensor_of(model: &Model, subgraph: SubgraphId, tensor: TensorId) -> Option<&Tensor> {
    model.subgraphs.get(subgraph.index())?.tensors.get(tensor.index())
}

/// What stands below the bar of a step: `in`, `3`, `1.3`; a dot for a step that only enters or leaves a subgraph.
pub fn step_label(chart: &Chart, scope: u32) -> String {
    match chart.steps.get(scope as usize).and_then(|step| step.operator) {
        Some((SubgraphId(0), operator)) => operator.0.to_string(),
        Some((subgraph, operator)) => format!("{}.{}", subgraph.0, operator.0),
        None if scope == 0 => "in".to_owned(),
        None => "·".to_owned(),
    }
}

/// A step in a sentence: `#3`, `the input`, `a subgraph call`.
pub fn step_name(chart: &Chart, scope: u32) -> String {
    match chart.steps.get(scope as usize).and_then(|step| step.operator) {
        Some((subgraph, operator)) => operator_number(subgraph, operator),
        None if scope == 0 => "the input".to_owned(),
        None => "a subgraph call".to_owned(),
    }
}

/// `Tensor 54, 36,864 bytes at 40,160, operators 2 to 3`.
pub fn spoken_block(chart: &Chart, buffer: &PlannedBuffer) -> String {
    let of = |subgraph: SubgraphId| match subgraph.0 {
        0 => String::new(),
        number => format!(" of subgraph {number}"),
    };
    let what = match buffer.usage {
        BufferUse::Tensor(tensor) => format!("Tensor {}{}", tensor.0, of(buffer.subgraph)),
        BufferUse::Scratch(operator, request) => {
            let which = if request == 0 { String::new() } else { format!(" {}", request + 1) };
            format!("Scratch{which} of operator {}{}", operator.0, of(buffer.subgraph))
        }
    };
    format!(
        "{what}, {} bytes at {}, {}",
        format::bytes_only(buffer.bytes),
        format::bytes_only(buffer.offset),
        spoken_steps(chart, buffer.first_used, buffer.last_used)
    )
}

fn spoken_steps(chart: &Chart, first: u32, last: u32) -> String {
    let operator = |scope: u32| chart.steps.get(scope as usize).and_then(|step| step.operator);
    let number = |scope: u32| step_label(chart, scope);
    match (operator(first), operator(last)) {
        (Some(a), Some(b)) if a == b => format!("operator {}", number(first)),
        (Some(_), Some(_)) => format!("operators {} to {}", number(first), number(last)),
        (None, Some(_)) if first == 0 => format!("input to operator {}", number(last)),
        _ if first == 0 && last == 0 => "before the first operator".to_owned(),
        _ if first == last => format!("step {first}"),
        _ => format!("steps {first} to {last}"),
    }
}

/// Who writes a tensor and who reads it last, for every activation of a model.
#[derive(Default)]
pub struct Uses {
    by_subgraph: Vec<Vec<TensorUse>>,
}

/// Who writes a tensor and who reads it last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TensorUse {
    /// The operator that writes it; `None` for inputs of the graph.
    pub writer: Option<OperatorId>,
    /// The last operator that reads it.
    pub last_reader: Option<OperatorId>,
    /// It is an output of the graph, so that it stays to the end.
    pub is_output: bool,
}

impl Uses {
    /// The uses in a model.
    pub fn of(model: &Arc<Model>) -> Self {
        let by_subgraph = model
            .subgraphs
            .iter()
            .map(|graph| {
                let mut uses = vec![TensorUse::default(); graph.tensors.len()];
                for (index, operator) in graph.operators.iter().enumerate() {
                    let id = OperatorId(index as u32);
                    for tensor in operator.inputs.iter().flatten() {
                        if let Some(found) = uses.get_mut(tensor.index()) {
                            found.last_reader = Some(id);
                        }
                    }
                    for tensor in operator.outputs.iter().flatten() {
                        if let Some(found) = uses.get_mut(tensor.index()) {
                            found.writer = found.writer.or(Some(id));
                        }
                    }
                }
                for tensor in &graph.outputs {
                    if let Some(found) = uses.get_mut(tensor.index()) {
                        found.is_output = true;
                    }
                }
                uses
            })
            .collect();
        Self { by_subgraph }
    }

    /// The use of a tensor.
    pub fn get(&self, subgraph: SubgraphId, tensor: TensorId) -> TensorUse {
        self.by_subgraph
            .get(subgraph.index())
            .and_then(|uses| uses.get(tensor.index()))
            .copied()
            .unwrap_or_default()
    }

    /// `written by #2, last read by #3`.
    pub fn sentence(&self, buffer: &PlannedBuffer) -> String {
        let number = |operator| operator_number(buffer.subgraph, operator);
        match buffer.usage {
            BufferUse::Scratch(operator, _) => {
                format!("working memory of {}, free afterwards", number(operator))
            }
            BufferUse::Tensor(tensor) => {
                let found = self.get(buffer.subgraph, tensor);
                let written = found
                    .writer
                    .map_or_else(|| "input".to_owned(), |id| format!("written by {}", number(id)));
                let read = match (found.last_reader, found.is_output) {
                    (_, true) => "output, kept to the end".to_owned(),
                    (Some(id), false) => format!("last read by {}", number(id)),
                    (None, false) => "never read".to_owned(),
                };
                format!("{written}, {read}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use emberlab_core::plan::{Chip, Target};

    use super::super::fixtures::{lossy_plan, model};
    use super::*;

    #[test]
    fn blocks_are_spoken_with_bytes_address_and_operators() {
        let plan = lossy_plan(Target::new(Chip::Esp32s3));
        let chart = Chart::from_plan(&plan);
        let spoken: Vec<String> = plan.buffers.iter().map(|buffer| spoken_block(&chart, buffer)).collect();
        assert_eq!(
            spoken,
            [
                "Tensor 0, 16 bytes at 144, input to operator 0",
                "Tensor 1, 112 bytes at 288, operators 0 to 1",
                "Tensor 2, 128 bytes at 160, operators 1 to 2",
                "Tensor 3, 10 bytes at 288, operator 2",
                "Scratch of operator 0, 144 bytes at 0, operator 0",
                "Scratch of operator 2, 160 bytes at 0, operator 2",
            ]
        );
    }

    #[test]
    fn uses_say_who_writes_and_who_reads_last() {
        let plan = lossy_plan(Target::new(Chip::Esp32s3));
        let uses = Uses::of(&Arc::new(model()));
        let sentences: Vec<String> = plan.buffers.iter().map(|buffer| uses.sentence(buffer)).collect();
        assert_eq!(
            sentences,
            [
                "input, last read by #0",
                "written by #0, last read by #1",
                "written by #1, last read by #2",
                "written by #2, output, kept to the end",
                "working memory of #0, free afterwards",
                "working memory of #2, free afterwards",
            ]
        );
    }

    #[test]
    fn steps_of_other_subgraphs_carry_their_number() {
        let mut plan = lossy_plan(Target::new(Chip::Esp32s3));
        plan.scope_operators[2] = Some((SubgraphId(1), OperatorId(0)));
        plan.scope_operators[3] = None;
        plan.buffers[2].subgraph = SubgraphId(1);
        let chart = Chart::from_plan(&plan);
        let labels: Vec<String> = (0..4).map(|scope| step_label(&chart, scope)).collect();
        assert_eq!(labels, ["in", "0", "1.0", "·"]);
        assert_eq!(step_name(&chart, 2), "#1.0");
        assert_eq!(step_name(&chart, 3), "a subgraph call");
        assert_eq!(
            spoken_block(&chart, &plan.buffers[2]),
            "Tensor 2 of subgraph 1, 128 bytes at 160, steps 2 to 3"
        );
        assert_eq!(chart.scope_of(SubgraphId(1), OperatorId(0)), Some(2));
    }

    #[test]
    fn numbers_outside_of_the_model_do_not_panic() {
        let model = model();
        assert_eq!(operator_title(&model, SubgraphId(4), OperatorId(9)), "#4.9");
        assert_eq!(operator_title(&model, SubgraphId(0), OperatorId(2)), "#2 DepthwiseConv2D");
        assert_eq!(Uses::of(&Arc::new(model)).get(SubgraphId(7), TensorId(99)), TensorUse::default());
    }
}
