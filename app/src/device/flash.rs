//! Writing an image into the flash of a board, over the boot program in its ROM.
//!
//! Everything happens on the calling thread. Nothing can be stopped once writing has begun: a board whose writing was cut off
//! has no program, though it can always be flashed again.

use std::cell::Cell;
use std::error::Error as _;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use emberlab_core::plan::Chip;
use espflash::Error;
use espflash::connection::{Connection, Port as OpenPort, ResetAfterOperation, ResetBeforeOperation};
use espflash::flasher::Flasher;
use espflash::image_format::Segment;
use espflash::target::{Chip as EspChip, ProgressCallbacks, XtalFrequency, efuse};
use serialport::{SerialPort as _, UsbPortInfo};

use super::image::{
    Firmware, FlashSettings, Hardware, Image, ImageFailure, ModelPlace, chain, chip_label, known_chip,
};
use super::open::{PortCause, PortFailure, open};
use super::ports::{USB_SERIAL_JTAG, ports};
use crate::theme::format;

/// Bits per second while an image is written, which bridges and cables of boards stand.
pub const WRITE_BAUD: u32 = 460_800;
/// Bits per second that the boot program in ROM begins with.
const CONNECT_BAUD: u32 = 115_200;

/// What is to be written to which board.
#[derive(Clone, Debug)]
pub struct FlashRequest {
    /// Path of the port.
    pub port: String,
    /// The firmware.
    pub firmware: Firmware,
    /// The .tflite file.
    pub model: Arc<[u8]>,
    /// The chip that the board must have, if the user has said.
    pub chip: Option<Chip>,
    /// What writes on the chip.
    pub loader: Loader,
    /// Bits per second while writing.
    pub baud: u32,
}

/// The program on the chip that takes the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loader {
    /// A small program that is loaded into RAM first; it takes compressed data.
    Stub,
    /// The boot program in ROM.
    Rom,
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq)]
pub enum FlashProgress {
    /// The board is reset into its boot program and asked for an answer.
    Connecting,
    /// It has answered.
    Connected(BoardFacts),
    /// A part is written.
    Writing {
        /// Which, in words.
        part: String,
        /// Bytes of all parts that are in place.
        done_bytes: u64,
        /// Bytes of all parts.
        total_bytes: u64,
    },
    /// The chip sums up what its flash holds.
    Verifying {
        /// Of which part, in words.
        part: String,
    },
    /// The board is reset, so that it runs the program.
    Resetting,
}

/// What is known of a board that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardFacts {
    /// Its chip.
    pub chip: Chip,
    /// Revision of the chip, major and minor.
    pub revision: Option<(u32, u32)>,
    /// Address of its radio, `60:55:f9:00:00:01`.
    pub mac_address: Option<String>,
    /// Bytes of its flash.
    pub flash_bytes: u32,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flashed {
    /// The board.
    pub board: BoardFacts,
    /// How its flash is read.
    pub settings: FlashSettings,
    /// Bytes that were written and verified.
    pub written_bytes: u64,
    /// Bytes that were there already.
    pub unchanged_bytes: u64,
    /// Where the model is.
    pub model: ModelPlace,
    /// The board was reset and runs the program; if not, its button RESET does it.
    pub is_running: bool,
}

/// What failed, and what cures it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FlashFailure {
    /// Where it failed.
    pub step: FlashStep,
    /// Why.
    pub cause: FlashCause,
    /// What failed, in words.
    pub message: String,
    /// A step that cures it.
    pub help: String,
}

/// The steps of flashing, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlashStep {
    /// Making the image.
    Image,
    /// Opening the port.
    Open,
    /// Reaching the boot program.
    Connect,
    /// Seeing whether image and board match.
    Check,
    /// Writing.
    Write,
    /// Comparing what was written.
    Verify,
    /// Starting the program.
    Reset,
}

/// Why it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlashCause {
    /// There is no image.
    Image(ImageFailure),
    /// The port did not open.
    Port(PortCause),
    /// Nothing answered.
    NoAnswer,
    /// The chip runs its program and not its boot program.
    BootMode,
    /// The board has another chip.
    WrongChip,
    /// The chip only takes signed or encrypted programs.
    Locked,
    /// The chip is older than the firmware needs.
    OldRevision,
    /// The chip does not reach its flash.
    NoFlash,
    /// The line was closed, or the chip fell silent.
    LineLost,
    /// The chip refused what it was told.
    Refused,
    /// The flash does not hold what was written.
    VerifyFailed,
    /// Something else.
    Other,
}

