//! `emberlab export`: a model as sources or as a whole project for firmware, or a variant of a project as a file.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{ArgGroup, ValueEnum};
use emberlab_core::dataset::Prepared;
use emberlab_core::export::{ArenaMemory, EspIdfApp, ROUND_TRIP_SEED, RoundTripRun, SourceKind};
use emberlab_core::hash::sha256_hex;
use emberlab_core::plan::{Chip, Target};
use emberlab_core::tflite;
use serde::Serialize;

use super::compress::{failure, variant_bytes};
use super::evaluate::dataset;
use super::project::{all_training_data, read_project};
use super::target::{TargetArguments, chip_from_text};
use super::{Failure, Outcome, read_file, written};
use crate::jobs::{
    EspIdfRequest, Exported, SourcesRequest, WriteFailure, export_esp_idf, export_sources, export_tflite,
    file_name, round_trip_text,
};
use crate::project::compress::{PreparedFor, data_for_model};
use crate::theme::format;

#[derive(clap::Args)]
#[command(group(ArgGroup::new("form").required(true)))]
pub(super) struct Arguments {
    /// The .tflite file; with --variant the .emberlab file
    model: PathBuf,
    /// Take a variant of a project, such as int8; made anew where the project does not keep it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["c_array", "rust"])]
    variant: Option<String>,
    /// Write the variant as a .tflite file
    #[arg(short = 'o', long, value_name = "OUT.tflite", group = "form", requires = "variant")]
    out: Option<PathBuf>,
    /// Write model.h, model.cc and resolver.h for TensorFlow Lite Micro into a folder
    #[arg(long, value_name = "DIR", group = "form")]
    c_array: Option<PathBuf>,
    /// Write model.rs for Emberlab's own runtime into a folder; its arena is the same on every target
    #[arg(long, value_name = "DIR", group = "form")]
    rust: Option<PathBuf>,
    /// Write a complete project into a folder: TensorFlow Lite Micro with ESP-NN, built by idf.py
    #[arg(long, value_name = "DIR", group = "form")]
    esp_idf: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArguments,
    /// Chip of the ESP-IDF project, the same as --target
    #[arg(long, value_name = "CHIP", value_parser = chip_from_text, conflicts_with_all = ["c_array", "rust", "out", "target"])]
    chip: Option<Chip>,
    /// Put the arena of the ESP-IDF project into external memory
    #[arg(long, conflicts_with_all = ["c_array", "rust", "out"])]
    psram: bool,
    /// What the ESP-IDF project does at its start: answer for stored samples, or time 1000 invocations
    #[arg(long, value_enum, conflicts_with_all = ["c_array", "rust", "out"])]
    app: Option<App>,
    /// Data of which the ESP-IDF project stores a sample of each class; random inputs without any
    #[arg(long, value_name = "PATH", conflicts_with_all = ["c_array", "rust", "out", "variant"])]
    data: Option<PathBuf>,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum App {
    Classify,
    Bench,
}

#[derive(Serialize)]
struct Report {
    model: ModelFacts,
    target: &'static str,
    kernels: &'static str,
    files: Vec<FileFacts>,
    notes: Vec<String>,
    round_trip: RoundTripFacts,
}

#[derive(Serialize)]
struct ModelFacts {
    bytes: u64,
    sha256: String,
}

#[derive(Serialize)]
struct FileFacts {
    path: PathBuf,
    bytes: u64,
}

#[derive(Serialize)]
struct RoundTripFacts {
    bytes: u64,
    /// `None` where the runtime refuses the model.
    same_outputs: Option<bool>,
    seed: u32,
    not_run: Option<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let target = arguments.target.target()?;
    if let Some(folder) = &arguments.esp_idf {
        let request = esp_idf_request(arguments, target, folder)?;
        let exported = ended(export_esp_idf(&request, &|| false))?;
        return report(arguments, &request.bytes, request.target, &exported, out);
    }
    if let (Some(name), Some(path)) = (&arguments.variant, &arguments.out) {
        let bytes = variant_bytes(&arguments.model, name)?;
        let exported = ended(export_tflite(&bytes, path, &|| false))?;
        return report(arguments, &bytes, target, &exported, out);
    }
    let (kind, folder) = form(arguments)?;
    let bytes = read_file(&arguments.model)?;
    let request = SourcesRequest {
        file_name: file_name(&arguments.model),
        bytes: bytes.clone(),
        kind,
        target,
        folder: folder.to_owned(),
    };
    let exported = ended(export_sources(&request, &|| false))?;
    report(arguments, &bytes, target, &exported, out)
}

/// What was written, or why nothing was.
fn ended(result: Result<Option<Exported>, WriteFailure>) -> Result<Exported, Failure> {
    let exported =
        result.map_err(|failure| Failure(format!("{}\n  try: {}", failure.message, failure.help)))?;
    exported.ok_or_else(|| Failure("the export was stopped".to_owned()))
}

/// The project that is asked for: of a .tflite file, or of a variant with the data of its project.
fn esp_idf_request(arguments: &Arguments, target: Target, folder: &Path) -> Result<EspIdfRequest, Failure> {
    let target = Target { chip: arguments.chip.unwrap_or(target.chip), ..target };
    let app = match arguments.app {
        Some(App::Classify) | None => EspIdfApp::Classify,
        Some(App::Bench) => EspIdfApp::Bench,
    };
    let memory = if arguments.psram { ArenaMemory::Psram } else { ArenaMemory::Internal };
    let (name, bytes, data) = match &arguments.variant {
        Some(variant) => {
            let file = std::path::absolute(&arguments.model).unwrap_or_else(|_| arguments.model.clone());
            let bytes = variant_bytes(&file, variant)?;
            let project = read_project(&file)?;
            let data = all_training_data(&project, &file)?;
            (format!("{} {variant}.tflite", project.name), bytes, Some(data.prepared))
        }
        None => {
            let bytes = read_file(&arguments.model)?;
            let data = arguments.data.as_ref().map(|data| prepared(&arguments.model, &bytes, data));
            (file_name(&arguments.model), bytes, data.transpose()?)
        }
    };
    Ok(EspIdfRequest {
        file_name: name,
        bytes,
        target,
        memory: Some(memory),
        app,
        data,
        folder: folder.to_owned(),
    })
}

/// The samples of a set, prepared as the model says.
fn prepared(file: &Path, bytes: &Arc<[u8]>, data: &Path) -> Result<Arc<Prepared>, Failure> {
    let model = tflite::read(bytes.clone()).map_err(|error| {
        Failure(format!(
            "{} is not a model that can be read: {error}\n  try: {}",
            file.display(),
            error.help()
        ))
    })?;
    let wanted = PreparedFor { model: Arc::new(model), file: bytes.clone(), record: None };
    let data = data_for_model(&wanted, dataset(data)?, &|_, _| true).map_err(failure)?;
    Ok(data.ok_or_else(|| Failure("reading the data was stopped".to_owned()))?.prepared)
}

fn report(
    arguments: &Arguments,
    bytes: &[u8],
    target: Target,
    exported: &Exported,
    out: &mut impl Write,
) -> Result<Outcome, Failure> {
    let result = if arguments.json {
        let report = Report {
            model: ModelFacts { bytes: bytes.len() as u64, sha256: sha256_hex(bytes) },
            target: target.chip.id(),
            kernels: target.kernels.id(),
            files: files(exported),
            notes: exported.notes.clone(),
            round_trip: round_trip(exported),
        };
        let json = serde_json::to_string_pretty(&report)
            .map_err(|error| Failure(format!("cannot write the result as JSON: {error}")))?;
        writeln!(out, "{json}")
    } else {
        print_text(exported, out)
    };
    written(result)?;
    Ok(Outcome::Done)
}

/// What is to be written where.
fn form(arguments: &Arguments) -> Result<(SourceKind, &Path), Failure> {
    if let Some(folder) = &arguments.c_array {
        return Ok((SourceKind::CArray, folder));
    }
    if let Some(folder) = &arguments.rust {
        return Ok((SourceKind::RustModule, folder));
    }
    Err(Failure("name the folder to write to with --c-array, --rust or --esp-idf".to_owned()))
}

fn files(exported: &Exported) -> Vec<FileFacts> {
    let of = |file: &crate::jobs::ExportedFile| FileFacts {
        path: exported.folder.join(&file.name),
        bytes: file.bytes,
    };
    exported.files.iter().map(of).collect()
}

fn round_trip(exported: &Exported) -> RoundTripFacts {
    let (same_outputs, not_run) = match &exported.round_trip.run {
        RoundTripRun::SameOutputs => (Some(true), None),
        RoundTripRun::NotRun(reason) => (None, Some(reason.clone())),
    };
    RoundTripFacts { bytes: exported.round_trip.bytes, same_outputs, seed: ROUND_TRIP_SEED, not_run }
}

fn print_text(exported: &Exported, out: &mut impl Write) -> std::io::Result<()> {
    for file in files(exported) {
        writeln!(out, "{}  {}", file.path.display(), format::bytes(file.bytes))?;
    }
    for note in &exported.notes {
        writeln!(out, "note: {note}")?;
    }
    writeln!(out, "{}.", round_trip_text(&exported.round_trip))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::command::EXAMPLE_NAME;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        export: Arguments,
    }

