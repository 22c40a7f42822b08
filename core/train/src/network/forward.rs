//! From samples to outputs.

use burn::tensor::{Device, Tensor};
use emberlab_core::layers::Activation;

use super::convolution::{convolution, dense, depthwise};
use super::operation::{BatchNorm, Operation};
use super::recurrent::{Gates, lstm};
use super::simple::{Normalisation, activate, concatenate, drop_out, merge, normalise, normalise_batch, pad};
use super::value::Value;
use super::{Network, Node, pool};
use crate::random::Random;

/// What a pass is for.
pub(crate) enum Mode<'a> {
    /// Dropout does nothing, and batch normalisation takes its moving statistics.
    Inference,
    /// Dropout draws from these numbers, and batch normalisation takes the statistics of the batch.
    Training(&'a mut Random),
}

/// What a pass gives.
pub(crate) struct Forward {
    /// One value per output of the network.
    pub outputs: Vec<Value>,
    /// New moving statistics, by the places of their parameters; none in inference.
    pub statistics: Vec<(usize, Tensor<1>)>,
}

/// What all nodes of a pass need.
struct Pass<'a, 'b> {
    network: &'a Network,
    leaves: &'a [Tensor<1>],
    mode: Mode<'b>,
    /// Where constants of the pass belong.
    device: Device,
    statistics: Vec<(usize, Tensor<1>)>,
}

impl Network {
    /// Computes the outputs for one value per input.
    ///
    /// `leaves` are the numbers of all parameters, with gradients in training. Where `raw` says so, an output is given as it
    /// is before its activation: losses are computed from that with fewer roundings.
    pub(crate) fn forward(
        &self,
        leaves: &[Tensor<1>],
        inputs: Vec<Value>,
        mode: Mode<'_>,
        raw: &[bool],
    ) -> Forward {
        let device = match mode {
            Mode::Inference => self.device.clone(),
            Mode::Training(_) => self.device.clone().autodiff(),
        };
        let mut pass = Pass { network: self, leaves, mode, device, statistics: Vec::new() };
        let mut inputs: Vec<Option<Value>> = inputs.into_iter().map(Some).collect();
        let mut values: Vec<Option<Value>> = Vec::with_capacity(self.nodes.len());
        let mut raw_values: Vec<Option<Value>> = vec![None; self.nodes.len()];
        // A value is handed over to its last reader, so that burn may compute in place.
        let mut readers: Vec<usize> = self.nodes.iter().map(|node| node.readers).collect();
        for output in &self.outputs {
            readers[*output] += 1;
        }
        for (place, node) in self.nodes.iter().enumerate() {
            let reads = node.reads.iter().map(|read| {
                readers[*read] -= 1;
                let value = if readers[*read] == 0 { values[*read].take() } else { values[*read].clone() };
                value.expect("a node comes after what it reads, and is kept until its last reader")
            });
            let mut reads: Vec<Value> = reads.collect();
            if let Operation::Input(number) = node.operation {
                reads.extend(inputs.get_mut(number).and_then(Option::take));
            }
            let value = pass.operation(node, reads);
            let is_raw = self.outputs.iter().zip(raw).any(|(output, raw)| *output == place && *raw);
            if is_raw {
                raw_values[place] = Some(value.clone());
            }
            // Nobody asks for what follows if the network gives the value as it is.
            let activation = if is_raw && node.readers == 0 { Activation::Linear } else { node.activation };
            values.push(Some(activate(value, activation)));
        }
        let outputs = self.outputs.iter().zip(raw.iter().chain(std::iter::repeat(&false)));
        let outputs = outputs.map(|(output, raw)| {
            let value = if *raw { raw_values[*output].clone() } else { values[*output].clone() };
            value.expect("outputs are kept to the end")
        });
        Forward { outputs: outputs.collect(), statistics: pass.statistics }
    }

    /// All parameters as they are in inference.
    pub(crate) fn leaves(&self) -> Vec<Tensor<1>> {
        self.parameters.iter().map(|parameter| parameter.tensor.clone()).collect()
    }

