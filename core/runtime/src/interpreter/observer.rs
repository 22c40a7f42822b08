//! What can be seen of a running model.

use crate::error::OperatorPlace;
use crate::graph::{Graph, operator_name};

/// Sees every operator run, for timing and traces. Every method has a default that does nothing.
pub trait Observer {
    /// Called before an operator runs.
    fn before(&mut self, _operator: &OperatorEvent<'_>) {}
    /// Called after an operator has run; operators of a subgraph come before the operator that called it.
    fn after(&mut self, _operator: &OperatorEvent<'_>) {}
    /// Asked before every operator: true ends the invocation, which a loop in a broken model would never do.
    fn stop(&mut self) -> bool {
        false
    }
}

/// Sees nothing.
impl Observer for () {}

/// An operator that is about to run or has run.
pub struct OperatorEvent<'e> {
    graph: Graph<'e>,
    memory: &'e [u8],
    subgraph: u32,
    index: u32,
}

impl<'e> OperatorEvent<'e> {
    pub(super) fn new(graph: Graph<'e>, memory: &'e [u8], subgraph: u32, index: u32) -> Self {
        Self { graph, memory, subgraph, index }
    }

    /// Number of the subgraph.
    pub fn subgraph(&self) -> u32 {
        self.subgraph
    }

    /// Index in the subgraph.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Subgraph, index and name, which is read from the file.
    pub fn place(&self) -> OperatorPlace<'e> {
        let view = self.graph.operator_view(self.subgraph, self.index);
        let name = view.map_or("?", |operator| operator_name(&self.graph.model, &operator));
        OperatorPlace { subgraph: self.subgraph, index: self.index, name }
    }

    /// Number of inputs, those left out included.
    pub fn n_inputs(&self) -> usize {
        self.graph.operator(self.subgraph, self.index).inputs.len(self.graph.file())
    }

    /// Number of outputs.
    pub fn n_outputs(&self) -> usize {
        self.graph.operator(self.subgraph, self.index).outputs.len(self.graph.file())
    }

    /// Tensor number of an input; -1 if it is left out.
    pub fn input_tensor(&self, index: usize) -> i32 {
        self.graph.operator(self.subgraph, self.index).inputs.get(self.graph.file(), index)
    }

    /// Tensor number of an output; -1 if it is left out.
    pub fn output_tensor(&self, index: usize) -> i32 {
        self.graph.operator(self.subgraph, self.index).outputs.get(self.graph.file(), index)
    }

    /// The bytes of an input; empty if it is left out.
    pub fn input(&self, index: usize) -> &'e [u8] {
        self.bytes(self.input_tensor(index))
    }

    /// The bytes of an output; empty if it is left out.
    pub fn output(&self, index: usize) -> &'e [u8] {
        self.bytes(self.output_tensor(index))
    }

    fn bytes(&self, id: i32) -> &'e [u8] {
        let place = self.graph.tensor(self.subgraph, id);
        if place.0.is_constant() {
            return self.graph.constant_bytes(place);
        }
        self.memory.get(Graph::memory_range(place)).unwrap_or(&[])
    }
}
