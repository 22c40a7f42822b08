//! The tensor arena of TensorFlow Lite Micro, byte for byte, without a board.
//!
//! Rules follow github.com/espressif/esp-tflite-micro at commit 99f49e1498b0984f4db54d9bf3938aceb99ad422.

mod allocate;
mod arena;
mod graph;
mod greedy;
pub(crate) mod kernels;
mod layout;
mod layout_32;
mod layout_64;
mod lifetimes;
mod offline;
mod prepare;
mod tail;

pub(crate) use prepare::{Window, host_only_help, refusal_at_run};

use crate::model::{Model, OperatorId, SubgraphId, TensorId};

/// What a plan is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The chip, or the 64-bit host of the reference wheel.
    pub chip: Chip,
    /// Which kernels the firmware is built with.
    pub kernels: KernelSet,
}

/// A machine that TFLM runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Chip {
    Esp32,
    Esp32s2,
    Esp32s3,
    Esp32c3,
    Esp32c6,
    Esp32p4,
    /// A 64-bit desktop: the totals that TFLM's Python wheel prints.
    Host64,
}

/// Which kernels TFLM is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KernelSet {
    /// TFLM's own reference kernels.
    Reference,
    /// Espressif's ESP-NN.
    EspNn,
}

/// Where every byte of the arena goes.
#[derive(Clone, Debug, PartialEq)]
pub struct ArenaPlan {
    /// What the plan is made for.
    pub target: Target,
    /// Version of the kernel set, such as `1.2.3` for ESP-NN.
    pub kernels_version: &'static str,
    /// `arena_used_bytes()` after `AllocateTensors`: head and tail.
    pub used_bytes: u64,
    /// Head: planned tensors and scratch buffers.
    pub nonpersistent_bytes: u64,
    /// Tail: what stays from start to end.
    pub persistent_bytes: u64,
    /// The smallest arena (a multiple of 16) with which `AllocateTensors` succeeds; `None` on [`Chip::Host64`].
    pub minimum_bytes: Option<u64>,
    /// What to write into the firmware: the smallest arena rounded up to a full KiB.
    pub recommended_bytes: u64,
    /// Highest end of the head while operators are prepared: requests for scratch buffers and temporary tensors.
    pub prepare_bytes: u64,
    /// Largest sum of live bytes (rounded up to 16 each) over all scopes: no plan of the head can be smaller.
    pub lower_bound_bytes: u64,
    /// The scope with the largest sum of live bytes.
    pub peak_scope: u32,
    /// The operator of that scope (of the main subgraph), if there is one.
    pub peak_operator: Option<(SubgraphId, OperatorId)>,
    /// Number of allocation scopes; scope 0 lies before the first operator.
    pub scope_count: u32,
    /// Which operator each scope belongs to; `None` for scope 0 and for scopes that only enter or leave a subgraph.
    pub scope_operators: Vec<Option<(SubgraphId, OperatorId)>>,
    /// Tensors and scratch buffers of the head, in the planner's order.
    pub buffers: Vec<PlannedBuffer>,
    /// Blocks of the tail, in order of time.
    pub persistent: Vec<PersistentBlock>,
    /// The head follows a plan from the model's metadata.
    pub offline: bool,
}

/// What a planned buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BufferUse {
    /// An activation.
    Tensor(TensorId),
    /// A scratch buffer that an operator asked for; the number counts the operator's requests from 0.
    Scratch(OperatorId, u32),
}

/// One buffer of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedBuffer {
    /// Subgraph of the tensor or operator.
    pub subgraph: SubgraphId,
    /// What it holds.
    pub usage: BufferUse,
    /// Bytes asked for.
    pub bytes: u64,
    /// Bytes rounded up to 16.
    pub size: u64,
    /// Bytes from the start of the arena.
    pub offset: u64,
    /// First allocation scope, inclusive.
    pub first_used: u32,
    /// Last allocation scope, inclusive.
    pub last_used: u32,
    /// Nothing uses the tensor: it has memory of its own, but is alive in no scope (both scopes are 0 then).
    pub unused: bool,
}

