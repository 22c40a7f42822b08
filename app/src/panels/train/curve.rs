//! Lines out of measured points: smoothed, cut to what is in view, at most two points per pixel column.
//!
//! Smoothing always comes before thinning out; the other way round it would smooth what the screen shows instead of what
//! was measured.

/// A point of a line.
pub type Point = [f64; 2];

/// A measured value that may stand for several steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Place on the axis.
    pub x: f64,
    /// Mean over the steps.
    pub value: f64,
    /// Steps that it stands for.
    pub steps: u32,
}

/// How a line is smoothed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Smoothing {
    /// Exponential moving average without the pull towards zero at the beginning.
    #[default]
    Exponential,
    /// The mean of the last steps, as many as an exponential average of the same weight remembers.
    Mean,
}

/// Largest weight that can be typed.
pub const MAX_WEIGHT: f64 = 0.999;

/// Steps that the moving mean of a weight covers.
pub fn window(weight: f64) -> u32 {
    (1.0 / (1.0 - weight.clamp(0.0, MAX_WEIGHT))).round() as u32
}

/// The smoothed line; values that are not finite are left out.
///
/// A weight of 0, and values that are all equal, give the line itself.
pub fn smoothed(values: &[Measured], smoothing: Smoothing, weight: f64) -> Vec<Point> {
    let finite = || values.iter().filter(|measured| measured.value.is_finite());
    let first = finite().next().map(|measured| measured.value);
    if weight <= 0.0 || finite().all(|measured| Some(measured.value) == first) {
        return finite().map(|measured| [measured.x, measured.value]).collect();
    }
    let weight = weight.min(MAX_WEIGHT);
    match smoothing {
        Smoothing::Exponential => exponential(finite().copied(), weight),
        Smoothing::Mean => moving_mean(&finite().copied().collect::<Vec<_>>(), window(weight)),
    }
}

/// TensorBoard's smoothing: `last = last*w + (1-w)*x; n += 1; y = last / (1 - w^n)`. A value that stands for several
/// steps counts as often.
fn exponential(values: impl Iterator<Item = Measured>, weight: f64) -> Vec<Point> {
    let (mut last, mut remaining) = (0.0, 1.0);
    values
        .map(|Measured { x, value, steps }| {
            let kept = weight.powi(steps.max(1) as i32);
            last = last * kept + (1.0 - kept) * value;
            remaining *= kept;
            [x, last / (1.0 - remaining)]
        })
        .collect()
}

/// The mean of the last `window` steps; of those that there are at the beginning.
fn moving_mean(values: &[Measured], window: u32) -> Vec<Point> {
    let (mut sum, mut steps, mut begin) = (0.0, 0u64, 0);
    let weighted = |measured: &Measured| measured.value * f64::from(measured.steps.max(1));
    let mut line = Vec::with_capacity(values.len());
    for measured in values {
        sum += weighted(measured);
        steps += u64::from(measured.steps.max(1));
        while steps - u64::from(values[begin].steps.max(1)) >= u64::from(window.max(1)) {
            sum -= weighted(&values[begin]);
            steps -= u64::from(values[begin].steps.max(1));
            begin += 1;
        }
        line.push([measured.x, sum / steps as f64]);
    }
    line
}

/// What of a line lies between `from` and `to`, with the neighbours outside, and at most two points for each of so many
/// columns: the lowest and the highest. `points` run from left to right.
pub fn thinned(points: &[Point], from: f64, to: f64, columns: usize) -> Vec<Point> {
    let begin = points.partition_point(|point| point[0] < from).saturating_sub(1);
    let end = (points.partition_point(|point| point[0] <= to) + 1).min(points.len());
    let shown = &points[begin.min(end)..end];
    if columns == 0 || shown.len() <= 2 * columns || to <= from {
        return shown.to_vec();
    }
    let column_of = |point: &Point| ((point[0] - from) / (to - from) * columns as f64).floor();
    let mut line: Vec<Point> = Vec::with_capacity(2 * columns + 4);
    for column in shown.chunk_by(|a, b| column_of(a) == column_of(b)) {
        let lower = |a: &&Point, b: &&Point| a[1].total_cmp(&b[1]);
        let extremes = column.iter().min_by(lower).zip(column.iter().max_by(lower));
        let Some((lowest, highest)) = extremes else { continue };
        match lowest[0].total_cmp(&highest[0]) {
            std::cmp::Ordering::Less => line.extend([*lowest, *highest]),
            std::cmp::Ordering::Greater => line.extend([*highest, *lowest]),
            std::cmp::Ordering::Equal if lowest == highest => line.push(*lowest),
            std::cmp::Ordering::Equal => line.extend([*lowest, *highest]),
        }
    }
    line
}

