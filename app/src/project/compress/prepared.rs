//! Samples for a model that was opened without a project: prepared as it says itself, as an open project does, or as suits them.

use std::sync::Arc;

use emberlab_core::dataset::{
    Colour, DataError, Dataset, Fit, InputPreparation, Normalisation, PictureFit, Preparation,
    PreparationRecord, Prepared, Preparer, SampleInput, Samples, StreamKind,
};
use emberlab_core::model::Model;
use emberlab_core::project::suggest;
use emberlab_core::tflite::{FileMetadata, StatedNormalisation, file_metadata};

use crate::compression::{CompressFailure, tested_part};
use crate::jobs::prepare_in_parallel;
use crate::training::TrainingData;

/// A model that samples are prepared for.
#[derive(Clone, Debug)]
pub struct PreparedFor {
    /// The model.
    pub model: Arc<Model>,
    /// Its file, which may say how samples are prepared and what its classes are called.
    pub file: Arc<[u8]>,
    /// How samples are prepared where the model does not say it: of a model beside it, or of a project.
    pub record: Option<PreparationRecord>,
}

/// The samples of a set for a model. `None` if `report` has ended it.
///
/// The preparation is that of the model, else that of [`PreparedFor::record`], else what suits the set, with picture sizes from
/// the model's input and the normalisation of its TensorFlow Lite Metadata. Classes are in the order of the model's labels.
///
/// # Errors
/// They do not fit the model.
pub fn data_for_model(
    wanted: &PreparedFor,
    dataset: Arc<Dataset>,
    report: &dyn Fn(u64, u64) -> bool,
) -> Result<Option<TrainingData>, CompressFailure> {
    let stated = file_metadata(&wanted.model, &wanted.file);
    let own = PreparationRecord::of_model(&wanted.model).map_err(failure)?;
    let record = own.or_else(|| {
        let record = wanted.record.clone()?;
        let labels = stated.classes();
        let classes = if labels.is_empty() { record.classes } else { labels.to_vec() };
        Some(PreparationRecord { classes, ..record })
    });
    let prepared = match record {
        Some(record) => fitted(&dataset, record, report)?,
        None => suited(&wanted.model, &dataset, &stated, report)?,
    };
    let Some(prepared) = prepared else { return Ok(None) };
    let data = TrainingData { prepared: prepared.into(), dataset: Some(dataset) };
    check(&wanted.model, &data)?;
    Ok(Some(data))
}

/// Samples of a project for a model, with the classes in the order of the model's labels.
///
/// # Errors
/// They do not fit the model.
pub fn data_of_project(
    model: &Model,
    file: &[u8],
    data: &TrainingData,
) -> Result<TrainingData, CompressFailure> {
    let own = PreparationRecord::of_model(model).ok().flatten().map(|record| record.classes);
    let labels = own.unwrap_or_else(|| file_metadata(model, file).classes().to_vec());
    let data = if labels.is_empty() || labels == data.prepared.classes {
        data.clone()
    } else {
        let prepared = data.prepared.with_classes(&labels).ok_or_else(|| other_classes(&labels))?;
        TrainingData { prepared: prepared.into(), dataset: data.dataset.clone() }
    };
    check(model, &data)?;
    Ok(data)
}

fn failure(error: DataError) -> CompressFailure {
    CompressFailure::new(&error.message, &error.help)
}

fn other_classes(labels: &[String]) -> CompressFailure {
    let names = labels.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
    let more = if labels.len() > 6 { " and others" } else { "" };
    CompressFailure::new(
        format!("The data have none of the classes that the model tells apart: {names}{more}"),
        "Choose the data that the model was made for, or name folders and labels as its classes.",
    )
}

/// All samples of a set, as a record prepares them: they test.
fn fitted(
    dataset: &Dataset,
    record: PreparationRecord,
    report: &dyn Fn(u64, u64) -> bool,
) -> Result<Option<Prepared>, CompressFailure> {
    let preparer = Preparer::fitted(dataset, &record.preparation, &record.classes).map_err(failure)?;
    let mut recordings = Vec::with_capacity(preparer.len());
    for index in 0..preparer.len() {
        if !report(index as u64, preparer.len() as u64) {
            return Ok(None);
        }
        recordings.push(preparer.recording(index));
    }
    let watch = &mut |_| std::ops::ControlFlow::Continue(());
    let (test, left_out) = preparer.finish_fitted(recordings, watch).map_err(failure)?;
    Ok(Some(Prepared {
        test,
        left_out,
        classes: record.classes,
        value_names: record.value_names,
        preparation: record.preparation,
        ..Prepared::default()
    }))
}

