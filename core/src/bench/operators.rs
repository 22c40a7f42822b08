//! What every operator takes, over the latest invocations in which operators were measured.

use std::collections::{BTreeMap, VecDeque};

pub use crate::link::OperatorTime;
use crate::link::Summary;

/// Measurements that are kept of each operator.
const KEPT: usize = 501;

/// Latest measurements of one operator.
#[derive(Clone, Debug, Default)]
struct Row {
    cycles: VecDeque<u32>,
    micros: VecDeque<u32>,
    calls: u16,
}

/// What every operator takes.
#[derive(Clone, Debug, Default)]
pub struct OperatorTimes {
    rows: BTreeMap<(u16, u16), Row>,
    /// Cycles of all operators of the main subgraph together, by invocation.
    sums: VecDeque<u64>,
    count: u64,
}

impl OperatorTimes {
    /// Puts the measurements of one invocation in.
    pub fn push(&mut self, times: &[OperatorTime]) {
        for time in times {
            let row = self.rows.entry((time.subgraph, time.operator)).or_default();
            row.calls = time.calls;
            keep(&mut row.cycles, time.cycles);
            keep(&mut row.micros, time.micros);
        }
        // Operators that run other subgraphs count these as part of themselves.
        let main = times.iter().filter(|time| time.subgraph == 0);
        keep(&mut self.sums, main.map(|time| u64::from(time.cycles)).sum());
        self.count += 1;
    }

    /// Invocations that were measured.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Subgraph and index of the operators that were measured.
    pub fn operators(&self) -> impl Iterator<Item = (u16, u16)> {
        self.rows.keys().copied()
    }

    /// Median cycles of an operator.
    pub fn median_cycles(&self, subgraph: u16, operator: u16) -> Option<u64> {
        let row = self.rows.get(&(subgraph, operator))?;
        Summary::new(row.cycles.iter().map(|cycles| u64::from(*cycles))).map(|summary| summary.median)
    }

    /// Median microseconds of an operator.
    pub fn median_micros(&self, subgraph: u16, operator: u16) -> Option<u64> {
        let row = self.rows.get(&(subgraph, operator))?;
        Summary::new(row.micros.iter().map(|micros| u64::from(*micros))).map(|summary| summary.median)
    }

    /// How often an operator ran within one invocation.
    pub fn calls(&self, subgraph: u16, operator: u16) -> Option<u16> {
        self.rows.get(&(subgraph, operator)).map(|row| row.calls)
    }

    /// Median of the cycles of all operators together.
    pub fn median_sum(&self) -> Option<u64> {
        Summary::new(self.sums.iter().copied()).map(|summary| summary.median)
    }
}

fn keep<T>(values: &mut VecDeque<T>, value: T) {
    if values.len() == KEPT {
        values.pop_front();
    }
    values.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_the_latest() {
        let mut times = OperatorTimes::default();
        for index in 0..(2 * KEPT as u32) {
            let time = |operator, cycles| OperatorTime { subgraph: 0, operator, calls: 1, cycles, micros: 2 };
            let inner = OperatorTime { subgraph: 1, ..time(0, 7) };
            times.push(&[time(0, 100 + index % 2), time(1, 50), inner]);
        }
        assert_eq!(times.operators().collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 0)]);
        assert_eq!(times.median_cycles(0, 1), Some(50));
        assert_eq!(times.median_micros(0, 1), Some(2));
        assert!([150, 151].contains(&times.median_sum().unwrap()));
        assert_eq!(times.count(), 2 * KEPT as u64);
        assert_eq!(times.median_cycles(3, 0), None);
    }
}
