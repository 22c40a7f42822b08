//! The data of a project: where they come from, how samples come out of them.
//!
//! Commands only change what the project keeps. [`refresh`] compares that with what was last asked for and starts the jobs
//! that are missing: reading when files or format have changed, preparing when windows, features, normalisation or split have.

mod history;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::dataset::{DataError, Dataset, Format, Generated, Preparation, Prepared, Split, Targets};
use emberlab_core::layers::templates::Sizes;
use emberlab_core::project::{
    DataReference, Project, fitted_network, recipe, remade_network, sizes_of_network, suggest,
};

pub use history::DataSettings;
use history::History;

use super::{OpenProject, design, templates};
use crate::command::Command;
use crate::document::{Document, Tab, TabId};
use crate::files;
use crate::jobs::{
    Ask, Checks, DataFailure, JobKind, Jobs, LoadRequest, Loaded, Outcome, SUMS_FILE, SampleLook, Subject,
    Thumbnail,
};
use crate::messages::Level;

/// Looks for the grid that are kept, those that are shown apart.
const MOST_THUMBNAILS: usize = 2_048;

/// What is known about the data of a project.
#[derive(Debug, Default)]
pub struct DataState {
    /// The recordings, once they were read.
    pub loaded: Option<Arc<Loaded>>,
    /// Why there are none.
    pub failure: Option<DataFailure>,
    /// The samples, once they were made.
    pub prepared: Option<Arc<Prepared>>,
    /// Why there are none.
    pub prepare_failure: Option<DataError>,
    /// Whether set and split can be trusted; there with the samples.
    pub checks: Option<Arc<Checks>>,
    /// The recording that is selected.
    pub selected: Option<usize>,
    /// The window to choose of the recording with the number: the one that begins at the step, and how often a window was
    /// asked for.
    pub wanted_window: Option<(usize, usize, u64)>,
    /// Everything that is drawn of a recording, which may still be the one selected before.
    pub look: Option<Arc<SampleLook>>,
    /// What recordings look like in the grid, as far as it was asked for.
    pub thumbnails: HashMap<usize, Thumbnail>,
    /// Recordings that the grid shows.
    shown: Vec<usize>,
    /// Recordings whose looks were asked for: the reading, and which.
    asked_thumbnails: (u64, Vec<usize>),
    /// The reading, the recording and the preparing that the latest look was asked for.
    asked_look: Option<(u64, usize, u64)>,
    /// Settings before and after the present ones.
    history: History,
    /// What the latest reading was asked for.
    asked: Option<Asked>,
    /// What the latest preparing was asked for.
    asked_samples: Option<AskedSamples>,
    /// Counts readings and preparings, so that results of older ones are dropped.
    n_asked: u64,
}

/// What was asked for of a reading.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    number: u64,
    paths: Vec<PathBuf>,
    test_paths: Vec<PathBuf>,
    format: Option<Format>,
    is_done: bool,
}

/// What was asked for of preparing.
#[derive(Clone, Debug, PartialEq)]
struct AskedSamples {
    number: u64,
    /// The reading that the recordings came from.
    reading: u64,
    preparation: Preparation,
    split: Split,
    is_done: bool,
}

/// How things stand with the data of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataStage {
    /// None were chosen.
    Nothing,
    /// They are read.
    Reading,
    /// They cannot be read.
    Failed,
    /// They are other files than those that were accepted: the user is asked.
    Changed,
    /// Samples are made.
    Preparing,
    /// Samples cannot be made.
    Unprepared,
    /// Samples are there.
    Ready,
}

