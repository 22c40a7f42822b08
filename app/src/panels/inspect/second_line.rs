//! The second line of a node: what the user wants to see there.

use emberlab_core::model::{Model, Subgraph};

use super::facts::GraphFacts;
use super::names::layer_of;
use crate::theme::format;

/// What the second line of a node shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondLine {
    /// Kernel, stride, activation.
    pub attributes: bool,
    /// Shapes of weights and other constants.
    pub weights: bool,
    /// Name of the first output.
    pub names: bool,
}

impl Default for SecondLine {
    fn default() -> Self {
        Self { attributes: true, weights: false, names: false }
    }
}

impl SecondLine {
    /// The line of every operator.
    pub fn of(self, model: &Model, subgraph: &Subgraph, graph: &GraphFacts) -> Vec<String> {
        subgraph
            .operators
            .iter()
            .zip(&graph.operators)
            .map(|(operator, facts)| {
                let mut parts = Vec::new();
                if self.names {
                    let output = operator.output(0).and_then(|tensor| graph.tensors.get(tensor.index()));
                    parts.extend(output.map(|tensor| tail(&tensor.name)).filter(|name| !name.is_empty()));
                }
                if self.attributes && !facts.summary.is_empty() {
                    parts.push(facts.summary.clone());
                }
                if self.weights {
                    let tensors = operator.inputs.iter().flatten();
                    let constants = tensors
                        .filter_map(|tensor| subgraph.tensors.get(tensor.index()))
                        .filter(|tensor| model.constant_data(tensor).is_some())
                        .map(|tensor| format::shape(&tensor.shape));
                    parts.extend(constants.take(2));
                }
                parts.join(" · ")
            })
            .collect()
    }
}

/// The last two parts of a name: paths begin alike and differ at their end.
fn tail(name: &str) -> String {
    let parts: Vec<&str> = layer_of(name).split('/').filter(|part| !part.is_empty()).collect();
    parts[parts.len().saturating_sub(2)..].join("/")
}

#[cfg(test)]
mod tests {
    use emberlab_core::cost;
    use emberlab_core::model::{BuiltinOperator, TensorType};

    use super::*;
    use crate::document::Findings;
    use crate::panels::inspect::facts::ModelFacts;
    use crate::panels::inspect::fixtures::ModelBuilder;

    #[test]
    fn the_line_shows_what_is_asked_for() {
        let mut builder = ModelBuilder::new();
        let input = builder.tensor("in", &[1, 8], TensorType::Int8);
        let weights = builder.constant("w", &[4, 8], TensorType::Int8, vec![0; 32]);
        let output = builder.tensor("model/block/dense/MatMul;model/dense", &[1, 4], TensorType::Int8);
        builder.operator(BuiltinOperator::FULLY_CONNECTED, &[input, weights], &[output]);
        let model = builder.finish(&[input], &[output]);
        let facts = ModelFacts::of_model(&model, cost::totals(&model), None, &Findings::default());
        let check = |attributes, weights, names, expected: &str| {
            let line = SecondLine { attributes, weights, names };
            assert_eq!(line.of(&model, &model.subgraphs[0], &facts.graphs[0]), [expected]);
        };
        check(true, false, false, "8 → 4");
        check(false, true, false, "4×8");
        check(false, false, true, "dense/MatMul");
        check(true, true, true, "dense/MatMul · 8 → 4 · 4×8");
        check(false, false, false, "");
    }
}
