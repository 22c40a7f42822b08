//! Exports: sources for firmware and .tflite files, written whole or not at all, and checked before they take their places.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use emberlab_core::export::{
    Export, ROUND_TRIP_SEED, RoundTrip, RoundTripRun, SourceKind, check_round_trip, model_bytes, sources,
};
use emberlab_core::plan::Target;
use emberlab_core::tflite;

use super::{Ask, EspIdfRequest, JobKind, JobSpec, Jobs, Outcome, WriteFailure, file_name, write_together};
use crate::theme::format;

/// Sources to write.
#[derive(Clone, Debug)]
pub struct SourcesRequest {
    /// Name of the model's file.
    pub file_name: String,
    /// The file.
    pub bytes: Arc<[u8]>,
    /// Which sources.
    pub kind: SourceKind,
    /// The chip and kernels whose arena goes into them.
    pub target: Target,
    /// Where to; it is made if it is not there.
    pub folder: PathBuf,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Where it lies.
    pub folder: PathBuf,
    /// The files.
    pub files: Vec<ExportedFile>,
    /// What somebody who uses them has to know, in sentences.
    pub notes: Vec<String>,
    /// The check of what lies on the disk.
    pub round_trip: RoundTrip,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFile {
    /// Its path in the folder, with `/`.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What the window hears of an export.
#[derive(Debug)]
pub enum ExportOutcome {
    /// The folder for sources that the user chose; `None` if none.
    FolderChosen(Box<SourcesRequest>, Option<PathBuf>),
    /// An export has ended; first what it is in words.
    Written(String, Result<Exported, WriteFailure>),
    /// The folder that the user chose for the one of a project; `None` if none.
    EspIdfFolderChosen(Box<EspIdfRequest>, Option<PathBuf>),
    /// The export of a project has ended; first what it is in words.
    ProjectWritten(String, Result<Exported, WriteFailure>),
}

/// Writes the sources of a model, reads them back from the disk and runs what they hold. `stop` is asked now and then;
/// `None` once it has said true, and nothing is written then.
///
/// # Errors
/// In words for the user; everything is as it was before.
pub fn export_sources(
    request: &SourcesRequest,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Exported>, WriteFailure> {
    let model = tflite::read(request.bytes.clone()).map_err(|error| WriteFailure {
        message: format!("{} is not a model that can be read: {error}", request.file_name),
        help: error.help().to_owned(),
    })?;
    let export = Export { file_name: &request.file_name, bytes: &request.bytes, model: &model };
    let sources = sources(request.kind, &export, request.target);
    let files: Vec<(&str, &[u8])> =
        sources.files.iter().map(|file| (file.name, file.text.as_bytes())).collect();
    let check = |parts: &[PathBuf]| {
        if stop() {
            return Ok(None);
        }
        let mut texts = Vec::new();
        for (file, part) in sources.files.iter().zip(parts) {
            texts.push((file.name, read_back(&request.folder, file.name, part)?));
        }
        let text_of = |name: &str| {
            let (_, bytes) = texts.iter().find(|(known, _)| *known == name)?;
            std::str::from_utf8(bytes).ok()
        };
        let found =
            model_bytes(request.kind, text_of).map_err(|error| not_as_written(&request.folder, &error))?;
        checked(&request.folder, &request.bytes, &found, stop)
    };
    let round_trip = write_together(&request.folder, &files, check)?;
    Ok(round_trip.map(|round_trip| Exported {
        folder: request.folder.clone(),
        files: exported(&files),
        notes: sources.notes,
        round_trip,
    }))
}

/// Writes a .tflite file, reads it back from the disk and runs it. `stop` is asked now and then; `None` once it has said
/// true, and nothing is written then.
///
/// # Errors
/// In words for the user; everything is as it was before.
pub fn export_tflite(
    bytes: &[u8],
    path: &Path,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Exported>, WriteFailure> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Err(WriteFailure {
            message: format!("{} is no name for a file", path.display()),
            help: "Name a file that is to be written".to_owned(),
        });
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let files = [(name, bytes)];
    let check = |parts: &[PathBuf]| {
        let mut found = Vec::new();
        for part in parts {
            found = read_back(folder, name, part)?;
        }
        checked(folder, bytes, &found, stop)
    };
    let round_trip = write_together(folder, &files, check)?;
    Ok(round_trip.map(|round_trip| Exported {
        folder: folder.to_owned(),
        files: exported(&files),
        notes: Vec::new(),
        round_trip,
    }))
}

/// The check in one sentence: `Round trip checked: …`.
pub fn round_trip_text(round_trip: &RoundTrip) -> String {
    let bytes = format::bytes(round_trip.bytes);
    match &round_trip.run {
        RoundTripRun::SameOutputs => format!(
            "Round trip checked: {bytes} read back are those of the model, and both gave the same outputs for inputs \
             from seed {ROUND_TRIP_SEED}"
        ),
        RoundTripRun::NotRun(reason) => format!(
            "Round trip checked: {bytes} read back are those of the model. It was not run, as Emberlab's runtime \
             refuses it: {reason}"
        ),
    }
}

/// The files in words: `model.h, model.cc and resolver.h`.
pub fn files_text(files: &[ExportedFile]) -> String {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

impl Jobs {
    /// Asks for the folder of sources; that of the request is where the dialog begins.
    pub fn ask_export_folder(&mut self, request: SourcesRequest) {
        let start = request.folder.clone();
        self.ask_paths(Ask::Folder("Choose a folder for the sources"), &start, None, move |paths| {
            let chosen = paths.into_iter().next();
            Outcome::Export(ExportOutcome::FolderChosen(Box::new(request), chosen))
        });
    }

    /// Writes the sources of a model.
    pub fn export_sources(&mut self, request: SourcesRequest) {
        let what = format!("{} of {}", request.kind.label(), request.file_name);
        let spec = JobSpec { kind: JobKind::Save, name: format!("Exporting {what}"), subject: None };
        self.start(spec, move |context| {
            let result = export_sources(&request, &|| context.is_cancelled()).transpose()?;
            Some(Outcome::Export(ExportOutcome::Written(what, result)))
        });
    }

    /// Writes a .tflite file.
    pub fn export_tflite(&mut self, path: PathBuf, bytes: Arc<[u8]>) {
        let what = file_name(&path);
        let spec = JobSpec { kind: JobKind::Save, name: format!("Exporting {what}"), subject: None };
        self.start(spec, move |context| {
            let result = export_tflite(&bytes, &path, &|| context.is_cancelled()).transpose()?;
            Some(Outcome::Export(ExportOutcome::Written(what, result)))
        });
    }
}

pub(super) fn exported(files: &[(&str, &[u8])]) -> Vec<ExportedFile> {
    let of =
        |(name, bytes): &(&str, &[u8])| ExportedFile { name: (*name).to_owned(), bytes: bytes.len() as u64 };
    files.iter().map(of).collect()
}

pub(super) fn read_back(folder: &Path, name: &str, part: &Path) -> Result<Vec<u8>, WriteFailure> {
    std::fs::read(part).map_err(|error| not_as_written(folder, &format!("{name} cannot be read: {error}")))
}

pub(super) fn checked(
    folder: &Path,
    expected: &[u8],
    found: &[u8],
    stop: &dyn Fn() -> bool,
) -> Result<Option<RoundTrip>, WriteFailure> {
    check_round_trip(expected, found, stop).transpose().map_err(|error| not_as_written(folder, &error))
}

pub(super) fn not_as_written(folder: &Path, error: &dyn std::fmt::Display) -> WriteFailure {
    WriteFailure {
        message: format!("What was written to {} did not come back as it was: {error}", folder.display()),
        help: "Nothing of it was kept. Try again, or choose a folder on another disk".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use emberlab_core::model::{BuiltinOperator as Op, ModelBuilder, Tensor, TensorType};
    use emberlab_core::plan::Chip;

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("emberlab-jobs-export-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).expect("the temporary folder can be written to");
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let mut names: Vec<_> = std::fs::read_dir(&self.0)
                .expect("it is ours")
                .flatten()
                .map(|it| file_name(&it.path()))
                .collect();
            names.sort();
            names
        }

        fn request(&self, kind: SourceKind, bytes: Vec<u8>) -> SourcesRequest {
            let target = Target::new(Chip::Esp32s3);
            SourcesRequest {
                file_name: "small.tflite".to_owned(),
                bytes: bytes.into(),
                kind,
                target,
                folder: self.0.clone(),
            }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn model(operator: Op) -> Vec<u8> {
        let mut builder = ModelBuilder::new("small");
        let x = builder.input(Tensor::new("x", TensorType::Float32, &[1, 4]));
        let y = builder.tensor(Tensor::new("y", TensorType::Float32, &[1, 4]));
        builder.operator(operator, [x], [y]);
        builder.output(y);
        tflite::write(&builder.build()).expect("a sound file")
    }

    #[test]
    fn sources_lie_on_the_disk_and_were_checked() {
        for (kind, names) in [
            (SourceKind::CArray, &["model.cc", "model.h", "resolver.h"][..]),
            (SourceKind::RustModule, &["model.rs"]),
        ] {
            let scratch = Scratch::new("sources");
            let bytes = model(Op::RELU);
            let request = scratch.request(kind, bytes.clone());
            let exported =
                export_sources(&request, &|| false).expect("it is written").expect("nobody stops it");
            assert_eq!(scratch.names(), names);
            assert_eq!(exported.notes, [] as [&str; 0]);
            let expected = RoundTrip { bytes: bytes.len() as u64, run: RoundTripRun::SameOutputs };
            assert_eq!(exported.round_trip, expected);
            for file in &exported.files {
                let on_disk = std::fs::metadata(exported.folder.join(&file.name)).expect("it was written");
                assert_eq!(on_disk.len(), file.bytes);
            }
        }
    }

    #[test]
    fn a_model_that_does_not_run_here_is_compared_all_the_same() {
        let scratch = Scratch::new("not-run");
        let request = scratch.request(SourceKind::CArray, model(Op::GELU));
        let exported = export_sources(&request, &|| false).expect("it is written").expect("nobody stops it");
        assert_eq!(exported.notes.len(), 2, "the arena and the operator: {:?}", exported.notes);
        let text = round_trip_text(&exported.round_trip);
        assert!(text.starts_with("Round trip checked: ") && text.contains("GELU"), "{text}");
        assert_eq!(files_text(&exported.files), "model.h, model.cc and resolver.h");
    }

    #[test]
    fn nothing_is_left_of_an_export_that_was_stopped_or_is_none() {
        let scratch = Scratch::new("stopped");
        let request = scratch.request(SourceKind::CArray, model(Op::RELU));
        assert_eq!(export_sources(&request, &|| true), Ok(None));
        let page = scratch.request(SourceKind::CArray, b"<!DOCTYPE html><html></html>".to_vec());
        let failure = export_sources(&page, &|| false).expect_err("it is no model");
        assert!(failure.message.starts_with("small.tflite is not a model") && !failure.help.is_empty());
        assert_eq!(export_tflite(&model(Op::RELU), &scratch.0.join("a.tflite"), &|| true), Ok(None));
        let failure = export_tflite(b"no model at all", &scratch.0.join("a.tflite"), &|| false);
        let failure = failure.expect_err("it does not come back as a model");
        assert!(failure.message.contains("did not come back as it was"), "{failure:?}");
        assert_eq!(scratch.names(), [] as [&str; 0]);
    }

    #[test]
    fn a_model_file_is_checked_as_well() {
        let scratch = Scratch::new("tflite");
        let (bytes, path) = (model(Op::RELU), scratch.0.join("new").join("a.tflite"));
        let exported =
            export_tflite(&bytes, &path, &|| false).expect("it is written").expect("nobody stops it");
        assert_eq!(std::fs::read(&path).expect("it was written"), bytes);
        assert_eq!(exported.round_trip.run, RoundTripRun::SameOutputs);
        let failure = export_tflite(&bytes, Path::new("/"), &|| false).expect_err("no name");
        assert!(failure.message.contains("no name for a file"), "{failure:?}");
    }
}
