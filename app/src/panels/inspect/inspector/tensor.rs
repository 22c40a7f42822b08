//! The inspector's page about tensors.

use std::sync::Arc;

use egui::{Color32, Ui};
use emberlab_core::model::{QuantizationDetails, Subgraph, SubgraphId, Tensor, TensorId, TensorType};
use emberlab_core::npy;
use emberlab_core::stats::{Distribution, Statistics};

use super::Inspector;
use super::charts::{histogram_ui, number, strip_ui};
use super::operator::{Port, port_ui, ports, role_width};
use super::values::ValueGrid;
use crate::command::Command;
use crate::document::{OpenModel, Selection};
use crate::panels::inspect::facts::ModelFacts;
use crate::panels::inspect::tensor_facts::{TensorFacts, TensorRole};
use crate::theme::widgets::{
    ButtonKind, Verdict, icon_button, key_value, key_value_coloured, note, section, segmented_small,
    small_button,
};
use crate::theme::{Icon, Theme, format, text};

/// Constants up to this size are measured at once; larger ones by a job.
const AT_ONCE: usize = 1 << 15;

/// What the page is about.
pub struct TensorPage<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The model.
    pub open: &'a OpenModel,
    /// What is known about it.
    pub facts: &'a ModelFacts,
    /// The tensors' subgraph.
    pub subgraph: SubgraphId,
    /// What is selected.
    pub selection: Selection,
}

