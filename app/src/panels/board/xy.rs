//! Two named numbers against each other.

use std::collections::BTreeMap;

use egui::{
    Align, Color32, ComboBox, CornerRadius, Layout, PointerButton, Pos2, Rect, Stroke, StrokeKind, Ui, vec2,
};
use emberlab_core::bench::Marker;

use super::figures::{Window, fitted_range, is_break};
use super::lines::Lines;
use super::quantity::axis;
use crate::board::Series;
use crate::charts::{Chart, Dash, Dot, Line, Plotted};
use crate::panels::design::inspector::form::{chevron, outline};
use crate::panels::run::values::number_text;
use crate::panels::train::curve::Scale;
use crate::theme::{Theme, format, text, with_alpha};

/// Points that are drawn at most, the newest.
const MOST: usize = 2_000;
/// Smaller movements are no drag.
const LEAST_DRAG: f32 = 5.0;

/// Ranges across and upwards.
pub type Part = [(f64, f64); 2];

/// Which numbers are plotted against each other, and which part of the plane.
#[derive(Default)]
pub struct Xy {
    across: Option<String>,
    upwards: Option<String>,
    /// Ranges of both axes that were zoomed in to.
    zoom: Option<Part>,
    drag: Option<Pos2>,
    /// Pairs that were left out in the last chart because there are too many.
    is_cut: bool,
}

/// What a chart is made of.
pub struct Plane<'a> {
    /// Numbers by their names.
    pub series: &'a BTreeMap<String, Series>,
    /// How they are called.
    pub lines: &'a Lines,
    /// The part of the time.
    pub window: Window,
    /// Resets and the like.
    pub markers: &'a [&'a Marker],
    /// Marks at most, across and upwards.
    pub marks: [usize; 2],
}

impl Xy {
    /// The whole plane is shown.
    pub fn is_fit(&self) -> bool {
        self.zoom.is_none()
    }

    /// Shows the whole plane.
    pub fn fit(&mut self) {
        self.zoom = None;
    }

    /// The part that is shown, for a chart that has not changed.
    pub fn zoom(&self) -> Option<Part> {
        self.zoom
    }

