//! A run: invocations one after the other, and what is sent of each.

use super::observers::{Checks, Overhead, Times, Watch, send_parts};
use super::session::{CALLS, CYCLES, Session};
use super::wire::{Request, Wire};
use super::{About, Board, Choose};
use crate::link::checksum::Crc32;
use crate::link::fields::{ListBuffer, Record as _};
use crate::link::frame::MAX_PAYLOAD;
use crate::link::messages::{
    Accepted, End, Failed, Finished, Mode, OperatorTime, Operators, Output, Problem, Run, Sample, Source,
    Unit,
};
use crate::link::text::TextBuffer;
use crate::random_inputs::{Generator, fill};

/// An invocation that takes longer is looked at while it runs, so that a stop is heard.
const LONG_MICROS: u64 = 50_000;
/// The most bytes of records of operators, so that the message fits into a frame.
const MAX_RECORDS_BYTES: usize = MAX_PAYLOAD - 10;
/// Range of random floats.
const FLOAT_RANGE: (f32, f32) = (-1.0, 1.0);

/// Does what the request asks for, and says so.
pub(super) fn run<B: Board>(wire: &mut Wire<'_, B>, session: &mut Session<'_>, run: &Run) {
    if let Some(last) = wire.last.filter(|last| last.request == run.request) {
        // The host asked again because it missed our answers.
        wire.send(last);
        return;
    }
    if run.source == Source::Given && session.n_staged < session.staged.len() {
        let (here, all) = (session.n_staged, session.staged.len());
        let reason = TextBuffer::<120>::new(format_args!("{here} of {all} bytes of the inputs are there"));
        let (request, problem) = (run.request, Problem::InputsMissing);
        wire.send(Failed { request, problem, reason: reason.as_str() });
        return;
    }
    fill_inputs(session, run);
    let mut inputs_crc = Crc32::default();
    for index in 0..session.interpreter.n_inputs() {
        inputs_crc.update(session.interpreter.input_bytes(index));
    }
    let overhead =
        if run.mode == Mode::Operators { Times::overhead(wire, session) } else { Overhead::default() };
    let (inputs_crc, operator_overhead) = (inputs_crc.value(), Some(overhead.operator));
    wire.accepted = Accepted { request: run.request, inputs_crc, operator_overhead };
    wire.running = run.request;
    wire.send(wire.accepted);
    let (invocations, end) = invocations(wire, session, run, overhead);
    wire.running = 0;
    let finished = Finished { request: run.request, invocations, end, dropped: wire.dropped() };
    wire.last = Some(finished);
    wire.send(finished);
}

/// Runs the invocations; how many were whole, and why no more came.
fn invocations<B: Board>(
    wire: &mut Wire<'_, B>,
    session: &mut Session<'_>,
    run: &Run,
    overhead: Overhead,
) -> (u32, End) {
    let interval = u64::from(run.interval_micros);
    let mut due = wire.micros();
    let mut done = 0u32;
    while run.invocations == 0 || done < run.invocations {
        let late_micros = loop {
            if wire.is_to_stop(run.request) {
                return (done, End::Stopped);
            }
            let now = wire.micros();
            if interval == 0 {
                break 0;
            }
            if now >= due {
                break now - due;
            }
            wire.idle();
        };
        // Beats that were missed are left out, so that no burst follows.
        due += interval * (1 + late_micros.checked_div(interval).unwrap_or(0));
        if !invoke(wire, session, run, overhead, done, late_micros) {
            return (done, End::Stopped);
        }
        done = done.wrapping_add(1);
    }
    (done, End::Done)
}

/// One invocation and its results; false if it was stopped.
fn invoke<B: Board>(
    wire: &mut Wire<'_, B>,
    session: &mut Session<'_>,
    run: &Run,
    overhead: Overhead,
    invocation: u32,
    late_micros: u64,
) -> bool {
    if run.reset != 0 {
        session.interpreter.reset();
    }
    fill_inputs(session, run);
    let start_micros = wire.micros();
    let mut n_records = 0;
    let mut observed = 1;
    let (result, cycles) = match run.mode {
        Mode::Invocations if session.is_short() => {
            observed = 0;
            let before = wire.cycles();
            let result = session.interpreter.invoke(&mut ());
            let passed = wire.cycles().wrapping_sub(before).saturating_sub(wire.overhead_cycles());
            (result, u64::from(passed))
        }
        Mode::Invocations => {
            let mut watch = Watch::new(wire, run.request);
            let result = session.interpreter.invoke(&mut watch);
            (result, watch.finish())
        }
        Mode::Operators => {
            session.clear_times();
            let watch = Watch::new(wire, run.request);
            let mut times = Times::new(watch, &mut *session.rows, overhead);
            let result = session.interpreter.invoke(&mut times);
            (result, times.finish())
        }
        Mode::Checksums | Mode::Bytes => {
            let chosen = (run.mode == Mode::Bytes).then_some((run.subgraph, run.operator));
            let mut checks = Checks::new(Watch::new(wire, run.request), invocation, chosen);
            let result = session.interpreter.invoke(&mut checks);
            checks.flush();
            n_records = checks.n_records;
            (result, checks.watch.finish())
        }
    };
    let micros = wire.micros().wrapping_sub(start_micros);
    if result.is_err() {
        return false;
    }
    if run.mode == Mode::Operators {
        n_records = send_times(wire, session, run.request, invocation);
    }
    if run.mode == Mode::Invocations {
        session.last_micros = Some(micros);
    }
    let interpreter = &session.interpreter;
    let mut outputs_crc = Crc32::default();
    for index in 0..interpreter.n_outputs() {
        let bytes = interpreter.output_bytes(index);
        outputs_crc.update(bytes);
        if run.outputs != 0 {
            let (request, index) = (run.request, index as u16);
            send_parts(wire, bytes, |offset, total, bytes| {
                Output { request, invocation, index, offset, total, bytes }.into()
            });
        }
    }
    wire.send(Sample {
        request: run.request,
        invocation,
        observed,
        ended_early: u8::from(interpreter.ended_early()),
        cycles,
        micros,
        late_micros: u32::try_from(late_micros).unwrap_or(u32::MAX),
        outputs_crc: outputs_crc.value(),
        n_records,
        dropped: wire.dropped(),
    });
    true
}

