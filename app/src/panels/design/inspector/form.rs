//! Fields of an inspector: a label at the left, a value at the right.

use egui::style::WidgetVisuals;
use egui::{
    Align, Align2, ComboBox, DragValue, Label, Layout, Margin, Rect, Response, Stroke, TextEdit, Ui, vec2,
};

use crate::theme::{Icon, Theme, font_id, format, text};

/// Width of the labels.
const LABEL: f32 = 104.0;

/// Height of a row, and of a field in it.
const ROW: f32 = 31.0;
const FIELD: f32 = 24.0;

/// What the user did to the fields of a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// A number is being dragged or typed.
    pub dragged: bool,
    /// A value was chosen.
    pub set: bool,
    /// Dragging or typing has ended.
    pub rested: bool,
}

/// Draws fields and notes what was changed.
pub struct Form<'a> {
    ui: &'a mut Ui,
    theme: &'a Theme,
    /// What was changed so far.
    pub changes: Changes,
}

impl<'a> Form<'a> {
    /// Fields over the available width.
    pub fn new(ui: &'a mut Ui, theme: &'a Theme) -> Self {
        Self { ui, theme, changes: Changes::default() }
    }

    /// A whole number from `least` on.
    pub fn count(&mut self, label: &str, value: &mut usize, least: usize) {
        let response = row(self.ui, self.theme, label, |ui, theme, width| {
            count_field(ui, theme, label, value, least, width)
        });
        self.note(&response);
    }

    /// Two whole numbers, `3 × 3`; their names are the label with what each stands for.
    pub fn pair(&mut self, label: &str, names: [&str; 2], value: &mut [usize; 2], least: usize) {
        let responses = row(self.ui, self.theme, label, |ui, theme, width| {
            let half = (width - 16.0) / 2.0;
            let [first, second] = value;
            let name = |part: &str| format!("{label} {part}");
            let first = count_field(ui, theme, &name(names[0]), first, least, half);
            ui.add_sized(vec2(16.0, FIELD), Label::new(text::number("×").color(theme.text.text_3)));
            let second = count_field(ui, theme, &name(names[1]), second, least, half);
            [first, second]
        });
        responses.iter().for_each(|response| self.note(response));
    }

    /// A real number.
    pub fn real(&mut self, label: &str, value: &mut f32, speed: f64, range: std::ops::RangeInclusive<f32>) {
        let response = row(self.ui, self.theme, label, |ui, theme, width| {
            let field = DragValue::new(value).speed(speed).range(range);
            number_field(ui, theme, label, field, width)
        });
        self.note(&response);
    }

    /// One of a few values.
    pub fn choice<T: Copy + PartialEq>(&mut self, label: &str, value: &mut T, choices: &[(T, &str)]) {
        let changed = row(self.ui, self.theme, label, |ui, theme, width| {
            choice_field(ui, theme, label, value, choices, width)
        });
        self.changes.set |= changed;
    }

    /// Sizes of dimensions, typed as `28×28×1`; what cannot be read changes nothing.
    pub fn shape(&mut self, label: &str, value: &mut Vec<usize>) {
        let typed =
            row(self.ui, self.theme, label, |ui, theme, width| shape_field(ui, theme, label, value, width));
        if let Some(shape) = typed {
            *value = shape;
            self.changes.set = true;
        }
    }

    fn note(&mut self, response: &Response) {
        self.changes.dragged |= response.changed();
        self.changes.rested |= response.drag_stopped() || response.lost_focus();
    }
}

/// A row with a label and what `content` draws beside it; `content` gets the width that is left.
pub fn row<R>(ui: &mut Ui, theme: &Theme, label: &str, content: impl FnOnce(&mut Ui, &Theme, f32) -> R) -> R {
    let size = vec2(ui.available_width(), ROW);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(size);
        ui.spacing_mut().item_spacing.x = 0.0;
        let words = Label::new(text::cell(label).color(theme.text.text_2)).truncate();
        ui.allocate_ui_with_layout(vec2(LABEL, FIELD), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(LABEL);
            ui.add(words);
        });
        let width = (size.x - LABEL).max(60.0);
        content(ui, theme, width)
    })
    .inner
}

/// A whole number that can be dragged or typed.
pub fn count_field(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    value: &mut usize,
    least: usize,
    width: f32,
) -> Response {
    let speed = count_speed(*value);
    let field = DragValue::new(value).speed(speed).range(least..=1_000_000);
    number_field(ui, theme, name, field, width)
}

/// Larger numbers move faster.
fn count_speed(value: usize) -> f64 {
    (value as f64 / 200.0).clamp(0.05, 20.0)
}

