//! Project files: opened, written by themselves a second after a change, saved under another name.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use emberlab_core::project::{EXTENSION, Project, relative_path};

use super::{CompressState, OpenProject, ProjectCommand};
use crate::command::Command;
use crate::document::{Document, OpenFailure, PanelKind, TabContent, TabId};
use crate::events::remember;
use crate::jobs::{JobKind, Jobs, Subject, file_name};
use crate::messages::Level;

/// A change is written after this time.
const SAVE_AFTER: Duration = Duration::from_secs(1);

/// Another attempt follows a failed one after this time.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// A project that was read.
#[derive(Debug)]
pub struct Opened {
    /// The project.
    pub project: Project,
    /// Its file.
    pub file: PathBuf,
    /// The text of the file.
    pub text: String,
}

/// How saving goes.
#[derive(Clone, Debug, Default)]
pub struct SaveState {
    /// When the first change was seen that is not written yet.
    changed: Option<Instant>,
    /// Why the last attempt failed, and when.
    failed: Option<(String, Instant)>,
    /// The text that the file holds.
    text: String,
}

impl SaveState {
    /// Why the last attempt to write failed.
    pub fn failure(&self) -> Option<&str> {
        self.failed.as_ref().map(|(reason, _)| reason.as_str())
    }
}

/// Takes a project that was read into its tab.
pub fn opened(
    result: Result<Opened, OpenFailure>,
    subject: Option<Subject>,
    document: &mut Document,
    jobs: &mut Jobs,
) {
    let Some(subject) = subject else { return };
    let Some(tab) = document.tab_mut(subject.tab) else { return };
    match (result, tab.project.as_deref_mut()) {
        (Ok(opened), Some(open)) => {
            // The watcher has seen our own writing, or another program has written the same.
            if open.save.text == opened.text {
                return;
            }
            let name = file_name(&opened.file);
            if open.is_dirty() {
                open.save.text = opened.text;
                let words = format!(
                    "{name} was changed by another program. What you see here is kept and written over it"
                );
                document.messages.toast(Level::Warning, words);
                return;
            }
            jobs.cancel_tab(subject.tab);
            take_opened(opened, subject.tab, document);
            document.messages.toast(Level::Info, format!("{name} has changed on disk and was read again"));
        }
        (Ok(opened), None) if tab.requested == subject.revision => {
            let text = format!("Opened {}", file_name(&opened.file));
            take_opened(opened, subject.tab, document);
            document.messages.log(Level::Done, text);
        }
        (Err(failure), Some(_)) => {
            // The next change writes the file anew.
            let words = format!("{}. The window keeps what it has read", failure.message);
            document.messages.toast(Level::Warning, words);
        }
        (Err(failure), None) if tab.requested == subject.revision => {
            let text = failure.message.clone();
            tab.revision = tab.requested;
            tab.content = TabContent::Failed(failure);
            document.messages.log(Level::Error, text);
        }
        // Another load was asked for since.
        (Ok(_) | Err(_), None) => {}
    }
}

fn take_opened(opened: Opened, id: TabId, document: &mut Document) {
    let Opened { project, file, text } = opened;
    let is_front = document.active == Some(id);
    let Some(tab) = document.tab_mut(id) else { return };
    let bytes = text.len() as u64;
    let target = project.target.as_ref().and_then(|target| target.target());
    tab.title = tab_title(&project, &file);
    tab.content = TabContent::Loading;
    let mut open = OpenProject::read(project, file.clone());
    open.save.text = text;
    tab.compress = CompressState::default();
    tab.project = Some(Box::new(open));
    if is_front {
        let stays = document.panel.needs_project() || document.panel == PanelKind::Compress;
        let panel = if stays { document.panel } else { PanelKind::Data };
        document.lead_to(panel);
        if let Some(target) = target {
            document.target = target;
            document.settings.set_target(target);
        }
    }
    remember(document, file, bytes);
}

/// What the tab of a project is called: its name, or that of its file.
pub fn tab_title(project: &Project, file: &Path) -> String {
    if project.name.trim().is_empty() { stem(file) } else { project.name.clone() }
}

fn stem(file: &Path) -> String {
    let name = file_name(file);
    name.strip_suffix(EXTENSION).and_then(|stem| stem.strip_suffix('.')).map(str::to_owned).unwrap_or(name)
}

