//! Features of sound in float32: logarithms of mel bands and MFCC.
//!
//! One source for training on the desktop and for the chip. Only additions, multiplications and functions of `libm` in a
//! fixed order are used, and Rust never fuses a multiplication with an addition: both give the same bits.
//!
//! Definitions follow `tf.signal` (github.com/tensorflow/tensorflow, `tensorflow/python/ops/signal`, v2.16): periodic
//! windows (`window_ops.py`), `linear_to_mel_weight_matrix` (`mel_ops.py`) and `mfccs_from_log_mel_spectrograms`
//! (`mfcc_ops.py`), here on the power of the spectrum.

use core::f64::consts::PI;
use core::ops::Range;

use super::fft::{Direction, RealFft};

/// The shape by which the ends of a frame fade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WindowFunction {
    /// `0.5 - 0.5 cos(2πn/N)`.
    #[default]
    Hann,
    /// `0.54 - 0.46 cos(2πn/N)`.
    Hamming,
}

impl WindowFunction {
    /// The factor of sample `n` of `length`.
    pub fn factor(self, n: usize, length: usize) -> f32 {
        let (constant, cosine) = match self {
            Self::Hann => (0.5, 0.5),
            Self::Hamming => (0.54, 0.46),
        };
        (constant - cosine * libm::cos(2.0 * PI * n as f64 / length as f64)) as f32
    }
}

/// How features of sound are computed: the frame is windowed, filled up with zeros to a power of two, transformed; the power
/// of the spectrum goes through triangular filters that are equally wide on the mel scale, then through
/// `ln(energy + 1e-6)`, and for MFCC through a discrete cosine transform.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoundFrontEnd {
    /// Samples a second.
    pub rate_hz: f32,
    /// Samples of a frame.
    pub frame: usize,
    /// Samples from the start of a frame to the start of the next.
    pub step: usize,
    /// How the ends of a frame fade.
    pub window: WindowFunction,
    /// Mel bands.
    pub bands: usize,
    /// Coefficients of the MFCC; 0 gives the logarithms of the bands.
    pub coefficients: usize,
    /// Lower end of the lowest band.
    pub low_hz: f32,
    /// Upper end of the highest band.
    pub high_hz: f32,
}

/// Longest transform, in samples.
const MAX_FFT: usize = 1 << 15;
/// Most mel bands.
const MAX_BANDS: usize = 1024;
/// Added to energies, so that silence has a logarithm.
const FLOOR: f32 = 1e-6;
/// Stands for a bin outside of all bands.
const OUTSIDE: u32 = u32::MAX;
/// Words of the table for each bin: the number of the band whose filter rises there, and how much of it.
const BIN_WORDS: usize = 2;

/// Hertz as mel.
fn mel(hz: f64) -> f64 {
    1127.0 * libm::log(1.0 + hz / 700.0)
}

impl SoundFrontEnd {
    /// True if features can be computed with these numbers.
    pub fn is_valid(&self) -> bool {
        let Self { rate_hz, frame, step, bands, coefficients, low_hz, high_hz, .. } = *self;
        (2..=MAX_FFT).contains(&frame)
            && step > 0
            && (1..=MAX_BANDS).contains(&bands)
            && coefficients <= bands
            && rate_hz > 0.0
            && rate_hz.is_finite()
            && low_hz >= 0.0
            && low_hz < high_hz
            && high_hz <= 0.5 * rate_hz
    }

    /// Samples of the transform: the power of two that holds a frame, at least 4.
    pub fn fft_length(&self) -> usize {
        self.frame.next_power_of_two().max(4)
    }

    fn n_bins(&self) -> usize {
        self.fft_length() / 2 + 1
    }

    /// Figures of each frame.
    pub fn figures(&self) -> usize {
        if self.coefficients == 0 { self.bands } else { self.coefficients }
    }

    /// Whole frames in a number of samples.
    pub fn frames(&self, samples: usize) -> usize {
        if samples < self.frame { 0 } else { (samples - self.frame) / self.step + 1 }
    }

