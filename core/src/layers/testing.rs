//! Random graphs, weights and inputs for tests of everything that takes a layer graph.

use super::generator::Generator;
use super::output_shape::output_shape;
use super::{
    Activation, Initializer, Interpolation, Layer, LayerGraph, LayerId, LayerKind, MergeOperation, Padding,
    PoolMode, Role, WeightOptions, Weights, arrays, shapes,
};

/// Most elements of one activation.
const MAX_SIZE: usize = 4000;

/// A valid graph of some twelve layers: branches, several inputs and outputs. Over a few hundred seeds every kind of layer
/// occurs with every option.
pub fn random_graph(seed: u64) -> LayerGraph {
    let mut growth = Growth {
        random: Generator::named(seed, &["graph"]),
        graph: LayerGraph::default(),
        shapes: Vec::new(),
    };
    growth.graph.name = format!("random {seed}");
    for _ in 0..growth.random.between(1, 3) {
        let shape = growth.input_shape();
        growth.push(LayerKind::Input { shape }, Vec::new());
    }
    let n_layers = growth.shapes.len() + growth.random.between(1, 12);
    let mut n_tries = 0;
    while growth.shapes.len() < n_layers && n_tries < 1000 {
        n_tries += 1;
        growth.grow();
    }
    growth.close();
    growth.graph
}

/// Weights such that values neither vanish nor explode; biases and moving statistics are not those of an untrained network.
pub fn random_weights(graph: &LayerGraph, seed: u64) -> Weights {
    let shapes = shapes(graph);
    let mut weights = Weights::default();
    for (layer, shape) in graph.layers.iter().zip(&shapes.layers) {
        let inputs: Vec<&[usize]> = shape.inputs.iter().filter_map(Option::as_deref).collect();
        for spec in arrays(&layer.kind, &inputs) {
            let mut random = Generator::named(seed, &[&layer.name, spec.name]);
            let n_values = spec.shape.iter().product();
            let mut draw = |low: f64, high: f64| -> Vec<f32> {
                (0..n_values).map(|_| random.uniform(low, high) as f32).collect()
            };
            let values = match (spec.role, spec.name) {
                (Role::Kernel { fan_in, .. }, _) => {
                    let limit = (3.0 / fan_in as f64).sqrt();
                    draw(-limit, limit)
                }
                (Role::Recurrent, _) => {
                    let limit = (3.0 / spec.shape[0] as f64).sqrt();
                    draw(-limit, limit)
                }
                (Role::One, "moving_variance") => draw(0.3, 2.0),
                (Role::One, _) => draw(0.5, 1.5),
                (Role::Bias | Role::GateBias | Role::Zero, _) => draw(-0.5, 0.5),
            };
            weights.insert(&layer.name, spec.name, spec.shape, values);
        }
    }
    weights
}

/// Numbers between -1 and 1 for every input of the graph, in its order.
pub fn random_inputs(graph: &LayerGraph, seed: u64) -> Vec<Vec<f32>> {
    let inputs = graph.layers.iter().filter_map(|layer| match &layer.kind {
        LayerKind::Input { shape } => {
            let mut random = Generator::named(seed, &[&layer.name, "sample"]);
            let n_values: usize = shape.iter().product();
            Some((0..n_values).map(|_| random.uniform(-1.0, 1.0) as f32).collect())
        }
        _ => None,
    });
    inputs.collect()
}

struct Growth {
    random: Generator,
    graph: LayerGraph,
    shapes: Vec<Vec<usize>>,
}

impl Growth {
    fn input_shape(&mut self) -> Vec<usize> {
        let random = &mut self.random;
        match random.between(0, 3) {
            0 => vec![random.between(1, 24)],
            1 => vec![random.between(4, 20), random.between(1, 6)],
            _ => vec![random.between(4, 14), random.between(4, 14), random.between(1, 6)],
        }
    }

