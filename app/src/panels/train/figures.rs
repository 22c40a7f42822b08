//! Charts of runs as values: what is drawn where, for the screen and for files alike.

use egui::Color32;

use super::curve::{
    Point, Scale, linear_marks, log_marks, nearest, range_of_shares, thinned, union, with_margin,
};
use super::lines::{Across, RunLines};
use crate::charts::{Area, Axis, Chart, Dash, Dot, LegendEntry, Level, Line};
use crate::theme::{Theme, format, with_alpha};

/// A run that is drawn.
#[derive(Clone, Copy, Debug)]
pub struct ShownRun<'a> {
    /// Number in the project.
    pub number: u32,
    /// What it is called.
    pub name: &'a str,
    /// Its colour for life.
    pub colour: Color32,
    /// It is in front and has everything; the others have their lines only.
    pub selected: bool,
    /// Its lines.
    pub lines: &'a RunLines,
}

/// How charts are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartLook {
    /// What runs across.
    pub across: Across,
    /// Heights of losses.
    pub scale: Scale,
    /// A few wild steps do not stretch the axis.
    pub ignore_outliers: bool,
    /// The gap between training and validation is shaded.
    pub gap: bool,
    /// The part across that is shown.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// Heights that are shown; `None` for what fits.
    pub heights: Option<(f64, f64)>,
    /// Pixels across.
    pub columns: usize,
    /// Marks that fit across.
    pub marks_across: usize,
    /// Marks that fit upwards.
    pub marks_up: usize,
}

/// What a metric is, for axis and figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// The share that is right; larger is better.
    Accuracy,
    /// A mean error; smaller is better.
    Error,
}

/// Share of the steps that may lie above or below the axis.
const OUTLIERS: f64 = 0.02;
/// Share of the epochs at the beginning whose metrics may lie outside: where a run comes to is what matters.
const BEGINNINGS: f64 = 0.12;

