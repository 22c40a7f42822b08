//! The result of a measurement, kept with its conditions so that later ones can be compared with it.

use serde::{Deserialize, Serialize};

use crate::link::Summary;

/// Under what a measurement was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The chip, as the board calls it.
    pub chip: String,
    /// Clock of the processor in Hz; 0 if it has none.
    pub clock_hz: u32,
    /// `cycles`, `instructions` or `nanoseconds`.
    pub unit: String,
    /// Mode, frequency and size of the flash, where they are known.
    pub flash: Option<String>,
    /// Which program ran, its version and its build.
    pub firmware: String,
    /// CRC-32 of the model's file.
    pub model_crc: u32,
    /// Bytes of the model's file.
    pub model_bytes: u32,
    /// Name of the model's file.
    pub model_name: String,
    /// Microseconds from one invocation to the next; 0 for no pause.
    pub interval_micros: u32,
}

/// The result of a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Seconds since 1970.
    pub unix_seconds: u64,
    /// Under what it was made.
    pub conditions: Conditions,
    /// Invocations.
    pub runs: u64,
    /// Cycles, instructions or nanoseconds of an invocation.
    pub invoke: Summary,
    /// Microseconds of an invocation; `None` where the board has no clock.
    pub micros: Option<Summary>,
    /// Median of every operator.
    pub operators: Vec<RecordedOperator>,
    /// Bytes of the arena in use.
    pub arena_used: u32,
    /// Bytes of the smallest arena.
    pub arena_minimum: u32,
    /// All outputs and operators had the bits of the host; `None` if this was not found out.
    pub same_bits: Option<bool>,
}

/// What an operator took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedOperator {
    /// Number of the subgraph.
    pub subgraph: u16,
    /// Index in the subgraph.
    pub operator: u16,
    /// Median cycles, instructions or nanoseconds.
    pub cycles: u64,
}

impl Record {
    /// Two measurements that may be compared: same model, same unit.
    pub fn is_comparable(&self, other: &Record) -> bool {
        let key = |record: &Record| (record.conditions.model_crc, record.conditions.unit.clone());
        key(self) == key(other)
    }
}
