//! Files of data sets on disk: listed fast, never in circles, and with their sums once they were read.

mod list;
mod sums;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use emberlab_core::dataset::{FileEntry, Files, listed_paths};

pub use list::{ListError, MAX_FILES};
pub use sums::SummedFiles;

use crate::jobs::file_name;

/// Largest file that is read into memory.
const LARGEST_FILE: u64 = 2 << 30;

/// Name of the folder under which files that only test are listed beside others.
pub const TEST_FOLDER: &str = "test";

/// Name of the folder under which all others are listed then.
pub const TRAIN_FOLDER: &str = "train";

/// Files and folders that together are a data set.
#[derive(Debug)]
pub struct DiskFiles {
    name: String,
    entries: Vec<FileEntry>,
    /// For each entry the number of its root, which its path continues.
    roots_of: Vec<u32>,
    roots: Vec<Root>,
}

/// A file or a folder that the user has named.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    /// What stands before the paths of its entries.
    prefix: String,
    is_file: bool,
}

impl DiskFiles {
    /// Lists all files at the paths; with `test_paths`, the two kinds are listed below [`TRAIN_FOLDER`] and [`TEST_FOLDER`].
    ///
    /// A single folder or file gives its own contents or name; of several, each is a folder with its name. Hidden files are
    /// left out. `report` gets the number of files so far and ends the listing by saying false: then the result is `None`.
    ///
    /// # Errors
    /// A path is not there, may not be read, or has more than [`MAX_FILES`] files.
    pub fn list(
        paths: &[PathBuf],
        test_paths: &[PathBuf],
        report: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Option<Self>, ListError> {
        let mut files =
            Self { name: name(paths), entries: Vec::new(), roots_of: Vec::new(), roots: Vec::new() };
        let (train, test) = if test_paths.is_empty() { ("", "") } else { (TRAIN_FOLDER, TEST_FOLDER) };
        for (folder, paths) in [(train, paths), (test, test_paths)] {
            for path in paths {
                if !files.add(folder, path, paths.len() > 1, report)? {
                    return Ok(None);
                }
            }
        }
        files.sort();
        Ok(Some(files))
    }

    /// Adds what lies at a path; false if `report` has ended it.
    fn add(
        &mut self,
        folder: &str,
        path: &Path,
        is_one_of_many: bool,
        report: &mut dyn FnMut(u64) -> bool,
    ) -> Result<bool, ListError> {
        let metadata = std::fs::metadata(path).map_err(|error| ListError::new(path, &error))?;
        let is_file = !metadata.is_dir();
        if is_file && is_table(path) {
            self.add_listed(folder, path, report);
        }
        let root = self.roots.len() as u32;
        let own = if is_one_of_many && !is_file {
            self.free_folder(folder, &file_name(path))
        } else {
            String::new()
        };
        let prefix = [folder, own.as_str()]
            .iter()
            .filter(|part| !part.is_empty())
            .fold(String::new(), |all, part| format!("{all}{part}/"));
        if is_file {
            self.entries
                .push(FileEntry { path: format!("{prefix}{}", file_name(path)), bytes: metadata.len() });
            self.roots_of.push(root);
        } else {
            if !list::walk(path, &prefix, &mut self.entries, report)? {
                return Ok(false);
            }
            self.roots_of.resize(self.entries.len(), root);
        }
        self.roots.push(Root { path: path.to_owned(), prefix, is_file });
        Ok(true)
    }

    /// Adds the pictures and sounds beside a table that it lists, so that a table can be opened without its folder.
    fn add_listed(&mut self, folder: &str, table: &Path, report: &mut dyn FnMut(u64) -> bool) {
        let Some(parent) = table.parent() else { return };
        let Some(bytes) = read_table(table) else { return };
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let root = self.roots.len() as u32;
        let known: HashSet<String> = self.entries.iter().map(|entry| entry.path.clone()).collect();
        for (number, listed) in listed_paths(&bytes).into_iter().enumerate() {
            // A table of very many files takes its time: whoever has ended the listing sees that it is not whole.
            if number.is_multiple_of(256) && !report(self.entries.len() as u64) {
                break;
            }
            let path = format!("{prefix}{listed}");
            let Ok(metadata) = std::fs::metadata(parent.join(&listed)) else { continue };
            if metadata.is_file() && !known.contains(&path) {
                self.entries.push(FileEntry { path, bytes: metadata.len() });
                self.roots_of.push(root);
            }
        }
        self.roots.push(Root { path: parent.to_owned(), prefix, is_file: false });
    }

    /// A name for a folder that no other has: two dropped folders may have the same one.
    fn free_folder(&self, folder: &str, name: &str) -> String {
        let prefix =
            |name: &str| if folder.is_empty() { format!("{name}/") } else { format!("{folder}/{name}/") };
        let is_taken = |name: &str| self.roots.iter().any(|root| root.prefix == prefix(name));
        let numbered = (2..).map(|number| format!("{name} {number}"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
    }

    fn sort(&mut self) {
        let mut all: Vec<(FileEntry, u32)> =
            std::mem::take(&mut self.entries).into_iter().zip(std::mem::take(&mut self.roots_of)).collect();
        all.sort_unstable();
        // A file may be dropped beside the table that lists it.
        let place = |(entry, root): &(FileEntry, u32)| {
            let root = &self.roots[*root as usize];
            let below = entry.path.strip_prefix(root.prefix.as_str()).filter(|_| !root.is_file);
            below.map_or_else(|| root.path.clone(), |below| root.path.join(below))
        };
        all.dedup_by(|a, b| a.0.path == b.0.path && place(a) == place(b));
        (self.entries, self.roots_of) = all.into_iter().unzip();
    }

    /// Where a file lies on the disk.
    pub fn path_of(&self, index: usize) -> Option<PathBuf> {
        let entry = self.entries.get(index)?;
        let root = self.roots.get(*self.roots_of.get(index)? as usize)?;
        if root.is_file {
            return Some(root.path.clone());
        }
        Some(root.path.join(entry.path.strip_prefix(root.prefix.as_str())?))
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }

    fn open(&self, index: usize) -> io::Result<File> {
        let path = self.path_of(index).ok_or(io::ErrorKind::NotFound)?;
        let file = File::open(&path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        Ok(file)
    }
}

impl Files for DiskFiles {
    fn entries(&self) -> &[FileEntry] {
        &self.entries
    }

    fn read(&self, index: usize) -> io::Result<Vec<u8>> {
        let file = self.open(index)?;
        let length = file.metadata()?.len();
        if length > LARGEST_FILE {
            return Err(io::Error::other("it is larger than 2 GiB"));
        }
        let mut bytes = Vec::with_capacity(length as usize);
        // A file that grows while it is read must not fill the memory.
        file.take(LARGEST_FILE).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn read_start(&self, index: usize, n_bytes: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(n_bytes.min(1 << 16));
        self.open(index)?.take(n_bytes as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Largest table that is looked through for files that it lists.
const LARGEST_LIST: u64 = 64 << 20;

/// The name is that of a table.
fn is_table(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| matches!(extension.as_str(), "csv" | "tsv" | "txt" | "dat"))
}

/// The bytes of a table that lists files, if it is not too large.
fn read_table(path: &Path) -> Option<Vec<u8>> {
    const START: u64 = 1 << 14;
    let mut bytes = Vec::new();
    let mut file = File::open(path).ok()?;
    if file.metadata().ok()?.len() > LARGEST_LIST {
        return None;
    }
    file.by_ref().take(START).read_to_end(&mut bytes).ok()?;
    // Most tables hold numbers: their start tells.
    if listed_paths(&bytes).is_empty() {
        return None;
    }
    file.take(LARGEST_LIST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Endings of files that data are in.
pub const DATA_EXTENSIONS: [&str; 14] =
    ["csv", "tsv", "txt", "wav", "png", "jpg", "jpeg", "bmp", "npy", "npz", "gz", "idx", "log", "data"];

/// A folder, or a file whose name says that it holds data.
pub fn is_data(path: &Path) -> bool {
    has_data_extension(path) || path.is_dir()
}

/// The name says that the file holds data.
pub fn has_data_extension(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| {
        DATA_EXTENSIONS.contains(&extension.as_str()) || extension.ends_with("ubyte")
    })
}

/// What several paths are called together.
pub fn name(paths: &[PathBuf]) -> String {
    match paths {
        [] => String::new(),
        [one] => file_name(one),
        [first, ..] => first
            .parent()
            .filter(|folder| folder.file_name().is_some())
            .map_or_else(|| file_name(first), file_name),
    }
}

#[cfg(test)]
mod tests;
