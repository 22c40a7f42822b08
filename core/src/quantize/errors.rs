//! How much noise every operator of a variant adds, by itself and together with all before it.

use std::collections::BTreeMap;

use super::assign::is_real;
use super::observe::floats;
use super::pair::{OperatorPair, paired_operators};
use crate::dataset::Samples;
use crate::model::{Model, Operator, OperatorId, Tensor, TensorId, Values};
use crate::run::{Memory, OperatorEvent, RunError, set_input, set_inputs};
use crate::stats::Scales;
use crate::tflite;

/// Which error of an operator is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ErrorMode {
    /// Its own: only this operator is quantized, and it gets the values of the float32 model.
    #[default]
    Alone,
    /// Its own and that of everything before it.
    Accumulated,
}

/// Differences between the values of a float32 model and of a variant, summed up over elements and samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ErrorFigures {
    /// Elements that were compared.
    pub n_values: u64,
    /// Sum of the squares of the float32 values.
    pub signal: f64,
    /// Sum of the squares of the variant's values.
    pub variant_signal: f64,
    /// Sum of the products of both.
    pub product: f64,
    /// Sum of the squares of the differences.
    pub noise: f64,
    /// Sum of the differences.
    pub bias: f64,
    /// The largest difference.
    pub largest: f64,
}

impl ErrorFigures {
    fn add(&mut self, float: impl Iterator<Item = f64>, variant: impl Iterator<Item = f64>) {
        for (float, variant) in float.zip(variant) {
            let difference = variant - float;
            self.n_values += 1;
            self.signal += float * float;
            self.variant_signal += variant * variant;
            self.product += float * variant;
            self.noise += difference * difference;
            self.bias += difference;
            self.largest = self.largest.max(difference.abs());
        }
    }

    fn merge(&mut self, other: &Self) {
        self.n_values += other.n_values;
        self.signal += other.signal;
        self.variant_signal += other.variant_signal;
        self.product += other.product;
        self.noise += other.noise;
        self.bias += other.bias;
        self.largest = self.largest.max(other.largest);
    }

    /// Signal to quantization noise in decibels; infinite without noise.
    pub fn sqnr_db(&self) -> f64 {
        if self.noise == 0.0 { f64::INFINITY } else { 10.0 * (self.signal / self.noise).log10() }
    }

    /// Cosine of the angle between the values as vectors, 1 for the same direction; `None` where one is zero throughout.
    pub fn cosine(&self) -> Option<f64> {
        let lengths = (self.signal * self.variant_signal).sqrt();
        (lengths > 0.0).then(|| self.product / lengths)
    }

    /// Root of the mean squared difference, in the unit of the tensor.
    pub fn rmse(&self) -> f64 {
        if self.n_values == 0 { 0.0 } else { (self.noise / self.n_values as f64).sqrt() }
    }

    /// Mean difference.
    pub fn mean(&self) -> f64 {
        if self.n_values == 0 { 0.0 } else { self.bias / self.n_values as f64 }
    }
}

/// The error of one operator of a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorError {
    /// In the float32 model.
    pub float: OperatorId,
    /// In the variant.
    pub variant: OperatorId,
    /// The schema's name, `CONV_2D`.
    pub operator: String,
    /// Name of its output in the float32 model.
    pub name: String,
    /// The output in the float32 model.
    pub float_tensor: TensorId,
    /// The output in the variant.
    pub variant_tensor: TensorId,
    /// Scale of the output in the variant; `None` in float32.
    pub scale: Option<f32>,
    /// Its own error.
    pub alone: ErrorFigures,
    /// Its own error and that of everything before it.
    pub accumulated: ErrorFigures,
}

impl OperatorError {
    /// The figures of a mode.
    pub fn figures(&self, mode: ErrorMode) -> &ErrorFigures {
        match mode {
            ErrorMode::Alone => &self.alone,
            ErrorMode::Accumulated => &self.accumulated,
        }
    }

    /// Root of the mean squared error in steps of the output's scale; pure rounding has 1/√12 ≈ 0.289.
    pub fn rmse_over_scale(&self, mode: ErrorMode) -> Option<f64> {
        let scale = f64::from(self.scale?);
        (scale > 0.0).then(|| self.figures(mode).rmse() / scale)
    }
}

