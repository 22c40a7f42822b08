//! What the user asks for of runs.

use std::sync::Arc;

use emberlab_core::project::RunState;

use super::{LiveRun, Missing, Phase, TrainCommand, missing, record_mut, training_data};
use crate::document::{Document, Tab};
use crate::jobs::{JobId, JobKind, Jobs, ModelRequest, Subject, TrainRequest};
use crate::messages::Level;
use crate::project::{OpenProject, files_folder};
use crate::training::{LiveFigures, RunFolder, Switch, TrainFailure, Wish, network_sha256, new_record};

/// Applies a change to the project in front.
pub fn apply(command: TrainCommand, document: &mut Document, jobs: &mut Jobs) {
    match command {
        TrainCommand::Start => start(document, jobs),
        TrainCommand::Resume(run) => resume(run, document, jobs),
        TrainCommand::ListBackends => {
            if let Some(subject) = document.active_tab().map(subject) {
                jobs.list_backends(subject);
            }
        }
        TrainCommand::OpenModel(run) => model(run, false, document, jobs),
        TrainCommand::SaveModel(run) => model(run, true, document, jobs),
        TrainCommand::Delete(run) => delete(run, document, jobs),
        TrainCommand::ReadRuns => read_runs(document, jobs),
        TrainCommand::SaveFigure(name, figure, size, format, is_dark) => {
            jobs.draw_figure(name, figure, size, format, is_dark);
        }
        command => {
            let Some(tab) = document.active.and_then(|id| document.tab_mut(id)) else { return };
            if let Some(open) = tab.project.as_deref_mut() {
                change(command, open);
            }
        }
    }
}

/// Changes that concern nothing but the project.
fn change(command: TrainCommand, open: &mut OpenProject) {
    match command {
        TrainCommand::Pause => turn(open, Wish::Pause, Phase::Pausing),
        TrainCommand::GoOn => turn(open, Wish::Go, Phase::Running),
        TrainCommand::Stop => turn(open, Wish::Stop, Phase::Stopping),
        TrainCommand::Select(run) => {
            open.train.selected = run.filter(|run| open.project.run(*run).is_some());
        }
        TrainCommand::SetVisible(run, visible) => {
            if let Some(record) = record_mut(open, run) {
                record.hidden = !visible;
            }
        }
        TrainCommand::SetPinned(run, pinned) => {
            if let Some(record) = record_mut(open, run) {
                record.pinned = pinned;
            }
        }
        TrainCommand::Rename(run, name) => {
            if let Some(record) = record_mut(open, run).filter(|_| !name.trim().is_empty()) {
                name.trim().clone_into(&mut record.name);
            }
        }
        TrainCommand::SetBaseline(run) => open.train.baseline = run,
        TrainCommand::SetSettings(settings) => open.project.training = *settings,
        TrainCommand::CopySettings(run) => {
            if let Some(record) = open.project.run(run) {
                open.project.training = record.settings.clone();
                open.train.selected = None;
            }
        }
        TrainCommand::SetGoal(goal) => open.project.goal.accuracy = goal,
        TrainCommand::Start
        | TrainCommand::Resume(_)
        | TrainCommand::ListBackends
        | TrainCommand::OpenModel(_)
        | TrainCommand::SaveModel(_)
        | TrainCommand::Delete(_)
        | TrainCommand::ReadRuns
        | TrainCommand::SaveFigure(..) => {}
    }
}

fn subject(tab: &Tab) -> Subject {
    Subject { tab: tab.id, revision: tab.revision }
}

/// Turns the switch of the run that goes on; one that ends does so.
fn turn(open: &mut OpenProject, wish: Wish, phase: Phase) {
    let Some(live) = &mut open.train.live else { return };
    live.switch.turn(wish);
    let is_ending = matches!(live.phase, Phase::Stopping | Phase::Testing);
    // A run that prepares or waits says itself when it goes on.
    if !is_ending && (wish != Wish::Go || live.phase == Phase::Pausing) {
        live.phase = phase;
    }
}

fn start(document: &mut Document, jobs: &mut Jobs) {
    let Some((subject, title, open)) = ready(document, jobs) else { return };
    if let Some(Missing { title, text, .. }) = missing(open) {
        open.train.failure = Some(TrainFailure { message: title, help: text });
        return;
    }
    let Some(data) = training_data(open) else { return };
    let number = open.project.next_run();
    let settings = open.project.training.clone();
    let folder = open.file.as_deref().map(|file| RunFolder::new(&files_folder(file), number));
    let record = new_record(&open.project, &settings, folder.as_ref());
    let name = record.label();
    open.project.runs.push(record);
    let graph = Arc::new(open.project.network.clone());
    let switch = Arc::new(Switch::default());
    let request = TrainRequest {
        subject,
        run: number,
        name: format!("{name} of {title}"),
        graph: Some(graph),
        settings,
        data,
        folder,
        resume: false,
        switch: switch.clone(),
    };
    let job = jobs.train(request);
    begin(open, number, job, switch);
}

