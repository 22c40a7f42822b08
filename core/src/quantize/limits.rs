//! Limits of activations: which part of the values that were seen fills the integers.

use std::collections::BTreeMap;

use super::{CalibrationMethod, Observations, TensorObservation, ValueHistogram};
use crate::model::{OperatorId, TensorId};

/// What an integer model has to know of the activations of its float32 model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranges {
    /// Limits of every activation.
    pub limits: BTreeMap<TensorId, Limits>,
    /// The largest magnitude of the cell state of every LSTM.
    pub cells: BTreeMap<OperatorId, f32>,
}

/// The values that fill the integers; what lies beyond is clipped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Values from here on, at most 0.
    pub low: f32,
    /// Values up to here, at least 0.
    pub high: f32,
    /// Share of the values that lie outside, 0 to 1.
    pub clipped: f64,
}

/// Steps between the smallest and the largest int8; limits are searched for these, and int16 has so many more that any
/// method leaves it min-max.
const STEPS: f64 = 255.0;

/// Candidates for a limit between 0 and the largest value.
const CANDIDATES: usize = 100;

impl Observations {
    /// Limits of every activation.
    pub fn ranges(&self, method: CalibrationMethod) -> Ranges {
        let limits = self.tensors.iter().map(|(id, seen)| (*id, seen.limits(method)));
        Ranges { limits: limits.collect(), cells: self.cells.clone() }
    }
}

impl TensorObservation {
    /// The limits that a method gives; not finite where the values were not.
    pub fn limits(&self, method: CalibrationMethod) -> Limits {
        if self.n_not_finite > 0 {
            return Limits { low: f32::NEG_INFINITY, high: f32::INFINITY, clipped: 0.0 };
        }
        let (low, high) = match method {
            CalibrationMethod::MinMax => (self.low, self.high),
            CalibrationMethod::MovingAverage { momentum } => self.moving_average(momentum),
            CalibrationMethod::Percentile { percent } => {
                let outside = 1.0 - f64::from(percent.clamp(50.0, 100.0)) / 100.0;
                (self.histogram.quantile(outside) as f32, self.histogram.quantile(1.0 - outside) as f32)
            }
            CalibrationMethod::Mse => least_squares(&self.histogram, self.low, self.high),
            CalibrationMethod::Entropy => least_divergence(&self.histogram, self.low, self.high),
        };
        // What was seen is never exceeded, and 0 always has an integer of its own.
        let (low, high) = (low.max(self.low).min(0.0), high.min(self.high).max(0.0));
        Limits { low, high, clipped: self.histogram.share_outside(low.into(), high.into()) }
    }

    /// The averages of the samples' limits, as of `tf.quantization`'s moving averages.
    fn moving_average(&self, momentum: f32) -> (f32, f32) {
        let momentum = momentum.clamp(0.0, 1.0);
        let mut ranges = self.sample_ranges.iter().copied();
        let first = ranges.next().unwrap_or((self.low, self.high));
        ranges.fold(first, |(low, high), next| {
            let mixed = |old: f32, new: f32| momentum * old + (1.0 - momentum) * new;
            (mixed(low, next.0), mixed(high, next.1))
        })
    }
}

/// Sums over the values above each candidate.
struct Tail {
    limits: Vec<f64>,
    /// Squared distance of all values above to the limit.
    clipping: Vec<f64>,
    /// Values at most at the limit, without zeros.
    within: Vec<f64>,
}

impl Tail {
    /// Candidates from 0 to the largest of some magnitudes.
    fn new(bins: &[(f64, u64)], largest: f64) -> Self {
        let limits: Vec<f64> =
            (1..=CANDIDATES).map(|index| largest * index as f64 / CANDIDATES as f64).collect();
        let sums = limits.iter().map(|limit| {
            let mut sums = (0.0, 0.0);
            for (value, count) in bins {
                let count = *count as f64;
                if value > limit {
                    sums.0 += count * (value - limit).powi(2);
                } else {
                    sums.1 += count;
                }
            }
            sums
        });
        let (clipping, within) = sums.unzip();
        Self { limits, clipping, within }
    }
}

