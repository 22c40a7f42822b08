//! `emberlab train`: trains the network of a project, as the Train panel does.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use emberlab_core::project::{Project, RunRecord, RunState};
use emberlab_core::training::{BackendChoice, TrainingConfig};
use emberlab_train::{End, Metric};
use serde::Serialize;

use super::interrupt::Interrupt;
use super::project::{read_project, training_data};
use super::{Failure, Outcome, written};
use crate::jobs::write_project_file;
use crate::project::files_folder;
use crate::theme::format;
use crate::training::{
    Began, EpochPoint, Finished, Heard, LiveFigures, RunFolder, RunHistory, Switch, Task, TrainFailure,
    metric_of, new_record, note_end, note_epochs, train,
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The .emberlab file
    project: PathBuf,
    /// Passes over the training samples, instead of those of the project
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    epochs: Option<u32>,
    /// What computes, instead of the choice of the project
    #[arg(long)]
    backend: Option<BackendArgument>,
    /// Where everything random begins, instead of the seed of the project
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Go on with the last run from its checkpoint
    #[arg(long, conflicts_with = "seed")]
    resume: bool,
    /// A line of JSON for each epoch, then one with the summary
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum BackendArgument {
    Auto,
    Cpu,
    Gpu,
}

/// An epoch as a line of JSON.
#[derive(Serialize)]
struct EpochLine {
    epoch: usize,
    loss: f32,
    #[serde(flatten)]
    metric: Metrics,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_loss: Option<f32>,
    learning_rate: f32,
    seconds: f64,
    samples_per_second: f64,
}

/// What is measured beside the loss, under the name of what it is.
#[derive(Default, Serialize)]
struct Metrics {
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_accuracy: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_absolute_error: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_mean_absolute_error: Option<f32>,
}

/// The last line of JSON.
#[derive(Serialize)]
struct Summary {
    #[serde(skip_serializing_if = "Option::is_none")]
    test_accuracy: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_loss: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_mean_absolute_error: Option<f32>,
    best_epoch: usize,
    epochs: usize,
    samples_per_second: f64,
    seconds: f64,
    seed: u64,
    backend: String,
    run: u32,
    name: String,
    end: &'static str,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let file = std::path::absolute(&arguments.project).unwrap_or_else(|_| arguments.project.clone());
    let mut project = read_project(&file)?;
    let interrupt = Interrupt::listen();
    let Some(data) = training_data(&project, &file, &|| !interrupt.is_pressed())? else {
        return Ok(Outcome::Interrupted("interrupted before training began: nothing was written".to_owned()));
    };
    let files = files_folder(&file);
    let record = match arguments.resume {
        true => last_run(&mut project, arguments)?,
        false => {
            let settings = settings(&project.training, arguments);
            let folder = RunFolder::new(&files, project.next_run());
            new_record(&project, &settings, Some(&folder))
        }
    };
    let folder = RunFolder::new(&files, record.number);
    let graph = match arguments.resume {
        true => folder.read_network().map_err(Failure)?,
        false => project.network.clone(),
    };
    let settings = record.settings.clone();
    let number = record.number;
    project.runs.retain(|run| run.number != number);
    project.runs.push(record);
    let switch = Switch::default();
    let task = Task {
        graph: &graph,
        settings: &settings,
        data: &data,
        folder: Some(&folder),
        resume: arguments.resume,
        switch: &switch,
        is_cancelled: &|| interrupt.is_pressed(),
    };
    let mut listener = Listener::new(arguments.json, &file, project, number);
    let finished = train(&task, &mut |heard| listener.hear(heard, out)).map_err(failure)?;
    // Who interrupts while the end is tested has the whole run.
    let is_interrupted = interrupt.is_pressed() && finished.end == End::Stopped;
    listener.end(&finished, is_interrupted.then_some(arguments), out)
}

/// Writes what a run says, and keeps it in the project file.
struct Listener<'a> {
    is_json: bool,
    file: &'a Path,
    project: Project,
    run: u32,
    history: RunHistory,
    metric: Metric,
    figures: LiveFigures,
    /// Why standard output or the project file could not be written.
    broken: Option<Failure>,
}

