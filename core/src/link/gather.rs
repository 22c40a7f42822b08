//! Puts the results of invocations together from messages that may be missing, late or double.

use std::collections::BTreeMap;

use emberlab_runtime::link::messages::{OperatorTime, OutputChecksum, Sample};

/// Invocations that wait for messages. Older ones are given out as they are.
const MAX_WAITING: usize = 4;
/// Largest output or operator that is put together: what a message claims is no proof.
const MAX_BYTES: u32 = 64 << 20;

/// What is known of one invocation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invocation {
    /// Number of the request.
    pub request: u16,
    /// Number of the invocation, from 0.
    pub number: u32,
    /// Its times and checksum.
    pub sample: Option<Sample>,
    /// What operators took, in the order of the model; only those that arrived.
    pub operators: Vec<OperatorTime>,
    /// What operators wrote, in the order in which they ran; only those that arrived.
    pub checksums: Vec<OutputChecksum>,
    /// Bytes of outputs, by number; `None` where a part is missing.
    pub outputs: BTreeMap<u16, Option<Vec<u8>>>,
    /// Bytes that operators wrote, by the number of the checksum; `None` where a part is missing.
    pub written: BTreeMap<u32, Option<Vec<u8>>>,
    /// Nothing is missing.
    pub is_whole: bool,
}

/// Bytes that come in parts.
#[derive(Default)]
struct Parts {
    bytes: Vec<u8>,
    /// Where the parts that are there begin, and how long they are.
    parts: BTreeMap<u32, u32>,
}

impl Parts {
    /// Puts a part in; without effect if it contradicts the others.
    fn put(&mut self, offset: u32, total: u32, bytes: &[u8]) {
        if total > MAX_BYTES || (!self.parts.is_empty() && total as usize != self.bytes.len()) {
            return;
        }
        self.bytes.resize(total as usize, 0);
        let end = offset as usize + bytes.len();
        if let Some(place) = self.bytes.get_mut(offset as usize..end) {
            place.copy_from_slice(bytes);
            self.parts.insert(offset, bytes.len() as u32);
        }
    }

    fn is_whole(&self) -> bool {
        let mut end = 0;
        let is_chain = self.parts.iter().all(|(offset, length)| {
            let follows = *offset == end;
            end = offset.saturating_add(*length);
            follows
        });
        !self.parts.is_empty() && is_chain && end as usize == self.bytes.len()
    }

    fn take(self) -> Option<Vec<u8>> {
        self.is_whole().then_some(self.bytes)
    }
}

/// One invocation that is not given out yet.
#[derive(Default)]
struct Waiting {
    sample: Option<Sample>,
    operators: BTreeMap<u32, OperatorTime>,
    checksums: BTreeMap<u32, OutputChecksum>,
    outputs: BTreeMap<u16, Parts>,
    written: BTreeMap<u32, Parts>,
}

impl Waiting {
    fn is_whole(&self, n_outputs: usize) -> bool {
        let records = self.operators.len().max(self.checksums.len());
        self.sample.is_some_and(|sample| sample.n_records as usize == records)
            && self.outputs.len() >= n_outputs
            && self.outputs.values().chain(self.written.values()).all(Parts::is_whole)
    }

    fn finish(self, request: u16, number: u32, n_outputs: usize) -> Invocation {
        let is_whole = self.is_whole(n_outputs);
        Invocation {
            request,
            number,
            sample: self.sample,
            operators: self.operators.into_values().collect(),
            checksums: self.checksums.into_values().collect(),
            outputs: self.outputs.into_iter().map(|(index, parts)| (index, parts.take())).collect(),
            written: self.written.into_iter().map(|(index, parts)| (index, parts.take())).collect(),
            is_whole,
        }
    }
}

/// All invocations of a run that are not given out yet.
#[derive(Default)]
pub(super) struct Gather {
    request: u16,
    /// Outputs that each invocation sends.
    n_outputs: usize,
    waiting: BTreeMap<u32, Waiting>,
    /// Invocations below this number have been given out.
    given_out: u32,
}

