//! Normalisation: numbers found in training samples.

use crate::dataset::{Affine, Normalisation, SampleInput};

/// Entries of the last dimension of a shape.
pub(super) fn channels(shape: &[usize]) -> usize {
    shape.last().copied().unwrap_or(1).max(1)
}

/// The normalisation in numbers; `None` for none. A number that never changes is only shifted.
pub(super) fn fit(normalisation: Normalisation, training: &SampleInput) -> Option<Affine> {
    let (is_range, per_channel) = match normalisation {
        Normalisation::None => return None,
        Normalisation::Scale { factor, offset } => {
            // `value * factor + offset` as a difference that is multiplied.
            let offset = if factor == 0.0 { 0.0 } else { -offset / factor };
            return Some(Affine { offset: vec![offset], scale: vec![factor] });
        }
        Normalisation::ZeroToOne { per_channel } => (true, per_channel),
        Normalisation::StandardDeviation { per_channel } => (false, per_channel),
    };
    let n_channels = if per_channel { channels(&training.shape) } else { 1 };
    let (mut offset, mut scale) = (Vec::with_capacity(n_channels), Vec::with_capacity(n_channels));
    let found = if is_range {
        ranges(&training.values, n_channels)
    } else {
        deviations(&training.values, n_channels)
    };
    for (shift, width) in found {
        offset.push(shift as f32);
        let factor = (1.0 / width) as f32;
        scale.push(if width > 0.0 && factor.is_finite() { factor } else { 1.0 });
    }
    Some(Affine { offset, scale })
}

/// Smallest number and distance to the largest, for each channel.
fn ranges(values: &[f32], n_channels: usize) -> Vec<(f64, f64)> {
    let mut ends = vec![(f32::INFINITY, f32::NEG_INFINITY); n_channels];
    for row in values.chunks_exact(n_channels) {
        for (value, (low, high)) in row.iter().zip(&mut ends) {
            *low = low.min(*value);
            *high = high.max(*value);
        }
    }
    ends.into_iter().map(|(low, high)| (f64::from(low), f64::from(high) - f64::from(low))).collect()
}

/// Mean and standard deviation, for each channel.
fn deviations(values: &[f32], n_channels: usize) -> Vec<(f64, f64)> {
    let count = (values.len() / n_channels).max(1) as f64;
    let sums = |term: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![0.0; n_channels];
        for row in values.chunks_exact(n_channels) {
            for (channel, (value, sum)) in row.iter().zip(&mut sums).enumerate() {
                *sum += term(channel, f64::from(*value));
            }
        }
        sums.into_iter().map(|sum| sum / count).collect::<Vec<f64>>()
    };
    let means = sums(&|_, value| value);
    let squares = sums(&|channel, value| (value - means[channel]) * (value - means[channel]));
    means.into_iter().zip(squares).map(|(mean, square)| (mean, square.sqrt())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(normalisation: Normalisation, expected: &[f32]) {
        let input = SampleInput { shape: vec![3, 2], values: vec![0.0, 5.0, 2.0, 5.0, 4.0, 5.0] };
        let mut values = input.values.clone();
        if let Some(affine) = fit(normalisation, &input) {
            affine.apply(&mut values, channels(&input.shape));
        }
        let is_near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
        assert!(values.iter().zip(expected).all(is_near), "{normalisation:?}: {values:?}");
    }

    #[test]
    fn numbers_are_brought_to_their_size() {
        check(Normalisation::None, &[0.0, 5.0, 2.0, 5.0, 4.0, 5.0]);
        check(Normalisation::Scale { factor: 0.5, offset: 1.0 }, &[1.0, 3.5, 2.0, 3.5, 3.0, 3.5]);
        check(Normalisation::ZeroToOne { per_channel: false }, &[0.0, 1.0, 0.4, 1.0, 0.8, 1.0]);
        check(Normalisation::ZeroToOne { per_channel: true }, &[0.0, 0.0, 0.5, 0.0, 1.0, 0.0]);
        // Channel 0 has mean 2 and variance 8/3; channel 1 never changes.
        let root = (8.0f32 / 3.0).sqrt();
        check(
            Normalisation::StandardDeviation { per_channel: true },
            &[-2.0 / root, 0.0, 0.0, 0.0, 2.0 / root, 0.0],
        );
    }
}
