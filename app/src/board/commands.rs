//! What the user can ask for on the Board panel, and what follows.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use emberlab_core::bench::{History, Inputs, LogLevel, Order, Plan, Stage, write_csv, write_values};

use super::{BoardRun, FlashState, MAX_HISTORY, OpenRecording};
use crate::device::{Address, Faults, SessionOrder};
use crate::document::{Document, Tab};
use crate::jobs::{BoardOutcome, Jobs};
use crate::messages::Level;

/// Inputs that are compared with this computer at each start.
const CHECKS: u32 = 5;
/// Outputs of more bytes are not sent with every invocation.
const MAX_OUTPUT_BYTES: u64 = 256;
/// A result with fewer invocations is not kept.
const WORTH_KEEPING: u64 = 20;

/// What the user can ask for on the Board panel.
#[derive(Clone, Debug)]
pub enum BoardCommand {
    /// Look for ports.
    Look,
    /// Choose a board.
    Choose(Address),
    /// Choose a board, and measure on it as soon as a model is open.
    BeginWith(Address),
    /// Measure at another rate: microseconds from one invocation to the next, 0 for no pause.
    SetInterval(u32),
    /// Keep another number of invocations.
    SetHistory(usize),
    /// Faults of the simulated line.
    SetFaults(Faults),
    /// Measure with the inputs of the Run panel, or with random ones.
    UseRunInputs(bool),
    /// Measure the model in front on the board that is chosen.
    Measure,
    /// Flash the model in front to the port that is chosen, then measure.
    FlashAndMeasure,
    /// Send the model in front into the RAM of the board, then measure.
    SendModel,
    /// Open the line, plot what its firmware prints, and measure nothing.
    Attach,
    /// Stop measuring; the line stays open.
    Stop,
    /// Close the line.
    Close,
    /// Send a line of text to the board's firmware.
    SendText(String),
    /// Freeze the pictures, or let them go on; nothing is lost meanwhile.
    TogglePause,
    /// Ask for a firmware of the user's own.
    ChooseFirmware,
    /// Ask for the folder of a project that `idf.py build` has built.
    ChooseBuild,
    /// Flash this firmware, an ELF file or the folder of an ESP-IDF build; `None` for the one that ships.
    SetFirmware(Option<PathBuf>),
    /// Ask where, then write what was measured as CSV.
    SaveRecording,
    /// Save the numbers in the text of the board.
    SaveValues,
    /// Ask for a recording, then show it.
    OpenRecordingDialog,
    /// Show a recording.
    OpenRecording(PathBuf),
    /// Show what is measured again.
    CloseRecording,
    /// Forget an earlier result.
    ForgetRecord(usize),
}

