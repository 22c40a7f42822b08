//! Networks to begin with, each with the data that it is made for and a recipe to train it.

mod networks;
mod sketch;

use super::LayerGraph;
use crate::training::{Augmentation, EarlyStopping, Loss, Optimizer, Schedule, TrainingConfig};

/// A network to begin with.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// Name on the command line and in project files.
    pub id: &'static str,
    /// Name on the screen.
    pub title: &'static str,
    /// What it is for, in one sentence.
    pub description: &'static str,
    /// What kind of samples it takes.
    pub data: DataKind,
    /// How raw data become its inputs, in words.
    pub preparation: &'static str,
    /// What the network is made for where no data say otherwise.
    pub sizes: fn() -> Sizes,
    network: fn(&Sizes) -> LayerGraph,
    recipe: fn(&mut TrainingConfig),
}

/// What kind of samples a network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataKind {
    /// Pairs of numbers: a function to learn.
    Function,
    /// Rows of a few numbers.
    Rows,
    /// Windows of several channels over time.
    Series,
    /// Sound, as frames of features.
    Sound,
    /// Pictures.
    Pictures,
    /// Sound and motion at the same time: two inputs.
    SoundAndMotion,
}

/// What data ask of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Shape of one sample of each input, without the batch dimension, channels last.
    pub inputs: Vec<Vec<usize>>,
    /// Classes, or numbers to predict; an autoencoder gives as many as it takes and does not ask.
    pub outputs: usize,
}

impl Template {
    /// The network for samples of these sizes. Shapes that do not fit (steps for a network that takes pictures) make a graph
    /// with errors, which [`shapes`](super::shapes) explains.
    pub fn graph(&self, sizes: &Sizes) -> LayerGraph {
        let mut graph = (self.network)(sizes);
        graph.name = self.id.to_owned();
        graph
    }

    /// How it is trained.
    pub fn recipe(&self) -> TrainingConfig {
        let mut config = TrainingConfig::default();
        (self.recipe)(&mut config);
        config
    }

    /// The template with a name on the command line.
    pub fn from_id(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|template| template.id == id)
    }
}

impl Sizes {
    fn of(inputs: &[&[usize]], outputs: usize) -> Self {
        Self { inputs: inputs.iter().map(|shape| shape.to_vec()).collect(), outputs }
    }
}