/// A number that can be dragged or typed, as wide as `width`.
pub fn number_field(ui: &mut Ui, theme: &Theme, name: &str, field: DragValue<'_>, width: f32) -> Response {
    let size = vec2(width, FIELD);
    let layout = Layout::left_to_right(Align::Center).with_main_align(Align::Min);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        outline(ui, theme);
        ui.spacing_mut().interact_size.y = FIELD;
        ui.spacing_mut().button_padding = vec2(8.0, 3.0);
        let field = field.min_size(size).custom_formatter(|value, _| format::with_decimals(value, 0..=6));
        ui.add(field).accessible_name(name)
    })
    .inner
}

/// A menu of values; true if another was chosen.
pub fn choice_field<T: Copy + PartialEq>(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    value: &mut T,
    choices: &[(T, &str)],
    width: f32,
) -> bool {
    let present = choices.iter().find(|(choice, _)| choice == value).map_or("", |(_, label)| *label);
    let mut changed = false;
    ui.scope(|ui| {
        outline(ui, theme);
        ui.spacing_mut().interact_size.y = FIELD;
        ui.spacing_mut().button_padding = vec2(8.0, 3.0);
        let menu = ComboBox::from_id_salt(name)
            .width(width)
            .icon(chevron)
            .selected_text(text::number(present).color(theme.text.text_1))
            .show_ui(ui, |ui| {
                for (choice, label) in choices {
                    changed |= ui.selectable_value(value, *choice, text::number(*label)).changed();
                }
            });
        menu.response.accessible_name(name);
    });
    changed
}

/// What stands at the end of a menu.
pub fn chevron(ui: &Ui, rect: Rect, visuals: &WidgetVisuals, _is_open: bool) {
    let colour = visuals.fg_stroke.color;
    let glyph = Icon::ChevronDown.glyph();
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, glyph, font_id::icon(13.0), colour);
}

/// A line of text; what was typed comes once, when the field is left or Enter is pressed.
pub fn text_field(ui: &mut Ui, theme: &Theme, name: &str, value: &str, width: f32) -> Option<String> {
    let id = ui.scope_id().with(("text", name));
    let stored: Option<String> = ui.data(|data| data.get_temp(id));
    let mut typed = stored.unwrap_or_else(|| value.to_owned());
    let response = ui
        .scope(|ui| {
            outline(ui, theme);
            ui.spacing_mut().interact_size.y = FIELD;
            let edit = TextEdit::singleline(&mut typed)
                .id(id.with("edit"))
                .font(font_id::number())
                .text_color(theme.text.text_1)
                .margin(Margin::symmetric(8, 2))
                .align(Align2::LEFT_CENTER)
                .desired_width(width - 16.0)
                .min_size(vec2(width, FIELD));
            ui.add(edit).accessible_name(name)
        })
        .inner;
    if response.lost_focus() {
        ui.data_mut(|data| data.remove::<String>(id));
        let is_kept = !ui.input(|input| input.key_pressed(egui::Key::Escape));
        return (is_kept && typed != value).then_some(typed);
    }
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, typed));
    }
    None
}

fn shape_field(ui: &mut Ui, theme: &Theme, name: &str, value: &[usize], width: f32) -> Option<Vec<usize>> {
    let typed = text_field(ui, theme, name, &emberlab_core::layers::shape_text(value), width)?;
    shape_from_text(&typed).filter(|shape| shape != value)
}

/// `28×28×1`, also with `x`, `,`, `*` or spaces between the numbers.
pub fn shape_from_text(text: &str) -> Option<Vec<usize>> {
    let parts = text.split(|c: char| {
        matches!(c, '×' | 'x' | 'X' | ',' | '*' | '(' | ')' | '[' | ']') || c.is_whitespace()
    });
    let sizes: Option<Vec<usize>> =
        parts.filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect();
    sizes.filter(|sizes| !sizes.is_empty())
}

/// Gives fields in `ui` their look: the canvas' colour within a strong line.
pub fn outline(ui: &mut Ui, theme: &Theme) {
    let widgets = &mut ui.visuals_mut().widgets;
    for visuals in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active, &mut widgets.open] {
        visuals.weak_bg_fill = theme.surface.canvas;
        visuals.bg_fill = theme.surface.canvas;
        visuals.bg_stroke = Stroke::new(1.0, theme.line.strong);
    }
    widgets.hovered.bg_stroke = Stroke::new(1.0, theme.text.text_3);
    widgets.active.bg_stroke = Stroke::new(1.0, theme.accent.text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read_as_people_write_them() {
        for text in ["49×10×1", "49x10x1", "49, 10, 1", "(49, 10, 1)", "49 10 1"] {
            assert_eq!(shape_from_text(text), Some(vec![49, 10, 1]), "{text}");
        }
        for text in ["", "x", "49×ten", "-3"] {
            assert_eq!(shape_from_text(text), None, "{text}");
        }
    }
}
