//! WAV files.

use std::io::Cursor;

use super::Cancelled;
use super::assemble::Assembly;
use super::naming::Names;
use crate::dataset::{
    Content, Origin, Place, ProblemKind, Recording, Series, SeriesValues, Shared, SoundOptions, Stream,
    StreamKind,
};
use crate::run::sound_samples;

/// Endings of files with sound.
pub(in crate::dataset) const SOUNDS: [&str; 2] = ["wav", "wave"];

pub(super) fn read(assembly: &mut Assembly<'_, '_, '_>, options: &SoundOptions) -> Result<(), Cancelled> {
    let files = assembly.select(&options.files, &SOUNDS);
    let names = Names::new(&options.naming);
    assembly.set_group_kinds(names.group_kinds().collect());
    for (number, file) in files.iter().enumerate() {
        assembly.progress(number, files.len())?;
        let Some(says) = names.of(assembly, *file) else { continue };
        let Some(bytes) = assembly.bytes(*file) else { continue };
        let path = &assembly.entry(*file).path;
        let Some(sound) = sound(assembly, path, &bytes) else { continue };
        if assembly.streams().is_empty() {
            assembly.set_streams(vec![stream(sound.channels)]);
        }
        let label = says.label(assembly);
        let origin = Origin { file: assembly.group(path), place: Place::File };
        assembly.add(Recording {
            name: path.rsplit('/').next().unwrap_or(path).to_owned(),
            origin,
            groups: says.groups,
            part: says.part,
            label,
            runs: Vec::new(),
            contents: vec![Content::Series(sound)],
        });
        if assembly.is_full() {
            break;
        }
    }
    assembly.progress(files.len(), files.len())
}

pub(super) fn stream(n_channels: usize) -> Stream {
    let channels = match n_channels {
        1 => vec!["sound".to_owned()],
        2 => vec!["left".to_owned(), "right".to_owned()],
        count => (1..=count).map(|number| format!("channel {number}")).collect(),
    };
    Stream { name: "sound".to_owned(), kind: StreamKind::Series, channels, rate_hz: None }
}

/// The sound of a file, as far as it goes; a problem where it ends early or there is none.
pub(super) fn sound(assembly: &mut Assembly<'_, '_, '_>, path: &str, bytes: &[u8]) -> Option<Series> {
    let help = "WAV files with integer samples of 8 to 32 bits or float samples can be read";
    let mut reader = match hound::WavReader::new(Cursor::new(bytes)) {
        Ok(reader) => reader,
        Err(error) => {
            assembly.problem(ProblemKind::Unreadable, path, Place::File, || {
                (format!("the sound cannot be read: {error}"), help.to_owned())
            });
            return None;
        }
    };
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    if channels == 0 || spec.sample_rate == 0 {
        assembly.problem(ProblemKind::Unreadable, path, Place::File, || {
            (format!("{channels} channels at {} Hz", spec.sample_rate), help.to_owned())
        });
        return None;
    }
    let n_declared = reader.len() as usize;
    let is_16_bit = spec.sample_format == hound::SampleFormat::Int && spec.bits_per_sample == 16;
    let (mut values, end) = if is_16_bit {
        let mut end = None;
        let samples =
            reader.samples::<i16>().map_while(|sample| sample.map_err(|error| end = Some(error)).ok());
        (Samples::I16(samples.collect()), end)
    } else {
        let (samples, end) = sound_samples(&mut reader, usize::MAX);
        (Samples::F32(samples.into_iter().map(|sample| sample as f32).collect()), end)
    };
    let n_whole = values.len() / channels * channels;
    values.truncate(n_whole);
    if let Some(error) = end {
        assembly.problem(ProblemKind::CutShort, path, Place::Item((n_whole / channels) as u64), || {
            let (found, expected) = (n_whole / channels, n_declared / channels);
            let message = format!("the sound ends after {found} of {expected} samples ({error})");
            (message, "What is there is used: record or fetch the file again".to_owned())
        });
    }
    let values = match values {
        Samples::I16(samples) => SeriesValues::I16(Shared::from(samples)),
        Samples::F32(samples) => SeriesValues::F32(Shared::from(samples)),
    };
    Some(Series { channels, values, rate_hz: Some(f64::from(spec.sample_rate)) })
}

enum Samples {
    I16(Vec<i16>),
    F32(Vec<f32>),
}

impl Samples {
    fn len(&self) -> usize {
        match self {
            Self::I16(samples) => samples.len(),
            Self::F32(samples) => samples.len(),
        }
    }

    fn truncate(&mut self, length: usize) {
        match self {
            Self::I16(samples) => samples.truncate(length),
            Self::F32(samples) => samples.truncate(length),
        }
    }
}
