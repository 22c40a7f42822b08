//! What a model takes of an arena.

use crate::error::{PrepareError, Reason};
use crate::prepare::Semantics;
use crate::registry::Registry;
use crate::tflite_view::ModelView;

use super::aligned_to_16;
use super::build::build;

/// Bytes that a prepared model takes of an arena, the same on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaNeeds {
    /// Everything that stays taken: `persistent_bytes` and `nonpersistent_bytes`.
    pub used_bytes: u32,
    /// Planned tensors and scratch buffers.
    pub nonpersistent_bytes: u32,
    /// Words of preparation, variable tensors and state of kernels.
    pub persistent_bytes: u32,
    /// The smallest arena, a multiple of 16, in which the model can be prepared and run. More than `used_bytes` where
    /// preparation needs more notes than running needs tensors.
    pub minimum_bytes: u32,
    /// Bytes of the second workspace that the chosen versions of the kernels use; 0 on chips.
    pub workspace_bytes: usize,
    /// Number of allocation scopes: scope 0 lies before the first operator.
    pub n_scopes: u32,
}

/// What a planned buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedUse {
    /// A tensor by its number.
    Tensor(u32),
    /// A scratch buffer of an operator; the second number counts the operator's buffers from 0.
    Scratch(u32, u32),
}

/// One buffer of the planned memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedBuffer {
    /// Number of the subgraph.
    pub subgraph: u32,
    /// What it holds.
    pub usage: PlannedUse,
    /// Bytes asked for.
    pub bytes: u32,
    /// Bytes rounded up to 16.
    pub size: u32,
    /// Bytes from the start of the planned memory.
    pub offset: u32,
    /// First allocation scope, inclusive.
    pub first_used: u16,
    /// Last allocation scope, inclusive.
    pub last_used: u16,
}

/// Computes what a model takes of an arena, without the memory for its tensors: `notes` has to have room for the words of
/// preparation only. `planned` is called for every planned buffer, in the order of tensors.
///
/// # Errors
/// As [`super::Interpreter::prepare`]; [`Reason::Arena`] when `notes` is too short.
pub fn arena_needs<'a>(
    model: &'a [u8],
    notes: &mut [u8],
    semantics: Semantics,
    registry: &Registry<'a>,
    planned: &mut dyn FnMut(PlannedBuffer),
) -> Result<ArenaNeeds, PrepareError<'a>> {
    let model = ModelView::new_checked(model)
        .map_err(|error| PrepareError { operator: None, reason: Reason::File(error) })?;
    let built = build(model, aligned_to_16(notes), 0, semantics, registry, planned)?;
    Ok(built.needs)
}
