//! The board's side, on lines that a test has written.

use std::collections::VecDeque;

use crate::interpreter::Interpreter;
use crate::link::messages::{
    Ask, Choose, End, Mode, NO_OPERATOR, OperatorTime, OutputChecksum, Place, Problem, Put, Run, Sample,
    Source, Stop, Target, Unit,
};
use crate::link::{About, Board, Decoder, FrameBuffer, Item, Message, PROTOCOL, Stack, crc32, serve};
use crate::prepare::Semantics;
use crate::random_inputs::{Generator, fill};
use crate::registry::Registry;
use crate::schema::{BuiltinOperator, TensorType};
use crate::test_support::{AlignedBytes, Random, TestModel, Value, aligned};

const ABOUT: About<'static> = About {
    firmware: "test",
    version: "1.2.3",
    build: "sources 0123",
    chip: "none",
    reset_reason: "power",
    unit: Unit::Cycles,
    has_micros: true,
    clock_hz: 160_000_000,
};

/// A board whose host says everything at once, or each thing after so many readings of the line.
#[derive(Default)]
struct Scripted {
    incoming: VecDeque<(u64, Vec<u8>)>,
    outgoing: Vec<u8>,
    clock: u64,
    /// The line takes nothing.
    is_full: bool,
    /// The line takes so many bytes at once.
    at_once: usize,
    idle_rounds: u32,
    /// Cycles of a reading of the counter; 0 for 3.
    reading_cycles: u64,
}

impl Board for Scripted {
    fn cycles(&mut self) -> u32 {
        self.clock += if self.reading_cycles > 0 { self.reading_cycles } else { 3 };
        (self.clock + 0xffff_ff00) as u32
    }
    fn micros(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
    fn read(&mut self, bytes: &mut [u8]) -> usize {
        self.clock += 1;
        let Some((from, first)) = self.incoming.front_mut() else { return 0 };
        if *from > self.clock {
            return 0;
        }
        let count = bytes.len().min(first.len()).min(7);
        bytes[..count].copy_from_slice(&first[..count]);
        first.drain(..count);
        if first.is_empty() {
            self.incoming.pop_front();
        }
        count
    }
    fn write(&mut self, bytes: &[u8]) -> usize {
        let count = if self.is_full { 0 } else { bytes.len().min(self.at_once) };
        self.outgoing.extend_from_slice(&bytes[..count]);
        count
    }
    fn stack(&self) -> Option<Stack> {
        Some(Stack { bytes: 9000, used: 1234 })
    }
    fn flash_mode(&self) -> &'static str {
        "dio"
    }
    fn is_open(&self) -> bool {
        !self.incoming.is_empty() || self.idle_rounds < 3
    }
    fn idle(&mut self) {
        self.clock += 100;
        self.idle_rounds += u32::from(self.incoming.is_empty());
    }
}

/// Frames of the host, one behind the other.
struct Host(Vec<u8>, u16);

impl Host {
    fn new() -> Self {
        Self(Vec::new(), 0)
    }

    fn say<'m>(mut self, message: impl Into<Message<'m>>) -> Self {
        let mut buffer = FrameBuffer::default();
        self.0.extend_from_slice(buffer.encode(self.1, &message.into()).expect("it fits"));
        self.1 += 1;
        self
    }
}

/// Serves what the host says; the messages of the board as text, and as bytes with kinds.
fn talk(window: Option<&[u8]>, memory_bytes: usize, incoming: Vec<(u64, Vec<u8>)>) -> Answers {
    let board = Scripted { incoming: incoming.into(), at_once: 11, ..Scripted::default() };
    serve_scripted(board, window, memory_bytes)
}

