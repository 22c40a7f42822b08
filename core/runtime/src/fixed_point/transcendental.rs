//! exp, tanh and the logistic function in 32-bit fixed point (gemmlowp/fixedpoint/fixedpoint.h).
//!
//! A value of type Q*m* is an `i32` with *m* integer bits beside the sign: it stands for `raw / 2^(31 - m)`. A result in
//! `[0, 1)` is Q0. Sums wrap where gemmlowp's would overflow.

use super::multiplier::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul as mul};

/// One in Q0, which is the largest fraction below it.
const ONE_Q0: i32 = i32::MAX;
/// One in Q2.
const ONE_Q2: i32 = 1 << 29;

/// `exp(x)` in Q0 for `x <= 0` in Q`INTEGER_BITS` (0 to 29 bits).
pub fn exp_on_negative_values<const INTEGER_BITS: u32>(x: i32) -> i32 {
    if x == 0 {
        return ONE_Q0;
    }
    let fractional_bits = 31 - INTEGER_BITS;
    let quarter = 1i32 << (fractional_bits - 2);
    let in_last_quarter = (x & (quarter - 1)).wrapping_sub(quarter);
    let mut result = exp_on_last_quarter(rescale(in_last_quarter, INTEGER_BITS as i32));
    let remainder = in_last_quarter.wrapping_sub(x);
    // exp(-2^k) in Q0 for k = -2 … 4: every set bit of the remainder is one factor.
    const FACTORS: [i32; 7] =
        [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];
    for (k, factor) in (-2i32..).zip(FACTORS) {
        if INTEGER_BITS as i32 > k && remainder & (1 << (fractional_bits as i32 + k)) != 0 {
            result = mul(result, factor);
        }
    }
    // Below -32 nothing is left that a fraction of 31 bits could show.
    if INTEGER_BITS > 5 && x < -(1 << (36 - INTEGER_BITS)) {
        return 0;
    }
    result
}

/// `exp(x)` for `x` in [-1/4, 0), in and out Q0: a Taylor series around -1/8.
fn exp_on_last_quarter(x: i32) -> i32 {
    const EXP_OF_MINUS_EIGHTH: i32 = 1_895_147_668;
    const ONE_THIRD: i32 = 715_827_883;
    let x = x.wrapping_add(1 << 28);
    let x2 = mul(x, x);
    let x3 = mul(x2, x);
    let x4_over_4 = rounding_divide_by_pot(mul(x2, x2), 2);
    let higher = rounding_divide_by_pot(mul(x4_over_4.wrapping_add(x3), ONE_THIRD).wrapping_add(x2), 1);
    EXP_OF_MINUS_EIGHTH.wrapping_add(mul(EXP_OF_MINUS_EIGHTH, x.wrapping_add(higher)))
}

/// `1 / (1 + x)` for `x` in (0, 1), in and out Q0.
pub fn one_over_one_plus_x_for_x_in_0_1(x: i32) -> i32 {
    // The quotient is twice the result as Q2, so its raw value read as Q1 is the result.
    rescale(reciprocal_of_half_one_plus(x), 1)
}

/// `(1 - x) / (1 + x)` for `x` in (0, 1), in and out Q0.
fn one_minus_x_over_one_plus_x_for_x_in_0_1(x: i32) -> i32 {
    rescale(reciprocal_of_half_one_plus(x).wrapping_sub(ONE_Q2), 2)
}

/// `2 / (1 + x)` in Q2 for `x` in (0, 1) in Q0: three steps of Newton-Raphson from 48/17 - 32/17 d.
fn reciprocal_of_half_one_plus(x: i32) -> i32 {
    const C_48_OVER_17: i32 = 1_515_870_810;
    const C_MINUS_32_OVER_17: i32 = -1_010_580_540;
    let sum = i64::from(x) + i64::from(ONE_Q0);
    let half_denominator = ((sum + if sum >= 0 { 1 } else { -1 }) / 2) as i32;
    let mut quotient = C_48_OVER_17.wrapping_add(mul(half_denominator, C_MINUS_32_OVER_17));
    for _ in 0..3 {
        let error = ONE_Q2.wrapping_sub(mul(half_denominator, quotient));
        quotient = quotient.wrapping_add(rescale(mul(quotient, error), 2));
    }
    quotient
}

