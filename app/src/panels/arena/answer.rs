//! The answer as text that leaves the app: the line of C, and the report.

pub use emberlab_core::export::{TFLM_VERSION, kernels_text};
use emberlab_core::export::{arena_statement, comment_text, made_for};
use emberlab_core::inspect::{FileFacts, inspect};
use emberlab_core::model::Model;
use emberlab_core::plan::{ArenaPlan, KernelSet, Target};

use crate::document::{OpenModel, Tab};
use crate::theme::format;

/// The line that goes into the firmware, without its comment.
pub fn c_statement(plan: &ArenaPlan) -> String {
    arena_statement(plan.recommended_bytes)
}

/// The line that goes into the firmware, below a comment that says what it holds for.
pub fn c_line(tab: &Tab, open: &OpenModel, plan: &ArenaPlan) -> String {
    let smallest = match plan.minimum_bytes {
        Some(minimum) => format!("// Smallest that allocates: {minimum}. "),
        None => "// ".to_owned(),
    };
    format!(
        "// {}, sha256 {}, {}\n\
         {smallest}The array must be aligned to 16 bytes.\n{}\n",
        comment_text(&tab.title),
        open.sha256.get(..16).unwrap_or(&open.sha256),
        made_for(plan),
        c_statement(plan),
    )
}

/// The report as JSON: what `emberlab inspect --json` prints for the target.
///
/// # Errors
/// The serializer's message.
pub fn report(open: &OpenModel, target: Target) -> Result<Vec<u8>, serde_json::Error> {
    let file = FileFacts { bytes: open.file_bytes, sha256: open.sha256.clone() };
    let model: &Model = &open.model;
    let mut json = serde_json::to_vec_pretty(&inspect(model, file, &open.emberlab_arena, target))?;
    json.push(b'\n');
    Ok(json)
}

/// A name for a file that goes with the model of a tab, such as `person_detect-esp32s3-arena.svg`.
pub fn file_name(tab: &Tab, target: Target, ending: &str) -> String {
    let stem = tab.title.strip_suffix(".tflite").unwrap_or(&tab.title);
    let kernels = match target.kernels {
        KernelSet::EspNn => "",
        KernelSet::Reference => "-reference",
    };
    format!("{}-{}{kernels}-{ending}", comment_text(stem), target.chip.id())
}

/// `122,576 B on ESP32-S3`, to say what was copied or saved.
pub fn headline(plan: &ArenaPlan) -> String {
    let bytes = plan.minimum_bytes.unwrap_or(plan.used_bytes);
    format!("{} on {}", format::bytes(bytes), plan.target.chip.label())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::document;
    use super::*;

    #[test]
    fn the_line_of_c_says_what_it_holds_for() {
        let document = document();
        let (tab, open) = document.active_model().unwrap();
        let plan = open.plan(document.target).unwrap().as_ref().unwrap();
        assert_eq!(
            c_line(tab, open, plan),
            "// small.tflite, sha256 a1b2c3d4e5f60718, ESP32-S3, esp-tflite-micro 1.4.0 (99f49e14), ESP-NN 1.2.3\n\
             // Smallest that allocates: 688. The array must be aligned to 16 bytes.\n\
             constexpr int kTensorArenaSize = 1024;\n"
        );
    }

    #[test]
    fn a_file_name_cannot_leave_the_comment() {
        let mut document = document();
        document.tabs[0].title = "a\nint x;\r.tflite".to_owned();
        let (tab, open) = document.active_model().unwrap();
        let plan = open.plan(document.target).unwrap().as_ref().unwrap();
        assert_eq!(c_line(tab, open, plan).lines().count(), 3);
        assert!(!file_name(tab, document.target, "arena.svg").contains('\n'));
    }

    #[test]
    fn files_are_named_after_model_chip_and_kernels() {
        let document = document();
        let (tab, _) = document.active_model().unwrap();
        let reference = Target { kernels: KernelSet::Reference, ..document.target };
        assert_eq!(file_name(tab, document.target, "arena.json"), "small-esp32s3-arena.json");
        assert_eq!(file_name(tab, reference, "arena.svg"), "small-esp32s3-reference-arena.svg");
    }

    #[test]
    fn the_report_is_one_json_document() {
        let document = document();
        let (_, open) = document.active_model().unwrap();
        let json: serde_json::Value =
            serde_json::from_slice(&report(open, document.target).unwrap()).unwrap();
        assert_eq!(json["file"]["sha256"], open.sha256.as_str());
        assert_eq!(json["operators"].as_array().unwrap().len(), 3);
    }
}
