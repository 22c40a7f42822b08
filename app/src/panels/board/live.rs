//! What is measured over time, while it is measured: latency, class scores, numbers in text.
//!
//! Charts are made anew when something new has arrived, and only from columns that have changed: a frame costs as much for
//! 100,000 points as for 100.

use std::collections::BTreeMap;

use egui::{
    Color32, CornerRadius, PointerButton, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};
use emberlab_core::bench::Marker;

use super::columns::{Columns, column_micros, columns_of_history, columns_of_points};
use super::figures::{Look, Made, NamedLine, Window, latency_chart, named_chart};
use super::lines::{Lines, NamedSeries};
use super::quantity::{AxisUnit, Quantity};
use super::shown::{Numbers, Shown};
use super::xy::{Part, Plane, Xy};
use crate::board::Series;
use crate::charts::{Axis, Margins, Plotted, Style, plot_ui, text_width};
use crate::panels::run::values::number_text;
use crate::panels::train::curve::Scale;
use crate::theme::{Theme, font_id, format, text, with_alpha};

/// What is plotted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Latency per inference.
    #[default]
    Latency,
    /// Scores of the classes.
    Scores,
    /// Numbers in the text that the board prints.
    Text,
    /// Two of these numbers against each other.
    Xy,
}

/// How much of the time is plotted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// The last minute.
    #[default]
    Minute,
    /// The last ten minutes.
    TenMinutes,
    /// Everything that is kept.
    All,
}

/// Charts of what is measured, and what the user has chosen of them.
#[derive(Default)]
pub struct Live {
    view: View,
    /// The user has said what to plot.
    is_chosen: bool,
    range: Range,
    scale: Heights,
    /// A part of the time that was zoomed in to, in microseconds.
    zoom: Option<(u64, u64)>,
    heights: Option<(f64, f64)>,
    /// How the user wants lines.
    lines: Lines,
    xy: Xy,
    source: Option<Source>,
    band: Columns,
    trend: Columns,
    named: BTreeMap<String, Columns>,
    drawn: Option<(Key, Made)>,
    /// Where a drag over the chart began.
    drag: Option<Pos2>,
}

/// Heights are linear unless the user says otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Heights(Scale);

impl Default for Heights {
    fn default() -> Self {
        Self(Scale::Linear)
    }
}

/// Whose points the columns are made of.
#[derive(Clone, Debug, PartialEq)]
struct Source {
    name: Option<String>,
    total: u64,
    end_micros: u64,
}

/// Everything that a chart is made of.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    view: View,
    look: Look,
    /// Points and markers that there were.
    total: u64,
    n_markers: usize,
    p99: Option<u64>,
    lines: Vec<(String, Color32, bool)>,
    /// Names and part of two numbers against each other.
    plane: Option<([String; 2], Option<Part>)>,
    is_dark: bool,
    quantity: Quantity,
}

/// Columns of the median are so many columns of the rest wide.
const TREND: u64 = 6;
/// Smaller movements are no drag.
const LEAST_DRAG: f32 = 5.0;
/// The shortest time that can be zoomed in to, in microseconds.
const LEAST_ZOOM: u64 = 200;
/// Height of the legend of named lines.
const LEGEND: f32 = 24.0;
/// Size of an exported chart's field in points.
const EXPORTED: egui::Vec2 = vec2(1100.0, 540.0);

impl View {
    /// The name of the tab.
    pub fn label(self) -> &'static str {
        match self {
            View::Latency => "Latency",
            View::Scores => "Class scores",
            View::Text => "Text values",
            View::Xy => "X-Y",
        }
    }
}

impl Live {
    /// What is plotted.
    pub fn view(&self) -> View {
        self.view
    }

    /// Plots something else; a part that was zoomed in to has other heights there.
    pub fn set_view(&mut self, view: View) {
        (self.view, self.heights, self.is_chosen) = (view, None, true);
        self.named.clear();
    }

    /// Plots what there is, as long as the user has not said what.
    pub fn suggest(&mut self, view: View) {
        if !self.is_chosen && self.view != view {
            (self.view, self.heights) = (view, None);
            self.named.clear();
        }
    }

