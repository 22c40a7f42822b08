//! Running a model on the host, with the arithmetic of the chip.

mod arena;
mod compare;
mod memory;
mod predict;
mod source;
mod trace;

pub use arena::{EmberlabArena, emberlab_arena};
pub use compare::{Difference, compare, compare_models};
pub use memory::{Memory, RunError};
pub use predict::{Predictions, outputs_of, predict, semantics_of, set_input, set_inputs};
pub use source::{
    Normalisation, PreparedInput, SourceError, clipped_share, converted, from_npy, from_picture, from_text,
    from_wav, picture_shape,
};
pub(crate) use source::{decode, sound_samples};
pub use trace::{OperatorOutput, Trace};

pub use emberlab_runtime::random_inputs::{Generator, fill};
pub use emberlab_runtime::{Interpreter, Observer, OperatorEvent, Semantics, Stopped};
