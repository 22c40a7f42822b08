//! The charts of the panel: losses, learning rates and metrics over the same places, with one cursor.

use egui::{Align2, Color32, CornerRadius, PointerButton, Pos2, Rect, Stroke, StrokeKind, Ui, pos2, vec2};
use emberlab_train::Metric;

use super::curve::{Point, Scale, Smoothing, nearest};
use super::figures::{
    ChartLook, MetricKind, ShownRun, end_across, loss_chart, loss_text, metric_chart, metric_text, rate_chart,
};
use super::lines::{Across, LineRequest};
use super::shown::LineCache;
use crate::charts::{Axis, Chart, Margins, Plotted, plot_ui};
use crate::document::TabId;
use crate::project::OpenProject;
use crate::theme::{Theme, font_id, format, text, with_alpha};
use crate::training::{loss_name, metric_of};

/// Charts and what the user has chosen of them.
#[derive(Default)]
pub struct Curves {
    /// What was chosen.
    pub look: Look,
    cache: LineCache,
    loss: Drawn,
    rate: Drawn,
    metric: Drawn,
    /// The place under the pointer, of the frame before and of this one.
    cursor: Option<f64>,
    next_cursor: Option<f64>,
    /// Where a drag over a chart began.
    drag: Option<Pos2>,
}

/// What the user has chosen of the charts.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// What runs across.
    pub across: Across,
    /// Heights of losses.
    pub scale: Scale,
    /// How the line of steps is smoothed.
    pub smoothing: Smoothing,
    /// And how much.
    pub weight: f64,
    /// A few wild steps do not stretch the axis.
    pub ignore_outliers: bool,
    /// The gap between training and validation is shaded.
    pub gap: bool,
    /// The learning rate is drawn below the losses; `None` while it is drawn exactly for runs in which it changes.
    pub rate: Option<bool>,
    /// The part across that is shown; `None` for all.
    view: Option<(f64, f64)>,
    /// Heights of losses that are shown; `None` for what fits.
    heights: Option<(f64, f64)>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            across: Across::Epoch,
            scale: Scale::Log,
            smoothing: Smoothing::Exponential,
            weight: 0.9,
            ignore_outliers: true,
            gap: true,
            rate: None,
            view: None,
            heights: None,
        }
    }
}

impl Look {
    /// Shows everything.
    pub fn fit(&mut self) {
        (self.view, self.heights) = (None, None);
    }

    /// Everything is shown.
    pub fn is_fit(&self) -> bool {
        self.view.is_none() && self.heights.is_none()
    }

    /// Linear to logarithmic heights, or back.
    pub fn turn_scale(&mut self) {
        let other = match self.scale {
            Scale::Linear => Scale::Log,
            Scale::Log => Scale::Linear,
        };
        self.set_scale(other);
    }

    /// Chooses heights; a part that was zoomed in to has others.
    pub fn set_scale(&mut self, scale: Scale) {
        (self.scale, self.heights) = (scale, None);
    }

    /// Chooses what runs across; a part that was zoomed in to has other places.
    pub fn set_across(&mut self, across: Across) {
        (self.across, self.view) = (across, None);
    }
}

/// A chart that is drawn again as it is until something that it was made of has changed: its lines change less often than
/// frames come.
#[derive(Default)]
struct Drawn(Option<(ChartKey, Chart)>);

