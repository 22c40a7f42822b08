//! A float32 model that was opened without a project: its first variant is itself, its samples come from files.

use std::sync::Arc;

use emberlab_core::dataset::{Dataset, PreparationRecord, Prepared, Preparer, Samples};
use emberlab_core::model::Model;
use emberlab_core::project::{VariantRecord, suggest};

use super::Variant;
use crate::compression::{CompressFailure, tested_part};
use crate::document::{Tab, TabContent};
use crate::jobs::prepare_in_parallel;
use crate::training::TrainingData;

/// Makes the model of a tab without a project its first variant; another file begins anew.
pub(super) fn begin(tab: &mut Tab) {
    if tab.project.is_some() {
        return;
    }
    let TabContent::Model(open) = &tab.content else { return };
    let Some(file) = &open.file else { return };
    let state = &mut tab.compress;
    if state.records.first().is_some_and(|record| record.file_sha256 == open.sha256) {
        return;
    }
    // Samples for the model before may have other shapes.
    *state = super::CompressState::default();
    state.records.push(VariantRecord {
        name: tab.title.clone(),
        file_bytes: open.file_bytes,
        file_sha256: open.sha256.clone(),
        ..VariantRecord::default()
    });
    let variant = Variant {
        sha256: open.sha256.clone(),
        model: Some(open.model.clone()),
        file: Some(file.clone()),
        ..Variant::default()
    };
    state.variants.insert(tab.title.clone(), variant);
    state.selected = Some(tab.title.clone());
}

/// The samples of a set for a model: prepared as the model says, else as suits the set. `None` if `report` has ended it.
///
/// # Errors
/// They do not fit the model.
pub fn data_for_model(
    model: &Model,
    dataset: Arc<Dataset>,
    report: &dyn Fn(u64, u64) -> bool,
) -> Result<Option<TrainingData>, CompressFailure> {
    let failure =
        |error: emberlab_core::dataset::DataError| CompressFailure::new(&error.message, &error.help);
    let prepared = match PreparationRecord::of_model(model).map_err(failure)? {
        Some(record) => {
            let preparer =
                Preparer::fitted(&dataset, &record.preparation, &record.classes).map_err(failure)?;
            let mut recordings = Vec::with_capacity(preparer.len());
            for index in 0..preparer.len() {
                if !report(index as u64, preparer.len() as u64) {
                    return Ok(None);
                }
                recordings.push(preparer.recording(index));
            }
            let watch = &mut |_| std::ops::ControlFlow::Continue(());
            let (test, left_out) = preparer.finish_fitted(recordings, watch).map_err(failure)?;
            Prepared {
                test,
                left_out,
                classes: record.classes,
                value_names: record.value_names,
                preparation: record.preparation,
                ..Prepared::default()
            }
        }
        None => {
            let (preparation, split) = suggest(&dataset);
            match prepare_in_parallel(&dataset, &preparation, &split, report).map_err(failure)? {
                Some(prepared) => prepared,
                None => return Ok(None),
            }
        }
    };
    let data = TrainingData { prepared: prepared.into(), dataset: Some(dataset) };
    let Some((part, _)) = tested_part(&data) else {
        let help = "Choose more data, or data that the model was made for.";
        return Err(CompressFailure::new("The data give no samples to test with", help));
    };
    check_shapes(model, &part.samples)?;
    Ok(Some(data))
}

/// Samples have what the inputs of the model take.
fn check_shapes(model: &Model, samples: &Samples) -> Result<(), CompressFailure> {
    let help = "Choose the data that the model was made for. A model that Emberlab trained says itself how its samples are prepared.";
    let Some(main) = model.subgraphs.first() else {
        return Err(CompressFailure::new("The model has no graph", "Open another model."));
    };
    if main.inputs.len() != samples.inputs.len() {
        let message =
            format!("The model has {} inputs, and the data give {}", main.inputs.len(), samples.inputs.len());
        return Err(CompressFailure::new(message, help));
    }
    for (id, input) in main.inputs.iter().zip(&samples.inputs) {
        let tensor = main.tensor(*id);
        if tensor.element_count() != Some(input.size() as u64) {
            let message = format!(
                "The model takes {}, and a sample of these data has {}",
                crate::theme::format::shape(&tensor.shape),
                emberlab_core::layers::shape_text(&input.shape)
            );
            return Err(CompressFailure::new(message, help));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use emberlab_core::dataset::{Generated, Generator, generate};
    use emberlab_core::model::{ModelBuilder, Tensor, TensorType};

    use super::*;

    #[test]
    fn samples_of_other_shapes_are_refused_in_words() {
        let dataset = Arc::new(generate(&Generated { kind: Generator::Digits, seed: 1, count: 3 }));
        let model = |shape: &[i32]| {
            let mut builder = ModelBuilder::new("test");
            builder.input(Tensor::new("input", TensorType::Float32, shape));
            builder.build()
        };
        let found = data_for_model(&model(&[1, 28, 28, 1]), dataset.clone(), &|_, _| true);
        let data = found.expect("they fit").expect("an end");
        assert!(tested_part(&data).is_some_and(|(part, _)| part.samples.count > 0));
        let error = data_for_model(&model(&[1, 96, 96, 1]), dataset, &|_, _| true).expect_err("another size");
        assert_eq!(error.message, "The model takes 96×96×1, and a sample of these data has 28×28×1");
    }
}
