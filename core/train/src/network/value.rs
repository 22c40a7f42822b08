//! What flows between layers.

use burn::tensor::Tensor;

/// Samples between two layers, in whatever order the layer before left them.
///
/// Convolutions of burn want channels first, everything else channels last; a value changes its order only where a layer
/// asks for the other one.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    data: Data,
    /// Shape of one sample, channels last, whatever the order of the data.
    shape: Vec<usize>,
}

#[derive(Clone, Debug)]
enum Data {
    /// `[samples, height, width, channels]`.
    Last(Tensor<4>),
    /// `[samples, channels, height, width]`.
    First(Tensor<4>),
    /// One `[samples, channels]` for every step: cutting a sequence costs a whole sequence of gradients for every cut, so
    /// layers over steps hand them on one by one.
    Steps(Vec<Tensor<2>>),
}

impl Value {
    /// A value with channels last.
    pub fn last(tensor: Tensor<4>, shape: &[usize]) -> Self {
        Self { data: Data::Last(tensor), shape: shape.to_vec() }
    }

    /// A value with channels first; `shape` is that of one sample, channels last.
    pub fn first(tensor: Tensor<4>, shape: &[usize]) -> Self {
        Self { data: Data::First(tensor), shape: shape.to_vec() }
    }

    /// A value from one row per sample.
    pub fn rows(tensor: Tensor<2>, shape: &[usize]) -> Self {
        let ([height, width, channels], samples) = (spatial(shape), tensor.dims()[0]);
        Self::last(tensor.reshape([samples, height, width, channels]), shape)
    }

    /// A value from steps.
    pub fn steps(steps: Vec<Tensor<2>>, shape: &[usize]) -> Self {
        Self { data: Data::Steps(steps), shape: shape.to_vec() }
    }

    /// Shape of one sample.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        match &self.data {
            Data::Last(tensor) | Data::First(tensor) => tensor.dims()[0],
            Data::Steps(steps) => steps.first().map_or(0, |step| step.dims()[0]),
        }
    }

    /// `[samples, height, width, channels]`; what has fewer dimensions has ones in front.
    pub fn into_last(self) -> Tensor<4> {
        let [height, width, channels] = spatial(&self.shape);
        match self.data {
            Data::Last(tensor) => tensor,
            Data::First(tensor) => {
                let samples = tensor.dims()[0];
                if channels == 1 || height * width == 1 {
                    return tensor.reshape([samples, height, width, channels]);
                }
                // Through two dimensions, so that what follows meets numbers in their order and not a view.
                let rows: Tensor<2> =
                    tensor.permute([0, 2, 3, 1]).reshape([samples * height * width, channels]);
                rows.reshape([samples, height, width, channels])
            }
            Data::Steps(steps) => {
                let samples = steps[0].dims()[0];
                let sequence: Tensor<3> = Tensor::stack(steps, 1);
                sequence.reshape([samples, height, width, channels])
            }
        }
    }

    /// `[samples, channels, height, width]`; what has fewer dimensions has ones in front of the channels.
    pub fn into_first(self) -> Tensor<4> {
        if let Data::First(tensor) = self.data {
            return tensor;
        }
        let [height, width, channels] = spatial(&self.shape);
        let tensor = self.into_last();
        if channels == 1 || height * width == 1 {
            let samples = tensor.dims()[0];
            return tensor.reshape([samples, channels, height, width]);
        }
        tensor.permute([0, 3, 1, 2])
    }

    /// One row per sample.
    pub fn into_rows(self) -> Tensor<2> {
        let size: usize = self.shape.iter().product();
        let tensor = self.into_last();
        let samples = tensor.dims()[0];
        tensor.reshape([samples, size])
    }

    /// One row per sample and place, of all channels.
    pub fn into_places(self) -> Tensor<2> {
        let [_, _, channels] = spatial(&self.shape);
        let tensor = self.into_last();
        let [samples, height, width, _] = tensor.dims();
        tensor.reshape([samples * height * width, channels])
    }

    /// One `[samples, channels]` for every step of `[steps, channels]`.
    pub fn into_steps(self) -> Vec<Tensor<2>> {
        match self.data {
            Data::Steps(steps) => steps,
            Data::Last(_) | Data::First(_) => {
                let [height, width, channels] = spatial(&self.shape);
                let tensor = self.into_last();
                let samples = tensor.dims()[0];
                let mut steps = Vec::with_capacity(height * width);
                cut(tensor.reshape([samples, height * width, channels]), &mut steps);
                steps
            }
        }
    }

    /// The same shape, every number by itself.
    pub fn map(self, function: impl Fn(Tensor<4>) -> Tensor<4>) -> Self {
        let data = match self.data {
            Data::Last(tensor) => Data::Last(function(tensor)),
            Data::First(tensor) => Data::First(function(tensor)),
            Data::Steps(_) => return Self::last(function(self.clone().into_last()), &self.shape),
        };
        Self { data, shape: self.shape }
    }

    /// Two values of one shape, number by number.
    pub fn zip(self, other: Self, function: impl Fn(Tensor<4>, Tensor<4>) -> Tensor<4>) -> Self {
        let shape = self.shape.clone();
        match self.data {
            Data::First(tensor) => Self::first(function(tensor, other.into_first()), &shape),
            Data::Last(tensor) => Self::last(function(tensor, other.into_last()), &shape),
            Data::Steps(_) => Self::last(function(self.into_last(), other.into_last()), &shape),
        }
    }

    /// `true` if the channels come first.
    pub fn is_first(&self) -> bool {
        matches!(self.data, Data::First(_))
    }
}

