//! Series as plain numbers: chosen channels, another rate, another length.

use std::f64::consts::PI;

use crate::dataset::{DataError, Series};

/// Channels over time, step after step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signal {
    pub(super) values: Vec<f32>,
    pub(super) channels: usize,
}

/// Rates that differ by less than this share are the same.
const SAME_RATE: f64 = 1e-3;

/// The most steps that resampling may give.
const MAX_STEPS: f64 = 1e9;

impl Signal {
    /// The channels of a series with these numbers, at another rate if wanted.
    pub(super) fn of(series: &Series, channels: &[usize], rate_hz: Option<f64>) -> Result<Self, DataError> {
        let steps = series.steps();
        let mut values = Vec::with_capacity(steps * channels.len());
        for step in 0..steps {
            values.extend(channels.iter().map(|channel| series.value(step, *channel)));
        }
        let signal = Self { values, channels: channels.len() };
        match (rate_hz, series.rate_hz) {
            (Some(wanted), Some(found)) if (wanted / found - 1.0).abs() > SAME_RATE => {
                signal.resampled(wanted / found)
            }
            (Some(_) | None, Some(_) | None) => Ok(signal),
        }
    }

    pub(super) fn steps(&self) -> usize {
        self.values.len() / self.channels.max(1)
    }

    fn row(&self, step: usize) -> &[f32] {
        &self.values[step * self.channels..][..self.channels]
    }

