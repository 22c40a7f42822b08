//! What is written into the flash of a board: boot program, partition table, and a firmware with the model in it.
//!
//! The firmware is an ELF file with a window that the model is put into (`emberlab_core::firmware_image`), of which espflash
//! makes the image that the boot program loads; or it is what `idf.py build` has left, with the model built in. No image
//! leaves here before it was read back: the boot program maps one segment of data and one of code (ESP-IDF 6.1), and the
//! model has to be there byte by byte.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emberlab_core::firmware_image::{ImageError, insert_model};
use emberlab_core::hash::sha256_hex;
use emberlab_core::plan::Chip;
use espflash::flasher::{FlashData, FlashFrequency, FlashSize};
use espflash::image_format::idf::IdfBootloaderFormat;
use espflash::image_format::{ImageFormat, Metadata};
use espflash::target::{Chip as EspChip, XtalFrequency};
use thiserror::Error;

use super::idf_build::IdfBuild;
use crate::theme::format;

/// Firmware that ships with the app, in `assets/firmware`.
const SHIPPED: [(Chip, &[u8]); 2] = [
    (Chip::Esp32c3, include_bytes!("../../../assets/firmware/esp32c3.elf").as_slice()),
    (Chip::Esp32c6, include_bytes!("../../../assets/firmware/esp32c6.elf").as_slice()),
];

/// Chips that the sources in `firmware/` can be built for.
const BUILDABLE: [Chip; 4] = [Chip::Esp32, Chip::Esp32s3, Chip::Esp32c3, Chip::Esp32c6];

/// A page of flash as the chip maps it into its addresses, at the most.
const PAGE_BYTES: u32 = 0x1_0000;

/// Sizes of flash chips that an image can name.
const FLASH_SIZES: [FlashSize; 8] = [
    FlashSize::_1Mb,
    FlashSize::_2Mb,
    FlashSize::_4Mb,
    FlashSize::_8Mb,
    FlashSize::_16Mb,
    FlashSize::_32Mb,
    FlashSize::_64Mb,
    FlashSize::_128Mb,
];

/// Where the firmware of a board comes from.
#[derive(Clone, Debug)]
pub enum Firmware {
    /// The one that ships with the app for the chip.
    Shipped,
    /// An ELF file that was built of `firmware/`.
    Elf(Arc<[u8]>),
    /// What `idf.py build` has left.
    Build(Arc<IdfBuild>),
}

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// The chip.
    pub chip: Chip,
    /// Bytes of its flash.
    pub flash_bytes: u32,
    /// Frequency of the crystal beside it, in Hz.
    pub crystal_hz: u32,
}

/// What lies in the flash of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The chip.
    pub chip: Chip,
    /// What is written, by address.
    pub parts: Vec<Part>,
    /// How the chip reads its flash.
    pub settings: FlashSettings,
    /// Where the model is.
    pub model: ModelPlace,
    /// Oldest revision of the chip that it runs on, in hundredths: 301 is v3.1.
    pub minimum_revision: u16,
}

/// One piece of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is in words.
    pub name: String,
    /// Where it begins in flash.
    pub address: u32,
    /// What is written.
    pub bytes: Vec<u8>,
}

/// How a chip reads its flash, as the header of an image says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashSettings {
    /// Bytes of the flash.
    pub size_bytes: u32,
    /// The lines that are used.
    pub mode: FlashMode,
    /// Its clock in Hz; `None` where the header does not say it.
    pub frequency_hz: Option<u32>,
}

/// Which lines address and data of the flash take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashMode {
    /// Four for both.
    Qio,
    /// Four for data.
    Qout,
    /// Two for both.
    Dio,
    /// Two for data.
    Dout,
}

/// Where a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelPlace {
    /// Where the program sees it.
    pub address: u32,
    /// Where it begins in flash.
    pub flash_address: u32,
    /// Its bytes.
    pub bytes: u32,
}

