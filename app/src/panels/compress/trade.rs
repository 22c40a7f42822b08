//! What variants are worth against what they cost.

use egui::{Color32, CursorIcon, Pos2, Stroke, Ui};

use super::figures::{Measure, Row, latency_text, value_text};
use super::layout::{Trade, frontier, nearest, steps};
use crate::charts::{
    Area, Axis, Chart, Dash, Dot, LegendEntry, Line, Margins, PointLabel, beside_points, leader, plot_ui,
};
use crate::panels::train::curve::linear_marks;
use crate::theme::widgets::empty;
use crate::theme::{Icon, Theme, font_id, format, with_alpha};

/// What is on the axis of costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cost {
    /// Bytes of the file.
    #[default]
    File,
    /// Bytes of the arena.
    Arena,
    /// The estimated latency.
    Latency,
}

impl Cost {
    fn of(self, row: &Row) -> Option<f64> {
        match self {
            Self::File => row.file.map(|bytes| bytes as f64),
            Self::Arena => row.arena.map(|bytes| bytes as f64),
            Self::Latency => row.latency.map(|latency| latency.millis),
        }
    }

    fn axis(self) -> &'static str {
        match self {
            Self::File => "File, bytes",
            Self::Arena => "Arena, bytes",
            Self::Latency => "Latency, estimate, ms",
        }
    }

    /// The word in names of files.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Arena => "arena",
            Self::Latency => "latency",
        }
    }

    fn text(self, cost: f64) -> String {
        match self {
            Self::File | Self::Arena => format::count(cost as u64),
            Self::Latency => format::with_decimals(cost, 0..=2),
        }
    }
}

/// Radius of a point, and of the ring around the chosen one.
const POINT: f32 = 4.5;
const RING: f32 = 8.0;

/// A point of the plot.
struct Point<'a> {
    row: &'a Row,
    at: [f64; 2],
    colour: Color32,
    is_best: bool,
}

/// The plot as a chart, with its points in the order of the rows.
struct Plot<'a> {
    chart: Chart,
    points: Vec<Point<'a>>,
}

/// The chart for a file; `None` without two figures to set against each other.
pub fn chart(
    theme: &Theme,
    rows: &[Row],
    measure: Measure,
    cost: Cost,
    selected: Option<&str>,
) -> Option<Chart> {
    let plot = plot(theme, rows, measure, cost, selected, [8, 6])?;
    let mut chart = plot.chart;
    // In a file the names stand beside the points.
    for point in &plot.points {
        if let Some(dot) = chart.dots.iter_mut().find(|dot| dot.at == point.at && dot.text.is_empty()) {
            dot.text.clone_from(&point.row.name);
        }
    }
    Some(chart)
}

fn shown(measure: Measure, value: f64) -> f64 {
    match measure {
        Measure::Accuracy => value * 100.0,
        Measure::Error => value,
    }
}

