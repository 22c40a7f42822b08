//! Samples through a model, as real numbers in and out.

use std::ops::Range;

use emberlab_runtime::{Interpreter, Semantics};

use super::memory::{Memory, RunError};
use crate::dataset::Samples;
use crate::model::{TensorType, Values};

/// What a model answers for samples: the real numbers of its outputs, sample after sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// One entry per output of the model.
    pub outputs: Vec<Vec<f32>>,
}

impl Predictions {
    /// Appends the answers for the samples that follow.
    pub fn append(&mut self, next: Self) {
        if self.outputs.is_empty() {
            self.outputs = next.outputs;
            return;
        }
        for (output, more) in self.outputs.iter_mut().zip(next.outputs) {
            output.extend(more);
        }
    }
}

/// The semantics that a model runs with: those of the chip, or for models that no chip runs those of the desktop.
///
/// # Errors
/// It runs with neither; the error is that of the chip.
pub fn semantics_of(file: &[u8]) -> Result<Semantics, RunError> {
    let error = match Memory::new(file, Semantics::Tflm) {
        Ok(_) => return Ok(Semantics::Tflm),
        Err(error) => error,
    };
    Memory::new(file, Semantics::Litert).map(|_| Semantics::Litert).map_err(|_| error)
}

/// Answers for a range of the samples. Every sample starts with variables of 0; `goes_on` is asked before each.
///
/// Ranges can be computed on threads of their own and appended in order.
///
/// # Errors
/// The model does not run, or its inputs are not those of the samples.
pub fn predict(
    file: &[u8],
    semantics: Semantics,
    samples: &Samples,
    range: Range<usize>,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<Predictions, RunError> {
    let mut memory = Memory::new(file, semantics)?;
    let mut interpreter = memory.interpreter()?;
    let mut outputs: Vec<Vec<f32>> = vec![Vec::new(); interpreter.n_outputs()];
    for sample in range {
        if !goes_on() {
            break;
        }
        interpreter.reset();
        set_inputs(&mut interpreter, samples, sample)?;
        // Nothing stops it.
        interpreter.invoke(&mut ()).ok();
        for (index, output) in outputs.iter_mut().enumerate() {
            append_output(&interpreter, index, output);
        }
    }
    Ok(Predictions { outputs })
}

/// Writes a sample into the inputs of a model, quantized as they are.
///
/// # Errors
/// The model has other inputs than the samples.
pub fn set_inputs(
    interpreter: &mut Interpreter<'_>,
    samples: &Samples,
    sample: usize,
) -> Result<(), RunError> {
    let n_inputs = interpreter.n_inputs();
    if n_inputs != samples.inputs.len() {
        let given = samples.inputs.len();
        return Err(refused(format!("the model has {n_inputs} inputs, and the samples are for {given}")));
    }
    for (index, input) in samples.inputs.iter().enumerate() {
        set_input(interpreter, index, input.sample(sample))?;
    }
    Ok(())
}

/// Writes real numbers into an input, quantized as it is.
///
/// # Errors
/// The input has another number of elements, or a type that real numbers do not fit.
pub fn set_input(interpreter: &mut Interpreter<'_>, index: usize, values: &[f32]) -> Result<(), RunError> {
    let Some(tensor) = interpreter.input_tensor(index) else {
        return Err(refused(format!("the model has no input {index}")));
    };
    let (elements, ty) = (tensor.elements(), tensor.ty);
    if elements != values.len() {
        let given = values.len();
        return Err(refused(format!(
            "input {index} of the model has {elements} elements, and a sample has {given}: prepare the data as for training"
        )));
    }
    let (scale, zero_point) = tensor.scale_and_zero_point().unwrap_or((1.0, 0));
    // As TFLM's QUANTIZE and LiteRT's Python examples: to the nearest, halves away from 0.
    let integer = |value: f32, low: i32, high: i32| {
        let steps = (value / scale).round();
        (f64::from(steps) + f64::from(zero_point)).clamp(low.into(), high.into()) as i32
    };
    match ty {
        TensorType::Float32 => interpreter.input::<f32>(index).copy_from_slice(values),
        TensorType::Int8 => {
            let target = interpreter.input::<i8>(index).iter_mut();
            target.zip(values).for_each(|(target, value)| *target = integer(*value, -128, 127) as i8);
        }
        TensorType::Uint8 => {
            let target = interpreter.input_bytes(index).iter_mut();
            target.zip(values).for_each(|(target, value)| *target = integer(*value, 0, 255) as u8);
        }
        TensorType::Int16 => {
            let target = interpreter.input::<i16>(index).iter_mut();
            target.zip(values).for_each(|(target, value)| *target = integer(*value, -32768, 32767) as i16);
        }
        ty => {
            return Err(refused(format!(
                "input {index} of the model is {}, which samples do not fill",
                ty.name()
            )));
        }
    }
    Ok(())
}

/// The real numbers of all outputs of a model that has just run.
pub fn outputs_of(interpreter: &Interpreter<'_>) -> Vec<Vec<f32>> {
    let output = |index| {
        let mut numbers = Vec::new();
        append_output(interpreter, index, &mut numbers);
        numbers
    };
    (0..interpreter.n_outputs()).map(output).collect()
}

/// Appends the real numbers of an output.
fn append_output(interpreter: &Interpreter<'_>, index: usize, numbers: &mut Vec<f32>) {
    let Some(tensor) = interpreter.output_tensor(index) else { return };
    let bytes = interpreter.output_bytes(index);
    let Some(values) = Values::new(tensor.ty, bytes, tensor.elements() as u64) else { return };
    match (tensor.ty, tensor.scale_and_zero_point()) {
        (TensorType::Int8 | TensorType::Uint8 | TensorType::Int16, Ok((scale, zero_point))) => {
            let (scale, zero_point) = (f64::from(scale), f64::from(zero_point));
            numbers.extend(values.map(|value| (scale * (value - zero_point)) as f32));
        }
        _ => numbers.extend(values.map(|value| value as f32)),
    }
}

fn refused(message: String) -> RunError {
    RunError { operator: None, message }
}
