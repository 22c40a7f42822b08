//! Logarithms in 32-bit fixed point, and of scales that should be powers of two.

use super::multiplier::saturating_rounding_doubling_high_mul as mul;
use super::quantize::round_f32;
use super::transcendental::{one_over_one_plus_x_for_x_in_0_1, rescale};

/// `ln(x)` in Q5 of `x >= 1` in Q`INPUT_BITS` (`log_x_for_x_greater_than_or_equal_to_1`, kernels/internal/common.h).
///
/// x is `2^k r` with r around `sqrt(sqrt(1/2))`, and `ln(r)` a quotient of polynomials.
pub fn log_of_one_or_more<const INPUT_BITS: i32>(x: i32) -> i32 {
    const OUTPUT_BITS: i32 = 5;
    // One more integer bit than the result, because the power of two times ln(2) may be larger than it.
    const SUM_BITS: i32 = OUTPUT_BITS + 1;
    const LOG_2: i32 = 1_488_522_236;
    const SQRT_SQRT_HALF: i32 = 1_805_811_301;
    const SQRT_HALF: i32 = 1_518_500_250;
    const QUARTER: i32 = 536_870_912;
    const ALPHA_N: i32 = 117_049_297;
    const ALPHA_D: i32 = 127_690_142;
    const ALPHA_I: i32 = 1_057_819_769;
    const ALPHA_F: i32 = 638_450_708;

    let quarter = rescale(QUARTER, -SUM_BITS);
    let as_sum = |whole: i32| rescale(whole, 31 - SUM_BITS);
    // Two candidates for k, half a power apart; the larger k with the smaller r wins.
    let headroom_plus_one = x.leading_zeros() as i32;
    let r_a = rescale(mul(rescale(x, headroom_plus_one - 1), SQRT_HALF), 1);
    let k_a = as_sum(INPUT_BITS - headroom_plus_one).saturating_add(quarter);
    let headroom = mul(x, SQRT_HALF).leading_zeros() as i32 - 1;
    let r_b = rescale(x, headroom);
    let k_b = as_sum(INPUT_BITS - headroom).saturating_sub(quarter);
    let (r, k) = (r_a.min(r_b), k_a.max(k_b));

    let sum = i64::from(r) + i64::from(SQRT_SQRT_HALF);
    let p = ((sum + if sum >= 0 { 1 } else { -1 }) / 2) as i32;
    let q = r.wrapping_sub(SQRT_SQRT_HALF).wrapping_mul(2);
    let q_squared = mul(q, q);
    let numerator = mul(q, r).wrapping_add(mul(mul(q, q_squared), ALPHA_N));
    let inner = ALPHA_I.wrapping_add(q).wrapping_add(mul(ALPHA_D, q_squared));
    let denominator_minus_one = mul(p, inner).wrapping_add(mul(ALPHA_F, q));
    let quotient =
        mul(rescale(numerator, -SUM_BITS), one_over_one_plus_x_for_x_in_0_1(denominator_minus_one));
    rescale(mul(k, LOG_2).wrapping_add(quotient), SUM_BITS - OUTPUT_BITS)
}

/// The nearest whole `log2(x)`, and whether `x` is that power of two but for a thousandth (`CheckedLog2`,
/// kernels/internal/quantization_util.cc).
pub fn checked_log2(x: f32) -> (i32, bool) {
    let log2 = libm::logf(x) * (1.0 / libm::logf(2.0));
    let rounded = round_f32(log2);
    (rounded as i32, libm::fabsf(log2 - rounded) < 1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_the_real_function() {
        let mut x = 1i64 << 19;
        while x < 1 << 31 {
            for raw in [x, x + 1, x + 77_777].into_iter().filter(|raw| *raw < 1 << 31) {
                let found = f64::from(log_of_one_or_more::<12>(raw as i32)) / f64::from(1 << 26);
                let expected = (raw as f64 / f64::from(1 << 19)).ln();
                assert!(
                    (found - expected).abs() < 3e-7,
                    "ln({}) is {expected}, found {found}",
                    raw as f64 / 524_288.0
                );
            }
            x = x * 9 / 8;
        }
    }

    #[test]
    fn every_input_has_an_output() {
        for raw in [i32::MIN, -1, 0, 1, i32::MAX] {
            log_of_one_or_more::<12>(raw);
        }
    }

    #[test]
    fn powers_of_two_are_recognised() {
        for exponent in -40..40 {
            assert_eq!(checked_log2(f32::powi(2.0, exponent)), (exponent, true));
        }
        assert_eq!(checked_log2(0.3), (-2, false));
        assert_eq!(checked_log2(1.0 / 32768.0 * 1.0001), (-15, true));
        assert!(!checked_log2(f32::NAN).1);
    }
}
