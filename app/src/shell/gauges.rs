//! Budgets of the chosen chip: arena, flash, and the estimated latency.

use egui::Ui;
use emberlab_core::cost;

use super::{Context, latency};
use crate::command::Command;
use crate::document::{Document, Latency, Overlay, PanelKind, TabContent};
use crate::theme::widgets::{Gauge, GaugeState, gauge, key_value, vertical_hairline};
use crate::theme::{format, text};

/// Number of gauges.
pub(super) const COUNT: usize = 3;

/// Below this width of the window the lines under the bars are left out.
const NARROW: f32 = 1100.0;

pub(super) fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    ui.spacing_mut().item_spacing.x = 0.0;
    let show_details = ui.ctx().content_rect().width() >= NARROW;
    let bar = ui.max_rect();

    let arena = Gauge { label: "Arena", state: arena_state(ctx.document), show_details };
    let response = gauge(ui, ctx.theme, &arena);
    vertical_hairline(ui.painter(), ctx.theme, response.rect.left(), bar.y_range());
    if response.on_hover_ui(|ui| tooltip_ui(ui, |ui| arena_tooltip_ui(ui, ctx))).clicked() {
        ctx.send(Command::ShowPanel(PanelKind::Arena));
    }

    let flash = Gauge { label: "Flash", state: flash_state(ctx.document), show_details };
    let response = gauge(ui, ctx.theme, &flash);
    vertical_hairline(ui.painter(), ctx.theme, response.rect.left(), bar.y_range());
    if response.on_hover_ui(|ui| tooltip_ui(ui, |ui| flash_tooltip_ui(ui, ctx))).clicked() {
        ctx.send(Command::Toggle(Overlay::ChipPicker));
    }

    let latency = Gauge { label: "Latency", state: latency_state(ctx.document), show_details };
    let response = gauge(ui, ctx.theme, &latency);
    vertical_hairline(ui.painter(), ctx.theme, response.rect.left(), bar.y_range());
    let anchor = response.rect;
    let is_open = ctx.document.view.overlay == Some(Overlay::Latency);
    let response = if is_open { response } else { response.on_hover_ui(|ui| latency::tooltip_ui(ui, ctx)) };
    if response.clicked() {
        ctx.send(Command::Toggle(Overlay::Latency));
    }
    latency::ui(ui, anchor, ctx);
}

/// The estimate of one invocation, against the budget of the project if it has one.
pub(super) fn latency_state(document: &Document) -> GaugeState {
    let Some(tab) = document.active_tab() else { return GaugeState::NoModel };
    match &tab.content {
        TabContent::Loading => GaugeState::Busy,
        TabContent::Failed(_) => GaugeState::NoModel,
        TabContent::Model(open) => match open.findings(document.target) {
            None => GaugeState::Busy,
            Some(findings) => match findings.latency() {
                None => GaugeState::Unknown,
                Some(Latency { millis, range }) => {
                    let limit = tab.project.as_ref().and_then(|project| project.project.goal.latency_millis);
                    GaugeState::Millis { millis, range, limit }
                }
            },
        },
    }
}

/// The smallest arena that allocates, against the chip's largest block of internal RAM.
pub(super) fn arena_state(document: &Document) -> GaugeState {
    let Some(tab) = document.active_tab() else { return GaugeState::NoModel };
    match &tab.content {
        TabContent::Loading => GaugeState::Busy,
        TabContent::Failed(_) => GaugeState::NoModel,
        TabContent::Model(open) => match open.plan(document.target) {
            None => GaugeState::Busy,
            Some(Err(_)) => GaugeState::Unknown,
            Some(Ok(plan)) => GaugeState::Bytes {
                used: plan.minimum_bytes.unwrap_or(plan.used_bytes),
                limit: Some(document.chip().arena_budget_bytes),
            },
        },
    }
}

/// The model file against the part of flash that holds application and model.
fn flash_state(document: &Document) -> GaugeState {
    match document.active_tab().map(|tab| &tab.content) {
        None | Some(TabContent::Failed(_)) => GaugeState::NoModel,
        Some(TabContent::Loading) => GaugeState::Busy,
        Some(TabContent::Model(open)) => {
            GaugeState::Bytes { used: open.file_bytes, limit: Some(document.chip().flash_budget_bytes) }
        }
    }
}

pub(super) fn tooltip_ui(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(egui::Margin::symmetric(8, 6)).show(ui, |ui| {
        ui.set_width(300.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        content(ui);
    });
}

fn arena_tooltip_ui(ui: &mut Ui, ctx: &Context<'_>) {
    let (document, theme) = (ctx.document, ctx.theme);
    let sentence = |ui: &mut Ui, words: &str| ui.label(text::cell(words).color(theme.text.text_2));
    match document.active_model().and_then(|(_, open)| open.plan(document.target)) {
        None => {
            sentence(ui, "The smallest tensor arena with which TensorFlow Lite Micro prepares the model.");
        }
        Some(Err(refusals)) => {
            sentence(ui, "TensorFlow Lite Micro does not prepare this model, so its arena is not known.");
            for refusal in refusals.iter().take(3) {
                sentence(ui, &refusal.message);
            }
        }
        Some(Ok(plan)) => {
            if let Some(minimum) = plan.minimum_bytes {
                key_value(ui, theme, "Smallest that allocates", &format::bytes(minimum));
            }
            key_value(ui, theme, "Used after allocation", &format::bytes(plan.used_bytes));
            key_value(ui, theme, "Head: tensors and scratch", &format::bytes(plan.nonpersistent_bytes));
            key_value(ui, theme, "Tail: persistent", &format::bytes(plan.persistent_bytes));
        }
    }
    let chip = document.chip();
    let budget = format::bytes(chip.arena_budget_bytes);
    let how = chip.arena_budget_how.label();
    key_value(ui, theme, &format!("Room on {}, {how}", chip.chip.label()), &budget);
    ui.label(text::small(&chip.arena_budget_source).color(theme.text.text_3));
}

fn flash_tooltip_ui(ui: &mut Ui, ctx: &Context<'_>) {
    let (document, theme) = (ctx.document, ctx.theme);
    if let Some((_, open)) = document.active_model() {
        key_value(ui, theme, "Model file", &format::bytes(open.file_bytes));
        let runtime = cost::flash(open.file_bytes).runtime_bytes;
        key_value(ui, theme, "Application around it, estimate", &format::kib(runtime));
    }
    let chip = document.chip();
    let how = chip.flash_budget_how.label();
    key_value(ui, theme, &format!("Application partition, {how}"), &format::bytes(chip.flash_budget_bytes));
    let words = "The model stays in flash and is read there. The application around it comes on top and is not counted here.";
    ui.label(text::cell(words).color(theme.text.text_2));
    ui.label(text::small(&chip.flash_budget_source).color(theme.text.text_3));
}
