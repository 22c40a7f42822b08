//! From real numbers to quantized ones, once per model: activation ranges and rounding.

use crate::records::record;
use crate::schema::TensorType;

/// The fused activations of the schema (`ActivationFunctionType`), as far as kernels know them; kernels treat the rest
/// as none, which is what TFLM does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Activation {
    None,
    Relu,
    ReluN1To1,
    Relu6,
}

impl Activation {
    /// The activation with the schema's number.
    pub fn from_code(code: i64) -> Self {
        match code {
            1 => Self::Relu,
            2 => Self::ReluN1To1,
            3 => Self::Relu6,
            _ => Self::None,
        }
    }
}

record! {
    /// Smallest and largest quantized value of an output, both inclusive.
    #[derive(PartialEq, Eq)]
    pub struct QuantizedRange {
        /// Smallest value.
        pub min: i32,
        /// Largest value.
        pub max: i32,
    }
}

impl QuantizedRange {
    /// The value within the range; `max` wins where the range is empty, as in TFLM's `min(max(x, lower), upper)`.
    #[inline(always)]
    pub fn clamp(self, value: i32) -> i32 {
        value.max(self.min).min(self.max)
    }
}

record! {
    /// Smallest and largest value of a float output.
    #[derive(PartialEq)]
    pub struct FloatRange {
        /// Smallest value.
        pub min: f32,
        /// Largest value.
        pub max: f32,
    }
}

impl FloatRange {
    /// The value within the range, as `std::min(std::max(x, lower), upper)`: NaN stays NaN.
    #[inline(always)]
    pub fn clamp(self, value: f32) -> f32 {
        let raised = if value < self.min { self.min } else { value };
        if self.max < raised { self.max } else { raised }
    }
}

/// The range that an activation leaves of an int8, uint8 or int16 output (`CalculateActivationRangeQuantized`,
/// kernels/kernel_util.cc). `None` for other types, and where a bound does not fit into 32 bits.
pub fn activation_range_quantized(
    activation: Activation,
    ty: TensorType,
    scale: f32,
    zero_point: i32,
) -> Option<QuantizedRange> {
    let (min, max) = match ty {
        TensorType::Int8 => (i32::from(i8::MIN), i32::from(i8::MAX)),
        TensorType::Uint8 => (0, i32::from(u8::MAX)),
        TensorType::Int16 => (i32::from(i16::MIN), i32::from(i16::MAX)),
        _ => return None,
    };
    let quantize = |value: f32| {
        let steps = round_f32(value / scale);
        // The same bounds as TFLM: `i32::MAX as f32` is 2^31, which the conversion then saturates.
        let fits = steps >= i32::MIN as f32 && steps <= i32::MAX as f32;
        fits.then(|| zero_point.wrapping_add(steps as i32))
    };
    Some(match activation {
        Activation::None => QuantizedRange { min, max },
        Activation::Relu => QuantizedRange { min: min.max(quantize(0.0)?), max },
        Activation::Relu6 => QuantizedRange { min: min.max(quantize(0.0)?), max: max.min(quantize(6.0)?) },
        Activation::ReluN1To1 => {
            QuantizedRange { min: min.max(quantize(-1.0)?), max: max.min(quantize(1.0)?) }
        }
    })
}

/// The range that an activation leaves of a float output (`CalculateActivationRange`, kernels/kernel_util.h).
pub fn activation_range_float(activation: Activation) -> FloatRange {
    match activation {
        Activation::None => FloatRange { min: f32::MIN, max: f32::MAX },
        Activation::Relu => FloatRange { min: 0.0, max: f32::MAX },
        Activation::Relu6 => FloatRange { min: 0.0, max: 6.0 },
        Activation::ReluN1To1 => FloatRange { min: -1.0, max: 1.0 },
    }
}

/// The nearest whole number, halves away from zero (`TfLiteRound`).
pub fn round_f32(value: f32) -> f32 {
    libm::roundf(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_narrow_the_range() {
        let range = |activation, ty, scale, zero_point| {
            activation_range_quantized(activation, ty, scale, zero_point).map(|range| (range.min, range.max))
        };
        assert_eq!(range(Activation::None, TensorType::Int8, 0.1, 5), Some((-128, 127)));
        assert_eq!(range(Activation::Relu, TensorType::Int8, 0.1, -3), Some((-3, 127)));
        assert_eq!(range(Activation::Relu6, TensorType::Int8, 0.1, -128), Some((-128, -68)));
        assert_eq!(range(Activation::ReluN1To1, TensorType::Int16, 0.5, 0), Some((-2, 2)));
        assert_eq!(range(Activation::Relu6, TensorType::Int8, 1e-30, 0), None);
        assert_eq!(range(Activation::None, TensorType::Float32, 1.0, 0), None);
    }
}
