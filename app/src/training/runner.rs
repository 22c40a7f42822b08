//! One run from its start to its report.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use emberlab_core::dataset::Samples;
use emberlab_core::layers::{LayerGraph, Weights};
use emberlab_core::training::{BackendChoice, TrainingConfig};
use emberlab_train::{
    Backend, BackendKind, Checkpoint, Command, End, Event, Job, Metric, Network, Start, TrainError,
    choose_backend, list_backends, step_micros,
};

use super::{
    Clock, EpochPoint, RunFolder, RunHistory, StepPoint, Switch, TestReport, TrainingData, Wish, report,
};
use crate::theme::format;

/// A run to begin, or to go on with.
pub struct Task<'a> {
    /// The network.
    pub graph: &'a LayerGraph,
    /// The settings.
    pub settings: &'a TrainingConfig,
    /// The samples.
    pub data: &'a TrainingData,
    /// Where its files go; `None` keeps nothing.
    pub folder: Option<&'a RunFolder>,
    /// Go on from its checkpoint, if there is one.
    pub resume: bool,
    /// What the user wants.
    pub switch: &'a Switch,
    /// The run is not wanted any more: it keeps a checkpoint and ends at once.
    pub is_cancelled: &'a dyn Fn() -> bool,
}

/// What a run says while it goes on.
#[derive(Clone, Debug)]
pub enum Heard {
    /// It is about to take its first step.
    Began(Box<Began>),
    /// Steps were taken.
    Step(StepPoint, LiveFigures),
    /// An epoch is done.
    Epoch(EpochPoint),
    /// It waits.
    Paused,
    /// It goes on after a pause.
    WentOn,
    /// Its weights are being tested.
    Testing,
    /// Something that the user should know.
    Note(String),
}

/// What is known when a run begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Began {
    /// What computes.
    pub backend: String,
    /// Why that.
    pub reason: String,
    /// Why settings have no effect.
    pub notes: Vec<String>,
    /// Samples trained on.
    pub training_samples: usize,
    /// Samples validated on.
    pub validation_samples: usize,
    /// Steps of an epoch.
    pub steps_per_epoch: usize,
    /// Epochs at most.
    pub epochs: usize,
    /// Numbers that training changes.
    pub parameters: usize,
    /// What is measured beside the loss.
    pub metric: Metric,
    /// What was measured before, for a run that goes on.
    pub history: RunHistory,
}

/// Figures of the present moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LiveFigures {
    /// Steps taken since the run began.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Seconds of training, pauses left out.
    pub seconds: f64,
    /// Seconds that are left, by the pace of this session; `None` before it is known.
    pub seconds_left: Option<f64>,
    /// Samples a second.
    pub samples_per_second: f64,
    /// Learning rate.
    pub learning_rate: f32,
}

/// What a run ended with.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Why it ended.
    pub end: End,
    /// Epochs that are done.
    pub epochs: usize,
    /// The epoch whose weights were kept, from 1; `None` for weights of an epoch that was not finished.
    pub kept_epoch: Option<usize>,
    /// The weights that were kept.
    pub weights: Weights,
    /// How right they are; `None` without samples to test on.
    pub report: Option<TestReport>,
    /// Seconds of training, pauses left out.
    pub seconds: f64,
    /// Samples a second over this session.
    pub samples_per_second: f64,
}

/// Why a run did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainFailure {
    /// What is wrong.
    pub message: String,
    /// What to try.
    pub help: String,
}

/// A checkpoint is written at least this often in long epochs.
const LONG_EPOCH: Duration = Duration::from_secs(30);
/// Files are written at most this often in short epochs.
const SHORT_EPOCH: Duration = Duration::from_secs(1);
/// And so seldom that writing takes at most this share of the time.
const WRITING_SHARE: u32 = 20;
/// How long a run that waits looks away.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Trains, keeps checkpoints, tests the weights that are kept. Blocks until the run has ended.
///
/// # Errors
/// Network, samples and settings do not belong together, or files cannot be read.
pub fn train(task: &Task<'_>, hear: &mut dyn FnMut(Heard)) -> Result<Finished, TrainFailure> {
    let settings = task.settings;
    let checkpoint = match task.folder {
        Some(folder) if task.resume => folder.read_checkpoint().map_err(TrainFailure::files)?,
        _ => None,
    };
    let history = match (&checkpoint, task.folder) {
        (Some(checkpoint), Some(folder)) => history_until(checkpoint, folder),
        _ => RunHistory::default(),
    };
    if let (Some(folder), None) = (task.folder, &checkpoint) {
        folder.write_network(task.graph).map_err(TrainFailure::files)?;
    }
    let backend = choose_backend(task.graph, settings).map_err(TrainFailure::from)?;
    let reason = reason(task.graph, settings, &backend);
    let prepared = &task.data.prepared;
    let validation = Some(&prepared.validation.samples).filter(|samples: &&Samples| samples.count > 0);
    let job = Job {
        graph: task.graph,
        training: &prepared.train.samples,
        validation,
        config: settings,
        start: checkpoint.as_ref().map_or(Start::Fresh, Start::Checkpoint),
    };
    let recorder = RefCell::new(Recorder::new(task, hear, history, reason));
    let outcome = {
        let mut control = || recorder.borrow_mut().command();
        let mut events = |event| recorder.borrow_mut().take(event);
        emberlab_train::train(&job, &backend, &mut control, &mut events).map_err(TrainFailure::from)?
    };
    let mut recorder = recorder.into_inner();
    recorder.clock.pause();
    recorder.keep(&outcome.checkpoint);
    recorder.write_weights(&outcome.weights);
    let report = if (task.is_cancelled)() {
        None
    } else {
        (recorder.hear)(Heard::Testing);
        let network = Network::new(task.graph, &outcome.weights, &backend).map_err(TrainFailure::from)?;
        report(&network, task.data, settings).map_err(TrainFailure::from)?
    };
    if let Some(report) = &report {
        recorder.write_report(report);
    }
    Ok(Finished {
        end: outcome.end,
        epochs: outcome.checkpoint.epoch,
        kept_epoch: outcome.epoch.map(|epoch| epoch + 1),
        weights: outcome.weights,
        report,
        seconds: recorder.clock.seconds(),
        samples_per_second: recorder.clock.mean_speed(),
    })
}

