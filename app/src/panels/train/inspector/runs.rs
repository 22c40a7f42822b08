//! The list of runs: colour, name, result, and what can be done with the selected one.

use egui::{
    Align2, CornerRadius, CursorIcon, Key, Rect, Response, Role, Sense, Stroke, StrokeKind, TextEdit, Ui,
    UiBuilder, WidgetInfo, pos2, vec2,
};
use emberlab_core::project::RunRecord;

use super::{PanelContext, head};
use crate::command::Command;
use crate::panels::train::figures::loss_text;
use crate::project::OpenProject;
use crate::project::train::TrainCommand;
use crate::theme::widgets::{ButtonKind, focus_ring, hairline, icon_button, small_button};
use crate::theme::{Icon, Theme, font_id, format, text};

/// View state of the list.
#[derive(Default)]
pub struct Runs {
    /// The run that gets another name, and what was typed.
    renaming: Option<(u32, String)>,
    /// The run that is about to be deleted.
    deleting: Option<u32>,
    /// What names must hold to be listed.
    filter: String,
}

/// Height of a row.
const ROW: f32 = 24.0;
/// Lists of more runs can be filtered.
const FILTERED: usize = 8;

impl Runs {
    /// Draws the list.
    pub fn ui(&mut self, ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        head(ui, theme, "Runs", |ui| compare_ui(ui, open, ctx));
        if open.project.runs.len() > FILTERED {
            super::padded(ui, |ui| {
                crate::theme::widgets::text_input(
                    ui,
                    theme,
                    "Filter runs",
                    &mut self.filter,
                    "Filter by name",
                );
            });
        }
        let mut records: Vec<&RunRecord> =
            open.project.runs.iter().filter(|run| self.is_listed(run)).collect();
        records.sort_by_key(|run| (!run.pinned, std::cmp::Reverse(run.number)));
        heads_ui(ui, theme, open);
        for record in records {
            self.row_ui(ui, open, record, ctx);
        }
        next_ui(ui, open, ctx);
        if let Some(record) = open.train.selected.and_then(|run| open.project.run(run)) {
            self.actions_ui(ui, open, record, ctx);
        }
        ui.add_space(4.0);
    }

    fn is_listed(&self, run: &RunRecord) -> bool {
        run.name.to_lowercase().contains(&self.filter.trim().to_lowercase())
    }

    fn row_ui(&mut self, ui: &mut Ui, open: &OpenProject, record: &RunRecord, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let run = record.number;
        let is_selected = open.train.selected == Some(run);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
        let columns = Columns::new(rect, open.train.baseline.is_some());
        let figures = figures(open, record);
        let spoken = format!("Run {}, {}, epoch {}", record.label(), figures.result, record.epochs);
        response.widget_info(|| WidgetInfo::selected(Role::Row, true, is_selected, &spoken));
        row_look(ui, theme, rect, &response, is_selected);
        let chip = ui.interact(columns.chip, ui.unique_id().with(("chip", run)), Sense::click());
        let verb = if record.hidden { "Show" } else { "Hide" };
        chip.widget_info(|| {
            WidgetInfo::selected(Role::CheckBox, true, !record.hidden, format!("{verb} {}", record.label()))
        });
        chip_ui(ui, theme, &columns, record);
        if chip
            .on_hover_cursor(CursorIcon::PointingHand)
            .on_hover_text(format!("{verb} its curves"))
            .clicked()
        {
            ctx.send(Command::Train(TrainCommand::SetVisible(run, record.hidden)));
        }
        if self.renaming.as_ref().is_some_and(|(renamed, _)| *renamed == run) {
            self.rename_ui(ui, columns.name, ctx);
        } else {
            let colour = if record.hidden { theme.text.text_3 } else { theme.text.text_1 };
            name_ui(ui, theme, columns.name, record, open.train.baseline == Some(run), colour);
        }
        let colour = if record.hidden { theme.text.text_3 } else { theme.text.text_1 };
        let at = |x: f32| pos2(x, rect.center().y);
        let painter = ui.painter();
        painter.text(at(columns.result), Align2::RIGHT_CENTER, &figures.result, font_id::number(), colour);
        if let Some(x) = columns.delta {
            let colour = figures.delta_colour(theme);
            painter.text(at(x), Align2::RIGHT_CENTER, &figures.delta, font_id::number(), colour);
        }
        let epochs = record.epochs.to_string();
        painter.text(at(columns.epoch), Align2::RIGHT_CENTER, epochs, font_id::number(), theme.text.text_3);
        focus_ring(ui, theme, &response);
        if response.clicked() {
            ctx.send(Command::Train(TrainCommand::Select(Some(run))));
        }
        if response.double_clicked() {
            self.renaming = Some((run, record.label()));
        }
        response.context_menu(|ui| self.menu_ui(ui, open, record, ctx));
    }

