//! The memory that an interpreter runs in: the model at an address that chips would have, and its arena.

use emberlab_runtime::{Interpreter, PrepareError, Registry, Semantics};
use thiserror::Error;

use super::arena::arena_of_aligned;

/// Largest arena that is allocated on the host: what a file claims is not proof that it needs it.
const MAX_ARENA_BYTES: usize = 1 << 30;

/// The bytes of a model, and an arena for it.
///
/// An [`Interpreter`] borrows both, so make one with [`Memory::interpreter`] and keep it as long as invocations should
/// continue one another.
pub struct Memory {
    model: Vec<u128>,
    model_bytes: usize,
    arena: Vec<u128>,
    semantics: Semantics,
}

/// Why a model cannot run here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RunError {
    /// Subgraph and index of the operator; `None` when it is the model as a whole.
    pub operator: Option<(u32, u32)>,
    /// What is wrong, naming the operator.
    pub message: String,
}

impl RunError {
    pub(super) fn new(error: &PrepareError<'_>) -> Self {
        Self {
            operator: error.operator.map(|place| (place.subgraph, place.index)),
            message: error.to_string(),
        }
    }
}

impl Memory {
    /// Copies the model to where its constants are aligned, and makes room for its arena.
    ///
    /// # Errors
    /// The file is broken, an operator cannot run, or the arena would be larger than 1 GiB.
    pub fn new(model: &[u8], semantics: Semantics) -> Result<Self, RunError> {
        let mut aligned = vec![0u128; model.len().div_ceil(16)];
        bytemuck::cast_slice_mut(&mut aligned)[..model.len()].copy_from_slice(model);
        let mut memory = Self { model: aligned, model_bytes: model.len(), arena: Vec::new(), semantics };
        memory.arena = vec![0u128; memory.arena_bytes()?.div_ceil(16)];
        Ok(memory)
    }

    /// Bytes of the arena.
    pub fn arena_len(&self) -> usize {
        self.arena.len() * 16
    }

    /// Prepares the model in the arena; variable tensors start at zero.
    ///
    /// # Errors
    /// As [`Memory::new`].
    pub fn interpreter(&mut self) -> Result<Interpreter<'_>, RunError> {
        let model = &bytemuck::cast_slice(&self.model)[..self.model_bytes];
        let arena = bytemuck::cast_slice_mut(&mut self.arena);
        Interpreter::prepare(model, arena, self.semantics, &Registry::default())
            .map_err(|error| RunError::new(&error))
    }

    fn arena_bytes(&self) -> Result<usize, RunError> {
        let model: &[u8] = &bytemuck::cast_slice(&self.model)[..self.model_bytes];
        let bytes = arena_of_aligned(model, self.semantics)?.needs.minimum_bytes;
        if bytes as usize > MAX_ARENA_BYTES {
            let message = format!("the arena would take {bytes} bytes, more than 1 GiB; use a smaller model");
            return Err(RunError { operator: None, message });
        }
        Ok(bytes as usize)
    }
}
