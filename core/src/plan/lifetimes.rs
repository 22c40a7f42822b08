//! From which to which allocation scope every tensor and scratch buffer lives.
//!
//! Scope 0 lies before the first operator of the main subgraph; every operator opens the next one, and so does every
//! entry into a subgraph that an operator calls. Source: esp-tflite-micro 99f49e14,
//! `tensorflow/lite/micro/micro_allocation_info.cc`, `MarkAllocationLifetimes`.

use super::prepare::Call;
use crate::model::{Model, OperatorId, SubgraphId};

/// More scopes than any model that runs on a chip has; calls in calls grow without bound in a hostile file.
const MAX_SCOPES: usize = 1 << 20;

/// More levels of calls than a chip's stack has room for.
const MAX_DEPTH: usize = 100;

/// When a buffer is alive; `None` for one that nothing uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lifetime {
    first: Option<u32>,
    last: Option<u32>,
}

impl Lifetime {
    fn create(&mut self, scope: u32) {
        self.first.get_or_insert(scope);
    }

    fn use_in(&mut self, scope: u32) {
        self.last = Some(scope);
    }

    /// First and last scope as TFLM's planner sees them, -1 for "never".
    pub fn bounds(self) -> (i64, i64) {
        (self.first.map_or(-1, i64::from), self.last.map_or(-1, i64::from))
    }
}

/// Lifetimes of a whole model.
#[derive(Debug)]
pub(super) struct Lifetimes {
    /// By subgraph and tensor.
    pub tensors: Vec<Vec<Lifetime>>,
    /// In the order of the requests.
    pub scratch: Vec<Lifetime>,
    /// The operator of each scope.
    pub scope_operators: Vec<Option<(SubgraphId, OperatorId)>>,
}

/// Finds all lifetimes; `scratch_owners` are the operators that asked for scratch buffers, in order of request.
///
/// # Errors
/// A message when subgraphs call each other in a circle, or so often that no chip could hold the schedule.
pub(super) fn find(model: &Model, scratch_owners: &[(SubgraphId, OperatorId)]) -> Result<Lifetimes, String> {
    let mut walk = Walk {
        model,
        scratch_owners,
        lifetimes: Lifetimes {
            tensors: model
                .subgraphs
                .iter()
                .map(|subgraph| vec![Lifetime::default(); subgraph.tensors.len()])
                .collect(),
            scratch: vec![Lifetime::default(); scratch_owners.len()],
            scope_operators: vec![None],
        },
        open: vec![false; model.subgraphs.len()],
        depth: 0,
    };
    walk.subgraph(0)?;
    Ok(walk.lifetimes)
}

struct Walk<'a> {
    model: &'a Model,
    scratch_owners: &'a [(SubgraphId, OperatorId)],
    lifetimes: Lifetimes,
    /// Subgraphs that the walk is in, to notice a circle.
    open: Vec<bool>,
    depth: usize,
}

impl Walk<'_> {
    fn scope(&self) -> u32 {
        // At most MAX_SCOPES entries.
        (self.lifetimes.scope_operators.len() - 1) as u32
    }

    fn enter_scope(&mut self, owner: Option<(SubgraphId, OperatorId)>) -> Result<(), String> {
        if self.lifetimes.scope_operators.len() >= MAX_SCOPES {
            return Err(format!(
                "The schedule has more than {MAX_SCOPES} steps, because subgraphs call subgraphs"
            ));
        }
        self.lifetimes.scope_operators.push(owner);
        Ok(())
    }

    fn subgraph(&mut self, number: usize) -> Result<(), String> {
        let model = self.model;
        let Some(subgraph) = model.subgraphs.get(number) else {
            return Err(format!(
                "Accessing subgraph {number} but only {} subgraphs found",
                model.subgraphs.len()
            ));
        };
        if std::mem::replace(&mut self.open[number], true) {
            return Err(format!("Subgraph {number} calls itself, directly or through others"));
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("Subgraphs call subgraphs more than {MAX_DEPTH} levels deep"));
        }
        let scope = self.scope();
        for input in &subgraph.inputs {
            if let Some(lifetime) = self.lifetimes.tensors[number].get_mut(input.index()) {
                lifetime.create(scope);
                lifetime.use_in(scope);
            }
        }
        let id = SubgraphId(number as u32);
        // TFLM goes through all scratch buffers for every operator; they are in the order of the operators.
        let mut next_scratch = self.scratch_owners.partition_point(|owner| owner.0 < id);
        for (index, operator) in subgraph.operators.iter().enumerate() {
            let place = (id, OperatorId(index as u32));
            self.enter_scope(Some(place))?;
            let start = self.scope();
            for output in operator.outputs.iter().flatten() {
                if let Some(lifetime) = self.lifetimes.tensors[number].get_mut(output.index()) {
                    lifetime.create(start);
                }
            }
            for callee in Call::of(model, operator).into_iter().flat_map(Call::subgraphs) {
                self.enter_scope(None)?;
                self.subgraph(callee)?;
            }
            let end = self.scope();
            for tensor in operator.inputs.iter().chain(&operator.outputs).flatten() {
                if let Some(lifetime) = self.lifetimes.tensors[number].get_mut(tensor.index()) {
                    lifetime.use_in(end);
                }
            }
            while self.scratch_owners.get(next_scratch) == Some(&place) {
                self.lifetimes.scratch[next_scratch].create(start);
                self.lifetimes.scratch[next_scratch].use_in(end);
                next_scratch += 1;
            }
        }
        let scope = self.scope();
        for output in &subgraph.outputs {
            if let Some(lifetime) = self.lifetimes.tensors[number].get_mut(output.index()) {
                lifetime.create(scope);
                lifetime.use_in(scope);
            }
        }
        self.open[number] = false;
        self.depth -= 1;
        Ok(())
    }
}
