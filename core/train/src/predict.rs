//! What a network says about samples, and how right it is.

use burn::tensor::Tensor;
use emberlab_core::dataset::{Samples, Targets};
use emberlab_core::evaluate::{Evaluation, classes_from_scores, values_from_outputs};
use emberlab_core::layers::Activation;
use emberlab_core::training::{ClassWeights, Loss, TrainingConfig};

use crate::batch::{Set, check_inputs, gather, rows};
use crate::checkpoint::Sums;
use crate::error::TrainError;
use crate::events::Metric;
use crate::loss;
use crate::network::{Mode, Network, Value, values_from_tensor};
use crate::targets::TargetRows;

/// Samples that are computed together where nothing else decides.
pub(crate) const BATCH: usize = 256;

/// Loss and metric of a set of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Mean loss, penalties on weights included.
    pub loss: f32,
    /// Accuracy or mean absolute error.
    pub metric: f32,
}

/// How right a network is about samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    /// Mean loss, penalties on weights included.
    pub loss: f32,
    /// Everything else.
    pub evaluation: Evaluation,
}

/// The first output of a network for all samples: one row after another, each as long as the product of the output's shape.
///
/// # Errors
/// The samples do not fit the network's inputs.
pub fn predict(network: &Network, samples: &Samples) -> Result<Vec<f32>, TrainError> {
    let mut outputs = predict_all(network, samples)?;
    Ok(if outputs.is_empty() { Vec::new() } else { outputs.swap_remove(0) })
}

/// As [`predict`], of every output.
///
/// # Errors
/// The samples do not fit the network's inputs.
pub fn predict_all(network: &Network, samples: &Samples) -> Result<Vec<Vec<f32>>, TrainError> {
    check_inputs(network, samples)?;
    let mut all: Vec<Vec<f32>> = network.output_shapes().map(|_| Vec::new()).collect();
    let indexes: Vec<usize> = (0..samples.count).collect();
    for indexes in indexes.chunks(BATCH) {
        for (all, output) in all.iter_mut().zip(outputs(network, samples, indexes, &[])) {
            all.extend(values_from_tensor(output.into_rows()));
        }
    }
    Ok(all)
}

/// How right a network is about samples whose targets are known.
///
/// # Errors
/// The samples have no targets, or do not fit the network.
pub fn evaluate(network: &Network, samples: &Samples, config: &TrainingConfig) -> Result<Tested, TrainError> {
    check_inputs(network, samples)?;
    // As in Keras, class weights are for training only.
    let config = TrainingConfig { class_weights: ClassWeights::None, ..config.clone() };
    let targets = crate::train::target_rows(network, samples, &config)?;
    let set = Set::all(samples);
    let mut sums = Sums::default();
    for indexes in set.indexes.chunks(BATCH) {
        measure_batch(network, &set, indexes, &targets, config.loss, &mut sums);
    }
    let outputs = predict(network, samples)?;
    let activation = network.output_activations().next().unwrap_or_default();
    let evaluation = match &samples.targets {
        Targets::Classes { labels, classes } => {
            // A single number says yes or no: from one half, or from 0 if nothing has made a probability of it.
            let border = if activation == Activation::Linear { 0.0 } else { 0.5 };
            let is_single = targets[0].is_binary();
            let width = outputs.len() / samples.count.max(1);
            Evaluation::Classes(classes_from_scores(
                &outputs,
                width,
                labels,
                *classes,
                is_single.then_some(border),
            ))
        }
        Targets::Values { values, .. } => {
            Evaluation::Values(values_from_outputs(&outputs, values, samples.count))
        }
        Targets::Inputs | Targets::None => {
            let inputs = samples.inputs.first().map_or(&[][..], |input| &input.values);
            Evaluation::Values(values_from_outputs(&outputs, inputs, samples.count))
        }
    };
    Ok(Tested { loss: measured(network, &sums).loss, evaluation })
}

fn outputs(network: &Network, samples: &Samples, indexes: &[usize], raw: &[bool]) -> Vec<Value> {
    let values = gather(samples, indexes).into_values(network, network.device());
    network.forward(&network.leaves(), values, Mode::Inference, raw).outputs
}

/// Adds loss and metric of some samples to sums.
pub(crate) fn measure_batch(
    network: &Network,
    set: &Set<'_>,
    indexes: &[usize],
    targets: &[TargetRows],
    loss: Loss,
    sums: &mut Sums,
) {
    let inputs = gather(set.samples, indexes);
    let first = inputs.arrays.first().map_or(&[][..], Vec::as_slice);
    let expected: Vec<Vec<f32>> =
        targets.iter().map(|targets| targets.rows(set.samples, indexes, first, loss)).collect();
    let activations: Vec<Activation> = network.output_activations().collect();
    let raw: Vec<bool> = activations.iter().map(|activation| loss::takes_raw(loss, *activation)).collect();
    let values = inputs.into_values(network, network.device());
    let outputs = network.forward(&network.leaves(), values, Mode::Inference, &raw).outputs;
    let mut parts: Vec<Tensor<1>> = Vec::new();
    for (place, (output, expected)) in outputs.into_iter().zip(expected).enumerate() {
        let expected = rows(expected, indexes.len(), network.device());
        if place == 0 {
            let output = output.clone();
            parts.push(metric(&targets[0], output, expected.clone(), activations[0], raw[0]));
        }
        parts.push(loss::losses(targets[place].loss(loss), output, expected, raw[place]).sum());
    }
    let parts = values_from_tensor(Tensor::cat(parts, 0));
    if let [metric, losses @ ..] = parts.as_slice() {
        let [loss_factor, metric_factor] = targets[0].factors(loss).map(f64::from);
        let loss: f64 = losses.iter().map(|loss| f64::from(*loss)).sum();
        sums.add(loss * loss_factor, f64::from(*metric) * metric_factor, indexes.len());
    }
}

/// The sum of the metric over the samples of an output without gradients.
pub(crate) fn metric(
    targets: &TargetRows,
    output: Value,
    expected: Tensor<2>,
    activation: Activation,
    is_raw: bool,
) -> Tensor<1> {
    match targets.metric() {
        Metric::Accuracy => loss::correct(output, expected, targets.is_binary(), is_raw),
        Metric::MeanAbsoluteError => {
            let lacking = if is_raw { activation } else { Activation::Linear };
            loss::absolute_errors(output, expected, lacking)
        }
    }
}

/// Means, with the penalties on weights.
pub(crate) fn measured(network: &Network, sums: &Sums) -> Measured {
    let (loss, metric) = sums.means();
    let penalty = network.penalty().map_or(0.0, |penalty| values_from_tensor(penalty)[0]);
    Measured { loss: loss + penalty, metric }
}
