//! The inspector: runs, settings, the goal, and what the user should know.

mod goal;
mod runs;
mod settings;

use egui::{Align2, Role, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use emberlab_core::project::RunRecord;

use self::runs::Runs;
use super::PanelContext;
use super::header::can_go_on;
use crate::command::Command;
use crate::project::OpenProject;
use crate::project::train::{TrainCommand, missing};
use crate::theme::widgets::{ButtonKind, Verdict, hairline, key_value, note, section, small_button};
use crate::theme::{Icon, Theme, font_id, format};

/// View state of the inspector.
#[derive(Default)]
pub struct Inspector {
    runs: Runs,
}

impl Inspector {
    /// Draws the inspector.
    pub fn ui(&mut self, ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
        if !open.project.runs.is_empty() {
            troubles_ui(ui, open, ctx);
            self.runs.ui(ui, open, ctx);
        }
        let selected = open.train.selected.and_then(|run| open.project.run(run));
        match selected {
            Some(record) => run_ui(ui, open, record, ctx),
            None => next_ui(ui, open, ctx),
        }
    }
}

/// What failed, and what keeps the next run from beginning.
fn troubles_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let mut notes = Vec::new();
    if let Some(failure) = &open.train.failure {
        notes.push((
            Verdict::Over,
            format!("{}.", failure.message.trim_end_matches('.')),
            failure.help.clone(),
        ));
    } else if let Some(missing) = missing(open).filter(|missing| !missing.is_coming && !open.train.is_live())
    {
        notes.push((Verdict::Warn, format!("{}.", missing.title), missing.text));
    }
    if notes.is_empty() {
        return;
    }
    egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 10)).show(ui, |ui| {
        for (verdict, bold, rest) in &notes {
            note(ui, theme, *verdict, bold, rest);
        }
    });
}

/// A run that has begun: its settings are locked.
fn run_ui(ui: &mut Ui, open: &OpenProject, record: &RunRecord, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    head(ui, theme, &format!("Settings of {}", record.label()), |ui| {
        ui.label(Icon::Lock.text(13.0).color(theme.text.text_3)).on_hover_text("A run keeps its settings");
        if small_button(ui, theme, ButtonKind::Ghost, Some(Icon::Plus), "New run")
            .on_hover_text("Takes these settings for the next run, where they can be changed")
            .clicked()
        {
            ctx.send(Command::Train(TrainCommand::CopySettings(record.number)));
        }
    });
    settings::locked_ui(ui, theme, &record.settings);
    goal::goal_ui(ui, open, Some(record), ctx);
    let live = open.train.live_run(record.number);
    padded(ui, |ui| {
        let words = if live.is_some() {
            ("Settings are locked while the run is going.", "New run copies them.")
        } else {
            ("Settings of a run stay as they are.", "New run copies them.")
        };
        note(ui, theme, Verdict::Plain, words.0, words.1);
    });
    facts_ui(ui, open, record, ctx);
}

/// What is known of a run besides its settings.
fn facts_ui(ui: &mut Ui, open: &OpenProject, record: &RunRecord, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let live = open.train.live_run(record.number);
    let began = live.and_then(|live| live.began.as_deref());
    section(ui, theme, "The run", "", |ui| {
        key_value(
            ui,
            theme,
            "State",
            if live.is_some() { "going on" } else { super::strip::state_text(record) },
        );
        if !record.backend.is_empty() {
            key_value(ui, theme, "Computed on", &record.backend);
        }
        if let Some(began) = began {
            wrapped(ui, theme, &began.reason);
            key_value(ui, theme, "Parameters", &format::count(began.parameters as u64));
            key_value(ui, theme, "Training samples", &format::count(began.training_samples as u64));
            key_value(ui, theme, "Validation samples", &format::count(began.validation_samples as u64));
        }
        if let Some(test) = &record.test {
            key_value(ui, theme, "Tested on", &format::counted(test.samples as u64, "sample", "samples"));
            key_value(ui, theme, "Test loss", &super::figures::loss_text(f64::from(test.loss)));
        }
        if record.files.checkpoint.is_empty() && open.file.is_none() {
            wrapped(ui, theme, "The project was never saved: the run keeps no checkpoints");
        } else if live.is_none() && can_go_on(open, record.number) {
            wrapped(ui, theme, "It can go on from its last checkpoint");
        }
        for words in began.map_or(&[][..], |began| &began.notes) {
            wrapped(ui, theme, words);
        }
    });
    if let Some(live) = live.filter(|live| !live.notes.is_empty()) {
        padded(ui, |ui| {
            for words in &live.notes {
                note(ui, theme, Verdict::Warn, "", words);
            }
        });
    }
}

/// The settings of the next run.
fn next_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    head(ui, ctx.theme, "Settings of the next run", |_| {});
    settings::edited_ui(ui, open, ctx);
    goal::goal_ui(ui, open, None, ctx);
}

/// A line, a caption, and what stands at the right end, from right to left.
fn head(ui: &mut Ui, theme: &Theme, title: &str, right: impl FnOnce(&mut Ui)) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), egui::Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, title));
    hairline(ui.painter(), theme, rect.x_range(), rect.top());
    let at = pos2(rect.left() + 16.0, rect.center().y);
    ui.painter().text(at, Align2::LEFT_CENTER, title, font_id::caption(), theme.text.text_3);
    let inner = rect.shrink2(vec2(12.0, 0.0));
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), right);
    ui.advance_cursor_after_rect(rect);
}

fn padded(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 6)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        content(ui);
    });
}

/// Quiet words over as many lines as they need.
fn wrapped(ui: &mut Ui, theme: &Theme, words: &str) {
    let words = crate::theme::text::small(words).color(theme.text.text_3);
    ui.add(egui::Label::new(words).wrap());
    ui.add_space(4.0);
}
