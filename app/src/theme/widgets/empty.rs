//! What a pane shows when it has nothing: an icon, a strong line, a sentence, at most two buttons.

use egui::{Align, Layout, Ui, UiBuilder, vec2};

use super::{ButtonKind, button};
use crate::theme::{Icon, Theme, text};

/// Fills the available rectangle; returns the index of the button that was pressed.
pub fn empty(
    ui: &mut Ui,
    theme: &Theme,
    icon: Icon,
    strong: &str,
    sentence: &str,
    buttons: &[(ButtonKind, Option<Icon>, &str)],
) -> Option<usize> {
    let rect = ui.available_rect_before_wrap();
    let height = if buttons.is_empty() { 80.0 } else { 128.0 };
    let width = (rect.width() - 32.0).clamp(80.0, 440.0);
    let block = egui::Rect::from_center_size(rect.center(), vec2(width, height));
    let mut pressed = None;
    ui.scope_builder(UiBuilder::new().max_rect(block).layout(Layout::top_down(Align::Center)), |ui| {
        ui.label(icon.text(20.0).color(theme.text.text_3));
        ui.add_space(4.0);
        ui.label(text::strong(strong).color(theme.text.text_1));
        ui.label(text::cell(sentence).color(theme.text.text_2));
        if !buttons.is_empty() {
            ui.add_space(10.0);
            // A row is centred by its width of the frame before, which is kept in memory.
            let id = ui.scope_id().with("buttons");
            let known: f32 = ui.data(|data| data.get_temp(id)).unwrap_or(200.0);
            ui.horizontal(|ui| {
                ui.add_space(((ui.available_width() - known) / 2.0).max(0.0));
                let left = ui.cursor().left();
                for (index, (kind, icon, label)) in buttons.iter().enumerate() {
                    if button(ui, theme, *kind, *icon, label).clicked() {
                        pressed = Some(index);
                    }
                }
                let found = ui.min_rect().right() - left;
                if (found - known).abs() > 0.5 {
                    ui.data_mut(|data| data.insert_temp(id, found));
                    ui.request_repaint();
                }
            });
        }
    });
    ui.advance_cursor_after_rect(rect);
    pressed
}
