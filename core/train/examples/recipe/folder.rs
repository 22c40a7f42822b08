//! Files of a folder on the disk.

use std::io;
use std::path::{Path, PathBuf};

use emberlab_core::dataset::{FileEntry, Files};

/// All files below a folder.
pub struct Folder {
    root: PathBuf,
    entries: Vec<FileEntry>,
}

impl Folder {
    /// Lists the files.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn new(root: &Path) -> io::Result<Self> {
        let (mut entries, mut folders) = (Vec::new(), vec![root.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)?.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(below) = path.strip_prefix(root) {
                    let bytes = entry.metadata()?.len();
                    entries.push(FileEntry { path: below.to_string_lossy().into_owned(), bytes });
                }
            }
        }
        Ok(Self { root: root.to_owned(), entries })
    }
}

impl Files for Folder {
    fn entries(&self) -> &[FileEntry] {
        &self.entries
    }

    fn read(&self, index: usize) -> io::Result<Vec<u8>> {
        std::fs::read(self.root.join(&self.entries[index].path))
    }

    fn name(&self) -> String {
        self.root.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}
