//! SignalDelay, SignalFramer, SignalStacker and SignalOverlapAdd: operators that keep samples between invocations.
//!
//! Reference: signal/micro/kernels/delay.cc, framer.cc, stacker.cc and overlap_add.cc. TFLM keeps the samples in circular
//! buffers; here they are moved, which gives the same outputs. Outputs of a framer or stacker that is not valid yet are not
//! written: they keep what the memory held before, as in TFLM.

use super::{exact, expect_vector, float, options};
use crate::dsp::{Overlap, delay, overlap_add};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::graph::Buffer;
use crate::kernels::shapes::{expect_output_shape, expect_rank, product};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey};
use crate::schema::TensorType;
use crate::tensor::Element;

/// SignalDelay: every row delayed by some samples. Options: delay_length.
pub(in crate::kernels) const DELAY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalDelay"),
    versions: &[Kernel { name: "plain", prepare: prepare_delay, eval: Eval::Kernel(eval_delay) }],
    support: &[exact("int16")],
};
/// SignalFramer: rows of samples cut into frames that overlap, and whether there were enough samples for all of them.
/// Options: frame_size, frame_step, prefill.
pub(in crate::kernels) const FRAMER: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalFramer"),
    versions: &[Kernel { name: "plain", prepare: prepare_framer, eval: Eval::Kernel(eval_framer) }],
    support: &[exact("int16")],
};
/// SignalStacker: some frames side by side, and whether there were enough of them. Options: num_channels,
/// stacker_left_context, stacker_right_context, stacker_step.
pub(in crate::kernels) const STACKER: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalStacker"),
    versions: &[Kernel { name: "plain", prepare: prepare_stacker, eval: Eval::Kernel(eval_stacker) }],
    support: &[exact("int16")],
};
/// SignalOverlapAdd: frames that overlap added up to rows of samples. Options: T, frame_step.
pub(in crate::kernels) const OVERLAP_ADD: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalOverlapAdd"),
    versions: &[Kernel { name: "plain", prepare: prepare_overlap_add, eval: Eval::Kernel(eval_overlap_add) }],
    support: &[exact("int16"), float("float32")],
};

/// The most samples that an operator keeps for one row.
const MAX_SAMPLES: i32 = 1 << 24;

record! {
    struct DelayParams {
        row: u32,
        delay: u32,
        line: Buffer,
    }
}

fn prepare_delay(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    input.expect_type(&[TensorType::Int16], "int16")?;
    output.expect_type(&[TensorType::Int16], "int16")?;
    expect_output_shape(&output, &input.shape)?;
    let row = input.shape.last();
    if input.shape.rank() < 1 || row == 0 {
        return Err(Reason::Unsupported("the input has no samples"));
    }
    let delay = options(context)?.number_at(0, "delay_length", MAX_SAMPLES)?;
    let line = context.state(state_bytes(input.elements() / row, delay as usize, 2)?)?;
    context.save(DelayParams { row: row as u32, delay, line })
}

/// Bytes of some samples for each of several rows.
fn state_bytes(n_rows: usize, n_samples: usize, sample_bytes: usize) -> Result<usize, Reason> {
    let bytes = n_rows.checked_mul(n_samples).and_then(|count| count.checked_mul(sample_bytes));
    bytes.ok_or(Reason::TooLarge { what: "the state of the operator" })
}

fn eval_delay(context: &mut EvalContext<'_>) {
    let params: DelayParams = context.params();
    let (row, length) = (params.row as usize, params.delay as usize);
    let ([output, line], operands) = context.split([Operand::Output(0), Operand::Buffer(params.line)]);
    let (output, line) = (cast_mut::<i16>(output), cast_mut::<i16>(line));
    for (index, input) in operands.input::<i16>(0).chunks_exact(row).enumerate() {
        let line = &mut line[index * length..(index + 1) * length];
        delay(line, input, &mut output[index * row..(index + 1) * row]);
    }
}