    /// How much of the time is plotted.
    pub fn range(&self) -> Range {
        self.range
    }

    /// Plots another part of the time.
    pub fn set_range(&mut self, range: Range) {
        self.range = range;
        self.fit();
    }

    /// Linear to logarithmic heights, or back.
    pub fn turn_scale(&mut self) {
        self.heights = None;
        self.scale.0 = match self.scale.0 {
            Scale::Linear => Scale::Log,
            Scale::Log => Scale::Linear,
        };
    }

    /// Heights are logarithmic.
    pub fn is_log(&self) -> bool {
        self.scale.0 == Scale::Log
    }

    /// Shows the whole range.
    pub fn fit(&mut self) {
        (self.zoom, self.heights) = (None, None);
        self.xy.fit();
    }

    /// The whole range is shown.
    pub fn is_fit(&self) -> bool {
        self.zoom.is_none() && self.heights.is_none() && self.xy.is_fit()
    }

    /// The chart as it is shown, for a file.
    pub fn exported(
        &mut self,
        shown: &Shown<'_>,
        numbers: Option<Numbers<'_>>,
        names: &Names<'_>,
        theme: &Theme,
    ) -> Made {
        self.made(shown, numbers, names, EXPORTED, theme).1
    }

    /// Draws the chart.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        shown: &Shown<'_>,
        numbers: Option<Numbers<'_>>,
        names: &Names<'_>,
        theme: &Theme,
    ) {
        let mut rect = ui.available_rect_before_wrap();
        if self.view != View::Latency {
            let (legend, rest) = rect.split_top_bottom_at_y(rect.top() + LEGEND);
            super::within(ui, legend, "legend", |ui| match self.view {
                View::Xy => self.xy.choices_ui(ui, names.text, &self.lines, theme),
                View::Latency | View::Scores | View::Text => self.legend_ui(ui, shown, names, theme),
            });
            rect = rest;
        }
        // Twice, since marks upwards need room that depends on what they say.
        let known = self.drawn.as_ref().map(|(_, made)| sides(made));
        let (left, right) = known.unwrap_or((62.0, Margins::LABELLED.right));
        let margins = Margins { left, right, ..Margins::LABELLED };
        let field = margins.field(rect);
        let (key, made) = self.made(shown, numbers, names, field.size(), theme);
        let (left, right) = sides(&made);
        let margins = Margins { left, right, ..margins };
        let spoken = self.spoken(shown, numbers, names);
        let plotted = plot_ui(ui, theme, rect, margins, &made.chart, &spoken);
        match self.view {
            View::Xy => self.xy.handle(ui, theme, &plotted, &made.chart),
            View::Latency | View::Scores | View::Text => self.handle(ui, theme, &plotted, &made),
        }
        self.words_ui(ui, theme, &plotted, shown, &made, names);
        if self.view == View::Latency {
            self.origin_ui(ui, theme, plotted.field, shown.quantity);
        }
        if plotted.response.hovered() && self.drag.is_none() {
            self.cursor_ui(ui, theme, &plotted, shown, numbers, &made, names);
        }
        self.drawn = Some((key, made));
    }

    /// The chart, and what it was made of; the one of the frame before where nothing has changed.
    fn made(
        &mut self,
        shown: &Shown<'_>,
        numbers: Option<Numbers<'_>>,
        names: &Names<'_>,
        field: egui::Vec2,
        theme: &Theme,
    ) -> (Key, Made) {
        let source = Source {
            name: shown.name.map(str::to_owned),
            total: shown.history.total(),
            end_micros: shown.end_micros,
        };
        let is_other =
            self.source.as_ref().is_some_and(|known| known.name != source.name || known.total > source.total);
        if is_other {
            self.band.clear();
            self.trend.clear();
            self.named.clear();
            (self.drawn, self.zoom, self.heights) = (None, None, None);
        }
        let n_columns = field.x.max(16.0) as usize;
        let window = self.window(shown, names, n_columns);
        let look = Look {
            window,
            scale: self.scale.0,
            heights: self.heights,
            marks: [((field.x / 72.0) as usize).clamp(2, 12), ((field.y / 40.0) as usize).clamp(2, 8)],
        };
        let points = match self.view {
            View::Latency => source.total,
            View::Scores => names.scores.values().map(newest).max().unwrap_or(0),
            View::Text | View::Xy => names.text.values().map(newest).max().unwrap_or(0),
        };
        let lines = self.visible(names);
        let plane = (self.view == View::Xy).then(|| {
            let chosen = self.xy.chosen(names.text).unwrap_or_default();
            (chosen.map(|name| self.lines.label(name).to_owned()), self.xy.zoom())
        });
        let key = Key {
            view: self.view,
            look,
            total: points,
            n_markers: shown.history.markers().len(),
            p99: numbers.map(|numbers| numbers.summary.p99),
            lines: lines.iter().map(|line| self.drawn_as(line, theme)).collect(),
            plane,
            is_dark: theme.dark,
            quantity: shown.quantity,
        };
        self.source = Some(source);
        if let Some((known, made)) = self.drawn.take()
            && known == key
        {
            return (key, made);
        }
        let micros = column_micros(window.to - window.from, n_columns);
        let markers: Vec<&Marker> = shown
            .history
            .markers()
            .iter()
            .filter(|marker| (window.from..=window.to).contains(&marker.at_micros))
            .collect();
        let made = match self.view {
            View::Latency => {
                let first = shown.history.samples().front().map_or(0, |sample| sample.at_micros);
                let from = window.from.max(first.min(window.to));
                let make = |from, to, n| columns_of_history(shown.history, from, to, n);
                self.band.refresh(micros, from, window.to, make);
                self.trend.refresh(micros * TREND, from, window.to, make);
                let (band, trend): (Vec<_>, Vec<_>) =
                    (self.band.iter().collect(), self.trend.iter().collect());
                latency_chart(&band, &trend, &markers, key.p99, shown.quantity, &look, theme)
            }
            View::Xy => {
                let (text, marks) = (names.text, look.marks);
                let plane = Plane { series: text, lines: &self.lines, window, markers: &markers, marks };
                let chart = self.xy.chart(&plane, theme);
                // Fewer than two numbers: an empty field with axes, and a sentence over it.
                let chart =
                    chart.unwrap_or_else(|| named_chart("X-Y", "Value", &[], &[], &look, theme).chart);
                let unit = AxisUnit { per: 1.0, label: "" };
                Made { chart, origin_micros: 0.0, per_place: 1.0, unit, beyond: None }
            }
            View::Scores | View::Text => {
                for NamedSeries { key, series, .. } in &lines {
                    let first = series.points.front().map_or(0, |(at, _)| *at);
                    let from = window.from.max(first.min(window.to));
                    let make = |from, to, n| columns_of_points(&series.points, from, to, n);
                    self.named.entry(key.clone()).or_default().refresh(micros, from, window.to, make);
                }
                let named: Vec<NamedLine<'_>> = lines
                    .iter()
                    .filter_map(|line| {
                        let columns = self.named.get(&line.key)?.iter().collect();
                        let (name, colour, is_right) = self.drawn_as(line, theme);
                        Some(NamedLine { name, colour, is_right, columns })
                    })
                    .collect();
                let label = if self.view == View::Scores { "Score" } else { "Value" };
                named_chart(self.view.label(), label, &named, &markers, &look, theme)
            }
        };
        (key, made)
    }

    /// The part of the time that is shown. While more comes its end advances by whole columns.
    fn window(&self, shown: &Shown<'_>, names: &Names<'_>, n_columns: usize) -> Window {
        if let Some((from, to)) = self.zoom {
            return Window { from, to, is_ago: false };
        }
        let first = match self.view {
            View::Latency => shown.history.samples().front().map(|sample| sample.at_micros),
            View::Scores => names.scores.values().filter_map(oldest).min(),
            View::Text | View::Xy => names.text.values().filter_map(oldest).min(),
        };
        let end = shown.end_micros.max(1);
        let span = match self.range {
            Range::Minute => 60_000_000,
            Range::TenMinutes => 600_000_000,
            Range::All => end.saturating_sub(first.unwrap_or(0)).max(1_000_000),
        };
        if shown.is_live {
            let column = column_micros(span, n_columns);
            let to = end.next_multiple_of(column);
            return Window { from: to.saturating_sub(span), to, is_ago: true };
        }
        let from = end.saturating_sub(span).max(first.unwrap_or(0));
        Window { from, to: end.max(from + 1), is_ago: false }
    }

    /// The lines that are drawn.
    fn visible<'a>(&self, names: &Names<'a>) -> Vec<NamedSeries<'a>> {
        let mut all = self.all_lines(names);
        all.retain(|line| self.lines.is_on(&line.key, line.place));
        all
    }

    fn all_lines<'a>(&self, names: &Names<'a>) -> Vec<NamedSeries<'a>> {
        let named: Vec<(String, &Series)> = match self.view {
            View::Latency | View::Xy => Vec::new(),
            View::Scores => {
                names.scores.iter().map(|(class, series)| (names.class(*class), series)).collect()
            }
            View::Text => names.text.iter().map(|(name, series)| (name.clone(), series)).collect(),
        };
        let places = named.into_iter().enumerate();
        places.map(|(place, (key, series))| NamedSeries { key, place, series }).collect()
    }

    /// Name and colour of a line, and whether it belongs to the axis at the right.
    fn drawn_as(&self, line: &NamedSeries<'_>, theme: &Theme) -> (String, Color32, bool) {
        let colour = self.lines.colour(&line.key, line.place, theme);
        (self.lines.label(&line.key).to_owned(), colour, self.lines.is_right(&line.key))
    }

    /// The names of the lines; a click turns one on or off, and a right click changes how it is drawn.
    fn legend_ui(&mut self, ui: &mut Ui, shown: &Shown<'_>, names: &Names<'_>, theme: &Theme) {
        let rect = ui.max_rect();
        let all = self.all_lines(names);
        let mut x = rect.left() + 16.0;
        let left_out = shown.run.map_or(0, |run| if self.view == View::Text { run.left_out } else { 0 });
        let reserved = if left_out > 0 { 150.0 } else { 64.0 };
        let mut hidden = 0;
        for line in &all {
            let (name, colour, is_right) = self.drawn_as(line, theme);
            let is_on = self.lines.is_on(&line.key, line.place);
            let last = line.series.last().map(number_text).unwrap_or_default();
            let shown_name = if is_right { format!("{name} \u{2192}") } else { name.clone() };
            let words = ui.painter().layout_no_wrap(shown_name, font_id::small(), theme.text.text_2);
            let value = ui.painter().layout_no_wrap(last.clone(), font_id::number_small(), theme.text.text_1);
            // Values change with every frame: their place does not.
            let width = 16.0 + words.size().x + 6.0 + value.size().x.max(52.0) + 12.0;
            if x + width > rect.right() - reserved {
                hidden = all.len() - line.place;
                break;
            }
            let chip = Rect::from_min_size(pos2(x, rect.top() + 1.0), vec2(width, 22.0));
            let response = ui.interact(chip, ui.unique_id().with(("line", &line.key)), Sense::click());
            let spoken = format!("Line {name}, {last}");
            response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_on, &spoken));
            let fade = |colour: Color32| if is_on { colour } else { with_alpha(colour, 0.4) };
            let dot = Rect::from_center_size(pos2(x + 4.0, chip.center().y), vec2(8.0, 8.0));
            ui.painter().rect_filled(dot, CornerRadius::same(2), fade(colour));
            let name_at = pos2(x + 14.0, chip.center().y - words.size().y / 2.0);
            let value_at = pos2(x + 20.0 + words.size().x, chip.center().y - value.size().y / 2.0);
            ui.painter().galley_with_override_text_color(name_at, words, fade(theme.text.text_2));
            ui.painter().galley_with_override_text_color(value_at, value, fade(theme.text.text_1));
            let hint = "Show or hide this line. A right click renames it, colours it or moves it to the axis at the right";
            let response = response.on_hover_text(hint);
            if response.clicked() {
                self.lines.set_on(&line.key, !is_on);
            }
            let close = egui::PopupCloseBehavior::CloseOnClickOutside;
            egui::Popup::context_menu(&response)
                .close_behavior(close)
                .show(|ui| self.lines.menu_ui(ui, line, theme));
            x += width;
        }
        let mut rest = Vec::new();
        if hidden > 0 {
            rest.push(format!("{hidden} more"));
        }
        if left_out > 0 {
            rest.push(format!("{} numbers left out", format::count(left_out)));
        }
        if !rest.is_empty() {
            let place =
                Rect::from_min_max(pos2(x, rect.top() + 1.0), pos2(rect.right() - 14.0, rect.bottom()));
            super::within(ui, place, "more lines", |ui| self.more_ui(ui, &all, &rest.join(", "), theme));
        }
    }

    /// The button behind which all lines are, with what was left out.
    fn more_ui(&mut self, ui: &mut Ui, all: &[NamedSeries<'_>], words: &str, theme: &Theme) {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let kind = crate::theme::widgets::ButtonKind::Ghost;
            let button = crate::theme::widgets::small_button(ui, theme, kind, None, words);
            egui::Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside).show(
                |ui| {
                    ui.set_min_width(180.0);
                    egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                        for line in all {
                            let mut is_on = self.lines.is_on(&line.key, line.place);
                            let name = text::cell(self.lines.label(&line.key));
                            if ui.checkbox(&mut is_on, name).changed() {
                                self.lines.set_on(&line.key, is_on);
                            }
                        }
                    });
                },
            );
        });
    }

    /// Zoom by wheel and drag, fit by a double click.
    fn handle(&mut self, ui: &Ui, theme: &Theme, plotted: &Plotted, made: &Made) {
        let response = &plotted.response;
        let x = made.chart.x.range;
        if let Some(at) = response.hover_pos() {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta.y, input.zoom_delta()));
            let factor = (f64::from(scroll) / 300.0).exp() * f64::from(pinch);
            if factor != 1.0 {
                let middle = plotted.place(&made.chart, at)[0];
                self.zoom_to(made, middle - (middle - x.0) / factor, middle + (x.1 - middle) / factor);
            }
        }
        if response.double_clicked() {
            self.fit();
        }
        if response.dragged_by(PointerButton::Middle) || response.dragged_by(PointerButton::Secondary) {
            let per_point = (x.1 - x.0) / f64::from(plotted.field.width());
            let shift = -f64::from(response.drag_delta().x) * per_point;
            self.zoom_to(made, x.0 + shift, x.1 + shift);
        }
        if response.drag_started_by(PointerButton::Primary) {
            self.drag = ui.input(|input| input.pointer.press_origin());
        }
        let (Some(from), Some(to)) = (self.drag, response.interact_pointer_pos()) else { return };
        let field = plotted.field;
        let (from, to) = (from.clamp(field.min, field.max), to.clamp(field.min, field.max));
        let is_tall = (to.y - from.y).abs() > 4.0 * LEAST_DRAG;
        let zone = if is_tall {
            Rect::from_two_pos(from, to)
        } else {
            Rect::from_two_pos(pos2(from.x, field.top()), pos2(to.x, field.bottom()))
        };
        let painter = ui.painter().with_clip_rect(field);
        painter.rect_filled(zone, CornerRadius::ZERO, with_alpha(theme.accent.base, 0.12));
        painter.rect_stroke(
            zone,
            CornerRadius::ZERO,
            Stroke::new(1.0, theme.accent.base),
            StrokeKind::Inside,
        );
        if response.drag_stopped_by(PointerButton::Primary) {
            self.drag = None;
            if zone.width() >= LEAST_DRAG {
                let low = plotted.place(&made.chart, zone.left_bottom());
                let high = plotted.place(&made.chart, zone.right_top());
                self.zoom_to(made, low[0], high[0]);
                if is_tall {
                    self.heights = Some((low[1], high[1]));
                }
            }
        }
    }

    fn zoom_to(&mut self, made: &Made, from: f64, to: f64) {
        let (from, to) = (made.micros_at(from), made.micros_at(to));
        if !from.is_finite() || !to.is_finite() || to - from < LEAST_ZOOM as f64 {
            return;
        }
        let from = from.max(0.0) as u64;
        self.zoom = Some((from, (to.max(0.0) as u64).max(from + LEAST_ZOOM)));
    }

    /// What the chart cannot say by itself: why it is empty, and what goes on beyond its edge.
    fn words_ui(
        &self,
        ui: &mut Ui,
        theme: &Theme,
        plotted: &Plotted,
        shown: &Shown<'_>,
        made: &Made,
        names: &Names<'_>,
    ) {
        let sentence = match self.view {
            View::Latency if shown.history.samples().is_empty() => Some("No inference was measured yet"),
            View::Scores if names.scores.is_empty() => {
                Some("Scores come with every inference of a model with at most 32 classes")
            }
            View::Text if names.text.is_empty() => {
                Some("Numbers that the board prints appear here: name:value, name=value, or 1,2,3")
            }
            View::Xy if self.xy.chosen(names.text).is_none() => Some(
                "Two numbers that the board prints are plotted against each other here, such as x:0.1,y:0.7",
            ),
            View::Latency | View::Scores | View::Text | View::Xy if made.chart.lines.is_empty() => {
                Some("Nothing in this part of the time")
            }
            View::Latency | View::Scores | View::Text | View::Xy => None,
        };
        if let Some(words) = sentence {
            let size = vec2(plotted.field.width().min(420.0), 40.0);
            let rect = Rect::from_center_size(plotted.field.center(), size);
            super::within(ui, rect, words, |ui| {
                ui.vertical_centered(|ui| ui.label(text::cell(words).color(theme.text.text_3)));
            });
        }
        if let Some((count, largest)) = made.beyond {
            let largest = match self.view {
                View::Latency => shown.quantity.text(largest as u64),
                View::Scores | View::Text | View::Xy => number_text(largest),
            };
            let peaks = format::counted(count as u64, "peak", "peaks");
            let words = format!("{peaks} beyond, up to {largest}");
            let font = font_id::number_small();
            let galley = ui.painter().layout_no_wrap(words.clone(), font, theme.status.warn);
            let at = plotted.field.left_top() + vec2(8.0, 6.0);
            let card = Rect::from_min_size(at, galley.size()).expand2(vec2(4.0, 2.0));
            ui.painter().rect_filled(card, CornerRadius::same(3), with_alpha(theme.plot.background, 0.8));
            ui.painter().galley(at, galley, theme.status.warn);
            let response = ui.interact(card, ui.unique_id().with("beyond"), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
            response.on_hover_text(
                "Cut so that the others are not flat. L makes heights logarithmic and shows all",
            );
        }
    }

    /// Whose numbers these are, where one could take them for times of a chip.
    fn origin_ui(&self, ui: &mut Ui, theme: &Theme, field: Rect, quantity: Quantity) {
        let (words, hover) = match quantity {
            Quantity::Nanoseconds => (
                "simulated: this computer, not a chip",
                "The code is that of the chips; its times say nothing about one",
            ),
            Quantity::Instructions => (
                "emulated: instructions, no time",
                "Counted exactly. How long an instruction takes differs from chip to chip",
            ),
            Quantity::Time { .. } | Quantity::Cycles => return,
        };
        let galley =
            ui.painter().layout_no_wrap(words.to_owned(), font_id::small_strong(), theme.status.info);
        let at = field.left_bottom() + vec2(8.0, -8.0 - galley.size().y);
        let card = Rect::from_min_size(at, galley.size()).expand2(vec2(6.0, 2.0));
        ui.painter().rect_filled(card, CornerRadius::same(3), theme.status.info_soft);
        ui.painter().galley(at, galley, theme.status.info);
        let response = ui.interact(card, ui.unique_id().with("origin"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
        response.on_hover_text(hover);
    }

    /// The line under the pointer, and a box with what is there.
    #[allow(clippy::too_many_arguments)]
    fn cursor_ui(
        &self,
        ui: &Ui,
        theme: &Theme,
        plotted: &Plotted,
        shown: &Shown<'_>,
        numbers: Option<Numbers<'_>>,
        made: &Made,
        names: &Names<'_>,
    ) {
        if self.view == View::Xy {
            return self.xy.cursor_ui(ui, theme, plotted, &made.chart);
        }
        let Some(pointer) = plotted.response.hover_pos() else { return };
        let micros = made.micros_at(plotted.place(&made.chart, pointer)[0]).max(0.0) as u64;
        let field = plotted.field;
        let mut rows: Vec<Row> = Vec::new();
        let mut x = pointer.x;
        match self.view {
            View::Latency => {
                let Some(sample) = shown.history.nearest(micros) else { return };
                let place = made.place_of(sample.at_micros as f64);
                if !(made.chart.x.range.0..=made.chart.x.range.1).contains(&place) {
                    return;
                }
                let height =
                    self.scale.0.height(sample.cycles as f64 / made.unit.per).unwrap_or(made.chart.y.range.0);
                let at = plotted.point(&made.chart, [place, height]);
                x = at.x;
                let painter = ui.painter().with_clip_rect(field);
                painter.circle(at, 4.0, theme.plot.background, Stroke::new(2.0, theme.series[0]));
                let run = format!("run {}", format::count(sample.number + 1));
                rows.push(Row::figure(shown.quantity.text(sample.cycles), run));
                if shown.quantity.micros(1.0).is_some() {
                    rows.push(Row::quiet(format!("{} cycles", format::count(sample.cycles))));
                }
                if let Some(numbers) = numbers {
                    let difference = shown.quantity.difference(sample.cycles, numbers.summary.median);
                    rows.push(Row::words(format!("{difference} against the median")));
                }
                if sample.late_micros > 0 {
                    let late = format::micros(f64::from(sample.late_micros));
                    rows.push(Row::words(format!("began {late} too late")));
                }
                rows.push(Row::quiet(format!("after {}", seconds(sample.at_micros))));
            }
            View::Scores | View::Text | View::Xy => {
                rows.push(Row::quiet(format!("after {}", seconds(micros))));
                for line in self.visible(names) {
                    let Some(value) = nearest(line.series, micros) else { continue };
                    let (name, colour, _) = self.drawn_as(&line, theme);
                    rows.push(Row { colour: Some(colour), ..Row::figure(name, number_text(value)) });
                }
            }
        }
        let painter = ui.painter();
        painter.with_clip_rect(field).vline(
            x.round(),
            field.y_range(),
            Stroke::new(1.0, theme.plot.crosshair),
        );
        read_out(painter, theme, field, x, &rows, self.view == View::Latency);
    }

    fn spoken(&self, shown: &Shown<'_>, numbers: Option<Numbers<'_>>, names: &Names<'_>) -> String {
        match (self.view, numbers) {
            (View::Latency, Some(numbers)) => {
                let (median, p95) = (numbers.summary.median, numbers.summary.p95);
                let whose =
                    if shown.quantity == Quantity::Nanoseconds { ", simulated on this computer" } else { "" };
                format!(
                    "Latency, median {}, p95 {}{whose}",
                    shown.quantity.text(median),
                    shown.quantity.text(p95)
                )
            }
            (View::Latency, None) => "Latency, nothing measured yet".to_owned(),
            (View::Xy, _) => self.xy.spoken(names.text, &self.lines),
            (View::Scores | View::Text, _) => {
                let lines = self.visible(names);
                let values = lines.iter().filter_map(|line| {
                    Some(format!(", {} {}", self.lines.label(&line.key), number_text(line.series.last()?)))
                });
                format!("{}{}", self.view.label(), values.collect::<String>())
            }
        }
    }
}

/// Named numbers that can be plotted.
pub struct Names<'a> {
    /// Scores by the number of the class.
    pub scores: &'a BTreeMap<usize, Series>,
    /// Numbers in text by their name.
    pub text: &'a BTreeMap<String, Series>,
    /// Names of the classes, where they are known.
    pub classes: &'a [String],
}

impl Names<'_> {
    /// The name of a class.
    pub fn class(&self, class: usize) -> String {
        self.classes.get(class).cloned().unwrap_or_else(|| format!("class {class}"))
    }
}

