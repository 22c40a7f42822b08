//! Square roots of integers, rounded to nearest.

use super::significant_bits;

/// The square root of every channel, shifted to the right (`FilterbankSqrt`, signal/src/filter_bank_square_root.cc).
/// `shift` is below 32.
pub fn filter_bank_square_root(input: &[u64], shift: u32, output: &mut [u32]) {
    for (output, input) in output.iter_mut().zip(input) {
        *output = square_root_64(*input) >> shift;
    }
}

/// `Sqrt64` (signal/src/square_root_64.cc). What fits into 32 bits goes through [`square_root_32`], which never rounds up to
/// 2^16.
fn square_root_64(value: u64) -> u32 {
    let Ok(small) = u32::try_from(value) else {
        let n_bits = 64 - value.leading_zeros();
        return digit_by_digit(value, n_bits, u64::from(u32::MAX)) as u32;
    };
    u32::from(square_root_32(small))
}

/// `Sqrt32` (signal/src/square_root_32.cc).
fn square_root_32(value: u32) -> u16 {
    if value == 0 {
        return 0;
    }
    digit_by_digit(u64::from(value), significant_bits(value), u64::from(u16::MAX)) as u16
}

/// One bit of the root after the other, from the highest pair of bits; the rest decides about rounding up, except at the
/// largest root.
fn digit_by_digit(value: u64, n_bits: u32, largest: u64) -> u64 {
    let mut rest = value;
    let mut root = 0u64;
    let mut bit = 1u64 << ((n_bits - 1) & !1);
    while bit != 0 {
        if rest >= root + bit {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
        bit >>= 2;
    }
    if rest > root && root != largest { root + 1 } else { root }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_rounded_to_nearest() {
        for value in (0..200_000u32).chain([1 << 20, (1 << 31) - 1, 1 << 31]) {
            let expected = f64::from(value).sqrt().round() as u16;
            assert_eq!(square_root_32(value), expected, "root of {value}");
        }
        for root in [65_537u64, 99_999, 3_000_000_000, 4_294_967_294] {
            assert_eq!(square_root_64(root * root), root as u32);
            assert_eq!(square_root_64(root * root + root), root as u32);
            assert_eq!(square_root_64(root * root + root + 1), root as u32 + 1);
            assert_eq!(square_root_64(root * root - root + 1), root as u32);
            assert_eq!(square_root_64(root * root - root), root as u32 - 1);
        }
    }

    #[test]
    fn the_largest_roots_are_not_rounded_up() {
        assert_eq!(square_root_64(u64::from(u32::MAX)), 65_535);
        assert_eq!(square_root_64(u64::MAX), u32::MAX);
        assert_eq!(square_root_64(1 << 32), 65_536);
    }

    #[test]
    fn channels_are_shifted() {
        let mut output = [1; 3];
        filter_bank_square_root(&[100, 1 << 40, 0], 1, &mut output);
        assert_eq!(output, [5, 1 << 19, 0]);
    }
}
