//! The whole state of a run as a value: a run that goes on from it gives the same weights as one that was never broken.

use emberlab_core::layers::Weights;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::events::EpochRecord;
use crate::{archive, events};

/// The state of a run between two steps.
///
/// Nothing random is part of it: what is random in a step is drawn from the seed and the number of the step.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Says which network and settings the run has; a run of others does not go on from here.
    pub fingerprint: u64,
    /// Steps taken since the run began.
    pub step: u64,
    /// Epochs done.
    pub epoch: usize,
    /// Steps taken in the epoch that is not done.
    pub step_in_epoch: usize,
    /// What the network has learned.
    pub weights: Weights,
    /// What the optimizer remembers of every weight, under the names of the weights; as many as the optimizer has memories.
    pub memories: Vec<Weights>,
    /// The epoch with the lowest loss.
    pub best: Option<Best>,
    /// All epochs that are done.
    pub history: Vec<EpochRecord>,
    /// The learning rate's state.
    pub plateau: Progress,
    /// State of early stopping.
    pub stopping: Progress,
    /// Factor of the learning rate from plateaus.
    pub rate_factor: f32,
    /// Sums over the epoch that is not done.
    pub sums: Sums,
}

/// The weights of the epoch with the lowest loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Which epoch, from 0.
    pub epoch: usize,
    /// Its validation loss, else its training loss.
    pub loss: f32,
    /// The weights at its end.
    pub weights: Weights,
}

/// How long a loss has not become better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The lowest loss.
    pub best: f32,
    /// Epochs since.
    pub epochs_without: usize,
}

/// Sums over samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Losses.
    pub loss: f64,
    /// Metrics.
    pub metric: f64,
    /// Samples.
    pub samples: usize,
}

impl Progress {
    /// Nothing seen so far.
    pub const START: Self = Self { best: f32::INFINITY, epochs_without: 0 };

    /// Takes note of an epoch; it is better if its loss lies more than `minimum_change` below the best.
    pub(crate) fn note(&mut self, loss: f32, minimum_change: f32) {
        if loss < self.best - minimum_change {
            *self = Self { best: loss, epochs_without: 0 };
        } else {
            self.epochs_without += 1;
        }
    }
}

impl Sums {
    pub(crate) fn add(&mut self, loss: f64, metric: f64, samples: usize) {
        self.loss += loss;
        self.metric += metric;
        self.samples += samples;
    }

    /// Means over the samples; 0 for none.
    pub(crate) fn means(&self) -> (f32, f32) {
        let samples = self.samples.max(1) as f64;
        ((self.loss / samples) as f32, (self.metric / samples) as f32)
    }
}

/// Numbers of the head. Floats are kept as their bits: text would not always give them back.
#[derive(Serialize, Deserialize)]
struct Meta {
    fingerprint: u64,
    step: u64,
    epoch: usize,
    step_in_epoch: usize,
    memories: usize,
    best: Option<(usize, u32)>,
    history: Vec<EpochBits>,
    plateau: (u32, usize),
    stopping: (u32, usize),
    rate_factor: u32,
    sums: (u64, u64, usize),
}

#[derive(Serialize, Deserialize)]
struct EpochBits {
    epoch: usize,
    step: u64,
    loss: u32,
    metric: u32,
    validation_loss: Option<u32>,
    validation_metric: Option<u32>,
    learning_rate: u32,
    is_best: bool,
}

impl Checkpoint {
    /// The bytes of the checkpoint, to be kept in a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let progress = |progress: Progress| (progress.best.to_bits(), progress.epochs_without);
        let meta = Meta {
            fingerprint: self.fingerprint,
            step: self.step,
            epoch: self.epoch,
            step_in_epoch: self.step_in_epoch,
            memories: self.memories.len(),
            best: self.best.as_ref().map(|best| (best.epoch, best.loss.to_bits())),
            history: self.history.iter().map(bits_from_epoch).collect(),
            plateau: progress(self.plateau),
            stopping: progress(self.stopping),
            rate_factor: self.rate_factor.to_bits(),
            sums: (self.sums.loss.to_bits(), self.sums.metric.to_bits(), self.sums.samples),
        };
        let names: Vec<String> = (0..self.memories.len()).map(memory_name).collect();
        let mut sections = vec![("weights", &self.weights)];
        sections.extend(names.iter().map(String::as_str).zip(&self.memories));
        if let Some(best) = &self.best {
            sections.push(("best", &best.weights));
        }
        archive::write(&meta, &sections)
    }

    /// The checkpoint that [`Checkpoint::to_bytes`] wrote.
    ///
    /// # Errors
    /// The bytes are damaged or something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TrainError> {
        let (meta, mut sections): (Meta, _) = archive::read(bytes).map_err(TrainError::Checkpoint)?;
        // A section without arrays is not written: weights may be none, as in a network of pools.
        let mut take = |name: &str| {
            let place = sections.iter().position(|(section, _)| section == name);
            place.map(|place| sections.swap_remove(place).1).unwrap_or_default()
        };
        let progress = |(best, epochs_without)| Progress { best: f32::from_bits(best), epochs_without };
        let (loss, metric, samples) = meta.sums;
        Ok(Self {
            fingerprint: meta.fingerprint,
            step: meta.step,
            epoch: meta.epoch,
            step_in_epoch: meta.step_in_epoch,
            weights: take("weights"),
            // Not more than any optimizer has, whatever the file says.
            memories: (0..meta.memories.min(4)).map(|memory| take(&memory_name(memory))).collect(),
            best: meta.best.map(|(epoch, loss)| Best {
                epoch,
                loss: f32::from_bits(loss),
                weights: take("best"),
            }),
            history: meta.history.iter().map(epoch_from_bits).collect(),
            plateau: progress(meta.plateau),
            stopping: progress(meta.stopping),
            rate_factor: f32::from_bits(meta.rate_factor),
            sums: Sums { loss: f64::from_bits(loss), metric: f64::from_bits(metric), samples },
        })
    }
}

