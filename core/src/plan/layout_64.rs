//! The reference wheel: TFLM with 64-bit pointers, built with `USE_TFLM_COMPRESSION`.
//!
//! Source: the Python package tflite-micro 0.dev20261023182759, and the structures of
//! github.com/tensorflow/tflite-micro at commit 90b983c2b3f1480642e040bbd2ddb37b998f3424 compiled for x86-64 with
//! `TF_LITE_STATIC_MEMORY` and `USE_TFLM_COMPRESSION`.

use super::layout::{Layout, Width};

/// What the wheel's `RecordingMicroInterpreter` adds to the allocators of a plain interpreter: 32 bytes in
/// `RecordingSingleArenaBufferAllocator` and 200 in `RecordingMicroAllocator`.
const RECORDER_BYTES: u64 = 32 + 200;

pub(super) const LAYOUT: Layout = Layout {
    pointer: 8,
    align: 8,
    arena_allocator: 72,
    memory_planner: 72,
    micro_allocator: 72,
    builtin_data_allocator: 16,
    subgraph_allocations: 24,
    tensor: 64,
    eval_tensor: 24,
    node_and_registration: 64,
    affine_quantization: 24,
    scratch_handle: 8,
    scratch_request: 16,
    allocation_info: 32,
    planner_buffer: 40,
    resource_variables: 16,
    resource_variable: 40,
    circular_buffer: 40,
    recorder: RECORDER_BYTES,
    width: Width::Host,
};
