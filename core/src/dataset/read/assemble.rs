//! What all readers share: files with their problems, names of classes and groups, limits, and the last look at a set.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Cancelled, MAX_BYTES, Progress, Watch};
use crate::dataset::recording::natural_order;
use crate::dataset::{
    Content, Dataset, FileEntry, Files, Label, Place, ProblemKind, Recording, Selection, Series,
    SeriesValues, Stream, StreamKind,
};

/// A set while it is read.
pub(super) struct Assembly<'f, 'w, 'p> {
    files: &'f dyn Files,
    watch: &'w mut Watch<'p>,
    dataset: Dataset,
    class_ids: HashMap<String, u32>,
    groups: HashMap<String, Arc<str>>,
    bytes: usize,
}

/// Rates that differ by less than this share count as the same: clocks of sensors are not exact.
const RATE_TOLERANCE: f64 = 0.05;

impl<'f, 'w, 'p> Assembly<'f, 'w, 'p> {
    pub(super) fn new(files: &'f dyn Files, watch: &'w mut Watch<'p>) -> Self {
        let dataset = Dataset { name: files.name(), ..Dataset::default() };
        Self { files, watch, dataset, class_ids: HashMap::new(), groups: HashMap::new(), bytes: 0 }
    }

    /// What every recording holds. Set before the first recording.
    pub(super) fn set_streams(&mut self, streams: Vec<Stream>) {
        self.dataset.streams = streams;
    }

    pub(super) fn streams(&self) -> &[Stream] {
        &self.dataset.streams
    }

    pub(super) fn set_group_kinds(&mut self, kinds: Vec<String>) {
        self.dataset.group_kinds = kinds;
    }

    pub(super) fn set_value_names(&mut self, names: Vec<String>) {
        self.dataset.value_names = names;
    }

    pub(super) fn problem(
        &mut self,
        kind: ProblemKind,
        file: &str,
        place: Place,
        text: impl FnOnce() -> (String, String),
    ) {
        self.dataset.problems.add(kind, file, place, text);
    }

    pub(super) fn progress(&mut self, done: usize, total: usize) -> Result<(), Cancelled> {
        if (self.watch)(Progress { done, total }).is_break() { Err(Cancelled) } else { Ok(()) }
    }

