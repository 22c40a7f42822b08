//! Tests of whole networks and runs.

mod control;
mod forward;
mod gpu;
mod gradients;
mod half;
mod runs;

use emberlab_core::dataset::{SampleInput, Samples, Targets};
use emberlab_core::layers::{LayerGraph, Weights, initial_weights};

use crate::random::{Purpose, Random};

/// A graph of layers that follow one another, each given as JSON without identity and inputs: the first is the input.
pub(crate) fn chain(layers: &[&str]) -> LayerGraph {
    let layer = |(place, text): (usize, &&str)| {
        let inputs = place.checked_sub(1).map_or(String::new(), |before| format!(r#","inputs":[{before}]"#));
        format!(r#"{{"id":{place},"name":"layer {place}"{inputs},{text}}}"#)
    };
    graph(&layers.iter().enumerate().map(layer).collect::<Vec<_>>().join(","))
}

/// A graph from its layers as JSON.
fn graph(layers: &str) -> LayerGraph {
    serde_json::from_str(&format!(r#"{{"layers":[{layers}]}}"#)).unwrap()
}

/// Weights of which none is 0 or 1 by accident of its beginning.
pub(crate) fn weights(graph: &LayerGraph, seed: u64) -> Weights {
    let mut weights = initial_weights(graph, seed).unwrap();
    let mut random = Random::new(seed, Purpose::Augmentation, 77);
    for array in weights.layers.values_mut().flat_map(|arrays| arrays.values_mut()) {
        array.values.iter_mut().for_each(|value| *value += 0.2 * random.unit());
    }
    weights
}

/// Samples with normal numbers.
pub(crate) fn samples(count: usize, shapes: &[&[usize]], targets: Targets) -> Samples {
    let mut random = Random::new(5, Purpose::Augmentation, count as u64);
    let inputs = shapes.iter().map(|shape| {
        let size = count * shape.iter().product::<usize>();
        SampleInput { shape: shape.to_vec(), values: (0..size).map(|_| random.normal()).collect() }
    });
    Samples { count, inputs: inputs.collect(), targets }
}

/// Points in two dimensions whose class is the quadrant they lie in, by pairs: no line tells them apart.
fn quadrants(count: usize) -> Samples {
    let mut samples = samples(count, &[&[2]], Targets::None);
    let labels = samples.inputs[0].values.chunks(2).map(|point| u32::from(point[0] * point[1] > 0.0));
    samples.targets = Targets::Classes { labels: labels.collect(), classes: 2 };
    samples
}
