//! Layers without windows: activations, normalisation, dropout, shapes, merging.

use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor, TensorData, activation, module};
use emberlab_core::layers::{Activation, Interpolation, MergeOperation};

use super::value::{Value, spatial};
use crate::random::Random;

/// What follows a sum.
pub(super) fn activate(value: Value, function: Activation) -> Value {
    match function {
        Activation::Linear => value,
        Activation::Relu => value.map(activation::relu),
        Activation::Relu6 => value.map(activation::relu6),
        Activation::LeakyRelu { slope } => {
            value.map(|tensor| activation::leaky_relu(tensor, f64::from(slope)))
        }
        Activation::Sigmoid => value.map(activation::sigmoid),
        Activation::Tanh => value.map(activation::tanh),
        Activation::Softmax => {
            let shape = value.shape().to_vec();
            Value::last(activation::softmax(value.into_last(), 3), &shape)
        }
        Activation::HardSwish => value
            .map(|tensor| tensor.clone() * activation::relu6(tensor.add_scalar(3.0)).mul_scalar(1.0 / 6.0)),
    }
}

/// Gamma, beta and statistics of a batch normalisation.
pub(super) struct Normalisation {
    pub gamma: Tensor<1>,
    pub beta: Tensor<1>,
    pub epsilon: f32,
}

/// Normalises with given mean and variance.
pub(super) fn normalise(
    value: Value,
    with: Normalisation,
    mean: Tensor<1>,
    variance: Tensor<1>,
    shape: &[usize],
) -> Value {
    let tensor = value.into_first();
    let epsilon = f64::from(with.epsilon);
    Value::first(module::batch_norm(tensor, with.gamma, with.beta, mean, variance, epsilon), shape)
}

/// Normalises with the mean and variance of the batch, and gives both. As in Keras 3, the variance is divided by the count.
pub(super) fn normalise_batch(
    value: Value,
    with: Normalisation,
    shape: &[usize],
) -> (Value, Tensor<1>, Tensor<1>) {
    let tensor = value.into_first();
    let result = module::batch_norm_train(tensor, with.gamma, with.beta, f64::from(with.epsilon));
    (Value::first(result.output, shape), result.mean, result.variance)
}

/// Leaves a share of the values out and scales the others up, so that sums stay the same.
pub(super) fn drop_out(value: Value, rate: f32, random: &mut Random, device: &Device) -> Value {
    if rate <= 0.0 {
        return value;
    }
    let size = value.samples() * value.shape().iter().product::<usize>();
    let scale = if rate < 1.0 { 1.0 / (1.0 - rate) } else { 0.0 };
    let mask: Vec<f32> = (0..size).map(|_| if random.unit() < rate { 0.0 } else { scale }).collect();
    let mask: Tensor<1> = Tensor::from_data(TensorData::new(mask, [size]), device);
    value.map(|tensor| {
        let dims = tensor.dims();
        tensor * mask.clone().reshape(dims)
    })
}

/// Zeros above and below, left and right.
pub(super) fn pad(value: Value, [rows, columns]: [(usize, usize); 2], shape: &[usize]) -> Value {
    let zero = PadMode::Constant(0.0);
    if value.is_first() {
        return Value::first(value.into_first().pad([rows, columns], zero), shape);
    }
    Value::last(value.into_last().pad([rows, columns, (0, 0)], zero), shape)
}

/// Two matrices that make more values out of few: every output is a weighted sum of inputs.
pub(super) struct Interpolated {
    rows: Vec<f32>,
    columns: Vec<f32>,
}

impl Interpolated {
    /// For an input of this height and width.
    pub fn new([height, width]: [usize; 2], factors: [usize; 2], interpolation: Interpolation) -> Self {
        Self {
            rows: interpolation_matrix(height, factors[0], interpolation),
            columns: interpolation_matrix(width, factors[1], interpolation),
        }
    }

