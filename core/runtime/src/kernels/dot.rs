//! Sums of products of int8 inputs and weights, a few pixels by four output channels at a time.
//!
//! A 32-bit core without SIMD keeps the sums, one input of every pixel and one weight of every channel in registers, so
//! that a weight is loaded once for all pixels and an input once for all channels.

/// Output channels that one pass computes.
pub(crate) const CHANNELS: usize = 4;

/// Adds `(inputs[p][i] + offset) * weights[c][i]` over all `i` to `sums[p][c]`. The slices have equal lengths.
///
/// A function of its own on purpose: inlined into the loops over the image it would not have the registers.
#[inline(never)]
pub(crate) fn dot<const PIXELS: usize>(
    inputs: [&[i8]; PIXELS],
    weights: [&[i8]; CHANNELS],
    offset: i32,
    sums: &mut [[i32; CHANNELS]; PIXELS],
) {
    let length = weights[0].len();
    let weights = weights.map(|weights| &weights[..length]);
    let inputs = inputs.map(|inputs| &inputs[..length]);
    let mut local = *sums;
    for index in 0..length {
        let weights = weights.map(|weights| i32::from(weights[index]));
        for (sums, inputs) in local.iter_mut().zip(&inputs) {
            let input = i32::from(inputs[index]) + offset;
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum = sum.wrapping_add(input.wrapping_mul(weight));
            }
        }
    }
    *sums = local;
}
