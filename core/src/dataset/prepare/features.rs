//! Features of windows, computed by the code that the chip runs.

use emberlab_runtime::dsp;

use crate::dataset::{DataError, Features, MotionFeatures, MotionSignals, SoundFeatures, Statistic, Taper};

/// Features that are ready to be computed.
pub(super) enum FeaturePlan {
    /// The samples themselves.
    Raw,
    Sound {
        front_end: dsp::SoundFrontEnd,
        tables: Vec<u32>,
    },
    Motion {
        settings: MotionFeatures,
        statistics: Vec<dsp::Statistic>,
        rate_hz: f32,
        steps: usize,
        tables: Vec<u32>,
    },
}

impl FeaturePlan {
    /// Features of windows of `steps` steps and `channels` channels, and their shape.
    pub(super) fn new(
        features: &Features,
        rate_hz: Option<f64>,
        steps: usize,
        channels: usize,
    ) -> Result<(Self, Vec<usize>), DataError> {
        match features {
            Features::Raw => Ok((Self::Raw, vec![steps, channels])),
            Features::LogMel(settings) => sound(settings, 0, rate_hz, steps),
            Features::Mfcc(settings) if settings.coefficients == 0 => {
                Err(DataError::new("MFCC need at least one coefficient", "Choose the number of coefficients"))
            }
            Features::Mfcc(settings) => sound(settings, settings.coefficients, rate_hz, steps),
            Features::Motion(settings) => motion(settings, rate_hz, steps, channels),
        }
    }

    /// The features of a window: samples step after step, channel after channel.
    pub(super) fn compute(&self, window: Vec<f32>, channels: usize) -> Vec<f32> {
        match self {
            Self::Raw => window,
            Self::Sound { front_end, tables } => {
                let mono = if channels == 1 { window } else { mean_of_channels(&window, channels) };
                let mut work = vec![0.0; front_end.work_length()];
                let mut output = vec![0.0; front_end.frames(mono.len()) * front_end.figures()];
                for (frame, output) in output.chunks_exact_mut(front_end.figures()).enumerate() {
                    front_end.frame(tables, &mono[frame * front_end.step..], &mut work, output);
                }
                output
            }
            Self::Motion { settings, statistics, rate_hz, steps, tables } => {
                let front_end = motion_front_end(settings, statistics, *rate_hz, *steps);
                let mut work = vec![0.0; front_end.work_length()];
                let mut lengths = vec![0.0; window.len() / channels.max(1) * dsp::vector_count(channels)];
                dsp::vector_lengths(&window, channels, &mut lengths);
                let of_channels = (window.as_slice(), channels);
                let of_lengths = (lengths.as_slice(), dsp::vector_count(channels));
                let sources: &[(&[f32], usize)] = match settings.signals {
                    MotionSignals::Channels => &[of_channels],
                    MotionSignals::Lengths => &[of_lengths],
                    MotionSignals::Both => &[of_channels, of_lengths],
                };
                let mut output = vec![0.0; settings.signals.count(channels) * front_end.figures()];
                let places = sources.iter().flat_map(|(samples, stride)| {
                    (0..*stride).map(move |channel| (&samples[channel..], *stride))
                });
                for (output, (samples, stride)) in output.chunks_exact_mut(front_end.figures()).zip(places) {
                    front_end.channel(tables, samples, stride, &mut work, output);
                }
                output
            }
        }
    }
}

/// One channel from several, sums in order.
fn mean_of_channels(window: &[f32], channels: usize) -> Vec<f32> {
    window.chunks_exact(channels.max(1)).map(|step| step.iter().sum::<f32>() / channels as f32).collect()
}

fn sound(
    settings: &SoundFeatures,
    coefficients: usize,
    rate_hz: Option<f64>,
    steps: usize,
) -> Result<(FeaturePlan, Vec<usize>), DataError> {
    let Some(rate_hz) = rate_hz else {
        return Err(DataError::new("features of sound need its rate", "Give the rate of the recordings"));
    };
    let samples = |milliseconds: f32| (f64::from(milliseconds) * rate_hz / 1000.0).round() as usize;
    let front_end = dsp::SoundFrontEnd {
        rate_hz: rate_hz as f32,
        frame: samples(settings.frame_ms),
        step: samples(settings.step_ms),
        window: match settings.taper {
            Taper::Hann => dsp::WindowFunction::Hann,
            Taper::Hamming => dsp::WindowFunction::Hamming,
        },
        bands: settings.bands,
        coefficients,
        low_hz: settings.low_hz,
        high_hz: settings.high_hz,
    };
    if settings.high_hz > 0.5 * front_end.rate_hz {
        return Err(DataError::new(
            format!(
                "bands reach up to {} Hz, sound at {rate_hz} Hz has nothing above {}",
                settings.high_hz,
                rate_hz / 2.0
            ),
            "Choose a lower upper end",
        ));
    }
    if !front_end.is_valid() {
        return Err(DataError::new(
            format!(
                "frames of {} samples every {} with {} bands and {coefficients} coefficients from {} to {} Hz cannot \
                 be computed",
                front_end.frame, front_end.step, front_end.bands, front_end.low_hz, front_end.high_hz
            ),
            "Choose at least one band, no more coefficients than bands, and frames of 2 to 32768 samples",
        ));
    }
    let frames = front_end.frames(steps);
    if frames == 0 {
        return Err(DataError::new(
            format!("windows of {steps} samples are shorter than a frame of {}", front_end.frame),
            "Choose longer windows or shorter frames",
        ));
    }
    let mut tables = vec![0; front_end.table_words()];
    front_end.fill_tables(&mut tables);
    Ok((FeaturePlan::Sound { front_end, tables }, vec![frames, front_end.figures()]))
}

