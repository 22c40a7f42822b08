//! A variant as the project file keeps it: how it was made, of which run, and what it is worth.

use serde::{Deserialize, Serialize};

use crate::quantize::Recipe;

/// A variant of a trained network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariantRecord {
    /// Its name, which no other variant of the project has.
    pub name: String,
    /// The run whose weights it has; 0 for a model that came from outside.
    #[serde(skip_serializing_if = "is_zero")]
    pub run: u32,
    /// It stands above the others.
    #[serde(skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// Its .tflite file in the project's folder.
    pub file: String,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// SHA-256 of the file: figures are those of this content only.
    pub file_sha256: String,
    /// What it is worth; `None` before it was evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<VariantFigures>,
    /// How it was made; `None` for a model that came from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
}

/// What a variant is worth, measured on its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariantFigures {
    /// Number of samples.
    pub samples: usize,
    /// They are the validation samples, since there are no others.
    #[serde(skip_serializing_if = "is_false")]
    pub of_validation: bool,
    /// Share that is classified right, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Mean absolute error of predicted numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_absolute_error: Option<f64>,
    /// Share of the samples of which the float32 model says the same, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}
