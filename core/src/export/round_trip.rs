//! Is what was written what was meant? The bytes are compared, and both are run.

use thiserror::Error;

use crate::model::Model;
use crate::run::{Generator, Memory, Observer, Semantics, fill};
use crate::tflite;

/// Seed of the inputs that both models get.
pub const ROUND_TRIP_SEED: u32 = 1;

/// Range of random float inputs.
const FLOAT_RANGE: (f32, f32) = (-1.0, 1.0);

/// A check that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// Bytes of the model, all the same.
    pub bytes: u64,
    /// What came of running both.
    pub run: RoundTripRun,
}

/// What came of running the model that was meant and the one that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoundTripRun {
    /// All outputs are the same, bit for bit, for inputs from [`ROUND_TRIP_SEED`].
    SameOutputs,
    /// Emberlab's runtime does not run this model, for the reason given.
    NotRun(String),
}

/// What was read back is not what was meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RoundTripError {
    /// Another length.
    #[error("{found} bytes were read back, {expected} were written")]
    Length {
        /// Bytes of the model.
        expected: usize,
        /// Bytes that were read back.
        found: usize,
    },
    /// Another byte.
    #[error("byte {at} was read back as {found:#04x}, and {expected:#04x} was written")]
    Byte {
        /// The first place that differs.
        at: usize,
        /// What was meant.
        expected: u8,
        /// What was read.
        found: u8,
    },
    /// The file is no model that can be read.
    #[error("the model cannot be read: {0}")]
    Unreadable(String),
    /// The same file gave other outputs.
    #[error("output {0} is another one than before the export")]
    Output(usize),
}

/// Compares a model with what was read back of it, and runs both in Emberlab's runtime with inputs from a seed. `stop` is
/// asked before every operator; `None` once it has said true.
///
/// # Errors
/// Where the two differ.
pub fn check_round_trip(
    expected: &[u8],
    found: &[u8],
    stop: &dyn Fn() -> bool,
) -> Option<Result<RoundTrip, RoundTripError>> {
    if expected.len() != found.len() {
        return Some(Err(RoundTripError::Length { expected: expected.len(), found: found.len() }));
    }
    if let Some(at) = expected.iter().zip(found).position(|(expected, found)| expected != found) {
        return Some(Err(RoundTripError::Byte { at, expected: expected[at], found: found[at] }));
    }
    let model = match tflite::read(found.into()) {
        Ok(model) => model,
        Err(error) => return Some(Err(RoundTripError::Unreadable(error.to_string()))),
    };
    let run = match (outputs(expected, &model, stop)?, outputs(found, &model, stop)?) {
        (Ok(expected), Ok(found)) => {
            if let Some(output) = expected.iter().zip(&found).position(|(expected, found)| expected != found)
            {
                return Some(Err(RoundTripError::Output(output)));
            }
            RoundTripRun::SameOutputs
        }
        (Err(reason), _) | (_, Err(reason)) => RoundTripRun::NotRun(reason),
    };
    Some(Ok(RoundTrip { bytes: found.len() as u64, run }))
}

/// The bytes of every output, or why the model does not run; `None` if it was stopped.
fn outputs(bytes: &[u8], model: &Model, stop: &dyn Fn() -> bool) -> Option<Result<Vec<Vec<u8>>, String>> {
    struct Watch<'s>(&'s dyn Fn() -> bool);
    impl Observer for Watch<'_> {
        fn stop(&mut self) -> bool {
            (self.0)()
        }
    }
    let mut memory = match Memory::new(bytes, Semantics::Tflm) {
        Ok(memory) => memory,
        Err(error) => return Some(Err(error.to_string())),
    };
    let mut interpreter = match memory.interpreter() {
        Ok(interpreter) => interpreter,
        Err(error) => return Some(Err(error.to_string())),
    };
    let mut generator = Generator::new(ROUND_TRIP_SEED);
    if let Some(main) = model.subgraphs.first() {
        for (index, id) in main.inputs.iter().enumerate() {
            let ty = main.tensor(*id).ty;
            fill(interpreter.input_bytes(index), ty, &mut generator, FLOAT_RANGE);
        }
    }
    interpreter.invoke(&mut Watch(stop)).ok()?;
    let n_outputs = interpreter.n_outputs();
    Some(Ok((0..n_outputs).map(|index| interpreter.output_bytes(index).to_vec()).collect()))
}
