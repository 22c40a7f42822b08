//! Features of motion in float32: statistics of a window of each channel, and how its variance spreads over frequencies.
//!
//! One source for training on the desktop and for the chip, with the same bits on both: see
//! [`SoundFrontEnd`](super::SoundFrontEnd).

use core::ops::Range;

use super::WindowFunction;
use super::fft::{Direction, RealFft};

/// A figure of one channel of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Statistic {
    /// Mean.
    Mean,
    /// Root of the mean squared distance to the mean.
    Deviation,
    /// Root of the mean square.
    RootMeanSquare,
    /// Smallest number.
    Minimum,
    /// Largest number.
    Maximum,
    /// How often the signal crosses its mean, as a share of the steps between samples.
    ZeroCrossings,
    /// Mean of the absolute differences between neighbouring steps.
    MeanDifference,
}

/// How many vectors the channels of a sensor make: every three (x, y and z of one sensor) are one, what is left over is another.
pub fn vector_count(channels: usize) -> usize {
    channels.div_ceil(3)
}

/// Lengths of the vectors that every three channels make. They stay the same however a sensor is turned.
///
/// `samples` and `output` hold step after step; a step of `output` has [`vector_count`] numbers.
pub fn vector_lengths(samples: &[f32], channels: usize, output: &mut [f32]) {
    let vectors = vector_count(channels).max(1);
    for (step, lengths) in samples.chunks_exact(channels.max(1)).zip(output.chunks_exact_mut(vectors)) {
        for (vector, length) in step.chunks(3).zip(lengths) {
            *length = libm::sqrtf(vector.iter().fold(0.0, |sum, value| sum + value * value));
        }
    }
}

/// How features of motion are computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionFrontEnd<'s> {
    /// Steps a second.
    pub rate_hz: f32,
    /// Steps of a window.
    pub steps: usize,
    /// The statistics, in order.
    pub statistics: &'s [Statistic],
    /// Equally wide bands that follow the statistics; 0 for none. A band's energy is the variance of the signal within it: the
    /// power of the Hann-windowed signal less its mean, without the constant bin, scaled by the window's power.
    pub bands: usize,
    /// Lower end of the lowest band.
    pub low_hz: f32,
    /// Upper end of the highest band.
    pub high_hz: f32,
    /// Energies are given as `ln(energy + 1e-6)`.
    pub log_bands: bool,
}

/// Longest window, in steps.
const MAX_STEPS: usize = 1 << 15;
/// Most bands.
const MAX_BANDS: usize = 1024;
/// Added to energies, so that rest has a logarithm.
const FLOOR: f32 = 1e-6;
/// Stands for a bin outside of all bands.
const OUTSIDE: u32 = u32::MAX;

