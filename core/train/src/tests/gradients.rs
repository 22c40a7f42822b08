//! Gradients of whole networks against finite differences.

use emberlab_core::dataset::{Samples, Targets};
use emberlab_core::layers::{LayerGraph, Weights};
use emberlab_core::training::{Loss, Optimizer, TrainingConfig};

use super::{chain, graph, samples, weights};
use crate::{Backend, Event, Job, Start, Uninterrupted, train};

/// One step of plain gradient descent with a rate of 1: the loss before, and the weights after.
fn one_step(
    graph: &LayerGraph,
    weights: &Weights,
    samples: &Samples,
    config: &TrainingConfig,
    backend: &Backend,
) -> (f32, Weights) {
    let job = Job { graph, training: samples, validation: None, config, start: Start::Weights(weights) };
    let mut loss = None;
    let mut note = |event: Event| {
        if let Event::Step(step) = event {
            loss = Some(step.loss);
        }
    };
    let outcome = train(&job, backend, &mut Uninterrupted, &mut note).unwrap();
    (loss.unwrap(), outcome.checkpoint.weights)
}

pub(super) fn config(loss: Loss) -> TrainingConfig {
    TrainingConfig {
        loss,
        optimizer: Optimizer::SGD,
        learning_rate: 1.0,
        batch_size: 64,
        epochs: 1,
        validation_share: 0.0,
        // These compare what the network inside computes.
        normalise_targets: false,
        ..TrainingConfig::default()
    }
}

/// Moves every weight of every trainable array, or of large arrays some, and compares how the loss changes.
fn check(graph: &LayerGraph, samples: &Samples, config: &TrainingConfig) {
    const MOVE: f32 = 1e-2;
    let weights = weights(graph, 4);
    let backend = Backend::cpu();
    let (_, after) = one_step(graph, &weights, samples, config, &backend);
    let mut checked = 0;
    for (layer, arrays) in &weights.layers {
        for (name, array) in arrays.iter().filter(|(name, _)| !name.starts_with("moving")) {
            for place in (0..array.values.len()).step_by(array.values.len().div_ceil(6)) {
                let loss_at = |by: f32| {
                    let mut moved = weights.clone();
                    moved.layers.get_mut(layer).unwrap().get_mut(name).unwrap().values[place] += by;
                    f64::from(one_step(graph, &moved, samples, config, &backend).0)
                };
                let expected = (loss_at(MOVE) - loss_at(-MOVE)) / f64::from(2.0 * MOVE);
                let found = f64::from(array.values[place] - after.get(layer, name).unwrap().values[place]);
                let error = (found - expected).abs();
                assert!(
                    error < 2e-3 * expected.abs().max(0.1),
                    "{layer} {name} {place}: {found} against {expected}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 3);
}

fn classes(count: usize, classes: usize) -> Targets {
    Targets::Classes { labels: (0..count).map(|sample| (sample * 7 % classes) as u32).collect(), classes }
}

#[test]
fn dense_layers_and_every_loss() {
    let network = |units: usize, activation: &str| {
        chain(&[
            r#""layer":"Input","shape":[4]"#,
            r#""layer":"Dense","units":5,"activation":"tanh","weights":{"l1":0.01,"l2":0.02}"#,
            r#""layer":"Dropout","rate":0.4"#,
            &format!(r#""layer":"Dense","units":{units},"activation":"{activation}""#),
        ])
    };
    let labelled = samples(10, &[&[4]], classes(10, 3));
    check(&network(3, "softmax"), &labelled, &config(Loss::SparseCategoricalCrossentropy));
    check(&network(3, "sigmoid"), &labelled, &config(Loss::CategoricalCrossentropy));
    check(&network(3, "sigmoid"), &labelled, &config(Loss::BinaryCrossentropy));
    check(&network(3, "linear"), &labelled, &config(Loss::MeanSquaredError));
    let smooth = TrainingConfig {
        label_smoothing: 0.1,
        class_weights: emberlab_core::training::ClassWeights::Given(vec![0.5, 1.0, 3.0]),
        ..config(Loss::CategoricalCrossentropy)
    };
    check(&network(3, "softmax"), &labelled, &smooth);
    let yes_or_no = samples(10, &[&[4]], classes(10, 2));
    check(&network(1, "sigmoid"), &yes_or_no, &config(Loss::BinaryCrossentropy));
    let values =
        Targets::Values { shape: vec![2], values: (0..20).map(|value| (value % 7) as f32 * 0.3).collect() };
    let valued = samples(10, &[&[4]], values);
    check(&network(2, "linear"), &valued, &config(Loss::MeanSquaredError));
    check(&network(2, "sigmoid"), &valued, &config(Loss::MeanAbsoluteError));
    check(&network(2, "linear"), &valued, &config(Loss::Huber { delta: 0.5 }));
    check(&network(4, "linear"), &samples(10, &[&[4]], Targets::Inputs), &config(Loss::MeanSquaredError));
}

#[test]
fn pictures_with_branches() {
    let graph = graph(
        r#"{"id":0,"name":"x","layer":"Input","shape":[6,5,2]},
           {"id":1,"name":"a","inputs":[0],"layer":"Conv2D","filters":3,"kernel":[3,2],"padding":"same"},
           {"id":2,"name":"n","inputs":[1],"layer":"BatchNorm"},
           {"id":3,"name":"h","inputs":[2],"layer":"Activation","activation":"sigmoid"},
           {"id":4,"name":"d","inputs":[3],"layer":"DepthwiseConv2D","kernel":[2,2],"padding":"same"},
           {"id":5,"name":"s","inputs":[3],"layer":"SeparableConv2D","filters":3,"kernel":[3,3],"padding":"same"},
           {"id":6,"name":"p","inputs":[0],"layer":"Conv2D","filters":3,"kernel":[1,1]},
           {"id":7,"name":"m","inputs":[4,5,6],"layer":"Merge","operation":"average"},
           {"id":8,"name":"w","inputs":[7],"layer":"Pool2D","mode":"average","padding":"same","size":[2,2]},
           {"id":9,"name":"u","inputs":[8],"layer":"UpSampling","factors":[2,2],"interpolation":"bilinear"},
           {"id":10,"name":"z","inputs":[9],"layer":"ZeroPadding","padding":[[1,0],[0,1]]},
           {"id":11,"name":"v","inputs":[10],"layer":"Conv2D","filters":2,"kernel":[2,2],"stride":[2,2]},
           {"id":12,"name":"g","inputs":[11],"layer":"GlobalPool","mode":"average"},
           {"id":13,"name":"f","inputs":[8],"layer":"Flatten"},
           {"id":14,"name":"c","inputs":[12,13],"layer":"Concatenate"},
           {"id":15,"name":"o","inputs":[14],"layer":"Dense","units":3,"activation":"softmax"}"#,
    );
    check(&graph, &samples(6, &[&[6, 5, 2]], classes(6, 3)), &config(Loss::SparseCategoricalCrossentropy));
}

#[test]
fn sequences_and_maxima() {
    let network = chain(&[
        r#""layer":"Input","shape":[9,2]"#,
        r#""layer":"Conv1D","filters":3,"kernel":2,"padding":"same","activation":"tanh""#,
        r#""layer":"Pool1D","mode":"max","size":2"#,
        r#""layer":"Lstm","units":3,"return_sequences":true"#,
        r#""layer":"Lstm","units":3"#,
        r#""layer":"Dense","units":3,"activation":"softmax""#,
    ]);
    check(&network, &samples(6, &[&[9, 2]], classes(6, 3)), &config(Loss::SparseCategoricalCrossentropy));
}
