//! What the Board panel works on: the board that was chosen, what it measures, and earlier results.

mod commands;
mod recording;
mod refresh;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::bench::{
    Check, Conditions, Counting, Histogram, History, LogLevel, Marker, MarkerKind, OperatorTimes, Record,
    Stage, Trouble,
};
use emberlab_core::link::{Board, Counters, Model, Refusal, Summary, Unit};

use crate::device::{Address, Faults};
use crate::document::TabId;

pub use self::commands::{BoardCommand, apply, close, done, run_inputs};
pub use self::recording::recording_from_text;
pub use self::refresh::{refresh, take};

/// Lines of text that are kept.
const MAX_LINES: usize = 5000;
/// Named series of numbers from text; more are counted and left out.
pub const MAX_SERIES: usize = 64;
/// Invocations that are kept unless the user says otherwise.
pub const USUAL_HISTORY: usize = 100_000;
/// The most invocations that can be kept.
pub const MAX_HISTORY: usize = 2_000_000;

/// Everything about boards.
#[derive(Debug, Default)]
pub struct BoardState {
    /// Ports in reach, as they were last looked at.
    pub ports: Vec<PortEntry>,
    /// Ports were looked at.
    pub has_looked: bool,
    /// The emulator is installed.
    pub has_emulator: bool,
    /// The board that is chosen; `None` until one is found.
    pub chosen: Option<Address>,
    /// How to measure.
    pub options: Options,
    /// The measurement that goes on, or went on last.
    pub run: Option<Box<BoardRun>>,
    /// What went wrong before a measurement could begin.
    pub failure: Option<Trouble>,
    /// A firmware that the user has built, for chips that none ships for.
    pub firmware: Option<PathBuf>,
    /// Flashing goes on, or why it failed, or what was flashed last.
    pub flash: FlashState,
    /// Earlier results, the oldest first.
    pub records: Vec<Record>,
    /// A recording that was opened again.
    pub opened: Option<OpenRecording>,
    /// Where earlier results are kept; `None` for a window that writes no settings.
    pub records_file: Option<PathBuf>,
    /// A board to measure on as soon as a model is open.
    pub begins_with: Option<Address>,
}

impl BoardState {
    /// The invocations that are shown: those of a recording that was opened, or those that are measured.
    pub fn shown_history(&self) -> Option<&History> {
        let opened = self.opened.as_ref().map(|recording| &recording.history);
        opened.or_else(|| self.run.as_ref().map(|run| &run.history))
    }

    /// Named numbers that are shown.
    pub fn shown_series(&self) -> Option<&BTreeMap<String, Series>> {
        let opened = self.opened.as_ref().map(|recording| &recording.series);
        opened.or_else(|| self.run.as_ref().map(|run| &run.series))
    }
}

/// A recording that was opened again.
#[derive(Clone, Debug)]
pub struct OpenRecording {
    /// Name of its file.
    pub name: String,
    /// What it counts.
    pub counting: Counting,
    /// Inferences that it holds.
    pub history: History,
    /// Named numbers that it holds.
    pub series: BTreeMap<String, Series>,
}

/// A port in reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortEntry {
    /// Path or name.
    pub path: String,
    /// What USB says it is, or nothing.
    pub product: Option<String>,
    /// USB serial number.
    pub usb_serial: Option<String>,
    /// The chip or the bridge, where the USB numbers say it.
    pub kind: Option<String>,
    /// Espressif's own port, or a usual bridge.
    pub is_likely: bool,
}

impl PortEntry {
    /// The board on the port.
    pub fn address(&self) -> Address {
        Address::Serial { path: self.path.clone(), usb_serial: self.usb_serial.clone() }
    }
}

/// How to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Microseconds from one invocation to the next; 0 for no pause.
    pub interval_micros: u32,
    /// Measure with the inputs of the Run panel instead of random ones.
    pub uses_run_inputs: bool,
    /// Invocations that are kept.
    pub history: usize,
    /// Faults of the simulated line.
    pub faults: Faults,
}

impl Default for Options {
    fn default() -> Self {
        Self { interval_micros: 0, uses_run_inputs: false, history: USUAL_HISTORY, faults: Faults::default() }
    }
}

/// Where flashing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum FlashState {
    /// Nothing was flashed.
    #[default]
    None,
    /// Flashing goes on: what is being done.
    Running(String),
    /// Why it failed: which step, what, and what cures it.
    Failed {
        /// The step that failed.
        step: String,
        /// What is wrong, and what to try.
        trouble: Trouble,
    },
    /// What is on the board now, such as `ESP32-C3, DIO 80 MHz 4 MB`.
    Done(String),
}

