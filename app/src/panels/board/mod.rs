//! Does the board compute the same bits, and how long does it take?
//!
//! [`shown`] is what the pictures show; [`columns`] keeps what was measured as columns of pixels, [`figures`] makes charts of
//! them, [`live`] and [`distribution`] draw these; [`lines`] is how the user wants them, and [`xy`] two numbers against each other. [`operators`] is the table, [`inspector`] the verdict with everything that
//! belongs to it, [`console`] the text of the line. [`start`] and [`notices`] say what to do when there is nothing to show.
//! [`quantity`] is the one place that knows which numbers are a time: those of a chip with a clock, and no others.

pub mod columns;
mod console;
mod date;
mod differing;
mod distribution;
mod export;
pub mod figures;
mod header;
mod inspector;
pub mod layout;
pub mod lines;
pub mod live;
mod notices;
pub mod operators;
pub mod quantity;
pub mod shown;
mod start;
pub mod xy;

#[cfg(test)]
mod ui_tests;

use std::collections::BTreeMap;

use egui::{Align, Key, Layout, Popup, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, vec2};
use emberlab_core::model::SubgraphId;

pub use self::header::status_text;

use self::console::Console;
use self::distribution::Distribution;
use self::export::Exported;
use self::layout::BAR;
use self::live::{Live, Names, Range, View};
use self::operators::{Given, KeptTable, Shows};
use self::quantity::Quantity;
use self::shown::{RecordingNumbers, Shown, measured_model};
use self::start::Start;
use super::PanelContext;
use crate::board::{BoardCommand, BoardRun};
use crate::command::Command;
use crate::document::{Document, Selection, TabId};
use crate::panels::inspect::tables::grid::{grid_ui, ordered};
use crate::project::compress::compress_data;
use crate::shortcuts::{self, Shortcut};
use crate::theme::widgets::{
    ButtonKind, TableStyle, Verdict, hairline, segmented_small, small_button, tag, vertical_hairline,
};
use crate::theme::{Icon, Theme, font_id, format, text};

/// View state of the Board panel.
#[derive(Default)]
pub struct BoardPanel {
    live: Live,
    distribution: Distribution,
    operators: KeptTable,
    /// The selection that the table was scrolled to.
    scrolled_to: Selection,
    console: Console,
    start: Start,
    typing: header::Typing,
    recording: RecordingNumbers,
    classes: Classes,
}

/// Names of the classes of a model, looked up once.
#[derive(Default)]
struct Classes {
    of: Option<(TabId, u64)>,
    names: Vec<String>,
}

/// What keys do here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// What the primary button does.
    Primary,
    /// Freeze the pictures, or let them go on.
    Pause,
    /// Linear or logarithmic heights.
    Scale,
    /// Show the whole range.
    Fit,
}

/// Keys of the panel.
pub const SHORTCUTS: [Shortcut<Action>; 4] = [
    Shortcut::ctrl(Key::R, "Flash and measure, or measure", Action::Primary),
    Shortcut::key(Key::Space, "Pause the pictures, or go on", Action::Pause),
    Shortcut::key(Key::L, "Linear or logarithmic latency", Action::Scale),
    Shortcut::key(Key::F, "Fit the plot into view", Action::Fit),
];