/// Why there is no image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImageFailure {
    /// No firmware for the chip ships with the app.
    #[error("no firmware for the {} ships with Emberlab", .0.label())]
    NotShipped(Chip),
    /// The model cannot be put into the firmware.
    #[error("{0}")]
    Elf(#[from] ImageError),
    /// The firmware is for another chip.
    #[error("the firmware is for the {found}, and the board has an {}", .wanted.label())]
    OtherChip {
        /// The chip that it should be for.
        wanted: Chip,
        /// What it is for.
        found: String,
    },
    /// The app does not know the chip.
    #[error("the firmware is for the {0}, which Emberlab does not know")]
    UnknownChip(String),
    /// No image can be made of the firmware.
    #[error("no flash image can be made of the firmware: {0}")]
    Broken(String),
    /// The image is not of the form that the boot program takes.
    #[error("the image has {0} segments mapped from flash, and the boot program maps only 2")]
    Segments(usize),
    /// The image does not hold the model.
    #[error("the image does not hold the model as it was put in")]
    ModelChanged,
    /// The image does not fit into the flash.
    #[error("the image needs {} of flash, and the board has {}", format::bytes(*needed), format::bytes(*given))]
    TooLarge {
        /// Bytes that are needed.
        needed: u64,
        /// Bytes of the flash.
        given: u64,
    },
    /// A folder is not what `idf.py build` leaves.
    #[error("{} is no build of ESP-IDF: it has no flasher_args.json", .0.display())]
    NoBuild(PathBuf),
    /// A file cannot be read, or is not what it should be.
    #[error("{}: {what}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The build is to be encrypted while it is written.
    #[error("the build in {} is written encrypted, which Emberlab does not do", .0.display())]
    Encrypted(PathBuf),
    /// The application of a build does not have the model in it.
    #[error("the application in {} does not have this model in it", .0.display())]
    ModelNotInside(PathBuf),
}

impl ImageFailure {
    /// What to try.
    pub fn help(&self) -> String {
        match self {
            ImageFailure::NotShipped(chip) => build_help(*chip),
            ImageFailure::Elf(ImageError::TooLarge { .. } | ImageError::EmptyModel) => {
                "Take a smaller variant of the model, or build the firmware with a larger EMBERLAB_WINDOW_BYTES".to_owned()
            }
            ImageFailure::Elf(_) | ImageFailure::Broken(_) | ImageFailure::ModelChanged | ImageFailure::Segments(_) => {
                "Take the firmware that ships with Emberlab, or an ELF file that firmware/build.sh has made".to_owned()
            }
            ImageFailure::OtherChip { wanted, .. } => {
                format!("Take a firmware that was built for the {}, or another board", wanted.label())
            }
            ImageFailure::UnknownChip(_) => {
                let known = Chip::ALL.into_iter().filter(|chip| *chip != Chip::Host64).map(Chip::label);
                format!("Known are {}", known.collect::<Vec<_>>().join(", "))
            }
            ImageFailure::TooLarge { .. } => "Take a smaller model, or a board with more flash".to_owned(),
            ImageFailure::NoBuild(_) => {
                "Run idf.py build in the project, and name its folder or the folder build in it".to_owned()
            }
            ImageFailure::File { .. } => "Run idf.py build in the project anew".to_owned(),
            ImageFailure::Encrypted(_) => "Flash it with idf.py encrypted-flash".to_owned(),
            ImageFailure::ModelNotInside(_) => {
                "Export the project for this model anew and run idf.py build, or name the model that it was built with".to_owned()
            }
        }
    }
}

impl Firmware {
    /// The firmware in a file or a folder.
    ///
    /// # Errors
    /// It cannot be read, or is neither an ELF file nor a build of ESP-IDF.
    pub fn read(path: &Path) -> Result<Self, ImageFailure> {
        if path.is_dir() {
            return Ok(Firmware::Build(Arc::new(IdfBuild::read(path)?)));
        }
        let bytes = std::fs::read(path)
            .map_err(|error| ImageFailure::File { path: path.to_owned(), what: error.to_string() })?;
        // Refused here, so that nobody presses BOOT for it.
        emberlab_core::firmware_image::window(&bytes)?;
        Ok(Firmware::Elf(bytes.into()))
    }

