//! Hybrid operators: float32 activations, int8 weights. LiteRT quantizes the input of every batch on the fly, sums in
//! integers, and scales the sum back. TFLM refuses them.
//!
//! Reference: tflite/kernels/fully_connected.cc, conv.cc and depthwise_conv.cc in github.com/google-ai-edge/LiteRT at
//! 01d971c556e3f74b696b96e0c2aa1e73b179a14e (fully_connected.cc at 02f540346b504eaae813e4112aaf18052d4126f7), and
//! kernels/internal/reference/portable_tensor_utils.cc.

use super::accumulate::Accumulate;
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::fixed_point::{FloatRange, round_f32};
use crate::graph::Buffer;
use crate::prepare::PrepareContext;
use crate::records::{Record, record};
use crate::registry::{Exactness, Support};
use crate::tensor::Tensor;

/// What the table of operators says about them.
pub(crate) const HYBRID: Support =
    Support { types: "float32 with int8 filter (hybrid)", tflm: None, litert: Some(Exactness::Float) };

record! {
    /// Saved behind the parameters of the operator; the scales of the filter follow.
    pub(crate) struct Hybrid {
        /// The quantized input.
        quantized: Buffer,
        /// Scale and zero point of every batch.
        batches: Buffer,
        n_batches: u32,
        is_asymmetric: bool,
        /// Which of the two scales the sum is multiplied with.
        order: Order,
    }
}

/// In which order a sum and its two scales are multiplied, which decides how floats round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `(sum * filter scale) * input scale`.
    FilterFirst,
    /// `sum * (filter scale * input scale)`.
    ScalesFirst,
}

impl Record for Order {
    const WORDS: usize = 1;
    fn read(words: &[u32]) -> Self {
        if words[0] == 0 { Order::FilterFirst } else { Order::ScalesFirst }
    }
    fn write(self, words: &mut [u32]) {
        words[0] = u32::from(self == Order::ScalesFirst);
    }
}

/// Saves what the hybrid version of an operator needs, behind its parameters.
///
/// # Errors
/// The filter has no scales, or the arena is too small.
pub(crate) fn save_hybrid(
    context: &mut PrepareContext<'_, '_>,
    input: &Tensor<'_>,
    filter: &Tensor<'_>,
    n_batches: usize,
    is_asymmetric: bool,
    order: Order,
) -> Result<(), Reason> {
    let problem = "scale or zero point is missing";
    let quantization =
        filter.quantization()?.ok_or(Reason::Quantization { operand: filter.role, problem })?;
    let quantized = context.scratch(input.elements())?;
    let batches = context.scratch(n_batches.saturating_mul(8))?;
    let hybrid = Hybrid { quantized, batches, n_batches: n_batches as u32, is_asymmetric, order };
    hybrid.write(context.words(Hybrid::WORDS)?);
    let words = context.words(quantization.scales.len())?;
    for (word, scale) in words.iter_mut().zip(quantization.scales.iter()) {
        *word = scale.to_bits();
    }
    Ok(())
}

/// Quantizes the input of an operator whose parameters are `PARAMS`, and runs it with sums over the quantized input.
pub(crate) fn eval_hybrid<PARAMS: Record>(
    context: &mut EvalContext<'_>,
    range: FloatRange,
    run: impl FnOnce(&mut HybridSums<'_>),
) {
    let words = context.words_after::<PARAMS>();
    let hybrid = Hybrid::read(words);
    let scales = &words[Hybrid::WORDS..];
    let writes = [Operand::Output(0), Operand::Buffer(hybrid.quantized), Operand::Buffer(hybrid.batches)];
    let ([output, quantized, batches], operands) = context.split(writes);
    let (quantized, batches): (&mut [i8], &mut [u32]) = (cast_mut(quantized), cast_mut(batches));
    let n_batches = (hybrid.n_batches as usize).max(1);
    let (input, batch_size): (&[f32], usize) = (operands.input(0), quantized.len() / n_batches);
    if batch_size > 0 {
        let inputs = input.chunks_exact(batch_size).zip(quantized.chunks_exact_mut(batch_size));
        for ((input, quantized), facts) in inputs.zip(batches.chunks_exact_mut(2)) {
            let (scale, zero_point) = if hybrid.is_asymmetric {
                quantize_asymmetric(input, quantized)
            } else {
                quantize_symmetric(input, quantized)
            };
            (facts[0], facts[1]) = (scale.to_bits(), zero_point as u32);
        }
    }
    let output: &mut [f32] = cast_mut(output);
    let output_batch_size = (output.len() / n_batches).max(1);
    run(&mut HybridSums {
        input: quantized,
        filter: operands.input(1),
        bias: operands.input(2),
        output,
        range,
        batches,
        batch_size: batch_size.max(1),
        output_batch_size,
        scales,
        order: hybrid.order,
    });
}

/// Sums over a quantized input.
pub(crate) struct HybridSums<'a> {
    input: &'a [i8],
    filter: &'a [i8],
    bias: &'a [f32],
    output: &'a mut [f32],
    range: FloatRange,
    batches: &'a [u32],
    batch_size: usize,
    output_batch_size: usize,
    /// One scale, or one per channel.
    scales: &'a [u32],
    order: Order,
}

