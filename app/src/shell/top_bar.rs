//! The bar at the top: mark, tabs, chip picker, gauges.

use egui::{Align2, Layout, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::areas::RAIL;
use super::tabs::Tabs;
use super::{Context, chip_picker, gauges};
use crate::command::Command;
use crate::theme::widgets::{GAUGE_SIZE, vertical_hairline};
use crate::theme::{Icon, Theme, font_id};

/// Width of the chip picker with its margins.
const CHIP_PICKER: f32 = 212.0;

pub(super) fn ui(tabs: &mut Tabs, ui: &mut Ui, ctx: &mut Context<'_>) {
    let bar = ui.max_rect();
    let theme = ctx.theme;
    let mark = bar.with_max_x(bar.left() + RAIL);
    mark_ui(ui, mark, ctx);
    vertical_hairline(ui.painter(), theme, mark.right() - 1.0, bar.y_range());

    let gauges_width = GAUGE_SIZE.x * gauges::COUNT as f32;
    let right = bar.with_min_x((bar.right() - gauges_width - CHIP_PICKER).max(mark.right()));
    let middle = Rect::from_min_max(mark.right_top(), right.left_bottom());
    ui.scope_builder(
        UiBuilder::new().max_rect(middle).layout(Layout::left_to_right(egui::Align::Min)),
        |ui| {
            ui.set_clip_rect(middle.intersect(ui.clip_rect()));
            tabs.ui(ui, ctx);
        },
    );
    let picker = right.with_max_x(right.left() + CHIP_PICKER);
    ui.scope_builder(UiBuilder::new().max_rect(picker), |ui| chip_picker::ui(ui, ctx));
    let gauges = right.with_min_x(picker.right());
    ui.scope_builder(
        UiBuilder::new().max_rect(gauges).layout(Layout::left_to_right(egui::Align::Min)),
        |ui| {
            gauges::ui(ui, ctx);
        },
    );
}

fn mark_ui(ui: &mut Ui, rect: Rect, ctx: &mut Context<'_>) {
    let response = ui.interact(rect, ui.scope_id().with("mark"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Start page"));
    paint_flame(ui, ctx.theme, rect.center(), 24.0);
    if response.on_hover_text("Start page").clicked() {
        ctx.send(Command::ShowWelcome);
    }
}

/// The mark: a flame with a lighter heart.
pub(super) fn paint_flame(ui: &Ui, theme: &Theme, centre: egui::Pos2, size: f32) {
    let font = font_id::icon(size);
    let painter = ui.painter();
    painter.text(centre, Align2::CENTER_CENTER, Icon::MarkFlame.glyph(), font.clone(), theme.accent.base);
    painter.text(centre, Align2::CENTER_CENTER, Icon::MarkCore.glyph(), font, theme.ember_core());
}

/// Places something of `size` in the middle of `rect`, rounded to whole points.
pub(super) fn centred(rect: Rect, size: egui::Vec2) -> Rect {
    let min = rect.center() - size / 2.0;
    Rect::from_min_size(pos2(min.x.round(), min.y.round()), vec2(size.x, size.y))
}
