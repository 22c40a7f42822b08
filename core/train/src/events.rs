//! What a run reports while it goes on, and how it is told to stop.

/// What a run reports. Times are the receiver's: this crate reads no clock.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The network is on the device; the first step comes next.
    Started(Started),
    /// One or more steps were taken.
    Step(StepRecord),
    /// All training samples were seen once more, and validation is done.
    Epoch(EpochRecord),
    /// The state of the run: after every epoch, when it is asked for, and when the run is stopped.
    Checkpoint(Box<crate::Checkpoint>),
}

/// What is known when a run starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Samples trained on.
    pub training_samples: usize,
    /// Samples validated on; 0 for none.
    pub validation_samples: usize,
    /// Steps of one epoch; the last may have fewer samples than the others.
    pub steps_per_epoch: usize,
    /// Epochs that the run has at most.
    pub epochs: usize,
    /// Steps already taken by the run that is resumed.
    pub steps_taken: u64,
    /// Numbers that training changes.
    pub parameters: usize,
    /// What computes, for the user.
    pub backend: String,
    /// What the user should know: why a setting has no effect.
    pub notes: Vec<String>,
    /// What [`StepRecord::metric`] and [`EpochRecord`] measure.
    pub metric: Metric,
}

/// What is measured beside the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The share of samples whose class was said, from 0 to 1; larger is better.
    Accuracy,
    /// The mean absolute error; smaller is better.
    MeanAbsoluteError,
}

impl Metric {
    /// The name on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accuracy => "Accuracy",
            Self::MeanAbsoluteError => "Mean absolute error",
        }
    }
}

/// One or more training steps, merged: a GPU is asked for its losses only once in a while.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepRecord {
    /// Epoch of the last of the steps, from 0.
    pub epoch: usize,
    /// Steps taken since the run began, the last of these included.
    pub step: u64,
    /// Samples of these steps.
    pub samples: usize,
    /// Mean loss over these samples, penalties on weights included.
    pub loss: f32,
    /// Mean metric over these samples.
    pub metric: f32,
    /// Learning rate of the last of the steps.
    pub learning_rate: f32,
}

/// One epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpochRecord {
    /// Which one, from 0.
    pub epoch: usize,
    /// Steps taken since the run began.
    pub step: u64,
    /// Mean training loss over the epoch, penalties on weights included.
    pub loss: f32,
    /// Mean training metric over the epoch.
    pub metric: f32,
    /// Validation loss, penalties on weights included; `None` without validation samples.
    pub validation_loss: Option<f32>,
    /// Validation metric; `None` without validation samples.
    pub validation_metric: Option<f32>,
    /// Learning rate of the last step.
    pub learning_rate: f32,
    /// Its loss (validation, else training) is the lowest so far.
    pub is_best: bool,
}

impl EpochRecord {
    /// The loss that decides which epoch is best: of validation, else of training.
    pub fn deciding_loss(&self) -> f32 {
        self.validation_loss.unwrap_or(self.loss)
    }
}

/// What a run does next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Command {
    /// The next step.
    #[default]
    Continue,
    /// A checkpoint, then the next step.
    Checkpoint,
    /// A checkpoint, then the end.
    Stop,
}

/// Asked before every step what comes next.
///
/// To pause a run, do not answer: the run holds nothing but memory meanwhile.
pub trait Control {
    /// What comes next.
    fn command(&mut self) -> Command;
}

impl<F: FnMut() -> Command> Control for F {
    fn command(&mut self) -> Command {
        self()
    }
}

/// Never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uninterrupted;

impl Control for Uninterrupted {
    fn command(&mut self) -> Command {
        Command::Continue
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All epochs are done.
    Complete,
    /// It did not get better for as many epochs as the settings allow.
    NoProgress,
    /// It was told to stop.
    Stopped,
    /// The loss is no longer a finite number: the learning rate is too high, or the samples hold such numbers.
    Diverged,
}
