//! The network as a whole, while nothing is selected.

use egui::{DragValue, Label, Ui};
use emberlab_core::layers::Edit;

use super::form::{number_field, row, text_field};
use super::{name_row, notes, send, title_ui};
use crate::command::Command;
use crate::panels::PanelContext;
use crate::panels::design::PanelFront;
use crate::project::DesignCommand;
use crate::theme::widgets::{ButtonKind, key_value, section, small_button};
use crate::theme::{Icon, format, text};

/// A budget to begin with, in milliseconds.
const USUAL_BUDGET: f64 = 100.0;

/// Name, sums, outputs, budget, notes.
pub fn ui(ui: &mut Ui, front: &PanelFront<'_>, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let graph = front.project.design.graph();
    let facts = front.facts;
    title_ui(ui, theme, theme.accent.base, "Network", "");
    let mut edits = Vec::new();
    ui.push_id(("network", front.tab.id), |ui| {
        section(ui, theme, "Network", "", |ui| {
            let typed =
                row(ui, theme, "Name", |ui, theme, width| text_field(ui, theme, "Name", &graph.name, width));
            edits.extend(typed.map(|name| Edit::SetName { name }));
            key_value(ui, theme, "Layers", &format::count(graph.layers.len() as u64));
            key_value(ui, theme, "Parameters", &format::count(facts.totals.parameters));
            let macs = facts.totals.macs.map_or_else(|| format::UNKNOWN.to_owned(), format::count);
            key_value(ui, theme, "MACs", &macs);
            let time = facts.totals.latency.map(|latency| {
                let (low, high) = latency.range;
                format::estimate_with_bar(low, latency.millis, high)
            });
            key_value(ui, theme, "Estimated time", time.as_deref().unwrap_or(format::UNKNOWN));
        });
    });
    let outputs = front.drawn.shapes.outputs.iter().filter_map(|id| facts.layer(*id));
    let outputs: Vec<_> = outputs.collect();
    if !outputs.is_empty() {
        let words = if outputs.len() == 1 { "Output" } else { "Outputs" };
        section(ui, theme, words, "", |ui| {
            for layer in outputs {
                if name_row(ui, theme, layer).clicked() {
                    ctx.commands.push(Command::Design(DesignCommand::Choose(vec![layer.id])));
                }
            }
        });
    }
    goal_ui(ui, front, ctx);
    notes::network_ui(ui, front, ctx);
    send(ctx, edits);
}

/// How long an invocation may take.
fn goal_ui(ui: &mut Ui, front: &PanelFront<'_>, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let budget = front.project.project.goal.latency_millis;
    let mut wanted = budget;
    section(ui, theme, "Budget", "", |ui| {
        let Some(millis) = &mut wanted else {
            let words = "Say how long one run may take: the gauge turns amber at 80 % of it and red above.";
            ui.add(Label::new(text::cell(words).color(theme.text.text_2)).wrap());
            ui.add_space(6.0);
            if small_button(ui, theme, ButtonKind::Outline, Some(Icon::Gauge), "Set a latency budget")
                .clicked()
            {
                wanted = Some(USUAL_BUDGET);
            }
            return;
        };
        row(ui, theme, "Latency", |ui, theme, width| {
            let speed = (*millis / 200.0).max(0.05);
            let field = DragValue::new(millis).speed(speed).range(0.1..=60_000.0).suffix(" ms");
            number_field(ui, theme, "Latency budget", field, width)
        });
        ui.add_space(4.0);
        if small_button(ui, theme, ButtonKind::Outline, Some(Icon::X), "No budget").clicked() {
            wanted = None;
        }
    });
    if wanted != budget {
        ctx.send(Command::Design(DesignCommand::SetLatencyBudget(wanted)));
    }
}
