//! Variants of a trained network, and everything that TensorFlow's converter needs to make its own of the same weights.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use emberlab_core::dataset::{Prepared, Samples, Targets};
use emberlab_core::evaluate::{classes_from_scores, values_from_outputs};
use emberlab_core::layers::{LayerGraph, LoweringOptions, Weights, lower};
use emberlab_core::quantize::{
    Calibration, CalibrationMethod, Recipe, calibration_samples, observe, variant,
};
use emberlab_core::run::{predict, semantics_of};
use emberlab_core::tflite;
use serde_json::{Value, json};

use crate::export;

/// Writes network, weights, samples and variants into `folder`, and prints how right our variants are.
///
/// # Errors
/// A file cannot be written, or a variant does not run.
pub fn quantize(
    folder: &Path,
    name: &str,
    graph: &LayerGraph,
    weights: &Weights,
    prepared: &Prepared,
) -> Result<(), Box<dyn Error>> {
    let (train, test) = (&prepared.train.samples, &prepared.test.samples);
    std::fs::create_dir_all(folder)?;
    let class_of = |index: usize| prepared.train.origins.get(index).and_then(|origin| origin.class);
    let calibration = Calibration::default();
    let (indexes, _) = calibration_samples(train.count, class_of, &calibration);
    export::network(folder, graph)?;
    export::part(folder, "calibration", &chosen(train, &indexes))?;
    export::part(folder, "test", test)?;
    std::fs::write(folder.join("weights.json"), weights_text(weights))?;
    let float = lower(graph, weights, &LoweringOptions::default())?.model;
    let file = tflite::write(&float)?;
    let observations = observe(&float, &file, train, &indexes, &mut || true)?;
    let mut line = format!("| {name} ");
    let mut recipes: Vec<Recipe> = Recipe::NAMES.iter().filter_map(|name| Recipe::from_name(name)).collect();
    for method in CalibrationMethod::ALL {
        let mut recipe = Recipe::default();
        recipe.calibration.method = method;
        recipes.push(recipe);
    }
    recipes.dedup();
    let mut figures = BTreeMap::new();
    for recipe in recipes {
        let ranges = observations.ranges(recipe.calibration.method);
        let made = tflite::write(&variant(&float, &recipe, Some(&ranges))?.model)?;
        std::fs::write(folder.join(format!("{recipe}.tflite")), &made)?;
        let figure = figure(&made, test)?;
        if figures.insert(recipe.name(), figure).is_none() {
            line.push_str(&format!("| {recipe} {:.2} % ", 100.0 * figure));
        }
    }
    std::fs::write(folder.join("ours.json"), serde_json::to_vec_pretty(&figures)?)?;
    println!("{line}|");
    Ok(())
}

/// The share of samples that are classified right; for values the share of their variance that is explained.
fn figure(file: &[u8], samples: &Samples) -> Result<f64, Box<dyn Error>> {
    let found = predict(file, semantics_of(file)?, samples, 0..samples.count, &mut || true)?;
    let scores = found.outputs.first().ok_or("the model has no output")?;
    let explained =
        |targets: &[f32]| values_from_outputs(scores, targets, samples.count).r_squared.unwrap_or(0.0);
    Ok(match &samples.targets {
        Targets::Classes { labels, classes } => {
            classes_from_scores(scores, scores.len() / samples.count, labels, *classes, None).accuracy
        }
        Targets::Values { values, .. } => explained(values),
        Targets::Inputs | Targets::None => explained(&samples.inputs[0].values),
    })
}

fn chosen(samples: &Samples, indexes: &[usize]) -> Samples {
    let mut chosen = Samples { count: indexes.len(), inputs: Vec::new(), targets: Targets::Inputs };
    for input in &samples.inputs {
        let values = indexes.iter().flat_map(|index| input.sample(*index)).copied().collect();
        chosen.inputs.push(emberlab_core::dataset::SampleInput { shape: input.shape.clone(), values });
    }
    chosen
}

fn weights_text(weights: &Weights) -> String {
    let layers: BTreeMap<&String, BTreeMap<String, Value>> = weights
        .layers
        .iter()
        .map(|(layer, arrays)| {
            let arrays = arrays.iter().map(|(name, array)| {
                (name.to_string(), json!({ "shape": array.shape, "values": array.values }))
            });
            (layer, arrays.collect())
        })
        .collect();
    json!(layers).to_string()
}
