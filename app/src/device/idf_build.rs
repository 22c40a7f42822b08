//! What `idf.py build` leaves: the images that `flasher_args.json` lists, taken as they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use emberlab_core::plan::Chip;
use espflash::target::Chip as EspChip;
use serde::Deserialize;
use serde_json::Value;

use super::image::{AppImage, Hardware, Image, ImageFailure, ModelPlace, Part, chip_label, esp_chip};

/// The list of what goes where, in the folder `build` of a project.
const LIST: &str = "flasher_args.json";
/// First bytes of a partition table.
const PARTITION_MAGIC: [u8; 2] = [0xaa, 0x50];
/// Largest file that is taken: no flash of an ESP32 has more.
const LARGEST_BYTES: u64 = 128 << 20;

/// The images of an ESP-IDF project.
#[derive(Clone, Debug)]
pub struct IdfBuild {
    folder: PathBuf,
    chip: Chip,
    /// By address.
    parts: Vec<Part>,
    /// Which of them is the application.
    application: usize,
}

/// What is read of the list.
#[derive(Deserialize)]
struct FlasherArgs {
    /// Files by where they go, `0x10000`.
    flash_files: BTreeMap<String, String>,
    #[serde(rename = "extra_esptool_args")]
    extra: Extra,
    /// `app`, `bootloader`, `partition-table` and whatever a project adds, each with its file.
    #[serde(flatten)]
    entries: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Extra {
    chip: String,
}

impl IdfBuild {
    /// Reads a build; `folder` is that of the project or `build` in it.
    ///
    /// # Errors
    /// It is no build, a file of it is missing or broken, or it is to be encrypted.
    pub fn read(folder: &Path) -> Result<Self, ImageFailure> {
        let folders = [folder.to_owned(), folder.join("build")];
        let folder = folders
            .into_iter()
            .find(|folder| folder.join(LIST).is_file())
            .ok_or_else(|| ImageFailure::NoBuild(folder.to_owned()))?;
        let path = folder.join(LIST);
        let list: FlasherArgs = serde_json::from_slice(&read(&path)?)
            .map_err(|error| ImageFailure::File { path: path.clone(), what: error.to_string() })?;
        if list.entries.values().any(|entry| entry["encrypted"] == "true") {
            return Err(ImageFailure::Encrypted(folder));
        }
        let chip = Chip::from_id(&list.extra.chip).filter(|chip| *chip != Chip::Host64);
        let chip = chip.ok_or(ImageFailure::UnknownChip(list.extra.chip))?;
        let name_of = |file: &str| {
            let entry = list.entries.iter().find(|(_, entry)| entry["file"] == file);
            match entry.map(|(name, _)| name.as_str()) {
                Some("bootloader") => "boot program".to_owned(),
                Some("partition-table" | "partition_table") => "partition table".to_owned(),
                Some("app") => "application".to_owned(),
                Some(_) | None => file.to_owned(),
            }
        };
        let mut parts = Vec::new();
        for (address, file) in &list.flash_files {
            let number = address.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
            let address = number.ok_or_else(|| ImageFailure::File {
                path: path.clone(),
                what: format!("{address} is no address"),
            })?;
            let file_path = folder.join(file);
            let part = Part { name: name_of(file), address, bytes: read(&file_path)? };
            check(&part, chip).map_err(|what| ImageFailure::File { path: file_path, what })?;
            parts.push(part);
        }
        parts.sort_by_key(|part| part.address);
        let fails = |what: String| ImageFailure::File { path: path.clone(), what };
        if let Some(pair) = parts.windows(2).find(|pair| pair[0].end() > u64::from(pair[1].address)) {
            return Err(fails(format!("{} and {} overlap", pair[0].name, pair[1].name)));
        }
        let application = parts.iter().position(|part| part.name == "application");
        let application = application.ok_or_else(|| fails("it names no application".to_owned()))?;
        Ok(IdfBuild { folder, chip, parts, application })
    }

    /// The chip that it was built for.
    pub fn chip(&self) -> Chip {
        self.chip
    }

