//! The chip and kernels that a command is about.

use clap::ValueEnum;
use emberlab_core::plan::{Chip, KernelSet, Target};

use super::Failure;

#[derive(clap::Args)]
pub(super) struct TargetArguments {
    /// Chip (esp32, esp32s2, esp32s3, esp32c3, esp32c6, esp32p4) or host64, the 64-bit desktop
    #[arg(long, default_value = "esp32", value_parser = chip_from_text)]
    target: Chip,
    /// Kernels that the firmware is built with; esp-nn by default on chips
    #[arg(long)]
    kernels: Option<Kernels>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kernels {
    Reference,
    EspNn,
}

impl TargetArguments {
    /// The target that was asked for.
    pub(super) fn target(&self) -> Result<Target, Failure> {
        let mut target = Target::new(self.target);
        match (self.target, self.kernels) {
            (_, None) => {}
            (Chip::Host64, Some(Kernels::EspNn)) => {
                return Err(Failure("host64 has only the reference kernels; leave out --kernels".to_owned()));
            }
            (_, Some(Kernels::Reference)) => target.kernels = KernelSet::Reference,
            (_, Some(Kernels::EspNn)) => target.kernels = KernelSet::EspNn,
        }
        Ok(target)
    }
}

pub(super) fn chip_from_text(text: &str) -> Result<Chip, String> {
    Chip::from_id(text).ok_or_else(|| {
        let known = Chip::ALL.map(Chip::id).join(", ");
        format!("no such target; known are {known}")
    })
}