/// A measurement.
#[derive(Debug)]
pub struct BoardRun {
    /// The board.
    pub address: Address,
    /// The tab with the model, and which load of it; `None` where any model is measured.
    pub tab: Option<(TabId, u64)>,
    /// Name of the model's file.
    pub model_name: String,
    /// Where it is.
    pub stage: Stage,
    /// It goes on; otherwise this is what is left of it.
    pub is_open: bool,
    /// What the board is.
    pub board: Option<Board>,
    /// The model that it has.
    pub model: Option<Model>,
    /// Why it has none.
    pub refusal: Option<Refusal>,
    /// What comparing has shown.
    pub check: Option<Arc<Check>>,
    /// What went wrong last.
    pub trouble: Option<Trouble>,
    /// Invocations.
    pub history: History,
    /// Operators.
    pub operators: OperatorTimes,
    /// What the invocations come to; made anew a few times a second.
    pub figures: Option<Figures>,
    /// Outputs of the latest invocation.
    pub outputs: Option<Vec<u8>>,
    /// Class scores over time: one series for each element of the first output, where there are few.
    pub scores: BTreeMap<usize, Series>,
    /// Numbers in the text that the board prints, by name.
    pub series: BTreeMap<String, Series>,
    /// Names that found no room.
    pub left_out: u64,
    /// Text and events, the oldest first.
    pub lines: VecDeque<LogLine>,
    /// What became of the board's frames.
    pub counters: Counters,
    /// Samples and lines that the window did not take in time.
    pub dropped: u64,
    /// Microseconds since the measurement began.
    pub now_micros: u64,
    /// Samples that arrived in the last second.
    pub points_per_second: f64,
    /// Up to where the pictures go while they are paused.
    pub paused_at: Option<u64>,
    /// Flash settings of the board, where it was flashed just now.
    pub flash: Option<String>,
    /// When [`Self::figures`] was made.
    figures_at: Option<u64>,
    rate: VecDeque<(u64, u64)>,
}

/// What invocations come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Cycles, instructions or nanoseconds.
    pub cycles: Summary,
    /// Microseconds by the board's clock.
    pub micros: Option<Summary>,
    /// 95th less 5th percentile, in cycles.
    pub jitter: u64,
    /// How often which number of cycles occurs.
    pub histogram: Histogram,
}

/// Numbers with a name, over time.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Microseconds and values, the oldest first.
    pub points: VecDeque<(u64, f64)>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Microseconds since the measurement began.
    pub at_micros: u64,
    /// How much it matters.
    pub level: LogLevel,
    /// `board` for text of the board, else what it is about.
    pub source: &'static str,
    /// The line.
    pub text: String,
}

impl BoardRun {
    /// A measurement that begins now.
    pub fn new(address: Address, tab: Option<(TabId, u64)>, model_name: String, history: usize) -> Self {
        Self {
            address,
            tab,
            model_name,
            stage: Stage::Asking,
            is_open: true,
            board: None,
            model: None,
            refusal: None,
            check: None,
            trouble: None,
            history: History::new(history),
            operators: OperatorTimes::default(),
            figures: None,
            outputs: None,
            scores: BTreeMap::new(),
            series: BTreeMap::new(),
            left_out: 0,
            lines: VecDeque::new(),
            counters: Counters::default(),
            dropped: 0,
            now_micros: 0,
            points_per_second: 0.0,
            paused_at: None,
            flash: None,
            figures_at: None,
            rate: VecDeque::new(),
        }
    }

    /// What its cycles are; cycles until the board says something else.
    pub fn unit(&self) -> Unit {
        self.board.as_ref().map_or(Unit::Cycles, |board| board.unit)
    }

    /// What its samples count.
    pub fn counting(&self) -> Counting {
        let unknown = Counting { unit: Unit::Cycles, clock_hz: 0 };
        self.board.as_ref().map_or(unknown, Counting::of)
    }

    /// Its microseconds are those of a clock that may be shown.
    pub fn has_micros(&self) -> bool {
        self.board.as_ref().is_some_and(|board| board.has_micros)
    }

    /// Puts a line into the log.
    pub fn log(&mut self, at_micros: u64, level: LogLevel, source: &'static str, text: String) {
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(LogLine { at_micros, level, source, text });
    }

    /// Puts a number of a series in.
    pub fn put_value(&mut self, name: &str, at_micros: u64, value: f64) {
        let capacity = self.history.capacity();
        let is_room = self.series.len() < MAX_SERIES;
        match self.series.get_mut(name) {
            Some(series) => series.push(at_micros, value, capacity),
            None if is_room => {
                let mut series = Series::default();
                series.push(at_micros, value, capacity);
                self.series.insert(name.to_owned(), series);
            }
            None => self.left_out += 1,
        }
    }