    /// The chip that it is for, if it is for one only and says so.
    pub fn chip(&self) -> Option<Chip> {
        match self {
            Firmware::Shipped => None,
            Firmware::Elf(elf) => Chip::from_id(Metadata::from_bytes(Some(elf)).chip_name()?),
            Firmware::Build(build) => Some(build.chip()),
        }
    }

    /// What lies in flash when a model runs with this firmware on some hardware.
    ///
    /// # Errors
    /// There is no such firmware, the model does not fit, or the image would not run.
    pub fn image(&self, model: &[u8], hardware: Hardware) -> Result<Image, ImageFailure> {
        match self {
            Firmware::Shipped => {
                let elf = shipped(hardware.chip).ok_or(ImageFailure::NotShipped(hardware.chip))?;
                image_of_elf(elf, model, hardware)
            }
            Firmware::Elf(elf) => image_of_elf(elf, model, hardware),
            Firmware::Build(build) => build.image(model, hardware),
        }
    }
}

impl Hardware {
    /// A chip with 4 MiB of flash and the crystal that it has on most boards.
    pub fn usual(chip: Chip) -> Self {
        Hardware { chip, flash_bytes: FlashSize::_4Mb.size(), crystal_hz: 40_000_000 }
    }
}

impl Image {
    /// Everything from the first byte of the flash on, with the value of erased flash between the parts.
    pub fn merged(&self) -> Vec<u8> {
        let mut merged = vec![0xff; self.end() as usize];
        for part in &self.parts {
            let start = part.address as usize;
            merged[start..start + part.bytes.len()].copy_from_slice(&part.bytes);
        }
        merged
    }

    /// Bytes of all parts.
    pub fn part_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes.len() as u64).sum()
    }

    /// The first byte of the flash that the image does not reach.
    pub fn end(&self) -> u64 {
        self.parts.iter().map(Part::end).max().unwrap_or(0)
    }
}

impl Part {
    /// The first byte behind it.
    pub fn end(&self) -> u64 {
        u64::from(self.address) + self.bytes.len() as u64
    }
}

impl FlashMode {
    /// Its name: `DIO`.
    pub fn label(self) -> &'static str {
        match self {
            FlashMode::Qio => "QIO",
            FlashMode::Qout => "QOUT",
            FlashMode::Dio => "DIO",
            FlashMode::Dout => "DOUT",
        }
    }
}

/// The firmware that ships with the app for a chip.
pub fn shipped(chip: Chip) -> Option<&'static [u8]> {
    SHIPPED.iter().find(|(known, _)| *known == chip).map(|(_, elf)| *elf)
}

/// Chips that firmware ships for.
pub fn shipped_chips() -> impl Iterator<Item = Chip> {
    SHIPPED.iter().map(|(chip, _)| *chip)
}

/// How to come by firmware for a chip that none ships for.
pub fn build_help(chip: Chip) -> String {
    let id = chip.id();
    match chip {
        Chip::Esp32 | Chip::Esp32s3 => format!(
            "Build it in Emberlab's repository, and give {id}.elf as firmware: cargo install espup --locked && espup install \
             && . ~/export-esp.sh && firmware/build.sh {id} {id}.elf"
        ),
        Chip::Esp32c3 | Chip::Esp32c6 => format!(
            "Build it in Emberlab's repository, and give {id}.elf as firmware: rustup target add \
             riscv32imc-unknown-none-elf riscv32imac-unknown-none-elf && firmware/build.sh {id} {id}.elf"
        ),
        Chip::Esp32s2 | Chip::Esp32p4 | Chip::Host64 => {
            let known = BUILDABLE.map(Chip::label).join(", ");
            format!(
                "Emberlab's firmware is for {known}. Build an ESP-IDF project with the model for this one, and give its \
                 folder as firmware"
            )
        }
    }
}

/// The chip as espflash has it; `None` for the desktop.
pub(super) fn esp_chip(chip: Chip) -> Option<EspChip> {
    match chip {
        Chip::Esp32 => Some(EspChip::Esp32),
        Chip::Esp32s2 => Some(EspChip::Esp32s2),
        Chip::Esp32s3 => Some(EspChip::Esp32s3),
        Chip::Esp32c3 => Some(EspChip::Esp32c3),
        Chip::Esp32c6 => Some(EspChip::Esp32c6),
        Chip::Esp32p4 => Some(EspChip::Esp32p4),
        Chip::Host64 => None,
    }
}

