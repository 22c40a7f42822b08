//! Projects that are open: what their files keep, and everything derived from it.
//!
//! The network of a project is lowered after every edit; the model that comes out is the content of its tab, so that graph,
//! arena and gauges work on a project as they do on a file.

pub mod bundled;
pub mod compress;
pub mod data;
pub mod design;
pub mod draft;
pub mod examples;
pub mod file;
pub mod templates;
pub mod train;

use std::path::{Path, PathBuf};

use emberlab_core::project::{EXTENSION, Project, absolute_path, files_folder_name, relative_path};

use crate::command::remove_tab;
use crate::document::{Document, Overlay, TabId};
use crate::jobs::{Jobs, Subject, file_name};

pub use compress::{CompressCommand, CompressFinding, CompressOutcome, CompressState};
pub use data::{DataCommand, DataFinding, DataOutcome, DataState};
pub use design::{DesignCommand, DesignFinding, DesignOutcome, DesignState};
pub use draft::{Draft, DraftPick, DraftSource};
pub use examples::Example;
pub use file::{Opened, SaveState};
pub use train::{TrainCommand, TrainFinding, TrainOutcome, TrainState};

/// A project that is open.
#[derive(Debug, Default)]
pub struct OpenProject {
    /// What its file keeps.
    pub project: Project,
    /// Its file; `None` until it was written for the first time.
    pub file: Option<PathBuf>,
    /// The folder that paths of the project begin at: that of its file, or the one it is going to.
    pub folder: PathBuf,
    /// What the file holds; differs from `project` while changes wait to be written.
    pub written: Option<Project>,
    /// How saving goes.
    pub save: SaveState,
    /// Data and samples.
    pub data: DataState,
    /// Undo, costs.
    pub design: DesignState,
    /// Runs.
    pub train: TrainState,
}

/// Making, opening and saving projects.
#[derive(Clone, Debug)]
pub enum ProjectCommand {
    /// Ask what the new project is to be.
    AskNew,
    /// Change what was answered so far.
    SetDraft(Box<Draft>),
    /// Ask for a path of the new project.
    Pick(DraftPick),
    /// Make the project that was asked for.
    Create,
    /// Open the bundled example, or what the user has made of it.
    OpenExample(Example),
    /// Write the project in front to its file now.
    Save,
    /// Ask for another file, and go on in that.
    AskSaveAs,
    /// Close a project that has no file.
    Discard(TabId),
    /// Give the project in front another name.
    Rename(String),
}

/// What a job about a project returns.
#[derive(Debug)]
pub enum ProjectOutcome {
    /// A project was read, or why not.
    Opened(Box<Result<Opened, crate::document::OpenFailure>>),
    /// A new project has its file with its text, or why not.
    Placed(Box<Project>, Result<(PathBuf, String), String>),
    /// A project was written, or why not: what was to be written, and the text.
    Written(Box<Project>, Result<String, String>),
    /// A project goes on in another file, or why not.
    SavedAs(Box<Project>, Result<(PathBuf, String), String>),
    /// Where to go on; `None` if the user chose nothing.
    SaveAsChosen(Option<PathBuf>),
    /// Paths that the user chose for the new project; empty if none.
    Picked(DraftPick, Vec<PathBuf>),
}

impl OpenProject {
    /// A project with a file, as it was just read.
    pub fn read(project: Project, file: PathBuf) -> Self {
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let written = Some(project.clone());
        Self { project, file: Some(file), folder, written, ..Self::default() }
    }

    /// A new project that is going to have a file in `folder`.
    pub fn new(project: Project, folder: PathBuf) -> Self {
        Self { project, folder, ..Self::default() }
    }

    /// Changes wait to be written.
    pub fn is_dirty(&self) -> bool {
        self.written.as_ref() != Some(&self.project)
    }

    /// The folder beside the file with weights and checkpoints; `None` before there is a file.
    pub fn files_folder(&self) -> Option<PathBuf> {
        self.file.as_deref().map(files_folder)
    }

    /// Where a path of the project lies on the disk.
    pub fn absolute(&self, path: &str) -> PathBuf {
        absolute_path(&self.folder, path)
    }

    /// How a place on the disk is written in the project.
    pub fn relative(&self, path: &Path) -> String {
        relative_path(&self.folder, path)
    }
}

/// The folder beside a project file with its weights and checkpoints.
pub fn files_folder(file: &Path) -> PathBuf {
    file.with_file_name(files_folder_name(&file_name(file)))
}

/// The name says that it is a project.
pub fn is_project_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION))
}

/// Applies a change.
pub fn apply(command: ProjectCommand, document: &mut Document, jobs: &mut Jobs) {
    match command {
        ProjectCommand::AskNew => {
            document.view.draft = Draft::new(document);
            document.view.overlay = Some(Overlay::NewProject);
        }
        ProjectCommand::SetDraft(draft) => document.view.draft = *draft,
        ProjectCommand::Pick(pick) => jobs.ask_draft_path(pick, &document.view.draft),
        ProjectCommand::Create => draft::create_from_draft(document, jobs),
        ProjectCommand::OpenExample(example) => examples::open(example, document, jobs),
        ProjectCommand::Save => file::save_now(document, jobs),
        ProjectCommand::AskSaveAs => file::ask_save_as(document, jobs),
        ProjectCommand::Discard(id) => {
            if let Some(place) = document.tabs.iter().position(|tab| tab.id == id) {
                remove_tab(document, jobs, place);
            }
        }
        ProjectCommand::Rename(name) => {
            if let Some(tab) = document.active.and_then(|id| document.tab_mut(id))
                && let Some(project) = &mut tab.project
                && !name.trim().is_empty()
            {
                name.trim().clone_into(&mut project.project.name);
                name.trim().clone_into(&mut tab.title);
            }
        }
    }
}

/// Takes what a job has returned.
pub fn done(outcome: ProjectOutcome, subject: Option<Subject>, document: &mut Document, jobs: &mut Jobs) {
    match outcome {
        ProjectOutcome::Opened(result) => file::opened(*result, subject, document, jobs),
        ProjectOutcome::Placed(project, result) => file::placed(*project, result, subject, document, jobs),
        ProjectOutcome::Written(project, result) => file::written(*project, result, subject, document),
        ProjectOutcome::SavedAs(project, result) => file::saved_as(*project, result, subject, document),
        ProjectOutcome::SaveAsChosen(path) => file::save_as(path, subject, document, jobs),
        ProjectOutcome::Picked(pick, paths) => document.view.draft.picked(pick, paths),
    }
}