/// Errors of all operators of a variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperatorErrors {
    /// In the order of execution.
    pub operators: Vec<OperatorError>,
    /// Samples that were compared.
    pub n_samples: usize,
}

impl OperatorErrors {
    /// Adds what was found for further samples.
    pub fn merge(&mut self, next: Self) {
        if self.operators.is_empty() {
            *self = next;
            return;
        }
        self.n_samples += next.n_samples;
        for (operator, more) in self.operators.iter_mut().zip(&next.operators) {
            operator.alone.merge(&more.alone);
            operator.accumulated.merge(&more.accumulated);
        }
    }

    /// Lets samples pass through both models and compares what every pair of operators gives. Variables start at 0 for every
    /// sample; `goes_on` is asked before each.
    ///
    /// # Errors
    /// A model does not run, or its inputs are not those of the samples.
    pub fn measure(
        (float, float_file): (&Model, &[u8]),
        (variant, variant_file): (&Model, &[u8]),
        samples: &Samples,
        indexes: &[usize],
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Self, RunError> {
        let semantics = crate::run::semantics_of(variant_file)?;
        let mut float_memory = Memory::new(float_file, crate::run::semantics_of(float_file)?)?;
        let mut variant_memory = Memory::new(variant_file, semantics)?;
        let mut float_interpreter = float_memory.interpreter()?;
        let mut variant_interpreter = variant_memory.interpreter()?;
        let pairs = paired_operators(float, variant);
        let mut errors = Self { operators: described(float, variant, &pairs), n_samples: 0 };
        let pairs: Vec<OperatorPair> = errors.operators.iter().map(OperatorError::pair).collect();
        let files: Vec<Option<Vec<u8>>> = pairs.iter().map(|pair| alone(variant, pair.second)).collect();
        let mut memories: Vec<Option<Memory>> =
            files.iter().map(|file| Memory::new(file.as_ref()?, semantics).ok()).collect();
        let mut interpreters: Vec<_> = memories
            .iter_mut()
            .map(|memory| memory.as_mut().and_then(|memory| memory.interpreter().ok()))
            .collect();
        for sample in indexes {
            if !goes_on() {
                break;
            }
            let mut float_values = Recorder::default();
            float_interpreter.reset();
            set_inputs(&mut float_interpreter, samples, *sample)?;
            for (place, id) in float.subgraphs[0].inputs.iter().enumerate() {
                float_values.tensors.insert(*id, floats(float_interpreter.input_bytes(place)).into_owned());
            }
            float_interpreter.invoke(&mut float_values).ok();
            let mut variant_values = Bytes::default();
            variant_interpreter.reset();
            set_inputs(&mut variant_interpreter, samples, *sample)?;
            variant_interpreter.invoke(&mut variant_values).ok();
            for (error, interpreter) in errors.operators.iter_mut().zip(&mut interpreters) {
                let Some(expected) = float_values.tensors.get(&error.float_tensor) else { continue };
                let output = variant.subgraphs[0].tensor(error.variant_tensor);
                let expected = || expected.iter().copied().map(f64::from);
                if let Some(bytes) = variant_values.tensors.get(&error.variant_tensor) {
                    error.accumulated.add(expected(), reals(output, bytes));
                }
                let Some(interpreter) = interpreter else { continue };
                interpreter.reset();
                let inputs = inputs_alone(float, variant, error.pair());
                let is_set = inputs.iter().enumerate().all(|(place, id)| {
                    let values = id.and_then(|id| float_values.tensors.get(&id));
                    values.is_some_and(|values| set_input(interpreter, place, values).is_ok())
                });
                if is_set && interpreter.invoke(&mut ()).is_ok() {
                    error.alone.add(expected(), reals(output, interpreter.output_bytes(0)));
                }
            }
            errors.n_samples += 1;
        }
        Ok(errors)
    }
}

impl OperatorError {
    fn pair(&self) -> OperatorPair {
        OperatorPair { first: self.float, second: self.variant }
    }
}

/// Pairs whose outputs hold real numbers, without figures yet.
fn described(float: &Model, variant: &Model, pairs: &[OperatorPair]) -> Vec<OperatorError> {
    let (float_graph, variant_graph) = (&float.subgraphs[0], &variant.subgraphs[0]);
    let described = pairs.iter().filter_map(|pair| {
        let operator = &float_graph.operators[pair.first.index()];
        let float_tensor = operator.output(0).filter(|id| is_real(float_graph, *id))?;
        let variant_tensor = variant_graph.operators[pair.second.index()].output(0)?;
        let scale = variant_graph.tensor(variant_tensor).per_tensor_quantization().map(|(scale, _)| scale);
        Some(OperatorError {
            float: pair.first,
            variant: pair.second,
            operator: float.operator_name(operator),
            name: float_graph.tensor(float_tensor).name.clone().unwrap_or_default(),
            float_tensor,
            variant_tensor,
            scale,
            alone: ErrorFigures::default(),
            accumulated: ErrorFigures::default(),
        })
    });
    described.collect()
}

/// Inputs of an operator that come from others, by their place among its inputs.
fn flowing(model: &Model, operator: &Operator) -> Vec<(usize, TensorId)> {
    let graph = &model.subgraphs[0];
    let places = operator.inputs.iter().enumerate().filter_map(|(place, id)| id.map(|id| (place, id)));
    let flows = |id: &TensorId| {
        let tensor = graph.tensor(*id);
        !tensor.is_variable && model.constant_data(tensor).is_none()
    };
    places.filter(|(_, id)| flows(id)).collect()
}

/// For each input of a model of one operator the tensor of the float32 model that holds its values.
fn inputs_alone(float: &Model, variant: &Model, pair: OperatorPair) -> Vec<Option<TensorId>> {
    let operator = &variant.subgraphs[0].operators[pair.second.index()];
    let mut seen = Vec::new();
    let mut inputs = Vec::new();
    for (place, id) in flowing(variant, operator) {
        if !seen.contains(&id) {
            seen.push(id);
            inputs.push(float.subgraphs[0].operators[pair.first.index()].input(place));
        }
    }
    inputs
}

/// A file with one operator of a model and its constants; what flows into it are the inputs. `None` for operators that read
/// nothing.
fn alone(model: &Model, id: OperatorId) -> Option<Vec<u8>> {
    let mut part = model.clone();
    part.signatures.clear();
    part.metadata.clear();
    let operator = part.subgraphs[0].operators[id.index()].clone();
    let mut inputs: Vec<TensorId> = Vec::new();
    for (_, id) in flowing(model, &operator) {
        if !inputs.contains(&id) {
            inputs.push(id);
        }
    }
    let outputs: Vec<TensorId> = operator.outputs.iter().flatten().copied().collect();
    if inputs.is_empty() || outputs.is_empty() {
        return None;
    }
    let main = &mut part.subgraphs[0];
    main.inputs = inputs;
    main.outputs = outputs;
    main.operators = vec![operator];
    tflite::write(&super::divergence::without_unused(&part)).ok()
}

/// The real numbers in the bytes of a tensor.
fn reals<'a>(tensor: &'a Tensor, bytes: &'a [u8]) -> Box<dyn Iterator<Item = f64> + 'a> {
    let Some(values) = Values::of_tensor(tensor, bytes) else { return Box::new(std::iter::empty()) };
    match Scales::new(tensor) {
        Some(scales) => Box::new(values.enumerate().map(move |(index, value)| scales.real(index, value))),
        None => Box::new(values),
    }
}

/// Keeps the numbers of every float32 output.
#[derive(Default)]
struct Recorder {
    tensors: BTreeMap<TensorId, Vec<f32>>,
}

impl crate::run::Observer for Recorder {
    fn after(&mut self, event: &OperatorEvent<'_>) {
        if event.subgraph() == 0 {
            for place in 0..event.n_outputs() {
                if let Ok(id) = u32::try_from(event.output_tensor(place)) {
                    self.tensors.insert(TensorId(id), floats(event.output(place)).into_owned());
                }
            }
        }
    }
}

/// Keeps the bytes of every output.
#[derive(Default)]
pub(super) struct Bytes {
    pub tensors: BTreeMap<TensorId, Vec<u8>>,
}

impl crate::run::Observer for Bytes {
    fn after(&mut self, event: &OperatorEvent<'_>) {
        if event.subgraph() == 0 {
            for place in 0..event.n_outputs() {
                if let Ok(id) = u32::try_from(event.output_tensor(place)) {
                    self.tensors.insert(TensorId(id), event.output(place).to_vec());
                }
            }
        }
    }
}
