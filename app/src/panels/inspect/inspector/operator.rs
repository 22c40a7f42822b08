//! The inspector's page about an operator.

use egui::{Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::model::{Model, Operator, OperatorId, Subgraph, SubgraphId, TensorId, TensorType};
use emberlab_core::plan::{BufferUse, KernelSet, Target};
use emberlab_core::verdict::{Kernel, Severity};

use super::Inspector;
use super::tensor::{Constant, scales_ui};
use crate::command::Command;
use crate::document::OpenModel;
use crate::panels::inspect::attributes::attributes;
use crate::panels::inspect::facts::{ModelFacts, OperatorFacts};
use crate::panels::inspect::names::{input_role, output_role};
use crate::theme::widgets::{Verdict, focus_ring, key_value, key_value_coloured, section};
use crate::theme::{Theme, font_id, format, text};

/// What the page is about.
pub struct OperatorPage<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The model.
    pub open: &'a OpenModel,
    /// What is known about it.
    pub facts: &'a ModelFacts,
    /// Chip and kernels.
    pub target: Target,
    /// The operator's subgraph.
    pub subgraph: SubgraphId,
    /// The operator.
    pub operator: OperatorId,
}

/// One tensor of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// `input`, `weights`, `output`.
    pub role: String,
    /// Which tensor.
    pub tensor: TensorId,
}

/// The tensors of an operator in the schema's order, and how many optional inputs are left out.
pub fn ports(model: &Model, operator: &Operator) -> (Vec<Port>, usize) {
    let builtin = model.operator_codes.get(operator.code_index as usize).map(|code| code.builtin);
    let n_inputs = operator.inputs.len();
    let inputs = operator.inputs.iter().enumerate().filter_map(|(place, tensor)| {
        let role =
            builtin.map_or_else(|| format!("input {}", place + 1), |op| input_role(op, place, n_inputs));
        tensor.map(|tensor| Port { role, tensor })
    });
    let n_outputs = operator.outputs.len();
    let outputs = operator.outputs.iter().enumerate().filter_map(|(place, tensor)| {
        tensor.map(|tensor| Port { role: output_role(place, n_outputs), tensor })
    });
    let intermediates = operator.intermediates.iter().enumerate().filter_map(|(place, tensor)| {
        tensor.map(|tensor| Port { role: format!("intermediate {}", place + 1), tensor })
    });
    let n_left_out = operator.inputs.iter().filter(|tensor| tensor.is_none()).count();
    (inputs.chain(outputs).chain(intermediates).collect(), n_left_out)
}

/// The constant that matters most: the largest one that is no shape or axis.
pub fn main_constant(model: &Model, subgraph: &Subgraph, operator: &Operator) -> Option<(usize, TensorId)> {
    let size = |tensor: TensorId| {
        let tensor = subgraph.tensors.get(tensor.index())?;
        model.constant_data(tensor).map(|bytes| (tensor, bytes.len()))
    };
    let constants = operator.inputs.iter().enumerate().filter_map(|(place, id)| {
        let id = (*id)?;
        let (tensor, n_bytes) = size(id)?;
        (!matches!(tensor.ty, TensorType::Int32 | TensorType::Int64)).then_some((place, id, n_bytes))
    });
    constants
        .max_by_key(|(place, _, n_bytes)| (*n_bytes, std::cmp::Reverse(*place)))
        .map(|(place, id, _)| (place, id))
}

