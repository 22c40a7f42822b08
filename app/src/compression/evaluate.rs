//! How right a file is about samples, and where two files differ.

use std::time::Instant;

use emberlab_core::dataset::{Samples, Targets};
use emberlab_core::evaluate::{Evaluation, classes_from_scores, values_from_outputs};
use emberlab_core::model::{BuiltinOperator as Op, Model};
use emberlab_core::quantize::{Divergence, OperatorErrors, first_divergence};
use emberlab_core::run::{Predictions, RunError, clipped_share, predict, semantics_of};

use super::CompressFailure;
use super::make::not_run;
use super::parallel::{Watch, in_parallel};

/// From this share on, clipped inputs are told.
pub const CLIPPED: f64 = 0.005;

/// Samples of a part that one interpreter takes: preparing it is worth it.
const CHUNK: usize = 64;

/// What a file answers for all samples of a part, and how right that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// Numbers of the first output, sample after sample.
    pub scores: Vec<f32>,
    /// Numbers of one sample.
    pub width: usize,
    /// From here on a single number says class 1; `None` for one number per class.
    pub border: Option<f32>,
    /// How right they are; `None` where nothing is known of what is right.
    pub evaluation: Option<Evaluation>,
    /// Number of samples.
    pub samples: usize,
    /// Share of the values of an input that the variant clips because they lie outside of what calibration saw.
    pub clipped: f64,
    /// Seconds that it took on this computer.
    pub seconds: f64,
}

/// How far two files say the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Share of the samples of which they say the same class, 0 to 1; of numbers, the share of the first one's variance
    /// that the second one keeps.
    pub share: f64,
    /// Samples of which they say another class.
    pub flips: Vec<Flip>,
}

/// A sample of which two files say different classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip {
    /// Number among the samples of the part.
    pub sample: usize,
    /// Its class, where it is known.
    pub class: Option<u32>,
    /// What the first file says.
    pub first: u32,
    /// What the second file says.
    pub second: u32,
}

impl Evaluated {
    /// The share of samples whose class was said; `None` for numbers.
    pub fn accuracy(&self) -> Option<f64> {
        match &self.evaluation {
            Some(Evaluation::Classes(classes)) => Some(classes.accuracy),
            Some(Evaluation::Values(_)) | None => None,
        }
    }

    /// The mean absolute error; `None` for classes.
    pub fn mean_absolute_error(&self) -> Option<f64> {
        match &self.evaluation {
            Some(Evaluation::Values(values)) => Some(values.mean_absolute_error),
            Some(Evaluation::Classes(_)) | None => None,
        }
    }

    /// The class said of a sample; `None` where the answers are no classes.
    pub fn said(&self, sample: usize) -> Option<u32> {
        match &self.evaluation {
            Some(Evaluation::Classes(classes)) => classes.said.get(sample).copied(),
            Some(Evaluation::Values(_)) | None => None,
        }
    }
}

/// Runs a file over all samples, on all cores, with the bits of the chip where a chip can run it.
///
/// # Errors
/// The model does not run, or its inputs and outputs are not those of the samples.
pub fn evaluate(
    model: &Model,
    file: &[u8],
    samples: &Samples,
    watch: Watch<'_>,
) -> Result<Option<Evaluated>, CompressFailure> {
    let began = Instant::now();
    let semantics = semantics_of(file).map_err(|error| not_run(&error))?;
    let found = in_parallel(samples.count, CHUNK, watch, &|range, goes_on| {
        predict(file, semantics, samples, range, goes_on)
    });
    let Some(parts) = found.map_err(|error| not_run(&error))? else { return Ok(None) };
    let mut predictions = Predictions::default();
    parts.into_iter().for_each(|part| predictions.append(part));
    let scores = predictions.outputs.into_iter().next().unwrap_or_default();
    let width = scores.len() / samples.count.max(1);
    let border = border(model, width, &samples.targets);
    let evaluation = evaluation(samples, &scores, width, border)?;
    let seconds = began.elapsed().as_secs_f64();
    let clipped = clipped_share(model, samples);
    Ok(Some(Evaluated { scores, width, border, evaluation, samples: samples.count, clipped, seconds }))
}

