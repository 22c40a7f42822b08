//! Shapes and parameter counts of all layers, or what is wrong and what to do about it.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::fmt;

use super::output_shape::{Fault, TAKE_SMALLER, TOO_LARGE, output_shape};
use super::{LayerGraph, LayerId, LayerKind, arrays};
use crate::verdict::Severity;

/// Most dimensions of one sample that layers take: height, width, channels.
pub const MAX_RANK: usize = 3;

/// Most elements of one tensor, and of all weights together: as float32 they fill half of the 2 GiB at which a .tflite file
/// ends.
pub const MAX_ELEMENTS: u64 = 1 << 28;

/// What is known about a graph; a graph with errors still has shapes for the layers that are fine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shapes {
    /// One entry per layer, in the order of the graph.
    pub layers: Vec<LayerShape>,
    /// Indexes of layers such that each comes after all that it reads, otherwise in the order of the graph. Layers on a
    /// loop, and those that wait for them, are left out.
    pub order: Vec<usize>,
    /// The layers whose outputs the network gives: those of the graph, or every layer that no other reads.
    pub outputs: Vec<LayerId>,
    /// Everything that is wrong or odd, layer by layer.
    pub problems: Vec<LayerProblem>,
    index_of: HashMap<LayerId, usize>,
}

/// What is known about one layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerShape {
    /// Which layer.
    pub id: LayerId,
    /// Shapes of what it reads, in order, where they are known.
    pub inputs: Vec<Option<Vec<usize>>>,
    /// Shape of one sample without the batch dimension; `None` where something is wrong here or before.
    pub output: Option<Vec<usize>>,
    /// How many numbers it learns or keeps.
    pub parameters: Parameters,
    /// Nothing is wrong with the layer itself, but something before it is.
    pub waits: bool,
    /// An output of the network depends on it.
    pub is_used: bool,
}

/// How many numbers a layer keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Learned by following gradients.
    pub trainable: u64,
    /// Kept otherwise: moving means and variances.
    pub fixed: u64,
}

/// Something wrong or odd about a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerProblem {
    /// The layer; `None` for the graph as a whole.
    pub layer: Option<LayerId>,
    /// Name of the layer, empty for the graph as a whole.
    pub name: String,
    /// The place among the layer's inputs whose edge is to blame.
    pub input: Option<usize>,
    /// Graphs with errors cannot be trained or exported.
    pub severity: Severity,
    /// What is the matter.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// A shape as people write it, `25×5×64`.
pub fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

/// Shapes of all layers of a graph.
pub fn shapes(graph: &LayerGraph) -> Shapes {
    let mut inference = Inference::new(graph);
    inference.check_identities();
    inference.sort();
    inference.report_loops();
    for place in 0..inference.shapes.order.len() {
        let index = inference.shapes.order[place];
        inference.infer(index);
    }
    inference.finish()
}

impl Shapes {
    /// Nothing is wrong: the graph can be trained and exported.
    pub fn is_valid(&self) -> bool {
        self.errors().next().is_none()
    }

    /// Problems that keep the graph from being trained or exported.
    pub fn errors(&self) -> impl Iterator<Item = &LayerProblem> {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error)
    }

    /// What is known about a layer.
    pub fn layer(&self, id: LayerId) -> Option<&LayerShape> {
        self.layers.get(self.index_of(id)?)
    }

    /// Shape of a layer's output, if it is known.
    pub fn output(&self, id: LayerId) -> Option<&[usize]> {
        self.layer(id)?.output.as_deref()
    }

    /// The index of a layer in the graph.
    pub fn index_of(&self, id: LayerId) -> Option<usize> {
        self.index_of.get(&id).copied()
    }

    /// Problems of one layer.
    pub fn problems_of(&self, id: LayerId) -> impl Iterator<Item = &LayerProblem> {
        self.problems.iter().filter(move |problem| problem.layer == Some(id))
    }

    /// Sum over all layers.
    pub fn parameters(&self) -> Parameters {
        let add = |sum: Parameters, layer: &LayerShape| Parameters {
            trainable: sum.trainable.saturating_add(layer.parameters.trainable),
            fixed: sum.fixed.saturating_add(layer.parameters.fixed),
        };
        self.layers.iter().fold(Parameters::default(), add)
    }
}

impl Parameters {
    /// Both kinds together, as Keras counts.
    pub fn total(self) -> u64 {
        self.trainable.saturating_add(self.fixed)
    }
}

impl fmt::Display for LayerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{}: ", self.name)?;
        }
        write!(f, "{}. {}", self.message, self.help)
    }
}

/// Inference in progress.
struct Inference<'g> {
    graph: &'g LayerGraph,
    shapes: Shapes,
    /// Layers that have an error of their own.
    faulty: HashSet<usize>,
}

