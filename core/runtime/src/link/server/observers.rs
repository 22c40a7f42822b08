//! What looks at the operators of an invocation, for the board's side of the link.

use core::hint::black_box;

use super::Board;
use super::session::{CALLS, CYCLES, Row, START, START_HIGH, Session};
use super::wire::Wire;
use crate::interpreter::{Observer, OperatorEvent};
use crate::link::checksum::crc32;
use crate::link::fields::ListBuffer;
use crate::link::frame::MAX_PAYLOAD;
use crate::link::messages::{Checksums, Message, NO_OPERATOR, OutputChecksum, Written};

/// Bytes of a part of an output or of what an operator wrote, so that the message fits into a frame.
pub(super) const PART_BYTES: usize = MAX_PAYLOAD - 24;

/// Measures an invocation of any length, and listens for a stop now and then.
pub(super) struct Watch<'w, 'b, B> {
    pub(super) wire: &'w mut Wire<'b, B>,
    request: u16,
    /// The last reading of the counter, and cycles from the start to it.
    last: u32,
    cycles: u64,
    /// Cycles of them that are no part of the invocation: of looking at the line, and of looking at operators.
    aside: u64,
    /// Cycles between two looks at the line, and when the last one was.
    patience: u64,
    last_look: u64,
    is_stopped: bool,
}

impl<'w, 'b, B: Board> Watch<'w, 'b, B> {
    pub(super) fn new(wire: &'w mut Wire<'b, B>, request: u16) -> Self {
        // A millisecond, or what may be one.
        let patience = u64::from(wire.about().clock_hz.max(100_000_000) / 1000);
        let last = wire.cycles();
        Self { wire, request, last, cycles: 0, aside: 0, patience, last_look: 0, is_stopped: false }
    }

    /// One that does not look at the line.
    pub(super) fn deaf(wire: &'w mut Wire<'b, B>) -> Self {
        Self { patience: u64::MAX, ..Self::new(wire, 0) }
    }

    /// Adds the cycles since the last call; the sum is right as long as no operator takes 2^32 of them.
    fn count(&mut self) {
        let now = self.wire.cycles();
        self.cycles += u64::from(now.wrapping_sub(self.last));
        self.last = now;
    }

    /// Cycles of the invocation up to the last reading.
    fn passed(&self) -> u64 {
        self.cycles.saturating_sub(self.aside)
    }

    /// Looks at the line if the last look is a while ago; true if the run is to stop.
    fn listen(&mut self) -> bool {
        if self.cycles - self.last_look > self.patience {
            self.count();
            let before = self.cycles;
            self.is_stopped |= self.wire.is_to_stop(self.request);
            self.count();
            // The look, and the reading before it.
            self.aside += self.cycles - before + u64::from(self.wire.overhead_cycles());
            self.last_look = self.cycles;
        }
        self.is_stopped
    }

    /// Cycles since the start.
    pub(super) fn finish(mut self) -> u64 {
        self.count();
        self.passed().saturating_sub(u64::from(self.wire.overhead_cycles()))
    }
}

impl<B: Board> Observer for Watch<'_, '_, B> {
    fn stop(&mut self) -> bool {
        self.count();
        self.listen()
    }
}

/// Measures every operator, from the end of the one before it to its own, so that operators together are the whole. The counter
/// is read once for each.
pub(super) struct Times<'w, 'b, 'r, B> {
    pub(super) watch: Watch<'w, 'b, B>,
    rows: &'r mut [Row],
    overhead: Overhead,
    /// The last operator is not looked at any more when its time ends; given back to the first one.
    given_back: u64,
}

/// Cycles of looking at operators, which are taken off.
#[derive(Clone, Copy, Default)]
pub(super) struct Overhead {
    /// Of one operator.
    pub(super) operator: u32,
    /// What is left of looking, and of the invocation, behind the last reading.
    rest: u32,
}

/// How often looking is measured. The fastest time counts: the first ones wait for the flash.
const REHEARSALS: usize = 8;

impl<'w, 'b, 'r, B: Board> Times<'w, 'b, 'r, B> {
    pub(super) fn new(watch: Watch<'w, 'b, B>, rows: &'r mut [Row], overhead: Overhead) -> Self {
        Self { watch, rows, overhead, given_back: overhead.rest.into() }
    }

    /// What looking costs: all operators looked at without being run, less the same with nobody who looks.
    pub(super) fn overhead(wire: &mut Wire<'_, B>, session: &mut Session<'_>) -> Overhead {
        let n_operators = session.n_operators_of(0).max(1) as u64;
        let (mut looked_at, mut passed_by, mut rest) = (u64::MAX, u64::MAX, u64::MAX);
        for _ in 0..REHEARSALS {
            let mut times = Times::new(Watch::deaf(wire), &mut *session.rows, Overhead::default());
            session.interpreter.rehearse(black_box(&mut times));
            let last = times.watch.passed();
            let end = times.finish();
            looked_at = looked_at.min(end);
            rest = rest.min(end.saturating_sub(last));
            let watch = Watch::deaf(wire);
            session.interpreter.rehearse(black_box(&mut ()));
            passed_by = passed_by.min(watch.finish());
        }
        let operator = (looked_at.saturating_sub(passed_by) + n_operators / 2) / n_operators;
        let word = |cycles: u64| u32::try_from(cycles).unwrap_or(u32::MAX);
        Overhead { operator: word(operator), rest: word(rest) }
    }

