//! The board's side of the link in C++, as projects for ESP-IDF have it: it speaks with the app's side over good lines and bad
//! ones, in a process with the address sanitizer.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use emberlab_core::link::{
    Client, End, Event, Invocation, Mismatch, Mode, NO_OPERATOR, Place, Problem, Reference, Run, Source,
    Target, Unit, check_against,
};
use emberlab_core::run::Generator;
use emberlab_runtime::link::messages::{OutputChecksum, Stop};
use emberlab_runtime::link::{Decoder, FrameBuffer, Item, Message, crc32};

use crate::noise::{Faults, NONE, Noise};
use crate::support::is_there;

/// Invocations, and how the run ended.
type Heard = (Vec<Invocation>, Option<(u32, End)>);

const HEADER: &str = include_str!("../../../src/export/esp_idf/templates/emberlab_link.h");
const PROTOCOL: &str = include_str!("../../../../firmware/PROTOCOL.md");

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

/// The program of `board.cc`, compiled once; `None` without a compiler.
fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    if !is_there("g++") {
        return None;
    }
    let core = Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates = core.join("src/export/esp_idf/templates");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.join(format!("emberlab-link-board-{}", std::process::id()));
    let mut gcc = Command::new("g++");
    gcc.args(["-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]);
    gcc.args(["-fno-exceptions", "-fno-rtti", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    gcc.arg("-I").arg(&templates).arg("-o").arg(&program);
    gcc.arg(core.join("tests/export/esp_idf/board.cc")).arg(templates.join("emberlab_link.cc"));
    let output = gcc.output().expect("g++ was just there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(program)
}

/// A board in a process and the app's side of its line.
struct Bench {
    child: Child,
    client: Client,
    to_board: Option<ChildStdin>,
    from_board: Receiver<Vec<u8>>,
    noise: [Noise; 2],
    start: Instant,
}

impl Bench {
    fn new(program: &Path, what: &str, faults: Faults, seed: u32) -> Self {
        let mut child = Command::new(program)
            .arg(what)
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it was just built");
        let mut output = child.stdout.take().expect("a pipe");
        let to_board = child.stdin.take();
        let (sender, from_board) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let noise = [Noise::new(faults, seed), Noise::new(faults, seed + 1)];
        Self { child, client: Client::default(), to_board, from_board, noise, start: Instant::now() }
    }

    fn send(&mut self, bytes: &[u8]) {
        let passed = self.noise[0].pass(bytes);
        let line = self.to_board.as_mut().expect("open until dropped");
        line.write_all(&passed).and_then(|()| line.flush()).expect("the board is there");
    }

    /// Sends what is due and takes in what has arrived.
    fn exchange(&mut self) {
        let bytes = self.client.poll(self.start.elapsed().as_micros() as u64);
        if !bytes.is_empty() {
            self.send(&bytes);
        }
        match self.from_board.recv_timeout(Duration::from_millis(1)) {
            Ok(bytes) => {
                let passed = self.noise[1].pass(&bytes);
                self.client.receive(&passed);
            }
            Err(RecvTimeoutError::Timeout) => (),
            Err(RecvTimeoutError::Disconnected) => panic!("the board is gone"),
        }
    }

    /// What is looked for in the next events.
    fn wait_for<T>(&mut self, mut is_it: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            while let Some(event) = self.client.next_event() {
                if let Some(found) = is_it(event) {
                    return found;
                }
            }
            self.exchange();
        }
    }

    /// All invocations of a run and its end, as far as they arrive. A question now and then finds out about an end that was
    /// lost.
    fn run(&mut self, run: Run) -> Result<Heard, Box<Event>> {
        let request = self.client.run(run);
        let mut invocations = Vec::new();
        let mut quiet_since = Instant::now();
        loop {
            while let Some(event) = self.client.next_event() {
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
                        return Err(Box::new(event));
                    }
                    _ => (),
                }
            }
            if quiet_since.elapsed() > Duration::from_millis(400) && !self.client.is_waiting() {
                self.client.ask();
                quiet_since = Instant::now();
            }
            self.exchange();
        }
    }

    /// What a run says that is refused or cannot be carried out.
    fn failure(&mut self, run: Run) -> (Problem, String) {
        self.client.run(run);
        self.wait_for(|event| match event {
            Event::Failed { problem, reason, .. } => Some((problem, reason)),
            _ => None,
        })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.to_board = None;
        // The board ends with its line; the sanitizers make every fault another end.
        let status = self.child.wait();
        assert!(std::thread::panicking() || status.is_ok_and(|status| status.success()), "the board failed");
    }
}

/// Inputs of the toy model: 37 bytes, 5 floats, 6 numbers of 16 bits.
const N_INPUT_BYTES: usize = 37 + 20 + 12;

fn random_inputs(seed: u32) -> Vec<u8> {
    let mut generator = Generator::new(seed);
    let mut bytes: Vec<u8> = (0..37).map(|_| generator.step() as u8).collect();
    for _ in 0..5 {
        let value = -1.0 + 2.0 * (generator.step() >> 16) as f32 / 65536.0;
        bytes.extend(value.to_le_bytes());
    }
    for _ in 0..6 {
        bytes.extend((generator.step() as u16).to_le_bytes());
    }
    bytes
}

/// What the toy model computes, by the words of its source.
fn reference(inputs: &[u8], has_branch: bool, state: u8) -> Reference {
    let changed: Vec<u8> = inputs[..37].iter().map(|byte| byte ^ 0x5a).collect();
    let branched: Vec<u8> = changed.iter().map(|byte| byte ^ if has_branch { 0x11 } else { 0 }).collect();
    let sum = |(index, byte): (usize, &u8)| byte.wrapping_add(index as u8).wrapping_add(state);
    let added: Vec<u8> = branched.iter().enumerate().map(sum).collect();
    let mut large = vec![0x33; 600];
    large[..32].copy_from_slice(&inputs[37..]);
    let record = |subgraph, operator, tensor, bytes: &[u8]| OutputChecksum {
        subgraph,
        operator,
        tensor,
        n_bytes: bytes.len() as u32,
        crc: crc32(bytes),
    };
    let mut checksums = vec![record(0, 0, 3, &changed)];
    if has_branch {
        checksums.push(record(1, 0, 1, &branched));
    }
    checksums.extend([record(0, 1, 4, &added), record(0, 2, 5, &large)]);
    Reference { inputs_crc: crc32(inputs), outputs_crc: crc32(&[added, large].concat()), checksums }
}

/// The table of the protocol and that of the header name the same messages and values.
#[test]
fn the_header_has_every_message_and_value() {
    let camel = |name: &str| format!("k{name}");
    for (name, kind, _) in Message::TABLE {
        let line = format!("  {} = {kind:#04x},\n", camel(name));
        assert!(HEADER.contains(&line), "{line}");
    }
    let values = PROTOCOL.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [name, value, meaning] = cells.as_slice() else { return None };
        value.parse::<u8>().ok().map(|value| (*name, value, *meaning))
    });
    let mut n_values = 0;
    for (name, value, meaning) in values {
        let start = HEADER.find(&format!("enum class {name} : std::uint8_t {{")).expect(name);
        let text = &HEADER[start..start + HEADER[start..].find("};").expect("an end")];
        let entry = format!("k{meaning} = {value}");
        assert!(
            text.contains(&format!("{entry},")) || text.contains(&format!("{entry} ")),
            "{name}: {entry}"
        );
        n_values += 1;
    }
    assert_eq!(n_values, 22);
    for part in ["kMaxPayload = 244;", "kMaxFrame = 255;", "kProtocol = 1;", "kNoOperator = 65535;"] {
        assert!(HEADER.contains(part), "{part}");
    }
}