impl TensorPage<'_> {
    /// Draws the page below its title.
    pub fn ui(&self, ui: &mut Ui, inspector: &mut Inspector, commands: &mut Vec<Command>) {
        let Some(subgraph) = self.open.model.subgraphs.get(self.subgraph.index()) else { return };
        if let Selection::Operator(_, operator) | Selection::Scratch(_, operator, _) = self.selection
            && let Some(operator) = subgraph.operators.get(operator.index())
        {
            let (ports, _) = ports(&self.open.model, operator);
            self.ports_ui(ui, subgraph, &ports, inspector);
        }
        match inspector.shown_tensor(self.open, self.subgraph, self.selection) {
            Some(tensor) => self.tensor_ui(ui, subgraph, tensor, inspector, commands),
            None => {
                ui.add_space(16.0);
                ui.vertical_centered(|ui| {
                    ui.label(
                        text::cell("Choose a tensor in the table or the graph").color(self.theme.text.text_3),
                    );
                });
            }
        }
    }

    fn ports_ui(&self, ui: &mut Ui, subgraph: &Subgraph, ports: &[Port], inspector: &mut Inspector) {
        let title = format::counted(ports.len() as u64, "tensor", "tensors");
        let title = format!("{title} of this operator");
        section(ui, self.theme, &title, "", |ui| {
            let shown = inspector.shown_tensor(self.open, self.subgraph, self.selection);
            let role_width = role_width(ui, ports);
            for port in ports {
                if shown == Some(port.tensor) {
                    let rect = ui.available_rect_before_wrap();
                    let row = egui::Rect::from_min_size(
                        rect.min - egui::vec2(6.0, 0.0),
                        egui::vec2(rect.width() + 12.0, 22.0),
                    );
                    ui.painter().rect_filled(row, 3.0, self.theme.accent.soft);
                }
                if port_ui(ui, self.theme, self.facts, self.subgraph, subgraph, port, role_width) {
                    inspector.show_tensor(port.tensor);
                }
            }
        });
    }

    fn tensor_ui(
        &self,
        ui: &mut Ui,
        subgraph: &Subgraph,
        id: TensorId,
        inspector: &mut Inspector,
        commands: &mut Vec<Command>,
    ) {
        let Some(tensor) = subgraph.tensors.get(id.index()) else { return };
        let Some(facts) = self.facts.graph(self.subgraph).and_then(|graph| graph.tensors.get(id.index()))
        else {
            return;
        };
        let theme = self.theme;
        section(ui, theme, &format!("Tensor t{}", id.0), tensor.ty.name(), |ui| {
            self.facts_ui(ui, tensor, id, facts, commands);
        });
        quantization_ui(ui, theme, tensor);
        scales_ui(ui, theme, tensor);
        if tensor.sparsity.is_some() {
            section(ui, theme, "Sparse encoding", "", |ui| sparsity_ui(ui, theme, tensor));
        }
        let Some(bytes) = self.open.model.constant_data(tensor) else { return };
        let colour = theme.series[0];
        Constant { theme, open: self.open, subgraph: self.subgraph, tensor: id, title: "Values", colour }
            .ui(ui, inspector, commands);
        self.values_ui(ui, tensor, id, bytes, inspector, commands);
    }

    fn facts_ui(
        &self,
        ui: &mut Ui,
        tensor: &Tensor,
        id: TensorId,
        facts: &TensorFacts,
        commands: &mut Vec<Command>,
    ) {
        let theme = self.theme;
        if !facts.name.is_empty() {
            ui.add(
                egui::Label::new(text::cell(&facts.name).color(theme.text.text_2)).wrap().selectable(true),
            );
            ui.add_space(4.0);
        }
        key_value(ui, theme, "Role", facts.role.label());
        let full = tensor.shape.iter().map(i32::to_string).collect::<Vec<_>>().join("×");
        key_value(ui, theme, "Shape", if full.is_empty() { "scalar" } else { &full });
        if !tensor.shape_signature.is_empty() && tensor.shape_signature != tensor.shape {
            key_value(ui, theme, "Shape signature", &format::shape(&tensor.shape_signature));
        }
        if let Some(elements) = facts.elements {
            key_value(ui, theme, "Elements", &format::count(elements));
        }
        if let Some(bytes) = facts.bytes {
            key_value(ui, theme, "Bytes", &format::bytes(bytes));
        }
        if let Some(buffer) = self.facts.planned(self.subgraph, id) {
            let end = buffer.offset + buffer.size;
            let address = format!("{} … {}", format::count(buffer.offset), format::count(end));
            key_value(ui, theme, "Arena bytes", &address);
        }
        if facts.role == TensorRole::Constant {
            key_value(ui, theme, "Buffer", &tensor.buffer.0.to_string());
        }
        if tensor.external_buffer != 0 {
            key_value(ui, theme, "External buffer", &tensor.external_buffer.to_string());
        }
        let mut operator_row = |name: &str, operators: &[emberlab_core::model::OperatorId]| {
            let Some(first) = operators.first() else { return };
            let shown: Vec<String> =
                operators.iter().take(6).map(|operator| format!("#{}", operator.0)).collect();
            let more = if operators.len() > 6 {
                format!(" and {} more", operators.len() - 6)
            } else {
                String::new()
            };
            let value = format!("{}{more}", shown.join(", "));
            let row = key_value_coloured(ui, theme, name, &value, theme.status.info);
            if row.on_hover_text(format!("Select operator #{}", first.0)).clicked() {
                commands.push(Command::Select(Selection::Operator(self.subgraph, *first)));
            }
        };
        operator_row("Written by", facts.writer.as_slice());
        operator_row("Read by", &facts.readers);
    }

    fn values_ui(
        &self,
        ui: &mut Ui,
        tensor: &Tensor,
        id: TensorId,
        bytes: &[u8],
        inspector: &mut Inspector,
        commands: &mut Vec<Command>,
    ) {
        let theme = self.theme;
        section(ui, theme, "Elements", "", |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                if is_quantized(tensor) {
                    let choices = [(false, "Stored"), (true, "Real")];
                    segmented_small(ui, theme, &mut inspector.real, &choices);
                }
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if small_button(ui, theme, ButtonKind::Outline, Some(Icon::Save), "Save .npy").clicked() {
                        match npy::write(tensor, bytes) {
                            Ok(file) => {
                                let name = format!("t{}.npy", id.0);
                                commands.push(Command::SaveAs(
                                    name,
                                    file.into(),
                                    format!("tensor t{}", id.0),
                                ));
                                inspector.npy_error = None;
                            }
                            Err(error) => {
                                let help = error.help().to_owned();
                                inspector.npy_error = Some((id, error.to_string(), help));
                            }
                        }
                    }
                    if let Some(grid) = ValueGrid::new(tensor, bytes, inspector.real)
                        && icon_button(ui, theme, Icon::Copy, "Copy values").clicked()
                    {
                        let (tsv, is_whole) = grid.tsv();
                        let what = if is_whole { "all values" } else { "the first 65,536 values" };
                        commands.push(Command::Copy(tsv, format!("{what} of t{}", id.0)));
                    }
                });
            });
            ui.add_space(6.0);
            if let Some((failed, message, help)) = &inspector.npy_error
                && *failed == id
            {
                note(ui, theme, Verdict::Over, message, help);
                ui.add_space(6.0);
            }
            match ValueGrid::new(tensor, bytes, inspector.real && is_quantized(tensor)) {
                Some(grid) => grid.ui(ui, theme),
                None => {
                    let what = format!("Elements of {} are not shown as numbers", tensor.ty.name());
                    ui.label(text::small(what).color(theme.text.text_3));
                }
            }
        });
    }
}