    /// All parameters with gradients where they follow them.
    pub(crate) fn leaves_with_gradients(&self) -> Vec<Tensor<1>> {
        let leaves = self.parameters.iter().map(|parameter| {
            let leaf = parameter.tensor.clone().autodiff();
            if parameter.is_trainable { leaf.require_grad() } else { leaf }
        });
        leaves.collect()
    }
}

impl Pass<'_, '_> {
    fn leaf(&self, place: usize) -> Tensor<1> {
        self.leaves[place].clone()
    }

    fn optional(&self, place: Option<usize>) -> Option<Tensor<1>> {
        place.map(|place| self.leaf(place))
    }

    fn operation(&mut self, node: &Node, reads: Vec<Value>) -> Value {
        let shape = node.shape.as_slice();
        let half = self.network.half;
        match &node.operation {
            Operation::Input(_) | Operation::Nothing => only(reads),
            Operation::Dense { kernel, bias } => {
                dense(only(reads), self.leaf(*kernel), self.optional(*bias), shape, half)
            }
            Operation::Convolution { kernel, bias, window } => {
                convolution(only(reads), self.leaf(*kernel), self.optional(*bias), *window, shape, half)
            }
            Operation::Depthwise { kernel, bias, window, multiplier } => {
                let (kernel, bias) = (self.leaf(*kernel), self.optional(*bias));
                depthwise(only(reads), kernel, bias, *window, *multiplier, shape, half)
            }
            Operation::Separable { depthwise: first, pointwise, bias, window, multiplier } => {
                let value = only(reads);
                let channels = value.shape().last().copied().unwrap_or(1) * multiplier;
                let places = shape.split_last().map_or(shape, |(_, places)| places);
                let between = [places, &[channels]].concat();
                let value = depthwise(value, self.leaf(*first), None, *window, *multiplier, &between, half);
                dense(value, self.leaf(*pointwise), self.optional(*bias), shape, half)
            }
            Operation::Pool { mode, window } => pool::pool(only(reads), *mode, *window, shape),
            Operation::GlobalPool(mode) => pool::global_pool(only(reads), *mode, shape),
            Operation::BatchNorm(normalisation) => self.batch_norm(only(reads), normalisation, shape),
            Operation::Dropout { rate } => match &mut self.mode {
                Mode::Inference => only(reads),
                Mode::Training(random) => drop_out(only(reads), *rate, random, &self.device),
            },
            Operation::Reshape => Value::rows(only(reads).into_rows(), shape),
            Operation::ZeroPadding(pads) => pad(only(reads), *pads, shape),
            Operation::UpSampling(matrices) => matrices.apply(only(reads), shape, &self.device),
            Operation::Merge(operation) => merge(reads, *operation),
            Operation::Concatenate { axis } => concatenate(reads, *axis, shape),
            Operation::Lstm { kernel, recurrent, bias, units, sequences } => {
                let gates = Gates {
                    kernel: self.leaf(*kernel),
                    recurrent: self.leaf(*recurrent),
                    bias: self.optional(*bias),
                    units: *units,
                };
                lstm(only(reads), gates, *sequences, shape, half)
            }
        }
    }

    fn batch_norm(&mut self, value: Value, arrays: &BatchNorm, shape: &[usize]) -> Value {
        let with = Normalisation {
            gamma: self.leaf(arrays.gamma),
            beta: self.leaf(arrays.beta),
            epsilon: arrays.epsilon,
        };
        let (mean_place, variance_place) = (arrays.moving_mean, arrays.moving_variance);
        match self.mode {
            Mode::Inference => {
                let (mean, variance) = (self.leaf(mean_place), self.leaf(variance_place));
                normalise(value, with, mean, variance, shape)
            }
            Mode::Training(_) => {
                let (value, mean, variance) = normalise_batch(value, with, shape);
                for (place, batch) in [(mean_place, mean), (variance_place, variance)] {
                    let before = self.network.parameters[place].tensor.clone();
                    let after =
                        before.mul_scalar(arrays.momentum) + batch.inner().mul_scalar(1.0 - arrays.momentum);
                    self.statistics.push((place, after));
                }
                value
            }
        }
    }
}

/// The value of an operation that reads one, or of an input.
fn only(mut reads: Vec<Value>) -> Value {
    reads.pop().expect("the graph has no errors, so every layer reads as many as it should")
}
