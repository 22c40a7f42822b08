//! A verdict with its reason: soft fill, an edge in the verdict's colour, bold first words, figures in mono.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, CornerRadius, FontId, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{ButtonKind, Verdict, small_button};
use crate::theme::{Icon, Theme, font_id};

const PADDING: egui::Vec2 = vec2(12.0, 8.0);
const EDGE: f32 = 2.0;
const LINE: f32 = 17.0;

/// A note over the whole width; text between backticks is set in mono.
pub fn note(ui: &mut Ui, theme: &Theme, verdict: Verdict, bold: &str, rest: &str) -> Response {
    note_buttons(ui, theme, verdict, bold, rest, &[]).0
}

/// A note with buttons below the text; also returns the index of the button that was pressed.
pub fn note_buttons(
    ui: &mut Ui,
    theme: &Theme,
    verdict: Verdict,
    bold: &str,
    rest: &str,
    buttons: &[(Option<Icon>, &str)],
) -> (Response, Option<usize>) {
    let width = ui.available_width();
    let job = note_job(theme, bold, rest, width - PADDING.x * 2.0 - EDGE);
    let galley = ui.painter().layout_job(job);
    let buttons_height = if buttons.is_empty() { 0.0 } else { 22.0 + 8.0 };
    let size = vec2(width, galley.size().y + PADDING.y * 2.0 + buttons_height);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let spoken = format!("{bold} {rest}").replace('`', "");
    response.widget_info(|| WidgetInfo::labeled(Role::Label, ui.is_enabled(), spoken.trim()));
    ui.painter().rect_filled(rect, CornerRadius::same(4), verdict.soft(theme));
    let edge = Rect::from_min_size(rect.min, vec2(EDGE, rect.height()));
    let corners = CornerRadius { nw: 4, sw: 4, ne: 0, se: 0 };
    ui.painter().rect_filled(edge, corners, verdict.colour(theme));
    let text_at = rect.min + PADDING + vec2(EDGE, 0.0);
    let below = text_at.y + galley.size().y + 8.0;
    ui.painter().galley(text_at, galley, theme.text.text_1);

    let mut pressed = None;
    if !buttons.is_empty() {
        let row = Rect::from_min_max(pos2(text_at.x, below), pos2(rect.right() - PADDING.x, below + 22.0));
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.scope_builder(egui::UiBuilder::new().max_rect(row).layout(layout), |ui| {
            for (index, (icon, label)) in buttons.iter().enumerate() {
                if small_button(ui, theme, ButtonKind::Outline, *icon, label).clicked() {
                    pressed = Some(index);
                }
            }
        });
    }
    (response, pressed)
}

/// Bold first words, then text in which parts between backticks are mono; wrapped at `width` points.
pub fn note_job(theme: &Theme, bold: &str, rest: &str, width: f32) -> LayoutJob {
    let mut job = LayoutJob::default();
    job.wrap.max_width = width;
    let format = |font: FontId, colour: Color32| TextFormat {
        line_height: Some(LINE),
        valign: egui::Align::Center,
        ..TextFormat::simple(font, colour)
    };
    let words = font_id::cell();
    if !bold.is_empty() {
        job.append(bold, 0.0, format(font_id::label_strong(), theme.text.text_1));
    }
    let separator = if bold.is_empty() || rest.is_empty() { "" } else { " " };
    job.append(separator, 0.0, format(words.clone(), theme.text.text_1));
    for (index, part) in rest.split('`').enumerate() {
        let font = if index % 2 == 1 { font_id::number() } else { words.clone() };
        job.append(part, 0.0, format(font, theme.text.text_1));
    }
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_between_backticks_is_mono() {
        let job = note_job(Theme::of(true), "Operator 12", "holds `4,096` bytes", 200.0);
        assert_eq!(job.text, "Operator 12 holds 4,096 bytes");
        let mono: Vec<&str> = job
            .sections
            .iter()
            .filter(|section| section.format.font_id == font_id::number())
            .map(|section| &job.text[section.byte_range.start.0..section.byte_range.end.0])
            .collect();
        assert_eq!(mono, ["4,096"]);
    }
}
