//! Reading data: files listed, their format guessed, recordings made, everything summed on the way.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emberlab_core::dataset::{Cancelled, Dataset, Files as _, Format, Guess, Part, Problem, guess, read};
use emberlab_core::project::{FileSums, Fingerprint, SumsDifference};

use super::{JobKind, JobSpec, Jobs, Outcome, Subject, write_atomically};
use crate::files::{DiskFiles, ListError, SummedFiles, TEST_FOLDER};
use crate::project::DataOutcome;

/// Sets of more files keep no list of sums beside the project: a change is told, but not which file.
const MOST_SUMS: usize = 100_000;

/// Name of the list of sums in the folder beside the project file.
pub const SUMS_FILE: &str = "data.sha256";

/// Data to read.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadRequest {
    /// Files or folders.
    pub paths: Vec<PathBuf>,
    /// Files or folders whose recordings only test.
    pub test_paths: Vec<PathBuf>,
    /// How they are read; `None` takes the best guess.
    pub format: Option<Format>,
    /// What the files were when they were accepted, to tell what has changed.
    pub expected: Option<Fingerprint>,
    /// The list of their sums from then.
    pub known_sums: Option<PathBuf>,
}

/// Data that were read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The recordings.
    pub dataset: Arc<Dataset>,
    /// How they were read.
    pub format: Format,
    /// Formats that fit, best first; empty for generated data.
    pub guesses: Vec<Guess>,
    /// What the files are; `None` for generated data.
    pub fingerprint: Option<Fingerprint>,
    /// The sums of the files, for the list beside the project.
    pub sums: Option<Arc<str>>,
    /// How the files differ from what was expected; `None` if they do not.
    pub difference: Option<SumsDifference>,
    /// Files that were listed, read or not.
    pub n_listed: usize,
    /// Steps of recordings have labels of their own.
    pub has_runs: bool,
    /// Recordings of each class, last those without one or with several.
    pub by_class: Vec<usize>,
}

/// Why there are no data, in words for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFailure {
    /// What is wrong.
    pub message: String,
    /// A step to try.
    pub help: String,
    /// The files are not where they were.
    pub is_missing: bool,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadStage {
    /// Files are listed; so many were found.
    Listing(u64),
    /// Files are read: so many of so many.
    Reading(u64, u64),
}

impl Jobs {
    /// Reads data.
    pub fn load_data(&mut self, subject: Subject, name: &str, request: LoadRequest) {
        let spec = JobSpec { kind: JobKind::Import, name: format!("Reading {name}"), subject: Some(subject) };
        self.start(spec, move |context| {
            let report = |stage| {
                match stage {
                    LoadStage::Listing(_) => {}
                    LoadStage::Reading(done, total) => context.progress(done, total),
                }
                !context.is_cancelled()
            };
            match load(&request, &report) {
                Ok(None) => None,
                Ok(Some(loaded)) => Some(outcome(Ok(loaded))),
                Err(failure) => Some(outcome(Err(failure))),
            }
        });
    }

    /// Writes the list of sums beside a project.
    pub fn write_sums(&mut self, folder: PathBuf, text: Arc<str>) {
        let name = "Keeping the sums of the data".to_owned();
        self.start(JobSpec { kind: JobKind::Project, name, subject: None }, move |_| {
            Some(Outcome::Data(DataOutcome::SumsWritten(write_sums(&folder, &text))))
        });
    }
}

fn outcome(result: Result<Loaded, DataFailure>) -> Outcome {
    Outcome::Data(DataOutcome::Loaded(result.map(Arc::new)))
}

/// Writes the list of sums into the folder beside a project.
///
/// # Errors
/// In words for the user.
pub fn write_sums(folder: &Path, text: &str) -> Result<(), String> {
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    write_atomically(&folder.join(SUMS_FILE), text.as_bytes())
}