/// Writes projects that have changed; asks to be called again when one is due.
pub fn autosave(document: &mut Document, jobs: &mut Jobs, ctx: &egui::Context) {
    let now = Instant::now();
    for tab in &mut document.tabs {
        let (id, title) = (tab.id, tab.title.clone());
        let Some(open) = &mut tab.project else { continue };
        if !open.is_dirty() {
            open.save.changed = None;
            continue;
        }
        let Some(file) = open.file.clone() else { continue };
        let changed = *open.save.changed.get_or_insert(now);
        let again = open.save.failed.as_ref().map(|(_, at)| *at + TRY_AGAIN_AFTER);
        let due = (changed + SAVE_AFTER).max(again.unwrap_or(changed));
        let wait = due.saturating_duration_since(now);
        if !wait.is_zero() {
            ctx.request_repaint_after(wait);
        } else if !jobs.is_busy(JobKind::Project) {
            open.save.changed = None;
            jobs.write_project(Some(id), title, file, open.project.clone());
        }
    }
}

/// Writes the project in front now, whether it has changed or not.
pub fn save_now(document: &mut Document, jobs: &mut Jobs) {
    let Some(tab) = document.active.and_then(|id| document.tab_mut(id)) else { return };
    let (id, title) = (tab.id, tab.title.clone());
    let Some(open) = &mut tab.project else { return };
    match open.file.clone() {
        Some(file) => {
            open.save.failed = None;
            jobs.write_project(Some(id), title, file, open.project.clone());
            document.messages.toast(Level::Done, "Saved. Changes are also written by themselves");
        }
        None => ask_save_as(document, jobs),
    }
}

/// Writes what waits of a project whose tab is about to be closed.
pub fn write_before_closing(open: &OpenProject, title: &str, jobs: &mut Jobs) {
    if let (Some(file), true) = (&open.file, open.is_dirty()) {
        jobs.write_project(None, title.to_owned(), file.clone(), open.project.clone());
    }
}

/// Writes everything that waits, on this thread: the window is about to be gone.
///
/// # Errors
/// In words for the user; the others are written nevertheless.
pub fn write_all_now(document: &Document) -> Result<(), String> {
    let mut result = Ok(());
    for open in document.tabs.iter().filter_map(|tab| tab.project.as_deref()) {
        let written = match &open.file {
            Some(file) if open.is_dirty() => crate::jobs::write_project_file(file, &open.project).map(|_| ()),
            Some(_) => Ok(()),
            // Where it was to go nothing could be written; anywhere is better than nowhere.
            None => {
                let folders =
                    [&open.folder, &document.projects_folder, &std::env::temp_dir()].map(Clone::clone);
                let place = |folder: &PathBuf| crate::jobs::place(folder, &open.project).map(|_| ());
                folders
                    .iter()
                    .map(place)
                    .find(Result::is_ok)
                    .unwrap_or_else(|| Err(format!("{} could not be written anywhere", open.project.name)))
            }
        };
        if let Err(reason) = written {
            result = Err(reason);
        }
    }
    result
}

/// A project was written, or not.
pub fn written(
    project: Project,
    result: Result<String, String>,
    subject: Option<Subject>,
    document: &mut Document,
) {
    let open =
        subject.and_then(|subject| document.tab_mut(subject.tab)).and_then(|tab| tab.project.as_deref_mut());
    match (result, open) {
        (Ok(text), Some(open)) => {
            open.save.failed = None;
            // Numbers that are none differ from themselves; their text does not.
            let is_same = open.save.text == text && open.written.is_some();
            open.save.text = text;
            open.written = Some(if is_same { open.project.clone() } else { project });
        }
        (Ok(_), None) => {}
        (Err(reason), Some(open)) => {
            let is_news = open.save.failed.is_none();
            open.save.failed = Some((reason.clone(), Instant::now()));
            let name = open.project.name.clone();
            if is_news {
                let save_as = Command::Project(ProjectCommand::AskSaveAs);
                let words = format!("{name} could not be saved. {reason}. It is tried again");
                document.messages.toast_with(Level::Error, words, "Save as…", save_as);
            }
        }
        (Err(reason), None) => {
            document.messages.toast(Level::Error, format!("{} could not be saved. {reason}", project.name));
        }
    }
}

