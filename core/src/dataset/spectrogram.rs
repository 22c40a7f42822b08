//! How the frequencies of a recording change over time, for the eye.

use emberlab_runtime::dsp::{Direction, RealFft, WindowFunction};

use super::Series;

/// Loudness by time and frequency.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spectrogram {
    /// Number of frames.
    pub frames: usize,
    /// Frequencies of each frame, from 0 to half of the rate.
    pub bins: usize,
    /// Frame after frame, low frequencies first: `20 log10` of the magnitude, where a sine of amplitude 1 has 0 dB; not below
    /// -120 dB.
    pub decibels: Vec<f32>,
}

/// The quietest that is told apart.
const LOWEST_DECIBELS: f32 = -120.0;

/// The spectrogram of a channel, in frames of `frame` samples (rounded up to a power of two, at least 4, at most 32768), at
/// most `max_frames` of them spread over the recording.
///
/// # Panics
/// There is no such channel.
pub fn spectrogram(series: &Series, channel: usize, frame: usize, max_frames: usize) -> Spectrogram {
    let frame = frame.clamp(4, 1 << 15).next_power_of_two();
    let steps = series.steps();
    if steps == 0 || max_frames == 0 {
        return Spectrogram::default();
    }
    // Half overlapped where there is room for all.
    let wanted = steps.saturating_sub(frame) / (frame / 2) + 1;
    let frames = wanted.min(max_frames);
    let last_start = steps.saturating_sub(frame);
    let mut twiddles = vec![0; RealFft::twiddle_words::<f32>(frame)];
    RealFft::fill_twiddles::<f32>(frame, Direction::Forward, &mut twiddles);
    let fft = RealFft::new(frame, Direction::Forward, &twiddles);
    let window: Vec<f32> = (0..frame).map(|n| WindowFunction::Hann.factor(n, frame)).collect();
    let scale = 2.0 / window.iter().sum::<f32>();
    let bins = frame / 2 + 1;
    let (mut samples, mut work, mut spectrum) = (vec![0.0; frame], vec![0.0; frame], vec![0.0; frame + 2]);
    let mut decibels = Vec::with_capacity(frames * bins);
    for number in 0..frames {
        let start = if frames > 1 { number * last_start / (frames - 1) } else { 0 };
        for (n, (sample, factor)) in samples.iter_mut().zip(&window).enumerate() {
            let step = start + n;
            *sample = if step < steps { series.value(step, channel) * factor } else { 0.0 };
        }
        fft.forward(&samples, &mut work, &mut spectrum);
        decibels.extend(spectrum.chunks_exact(2).map(|bin| {
            let magnitude = scale * (bin[0] * bin[0] + bin[1] * bin[1]).sqrt();
            (20.0 * magnitude.log10()).max(LOWEST_DECIBELS)
        }));
    }
    Spectrogram { frames, bins, decibels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::SeriesValues;

    fn tone(steps: usize, period: f32, amplitude: f32) -> Series {
        let sample = |step: usize| amplitude * (2.0 * std::f32::consts::PI * step as f32 / period).sin();
        let values: Vec<f32> = (0..steps).flat_map(|step| [0.0, sample(step)]).collect();
        Series { channels: 2, values: SeriesValues::F32(values.into()), rate_hz: None }
    }

    #[test]
    fn a_tone_stands_at_its_frequency_with_its_loudness() {
        let picture = spectrogram(&tone(1024, 8.0, 0.1), 1, 64, 1000);
        assert_eq!((picture.frames, picture.bins), (31, 33));
        for frame in picture.decibels.chunks_exact(33) {
            let loudest = (0..33).max_by(|a, b| frame[*a].total_cmp(&frame[*b])).expect("bins");
            assert_eq!(loudest, 8, "64 samples have 8 periods of 8");
            assert!((frame[8] + 20.0).abs() < 0.1, "{}", frame[8]);
        }
        let silent = spectrogram(&tone(1024, 8.0, 0.1), 0, 64, 1000);
        assert!(silent.decibels.iter().all(|loudness| *loudness == LOWEST_DECIBELS));
    }

    #[test]
    fn long_recordings_have_few_frames_and_short_ones_one() {
        assert_eq!(spectrogram(&tone(100_000, 8.0, 1.0), 1, 256, 50).frames, 50);
        assert_eq!(spectrogram(&tone(10, 8.0, 1.0), 1, 256, 50).frames, 1);
        assert_eq!(spectrogram(&tone(0, 8.0, 1.0), 1, 256, 50).frames, 0);
        assert_eq!(spectrogram(&tone(10, 8.0, 1.0), 1, 0, 50).bins, 3);
    }
}
