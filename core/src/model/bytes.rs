//! Bytes that are shared with the file they came from.

use std::ops::Range;
use std::sync::Arc;

/// A range of bytes in shared memory: constants of a model without a copy of the file.
#[derive(Clone)]
pub struct SharedBytes {
    memory: Arc<[u8]>,
    range: Range<usize>,
}

impl SharedBytes {
    /// The whole of `memory`.
    pub fn new(memory: impl Into<Arc<[u8]>>) -> Self {
        let memory = memory.into();
        let range = 0..memory.len();
        Self { memory, range }
    }

    /// A range of `memory`; `None` if it does not lie within.
    pub fn slice_of(memory: &Arc<[u8]>, range: Range<usize>) -> Option<Self> {
        (range.start <= range.end && range.end <= memory.len())
            .then(|| Self { memory: memory.clone(), range })
    }

    /// The first bytes, without a copy; fewer where there are not as many.
    pub fn first(&self, n_bytes: usize) -> Self {
        let end = self.range.start + n_bytes.min(self.range.len());
        Self { memory: self.memory.clone(), range: self.range.start..end }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.memory[self.range.clone()]
    }

    /// Where the bytes lie in the shared memory.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }
}

impl std::ops::Deref for SharedBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for SharedBytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for SharedBytes {}

impl From<Vec<u8>> for SharedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl std::fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.as_slice().len())
    }
}
