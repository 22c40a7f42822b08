//! What is wrong with data, for people: where, what, and what to try.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Place;

/// Something that keeps data from being used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DataError {
    /// What is wrong, with what was expected and what was found.
    pub message: String,
    /// What to try.
    pub help: String,
}

impl DataError {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// Something wrong with a piece of data, while the rest is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem.
    pub kind: ProblemKind,
    /// Path among the files; empty where it is about the whole set.
    pub file: Arc<str>,
    /// Where in the file.
    pub place: Place,
    /// What is wrong, with what was expected and what was found.
    pub message: String,
    /// What to try.
    pub help: String,
}

/// Kinds of problems, from those that cost most data to mere notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// Nothing was found to read.
    Empty,
    /// A file cannot be opened or is none of its format.
    Unreadable,
    /// A file that a table lists is not there.
    Missing,
    /// A file ends too early.
    CutShort,
    /// A size differs from that of the others or from what was declared.
    Size,
    /// A text that should be a number is none.
    NotANumber,
    /// A number is infinite or none (NaN).
    NotFinite,
    /// A label is missing or makes no sense.
    Label,
    /// More than memory allows.
    TooMuch,
    /// Recordings of different rates.
    Rate,
    /// Times that jump or run backwards.
    Time,
    /// Times that are uneven: values were put on an even grid.
    Grid,
    /// Classes that cannot be learnt: only one, or one without examples.
    Classes,
    /// Something worth knowing that costs no data.
    Note,
}

impl ProblemKind {
    /// True where data were left out.
    pub fn leaves_out(self) -> bool {
        match self {
            Self::Empty
            | Self::Unreadable
            | Self::Missing
            | Self::CutShort
            | Self::Size
            | Self::NotANumber
            | Self::NotFinite
            | Self::Label
            | Self::TooMuch => true,
            Self::Rate | Self::Time | Self::Grid | Self::Classes | Self::Note => false,
        }
    }
}

/// Problems that are listed one by one, for each kind; more are only counted.
const LISTED: usize = 50;

/// The problems of a set: the first of each kind, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    counts: BTreeMap<ProblemKind, usize>,
}

impl Problems {
    /// The problems that are listed, in the order in which they were found: at most 50 of each kind.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// How many problems of each kind there are, with those that are not listed.
    pub fn counts(&self) -> &BTreeMap<ProblemKind, usize> {
        &self.counts
    }

    /// How many there are of a kind, with those that are not listed.
    pub fn count(&self, kind: ProblemKind) -> usize {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// How many there are, with those that are not listed.
    pub fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// True without any problem.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Adds a problem. Its texts are only made if it is listed.
    pub(super) fn add(
        &mut self,
        kind: ProblemKind,
        file: &str,
        place: Place,
        text: impl FnOnce() -> (String, String),
    ) {
        let count = self.counts.entry(kind).or_insert(0);
        *count += 1;
        if *count <= LISTED {
            let (message, help) = text();
            self.list.push(Problem { kind, file: file.into(), place, message, help });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_problems_are_counted_and_few_are_listed() {
        let mut problems = Problems::default();
        for line in 0..1_000_000 {
            problems.add(ProblemKind::NotFinite, "a.csv", Place::Line(line), || ("NaN".into(), "try".into()));
        }
        problems.add(ProblemKind::Size, "b.csv", Place::File, || ("short".into(), "try".into()));
        assert_eq!(problems.list().len(), LISTED + 1);
        assert_eq!(problems.count(ProblemKind::NotFinite), 1_000_000);
        assert_eq!(problems.total(), 1_000_001);
        assert!(problems.list().iter().any(|problem| &*problem.file == "b.csv"), "rare ones stay visible");
    }
}
