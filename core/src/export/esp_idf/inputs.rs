//! Stored samples, and how numbers become inputs of the model.

use super::super::c_array::{guarded, head, push, push_bytes};
use super::super::comment_text;
use super::super::facts::Port;
use super::super::names::c_string;
use super::Project;
use crate::dataset::{Features, InputPreparation, PreparationRecord};
use crate::model::TensorType;

impl Project<'_> {
    /// The list of stored samples.
    pub(super) fn samples_header(&self) -> String {
        let count = self.options.samples.len();
        let body = format!(
            "#include <cstdint>\n\
             \n\
             // Inputs that lie in flash: those of the model one behind the other, as it takes them.\n\
             struct Sample {{\n\
             \x20 const char* name;\n\
             \x20 const std::uint8_t* bytes;\n\
             \x20 // CRC-32 of the outputs, one behind the other, that Emberlab has computed; where it has.\n\
             \x20 bool has_expected;\n\
             \x20 std::uint32_t outputs_crc;\n\
             }};\n\
             \n\
             constexpr unsigned int kSampleBytes = {};\n\
             constexpr unsigned int kSampleCount = {count};\n\
             extern const Sample kSamples[kSampleCount];\n",
            self.input_bytes
        );
        head(self.facts, "stored samples") + &guarded(self.name, "SAMPLES", &body)
    }

    /// The bytes of stored samples.
    pub(super) fn samples_source(&self) -> String {
        let mut text = head(self.facts, "stored samples");
        text.push_str("\n#include \"samples.h\"\n\nnamespace {\n\n");
        for (index, sample) in self.options.samples.iter().enumerate() {
            push(&mut text, format_args!("alignas(16) const std::uint8_t kSample{index}[] = {{\n"));
            push_bytes(&mut text, &sample.bytes);
            if sample.bytes.is_empty() {
                text.push_str("    0x00,\n");
            }
            text.push_str("};\n\n");
        }
        text.push_str("}  // namespace\n\nconst Sample kSamples[kSampleCount] = {\n");
        for (index, sample) in self.options.samples.iter().enumerate() {
            let name = c_string(&sample.name);
            let (is_known, crc) = (sample.outputs_crc.is_some(), sample.outputs_crc.unwrap_or(0));
            push(&mut text, format_args!("    {{{name}, kSample{index}, {is_known}, {crc:#010x}}},\n"));
        }
        text.push_str("};\n");
        text
    }

    /// How numbers become inputs; `None` if nothing is known about it.
    pub(super) fn preparation(&self) -> Option<String> {
        // What is wrong with the record has been noted with the labels.
        let record = PreparationRecord::of_model(self.export.model).ok().flatten();
        let inputs: Vec<&Port> = self.facts.ports.iter().filter(|port| port.what == "Input").collect();
        let mut parts = Vec::new();
        for (index, port) in inputs.iter().enumerate() {
            let preparation = record.as_ref().and_then(|record| record.preparation.inputs.get(index));
            parts.extend(input_part(port, preparation));
        }
        if parts.is_empty() {
            return None;
        }
        let name = self.name;
        let body = format!(
            "#include <algorithm>\n\
             #include <cmath>\n\
             \n\
             #include \"model.h\"\n\
             \n\
             namespace {name} {{\n\
             \n\
             {}\n\
             }}  // namespace {name}\n",
            parts.join("\n")
        );
        Some(head(self.facts, "how numbers become inputs") + &guarded(name, "PREPARATION", &body))
    }
}

/// Constants and a function for one input; `None` if its numbers are as they are, or of another type.
fn input_part(port: &Port, preparation: Option<&InputPreparation>) -> Option<String> {
    let (low, high) = match port.ty {
        TensorType::Int8 => (-128, 127),
        TensorType::Uint8 => (0, 255),
        TensorType::Int16 => (-32768, 32767),
        TensorType::Float32 => (0, 0),
        _ => return None,
    };
    let fitted = preparation.and_then(|preparation| preparation.fitted.as_ref());
    let affine = fitted.and_then(|fitted| fitted.normalisation.as_ref());
    let affine =
        affine.filter(|affine| !affine.scale.is_empty() && affine.scale.len() == affine.offset.len());
    if affine.is_none() && port.quantization.is_none() {
        return None;
    }
    let what = port.full_name();
    let mut text = format!("// {}\n", port.description);
    if let Some(preparation) = preparation {
        for line in in_words(preparation) {
            push(&mut text, format_args!("// {}\n", comment_text(&line)));
        }
    }
    let mut number = "numbers[index]".to_owned();
    if let Some(affine) = affine {
        let list = |numbers: &[f32]| {
            numbers.iter().map(|number| format!("{number:?}f")).collect::<Vec<_>>().join(", ")
        };
        let count = affine.scale.len();
        text.push_str(
            "// The normalisation of the training data: (number - offset) * factor, one for all numbers or one for each number\n\
             // of the last dimension.\n",
        );
        push(&mut text, format_args!("constexpr float k{what}Offset[] = {{{}}};\n", list(&affine.offset)));
        push(&mut text, format_args!("constexpr float k{what}Factor[] = {{{}}};\n", list(&affine.scale)));
        let place = if count == 1 { "0".to_owned() } else { format!("index % {count}") };
        number = format!("(numbers[index] - k{what}Offset[{place}]) * k{what}Factor[{place}]");
    }
    push(
        &mut text,
        format_args!(
            "// Writes numbers into the input, prepared as for training.\n\
             inline void Prepare{what}(const float* numbers, {what}Element* input) {{\n\
             \x20 for (unsigned int index = 0; index < k{what}Elements; ++index) {{\n\
             \x20   const float number = {number};\n"
        ),
    );
    if port.quantization.is_some() && port.ty != TensorType::Float32 {
        push(
            &mut text,
            format_args!(
                "\x20   // To the nearest step, halves away from 0.\n\
                 \x20   const double steps = static_cast<double>(std::round(number / k{what}Scale)) + k{what}ZeroPoint;\n\
                 \x20   input[index] = static_cast<{what}Element>(std::min(std::max(steps, {low}.0), {high}.0));\n"
            ),
        );
    } else if port.ty == TensorType::Float32 {
        text.push_str("    input[index] = number;\n");
    } else {
        push(
            &mut text,
            format_args!(
                "\x20   input[index] = static_cast<{what}Element>(std::min(std::max(std::round(number), {low}.0f), {high}.0f));\n"
            ),
        );
    }
    text.push_str("  }\n}\n");
    Some(text)
}

/// What happens to a stream before its normalisation.
fn in_words(preparation: &InputPreparation) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(picture) = &preparation.picture {
        lines.push(format!(
            "Pictures of {} x {} pixels, numbers from 0 to 255.",
            picture.height, picture.width
        ));
    }
    if let Some(fitted) = &preparation.fitted {
        if fitted.steps > 0 {
            lines.push(format!("A sample is {} steps of a series.", fitted.steps));
        }
        if let Some(rate) = fitted.rate_hz {
            lines.push(format!("{rate} steps a second."));
        }
    }
    let features = match &preparation.features {
        Features::Raw => None,
        Features::LogMel(_) => Some("logarithms of mel bands"),
        Features::Mfcc(_) => Some("mel-frequency cepstral coefficients"),
        Features::Motion(_) => Some("statistics and band energies of motion"),
    };
    lines.extend(features.map(|features| {
        format!("Numbers are {features}, which this project does not compute: Emberlab's runtime does, or send prepared samples.")
    }));
    lines
}
