//! Variants of a float32 model, in the window and without: made, evaluated and compared on all cores.
//!
//! [`emberlab_core::quantize`] and [`emberlab_core::run`] compute and start no threads; here is what does. Nothing here knows a
//! window: the jobs of the Compress panel and the command line both call these functions. What takes long asks a `watch`
//! (done, in all), which ends it by saying false: then the result is `None`.

mod costs;
mod evaluate;
mod float_model;
mod keep;
mod make;
mod parallel;

#[cfg(test)]
mod tests;

pub use costs::{VariantCosts, variant_costs};
pub use evaluate::{Agreement, CLIPPED, Evaluated, Flip, compared, divergence, evaluate, operator_errors};
pub use float_model::FloatModel;
pub use keep::{
    KeptFile, VARIANTS_FOLDER, calibrating_part, figures, name_of_variant, new_record, read_variant,
    remove_variant, tested_part, write_variant,
};
pub use make::{Calibrated, Made, calibrate, make};
pub use parallel::Watch;

/// Why something about variants failed, in words for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompressFailure {
    /// What is the matter.
    pub message: String,
    /// A step to try.
    pub help: String,
}

impl CompressFailure {
    /// A failure with a step to try.
    pub fn new(message: impl ToString, help: &str) -> Self {
        Self { message: message.to_string(), help: help.to_owned() }
    }
}