impl FlashRequest {
    /// A model for the board on a port.
    pub fn new(port: String, firmware: Firmware, model: Arc<[u8]>) -> Self {
        FlashRequest { port, firmware, model, chip: None, loader: Loader::Stub, baud: WRITE_BAUD }
    }
}

impl FlashStep {
    /// What was being done, in words: `Making the image`.
    pub fn label(self) -> &'static str {
        match self {
            FlashStep::Image => "Making the image",
            FlashStep::Open => "Opening the port",
            FlashStep::Connect => "Reaching the boot program",
            FlashStep::Check => "Checking the board",
            FlashStep::Write => "Writing",
            FlashStep::Verify => "Verifying",
            FlashStep::Reset => "Starting the program",
        }
    }
}

/// Writes an image to a board, verifies it and starts it. `stop` is asked until writing begins; `None` once it has said true,
/// and nothing is written then.
///
/// # Errors
/// In words for the user. Up to the step [`FlashStep::Check`] the board has its old program.
pub fn flash(
    request: &FlashRequest,
    stop: &dyn Fn() -> bool,
    report: &mut dyn FnMut(FlashProgress),
) -> Result<Option<Flashed>, FlashFailure> {
    // What cannot work with any board of the chip is said before somebody holds a button for it.
    if let Some(chip) = request.chip.or_else(|| request.firmware.chip()) {
        const LARGEST: u32 = 128 << 20;
        let any = Hardware { flash_bytes: LARGEST, ..Hardware::usual(chip) };
        request
            .firmware
            .image(&request.model, any)
            .map_err(|failure| image_failure(FlashStep::Image, failure))?;
    }
    if stop() {
        return Ok(None);
    }
    let port = open(&request.port, CONNECT_BAUD).map_err(from_port)?;
    let step = Cell::new(FlashStep::Connect);
    let talk = catch_unwind(AssertUnwindSafe(|| talk(request, port, stop, report, &step)));
    talk.unwrap_or_else(|_| {
        // espflash trusts what comes over the line in some places.
        Err(failure(
            step.get(),
            FlashCause::Other,
            format!("What came from {} could not be understood", request.port),
            "Press RESET on the board and flash again, with a shorter cable if there is one",
        ))
    })
}

fn talk(
    request: &FlashRequest,
    mut port: OpenPort,
    stop: &dyn Fn() -> bool,
    report: &mut dyn FnMut(FlashProgress),
    step: &Cell<FlashStep>,
) -> Result<Option<Flashed>, FlashFailure> {
    // Pseudo terminals and some bridges over a network have no lines that reset a board.
    let has_lines = port.read_clear_to_send().is_ok();
    report(FlashProgress::Connecting);
    let mut flasher = connect(request, port, has_lines)?;
    step.set(FlashStep::Check);
    let checked = check(request, &mut flasher, report);
    let (board, image) = match checked {
        Ok(checked) if !stop() => checked,
        other => {
            // The old program goes on.
            if has_lines {
                flasher.into_connection().reset().ok();
            }
            return other.map(|_| None);
        }
    };
    step.set(FlashStep::Write);
    let segments: Vec<Segment<'_>> = image.parts.iter().map(segment).collect();
    let mut watch =
        Watch { image: &image, index: 0, blocks: 0, written_bytes: 0, unchanged_bytes: 0, step, report };
    let result = flasher.write_bins_to_flash(&segments, &mut watch);
    let Watch { index, written_bytes, unchanged_bytes, .. } = watch;
    let is_complete = index == image.parts.len();
    match result {
        Err(error) if !is_complete => {
            let part = image.parts.get(index).map_or("", |part| part.name.as_str());
            Err(write_failure(request, step.get(), part, &error))
        }
        // Everything is in place and verified: that the reset failed is cured by a button.
        result => Ok(Some(Flashed {
            board,
            settings: image.settings,
            written_bytes,
            unchanged_bytes,
            model: image.model,
            is_running: result.is_ok() && (has_lines || request.loader == Loader::Rom),
        })),
    }
}