impl OperatorPage<'_> {
    /// Draws the page below its title.
    pub fn ui(&self, ui: &mut Ui, inspector: &mut Inspector, commands: &mut Vec<Command>) {
        let Some(subgraph) = self.open.model.subgraphs.get(self.subgraph.index()) else { return };
        let Some(operator) = subgraph.operators.get(self.operator.index()) else { return };
        let Some(facts) =
            self.facts.graph(self.subgraph).and_then(|graph| graph.operators.get(self.operator.index()))
        else {
            return;
        };
        self.notes_ui(ui, operator, facts);
        section(ui, self.theme, "Attributes", "", |ui| {
            self.attributes_ui(ui, subgraph, operator, facts, commands)
        });
        let (ports, n_left_out) = ports(&self.open.model, operator);
        section(ui, self.theme, heading(operator), "", |ui| {
            let role_width = role_width(ui, &ports);
            for port in &ports {
                if port_ui(ui, self.theme, self.facts, self.subgraph, subgraph, port, role_width) {
                    inspector.show_tensor(port.tensor);
                }
            }
            if n_left_out > 0 {
                let what =
                    format::counted(n_left_out as u64, "optional input left out", "optional inputs left out");
                ui.add_space(4.0);
                ui.label(text::small(what).color(self.theme.text.text_3));
            }
        });
        if let Some((place, tensor)) = main_constant(&self.open.model, subgraph, operator) {
            let builtin = self.open.model.builtin(operator);
            let title = capitalised(&input_role(builtin, place, operator.inputs.len()));
            let colour = self.theme.operator_colour(facts.category);
            Constant {
                theme: self.theme,
                open: self.open,
                subgraph: self.subgraph,
                tensor,
                title: &title,
                colour,
            }
            .ui(ui, inspector, commands);
            if let Some(tensor) = subgraph.tensors.get(tensor.index()) {
                scales_ui(ui, self.theme, tensor);
            }
        }
        if let Some(options) = &operator.custom_options {
            custom_options_ui(ui, self.theme, options, operator.custom_options_format);
        }
    }

    fn notes_ui(&self, ui: &mut Ui, operator: &Operator, facts: &OperatorFacts) {
        let most = self.facts.graph(self.subgraph).and_then(|graph| graph.most.live_bytes);
        let is_peak = facts.live_bytes.is_some() && facts.live_bytes == most;
        let notes: Vec<(Verdict, String, String)> = is_peak
            .then(|| {
                let bytes = facts.live_bytes.unwrap_or(0);
                (
                    Verdict::Info,
                    format!("Largest live set: {}.", format::bytes(bytes)),
                    self.live_set(operator),
                )
            })
            .into_iter()
            .chain(facts.findings.iter().filter_map(|finding| self.facts.findings.get(*finding)).map(
                |finding| {
                    let verdict = match finding.severity {
                        Severity::Error => Verdict::Over,
                        Severity::Warning => Verdict::Warn,
                        Severity::Note => Verdict::Info,
                    };
                    (verdict, finding.message.clone(), finding.help.clone())
                },
            ))
            .chain(self.kernel_note(facts))
            .collect();
        super::notes_ui(ui, self.theme, &notes);
    }

    /// A note where the kernel is not the fast one and no finding says so.
    fn kernel_note(&self, facts: &OperatorFacts) -> Option<(Verdict, String, String)> {
        if !facts.findings.is_empty() {
            return None;
        }
        match facts.kernel.as_ref()? {
            Kernel::Refused { reason, help } => Some((Verdict::Over, reason.clone(), help.clone())),
            Kernel::Reference(Some(reason)) if self.target.kernels == KernelSet::EspNn => {
                Some((Verdict::Info, "Runs on TFLM's reference kernel.".to_owned(), sentence(reason)))
            }
            Kernel::Reference(_) | Kernel::EspNnSimd | Kernel::EspNnGeneric | Kernel::Copy => None,
        }
    }

    /// What is alive while the operator runs: `Input 36,864, output 9,216, ESP-NN scratch 40,160.`
    fn live_set(&self, operator: &Operator) -> String {
        let (mut inputs, mut outputs, mut scratch, mut others) = (0, 0, 0, 0);
        for buffer in self.facts.alive_at(self.subgraph, self.operator) {
            let sum = match buffer.usage {
                BufferUse::Scratch(owner, _)
                    if owner == self.operator && buffer.subgraph == self.subgraph =>
                {
                    &mut scratch
                }
                BufferUse::Tensor(tensor) if operator.inputs.contains(&Some(tensor)) => &mut inputs,
                BufferUse::Tensor(tensor) if operator.outputs.contains(&Some(tensor)) => &mut outputs,
                BufferUse::Tensor(_) | BufferUse::Scratch(..) => &mut others,
            };
            *sum += buffer.size;
        }
        let scratch_name = match self.target.kernels {
            KernelSet::EspNn => "ESP-NN scratch",
            KernelSet::Reference => "scratch",
        };
        let parts: Vec<String> =
            [("input", inputs), ("output", outputs), (scratch_name, scratch), ("held for later", others)]
                .into_iter()
                .filter(|(_, bytes)| *bytes > 0)
                .map(|(name, bytes)| format!("{name} `{}`", format::bytes_only(bytes)))
                .collect();
        format!("{}.", capitalised(&parts.join(", ")))
    }

    fn attributes_ui(
        &self,
        ui: &mut Ui,
        subgraph: &Subgraph,
        operator: &Operator,
        facts: &OperatorFacts,
        commands: &mut Vec<Command>,
    ) {
        let theme = self.theme;
        for attribute in attributes(&self.open.model, subgraph, operator) {
            match attribute.subgraph {
                None => {
                    key_value(ui, theme, &attribute.name, &attribute.value);
                }
                Some(target) => {
                    let colour = theme.status.info;
                    let row = key_value_coloured(ui, theme, &attribute.name, &attribute.value, colour);
                    if row.on_hover_text("Open this subgraph").clicked() {
                        commands.push(Command::ShowSubgraph(target));
                    }
                }
            }
        }
        key_value(ui, theme, "Kind", facts.category.label());
        key_value(ui, theme, "MACs", &format::count(facts.macs));
        if let Some(code) = self.open.model.operator_codes.get(operator.code_index as usize) {
            key_value(ui, theme, "Version", &code.version.to_string());
        }
        if !facts.kernel_text.is_empty() {
            let colour = match facts.kernel {
                Some(Kernel::EspNnSimd | Kernel::EspNnGeneric) => theme.status.ok,
                Some(Kernel::Refused { .. }) => theme.status.over,
                Some(Kernel::Reference(_) | Kernel::Copy) | None => theme.text.text_1,
            };
            let name = format!("Runs on {}", self.target.chip.label());
            let short = facts.kernel_text.split(':').next().unwrap_or_default();
            key_value_coloured(ui, theme, &name, short, colour);
        }
    }
}

