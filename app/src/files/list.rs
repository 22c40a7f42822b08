//! Walking through folders.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use emberlab_core::dataset::FileEntry;

use crate::jobs::file_name;

/// More files than this are no data set that fits into memory.
pub const MAX_FILES: usize = 5_000_000;

/// Files between two reports.
const REPORT_EVERY: usize = 256;

/// Why files could not be listed, in words for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ListError {
    /// What is wrong.
    pub message: String,
    /// A step to try.
    pub help: String,
    /// The path is not there.
    pub is_missing: bool,
}

impl ListError {
    pub(super) fn new(path: &Path, error: &std::io::Error) -> Self {
        let name = file_name(path);
        let (message, help) = match error.kind() {
            ErrorKind::NotFound => (
                format!("{name} is not there"),
                "Look whether it was moved or renamed, or whether its disk is connected",
            ),
            ErrorKind::PermissionDenied => {
                (format!("{name} may not be read"), "Change its permissions, or copy it to a folder of yours")
            }
            _ => (
                format!("{name} cannot be read: {error}"),
                "Check that the disk or network it lies on can be reached",
            ),
        };
        Self { message, help: help.to_owned(), is_missing: error.kind() == ErrorKind::NotFound }
    }

    fn too_many(path: &Path) -> Self {
        Self {
            message: format!("{} has more than {MAX_FILES} files", file_name(path)),
            help: "Choose the folder in which the data set lies".to_owned(),
            is_missing: false,
        }
    }
}

/// A folder that waits to be looked into.
struct Folder {
    path: PathBuf,
    /// What stands before the names of its files.
    prefix: String,
    /// The same folder without links.
    real: PathBuf,
}

/// Adds all files below `root`; false if `report` has ended it.
///
/// Folders behind links are looked into once, and never when they contain the link. Folders below `root` that may not be
/// read are passed over.
///
/// # Errors
/// `root` may not be read, or there are too many files.
pub(super) fn walk(
    root: &Path,
    prefix: &str,
    entries: &mut Vec<FileEntry>,
    report: &mut dyn FnMut(u64) -> bool,
) -> Result<bool, ListError> {
    let real = fs::canonicalize(root).map_err(|error| ListError::new(root, &error))?;
    let mut waiting = vec![Folder { path: root.to_owned(), prefix: prefix.to_owned(), real }];
    let mut followed: BTreeSet<PathBuf> = BTreeSet::new();
    while let Some(folder) = waiting.pop() {
        let found = match fs::read_dir(&folder.path) {
            Ok(found) => found,
            Err(error) if folder.path == root => return Err(ListError::new(root, &error)),
            Err(_) => continue,
        };
        for entry in found.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_hidden(&name) {
                continue;
            }
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            let is_folder = if kind.is_symlink() {
                fs::metadata(&path).is_ok_and(|target| target.is_dir())
            } else {
                kind.is_dir()
            };
            if is_folder {
                let prefix = format!("{}{name}/", folder.prefix);
                let real = if kind.is_symlink() {
                    let Ok(target) = fs::canonicalize(&path) else { continue };
                    if folder.real.starts_with(&target) || !followed.insert(target.clone()) {
                        continue;
                    }
                    target
                } else {
                    folder.real.join(&name)
                };
                waiting.push(Folder { path, prefix, real });
                continue;
            }
            // `fs::metadata` follows links to files; pipes and devices have no end.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if !metadata.is_file() {
                continue;
            }
            if entries.len() >= MAX_FILES {
                return Err(ListError::too_many(root));
            }
            entries.push(FileEntry { path: format!("{}{name}", folder.prefix), bytes: metadata.len() });
            if entries.len().is_multiple_of(REPORT_EVERY) && !report(entries.len() as u64) {
                return Ok(false);
            }
        }
        if !report(entries.len() as u64) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Files that desktops and tools leave behind.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "__MACOSX" | "Thumbs.db" | "desktop.ini")
}