fn connect(request: &FlashRequest, port: OpenPort, has_lines: bool) -> Result<Flasher, FlashFailure> {
    let (before, after) = match has_lines {
        true => (ResetBeforeOperation::DefaultReset, ResetAfterOperation::HardReset),
        false => (ResetBeforeOperation::NoReset, ResetAfterOperation::NoResetNoStub),
    };
    let usb = usb(&request.port);
    let is_native = usb.pid == USB_SERIAL_JTAG;
    let connection = Connection::new(port, usb, after, before, CONNECT_BAUD);
    let baud = (request.baud != CONNECT_BAUD && !is_native).then_some(request.baud);
    Flasher::connect(connection, request.loader == Loader::Stub, true, true, None, baud)
        .map_err(|error| connect_failure(request, has_lines, &error))
}

/// What the USB device behind a port is: boards with USB-Serial-JTAG are reset in their own way.
fn usb(path: &str) -> UsbPortInfo {
    let mut info = UsbPortInfo { vid: 0, pid: 0, serial_number: None, manufacturer: None, product: None };
    let canonical = |path: &str| Path::new(path).canonicalize().unwrap_or_else(|_| path.into());
    // Without the list, the reset for bridges is tried.
    let found = ports().unwrap_or_default().into_iter().find(|port| canonical(&port.path) == canonical(path));
    if let Some(usb) = found.and_then(|port| port.usb) {
        (info.vid, info.pid) = (usb.vendor_id, usb.product_id);
    }
    info
}

/// Whether the board may be written, and the image for it.
fn check(
    request: &FlashRequest,
    flasher: &mut Flasher,
    report: &mut dyn FnMut(FlashProgress),
) -> Result<(BoardFacts, Image), FlashFailure> {
    let step = FlashStep::Check;
    let found = flasher.chip();
    let chip = known_chip(found).filter(|chip| request.chip.is_none_or(|wanted| wanted == *chip));
    let chip = chip.ok_or_else(|| wrong_chip(request, found))?;
    if is_locked(flasher) {
        return Err(failure(
            step,
            FlashCause::Locked,
            format!(
                "The {} on {} takes only programs that are signed or encrypted with its key",
                chip.label(),
                request.port
            ),
            "Use a board without secure boot and flash encryption: nothing that Emberlab writes would run on this one",
        ));
    }
    let info = flasher
        .device_info()
        .map_err(|error| lost_failure(request, step, "the board was looked at", &error))?;
    let board = BoardFacts {
        chip,
        revision: info.revision,
        mac_address: info.mac_address,
        flash_bytes: info.flash_size.size(),
    };
    report(FlashProgress::Connected(board.clone()));
    let crystal_hz = match info.crystal_frequency {
        XtalFrequency::_26Mhz => 26_000_000,
        _ => Hardware::usual(chip).crystal_hz,
    };
    let hardware = Hardware { chip, flash_bytes: board.flash_bytes, crystal_hz };
    let image =
        request.firmware.image(&request.model, hardware).map_err(|failure| image_failure(step, failure))?;
    let (found, needed) = (board.revision, u32::from(image.minimum_revision));
    if let Some((major, minor)) = found.filter(|(major, minor)| major * 100 + minor < needed) {
        return Err(failure(
            step,
            FlashCause::OldRevision,
            format!(
                "The firmware needs revision v{}.{} of the {}, and this one is v{major}.{minor}",
                needed / 100,
                needed % 100,
                chip.label()
            ),
            "Use a newer board, or build the firmware for older revisions",
        ));
    }
    Ok((board, image))
}

/// The chip only takes signed programs, or its flash is encrypted. What cannot be asked is not assumed.
fn is_locked(flasher: &mut Flasher) -> bool {
    const SECURE_BOOT: u32 = 1;
    if flasher.secure_download_mode() {
        return true;
    }
    if flasher.chip() == EspChip::Esp32 {
        let fields = [efuse::esp32::ABS_DONE_0, efuse::esp32::ABS_DONE_1];
        let is_signed = fields.into_iter().any(|field| {
            EspChip::Esp32.read_efuse_le::<u32>(flasher.connection(), field).is_ok_and(|value| value != 0)
        });
        let counter =
            EspChip::Esp32.read_efuse_le::<u32>(flasher.connection(), efuse::esp32::FLASH_CRYPT_CNT);
        return is_signed || counter.is_ok_and(|counter| counter.count_ones() % 2 == 1);
    }
    let info = flasher.security_info();
    info.is_ok_and(|info| info.flags & SECURE_BOOT != 0 || info.flash_crypt_cnt.count_ones() % 2 == 1)
}