    /// A folder with the bundled example in it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("emberlab-cli-export-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).expect("the temporary folder can be written to");
            let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/examples").join(EXAMPLE_NAME);
            std::fs::copy(example, path.join(EXAMPLE_NAME)).expect("the example is there");
            Self(path)
        }

        /// What the command says on standard output, or its message.
        fn run(&self, arguments: &[&str]) -> Result<String, String> {
            let model = self.0.join(EXAMPLE_NAME).display().to_string();
            let words = ["export", &model].into_iter().chain(arguments.iter().copied());
            let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
            let mut out = Vec::new();
            match run(&line.export, &mut out) {
                Ok(_) => Ok(String::from_utf8(out).expect("text")),
                Err(Failure(message)) => Err(message),
            }
        }

        fn folder(&self, name: &str) -> String {
            self.0.join(name).display().to_string()
        }

        fn left(&self) -> Vec<String> {
            let mut names: Vec<_> = std::fs::read_dir(&self.0)
                .expect("it is ours")
                .flatten()
                .map(|it| file_name(&it.path()))
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn sources_of_both_kinds_are_written_and_checked() {
        let scratch = Scratch::new("both");
        let folder = scratch.folder("new/firmware");
        let said = scratch.run(&["--c-array", &folder, "--target", "esp32s3"]).expect("it is written");
        for part in ["model.h", "model.cc", "resolver.h", "Round trip checked: ", "same outputs"] {
            assert!(said.contains(part), "{said}");
        }
        let header = std::fs::read_to_string(Path::new(&folder).join("model.h")).expect("it was written");
        assert!(
            header.contains("namespace keyword_spotting_model {") && header.contains("ESP32-S3"),
            "{header}"
        );
        let said = scratch.run(&["--rust", &folder]).expect("it is written beside the others");
        assert!(said.contains("model.rs") && said.contains("Round trip checked: "), "{said}");
        assert_eq!(std::fs::read_dir(&folder).expect("it was made").count(), 4);
    }

    #[test]
    fn a_project_is_written_and_checked() {
        let scratch = Scratch::new("esp-idf");
        let folder = scratch.folder("firmware");
        let said = scratch
            .run(&["--esp-idf", &folder, "--chip", "esp32s3", "--psram", "--app", "bench"])
            .expect("it is written");
        for part in ["main.cc", "idf_component.yml", "sdkconfig.defaults.esp32p4", "Round trip checked: "] {
            assert!(said.contains(part), "{said}");
        }
        let read = |name: &str| std::fs::read_to_string(Path::new(&folder).join(name)).expect(name);
        assert!(read("main/main.cc").contains("EXT_RAM_BSS_ATTR std::uint8_t tensor_arena["));
        assert!(read("main/main.cc").contains("void Bench("));
        assert!(read("sdkconfig.defaults").contains("CONFIG_IDF_TARGET=\"esp32s3\"\n"));
        let said =
            scratch.run(&["--esp-idf", &folder, "--target", "esp32c3", "--json"]).expect("it is written");
        let json: serde_json::Value = serde_json::from_str(&said).expect("one document");
        assert_eq!((json["target"].as_str(), json["kernels"].as_str()), (Some("esp32c3"), Some("esp-nn")));
        assert!(json["files"].as_array().is_some_and(|files| files.len() > 20), "{json}");
        assert!(read("main/main.cc").contains("void Classify("));
    }

    #[test]
    fn json_lists_files_notes_and_the_check() {
        let scratch = Scratch::new("json");
        let folder = scratch.folder("out");
        let said = scratch.run(&["--c-array", &folder, "--kernels", "reference", "--json"]).expect("written");
        let json: serde_json::Value = serde_json::from_str(&said).expect("one document");
        assert_eq!((json["target"].as_str(), json["kernels"].as_str()), (Some("esp32"), Some("reference")));
        let names: Vec<_> =
            json["files"].as_array().expect("files").iter().map(|file| &file["path"]).collect();
        assert_eq!(names.len(), 3);
        for (path, file) in names.iter().zip(json["files"].as_array().expect("files")) {
            let length = std::fs::metadata(path.as_str().expect("a path")).expect("it was written").len();
            assert_eq!(file["bytes"].as_u64(), Some(length));
        }
        assert_eq!(json["notes"], serde_json::json!([]));
        assert_eq!(json["round_trip"]["same_outputs"], serde_json::json!(true));
        assert_eq!(json["round_trip"]["bytes"], json["model"]["bytes"]);
    }

    #[test]
    fn what_cannot_be_done_is_one_clear_message_and_writes_nothing() {
        let scratch = Scratch::new("wrong");
        let (out, in_a_file) = (scratch.folder("out"), scratch.folder(&format!("{EXAMPLE_NAME}/deep")));
        for (arguments, part) in [
            (&["--esp-idf", &out, "--chip", "esp32c3", "--psram"][..], "cannot have external memory"),
            (&["--esp-idf", &out, "--chip", "host64"], "ESP-IDF is for chips"),
            (&["--esp-idf", &out, "--kernels", "reference"], "always built with ESP-NN"),
            (&["--esp-idf", &out, "--app", "blink"], "classify, bench"),
            (&["--esp-idf", &out, "--chip", "esp32", "--target", "esp32"], "cannot be used with"),
            (&["--esp-idf", &out, "--data", &in_a_file], "cannot be read"),
            (&["--esp-idf", &in_a_file], "is no folder"),
            (&["--c-array", &out, "--target", "esp8266"], "known are esp32, esp32s2"),
            (&["--c-array", &out, "--target", "host64", "--kernels", "esp-nn"], "only the reference kernels"),
            (&["--c-array", &out, "--rust", &out], "cannot be used with"),
            (&["--c-array", &out, "--psram"], "cannot be used with"),
            (&[], "--c-array <DIR>"),
            (&["--rust", &in_a_file], "is no folder"),
        ] {
            let message = scratch.run(arguments).expect_err("it cannot be done");
            assert!(message.contains(part), "{arguments:?}: {message}");
            assert_eq!(scratch.left(), [EXAMPLE_NAME], "{arguments:?}");
        }
        let message = scratch.run(&["--rust", &in_a_file]).expect_err("the model is in the way");
        assert!(message.contains(&in_a_file) && message.contains("\n  try: "), "{message}");
    }
}