fn serve_scripted(mut board: Scripted, window: Option<&[u8]>, memory_bytes: usize) -> Answers {
    let mut memory = vec![0xa5u8; memory_bytes];
    serve(&mut board, &ABOUT, &mut memory, window, &Registry::default());
    let mut decoder = Decoder::default();
    let mut bytes = board.outgoing.as_slice();
    let mut frames = Vec::new();
    while let Some(item) = decoder.next(&mut bytes) {
        let Item::Frame(frame) = item else { panic!("{item:?}") };
        frames.push((frame.kind, frame.payload.to_vec()));
    }
    assert_eq!(decoder.counters().lost, 0);
    Answers(frames)
}

struct Answers(Vec<(u8, Vec<u8>)>);

impl Answers {
    fn all(&self) -> Vec<Message<'_>> {
        self.0
            .iter()
            .map(|(kind, payload)| Message::decode(*kind, payload).expect("the board's own"))
            .collect()
    }

    fn samples(&self) -> Vec<Sample> {
        let sample = |message| match message {
            Message::Sample(sample) => Some(sample),
            _ => None,
        };
        self.all().into_iter().filter_map(sample).collect()
    }

    fn problems(&self) -> Vec<(u16, Problem, String)> {
        let problem = |message| match message {
            Message::Failed(failed) => Some((failed.request, failed.problem, failed.reason.to_owned())),
            _ => None,
        };
        self.all().into_iter().filter_map(problem).collect()
    }
}

/// ABS behind NEG on int32, or float.
fn model(n_operators: usize) -> AlignedBytes {
    let mut model = TestModel::default();
    let ids: Vec<i32> = (0..=n_operators).map(|_| model.tensor(TensorType::Float32, &[1, 30])).collect();
    for pair in ids.windows(2) {
        model.operator(BuiltinOperator::NEG, ("NegOptions", &[]), &pair[..1], &pair[1..]);
    }
    aligned(&model.bytes())
}

/// Adds its input to what it has added before: a SUB of a variable would need an assignment, an SVDF has its own.
fn streaming_model() -> AlignedBytes {
    let mut model = TestModel::default();
    let input = model.quantized(TensorType::Int8, &[1, 2], 0.5, 0);
    let features = model.constant(TensorType::Int8, &[2, 2], &[3i8, -4, 5, 6]);
    model.quantize(features, &[0.5], &[0], 0);
    let time = model.constant(TensorType::Int16, &[2, 3], &[100i16, 200, -300, 50, 60, 70]);
    model.quantize(time, &[0.25], &[0], 0);
    let bias = model.constant(TensorType::Int32, &[2], &[10i32, -20]);
    model.quantize(bias, &[0.125], &[0], 0);
    let state = model.quantized(TensorType::Int16, &[1, 6], 0.5, 0);
    model.make_variable(state);
    let output = model.quantized(TensorType::Int8, &[1, 2], 4.0, 0);
    model.operator(
        BuiltinOperator::SVDF,
        ("SVDFOptions", &[("rank", Value::Int(1)), ("fused_activation_function", Value::Int(1))]),
        &[input, features, time, bias, state],
        &[output],
    );
    aligned(&model.bytes())
}

const RUN: Run = Run {
    request: 7,
    mode: Mode::Invocations,
    source: Source::Random,
    reset: 0,
    outputs: 0,
    invocations: 3,
    interval_micros: 0,
    seed: 5,
    subgraph: NO_OPERATOR,
    operator: NO_OPERATOR,
};

/// The input of seed 5 and what comes out of a run, computed without the link.
fn expected(file: &AlignedBytes) -> (Vec<u8>, Vec<u8>) {
    let mut arena = vec![0; 100_000];
    let registry = Registry::default();
    let mut interpreter =
        Interpreter::prepare(file.as_bytes(), &mut arena, Semantics::Tflm, &registry).unwrap();
    let ty = interpreter.input_tensor(0).unwrap().ty;
    fill(interpreter.input_bytes(0), ty, &mut Generator::new(5), (-1.0, 1.0));
    let input = interpreter.input_bytes(0).to_vec();
    interpreter.invoke(&mut ()).unwrap();
    (input, interpreter.output_bytes(0).to_vec())
}

