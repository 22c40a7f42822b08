//! What the network should say, as numbers beside its outputs.

use emberlab_core::dataset::{Samples, Targets};
use emberlab_core::training::{ClassWeights, Loss, TrainingConfig};

use crate::error::TrainError;
use crate::events::Metric;
use crate::scaling::Scaling;

/// How the targets of samples become rows of numbers, one row per sample, as wide as the output of the network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TargetRows {
    width: usize,
    kind: Kind,
    /// Share of the target that is spread over all classes.
    smoothing: f32,
    /// Weight of every class in the loss; empty if all count the same.
    class_weights: Vec<f32>,
    /// How values are normalised, if they are.
    scaling: Option<Scaling>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// 1 for the class, 0 for the others.
    OneHot,
    /// 1 for class 1, 0 for class 0, in a single number.
    Binary,
    /// The numbers of the samples.
    Values,
    /// The first input.
    Inputs,
}

impl TargetRows {
    /// For samples like these and a network with outputs of this shape.
    ///
    /// # Errors
    /// The samples have no targets, or others than the network.
    pub fn new(samples: &Samples, config: &TrainingConfig, shape: &[usize]) -> Result<Self, TrainError> {
        let width: usize = shape.iter().product();
        let does_not_fit = |what: String| {
            let outputs = emberlab_core::layers::shape_text(shape);
            Err(TrainError::Samples(format!("The network gives {outputs} numbers, but {what}")))
        };
        let kind = match &samples.targets {
            Targets::None => {
                return Err(TrainError::Samples("The samples have no labels or values to learn".to_owned()));
            }
            Targets::Classes { classes, .. } => match config.loss {
                Loss::BinaryCrossentropy if width == 1 && *classes <= 2 => Kind::Binary,
                Loss::BinaryCrossentropy
                | Loss::SparseCategoricalCrossentropy
                | Loss::CategoricalCrossentropy
                | Loss::MeanSquaredError
                | Loss::MeanAbsoluteError
                | Loss::Huber { .. }
                    if *classes == width =>
                {
                    Kind::OneHot
                }
                Loss::BinaryCrossentropy
                | Loss::SparseCategoricalCrossentropy
                | Loss::CategoricalCrossentropy
                | Loss::MeanSquaredError
                | Loss::MeanAbsoluteError
                | Loss::Huber { .. } => {
                    return does_not_fit(format!("the samples have {classes} classes"));
                }
            },
            Targets::Values { shape: values, .. } => {
                if values.iter().product::<usize>() != width {
                    let values = emberlab_core::layers::shape_text(values);
                    return does_not_fit(format!("the samples have {values} values"));
                }
                Kind::Values
            }
            Targets::Inputs => {
                let input = samples.inputs.first().map_or(&[][..], |input| &input.shape);
                if input.iter().product::<usize>() != width {
                    let input = emberlab_core::layers::shape_text(input);
                    return does_not_fit(format!("its input, which it should repeat, has {input}"));
                }
                Kind::Inputs
            }
        };
        let class_weights = class_weights(samples, &config.class_weights)?;
        Ok(Self { width, kind, smoothing: config.label_smoothing, class_weights, scaling: None })
    }

    /// The same with values that are normalised.
    pub fn scaled(self, scaling: Option<&Scaling>) -> Self {
        Self { scaling: scaling.cloned(), ..self }
    }

    /// The loss for the rows that [`TargetRows::rows`] gives.
    pub fn loss(&self, loss: Loss) -> Loss {
        self.scaling.as_ref().map_or(loss, |scaling| scaling.loss(loss))
    }

    /// What loss and metric of these rows are multiplied with to be those of the samples.
    pub fn factors(&self, loss: Loss) -> [f32; 2] {
        let scaling = self.scaling.as_ref();
        scaling.map_or([1.0; 2], |scaling| [scaling.loss_factor(loss), scaling.error_factor()])
    }

    /// What is measured beside the loss.
    pub fn metric(&self) -> Metric {
        match self.kind {
            Kind::OneHot | Kind::Binary => Metric::Accuracy,
            Kind::Values | Kind::Inputs => Metric::MeanAbsoluteError,
        }
    }

    /// A single number says which of two classes it is.
    pub fn is_binary(&self) -> bool {
        self.kind == Kind::Binary
    }

    /// The rows of some samples; `input` holds their first inputs, as the network gets them.
    pub fn rows(&self, samples: &Samples, indexes: &[usize], input: &[f32], loss: Loss) -> Vec<f32> {
        let mut rows = Vec::with_capacity(indexes.len() * self.width);
        match (&samples.targets, self.kind) {
            (Targets::Classes { labels, .. }, Kind::Binary) => {
                rows.extend(indexes.iter().map(|index| labels[*index] as f32));
            }
            (Targets::Classes { labels, .. }, Kind::OneHot | Kind::Values | Kind::Inputs) => {
                rows.resize(indexes.len() * self.width, 0.0);
                for (row, index) in rows.chunks_exact_mut(self.width).zip(indexes) {
                    row[labels[*index] as usize] = 1.0;
                }
            }
            (Targets::Values { values, .. }, _) => {
                for index in indexes {
                    rows.extend_from_slice(&values[index * self.width..][..self.width]);
                }
                if let Some(scaling) = &self.scaling {
                    scaling.normalise(&mut rows);
                }
            }
            (Targets::Inputs | Targets::None, _) => rows.extend_from_slice(input),
        }
        self.smooth(&mut rows, loss);
        rows
    }