impl Accumulate for HybridSums<'_> {
    type Sum = i32;

    fn zero(&self) -> i32 {
        0
    }

    fn run(&self, sum: i32, input_at: usize, filter_at: usize, length: usize) -> i32 {
        let zero_point = self.batches[input_at / self.batch_size * 2 + 1] as i32;
        let inputs = &self.input[input_at..][..length];
        inputs.iter().zip(&self.filter[filter_at..][..length]).fold(sum, |sum, (input, weight)| {
            sum.wrapping_add((i32::from(*input) - zero_point).wrapping_mul(i32::from(*weight)))
        })
    }

    fn finish(&mut self, output_at: usize, channel: usize, sum: i32) {
        let input_scale = f32::from_bits(self.batches[output_at / self.output_batch_size * 2]);
        let filter_scale = f32::from_bits(self.scales[channel.min(self.scales.len() - 1)]);
        let scaled = match self.order {
            Order::FilterFirst => sum as f32 * filter_scale * input_scale,
            Order::ScalesFirst => sum as f32 * (filter_scale * input_scale),
        };
        let bias = self.bias.get(channel).copied().unwrap_or(0.0);
        self.output[output_at] = self.range.clamp(scaled + bias);
    }
}

/// Quantizes to -127 … 127; returns scale and zero point, which is 0 (`PortableSymmetricQuantizeFloats`).
fn quantize_symmetric(values: &[f32], quantized: &mut [i8]) -> (f32, i32) {
    let range = values.iter().fold(0.0f32, |range, value| range.max(value.abs()));
    if range == 0.0 {
        quantized.fill(0);
        return (1.0, 0);
    }
    let inverse = 127.0 / range;
    for (quantized, value) in quantized.iter_mut().zip(values) {
        *quantized = (round_f32(value * inverse) as i32).clamp(-127, 127) as i8;
    }
    (range / 127.0, 0)
}

/// Quantizes to -128 … 127 with 0 among the values; returns scale and zero point (`PortableAsymmetricQuantizeFloats`).
fn quantize_asymmetric(values: &[f32], quantized: &mut [i8]) -> (f32, i32) {
    let min = f64::from(values.iter().fold(0.0f32, |min, value| min.min(*value)));
    let max = f64::from(values.iter().fold(0.0f32, |max, value| max.max(*value)));
    if min == max {
        quantized.fill(0);
        return (1.0, 0);
    }
    let scale = (max - min) / 255.0;
    // The end of the range that loses less by rounding gives the zero point.
    let from_min_is_better = 128.0 + (min / scale).abs() < 127.0 + (max / scale).abs();
    let zero_point = if from_min_is_better { -128.0 - min / scale } else { 127.0 - max / scale };
    let zero_point = libm::round(zero_point).clamp(-128.0, 127.0) as i32;
    let scale = scale as f32;
    let inverse = 1.0 / scale;
    for (quantized, value) in quantized.iter_mut().zip(values) {
        *quantized = (round_f32(zero_point as f32 + value * inverse) as i32).clamp(-128, 127) as i8;
    }
    (scale, zero_point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetric_quantization_spans_the_largest_magnitude() {
        let mut quantized = [0x5a; 4];
        let (scale, zero_point) = quantize_symmetric(&[-2.0, 1.0, 0.0, 0.5], &mut quantized);
        assert_eq!((scale, zero_point, quantized), (2.0 / 127.0, 0, [-127, 64, 0, 32]));
        assert_eq!(quantize_symmetric(&[0.0; 4], &mut quantized), (1.0, 0));
        assert_eq!(quantized, [0; 4]);
    }

    #[test]
    fn asymmetric_quantization_keeps_zero_exact() {
        let mut quantized = [0x5a; 4];
        let (scale, zero_point) = quantize_asymmetric(&[0.0, 2.55, 1.0, 0.5], &mut quantized);
        assert!((scale - 0.01).abs() < 1e-7);
        assert_eq!((zero_point, quantized), (-128, [-128, 127, -28, -78]));
        let (_, zero_point) = quantize_asymmetric(&[-3.0, -1.0, -2.0, 0.0], &mut quantized);
        assert_eq!((zero_point, quantized[3]), (127, 127));
    }
}
