//! Measured points as columns of pixels, kept from frame to frame: only what is new is looked at.

use std::collections::VecDeque;

use emberlab_core::bench::History;

/// What one column of a plot shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Middle of the points' times, in microseconds.
    pub at_micros: f64,
    /// The smallest value.
    pub low: f64,
    /// The median value.
    pub middle: f64,
    /// The largest value.
    pub high: f64,
    /// Number of points.
    pub count: usize,
}

/// Columns of equal width that lie at multiples of it, so that they stay the same while time goes on.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    column_micros: u64,
    /// Columns from this one on have been made.
    first: u64,
    columns: VecDeque<(u64, Column)>,
}

impl Columns {
    /// Forgets everything: the points are others.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Makes what is missing between two times. `make` gives the columns between two times, ends included, each of them
    /// `column_micros` long; it is asked only for those that can have changed, as points come in the order of time.
    pub fn refresh(
        &mut self,
        column_micros: u64,
        from: u64,
        to: u64,
        make: impl Fn(u64, u64, usize) -> Vec<Column>,
    ) {
        let column_micros = column_micros.max(1);
        let (first, last) = (from / column_micros, to.max(from) / column_micros);
        if self.column_micros != column_micros || first < self.first {
            self.columns.clear();
            self.column_micros = column_micros;
        }
        self.first = first;
        while self.columns.front().is_some_and(|(index, _)| *index < first) {
            self.columns.pop_front();
        }
        while self.columns.back().is_some_and(|(index, _)| *index > last) {
            self.columns.pop_back();
        }
        // The last one may have grown.
        let begin = self.columns.pop_back().map_or(first, |(index, _)| index);
        let n_columns = (last - begin + 1) as usize;
        for column in make(begin * column_micros, (last + 1) * column_micros - 1, n_columns) {
            self.columns.push_back(((column.at_micros / column_micros as f64) as u64, column));
        }
    }

    /// The columns, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().map(|(_, column)| column)
    }
}

/// Columns of invocations.
pub fn columns_of_history(history: &History, from: u64, to: u64, n_columns: usize) -> Vec<Column> {
    let columns = history.columns(from, to, n_columns, |sample| sample.cycles);
    let column = |column: emberlab_core::bench::Column| Column {
        at_micros: column.at_micros,
        low: column.minimum as f64,
        middle: column.median as f64,
        high: column.maximum as f64,
        count: column.count,
    };
    columns.into_iter().map(column).collect()
}

/// Columns of named numbers.
pub fn columns_of_points(points: &VecDeque<(u64, f64)>, from: u64, to: u64, n_columns: usize) -> Vec<Column> {
    let begin = points.partition_point(|(at, _)| *at < from);
    let end = points.partition_point(|(at, _)| *at <= to).max(begin);
    let width = ((to - from + 1) / n_columns.max(1) as u64).max(1);
    let mut columns: Vec<Column> = Vec::new();
    let mut values: Vec<f64> = Vec::new();
    let mut current: Option<(u64, u64, u64)> = None;
    let close = |current: Option<(u64, u64, u64)>, values: &mut Vec<f64>, columns: &mut Vec<Column>| {
        let Some((_, start, end)) = current else { return };
        values.sort_unstable_by(f64::total_cmp);
        if let (Some(low), Some(high)) = (values.first(), values.last()) {
            columns.push(Column {
                at_micros: (start as f64 + end as f64) / 2.0,
                low: *low,
                middle: values[values.len().div_ceil(2) - 1],
                high: *high,
                count: values.len(),
            });
        }
        values.clear();
    };
    for (at, value) in points.range(begin..end) {
        let index = (at - from) / width;
        match &mut current {
            Some((known, _, end)) if *known == index => *end = *at,
            _ => {
                close(current, &mut values, &mut columns);
                current = Some((index, *at, *at));
            }
        }
        values.push(*value);
    }
    close(current, &mut values, &mut columns);
    columns
}

