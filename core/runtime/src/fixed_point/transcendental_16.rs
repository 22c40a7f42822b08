//! tanh and the logistic function in 16-bit fixed point (gemmlowp/fixedpoint/fixedpoint.h with `int16_t`), which only
//! LiteRT's int8 LSTM uses.
//!
//! A value of type Q*m* is an `i16` with *m* integer bits beside the sign. Constants are those of the 32-bit functions,
//! rounded to 16 bits.

use super::multiplier::rounding_divide_by_pot;

const ONE_Q0: i16 = i16::MAX;
const ONE_Q2: i16 = 1 << 13;

/// The logistic function in Q0 of `x` in Q3.
pub fn logistic_16(x: i16) -> i16 {
    if x == 0 {
        return 1 << 14;
    }
    let magnitude = if x > 0 { x } else { x.wrapping_neg() };
    let exp = exp_on_negative_values(magnitude.wrapping_neg(), 3);
    // The reciprocal is in Q2 and twice the result.
    let positive = rescale(reciprocal_of_half_one_plus(exp), 1);
    if x > 0 { positive } else { ONE_Q0.wrapping_sub(positive) }
}

/// The hyperbolic tangent in Q0 of `x` with up to 6 integer bits.
pub fn tanh_16(x: i16, integer_bits: u32) -> i16 {
    if x == 0 {
        return 0;
    }
    let negative = if x < 0 { x } else { x.wrapping_neg() };
    let exp = exp_on_negative_values(negative, integer_bits + 1);
    let result = rescale(reciprocal_of_half_one_plus(exp).wrapping_sub(ONE_Q2), 2);
    if x < 0 { result.wrapping_neg() } else { result }
}

/// A 32-bit constant of gemmlowp in 16 bits.
fn constant(value: i32) -> i16 {
    rounding_divide_by_pot(value, 16) as i16
}

/// The product of two fractions, rounded to nearest (`SaturatingRoundingDoublingHighMul` of 16 bits).
fn mul(a: i16, b: i16) -> i16 {
    if a == i16::MIN && b == i16::MIN {
        return i16::MAX;
    }
    let product = i32::from(a) * i32::from(b);
    let nudge = if product >= 0 { 1 << 14 } else { 1 - (1 << 14) };
    ((product + nudge) / (1 << 15)) as i16
}

fn divide_by_pot(x: i16, exponent: i32) -> i16 {
    rounding_divide_by_pot(i32::from(x), exponent) as i16
}

/// `x * 2^exponent`, saturating; `exponent` from 1 to 14 (`SaturatingRoundingMultiplyByPOT` to the left).
fn rescale(x: i16, exponent: u32) -> i16 {
    let threshold = (1 << (15 - exponent)) - 1;
    if x > threshold {
        i16::MAX
    } else if x < -threshold {
        i16::MIN
    } else {
        x << exponent
    }
}

/// `exp(x)` in Q0 for `x <= 0`.
fn exp_on_negative_values(x: i16, integer_bits: u32) -> i16 {
    if x == 0 {
        return ONE_Q0;
    }
    let fractional_bits = 15 - integer_bits;
    let quarter = 1i16 << (fractional_bits - 2);
    let in_last_quarter = (x & (quarter - 1)).wrapping_sub(quarter);
    let mut result = exp_on_last_quarter(rescale(in_last_quarter, integer_bits));
    let remainder = in_last_quarter.wrapping_sub(x);
    const FACTORS: [i32; 7] =
        [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];
    for (k, factor) in (-2i32..).zip(FACTORS) {
        if integer_bits as i32 > k && i32::from(remainder) & (1 << (fractional_bits as i32 + k)) != 0 {
            result = mul(result, constant(factor));
        }
    }
    if integer_bits > 5 && i32::from(x) < -(1 << (20 - integer_bits)) {
        return 0;
    }
    result
}

/// `exp(x)` for `x` in [-1/4, 0), in and out Q0.
fn exp_on_last_quarter(x: i16) -> i16 {
    let x = x.wrapping_add(1 << 12);
    let x2 = mul(x, x);
    let x3 = mul(x2, x);
    let x4_over_4 = divide_by_pot(mul(x2, x2), 2);
    let higher = divide_by_pot(mul(x4_over_4.wrapping_add(x3), constant(715_827_883)).wrapping_add(x2), 1);
    let start = constant(1_895_147_668);
    start.saturating_add(mul(start, x.wrapping_add(higher)))
}

/// `2 / (1 + x)` in Q2 for `x` in (0, 1) in Q0.
fn reciprocal_of_half_one_plus(x: i16) -> i16 {
    let sum = i32::from(x) + i32::from(ONE_Q0);
    let half_denominator = ((sum + if sum >= 0 { 1 } else { -1 }) / 2) as i16;
    let mut quotient = constant(1_515_870_810).wrapping_add(mul(half_denominator, constant(-1_010_580_540)));
    for _ in 0..3 {
        let error = ONE_Q2.wrapping_sub(mul(half_denominator, quotient));
        quotient = quotient.wrapping_add(rescale(mul(quotient, error), 2));
    }
    quotient
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_close_to_the_real_ones() {
        for x in (i16::MIN..=i16::MAX).step_by(97) {
            let real = f64::from(x) / 4096.0;
            let found = f64::from(logistic_16(x)) / 32768.0;
            let expected = 1.0 / (1.0 + (-real).exp());
            assert!((found - expected).abs() < 4e-4, "logistic({real}) is {found}, expected {expected}");
            for bits in 0..=6 {
                let real = f64::from(x) / f64::from(1 << (15 - bits));
                let found = f64::from(tanh_16(x, bits)) / 32768.0;
                assert!((found - real.tanh()).abs() < 4e-4, "tanh({real}) is {found}");
            }
        }
    }
}