/// The limits with the least mean squared error: that of rounding within, evenly spread over a step, and that of clipping
/// beyond. Zeros have none, since 0 has an integer of its own.
fn least_squares(histogram: &ValueHistogram, low: f32, high: f32) -> (f32, f32) {
    let side = |sign: f64| -> Vec<(f64, u64)> {
        let bins = histogram.bins().map(|(value, count)| (value * sign, count));
        bins.filter(|(value, _)| *value > 0.0).collect()
    };
    let above = Tail::new(&side(1.0), f64::from(high.max(0.0)));
    let below = Tail::new(&side(-1.0), f64::from(-low.min(0.0)));
    let mut best = (f64::INFINITY, 0.0, 0.0);
    // One side alone has nothing to search on the other.
    let places = |tail: &Tail| if tail.limits[CANDIDATES - 1] > 0.0 { 0..CANDIDATES } else { 0..1 };
    for up in places(&above) {
        for down in places(&below) {
            let step = (above.limits[up] + below.limits[down]) / STEPS;
            let rounding = (above.within[up] + below.within[down]) * step * step / 12.0;
            let error = rounding + above.clipping[up] + below.clipping[down];
            if error <= best.0 {
                best = (error, below.limits[down], above.limits[up]);
            }
        }
    }
    (-best.1 as f32, best.2 as f32)
}

/// Bins of magnitudes for the search of [`least_divergence`].
const MAGNITUDES: usize = 2048;

/// The limit whose quantized distribution diverges least from the whole one: Migacz, "8-bit Inference with TensorRT", GTC
/// 2017. Distributions on both sides of 0 are searched by magnitude with half as many levels.
fn least_divergence(histogram: &ValueHistogram, low: f32, high: f32) -> (f32, f32) {
    let largest = f64::from(high.max(-low).max(0.0));
    if largest == 0.0 {
        return (low, high);
    }
    let levels = if low < 0.0 && high > 0.0 { 128 } else { 256 };
    let mut counts = vec![0f64; MAGNITUDES];
    for (value, count) in histogram.bins().filter(|(value, _)| *value != 0.0) {
        let bin = (value.abs() / largest * MAGNITUDES as f64) as usize;
        counts[bin.min(MAGNITUDES - 1)] += count as f64;
    }
    let total: f64 = counts.iter().sum();
    let mut best = (f64::INFINITY, MAGNITUDES);
    let mut outside: f64 = counts[levels..].iter().sum();
    for limit in levels..=MAGNITUDES {
        let divergence = divergence(&counts[..limit], outside, total, levels);
        if divergence <= best.0 {
            best = (divergence, limit);
        }
        outside -= counts.get(limit).copied().unwrap_or(0.0);
    }
    let limit = (largest * best.1 as f64 / MAGNITUDES as f64) as f32;
    (-limit, limit)
}