/// A message about an invocation.
pub(super) enum Piece<'a> {
    Sample(Sample),
    Operators(u32, Vec<OperatorTime>),
    Checksums(u32, Vec<OutputChecksum>),
    Output(u16, u32, u32, &'a [u8]),
    Written(u32, u32, u32, &'a [u8]),
}

impl Gather {
    pub(super) fn begin(&mut self, request: u16, n_outputs: usize) {
        *self = Self { request, n_outputs, ..Self::default() };
    }

    /// Takes a message in; the invocations that it completes, and those that are too old to wait longer.
    pub(super) fn put(&mut self, request: u16, number: u32, piece: Piece<'_>) -> Vec<Invocation> {
        // What is left of another run, or comes after everybody stopped waiting for it, belongs nowhere.
        if request != self.request || request == 0 || number < self.given_out {
            return Vec::new();
        }
        let waiting = self.waiting.entry(number).or_default();
        match piece {
            Piece::Sample(sample) => waiting.sample = Some(sample),
            Piece::Operators(first, records) => waiting.operators.extend((first..).zip(records)),
            Piece::Checksums(first, records) => waiting.checksums.extend((first..).zip(records)),
            Piece::Output(index, offset, total, bytes) => {
                waiting.outputs.entry(index).or_default().put(offset, total, bytes);
            }
            Piece::Written(index, offset, total, bytes) => {
                waiting.written.entry(index).or_default().put(offset, total, bytes);
            }
        }
        let mut done = Vec::new();
        // In order: an invocation does not overtake one before it.
        while let Some(first) = self.waiting.first_entry() {
            let is_whole = first.get().is_whole(self.n_outputs);
            if !is_whole && self.waiting.len() <= MAX_WAITING {
                break;
            }
            if let Some((number, waiting)) = self.waiting.pop_first() {
                self.given_out = number.saturating_add(1);
                done.push(waiting.finish(self.request, number, self.n_outputs));
            }
        }
        done
    }

    /// Gives out everything that is left. What comes later of this run belongs nowhere.
    pub(super) fn end(&mut self) -> Vec<Invocation> {
        let (request, n_outputs) = (std::mem::take(&mut self.request), self.n_outputs);
        std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|(number, waiting)| waiting.finish(request, number, n_outputs))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(invocation: u32, n_records: u32) -> Piece<'static> {
        Piece::Sample(Sample {
            request: 1,
            invocation,
            observed: 0,
            ended_early: 0,
            cycles: 10,
            micros: 1,
            late_micros: 0,
            outputs_crc: 0,
            n_records,
            dropped: 0,
        })
    }

    fn operators(count: usize) -> Vec<OperatorTime> {
        vec![OperatorTime::default(); count]
    }

    fn gather(n_outputs: usize) -> Gather {
        let mut gather = Gather::default();
        gather.begin(1, n_outputs);
        gather
    }

    fn numbers(invocations: &[Invocation]) -> Vec<(u32, bool)> {
        invocations.iter().map(|invocation| (invocation.number, invocation.is_whole)).collect()
    }

    #[test]
    fn messages_may_come_in_any_order() {
        let mut gather = gather(1);
        assert!(gather.put(1, 0, sample(0, 3)).is_empty());
        assert!(gather.put(1, 0, Piece::Operators(2, operators(1))).is_empty());
        assert!(gather.put(1, 0, Piece::Output(0, 2, 4, &[3, 4])).is_empty());
        assert!(gather.put(1, 0, Piece::Output(0, 0, 4, &[1, 2])).is_empty());
        assert!(gather.put(1, 0, Piece::Output(0, 0, 4, &[1, 2])).is_empty());
        let done = gather.put(1, 0, Piece::Operators(0, operators(2)));
        assert_eq!(numbers(&done), [(0, true)]);
        assert_eq!(done[0].operators.len(), 3);
        assert_eq!(done[0].outputs[&0], Some(vec![1, 2, 3, 4]));
    }

    #[test]
    fn what_is_missing_holds_up_only_for_a_while() {
        let mut gather = gather(0);
        assert!(gather.put(1, 0, sample(0, 2)).is_empty());
        let mut done = Vec::new();
        for number in 1..=4 {
            done.extend(gather.put(1, number, sample(number, 0)));
        }
        assert_eq!(numbers(&done), [(0, false), (1, true), (2, true), (3, true), (4, true)]);
        // Too late.
        assert!(gather.put(1, 0, Piece::Operators(0, operators(2))).is_empty());
        assert!(gather.end().is_empty());
    }

    #[test]
    fn results_of_another_run_are_none() {
        let mut gather = gather(0);
        assert!(gather.put(2, 0, sample(0, 0)).is_empty());
        assert!(gather.end().is_empty());
    }

    #[test]
    fn nothing_is_given_out_after_the_end() {
        let mut gather = gather(0);
        assert!(gather.put(1, 0, Piece::Operators(0, operators(2))).is_empty());
        assert_eq!(numbers(&gather.end()), [(0, false)]);
        assert!(gather.put(1, 0, sample(0, 0)).is_empty());
        assert!(gather.put(1, 1, sample(1, 0)).is_empty());
        assert!(gather.end().is_empty());
    }

    #[test]
    fn parts_that_contradict_each_other_are_not_whole() {
        let mut gather = gather(1);
        gather.put(1, 0, Piece::Output(0, 0, 4, &[1, 2]));
        gather.put(1, 0, Piece::Output(0, 2, 6, &[3, 4]));
        gather.put(1, 0, Piece::Output(0, 3, 4, &[3, 4]));
        gather.put(1, 0, Piece::Output(0, u32::MAX, u32::MAX, &[3]));
        assert!(gather.put(1, 0, sample(0, 0)).is_empty());
        let done = gather.end();
        assert_eq!((numbers(&done), &done[0].outputs[&0]), (vec![(0, false)], &None));
    }
}
