//! `.tflite` files: bytes to [`Model`](crate::model::Model) and back.
//!
//! Reading goes through [`emberlab_runtime::tflite_view`], the same view that the chip uses; writing and verifying go
//! through the `flatbuffers` crate, driven by the schema tables of [`crate::schema`].

mod associated;
mod error;
mod format;
mod read;
mod write;

pub use associated::{FileMetadata, StatedNormalisation, file_metadata};
pub use error::ReadError;
pub use format::Format;
pub use read::{ReadNote, read, read_with_notes};
pub use write::{VerifyError, WriteError, verify, write};