/// How heights are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// As they are.
    Linear,
    /// By their decimal logarithm.
    #[default]
    Log,
}

impl Scale {
    /// The height at which a value is drawn; `None` where it has none.
    pub fn height(self, value: f64) -> Option<f64> {
        match self {
            Scale::Linear => value.is_finite().then_some(value),
            Scale::Log => (value.is_finite() && value > 0.0).then(|| value.log10()),
        }
    }

    /// The value at a height.
    pub fn value(self, height: f64) -> f64 {
        match self {
            Scale::Linear => height,
            Scale::Log => 10f64.powf(height),
        }
    }

    /// A line in heights; points that have none are left out.
    pub fn line(self, points: &[Point]) -> Vec<Point> {
        points.iter().filter_map(|point| Some([point[0], self.height(point[1])?])).collect()
    }
}

/// The point of a line that is nearest to `x`. `points` run from left to right.
pub fn nearest(points: &[Point], x: f64) -> Option<Point> {
    let right = points.partition_point(|point| point[0] < x);
    let candidates = [right.checked_sub(1), Some(right)].into_iter().flatten();
    let candidates = candidates.filter_map(|index| points.get(index));
    candidates.min_by(|a, b| (a[0] - x).abs().total_cmp(&(b[0] - x).abs())).copied()
}

/// The range between two shares of the values, such as 0.02 and 0.98, for axes that a few wild values must not flatten;
/// `None` without a finite value.
pub fn range_of_shares(values: impl Iterator<Item = f64>, low: f64, high: f64) -> Option<(f64, f64)> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let last = values.len().checked_sub(1)?;
    let mut at = |share: f64| {
        let index = (last as f64 * share.clamp(0.0, 1.0)).round() as usize;
        *values.select_nth_unstable_by(index, f64::total_cmp).1
    };
    Some((at(low), at(high)))
}

/// The range that both cover.
pub fn union(a: Option<(f64, f64)>, b: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (one, other) => one.or(other),
    }
}

/// A range with a twentieth more at both ends; one without length gets some.
pub fn with_margin((low, high): (f64, f64)) -> (f64, f64) {
    let length = high - low;
    let margin = if length > 0.0 { length * 0.05 } else { low.abs().max(1e-3) * 0.1 };
    (low - margin, high + margin)
}

/// Marks of a linear axis: at most about `most`, each 1, 2 or 5 times a power of ten apart.
pub fn linear_marks(low: f64, high: f64, most: usize) -> Vec<f64> {
    if !is_above(high, low) || most == 0 || !(high - low).is_finite() {
        return Vec::new();
    }
    let raw = (high - low) / most as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= raw);
    let step = step.unwrap_or(10.0 * power);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|index| index as f64 * step).collect()
}

