//! Prepares a model in a caller's arena, and runs it.
//!
//! The arena holds, from its first multiple of 16: copies of constants that are not aligned (in most models none), words with all that preparation found out (see [`crate::graph`]), then
//! variable tensors and state of kernels, then the planned tensors and scratch buffers. Sizes do not depend on the width
//! of a pointer, so a desktop computes the arena of a chip byte for byte.

mod build;
mod control;
mod needs;
mod observer;
#[cfg(test)]
mod tests;

pub(crate) use control::Calls;
pub use control::ControlFlow;
pub use needs::{ArenaNeeds, PlannedBuffer, PlannedUse, arena_needs};
pub use observer::{Observer, OperatorEvent};

use crate::error::{PrepareError, Reason};
use crate::eval::{EvalContext, cast, cast_mut};
use crate::graph::Graph;
use crate::prepare::Semantics;
use crate::registry::{Eval, Registry};
use crate::tensor::{Element, Tensor, tensor_of};
use crate::tflite_view::ModelView;
use build::build;

/// A model that is ready to run.
pub struct Interpreter<'a> {
    pub(crate) graph: Graph<'a>,
    registry: Registry<'a>,
    memory: &'a mut [u8],
    workspace: &'a mut [u8],
    /// Bytes at the start of the memory that keep their content until a reset.
    state_bytes: usize,
    needs: ArenaNeeds,
    ended_early: bool,
}

/// What ended the run of a subgraph before its last operator.
enum Halt {
    Observer,
    /// An operator that waits for more input.
    Operator,
}

