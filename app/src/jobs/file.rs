//! Files on disk: read whole with a limit, written whole or not at all.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use crate::document::OpenFailure;

/// Largest file that is read: offsets in a flatbuffer are signed 32-bit numbers.
pub const LARGEST_FILE: u64 = (1 << 31) - 1;

/// Bytes read between two looks at the cancel flag.
const CHUNK: usize = 1 << 20;

/// The bytes of a file; `None` if `report` (bytes read, bytes in all) says false.
///
/// # Errors
/// In words for the user: a directory, a file that vanished, may not be read, or is too large.
pub fn read_file(path: &Path, report: &dyn Fn(u64, u64) -> bool) -> Result<Option<Vec<u8>>, OpenFailure> {
    let name = file_name(path);
    let failed = |error: &std::io::Error| io_failure(path, error);
    let metadata = fs::metadata(path).map_err(|error| failed(&error))?;
    if metadata.is_dir() {
        return Err(failure(
            path,
            format!("{name} is a folder"),
            "A model is a single file.",
            "Open the .tflite file in it.",
        ));
    }
    if !metadata.is_file() {
        return Err(failure(
            path,
            format!("{name} is not a regular file"),
            "It is a device, pipe or socket, which has no end.",
            "Copy the model to a file and open that.",
        ));
    }
    let length = metadata.len();
    if length > LARGEST_FILE {
        return Err(too_large(path, length));
    }
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::with_capacity(length as usize);
    loop {
        if !report(bytes.len() as u64, length) {
            return Ok(None);
        }
        let read = (&file).take(CHUNK as u64).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        if read == 0 {
            return Ok(Some(bytes));
        }
        // A file that grows while it is read must not fill the memory.
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(too_large(path, bytes.len() as u64));
        }
    }
}

/// Writes `bytes` beside `path` and renames, so that a reader sees the old file or the whole new one.
///
/// # Errors
/// In words for the user.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let name = file_name(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = folder.join(format!(".{name}.{}.part", std::process::id()));
    let written = File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        // The part is of no use to anybody; if it cannot be removed either, the first error says more.
        let _ = fs::remove_file(&temporary);
        match error.kind() {
            ErrorKind::NotFound => format!("{} does not exist", folder.display()),
            ErrorKind::PermissionDenied => format!("{} may not be written to", folder.display()),
            ErrorKind::StorageFull => format!("The disk of {} is full", folder.display()),
            _ => format!("{name} could not be written: {error}"),
        }
    })
}

/// The last part of a path, for messages.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn io_failure(path: &Path, error: &std::io::Error) -> OpenFailure {
    let name = file_name(path);
    let (message, place, help) = match error.kind() {
        ErrorKind::NotFound => {
            (format!("{name} is not there"), "", "Look whether it was moved or renamed, then open it again.")
        }
        ErrorKind::PermissionDenied => (
            format!("{name} may not be read"),
            "The system denies access to this user.",
            "Change the permissions of the file, or copy it to a folder of yours.",
        ),
        _ => (
            format!("{name} could not be read"),
            "The system reports an error while reading.",
            "Check that the disk or network it lies on can be reached, then try again.",
        ),
    };
    OpenFailure { details: format!("{}\n{error}", path.display()), ..failure(path, message, place, help) }
}

fn too_large(path: &Path, length: u64) -> OpenFailure {
    let name = file_name(path);
    let place =
        format!("It has `{}`; a .tflite file has at most `2.0 GiB`.", crate::theme::format::bytes(length));
    failure(
        path,
        format!("{name} is too large"),
        &place,
        "Choose a .tflite file; one for a chip has a few MiB at most.",
    )
}

fn failure(path: &Path, message: String, place: &str, help: &str) -> OpenFailure {
    OpenFailure {
        message,
        place: place.to_owned(),
        help: help.to_owned(),
        details: path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("emberlab-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written to");
        folder
    }

    fn message(path: &Path) -> String {
        read_file(path, &|_, _| true).expect_err("it is not a file").message
    }

    #[test]
    fn what_is_not_a_file_is_named() {
        let folder = folder("kinds");
        assert!(message(&folder).ends_with("is a folder"));
        assert!(message(&folder.join("gone.tflite")).contains("gone.tflite is not there"));
        if cfg!(unix) {
            assert!(message(Path::new("/dev/null")).contains("not a regular file"));
        }
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn a_file_that_may_not_be_read_says_so() {
        let folder = folder("permission");
        let error = std::io::Error::from(ErrorKind::PermissionDenied);
        let failure = io_failure(&folder.join("secret.tflite"), &error);
        assert_eq!(failure.message, "secret.tflite may not be read");
        assert!(!failure.help.is_empty() && failure.details.contains("secret.tflite"));
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn a_sparse_giant_is_refused_before_it_is_read() {
        let folder = folder("giant");
        let path = folder.join("giant.tflite");
        let file = File::create(&path).expect("the folder is ours");
        if file.set_len(5 << 30).is_ok() {
            assert_eq!(message(&path), "giant.tflite is too large");
        }
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn reading_stops_when_asked_to() {
        let folder = folder("stop");
        let path = folder.join("a.bin");
        fs::write(&path, vec![7; 3 << 20]).expect("the folder is ours");
        assert_eq!(read_file(&path, &|done, _| done < 1 << 20), Ok(None));
        assert_eq!(read_file(&path, &|_, _| true).expect("a file").map(|bytes| bytes.len()), Some(3 << 20));
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn writing_replaces_the_whole_file_and_leaves_nothing_else() {
        let folder = folder("write");
        let path = folder.join("a.bin");
        for bytes in [vec![1; 100], vec![2; 10]] {
            write_atomically(&path, &bytes).expect("the folder is ours");
            assert_eq!(fs::read(&path).expect("it was written"), bytes);
        }
        let names: Vec<_> = fs::read_dir(&folder).expect("it is ours").collect();
        assert_eq!(names.len(), 1, "{names:?}");
        let missing = folder.join("nowhere").join("a.bin");
        assert!(write_atomically(&missing, &[1]).expect_err("no such folder").contains("does not exist"));
        fs::remove_dir_all(folder).expect("it is ours");
    }
}