#[test]
fn a_board_says_what_it_is() {
    let file = model(2);
    let host = Host::new().say(Ask { request: 9, protocol: PROTOCOL });
    let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, host.0)]);
    let all = answers.all();
    let [Message::Started(started), Message::Ready(_), Message::Hello(hello), Message::Ready(ready)] =
        all[..]
    else {
        panic!("{all:?}")
    };
    assert_eq!((started.protocol, started.reason), (PROTOCOL, "power"));
    assert_eq!((hello.request, hello.firmware, hello.version, hello.chip), (9, "test", "1.2.3", "none"));
    assert_eq!((hello.clock_hz, hello.overhead_cycles, hello.dropped), (160_000_000, 3, 0));
    assert_eq!(
        (hello.stack_bytes, hello.stack_used, hello.flash_mode),
        (Some(9000), Some(1234), Some("dio"))
    );
    assert_eq!((ready.request, ready.place, ready.n_operators, ready.n_subgraphs), (9, Place::Window, 2, 1));
    assert_eq!((ready.model_bytes, ready.model_crc), (file.as_bytes().len() as u32, crc32(file.as_bytes())));
    assert_eq!((ready.input_bytes, ready.output_bytes, ready.n_inputs, ready.n_outputs), (120, 120, 1, 1));
    assert!(ready.arena_minimum <= ready.arena_given && ready.arena_given < 40_000);
}

#[test]
fn invocations_are_counted_and_measured() {
    let file = model(2);
    let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, Host::new().say(RUN).0)]);
    let (input, output) = expected(&file);
    let all = answers.all();
    let Some(Message::Accepted(accepted)) = all.get(2) else { panic!("{all:?}") };
    assert_eq!((accepted.request, accepted.inputs_crc), (7, crc32(&input)));
    let samples = answers.samples();
    assert_eq!(samples.len(), 3);
    for (index, sample) in samples.iter().enumerate() {
        assert_eq!((sample.request, sample.invocation), (7, index as u32));
        assert_eq!((sample.outputs_crc, sample.n_records), (crc32(&output), 0));
        // The first one shows that invocations are short; the others are measured with nothing between.
        assert_eq!(sample.observed, u8::from(index == 0));
        assert!(sample.cycles < 100, "{sample:?}");
    }
    assert_eq!(samples[1].cycles, 0, "a counter that only counts readings shows that none is in between");
    let Some(Message::Finished(finished)) = all.last() else { panic!("{all:?}") };
    assert_eq!((finished.request, finished.invocations, finished.end), (7, 3, End::Done));
}

#[test]
fn operators_are_measured_each() {
    let file = model(40);
    let run = Run { mode: Mode::Operators, invocations: 1, ..RUN };
    let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, Host::new().say(run).0)]);
    let mut records: Vec<OperatorTime> = Vec::new();
    for message in answers.all() {
        if let Message::Operators(operators) = message {
            assert_eq!(operators.first as usize, records.len());
            records.extend(operators.records.iter());
        }
    }
    assert_eq!(records.len(), 40);
    assert!(records.iter().enumerate().all(|(index, record)| usize::from(record.operator) == index));
    // The counter counts its readings: one for each operator, which is what looking costs.
    assert!(records.iter().all(|record| (record.calls, record.cycles) == (1, 0)), "{records:?}");
    let overheads: Vec<_> = answers
        .all()
        .into_iter()
        .filter_map(|message| match message {
            Message::Accepted(accepted) => Some(accepted.operator_overhead),
            _ => None,
        })
        .collect();
    assert_eq!(overheads, [Some(3)]);
    assert_eq!((answers.samples()[0].n_records, answers.samples()[0].cycles), (40, 0));
}

