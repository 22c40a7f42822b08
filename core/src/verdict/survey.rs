//! A model on a target, looked at once for all verdicts.

use std::collections::HashMap;

use super::kernels::kernel;
use super::{Kernel, OperatorVerdict};
use crate::model::{Model, Operator, OperatorId, Subgraph, SubgraphId, Tensor, TensorId};
use crate::plan::{self, ArenaPlan, Chip, KernelSet, Refusal, Target, host_only_help, refusal_at_run};

/// The plan or its refusals, and quick answers about operators.
pub(super) struct Survey<'m> {
    pub model: &'m Model,
    pub target: Target,
    pub plan: Result<ArenaPlan, Vec<Refusal>>,
    /// The first refusal of each operator.
    refused: HashMap<(SubgraphId, OperatorId), usize>,
}

/// One operator with its place.
#[derive(Clone, Copy)]
pub(super) struct Placed<'m> {
    pub place: (SubgraphId, OperatorId),
    pub subgraph: &'m Subgraph,
    pub operator: &'m Operator,
}

impl<'m> Survey<'m> {
    pub fn new(model: &'m Model, target: Target) -> Self {
        let plan = plan::plan(model, target);
        let mut refused = HashMap::new();
        for (index, refusal) in plan.as_ref().err().into_iter().flatten().enumerate() {
            if let Some(place) = refusal.operator {
                refused.entry(place).or_insert(index);
            }
        }
        Self { model, target, plan, refused }
    }

    pub fn placed(&self) -> impl Iterator<Item = Placed<'m>> + use<'m> {
        self.model.subgraphs.iter().enumerate().flat_map(|(number, subgraph)| {
            let id = SubgraphId(number as u32);
            subgraph.operators.iter().enumerate().map(move |(index, operator)| Placed {
                place: (id, OperatorId(index as u32)),
                subgraph,
                operator,
            })
        })
    }

    pub fn operators(&self) -> Vec<OperatorVerdict> {
        let verdict = |placed: Placed<'m>| OperatorVerdict {
            subgraph: placed.place.0,
            operator: placed.place.1,
            kernel: self.kernel(placed),
        };
        self.placed().map(verdict).collect()
    }

    /// Which kernel runs an operator.
    pub fn kernel(&self, placed: Placed<'m>) -> Kernel {
        if let Some(refusal) = self.refusal(placed.place) {
            return Kernel::Refused { reason: refusal.message.clone(), help: refusal.help.clone() };
        }
        if let Some((reason, help)) = self.type_refusal(placed) {
            return Kernel::Refused { reason, help };
        }
        kernel(self, placed)
    }

    /// The first reason for which the model does not run, and what to try.
    pub fn first_refusal(&self) -> Option<(String, String)> {
        if let Err(refusals) = &self.plan {
            let refusal = refusals.first()?;
            return Some((refusal.message.clone(), refusal.help.clone()));
        }
        self.placed().find_map(|placed| self.type_refusal(placed))
    }

    /// The first operator that only runs on a desktop, and the way out, if TFLM refuses it.
    pub fn host_only(&self) -> Option<(Placed<'m>, &'static str)> {
        let refused = self.placed().filter(|placed| self.refused.contains_key(&placed.place));
        refused
            .into_iter()
            .find_map(|placed| Some((placed, host_only_help(placed.subgraph, placed.operator)?)))
    }

    pub fn refusal(&self, place: (SubgraphId, OperatorId)) -> Option<&Refusal> {
        let refusals = self.plan.as_ref().err()?;
        refusals.get(*self.refused.get(&place)?)
    }

    /// A type that TFLM takes when it prepares the operator, and refuses when it runs it.
    pub fn type_refusal(&self, placed: Placed<'m>) -> Option<(String, String)> {
        refusal_at_run(self.model, self.target.chip, placed.subgraph, placed.operator)
    }

    /// ESP-NN is built in.
    pub fn uses_esp_nn(&self) -> bool {
        self.target.chip != Chip::Host64 && self.target.kernels == KernelSet::EspNn
    }
}

impl<'m> Placed<'m> {
    pub fn input(&self, place: usize) -> Option<&'m Tensor> {
        self.tensor(self.operator.input(place)?)
    }

    pub fn output(&self, place: usize) -> Option<&'m Tensor> {
        self.tensor(self.operator.output(place)?)
    }

    fn tensor(&self, id: TensorId) -> Option<&'m Tensor> {
        self.subgraph.tensors.get(id.index())
    }
}