record! {
    struct FramerParams {
        frame: u32,
        step: u32,
        /// Samples of a row that are waiting after a reset.
        prefilled: u32,
        /// How many samples of a row are waiting beyond those, in 32 bits; then `waiting` samples of each row.
        state: Buffer,
        /// Room for waiting samples of a row.
        room: u32,
    }
}

fn prepare_framer(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 2)?;
    let input = context.input(0, "input")?;
    let (output, valid) = (context.output(0, "output")?, context.output(1, "output valid")?);
    input.expect_type(&[TensorType::Int16], "int16")?;
    output.expect_type(&[TensorType::Int16], "int16")?;
    valid.expect_type(&[TensorType::Bool], "bool")?;
    expect_rank(&output, input.shape.rank() + 1)?;
    expect_rank(&valid, 0)?;
    let options = options(context)?;
    let frame = options.number_at(0, "frame_size", MAX_SAMPLES)?;
    let step = options.number_at(1, "frame_step", MAX_SAMPLES)?;
    let prefills = options.int_at(2, "prefill")? != 0;
    let row = input.shape.last();
    let found = i64::from(step);
    if input.shape.rank() < 1 || step == 0 || row < step as usize || !row.is_multiple_of(step as usize) {
        return Err(Reason::Range {
            what: "frame_step",
            found,
            expected: "a divisor of the samples of a row",
        });
    }
    if prefills && frame < step {
        return Err(Reason::Range { what: "frame_step", found, expected: "at most frame_size" });
    }
    let n_rows = input.elements() / row;
    let n_frames = n_rows * (row / step as usize);
    expect_equal("elements of the output", output.elements(), n_frames * frame as usize)?;
    // Before a frame is complete there are less than frame_size samples, and a step is added to them.
    let room = frame + step;
    let bytes = state_bytes(n_rows, room as usize, 2)?.saturating_add(4);
    let state = context.state(bytes)?;
    let prefilled = if prefills { frame - step } else { 0 };
    context.save(FramerParams { frame, step, prefilled, state, room })
}

fn eval_framer(context: &mut EvalContext<'_>) {
    let params: FramerParams = context.params();
    let n_frames = {
        let shape = context.input_shape(0);
        shape.last() / params.step as usize
    };
    let writes = [Operand::Output(0), Operand::Output(1), Operand::Buffer(params.state)];
    let ([output, valid, state], operands) = context.split(writes);
    let (count, waiting) = state.split_at_mut(4);
    let (count, waiting) = (cast_mut::<u32>(count), cast_mut::<i16>(waiting));
    let frames = Frames { params: &params, n_frames };
    let (next, is_valid) = frames.cut(count[0], waiting, operands.input(0), cast_mut(output));
    count[0] = next;
    valid[0] = u8::from(is_valid);
}

struct Frames<'p> {
    params: &'p FramerParams,
    /// Frames of a row.
    n_frames: usize,
}

impl Frames<'_> {
    /// Cuts all rows into frames. Returns how many samples of a row wait then, and whether all frames were complete.
    fn cut(&self, count: u32, waiting: &mut [i16], input: &[i16], output: &mut [i16]) -> (u32, bool) {
        let [frame, step, room, prefilled] =
            [self.params.frame, self.params.step, self.params.room, self.params.prefilled]
                .map(|n| n as usize);
        let (mut is_valid, mut next) = (true, count);
        let rows = input.chunks_exact(self.n_frames * step).zip(waiting.chunks_exact_mut(room));
        for (row, (samples, waiting)) in rows.enumerate() {
            // All rows go in step, so that one number says how many samples wait.
            let mut length = count as usize + prefilled;
            for (index, samples) in samples.chunks_exact(step).enumerate() {
                waiting[length..length + step].copy_from_slice(samples);
                length += step;
                if length < frame {
                    is_valid = false;
                    continue;
                }
                let at = (row * self.n_frames + index) * frame;
                output[at..at + frame].copy_from_slice(&waiting[..frame]);
                waiting.copy_within(step..length, 0);
                length -= step;
            }
            // Only a framer without prefill ever has fewer samples than it began with.
            next = (length - prefilled) as u32;
        }
        (next, is_valid)
    }
}

