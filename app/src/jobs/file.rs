//! Files on disk: read whole with a limit, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

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

/// Why files could not be written, in words for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteFailure {
    /// What failed, and where.
    pub message: String,
    /// A step to try.
    pub help: String,
}

/// Writes `bytes` beside `path` and renames, so that a reader sees the old file or the whole new one.
///
/// # Errors
/// In words for the user.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let name = file_name(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = part_of(folder, &name);
    let written = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        // The part is of no use to anybody; if it cannot be removed either, the first error says more.
        let _ = fs::remove_file(&temporary);
        write_failure(folder, &name, &error).message
    })
}

/// Writes files into one folder, which is made if it is not there: all of them or none. Names may be paths in it, with `/`.
///
/// They are written under other names first, and `check` sees where; then they take the places of those that were there.
/// When anything fails, or `check` gives `None`, everything is as it was before.
///
/// # Errors
/// In words for the user; and what `check` says.
pub fn write_together<T>(
    folder: &Path,
    files: &[(&str, &[u8])],
    check: impl FnOnce(&[PathBuf]) -> Result<Option<T>, WriteFailure>,
) -> Result<Option<T>, WriteFailure> {
    write_together_with(&write_synced, folder, files, check)
}

fn write_together_with<T>(
    write: &dyn Fn(&Path, &[u8]) -> io::Result<()>,
    folder: &Path,
    files: &[(&str, &[u8])],
    check: impl FnOnce(&[PathBuf]) -> Result<Option<T>, WriteFailure>,
) -> Result<Option<T>, WriteFailure> {
    let mut undo = Undo::default();
    undo.make_folder(folder).map_err(|error| folder_failure(folder, &error))?;
    let parts: Vec<PathBuf> = files.iter().map(|(name, _)| part_of(folder, name)).collect();
    for ((name, bytes), part) in files.iter().zip(&parts) {
        if let Some(inner) = part.parent().filter(|inner| *inner != folder) {
            undo.make_folder(inner).map_err(|error| folder_failure(inner, &error))?;
        }
        undo.files.push(part.clone());
        write(part, bytes).map_err(|error| write_failure(folder, name, &error))?;
    }
    let Some(result) = check(&parts)? else { return Ok(None) };
    for ((name, _), part) in files.iter().zip(&parts) {
        undo.place(part, &folder.join(name)).map_err(|error| write_failure(folder, name, &error))?;
    }
    undo.forget();
    Ok(Some(result))
}

/// Brings everything back as it was when it is dropped.
#[derive(Default)]
struct Undo {
    /// Folders that were made, the outermost first.
    folders: Vec<PathBuf>,
    /// Files that were written.
    files: Vec<PathBuf>,
    /// Files that were there before: where they are now, and where they belong.
    replaced: Vec<(PathBuf, PathBuf)>,
}

