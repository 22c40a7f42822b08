//! From 32-bit (or 64-bit) sums to quantized outputs, with one multiplier per output channel.

use crate::error::Reason;
use crate::fixed_point::{Activation, Multiplier, QuantizedRange, activation_range_quantized};
use crate::prepare::PrepareContext;
use crate::records::record;
use crate::tensor::Tensor;

record! {
    /// What turns a scaled sum into an output.
    pub(crate) struct OutputStage {
        /// Zero point of the output.
        pub(crate) offset: i32,
        /// Smallest and largest output.
        pub(crate) range: QuantizedRange,
    }
}

impl OutputStage {
    /// Zero point of the output and the range that the activation leaves.
    ///
    /// # Errors
    /// The output is not quantized.
    pub(crate) fn new(output: &Tensor<'_>, activation: Activation) -> Result<Self, Reason> {
        let (scale, zero_point) = output.scale_and_zero_point()?;
        let range = activation_range_quantized(activation, output.ty, scale, zero_point);
        let problem = "the activation bounds do not fit the scale";
        let range = range.ok_or(Reason::Quantization { operand: output.role, problem })?;
        Ok(Self { offset: zero_point, range })
    }

    /// The output of a scaled sum.
    #[inline(always)]
    pub(crate) fn finish(&self, scaled: i32) -> i32 {
        self.range.clamp(scaled.wrapping_add(self.offset))
    }
}

/// Saves multiplier and shift of every output channel: all multipliers, then all shifts
/// (`PopulateConvolutionQuantizationParams`, kernels/kernel_util.cc). The factor of a channel is
/// `input scale * filter scale / output scale`, computed in double.
///
/// # Errors
/// A tensor is not quantized, the scales do not match the channels, or a factor is not a finite number.
pub(crate) fn save_channel_multipliers(
    context: &mut PrepareContext<'_, '_>,
    input: &Tensor<'_>,
    filter: &Tensor<'_>,
    output: &Tensor<'_>,
    channel_dimension: usize,
) -> Result<(), Reason> {
    let missing = Reason::Quantization { operand: filter.role, problem: "scale or zero point is missing" };
    let quantization = filter.quantization()?.ok_or(missing)?;
    let (input_scale, _) = input.scale_and_zero_point()?;
    let (output_scale, _) = output.scale_and_zero_point()?;
    let n_channels = filter.shape.dim(channel_dimension);
    let n_scales = quantization.scales.len();
    if n_scales > 1 {
        let dimension = usize::try_from(quantization.dimension).ok().filter(|d| *d < filter.shape.rank());
        let matches = dimension.is_some_and(|dimension| filter.shape.dim(dimension) == n_scales);
        if n_scales != n_channels || !matches {
            let problem = "the number of scales is not the number of channels";
            return Err(Reason::Quantization { operand: filter.role, problem });
        }
    }
    let words = context.words(2 * n_channels)?;
    let (multipliers, shifts) = words.split_at_mut(n_channels);
    for (channel, (multiplier, shift)) in multipliers.iter_mut().zip(shifts).enumerate() {
        let scale = quantization.scales.get(if n_scales > 1 { channel } else { 0 }).unwrap_or(0.0);
        let factor = f64::from(input_scale) * f64::from(scale) / f64::from(output_scale);
        let problem = "a channel's factor of the output is not a number that fits";
        let found = Multiplier::from_f64(factor).filter(|found| found.multiplier >= 0);
        let found = found.ok_or(Reason::Quantization { operand: filter.role, problem })?;
        *multiplier = found.multiplier as u32;
        *shift = found.shift as u32;
    }
    Ok(())
}

/// Multipliers and shifts of all channels, as [`save_channel_multipliers`] saved them.
#[derive(Clone, Copy)]
pub(crate) struct ChannelMultipliers<'a> {
    multipliers: &'a [u32],
    shifts: &'a [u32],
}

impl<'a> ChannelMultipliers<'a> {
    /// Reads the words of `n_channels` channels.
    pub(crate) fn new(words: &'a [u32], n_channels: usize) -> Self {
        let (multipliers, rest) = words.split_at(n_channels);
        Self { multipliers, shifts: &rest[..n_channels] }
    }

    /// The factor of a channel.
    #[inline(always)]
    pub(crate) fn get(&self, channel: usize) -> Multiplier {
        Multiplier { multiplier: self.multipliers[channel] as i32, shift: self.shifts[channel] as i32 }
    }
}
