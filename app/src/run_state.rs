//! What the Run panel works on: the inputs that were chosen, and what running the model gave.

use std::sync::Arc;

use emberlab_core::run::{Difference, Normalisation, OperatorOutput, PreparedInput, Semantics};

use crate::document::TabId;

/// Choices and results of one tab.
#[derive(Clone, Debug, Default)]
pub struct RunState {
    /// The input of every input tensor of the model, in their order; missing ones are random with seed 1.
    pub inputs: Vec<RunInput>,
    /// Whose arithmetic to follow.
    pub semantics: Semantics,
    /// What to compare with.
    pub comparison: Comparison,
    /// What the last run gave; `None` before the first.
    pub outcome: Option<Result<Arc<RunResult>, RunFailure>>,
}

/// Where the content of an input tensor comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum RunInput {
    /// Random numbers.
    Random {
        /// Seed of the generator; inputs that follow with the same seed continue it.
        seed: u32,
        /// Range of float numbers.
        range: (f32, f32),
    },
    /// Numbers that were typed.
    Numbers {
        /// The numbers.
        text: String,
        /// They are stored integers, not real numbers.
        raw: bool,
    },
    /// A file.
    File {
        /// Its name.
        name: String,
        /// Its content.
        bytes: Arc<[u8]>,
        /// How the levels of a picture become numbers; `None` for a guess from the tensor.
        normalisation: Option<Normalisation>,
    },
}

/// What a run is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// Nothing.
    #[default]
    None,
    /// The same model with the other arithmetic.
    Semantics,
    /// The model in another tab, with the same input.
    Model(TabId),
}

/// What a run gave.
#[derive(Debug)]
pub struct RunResult {
    /// What was written into the inputs, and how it was made.
    pub inputs: Vec<PreparedInput>,
    /// The bytes of the outputs.
    pub outputs: Vec<Vec<u8>>,
    /// The invocation ended at an operator that waits for more input: those behind it have not run, and the outputs
    /// hold anything.
    pub ended_early: bool,
    /// What every operator wrote, in order of execution.
    pub trace: Vec<OperatorOutput>,
    /// Median time of every operator on this computer, in microseconds, by subgraph and index.
    pub micros: Vec<((u32, u32), f64)>,
    /// Median time of one invocation on this computer, in microseconds.
    pub total_micros: f64,
    /// Invocations that were timed.
    pub n_timed: usize,
    /// Whose arithmetic was followed.
    pub semantics: Semantics,
    /// The other run, if one was asked for.
    pub compared: Option<Result<Compared, RunFailure>>,
}

/// A run beside another one.
#[derive(Debug)]
pub struct Compared {
    /// What it is compared with, in words.
    pub title: String,
    /// Distances are real numbers, not steps of stored integers.
    pub is_real: bool,
    /// Layer by layer; the operators are those of the first run.
    pub differences: Vec<Difference>,
    /// The outputs of the other run.
    pub outputs: Vec<Vec<u8>>,
}

/// Why a model did not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFailure {
    /// What is wrong.
    pub message: String,
    /// What to try.
    pub help: String,
    /// Subgraph and index of the operator that stands in the way.
    pub operator: Option<(u32, u32)>,
}

impl Default for RunInput {
    fn default() -> Self {
        RunInput::Random { seed: 1, range: (-1.0, 1.0) }
    }
}

impl RunState {
    /// The input at a place.
    pub fn input(&self, index: usize) -> RunInput {
        self.inputs.get(index).cloned().unwrap_or_default()
    }

    /// Sets the input at a place.
    pub fn set_input(&mut self, index: usize, input: RunInput) {
        if self.inputs.len() <= index {
            self.inputs.resize_with(index + 1, RunInput::default);
        }
        self.inputs[index] = input;
    }

    /// What the last run gave, if it went well.
    pub fn result(&self) -> Option<&Arc<RunResult>> {
        self.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok())
    }
}

impl RunResult {
    /// Time of an operator on this computer, in microseconds.
    pub fn operator_micros(&self, subgraph: u32, operator: u32) -> Option<f64> {
        self.micros.iter().find(|(place, _)| *place == (subgraph, operator)).map(|(_, micros)| *micros)
    }

    /// What an operator wrote first, or last where it ran several times.
    pub fn output_of(&self, subgraph: u32, operator: u32) -> Option<&OperatorOutput> {
        self.trace.iter().rev().find(|output| (output.subgraph, output.operator) == (subgraph, operator))
    }

    /// The other run, if it went well.
    pub fn comparison(&self) -> Option<&Compared> {
        self.compared.as_ref().and_then(|compared| compared.as_ref().ok())
    }

    /// How an operator's output differs from the other run.
    pub fn difference(&self, subgraph: u32, operator: u32) -> Option<&Difference> {
        let differences = &self.comparison()?.differences;
        differences.iter().find(|found| (found.subgraph, found.operator) == (subgraph, operator))
    }
}