/// The frames that the protocol's description gives, read and written; computed by another program than ours.
#[test]
fn test_vectors_are_read_and_written() {
    let Some(program) = program() else { return };
    let vectors: Vec<&str> = PROTOCOL.lines().filter_map(|line| line.strip_prefix("    00 ff ")).collect();
    assert_eq!(vectors.len(), 3);
    let byte = |text: &str| u8::from_str_radix(text, 16).expect("hexadecimal");
    let mut child = Command::new(program)
        .arg("vectors")
        .env("ASAN_OPTIONS", "detect_leaks=0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was just built");
    let mut input = child.stdin.take().expect("a pipe");
    for vector in &vectors {
        let bytes: Vec<u8> = [0, 0xff].into_iter().chain(vector.split_whitespace().map(byte)).collect();
        // Text before it, the frame twice, and once with a changed bit.
        let mut changed = bytes.clone();
        changed[5] ^= 0x10;
        input.write_all(&[b"boot\n", &bytes[..], &bytes[..], &changed[..]].concat()).expect("it is read");
    }
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).expect("text");
    let expected = [
        "frame 0 kind 01 01 00 01".to_owned(),
        "frame 1 kind 02 34 12 01 02 01 00 0a 00 00 00 00 00 00 00 07 00 00 00 ff ff ff ff".to_owned(),
        "frame 256 kind 8d 07 70 75 6d 70 20 6f 6e".to_owned(),
        format!("sent 00 ff {}", vectors[0]),
        format!("sent 00 ff {}", vectors[1]),
        format!("sent 00 ff {}", vectors[2]),
    ];
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[..6], expected);
    assert!(lines[6].contains(" 8d 03 61 c3 a4 "), "a text is cut between characters: {said}");
}

