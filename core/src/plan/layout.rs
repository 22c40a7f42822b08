//! Sizes of TFLM's own structures, which the tail of the arena is made of.

use super::Chip;
use super::{layout_32, layout_64};

/// Sizes in bytes of TFLM's structures in one build.
#[derive(Debug)]
pub(super) struct Layout {
    /// A pointer, and with it `size_t`.
    pub pointer: u64,
    /// Alignment of a structure that holds pointers.
    pub align: u64,
    pub arena_allocator: u64,
    pub memory_planner: u64,
    pub micro_allocator: u64,
    pub builtin_data_allocator: u64,
    /// One per subgraph.
    pub subgraph_allocations: u64,
    pub tensor: u64,
    pub eval_tensor: u64,
    pub node_and_registration: u64,
    pub affine_quantization: u64,
    pub scratch_handle: u64,
    /// What an operator's request for a scratch buffer takes while the model is prepared.
    pub scratch_request: u64,
    /// What a tensor or scratch buffer takes while lifetimes are found.
    pub allocation_info: u64,
    /// What a buffer takes while the greedy planner places it.
    pub planner_buffer: u64,
    pub resource_variables: u64,
    pub resource_variable: u64,
    pub circular_buffer: u64,
    /// What the recording interpreter of the reference wheel adds, 0 on chips.
    pub recorder: u64,
    /// Which member of the pairs in the operator tables counts.
    pub width: Width,
}

/// Width of a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// 32 bits: every chip.
    Chip,
    /// 64 bits: the reference wheel.
    Host,
}

/// A size that depends on the width of a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Bytes with 32-bit pointers.
    pub chip: u64,
    /// Bytes in the reference wheel, with 64-bit pointers.
    pub host: u64,
}

impl Size {
    /// The same with every width.
    pub const fn same(bytes: u64) -> Self {
        Self { chip: bytes, host: bytes }
    }

    /// Bytes on a chip and in the reference wheel.
    pub const fn pair(chip: u64, host: u64) -> Self {
        Self { chip, host }
    }

    /// Bytes for a width.
    pub fn of(self, width: Width) -> u64 {
        match width {
            Width::Chip => self.chip,
            Width::Host => self.host,
        }
    }
}

impl Layout {
    /// The layout of a build for `chip`.
    pub fn of(chip: Chip) -> &'static Self {
        match chip {
            Chip::Host64 => &layout_64::LAYOUT,
            Chip::Esp32 | Chip::Esp32s2 | Chip::Esp32s3 | Chip::Esp32c3 | Chip::Esp32c6 | Chip::Esp32p4 => {
                &layout_32::LAYOUT
            }
        }
    }

    /// Bytes of a `TfLiteIntArray` with `count` elements.
    pub fn int_array(&self, count: u64) -> u64 {
        4 + 4 * count
    }
}
