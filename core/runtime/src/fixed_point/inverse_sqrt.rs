//! `1 / sqrt(x)` of whole numbers in 32-bit fixed point.

use super::multiplier::{Multiplier, rounding_divide_by_pot, saturating_rounding_doubling_high_mul as mul};
use super::transcendental::rescale;

/// `1 / sqrt(x)` as a factor (`GetInvSqrtQuantizedMultiplierExp`, kernels/internal/common.h): five steps of Newton-Raphson
/// with three integer bits. Numbers below 2 give the largest fraction below 1.
pub fn inverse_sqrt(x: i32) -> Multiplier {
    const ONE_AND_A_HALF: i32 = (1 << 28) + (1 << 27);
    const HALF_SQRT_2: i32 = 1_518_500_250;
    if x <= 1 {
        return Multiplier { multiplier: i32::MAX, shift: 0 };
    }
    let (mut x, mut right_shift) = (x, 11i32);
    while x >= 1 << 29 {
        x /= 4;
        right_shift += 1;
    }
    // Brings x to [2^27, 2^29) by an even shift, half of which goes to the result.
    let bit_pairs = ((x.leading_zeros() - 1) / 2).saturating_sub(1);
    right_shift -= bit_pairs as i32;
    x <<= 2 * bit_pairs;
    let half_x = rounding_divide_by_pot(x >> 1, 1);
    let mut root = 1i32 << 28;
    for _ in 0..5 {
        let cube = rescale(mul(mul(root, root), root), 6);
        root = rescale(mul(ONE_AND_A_HALF, root).wrapping_sub(mul(half_x, cube)), 3);
    }
    let multiplier = mul(root, HALF_SQRT_2);
    if right_shift < 0 {
        return Multiplier { multiplier: multiplier.wrapping_shl(-right_shift as u32), shift: 0 };
    }
    Multiplier { multiplier, shift: -right_shift }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_the_real_function() {
        let mut x = 2i64;
        while x <= i64::from(i32::MAX) {
            for x in [x - 1, x, x + 1].into_iter().filter(|x| (2..=i64::from(i32::MAX)).contains(x)) {
                let found = inverse_sqrt(x as i32);
                let real = f64::from(found.multiplier) / 2_147_483_648.0 * f64::powi(2.0, found.shift);
                let expected = 1.0 / (x as f64).sqrt();
                assert!((real / expected - 1.0).abs() < 2e-6, "1/sqrt({x}) is {expected}, found {real}");
            }
            x = x * 5 / 4 + 1;
        }
    }

    #[test]
    fn small_numbers_count_as_one() {
        for x in [i32::MIN, -1, 0, 1] {
            assert_eq!(inverse_sqrt(x), Multiplier { multiplier: i32::MAX, shift: 0 });
        }
    }
}
