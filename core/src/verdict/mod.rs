//! Will this model run on the chip, and on which kernels? Said before flashing.

mod kernels;
mod memory;
mod model_wide;
mod refusals;
mod survey;

use std::fmt;

use crate::model::{Model, OperatorId, SubgraphId, TensorId};
use crate::plan::Target;
use survey::Survey;

/// What is known about one operator on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorVerdict {
    /// Subgraph of the operator.
    pub subgraph: SubgraphId,
    /// The operator.
    pub operator: OperatorId,
    /// Which kernel runs it, or why none does.
    pub kernel: Kernel,
}

/// Which kernel runs an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// ESP-NN with SIMD assembly (ESP32-S3, ESP32-P4).
    EspNnSimd,
    /// ESP-NN's generic C kernels.
    EspNnGeneric,
    /// TFLM's reference kernel; the text says why ESP-NN has none, if ESP-NN was asked for.
    Reference(Option<String>),
    /// No arithmetic: the operator only moves or renames memory.
    Copy,
    /// TFLM does not run it.
    Refused {
        /// TFLM's reason.
        reason: String,
        /// What to try.
        help: String,
    },
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The model does not run, or gives wrong results.
    Error,
    /// It runs, but not as one would expect.
    Warning,
    /// Worth knowing.
    Note,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The model as a whole.
    Model,
    /// A subgraph.
    Subgraph(SubgraphId),
    /// An operator.
    Operator(SubgraphId, OperatorId),
    /// A tensor.
    Tensor(SubgraphId, TensorId),
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    pub place: Place,
    /// What is the matter, in one sentence.
    pub message: String,
    /// What to try.
    pub help: String,
}

/// What becomes of a model on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// TFLM prepares and runs it.
    Runs,
    /// It runs on a desktop only: dynamic-range quantization or float16.
    HostOnly {
        /// Why.
        reason: String,
        /// The way out.
        help: String,
    },
    /// TFLM does not run it.
    Refused {
        /// TFLM's first reason.
        reason: String,
        /// What to try.
        help: String,
    },
}

/// What becomes of the model as a whole.
pub fn outcome(model: &Model, target: Target) -> Outcome {
    let survey = Survey::new(model, target);
    let Some((reason, help)) = survey.first_refusal() else {
        return Outcome::Runs;
    };
    match survey.host_only() {
        Some((_, help)) => Outcome::HostOnly { reason, help: help.to_owned() },
        None => Outcome::Refused { reason, help },
    }
}

/// The verdict on every operator of every subgraph, in order.
pub fn operators(model: &Model, target: Target) -> Vec<OperatorVerdict> {
    Survey::new(model, target).operators()
}

/// Everything that deserves attention before flashing: first what is wrong with the model itself, then what TFLM and
/// its kernels on the target make of it.
pub fn diagnostics(model: &Model, target: Target) -> Vec<Diagnostic> {
    let survey = Survey::new(model, target);
    let mut findings = model.diagnose();
    findings.extend(refusals::findings(&survey));
    findings.extend(kernels::findings(&survey));
    findings.extend(model_wide::findings(&survey));
    findings.extend(memory::findings(&survey));
    findings
}

impl OperatorVerdict {
    /// TFLM runs the operator.
    pub fn supported(&self) -> bool {
        !matches!(self.kernel, Kernel::Refused { .. })
    }

    /// The kernel in words, such as `ESP-NN, SIMD`.
    pub fn kernel_text(&self) -> String {
        match &self.kernel {
            Kernel::EspNnSimd => "ESP-NN, SIMD".to_owned(),
            Kernel::EspNnGeneric => "ESP-NN, C".to_owned(),
            Kernel::Reference(None) => "TFLM reference".to_owned(),
            Kernel::Reference(Some(reason)) => format!("TFLM reference: {reason}"),
            Kernel::Copy => "no arithmetic".to_owned(),
            Kernel::Refused { reason, .. } => format!("not supported: {reason}"),
        }
    }
}

impl Diagnostic {
    fn new(severity: Severity, place: Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity, place, message: message.into(), help: help.into() }
    }
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |f: &mut fmt::Formatter<'_>, subgraph: &SubgraphId| match subgraph.0 {
            0 => Ok(()),
            number => write!(f, " of subgraph {number}"),
        };
        match self {
            Place::Model => write!(f, "model"),
            Place::Subgraph(subgraph) => write!(f, "subgraph {}", subgraph.0),
            Place::Operator(subgraph, operator) => {
                write!(f, "operator #{}", operator.0)?;
                within(f, subgraph)
            }
            Place::Tensor(subgraph, tensor) => {
                write!(f, "tensor t{}", tensor.0)?;
                within(f, subgraph)
            }
        }
    }
}
