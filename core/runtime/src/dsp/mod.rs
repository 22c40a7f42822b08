//! Signal processing: one source for the signal operators of a model and for features that are computed outside of one, on
//! the desktop and on the chip.
//!
//! [`SoundFrontEnd`] and [`MotionFrontEnd`] compute features for networks that are trained here, in float32. The rest is the
//! fixed-point audio front end and gives the same bits as the `signal` folder of TensorFlow Lite for Microcontrollers
//! (github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422), whose file each item names. Nothing
//! allocates: callers bring the memory. The chain of the `micro_speech` front end is
//! [`apply_window`] → [`auto_scale`] → [`RealFft`] → [`spectrum_energy`] → [`FilterBank`] → [`filter_bank_square_root`] →
//! [`SpectralSubtraction`] → [`gain_control`] → [`filter_bank_log`].

mod energy;
mod fft;
mod filter_bank;
mod frames;
mod gain;
mod logarithm;
mod motion_features;
mod noise;
mod sound_features;
mod square_root;
mod window;

pub use energy::spectrum_energy;
pub use fft::{Direction, RealFft, Sample};
pub use filter_bank::FilterBank;
pub use frames::{Overlap, delay, overlap_add};
pub use gain::{GAIN_TABLE_ENTRIES, gain_control};
pub use logarithm::filter_bank_log;
pub use motion_features::{MotionFrontEnd, Statistic, vector_count, vector_lengths};
pub use noise::SpectralSubtraction;
pub use sound_features::{SoundFrontEnd, WindowFunction};
pub use square_root::filter_bank_square_root;
pub use window::{apply_window, auto_scale};

/// Number of bits up to the highest one that is set (`MostSignificantBit32`, signal/src/msb_32.cc); 32 for 0, which is what
/// the reference gives where the compiler knows `__builtin_clz`.
fn significant_bits(value: u32) -> u32 {
    if value == 0 { 32 } else { 32 - value.leading_zeros() }
}
