//! What a variant costs on a chip.

use std::io::Write as _;

use emberlab_core::cost::{self, Estimate};
use emberlab_core::model::Model;
use emberlab_core::plan::{Target, plan};
use emberlab_core::verdict::{self, Outcome};

/// Figures of a variant on one target.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantCosts {
    /// Chip and kernels.
    pub target: Target,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of the file as gzip packs it, for updates over the air.
    pub gzip_bytes: u64,
    /// The smallest arena that allocates; `None` where TFLM does not run the model.
    pub arena_minimum_bytes: Option<u64>,
    /// How long it takes, an estimate.
    pub latency: Estimate,
    /// Where it runs.
    pub outcome: Outcome,
}

impl VariantCosts {
    /// `host` or the name of the chip, as the command line says it.
    pub fn runs_on(&self) -> &'static str {
        match self.outcome {
            Outcome::Runs => self.target.chip.id(),
            Outcome::HostOnly { .. } | Outcome::Refused { .. } => "host only",
        }
    }
}

/// What a model and its file cost on a target.
pub fn variant_costs(model: &Model, file: &[u8], target: Target) -> VariantCosts {
    let verdicts = verdict::operators(model, target);
    let outcome = verdict::outcome(model, target);
    let arena = plan(model, target).ok().filter(|_| outcome == Outcome::Runs);
    VariantCosts {
        target,
        file_bytes: file.len() as u64,
        gzip_bytes: gzip_bytes(file),
        arena_minimum_bytes: arena.and_then(|plan| plan.minimum_bytes),
        latency: cost::estimate_with(model, target, &verdicts),
        outcome,
    }
}

fn gzip_bytes(file: &[u8]) -> u64 {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    // Writing into memory does not fail.
    packer.write_all(file).ok();
    packer.finish().map_or(0, |packed| packed.len() as u64)
}
