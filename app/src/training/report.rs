//! How right the weights of a run are about samples that it was not trained on.

use emberlab_core::dataset::{PreparedPart, Targets};
use emberlab_core::evaluate::{ClassEvaluation, Evaluation, ValueEvaluation};
use emberlab_core::training::TrainingConfig;
use emberlab_train::{Network, TrainError, evaluate, predict};
use serde::{Deserialize, Serialize};

use super::TrainingData;

/// Samples with the largest errors that a report keeps.
const MAX_WORST: usize = 64;
/// Pairs of target and prediction that a report keeps; evenly chosen of more.
const MAX_PAIRS: usize = 4000;

/// How right weights are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// Whose samples.
    pub part: TestedPart,
    /// Number of samples.
    pub samples: usize,
    /// Mean loss, penalties on weights included.
    pub loss: f32,
    /// Everything else.
    pub figures: Figures,
    /// The samples that deserve a look, the worst first.
    pub worst: Vec<WorstSample>,
}

/// Whose samples a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestedPart {
    /// The test samples.
    Test,
    /// The validation samples, because there are no test samples.
    Validation,
}

/// Figures of classes, or of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figures {
    /// Predictions of classes.
    Classes {
        /// Samples whose class was said.
        right: u64,
        /// The share of them, 0 to 1.
        accuracy: f64,
        /// Means over the classes with samples: precision, recall, F1.
        means: [f64; 3],
        /// Every class, in the order of the numbers.
        classes: Vec<ClassRow>,
        /// Counts of samples by their class, then by the class that was said.
        confusion: Vec<Vec<u64>>,
    },
    /// Predictions of numbers.
    Values {
        /// Mean absolute error.
        mean_absolute_error: f64,
        /// Root of the mean squared error.
        root_mean_squared_error: f64,
        /// Mean of predictions less targets.
        bias: f64,
        /// The largest absolute error.
        largest_error: f64,
        /// The share of the targets' variance that is explained; `None` if all are equal.
        r_squared: Option<f64>,
        /// Targets and predictions.
        pairs: Vec<[f32; 2]>,
        /// What the numbers are called.
        names: Vec<String>,
    },
}

/// Figures of a class; a share of nothing is `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassRow {
    /// Its name.
    pub name: String,
    /// Samples of it.
    pub support: u64,
    /// The share of it among samples of which it was said.
    pub precision: Option<f64>,
    /// The share of its samples of which it was said.
    pub recall: Option<f64>,
    /// Harmonic mean of both.
    pub f1: Option<f64>,
}

/// A sample that deserves a look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorstSample {
    /// Number among the samples of the part.
    pub sample: usize,
    /// Number of the recording in the set.
    pub recording: usize,
    /// First step of the window.
    pub first_step: usize,
    /// Name of the recording; empty where it is not at hand.
    pub name: String,
    /// What it is: the class, or the first number.
    pub is: String,
    /// What was said.
    pub said: String,
    /// The share that its class got, 0 to 1; of numbers the squared error.
    pub figure: f32,
}

impl TestReport {
    /// The share of samples whose class was said; `None` for numbers.
    pub fn accuracy(&self) -> Option<f64> {
        match &self.figures {
            Figures::Classes { accuracy, .. } => Some(*accuracy),
            Figures::Values { .. } => None,
        }
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("names are text, and numbers that are none become null")
    }

    /// The report of a file.
    ///
    /// # Errors
    /// It is none; in words.
    pub fn from_json(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }
}

/// How right a network is about the test samples, else about the validation samples; `None` where there are neither.
///
/// # Errors
/// Network and samples do not belong together; in words.
pub fn report(
    network: &Network,
    data: &TrainingData,
    config: &TrainingConfig,
) -> Result<Option<TestReport>, TrainError> {
    let prepared = &data.prepared;
    let parts = [(TestedPart::Test, &prepared.test), (TestedPart::Validation, &prepared.validation)];
    let Some((part, samples)) = parts.into_iter().find(|(_, part)| part.samples.count > 0) else {
        return Ok(None);
    };
    let tested = evaluate(network, &samples.samples, config)?;
    let (figures, worst) = match &tested.evaluation {
        Evaluation::Classes(found) => {
            (classes(found, &prepared.classes), worst_classes(found, samples, data))
        }
        Evaluation::Values(found) => {
            let outputs = predict(network, &samples.samples)?;
            let names = prepared.value_names.clone();
            (values(found, samples, &outputs, names), worst_values(found, samples, &outputs, data))
        }
    };
    Ok(Some(TestReport { part, samples: samples.samples.count, loss: tested.loss, figures, worst }))
}

