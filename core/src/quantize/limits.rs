//! Limits of activations: which part of the values that were seen fills the integers.

use std::collections::BTreeMap;

use super::assign::asymmetric_int8;
use super::{CalibrationMethod, ChosenLimits, Observations, Recipe, TensorObservation, ValueHistogram};
use crate::model::{Model, OperatorId, TensorId};

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
    /// They were chosen by hand, and stand above those of tensors that share their scale.
    pub is_chosen: bool,
}

impl Limits {
    /// The step between neighbouring int8 values that these limits give.
    pub fn int8_step(self) -> f32 {
        asymmetric_int8(self.low, self.high).0
    }
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

    /// Limits of every activation of a float32 model as a recipe has them: by its method, or chosen by hand.
    pub fn ranges_for(&self, model: &Model, recipe: &Recipe) -> Ranges {
        let mut ranges = self.ranges(recipe.calibration.method);
        let Some(main) = model.subgraphs.first().filter(|_| !recipe.limits.is_empty()) else { return ranges };
        for (id, seen) in &self.tensors {
            let name = main.tensors.get(id.index()).and_then(|tensor| tensor.name.as_ref());
            if let Some(chosen) = name.and_then(|name| recipe.limits.get(name)) {
                ranges.limits.insert(*id, seen.chosen_limits(*chosen));
            }
        }
        ranges
    }
}

