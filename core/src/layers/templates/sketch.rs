//! Graphs put together layer by layer.

use crate::layers::{
    Activation, Initializer, Layer, LayerGraph, LayerId, LayerKind, MergeOperation, Padding, PoolMode,
    WeightOptions,
};

/// A graph in the making.
#[derive(Default)]
pub(super) struct Sketch {
    graph: LayerGraph,
    /// Settings of all weights that follow.
    pub weights: WeightOptions,
}

impl Sketch {
    pub fn finish(self) -> LayerGraph {
        self.graph
    }

    /// A layer under a name after its kind, or the name that is given.
    pub fn add(&mut self, name: &str, kind: LayerKind, inputs: &[LayerId]) -> LayerId {
        let id = LayerId(self.graph.layers.len() as u32);
        let name = if name.is_empty() { self.graph.free_name(&kind) } else { name.to_owned() };
        self.graph.layers.push(Layer { id, name, inputs: inputs.to_vec(), position: None, kind });
        id
    }

    pub fn input(&mut self, name: &str, shape: Option<&Vec<usize>>) -> LayerId {
        self.add(name, LayerKind::Input { shape: shape.cloned().unwrap_or_default() }, &[])
    }

    pub fn dense(&mut self, name: &str, x: LayerId, units: usize, activation: Activation) -> LayerId {
        self.add(name, LayerKind::Dense { units, activation, weights: self.weights }, &[x])
    }

    /// A convolution with padding SAME, a normalisation and ReLU.
    pub fn conv_2d(&mut self, x: LayerId, filters: usize, kernel: [usize; 2], stride: usize) -> LayerId {
        let x = self.plain_conv_2d(x, filters, kernel, stride);
        self.norm_relu(x)
    }

    /// A convolution with padding SAME and nothing after it.
    pub fn plain_conv_2d(
        &mut self,
        x: LayerId,
        filters: usize,
        kernel: [usize; 2],
        stride: usize,
    ) -> LayerId {
        let kind = LayerKind::Conv2D {
            filters,
            kernel,
            stride: [stride; 2],
            padding: Padding::Same,
            dilation: [1, 1],
            activation: Activation::Linear,
            weights: self.weights,
        };
        self.add("", kind, &[x])
    }

    /// A depthwise convolution of 3×3, a normalisation and ReLU, then the same with 1×1.
    pub fn separable_block(&mut self, x: LayerId, filters: usize, stride: usize) -> LayerId {
        let kind = LayerKind::DepthwiseConv2D {
            kernel: [3, 3],
            stride: [stride; 2],
            padding: Padding::Same,
            depth_multiplier: 1,
            dilation: [1, 1],
            activation: Activation::Linear,
            weights: self.weights,
        };
        let x = self.add("", kind, &[x]);
        let x = self.norm_relu(x);
        self.conv_2d(x, filters, [1, 1], 1)
    }

    /// A convolution along time with padding SAME, a normalisation and ReLU.
    pub fn conv_1d(&mut self, x: LayerId, filters: usize, kernel: usize) -> LayerId {
        let kind = LayerKind::Conv1D {
            filters,
            kernel,
            stride: 1,
            padding: Padding::Same,
            dilation: 1,
            activation: Activation::Linear,
            weights: self.weights,
        };
        let x = self.add("", kind, &[x]);
        self.norm_relu(x)
    }

    pub fn max_pool_1d(&mut self, x: LayerId, size: usize) -> LayerId {
        let kind = LayerKind::Pool1D { mode: PoolMode::Max, size, stride: None, padding: Padding::Valid };
        self.add("", kind, &[x])
    }

    pub fn max_pool_2d(&mut self, x: LayerId) -> LayerId {
        let kind =
            LayerKind::Pool2D { mode: PoolMode::Max, size: [2, 2], stride: None, padding: Padding::Valid };
        self.add("", kind, &[x])
    }

    /// Batch normalisation that forgets the start values of its statistics within a few dozen steps. Keras's momentum of 0.99
    /// needs several hundred, more than a small set gives in its first epochs.
    pub fn norm(&mut self, x: LayerId) -> LayerId {
        let epsilon = crate::layers::batch_norm_epsilon();
        self.add("", LayerKind::BatchNorm { momentum: 0.9, epsilon }, &[x])
    }

    pub fn relu(&mut self, x: LayerId) -> LayerId {
        self.add("", LayerKind::Activation { activation: Activation::Relu }, &[x])
    }

    pub fn norm_relu(&mut self, x: LayerId) -> LayerId {
        let x = self.norm(x);
        self.relu(x)
    }

    pub fn sum(&mut self, x: LayerId, y: LayerId) -> LayerId {
        self.add("", LayerKind::Merge { operation: MergeOperation::Add }, &[x, y])
    }

    pub fn global_average(&mut self, x: LayerId) -> LayerId {
        self.add("", LayerKind::GlobalPool { mode: PoolMode::Average }, &[x])
    }

    pub fn dropout(&mut self, x: LayerId, rate: f32) -> LayerId {
        self.add("", LayerKind::Dropout { rate }, &[x])
    }

    /// All weights that follow begin as He has it and are held small.
    pub fn regularised(&mut self, l2: f32) {
        self.weights = WeightOptions { initializer: Initializer::HeNormal, l2, ..WeightOptions::default() };
    }
}
