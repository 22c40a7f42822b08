//! From 32-bit (or 64-bit) sums to quantized outputs, with one multiplier per output channel.

use super::dot::{CHANNELS, Quad};
use crate::error::Reason;
use crate::fixed_point::{
    Activation, Multiplier, QuantizedRange, activation_range_quantized, multiply_by_nonnegative_multiplier,
};
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
    /// For outputs that are not quantized.
    pub(crate) const NONE: Self = Self { offset: 0, range: QuantizedRange { min: 0, max: 0 } };

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

    /// The int8 output of a sum; the multiplier is not negative.
    #[inline(always)]
    fn int8(&self, sum: i32, multiplier: u32, shift: u32) -> i8 {
        self.finish(multiply_by_nonnegative_multiplier(sum, multiplier as i32, shift as i32)) as i8
    }

    /// The output of a scaled sum.
    #[inline(always)]
    pub(crate) fn finish(&self, scaled: i32) -> i32 {
        self.range.clamp(scaled.wrapping_add(self.offset))
    }
}

/// Saves multiplier and shift of every output channel: all multipliers, then all shifts
/// (`PopulateConvolutionQuantizationParams`, kernels/kernel_util.cc). The factor of a channel is
/// `input scale * filter scale / output scale`, computed in double. Sums of 64 bits take shifts of up to 14 bits.
///
/// # Errors
/// A tensor is not quantized, the scales do not match the channels, or a factor is not a finite number.
pub(crate) fn save_channel_multipliers(
    context: &mut PrepareContext<'_, '_>,
    input: &Tensor<'_>,
    filter: &Tensor<'_>,
    output: &Tensor<'_>,
    channel_dimension: usize,
    has_64_bit_sums: bool,
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
        let max_shift = if has_64_bit_sums { 14 } else { 30 };
        let fits = |found: &Multiplier| found.multiplier >= 0 && found.shift <= max_shift;
        let found = Multiplier::from_f64(factor).filter(fits);
        let found = found.ok_or(Reason::Quantization { operand: filter.role, problem })?;
        *multiplier = found.multiplier as u32;
        *shift = found.shift as u32;
    }
    Ok(())
}

/// What sums are multiplied with: one factor per output channel, or one for all.
#[derive(Clone, Copy)]
pub(crate) enum Factors<'a> {
    /// Fixed point, rounded twice.
    Fixed(ChannelMultipliers<'a>),
    /// Doubles, as pairs of words (all low ones, then all high ones); the product is rounded to nearest, halves away from
    /// zero. LiteRT's FULLY_CONNECTED.
    Double(ChannelMultipliers<'a>),
}

impl Factors<'_> {
    /// A 32-bit sum times the factor of a channel.
    #[inline(always)]
    pub(crate) fn apply(&self, channel: usize, sum: i32) -> i32 {
        match self {
            Factors::Fixed(multipliers) => multipliers.get(channel).apply(sum),
            Factors::Double(words) => (libm::round(f64::from(sum) * words.double(channel))) as i32,
        }
    }

    /// A 64-bit sum times the factor of a channel.
    #[inline(always)]
    pub(crate) fn apply_64(&self, channel: usize, sum: i64) -> i32 {
        match self {
            Factors::Fixed(multipliers) => multipliers.get(channel).apply_64(sum),
            Factors::Double(words) => (libm::round(sum as f64 * words.double(channel))) as i32,
        }
    }
}

/// Multipliers and shifts of all channels, as [`save_channel_multipliers`] saved them.
#[derive(Clone, Copy)]
pub(crate) struct ChannelMultipliers<'a> {
    multipliers: &'a [u32],
    shifts: &'a [u32],
}

impl<'a> ChannelMultipliers<'a> {
    /// The words of all channels: half of them multipliers, half of them shifts. None for floats.
    pub(crate) fn new(words: &'a [u32]) -> Self {
        let (multipliers, shifts) = words.split_at(words.len() / 2);
        Self { multipliers, shifts }
    }

    /// The factor of a channel; the last one beyond the end.
    #[inline(always)]
    pub(crate) fn get(&self, channel: usize) -> Multiplier {
        let channel = channel.min(self.multipliers.len() - 1);
        Multiplier { multiplier: self.multipliers[channel] as i32, shift: self.shifts[channel] as i32 }
    }

    /// Writes the int8 outputs of four channels, or of fewer, at neighbouring pixels: those of `sums[p]` begin at
    /// `output[p * step]`. The first channel is `first`; the multipliers are not negative.
    ///
    /// A function of its own on purpose: the loop that sums has no registers to spare for it.
    #[inline(never)]
    pub(crate) fn finish_int8(
        &self,
        (first, n_channels): (usize, usize),
        stage: &OutputStage,
        sums: &[Quad],
        output: &mut [i8],
        step: usize,
    ) {
        let channels = first..first + n_channels;
        let (multipliers, shifts) = (&self.multipliers[channels.clone()], &self.shifts[channels]);
        let stage = *stage;
        let mut at = 0;
        if let (Ok(multipliers), Ok(shifts)) = (multipliers.try_into(), shifts.try_into()) {
            let (multipliers, shifts): ([u32; CHANNELS], [u32; CHANNELS]) = (multipliers, shifts);
            for sums in sums {
                let Some(outputs) = output.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) else {
                    return;
                };
                *outputs = core::array::from_fn::<_, CHANNELS, _>(|c| {
                    stage.int8(sums[c], multipliers[c], shifts[c])
                });
                at += step;
            }
            return;
        }
        for sums in sums {
            let factors = multipliers.iter().zip(shifts);
            for ((output, sum), (multiplier, shift)) in output[at..].iter_mut().zip(sums).zip(factors) {
                *output = stage.int8(*sum, *multiplier, *shift);
            }
            at += step;
        }
    }

    /// The two words of a channel as a double.
    fn double(&self, channel: usize) -> f64 {
        let channel = channel.min(self.multipliers.len() - 1);
        f64::from_bits(u64::from(self.shifts[channel]) << 32 | u64::from(self.multipliers[channel]))
    }
}