/// Height, width and channels of a sample: ones in front of what has fewer dimensions, and all dimensions before the last
/// two as one where it has more.
pub(crate) fn spatial(shape: &[usize]) -> [usize; 3] {
    match shape {
        [] => [1, 1, 1],
        [channels] => [1, 1, *channels],
        [steps, channels] => [1, *steps, *channels],
        [rest @ .., width, channels] => [rest.iter().product(), *width, *channels],
    }
}

/// Cuts `[samples, steps, channels]` in halves until single steps are left. A gradient flows back through a cut as a whole
/// tensor of zeros: halves make that `steps * log2(steps)` numbers and not `steps²`.
fn cut(tensor: Tensor<3>, steps: &mut Vec<Tensor<2>>) {
    let [samples, n_steps, channels] = tensor.dims();
    match n_steps {
        0 => {}
        1 => steps.push(tensor.reshape([samples, channels])),
        _ => {
            let half = n_steps / 2;
            cut(tensor.clone().narrow(1, 0, half), steps);
            cut(tensor.narrow(1, half, n_steps - half), steps);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn value(shape: &[usize]) -> Value {
        let size: usize = shape.iter().product();
        let numbers: Vec<f32> = (0..2 * size).map(|number| number as f32).collect();
        Value::rows(Tensor::from_data(TensorData::new(numbers, [2, size]), &Device::flex()), shape)
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.try_into_vec_as().unwrap()
    }

    #[test]
    fn every_shape_has_height_width_and_channels() {
        let check = |shape: &[usize], expected: [usize; 3]| assert_eq!(spatial(shape), expected);
        check(&[], [1, 1, 1]);
        check(&[5], [1, 1, 5]);
        check(&[7, 5], [1, 7, 5]);
        check(&[9, 7, 5], [9, 7, 5]);
        check(&[2, 9, 7, 5], [18, 7, 5]);
    }

    #[test]
    fn orders_come_back() {
        for shape in [&[3][..], &[4, 3], &[2, 4, 3], &[4, 1], &[2, 2, 4, 3]] {
            let value = value(shape);
            let expected = numbers(value.clone().into_rows());
            let first = Value::first(value.clone().into_first(), shape);
            assert_eq!(numbers(first.into_rows()), expected, "{shape:?}");
            let steps = Value::steps(value.into_steps(), shape);
            assert_eq!(numbers(steps.into_rows()), expected, "{shape:?}");
        }
    }

    #[test]
    fn channels_first_is_what_it_says() {
        let first = value(&[2, 3]).into_first();
        assert_eq!(first.dims(), [2, 3, 1, 2]);
        assert_eq!(numbers(first), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0, 6.0, 9.0, 7.0, 10.0, 8.0, 11.0]);
    }

    #[test]
    fn steps_are_in_order() {
        let steps: Vec<_> = value(&[5, 2]).into_steps().into_iter().map(numbers).collect();
        assert_eq!(steps.len(), 5);
        assert_eq!(steps[3], [6.0, 7.0, 16.0, 17.0]);
    }
}