fn resume(run: u32, document: &mut Document, jobs: &mut Jobs) {
    let Some((subject, title, open)) = ready(document, jobs) else { return };
    let Some(record) = open.project.run(run).cloned() else { return };
    let folder = open.file.as_deref().map(|file| RunFolder::new(&files_folder(file), run));
    let (Some(data), Some(folder)) = (training_data(open), folder) else {
        let text = missing(open).map(|missing| missing.text);
        let help = text.unwrap_or_else(|| "A project that was never saved keeps no checkpoints.".to_owned());
        open.train.failure = Some(TrainFailure { message: "The run cannot go on yet".to_owned(), help });
        return;
    };
    if let Some(record) = record_mut(open, run) {
        record.state = RunState::Unfinished;
    }
    let switch = Arc::new(Switch::default());
    let job = jobs.train(TrainRequest {
        subject,
        run,
        name: format!("{} of {title}", record.label()),
        graph: None,
        settings: record.settings,
        data,
        folder: Some(folder),
        resume: true,
        switch: switch.clone(),
    });
    begin(open, run, job, switch);
}

/// The project in front with its tab, unless a run goes on somewhere.
fn ready<'a>(document: &'a mut Document, jobs: &Jobs) -> Option<(Subject, String, &'a mut OpenProject)> {
    if jobs.is_busy(JobKind::Train) {
        document.messages.toast(Level::Warning, "Another run goes on. Stop it first, or wait for its end");
        return None;
    }
    let tab = document.active.and_then(|id| document.tab_mut(id))?;
    let (subject, title) = (subject(tab), tab.title.clone());
    tab.project.as_deref_mut().map(|open| (subject, title, open))
}

fn begin(open: &mut OpenProject, run: u32, job: JobId, switch: Arc<Switch>) {
    open.train.failure = None;
    open.train.selected = Some(run);
    open.train.live = Some(LiveRun {
        run,
        job,
        switch,
        phase: Phase::Preparing,
        began: None,
        figures: LiveFigures::default(),
        notes: Vec::new(),
    });
}

fn delete(run: u32, document: &mut Document, jobs: &mut Jobs) {
    let Some(tab) = document.active.and_then(|id| document.tab_mut(id)) else { return };
    let Some(open) = tab.project.as_deref_mut() else { return };
    if open.train.live_run(run).is_some() {
        return;
    }
    open.project.runs.retain(|record| record.number != run);
    let state = &mut open.train;
    state.measured.remove(&run);
    state.reports.remove(&run);
    state.weights.remove(&run);
    state.selected = state.selected.filter(|selected| *selected != run);
    state.baseline = state.baseline.filter(|baseline| *baseline != run);
    if let Some(file) = open.file.as_deref() {
        jobs.remove_run(RunFolder::new(&files_folder(file), run));
    }
}

/// Reads curves and results of the runs whose files were not asked for yet.
fn read_runs(document: &mut Document, jobs: &mut Jobs) {
    let Some(tab) = document.active.and_then(|id| document.tab_mut(id)) else { return };
    let subject = subject(tab);
    let Some(open) = tab.project.as_deref_mut() else { return };
    let Some(files) = open.file.as_deref().map(files_folder) else { return };
    let unread = open.train.unread(&open.project);
    if open.train.asked.is_empty() && open.train.selected.is_none() {
        // A project that was just opened shows its latest run.
        open.train.selected = open.project.runs.last().map(|run| run.number);
    }
    open.train.asked.extend(&unread);
    let folders = unread.into_iter().map(|run| (run, RunFolder::new(&files, run))).collect();
    jobs.read_runs(subject, folders);
}

/// Makes a model of the network with the weights of a run.
fn model(run: u32, is_saved: bool, document: &mut Document, jobs: &mut Jobs) {
    let Some(tab) = document.active_tab() else { return };
    let Some(open) = tab.project.as_deref() else { return };
    let Some(record) = open.project.run(run) else { return };
    let folder = open.file.as_deref().map(|file| RunFolder::new(&files_folder(file), run));
    let is_same = record.network_sha256 == network_sha256(&open.project.network);
    jobs.make_model(ModelRequest {
        subject: subject(tab),
        name: format!(
            "{}.tflite",
            crate::project::file::safe_name(&format!("{} {}", open.project.name, record.label()))
        ),
        title: open.project.name.clone(),
        graph: is_same.then(|| open.project.network.clone()),
        weights: open.train.weights.get(&run).cloned(),
        folder,
        labels: open.data.prepared.as_ref().map(|prepared| prepared.classes.clone()).unwrap_or_default(),
        is_saved,
    });
}
