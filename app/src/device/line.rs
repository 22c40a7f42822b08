//! A line that carries bytes.

use std::io;
use std::time::Duration;

/// A line to a board.
pub trait Line: Send {
    /// Waits for bytes for at most `patience`; 0 if none came.
    ///
    /// # Errors
    /// The line is gone.
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize>;

    /// Sends bytes.
    ///
    /// # Errors
    /// The line is gone, or takes nothing any more.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Why a line cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}. {help}")]
pub struct OpenError {
    /// What is wrong.
    pub message: String,
    /// What to try.
    pub help: String,
}
