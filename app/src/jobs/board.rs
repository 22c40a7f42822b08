//! Boards: the session that measures, ports, flashing, and files of results.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use emberlab_core::bench::{Plan, Record};

use super::dialog::{TOO_FAST, spec};
use super::{JobKind, JobSpec, Jobs, Outcome, file_name, read_file, write_atomically};
use crate::board::PortEntry;
use crate::device::{Device, Inbox, Session, SessionOrder, is_emulator_there};

/// Larger files are no recordings.
const MAX_RECORDING_BYTES: u64 = 1 << 30;

/// What became of a job about boards.
#[derive(Debug)]
pub enum BoardOutcome {
    /// Ports in reach, and whether the emulator is installed.
    Ports(Vec<PortEntry>, bool),
    /// A firmware that the user chose; `None` if none.
    FirmwareChosen(Option<PathBuf>),
    /// A recording that the user chose; `None` if none.
    RecordingChosen(Option<PathBuf>),
    /// A recording was read, or why not: its name, its text.
    RecordingRead(String, Result<String, String>),
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

    /// Looks which ports there are.
    pub fn look_for_ports(&mut self) {
        if self.is_busy(JobKind::Ports) {
            return;
        }
        let spec = JobSpec { kind: JobKind::Ports, name: "Looking for boards".to_owned(), subject: None };
        self.start(spec, |_| Some(Outcome::Board(BoardOutcome::Ports(ports(), is_emulator_there()))));
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
            Some(Outcome::Board(BoardOutcome::RecordingRead(name, text)))
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

fn ports() -> Vec<PortEntry> {
    let ports = serialport::available_ports().unwrap_or_default();
    let entry = |port: serialport::SerialPortInfo| match port.port_type {
        serialport::SerialPortType::UsbPort(usb) => Some(PortEntry {
            path: port.port_name,
            product: usb.product,
            usb_serial: usb.serial_number,
            kind: None,
            is_likely: true,
        }),
        _ => None,
    };
    ports.into_iter().filter_map(entry).collect()
}
