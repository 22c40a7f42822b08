//! Boards: the session that measures, ports, flashing, and files of results.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use emberlab_core::bench::{Plan, Record, Trouble};

use super::dialog::{TOO_FAST, spec};
use super::{JobKind, JobSpec, Jobs, Outcome, file_name, read_file, write_atomically};
use crate::board::{FlashState, OpenRecording, PortEntry, recording_from_text};
use crate::device::flash::{FlashProgress, FlashRequest, FlashStep, Flashed, board_text, flash};
use crate::device::image::Firmware;
use crate::device::ports::{Port, ports};
use crate::device::{Device, Inbox, Session, SessionOrder, is_emulator_there};
use crate::theme::format;

/// Ports are looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Larger files are no recordings.
const MAX_RECORDING_BYTES: u64 = 1 << 30;

/// What became of a job about boards.
#[derive(Debug)]
pub enum BoardOutcome {
    /// Ports in reach, and whether the emulator is installed.
    Ports(Vec<PortEntry>, bool),
    /// A board was flashed, or why not.
    Flashed(FlashState),
    /// A firmware that the user chose; `None` if none.
    FirmwareChosen(Option<PathBuf>),
    /// A recording that the user chose; `None` if none.
    RecordingChosen(Option<PathBuf>),
    /// A recording was read, or why not: its name, its text.
    RecordingRead(String, Result<Box<OpenRecording>, String>),
    /// Earlier results were read, or why not.
    RecordsRead(Result<Vec<Record>, String>),
    /// Results were written, or why not.
    RecordsWritten(Result<(), String>),
}

impl Jobs {
    /// Opens the line to a board and begins to measure; an earlier session ends.
    pub fn open_board(&mut self, device: Box<dyn Device>, plan: Plan) {
        let (_, wake) = self.outlet();
        self.board = Some(Session::start(device, plan, wake));
    }

    /// Ends the session.
    pub fn close_board(&mut self) {
        self.board = None;
    }

    /// Asks the session for something; without effect if there is none.
    pub fn order_board(&mut self, order: SessionOrder) {
        if let Some(session) = &self.board {
            session.order(order);
        }
    }

    /// What the session has found since the last call; `None` if there is no session.
    pub fn take_board(&mut self) -> Option<Inbox> {
        let inbox = self.board.as_ref()?.take();
        if inbox.ended.is_some() {
            self.board = None;
        }
        Some(inbox)
    }

