//! Long short-term memory, step by step.

use burn::tensor::{Tensor, activation};

use super::convolution::linear;
use super::value::{Value, spatial};

/// Arrays of one LSTM layer in Keras's layouts: gates stand in the order input, forget, cell, output.
pub(super) struct Gates {
    /// `[inputs, 4 * units]`.
    pub kernel: Tensor<1>,
    /// `[units, 4 * units]`.
    pub recurrent: Tensor<1>,
    /// `[4 * units]`.
    pub bias: Option<Tensor<1>>,
    pub units: usize,
}

/// The outputs of all steps, or of the last.
///
/// As in Keras, `h = o * tanh(c)` with `c = f * c + i * tanh(...)` and sigmoid gates; both begin at 0.
pub(super) fn lstm(value: Value, gates: Gates, sequences: bool, shape: &[usize], half: bool) -> Value {
    let Gates { kernel, recurrent, bias, units } = gates;
    let [.., inputs] = spatial(value.shape());
    let kernel = kernel.reshape([inputs, 4 * units]);
    let recurrent = recurrent.reshape([units, 4 * units]);
    let mut state: Option<(Tensor<2>, Tensor<2>)> = None;
    let mut outputs = Vec::new();
    for step in value.into_steps() {
        let mut sum = linear(step, kernel.clone(), bias.clone(), half);
        if let Some((output, _)) = &state {
            sum = sum + linear(output.clone(), recurrent.clone(), None, half);
        }
        let gate = |place: usize| sum.clone().narrow(1, place * units, units);
        let mut cell = activation::sigmoid(gate(0)) * activation::tanh(gate(2));
        if let Some((_, before)) = state {
            cell = cell + activation::sigmoid(gate(1)) * before;
        }
        let output = activation::sigmoid(gate(3)) * activation::tanh(cell.clone());
        if sequences {
            outputs.push(output.clone());
        }
        state = Some((output, cell));
    }
    match state {
        Some((output, _)) if !sequences => Value::rows(output, shape),
        Some(_) | None => Value::steps(outputs, shape),
    }
}
