//! SignalWindow, SignalFftAutoScale and SignalEnergy: what comes before and after the transform.
//!
//! Reference: signal/micro/kernels/window.cc, fft_auto_scale_common.cc, fft_auto_scale_kernel.cc and energy.cc.

use super::{exact, expect_vector, options};
use crate::dsp::{apply_window, auto_scale, spectrum_energy};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::kernels::shapes::expect_rank;
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey};
use crate::schema::TensorType;

/// SignalWindow: frames [..., samples] times a window [samples]. Options: shift.
pub(in crate::kernels) const WINDOW: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalWindow"),
    versions: &[Kernel { name: "plain", prepare: prepare_window, eval: Eval::Kernel(eval_window) }],
    support: &[exact("int16")],
};
/// SignalFftAutoScale: a frame shifted as far as it goes, and the number of bits.
pub(in crate::kernels) const FFT_AUTO_SCALE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalFftAutoScale"),
    versions: &[Kernel { name: "plain", prepare: prepare_auto_scale, eval: Eval::Kernel(eval_auto_scale) }],
    support: &[exact("int16")],
};
/// SignalEnergy: squared magnitudes of a spectrum [2 * bins]. Options: end_index, start_index. Bins outside of that range
/// are not written: they keep what the memory held before, as in TFLM.
pub(in crate::kernels) const ENERGY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalEnergy"),
    versions: &[Kernel { name: "plain", prepare: prepare_energy, eval: Eval::Kernel(eval_energy) }],
    support: &[exact("int16 to uint32")],
};

fn prepare_window(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, weights) = (context.input(0, "input")?, context.input(1, "weights")?);
    let output = context.output(0, "output")?;
    for tensor in [&input, &weights, &output] {
        tensor.expect_type(&[TensorType::Int16], "int16")?;
    }
    expect_rank(&weights, 1)?;
    if input.shape.rank() < 1 {
        return Err(Reason::Range {
            what: "number of dimensions of the input",
            found: 0,
            expected: "at least 1",
        });
    }
    expect_rank(&output, input.shape.rank())?;
    expect_equal("elements of the output", output.elements(), input.elements())?;
    let n_weights = weights.elements();
    if n_weights == 0 || !input.elements().is_multiple_of(n_weights) {
        let (found, expected) = (input.elements() as i64, "a multiple of the elements of the window");
        return Err(Reason::Range { what: "elements of the input", found, expected });
    }
    context.save(options(context)?.number_at(0, "shift", 31)?)
}

fn eval_window(context: &mut EvalContext<'_>) {
    let shift: u32 = context.params();
    let (output, operands) = context.output();
    apply_window(operands.input(0), operands.input(1), shift, output);
}

fn prepare_auto_scale(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 2)?;
    let input = context.input(0, "input")?;
    let (output, scale_bit) = (context.output(0, "output")?, context.output(1, "scale bit")?);
    let n_samples = expect_vector(&input, TensorType::Int16, "int16")?;
    expect_equal("elements of the output", expect_vector(&output, TensorType::Int16, "int16")?, n_samples)?;
    expect_rank(&scale_bit, 0)?;
    scale_bit.expect_type(&[TensorType::Int32], "int32")
}

fn eval_auto_scale(context: &mut EvalContext<'_>) {
    let ([output, scale_bit], operands) = context.split([Operand::Output(0), Operand::Output(1)]);
    cast_mut(scale_bit)[0] = auto_scale(operands.input(0), cast_mut(output));
}

record! {
    struct EnergyParams {
        start: u32,
        end: u32,
    }
}

fn prepare_energy(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let n_bins = expect_vector(&input, TensorType::Int16, "int16")? / 2;
    let n_bins = n_bins.min(expect_vector(&output, TensorType::Uint32, "uint32")?);
    let options = options(context)?;
    let end = options.number_at(0, "end_index", n_bins as i32)?;
    let start = options.number_at(1, "start_index", i32::MAX)?;
    context.save(EnergyParams { start: start.min(end), end })
}

fn eval_energy(context: &mut EvalContext<'_>) {
    let params: EnergyParams = context.params();
    let (start, end) = (params.start as usize, params.end as usize);
    let (output, operands) = context.output::<u32>();
    spectrum_energy(&operands.input(0)[2 * start..2 * end], &mut output[start..end]);
}