/// What was measured up to a checkpoint. The checkpoint knows every epoch, also those that no file got to know.
fn history_until(checkpoint: &Checkpoint, folder: &RunFolder) -> RunHistory {
    // Curves are worth less than the run: without a file that can be read, they begin here.
    let mut history = folder.read_history().unwrap_or_default();
    history.cut_after(checkpoint.step);
    let seconds = history.seconds();
    for record in &checkpoint.history {
        if !history.epochs.iter().any(|epoch| epoch.epoch == record.epoch + 1) {
            history.epochs.push(epoch_point(record, seconds));
        }
    }
    history.epochs.sort_by_key(|epoch| epoch.epoch);
    history
}

fn epoch_point(record: &emberlab_train::EpochRecord, seconds: f64) -> EpochPoint {
    EpochPoint {
        epoch: record.epoch + 1,
        step: record.step,
        seconds,
        loss: record.loss,
        metric: record.metric,
        validation_loss: record.validation_loss,
        validation_metric: record.validation_metric,
        learning_rate: record.learning_rate,
    }
}

/// Why a backend was taken, in words.
fn reason(graph: &LayerGraph, settings: &TrainingConfig, backend: &Backend) -> String {
    let info = backend.info();
    let micros = step_micros(graph, settings.batch_size);
    let step = format!("a step takes about {} on the CPU (estimate)", format::micros(micros as f64));
    match (settings.backend, info.kind) {
        (BackendChoice::Cpu, _) | (BackendChoice::Gpu, _) => "as the settings say".to_owned(),
        (BackendChoice::Auto, BackendKind::Cpu) if micros < emberlab_train::GPU_GAINS_ABOVE_MICROS => {
            format!("{step}: too short for a GPU to gain")
        }
        (BackendChoice::Auto, BackendKind::Cpu) => {
            let software = list_backends().iter().find(|info| info.kind == BackendKind::SoftwareGpu);
            match software {
                Some(software) => format!("no real GPU: {} only imitates one", software.label()),
                None => "no GPU was found".to_owned(),
            }
        }
        (
            BackendChoice::Auto,
            BackendKind::DiscreteGpu
            | BackendKind::IntegratedGpu
            | BackendKind::VirtualGpu
            | BackendKind::SoftwareGpu
            | BackendKind::OtherGpu,
        ) => format!("{step}: long enough for a GPU to gain"),
    }
}

/// Takes what a run reports: stamps it with the time, keeps files, and asks what the user wants.
struct Recorder<'a, 't> {
    task: &'a Task<'t>,
    hear: &'a mut dyn FnMut(Heard),
    history: RunHistory,
    reason: String,
    clock: Clock,
    steps: u64,
    steps_before: u64,
    is_paused: bool,
    started: Instant,
    written: Option<Instant>,
    writing: Duration,
    waiting: Option<Checkpoint>,
    is_in_trouble: bool,
}

impl<'a, 't> Recorder<'a, 't> {
    fn new(task: &'a Task<'t>, hear: &'a mut dyn FnMut(Heard), history: RunHistory, reason: String) -> Self {
        let clock = Clock::start(history.seconds());
        Self {
            task,
            hear,
            history,
            reason,
            clock,
            steps: 0,
            steps_before: 0,
            is_paused: false,
            started: Instant::now(),
            written: None,
            writing: Duration::ZERO,
            waiting: None,
            is_in_trouble: false,
        }
    }