    fn push(&mut self, kind: LayerKind, inputs: Vec<LayerId>) {
        let shapes: Vec<&[usize]> = inputs.iter().map(|id| self.shapes[id.0 as usize].as_slice()).collect();
        let Ok(shape) = output_shape(&kind, &shapes, &[]) else { return };
        if shape.contains(&0) || shape.iter().product::<usize>() > MAX_SIZE {
            return;
        }
        let id = LayerId(self.shapes.len() as u32);
        self.graph.layers.push(Layer { id, name: format!("layer_{}", id.0), inputs, position: None, kind });
        self.shapes.push(shape);
    }

    /// One more layer, if the kind that chance picks fits what is there.
    fn grow(&mut self) {
        // The last layers are read more often, so that graphs become deep.
        let n_layers = self.shapes.len();
        let first = if self.random.chance(0.7) { n_layers.saturating_sub(2) } else { 0 };
        let source = self.random.between(first, n_layers - 1);
        let shape = self.shapes[source].clone();
        let source = LayerId(source as u32);
        let kind = match self.random.between(0, 21) {
            0 | 1 => self.dense(),
            2 | 3 if shape.len() == 2 => self.conv_1d(),
            2 | 3 => self.conv_2d(),
            4 => self.depthwise(),
            5 => self.separable(),
            6 if shape.len() == 2 => self.pool_1d(),
            6 => self.pool_2d(),
            7 => LayerKind::GlobalPool { mode: self.pool_mode() },
            8 | 9 => LayerKind::BatchNorm { momentum: 0.9, epsilon: *self.random.pick(&[1e-3, 1e-5, 0.1]) },
            10 | 11 => LayerKind::Activation { activation: self.activation() },
            12 => LayerKind::Dropout { rate: 0.3 },
            13 => LayerKind::Flatten {},
            14 => self.reshape(&shape),
            15 => LayerKind::ZeroPadding {
                padding: [[0; 2]; 2].map(|pair| pair.map(|_| self.random.between(0, 2))),
            },
            16 => LayerKind::UpSampling {
                factors: [self.random.between(1, 3), self.random.between(1, 3)],
                interpolation: *self.random.pick(&[Interpolation::Nearest, Interpolation::Bilinear]),
            },
            17 | 18 => return self.merge(source, &shape),
            19 => return self.concatenate(source, &shape),
            _ => LayerKind::Lstm {
                units: self.random.between(1, 8),
                return_sequences: self.random.chance(0.5),
                weights: self.weights(),
            },
        };
        self.push(kind, vec![source]);
    }

    /// Inputs that nothing reads get a reader.
    fn close(&mut self) {
        for index in 0..self.shapes.len() {
            let id = LayerId(index as u32);
            let is_input = matches!(self.graph.layers[index].kind, LayerKind::Input { .. });
            if is_input && !self.graph.layers.iter().any(|layer| layer.inputs.contains(&id)) {
                let kind = self.dense();
                self.push(kind, vec![id]);
            }
        }
        // Now and then outputs that others read as well.
        if self.random.chance(0.2) {
            let unread = shapes(&self.graph).outputs;
            let inner = LayerId(self.random.between(0, self.shapes.len() - 1) as u32);
            if !unread.contains(&inner) && !self.graph.layers[inner.0 as usize].inputs.is_empty() {
                self.graph.outputs = unread.into_iter().chain([inner]).collect();
            }
        }
    }

    fn merge(&mut self, source: LayerId, shape: &[usize]) {
        let alike: Vec<LayerId> = self.layers_like(|other| other == shape);
        let operation = *self.random.pick(&[
            MergeOperation::Add,
            MergeOperation::Add,
            MergeOperation::Subtract,
            MergeOperation::Multiply,
            MergeOperation::Average,
            MergeOperation::Maximum,
        ]);
        let n_others = if operation == MergeOperation::Subtract { 1 } else { self.random.between(1, 2) };
        let others = (0..n_others).map(|_| *self.random.pick(&alike));
        let inputs = [source].into_iter().chain(others).collect();
        self.push(LayerKind::Merge { operation }, inputs);
    }

