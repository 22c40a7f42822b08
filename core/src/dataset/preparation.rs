//! How samples come out of recordings: what a project keeps, and what an exported model carries.

use serde::{Deserialize, Serialize};

/// How samples come out of recordings.
///
/// [`prepare`](super::prepare()) gives a copy back in which [`InputPreparation::fitted`] has the numbers that came from the
/// training samples: with it, a single recording is prepared in the same way on the desktop and on the chip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preparation {
    /// One for each input of the network; empty for one per stream with nothing done to it.
    pub inputs: Vec<InputPreparation>,
    /// How series are cut.
    pub window: Window,
    /// What the network should say.
    pub target: TargetKind,
    /// Classes that are used, in this order; empty for all. Samples of others are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Classes that are trained and validated on; empty for all. Samples of others go to the test part only, as for an
    /// autoencoder that learns what is normal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub training_classes: Vec<String>,
}

/// How a stream becomes an input of the network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InputPreparation {
    /// Number of the stream.
    pub stream: usize,
    /// Channels of a series, or columns of values, in this order; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<usize>,
    /// Steps a second to which series of other rates are brought. `None` leaves them as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
    /// Size of pictures. `None` takes them as they are, all of one size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureFit>,
    /// What is computed from a window of a series.
    pub features: Features,
    /// How numbers are brought to the size that networks like.
    pub normalisation: Normalisation,
    /// Shape of the input.
    pub shape: InputShape,
    /// What came out of the training samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted: Option<FittedInput>,
}

/// What came out of the training samples for one input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FittedInput {
    /// Shape of the input, without the batch dimension.
    pub shape: Vec<usize>,
    /// Steps of a series that make a sample; 0 for other contents.
    #[serde(skip_serializing_if = "is_zero")]
    pub steps: usize,
    /// Steps a second of series, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
    /// The normalisation in numbers; `None` for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<Affine>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// How pictures get one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureFit {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// What happens to other proportions.
    #[serde(default)]
    pub fit: Fit,
    /// How colours become channels.
    #[serde(default)]
    pub colour: Colour,
}

/// What happens to a picture of other proportions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// What stands out at the sides is cut off, the middle stays.
    #[default]
    Crop,
    /// The picture is stretched.
    Stretch,
    /// Bars of level 0 fill it up.
    Bars,
}

/// How colours become channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Grey if all pictures of the set are, else three.
    #[default]
    Keep,
    /// One channel (ITU-R BT.709 weights).
    Grey,
    /// Three channels.
    Rgb,
}

/// What is computed from a window of a series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Features {
    /// The samples themselves: `[steps, channels]`.
    #[default]
    Raw,
    /// Logarithms of mel bands: `[frames, bands]`.
    LogMel(SoundFeatures),
    /// Mel-frequency cepstral coefficients: `[frames, coefficients]`.
    Mfcc(SoundFeatures),
    /// Statistics and band energies of every channel: `[channels * figures]`.
    Motion(MotionFeatures),
}

/// Parameters of features of sound. Several channels are averaged first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoundFeatures {
    /// Length of a frame in milliseconds.
    pub frame_ms: f32,
    /// From the start of a frame to the start of the next, in milliseconds.
    pub step_ms: f32,
    /// How the ends of a frame fade.
    pub taper: Taper,
    /// Mel bands.
    pub bands: usize,
    /// Coefficients of the MFCC; not used by log-mel.
    pub coefficients: usize,
    /// Lower end of the lowest band.
    pub low_hz: f32,
    /// Upper end of the highest band; not above half of the rate.
    pub high_hz: f32,
}

/// How the ends of a frame fade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taper {
    /// To nothing.
    #[default]
    Hann,
    /// Almost to nothing.
    Hamming,
}

/// Parameters of features of motion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MotionFeatures {
    /// What figures are computed of.
    pub signals: MotionSignals,
    /// Which figures are computed of each signal, in this order.
    pub statistics: Vec<Statistic>,
    /// Equally wide bands whose energies follow the statistics; 0 for none.
    pub bands: usize,
    /// Lower end of the lowest band.
    pub low_hz: f32,
    /// Upper end of the highest band; 0 stands for half of the rate.
    pub high_hz: f32,
    /// Energies are given as natural logarithms.
    pub log_bands: bool,
}

/// What figures of motion are computed of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MotionSignals {
    /// Each channel.
    #[default]
    Channels,
    /// The lengths of the vectors that every three channels make (x, y and z of one sensor): the same however the sensor is
    /// worn.
    Lengths,
    /// Each channel, then the lengths.
    Both,
}

/// A figure of one channel of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Mean.
    Mean,
    /// Standard deviation (root of the mean squared distance to the mean).
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

