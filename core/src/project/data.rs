//! Where the data of a project are, and how to tell that they have changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dataset::Format;
use crate::hash::sha256_hex;

/// Where the data of a project are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataReference {
    /// Files or folders, relative to the folder of the project file where that is possible, parts separated by `/`. Empty for
    /// generated data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Files or folders whose recordings test and do nothing else; written as `paths`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test_paths: Vec<String>,
    /// What the files were when they were last accepted; `None` for generated data and before they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// How they are read; `None` lets the first reading guess.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Format>,
}

/// What files were, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Files that were read.
    pub files: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// SHA-256 of the list of their sums as `sha256sum` prints it, sorted by path, in hexadecimal.
    pub sha256: String,
}

/// The sum of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSum {
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub bytes: u64,
}

/// The sums of files by their paths among the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSums {
    /// By path, parts separated by `/`.
    pub files: BTreeMap<String, FileSum>,
}

/// How files differ from what they were; paths in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SumsDifference {
    /// Files with other bytes.
    pub changed: Vec<String>,
    /// Files that were not there.
    pub added: Vec<String>,
    /// Files that are not there any more.
    pub missing: Vec<String>,
}

impl DataReference {
    /// A reference to files that were not read yet.
    pub fn new(paths: Vec<String>, reading: Option<Format>) -> Self {
        Self { paths, test_paths: Vec::new(), fingerprint: None, reading }
    }

    /// No files are needed: the data are made from a seed.
    pub fn is_generated(&self) -> bool {
        matches!(self.reading, Some(Format::Generated(_)))
    }
}

impl FileSums {
    /// All of them in short.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            files: self.files.len() as u64,
            bytes: self.files.values().map(|sum| sum.bytes).sum(),
            sha256: sha256_hex(self.to_text().as_bytes()),
        }
    }

    /// A line for each file, as `sha256sum` prints it and checks it.
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.files.len() * 96);
        for (path, sum) in &self.files {
            text.push_str(&sum.sha256);
            text.push_str("  ");
            text.push_str(path);
            text.push('\n');
        }
        text
    }

    /// The sums in a text of [`Self::to_text`], by path; lines that are none are passed over.
    pub fn sums_in(text: &str) -> BTreeMap<&str, &str> {
        let is_sum = |sum: &str| sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        let line = |line: &'_ str| -> Option<(usize, usize)> {
            let at = line.find("  ")?;
            is_sum(&line[..at]).then_some((at, at + 2))
        };
        text.lines()
            .filter_map(|text| line(text).map(|(end, start)| (&text[start..], &text[..end])))
            .collect()
    }

    /// How these files differ from those of a text of [`Self::to_text`].
    pub fn difference(&self, text: &str) -> SumsDifference {
        let before = Self::sums_in(text);
        let mut difference = SumsDifference::default();
        for (path, sum) in &self.files {
            match before.get(path.as_str()) {
                None => difference.added.push(path.clone()),
                Some(known) if *known != sum.sha256 => difference.changed.push(path.clone()),
                Some(_) => {}
            }
        }
        let is_gone = |path: &&&str| !self.files.contains_key(**path);
        difference.missing = before.keys().filter(is_gone).map(|path| (*path).to_owned()).collect();
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(files: &[(&str, &str)]) -> FileSums {
        let sum = |bytes: &str| FileSum { sha256: sha256_hex(bytes.as_bytes()), bytes: bytes.len() as u64 };
        FileSums { files: files.iter().map(|(path, bytes)| ((*path).to_owned(), sum(bytes))).collect() }
    }

    #[test]
    fn sums_are_written_as_sha256sum_prints_them() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a b.csv\n";
        assert_eq!(sums(&[("a b.csv", "abc")]).to_text(), expected);
    }

    #[test]
    fn changes_are_told_by_file() {
        let before = sums(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let after = sums(&[("a", "1"), ("b", "two"), ("d", "4")]);
        let difference = after.difference(&before.to_text());
        assert_eq!(difference.changed, ["b"]);
        assert_eq!(difference.added, ["d"]);
        assert_eq!(difference.missing, ["c"]);
        assert_eq!(after.difference(&after.to_text()), SumsDifference::default());
        assert_ne!(before.fingerprint(), after.fingerprint());
        assert_eq!((after.fingerprint().files, after.fingerprint().bytes), (3, 5));
    }

    #[test]
    fn lines_that_are_no_sums_are_passed_over() {
        assert!(FileSums::sums_in("hello\n\nabc  file\n").is_empty());
    }
}
