//! What several tests need.

use std::ops::ControlFlow;
use std::sync::Arc;

use emberlab_core::dataset::{
    Content, DataError, Dataset, Files, Format, Guess, Label, MemoryFiles, Origin, Place, Preparation,
    Prepared, Recording, Series, SeriesValues, Shared, Split, Stream, StreamKind, guess, prepare, read,
};

/// The set that a format reads.
pub fn load(files: &dyn Files, format: &Format) -> Dataset {
    read(files, format, &mut |_| ControlFlow::Continue(())).expect("nobody stops it")
}

/// The set that the first guess reads.
pub fn load_guessed(files: &MemoryFiles) -> (Guess, Dataset) {
    let guess = guess(files).into_iter().next().expect("a guess");
    let dataset = load(files, &guess.format);
    (guess, dataset)
}

/// The samples of a set.
pub fn samples(dataset: &Dataset, preparation: &Preparation, split: &Split) -> Result<Prepared, DataError> {
    prepare(dataset, preparation, split, &mut |_| ControlFlow::Continue(()))
}

/// A recording of one channel at 10 steps a second.
pub fn recording(class: u32, groups: &[&str], values: Vec<f32>) -> Recording {
    Recording {
        name: format!("class {class}"),
        origin: Origin { file: Arc::from("file.csv"), place: Place::File },
        groups: groups.iter().map(|group| Arc::from(*group)).collect(),
        part: None,
        label: Label::Class(class),
        runs: Vec::new(),
        contents: vec![Content::Series(Series {
            channels: 1,
            values: SeriesValues::F32(Shared::from(values)),
            rate_hz: Some(10.0),
        })],
    }
}

/// A set of such recordings.
pub fn set(classes: &[&str], group_kinds: &[&str], recordings: Vec<Recording>) -> Dataset {
    Dataset {
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        group_kinds: group_kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        streams: vec![Stream {
            name: "signal".to_owned(),
            kind: StreamKind::Series,
            channels: vec!["x".to_owned()],
            rate_hz: Some(10.0),
        }],
        recordings,
        ..Dataset::default()
    }
}

/// A WAV file of 16 bits.
pub fn wav(rate_hz: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("writing to memory succeeds");
    samples.iter().for_each(|sample| writer.write_sample(*sample).expect("writing to memory succeeds"));
    writer.finalize().expect("writing to memory succeeds");
    bytes.into_inner()
}

/// A picture file.
pub fn picture(
    width: u32,
    height: u32,
    format: image::ImageFormat,
    pixel: impl Fn(u32, u32) -> [u8; 3],
) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb(pixel(x, y)));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("writing to memory succeeds");
    bytes.into_inner()
}

/// An IDX file of bytes.
pub fn idx(sizes: &[u32], elements: &[u8]) -> Vec<u8> {
    let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
    [0, 0, 8, (sizes.clone().count() / 4) as u8]
        .into_iter()
        .chain(sizes)
        .chain(elements.iter().copied())
        .collect()
}
