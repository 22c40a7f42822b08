//! The arena of our own runtime, from the bytes of a model; the same on every machine.

use emberlab_runtime::{ArenaNeeds, PlannedBuffer, PrepareError, Reason, Registry, Semantics, arena_needs};

use super::memory::RunError;

/// Notes of preparation beyond this are not taken: what a file claims is not proof that it needs it.
const MAX_NOTES_BYTES: usize = 1 << 30;

/// What a model takes of the arena of Emberlab's runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct EmberlabArena {
    /// Bytes.
    pub needs: ArenaNeeds,
    /// Tensors and scratch buffers, in the order of tensors.
    pub buffers: Vec<PlannedBuffer>,
    /// Largest sum of live bytes (rounded up to 16 each) over all scopes: no plan can be smaller.
    pub lower_bound_bytes: u64,
}

/// Computes what a model takes of an arena.
///
/// # Errors
/// The file is broken, or an operator cannot run.
pub fn emberlab_arena(model: &[u8], semantics: Semantics) -> Result<EmberlabArena, RunError> {
    // Constants are read where they lie; on a chip the file begins at a multiple of 16.
    let mut aligned = vec![0u128; model.len().div_ceil(16)];
    bytemuck::cast_slice_mut(&mut aligned)[..model.len()].copy_from_slice(model);
    arena_of_aligned(&bytemuck::cast_slice(&aligned)[..model.len()], semantics)
}

/// The same for bytes that lie at a multiple of 16.
pub(super) fn arena_of_aligned(model: &[u8], semantics: Semantics) -> Result<EmberlabArena, RunError> {
    // Preparation takes a few words for every tensor and operator, which take more than that in the file.
    let mut notes = vec![0u128; model.len().div_ceil(16).max(256)];
    loop {
        let mut buffers = Vec::new();
        let notes_bytes = bytemuck::cast_slice_mut(&mut notes);
        let mut keep = |buffer| buffers.push(buffer);
        match arena_needs(model, notes_bytes, semantics, &Registry::default(), &mut keep) {
            Ok(needs) => {
                let lower_bound_bytes = lower_bound(&buffers, needs.n_scopes);
                return Ok(EmberlabArena { needs, buffers, lower_bound_bytes });
            }
            Err(PrepareError { reason: Reason::Arena { .. }, .. }) if notes.len() * 16 < MAX_NOTES_BYTES => {
                let longer = notes.len() * 4;
                notes = vec![0u128; longer];
            }
            Err(error) => return Err(RunError::new(&error)),
        }
    }
}

fn lower_bound(buffers: &[PlannedBuffer], n_scopes: u32) -> u64 {
    // What begins and ends in each scope, so that long models take no more than one pass.
    let mut changes = vec![0i64; n_scopes as usize + 2];
    for buffer in buffers {
        let (first, last) = (usize::from(buffer.first_used), usize::from(buffer.last_used));
        if last + 1 < changes.len() && first <= last {
            changes[first] += i64::from(buffer.size);
            changes[last + 1] -= i64::from(buffer.size);
        }
    }
    let mut live = 0;
    let sums = changes.iter().map(|change| {
        live += change;
        live
    });
    sums.max().unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BuiltinOperator, ModelBuilder, Options, Tensor, TensorType};
    use crate::tflite;

    fn two_layers() -> Vec<u8> {
        let mut builder = ModelBuilder::new("two RELUs");
        let tensor = |name, size| Tensor::new(name, TensorType::Float32, &[1, size]);
        let x = builder.input(tensor("x", 100));
        let y = builder.tensor(tensor("y", 100));
        let z = builder.tensor(tensor("z", 100));
        builder.operator(BuiltinOperator::RELU, [x], [y]);
        builder.operator(BuiltinOperator::RELU, [y], [z]);
        builder.output(z);
        tflite::write(&builder.build()).expect("a sound model")
    }

    #[test]
    fn two_of_three_tensors_are_alive_at_once() {
        let arena = emberlab_arena(&two_layers(), Semantics::Tflm).expect("RELU is float");
        assert_eq!(arena.buffers.len(), 3);
        assert_eq!(arena.lower_bound_bytes, 800);
        assert_eq!(arena.needs.nonpersistent_bytes, 800);
        assert_eq!(
            arena.needs.used_bytes,
            arena.needs.nonpersistent_bytes + arena.needs.persistent_bytes,
            "{:?}",
            arena.needs
        );
    }

    #[test]
    fn an_operator_that_cannot_run_is_named() {
        let mut builder = ModelBuilder::new("no such operator");
        let x = builder.input(Tensor::new("x", TensorType::Float32, &[1, 4]));
        let y = builder.tensor(Tensor::new("y", TensorType::Float32, &[1, 4]));
        builder.operator(BuiltinOperator::DENSIFY, [x], [y]).options = Some(Options::new("DensifyOptions"));
        builder.output(y);
        let bytes = tflite::write(&builder.build()).expect("a sound file");
        let error = emberlab_arena(&bytes, Semantics::Tflm).expect_err("nothing runs it");
        assert_eq!(error.operator, Some((0, 0)));
    }
}
