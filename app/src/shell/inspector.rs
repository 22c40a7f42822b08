//! The frame of the inspector: a line to drag at its left, and a page that scrolls alone.

use egui::{CursorIcon, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo};

use super::Context;
use super::areas::INSPECTOR;
use crate::command::Command;
use crate::theme::widgets::vertical_hairline;

/// Width of the zone in which the line can be grabbed.
const GRAB: f32 = 8.0;

pub(super) fn ui(ui: &mut Ui, ctx: &mut Context<'_>, content: impl FnOnce(&mut Ui, &mut Context<'_>)) {
    let rect = ui.max_rect();
    vertical_hairline(ui.painter(), ctx.theme, rect.left(), rect.y_range());
    let page = rect.with_min_x(rect.left() + 1.0);
    ui.scope_builder(egui::UiBuilder::new().max_rect(page).id_salt("page"), |ui| {
        // Another tab or panel begins at the top; each keeps its own place.
        let salt = (ctx.document.active, ctx.document.panel);
        ScrollArea::vertical().id_salt(salt).auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.set_width(page.width());
            content(ui, ctx);
            ui.add_space(16.0);
        });
    });

    let grab = Rect::from_min_max(rect.left_top(), egui::pos2(rect.left() + GRAB, rect.bottom()));
    let response = ui.interact(grab, ui.scope_id().with("resize"), Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, "Width of the inspector"));
    if response.hovered() || response.dragged() {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
        let line = Rect::from_min_max(rect.left_top(), egui::pos2(rect.left() + 2.0, rect.bottom()));
        ui.painter().rect_filled(line, 0.0, ctx.theme.line.strong);
    }
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let width = (rect.right() - pointer.x).clamp(*INSPECTOR.start(), *INSPECTOR.end()).round();
        if (width - rect.width()).abs() >= 1.0 {
            ctx.send(Command::SetInspectorWidth(width));
        }
    }
}
