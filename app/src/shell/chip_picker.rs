//! The chip and kernels that every figure is for, and the card to choose them.

use egui::{
    Align2, CornerRadius, Rect, RectAlign, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};
use emberlab_core::plan::{Chip, KernelSet, Target};

use super::Context;
use super::popover::popover;
use crate::chips::{self, ChipFacts};
use crate::command::Command;
use crate::document::Overlay;
use crate::theme::widgets::{chip_outline, focus_ring, hairline, key_value, segmented};
use crate::theme::{Icon, Theme, font_id, format, text};

/// Width of the card.
const WIDTH: f32 = 420.0;

/// Version of ESP-NN that the plans follow; the reference kernels have no version of their own.
const ESP_NN: &str = "ESP-NN 1.2.3";

pub(super) fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let area = ui.max_rect();
    let rect = Rect::from_min_max(area.min + vec2(0.0, 8.0), area.max - vec2(12.0, 9.0));
    let response = button_ui(ui, rect, ctx);
    if response.clicked() {
        ctx.send(Command::Toggle(Overlay::ChipPicker));
    }
    popover(ui, Overlay::ChipPicker, rect, RectAlign::BOTTOM_START, WIDTH, ctx, card_ui);
}

/// The kernels in words, `ESP-NN 1.2.3`.
pub(super) fn kernels_label(kernels: KernelSet) -> &'static str {
    match kernels {
        KernelSet::EspNn => ESP_NN,
        KernelSet::Reference => "reference kernels",
    }
}

fn button_ui(ui: &mut Ui, rect: Rect, ctx: &Context<'_>) -> Response {
    let theme = ctx.theme;
    let target = ctx.document.target;
    let response = ui.interact(rect, ui.scope_id().with("chip picker"), Sense::click());
    let name = format!("Chip, {}, {}", target.chip.label(), kernels_label(target.kernels));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let open = ctx.document.view.overlay == Some(Overlay::ChipPicker);
    let fill = if response.hovered() || open { theme.surface.hover } else { theme.surface.raised };
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(4), fill);
    chip_outline(ui, rect, 4, theme.line.strong);
    let middle = rect.center().y;
    let icon_at = pos2(rect.left() + 20.0, middle);
    painter.text(icon_at, Align2::CENTER_CENTER, Icon::Cpu.glyph(), font_id::icon(16.0), theme.text.text_1);
    let x = rect.left() + 38.0;
    let chip_at = pos2(x, middle - 7.0);
    painter.text(
        chip_at,
        Align2::LEFT_CENTER,
        target.chip.label(),
        font_id::label_strong(),
        theme.text.text_1,
    );
    let kernels = format!("TFLM, {}", kernels_label(target.kernels));
    let small = egui::FontId::new(10.5, font_id::small().family);
    painter.text(pos2(x, middle + 7.0), Align2::LEFT_CENTER, kernels, small, theme.text.text_3);
    let arrow = pos2(rect.right() - 17.0, middle);
    painter.text(
        arrow,
        Align2::CENTER_CENTER,
        Icon::ChevronDown.glyph(),
        font_id::icon(14.0),
        theme.text.text_3,
    );
    focus_ring(ui, theme, &response);
    response.on_hover_text("Choose chip and kernels")
}

fn card_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    head_ui(ui, theme, "Chip", "smallest arena of RAM for it, B");
    for facts in chips::all() {
        let target = Target { chip: facts.chip, ..ctx.document.target };
        if chip_ui(ui, facts, target, ctx).clicked() {
            ctx.send(Command::SetTarget(target));
        }
    }
    head_ui(ui, theme, "Kernels", "");
    inset(ui, |ui| {
        let mut kernels = ctx.document.target.kernels;
        let choices = [(KernelSet::EspNn, ESP_NN), (KernelSet::Reference, "Reference")];
        if segmented(ui, theme, &mut kernels, &choices) {
            ctx.send(Command::SetTarget(Target { kernels, ..ctx.document.target }));
        }
        let words = match kernels {
            KernelSet::EspNn => "What esp-tflite-micro is built with unless it is told otherwise.",
            KernelSet::Reference => {
                "TensorFlow Lite Micro's own kernels: slower, and some need less scratch memory."
            }
        };
        ui.add_space(6.0);
        ui.label(text::small(words).color(theme.text.text_3));
        ui.add_space(10.0);
    });
    let facts = ctx.document.chip();
    head_ui(ui, theme, facts.chip.label(), &format!("{}, {}", facts.cores, format::clock(facts.clock_hz)));
    inset(ui, |ui| budgets_ui(ui, theme, facts));
}

