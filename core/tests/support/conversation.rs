//! A conversation of app and board over a line that loses, changes, repeats, delays and cuts off what goes over it: bytes say
//! what the app asks for and what the line does. The end of the conversation has a good line.
//!
//! What must hold: nothing panics; what is given out as whole is right, and in order; every run has an end, told once; and on
//! the good line a question is answered, a model is chosen and runs, and nothing is lost.
//!
//! Both sides run in one thread and go by a clock that only the conversation moves: the app acts while the board waits.

#[path = "../../examples/support/specimens.rs"]
pub mod specimens;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock};

use emberlab_core::link::{
    Client, End, Event, Invocation, Mode, NO_OPERATOR, Place, Reference, Run, Source, Target, Unit,
    check_against,
};
use emberlab_runtime::Registry;
use emberlab_runtime::link::{About, Board, crc32, serve};

const ABOUT: About<'static> = About {
    firmware: "emberlab",
    version: "0.1.0",
    build: "a conversation",
    chip: "none",
    reset_reason: "a wish",
    unit: Unit::Cycles,
    has_micros: true,
    clock_hz: 1_000_000,
};
const SEED: u32 = 9;
const MEMORY_BYTES: usize = 8192;
/// Nothing that goes on longer on a good line has an end: queues of requests that nobody answers are given up before.
const PATIENCE_MICROS: u64 = 600_000_000;
/// Requests that may wait at once.
const MAX_WAITING: usize = 6;

/// A small model.
pub fn tiny_model() -> Arc<[u8]> {
    let files = specimens::files();
    let found = files.into_iter().find(|(name, _)| *name == "fully connected");
    found.expect("there is such a specimen").1
}

/// The model, inputs for it, and what it computes of zeros, of these inputs and of random ones.
struct Expected {
    model: Arc<[u8]>,
    inputs: Arc<[u8]>,
    references: [Reference; 3],
}

fn expected() -> &'static Expected {
    static EXPECTED: OnceLock<Expected> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let model = tiny_model();
        let inputs: Arc<[u8]> = [5, 0, 250].into();
        let references = [Source::Zeros, Source::Given, Source::Random]
            .map(|source| Reference::new(&model, source, SEED, &inputs).expect("it runs"));
        Expected { model, inputs, references }
    })
}

/// How far the good end of a conversation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Bytes say what happens.
    Wild,
    /// What was asked for comes to an end.
    Calm,
    /// The number of a question.
    Asking(u16),
    /// The number of a choice.
    Choosing(u16),
    /// The number of the last run.
    Running(u16),
    Done,
}

/// What is known of a run.
struct AskedFor {
    run: Run,
    /// The next invocation has at least this number.
    next: u32,
    has_end: bool,
    n_whole: u32,
}

/// Both ends of the line, as the board sees them.
struct World<'f> {
    script: std::slice::Iter<'f, u8>,
    client: Client,
    clock: u64,
    /// What is on its way to the board.
    line: VecDeque<u8>,
    /// What is overtaken by the next frame, to the board and to the app.
    late: [Vec<u8>; 2],
    runs: BTreeMap<u16, AskedFor>,
    phase: Phase,
    phase_since: u64,
    /// The board is reset as soon as it looks.
    is_reset: bool,
    /// The board looks at the app, which must not look back.
    is_busy: bool,
}

/// Lets app and board talk as the bytes say.
///
/// # Panics
/// Something that must hold does not.
pub fn converse(script: &[u8]) {
    let mut world = World {
        script: script.iter(),
        client: Client::default(),
        clock: 0,
        line: VecDeque::new(),
        late: Default::default(),
        runs: BTreeMap::new(),
        phase: Phase::Wild,
        phase_since: 0,
        is_reset: false,
        is_busy: false,
    };
    let mut memory = vec![0xa5; MEMORY_BYTES];
    while world.phase != Phase::Done {
        world.is_reset = false;
        serve(&mut world, &ABOUT, &mut memory, Some(&expected().model), &Registry::default());
    }
}