/// The chip that espflash has found, if the app knows it.
pub(super) fn known_chip(chip: EspChip) -> Option<Chip> {
    Chip::from_id(&chip.to_string())
}

/// The name of any chip that espflash knows: `ESP32-H2`.
pub(super) fn chip_label(chip: EspChip) -> String {
    let id = chip.to_string();
    known_chip(chip).map_or_else(
        || format!("ESP32-{}", id.trim_start_matches("esp32").to_uppercase()),
        |chip| chip.label().to_owned(),
    )
}

/// What an image for the boot program says of itself (ESP-IDF, "App Image Format").
pub(super) struct AppImage {
    /// Number of the chip.
    pub(super) chip_id: u16,
    /// Oldest revision that it runs on.
    pub(super) minimum_revision: u16,
    mode: u8,
    /// Size of the flash in the upper four bits, its clock in the lower ones.
    config: u8,
    segments: Vec<Segment>,
}

struct Segment {
    /// Where it is loaded to, or mapped.
    address: u32,
    /// Its first byte in the image.
    start: usize,
    bytes: usize,
}

impl AppImage {
    /// Reads the image of an application or of the boot program, and checks its sums.
    pub(super) fn read(image: &[u8]) -> Result<Self, &'static str> {
        const HEADER_BYTES: usize = 24;
        const CHECKSUM_START: u8 = 0xef;
        let header: &[u8; HEADER_BYTES] = image.first_chunk().ok_or("it ends within its header")?;
        if header[0] != 0xe9 {
            return Err("it is no image for the boot program");
        }
        let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let mut segments = Vec::new();
        let mut at = HEADER_BYTES;
        let mut checksum = CHECKSUM_START;
        for _ in 0..header[1] {
            let head: &[u8; 8] =
                image.get(at..).and_then(<[u8]>::first_chunk).ok_or("it ends within a segment")?;
            let [address, bytes] =
                [0, 4].map(|at| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
            let (start, bytes) = (at + head.len(), bytes as usize);
            let content = start.checked_add(bytes).and_then(|end| image.get(start..end));
            let content = content.ok_or("it ends within a segment")?;
            checksum = content.iter().fold(checksum, |sum, byte| sum ^ byte);
            segments.push(Segment { address, start, bytes });
            at = start + bytes;
        }
        // The sum is the last byte of a block of 16.
        let sum_at = at | 15;
        if image.get(sum_at) != Some(&checksum) {
            return Err("its checksum is wrong");
        }
        let has_digest = header[23] == 1;
        if has_digest {
            let end = sum_at + 1;
            let digest = image.get(end..end + 32).ok_or("it ends within its digest")?;
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            if digest != sha256_hex(&image[..end]) {
                return Err("its digest is wrong");
            }
        }
        Ok(AppImage {
            chip_id: half(12),
            minimum_revision: half(15),
            mode: header[2],
            config: header[3],
            segments,
        })
    }

    /// How the chip reads its flash.
    pub(super) fn settings(&self, chip: Chip) -> FlashSettings {
        let mode = match self.mode {
            0 => FlashMode::Qio,
            1 => FlashMode::Qout,
            3 => FlashMode::Dout,
            _ => FlashMode::Dio,
        };
        // The ESP32-C6 has one code for 40 MHz and 80 MHz (esptool, esptool/targets/esp32c6.py: its ROM needs that).
        let frequency_hz = match (chip, self.config & 15) {
            (Chip::Esp32c6, 0) => None,
            (_, 0) => Some(40_000_000),
            (_, 1) => Some(26_000_000),
            (_, 2) => Some(20_000_000),
            (_, 15) => Some(80_000_000),
            _ => None,
        };
        FlashSettings { size_bytes: (1 << 20) << (self.config >> 4).min(11), mode, frequency_hz }
    }

