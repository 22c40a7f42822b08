//! The networks of the templates.

use super::Sizes;
use super::sketch::Sketch;
use crate::layers::{Activation, LayerGraph, LayerId, LayerKind, Padding};

/// Hidden layers with ReLU; classes with softmax, or plain numbers.
pub(super) fn dense(sizes: &Sizes, hidden: &[usize], are_classes: bool) -> LayerGraph {
    let mut sketch = Sketch::default();
    let shape = sizes.inputs.first();
    let mut x = sketch.input("input", shape);
    if shape.is_some_and(|shape| shape.len() > 1) {
        x = sketch.add("", LayerKind::Flatten {}, &[x]);
    }
    for units in hidden {
        x = sketch.dense("", x, *units, Activation::Relu);
    }
    let activation = if are_classes { Activation::Softmax } else { Activation::Linear };
    let name = if are_classes { "classes" } else { "output" };
    sketch.dense(name, x, sizes.outputs, activation);
    sketch.finish()
}

pub(super) fn small_cnn(sizes: &Sizes) -> LayerGraph {
    let mut sketch = Sketch::default();
    let x = sketch.input("input", sizes.inputs.first());
    let conv = |sketch: &mut Sketch, x, filters, kernel| {
        let kind = LayerKind::Conv2D {
            filters,
            kernel,
            stride: [1, 1],
            padding: Padding::Same,
            dilation: [1, 1],
            activation: Activation::Relu,
            weights: sketch.weights,
        };
        sketch.add("", kind, &[x])
    };
    let x = conv(&mut sketch, x, 16, [3, 3]);
    let x = sketch.max_pool_2d(x);
    let depthwise = LayerKind::DepthwiseConv2D {
        kernel: [3, 3],
        stride: [1, 1],
        padding: Padding::Same,
        depth_multiplier: 1,
        dilation: [1, 1],
        activation: Activation::Relu,
        weights: sketch.weights,
    };
    let x = sketch.add("", depthwise, &[x]);
    let x = conv(&mut sketch, x, 32, [1, 1]);
    let x = sketch.max_pool_2d(x);
    let x = sketch.add("", LayerKind::Flatten {}, &[x]);
    classes(sketch, x, sizes)
}

/// Source: `benchmark/training/keyword_spotting/keras_model.py` of github.com/mlcommons/tiny.
pub(super) fn ds_cnn(sizes: &Sizes) -> LayerGraph {
    let mut sketch = Sketch::default();
    sketch.weights.l2 = 1e-4;
    let x = sketch.input("input", sizes.inputs.first());
    let x = sketch.conv_2d(x, 64, [10, 4], 2);
    let mut x = sketch.dropout(x, 0.2);
    for _ in 0..4 {
        x = sketch.separable_block(x, 64, 1);
    }
    let x = sketch.dropout(x, 0.4);
    let x = sketch.global_average(x);
    classes(sketch, x, sizes)
}

/// Source: `benchmark/training/visual_wake_words/vww_model.py` of github.com/mlcommons/tiny: MobileNet v1, width 0.25.
pub(super) fn mobilenet(sizes: &Sizes) -> LayerGraph {
    /// Filters and stride of each block.
    const BLOCKS: [(usize, usize); 13] = [
        (16, 1),
        (32, 2),
        (32, 1),
        (64, 2),
        (64, 1),
        (128, 2),
        (128, 1),
        (128, 1),
        (128, 1),
        (128, 1),
        (128, 1),
        (256, 2),
        (256, 1),
    ];
    let mut sketch = Sketch::default();
    sketch.regularised(1e-4);
    let x = sketch.input("input", sizes.inputs.first());
    let mut x = sketch.conv_2d(x, 8, [3, 3], 2);
    for (filters, stride) in BLOCKS {
        x = sketch.separable_block(x, filters, stride);
    }
    let x = sketch.global_average(x);
    classes(sketch, x, sizes)
}

/// Source: `benchmark/training/image_classification/keras_model.py` of github.com/mlcommons/tiny, `resnet_v1_eembc`.
pub(super) fn resnet_8(sizes: &Sizes) -> LayerGraph {
    let mut sketch = Sketch::default();
    sketch.regularised(1e-4);
    let x = sketch.input("input", sizes.inputs.first());
    let mut x = sketch.conv_2d(x, 16, [3, 3], 1);
    for (filters, stride) in [(16, 1), (32, 2), (64, 2)] {
        let y = sketch.conv_2d(x, filters, [3, 3], stride);
        let y = sketch.plain_conv_2d(y, filters, [3, 3], 1);
        let y = sketch.norm(y);
        if stride > 1 {
            x = sketch.plain_conv_2d(x, filters, [1, 1], stride);
        }
        let sum = sketch.sum(x, y);
        x = sketch.relu(sum);
    }
    let x = sketch.global_average(x);
    classes(sketch, x, sizes)
}

