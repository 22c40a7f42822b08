//! A real factor as a 32-bit fraction and a shift.

use crate::records::record;

record! {
    /// A real factor `multiplier / 2^31 * 2^shift`, with `multiplier` in `[2^30, 2^31)` unless the factor is 0 or negative.
    #[derive(PartialEq, Eq, Default)]
    pub struct Multiplier {
        /// The fraction, scaled by 2^31.
        pub multiplier: i32,
        /// Bits to the left; negative for a shift to the right.
        pub shift: i32,
    }
}

impl Multiplier {
    /// The closest representation of `factor` (`QuantizeMultiplier`, kernels/internal/quantization_util.cc). Factors
    /// below 2^-32 become 0. `None` if the factor is not finite or needs a shift to the left of more than 30 bits.
    pub fn from_f64(factor: f64) -> Option<Self> {
        if !factor.is_finite() {
            return None;
        }
        if factor == 0.0 {
            return Some(Self::default());
        }
        let (fraction, mut shift) = libm::frexp(factor);
        let mut fixed = libm::round(fraction * 2_147_483_648.0) as i64;
        if fixed == 1 << 31 {
            fixed /= 2;
            shift += 1;
        }
        if shift < -31 {
            return Some(Self::default());
        }
        (shift <= 30).then_some(Self { multiplier: fixed as i32, shift })
    }

    /// `x` times the factor, rounded twice.
    pub fn apply(self, x: i32) -> i32 {
        multiply_by_quantized_multiplier(x, self.multiplier, self.shift)
    }

    /// A 48-bit `x` times the factor, of which 16 bits are used.
    pub fn apply_64(self, x: i64) -> i32 {
        multiply_by_quantized_multiplier_64(x, self.multiplier, self.shift)
    }
}

/// `x * multiplier / 2^31 * 2^shift`, rounded twice (`MultiplyByQuantizedMultiplier`, kernels/internal/common.cc).
/// A shift to the left that overflows wraps, as it does on the chips.
#[inline(always)]
pub fn multiply_by_quantized_multiplier(x: i32, multiplier: i32, shift: i32) -> i32 {
    if shift > 0 {
        return saturating_rounding_doubling_high_mul(x.wrapping_shl(shift as u32), multiplier);
    }
    rounding_divide_by_pot(saturating_rounding_doubling_high_mul(x, multiplier), -shift)
}

/// The same for a `multiplier` that is not negative and a `shift` from -31 to 31, in fewer instructions.
#[inline(always)]
pub fn multiply_by_nonnegative_multiplier(x: i32, multiplier: i32, shift: i32) -> i32 {
    if shift >= 0 {
        return rounding_doubling_high_mul_nonnegative(x.wrapping_shl(shift as u32), multiplier);
    }
    let high = rounding_doubling_high_mul_nonnegative(x, multiplier);
    // One less rounds halves of negative numbers down, which is away from zero. It does not wrap: a product with a
    // fraction below 1 is above the smallest number.
    let below = high.wrapping_add(high >> 31);
    // What remains is twice the result and one more bit to round up.
    let twice = below.wrapping_shr(!shift as u32);
    twice - (twice >> 1)
}

/// [`saturating_rounding_doubling_high_mul`] with a `b` that is not negative: the doubled fraction still fits into 32 bits,
/// and the upper half of the product is the result but for rounding.
#[inline(always)]
fn rounding_doubling_high_mul_nonnegative(a: i32, b: i32) -> i32 {
    let product = i64::from(a) * i64::from((b as u32) << 1);
    ((product >> 32) as i32).wrapping_add((product as u32 >> 31) as i32)
}

/// A 48-bit accumulator times a factor of which the upper 16 bits are used (the `int64_t` overload of
/// `MultiplyByQuantizedMultiplier`); `shift` from -31 to 14.
#[inline(always)]
pub fn multiply_by_quantized_multiplier_64(x: i64, multiplier: i32, shift: i32) -> i32 {
    let reduced = if multiplier < 0x7fff_0000 { (multiplier + (1 << 15)) >> 16 } else { 0x7fff };
    let total_shift = (15 - shift) as u32;
    let round = 1i64 << (total_shift - 1);
    (x.wrapping_mul(i64::from(reduced)).wrapping_add(round) >> total_shift) as i32
}

/// The product of two fractions in [-1, 1), rounded to nearest; -1 * -1 is the largest fraction
/// (`SaturatingRoundingDoublingHighMul`, gemmlowp/fixedpoint/fixedpoint.h).
///
/// The original nudges by `2^30` or `1 - 2^30` and truncates; rounding down after adding `2^30` gives the same for both
/// signs.
#[inline(always)]
pub fn saturating_rounding_doubling_high_mul(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    ((i64::from(a) * i64::from(b) + (1 << 30)) >> 31) as i32
}