/// Marks of a logarithmic axis whose ends are heights: 1, 2 and 5 of every power of ten, or only the powers where that
/// would be more than `most`.
pub fn log_marks(low: f64, high: f64, most: usize) -> Vec<f64> {
    if !is_above(high, low) || !(high - low).is_finite() || high - low > 100.0 {
        return Vec::new();
    }
    let marks = |factors: &[f64], every: i32| -> Vec<f64> {
        let powers = (low.floor() as i32..=high.ceil() as i32).filter(|power| power % every == 0);
        let heights =
            powers.flat_map(|power| factors.iter().map(move |factor| factor.log10() + f64::from(power)));
        heights.filter(|height| (low..=high).contains(height)).collect()
    };
    let choices: [(&[f64], i32); 6] =
        [(&[1.0, 2.0, 5.0], 1), (&[1.0, 3.0], 1), (&[1.0], 1), (&[1.0], 2), (&[1.0], 5), (&[1.0], 10)];
    let mut fitting = choices.into_iter().map(|(factors, every)| marks(factors, every));
    let found = fitting.find(|marks| marks.len() <= most.max(1)).unwrap_or_default();
    // Less than two powers of ten without a mark of theirs: marks of a linear axis say more.
    if found.len() >= 2 {
        return found;
    }
    let values = linear_marks(10f64.powf(low), 10f64.powf(high), most);
    values.into_iter().filter(|value| *value > 0.0).map(f64::log10).collect()
}

