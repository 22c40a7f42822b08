//! Per-channel amplitude normalization (PCAN): channels are amplified the less the noisier they are.

use super::significant_bits;

/// Entries of the table of gains that every noise estimate finds its place in.
pub const GAIN_TABLE_ENTRIES: usize = 125;

/// Fractional bits of the ratio of signal and noise, and of the result.
const RATIO_BITS: u32 = 12;
const OUTPUT_BITS: u32 = 6;

/// Scales every channel by a gain that depends on its noise estimate (`ApplyPcanAutoGainControlFixed`,
/// signal/src/pcan_argc_fixed.cc). The table holds a quadratic curve per power of two; `shift` is below 64.
///
/// # Panics
/// The table has less than [`GAIN_TABLE_ENTRIES`].
pub fn gain_control(table: &[i16], shift: u32, noise: &[u32], input: &[u32], output: &mut [u32]) {
    for (output, (input, noise)) in output.iter_mut().zip(input.iter().zip(noise)) {
        let gain = i32::from(gain(*noise, table)) as u32;
        *output = shrink(((u64::from(*input) * u64::from(gain)) >> shift) as u32);
    }
}

/// `WideDynamicFunction`: three coefficients per power of two.
fn gain(noise: u32, table: &[i16]) -> i16 {
    if noise <= 2 {
        return table[noise as usize];
    }
    let n_bits = significant_bits(noise);
    let coefficients = &table[4 * n_bits as usize - 6..][..3];
    let fraction = if n_bits < 11 { noise << (11 - n_bits) } else { noise >> (n_bits - 11) } & 0x3ff;
    let fraction = fraction as i32;
    let slope = (i32::from(coefficients[2]) * fraction) >> 5;
    let slope = slope.wrapping_add(i32::from(coefficients[1]) << 5).wrapping_mul(fraction);
    (slope.wrapping_add(1 << 14) >> 15).wrapping_add(i32::from(coefficients[0])) as i16
}

/// `PcanShrink`: `x^2 / 4` below 2 and `x - 1` from there.
fn shrink(ratio: u32) -> u32 {
    if ratio < 2 << RATIO_BITS {
        (ratio * ratio) >> (2 + 2 * RATIO_BITS - OUTPUT_BITS)
    } else {
        (ratio >> (RATIO_BITS - OUTPUT_BITS)) - (1 << OUTPUT_BITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ratios_are_squared() {
        assert_eq!(shrink(0), 0);
        assert_eq!(shrink(1 << RATIO_BITS), 1 << OUTPUT_BITS >> 2);
        assert_eq!(shrink((2 << RATIO_BITS) - 1), 63);
        assert_eq!(shrink(2 << RATIO_BITS), 1 << OUTPUT_BITS);
        assert_eq!(shrink(u32::MAX), (u32::MAX >> 6) - 64);
    }

    #[test]
    fn curves_begin_at_their_first_coefficient() {
        let table: Vec<i16> = (0..GAIN_TABLE_ENTRIES as i16).map(|entry| entry * 100).collect();
        assert_eq!([gain(0, &table), gain(1, &table), gain(2, &table)], [0, 100, 200]);
        for n_bits in 3..=32u32 {
            assert_eq!(gain(1 << (n_bits - 1), &table), table[4 * n_bits as usize - 6]);
        }
        // Half of the way through a power of two: c0 + (c1 / 2 + c2 / 4).
        assert_eq!(gain(6, &table), 600 + (700 / 2 + 800 / 4));
        gain(u32::MAX, &table);
    }

    #[test]
    fn channels_are_scaled() {
        let mut table = vec![0; GAIN_TABLE_ENTRIES];
        (table[0], table[1]) = (1 << 10, -1);
        let mut output = [1; 2];
        gain_control(&table, 4, &[0, 1], &[1000, 1], &mut output);
        assert_eq!(output[0], shrink(64_000));
        assert_eq!(output[1], shrink(u32::MAX >> 4), "a negative gain is one of 32 bits");
    }
}
