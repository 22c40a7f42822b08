//! Toasts at the bottom right: what happened elsewhere than where the user looks.

use std::time::Instant;

use egui::{Align2, Area, Id, Order, Rect, vec2};

use super::{Context, log_view};
use crate::command::Command;
use crate::theme::widgets::toast;

/// Width of a toast.
const WIDTH: f32 = 360.0;

pub(super) fn ui(egui_ctx: &egui::Context, status_bar: Rect, ctx: &mut Context<'_>) {
    let now = Instant::now();
    let document = ctx.document;
    let toasts: Vec<_> = document.messages.toasts(now).collect();
    if toasts.is_empty() {
        return;
    }
    let offset = vec2(-16.0, -status_bar.height() - 12.0);
    let area = Area::new(Id::unique("toasts"))
        .order(Order::Foreground)
        .anchor(Align2::RIGHT_BOTTOM, offset)
        .role(egui::Role::Alert)
        .interactable(true);
    area.show(egui_ctx, |ui| {
        ui.set_width(WIDTH);
        ui.spacing_mut().item_spacing.y = 8.0;
        for message in toasts {
            let action = message.action.as_ref().map(|(label, _)| label.as_str());
            let response = toast(ui, ctx.theme, log_view::verdict(message.level), &message.text, action);
            if response.hovered {
                ctx.send(Command::KeepToast(message.id));
            }
            if let Some((_, command)) = message.action.as_ref().filter(|_| response.action) {
                ctx.send(command.clone());
            }
            if response.closed || response.action {
                ctx.send(Command::CloseToast(message.id));
            }
        }
    });
    if let Some(wait) = document.messages.next_change(now) {
        egui_ctx.request_repaint_after(wait);
    }
}
