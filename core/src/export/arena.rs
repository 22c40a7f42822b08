//! The arena as a line of C++, with what it holds for.

use super::{Export, comment_text};
use crate::plan::{self, ArenaPlan, KernelSet, Target};
use crate::verdict::{self, Outcome};

/// Version of the esp-tflite-micro component that the plans follow.
pub const TFLM_VERSION: &str = "1.4.0";
/// Commit of github.com/espressif/esp-tflite-micro that the plans follow.
pub const TFLM_COMMIT: &str = "99f49e1498b0984f4db54d9bf3938aceb99ad422";

/// `ESP-NN 1.2.3` or `reference kernels`.
pub fn kernels_text(plan: &ArenaPlan) -> String {
    match plan.target.kernels {
        KernelSet::EspNn => format!("ESP-NN {}", plan.kernels_version),
        KernelSet::Reference => "reference kernels".to_owned(),
    }
}

/// What an arena holds for: `ESP32-S3, esp-tflite-micro 1.4.0 (99f49e14), ESP-NN 1.2.3`.
pub fn made_for(plan: &ArenaPlan) -> String {
    let chip = plan.target.chip.label();
    format!("{chip}, esp-tflite-micro {TFLM_VERSION} ({}), {}", &TFLM_COMMIT[..8], kernels_text(plan))
}

/// The statement that goes into the firmware.
pub fn arena_statement(bytes: u64) -> String {
    format!("constexpr int kTensorArenaSize = {bytes};")
}

/// The arena of a model on a target as lines of C++; where there is none, comments that say why, and a note.
pub(super) fn arena_section(export: &Export<'_>, target: Target, notes: &mut Vec<String>) -> String {
    let chip = target.chip.label();
    let refused = |reason: &str, help: &str, notes: &mut Vec<String>| {
        let (reason, help) = (sentence(reason), sentence(help));
        let note = format!("TensorFlow Lite Micro refuses the model on {chip}: {reason}");
        let text =
            format!("// No kTensorArenaSize: {}\n// Try: {}\n", comment_text(&note), comment_text(&help));
        notes.push(format!("{note} So kTensorArenaSize was left out. {help}"));
        text
    };
    match verdict::outcome(export.model, target) {
        Outcome::Runs => {}
        Outcome::HostOnly { reason, help } | Outcome::Refused { reason, help } => {
            return refused(&reason, &help, notes);
        }
    }
    match plan::plan(export.model, target) {
        Ok(plan) => known(&plan, notes),
        // The outcome has said so already; a plan that is refused all the same has its reasons here.
        Err(refusals) => {
            let (reason, help) = refusals
                .first()
                .map_or(("", ""), |refusal| (refusal.message.as_str(), refusal.help.as_str()));
            refused(reason, help, notes)
        }
    }
}

fn known(plan: &ArenaPlan, notes: &mut Vec<String>) -> String {
    let made_for = made_for(plan);
    let bytes = plan.minimum_bytes.unwrap_or(plan.recommended_bytes);
    // No chip has as much memory; an int of C++ does not hold it.
    if i32::try_from(bytes).is_err() {
        let note = format!("The arena on {made_for} would take {bytes} bytes, more than any chip has.");
        let text = format!("// No kTensorArenaSize: {note}\n");
        notes.push(note);
        return text;
    }
    let what = match plan.minimum_bytes {
        Some(_) => format!(
            "the smallest that allocates, to the byte.\n// Other versions may take more; rounded up to a full KiB it is {}.",
            plan.recommended_bytes
        ),
        None => {
            "rounded up to a full KiB.\n// The smallest that allocates is known for chips only.".to_owned()
        }
    };
    format!(
        "// Bytes of the tensor arena on {made_for}: {what}\n\
         // The arena must be aligned: alignas(16) uint8_t tensor_arena[kTensorArenaSize];\n{}\n",
        arena_statement(bytes)
    )
}

/// With a stop at its end.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}