    /// As in Keras, cross-entropies of classes share out over all classes, the binary one between yes and no.
    fn smooth(&self, rows: &mut [f32], loss: Loss) {
        if self.smoothing == 0.0 {
            return;
        }
        let spread = match loss {
            Loss::SparseCategoricalCrossentropy | Loss::CategoricalCrossentropy => {
                self.smoothing / self.width as f32
            }
            Loss::BinaryCrossentropy => self.smoothing / 2.0,
            Loss::MeanSquaredError | Loss::MeanAbsoluteError | Loss::Huber { .. } => return,
        };
        rows.iter_mut().for_each(|target| *target = *target * (1.0 - self.smoothing) + spread);
    }

    /// The weights of some samples in the loss; `None` if all count the same.
    pub fn weights(&self, samples: &Samples, indexes: &[usize]) -> Option<Vec<f32>> {
        let Targets::Classes { labels, .. } = &samples.targets else { return None };
        if self.class_weights.is_empty() {
            return None;
        }
        Some(indexes.iter().map(|index| self.class_weights[labels[*index] as usize]).collect())
    }
}

fn class_weights(samples: &Samples, weights: &ClassWeights) -> Result<Vec<f32>, TrainError> {
    let Targets::Classes { labels, classes } = &samples.targets else { return Ok(Vec::new()) };
    if let Some(label) = labels.iter().find(|label| **label as usize >= *classes) {
        return Err(TrainError::Samples(format!(
            "A sample is of class {label}, but there are {classes} classes"
        )));
    }
    match weights {
        ClassWeights::None => Ok(Vec::new()),
        ClassWeights::Given(weights) if weights.len() == *classes => Ok(weights.clone()),
        ClassWeights::Given(weights) => Err(TrainError::Settings(format!(
            "There are {} class weights for {classes} classes",
            weights.len()
        ))),
        ClassWeights::Balanced => {
            let mut counts = vec![0usize; *classes];
            labels.iter().for_each(|label| counts[*label as usize] += 1);
            let present = counts.iter().filter(|count| **count > 0).count();
            let weight = |count: &usize| match *count {
                0 => 0.0,
                count => labels.len() as f32 / (present * count) as f32,
            };
            Ok(counts.iter().map(weight).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use emberlab_core::dataset::SampleInput;

    use super::*;

    fn samples(targets: Targets) -> Samples {
        Samples { count: 4, inputs: vec![SampleInput { shape: vec![2], values: vec![0.5; 8] }], targets }
    }

    fn classes(classes: usize) -> Samples {
        samples(Targets::Classes { labels: vec![1, 0, 1, 1], classes })
    }

    fn rows(samples: &Samples, config: &TrainingConfig, width: usize) -> Result<Vec<f32>, String> {
        let targets = TargetRows::new(samples, config, &[width]).map_err(|error| error.to_string())?;
        Ok(targets.rows(samples, &[0, 1], &[7.0; 4], config.loss))
    }

    #[test]
    fn targets_become_rows() {
        let config = TrainingConfig::default();
        assert_eq!(rows(&classes(2), &config, 2), Ok(vec![0.0, 1.0, 1.0, 0.0]));
        let smooth = TrainingConfig { label_smoothing: 0.25, ..config.clone() };
        assert_eq!(rows(&classes(2), &smooth, 2), Ok(vec![0.125, 0.875, 0.875, 0.125]));
        let binary = TrainingConfig { loss: Loss::BinaryCrossentropy, ..smooth };
        assert_eq!(rows(&classes(2), &binary, 1), Ok(vec![0.875, 0.125]));
        let values = samples(Targets::Values { shape: vec![1], values: vec![1.0, 2.0, 3.0, 4.0] });
        assert_eq!(rows(&values, &config, 1), Ok(vec![1.0, 2.0]));
        assert_eq!(rows(&samples(Targets::Inputs), &config, 2), Ok(vec![7.0; 4]));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let config = TrainingConfig::default();
        let check = |samples: Samples, width, expected: &str| {
            assert_eq!(rows(&samples, &config, width), Err(expected.to_owned()));
        };
        check(samples(Targets::None), 2, "The samples have no labels or values to learn");
        check(classes(3), 2, "The network gives 2 numbers, but the samples have 3 classes");
        check(
            samples(Targets::Inputs),
            3,
            "The network gives 3 numbers, but its input, which it should repeat, has 2",
        );
        check(classes(1), 1, "A sample is of class 1, but there are 1 classes");
    }

    #[test]
    fn balanced_weights_have_mean_one() {
        let config = TrainingConfig { class_weights: ClassWeights::Balanced, ..TrainingConfig::default() };
        let samples = classes(3);
        let targets = TargetRows::new(&samples, &config, &[3]).unwrap();
        let weights = targets.weights(&samples, &[0, 1, 2, 3]).unwrap();
        assert_eq!(weights, [4.0 / 6.0, 2.0, 4.0 / 6.0, 4.0 / 6.0]);
        assert!((weights.iter().sum::<f32>() - 4.0).abs() < 1e-6);
    }
}