    /// What comes next; waits while the user wants a pause.
    fn command(&mut self) -> Command {
        loop {
            if (self.task.is_cancelled)() {
                return Command::Stop;
            }
            match self.task.switch.wish() {
                Wish::Stop => return Command::Stop,
                Wish::Go => break,
                Wish::Pause => {
                    if !self.is_paused {
                        self.is_paused = true;
                        self.clock.pause();
                        self.flush();
                        (self.hear)(Heard::Paused);
                    }
                    self.task.switch.wait(LOOK_EVERY);
                }
            }
        }
        if std::mem::take(&mut self.is_paused) {
            self.clock.go_on();
            (self.hear)(Heard::WentOn);
        }
        let is_due =
            self.task.folder.is_some() && self.written.unwrap_or(self.started).elapsed() > LONG_EPOCH;
        if is_due { Command::Checkpoint } else { Command::Continue }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Started(started) => {
                self.steps = (started.steps_per_epoch * started.epochs) as u64;
                self.steps_before = started.steps_taken;
                self.clock = Clock::start(self.history.seconds());
                self.started = Instant::now();
                (self.hear)(Heard::Began(Box::new(Began {
                    backend: started.backend,
                    reason: std::mem::take(&mut self.reason),
                    notes: started.notes,
                    training_samples: started.training_samples,
                    validation_samples: started.validation_samples,
                    steps_per_epoch: started.steps_per_epoch,
                    epochs: started.epochs,
                    parameters: started.parameters,
                    metric: started.metric,
                    history: self.history.clone(),
                })));
            }
            Event::Step(record) => {
                self.clock.count(record.samples);
                let before = self.history.steps.points().last().map_or(self.steps_before, |point| point.step);
                let point = StepPoint {
                    step: record.step,
                    steps: record.step.saturating_sub(before).max(1) as u32,
                    seconds: self.clock.seconds(),
                    loss: record.loss,
                    lowest: record.loss,
                    highest: record.loss,
                    metric: record.metric,
                    learning_rate: record.learning_rate,
                };
                self.history.steps.push(point);
                let figures = self.figures(record.step, record.learning_rate);
                (self.hear)(Heard::Step(point, figures));
            }
            Event::Epoch(record) => {
                let point = epoch_point(&record, self.clock.seconds());
                self.history.epochs.push(point);
                (self.hear)(Heard::Epoch(point));
            }
            Event::Checkpoint(checkpoint) => self.offer(*checkpoint),
        }
    }

    fn figures(&self, step: u64, learning_rate: f32) -> LiveFigures {
        let session = self.clock.session_seconds();
        let taken = step.saturating_sub(self.steps_before);
        let left = self.steps.saturating_sub(step);
        // One second says too little about the pace.
        let is_known = taken > 0 && session >= 1.0;
        LiveFigures {
            step,
            steps: self.steps,
            seconds: self.clock.seconds(),
            seconds_left: is_known.then(|| session / taken as f64 * left as f64),
            samples_per_second: self.clock.speed(),
            learning_rate,
        }
    }

    /// Writes a checkpoint, unless the last one is very young: then it waits.
    fn offer(&mut self, checkpoint: Checkpoint) {
        let pause = SHORT_EPOCH.max(self.writing * WRITING_SHARE);
        if self.written.is_some_and(|at| at.elapsed() < pause) {
            self.waiting = Some(checkpoint);
        } else {
            self.keep(&checkpoint);
        }
    }

    /// Writes the checkpoint that waits.
    fn flush(&mut self) {
        if let Some(checkpoint) = self.waiting.take() {
            self.keep(&checkpoint);
        }
    }

    /// Writes a checkpoint, and before it what was measured, so that no curve has a gap.
    fn keep(&mut self, checkpoint: &Checkpoint) {
        self.waiting = None;
        let Some(folder) = self.task.folder else { return };
        let begin = Instant::now();
        let written = folder.write_history(&self.history).and_then(|()| folder.write_checkpoint(checkpoint));
        self.writing = begin.elapsed();
        self.written = Some(Instant::now());
        self.trouble(written);
    }

    fn write_weights(&mut self, weights: &Weights) {
        if let Some(folder) = self.task.folder {
            let written = folder.write_weights(weights);
            self.trouble(written);
        }
    }

    fn write_report(&mut self, report: &TestReport) {
        if let Some(folder) = self.task.folder {
            let written = folder.write_report(report);
            self.trouble(written);
        }
    }

    /// A run goes on without its files; the user hears of it once.
    fn trouble(&mut self, written: Result<(), String>) {
        if let Err(reason) = written
            && !std::mem::replace(&mut self.is_in_trouble, true)
        {
            (self.hear)(Heard::Note(format!("The run cannot be kept: {reason}")));
        }
    }
}

impl TrainFailure {
    fn files(message: String) -> Self {
        let help = "Check that the folder beside the project file can be read and written to".to_owned();
        Self { message, help }
    }
}

impl From<TrainError> for TrainFailure {
    fn from(error: TrainError) -> Self {
        let help = match &error {
            TrainError::Graph(_) => "Correct the network in the Design panel",
            TrainError::Weights { .. } => "Begin a new run: these weights are of another network",
            TrainError::Samples(_) => {
                "Change the last layer in the Design panel, or the target in the Data panel"
            }
            TrainError::Settings(_) => "Correct the settings of the run",
            TrainError::Backend(_) => "Choose the CPU in the settings of the run",
            TrainError::Checkpoint(_) => "Begin a new run with the same settings",
        };
        Self { message: error.to_string(), help: help.to_owned() }
    }
}
