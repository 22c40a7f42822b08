//! What is selected: its numbers, what other numbers would cost, what it has become, and what to know about it.

mod connections;
pub mod form;
mod network;
mod notes;
mod properties;
mod what_if;

use egui::{Align, Frame, Label, Layout, Margin, Ui, vec2};
use emberlab_core::layers::{Edit, Layer, LayerId};

use super::PanelFront;
use super::facts::{LayerFacts, Speed};
use crate::command::Command;
use crate::panels::PanelContext;
use crate::project::DesignCommand;
use crate::theme::widgets::{ButtonKind, focus_ring, key_value, key_value_coloured, section, small_button};
use crate::theme::{Icon, Theme, format, text};
use form::{row, text_field};
pub use properties::ACTIVATIONS;

/// Draws the inspector.
pub fn ui(ui: &mut Ui, front: &PanelFront<'_>, ctx: &mut PanelContext<'_>) {
    let design = &front.project.design;
    match design.chosen.as_slice() {
        [] => match design.chosen_edge {
            Some((to, place)) => edge_ui(ui, front, to, place, ctx),
            None => network::ui(ui, front, ctx),
        },
        [layer] => {
            let graph = design.graph();
            if let Some(layer) = graph.layer(*layer) {
                layer_ui(ui, front, layer, ctx);
            }
        }
        [_, _, ..] => several_ui(ui, front, ctx),
    }
}

fn send(ctx: &mut PanelContext<'_>, edits: Vec<Edit>) {
    if !edits.is_empty() {
        ctx.send(Command::Design(DesignCommand::Edit(edits)));
    }
}

/// The head of the inspector: a coloured square, what it is, and a figure at the right.
fn title_ui(ui: &mut Ui, theme: &Theme, colour: egui::Color32, title: &str, right: &str) {
    let size = vec2(ui.available_width(), 44.0);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Heading, true, title));
    let middle = rect.center().y;
    let dot = egui::Rect::from_center_size(egui::pos2(rect.left() + 21.0, middle), vec2(10.0, 10.0));
    let painter = ui.painter();
    painter.rect_filled(dot, 2.0, colour);
    let at = egui::pos2(dot.right() + 8.0, middle);
    painter.text(at, egui::Align2::LEFT_CENTER, title, crate::theme::font_id::title(), theme.text.text_1);
    let at = egui::pos2(rect.right() - 16.0, middle);
    let font = crate::theme::font_id::number_small();
    painter.text(at, egui::Align2::RIGHT_CENTER, right, font, theme.text.text_3);
}

fn layer_ui(ui: &mut Ui, front: &PanelFront<'_>, layer: &Layer, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let facts = front.facts.layer(layer.id);
    let number = facts.map_or_else(String::new, |facts| format!("layer {}", facts.number));
    let colour = theme.operator_colour(super::words::category(&layer.kind));
    title_ui(ui, theme, colour, layer.kind.label(), &number);
    properties_ui(ui, front, layer, ctx);
    connections::ui(ui, front, layer, ctx);
    what_if::ui(ui, front, layer, ctx);
    if let Some(facts) = facts {
        section(ui, theme, "This layer", "", |ui| this_layer_ui(ui, theme, facts));
        notes::layer_ui(ui, front, layer, facts, ctx);
    }
}

fn properties_ui(ui: &mut Ui, front: &PanelFront<'_>, layer: &Layer, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let mut edits = Vec::new();
    let mut kind = layer.kind.clone();
    // Fields of one layer must not be taken for those of another.
    let changes = ui
        .push_id(("properties", front.tab.id, layer.id.0), |ui| {
            section(ui, theme, "Properties", "", |ui| {
                let typed = row(ui, theme, "Name", |ui, theme, width| {
                    text_field(ui, theme, "Name", &layer.name, width)
                });
                if let Some(name) = typed {
                    edits.push(Edit::Rename { layer: layer.id, name });
                }
                let changes = properties::kind_ui(ui, theme, &mut kind);
                ui.add_space(4.0);
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 6.0;
                    let button = |ui: &mut Ui, icon, label| {
                        small_button(ui, theme, ButtonKind::Outline, Some(icon), label)
                    };
                    if button(ui, Icon::Copy, "Duplicate").clicked() {
                        let graph = front.project.design.graph();
                        edits.extend(super::edits::duplicated(graph, &[layer.id]));
                    }
                    if button(ui, Icon::Trash2, "Remove").clicked() {
                        edits.push(Edit::Remove { layers: vec![layer.id], bridge: true });
                    }
                });
                changes
            })
        })
        .inner;
    if kind != layer.kind {
        let edit = Edit::SetKind { layer: layer.id, kind };
        let command = if changes.set { DesignCommand::Edit(vec![edit]) } else { DesignCommand::Drag(edit) };
        ctx.send(Command::Design(command));
    }
    if changes.rested {
        ctx.send(Command::Design(DesignCommand::Rest));
    }
    send(ctx, edits);
}

