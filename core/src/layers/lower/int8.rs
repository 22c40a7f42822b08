//! The program as int8 tensors and operators.
//!
//! Weights are symmetric: one scale per output channel in convolutions, one for the whole of a FULLY_CONNECTED (per channel
//! it has given wrong results on the ESP32-S3, github.com/espressif/esp-nn/issues/34) and of each gate of an LSTM (TFLM
//! takes no other). Biases are int32 with the product of the scales before them.

use super::program::{ActivationId, Constant, Lstm, Operation, Program, Step};
use super::scales::Scales;
use super::tables::{self, LSTM_INPUTS};
use crate::model::{ModelBuilder, SharedBytes, Tensor, TensorId, TensorType, bytes_from_elements};

/// Scale of weights that are all zero, or of which only the structure is known.
const NO_SCALE: f32 = 1.0 / 128.0;

/// Adds all operators; gives the tensor of each activation.
pub(super) fn emit(builder: &mut ModelBuilder, program: &Program, scales: &Scales) -> Vec<TensorId> {
    let tensors = vec![None; program.activations.len()];
    let zeros = SharedBytes::new(vec![0; largest_constant(program)]);
    let mut emission = Emission { builder, program, scales, tensors, zeros };
    for input in &program.inputs {
        let tensor = emission.describe(*input);
        emission.tensors[input.0] = Some(emission.builder.input(tensor));
    }
    for step in &program.steps {
        emission.step(step);
    }
    emission.tensors.into_iter().map(|tensor| tensor.unwrap_or_default()).collect()
}

struct Emission<'a> {
    builder: &'a mut ModelBuilder,
    program: &'a Program,
    scales: &'a Scales,
    tensors: Vec<Option<TensorId>>,
    /// Data of all constants without values.
    zeros: SharedBytes,
}

/// Along which dimension of a filter scales run; `None` for one scale.
type Axis = Option<usize>;