/// A change that the Data panel asks for.
#[derive(Clone, Debug)]
pub enum DataCommand {
    /// Take files and folders as the data of the project in front.
    Import(Vec<PathBuf>),
    /// Ask for files or a folder, then take them.
    Ask(Ask),
    /// Make data from a seed.
    Generate(Generated),
    /// Take no data.
    Clear,
    /// Read the files in another way.
    SetFormat(Box<Format>),
    /// Make samples in another way; the text names the control, so that a drag is one step to undo.
    SetPreparation(Box<Preparation>, &'static str),
    /// Divide the set in another way; the text names the control.
    SetSplit(Box<Split>, &'static str),
    /// Go back to what suits the data.
    Suggest,
    /// Ask where files that are missing have gone.
    Find(Ask),
    /// The files have gone there.
    Found(Vec<PathBuf>),
    /// Take changed files as they are now.
    Accept,
    /// Read the files again.
    ReadAgain,
    /// Give the network inputs and outputs of the samples' sizes.
    FitNetwork,
    /// Select a recording.
    Select(Option<usize>),
    /// Select a recording, and of its windows the one that begins at the step.
    SelectWindow(usize, usize),
    /// The grid shows these recordings.
    Show(Vec<usize>),
    /// One step back.
    Undo,
    /// One step back in the project of a tab, which comes to the front.
    UndoIn(TabId),
    /// One step forward again.
    Redo,
}

/// What a job of the Data panel returns.
#[derive(Debug)]
pub enum DataOutcome {
    /// Recordings, or why there are none.
    Loaded(Result<Arc<Loaded>, DataFailure>),
    /// Samples, or why there are none.
    Prepared(Result<(Arc<Prepared>, Arc<Checks>), DataError>),
    /// All looks for the grid were handed over.
    ThumbnailsMade,
    /// A look at the selected recording.
    Looked(Arc<SampleLook>),
    /// Paths that the user has chosen as data; empty if none.
    Chosen(Vec<PathBuf>),
    /// Paths where the user has found missing data; empty if none.
    Found(Vec<PathBuf>),
    /// The list of sums was written, or why not.
    SumsWritten(Result<(), String>),
}

/// What a job of the Data panel says before its end.
#[derive(Debug)]
pub enum DataFinding {
    /// What recordings look like in the grid, of the reading with the number.
    Thumbnails(u64, Vec<(usize, Thumbnail)>),
}

impl DataState {
    /// How things stand.
    pub fn stage(&self, project: &Project) -> DataStage {
        let Some(reference) = &project.data else { return DataStage::Nothing };
        if self.asked.as_ref().is_none_or(|asked| !asked.is_done) {
            return DataStage::Reading;
        }
        if self.failure.is_some() {
            return DataStage::Failed;
        }
        if self.loaded.is_none() {
            return DataStage::Reading;
        }
        if !self.is_accepted(reference) {
            return DataStage::Changed;
        }
        if self.asked_samples.as_ref().is_none_or(|asked| !asked.is_done) {
            return DataStage::Preparing;
        }
        if self.prepare_failure.is_some() { DataStage::Unprepared } else { DataStage::Ready }
    }

    /// Nothing is read or prepared that the project waits for.
    pub fn is_settled(&self, project: &Project) -> bool {
        match self.stage(project) {
            DataStage::Reading | DataStage::Preparing => false,
            DataStage::Nothing
            | DataStage::Failed
            | DataStage::Changed
            | DataStage::Unprepared
            | DataStage::Ready => true,
        }
    }

    /// A number that changes whenever other recordings are there.
    pub fn reading(&self) -> u64 {
        self.asked.as_ref().map_or(0, |asked| asked.number)
    }

    /// The files are read again, whatever is known of them.
    pub fn read_again(&mut self) {
        self.asked = None;
    }

    /// The files are those that were accepted.
    fn is_accepted(&self, reference: &DataReference) -> bool {
        self.loaded.as_ref().is_some_and(|loaded| loaded.fingerprint == reference.fingerprint)
    }

    /// Steps that can be undone.
    pub fn can_undo(&self) -> bool {
        self.history.can_undo()
    }

    /// Steps that can be done again.
    pub fn can_redo(&self) -> bool {
        self.history.can_redo()
    }
}

/// Starts the jobs that the data of all projects wait for; cheap when there are none.
pub fn refresh(document: &mut Document, jobs: &mut Jobs) {
    for tab in &mut document.tabs {
        let id = tab.id;
        let Some(open) = tab.project.as_deref_mut() else { continue };
        ask_reading(open, id, jobs);
        ask_samples(open, id, jobs);
        ask_thumbnails(&mut open.data, id, jobs);
        ask_look(&mut open.data, id, jobs);
    }
}

/// Asks for what the grid shows and nobody has made yet.
fn ask_thumbnails(data: &mut DataState, id: TabId, jobs: &mut Jobs) {
    let reading = data.reading();
    let Some(loaded) = data.loaded.as_ref().filter(|_| !data.shown.is_empty()) else { return };
    let (asked_reading, asked) = &data.asked_thumbnails;
    if *asked_reading == reading && *asked == data.shown {
        return;
    }
    if *asked_reading != reading {
        data.thumbnails.clear();
    }
    if data.thumbnails.len() > MOST_THUMBNAILS {
        let shown = &data.shown;
        data.thumbnails.retain(|index, _| shown.contains(index));
    }
    let is_missing = |index: &&usize| !data.thumbnails.contains_key(index);
    let wanted: Vec<usize> = data.shown.iter().filter(is_missing).copied().collect();
    data.asked_thumbnails = (reading, data.shown.clone());
    jobs.cancel_kind(JobKind::Thumbnails, id);
    if !wanted.is_empty() {
        let subject = Subject { tab: id, revision: reading };
        jobs.make_thumbnails(subject, loaded.dataset.clone(), wanted);
    }
}

/// Asks for everything about the recording that is selected.
fn ask_look(data: &mut DataState, id: TabId, jobs: &mut Jobs) {
    let (Some(recording), Some(loaded)) = (data.selected, &data.loaded) else {
        (data.look, data.asked_look) = (None, None);
        return;
    };
    let preparing = data.asked_samples.as_ref().filter(|asked| asked.is_done).map_or(0, |asked| asked.number);
    let wanted = (data.reading(), recording, preparing);
    if data.asked_look == Some(wanted) {
        return;
    }
    data.asked_look = Some(wanted);
    jobs.cancel_kind(JobKind::Look, id);
    let subject = Subject { tab: id, revision: data.reading() };
    let preparation = data.prepared.as_ref().map(|prepared| prepared.preparation.clone());
    jobs.look_at(subject, loaded.dataset.clone(), recording, preparation);
}

fn ask_reading(open: &mut OpenProject, id: TabId, jobs: &mut Jobs) {
    let OpenProject { project, data, .. } = open;
    let Some(reference) = &project.data else {
        if data.asked.take().is_some() {
            jobs.cancel_kind(JobKind::Import, id);
            jobs.cancel_kind(JobKind::Prepare, id);
        }
        (data.loaded, data.failure) = (None, None);
        (data.prepared, data.prepare_failure, data.asked_samples) = (None, None, None);
        return;
    };
    if let Some(asked) = &data.asked
        && asked.format == reference.reading
        && is_at(&open.folder, &reference.paths, &asked.paths)
        && is_at(&open.folder, &reference.test_paths, &asked.test_paths)
    {
        return;
    }
    let absolute = |paths: &[String]| -> Vec<PathBuf> {
        paths.iter().map(|path| emberlab_core::project::absolute_path(&open.folder, path)).collect()
    };
    let (paths, test_paths) = (absolute(&reference.paths), absolute(&reference.test_paths));
    data.n_asked += 1;
    let format = reference.reading.clone();
    let asked = Asked { number: data.n_asked, paths, test_paths, format, is_done: false };
    let name = match &asked.format {
        Some(Format::Generated(generated)) => generated.kind.label().to_owned(),
        _ => files::name(&asked.paths),
    };
    let request = LoadRequest {
        paths: asked.paths.clone(),
        test_paths: asked.test_paths.clone(),
        format: asked.format.clone(),
        expected: reference.fingerprint.clone(),
        known_sums: open.file.as_deref().map(|file| super::files_folder(file).join(SUMS_FILE)),
    };
    jobs.cancel_kind(JobKind::Import, id);
    jobs.load_data(Subject { tab: id, revision: asked.number }, &name, request);
    data.asked = Some(asked);
    data.failure = None;
}

/// The paths of a project name these places.
fn is_at(folder: &std::path::Path, paths: &[String], places: &[PathBuf]) -> bool {
    paths.len() == places.len()
        && paths
            .iter()
            .zip(places)
            .all(|(path, place)| emberlab_core::project::absolute_path(folder, path) == *place)
}

fn ask_samples(open: &mut OpenProject, id: TabId, jobs: &mut Jobs) {
    let OpenProject { project, data, .. } = open;
    let (Some(reference), Some(loaded)) = (&project.data, &data.loaded) else { return };
    let Some(asked) = data.asked.as_ref().filter(|asked| asked.is_done) else { return };
    if !data.is_accepted(reference) {
        return;
    }
    let reading = asked.number;
    if data.asked_samples.as_ref().is_some_and(|asked| {
        asked.reading == reading && asked.preparation == project.preparation && asked.split == project.split
    }) {
        return;
    }
    data.n_asked += 1;
    let (preparation, split) = (project.preparation.clone(), project.split.clone());
    jobs.cancel_kind(JobKind::Prepare, id);
    let subject = Subject { tab: id, revision: data.n_asked };
    jobs.prepare_data(subject, &project.name, loaded.dataset.clone(), preparation.clone(), split.clone());
    data.asked_samples =
        Some(AskedSamples { number: data.n_asked, reading, preparation, split, is_done: false });
}

/// Applies a change to the project in front.
pub fn apply(command: DataCommand, document: &mut Document, jobs: &mut Jobs) {
    let Some(tab) = document.active.and_then(|id| document.tab_mut(id)) else { return };
    let subject = Subject { tab: tab.id, revision: tab.revision };
    let Some(open) = tab.project.as_deref_mut() else { return };
    match command {
        DataCommand::Import(paths) => {
            let relative = paths.iter().map(|path| open.relative(path)).collect();
            let name = files::name(&paths);
            replace(open, Some(DataReference::new(relative, None)));
            say_replaced(&name, document);
        }
        DataCommand::Ask(ask) => {
            let folder = open.folder.clone();
            let chosen = |paths| Outcome::Data(DataOutcome::Chosen(paths));
            jobs.ask_paths(ask, &folder, Some(subject), chosen);
        }
        DataCommand::Generate(generated) => {
            let is_same_kind = open.project.data.as_ref().is_some_and(|reference| {
                matches!(&reference.reading, Some(Format::Generated(known)) if known.kind == generated.kind)
            });
            let name = generated.kind.label();
            let reference = DataReference::new(Vec::new(), Some(Format::Generated(generated)));
            if is_same_kind {
                open.data.history.note(&open.project, "generator");
                open.project.data = Some(reference);
            } else {
                replace(open, Some(reference));
                say_replaced(name, document);
            }
        }
        DataCommand::Clear => replace(open, None),
        DataCommand::SetFormat(format) => {
            open.data.history.note(&open.project, "format");
            if let Some(reference) = &mut open.project.data {
                reference.reading = Some(*format);
                reference.fingerprint = None;
            }
        }
        DataCommand::SetPreparation(preparation, control) => {
            open.data.history.note(&open.project, control);
            open.project.preparation = *preparation;
        }
        DataCommand::SetSplit(split, control) => {
            open.data.history.note(&open.project, control);
            open.project.split = *split;
        }
        DataCommand::Suggest => {
            open.data.history.note(&open.project, "suggest");
            if let Some(loaded) = open.data.loaded.clone() {
                (open.project.preparation, open.project.split) = suggestion(&open.project, &loaded.dataset);
            }
        }
        DataCommand::Find(ask) => {
            let folder = open.folder.clone();
            let found = |paths| Outcome::Data(DataOutcome::Found(paths));
            jobs.ask_paths(ask, &folder, Some(subject), found);
        }
        DataCommand::Found(paths) => found_at(open, &paths),
        DataCommand::Select(recording) => open.data.selected = recording,
        DataCommand::SelectWindow(recording, first_step) => {
            let number = open.data.wanted_window.map_or(0, |(_, _, number)| number) + 1;
            open.data.selected = Some(recording);
            open.data.wanted_window = Some((recording, first_step, number));
        }
        DataCommand::Show(recordings) => open.data.shown = recordings,
        DataCommand::Accept => accept(open, jobs),
        DataCommand::FitNetwork => {
            if let Some(prepared) = open.data.prepared.clone() {
                let graph = fitted_network(&open.project.network, &sizes(&prepared));
                design::replace(open, graph);
            }
        }
        DataCommand::ReadAgain => open.data.read_again(),
        DataCommand::UndoIn(id) => apply_to(id, DataCommand::Undo, document, jobs),
        DataCommand::Undo => open.data.history.undo(&mut open.project),
        DataCommand::Redo => open.data.history.redo(&mut open.project),
    }
}

/// Other data take the place of the present ones; preparation and split follow once they were read.
fn replace(open: &mut OpenProject, reference: Option<DataReference>) {
    if open.project.data.is_some() {
        open.data.history.note(&open.project, "data");
        open.project.preparation = Preparation::default();
        open.project.split = Split::default();
    }
    open.project.data = reference;
}

fn say_replaced(name: &str, document: &mut Document) {
    if let Some((tab, _)) = document.active_project().filter(|(_, open)| open.data.can_undo()) {
        let undo = Command::Data(DataCommand::UndoIn(tab.id));
        document.messages.toast_with(Level::Info, format!("{name} is the data now"), "Undo", undo);
    }
}

/// Missing files have turned up elsewhere: what was accepted is still expected.
fn found_at(open: &mut OpenProject, paths: &[PathBuf]) {
    let relative: Vec<String> = paths.iter().map(|path| open.relative(path)).collect();
    if relative.is_empty() {
        return;
    }
    open.data.history.note(&open.project, "place");
    if let Some(reference) = &mut open.project.data {
        reference.paths = relative;
    }
}

/// The files as they were read are those of the project from now on.
fn accept(open: &mut OpenProject, jobs: &mut Jobs) {
    let (Some(loaded), Some(reference)) = (&open.data.loaded, &mut open.project.data) else { return };
    reference.fingerprint.clone_from(&loaded.fingerprint);
    reference.reading = Some(loaded.format.clone());
    keep_sums(open, jobs);
}

/// Writes the sums of the files that were accepted beside the project, once that has a file.
pub fn keep_sums(open: &OpenProject, jobs: &mut Jobs) {
    let (Some(loaded), Some(reference)) = (&open.data.loaded, &open.project.data) else { return };
    if let (Some(folder), Some(sums)) = (open.files_folder(), loaded.sums.clone())
        && open.data.is_accepted(reference)
    {
        jobs.write_sums(folder, sums);
    }
}

/// Takes what a job has returned.
pub fn done(outcome: DataOutcome, subject: Option<Subject>, document: &mut Document, jobs: &mut Jobs) {
    let Some(subject) = subject else {
        if let DataOutcome::SumsWritten(Err(reason)) = outcome {
            document
                .messages
                .log(Level::Warning, format!("The sums of the data could not be kept. {reason}"));
        }
        return;
    };
    let Some(tab) = document.tab_mut(subject.tab) else { return };
    let title = tab.title.clone();
    let Some(open) = tab.project.as_deref_mut() else { return };
    match outcome {
        DataOutcome::Loaded(result) => {
            let Some(asked) = open.data.asked.as_mut().filter(|asked| asked.number == subject.revision)
            else {
                return;
            };
            asked.is_done = true;
            match result {
                Ok(loaded) => loaded_data(open, loaded, jobs),
                Err(failure) => {
                    let words = format!("Data of {title}: {}", failure.message);
                    open.data.loaded = None;
                    (open.data.prepared, open.data.asked_samples) = (None, None);
                    open.data.failure = Some(failure);
                    document.messages.log(Level::Error, words);
                }
            }
        }
        DataOutcome::Prepared(result) => {
            let asked = open.data.asked_samples.as_mut().filter(|asked| asked.number == subject.revision);
            let Some(asked) = asked else { return };
            asked.is_done = true;
            match result {
                Ok((prepared, checks)) => {
                    follow_samples(open, &prepared);
                    (open.data.prepared, open.data.prepare_failure) = (Some(prepared), None);
                    open.data.checks = Some(checks);
                }
                Err(error) => (open.data.prepared, open.data.prepare_failure) = (None, Some(error)),
            }
        }
        DataOutcome::Chosen(paths) if !paths.is_empty() => {
            apply_to(subject.tab, DataCommand::Import(paths), document, jobs)
        }
        DataOutcome::Found(paths) if !paths.is_empty() => {
            apply_to(subject.tab, DataCommand::Found(paths), document, jobs)
        }
        DataOutcome::Looked(look) => {
            if open.data.reading() == subject.revision {
                open.data.look = Some(look);
            }
        }
        DataOutcome::Chosen(_)
        | DataOutcome::Found(_)
        | DataOutcome::SumsWritten(_)
        | DataOutcome::ThumbnailsMade => {}
    }
}

/// Applies a change to the project of a tab, which comes to the front.
fn apply_to(id: TabId, command: DataCommand, document: &mut Document, jobs: &mut Jobs) {
    document.active = Some(id);
    apply(command, document, jobs);
}

/// Recordings are there. The first of a reference are taken as they are; others only if they are what was accepted.
fn loaded_data(open: &mut OpenProject, loaded: Arc<Loaded>, jobs: &mut Jobs) {
    let data = &mut open.data;
    data.selected = data.selected.filter(|index| *index < loaded.dataset.recordings.len()).or(Some(0));
    (data.prepared, data.prepare_failure, data.asked_samples) = (None, None, None);
    data.failure = None;
    let dataset = loaded.dataset.clone();
    let format = Some(loaded.format.clone());
    data.loaded = Some(loaded);
    if let Some(asked) = &mut data.asked {
        asked.format.clone_from(&format);
    }
    let Some(reference) = &mut open.project.data else { return };
    reference.reading = format;
    if reference.fingerprint.is_none() {
        accept(open, jobs);
    }
    let is_untouched = open.project.preparation == Preparation::default();
    if is_untouched {
        let had_split = open.project.split != Split::default();
        let (preparation, split) = suggestion(&open.project, &dataset);
        open.project.preparation = preparation;
        if !had_split {
            open.project.split = split;
        }
    }
}

/// What suits a set, for the template that the project began with.
fn suggestion(project: &Project, dataset: &Dataset) -> (Preparation, Split) {
    match templates::find(&project.template) {
        Some(template) => recipe(template, dataset),
        None => suggest(dataset),
    }
}

/// What samples ask of a network.
pub fn sizes(prepared: &Prepared) -> Sizes {
    let samples = &prepared.train.samples;
    let inputs: Vec<Vec<usize>> = samples.inputs.iter().map(|input| input.shape.clone()).collect();
    let outputs = match &samples.targets {
        Targets::Classes { classes, .. } => *classes,
        Targets::Values { shape, .. } => shape.iter().product(),
        Targets::Inputs => inputs.first().map_or(0, |shape| shape.iter().product()),
        Targets::None => 0,
    };
    Sizes { inputs, outputs }
}

/// The network takes and gives what the samples have; a network without layers fits nothing yet.
pub fn fits(project: &Project, prepared: &Prepared) -> bool {
    let (wanted, found) = (sizes(prepared), sizes_of_network(&project.network));
    wanted.inputs == found.inputs && (wanted.outputs == found.outputs || wanted.outputs == 0)
}

/// A network that is still that of its template follows the sizes of the samples.
fn follow_samples(open: &mut OpenProject, prepared: &Prepared) {
    if fits(&open.project, prepared) {
        return;
    }
    let sizes = sizes(prepared);
    let template = templates::find(&open.project.template);
    let remade = template.and_then(|template| remade_network(template, &open.project.network, &sizes));
    if let Some(graph) = remade {
        design::replace(open, graph);
    }
}

/// A job about the data of a tab has ended without a result; true if the project waits for it.
pub fn ended_without_result(kind: JobKind, subject: Subject, reason: &str, document: &mut Document) -> bool {
    let Some(open) = document.tab_mut(subject.tab).and_then(|tab| tab.project.as_deref_mut()) else {
        return false;
    };
    let data = &mut open.data;
    let reading =
        data.asked.as_mut().filter(|asked| kind == JobKind::Import && asked.number == subject.revision);
    if let Some(asked) = reading {
        asked.is_done = true;
        let help = "Read the files again when you like".to_owned();
        data.failure = Some(DataFailure { message: reason.to_owned(), help, is_missing: false });
        data.loaded = None;
        return true;
    }
    let samples = data
        .asked_samples
        .as_mut()
        .filter(|asked| kind == JobKind::Prepare && asked.number == subject.revision);
    if let Some(asked) = samples {
        asked.is_done = true;
        let help = "Any change of the settings prepares them again".to_owned();
        data.prepare_failure = Some(DataError { message: reason.to_owned(), help });
        data.prepared = None;
        return true;
    }
    false
}

/// Takes what a job has found before its end.
pub fn found(finding: DataFinding, tab: &mut Tab) {
    let Some(open) = tab.project.as_deref_mut() else { return };
    match finding {
        DataFinding::Thumbnails(reading, made) => {
            if open.data.reading() == reading {
                open.data.thumbnails.extend(made);
            }
        }
    }
}
