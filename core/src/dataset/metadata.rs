//! How a preparation rides in an exported model: a named metadata buffer with JSON, which runtimes pass over.

use serde::{Deserialize, Serialize};

use super::{DataError, Dataset, Preparation, Prepared, SamplePreparer, Stream};
use crate::model::{Buffer, BufferId, Metadata, Model, SharedBytes};
use crate::tflite::file_metadata;

/// Name of the metadata buffer.
pub const PREPARATION_METADATA: &str = "EMBERLAB_PREPARATION";

/// The version that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// All that is needed to feed a trained network with something new, and to name what it says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PreparationRecord {
    /// Version of the record.
    pub version: u32,
    /// Names of the classes, in the order of the network's outputs; empty without classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Names of the numbers that the network predicts; empty for classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub value_names: Vec<String>,
    /// What recordings hold.
    pub streams: Vec<Stream>,
    /// How samples come out of them, with the numbers of the training samples.
    pub preparation: Preparation,
}

impl PreparationRecord {
    /// The record of samples that came out of a set.
    pub fn new(dataset: &Dataset, prepared: &Prepared) -> Self {
        Self {
            version: VERSION,
            classes: prepared.classes.clone(),
            value_names: prepared.value_names.clone(),
            streams: dataset.streams.clone(),
            preparation: prepared.preparation.clone(),
        }
    }

    /// The bytes of the metadata buffer: JSON in one line.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Field names are texts and there are no maps: nothing in it has no JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The record in the bytes of a metadata buffer, which may end in zeros.
    ///
    /// # Errors
    /// They are no record, or one of a newer version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DataError> {
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let damaged = |error: serde_json::Error| {
            DataError::new(
                format!("the preparation in the model cannot be read: {error}"),
                "Export the model again, or prepare inputs by hand",
            )
        };
        // Only the version of a newer record can be relied on.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_slice(&bytes[..end]).map_err(damaged)?;
        if version > VERSION {
            return Err(DataError::new(
                format!("the preparation in the model is of version {version}, known is {VERSION}"),
                "Use a newer version of Emberlab",
            ));
        }
        serde_json::from_slice(&bytes[..end]).map_err(damaged)
    }

    /// Puts the record into a model, in the place of an earlier one.
    pub fn write_into(&self, model: &mut Model) {
        let data = Some(SharedBytes::new(self.to_bytes()));
        let known = model.metadata.iter().find(|metadata| metadata.name == PREPARATION_METADATA);
        if let Some(buffer) = known.and_then(|metadata| model.buffers.get_mut(metadata.buffer.index())) {
            *buffer = Buffer { data, ..Buffer::default() };
            return;
        }
        // Models have far fewer than 2^32 buffers.
        let buffer = BufferId(model.buffers.len() as u32);
        model.buffers.push(Buffer { data, ..Buffer::default() });
        model.metadata.push(Metadata { name: PREPARATION_METADATA.to_owned(), buffer });
    }

    /// The record of a model; `None` for a model without one.
    ///
    /// # Errors
    /// As [`PreparationRecord::from_bytes`].
    pub fn of_model(model: &Model) -> Result<Option<Self>, DataError> {
        let metadata = model.metadata.iter().find(|metadata| metadata.name == PREPARATION_METADATA);
        let buffer = metadata.and_then(|metadata| model.buffers.get(metadata.buffer.index()));
        let data = buffer.and_then(|buffer| buffer.data.as_ref());
        data.map(|bytes| Self::from_bytes(bytes)).transpose()
    }

    /// What prepares new recordings for the network.
    ///
    /// # Errors
    /// The preparation does not fit the streams.
    pub fn preparer(&self) -> Result<SamplePreparer, DataError> {
        SamplePreparer::new(&self.streams, &self.preparation)
    }
}

