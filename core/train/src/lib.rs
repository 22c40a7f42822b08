//! From a layer graph and samples to trained weights, on burn.
//!
//! This crate keeps burn apart from everything else: it opens no file, starts no thread and reads no clock. [`train`] blocks
//! until a run has ended; it asks a [`Control`] before every step whether to go on, and reports [`Event`]s. Everything random
//! is drawn from the seed, so that the same job gives the same bits on the CPU, also after it was stopped and went on from a
//! [`Checkpoint`].

mod archive;
mod augment;
mod backend;
mod batch;
mod checkpoint;
mod cost;
mod error;
mod events;
mod fingerprint;
mod loss;
mod network;
mod optimizer;
mod predict;
mod random;
mod scaling;
mod schedule;
mod targets;
#[cfg(test)]
mod tests;
mod train;

pub use archive::{bytes_from_weights, weights_from_bytes};
pub use backend::{Backend, BackendInfo, BackendKind, GPU_GAINS_ABOVE_MICROS, list_backends};
pub use checkpoint::{Best, Checkpoint, Progress, Sums};
pub use cost::{choose_backend, step_micros};
pub use error::TrainError;
pub use events::{Command, Control, End, EpochRecord, Event, Metric, Started, StepRecord, Uninterrupted};
pub use network::Network;
pub use predict::{Tested, evaluate, predict, predict_all};
pub use scaling::can_normalise_targets;
pub use train::{Job, Outcome, Start, train};
