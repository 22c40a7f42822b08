//! What looks at the operators of an invocation, for the board's side of the link.

use super::Board;
use super::session::{CALLS, CYCLES, MICROS, Row, START_CYCLES, START_MICROS};
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
    last: u32,
    cycles: u64,
    /// Cycles between two looks at the line, and cycles since the last one.
    patience: u64,
    since_look: u64,
    is_stopped: bool,
}

impl<'w, 'b, B: Board> Watch<'w, 'b, B> {
    pub(super) fn new(wire: &'w mut Wire<'b, B>, request: u16) -> Self {
        // A millisecond, or what may be one.
        let patience = u64::from(wire.about().clock_hz.max(100_000_000) / 1000);
        let last = wire.cycles();
        Self { wire, request, last, cycles: 0, patience, since_look: 0, is_stopped: false }
    }

    /// Adds the cycles since the last call; the sum is right as long as no operator takes 2^32 of them.
    fn count(&mut self) {
        let now = self.wire.cycles();
        let passed = u64::from(now.wrapping_sub(self.last));
        self.last = now;
        self.cycles += passed;
        self.since_look += passed;
    }

    /// Cycles since the start.
    pub(super) fn finish(mut self) -> u64 {
        self.count();
        self.cycles.saturating_sub(u64::from(self.wire.overhead_cycles()))
    }
}

impl<B: Board> Observer for Watch<'_, '_, B> {
    fn stop(&mut self) -> bool {
        self.count();
        if self.since_look > self.patience {
            self.since_look = 0;
            self.is_stopped |= self.wire.is_to_stop(self.request);
        }
        self.is_stopped
    }
}

/// Measures every operator.
pub(super) struct Times<'w, 'b, 'r, B> {
    pub(super) watch: Watch<'w, 'b, B>,
    pub(super) rows: &'r mut [Row],
}

/// The row of an operator.
fn row<'r>(rows: &'r mut [Row], operator: &OperatorEvent<'_>) -> Option<&'r mut Row> {
    let first = rows.get(operator.subgraph() as usize)?[0];
    rows.get_mut(first as usize + operator.index() as usize)
}

impl<B: Board> Observer for Times<'_, '_, '_, B> {
    fn before(&mut self, operator: &OperatorEvent<'_>) {
        if let Some(row) = row(self.rows, operator) {
            row[START_MICROS] = self.watch.wire.micros() as u32;
            row[START_CYCLES] = self.watch.wire.cycles();
        }
    }

    fn after(&mut self, operator: &OperatorEvent<'_>) {
        let cycles = self.watch.wire.cycles();
        let micros = self.watch.wire.micros() as u32;
        let overhead = self.watch.wire.overhead_cycles();
        if let Some(row) = row(self.rows, operator) {
            let passed = cycles.wrapping_sub(row[START_CYCLES]).saturating_sub(overhead);
            row[CYCLES] = row[CYCLES].saturating_add(passed);
            row[MICROS] = row[MICROS].saturating_add(micros.wrapping_sub(row[START_MICROS]));
            row[CALLS] += 1;
        }
    }

    fn stop(&mut self) -> bool {
        self.watch.stop()
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