    /// Cycles of the whole invocation.
    pub(super) fn finish(self) -> u64 {
        self.watch.finish().saturating_sub(self.overhead.rest.into())
    }
}

/// The row of an operator.
fn row<'r>(rows: &'r mut [Row], operator: &OperatorEvent<'_>) -> Option<&'r mut Row> {
    let first = rows.get(operator.subgraph() as usize)?[0];
    rows.get_mut(first as usize + operator.index() as usize)
}

impl<B: Board> Observer for Times<'_, '_, '_, B> {
    fn before(&mut self, operator: &OperatorEvent<'_>) {
        let passed = self.watch.passed();
        if let Some(row) = row(self.rows, operator) {
            (row[START], row[START_HIGH]) = (passed as u32, (passed >> 32) as u32);
        }
    }

    fn after(&mut self, operator: &OperatorEvent<'_>) {
        self.watch.count();
        self.watch.cycles += core::mem::take(&mut self.given_back);
        self.watch.aside += u64::from(self.overhead.operator);
        let passed = self.watch.passed();
        if let Some(row) = row(self.rows, operator) {
            let start = u64::from(row[START_HIGH]) << 32 | u64::from(row[START]);
            let cycles = u32::try_from(passed.saturating_sub(start)).unwrap_or(u32::MAX);
            row[CYCLES] = row[CYCLES].saturating_add(cycles);
            row[CALLS] += 1;
        }
    }

    fn stop(&mut self) -> bool {
        self.watch.listen()
    }
}

/// Sends checksums of what every operator wrote, and the bytes of chosen ones, while they are there.
pub(super) struct Checks<'w, 'b, B> {
    pub(super) watch: Watch<'w, 'b, B>,
    request: u16,
    invocation: u32,
    /// Subgraph and index of the operator whose bytes are sent; 65535 for all.
    chosen: Option<(u16, u16)>,
    records: ListBuffer<OutputChecksum>,
    /// Number of all records, those in the list included.
    pub(super) n_records: u32,
}

impl<'w, 'b, B: Board> Checks<'w, 'b, B> {
    pub(super) fn new(watch: Watch<'w, 'b, B>, invocation: u32, chosen: Option<(u16, u16)>) -> Self {
        let request = watch.request;
        Self { watch, request, invocation, chosen, records: ListBuffer::default(), n_records: 0 }
    }

    /// Sends the records that are left.
    pub(super) fn flush(&mut self) {
        let n_records = self.records.n_records();
        if n_records == 0 {
            return;
        }
        self.watch.wire.send(Checksums {
            request: self.request,
            invocation: self.invocation,
            first: self.n_records - n_records as u32,
            records: self.records.list(),
        });
        self.records.clear();
    }

    fn is_chosen(&self, operator: &OperatorEvent<'_>) -> bool {
        let fits = |chosen: u16, found: u32| chosen == NO_OPERATOR || u32::from(chosen) == found;
        self.chosen.is_some_and(|(subgraph, index)| {
            fits(subgraph, operator.subgraph()) && fits(index, operator.index())
        })
    }
}

/// The most bytes of records, so that the message fits into a frame.
const MAX_RECORDS_BYTES: usize = MAX_PAYLOAD - 10;

impl<B: Board> Observer for Checks<'_, '_, B> {
    fn after(&mut self, operator: &OperatorEvent<'_>) {
        use crate::link::fields::Record as _;
        for index in 0..operator.n_outputs() {
            let Ok(tensor) = u32::try_from(operator.output_tensor(index)) else { continue };
            let bytes = operator.output(index);
            if (self.records.n_records() + 1) * OutputChecksum::BYTES > MAX_RECORDS_BYTES {
                self.flush();
            }
            let record = OutputChecksum {
                subgraph: operator.subgraph() as u16,
                operator: operator.index() as u16,
                tensor,
                n_bytes: bytes.len() as u32,
                crc: crc32(bytes),
            };
            if self.records.push(&record).is_none() {
                continue;
            }
            let number = self.n_records;
            self.n_records += 1;
            if self.is_chosen(operator) {
                let (request, invocation) = (self.request, self.invocation);
                send_parts(self.watch.wire, bytes, |offset, total, bytes| {
                    Written { request, invocation, record: number, offset, total, bytes }.into()
                });
            }
        }
    }

    fn stop(&mut self) -> bool {
        self.watch.stop()
    }
}

/// Sends bytes in parts, at least one; `message` gets offset, total and bytes of each.
pub(super) fn send_parts<B: Board>(
    wire: &mut Wire<'_, B>,
    bytes: &[u8],
    message: impl for<'m> Fn(u32, u32, &'m [u8]) -> Message<'m>,
) {
    let mut offset = 0;
    while offset < bytes.len() || offset == 0 {
        let end = usize::min(offset + PART_BYTES, bytes.len());
        wire.send(message(offset as u32, bytes.len() as u32, &bytes[offset..end]));
        offset = end.max(1);
    }
}
