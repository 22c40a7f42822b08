//! Targets brought to mean 0 and deviation 1 while a network is trained, and given back in the weights that are kept.
//!
//! A network begins with outputs around 0, and far from them losses and gradients are large. So it is trained on targets less
//! their mean, over one deviation for all values: the loss is then the one that was asked for, up to a factor, and every
//! figure that is reported is in the units of the samples. Where the last layer is Dense without an activation, mean and
//! deviation become part of its weights when the run ends: predictions, tests and exported models know nothing of all this.
//! A checkpoint keeps the weights as they are trained, so that a run goes on with the same bits.

use emberlab_core::dataset::{Samples, Targets};
use emberlab_core::layers::{Activation, LayerGraph, LayerKind, Weights, shapes};
use emberlab_core::training::{Loss, TrainingConfig};

/// Mean and deviation of targets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scaling {
    /// The layer that gives the values.
    layer: String,
    /// One for each value.
    means: Vec<f32>,
    /// The root of the mean variance of the values.
    deviation: f32,
}

/// Targets of samples can be normalised: they are values, and the network ends in one Dense layer with a bias and without an
/// activation.
pub fn can_normalise_targets(graph: &LayerGraph, samples: &Samples) -> bool {
    layer(graph, samples).is_some()
}

/// The name of the layer that gives the values.
fn layer<'a>(graph: &'a LayerGraph, samples: &Samples) -> Option<&'a str> {
    let Targets::Values { shape, .. } = &samples.targets else { return None };
    let found = shapes(graph);
    let [output] = found.outputs.as_slice() else { return None };
    let layer = graph.layer(*output)?;
    let LayerKind::Dense { units, activation: Activation::Linear, weights } = &layer.kind else {
        return None;
    };
    // One row of values, each from a unit of its own.
    let is_row = found.output(*output)?.len() == 1 && shape.iter().product::<usize>() == *units;
    (weights.bias && is_row).then_some(layer.name.as_str())
}

