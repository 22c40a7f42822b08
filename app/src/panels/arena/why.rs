//! Why the arena is as large as it is, in words: which operator sets the peak and of what it is made, what the planner
//! loses and how, and what the persistent part adds.

use emberlab_core::model::{BuiltinOperator, Model, OperatorId, SubgraphId};
use emberlab_core::plan::{ArenaPlan, BufferUse, PlannedBuffer};

use super::layout::end;
use super::words::{buffer_name, operator_title};
use crate::theme::format;

/// A text in parts, each with its own emphasis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// In the order of reading.
    pub parts: Vec<(Emphasis, String)>,
}

/// How a part of a sentence is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    /// Running text.
    Plain,
    /// A name that leads.
    Strong,
    /// A counted value.
    Number,
    /// A name to blame.
    Lost,
    /// Bytes that are lost.
    LostNumber,
}

impl Sentence {
    fn plain(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Emphasis::Plain, text)
    }

    fn strong(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Emphasis::Strong, text)
    }

    fn bytes(&mut self, bytes: u64) -> &mut Self {
        self.push(Emphasis::Number, format::bytes(bytes))
    }

    fn number(&mut self, bytes: u64) -> &mut Self {
        self.push(Emphasis::Number, format::bytes_only(bytes))
    }

    fn push(&mut self, emphasis: Emphasis, text: impl Into<String>) -> &mut Self {
        self.parts.push((emphasis, text.into()));
        self
    }

    /// The text without emphasis.
    pub fn text(&self) -> String {
        self.parts.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// The explanation of a plan, one sentence or two per entry.
///
/// `reference` is the plan of the same chip with TFLM's own kernels; scratch that it lacks is what ESP-NN adds.
pub fn why(model: &Model, plan: &ArenaPlan, reference: Option<&ArenaPlan>) -> Vec<Sentence> {
    let mut sentences = vec![peak(model, plan, reference)];
    sentences.extend(planner(plan));
    sentences.extend(tail(model, plan));
    sentences.extend(tables(plan));
    sentences
}

fn peak(model: &Model, plan: &ArenaPlan, reference: Option<&ArenaPlan>) -> Sentence {
    let mut sentence = Sentence::default();
    if plan.buffers.is_empty() {
        sentence.plain("No tensor and no scratch buffer is planned, so the head is empty.");
        return sentence;
    }
    match plan.peak_operator {
        Some((subgraph, operator)) => sentence.strong(operator_title(model, subgraph, operator)),
        None if plan.peak_scope == 0 => sentence.strong("The input"),
        None => sentence.strong("A call of a subgraph"),
    };
    sentence.plain(" needs the most at once, ").bytes(plan.live_bytes(plan.peak_scope));
    for (index, (what, bytes)) in peak_parts(model, plan, reference).iter().enumerate() {
        sentence.plain(if index == 0 { ": " } else { ", " }).plain(format!("{what} ")).number(*bytes);
    }
    sentence.plain(".");
    sentence
}

/// What is alive at the peak operator, in words with bytes: inputs, outputs, scratch, and what is kept for later.
fn peak_parts(model: &Model, plan: &ArenaPlan, reference: Option<&ArenaPlan>) -> Vec<(String, u64)> {
    let found = plan.peak_operator.and_then(|(subgraph, id)| {
        let operator = model.subgraphs.get(subgraph.index())?.operators.get(id.index())?;
        Some((subgraph, id, operator))
    });
    let Some((subgraph, id, operator)) = found else { return Vec::new() };
    let (mut inputs, mut outputs, mut scratch, mut kept) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for buffer in plan.alive_in(plan.peak_scope) {
        match buffer.usage {
            BufferUse::Scratch(..) => scratch.push(buffer.size),
            BufferUse::Tensor(_) if buffer.subgraph != subgraph => kept.push(buffer.size),
            BufferUse::Tensor(tensor) if operator.inputs.contains(&Some(tensor)) => inputs.push(buffer.size),
            BufferUse::Tensor(tensor) if operator.outputs.contains(&Some(tensor)) => {
                outputs.push(buffer.size)
            }
            BufferUse::Tensor(_) => kept.push(buffer.size),
        }
    }
    let scratch_name = match reference {
        Some(reference) if !has_scratch(reference, subgraph, id) => "ESP-NN scratch",
        _ => "scratch",
    };
    let mut parts = Vec::new();
    let mut push_each = |name: &str, sizes: &[u64]| match sizes {
        [] => {}
        [_, _, _, ..] => parts.push((format!("{} {name}s", sizes.len()), sizes.iter().sum())),
        few => parts.extend(few.iter().map(|&size| (name.to_owned(), size))),
    };
    push_each("input", &inputs);
    push_each("output", &outputs);
    match scratch.as_slice() {
        [] => {}
        [one] => parts.push((scratch_name.to_owned(), *one)),
        many => parts.push((format!("{} {scratch_name} buffers", many.len()), many.iter().sum())),
    }
    match kept.as_slice() {
        [] => {}
        [one] => parts.push(("a tensor kept for later".to_owned(), *one)),
        many => parts.push((format!("{} tensors kept for later", many.len()), many.iter().sum())),
    }
    parts
}

fn has_scratch(plan: &ArenaPlan, subgraph: SubgraphId, operator: OperatorId) -> bool {
    plan.buffers.iter().any(|buffer| {
        buffer.subgraph == subgraph && matches!(buffer.usage, BufferUse::Scratch(id, _) if id == operator)
    })
}

/// What the planner loses against the lower bound, and how.
fn planner(plan: &ArenaPlan) -> Option<Sentence> {
    if plan.buffers.is_empty() {
        return None;
    }
    let lost = plan.nonpersistent_bytes.saturating_sub(plan.lower_bound_bytes);
    let mut sentence = Sentence::default();
    match (plan.offline, lost) {
        (true, 0) => {
            sentence.plain("TFLM follows the plan in the file, and no plan can be smaller.");
        }
        (true, lost) => {
            sentence.plain("TFLM follows the plan in the file, which takes ");
            sentence
                .push(Emphasis::LostNumber, format::bytes(lost))
                .plain(" more than are ever full at once.");
        }
        (false, 0) => {
            sentence.plain("The greedy planner loses nothing: no plan of the head can be smaller.");
        }
        (false, lost) => stack(plan, lost, &mut sentence),
    }
    Some(sentence)
}

/// Explains the highest stack of blocks: two of them are never alive together, or the head would be the lower bound.
///
/// The planner puts a buffer at 0 or directly on one that was placed before and overlaps it in time, so the stack under
/// the highest block reaches down to 0 without a hole. If all its blocks overlapped pairwise in time, they would all
/// share a step (intervals do), and their sum, the head, would be live there.
fn stack(plan: &ArenaPlan, lost: u64, sentence: &mut Sentence) {
    let stack = supporting_stack(plan);
    let apart = stack.iter().enumerate().find_map(|(place, upper)| {
        let overlaps = |lower: &&PlannedBuffer| overlap_in_time(upper, lower);
        let lower = stack[place + 1..].iter().rev().find(|lower| !overlaps(lower))?;
        Some((upper, lower))
    });
    let (Some((highest, below)), Some((upper, lower))) = (stack.split_first(), apart) else {
        sentence.plain("The greedy planner takes ");
        sentence.push(Emphasis::LostNumber, format::bytes(lost)).plain(" more than are ever full at once.");
        return;
    };
    sentence.plain("The greedy planner places large blocks first, so ");
    sentence.push(Emphasis::Lost, buffer_name(highest)).plain(" lands on top of ");
    let shown = below.len().min(3);
    for (index, buffer) in below[..shown].iter().enumerate() {
        let separator = match index {
            0 => "",
            _ if index + 1 == below.len() => " and ",
            _ => ", ",
        };
        sentence.plain(separator).strong(buffer_name(buffer));
    }
    if below.len() > shown {
        sentence.plain(format!(" and {} more", below.len() - shown));
    }
    sentence.plain(", at ").number(highest.offset).plain(". ");
    sentence.plain("As ").strong(buffer_name(upper)).plain(" and ").strong(buffer_name(lower));
    sentence.plain(" are never alive together, ");
    sentence.push(Emphasis::LostNumber, format::bytes(lost)).plain(" are lost.");
}

/// The highest block and those it stands on, down to address 0.
fn supporting_stack(plan: &ArenaPlan) -> Vec<&PlannedBuffer> {
    let mut stack: Vec<&PlannedBuffer> = Vec::new();
    let used = || plan.buffers.iter().filter(|buffer| buffer.size > 0 && !buffer.unused);
    let mut next = used().find(|buffer| end(buffer) == plan.nonpersistent_bytes);
    while let Some(buffer) = next {
        stack.push(buffer);
        next = used()
            .find(|below| buffer.offset > 0 && end(below) == buffer.offset && overlap_in_time(below, buffer));
    }
    stack
}

fn overlap_in_time(a: &PlannedBuffer, b: &PlannedBuffer) -> bool {
    a.first_used <= b.last_used && b.first_used <= a.last_used
}

/// What the persistent part adds, and its largest share.
fn tail(model: &Model, plan: &ArenaPlan) -> Option<Sentence> {
    if plan.persistent_bytes == 0 {
        return None;
    }
    let mut sentence = Sentence::default();
    sentence.plain("The persistent part adds ").bytes(plan.persistent_bytes);
    let (count, bytes) = channel_multipliers(model, plan);
    if bytes * 3 >= plan.persistent_bytes {
        sentence.plain(", of it ").number(bytes).plain(format!(
            " for the per-channel multipliers and shifts of {}",
            format::counted(count, "operator", "operators")
        ));
    }
    sentence.plain(".");
    Some(sentence)
}

/// How many operators keep a multiplier and a shift per output channel, and the bytes of these.
pub fn channel_multipliers(model: &Model, plan: &ArenaPlan) -> (u64, u64) {
    let mut operators = std::collections::BTreeSet::new();
    let mut bytes = 0;
    for block in plan.persistent.iter().filter(|block| block.what == "op_prepare") {
        if let Some((subgraph, operator)) = block.operator
            && is_per_channel(model, subgraph, operator)
        {
            operators.insert((subgraph, operator));
            bytes += block.used;
        }
    }
    (operators.len() as u64, bytes)
}

/// Operators whose blocks of `Prepare` are multipliers and shifts (golden/README: two blocks of 4 bytes per channel).
pub fn is_per_channel(model: &Model, subgraph: SubgraphId, operator: OperatorId) -> bool {
    let builtin = model
        .subgraphs
        .get(subgraph.index())
        .and_then(|graph| graph.operators.get(operator.index()))
        .and_then(|found| model.operator_codes.get(found.code_index as usize))
        .map(|code| code.builtin);
    matches!(
        builtin,
        Some(
            BuiltinOperator::CONV_2D
                | BuiltinOperator::DEPTHWISE_CONV_2D
                | BuiltinOperator::TRANSPOSE_CONV
                | BuiltinOperator::FULLY_CONNECTED
        )
    )
}

/// Says so when allocating needs more than what stays in use.
fn tables(plan: &ArenaPlan) -> Option<Sentence> {
    let minimum = plan.minimum_bytes.filter(|&minimum| minimum > plan.used_bytes.next_multiple_of(16))?;
    let mut sentence = Sentence::default();
    sentence.plain("Allocation itself needs ").bytes(minimum);
    sentence
        .plain(": while operators are prepared and memory is planned, TFLM takes more than stays in use.");
    Some(sentence)
}

#[cfg(test)]
mod tests {
    use emberlab_core::plan::{Chip, KernelSet, Target};

    use super::super::fixtures::{golden_plan_of, golden_plans, lossy_plan, model, tight_plan};
    use super::*;

    fn texts(plan: &ArenaPlan, reference: Option<&ArenaPlan>) -> Vec<String> {
        why(&model(), plan, reference).iter().map(Sentence::text).collect()
    }

    #[test]
    fn peak_and_loss_are_explained() {
        let target = Target::new(Chip::Esp32s3);
        let reference = tight_plan(Target { kernels: KernelSet::Reference, ..target });
        assert_eq!(
            texts(&lossy_plan(target), Some(&reference)),
            [
                "#2 DepthwiseConv2D needs the most at once, 304 B: input 128, output 16, ESP-NN scratch 160.",
                "The greedy planner places large blocks first, so t1 lands on top of t2 and scratch of #2, at 288. \
                 As t1 and scratch of #2 are never alive together, 96 B are lost.",
                "The persistent part adds 276 B, of it 96 for the per-channel multipliers and shifts of 3 operators.",
            ]
        );
    }

    #[test]
    fn a_plan_that_meets_the_lower_bound_says_so() {
        assert_eq!(
            texts(&tight_plan(Target::new(Chip::Esp32)), None)[..2],
            [
                "#1 Conv2D needs the most at once, 240 B: input 112, output 128.",
                "The greedy planner loses nothing: no plan of the head can be smaller.",
            ]
        );
    }

    #[test]
    fn offline_plans_are_not_blamed_on_the_planner() {
        let mut plan = lossy_plan(Target::new(Chip::Esp32s3));
        plan.offline = true;
        assert_eq!(
            texts(&plan, None)[1],
            "TFLM follows the plan in the file, which takes 96 B more than are ever full at once."
        );
    }

    #[test]
    fn empty_plans_and_inputs_at_the_peak_have_words_of_their_own() {
        let mut plan = tight_plan(Target::new(Chip::Esp32));
        plan.peak_scope = 0;
        plan.peak_operator = None;
        assert_eq!(texts(&plan, None)[0], "The input needs the most at once, 16 B.");
        plan.buffers.clear();
        assert_eq!(
            texts(&plan, None)[0],
            "No tensor and no scratch buffer is planned, so the head is empty."
        );
    }

    #[test]
    fn allocation_that_needs_more_than_stays_in_use_is_explained() {
        let mut plan = tight_plan(Target::new(Chip::Esp32));
        plan.minimum_bytes = Some(1104);
        assert_eq!(
            texts(&plan, None).last().unwrap(),
            "Allocation itself needs 1,104 B: while operators are prepared and memory is planned, TFLM takes more than \
             stays in use."
        );
    }

    #[test]
    fn every_recorded_loss_has_a_stack_down_to_zero_with_two_blocks_never_alive_together() {
        for (name, plan) in golden_plans() {
            let stack = supporting_stack(&plan);
            assert_eq!(
                stack.iter().map(|buffer| buffer.size).sum::<u64>(),
                plan.nonpersistent_bytes,
                "{name}"
            );
            let text = planner(&plan).unwrap().text();
            let lost = plan.nonpersistent_bytes > plan.lower_bound_bytes;
            assert_eq!(text.contains("are never alive together"), lost, "{name}: {text}");
        }
    }

    #[test]
    fn person_detect_on_the_s3_loses_to_t51() {
        let Some(plan) = golden_plan_of("person_detect", Chip::Esp32s3) else { return };
        assert_eq!(
            planner(&plan).unwrap().text(),
            "The greedy planner places large blocks first, so t51 lands on top of t54 and scratch of #3, at 77,024. \
             As t51 and scratch of #3 are never alive together, 9,216 B are lost."
        );
    }
}
