//! Fixed-point arithmetic of quantized kernels: the one place where rounding lives.
//!
//! Everything here follows TensorFlow Lite for Microcontrollers as Espressif ships it
//! (github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422), that is with *double rounding*:
//! a product is rounded to 32 bits, and the shift to the right rounds again, halves away from zero. LiteRT does the same
//! but in its fully connected layers, which multiply with doubles.

mod inverse_sqrt;
mod logarithm;
mod lut;
mod multiplier;
mod quantize;
mod transcendental;
mod transcendental_16;

pub use inverse_sqrt::inverse_sqrt;
pub use logarithm::{checked_log2, log_of_one_or_more};
pub use lut::{LUT_INT16_ENTRIES, SIGMOID_TABLE, lut_int8_entry, lut_int16_entry, lut_int16_lookup};
pub use multiplier::{
    Multiplier, multiply_by_nonnegative_multiplier, multiply_by_quantized_multiplier,
    multiply_by_quantized_multiplier_64, rounding_divide_by_pot, saturating_rounding_doubling_high_mul,
};
pub use quantize::{
    Activation, FloatRange, QuantizedRange, activation_range_float, activation_range_quantized, round_f32,
};
pub use transcendental::{exp_on_negative_values, logistic, one_over_one_plus_x_for_x_in_0_1, rescale, tanh};
pub use transcendental_16::{logistic_16, tanh_16};
