//! What is wrong with a file, and where.

use core::fmt;

/// A part of a .tflite file that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewError {
    /// The schema's name of the table.
    pub table: &'static str,
    /// The schema's name of the field; empty for the table itself.
    pub field: &'static str,
    /// Which element of the field, where it is a vector and one element is the trouble.
    pub element: Option<u32>,
    /// Whose table it is.
    pub location: Location,
    /// Bytes from the start of the file to what was read.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// The subgraph and the numbered table that something belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Number of the subgraph.
    pub subgraph: Option<u32>,
    /// Kind and number of an element of a vector, such as tensor 12.
    pub element: Option<(Part, u32)>,
}

/// What messages count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    OperatorCode,
    Tensor,
    Operator,
    Buffer,
    Metadata,
    Signature,
    SignatureEntry,
    ExternalBufferGroup,
    ExternalBuffer,
}

impl Part {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Part::OperatorCode => "operator code",
            Part::Tensor => "tensor",
            Part::Operator => "operator",
            Part::Buffer => "buffer",
            Part::Metadata => "metadata",
            Part::Signature => "signature",
            Part::SignatureEntry => "entry",
            Part::ExternalBufferGroup => "external buffer group",
            Part::ExternalBuffer => "external buffer",
        }
    }
}

/// What is wrong at a place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The file is too short to be a model at all.
    TooShort {
        /// Bytes that a model has at least.
        needed: usize,
        /// Bytes of the file.
        found: usize,
    },
    /// The bytes 4 to 7 are not `TFL3`.
    Identifier {
        /// What they are.
        found: [u8; 4],
    },
    /// Something would lie beyond the end of the file (or before its start).
    OutOfBounds {
        /// First byte that it would take.
        start: i64,
        /// Bytes that it would take.
        needed: u64,
        /// Bytes of the file.
        file: usize,
    },
    /// The description of a table's fields is shorter than its own header.
    Vtable {
        /// Its length in bytes.
        found: u16,
    },
    /// A number outside of the range that the place allows.
    Range {
        /// Smallest number allowed.
        min: i64,
        /// Largest number allowed; less than `min` where there is none at all.
        max: i64,
        /// What the file says.
        found: i64,
    },
}

impl ViewError {
    /// The same error about one element of the field.
    pub fn of_element(self, element: usize) -> Self {
        Self { element: u32::try_from(element).ok(), ..self }
    }

    /// Table, field and owner, without the byte offset: `Tensor.shape (tensor 12 of subgraph 0)`.
    pub fn place(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(|f| {
            f.write_str(self.table)?;
            if !self.field.is_empty() {
                write!(f, ".{}", self.field)?;
            }
            if let Some(element) = self.element {
                write!(f, "[{element}]")?;
            }
            if self.location != Location::default() {
                write!(f, " ({})", self.location)?;
            }
            Ok(())
        })
    }

    pub(super) fn header(problem: Problem, offset: usize) -> Self {
        Self { table: "Model", field: "", element: None, location: Location::default(), offset, problem }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.element, self.subgraph) {
            (Some((part, index)), Some(subgraph)) => {
                write!(f, "{} {index} of subgraph {subgraph}", part.name())
            }
            (Some((part, index)), None) => write!(f, "{} {index}", part.name()),
            (None, Some(subgraph)) => write!(f, "subgraph {subgraph}"),
            (None, None) => f.write_str("the model"),
        }
    }
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.place(), self.offset, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Problem::TooShort { needed, found } => {
                write!(f, "expected at least {needed} bytes, found {found}")
            }
            Problem::Identifier { found } => {
                write!(f, "expected the identifier \"TFL3\", found \"{}\"", found.escape_ascii())
            }
            Problem::OutOfBounds { start, needed, file } => write!(
                f,
                "expected bytes within the file, found {needed} bytes from byte {start} in a file of {file}"
            ),
            Problem::Vtable { found } => {
                write!(f, "expected a field list of 4 bytes or more, found {found}")
            }
            Problem::Range { min, max, found } if max < min => {
                write!(f, "expected none, because there is nothing to refer to, found {found}")
            }
            Problem::Range { min, max, found } => {
                write!(f, "expected a number from {min} to {max}, found {found}")
            }
        }
    }
}

impl core::error::Error for ViewError {}