fn plot<'a>(
    theme: &Theme,
    rows: &'a [Row],
    measure: Measure,
    cost: Cost,
    selected: Option<&str>,
    marks: [usize; 2],
) -> Option<Plot<'a>> {
    let valued: Vec<(&Row, f64, f64, f64)> =
        rows.iter().filter_map(|row| Some((row, cost.of(row)?, row.value?, row.worth(measure)?))).collect();
    if valued.is_empty() {
        return None;
    }
    let trades: Vec<Trade> = valued
        .iter()
        .map(|(row, cost, _, worth)| Trade { cost: *cost, worth: *worth, runs: row.runs() })
        .collect();
    let best = frontier(&trades);
    let points: Vec<Point<'_>> = valued
        .iter()
        .enumerate()
        .map(|(index, (row, cost, value, _))| {
            let is_best = best.contains(&index);
            let colour = if is_best {
                theme.series[2]
            } else if row.runs() {
                theme.series[0]
            } else {
                theme.text.text_3
            };
            Point { row, at: [*cost, shown(measure, *value)], colour, is_best }
        })
        .collect();
    let most = points.iter().map(|point| point.at[0]).fold(0.0, f64::max) * 1.12;
    let x_range = (0.0, if most > 0.0 { most } else { 1.0 });
    let (low, high) = points
        .iter()
        .map(|point| point.at[1])
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let least = match measure {
        Measure::Accuracy => 0.5,
        Measure::Error => high.abs() * 0.05 + 1e-6,
    };
    let margin = ((high - low) * 0.12).max(least);
    let y_range = match measure {
        // No accuracy lies above 100 %; a point there still has its whole disc.
        Measure::Accuracy => (low - margin, (high + margin).min(100.0 + (high - low + margin) * 0.05)),
        Measure::Error => ((low - margin).max(0.0), high + margin),
    };
    let line: Vec<[f64; 2]> = best.iter().map(|index| points[*index].at).collect();
    let mut line = steps(&line);
    // From the best one on nothing gets better, whatever it costs.
    if let Some(last) = line.last().copied() {
        line.push([x_range.1, last[1]]);
    }
    let edge = match measure {
        Measure::Accuracy => y_range.0,
        Measure::Error => y_range.1,
    };
    let area = line.iter().map(|[x, y]| [*x, y.min(edge), y.max(edge)]).collect();
    let mut dots = Vec::new();
    for point in &points {
        if Some(point.row.name.as_str()) == selected {
            let colour = theme.accent.base;
            dots.push(Dot { at: point.at, colour, radius: RING, ring: true, text: String::new() });
        }
    }
    dots.extend(points.iter().map(|point| Dot {
        at: point.at,
        colour: point.colour,
        radius: if point.row.runs() { POINT } else { POINT - 0.5 },
        ring: !point.row.runs(),
        text: String::new(),
    }));
    let decimals = if y_range.1 - y_range.0 < 1.0 { 0..=2 } else { 0..=1 };
    let mark = |at: f64| match measure {
        Measure::Accuracy => format::with_decimals(at, decimals.clone()),
        Measure::Error => format::significant(at, 2),
    };
    let legend = |text: &str, colour| LegendEntry { text: text.to_owned(), colour, dash: None };
    let label = match measure {
        Measure::Accuracy => "Accuracy, %",
        Measure::Error => "Mean absolute error",
    };
    let chart = Chart {
        title: format!("{label} against {}", cost.name()),
        x: Axis {
            label: cost.axis().to_owned(),
            range: x_range,
            marks: linear_marks(x_range.0, x_range.1, marks[0])
                .into_iter()
                .map(|at| (at, cost.text(at)))
                .collect(),
        },
        y: Axis {
            label: label.to_owned(),
            range: y_range,
            marks: linear_marks(y_range.0, y_range.1, marks[1])
                .into_iter()
                .map(|at| (at, mark(at)))
                .collect(),
        },
        right: None,
        areas: vec![Area { points: area, colour: with_alpha(theme.series[2], 0.07) }],
        lines: vec![Line {
            name: "best trade on the chip".to_owned(),
            points: line,
            colour: theme.series[2],
            width: 1.5,
            dash: Dash::Dashed,
        }],
        dots,
        levels: Vec::new(),
        legend: vec![
            legend("best trade on the chip", theme.series[2]),
            legend("other", theme.series[0]),
            legend("host only", theme.text.text_3),
        ],
    };
    Some(Plot { chart, points })
}