    fn concatenate(&mut self, source: LayerId, shape: &[usize]) {
        let axis = self.random.between(0, shape.len() - 1);
        let fits = |other: &[usize]| {
            other.len() == shape.len() && (0..shape.len()).all(|dim| dim == axis || other[dim] == shape[dim])
        };
        let alike = self.layers_like(fits);
        // Now and then more than one CONCATENATION of TFLM takes.
        let n_others =
            if self.random.chance(0.1) { self.random.between(10, 12) } else { self.random.between(1, 3) };
        let others = (0..n_others).map(|_| *self.random.pick(&alike));
        let inputs = [source].into_iter().chain(others).collect();
        let axis = if self.random.chance(0.5) { axis as i32 } else { axis as i32 - shape.len() as i32 };
        self.push(LayerKind::Concatenate { axis }, inputs);
    }

    fn layers_like(&self, fits: impl Fn(&[usize]) -> bool) -> Vec<LayerId> {
        let alike = self.shapes.iter().enumerate().filter(|(_, shape)| fits(shape));
        alike.map(|(index, _)| LayerId(index as u32)).collect()
    }

    fn dense(&mut self) -> LayerKind {
        LayerKind::Dense {
            units: self.random.between(1, 16),
            activation: self.activation(),
            weights: self.weights(),
        }
    }

    fn conv_1d(&mut self) -> LayerKind {
        let (stride, dilation) = self.stride_and_dilation();
        LayerKind::Conv1D {
            filters: self.random.between(1, 12),
            kernel: self.random.between(1, 5),
            stride,
            padding: self.padding(),
            dilation,
            activation: self.activation(),
            weights: self.weights(),
        }
    }

    fn conv_2d(&mut self) -> LayerKind {
        let ([stride, other], dilation) = self.strides_and_dilations();
        LayerKind::Conv2D {
            filters: self.random.between(1, 12),
            kernel: self.window(),
            stride: [stride, other],
            padding: self.padding(),
            dilation,
            activation: self.activation(),
            weights: self.weights(),
        }
    }

    fn depthwise(&mut self) -> LayerKind {
        let (stride, dilation) = self.strides_and_dilations();
        LayerKind::DepthwiseConv2D {
            kernel: self.window(),
            stride: [stride[0]; 2],
            padding: self.padding(),
            depth_multiplier: self.random.between(1, 3),
            dilation,
            activation: self.activation(),
            weights: self.weights(),
        }
    }

    fn separable(&mut self) -> LayerKind {
        let stride = self.random.between(1, 3);
        LayerKind::SeparableConv2D {
            filters: self.random.between(1, 12),
            kernel: self.window(),
            stride: [stride; 2],
            padding: self.padding(),
            depth_multiplier: self.random.between(1, 2),
            activation: self.activation(),
            weights: self.weights(),
        }
    }

    fn pool_1d(&mut self) -> LayerKind {
        LayerKind::Pool1D {
            mode: self.pool_mode(),
            size: self.random.between(1, 4),
            stride: self.random.chance(0.5).then_some(self.random.between(1, 3)),
            padding: self.padding(),
        }
    }

    fn pool_2d(&mut self) -> LayerKind {
        let has_stride = self.random.chance(0.5);
        LayerKind::Pool2D {
            mode: self.pool_mode(),
            size: self.window(),
            stride: has_stride.then_some([self.random.between(1, 3), self.random.between(1, 3)]),
            padding: self.padding(),
        }
    }

    /// The same values in another order of dimensions, or in steps of one of their divisors.
    fn reshape(&mut self, shape: &[usize]) -> LayerKind {
        let n_values: usize = shape.iter().product();
        let divisors: Vec<usize> = (1..=n_values).filter(|size| n_values.is_multiple_of(*size)).collect();
        let channels = *self.random.pick(&divisors);
        let rest: Vec<usize> =
            divisors.iter().copied().filter(|size| (n_values / channels).is_multiple_of(*size)).collect();
        let width = *self.random.pick(&rest);
        let shape = match self.random.between(0, 2) {
            0 => vec![n_values],
            1 => vec![n_values / channels, channels],
            _ => vec![n_values / channels / width, width, channels],
        };
        LayerKind::Reshape { shape }
    }

