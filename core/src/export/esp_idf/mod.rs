//! A complete project for ESP-IDF: TensorFlow Lite Micro with ESP-NN runs the model, and the program speaks Emberlab's link.
//!
//! | module | files |
//! | --- | --- |
//! | [`build`] | CMake, versions of components, settings, partitions |
//! | [`program`] | `main.cc` |
//! | [`inputs`] | stored samples, and how numbers become inputs |
//! | [`readme`] | `README.md` |
//!
//! What is the same in every project lies in `templates/` as it is written: it is compiled and tested there.

mod build;
mod inputs;
mod program;
mod readme;
mod sample;

use thiserror::Error;

use super::arena::{TFLM_COMMIT, TFLM_VERSION, arena_statement};
use super::facts::Facts;
use super::{Export, c_array, c_identifier, resolver};
use crate::model::TensorType;
use crate::plan::{self, ArenaPlan, Chip, KernelSet, Target};
use crate::verdict::{self, Outcome};

pub use sample::{StoredSample, prepared_samples, random_samples, stored_sample};

/// What the program calls itself in the link's Hello.
pub const ESP_IDF_FIRMWARE: &str = "esp-tflite-micro";

/// Bytes of all stored samples together, at most; one is stored whatever it takes.
pub const MAX_SAMPLE_BYTES: usize = 64 << 10;

/// The chips that projects are for.
pub const ESP_IDF_CHIPS: [Chip; 6] =
    [Chip::Esp32, Chip::Esp32s2, Chip::Esp32s3, Chip::Esp32c3, Chip::Esp32c6, Chip::Esp32p4];

/// What a project is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EspIdfOptions<'a> {
    /// The chip that the project is set to, and the kernels.
    pub target: Target,
    /// Where the arena lies.
    pub memory: ArenaMemory,
    /// What the program does at its start.
    pub app: EspIdfApp,
    /// Inputs that the program holds; at least one.
    pub samples: &'a [StoredSample],
}

/// Where the arena of a project lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ArenaMemory {
    /// In the chip.
    #[default]
    Internal,
    /// In the external memory of the module.
    Psram,
}

/// What the program of a project does at its start. Then it answers requests, whichever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EspIdfApp {
    /// Runs the stored samples and prints what the model says.
    #[default]
    Classify,
    /// Times invocations.
    Bench,
}

/// A project as texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EspIdfProject {
    /// The files, by path.
    pub files: Vec<ProjectFile>,
    /// What somebody who uses them has to know, in sentences.
    pub notes: Vec<String>,
    /// Bytes of the arena on the chip that the project is set to.
    pub arena_bytes: u64,
    /// Bytes of all memory that the program works in, arena included.
    pub static_bytes: u64,
}

/// One text file of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFile {
    /// Its path in the project, with `/`.
    pub path: String,
    /// Its text, which ends with a line end.
    pub text: String,
}

/// Why there is no project for a model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct EspIdfError {
    /// What is wrong.
    pub message: String,
    /// What to try.
    pub help: String,
}

impl EspIdfApp {
    /// Both.
    pub const ALL: [EspIdfApp; 2] = [EspIdfApp::Classify, EspIdfApp::Bench];

    /// The name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            EspIdfApp::Classify => "classify",
            EspIdfApp::Bench => "bench",
        }
    }
}

/// The project of a model.
///
/// # Errors
/// TensorFlow Lite Micro refuses the model, or the options do not fit together.
pub fn esp_idf_project(
    export: &Export<'_>,
    options: &EspIdfOptions<'_>,
) -> Result<EspIdfProject, EspIdfError> {
    let chip = options.target.chip;
    check_options(options)?;
    let plan = plan_for(export, chip)?;
    let arena_bytes = arena_bytes(&plan)?;
    let input_bytes = sample::input_bytes(export.model);
    let whole = |sample: &&StoredSample| sample.bytes.len() as u64 != input_bytes;
    if let Some(wrong) = options.samples.iter().find(whole) {
        return Err(EspIdfError {
            message: format!(
                "the sample {} has {} bytes, and the inputs of the model have {input_bytes}",
                wrong.name,
                wrong.bytes.len()
            ),
            help: "Prepare the samples as the model wants them".to_owned(),
        });
    }
    let mut notes = Vec::new();
    let facts = Facts::new(export, &mut notes);
    notes.extend(unsigned_note(&facts));
    let name = c_identifier(export.file_name);
    let n_operators: usize = export.model.subgraphs.iter().map(|subgraph| subgraph.operators.len()).sum();
    let project =
        Project { export, options, facts: &facts, name: &name, plan: &plan, n_operators, input_bytes };

    let mut files = project.build_files(&mut notes)?;
    let mut add = |path: &str, text: String| files.push(ProjectFile { path: path.to_owned(), text });
    add("README.md", project.readme());
    let includes = "#include <cstdint>\n\n#include \"sdkconfig.h\"\n";
    add("main/model.h", c_array::header(export, &facts, &name, includes, &arena_section(export)));
    add("main/model.cc", c_array::source(export, &facts, &name));
    add("main/resolver.h", resolver::text(export.model, &facts, &name, &mut notes));
    add("main/main.cc", project.main());
    add("main/samples.h", project.samples_header());
    add("main/samples.cc", project.samples_source());
    if let Some(text) = project.preparation() {
        add("main/preparation.h", text);
    }
    for (path, text) in [
        ("main/tflm_model.h", include_str!("templates/tflm_model.h")),
        ("main/tflm_model.cc", include_str!("templates/tflm_model.cc")),
        ("main/emberlab_link.h", include_str!("templates/emberlab_link.h")),
        ("main/emberlab_link.cc", include_str!("templates/emberlab_link.cc")),
        ("main/board.h", include_str!("templates/board.h")),
        ("main/board.cc", include_str!("templates/board.cc")),
    ] {
        add(path, text.to_owned());
    }
    files.sort_by(|first, second| first.path.cmp(&second.path));
    // What an operator row takes on a 32-bit chip.
    let static_bytes = arena_bytes + input_bytes + 20 * n_operators as u64;
    Ok(EspIdfProject { files, notes, arena_bytes, static_bytes })
}

