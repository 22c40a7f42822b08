//! `emberlab bench`: what a model takes on a board, and whether the board computes the same bits.

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use emberlab_core::bench::{Check, Counting, History, Inputs, OperatorTimes, Plan, Said, Stage, write_csv};
use emberlab_core::link::{Board, Counters, Model as BoardModel, Summary, Unit};
use emberlab_core::tflite;
use serde::Serialize;

use super::interrupt::Interrupt;
use super::{Failure, Outcome, read_file, written};
use crate::board::unit_word;
use crate::device::{Address, Faults, Session, device};
use crate::theme::format;

/// Inputs that are compared with this computer.
const CHECKS: u32 = 5;
/// A board that says nothing for so long is not waited for any more.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The .tflite file
    model: PathBuf,
    /// The port of a board, `qemu` for the emulated one or `sim` for one in this program
    #[arg(long, value_name = "P|sim|qemu")]
    port: String,
    /// Invocations to measure
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    runs: u64,
    /// Milliseconds from one invocation to the next
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    every: f64,
    /// Send the model into the board's RAM instead of measuring the one that was flashed
    #[arg(long)]
    ram: bool,
    /// Write every invocation as CSV, to be opened on the Board panel
    #[arg(long, value_name = "OUT.csv")]
    csv: Option<PathBuf>,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Bench {
    board: String,
    chip: String,
    clock_hz: u32,
    firmware: String,
    unit: &'static str,
    runs: u64,
    invoke: Percentiles,
    micros: Option<Percentiles>,
    operators: Vec<OperatorFacts>,
    arena_used_bytes: u32,
    arena_minimum_bytes: u32,
    /// `None` where lost messages kept it from being found out.
    outputs_match_host: Option<bool>,
    first_difference: Option<String>,
    link: LinkFacts,
}

#[derive(Serialize)]
struct Percentiles {
    min: u64,
    median: u64,
    p95: u64,
    p99: u64,
    max: u64,
}

#[derive(Serialize)]
struct OperatorFacts {
    subgraph: u16,
    index: u16,
    name: String,
    median: u64,
}

#[derive(Serialize)]
struct LinkFacts {
    lost: u64,
    corrupt: u64,
    dropped: u64,
}

impl From<Summary> for Percentiles {
    fn from(summary: Summary) -> Self {
        let Summary { minimum: min, median, p95, p99, maximum: max, .. } = summary;
        Self { min, median, p95, p99, max }
    }
}

/// What was heard from the board.
#[derive(Default)]
struct Heard {
    board: Option<Box<Board>>,
    model: Option<BoardModel>,
    check: Option<Arc<Check>>,
    operators: OperatorTimes,
    counters: Counters,
    dropped: u64,
    stage: Option<Stage>,
    trouble: Option<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let file = read_file(&arguments.model)?;
    let place = arguments.model.display();
    let model = tflite::read(file.clone()).map_err(|error| {
        Failure(format!("{place} is not a model that can be read: {error}\n  try: {}", error.help()))
    })?;
    if !(0.0..=4_000_000.0).contains(&arguments.every) {
        return Err(Failure("--every takes milliseconds from 0 to 4000000".to_owned()));
    }
    let address = match arguments.port.as_str() {
        "sim" => Address::Simulated(Faults::default()),
        "qemu" => Address::Emulated,
        path => Address::Serial { path: path.to_owned(), usb_serial: None },
    };
    let plan = Plan {
        model: Some(file.clone()),
        trusts_model: false,
        sends_model: arguments.ram,
        measures: true,
        n_checks: CHECKS,
        runs: Some(arguments.runs),
        interval_micros: (arguments.every * 1000.0) as u32,
        inputs: Inputs::Random(1),
        sends_outputs: false,
    };
    let mut history = History::new(arguments.runs as usize);
    let (heard, is_interrupted) = measure(arguments, &address, &file, plan, &mut history)?;
    let bench = facts(&address, &heard, &history, |subgraph, operator| {
        let subgraph = model.subgraphs.get(usize::from(subgraph))?;
        Some(model.operator_name(subgraph.operators.get(usize::from(operator))?))
    })?;
    if let (Some(path), Some(board)) = (&arguments.csv, &heard.board) {
        let text = write_csv(Counting::of(board), history.samples(), history.markers());
        crate::jobs::write_atomically(path, text.as_bytes())
            .map_err(|reason| Failure(format!("cannot write {}: {reason}", path.display())))?;
    }
    let result = if arguments.json {
        let json = serde_json::to_string_pretty(&bench)
            .map_err(|error| Failure(format!("cannot write the result as JSON: {error}")))?;
        writeln!(out, "{json}")
    } else {
        print(&bench, out)
    };
    written(result)?;
    if let Some(difference) = &bench.first_difference {
        return Ok(Outcome::LimitExceeded(format!("the board computes something else: {difference}")));
    }
    if is_interrupted {
        return Ok(Outcome::Interrupted(format!(
            "ended after {} of {} invocations",
            bench.runs, arguments.runs
        )));
    }
    Ok(Outcome::Done)
}