impl World<'_> {
    fn next(&mut self) -> Option<u8> {
        self.script.next().copied()
    }

    /// What a line does to a frame or a part of one.
    fn pass(&mut self, bytes: &[u8], way: usize) -> Vec<u8> {
        let mut passed = bytes.to_vec();
        let fault = if self.phase == Phase::Wild { self.next() } else { None };
        let at = |world: &mut Self, length: usize| {
            let place = world.next().unwrap_or(0);
            usize::from(place) % length.max(1)
        };
        match fault.map(|fault| fault % 24) {
            Some(0) => passed.clear(),
            Some(1) => {
                let place = at(self, passed.len());
                passed.remove(place);
            }
            Some(2) => {
                let (place, bit) = (at(self, passed.len()), at(self, 8));
                passed[place] ^= 1 << bit;
            }
            Some(3) => {
                let length = at(self, passed.len());
                passed.truncate(length);
            }
            Some(4) => passed.extend_from_slice(bytes),
            Some(5) => return std::mem::replace(&mut self.late[way], passed),
            Some(6) => {
                let (place, byte) = (at(self, passed.len()), self.next().unwrap_or(0));
                passed.insert(place, byte);
            }
            Some(7) => passed.extend_from_slice(b"a line of text, such as programs print\n"),
            _ => (),
        }
        passed.append(&mut self.late[way]);
        passed
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.phase_since = self.clock;
    }

    /// The app's turn: what it hears, does, and says.
    fn turn(&mut self) {
        if self.is_busy || self.phase == Phase::Done {
            return;
        }
        self.is_busy = true;
        self.clock += 20;
        while let Some(event) = self.client.next_event() {
            self.hear(event);
        }
        match self.phase {
            Phase::Wild => self.act(),
            Phase::Calm if !self.client.is_waiting() => {
                let asked = self.client.ask();
                self.enter(Phase::Asking(asked));
            }
            Phase::Calm | Phase::Asking(_) | Phase::Choosing(_) | Phase::Running(_) | Phase::Done => (),
        }
        let passed = self.clock - self.phase_since;
        let (phase, running) = (self.phase, self.client.running());
        assert!(
            phase == Phase::Wild || passed < PATIENCE_MICROS,
            "{phase:?} has no end; running {running:?}"
        );
        let bytes = self.client.poll(self.clock);
        if !bytes.is_empty() {
            let passed = self.pass(&bytes, 0);
            self.line.extend(passed);
        }
        self.is_busy = false;
    }

    /// Does what the next byte says.
    fn act(&mut self) {
        let Some(action) = self.next() else {
            // The end: the line is good, and nothing goes on.
            let [to_board, to_app] = std::mem::take(&mut self.late);
            self.line.extend(to_board);
            self.client.receive(&to_app);
            self.client.stop();
            self.enter(Phase::Calm);
            return;
        };
        let is_free = self.runs.values().filter(|run| !run.has_end).count() < MAX_WAITING;
        let Expected { model, inputs, .. } = expected();
        match action % 32 {
            0 => {
                self.client.ask();
            }
            1..=4 if is_free => {
                let detail = self.next().unwrap_or(0);
                let mode = [Mode::Invocations, Mode::Operators, Mode::Checksums, Mode::Bytes];
                let source = [Source::Zeros, Source::Given, Source::Random, Source::Random];
                let run = Run {
                    mode: mode[usize::from(detail & 3)],
                    source: source[usize::from(detail >> 2 & 3)],
                    outputs: detail >> 4 & 1,
                    invocations: [0, 1, 3, 40][usize::from(detail >> 5 & 3)],
                    interval_micros: if detail & 0x80 == 0 { 0 } else { 700 },
                    ..RUN
                };
                self.run(run);
            }
            5..=6 => {
                self.client.stop();
            }
            7 => {
                self.client.choose(Place::Window);
            }
            8 => {
                self.client.choose(Place::Ram);
            }
            9 => {
                self.client.send(Target::Inputs, inputs.clone());
            }
            10 => {
                self.client.send(Target::Inputs, [1; 5].into());
            }
            11 => {
                self.client.send(Target::Model, model.clone());
            }
            12 => {
                self.client.send(Target::Model, model[..model.len() / 2].into());
            }
            13 => self.is_reset = true,
            14..=16 => self.clock += u64::from(self.next().unwrap_or(0)) * 4000,
            17..=20 => self.clock += 300_000,
            _ => self.clock += 1000,
        }
    }

    fn run(&mut self, run: Run) -> u16 {
        let request = self.client.run(run);
        self.runs.insert(request, AskedFor { run, next: 0, has_end: false, n_whole: 0 });
        request
    }

    /// A run has come to its end.
    fn end(&mut self, request: u16) {
        if let Some(asked) = self.runs.get_mut(&request) {
            assert!(!asked.has_end, "run {request} has two ends");
            asked.has_end = true;
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Invocation(invocation) => self.check(&invocation),
            Event::Started { .. } => {
                // What was asked for and not answered begins anew.
                self.runs.values_mut().for_each(|asked| asked.next = 0);
            }
            Event::Finished { request, invocations, end } => {
                let asked = self.runs.get(&request).expect("a run that was asked for");
                let wanted = asked.run.invocations;
                assert!(wanted == 0 || invocations <= wanted);
                assert!(end == End::Stopped || invocations == wanted);
                if let Phase::Running(last) = self.phase {
                    assert_eq!((request, invocations, asked.n_whole), (last, wanted, wanted));
                    self.phase = Phase::Done;
                }
                self.end(request);
                let left: Vec<_> = self.runs.iter().filter(|(_, asked)| !asked.has_end).collect();
                assert!(self.phase != Phase::Done || left.is_empty(), "runs {:?} have no end", keys(&left));
            }
            Event::Failed { request, .. } | Event::Unanswered { request } => {
                assert!(!matches!(self.phase, Phase::Asking(_) | Phase::Choosing(_) | Phase::Running(_)));
                self.end(request);
            }
            Event::Ended { request } => self.end(request),
            Event::Board(board) => {
                if matches!(self.phase, Phase::Asking(_)) && !self.client.is_waiting() {
                    assert_eq!((board.running, self.client.running()), (0, None));
                    let chosen = self.client.choose(Place::Window);
                    self.enter(Phase::Choosing(chosen));
                }
            }
            Event::Ready(ready) => {
                if let Phase::Choosing(chosen) = self.phase
                    && chosen == ready.request
                {
                    let run = Run { mode: Mode::Operators, invocations: 3, outputs: 1, ..RUN };
                    let request = self.run(run);
                    self.enter(Phase::Running(request));
                }
            }
            Event::Accepted { request, inputs_crc, .. } => {
                let asked = self.runs.get(&request).expect("a run that was asked for");
                assert_eq!(inputs_crc, reference(&asked.run).inputs_crc);
            }
            Event::Sent { sent, total, .. } => assert!(sent <= total),
            Event::Text(_) | Event::Refused(_) => (),
            Event::OtherVersion { .. } | Event::Panicked { .. } => panic!("{event:?}"),
        }
    }

    /// Invocations come in order, and whole ones are right.
    fn check(&mut self, invocation: &Invocation) {
        let asked = self.runs.get_mut(&invocation.request).expect("a run that was asked for");
        assert!(!asked.has_end, "an invocation after the end of run {}", invocation.request);
        assert!(invocation.number >= asked.next, "{} after {}", invocation.number, asked.next);
        asked.next = invocation.number + 1;
        if !invocation.is_whole {
            return;
        }
        asked.n_whole += 1;
        let reference = reference(&asked.run);
        assert_eq!(check_against(reference, invocation), None);
        let (mode, n_checksums) = (asked.run.mode, reference.checksums.len());
        let n_operators = usize::from(mode == Mode::Operators);
        let n_checksums = if matches!(mode, Mode::Checksums | Mode::Bytes) { n_checksums } else { 0 };
        assert_eq!((invocation.operators.len(), invocation.checksums.len()), (n_operators, n_checksums));
        if asked.run.outputs != 0 {
            for output in invocation.outputs.values() {
                let bytes = output.as_ref().expect("it is whole");
                assert_eq!(crc32(bytes), reference.outputs_crc);
            }
        }
        for (record, bytes) in &invocation.written {
            let bytes = bytes.as_ref().expect("it is whole");
            assert_eq!(crc32(bytes), reference.checksums[*record as usize].crc);
        }
    }
}