#[test]
fn a_board_does_all_that_it_is_asked_to() {
    let Some(program) = program() else { return };
    for (what, has_branch) in [("one", false), ("two", true)] {
        let mut bench = Bench::new(program, what, NONE, 1);
        bench.client.ask();
        bench.wait_for(|event| {
            (event == Event::Started { reason: "start of the test".to_owned() }).then_some(())
        });
        let board = bench.wait_for(|event| match event {
            Event::Board(board) => Some(board),
            _ => None,
        });
        assert_eq!((board.protocol, board.running, board.unit), (1, 0, Unit::Nanoseconds));
        assert_eq!((board.firmware.as_str(), board.version.as_str()), ("a test", "1.2.3"));
        assert_eq!((board.build.as_str(), board.chip.as_str()), ("g++ and nothing else", "process"));
        assert_eq!((board.memory_bytes, board.has_micros, board.clock_hz, board.dropped), (1234, true, 0, 0));
        let model = bench.wait_for(|event| match event {
            Event::Ready(model) => Some(model),
            _ => None,
        });
        assert_eq!((model.place, model.model_bytes), (Place::Window, 20));
        assert_eq!(model.model_crc, crc32(b"a model of no format"));
        assert_eq!((model.arena_used, model.arena_minimum, model.arena_given), (100, 112, 128));
        assert_eq!((model.n_inputs, model.n_outputs), (3, 2));
        assert_eq!((model.n_operators, model.n_subgraphs), if has_branch { (4, 2) } else { (3, 1) });
        assert_eq!((model.input_bytes, model.output_bytes), (N_INPUT_BYTES as u32, 637));

        let expected = reference(&random_inputs(RUN.seed), has_branch, 0);
        for mode in [Mode::Invocations, Mode::Operators, Mode::Checksums, Mode::Bytes] {
            let (invocations, end) = bench.run(Run { mode, outputs: 1, ..RUN }).expect("it runs");
            assert_eq!((end, invocations.len()), (Some((5, End::Done)), 5));
            for (number, invocation) in invocations.iter().enumerate() {
                assert_eq!((invocation.number as usize, invocation.is_whole), (number, true));
                assert_eq!(check_against(&expected, invocation), None, "{mode:?}");
                let sample = invocation.sample.expect("it is whole");
                // The first one shows that invocations are short; with subgraphs none is.
                let is_measured_only = mode == Mode::Invocations && number > 0 && !has_branch;
                assert_eq!(sample.observed, u8::from(!is_measured_only));
                let n_operators = if mode == Mode::Operators { usize::from(model.n_operators) } else { 0 };
                assert_eq!(invocation.operators.len(), n_operators);
                assert!(invocation.operators.iter().all(|operator| operator.calls == 1));
                let n_checksums =
                    if matches!(mode, Mode::Checksums | Mode::Bytes) { expected.checksums.len() } else { 0 };
                assert_eq!(invocation.checksums.len(), n_checksums);
                let n_written = if mode == Mode::Bytes { n_checksums } else { 0 };
                assert_eq!(invocation.written.len(), n_written);
                for (record, bytes) in &invocation.written {
                    let crc = crc32(bytes.as_ref().expect("it is whole"));
                    assert_eq!(crc, expected.checksums[*record as usize].crc);
                }
                let outputs: Vec<u8> = invocation.outputs.values().flatten().flatten().copied().collect();
                assert_eq!(crc32(&outputs), expected.outputs_crc);
            }
        }
        let one = Run { mode: Mode::Bytes, invocations: 1, subgraph: 0, operator: 1, ..RUN };
        let (invocations, _) = bench.run(one).expect("it runs");
        let records: Vec<u32> = invocations[0].written.keys().copied().collect();
        assert_eq!(records, [if has_branch { 2 } else { 1 }], "only the operator that was chosen");
        assert_eq!(bench.client.counters().lost, 0);
    }
}

