//! The settings of a run: to be changed before it begins, to be read afterwards.

mod edit;
mod words;

use egui::{Align2, CornerRadius, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::training::TrainingConfig;

use super::PanelContext;
use crate::command::Command;
use crate::project::OpenProject;
use crate::project::train::TrainCommand;
use crate::theme::{Theme, font_id};

/// Height of a row.
const ROW: f32 = 32.0;
/// Height of a value.
const VALUE: f32 = 26.0;

/// The settings as values that cannot be changed.
pub(super) fn locked_ui(ui: &mut Ui, theme: &Theme, settings: &TrainingConfig) {
    ui.spacing_mut().item_spacing.y = 0.0;
    for (label, value) in words::rows(settings) {
        locked_row(ui, theme, label, &value);
    }
    ui.add_space(8.0);
}

fn locked_row(ui: &mut Ui, theme: &Theme, label: &str, value: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{label}, {value}, locked")));
    let inner = rect.shrink2(vec2(16.0, 0.0));
    let split = inner.left() + (inner.width() * 0.38).round() + 6.0;
    let painter = ui.painter();
    let at = pos2(inner.left(), rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, label, font_id::cell(), theme.text.text_2);
    let input = egui::Rect::from_min_max(
        pos2(split, rect.center().y - VALUE / 2.0),
        pos2(inner.right(), rect.center().y + VALUE / 2.0),
    );
    painter.rect_filled(input, CornerRadius::same(4), theme.surface.canvas);
    painter.rect_stroke(
        input,
        CornerRadius::same(4),
        Stroke::new(1.0, theme.line.subtle),
        StrokeKind::Inside,
    );
    let mut job =
        egui::text::LayoutJob::simple_singleline(value.to_owned(), font_id::number(), theme.text.text_1);
    job.wrap = egui::text::TextWrapping::truncate_at_width(input.width() - 16.0);
    let galley = painter.layout_job(job);
    let is_cut = galley.elided;
    painter.galley(
        pos2(input.left() + 8.0, rect.center().y - galley.size().y / 2.0),
        galley,
        theme.text.text_1,
    );
    if is_cut {
        response.on_hover_text(value);
    }
}

/// The settings of the next run.
pub(super) fn edited_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let before = &open.project.training;
    let mut settings = before.clone();
    egui::Frame::new().inner_margin(egui::Margin { left: 16, right: 16, top: 0, bottom: 8 }).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 0.0;
        edit::edit_ui(ui, &mut settings, open, ctx);
    });
    if settings != *before {
        ctx.send(Command::Train(TrainCommand::SetSettings(Box::new(settings))));
    }
}
