//! TFLM's custom operators for audio: the arithmetic is in [`crate::dsp`].
//!
//! Reference: the files of `signal/micro/kernels` in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422, which each kernel names. Options are a FlexBuffers map; as in TFLM they are read
//! by their place in the order of the keys. TFLM trusts the file with almost all sizes; here they are checked.

mod filter_bank;
mod fourier;
mod spectrum;
mod streams;

pub(super) use filter_bank::{FILTER_BANK, LOG, PCAN, SPECTRAL_SUBTRACTION, SQUARE_ROOT};
pub(super) use fourier::{IRFFT, RFFT};
pub(super) use spectrum::{ENERGY, FFT_AUTO_SCALE, WINDOW};
pub(super) use streams::{DELAY, FRAMER, OVERLAP_ADD, STACKER};

use crate::error::Reason;
use crate::flexbuffer::FlexMap;
use crate::prepare::PrepareContext;
use crate::registry::{Exactness, Support};
use crate::schema::TensorType;
use crate::tensor::Tensor;

/// LiteRT has none of these operators.
const fn exact(types: &'static str) -> Support {
    Support { types, tflm: Some(Exactness::Bits), litert: None }
}

/// As [`exact`], but for the last bits.
const fn float(types: &'static str) -> Support {
    Support { types, tflm: Some(Exactness::Float), litert: None }
}

fn options<'m>(context: &PrepareContext<'_, 'm>) -> Result<FlexMap<'m>, Reason> {
    FlexMap::root(context.custom_options()?)
}

/// Checks the type and that there is one dimension; returns its size.
fn expect_vector(tensor: &Tensor<'_>, ty: TensorType, name: &'static str) -> Result<usize, Reason> {
    super::shapes::expect_rank(tensor, 1)?;
    tensor.expect_type(&[ty], name)?;
    Ok(tensor.elements())
}
