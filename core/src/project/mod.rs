//! What a project file keeps: where the data are, how samples are made, the network, how training goes, which runs there were.
//!
//! The file is text in TOML, made to be read, compared and edited by hand; large things (weights, checkpoints, curves) lie in a
//! folder beside it. This module turns text into a [`Project`] and back. Who opens files, and when, is not its business.

mod data;
mod paths;
mod recipe;
mod run;
mod suggest;
mod text;
mod variant;

use serde::{Deserialize, Serialize};

use crate::dataset::{Preparation, Split};
use crate::layers::LayerGraph;
use crate::plan::{Chip, KernelSet, Target};
use crate::training::TrainingConfig;

pub use data::{DataReference, FileSum, FileSums, Fingerprint, SumsDifference};
pub use paths::{absolute_path, files_folder_name, relative_path};
pub use recipe::{fitted_network, network_sizes, recipe, remade_network, sizes_of_network};
pub use run::{EpochFigures, RunFiles, RunRecord, RunState, TestFigures};
pub use suggest::{people_kind, sound_features, suggest};
pub use text::{ProjectError, from_text, to_text};
pub use variant::{VariantFigures, VariantRecord};

/// Version of the file's form that this code writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// Ending of the names of project files, without the dot.
pub const EXTENSION: &str = "emberlab";

/// Everything that a project file keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Version of the file's form.
    pub version: u32,
    /// Name of the project.
    pub name: String,
    /// The template that it began with; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// Chip and kernels that its figures are for; `None` for those of the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetChoice>,
    /// What the project is to reach.
    #[serde(skip_serializing_if = "Goal::is_empty")]
    pub goal: Goal,
    /// Where the data are; `None` before there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataReference>,
    /// How samples come out of recordings.
    pub preparation: Preparation,
    /// Which recordings train, validate and test.
    pub split: Split,
    /// How it is trained.
    pub training: TrainingConfig,
    /// The network.
    pub network: LayerGraph,
    /// Runs of training, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<RunRecord>,
    /// Variants of trained networks, in the order in which they were made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantRecord>,
    /// What the file has besides, and this version does not know: kept as it is.
    #[serde(skip)]
    pub unknown: toml::Table,
}

/// Chip and kernels, by the names of the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetChoice {
    /// The chip, such as `esp32s3`.
    pub chip: String,
    /// The kernels, such as `esp-nn`.
    pub kernels: String,
}

/// What a project is to reach. `None` for what does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Goal {
    /// Least share of test samples that are classified right, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f32>,
    /// Largest arena in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arena_bytes: Option<u64>,
    /// Largest file in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flash_bytes: Option<u64>,
    /// Longest time of an inference in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_millis: Option<f64>,
}

impl Default for Project {
    fn default() -> Self {
        Self {
            version: VERSION,
            name: String::new(),
            template: String::new(),
            target: None,
            goal: Goal::default(),
            data: None,
            preparation: Preparation::default(),
            split: Split::default(),
            training: TrainingConfig::default(),
            network: LayerGraph::default(),
            runs: Vec::new(),
            variants: Vec::new(),
            unknown: toml::Table::new(),
        }
    }
}

impl Project {
    /// An empty project with a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A number that no run of the project has had.
    pub fn next_run(&self) -> u32 {
        self.runs.iter().map(|run| run.number).max().unwrap_or(0) + 1
    }

    /// The variant with a name.
    pub fn variant(&self, name: &str) -> Option<&VariantRecord> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// Keeps a variant in the place of an earlier one with its name, which stays pinned if it was.
    pub fn keep_variant(&mut self, mut variant: VariantRecord) {
        match self.variants.iter_mut().find(|other| other.name == variant.name) {
            Some(other) => {
                variant.pinned |= other.pinned;
                *other = variant;
            }
            None => self.variants.push(variant),
        }
    }

    /// The run with a number.
    pub fn run(&self, number: u32) -> Option<&RunRecord> {
        self.runs.iter().find(|run| run.number == number)
    }
}

impl Goal {
    /// Nothing is to be reached.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl TargetChoice {
    /// The target, if this version knows it.
    pub fn target(&self) -> Option<Target> {
        let kernels =
            [KernelSet::EspNn, KernelSet::Reference].into_iter().find(|set| set.id() == self.kernels);
        Some(Target { chip: Chip::from_id(&self.chip)?, kernels: kernels? })
    }
}

impl From<Target> for TargetChoice {
    fn from(target: Target) -> Self {
        Self { chip: target.chip.id().to_owned(), kernels: target.kernels.id().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_kept_by_their_names() {
        for chip in Chip::ALL {
            for kernels in [KernelSet::EspNn, KernelSet::Reference] {
                let target = Target { chip, kernels };
                assert_eq!(TargetChoice::from(target).target(), Some(target));
            }
        }
        let unknown = TargetChoice { chip: "esp99".to_owned(), kernels: "esp-nn".to_owned() };
        assert_eq!(unknown.target(), None);
    }

    #[test]
    fn a_new_run_has_a_number_of_its_own() {
        let mut project = Project::new("digits");
        assert_eq!(project.next_run(), 1);
        project.runs.push(RunRecord { number: 7, ..RunRecord::default() });
        assert_eq!(project.next_run(), 8);
    }
}