fn budgets_ui(ui: &mut Ui, theme: &Theme, facts: &ChipFacts) {
    let source = |ui: &mut Ui, words: &str| {
        ui.label(text::small(words).color(theme.text.text_3));
        ui.add_space(6.0);
    };
    let how = facts.arena_budget_how.label();
    key_value(
        ui,
        theme,
        &format!("Internal RAM for an arena, {how}"),
        &format::bytes(facts.arena_budget_bytes),
    );
    source(ui, &facts.arena_budget_source);
    let psram = if facts.psram_bytes == 0 { "none".to_owned() } else { format::bytes(facts.psram_bytes) };
    key_value(ui, theme, "PSRAM on usual modules", &psram);
    source(ui, &facts.psram_source);
    let how = facts.flash_budget_how.label();
    key_value(
        ui,
        theme,
        &format!("Flash for application and model, {how}"),
        &format::bytes(facts.flash_budget_bytes),
    );
    source(ui, &facts.flash_budget_source);
}

/// A row of the list: chip, processor, smallest arena against its budget.
fn chip_ui(ui: &mut Ui, facts: &ChipFacts, target: Target, ctx: &Context<'_>) -> Response {
    let theme = ctx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, 30.0), Sense::click());
    let chosen = ctx.document.target.chip == facts.chip;
    let need = need(target, ctx);
    let spoken = match need {
        Some(Ok(bytes)) => {
            let (need, room) = (format::count(bytes), format::count(facts.arena_budget_bytes));
            format!("{}, {need} of {room} bytes", facts.chip.label())
        }
        Some(Err(())) => format!("{}, arena not known", facts.chip.label()),
        None => facts.chip.label().to_owned(),
    };
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, &spoken));
    let painter = ui.painter();
    if chosen {
        painter.rect_filled(rect, 0.0, theme.accent.soft);
        painter.rect_filled(rect.with_max_x(rect.left() + 2.0), 0.0, theme.accent.base);
    } else if response.hovered() {
        painter.rect_filled(rect, 0.0, theme.surface.control);
    }
    let middle = rect.center().y;
    let left = |x: f32| pos2(rect.left() + x, middle);
    painter.text(
        left(16.0),
        Align2::LEFT_CENTER,
        facts.chip.label(),
        font_id::label_strong(),
        theme.text.text_1,
    );
    painter.text(left(96.0), Align2::LEFT_CENTER, &facts.cores, font_id::small(), theme.text.text_3);
    let right = pos2(rect.right() - 16.0, middle);
    let room = format!("of {}", format::count(facts.arena_budget_bytes));
    let room = painter.text(right, Align2::RIGHT_CENTER, room, font_id::number_small(), theme.text.text_3);
    let (words, colour, icon) = match need {
        Some(Ok(bytes)) if bytes > facts.arena_budget_bytes => {
            (format::count(bytes), theme.status.over, Some(Icon::CircleX))
        }
        Some(Ok(bytes)) => (format::count(bytes), theme.text.text_1, None),
        Some(Err(())) => (format::UNKNOWN.to_owned(), theme.text.text_3, None),
        None => (String::new(), theme.text.text_3, None),
    };
    let at = pos2(room.left() - 6.0, middle);
    let words = painter.text(at, Align2::RIGHT_CENTER, words, font_id::number(), colour);
    if let Some(icon) = icon {
        let at = pos2(words.left() - 10.0, middle);
        painter.text(at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(12.0), colour);
    }
    if response.has_focus() {
        let ring = Stroke::new(2.0, theme.line.focus);
        painter.rect_stroke(rect, 0.0, ring, StrokeKind::Inside);
    }
    response
}

/// The smallest arena of the model in front; `Err` where it cannot be known, `None` without a model.
fn need(target: Target, ctx: &Context<'_>) -> Option<Result<u64, ()>> {
    let (_, open) = ctx.document.active_model()?;
    match open.plan(target)? {
        Ok(plan) => Some(Ok(plan.minimum_bytes.unwrap_or(plan.used_bytes))),
        Err(_) => Some(Err(())),
    }
}

fn head_ui(ui: &mut Ui, theme: &Theme, caption: &str, right: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::hover());
    let painter = ui.painter();
    let is_first = rect.top() <= ui.min_rect().top() + 1.0;
    if !is_first {
        hairline(painter, theme, rect.x_range(), rect.top());
    }
    let middle = rect.center().y;
    painter.text(
        pos2(rect.left() + 16.0, middle),
        Align2::LEFT_CENTER,
        caption,
        font_id::caption(),
        theme.text.text_3,
    );
    painter.text(
        pos2(rect.right() - 16.0, middle),
        Align2::RIGHT_CENTER,
        right,
        font_id::small(),
        theme.text.text_3,
    );
}

fn inset(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let margin = egui::Margin { left: 16, right: 16, top: 0, bottom: 4 };
    egui::Frame::new().inner_margin(margin).show(ui, |ui| {
        ui.set_width(ui.available_width());
        content(ui);
    });
}

/// The targets that the palette lists.
pub(super) fn targets() -> impl Iterator<Item = (String, Target)> {
    Chip::ALL.into_iter().filter(|chip| *chip != Chip::Host64).flat_map(|chip| {
        [KernelSet::EspNn, KernelSet::Reference].map(|kernels| {
            (format!("Chip: {}, {}", chip.label(), kernels_label(kernels)), Target { chip, kernels })
        })
    })
}
