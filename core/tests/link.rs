//! App and board talk to each other, over good lines and bad ones. The board is the code that chips run, in a thread.

#[path = "support/conversation.rs"]
mod conversation;
mod noise;

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use emberlab_core::link::{
    Client, End, Event, Invocation, Mode, NO_OPERATOR, Place, Problem, Reference, Run, Source, Target, Unit,
    check_against,
};
use emberlab_core::run::Generator;
use emberlab_runtime::Registry;
use emberlab_runtime::link::messages::{Accepted, Failed, Finished, Hello, Started};
use emberlab_runtime::link::{About, Board, FrameBuffer, serve};

use noise::{Faults, NONE, Noise};

/// Invocations, and how the run ended.
type Heard = (Vec<Invocation>, Option<(u32, End)>);

const MODEL: &[u8] = include_bytes!("../../assets/examples/keyword_spotting.tflite");

const ABOUT: About<'static> = About {
    firmware: "emberlab",
    version: "0.1.0",
    build: "a test",
    chip: "thread",
    reset_reason: "start of the test",
    unit: Unit::Nanoseconds,
    has_micros: true,
    clock_hz: 0,
};

const RUN: Run = Run {
    request: 0,
    mode: Mode::Invocations,
    source: Source::Random,
    reset: 1,
    outputs: 0,
    invocations: 5,
    interval_micros: 0,
    seed: 3,
    subgraph: NO_OPERATOR,
    operator: NO_OPERATOR,
};

struct Thread {
    incoming: Receiver<Vec<u8>>,
    rest: Vec<u8>,
    outgoing: Sender<Vec<u8>>,
    is_open: bool,
    start: Instant,
    noise: Noise,
}