/// Losses of runs; `measure` is what the loss is called.
pub fn loss_chart(runs: &[ShownRun<'_>], measure: &str, look: &ChartLook, theme: &Theme) -> Chart {
    let scale = look.scale;
    let heights = |points: &[Point]| scale.line(&thinned(points, look.from, look.to, look.columns));
    let mut lines = Vec::new();
    let mut range = None;
    for run in runs {
        let raw = heights(&run.lines.raw);
        let outside = if look.ignore_outliers { OUTLIERS } else { 0.0 };
        range = union(range, range_of_shares(within(&raw, look), outside, 1.0 - outside));
        let alpha = if run.selected { theme.plot.raw_alpha } else { theme.plot.raw_alpha * 0.6 };
        lines.push(line(run.name, "steps", raw, with_alpha(run.colour, alpha), 1.0, Dash::Solid));
    }
    for run in runs {
        let smooth = heights(&run.lines.smoothed);
        let validation = heights(&run.lines.validation);
        range = union(range, range_of_shares(within(&smooth, look), 0.0, 1.0));
        range = union(range, range_of_shares(within(&validation, look), 0.0, 1.0));
        lines.push(line(run.name, "train", smooth, run.colour, 2.0, Dash::Solid));
        lines.push(line(run.name, "validation", validation, run.colour, 1.5, Dash::Dashed));
    }
    let range = look.heights.unwrap_or_else(|| with_margin(range.unwrap_or(empty_range(scale))));
    let selected = runs.iter().find(|run| run.selected);
    let areas = selected.filter(|_| look.gap).and_then(|run| gap(run, scale, look, theme));
    let best = selected.and_then(|run| {
        let best = run.lines.best?;
        let at = [best.x, scale.height(best.loss)?];
        Some(Dot {
            at,
            colour: run.colour,
            radius: 5.0,
            ring: true,
            text: format!("best {}", loss_text(best.loss)),
        })
    });
    let label = match scale {
        Scale::Linear => measure.to_owned(),
        Scale::Log => format!("{measure}, log"),
    };
    Chart {
        title: "Loss".to_owned(),
        x: across_axis(look),
        y: Axis { label, range, marks: loss_marks(range, scale, look.marks_up) },
        right: None,
        areas: areas.into_iter().collect(),
        lines,
        dots: best.into_iter().collect(),
        levels: Vec::new(),
        legend: legend(runs, theme),
    }
}

/// Metrics of runs at the end of every epoch.
pub fn metric_chart(
    runs: &[ShownRun<'_>],
    kind: MetricKind,
    goal: Option<f64>,
    look: &ChartLook,
    theme: &Theme,
) -> Chart {
    let heights = |points: &[Point]| thinned(points, look.from, look.to, look.columns);
    let (mut lines, mut range) = (Vec::new(), None);
    let outside = if look.ignore_outliers { BEGINNINGS } else { 0.0 };
    let (lowest, highest) = match kind {
        MetricKind::Accuracy => (outside, 1.0),
        MetricKind::Error => (0.0, 1.0 - outside),
    };
    for run in runs {
        let train = heights(&run.lines.metric);
        let validation = heights(&run.lines.validation_metric);
        range = union(range, range_of_shares(within(&train, look), lowest, highest));
        range = union(range, range_of_shares(within(&validation, look), lowest, highest));
        let quiet = if run.selected { run.colour } else { with_alpha(run.colour, 0.6) };
        lines.push(line(run.name, "train", train, quiet, 1.5, Dash::Solid));
        lines.push(line(run.name, "validation", validation, run.colour, 2.0, Dash::Dashed));
    }
    let goal = goal.filter(|_| kind == MetricKind::Accuracy);
    range = union(range, goal.map(|goal| (goal, goal)));
    let (low, high) = look.heights.unwrap_or_else(|| with_margin(range.unwrap_or((0.0, 1.0))));
    let range = match kind {
        MetricKind::Accuracy => (low.max(0.0), high.min(1.0).max(low.max(0.0) + 1e-3)),
        MetricKind::Error => (low.max(0.0), high),
    };
    let (label, title) = match kind {
        MetricKind::Accuracy => ("Accuracy", "Accuracy"),
        MetricKind::Error => ("Mean absolute error", "Mean absolute error"),
    };
    let best = runs.iter().find(|run| run.selected).and_then(|run| {
        let best = run.lines.best.filter(|best| best.metric.is_finite())?;
        Some(Dot {
            at: [best.x, best.metric],
            colour: run.colour,
            radius: 4.0,
            ring: true,
            text: metric_text(kind, best.metric),
        })
    });
    let marks = linear_marks(range.0, range.1, look.marks_up);
    Chart {
        title: title.to_owned(),
        x: across_axis(look),
        y: Axis {
            label: label.to_owned(),
            range,
            marks: marks.into_iter().map(|at| (at, metric_mark(kind, at, range))).collect(),
        },
        right: None,
        areas: Vec::new(),
        lines,
        dots: best.into_iter().collect(),
        levels: goal
            .map(|goal| Level {
                at: goal,
                text: format!("goal {}", percent(goal)),
                colour: theme.text.text_3,
            })
            .into_iter()
            .collect(),
        legend: legend(runs, theme),
    }
}

/// Learning rates of runs.
pub fn rate_chart(runs: &[ShownRun<'_>], look: &ChartLook) -> Chart {
    let (mut lines, mut range) = (Vec::new(), None);
    for run in runs {
        let rate = thinned(&run.lines.rate, look.from, look.to, look.columns);
        range = union(range, range_of_shares(rate.iter().map(|point| point[1]), 0.0, 1.0));
        lines.push(line(run.name, "learning rate", rate, run.colour, 1.5, Dash::Solid));
    }
    let (_, high) = with_margin(range.unwrap_or((0.0, 1e-3)));
    let range = (0.0, high);
    let marks = linear_marks(range.0, range.1, look.marks_up).into_iter().map(|at| (at, plain(at))).collect();
    Chart {
        title: "Learning rate".to_owned(),
        x: Axis { label: String::new(), ..across_axis(look) },
        y: Axis { label: "Rate".to_owned(), range, marks },
        right: None,
        areas: Vec::new(),
        lines,
        dots: Vec::new(),
        levels: Vec::new(),
        legend: Vec::new(),
    }
}

/// The end of the axis for runs that reach `end`: nothing moves while a run that has `planned` goes on.
pub fn end_across(across: Across, end: f64, planned: Option<f64>) -> f64 {
    let end = end.max(planned.unwrap_or(0.0));
    match across {
        Across::Epoch | Across::Step if end > 0.0 => end,
        // Grows in large steps, so that the curve moves in few of them.
        Across::Time if end > 0.0 => {
            let power = 10f64.powf(end.log10().floor());
            let rounds = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
            rounds.into_iter().map(|round| round * power).find(|round| *round >= end).unwrap_or(end)
        }
        Across::Epoch | Across::Step | Across::Time => 1.0,
    }
}

fn across_axis(look: &ChartLook) -> Axis {
    let range = (look.from, look.to);
    let marks = |unit: f64| -> Vec<(f64, f64)> {
        let places = linear_marks(range.0 / unit, range.1 / unit, look.marks_across);
        places.into_iter().map(|at| (at * unit, at)).collect()
    };
    let whole = |at: f64| (at.fract() == 0.0 && at >= 0.0).then(|| format::count(at as u64));
    let whole_marks = || marks(1.0).into_iter().filter_map(|(at, shown)| Some((at, whole(shown)?))).collect();
    let (label, marks) = match look.across {
        Across::Epoch => ("Epoch", whole_marks()),
        Across::Step => ("Step", whole_marks()),
        Across::Time => {
            let (unit, label) = match range.1 {
                ..180.0 => (1.0, "Time, s"),
                180.0..10_800.0 => (60.0, "Time, min"),
                _ => (3600.0, "Time, h"),
            };
            (label, marks(unit).into_iter().map(|(at, shown)| (at, plain(shown))).collect())
        }
    };
    Axis { label: label.to_owned(), range, marks }
}

fn loss_marks(range: (f64, f64), scale: Scale, most: usize) -> Vec<(f64, String)> {
    let marks = match scale {
        Scale::Linear => linear_marks(range.0, range.1, most),
        Scale::Log => log_marks(range.0, range.1, most),
    };
    marks.into_iter().map(|at| (at, plain(scale.value(at)))).collect()
}

/// The shaded gap between the smoothed training line and validation.
fn gap(run: &ShownRun<'_>, scale: Scale, look: &ChartLook, theme: &Theme) -> Option<Area> {
    let validation = thinned(&run.lines.validation, look.from, look.to, look.columns);
    let points: Vec<[f64; 3]> = validation
        .iter()
        .filter(|point| (look.from..=look.to).contains(&point[0]))
        .filter_map(|point| {
            let train = nearest(&run.lines.smoothed, point[0])?;
            let (a, b) = (scale.height(point[1])?, scale.height(train[1])?);
            Some([point[0], a.min(b), a.max(b)])
        })
        .collect();
    (points.len() > 1).then(|| Area { points, colour: with_alpha(run.colour, theme.plot.band_alpha) })
}

fn legend(runs: &[ShownRun<'_>], theme: &Theme) -> Vec<LegendEntry> {
    let quiet = theme.text.text_2;
    let mut legend: Vec<LegendEntry> = runs
        .iter()
        .map(|run| LegendEntry { text: run.name.to_owned(), colour: run.colour, dash: None })
        .collect();
    legend.push(LegendEntry { text: "train".to_owned(), colour: quiet, dash: Some(Dash::Solid) });
    legend.push(LegendEntry { text: "validation".to_owned(), colour: quiet, dash: Some(Dash::Dashed) });
    legend
}

fn line(run: &str, what: &str, points: Vec<Point>, colour: Color32, width: f32, dash: Dash) -> Line {
    Line { name: format!("{run}, {what}"), points, colour, width, dash }
}

/// Heights of the points that lie in view.
fn within<'a>(points: &'a [Point], look: &ChartLook) -> impl Iterator<Item = f64> + 'a {
    let (from, to) = (look.from, look.to);
    points.iter().filter(move |point| (from..=to).contains(&point[0])).map(|point| point[1])
}

fn empty_range(scale: Scale) -> (f64, f64) {
    match scale {
        Scale::Linear => (0.0, 1.0),
        Scale::Log => (-2.0, 0.0),
    }
}

/// A round number as short as it is.
fn plain(value: f64) -> String {
    let is_tiny = value != 0.0 && value.abs() < 9.9e-4;
    if is_tiny || value.abs() >= 1e6 {
        format!("{value:.0e}").replace('-', "\u{2212}")
    } else {
        format::with_decimals(value, 0..=6)
    }
}

/// A setting as short as it is: 0.001, not 0.0010000000475.
pub fn short(value: f32) -> String {
    let text = value.to_string();
    if text.len() <= 8 { text.replace('-', "\u{2212}") } else { format::significant(f64::from(value), 3) }
}

/// A loss as figures show it.
pub fn loss_text(loss: f64) -> String {
    let small = loss != 0.0 && loss.abs() < 0.001;
    if small || loss.abs() >= 1000.0 || !loss.is_finite() {
        format::significant(loss, 3)
    } else {
        format!("{loss:.3}")
    }
}

/// A metric as figures show it.
pub fn metric_text(kind: MetricKind, metric: f64) -> String {
    match kind {
        MetricKind::Accuracy => format::percent_share(metric),
        MetricKind::Error => loss_text(metric),
    }
}

fn metric_mark(kind: MetricKind, at: f64, range: (f64, f64)) -> String {
    match kind {
        MetricKind::Accuracy if range.1 - range.0 < 0.05 => format!("{:.1} %", at * 100.0),
        MetricKind::Accuracy => format::percent_whole(at),
        MetricKind::Error => plain(at),
    }
}

fn percent(share: f64) -> String {
    format!("{} %", format::with_decimals(share * 100.0, 0..=2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> RunLines {
        let points =
            |value: fn(f64) -> f64| (1..=100).map(|i| [f64::from(i) / 10.0, value(f64::from(i))]).collect();
        RunLines {
            raw: (1..=100)
                .map(|i| [f64::from(i) / 10.0, if i == 50 { 1e6 } else { 100.0 / f64::from(i) }])
                .collect(),
            smoothed: points(|i| 100.0 / i),
            validation: (1..=10).map(|i| [f64::from(i), 20.0 / f64::from(i)]).collect(),
            metric: (1..=10).map(|i| [f64::from(i), 0.5 + f64::from(i) * 0.04]).collect(),
            validation_metric: (1..=10).map(|i| [f64::from(i), 0.45 + f64::from(i) * 0.04]).collect(),
            rate: points(|_| 1e-3),
            best: Some(super::super::lines::Best { epoch: 10, x: 10.0, loss: 2.0, metric: 0.85 }),
            end: 10.0,
        }
    }

    fn look() -> ChartLook {
        ChartLook {
            across: Across::Epoch,
            scale: Scale::Log,
            ignore_outliers: true,
            gap: true,
            from: 0.0,
            to: 10.0,
            heights: None,
            columns: 900,
            marks_across: 8,
            marks_up: 6,
        }
    }

    fn charts(look: &ChartLook) -> (Chart, Chart, Chart) {
        let (lines, theme) = (lines(), Theme::of(true));
        let run =
            ShownRun { number: 1, name: "cosine 64", colour: theme.series[1], selected: true, lines: &lines };
        let other =
            ShownRun { number: 2, name: "small", colour: theme.series[0], selected: false, lines: &lines };
        let runs = [other, run];
        (
            loss_chart(&runs, "Cross-entropy", look, theme),
            metric_chart(&runs, MetricKind::Accuracy, Some(0.97), look, theme),
            rate_chart(&runs, look),
        )
    }

    #[test]
    fn a_wild_step_does_not_stretch_the_axis_unless_wanted() {
        let (loss, ..) = charts(&look());
        assert!(loss.y.range.1 < 2.5, "{:?}", loss.y.range);
        let (loss, ..) = charts(&ChartLook { ignore_outliers: false, ..look() });
        assert!(loss.y.range.1 > 6.0, "{:?}", loss.y.range);
    }

    #[test]
    fn the_selected_run_is_in_front_with_its_best() {
        let (loss, ..) = charts(&look());
        assert_eq!(loss.lines.last().map(|line| line.name.as_str()), Some("cosine 64, validation"));
        assert_eq!(loss.dots[0].text, "best 2.000");
        assert_eq!((loss.dots[0].at[0], loss.areas.len()), (10.0, 1));
        assert_eq!((loss.y.label.as_str(), loss.x.label.as_str()), ("Cross-entropy, log", "Epoch"));
        assert!(loss.legend.iter().any(|entry| entry.text == "small"));
    }

    #[test]
    fn accuracy_has_its_goal_and_never_exceeds_everything() {
        let (_, metric, _) = charts(&look());
        assert_eq!(metric.levels[0].text, "goal 97 %");
        assert!(metric.y.range.0 >= 0.0 && metric.y.range.1 <= 1.0);
        assert!(metric.y.marks.iter().any(|(_, text)| text == "80 %"), "{:?}", metric.y.marks);
    }

    #[test]
    fn rates_begin_at_zero_and_epochs_are_whole() {
        let (.., rate) = charts(&look());
        assert_eq!(rate.y.range.0, 0.0);
        assert!(rate.y.marks.iter().any(|(_, text)| text == "4e−4"), "{:?}", rate.y.marks);
        let narrow = charts(&ChartLook { from: 3.1, to: 4.9, ..look() }).0;
        assert_eq!(narrow.x.marks, [(4.0, "4".to_owned())]);
    }

    #[test]
    fn time_has_the_unit_that_fits() {
        for (to, label) in [(20.0, "Time, s"), (600.0, "Time, min"), (20_000.0, "Time, h")] {
            let axis = across_axis(&ChartLook { across: Across::Time, to, ..look() });
            assert_eq!(axis.label, label);
            assert!(axis.marks.len() > 2);
        }
    }

    #[test]
    fn the_axis_stays_while_a_run_goes_on() {
        assert_eq!(end_across(Across::Epoch, 3.2, Some(24.0)), 24.0);
        assert_eq!(end_across(Across::Time, 13.0, None), 15.0);
        assert_eq!(end_across(Across::Time, 13.9, None), 15.0);
        assert_eq!(end_across(Across::Step, 0.0, None), 1.0);
    }

    #[test]
    fn figures_keep_their_digits() {
        for (loss, text) in [
            (0.1294, "0.129"),
            (2.0, "2.000"),
            (0.00012345, "0.000123"),
            (12345.0, "12345"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(loss_text(loss), text);
        }
        assert_eq!(metric_text(MetricKind::Accuracy, 0.98), "98.0 %");
    }

    #[test]
    fn nothing_to_draw_is_a_chart_all_the_same() {
        let theme = Theme::of(false);
        let loss = loss_chart(&[], "Cross-entropy", &look(), theme);
        assert!(loss.y.range.0 < loss.y.range.1 && !loss.y.marks.is_empty());
        let metric = metric_chart(&[], MetricKind::Error, Some(0.9), &look(), theme);
        assert!(metric.levels.is_empty() && metric.y.range.0 < metric.y.range.1);
    }
}
