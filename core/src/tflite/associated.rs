//! What a file says of its model beside the model itself: TensorFlow Lite Metadata, and the files that are appended as a ZIP
//! archive, such as `labels.txt`.
//!
//! Tables and the places of their fields: `tensorflow_lite_support/metadata/metadata_schema.fbs` of
//! github.com/tensorflow/tflite-support at 02e5df0f84949c0db713916d1147e4499f73c06a.

use std::io::{Cursor, Read as _};

use crate::model::Model;

/// Name of the metadata buffer.
const METADATA: &str = "TFLITE_METADATA";
/// Identifier of the buffer.
const IDENTIFIER: &[u8] = b"M001";
/// Largest file of an archive that is read: lists of labels are far smaller.
const LARGEST_FILE: u64 = 1 << 24;

/// What a file says of its inputs and outputs; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileMetadata {
    /// How the values of each input are brought to the size that the model likes; `None` where nothing is said.
    pub inputs: Vec<Option<StatedNormalisation>>,
    /// Labels of the last dimension of each output; empty where there are none, or others than it has places.
    pub labels: Vec<Vec<String>>,
}

/// `(value - mean) / deviation`, for each channel or for all alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatedNormalisation {
    /// What is taken away.
    pub mean: Vec<f32>,
    /// What the difference is divided by; never 0.
    pub deviation: Vec<f32>,
}

/// What the file of a model says beside it. What is damaged counts as absent.
pub fn file_metadata(model: &Model, file: &[u8]) -> FileMetadata {
    let Some(main) = model.subgraphs.first() else { return FileMetadata::default() };
    let described = described(model).unwrap_or_default();
    let mut archive = Archive::new(file);
    let labels = main.outputs.iter().enumerate().map(|(place, id)| {
        let wanted = usize::try_from(main.tensor(*id).shape.last().copied().unwrap_or(0)).unwrap_or(0);
        if wanted < 2 {
            return Vec::new();
        }
        let names = described.outputs.get(place).into_iter().chain([&described.shared]).flatten();
        let stated = names.filter_map(|name| archive.lines(name)).find(|labels| labels.len() == wanted);
        // Archives without a description hold one list of labels.
        stated.or_else(|| archive.only_list(wanted)).unwrap_or_default()
    });
    let labels = labels.collect();
    FileMetadata { inputs: described.inputs, labels }
}

impl FileMetadata {
    /// Labels of the first output that has some; empty without any.
    pub fn classes(&self) -> &[String] {
        self.labels.iter().find(|labels| !labels.is_empty()).map_or(&[], Vec::as_slice)
    }

    /// How the first input that says it is normalised.
    pub fn normalisation(&self) -> Option<&StatedNormalisation> {
        self.inputs.iter().flatten().next()
    }
}

/// What the metadata buffer says.
#[derive(Default)]
struct Described {
    inputs: Vec<Option<StatedNormalisation>>,
    /// Names of files with labels, for each output; the best first.
    outputs: Vec<Vec<String>>,
    /// Those of the graph and of the model.
    shared: Vec<String>,
}

fn described(model: &Model) -> Option<Described> {
    let metadata = model.metadata.iter().find(|metadata| metadata.name == METADATA)?;
    let bytes = model.buffers.get(metadata.buffer.index())?.data.as_ref()?;
    if bytes.get(4..8)? != IDENTIFIER {
        return None;
    }
    let root = Table::root(bytes)?;
    let graph = root.tables(3).into_iter().next()?;
    let inputs = graph.tables(2).into_iter().map(normalisation).collect();
    let outputs = graph.tables(3).into_iter().map(|tensor| label_files(tensor, 6)).collect();
    let shared = [label_files(graph, 4), label_files(root, 6)].concat();
    Some(Described { inputs, outputs, shared })
}

/// The normalisation among the process units of a tensor.
fn normalisation(tensor: Table<'_>) -> Option<StatedNormalisation> {
    /// The place of `NormalizationOptions` in its union.
    const NORMALIZATION_OPTIONS: u8 = 1;
    tensor.tables(4).into_iter().find_map(|unit| {
        if unit.byte(0)? != NORMALIZATION_OPTIONS {
            return None;
        }
        let options = unit.table(1)?;
        let (mean, deviation) = (options.floats(0)?, options.floats(1)?);
        let is_usable = !mean.is_empty()
            && mean.len() == deviation.len()
            && mean.iter().chain(&deviation).all(|value| value.is_finite())
            && deviation.iter().all(|value| *value != 0.0);
        is_usable.then_some(StatedNormalisation { mean, deviation })
    })
}

/// Names of files with labels in a list of associated files. Those of no language come first.
fn label_files(of: Table<'_>, field: usize) -> Vec<String> {
    /// `TENSOR_AXIS_LABELS`.
    const AXIS_LABELS: u8 = 2;
    let files = of.tables(field).into_iter().filter(|file| file.byte(2) == Some(AXIS_LABELS));
    let (mut plain, translated): (Vec<Table<'_>>, Vec<Table<'_>>) =
        files.partition(|file| file.text(3).is_none_or(|locale| locale.is_empty()));
    plain.extend(translated);
    plain.into_iter().filter_map(|file| file.text(0)).collect()
}

