//! Losses and metrics by Keras's formulas, one number per sample.
//!
//! Formulas: keras-team/keras, `keras/src/losses/losses.py` and `keras/src/backend/tensorflow/nn.py`, version 3.

use burn::tensor::{Tensor, activation};
use emberlab_core::layers::Activation;
use emberlab_core::training::Loss;

use crate::network::Value;

/// What Keras keeps probabilities away from 0 and 1 by.
const EPSILON: f32 = 1e-7;

/// The output can be given before its last activation, so that the loss is computed with fewer roundings. An output that ends
/// in no activation is taken for one before the activation that the loss is made for.
pub(crate) fn takes_raw(loss: Loss, activation: Activation) -> bool {
    match loss {
        Loss::SparseCategoricalCrossentropy | Loss::CategoricalCrossentropy => {
            matches!(activation, Activation::Softmax | Activation::Linear)
        }
        Loss::BinaryCrossentropy => matches!(activation, Activation::Sigmoid | Activation::Linear),
        Loss::MeanSquaredError | Loss::MeanAbsoluteError | Loss::Huber { .. } => false,
    }
}

/// The loss of every sample, `[samples]`: the mean over the numbers, or places, of a sample.
pub(crate) fn losses(loss: Loss, output: Value, targets: Tensor<2>, is_raw: bool) -> Tensor<1> {
    let samples = output.samples();
    let classes = output.shape().last().copied().unwrap_or(1);
    let mean = |values: Tensor<2>| -> Tensor<1> {
        let [_, count] = values.dims();
        if count == 1 { values.reshape([samples]) } else { values.mean_dim(1).reshape([samples]) }
    };
    match loss {
        Loss::SparseCategoricalCrossentropy | Loss::CategoricalCrossentropy => {
            let output = output.into_places();
            let [rows, _] = output.dims();
            let logarithms = if is_raw {
                activation::log_softmax(output, 1)
            } else {
                let sums = output.clone().sum_dim(1);
                (output / sums).clamp(EPSILON, 1.0 - EPSILON).log()
            };
            let losses = (logarithms * targets.reshape([rows, classes])).sum_dim(1).neg();
            mean(losses.reshape([samples, rows / samples.max(1)]))
        }
        Loss::BinaryCrossentropy => {
            let output = output.into_rows();
            if is_raw {
                let tail = output.clone().abs().neg().exp().log1p();
                return mean(activation::relu(output.clone()) - output * targets + tail);
            }
            let yes = output.clamp(EPSILON, 1.0 - EPSILON);
            let no = yes.clone().neg().add_scalar(1.0);
            let chance = targets.clone() * yes.log() + targets.neg().add_scalar(1.0) * no.log();
            mean(chance.neg())
        }
        Loss::MeanSquaredError => {
            let error = output.into_rows() - targets;
            mean(error.clone() * error)
        }
        Loss::MeanAbsoluteError => mean((output.into_rows() - targets).abs()),
        Loss::Huber { delta } => {
            let error = (output.into_rows() - targets).abs();
            let inner = error.clone().clamp_max(delta);
            mean((inner.clone() * inner.clone()).mul_scalar(0.5) + (error - inner).mul_scalar(delta))
        }
    }
}

/// How many samples are of the class that the output says.
pub(crate) fn correct(output: Value, targets: Tensor<2>, is_binary: bool, is_raw: bool) -> Tensor<1> {
    let output = output.into_rows();
    let hits = if is_binary {
        let border = if is_raw { 0.0 } else { 0.5 };
        output.greater_elem(border).equal(targets.greater_elem(0.5))
    } else {
        output.argmax(1).equal(targets.argmax(1))
    };
    hits.float().sum()
}

