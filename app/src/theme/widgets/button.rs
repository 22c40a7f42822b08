//! Buttons: primary, plain, outline, ghost and danger, 28 or 22 points high; icon buttons; key caps.

use egui::{
    Align2, Color32, CornerRadius, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

use crate::theme::{Icon, Theme, font_id};

/// How much a button asks to be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ButtonKind {
    /// The next step; one per panel.
    Primary,
    /// An ordinary action.
    Plain,
    /// An action beside a primary one.
    Outline,
    /// An action in running text or a bar.
    Ghost,
    /// An action that loses something.
    Danger,
}

/// A button 28 points high.
pub fn button(ui: &mut Ui, theme: &Theme, kind: ButtonKind, icon: Option<Icon>, label: &str) -> Response {
    sized_button(ui, theme, kind, icon, label, 28.0)
}

/// A button 22 points high, for bars of tables.
pub fn small_button(
    ui: &mut Ui,
    theme: &Theme,
    kind: ButtonKind,
    icon: Option<Icon>,
    label: &str,
) -> Response {
    sized_button(ui, theme, kind, icon, label, 22.0)
}

/// A square of 28 points with an icon; `name` is the verb that assistive tools and the tooltip say.
pub fn icon_button(ui: &mut Ui, theme: &Theme, icon: Icon, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(28.0, 28.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if ui.is_rect_visible(rect) {
        let look = look(theme, ButtonKind::Ghost, State::of(&response));
        ui.painter().rect_filled(rect, CornerRadius::same(4), look.fill);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, icon.glyph(), font_id::icon(16.0), look.icon);
        focus_ring(ui, theme, &response);
    }
    response.on_hover_text(name)
}

/// A key as it is printed in hints, `Ctrl O`.
pub fn keycap(ui: &mut Ui, theme: &Theme, keys: &str) -> Response {
    let galley = ui.painter().layout_no_wrap(keys.to_owned(), font_id::number_small(), theme.text.text_2);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 10.0, 18.0), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(3), theme.surface.raised);
    chip_outline(ui, rect, 3, theme.line.strong);
    let at = rect.center() - galley.size() / 2.0;
    ui.painter().galley(at, galley, theme.text.text_2);
    response
}

/// Draws the ring around the widget that has the keyboard.
pub fn focus_ring(ui: &Ui, theme: &Theme, response: &Response) {
    if response.has_focus() {
        let stroke = Stroke::new(2.0, theme.line.focus);
        ui.painter().rect_stroke(
            response.rect.expand(1.0),
            CornerRadius::same(5),
            stroke,
            StrokeKind::Outside,
        );
    }
}

/// A line of one point inside the edge of `rect`.
pub fn chip_outline(ui: &Ui, rect: Rect, radius: u8, colour: Color32) {
    ui.painter().rect_stroke(rect, CornerRadius::same(radius), Stroke::new(1.0, colour), StrokeKind::Inside);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Rest,
    Hovered,
    Pressed,
}

impl State {
    fn of(response: &Response) -> Self {
        if response.is_pointer_button_down_on() {
            State::Pressed
        } else if response.hovered() {
            State::Hovered
        } else {
            State::Rest
        }
    }
}

struct Look {
    fill: Color32,
    outline: Color32,
    text: Color32,
    icon: Color32,
}

fn look(theme: &Theme, kind: ButtonKind, state: State) -> Look {
    let neutral = |rest| match state {
        State::Rest => rest,
        State::Hovered => theme.surface.hover,
        State::Pressed => theme.surface.pressed,
    };
    let quiet = if state == State::Rest { theme.text.text_2 } else { theme.text.text_1 };
    match kind {
        ButtonKind::Primary => Look {
            fill: match state {
                State::Rest => theme.accent.base,
                State::Hovered => theme.accent.hover,
                State::Pressed => theme.accent.pressed,
            },
            outline: Color32::TRANSPARENT,
            text: theme.text.on_accent,
            icon: theme.text.on_accent,
        },
        ButtonKind::Plain => Look {
            fill: neutral(theme.surface.control),
            outline: Color32::TRANSPARENT,
            text: theme.text.text_1,
            icon: theme.text.text_2,
        },
        ButtonKind::Outline => Look {
            fill: neutral(Color32::TRANSPARENT),
            outline: theme.line.strong,
            text: theme.text.text_1,
            icon: theme.text.text_2,
        },
        ButtonKind::Ghost => Look {
            fill: neutral(Color32::TRANSPARENT),
            outline: Color32::TRANSPARENT,
            text: quiet,
            icon: quiet,
        },
        ButtonKind::Danger => Look {
            fill: neutral(theme.surface.control),
            outline: Color32::TRANSPARENT,
            text: theme.status.over,
            icon: theme.status.over,
        },
    }
}

fn sized_button(
    ui: &mut Ui,
    theme: &Theme,
    kind: ButtonKind,
    icon: Option<Icon>,
    label: &str,
    height: f32,
) -> Response {
    let small = height < 28.0;
    let font = match kind {
        ButtonKind::Primary => font_id::label_strong(),
        _ if small => font_id::small_strong(),
        _ => font_id::label(),
    };
    let icon_size = if small { 13.0 } else { 14.0 };
    let (padding, gap) = if small { (8.0, 5.0) } else { (10.0, 6.0) };
    let text = ui.painter().layout_no_wrap(label.to_owned(), font, Color32::PLACEHOLDER);
    let icon_width = icon.map_or(0.0, |_| icon_size + if label.is_empty() { 0.0 } else { gap });
    let width = (padding * 2.0 + icon_width + text.size().x).ceil();
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    if ui.is_rect_visible(rect) {
        let look = look(theme, kind, State::of(&response));
        let painter = ui.painter();
        painter.rect_filled(rect, CornerRadius::same(4), look.fill);
        chip_outline(ui, rect, 4, look.outline);
        let mut x = rect.left() + padding;
        if let Some(icon) = icon {
            let at = pos2(x + icon_size / 2.0, rect.center().y);
            painter.text(at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(icon_size), look.icon);
            x += icon_width;
        }
        painter.galley(pos2(x, rect.center().y - text.size().y / 2.0), text, look.text);
        focus_ring(ui, theme, &response);
    }
    response
}
