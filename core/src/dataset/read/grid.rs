//! Steps of time that clocks of boards and phones stamp unevenly: where a recording ends, whether it is even, and its values on
//! an even grid.

use std::ops::Range;

use crate::dataset::LabelRun;

use super::time::{LONGEST_BRIDGE, jumps};

/// Steps that differ from the usual one by at most this share, beside the resolution of the clock, are even.
const EVEN: f64 = 0.1;
/// A larger share of steps of no time: rows come in bursts, and their times say nothing of when they were measured.
const MOST_IN_BURSTS: f64 = 0.25;

/// What the times of rows say of their steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Steps {
    /// They are even as they are.
    Even,
    /// They are uneven: the shortest and the longest step in seconds, and the row after the longest.
    Uneven { shortest: f64, longest: f64, row_after_longest: usize },
}

/// Rows without a step back in time or a gap too long to bridge.
pub(super) fn pieces(times: &[f64], usual_step: f64) -> Vec<Range<usize>> {
    let ends = jumps(times, usual_step).map(|(row, _)| row).chain([times.len()]);
    let mut start = 0;
    let pieces = ends.map(|end| std::mem::replace(&mut start, end)..end);
    pieces.filter(|piece| !piece.is_empty()).collect()
}

/// True if so many rows share their times that the times cannot order them.
pub(super) fn are_bursts(times: &[f64]) -> bool {
    let n_shared = times.windows(2).filter(|pair| pair[0] == pair[1]).count();
    n_shared as f64 > MOST_IN_BURSTS * times.len().saturating_sub(1) as f64
}

/// What the times of a piece say of its steps; `resolution` is that of the clock, see [`resolution`].
pub(super) fn steps(times: &[f64], usual_step: f64, resolution: f64) -> Steps {
    // A clock that is as coarse as the steps themselves cannot tell rounding from a row that is missing.
    let rounding = if resolution <= 0.75 * usual_step { resolution } else { 0.0 };
    // What is subtracted has the error of large numbers.
    let error = 4.0 * f64::EPSILON * times.last().copied().unwrap_or(0.0).abs();
    let tolerance = EVEN * usual_step + rounding + error;
    let all = || times.windows(2).map(|pair| pair[1] - pair[0]).enumerate();
    if all().all(|(_, step)| (step - usual_step).abs() <= tolerance) {
        return Steps::Even;
    }
    let shortest = all().map(|(_, step)| step).fold(f64::INFINITY, f64::min);
    let (row, longest) = all().fold((0, 0.0), |best, step| if step.1 > best.1 { step } else { best });
    Steps::Uneven { shortest, longest, row_after_longest: row + 1 }
}

/// The coarsest decimal part of a second in which all times can be counted, at most one second: to that, their clock is
/// rounded. 0 where none is found.
pub(super) fn resolution(times: &[f64]) -> f64 {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return 0.0 };
    let error = 4.0 * f64::EPSILON * first.abs().max(last.abs());
    let parts = (0..=9).map(|digits| 10f64.powi(-digits));
    let is_counted = |part: &f64| {
        // Beyond what the numbers can tell apart, every part would fit.
        let allowed = error / part + 1e-4;
        allowed >= 0.25
            || times.iter().all(|time| {
                let count = (time - first) / part;
                (count - count.round()).abs() <= allowed
            })
    };
    parts.into_iter().find(is_counted).unwrap_or(0.0)
}

/// The steps of an even grid that begins at the first time and does not go beyond the last.
pub(super) fn grid_steps(times: &[f64], step: f64) -> usize {
    let span = times.last().zip(times.first()).map_or(0.0, |(last, first)| last - first);
    // Sums of steps fall a little short of the last time.
    (span / step + 1e-6).floor() as usize + 1
}

/// Values on an even grid, step after step: on the straight line between the rows around each step. Times never fall.
pub(super) fn on_grid(times: &[f64], values: &[f32], n_channels: usize, step: f64) -> Vec<f32> {
    let mut on_grid = Vec::with_capacity(grid_steps(times, step) * n_channels);
    for (row, share) in places(times, step) {
        let next = (row + 1).min(times.len() - 1);
        for channel in 0..n_channels {
            let [left, right] = [row, next].map(|row| f64::from(values[row * n_channels + channel]));
            on_grid.push((left + share * (right - left)) as f32);
        }
    }
    on_grid
}

/// The labels of the steps of a grid: each has that of the nearest row.
pub(super) fn runs_on_grid(times: &[f64], runs: &[LabelRun], step: f64) -> Vec<LabelRun> {
    let mut on_grid: Vec<LabelRun> = Vec::new();
    let mut rest = runs;
    for (index, (row, share)) in places(times, step).enumerate() {
        let nearest = if share > 0.5 { row + 1 } else { row };
        while let Some((_, later)) = rest.split_first().filter(|(run, _)| run.steps.end <= nearest) {
            rest = later;
        }
        let Some(class) = rest.first().filter(|run| run.steps.contains(&nearest)).map(|run| run.class) else {
            continue;
        };
        match on_grid.last_mut() {
            Some(run) if run.class == class && run.steps.end == index => run.steps.end = index + 1,
            Some(_) | None => on_grid.push(LabelRun { steps: index..index + 1, class }),
        }
    }
    on_grid
}

