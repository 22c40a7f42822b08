//! Sums of products of int8 inputs and weights, a few pixels by four output channels at a time.
//!
//! A 32-bit core without SIMD keeps the sums, one input of every pixel and one weight of every channel in registers, so
//! that a weight is loaded once for all pixels and an input once for all channels.

/// Output channels that one pass computes.
pub(crate) const CHANNELS: usize = 4;

/// The sums of four channels of one pixel.
pub(crate) type Quad = [i32; CHANNELS];

/// Adds `(input[i] + offset) * weights[c][i]` over all `i` to `sums[c]`. The slices have equal lengths.
///
/// A function of its own on purpose: inlined into other loops it would not have the registers.
#[inline(never)]
pub(crate) fn dot(input: &[i8], weights: [&[i8]; CHANNELS], offset: i32, sums: &mut Quad) {
    let mut local = [*sums];
    add_products::<1, 2>([input], weights, offset, &mut local);
    [*sums] = local;
}

/// Adds `(inputs[p][i] + offset) * weights[c][i]` over all `i` to `sums[p][c]`, `STEP` of them per turn of the loop. The
/// slices have equal lengths.
///
/// On a core with 31 registers, one pixel goes best in steps of 2 and two pixels in steps of 1: more would be spilled.
#[inline(always)]
pub(crate) fn add_products<const PIXELS: usize, const STEP: usize>(
    inputs: [&[i8]; PIXELS],
    weights: [&[i8]; CHANNELS],
    offset: i32,
    sums: &mut [Quad; PIXELS],
) {
    let length = inputs[0].len();
    let (weights, weight_rests) = split::<CHANNELS, STEP>(weights, length);
    let (inputs, input_rests) = split::<PIXELS, STEP>(inputs, length);
    for index in 0..length / STEP {
        for step in 0..STEP {
            let inputs = inputs.map(|inputs| inputs[index][step]);
            add(sums, inputs, weights.map(|weights| weights[index][step]), offset);
        }
    }
    for index in 0..length % STEP {
        add(sums, input_rests.map(|rest| rest[index]), weight_rests.map(|rest| rest[index]), offset);
    }
}

/// Every slice in steps and what remains, all of the same length.
#[inline(always)]
fn split<const N: usize, const STEP: usize>(
    slices: [&[i8]; N],
    length: usize,
) -> ([&[[i8; STEP]]; N], [&[i8]; N]) {
    let chunks = slices.map(|slice| &slice[..length].as_chunks().0[..length / STEP]);
    (chunks, slices.map(|slice| &slice[length / STEP * STEP..length]))
}

#[inline(always)]
fn add<const PIXELS: usize>(
    sums: &mut [Quad; PIXELS],
    inputs: [i8; PIXELS],
    weights: [i8; CHANNELS],
    offset: i32,
) {
    for (sums, input) in sums.iter_mut().zip(inputs) {
        let input = i32::from(input).wrapping_add(offset);
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum = sum.wrapping_add(input.wrapping_mul(i32::from(weight)));
        }
    }
}
