//! `emberlab flash`: a model with its firmware into the flash of a board, or into a file.

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use clap::ArgGroup;
use emberlab_core::plan::Chip;
use emberlab_core::run::{Semantics, emberlab_arena};
use emberlab_core::tflite;
use serde::Serialize;

use super::target::chip_from_text;
use super::{Failure, Outcome, read_file, written};
use crate::device::flash::{FlashFailure, FlashProgress, FlashRequest, Flashed, board_text, flash};
use crate::device::image::{Firmware, FlashSettings, Hardware, Image, ImageFailure, ModelPlace, Part};
use crate::jobs::write_atomically;
use crate::theme::format;

#[derive(clap::Args)]
#[command(group(ArgGroup::new("where").required(true)))]
pub(super) struct Arguments {
    /// The .tflite file
    model: PathBuf,
    /// Port of the board, as emberlab ports lists it
    #[arg(long, value_name = "P", group = "where")]
    port: Option<String>,
    /// Firmware of your own: an ELF file of firmware/build.sh, or the folder of an ESP-IDF project that was built with the
    /// model in it; the one that ships with Emberlab without this
    #[arg(long, value_name = "ELF|DIR")]
    firmware: Option<PathBuf>,
    /// Only write what would be flashed into a file, which belongs at address 0 of the flash
    #[arg(long, value_name = "OUT.bin", group = "where", requires = "chip")]
    image_only: Option<PathBuf>,
    /// Chip of the board; one that is connected is asked, and has to be this one
    #[arg(long, value_name = "C", value_parser = chip_from_text)]
    chip: Option<Chip>,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct FlashReport<'a> {
    port: &'a str,
    chip: &'static str,
    revision: Option<String>,
    mac_address: Option<&'a str>,
    flash: FlashFacts,
    written_bytes: u64,
    unchanged_bytes: u64,
    model: ModelFacts,
    running: bool,
}

#[derive(Serialize)]
struct ImageReport<'a> {
    image: &'a Path,
    chip: &'static str,
    bytes: u64,
    flash: FlashFacts,
    parts: Vec<PartFacts<'a>>,
    model: ModelFacts,
}

#[derive(Serialize)]
struct FlashFacts {
    bytes: u32,
    mode: &'static str,
    /// `None` where the image does not say it.
    frequency_hz: Option<u32>,
}

#[derive(Serialize)]
struct PartFacts<'a> {
    name: &'a str,
    address: u32,
    bytes: u64,
}

#[derive(Serialize)]
struct ModelFacts {
    address: u32,
    flash_address: u32,
    bytes: u32,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let model = read_file(&arguments.model)?;
    tflite::read(model.clone()).map_err(|error| {
        Failure(format!(
            "{} is not a model that can be read: {error}\n  try: {}",
            arguments.model.display(),
            error.help()
        ))
    })?;
    let firmware = match &arguments.firmware {
        Some(path) => Firmware::read(path).map_err(|failure| image_failure(&failure))?,
        None => Firmware::Shipped,
    };
    if !matches!(firmware, Firmware::Build(_)) {
        // The board would only say the same.
        emberlab_arena(&model, Semantics::Tflm).map_err(|error| {
            let model = arguments.model.display();
            Failure(format!(
                "Emberlab's firmware does not run {model}: {error}\n  try: emberlab inspect {model}"
            ))
        })?;
    }
    match (&arguments.port, &arguments.image_only, arguments.chip) {
        (Some(port), _, chip) => {
            let request = FlashRequest { chip, ..FlashRequest::new(port.clone(), firmware, model) };
            to_board(&request, arguments.json, out)
        }
        (None, Some(path), Some(chip)) => to_file(&firmware, &model, chip, path, arguments.json, out),
        (None, _, _) => {
            Err(Failure("name a port (--port P), or a file (--image-only OUT.bin --chip C)".to_owned()))
        }
    }
}

fn to_board(request: &FlashRequest, json: bool, out: &mut impl Write) -> Result<Outcome, Failure> {
    let mut progress = Printer::default();
    let result = flash(request, &|| false, &mut |step| progress.print(&request.port, &step));
    progress.end_line();
    let flashed = result.map_err(|failure| flash_failure(&failure))?;
    let flashed = flashed.ok_or_else(|| Failure("nothing was written: it was stopped".to_owned()))?;
    let result = if json {
        let report = FlashReport {
            port: &request.port,
            chip: flashed.board.chip.id(),
            revision: flashed.board.revision.map(|(major, minor)| format!("{major}.{minor}")),
            mac_address: flashed.board.mac_address.as_deref(),
            flash: flash_facts(flashed.settings),
            written_bytes: flashed.written_bytes,
            unchanged_bytes: flashed.unchanged_bytes,
            model: model_facts(flashed.model),
            running: flashed.is_running,
        };
        write_json(&report, out)?
    } else {
        print_flashed(&request.port, &flashed, out)
    };
    written(result)?;
    Ok(Outcome::Done)
}

