//! What file names seem to say.

use std::collections::BTreeSet;

use crate::dataset::read::naming::part_of;
use crate::dataset::{FileEntry, FileLabel, Naming};

/// What parts of names are called when they are no label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Groups {
    /// Groups are not looked for.
    None,
    /// Words name speakers.
    Speakers,
    /// Words name persons.
    Persons,
}

/// Names that are looked at, spread over all.
const LOOKED_AT: usize = 5_000;

/// More different words than classes have.
const MOST_CLASSES: usize = 100;

/// What the names of files seem to say, and that in words; `None` without files.
/// Labels are not looked for where columns have them.
pub(super) fn guess(files: &[&FileEntry], groups: Groups, labels: bool) -> Option<(Naming, String)> {
    let step = files.len().div_ceil(LOOKED_AT).max(1);
    let files: Vec<&FileEntry> = files.iter().copied().step_by(step).collect();
    files.first()?;
    let parts = files.iter().filter(|file| part_of(file).is_some()).count();
    let parts = parts > 0 && parts * 2 >= files.len();
    let folders: BTreeSet<&str> = files.iter().filter_map(|file| file.folders().next_back()).collect();
    let is_part = |folder: &&str| part_of(&FileEntry { path: (*folder).to_owned(), bytes: 0 }).is_some();
    let n_classes = folders.iter().filter(|folder| !is_part(folder)).count();
    let has_label_folders = labels && n_classes >= 2 && n_classes * 2 <= files.len().max(4);
    let fields = Fields::new(&files);
    let mut naming = Naming { parts, ..Naming::default() };
    let label_field =
        if has_label_folders || !labels { None } else { fields.as_ref().and_then(Fields::label) };
    let mut said = Vec::new();
    if has_label_folders {
        naming.label = FileLabel::Folder;
        said.push(format!("{n_classes} folders name the classes"));
    } else if label_field.is_some() {
        naming.label = FileLabel::FileName;
        said.push("names begin with or hold the class".to_owned());
    }
    if let Some(fields) = &fields {
        let (pattern, kinds) = fields.pattern(label_field, groups);
        if label_field.is_some() || !kinds.is_empty() {
            naming.pattern = pattern;
        }
        if !kinds.is_empty() {
            said.push(format!("names tell the {}", kinds.join(" and the ")));
        }
    }
    if parts {
        said.push("names tell training from test".to_owned());
    }
    if said.is_empty() {
        said.push("names say nothing of classes".to_owned());
    }
    Some((naming, said.join(", ")))
}

/// Names that all have the same number of words, with `_` or `-` between.
struct Fields {
    separator: char,
    columns: Vec<BTreeSet<String>>,
    n_files: usize,
}

impl Fields {
    fn new(files: &[&FileEntry]) -> Option<Self> {
        ['_', '-'].into_iter().find_map(|separator| {
            let n_columns = files.first()?.stem().split(separator).count();
            let mut columns = vec![BTreeSet::new(); n_columns];
            for file in files {
                let words: Vec<&str> = file.stem().split(separator).collect();
                if words.len() != n_columns || words.iter().any(|word| word.is_empty()) {
                    return None;
                }
                for (column, word) in columns.iter_mut().zip(words) {
                    column.insert(word.to_owned());
                }
            }
            (n_columns > 1).then_some(Self { separator, columns, n_files: files.len() })
        })
    }

    /// The column that seems to be the label: the first whose words come again, numbers at least twice on average; or the only
    /// one that changes, if it does not count files.
    fn label(&self) -> Option<usize> {
        let is_class = |column: &BTreeSet<String>| {
            let are_numbers = column.iter().all(|word| is_number(word));
            let most = if are_numbers { self.n_files / 2 } else { self.n_files - 1 };
            (2..=most.min(MOST_CLASSES)).contains(&column.len())
        };
        let changing = || (0..self.columns.len()).filter(|index| self.columns[*index].len() > 1);
        let mut only = changing();
        match (only.next(), only.next()) {
            (Some(index), None) => {
                let column = &self.columns[index];
                (!column.iter().all(|word| is_number(word)) && column.len() <= MOST_CLASSES).then_some(index)
            }
            _ => changing().find(|index| is_class(&self.columns[*index])),
        }
    }

    /// The pattern of names, and the kinds of groups in it.
    fn pattern(&self, label: Option<usize>, groups: Groups) -> (String, Vec<String>) {
        let mut kinds: Vec<String> = Vec::new();
        let words = self.columns.iter().enumerate().map(|(index, column)| {
            if label == Some(index) {
                return "{label}".to_owned();
            }
            // Words that are different in every file are no groups, and numbers that never change do so by chance.
            let is_constant = column.len() == 1;
            let are_numbers = column.iter().all(|word| is_number(word));
            if groups == Groups::None || column.len() == self.n_files || is_constant && are_numbers {
                return "{*}".to_owned();
            }
            if let (true, Some(word)) = (is_constant, column.first()) {
                return word.clone();
            }
            let kind = match (are_numbers, groups) {
                (true, _) => "number",
                (false, Groups::Speakers) => "speaker",
                (false, Groups::Persons | Groups::None) => "person",
            };
            let count = kinds.iter().filter(|other| other.starts_with(kind)).count();
            let kind = if count == 0 { kind.to_owned() } else { format!("{kind} {}", count + 1) };
            kinds.push(kind.clone());
            format!("{{{kind}}}")
        });
        let words: Vec<String> = words.collect();
        (words.join(&self.separator.to_string()), kinds)
    }
}

/// A number, perhaps with a unit.
fn is_number(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_ascii_digit())
}