    /// Where in flash an address of the chip is, and in the image, if `bytes` bytes from there are in one segment.
    fn place(&self, address: u32, bytes: usize) -> Option<usize> {
        self.segments.iter().find_map(|segment| {
            let offset = address.checked_sub(segment.address)? as usize;
            (offset.checked_add(bytes)? <= segment.bytes).then_some(segment.start + offset)
        })
    }

    /// Finds bytes that lie in one segment; where the chip sees them, and where they are in the image.
    pub(super) fn find(&self, image: &[u8], wanted: &[u8]) -> Option<(u32, usize)> {
        self.segments.iter().find_map(|segment| {
            let content = image.get(segment.start..segment.start + segment.bytes)?;
            let offset = content.windows(wanted.len().max(1)).position(|bytes| bytes == wanted)?;
            Some((segment.address.checked_add(offset as u32)?, segment.start + offset))
        })
    }
}

fn image_of_elf(elf: &[u8], model: &[u8], hardware: Hardware) -> Result<Image, ImageFailure> {
    let chip = esp_chip(hardware.chip).ok_or(ImageFailure::NotShipped(hardware.chip))?;
    check_chip(elf, hardware.chip)?;
    let mut elf = elf.to_vec();
    let placed = insert_model(&mut elf, model)?;
    let parts = parts_of_elf(&elf, chip, hardware)?;
    let end = parts.iter().map(Part::end).max().unwrap_or(0);
    if end > u64::from(hardware.flash_bytes) {
        return Err(ImageFailure::TooLarge { needed: end, given: hardware.flash_bytes.into() });
    }
    let Some(application) = parts.last() else { return Err(ImageFailure::Segments(0)) };
    let read = AppImage::read(&application.bytes).map_err(|what| ImageFailure::Broken(what.to_owned()))?;
    let mapped: Vec<&Segment> = read.segments.iter().filter(|it| chip.addr_is_flash(it.address)).collect();
    if mapped.len() != 2 {
        return Err(ImageFailure::Segments(mapped.len()));
    }
    // What is mapped begins at the same byte of a page in flash and in the addresses of the chip.
    let is_aligned = |segment: &&Segment| {
        let flash = application.address.wrapping_add(segment.start as u32);
        flash % PAGE_BYTES == segment.address % PAGE_BYTES
    };
    if !mapped.iter().all(is_aligned) {
        return Err(ImageFailure::Broken("a segment is not where pages of flash can be mapped".to_owned()));
    }
    let at = read.place(placed.address, model.len()).ok_or(ImageFailure::ModelChanged)?;
    if application.bytes.get(at..at + model.len()) != Some(model) {
        return Err(ImageFailure::ModelChanged);
    }
    let model = ModelPlace {
        address: placed.address,
        flash_address: application.address + at as u32,
        bytes: model.len() as u32,
    };
    let settings = read.settings(hardware.chip);
    Ok(Image { chip: hardware.chip, settings, model, minimum_revision: read.minimum_revision, parts })
}

/// Refuses an ELF file that says that it is for another chip, or is for another processor.
fn check_chip(elf: &[u8], wanted: Chip) -> Result<(), ImageFailure> {
    const XTENSA: [u8; 2] = [94, 0];
    const RISC_V: [u8; 2] = [243, 0];
    let other = |found: &str| Err(ImageFailure::OtherChip { wanted, found: found.to_owned() });
    if let Some(name) = Metadata::from_bytes(Some(elf)).chip_name()
        && name != wanted.id()
    {
        return match Chip::from_id(name) {
            Some(chip) => other(chip.label()),
            None => other(name),
        };
    }
    let is_xtensa = matches!(wanted, Chip::Esp32 | Chip::Esp32s2 | Chip::Esp32s3);
    match elf.get(18..20).and_then(<[u8]>::first_chunk) {
        Some(&XTENSA) if !is_xtensa => other("ESP32, S2 or S3, which have Xtensa processors"),
        Some(&RISC_V) if is_xtensa => other("chips with RISC-V processors"),
        _ => Ok(()),
    }
}