    pub(super) fn entries(&self) -> &'f [FileEntry] {
        self.files.entries()
    }

    pub(super) fn entry(&self, index: usize) -> &'f FileEntry {
        &self.files.entries()[index]
    }

    /// Numbers of the chosen files in natural order of their paths.
    pub(super) fn select(&self, selection: &Selection, known: &[&str]) -> Vec<usize> {
        let entries = self.files.entries();
        let is_chosen = |index: &usize| is_selected(&entries[*index], selection, known);
        let mut chosen: Vec<usize> = (0..entries.len()).filter(is_chosen).collect();
        chosen.sort_by(|a, b| natural_order(&entries[*a].path, &entries[*b].path));
        chosen
    }

    /// The bytes of a file; a problem if there are none.
    pub(super) fn bytes(&mut self, index: usize) -> Option<Vec<u8>> {
        match self.files.read(index) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.problem(ProblemKind::Unreadable, &self.entry(index).path, Place::File, || {
                    let help = "See whether the file still exists and may be read";
                    (format!("the file cannot be opened: {error}"), help.to_owned())
                });
                None
            }
        }
    }

    /// The bytes of the file with this path; a problem if there is none.
    pub(super) fn bytes_at(&mut self, path: &str) -> Option<Vec<u8>> {
        let index = self.files.entries().iter().position(|entry| entry.path == path);
        if index.is_none() {
            self.problem(ProblemKind::Unreadable, path, Place::File, || {
                let help = "Choose the file again, or the folder in which it lies";
                ("the file is not there".to_owned(), help.to_owned())
            });
        }
        self.bytes(index?)
    }

    /// The number of a class.
    pub(super) fn class(&mut self, name: &str) -> u32 {
        if let Some(id) = self.class_ids.get(name) {
            return *id;
        }
        // Classes come from data in memory: far fewer than 2^32.
        let id = self.dataset.classes.len() as u32;
        self.dataset.classes.push(name.to_owned());
        self.class_ids.insert(name.to_owned(), id);
        id
    }

    /// The one copy of a group's name.
    pub(super) fn group(&mut self, name: &str) -> Arc<str> {
        if let Some(group) = self.groups.get(name) {
            return Arc::clone(group);
        }
        let group: Arc<str> = name.into();
        self.groups.insert(name.to_owned(), Arc::clone(&group));
        group
    }

    /// True when no more recordings fit into memory.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MAX_BYTES
    }

    /// Adds a recording, or a problem if its contents are not as those of the others.
    pub(super) fn add(&mut self, recording: Recording) {
        let Recording { origin, contents, .. } = &recording;
        let size: usize = contents.iter().map(Content::byte_size).sum();
        if self.bytes.saturating_add(size) > MAX_BYTES {
            self.bytes = MAX_BYTES;
            self.dataset.problems.add(ProblemKind::TooMuch, &origin.file, origin.place, || {
                let limit = MAX_BYTES >> 30;
                let help = "Choose fewer files, or make them smaller";
                (format!("recordings take more than {limit} GiB; this one is left out"), help.to_owned())
            });
            return;
        }
        let found = self.dataset.streams.iter().zip(contents).find_map(|(stream, content)| {
            let difference = difference(stream, content).map(|text| (ProblemKind::Size, text));
            difference.or_else(|| not_finite(content).map(|text| (ProblemKind::NotFinite, text)))
        });
        match found {
            Some((kind, text)) => self.dataset.problems.add(kind, &origin.file, origin.place, || text),
            None => {
                self.bytes += size;
                self.dataset.recordings.push(recording);
            }
        }
    }

    /// The set, with classes in natural order of their names.
    pub(super) fn finish(mut self) -> Dataset {
        self.sort_classes();
        self.settle_rates();
        self.look_at_classes();
        if self.dataset.recordings.is_empty() {
            let n_files = self.files.entries().len();
            self.dataset.problems.add(ProblemKind::Empty, "", Place::File, || {
                let help = "Choose another folder, or another format";
                (format!("none of {n_files} files gives a recording"), help.to_owned())
            });
        }
        self.dataset
    }

    fn sort_classes(&mut self) {
        let classes = &self.dataset.classes;
        let mut order: Vec<usize> = (0..classes.len()).collect();
        order.sort_by(|a, b| natural_order(&classes[*a], &classes[*b]));
        let mut new_ids = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| new_ids[*old] = new as u32);
        self.dataset.classes = order.iter().map(|old| classes[*old].clone()).collect();
        for recording in &mut self.dataset.recordings {
            if let Label::Class(class) = &mut recording.label {
                *class = new_ids[*class as usize];
            }
            recording.runs.iter_mut().for_each(|run| run.class = new_ids[run.class as usize]);
        }
    }

    /// The rate of a stream is that of most of its recordings; others become problems.
    fn settle_rates(&mut self) {
        let Dataset { streams, recordings, problems, .. } = &mut self.dataset;
        for (number, stream) in streams.iter_mut().enumerate() {
            let rate = |recording: &Recording| match &recording.contents[number] {
                Content::Series(series) => series.rate_hz,
                Content::Values(_) | Content::Picture(_) => None,
            };
            let mut rates: Vec<f64> = recordings.iter().filter_map(rate).collect();
            rates.sort_by(f64::total_cmp);
            stream.rate_hz = rates.get(rates.len() / 2).copied();
            let Some(usual) = stream.rate_hz else { continue };
            for recording in recordings.iter() {
                let Some(found) = rate(recording) else { continue };
                if (found / usual - 1.0).abs() > RATE_TOLERANCE {
                    problems.add(ProblemKind::Rate, &recording.origin.file, recording.origin.place, || {
                        let help = "Choose one rate in the preparation: all recordings are brought to it";
                        (format!("{found:.2} steps a second, most recordings have {usual:.2}"), help.into())
                    });
                }
            }
        }
    }

    fn look_at_classes(&mut self) {
        let Dataset { classes, recordings, problems, .. } = &mut self.dataset;
        if let ([only], false) = (&classes[..], recordings.is_empty()) {
            problems.add(ProblemKind::Classes, "", Place::File, || {
                let help = "Give examples of another class, or train an autoencoder";
                (format!("“{only}” is the only class: nothing can be told apart"), help.to_owned())
            });
        }
        let is_unlabelled =
            |recording: &&Recording| recording.label == Label::None && recording.runs.is_empty();
        let n_unlabelled = recordings.iter().filter(is_unlabelled).count();
        if n_unlabelled > 0 && !classes.is_empty() {
            problems.add(ProblemKind::Classes, "", Place::File, || {
                let help = "They are left out where classes are learnt";
                (format!("{n_unlabelled} recordings have no label"), help.to_owned())
            });
        }
    }
}

/// True for a file that a format reads.
pub(in crate::dataset) fn is_selected(entry: &FileEntry, selection: &Selection, known: &[&str]) -> bool {
    let extension = entry.extension();
    let is_known = if selection.extensions.is_empty() {
        known.contains(&extension.as_str())
    } else {
        selection.extensions.contains(&extension)
    };
    is_known && !selection.leave_out.contains(&entry.path)
}

/// In what a content differs from its stream, and what to try.
fn difference(stream: &Stream, content: &Content) -> Option<(String, String)> {
    let n_channels = stream.channels.len();
    let text = match (&stream.kind, content) {
        (StreamKind::Values { shape }, Content::Values(values)) => {
            let expected = shape.iter().product::<usize>();
            (values.is_empty() || values.len() != expected)
                .then(|| format!("{} numbers, others have {expected}", values.len()))
        }
        (StreamKind::Pictures, Content::Picture(picture)) => {
            let (height, width) = (picture.height, picture.width);
            (height == 0 || width == 0).then(|| format!("a picture of {width}×{height} pixels"))
        }
        (StreamKind::Series, Content::Series(series)) if series.channels != n_channels => {
            Some(format!("{} channels, others have {n_channels}", series.channels))
        }
        (StreamKind::Series, Content::Series(series)) => {
            (series.steps() == 0).then(|| "no step of time".to_owned())
        }
        (StreamKind::Values { .. } | StreamKind::Pictures | StreamKind::Series, _) => {
            Some("another kind of content than others".to_owned())
        }
    };
    text.map(|text| (text, "Correct the file, or leave it out".to_owned()))
}

/// Where a content has a number that is none, and what to try.
fn not_finite(content: &Content) -> Option<(String, String)> {
    let values: &[f32] = match content {
        Content::Values(values) | Content::Series(Series { values: SeriesValues::F32(values), .. }) => values,
        Content::Picture(_) | Content::Series(_) => return None,
    };
    let index = values.iter().position(|value| !value.is_finite())?;
    let text = format!("number {} is {}", index + 1, values[index]);
    Some((text, "Replace what is missing by numbers, or leave it out".to_owned()))
}
