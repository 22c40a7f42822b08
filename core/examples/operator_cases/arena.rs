//! The arena of every model: ours must not be larger than that of TFLM on a 32-bit chip.

use emberlab_core::model::Model;
use emberlab_core::plan::{self, Chip, KernelSet, Target};
use emberlab_runtime::{Registry, Semantics, arena_needs};

use super::{ARENA_BYTES, Aligned};

/// Compares the figures; `None` if one of the two refuses the model.
///
/// # Errors
/// What is larger with us.
pub fn compare(model: &Model, bytes: &[u8]) -> Option<Result<(), String>> {
    let theirs = plan::plan(model, Target { chip: Chip::Esp32, kernels: KernelSet::Reference }).ok()?;
    let (file, registry, mut notes) = (Aligned::new(bytes), Registry::default(), vec![0; ARENA_BYTES]);
    let ours = arena_needs(file.as_slice(), &mut notes, Semantics::Tflm, &registry, &mut |_| ()).ok()?;
    let figures = [
        ("used", u64::from(ours.used_bytes), theirs.used_bytes),
        ("smallest", u64::from(ours.minimum_bytes), theirs.minimum_bytes.unwrap_or(u64::MAX)),
    ];
    let larger = figures.into_iter().find(|(_, ours, theirs)| ours > theirs);
    Some(
        larger.map_or(Ok(()), |(name, ours, theirs)| {
            Err(format!("{name} arena {ours} bytes, {theirs} in TFLM"))
        }),
    )
}
