//! Complete projects for ESP-IDF: written whole or not at all, and checked before they take their places.

use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::dataset::{Prepared, PreparedPart};
use emberlab_core::export::{
    ArenaMemory, EspIdfApp, EspIdfError, EspIdfOptions, EspIdfProject, Export, SourceKind, StoredSample,
    c_identifier, esp_idf_project, has_psram, model_bytes, prepared_samples, random_samples,
};
use emberlab_core::model::Model;
use emberlab_core::plan::Target;
use emberlab_core::tflite;

use super::export::{checked, exported, not_as_written, read_back};
use super::{Ask, ExportOutcome, Exported, JobKind, JobSpec, Jobs, Outcome, WriteFailure, write_together};
use crate::chips;
use crate::theme::format;

/// Random inputs that are stored where there are no data.
const RANDOM_SAMPLES: usize = 3;

/// A project to write.
#[derive(Clone, Debug)]
pub struct EspIdfRequest {
    /// Name of the model's file.
    pub file_name: String,
    /// The file.
    pub bytes: Arc<[u8]>,
    /// The chip and kernels.
    pub target: Target,
    /// Where the arena lies; `None` for internal RAM where that suffices.
    pub memory: Option<ArenaMemory>,
    /// What the program does at its start.
    pub app: EspIdfApp,
    /// Data of which some samples are stored; random numbers without any.
    pub data: Option<Arc<Prepared>>,
    /// Where to; it is made if it is not there.
    pub folder: PathBuf,
}