/// A part as espflash takes it: whole words, filled up as erased flash is.
fn segment(part: &super::image::Part) -> Segment<'_> {
    let mut segment = Segment::new(part.address, &part.bytes);
    let rest = part.bytes.len() % 4;
    if rest > 0 {
        segment += [0xff_u8; 4].get(rest..).unwrap_or_default();
    }
    segment
}

/// Turns what espflash tells into progress in bytes.
struct Watch<'a> {
    image: &'a Image,
    /// The part that is written.
    index: usize,
    /// Blocks of that part, as they are sent.
    blocks: usize,
    written_bytes: u64,
    unchanged_bytes: u64,
    step: &'a Cell<FlashStep>,
    report: &'a mut dyn FnMut(FlashProgress),
}

impl Watch<'_> {
    fn writing(&mut self, block: usize) {
        let Some(part) = self.image.parts.get(self.index) else { return };
        // Blocks may be compressed: the share of them is the share of the bytes.
        let share = part.bytes.len() as u64 * block as u64 / self.blocks.max(1) as u64;
        (self.report)(FlashProgress::Writing {
            part: part.name.clone(),
            done_bytes: self.written_bytes + self.unchanged_bytes + share,
            total_bytes: self.image.part_bytes(),
        });
    }
}

impl ProgressCallbacks for Watch<'_> {
    fn init(&mut self, _address: u32, blocks: usize) {
        self.step.set(FlashStep::Write);
        self.blocks = blocks;
        self.writing(0);
    }

    fn update(&mut self, block: usize) {
        self.writing(block);
    }

    fn verifying(&mut self) {
        self.step.set(FlashStep::Verify);
        if let Some(part) = self.image.parts.get(self.index) {
            (self.report)(FlashProgress::Verifying { part: part.name.clone() });
        }
    }

    fn finish(&mut self, is_unchanged: bool) {
        let Some(part) = self.image.parts.get(self.index) else { return };
        let bytes = part.bytes.len() as u64;
        *(if is_unchanged { &mut self.unchanged_bytes } else { &mut self.written_bytes }) += bytes;
        self.index += 1;
        if self.index == self.image.parts.len() {
            self.step.set(FlashStep::Reset);
            (self.report)(FlashProgress::Resetting);
        } else {
            self.step.set(FlashStep::Write);
        }
    }
}

fn failure(step: FlashStep, cause: FlashCause, message: String, help: impl Into<String>) -> FlashFailure {
    FlashFailure { step, cause, message, help: help.into() }
}

fn from_port(port: PortFailure) -> FlashFailure {
    failure(FlashStep::Open, FlashCause::Port(port.cause), port.message, port.help)
}

fn image_failure(step: FlashStep, image: ImageFailure) -> FlashFailure {
    let mut message = image.to_string();
    if let Some(first) = message.get(..1).map(str::to_uppercase) {
        message.replace_range(..1, &first);
    }
    let help = image.help();
    let cause = match image {
        ImageFailure::OtherChip { .. } => FlashCause::WrongChip,
        other => FlashCause::Image(other),
    };
    failure(step, cause, message, help)
}

fn wrong_chip(request: &FlashRequest, found: EspChip) -> FlashFailure {
    let found_label = chip_label(found);
    let (message, help) = match request.chip {
        Some(wanted) => (
            format!(
                "The board on {} has an {found_label}, and the image is for the {}",
                request.port,
                wanted.label()
            ),
            format!(
                "Choose the port of the board with the {}, or flash for the {found_label}",
                wanted.label()
            ),
        ),
        None => (
            format!("The board on {} has an {found_label}, which Emberlab does not know", request.port),
            "Use a board with an ESP32, S2, S3, C3, C6 or P4".to_owned(),
        ),
    };
    failure(FlashStep::Check, FlashCause::WrongChip, message, help)
}

/// The texts of espflash 4.7.0 for errors whose types it keeps to itself.
const WRONG_BOOT_MODE: &str = "Wrong boot mode detected";
const NO_SYNC_REPLY: &str = "no sync reply";

