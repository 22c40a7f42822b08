//! The program as float32 tensors and operators.

use super::program::{Constant, Lstm, Operation, Program, Step};
use super::tables::{self, LSTM_INPUTS};
use crate::model::{ModelBuilder, SharedBytes, Tensor, TensorId, TensorType};

/// Adds all operators; gives the tensor of each activation.
pub(super) fn emit(builder: &mut ModelBuilder, program: &Program) -> Vec<TensorId> {
    let zeros = SharedBytes::new(vec![0; largest_constant(program)]);
    let mut emission = Emission { builder, program, tensors: vec![None; program.activations.len()], zeros };
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
    tensors: Vec<Option<TensorId>>,
    /// Data of all constants without values.
    zeros: SharedBytes,
}

impl Emission<'_> {
    fn describe(&self, id: super::program::ActivationId) -> Tensor {
        let activation = &self.program.activations[id.0];
        Tensor::new(&activation.name, TensorType::Float32, &tables::dims(&activation.shape))
    }

    fn step(&mut self, step: &Step) {
        let mut inputs: Vec<Option<TensorId>> = step.inputs.iter().map(|id| self.tensors[id.0]).collect();
        match &step.operation {
            Operation::Conv2D { filter, bias, .. } | Operation::DepthwiseConv2D { filter, bias, .. } => {
                inputs.extend([filter, bias].map(|constant| Some(self.constant(constant))));
            }
            Operation::FullyConnected { filter, bias, .. } => {
                inputs.push(Some(self.constant(filter)));
                inputs.push(bias.as_ref().map(|bias| self.constant(bias)));
            }
            Operation::MulConstant(constant) | Operation::AddConstant(constant) => {
                inputs.push(Some(self.constant(constant)));
            }
            Operation::Lstm(lstm) => inputs = self.lstm_inputs(inputs[0], lstm),
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
            | Operation::HardSwish => {}
        }
        let output_shape = self.program.shape(step.output);
        let name = &self.program.activations[step.output.0].name;
        let integers = tables::integers(&step.operation, output_shape);
        inputs.extend(integers.iter().map(|constant| Some(constant.add_to(self.builder, name))));
        let output = self.describe(step.output);
        let output = self.builder.tensor(output);
        self.tensors[step.output.0] = Some(output);
        let operator = self.builder.operator(tables::code(&step.operation), inputs, [output]);
        if let Some(options) = tables::options(&step.operation, step.fused) {
            operator.set_options(options);
        }
    }

    fn constant(&mut self, constant: &Constant) -> TensorId {
        let tensor = Tensor::new(&constant.name, TensorType::Float32, &tables::dims(&constant.shape));
        match &constant.values {
            Some(values) => self.builder.constant(tensor, values),
            None => {
                let zeros = self.zeros.first(4 * constant.shape.iter().product::<usize>());
                self.builder.constant_bytes(tensor, zeros)
            }
        }
    }

    /// `kernels/lstm_shared.h` of esp-tflite-micro 99f49e14: no peepholes, no projection, no layer normalisation.
    fn lstm_inputs(&mut self, input: Option<TensorId>, lstm: &Lstm) -> Vec<Option<TensorId>> {
        let mut inputs = vec![None; LSTM_INPUTS.count];
        inputs[0] = input;
        for gate in 0..4 {
            inputs[LSTM_INPUTS.input_weights + gate] = Some(self.constant(&lstm.input_weights[gate]));
            inputs[LSTM_INPUTS.recurrent_weights + gate] = Some(self.constant(&lstm.recurrent_weights[gate]));
            inputs[LSTM_INPUTS.biases + gate] = Some(self.constant(&lstm.biases[gate]));
        }
        for (place, name) in
            [(LSTM_INPUTS.hidden_state, "hidden_state"), (LSTM_INPUTS.cell_state, "cell_state")]
        {
            let name = format!("{}/{name}", lstm.name);
            let state = Tensor::new(&name, TensorType::Float32, &[1, lstm.units as i32]).variable();
            inputs[place] = Some(self.builder.tensor(state));
        }
        inputs
    }
}

/// Bytes of the largest constant without values.
fn largest_constant(program: &Program) -> usize {
    let constants = program.steps.iter().flat_map(|step| step.operation.constants());
    let without_values = constants.filter(|constant| constant.values.is_none());
    without_values.map(|constant| 4 * constant.shape.iter().product::<usize>()).max().unwrap_or(0)
}
