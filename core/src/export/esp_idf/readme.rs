//! `README.md`.

use super::super::arena::{TFLM_COMMIT, TFLM_VERSION};
use super::build::{Console, console};
use super::{ArenaMemory, ESP_IDF_CHIPS, EspIdfApp, Project, filled};
use crate::plan::Chip;

impl Project<'_> {
    pub(super) fn readme(&self) -> String {
        let options = self.options;
        let chip = options.target.chip;
        let others: Vec<&str> =
            ESP_IDF_CHIPS.into_iter().filter(|other| *other != chip).map(Chip::id).collect();
        let on = |wanted: Console| {
            let chips: Vec<&str> =
                ESP_IDF_CHIPS.into_iter().filter(|chip| console(*chip) == wanted).map(Chip::label).collect();
            listed(&chips, "and")
        };
        let consoles = format!(
            "the first UART (115200 baud) on {}, and the chip's own USB port on {}",
            on(Console::Uart),
            on(Console::Usb)
        );
        let count = options.samples.len();
        let samples = match (count, options.app) {
            (1, _) => "a stored sample".to_owned(),
            (_, EspIdfApp::Classify) => format!("{count} stored samples"),
            (_, EspIdfApp::Bench) => format!("{count} stored samples, of which the first one is timed"),
        };
        let preparation = if self.preparation().is_some() {
            "| `main/preparation.h` | how numbers become inputs: normalisation and quantization |\n"
        } else {
            ""
        };
        let partitions = if self.app_partition().is_some() {
            "| `partitions.csv` | a larger partition for the application than ESP-IDF's default |\n"
        } else {
            ""
        };
        let (place, psram) = match options.memory {
            ArenaMemory::Internal => ("in internal RAM", ""),
            ArenaMemory::Psram => ("in external memory (PSRAM)", psram_section(chip)),
        };
        let arena = self.plan.minimum_bytes.unwrap_or(self.plan.recommended_bytes);
        filled(
            include_str!("templates/README.md"),
            &[
                ("CHIP", chip.label()),
                ("CHIPS", &listed(&others, "or")),
                ("CONSOLES", &consoles),
                ("README_WHAT", self.what()),
                ("MODEL_BYTES", &self.export.bytes.len().to_string()),
                ("SAMPLES_TEXT", &samples),
                ("PREPARATION_ROW", preparation),
                ("PARTITIONS_ROW", partitions),
                ("SHA256", &self.facts.sha256),
                ("TFLM_VERSION", TFLM_VERSION),
                ("TFLM_COMMIT", &TFLM_COMMIT[..8]),
                ("ESP_NN_VERSION", self.plan.kernels_version),
                ("ARENA_BYTES", &arena.to_string()),
                ("ARENA_PLACE_TEXT", place),
                ("PSRAM_SECTION", psram),
                // Last, because a name may hold anything.
                ("FILE_TEXT", &self.facts.file_name),
            ],
        )
    }
}

fn psram_section(chip: Chip) -> &'static str {
    match chip {
        Chip::Esp32s3 => {
            "## External memory\n\n\
             The settings are for modules with octal PSRAM (8 MB and more). A module with 2 MB has quad PSRAM: put\n\
             `CONFIG_SPIRAM_MODE_QUAD=y` in the place of `CONFIG_SPIRAM_MODE_OCT=y` into `sdkconfig.defaults.esp32s3`.\n\n"
        }
        Chip::Esp32 | Chip::Esp32s2 | Chip::Esp32p4 | Chip::Esp32c3 | Chip::Esp32c6 | Chip::Host64 => {
            "## External memory\n\n\
             The module needs PSRAM: without it the program stops at its start and says so.\n\n"
        }
    }
}

/// `a, b and c`.
fn listed(words: &[&str], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} {conjunction} {last}", others.join(", ")),
    }
}
