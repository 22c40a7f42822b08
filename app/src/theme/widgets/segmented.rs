//! A switch of two to four choices that are all visible.

use egui::{Color32, CornerRadius, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{chip_outline, focus_ring};
use crate::theme::{Theme, font_id};

/// A switch 28 points high; true if the user chose another value.
pub fn segmented<T: Copy + PartialEq>(
    ui: &mut Ui,
    theme: &Theme,
    value: &mut T,
    choices: &[(T, &str)],
) -> bool {
    switch(ui, theme, value, choices, 28.0)
}

/// A switch 22 points high, for bars of tables.
pub fn segmented_small<T: Copy + PartialEq>(
    ui: &mut Ui,
    theme: &Theme,
    value: &mut T,
    choices: &[(T, &str)],
) -> bool {
    switch(ui, theme, value, choices, 22.0)
}

fn switch<T: Copy + PartialEq>(
    ui: &mut Ui,
    theme: &Theme,
    value: &mut T,
    choices: &[(T, &str)],
    height: f32,
) -> bool {
    let (font, padding) =
        if height < 28.0 { (font_id::small_strong(), 8.0) } else { (font_id::label(), 10.0) };
    let galleys: Vec<_> = choices
        .iter()
        .map(|(_, label)| {
            ui.painter().layout_no_wrap((*label).to_owned(), font.clone(), Color32::PLACEHOLDER)
        })
        .collect();
    let widths: Vec<f32> = galleys.iter().map(|galley| (galley.size().x + padding * 2.0).ceil()).collect();
    let size = vec2(widths.iter().sum::<f32>() + 4.0, height);
    let (rect, whole) = ui.allocate_exact_size(size, Sense::hover());
    let trough = if theme.dark { theme.surface.window } else { theme.surface.control };
    ui.painter().rect_filled(rect, CornerRadius::same(4), trough);
    chip_outline(ui, rect, 4, theme.line.subtle);

    let mut changed = false;
    let mut x = rect.left() + 2.0;
    for (((choice, label), galley), width) in choices.iter().zip(galleys).zip(widths) {
        let cell = egui::Rect::from_min_size(pos2(x, rect.top() + 2.0), vec2(width, height - 4.0));
        x += width;
        let response: Response = ui.interact(cell, whole.id.with(*label), Sense::click());
        let chosen = *value == *choice;
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, label));
        if response.clicked() && !chosen {
            *value = *choice;
            changed = true;
        }
        let text = if chosen || response.hovered() { theme.text.text_1 } else { theme.text.text_2 };
        if chosen {
            let fill = if theme.dark { theme.surface.control } else { theme.surface.panel };
            ui.painter().rect_filled(cell, CornerRadius::same(3), fill);
            if !theme.dark {
                chip_outline(ui, cell, 3, theme.line.strong);
            }
        }
        ui.painter().galley(cell.center() - galley.size() / 2.0, galley, text);
        focus_ring(ui, theme, &response);
    }
    changed
}
