//! Operators that run other subgraphs: IF, WHILE and CALL_ONCE.
//!
//! Reference: micro/kernels/if.cc, while.cc and call_once.cc in esp-tflite-micro at 99f49e1. Values are copied between the
//! operands of the operator and the inputs and outputs of the subgraph.

use super::{Halt, Interpreter, Observer};
use crate::graph::{Graph, Place};
use crate::records::{Record, record};

/// How deep subgraphs may call each other.
pub(crate) const MAX_CALL_DEPTH: usize = 8;

/// Kinds of operators that run other subgraphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlFlow {
    /// Runs one of two subgraphs.
    If,
    /// Runs a subgraph as long as another one says so.
    While,
    /// Runs a subgraph in the first invocation.
    CallOnce,
}

record! {
    /// Parameters of all three.
    pub(crate) struct Calls {
        /// `then`, `cond` or `init`.
        pub(crate) first: u32,
        /// `else` or `body`; the same as `first` for CALL_ONCE.
        pub(crate) second: u32,
        /// One byte of state of CALL_ONCE: not 0 after the first invocation.
        pub(crate) has_run: crate::graph::Buffer,
    }
}

impl ControlFlow {
    pub(super) fn called_subgraphs(self, params: &[u32]) -> [Option<u32>; 2] {
        let calls = Calls::read(params);
        match self {
            ControlFlow::If | ControlFlow::While => [Some(calls.first), Some(calls.second)],
            ControlFlow::CallOnce => [Some(calls.first), None],
        }
    }
}

/// Whose tensors are copied, from the first one on.
#[derive(Clone, Copy)]
enum Side {
    OperatorInputs { subgraph: u32, index: u32, from: usize },
    OperatorOutputs { subgraph: u32, index: u32 },
    SubgraphInputs(u32),
    SubgraphOutputs(u32),
}

impl Interpreter<'_> {
    pub(super) fn run_control_flow(
        &mut self,
        kind: ControlFlow,
        subgraph: u32,
        index: u32,
        observer: &mut dyn Observer,
    ) -> Result<(), Halt> {
        let calls = Calls::read(self.graph.params(subgraph, index));
        let outputs = Side::OperatorOutputs { subgraph, index };
        let inputs = |from| Side::OperatorInputs { subgraph, index, from };
        match kind {
            ControlFlow::If => {
                let condition = self.side_place(inputs(0), 0);
                let called = if self.is_true(condition) { calls.first } else { calls.second };
                self.copy(inputs(1), Side::SubgraphInputs(called));
                self.run_subgraph(called, observer)?;
                self.copy(Side::SubgraphOutputs(called), outputs);
            }
            ControlFlow::While => {
                self.copy(inputs(0), Side::SubgraphInputs(calls.first));
                self.copy(inputs(0), outputs);
                self.run_subgraph(calls.first, observer)?;
                while self.is_true(self.side_place(Side::SubgraphOutputs(calls.first), 0)) {
                    self.copy(outputs, Side::SubgraphInputs(calls.second));
                    self.run_subgraph(calls.second, observer)?;
                    self.copy(Side::SubgraphOutputs(calls.second), outputs);
                    self.copy(outputs, Side::SubgraphInputs(calls.first));
                    self.run_subgraph(calls.first, observer)?;
                    if observer.stop() {
                        return Err(Halt::Observer);
                    }
                }
            }
            ControlFlow::CallOnce => {
                let flag = self.graph.buffer(calls.has_run);
                if !self.is_true(flag) {
                    self.memory[Graph::memory_range(flag)].fill(1);
                    self.run_subgraph(calls.first, observer)?;
                }
            }
        }
        Ok(())
    }

    fn is_true(&self, place: (Place, usize)) -> bool {
        let constant = self.graph.constant_bytes(place);
        let bytes = if place.0.is_constant() { constant } else { &self.memory[Graph::memory_range(place)] };
        bytes.first().is_some_and(|byte| *byte != 0)
    }

    fn copy(&mut self, from: Side, to: Side) {
        let n_tensors = self.side_len(from).min(self.side_len(to));
        for position in 0..n_tensors {
            let (source, target) = (self.side_place(from, position), self.side_place(to, position));
            let target = Graph::memory_range(target);
            if source.0.is_constant() {
                let bytes = self.graph.constant_bytes(source);
                let length = bytes.len().min(target.len());
                self.memory[target.start..target.start + length].copy_from_slice(&bytes[..length]);
            } else {
                let source = Graph::memory_range(source);
                let length = source.len().min(target.len());
                self.memory.copy_within(source.start..source.start + length, target.start);
            }
        }
    }

    fn side_len(&self, side: Side) -> usize {
        let file = self.graph.file();
        match side {
            Side::OperatorInputs { subgraph, index, from } => {
                self.graph.operator(subgraph, index).inputs.len(file).saturating_sub(from)
            }
            Side::OperatorOutputs { subgraph, index } => {
                self.graph.operator(subgraph, index).outputs.len(file)
            }
            Side::SubgraphInputs(subgraph) => self.graph.subgraph_inputs(subgraph).len(),
            Side::SubgraphOutputs(subgraph) => self.graph.subgraph_outputs(subgraph).len(),
        }
    }

    fn side_place(&self, side: Side, position: usize) -> (Place, usize) {
        let file = self.graph.file();
        match side {
            Side::OperatorInputs { subgraph, index, from } => {
                let id = self.graph.operator(subgraph, index).inputs.get(file, from + position);
                self.graph.tensor(subgraph, id)
            }
            Side::OperatorOutputs { subgraph, index } => {
                let id = self.graph.operator(subgraph, index).outputs.get(file, position);
                self.graph.tensor(subgraph, id)
            }
            Side::SubgraphInputs(subgraph) => {
                let id = self.graph.subgraph_inputs(subgraph).get(position).unwrap_or(-1);
                self.graph.tensor(subgraph, id)
            }
            Side::SubgraphOutputs(subgraph) => {
                let id = self.graph.subgraph_outputs(subgraph).get(position).unwrap_or(-1);
                self.graph.tensor(subgraph, id)
            }
        }
    }
}
