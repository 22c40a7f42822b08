//! Runs of training, in the window and without: what is trained, its clock, its files, its figures.
//!
//! [`emberlab_train`] computes and reads no clock and no file; here is what does. Nothing here knows a window: the job of the
//! Train panel and the command line both call [`train()`].

mod clock;
mod files;
mod history;
mod record;
mod report;
mod runner;
mod steps;
mod switch;

#[cfg(test)]
mod template_tests;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use emberlab_core::dataset::{Dataset, Prepared};
use emberlab_core::layers::LayerGraph;
use emberlab_core::training::{Loss, Optimizer, Schedule, TrainingConfig};

pub use clock::Clock;
pub use files::{RunFolder, network_sha256};
pub use history::{EpochPoint, RunHistory};
pub use record::{metric_of, new_record, note_end, note_epochs};
pub use report::{ClassRow, Figures, TestReport, TestedPart, WorstSample, report};
pub use runner::{Began, Finished, Heard, LiveFigures, Task, TrainFailure, train};
pub use steps::{StepCurve, StepPoint};
pub use switch::{Switch, Wish};

/// What a network is trained on.
#[derive(Clone, Debug)]
pub struct TrainingData {
    /// Samples of all parts.
    pub prepared: Arc<Prepared>,
    /// The recordings that they come from, for their names; `None` where they are not at hand.
    pub dataset: Option<Arc<Dataset>>,
}

/// A short name for a run, from what sets it apart from others; not one of `taken`.
pub fn name_of_run(settings: &TrainingConfig, taken: &[&str]) -> String {
    let kind = match settings.schedule {
        Schedule::Constant => match settings.optimizer {
            Optimizer::Sgd { .. } => "sgd",
            Optimizer::Adam { .. } => "adam",
            Optimizer::AdamW { .. } => "adamw",
            Optimizer::RmsProp { .. } => "rmsprop",
        },
        Schedule::Step { .. } => "step",
        Schedule::Cosine { .. } => "cosine",
        Schedule::WarmUp { .. } => "warm-up",
        Schedule::ReduceOnPlateau { .. } => "plateau",
    };
    let name = format!("{kind} {}", settings.batch_size);
    let numbered = (2..).map(|number| format!("{name}, {number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !taken.contains(&name.as_str())).unwrap_or(name)
}

/// What a loss is called on an axis.
pub fn loss_name(loss: Loss) -> &'static str {
    match loss {
        Loss::SparseCategoricalCrossentropy | Loss::CategoricalCrossentropy => "Cross-entropy",
        Loss::BinaryCrossentropy => "Binary cross-entropy",
        Loss::MeanSquaredError => "Mean squared error",
        Loss::MeanAbsoluteError => "Mean absolute error",
        Loss::Huber { .. } => "Huber loss",
    }
}

/// The text of a network as it is kept beside a run: JSON.
pub fn network_text(graph: &LayerGraph) -> String {
    serde_json::to_string_pretty(graph).expect("a graph has text keys and finite numbers, or null")
}
