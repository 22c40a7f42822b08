//! From a layer graph to a model in operators of TensorFlow Lite.
//!
//! Batch normalisation disappears in the weights before it, dropout disappears, activations go into operators that have a
//! field for them, and tensors keep the names of layers. Layers over steps work on `[1, 1, steps, channels]`, so that
//! neighbours need no RESHAPE between them. Integers come out of [`crate::quantize`].

mod constants;
mod float;
mod operators;
mod program;
mod tables;
mod walk;

use std::collections::BTreeMap;

use thiserror::Error;

use super::{LayerGraph, LayerId, LayerProblem, Shapes, Weights, shape_text, shapes};
use crate::model::{Model, ModelBuilder, OperatorId, TensorId, versions};
use crate::quantize::{QuantizeError, int8_placeholder};

/// What goes into the file besides the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoweringOptions {
    /// What the outputs of a classifier stand for; kept in the metadata `labels`, one a line.
    pub labels: Vec<String>,
    /// Free text; the name of the network where there is none.
    pub description: Option<String>,
    /// Further metadata: name and bytes.
    pub metadata: Vec<(String, Vec<u8>)>,
}

/// A model, and which of its operators compute which layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The model: one subgraph with the signature `serving_default`.
    pub model: Model,
    /// For each operator of the subgraph the layers that it computes, in the order of data flow.
    pub layers: Vec<Vec<LayerId>>,
    /// The tensor that holds what a layer gives; layers that are folded into a later one share its tensor. Layers that no
    /// output depends on have none.
    pub tensors: BTreeMap<LayerId, TensorId>,
}

/// Why a graph does not become a model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LowerError {
    /// The graph has errors.
    #[error("{}", first_problem(.0))]
    Graph(Vec<LayerProblem>),
    /// The weights are not those of the graph.
    #[error("{}", weights_text(.layer, .array, .expected, .found.as_deref()))]
    Weights {
        /// Name of the layer.
        layer: String,
        /// Name of the array.
        array: &'static str,
        /// Its shape after the graph.
        expected: Vec<usize>,
        /// The shape that was found; `None` where there is no such array.
        found: Option<Vec<usize>>,
    },
    /// Its float32 model has no int8 form.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
}

fn first_problem(problems: &[LayerProblem]) -> String {
    let more = match problems.len() {
        0 | 1 => String::new(),
        count => format!(" ({} more)", count - 1),
    };
    problems.first().map_or_else(String::new, |problem| format!("{problem}{more}"))
}

fn weights_text(layer: &str, array: &str, expected: &[usize], found: Option<&[usize]>) -> String {
    let expected = shape_text(expected);
    match found {
        None => format!("The weights have no {array} of {expected} for the layer {layer}"),
        Some(found) => {
            format!("The {array} of the layer {layer} is {} instead of {expected}", shape_text(found))
        }
    }
}

/// The graph with trained weights as a float32 model.
///
/// # Errors
/// The graph has errors, or the weights are not those of the graph.
pub fn lower(
    graph: &LayerGraph,
    weights: &Weights,
    options: &LoweringOptions,
) -> Result<Lowered, LowerError> {
    let shapes = valid_shapes(graph)?;
    let walked = walk::walk(graph, &shapes, Some(weights))?;
    Ok(finish(graph, walked, options))
}

/// The graph as an int8 model with weights of zero and scales that TFLM accepts: operators, tensors and shapes are those of
/// an int8 export, so that the exact planner gives its arena.
///
/// # Errors
/// The graph has errors.
pub fn lower_int8_placeholder(graph: &LayerGraph) -> Result<Lowered, LowerError> {
    lower_int8_placeholder_with(graph, &valid_shapes(graph)?)
}

/// As [`lower_int8_placeholder`], for shapes that are known already.
///
/// # Errors
/// The graph has errors.
pub fn lower_int8_placeholder_with(graph: &LayerGraph, shapes: &Shapes) -> Result<Lowered, LowerError> {
    check(shapes)?;
    let walked = walk::walk(graph, shapes, None)?;
    let float = finish(graph, walked, &LoweringOptions::default());
    let int8 = int8_placeholder(&float.model)?;
    // A conversion belongs to the operator that it is for, which is the next one.
    let layers_of = |place: usize| {
        let next = int8.sources[place..].iter().flatten().next();
        let layers = next.map_or(&[][..], |operator| float.layers_of(*operator));
        if int8.sources[place].is_some() { layers.to_vec() } else { layers.iter().take(1).copied().collect() }
    };
    let layers = (0..int8.sources.len()).map(layers_of).collect();
    let tensors = float.tensors.iter().filter_map(|(layer, id)| Some((*layer, int8.tensors[id.index()]?)));
    let tensors = tensors.collect();
    Ok(Lowered { model: int8.model, layers, tensors })
}

fn valid_shapes(graph: &LayerGraph) -> Result<Shapes, LowerError> {
    let shapes = shapes(graph);
    check(&shapes)?;
    Ok(shapes)
}

fn check(shapes: &Shapes) -> Result<(), LowerError> {
    let errors: Vec<LayerProblem> = shapes.errors().cloned().collect();
    if errors.is_empty() { Ok(()) } else { Err(LowerError::Graph(errors)) }
}

/// Writes the program into a model.
fn finish(graph: &LayerGraph, walked: walk::Walked, options: &LoweringOptions) -> Lowered {
    let walk::Walked { program, values } = walked;
    let mut builder = ModelBuilder::new(options.description.as_deref().unwrap_or(&graph.name));
    let tensors = float::emit(&mut builder, &program);
    for output in &program.outputs {
        builder.output(tensors[output.0]);
    }
    builder.signature("serving_default");
    if !options.labels.is_empty() {
        builder.metadata("labels", options.labels.join("\n").into_bytes());
    }
    for (name, bytes) in &options.metadata {
        builder.metadata(name, bytes.clone());
    }
    let mut model = builder.build();
    versions::set(&mut model);
    Lowered {
        model,
        layers: program.steps.into_iter().map(|step| step.layers).collect(),
        tensors: values.into_iter().map(|(layer, value)| (layer, tensors[value.0])).collect(),
    }
}

impl Lowered {
    /// The operators that compute a layer; none for layers that disappear.
    pub fn operators_of(&self, layer: LayerId) -> impl Iterator<Item = OperatorId> {
        let numbered = self.layers.iter().enumerate().filter(move |(_, layers)| layers.contains(&layer));
        numbered.map(|(index, _)| OperatorId(index as u32))
    }

    /// The layers that an operator computes.
    pub fn layers_of(&self, operator: OperatorId) -> &[LayerId] {
        self.layers.get(operator.index()).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;