impl BoardPanel {
    /// What stands in the header, from right to left.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        self.listen(ui, ctx);
        header::header_ui(ui, &mut self.typing, ctx);
    }

    fn listen(&mut self, ui: &Ui, ctx: &mut PanelContext<'_>) {
        if ctx.document.view.overlay.is_some() {
            return;
        }
        for action in shortcuts::pressed(ui.ctx(), &SHORTCUTS) {
            match action {
                Action::Primary => {
                    ctx.commands.extend(header::primary_command(ctx.document).map(Command::Board));
                }
                Action::Pause if ctx.document.board.run.is_some() => {
                    ctx.send(Command::Board(BoardCommand::TogglePause));
                }
                Action::Pause => {}
                Action::Scale => self.live.turn_scale(),
                Action::Fit => self.live.fit(),
            }
        }
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some(shown) = Shown::of(&document.board) else {
            self.start.ui(ui, ctx);
            return;
        };
        let whole = ui.available_rect_before_wrap();
        let main = notices::notices_ui(ui, whole, ctx);
        if main.top() > whole.top() {
            hairline(ui.painter(), ctx.theme, main.x_range(), main.top());
        }
        self.classes.refresh(document, shown.run);
        self.live.suggest(if shown.is_plain() { View::Text } else { View::Latency });
        if shown.is_plain() {
            let (plot, log) = layout::split_plain(main);
            self.plot_ui(ui, plot, &shown, true, ctx);
            within(ui, log, "log", |ui| self.console.ui(ui, shown.run, ctx));
            ui.advance_cursor_after_rect(whole);
            return;
        }
        let areas = layout::split(main);
        self.plots_ui(ui, areas.live, areas.distribution, &shown, ctx);
        hairline(ui.painter(), ctx.theme, main.x_range(), areas.operators.top());
        let below = areas.operators.with_min_y(areas.operators.top() + 1.0);
        within(ui, below, "operators", |ui| match shown.run {
            Some(run) => self.operators_ui(ui, run, ctx),
            None => recording_words_ui(ui, ctx.theme),
        });
        within(ui, areas.log, "log", |ui| self.console.ui(ui, shown.run, ctx));
        ui.advance_cursor_after_rect(whole);
    }

    /// The inspector.
    pub fn inspector_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        self.classes.refresh(document, document.board.run.as_deref());
        inspector::inspector_ui(ui, &mut self.recording, &self.classes.names, ctx);
    }

    fn plots_ui(
        &mut self,
        ui: &mut Ui,
        live: Rect,
        distribution: Rect,
        shown: &Shown<'_>,
        ctx: &mut PanelContext<'_>,
    ) {
        let theme = ctx.theme;
        self.plot_ui(ui, live, shown, false, ctx);
        vertical_hairline(ui.painter(), theme, distribution.left(), distribution.y_range());
        let distribution = distribution.with_min_x(distribution.left() + 1.0);
        let (bar, plot) = distribution.split_top_bottom_at_y(distribution.top() + BAR);
        within(ui, bar, "distribution bar", |ui| {
            let inner = ui.max_rect().shrink2(vec2(14.0, 0.0));
            let builder = UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center));
            ui.scope_builder(builder, |ui| {
                ui.label(text::caption(theme, "Distribution"));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.export_ui(ui, shown, ctx));
            });
        });
        let numbers = shown.numbers(&mut self.recording);
        within(ui, plot, "distribution", |ui| self.distribution.ui(ui, shown, numbers, theme));
    }

    /// What is measured, over time.
    fn plot_ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        shown: &Shown<'_>,
        has_export: bool,
        ctx: &mut PanelContext<'_>,
    ) {
        let theme = ctx.theme;
        let (bar, plot) = rect.split_top_bottom_at_y(rect.top() + BAR);
        within(ui, bar, "live bar", |ui| {
            let inner = ui.max_rect().shrink2(vec2(16.0, 0.0));
            let builder = UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center));
            ui.scope_builder(builder, |ui| {
                if has_export {
                    self.export_ui(ui, shown, ctx);
                }
                live_bar_ui(ui, &mut self.live, shown, theme);
            });
        });
        let nothing = BTreeMap::new();
        let scores = shown.run.map_or(&nothing, |run| &run.scores);
        let names = Names { scores, text: shown.series, classes: &self.classes.names };
        let numbers = shown.numbers(&mut self.recording);
        within(ui, plot, "live", |ui| self.live.ui(ui, shown, numbers, &names, theme));
    }

    /// The button with everything that can become a file.
    fn export_ui(&mut self, ui: &mut Ui, shown: &Shown<'_>, ctx: &mut PanelContext<'_>) {
        let button = small_button(ui, ctx.theme, ButtonKind::Ghost, Some(Icon::Download), "Export");
        Popup::menu(&button).show(|ui| {
            let nothing = BTreeMap::new();
            let scores = shown.run.map_or(&nothing, |run| &run.scores);
            let names = Names { scores, text: shown.series, classes: &self.classes.names };
            let numbers = shown.numbers(&mut self.recording);
            let operators = shown.run.map(|run| {
                let given = self.operators.given(run, ctx.document);
                self.operators.refresh(&given).0
            });
            let exported = Exported { shown: *shown, numbers, names: &names, operators };
            export::menu_ui(ui, &mut self.live, &exported, ctx);
        });
    }

    fn operators_ui(&mut self, ui: &mut Ui, run: &BoardRun, ctx: &mut PanelContext<'_>) {
        let rect = ui.available_rect_before_wrap();
        let (bar, table_rect) = rect.split_top_bottom_at_y(rect.top() + BAR);
        within(ui, bar, "operators bar", |ui| self.operators_bar_ui(ui, run, ctx));
        let document = ctx.document;
        let model = measured_model(document, run);
        let given = self.operators.given(run, document);
        let subgraph = given.subgraph;
        let (table, sort) = self.operators.refresh(&given);
        let order = ordered(table, *sort, |_| true);
        let selection = model.map_or(Selection::None, |(tab, _)| tab.selection);
        let selected = match selection {
            Selection::Operator(of, operator) if of == subgraph => Some(operator.index()),
            _ => None,
        };
        let scroll_to = selected.filter(|_| self.scrolled_to != selection);
        self.scrolled_to = selection;
        let style = TableStyle::new(document.settings.comfortable_rows);
        let events = within(ui, table_rect, "table", |ui| {
            grid_ui(ui, ctx.theme, style, table, sort, &order, selected, scroll_to)
        });
        if let Some(row) = events.clicked
            && let Some((tab, _)) = model
        {
            let selection = Selection::Operator(subgraph, table.operator(row));
            self.scrolled_to = selection;
            if document.active != Some(tab.id) {
                ctx.send(Command::ShowTab(tab.id));
            }
            ctx.send(Command::Select(selection));
        }
    }

    fn operators_bar_ui(&mut self, ui: &mut Ui, run: &BoardRun, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let document = ctx.document;
        let inner = ui.max_rect().shrink2(vec2(16.0, 0.0));
        let builder = UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center));
        ui.scope_builder(builder, |ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            ui.label(text::caption(theme, "Operators"));
            let count = run.operators.count();
            let words = match count {
                0 => "measured after the comparison".to_owned(),
                count => format!("median of {}", format::counted(count.min(501), "run", "runs")),
            };
            ui.label(text::small(words).color(theme.text.text_3));
            let in_front = document.active_tab().map(|tab| (tab.id, tab.revision));
            if run.tab.is_some() && run.tab != in_front {
                tag(ui, theme, Verdict::Info, Icon::Info, &format!("Measured: {}", run.model_name))
                    .on_hover_text(
                        "Another model is in front, or the file was read again. Measure again for that one",
                    );
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let per_mac = match Quantity::of(run) {
                    Quantity::Instructions => "Instr./MAC",
                    Quantity::Nanoseconds => "ns/MAC",
                    Quantity::Time { .. } | Quantity::Cycles => "Cycles/MAC",
                };
                let first = match Quantity::of(run) {
                    Quantity::Instructions => "Instructions",
                    Quantity::Time { .. } | Quantity::Nanoseconds | Quantity::Cycles => "Time",
                };
                let choices =
                    [(Shows::Time, first), (Shows::PerMac, per_mac), (Shows::Estimate, "Against estimate")];
                segmented_small(ui, theme, &mut self.operators.shows, &choices);
                if self.operators.shows == Shows::Estimate && ui.available_width() > 220.0 {
                    let words = match Quantity::of(run) {
                        Quantity::Time { .. } => format!("for {}, with TFLM", document.target.chip.label()),
                        _ => "only a chip's times can be compared".to_owned(),
                    };
                    ui.label(text::small(words).color(theme.text.text_3));
                }
            });
        });
    }
}

