//! Everything about a layer that its card has no room for.

use egui::{Ui, vec2};

use super::facts::LayerFacts;
use crate::theme::{Theme, format, text};

/// Name, figures and problems of a layer.
pub fn layer_ui(ui: &mut Ui, theme: &Theme, layer: &LayerFacts) {
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.label(text::strong(format!("{}  {}", layer.label, layer.name)).color(theme.text.text_1));
    if !layer.details.is_empty() {
        ui.label(text::cell(&layer.details));
    }
    ui.label(text::cell(layer.category.label()).color(theme.text.text_3));
    ui.add_space(4.0);
    let grid = egui::Grid::new("figures").num_columns(2).min_row_height(16.0).spacing(vec2(16.0, 1.0));
    grid.show(ui, |ui| {
        for (name, value) in figures(layer) {
            ui.label(text::cell(name).color(theme.text.text_3));
            ui.label(text::number(value).color(theme.text.text_1));
            ui.end_row();
        }
    });
    if let Some((_, kernel)) = layer.cost.as_ref().and_then(|cost| cost.kernel.as_ref()) {
        ui.add_space(4.0);
        ui.label(text::cell(kernel).color(theme.text.text_2));
    }
    for problem in &layer.problems {
        ui.add_space(4.0);
        ui.label(text::cell(format!("{}. {}.", problem.message, problem.help)).color(theme.text.text_1));
    }
}

fn figures(layer: &LayerFacts) -> Vec<(&'static str, String)> {
    let cost = layer.cost.as_ref();
    let rows = [
        ("Parameters", Some(format::count(layer.parameters))),
        ("MACs", cost.map(|cost| format::count(cost.macs))),
        ("Output, int8", layer.output_bytes().map(format::bytes)),
        ("Live at this step", cost.and_then(|cost| cost.live_bytes).map(format::bytes)),
        ("Estimated time", cost.and_then(|cost| cost.millis).map(format::estimated_millis)),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