#[test]
fn checksums_and_bytes_are_those_of_the_host() {
    let file = model(2);
    let run = Run { mode: Mode::Bytes, invocations: 1, operator: 1, outputs: 1, ..RUN };
    let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, Host::new().say(run).0)]);
    let (input, output) = expected(&file);
    let negated: Vec<u8> = input.chunks(4).flat_map(|b| [b[0], b[1], b[2], b[3] ^ 0x80]).collect();
    let (mut records, mut written, mut outputs): (Vec<OutputChecksum>, Vec<u8>, Vec<u8>) = Default::default();
    for message in answers.all() {
        match message {
            Message::Checksums(checksums) => records.extend(checksums.records.iter()),
            Message::Written(part) => {
                assert_eq!((part.record, part.total, part.offset), (1, 120, written.len() as u32));
                written.extend_from_slice(part.bytes);
            }
            Message::Output(part) => outputs.extend_from_slice(part.bytes),
            _ => (),
        }
    }
    assert_eq!(
        records.iter().map(|record| record.crc).collect::<Vec<_>>(),
        [crc32(&negated), crc32(&output)]
    );
    assert_eq!((written, outputs), (output.clone(), output));
    assert_eq!(answers.samples()[0].n_records, 2);
}

fn put(host: Host, request: u16, target: Target, whole: &[u8], part_bytes: usize) -> Host {
    let mut offset = 0;
    whole.chunks(part_bytes).fold(host, |host, bytes| {
        let put = Put { request, target, offset, total: whole.len() as u32, bytes };
        offset += bytes.len() as u32;
        host.say(put)
    })
}

#[test]
fn given_inputs_are_used_in_every_invocation() {
    let file = model(1);
    let input: Vec<u8> = (0..30).flat_map(|index| (index as f32 - 7.5).to_le_bytes()).collect();
    let negated: Vec<u8> = (0..30).flat_map(|index| (7.5 - index as f32).to_le_bytes()).collect();
    let run = Run { source: Source::Given, ..RUN };
    let host = put(Host::new().say(run), 8, Target::Inputs, &input, 50).say(Run { request: 9, ..run });
    let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, host.0)]);
    let missing = (7, Problem::InputsMissing, "0 of 120 bytes of the inputs are there".to_owned());
    assert_eq!(answers.problems(), [missing]);
    assert_eq!(answers.samples().len(), 3);
    assert!(answers.samples().iter().all(|sample| sample.outputs_crc == crc32(&negated)));
    let wrong = put(Host::new(), 8, Target::Inputs, &input[..60], 50);
    let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, wrong.0)]);
    assert_eq!(answers.problems()[0].2, "the inputs of the model have 120 bytes, not 60");
}

#[test]
fn a_model_runs_from_ram() {
    let (file, other) = (model(3), model(2));
    let host = put(Host::new(), 5, Target::Model, file.as_bytes(), 200).say(RUN);
    // Later, because the board is busy while it runs.
    let later = Host(Vec::new(), 50)
        .say(Choose { request: 6, place: Place::Window })
        .say(Choose { request: 10, place: Place::Ram });
    let answers = talk(Some(other.as_bytes()), 40_000, vec![(0, host.0), (50_000, later.0)]);
    let ready: Vec<_> = answers
        .all()
        .into_iter()
        .filter_map(|message| match message {
            Message::Ready(ready) => Some((ready.request, ready.place, ready.n_operators)),
            _ => None,
        })
        .collect();
    assert_eq!(ready, [(0, Place::Window, 2), (5, Place::Ram, 3), (6, Place::Window, 2)]);
    let (_, output) = expected(&file);
    assert!(answers.samples().iter().all(|sample| sample.outputs_crc == crc32(&output)));
    assert_eq!(answers.samples().len(), 3);
    assert!(
        matches!(answers.all().last(), Some(Message::Refused(refused)) if refused.reason == "there is no model")
    );
}

#[test]
fn a_part_that_came_too_early_is_asked_for_again() {
    let file = model(3);
    let bytes = file.as_bytes();
    let part = |offset: usize| Put {
        request: 5,
        target: Target::Model,
        offset: offset as u32,
        total: bytes.len() as u32,
        bytes: &bytes[offset..usize::min(offset + 200, bytes.len())],
    };
    let host = Host::new().say(part(0)).say(part(400)).say(part(200)).say(part(0)).say(part(400));
    let answers = talk(None, 40_000, vec![(0, host.0)]);
    let next: Vec<_> = answers
        .all()
        .into_iter()
        .filter_map(|message| match message {
            Message::Taken(taken) => Some(taken.next),
            _ => None,
        })
        .collect();
    assert_eq!(next, [200, 200, 400, 400, 600]);
}