/// Length of a column, so that about `n_columns` of them cover a time. One of few lengths: a time that grows changes it
/// seldom.
pub fn column_micros(span_micros: u64, n_columns: usize) -> u64 {
    let least = span_micros.div_ceil(n_columns.max(1) as u64).max(1);
    // The first four binary digits, rounded up.
    let shift = (64 - least.leading_zeros()).saturating_sub(4);
    least.div_ceil(1 << shift) << shift
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use emberlab_core::bench::Sample;

    use super::*;

    fn history(n: u64) -> History {
        let mut history = History::new(100_000);
        for number in 0..n {
            push(&mut history, number);
        }
        history
    }

    fn push(history: &mut History, number: u64) {
        let cycles = 1000 + number * 7919 % 101;
        history.push(Sample { at_micros: number * 200, number, cycles, ..Sample::default() });
    }

    #[test]
    fn what_is_kept_equals_what_is_made_at_once() {
        let mut history = history(10);
        let mut kept = Columns::default();
        for round in 0..60u64 {
            for number in 0..97 {
                push(&mut history, 10 + round * 97 + number);
            }
            let to = history.last().unwrap().at_micros;
            let from = to.saturating_sub(400_000);
            kept.refresh(1600, from, to, |from, to, n| columns_of_history(&history, from, to, n));
            let mut fresh = Columns::default();
            fresh.refresh(1600, from, to, |from, to, n| columns_of_history(&history, from, to, n));
            assert_eq!(kept.columns, fresh.columns, "round {round}");
            let count: usize = kept.iter().map(|column| column.count).sum();
            assert!(count <= 2016, "columns are within the time: {count}");
        }
    }

    #[test]
    fn only_new_points_are_looked_at() {
        let mut history = history(50_000);
        let mut kept = Columns::default();
        let asked = Cell::new(0);
        let mut refresh = |history: &History| {
            let to = history.last().unwrap().at_micros;
            kept.refresh(16_384, 0, to, |from, to, n| {
                asked.set(history.between(from, to).count());
                columns_of_history(history, from, to, n)
            });
            asked.get()
        };
        assert_eq!(refresh(&history), 50_000);
        for number in 50_000..50_080 {
            push(&mut history, number);
        }
        assert!(refresh(&history) < 200, "{} points were looked at", asked.get());
    }

    #[test]
    fn going_back_makes_columns_again() {
        let history = history(5000);
        let make = |from, to, n| columns_of_history(&history, from, to, n);
        let mut kept = Columns::default();
        kept.refresh(1000, 500_000, 999_999, make);
        let late = kept.iter().count();
        kept.refresh(1000, 100_000, 599_999, make);
        let first = kept.iter().next().unwrap().at_micros;
        assert_eq!(kept.iter().count(), late);
        assert!((100_000.0..101_000.0).contains(&first));
    }

    #[test]
    fn named_numbers_keep_their_extremes() {
        let points: VecDeque<(u64, f64)> =
            (0..100).map(|at| (at * 10, if at == 42 { -5.0 } else { 1.0 })).collect();
        let columns = columns_of_points(&points, 0, 999, 10);
        assert_eq!(columns.len(), 10);
        assert_eq!(
            (columns[4].low, columns[4].middle, columns[4].high, columns[4].count),
            (-5.0, 1.0, 1.0, 10)
        );
        assert!(columns_of_points(&VecDeque::new(), 0, 99, 10).is_empty());
        assert_eq!(columns_of_points(&points, 500, 500, 1).len(), 1);
    }

    #[test]
    fn lengths_of_columns_are_few_and_cover_the_time() {
        for span in [0, 1, 599, 60_000_000, 600_000_001, 86_400_000_000] {
            let micros = column_micros(span, 600);
            assert!(micros * 600 >= span, "{span}");
            assert!(micros <= span.div_ceil(600).max(1) * 9 / 8 + 1, "{span}: {micros}");
        }
        let lengths: std::collections::BTreeSet<u64> =
            (1_000_000..2_000_000).step_by(1000).map(|span| column_micros(span, 600)).collect();
        assert!(lengths.len() <= 10, "{lengths:?}");
    }
}
