//! A new project while the user says what it is to be.

use std::path::PathBuf;

use emberlab_core::dataset::{Format, Generated, Generator};
use emberlab_core::project::{DataReference, Project, TargetChoice, relative_path};

use super::OpenProject;
use super::templates;
use crate::document::{Document, PanelKind, Tab, TabId};
use crate::files;
use crate::jobs::{Jobs, Subject};

/// What the user has said so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// Name of the project.
    pub name: String,
    /// The user has typed the name: choices do not change it any more.
    pub is_named: bool,
    /// The name of the template; `None` for an empty network.
    pub template: Option<&'static str>,
    /// Where the data come from.
    pub source: DraftSource,
    /// The folder in which the project is kept.
    pub folder: PathBuf,
}

/// Where the data of a new project come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum DraftSource {
    /// Chosen later.
    #[default]
    Later,
    /// Files or folders.
    Files(Vec<PathBuf>),
    /// Made from a seed.
    Generated(Generator),
}

/// A path that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftPick {
    /// A folder with data.
    DataFolder,
    /// Files with data.
    DataFiles,
    /// Where the project is kept.
    Place,
}

/// What a new project is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct NewProject {
    /// Name.
    pub name: String,
    /// The name of the template; `None` for an empty network.
    pub template: Option<&'static str>,
    /// Where the data come from.
    pub source: DraftSource,
    /// Where test data come from, if they lie apart.
    pub test_paths: Vec<PathBuf>,
    /// The folder in which it is kept.
    pub folder: PathBuf,
}

impl Draft {
    /// Nothing has been said.
    pub fn new(document: &Document) -> Self {
        Self { name: "New project".to_owned(), folder: document.projects_folder.clone(), ..Self::default() }
    }

    /// What is missing, in words.
    pub fn missing(&self) -> Option<&'static str> {
        if self.name.trim().is_empty() {
            Some("Give it a name")
        } else if self.folder.as_os_str().is_empty() {
            Some("Choose where it is kept")
        } else {
            None
        }
    }

    /// Takes another source; an untouched name follows it.
    pub fn set_source(&mut self, source: DraftSource) {
        let name = match &source {
            DraftSource::Later => None,
            DraftSource::Files(paths) => Some(files::name(paths)),
            DraftSource::Generated(generator) => Some(generator.label().to_owned()),
        };
        if let Some(name) = name.filter(|name| !name.is_empty() && !self.is_named) {
            self.name = name;
        }
        self.source = source;
    }

    /// Takes another template; without a source of its own choice, the one that suits it best.
    pub fn set_template(&mut self, template: Option<&'static str>) {
        self.template = template;
        let template = template.and_then(templates::find);
        if let (Some(template), DraftSource::Later | DraftSource::Generated(_)) = (template, &self.source) {
            self.set_source(DraftSource::Generated(templates::generator(template)));
        }
    }

    /// Takes paths that a dialog has given.
    pub fn picked(&mut self, pick: DraftPick, paths: Vec<PathBuf>) {
        if paths.is_empty() {
            return;
        }
        match pick {
            DraftPick::DataFolder | DraftPick::DataFiles => self.set_source(DraftSource::Files(paths)),
            DraftPick::Place => self.folder = paths.into_iter().next().unwrap_or_default(),
        }
    }
}

impl NewProject {
    /// The project that comes out of it.
    pub fn project(&self) -> Project {
        let mut project = Project::new(self.name.trim());
        if let Some(template) = self.template.and_then(templates::find) {
            template.id.clone_into(&mut project.template);
            // Once the data were read, the network takes their sizes.
            project.network = template.graph(&(template.sizes)());
            project.training = template.recipe();
        }
        let relative =
            |paths: &[PathBuf]| paths.iter().map(|path| relative_path(&self.folder, path)).collect();
        project.data = match &self.source {
            DraftSource::Later => None,
            DraftSource::Files(paths) => Some(DataReference {
                test_paths: relative(&self.test_paths),
                ..DataReference::new(relative(paths), None)
            }),
            DraftSource::Generated(generator) => {
                let count = generator.default_count();
                let reading = Format::Generated(Generated { kind: *generator, seed: 1, count });
                Some(DataReference::new(Vec::new(), Some(reading)))
            }
        };
        project
    }
}

/// Makes the project of the draft and brings it to the front.
pub fn create_from_draft(document: &mut Document, jobs: &mut Jobs) {
    let draft = std::mem::take(&mut document.view.draft);
    if draft.missing().is_some() {
        document.view.draft = draft;
        return;
    }
    document.view.overlay = None;
    let Draft { name, template, source, folder, .. } = draft;
    create(NewProject { name, template, source, test_paths: Vec::new(), folder }, document, jobs);
}

/// Makes a project of data that were dropped while no project is in front.
pub fn create_with_data(paths: Vec<PathBuf>, document: &mut Document, jobs: &mut Jobs) {
    let new = NewProject {
        name: files::name(&paths),
        template: None,
        source: DraftSource::Files(paths),
        test_paths: Vec::new(),
        folder: document.projects_folder.clone(),
    };
    create(new, document, jobs);
}

/// Makes a project and brings it to the front; its file follows.
pub fn create(new: NewProject, document: &mut Document, jobs: &mut Jobs) -> TabId {
    let mut project = new.project();
    project.target = Some(TargetChoice::from(document.target));
    let id = document.new_tab_id();
    let open = OpenProject::new(project.clone(), new.folder.clone());
    document.tabs.push(Tab { project: Some(Box::new(open)), ..Tab::new(id, project.name.clone()) });
    document.active = Some(id);
    document.lead_to(PanelKind::Data);
    jobs.place_project(Subject { tab: id, revision: 0 }, new.folder, project);
    id
}