#[test]
fn inputs_come_over_the_line_and_state_stays_without_a_reset() {
    let Some(program) = program() else { return };
    let mut bench = Bench::new(program, "one", NONE, 1);
    let given = Run { source: Source::Given, invocations: 1, ..RUN };
    let missing = bench.failure(given);
    assert_eq!(missing, (Problem::InputsMissing, "0 of 69 bytes of the inputs are there".to_owned()));
    let inputs: Vec<u8> = (0..N_INPUT_BYTES).map(|index| (index * 31) as u8).collect();
    bench.client.send(Target::Inputs, inputs[1..].into());
    let wrong = bench.wait_for(|event| match event {
        Event::Failed { problem, reason, .. } => Some((problem, reason)),
        _ => None,
    });
    assert_eq!(wrong, (Problem::WrongInputs, "the inputs of the model have 69 bytes, not 68".to_owned()));
    bench.client.send(Target::Inputs, inputs.as_slice().into());
    let mut text = None;
    let run = Run { mode: Mode::Checksums, reset: 0, invocations: 3, ..given };
    // The reset of an earlier run is still in force for the first one.
    let (invocations, _) = bench.run(run).expect("it runs");
    for (invocation, state) in invocations.iter().zip(0..) {
        assert_eq!(check_against(&reference(&inputs, false, state), invocation), None);
    }
    let without_state = check_against(&reference(&inputs, false, 0), &invocations[1]);
    assert!(matches!(without_state, Some(Mismatch::Operator { .. })), "state makes a difference");
    // The program says something of its own about inputs that came over the line, as plain text between frames.
    bench.client.ask();
    let expected = format!("given: {}", inputs[0] ^ 0x5a);
    bench.client.run(given);
    bench.wait_for(|event| {
        if let Event::Text(line) = event {
            text = (line == expected).then_some(line).or(text.take());
        }
        text.clone()
    });
    bench.client.send(Target::Model, inputs.as_slice().into());
    let refused = bench.wait_for(|event| match event {
        Event::Failed { problem, reason, .. } => Some((problem, reason)),
        _ => None,
    });
    assert!(refused.0 == Problem::TooLarge && refused.1.contains("export another project"), "{refused:?}");
    bench.client.choose(Place::Ram);
    let refusal = bench.wait_for(|event| match event {
        Event::Refused(refusal) => Some(refusal),
        _ => None,
    });
    assert_eq!((refusal.place, refusal.model_bytes), (Place::Ram, 0));
    bench.client.choose(Place::Window);
    bench.wait_for(|event| matches!(event, Event::Ready(_)).then_some(()));
}

#[test]
fn a_run_can_be_stopped_and_keeps_its_beat() {
    let Some(program) = program() else { return };
    let mut bench = Bench::new(program, "one", NONE, 1);
    // A run that is sent before the board says that it has started is none.
    bench.client.ask();
    bench.wait_for(|event| matches!(event, Event::Board(_)).then_some(()));
    let request = bench.client.run(Run { invocations: 0, interval_micros: 2_000, ..RUN });
    let mut n_heard = 0;
    bench.wait_for(|event| {
        n_heard += u32::from(matches!(event, Event::Invocation(_)));
        (n_heard == 10).then_some(())
    });
    bench.client.ask();
    let board = bench.wait_for(|event| match event {
        Event::Board(board) => Some(board),
        Event::Invocation(_) => {
            n_heard += 1;
            None
        }
        _ => None,
    });
    assert_eq!(board.running, request, "questions are answered during a run");
    bench.client.stop();
    let (done, end) = bench.wait_for(|event| match event {
        Event::Finished { invocations, end, .. } => Some((invocations, end)),
        Event::Invocation(invocation) => {
            n_heard += 1;
            assert!(invocation.is_whole);
            None
        }
        _ => None,
    });
    assert_eq!((done, end), (n_heard, End::Stopped));
    // Nothing goes on: the answer has the number of the request.
    bench.client.stop();
    while bench.client.is_waiting() {
        bench.exchange();
    }
    assert_eq!(bench.client.running(), None);
}