fn classes(found: &ClassEvaluation, names: &[String]) -> Figures {
    let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let rows = found.classes.iter().enumerate().map(|(class, figures)| ClassRow {
        name: name(class),
        support: figures.support,
        precision: figures.precision,
        recall: figures.recall,
        f1: figures.f1,
    });
    Figures::Classes {
        right: (0..found.confusion.len()).map(|class| found.confusion[class][class]).sum(),
        accuracy: found.accuracy,
        means: found.macro_means(),
        classes: rows.collect(),
        confusion: found.confusion.clone(),
    }
}

fn worst_classes(found: &ClassEvaluation, part: &PreparedPart, data: &TrainingData) -> Vec<WorstSample> {
    let name =
        |class: u32| data.prepared.classes.get(class as usize).cloned().unwrap_or_else(|| class.to_string());
    let Targets::Classes { labels, .. } = &part.samples.targets else { return Vec::new() };
    let sample = |sample: usize| WorstSample {
        is: name(labels[sample]),
        said: name(found.said[sample]),
        figure: found.confidence[sample],
        ..origin(sample, part, data)
    };
    found.worst().into_iter().take(MAX_WORST).map(sample).collect()
}

/// Targets of all samples, one after another.
fn targets(part: &PreparedPart) -> &[f32] {
    match &part.samples.targets {
        Targets::Values { values, .. } => values,
        Targets::Inputs => part.samples.inputs.first().map_or(&[], |input| &input.values),
        Targets::Classes { .. } | Targets::None => &[],
    }
}

fn values(found: &ValueEvaluation, part: &PreparedPart, outputs: &[f32], names: Vec<String>) -> Figures {
    let targets = targets(part);
    let every = targets.len().div_ceil(MAX_PAIRS).max(1);
    let pairs = targets.iter().zip(outputs).step_by(every).map(|(target, said)| [*target, *said]);
    Figures::Values {
        mean_absolute_error: found.mean_absolute_error,
        root_mean_squared_error: found.root_mean_squared_error(),
        bias: found.bias,
        largest_error: found.largest_error,
        r_squared: found.r_squared,
        pairs: pairs.collect(),
        names,
    }
}

fn worst_values(
    found: &ValueEvaluation,
    part: &PreparedPart,
    outputs: &[f32],
    data: &TrainingData,
) -> Vec<WorstSample> {
    let targets = targets(part);
    let width = targets.len() / part.samples.count.max(1);
    let text = |values: &[f32], sample: usize| match values.get(sample * width..(sample + 1) * width) {
        Some([value]) => crate::theme::format::significant(f64::from(*value), 4),
        Some(values) => format!("{} numbers", values.len()),
        None => String::new(),
    };
    let sample = |sample: usize| WorstSample {
        is: text(targets, sample),
        said: text(outputs, sample),
        figure: found.sample_errors[sample],
        ..origin(sample, part, data)
    };
    found.worst().into_iter().take(MAX_WORST).map(sample).collect()
}

fn origin(sample: usize, part: &PreparedPart, data: &TrainingData) -> WorstSample {
    let origin = part.origins.get(sample);
    let recording = origin.map_or(0, |origin| origin.recording);
    let name = data.dataset.as_ref().and_then(|dataset| dataset.recordings.get(recording));
    WorstSample {
        sample,
        recording,
        first_step: origin.map_or(0, |origin| origin.first_step),
        name: name.map(|recording| recording.name.clone()).unwrap_or_default(),
        is: String::new(),
        said: String::new(),
        figure: 0.0,
    }
}