/// Draws the plot; gives back the name of the variant that was clicked.
pub fn trade_ui(
    ui: &mut Ui,
    theme: &Theme,
    rows: &[Row],
    measure: Measure,
    cost: Cost,
    selected: Option<&str>,
) -> Option<String> {
    let rect = ui.available_rect_before_wrap();
    let (area, legend) = rect.split_top_bottom_at_y(rect.bottom() - 28.0);
    let marks = [(area.width() / 110.0) as usize, (area.height() / 60.0) as usize];
    let Some(Plot { chart, points }) = plot(theme, rows, measure, cost, selected, marks) else {
        let words = match cost {
            Cost::File => "They come with the first variant.",
            Cost::Arena | Cost::Latency => {
                "No variant runs on the chosen chip, or its costs are being counted."
            }
        };
        empty(ui, theme, Icon::ChartScatter, "Nothing to compare yet", words, &[]);
        return None;
    };
    let margins = Margins { right: 18.0, ..Margins::LABELLED };
    let named: Vec<String> = points
        .iter()
        .map(|point| format!("{} {}", point.row.name, value_text(measure, point.row.value.unwrap_or(0.0))))
        .collect();
    let spoken = format!("{}: {}", chart.title, named.join(", "));
    let plotted = plot_ui(ui, theme, area, margins, &chart, &spoken);
    let places: Vec<Pos2> = points.iter().map(|point| plotted.point(&chart, point.at)).collect();
    let chosen = points.iter().position(|point| Some(point.row.name.as_str()) == selected);
    labels_ui(ui, theme, &points, &places, chosen, plotted.field);
    legend_ui(ui, theme, legend.with_min_x(legend.left() + margins.left));
    let pointer = plotted.response.hover_pos();
    let hit = pointer.and_then(|at| nearest(&places, at))?;
    ui.set_cursor_icon(CursorIcon::PointingHand);
    let row = points[hit].row;
    let clicked = plotted.response.clicked();
    plotted.response.on_hover_text(tooltip(row, measure));
    clicked.then(|| row.name.clone())
}

fn tooltip(row: &Row, measure: Measure) -> String {
    let mut lines = vec![row.name.clone()];
    lines.extend(row.value.map(|value| value_text(measure, value)));
    lines.extend(row.file.map(|bytes| format!("file {}", format::bytes(bytes))));
    lines.extend(row.arena.map(|bytes| format!("arena {}", format::bytes(bytes))));
    lines.extend(row.latency.map(|latency| format!("{}, estimate", latency_text(latency))));
    lines.push(format!("runs on: {}", row.runs_on.label()));
    lines.join("\n")
}

/// Names beside the points; the chosen one first, then those of the frontier.
fn labels_ui(
    ui: &Ui,
    theme: &Theme,
    points: &[Point<'_>],
    places: &[Pos2],
    chosen: Option<usize>,
    field: egui::Rect,
) {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|index| (Some(*index) != chosen, !points[*index].is_best));
    let painter = ui.painter().with_clip_rect(field.intersect(ui.clip_rect()));
    let galleys: Vec<_> = order
        .iter()
        .map(|index| {
            let is_chosen = Some(*index) == chosen;
            let font = if is_chosen { font_id::caption() } else { font_id::small() };
            let colour = if is_chosen { theme.text.text_1 } else { theme.text.text_2 };
            painter.layout_no_wrap(points[*index].row.name.clone(), font, colour)
        })
        .collect();
    let labels: Vec<PointLabel> = order
        .iter()
        .zip(&galleys)
        .map(|(index, galley)| PointLabel { at: places[*index], radius: POINT, size: galley.size() })
        .collect();
    let found = beside_points(&labels, &[], field.shrink(2.0));
    for (galley, (label, place)) in galleys.into_iter().zip(labels.iter().zip(found)) {
        if let Some(place) = place {
            if let Some((from, to)) = leader(label, place) {
                painter.line_segment([from, to], Stroke::new(1.0, theme.line.strong));
            }
            painter.rect_filled(place.expand(1.0), 2.0, with_alpha(theme.plot.background, 0.6));
            painter.galley(place.min, galley, theme.text.text_2);
        }
    }
}

fn legend_ui(ui: &Ui, theme: &Theme, rect: egui::Rect) {
    let mut x = rect.left();
    let y = rect.center().y - 2.0;
    let entries = [
        ("best trade on the chip", theme.series[2], true),
        ("other", theme.series[0], true),
        ("host only", theme.text.text_3, false),
    ];
    for (words, colour, is_filled) in entries {
        let centre = egui::pos2(x + POINT, y);
        if is_filled {
            ui.painter().circle_filled(centre, POINT, colour);
        } else {
            ui.painter().circle_stroke(centre, POINT - 0.5, Stroke::new(1.5, colour));
        }
        let galley = ui.painter().layout_no_wrap(words.to_owned(), font_id::small(), theme.text.text_2);
        let at = egui::pos2(x + 16.0, y - galley.size().y / 2.0);
        x = at.x + galley.size().x + 18.0;
        ui.painter().galley(at, galley, theme.text.text_2);
    }
}