/// [`Observer::stop`] ended an invocation early. Outputs and variable tensors hold anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl<'a> Interpreter<'a> {
    /// Checks everything that running needs, plans the memory, and sets variable tensors to 0.
    ///
    /// `model` should start at a multiple of 16 bytes: constant data are used where they lie, and those that are not aligned
    /// there are copied into the arena.
    ///
    /// # Errors
    /// The file is broken, an operator cannot run, or the arena is too small; the error says which.
    pub fn prepare(
        model: &'a [u8],
        arena: &'a mut [u8],
        semantics: Semantics,
        registry: &Registry<'a>,
    ) -> Result<Self, PrepareError<'a>> {
        Self::prepare_with_workspace(model, arena, &mut [], semantics, registry)
    }

    /// As [`Interpreter::prepare`], with memory that fast versions of kernels may use besides the arena.
    ///
    /// # Errors
    /// As [`Interpreter::prepare`].
    pub fn prepare_with_workspace(
        model: &'a [u8],
        arena: &'a mut [u8],
        workspace: &'a mut [u8],
        semantics: Semantics,
        registry: &Registry<'a>,
    ) -> Result<Self, PrepareError<'a>> {
        let whole = |reason| PrepareError { operator: None, reason };
        let model = ModelView::new_checked(model).map_err(|error| whole(Reason::File(error)))?;
        let arena = aligned_to_16(arena);
        let arena_bytes = arena.len();
        let built = build(model, &mut *arena, workspace.len(), semantics, registry, &mut |_| ())?;
        let (copy_bytes, words_bytes) = (built.copy_bytes as usize, built.words_bytes as usize);
        let memory_bytes = built.memory_bytes() as usize;
        if copy_bytes + words_bytes + memory_bytes > arena_bytes {
            let needed = built.needs.minimum_bytes as usize;
            return Err(whole(Reason::Arena { needed, given: arena_bytes }));
        }
        let (copies, rest) = arena.split_at_mut(copy_bytes);
        let (words, memory) = rest.split_at_mut(words_bytes);
        let graph = Graph { model, copies, records: bytemuck::cast_slice(words), buffers: built.buffers };
        let memory = &mut memory[..memory_bytes];
        memory[..built.state_bytes as usize].fill(0);
        let state_bytes = built.resettable_bytes as usize;
        let (registry, needs) = (*registry, built.needs);
        let mut interpreter =
            Self { graph, registry, memory, workspace, state_bytes, needs, ended_early: false };
        interpreter.reset();
        Ok(interpreter)
    }

    /// The model as the file describes it.
    pub fn model(&self) -> &ModelView<'a> {
        &self.graph.model
    }

    /// What the model takes of an arena.
    pub fn needs(&self) -> &ArenaNeeds {
        &self.needs
    }

    /// Number of inputs of the model.
    pub fn n_inputs(&self) -> usize {
        self.graph.subgraph_inputs(0).len()
    }

    /// Number of outputs of the model.
    pub fn n_outputs(&self) -> usize {
        self.graph.subgraph_outputs(0).len()
    }

    /// Type, shape and quantization of an input; `None` if there is no such input.
    pub fn input_tensor(&self, index: usize) -> Option<Tensor<'a>> {
        tensor_of(&self.graph, 0, self.graph.subgraph_inputs(0).get(index)?, "input")
    }

    /// Type, shape and quantization of an output; `None` if there is no such output.
    pub fn output_tensor(&self, index: usize) -> Option<Tensor<'a>> {
        tensor_of(&self.graph, 0, self.graph.subgraph_outputs(0).get(index)?, "output")
    }

    /// The bytes of an input, to be written before every invocation (an invocation may use the same memory for something
    /// else); empty if there is no such input.
    pub fn input_bytes(&mut self, index: usize) -> &mut [u8] {
        let id = self.graph.subgraph_inputs(0).get(index).unwrap_or(-1);
        let range = Graph::memory_range(self.graph.tensor(0, id));
        &mut self.memory[range]
    }

    /// An input as numbers.
    ///
    /// # Panics
    /// The bytes of the input are no whole number of elements.
    pub fn input<T: Element>(&mut self, index: usize) -> &mut [T] {
        cast_mut(self.input_bytes(index))
    }

    /// The bytes of an output, which stay until the next invocation; empty if there is no such output.
    pub fn output_bytes(&self, index: usize) -> &[u8] {
        let id = self.graph.subgraph_outputs(0).get(index).unwrap_or(-1);
        let place = self.graph.tensor(0, id);
        if place.0.is_constant() {
            return self.graph.constant_bytes(place);
        }
        &self.memory[Graph::memory_range(place)]
    }

    /// An output as numbers.
    ///
    /// # Panics
    /// The bytes of the output are no whole number of elements.
    pub fn output<T: Element>(&self, index: usize) -> &[T] {
        cast(self.output_bytes(index))
    }

    /// Runs the model once. `observer` sees every operator; `&mut ()` sees none.
    ///
    /// # Errors
    /// The observer stopped it.
    pub fn invoke(&mut self, observer: &mut dyn Observer) -> Result<(), Stopped> {
        let result = self.run_subgraph(0, observer);
        self.ended_early = matches!(result, Err(Halt::Operator));
        match result {
            Ok(()) | Err(Halt::Operator) => Ok(()),
            Err(Halt::Observer) => Err(Stopped),
        }
    }

    /// True if the last invocation ended at an operator that waits for more input (CIRCULAR_BUFFER): those behind it have not
    /// run, and their outputs hold anything. TFLM's `Invoke` returns `kTfLiteAbort` then.
    pub fn ended_early(&self) -> bool {
        self.ended_early
    }

    /// Sets variable tensors and the state of kernels to 0, as after preparation; int8 variables to their zero point. What
    /// CALL_ONCE has run is not run again, as in TFLM (`MicroInterpreter::Reset`, micro/micro_interpreter.cc).
    pub fn reset(&mut self) {
        self.memory[..self.state_bytes].fill(0);
        let n_subgraphs = self.graph.n_subgraphs();
        for subgraph in 0..n_subgraphs {
            for (range, zero_point) in self.graph.int8_variables(subgraph) {
                self.memory[range].fill(zero_point as u8);
            }
            for index in 0..self.graph.n_operators(subgraph) {
                match self.eval_of(subgraph, index) {
                    Some(Eval::Stateful(_, reset) | Eval::Streaming(_, reset)) => {
                        reset(&mut EvalContext::new(
                            self.graph,
                            self.memory,
                            self.workspace,
                            subgraph,
                            index,
                        ));
                    }
                    Some(Eval::Kernel(_) | Eval::ControlFlow(_)) | None => (),
                }
            }
        }
    }

    /// Calls the observer as an invocation does for the operators of the main subgraph, and runs none of them: what it costs
    /// to look.
    // A copy for one observer, or a call where it stands, would cost something else than the invocation does.
    #[inline(never)]
    pub fn rehearse(&self, observer: &mut dyn Observer) {
        for index in 0..self.graph.n_operators(0) {
            if observer.stop() {
                return;
            }
            observer.before(&OperatorEvent::new(self.graph, self.memory, 0, index));
            observer.after(&OperatorEvent::new(self.graph, self.memory, 0, index));
        }
    }

    fn run_subgraph(&mut self, subgraph: u32, observer: &mut dyn Observer) -> Result<(), Halt> {
        for index in 0..self.graph.n_operators(subgraph) {
            if observer.stop() {
                return Err(Halt::Observer);
            }
            let mut goes_on = true;
            observer.before(&OperatorEvent::new(self.graph, self.memory, subgraph, index));
            match self.eval_of(subgraph, index) {
                Some(Eval::Kernel(eval) | Eval::Stateful(eval, _)) => {
                    eval(&mut EvalContext::new(self.graph, self.memory, self.workspace, subgraph, index));
                }
                Some(Eval::Streaming(eval, _)) => {
                    let context =
                        &mut EvalContext::new(self.graph, self.memory, self.workspace, subgraph, index);
                    goes_on = eval(context);
                }
                Some(Eval::ControlFlow(kind)) => self.run_control_flow(kind, subgraph, index, observer)?,
                None => (),
            }
            observer.after(&OperatorEvent::new(self.graph, self.memory, subgraph, index));
            if !goes_on {
                return Err(Halt::Operator);
            }
        }
        Ok(())
    }

    fn eval_of(&self, subgraph: u32, index: u32) -> Option<Eval> {
        let kernel = self.graph.operator(subgraph, index).kernel;
        let entry = self.registry.entry((kernel >> 8) as usize)?;
        entry.versions.get((kernel & 0xff) as usize).map(|version| version.eval)
    }
}

/// The part of the bytes from the first multiple of 16 on, a multiple of 16 long.
fn aligned_to_16(bytes: &mut [u8]) -> &mut [u8] {
    let skip = bytes.as_ptr().align_offset(16).min(bytes.len());
    let rest = &mut bytes[skip..];
    let length = rest.len() / 16 * 16;
    &mut rest[..length]
}