/// `x / 2^exponent`, halves away from zero; `exponent` from 0 to 31 (`RoundingDivideByPOT`, gemmlowp).
///
/// Rounding the magnitude up at halves is the same for both signs, and takes fewer instructions than gemmlowp's mask.
#[inline(always)]
pub fn rounding_divide_by_pot(x: i32, exponent: i32) -> i32 {
    let half = (1u32 << exponent) >> 1;
    let magnitude = ((x.unsigned_abs() + half) >> exponent) as i32;
    let sign = x >> 31;
    (magnitude ^ sign).wrapping_sub(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (x, exponent, expected) in
            [(3, 1, 2), (-3, 1, -2), (5, 1, 3), (-5, 1, -3), (6, 2, 2), (-6, 2, -2), (-7, 2, -2), (7, 0, 7)]
        {
            assert_eq!(rounding_divide_by_pot(x, exponent), expected, "{x} / 2^{exponent}");
        }
        assert_eq!(rounding_divide_by_pot(i32::MIN, 31), -1);
        assert_eq!(rounding_divide_by_pot(i32::MAX, 31), 1);
    }

    /// The product as gemmlowp writes it.
    fn high_mul_written_out(a: i32, b: i32) -> i32 {
        if a == b && a == i32::MIN {
            return i32::MAX;
        }
        let product = i64::from(a) * i64::from(b);
        let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
        ((product + nudge) / (1 << 31)) as i32
    }

    /// The division as gemmlowp writes it.
    fn divide_written_out(x: i32, exponent: i32) -> i32 {
        let mask = ((1i64 << exponent) - 1) as i32;
        let threshold = (mask >> 1) + i32::from(x < 0);
        (x >> exponent) + i32::from((x & mask) > threshold)
    }

    #[test]
    fn division_equals_the_written_out_form() {
        let mut state = 9u32;
        for round in 0..100_000 {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let x = state as i32 >> (round % 32);
            for x in [x, i32::MIN, i32::MAX, i32::MIN + (x & 3), 1 << (round % 31), -(1 << (round % 31))] {
                let exponent = round % 32;
                assert_eq!(
                    rounding_divide_by_pot(x, exponent),
                    divide_written_out(x, exponent),
                    "{x} / 2^{exponent}"
                );
            }
        }
    }

    #[test]
    fn nonnegative_multipliers_need_no_other_rounding() {
        let mut state = 77u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as i32
        };
        let written_out = |x: i32, multiplier: i32, shift: i32| {
            let left = x.wrapping_shl(shift.max(0) as u32);
            divide_written_out(high_mul_written_out(left, multiplier), (-shift).max(0))
        };
        let xs =
            [0, 1, -1, 2, -2, 3, -3, 1 << 30, -(1 << 30), i32::MAX, i32::MAX - 1, i32::MIN, i32::MIN + 1];
        let multipliers = [0, 1, 1 << 30, (1 << 30) + 1, 3 << 29, i32::MAX - 1, i32::MAX];
        for shift in -31..=30 {
            for multiplier in multipliers {
                for x in xs {
                    let found = multiply_by_nonnegative_multiplier(x, multiplier, shift);
                    assert_eq!(found, written_out(x, multiplier, shift), "{x} * {multiplier} * 2^{shift}");
                }
            }
            for round in 0..3000 {
                // Small numbers have the ties.
                let (x, multiplier) = (next() >> (round % 32), (next() & i32::MAX) | 1 << 30);
                let found = multiply_by_nonnegative_multiplier(x, multiplier, shift);
                assert_eq!(found, written_out(x, multiplier, shift), "{x} * {multiplier} * 2^{shift}");
                let found = multiply_by_nonnegative_multiplier(x, 1 << 30, shift);
                assert_eq!(found, written_out(x, 1 << 30, shift), "{x} / 2 * 2^{shift}");
            }
        }
    }

    #[test]
    fn high_mul_equals_the_written_out_form() {
        let mut state = 1u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as i32
        };
        let edges = [0, 1, -1, 2, -2, 1 << 30, -(1 << 30), i32::MAX, i32::MIN, 3 << 29, 1 << 15, -(1 << 15)];
        for a in edges {
            for b in edges {
                assert_eq!(
                    saturating_rounding_doubling_high_mul(a, b),
                    high_mul_written_out(a, b),
                    "{a} * {b}"
                );
            }
        }
        for _ in 0..200_000 {
            let (a, b) = (next(), next());
            assert_eq!(saturating_rounding_doubling_high_mul(a, b), high_mul_written_out(a, b), "{a} * {b}");
        }
    }

    #[test]
    fn product_and_shift_round_apart() {
        // 0.4999… rounds up to a half in the first rounding, and the half rounds away from zero in the second.
        assert_eq!(Multiplier { multiplier: 0x7fff_ffff, shift: -1 }.apply(1), 1);
        assert_eq!(Multiplier { multiplier: 1 << 30, shift: 1 }.apply(-7), -7);
        // A shift of 0 rounds once, upwards at ties of negative numbers too.
        assert_eq!(Multiplier { multiplier: 1 << 30, shift: 0 }.apply(-5), -2);
        assert_eq!(Multiplier { multiplier: 1 << 30, shift: 0 }.apply(5), 3);
    }

    #[test]
    fn wide_sums_use_the_upper_half_of_the_factor() {
        let half = Multiplier { multiplier: 1 << 30, shift: 0 };
        assert_eq!(half.apply_64(1 << 20), 1 << 19);
        assert_eq!((half.apply_64(3), half.apply_64(-3)), (2, -1));
        assert_eq!(Multiplier { multiplier: 0x7fff_ffff, shift: 0 }.apply_64(1 << 15), 0x7fff);
    }

    #[test]
    fn factors_become_fraction_and_shift() {
        let of = |factor| Multiplier::from_f64(factor).map(|m| (m.multiplier, m.shift));
        assert_eq!(of(1.0), Some((1 << 30, 1)));
        assert_eq!(of(0.5), Some((1 << 30, 0)));
        assert_eq!(of(0.75), Some((3 << 29, 0)));
        assert_eq!(of(0.0), Some((0, 0)));
        assert_eq!(of(1.0 - 1e-12), Some((1 << 30, 1)), "rounding up to 1 moves into the shift");
        assert_eq!(of(1e-12), Some((0, 0)));
        assert_eq!(of(-0.25), Some((-(1 << 30), -1)));
        assert_eq!(of(f64::NAN), None);
        assert_eq!(of(f64::INFINITY), None);
        assert_eq!(of(4e9), None);
    }
}
