//! Whether everything that a model refers to exists.

use super::WriteError;
use crate::model::{BufferId, Model, Subgraph, TensorId};

/// The smallest builtin operator code that the narrow field of the file can announce.
const SMALLEST_CODE: i32 = -128;

pub(super) fn references(model: &Model) -> Result<(), WriteError> {
    for (index, code) in model.operator_codes.iter().enumerate() {
        if code.builtin.0 < SMALLEST_CODE {
            return Err(WriteError::Value {
                place: format!("operator code {index}"),
                expected: format!("a number from {SMALLEST_CODE}"),
                found: code.builtin.0.to_string(),
            });
        }
    }
    for (index, subgraph) in model.subgraphs.iter().enumerate() {
        subgraph_references(model, subgraph, index)?;
    }
    for metadata in &model.metadata {
        buffer(model, metadata.buffer, || format!("metadata {}", metadata.name))?;
    }
    for (index, signature) in model.signatures.iter().enumerate() {
        let place = || format!("signature {index}");
        in_range(u64::from(signature.subgraph.0), model.subgraphs.len(), place)?;
        let n_tensors = model.subgraph(signature.subgraph).tensors.len();
        for (_, tensor) in signature.inputs.iter().chain(&signature.outputs) {
            in_range(u64::from(tensor.0), n_tensors, place)?;
        }
    }
    Ok(())
}

fn subgraph_references(model: &Model, subgraph: &Subgraph, index: usize) -> Result<(), WriteError> {
    let n_tensors = subgraph.tensors.len();
    for (number, tensor) in subgraph.tensors.iter().enumerate() {
        buffer(model, tensor.buffer, || format!("buffer of tensor {number} of subgraph {index}"))?;
    }
    for tensor in subgraph.inputs.iter().chain(&subgraph.outputs) {
        in_range(u64::from(tensor.0), n_tensors, || format!("input or output of subgraph {index}"))?;
    }
    for (number, operator) in subgraph.operators.iter().enumerate() {
        let place = |what: &str| format!("{what} of operator {number} of subgraph {index}");
        in_range(u64::from(operator.code_index), model.operator_codes.len(), || place("operator code"))?;
        let tensors = operator.inputs.iter().chain(&operator.outputs).chain(&operator.intermediates);
        for TensorId(tensor) in tensors.flatten() {
            in_range(u64::from(*tensor), n_tensors, || place("tensor"))?;
        }
    }
    Ok(())
}

/// Buffer 0 stands for "no data" and need not exist.
fn buffer(model: &Model, buffer: BufferId, place: impl Fn() -> String) -> Result<(), WriteError> {
    if buffer.0 == 0 { Ok(()) } else { in_range(u64::from(buffer.0), model.buffers.len(), place) }
}

fn in_range(found: u64, count: usize, place: impl Fn() -> String) -> Result<(), WriteError> {
    if found < count as u64 { Ok(()) } else { Err(WriteError::Dangling { place: place(), count, found }) }
}
