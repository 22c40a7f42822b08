//! Cards that hang on a part of the window, and cards in its middle.

use egui::{
    Align2, CornerRadius, Frame, Id, Margin, Modal, Order, Popup, PopupCloseBehavior, Rect, RectAlign,
    Stroke, Ui, UiKind, vec2,
};

use super::Context;
use crate::command::Command;
use crate::document::Overlay;
use crate::theme::{Theme, shadow};

/// Distance of a modal card from the top of the window.
const MODAL_TOP: f32 = 64.0;

/// Shows a card beside `anchor` while `overlay` is open; a click elsewhere or Escape closes it.
pub(super) fn popover(
    ui: &Ui,
    overlay: Overlay,
    anchor: Rect,
    align: RectAlign,
    width: f32,
    ctx: &mut Context<'_>,
    content: impl FnOnce(&mut Ui, &mut Context<'_>),
) {
    if ctx.document.view.overlay != Some(overlay) {
        return;
    }
    let theme = ctx.theme;
    let mut open = true;
    let id = Id::unique(("popover", overlay));
    Popup::new(id, ui.ctx().clone(), anchor, ui.layer_id())
        .open_bool(&mut open)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .align(align)
        .gap(4.0)
        .width(width)
        .frame(card(theme).inner_margin(Margin::ZERO))
        .show(|ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = 0.0;
            content(ui, ctx);
        });
    if !open {
        ctx.send(Command::CloseOverlay);
    }
}

/// Shows a card in the upper middle of the window while an overlay is open; the rest is dimmed.
pub(super) fn modal(
    egui_ctx: &egui::Context,
    name: &str,
    width: f32,
    ctx: &mut Context<'_>,
    content: impl FnOnce(&mut Ui, &mut Context<'_>),
) {
    let theme = ctx.theme;
    let id = Id::unique(("modal", name));
    let area = egui::Area::new(id)
        .kind(UiKind::Modal)
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, vec2(0.0, MODAL_TOP))
        .default_size(vec2(width, egui_ctx.content_rect().height() - 2.0 * MODAL_TOP))
        .accessible_name(name);
    let response = Modal::new(id)
        .area(area)
        .frame(card(theme).inner_margin(Margin::ZERO))
        .backdrop_color(shadow(if theme.dark { 0.5 } else { 0.3 }))
        .show(egui_ctx, |ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = 0.0;
            content(ui, ctx);
        });
    if response.should_close() {
        ctx.send(Command::CloseOverlay);
    }
}

fn card(theme: &Theme) -> Frame {
    Frame::new()
        .fill(theme.surface.raised)
        .stroke(Stroke::new(1.0, theme.line.strong))
        .corner_radius(CornerRadius::same(8))
        .shadow(egui::Shadow {
            offset: [0, 4],
            blur: 12,
            spread: 0,
            color: shadow(if theme.dark { 0.4 } else { 0.16 }),
        })
}