/// The archive behind a model.
struct Archive<'f>(Option<zip::ZipArchive<Cursor<&'f [u8]>>>);

impl<'f> Archive<'f> {
    fn new(file: &'f [u8]) -> Self {
        Self(zip::ZipArchive::new(Cursor::new(file)).ok())
    }

    /// The lines of a file, without empty ones at its end; `None` if there is no such text.
    fn lines(&mut self, name: &str) -> Option<Vec<String>> {
        let file = self.0.as_mut()?.by_name(name).ok()?;
        let mut bytes = Vec::new();
        file.take(LARGEST_FILE).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let text = text.trim_start_matches('\u{feff}').trim_end();
        Some(text.lines().map(|line| line.trim().to_owned()).collect())
    }

    /// The lines of the only text with so many.
    fn only_list(&mut self, n_lines: usize) -> Option<Vec<String>> {
        let names = self.0.as_ref()?.file_names();
        let names: Vec<String> = names.filter(|name| name.ends_with(".txt")).map(str::to_owned).collect();
        let lists = names.iter().filter_map(|name| self.lines(name));
        let mut lists: Vec<Vec<String>> = lists.filter(|lines| lines.len() == n_lines).collect();
        lists.pop().filter(|_| lists.is_empty())
    }
}

/// A table of a FlatBuffer, read with every access checked.
#[derive(Clone, Copy)]
struct Table<'b> {
    bytes: &'b [u8],
    start: usize,
}

/// More entries than this no list here has: a damaged length must not take memory.
const MOST_ENTRIES: usize = 1 << 16;

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)).ok()
}

impl<'b> Table<'b> {
    fn root(bytes: &'b [u8]) -> Option<Self> {
        Self::at(bytes, u32_at(bytes, 0)?)
    }

    fn at(bytes: &'b [u8], start: usize) -> Option<Self> {
        u32_at(bytes, start).map(|_| Self { bytes, start })
    }

    /// Where a field lies; `None` if it is absent.
    fn field(self, number: usize) -> Option<usize> {
        let back = i32::from_le_bytes(*self.bytes.get(self.start..)?.first_chunk()?);
        let vtable = usize::try_from(i64::try_from(self.start).ok()? - i64::from(back)).ok()?;
        let size = u16_at(self.bytes, vtable)?;
        let entry = 4 + 2 * number;
        if entry + 2 > size {
            return None;
        }
        let offset = u16_at(self.bytes, vtable + entry)?;
        (offset != 0).then_some(self.start + offset)
    }

    /// Where what a field refers to lies.
    fn referred(self, number: usize) -> Option<usize> {
        let at = self.field(number)?;
        at.checked_add(u32_at(self.bytes, at)?)
    }

    fn byte(self, number: usize) -> Option<u8> {
        self.bytes.get(self.field(number)?).copied()
    }

    fn table(self, number: usize) -> Option<Self> {
        Self::at(self.bytes, self.referred(number)?)
    }

    fn text(self, number: usize) -> Option<String> {
        let at = self.referred(number)?;
        let text = self.bytes.get(at + 4..)?.get(..u32_at(self.bytes, at)?)?;
        String::from_utf8(text.to_vec()).ok()
    }

    fn floats(self, number: usize) -> Option<Vec<f32>> {
        let at = self.referred(number)?;
        let length = u32_at(self.bytes, at)?.min(MOST_ENTRIES);
        let bytes = self.bytes.get(at + 4..)?.get(..4 * length)?;
        Some(
            bytes
                .chunks_exact(4)
                .filter_map(<[u8]>::first_chunk)
                .map(|four| f32::from_le_bytes(*four))
                .collect(),
        )
    }

    /// The tables of a list; empty if the field is absent.
    fn tables(self, number: usize) -> Vec<Self> {
        let tables = || {
            let at = self.referred(number)?;
            let length = u32_at(self.bytes, at)?.min(MOST_ENTRIES);
            let entries = (0..length).map_while(|index| {
                let entry = at + 4 + 4 * index;
                Self::at(self.bytes, entry.checked_add(u32_at(self.bytes, entry)?)?)
            });
            Some(entries.collect())
        };
        tables().unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset as Finished, WIPOffset};

    use super::*;
    use crate::model::{ModelBuilder, Tensor, TensorType};

    /// A table with fields that are references, by their places.
    fn table(
        builder: &mut FlatBufferBuilder<'_>,
        fields: &[(u16, WIPOffset<Finished>)],
    ) -> WIPOffset<Finished> {
        let table = builder.start_table();
        for (place, field) in fields {
            builder.push_slot_always(4 + 2 * place, *field);
        }
        builder.end_table(table)
    }

    fn as_table<T>(offset: WIPOffset<T>) -> WIPOffset<Finished> {
        WIPOffset::new(offset.value())
    }

    fn list(builder: &mut FlatBufferBuilder<'_>, tables: &[WIPOffset<Finished>]) -> WIPOffset<Finished> {
        as_table(builder.create_vector(tables))
    }