/// The logistic function in Q0 of `x` in Q`INTEGER_BITS`.
pub fn logistic<const INTEGER_BITS: u32>(x: i32) -> i32 {
    if x == 0 {
        return 1 << 30;
    }
    let magnitude = if x > 0 { x } else { x.wrapping_neg() };
    let positive =
        one_over_one_plus_x_for_x_in_0_1(exp_on_negative_values::<INTEGER_BITS>(magnitude.wrapping_neg()));
    if x > 0 { positive } else { ONE_Q0.wrapping_sub(positive) }
}

/// The hyperbolic tangent in Q0 of `x` in Q`INTEGER_BITS`; `DOUBLED` is `INTEGER_BITS + 1`.
pub fn tanh<const INTEGER_BITS: u32, const DOUBLED: u32>(x: i32) -> i32 {
    const { assert!(DOUBLED == INTEGER_BITS + 1, "2x has one integer bit more than x") };
    if x == 0 {
        return 0;
    }
    let negative = if x < 0 { x } else { x.wrapping_neg() };
    // The raw value of x, read with one more integer bit, is 2x.
    let result = one_minus_x_over_one_plus_x_for_x_in_0_1(exp_on_negative_values::<DOUBLED>(negative));
    if x < 0 { result.wrapping_neg() } else { result }
}

/// `x * 2^exponent`: to the left saturating, to the right rounding halves away from zero
/// (`SaturatingRoundingMultiplyByPOT`; `Rescale` from Q*a* to Q*b* is this with the exponent *a* - *b*).
pub fn rescale(x: i32, exponent: i32) -> i32 {
    if exponent <= 0 {
        return rounding_divide_by_pot(x, -exponent);
    }
    let threshold = (1i32 << (31 - exponent)) - 1;
    if x > threshold {
        i32::MAX
    } else if x < -threshold {
        i32::MIN
    } else {
        x << exponent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(raw: i32, expected: f64) {
        let found = f64::from(raw) / 2_147_483_648.0;
        assert!((found - expected).abs() < 2e-7, "found {found}, expected {expected}");
    }

    #[test]
    fn functions_are_close_to_the_real_ones() {
        for step in -40..=40 {
            let x = f64::from(step) * 0.19;
            let raw = (x * f64::from(1 << 26)) as i32;
            let x = f64::from(raw) / f64::from(1 << 26);
            close(exp_on_negative_values::<5>(-raw.abs()), (-x.abs()).exp());
            close(logistic::<5>(raw), 1.0 / (1.0 + (-x).exp()));
            close(tanh::<5, 6>(raw), x.tanh());
        }
    }

    #[test]
    fn ends_are_exact() {
        assert_eq!(exp_on_negative_values::<5>(0), i32::MAX);
        assert_eq!(logistic::<4>(0), 1 << 30);
        assert_eq!(tanh::<4, 5>(0), 0);
        assert_eq!(exp_on_negative_values::<12>(i32::MIN), 0);
        assert_eq!(rescale(1 << 29, 2), i32::MAX);
        assert_eq!(rescale(-(1 << 29) - 1, 2), i32::MIN);
        assert_eq!(rescale(5, -1), 3);
    }

    #[test]
    fn every_input_has_an_output() {
        for raw in [i32::MIN, i32::MIN + 1, -1, 1, i32::MAX, 1 << 28, -(1 << 28)] {
            logistic::<0>(raw);
            logistic::<4>(raw);
            tanh::<4, 5>(raw);
            exp_on_negative_values::<5>(raw.min(0));
        }
    }
}
