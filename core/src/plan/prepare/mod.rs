//! What every kernel of TFLM does in `Init` and `Prepare`: which tensors it accepts, which blocks of the tail and
//! which scratch buffers it asks for.
//!
//! One small function per operator or family follows the kernel's `Prepare` in
//! github.com/espressif/esp-tflite-micro at commit 99f49e1498b0984f4db54d9bf3938aceb99ad422, check for check and
//! request for request, in the same order: the order decides the smallest arena. Where the kernel would read beyond a
//! shape or a constant without a check, the model is refused.

mod activation;
mod arithmetic;
mod context;
mod control;
mod convolution;
mod custom;
mod dense;
mod flexbuffer;
mod help;
mod quantized;
mod recurrent;
mod reduce;
mod shape;
mod signal;
mod slicing;
mod table;
mod tensor;
mod window;

pub(super) use context::{Context, MAX_SCRATCH_PER_OPERATOR, Preparation, Variables};
pub(super) use control::Call;
pub(super) use help::{Trouble, help, host_only_help};
pub(super) use table::{Deciding, Rule, rule};
pub(super) use tensor::{Quantized, TempTensor};
pub(super) use window::Window;

/// Why an operator is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub message: String,
    pub trouble: Trouble,
}

/// The result of one kernel's preparation.
pub(super) type Prepared<T = ()> = Result<T, Reason>;