/// A program that runs the model itself: a host need not wait for that with anything but results.
#[test]
fn a_board_that_is_busy_with_its_own_samples_answers_at_once() {
    let Some(program) = program() else { return };
    let mut bench = Bench::new(program, "busy", NONE, 1);
    bench.client.ask();
    bench.wait_for(|event| matches!(event, Event::Board(board) if board.running == 0).then_some(()));
    let accepted = |bench: &mut Bench, run| {
        let request = bench.client.run(run);
        bench.wait_for(|event| match event {
            Event::Accepted { request: number, inputs_crc, .. } if number == request => {
                Some(Ok((request, inputs_crc)))
            }
            Event::Failed { .. } | Event::Unanswered { .. } => Some(Err(Box::new(event))),
            _ => None,
        })
    };
    // Inputs come, too, and what is missing is missed now.
    let given = Run { source: Source::Given, mode: Mode::Checksums, invocations: 2, reset: 1, ..RUN };
    let missing = accepted(&mut bench, given);
    let missing = missing.expect_err("no inputs were sent");
    assert!(matches!(*missing, Event::Failed { problem: Problem::InputsMissing, .. }), "{missing:?}");
    let inputs: Vec<u8> = (0..N_INPUT_BYTES).map(|index| (index * 31) as u8).collect();
    bench.client.send(Target::Inputs, inputs.as_slice().into());
    bench.wait_for(|event| matches!(event, Event::Sent { sent, .. } if sent == N_INPUT_BYTES).then_some(()));

    // A run that waits is one that goes on: it can be stopped, and keeps others from beginning.
    let (request, inputs_crc) = accepted(&mut bench, RUN).expect("it is accepted");
    assert_eq!(inputs_crc, crc32(&random_inputs(RUN.seed)));
    bench.client.ask();
    let running = bench.wait_for(|event| match event {
        Event::Board(board) => Some(board.running),
        _ => None,
    });
    assert_eq!(running, request);
    let other = accepted(&mut bench, RUN).expect_err("one run at a time");
    assert!(matches!(*other, Event::Failed { problem: Problem::Busy, .. }), "{other:?}");
    bench.client.stop();
    let stopped = bench.wait_for(|event| match event {
        Event::Finished { request, invocations, end } => Some((request, invocations, end)),
        _ => None,
    });
    assert_eq!(stopped, (request, 0, End::Stopped));

    // The next one is done when the program is through.
    let (request, inputs_crc) = accepted(&mut bench, given).expect("it is accepted");
    assert_eq!(inputs_crc, crc32(&inputs));
    bench.send(b"\0go");
    let expected = reference(&inputs, false, 0);
    let mut n_right = 0;
    let finished = bench.wait_for(|event| match event {
        Event::Invocation(invocation) => {
            assert_eq!((invocation.request, check_against(&expected, &invocation)), (request, None));
            n_right += 1;
            None
        }
        Event::Finished { request, invocations, end } => Some((request, invocations, end)),
        _ => None,
    });
    assert_eq!((finished, n_right), ((request, 2, End::Done), 2));
}

/// A host that stops what is over has missed that it is: a stop brings the end of the last run once more.
#[test]
fn a_stop_says_again_how_the_last_run_ended() {
    let Some(program) = program() else { return };
    let mut bench = Bench::new(program, "one", NONE, 1);
    let mut decoder = Decoder::default();
    let mut ends = |bench: &mut Bench, sequence, message: Message<'_>, wanted: usize| {
        let frame = FrameBuffer::default().encode(sequence, &message).expect("it fits").to_vec();
        bench.send(&frame);
        let mut found = Vec::new();
        while found.len() < wanted {
            let bytes = bench.from_board.recv_timeout(Duration::from_secs(20)).expect("an answer");
            let mut rest = bytes.as_slice();
            while let Some(item) = decoder.next(&mut rest) {
                let Item::Frame(frame) = item else { continue };
                if let Ok(Message::Finished(finished)) = Message::decode(frame.kind, frame.payload) {
                    found.push((finished.request, finished.invocations, finished.end));
                }
            }
        }
        found
    };
    assert_eq!(ends(&mut bench, 0, Run { request: 7, ..RUN }.into(), 1), [(7, 5, End::Done)]);
    let again = ends(&mut bench, 1, Stop { request: 8 }.into(), 2);
    assert_eq!(again, [(7, 5, End::Done), (8, 0, End::Stopped)]);
}

