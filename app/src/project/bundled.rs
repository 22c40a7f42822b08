//! Trained projects that ship with the app, written by `app/examples/make_trained_example.rs`.
//!
//! Their networks are float32: the file beside the project is what training gave, not yet what a chip runs best.

use std::path::{Path, PathBuf};

use super::{Example, files_folder};
use crate::jobs::{JobKind, JobSpec, Jobs, Outcome, write_atomically};

/// A project with the files of its runs.
struct Bundle {
    /// The text of the project file.
    project: &'static str,
    /// The model of its last run.
    model: &'static [u8],
    /// Files of its folder: path, bytes.
    files: &'static [(&'static str, &'static [u8])],
}

/// The files of some runs of a folder.
macro_rules! runs {
    ($folder:literal: $($run:literal),*) => {
        &[$(
            (concat!($run, "/history.csv"), include_bytes!(concat!("../../../assets/examples/", $folder, "/", $run, "/history.csv"))),
            (concat!($run, "/network.json"), include_bytes!(concat!("../../../assets/examples/", $folder, "/", $run, "/network.json"))),
            (concat!($run, "/report.json"), include_bytes!(concat!("../../../assets/examples/", $folder, "/", $run, "/report.json"))),
            (concat!($run, "/weights"), include_bytes!(concat!("../../../assets/examples/", $folder, "/", $run, "/weights"))),
        )*]
    };
}

static DIGITS: Bundle = Bundle {
    project: include_str!("../../../assets/examples/drawn_digits.emberlab"),
    model: include_bytes!("../../../assets/examples/drawn_digits.tflite"),
    files: runs!("drawn_digits.files": "run-1", "run-2", "run-3"),
};

/// The trained project of an example, if it ships with one.
fn bundle(example: Example) -> Option<&'static Bundle> {
    match example {
        Example::Digits => Some(&DIGITS),
        Example::Sine | Example::Tones | Example::Gestures => None,
    }
}

/// The example ships with runs that are over.
pub fn is_trained(example: Example) -> bool {
    bundle(example).is_some()
}

impl Jobs {
    /// Writes the trained project of an example to `file`, with its folder and its model beside it, and opens it.
    pub fn unpack_example(&mut self, example: Example, file: PathBuf) {
        let spec =
            JobSpec { kind: JobKind::Project, name: format!("Unpacking {}", example.name()), subject: None };
        self.start(spec, move |_| {
            let what = example.name().to_owned();
            Some(match unpack(example, &file) {
                Ok(()) => Outcome::Chosen(vec![file]),
                Err(reason) => Outcome::Saved(what, Err(reason)),
            })
        });
    }
}

/// Writes the trained project of an example. The project file comes last: without it nothing is there.
///
/// # Errors
/// In words for the user.
pub fn unpack(example: Example, file: &Path) -> Result<(), String> {
    let bundle = bundle(example).ok_or_else(|| format!("{} ships without runs", example.name()))?;
    let write = |path: PathBuf, bytes: &[u8]| {
        let folder = path.parent().unwrap_or(Path::new(""));
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        write_atomically(&path, bytes)
    };
    let folder = files_folder(file);
    for &(name, bytes) in bundle.files {
        write(folder.join(name), bytes)?;
    }
    write(file.with_extension("tflite"), bundle.model)?;
    write(file.to_owned(), bundle.project.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use emberlab_core::dataset::{Format, generate};
    use emberlab_core::project::from_text;
    use emberlab_train::{Backend, Network};

    use super::*;
    use crate::jobs::prepare_in_parallel;
    use crate::training::{RunFolder, TrainingData, network_sha256, report};

    #[test]
    fn the_weights_that_ship_give_the_figures_that_ship() {
        let folder = std::env::temp_dir().join(format!("emberlab-bundled-{}", std::process::id()));
        for example in Example::ALL.into_iter().filter(|example| is_trained(*example)) {
            let file = folder.join(format!("{}.emberlab", example.name()));
            unpack(example, &file).expect("the temporary folder can be written to");
            let project =
                from_text(&std::fs::read_to_string(&file).expect("it was written")).expect("a project");
            assert_eq!(
                (project.name.as_str(), project.template.as_str()),
                (example.name(), example.template_id())
            );
            let Some(Format::Generated(generated)) =
                project.data.as_ref().and_then(|data| data.reading.clone())
            else {
                panic!("examples need no files")
            };
            assert_eq!(generated.kind, example.generator());
            let dataset = generate(&generated);
            let prepared = prepare_in_parallel(&dataset, &project.preparation, &project.split, &|_, _| true);
            let prepared = Arc::new(prepared.expect("it suits the set").expect("nobody ends it"));
            let data = TrainingData { prepared, dataset: Some(Arc::new(dataset)) };
            assert!(!project.runs.is_empty());
            for record in &project.runs {
                let run = RunFolder::new(&files_folder(&file), record.number);
                assert_eq!(record.network_sha256, network_sha256(&project.network), "{}", record.name);
                assert_eq!(run.read_history().expect("it ships").epochs.len(), record.epochs);
                let kept = run.read_report().expect("it is whole").expect("it ships");
                let weights = run.read_weights().expect("they ship");
                let network = Network::new(&project.network, &weights, &Backend::cpu()).expect("they fit");
                let again = report(&network, &data, &record.settings)
                    .expect("it fits")
                    .expect("there are test samples");
                let [kept, again] = [kept, again].map(|report| report.accuracy().expect("they are classes"));
                // Other processors may round otherwise.
                assert!((kept - again).abs() < 0.002, "{}: {kept} ships, {again} was found", record.name);
                assert!(again >= f64::from(project.goal.accuracy.expect("examples have a goal")));
            }
        }
        std::fs::remove_dir_all(&folder).expect("it is ours");
    }
}
