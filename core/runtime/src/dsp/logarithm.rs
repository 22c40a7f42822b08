//! Natural logarithms of integers.

use super::significant_bits;

/// Fractional bits of the logarithms.
const FRACTION_BITS: u32 = 16;
/// 128 segments of the mantissa.
const SEGMENT_BITS: u32 = 7;
/// ln 2 with 16 fractional bits.
const LN_2: u64 = 45_426;

/// `65536 * (log2(1 + i / 128) - i / 128)`: what lies between the logarithm and the line through its powers of two
/// (`kLogLut`, signal/src/log.cc).
static CORRECTIONS: [u16; 129] = [
    0, 224, 442, 654, 861, 1063, 1259, 1450, 1636, 1817, 1992, 2163, 2329, 2490, 2646, 2797, 2944, 3087,
    3224, 3358, 3487, 3611, 3732, 3848, 3960, 4068, 4172, 4272, 4368, 4460, 4549, 4633, 4714, 4791, 4864,
    4934, 5001, 5063, 5123, 5178, 5231, 5280, 5326, 5368, 5408, 5444, 5477, 5507, 5533, 5557, 5578, 5595,
    5610, 5622, 5631, 5637, 5640, 5641, 5638, 5633, 5626, 5615, 5602, 5586, 5568, 5547, 5524, 5498, 5470,
    5439, 5406, 5370, 5332, 5291, 5249, 5203, 5156, 5106, 5054, 5000, 4944, 4885, 4825, 4762, 4697, 4630,
    4561, 4490, 4416, 4341, 4264, 4184, 4103, 4020, 3935, 3848, 3759, 3668, 3575, 3481, 3384, 3286, 3186,
    3084, 2981, 2875, 2768, 2659, 2549, 2437, 2323, 2207, 2090, 1971, 1851, 1729, 1605, 1480, 1353, 1224,
    1094, 963, 830, 695, 559, 421, 282, 142, 0,
];

/// `scale * ln(input * 2^correction_bits)` of every channel, at most 32767 and 0 for inputs up to 1 (`FilterbankLog`,
/// signal/src/filter_bank_log.cc). `correction_bits` is below 32.
pub fn filter_bank_log(input: &[u32], scale: u32, correction_bits: u32, output: &mut [i16]) {
    for (output, input) in output.iter_mut().zip(input) {
        let value = input << correction_bits;
        let logarithm = if value > 1 { scaled_log(value, scale) } else { 0 };
        *output = logarithm.min(i16::MAX as u32) as i16;
    }
}

/// `Log32` (signal/src/log.cc) of a number that is not 0.
fn scaled_log(value: u32, scale: u32) -> u32 {
    let integer = significant_bits(value) - 1;
    let log2 = (integer << FRACTION_BITS).wrapping_add(fraction_of_log2(value, integer));
    let half = 1u32 << (FRACTION_BITS - 1);
    let natural = ((LN_2 * u64::from(log2) + u64::from(half)) >> FRACTION_BITS) as u32;
    scale.wrapping_mul(natural).wrapping_add(half) >> FRACTION_BITS
}

/// `Log2FractionPart32`: linear between the corrections of the 128 segments.
fn fraction_of_log2(value: u32, integer: u32) -> u32 {
    let mantissa = value - (1 << integer);
    let fraction = if integer < FRACTION_BITS {
        mantissa << (FRACTION_BITS - integer)
    } else {
        mantissa >> (integer - FRACTION_BITS)
    };
    let segment = (fraction >> (FRACTION_BITS - SEGMENT_BITS)) as usize;
    let [first, next] = [segment, segment + 1].map(|index| i32::from(CORRECTIONS[index]));
    let rest = (fraction & ((1 << (FRACTION_BITS - SEGMENT_BITS)) - 1)) as i32;
    let between = ((next - first) * rest) >> FRACTION_BITS;
    (fraction as i32 + first + between) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_are_those_of_the_logarithm() {
        for (index, correction) in CORRECTIONS.iter().enumerate() {
            let x = index as f64 / 128.0;
            let expected = 65536.0 * ((1.0 + x).log2() - x);
            assert!(
                (f64::from(*correction) - expected).abs() < 0.51,
                "entry {index}: {correction}, {expected}"
            );
        }
    }

    #[test]
    fn logarithms_are_close_to_the_real_ones() {
        for value in
            (2..2000u32).chain((11..32).map(|bits| (1 << bits) + 12_345 % (1 << bits))).chain([u32::MAX])
        {
            let expected = 1600.0 * f64::from(value).ln();
            let found = f64::from(scaled_log(value, 1600));
            // The reference shifts the part between two corrections by 7 bits too far, which all but drops it.
            assert!((found - expected).abs() < 5.0, "{value}: {found}, {expected}");
        }
    }

    #[test]
    fn small_and_large_inputs_are_bounded() {
        let mut output = [-91; 4];
        filter_bank_log(&[0, 1, 2, u32::MAX], 1600, 0, &mut output);
        assert_eq!(output[..2], [0, 0]);
        filter_bank_log(&[1, 0, 1 << 31, u32::MAX], 2000, 1, &mut output);
        assert_eq!(output, [1386, 0, 0, 32_767], "bits that are shifted out are lost");
    }
}