fn heading(operator: &Operator) -> &'static str {
    match (operator.inputs.len(), operator.outputs.len()) {
        (0, _) => "Outputs",
        (_, 0) => "Inputs",
        (_, 1) => "Inputs and output",
        _ => "Inputs and outputs",
    }
}

/// Width that the roles of several tensors take, so that what follows them stands in one line.
pub fn role_width(ui: &Ui, ports: &[Port]) -> f32 {
    let width = |port: &Port| {
        ui.painter().layout_no_wrap(port.role.clone(), font_id::cell(), egui::Color32::PLACEHOLDER).size().x
            + 10.0
    };
    ports.iter().map(width).fold(64.0, f32::max).min(ui.available_width() * 0.45).round()
}

/// One tensor of an operator in a row: role, shape and type, bytes. True when it was clicked.
pub fn port_ui(
    ui: &mut Ui,
    theme: &Theme,
    facts: &ModelFacts,
    subgraph_id: SubgraphId,
    subgraph: &Subgraph,
    port: &Port,
    role_width: f32,
) -> bool {
    let Some(tensor) = subgraph.tensors.get(port.tensor.index()) else { return false };
    let known = facts.graph(subgraph_id).and_then(|graph| graph.tensors.get(port.tensor.index()));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::click());
    let shape = format::shape(&tensor.shape);
    let ty = tensor.ty.name();
    let bytes = tensor.byte_size().map_or_else(|| format::UNKNOWN.to_owned(), format::bytes);
    let spoken = format!("{}, tensor {}, {shape} {ty}, {bytes}", port.role, port.tensor.0);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), &spoken));
    if response.hovered() {
        ui.painter().rect_filled(rect.expand2(vec2(6.0, 0.0)), 3.0, theme.surface.raised);
    }
    let middle = rect.center().y;
    let painter = ui.painter();
    let bytes = painter.layout_no_wrap(bytes, font_id::number(), theme.text.text_1);
    let role = fitted(ui, &port.role, font_id::cell(), theme.text.text_2, role_width - 8.0);
    let shape_left = rect.left() + role_width;
    let painter = ui.painter();
    painter.galley(pos2(rect.left(), middle - role.size().y / 2.0), role, theme.text.text_2);
    let bytes_left = rect.right() - bytes.size().x;
    let room = bytes_left - 8.0 - shape_left;
    painter.galley(pos2(bytes_left, middle - bytes.size().y / 2.0), bytes, theme.text.text_1);
    let mut job = egui::text::LayoutJob::default();
    let plain = |colour| egui::TextFormat::simple(font_id::number(), colour);
    job.append(&shape, 0.0, plain(theme.text.text_1));
    job.append(ty, 7.0, plain(theme.text.text_3));
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(8.0));
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(pos2(shape_left, middle - galley.size().y / 2.0), galley, theme.text.text_1);
    focus_ring(ui, theme, &response);
    let clicked = response.clicked();
    if let Some(known) = known {
        response.on_hover_ui(|ui| {
            ui.label(text::strong(format!("t{}", port.tensor.0)).color(theme.text.text_1));
            if !known.name.is_empty() {
                ui.label(text::cell(&known.name));
            }
            if !known.quantization.is_empty() {
                ui.label(text::number(&known.quantization));
            }
        });
    }
    clicked
}

