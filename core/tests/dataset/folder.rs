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
    pub fn new(root: &Path) -> Self {
        let (mut entries, mut folders) = (Vec::new(), vec![root.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let below = path.strip_prefix(root).expect("it lies below the root");
                    let bytes = entry.metadata().expect("a file").len();
                    entries.push(FileEntry { path: below.to_str().expect("UTF-8").to_owned(), bytes });
                }
            }
        }
        Self { root: root.to_owned(), entries }
    }

    /// A shared set; `None`, with one printed line, where there are none.
    pub fn shared(name: &str) -> Option<Self> {
        let sets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/datasets");
        if !sets.is_dir() {
            eprintln!("skipped: ../shared/datasets is absent");
            return None;
        }
        Some(Self::new(&sets.join(name)))
    }
}

impl Files for Folder {
    fn entries(&self) -> &[FileEntry] {
        &self.entries
    }

    fn read(&self, index: usize) -> io::Result<Vec<u8>> {
        std::fs::read(self.root.join(&self.entries[index].path))
    }

    fn read_start(&self, index: usize, n_bytes: usize) -> io::Result<Vec<u8>> {
        use std::io::Read;
        let mut bytes = Vec::new();
        let file = std::fs::File::open(self.root.join(&self.entries[index].path))?;
        file.take(n_bytes as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn name(&self) -> String {
        self.root.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}
