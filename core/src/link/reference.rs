//! What a board has to compute: the same invocations on this computer.

use emberlab_runtime::link::crc32;
use emberlab_runtime::link::messages::{OutputChecksum, Source};

use super::gather::Invocation;
use crate::run::{Generator, Interpreter, Memory, RunError, Semantics, Trace, fill};

/// One invocation on this computer, from reset state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// CRC-32 of the inputs, one behind the other.
    pub inputs_crc: u32,
    /// CRC-32 of the outputs, one behind the other.
    pub outputs_crc: u32,
    /// What every operator wrote, in the order in which they ran.
    pub checksums: Vec<OutputChecksum>,
}

/// How a board differs from this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The operator at this place of the order of execution wrote something else first.
    Operator {
        /// What this computer has there; `None` if it has run fewer.
        expected: Option<OutputChecksum>,
        /// What the board has there; `None` if it has run fewer.
        found: Option<OutputChecksum>,
    },
    /// Operators are not known or agree, the outputs do not.
    Outputs,
}

impl Reference {
    /// Runs a model once as a board does it that is asked to with [`Source::Random`] or [`Source::Zeros`], or with inputs that
    /// were given, one behind the other.
    ///
    /// # Errors
    /// The model cannot run.
    pub fn new(model: &[u8], source: Source, seed: u32, given: &[u8]) -> Result<Self, RunError> {
        let mut memory = Memory::new(model, Semantics::Tflm)?;
        let mut interpreter = memory.interpreter()?;
        let inputs = set_inputs(&mut interpreter, source, seed, given);
        let mut trace = Trace::default();
        // The trace never stops it.
        let _ = interpreter.invoke(&mut trace);
        let outputs: Vec<u8> =
            (0..interpreter.n_outputs()).flat_map(|index| interpreter.output_bytes(index).to_vec()).collect();
        let checksum = |output: &crate::run::OperatorOutput| OutputChecksum {
            subgraph: output.subgraph as u16,
            operator: output.operator as u16,
            tensor: output.tensor,
            n_bytes: output.n_bytes as u32,
            crc: output.crc32,
        };
        Ok(Self {
            inputs_crc: crc32(&inputs),
            outputs_crc: crc32(&outputs),
            checksums: trace.outputs.iter().map(checksum).collect(),
        })
    }
}

/// Writes the inputs as a board does it; the same bytes, one input behind the other.
pub fn set_inputs(interpreter: &mut Interpreter<'_>, source: Source, seed: u32, given: &[u8]) -> Vec<u8> {
    let mut generator = Generator::new(seed);
    let (mut inputs, mut given) = (Vec::new(), given);
    for index in 0..interpreter.n_inputs() {
        let ty = interpreter.input_tensor(index).map(|tensor| tensor.ty);
        let bytes = interpreter.input_bytes(index);
        match (source, ty) {
            (Source::Random, Some(ty)) => fill(bytes, ty, &mut generator, (-1.0, 1.0)),
            (Source::Random, None) | (Source::Zeros, _) => bytes.fill(0),
            (Source::Given, _) => {
                let (here, rest) = given.split_at(bytes.len().min(given.len()));
                bytes[..here.len()].copy_from_slice(here);
                given = rest;
            }
        }
        inputs.extend_from_slice(bytes);
    }
    inputs
}

/// The first difference of an invocation on a board; `None` if there is none.
pub fn check_against(reference: &Reference, invocation: &Invocation) -> Option<Mismatch> {
    if !invocation.checksums.is_empty() {
        let count = reference.checksums.len().max(invocation.checksums.len());
        for index in 0..count {
            let (expected, found) = (reference.checksums.get(index), invocation.checksums.get(index));
            if expected != found {
                return Some(Mismatch::Operator { expected: expected.copied(), found: found.copied() });
            }
        }
    }
    let is_equal = invocation.sample.is_none_or(|sample| sample.outputs_crc == reference.outputs_crc);
    (!is_equal).then_some(Mismatch::Outputs)
}