    pub fn apply(&self, value: Value, shape: &[usize], device: &Device) -> Value {
        let ([height, width, channels], samples) = (spatial(value.shape()), value.samples());
        let [tall, wide, _] = spatial(shape);
        let matrix = |values: &[f32], outputs: usize, inputs: usize| -> Tensor<3> {
            Tensor::from_data(TensorData::new(values.to_vec(), [1, outputs, inputs]), device)
        };
        let mut tensor: Tensor<3> = value.into_last().reshape([samples, height, width * channels]);
        if tall != height {
            tensor = matrix(&self.rows, tall, height).matmul(tensor);
        }
        let mut tensor: Tensor<3> = tensor.reshape([samples * tall, width, channels]);
        if wide != width {
            tensor = matrix(&self.columns, wide, width).matmul(tensor);
        }
        Value::last(tensor.reshape([samples, tall, wide, channels]), shape)
    }
}

/// `[inputs * factor, inputs]`, row by row. Bilinear values lie at half-pixel centres: output `o` is at
/// `(o + 0.5) / factor - 0.5` among the inputs, held within them.
fn interpolation_matrix(inputs: usize, factor: usize, interpolation: Interpolation) -> Vec<f32> {
    let mut matrix = vec![0.0; inputs * factor * inputs];
    for (output, row) in matrix.chunks_exact_mut(inputs.max(1)).enumerate() {
        match interpolation {
            Interpolation::Nearest => row[output / factor] = 1.0,
            Interpolation::Bilinear => {
                let place = ((output as f32 + 0.5) / factor as f32 - 0.5).clamp(0.0, (inputs - 1) as f32);
                let below = place.floor() as usize;
                let share = place - below as f32;
                row[below] += 1.0 - share;
                row[(below + 1).min(inputs - 1)] += share;
            }
        }
    }
    matrix
}

/// Number by number over two or more values of one shape.
pub(super) fn merge(mut values: Vec<Value>, operation: MergeOperation) -> Value {
    let count = values.len() as f32;
    let rest = values.split_off(1);
    let first = values.swap_remove(0);
    let fold = |function: fn(Tensor<4>, Tensor<4>) -> Tensor<4>| {
        rest.into_iter().fold(first, |sum, value| sum.zip(value, function))
    };
    match operation {
        MergeOperation::Add => fold(|sum, value| sum + value),
        MergeOperation::Subtract => fold(|sum, value| sum - value),
        MergeOperation::Multiply => fold(|sum, value| sum * value),
        MergeOperation::Average => fold(|sum, value| sum + value).map(|sum| sum.div_scalar(count)),
        MergeOperation::Maximum => fold(|sum, value| sum.max_pair(value)),
    }
}

/// Side by side along an axis of one sample.
pub(super) fn concatenate(values: Vec<Value>, axis: usize, shape: &[usize]) -> Value {
    let samples = values.first().map_or(0, Value::samples);
    let is_first = axis + 1 == shape.len() && values.iter().all(Value::is_first);
    if is_first {
        let tensors = values.into_iter().map(Value::into_first).collect();
        return Value::first(Tensor::cat(tensors, 1), shape);
    }
    let before: usize = shape[..axis].iter().product();
    let blocks = values.into_iter().map(|value| -> Tensor<3> {
        let block = value.shape()[axis..].iter().product();
        value.into_last().reshape([samples, before, block])
    });
    let [height, width, channels] = spatial(shape);
    Value::last(Tensor::cat(blocks.collect(), 2).reshape([samples, height, width, channels]), shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_values_lie_at_half_pixel_centres() {
        // TensorFlow's resize of [0, 1] to four values: 0, 0.25, 0.75, 1.
        let matrix = interpolation_matrix(2, 2, Interpolation::Bilinear);
        assert_eq!(matrix, [1.0, 0.0, 0.75, 0.25, 0.25, 0.75, 0.0, 1.0]);
        let matrix = interpolation_matrix(2, 3, Interpolation::Nearest);
        assert_eq!(matrix, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        assert_eq!(interpolation_matrix(1, 2, Interpolation::Bilinear), [1.0, 1.0]);
    }
}
