//! The operator from which on a variant answers something else.

use std::collections::{BTreeMap, BTreeSet};

use super::errors::Bytes;
use super::pair::paired_operators;
use crate::dataset::Samples;
use crate::model::{BufferId, Model, OperatorId, TensorId, Values};
use crate::run::{Memory, RunError, semantics_of, set_input, set_inputs};
use crate::stats::Scales;
use crate::tflite;

/// Where the answer to a sample turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The operator of the float32 model.
    pub float: OperatorId,
    /// The one of the variant.
    pub variant: OperatorId,
}

/// The first operator of a variant after which the answer to a sample can no longer be saved: with what it gives, the rest of
/// the network in float32 says another class too. `answer` is the class that the float32 model says, by its largest output.
///
/// `None` if the variant says the same, or if the two models cannot be put together at any operator.
///
/// # Errors
/// A model does not run, or its inputs are not those of the samples.
pub fn first_divergence(
    (float, float_file): (&Model, &[u8]),
    (variant, variant_file): (&Model, &[u8]),
    samples: &Samples,
    sample: usize,
    answer_of: &dyn Fn(&[f32]) -> usize,
) -> Result<Option<Divergence>, RunError> {
    let run = |file: &[u8], values: &mut Bytes| -> Result<usize, RunError> {
        let mut memory = Memory::new(file, semantics_of(file)?)?;
        let mut interpreter = memory.interpreter()?;
        set_inputs(&mut interpreter, samples, sample)?;
        interpreter.invoke(values).ok();
        let predictions = crate::run::outputs_of(&interpreter);
        Ok(answer_of(predictions.first().map_or(&[], Vec::as_slice)))
    };
    let (mut float_values, mut variant_values) = (Bytes::default(), Bytes::default());
    let expected = run(float_file, &mut float_values)?;
    if run(variant_file, &mut variant_values)? == expected {
        return Ok(None);
    }
    let inputs = float.subgraphs[0].inputs.iter().zip(&samples.inputs);
    let mut known: BTreeMap<TensorId, Vec<f32>> =
        inputs.map(|(id, input)| (*id, input.sample(sample).to_vec())).collect();
    for pair in paired_operators(float, variant) {
        let (float_graph, variant_graph) = (&float.subgraphs[0], &variant.subgraphs[0]);
        let outputs = &float_graph.operators[pair.first.index()].outputs;
        let variant_outputs = &variant_graph.operators[pair.second.index()].outputs;
        for (id, variant_id) in outputs.iter().flatten().zip(variant_outputs.iter().flatten()) {
            if let Some(bytes) = variant_values.tensors.get(variant_id) {
                known.insert(*id, real_numbers(variant_graph.tensor(*variant_id), bytes));
            }
        }
        let answer = match rest(float, pair.first) {
            // Nothing is left to compute: what there is is the answer.
            None => float_graph.outputs.first().and_then(|id| known.get(id)).map(|values| answer_of(values)),
            Some((file, needed)) => answer_of_rest(&file, &needed, &known, answer_of),
        };
        if answer.is_some_and(|answer| answer != expected) {
            return Ok(Some(Divergence { float: pair.first, variant: pair.second }));
        }
    }
    Ok(None)
}

fn answer_of_rest(
    file: &[u8],
    needed: &[TensorId],
    known: &BTreeMap<TensorId, Vec<f32>>,
    answer_of: &dyn Fn(&[f32]) -> usize,
) -> Option<usize> {
    let mut memory = Memory::new(file, semantics_of(file).ok()?).ok()?;
    let mut interpreter = memory.interpreter().ok()?;
    for (place, id) in needed.iter().enumerate() {
        set_input(&mut interpreter, place, known.get(id)?).ok()?;
    }
    interpreter.invoke(&mut ()).ok()?;
    crate::run::outputs_of(&interpreter).first().map(|values| answer_of(values))
}

/// A file with the operators behind one, and the tensors that they need of what came before; `None` if the first output of
/// the network does not depend on any of them.
fn rest(model: &Model, after: OperatorId) -> Option<(Vec<u8>, Vec<TensorId>)> {
    let main = &model.subgraphs[0];
    let operators: Vec<_> = main.operators[after.index() + 1..].to_vec();
    let written: BTreeSet<TensorId> =
        operators.iter().flat_map(|operator| operator.outputs.iter().flatten().copied()).collect();
    if !main.outputs.first().is_some_and(|id| written.contains(id)) {
        return None;
    }
    let mut needed = Vec::new();
    for id in operators.iter().flat_map(|operator| operator.inputs.iter().flatten()) {
        let tensor = main.tensor(*id);
        let flows = !tensor.is_variable && model.constant_data(tensor).is_none();
        if flows && !written.contains(id) && !needed.contains(id) {
            needed.push(*id);
        }
    }
    let mut part = model.clone();
    part.signatures.clear();
    part.metadata.clear();
    let outputs = vec![main.outputs[0]];
    let graph = &mut part.subgraphs[0];
    graph.inputs.clone_from(&needed);
    graph.outputs = outputs;
    graph.operators = operators;
    Some((tflite::write(&without_unused(&part)).ok()?, needed))
}

fn real_numbers(tensor: &crate::model::Tensor, bytes: &[u8]) -> Vec<f32> {
    let Some(values) = Values::of_tensor(tensor, bytes) else { return Vec::new() };
    match Scales::new(tensor) {
        Some(scales) => values.enumerate().map(|(index, value)| scales.real(index, value) as f32).collect(),
        None => values.map(|value| value as f32).collect(),
    }
}

/// The model without the data of constants that no operator reads any more.
pub(super) fn without_unused(model: &Model) -> Model {
    let mut model = model.clone();
    let main = &model.subgraphs[0];
    let mut used: BTreeSet<BufferId> = BTreeSet::new();
    for operator in &main.operators {
        used.extend(operator.inputs.iter().flatten().map(|id| main.tensor(*id).buffer));
    }
    for (index, buffer) in model.buffers.iter_mut().enumerate() {
        if !used.contains(&BufferId(index as u32)) {
            buffer.data = None;
        }
    }
    model
}