impl<'g> Inference<'g> {
    fn new(graph: &'g LayerGraph) -> Self {
        let layers = graph.layers.iter().map(|layer| LayerShape { id: layer.id, ..LayerShape::default() });
        let shapes = Shapes { layers: layers.collect(), ..Shapes::default() };
        Self { graph, shapes, faulty: HashSet::new() }
    }

    fn report(&mut self, index: usize, severity: Severity, fault: Fault) {
        let layer = &self.graph.layers[index];
        if severity == Severity::Error {
            self.faulty.insert(index);
        }
        self.shapes.problems.push(LayerProblem {
            layer: Some(layer.id),
            name: layer.name.clone(),
            input: fault.input,
            severity,
            message: fault.message,
            help: fault.help,
        });
    }

    fn report_graph(&mut self, message: &str, help: &str) {
        self.shapes.problems.push(LayerProblem {
            layer: None,
            name: String::new(),
            input: None,
            severity: Severity::Error,
            message: message.to_owned(),
            help: help.to_owned(),
        });
    }

    /// Identities, names and edges, before any shape.
    fn check_identities(&mut self) {
        let mut names = HashSet::new();
        for (index, layer) in self.graph.layers.iter().enumerate() {
            let is_known = *self.shapes.index_of.entry(layer.id).or_insert(index) != index;
            if is_known {
                let message = format!("The number {} belongs to another layer already", layer.id.0);
                self.report(index, Severity::Error, Fault::new(message, "Remove the layer and add it again"));
            }
            if layer.name.is_empty() {
                self.report(index, Severity::Error, Fault::new("It has no name", "Give it one"));
            } else if !names.insert(layer.name.as_str()) {
                let message = format!("The name {} belongs to another layer already", layer.name);
                self.report(
                    index,
                    Severity::Error,
                    Fault::new(message, "Names tell weights apart: give it another"),
                );
            }
        }
        for (index, layer) in self.graph.layers.iter().enumerate() {
            for (place, input) in layer.inputs.iter().enumerate() {
                if !self.shapes.index_of.contains_key(input) {
                    let fault = Fault::new("It reads a layer that is not there", "Connect its input again");
                    self.report(index, Severity::Error, fault.at(place));
                }
            }
        }
        self.check_outputs();
    }

    fn check_outputs(&mut self) {
        let graph = self.graph;
        if graph.layers.is_empty() {
            self.report_graph("The network is empty", "Add an Input, or take a template");
            return;
        }
        if !graph.layers.iter().any(|layer| matches!(layer.kind, LayerKind::Input { .. })) {
            self.report_graph("Nothing enters the network", "Add an Input");
        }
        let read: HashSet<LayerId> =
            graph.layers.iter().flat_map(|layer| layer.inputs.iter().copied()).collect();
        if graph.outputs.is_empty() {
            let unread = graph.layers.iter().map(|layer| layer.id).filter(|id| !read.contains(id));
            let mut seen = HashSet::new();
            self.shapes.outputs = unread.filter(|id| seen.insert(*id)).collect();
        } else {
            let mut seen = HashSet::new();
            for output in &graph.outputs {
                if !self.shapes.index_of.contains_key(output) {
                    self.report_graph(
                        "An output of the network is a layer that is not there",
                        "Choose the outputs again",
                    );
                } else if !seen.insert(*output) {
                    self.report_graph(
                        "A layer is an output of the network twice",
                        "Choose the outputs again",
                    );
                }
            }
            let known = graph.outputs.iter().filter(|id| self.shapes.index_of.contains_key(id));
            self.shapes.outputs = known.copied().collect();
        }
        for (index, layer) in graph.layers.iter().enumerate() {
            if matches!(layer.kind, LayerKind::Input { .. }) && !read.contains(&layer.id) {
                let fault = Fault::new("Nothing reads it", "Connect a layer to it, or remove it");
                self.report(index, Severity::Error, fault);
            }
        }
    }

    /// Kahn's algorithm; of the layers that are ready, the first of the graph comes next.
    fn sort(&mut self) {
        let n_layers = self.graph.layers.len();
        let mut readers = vec![Vec::new(); n_layers];
        let mut n_open = vec![0usize; n_layers];
        for (index, layer) in self.graph.layers.iter().enumerate() {
            for source in layer.inputs.iter().filter_map(|input| self.shapes.index_of(*input)) {
                readers[source].push(index);
                n_open[index] += 1;
            }
        }
        let mut ready: BinaryHeap<_> =
            (0..n_layers).filter(|index| n_open[*index] == 0).map(std::cmp::Reverse).collect();
        while let Some(std::cmp::Reverse(index)) = ready.pop() {
            self.shapes.order.push(index);
            for reader in &readers[index] {
                n_open[*reader] -= 1;
                if n_open[*reader] == 0 {
                    ready.push(std::cmp::Reverse(*reader));
                }
            }
        }
    }

