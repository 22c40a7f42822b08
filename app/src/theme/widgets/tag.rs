//! A verdict in a few words, 18 points high.

use egui::{Align2, Color32, CornerRadius, CursorIcon, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{chip_outline, focus_ring};
use crate::theme::{Icon, Theme, font_id};

/// What a colour says; an icon or a word always says it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Works, fits, is equal.
    Ok,
    /// Works, but look here.
    Warn,
    /// Does not work, does not fit.
    Over,
    /// Worth knowing.
    Info,
    /// Chosen by the user.
    Accent,
    /// Neither good nor bad.
    Plain,
}

impl Verdict {
    /// Colour of text, icon and edge.
    pub fn colour(self, theme: &Theme) -> Color32 {
        match self {
            Verdict::Ok => theme.status.ok,
            Verdict::Warn => theme.status.warn,
            Verdict::Over => theme.status.over,
            Verdict::Info => theme.status.info,
            Verdict::Accent => theme.accent.text,
            Verdict::Plain => theme.text.text_2,
        }
    }

    /// Colour of the fill.
    pub fn soft(self, theme: &Theme) -> Color32 {
        match self {
            Verdict::Ok => theme.status.ok_soft,
            Verdict::Warn => theme.status.warn_soft,
            Verdict::Over => theme.status.over_soft,
            Verdict::Info => theme.status.info_soft,
            Verdict::Accent => theme.accent.soft,
            Verdict::Plain => theme.surface.control,
        }
    }

    /// The icon that says the same as the colour.
    pub fn icon(self) -> Icon {
        match self {
            Verdict::Ok => Icon::CircleCheck,
            Verdict::Warn => Icon::TriangleAlert,
            Verdict::Over => Icon::CircleX,
            Verdict::Info => Icon::Info,
            Verdict::Accent => Icon::Pin,
            Verdict::Plain => Icon::Circle,
        }
    }
}

/// A verdict in a few words.
pub fn tag(ui: &mut Ui, theme: &Theme, verdict: Verdict, icon: Icon, text: &str) -> Response {
    paint(ui, theme, verdict, icon, text, Sense::hover(), Role::Label)
}

/// A verdict that can be pressed to see its reasons.
pub fn tag_button(ui: &mut Ui, theme: &Theme, verdict: Verdict, icon: Icon, text: &str) -> Response {
    let response = paint(ui, theme, verdict, icon, text, Sense::click(), Role::Button);
    if response.hovered() {
        chip_outline(ui, response.rect, 3, verdict.colour(theme));
    }
    focus_ring(ui, theme, &response);
    response.on_hover_cursor(CursorIcon::PointingHand)
}

fn paint(
    ui: &mut Ui,
    theme: &Theme,
    verdict: Verdict,
    icon: Icon,
    text: &str,
    sense: Sense,
    role: Role,
) -> Response {
    let colour = verdict.colour(theme);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font_id::small_strong(), colour);
    let size = vec2((6.0 + 12.0 + 4.0 + galley.size().x + 6.0).ceil(), 18.0);
    let (rect, response) = ui.allocate_exact_size(size, sense);
    response.widget_info(|| WidgetInfo::labeled(role, ui.is_enabled(), text));
    if ui.is_rect_visible(rect) {
        let painter = ui.painter();
        painter.rect_filled(rect, CornerRadius::same(3), verdict.soft(theme));
        let at = pos2(rect.left() + 12.0, rect.center().y);
        painter.text(at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(12.0), colour);
        painter.galley(pos2(rect.left() + 22.0, rect.center().y - galley.size().y / 2.0), galley, colour);
    }
    response
}
