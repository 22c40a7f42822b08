//! What ESP-IDF builds by: CMake, versions of components, settings, partitions.

use super::super::arena::TFLM_VERSION;
use super::{ArenaMemory, ESP_IDF_CHIPS, EspIdfError, Project, ProjectFile};
use crate::cost;
use crate::plan::Chip;

/// One application of ESP-IDF's default partition table.
const DEFAULT_APP_BYTES: u64 = 1 << 20;
/// What an application with TensorFlow Lite Micro takes besides the model, at most: larger than all that are known.
const RUNTIME_BYTES: u64 = 512 << 10;
/// Where the application begins, and the step that it ends at.
const APP_STEP: u64 = 64 << 10;
/// Flash that most modules have, and larger ones.
const FLASH_MIB: [u64; 4] = [4, 8, 16, 32];

impl Project<'_> {
    /// The files, and a note if the flash has to be larger than most are.
    pub(super) fn build_files(&self, notes: &mut Vec<String>) -> Result<Vec<ProjectFile>, EspIdfError> {
        let app_bytes = self.app_partition();
        let needed = APP_STEP + app_bytes.unwrap_or(DEFAULT_APP_BYTES);
        let Some(flash_mib) = FLASH_MIB.into_iter().find(|mib| mib << 20 >= needed) else {
            return Err(EspIdfError {
                message: format!(
                    "the model has {} bytes, more than any flash holds",
                    self.export.bytes.len()
                ),
                help: "Use a smaller model".to_owned(),
            });
        };
        if flash_mib > FLASH_MIB[0] {
            notes.push(format!(
                "The project needs a module with {flash_mib} MB of flash, as sdkconfig.defaults says."
            ));
        }
        let file = |path: &str, text: String| ProjectFile { path: path.to_owned(), text };
        let mut files = vec![
            file("CMakeLists.txt", self.top_cmake()),
            file("main/CMakeLists.txt", self.main_cmake()),
            file("main/idf_component.yml", self.components()),
            file("sdkconfig.defaults", self.settings(flash_mib, app_bytes.is_some())),
            file(".gitignore", "build/\nmanaged_components/\nsdkconfig\nsdkconfig.old\n".to_owned()),
        ];
        for chip in ESP_IDF_CHIPS {
            files.push(file(&format!("sdkconfig.defaults.{}", chip.id()), self.chip_settings(chip)));
        }
        if let Some(bytes) = app_bytes {
            files.push(file("partitions.csv", partitions(bytes)));
        }
        Ok(files)
    }

    /// Bytes of the application's partition, where ESP-IDF's default is too small.
    pub(super) fn app_partition(&self) -> Option<u64> {
        let model_bytes = self.export.bytes.len() as u64;
        let stored: u64 = self.options.samples.iter().map(|sample| sample.bytes.len() as u64).sum();
        let (_, largest) = cost::flash(model_bytes).runtime_range;
        // Link and drivers come to what is known of applications.
        let expected = model_bytes + stored + largest + (96 << 10);
        (expected > DEFAULT_APP_BYTES)
            .then(|| (model_bytes + stored + RUNTIME_BYTES).next_multiple_of(APP_STEP))
    }

    fn top_cmake(&self) -> String {
        format!(
            "# {} for ESP-IDF: see README.md.\n\
             cmake_minimum_required(VERSION 3.16)\n\
             \n\
             include($ENV{{IDF_PATH}}/tools/cmake/project.cmake)\n\
             project({})\n",
            self.facts.file_name, self.name
        )
    }

    fn main_cmake(&self) -> String {
        "# Without REQUIRES the main component sees every other one, those of idf_component.yml included.\n\
         idf_component_register(\n\
         \x20 SRCS\n\
         \x20   \"main.cc\"\n\
         \x20   \"model.cc\"\n\
         \x20   \"samples.cc\"\n\
         \x20   \"tflm_model.cc\"\n\
         \x20   \"emberlab_link.cc\"\n\
         \x20   \"board.cc\"\n\
         \x20 INCLUDE_DIRS \".\"\n\
         )\n"
        .to_owned()
    }

    fn components(&self) -> String {
        format!(
            "# Exactly the versions that kTensorArenaSize in model.h is for: a newer esp-nn may take more memory for the same model.\n\
             dependencies:\n\
             \x20 idf: \">=5.3,<6.1\"\n\
             \x20 espressif/esp-tflite-micro: \"=={TFLM_VERSION}\"\n\
             \x20 espressif/esp-nn: \"=={}\"\n",
            self.plan.kernels_version
        )
    }

    fn settings(&self, flash_mib: u64, has_partitions: bool) -> String {
        let partitions = if has_partitions {
            "\n# The application with the model is larger than ESP-IDF's default partition.\n\
             CONFIG_PARTITION_TABLE_CUSTOM=y\n\
             CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"partitions.csv\"\n"
        } else {
            ""
        };
        format!(
            "# Settings for all chips. Those of one chip lie in sdkconfig.defaults.CHIP, and win.\n\
             CONFIG_IDF_TARGET=\"{}\"\n\
             \n\
             # As fast as the compiler can.\n\
             CONFIG_COMPILER_OPTIMIZATION_PERF=y\n\
             \n\
             # Kernels of ESP-NN, with the same bits as TensorFlow Lite Micro's own.\n\
             CONFIG_NN_OPTIMIZED=y\n\
             # CONFIG_NN_SKIP_NUDGE is not set\n\
             \n\
             CONFIG_ESPTOOLPY_FLASHSIZE_{flash_mib}MB=y\n\
             {partitions}\n\
             # An invocation may take longer than the idle tasks are allowed to wait.\n\
             # CONFIG_ESP_TASK_WDT_CHECK_IDLE_TASK_CPU0 is not set\n\
             # CONFIG_ESP_TASK_WDT_CHECK_IDLE_TASK_CPU1 is not set\n\
             CONFIG_ESP_MAIN_TASK_STACK_SIZE=8192\n\
             # The program looks at the line once a tick: every millisecond.\n\
             CONFIG_FREERTOS_HZ=1000\n",
            self.options.target.chip.id()
        )
    }

    fn chip_settings(&self, chip: Chip) -> String {
        let mut lines = vec![format!("# Settings for the {}.", chip.label())];
        let mut add = |line: &str| lines.push(line.to_owned());
        match chip {
            Chip::Esp32 | Chip::Esp32s2 | Chip::Esp32s3 => add("CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_240=y"),
            Chip::Esp32c3 | Chip::Esp32c6 => add("CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_160=y"),
            Chip::Esp32p4 | Chip::Host64 => {
                add("# The clock is ESP-IDF's default: the highest of the chip's revision.");
            }
        }
        add("# The model is read from flash: four data lines at 80 MHz.");
        add("CONFIG_ESPTOOLPY_FLASHMODE_QIO=y");
        add("CONFIG_ESPTOOLPY_FLASHFREQ_80M=y");
        if chip == Chip::Esp32s3 {
            add("# The largest caches between flash and processor.");
            add("CONFIG_ESP32S3_INSTRUCTION_CACHE_32KB=y");
            add("CONFIG_ESP32S3_DATA_CACHE_64KB=y");
        }
        match console(chip) {
            Console::Uart => {
                add("# Text and link go over the first UART.");
                add("CONFIG_ESP_CONSOLE_UART_DEFAULT=y");
            }
            Console::Usb => {
                add("# Text and link go over the chip's own USB port.");
                add("CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG=y");
            }
        }
        if self.options.memory == ArenaMemory::Psram && super::has_psram(chip) {
            add("# The arena lies in external memory.");
            add("CONFIG_SPIRAM=y");
            match chip {
                // Modules with 8 MiB and more; those with 2 MiB are quad.
                Chip::Esp32s3 => {
                    add("CONFIG_SPIRAM_MODE_OCT=y");
                    add("CONFIG_SPIRAM_SPEED_80M=y");
                }
                Chip::Esp32 | Chip::Esp32s2 => add("CONFIG_SPIRAM_SPEED_80M=y"),
                Chip::Esp32p4 | Chip::Esp32c3 | Chip::Esp32c6 | Chip::Host64 => {}
            }
            add("CONFIG_SPIRAM_ALLOW_BSS_SEG_EXTERNAL_MEMORY=y");
        }
        lines.join("\n") + "\n"
    }
}

/// What carries text and link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Console {
    Uart,
    Usb,
}

/// The port that boards with the chip have: a bridge at the UART, or the chip's own USB.
pub(super) fn console(chip: Chip) -> Console {
    match chip {
        Chip::Esp32 | Chip::Esp32s2 | Chip::Host64 => Console::Uart,
        Chip::Esp32s3 | Chip::Esp32c3 | Chip::Esp32c6 | Chip::Esp32p4 => Console::Usb,
    }
}

fn partitions(app_bytes: u64) -> String {
    format!(
        "# Name, Type, SubType, Offset, Size\n\
         nvs, data, nvs, 0x9000, 0x6000\n\
         phy_init, data, phy, 0xf000, 0x1000\n\
         factory, app, factory, {APP_STEP:#x}, {app_bytes:#x}\n"
    )
}