fn is_quantized(tensor: &Tensor) -> bool {
    tensor.quantization.as_ref().is_some_and(|quantization| !quantization.scale.is_empty())
}

/// Histogram and figures of a constant.
pub struct Constant<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The model.
    pub open: &'a OpenModel,
    /// The tensor's subgraph.
    pub subgraph: SubgraphId,
    /// The tensor.
    pub tensor: TensorId,
    /// Head of the section.
    pub title: &'a str,
    /// Colour of the bars.
    pub colour: Color32,
}

impl Constant<'_> {
    /// Draws the section; it says so while the figures are not known yet.
    pub fn ui(&self, ui: &mut Ui, inspector: &mut Inspector, commands: &mut Vec<Command>) {
        let Constant { theme, open, subgraph, tensor: id, title, colour } = *self;
        let graph = open.model.subgraphs.get(subgraph.index());
        let Some(tensor) = graph.and_then(|graph| graph.tensors.get(id.index())) else { return };
        let Some(statistics) = inspector.statistics(open, subgraph, id, AT_ONCE, commands) else {
            section(ui, theme, title, "measuring…", |_| ());
            return;
        };
        let Some(statistics) = statistics else {
            section(ui, theme, title, "", |ui| {
                let what = "Elements that are no single numbers have no figures";
                ui.label(text::small(what).color(theme.text.text_3));
            });
            return;
        };
        let count = format::counted(statistics.n_values, "value", "values");
        let right = format!("{count}, {} distinct", format::count(statistics.n_distinct));
        section(ui, theme, title, &right, |ui| {
            // A bar says something from two numbers on.
            if statistics.n_distinct > 1 {
                histogram_ui(ui, theme, &statistics.raw, Some(tensor.ty), colour);
            }
            figures_ui(ui, theme, tensor, &statistics);
        });
    }
}

fn figures_ui(ui: &mut Ui, theme: &Theme, tensor: &Tensor, statistics: &Statistics) {
    let range = |values: &Distribution| {
        format!("{} … {}, {}", number(values.min), number(values.max), figure(values.mean))
    };
    key_value(ui, theme, "Range, mean", &range(&statistics.raw));
    key_value(ui, theme, "Standard deviation", &figure(statistics.raw.std));
    if let Some(real) = &statistics.real {
        let text = format!("{} … {}", format::significant(real.min, 4), format::significant(real.max, 4));
        key_value(ui, theme, "Real range", &text);
    }
    if let Some(saturation) = statistics.saturation {
        // Symmetric weights end at -127: -128 is left out so that both ends are alike.
        let is_symmetric = tensor
            .quantization
            .as_ref()
            .is_some_and(|quantization| quantization.zero_point.iter().all(|zero_point| *zero_point == 0));
        let second = if is_symmetric { saturation.n_second_lowest } else { 0 };
        let count = saturation.n_lowest + saturation.n_highest + second;
        key_value(ui, theme, "Saturated", &counted_share(count, statistics.n_values));
    }
    key_value(ui, theme, "Zeros", &counted_share(statistics.n_zeros, statistics.n_values));
    if statistics.n_non_finite > 0 {
        let text = counted_share(statistics.n_non_finite, statistics.n_values);
        key_value_coloured(ui, theme, "Not finite", &text, theme.status.over);
    }
}

/// A mean or a deviation: whole from 1,000 on, two decimals from 0.1 on, three significant digits below.
fn figure(value: f64) -> String {
    match value.abs() {
        1_000.0..1e15 => format::integer(value.round() as i64),
        0.1..1_000.0 => format!("{value:.2}").replace('-', "−"),
        _ => format::significant(value, 3),
    }
}

/// `17 (11.8 %)`.
fn counted_share(count: u64, of: u64) -> String {
    if count == 0 {
        return "0".to_owned();
    }
    format!("{} ({})", format::count(count), format::percent_share(count as f64 / of.max(1) as f64))
}

