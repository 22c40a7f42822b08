//! What every kernel of TFLM does in `Init` and `Prepare`: which tensors it accepts, which blocks of the tail and
//! which scratch buffers it asks for.
//!
//! One small function per operator or family follows the kernel's `Prepare` in
//! github.com/espressif/esp-tflite-micro at commit 99f49e1498b0984f4db54d9bf3938aceb99ad422, check for check and
//! request for request, in the same order: the order decides the smallest arena. Where the kernel would read beyond a
//! shape or a constant without a check, the model is refused.

mod activation;
mod arithmetic;
mod at_run;
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

pub(crate) use at_run::refusal_at_run;
pub(super) use context::{Context, MAX_SCRATCH_PER_OPERATOR, Preparation, Variables};
pub(super) use control::Call;
pub(crate) use help::host_only_help;
pub(super) use help::{Trouble, help};
pub(super) use table::{Rule, rule};
pub(super) use tensor::{Quantized, TempTensor};
pub(crate) use window::Window;

/// Why an operator is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub message: String,
    pub trouble: Trouble,
}

/// The result of one kernel's preparation.
pub(super) type Prepared<T = ()> = Result<T, Reason>;
