//! Talks to the firmware on an emulated board, and checks that it computes what this computer computes:
//! `emulated_board FIRMWARE.elf MODEL.tflite…`. Prints a line for each model: its name, number of operators, instructions of
//! an invocation, instructions of all operators together, instructions of looking at one operator, bytes of the arena.
//!
//! The model lies in the window of the firmware. The first one is also sent over the line into RAM, and talked to over a
//! pseudo-terminal, over which a tiny one is then run 5000 times a second. `tests/emulated/run.sh` compares the lines with the committed table.

#![allow(clippy::print_stdout)]

#[path = "support/specimens.rs"]
mod specimens;

use std::io::{BufRead as _, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use emberlab_core::firmware_image::insert_model;
use emberlab_core::link::{
    Board, Client, End, Event, Invocation, Mode, Model, NO_OPERATOR, Place, Reference, Run, Source, Target,
    Unit, check_against,
};
use emberlab_runtime::link::crc32;

const SEED: u32 = 1;
const RUN: Run = Run {
    request: 0,
    mode: Mode::Invocations,
    source: Source::Random,
    reset: 1,
    outputs: 1,
    invocations: 4,
    interval_micros: 0,
    seed: SEED,
    subgraph: NO_OPERATOR,
    operator: NO_OPERATOR,
};
/// Nothing that the emulator does takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// How far all operators together may be from the whole.
const MAX_DIFFERENCE: f64 = 0.01;

type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [firmware, models @ ..] = arguments.as_slice() else {
        eprintln!("usage: emulated_board FIRMWARE.elf MODEL.tflite…");
        return ExitCode::from(2);
    };
    if let Err(problem) = continuously(firmware) {
        eprintln!("many small invocations: {problem}");
        return ExitCode::FAILURE;
    }
    for (index, model) in models.iter().enumerate() {
        if let Err(problem) = check(firmware, model, index == 0) {
            eprintln!("{}: {problem}", model.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What a model took on the board.
#[derive(PartialEq, Debug)]
struct Measured {
    n_operators: u16,
    instructions: u64,
    operators: u64,
    /// Of looking at one operator, taken off.
    overhead: u32,
    arena: u32,
}

fn check(firmware: &Path, path: &Path, thoroughly: bool) -> Result<()> {
    let (elf, model) = (read(firmware)?, read(path)?);
    let reference = Reference::new(&model, Source::Random, SEED, &[]).map_err(|error| error.to_string())?;
    let mut with_model = elf.clone();
    insert_model(&mut with_model, &model).map_err(|error| error.to_string())?;
    let mut board = Emulator::start(&with_model, Line::Pipes)?;
    let ready = board.model()?;
    if (ready.place, ready.model_bytes as usize, ready.model_crc)
        != (Place::Window, model.len(), crc32(&model))
    {
        return Err(format!("another model is ready: {ready:?}"));
    }
    let measured = measure(&mut board, &ready, &reference)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let Measured { n_operators, instructions, operators, overhead, arena } = measured;
    println!("{name} {n_operators} {instructions} {operators} {overhead} {arena}");
    if thoroughly {
        stop(&mut board)?;
        let mut board = Emulator::start(&with_model, Line::Terminal)?;
        let again = board.model()?;
        expect_same(&measured, measure(&mut board, &again, &reference)?, "over a pseudo-terminal")?;
        from_ram(&elf, &model, &reference)?;
        without_a_model(&elf, &model)?;
    }
    Ok(())
}

fn expect_same(expected: &Measured, found: Measured, when: &str) -> Result<()> {
    if *expected == found { Ok(()) } else { Err(format!("{when} it took {found:?} instead of {expected:?}")) }
}

/// Runs the model in all ways, compares what it computes, and returns what it took.
fn measure(board: &mut Emulator, ready: &Model, reference: &Reference) -> Result<Measured> {
    let (_, invocations) = board.run(RUN, reference)?;
    // The first one is observed, and shows that the others need not be. With subgraphs all are.
    let whole: Vec<u64> =
        invocations[1..].iter().filter_map(|invocation| Some(invocation.sample?.cycles)).collect();
    let instructions = whole[0];
    if whole.iter().any(|cycles| *cycles != instructions) {
        return Err(format!("invocations took different numbers of instructions: {whole:?}"));
    }
    let (overhead, timed) = board.run(Run { mode: Mode::Operators, ..RUN }, reference)?;
    let sum = |invocation: &Invocation| invocation.operators.iter().map(|time| u64::from(time.cycles)).sum();
    let sums: Vec<u64> = timed.iter().map(sum).collect();
    if sums.iter().any(|sum| *sum != sums[0]) {
        return Err(format!("operators took different numbers of instructions: {sums:?}"));
    }
    if timed[0].operators.len() != usize::from(ready.n_operators) {
        return Err("an operator was not measured".to_owned());
    }
    // Looking at operators is taken off the whole as well.
    let with_looks = timed[0].sample.map_or(0, |sample| sample.cycles);
    for sum in [sums[0], with_looks] {
        let difference = sum as f64 / instructions as f64 - 1.0;
        if ready.n_subgraphs == 1 && difference.abs() > MAX_DIFFERENCE {
            return Err(format!("looked at, it takes {sum} instructions instead of {instructions}"));
        }
    }
    let (_, checked) = board.run(Run { mode: Mode::Bytes, invocations: 1, ..RUN }, reference)?;
    let n_checked = checked[0].checksums.len();
    if n_checked != reference.checksums.len() || checked[0].written.len() != n_checked {
        return Err("an operator was not compared".to_owned());
    }
    for (record, bytes) in &checked[0].written {
        let expected = reference.checksums[*record as usize].crc;
        if bytes.as_ref().is_none_or(|bytes| crc32(bytes) != expected) {
            return Err(format!("the bytes of record {record} are others"));
        }
    }
    let (n_operators, arena) = (ready.n_operators, ready.arena_used);
    Ok(Measured { n_operators, instructions, operators: sums[0], overhead, arena })
}

/// Many small invocations, 5000 in a second of the board's clock, over a line that is read: none is lost.
fn continuously(firmware: &Path) -> Result<()> {
    let files = specimens::files();
    let (_, model) = files.iter().find(|(name, _)| *name == "fully connected").ok_or("no such model")?;
    let reference = Reference::new(model, Source::Random, SEED, &[]).map_err(|error| error.to_string())?;
    let mut elf = read(firmware)?;
    insert_model(&mut elf, model).map_err(|error| error.to_string())?;
    let mut board = Emulator::start(&elf, Line::Terminal)?;
    board.model()?;
    let run = Run { outputs: 0, invocations: 5000, interval_micros: 200, ..RUN };
    let (_, invocations) = board.run(run, &reference)?;
    let dropped = invocations.last().and_then(|last| last.sample).map(|sample| sample.dropped);
    let counters = board.client.counters();
    if (dropped, counters.lost, counters.corrupt) != (Some(0), 0, 0) {
        return Err(format!("the board dropped {dropped:?} frames, and of those that it sent {counters:?}"));
    }
    stop(&mut board)
}

/// A run without end, stopped.
fn stop(board: &mut Emulator) -> Result<()> {
    let request = board.client.run(Run { invocations: 0, outputs: 0, ..RUN });
    board.wait_for(|event| matches!(event, Event::Invocation(_)).then_some(()))?;
    board.client.stop();
    let end = board.wait_for(|event| match event {
        Event::Finished { request, end, .. } => Some((*request, *end)),
        _ => None,
    })?;
    if end == (request, End::Stopped) { Ok(()) } else { Err(format!("stop ended in {end:?}")) }
}

/// The model comes over the line into RAM.
fn from_ram(elf: &[u8], model: &[u8], reference: &Reference) -> Result<()> {
    let mut board = Emulator::start(elf, Line::Pipes)?;
    board.ask()?;
    board.client.send(Target::Model, model.into());
    let ready = board.wait_for(|event| match event {
        Event::Ready(ready) => Some(*ready),
        _ => None,
    })?;
    if (ready.place, ready.model_crc) != (Place::Ram, crc32(model)) {
        return Err(format!("another model is ready: {ready:?}"));
    }
    measure(&mut board, &ready, reference).map(|_| ())
}

/// A firmware without a model, and one with a broken one, say so and go on.
fn without_a_model(elf: &[u8], model: &[u8]) -> Result<()> {
    let mut broken = elf.to_vec();
    insert_model(&mut broken, &model[..model.len() / 2]).map_err(|error| error.to_string())?;
    for (elf, bytes) in [(elf, 0), (&broken, model.len() / 2)] {
        let mut board = Emulator::start(elf, Line::Pipes)?;
        board.ask()?;
        let refusal = board.wait_for(|event| match event {
            Event::Refused(refusal) => Some(refusal.clone()),
            _ => None,
        })?;
        if refusal.model_bytes as usize != bytes || refusal.reason.is_empty() {
            return Err(format!("refused otherwise: {refusal:?}"));
        }
        board.client.run(RUN);
        board.wait_for(|event| matches!(event, Event::Failed { .. }).then_some(()))?;
    }
    Ok(())
}

/// What the emulated serial line is on this computer.
enum Line {
    /// Standard input and output of the emulator.
    Pipes,
    Terminal,
}

/// A board in the emulator, and the app's side of its line. Ends with this value.
struct Emulator {
    child: Child,
    image: PathBuf,
    client: Client,
    input: Box<dyn Write>,
    output: Receiver<Vec<u8>>,
    start: Instant,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.image);
    }
}

impl Emulator {
    fn start(elf: &[u8], line: Line) -> Result<Self> {
        let text = |error: std::io::Error| error.to_string();
        let image = std::env::temp_dir().join(format!("emberlab-emulated-{}.elf", std::process::id()));
        std::fs::write(&image, elf).map_err(text)?;
        let serial = match line {
            Line::Pipes => "stdio",
            Line::Terminal => "pty",
        };
        // With -icount the counter counts instructions and is the same in every run; the core has no A, F or D instructions.
        let mut child = Command::new("qemu-system-riscv32")
            .args(["-M", "virt", "-cpu", "rv32,a=false,f=false,d=false", "-m", "16M", "-bios", "none"])
            .args([
                "-icount", "shift=0", "-display", "none", "-monitor", "none", "-serial", serial, "-kernel",
            ])
            .arg(&image)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("qemu-system-riscv32: {error}"))?;
        let output = child.stdout.take().ok_or("no output of the emulator")?;
        let input = child.stdin.take().ok_or("no input of the emulator")?;
        let (input, output): (Box<dyn Write>, Box<dyn Read + Send>) = match line {
            Line::Pipes => (Box::new(input), Box::new(output)),
            Line::Terminal => {
                // char device redirected to /dev/pts/3 (label serial0)
                let mut said = String::new();
                BufReader::new(output).read_line(&mut said).map_err(text)?;
                let path =
                    said.split_whitespace().find(|word| word.starts_with("/dev/")).ok_or("no terminal")?;
                let terminal = std::fs::OpenOptions::new().read(true).write(true).open(path).map_err(text)?;
                (Box::new(terminal.try_clone().map_err(text)?), Box::new(terminal))
            }
        };
        let output = received(output);
        Ok(Self { child, image, client: Client::default(), input, output, start: Instant::now() })
    }

    /// The next thing that happens.
    fn event(&mut self) -> Result<Event> {
        let since = Instant::now();
        loop {
            if let Some(event) = self.client.next_event() {
                return Ok(event);
            }
            let bytes = self.client.poll(self.start.elapsed().as_micros() as u64);
            self.input
                .write_all(&bytes)
                .and_then(|()| self.input.flush())
                .map_err(|error| error.to_string())?;
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(2)) {
                self.client.receive(&bytes);
            }
            if since.elapsed() > PATIENCE {
                return Err("the board says nothing".to_owned());
            }
        }
    }

    /// The first event that is looked for. A panic and a request without an answer are errors.
    fn wait_for<T>(&mut self, mut is_it: impl FnMut(&Event) -> Option<T>) -> Result<T> {
        loop {
            let event = self.event()?;
            if let Some(found) = is_it(&event) {
                return Ok(found);
            }
            if matches!(event, Event::Panicked { .. } | Event::Unanswered { .. } | Event::Failed { .. }) {
                return Err(format!("{event:?}"));
            }
        }
    }

    /// What the board says of itself. The emulator may take longer to start than a host is patient.
    fn ask(&mut self) -> Result<Board> {
        let since = Instant::now();
        loop {
            self.client.ask();
            let about = self.wait_for(|event| match event {
                Event::Board(board) => Some(Some(board.clone())),
                Event::Unanswered { .. } => Some(None),
                _ => None,
            })?;
            match about {
                Some(about) => return Ok(about),
                None if since.elapsed() > PATIENCE => return Err("the board does not answer".to_owned()),
                None => (),
            }
        }
    }

    /// The model that is ready.
    fn model(&mut self) -> Result<Model> {
        let about = self.ask()?;
        if about.unit != Unit::Instructions {
            return Err("the emulated board counts no instructions".to_owned());
        }
        // More than nothing, and less than all: it is really watched.
        if about.stack.is_none_or(|stack| !(500..stack.bytes - 1000).contains(&stack.used)) {
            return Err(format!("a stack like that cannot be: {:?}", about.stack));
        }
        self.wait_for(|event| match event {
            Event::Ready(model) => Some(Ok(*model)),
            Event::Refused(refusal) => Some(Err(format!("refused: {refusal:?}"))),
            _ => None,
        })?
    }

    /// Instructions of looking at an operator, and all invocations of a run, which have to be whole and to compute what this
    /// computer does.
    fn run(&mut self, run: Run, reference: &Reference) -> Result<(u32, Vec<Invocation>)> {
        let request = self.client.run(run);
        let (mut overhead, mut invocations) = (0, Vec::new());
        let end = self.wait_for(|event| match event {
            Event::Accepted { inputs_crc, .. } if *inputs_crc != reference.inputs_crc => {
                Some(Err("other inputs"))
            }
            Event::Accepted { operator_overhead, .. } => {
                overhead = operator_overhead.unwrap_or(0);
                None
            }
            Event::Invocation(invocation) => {
                invocations.push((**invocation).clone());
                None
            }
            Event::Finished { request: number, end, .. } if *number == request => Some(Ok(*end)),
            _ => None,
        })?;
        if end? != End::Done || invocations.len() != run.invocations as usize {
            return Err(format!("the run ended after {} invocations", invocations.len()));
        }
        for invocation in &invocations {
            if !invocation.is_whole {
                return Err("a good line lost something".to_owned());
            }
            if let Some(difference) = check_against(reference, invocation) {
                return Err(format!("another result than on this computer: {difference:?}"));
            }
        }
        Ok((overhead, invocations))
    }
}

/// What is read, by a thread that ends with the line.
fn received(mut line: Box<dyn Read + Send>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count) = line.read(&mut bytes) {
            if count == 0 || sender.send(bytes[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}