/// Samples as suits the set and what the file states.
fn suited(
    model: &Model,
    dataset: &Dataset,
    stated: &FileMetadata,
    report: &dyn Fn(u64, u64) -> bool,
) -> Result<Option<Prepared>, CompressFailure> {
    let (mut preparation, split) = suggest(dataset);
    take_sizes(model, dataset, &mut preparation);
    let normalised = take_normalisation(dataset, stated, &mut preparation);
    let Some(mut prepared) = prepare_in_parallel(dataset, &preparation, &split, report).map_err(failure)?
    else {
        return Ok(None);
    };
    for (place, normalisation) in normalised {
        let parts = [&mut prepared.train, &mut prepared.validation, &mut prepared.test];
        for input in parts.into_iter().filter_map(|part| part.samples.inputs.get_mut(place)) {
            normalise(input, &normalisation);
        }
    }
    let labels = stated.classes();
    if labels.is_empty() || prepared.classes.is_empty() {
        return Ok(Some(prepared));
    }
    prepared.with_classes(labels).map(Some).ok_or_else(|| other_classes(labels))
}

/// Pictures get the size and the colours that the inputs of the model take.
fn take_sizes(model: &Model, dataset: &Dataset, preparation: &mut Preparation) {
    let Some(main) = model.subgraphs.first() else { return };
    for (input, id) in preparation.inputs.iter_mut().zip(&main.inputs) {
        let is_picture = kind_of(dataset, input).is_some_and(|kind| *kind == StreamKind::Pictures);
        let [_, height, width, channels] = main.tensor(*id).shape[..] else { continue };
        if let (true, Ok(height), Ok(width)) = (is_picture, usize::try_from(height), usize::try_from(width)) {
            let colour = match channels {
                1 => Colour::Grey,
                3 => Colour::Rgb,
                _ => Colour::Keep,
            };
            let fit = input.picture.map_or(Fit::Stretch, |picture| picture.fit);
            input.picture = Some(PictureFit { height, width, fit, colour });
        }
    }
}

/// Takes the place of a normalisation that would be fitted: inputs that the file says how to normalise, by their places.
fn take_normalisation(
    dataset: &Dataset,
    stated: &FileMetadata,
    preparation: &mut Preparation,
) -> Vec<(usize, StatedNormalisation)> {
    let mut taken = Vec::new();
    for (place, input) in preparation.inputs.iter_mut().enumerate() {
        let Some(normalisation) = stated.inputs.get(place).cloned().flatten() else { continue };
        // What metadata mean by the values of a sound before its features is not said.
        let is_plain = kind_of(dataset, input).is_some_and(|kind| !matches!(kind, StreamKind::Series));
        if is_plain {
            input.normalisation = Normalisation::None;
            taken.push((place, normalisation));
        }
    }
    taken
}

fn kind_of<'d>(dataset: &'d Dataset, input: &InputPreparation) -> Option<&'d StreamKind> {
    dataset.streams.get(input.stream).map(|stream| &stream.kind)
}

fn normalise(input: &mut SampleInput, stated: &StatedNormalisation) {
    let n_channels = input.shape.last().copied().unwrap_or(1).max(1);
    let of_channel =
        |values: &[f32], channel: usize| values.get(channel).or(values.first()).copied().unwrap_or_default();
    for (index, value) in input.values.iter_mut().enumerate() {
        let channel = index % n_channels;
        *value = (*value - of_channel(&stated.mean, channel)) / of_channel(&stated.deviation, channel);
    }
}

/// There are samples, and they have what the model takes.
fn check(model: &Model, data: &TrainingData) -> Result<(), CompressFailure> {
    let Some((part, _)) = tested_part(data) else {
        let help = "Choose more data, or data that the model was made for.";
        return Err(CompressFailure::new("The data give no samples to test with", help));
    };
    check_shapes(model, &part.samples)
}

