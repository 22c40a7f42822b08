//! NumPy's `.npy` and `.npz` files.

use std::io::{Cursor, Read};
use std::sync::Arc;

use super::assemble::Assembly;
use super::pictures::stream as pictures;
use super::{Cancelled, MAX_BYTES};
use crate::dataset::{
    ArrayOptions, ArrayRef, ArraySet, Content, DataError, Label, Origin, Part, Picture, Place, ProblemKind,
    Recording, Series, SeriesValues, Shared, Stream, StreamKind,
};
use crate::model::{TensorType, Values};
use crate::npy::{self, Array};

pub(super) fn read(assembly: &mut Assembly<'_, '_, '_>, options: &ArrayOptions) -> Result<(), Cancelled> {
    for (number, set) in options.sets.iter().enumerate() {
        assembly.progress(number, options.sets.len())?;
        read_set(assembly, options, set)?;
        if assembly.is_full() {
            break;
        }
    }
    assembly.progress(options.sets.len(), options.sets.len())
}

/// Names of the arrays in an `.npz` file, without their ending.
pub(in crate::dataset) fn names(file: &[u8]) -> Vec<String> {
    let Ok(archive) = zip::ZipArchive::new(Cursor::new(file)) else { return Vec::new() };
    archive.file_names().filter_map(|name| name.strip_suffix(".npy")).map(str::to_owned).collect()
}

/// An array of a file: the only one of an `.npy` file, the one with this name of an `.npz` file.
///
/// # Errors
/// There is no such array.
pub(in crate::dataset) fn array(file: &[u8], name: Option<&str>) -> Result<Array, DataError> {
    let Some(name) = name else {
        return npy::read(file).map_err(|error| DataError::new(error.to_string(), error.help()));
    };
    let failure =
        |message: String| DataError::new(message, "Save the arrays again with numpy.savez(path, …).");
    let mut archive = zip::ZipArchive::new(Cursor::new(file))
        .map_err(|error| failure(format!("this is no .npz file: {error}")))?;
    let entry = archive
        .by_name(&format!("{name}.npy"))
        .map_err(|error| failure(format!("the array “{name}” cannot be read: {error}")))?;
    let mut bytes = Vec::new();
    entry
        .take(MAX_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| failure(format!("the array “{name}” is damaged: {error}")))?;
    npy::read(&bytes).map_err(|error| DataError::new(format!("array “{name}”: {error}"), error.help()))
}

fn array_at(assembly: &mut Assembly<'_, '_, '_>, place: &ArrayRef) -> Option<Array> {
    let bytes = assembly.bytes_at(&place.file)?;
    match array(&bytes, place.array.as_deref()) {
        Ok(array) if array.shape.is_empty() => {
            assembly.problem(ProblemKind::Size, &place.file, Place::File, || {
                (
                    "a single number, expected one entry for each sample".to_owned(),
                    "Choose another array".to_owned(),
                )
            });
            None
        }
        Ok(array) => Some(array),
        Err(error) => {
            assembly
                .problem(ProblemKind::Unreadable, &place.file, Place::File, || (error.message, error.help));
            None
        }
    }
}

/// The elements as float32; `None` for types that are no numbers.
fn floats(array: &Array) -> Option<Vec<f32>> {
    let values = Values::new(array.ty, &array.data, u64::MAX)?;
    Some(values.map(|value| value as f32).collect())
}

/// What is to be predicted.
enum Answers {
    None,
    Classes(Vec<Option<String>>),
    Values { width: usize, values: Vec<f32> },
}

impl Answers {
    fn len(&self, n_inputs: usize) -> usize {
        match self {
            Self::None => n_inputs,
            Self::Classes(classes) => classes.len(),
            Self::Values { width, values } => values.len() / width,
        }
    }
}