/// Reads data; `None` if `report` has ended it.
///
/// # Errors
/// The files are not there, or nothing in them is understood. What is wrong with some of them is in the set.
pub fn load(
    request: &LoadRequest,
    report: &dyn Fn(LoadStage) -> bool,
) -> Result<Option<Loaded>, DataFailure> {
    if let Some(format @ Format::Generated(_)) = &request.format {
        return Ok(generated(format, report));
    }
    let listing = &mut |found| report(LoadStage::Listing(found));
    let Some(files) = DiskFiles::list(&request.paths, &request.test_paths, listing)? else { return Ok(None) };
    let guesses = guess(&files);
    if !report(LoadStage::Listing(files.entries().len() as u64)) {
        return Ok(None);
    }
    let Some(format) = request.format.clone().or_else(|| guesses.first().map(|guess| guess.format.clone()))
    else {
        return Err(nothing_found(&files));
    };
    let summed = SummedFiles::new(&files);
    let going_on = Cell::new(true);
    let watch = &mut |progress: emberlab_core::dataset::Progress| {
        going_on.set(report(LoadStage::Reading(progress.done as u64, progress.total as u64)));
        if going_on.get() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let Ok(mut dataset) = read(&summed, &format, watch).map_err(|Cancelled| ()) else { return Ok(None) };
    if !request.test_paths.is_empty() {
        fix_tests(&mut dataset);
    }
    if dataset.recordings.is_empty() {
        return Err(unusable(&dataset, &format));
    }
    let sums = summed.into_sums();
    let fingerprint = sums.fingerprint();
    let text: Option<Arc<str>> = (sums.files.len() <= MOST_SUMS).then(|| sums.to_text().into());
    let is_other = request.expected.as_ref().is_some_and(|expected| *expected != fingerprint);
    let difference = is_other.then(|| difference(&sums, request.known_sums.as_deref(), &request.expected));
    Ok(Some(Loaded {
        by_class: by_class(&dataset),
        has_runs: has_runs(&dataset),
        dataset: Arc::new(dataset),
        format,
        guesses,
        fingerprint: Some(fingerprint),
        sums: text,
        difference,
        n_listed: files.entries().len(),
    }))
}

fn generated(format: &Format, report: &dyn Fn(LoadStage) -> bool) -> Option<Loaded> {
    let no_files = emberlab_core::dataset::MemoryFiles::new("");
    let dataset = read(&no_files, format, &mut |_| ControlFlow::Continue(())).ok()?;
    report(LoadStage::Reading(1, 1)).then(|| Loaded {
        by_class: by_class(&dataset),
        has_runs: has_runs(&dataset),
        dataset: Arc::new(dataset),
        format: format.clone(),
        guesses: Vec::new(),
        fingerprint: None,
        sums: None,
        difference: None,
        n_listed: 0,
    })
}

fn has_runs(dataset: &Dataset) -> bool {
    dataset.recordings.iter().any(|recording| !recording.runs.is_empty())
}

fn by_class(dataset: &Dataset) -> Vec<usize> {
    let n_classes = dataset.classes.len();
    let mut counts = vec![0; n_classes + 1];
    for recording in &dataset.recordings {
        counts[recording.class().map_or(n_classes, |class| class as usize).min(n_classes)] += 1;
    }
    counts
}

/// Recordings of the test folder test, whatever their names say.
fn fix_tests(dataset: &mut Dataset) {
    let folder = format!("{TEST_FOLDER}/");
    for recording in &mut dataset.recordings {
        if recording.origin.file.starts_with(&folder) {
            recording.part = Some(Part::Test);
        }
    }
}

/// What has changed; which files only where the list of their sums is the one that was accepted.
fn difference(sums: &FileSums, known: Option<&Path>, expected: &Option<Fingerprint>) -> SumsDifference {
    let text = known.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let is_accepted = expected
        .as_ref()
        .is_some_and(|expected| emberlab_core::hash::sha256_hex(text.as_bytes()) == expected.sha256);
    if is_accepted { sums.difference(&text) } else { SumsDifference::default() }
}

fn nothing_found(files: &DiskFiles) -> DataFailure {
    let n_files = files.entries().len();
    let message = match (n_files, files.entries().first()) {
        (0, _) => format!("{} is empty", files.name()),
        (1, Some(entry)) => format!("{} is in no format that is known", entry.file_name()),
        _ => format!("None of the {n_files} files in {} is in a format that is known", files.name()),
    };
    DataFailure {
        message,
        help: "Known are CSV and text tables, WAV, PNG, JPEG and BMP, NPY and NPZ, IDX".to_owned(),
        is_missing: false,
    }
}

fn unusable(dataset: &Dataset, format: &Format) -> DataFailure {
    let problems = dataset.problems.list();
    let worst = problems.iter().filter(|problem| !problem.file.is_empty()).min_by_key(|problem| problem.kind);
    let message = match worst.or(problems.first()) {
        Some(problem) => format!("Nothing can be read as “{}”. {}", format.label(), problem_text(problem)),
        None => format!("Nothing can be read as “{}”", format.label()),
    };
    let help = worst.map_or_else(
        || "Choose another folder, or another format".to_owned(),
        |problem| problem.help.clone(),
    );
    DataFailure { message, help, is_missing: false }
}

/// A problem in one line: file, place, what is wrong.
pub fn problem_text(problem: &Problem) -> String {
    use emberlab_core::dataset::Place;
    let place = match problem.place {
        Place::File => String::new(),
        Place::Line(line) => format!(", line {line}"),
        Place::Item(item) => format!(", item {item}"),
    };
    let file = &problem.file;
    if file.is_empty() { problem.message.clone() } else { format!("{file}{place}: {}", problem.message) }
}

impl From<ListError> for DataFailure {
    fn from(error: ListError) -> Self {
        Self { message: error.message, help: error.help, is_missing: error.is_missing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("emberlab-import-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).expect("the temporary folder can be written to");
            Self(path)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            std::fs::create_dir_all(path.parent().expect("it lies in our folder")).expect("it is ours");
            std::fs::write(path, text).expect("it is ours");
        }

        fn request(&self, path: &str) -> LoadRequest {
            LoadRequest {
                paths: vec![self.0.join(path)],
                test_paths: Vec::new(),
                format: None,
                expected: None,
                known_sums: None,
            }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn table(offset: u32) -> String {
        let rows = (0..60)
            .map(|row| format!("{}.5,{},{}\n", row + offset, row * 2, ["idle", "walk"][row as usize % 2]));
        format!("a,b,label\n{}", rows.collect::<String>())
    }

    fn loaded(request: &LoadRequest) -> Loaded {
        load(request, &|_| true).expect("there are data").expect("nobody has ended it")
    }

    #[test]
    fn a_change_is_told_by_file() {
        let scratch = Scratch::new("change");
        scratch.write("set/one.csv", &table(0));
        scratch.write("set/two.csv", &table(1));
        let first = loaded(&scratch.request("set"));
        let fingerprint = first.fingerprint.expect("files have one");
        assert_eq!((fingerprint.files, first.difference), (2, None));
        write_sums(&scratch.0, &first.sums.expect("few files")).expect("it is ours");
        let again = LoadRequest {
            expected: Some(fingerprint),
            known_sums: Some(scratch.0.join(SUMS_FILE)),
            ..scratch.request("set")
        };
        assert_eq!(loaded(&again).difference, None);
        scratch.write("set/two.csv", &table(2));
        let difference = loaded(&again).difference.expect("a file has changed");
        assert_eq!(difference.changed, ["two.csv"]);
        assert!(difference.added.is_empty() && difference.missing.is_empty());
        let without_list = LoadRequest { known_sums: None, ..again };
        assert_eq!(loaded(&without_list).difference, Some(SumsDifference::default()));
    }

    #[test]
    fn a_test_folder_only_tests() {
        let scratch = Scratch::new("parts");
        scratch.write("a/one.csv", &table(0));
        scratch.write("b/one.csv", &table(1));
        let request = LoadRequest { test_paths: vec![scratch.0.join("b")], ..scratch.request("a") };
        let dataset = loaded(&request).dataset;
        let tests = dataset.recordings.iter().filter(|recording| recording.part == Some(Part::Test)).count();
        assert_eq!((tests, dataset.recordings.len()), (60, 120));
        assert_eq!(dataset.classes, ["idle", "walk"]);
    }

    #[test]
    fn what_is_no_data_says_so() {
        let scratch = Scratch::new("none");
        let failure = |path: &str| load(&scratch.request(path), &|_| true).expect_err("no data");
        assert!(failure("gone").is_missing);
        std::fs::create_dir_all(scratch.0.join("empty")).expect("it is ours");
        assert_eq!(failure("empty").message, "empty is empty");
        scratch.write("odd/a.xyz", "?");
        assert!(failure("odd").message.contains("a.xyz is in no format"), "{:?}", failure("odd"));
    }

    #[test]
    fn reading_stops_when_asked_to() {
        let scratch = Scratch::new("stop");
        scratch.write("set/one.csv", &table(0));
        let stop_reading = |stage| matches!(stage, LoadStage::Listing(_));
        assert!(load(&scratch.request("set"), &stop_reading).expect("there are data").is_none());
        assert!(load(&scratch.request("set"), &|_| false).expect("there are data").is_none());
    }
}