fn memory_name(memory: usize) -> String {
    format!("memory {memory}")
}

fn bits_from_epoch(epoch: &events::EpochRecord) -> EpochBits {
    EpochBits {
        epoch: epoch.epoch,
        step: epoch.step,
        loss: epoch.loss.to_bits(),
        metric: epoch.metric.to_bits(),
        validation_loss: epoch.validation_loss.map(f32::to_bits),
        validation_metric: epoch.validation_metric.map(f32::to_bits),
        learning_rate: epoch.learning_rate.to_bits(),
        is_best: epoch.is_best,
    }
}

fn epoch_from_bits(bits: &EpochBits) -> EpochRecord {
    EpochRecord {
        epoch: bits.epoch,
        step: bits.step,
        loss: f32::from_bits(bits.loss),
        metric: f32::from_bits(bits.metric),
        validation_loss: bits.validation_loss.map(f32::from_bits),
        validation_metric: bits.validation_metric.map(f32::from_bits),
        learning_rate: f32::from_bits(bits.learning_rate),
        is_best: bits.is_best,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(value: f32) -> Weights {
        let mut weights = Weights::default();
        weights.insert("dense", "kernel", vec![1, 2], vec![value, -value]);
        weights
    }

    fn checkpoint() -> Checkpoint {
        let epoch = EpochRecord {
            epoch: 0,
            step: 7,
            loss: 0.1,
            metric: 1.0 / 3.0,
            validation_loss: Some(0.3),
            validation_metric: None,
            learning_rate: 1e-3,
            is_best: true,
        };
        Checkpoint {
            fingerprint: u64::MAX - 1,
            step: 9,
            epoch: 1,
            step_in_epoch: 2,
            weights: weights(0.1),
            memories: vec![weights(0.2), weights(0.3)],
            best: Some(Best { epoch: 0, loss: 0.3, weights: weights(0.4) }),
            history: vec![epoch],
            plateau: Progress::START,
            stopping: Progress { best: 0.3, epochs_without: 4 },
            rate_factor: 0.2,
            sums: Sums { loss: 1.0 / 3.0, metric: 2.0 / 3.0, samples: 64 },
        }
    }

    #[test]
    fn a_checkpoint_comes_back() {
        let checkpoint = checkpoint();
        assert_eq!(Checkpoint::from_bytes(&checkpoint.to_bytes()), Ok(checkpoint.clone()));
        let empty = Checkpoint { memories: Vec::new(), best: None, history: Vec::new(), ..checkpoint };
        assert_eq!(Checkpoint::from_bytes(&empty.to_bytes()), Ok(empty));
    }

    #[test]
    fn losses_that_are_no_numbers_come_back() {
        let mut checkpoint = checkpoint();
        checkpoint.history[0].loss = f32::NAN;
        checkpoint.sums.loss = f64::INFINITY;
        let read = Checkpoint::from_bytes(&checkpoint.to_bytes()).unwrap();
        assert!(read.history[0].loss.is_nan());
        assert_eq!(read.sums.loss, f64::INFINITY);
    }

    #[test]
    fn weights_alone_are_no_checkpoint() {
        let bytes = archive::bytes_from_weights(&weights(1.0));
        assert!(matches!(Checkpoint::from_bytes(&bytes), Err(TrainError::Checkpoint(_))));
    }

    #[test]
    fn progress_counts_epochs_without_a_better_one() {
        let mut progress = Progress::START;
        for loss in [1.0, 0.95, f32::NAN, 0.8, 0.8] {
            progress.note(loss, 0.1);
        }
        assert_eq!(progress, Progress { best: 0.8, epochs_without: 1 });
    }
}