fn to_file(
    firmware: &Firmware,
    model: &[u8],
    chip: Chip,
    path: &Path,
    json: bool,
    out: &mut impl Write,
) -> Result<Outcome, Failure> {
    let image = firmware.image(model, Hardware::usual(chip)).map_err(|failure| image_failure(&failure))?;
    let merged = image.merged();
    write_atomically(path, &merged).map_err(Failure)?;
    let result = if json {
        let report = ImageReport {
            image: path,
            chip: chip.id(),
            bytes: merged.len() as u64,
            flash: flash_facts(image.settings),
            parts: image.parts.iter().map(part_facts).collect(),
            model: model_facts(image.model),
        };
        write_json(&report, out)?
    } else {
        print_image(path, &image, out)
    };
    written(result)?;
    Ok(Outcome::Done)
}

fn write_json(report: &impl Serialize, out: &mut impl Write) -> Result<std::io::Result<()>, Failure> {
    let json = serde_json::to_string_pretty(report)
        .map_err(|error| Failure(format!("cannot write the result as JSON: {error}")))?;
    Ok(writeln!(out, "{json}"))
}

fn print_flashed(port: &str, flashed: &Flashed, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{port}: {}, read as {}", board_text(&flashed.board), settings_text(flashed.settings))?;
    writeln!(
        out,
        "{} written and verified, {} were there already; the model is at {:#010x}",
        format::bytes(flashed.written_bytes),
        format::bytes(flashed.unchanged_bytes),
        flashed.model.address
    )?;
    if !flashed.is_running {
        writeln!(out, "Press RESET on the board to start the program.")?;
    }
    Ok(())
}

fn print_image(path: &Path, image: &Image, out: &mut impl Write) -> std::io::Result<()> {
    for part in &image.parts {
        let bytes = format::bytes(part.bytes.len() as u64);
        writeln!(out, "{:#08x}  {:>13}  {}", part.address, bytes, part.name)?;
    }
    let settings = image.settings;
    writeln!(
        out,
        "{}: {} for address 0 of an {} with {} of flash, read as {}; the model is at {:#010x}",
        path.display(),
        format::bytes(image.end()),
        image.chip.label(),
        format::kib(settings.size_bytes.into()),
        settings_text(settings),
        image.model.address
    )
}

/// How flash is read, in words: `DIO at 80 MHz`.
fn settings_text(settings: FlashSettings) -> String {
    let mode = settings.mode.label();
    settings
        .frequency_hz
        .map_or_else(|| mode.to_owned(), |hertz| format!("{mode} at {}", format::clock(hertz.into())))
}

fn flash_facts(settings: FlashSettings) -> FlashFacts {
    FlashFacts {
        bytes: settings.size_bytes,
        mode: settings.mode.label(),
        frequency_hz: settings.frequency_hz,
    }
}

fn part_facts(part: &Part) -> PartFacts<'_> {
    PartFacts { name: &part.name, address: part.address, bytes: part.bytes.len() as u64 }
}

fn model_facts(model: ModelPlace) -> ModelFacts {
    ModelFacts { address: model.address, flash_address: model.flash_address, bytes: model.bytes }
}

fn image_failure(failure: &ImageFailure) -> Failure {
    Failure(format!("{failure}\n  try: {}", failure.help()))
}

fn flash_failure(failure: &FlashFailure) -> Failure {
    Failure(format!("{}\n  try: {}", failure.message, failure.help))
}

/// Progress on standard error: a line for every step, and the share that is written where somebody looks at it.
#[derive(Default)]
struct Printer {
    is_in_line: bool,
}

impl Printer {
    fn print(&mut self, port: &str, progress: &FlashProgress) {
        match progress {
            FlashProgress::Connecting => self.say(&format!("connecting to {port}")),
            FlashProgress::Connected(board) => self.say(&format!("found an {}", board_text(board))),
            FlashProgress::Writing { part, done_bytes, total_bytes } => {
                if std::io::stderr().is_terminal() {
                    let done = format!("{} of {}", format::count(*done_bytes), format::bytes(*total_bytes));
                    // A progress line that cannot be written is nobody's loss.
                    write!(std::io::stderr(), "\rwriting the {part}: {done} ").ok();
                    self.is_in_line = true;
                }
            }
            FlashProgress::Verifying { part } => self.say(&format!("verifying the {part}")),
            FlashProgress::Resetting => self.say("starting the program"),
        }
    }

    fn say(&mut self, text: &str) {
        self.end_line();
        writeln!(std::io::stderr(), "{text}").ok();
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.is_in_line) {
            writeln!(std::io::stderr()).ok();
        }
    }
}
