//! Sums of products of int8 inputs and weights, a few pixels by four output channels at a time.
//!
//! A 32-bit core without SIMD keeps the sums, one input of every pixel and one weight of every channel in registers, so
//! that a weight is loaded once for all pixels and an input once for all channels.

/// Output channels that one pass computes.
pub(crate) const CHANNELS: usize = 4;

/// The sums of four channels of a few pixels.
pub(crate) type Quad<const PIXELS: usize> = [[i32; CHANNELS]; PIXELS];

/// Inputs or weights of which several runs of equal length are taken, the first at the start of the slice.
#[derive(Clone, Copy)]
pub(crate) struct Runs<'a> {
    pub(crate) values: &'a [i8],
    /// Elements from the start of one run to that of the next.
    pub(crate) step: usize,
}

impl<'a> Runs<'a> {
    #[inline(always)]
    fn get<const N: usize>(self, length: usize) -> [&'a [i8]; N] {
        core::array::from_fn(|index| &self.values[index * self.step..][..length])
    }
}

/// Adds `(inputs[p][i] + offset) * weights[c][i]` over `length` elements to `sums[p][c]`, `STEP` of them per turn of the
/// loop.
///
/// A function of its own on purpose: inlined into the loops over the image it would not have the registers. On a core with
/// 31 of them, one pixel goes best in steps of 2 and two pixels in steps of 1: more would be spilled.
#[inline(never)]
pub(crate) fn dot<const PIXELS: usize, const STEP: usize>(
    inputs: Runs<'_>,
    weights: Runs<'_>,
    length: usize,
    offset: i32,
    sums: &mut Quad<PIXELS>,
) {
    dot_slices::<PIXELS, STEP>(inputs.get(length), weights.get(length), offset, sums);
}

/// The same for one pixel and four channels whose weights lie in slices of their own, as long as `input`.
#[inline(never)]
pub(crate) fn dot_apart(input: &[i8], weights: [&[i8]; CHANNELS], offset: i32, sums: &mut [i32; CHANNELS]) {
    let mut quad = [*sums];
    dot_slices::<1, 2>([input], weights, offset, &mut quad);
    [*sums] = quad;
}

/// The same for the first `n_channels` channels only, in plain loops.
#[inline(never)]
pub(crate) fn dot_few<const PIXELS: usize>(
    inputs: Runs<'_>,
    weights: Runs<'_>,
    length: usize,
    offset: i32,
    n_channels: usize,
    sums: &mut Quad<PIXELS>,
) {
    for (inputs, sums) in inputs.get::<PIXELS>(length).into_iter().zip(sums) {
        for (channel, sum) in sums.iter_mut().take(n_channels).enumerate() {
            let weights = &weights.values[channel * weights.step..][..length];
            for (input, weight) in inputs.iter().zip(weights) {
                *sum = sum.wrapping_add((i32::from(*input) + offset).wrapping_mul(i32::from(*weight)));
            }
        }
    }
}

#[inline(always)]
fn dot_slices<const PIXELS: usize, const STEP: usize>(
    inputs: [&[i8]; PIXELS],
    weights: [&[i8]; CHANNELS],
    offset: i32,
    sums: &mut Quad<PIXELS>,
) {
    let length = inputs[0].len();
    let (weights, weight_rests) = split::<CHANNELS, STEP>(weights, length);
    let (inputs, input_rests) = split::<PIXELS, STEP>(inputs, length);
    let mut local = *sums;
    for index in 0..length / STEP {
        for step in 0..STEP {
            let inputs = inputs.map(|inputs| inputs[index][step]);
            add(&mut local, inputs, weights.map(|weights| weights[index][step]), offset);
        }
    }
    for index in 0..length % STEP {
        add(&mut local, input_rests.map(|rest| rest[index]), weight_rests.map(|rest| rest[index]), offset);
    }
    *sums = local;
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
    sums: &mut Quad<PIXELS>,
    inputs: [i8; PIXELS],
    weights: [i8; CHANNELS],
    offset: i32,
) {
    for (sums, input) in sums.iter_mut().zip(inputs) {
        let input = i32::from(input) + offset;
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum = sum.wrapping_add(input.wrapping_mul(i32::from(weight)));
        }
    }
}