    fn stride_and_dilation(&mut self) -> (usize, usize) {
        match self.random.between(0, 3) {
            0 => (self.random.between(2, 3), 1),
            1 => (1, self.random.between(2, 3)),
            _ => (1, 1),
        }
    }

    fn strides_and_dilations(&mut self) -> ([usize; 2], [usize; 2]) {
        match self.random.between(0, 3) {
            0 => ([self.random.between(1, 3), self.random.between(1, 3)], [1, 1]),
            1 => ([1, 1], [self.random.between(1, 2), self.random.between(1, 2)]),
            _ => ([1, 1], [1, 1]),
        }
    }

    fn window(&mut self) -> [usize; 2] {
        [self.random.between(1, 5), self.random.between(1, 5)]
    }

    fn padding(&mut self) -> Padding {
        *self.random.pick(&[Padding::Valid, Padding::Same])
    }

    fn pool_mode(&mut self) -> PoolMode {
        *self.random.pick(&[PoolMode::Max, PoolMode::Average])
    }

    fn activation(&mut self) -> Activation {
        *self.random.pick(&[
            Activation::Linear,
            Activation::Linear,
            Activation::Relu,
            Activation::Relu,
            Activation::Relu6,
            Activation::LeakyRelu { slope: 0.3 },
            Activation::Sigmoid,
            Activation::Tanh,
            Activation::Softmax,
            Activation::HardSwish,
        ])
    }

    fn weights(&mut self) -> WeightOptions {
        let initializer = *self.random.pick(&[
            Initializer::GlorotUniform,
            Initializer::GlorotNormal,
            Initializer::HeUniform,
            Initializer::HeNormal,
            Initializer::LecunUniform,
            Initializer::Zeros,
        ]);
        let (l1, l2) = *self.random.pick(&[(0.0, 0.0), (0.0, 0.0), (1e-4, 0.0), (0.0, 1e-3)]);
        WeightOptions { bias: self.random.chance(0.7), initializer, l1, l2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn graphs_are_valid_and_cover_every_kind() {
        let mut found = BTreeSet::new();
        for seed in 0..400 {
            let graph = random_graph(seed);
            let shapes = shapes(&graph);
            let errors: Vec<String> = shapes.errors().map(ToString::to_string).collect();
            assert!(errors.is_empty(), "{seed}: {errors:?}");
            found.extend(graph.layers.iter().map(|layer| layer.kind.label()));
            let activations = graph.layers.iter().filter_map(|layer| layer.kind.activation());
            found.extend(activations.map(Activation::label));
        }
        let expected = [
            "Add",
            "Average",
            "AveragePool1D",
            "AveragePool2D",
            "BatchNorm",
            "Concatenate",
            "Conv1D",
            "Conv2D",
            "Dense",
            "DepthwiseConv2D",
            "Dropout",
            "Flatten",
            "GlobalAveragePool",
            "GlobalMaxPool",
            "HardSwish",
            "Input",
            "LSTM",
            "LeakyReLU",
            "Linear",
            "MaxPool1D",
            "MaxPool2D",
            "Maximum",
            "Multiply",
            "ReLU",
            "ReLU6",
            "Reshape",
            "SeparableConv2D",
            "Sigmoid",
            "Softmax",
            "Subtract",
            "Tanh",
            "UpSampling",
            "ZeroPadding",
        ];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_same_seed_gives_the_same_graph() {
        assert_eq!(random_graph(5), random_graph(5));
        let graph = random_graph(5);
        assert_eq!(random_weights(&graph, 1), random_weights(&graph, 1));
        assert_eq!(random_inputs(&graph, 1), random_inputs(&graph, 1));
    }
}