fn connect_failure(request: &FlashRequest, has_lines: bool, error: &Error) -> FlashFailure {
    let step = FlashStep::Connect;
    let port = &request.port;
    let text = chain(error);
    match error {
        _ if is_closed(request, error) => lost_failure(request, step, "the boot program was called", error),
        Error::ChipDetectError(_) => failure(
            step,
            FlashCause::WrongChip,
            format!("What answers on {port} is no chip that Emberlab knows: {text}"),
            "Use a board with an ESP32, S2, S3, C3, C6 or P4",
        ),
        Error::FlashConnect => failure(
            step,
            FlashCause::NoFlash,
            format!("The chip on {port} does not reach its flash"),
            "Take off what is wired to the pins of the flash, and plug the board in again",
        ),
        Error::RomError(_) => failure(
            step,
            FlashCause::Refused,
            format!("The boot program on {port} refuses: {text}"),
            "Press RESET on the board and flash again",
        ),
        _ if text.contains(WRONG_BOOT_MODE) => failure(
            step,
            FlashCause::BootMode,
            format!("The chip on {port} was reset, but runs its program and not its boot program"),
            "Hold BOOT on the board, press RESET (EN) and let go of it, then flash again and let go of BOOT once it writes",
        ),
        _ if text.contains(NO_SYNC_REPLY) => failure(
            step,
            FlashCause::NoAnswer,
            format!("The boot program on {port} is heard, but does not hear what is sent"),
            "Take off what is wired to RX of the board, and try another cable",
        ),
        _ => {
            let hold = "Hold BOOT on the board, press RESET (EN) and let go of it, then flash again";
            let help = match has_lines {
                true => format!(
                    "{hold}. If that does not help, see whether this is the port of the board, and try a cable that carries \
                     data and not only power"
                ),
                false => format!("{hold}: this port has no lines that reset a board"),
            };
            failure(step, FlashCause::NoAnswer, format!("No boot program answers on {port}"), help)
        }
    }
}

fn write_failure(request: &FlashRequest, step: FlashStep, part: &str, error: &Error) -> FlashFailure {
    match error {
        Error::VerifyFailed => failure(
            FlashStep::Verify,
            FlashCause::VerifyFailed,
            format!("The flash of the board does not hold what was written: the {part} differs"),
            "Flash again, on another USB port if possible: a weak supply does that. If it fails again, the flash is worn out",
        ),
        Error::RomError(_) => failure(
            step,
            FlashCause::Refused,
            format!("The chip refused a block of the {part}: {}", chain(error)),
            "Flash again with a shorter cable. If the same block is refused again, the flash is worn out",
        ),
        _ => lost_failure(request, step, &format!("the {part} was written"), error),
    }
}

/// The line is gone, or nothing comes over it any more.
fn lost_failure(request: &FlashRequest, step: FlashStep, doing: &str, error: &Error) -> FlashFailure {
    let port = &request.port;
    let message = match is_closed(request, error) {
        true => format!("The line to {port} was closed while {doing}"),
        false => format!("The board on {port} fell silent while {doing}: {}", chain(error)),
    };
    let help = if step >= FlashStep::Write {
        "Plug the board in again and flash again: the boot program in its ROM is always there. If it fails again, use \
         another cable or USB port"
    } else {
        "Plug the board in again, with another cable or on another USB port, and flash again"
    };
    failure(step, FlashCause::LineLost, message, help)
}

/// The port is not there any more, or says that its line is closed.
fn is_closed(request: &FlashRequest, error: &Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        let io = error.downcast_ref::<io::Error>().map(io::Error::kind);
        let serial = error.downcast_ref::<serialport::Error>().map(serialport::Error::kind);
        let kind = io.or(match serial {
            Some(serialport::ErrorKind::Io(kind)) => Some(kind),
            _ => None,
        });
        if matches!(kind, Some(io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected)) {
            return true;
        }
        source = error.source();
    }
    cfg!(unix) && !Path::new(&request.port).exists()
}

/// A board in words: `ESP32-C3 v0.4, 60:55:f9:00:00:01, 4.0 MiB of flash`.
pub fn board_text(board: &BoardFacts) -> String {
    let mut text = board.chip.label().to_owned();
    if let Some((major, minor)) = board.revision {
        text = format!("{text} v{major}.{minor}");
    }
    if let Some(address) = &board.mac_address {
        text = format!("{text}, {address}");
    }
    format!("{text}, {} of flash", format::kib(board.flash_bytes.into()))
}