    /// The build, if it is for the hardware and has the model in it.
    pub(super) fn image(&self, model: &[u8], hardware: Hardware) -> Result<Image, ImageFailure> {
        if self.chip != hardware.chip {
            let found = self.chip.label().to_owned();
            return Err(ImageFailure::OtherChip { wanted: hardware.chip, found });
        }
        let application = &self.parts[self.application];
        let read =
            AppImage::read(&application.bytes).map_err(|what| ImageFailure::Broken(what.to_owned()))?;
        let settings = read.settings(self.chip);
        // The program looks whether the flash is as large as its header says, and stops if it is not.
        let end = self.parts.iter().map(Part::end).max().unwrap_or(0).max(settings.size_bytes.into());
        if end > u64::from(hardware.flash_bytes) {
            return Err(ImageFailure::TooLarge { needed: end, given: hardware.flash_bytes.into() });
        }
        let place = read.find(&application.bytes, model).filter(|_| !model.is_empty());
        let (address, at) = place.ok_or_else(|| ImageFailure::ModelNotInside(self.folder.clone()))?;
        let model =
            ModelPlace { address, flash_address: application.address + at as u32, bytes: model.len() as u32 };
        let parts = self.parts.clone();
        Ok(Image { chip: self.chip, parts, settings, model, minimum_revision: read.minimum_revision })
    }
}

/// Refuses a part that is not what its name says.
fn check(part: &Part, chip: Chip) -> Result<(), String> {
    match part.name.as_str() {
        "boot program" | "application" => {
            let read = AppImage::read(&part.bytes)?;
            if esp_chip(chip).map(|chip| chip.id()) != Some(read.chip_id) {
                let other = EspChip::try_from(read.chip_id).map(chip_label);
                let other = other.unwrap_or_else(|_| format!("a chip with the number {}", read.chip_id));
                return Err(format!("it is for the {other}, and the build for the {}", chip.label()));
            }
            Ok(())
        }
        "partition table" if !part.bytes.starts_with(&PARTITION_MAGIC) => {
            Err("it is no partition table".to_owned())
        }
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ImageFailure> {
    let failure = |what: String| ImageFailure::File { path: path.to_owned(), what };
    let metadata = std::fs::metadata(path).map_err(|error| failure(error.to_string()))?;
    if !metadata.is_file() {
        return Err(failure("it is no file".to_owned()));
    }
    if metadata.len() > LARGEST_BYTES {
        return Err(failure("it is larger than any flash".to_owned()));
    }
    std::fs::read(path).map_err(|error| failure(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::image::{Firmware, shipped_chips};
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("emberlab-idf-build-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(path.join("build/bootloader"))
                .expect("the temporary folder can be written to");
            std::fs::create_dir_all(path.join("build/partition_table")).expect("it is ours");
            Self(path)
        }

        fn write(&self, file: &str, bytes: &[u8]) {
            std::fs::write(self.0.join("build").join(file), bytes).expect("it is ours");
        }

        fn list(&self, list: &Value) {
            self.write(LIST, list.to_string().as_bytes());
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    const FILES: [&str; 3] =
        ["bootloader/bootloader.bin", "partition_table/partition-table.bin", "classify.bin"];

    fn model() -> Vec<u8> {
        (0..5000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    /// A list as ESP-IDF 5 writes it.
    fn list() -> Value {
        serde_json::json!({
            "write_flash_args": ["--flash_mode", "dio", "--flash_size", "4MB", "--flash_freq", "80m"],
            "flash_settings": { "flash_mode": "dio", "flash_size": "4MB", "flash_freq": "80m" },
            "flash_files": { "0x0": FILES[0], "0x10000": FILES[2], "0x8000": FILES[1] },
            "bootloader": { "offset": "0x0", "file": FILES[0], "encrypted": "false" },
            "app": { "offset": "0x10000", "file": FILES[2], "encrypted": "false" },
            "partition-table": { "offset": "0x8000", "file": FILES[1], "encrypted": "false" },
            "extra_esptool_args": { "after": "hard_reset", "before": "default_reset", "stub": true, "chip": "esp32c3" }
        })
    }

    /// A build with the images of the firmware that ships for a chip.
    fn build(name: &str) -> (Scratch, Image) {
        let chip = shipped_chips().next().expect("one ships");
        let image = Firmware::Shipped.image(&model(), Hardware::usual(chip)).expect("it fits");
        let scratch = Scratch::new(name);
        for (file, part) in FILES.into_iter().zip(&image.parts) {
            scratch.write(file, &part.bytes);
        }
        scratch.list(&list());
        (scratch, image)
    }

    #[test]
    fn images_are_those_that_the_list_names() {
        let (scratch, expected) = build("whole");
        for folder in [scratch.0.clone(), scratch.0.join("build")] {
            let firmware = Firmware::read(&folder).expect("it is whole");
            assert_eq!(firmware.chip(), Some(Chip::Esp32c3));
            let image = firmware.image(&model(), Hardware::usual(Chip::Esp32c3)).expect("it has the model");
            assert_eq!(image, expected);
        }
    }

    #[test]
    fn a_build_is_refused_for_other_models_chips_and_small_flash() {
        let (scratch, _) = build("other");
        let build = IdfBuild::read(&scratch.0).expect("it is whole");
        let usual = Hardware::usual(Chip::Esp32c3);
        let mut other = model();
        other[4999] ^= 1;
        let inside = scratch.0.join("build");
        assert_eq!(build.image(&other, usual), Err(ImageFailure::ModelNotInside(inside.clone())));
        assert_eq!(build.image(&[], usual), Err(ImageFailure::ModelNotInside(inside)));
        let failure = build.image(&model(), Hardware::usual(Chip::Esp32c6)).expect_err("another chip");
        assert!(matches!(failure, ImageFailure::OtherChip { wanted: Chip::Esp32c6, .. }), "{failure}");
        let small = Hardware { flash_bytes: 2 << 20, ..usual };
        let failure = build.image(&model(), small).expect_err("its header says 4 MiB");
        assert_eq!(failure, ImageFailure::TooLarge { needed: 4 << 20, given: 2 << 20 });
    }

    #[test]
    fn what_is_wrong_is_named_with_its_file() {
        let check = |name: &str, change: &dyn Fn(&Scratch), part: &str| {
            let (scratch, _) = build(name);
            change(&scratch);
            let failure = IdfBuild::read(&scratch.0).expect_err(part);
            assert!(failure.to_string().contains(part), "{failure}");
            assert!(!failure.help().is_empty());
        };
        let with = |pointer: &'static str, value: Value| {
            move |scratch: &Scratch| {
                let mut list = list();
                *list.pointer_mut(pointer).expect("it is there") = value.clone();
                scratch.list(&list);
            }
        };
        let remove = |file: &'static str| {
            move |scratch: &Scratch| {
                std::fs::remove_file(scratch.0.join("build").join(file)).expect("it is ours")
            }
        };
        check("no-list", &remove(LIST), "has no flasher_args.json");
        check("no-app", &remove(FILES[2]), "classify.bin");
        check("text", &|scratch| scratch.write(LIST, b"{"), "flasher_args.json: EOF");
        check(
            "no-table",
            &|scratch| scratch.write(FILES[1], &[0; 64]),
            "partition-table.bin: it is no partition table",
        );
        check(
            "cut",
            &|scratch| scratch.write(FILES[2], &[0xe9, 2]),
            "classify.bin: it ends within its header",
        );
        check("encrypted", &with("/app/encrypted", "true".into()), "written encrypted");
        check("chip", &with("/extra_esptool_args/chip", "esp32h2".into()), "esp32h2");
        check("desktop", &with("/extra_esptool_args/chip", "host64".into()), "host64");
        check("other-chip", &with("/extra_esptool_args/chip", "esp32s3".into()), "it is for the ESP32-C3");
        check(
            "overlap",
            &with("/flash_files", serde_json::json!({ "0x0": FILES[0], "0x1000": FILES[2] })),
            "overlap",
        );
        check(
            "address",
            &with("/flash_files", serde_json::json!({ "zero": FILES[0] })),
            "zero is no address",
        );
        check("nothing", &with("/flash_files", serde_json::json!({})), "names no application");
    }
}
