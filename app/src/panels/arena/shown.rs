//! The plan in front with everything that is worked out from it once.

use std::sync::Arc;

use emberlab_core::model::Model;
use emberlab_core::plan::{ArenaPlan, KernelSet, Refusal, Target};

use super::layout::Chart;
use super::persistent::{Group, groups, summary};
use super::why::{Sentence, why};
use super::words::Uses;
use crate::document::{Document, OpenFailure, OpenModel, Tab, TabContent};

/// A plan and what is derived from it.
pub struct Shown {
    /// The plan.
    pub plan: Arc<ArenaPlan>,
    /// The model that it is for.
    pub model: Arc<Model>,
    /// Blocks and bars.
    pub chart: Chart,
    /// Who writes and reads each tensor.
    pub uses: Uses,
    /// The persistent part in words.
    pub tail: Vec<String>,
    /// The persistent part by category.
    pub groups: Vec<Group>,
    /// The explanation.
    pub why: Vec<Sentence>,
    /// The plan of the same chip with the reference kernels, once it is known.
    reference: Option<Arc<ArenaPlan>>,
}

/// What there is to show.
pub enum Stage<'a> {
    /// No tab is in front.
    NoTab,
    /// The file is being read.
    Loading,
    /// The file cannot be read.
    Failed(&'a OpenFailure),
    /// The plan is not worked out yet.
    Planning,
    /// TFLM refuses the model.
    Refused(&'a OpenModel, &'a [Refusal]),
    /// A plan.
    Plan(&'a Tab, &'a OpenModel, &'a Arc<ArenaPlan>),
}

impl<'a> Stage<'a> {
    /// What there is to show in a document.
    pub fn of(document: &'a Document) -> Self {
        let Some(tab) = document.active_tab() else { return Stage::NoTab };
        match &tab.content {
            TabContent::Loading => Stage::Loading,
            TabContent::Failed(failure) => Stage::Failed(failure),
            TabContent::Model(open) => match open.plan(document.target) {
                None => Stage::Planning,
                Some(Err(refusals)) => Stage::Refused(open, refusals),
                Some(Ok(plan)) => Stage::Plan(tab, open, plan),
            },
        }
    }
}

impl Shown {
    /// Works everything out.
    pub fn new(open: &OpenModel, plan: &Arc<ArenaPlan>) -> Self {
        let model = &open.model;
        let reference = reference_of(open, plan).cloned();
        Self {
            chart: Chart::from_plan(plan),
            uses: Uses::of(model),
            tail: summary(model, plan),
            groups: groups(plan),
            why: why(model, plan, reference.as_deref()),
            reference,
            plan: plan.clone(),
            model: model.clone(),
        }
    }

    /// True if it was made from this very plan, with all that is known now.
    pub fn is_of(&self, open: &OpenModel, plan: &Arc<ArenaPlan>) -> bool {
        let same_reference = match (&self.reference, reference_of(open, plan)) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        Arc::ptr_eq(&self.plan, plan) && same_reference
    }
}

/// What the same chip needs without ESP-NN; `None` for a plan without it, and while the other targets are worked out.
fn reference_of<'a>(open: &'a OpenModel, plan: &ArenaPlan) -> Option<&'a Arc<ArenaPlan>> {
    if plan.target.kernels == KernelSet::Reference {
        return None;
    }
    let target = Target { kernels: KernelSet::Reference, ..plan.target };
    open.plan(target)?.as_ref().ok()
}