/// A single number for two classes is a probability behind a LOGISTIC, and else what a sigmoid would take.
fn border(model: &Model, width: usize, targets: &Targets) -> Option<f32> {
    let Targets::Classes { classes: 0..=2, .. } = targets else { return None };
    if width != 1 {
        return None;
    }
    let main = model.subgraphs.first()?;
    let mut id = *main.outputs.first()?;
    loop {
        let writes = |operator: &&emberlab_core::model::Operator| operator.outputs.contains(&Some(id));
        let operator = main.operators.iter().find(writes)?;
        match model.builtin(operator) {
            Op::LOGISTIC => return Some(0.5),
            Op::QUANTIZE | Op::DEQUANTIZE | Op::RESHAPE => id = operator.input(0)?,
            _ => return Some(0.0),
        }
    }
}

fn evaluation(
    samples: &Samples,
    scores: &[f32],
    width: usize,
    border: Option<f32>,
) -> Result<Option<Evaluation>, CompressFailure> {
    let help = "Evaluate the model with the data that it was trained for.";
    let values = |targets: &[f32]| {
        if targets.len() != scores.len() {
            let message = format!(
                "The model gives {} numbers for {} samples, and the data have {}.",
                scores.len(),
                samples.count,
                targets.len()
            );
            return Err(CompressFailure::new(message, help));
        }
        Ok(Some(Evaluation::Values(values_from_outputs(scores, targets, samples.count))))
    };
    match &samples.targets {
        Targets::None => Ok(None),
        Targets::Classes { labels, classes } => {
            if border.is_none() && width < *classes {
                let message = format!("The model tells {width} classes apart, and the data have {classes}.");
                return Err(CompressFailure::new(message, help));
            }
            Ok(Some(Evaluation::Classes(classes_from_scores(scores, width, labels, *classes, border))))
        }
        Targets::Values { values: targets, .. } => values(targets),
        Targets::Inputs => values(samples.inputs.first().map_or(&[], |input| &input.values)),
    }
}

/// How far a second file says what a first one says of the same samples.
pub fn compared(first: &Evaluated, second: &Evaluated, samples: &Samples) -> Agreement {
    let class_of = |sample: usize| match &samples.targets {
        Targets::Classes { labels, .. } => labels.get(sample).copied(),
        Targets::Values { .. } | Targets::Inputs | Targets::None => None,
    };
    let answers = (0..samples.count).map(|sample| Some((sample, first.said(sample)?, second.said(sample)?)));
    match answers.collect::<Option<Vec<_>>>() {
        Some(answers) => {
            let flips = answers.into_iter().filter(|(_, first, second)| first != second);
            let flip = |(sample, first, second)| Flip { sample, class: class_of(sample), first, second };
            let flips: Vec<Flip> = flips.map(flip).collect();
            let share = 1.0 - flips.len() as f64 / samples.count.max(1) as f64;
            Agreement { share, flips }
        }
        None => {
            let kept = values_from_outputs(&second.scores, &first.scores, samples.count);
            Agreement { share: kept.r_squared.unwrap_or(1.0).max(0.0), flips: Vec::new() }
        }
    }
}

/// How much noise every operator of a variant adds, over some of the samples.
///
/// # Errors
/// A model does not run, or its inputs are not those of the samples.
pub fn operator_errors(
    float: (&Model, &[u8]),
    variant: (&Model, &[u8]),
    samples: &Samples,
    indexes: &[usize],
    watch: Watch<'_>,
) -> Result<Option<OperatorErrors>, CompressFailure> {
    let chunk = indexes.len().div_ceil(16);
    let found = in_parallel(indexes.len(), chunk, watch, &|range, goes_on| {
        OperatorErrors::measure(float, variant, samples, &indexes[range], goes_on)
    });
    let Some(parts) = found.map_err(|error: RunError| not_run(&error))? else { return Ok(None) };
    let mut errors = OperatorErrors::default();
    parts.into_iter().for_each(|part| errors.merge(part));
    Ok(Some(errors))
}

/// Where the answer to a sample turns into another one; `None` if it does not.
///
/// # Errors
/// A model does not run, or its inputs are not those of the samples.
pub fn divergence(
    float: (&Model, &[u8]),
    variant: (&Model, &[u8]),
    samples: &Samples,
    sample: usize,
    border: Option<f32>,
) -> Result<Option<Divergence>, CompressFailure> {
    let answer_of = |scores: &[f32]| match border {
        Some(border) => usize::from(scores.first().is_some_and(|score| *score >= border)),
        None => {
            let better =
                |best: usize, (place, score): (usize, &f32)| if *score > scores[best] { place } else { best };
            scores.iter().enumerate().fold(0, better)
        }
    };
    first_divergence(float, variant, samples, sample, &answer_of).map_err(|error| not_run(&error))
}