impl<'a> Listener<'a> {
    fn new(is_json: bool, file: &'a Path, project: Project, run: u32) -> Self {
        let loss = project.run(run).map_or(project.training.loss, |record| record.settings.loss);
        Self {
            is_json,
            file,
            project,
            run,
            history: RunHistory::default(),
            metric: metric_of(loss),
            figures: LiveFigures::default(),
            broken: None,
        }
    }

    fn hear(&mut self, heard: Heard, out: &mut impl Write) {
        match heard {
            Heard::Began(began) => self.began(*began),
            Heard::Step(point, figures) => {
                self.figures = figures;
                self.history.steps.push(point);
            }
            Heard::Epoch(point) => self.epoch(point, out),
            Heard::Note(text) => say(&text),
            Heard::Testing => say("testing the weights that are kept"),
            Heard::Paused | Heard::WentOn => {}
        }
    }

    fn began(&mut self, began: Began) {
        self.metric = began.metric;
        self.history = began.history;
        say(&format!(
            "{}: {} training samples, {} for validation, {} parameters, {} ({})",
            self.project.name,
            format::count(began.training_samples as u64),
            format::count(began.validation_samples as u64),
            format::count(began.parameters as u64),
            began.backend,
            began.reason
        ));
        began.notes.iter().for_each(|note| say(note));
        if let Some(record) = self.record() {
            (record.backend, record.state) = (began.backend, RunState::Unfinished);
        }
        self.write_project();
    }

    fn epoch(&mut self, point: EpochPoint, out: &mut impl Write) {
        self.history.epochs.push(point);
        let (history, metric, speed) =
            (std::mem::take(&mut self.history), self.metric, self.figures.samples_per_second);
        if let Some(record) = self.record() {
            note_epochs(record, &history, metric, speed);
        }
        self.history = history;
        let line = if self.is_json { self.json_line(&point) } else { self.text_line(&point) };
        let result = written(writeln!(out, "{line}").and_then(|()| out.flush()));
        self.broken = self.broken.take().or(result.err());
    }

    fn json_line(&self, point: &EpochPoint) -> String {
        let metric = match self.metric {
            Metric::Accuracy => Metrics {
                accuracy: Some(point.metric),
                validation_accuracy: point.validation_metric,
                ..Metrics::default()
            },
            Metric::MeanAbsoluteError => Metrics {
                mean_absolute_error: Some(point.metric),
                validation_mean_absolute_error: point.validation_metric,
                ..Metrics::default()
            },
        };
        json(&EpochLine {
            epoch: point.epoch,
            loss: point.loss,
            metric,
            validation_loss: point.validation_loss,
            learning_rate: point.learning_rate,
            seconds: point.seconds,
            samples_per_second: self.figures.samples_per_second,
        })
    }

    fn text_line(&self, point: &EpochPoint) -> String {
        let metric = |value: f32| match self.metric {
            Metric::Accuracy => format!("{:>7.2} %", f64::from(value) * 100.0),
            Metric::MeanAbsoluteError => format!("{value:>9.5}"),
        };
        let mut line =
            format!("epoch {:>4}  loss {:>9.5}  {}", point.epoch, point.loss, metric(point.metric));
        if let Some(loss) = point.validation_loss {
            line.push_str(&format!("  validation {loss:>9.5}"));
        }
        line.extend(point.validation_metric.map(|value| format!("  {}", metric(value))));
        let best = self.history.best().is_some_and(|best| best.epoch == point.epoch);
        line.push_str(if best { "  best" } else { "" });
        line
    }

