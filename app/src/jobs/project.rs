//! Project files: read, written whole or not at all, and the dialogs that ask for their places.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use emberlab_core::project::{EXTENSION, Project, from_text, to_text};

use super::{JobKind, JobSpec, Jobs, Outcome, Subject, file_name, read_file, write_atomically};
use crate::document::{OpenFailure, TabId};
use crate::project::file::safe_name;
use crate::project::{Draft, DraftPick, Opened, ProjectOutcome, files_folder};

/// Nobody closes a dialog this fast: it was never shown.
const TOO_FAST: Duration = Duration::from_millis(80);

/// Largest project file; the large things lie beside it.
const LARGEST_PROJECT: u64 = 256 << 20;

/// New projects of one name that a folder may have.
const MOST_OF_A_NAME: usize = 10_000;

impl Jobs {
    /// Reads a project.
    pub fn open_project(&mut self, subject: Subject, title: String, path: PathBuf) {
        let spec = JobSpec { kind: JobKind::Open, name: format!("Opening {title}"), subject: Some(subject) };
        self.start(spec, move |context| {
            let report = |_, total| !context.is_cancelled() && total <= LARGEST_PROJECT;
            let result = match read_file(&path, &report) {
                Ok(Some(bytes)) => project_from_bytes(&path, bytes),
                Ok(None) if context.is_cancelled() => return None,
                Ok(None) => Err(failure(&path, "It is larger than 256 MiB.", "Open another file.")),
                Err(failure) => Err(failure),
            };
            Some(Outcome::Project(ProjectOutcome::Opened(Box::new(result))))
        });
    }

    /// Writes a project to its file.
    pub fn write_project(&mut self, tab: Option<TabId>, title: String, path: PathBuf, project: Project) {
        let subject = tab.map(|tab| Subject { tab, revision: 0 });
        let spec = JobSpec { kind: JobKind::Project, name: format!("Saving {title}"), subject };
        self.start(spec, move |_| {
            let result = write_project_file(&path, &project);
            Some(Outcome::Project(ProjectOutcome::Written(Box::new(project), result)))
        });
    }

    /// Writes a new project to a file of its own in `folder`.
    pub fn place_project(&mut self, subject: Subject, folder: PathBuf, project: Project) {
        let spec = JobSpec {
            kind: JobKind::Project,
            name: format!("Making {}", project.name),
            subject: Some(subject),
        };
        self.start(spec, move |_| {
            let result = place(&folder, &project);
            Some(Outcome::Project(ProjectOutcome::Placed(Box::new(project), result)))
        });
    }

    /// Writes a project to another file, with a copy of its folder.
    pub fn save_project_as(
        &mut self,
        subject: Subject,
        title: String,
        folder: Option<PathBuf>,
        path: PathBuf,
        project: Project,
    ) {
        let spec =
            JobSpec { kind: JobKind::Project, name: format!("Saving {title}"), subject: Some(subject) };
        self.start(spec, move |_| {
            let copied = match folder.filter(|folder| folder.is_dir()) {
                Some(from) => copy_folder(&from, &files_folder(&path)),
                None => Ok(()),
            };
            let result = copied.and_then(|()| write_project_file(&path, &project)).map(|text| (path, text));
            Some(Outcome::Project(ProjectOutcome::SavedAs(Box::new(project), result)))
        });
    }

    /// Asks where a project is to go on.
    pub fn ask_save_project(&mut self, subject: Subject, folder: &Path, suggested_name: &str) {
        let future = rfd::AsyncFileDialog::new()
            .set_title("Save the project as")
            .set_directory(folder)
            .set_file_name(suggested_name)
            .add_filter("Emberlab projects", &[EXTENSION])
            .save_file();
        self.start(dialog("Choosing a file", Some(subject)), move |_| {
            let start = Instant::now();
            let file = pollster::block_on(future);
            Some(match file {
                None if start.elapsed() < TOO_FAST => Outcome::NoDialog,
                file => {
                    let path = file.map(|file| file.path().to_path_buf());
                    Outcome::Project(ProjectOutcome::SaveAsChosen(path))
                }
            })
        });
    }

    /// Asks for a path of a new project.
    pub fn ask_draft_path(&mut self, pick: DraftPick, draft: &Draft) {
        self.ask_paths(pick.into(), &draft.folder, None, move |paths| {
            Outcome::Project(ProjectOutcome::Picked(pick, paths))
        });
    }

    /// Asks for folders or files and hands them over; nothing chosen is an empty list.
    pub fn ask_paths(
        &mut self,
        what: Ask,
        folder: &Path,
        subject: Option<Subject>,
        outcome: impl FnOnce(Vec<PathBuf>) -> Outcome + Send + 'static,
    ) {
        let dialog_of = rfd::AsyncFileDialog::new();
        // The dialog is made on this thread, as macOS demands, and waited for on the worker.
        let future: std::pin::Pin<Box<dyn Future<Output = Option<Vec<rfd::FileHandle>>> + Send>> = match what
        {
            Ask::Folder(title) => {
                let dialog = dialog_of.set_title(title);
                let dialog = if folder.is_dir() { dialog.set_directory(folder) } else { dialog };
                let future = dialog.pick_folder();
                Box::pin(async move { future.await.map(|folder| vec![folder]) })
            }
            Ask::Files(title) => {
                Box::pin(dialog_of.set_title(title).add_filter("All files", &["*"]).pick_files())
            }
        };
        self.start(dialog("Choosing files", subject), move |_| {
            let start = Instant::now();
            let files = pollster::block_on(future);
            Some(match files {
                None if start.elapsed() < TOO_FAST => Outcome::NoDialog,
                files => {
                    let files = files.unwrap_or_default();
                    outcome(files.into_iter().map(|file| file.path().to_path_buf()).collect())
                }
            })
        });
    }
}

