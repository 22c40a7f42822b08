//! How a network is trained: the settings, as the project file and the window have them.

use serde::{Deserialize, Serialize};

/// Settings of one training run. Defaults are Keras's where Keras has any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingConfig {
    /// What is made small.
    pub loss: Loss,
    /// How weights follow their gradients.
    pub optimizer: Optimizer,
    /// The rate at the start.
    pub learning_rate: f32,
    /// How the rate changes.
    pub schedule: Schedule,
    /// Decoupled weight decay per step, times the learning rate; 0 for none.
    pub weight_decay: f32,
    /// Largest norm of all gradients together; `None` for no limit.
    pub clip_norm: Option<f32>,
    /// Largest absolute gradient; `None` for no limit.
    pub clip_value: Option<f32>,
    /// Samples of one step.
    pub batch_size: usize,
    /// Passes over the training samples.
    pub epochs: usize,
    /// Share of the training samples kept back for validation, where the split gives none.
    pub validation_share: f32,
    /// How class weights come about.
    pub class_weights: ClassWeights,
    /// Share of the target that is spread over all classes.
    pub label_smoothing: f32,
    /// Values to predict are brought to mean 0 and deviation 1 while the network is trained, where its last layer is linear;
    /// what it predicts is in the units of the samples all the same.
    pub normalise_targets: bool,
    /// Changes made to samples while training.
    pub augmentation: Augmentation,
    /// Ends a run that does not get better.
    pub early_stopping: Option<EarlyStopping>,
    /// The weights of the best epoch are kept, not those of the last.
    pub keep_best: bool,
    /// Where everything random begins.
    pub seed: u64,
    /// What computes.
    pub backend: BackendChoice,
    /// Numbers of half precision where the backend has them.
    pub mixed_precision: bool,
}

/// What is made small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Cross-entropy of class numbers.
    #[default]
    SparseCategoricalCrossentropy,
    /// Cross-entropy of one number per class; for class labels the same value as the sparse form.
    CategoricalCrossentropy,
    /// Cross-entropy of independent yes or no.
    BinaryCrossentropy,
    /// Mean squared error.
    MeanSquaredError,
    /// Mean absolute error.
    MeanAbsoluteError,
    /// Squared up to `delta`, absolute beyond.
    Huber {
        /// Where it changes.
        delta: f32,
    },
}

/// How weights follow their gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd {
        /// How much of the last step is kept.
        momentum: f32,
        /// Looks ahead along the momentum.
        nesterov: bool,
    },
    /// Adam.
    Adam {
        /// Decay of the mean.
        beta_1: f32,
        /// Decay of the squares.
        beta_2: f32,
        /// Added to the root.
        epsilon: f32,
    },
    /// Adam with decoupled weight decay.
    AdamW {
        /// Decay of the mean.
        beta_1: f32,
        /// Decay of the squares.
        beta_2: f32,
        /// Added to the root.
        epsilon: f32,
    },
    /// Root mean square propagation.
    RmsProp {
        /// Decay of the squares.
        rho: f32,
        /// How much of the last step is kept.
        momentum: f32,
        /// Added to the root.
        epsilon: f32,
    },
}

/// How the learning rate changes. `warm_up` epochs of linear growth come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Not at all.
    #[default]
    Constant,
    /// Times `factor` every `epochs`.
    Step {
        /// Factor of each step.
        factor: f32,
        /// Epochs between steps.
        epochs: usize,
    },
    /// Half a cosine from the rate down to `final_share` of it.
    Cosine {
        /// Epochs of linear growth before.
        warm_up: usize,
        /// Share of the rate at the end.
        final_share: f32,
    },
    /// Linear growth, then constant.
    WarmUp {
        /// Epochs of growth.
        epochs: usize,
    },
    /// Times `factor` when validation has not become better for `patience` epochs.
    ReduceOnPlateau {
        /// Factor of each step.
        factor: f32,
        /// Epochs without a better one.
        patience: usize,
        /// Never below.
        minimum: f32,
    },
}

/// How class weights come about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// All count the same.
    #[default]
    None,
    /// Inverse to the number of samples, mean 1 over the samples.
    Balanced,
    /// As given, one per class.
    Given(Vec<f32>),
}

/// Changes made to samples while training; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Augmentation {
    /// Largest shift along steps, or height and width, as a share of the size.
    pub shift: f32,
    /// Deviation of added noise, in units of the prepared values.
    pub noise: f32,
    /// Largest factor by which values grow or shrink, less 1.
    pub scale: f32,
    /// Pictures are mirrored left to right half of the time.
    pub mirror: bool,
}

/// Ends a run that does not get better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyStopping {
    /// Epochs without a better one.
    pub patience: usize,
    /// How much lower the validation loss must be to count as better.
    #[serde(default)]
    pub minimum_change: f32,
}

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendChoice {
    /// A real GPU where the network is large enough to gain from it, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU.
    Gpu,
}

impl Optimizer {
    /// Adam as Keras has it.
    pub const ADAM: Self = Self::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
    /// AdamW as Keras has it.
    pub const ADAM_W: Self = Self::AdamW { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
    /// RMSprop as Keras has it.
    pub const RMS_PROP: Self = Self::RmsProp { rho: 0.9, momentum: 0.0, epsilon: 1e-7 };
    /// SGD as Keras has it.
    pub const SGD: Self = Self::Sgd { momentum: 0.0, nesterov: false };

    /// The learning rate that Keras takes if none is given.
    pub fn default_learning_rate(self) -> f32 {
        match self {
            Self::Sgd { .. } => 0.01,
            Self::Adam { .. } | Self::AdamW { .. } | Self::RmsProp { .. } => 0.001,
        }
    }
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::ADAM
    }
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            loss: Loss::default(),
            optimizer: Optimizer::default(),
            learning_rate: 0.001,
            schedule: Schedule::default(),
            weight_decay: 0.0,
            clip_norm: None,
            clip_value: None,
            batch_size: 32,
            epochs: 20,
            validation_share: 0.2,
            class_weights: ClassWeights::default(),
            label_smoothing: 0.0,
            normalise_targets: true,
            augmentation: Augmentation::default(),
            early_stopping: None,
            keep_best: true,
            seed: 1,
            backend: BackendChoice::default(),
            mixed_precision: false,
        }
    }
}