    /// Says how the run has ended; `interrupted` are the arguments of a run that the user has ended.
    fn end(
        mut self,
        finished: &Finished,
        interrupted: Option<&Arguments>,
        out: &mut impl Write,
    ) -> Result<Outcome, Failure> {
        if let Some(record) = self.record() {
            note_end(record, finished, false);
        }
        self.write_project();
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let Some(record) = self.project.run(self.run) else { return Ok(Outcome::Done) };
        let summary = Summary {
            test_accuracy: record.test.and_then(|test| test.accuracy),
            test_loss: record.test.map(|test| test.loss),
            test_mean_absolute_error: record.test.and_then(|test| test.mean_absolute_error),
            best_epoch: record.best_epoch,
            epochs: record.epochs,
            samples_per_second: finished.samples_per_second,
            seconds: finished.seconds,
            seed: record.settings.seed,
            backend: record.backend.clone(),
            run: record.number,
            name: record.label(),
            end: end_text(finished.end),
        };
        let text = if self.is_json { json(&summary) } else { summary_text(&summary) };
        written(writeln!(out, "{text}"))?;
        if let Some(arguments) = interrupted {
            return Ok(Outcome::Interrupted(format!(
                "interrupted: the best weights and a checkpoint are kept\n  go on: {}",
                resume_command(&arguments.project)
            )));
        }
        match finished.end {
            End::Complete | End::NoProgress | End::Stopped => Ok(Outcome::Done),
            End::Diverged => Err(Failure(
                "the loss is no number any more: lower the learning rate, or look for such numbers in the data"
                    .to_owned(),
            )),
        }
    }

    fn record(&mut self) -> Option<&mut RunRecord> {
        self.project.runs.iter_mut().find(|record| record.number == self.run)
    }

    fn write_project(&mut self) {
        if let Err(reason) = write_project_file(self.file, &self.project) {
            self.broken.get_or_insert(Failure(format!("cannot keep the run in the project: {reason}")));
        }
    }
}

fn end_text(end: End) -> &'static str {
    match end {
        End::Complete => "complete",
        End::NoProgress => "no progress",
        End::Stopped => "stopped",
        End::Diverged => "diverged",
    }
}

fn summary_text(summary: &Summary) -> String {
    let test = match (summary.test_accuracy, summary.test_mean_absolute_error, summary.test_loss) {
        (Some(accuracy), ..) => format!("test accuracy {:.2} %", f64::from(accuracy) * 100.0),
        (None, Some(error), _) => format!("test mean absolute error {error}"),
        (None, None, Some(loss)) => format!("test loss {loss}"),
        (None, None, None) => "not tested".to_owned(),
    };
    format!(
        "{}: {test}, best epoch {} of {}, {} at {} samples/s on {}",
        summary.name,
        summary.best_epoch,
        summary.epochs,
        format::duration(summary.seconds),
        format::count(summary.samples_per_second.round() as u64),
        summary.backend
    )
}

/// What to type to go on with the last run of a project.
fn resume_command(project: &Path) -> String {
    let project = project.display().to_string();
    let project = if project.contains(char::is_whitespace) { format!("\"{project}\"") } else { project };
    format!("emberlab train {project} --resume")
}

fn settings(settings: &TrainingConfig, arguments: &Arguments) -> TrainingConfig {
    let backend = arguments.backend.map(|backend| match backend {
        BackendArgument::Auto => BackendChoice::Auto,
        BackendArgument::Cpu => BackendChoice::Cpu,
        BackendArgument::Gpu => BackendChoice::Gpu,
    });
    TrainingConfig {
        epochs: arguments.epochs.map_or(settings.epochs, |epochs| epochs as usize),
        seed: arguments.seed.unwrap_or(settings.seed),
        backend: backend.unwrap_or(settings.backend),
        ..settings.clone()
    }
}

/// The last run, with the settings that may change while it is left.
fn last_run(project: &mut Project, arguments: &Arguments) -> Result<RunRecord, Failure> {
    let last = project.runs.iter().rev().find(|run| !run.files.checkpoint.is_empty());
    let mut record =
        last.cloned().ok_or_else(|| Failure("the project has no run to go on with".to_owned()))?;
    record.settings = settings(&record.settings, arguments);
    if record.epochs >= record.settings.epochs {
        return Err(Failure(format!(
            "{} has done its {} epochs; go on with more of them: --epochs N",
            record.label(),
            record.settings.epochs
        )));
    }
    Ok(record)
}

fn failure(failure: TrainFailure) -> Failure {
    Failure(format!("{}\n  try: {}", failure.message, failure.help))
}

fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("names are text, and numbers that are none become null")
}

/// Messages go to standard error, where nobody parses them.
fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}