/// The runs of some rows, counted from the first of these.
pub(super) fn runs_of(runs: &[LabelRun], rows: &Range<usize>) -> Vec<LabelRun> {
    let cut = runs.iter().filter_map(|run| {
        let (start, end) = (run.steps.start.max(rows.start), run.steps.end.min(rows.end));
        (start < end).then(|| LabelRun { steps: start - rows.start..end - rows.start, class: run.class })
    });
    cut.collect()
}

/// For each step of the grid the last row that is not later, and the share of the way to the next one.
fn places(times: &[f64], step: f64) -> impl Iterator<Item = (usize, f64)> {
    let mut row = 0;
    (0..grid_steps(times, step)).map(move |index| {
        let time = times[0] + index as f64 * step;
        while times.get(row + 1).is_some_and(|next| *next <= time) {
            row += 1;
        }
        let share = match times.get(row + 1) {
            Some(next) => ((time - times[row]) / (next - times[row])).clamp(0.0, 1.0),
            None => 0.0,
        };
        (row, share)
    })
}

/// True if a step is so long that what is between its rows should be known to whoever looks at the data.
pub(super) fn is_long(step: f64, usual_step: f64) -> bool {
    step > LONGEST_BRIDGE / 4.0 * usual_step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(steps: Range<usize>, class: u32) -> LabelRun {
        LabelRun { steps, class }
    }

    #[test]
    fn recordings_end_at_gaps_and_steps_back() {
        let times = [0.0, 1.0, 2.0, 30.0, 31.0, 5.0];
        assert_eq!(pieces(&times, 1.0), [0..3, 3..5, 5..6]);
        let whole = pieces(&[0.0, 1.0, 9.0], 1.0);
        assert_eq!((whole.len(), whole.first()), (1, Some(&(0..3))));
        assert_eq!(pieces(&[], 1.0), []);
    }

    #[test]
    fn rounding_of_a_clock_is_even_and_a_missing_row_is_not() {
        let check = |times: &[f64], usual: f64, even: bool| {
            let found = steps(times, usual, resolution(times));
            assert_eq!(found == Steps::Even, even, "{times:?} {found:?}");
        };
        check(&[0.0, 0.033, 0.067, 0.1, 0.133], 0.1 / 3.0, true);
        check(&[1_657_534_570.154, 1_657_534_570.173, 1_657_534_570.193], 0.0195, true);
        check(&[0.0, 0.01, 0.03, 0.04], 0.01, false);
        check(&[0.0, 1.0, 2.0, 4.0], 1.0, false);
        check(&[0.0, 0.001, 0.003, 0.004, 0.006], 0.0015, true);
        check(&[0.0, 0.013, 0.02, 0.03], 0.01, false);
        let found = steps(&[0.0, 0.013, 0.02, 0.05], 0.01, 0.001);
        let Steps::Uneven { shortest, longest, row_after_longest: 3 } = found else { panic!("{found:?}") };
        assert!((shortest - 0.007).abs() < 1e-9 && (longest - 0.03).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn the_resolution_of_a_clock_is_the_coarsest_that_counts_all() {
        assert_eq!(resolution(&[0.0, 3.0, 60.0]), 1.0);
        assert_eq!(resolution(&[1_657_534_570.154, 1_657_534_570.173]), 1e-3);
        assert_eq!(resolution(&[0.5, 0.5 + 1.0 / 3.0]), 0.0);
        assert_eq!(resolution(&[]), 0.0);
    }

    #[test]
    fn rows_that_share_times_come_in_bursts() {
        assert!(are_bursts(&[0.0, 0.0, 0.0, 4.0, 4.0, 4.0]));
        assert!(!are_bursts(&[0.0, 1.0, 1.0, 2.0, 3.0, 4.0]));
        assert!(!are_bursts(&[1.0]));
    }

    #[test]
    fn a_straight_line_stays_one() {
        let times = [0.0, 0.8, 2.1, 2.1, 3.3, 4.0];
        let values: Vec<f32> =
            times.iter().flat_map(|time| [*time as f32, 10.0 - 2.0 * *time as f32]).collect();
        let found = on_grid(&times, &values, 2, 1.0);
        let expected = [0.0, 10.0, 1.0, 8.0, 2.0, 6.0, 3.0, 4.0, 4.0, 2.0];
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?}");
    }

    #[test]
    fn sums_of_steps_reach_the_last_time() {
        let times: Vec<f64> = (0..1000).map(|step| f64::from(step) * 0.1).collect();
        assert_eq!(grid_steps(&times, 0.1), 1000);
        assert_eq!(grid_steps(&[0.0, 0.95], 0.1), 10);
        assert_eq!(grid_steps(&[7.0], 0.1), 1);
    }

    #[test]
    fn steps_have_the_label_of_the_nearest_row() {
        let times = [0.0, 1.4, 2.6, 4.0];
        // Steps 0 to 4 are nearest to the rows 0, 1, 1 (2.0 is between, the earlier one counts) or 2, 2, 3.
        let runs = runs_on_grid(&times, &[run(0..2, 7), run(3..4, 9)], 1.0);
        assert_eq!(runs, [run(0..3, 7), run(4..5, 9)]);
        assert_eq!(runs_of(&[run(0..4, 1), run(6..9, 2)], &(2..7)), [run(0..2, 1), run(4..5, 2)]);
    }
}
