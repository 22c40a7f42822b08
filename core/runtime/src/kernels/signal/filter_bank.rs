//! SignalFilterBank, SignalFilterBankSquareRoot, SignalFilterBankSpectralSubtraction, SignalPCAN and SignalFilterBankLog:
//! from the energies of the bins to the features of the channels.
//!
//! Reference: signal/micro/kernels/filter_bank.cc, filter_bank_square_root.cc, filter_bank_square_root_common.cc,
//! filter_bank_spectral_subtraction.cc, pcan.cc and filter_bank_log.cc. The starts and widths of the filters have to be
//! constant, which TFLM does not check.

use super::{exact, expect_vector, options};
use crate::dsp::{
    FilterBank, GAIN_TABLE_ENTRIES, SpectralSubtraction, filter_bank_log, filter_bank_square_root,
    gain_control,
};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::graph::Buffer;
use crate::kernels::shapes::expect_rank;
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey};
use crate::schema::TensorType;
use crate::tensor::Tensor;

/// SignalFilterBank. Options: num_channels.
pub(in crate::kernels) const FILTER_BANK: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalFilterBank"),
    versions: &[Kernel { name: "plain", prepare: prepare_filter_bank, eval: Eval::Kernel(eval_filter_bank) }],
    support: &[exact("uint32 to uint64")],
};
/// SignalFilterBankSquareRoot: roots, shifted to the right by the second input.
pub(in crate::kernels) const SQUARE_ROOT: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalFilterBankSquareRoot"),
    versions: &[Kernel { name: "plain", prepare: prepare_square_root, eval: Eval::Kernel(eval_square_root) }],
    support: &[exact("uint64 to uint32")],
};
/// SignalFilterBankSpectralSubtraction: the signal without noise, and the estimate of the noise, which is kept between
/// invocations.
pub(in crate::kernels) const SPECTRAL_SUBTRACTION: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalFilterBankSpectralSubtraction"),
    versions: &[Kernel { name: "plain", prepare: prepare_subtraction, eval: Eval::Kernel(eval_subtraction) }],
    support: &[exact("uint32")],
};
/// SignalPCAN. Options: snr_shift.
pub(in crate::kernels) const PCAN: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalPCAN"),
    versions: &[Kernel { name: "plain", prepare: prepare_pcan, eval: Eval::Kernel(eval_pcan) }],
    support: &[exact("uint32")],
};
/// SignalFilterBankLog. Options: input_correction_bits, output_scale.
pub(in crate::kernels) const LOG: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("SignalFilterBankLog"),
    versions: &[Kernel { name: "plain", prepare: prepare_log, eval: Eval::Kernel(eval_log) }],
    support: &[exact("uint32 to int16")],
};

fn prepare_filter_bank(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(6..=6, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let n_bins = expect_vector(&input, TensorType::Uint32, "uint32")?;
    let n_channels = expect_vector(&output, TensorType::Uint64, "uint64")?;
    let roles = ["weights", "unweights", "frequency starts", "weight starts", "channel widths"];
    let mut lists = [&[][..]; 5];
    for (index, (list, role)) in lists.iter_mut().zip(roles).enumerate() {
        let tensor = context.input(index + 1, role)?;
        expect_vector(&tensor, TensorType::Int16, "int16")?;
        *list = tensor.required_constant::<i16>()?;
    }
    let wanted = options(context)?.number_at(0, "num_channels", i32::MAX)?;
    expect_equal("elements of the output", n_channels, wanted as usize)?;
    if !filter_bank(lists).fits(n_channels, n_bins) {
        return Err(Reason::Unsupported(
            "a channel of the filter bank lies outside of the spectrum or the weights",
        ));
    }
    Ok(())
}

fn filter_bank([weights, unweights, frequency_starts, weight_starts, widths]: [&[i16]; 5]) -> FilterBank<'_> {
    FilterBank { weights, unweights, frequency_starts, weight_starts, widths }
}

fn eval_filter_bank(context: &mut EvalContext<'_>) {
    let (output, operands) = context.output::<u64>();
    filter_bank([1, 2, 3, 4, 5].map(|index| operands.input(index))).apply(operands.input(0), output);
}

fn prepare_square_root(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, scale_bits) = (context.input(0, "input")?, context.input(1, "scale bits")?);
    let output = context.output(0, "output")?;
    let n_channels = expect_vector(&input, TensorType::Uint64, "uint64")?;
    expect_rank(&scale_bits, 0)?;
    scale_bits.expect_type(&[TensorType::Int32], "int32")?;
    expect_channels(&output, TensorType::Uint32, "uint32", n_channels)
}