/// What espflash makes of an ELF file.
fn parts_of_elf(elf: &[u8], chip: EspChip, hardware: Hardware) -> Result<Vec<Part>, ImageFailure> {
    let size = FLASH_SIZES.into_iter().rev().find(|size| size.size() <= hardware.flash_bytes);
    let size = size.ok_or(ImageFailure::TooLarge { needed: 1 << 20, given: hardware.flash_bytes.into() })?;
    let crystal = match (chip, hardware.crystal_hz) {
        (EspChip::Esp32, 26_000_000) => XtalFrequency::_26Mhz,
        _ => chip.default_xtal_frequency(),
    };
    let settings = espflash::flasher::FlashSettings::new(
        Some(espflash::flasher::FlashMode::Dio),
        Some(size),
        Some(frequency(hardware.chip)),
    );
    let data = FlashData::new(settings, 0, None, chip, crystal);
    // espflash panics over some broken files.
    let segments = catch_unwind(AssertUnwindSafe(|| {
        let format = IdfBootloaderFormat::new(elf, &data, None, None, None, None)?;
        Ok::<_, espflash::Error>(ImageFormat::from(format).flash_segments())
    }));
    let segments = segments
        .map_err(|_| ImageFailure::Broken("its sections are not as espflash takes them".to_owned()))?;
    let segments = segments.map_err(|error| match error {
        espflash::Error::ElfTooBig(needed, part) => ImageFailure::TooLarge {
            needed: u64::from(hardware.flash_bytes) + u64::from(needed) - u64::from(part),
            given: hardware.flash_bytes.into(),
        },
        other => ImageFailure::Broken(chain(&other)),
    })?;
    let names = ["boot program", "partition table", "application"];
    let part = |(segment, name): (espflash::image_format::Segment<'_>, &str)| Part {
        name: name.to_owned(),
        address: segment.addr,
        bytes: segment.data.into_owned(),
    };
    Ok(segments.into_iter().zip(names).map(part).collect())
}

/// The clock of flash that ESP-IDF takes if it is not told otherwise (components/esptool_py/Kconfig.projbuild at
/// 019be31a6c91b1b01c9e9791629ae22ffe31cac4). espflash has no code for 80 MHz on the ESP32-C6 that its ROM takes.
fn frequency(chip: Chip) -> FlashFrequency {
    match chip {
        Chip::Esp32 | Chip::Esp32c6 => FlashFrequency::_40Mhz,
        Chip::Esp32s2 | Chip::Esp32s3 | Chip::Esp32c3 | Chip::Esp32p4 | Chip::Host64 => {
            FlashFrequency::_80Mhz
        }
    }
}

