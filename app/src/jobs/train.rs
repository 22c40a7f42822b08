//! Runs of training, the files of runs, and models made of them.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use emberlab_core::layers::{LayerGraph, LoweringOptions, Weights, lower};
use emberlab_core::tflite;
use emberlab_core::training::TrainingConfig;

use super::{Finding, JobContext, JobId, JobKind, JobSpec, Jobs, Outcome, PictureFormat, Subject};
use crate::charts::{Figure, png_from_figure, svg_from_figure};
use crate::project::train::Phase;
use crate::project::{TrainFinding, TrainOutcome};
use crate::theme::Theme;
use crate::training::{
    EpochPoint, Heard, LiveFigures, RunFolder, StepPoint, Switch, Task, TrainFailure, TrainingData, train,
};

/// Shortest time between two reports of steps.
const REPORT_EVERY: Duration = Duration::from_millis(33);

/// A run to begin, or to go on with.
#[derive(Clone, Debug)]
pub struct TrainRequest {
    /// The tab it is for.
    pub subject: Subject,
    /// Its number.
    pub run: u32,
    /// The name in messages.
    pub name: String,
    /// The network; `None` for the one in the folder.
    pub graph: Option<Arc<LayerGraph>>,
    /// Its settings.
    pub settings: TrainingConfig,
    /// What it is trained on.
    pub data: TrainingData,
    /// Where its files go; `None` keeps nothing.
    pub folder: Option<RunFolder>,
    /// Go on from its checkpoint.
    pub resume: bool,
    /// What the user wants.
    pub switch: Arc<Switch>,
}

/// A model to make of a run.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// The tab it is for.
    pub subject: Subject,
    /// Name of the file.
    pub name: String,
    /// What the model is called.
    pub title: String,
    /// The network; `None` for the one in the folder.
    pub graph: Option<LayerGraph>,
    /// The weights; `None` for those in the folder.
    pub weights: Option<Arc<Weights>>,
    /// Where the run's files are.
    pub folder: Option<RunFolder>,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// To be written to a file, not opened.
    pub is_saved: bool,
}

impl Jobs {
    /// Trains a network; everything about the run is said in findings.
    pub fn train(&mut self, request: TrainRequest) -> JobId {
        let spec = JobSpec {
            kind: JobKind::Train,
            name: format!("Training {}", request.name),
            subject: Some(request.subject),
        };
        self.start(spec, move |context| {
            run(&request, context);
            Some(Outcome::Train(TrainOutcome::Over(request.run)))
        })
    }

    /// Reads curves and results of runs.
    pub fn read_runs(&mut self, subject: Subject, folders: Vec<(u32, RunFolder)>) {
        if folders.is_empty() {
            return;
        }
        let spec =
            JobSpec { kind: JobKind::Statistics, name: "Reading curves".to_owned(), subject: Some(subject) };
        self.start(spec, move |context| {
            for (run, folder) in &folders {
                if context.is_cancelled() {
                    return None;
                }
                // Without files a run still has its record.
                let history = folder.read_history().unwrap_or_default();
                let report = folder.read_report().ok().flatten().map(Box::new);
                context.found(Finding::Train(TrainFinding::Read(*run, Box::new(history), report)));
            }
            Some(Outcome::Train(TrainOutcome::Done))
        });
    }

    /// Removes the files of a run.
    pub fn remove_run(&mut self, folder: RunFolder) {
        let spec = JobSpec { kind: JobKind::Save, name: "Removing a run".to_owned(), subject: None };
        self.start(spec, move |_| match folder.remove() {
            Ok(()) => Some(Outcome::Train(TrainOutcome::Done)),
            Err(reason) => Some(Outcome::Saved("the folder of the run".to_owned(), Err(reason))),
        });
    }

    /// Finds out what can compute on this machine.
    pub fn list_backends(&mut self, subject: Subject) {
        let spec = JobSpec {
            kind: JobKind::Statistics,
            name: "Looking for GPUs".to_owned(),
            subject: Some(subject),
        };
        self.start(spec, move |context| {
            let backends = emberlab_train::list_backends().into();
            context.found(Finding::Train(TrainFinding::Backends(backends)));
            Some(Outcome::Train(TrainOutcome::Done))
        });
    }

    /// Draws a figure as a file, then asks where to write it.
    pub fn draw_figure(
        &mut self,
        name: String,
        figure: Arc<Figure>,
        size: [u32; 2],
        format: PictureFormat,
        is_dark: bool,
    ) {
        let what = "the picture".to_owned();
        let spec = JobSpec { kind: JobKind::Picture, name: format!("Drawing {name}"), subject: None };
        self.start(spec, move |_| {
            let theme = Theme::of(is_dark);
            let bytes = match format {
                PictureFormat::Svg => svg_from_figure(&figure, size, theme).map(String::into_bytes),
                PictureFormat::Png(scale) => png_from_figure(&figure, size, scale, theme),
            };
            Some(Outcome::Drawn(name, bytes.map(Arc::from).map_err(|error| error.to_string()), what))
        });
    }

