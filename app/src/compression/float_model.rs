//! The float32 model that variants are made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use emberlab_core::dataset::PreparationRecord;
use emberlab_core::layers::{LayerGraph, LoweringOptions, Weights, lower};
use emberlab_core::model::{Model, Subgraph, TensorId, TensorType};
use emberlab_core::quantize::widened;
use emberlab_core::tflite;

use super::CompressFailure;
use crate::training::{RunFolder, TrainingData};

/// A float32 model and its file.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatModel {
    /// The model.
    pub model: Arc<Model>,
    /// What is written of it.
    pub file: Arc<[u8]>,
}

impl FloatModel {
    /// A trained network: with the names of its classes and how its samples are prepared.
    ///
    /// # Errors
    /// Network and weights do not belong together.
    pub fn of_network(
        graph: &LayerGraph,
        weights: &Weights,
        title: &str,
        data: &TrainingData,
    ) -> Result<Self, CompressFailure> {
        let options = LoweringOptions {
            labels: data.prepared.classes.clone(),
            description: Some(format!("{title}, trained with Emberlab")),
            ..LoweringOptions::default()
        };
        let train_again = "Train the network as it is now, then make variants of that run.";
        let lowered =
            lower(graph, weights, &options).map_err(|error| CompressFailure::new(error, train_again))?;
        let mut model = lowered.model;
        if let Some(dataset) = &data.dataset {
            PreparationRecord::new(dataset, &data.prepared).write_into(&mut model);
        }
        Self::of_model(model)
    }

    /// The network and the weights that a run has kept.
    ///
    /// # Errors
    /// The files of the run cannot be read, or it was ended before weights were kept.
    pub fn of_run(folder: &RunFolder, title: &str, data: &TrainingData) -> Result<Self, CompressFailure> {
        let is_unfinished = || !folder.has_weights() && folder.has_checkpoint();
        let unreadable = |reason: String| match is_unfinished() {
            true => CompressFailure::new(
                "The run was ended from outside before its weights were kept; its last checkpoint is there.",
                "Choose \"Go on with this run\" on the Train panel, or call emberlab train with --resume; then make variants.",
            ),
            false => CompressFailure::new(
                reason,
                "Restore the folder beside the project file, or train once more.",
            ),
        };
        let graph = folder.read_network().map_err(unreadable)?;
        let weights = folder.read_weights().map_err(unreadable)?;
        Self::of_network(&graph, &weights, title, data)
    }

    /// A model that was opened from a file; float16 and dynamic-range weights become the float32 numbers that they stand for.
    ///
    /// # Errors
    /// It is quantized already, or cannot be written.
    pub fn of_model(model: Model) -> Result<Self, CompressFailure> {
        let model = widened(&model);
        let used = |graph: &Subgraph| -> BTreeSet<TensorId> {
            let operators = graph.operators.iter();
            operators
                .flat_map(|operator| operator.inputs.iter().chain(&operator.outputs).flatten().copied())
                .collect()
        };
        let tensors = model
            .subgraphs
            .iter()
            .flat_map(|graph| used(graph).into_iter().map(|id| graph.tensor(id)).collect::<Vec<_>>());
        let is_integer = |ty| matches!(ty, TensorType::Int8 | TensorType::Uint8 | TensorType::Int16);
        if tensors.into_iter().any(|tensor| is_integer(tensor.ty)) {
            return Err(CompressFailure::new(
                "The model is quantized already.",
                "Open the float32 model that it was made of, and make variants of that.",
            ));
        }
        let file = tflite::write(&model)
            .map_err(|error| CompressFailure::new(error, "Look at the model's diagnostics in Inspect."))?;
        // What is read back is what everything is measured on.
        let file: Arc<[u8]> = file.into();
        let model = tflite::read(file.clone()).map_err(|error| {
            CompressFailure::new(&error, "Report this model: what was written cannot be read.")
        })?;
        Ok(Self { model: model.into(), file })
    }
}