/// A new project has got its file with its text, or not.
pub fn placed(
    project: Project,
    result: Result<(PathBuf, String), String>,
    subject: Option<Subject>,
    document: &mut Document,
    jobs: &mut Jobs,
) {
    let Some(tab) = subject.and_then(|subject| document.tab_mut(subject.tab)) else { return };
    let Some(open) = &mut tab.project else { return };
    match result {
        Ok((file, text)) => {
            let bytes = text.len() as u64;
            open.folder = file.parent().unwrap_or(Path::new("")).to_owned();
            open.file = Some(file.clone());
            open.written = Some(project);
            open.save.text = text;
            super::data::keep_sums(open, jobs);
            tab.path = Some(file.clone());
            document.messages.log(Level::Done, format!("Made {}", file.display()));
            remember(document, file, bytes);
        }
        Err(reason) => {
            let name = tab.title.clone();
            let save_as = Command::Project(ProjectCommand::AskSaveAs);
            let words = format!("{name} has no file yet. {reason}");
            document.messages.toast_with(Level::Error, words, "Save as…", save_as);
        }
    }
}

/// Asks where the project in front is to go on.
pub fn ask_save_as(document: &Document, jobs: &mut Jobs) {
    let Some((tab, open)) = document.active_project() else { return };
    let subject = Subject { tab: tab.id, revision: tab.revision };
    jobs.ask_save_project(subject, &open.folder, &format!("{}.{EXTENSION}", safe_name(&open.project.name)));
}

/// Goes on in another file.
pub fn save_as(path: Option<PathBuf>, subject: Option<Subject>, document: &mut Document, jobs: &mut Jobs) {
    let (Some(path), Some(subject)) = (path, subject) else { return };
    let path = if super::is_project_file(&path) {
        path
    } else {
        let mut name = path.into_os_string();
        name.push(format!(".{EXTENSION}"));
        PathBuf::from(name)
    };
    let Some(tab) = document.tab_mut(subject.tab) else { return };
    let Some(open) = &tab.project else { return };
    let project = moved(open, path.parent().unwrap_or(Path::new("")));
    jobs.save_project_as(subject, tab.title.clone(), open.files_folder(), path, project);
}

/// The project with paths that begin at another folder.
fn moved(open: &OpenProject, folder: &Path) -> Project {
    let mut project = open.project.clone();
    if let Some(data) = &mut project.data {
        for path in data.paths.iter_mut().chain(&mut data.test_paths) {
            *path = relative_path(folder, &open.absolute(path));
        }
    }
    project
}

/// A project goes on in another file, or not.
pub fn saved_as(
    project: Project,
    result: Result<(PathBuf, String), String>,
    subject: Option<Subject>,
    document: &mut Document,
) {
    let Some(tab) = subject.and_then(|subject| document.tab_mut(subject.tab)) else { return };
    let Some(open) = &mut tab.project else { return };
    match result {
        Ok((file, text)) => {
            let bytes = text.len() as u64;
            let folder = file.parent().unwrap_or(Path::new("")).to_owned();
            open.project = moved(open, &folder);
            open.folder = folder;
            open.file = Some(file.clone());
            open.written = Some(project);
            open.save = SaveState { text, ..SaveState::default() };
            tab.path = Some(file.clone());
            document.messages.toast(Level::Done, format!("Goes on in {}", file.display()));
            remember(document, file, bytes);
        }
        Err(reason) => document.messages.toast(Level::Error, format!("Could not save the project. {reason}")),
    }
}

/// The file of a project was changed by another program, or by our own writing: reading it tells.
pub fn look_again(document: &mut Document, jobs: &mut Jobs, id: TabId) {
    let Some(tab) = document.tab_mut(id) else { return };
    let Some(path) = tab.path.clone() else { return };
    // What design and data wait for stays valid: this is no new load unless the text is another one.
    let subject = Subject { tab: id, revision: tab.requested };
    jobs.open_project(subject, tab.title.clone(), path);
}

/// A name that every file system takes.
pub fn safe_name(name: &str) -> String {
    let is_safe =
        |c: char| !c.is_control() && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let safe: String = name.trim().chars().map(|c| if is_safe(c) { c } else { '-' }).take(80).collect();
    let safe = safe.trim_start_matches('.').trim_end_matches(['.', ' ']).to_owned();
    if safe.is_empty() { "project".to_owned() } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names() {
        for (name, expected) in [
            ("Spoken words", "Spoken words"),
            (" a/b\\c:d? ", "a-b-c-d-"),
            ("..", "project"),
            ("", "project"),
            (".hidden", "hidden"),
            ("señal días", "señal días"),
        ] {
            assert_eq!(safe_name(name), expected);
        }
    }
}