/// What a dialog asks for, with its title.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    /// One folder.
    Folder(&'static str),
    /// One or more files.
    Files(&'static str),
}

impl From<DraftPick> for Ask {
    fn from(pick: DraftPick) -> Self {
        match pick {
            DraftPick::DataFolder => Ask::Folder("Choose the folder with the data"),
            DraftPick::DataFiles => Ask::Files("Choose files with data"),
            DraftPick::Place => Ask::Folder("Choose where the project is kept"),
        }
    }
}

fn dialog(name: &str, subject: Option<Subject>) -> JobSpec {
    JobSpec { kind: JobKind::Dialog, name: name.to_owned(), subject }
}

/// Reads a project file.
///
/// # Errors
/// In words for the user: the file cannot be read, or is no project that this version knows.
pub fn read_project_file(path: &Path) -> Result<Opened, OpenFailure> {
    match read_file(path, &|_, total| total <= LARGEST_PROJECT)? {
        Some(bytes) => project_from_bytes(path, bytes),
        None => Err(failure(path, "It is larger than 256 MiB.", "Open another file.")),
    }
}

/// Writes a project to a file, whole or not at all; gives its text.
///
/// # Errors
/// In words for the user.
pub fn write_project_file(path: &Path, project: &Project) -> Result<String, String> {
    let text = to_text(project).map_err(|error| format!("{error}. {}", error.help()))?;
    write_atomically(path, text.as_bytes())?;
    Ok(text)
}

fn project_from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Opened, OpenFailure> {
    let text = String::from_utf8(bytes).map_err(|_| {
        failure(path, "It holds bytes that are no text.", "Choose a file that Emberlab has written.")
    })?;
    match from_text(&text) {
        Ok(project) => Ok(Opened { project, file: path.to_owned(), text }),
        Err(error) => {
            let mut words = error.to_string();
            if let Some(first) = words.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            Err(failure(path, &format!("{words}."), &format!("{}.", error.help())))
        }
    }
}

fn failure(path: &Path, place: &str, help: &str) -> OpenFailure {
    OpenFailure {
        message: format!("{} cannot be opened", file_name(path)),
        place: place.to_owned(),
        help: help.to_owned(),
        details: format!("{}\n{place}", path.display()),
    }
}

/// Writes a project to the first free name in a folder, which is made if it is not there.
pub fn place(folder: &Path, project: &Project) -> Result<(PathBuf, String), String> {
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let name = safe_name(&project.name);
    let is_free = |path: &PathBuf| !path.exists() && !files_folder(path).exists();
    let numbered = (2..MOST_OF_A_NAME).map(|number| format!("{name} {number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    let path = names.by_ref().map(|name| folder.join(format!("{name}.{EXTENSION}"))).find(is_free);
    let path = path.ok_or_else(|| format!("{} has too many projects of this name", folder.display()))?;
    let text = write_project_file(&path, project)?;
    Ok((path, text))
}

/// Copies the files of a folder and of the folders in it; what is there already is written over.
fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let say = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(to).map_err(|error| say(to, &error))?;
    for entry in std::fs::read_dir(from).map_err(|error| say(from, &error))? {
        let entry = entry.map_err(|error| say(from, &error))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|error| say(&source, &error))?;
        if kind.is_dir() {
            copy_folder(&source, &target)?;
        } else if kind.is_file() {
            match std::fs::copy(&source, &target) {
                Ok(_) => {}
                // Another job has just replaced or removed it.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(say(&target, &error)),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("emberlab-project-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_new_project_never_takes_the_place_of_another() {
        let folder = scratch("place").join("deep");
        let project = Project::new("a/b");
        let (first, text) = place(&folder, &project).expect("the temporary folder can be written to");
        assert_eq!(file_name(&first), "a-b.emberlab");
        std::fs::create_dir_all(folder.join("a-b 2.files")).expect("it is ours");
        let (second, _) = place(&folder, &project).expect("as before");
        assert_eq!(file_name(&second), "a-b 3.emberlab", "weights of a lost project are nobody else's");
        let opened = read_project_file(&first).expect("it was just written");
        assert_eq!((opened.project, opened.text), (project, text));
        std::fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn a_leftover_of_a_crash_does_no_harm() {
        let folder = scratch("leftover");
        let (path, _) = place(&folder, &Project::new("a")).expect("the temporary folder can be written to");
        let leftover = folder.join(format!(".a.emberlab.{}.part", std::process::id()));
        std::fs::write(&leftover, "version = 1\nname = \"half").expect("it is ours");
        assert_eq!(read_project_file(&path).expect("it is whole").project.name, "a");
        write_project_file(&path, &Project::new("b")).expect("the leftover is written over");
        assert_eq!(read_project_file(&path).expect("it is whole").project.name, "b");
        assert!(!leftover.exists());
        std::fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn what_is_no_project_says_where_it_breaks() {
        let folder = scratch("broken");
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written to");
        let path = folder.join("a.emberlab");
        for (bytes, part) in [
            (&b"version = 1\nname = 3\n"[..], "Line 2, column 8"),
            (b"version = 9", "version 9"),
            (b"\xff\xfe", "no text"),
            (b"", "no Emberlab project"),
        ] {
            std::fs::write(&path, bytes).expect("it is ours");
            let failure = read_project_file(&path).expect_err("it is broken");
            assert!(failure.place.contains(part), "{failure:?}");
            assert!(failure.message == "a.emberlab cannot be opened" && !failure.help.is_empty());
        }
        std::fs::remove_dir_all(folder).expect("it is ours");
    }
}