impl Scaling {
    /// The scaling for a run; `None` where targets stay as they are.
    pub fn new(
        graph: &LayerGraph,
        samples: &Samples,
        indexes: &[usize],
        config: &TrainingConfig,
    ) -> Option<Self> {
        match config.loss {
            Loss::MeanSquaredError | Loss::MeanAbsoluteError | Loss::Huber { .. } => {}
            Loss::SparseCategoricalCrossentropy
            | Loss::CategoricalCrossentropy
            | Loss::BinaryCrossentropy => return None,
        }
        let layer = layer(graph, samples).filter(|_| config.normalise_targets)?;
        let Targets::Values { shape, values } = &samples.targets else { return None };
        let width: usize = shape.iter().product();
        let count = indexes.len() as f64;
        let rows = || indexes.iter().filter_map(|index| values.get(index * width..(index + 1) * width));
        let mut means = vec![0.0; width];
        for row in rows() {
            means.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value) / count);
        }
        let squares = rows().flat_map(|row| row.iter().zip(&means)).map(|(value, mean)| {
            let difference = f64::from(*value) - mean;
            difference * difference
        });
        let deviation = (squares.sum::<f64>() / (count * width as f64)).sqrt() as f32;
        // Targets that are all the same differ from their mean by roundings only.
        let least = means.iter().fold(0.0, |most: f64, mean| most.max(mean.abs())) as f32 * f32::EPSILON;
        let means: Vec<f32> = means.into_iter().map(|mean| mean as f32).collect();
        let is_known = means.iter().all(|mean| mean.is_finite()) && deviation.is_finite();
        let deviation = if deviation > least { deviation } else { 1.0 };
        is_known.then(|| Self { layer: layer.to_owned(), means, deviation })
    }

    /// Normalises rows of targets.
    pub fn normalise(&self, rows: &mut [f32]) {
        for row in rows.chunks_mut(self.means.len().max(1)) {
            for (value, mean) in row.iter_mut().zip(&self.means) {
                *value = (*value - mean) / self.deviation;
            }
        }
    }

    /// The loss of normalised values that is the given one of the values, up to a factor.
    pub fn loss(&self, loss: Loss) -> Loss {
        match loss {
            Loss::Huber { delta } => Loss::Huber { delta: delta / self.deviation },
            Loss::MeanSquaredError
            | Loss::MeanAbsoluteError
            | Loss::SparseCategoricalCrossentropy
            | Loss::CategoricalCrossentropy
            | Loss::BinaryCrossentropy => loss,
        }
    }

    /// That factor.
    pub fn loss_factor(&self, loss: Loss) -> f32 {
        match loss {
            Loss::MeanSquaredError | Loss::Huber { .. } => self.deviation * self.deviation,
            Loss::MeanAbsoluteError => self.deviation,
            Loss::SparseCategoricalCrossentropy
            | Loss::CategoricalCrossentropy
            | Loss::BinaryCrossentropy => 1.0,
        }
    }

    /// What absolute errors of normalised values are multiplied with.
    pub fn error_factor(&self) -> f32 {
        self.deviation
    }

    /// Weights of a network that gives the values, from those of one that gives normalised ones.
    pub fn folded(&self, weights: &Weights) -> Weights {
        self.changed(weights, |kernel| kernel * self.deviation, |bias, mean| bias * self.deviation + mean)
    }

    /// The opposite of [`Scaling::folded`], up to roundings.
    pub fn unfolded(&self, weights: &Weights) -> Weights {
        self.changed(weights, |kernel| kernel / self.deviation, |bias, mean| (bias - mean) / self.deviation)
    }

    fn changed(
        &self,
        weights: &Weights,
        kernel: impl Fn(f32) -> f32,
        bias: impl Fn(f32, f32) -> f32,
    ) -> Weights {
        let mut weights = weights.clone();
        let Some(arrays) = weights.layers.get_mut(&self.layer) else { return weights };
        if let Some(array) = arrays.get_mut("kernel") {
            array.values.iter_mut().for_each(|value| *value = kernel(*value));
        }
        if let Some(array) = arrays.get_mut("bias") {
            array.values.iter_mut().zip(&self.means).for_each(|(value, mean)| *value = bias(*value, *mean));
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{chain, samples};

    fn values(width: usize) -> Samples {
        let values = (0..4 * width).map(|place| 100.0 * place as f32 + 1000.0).collect();
        samples(4, &[&[3]], Targets::Values { shape: vec![width], values })
    }

    fn network(last: &str) -> LayerGraph {
        chain(&[r#""layer":"Input","shape":[3]"#, last])
    }

    fn config(loss: Loss) -> TrainingConfig {
        TrainingConfig { loss, ..TrainingConfig::default() }
    }

    #[test]
    fn only_values_of_a_linear_layer_with_a_bias_are_normalised() {
        let dense = network(r#""layer":"Dense","units":2"#);
        assert!(can_normalise_targets(&dense, &values(2)));
        for (last, samples) in [
            (r#""layer":"Dense","units":2,"activation":"tanh""#, values(2)),
            (r#""layer":"Dense","units":2,"weights":{"bias":false}"#, values(2)),
            (r#""layer":"Dense","units":3"#, values(2)),
            (r#""layer":"Dense","units":3"#, samples(4, &[&[3]], Targets::Inputs)),
            (r#""layer":"Reshape","shape":[3]"#, values(3)),
        ] {
            assert!(!can_normalise_targets(&network(last), &samples), "{last}");
        }
        let classes = samples(4, &[&[3]], Targets::Classes { labels: vec![0, 1, 0, 1], classes: 2 });
        assert!(!can_normalise_targets(&dense, &classes));
        let all = [0, 1, 2, 3];
        let squared = config(Loss::MeanSquaredError);
        assert!(Scaling::new(&dense, &values(2), &all, &squared).is_some());
        let off = TrainingConfig { normalise_targets: false, ..squared };
        assert_eq!(Scaling::new(&dense, &values(2), &all, &off), None);
        assert_eq!(Scaling::new(&dense, &values(2), &all, &config(Loss::BinaryCrossentropy)), None);
    }

    #[test]
    fn targets_get_mean_0_and_deviation_1() {
        let graph = network(r#""layer":"Dense","units":2"#);
        let samples = values(2);
        let squared = config(Loss::MeanSquaredError);
        let scaling = Scaling::new(&graph, &samples, &[0, 1, 2, 3], &squared).unwrap();
        assert_eq!(scaling.means, [1300.0, 1400.0]);
        let Targets::Values { values, .. } = &samples.targets else { panic!() };
        let mut rows = values.clone();
        scaling.normalise(&mut rows);
        let mean = rows.iter().sum::<f32>() / 8.0;
        let variance = rows.iter().map(|value| value * value).sum::<f32>() / 8.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5, "{rows:?}");
        // Only the samples that train count.
        assert_eq!(Scaling::new(&graph, &samples, &[0], &squared).unwrap().means, [1000.0, 1100.0]);
        assert_eq!(Scaling::new(&graph, &samples, &[0], &squared).unwrap().deviation, 1.0);
        let huber = scaling.loss(Loss::Huber { delta: 10.0 });
        assert_eq!(huber, Loss::Huber { delta: 10.0 / scaling.deviation });
    }

    #[test]
    fn folding_can_be_undone() {
        let graph = network(r#""layer":"Dense","units":2"#);
        let scaling =
            Scaling::new(&graph, &values(2), &[0, 1, 2, 3], &config(Loss::MeanAbsoluteError)).unwrap();
        let weights = crate::tests::weights(&graph, 3);
        let folded = scaling.folded(&weights);
        let bias = |weights: &Weights, place: usize| weights.get("layer 1", "bias").unwrap().values[place];
        assert_eq!(bias(&folded, 1), bias(&weights, 1) * scaling.deviation + 1400.0);
        let again = scaling.unfolded(&folded);
        for (name, array) in &weights.layers["layer 1"] {
            for (value, found) in array.values.iter().zip(&again.get("layer 1", name).unwrap().values) {
                assert!((value - found).abs() < 1e-5, "{name}: {value} {found}");
            }
        }
    }
}
