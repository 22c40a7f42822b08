//! Recordings as they were read: nothing is resized, cut or normalised yet.

use std::ops::{Deref, Range};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Problems;

/// A set of recordings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// Name for people.
    pub name: String,
    /// Names of the classes; a class number is an index into them. Empty without classes.
    pub classes: Vec<String>,
    /// Names of the numbers to be predicted, for regression. Empty otherwise.
    pub value_names: Vec<String>,
    /// What every recording holds, in the order of [`Recording::contents`]; one for most sets.
    pub streams: Vec<Stream>,
    /// What the groups of a recording are, such as `speaker`, in the order of [`Recording::groups`].
    pub group_kinds: Vec<String>,
    /// All recordings that can be used.
    pub recordings: Vec<Recording>,
    /// What is wrong with the files.
    pub problems: Problems,
}

/// What every recording of a set holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// Name, such as `sound` or `motion`.
    pub name: String,
    /// What kind of content it is.
    pub kind: StreamKind,
    /// Names of the channels (of a series), columns (of values) or colours (of a picture).
    pub channels: Vec<String>,
    /// Steps a second of most recordings, for series whose rate is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
}

/// Kind of a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// Numbers in a shape that all recordings share.
    Values {
        /// The shape.
        shape: Vec<usize>,
    },
    /// Pictures of levels from 0 to 255; sizes may differ.
    Pictures,
    /// Channels over time; lengths may differ.
    Series,
}

/// One thing that was recorded: a row, a picture, a stretch of sound or motion.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Name for people, unique for most sets.
    pub name: String,
    /// Where it was read.
    pub origin: Origin,
    /// Who or what it belongs to, one entry for each of [`Dataset::group_kinds`].
    pub groups: Vec<Arc<str>>,
    /// The part that the source fixes, such as the test files of MNIST.
    pub part: Option<Part>,
    /// What is known of the whole recording.
    pub label: Label,
    /// Labels of the steps of the first stream, where they are labelled one by one; sorted, without overlap. Steps outside of
    /// all runs have no label.
    pub runs: Vec<LabelRun>,
    /// One content for each of [`Dataset::streams`].
    pub contents: Vec<Content>,
}

/// Where a recording was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Path among the files; empty for generated recordings.
    pub file: Arc<str>,
    /// Where in it.
    pub place: Place,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// The whole file.
    #[default]
    File,
    /// A line of text, from 1.
    Line(u64),
    /// An item of an array, from 0.
    Item(u64),
}

/// Part of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Weights follow these.
    Train,
    /// These tell when to stop.
    Validation,
    /// These tell how good the result is.
    Test,
}

/// What a recording is an example of.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Label {
    /// Nothing is known.
    #[default]
    None,
    /// A class, as an index into [`Dataset::classes`].
    Class(u32),
    /// Numbers, in the order of [`Dataset::value_names`].
    Values(Vec<f32>),
}

/// Steps that share a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRun {
    /// The steps.
    pub steps: Range<usize>,
    /// The class.
    pub class: u32,
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Numbers in the shape of the stream.
    Values(Shared<f32>),
    /// A picture.
    Picture(Picture),
    /// Channels over time.
    Series(Series),
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Levels: row after row, pixel after pixel, channel after channel.
    pub levels: Shared<u8>,
}

/// Channels over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Number of channels.
    pub channels: usize,
    /// Step after step, channel after channel.
    pub values: SeriesValues,
    /// Steps a second, where known.
    pub rate_hz: Option<f64>,
}

/// The numbers of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum SeriesValues {
    /// As they are.
    F32(Shared<f32>),
    /// Sound in 16 bits: 32768 stands for 1.
    I16(Shared<i16>),
}

/// A piece of numbers that several recordings share; a clone costs nothing.
#[derive(Clone)]
pub struct Shared<T> {
    all: Arc<[T]>,
    range: Range<usize>,
}

impl<T> Shared<T> {
    /// A piece of `all`; as much of the range as there is.
    pub fn piece(all: &Arc<[T]>, range: Range<usize>) -> Self {
        let end = range.end.min(all.len());
        Self { all: Arc::clone(all), range: range.start.min(end)..end }
    }
}

impl<T> From<Vec<T>> for Shared<T> {
    fn from(values: Vec<T>) -> Self {
        Self { range: 0..values.len(), all: values.into() }
    }
}

impl<T> Deref for Shared<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all[self.range.clone()]
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> std::fmt::Debug for Shared<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} numbers", self.len())
    }
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl Label {
    /// The class, where there is one.
    pub fn class(&self) -> Option<u32> {
        match self {
            Self::Class(class) => Some(*class),
            Self::None | Self::Values(_) => None,
        }
    }
}

