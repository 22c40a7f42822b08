//! Rows of a form: a label at the left, an input at the right. Inputs are canvas with an outline, values in mono.

use egui::{Align2, Checkbox, ComboBox, DragValue, Label, Response, Stroke, TextEdit, Ui, vec2};

use crate::theme::{Icon, Theme, font_id, text};

/// Height of a row.
pub const FIELD: f32 = 32.0;

/// Height of an input.
const INPUT: f32 = 26.0;

/// Share of a row that its label takes, and the most that it takes.
const LABEL_SHARE: f32 = 0.38;
const LABEL_MOST: f32 = 124.0;

/// Least width of a column of boxes with ticks.
const CHECK_COLUMN: f32 = 124.0;

/// A row with a label; `content` draws over the rest of its width.
pub fn field<R>(ui: &mut Ui, theme: &Theme, label: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    let width = ui.available_width();
    ui.horizontal(|ui| {
        ui.set_min_height(FIELD);
        ui.spacing_mut().item_spacing.x = 6.0;
        let left = (width * LABEL_SHARE).min(LABEL_MOST).round();
        ui.allocate_ui_with_layout(
            vec2(left, FIELD),
            egui::Layout::left_to_right(egui::Align::Center),
            |ui| {
                ui.set_min_size(vec2(left, FIELD));
                ui.add(Label::new(text::cell(label).color(theme.text.text_2)).truncate());
            },
        );
        content(ui)
    })
    .inner
}

/// Looks of inputs for everything that `content` draws.
pub fn input_look<R>(ui: &mut Ui, theme: &Theme, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = INPUT;
        let widgets = &mut ui.visuals_mut().widgets;
        for visuals in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active, &mut widgets.open] {
            visuals.weak_bg_fill = theme.surface.canvas;
            visuals.bg_fill = theme.surface.canvas;
            visuals.bg_stroke = Stroke::new(1.0, theme.line.strong);
        }
        widgets.hovered.bg_stroke.color = theme.text.text_3;
        widgets.active.bg_stroke.color = theme.line.focus;
        content(ui)
    })
    .inner
}

/// A number that is dragged or typed, over the available width.
pub fn number_input(ui: &mut Ui, theme: &Theme, name: &str, value: DragValue<'_>) -> Response {
    let width = ui.available_width();
    input_look(ui, theme, |ui| ui.add_sized(vec2(width, INPUT), value)).accessible_name(name)
}

/// A number as wide as `width`.
pub fn narrow_number_input(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    width: f32,
    value: DragValue<'_>,
) -> Response {
    input_look(ui, theme, |ui| ui.add_sized(vec2(width, INPUT), value)).accessible_name(name)
}

/// One line of text, over the available width.
pub fn text_input(ui: &mut Ui, theme: &Theme, name: &str, value: &mut String, hint: &str) -> Response {
    let width = ui.available_width();
    let edit = TextEdit::singleline(value)
        .font(font_id::body())
        .hint_text(hint)
        .align(egui::Align2::LEFT_CENTER)
        .text_color(theme.text.text_1);
    input_look(ui, theme, |ui| ui.add_sized(vec2(width, INPUT), edit)).accessible_name(name)
}

/// One of several values, over the available width; true if another was chosen.
pub fn choice_input<T: PartialEq + Clone>(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    value: &mut T,
    choices: &[(T, String)],
) -> bool {
    let width = ui.available_width();
    let shown = choices.iter().find(|(choice, _)| choice == value).map_or("", |(_, label)| label.as_str());
    let before = value.clone();
    input_look(ui, theme, |ui| {
        let combo = ComboBox::from_id_salt(name)
            .selected_text(text::cell(shown).color(theme.text.text_1))
            .width(width)
            .icon(|ui, rect, visuals, _| {
                let font = font_id::icon(14.0);
                let glyph = Icon::ChevronDown.glyph();
                ui.painter().text(rect.center(), Align2::CENTER_CENTER, glyph, font, visuals.fg_stroke.color);
            })
            .truncate();
        let response = combo.show_ui(ui, |ui| {
            for (choice, label) in choices {
                ui.selectable_value(value, choice.clone(), text::cell(label));
            }
        });
        response.response.accessible_name(format!("{name}, {shown}"));
    });
    *value != before
}

/// Boxes with ticks in columns; the number of the one that was changed.
pub fn check_inputs(ui: &mut Ui, theme: &Theme, boxes: &[(String, bool)]) -> Option<usize> {
    let width = ui.available_width();
    let columns = ((width / CHECK_COLUMN) as usize).max(1);
    let each = (width / columns as f32).floor();
    let mut changed = None;
    for (row, chunk) in boxes.chunks(columns).enumerate() {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            for (column, (label, value)) in chunk.iter().enumerate() {
                let layout = egui::Layout::left_to_right(egui::Align::Center);
                ui.allocate_ui_with_layout(vec2(each, 24.0), layout, |ui| {
                    ui.set_min_size(vec2(each, 24.0));
                    ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
                    let mut value = *value;
                    if check_input(ui, theme, label, &mut value) {
                        changed = Some(row * columns + column);
                    }
                });
            }
        });
    }
    changed
}

/// A box with a tick; true if it was changed.
pub fn check_input(ui: &mut Ui, theme: &Theme, label: &str, value: &mut bool) -> bool {
    input_look(ui, theme, |ui| {
        ui.add(Checkbox::new(value, text::cell(label).color(theme.text.text_1))).changed()
    })
}