#[test]
fn a_board_without_a_model_says_why() {
    let Some(program) = program() else { return };
    let mut bench = Bench::new(program, "refused", NONE, 1);
    bench.client.ask();
    let refusal = bench.wait_for(|event| match event {
        Event::Refused(refusal) => Some(refusal),
        _ => None,
    });
    assert_eq!(
        (refusal.reason.as_str(), refusal.model_bytes, refusal.given),
        ("AllocateTensors failed", 20, 128)
    );
    assert_eq!(bench.failure(RUN).0, Problem::NoModel);
    bench.client.send(Target::Inputs, vec![0; N_INPUT_BYTES].into());
    bench.wait_for(|event| matches!(event, Event::Failed { problem: Problem::NoModel, .. }).then_some(()));
}

/// Lines that lose and change a part of all bytes: everything that is given out is right, and every run comes to an end.
#[test]
fn a_bad_line_loses_results_and_changes_none() {
    let Some(program) = program() else { return };
    let (mut n_whole, mut n_broken, mut n_lost) = (0, 0, 0);
    for seed in 0..6 {
        let has_branch = seed % 2 == 1;
        let expected = reference(&random_inputs(RUN.seed), has_branch, 0);
        let faults = Faults { lost: 40, changed: 40, cut: 8 };
        let mut bench = Bench::new(program, if has_branch { "two" } else { "one" }, faults, 200 + seed);
        for mode in [Mode::Operators, Mode::Checksums, Mode::Bytes] {
            match bench.run(Run { mode, outputs: 1, invocations: 40, ..RUN }) {
                Ok((invocations, _)) => {
                    for invocation in invocations {
                        if !invocation.is_whole {
                            n_broken += 1;
                            continue;
                        }
                        n_whole += 1;
                        assert_eq!(check_against(&expected, &invocation), None);
                    }
                }
                // Every try was lost: said, not hung.
                Err(event) if matches!(*event, Event::Unanswered { .. }) => n_broken += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        n_lost += bench.client.counters().lost;
    }
    assert!(n_whole > 100 && n_broken > 3 && n_lost > 30, "{n_whole} {n_broken} {n_lost}");
}

/// Whatever arrives, the board goes on, and the sanitizers find nothing.
#[test]
fn a_board_survives_any_bytes() {
    let Some(program) = program() else { return };
    let mut bench = Bench::new(program, "one", NONE, 1);
    let mut generator = Generator::new(11);
    let mut bytes = Vec::new();
    while bytes.len() < 300_000 {
        // Zeros and marks are common, so that frames of all lengths begin and end.
        match generator.step() % 40 {
            0 => bytes.extend([0, 0xff]),
            1 => bytes.push(0),
            _ => bytes.push(generator.step() as u8),
        }
        // Whole frames with any kind and fields.
        if generator.step().is_multiple_of(50) {
            let n_fields = generator.step() as usize % 30;
            let mut content: Vec<u8> = vec![generator.step() as u8, 0, generator.step() as u8 % 8];
            content.extend((0..n_fields).map(|_| generator.step() as u8 & generator.step() as u8));
            // A run without end would answer nothing else than a stop.
            if content[2] == 2 {
                content.truncate(9);
            }
            content.extend(crc32(&content).to_le_bytes());
            bytes.extend([0, 0xff]);
            bytes.extend(cobs(&content));
            bytes.push(0);
        }
    }
    for part in bytes.chunks(1000) {
        bench.send(part);
        while bench.from_board.try_recv().is_ok() {}
    }
    bench.client = Client::default();
    bench.client.ask();
    bench.wait_for(|event| matches!(event, Event::Board(_)).then_some(()));
}

/// COBS, written from its definition: groups that end before a 0, each behind its length and one.
fn cobs(content: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    for group in content.split(|byte| *byte == 0) {
        encoded.push(group.len() as u8 + 1);
        encoded.extend(group);
    }
    encoded
}