/// How numbers are brought to the size that networks like. Pictures count as numbers from 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Normalisation {
    /// Not at all.
    #[default]
    None,
    /// `value * factor + offset`, as given; nothing is fitted.
    Scale {
        /// What values are multiplied with.
        factor: f32,
        /// What is added then.
        #[serde(default)]
        offset: f32,
    },
    /// From the smallest number of the training samples to the largest: 0 to 1.
    ZeroToOne {
        /// For each number of the last dimension on its own, or for all together.
        #[serde(default)]
        per_channel: bool,
    },
    /// Less the mean of the training samples, divided by their standard deviation.
    StandardDeviation {
        /// For each number of the last dimension on its own, or for all together.
        #[serde(default)]
        per_channel: bool,
    },
}

/// A normalisation in numbers: `(value - offset) * scale`, in float32. One entry counts for all numbers; otherwise entry
/// `i` counts for number `i` of the last dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affine {
    /// What is taken away.
    pub offset: Vec<f32>,
    /// What the difference is multiplied with.
    pub scale: Vec<f32>,
}

/// Shape of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputShape {
    /// As it comes: `[steps, channels]`, `[height, width, channels]`, `[frames, bands]`.
    #[default]
    Natural,
    /// One dimension.
    Flat,
    /// With one more dimension of 1 at the end: what a picture-like convolution takes of `[frames, bands]`.
    WithChannel,
}

/// How series are cut into samples. Other contents are one sample each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Window {
    /// A recording is a sample; all must be of one length.
    #[default]
    Whole,
    /// A recording is a sample, stretched or shrunk to a number of steps by straight lines between steps.
    Stretched {
        /// Steps of a sample.
        steps: usize,
    },
    /// Windows that slide over a recording.
    Sliding {
        /// Length of a window.
        length: Length,
        /// From the start of a window to the start of the next.
        stride: Length,
        /// Least share of a window's steps that must have one and the same label; 1 for all of them.
        #[serde(default = "all_of_it")]
        least_share: f32,
        /// What happens to recordings that are shorter than a window.
        #[serde(default)]
        short: Padding,
    },
}

fn all_of_it() -> f32 {
    1.0
}

/// A length in time or steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Steps of the first input; others get as many as pass in the same time.
    Steps(usize),
    /// Seconds, rounded to steps of each input.
    Seconds(f64),
}

/// What happens to recordings that are shorter than a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// They are left out.
    #[default]
    LeaveOut,
    /// Zeros follow.
    ZerosAfter,
    /// Zeros on both sides.
    ZerosAround,
}

/// What the network should say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// The class.
    #[default]
    Classes,
    /// The numbers of the label.
    Values,
    /// The first input itself: an autoencoder. Labels, where there are any, are kept for finding a threshold.
    Inputs,
    /// Nothing: only inputs are wanted.
    None,
}

impl Normalisation {
    /// Levels of pictures to 0 to 1.
    pub const LEVELS: Self = Self::Scale { factor: 1.0 / 255.0, offset: 0.0 };

    /// True if numbers must be found in training samples.
    pub fn is_fitted(self) -> bool {
        match self {
            Self::None | Self::Scale { .. } => false,
            Self::ZeroToOne { .. } | Self::StandardDeviation { .. } => true,
        }
    }
}

impl Affine {
    /// Normalises numbers whose last dimension has `channels` entries.
    pub fn apply(&self, values: &mut [f32], channels: usize) {
        if let ([offset], [scale]) = (&self.offset[..], &self.scale[..]) {
            values.iter_mut().for_each(|value| *value = (*value - offset) * scale);
            return;
        }
        for row in values.chunks_mut(channels.max(1)) {
            for (value, (offset, scale)) in row.iter_mut().zip(self.offset.iter().zip(&self.scale)) {
                *value = (*value - offset) * scale;
            }
        }
    }
}

impl Statistic {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Mean,
        Self::Deviation,
        Self::RootMeanSquare,
        Self::Minimum,
        Self::Maximum,
        Self::ZeroCrossings,
        Self::MeanDifference,
    ];

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Deviation => "deviation",
            Self::RootMeanSquare => "RMS",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::ZeroCrossings => "zero crossings",
            Self::MeanDifference => "mean difference",
        }
    }
}

impl MotionSignals {
    /// Number of signals that come of so many channels.
    pub fn count(self, channels: usize) -> usize {
        let lengths = emberlab_runtime::dsp::vector_count(channels);
        match self {
            Self::Channels => channels,
            Self::Lengths => lengths,
            Self::Both => channels + lengths,
        }
    }
}

impl Default for SoundFeatures {
    /// What suits speech at 8 and 16 kHz.
    fn default() -> Self {
        Self {
            frame_ms: 32.0,
            step_ms: 16.0,
            taper: Taper::Hann,
            bands: 32,
            coefficients: 13,
            low_hz: 60.0,
            high_hz: 3800.0,
        }
    }
}

impl Default for MotionFeatures {
    fn default() -> Self {
        let statistics = Statistic::ALL.to_vec();
        let signals = MotionSignals::Channels;
        Self { signals, statistics, bands: 8, low_hz: 0.0, high_hz: 0.0, log_bands: true }
    }
}
