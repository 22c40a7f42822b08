//! Why a file is not a model, and what to try.

use emberlab_runtime::tflite_view::{Problem, ViewError};

use super::Format;

/// Why bytes cannot be read as a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// The bytes are something else, which was recognised.
    #[error("this is {}, not a model: {evidence}", format.label())]
    OtherFormat {
        /// What it is.
        format: Format,
        /// What it was recognised by.
        evidence: String,
    },
    /// The bytes are not a .tflite file and nothing else that is known.
    #[error("this is not a .tflite file: {0}")]
    Unrecognised(ViewError),
    /// Something that the file refers to lies beyond its end.
    #[error("the file is cut short or damaged: {0}")]
    CutShort(ViewError),
    /// A number in the file makes no sense at its place.
    #[error("the file is damaged: {0}")]
    Damaged(ViewError),
    /// Tables or data share bytes so often that the model would be much larger than its file.
    #[error(
        "the file is damaged: {place} at byte {offset}: expected data of its own, found the same bytes over and over (more than {limit} bytes in all from a file of {file_bytes})"
    )]
    Repetitive {
        /// Table and field at which the limit was reached.
        place: String,
        /// Bytes from the start of the file to that table.
        offset: usize,
        /// Bytes that a model of a file of this size may take.
        limit: u64,
        /// Bytes of the file.
        file_bytes: usize,
    },
}

impl ReadError {
    /// The table, field, subgraph, tensor or operator that the trouble is in; empty where it is the file as a whole.
    pub fn place(&self) -> String {
        match self {
            ReadError::Empty | ReadError::OtherFormat { .. } | ReadError::Unrecognised(_) => String::new(),
            ReadError::CutShort(error) | ReadError::Damaged(error) => error.place().to_string(),
            ReadError::Repetitive { place, .. } => place.clone(),
        }
    }

    /// Bytes from the start of the file to the trouble.
    pub fn offset(&self) -> Option<usize> {
        match self {
            ReadError::Empty | ReadError::OtherFormat { .. } => None,
            ReadError::Unrecognised(error) | ReadError::CutShort(error) | ReadError::Damaged(error) => {
                Some(error.offset)
            }
            ReadError::Repetitive { offset, .. } => Some(*offset),
        }
    }

    /// What to try.
    pub fn help(&self) -> &'static str {
        match self {
            ReadError::Empty => {
                "Export or download the model again: the last attempt wrote nothing. A full disk does this, too."
            }
            ReadError::OtherFormat { format, .. } => format.help(),
            ReadError::Unrecognised(_) => {
                "Choose a file that a TensorFlow Lite converter wrote; its bytes 4 to 7 are TFL3."
            }
            ReadError::CutShort(_) => {
                "Compare the size of the file with the original's, then download or copy it again."
            }
            ReadError::Damaged(_) | ReadError::Repetitive { .. } => {
                "Download or copy the file again; if it stays the same, convert the model anew."
            }
        }
    }
}

impl From<ViewError> for ReadError {
    fn from(error: ViewError) -> Self {
        match error.problem {
            Problem::OutOfBounds { start, .. } if start >= 0 => ReadError::CutShort(error),
            Problem::OutOfBounds { .. } | Problem::Vtable { .. } | Problem::Range { .. } => {
                ReadError::Damaged(error)
            }
            Problem::TooShort { .. } | Problem::Identifier { .. } => ReadError::Unrecognised(error),
        }
    }
}