    /// Where each table lies: window, twiddle factors, bins, cosines.
    fn tables(&self) -> [Range<usize>; 4] {
        let sizes = [
            self.frame,
            RealFft::twiddle_words::<f32>(self.fft_length()),
            BIN_WORDS * self.n_bins(),
            self.coefficients * self.bands,
        ];
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

    /// Numbers of working memory for a frame.
    pub fn work_length(&self) -> usize {
        self.frame + 2 * self.fft_length() + 2 + self.bands
    }

    /// Computes the tables, in double precision.
    ///
    /// # Panics
    /// There are not [`SoundFrontEnd::table_words`].
    pub fn fill_tables(&self, words: &mut [u32]) {
        let [window, twiddles, bins, cosines] = self.tables();
        for (n, word) in words[window].iter_mut().enumerate() {
            *word = self.window.factor(n, self.frame).to_bits();
        }
        RealFft::fill_twiddles::<f32>(self.fft_length(), Direction::Forward, &mut words[twiddles]);
        let (low, high) = (mel(f64::from(self.low_hz)), mel(f64::from(self.high_hz)));
        let width = (high - low) / (self.bands + 1) as f64;
        for (bin, words) in words[bins].chunks_exact_mut(BIN_WORDS).enumerate() {
            let hz = bin as f64 * f64::from(self.rate_hz) / self.fft_length() as f64;
            let place = (mel(hz) - low) / width;
            // The constant part of a signal belongs to no band.
            let is_inside = bin > 0 && place >= 0.0 && place < (self.bands + 1) as f64;
            let band = if is_inside { place as u32 } else { OUTSIDE };
            words[0] = band;
            words[1] = ((place - f64::from(band)) as f32).to_bits();
        }
        if self.coefficients == 0 {
            return;
        }
        let scale = libm::sqrt(2.0 / self.bands as f64);
        for (k, row) in words[cosines].chunks_exact_mut(self.bands).enumerate() {
            for (n, word) in row.iter_mut().enumerate() {
                let cosine = libm::cos(PI * k as f64 * (n as f64 + 0.5) / self.bands as f64);
                *word = ((scale * cosine) as f32).to_bits();
            }
        }
    }

    /// The features of a frame of samples between -1 and 1, with the tables of [`SoundFrontEnd::fill_tables`]. Samples that the
    /// frame lacks are 0.
    ///
    /// # Panics
    /// The front end is not [valid](SoundFrontEnd::is_valid), or tables, `work` ([`SoundFrontEnd::work_length`]) or output
    /// ([`SoundFrontEnd::figures`]) are too short.
    pub fn frame(&self, tables: &[u32], samples: &[f32], work: &mut [f32], output: &mut [f32]) {
        let [window, twiddles, bins, cosines] = self.tables();
        let fft_length = self.fft_length();
        let (windowed, work) = work.split_at_mut(self.frame);
        let (scratch, work) = work.split_at_mut(fft_length);
        let (spectrum, work) = work.split_at_mut(fft_length + 2);
        let sample = |n: usize| samples.get(n).copied().unwrap_or(0.0);
        for (n, (value, factor)) in windowed.iter_mut().zip(&tables[window]).enumerate() {
            *value = sample(n) * f32::from_bits(*factor);
        }
        let fft = RealFft::new(fft_length, Direction::Forward, &tables[twiddles]);
        fft.forward(windowed, scratch, spectrum);
        let energies = &mut work[..self.bands];
        energies.fill(0.0);
        for (bin, table) in spectrum.chunks_exact(2).zip(tables[bins].chunks_exact(BIN_WORDS)) {
            let (band, rising) = (table[0], f32::from_bits(table[1]));
            if band == OUTSIDE {
                continue;
            }
            let power = bin[0] * bin[0] + bin[1] * bin[1];
            let band = band as usize;
            if let Some(energy) = energies.get_mut(band) {
                *energy += power * rising;
            }
            if let Some(energy) = band.checked_sub(1).and_then(|band| energies.get_mut(band)) {
                *energy += power * (1.0 - rising);
            }
        }
        energies.iter_mut().for_each(|energy| *energy = libm::logf(*energy + FLOOR));
        if self.coefficients == 0 {
            output[..self.bands].copy_from_slice(energies);
            return;
        }
        for (output, row) in output.iter_mut().zip(tables[cosines].chunks_exact(self.bands)) {
            *output = 0.0;
            for (energy, cosine) in energies.iter().zip(row) {
                *output += energy * f32::from_bits(*cosine);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three tones at 8 kHz, as the golden figures were made of.
    fn signal() -> Vec<f32> {
        let sample = |n: i32| {
            let t = 2.0 * PI * f64::from(n) / 8000.0;
            let tones = 0.5 * (440.0 * t).sin() + 0.25 * (1330.0 * t + 0.3).sin() + 0.05 * (3100.0 * t).cos();
            tones as f32
        };
        (0..400).map(sample).collect()
    }

    fn features(front_end: &SoundFrontEnd, samples: &[f32]) -> Vec<f32> {
        assert!(front_end.is_valid());
        let mut tables = vec![0xa5a5_a5a5; front_end.table_words()];
        front_end.fill_tables(&mut tables);
        let mut work = vec![f32::NAN; front_end.work_length()];
        let mut output = vec![f32::NAN; front_end.figures()];
        front_end.frame(&tables, samples, &mut work, &mut output);
        output
    }

    fn check(front_end: &SoundFrontEnd, samples: &[f32], expected: &[f32]) {
        let found = features(front_end, samples);
        assert_eq!(found.len(), expected.len());
        let is_near = |(found, expected): (&f32, &f32)| (found - expected).abs() < 2e-3;
        assert!(found.iter().zip(expected).all(is_near), "{found:?}, expected {expected:?}");
    }

    const SPEECH: SoundFrontEnd = SoundFrontEnd {
        rate_hz: 8000.0,
        frame: 256,
        step: 128,
        window: WindowFunction::Hann,
        bands: 8,
        coefficients: 0,
        low_hz: 60.0,
        high_hz: 3800.0,
    };

    /// Figures of NumPy 2.4 and SciPy: `|numpy.fft.rfft(x * w)|²` times the matrix of triangles
    /// `max(0, min((m - e[b]) / (e[b+1] - e[b]), (e[b+2] - m) / (e[b+2] - e[b+1])))` with `m = 1127 ln(1 + f/700)` and
    /// `e = linspace(m(low), m(high), bands + 2)`, its first row 0; `log(· + 1e-6)`; `scipy.fft.dct(·, type=2) / sqrt(2·bands)`.
    #[test]
    fn bands_and_coefficients_as_numpy_computes_them() {
        let signal = signal();
        let bands = [2.99360, 7.25663, 4.59082, 2.56543, 5.91060, 0.72532, -11.73617, 2.57587];
        check(&SPEECH, &signal, &bands);
        let coefficients = [7.44105, 8.84829, -3.21698, -2.64536, 4.67006];
        check(&SoundFrontEnd { coefficients: 5, ..SPEECH }, &signal, &coefficients);
        let padded = SoundFrontEnd {
            frame: 200,
            window: WindowFunction::Hamming,
            bands: 10,
            low_hz: 100.0,
            high_hz: 4000.0,
            ..SPEECH
        };
        let bands =
            [-0.45684, 6.92484, 5.53573, -2.79437, 4.22812, 5.51856, -3.68407, -4.55463, 1.40697, 2.15608];
        check(&padded, &signal[128..], &bands);
    }

    #[test]
    fn silence_has_the_logarithm_of_the_floor() {
        check(&SPEECH, &[], &[-13.815_51; 8]);
    }

    #[test]
    fn frames_are_whole() {
        for (samples, expected) in [(0, 0), (255, 0), (256, 1), (383, 1), (384, 2), (8000, 61)] {
            assert_eq!(SPEECH.frames(samples), expected, "{samples} samples");
        }
    }

    #[test]
    fn what_makes_no_sense_is_not_valid() {
        for front_end in [
            SoundFrontEnd { frame: 1, ..SPEECH },
            SoundFrontEnd { frame: 1 << 20, ..SPEECH },
            SoundFrontEnd { step: 0, ..SPEECH },
            SoundFrontEnd { bands: 0, ..SPEECH },
            SoundFrontEnd { coefficients: 9, ..SPEECH },
            SoundFrontEnd { high_hz: 4001.0, ..SPEECH },
            SoundFrontEnd { low_hz: 3800.0, ..SPEECH },
            SoundFrontEnd { low_hz: f32::NAN, ..SPEECH },
            SoundFrontEnd { rate_hz: f32::INFINITY, ..SPEECH },
        ] {
            assert!(!front_end.is_valid(), "{front_end:?}");
        }
    }

    #[test]
    fn odd_sizes_do_not_panic() {
        for frame in [2, 3, 5, 31, 33, 200] {
            for bands in [1, 2, 40] {
                let front_end = SoundFrontEnd { frame, bands, coefficients: bands, ..SPEECH };
                assert!(features(&front_end, &signal()).iter().all(|figure| figure.is_finite()));
            }
        }
    }
}