fn quantization_ui(ui: &mut Ui, theme: &Theme, tensor: &Tensor) {
    let Some(quantization) = &tensor.quantization else { return };
    let has_anything =
        !quantization.scale.is_empty() || quantization.details.is_some() || !quantization.min.is_empty();
    if !has_anything {
        return;
    }
    section(ui, theme, "Quantization", "", |ui| {
        match quantization.scale.as_slice() {
            [] => {}
            [scale] => {
                key_value(ui, theme, "Scale", &format::scale(*scale));
            }
            scales => {
                key_value(ui, theme, "Scales", &format::count(scales.len() as u64));
                key_value(ui, theme, "Along axis", &quantization.quantized_dimension.to_string());
            }
        }
        match quantization.zero_point.as_slice() {
            [] => {}
            [zero_point] => {
                key_value(ui, theme, "Zero point", &format::integer(*zero_point));
            }
            zero_points => {
                let (low, high) = (zero_points.iter().min(), zero_points.iter().max());
                if let Some((low, high)) = low.zip(high) {
                    let text = if low == high {
                        format!("{} for all", format::integer(*low))
                    } else {
                        format!("{} … {}", format::integer(*low), format::integer(*high))
                    };
                    key_value(ui, theme, "Zero points", &text);
                }
            }
        }
        if let (Some(scale), Some((low, high))) = (quantization.scale.first(), limits(tensor.ty))
            && quantization.scale.len() == 1
        {
            let zero_point = quantization.zero_point.first().copied().unwrap_or(0) as f64;
            let real = |value: f64| format::significant((value - zero_point) * f64::from(*scale), 4);
            key_value(ui, theme, "Stands for", &format!("{} … {}", real(low), real(high)));
        }
        if let (Some(min), Some(max)) = (quantization.min.first(), quantization.max.first()) {
            let text = format!("{} … {}", format::scale(*min), format::scale(*max));
            key_value(ui, theme, "Calibrated", &text);
        }
        match &quantization.details {
            None => {}
            Some(QuantizationDetails::Custom(bytes)) => {
                key_value(ui, theme, "Custom", &format::bytes(bytes.len() as u64));
            }
            Some(QuantizationDetails::Blockwise { scales, block_size, .. }) => {
                key_value(ui, theme, "Per block", &format!("{block_size} elements, scales in t{scales}"));
            }
            Some(QuantizationDetails::MultiAxis { scales, quantized_dimensions, .. }) => {
                let text = format!("axes {quantized_dimensions:?}, scales in t{scales}");
                key_value(ui, theme, "Several axes", &text);
            }
        }
    });
}

/// The strip of scales of a tensor with more than one.
pub fn scales_ui(ui: &mut Ui, theme: &Theme, tensor: &Tensor) {
    let Some(quantization) = &tensor.quantization else { return };
    let scales = &quantization.scale;
    if scales.len() < 2 {
        return;
    }
    let finite = || scales.iter().copied().filter(|scale| scale.is_finite());
    let (low, high) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    let right = format!("{} … {}", format::scale(low), format::scale(high));
    section(ui, theme, "Scale per channel", &right, |ui| strip_ui(ui, theme, "Scale per channel", scales));
}

fn sparsity_ui(ui: &mut Ui, theme: &Theme, tensor: &Tensor) {
    let Some(sparsity) = &tensor.sparsity else { return };
    let list = |values: &[i32]| values.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
    key_value(ui, theme, "Traversal order", &list(&sparsity.traversal_order));
    if !sparsity.block_map.is_empty() {
        key_value(ui, theme, "Block map", &list(&sparsity.block_map));
    }
    for (place, dimension) in sparsity.dimensions.iter().enumerate() {
        let text = match dimension.format {
            0 => format!("dense, {}", dimension.dense_size),
            1 => "compressed rows".to_owned(),
            other => format!("format {other}"),
        };
        key_value(ui, theme, &format!("Dimension {place}"), &text);
    }
}

fn limits(ty: TensorType) -> Option<(f64, f64)> {
    match ty {
        TensorType::Int8 => Some((-128.0, 127.0)),
        TensorType::Uint8 => Some((0.0, 255.0)),
        TensorType::Int16 => Some((-32_768.0, 32_767.0)),
        TensorType::Int4 => Some((-8.0, 7.0)),
        TensorType::Uint4 => Some((0.0, 15.0)),
        TensorType::Int2 => Some((-2.0, 1.0)),
        _ => None,
    }
}

/// The figures of a constant, as the inspector keeps them.
pub type Measured = Option<Arc<Statistics>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_as_many_digits_as_say_something() {
        for (value, text) in
            [(2.239, "2.24"), (-2.9, "−2.90"), (1_689.62, "1,690"), (0.012_345, "0.0123"), (0.0, "0")]
        {
            assert_eq!(figure(value), text);
        }
    }

    #[test]
    fn shares_stand_behind_their_count() {
        assert_eq!(counted_share(17, 144), "17 (11.8 %)");
        assert_eq!(counted_share(0, 0), "0");
    }
}
