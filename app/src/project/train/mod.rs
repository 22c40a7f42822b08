//! Training of a project: runs, their curves and results.
//!
//! What the project file keeps of a run is its [`RunRecord`]; curves and results lie in the run's folder and are read once the
//! Train panel asks for them. A run that goes on reports by [`TrainFinding`]s, which find it by its number: the network may
//! be edited meanwhile.

mod apply;
mod found;
mod missing;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use emberlab_core::layers::Weights;
use emberlab_core::project::{Project, RunRecord};
use emberlab_core::training::TrainingConfig;
use emberlab_train::BackendInfo;

use super::OpenProject;
use crate::charts::Figure;
use crate::document::Document;
use crate::jobs::{JobId, Jobs, PictureFormat, Subject};
use crate::messages::Level;
use crate::training::{
    Began, EpochPoint, Finished, LiveFigures, RunHistory, StepPoint, Switch, TestReport, TrainFailure,
};

pub use apply::apply;
pub use found::found;
pub use missing::{Missing, missing, training_data};

/// Runs of a project, the one that goes on included.
#[derive(Debug, Default)]
pub struct TrainState {
    /// The run that is looked at; `None` for the settings of the next one.
    pub selected: Option<u32>,
    /// The run that others are compared with.
    pub baseline: Option<u32>,
    /// What was measured, by the numbers of runs.
    pub measured: BTreeMap<u32, MeasuredRun>,
    /// How right kept weights are.
    pub reports: BTreeMap<u32, Arc<TestReport>>,
    /// Weights of runs of this session.
    pub weights: BTreeMap<u32, Arc<Weights>>,
    /// The run that goes on.
    pub live: Option<LiveRun>,
    /// Why the last run did not come about.
    pub failure: Option<TrainFailure>,
    /// What can compute on this machine, once somebody asked.
    pub backends: Option<Arc<[BackendInfo]>>,
    /// Runs whose files were asked for.
    asked: Vec<u32>,
}

/// What was measured in a run.
#[derive(Clone, Debug, Default)]
pub struct MeasuredRun {
    /// Steps and epochs.
    pub history: RunHistory,
    /// Steps of an epoch.
    pub steps_per_epoch: f64,
    /// Grows with every change.
    pub revision: u64,
}

/// The run that goes on.
#[derive(Debug)]
pub struct LiveRun {
    /// Its number.
    pub run: u32,
    /// Its job.
    pub job: JobId,
    /// What the user wants of it.
    pub switch: Arc<Switch>,
    /// What it does.
    pub phase: Phase,
    /// What is known since it began.
    pub began: Option<Box<Began>>,
    /// Figures of the present moment.
    pub figures: LiveFigures,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Opens the backend, reads its checkpoint.
    Preparing,
    /// Trains.
    Running,
    /// Is told to wait.
    Pausing,
    /// Waits.
    Paused,
    /// Is told to end.
    Stopping,
    /// Tests the weights that it keeps.
    Testing,
}

/// A change that the Train panel asks for.
#[derive(Clone, Debug)]
pub enum TrainCommand {
    /// Train the network with the settings of the project.
    Start,
    /// Go on with a run from its checkpoint.
    Resume(u32),
    /// Let the run wait.
    Pause,
    /// Let the run go on.
    GoOn,
    /// End the run and keep its best weights.
    Stop,
    /// Look at a run, or at the settings of the next one.
    Select(Option<u32>),
    /// Draw a run among the curves, or not.
    SetVisible(u32, bool),
    /// Keep a run above the others, or not.
    SetPinned(u32, bool),
    /// Call a run something else.
    Rename(u32, String),
    /// Forget a run with its files.
    Delete(u32),
    /// Compare runs with this one.
    SetBaseline(Option<u32>),
    /// Settings of the next run.
    SetSettings(Box<TrainingConfig>),
    /// Take the settings of a run for the next one.
    CopySettings(u32),
    /// Least share of test samples that are to be classified right, 0 to 1.
    SetGoal(Option<f32>),
    /// Find out what can compute on this machine.
    ListBackends,
    /// Read curves and results of runs that were not read yet.
    ReadRuns,
    /// Open the network with the weights of a run as a model, in a tab of its own.
    OpenModel(u32),
    /// Ask where, then write the network with the weights of a run as a model.
    SaveModel(u32),
    /// Draw a figure, ask where, then write it: suggested name, figure, size in points, format, whether the theme is dark.
    SaveFigure(String, Arc<Figure>, [u32; 2], PictureFormat, bool),
}