/// Applies a change to boards.
pub fn apply(command: BoardCommand, document: &mut Document, jobs: &mut Jobs) {
    match command {
        BoardCommand::Look => {
            document.board.has_looked = false;
            jobs.leave_ports();
        }
        BoardCommand::Choose(address) => {
            if document.board.chosen.as_ref() != Some(&address) {
                close(document, jobs);
                document.board.failure = None;
                document.board.flash = FlashState::None;
            }
            document.board.chosen = Some(address);
        }
        BoardCommand::BeginWith(address) => document.board.begins_with = Some(address),
        BoardCommand::SetInterval(micros) => {
            document.board.options.interval_micros = micros;
            jobs.order_board(SessionOrder::Measure(Order::Rate(micros)));
        }
        BoardCommand::SetHistory(count) => {
            let count = count.clamp(100, MAX_HISTORY);
            document.board.options.history = count;
            if let Some(run) = &mut document.board.run {
                run.history.set_capacity(count);
            }
        }
        BoardCommand::SetFaults(faults) => {
            document.board.options.faults = faults;
            if let Some(Address::Simulated(_)) = document.board.chosen {
                document.board.chosen = Some(Address::Simulated(faults));
            }
        }
        BoardCommand::UseRunInputs(uses) => {
            document.board.options.uses_run_inputs = uses;
            let inputs = inputs(document);
            jobs.order_board(SessionOrder::Measure(Order::Inputs(inputs)));
        }
        BoardCommand::Measure => begin(document, jobs, Kind::Measure { sends_model: false }),
        BoardCommand::SendModel => begin(document, jobs, Kind::Measure { sends_model: true }),
        BoardCommand::Attach => begin(document, jobs, Kind::Listen),
        BoardCommand::FlashAndMeasure => flash_and_measure(document, jobs),
        BoardCommand::Stop => jobs.order_board(SessionOrder::Measure(Order::Stop)),
        BoardCommand::Close => close(document, jobs),
        BoardCommand::SendText(text) => {
            if let Some(run) = &mut document.board.run {
                let now = run.now_micros;
                run.log(now, LogLevel::Info, "sent", text.clone());
            }
            jobs.order_board(SessionOrder::Send(format!("{text}\r\n").into_bytes()));
        }
        BoardCommand::TogglePause => {
            if let Some(run) = &mut document.board.run {
                run.paused_at = match run.paused_at {
                    Some(_) => None,
                    None => Some(run.now_micros),
                };
            }
        }
        BoardCommand::ChooseFirmware => jobs.ask_firmware(),
        BoardCommand::ChooseBuild => jobs.ask_build(),
        BoardCommand::SetFirmware(path) => document.board.firmware = path,
        BoardCommand::SaveRecording => {
            let shown = document.board.shown_history();
            let Some(history) = shown.filter(|history| !history.samples().is_empty()) else { return };
            let counting = match (&document.board.opened, &document.board.run) {
                (Some(recording), _) => recording.counting,
                (None, Some(run)) => run.counting(),
                (None, None) => return,
            };
            let history = history.clone();
            let name = document.board.run.as_ref().map_or("board", |run| run.model_name.as_str());
            let name = format!("{}-latency.csv", name.trim_end_matches(".tflite"));
            jobs.write_table(name, "the recording", move || {
                write_csv(counting, history.samples(), history.markers())
            });
        }
        BoardCommand::SaveValues => {
            let Some(series) = document.board.shown_series().filter(|series| !series.is_empty()).cloned()
            else {
                return;
            };
            let markers = document.board.shown_history().map(History::markers).cloned().unwrap_or_default();
            jobs.write_table("board-values.csv".to_owned(), "the numbers", move || {
                write_values(series.iter().map(|(name, series)| (name.as_str(), &series.points)), &markers)
            });
        }
        BoardCommand::OpenRecordingDialog => jobs.ask_recording(),
        BoardCommand::OpenRecording(path) => jobs.read_recording(path),
        BoardCommand::CloseRecording => document.board.opened = None,
        BoardCommand::ForgetRecord(index) => {
            if index < document.board.records.len() {
                document.board.records.remove(index);
                jobs.write_records(document.board.records_file.clone(), &document.board.records);
            }
        }
    }
}

/// Takes over what became of a job.
pub fn done(outcome: BoardOutcome, document: &mut Document, jobs: &mut Jobs) {
    let board = &mut document.board;
    match outcome {
        BoardOutcome::Ports(ports, has_emulator) => {
            (board.ports, board.has_emulator, board.has_looked) = (ports, has_emulator, true);
            // The first real board that is found is the one that is meant.
            if board.chosen.is_none()
                && let Some(port) = board.ports.iter().find(|port| port.is_likely)
            {
                board.chosen = Some(port.address());
            }
        }
        BoardOutcome::Flashed(state) => flashed(document, jobs, state),
        BoardOutcome::FirmwareChosen(path) => {
            if path.is_some() {
                board.firmware = path;
            }
        }
        BoardOutcome::RecordingChosen(Some(path)) => jobs.read_recording(path),
        BoardOutcome::RecordingChosen(None) | BoardOutcome::RecordsWritten(Ok(())) => {}
        BoardOutcome::RecordingRead(name, recording) => take_recording(document, &name, recording),
        BoardOutcome::RecordsRead(Ok(records)) => {
            // What was measured meanwhile is younger.
            let younger = std::mem::replace(&mut board.records, records);
            board.records.extend(younger);
        }
        BoardOutcome::RecordsRead(Err(reason)) => {
            document
                .messages
                .log(Level::Warning, format!("Earlier results of boards cannot be read. {reason}"));
        }
        BoardOutcome::RecordsWritten(Err(reason)) => {
            document.messages.toast(Level::Warning, format!("The result could not be kept. {reason}"));
        }
    }
}

/// Shows a recording that was read, or says why not.
fn take_recording(document: &mut Document, name: &str, recording: Result<Box<OpenRecording>, String>) {
    match recording {
        Ok(recording) => document.board.opened = Some(*recording),
        Err(reason) => {
            let text =
                format!("{name} cannot be shown: {reason}. Open a file that the Board panel has saved");
            document.messages.toast(Level::Error, text);
        }
    }
}

/// What a session is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Measure { sends_model: bool },
    Listen,
}

