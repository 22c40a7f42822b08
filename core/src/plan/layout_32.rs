//! TFLM on a chip: 32-bit pointers, 8-byte aligned 64-bit integers.
//!
//! Source: github.com/espressif/esp-tflite-micro at commit 99f49e1498b0984f4db54d9bf3938aceb99ad422, built with
//! `TF_LITE_STATIC_MEMORY`; the sizes are equal for RISC-V (ilp32) and Xtensa.

use super::layout::{Layout, Width};

pub(super) const LAYOUT: Layout = Layout {
    pointer: 4,
    align: 4,
    arena_allocator: 36,
    memory_planner: 44,
    micro_allocator: 36,
    builtin_data_allocator: 8,
    subgraph_allocations: 8,
    tensor: 40,
    eval_tensor: 12,
    node_and_registration: 32,
    affine_quantization: 12,
    scratch_handle: 4,
    scratch_request: 12,
    allocation_info: 24,
    planner_buffer: 40,
    resource_variables: 12,
    resource_variable: 20,
    circular_buffer: 24,
    recorder: 0,
    width: Width::Chip,
};