fn read_set(
    assembly: &mut Assembly<'_, '_, '_>,
    options: &ArrayOptions,
    set: &ArraySet,
) -> Result<(), Cancelled> {
    let Some(inputs) = array_at(assembly, &set.inputs) else { return Ok(()) };
    let answers = match &set.targets {
        None => Answers::None,
        Some(place) => match array_at(assembly, place) {
            Some(array) => answers(assembly, place, &array),
            None => return Ok(()),
        },
    };
    let n_inputs = inputs.shape[0];
    let count = n_inputs.min(answers.len(n_inputs));
    let path = &set.inputs.file;
    if n_inputs != answers.len(n_inputs) {
        assembly.problem(ProblemKind::Size, path, Place::Item(count as u64), || {
            let message = format!("{n_inputs} samples, {} targets", answers.len(n_inputs));
            (message, format!("See whether the arrays belong together; the first {count} are used"))
        });
    }
    let Some((stream, contents)) = contents(options, inputs, count) else {
        assembly.problem(ProblemKind::Unreadable, path, Place::File, || {
            let help = "Convert it first: numpy.save(path, array.astype(numpy.float32)).";
            ("the samples of the array hold no numbers".to_owned(), help.to_owned())
        });
        return Ok(());
    };
    if assembly.streams().is_empty() {
        assembly.set_streams(vec![stream]);
    }
    if let Answers::Values { width, .. } = answers {
        assembly.set_value_names((1..=width).map(|number| format!("value {number}")).collect());
    }
    let (file, part) = (assembly.group(path), set.part.map_or("", Part::label));
    for (index, content) in contents.enumerate() {
        if index % 10_000 == 0 {
            assembly.progress(index, count)?;
        }
        let label = match &answers {
            Answers::None => Label::None,
            Answers::Classes(classes) => classes[index].as_ref().map_or(Label::None, |class| {
                Label::Class(assembly.class(options.label_names.get(class).unwrap_or(class)))
            }),
            Answers::Values { width, values } => Label::Values(values[index * width..][..*width].to_vec()),
        };
        assembly.add(Recording {
            name: format!("{part} {index}").trim_start().to_owned(),
            origin: Origin { file: Arc::clone(&file), place: Place::Item(index as u64) },
            groups: Vec::new(),
            part: set.part,
            label,
            runs: Vec::new(),
            contents: vec![content],
        });
    }
    Ok(())
}

/// Targets: whole numbers and rows of zeros with a single one are classes, all others values.
fn answers(assembly: &mut Assembly<'_, '_, '_>, place: &ArrayRef, array: &Array) -> Answers {
    let width = array.shape[1..].iter().product::<usize>();
    let Some(values) = floats(array).filter(|_| width > 0) else {
        assembly.problem(ProblemKind::Label, &place.file, Place::File, || {
            (
                "the targets are no numbers".to_owned(),
                "Choose another array; samples stay without labels".to_owned(),
            )
        });
        return Answers::None;
    };
    let is_one_hot =
        |row: &[f32]| row.iter().all(|value| matches!(value, 0.0 | 1.0)) && row.iter().sum::<f32>() == 1.0;
    if width == 1 {
        let are_classes = match array.ty {
            TensorType::Float16 | TensorType::Float32 | TensorType::Float64 => are_few_whole_numbers(&values),
            _ => true,
        };
        if are_classes {
            return Answers::Classes(values.iter().map(|value| Some(value.to_string())).collect());
        }
    } else if values.chunks_exact(width).all(is_one_hot) {
        let class = |row: &[f32]| row.iter().position(|value| *value == 1.0).map(|class| class.to_string());
        return Answers::Classes(values.chunks_exact(width).map(class).collect());
    }
    Answers::Values { width, values }
}

/// Floats that are class numbers rather than measurements.
fn are_few_whole_numbers(values: &[f32]) -> bool {
    const MOST: f32 = 1000.0;
    values.iter().all(|value| value.fract() == 0.0 && (0.0..MOST).contains(value))
}

/// What an array holds, and its first items; `None` if they hold no numbers.
fn contents(
    options: &ArrayOptions,
    array: Array,
    count: usize,
) -> Option<(Stream, Box<dyn Iterator<Item = Content>>)> {
    let shape = array.shape[1..].to_vec();
    let size: usize = shape.iter().product();
    if size == 0 {
        return None;
    }
    let range = move |index: usize| index * size..(index + 1) * size;
    let picture = match (&shape[..], array.ty) {
        ([height, width], TensorType::Uint8) if !options.series => Some((*height, *width, 1)),
        ([height, width, channels @ (1 | 3)], TensorType::Uint8) => Some((*height, *width, *channels)),
        _ => None,
    };
    if let Some((height, width, channels)) = picture {
        let all: Arc<[u8]> = array.data.into();
        let picture = move |index| {
            Content::Picture(Picture { height, width, channels, levels: Shared::piece(&all, range(index)) })
        };
        return Some((pictures(channels), Box::new((0..count).map(picture))));
    }
    let all: Arc<[f32]> = floats(&array)?.into();
    if let ([_, channels], true) = (&shape[..], options.series) {
        let (channels, rate_hz) = (*channels, options.rate_hz);
        let stream = Stream {
            name: "signal".to_owned(),
            kind: StreamKind::Series,
            channels: (1..=channels).map(|number| number.to_string()).collect(),
            rate_hz: None,
        };
        let series = move |index| {
            let values = SeriesValues::F32(Shared::piece(&all, range(index)));
            Content::Series(Series { channels, values, rate_hz })
        };
        return Some((stream, Box::new((0..count).map(series))));
    }
    // One number a sample is a value of shape [1].
    let shape = if shape.is_empty() { vec![1] } else { shape };
    let stream = Stream {
        name: "values".to_owned(),
        kind: StreamKind::Values { shape },
        channels: Vec::new(),
        rate_hz: None,
    };
    let values = move |index| Content::Values(Shared::piece(&all, range(index)));
    Some((stream, Box::new((0..count).map(values))))
}
