//! Running a model on the host, with the arithmetic of the chip.

mod input;
mod memory;
mod trace;

pub use input::{Generator, fill};
pub use memory::{Memory, RunError};
pub use trace::{OperatorOutput, Trace};

pub use emberlab_runtime::{Interpreter, Observer, OperatorEvent, Semantics, Stopped};