fn expect_channels(
    tensor: &Tensor<'_>,
    ty: TensorType,
    name: &'static str,
    n_channels: usize,
) -> Result<(), Reason> {
    expect_equal("number of channels", expect_vector(tensor, ty, name)?, n_channels)
}

fn eval_square_root(context: &mut EvalContext<'_>) {
    let (output, operands) = context.output();
    // Only the lower bits of a shift count, as on the chips.
    let shift = operands.input::<i32>(1)[0] as u32 & 31;
    filter_bank_square_root(operands.input(0), shift, output);
}

record! {
    struct SubtractionParams {
        smoothing: [u32; 2],
        one_minus_smoothing: [u32; 2],
        min_signal_remaining: u32,
        smoothing_bits: u8,
        subtraction_bits: u8,
        clamps: bool,
        estimates: Buffer,
    }
}

fn prepare_subtraction(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 2)?;
    let input = context.input(0, "input")?;
    let n_channels = expect_vector(&input, TensorType::Uint32, "uint32")?;
    for (index, role) in ["output", "noise estimate"].into_iter().enumerate() {
        expect_channels(&context.output(index, role)?, TensorType::Uint32, "uint32", n_channels)?;
    }
    let options = options(context)?;
    let wanted = options.number_at(4, "num_channels", i32::MAX)?;
    expect_equal("elements of the input", n_channels, wanted as usize)?;
    let share = |index, name| options.i32_at(index, name).map(|share| share as u32);
    let params = SubtractionParams {
        smoothing: [share(6, "smoothing")?, share(1, "alternate_smoothing")?],
        one_minus_smoothing: [share(5, "one_minus_smoothing")?, share(0, "alternate_one_minus_smoothing")?],
        min_signal_remaining: share(3, "min_signal_remaining")?,
        smoothing_bits: options.number_at(7, "smoothing_bits", 31)? as u8,
        subtraction_bits: options.number_at(8, "spectral_subtraction_bits", 63)? as u8,
        clamps: options.int_at(2, "clamping")? != 0,
        estimates: context.state(4 * n_channels)?,
    };
    context.save(params)
}

fn eval_subtraction(context: &mut EvalContext<'_>) {
    let params: SubtractionParams = context.params();
    let subtraction = SpectralSubtraction {
        smoothing: params.smoothing,
        one_minus_smoothing: params.one_minus_smoothing,
        min_signal_remaining: params.min_signal_remaining,
        smoothing_bits: u32::from(params.smoothing_bits),
        subtraction_bits: u32::from(params.subtraction_bits),
        clamps: params.clamps,
    };
    let writes = [Operand::Output(0), Operand::Output(1), Operand::Buffer(params.estimates)];
    let ([output, copy, estimates], operands) = context.split(writes);
    let estimates = cast_mut(estimates);
    subtraction.apply(operands.input(0), estimates, cast_mut(output));
    cast_mut(copy).copy_from_slice(estimates);
}

fn prepare_pcan(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(3..=3, 1)?;
    let (input, noise) = (context.input(0, "input")?, context.input(1, "noise estimate")?);
    let (table, output) = (context.input(2, "gain table")?, context.output(0, "output")?);
    let n_channels = expect_vector(&input, TensorType::Uint32, "uint32")?;
    expect_channels(&noise, TensorType::Uint32, "uint32", n_channels)?;
    expect_channels(&output, TensorType::Uint32, "uint32", n_channels)?;
    let n_entries = expect_vector(&table, TensorType::Int16, "int16")?;
    if n_entries < GAIN_TABLE_ENTRIES {
        let (found, expected) = (n_entries as i64, "at least 125");
        return Err(Reason::Range { what: "entries of the gain table", found, expected });
    }
    context.save(options(context)?.number_at(0, "snr_shift", 63)?)
}

fn eval_pcan(context: &mut EvalContext<'_>) {
    let shift: u32 = context.params();
    let (output, operands) = context.output();
    gain_control(operands.input(2), shift, operands.input(1), operands.input(0), output);
}

record! {
    struct LogParams {
        scale: u32,
        correction_bits: u32,
    }
}

fn prepare_log(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let n_channels = expect_vector(&input, TensorType::Uint32, "uint32")?;
    expect_channels(&output, TensorType::Int16, "int16", n_channels)?;
    let options = options(context)?;
    let correction_bits = options.number_at(0, "input_correction_bits", 31)?;
    context.save(LogParams { scale: options.i32_at(1, "output_scale")? as u32, correction_bits })
}

fn eval_log(context: &mut EvalContext<'_>) {
    let params: LogParams = context.params();
    let (output, operands) = context.output();
    filter_bank_log(operands.input(0), params.scale, params.correction_bits, output);
}