/// Kullback-Leibler divergence of the counts, with what lies outside moved into the last bin, from the counts in `levels`
/// groups spread evenly over their bins that are not empty.
fn divergence(counts: &[f64], outside: f64, total: f64, levels: usize) -> f64 {
    let mut divergence = 0.0;
    let last = counts.len() - 1;
    let inside: f64 = counts.iter().sum();
    for level in 0..levels {
        let (start, end) = (level * counts.len() / levels, (level + 1) * counts.len() / levels);
        let bins = &counts[start..end];
        let filled = bins.iter().filter(|count| **count > 0.0).count();
        if filled == 0 {
            continue;
        }
        let spread = bins.iter().sum::<f64>() / filled as f64 / inside;
        for (offset, count) in bins.iter().enumerate() {
            let reference = count + if start + offset == last { outside } else { 0.0 };
            if *count > 0.0 {
                let share = reference / total;
                divergence += share * (share / spread).ln();
            }
        }
    }
    // Outliers in a last bin that is otherwise empty are lost altogether.
    if counts[last] == 0.0 && outside > 0.0 {
        return f64::INFINITY;
    }
    divergence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::random::Random;

    fn observed(values: &[f32]) -> TensorObservation {
        let mut seen = TensorObservation::default();
        seen.add(values);
        seen
    }

    /// Mean squared error of the values after rounding to int8 within limits.
    fn error(values: &[f32], limits: Limits) -> f64 {
        let (scale, zero_point) = super::super::assign::asymmetric_int8(limits.low, limits.high);
        let error = |value: &f32| {
            let integer = ((value / scale).round() as i64 + zero_point).clamp(-128, 127);
            (f64::from(*value) - f64::from(scale) * (integer - zero_point) as f64).powi(2)
        };
        values.iter().map(error).sum::<f64>() / values.len() as f64
    }

    /// Mostly small values, and one in a thousand far out.
    fn with_outliers(seed: u64, is_positive: bool) -> Vec<f32> {
        let mut random = Random::new(seed);
        let mut value = |index: usize| {
            let normal = random.normal() as f32 * if index.is_multiple_of(1000) { 12.0 } else { 1.0 };
            if is_positive { normal.max(0.0) } else { normal }
        };
        (0..20_000).map(&mut value).collect()
    }

    #[test]
    fn min_max_is_what_was_seen_and_clips_nothing() {
        let limits = observed(&[-1.0, 3.0, 0.5]).limits(CalibrationMethod::MinMax);
        assert_eq!(limits, Limits { low: -1.0, high: 3.0, clipped: 0.0 });
        // 0 has an integer of its own, whatever was seen.
        let limits = observed(&[2.0, 3.0]).limits(CalibrationMethod::MinMax);
        assert_eq!((limits.low, limits.high), (0.0, 3.0));
    }

    #[test]
    fn a_moving_average_forgets_slowly() {
        let mut seen = observed(&[-1.0, 1.0]);
        seen.add(&[-3.0, 2.0]);
        let limits = seen.limits(CalibrationMethod::MovingAverage { momentum: 0.75 });
        assert_eq!((limits.low, limits.high), (-1.5, 1.25));
        assert_eq!(limits.clipped, 0.5);
    }

    #[test]
    fn a_percentile_leaves_out_its_share_at_either_end() {
        let values: Vec<f32> = (-5000..=5000).map(|value| value as f32 / 1000.0).collect();
        let limits = observed(&values).limits(CalibrationMethod::Percentile { percent: 99.0 });
        assert!((limits.low + 4.9).abs() < 0.02 && (limits.high - 4.9).abs() < 0.02, "{limits:?}");
        assert!((limits.clipped - 0.02).abs() < 0.002);
    }

    #[test]
    fn the_least_squares_have_less_error_than_the_extremes() {
        for is_positive in [false, true] {
            let values = with_outliers(3, is_positive);
            let seen = observed(&values);
            let all = error(&values, seen.limits(CalibrationMethod::MinMax));
            let best = error(&values, seen.limits(CalibrationMethod::Mse));
            // Of positive values half are 0, which no limit changes, and the rest has an integer for every half step.
            assert!(best < if is_positive { 1.02 } else { 0.97 } * all, "{best} instead of {all}");
            // No pair of limits that shrinks both sides alike is much better.
            let limits = seen.limits(CalibrationMethod::MinMax);
            for share in 1..=100 {
                let share = share as f32 / 100.0;
                let limits = Limits { low: limits.low * share, high: limits.high * share, clipped: 0.0 };
                assert!(best < 1.03 * error(&values, limits), "{share}");
            }
        }
    }

    #[test]
    fn the_least_divergence_cuts_outliers_off_and_keeps_the_rest() {
        let values = with_outliers(5, false);
        let seen = observed(&values);
        let limits = seen.limits(CalibrationMethod::Entropy);
        assert!(limits.high > 2.5 && limits.high < 0.7 * seen.high, "{limits:?} of {}", seen.high);
        assert!(limits.clipped < 0.01);
        // Even values have nothing to cut off.
        let even: Vec<f32> = (0..20_000).map(|value| value as f32 / 20_000.0).collect();
        assert!(observed(&even).limits(CalibrationMethod::Entropy).high > 0.99);
    }

    #[test]
    fn nothing_but_zeros_stays_zero() {
        for method in CalibrationMethod::ALL {
            assert_eq!(observed(&[0.0; 9]).limits(method), Limits::default(), "{method:?}");
        }
    }

    #[test]
    fn values_that_are_not_finite_are_no_limits() {
        for method in CalibrationMethod::ALL {
            assert!(observed(&[1.0, f32::NAN]).limits(method).high.is_infinite());
        }
    }
}