pub(super) fn sound(sizes: &Sizes) -> LayerGraph {
    let mut sketch = Sketch::default();
    let x = sketch.input("input", sizes.inputs.first());
    let x = along_time(&mut sketch, x, 3, &[32, 48, 64]);
    let x = sketch.global_average(x);
    let x = sketch.dropout(x, 0.3);
    classes(sketch, x, sizes)
}

pub(super) fn motion(sizes: &Sizes) -> LayerGraph {
    let mut sketch = Sketch::default();
    let x = sketch.input("input", sizes.inputs.first());
    let x = along_time(&mut sketch, x, 5, &[16, 32, 64]);
    let x = sketch.global_average(x);
    let x = sketch.dropout(x, 0.3);
    classes(sketch, x, sizes)
}

pub(super) fn features(sizes: &Sizes) -> LayerGraph {
    let mut sketch = Sketch::default();
    let x = sketch.input("input", sizes.inputs.first());
    let x = sketch.dense("", x, 64, Activation::Relu);
    let x = sketch.dropout(x, 0.3);
    classes(sketch, x, sizes)
}

pub(super) fn lstm(sizes: &Sizes) -> LayerGraph {
    let mut sketch = Sketch::default();
    let x = sketch.input("input", sizes.inputs.first());
    let weights = sketch.weights;
    let x = sketch.add("", LayerKind::Lstm { units: 64, return_sequences: true, weights }, &[x]);
    let x = sketch.add("", LayerKind::Lstm { units: 32, return_sequences: false, weights }, &[x]);
    classes(sketch, x, sizes)
}

/// Gives as many numbers as it takes.
pub(super) fn autoencoder(sizes: &Sizes) -> LayerGraph {
    let mut sketch = Sketch::default();
    let shape = sizes.inputs.first();
    let n_features = shape.map_or(1, |shape| shape.iter().product());
    let is_flat = shape.is_none_or(|shape| shape.len() == 1);
    let mut x = sketch.input("input", shape);
    if !is_flat {
        x = sketch.add("", LayerKind::Flatten {}, &[x]);
    }
    for units in [32, 16, 32] {
        x = sketch.dense("", x, units, Activation::Relu);
    }
    x = sketch.dense(if is_flat { "output" } else { "" }, x, n_features, Activation::Sigmoid);
    if let Some(shape) = shape.filter(|_| !is_flat) {
        sketch.add("output", LayerKind::Reshape { shape: shape.clone() }, &[x]);
    }
    sketch.finish()
}

pub(super) fn sound_and_motion(sizes: &Sizes) -> LayerGraph {
    let mut sketch = Sketch::default();
    let sound = sketch.input("sound", sizes.inputs.first());
    let motion = sketch.input("motion", sizes.inputs.get(1));
    let sound = along_time(&mut sketch, sound, 3, &[32, 48]);
    let sound = sketch.global_average(sound);
    let motion = along_time(&mut sketch, motion, 5, &[16, 32]);
    let motion = sketch.global_average(motion);
    let x = sketch.add("", LayerKind::Concatenate { axis: -1 }, &[sound, motion]);
    let x = sketch.dense("", x, 32, Activation::Relu);
    let x = sketch.dropout(x, 0.3);
    classes(sketch, x, sizes)
}

/// Convolutions along time with a pooling of 2 between them.
fn along_time(sketch: &mut Sketch, mut x: LayerId, kernel: usize, filters: &[usize]) -> LayerId {
    for (number, filters) in filters.iter().enumerate() {
        if number > 0 {
            x = sketch.max_pool_1d(x, 2);
        }
        x = sketch.conv_1d(x, *filters, kernel);
    }
    x
}

fn classes(mut sketch: Sketch, x: LayerId, sizes: &Sizes) -> LayerGraph {
    sketch.weights = Default::default();
    sketch.dense("classes", x, sizes.outputs, Activation::Softmax);
    sketch.finish()
}
