//! How the estimate of the latency is made, and the budget of the project.

use std::collections::BTreeMap;

use egui::{DragValue, Frame, Label, Margin, Rect, RectAlign, Ui, vec2};
use emberlab_core::cost::{Estimate, OperatorClass};

use super::popover::popover;
use super::{Context, gauges};
use crate::command::Command;
use crate::document::{Latency, Overlay};
use crate::project::DesignCommand;
use crate::theme::widgets::{ButtonKind, hairline, key_value, small_button};
use crate::theme::{Icon, format, text};

/// Width of the card.
const WIDTH: f32 = 340.0;

/// A budget to begin with, in milliseconds.
const USUAL_BUDGET: f64 = 100.0;

/// What the gauge says when the pointer rests on it.
pub(super) fn tooltip_ui(ui: &mut Ui, ctx: &Context<'_>) {
    gauges::tooltip_ui(ui, |ui| estimate_ui(ui, ctx));
}

/// The card that hangs on the gauge.
pub(super) fn ui(ui: &Ui, anchor: Rect, ctx: &mut Context<'_>) {
    popover(ui, Overlay::Latency, anchor, RectAlign::BOTTOM_END, WIDTH, ctx, |ui, ctx| {
        Frame::new().inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            estimate_ui(ui, ctx);
            if ctx.document.active_project().is_some() {
                ui.add_space(8.0);
                hairline(ui.painter(), ctx.theme, ui.max_rect().x_range(), ui.cursor().top());
                ui.add_space(10.0);
                budget_ui(ui, ctx);
            }
        });
    });
}

fn estimate_ui(ui: &mut Ui, ctx: &Context<'_>) {
    let (document, theme) = (ctx.document, ctx.theme);
    let sentence = |ui: &mut Ui, words: &str| {
        ui.add(Label::new(text::cell(words).color(theme.text.text_2)).wrap());
    };
    let findings = document.active_model().and_then(|(_, open)| open.findings(document.target));
    let Some(estimate) = findings.and_then(|findings| findings.latency.as_ref()) else {
        sentence(ui, "How long one run of the model takes on the chip, from published measurements.");
        return;
    };
    let missing: Vec<&str> =
        estimate.missing().filter_map(|operator| operator.cycles.as_ref().err().copied()).collect();
    let Some(latency) = Latency::of(estimate) else {
        let reason = missing.first().copied().unwrap_or("nothing in it has been measured");
        sentence(ui, &format!("There is no estimate: {reason}. A figure that nobody measured is not shown."));
        return;
    };
    let (low, high) = latency.range;
    key_value(ui, theme, "One run, estimate", &format::estimate_with_bar(low, latency.millis, high));
    let range = format!("{} to {}", format::estimated_millis(low), format::estimated_millis(high));
    key_value(ui, theme, "Likely between", &range);
    if let Some(clock) = estimate.clock_hz {
        key_value(ui, theme, &format!("{} at", document.chip().chip.label()), &format::clock(clock));
    }
    for (class, millis) in classes(estimate).into_iter().take(4) {
        key_value(ui, theme, class_label(class), &format::estimated_millis(millis));
    }
    if let Some((invocation, clock)) = estimate.invocation.zip(estimate.clock_hz) {
        let (_, most) = invocation.micros_range(clock);
        let words = format!("up to {}", format::estimated_millis(most / 1000.0));
        key_value(ui, theme, "Code and weights from flash", &words);
    }
    if !missing.is_empty() {
        let words = format::counted(missing.len() as u64, "operator", "operators");
        key_value(ui, theme, "Not counted", &words);
    }
    ui.add_space(4.0);
    sentence(ui, "From published measurements of kernels and whole models, not from your board.");
    let overhead = match estimate.overhead_source {
        "" => String::new(),
        source => format!("Interpreter and flash: {source}"),
    };
    for source in [largest_source(estimate), &overhead] {
        if !source.is_empty() {
            ui.add(Label::new(text::small(source).color(theme.text.text_3)).wrap());
        }
    }
}

/// Milliseconds of each kind of work, the largest first.
fn classes(estimate: &Estimate) -> Vec<(OperatorClass, f64)> {
    let Some(clock) = estimate.clock_hz else { return Vec::new() };
    let mut sums: BTreeMap<&str, (OperatorClass, f64)> = BTreeMap::new();
    for operator in &estimate.operators {
        if let (Some(class), Ok(cycles)) = (operator.class, operator.cycles) {
            let sum = sums.entry(class_label(class)).or_insert((class, 0.0));
            sum.1 += cycles.micros(clock) / 1000.0;
        }
    }
    let mut sums: Vec<(OperatorClass, f64)> = sums.into_values().collect();
    sums.sort_by(|a, b| b.1.total_cmp(&a.1));
    sums
}

/// What the longest operator rests on.
fn largest_source(estimate: &Estimate) -> &'static str {
    let known = estimate.operators.iter().filter_map(|operator| Some((operator, operator.cycles.ok()?)));
    let largest = known.max_by(|a, b| a.1.mid.total_cmp(&b.1.mid));
    largest.map_or("", |(operator, _)| operator.source)
}

fn class_label(class: OperatorClass) -> &'static str {
    match class {
        OperatorClass::Pointwise => "Convolutions 1×1",
        OperatorClass::WideConvolution => "Convolutions",
        OperatorClass::NarrowConvolution => "Convolutions over few channels",
        OperatorClass::Depthwise => "Depthwise convolutions",
        OperatorClass::Dense => "Fully connected",
        OperatorClass::MaxPool => "Largest of windows",
        OperatorClass::AveragePool => "Means of windows",
        OperatorClass::Addition => "Sums of tensors",
        OperatorClass::Product => "Products of tensors",
        OperatorClass::Softmax => "Softmax",
    }
}

fn budget_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let Some((_, project)) = ctx.document.active_project() else { return };
    let budget = project.project.goal.latency_millis;
    let mut wanted = budget;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.label(text::cell("Budget").color(theme.text.text_2));
        match &mut wanted {
            Some(millis) => {
                let speed = (*millis / 200.0).max(0.05);
                let field =
                    DragValue::new(millis).speed(speed).range(0.1..=60_000.0).max_decimals(1).suffix(" ms");
                ui.add_sized(vec2(96.0, 24.0), field).accessible_name("Latency budget of the project");
                if small_button(ui, theme, ButtonKind::Ghost, Some(Icon::X), "No budget").clicked() {
                    wanted = None;
                }
            }
            None => {
                if small_button(ui, theme, ButtonKind::Outline, Some(Icon::Gauge), "Set a budget").clicked() {
                    wanted = Some(USUAL_BUDGET);
                }
            }
        }
    });
    if wanted != budget {
        ctx.send(Command::Design(DesignCommand::SetLatencyBudget(wanted)));
    }
}
