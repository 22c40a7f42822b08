//! What becomes of a project when a run reports something.

use std::sync::Arc;

use super::{LiveRun, MeasuredRun, Phase, TrainFinding, record_mut};
use crate::document::Tab;
use crate::project::OpenProject;
use crate::training::{self, Finished, Wish, metric_of, note_end};

/// Takes what a job has found before its end.
pub fn found(finding: TrainFinding, tab: &mut Tab) {
    let Some(open) = tab.project.as_deref_mut() else { return };
    match finding {
        TrainFinding::Began(run, began) => {
            let measured = MeasuredRun {
                history: began.history.clone(),
                steps_per_epoch: began.steps_per_epoch as f64,
                revision: 1,
            };
            open.train.measured.insert(run, measured);
            if let Some(record) = record_mut(open, run) {
                record.backend.clone_from(&began.backend);
            }
            with_live(open, run, |live| {
                live.phase = if live.phase == Phase::Preparing { Phase::Running } else { live.phase };
                live.began = Some(began);
            });
        }
        TrainFinding::Progress(run, steps, epochs, figures) => {
            if let Some(measured) = open.train.measured.get_mut(&run) {
                steps.into_iter().for_each(|point| measured.history.steps.push(point));
                measured.history.epochs.extend(&epochs);
                measured.revision += 1;
            }
            if let Some(figures) = figures {
                with_live(open, run, |live| live.figures = figures);
            }
            if !epochs.is_empty() {
                note_epochs(open, run);
            }
        }
        TrainFinding::Phase(run, phase) => with_live(open, run, |live| live.phase = phase),
        TrainFinding::Note(run, text) => with_live(open, run, |live| live.notes.push(text)),
        TrainFinding::Finished(run, finished) => finish(open, run, *finished),
        TrainFinding::Failed(run, failure) => {
            open.train.live = None;
            open.train.failure = Some(failure);
            // A run that never took a step leaves nothing behind.
            let is_empty =
                open.train.measured.get(&run).is_none_or(|run| run.history.steps.points().is_empty());
            let is_fresh = open.project.run(run).is_some_and(|record| record.epochs == 0);
            if is_empty && is_fresh {
                open.project.runs.retain(|record| record.number != run);
                open.train.selected = None;
            }
        }
        TrainFinding::Read(run, history, report) => {
            // A run that went on meanwhile knows better.
            open.train.measured.entry(run).or_insert_with(|| MeasuredRun::of_history(*history));
            if let Some(report) = report {
                open.train.reports.entry(run).or_insert_with(|| Arc::new(*report));
            }
        }
        TrainFinding::Backends(backends) => open.train.backends = Some(backends),
    }
}

fn with_live(open: &mut OpenProject, run: u32, change: impl FnOnce(&mut LiveRun)) {
    if let Some(live) = open.train.live.as_mut().filter(|live| live.run == run) {
        change(live);
    }
}

/// Puts the figures of the epochs into the record of a run.
fn note_epochs(open: &mut OpenProject, run: u32) {
    let OpenProject { project, train, .. } = open;
    let Some(measured) = train.measured.get(&run) else { return };
    let Some(record) = project.runs.iter_mut().find(|record| record.number == run) else { return };
    let live = train.live.as_ref().filter(|live| live.run == run);
    let metric = live.and_then(|live| live.began.as_ref()).map(|began| began.metric);
    let speed = live.map_or(record.samples_per_second, |live| live.figures.samples_per_second);
    let metric = metric.unwrap_or_else(|| metric_of(record.settings.loss));
    training::note_epochs(record, &measured.history, metric, speed);
}

fn finish(open: &mut OpenProject, run: u32, finished: Finished) {
    note_epochs(open, run);
    let live = open.train.live.take_if(|live| live.run == run);
    let was_asked_to_stop = live.is_some_and(|live| live.switch.wish() == Wish::Stop);
    if let Some(record) = record_mut(open, run) {
        note_end(record, &finished, was_asked_to_stop);
    }
    open.train.weights.insert(run, Arc::new(finished.weights));
    if let Some(report) = finished.report {
        open.train.reports.insert(run, Arc::new(report));
    }
}