/// Writes the project of a model, reads the model back from the disk and runs it. `stop` is asked now and then; `None` once
/// it has said true, and nothing is written then.
///
/// # Errors
/// In words for the user; everything is as it was before.
pub fn export_esp_idf(
    request: &EspIdfRequest,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Exported>, WriteFailure> {
    let model = tflite::read(request.bytes.clone()).map_err(|error| WriteFailure {
        message: format!("{} is not a model that can be read: {error}", request.file_name),
        help: error.help().to_owned(),
    })?;
    let (samples, note) = samples(request, &model)?;
    let mut project = project(request, &model, &samples)?;
    project.notes.extend(note);
    let files: Vec<(&str, &[u8])> =
        project.files.iter().map(|file| (file.path.as_str(), file.text.as_bytes())).collect();
    let check = |parts: &[PathBuf]| {
        if stop() {
            return Ok(None);
        }
        let mut texts = Vec::new();
        for ((path, _), part) in
            files.iter().zip(parts).filter(|((path, _), _)| path.starts_with("main/model."))
        {
            texts.push((path.trim_start_matches("main/"), read_back(&request.folder, path, part)?));
        }
        let text_of = |name: &str| {
            let (_, bytes) = texts.iter().find(|(known, _)| *known == name)?;
            std::str::from_utf8(bytes).ok()
        };
        let found = model_bytes(SourceKind::CArray, text_of)
            .map_err(|error| not_as_written(&request.folder, &error))?;
        checked(&request.folder, &request.bytes, &found, stop)
    };
    let round_trip = write_together(&request.folder, &files, check)?;
    Ok(round_trip.map(|round_trip| Exported {
        folder: request.folder.clone(),
        files: exported(&files),
        notes: project.notes.clone(),
        round_trip,
    }))
}

/// The name of the folder that a model's project gets in a folder that was chosen: `keyword_spotting_esp_idf`.
pub fn esp_idf_folder(file_name: &str) -> String {
    let name = c_identifier(file_name);
    format!("{}_esp_idf", name.strip_suffix("_model").unwrap_or(&name))
}

/// Inputs to store, and what there is to say about them.
fn samples(
    request: &EspIdfRequest,
    model: &Model,
) -> Result<(Vec<StoredSample>, Option<String>), WriteFailure> {
    let part = request.data.as_deref().and_then(|prepared| Some((part_of(prepared)?, &prepared.classes)));
    let Some((part, classes)) = part else {
        let note = "The stored samples are random numbers, because the model came without data.";
        return Ok((random_samples(&request.bytes, model, RANDOM_SAMPLES), Some(note.to_owned())));
    };
    let stored = prepared_samples(&request.bytes, model, part, classes).map_err(|error| WriteFailure {
        message: format!("the data are not for {}: {error}", request.file_name),
        help: "Choose the data that the model was made for, or none".to_owned(),
    })?;
    Ok((stored, None))
}

/// The samples that a model was not trained with, if there are any.
fn part_of(prepared: &Prepared) -> Option<&PreparedPart> {
    [&prepared.test, &prepared.validation, &prepared.train].into_iter().find(|part| part.samples.count > 0)
}

/// The project, with the arena where it was wanted or where it fits.
fn project(
    request: &EspIdfRequest,
    model: &Model,
    samples: &[StoredSample],
) -> Result<EspIdfProject, WriteFailure> {
    let export = Export { file_name: &request.file_name, bytes: &request.bytes, model };
    let with = |memory| {
        let options = EspIdfOptions { target: request.target, memory, app: request.app, samples };
        let failure = |EspIdfError { message, help }| WriteFailure { message, help };
        esp_idf_project(&export, &options).map_err(failure)
    };
    if request.memory == Some(ArenaMemory::Psram) {
        return with(ArenaMemory::Psram);
    }
    let project = with(ArenaMemory::Internal)?;
    let chip = request.target.chip;
    let budget = chips::facts(chip).arena_budget_bytes;
    if project.static_bytes <= budget {
        return Ok(project);
    }
    let too_large = format!(
        "arena and inputs take {}, and the {} has at most {} of internal RAM for them",
        format::bytes(project.static_bytes),
        chip.label(),
        format::bytes(budget)
    );
    match (request.memory, has_psram(chip)) {
        (None, true) => {
            let mut project = with(ArenaMemory::Psram)?;
            project.notes.push(format!("The arena lies in PSRAM, because {too_large}."));
            Ok(project)
        }
        (_, true) => Err(WriteFailure {
            message: too_large,
            help: "Put the arena into PSRAM (--psram), or use a smaller model".to_owned(),
        }),
        (_, false) => Err(WriteFailure {
            message: too_large,
            help: "Choose another chip, or a smaller model".to_owned(),
        }),
    }
}

impl Jobs {
    /// Asks for the folder in which a project gets one of its own; that of the request is where the dialog begins.
    pub fn ask_esp_idf_folder(&mut self, request: EspIdfRequest) {
        let start = request.folder.clone();
        self.ask_paths(Ask::Folder("Choose where the project is to lie"), &start, None, move |paths| {
            let chosen = paths.into_iter().next();
            Outcome::Export(ExportOutcome::EspIdfFolderChosen(Box::new(request), chosen))
        });
    }

    /// Writes the project of a model.
    pub fn export_esp_idf(&mut self, request: EspIdfRequest) {
        let what = format!("an ESP-IDF project of {}", request.file_name);
        let spec = JobSpec { kind: JobKind::Save, name: format!("Exporting {what}"), subject: None };
        self.start(spec, move |context| {
            let result = export_esp_idf(&request, &|| context.is_cancelled()).transpose()?;
            Some(Outcome::Export(ExportOutcome::ProjectWritten(what, result)))
        });
    }
}

#[cfg(test)]
mod tests {
    use emberlab_core::dataset::{Format, generate};
    use emberlab_core::export::RoundTripRun;
    use emberlab_core::plan::Chip;
    use emberlab_core::project::from_text;

    use super::*;
    use crate::jobs::prepare_in_parallel;

    const KEYWORDS: &[u8] = include_bytes!("../../../assets/examples/keyword_spotting.tflite");
    const DIGITS: &[u8] = include_bytes!("../../../assets/examples/drawn_digits.tflite");

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("emberlab-jobs-esp-idf-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).expect("the temporary folder can be written to");
            Self(path)
        }

        fn request(&self, bytes: &[u8], chip: Chip) -> EspIdfRequest {
            EspIdfRequest {
                file_name: "keywords.tflite".to_owned(),
                bytes: bytes.into(),
                target: Target::new(chip),
                memory: None,
                app: EspIdfApp::Classify,
                data: None,
                folder: self.0.join("deep/project"),
            }
        }

        fn is_empty(&self) -> bool {
            std::fs::read_dir(&self.0).expect("it is ours").next().is_none()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_project_lies_on_the_disk_and_was_checked() {
        let scratch = Scratch::new("whole");
        let request = scratch.request(KEYWORDS, Chip::Esp32s3);
        let written = export_esp_idf(&request, &|| false).expect("it is written").expect("nobody stops it");
        assert_eq!(written.round_trip.run, RoundTripRun::SameOutputs);
        for file in &written.files {
            let on_disk = std::fs::metadata(request.folder.join(&file.name)).expect("it was written");
            assert_eq!(on_disk.len(), file.bytes, "{}", file.name);
        }
        let n_main = std::fs::read_dir(request.folder.join("main")).expect("it was made").count();
        assert_eq!(n_main, written.files.iter().filter(|file| file.name.starts_with("main/")).count());
        assert!(written.notes.iter().any(|note| note.contains("random numbers")), "{:?}", written.notes);
        // Once more over the first one: what is not of the project stays.
        std::fs::write(request.folder.join("main/mine.cc"), "// mine\n").expect("it is ours");
        let again = EspIdfRequest { app: EspIdfApp::Bench, ..request.clone() };
        export_esp_idf(&again, &|| false).expect("it is written").expect("nobody stops it");
        let main = std::fs::read_to_string(request.folder.join("main/main.cc")).expect("it was written");
        assert!(main.contains("void Bench("), "{main}");
        assert_eq!(std::fs::read_dir(request.folder.join("main")).expect("it is there").count(), n_main + 1);
    }

    #[test]
    fn nothing_is_left_of_a_project_that_was_stopped_or_cannot_be() {
        let scratch = Scratch::new("none");
        let request = scratch.request(KEYWORDS, Chip::Esp32s3);
        assert_eq!(export_esp_idf(&request, &|| true), Ok(None));
        let page = scratch.request(b"<!DOCTYPE html><html></html>", Chip::Esp32s3);
        assert!(export_esp_idf(&page, &|| false).is_err());
        let psram =
            EspIdfRequest { memory: Some(ArenaMemory::Psram), ..scratch.request(KEYWORDS, Chip::Esp32c3) };
        let failure = export_esp_idf(&psram, &|| false).expect_err("a C3 has none");
        assert!(failure.message.contains("cannot have external memory"), "{failure:?}");
        assert!(scratch.is_empty());
    }

    /// Of each class of the example's data one sample is stored, with the outputs of this computer.
    #[test]
    fn samples_of_the_data_are_stored() {
        let scratch = Scratch::new("data");
        let project = from_text(include_str!("../../../assets/examples/drawn_digits.emberlab"));
        let project = project.expect("a project");
        let reading = project.data.as_ref().and_then(|data| data.reading.clone());
        let Some(Format::Generated(generated)) = reading else { panic!("the example needs no files") };
        let dataset = generate(&generated);
        let prepared = prepare_in_parallel(&dataset, &project.preparation, &project.split, &|_, _| true);
        let prepared = prepared.expect("it suits the set").expect("nobody ends it");
        let request = EspIdfRequest { data: Some(prepared.into()), ..scratch.request(DIGITS, Chip::Esp32) };
        let written = export_esp_idf(&request, &|| false).expect("it is written").expect("nobody stops it");
        let samples =
            std::fs::read_to_string(request.folder.join("main/samples.cc")).expect("it was written");
        assert!(samples.contains("{\"stored 7\", kSample7, true, 0x"), "{}", written.notes.join(" "));
        assert!(!written.notes.iter().any(|note| note.contains("random numbers")), "{:?}", written.notes);
    }

    #[test]
    fn folders_are_called_after_the_model() {
        for (name, expected) in [
            ("keyword_spotting.tflite", "keyword_spotting_esp_idf"),
            ("kws_ref_model.tflite", "kws_ref_esp_idf"),
            ("model.tflite", "model_esp_idf"),
        ] {
            assert_eq!(esp_idf_folder(name), expected);
        }
    }
}