#[test]
fn models_that_do_not_fit_are_refused_with_figures() {
    let file = model(2);
    let answers = talk(Some(file.as_bytes()), 500, vec![(0, Vec::new())]);
    let all = answers.all();
    let Some(Message::Refused(refused)) = all.last() else { panic!("{all:?}") };
    assert!(refused.needed > refused.given && refused.given <= 500, "{refused:?}");
    assert!(refused.reason.contains("at least"), "{refused:?}");
    let host = put(Host::new(), 5, Target::Model, &[0; 900], 200);
    let answers = talk(Some(file.as_bytes()), 600, vec![(0, host.0)]);
    assert!(answers.problems()[0].2.starts_with("the model has 900 bytes"), "{:?}", answers.problems());
}

/// Whatever a window holds, the board answers.
#[test]
fn broken_models_are_refused() {
    let file = model(3);
    let mut random = Random::new(1);
    let (mut n_ready, mut n_refused) = (0, 0);
    for _ in 0..3000 {
        let mut bytes = file.as_bytes().to_vec();
        for _ in 0..random.between(1, 4) {
            let at = random.next() as usize % bytes.len();
            bytes[at] ^= 1 << (random.next() % 8);
        }
        let run = Run { mode: Mode::Operators, invocations: 1, ..RUN };
        let answers = talk(Some(aligned(&bytes).as_bytes()), 40_000, vec![(0, Host::new().say(run).0)]);
        match answers.all().last() {
            Some(Message::Finished(_)) => n_ready += 1,
            Some(Message::Failed(failed)) if failed.problem == Problem::NoModel => n_refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(n_ready > 100 && n_refused > 100, "{n_ready} {n_refused}");
}

#[test]
fn stop_ends_a_run_without_end() {
    let file = model(2);
    for mode in [Mode::Invocations, Mode::Operators, Mode::Checksums] {
        let run = Run { mode, invocations: 0, interval_micros: 1000, ..RUN };
        let busy = Host::new().say(run).say(Run { request: 8, ..run });
        let stop = Host(Vec::new(), 2).say(Stop { request: 11 });
        let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, busy.0), (100_000, stop.0)]);
        let all = answers.all();
        let Some(Message::Finished(finished)) = all.last() else { panic!("{all:?}") };
        assert_eq!((finished.request, finished.end), (7, End::Stopped));
        let samples = answers.samples();
        assert_eq!(samples.len() as u32, finished.invocations);
        // One every 1000 microseconds of the clock of the test.
        assert!((50..=101).contains(&samples.len()), "{}", samples.len());
        assert_eq!(answers.problems()[0].1, Problem::Busy);
    }
}

#[test]
fn a_run_is_not_run_twice() {
    let file = model(2);
    let host = Host::new().say(RUN).say(RUN).say(RUN);
    let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, host.0)]);
    assert_eq!(answers.samples().len(), 3);
    assert!(answers.problems().is_empty());
}

#[test]
fn state_is_reset_where_asked_for() {
    let file = streaming_model();
    let outputs = |reset: u8| {
        let run = Run { reset, source: Source::Random, invocations: 4, seed: 3, ..RUN };
        let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, Host::new().say(run).0)]);
        answers.samples().iter().map(|sample| sample.outputs_crc).collect::<Vec<_>>()
    };
    let (kept, reset) = (outputs(0), outputs(1));
    assert_eq!((kept.len(), reset.len()), (4, 4));
    assert!(reset.iter().all(|crc| *crc == reset[0]), "{reset:?}");
    assert!(kept[0] == reset[0] && kept[1..].iter().any(|crc| *crc != kept[0]), "{kept:?}");
}