impl MotionFrontEnd<'_> {
    /// True if features can be computed with these numbers.
    pub fn is_valid(&self) -> bool {
        let Self { rate_hz, steps, bands, low_hz, high_hz, .. } = *self;
        let is_range = low_hz >= 0.0 && low_hz < high_hz && high_hz <= 0.5 * rate_hz && rate_hz.is_finite();
        (1..=MAX_STEPS).contains(&steps)
            && bands <= MAX_BANDS
            && (bands == 0 || is_range)
            && self.figures() > 0
    }

    /// Figures of each channel.
    pub fn figures(&self) -> usize {
        self.statistics.len() + self.bands
    }

    fn fft_length(&self) -> usize {
        self.steps.next_power_of_two().max(4)
    }

    /// Where each table lies: scale of energies, window, twiddle factors, band of each bin.
    fn tables(&self) -> [Range<usize>; 4] {
        let (fft_length, has_bands) = (self.fft_length(), usize::from(self.bands > 0));
        let sizes = [1, self.steps, RealFft::twiddle_words::<f32>(fft_length), fft_length / 2 + 1]
            .map(|n| n * has_bands);
        let mut end = 0;
        sizes.map(|size| {
            end += size;
            end - size..end
        })
    }

    /// Words of 32 bits that the tables take.
    pub fn table_words(&self) -> usize {
        let [_, _, _, last] = self.tables();
        last.end
    }

    /// Numbers of working memory for a channel.
    pub fn work_length(&self) -> usize {
        if self.bands == 0 { 0 } else { self.steps + 2 * self.fft_length() + 2 }
    }

    /// Computes the tables, in double precision.
    ///
    /// # Panics
    /// There are not [`MotionFrontEnd::table_words`].
    pub fn fill_tables(&self, words: &mut [u32]) {
        if self.bands == 0 {
            return;
        }
        let [scale, window, twiddles, bins] = self.tables();
        let fft_length = self.fft_length();
        let mut power = 0.0;
        for (n, word) in words[window].iter_mut().enumerate() {
            let factor = WindowFunction::Hann.factor(n, self.steps);
            power += f64::from(factor) * f64::from(factor);
            *word = factor.to_bits();
        }
        // A window of one step has no power, and no energy either.
        let factor = if power > 0.0 { 2.0 / (fft_length as f64 * power) } else { 0.0 };
        words[scale][0] = (factor as f32).to_bits();
        RealFft::fill_twiddles::<f32>(fft_length, Direction::Forward, &mut words[twiddles]);
        let (low, high) = (f64::from(self.low_hz), f64::from(self.high_hz));
        for (bin, word) in words[bins].iter_mut().enumerate() {
            let hz = bin as f64 * f64::from(self.rate_hz) / fft_length as f64;
            let place = (hz - low) / (high - low) * self.bands as f64;
            let is_inside = bin > 0 && place >= 0.0 && place < self.bands as f64;
            *word = if is_inside { place as u32 } else { OUTSIDE };
        }
    }

    /// The features of a channel, whose samples are every `stride`-th number of `samples`, with the tables of
    /// [`MotionFrontEnd::fill_tables`].
    ///
    /// # Panics
    /// The front end is not [valid](MotionFrontEnd::is_valid), or samples, tables, `work` ([`MotionFrontEnd::work_length`]) or
    /// output ([`MotionFrontEnd::figures`]) are too short.
    pub fn channel(
        &self,
        tables: &[u32],
        samples: &[f32],
        stride: usize,
        work: &mut [f32],
        output: &mut [f32],
    ) {
        let steps = self.steps;
        let sample = |step: usize| samples[step * stride];
        let count = steps as f32;
        let mean = (0..steps).fold(0.0, |sum, step| sum + sample(step)) / count;
        let root_mean = |value: &dyn Fn(usize) -> f32| {
            libm::sqrtf((0..steps).fold(0.0, |sum, step| sum + value(step) * value(step)) / count)
        };
        // With a single step there is nothing between steps.
        let share = |sum: f32| if steps > 1 { sum / (count - 1.0) } else { 0.0 };
        for (output, statistic) in output.iter_mut().zip(self.statistics) {
            *output = match statistic {
                Statistic::Mean => mean,
                Statistic::Deviation => root_mean(&|step| sample(step) - mean),
                Statistic::RootMeanSquare => root_mean(&sample),
                Statistic::Minimum => (0..steps).fold(f32::INFINITY, |least, step| least.min(sample(step))),
                Statistic::Maximum => (0..steps).fold(f32::NEG_INFINITY, |most, step| most.max(sample(step))),
                Statistic::ZeroCrossings => {
                    let is_above = |step: usize| sample(step) >= mean;
                    share((1..steps).filter(|step| is_above(*step) != is_above(step - 1)).count() as f32)
                }
                Statistic::MeanDifference => share(
                    (1..steps).fold(0.0, |sum, step| sum + libm::fabsf(sample(step) - sample(step - 1))),
                ),
            };
        }
        if self.bands == 0 {
            return;
        }
        let [scale, window, twiddles, bins] = self.tables();
        let (windowed, work) = work.split_at_mut(steps);
        let (scratch, spectrum) = work.split_at_mut(self.fft_length());
        for (step, (value, factor)) in windowed.iter_mut().zip(&tables[window]).enumerate() {
            *value = (sample(step) - mean) * f32::from_bits(*factor);
        }
        let fft = RealFft::new(self.fft_length(), Direction::Forward, &tables[twiddles]);
        fft.forward(windowed, scratch, spectrum);
        let energies = &mut output[self.statistics.len()..][..self.bands];
        energies.fill(0.0);
        for (bin, band) in spectrum.chunks_exact(2).zip(&tables[bins]) {
            if let Some(energy) = energies.get_mut(*band as usize) {
                *energy += bin[0] * bin[0] + bin[1] * bin[1];
            }
        }
        let scale = f32::from_bits(tables[scale][0]);
        for energy in energies {
            *energy *= scale;
            if self.log_bands {
                *energy = libm::logf(*energy + FLOOR);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Statistic; 7] = [
        Statistic::Mean,
        Statistic::Deviation,
        Statistic::RootMeanSquare,
        Statistic::Minimum,
        Statistic::Maximum,
        Statistic::ZeroCrossings,
        Statistic::MeanDifference,
    ];

    /// 100 steps at 20 Hz: gravity, a step frequency, a faster part, a drift.
    fn signal() -> Vec<f32> {
        let sample = |n: i32| {
            let t = 2.0 * std::f64::consts::PI * f64::from(n) / 20.0;
            (9.81 + 2.0 * (1.7 * t).sin() + 0.7 * (5.2 * t + 1.0).cos() + 0.01 * f64::from(n)) as f32
        };
        (0..100).map(sample).collect()
    }

    fn features(front_end: &MotionFrontEnd<'_>, samples: &[f32], stride: usize) -> Vec<f32> {
        assert!(front_end.is_valid());
        let mut tables = vec![0xa5a5_a5a5; front_end.table_words()];
        front_end.fill_tables(&mut tables);
        let mut work = vec![f32::NAN; front_end.work_length()];
        let mut output = vec![f32::NAN; front_end.figures()];
        front_end.channel(&tables, samples, stride, &mut work, &mut output);
        output
    }

    const WALK: MotionFrontEnd<'static> = MotionFrontEnd {
        rate_hz: 20.0,
        steps: 100,
        statistics: &ALL,
        bands: 4,
        low_hz: 0.5,
        high_hz: 6.5,
        log_bands: false,
    };

    fn assert_near(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        let is_near = |(found, expected): (&f32, &f32)| (found - expected).abs() < 1e-4;
        assert!(found.iter().zip(expected).all(is_near), "{found:?}, expected {expected:?}");
    }

    /// Figures of NumPy 2.4: `mean`, `std`, `sqrt(mean(x²))`, `min`, `max`, changes of the sign of `x - mean`, `abs(diff(x))`;
    /// energies `2/128 · Σ |rfft((x - mean) · w, 128)|² / Σ w²` over bins from 0.5 Hz in bands of 1.5 Hz.
    #[test]
    fn figures_as_numpy_computes_them() {
        let statistics = [10.37811, 1.52221, 10.48915, 7.20889, 12.97147, 0.17172, 0.84932];
        let energies = [1.98943, 0.01060, 0.00042, 0.24458];
        let logarithms = [0.68785, -4.54724, -7.77446, -1.40821];
        assert_near(&features(&WALK, &signal(), 1), &[&statistics[..], &energies].concat());
        let bands_only = MotionFrontEnd { statistics: &[], log_bands: true, ..WALK };
        let found = features(&bands_only, &signal(), 1);
        let is_near = |(found, expected): (&f32, &f32)| (found - expected).abs() < 5e-3;
        assert!(found.iter().zip(&logarithms).all(is_near), "{found:?}");
    }

    #[test]
    fn channels_stand_side_by_side() {
        let two: Vec<f32> = signal().into_iter().flat_map(|value| [0.0, value]).collect();
        assert_eq!(features(&WALK, &two[1..], 2), features(&WALK, &signal(), 1));
        let rest = features(&WALK, &two, 2);
        assert_eq!(rest, [0.0; 11]);
    }

    #[test]
    fn lengths_stay_the_same_when_a_sensor_is_turned() {
        let mut lengths = [f32::NAN; 4];
        vector_lengths(&[3.0, 4.0, 0.0, 1.0, 2.0, 2.0, -2.0, 1.0, 5.0, -12.0], 5, &mut lengths);
        assert_eq!(lengths, [5.0, 5.0f32.sqrt(), 3.0, 13.0]);
        let mut turned = [f32::NAN; 2];
        vector_lengths(&[0.0, -3.0, 4.0, -2.0, 2.0, 1.0], 3, &mut turned);
        assert_eq!(turned, [5.0, 3.0]);
        assert_eq!([1, 3, 4, 6].map(vector_count), [1, 1, 2, 2]);
    }

    #[test]
    fn short_windows_do_not_panic() {
        for steps in 1..10 {
            let found = features(&MotionFrontEnd { steps, ..WALK }, &signal(), 1);
            assert!(found.iter().all(|figure| figure.is_finite()), "{steps} steps: {found:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_not_valid() {
        for front_end in [
            MotionFrontEnd { steps: 0, ..WALK },
            MotionFrontEnd { steps: 1 << 20, ..WALK },
            MotionFrontEnd { bands: 0, statistics: &[], ..WALK },
            MotionFrontEnd { high_hz: 10.5, ..WALK },
            MotionFrontEnd { low_hz: f32::NAN, ..WALK },
            MotionFrontEnd { rate_hz: f32::INFINITY, ..WALK },
        ] {
            assert!(!front_end.is_valid(), "{front_end:?}");
        }
        let without_bands = MotionFrontEnd { bands: 0, rate_hz: 0.0, ..WALK };
        assert!(without_bands.is_valid(), "statistics need no rate");
    }
}