/// Samples have what the inputs of the model take.
fn check_shapes(model: &Model, samples: &Samples) -> Result<(), CompressFailure> {
    let help = "Choose the data that the model was made for, or prepare them as an open project does. A model that Emberlab trained says itself how its samples are prepared.";
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
    use emberlab_core::dataset::{Generated, Generator, Targets, generate};
    use emberlab_core::model::{BuiltinOperator, ModelBuilder, Tensor, TensorType};
    use emberlab_core::project::suggest;
    use emberlab_core::tflite;

    use super::*;

    fn digits() -> Arc<Dataset> {
        Arc::new(generate(&Generated { kind: Generator::Digits, seed: 1, count: 3 }))
    }

    /// A model that gives ten numbers for pictures of a size; with labels in an archive behind it.
    fn model(shape: &[i32], labels: &[&str], record: Option<PreparationRecord>) -> PreparedFor {
        let mut builder = ModelBuilder::new("test");
        builder.input(Tensor::new("input", TensorType::Float32, shape));
        let scores = builder.input(Tensor::new("scores", TensorType::Float32, &[1, 10]));
        builder.model().subgraphs[0].inputs.pop();
        let output = builder.tensor(Tensor::new("classes", TensorType::Float32, &[1, 10]));
        builder.operator(BuiltinOperator::SOFTMAX, [scores], [output]);
        builder.output(output);
        let mut file = tflite::write(&builder.build()).expect("it can be written");
        if !labels.is_empty() {
            file.extend(archive("labels.txt", labels.join("\n").as_bytes()));
        }
        let file: Arc<[u8]> = file.into();
        let model = tflite::read(file.clone()).expect("it can be read").into();
        PreparedFor { model, file, record }
    }

    /// A ZIP archive with one file, which is not packed.
    fn archive(name: &str, content: &[u8]) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let (length, name_length) = (content.len() as u32, name.len() as u16);
        let common = [
            &20u16.to_le_bytes()[..],
            &[0; 8],
            &crc.sum().to_le_bytes(),
            &length.to_le_bytes(),
            &length.to_le_bytes(),
            &name_length.to_le_bytes(),
            &[0; 2],
        ]
        .concat();
        let local = [&b"PK\x03\x04"[..], &common, name.as_bytes(), content].concat();
        let central = [&b"PK\x01\x02"[..], &20u16.to_le_bytes(), &common, &[0; 14], name.as_bytes()].concat();
        let end = [
            &b"PK\x05\x06"[..],
            &[0; 4],
            &1u16.to_le_bytes(),
            &1u16.to_le_bytes(),
            &(central.len() as u32).to_le_bytes(),
            &(local.len() as u32).to_le_bytes(),
            &[0; 2],
        ]
        .concat();
        [local, central, end].concat()
    }

    #[test]
    fn samples_of_other_shapes_are_refused_in_words() {
        let found = data_for_model(&model(&[1, 28, 28, 1], &[], None), digits(), &|_, _| true);
        let data = found.expect("they fit").expect("an end");
        assert!(tested_part(&data).is_some_and(|(part, _)| part.samples.count > 0));
        let error =
            data_for_model(&model(&[1, 17], &[], None), digits(), &|_, _| true).expect_err("another size");
        assert_eq!(error.message, "The model takes 17, and a sample of these data has 28×28×1");
    }

    #[test]
    fn pictures_get_the_size_that_the_model_takes() {
        let found = data_for_model(&model(&[1, 20, 16, 3], &[], None), digits(), &|_, _| true);
        let data = found.expect("they fit").expect("an end");
        assert_eq!(data.prepared.test.samples.inputs[0].shape, [20, 16, 3]);
    }

    #[test]
    fn classes_are_in_the_order_of_the_labels_of_the_file() {
        let labels = ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"];
        let wanted = model(&[1, 28, 28, 1], &labels, None);
        let data = data_for_model(&wanted, digits(), &|_, _| true).expect("they fit").expect("an end");
        assert_eq!(data.prepared.classes, labels);
        let dataset = digits();
        for (index, origin) in data.prepared.train.origins.iter().enumerate() {
            let class = dataset.recordings[origin.recording].class().expect("a class") as usize;
            let Targets::Classes { labels, .. } = &data.prepared.train.samples.targets else { panic!() };
            assert_eq!(data.prepared.classes[labels[index] as usize], dataset.classes[class]);
        }
        let others = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let error = data_for_model(&model(&[1, 28, 28, 1], &others, None), digits(), &|_, _| true);
        assert!(error.expect_err("no class is known").message.contains("a, b, c, d, e, f and others"));
    }

    #[test]
    fn the_preparation_of_a_project_serves_a_model_that_has_none() {
        let dataset = digits();
        let (mut preparation, split) = suggest(&dataset);
        preparation.inputs[0].picture =
            Some(PictureFit { height: 10, width: 12, fit: Fit::Bars, colour: Colour::Keep });
        let prepared = prepare_in_parallel(&dataset, &preparation, &split, &|_, _| true);
        let prepared = prepared.expect("it fits").expect("an end");
        let record = PreparationRecord::new(&dataset, &prepared);
        let wanted = model(&[1, 120], &[], Some(record));
        let data = data_for_model(&wanted, dataset.clone(), &|_, _| true).expect("they fit").expect("an end");
        assert_eq!(data.prepared.test.samples.inputs[0].shape, [10, 12, 1]);
        assert_eq!(data.prepared.test.samples.count, dataset.recordings.len(), "all of them test");
        let own = TrainingData { prepared: prepared.into(), dataset: Some(dataset) };
        let data = data_of_project(&wanted.model, &wanted.file, &own).expect("they fit");
        assert_eq!(data.prepared, own.prepared);
    }

    #[test]
    fn stated_normalisation_is_that_of_each_channel() {
        let mut input = SampleInput { shape: vec![2, 2], values: vec![10.0, 20.0, 30.0, 40.0] };
        let stated = StatedNormalisation { mean: vec![10.0, 0.0], deviation: vec![2.0, 10.0] };
        normalise(&mut input, &stated);
        assert_eq!(input.values, [0.0, 2.0, 10.0, 4.0]);
        let stated = StatedNormalisation { mean: vec![4.0], deviation: vec![2.0] };
        normalise(&mut input, &stated);
        assert_eq!(input.values, [-2.0, -1.0, 3.0, 0.0]);
    }
}