    /// With `factor` times as many steps in the same time. What would fold over is filtered out: a sinc of half the lower rate
    /// under a Hann window of 16 zero crossings on each side.
    fn resampled(&self, factor: f64) -> Result<Self, DataError> {
        const ZERO_CROSSINGS: f64 = 16.0;
        let wanted = (self.steps() as f64 * factor).round().max(1.0);
        if !(factor > 0.0 && wanted < MAX_STEPS) {
            return Err(DataError::new(
                format!("the rate cannot be changed by a factor of {factor}"),
                "Choose a rate nearer to that of the recordings",
            ));
        }
        let cutoff = factor.min(1.0);
        let reach = ZERO_CROSSINGS / cutoff;
        let last = self.steps() as f64 - 1.0;
        let mut values = Vec::with_capacity(wanted as usize * self.channels);
        let mut sums = vec![0.0; self.channels];
        for step in 0..wanted as usize {
            let centre = step as f64 / factor;
            let (from, to) = ((centre - reach).ceil().max(0.0), (centre + reach).floor().min(last));
            let mut total = 0.0;
            sums.fill(0.0);
            for source in from as usize..=to.max(from) as usize {
                let distance = source as f64 - centre;
                let weight = sinc(distance * cutoff) * (0.5 + 0.5 * libm::cos(PI * distance / reach));
                total += weight;
                let row = self.row(source.min(last as usize));
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * f64::from(*value));
            }
            // At the ends a part of the filter has nothing to weigh.
            let total = if total.abs() > 1e-9 { total } else { 1.0 };
            values.extend(sums.iter().map(|sum| (sum / total) as f32));
        }
        Ok(Self { values, channels: self.channels })
    }

    /// With this many steps, by straight lines between neighbours; first and last step stay.
    pub(super) fn stretched(&self, steps: usize) -> Self {
        let last = self.steps().saturating_sub(1);
        let mut values = Vec::with_capacity(steps * self.channels);
        for step in 0..steps {
            let place = if steps > 1 { (step * last) as f64 / (steps - 1) as f64 } else { last as f64 / 2.0 };
            let before = (place as usize).min(last);
            let share = (place - before as f64) as f32;
            let (a, b) = (self.row(before), self.row((before + 1).min(last)));
            values.extend(a.iter().zip(b).map(|(a, b)| a + (b - a) * share));
        }
        Self { values, channels: self.channels }
    }

    /// Steps from `start` on, zeros where there are none.
    pub(super) fn cut(&self, start: isize, length: usize) -> Vec<f32> {
        let mut values = vec![0.0; length * self.channels];
        let (skipped, first) = (start.min(0).unsigned_abs(), start.max(0).unsigned_abs());
        let count = self.steps().saturating_sub(first).min(length.saturating_sub(skipped));
        if count > 0 {
            let source = &self.values[first * self.channels..][..count * self.channels];
            values[skipped * self.channels..][..count * self.channels].copy_from_slice(source);
        }
        values
    }
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { libm::sin(PI * x) / (PI * x) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::SeriesValues;

    fn series(values: Vec<f32>, channels: usize, rate_hz: f64) -> Series {
        Series { channels, values: SeriesValues::F32(values.into()), rate_hz: Some(rate_hz) }
    }

    fn tone(hz: f64, rate: f64, steps: usize) -> Vec<f32> {
        (0..steps).map(|step| (2.0 * PI * hz * step as f64 / rate).sin() as f32).collect()
    }

    #[test]
    fn a_tone_stays_the_same_tone_at_another_rate() {
        for (from, to) in
            [(100.0f64, 50.0f64), (16_000.0, 8_000.0), (8_000.0, 16_000.0), (44_100.0, 16_000.0)]
        {
            let hz = from.min(to) * 0.1;
            let signal =
                Signal::of(&series(tone(hz, from, 2_000), 1, from), &[0], Some(to)).expect("a signal");
            assert_eq!(signal.steps(), (2_000.0 * to / from).round() as usize);
            let expected = tone(hz, to, signal.steps());
            let middle = 100..signal.steps() - 100;
            let worst = middle.map(|at| (signal.values[at] - expected[at]).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-3, "{from} to {to}: {worst}");
        }
    }

    #[test]
    fn what_a_lower_rate_cannot_hold_is_filtered_out() {
        let signal =
            Signal::of(&series(tone(40.0, 100.0, 1_000), 1, 100.0), &[0], Some(50.0)).expect("a signal");
        let loudest = signal.values[50..450].iter().fold(0.0f32, |loudest, value| loudest.max(value.abs()));
        assert!(loudest < 0.01, "{loudest}");
    }

    #[test]
    fn a_constant_stays_constant_up_to_the_ends() {
        let signal = Signal::of(&series(vec![2.5; 30], 1, 10.0), &[0], Some(13.0)).expect("a signal");
        assert!(signal.values.iter().all(|value| (value - 2.5).abs() < 1e-6), "{:?}", signal.values);
    }

    #[test]
    fn channels_are_chosen_and_put_in_order() {
        let signal =
            Signal::of(&series(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 1.0), &[2, 0], None).expect("two");
        assert_eq!(signal, Signal { values: vec![3.0, 1.0, 6.0, 4.0], channels: 2 });
    }

    #[test]
    fn stretching_keeps_the_ends() {
        let signal = Signal { values: vec![0.0, 10.0, 2.0, 20.0, 4.0, 30.0], channels: 2 };
        assert_eq!(signal.stretched(5).values, [0.0, 10.0, 1.0, 15.0, 2.0, 20.0, 3.0, 25.0, 4.0, 30.0]);
        assert_eq!(signal.stretched(2).values, [0.0, 10.0, 4.0, 30.0]);
        assert_eq!(signal.stretched(1).values, [2.0, 20.0]);
    }

    #[test]
    fn zeros_stand_where_nothing_was_recorded() {
        let signal = Signal { values: vec![1.0, 2.0, 3.0], channels: 1 };
        assert_eq!(signal.cut(1, 2), [2.0, 3.0]);
        assert_eq!(signal.cut(-1, 5), [0.0, 1.0, 2.0, 3.0, 0.0]);
        assert_eq!(signal.cut(2, 3), [3.0, 0.0, 0.0]);
        assert_eq!(signal.cut(9, 2), [0.0, 0.0]);
        assert_eq!(signal.cut(-9, 2), [0.0, 0.0]);
    }
}