    /// Makes a float32 model of a run.
    pub fn make_model(&mut self, request: ModelRequest) {
        let spec = JobSpec {
            kind: JobKind::Save,
            name: format!("Making {}", request.name),
            subject: Some(request.subject),
        };
        self.start(spec, move |_| {
            let bytes = model_bytes(&request).map(Arc::from);
            Some(Outcome::Train(TrainOutcome::Model(request.name, bytes, request.is_saved)))
        });
    }
}

fn run(request: &TrainRequest, context: &JobContext) {
    let reporter = Reporter::new(request.run, context);
    let graph = match (&request.graph, &request.folder) {
        (Some(graph), _) => Ok(graph.clone()),
        (None, Some(folder)) => folder.read_network().map(Arc::new),
        (None, None) => Err("the network of the run is not known".to_owned()),
    };
    let graph = match graph {
        Ok(graph) => graph,
        Err(message) => {
            let help = "Begin a new run with the same settings".to_owned();
            reporter.say(TrainFinding::Failed(request.run, TrainFailure { message, help }));
            return;
        }
    };
    let task = Task {
        graph: &graph,
        settings: &request.settings,
        data: &request.data,
        folder: request.folder.as_ref(),
        resume: request.resume,
        switch: &request.switch,
        is_cancelled: &|| context.is_cancelled(),
    };
    let result = train(&task, &mut |heard| reporter.hear(heard));
    reporter.flush();
    reporter.say(match result {
        Ok(finished) => TrainFinding::Finished(request.run, Box::new(finished)),
        Err(failure) => TrainFinding::Failed(request.run, failure),
    });
}

/// Passes on what a run says: steps are put together, so that the window gets them about 30 times a second.
struct Reporter<'a> {
    run: u32,
    context: &'a JobContext,
    steps: RefCell<Vec<StepPoint>>,
    epochs: RefCell<Vec<EpochPoint>>,
    figures: Cell<Option<LiveFigures>>,
    reported: Cell<Option<Instant>>,
}

impl<'a> Reporter<'a> {
    fn new(run: u32, context: &'a JobContext) -> Self {
        Self {
            run,
            context,
            steps: RefCell::default(),
            epochs: RefCell::default(),
            figures: Cell::default(),
            reported: Cell::default(),
        }
    }

    fn hear(&self, heard: Heard) {
        let run = self.run;
        match heard {
            Heard::Step(point, figures) => {
                self.steps.borrow_mut().push(point);
                self.figures.set(Some(figures));
                self.context.progress(figures.step, figures.steps);
                if self.reported.get().is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
                    self.flush();
                }
            }
            Heard::Epoch(point) => self.epochs.borrow_mut().push(point),
            Heard::Began(began) => self.say(TrainFinding::Began(run, began)),
            Heard::Paused => self.turn(Phase::Paused),
            Heard::WentOn => self.turn(Phase::Running),
            Heard::Testing => self.turn(Phase::Testing),
            Heard::Note(text) => self.say(TrainFinding::Note(run, text)),
        }
    }

    fn turn(&self, phase: Phase) {
        self.flush();
        self.say(TrainFinding::Phase(self.run, phase));
    }

    /// Hands over what has come together.
    fn flush(&self) {
        let (steps, epochs) = (self.steps.take(), self.epochs.take());
        self.reported.set(Some(Instant::now()));
        if !steps.is_empty() || !epochs.is_empty() {
            self.say(TrainFinding::Progress(self.run, steps, epochs, self.figures.take()));
        }
    }

    fn say(&self, finding: TrainFinding) {
        self.context.found(Finding::Train(finding));
    }
}

/// The bytes of a float32 model with trained weights.
fn model_bytes(request: &ModelRequest) -> Result<Vec<u8>, String> {
    let folder = || request.folder.as_ref().ok_or_else(|| "The run has no files".to_owned());
    let graph = match &request.graph {
        Some(graph) => graph.clone(),
        None => folder()?.read_network()?,
    };
    let read;
    let weights = match &request.weights {
        Some(weights) => &**weights,
        None => {
            read = folder()?.read_weights()?;
            &read
        }
    };
    let description = format!("{}, trained with Emberlab", request.title);
    let options = LoweringOptions {
        labels: request.labels.clone(),
        description: Some(description),
        ..LoweringOptions::default()
    };
    let lowered = lower(&graph, weights, &options).map_err(|error| error.to_string())?;
    tflite::write(&lowered.model).map_err(|error| error.to_string())
}
