//! How the values of an activation are spread, without knowing beforehand how far they reach.

/// Bins on either side of 0.
const HALF: usize = 2048;

/// Counts of values in bins of equal width around 0.
///
/// The reach is a power of two and doubles when a larger value comes, pairs of bins becoming one: the order of the values does
/// not matter, and histograms of parts of the samples add up to that of all.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueHistogram {
    /// The bins end here, on both sides of 0; a power of two, 0 before the first value other than 0.
    reach: f64,
    /// `2 * HALF` counts, from `-reach` to `reach`; values of exactly 0 are not among them.
    counts: Vec<u64>,
    zeros: u64,
}

impl Default for ValueHistogram {
    fn default() -> Self {
        Self { reach: 0.0, counts: vec![0; 2 * HALF], zeros: 0 }
    }
}

impl ValueHistogram {
    /// Counts values; those that are not finite are left out.
    pub fn add(&mut self, values: &[f32]) {
        let finite = values.iter().filter(|value| value.is_finite());
        let largest = finite.fold(0f32, |largest, value| largest.max(value.abs()));
        self.grow(f64::from(largest));
        let per_unit = if self.reach > 0.0 { HALF as f64 / self.reach } else { 0.0 };
        for value in values {
            if *value == 0.0 {
                self.zeros += 1;
            } else if value.is_finite() {
                let bin = (f64::from(*value) * per_unit).floor() as i64 + HALF as i64;
                self.counts[bin.clamp(0, 2 * HALF as i64 - 1) as usize] += 1;
            }
        }
    }

    /// Adds the counts of other values.
    pub fn merge(&mut self, other: &Self) {
        self.grow(other.reach / 2.0);
        let mut other = other.clone();
        other.grow(self.reach / 2.0);
        self.zeros += other.zeros;
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.reach = self.reach.max(other.reach);
    }

    /// Makes room for a magnitude.
    fn grow(&mut self, largest: f64) {
        if largest <= 0.0 {
            return;
        }
        // Above the value, so that it lies within the last bin.
        let needed = (largest.log2().floor() + 1.0).exp2();
        if self.reach == 0.0 {
            self.reach = needed;
        }
        while self.reach < needed {
            let mut counts = vec![0; 2 * HALF];
            for (bin, count) in self.counts.iter().enumerate() {
                counts[HALF / 2 + bin / 2] += count;
            }
            self.counts = counts;
            self.reach *= 2.0;
        }
    }

    /// Number of values.
    pub fn total(&self) -> u64 {
        self.zeros + self.counts.iter().sum::<u64>()
    }

    /// Number of values that are exactly 0.
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// Width of a bin; 0 if all values are 0.
    pub fn width(&self) -> f64 {
        self.reach / HALF as f64
    }

    /// Middles and counts of the bins that are not empty, in ascending order; values of exactly 0 come as one of their own.
    pub fn bins(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let width = self.width();
        let middle = move |bin: usize| (bin as f64 - HALF as f64 + 0.5) * width;
        let all = |range: std::ops::Range<usize>| {
            range.map(move |bin| (middle(bin), self.counts[bin])).filter(|(_, count)| *count > 0)
        };
        let zero = std::iter::once((0.0, self.zeros)).filter(|(_, count)| *count > 0);
        all(0..HALF).chain(zero).chain(all(HALF..2 * HALF))
    }

    /// Counts in `n_bins` bins from `low` to `high`, to draw.
    pub fn resampled(&self, low: f64, high: f64, n_bins: usize) -> Vec<u64> {
        let mut counts = vec![0; n_bins.max(1)];
        let scale = counts.len() as f64 / (high - low).max(f64::MIN_POSITIVE);
        let last = counts.len() as i64 - 1;
        let half = self.width() / 2.0;
        let within = |(middle, _): &(f64, u64)| *middle + half >= low && *middle - half <= high;
        for (middle, count) in self.bins().filter(within) {
            counts[(((middle - low) * scale).floor() as i64).clamp(0, last) as usize] += count;
        }
        counts
    }

    /// The value below which a share of the values lies, to the width of a bin.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = share.clamp(0.0, 1.0) * self.total() as f64;
        let (mut below, mut last) = (0.0, 0.0);
        for (middle, count) in self.bins() {
            last = middle;
            below += count as f64;
            if below >= wanted {
                break;
            }
        }
        last
    }

    /// The share of the values outside of limits, from 0 to 1.
    pub fn share_outside(&self, low: f64, high: f64) -> f64 {
        let half = self.width() / 2.0;
        let outside = self.bins().filter(|(middle, _)| *middle + half < low || *middle - half > high);
        let outside: u64 = outside.map(|(_, count)| count).sum();
        let total = self.total();
        if total == 0 { 0.0 } else { outside as f64 / total as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(values: &[f32]) -> ValueHistogram {
        let mut histogram = ValueHistogram::default();
        histogram.add(values);
        histogram
    }

    fn spread(seed: u64, n: usize, size: f32) -> Vec<f32> {
        let mut random = crate::dataset::random::Random::new(seed);
        (0..n).map(|_| random.normal() as f32 * size).collect()
    }

    #[test]
    fn the_order_and_the_parts_do_not_matter() {
        let (small, large) = (spread(1, 3000, 0.01), spread(2, 3000, 30.0));
        let mut all = filled(&small);
        all.add(&large);
        let mut other = filled(&large);
        other.add(&small);
        assert_eq!(all, other);
        let mut merged = filled(&small);
        merged.merge(&filled(&large));
        assert_eq!(all, merged);
        let mut merged = filled(&large);
        merged.merge(&filled(&small));
        assert_eq!(all, merged);
        assert_eq!(all.total(), 6000);
        let mut with_nothing = all.clone();
        with_nothing.merge(&ValueHistogram::default());
        assert_eq!(with_nothing, all);
    }

    #[test]
    fn every_value_lies_in_its_bin() {
        for value in [1.0f32, -1.0, 0.999, 1024.0, -3e-30, 7.5e20] {
            let histogram = filled(&[value]);
            let (middle, count) = histogram.bins().next().expect("a bin");
            assert_eq!(count, 1);
            assert!((middle - f64::from(value)).abs() <= histogram.width() / 2.0, "{value} at {middle}");
        }
        let histogram = filled(&[0.0, -0.0, f32::NAN, f32::INFINITY]);
        assert_eq!((histogram.total(), histogram.zeros(), histogram.width()), (2, 2, 0.0));
    }

    #[test]
    fn quantiles_and_shares_are_those_of_the_values() {
        let values: Vec<f32> = (1..=1000).map(|value| value as f32 / 1000.0).collect();
        let histogram = filled(&values);
        assert!((histogram.quantile(0.9) - 0.9).abs() < 0.002);
        assert!((histogram.quantile(0.0) - 0.001).abs() < 0.002);
        assert!((histogram.share_outside(0.1, 0.9) - 0.2).abs() < 0.003);
        assert_eq!(histogram.share_outside(-1.0, 2.0), 0.0);
        assert_eq!(histogram.resampled(0.0, 1.0, 4).iter().sum::<u64>(), 1000);
    }
}