fn fitted(
    ui: &Ui,
    text: &str,
    font: egui::FontId,
    colour: egui::Color32,
    width: f32,
) -> std::sync::Arc<egui::Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    ui.painter().layout_job(job)
}

fn custom_options_ui(ui: &mut Ui, theme: &Theme, options: &[u8], format_code: i8) {
    let kind = match (format_code, flexbuffer_root(options)) {
        (0, Some(root)) => format!("FlexBuffer, {root}"),
        (0, None) => "no FlexBuffer".to_owned(),
        _ => format!("format {format_code}"),
    };
    let right = format!("{}, {kind}", format::bytes(options.len() as u64));
    section(ui, theme, "Custom options", &right, |ui| {
        for (row, bytes) in options.chunks(8).take(16).enumerate() {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let printable =
                |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { *byte as char } else { '·' };
            let letters: String = bytes.iter().map(printable).collect();
            let line = format!("{:04x}  {:<23}  {letters}", row * 8, hex.join(" "));
            ui.label(text::number_small(line).color(theme.text.text_2));
        }
        if options.len() > 128 {
            let rest = format!("and {} more", format::bytes(options.len() as u64 - 128));
            ui.label(text::small(rest).color(theme.text.text_3));
        }
    });
}

/// What a FlexBuffer holds at its root, from its last two bytes: packed type and byte width
/// (github.com/google/flatbuffers, include/flatbuffers/flexbuffers.h). `None` where they make no sense.
fn flexbuffer_root(bytes: &[u8]) -> Option<&'static str> {
    let [.., packed, width] = bytes else { return None };
    if !matches!(width, 1 | 2 | 4 | 8) {
        return None;
    }
    match packed >> 2 {
        0 => Some("null"),
        1 => Some("integer"),
        2 => Some("unsigned integer"),
        3 => Some("float"),
        4 => Some("key"),
        5 => Some("text"),
        6..=8 => Some("indirect number"),
        9 => Some("map"),
        10..=24 => Some("vector"),
        25 => Some("blob"),
        26 => Some("bool"),
        36 => Some("vector of bool"),
        _ => None,
    }
}

/// The same with a capital first letter.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A reason as a sentence.
fn sentence(reason: &str) -> String {
    let capital = capitalised(reason.trim_end_matches('.'));
    format!("{capital}.")
}

#[cfg(test)]
mod tests {
    use emberlab_core::model::BuiltinOperator as Op;

    use super::*;
    use crate::panels::inspect::fixtures::ModelBuilder;

    #[test]
    fn tensors_of_an_operator_have_roles_and_gaps_are_counted() {
        let mut builder = ModelBuilder::new();
        let input = builder.tensor("in", &[1, 8], TensorType::Int8);
        let weights = builder.constant("w", &[4, 8], TensorType::Int8, vec![0; 32]);
        let output = builder.tensor("out", &[1, 4], TensorType::Int8);
        builder.operator(Op::FULLY_CONNECTED, &[input, weights], &[output]).inputs.push(None);
        let model = builder.finish(&[input], &[output]);
        let operator = &model.subgraphs[0].operators[0];
        let (ports, n_left_out) = ports(&model, operator);
        let roles: Vec<&str> = ports.iter().map(|port| port.role.as_str()).collect();
        assert_eq!((roles, n_left_out), (vec!["input", "weights", "output"], 1));
        assert_eq!(main_constant(&model, &model.subgraphs[0], operator), Some((1, weights)));
    }

    #[test]
    fn flexbuffers_are_recognised_by_their_end() {
        for (bytes, root) in [
            (&[0x24, 0x01][..], Some("map")),
            (&[0x00, 0x28, 0x02], Some("vector")),
            (&[0x24, 0x03], None),
            (&[0x01], None),
            (&[], None),
        ] {
            assert_eq!(flexbuffer_root(bytes), root, "{bytes:?}");
        }
    }

    #[test]
    fn sentences_begin_with_a_capital() {
        assert_eq!(sentence("dilation is not 1"), "Dilation is not 1.");
        assert_eq!(capitalised(""), "");
    }
}