    /// Looks which ports there are until others are there than the known ones; at once if none are known yet. So a window at
    /// rest is woken by nothing but a board that is plugged in.
    pub fn watch_ports(&mut self, known: Option<(Vec<PortEntry>, bool)>) {
        let spec = JobSpec { kind: JobKind::Ports, name: "Looking for boards".to_owned(), subject: None };
        self.start(spec, move |context| {
            loop {
                let found = (port_entries(), is_emulator_there());
                if known.as_ref() != Some(&found) {
                    return Some(Outcome::Board(BoardOutcome::Ports(found.0, found.1)));
                }
                let until = Instant::now() + LOOK_EVERY;
                while Instant::now() < until {
                    if context.is_cancelled() {
                        return None;
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        });
    }

    /// Looks for ports no more.
    pub fn leave_ports(&mut self) {
        self.slots[JobKind::Ports as usize].cancel(|_, _| true);
    }

    /// Flashes a model to the board on a port, with the firmware that ships or one of the user's own.
    pub fn flash(&mut self, port: String, name: &str, model: Arc<[u8]>, firmware: Option<PathBuf>) {
        let note: Arc<Mutex<String>> = Arc::default();
        self.flash_note = note.clone();
        let wake = self.outlet().1;
        let spec = JobSpec { kind: JobKind::Flash, name: format!("Flashing {name}"), subject: None };
        self.start(spec, move |context| {
            let say = |text: String| {
                *note.lock().unwrap_or_else(PoisonError::into_inner) = text;
                wake();
            };
            let made = firmware.as_deref().map_or(Ok(Firmware::Shipped), Firmware::read);
            let firmware = match made {
                Ok(firmware) => firmware,
                Err(failure) => {
                    let trouble = Trouble { message: failure.to_string(), help: failure.help() };
                    let step = FlashStep::Image.label().to_owned();
                    return Some(Outcome::Board(BoardOutcome::Flashed(FlashState::Failed { step, trouble })));
                }
            };
            let request = FlashRequest::new(port, firmware, model);
            let mut report = |progress| match progress {
                FlashProgress::Connecting => say("Reaching the boot program".to_owned()),
                FlashProgress::Connected(board) => say(format!("Found {}", board_text(&board))),
                FlashProgress::Writing { part, done_bytes, total_bytes } => {
                    context.progress(done_bytes, total_bytes);
                    let (done, total) = (format::kib(done_bytes), format::kib(total_bytes));
                    say(format!("Writing {part}: {done} of {total}"));
                }
                FlashProgress::Verifying { part } => say(format!("Verifying {part}")),
                FlashProgress::Resetting => say("Starting the program".to_owned()),
            };
            let state = match flash(&request, &|| context.is_cancelled(), &mut report) {
                Ok(Some(flashed)) => FlashState::Done(flashed_text(&flashed)),
                Ok(None) => return None,
                Err(failure) => FlashState::Failed {
                    step: failure.step.label().to_owned(),
                    trouble: Trouble { message: failure.message, help: failure.help },
                },
            };
            Some(Outcome::Board(BoardOutcome::Flashed(state)))
        });
    }

    /// What flashing does now, in words.
    pub fn flash_note(&self) -> String {
        self.flash_note.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for a firmware of the user's own.
    pub fn ask_firmware(&mut self) {
        let future = rfd::AsyncFileDialog::new().set_title("Choose a firmware").pick_file();
        self.start(spec("Choosing a firmware"), move |_| {
            let start = Instant::now();
            Some(match pollster::block_on(future) {
                None if start.elapsed() < TOO_FAST => Outcome::NoDialog,
                file => {
                    let path = file.map(|file| file.path().to_path_buf());
                    Outcome::Board(BoardOutcome::FirmwareChosen(path))
                }
            })
        });
    }

    /// Asks for the folder of a project that `idf.py build` has built.
    pub fn ask_build(&mut self) {
        let future =
            rfd::AsyncFileDialog::new().set_title("Choose the folder of an ESP-IDF build").pick_folder();
        self.start(spec("Choosing a build"), move |_| {
            let start = Instant::now();
            Some(match pollster::block_on(future) {
                None if start.elapsed() < TOO_FAST => Outcome::NoDialog,
                folder => {
                    let path = folder.map(|folder| folder.path().to_path_buf());
                    Outcome::Board(BoardOutcome::FirmwareChosen(path))
                }
            })
        });
    }

    /// Asks for a recording to show.
    pub fn ask_recording(&mut self) {
        let future = rfd::AsyncFileDialog::new()
            .set_title("Open a recording")
            .add_filter("Recordings", &["csv"])
            .pick_file();
        self.start(spec("Choosing a recording"), move |_| {
            let start = Instant::now();
            Some(match pollster::block_on(future) {
                None if start.elapsed() < TOO_FAST => Outcome::NoDialog,
                file => {
                    let path = file.map(|file| file.path().to_path_buf());
                    Outcome::Board(BoardOutcome::RecordingChosen(path))
                }
            })
        });
    }

    /// Reads a recording.
    pub fn read_recording(&mut self, path: PathBuf) {
        let name = file_name(&path);
        let spec = JobSpec { kind: JobKind::Input, name: format!("Reading {name}"), subject: None };
        self.start(spec, move |context| {
            let report = |done, total| {
                context.progress(done, total);
                !context.is_cancelled() && total <= MAX_RECORDING_BYTES
            };
            let text = match read_file(&path, &report) {
                Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| "it is no text".to_owned()),
                Ok(None) if context.is_cancelled() => return None,
                Ok(None) => Err("it is larger than 1 GiB".to_owned()),
                Err(failure) => Err(failure.place),
            };
            let recording = text.and_then(|text| {
                recording_from_text(&name, &text).map(Box::new).map_err(|error| error.to_string())
            });
            Some(Outcome::Board(BoardOutcome::RecordingRead(name, recording)))
        });
    }

    /// Reads earlier results.
    pub fn read_records(&mut self, file: PathBuf) {
        let spec =
            JobSpec { kind: JobKind::Settings, name: "Reading earlier results".to_owned(), subject: None };
        self.start(spec, move |_| Some(Outcome::Board(BoardOutcome::RecordsRead(records(&file)))));
    }

    /// Writes results; without effect for a window that keeps nothing.
    pub fn write_records(&mut self, file: Option<PathBuf>, records: &[Record]) {
        let Some(file) = file else { return };
        let text: Result<Arc<[u8]>, String> = records
            .iter()
            .map(|record| {
                serde_json::to_string(record).map(|line| line + "\n").map_err(|error| error.to_string())
            })
            .collect::<Result<String, String>>()
            .map(|text| text.into_bytes().into());
        let spec = JobSpec { kind: JobKind::Settings, name: "Keeping the result".to_owned(), subject: None };
        self.start(spec, move |_| {
            let folder =
                file.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|error| error.to_string());
            let written = folder.and(text).and_then(|text| write_atomically(&file, &text));
            Some(Outcome::Board(BoardOutcome::RecordsWritten(written)))
        });
    }
}

/// Results, one on each line; lines that another version has written in another way are left out.
fn records(file: &Path) -> Result<Vec<Record>, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

fn port_entries() -> Vec<PortEntry> {
    let entry = |port: Port| PortEntry {
        product: Some(port.name()),
        usb_serial: port.serial_number().map(str::to_owned),
        kind: port.chip().map(|chip| chip.label().to_owned()),
        is_likely: port.is_likely(),
        path: port.path,
    };
    ports().unwrap_or_default().into_iter().map(entry).collect()
}

/// What was flashed, for the conditions of a measurement: `ESP32-C3 v0.4, DIO 80 MHz`.
fn flashed_text(flashed: &Flashed) -> String {
    let settings = &flashed.settings;
    let clock = settings.frequency_hz.map(|hertz| format!(" {} MHz", hertz / 1_000_000));
    let (mode, clock) = (settings.mode.label(), clock.unwrap_or_default());
    format!("{}, {mode}{clock}", board_text(&flashed.board))
}