impl Series {
    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.values.len() / self.channels.max(1)
    }

    /// Length in seconds, where the rate is known.
    pub fn seconds(&self) -> Option<f64> {
        self.rate_hz.filter(|rate| *rate > 0.0).map(|rate| self.steps() as f64 / rate)
    }

    /// The number of a channel at a step; 16-bit sound between -1 and 1.
    ///
    /// # Panics
    /// There is no such step or channel.
    pub fn value(&self, step: usize, channel: usize) -> f32 {
        self.values.at(step * self.channels + channel)
    }
}

impl SeriesValues {
    /// Count of numbers.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I16(values) => values.len(),
        }
    }

    /// True without any number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number at an index; 16-bit sound between -1 and 1.
    ///
    /// # Panics
    /// There is no such number.
    pub fn at(&self, index: usize) -> f32 {
        match self {
            Self::F32(values) => values[index],
            Self::I16(values) => f32::from(values[index]) / 32_768.0,
        }
    }
}

impl Content {
    /// Bytes that the numbers take.
    pub fn byte_size(&self) -> usize {
        match self {
            Self::Values(values) => 4 * values.len(),
            Self::Picture(picture) => picture.levels.len(),
            Self::Series(Series { values: SeriesValues::F32(values), .. }) => 4 * values.len(),
            Self::Series(Series { values: SeriesValues::I16(values), .. }) => 2 * values.len(),
        }
    }

    /// Steps of a series; `None` for other contents.
    pub fn steps(&self) -> Option<usize> {
        match self {
            Self::Series(series) => Some(series.steps()),
            Self::Values(_) | Self::Picture(_) => None,
        }
    }
}

impl Recording {
    /// The class of the whole recording, or of all its labelled steps where they agree.
    pub fn class(&self) -> Option<u32> {
        let (first, rest) = match self.runs.split_first() {
            Some((first, rest)) => (first.class, rest),
            None => return self.label.class(),
        };
        rest.iter().all(|run| run.class == first).then_some(first)
    }
}

impl Dataset {
    /// Number of a group kind.
    pub fn group_kind(&self, name: &str) -> Option<usize> {
        self.group_kinds.iter().position(|kind| kind == name)
    }

    /// All groups of a kind, in natural order (`2` before `10`).
    pub fn groups(&self, kind: usize) -> Vec<Arc<str>> {
        let groups = self.recordings.iter().filter_map(|recording| recording.groups.get(kind).cloned());
        let mut groups = groups.collect::<Vec<_>>();
        groups.sort_by(|a, b| natural_order(a, b));
        groups.dedup();
        groups
    }

    /// Bytes that the numbers of all recordings take.
    pub fn byte_size(&self) -> usize {
        self.recordings.iter().flat_map(|recording| &recording.contents).map(Content::byte_size).sum()
    }
}

/// The order that people expect: runs of digits count as numbers.
pub(super) fn natural_order(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let (run_a, run_b) = (first_run(rest_a), first_run(rest_b));
        if run_a.is_empty() || run_b.is_empty() {
            return rest_a.len().cmp(&rest_b.len()).then_with(|| a.cmp(b));
        }
        let is_number = |run: &str| run.as_bytes()[0].is_ascii_digit();
        let order = if is_number(run_a) && is_number(run_b) {
            let (a, b) = (run_a.trim_start_matches('0'), run_b.trim_start_matches('0'));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            run_a.cmp(run_b)
        };
        if order.is_ne() {
            return order;
        }
        (rest_a, rest_b) = (&rest_a[run_a.len()..], &rest_b[run_b.len()..]);
    }
}

/// The digits, or the other letters, that a text begins with.
fn first_run(text: &str) -> &str {
    let Some(first) = text.bytes().next() else { return text };
    let is_digit = first.is_ascii_digit();
    let end = text.bytes().position(|byte| byte.is_ascii_digit() != is_digit);
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_sort_as_numbers() {
        let mut names = ["s10", "s2", "a", "", "s02", "s2b", "10", "9", "é1"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["", "9", "10", "a", "s02", "s2", "s2b", "s10", "é1"]);
    }

    #[test]
    fn a_piece_is_never_longer_than_what_it_is_taken_from() {
        let all: Arc<[u8]> = vec![1, 2, 3].into();
        assert_eq!(*Shared::piece(&all, 1..9), [2, 3]);
        assert!(Shared::piece(&all, 7..9).is_empty());
    }

    #[test]
    fn a_recording_has_a_class_if_its_steps_agree() {
        let run = |steps, class| LabelRun { steps, class };
        let recording = |runs| Recording {
            name: String::new(),
            origin: Origin { file: "".into(), place: Place::File },
            groups: Vec::new(),
            part: None,
            label: Label::Class(7),
            runs,
            contents: Vec::new(),
        };
        assert_eq!(recording(vec![]).class(), Some(7));
        assert_eq!(recording(vec![run(0..2, 1), run(4..6, 1)]).class(), Some(1));
        assert_eq!(recording(vec![run(0..2, 1), run(2..6, 0)]).class(), None);
    }
}
