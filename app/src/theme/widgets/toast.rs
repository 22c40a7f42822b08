//! One sentence about something that happened elsewhere than where the user looks.

use egui::{Align2, Color32, CornerRadius, Frame, Margin, Role, Sense, Shadow, Stroke, Ui, WidgetInfo, vec2};

use super::Verdict;
use crate::theme::{Icon, Theme, font_id, shadow, text};

/// What the user did with a toast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToastResponse {
    /// The pointer rests on it.
    pub hovered: bool,
    /// Its action was pressed.
    pub action: bool,
    /// It was closed.
    pub closed: bool,
}

/// A card over the available width with an icon, a sentence and an action.
pub fn toast(
    ui: &mut Ui,
    theme: &Theme,
    verdict: Verdict,
    sentence: &str,
    action: Option<&str>,
) -> ToastResponse {
    let mut result = ToastResponse::default();
    let frame = Frame::new()
        .fill(theme.surface.raised)
        .stroke(Stroke::new(1.0, theme.line.strong))
        .corner_radius(CornerRadius::same(6))
        .shadow(Shadow {
            offset: [0, 4],
            blur: 12,
            spread: 0,
            color: shadow(if theme.dark { 0.4 } else { 0.16 }),
        })
        .inner_margin(Margin { left: 12, right: 8, top: 8, bottom: 8 });
    let response = frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(verdict.icon().text(16.0).color(verdict.colour(theme)));
            let reserved = 28.0 + action.map_or(0.0, |label| 16.0 + label.len() as f32 * 8.0);
            let room = (ui.available_width() - reserved).max(80.0);
            ui.allocate_ui(vec2(room, 20.0), |ui| {
                ui.set_width(room);
                ui.add(egui::Label::new(text::cell(sentence).color(theme.text.text_1)).wrap());
            });
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                result.closed =
                    plain_click(ui, Icon::X.glyph().to_string(), 13.0, theme.text.text_3, "Close message");
                if let Some(label) = action {
                    result.action = plain_click(ui, label.to_owned(), 0.0, theme.accent.text, label);
                }
            });
        });
    });
    result.hovered = response.response.contains_pointer();
    result
}

/// Text that can be clicked; an icon of `icon_size` points where that is not 0.
fn plain_click(ui: &mut Ui, glyphs: String, icon_size: f32, colour: Color32, name: &str) -> bool {
    let font = if icon_size > 0.0 { font_id::icon(icon_size) } else { font_id::label_strong() };
    let galley = ui.painter().layout_no_wrap(glyphs, font, colour);
    let size = vec2((galley.size().x + 10.0).max(22.0), 22.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min;
    ui.painter().galley(at, galley, colour);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