/// Everything that a chart is made of.
#[derive(Debug, PartialEq)]
struct ChartKey {
    /// How often lines have changed.
    changes: u64,
    /// Number, name, colour of the runs that are shown, and whether they are in front.
    runs: Vec<(u32, String, Color32, bool)>,
    look: ChartLook,
    /// What stands at the axes.
    words: [&'static str; 2],
    goal: Option<f64>,
    is_dark: bool,
}

impl Drawn {
    /// The chart, made anew if need be; it goes back into its place afterwards.
    fn take(&mut self, key: ChartKey, make: impl FnOnce() -> Chart) -> (ChartKey, Chart) {
        match self.0.take() {
            Some((known, chart)) if known == key => (known, chart),
            _ => (key, make()),
        }
    }
}

impl ChartKey {
    fn new(
        cache: &LineCache,
        runs: &[ShownRun<'_>],
        look: ChartLook,
        words: [&'static str; 2],
        goal: Option<f64>,
        theme: &Theme,
    ) -> Self {
        let run = |run: &ShownRun<'_>| (run.number, run.name.to_owned(), run.colour, run.selected);
        let runs = runs.iter().map(run).collect();
        Self { changes: cache.changes, runs, look, words, goal, is_dark: theme.dark }
    }
}

/// Height of the chart of learning rates.
const RATE: f32 = 84.0;
/// Smaller movements are no drag.
const LEAST_DRAG: f32 = 5.0;
/// Smallest part of the axis that can be zoomed in to, as a share of all.
const LEAST_PART: f64 = 1e-4;
/// Margins of the small chart in the middle.
const NARROW: Margins = Margins { left: 62.0, top: 6.0, right: 14.0, bottom: 22.0 };

impl Curves {
    /// Makes the lines that have changed.
    pub fn refresh(&mut self, tab: TabId, open: &OpenProject) {
        let look = &self.look;
        let request = LineRequest {
            across: look.across,
            smoothing: look.smoothing,
            weight: look.weight,
            steps_per_epoch: 1.0,
        };
        self.cache.refresh(tab, open, request);
        self.cursor = self.next_cursor.take();
    }

    /// The runs that are drawn, the selected one last.
    pub fn shown<'a>(&'a self, open: &'a OpenProject, theme: &Theme) -> Vec<ShownRun<'a>> {
        self.cache.shown(open, theme)
    }

    /// How a chart in a field of this size is drawn.
    pub fn chart_look(&self, open: &OpenProject, runs: &[ShownRun<'_>], field: egui::Vec2) -> ChartLook {
        let all = (0.0, self.end(open, runs));
        let (from, to) = self.look.view.unwrap_or(all);
        ChartLook {
            across: self.look.across,
            scale: self.look.scale,
            ignore_outliers: self.look.ignore_outliers,
            gap: self.look.gap,
            from,
            to,
            heights: self.look.heights,
            columns: field.x.max(1.0) as usize,
            marks_across: ((field.x / 72.0) as usize).clamp(2, 12),
            marks_up: ((field.y / 44.0) as usize).clamp(2, 8),
        }
    }

    /// Where the axis across ends: the run that goes on has room for all of its epochs.
    fn end(&self, open: &OpenProject, runs: &[ShownRun<'_>]) -> f64 {
        let end = runs.iter().map(|run| run.lines.end).fold(0.0, f64::max);
        let planned = open.train.live.as_ref().and_then(|live| {
            let began = live.began.as_ref()?;
            match self.look.across {
                Across::Epoch => Some(began.epochs as f64),
                Across::Step => Some((began.epochs * began.steps_per_epoch) as f64),
                Across::Time => None,
            }
        });
        end_across(self.look.across, end, planned)
    }

    /// The learning rate is drawn.
    pub fn has_rate(&self, open: &OpenProject) -> bool {
        let changes = || {
            let run = open.train.selected.and_then(|run| open.project.run(run)).or(open.project.runs.last());
            run.is_some_and(|run| run.settings.schedule != emberlab_core::training::Schedule::Constant)
        };
        self.look.rate.unwrap_or_else(changes)
    }

    /// Losses, and learning rates below.
    pub fn loss_ui(&mut self, ui: &mut Ui, open: &OpenProject, theme: &Theme) {
        let rect = ui.available_rect_before_wrap();
        let has_rate = self.has_rate(open) && rect.height() > 240.0;
        let (loss_rect, rate_rect) =
            rect.split_top_bottom_at_y(rect.bottom() - if has_rate { RATE } else { 0.0 });
        let cache = std::mem::take(&mut self.cache);
        let runs = cache.shown(open, theme);
        let margins = if has_rate { NARROW } else { Margins::LABELLED };
        let field = margins.field(loss_rect);
        let look = self.chart_look(open, &runs, field.size());
        let measure = measure(open);
        // The chart below says what runs across, if there is one.
        let label = if has_rate { "" } else { across_label(self.look.across) };
        let key = ChartKey::new(&cache, &runs, look, [measure, label], None, theme);
        let (key, chart) = self.loss.take(key, || {
            let chart = loss_chart(&runs, measure, &look, theme);
            if has_rate { Chart { x: Axis { label: String::new(), ..chart.x }, ..chart } } else { chart }
        });
        let spoken = spoken(&runs, "Loss", |run| {
            let best =
                run.lines.best.map(|best| format!(", best {}", loss_text(best.loss))).unwrap_or_default();
            let last = run.lines.smoothed.last().map_or(f64::NAN, |point| point[1]);
            let validation = run.lines.validation.last().map_or(f64::NAN, |point| point[1]);
            format!("train {}, validation {}{best}", loss_text(last), loss_text(validation))
        });
        let plotted = plot_ui(ui, theme, loss_rect, margins, &chart, &spoken);
        self.handle(ui, theme, &plotted, &chart, &look, true);
        if runs.is_empty() {
            let words = "All runs are hidden: a click on a colour at the right shows one";
            sentence(ui, theme, plotted.field, words);
        } else if runs.iter().all(|run| run.lines.raw.is_empty()) {
            sentence(ui, theme, plotted.field, "No step was measured yet");
        }
        if plotted.response.hovered() {
            let value = |run: &ShownRun<'_>, x: f64| {
                let lines = [&run.lines.smoothed, &run.lines.validation];
                lines.map(|line| value_at(line, x, &look, loss_text))
            };
            self.read_out(ui, theme, &plotted, &chart, &runs, value);
        }
        self.loss.0 = Some((key, chart));
        if has_rate {
            let field = Margins::LABELLED.field(rate_rect);
            let look = ChartLook { marks_up: 2, ..self.chart_look(open, &runs, field.size()) };
            let label = across_label(self.look.across);
            let key = ChartKey::new(&cache, &runs, look, ["", label], None, theme);
            let (key, chart) = self.rate.take(key, || {
                let chart = rate_chart(&runs, &look);
                Chart { x: Axis { label: label.to_owned(), ..chart.x }, ..chart }
            });
            let margins = Margins { top: 4.0, bottom: 34.0, ..Margins::LABELLED };
            let plotted = plot_ui(ui, theme, rate_rect, margins, &chart, "Learning rate");
            self.handle(ui, theme, &plotted, &chart, &look, false);
            self.rate.0 = Some((key, chart));
        }
        drop(runs);
        self.cache = cache;
    }

    /// Accuracy, or the mean error.
    pub fn metric_ui(&mut self, ui: &mut Ui, open: &OpenProject, theme: &Theme) {
        let rect = ui.available_rect_before_wrap();
        let (head, rect) = rect.split_top_bottom_at_y(rect.top() + 32.0);
        let kind = metric_kind(open);
        let title = match kind {
            MetricKind::Accuracy => "Accuracy, at the end of each epoch",
            MetricKind::Error => "Mean absolute error, at the end of each epoch",
        };
        let at = pos2(head.left() + 16.0, head.center().y);
        ui.painter().text(at, Align2::LEFT_CENTER, title, font_id::caption(), theme.text.text_3);
        let cache = std::mem::take(&mut self.cache);
        let runs = cache.shown(open, theme);
        let field = Margins::LABELLED.field(rect);
        let look = ChartLook { heights: None, ..self.chart_look(open, &runs, field.size()) };
        let goal = open.project.goal.accuracy.map(f64::from);
        let key = ChartKey::new(&cache, &runs, look, [title, ""], goal, theme);
        let (key, chart) = self.metric.take(key, || metric_chart(&runs, kind, goal, &look, theme));
        let spoken = spoken(&runs, &chart.title, |run| {
            let last = |points: &[[f64; 2]]| points.last().map_or(f64::NAN, |point| point[1]);
            let (train, validation) = (last(&run.lines.metric), last(&run.lines.validation_metric));
            format!("train {}, validation {}", metric_text(kind, train), metric_text(kind, validation))
        });
        let plotted = plot_ui(ui, theme, rect, Margins::LABELLED, &chart, &spoken);
        self.handle(ui, theme, &plotted, &chart, &look, false);
        if runs.iter().all(|run| run.lines.metric.is_empty()) {
            sentence(ui, theme, plotted.field, "Points come at the end of each epoch");
        }
        if plotted.response.hovered() {
            let value = |run: &ShownRun<'_>, x: f64| {
                let lines = [&run.lines.metric, &run.lines.validation_metric];
                lines.map(|line| value_at(line, x, &look, |value| metric_text(kind, value)))
            };
            self.read_out(ui, theme, &plotted, &chart, &runs, value);
        }
        self.metric.0 = Some((key, chart));
        drop(runs);
        self.cache = cache;
    }

    /// Cursor, zoom by wheel and drag, fit by a double click.
    fn handle(
        &mut self,
        ui: &Ui,
        theme: &Theme,
        plotted: &Plotted,
        chart: &Chart,
        look: &ChartLook,
        zooms_heights: bool,
    ) {
        let response = &plotted.response;
        if let Some(at) = response.hover_pos() {
            self.next_cursor = Some(plotted.place(chart, at)[0]);
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta.y, input.zoom_delta()));
            let factor = (f64::from(scroll) / 300.0).exp() * f64::from(pinch);
            if factor != 1.0 {
                let x = plotted.place(chart, at)[0];
                self.zoom_to(x - (x - look.from) / factor, x + (look.to - x) / factor, look);
            }
        }
        if let Some(x) = self.cursor.filter(|x| (look.from..=look.to).contains(x)) {
            let x = plotted.point(chart, [x, chart.y.range.0]).x.round();
            let painter = ui.painter().with_clip_rect(plotted.field);
            painter.vline(x, plotted.field.y_range(), Stroke::new(1.0, theme.plot.crosshair));
        }
        if response.double_clicked() {
            self.look.fit();
        }
        if response.dragged_by(PointerButton::Middle) || response.dragged_by(PointerButton::Secondary) {
            let per_point = (look.to - look.from) / f64::from(plotted.field.width());
            let shift = -f64::from(response.drag_delta().x) * per_point;
            self.look.view = Some((look.from + shift, look.to + shift));
        }
        if response.drag_started_by(PointerButton::Primary) {
            self.drag = ui.input(|input| input.pointer.press_origin());
        }
        let (Some(from), Some(to)) = (self.drag, response.interact_pointer_pos()) else { return };
        let (from, to) = (
            from.clamp(plotted.field.min, plotted.field.max),
            to.clamp(plotted.field.min, plotted.field.max),
        );
        let is_tall = zooms_heights && (to.y - from.y).abs() > 4.0 * LEAST_DRAG;
        let zone = if is_tall {
            Rect::from_two_pos(from, to)
        } else {
            Rect::from_x_y_ranges(from.x.min(to.x)..=from.x.max(to.x), plotted.field.y_range())
        };
        if response.dragged_by(PointerButton::Primary) {
            let painter = ui.painter().with_clip_rect(plotted.field);
            painter.rect_filled(zone, 0.0, with_alpha(theme.accent.base, 0.10));
            painter.rect_stroke(zone, 0.0, Stroke::new(1.0, theme.accent.base), StrokeKind::Inside);
        }
        if response.drag_stopped_by(PointerButton::Primary) {
            self.drag = None;
            if zone.width() >= LEAST_DRAG {
                let (low, high) =
                    (plotted.place(chart, zone.left_bottom()), plotted.place(chart, zone.right_top()));
                self.zoom_to(low[0], high[0], look);
                if is_tall {
                    self.look.heights = Some((low[1], high[1]));
                }
            }
        }
    }