record! {
    struct StackerParams {
        /// Samples of one frame, and of all frames side by side.
        frame: u32,
        stack: u32,
        /// Samples to drop after a stack.
        step: u32,
        /// How often the first frame is repeated.
        repeats: u32,
        /// One more than the samples that wait, in 32 bits, or 0 before the first frame; then `stack + frame` samples.
        state: Buffer,
    }
}

fn prepare_stacker(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 2)?;
    let input = context.input(0, "input")?;
    let (output, valid) = (context.output(0, "output")?, context.output(1, "output valid")?);
    let n_samples = expect_vector(&input, TensorType::Int16, "int16")?;
    let n_stacked = expect_vector(&output, TensorType::Int16, "int16")?;
    expect_rank(&valid, 0)?;
    valid.expect_type(&[TensorType::Bool], "bool")?;
    let options = options(context)?;
    let frame = options.number_at(0, "num_channels", MAX_SAMPLES)?;
    let left = options.number_at(1, "stacker_left_context", 1 << 16)?;
    let right = options.number_at(2, "stacker_right_context", 1 << 16)?;
    let step = options.number_at(3, "stacker_step", MAX_SAMPLES)?;
    expect_equal("elements of the input", n_samples, frame as usize)?;
    let n_frames = left + right + 1;
    if step == 0 || step > n_frames {
        let (found, expected) = (i64::from(step), "1 to the number of stacked frames");
        return Err(Reason::Range { what: "stacker_step", found, expected });
    }
    let stack = frame.checked_mul(n_frames).filter(|stack| *stack <= i32::MAX as u32 / 4);
    let stack = stack.ok_or(Reason::TooLarge { what: "the stack of frames" })?;
    expect_equal("elements of the output", n_stacked, stack as usize)?;
    let state = context.state(4 + 2 * (stack + frame) as usize)?;
    context.save(StackerParams { frame, stack, step: step * frame, repeats: left, state })
}

fn eval_stacker(context: &mut EvalContext<'_>) {
    let params: StackerParams = context.params();
    let writes = [Operand::Output(0), Operand::Output(1), Operand::Buffer(params.state)];
    let ([output, valid, state], operands) = context.split(writes);
    let (count, waiting) = state.split_at_mut(4);
    let count = cast_mut::<u32>(count);
    let is_valid = params.stack(&mut count[0], cast_mut(waiting), operands.input(0), cast_mut(output));
    valid[0] = u8::from(is_valid);
}

impl StackerParams {
    /// Adds a frame, and writes a stack if there are enough; `count` is one more than the samples that wait.
    fn stack(&self, count: &mut u32, waiting: &mut [i16], input: &[i16], output: &mut [i16]) -> bool {
        let [frame, stack, step] = [self.frame, self.stack, self.step].map(|size| size as usize);
        let n_copies = if *count == 0 { 1 + self.repeats } else { 1 };
        let mut length = count.saturating_sub(1) as usize;
        for _ in 0..n_copies {
            waiting[length..length + frame].copy_from_slice(input);
            length += frame;
        }
        let is_valid = length >= stack;
        if is_valid {
            output.copy_from_slice(&waiting[..stack]);
            waiting.copy_within(step..length, 0);
            length -= step;
        }
        *count = length as u32 + 1;
        is_valid
    }
}

record! {
    struct OverlapParams {
        is_float: bool,
        frame: u32,
        step: u32,
        n_frames: u32,
        rest: Buffer,
    }
}

