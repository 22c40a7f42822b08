//! The class of a window.

use std::ops::Range;

use crate::dataset::LabelRun;

/// What a window is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WindowClass {
    /// One class has the least share.
    Class(u32),
    /// Nothing in the window has a label.
    None,
    /// No class has the least share.
    Mixed,
}

/// The class that most of the steps have, if it has the least share of all of them. Of two with the same share, the earlier.
pub(super) fn class_of_window(runs: &[LabelRun], window: Range<f64>, least_share: f32) -> WindowClass {
    let mut shares: Vec<(u32, f64)> = Vec::new();
    let first = runs.partition_point(|run| run.steps.end as f64 <= window.start);
    for run in runs[first..].iter().take_while(|run| (run.steps.start as f64) < window.end) {
        let steps = (run.steps.end as f64).min(window.end) - (run.steps.start as f64).max(window.start);
        match shares.iter_mut().find(|(class, _)| *class == run.class) {
            Some((_, share)) => *share += steps,
            None => shares.push((run.class, steps)),
        }
    }
    let most = shares.into_iter().reduce(|most, other| if other.1 > most.1 { other } else { most });
    let Some((class, steps)) = most else { return WindowClass::None };
    // A share typed as 0.8 is not exactly four fifths.
    const ROUNDING: f64 = 1e-6;
    if steps >= (window.end - window.start) * (f64::from(least_share) - ROUNDING) {
        WindowClass::Class(class)
    } else {
        WindowClass::Mixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_share_counts_if_it_is_large_enough() {
        let run = |steps, class| LabelRun { steps, class };
        let runs = [run(0..20, 3), run(20..100, 1), run(150..200, 3)];
        let check = |window, share, expected| {
            assert_eq!(class_of_window(&runs, window, share), expected);
        };
        check(0.0..100.0, 0.8, WindowClass::Class(1));
        check(0.0..100.0, 0.81, WindowClass::Mixed);
        check(0.0..20.0, 1.0, WindowClass::Class(3));
        check(10.0..30.0, 0.5, WindowClass::Class(3));
        check(100.0..150.0, 0.0, WindowClass::None);
        check(90.0..110.0, 0.6, WindowClass::Mixed);
        check(90.0..110.0, 0.5, WindowClass::Class(1));
        check(300.0..310.0, 0.5, WindowClass::None);
    }
}
