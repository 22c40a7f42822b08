//! What folders and file names say of a recording.

use std::sync::Arc;

use super::assemble::Assembly;
use crate::dataset::{FileEntry, FileLabel, Label, Naming, Part, Place, ProblemKind};

/// A naming that is ready to be held against names.
pub(in crate::dataset) struct Names<'n> {
    naming: &'n Naming,
    pattern: Pattern,
}

/// What the name of one file says.
pub(super) struct FileSays {
    pub(super) label: Option<String>,
    pub(super) groups: Vec<Arc<str>>,
    pub(super) part: Option<Part>,
}

impl FileSays {
    /// The label of recordings of the file.
    pub(super) fn label(&self, assembly: &mut Assembly<'_, '_, '_>) -> Label {
        self.label.as_ref().map_or(Label::None, |label| Label::Class(assembly.class(label)))
    }
}

/// The word in braces that is the label.
const LABEL: &str = "label";
/// The word in braces that is skipped.
const SKIPPED: &str = "*";

impl<'n> Names<'n> {
    pub(in crate::dataset) fn new(naming: &'n Naming) -> Self {
        Self { naming, pattern: Pattern::new(&naming.pattern) }
    }

    /// Kinds of the groups that names have.
    pub(super) fn group_kinds(&self) -> impl Iterator<Item = String> {
        self.pattern.words().filter(|word| *word != LABEL && *word != SKIPPED).map(str::to_owned)
    }

    /// What the name of a file says; `None`, and a problem, if it is not made as it should be.
    pub(super) fn of(&self, assembly: &mut Assembly<'_, '_, '_>, file: usize) -> Option<FileSays> {
        let entry = assembly.entry(file);
        let Some(found) = self.pattern.matched(entry) else {
            assembly.problem(ProblemKind::Label, &entry.path, Place::File, || {
                let message = format!("the name is not made as {}", self.naming.pattern);
                (message, "Rename the file, change the pattern, or leave the file out".to_owned())
            });
            return None;
        };
        let word = |wanted: &str| found.iter().find(|(word, _)| *word == wanted).map(|(_, text)| *text);
        let label = match self.naming.label {
            FileLabel::Nothing => None,
            FileLabel::Folder => entry.folders().next_back(),
            FileLabel::FileName => word(LABEL),
        };
        if label.is_none() && self.naming.label != FileLabel::Nothing {
            assembly.problem(ProblemKind::Label, &entry.path, Place::File, || {
                let message = match self.naming.label {
                    FileLabel::Folder => "the file lies in no folder that could name its class",
                    FileLabel::FileName | FileLabel::Nothing => "the pattern has no {label}",
                };
                (message.to_owned(), "Choose another place for the label".to_owned())
            });
            return None;
        }
        let names = &self.naming.label_names;
        let label = label.map(|label| names.get(label).map_or(label, String::as_str).to_owned());
        let groups = found.iter().filter(|(word, _)| *word != LABEL && *word != SKIPPED);
        let groups = groups.map(|(_, text)| assembly.group(text)).collect();
        let part = if self.naming.parts { part_of(entry) } else { None };
        Some(FileSays { label, groups, part })
    }
}

/// The part that the folders or the name of a file speak of.
pub(in crate::dataset) fn part_of(entry: &FileEntry) -> Option<Part> {
    part_in_words(&entry.path)
}

/// The part that one of the words of a text names.
pub(in crate::dataset) fn part_in_words(text: &str) -> Option<Part> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
    words.into_iter().find_map(|word| match word.as_str() {
        "train" | "training" => Some(Part::Train),
        "val" | "valid" | "validation" | "dev" => Some(Part::Validation),
        "test" | "testing" | "t10k" => Some(Part::Test),
        _ => None,
    })
}

/// A pattern in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::dataset) struct Pattern {
    pieces: Vec<Piece>,
    /// Folders that the pattern speaks of.
    n_folders: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Letters as they are.
    Text(String),
    /// Any letters, at least one, but no `/`.
    Word(String),
}

