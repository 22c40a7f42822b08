//! IDX arrays (yann.lecun.com/exdb/mnist): two zero bytes, a byte for the type, a byte for the number of dimensions, sizes
//! as big-endian u32, then the elements, big-endian.

use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::assemble::Assembly;
use super::pictures::stream as pictures;
use super::{Cancelled, MAX_BYTES};
use crate::dataset::{
    Content, IdxOptions, IdxSet, Label, Origin, Part, Picture, Place, ProblemKind, Recording, Shared, Stream,
    StreamKind,
};

/// An array as far as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dataset) struct IdxArray {
    /// As declared.
    pub(in crate::dataset) shape: Vec<usize>,
    /// The elements.
    pub(in crate::dataset) elements: Elements,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::dataset) enum Elements {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

/// More dimensions than any data has.
const MAX_DIMENSIONS: usize = 8;

/// Types of elements: code, bytes.
fn element_bytes(code: u8) -> Option<usize> {
    match code {
        0x08 | 0x09 => Some(1),
        0x0b => Some(2),
        0x0c | 0x0d => Some(4),
        0x0e => Some(8),
        _ => None,
    }
}

/// The shape that the first bytes of a file declare, and the code of the type; `None` if it is no IDX file.
pub(in crate::dataset) fn header(bytes: &[u8]) -> Option<(Vec<usize>, u8)> {
    let (start, rest) = bytes.split_at_checked(4)?;
    let n_dimensions = usize::from(start[3]);
    if start[..2] != [0, 0]
        || element_bytes(start[2]).is_none()
        || !(1..=MAX_DIMENSIONS).contains(&n_dimensions)
    {
        return None;
    }
    let sizes = rest.get(..4 * n_dimensions)?.chunks_exact(4);
    let shape = sizes.map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize);
    Some((shape.collect(), start[2]))
}

/// Plain bytes of a file that may be packed; as many as asked for or as there are.
pub(in crate::dataset) fn unpacked(bytes: &[u8], limit: u64) -> Vec<u8> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes[..bytes.len().min(usize::try_from(limit).unwrap_or(usize::MAX))].to_vec();
    }
    let mut plain = Vec::new();
    // What comes before damage is kept: the caller sees that it is too short.
    let _ = MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut plain);
    plain
}

/// The array of a file, packed with gzip or not.
///
/// # Errors
/// What was expected.
pub(in crate::dataset) fn parse(file: &[u8]) -> Result<IdxArray, String> {
    const HEADER_BYTES: u64 = 4 + 4 * MAX_DIMENSIONS as u64;
    let Some((shape, code)) = header(&unpacked(file, HEADER_BYTES)) else {
        return Err("this is no IDX file: expected two zero bytes, a type and sizes at its start".to_owned());
    };
    let (start, width) = (4 + 4 * shape.len(), element_bytes(code).unwrap_or(1));
    let n_bytes = shape.iter().try_fold(width, |product, size| product.checked_mul(*size));
    let Some(n_bytes) = n_bytes.filter(|n_bytes| *n_bytes <= MAX_BYTES) else {
        return Err(format!("the sizes {shape:?} ask for more than {} GiB", MAX_BYTES >> 30));
    };
    let mut bytes = unpacked(file, (start + n_bytes) as u64);
    bytes.drain(..start.min(bytes.len()));
    let elements = match code {
        0x08 => Elements::U8(bytes),
        code => Elements::F32(bytes.chunks_exact(width).map(|bytes| real(code, bytes)).collect()),
    };
    Ok(IdxArray { shape, elements })
}

/// An element of a type other than u8.
fn real(code: u8, bytes: &[u8]) -> f32 {
    match (code, bytes) {
        (0x09, [a]) => f32::from(*a as i8),
        (0x0b, [a, b]) => f32::from(i16::from_be_bytes([*a, *b])),
        (0x0c, [a, b, c, d]) => i32::from_be_bytes([*a, *b, *c, *d]) as f32,
        (0x0d, [a, b, c, d]) => f32::from_be_bytes([*a, *b, *c, *d]),
        (_, [a, b, c, d, e, f, g, h]) => f64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as f32,
        _ => f32::NAN,
    }
}

