//! Findings about memory: offline plans, constants off their alignment, tensors that nothing uses.

use std::collections::BTreeSet;

use super::survey::Survey;
use super::{Diagnostic, Place, Severity};
use crate::model::{SubgraphId, Tensor, TensorId};
use crate::plan::{ArenaPlan, BufferUse, Chip, PlannedBuffer};

/// Alignment that TFLM gives every buffer of the arena, and that SIMD kernels count on.
const BUFFER_ALIGN: u64 = 16;

pub(super) fn findings(survey: &Survey) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    if let Ok(plan) = &survey.plan {
        if plan.offline {
            findings.extend(offline_plan(survey, plan));
        }
        findings.extend(unused_tensors(plan));
    }
    findings.extend(unaligned_constants(survey));
    findings
}

/// TFLM obeys a plan without looking at it: tensors that overlap while both are in use overwrite each other silently.
///
/// Source: `tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc` of esp-tflite-micro 99f49e14: an offline
/// offset is "to be considered constant"; `DoAnyBuffersOverlap` is called by tests only.
fn offline_plan(survey: &Survey, plan: &ArenaPlan) -> Vec<Diagnostic> {
    const HELP: &str = "Make the plan again for this very model, or remove it and let the chip plan.";
    let mut findings = Vec::new();
    for (index, first) in plan.buffers.iter().enumerate() {
        if first.offset % BUFFER_ALIGN != 0 {
            let message = format!(
                "The offline plan puts it at {}, which is no multiple of {BUFFER_ALIGN}; SIMD kernels read it wrong or \
                 slowly.",
                first.offset
            );
            findings.push(Diagnostic::new(Severity::Warning, place(first), message, HELP));
        }
        let clash = plan.buffers[index + 1..].iter().find(|second| overlap(first, second));
        if let Some(second) = clash {
            let message = format!(
                "The offline plan gives it memory of {} while both are in use; TFLM then computes wrong results \
                 without an error.",
                name(survey, second)
            );
            findings.push(Diagnostic::new(Severity::Error, place(first), message, HELP));
        }
    }
    findings
}

fn overlap(first: &PlannedBuffer, second: &PlannedBuffer) -> bool {
    let is_apart_in_time = first.unused
        || second.unused
        || first.last_used < second.first_used
        || second.last_used < first.first_used;
    let is_apart_in_memory =
        first.offset + first.bytes <= second.offset || second.offset + second.bytes <= first.offset;
    !is_apart_in_time && !is_apart_in_memory
}

fn place(buffer: &PlannedBuffer) -> Place {
    match buffer.usage {
        BufferUse::Tensor(tensor) => Place::Tensor(buffer.subgraph, tensor),
        BufferUse::Scratch(operator, _) => Place::Operator(buffer.subgraph, operator),
    }
}

fn name(survey: &Survey, buffer: &PlannedBuffer) -> String {
    match buffer.usage {
        BufferUse::Tensor(tensor) => {
            let found = survey
                .model
                .subgraphs
                .get(buffer.subgraph.index())
                .and_then(|it| it.tensors.get(tensor.index()));
            let name = found.and_then(|tensor| tensor.name.as_deref()).unwrap_or_default();
            format!("tensor t{} {name}", tensor.0).trim_end().to_owned()
        }
        BufferUse::Scratch(operator, _) => format!("a scratch buffer of operator #{}", operator.0),
    }
}

/// Activations that no operator reads or writes still get memory of their own.
fn unused_tensors(plan: &ArenaPlan) -> Vec<Diagnostic> {
    let unused = plan.buffers.iter().filter(|buffer| buffer.unused);
    let found = unused.map(|buffer| {
        let message =
            format!("Nothing uses it, but TFLM reserves {} bytes of the arena for it.", buffer.size);
        let help = "Convert the model again with a converter that leaves unused tensors out.";
        Diagnostic::new(Severity::Note, place(buffer), message, help)
    });
    found.collect()
}

/// Constants that start off the alignment of their elements, which Xtensa cannot load at all, or off 16 bytes, which
/// ESP-NN on the ESP32-S3 answers with a copy of the filter in each run.
///
/// Source: the schema (`Buffer.data` is `force_align: 16`); `src/convolution/esp_nn_conv_esp32s3.c` of esp-nn
/// d45b843c, `(int) filter_data & 15`.
fn unaligned_constants(survey: &Survey) -> Vec<Diagnostic> {
    const HELP: &str =
        "Write the file again with aligned buffers: any current converter does, and so does a save here.";
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    let mut n_off_16 = 0;
    for (number, subgraph) in survey.model.subgraphs.iter().enumerate() {
        for (index, tensor) in subgraph.tensors.iter().enumerate() {
            let Some(start) = constant_start(survey, tensor).filter(|_| seen.insert(tensor.buffer)) else {
                continue;
            };
            let element = u64::from(tensor.ty.bits().unwrap_or(8)).div_ceil(8).min(8);
            if start % element != 0 {
                let place = Place::Tensor(SubgraphId(number as u32), TensorId(index as u32));
                let message = format!(
                    "Its data start at byte {start} of the file, which is no multiple of its {element}-byte elements; \
                     the chip cannot read them."
                );
                findings.push(Diagnostic::new(Severity::Error, place, message, HELP));
            } else if start % BUFFER_ALIGN != 0 {
                n_off_16 += 1;
            }
        }
    }
    if n_off_16 > 0 && survey.uses_esp_nn() && survey.target.chip == Chip::Esp32s3 {
        let message = format!(
            "{n_off_16} constants start off a multiple of {BUFFER_ALIGN} bytes in the file, so ESP-NN copies filters in \
             each run."
        );
        findings.push(Diagnostic::new(Severity::Note, Place::Model, message, HELP));
    }
    findings
}

/// Where the constant's bytes lie in the file; `None` for activations and for data that come from no file.
fn constant_start(survey: &Survey, tensor: &Tensor) -> Option<u64> {
    let data = survey.model.buffers.get(tensor.buffer.index())?.data.as_ref()?;
    (!data.is_empty() && data.range().start > 0).then(|| data.range().start as u64)
}