/// A line of the box at the cursor.
struct Row {
    left: String,
    right: String,
    font: egui::FontId,
    is_quiet: bool,
    colour: Option<Color32>,
}

impl Row {
    fn figure(left: String, right: String) -> Self {
        Self { left, right, font: font_id::number_strong(), is_quiet: false, colour: None }
    }

    fn words(left: String) -> Self {
        Self { font: font_id::small(), ..Self::figure(left, String::new()) }
    }

    fn quiet(left: String) -> Self {
        Self { font: font_id::number_small(), is_quiet: true, ..Self::figure(left, String::new()) }
    }
}

/// The box at the cursor. Figures stand at the left where a row leads with one, else at the right of their names.
fn read_out(painter: &egui::Painter, theme: &Theme, field: Rect, x: f32, rows: &[Row], leads: bool) {
    let laid: Vec<_> = rows
        .iter()
        .map(|row| {
            let colour = if row.is_quiet { theme.text.text_2 } else { theme.text.text_1 };
            let (left_font, right_font) = match (leads, row.colour) {
                (false, Some(_)) => (font_id::cell(), font_id::number()),
                _ => (row.font.clone(), font_id::number_small()),
            };
            let right_colour = if leads { theme.text.text_3 } else { theme.text.text_1 };
            let left = painter.layout_no_wrap(row.left.clone(), left_font, colour);
            let right = painter.layout_no_wrap(row.right.clone(), right_font, right_colour);
            (row.colour, left, right)
        })
        .collect();
    let widest = laid.iter().map(|(colour, left, right)| {
        left.size().x
            + if colour.is_some() { 14.0 } else { 0.0 }
            + if right.size().x > 0.0 { right.size().x + 16.0 } else { 0.0 }
    });
    let size = vec2(widest.fold(90.0, f32::max) + 20.0, rows.len() as f32 * 18.0 + 12.0);
    let left = if x + 10.0 + size.x > field.right() { x - 10.0 - size.x } else { x + 10.0 };
    let top = (field.top() + 8.0).min(field.bottom() - size.y).max(field.top() + 2.0);
    let card = Rect::from_min_size(pos2(left.max(field.left() + 2.0), top), size);
    painter.rect_filled(card, CornerRadius::same(4), theme.surface.raised);
    painter.rect_stroke(card, CornerRadius::same(4), Stroke::new(1.0, theme.line.strong), StrokeKind::Inside);
    let mut y = card.top() + 15.0;
    for (colour, left, right) in laid {
        let mut x = card.left() + 10.0;
        if let Some(colour) = colour {
            let chip = Rect::from_center_size(pos2(x + 4.0, y), vec2(8.0, 8.0));
            painter.rect_filled(chip, CornerRadius::same(2), colour);
            x += 14.0;
        }
        painter.galley(pos2(x, y - left.size().y / 2.0), left, theme.text.text_1);
        let at = pos2(card.right() - 10.0 - right.size().x, y - right.size().y / 2.0);
        painter.galley(at, right, theme.text.text_1);
        y += 18.0;
    }
}

/// Room at the left and at the right for the marks and the labels.
fn sides(made: &Made) -> (f32, f32) {
    let room = |axis: &Axis| {
        let widths = axis.marks.iter().map(|(_, text)| text_width(text, Style::NumberSmall));
        (widths.fold(24.0, f32::max) + 34.0).ceil()
    };
    (room(&made.chart.y), made.chart.right.as_ref().map_or(Margins::LABELLED.right, room))
}

/// Seconds since the measurement began, with three digits.
fn seconds(micros: u64) -> String {
    format!("{:.3} s", micros as f64 / 1e6)
}

fn newest(series: &Series) -> u64 {
    series.points.back().map_or(0, |(at, _)| *at)
}

fn oldest(series: &Series) -> Option<u64> {
    series.points.front().map(|(at, _)| *at)
}

/// The value whose time is nearest.
fn nearest(series: &Series, micros: u64) -> Option<f64> {
    let after = series.points.partition_point(|(at, _)| *at < micros);
    let candidates = [after.checked_sub(1), Some(after)].into_iter().flatten();
    let candidates = candidates.filter_map(|index| series.points.get(index));
    candidates.min_by_key(|(at, _)| at.abs_diff(micros)).map(|(_, value)| *value)
}