/// The sum over samples of mean absolute errors; `activation` is what the output lacks.
pub(crate) fn absolute_errors(output: Value, targets: Tensor<2>, activation: Activation) -> Tensor<1> {
    let output = match activation {
        Activation::Softmax => {
            let shape = output.shape().to_vec();
            Value::last(activation::softmax(output.into_last(), 3), &shape)
        }
        Activation::Sigmoid => output.map(activation::sigmoid),
        Activation::Linear
        | Activation::Relu
        | Activation::Relu6
        | Activation::LeakyRelu { .. }
        | Activation::Tanh
        | Activation::HardSwish => output,
    };
    (output.into_rows() - targets).abs().mean_dim(1).sum()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn check(loss: Loss, is_raw: bool, output: &[f32], targets: &[f32], shape: &[usize], expected: &[f32]) {
        let device = Device::flex();
        let width: usize = shape.iter().product();
        let rows = |values: &[f32]| -> Tensor<2> {
            Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / width, width]), &device)
        };
        let value = Value::rows(rows(output), shape);
        let found: Vec<f32> = losses(loss, value, rows(targets), is_raw).try_into_vec_as().unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 2e-6, "{loss:?}: {found} against {expected}");
        }
    }

    const RAW: [f32; 6] = [1.0, -2.0, 0.5, 0.1, 0.2, 3.0];
    const SOFTMAX: [f32; 6] =
        [0.603_748_9, 0.030_058_89, 0.366_192_2, 0.049_311_32, 0.054_497_45, 0.896_191_24];
    const SIGMOID: [f32; 6] = [0.731_058_6, 0.119_202_92, 0.622_459_35, 0.524_979_2, 0.549_834, 0.952_574_13];
    const TARGETS: [f32; 6] = [1.0, 0.0, 0.0, 0.1, 0.2, 0.7];

    // Expected numbers: Keras 3.15, by compare/reference.py.
    #[test]
    fn losses_are_those_of_keras() {
        let categorical = [0.504_596_9, 0.959_601_5];
        check(Loss::CategoricalCrossentropy, true, &RAW, &TARGETS, &[3], &categorical);
        check(Loss::SparseCategoricalCrossentropy, false, &SOFTMAX, &TARGETS, &[3], &categorical);
        let twice = SOFTMAX.map(|value| 2.0 * value);
        check(Loss::CategoricalCrossentropy, false, &twice, &TARGETS, &[3], &categorical);
        let binary = [0.471_422_2, 0.813_707_6];
        check(Loss::BinaryCrossentropy, true, &RAW, &TARGETS, &[3], &binary);
        check(Loss::BinaryCrossentropy, false, &SIGMOID, &TARGETS, &[3], &binary);
        check(Loss::MeanSquaredError, false, &RAW, &TARGETS, &[3], &[1.416_666_6, 1.763_333_3]);
        check(Loss::MeanAbsoluteError, false, &RAW, &TARGETS, &[3], &[0.833_333_3, 0.766_666_7]);
        check(Loss::Huber { delta: 0.5 }, false, &RAW, &TARGETS, &[3], &[0.333_333_3, 0.341_666_7]);
        // One sample of two places: the mean of both.
        check(Loss::CategoricalCrossentropy, true, &RAW, &TARGETS, &[2, 3], &[0.732_099_2]);
    }

    #[test]
    fn large_outputs_do_not_overflow() {
        check(Loss::CategoricalCrossentropy, true, &[300.0, -300.0], &[0.0, 1.0], &[2], &[600.0]);
        check(Loss::BinaryCrossentropy, true, &[300.0, -300.0], &[0.0, 0.0], &[1], &[300.0, 0.0]);
    }

    #[test]
    fn samples_of_the_right_class_are_counted() {
        let device = Device::flex();
        let rows = |values: &[f32], width: usize| -> Tensor<2> {
            Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / width, width]), &device)
        };
        let count = |output: &[f32], targets: &[f32], width, is_binary, is_raw| {
            let output = Value::rows(rows(output, width), &[width]);
            correct(output, rows(targets, width), is_binary, is_raw).into_scalar::<f32>()
        };
        assert_eq!(count(&RAW, &TARGETS, 3, false, true), 2.0);
        assert_eq!(count(&RAW, &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 3, false, true), 1.0);
        assert_eq!(count(&[0.4, 0.6, 0.7], &[1.0, 1.0, 0.1], 1, true, false), 1.0);
        assert_eq!(count(&[0.4, -0.6, 0.7], &[0.9, 0.1, 0.9], 1, true, true), 3.0);
    }
}
