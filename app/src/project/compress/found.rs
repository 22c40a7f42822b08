//! What becomes of variants when a job reports something.

use std::collections::BTreeMap;

use emberlab_core::quantize::Divergence;

use super::{CompressFinding, CompressOutcome, Variant, apply, stored_mut};
use crate::compression::CompressFailure;
use crate::document::{Document, PanelKind, Tab};
use crate::jobs::{Jobs, Subject};
use crate::messages::Level;

/// Takes what a job has found before its end.
pub fn found(finding: CompressFinding, tab: &mut Tab) {
    let state = &mut tab.compress;
    let mut with = |name: &str, sha256: &str, change: &mut dyn FnMut(&mut Variant)| {
        if let Some(variant) = state.variants.get_mut(name).filter(|variant| variant.sha256 == sha256) {
            change(variant);
        }
    };
    match finding {
        CompressFinding::Costs(name, sha256, costs) => with(&name, &sha256, &mut |variant| {
            variant.costs.retain(|known| known.target != costs.target);
            variant.costs.push(costs.clone());
        }),
        CompressFinding::Answers(name, sha256, evaluated, agreement) => {
            with(&name, &sha256, &mut |variant| {
                variant.evaluated = Some(evaluated.clone());
                variant.agreement = Some(agreement.clone());
            });
        }
        CompressFinding::Errors(name, sha256, errors) => {
            with(&name, &sha256, &mut |variant| variant.errors = Some(errors.clone()));
        }
        CompressFinding::Ranges(name, sha256, ranges) => {
            with(&name, &sha256, &mut |variant| variant.ranges = Some(ranges.clone()));
        }
        CompressFinding::Wider(name, sha256, operator, cost) => with(&name, &sha256, &mut |variant| {
            variant.wider.insert(operator, cost.clone());
        }),
        CompressFinding::Diverged(name, sha256, sample, divergence) => with(&name, &sha256, &mut |variant| {
            variant.divergences.insert(sample, divergence);
        }),
        CompressFinding::Stage(stage) => {
            if let Some(making) = &mut state.making {
                making.stage = stage;
            }
        }
        CompressFinding::Float(run, float) => state.bases.entry(run).or_default().float = Some(float),
        CompressFinding::Reference(run, reference) => {
            state.bases.entry(run).or_default().reference = Some(reference);
        }
        CompressFinding::Calibrated(run, calibrated) => {
            state.bases.entry(run).or_default().calibrated = Some(calibrated);
        }
        CompressFinding::Read(name, sha256, result) => {
            let mut variant = Variant { sha256, ..Variant::default() };
            match result {
                Ok(kept) => {
                    (variant.model, variant.file) = (Some(kept.model), Some(kept.file));
                    variant.trouble = (!kept.is_unchanged).then(|| {
                        "The file is another one than the figures were measured on. Make the variant again.".to_owned()
                    });
                }
                Err(reason) => variant.trouble = Some(format!("{reason}. Make the variant again.")),
            }
            state.variants.insert(name, variant);
        }
        CompressFinding::Made(made) => {
            let (record, variant) = *made;
            let name = record.name.clone();
            if let Some(making) = &mut state.making {
                making.names.retain(|waiting| *waiting != name);
            }
            state.variants.insert(name.clone(), variant);
            state.selected = Some(name);
            match tab.project.as_deref_mut() {
                Some(open) => open.project.keep_variant(record),
                None => keep(stored_mut(tab), record),
            }
        }
        CompressFinding::Added(Ok((title, model, file))) => apply::add_model(tab, title, model, file),
        CompressFinding::Added(Err(reason)) => {
            apply::failed(tab, CompressFailure::new(reason, "Choose a .tflite file."));
        }
    }
}

fn keep(
    records: &mut Vec<emberlab_core::project::VariantRecord>,
    record: emberlab_core::project::VariantRecord,
) {
    match records.iter_mut().find(|known| known.name == record.name) {
        Some(known) => *known = record,
        None => records.push(record),
    }
}

/// Takes what a job has returned.
pub fn done(outcome: CompressOutcome, subject: Option<Subject>, document: &mut Document, jobs: &mut Jobs) {
    let is_seen = document.panel == PanelKind::Compress
        && document.active.is_some_and(|id| subject.is_some_and(|subject| subject.tab == id));
    let Some(tab) = subject.and_then(|subject| document.tab_mut(subject.tab)) else {
        if let CompressOutcome::NotRemoved(reason) = outcome {
            document.messages.toast(Level::Error, format!("{reason}. Remove it by hand"));
        }
        return;
    };
    match outcome {
        CompressOutcome::Made(result) => {
            tab.compress.making = None;
            let (level, text) = match &result {
                Ok(()) => (Level::Done, format!("The variants of {} are there", tab.title)),
                Err(failure) => (Level::Error, format!("{} {}", failure.message, failure.help)),
            };
            tab.compress.failure = result.err();
            if is_seen {
                document.messages.log(level, text);
            } else {
                document.messages.toast(level, text);
            }
        }
        CompressOutcome::Examined(result) => {
            tab.compress.examining = None;
            if let Err(failure) = result {
                tab.compress.failure = Some(failure);
            }
        }
        CompressOutcome::Done => {}
        CompressOutcome::DataChosen(paths) => {
            let id = tab.id;
            apply::take_data(id, paths, document, jobs);
        }
        CompressOutcome::ModelsChosen(paths) => {
            if !paths.is_empty() {
                jobs.read_models(Subject { tab: tab.id, revision: tab.revision }, paths);
            }
        }
        CompressOutcome::Data(result) => {
            tab.compress.is_reading_data = false;
            apply::take(tab, result);
        }
        CompressOutcome::NotRemoved(reason) => {
            document.messages.toast(Level::Error, format!("{reason}. Remove it by hand"));
        }
    }
}

/// Tells a tab that work on variants has ended without a result.
pub fn ended_without_result(subject: Subject, document: &mut Document) {
    let Some(tab) = document.tab_mut(subject.tab) else { return };
    let state = &mut tab.compress;
    state.is_reading_data = false;
    match state.examining.take() {
        Some(name) => {
            // What gave way to the making of variants is found afterwards; what the user ended is not begun again.
            let is_wanted = state.making.is_some();
            if let Some(variant) = state.variants.get_mut(&name).filter(|_| is_wanted) {
                variant.is_examined = false;
            }
        }
        None => state.making = None,
    }
}

impl Variant {
    /// How often the answers to samples turned at which operator of the variant, the most frequent first.
    pub fn turning_points(&self) -> Vec<(Divergence, usize)> {
        let mut counts: BTreeMap<u32, (Divergence, usize)> = BTreeMap::new();
        for divergence in self.divergences.values().flatten() {
            counts.entry(divergence.variant.0).or_insert((*divergence, 0)).1 += 1;
        }
        let mut counts: Vec<(Divergence, usize)> = counts.into_values().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}
