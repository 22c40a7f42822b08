//! Quantized inputs of different scales on the way to one scale, which addition and comparison need.

use crate::error::Reason;
use crate::fixed_point::{Multiplier, rounding_divide_by_pot, saturating_rounding_doubling_high_mul};
use crate::records::record;
use crate::tensor::Tensor;

record! {
    /// Brings a quantized value to another scale, with more bits below.
    pub(super) struct ToCommonScale {
        /// Minus the zero point.
        offset: i32,
        /// Bits that are added below.
        left_shift: u32,
        multiplier: Multiplier,
    }
}

impl ToCommonScale {
    /// The way from the scale of the input to the one `1 / factor` times as large.
    ///
    /// # Errors
    /// The factor does not lie between 0 and 1.
    pub(super) fn new(
        input: &Tensor<'_>,
        zero_point: i32,
        left_shift: u32,
        factor: f64,
    ) -> Result<Self, Reason> {
        let multiplier = smaller_than_one(factor, input)?;
        Ok(Self { offset: zero_point.wrapping_neg(), left_shift, multiplier })
    }

    /// The value in the other scale. What does not fit wraps.
    #[inline(always)]
    pub(super) fn apply(&self, value: i32) -> i32 {
        let shifted = value.wrapping_add(self.offset).wrapping_shl(self.left_shift);
        apply_smaller_than_one(self.multiplier, shifted)
    }
}

/// As [`Multiplier::apply`] for a factor below 1, which has no shift to the left
/// (`MultiplyByQuantizedMultiplierSmallerThanOneExp`, kernels/internal/common.h).
#[inline(always)]
pub(super) fn apply_smaller_than_one(multiplier: Multiplier, x: i32) -> i32 {
    rounding_divide_by_pot(saturating_rounding_doubling_high_mul(x, multiplier.multiplier), -multiplier.shift)
}

/// A factor that has to lie between 0 and 1 (`QuantizeMultiplierSmallerThanOneExp`, kernels/internal/quantization_util.cc,
/// which ends the program otherwise).
///
/// # Errors
/// It does not.
pub(super) fn smaller_than_one(factor: f64, tensor: &Tensor<'_>) -> Result<Multiplier, Reason> {
    let found = Multiplier::from_f64(factor).filter(|found| factor > 0.0 && factor < 1.0 && found.shift <= 0);
    let problem = "the factor that follows from the scales does not lie between 0 and 1";
    found.ok_or(Reason::Quantization { operand: tensor.role, problem })
}

/// A factor of any size that a kernel can scale with.
///
/// # Errors
/// It is not finite, or too large.
pub(super) fn factor(factor: f64, tensor: &Tensor<'_>) -> Result<Multiplier, Reason> {
    let problem = "the factor that follows from the scales does not fit";
    Multiplier::from_f64(factor).ok_or(Reason::Quantization { operand: tensor.role, problem })
}