/// Whether one number lies above another; false where one of them is none.
fn is_above(high: f64, low: f64) -> bool {
    high > low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(values: &[f64]) -> Vec<Measured> {
        values
            .iter()
            .enumerate()
            .map(|(index, value)| Measured { x: index as f64, value: *value, steps: 1 })
            .collect()
    }

    fn heights(line: &[Point]) -> Vec<f64> {
        line.iter().map(|point| point[1]).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        }
    }

    #[test]
    fn smoothing_has_no_pull_towards_zero() {
        // By hand with w = 0.5: 1/0.5*0.5; (0.25*1 + 0.5*2)/0.75; (0.125*1 + 0.25*2 + 0.5*4)/0.875.
        let line = smoothed(&measured(&[1.0, 2.0, 4.0]), Smoothing::Exponential, 0.5);
        assert_close(&heights(&line), &[1.0, 1.25 / 0.75, 2.625 / 0.875]);
    }

    #[test]
    fn a_weight_of_zero_and_equal_values_give_the_line_itself() {
        let values = [0.1, 0.7, 0.3];
        assert_eq!(heights(&smoothed(&measured(&values), Smoothing::Exponential, 0.0)), values);
        // 0.1 is no binary fraction: dividing it by its own weight would not give it back.
        let equal = [0.1; 50];
        assert_eq!(heights(&smoothed(&measured(&equal), Smoothing::Exponential, 0.9)), equal);
        assert_eq!(heights(&smoothed(&measured(&equal), Smoothing::Mean, 0.9)), equal);
    }

    #[test]
    fn a_value_of_several_steps_counts_as_often() {
        let single = measured(&[1.0, 1.0, 1.0, 3.0, 3.0]);
        let merged = [Measured { x: 2.0, value: 1.0, steps: 3 }, Measured { x: 4.0, value: 3.0, steps: 2 }];
        for smoothing in [Smoothing::Exponential, Smoothing::Mean] {
            let (one, other) = (smoothed(&single, smoothing, 0.75), smoothed(&merged, smoothing, 0.75));
            assert_eq!(one.last().map(|point| point[0]), Some(4.0));
            if smoothing == Smoothing::Exponential {
                assert_close(&[one[2][1], one[4][1]], &heights(&other));
            }
        }
    }

    #[test]
    fn values_that_are_no_numbers_leave_no_trace() {
        let line = smoothed(&measured(&[1.0, f64::NAN, 2.0]), Smoothing::Exponential, 0.5);
        assert_eq!(line, [[0.0, 1.0], [2.0, 1.25 / 0.75]]);
        assert!(smoothed(&measured(&[f64::NAN]), Smoothing::Mean, 0.5).is_empty());
    }

    #[test]
    fn the_moving_mean_covers_its_window() {
        assert_eq!((window(0.0), window(0.5), window(0.9), window(0.99)), (1, 2, 10, 100));
        let line = smoothed(&measured(&[1.0, 3.0, 5.0, 9.0]), Smoothing::Mean, 0.5);
        assert_close(&heights(&line), &[1.0, 2.0, 4.0, 7.0]);
    }

    #[test]
    fn thinning_keeps_the_extremes_of_every_column() {
        let points: Vec<Point> =
            (0..10_000).map(|i| [f64::from(i), if i == 4_321 { 9.0 } else { 0.5 }]).collect();
        let line = thinned(&points, 0.0, 9_999.0, 100);
        assert!(line.len() <= 204, "{}", line.len());
        assert!(line.contains(&[4_321.0, 9.0]), "the spike is gone");
        assert!(line.windows(2).all(|pair| pair[0][0] <= pair[1][0]), "points go backwards");
    }

    #[test]
    fn a_part_of_a_line_reaches_beyond_the_view() {
        let points: Vec<Point> = (0..100).map(|i| [f64::from(i), 0.0]).collect();
        let line = thinned(&points, 10.5, 20.5, 500);
        assert_eq!((line[0][0], line[line.len() - 1][0]), (10.0, 21.0));
        assert!(thinned(&[], 0.0, 1.0, 10).is_empty());
        assert_eq!(thinned(&points, 200.0, 300.0, 10), [[99.0, 0.0]]);
    }

    #[test]
    fn a_smoothed_spike_is_smoothed_before_it_is_thinned() {
        let values: Vec<f64> = (0..10_000).map(|i| if i == 5_000 { 100.0 } else { 0.0 }).collect();
        let line = thinned(&smoothed(&measured(&values), Smoothing::Exponential, 0.9), 0.0, 9_999.0, 50);
        let highest = heights(&line).into_iter().fold(0.0, f64::max);
        assert!((highest - 10.0).abs() < 1e-6, "{highest}");
    }

    #[test]
    fn logarithms_leave_out_what_has_none() {
        let line =
            Scale::Log.line(&[[0.0, 100.0], [1.0, 0.0], [2.0, -1.0], [3.0, f64::INFINITY], [4.0, 0.1]]);
        assert_eq!(line, [[0.0, 2.0], [4.0, -1.0]]);
        assert_eq!(Scale::Log.value(2.0), 100.0);
        assert_eq!(Scale::Linear.line(&[[0.0, -1.0], [1.0, f64::NAN]]), [[0.0, -1.0]]);
    }

    #[test]
    fn the_nearest_point_is_found_from_both_sides() {
        let points = [[0.0, 5.0], [10.0, 6.0], [20.0, 7.0]];
        for (x, expected) in [(-3.0, 5.0), (4.0, 5.0), (6.0, 6.0), (10.0, 6.0), (99.0, 7.0)] {
            assert_eq!(nearest(&points, x).map(|point| point[1]), Some(expected), "{x}");
        }
        assert_eq!(nearest(&[], 1.0), None);
    }

    #[test]
    fn a_few_wild_values_do_not_stretch_the_axis() {
        let values = (0..100).map(f64::from).chain([1e9, f64::NAN]);
        assert_eq!(range_of_shares(values.clone(), 0.02, 0.98), Some((2.0, 98.0)));
        assert_eq!(range_of_shares(values, 0.0, 1.0), Some((0.0, 1e9)));
        assert_eq!(range_of_shares([f64::NAN].into_iter(), 0.0, 1.0), None);
    }

    #[test]
    fn a_range_without_length_gets_some() {
        for value in [0.0, 3.0, -2.0] {
            let (low, high) = with_margin((value, value));
            assert!(low < value && value < high);
        }
        assert_eq!(with_margin((0.0, 10.0)), (-0.5, 10.5));
    }

    #[test]
    fn marks_are_round_and_not_too_many() {
        assert_eq!(linear_marks(0.0, 24.0, 6), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(linear_marks(0.52, 1.0, 5), [0.6000000000000001, 0.7000000000000001, 0.8, 0.9, 1.0]);
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert!(linear_marks(low, high, 5).is_empty());
            assert!(log_marks(low, high, 5).is_empty());
        }
        let values = |low: f64, high: f64, most| -> Vec<f64> {
            log_marks(low.log10(), high.log10(), most)
                .into_iter()
                .map(|height| (10f64.powf(height) * 1e6).round() / 1e6)
                .collect()
        };
        assert_eq!(values(0.05, 3.4, 8), [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]);
        assert_eq!(values(0.001, 1000.0, 8), [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(values(0.61, 0.79, 6), [0.65, 0.7, 0.75]);
    }
}