/// An error with what has led to it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use emberlab_core::firmware_image::window;

    use super::*;

    fn model(bytes: u32) -> Vec<u8> {
        (0..bytes).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    fn elf(chip: Chip) -> Vec<u8> {
        shipped(chip).expect("it ships with the app").to_vec()
    }

    #[test]
    fn every_elf_file_of_the_folder_is_in_the_app() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/firmware");
        let names = std::fs::read_dir(folder).expect("it is there").flatten();
        let mut boards: Vec<_> = names
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".elf").map(str::to_owned))
            .filter(|board| board != "qemu")
            .collect();
        boards.sort();
        assert_eq!(boards, shipped_chips().map(Chip::id).collect::<Vec<_>>());
    }

    #[test]
    fn images_of_shipped_firmware_hold_the_model_where_the_program_looks_for_it() {
        for chip in shipped_chips() {
            for model_bytes in [1000, 300_000, 1_000_000] {
                let model = model(model_bytes);
                let image = Firmware::Shipped.image(&model, Hardware::usual(chip)).expect("it fits");
                assert_eq!(image.parts.len(), 3);
                assert_eq!(image.parts[0].address, esp_chip(chip).expect("a chip").boot_address());
                assert_eq!((image.parts[1].address, image.parts[2].address), (0x8000, 0x1_0000));
                assert!(image.parts.windows(2).all(|pair| pair[0].end() <= u64::from(pair[1].address)));
                assert!(image.parts[1].bytes.starts_with(&[0xaa, 0x50]), "the magic number of a partition");
                assert_eq!(image.settings.size_bytes, 4 << 20);
                assert_eq!(image.settings.mode, FlashMode::Dio);
                let merged = image.merged();
                assert_eq!(merged.len() as u64, image.end());
                let at = image.model.flash_address as usize;
                assert!(merged[at..at + model.len()] == model);
                assert_eq!(image.model.address % 16, 0);
                for part in &image.parts {
                    let start = part.address as usize;
                    assert!(merged[start..start + part.bytes.len()] == part.bytes);
                }
                assert!(merged[image.parts[0].end() as usize..0x8000].iter().all(|byte| *byte == 0xff));
                for part in [&image.parts[0], &image.parts[2]] {
                    let read = AppImage::read(&part.bytes).expect("its sums are right");
                    assert_eq!(read.chip_id, esp_chip(chip).expect("a chip").id(), "{}", part.name);
                }
            }
        }
    }

    #[test]
    fn only_what_the_model_needs_of_the_window_lies_in_flash() {
        for chip in shipped_chips() {
            let application = |model_bytes| {
                let image =
                    Firmware::Shipped.image(&model(model_bytes), Hardware::usual(chip)).expect("it fits");
                image.parts[2].bytes.len()
            };
            // Code begins in a page of its own, which more or less is left empty before.
            let (more, page) = (application(301_000) - application(1000), PAGE_BYTES as usize);
            assert!((300_000 - page..=300_000 + page).contains(&more), "{more} B more for 300,000 B");
        }
    }

    #[test]
    fn the_size_of_the_flash_is_that_of_the_board() {
        let of = |mib: u32| Hardware { flash_bytes: mib << 20, ..Hardware::usual(Chip::Esp32c3) };
        for mib in [2, 4, 8, 16] {
            let image = Firmware::Shipped.image(&model(1000), of(mib)).expect("it fits");
            assert_eq!(image.settings.size_bytes, mib << 20);
        }
        let failure = Firmware::Shipped.image(&model(1_000_000), of(1)).expect_err("it does not fit");
        let ImageFailure::TooLarge { needed, given } = failure else { panic!("{failure}") };
        assert!(given == 1 << 20 && needed > given, "{failure}");
    }

    #[test]
    fn chips_without_firmware_say_how_to_build_it() {
        for chip in Chip::ALL.into_iter().filter(|chip| shipped(*chip).is_none()) {
            let failure =
                Firmware::Shipped.image(&model(1000), Hardware::usual(chip)).expect_err("none ships");
            assert_eq!(failure, ImageFailure::NotShipped(chip));
            let command = format!("firmware/build.sh {0} {0}.elf", chip.id());
            assert_eq!(failure.help().contains(&command), BUILDABLE.contains(&chip), "{}", failure.help());
        }
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/README.md");
        let readme = std::fs::read_to_string(readme).expect("it is there");
        let help = build_help(Chip::Esp32s3);
        let espup = help
            .split_once(": ")
            .and_then(|(_, command)| command.split_once(" && firmware"))
            .expect("a command")
            .0;
        assert!(readme.contains(espup), "{espup} is not what firmware/README.md says");
    }

    #[test]
    fn firmware_of_users_is_taken_if_it_is_for_the_chip() {
        let bytes = elf(Chip::Esp32c3);
        let own = Firmware::Elf(bytes.clone().into());
        assert_eq!(own.chip(), Some(Chip::Esp32c3));
        let usual = Hardware::usual(Chip::Esp32c3);
        assert_eq!(own.image(&model(1000), usual), Firmware::Shipped.image(&model(1000), usual));
        for (chip, part) in [(Chip::Esp32c6, "for the ESP32-C3"), (Chip::Esp32s3, "for the ESP32-C3")] {
            let failure = own.image(&model(1000), Hardware::usual(chip)).expect_err("another chip");
            assert!(failure.to_string().contains(part), "{failure}");
        }
        // One that was stripped does not say its chip, but its processor.
        let mut nameless = bytes;
        let at = nameless.windows(12).position(|it| it == b".espressif.m").expect("it has the section");
        nameless[at] = b'_';
        let nameless = Firmware::Elf(nameless.into());
        assert_eq!(nameless.chip(), None);
        let failure = nameless.image(&model(1000), Hardware::usual(Chip::Esp32s3)).expect_err("another chip");
        assert!(matches!(failure, ImageFailure::OtherChip { wanted: Chip::Esp32s3, .. }), "{failure}");
        assert!(nameless.image(&model(1000), usual).is_ok());
    }

    #[test]
    fn models_that_do_not_fit_and_other_files_are_refused() {
        let usual = Hardware::usual(Chip::Esp32c3);
        let failure = Firmware::Shipped.image(&model((1 << 20) + 1), usual).expect_err("too large");
        assert!(matches!(failure, ImageFailure::Elf(ImageError::TooLarge { .. })), "{failure}");
        let failure = Firmware::Shipped.image(&[], usual).expect_err("no model");
        assert_eq!(failure, ImageFailure::Elf(ImageError::EmptyModel));
        let failure = Firmware::Elf(model(5000).into()).image(&model(100), usual).expect_err("no ELF file");
        assert_eq!(failure, ImageFailure::Elf(ImageError::NotElf));
        let failure = Firmware::read(Path::new("/no/such/file.elf")).expect_err("it is not there");
        assert!(matches!(failure, ImageFailure::File { .. }), "{failure}");
    }

    /// The emulated board's firmware has its data where a chip has nothing.
    #[test]
    fn firmware_that_is_not_mapped_from_flash_is_refused() {
        let qemu = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/firmware/qemu.elf");
        let firmware = Firmware::read(&qemu).expect("it has a window");
        let failure =
            firmware.image(&model(100), Hardware::usual(Chip::Esp32c3)).expect_err("it is for no chip");
        assert_eq!(failure, ImageFailure::Segments(0));
    }

    #[test]
    fn a_gap_before_the_window_makes_a_third_segment_which_is_refused() {
        // The window is moved by 8 bytes: more than espflash joins.
        let mut bytes = elf(Chip::Esp32c3);
        let address = window(&bytes).expect("it has one").address;
        let section: Vec<u8> =
            [address.to_le_bytes(), (window(&bytes).expect("one").offset as u32).to_le_bytes()].concat();
        let at = bytes.windows(8).position(|it| it == section).expect("the section table names it");
        bytes[at..at + 4].copy_from_slice(&(address + 8).to_le_bytes());
        let failure = Firmware::Elf(bytes.into())
            .image(&model(1000), Hardware::usual(Chip::Esp32c3))
            .expect_err("three segments");
        assert_eq!(failure, ImageFailure::Segments(3));
    }

    #[test]
    fn broken_firmware_is_an_error_and_no_panic() {
        let whole = elf(Chip::Esp32c3);
        let usual = Hardware::usual(Chip::Esp32c3);
        let table = u32::from_le_bytes([whole[0x20], whole[0x21], whole[0x22], whole[0x23]]) as usize;
        // Kind, address, place and size of every section, set to extremes.
        for at in (1..15).flat_map(|section| [4, 12, 16, 20].map(|field| table + section * 40 + field)) {
            for value in [0, u32::MAX] {
                let mut broken = whole.clone();
                broken[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
                let _ = Firmware::Elf(broken.into()).image(&model(64), usual);
            }
        }
        for length in [0, 3, 52, 0x4020, whole.len() / 2, whole.len() - 1] {
            let _ = Firmware::Elf(whole[..length].into()).image(&model(64), usual);
        }
    }

    #[test]
    fn broken_images_are_told_from_whole_ones() {
        let image = Firmware::Shipped.image(&model(1000), Hardware::usual(Chip::Esp32c3)).expect("it fits");
        let boot = &image.parts[0].bytes;
        assert!(AppImage::read(boot).is_ok());
        for at in [0, 3, 30, boot.len() / 2] {
            let mut broken = boot.clone();
            broken[at] ^= 0x10;
            assert!(AppImage::read(&broken).is_err(), "{at}");
        }
        for length in 0..boot.len() - 32 {
            assert!(AppImage::read(&boot[..length]).is_err(), "{length}");
        }
    }
}