fn keys(runs: &[(&u16, &AskedFor)]) -> Vec<u16> {
    runs.iter().map(|(request, _)| **request).collect()
}

fn reference(run: &Run) -> &'static Reference {
    let index = match run.source {
        Source::Zeros => 0,
        Source::Given => 1,
        Source::Random => 2,
    };
    &expected().references[index]
}

const RUN: Run = Run {
    request: 0,
    mode: Mode::Invocations,
    source: Source::Random,
    reset: 1,
    outputs: 0,
    invocations: 3,
    interval_micros: 0,
    seed: SEED,
    subgraph: NO_OPERATOR,
    operator: NO_OPERATOR,
};

impl Board for World<'_> {
    fn cycles(&mut self) -> u32 {
        self.clock as u32
    }

    fn micros(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn read(&mut self, bytes: &mut [u8]) -> usize {
        self.turn();
        let count = bytes.len().min(self.line.len());
        for (slot, byte) in bytes.iter_mut().zip(self.line.drain(..count)) {
            *slot = byte;
        }
        count
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        let passed = self.pass(bytes, 1);
        self.client.receive(&passed);
        bytes.len()
    }

    fn is_open(&self) -> bool {
        !self.is_reset && self.phase != Phase::Done
    }

    fn idle(&mut self) {
        self.clock += 500;
        self.turn();
    }
}
