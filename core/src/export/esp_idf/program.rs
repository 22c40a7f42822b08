//! `main.cc`.

use super::super::arena::TFLM_VERSION;
use super::super::facts::Port;
use super::super::names::c_string;
use super::{ArenaMemory, ESP_IDF_FIRMWARE, EspIdfApp, Project, filled};
use crate::model::{BuiltinOperator as Op, Model, TensorId};

impl Project<'_> {
    pub(super) fn main(&self) -> String {
        let (app, call) = match self.options.app {
            EspIdfApp::Classify => (self.classify(), "Classify"),
            EspIdfApp::Bench => (include_str!("templates/bench.cc").to_owned(), "Bench"),
        };
        let (comment, attribute) = match self.options.memory {
            ArenaMemory::Internal => ("// Arena and inputs lie in the chip.", ""),
            ArenaMemory::Psram => ("// Arena and inputs lie in external memory.", "EXT_RAM_BSS_ATTR "),
        };
        // The name as it can stand in a format.
        let file_format = c_string(&self.facts.file_name).replace('%', "%%");
        let file_format = file_format.trim_matches('"');
        filled(
            include_str!("templates/main.cc"),
            &[
                ("APP", &app),
                ("APP_CALL", call),
                ("ARENA_COMMENT", comment),
                ("ARENA_ATTRIBUTE", attribute),
                ("ARENA_PLACE", self.arena_place()),
                ("WHAT", self.what()),
                ("MODEL", self.name),
                ("INPUT_BYTES", &self.input_bytes.max(1).to_string()),
                ("OPERATORS", &self.n_operators.max(1).to_string()),
                ("TFLM_VERSION", TFLM_VERSION),
                ("ESP_NN_VERSION", self.plan.kernels_version),
                ("FIRMWARE", ESP_IDF_FIRMWARE),
                // Last, because a name may hold anything.
                ("FILE_TEXT", file_format),
                ("FILE", &self.facts.file_name),
            ],
        )
    }

    /// What the program does at its start, for sentences.
    pub(super) fn what(&self) -> &'static str {
        match self.options.app {
            EspIdfApp::Classify => "answers for stored samples",
            EspIdfApp::Bench => "times 1000 invocations",
        }
    }

    /// Where the arena lies, for sentences.
    pub(super) fn arena_place(&self) -> &'static str {
        match self.options.memory {
            ArenaMemory::Internal => "internal RAM",
            ArenaMemory::Psram => "PSRAM",
        }
    }

    fn classify(&self) -> String {
        let template = include_str!("templates/classify.cc");
        let output = self.facts.ports.iter().find(|port| port.what == "Output");
        let Some((output, element)) = output
            .and_then(|port| Some((port, super::c_array::element(port.ty)?)))
            .filter(|(port, _)| port.elements.is_some_and(|count| count > 0))
        else {
            // An output that no type of C++ holds: it is only compared.
            let start = template.find("// Prints a number with decimals").unwrap_or(0);
            let end = template.find("@PRINT_ANSWER@").unwrap_or(start);
            let nothing = "// The output has no numbers that could be printed.\nvoid PrintAnswer() { std::printf(\"done\"); }";
            return format!("{}{}", &template[..start], &template[end..]).replace("@PRINT_ANSWER@", nothing);
        };
        let what = output.full_name();
        let ordinal = if output.number.is_some() { "first " } else { "" };
        let number = match element {
            "float" => "elements[index]".to_owned(),
            _ => "static_cast<float>(elements[index])".to_owned(),
        };
        let value = match output.quantization {
            Some(_) => {
                let name = self.name;
                format!("({number} - {name}::k{what}ZeroPoint) * {name}::k{what}Scale")
            }
            None => number,
        };
        filled(
            template,
            &[
                ("PRINT_ANSWER", self.print_answer(output).trim_end()),
                ("VALUE", &value),
                ("OUTPUT", &what),
                ("ORDINAL", ordinal),
            ],
        )
    }

    fn print_answer(&self, output: &Port) -> String {
        let last = self.export.model.subgraphs.first().and_then(|main| main.outputs.first());
        let kind = last.and_then(|id| score(self.export.model, *id));
        let has_labels = output.elements == u32::try_from(self.facts.labels.len()).ok();
        let has_classes = has_labels || kind == Some(Op::SOFTMAX);
        if !has_classes || output.elements == Some(1) {
            return include_str!("templates/print_values.cc").to_owned();
        }
        let label = if has_labels { format!("{}::kLabels[best]", self.name) } else { "best".to_owned() };
        let format = if has_labels { "\\\"%s\\\"" } else { "class %u" };
        let (factor, decimals, unit) = if kind.is_some() { (" * 100.0f", "2", " %%") } else { ("", "4", "") };
        filled(
            include_str!("templates/print_classes.cc"),
            &[
                ("LABEL_FORMAT", format),
                ("LABEL", &label),
                ("FACTOR", factor),
                ("DECIMALS", decimals),
                // An empty call would be a warning of compilers.
                ("UNIT", unit),
            ],
        )
        .replace("    std::printf(\"\");\n", "")
    }
}

/// The operator that makes probabilities of an output, looked for behind operators that only change its form.
fn score(model: &Model, output: TensorId) -> Option<Op> {
    let main = model.subgraphs.first()?;
    let mut wanted = output;
    for operator in main.operators.iter().rev() {
        if !operator.outputs.contains(&Some(wanted)) {
            continue;
        }
        match model.builtin(operator) {
            found @ (Op::SOFTMAX | Op::LOGISTIC) => return Some(found),
            Op::QUANTIZE | Op::DEQUANTIZE | Op::RESHAPE | Op::SQUEEZE => wanted = operator.input(0)?,
            _ => return None,
        }
    }
    None
}
