//! Comparing a board with this computer: the same inputs on both sides, operator by operator, and the tensor that differs first.

use std::sync::Arc;

use super::{Compared, Difference, DifferingPlace, Inputs, Measure, Said, Stage, Step};
use crate::link::{Invocation, Mismatch, Mode, Reference, Run, Source, check_against};
use crate::run::{Memory, RunError, Semantics, Trace};

/// Bytes of a differing tensor that are fetched at most: more take minutes over a slow line.
const MAX_TENSOR_BYTES: u32 = 256 << 10;

impl Measure {
    /// The input of the comparison that is next: what was given comes first, then random numbers.
    fn check_run(&self, mode: Mode) -> Run {
        let run = self.run_of(mode, 1);
        let index = self.check.done + self.check.incomplete;
        match (&self.plan.inputs, index) {
            (Inputs::Given(_), 0) => run,
            (Inputs::Given(_), _) => Run { source: Source::Random, seed: index, ..run },
            (Inputs::Random(seed), _) => Run { seed: seed.wrapping_add(index), ..run },
        }
    }

    pub(super) fn run_check(&mut self, tries: u32) {
        let Some(file) = self.plan.model.clone() else { return self.run_batch() };
        self.stage(Stage::Checking(self.check.done + self.check.incomplete, self.check.total));
        let run = self.check_run(Mode::Checksums);
        let given: &[u8] = match &self.plan.inputs {
            Inputs::Given(bytes) if run.source == Source::Given => bytes,
            _ => &[],
        };
        match Reference::new(&file, run.source, run.seed, given) {
            Ok(reference) => {
                let request = self.client.run(run);
                let reference = Arc::new(reference);
                self.step = Step::Check { request, tries, reference, is_settled: false };
            }
            Err(error) => {
                self.trouble(
                    format!("This computer cannot run the model: {}", error.message),
                    "Inspect says which operators run where. The board is measured without comparing",
                );
                self.check.total = 0;
                self.go_on();
            }
        }
    }

    pub(super) fn take_accepted(&mut self, request: u16, inputs_crc: u32) {
        if let Step::Check { request: expected, reference, is_settled, .. } = &mut self.step
            && *expected == request
            && reference.inputs_crc != inputs_crc
        {
            *is_settled = true;
            self.differ(DifferingPlace::Inputs);
        }
    }

    fn differ(&mut self, place: DifferingPlace) {
        if self.check.difference.is_none() {
            let run = self.check_run(Mode::Checksums);
            let seed = (run.source == Source::Random).then_some(run.seed);
            self.check.difference = Some(Difference { seed, place, expected: None, found: None });
        }
    }

    pub(super) fn compare(&mut self, invocation: &Invocation, reference: &Reference) {
        if !invocation.is_whole && invocation.checksums.len() != reference.checksums.len() {
            // Asked for again when the run is over.
            return;
        }
        let Step::Check { is_settled, .. } = &mut self.step else { return };
        if std::mem::replace(is_settled, true) {
            return;
        }
        self.check.operators = (reference.checksums.iter().enumerate())
            .map(|(index, expected)| {
                let found = invocation.checksums.get(index);
                let is_same_place = |found: &&crate::link::OutputChecksum| {
                    (found.subgraph, found.operator, found.tensor)
                        == (expected.subgraph, expected.operator, expected.tensor)
                };
                Compared {
                    subgraph: expected.subgraph,
                    operator: expected.operator,
                    tensor: expected.tensor,
                    expected: expected.crc,
                    found: found.filter(is_same_place).map(|found| found.crc),
                }
            })
            .collect();
        if let Some(mismatch) = check_against(reference, invocation) {
            let place = match mismatch {
                Mismatch::Outputs => DifferingPlace::Outputs,
                Mismatch::Operator { expected: Some(expected), found: Some(found) }
                    if (expected.subgraph, expected.operator, expected.tensor, expected.n_bytes)
                        == (found.subgraph, found.operator, found.tensor, found.n_bytes) =>
                {
                    let record =
                        reference.checksums.iter().position(|one| *one == expected).unwrap_or_default();
                    DifferingPlace::Operator(
                        expected.subgraph,
                        expected.operator,
                        expected.tensor,
                        record as u32,
                    )
                }
                Mismatch::Operator { .. } => DifferingPlace::Order,
            };
            self.differ(place);
        } else if self.check.difference.is_none() {
            self.check.done += 1;
        }
    }

    /// Fetches the tensor that differs, if it may be fetched.
    pub(super) fn explain(&mut self) {
        let place = self.check.difference.as_ref().map(|difference| difference.place);
        let Some(DifferingPlace::Operator(subgraph, operator, tensor, record)) = place else {
            return self.end_check();
        };
        let expected = self.expected_tensor(subgraph, operator, tensor, record);
        let is_small = expected
            .as_ref()
            .is_ok_and(|bytes| bytes.as_ref().is_some_and(|bytes| bytes.len() as u32 <= MAX_TENSOR_BYTES));
        if let (Ok(bytes), Some(difference)) = (expected, &mut self.check.difference) {
            difference.expected = bytes.map(Arc::from);
        }
        if !is_small {
            return self.end_check();
        }
        self.stage(Stage::Fetching);
        let run = Run { subgraph, operator, ..self.check_run(Mode::Bytes) };
        self.step = Step::Fetch { request: self.client.run(run) };
    }

    /// What this computer writes there, on the input of the comparison.
    fn expected_tensor(
        &self,
        subgraph: u16,
        operator: u16,
        tensor: u32,
        record: u32,
    ) -> Result<Option<Vec<u8>>, RunError> {
        let Some(file) = &self.plan.model else { return Ok(None) };
        let run = self.check_run(Mode::Checksums);
        let mut memory = Memory::new(file, Semantics::Tflm)?;
        let mut interpreter = memory.interpreter()?;
        let given: &[u8] = match &self.plan.inputs {
            Inputs::Given(bytes) => bytes,
            Inputs::Random(_) => &[],
        };
        crate::link::set_inputs(&mut interpreter, run.source, run.seed, given);
        let mut trace = Trace::with_bytes(64 << 20);
        // The trace never stops it.
        let _ = interpreter.invoke(&mut trace);
        let output = trace.outputs.into_iter().nth(record as usize).filter(|output| {
            (output.subgraph, output.operator, output.tensor)
                == (u32::from(subgraph), u32::from(operator), tensor)
        });
        Ok(output.and_then(|output| output.bytes))
    }

    pub(super) fn take_tensor(&mut self, invocation: &Invocation) {
        if let Some(difference) = &mut self.check.difference
            && let DifferingPlace::Operator(.., record) = difference.place
        {
            let bytes = invocation.written.get(&record).cloned().flatten();
            difference.found = bytes.map(Arc::from);
        }
    }

    pub(super) fn end_check(&mut self) {
        self.say(Said::Check(Arc::new(self.check.clone())));
        self.step = Step::Rest;
        self.go_on();
    }
}
