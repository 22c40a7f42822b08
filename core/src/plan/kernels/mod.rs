//! What depends on a set of kernels and its version: sizes of an operator's own data and scratch formulas.
//!
//! One file per version; a new ESP-NN adds a file and an entry in [`Kernels::of`].

mod esp_nn_1_2_3;
mod reference;

use super::prepare::Window;
use super::{Chip, KernelSet};
use crate::model::BuiltinOperator;

/// One version of a set of kernels.
#[derive(Debug)]
pub(super) struct Kernels {
    /// The version on the screen.
    pub version: &'static str,
    /// ESP-NN's formulas; `None` for the reference kernels, which need none.
    pub esp_nn: Option<&'static EspNn>,
}

/// What ESP-NN changes in the arena.
#[derive(Debug)]
pub(super) struct EspNn {
    /// Bytes by which ESP-NN's data of an operator exceed those of the reference kernel.
    pub extra_init_bytes: fn(BuiltinOperator) -> u64,
    /// Scratch bytes of an int8 CONV_2D; 0 for no request.
    pub convolution_scratch: fn(Chip, &Window) -> i64,
    /// Scratch bytes of an int8 DEPTHWISE_CONV_2D; 0 for no request.
    pub depthwise_scratch: fn(Chip, &Window) -> i64,
    /// Scratch bytes of an int8 SOFTMAX whose input has `width` as its second dimension.
    pub softmax_scratch: fn(Chip, i64) -> i64,
}

impl Kernels {
    /// The newest version of a set.
    pub fn of(set: KernelSet) -> &'static Self {
        match set {
            KernelSet::Reference => &reference::KERNELS,
            KernelSet::EspNn => &esp_nn_1_2_3::KERNELS,
        }
    }
}
