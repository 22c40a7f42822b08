//! Measurements in a few numbers.

/// Smallest, middle and largest of some measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// Number of measurements.
    pub count: usize,
    /// The smallest.
    pub minimum: u64,
    /// Half of them are at most this.
    pub median: u64,
    /// 95 of 100 are at most this.
    pub p95: u64,
    /// 99 of 100 are at most this.
    pub p99: u64,
    /// The largest.
    pub maximum: u64,
}

impl Summary {
    /// Sums measurements up; `None` if there are none. Percentiles are measurements that occurred (nearest rank).
    pub fn new(values: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut values: Vec<u64> = values.into_iter().collect();
        values.sort_unstable();
        let count = values.len();
        // The smallest value that as many of 100 are at most equal to.
        let rank = |percent: usize| values.get((count * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Self {
            count,
            minimum: *values.first()?,
            median: rank(50)?,
            p95: rank(95)?,
            p99: rank(99)?,
            maximum: *values.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[u64], expected: [u64; 5]) {
        let Summary { minimum, median, p95, p99, maximum, .. } =
            Summary::new(values.iter().copied()).unwrap();
        assert_eq!([minimum, median, p95, p99, maximum], expected);
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        check(&[5], [5, 5, 5, 5, 5]);
        check(&[3, 1, 2], [1, 2, 3, 3, 3]);
        check(&(1..=100).collect::<Vec<_>>(), [1, 50, 95, 99, 100]);
        check(&(1..=200).rev().collect::<Vec<_>>(), [1, 100, 190, 198, 200]);
        assert_eq!(Summary::new([]), None);
    }
}
