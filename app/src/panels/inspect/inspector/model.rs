//! The inspector's page about the model as a whole.

use egui::Ui;
use emberlab_core::model::{
    BuiltinOperator, Metadata, Model, OFFLINE_MEMORY_ALLOCATION, Subgraph, SubgraphId, TensorId,
};
use emberlab_core::verdict::{Place, Severity};

use super::operator::{Port, port_ui, role_width};
use crate::command::Command;
use crate::document::{OpenModel, Overlay, Selection};
use crate::panels::inspect::facts::ModelFacts;
use crate::panels::inspect::names::operator_name;
use crate::theme::widgets::{ButtonKind, Verdict, key_value, key_value_coloured, section, small_button};
use crate::theme::{Theme, format, text};

/// What the page is about.
pub struct ModelPage<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The model.
    pub open: &'a OpenModel,
    /// What is known about it.
    pub facts: &'a ModelFacts,
}

/// Notes shown before the rest is left to the list of problems.
const N_NOTES: usize = 4;

impl ModelPage<'_> {
    /// Draws the page below its title.
    pub fn ui(&self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let model = &self.open.model;
        self.notes_ui(ui, commands);
        section(ui, self.theme, "File", "", |ui| self.file_ui(ui, commands));
        section(ui, self.theme, "Totals", "", |ui| self.totals_ui(ui));
        if let Some(main) = model.subgraphs.first() {
            self.ends_ui(ui, main, "Inputs", "input", &main.inputs, commands);
            self.ends_ui(ui, main, "Outputs", "output", &main.outputs, commands);
        }
        if model.subgraphs.len() > 1 {
            let right = model.subgraphs.len().to_string();
            section(ui, self.theme, "Subgraphs", &right, |ui| self.subgraphs_ui(ui, commands));
        }
        let right = model.operator_codes.len().to_string();
        section(ui, self.theme, "Operator codes", &right, |ui| self.codes_ui(ui));
        if !model.signatures.is_empty() {
            section(ui, self.theme, "Signatures", "", |ui| self.signatures_ui(ui));
        }
        if !model.metadata.is_empty() {
            let right = model.metadata.len().to_string();
            section(ui, self.theme, "Metadata", &right, |ui| {
                for metadata in &model.metadata {
                    metadata_ui(ui, self.theme, model, metadata);
                }
            });
        }
        if !self.open.read_notes.is_empty() {
            section(ui, self.theme, "Left out when reading", "", |ui| {
                for read_note in self.open.read_notes.iter().take(12) {
                    let line = format!("{}: {}", read_note.place, read_note.message);
                    ui.label(text::small(line).color(self.theme.text.text_2));
                }
            });
        }
    }

    fn notes_ui(&self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let about_model = |place: &Place| matches!(place, Place::Model | Place::Subgraph(_));
        let mut findings: Vec<_> =
            self.facts.findings.iter().filter(|finding| about_model(&finding.place)).collect();
        // Errors matter here wherever they are.
        findings.extend(
            self.facts
                .findings
                .iter()
                .filter(|finding| !about_model(&finding.place) && finding.severity == Severity::Error),
        );
        let mut notes: Vec<(Verdict, String, String)> = Vec::new();
        if self.open.untrained_example {
            let help = "Its weights are random: look at its structure and its memory, not at its answers.";
            notes.push((Verdict::Info, "This example has not been trained.".to_owned(), help.to_owned()));
        }
        notes.extend(findings.iter().take(N_NOTES).map(|finding| {
            let verdict = match finding.severity {
                Severity::Error => Verdict::Over,
                Severity::Warning => Verdict::Warn,
                Severity::Note => Verdict::Info,
            };
            let place = match finding.place {
                Place::Model => String::new(),
                place => format!("{place}: "),
            };
            (verdict, format!("{place}{}", finding.message), finding.help.clone())
        }));
        super::notes_ui(ui, self.theme, &notes);
        if self.facts.findings.len() > findings.len().min(N_NOTES) {
            egui::Frame::new().inner_margin(egui::Margin { left: 16, right: 16, top: 0, bottom: 10 }).show(
                ui,
                |ui| {
                    let all = format!("Show all {}", format::count(self.facts.findings.len() as u64));
                    if small_button(ui, self.theme, ButtonKind::Outline, None, &all).clicked() {
                        commands.push(Command::Toggle(Overlay::Problems));
                    }
                },
            );
        }
    }

    fn file_ui(&self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let (theme, model) = (self.theme, &self.open.model);
        key_value(ui, theme, "Size", &format::bytes(self.open.file_bytes));
        let sha = &self.open.sha256;
        // A network that is being edited has no file that anybody would compare.
        if !sha.is_empty() {
            let short = sha.get(..16).unwrap_or(sha);
            let row = key_value(ui, theme, "SHA-256", &format!("{short}…"));
            if row.on_hover_text("Click to copy all 64 digits").clicked() {
                commands.push(Command::Copy(sha.clone(), "the SHA-256 of the file".to_owned()));
            }
        }
        key_value(ui, theme, "Schema version", &model.version.to_string());
        if let Some(description) = model.description.as_ref().filter(|description| !description.is_empty()) {
            key_value(ui, theme, "Description", description);
        }
    }

    fn totals_ui(&self, ui: &mut Ui) {
        let (theme, model) = (self.theme, &self.open.model);
        let n_operators: usize = model.subgraphs.iter().map(|graph| graph.operators.len()).sum();
        let n_tensors: usize = model.subgraphs.iter().map(|graph| graph.tensors.len()).sum();
        let totals = &self.facts.totals;
        key_value(ui, theme, "Operators", &format::count(n_operators as u64));
        key_value(ui, theme, "Tensors", &format::count(n_tensors as u64));
        key_value(ui, theme, "Buffers", &format::count(model.buffers.len() as u64));
        key_value(ui, theme, "MACs", &format::count(totals.macs));
        key_value(ui, theme, "Parameters", &format::count(totals.parameters));
        key_value(ui, theme, "Weights", &format::bytes(totals.weight_bytes));
    }

    fn ends_ui(
        &self,
        ui: &mut Ui,
        subgraph: &Subgraph,
        title: &str,
        role: &str,
        tensors: &[TensorId],
        commands: &mut Vec<Command>,
    ) {
        section(ui, self.theme, title, &tensors.len().to_string(), |ui| {
            let role = |place: usize| match tensors.len() {
                1 => role.to_owned(),
                _ => format!("{role} {}", place + 1),
            };
            let ports: Vec<Port> = tensors
                .iter()
                .enumerate()
                .map(|(place, tensor)| Port { role: role(place), tensor: *tensor })
                .collect();
            let role_width = role_width(ui, &ports);
            for port in &ports {
                if port_ui(ui, self.theme, self.facts, SubgraphId(0), subgraph, port, role_width) {
                    commands.push(Command::Select(Selection::Tensor(SubgraphId(0), port.tensor)));
                }
                let facts =
                    self.facts.graphs.first().and_then(|graph| graph.tensors.get(port.tensor.index()));
                if let Some(facts) = facts.filter(|facts| !facts.quantization.is_empty()) {
                    key_value(ui, self.theme, "scale at zero point", &facts.quantization);
                }
            }
        });
    }

    fn subgraphs_ui(&self, ui: &mut Ui, commands: &mut Vec<Command>) {
        for (index, subgraph) in self.open.model.subgraphs.iter().enumerate().take(64) {
            let name = subgraph.name.as_deref().filter(|name| !name.is_empty()).unwrap_or("without a name");
            let value = format::counted(subgraph.operators.len() as u64, "operator", "operators");
            let colour = self.theme.status.info;
            let row = key_value_coloured(ui, self.theme, &format!("{index}  {name}"), &value, colour);
            if row.on_hover_text("Open this subgraph").clicked() {
                commands.push(Command::ShowSubgraph(SubgraphId(index as u32)));
            }
        }
    }

    fn codes_ui(&self, ui: &mut Ui) {
        let model = &self.open.model;
        let mut uses = vec![0u64; model.operator_codes.len()];
        let mut example = vec![None; model.operator_codes.len()];
        for operator in model.subgraphs.iter().flat_map(|graph| &graph.operators) {
            if let Some(count) = uses.get_mut(operator.code_index as usize) {
                *count += 1;
                example[operator.code_index as usize].get_or_insert(operator);
            }
        }
        for ((code, count), example) in model.operator_codes.iter().zip(uses).zip(example) {
            let name = match example {
                Some(operator) => operator_name(model, operator),
                None if code.builtin == BuiltinOperator::CUSTOM => {
                    code.custom_code.clone().unwrap_or_default()
                }
                None => code.builtin.name().unwrap_or("unknown").to_owned(),
            };
            let value = format!("version {}  ×{count}", code.version);
            key_value(ui, self.theme, &name, &value);
        }
    }

    fn signatures_ui(&self, ui: &mut Ui) {
        let theme = self.theme;
        for signature in &self.open.model.signatures {
            let key = signature.key.as_deref().unwrap_or("without a name");
            key_value(ui, theme, key, &format!("subgraph {}", signature.subgraph.0));
            for (name, tensor) in &signature.inputs {
                let name = format!("   input {}", name.as_deref().unwrap_or_default());
                key_value(ui, theme, name.trim_end(), &format!("t{}", tensor.0));
            }
            for (name, tensor) in &signature.outputs {
                let name = format!("   output {}", name.as_deref().unwrap_or_default());
                key_value(ui, theme, name.trim_end(), &format!("t{}", tensor.0));
            }
        }
    }
}