fn measure(
    arguments: &Arguments,
    address: &Address,
    file: &Arc<[u8]>,
    plan: Plan,
    history: &mut History,
) -> Result<(Heard, bool), Failure> {
    let interrupt = Interrupt::listen();
    let thread = std::thread::current();
    let wake = Arc::new(move || thread.unpark());
    let session = Session::start(device(address, Some(file)), plan, wake);
    let mut heard = Heard::default();
    let mut last_news = Instant::now();
    let shows_progress = std::io::stderr().is_terminal();
    let failed = |reason: String| Failure(format!("{}: {reason}", arguments.port));
    loop {
        let inbox = session.take();
        if !inbox.said.is_empty() || !inbox.samples.is_empty() {
            last_news = Instant::now();
        }
        heard.counters = inbox.counters;
        heard.dropped += inbox.dropped;
        for (sample, _) in inbox.samples {
            history.push(sample);
        }
        for (_, said) in inbox.said {
            match said {
                Said::Stage(stage) => heard.stage = Some(stage),
                Said::Board(board) => heard.board = Some(board),
                Said::Model(model) => heard.model = Some(model),
                Said::Check(check) => heard.check = Some(check),
                Said::Operators(times) => heard.operators.push(&times),
                Said::Trouble(trouble) => {
                    heard.trouble = Some(format!("{}\n  try: {}", trouble.message, trouble.help))
                }
                Said::Started(_) | Said::Marker(_) | Said::Text(_) | Said::Sample(..) | Said::Refused(_) => {}
            }
        }
        if let Some(trouble) = inbox.ended {
            let reason = trouble.map_or_else(
                || "the line was closed".to_owned(),
                |trouble| format!("{}\n  try: {}", trouble.message, trouble.help),
            );
            return Err(failed(reason));
        }
        if shows_progress {
            write!(std::io::stderr(), "\r{} of {} invocations ", history.total(), arguments.runs).ok();
        }
        match heard.stage {
            Some(Stage::Done) => break,
            Some(Stage::OtherModel) => {
                let help = "emberlab flash puts this one on it; --ram sends a small one into its RAM";
                return Err(failed(format!("another model is on the board\n  try: {help}")));
            }
            Some(
                Stage::Silent | Stage::NoModel | Stage::OtherVersion | Stage::Panicked | Stage::Listening,
            ) => {
                return Err(failed(heard.trouble.unwrap_or_else(|| "the board stopped".to_owned())));
            }
            _ => (),
        }
        if interrupt.is_pressed() {
            if history.total() == 0 {
                return Err(failed("ended before anything was measured".to_owned()));
            }
            return Ok((heard, true));
        }
        if last_news.elapsed() > PATIENCE {
            return Err(failed("the board says nothing any more\n  try: reset it".to_owned()));
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    if shows_progress {
        writeln!(std::io::stderr()).ok();
    }
    Ok((heard, false))
}

fn facts(
    address: &Address,
    heard: &Heard,
    history: &History,
    name_of: impl Fn(u16, u16) -> Option<String>,
) -> Result<Bench, Failure> {
    let nothing = || Failure(format!("{}: nothing was measured", address.label()));
    let board = heard.board.as_ref().ok_or_else(nothing)?;
    let model = heard.model.as_ref().ok_or_else(nothing)?;
    let invoke = history.summary(|sample| sample.cycles).ok_or_else(nothing)?;
    let micros = board.has_micros.then(|| history.summary(|sample| sample.micros)).flatten();
    let operators = heard.operators.operators().filter_map(|(subgraph, index)| {
        let median = heard.operators.median_cycles(subgraph, index)?;
        let name = name_of(subgraph, index).unwrap_or_default();
        Some(OperatorFacts { subgraph, index, name, median })
    });
    let check = heard.check.as_ref();
    let difference = check.and_then(|check| check.difference.as_ref());
    let first_difference = difference.map(|difference| {
        use emberlab_core::bench::DifferingPlace as Place;
        match difference.place {
            Place::Inputs => "it has other inputs than it was told".to_owned(),
            Place::Operator(subgraph, operator, tensor, _) => {
                let name = name_of(subgraph, operator).unwrap_or_default();
                format!("operator {operator} of subgraph {subgraph}, {name}, writes another tensor {tensor}")
            }
            Place::Order => "it runs other operators".to_owned(),
            Place::Outputs => "its outputs differ although all operators agree".to_owned(),
        }
    });
    let outputs_match_host = match check {
        Some(check) if check.difference.is_some() => Some(false),
        Some(check) if check.is_equal() => Some(true),
        _ => None,
    };
    Ok(Bench {
        board: address.label(),
        chip: board.chip.clone(),
        clock_hz: board.clock_hz,
        firmware: format!("{} {} ({})", board.firmware, board.version, board.build),
        unit: unit_word(board.unit),
        runs: history.total(),
        invoke: invoke.into(),
        micros: micros.map(Percentiles::from),
        operators: operators.collect(),
        arena_used_bytes: model.arena_used,
        arena_minimum_bytes: model.arena_minimum,
        outputs_match_host,
        first_difference,
        link: LinkFacts {
            lost: heard.counters.lost,
            corrupt: heard.counters.corrupt,
            dropped: heard.dropped + u64::from(board.dropped),
        },
    })
}

fn print(bench: &Bench, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{}: {}, firmware {}", bench.board, bench.chip, bench.firmware)?;
    if bench.clock_hz > 0 {
        writeln!(out, "clock       {} MHz", bench.clock_hz / 1_000_000)?;
    }
    let count = |value: u64| format::count(value);
    let line = |out: &mut dyn Write, name: &str, unit: &str, values: &Percentiles| {
        let Percentiles { min, median, p95, p99, max } = values;
        writeln!(
            out,
            "{name:<11} median {} {unit}, min {}, p95 {}, p99 {}, max {}",
            count(*median),
            count(*min),
            count(*p95),
            count(*p99),
            count(*max)
        )
    };
    writeln!(out, "invocations {}", count(bench.runs))?;
    line(out, "invocation", bench.unit, &bench.invoke)?;
    if let Some(micros) = &bench.micros {
        line(out, "", "µs", micros)?;
    }
    writeln!(out, "arena       {} bytes in use", count(u64::from(bench.arena_used_bytes)))?;
    writeln!(
        out,
        "same bits   {}",
        match bench.outputs_match_host {
            Some(true) => "yes: every operator's output equals this computer's",
            Some(false) => "NO",
            None => "not known: the line lost too much",
        }
    )?;
    let whole: u64 = bench.operators.iter().filter(|one| one.subgraph == 0).map(|one| one.median).sum();
    for operator in &bench.operators {
        let share = operator.median as f64 * 100.0 / whole.max(1) as f64;
        let place = match operator.subgraph {
            0 => operator.index.to_string(),
            subgraph => format!("{subgraph}.{}", operator.index),
        };
        writeln!(out, "  {place:>4} {:<24} {:>14} {share:>5.1} %", operator.name, count(operator.median))?;
    }
    if bench.link.lost + bench.link.corrupt + bench.link.dropped > 0 {
        let LinkFacts { lost, corrupt, dropped } = bench.link;
        writeln!(out, "link        {lost} frames lost, {corrupt} corrupt, {dropped} dropped")?;
    }
    if bench.unit == unit_word(Unit::Nanoseconds) {
        writeln!(out, "The simulated board is this computer: its times say nothing about a chip.")?;
    }
    Ok(())
}
