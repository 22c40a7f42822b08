//! Constants as integers: weights around 0, biases with the product of the scales before them.

use std::borrow::Cow;

use super::rules::Scale;
use crate::model::{Model, Tensor, TensorType, Values};

/// Scale of weights that are all zero.
const SCALE_OF_ZEROS: f32 = 1.0 / 128.0;

/// Largest bias that is stored in int32; TFLM adds the sums to it in int32 as well.
const LARGEST_BIAS: f64 = (1u64 << 30) as f64;

/// The numbers of a float32 constant; `None` for anything else.
pub(super) fn real_values<'m>(model: &'m Model, tensor: &Tensor) -> Option<Cow<'m, [f32]>> {
    if tensor.ty != TensorType::Float32 {
        return None;
    }
    let bytes = model.constant_data(tensor)?;
    if let Ok(values) = bytemuck::try_cast_slice(bytes) {
        return Some(Cow::Borrowed(values));
    }
    Some(Values::of_tensor(tensor, bytes)?.map(|value| value as f32).collect())
}

/// In which slice along a dimension each element lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slices {
    pub count: usize,
    /// Elements that follow one another in the same slice.
    run: usize,
}

impl Slices {
    /// Slices along a dimension; a single one for `None`.
    pub fn new(shape: &[i32], axis: Option<usize>) -> Self {
        let size = |dimension: &i32| usize::try_from(*dimension).unwrap_or(0);
        match axis.filter(|axis| *axis < shape.len()) {
            None => Self { count: 1, run: usize::MAX },
            Some(axis) => Self {
                count: size(&shape[axis]).max(1),
                run: shape[axis + 1..].iter().map(size).product::<usize>().max(1),
            },
        }
    }

    /// The slice of an element.
    pub fn of(self, index: usize) -> usize {
        index / self.run % self.count
    }
}

/// The largest absolute value of each slice.
pub(super) fn largest_of_slices(values: &[f32], slices: Slices) -> Vec<f32> {
    let mut largest = vec![0f32; slices.count];
    for (start, run) in values.chunks(slices.run.min(values.len().max(1))).enumerate() {
        let slice = &mut largest[start % slices.count];
        *slice = run.iter().fold(*slice, |largest, value| largest.max(value.abs()));
    }
    largest
}

/// Scales of weights: the largest absolute value of each slice becomes 127.
///
/// A slice with tiny weights beside a large bias gets a larger scale, so that the bias fits in int32; `bias` and the scale of
/// the input are those of the operator.
pub(super) fn weight_scales(values: &[f32], slices: Slices, bias: Option<(&[f32], f32)>) -> Vec<f32> {
    let largest = largest_of_slices(values, slices).into_iter();
    let mut scales: Vec<f32> =
        largest.map(|value| if value > 0.0 { value / 127.0 } else { SCALE_OF_ZEROS }).collect();
    if let Some((bias, input_scale)) = bias {
        for (index, value) in bias.iter().enumerate() {
            let count = scales.len();
            let scale = &mut scales[index % count];
            let least = f64::from(value.abs()) / LARGEST_BIAS / f64::from(input_scale);
            *scale = scale.max(least as f32).max(f32::MIN_POSITIVE);
        }
    }
    scales
}

/// Weights as int8, from -127 to 127.
pub(super) fn symmetric_int8(values: &[f32], scales: &[f32], slices: Slices) -> Vec<i8> {
    let run = slices.run.min(values.len().max(1));
    let mut integers = Vec::with_capacity(values.len());
    for (start, values) in values.chunks(run).enumerate() {
        let scale = scales[start % slices.count];
        integers
            .extend(values.iter().map(|value| (value / scale).round_ties_even().clamp(-127.0, 127.0) as i8));
    }
    integers
}

/// Biases as whole numbers of scales.
pub(super) fn bias_integers(values: &[f32], scales: &[f32]) -> Vec<i64> {
    let integer = |(index, value): (usize, &f32)| {
        (f64::from(*value) / f64::from(scales[index % scales.len()])).round_ties_even() as i64
    };
    values.iter().enumerate().map(integer).collect()
}

/// A constant among activations.
pub(super) fn affine(values: &[f32], (scale, zero_point): Scale, low: i64, high: i64) -> Vec<i64> {
    let integer = |value: &f32| {
        let steps = (f64::from(*value) / f64::from(scale)).round() as i64;
        (steps + zero_point).clamp(low, high)
    };
    values.iter().map(integer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_run_along_a_dimension() {
        let shape = [2, 1, 3, 2];
        let of = |axis| (0..12).map(|index| Slices::new(&shape, axis).of(index)).collect::<Vec<_>>();
        assert_eq!(of(Some(0)), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
        assert_eq!(of(Some(2)), [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2]);
        assert_eq!(of(Some(3)), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(of(None), [0; 12]);
        let values: Vec<f32> = (0..12).map(|value| -(value as f32)).collect();
        assert_eq!(largest_of_slices(&values, Slices::new(&shape, Some(0))), [5.0, 11.0]);
        assert_eq!(largest_of_slices(&values, Slices::new(&shape, Some(2))), [7.0, 9.0, 11.0]);
        assert_eq!(largest_of_slices(&values, Slices::new(&shape, None)), [11.0]);
    }

    #[test]
    fn the_largest_weight_of_a_channel_becomes_127() {
        let slices = Slices::new(&[2, 2], Some(0));
        let values = [0.5, -1.27, 0.0, 0.254];
        let scales = weight_scales(&values, slices, None);
        assert_eq!(symmetric_int8(&values, &scales, slices), [50, -127, 0, 127]);
        assert_eq!(weight_scales(&[0.0; 2], Slices::new(&[2, 1], Some(0)), None), [SCALE_OF_ZEROS; 2]);
    }

    #[test]
    fn a_large_bias_beside_tiny_weights_still_fits() {
        let slices = Slices::new(&[2, 1], Some(0));
        let bias = [1000.0, 1.0];
        let scales = weight_scales(&[1e-9, 1.0], slices, Some((&bias, 1e-3)));
        let products: Vec<f32> = scales.iter().map(|scale| scale * 1e-3).collect();
        let integers = bias_integers(&bias, &products);
        assert!((integers[0] - (1 << 30)).abs() < 1000, "{integers:?}");
        assert_eq!(integers[1], (1.0f64 / f64::from(products[1])).round() as i64);
        assert_eq!(scales[1], 1.0 / 127.0);
    }
}
