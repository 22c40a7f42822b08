//! The part of Emberlab that runs on host and chip alike.
//!
//! No allocation, no operating system: the same source is built into the desktop app and into the firmware.
//!
//! [`Interpreter`] runs a .tflite file exactly as TensorFlow Lite for Microcontrollers runs it on the chip, bit for bit for
//! integer operators ([`Semantics::Tflm`]), or as LiteRT's reference kernels do ([`Semantics::Litert`]).
//!
//! | module | what |
//! | --- | --- |
//! | [`tflite_view`], [`schema`] | a checked look at the bytes of a file |
//! | [`interpreter`] | prepare, invoke, observe |
//! | [`kernels`] | one file per operator, and the table of all; how to write one |
//! | [`registry`] | custom operators, and which versions of a kernel there are |
//! | [`fixed_point`] | all rounding |
//! | [`link`] | what a board and the app say to each other, and the board's side of it |
//! | [`random_inputs`] | inputs that can be made again anywhere |
//! | [`dsp`] | signal processing of the audio front end |
//! | [`records`], [`tensor`] | what kernels save in the arena and see of tensors |
//!
//! ```no_run
//! use emberlab_runtime::{Interpreter, Registry, Semantics};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = std::fs::read("model.tflite")?;
//! let mut arena = vec![0; 100_000];
//! let registry = Registry::default();
//! let mut interpreter = Interpreter::prepare(&model, &mut arena, Semantics::Tflm, &registry)
//!     .map_err(|error| error.to_string())?;
//! interpreter.input::<i8>(0).fill(0);
//! interpreter.invoke(&mut ()).expect("nobody stops it");
//! println!("{:?}", interpreter.output::<i8>(0));
//! # Ok(())
//! # }
//! ```
#![cfg_attr(not(test), no_std)]

pub mod dsp;
mod error;
mod eval;
pub mod fixed_point;
mod flexbuffer;
mod graph;
pub mod interpreter;
pub mod kernels;
pub mod link;
mod planner;
mod prepare;
pub mod random_inputs;
pub mod records;
pub mod registry;
pub mod schema;
pub mod tensor;
#[cfg(test)]
pub(crate) mod test_support;
pub mod tflite_view;

pub use error::{OperatorPlace, PrepareError, Reason};
pub use eval::{EvalContext, MAX_WRITES, Operand, Operands, cast, cast_mut};
pub use graph::Buffer;
pub use interpreter::{
    ArenaNeeds, ControlFlow, Interpreter, Observer, OperatorEvent, PlannedBuffer, PlannedUse, Stopped,
    arena_needs,
};
pub use prepare::{Options, PrepareContext, Semantics, expect_equal};
pub use registry::{
    Eval, Exactness, FLOAT_BOUND, Kernel, KernelEntry, OperatorKey, Registry, Support, exact, float,
};
