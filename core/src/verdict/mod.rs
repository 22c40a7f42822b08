//! Will this model run on the chip, and on which kernels? Said before flashing.

use std::fmt;

use crate::model::{Model, OperatorId, SubgraphId, TensorId};
use crate::plan::Target;

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

/// The verdict on every operator of every subgraph, in order.
pub fn operators(model: &Model, _target: Target) -> Vec<OperatorVerdict> {
    let subgraphs = model.subgraphs.iter().enumerate();
    subgraphs
        .flat_map(|(index, subgraph)| {
            (0..subgraph.operators.len()).map(move |operator| OperatorVerdict {
                subgraph: SubgraphId(index as u32),
                operator: OperatorId(operator as u32),
                kernel: Kernel::Reference(None),
            })
        })
        .collect()
}

/// Everything that deserves attention before flashing.
pub fn diagnostics(_model: &Model, _target: Target) -> Vec<Diagnostic> {
    Vec::new()
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