impl Board for Thread {
    fn cycles(&mut self) -> u32 {
        self.start.elapsed().as_nanos() as u32
    }
    fn micros(&mut self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }
    fn read(&mut self, bytes: &mut [u8]) -> usize {
        while self.rest.is_empty() {
            match self.incoming.try_recv() {
                Ok(more) => self.rest = more,
                Err(TryRecvError::Empty) => return 0,
                Err(TryRecvError::Disconnected) => {
                    self.is_open = false;
                    return 0;
                }
            }
        }
        let count = bytes.len().min(self.rest.len());
        bytes[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        count
    }
    fn write(&mut self, bytes: &[u8]) -> usize {
        let passed = self.noise.pass(bytes);
        self.is_open &= self.outgoing.send(passed).is_ok();
        bytes.len()
    }
    fn is_open(&self) -> bool {
        self.is_open
    }
    fn idle(&mut self) {
        thread::sleep(Duration::from_micros(200));
    }
}

/// The end of a board at a line with real buffers, which takes a few bytes at once. Its clock goes on by being read, so that
/// nothing depends on how fast this computer is.
struct Buffered {
    stream: UnixStream,
    clock: u64,
    is_open: bool,
}

impl Board for Buffered {
    fn cycles(&mut self) -> u32 {
        self.clock as u32
    }
    fn micros(&mut self) -> u64 {
        self.clock += 10;
        self.clock
    }
    fn read(&mut self, bytes: &mut [u8]) -> usize {
        match self.stream.read(bytes) {
            Ok(0) => self.is_open = false,
            Ok(count) => return count,
            Err(error) => self.is_open &= error.kind() == ErrorKind::WouldBlock,
        }
        0
    }
    fn write(&mut self, bytes: &[u8]) -> usize {
        match self.stream.write(&bytes[..bytes.len().min(29)]) {
            Ok(count) => count,
            Err(error) => {
                self.is_open &= error.kind() == ErrorKind::WouldBlock;
                thread::sleep(Duration::from_millis(1));
                0
            }
        }
    }
    fn is_open(&self) -> bool {
        self.is_open
    }
    fn idle(&mut self) {}
}

/// A host that reads, if slowly at times, hears of every invocation: 5000 a second, and as many as the line takes.
#[test]
fn a_line_that_is_read_loses_nothing() {
    for (interval_micros, n_invocations) in [(200, 2000), (0, 5000)] {
        let (stream, mut line) = UnixStream::pair().expect("a pair");
        stream.set_nonblocking(true).expect("it can");
        line.set_read_timeout(Some(Duration::from_millis(1))).expect("it can");
        let model = conversation::tiny_model();
        let board = thread::spawn(move || {
            let mut board = Buffered { stream, clock: 0, is_open: true };
            serve(&mut board, &ABOUT, &mut [0xa5; 20_000], Some(&model), &Registry::default());
        });
        let (mut client, start) = (Client::default(), Instant::now());
        let request = client.run(Run { invocations: n_invocations, interval_micros, ..RUN });
        let (mut next, mut end, mut n_readings) = (0, None, 0u32);
        while end.is_none() {
            assert!(start.elapsed() < PATIENCE, "no end after {next} invocations, {:?}", client.counters());
            line.write_all(&client.poll(start.elapsed().as_micros() as u64)).expect("it is open");
            let mut bytes = [0; 4096];
            if let Ok(count) = line.read(&mut bytes) {
                client.receive(&bytes[..count]);
            }
            n_readings += 1;
            if n_readings.is_multiple_of(64) {
                thread::sleep(Duration::from_millis(5));
            }
            while let Some(event) = client.next_event() {
                match event {
                    Event::Invocation(invocation) => {
                        assert_eq!((invocation.number, invocation.is_whole), (next, true));
                        assert_eq!(invocation.sample.expect("it is whole").dropped, 0);
                        next += 1;
                    }
                    Event::Finished { request: number, invocations, end: how } => {
                        end = Some((number, invocations, how));
                    }
                    Event::Started { .. } | Event::Ready(_) | Event::Accepted { .. } => (),
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!((end, next), (Some((request, n_invocations, End::Done)), n_invocations));
        assert_eq!((client.counters().lost, client.counters().corrupt), (0, 0));
        drop(line);
        board.join().expect("the board ends with its line");
    }
}

/// Nothing takes a bench so long: what goes on after it hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// A board in a thread and the app's side of its line.
struct Bench {
    client: Client,
    to_board: Option<Sender<Vec<u8>>>,
    from_board: Receiver<Vec<u8>>,
    noise: Noise,
    start: Instant,
    board: Option<thread::JoinHandle<()>>,
}

impl Bench {
    fn new(window: Option<&'static [u8]>, memory_bytes: usize, faults: Faults, seed: u32) -> Self {
        let (to_board, incoming) = channel();
        let (outgoing, from_board) = channel();
        let start = Instant::now();
        let noise = Noise::new(faults, seed + 1);
        let mut board = Thread { incoming, rest: Vec::new(), outgoing, is_open: true, start, noise };
        let board = thread::spawn(move || {
            let mut memory = vec![0xa5; memory_bytes];
            serve(&mut board, &ABOUT, &mut memory, window, &Registry::default());
        });
        let noise = Noise::new(faults, seed);
        Self {
            client: Client::default(),
            to_board: Some(to_board),
            from_board,
            noise,
            start,
            board: Some(board),
        }
    }

    /// Sends what is due and takes in what comes.
    fn exchange(&mut self) {
        let client = &mut self.client;
        assert!(
            self.start.elapsed() < PATIENCE,
            "no end: run {:?}, request without an answer: {}, {:?}",
            client.running(),
            client.is_waiting(),
            client.counters()
        );
        let bytes = client.poll(self.start.elapsed().as_micros() as u64);
        if !bytes.is_empty() {
            let passed = self.noise.pass(&bytes);
            self.to_board.as_ref().expect("open until dropped").send(passed).expect("the board is there");
        }
        match self.from_board.recv_timeout(Duration::from_millis(1)) {
            Ok(bytes) => client.receive(&bytes),
            Err(RecvTimeoutError::Timeout) => (),
            Err(RecvTimeoutError::Disconnected) => panic!("the board is gone"),
        }
    }

    /// The next thing that happens; requests are sent as they are due.
    fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.client.next_event() {
                return event;
            }
            self.exchange();
        }
    }

    /// The first event that is looked for.
    fn wait_for<T>(&mut self, mut is_it: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = is_it(self.event()) {
                return found;
            }
        }
    }

    /// All invocations of a run, and how many there were in the end. A question now and then finds out about an end that
    /// was lost.
    fn run(&mut self, run: Run) -> Result<Heard, Box<Event>> {
        let request = self.client.run(run);
        let mut invocations = Vec::new();
        let mut quiet_since = Instant::now();
        loop {
            if let Some(event) = self.client.next_event() {
                quiet_since = Instant::now();
                match event {
                    Event::Invocation(invocation) => {
                        assert_eq!(invocation.request, request, "results of another run");
                        invocations.push(*invocation);
                    }
                    Event::Finished { request: number, invocations: done, end } if number == request => {
                        return Ok((invocations, Some((done, end))));
                    }
                    Event::Board(_) if self.client.running().is_none() => return Ok((invocations, None)),
                    Event::Failed { .. } | Event::Unanswered { .. } | Event::Refused(_) => {
                        return Err(event.into());
                    }
                    _ => (),
                }
                continue;
            }
            if quiet_since.elapsed() > Duration::from_millis(400) && !self.client.is_waiting() {
                self.client.ask();
                quiet_since = Instant::now();
            }
            self.exchange();
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.to_board = None;
        if let Some(board) = self.board.take() {
            assert!(board.join().is_ok() || thread::panicking(), "the board panicked");
        }
    }
}

fn reference() -> Reference {
    Reference::new(MODEL, Source::Random, RUN.seed, &[]).expect("the example runs")
}

#[test]
fn a_board_computes_what_this_computer_computes() {
    let mut bench = Bench::new(Some(MODEL), 200_000, NONE, 1);
    bench.client.ask();
    let board = bench.wait_for(|event| match event {
        Event::Board(board) => Some(board),
        _ => None,
    });
    assert_eq!((board.chip.as_str(), board.memory_bytes, board.running), ("thread", 200_000, 0));
    let model = bench.wait_for(|event| match event {
        Event::Ready(model) => Some(model),
        _ => None,
    });
    assert_eq!((model.place, model.model_bytes as usize), (Place::Window, MODEL.len()));
    let reference = reference();
    for mode in [Mode::Invocations, Mode::Operators, Mode::Checksums, Mode::Bytes] {
        let (invocations, end) = bench.run(Run { mode, outputs: 1, ..RUN }).expect("it runs");
        assert_eq!(end, Some((5, End::Done)));
        assert_eq!(invocations.len(), 5);
        for (number, invocation) in invocations.iter().enumerate() {
            assert_eq!((invocation.number as usize, invocation.is_whole), (number, true));
            assert_eq!(check_against(&reference, invocation), None);
            let outputs: Vec<u8> = invocation.outputs.values().flatten().flatten().copied().collect();
            assert_eq!(emberlab_runtime::link::crc32(&outputs), reference.outputs_crc);
            let n_operators = usize::from(model.n_operators);
            assert_eq!(invocation.operators.len(), if mode == Mode::Operators { n_operators } else { 0 });
            let n_written = if mode == Mode::Bytes { reference.checksums.len() } else { 0 };
            assert_eq!(invocation.written.len(), n_written);
            for (record, bytes) in &invocation.written {
                let bytes = bytes.as_ref().expect("it is whole");
                let crc = emberlab_runtime::link::crc32(bytes);
                assert_eq!(crc, reference.checksums[*record as usize].crc);
            }
        }
    }
}

#[test]
fn inputs_and_models_come_over_the_line() {
    let mut bench = Bench::new(None, 200_000, NONE, 2);
    let refused = bench.run(RUN).expect_err("there is no model");
    assert!(matches!(*refused, Event::Refused(_)), "{refused:?}");
    bench.wait_for(|event| matches!(event, Event::Failed { problem: Problem::NoModel, .. }).then_some(()));
    bench.client.send(Target::Model, MODEL.into());
    let mut progress = 0;
    let model = bench.wait_for(|event| match event {
        Event::Sent { sent, total, .. } => {
            assert!(sent > progress && total == MODEL.len());
            progress = sent;
            None
        }
        Event::Ready(model) => Some(model),
        _ => None,
    });
    assert_eq!((model.place, progress), (Place::Ram, MODEL.len()));
    let inputs: Vec<u8> = (0..model.input_bytes).map(|index| (index * 31) as u8).collect();
    bench.client.send(Target::Inputs, inputs.as_slice().into());
    let reference = Reference::new(MODEL, Source::Given, 0, &inputs).expect("the example runs");
    let request = bench.client.run(Run { source: Source::Given, mode: Mode::Checksums, ..RUN });
    let inputs_crc = bench.wait_for(|event| match event {
        Event::Accepted { request: number, inputs_crc, .. } if number == request => Some(inputs_crc),
        _ => None,
    });
    assert_eq!(inputs_crc, reference.inputs_crc);
    let invocation = bench.wait_for(|event| match event {
        Event::Invocation(invocation) => Some(invocation),
        _ => None,
    });
    assert_eq!(check_against(&reference, &invocation), None);
}

/// Lines that lose and change a part of all bytes: everything that is given out is right, and every run comes to an end.
#[test]
fn a_bad_line_loses_results_and_changes_none() {
    let reference = reference();
    let (mut n_whole, mut n_broken, mut n_lost) = (0, 0, 0);
    for seed in 0..6 {
        let faults = Faults { lost: 40, changed: 40, cut: 8 };
        let mut bench = Bench::new(Some(MODEL), 200_000, faults, 100 + seed);
        for mode in [Mode::Operators, Mode::Checksums, Mode::Bytes] {
            let run = Run { mode, outputs: 1, invocations: 12, ..RUN };
            match bench.run(run) {
                Ok((invocations, _)) => {
                    for pair in invocations.windows(2) {
                        assert!(pair[0].number < pair[1].number, "invocations come in order");
                    }
                    for invocation in invocations {
                        if !invocation.is_whole {
                            n_broken += 1;
                            continue;
                        }
                        n_whole += 1;
                        assert_eq!(check_against(&reference, &invocation), None);
                        assert!(invocation.outputs.values().all(Option::is_some));
                    }
                }
                // Every try was lost: said, not hung.
                Err(event) if matches!(*event, Event::Unanswered { .. }) => n_broken += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        let counters = bench.client.counters();
        assert!(counters.frames > 100, "{counters:?}");
        n_lost += counters.lost;
    }
    assert!(n_whole > 20 && n_broken > 3 && n_lost > 50, "{n_whole} {n_broken} {n_lost}");
}

/// A frame of a board, as bytes on a line.
fn frame<'m>(message: impl Into<emberlab_runtime::link::Message<'m>>) -> Vec<u8> {
    FrameBuffer::default().encode(0, &message.into()).expect("it fits").to_vec()
}

#[test]
fn another_version_says_what_to_do() {
    let mut client = Client::default();
    let request = client.ask();
    assert!(!client.poll(0).is_empty());
    // Nothing behind the version can be read.
    let message = frame(Started { protocol: 0, reason: "" });
    client.receive(&message);
    let Some(Event::OtherVersion { protocol: 0, advice }) = client.next_event() else { panic!("no advice") };
    assert!(advice.contains("older") && advice.contains("flash"), "{advice}");
    let hello = Hello {
        request,
        protocol: 9,
        running: 0,
        unit: Unit::Cycles,
        has_micros: 1,
        clock_hz: 0,
        memory_bytes: 0,
        overhead_cycles: 0,
        dropped: 0,
        firmware: "",
        version: "",
        build: "",
        chip: "",
        stack_bytes: None,
        stack_used: None,
        flash_mode: None,
    };
    client.receive(&frame(hello));
    let Some(Event::OtherVersion { protocol: 9, advice }) = client.next_event() else { panic!("no advice") };
    assert!(advice.contains("newer") && advice.contains("update"), "{advice}");
    assert!(!client.is_waiting());
    // Such a board gets no requests.
    let run = client.run(RUN);
    assert!(client.poll(1_000_000).is_empty());
    assert_eq!(client.next_event(), Some(Event::Unanswered { request: run }));
}

#[test]
fn a_board_that_does_not_answer_is_given_up() {
    let mut client = Client::default();
    let request = client.ask();
    let mut sent = 0;
    for tick in 0..1000u64 {
        sent += usize::from(!client.poll(tick * 100_000).is_empty());
    }
    assert_eq!((sent, client.next_event()), (10, Some(Event::Unanswered { request })));
}

/// Frames of a board, numbered from 0, as bytes on a line.
fn frames(messages: &[emberlab_runtime::link::Message<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        bytes.extend_from_slice(FrameBuffer::default().encode(number as u16, message).expect("it fits"));
    }
    bytes
}

fn events(client: &mut Client) -> Vec<Event> {
    std::iter::from_fn(|| client.next_event()).collect()
}

const STARTED: Started<'static> = Started { protocol: 1, reason: "power" };

/// A request may lie on the line before the board has started: it is carried out afterwards, and belongs to no run before.
#[test]
fn a_run_that_was_asked_for_before_the_start_ends_with_finished() {
    let mut client = Client::default();
    let request = client.run(RUN);
    assert!(!client.poll(0).is_empty());
    let (inputs_crc, operator_overhead, invocations, dropped) = (7, None, 0, 0);
    client.receive(&frames(&[
        STARTED.into(),
        Accepted { request, inputs_crc, operator_overhead }.into(),
        Finished { request, invocations, end: End::Stopped, dropped }.into(),
    ]));
    let expected = [
        Event::Started { reason: "power".to_owned() },
        Event::Accepted { request, inputs_crc, operator_overhead },
        Event::Finished { request, invocations, end: End::Stopped },
    ];
    assert_eq!(events(&mut client), expected);
    assert_eq!((client.running(), client.is_waiting()), (None, false));
}

#[test]
fn a_run_ends_when_the_board_starts_again() {
    let mut client = Client::default();
    let request = client.run(RUN);
    assert!(!client.poll(0).is_empty());
    client.receive(&frames(&[
        Accepted { request, inputs_crc: 7, operator_overhead: None }.into(),
        STARTED.into(),
    ]));
    let expected = [
        Event::Accepted { request, inputs_crc: 7, operator_overhead: None },
        Event::Ended { request },
        Event::Started { reason: "power".to_owned() },
    ];
    assert_eq!(events(&mut client), expected);
    assert_eq!(client.running(), None);
}

/// The board said that the run was over, and that was lost; then it is asked to stop.
#[test]
fn an_end_that_was_lost_is_found_out_by_a_stop() {
    let mut client = Client::default();
    let request = client.run(RUN);
    assert!(!client.poll(0).is_empty());
    client.receive(&frames(&[Accepted { request, inputs_crc: 7, operator_overhead: None }.into()]));
    let stop = client.stop();
    assert!(!client.poll(1).is_empty());
    let finished = Finished { request: stop, invocations: 0, end: End::Stopped, dropped: 0 };
    client.receive(FrameBuffer::default().encode(2, &finished.into()).expect("it fits"));
    assert_eq!(
        events(&mut client),
        [Event::Accepted { request, inputs_crc: 7, operator_overhead: None }, Event::Ended { request }]
    );
    assert_eq!((client.running(), client.is_waiting()), (None, false));
}

/// A host that has just come stops what another one has begun: that nothing goes on any more is said by the answer to its stop.
#[test]
fn a_stop_ends_the_run_of_another_host() {
    let mut client = Client::default();
    let stop = client.stop();
    assert!(!client.poll(0).is_empty());
    let end = |request| Finished { request, invocations: 5, end: End::Stopped, dropped: 0 };
    client.receive(&frames(&[end(900).into()]));
    assert!(client.is_waiting());
    assert!(!client.poll(1_000_000).is_empty());
    client.receive(&frames(&[STARTED.into(), end(900).into(), end(stop).into()]));
    assert_eq!((client.running(), client.is_waiting()), (None, false));
}

/// A run that is asked for while another one goes on is refused, and the other one goes on.
#[test]
fn a_busy_board_goes_on_with_its_run() {
    let mut client = Client::default();
    let first = client.run(Run { invocations: 0, ..RUN });
    assert!(!client.poll(0).is_empty());
    client.receive(&frames(&[Accepted { request: first, inputs_crc: 7, operator_overhead: None }.into()]));
    let second = client.run(RUN);
    assert!(!client.poll(1).is_empty());
    let (problem, end) = (Problem::Busy, End::Stopped);
    client.receive(
        &frames(&[
            STARTED.into(),
            Failed { request: second, problem, reason: "a run goes on" }.into(),
            Finished { request: first, invocations: 4, end, dropped: 0 }.into(),
        ])[frame(STARTED).len()..],
    );
    let ends: Vec<_> = events(&mut client).into_iter().skip(1).collect();
    let expected = [
        Event::Failed { request: second, problem, reason: "a run goes on".to_owned() },
        Event::Finished { request: first, invocations: 4, end },
    ];
    assert_eq!(ends, expected);
}

/// Stopped again and again, at once and later, with and without a question before, while the board starts and afterwards.
#[test]
fn a_run_without_end_is_stopped() {
    for round in 0..60 {
        let mut bench = Bench::new(Some(MODEL), 200_000, NONE, 3);
        if round % 3 == 1 {
            bench.client.ask();
            bench.wait_for(|event| matches!(event, Event::Ready(_)).then_some(()));
        }
        let request = bench.client.run(Run { invocations: 0, interval_micros: 2000, ..RUN });
        for _ in 0..round % 4 {
            bench.wait_for(|event| matches!(event, Event::Invocation(_)).then_some(()));
        }
        bench.client.stop();
        let end = bench.wait_for(|event| match event {
            Event::Finished { request, end, .. } => Some((request, end)),
            _ => None,
        });
        assert_eq!(end, (request, End::Stopped), "round {round}");
        assert_eq!((bench.client.running(), bench.client.is_waiting()), (None, false));
    }
}

/// Conversations of all kinds over all kinds of lines; `core/fuzz` looks for more of them.
#[test]
fn conversations_come_to_an_end() {
    conversation::converse(&[]);
    let mut generator = Generator::new(77);
    for _ in 0..400 {
        let n_bytes = generator.step() as usize % 600;
        let script: Vec<u8> = (0..n_bytes).map(|_| (generator.step() >> 9) as u8).collect();
        conversation::converse(&script);
    }
}