/// Writes the inputs, which an invocation leaves with anything.
fn fill_inputs(session: &mut Session<'_>, run: &Run) {
    let mut generator = Generator::new(run.seed);
    let mut staged = &session.staged[..];
    for index in 0..session.interpreter.n_inputs() {
        let ty = session.interpreter.input_tensor(index).map(|tensor| tensor.ty);
        let bytes = session.interpreter.input_bytes(index);
        match (run.source, ty) {
            (Source::Random, Some(ty)) => fill(bytes, ty, &mut generator, FLOAT_RANGE),
            (Source::Random, None) | (Source::Zeros, _) => bytes.fill(0),
            (Source::Given, _) => {
                let (given, rest) = staged.split_at(bytes.len().min(staged.len()));
                staged = rest;
                bytes[..given.len()].copy_from_slice(given);
            }
        }
    }
}

/// Sends what operators took; number of records.
fn send_times<B: Board>(wire: &mut Wire<'_, B>, session: &Session<'_>, request: u16, invocation: u32) -> u32 {
    let mut records = ListBuffer::<OperatorTime>::default();
    let mut first = 0;
    let mut number = 0;
    for subgraph in 0..session.n_subgraphs {
        let (start, end) = session.rows_of(subgraph);
        for (operator, row) in session.rows[start..end].iter().enumerate() {
            if (records.n_records() + 1) * OperatorTime::BYTES > MAX_RECORDS_BYTES {
                wire.send(Operators { request, invocation, first, records: records.list() });
                records.clear();
                first = number;
            }
            let record = OperatorTime {
                subgraph: subgraph as u16,
                operator: operator as u16,
                calls: u16::try_from(row[CALLS]).unwrap_or(u16::MAX),
                cycles: row[CYCLES],
                micros: micros(wire.about(), row[CYCLES]),
            };
            if records.push(&record).is_some() {
                number += 1;
            }
        }
    }
    if number > first {
        wire.send(Operators { request, invocation, first, records: records.list() });
    }
    number
}

/// Microseconds of cycles; 0 if the clock is not known.
fn micros(about: &About<'_>, cycles: u32) -> u32 {
    let clock_hz = match about.unit {
        Unit::Nanoseconds => 1_000_000_000,
        Unit::Cycles | Unit::Instructions => u64::from(about.clock_hz),
    };
    (u64::from(cycles) * 1_000_000)
        .checked_div(clock_hz)
        .and_then(|micros| micros.try_into().ok())
        .unwrap_or(0)
}

impl Session<'_> {
    /// True if an invocation needs no looking at while it runs: it has shown to be short, and no loop can make it longer.
    fn is_short(&self) -> bool {
        self.n_subgraphs == 1 && self.last_micros.is_some_and(|micros| micros < LONG_MICROS)
    }

    /// First row of the operators of a subgraph, and the row behind the last.
    fn rows_of(&self, subgraph: usize) -> (usize, usize) {
        let start = self.rows[subgraph][0] as usize;
        let next = subgraph + 1;
        let end = if next < self.n_subgraphs { self.rows[next][0] as usize } else { self.rows.len() };
        (start, end)
    }

    /// Number of operators of a subgraph.
    pub(super) fn n_operators_of(&self, subgraph: usize) -> usize {
        if subgraph < self.n_subgraphs {
            let (start, end) = self.rows_of(subgraph);
            end - start
        } else {
            0
        }
    }

    fn clear_times(&mut self) {
        for row in &mut self.rows[self.n_subgraphs..] {
            *row = Default::default();
        }
    }
}

impl<B: Board> Wire<'_, B> {
    /// Answers what comes during a run; true if the run is to stop.
    pub(super) fn is_to_stop(&mut self, running: u16) -> bool {
        while let Some(request) = self.receive() {
            match request {
                Request::Stop(_) => return true,
                Request::Ask(ask) => self.say_hello(ask.request),
                Request::Run(run) if run.request == running => self.send(self.accepted),
                Request::Run(Run { request, .. }) | Request::Choose(Choose { request, .. }) => {
                    self.say_busy(request);
                }
                Request::Put(part) => self.say_busy(part.request),
                Request::Unreadable => self.say_unreadable(),
            }
        }
        !self.is_open()
    }

    fn say_busy(&mut self, request: u16) {
        let reason = "a run goes on; stop it first";
        self.send(Failed { request, problem: Problem::Busy, reason });
    }
}