fn metadata_ui(ui: &mut Ui, theme: &Theme, model: &Model, metadata: &Metadata) {
    let data = model.buffers.get(metadata.buffer.index()).and_then(|buffer| buffer.data.as_ref());
    let bytes: &[u8] = data.map_or(&[], |data| data.as_slice());
    let row = key_value(ui, theme, &metadata.name, &metadata_text(&metadata.name, bytes));
    row.on_hover_text(format!("buffer {}, {}", metadata.buffer.0, format::bytes(bytes.len() as u64)));
}

/// The content of a named buffer in a few words.
fn metadata_text(name: &str, bytes: &[u8]) -> String {
    if name == OFFLINE_MEMORY_ALLOCATION {
        return offline_plan_text(bytes)
            .unwrap_or_else(|| format!("{}, damaged", format::bytes(bytes.len() as u64)));
    }
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (head, tail) = bytes.split_at(end);
    let printable = !head.is_empty()
        && head.len() <= 64
        && head.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
        && tail.iter().all(|byte| *byte == 0);
    match std::str::from_utf8(head) {
        Ok(text) if printable => text.to_owned(),
        _ => format::bytes(bytes.len() as u64),
    }
}

/// An offline plan: version, subgraph, number of tensors, then an offset each, -1 for those left to the greedy planner
/// (tensorflow/lite/micro/docs/memory_management.md, github.com/tensorflow/tflite-micro at 90b983c).
fn offline_plan_text(bytes: &[u8]) -> Option<String> {
    let words: Vec<i32> = bytes.as_chunks::<4>().0.iter().map(|word| i32::from_le_bytes(*word)).collect();
    let [_version, subgraph, n_tensors, offsets @ ..] = words.as_slice() else { return None };
    let n_tensors = usize::try_from(*n_tensors).ok()?;
    let offsets = offsets.get(..n_tensors)?;
    let n_fixed = offsets.iter().filter(|offset| **offset >= 0).count();
    Some(format!("subgraph {subgraph}, {n_fixed} of {n_tensors} tensors placed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_decoded() {
        let words = |words: &[i32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        assert_eq!(metadata_text("min_runtime_version", b"1.14.0\0\0\0\0\0\0\0\0\0\0"), "1.14.0");
        assert_eq!(metadata_text("CONVERSION_METADATA", &[1, 2, 200]), "3 B");
        assert_eq!(metadata_text("empty", &[]), "0 B");
        let plan = words(&[1, 0, 3, 0, -1, 64]);
        assert_eq!(metadata_text(OFFLINE_MEMORY_ALLOCATION, &plan), "subgraph 0, 2 of 3 tensors placed");
        assert_eq!(metadata_text(OFFLINE_MEMORY_ALLOCATION, &plan[..16]), "16 B, damaged");
        assert_eq!(metadata_text(OFFLINE_MEMORY_ALLOCATION, &words(&[1, 0, -3])), "12 B, damaged");
    }
}