/// A host that does not read holds nothing up, and hears afterwards how much it missed.
#[test]
fn a_full_line_blocks_nothing() {
    let file = model(2);
    let incoming = VecDeque::from([(0, Host::new().say(RUN).0)]);
    let board = Scripted { incoming, is_full: true, at_once: 11, ..Scripted::default() };
    let answers = serve_scripted(board, Some(file.as_bytes()), 40_000);
    assert!(answers.0.is_empty());
}

#[test]
fn what_the_board_does_not_know_is_answered() {
    let mut unknown = Host::new().say(Ask { request: 9, protocol: PROTOCOL }).0;
    // A message of the board is none for it.
    unknown.extend(Host(Vec::new(), 1).say(crate::link::messages::Note { text: "hello" }).0);
    let answers = talk(None, 1000, vec![(0, unknown)]);
    assert_eq!(answers.problems()[0].1, Problem::Unreadable);
}

/// Noise instead of requests, and requests in noise.
#[test]
fn noise_breaks_nothing() {
    let file = model(2);
    let mut random = Random::new(12);
    let mut n_finished = 0;
    for _ in 0..300 {
        let mut line = Vec::new();
        for number in 0..20u16 {
            let noise: Vec<u8> = (0..random.between(1, 60)).map(|_| (random.next() >> 11) as u8).collect();
            let mut frame = match random.next() % 3 {
                0 => Host(Vec::new(), number).say(Run { request: number + 1, ..RUN }).0,
                1 => put(Host(Vec::new(), number), 5, Target::Model, &noise, 40).0,
                _ => put(Host(Vec::new(), number), 6, Target::Inputs, &[1; 120], 60).0,
            };
            if random.next().is_multiple_of(4) {
                frame.truncate(random.next() as usize % frame.len());
            }
            line.extend(frame);
            line.extend(noise);
        }
        let answers = talk(Some(file.as_bytes()), 40_000, vec![(0, line)]);
        n_finished += answers.all().iter().filter(|message| matches!(message, Message::Finished(_))).count();
    }
    // Most runs find a model in RAM that is noise.
    assert!(n_finished > 100, "{n_finished}");
}

/// A host that missed how a run ended hears it again when it stops it.
#[test]
fn a_stop_afterwards_says_how_the_run_ended() {
    let file = model(2);
    let later = |number| Host(Vec::new(), number).say(Stop { request: 20 + number }).0;
    let ask = Host(Vec::new(), 3).say(Ask { request: 30, protocol: PROTOCOL }).0;
    let incoming = vec![(0, Host::new().say(RUN).0), (50_000, later(2)), (60_000, ask), (70_000, later(4))];
    let answers = talk(Some(file.as_bytes()), 40_000, incoming);
    let ends: Vec<_> = answers
        .all()
        .into_iter()
        .filter_map(|message| match message {
            Message::Finished(finished) => Some((finished.request, finished.invocations, finished.end)),
            _ => None,
        })
        .collect();
    let done = (7, 3, End::Done);
    assert_eq!(ends, [done, done, (22, 0, End::Stopped), (24, 0, End::Stopped)]);
}

/// Looking at the line while an invocation goes on is no part of the invocation.
#[test]
fn operators_are_measured_without_looks_at_the_line() {
    let file = model(40);
    let run = Run { mode: Mode::Operators, invocations: 20, ..RUN };
    // Every reading of the counter takes longer than a millisecond, so the line is looked at before every operator.
    let board = Scripted {
        incoming: VecDeque::from([(0, Host::new().say(run).0)]),
        at_once: 255,
        reading_cycles: 200_000,
        ..Scripted::default()
    };
    let answers = serve_scripted(board, Some(file.as_bytes()), 40_000);
    let samples = answers.samples();
    assert_eq!(samples.len(), 20);
    assert!(samples.iter().all(|sample| sample.cycles == 0), "{samples:?}");
}
