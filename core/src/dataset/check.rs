//! Whether a set can be trusted: balance of classes, duplicates, leaks between parts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::split::GroupKind;
use super::{Assignment, Content, DataError, Dataset, Part, Recording, SeriesValues};

/// How many recordings of each class each part has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// One for each class, then one for recordings without a class or of several.
    pub rows: Vec<BalanceRow>,
}

/// Recordings of one class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalanceRow {
    /// The class; `None` for recordings without a class or of several.
    pub class: Option<u32>,
    /// Recordings that train, validate and test, in this order.
    pub recordings: [usize; 3],
    /// Labelled steps of series in the same parts; a recording with one label counts all of its steps.
    pub steps: [usize; 3],
}

impl Balance {
    /// Counts the classes of a set. Recordings that are divided in time count as training.
    ///
    /// # Panics
    /// The assignment is one of another set.
    pub fn count(dataset: &Dataset, assignment: &Assignment) -> Self {
        let n_classes = dataset.classes.len();
        let row = |index: usize| BalanceRow {
            class: (index < n_classes).then_some(index as u32),
            ..BalanceRow::default()
        };
        let mut rows: Vec<BalanceRow> = (0..=n_classes).map(row).collect();
        for (recording, part) in dataset.recordings.iter().zip(&assignment.parts) {
            let part = *part as usize;
            let own = recording.class().map_or(n_classes, |class| class as usize);
            rows[own].recordings[part] += 1;
            if recording.runs.is_empty() {
                rows[own].steps[part] += recording.contents.first().and_then(Content::steps).unwrap_or(0);
            }
            for run in &recording.runs {
                rows[run.class as usize].steps[part] += run.steps.len();
            }
        }
        Self { rows }
    }

    /// The class with most training recordings has this many times as many as the one with fewest; `None` where a class has
    /// none, or there are fewer than two classes.
    pub fn imbalance(&self) -> Option<f64> {
        let trained = self.rows.iter().filter(|row| row.class.is_some()).map(|row| {
            // Where every recording has several classes, steps tell.
            if self.rows.iter().all(|row| row.class.is_none() || row.recordings == [0; 3]) {
                row.steps[Part::Train as usize]
            } else {
                row.recordings[Part::Train as usize]
            }
        });
        let counts: Vec<usize> = trained.collect();
        let (fewest, most) = (*counts.iter().min()?, *counts.iter().max()?);
        (counts.len() > 1 && fewest > 0).then(|| most as f64 / fewest as f64)
    }
}

/// Recordings with the same contents, each list in the order of the set; the recordings of a list are equal number for number,
/// whatever their labels say.
pub fn duplicates(dataset: &Dataset) -> Vec<Vec<usize>> {
    let mut by_hash: HashMap<u64, Vec<Vec<usize>>> = HashMap::new();
    for (index, recording) in dataset.recordings.iter().enumerate() {
        let alike = by_hash.entry(content_hash(recording)).or_default();
        let same = alike.iter_mut().find(|list| {
            let first = &dataset.recordings[list[0]];
            first.contents == recording.contents
        });
        match same {
            Some(list) => list.push(index),
            None => alike.push(vec![index]),
        }
    }
    let mut lists: Vec<Vec<usize>> = by_hash.into_values().flatten().filter(|list| list.len() > 1).collect();
    lists.sort();
    lists
}

fn content_hash(recording: &Recording) -> u64 {
    let mut hasher = DefaultHasher::new();
    let floats = |values: &[f32], hasher: &mut DefaultHasher| {
        // Equal numbers have equal hashes: -0 equals 0.
        values.iter().for_each(|value| (value + 0.0).to_bits().hash(hasher));
    };
    for content in &recording.contents {
        match content {
            Content::Values(values) => floats(values, &mut hasher),
            Content::Picture(picture) => {
                (picture.height, picture.width, picture.channels).hash(&mut hasher);
                picture.levels.hash(&mut hasher);
            }
            Content::Series(series) => match &series.values {
                SeriesValues::F32(values) => floats(values, &mut hasher),
                SeriesValues::I16(values) => values.hash(&mut hasher),
            },
        }
    }
    hasher.finish()
}

/// The same thing on both sides of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leak {
    /// Recordings with the same contents lie in more than one part.
    Duplicate {
        /// Numbers of the recordings.
        recordings: Vec<usize>,
    },
    /// A group lies in more than one part.
    Group {
        /// Kind of the group.
        kind: String,
        /// The group.
        group: String,
        /// Its recordings that train, validate and test, in this order.
        recordings: [usize; 3],
    },
}

/// Leaks of a split: duplicates, and groups of `kind` (such as `speaker`), in more than one part.
///
/// # Errors
/// Recordings have no such groups.
///
/// # Panics
/// The assignment is one of another set.
pub fn leaks(dataset: &Dataset, assignment: &Assignment, kind: Option<&str>) -> Result<Vec<Leak>, DataError> {
    let part = |index: &usize| assignment.parts[*index];
    let is_spread = |list: &Vec<usize>| list.iter().any(|index| part(index) != part(&list[0]));
    let duplicates = duplicates(dataset).into_iter().filter(is_spread);
    let mut leaks: Vec<Leak> = duplicates.map(|recordings| Leak::Duplicate { recordings }).collect();
    let Some(name) = kind else { return Ok(leaks) };
    let kind = GroupKind::find(dataset, name)?;
    let all: Vec<usize> = (0..dataset.recordings.len()).collect();
    for (group, members) in super::split::units(dataset, &kind, &all) {
        let mut recordings = [0; 3];
        members.iter().for_each(|index| recordings[part(index) as usize] += 1);
        if recordings.iter().filter(|count| **count > 0).count() > 1 {
            leaks.push(Leak::Group { kind: name.to_owned(), group, recordings });
        }
    }
    Ok(leaks)
}
