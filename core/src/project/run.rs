//! A run of training as the project file keeps it: its settings, how it went, and the names of its files.

use serde::{Deserialize, Serialize};

use crate::training::TrainingConfig;

/// A run of training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// Number, from 1; never used twice in a project.
    pub number: u32,
    /// Name that the user gave; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which of the colours of series it has, from 0; kept for life.
    pub colour: u8,
    /// It is not drawn among the curves.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// It stands above the others.
    #[serde(skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// How far it has come.
    pub state: RunState,
    /// Epochs that are done.
    pub epochs: usize,
    /// The best epoch, from 1; 0 while there is none.
    pub best_epoch: usize,
    /// Seconds that it took, pauses left out.
    pub seconds: f64,
    /// Training samples a second.
    pub samples_per_second: f64,
    /// What computed, in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub backend: String,
    /// SHA-256 of the network's text: weights fit this network only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network_sha256: String,
    /// Files in the project's folder.
    pub files: RunFiles,
    /// Figures of the best epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<EpochFigures>,
    /// Figures of the test samples, with the weights that were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<TestFigures>,
    /// Its settings.
    pub settings: TrainingConfig,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It can go on from its checkpoint.
    #[default]
    Unfinished,
    /// The user stopped it and kept the best.
    Stopped,
    /// It came to its end.
    Finished,
    /// Its loss was no number any more.
    Diverged,
}

/// Names of the files of a run in the folder beside the project file; empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunFiles {
    /// The figures of every step and epoch.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub history: String,
    /// The weights that were kept.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub weights: String,
    /// What is needed to go on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub checkpoint: String,
    /// The network that was trained.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network: String,
    /// How right the weights that were kept are.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub report: String,
}

/// Figures of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EpochFigures {
    /// Loss of the training samples.
    pub loss: f32,
    /// Loss of the validation samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f32>,
    /// Share of training samples that are classified right, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f32>,
    /// Share of validation samples that are classified right, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f32>,
}

/// Figures of the test samples, or of the validation samples where there are no others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestFigures {
    /// Number of samples.
    pub samples: usize,
    /// Loss.
    pub loss: f32,
    /// Share that is classified right, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f32>,
    /// Mean absolute error of predicted numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_absolute_error: Option<f32>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl RunRecord {
    /// What the run is called.
    pub fn label(&self) -> String {
        if self.name.is_empty() { format!("run {}", self.number) } else { self.name.clone() }
    }
}
