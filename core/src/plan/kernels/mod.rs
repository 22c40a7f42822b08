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
pub(crate) struct Kernels {
    /// The version on the screen.
    pub version: &'static str,
    /// ESP-NN's formulas; `None` for the reference kernels, which need none.
    pub esp_nn: Option<&'static EspNn>,
}

/// What ESP-NN changes in the arena.
#[derive(Debug)]
pub(crate) struct EspNn {
    /// Bytes by which ESP-NN's data of an operator exceed those of the reference kernel.
    pub extra_init_bytes: fn(BuiltinOperator) -> u64,
    /// Scratch bytes of an int8 CONV_2D; 0 for no request.
    pub convolution_scratch: fn(Chip, &Window) -> i64,
    /// Scratch bytes of an int8 DEPTHWISE_CONV_2D; 0 for no request.
    pub depthwise_scratch: fn(Chip, &Window) -> i64,
    /// Scratch bytes of an int8 SOFTMAX whose input has `width` as its second dimension.
    pub softmax_scratch: fn(Chip, i64) -> i64,
    /// How it runs an int8 operator.
    pub conduct: fn(Chip, &Int8Operator) -> Conduct,
}

/// An int8 operator that ESP-NN has a kernel for, with what decides how it runs.
#[derive(Clone, Debug)]
pub(crate) enum Int8Operator {
    Convolution { window: Window, filter_channels: i64 },
    Depthwise(Window),
    Pooling { channels: i64 },
    Dense { batches: i64, depth: i64, units: i64, input_zero_point: i32 },
    Elementwise,
    Softmax { second_dimension: i64, row: i64 },
}

/// How a kernel runs an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conduct {
    /// SIMD instructions do the work.
    pub is_simd: bool,
    /// Why it is slower than it could be.
    pub remark: Option<&'static str>,
    pub hazards: Vec<Hazard>,
}

/// A way in which a kernel is known to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hazard {
    /// Results are wrong, rather than in danger under some conditions.
    pub is_certain: bool,
    pub message: String,
    pub help: &'static str,
}

impl Conduct {
    fn of(is_simd: bool) -> Self {
        Self { is_simd, remark: None, hazards: Vec::new() }
    }

    /// C in place of SIMD.
    fn slow(remark: &'static str) -> Self {
        Self { remark: Some(remark), ..Self::of(false) }
    }

    /// SIMD with extra work.
    fn hindered(remark: &'static str) -> Self {
        Self { remark: Some(remark), ..Self::of(true) }
    }
}

impl Int8Operator {
    /// The dimensions that ESP-NN takes.
    fn dimensions(&self) -> Vec<i64> {
        match self {
            Self::Convolution { window, .. } | Self::Depthwise(window) => vec![
                window.input_width,
                window.input_height,
                window.input_channels,
                window.output_width,
                window.output_height,
                window.output_channels,
            ],
            Self::Dense { depth, units, .. } => vec![*depth, *units],
            Self::Pooling { channels } => vec![*channels],
            Self::Elementwise | Self::Softmax { .. } => Vec::new(),
        }
    }
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