/// What the numbers of each output of a model are called: the classes or values of its own record, else the labels of its
/// TensorFlow Lite Metadata. Empty for outputs of which nothing fitting is known.
pub fn output_labels(model: &Model, file: &[u8]) -> Vec<Vec<String>> {
    let mut labels = file_metadata(model, file).labels;
    let Some(main) = model.subgraphs.first() else { return labels };
    let Some(record) = PreparationRecord::of_model(model).ok().flatten() else { return labels };
    let last = main.outputs.first().and_then(|id| main.tensor(*id).shape.last().copied()).unwrap_or(0);
    let own = [record.classes, record.value_names];
    if let (Some(first), Some(own)) = (
        labels.first_mut(),
        own.into_iter().find(|own| !own.is_empty() && i32::try_from(own.len()) == Ok(last)),
    ) {
        *first = own;
    }
    labels
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::dataset::{
        Features, Generated, Generator, InputPreparation, Length, MotionFeatures, Normalisation, Padding,
        SoundFeatures, Split, Window, generate, prepare,
    };
    use crate::model::{ModelBuilder, Tensor, TensorType};

    /// Sound and motion, each with features and a normalisation of its own.
    fn prepared() -> (Dataset, Prepared) {
        let dataset = generate(&Generated { kind: Generator::SoundAndMotion, seed: 3, count: 12 });
        let normalisation = Normalisation::StandardDeviation { per_channel: true };
        let input =
            |stream, features| InputPreparation { stream, features, normalisation, ..Default::default() };
        let preparation = Preparation {
            inputs: vec![
                input(0, Features::LogMel(SoundFeatures::default())),
                input(1, Features::Motion(MotionFeatures::default())),
            ],
            window: Window::Sliding {
                length: Length::Seconds(0.6),
                stride: Length::Seconds(0.2),
                least_share: 1.0,
                short: Padding::LeaveOut,
            },
            ..Preparation::default()
        };
        let prepared = prepare(&dataset, &preparation, &Split::default(), &mut |_| ControlFlow::Continue(()));
        (dataset, prepared.expect("samples"))
    }

    #[test]
    fn a_model_prepares_new_recordings_as_training_did() {
        let (dataset, prepared) = prepared();
        let mut builder = ModelBuilder::new("test");
        builder.input(Tensor::new("input", TensorType::Float32, &[1, 1]));
        let mut model = builder.build();
        assert_eq!(PreparationRecord::of_model(&model), Ok(None));
        PreparationRecord::default().write_into(&mut model);
        PreparationRecord::new(&dataset, &prepared).write_into(&mut model);
        let file = crate::tflite::write(&model).expect("a file");
        let model = crate::tflite::read(file.into()).expect("a model");
        assert_eq!(model.metadata.len(), 1, "the second record took the place of the first");
        let record = PreparationRecord::of_model(&model).expect("a record").expect("a record");
        assert_eq!(record, PreparationRecord::new(&dataset, &prepared));
        let preparer = record.preparer().expect("a preparer");
        let part = &prepared.test;
        assert!(part.samples.count > 10);
        for (index, origin) in part.origins.iter().enumerate() {
            let samples = preparer.samples(&dataset.recordings[origin.recording].contents).expect("samples");
            let sample =
                samples.iter().find(|sample| sample.first_step == origin.first_step).expect("a window");
            for (input, values) in part.samples.inputs.iter().zip(&sample.inputs) {
                assert_eq!(input.sample(index), values, "bit for bit");
            }
        }
    }

    #[test]
    fn damage_and_newer_versions_are_told_apart() {
        let newer = br#"{"version": 2, "preparation": {"by": "magic"}}"#;
        let error = PreparationRecord::from_bytes(newer).expect_err("newer");
        assert!(error.message.contains("version 2"), "{error}");
        for bytes in [&b""[..], b"{", b"null", b"\0\0", br#"{"version": 1}"#] {
            let error = PreparationRecord::from_bytes(bytes).expect_err("damaged");
            assert!(error.message.contains("cannot be read"), "{error}");
        }
        let (dataset, prepared) = prepared();
        let mut padded = PreparationRecord::new(&dataset, &prepared).to_bytes();
        padded.extend([0; 7]);
        assert!(PreparationRecord::from_bytes(&padded).is_ok(), "converters fill buffers up with zeros");
    }
}
