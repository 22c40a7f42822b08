//! Why a model is not prepared.

use core::fmt;

use crate::schema::TensorType;
use crate::tflite_view::ViewError;

/// What stopped [`crate::Interpreter::prepare`], and at which operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrepareError<'a> {
    /// The operator; `None` when it is the model as a whole.
    pub operator: Option<OperatorPlace<'a>>,
    /// What is wrong.
    pub reason: Reason,
}

/// An operator of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorPlace<'a> {
    /// Number of the subgraph; 0 is the main one.
    pub subgraph: u32,
    /// Index in the subgraph, which is also the place in the order of execution.
    pub index: u32,
    /// The schema's name, such as `CONV_2D`, or the name of a custom operator.
    pub name: &'a str,
}

/// Why an operator or a model cannot run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// The file cannot be read.
    File(ViewError),
    /// No kernel for the operator is registered.
    NoKernel,
    /// This version of the kernel leaves the case to the next one in its list. Never reaches a caller of
    /// [`crate::Interpreter::prepare`], except from the last version.
    Declined,
    /// An operand that the operator needs is left out.
    Missing {
        /// The operand, such as `filter`.
        operand: &'static str,
    },
    /// An operand has a type that the kernel does not take.
    Type {
        /// The operand, such as `filter`.
        operand: &'static str,
        /// Its type.
        found: TensorType,
        /// What would be taken.
        expected: &'static str,
    },
    /// A number is not what it has to be.
    Mismatch {
        /// What the number is.
        what: &'static str,
        /// What it is in the model.
        found: i64,
        /// What it has to be.
        expected: i64,
    },
    /// A number lies outside of what the kernel can take.
    Range {
        /// What the number is.
        what: &'static str,
        /// What it is in the model.
        found: i64,
        /// What would be taken.
        expected: &'static str,
    },
    /// An operand has no scale and zero point, or unusable ones.
    Quantization {
        /// The operand, such as `filter`.
        operand: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A case that the runtime does not do; the text is TFLM's own where TFLM refuses the same.
    Unsupported(&'static str),
    /// A size does not fit into 32 bits.
    TooLarge {
        /// What the size is of.
        what: &'static str,
    },
    /// The arena is too small.
    Arena {
        /// Bytes that are needed as far as is known.
        needed: usize,
        /// Bytes that were given, from the first multiple of 16.
        given: usize,
    },
}

impl From<ViewError> for Reason {
    fn from(error: ViewError) -> Self {
        Reason::File(error)
    }
}

impl fmt::Display for PrepareError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operator) = self.operator {
            write!(f, "operator {} {}", operator.index, operator.name)?;
            if operator.subgraph != 0 {
                write!(f, " of subgraph {}", operator.subgraph)?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Reason::File(error) => write!(f, "{error}"),
            Reason::NoKernel => f.write_str("the runtime has no kernel for this operator"),
            Reason::Declined => f.write_str("no version of the kernel takes this case"),
            Reason::Missing { operand } => write!(f, "{operand} is left out, but the operator needs it"),
            Reason::Type { operand, found, expected } => {
                write!(f, "{operand} is {found}, expected {expected}")
            }
            Reason::Mismatch { what, found, expected } => {
                write!(f, "{what} is {found}, expected {expected}")
            }
            Reason::Range { what, found, expected } => write!(f, "{what} is {found}, expected {expected}"),
            Reason::Quantization { operand, problem } => write!(f, "quantization of {operand}: {problem}"),
            Reason::Unsupported(text) => f.write_str(text),
            Reason::TooLarge { what } => write!(f, "{what} does not fit into 32 bits"),
            Reason::Arena { needed, given } => {
                write!(f, "the arena has {given} bytes, at least {needed} are needed")
            }
        }
    }
}

impl core::error::Error for PrepareError<'_> {}
