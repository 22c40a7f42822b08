//! Which operators of two models compute the same layer.

use crate::model::{Model, Operator, OperatorId, Subgraph};

/// An operator of each of two models that compute the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorPair {
    /// In the first model.
    pub first: OperatorId,
    /// In the second one.
    pub second: OperatorId,
}

/// Pairs of operators of the main subgraphs, in order: the longest sequence in which kinds and numbers of elements agree.
/// Conversions (QUANTIZE, DEQUANTIZE, CAST) are in no pair.
pub fn paired_operators(first: &Model, second: &Model) -> Vec<OperatorPair> {
    let (Some(first_graph), Some(second_graph)) = (first.subgraphs.first(), second.subgraphs.first()) else {
        return Vec::new();
    };
    let firsts = layers(first, first_graph);
    let seconds = layers(second, second_graph);
    // Lengths of the longest common sequences of what is left.
    let width = seconds.len() + 1;
    let mut lengths = vec![0u32; (firsts.len() + 1) * width];
    for i in (0..firsts.len()).rev() {
        for j in (0..seconds.len()).rev() {
            lengths[i * width + j] = if firsts[i].1 == seconds[j].1 {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < firsts.len() && j < seconds.len() {
        if firsts[i].1 == seconds[j].1 {
            pairs.push(OperatorPair { first: firsts[i].0, second: seconds[j].0 });
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// Operators that are no conversions, each with what it has to agree in.
fn layers(model: &Model, graph: &Subgraph) -> Vec<(OperatorId, (String, Option<u64>))> {
    let numbered = graph.operators.iter().enumerate();
    let described = numbered.map(|(index, operator)| {
        (OperatorId(index as u32), (model.operator_name(operator), elements(graph, operator)))
    });
    described.filter(|(_, (name, _))| !matches!(name.as_str(), "QUANTIZE" | "DEQUANTIZE" | "CAST")).collect()
}

fn elements(graph: &Subgraph, operator: &Operator) -> Option<u64> {
    operator.output(0).and_then(|id| graph.tensor(id).element_count())
}