    fn zoom_to(&mut self, from: f64, to: f64, look: &ChartLook) {
        let least = (look.to - look.from).abs() * LEAST_PART;
        if to - from > least && from.is_finite() && to.is_finite() {
            self.look.view = Some((from.max(0.0), to.max(least)));
        }
    }

    /// The box at the cursor: one row for each run.
    fn read_out(
        &self,
        ui: &Ui,
        theme: &Theme,
        plotted: &Plotted,
        chart: &Chart,
        runs: &[ShownRun<'_>],
        value: impl Fn(&ShownRun<'_>, f64) -> [String; 2],
    ) {
        let Some(x) = self.cursor.filter(|_| !runs.is_empty()) else { return };
        let painter = ui.painter();
        let layout = |text: &str, font, colour| painter.layout_no_wrap(text.to_owned(), font, colour);
        let rows: Vec<_> = runs
            .iter()
            .rev()
            .map(|run| {
                let name = layout(run.name, font_id::cell(), theme.text.text_1);
                let values = value(run, x).map(|text| layout(&text, font_id::number(), theme.text.text_1));
                (run.colour, name, values)
            })
            .collect();
        let names = rows.iter().map(|(_, name, _)| name.size().x).fold(60.0, f32::max).min(180.0);
        let column = 72.0;
        let size = vec2(10.0 + 14.0 + names + 2.0 * column + 10.0, 30.0 + 18.0 * rows.len() as f32);
        let at = plotted.point(chart, [x, chart.y.range.0]).x;
        let field = plotted.field;
        let left = if at + 10.0 + size.x > field.right() { at - 10.0 - size.x } else { at + 10.0 };
        let card = Rect::from_min_size(pos2(left.max(field.left() + 2.0), field.top() + 8.0), size);
        painter.rect_filled(card, CornerRadius::same(4), theme.surface.raised);
        painter.rect_stroke(
            card,
            CornerRadius::same(4),
            Stroke::new(1.0, theme.line.strong),
            StrokeKind::Inside,
        );
        let head = place_text(self.look.across, x);
        let top = card.top() + 15.0;
        painter.text(
            pos2(card.left() + 10.0, top),
            Align2::LEFT_CENTER,
            head,
            font_id::number_strong(),
            theme.text.text_1,
        );
        let right = card.right() - 10.0;
        for (label, x) in [("train", right - column), ("validation", right)] {
            painter.text(pos2(x, top), Align2::RIGHT_CENTER, label, font_id::small(), theme.text.text_3);
        }
        for (index, (colour, name, values)) in rows.into_iter().enumerate() {
            let y = top + 19.0 + 18.0 * index as f32;
            let chip = Rect::from_center_size(pos2(card.left() + 14.0, y), vec2(8.0, 8.0));
            painter.rect_filled(chip, CornerRadius::same(2), colour);
            let clip = painter.with_clip_rect(card.with_max_x(right - 2.0 * column + 16.0));
            clip.galley(pos2(card.left() + 24.0, y - name.size().y / 2.0), name, theme.text.text_1);
            for (galley, x) in values.into_iter().zip([right - column, right]) {
                painter.galley(
                    pos2(x - galley.size().x, y - galley.size().y / 2.0),
                    galley,
                    theme.text.text_1,
                );
            }
        }
    }
}

/// A quiet sentence in the middle of a field.
fn sentence(ui: &mut Ui, theme: &Theme, field: Rect, words: &str) {
    let rect = Rect::from_center_size(field.center(), vec2(field.width().min(420.0), 24.0));
    super::within(ui, rect, words, |ui| {
        ui.vertical_centered(|ui| ui.label(text::cell(words).color(theme.text.text_3)));
    });
}

/// What the loss of the selected run is called.
pub(super) fn measure(open: &OpenProject) -> &'static str {
    let run = open.train.selected.and_then(|run| open.project.run(run)).or(open.project.runs.last());
    loss_name(run.map_or(open.project.training.loss, |run| run.settings.loss))
}

/// What is measured beside the loss of the selected run.
pub(super) fn metric_kind(open: &OpenProject) -> MetricKind {
    let began = open.train.live.as_ref().and_then(|live| live.began.as_ref());
    let run = open.train.selected.and_then(|run| open.project.run(run)).or(open.project.runs.last());
    let of_record = run.map(|run| match run.best.and_then(|best| best.accuracy) {
        Some(_) => Metric::Accuracy,
        None if run.best.is_some() => Metric::MeanAbsoluteError,
        None => metric_of(run.settings.loss),
    });
    match began.map(|began| began.metric).or(of_record).unwrap_or(Metric::Accuracy) {
        Metric::Accuracy => MetricKind::Accuracy,
        Metric::MeanAbsoluteError => MetricKind::Error,
    }
}

/// The value of a line at a place; beyond its end there is none.
fn value_at(line: &[Point], x: f64, look: &ChartLook, text: impl Fn(f64) -> String) -> String {
    let reach = 0.02 * (look.to - look.from);
    let is_beyond = line.last().is_none_or(|end| x > end[0] + reach);
    let point = nearest(line, x).filter(|_| !is_beyond);
    point.map_or_else(|| format::UNKNOWN.to_owned(), |point| text(point[1]))
}

fn across_label(across: Across) -> &'static str {
    match across {
        Across::Epoch => "Epoch",
        Across::Step => "Step",
        Across::Time => "Time",
    }
}

/// A place across as the read-out says it.
fn place_text(across: Across, x: f64) -> String {
    match across {
        Across::Epoch => format!("epoch {x:.1}"),
        Across::Step => format!("step {}", format::count(x.max(0.0).round() as u64)),
        Across::Time => format::duration(x.max(0.0)),
    }
}

/// What assistive tools say about a chart: its title, then the latest values of the selected run.
fn spoken(runs: &[ShownRun<'_>], title: &str, values: impl Fn(&ShownRun<'_>) -> String) -> String {
    match runs.last() {
        Some(run) => format!("{title}, {}, {}", run.name, values(run)),
        None => format!("{title}, no run is shown"),
    }
}
