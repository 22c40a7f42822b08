//! The kernels: one file per operator or close family, and the table that says which of them runs.
//!
//! # Writing a kernel
//!
//! A kernel is a pair of functions. `prepare` runs once per operator: it does all checks, with errors that say what is
//! wrong, and saves parameters as words in the arena. `eval` runs in every invocation and cannot fail. Nothing allocates,
//! nothing panics on any file, and no int8 inner loop touches a float.
//!
//! ```
//! # use emberlab_runtime::schema::{BuiltinOperator, TensorType};
//! # use emberlab_runtime::*;
//! pub const ENTRY: KernelEntry<'static> = KernelEntry {
//!     operator: OperatorKey::Builtin(BuiltinOperator::NEG),
//!     versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
//!     support: &[float("float32")],
//! };
//! record! { struct Params { factor: f32, } }
//! fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
//!     context.expect_operands(1..=1, 1)?;
//!     let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
//!     input.expect_type(&[TensorType::Float32], "float32")?;
//!     output.expect_type(&[input.ty], "the type of the input")?;
//!     expect_equal("elements of the output", output.elements(), input.elements())?;
//!     context.save(Params { factor: -1.0 })
//! }
//! fn eval(context: &mut EvalContext<'_>) {
//!     let params: Params = context.params();
//!     let (output, operands) = context.output::<f32>();
//!     for (output, input) in output.iter_mut().zip(operands.input::<f32>(0)) {
//!         *output = input * params.factor;
//!     }
//! }
//! ```
//!
//! * Tables (multipliers per channel, lookup tables) go behind the parameters with [`crate::PrepareContext::words`] and come
//!   back with [`crate::EvalContext::words_after`].
//! * Shapes can be read again while the kernel runs ([`crate::EvalContext::input_shape`]), which costs no arena. Prefer
//!   that to words: the arena of a model must not be larger than TFLM's, which has 32 bytes per operator plus
//!   `builtin_data_bytes` and `op_init_bytes` of `tflm_ops.json`; ours has 16 plus what `prepare` saves.
//! * Scratch memory and state between invocations: [`crate::PrepareContext::scratch`] and [`crate::PrepareContext::state`].
//!   Write to several operands at once with [`crate::EvalContext::split`].
//! * Rounding comes from [`crate::fixed_point`], never from the kernel. Where LiteRT differs, `prepare` looks at
//!   [`crate::PrepareContext::semantics`] and saves the answer.
//! * The doc comment names the reference file and commit, shapes, accumulator width and order of rounding and clamping.
//! * Tests go through `test_support`: `kernel_suite!` runs random problems against a written-out reference on every version
//!   of the kernel (see `add.rs`). Outputs are pre-filled, so that an element that is not written shows.
//! * `ENTRY` goes into [`KERNELS`], which is sorted by name. A faster version goes before the plain one in `versions`; it
//!   returns [`crate::Reason::Declined`] for cases that it leaves to the next.

pub mod broadcast;

mod add;
mod conv_2d;
mod depthwise_conv_2d;
mod dot;
mod fully_connected;
mod pool_2d;
mod requantize;
mod reshape;
mod softmax;
mod window;
mod accumulate;
mod transpose_conv;

use crate::registry::KernelEntry;

/// All kernels of this crate: the one table that says which operator is run by what.
pub static KERNELS: &[KernelEntry<'static>] = &[
    add::ENTRY,
    conv_2d::ENTRY,
    depthwise_conv_2d::ENTRY,
    fully_connected::ENTRY,
    pool_2d::AVERAGE,
    pool_2d::MAX,
    reshape::ENTRY,
    softmax::ENTRY,
    transpose_conv::ENTRY,
    pool_2d::L2,
];