    fn menu_ui(&mut self, ui: &mut Ui, open: &OpenProject, record: &RunRecord, ctx: &mut PanelContext<'_>) {
        let run = record.number;
        let pin = if record.pinned { "Unpin" } else { "Pin to the top" };
        if ui.button(pin).clicked() {
            ctx.send(Command::Train(TrainCommand::SetPinned(run, !record.pinned)));
            ui.close();
        }
        if ui.button("Rename").clicked() {
            self.renaming = Some((run, record.label()));
            ui.close();
        }
        if ui.button("Compare the others with it").clicked() {
            ctx.send(Command::Train(TrainCommand::SetBaseline(Some(run))));
            ui.close();
        }
        if ui.button("New run with its settings").clicked() {
            ctx.send(Command::Train(TrainCommand::CopySettings(run)));
            ui.close();
        }
        if open.train.live_run(run).is_none() && ui.button("Delete").clicked() {
            self.deleting = Some(run);
            ctx.send(Command::Train(TrainCommand::Select(Some(run))));
            ui.close();
        }
    }

    fn rename_ui(&mut self, ui: &mut Ui, rect: Rect, ctx: &mut PanelContext<'_>) {
        let Some((run, name)) = &mut self.renaming else { return };
        let edit = TextEdit::singleline(name).font(font_id::cell()).margin(egui::Margin::symmetric(4, 1));
        let response = ui.put(rect.shrink2(vec2(0.0, 1.0)), edit).accessible_name("Name of the run");
        let is_dropped = ui.input(|input| input.key_pressed(Key::Escape));
        if response.lost_focus() {
            if !is_dropped {
                ctx.send(Command::Train(TrainCommand::Rename(*run, name.clone())));
            }
            self.renaming = None;
        } else if !response.has_focus() {
            response.request_focus();
        }
    }

    /// What can be done with the selected run; deleting asks again in the same place.
    fn actions_ui(
        &mut self,
        ui: &mut Ui,
        open: &OpenProject,
        record: &RunRecord,
        ctx: &mut PanelContext<'_>,
    ) {
        let theme = ctx.theme;
        let run = record.number;
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::hover());
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let builder = UiBuilder::new().max_rect(rect.shrink2(vec2(12.0, 0.0))).layout(layout);
        ui.scope_builder(builder, |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            if self.deleting == Some(run) {
                let words = format!("Delete {} with its files?", record.label());
                ui.add_space(4.0);
                ui.add(egui::Label::new(text::cell(words).color(theme.text.text_1)).truncate());
                if small_button(ui, theme, ButtonKind::Danger, None, "Yes, delete").clicked() {
                    ctx.send(Command::Train(TrainCommand::Delete(run)));
                    self.deleting = None;
                }
                if small_button(ui, theme, ButtonKind::Ghost, None, "No").clicked() {
                    self.deleting = None;
                }
                return;
            }
            self.deleting = None;
            let pin = if record.pinned { "Unpin the run" } else { "Pin the run to the top" };
            if icon_button(ui, theme, Icon::Pin, pin).clicked() {
                ctx.send(Command::Train(TrainCommand::SetPinned(run, !record.pinned)));
            }
            if small_button(ui, theme, ButtonKind::Ghost, None, "Rename").clicked() {
                self.renaming = Some((run, record.label()));
            }
            if open.train.live_run(run).is_none()
                && icon_button(ui, theme, Icon::Trash2, "Delete the run").clicked()
            {
                self.deleting = Some(run);
            }
            let has_weights = open.train.weights.contains_key(&run) || record.test.is_some();
            if open.train.live_run(run).is_none() && has_weights {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| model_ui(ui, run, ctx));
            }
        });
        ui.advance_cursor_after_rect(rect);
    }
}