impl Pattern {
    /// The pieces of a text with words in braces. A brace that is not closed, or comes after very many, stands for itself.
    pub(in crate::dataset) fn new(text: &str) -> Self {
        const MAX_PIECES: usize = 200;
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some(start) = rest.find('{').filter(|_| pieces.len() < MAX_PIECES) {
            let Some(length) = rest[start..].find('}') else { break };
            if start > 0 {
                pieces.push(Piece::Text(rest[..start].to_owned()));
            }
            pieces.push(Piece::Word(rest[start + 1..start + length].to_owned()));
            rest = &rest[start + length + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Self { pieces, n_folders: text.matches('/').count() }
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Word(word) => Some(word.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Words and the letters of the name that they stand for; each word as short as it can be, the first ones first. `None`
    /// if the name is not made like this.
    pub(in crate::dataset) fn matched<'a>(&'a self, entry: &'a FileEntry) -> Option<Vec<(&'a str, &'a str)>> {
        if self.pieces.is_empty() {
            return Some(Vec::new());
        }
        let name_length = entry.file_name().len() - entry.stem().len();
        let path = &entry.path[..entry.path.len() - name_length];
        let start = path.rmatch_indices('/').nth(self.n_folders).map_or(0, |(slash, _)| slash + 1);
        let name = &path[start..];
        let mut found = Vec::new();
        let mut dead_ends = std::collections::HashSet::new();
        fits(&self.pieces, name, name.len(), &mut found, &mut dead_ends).then_some(found)
    }
}

/// Holds pieces against a name. Places where the rest does not fit are tried only once, so that no pattern takes long.
fn fits<'a>(
    pieces: &'a [Piece],
    name: &'a str,
    length: usize,
    found: &mut Vec<(&'a str, &'a str)>,
    dead_ends: &mut std::collections::HashSet<(usize, usize)>,
) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return name.is_empty() };
    let place = (pieces.len(), length - name.len());
    if dead_ends.contains(&place) {
        return false;
    }
    let does_fit = match first {
        Piece::Text(text) => {
            name.strip_prefix(text.as_str()).is_some_and(|name| fits(rest, name, length, found, dead_ends))
        }
        Piece::Word(word) => {
            let ends = name.char_indices().map(|(at, letter)| (at + letter.len_utf8(), letter));
            ends.take_while(|(_, letter)| *letter != '/').any(|(end, _)| {
                found.push((word, &name[..end]));
                let does_fit = fits(rest, &name[end..], length, found, dead_ends);
                if !does_fit {
                    found.pop();
                }
                does_fit
            })
        }
    };
    if !does_fit {
        dead_ends.insert(place);
    }
    does_fit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: Option<&[(&str, &str)]>) {
        let entry = FileEntry { path: path.to_owned(), bytes: 0 };
        let pattern = Pattern::new(pattern);
        assert_eq!(pattern.matched(&entry).as_deref(), expected, "{path}");
    }

    #[test]
    fn names_are_taken_apart_by_patterns() {
        let digits = "{label}_{speaker}_{number}";
        check(
            digits,
            "recordings/7_george_12.wav",
            Some(&[("label", "7"), ("speaker", "george"), ("number", "12")]),
        );
        check(digits, "7_george.wav", None);
        check("s{person}_{*}_sp", "s02_01_sp.csv", Some(&[("person", "02"), ("*", "01")]));
        check(
            "{label}/{person}-{*}",
            "a/yes/bob-3.wav",
            Some(&[("label", "yes"), ("person", "bob"), ("*", "3")]),
        );
        check("{label}/{*}", "alone.wav", None);
        check("gesture_{label}", "gesture_slope.txt", Some(&[("label", "slope")]));
        check("", "anything", Some(&[]));
        check("{", "{.txt", Some(&[]));
        check("{label}ñ{n}", "eñe ñu.png", Some(&[("label", "e"), ("n", "e ñu")]));
    }

    #[test]
    fn many_words_take_no_time() {
        let name = format!("{}.wav", "a".repeat(200));
        check(&format!("{}b", "{w}a".repeat(60)), &name, None);
        check(&format!("{}b", "{w}".repeat(60)), &name, None);
    }

    #[test]
    fn parts_are_recognised_as_words() {
        let part = |path: &str| part_of(&FileEntry { path: path.to_owned(), bytes: 0 });
        assert_eq!(part("train/cat/1.png"), Some(Part::Train));
        assert_eq!(part("data/mnist_test.csv"), Some(Part::Test));
        assert_eq!(part("t10k-images-idx3-ubyte.gz"), Some(Part::Test));
        assert_eq!(part("Validation/1.png"), Some(Part::Validation));
        assert_eq!(part("latest/trainers.png"), None);
    }
}