/// One block of the tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersistentBlock {
    /// Name of the golden files: `eval_tensors`, `node_and_registrations`, `op_prepare`, …
    pub what: &'static str,
    /// TFLM's own category, as its recording allocator prints it.
    pub category: Category,
    /// The operator that asked for it.
    pub operator: Option<(SubgraphId, OperatorId)>,
    /// The tensor it is for.
    pub tensor: Option<(SubgraphId, TensorId)>,
    /// Bytes asked for.
    pub bytes: u64,
    /// Alignment asked for.
    pub align: u64,
    /// Bytes that the tail grew, padding included.
    pub used: u64,
}

/// Categories of TFLM's recording allocator, and two for what it does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Category {
    EvalTensorData,
    PersistentTensorData,
    PersistentQuantizationData,
    PersistentBufferData,
    TensorVariableBufferData,
    NodeAndRegistrationArray,
    OperationData,
    /// The allocators and the memory planner themselves.
    Allocator,
    /// What the recording interpreter of the reference wheel adds (only on [`Chip::Host64`]).
    Recorder,
}

/// Why TFLM does not prepare a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The operator that is refused; `None` when it is the model as a whole.
    pub operator: Option<(SubgraphId, OperatorId)>,
    /// TFLM's reason.
    pub message: String,
    /// What to try.
    pub help: String,
}

impl Chip {
    /// All of them, chips first.
    pub const ALL: [Chip; 7] = [
        Chip::Esp32,
        Chip::Esp32s2,
        Chip::Esp32s3,
        Chip::Esp32c3,
        Chip::Esp32c6,
        Chip::Esp32p4,
        Chip::Host64,
    ];

    /// The name on the command line, `esp32s3`.
    pub fn id(self) -> &'static str {
        match self {
            Chip::Esp32 => "esp32",
            Chip::Esp32s2 => "esp32s2",
            Chip::Esp32s3 => "esp32s3",
            Chip::Esp32c3 => "esp32c3",
            Chip::Esp32c6 => "esp32c6",
            Chip::Esp32p4 => "esp32p4",
            Chip::Host64 => "host64",
        }
    }

    /// The name on the screen, `ESP32-S3`.
    pub fn label(self) -> &'static str {
        match self {
            Chip::Esp32 => "ESP32",
            Chip::Esp32s2 => "ESP32-S2",
            Chip::Esp32s3 => "ESP32-S3",
            Chip::Esp32c3 => "ESP32-C3",
            Chip::Esp32c6 => "ESP32-C6",
            Chip::Esp32p4 => "ESP32-P4",
            Chip::Host64 => "64-bit host",
        }
    }

    /// The chip with the name on the command line.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|chip| chip.id() == id)
    }
}

impl KernelSet {
    /// The name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            KernelSet::Reference => "reference",
            KernelSet::EspNn => "esp-nn",
        }
    }
}

impl Target {
    /// A chip with the kernels that firmware for it is built with by default.
    pub fn new(chip: Chip) -> Self {
        let kernels = if chip == Chip::Host64 { KernelSet::Reference } else { KernelSet::EspNn };
        Self { chip, kernels }
    }
}

impl ArenaPlan {
    /// The buffers alive in a scope, in the planner's order.
    pub fn alive_in(&self, scope: u32) -> impl Iterator<Item = &PlannedBuffer> {
        self.buffers.iter().filter(move |buffer| buffer.is_alive_in(scope))
    }

    /// Sum of the live bytes (rounded up to 16 each) in a scope.
    pub fn live_bytes(&self, scope: u32) -> u64 {
        self.alive_in(scope).map(|buffer| buffer.size).sum()
    }
}

impl PlannedBuffer {
    /// The buffer holds its memory in a scope.
    pub fn is_alive_in(&self, scope: u32) -> bool {
        !self.unused && self.first_used <= scope && scope <= self.last_used
    }
}

/// The arena of `model` on `target`.
///
/// # Errors
/// Every reason for which TFLM does not prepare the model; the arena is not known then.
pub fn plan(model: &Model, target: Target) -> Result<ArenaPlan, Vec<Refusal>> {
    allocate::allocate(model, target)
}