/// All of them, easy ones first.
pub const ALL: &[Template] = &[
    Template {
        id: "sine",
        title: "Sine regression",
        description: "Learns the sine of a number: the hello world of small networks, 1-16-16-1.",
        data: DataKind::Function,
        preparation: "One number from 0 to 2π in, its sine out; both as they are.",
        sizes: || Sizes::of(&[&[1]], 1),
        network: |sizes| networks::dense(sizes, &[16, 16], false),
        recipe: |config| {
            config.loss = Loss::MeanSquaredError;
            config.learning_rate = 0.01;
            config.schedule = Schedule::Cosine { warm_up: 0, final_share: 0.01 };
            config.epochs = 200;
        },
    },
    Template {
        id: "accelerometer",
        title: "Accelerometer, dense",
        description: "Tells two movements apart by the three axes of one reading, 3-16-8-2.",
        data: DataKind::Rows,
        preparation: "Acceleration along x, y and z, each less its mean and over its deviation.",
        sizes: || Sizes::of(&[&[3]], 2),
        network: |sizes| networks::dense(sizes, &[16, 8], true),
        recipe: |config| config.epochs = 50,
    },
    Template {
        id: "digits-dense",
        title: "Digits, dense",
        description: "Reads handwritten digits with two hidden layers of 64, 784-64-64-10.",
        data: DataKind::Pictures,
        preparation: "Grey pictures of 28×28, levels over 255.",
        sizes: || Sizes::of(&[&[28, 28, 1]], 10),
        network: |sizes| networks::dense(sizes, &[64, 64], true),
        recipe: |config| {
            config.optimizer = Optimizer::RMS_PROP;
            config.batch_size = 64;
            config.epochs = 10;
        },
    },
    Template {
        id: "digits-dense-wide",
        title: "Digits, dense and wide",
        description: "Reads handwritten digits with hidden layers of 128 and 64, 784-128-64-10.",
        data: DataKind::Pictures,
        preparation: "Grey pictures of 28×28, levels over 255.",
        sizes: || Sizes::of(&[&[28, 28, 1]], 10),
        network: |sizes| networks::dense(sizes, &[128, 64], true),
        recipe: |config| {
            config.batch_size = 64;
            config.epochs = 10;
        },
    },
    Template {
        id: "digits-cnn",
        title: "Small CNN",
        description: "Reads small pictures with two convolutions, one of them depthwise separable.",
        data: DataKind::Pictures,
        preparation: "Grey pictures of 28×28, levels over 255.",
        sizes: || Sizes::of(&[&[28, 28, 1]], 10),
        network: networks::small_cnn,
        recipe: |config| {
            config.batch_size = 64;
            config.epochs = 15;
            config.learning_rate = 0.002;
            config.schedule = Schedule::Cosine { warm_up: 0, final_share: 0.02 };
        },
    },
    Template {
        id: "keywords-ds-cnn",
        title: "Keywords, DS-CNN",
        description: "Spots spoken words with depthwise separable convolutions; the network of MLPerf Tiny's keyword test.",
        data: DataKind::Sound,
        preparation: "One second of sound as 49 frames of 10 MFCC: windows of 40 ms every 20 ms.",
        sizes: || Sizes::of(&[&[49, 10, 1]], 12),
        network: networks::ds_cnn,
        recipe: |config| {
            config.batch_size = 100;
            config.epochs = 36;
            config.schedule = Schedule::Step { factor: 0.2, epochs: 12 };
            config.augmentation = Augmentation { shift: 0.1, noise: 0.05, ..Augmentation::default() };
        },
    },
    Template {
        id: "pictures-mobilenet",
        title: "Pictures, MobileNet",
        description: "Sorts photographs with MobileNet at a quarter of its width; person detection of MLPerf Tiny.",
        data: DataKind::Pictures,
        preparation: "Pictures of 96×96 in colour or grey, levels over 255.",
        sizes: || Sizes::of(&[&[96, 96, 3]], 2),
        network: networks::mobilenet,
        recipe: |config| {
            config.batch_size = 32;
            config.epochs = 50;
            config.schedule = Schedule::Cosine { warm_up: 2, final_share: 0.01 };
            config.augmentation =
                Augmentation { shift: 0.1, scale: 0.1, mirror: true, ..Augmentation::default() };
        },
    },
    Template {
        id: "pictures-resnet8",
        title: "Pictures, ResNet-8",
        description: "Sorts pictures of 32×32 with residual blocks; image classification of MLPerf Tiny.",
        data: DataKind::Pictures,
        preparation: "Colour pictures of 32×32, levels over 255.",
        sizes: || Sizes::of(&[&[32, 32, 3]], 10),
        network: networks::resnet_8,
        recipe: |config| {
            config.batch_size = 32;
            config.epochs = 100;
            config.schedule = Schedule::Cosine { warm_up: 1, final_share: 0.01 };
            config.augmentation = Augmentation { shift: 0.1, mirror: true, ..Augmentation::default() };
        },
    },
    Template {
        id: "sound-conv1d",
        title: "Sound, Conv1D",
        description: "Tells sounds and short words apart with convolutions along time.",
        data: DataKind::Sound,
        preparation: "Sound as frames of 13 MFCC, each coefficient less its mean and over its deviation.",
        sizes: || Sizes::of(&[&[49, 13]], 10),
        network: networks::sound,
        recipe: |config| {
            config.epochs = 60;
            config.schedule = Schedule::Cosine { warm_up: 1, final_share: 0.01 };
            config.augmentation = Augmentation { shift: 0.1, noise: 0.2, ..Augmentation::default() };
        },
    },
    Template {
        id: "motion-conv1d",
        title: "Motion, Conv1D",
        description: "Recognises activities and gestures from windows of raw sensor readings.",
        data: DataKind::Series,
        preparation: "Windows of 100 to 200 readings, half overlapping, each channel less its mean and over its deviation.",
        sizes: || Sizes::of(&[&[128, 3]], 6),
        network: networks::motion,
        recipe: |config| {
            config.batch_size = 64;
            config.epochs = 30;
            config.schedule = Schedule::Cosine { warm_up: 1, final_share: 0.01 };
            config.augmentation = Augmentation { shift: 0.1, noise: 0.05, scale: 0.1, mirror: false };
        },
    },
    Template {
        id: "motion-features",
        title: "Motion, features",
        description: "Recognises activities by statistics and band energies, however the sensor is worn.",
        data: DataKind::Series,
        preparation: "Windows of 100 to 200 readings, half overlapping: figures of the lengths of their vectors, each less \
                      its mean and over its deviation.",
        sizes: || Sizes::of(&[&[39]], 4),
        network: networks::features,
        recipe: |config| {
            config.batch_size = 64;
            config.epochs = 60;
            config.learning_rate = 0.002;
            config.schedule = Schedule::Cosine { warm_up: 0, final_share: 0.01 };
            config.label_smoothing = 0.1;
            config.augmentation = Augmentation { noise: 0.2, ..Augmentation::default() };
        },
    },
    Template {
        id: "gesture-lstm",
        title: "Gestures, LSTM",
        description: "Recognises gestures step by step with two LSTM layers of 64 and 32 units.",
        data: DataKind::Series,
        preparation: "Windows of three axes over time, each less its mean and over its deviation.",
        sizes: || Sizes::of(&[&[50, 3]], 4),
        network: networks::lstm,
        recipe: |config| {
            config.epochs = 40;
            config.clip_norm = Some(1.0);
            config.early_stopping = Some(EarlyStopping { patience: 10, minimum_change: 0.0 });
        },
    },
    Template {
        id: "anomaly-autoencoder",
        title: "Anomalies, autoencoder",
        description: "Learns what is normal and reproduces it, so that everything else stands out, 64-32-16-32-64.",
        data: DataKind::Rows,
        preparation: "Features of a machine's signal, each from 0 to 1; normal samples only.",
        sizes: || Sizes::of(&[&[64]], 64),
        network: networks::autoencoder,
        recipe: |config| {
            config.loss = Loss::MeanSquaredError;
            config.epochs = 60;
            config.early_stopping = Some(EarlyStopping { patience: 8, minimum_change: 0.0 });
        },
    },
    Template {
        id: "sound-and-motion",
        title: "Sound and motion",
        description: "Puts what a microphone hears and what an accelerometer feels together: two inputs, one answer.",
        data: DataKind::SoundAndMotion,
        preparation: "Sound as frames of 13 MFCC and motion as windows of three axes of the same moment, each less its \
                      mean and over its deviation.",
        sizes: || Sizes::of(&[&[49, 13], &[100, 3]], 4),
        network: networks::sound_and_motion,
        recipe: |config| {
            config.epochs = 40;
            config.schedule = Schedule::Cosine { warm_up: 1, final_share: 0.01 };
        },
    },
];

#[cfg(test)]
mod tests;