impl KeptTable {
    /// What the table is made of.
    fn given<'a>(&self, run: &'a BoardRun, document: &'a Document) -> Given<'a> {
        let model = measured_model(document, run);
        let findings = model.and_then(|(_, open)| open.findings(document.target));
        Given {
            run,
            open: model.map(|(_, open)| open),
            subgraph: model.map_or(SubgraphId(0), |(tab, _)| tab.subgraph),
            shows: self.shows,
            estimate: findings.and_then(|findings| findings.latency.as_ref()),
        }
    }
}

impl Classes {
    /// Looks the names up where another model is measured.
    fn refresh(&mut self, document: &Document, run: Option<&BoardRun>) {
        let of = run.and_then(|run| run.tab);
        if self.of == of {
            return;
        }
        let tab = of.and_then(|(id, _)| document.tab(id));
        let data = tab.and_then(compress_data);
        *self = Self { of, names: data.map(|data| data.prepared.classes.clone()).unwrap_or_default() };
    }
}

/// What is plotted, how much of the time, and the way back from a part of it.
fn live_bar_ui(ui: &mut Ui, live: &mut Live, shown: &Shown<'_>, theme: &Theme) {
    let title = match (live.view(), shown.is_live) {
        (View::Latency, true) => "Latency, live",
        (View::Latency, false) => "Latency",
        (View::Scores, _) => "Class scores",
        (View::Text, _) => "Text values",
        (View::Xy, _) => "X-Y",
    };
    ui.spacing_mut().item_spacing.x = 8.0;
    let mut range = live.range();
    let ranges = [(Range::Minute, "1 min"), (Range::TenMinutes, "10 min"), (Range::All, "All")];
    if segmented_small(ui, theme, &mut range, &ranges) {
        live.set_range(range);
    }
    if ui.available_width() > 240.0 {
        let all = [View::Latency, View::Scores, View::Text, View::Xy].map(|view| (view, view.label()));
        // Nothing was computed where only text comes.
        let views = if shown.is_plain() { &all[2..] } else { &all[..] };
        let mut view = live.view();
        if segmented_small(ui, theme, &mut view, views) {
            live.set_view(view);
        }
    }
    if !live.is_fit() && ui.available_width() > 60.0 {
        let fit = small_button(ui, theme, ButtonKind::Ghost, Some(Icon::Maximize), "Fit");
        if fit.on_hover_text("Show the whole range again (F, or a double click)").clicked() {
            live.fit();
        }
    }
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        bar_title_ui(ui, theme, title);
    });
}

/// The title of the plot, where there is room for it.
fn bar_title_ui(ui: &mut Ui, theme: &Theme, title: &str) {
    let galley = ui.painter().layout_no_wrap(title.to_owned(), font_id::caption(), theme.text.text_3);
    if galley.size().x <= ui.available_width() {
        let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x, 18.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, title));
        let at = egui::pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, theme.text.text_3);
    }
}

/// A recording has no operators.
fn recording_words_ui(ui: &mut Ui, theme: &Theme) {
    let words = "Operators are not part of a recording: it holds one number for every inference.";
    crate::theme::widgets::empty(ui, theme, Icon::Table, "Only whole inferences were recorded", words, &[]);
}

/// Draws within a rectangle and nothing beyond.
fn within<R>(ui: &mut Ui, rect: Rect, name: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(name), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        content(ui)
    })
    .inner
}