fn prepare_overlap_add(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let options = options(context)?;
    let (is_float, ty, name) = match options.int("T")?.unwrap_or(0) {
        0 => (true, TensorType::Float32, "float32"),
        7 => (false, TensorType::Int16, "int16"),
        found => return Err(Reason::Range { what: "option T", found, expected: "int16 or float32" }),
    };
    input.expect_type(&[ty], name)?;
    output.expect_type(&[ty], name)?;
    let rank = input.shape.rank();
    if rank < 2 {
        let found = rank as i64;
        return Err(Reason::Range {
            what: "number of dimensions of the input",
            found,
            expected: "at least 2",
        });
    }
    expect_rank(&output, rank - 1)?;
    let (frame, n_frames) = (input.shape.last(), input.shape.dim(rank - 2));
    let step = options.number_at(1, "frame_step", MAX_SAMPLES)?;
    if step as usize > frame || frame == 0 || n_frames == 0 {
        let (found, expected) = (i64::from(step), "at most the samples of a frame");
        return Err(Reason::Range { what: "frame_step", found, expected });
    }
    let n_rows = product(&input.shape, 0..rank - 2);
    expect_equal("elements of the output", output.elements(), n_rows * n_frames * step as usize)?;
    let rest = context.state(state_bytes(n_rows, frame, if is_float { 4 } else { 2 })?)?;
    context.save(OverlapParams { is_float, frame: frame as u32, step, n_frames: n_frames as u32, rest })
}

fn eval_overlap_add(context: &mut EvalContext<'_>) {
    if context.params::<OverlapParams>().is_float {
        overlap_add_rows::<f32>(context);
    } else {
        overlap_add_rows::<i16>(context);
    }
}

fn overlap_add_rows<T: Overlap + Element>(context: &mut EvalContext<'_>) {
    let params: OverlapParams = context.params();
    let [frame, step, n_frames] = [params.frame, params.step, params.n_frames].map(|size| size as usize);
    let ([output, rest], operands) = context.split([Operand::Output(0), Operand::Buffer(params.rest)]);
    let (output, rest) = (cast_mut::<T>(output), cast_mut::<T>(rest));
    for (index, input) in operands.input::<T>(0).chunks_exact(frame).enumerate() {
        let rest = &mut rest[index / n_frames * frame..][..frame];
        overlap_add(input, rest, &mut output[index * step..(index + 1) * step]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(
        frame: u32,
        step: u32,
        prefills: bool,
        samples: usize,
        n_calls: usize,
    ) -> Vec<Option<Vec<i16>>> {
        let prefilled = if prefills { frame - step } else { 0 };
        let params = FramerParams { frame, step, prefilled, state: Buffer::NONE, room: frame + step };
        let frames = Frames { params: &params, n_frames: samples / step as usize };
        let (mut count, mut waiting) = (0, vec![0; params.room as usize]);
        let mut found = Vec::new();
        for call in 0..n_calls {
            let input: Vec<i16> = (0..samples).map(|sample| (call * samples + sample + 1) as i16).collect();
            let mut output = vec![-91; frames.n_frames * frame as usize];
            let (next, is_valid) = frames.cut(count, &mut waiting, &input, &mut output);
            count = next;
            found.push(is_valid.then_some(output));
        }
        found
    }

    #[test]
    fn frames_overlap() {
        assert_eq!(
            framed(5, 2, false, 2, 5),
            [None, None, Some(vec![1, 2, 3, 4, 5]), Some(vec![3, 4, 5, 6, 7]), Some(vec![5, 6, 7, 8, 9])]
        );
        assert_eq!(framed(3, 2, true, 4, 2), [Some(vec![0, 1, 2, 2, 3, 4]), Some(vec![4, 5, 6, 6, 7, 8])]);
        assert_eq!(framed(2, 2, false, 2, 2), [Some(vec![1, 2]), Some(vec![3, 4])]);
        assert_eq!(framed(1, 3, false, 3, 2), [Some(vec![1]), Some(vec![4])]);
    }

    #[test]
    fn the_first_frame_is_repeated() {
        let params = StackerParams { frame: 2, stack: 6, step: 4, repeats: 1, state: Buffer::NONE };
        let (mut count, mut waiting) = (0, [0; 8]);
        let mut found = Vec::new();
        for call in 0..6i16 {
            let mut output = [-91; 6];
            let is_valid = params.stack(&mut count, &mut waiting, &[10 * call, 10 * call + 1], &mut output);
            found.push(is_valid.then_some(output));
        }
        let expected = [None, Some([0, 1, 0, 1, 10, 11]), None, Some([10, 11, 20, 21, 30, 31]), None];
        assert_eq!(found[..5], expected);
    }
}