/// The trained network as a model, from right to left.
fn model_ui(ui: &mut Ui, run: u32, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    ui.spacing_mut().item_spacing.x = 4.0;
    if icon_button(ui, theme, Icon::Save, "Save as float32 .tflite…").clicked() {
        ctx.send(Command::Train(TrainCommand::SaveModel(run)));
    }
    if small_button(ui, theme, ButtonKind::Outline, Some(Icon::FileBox), "Open float32 model")
        .on_hover_text("The network with the weights of this run, in a tab of its own. It is float32: about 4 times as large as in int8, and slower on a chip")
        .clicked()
    {
        ctx.send(Command::Train(TrainCommand::OpenModel(run)));
    }
}

/// Places of the columns of a row.
struct Columns {
    chip: Rect,
    name: Rect,
    result: f32,
    delta: Option<f32>,
    epoch: f32,
}

impl Columns {
    fn new(row: Rect, has_delta: bool) -> Self {
        let epoch = row.right() - 16.0;
        let result = epoch - 48.0;
        let delta = has_delta.then_some(result);
        let result = if has_delta { result - 58.0 } else { result };
        let left = row.left() + 40.0;
        Self {
            chip: Rect::from_min_size(pos2(row.left() + 8.0, row.top()), vec2(28.0, row.height())),
            name: Rect::from_min_max(
                pos2(left, row.top()),
                pos2((result - 58.0).max(left + 20.0), row.bottom()),
            ),
            result,
            delta,
            epoch,
        }
    }
}

/// What the list says about a run.
struct RunFigures {
    result: String,
    delta: String,
    /// Better is above 0.
    better: Option<f64>,
}

impl RunFigures {
    fn delta_colour(&self, theme: &Theme) -> egui::Color32 {
        match self.better {
            Some(better) if better > 0.0 => theme.status.ok,
            Some(better) if better < 0.0 => theme.status.over,
            _ => theme.text.text_3,
        }
    }
}

fn figures(open: &OpenProject, record: &RunRecord) -> RunFigures {
    let of = |record: &RunRecord| -> Option<(bool, f64)> {
        let best = record.best?;
        match best.validation_accuracy.or(best.accuracy) {
            Some(accuracy) => Some((true, f64::from(accuracy))),
            None => Some((false, f64::from(best.validation_loss.unwrap_or(best.loss)))),
        }
    };
    let value = of(record);
    let result = match value {
        Some((true, accuracy)) => format!("{:.1}", accuracy * 100.0),
        Some((false, loss)) => loss_text(loss),
        None => format::UNKNOWN.to_owned(),
    };
    let baseline = open.train.baseline.filter(|baseline| *baseline != record.number);
    let base = baseline.and_then(|run| open.project.run(run)).and_then(of);
    let (delta, better) = match (value, base) {
        (Some((true, value)), Some((true, base))) => {
            let difference = (value - base) * 100.0;
            let sign = if difference < 0.0 { format::MINUS } else { '+' };
            (format!("{sign}{:.2}", difference.abs()), Some(difference))
        }
        (Some((false, value)), Some((false, base))) => {
            let sign = if value < base { format::MINUS } else { '+' };
            (format!("{sign}{}", loss_text((value - base).abs())), Some(base - value))
        }
        _ => (String::new(), None),
    };
    RunFigures { result, delta, better }
}