fn this_layer_ui(ui: &mut Ui, theme: &Theme, facts: &LayerFacts) {
    let known = |value: Option<String>| value.unwrap_or_else(|| format::UNKNOWN.to_owned());
    let cost = facts.cost.as_ref();
    key_value(ui, theme, "Output", if facts.shape.is_empty() { format::UNKNOWN } else { &facts.shape });
    key_value(ui, theme, "Parameters", &format::count(facts.parameters));
    key_value(ui, theme, "MACs", &known(cost.map(|cost| format::count(cost.macs))));
    key_value(ui, theme, "Output, int8", &known(facts.output_bytes().map(format::bytes)));
    let live = cost.and_then(|cost| cost.live_bytes).map(format::bytes);
    key_value(ui, theme, "Live at this step", &known(live));
    let millis = cost.and_then(|cost| cost.millis).map(format::estimated_millis);
    key_value(ui, theme, "Estimated time", &known(millis));
    let Some(cost) = cost else { return };
    match (&cost.within, cost.operator_names.as_slice()) {
        (Some(other), _) => {
            key_value(ui, theme, "Becomes", &format!("part of {other}"));
        }
        (None, []) => {
            key_value(ui, theme, "Becomes", "nothing");
        }
        (None, names) => {
            key_value(ui, theme, "Becomes", &names.join(", "));
        }
    }
    let Some((speed, kernel)) = &cost.kernel else { return };
    let (words, colour) = match speed {
        Speed::Fast => (kernel.replace("ESP-NN", "yes"), theme.status.ok),
        Speed::Copy => ("moves memory only".to_owned(), theme.text.text_1),
        Speed::Reference => ("no".to_owned(), theme.status.warn),
        Speed::Refused => ("cannot run".to_owned(), theme.status.over),
    };
    key_value_coloured(ui, theme, "ESP-NN fast path", &words, colour);
}

/// The edge that is selected.
fn edge_ui(ui: &mut Ui, front: &PanelFront<'_>, to: LayerId, place: usize, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let graph = front.project.design.graph();
    let Some(reader) = graph.layer(to) else { return };
    let Some(source) = reader.inputs.get(place).and_then(|id| graph.layer(*id)) else { return };
    title_ui(ui, theme, theme.line.strong, "Edge", "");
    section(ui, theme, "Connects", "", |ui| {
        key_value(ui, theme, "From", &source.name);
        key_value(ui, theme, "To", &reader.name);
        if reader.inputs.len() > 1 {
            key_value(ui, theme, "Input", &(place + 1).to_string());
        }
        let shape = front.facts.layer(source.id).map_or("", |facts| &facts.shape);
        key_value(ui, theme, "Shape", if shape.is_empty() { format::UNKNOWN } else { shape });
        ui.add_space(6.0);
        if small_button(ui, theme, ButtonKind::Outline, Some(Icon::Trash2), "Take the edge out").clicked() {
            ctx.commands.push(Command::Design(DesignCommand::Edit(vec![Edit::Disconnect { to, place }])));
        }
    });
    section(ui, theme, "Hint", "", |ui| {
        let words = "A layer that is added now goes onto this edge.";
        ui.add(Label::new(text::cell(words).color(theme.text.text_2)).wrap());
    });
}

/// More than one layer.
fn several_ui(ui: &mut Ui, front: &PanelFront<'_>, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let design = &front.project.design;
    let chosen = &design.chosen;
    title_ui(ui, theme, theme.accent.base, &format!("{} layers", chosen.len()), "selected");
    let layers: Vec<&LayerFacts> = chosen.iter().filter_map(|id| front.facts.layer(*id)).collect();
    let figures = || layers.iter().filter_map(|layer| layer.cost.as_ref());
    section(ui, theme, "Together", "", |ui| {
        let parameters = layers.iter().map(|layer| layer.parameters).fold(0, u64::saturating_add);
        key_value(ui, theme, "Parameters", &format::count(parameters));
        let macs = figures().map(|cost| cost.macs).fold(0, u64::saturating_add);
        key_value(ui, theme, "MACs", &format::count(macs));
        let millis = figures().filter_map(|cost| cost.millis).reduce(|sum, next| sum + next);
        let millis = millis.map_or_else(|| format::UNKNOWN.to_owned(), format::estimated_millis);
        key_value(ui, theme, "Estimated time", &millis);
    });
    section(ui, theme, "Layers", "", |ui| {
        for layer in &layers {
            if name_row(ui, theme, layer).clicked() {
                ctx.commands.push(Command::Design(DesignCommand::Choose(vec![layer.id])));
            }
        }
    });
    let mut edits = Vec::new();
    Frame::new().inner_margin(Margin::symmetric(16, 4)).show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            if small_button(ui, theme, ButtonKind::Outline, Some(Icon::Copy), "Duplicate").clicked() {
                edits = super::edits::duplicated(design.graph(), chosen);
            }
            if small_button(ui, theme, ButtonKind::Outline, Some(Icon::Trash2), "Remove").clicked() {
                edits = vec![Edit::Remove { layers: chosen.clone(), bridge: true }];
            }
        });
    });
    send(ctx, edits);
}

/// A layer as a line that can be clicked.
fn name_row(ui: &mut Ui, theme: &Theme, layer: &LayerFacts) -> egui::Response {
    let size = vec2(ui.available_width(), 24.0);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &layer.spoken));
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect.expand2(vec2(8.0, 0.0)), 4.0, theme.surface.raised);
    }
    let middle = rect.center().y;
    let dot = egui::Rect::from_center_size(egui::pos2(rect.left() + 4.0, middle), vec2(8.0, 8.0));
    painter.rect_filled(dot, 2.0, theme.operator_colour(layer.category));
    let at = egui::pos2(rect.left() + 16.0, middle);
    let font = crate::theme::font_id::cell();
    let name = painter.text(at, egui::Align2::LEFT_CENTER, layer.label, font.clone(), theme.text.text_1);
    let at = egui::pos2(name.right() + 6.0, middle);
    painter.text(at, egui::Align2::LEFT_CENTER, &layer.name, font, theme.text.text_3);
    let at = egui::pos2(rect.right(), middle);
    let font = crate::theme::font_id::number();
    painter.text(at, egui::Align2::RIGHT_CENTER, &layer.shape, font, theme.text.text_2);
    focus_ring(ui, theme, &response);
    response
}