    /// The two names; the first two that were printed where none were chosen or one is gone.
    pub fn chosen<'a>(&self, series: &'a BTreeMap<String, Series>) -> Option<[&'a str; 2]> {
        let known = |name: &Option<String>| {
            name.as_ref().and_then(|name| series.get_key_value(name)).map(|(name, _)| name.as_str())
        };
        let across = known(&self.across).or_else(|| series.keys().next().map(String::as_str))?;
        let other = || series.keys().map(String::as_str).find(|name| *name != across);
        Some([across, known(&self.upwards).or_else(other)?])
    }

    /// The chart; `None` with fewer than two numbers.
    pub fn chart(&mut self, plane: &Plane<'_>, theme: &Theme) -> Option<Chart> {
        let [across, upwards] = self.chosen(plane.series)?;
        let (xs, ys) = (plane.series.get(across)?, plane.series.get(upwards)?);
        let breaks: Vec<u64> = plane
            .markers
            .iter()
            .filter(|marker| is_break(&marker.kind))
            .map(|marker| marker.at_micros)
            .collect();
        let (parts, is_cut) = pairs(xs, ys, plane.window, &breaks);
        self.is_cut = is_cut;
        let values = |place: usize| parts.iter().flatten().map(move |pair| pair[place]);
        let whole = [fitted_range(values(0)), fitted_range(values(1))];
        let [x, y] = self.zoom.unwrap_or(whole);
        let place = plane.series.keys().position(|name| name == upwards).unwrap_or(0);
        let colour = plane.lines.colour(upwards, place, theme);
        let labels = [across, upwards].map(|name| plane.lines.label(name).to_owned());
        let newest = parts.last().and_then(|part| part.last()).copied();
        let dots = newest.map(|at| Dot { at, colour, radius: 4.0, ring: true, text: String::new() });
        let line = |points| Line {
            name: labels[1].clone(),
            points,
            colour: with_alpha(colour, 0.75),
            width: 1.25,
            dash: Dash::Solid,
        };
        Some(Chart {
            title: format!("{} against {}", labels[1], labels[0]),
            x: axis(labels[0].clone(), x, Scale::Linear, plane.marks[0]),
            y: axis(labels[1].clone(), y, Scale::Linear, plane.marks[1]),
            right: None,
            areas: Vec::new(),
            dots: dots.into_iter().collect(),
            lines: parts.into_iter().map(line).collect(),
            levels: Vec::new(),
            legend: Vec::new(),
        })
    }

    /// Which numbers; whether something was changed.
    pub fn choices_ui(
        &mut self,
        ui: &mut Ui,
        series: &BTreeMap<String, Series>,
        lines: &Lines,
        theme: &Theme,
    ) {
        let Some([across, upwards]) = self.chosen(series) else { return };
        let rect = ui.max_rect().shrink2(vec2(16.0, 0.0));
        let builder = egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center));
        ui.scope_builder(builder, |ui| {
            outline(ui, theme);
            ui.spacing_mut().item_spacing.x = 8.0;
            ui.spacing_mut().interact_size.y = 20.0;
            ui.spacing_mut().button_padding = vec2(8.0, 1.0);
            let mut chosen = [None, None];
            let axes = [("X", "Number across", across), ("Y", "Number upwards", upwards)];
            for ((letter, label, name), chosen) in axes.into_iter().zip(&mut chosen) {
                ui.label(text::small(letter).color(theme.text.text_3));
                let words = text::cell(lines.label(name)).color(theme.text.text_1);
                let menu = ComboBox::from_id_salt(label)
                    .width(150.0)
                    .icon(chevron)
                    .selected_text(words)
                    .show_ui(ui, |ui| {
                        for key in series.keys() {
                            if ui.selectable_label(key == name, text::cell(lines.label(key))).clicked() {
                                *chosen = Some(key.clone());
                            }
                        }
                    });
                menu.response.accessible_name(label);
            }
            let [new_across, new_upwards] = chosen;
            if new_across.is_some() || new_upwards.is_some() {
                (self.across, self.upwards) = (
                    Some(new_across.unwrap_or_else(|| across.to_owned())),
                    Some(new_upwards.unwrap_or_else(|| upwards.to_owned())),
                );
                self.zoom = None;
            }
            if self.is_cut {
                let words = format!("the newest {} points", format::count(MOST as u64));
                ui.label(text::small(words).color(theme.text.text_3));
            }
        });
    }

    /// Zoom by wheel and drag, fit by a double click.
    pub fn handle(&mut self, ui: &Ui, theme: &Theme, plotted: &Plotted, chart: &Chart) {
        let response = &plotted.response;
        let ranges = [chart.x.range, chart.y.range];
        if let Some(at) = response.hover_pos() {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta.y, input.zoom_delta()));
            let factor = (f64::from(scroll) / 300.0).exp() * f64::from(pinch);
            if factor != 1.0 {
                let middle = plotted.place(chart, at);
                let zoomed = |place: usize| {
                    let (low, high): (f64, f64) = ranges[place];
                    (
                        middle[place] - (middle[place] - low) / factor,
                        middle[place] + (high - middle[place]) / factor,
                    )
                };
                self.zoom_to([zoomed(0), zoomed(1)]);
            }
        }
        if response.double_clicked() {
            self.fit();
        }
        if response.dragged_by(PointerButton::Middle) || response.dragged_by(PointerButton::Secondary) {
            let delta = response.drag_delta();
            let per = |place: usize, length: f32| (ranges[place].1 - ranges[place].0) / f64::from(length);
            let (dx, dy) = (
                -f64::from(delta.x) * per(0, plotted.field.width()),
                f64::from(delta.y) * per(1, plotted.field.height()),
            );
            self.zoom_to([(ranges[0].0 + dx, ranges[0].1 + dx), (ranges[1].0 + dy, ranges[1].1 + dy)]);
        }
        if response.drag_started_by(PointerButton::Primary) {
            self.drag = ui.input(|input| input.pointer.press_origin());
        }
        let (Some(from), Some(to)) = (self.drag, response.interact_pointer_pos()) else { return };
        let field = plotted.field;
        let zone = Rect::from_two_pos(from.clamp(field.min, field.max), to.clamp(field.min, field.max));
        let painter = ui.painter().with_clip_rect(field);
        painter.rect_filled(zone, CornerRadius::ZERO, with_alpha(theme.accent.base, 0.12));
        let stroke = Stroke::new(1.0, theme.accent.base);
        painter.rect_stroke(zone, CornerRadius::ZERO, stroke, StrokeKind::Inside);
        if response.drag_stopped_by(PointerButton::Primary) {
            self.drag = None;
            if zone.width() >= LEAST_DRAG && zone.height() >= LEAST_DRAG {
                let (low, high) =
                    (plotted.place(chart, zone.left_bottom()), plotted.place(chart, zone.right_top()));
                self.zoom_to([(low[0], high[0]), (low[1], high[1])]);
            }
        }
    }

    fn zoom_to(&mut self, ranges: Part) {
        let is_usable = |(low, high): (f64, f64)| {
            low.is_finite() && high.is_finite() && high - low > 1e-9 * low.abs().max(high.abs()).max(1e-12)
        };
        if ranges.into_iter().all(is_usable) {
            self.zoom = Some(ranges);
        }
    }

    /// Both numbers under the pointer.
    pub fn cursor_ui(&self, ui: &Ui, theme: &Theme, plotted: &Plotted, chart: &Chart) {
        let Some(pointer) = plotted.response.hover_pos() else { return };
        let (field, stroke) = (plotted.field, Stroke::new(1.0, theme.plot.crosshair));
        let painter = ui.painter().with_clip_rect(field);
        painter.vline(pointer.x.round(), field.y_range(), stroke);
        painter.hline(field.x_range(), pointer.y.round(), stroke);
        let [x, y] = plotted.place(chart, pointer);
        let decimals =
            |(low, high): (f64, f64)| (2.0 - (high - low).log10().floor()).clamp(0.0, 9.0) as usize;
        let words = format!(
            "{} {}, {} {}",
            chart.x.label,
            format::with_decimals(x, decimals(chart.x.range)..=decimals(chart.x.range)),
            chart.y.label,
            format::with_decimals(y, decimals(chart.y.range)..=decimals(chart.y.range))
        );
        let galley = painter.layout_no_wrap(words, crate::theme::font_id::number_small(), theme.text.text_1);
        let size = galley.size() + vec2(16.0, 8.0);
        let at = pointer
            + vec2(
                if pointer.x + size.x + 12.0 > field.right() { -size.x - 10.0 } else { 10.0 },
                if pointer.y - size.y - 10.0 < field.top() { 10.0 } else { -size.y - 10.0 },
            );
        let card = Rect::from_min_size(at, size);
        painter.rect_filled(card, CornerRadius::same(4), theme.surface.raised);
        let line = Stroke::new(1.0, theme.line.strong);
        painter.rect_stroke(card, CornerRadius::same(4), line, StrokeKind::Inside);
        painter.galley(card.min + vec2(8.0, 4.0), galley, Color32::PLACEHOLDER);
    }

    /// What assistive tools say.
    pub fn spoken(&self, series: &BTreeMap<String, Series>, lines: &Lines) -> String {
        let Some([across, upwards]) = self.chosen(series) else {
            return "X-Y, fewer than two numbers".to_owned();
        };
        let last = |name: &str| series.get(name).and_then(Series::last).map(number_text).unwrap_or_default();
        format!("X-Y, {} {}, {} {}", lines.label(across), last(across), lines.label(upwards), last(upwards))
    }
}

