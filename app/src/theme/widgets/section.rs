//! Sections of an inspector, and lines of one point.

use egui::emath::GuiRounding as _;
use egui::{Align2, Margin, Painter, Rangef, Rect, Ui, pos2};

use crate::theme::{Theme, font_id};

/// A line above, a caption, a right-aligned text, then the content inset by 16 points.
pub fn section<R>(
    ui: &mut Ui,
    theme: &Theme,
    title: &str,
    right_text: &str,
    content: impl FnOnce(&mut Ui) -> R,
) -> R {
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(egui::vec2(width, 32.0), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Heading, true, title));
    let painter = ui.painter();
    hairline(painter, theme, rect.x_range(), rect.top());
    let middle = rect.center().y;
    painter.text(
        pos2(rect.left() + 16.0, middle),
        Align2::LEFT_CENTER,
        title,
        font_id::caption(),
        theme.text.text_3,
    );
    painter.text(
        pos2(rect.right() - 16.0, middle),
        Align2::RIGHT_CENTER,
        right_text,
        font_id::number_small(),
        theme.text.text_3,
    );
    egui::Frame::new()
        .inner_margin(Margin { left: 16, right: 16, top: 0, bottom: 8 })
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.set_width(ui.available_width());
            content(ui)
        })
        .inner
}

/// A horizontal line of one point in the subtle colour, on pixel centres.
pub fn hairline(painter: &Painter, theme: &Theme, x: impl Into<Rangef>, y: f32) {
    let y = snap(painter, y);
    let x = x.into();
    let rect = Rect::from_min_max(pos2(x.min, y), pos2(x.max, y + 1.0));
    painter.rect_filled(rect, 0.0, theme.line.subtle);
}

/// A vertical line of one point in the subtle colour, on pixel centres.
pub fn vertical_hairline(painter: &Painter, theme: &Theme, x: f32, y: impl Into<Rangef>) {
    let x = snap(painter, x);
    let y = y.into();
    let rect = Rect::from_min_max(pos2(x, y.min), pos2(x + 1.0, y.max));
    painter.rect_filled(rect, 0.0, theme.line.subtle);
}

/// The nearest edge between two pixels.
pub fn snap(painter: &Painter, at: f32) -> f32 {
    at.round_to_pixels(painter.pixels_per_point())
}
