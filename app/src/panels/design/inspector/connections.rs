//! What a layer reads: which layers, in which order.

use egui::{ComboBox, Frame, Margin, Ui};
use emberlab_core::layers::{Edit, Layer, LayerId};

use super::form::{chevron, choice_field, row};
use crate::command::Command;
use crate::panels::PanelContext;
use crate::panels::design::PanelFront;
use crate::project::DesignCommand;
use crate::theme::widgets::section;
use crate::theme::{Theme, text};

/// The inputs of a layer as menus, and whether the network gives its output; kinds that samples enter at have neither.
pub fn ui(ui: &mut Ui, front: &PanelFront<'_>, layer: &Layer, ctx: &mut PanelContext<'_>) {
    let (_, most) = layer.kind.input_range();
    if most == 0 {
        return;
    }
    inputs_ui(ui, front, layer, most, ctx);
    output_ui(ui, front, layer, ctx);
}

/// Whether what the layer gives is an output of the network.
fn output_ui(ui: &mut Ui, front: &PanelFront<'_>, layer: &Layer, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let outputs = &front.drawn.shapes.outputs;
    let was_output = outputs.contains(&layer.id);
    let mut is_output = was_output;
    Frame::new().inner_margin(Margin { left: 16, right: 16, top: 0, bottom: 8 }).show(ui, |ui| {
        ui.set_width(ui.available_width());
        row(ui, theme, "Is an output", |ui, theme, width| {
            choice_field(ui, theme, "Is an output", &mut is_output, &[(true, "yes"), (false, "no")], width)
        });
    });
    if is_output == was_output {
        return;
    }
    let mut chosen: Vec<LayerId> = outputs.iter().copied().filter(|id| *id != layer.id).collect();
    if is_output {
        chosen.push(layer.id);
    }
    ctx.send(Command::Design(DesignCommand::Edit(vec![Edit::SetOutputs { outputs: chosen }])));
}

fn inputs_ui(ui: &mut Ui, front: &PanelFront<'_>, layer: &Layer, most: usize, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let graph = front.project.design.graph();
    // Whatever depends on the layer cannot be read by it.
    let sources: Vec<&Layer> =
        graph.layers.iter().filter(|other| !graph.depends_on(other.id, layer.id)).collect();
    let n_rows = (layer.inputs.len() + usize::from(layer.inputs.len() < most)).max(1);
    let mut edits: Vec<Edit> = Vec::new();
    section(ui, theme, "Reads", "", |ui| {
        for place in 0..n_rows {
            let present = layer.inputs.get(place).copied();
            let label = if most == 1 { "Input".to_owned() } else { format!("Input {}", place + 1) };
            let chosen = row(ui, theme, &label, |ui, theme, width| {
                source_ui(ui, theme, &label, present, &sources, width)
            });
            match (chosen, present) {
                (Some(Some(from)), before) if Some(from) != before => {
                    edits.push(Edit::Connect { from, to: layer.id, place: Some(place) });
                }
                (Some(None), Some(_)) => edits.push(Edit::Disconnect { to: layer.id, place }),
                (Some(_), _) | (None, _) => {}
            }
        }
    });
    if !edits.is_empty() {
        ctx.send(Command::Design(DesignCommand::Edit(edits)));
    }
}

/// A menu of layers; `Some(None)` stands for nothing.
fn source_ui(
    ui: &mut Ui,
    theme: &Theme,
    label: &str,
    present: Option<LayerId>,
    sources: &[&Layer],
    width: f32,
) -> Option<Option<LayerId>> {
    let name =
        present.and_then(|id| sources.iter().find(|source| source.id == id)).map(|source| &source.name);
    let words = match name {
        Some(name) => text::number(name).color(theme.text.text_1),
        None => text::number("nothing").color(theme.text.text_3),
    };
    let mut chosen = None;
    ui.scope(|ui| {
        super::form::outline(ui, theme);
        ui.spacing_mut().interact_size.y = 24.0;
        ui.spacing_mut().button_padding = egui::vec2(8.0, 3.0);
        let menu =
            ComboBox::from_id_salt(label).width(width).icon(chevron).selected_text(words).show_ui(ui, |ui| {
                for source in sources {
                    let is_present = present == Some(source.id);
                    if ui.selectable_label(is_present, text::number(&source.name)).clicked() {
                        chosen = Some(Some(source.id));
                    }
                }
                if present.is_some() && ui.selectable_label(false, text::number("nothing")).clicked() {
                    chosen = Some(None);
                }
            });
        menu.response.accessible_name(label);
    });
    chosen
}