/// Pairs of numbers of the same time within a part of the time, the newest [`MOST`], parted at breaks; and whether there
/// were more. A number that was not printed together with the other one goes with the last one before it.
fn pairs(xs: &Series, ys: &Series, window: Window, breaks: &[u64]) -> (Vec<Vec<[f64; 2]>>, bool) {
    let from = xs.points.partition_point(|(at, _)| *at < window.from);
    let to = xs.points.partition_point(|(at, _)| *at <= window.to);
    let first = from.max(to.saturating_sub(MOST));
    let mut parts: Vec<Vec<[f64; 2]>> = Vec::new();
    let mut before: Option<u64> = None;
    let mut next = ys.points.partition_point(|(at, _)| *at < xs.points.get(first).map_or(0, |(at, _)| *at));
    for (at, x) in xs.points.range(first..to) {
        while ys.points.get(next).is_some_and(|(other, _)| other < at) {
            next += 1;
        }
        // Lines that arrived together have one time: their numbers go together in their order.
        next += usize::from(ys.points.get(next).is_some_and(|(other, _)| other == at));
        let Some((since, y)) = next.checked_sub(1).and_then(|index| ys.points.get(index)) else { continue };
        let is_apart = |from: u64| breaks.iter().any(|gap| from < *gap && gap <= at);
        if is_apart(*since) || !x.is_finite() || !y.is_finite() {
            continue;
        }
        let is_broken = before.is_none_or(is_apart);
        before = Some(*at);
        match parts.last_mut().filter(|_| !is_broken) {
            Some(part) => part.push([*x, *y]),
            None => parts.push(vec![[*x, *y]]),
        }
    }
    (parts, first > from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(u64, f64)]) -> Series {
        Series { points: points.iter().copied().collect() }
    }

    const ALL: Window = Window { from: 0, to: 1_000_000, is_ago: false };

    #[test]
    fn numbers_of_one_time_are_a_pair() {
        let xs = series(&[(10, 1.0), (20, 2.0), (30, 3.0), (40, 4.0)]);
        let ys = series(&[(10, 0.1), (20, 0.2), (40, 0.4)]);
        let (parts, is_cut) = pairs(&xs, &ys, ALL, &[]);
        assert_eq!(parts, [[[1.0, 0.1], [2.0, 0.2], [3.0, 0.2], [4.0, 0.4]]]);
        assert!(!is_cut);
        let late = series(&[(25, 9.0)]);
        assert_eq!(pairs(&xs, &late, ALL, &[]).0, [[[3.0, 9.0], [4.0, 9.0]]], "nothing is known before");
        let together = |factor: f64| series(&[(10, factor), (10, 2.0 * factor), (20, 3.0 * factor)]);
        let lines = pairs(&together(1.0), &together(10.0), ALL, &[]).0;
        assert_eq!(lines, [[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]], "lines that came together");
        let part = Window { from: 20, to: 30, ..ALL };
        assert_eq!(pairs(&xs, &ys, part, &[]).0, [[[2.0, 0.2], [3.0, 0.2]]]);
    }

    #[test]
    fn pairs_end_at_resets_and_old_ones_are_left_out() {
        let xs = series(&[(10, 1.0), (20, 2.0), (30, 3.0)]);
        assert_eq!(pairs(&xs, &xs, ALL, &[15]).0, vec![vec![[1.0, 1.0]], vec![[2.0, 2.0], [3.0, 3.0]]]);
        let ys = series(&[(10, 1.0), (30, 3.0)]);
        assert_eq!(pairs(&xs, &ys, ALL, &[15]).0, vec![vec![[1.0, 1.0]], vec![[3.0, 3.0]]]);
        let many = Series { points: (0..3_000).map(|at| (at, at as f64)).collect() };
        let (parts, is_cut) = pairs(&many, &many, ALL, &[]);
        assert!(is_cut);
        assert_eq!((parts[0].len(), parts[0][0]), (MOST, [1000.0, 1000.0]));
    }

    #[test]
    fn the_first_two_numbers_are_plotted_until_others_are_chosen() {
        let names = |names: &[&str]| -> BTreeMap<String, Series> {
            names.iter().map(|name| ((*name).to_owned(), series(&[(1, 1.0)]))).collect()
        };
        let mut xy = Xy::default();
        assert_eq!(xy.chosen(&names(&[])), None);
        assert_eq!(xy.chosen(&names(&["a"])), None);
        assert_eq!(xy.chosen(&names(&["a", "b", "c"])), Some(["a", "b"]));
        (xy.across, xy.upwards) = (Some("c".to_owned()), Some("gone".to_owned()));
        assert_eq!(xy.chosen(&names(&["a", "b", "c"])), Some(["c", "a"]));
    }
}
