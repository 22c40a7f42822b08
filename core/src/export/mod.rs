//! A model as sources for firmware: a .tflite file in, named text files out.

mod arena;
mod c_array;
mod esp_idf;
mod facts;
mod names;
mod read_back;
mod resolver;
mod round_trip;
mod rust_module;
mod tflm_methods;

pub use arena::{TFLM_COMMIT, TFLM_VERSION, arena_statement, kernels_text, made_for};
pub use esp_idf::{
    ArenaMemory, ESP_IDF_CHIPS, ESP_IDF_FIRMWARE, EspIdfApp, EspIdfError, EspIdfOptions, EspIdfProject,
    MAX_SAMPLE_BYTES, ProjectFile, StoredSample, esp_idf_project, has_psram, prepared_samples,
    random_samples, stored_sample,
};
pub use names::{c_identifier, comment_text};
pub use read_back::{ReadBackError, model_bytes};
pub use round_trip::{ROUND_TRIP_SEED, RoundTrip, RoundTripError, RoundTripRun, check_round_trip};

use crate::model::Model;
use crate::plan::Target;

/// A .tflite file that is to become sources.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// Name of the file, which the sources mention, and after which the namespace of C++ is called.
    pub file_name: &'a str,
    /// The file.
    pub bytes: &'a [u8],
    /// What is in it.
    pub model: &'a Model,
}

/// For which firmware sources are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// TensorFlow Lite Micro: an array in C++ and the resolver with the operators of the model.
    CArray,
    /// Emberlab's own runtime: a module in Rust.
    RustModule,
}

/// Sources of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The files; the one with the bytes of the model is the largest.
    pub files: Vec<SourceFile>,
    /// What somebody who uses them has to know, in sentences.
    pub notes: Vec<String>,
}

/// One text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name, without a folder.
    pub name: &'static str,
    /// Its text, which ends with a line end.
    pub text: String,
}

impl SourceKind {
    /// The files, in the order of [`Sources::files`].
    pub fn file_names(self) -> &'static [&'static str] {
        match self {
            SourceKind::CArray => &[c_array::HEADER, c_array::SOURCE, resolver::FILE],
            SourceKind::RustModule => &[rust_module::FILE],
        }
    }

    /// What the sources are, for sentences: `C array and resolver`.
    pub fn label(self) -> &'static str {
        match self {
            SourceKind::CArray => "C array and resolver",
            SourceKind::RustModule => "Rust module",
        }
    }
}

/// The sources of a model. The arena of TensorFlow Lite Micro is that of `target`; Emberlab's own is the same everywhere.
pub fn sources(kind: SourceKind, export: &Export<'_>, target: Target) -> Sources {
    match kind {
        SourceKind::CArray => c_array::sources(export, target),
        SourceKind::RustModule => rust_module::sources(export),
    }
}
