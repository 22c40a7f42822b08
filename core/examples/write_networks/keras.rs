//! A network for Keras: its code, its weights, one sample, and what it gives for it.

use std::collections::BTreeMap;
use std::path::Path;

use emberlab_core::layers::{LayerGraph, LayerKind, Weights, keras_code, reference, shapes};
use serde_json::{Value, json};

pub fn write(
    folder: &Path,
    stem: &str,
    graph: &LayerGraph,
    weights: &Weights,
    inputs: &[Vec<f32>],
) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::write(folder.join(format!("{stem}.py")), keras_code(graph)?)?;
    let values = reference::evaluate(graph, weights, inputs).ok_or("the graph cannot be evaluated")?;
    let outputs = shapes(graph).outputs;
    let outputs: Vec<&Vec<f64>> = outputs.iter().map(|id| &values[id].numbers).collect();
    let shapes = graph.layers.iter().filter_map(|layer| match &layer.kind {
        LayerKind::Input { shape } => Some(shape),
        _ => None,
    });
    let sample: Vec<Value> =
        shapes.zip(inputs).map(|(shape, values)| json!({ "shape": shape, "values": values })).collect();
    let arrays: BTreeMap<&String, BTreeMap<&String, Value>> = weights
        .layers
        .iter()
        .map(|(layer, arrays)| {
            let array = |(name, array): (_, &emberlab_core::layers::Array)| {
                (name, json!({ "shape": array.shape, "values": array.values }))
            };
            (layer, arrays.iter().map(array).collect())
        })
        .collect();
    let text = json!({ "weights": arrays, "inputs": sample, "outputs": outputs }).to_string();
    std::fs::write(folder.join(format!("{stem}.json")), text)?;
    Ok(())
}