/// The button that compares runs with the selected one, and stops comparing.
fn compare_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    if open.train.baseline.is_some() {
        if small_button(ui, theme, ButtonKind::Ghost, Some(Icon::X), "Stop comparing").clicked() {
            ctx.send(Command::Train(TrainCommand::SetBaseline(None)));
        }
        return;
    }
    let selected = open.train.selected.filter(|_| open.project.runs.len() > 1);
    if let Some(run) = selected
        && small_button(ui, theme, ButtonKind::Ghost, Some(Icon::Equal), "Compare")
            .on_hover_text("Show how far the other runs are above or below this one")
            .clicked()
    {
        ctx.send(Command::Train(TrainCommand::SetBaseline(Some(run))));
    }
}

fn heads_ui(ui: &mut Ui, theme: &Theme, open: &OpenProject) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    let columns = Columns::new(rect, open.train.baseline.is_some());
    let has_accuracy =
        open.project.runs.iter().any(|run| run.best.is_some_and(|best| best.accuracy.is_some()));
    let result = if has_accuracy || open.project.runs.iter().all(|run| run.best.is_none()) {
        "val %"
    } else {
        "val loss"
    };
    let painter = ui.painter();
    let (font, colour) = (font_id::caption(), theme.text.text_3);
    let at = |x: f32| pos2(x, rect.center().y);
    painter.text(at(columns.name.left()), Align2::LEFT_CENTER, "Run", font.clone(), colour);
    painter.text(at(columns.result), Align2::RIGHT_CENTER, result, font.clone(), colour);
    if let Some(x) = columns.delta {
        painter.text(at(x), Align2::RIGHT_CENTER, "difference", font.clone(), colour);
    }
    painter.text(at(columns.epoch), Align2::RIGHT_CENTER, "epoch", font, colour);
    hairline(painter, theme, rect.x_range(), rect.bottom() - 1.0);
}

/// The row of the next run.
fn next_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let is_selected = open.train.selected.is_none();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Row, true, is_selected, "The next run"));
    row_look(ui, theme, rect, &response, is_selected);
    let columns = Columns::new(rect, false);
    let colour = if is_selected { theme.accent.text } else { theme.text.text_3 };
    let painter = ui.painter();
    let icon = Icon::Plus.glyph();
    painter.text(columns.chip.center(), Align2::CENTER_CENTER, icon, font_id::icon(13.0), colour);
    let at = pos2(columns.name.left(), rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, "The next run", font_id::cell(), theme.text.text_2);
    focus_ring(ui, theme, &response);
    if response.clicked() {
        ctx.send(Command::Train(TrainCommand::Select(None)));
    }
}

fn row_look(ui: &Ui, theme: &Theme, rect: Rect, response: &Response, is_selected: bool) {
    if is_selected {
        ui.painter().rect_filled(rect, 0.0, theme.accent.soft);
        let edge = Rect::from_min_size(rect.min + vec2(0.0, 0.0), vec2(2.0, rect.height()));
        ui.painter().rect_filled(edge, 0.0, theme.accent.base);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, theme.surface.raised);
    }
}

fn chip_ui(ui: &Ui, theme: &Theme, columns: &Columns, record: &RunRecord) {
    let colour = theme.series[record.colour as usize % theme.series.len()];
    let chip = Rect::from_center_size(columns.chip.center(), vec2(12.0, 12.0));
    if record.hidden {
        ui.painter().rect_stroke(chip, CornerRadius::same(3), Stroke::new(1.5, colour), StrokeKind::Inside);
    } else {
        ui.painter().rect_filled(chip, CornerRadius::same(3), colour);
    }
}

fn name_ui(ui: &Ui, theme: &Theme, rect: Rect, record: &RunRecord, is_baseline: bool, colour: egui::Color32) {
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let at = pos2(rect.left(), rect.center().y);
    let name = painter.text(at, Align2::LEFT_CENTER, record.label(), font_id::cell(), colour);
    let mut x = name.right() + 6.0;
    let marks = [(record.pinned, Icon::Pin), (is_baseline, Icon::Equal)];
    for (_, icon) in marks.into_iter().filter(|(is_shown, _)| *is_shown) {
        let at = pos2(x, rect.center().y);
        painter.text(at, Align2::LEFT_CENTER, icon.glyph(), font_id::icon(12.0), theme.text.text_3);
        x += 16.0;
    }
}