    /// Marks a point of time, in pictures and log.
    pub fn mark(&mut self, at_micros: u64, kind: MarkerKind) {
        let (level, text) = match &kind {
            MarkerKind::Reset(reason) if reason.is_empty() => {
                (LogLevel::Warning, "the board was reset".to_owned())
            }
            MarkerKind::Reset(reason) => (LogLevel::Warning, format!("the board was reset: {reason}")),
            MarkerKind::Lost => (LogLevel::Warning, "the line is gone".to_owned()),
            MarkerKind::Back => (LogLevel::Info, "the line is back".to_owned()),
            MarkerKind::Rate(0) => (LogLevel::Info, "no pause between invocations".to_owned()),
            MarkerKind::Rate(micros) => {
                (LogLevel::Info, format!("an invocation every {} ms", f64::from(*micros) / 1000.0))
            }
            MarkerKind::Panicked => (LogLevel::Error, "the program on the board came to an end".to_owned()),
        };
        self.log(at_micros, level, "line", text);
        self.history.mark(Marker { at_micros, kind });
    }

    /// Makes the figures anew if there is something new and the last ones are old; when to ask again, in microseconds.
    pub fn refresh_figures(&mut self, every_micros: u64) -> Option<u64> {
        let newest = self.history.last()?.at_micros;
        let age = self.figures_at.map(|at| newest.saturating_sub(at));
        if age == Some(0) {
            return None;
        }
        if self.is_open && age.is_some_and(|age| age < every_micros) {
            return age.map(|age| every_micros - age);
        }
        self.figures_at = Some(newest);
        let has_micros = self.has_micros();
        let history = &self.history;
        let mut cycles: Vec<u64> = history.samples().iter().map(|sample| sample.cycles).collect();
        cycles.sort_unstable();
        let p5 = cycles[(cycles.len() * 5).div_ceil(100).saturating_sub(1)];
        let summary = Summary::new(cycles)?;
        self.figures = Some(Figures {
            cycles: summary,
            micros: if has_micros { history.summary(|sample| sample.micros) } else { None },
            jitter: summary.p95.saturating_sub(p5),
            histogram: history.histogram(48, |sample| sample.cycles)?,
        });
        None
    }

    /// Counts what arrives in a second.
    pub fn note_rate(&mut self) {
        let (now, total) = (self.now_micros, self.history.total());
        self.rate.push_back((now, total));
        while self.rate.front().is_some_and(|(at, _)| now.saturating_sub(*at) > 1_000_000)
            && self.rate.len() > 2
        {
            self.rate.pop_front();
        }
        if let Some((at, before)) = self.rate.front().copied()
            && now > at
        {
            self.points_per_second = (total - before) as f64 * 1e6 / (now - at) as f64;
        }
    }

    /// What is kept of the measurement; `None` before it has enough to be worth keeping.
    pub fn record(&self, unix_seconds: u64) -> Option<Record> {
        let (board, model) = (self.board.as_ref()?, self.model.as_ref()?);
        let value = |sample: &emberlab_core::bench::Sample| sample.cycles;
        let invoke = self.history.summary(value)?;
        let micros = board.has_micros.then(|| self.history.summary(|sample| sample.micros)).flatten();
        let operators = self.operators.operators().filter_map(|(subgraph, operator)| {
            let cycles = self.operators.median_cycles(subgraph, operator)?;
            Some(emberlab_core::bench::RecordedOperator { subgraph, operator, cycles })
        });
        let last_rate = self.history.markers().iter().rev().find_map(|marker| match marker.kind {
            MarkerKind::Rate(micros) => Some(micros),
            _ => None,
        });
        Some(Record {
            unix_seconds,
            conditions: Conditions {
                chip: board.chip.clone(),
                clock_hz: board.clock_hz,
                unit: unit_word(board.unit).to_owned(),
                flash: self.flash.clone(),
                firmware: format!("{} {} ({})", board.firmware, board.version, board.build),
                model_crc: model.model_crc,
                model_bytes: model.model_bytes,
                model_name: self.model_name.clone(),
                interval_micros: last_rate.unwrap_or(0),
            },
            runs: self.history.total(),
            invoke,
            micros,
            operators: operators.collect(),
            arena_used: model.arena_used,
            arena_minimum: model.arena_minimum,
            same_bits: self.check.as_ref().and_then(|check| {
                let is_known = check.difference.is_some() || check.is_equal();
                is_known.then(|| check.is_equal())
            }),
        })
    }
}

impl Series {
    fn push(&mut self, at_micros: u64, value: f64, capacity: usize) {
        if self.points.len() >= capacity {
            self.points.pop_front();
        }
        self.points.push_back((at_micros, value));
    }

    /// The latest value.
    pub fn last(&self) -> Option<f64> {
        self.points.back().map(|(_, value)| *value)
    }
}

/// The word for a unit.
pub fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Cycles => "cycles",
        Unit::Instructions => "instructions",
        Unit::Nanoseconds => "nanoseconds",
    }
}
