//! Calibration, and variants.

use std::sync::Arc;

use emberlab_core::dataset::{PreparedPart, Targets};
use emberlab_core::model::Model;
use emberlab_core::quantize::{
    Calibration, Coverage, Observations, Ranges, Recipe, calibration_samples, observe, variant,
};
use emberlab_core::run::RunError;
use emberlab_core::tflite;

use super::parallel::{Watch, in_parallel};
use super::{CompressFailure, FloatModel};

/// What the training samples of a calibration showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    /// Which samples; limits of any method come out of them.
    pub calibration: Calibration,
    /// What was seen of every activation.
    pub observations: Arc<Observations>,
    /// How the classes are covered.
    pub coverage: Coverage,
}

/// A variant and its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// What it was to be.
    pub recipe: Recipe,
    /// The model, read back from its file.
    pub model: Arc<Model>,
    /// What is written of it.
    pub file: Arc<[u8]>,
    /// The limits of the float32 model's activations; `None` for variants without any.
    pub ranges: Option<Arc<Ranges>>,
}

impl Calibrated {
    /// It serves a calibration: the same samples, whatever the method.
    pub fn serves(&self, calibration: &Calibration) -> bool {
        Calibration { method: calibration.method, ..self.calibration } == *calibration
    }
}

/// Lets the training samples of a calibration pass through the model.
///
/// # Errors
/// The model does not run, or its inputs are not those of the samples.
pub fn calibrate(
    float: &FloatModel,
    training: &PreparedPart,
    calibration: &Calibration,
    watch: Watch<'_>,
) -> Result<Option<Calibrated>, CompressFailure> {
    let samples = &training.samples;
    let class_of = |index: usize| match &samples.targets {
        Targets::Classes { labels, .. } => labels.get(index).copied(),
        Targets::Values { .. } | Targets::Inputs | Targets::None => {
            training.origins.get(index).and_then(|origin| origin.class)
        }
    };
    let (indexes, coverage) = calibration_samples(samples.count, class_of, calibration);
    if indexes.is_empty() {
        return Err(CompressFailure::new(
            "There are no training samples to calibrate with.",
            "Add data, or give the split a part to train on.",
        ));
    }
    // Few and large parts: each sums up for itself.
    let chunk = indexes.len().div_ceil(16);
    let found = in_parallel(indexes.len(), chunk, watch, &|range, goes_on| {
        observe(&float.model, &float.file, samples, &indexes[range], goes_on)
    });
    let Some(parts) = found.map_err(|error| not_run(&error))? else { return Ok(None) };
    let mut observations = Observations::default();
    parts.iter().for_each(|part| observations.merge(part));
    Ok(Some(Calibrated { calibration: *calibration, observations: observations.into(), coverage }))
}

/// Makes a variant. `calibrated` has to serve the recipe where that needs ranges.
///
/// # Errors
/// There is no such variant of the model.
pub fn make(
    float: &FloatModel,
    recipe: &Recipe,
    calibrated: Option<&Calibrated>,
) -> Result<Made, CompressFailure> {
    let ranges = calibrated.filter(|_| recipe.kind.needs_calibration());
    let ranges = ranges.map(|calibrated| calibrated.observations.ranges_for(&float.model, recipe));
    let made = variant(&float.model, recipe, ranges.as_ref())
        .map_err(|error| CompressFailure::new(error, "Choose another kind of variant."))?;
    let file: Arc<[u8]> = tflite::write(&made.model)
        .map_err(|error| CompressFailure::new(error, "Choose another kind of variant."))?
        .into();
    let model = tflite::read(file.clone()).map_err(|error| {
        CompressFailure::new(&error, "Report this model: what was written cannot be read.")
    })?;
    Ok(Made { recipe: recipe.clone(), model: model.into(), file, ranges: ranges.map(Arc::new) })
}

pub(super) fn not_run(error: &RunError) -> CompressFailure {
    CompressFailure::new(
        &error.message,
        "Check in the Run panel that the model runs, and in Data that its samples are those of the network.",
    )
}