fn motion(
    settings: &MotionFeatures,
    rate_hz: Option<f64>,
    steps: usize,
    channels: usize,
) -> Result<(FeaturePlan, Vec<usize>), DataError> {
    if rate_hz.is_none() && settings.bands > 0 {
        return Err(DataError::new(
            "energies of bands need the rate of the recordings",
            "Give the rate, or choose no bands",
        ));
    }
    let rate_hz = rate_hz.unwrap_or(1.0) as f32;
    let mut settings = settings.clone();
    if settings.high_hz == 0.0 {
        settings.high_hz = 0.5 * rate_hz;
    }
    let statistics: Vec<dsp::Statistic> =
        settings.statistics.iter().map(|statistic| statistic.of_dsp()).collect();
    let front_end = motion_front_end(&settings, &statistics, rate_hz, steps);
    if !front_end.is_valid() {
        return Err(DataError::new(
            format!(
                "{} statistics and {} bands from {} to {} Hz of {steps} steps at {rate_hz} Hz cannot be computed",
                statistics.len(),
                settings.bands,
                settings.low_hz,
                settings.high_hz
            ),
            "Choose at least one figure, bands up to half of the rate, and windows of at most 32768 steps",
        ));
    }
    let mut tables = vec![0; front_end.table_words()];
    front_end.fill_tables(&mut tables);
    let shape = vec![settings.signals.count(channels) * front_end.figures()];
    Ok((FeaturePlan::Motion { settings, statistics, rate_hz, steps, tables }, shape))
}

fn motion_front_end<'s>(
    settings: &MotionFeatures,
    statistics: &'s [dsp::Statistic],
    rate_hz: f32,
    steps: usize,
) -> dsp::MotionFrontEnd<'s> {
    let MotionFeatures { bands, low_hz, high_hz, log_bands, .. } = *settings;
    dsp::MotionFrontEnd { rate_hz, steps, statistics, bands, low_hz, high_hz, log_bands }
}

impl Statistic {
    fn of_dsp(self) -> dsp::Statistic {
        match self {
            Self::Mean => dsp::Statistic::Mean,
            Self::Deviation => dsp::Statistic::Deviation,
            Self::RootMeanSquare => dsp::Statistic::RootMeanSquare,
            Self::Minimum => dsp::Statistic::Minimum,
            Self::Maximum => dsp::Statistic::Maximum,
            Self::ZeroCrossings => dsp::Statistic::ZeroCrossings,
            Self::MeanDifference => dsp::Statistic::MeanDifference,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_follow_the_parameters() {
        let check = |features: Features, rate, steps, channels, expected: &[usize]| {
            let (plan, shape) = FeaturePlan::new(&features, rate, steps, channels).expect("features");
            assert_eq!(shape, expected);
            let window = vec![0.25; steps * channels];
            assert_eq!(plan.compute(window, channels).len(), expected.iter().product::<usize>());
        };
        let sound = SoundFeatures::default();
        check(Features::Raw, None, 200, 3, &[200, 3]);
        check(Features::LogMel(sound), Some(8000.0), 8000, 1, &[61, 32]);
        check(Features::LogMel(sound), Some(16_000.0), 16_000, 2, &[61, 32]);
        check(Features::Mfcc(sound), Some(8000.0), 4000, 1, &[30, 13]);
        check(Features::Motion(MotionFeatures::default()), Some(20.0), 200, 3, &[45]);
        for (signals, figures) in [(MotionSignals::Lengths, 15), (MotionSignals::Both, 60)] {
            let lengths = MotionFeatures { signals, ..MotionFeatures::default() };
            check(Features::Motion(lengths), Some(20.0), 200, 3, &[figures]);
        }
        let few = MotionFeatures { statistics: vec![Statistic::Mean], bands: 0, ..MotionFeatures::default() };
        check(Features::Motion(few), None, 200, 3, &[3]);
    }

    #[test]
    fn what_cannot_be_computed_is_said_in_words() {
        let check = |features: Features, rate, steps, expected: &str| {
            let Err(error) = FeaturePlan::new(&features, rate, steps, 1) else { panic!("{features:?}") };
            assert!(error.message.contains(expected), "{error}");
        };
        let sound = SoundFeatures::default();
        check(Features::LogMel(sound), None, 8000, "rate");
        check(Features::LogMel(sound), Some(4000.0), 8000, "nothing above 2000");
        check(Features::LogMel(sound), Some(8000.0), 255, "shorter than a frame of 256");
        check(
            Features::Mfcc(SoundFeatures { coefficients: 33, ..sound }),
            Some(8000.0),
            8000,
            "33 coefficients",
        );
        check(
            Features::Mfcc(SoundFeatures { coefficients: 0, ..sound }),
            Some(8000.0),
            8000,
            "one coefficient",
        );
        check(Features::LogMel(SoundFeatures { step_ms: 0.0, ..sound }), Some(8000.0), 8000, "every 0");
        check(Features::Motion(MotionFeatures::default()), None, 200, "rate");
        let nothing = MotionFeatures { statistics: Vec::new(), bands: 0, ..MotionFeatures::default() };
        check(Features::Motion(nothing), None, 200, "0 statistics");
    }
}