impl Undo {
    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder)?;
            self.folders.push(folder.to_owned());
        }
        // What is there may be a file.
        if folder.as_os_str().is_empty() || folder.is_dir() {
            Ok(())
        } else {
            Err(ErrorKind::NotADirectory.into())
        }
    }

    /// Gives a part its name; the file that had it before is kept until the end.
    fn place(&mut self, part: &Path, path: &Path) -> io::Result<()> {
        if let Ok(metadata) = fs::symlink_metadata(path) {
            if metadata.is_dir() {
                return Err(ErrorKind::IsADirectory.into());
            }
            let aside = part.with_extension("old");
            fs::rename(path, &aside)?;
            self.replaced.push((aside, path.to_owned()));
        }
        fs::rename(part, path)?;
        self.files.push(path.to_owned());
        Ok(())
    }

    /// Everything went well: what was written stays.
    fn forget(&mut self) {
        for (aside, _) in self.replaced.drain(..) {
            // A hidden file more is no reason to take the new ones away.
            let _ = fs::remove_file(aside);
        }
        self.files.clear();
        self.folders.clear();
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        // The failure that led here says more than one of these would.
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for (aside, path) in self.replaced.drain(..) {
            let _ = fs::rename(aside, path);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn part_of(folder: &Path, name: &str) -> PathBuf {
    let part = |name: &str| format!(".{name}.{}.part", std::process::id());
    match name.rsplit_once('/') {
        Some((inner, name)) => folder.join(inner).join(part(name)),
        None => folder.join(part(name)),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn write_failure(folder: &Path, name: &str, error: &io::Error) -> WriteFailure {
    let place = folder.display();
    let (message, help) = match error.kind() {
        ErrorKind::NotFound => (format!("{place} does not exist"), "Choose another folder"),
        ErrorKind::PermissionDenied => (
            format!("{place} may not be written to"),
            "Choose a folder of yours, or change the permissions of this one",
        ),
        ErrorKind::ReadOnlyFilesystem => {
            (format!("{place} lies on a disk that may only be read"), "Choose a folder on another disk")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            (format!("The disk of {place} is full"), "Make room on it, or choose a folder on another disk")
        }
        ErrorKind::IsADirectory => {
            (format!("{name} in {place} is a folder"), "Move it away, or choose another folder")
        }
        _ => (
            format!("{name} could not be written: {error}"),
            "Check that its disk can be reached, then try again",
        ),
    };
    WriteFailure { message, help: help.to_owned() }
}

fn folder_failure(folder: &Path, error: &io::Error) -> WriteFailure {
    match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => WriteFailure {
            message: format!("{} is no folder, and cannot become one", folder.display()),
            help: "Name a folder, or one that is to be made".to_owned(),
        },
        ErrorKind::PermissionDenied | ErrorKind::NotFound => WriteFailure {
            message: format!("The folder {} cannot be made here", folder.display()),
            help: "Choose a folder of yours".to_owned(),
        },
        _ => write_failure(folder, &file_name(folder), error),
    }
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

    /// Names and contents of all files in a folder, hidden ones, too.
    fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(folder).expect("it is ours").flatten();
        let mut all: Vec<_> = entries
            .map(|entry| (file_name(&entry.path()), fs::read(entry.path()).expect("a file")))
            .collect();
        all.sort();
        all
    }

    fn named(files: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
        files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
    }

    const NEW: [(&str, &[u8]); 3] = [("a", b"new a"), ("b", b"new b"), ("c", b"new c")];
    const OLD: [(&str, &[u8]); 2] = [("b", b"old b"), ("other", b"kept")];

    #[test]
    fn files_are_written_together_into_a_folder_that_is_made() {
        let root = folder("together");
        let deep = root.join("one").join("two");
        let seen = write_together(&deep, &NEW, |parts| {
            let read = |part: &PathBuf| fs::read(part).expect("it was written");
            Ok(Some(parts.iter().map(read).collect::<Vec<_>>()))
        });
        let expected: Vec<Vec<u8>> = NEW.iter().map(|(_, bytes)| bytes.to_vec()).collect();
        assert_eq!(seen, Ok(Some(expected)), "the check sees what lies on the disk");
        assert_eq!(contents(&deep), named(&NEW));
        write_together(&deep, &OLD[..1], |_| Ok(Some(()))).expect("the folder is there");
        assert_eq!(contents(&deep), named(&[NEW[0], OLD[0], NEW[2]]), "one replaced, nothing else left");
        fs::remove_dir_all(root).expect("it is ours");
    }

    /// Writes half of the file and fails, from the file with the number on.
    fn failing(number: usize, kind: ErrorKind) -> impl Fn(&Path, &[u8]) -> io::Result<()> {
        let count = std::cell::Cell::new(0);
        move |path, bytes| {
            let at = count.replace(count.get() + 1);
            if at < number {
                return fs::write(path, bytes);
            }
            fs::write(path, &bytes[..bytes.len() / 2])?;
            Err(kind.into())
        }
    }

    #[test]
    fn a_failure_leaves_everything_as_it_was() {
        let root = folder("undo");
        write_together(&root, &OLD, |_| Ok(Some(()))).expect("the folder is ours");
        for (kind, part) in [
            (ErrorKind::StorageFull, "is full"),
            (ErrorKind::PermissionDenied, "may not be written to"),
            (ErrorKind::ReadOnlyFilesystem, "may only be read"),
            (ErrorKind::Other, "b could not be written"),
        ] {
            for folder in [root.clone(), root.join("x").join("y")] {
                let result =
                    write_together_with(&failing(1, kind), &folder, &NEW, |_| -> Result<Option<()>, _> {
                        panic!("nothing is checked that was not written")
                    });
                let failure = result.expect_err("the second file fails");
                assert!(failure.message.contains(part) && !failure.help.is_empty(), "{failure:?}");
                assert_eq!(contents(&root), named(&OLD), "{kind:?}");
            }
        }
        let refused = WriteFailure { message: "no".to_owned(), help: "yes".to_owned() };
        let result = write_together(&root, &NEW, |_| Err::<Option<()>, _>(refused.clone()));
        assert_eq!(result, Err(refused));
        assert_eq!(write_together(&root, &NEW, |_| Ok(None::<()>)), Ok(None), "cancelled");
        assert_eq!(contents(&root), named(&OLD));
        fs::remove_dir_all(root).expect("it is ours");
    }

    /// The last file cannot take its place: those before it give theirs back.
    #[test]
    fn a_folder_in_the_way_of_a_file_is_named() {
        let root = folder("in-the-way");
        write_together(&root, &OLD, |_| Ok(Some(()))).expect("the folder is ours");
        fs::create_dir(root.join("c")).expect("it is ours");
        let failure = write_together(&root, &NEW, |_| Ok(Some(()))).expect_err("c is a folder");
        assert!(
            failure.message.starts_with("c in ") && failure.message.ends_with("is a folder"),
            "{failure:?}"
        );
        fs::remove_dir(root.join("c")).expect("it is empty");
        assert_eq!(contents(&root), named(&OLD));
        fs::remove_dir_all(root).expect("it is ours");
    }

    #[test]
    fn a_file_in_the_way_of_the_folder_is_named() {
        let root = folder("no-folder");
        write_together(&root, &OLD, |_| Ok(Some(()))).expect("the folder is ours");
        for folder in [root.join("b"), root.join("b").join("deeper")] {
            let failure = write_together(&folder, &NEW, |_| Ok(Some(()))).expect_err("b is a file");
            assert!(failure.message.contains("is no folder"), "{failure:?}");
            assert!(failure.message.contains(&folder.display().to_string()), "{failure:?}");
        }
        assert_eq!(contents(&root), named(&OLD));
        fs::remove_dir_all(root).expect("it is ours");
    }

    /// Names with folders in them: made where they are missing, and taken away again when it fails.
    #[test]
    fn files_may_lie_in_inner_folders() {
        let root = folder("inner");
        let files: [(&str, &[u8]); 3] = [("a", b"1"), ("inner/a", b"2"), ("inner/deep/b", b"3")];
        assert_eq!(write_together(&root, &files, |_| Ok(None::<()>)), Ok(None));
        assert!(!root.join("inner").exists());
        write_together(&root, &files, |parts| Ok(Some(parts.len()))).expect("the folder is ours");
        for (name, bytes) in files {
            assert_eq!(fs::read(root.join(name)).expect("it was written"), bytes, "{name}");
        }
        let in_the_way: [(&str, &[u8]); 2] = [("b", b"4"), ("a/b", b"5")];
        let failure = write_together(&root, &in_the_way, |_| Ok(Some(()))).expect_err("a is a file");
        assert!(failure.message.contains("is no folder") && !root.join("b").exists(), "{failure:?}");
        fs::remove_dir_all(root).expect("it is ours");
    }

    /// A disk of eight pages, which is really full; only the system's administrator can make one.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_is_full_is_told_and_left_as_it_was() {
        let root = folder("full");
        let disk = root.join("disk");
        fs::create_dir(&disk).expect("it is ours");
        let mount = |arguments: &[&str]| {
            let output = std::process::Command::new(arguments[0]).args(&arguments[1..]).arg(&disk).output();
            output.is_ok_and(|output| output.status.success())
        };
        if mount(&["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs"]) {
            let big = vec![7; 24 << 10];
            let files = [("a", &big[..]), ("b", &big[..])];
            let result = write_together(&disk.join("deep"), &files, |_| Ok(Some(())));
            let left: Vec<_> = fs::read_dir(&disk).expect("it is ours").flatten().collect();
            let unmounted = mount(&["umount"]);
            let failure = result.expect_err("both do not fit");
            assert!(failure.message.starts_with("The disk of ") && failure.message.ends_with("is full"));
            assert!(failure.help.contains("Make room"), "{failure:?}");
            assert!(left.is_empty() && unmounted, "{left:?}");
        } else {
            println!("skipped: no disk can be mounted here");
        }
        fs::remove_dir_all(root).expect("it is ours");
    }
}
