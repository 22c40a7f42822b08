//! How well does the network learn?
//!
//! From what was measured to the screen: [`curve`] smooths and thins out, [`lines`] makes the lines of a run, [`figures`] the
//! charts; [`curves`] draws them and [`results`] what the test said. Drawing only reads: lines are made anew when a run has
//! reported something, at most about 30 times a second.

pub mod curve;
mod curves;
mod export;
pub mod figures;
mod header;
mod inspector;
pub mod lines;
mod results;
mod shown;
mod strip;
mod toolbar;

#[cfg(test)]
mod ui_tests;

use egui::{Key, Rect, Ui, UiBuilder, vec2};

use self::curves::Curves;
use self::inspector::Inspector;
use self::results::Results;
use super::PanelContext;
use crate::command::Command;
use crate::document::PanelKind;
use crate::project::OpenProject;
use crate::project::train::{Missing, TrainCommand, missing};
use crate::shortcuts::{self, Shortcut};
use crate::theme::Icon;
use crate::theme::widgets::{ButtonKind, empty, hairline, vertical_hairline};

pub use header::facts;
pub use results::grid_ui;

/// View state of the panel.
#[derive(Default)]
pub struct TrainPanel {
    curves: Curves,
    results: Results,
    inspector: Inspector,
}

/// What keys do here.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Begin, or end and keep the best.
    Primary,
    /// Wait, or go on.
    Pause,
    /// Linear or logarithmic heights.
    Scale,
    /// Show everything.
    Fit,
}

/// Keys of the panel.
pub const SHORTCUTS: [Shortcut<Action>; 4] = [
    Shortcut::ctrl(Key::R, "Train, or stop and keep the best", Action::Primary),
    Shortcut::key(Key::Space, "Pause training, or go on", Action::Pause),
    Shortcut::key(Key::L, "Linear or logarithmic losses", Action::Scale),
    Shortcut::key(Key::F, "Fit the curves into view", Action::Fit),
];

/// Height of the strip with the progress.
const STRIP: f32 = 52.0;
/// Height of the bar above the curves.
const TOOLBAR: f32 = 40.0;
/// Least width of the results.
const RESULTS_MIN: f32 = 380.0;

impl TrainPanel {
    /// What stands at the right end of the header, from right to left.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some((_, open)) = document.active_project() else { return };
        header::header_ui(ui, open, ctx);
        self.listen(ui, open, ctx);
    }

    fn listen(&mut self, ui: &Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
        for action in shortcuts::pressed(ui.ctx(), &SHORTCUTS) {
            match action {
                Action::Primary if open.train.is_live() => ctx.send(Command::Train(TrainCommand::Stop)),
                Action::Primary => ctx.send(Command::Train(TrainCommand::Start)),
                Action::Pause => ctx.commands.extend(header::pause_command(open).map(Command::Train)),
                Action::Scale => self.curves.look.turn_scale(),
                Action::Fit => self.curves.look.fit(),
            }
        }
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some((tab, open)) = document.active_project() else {
            super::no_project_ui(ui, ctx);
            return;
        };
        if !open.train.unread(&open.project).is_empty() && open.file.is_some() {
            ctx.send(Command::Train(TrainCommand::ReadRuns));
        }
        if open.project.runs.is_empty() {
            empty_ui(ui, open, ctx);
            return;
        }
        let rect = ui.available_rect_before_wrap();
        let (strip, rest) = rect.split_top_bottom_at_y(rect.top() + STRIP);
        let (toolbar, rest) = rest.split_top_bottom_at_y(rest.top() + TOOLBAR);
        let bottom = (rest.height() * 0.48).round().clamp(160.0_f32.min(rest.height()), 420.0);
        let (above, below) = rest.split_top_bottom_at_y(rest.bottom() - bottom);
        let right = (below.width() * 0.43).round().max(RESULTS_MIN.min(below.width() / 2.0));
        let (metric, results) = below.split_left_right_at_x(below.right() - right);
        self.curves.refresh(tab.id, open);
        within(ui, strip, "strip", |ui| strip::strip_ui(ui, ctx.theme, open));
        hairline(ui.painter(), ctx.theme, rect.x_range(), strip.bottom() - 1.0);
        within(ui, toolbar, "toolbar", |ui| toolbar::toolbar_ui(ui, &mut self.curves, tab, open, ctx));
        within(ui, above, "loss", |ui| self.curves.loss_ui(ui, open, ctx.theme));
        hairline(ui.painter(), ctx.theme, rect.x_range(), below.top());
        within(ui, metric.with_min_y(below.top() + 1.0), "metric", |ui| {
            self.curves.metric_ui(ui, open, ctx.theme)
        });
        vertical_hairline(ui.painter(), ctx.theme, results.left(), below.y_range());
        let results = Rect::from_min_max(results.min + vec2(1.0, 1.0), results.max);
        within(ui, results, "results", |ui| self.results.ui(ui, open, ctx));
        ui.advance_cursor_after_rect(rect);
    }

    /// The inspector.
    pub fn inspector_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        if let Some((_, open)) = document.active_project() {
            self.inspector.ui(ui, open, ctx);
        }
    }
}

/// Before the first run: what is missing, or the button that begins.
fn empty_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    if let Some(failure) = &open.train.failure {
        let rect = ui.available_rect_before_wrap().shrink(16.0);
        within(ui, rect.with_max_y(rect.top() + 80.0), "failure", |ui| {
            let verdict = crate::theme::widgets::Verdict::Over;
            let message = format!("{}.", failure.message.trim_end_matches('.'));
            crate::theme::widgets::note(ui, theme, verdict, &message, &failure.help);
        });
    }
    let Some(Missing { title, text, panel, is_coming }) = missing(open) else {
        let sentence = "The network and the data are ready. Settings are at the right.";
        let train = (ButtonKind::Primary, Some(Icon::Play), "Begin training");
        if empty(ui, theme, Icon::Activity, "Nothing has been trained", sentence, &[train]).is_some() {
            ctx.send(Command::Train(TrainCommand::Start));
        }
        return;
    };
    let label = panel.map(|panel| format!("Go to {}", panel.label())).unwrap_or_default();
    let go = (ButtonKind::Primary, Some(Icon::ArrowRight), label.as_str());
    let buttons: &[_] = if is_coming || panel.is_none() { &[] } else { &[go] };
    if empty(ui, theme, Icon::Activity, &title, &text, buttons).is_some() {
        ctx.send(Command::ShowPanel(panel.unwrap_or(PanelKind::Train)));
    }
}

/// Draws within a rectangle and nothing beyond.
fn within<R>(ui: &mut Ui, rect: Rect, name: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(name), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        content(ui)
    })
    .inner
}
