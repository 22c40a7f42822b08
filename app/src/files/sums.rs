//! Files that keep the sums of what was read.

use std::io;
use std::sync::{Mutex, PoisonError};

use emberlab_core::dataset::{FileEntry, Files};
use emberlab_core::hash::sha256_hex;
use emberlab_core::project::{FileSum, FileSums};

/// Files whose whole contents are summed on the way to the reader, so that nothing is read twice.
pub struct SummedFiles<'f> {
    files: &'f dyn Files,
    sums: Mutex<FileSums>,
}

impl<'f> SummedFiles<'f> {
    /// Nothing has been read yet.
    pub fn new(files: &'f dyn Files) -> Self {
        Self { files, sums: Mutex::default() }
    }

    /// The sums of all files that were read as a whole.
    pub fn into_sums(self) -> FileSums {
        self.sums.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for SummedFiles<'_> {
    fn entries(&self) -> &[FileEntry] {
        self.files.entries()
    }

    fn read(&self, index: usize) -> io::Result<Vec<u8>> {
        let bytes = self.files.read(index)?;
        if let Some(entry) = self.files.entries().get(index) {
            let sum = FileSum { sha256: sha256_hex(&bytes), bytes: bytes.len() as u64 };
            let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
            sums.files.insert(entry.path.clone(), sum);
        }
        Ok(bytes)
    }

    fn read_start(&self, index: usize, n_bytes: usize) -> io::Result<Vec<u8>> {
        self.files.read_start(index, n_bytes)
    }

    fn name(&self) -> String {
        self.files.name()
    }
}
