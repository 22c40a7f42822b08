//! Samples, network and settings as files for Keras.

use std::error::Error;
use std::path::Path;

use emberlab_core::dataset::{Prepared, Samples, Targets};
use emberlab_core::layers::{LayerGraph, keras_code};
use emberlab_core::model::{TensorType, bytes_from_elements};
use emberlab_core::npy::{Array, write_array};
use emberlab_core::training::TrainingConfig;

/// Writes `model.py`, `config.json` and the arrays of both parts.
///
/// # Errors
/// A file cannot be written.
pub fn export(
    folder: &Path,
    graph: &LayerGraph,
    config: &TrainingConfig,
    prepared: &Prepared,
) -> Result<(), Box<dyn Error>> {
    network(folder, graph)?;
    std::fs::write(folder.join("config.json"), serde_json::to_vec_pretty(config)?)?;
    part(folder, "train", &prepared.train.samples)?;
    part(folder, "test", &prepared.test.samples)
}

/// Writes `model.py`.
///
/// # Errors
/// The file cannot be written.
pub fn network(folder: &Path, graph: &LayerGraph) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("model.py"), keras_code(graph)?)?;
    Ok(())
}

/// Writes the arrays of a part, `x_NAME.npy` and `y_NAME.npy`.
///
/// # Errors
/// A file cannot be written.
pub fn part(folder: &Path, name: &str, samples: &Samples) -> Result<(), Box<dyn Error>> {
    let input = samples.inputs.first().ok_or("the samples have no input")?;
    let shape = [&[samples.count][..], &input.shape].concat();
    write(&folder.join(format!("x_{name}.npy")), &shape, &input.values)?;
    let (shape, targets): (Vec<usize>, Vec<f32>) = match &samples.targets {
        Targets::Classes { labels, .. } => {
            (vec![samples.count], labels.iter().map(|label| *label as f32).collect())
        }
        Targets::Values { shape, values } => ([&[samples.count][..], shape].concat(), values.clone()),
        Targets::Inputs | Targets::None => (shape, input.values.clone()),
    };
    write(&folder.join(format!("y_{name}.npy")), &shape, &targets)
}

fn write(path: &Path, shape: &[usize], values: &[f32]) -> Result<(), Box<dyn Error>> {
    let array = Array { ty: TensorType::Float32, shape: shape.to_vec(), data: bytes_from_elements(values) };
    std::fs::write(path, write_array(&array)?)?;
    Ok(())
}
