//! A row of an inspector: what it is at the left, the counted value at the right.

use egui::{Align2, Color32, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::theme::{Theme, font_id};

/// A row of 22 points; its menu copies the value.
pub fn key_value(ui: &mut Ui, theme: &Theme, key: &str, value: &str) -> Response {
    key_value_coloured(ui, theme, key, value, theme.text.text_1)
}

/// A row of 22 points with the value in `colour`.
pub fn key_value_coloured(ui: &mut Ui, theme: &Theme, key: &str, value: &str, colour: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::CLICK);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, ui.is_enabled(), format!("{key}, {value}")));
    let middle = rect.center().y;
    let painter = ui.painter();
    let name =
        painter.text(pos2(rect.left(), middle), Align2::LEFT_CENTER, key, font_id::cell(), theme.text.text_2);
    let room = rect.right() - name.right() - 12.0;
    let mut job = egui::text::LayoutJob::simple_singleline(value.to_owned(), font_id::number(), colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(24.0));
    let galley = painter.layout_job(job);
    let cut = galley.elided;
    painter.galley(pos2(rect.right() - galley.size().x, middle - galley.size().y / 2.0), galley, colour);
    response.context_menu(|ui| {
        if ui.button("Copy").clicked() {
            ui.copy_text(value.to_owned());
            ui.close();
        }
    });
    if cut { response.on_hover_text(value) } else { response }
}