/// What a job of the Train panel says before its end; all but the last with the number of the run.
#[derive(Debug)]
pub enum TrainFinding {
    /// It is about to take its first step.
    Began(u32, Box<Began>),
    /// Steps and epochs since the last time, in order.
    Progress(u32, Vec<StepPoint>, Vec<EpochPoint>, Option<LiveFigures>),
    /// It does something else now.
    Phase(u32, Phase),
    /// Something that the user should know.
    Note(u32, String),
    /// It has ended.
    Finished(u32, Box<Finished>),
    /// It did not come about.
    Failed(u32, TrainFailure),
    /// Curves and results of a run that is over.
    Read(u32, Box<RunHistory>, Option<Box<TestReport>>),
    /// What can compute on this machine.
    Backends(Arc<[BackendInfo]>),
}

/// What a job of the Train panel returns.
#[derive(Debug)]
pub enum TrainOutcome {
    /// A run is over; its findings say how.
    Over(u32),
    /// All that was asked for was found.
    Done,
    /// A model was made of a run, or why not: its name, its bytes, and whether to write it.
    Model(String, Result<Arc<[u8]>, String>, bool),
}

/// Takes what a job has returned.
pub fn done(outcome: TrainOutcome, subject: Option<Subject>, document: &mut Document, jobs: &mut Jobs) {
    match outcome {
        TrainOutcome::Over(run) => {
            let Some(tab) = subject.and_then(|subject| document.tab(subject.tab)) else { return };
            let Some(open) = tab.project.as_deref() else { return };
            let is_seen =
                document.active == Some(tab.id) && document.panel == crate::document::PanelKind::Train;
            let Some(record) = open.project.run(run) else { return };
            let text = format!("{} of {} has ended: {}", record.label(), tab.title, summary(record));
            if is_seen {
                document.messages.log(Level::Done, text);
            } else {
                document.messages.toast(Level::Done, text);
            }
        }
        TrainOutcome::Done => {}
        TrainOutcome::Model(name, Ok(bytes), true) => {
            jobs.ask_target(&name, bytes, "the trained model".to_owned());
        }
        TrainOutcome::Model(name, Ok(bytes), false) => {
            crate::command::open_bytes(document, jobs, name, bytes);
            document.panel = crate::document::PanelKind::Inspect;
        }
        TrainOutcome::Model(name, Err(reason), _) => {
            document.messages.toast(Level::Error, format!("{name} could not be made. {reason}"));
        }
    }
}

/// The result of a run in a few words.
pub fn summary(record: &RunRecord) -> String {
    use crate::theme::format;
    let test = record.test.as_ref();
    match (test.and_then(|test| test.accuracy), test) {
        (Some(accuracy), _) => format!("{} of the test samples", format::percent_share(f64::from(accuracy))),
        (None, Some(test)) => format!("loss {}", format::significant(f64::from(test.loss), 3)),
        (None, None) => format::counted(record.epochs as u64, "epoch", "epochs"),
    }
}

impl TrainState {
    /// A run goes on.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Runs that are over and whose files were not asked for yet.
    pub fn unread(&self, project: &Project) -> Vec<u32> {
        let runs = project.runs.iter().map(|record| record.number);
        let is_known = |run: &u32| {
            self.asked.contains(run) || self.measured.contains_key(run) || self.live_run(*run).is_some()
        };
        runs.filter(|run| !is_known(run)).collect()
    }

    /// The run that goes on, if it has this number.
    pub fn live_run(&self, run: u32) -> Option<&LiveRun> {
        self.live.as_ref().filter(|live| live.run == run)
    }
}

impl MeasuredRun {
    /// What a file held; steps of an epoch follow from the first one.
    pub fn of_history(history: RunHistory) -> Self {
        let of_epochs = history.epochs.first().map(|epoch| epoch.step as f64 / epoch.epoch.max(1) as f64);
        let of_steps = history.steps.points().last().map_or(1.0, |point| point.step as f64);
        Self { steps_per_epoch: of_epochs.unwrap_or(of_steps).max(1.0), history, revision: 1 }
    }
}

/// The record of a run, to change.
fn record_mut(open: &mut OpenProject, run: u32) -> Option<&mut RunRecord> {
    open.project.runs.iter_mut().find(|record| record.number == run)
}
