//! Invocations in bounded memory, and what they come to.

use std::collections::VecDeque;

use crate::link::Summary;

/// One invocation on a board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// When it arrived, in microseconds of the host since the measurement began.
    pub at_micros: u64,
    /// Number of the invocation since the measurement began, from 0.
    pub number: u64,
    /// Cycles, instructions or nanoseconds, as the unit of the board says.
    pub cycles: u64,
    /// Microseconds by the board's clock; 0 where it has none.
    pub micros: u64,
    /// By how much it began too late, in microseconds.
    pub late_micros: u32,
}

/// Why something changes at a point of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// The board was reset; the reason it gave.
    Reset(String),
    /// The line is gone.
    Lost,
    /// The line is back.
    Back,
    /// Invocations begin at another rate; microseconds from one to the next, 0 for no pause.
    Rate(u32),
    /// The board's program came to an end.
    Panicked,
}

/// A point of time to be marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Microseconds since the measurement began.
    pub at_micros: u64,
    /// What happened.
    pub kind: MarkerKind,
}

/// Markers that are kept at most; the oldest go first.
const MAX_MARKERS: usize = 1000;

/// The latest invocations, the oldest first.
#[derive(Clone, Debug)]
pub struct History {
    samples: VecDeque<Sample>,
    capacity: usize,
    markers: VecDeque<Marker>,
    /// Samples that were ever put in.
    total: u64,
}

/// What one column of a plot shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Middle of the samples' times, in microseconds.
    pub at_micros: f64,
    /// The smallest value.
    pub minimum: u64,
    /// Half of the values are at most this.
    pub median: u64,
    /// The largest value.
    pub maximum: u64,
    /// Number of samples.
    pub count: usize,
}

/// How often values occur.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Left end of the first bin.
    pub start: f64,
    /// Width of a bin.
    pub width: f64,
    /// Samples in each bin.
    pub counts: Vec<u32>,
    /// Samples above the last bin: a few late ones would squeeze all others into one bin.
    pub above: u32,
}

impl History {
    /// None yet; at most `capacity` samples are kept.
    pub fn new(capacity: usize) -> Self {
        Self { samples: VecDeque::new(), capacity: capacity.max(1), markers: VecDeque::new(), total: 0 }
    }