impl IdxArray {
    fn item_size(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// Whole items that the file has.
    fn items(&self) -> usize {
        let n_elements = match &self.elements {
            Elements::U8(elements) => elements.len(),
            Elements::F32(elements) => elements.len(),
        };
        n_elements.checked_div(self.item_size()).unwrap_or(0).min(self.shape[0])
    }
}

/// Where labels come from: their texts, or numbers to be predicted.
enum Labels {
    None,
    Classes(Vec<String>),
    Values(Vec<f32>),
}

pub(super) fn read(assembly: &mut Assembly<'_, '_, '_>, options: &IdxOptions) -> Result<(), Cancelled> {
    for (number, set) in options.sets.iter().enumerate() {
        assembly.progress(number, options.sets.len())?;
        read_set(assembly, options, set)?;
    }
    assembly.progress(options.sets.len(), options.sets.len())
}

fn array(assembly: &mut Assembly<'_, '_, '_>, path: &str) -> Option<IdxArray> {
    let bytes = assembly.bytes_at(path)?;
    match parse(&bytes) {
        Ok(array) => {
            let (expected, found) = (array.shape[0], array.items());
            if found < expected {
                assembly.problem(ProblemKind::CutShort, path, Place::Item(found as u64), || {
                    let help = "Fetch the file again; what is there is used".to_owned();
                    (format!("the file ends after {found} of {expected} items"), help)
                });
            }
            Some(array)
        }
        Err(message) => {
            assembly.problem(ProblemKind::Unreadable, path, Place::File, || {
                (message, "Fetch the file again, or choose another one".to_owned())
            });
            None
        }
    }
}

fn read_set(
    assembly: &mut Assembly<'_, '_, '_>,
    options: &IdxOptions,
    set: &IdxSet,
) -> Result<(), Cancelled> {
    let Some(images) = array(assembly, &set.images) else { return Ok(()) };
    let labels = match &set.labels {
        None => Labels::None,
        Some(path) => match array(assembly, path) {
            None => return Ok(()),
            Some(array) => labels(assembly, path, array),
        },
    };
    let n_labels = match &labels {
        Labels::None => images.items(),
        Labels::Classes(labels) => labels.len(),
        Labels::Values(values) => values.len(),
    };
    let count = images.items().min(n_labels);
    if images.items() != n_labels {
        assembly.problem(ProblemKind::Size, &set.images, Place::Item(count as u64), || {
            let help = format!("See whether the files belong together; the first {count} are used");
            (format!("{} items, {n_labels} labels", images.items()), help)
        });
    }
    let (stream, contents) = contents(images, count);
    if assembly.streams().is_empty() {
        assembly.set_streams(vec![stream]);
    }
    if matches!(labels, Labels::Values(_)) {
        assembly.set_value_names(vec!["value".to_owned()]);
    }
    let file = assembly.group(&set.images);
    let part = set.part.map_or("", Part::label);
    for (index, content) in contents.enumerate() {
        if index % 10_000 == 0 {
            assembly.progress(index, count)?;
        }
        let label = match &labels {
            Labels::None => Label::None,
            Labels::Classes(labels) => {
                let label = &labels[index];
                Label::Class(assembly.class(options.label_names.get(label).unwrap_or(label)))
            }
            Labels::Values(values) => Label::Values(vec![values[index]]),
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

fn labels(assembly: &mut Assembly<'_, '_, '_>, path: &str, array: IdxArray) -> Labels {
    if array.item_size() != 1 {
        assembly.problem(ProblemKind::Label, path, Place::File, || {
            let help = "Choose the file with the labels; recordings stay without them".to_owned();
            (format!("labels of shape {:?}, expected one number each", array.shape), help)
        });
        return Labels::None;
    }
    let count = array.items();
    match array.elements {
        Elements::U8(labels) => Labels::Classes(labels.iter().take(count).map(u8::to_string).collect()),
        Elements::F32(values) if values.iter().all(|value| value.fract() == 0.0) => {
            Labels::Classes(values.iter().take(count).map(f32::to_string).collect())
        }
        Elements::F32(values) => Labels::Values(values.into_iter().take(count).collect()),
    }
}

/// What an array holds, and its first items.
fn contents(array: IdxArray, count: usize) -> (Stream, Box<dyn Iterator<Item = Content>>) {
    let size = array.item_size();
    let shape = array.shape[1..].to_vec();
    let picture = match (&shape[..], &array.elements) {
        ([height, width], Elements::U8(_)) => Some((*height, *width, 1)),
        ([height, width, channels @ (1 | 3)], Elements::U8(_)) => Some((*height, *width, *channels)),
        _ => None,
    };
    match (array.elements, picture) {
        (Elements::U8(levels), Some((height, width, channels))) => {
            let all: Arc<[u8]> = levels.into();
            let picture = move |index| {
                let levels = Shared::piece(&all, index * size..(index + 1) * size);
                Content::Picture(Picture { height, width, channels, levels })
            };
            (pictures(channels), Box::new((0..count).map(picture)))
        }
        (elements, _) => {
            let all: Arc<[f32]> = match elements {
                Elements::U8(levels) => levels.into_iter().map(f32::from).collect(),
                Elements::F32(values) => values.into(),
            };
            let values = move |index| Content::Values(Shared::piece(&all, index * size..(index + 1) * size));
            let stream = Stream {
                name: "values".to_owned(),
                kind: StreamKind::Values { shape },
                channels: Vec::new(),
                rate_hz: None,
            };
            (stream, Box::new((0..count).map(values)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_are_read() {
        let check = |code: u8, bytes: &[u8], expected: &[f32]| {
            let count = expected.len() as u8;
            let file = [&[0, 0, code, 1, 0, 0, 0, count], bytes].concat();
            let array = parse(&file).expect("an array");
            let found = match array.elements {
                Elements::U8(levels) => levels.into_iter().map(f32::from).collect(),
                Elements::F32(values) => values,
            };
            assert_eq!(found, expected, "type {code:#x}");
        };
        check(0x08, &[1, 255], &[1.0, 255.0]);
        check(0x09, &[1, 255], &[1.0, -1.0]);
        check(0x0b, &[0x80, 0, 0, 2], &[-32_768.0, 2.0]);
        check(0x0c, &[0xff, 0xff, 0xff, 0xfe], &[-2.0]);
        check(0x0d, &[0x3f, 0x80, 0, 0], &[1.0]);
        check(0x0e, &[0xbf, 0xf0, 0, 0, 0, 0, 0, 0], &[-1.0]);
    }

    #[test]
    fn what_is_no_array_is_refused() {
        assert!(parse(b"").is_err());
        assert!(parse(&[0, 0, 8, 1, 0, 0]).is_err());
        assert!(parse(&[0, 0, 7, 1, 0, 0, 0, 0]).is_err());
        assert!(parse(&[1, 0, 8, 1, 0, 0, 0, 0]).is_err());
        let huge = [&[0u8, 0, 8, 3][..], &[0xff; 12]].concat();
        assert!(parse(&huge).expect_err("sizes that overflow").contains("GiB"));
    }
}