pub(super) fn begin(document: &mut Document, jobs: &mut Jobs, kind: Kind) {
    let Some(address) = document.board.chosen.clone() else { return };
    let model = model_in_front(document);
    if kind != Kind::Listen && model.is_none() && address_needs_model(&address) {
        document.board.failure = Some(emberlab_core::bench::Trouble {
            message: "There is no model to measure".to_owned(),
            help: "Open a .tflite file, or train the network of the project".to_owned(),
        });
        return;
    }
    close(document, jobs);
    document.board.failure = None;
    document.board.opened = None;
    let (tab, name, file) = match model {
        Some((tab, name, file)) => (Some(tab), name, Some(file)),
        None => (None, String::new(), None),
    };
    let measures = kind != Kind::Listen;
    let plan = Plan {
        model: file.clone().filter(|_| measures),
        trusts_model: false,
        sends_model: kind == Kind::Measure { sends_model: true },
        measures,
        n_checks: CHECKS,
        runs: None,
        interval_micros: document.board.options.interval_micros,
        inputs: inputs(document),
        sends_outputs: sends_outputs(document),
    };
    let mut run = BoardRun::new(address.clone(), tab, name, document.board.options.history);
    if let FlashState::Done(text) = &document.board.flash {
        run.flash = Some(text.clone());
    }
    document.board.run = Some(Box::new(run));
    jobs.open_board(crate::device::device(&address, file.as_ref()), plan);
}

/// An emulated or simulated board without a model has nothing to do.
fn address_needs_model(address: &Address) -> bool {
    !matches!(address, Address::Serial { .. })
}

type FrontModel = ((crate::document::TabId, u64), String, Arc<[u8]>);

/// The model in front, if it is fit for a board.
fn model_in_front(document: &Document) -> Option<FrontModel> {
    let (tab, open) = document.active_model()?;
    let file = open.deliverable()?.clone();
    Some(((tab.id, tab.revision), tab.title.clone(), file))
}

fn sends_outputs(document: &Document) -> bool {
    let Some((_, open)) = document.active_model() else { return false };
    let Some(main) = open.model.subgraphs.first() else { return false };
    let bytes: Option<u64> = main.outputs.iter().map(|id| main.tensor(*id).byte_size()).sum();
    bytes.is_some_and(|bytes| (1..=MAX_OUTPUT_BYTES).contains(&bytes))
}

/// The inputs that are wanted: those of the Run panel's last run if it has one, random ones otherwise.
fn inputs(document: &Document) -> Inputs {
    let given =
        document.board.options.uses_run_inputs.then(|| document.active_tab().and_then(run_inputs)).flatten();
    given.map_or(Inputs::Random(1), Inputs::Given)
}

/// The bytes of all inputs of the last run on this computer, one behind the other.
pub fn run_inputs(tab: &Tab) -> Option<Arc<[u8]>> {
    let result = tab.run.result()?;
    let bytes: Vec<u8> = result.inputs.iter().flat_map(|input| input.bytes.clone()).collect();
    (!bytes.is_empty()).then(|| bytes.into())
}

/// Closes the line; a result that is worth it is kept.
pub fn close(document: &mut Document, jobs: &mut Jobs) {
    jobs.close_board();
    let Some(run) = &mut document.board.run else { return };
    if !std::mem::take(&mut run.is_open) {
        return;
    }
    run.refresh_figures(0);
    if run.stage != Stage::Lost {
        run.stage = Stage::Listening;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    if run.history.total() >= WORTH_KEEPING
        && let Some(record) = run.record(now)
    {
        document.board.records.push(record);
        jobs.write_records(document.board.records_file.clone(), &document.board.records);
    }
}

fn flash_and_measure(document: &mut Document, jobs: &mut Jobs) {
    let Some(Address::Serial { path, .. }) = document.board.chosen.clone() else {
        // Boards that are not real have the model in their flash from the start.
        return begin(document, jobs, Kind::Measure { sends_model: false });
    };
    let Some((_, name, file)) = model_in_front(document) else { return };
    close(document, jobs);
    document.board.failure = None;
    document.board.flash = FlashState::Running("Opening the port".to_owned());
    jobs.flash(path, &name, file, document.board.firmware.clone());
}

/// Flashing has ended: measures what is on the board now.
fn flashed(document: &mut Document, jobs: &mut Jobs, result: FlashState) {
    let is_done = matches!(result, FlashState::Done(_));
    document.board.flash = result;
    if is_done {
        begin(document, jobs, Kind::Measure { sends_model: false });
    }
}