    /// Keeps another number of samples; the oldest go first.
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity.max(1);
        while self.samples.len() > self.capacity {
            self.samples.pop_front();
        }
    }

    /// Samples that are kept at most.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Puts a sample in.
    pub fn push(&mut self, sample: Sample) {
        if self.samples.len() == self.capacity {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        self.total += 1;
    }

    /// Marks a point of time.
    pub fn mark(&mut self, marker: Marker) {
        if self.markers.len() == MAX_MARKERS {
            self.markers.pop_front();
        }
        self.markers.push_back(marker);
    }

    /// The samples that are kept, the oldest first.
    pub fn samples(&self) -> &VecDeque<Sample> {
        &self.samples
    }

    /// The markers, the oldest first.
    pub fn markers(&self) -> &VecDeque<Marker> {
        &self.markers
    }

    /// Samples that were ever put in.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The latest sample.
    pub fn last(&self) -> Option<&Sample> {
        self.samples.back()
    }

    /// Samples between two times, in microseconds, ends included.
    pub fn between(&self, from: u64, to: u64) -> impl Iterator<Item = &Sample> {
        let first = self.samples.partition_point(|sample| sample.at_micros < from);
        let end = self.samples.partition_point(|sample| sample.at_micros <= to);
        self.samples.range(first..end.max(first))
    }

    /// The sample whose time is nearest.
    pub fn nearest(&self, at_micros: u64) -> Option<&Sample> {
        let after = self.samples.partition_point(|sample| sample.at_micros < at_micros);
        let before = after.checked_sub(1).and_then(|index| self.samples.get(index));
        let after = self.samples.get(after);
        let distance = |sample: &&Sample| sample.at_micros.abs_diff(at_micros);
        before.into_iter().chain(after).min_by_key(distance)
    }

    /// Smallest, middle and largest values of the samples that are kept.
    pub fn summary(&self, value: impl Fn(&Sample) -> u64) -> Option<Summary> {
        Summary::new(self.samples.iter().map(value))
    }

    /// The samples between two times as at most `n_columns` columns; a sample that stands alone is a column of its own.
    pub fn columns(
        &self,
        from: u64,
        to: u64,
        n_columns: usize,
        value: impl Fn(&Sample) -> u64,
    ) -> Vec<Column> {
        let span = to.saturating_sub(from).max(1);
        let mut columns = Vec::with_capacity(n_columns.min(self.samples.len()));
        let mut values: Vec<u64> = Vec::new();
        let (mut current, mut ends) = (usize::MAX, (0, 0));
        let close = |values: &mut Vec<u64>, ends: (u64, u64), columns: &mut Vec<Column>| {
            if values.is_empty() {
                return;
            }
            values.sort_unstable();
            columns.push(Column {
                at_micros: (ends.0 as f64 + ends.1 as f64) / 2.0,
                minimum: values[0],
                median: values[values.len().div_ceil(2) - 1],
                maximum: values[values.len() - 1],
                count: values.len(),
            });
            values.clear();
        };
        for sample in self.between(from, to) {
            // In 128 bits: a long history times many columns.
            let column =
                (u128::from(sample.at_micros - from) * n_columns as u128 / u128::from(span)) as usize;
            let column = column.min(n_columns.saturating_sub(1));
            if column != current {
                close(&mut values, ends, &mut columns);
                (current, ends.0) = (column, sample.at_micros);
            }
            ends.1 = sample.at_micros;
            values.push(value(sample));
        }
        close(&mut values, ends, &mut columns);
        columns
    }

    /// How often values occur, in at most `n_bins` bins of whole numbers. What lies far above the rest is only counted.
    pub fn histogram(&self, n_bins: usize, value: impl Fn(&Sample) -> u64) -> Option<Histogram> {
        let mut values: Vec<u64> = self.samples.iter().map(value).collect();
        values.sort_unstable();
        let (first, last) = (*values.first()?, *values.last()?);
        let rank = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
        // Tukey's far fence, but never within 99 of 100 samples.
        let (q1, q3) = (rank(0.25), rank(0.75));
        let fence = (q3 + 3 * (q3 - q1)).max(rank(0.99)).min(last);
        let span = fence - first + 1;
        let width = span.div_ceil(n_bins.max(1) as u64);
        let mut counts = vec![0; span.div_ceil(width) as usize];
        let mut above = 0;
        for value in values {
            match counts.get_mut(((value - first) / width) as usize) {
                Some(count) => *count += 1,
                None => above += 1,
            }
        }
        Some(Histogram { start: first as f64, width: width as f64, counts, above })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(values: &[u64]) -> History {
        let mut history = History::new(1000);
        for (index, value) in values.iter().enumerate() {
            let number = index as u64;
            history.push(Sample { at_micros: number * 10, number, cycles: *value, ..Sample::default() });
        }
        history
    }

    #[test]
    fn memory_is_bounded_and_the_latest_stay() {
        let mut history = History::new(3);
        for number in 0..10 {
            history.push(Sample { number, ..Sample::default() });
        }
        let kept: Vec<u64> = history.samples().iter().map(|sample| sample.number).collect();
        assert_eq!((kept, history.total()), (vec![7, 8, 9], 10));
        history.set_capacity(1);
        assert_eq!(history.samples().len(), 1);
        for number in 0..2 * MAX_MARKERS as u64 {
            history.mark(Marker { at_micros: number, kind: MarkerKind::Lost });
        }
        assert_eq!(history.markers().len(), MAX_MARKERS);
    }

    #[test]
    fn columns_keep_the_extremes() {
        let values: Vec<u64> =
            (0..100).map(|index| if index == 57 { 9000 } else { 100 + index % 3 }).collect();
        let history = history(&values);
        let columns = history.columns(0, 1000, 10, |sample| sample.cycles);
        assert_eq!(columns.len(), 10);
        assert_eq!(columns.iter().map(|column| column.count).sum::<usize>(), 100);
        assert_eq!(columns[5].maximum, 9000);
        assert!(columns.iter().all(|column| column.minimum == 100 && (100..=102).contains(&column.median)));
    }

    #[test]
    fn between_and_nearest_go_by_time() {
        let history = history(&[5, 6, 7, 8]);
        let found: Vec<u64> = history.between(10, 20).map(|sample| sample.cycles).collect();
        assert_eq!(found, [6, 7]);
        assert_eq!(history.nearest(16).map(|sample| sample.cycles), Some(7));
        assert_eq!(history.nearest(1_000_000).map(|sample| sample.cycles), Some(8));
        assert_eq!(history.between(500, 100).count(), 0);
    }

    #[test]
    fn a_late_one_does_not_squeeze_the_histogram() {
        let mut values: Vec<u64> = (0..999).map(|index| 1000 + index % 20).collect();
        values.push(1_000_000);
        let histogram = history(&values).histogram(40, |sample| sample.cycles).unwrap();
        assert_eq!(histogram.above, 1);
        assert_eq!(histogram.counts.iter().sum::<u32>(), 999);
        assert!(histogram.counts.len() >= 20, "{histogram:?}");
        assert_eq!(history(&[7, 7, 7]).histogram(40, |sample| sample.cycles).unwrap().counts, [3]);
    }
}
