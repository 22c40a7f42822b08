//! Files as the reader sees them: names, sizes, and bytes when asked.

use std::io;

/// Files of a folder, or those that somebody dropped; whoever opens files implements it.
pub trait Files: Sync {
    /// All files, folders left out, in any order. Listing reads no file.
    fn entries(&self) -> &[FileEntry];

    /// The bytes of the file with this number among [`Files::entries`].
    ///
    /// # Errors
    /// The file is gone, locked or on a broken disk.
    fn read(&self, index: usize) -> io::Result<Vec<u8>>;

    /// The first bytes of a file, as many as asked for or as there are. Reads the whole file unless there is a better way.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn read_start(&self, index: usize, n_bytes: usize) -> io::Result<Vec<u8>> {
        let mut bytes = self.read(index)?;
        bytes.truncate(n_bytes);
        Ok(bytes)
    }

    /// Name of the folder or of the only file, for people.
    fn name(&self) -> String {
        String::new()
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileEntry {
    /// Path below the folder, parts separated by `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
}

impl FileEntry {
    /// The file's name without its folders.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The ending of the name in lower case, without the dot; empty without one.
    pub fn extension(&self) -> String {
        let name = self.file_name();
        name.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_ascii_lowercase())
    }

    /// The file's name without its ending.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// The names of its folders, outermost first.
    pub fn folders(&self) -> impl DoubleEndedIterator<Item = &str> {
        let folders = self.path.rsplit_once('/').map_or("", |(folders, _)| folders);
        folders.split('/').filter(|folder| !folder.is_empty())
    }
}

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    name: String,
    entries: Vec<FileEntry>,
    bytes: Vec<Vec<u8>>,
}

impl MemoryFiles {
    /// No files yet, in a folder of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// With one more file.
    pub fn with(mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.add(path, bytes);
        self
    }

    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.entries.push(FileEntry { path: path.into(), bytes: bytes.len() as u64 });
        self.bytes.push(bytes);
    }
}

impl Files for MemoryFiles {
    fn entries(&self) -> &[FileEntry] {
        &self.entries
    }

    fn read(&self, index: usize) -> io::Result<Vec<u8>> {
        self.bytes.get(index).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let entry = |path: &str| FileEntry { path: path.to_owned(), bytes: 0 };
        let file = entry("train/cat/a.b.PNG");
        assert_eq!((file.file_name(), file.stem(), file.extension().as_str()), ("a.b.PNG", "a.b", "png"));
        assert_eq!(file.folders().collect::<Vec<_>>(), ["train", "cat"]);
        let file = entry("SHA256SUMS");
        assert_eq!((file.stem(), file.extension().as_str(), file.folders().count()), ("SHA256SUMS", "", 0));
    }
}
