//! SignalRfft and SignalIrfft: Fourier transforms of the rows of a tensor.
//!
//! Reference: signal/micro/kernels/rfft.cc and irfft.cc. Options: T, the type, and fft_length. A row of a spectrum holds
//! fft_length / 2 + 1 complex numbers as real and imaginary part; a shorter row of samples is continued with zeros. The
//! twiddle factors are computed once, in double precision.
//!
//! As in TFLM the samples are first copied to a scratch buffer, and the transform works in memory of its own that no other
//! operator gets. Both could be one, but SignalEnergy after SignalRfft leaves bins that it does not write, and the scratch
//! buffer shows there.

use super::{exact, float, options};
use crate::dsp::{Direction, RealFft, Sample};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::graph::Buffer;
use crate::kernels::shapes::expect_rank;
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support};
use crate::schema::TensorType;
use crate::tensor::Element;

const SUPPORT: &[Support] = &[exact("int16"), exact("int32"), float("float32")];

/// SignalRfft.
pub(in crate::kernels) const RFFT: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalRfft"),
    versions: &[Kernel { name: "plain", prepare: prepare_forward, eval: Eval::Kernel(eval_forward) }],
    support: SUPPORT,
};
/// SignalIrfft.
pub(in crate::kernels) const IRFFT: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalIrfft"),
    versions: &[Kernel { name: "plain", prepare: prepare_inverse, eval: Eval::Kernel(eval_inverse) }],
    support: SUPPORT,
};

record! {
    /// Behind it lie the twiddle factors.
    struct Params {
        kind: u32,
        length: u32,
        /// Numbers of a row of samples; for the forward transform possibly fewer than `length`.
        row: u32,
        /// The samples of a row and zeros, for the forward transform.
        samples: Buffer,
        work: Buffer,
    }
}
const INT16: u32 = 0;
const INT32: u32 = 1;
const FLOAT32: u32 = 2;

fn prepare_forward(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    prepare(context, Direction::Forward)
}

fn prepare_inverse(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    prepare(context, Direction::Inverse)
}

fn prepare(context: &mut PrepareContext<'_, '_>, direction: Direction) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let options = options(context)?;
    // TFLM reads the type by its key, and the length by its place.
    let (kind, ty, name) = match options.int("T")?.unwrap_or(0) {
        0 => (FLOAT32, TensorType::Float32, "float32"),
        2 => (INT32, TensorType::Int32, "int32"),
        7 => (INT16, TensorType::Int16, "int16"),
        found => return Err(Reason::Range { what: "option T", found, expected: "int16, int32 or float32" }),
    };
    input.expect_type(&[ty], name)?;
    output.expect_type(&[ty], name)?;
    let length = options.number_at(1, "fft_length", 1 << 24)? as usize;
    if !RealFft::is_supported(length) {
        let expected = "an even length with no prime factors above 5, at least 4";
        return Err(Reason::Range { what: "fft_length", found: length as i64, expected });
    }
    if input.shape.rank() < 1 {
        return Err(Reason::Range {
            what: "number of dimensions of the input",
            found: 0,
            expected: "at least 1",
        });
    }
    expect_rank(&output, input.shape.rank())?;
    let (samples, spectrum) = match direction {
        Direction::Forward => (&input, &output),
        Direction::Inverse => (&output, &input),
    };
    expect_equal("numbers in a row of the spectrum", spectrum.shape.last(), length + 2)?;
    let row = samples.shape.last();
    let is_whole = row == length || direction == Direction::Forward && (1..length).contains(&row);
    if !is_whole {
        let (found, expected) = (row as i64, "at most fft_length, and fft_length for SignalIrfft");
        return Err(Reason::Range { what: "samples in a row", found, expected });
    }
    let n_rows = spectrum.elements() / (length + 2);
    expect_equal("number of rows of samples", samples.elements() / row, n_rows)?;
    let bytes = length * if kind == INT16 { 2 } else { 4 };
    let samples = match direction {
        Direction::Forward => context.scratch(bytes)?,
        Direction::Inverse => Buffer::NONE,
    };
    let work = context.state(bytes)?;
    context.save(Params { kind, length: length as u32, row: row as u32, samples, work })?;
    match kind {
        INT16 => save_twiddles::<i16>(context, length, direction),
        INT32 => save_twiddles::<i32>(context, length, direction),
        _ => save_twiddles::<f32>(context, length, direction),
    }
}

fn save_twiddles<T: Sample>(
    context: &mut PrepareContext<'_, '_>,
    length: usize,
    direction: Direction,
) -> Result<(), Reason> {
    let words = context.words(RealFft::twiddle_words::<T>(length))?;
    RealFft::fill_twiddles::<T>(length, direction, words);
    Ok(())
}

fn eval_forward(context: &mut EvalContext<'_>) {
    match context.params::<Params>().kind {
        INT16 => forward::<i16>(context),
        INT32 => forward::<i32>(context),
        _ => forward::<f32>(context),
    }
}

fn forward<T: Sample + Element>(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let length = params.length as usize;
    let fft = RealFft::new(length, Direction::Forward, context.words_after::<Params>());
    let writes = [Operand::Output(0), Operand::Buffer(params.samples), Operand::Buffer(params.work)];
    let ([output, samples, work], operands) = context.split(writes);
    let (samples, work) = (cast_mut::<T>(samples), cast_mut::<T>(work));
    let (whole, silence) = samples.split_at_mut(params.row as usize);
    silence.fill(T::default());
    let rows = operands.input::<T>(0).chunks_exact(params.row as usize);
    for (row, spectrum) in rows.zip(cast_mut::<T>(output).chunks_exact_mut(length + 2)) {
        whole.copy_from_slice(row);
        fft.forward(whole, work, spectrum);
    }
}

fn eval_inverse(context: &mut EvalContext<'_>) {
    match context.params::<Params>().kind {
        INT16 => inverse::<i16>(context, |_, _| ()),
        INT32 => inverse::<i32>(context, |_, _| ()),
        // TFLM takes back the scale that KISS FFT leaves in a float result.
        _ => inverse::<f32>(context, |samples, length| {
            samples.iter_mut().for_each(|sample| *sample /= length as f32);
        }),
    }
}

fn inverse<T: Sample + Element>(context: &mut EvalContext<'_>, finish: impl Fn(&mut [T], usize)) {
    let params: Params = context.params();
    let length = params.length as usize;
    let fft = RealFft::new(length, Direction::Inverse, context.words_after::<Params>());
    let ([output, work], operands) = context.split([Operand::Output(0), Operand::Buffer(params.work)]);
    let work = cast_mut::<T>(work);
    let rows = operands.input::<T>(0).chunks_exact(length + 2);
    for (spectrum, samples) in rows.zip(cast_mut::<T>(output).chunks_exact_mut(length)) {
        fft.inverse(spectrum, work, samples);
        finish(samples, length);
    }
}
