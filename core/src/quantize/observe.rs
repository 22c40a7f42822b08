//! What the activations of a float32 model hold while samples pass through it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ValueHistogram;
use super::assign::is_real;
use super::weights::real_values;
use crate::dataset::Samples;
use crate::model::{BuiltinOperator as Op, Model, Operator, OperatorId, TensorId};
use crate::run::{Memory, OperatorEvent, RunError, Semantics};

/// What was seen of all activations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observations {
    /// Inputs and outputs of all operators.
    pub tensors: BTreeMap<TensorId, TensorObservation>,
    /// The largest magnitude of the cell state of every LSTM.
    pub cells: BTreeMap<OperatorId, f32>,
    /// Samples that passed.
    pub n_samples: usize,
}

/// What was seen of one activation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorObservation {
    /// The smallest value, at most 0.
    pub low: f32,
    /// The largest value, at least 0.
    pub high: f32,
    /// How the values are spread.
    pub histogram: ValueHistogram,
    /// Smallest and largest value of every sample.
    pub sample_ranges: Vec<(f32, f32)>,
    /// Values that are infinite or not a number.
    pub n_not_finite: u64,
}

impl TensorObservation {
    /// Takes the values of one sample.
    pub fn add(&mut self, values: &[f32]) {
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for value in values {
            if value.is_finite() {
                low = low.min(*value);
                high = high.max(*value);
            } else {
                self.n_not_finite += 1;
            }
        }
        if low <= high {
            self.sample_ranges.push((low, high));
            self.low = self.low.min(low);
            self.high = self.high.max(high);
        }
        self.histogram.add(values);
    }

    fn merge(&mut self, next: &Self) {
        self.low = self.low.min(next.low);
        self.high = self.high.max(next.high);
        self.histogram.merge(&next.histogram);
        self.sample_ranges.extend(&next.sample_ranges);
        self.n_not_finite += next.n_not_finite;
    }
}

impl Observations {
    /// Adds what was seen of the samples that follow.
    pub fn merge(&mut self, next: &Self) {
        for (id, seen) in &next.tensors {
            self.tensors.entry(*id).or_default().merge(seen);
        }
        for (id, largest) in &next.cells {
            let cell = self.cells.entry(*id).or_default();
            *cell = cell.max(*largest);
        }
        self.n_samples += next.n_samples;
    }
}

/// Lets samples pass through a float32 model. `file` holds the model's bytes; every sample starts with variables of 0.
/// `goes_on` is asked before each sample.
///
/// Parts of the samples can be observed on threads of their own and merged in order.
///
/// # Errors
/// The model does not run, or its inputs are not those of the samples.
pub fn observe(
    model: &Model,
    file: &[u8],
    samples: &Samples,
    indexes: &[usize],
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<Observations, RunError> {
    let mut memory = Memory::new(file, Semantics::Tflm).or_else(|_| Memory::new(file, Semantics::Litert))?;
    let mut interpreter = memory.interpreter()?;
    let mut watch = Watch { model, seen: Observations::default() };
    let main = &model.subgraphs[0];
    for index in indexes {
        if !goes_on() {
            break;
        }
        interpreter.reset();
        crate::run::set_inputs(&mut interpreter, samples, *index)?;
        for (place, id) in main.inputs.iter().enumerate().filter(|(_, id)| is_real(main, **id)) {
            let values: &[f32] = samples.inputs.get(place).map_or(&[], |input| input.sample(*index));
            watch.seen.tensors.entry(*id).or_default().add(values);
        }
        // Nothing stops it.
        interpreter.invoke(&mut watch).ok();
        watch.seen.n_samples += 1;
    }
    Ok(watch.seen)
}

struct Watch<'m> {
    model: &'m Model,
    seen: Observations,
}

impl crate::run::Observer for Watch<'_> {
    fn after(&mut self, event: &OperatorEvent<'_>) {
        if event.subgraph() != 0 {
            return;
        }
        let main = &self.model.subgraphs[0];
        for place in 0..event.n_outputs() {
            let Ok(id) = u32::try_from(event.output_tensor(place)).map(TensorId) else { continue };
            if is_real(main, id) {
                let values = floats(event.output(place));
                self.seen.tensors.entry(id).or_default().add(&values);
            }
        }
        let id = OperatorId(event.index());
        let operator = &main.operators[id.index()];
        if self.model.builtin(operator) == Op::UNIDIRECTIONAL_SEQUENCE_LSTM
            && let Some(largest) = largest_cell(self.model, operator, &floats(event.input(0)))
        {
            let cell = self.seen.cells.entry(id).or_default();
            *cell = cell.max(largest);
        }
    }
}

/// The numbers in the bytes of a float32 tensor.
pub(super) fn floats(bytes: &[u8]) -> Cow<'_, [f32]> {
    match bytemuck::try_cast_slice(bytes) {
        Ok(values) => Cow::Borrowed(values),
        Err(_) => bytes
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.first_chunk().copied().unwrap_or_default()))
            .collect(),
    }
}

/// The largest magnitude that the cell state of an LSTM takes on its way over the steps, from states of 0.
///
/// The operator runs all steps at once, and its variable holds the last state only: the steps are computed here once more.
/// Equations: micro/kernels/lstm_eval.h of github.com/espressif/esp-tflite-micro at 99f49e14.
fn largest_cell(model: &Model, operator: &Operator, input: &[f32]) -> Option<f32> {
    let main = &model.subgraphs[0];
    let constant = |place: usize| real_values(model, main.tensor(operator.input(place)?));
    let gates = |first: usize| (0..4).map(|gate| constant(first + gate)).collect::<Option<Vec<_>>>();
    let (weights, recurrent, biases) = (gates(1)?, gates(5)?, gates(12)?);
    let units = biases[0].len();
    let width = weights[0].len() / units.max(1);
    let shape = &main.tensor(operator.input(0)?).shape;
    let [outer, inner] = [0, 1].map(|place| shape.get(place).map_or(1, |size| (*size).max(1) as usize));
    let is_time_major = operator.option_int("time_major") != 0;
    let (batches, steps) = if is_time_major { (inner, outer) } else { (outer, inner) };
    let clip = operator.option_float("cell_clip");
    let mut largest = 0f32;
    for batch in 0..batches {
        let (mut hidden, mut cell) = (vec![0f32; units], vec![0f32; units]);
        for step in 0..steps {
            let row = if is_time_major { step * batches + batch } else { batch * steps + step };
            let input = input.get(row * width..(row + 1) * width)?;
            let sum = |gate: usize, unit: usize| {
                let dot = |row: &[f32], values: &[f32]| -> f32 {
                    row.iter().zip(values).map(|(weight, value)| weight * value).sum()
                };
                biases[gate][unit]
                    + dot(&weights[gate][unit * width..][..width], input)
                    + dot(&recurrent[gate][unit * units..][..units], &hidden)
            };
            let sigmoid = |value: f32| 1.0 / (1.0 + (-value).exp());
            let mut next = Vec::with_capacity(units);
            for (unit, cell) in cell.iter_mut().enumerate() {
                let [input, forget, gate, output] = [0, 1, 2, 3].map(|gate| sum(gate, unit));
                *cell = sigmoid(forget) * *cell + sigmoid(input) * gate.tanh();
                if clip > 0.0 {
                    *cell = cell.clamp(-clip, clip);
                }
                largest = largest.max(cell.abs());
                next.push(sigmoid(output) * cell.tanh());
            }
            hidden = next;
        }
    }
    Some(largest)
}