/// What all files are made of.
struct Project<'a> {
    export: &'a Export<'a>,
    options: &'a EspIdfOptions<'a>,
    facts: &'a Facts,
    /// The namespace of the model.
    name: &'a str,
    /// The arena on the chip that the project is set to.
    plan: &'a ArenaPlan,
    n_operators: usize,
    input_bytes: u64,
}

fn check_options(options: &EspIdfOptions<'_>) -> Result<(), EspIdfError> {
    let chip = options.target.chip;
    let error = |message: String, help: &str| Err(EspIdfError { message, help: help.to_owned() });
    if !ESP_IDF_CHIPS.contains(&chip) {
        return error(
            format!("ESP-IDF is for chips, not for a {}", chip.label()),
            "Choose esp32, esp32s2, esp32s3, esp32c3, esp32c6 or esp32p4",
        );
    }
    if options.target.kernels == KernelSet::Reference {
        return error(
            "esp-tflite-micro is always built with ESP-NN, so a project has no reference kernels".to_owned(),
            "Export with ESP-NN; to compare, choose its ANSI C kernels in idf.py menuconfig, ESP-NN",
        );
    }
    if options.memory == ArenaMemory::Psram && !has_psram(chip) {
        return error(
            format!("the {} cannot have external memory", chip.label()),
            "Leave the arena in internal memory, or choose the ESP32, ESP32-S2, ESP32-S3 or ESP32-P4",
        );
    }
    if options.samples.is_empty() {
        return error("there is no sample to store".to_owned(), "Give at least one");
    }
    Ok(())
}

/// Whether modules with external memory exist for the chip, and ESP-IDF can use it.
pub fn has_psram(chip: Chip) -> bool {
    match chip {
        Chip::Esp32 | Chip::Esp32s2 | Chip::Esp32s3 | Chip::Esp32p4 => true,
        Chip::Esp32c3 | Chip::Esp32c6 | Chip::Host64 => false,
    }
}

/// The arena on a chip, or why TensorFlow Lite Micro refuses the model.
fn plan_for(export: &Export<'_>, chip: Chip) -> Result<ArenaPlan, EspIdfError> {
    let target = Target { chip, kernels: KernelSet::EspNn };
    let refused = |reason: &str, help: String| EspIdfError {
        message: format!("TensorFlow Lite Micro refuses the model on {}: {reason}", chip.label()),
        help,
    };
    match verdict::outcome(export.model, target) {
        Outcome::Runs => {}
        Outcome::HostOnly { reason, help } | Outcome::Refused { reason, help } => {
            return Err(refused(&reason, help));
        }
    }
    plan::plan(export.model, target).map_err(|refusals| match refusals.into_iter().next() {
        Some(refusal) => refused(&refusal.message, refusal.help),
        None => refused("it has no plan for its memory", "Try another model".to_owned()),
    })
}

/// The smallest arena, which an `int` of C++ has to hold.
fn arena_bytes(plan: &ArenaPlan) -> Result<u64, EspIdfError> {
    let bytes = plan.minimum_bytes.unwrap_or(plan.recommended_bytes);
    match i32::try_from(bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(EspIdfError {
            message: format!("the arena would take {bytes} bytes, more than any chip has"),
            help: "Use a smaller model".to_owned(),
        }),
    }
}

/// The arena of each chip as lines of C++.
fn arena_section(export: &Export<'_>) -> String {
    let mut text = String::new();
    let mut versions = String::new();
    let mut keyword = "#if";
    for chip in ESP_IDF_CHIPS {
        let Ok(plan) = plan_for(export, chip) else { continue };
        let Ok(bytes) = arena_bytes(&plan) else { continue };
        versions = plan.kernels_version.to_owned();
        let target = chip.id().to_ascii_uppercase();
        text.push_str(&format!("{keyword} CONFIG_IDF_TARGET_{target}\n{}\n", arena_statement(bytes)));
        keyword = "#elif";
    }
    format!(
        "// Bytes of the tensor arena with esp-tflite-micro {TFLM_VERSION} ({}) and ESP-NN {versions}: on each chip the \
         smallest\n// that allocates, to the byte. Other versions may take more.\n\
         {text}#else\n#error \"The arena of this chip is not known: export the project again\"\n#endif\n",
        &TFLM_COMMIT[..8]
    )
}

/// 8-bit inputs and outputs without a sign cost conversions.
fn unsigned_note(facts: &Facts) -> Option<String> {
    let is_unsigned = facts.ports.iter().any(|port| port.ty == TensorType::Uint8);
    is_unsigned.then(|| {
        "Inputs or outputs are uint8: conversions run beside the network, and ESP-NN's fast kernels are for int8. Convert \
         the model with int8 inputs and outputs."
            .to_owned()
    })
}

/// A template with values in the place of `@NAMES@`.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("@{name}@"), value);
    }
    text
}