    /// The metadata of a model with one input and one output: a normalisation, and files with labels by type and language.
    fn metadata(files: &[(&str, u8, &str)]) -> Vec<u8> {
        let mut builder = FlatBufferBuilder::new();
        let mean = builder.create_vector(&[127.5f32]);
        let deviation = builder.create_vector(&[128.0f32]);
        let options = table(&mut builder, &[(0, as_table(mean)), (1, as_table(deviation))]);
        let unit = {
            let unit = builder.start_table();
            builder.push_slot_always(4, 1u8);
            builder.push_slot_always(6, options);
            builder.end_table(unit)
        };
        let units = list(&mut builder, &[unit]);
        let input = table(&mut builder, &[(4, units)]);
        let files: Vec<_> = files
            .iter()
            .map(|(name, kind, locale)| {
                let (name, locale) = (builder.create_string(name), builder.create_string(locale));
                let file = builder.start_table();
                builder.push_slot_always(4, name);
                builder.push_slot_always(8, *kind);
                builder.push_slot_always(10, locale);
                builder.end_table(file)
            })
            .collect();
        let files = list(&mut builder, &files);
        let output = table(&mut builder, &[(6, files)]);
        let (inputs, outputs) = (list(&mut builder, &[input]), list(&mut builder, &[output]));
        let graph = table(&mut builder, &[(2, inputs), (3, outputs)]);
        let graphs = list(&mut builder, &[graph]);
        let root = table(&mut builder, &[(3, graphs)]);
        builder.finish(root, Some("M001"));
        builder.finished_data().to_vec()
    }

    /// A model that says which of three classes three numbers are, as TensorFlow's metadata writer leaves it: with
    /// the files in an archive behind it.
    pub(crate) fn labelled_file(metadata: Option<Vec<u8>>, files: &[(&str, &str)]) -> (Model, Vec<u8>) {
        let mut builder = ModelBuilder::new("labelled");
        let input = builder.input(Tensor::new("levels", TensorType::Float32, &[1, 3]));
        let output = builder.tensor(Tensor::new("classes", TensorType::Float32, &[1, 3]));
        builder.operator(crate::model::BuiltinOperator::SOFTMAX, [input], [output]);
        builder.output(output);
        if let Some(metadata) = metadata {
            builder.metadata(METADATA, metadata);
        }
        let mut file = crate::tflite::write(&builder.build()).expect("it can be written");
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, text) in files {
            archive.start_file(*name, options).expect("memory");
            archive.write_all(text.as_bytes()).expect("memory");
        }
        file.extend(archive.finish().expect("memory").into_inner());
        let model = crate::tflite::read(file.clone().into()).expect("it can be read");
        (model, file)
    }

    #[test]
    fn labels_and_normalisation_come_from_the_metadata_and_the_archive() {
        let listed = metadata(&[("etiquetas.txt", 2, "es"), ("labels.txt", 2, ""), ("notes.txt", 1, "")]);
        let files = [
            ("notes.txt", "a\nb\nc\n"),
            ("etiquetas.txt", "gato\nperro\nave\n"),
            ("labels.txt", "cat\r\ndog\r\nbird\r\n\r\n"),
        ];
        let (model, file) = labelled_file(Some(listed), &files);
        let found = file_metadata(&model, &file);
        assert_eq!(found.classes(), ["cat", "dog", "bird"]);
        let expected = StatedNormalisation { mean: vec![127.5], deviation: vec![128.0] };
        assert_eq!(found.normalisation(), Some(&expected));
    }

    #[test]
    fn an_archive_without_a_description_has_its_only_list() {
        let (model, file) =
            labelled_file(None, &[("labels.txt", "cat\ndog\nbird"), ("more.txt", "one line")]);
        assert_eq!(file_metadata(&model, &file).classes(), ["cat", "dog", "bird"]);
        let (model, file) = labelled_file(None, &[("a.txt", "cat\ndog\nbird"), ("b.txt", "x\ny\nz")]);
        assert!(file_metadata(&model, &file).classes().is_empty(), "which of both is not known");
        let (model, file) = labelled_file(None, &[("labels.txt", "cat\ndog")]);
        assert!(file_metadata(&model, &file).classes().is_empty(), "three classes, two labels");
    }

    #[test]
    fn damaged_metadata_are_absent() {
        let whole = metadata(&[("labels.txt", 2, "")]);
        let files = [("labels.txt", "cat\ndog\nbird")];
        for end in (0..whole.len()).step_by(3) {
            let (model, file) = labelled_file(Some(whole[..end].to_vec()), &files);
            let _ = file_metadata(&model, &file);
        }
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 0xff;
            let (model, file) = labelled_file(Some(bytes), &files);
            let _ = file_metadata(&model, &file);
        }
        let (model, file) = labelled_file(Some(whole), &files);
        let cut = &file[..file.len() - 10];
        assert!(file_metadata(&model, cut).classes().is_empty());
        assert!(file_metadata(&model, cut).normalisation().is_some());
    }
}