impl TensorObservation {
    /// The limits that a method gives; not finite where the values were not.
    pub fn limits(&self, method: CalibrationMethod) -> Limits {
        if self.n_not_finite > 0 {
            return Limits { low: f32::NEG_INFINITY, high: f32::INFINITY, ..Limits::default() };
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
        Limits { clipped: self.histogram.share_outside(low.into(), high.into()), low, high, is_chosen: false }
    }

    /// Limits that were chosen by hand, with what they clip. They may reach beyond what was seen.
    pub fn chosen_limits(&self, chosen: ChosenLimits) -> Limits {
        let (low, high) = (chosen.low.min(0.0), chosen.high.max(0.0));
        Limits { clipped: self.histogram.share_outside(low.into(), high.into()), low, high, is_chosen: true }
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

/// The limit whose quantized distribution diverges least from the whole one: Migacz, "8-bit Inference with TensorRT", GTC
/// 2017. Both sides of 0 are searched by magnitude, in the bins of the histogram, with as many levels as the larger side has.
///
/// Values that come again and again are left out of the comparison, as those of 0 are: see [`without_spikes`].
fn least_divergence(histogram: &ValueHistogram, low: f32, high: f32) -> (f32, f32) {
    let largest = f64::from(high.max(-low).max(0.0));
    if largest == 0.0 {
        return (low, high);
    }
    let width = histogram.width();
    let n_bins = ((largest / width).ceil() as usize).max(1);
    let mut counts = vec![0f64; n_bins];
    for (value, count) in histogram.bins().filter(|(value, _)| *value != 0.0) {
        counts[((value.abs() / width) as usize).min(n_bins - 1)] += count as f64;
    }
    let levels = STEPS * largest / (f64::from(high.max(0.0)) - f64::from(low.min(0.0)));
    let levels = (levels.round() as usize).max(1);
    if n_bins <= levels {
        return (low, high);
    }
    let smooth = without_spikes(&counts);
    let mut best = (f64::INFINITY, n_bins);
    // What is clipped counts with its spikes: they are lost, not only spread over a step.
    let mut outside: f64 = counts[levels..].iter().sum();
    for limit in levels..=n_bins {
        let divergence = divergence(&smooth[..limit], outside, levels);
        if divergence <= best.0 {
            best = (divergence, limit);
        }
        outside -= counts.get(limit).copied().unwrap_or(0.0);
    }
    let limit = (width * best.1 as f64) as f32;
    (-limit, limit)
}

/// Neighbours on either side that tell how many values a bin would have without a spike.
const NEIGHBOURS: usize = 4;
/// A bin with more than this many times the count of its neighbours is a spike.
const SPIKE: f64 = 8.0;

/// Counts in which no bin stands far above its neighbours.
///
/// Features of silence are one value over and over, and so are the activations behind it. Such a value rounds to one integer
/// however wide the steps are, but spread over a group of bins it looks like lost detail: limits would shrink until a step is
/// as fine as a bin, and cut the rest off.
fn without_spikes(counts: &[f64]) -> Vec<f64> {
    let mut neighbours = Vec::with_capacity(2 * NEIGHBOURS);
    let smooth = counts.iter().enumerate().map(|(bin, count)| {
        let range = bin.saturating_sub(NEIGHBOURS)..(bin + NEIGHBOURS + 1).min(counts.len());
        neighbours.clear();
        neighbours.extend(range.filter(|other| *other != bin).map(|other| counts[other]));
        neighbours.sort_by(f64::total_cmp);
        let usual = neighbours.get(neighbours.len() / 2).copied().unwrap_or(*count).max(1.0);
        if *count > SPIKE * usual { usual } else { *count }
    });
    smooth.collect()
}

/// Kullback-Leibler divergence of the counts, with what lies outside moved into the last bin, from the counts in `levels`
/// groups spread evenly over their bins that are not empty.
fn divergence(counts: &[f64], outside: f64, levels: usize) -> f64 {
    let mut divergence = 0.0;
    let last = counts.len() - 1;
    let inside: f64 = counts.iter().sum();
    let total = inside + outside;
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
        assert_eq!(limits, Limits { low: -1.0, high: 3.0, ..Limits::default() });
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
                let limits = Limits { low: limits.low * share, high: limits.high * share, ..limits };
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
    fn values_that_come_again_and_again_do_not_pull_limits_in() {
        // As behind a convolution with ReLU over sounds that are padded with silence: each of 16 channels gives one and the
        // same small value for silence, and anything up to far more for sound.
        let mut random = Random::new(11);
        let values: Vec<f32> = (0..40_000usize)
            .map(|index| {
                let channel = index % 16;
                let is_silent = index % 64 < 48;
                let loud = -2.0 * (1.0 - random.unit()).ln();
                if is_silent { 0.05 + 0.06 * channel as f32 } else { loud as f32 }
            })
            .collect();
        let seen = observed(&values);
        let limits = seen.limits(CalibrationMethod::Entropy);
        assert!(limits.clipped < 0.002, "{limits:?} of {}", seen.high);
        let [all, found] =
            [seen.limits(CalibrationMethod::MinMax), limits].map(|limits| error(&values, limits));
        assert!(found < 10.0 * all, "{found} instead of {all}");
        // Without the silence the limits are about the same.
        let loud: Vec<f32> = (0..20_000).map(|_| (-2.0 * (1.0 - random.unit()).ln()) as f32).collect();
        let without = observed(&loud).limits(CalibrationMethod::Entropy);
        assert!((without.high / limits.high - 1.0).abs() < 0.5, "{without:?} {limits:?}");
    }

    #[test]
    fn a_peak_that_is_wide_is_no_spike() {
        let counts: Vec<f64> = (0..40).map(|bin| 1000.0 * (-f64::from(bin) / 3.0).exp()).collect();
        assert_eq!(without_spikes(&counts), counts);
        let mut spiked = vec![10.0; 40];
        spiked[20] = 5000.0;
        spiked[0] = 5000.0;
        assert_eq!(without_spikes(&spiked), vec![10.0; 40]);
    }

    #[test]
    fn limits_by_hand_stand_above_what_was_seen() {
        let seen = observed(&[-1.0, 0.5, 2.0, 4.0]);
        let limits = seen.chosen_limits(ChosenLimits { low: -3.0, high: 1.0 });
        assert_eq!((limits.low, limits.high, limits.clipped, limits.is_chosen), (-3.0, 1.0, 0.5, true));
        assert!((limits.int8_step() - 4.0 / 255.0).abs() < 1e-6);
        let limits = seen.chosen_limits(ChosenLimits { low: 1.0, high: -1.0 });
        assert_eq!((limits.low, limits.high), (0.0, 0.0), "0 always has an integer of its own");
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