impl Emission<'_> {
    fn describe(&self, id: ActivationId) -> Tensor {
        let activation = &self.program.activations[id.0];
        let (scale, zero_point) = self.scales.activations[id.0];
        Tensor::new(&activation.name, TensorType::Int8, &tables::dims(&activation.shape))
            .quantized(scale, zero_point)
    }

    fn scale(&self, id: ActivationId) -> f32 {
        self.scales.activations[id.0].0
    }

    fn step(&mut self, step: &Step) {
        let mut inputs: Vec<Option<TensorId>> = step.inputs.iter().map(|id| self.tensors[id.0]).collect();
        let mut intermediates = Vec::new();
        match &step.operation {
            Operation::Conv2D { filter, bias, .. } => {
                inputs.extend(self.weights(step.inputs[0], filter, Some(bias), Some(0)));
            }
            Operation::DepthwiseConv2D { filter, bias, .. } => {
                inputs.extend(self.weights(step.inputs[0], filter, Some(bias), Some(3)));
            }
            Operation::FullyConnected { filter, bias } => {
                inputs.extend(self.weights(step.inputs[0], filter, bias.as_ref(), None));
            }
            Operation::MulConstant(constant) | Operation::AddConstant(constant) => {
                let scales = weight_scales(constant, None);
                inputs.push(Some(self.weight(constant, &scales, 0)));
            }
            Operation::Lstm(lstm) => {
                inputs = self.lstm_inputs(inputs[0], step, lstm);
                intermediates = self.lstm_intermediates(step, lstm);
            }
            Operation::Pool { .. }
            | Operation::Add
            | Operation::Sub
            | Operation::Mul
            | Operation::Maximum
            | Operation::Concatenation { .. }
            | Operation::Reshape
            | Operation::Pad { .. }
            | Operation::ResizeNearest
            | Operation::ResizeBilinear
            | Operation::LastStep
            | Operation::Relu
            | Operation::Relu6
            | Operation::LeakyRelu { .. }
            | Operation::Logistic
            | Operation::Tanh
            | Operation::Softmax
            | Operation::HardSwish
            | Operation::Requantize => {}
        }
        let name = &self.program.activations[step.output.0].name;
        let integers = tables::integers(&step.operation, self.program.shape(step.output));
        inputs.extend(integers.iter().map(|constant| Some(constant.add_to(self.builder, name))));
        let output = self.describe(step.output);
        let output = self.builder.tensor(output);
        self.tensors[step.output.0] = Some(output);
        let operator = self.builder.operator(tables::code(&step.operation), inputs, [output]);
        operator.intermediates = intermediates;
        if let Some(options) = tables::options(&step.operation, step.fused) {
            operator.set_options(options);
        }
    }

    /// A filter and its bias, whose scales are those of the input times the filter's.
    fn weights(
        &mut self,
        input: ActivationId,
        filter: &Constant,
        bias: Option<&Constant>,
        axis: Axis,
    ) -> [Option<TensorId>; 2] {
        let scales = weight_scales(filter, axis);
        let bias_scales: Vec<f32> = scales.iter().map(|scale| scale * self.scale(input)).collect();
        let filter = self.weight(filter, &scales, axis.unwrap_or(0));
        [Some(filter), bias.map(|bias| self.bias(bias, &bias_scales))]
    }

    fn weight(&mut self, constant: &Constant, scales: &[f32], axis: usize) -> TensorId {
        let tensor = quantized(constant, TensorType::Int8, scales, axis);
        let bytes = match &constant.values {
            None => self.zeros(element_count(constant)),
            Some(values) => {
                let per_step: usize = constant.shape[axis + 1..].iter().product();
                let value = |(index, value): (usize, &f32)| {
                    let scale = scales[index / per_step.max(1) % scales.len()];
                    (value / scale).round_ties_even().clamp(-127.0, 127.0) as i8
                };
                let values: Vec<i8> = values.iter().enumerate().map(value).collect();
                bytes_from_elements(&values).into()
            }
        };
        self.builder.constant_bytes(tensor, bytes)
    }

    fn bias(&mut self, constant: &Constant, scales: &[f32]) -> TensorId {
        let tensor = quantized(constant, TensorType::Int32, scales, 0);
        let bytes = match &constant.values {
            None => self.zeros(4 * element_count(constant)),
            Some(values) => {
                let value = |(index, value): (usize, &f32)| {
                    let scale = f64::from(scales[index % scales.len()]);
                    (f64::from(*value) / scale).round_ties_even() as i32
                };
                let values: Vec<i32> = values.iter().enumerate().map(value).collect();
                bytes_from_elements(&values).into()
            }
        };
        self.builder.constant_bytes(tensor, bytes)
    }

    /// `kernels/lstm_shared.h` of esp-tflite-micro 99f49e14: no peepholes, no projection, no layer normalisation.
    fn lstm_inputs(&mut self, input: Option<TensorId>, step: &Step, lstm: &Lstm) -> Vec<Option<TensorId>> {
        let mut inputs = vec![None; LSTM_INPUTS.count];
        inputs[0] = input;
        for gate in 0..4 {
            let weights = &lstm.input_weights[gate];
            let [weights, bias] = self.weights(step.inputs[0], weights, Some(&lstm.biases[gate]), None);
            inputs[LSTM_INPUTS.input_weights + gate] = weights;
            inputs[LSTM_INPUTS.biases + gate] = bias;
            let weights = &lstm.recurrent_weights[gate];
            let scales = weight_scales(weights, None);
            inputs[LSTM_INPUTS.recurrent_weights + gate] = Some(self.weight(weights, &scales, 0));
        }
        let (scale, zero_point) = self.scales.activations[step.output.0];
        let units = [1, lstm.units as i32];
        let hidden = Tensor::new(&format!("{}/hidden_state", lstm.name), TensorType::Int8, &units);
        let hidden = self.builder.tensor(hidden.quantized(scale, zero_point).variable());
        let cell = Tensor::new(&format!("{}/cell_state", lstm.name), TensorType::Int16, &units);
        let cell = self.builder.tensor(cell.quantized(self.scales.cell, 0).variable());
        inputs[LSTM_INPUTS.hidden_state] = Some(hidden);
        inputs[LSTM_INPUTS.cell_state] = Some(cell);
        inputs
    }

    /// Tensors without elements whose scales LiteRT reads: inputs of the four gates, then the hidden state. TFLM refuses
    /// intermediate tensors that take memory.
    fn lstm_intermediates(&mut self, step: &Step, lstm: &Lstm) -> Vec<Option<TensorId>> {
        const GATE_SCALE: f32 = 1.0 / 4096.0;
        let output = self.scales.activations[step.output.0];
        let scales = [(GATE_SCALE, 0); 4].into_iter().chain([output]);
        let tensors = scales.enumerate().map(|(number, (scale, zero_point))| {
            let ty = if number < 4 { TensorType::Int16 } else { TensorType::Int8 };
            let tensor = Tensor::new(&format!("{}/intermediate_{number}", lstm.name), ty, &[0]);
            Some(self.builder.tensor(tensor.quantized(scale, zero_point)))
        });
        tensors.collect()
    }

    fn zeros(&self, n_bytes: usize) -> SharedBytes {
        self.zeros.first(n_bytes)
    }
}

fn quantized(constant: &Constant, ty: TensorType, scales: &[f32], axis: usize) -> Tensor {
    let tensor = Tensor::new(&constant.name, ty, &tables::dims(&constant.shape));
    tensor.quantized_per_axis(scales, &vec![0; scales.len()], axis as i32)
}

/// The largest absolute value of each slice along the axis becomes 127.
fn weight_scales(constant: &Constant, axis: Axis) -> Vec<f32> {
    let n_scales = axis.map_or(1, |axis| constant.shape[axis]);
    let Some(values) = &constant.values else {
        return vec![NO_SCALE; n_scales];
    };
    let per_step: usize = axis.map_or(values.len(), |axis| constant.shape[axis + 1..].iter().product());
    let mut largest = vec![0f32; n_scales];
    for (index, value) in values.iter().enumerate() {
        let slice = &mut largest[index / per_step.max(1) % n_scales];
        *slice = slice.max(value.abs());
    }
    largest.into_iter().map(|value| if value > 0.0 { value / 127.0 } else { NO_SCALE }).collect()
}

fn element_count(constant: &Constant) -> usize {
    constant.shape.iter().product()
}

/// Bytes of the largest constant without values.
fn largest_constant(program: &Program) -> usize {
    let constants = program.steps.iter().flat_map(|step| step.operation.constants());
    constants.map(|constant| 4 * element_count(constant)).max().unwrap_or(0)
}