    /// Each layer without a place in the order has a source without one: following these ends in a loop.
    fn report_loops(&mut self) {
        let sorted: HashSet<usize> = self.shapes.order.iter().copied().collect();
        let mut visited = HashSet::new();
        for start in (0..self.graph.layers.len()).filter(|index| !sorted.contains(index)) {
            let mut path = Vec::new();
            let mut index = start;
            while visited.insert(index) {
                path.push(index);
                let sources = self.graph.layers[index].inputs.iter();
                let open = sources
                    .filter_map(|id| self.shapes.index_of(*id))
                    .find(|source| !sorted.contains(source));
                index = open.unwrap_or(index);
            }
            if let Some(place) = path.iter().position(|seen| *seen == index) {
                let members = path[place..].iter().rev().chain([&path[path.len() - 1]]);
                let names: Vec<&str> = members.map(|index| self.graph.layers[*index].name.as_str()).collect();
                let message = format!("The layers run in a circle: {}", names.join(" → "));
                self.report(index, Severity::Error, Fault::new(message, "Take one of these edges out"));
            }
        }
        for index in (0..self.graph.layers.len()).filter(|index| !sorted.contains(index)) {
            self.shapes.layers[index].waits = !self.faulty.contains(&index);
        }
    }

    fn infer(&mut self, index: usize) {
        let layer = &self.graph.layers[index];
        let sources = layer.inputs.iter().map(|id| Some(self.shapes.output(*id)?.to_vec()));
        let inputs: Vec<Option<Vec<usize>>> = sources.collect();
        self.shapes.layers[index].inputs.clone_from(&inputs);
        if self.faulty.contains(&index) {
            return;
        }
        let known: Option<Vec<&[usize]>> = inputs.iter().map(Option::as_deref).collect();
        let Some(known) = known else {
            self.shapes.layers[index].waits = true;
            return;
        };
        let names: Vec<&str> = layer.inputs.iter().filter_map(|id| self.name(*id)).collect();
        match output_shape(&layer.kind, &known, &names) {
            Ok(output) => {
                let specs = arrays(&layer.kind, &known);
                let mut parameters = Parameters::default();
                for spec in &specs {
                    let place =
                        if spec.trainable { &mut parameters.trainable } else { &mut parameters.fixed };
                    *place = place.saturating_add(spec.element_count());
                }
                self.shapes.layers[index].parameters = parameters;
                if is_small(&output) && parameters.total() <= MAX_ELEMENTS {
                    self.shapes.layers[index].output = Some(output);
                } else {
                    self.report(index, Severity::Error, Fault::new(TOO_LARGE, TAKE_SMALLER));
                }
            }
            Err(fault) => self.report(index, Severity::Error, fault),
        }
    }

    fn name(&self, id: LayerId) -> Option<&'g str> {
        Some(&self.graph.layers[self.shapes.index_of(id)?].name)
    }

    fn finish(mut self) -> Shapes {
        if self.faulty.is_empty() && self.shapes.parameters().total() > MAX_ELEMENTS {
            self.report_graph("All weights together are too large for a .tflite file", "Take smaller layers");
        }
        self.mark_used();
        for index in 0..self.graph.layers.len() {
            let is_input = matches!(self.graph.layers[index].kind, LayerKind::Input { .. });
            if !self.shapes.layers[index].is_used && !is_input && !self.shapes.outputs.is_empty() {
                let fault = Fault::new(
                    "No output of the network depends on it",
                    "It is left out of training and export: connect it, or remove it",
                );
                self.report(index, Severity::Warning, fault);
            }
        }
        let Shapes { problems, index_of, .. } = &mut self.shapes;
        problems.sort_by_key(|problem| problem.layer.and_then(|id| index_of.get(&id).copied()));
        self.shapes
    }

    fn mark_used(&mut self) {
        let mut open: Vec<usize> =
            self.shapes.outputs.iter().filter_map(|id| self.shapes.index_of(*id)).collect();
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut self.shapes.layers[index].is_used, true) {
                let inputs = self.graph.layers[index].inputs.iter();
                open.extend(inputs.filter_map(|id| self.shapes.index_of(*id)));
            }
        }
    }
}

/// Every dimension and the product fit a tensor.
fn is_small(shape: &[usize]) -> bool {
    let product =
        shape.iter().try_fold(1u64, |product, size| product.checked_mul(u64::try_from(*size).ok()?));
    product.is_some_and(|elements| elements <= MAX_ELEMENTS)
}

#[cfg(test)]
mod tests;
