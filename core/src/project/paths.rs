//! Paths in a project file: relative to its folder where possible, written with `/` on every system.
//!
//! Pure text: nothing here looks at the disk.

use std::path::{Component, Path, PathBuf};

use super::EXTENSION;

/// Name of the folder beside a project file with its weights and checkpoints: `NAME.files` for `NAME.emberlab`.
pub fn files_folder_name(file_name: &str) -> String {
    let stem = file_name.strip_suffix(EXTENSION).and_then(|stem| stem.strip_suffix('.'));
    format!("{}.files", stem.unwrap_or(file_name))
}

/// The path from `folder` to `path`, both absolute, parts separated by `/`; `path` itself where they have nothing but the root
/// in common.
pub fn relative_path(folder: &Path, path: &Path) -> String {
    let parts = |path: &Path| path.components().map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
    let (from, to) = (parts(folder), parts(path));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    // Files that share only the root, or a drive, move apart sooner than together.
    let roots = path.components().take_while(|part| !matches!(part, Component::Normal(_))).count();
    if common <= roots {
        let whole = path.to_string_lossy();
        return if cfg!(windows) { whole.replace('\\', "/") } else { whole.into_owned() };
    }
    let up = std::iter::repeat_n("..".to_owned(), from.len() - common);
    let down = to[common..].iter().map(|part| part.to_string_lossy().into_owned());
    let all: Vec<String> = up.chain(down).collect();
    if all.is_empty() { ".".to_owned() } else { all.join("/") }
}

/// The place that a path of a project file names: from `folder`, without `.` and `..` where text alone can resolve them.
pub fn absolute_path(folder: &Path, path: &str) -> PathBuf {
    let mut absolute = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(absolute.components().next_back(), Some(Component::Normal(_))) =>
            {
                absolute.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::ParentDir | Component::Normal(_) => {
                absolute.push(part);
            }
        }
    }
    absolute
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn check(folder: &str, path: &str, expected: &str) {
        assert_eq!(relative_path(Path::new(folder), Path::new(path)), expected);
        let back = absolute_path(Path::new(folder), expected);
        assert_eq!(back, Path::new(path), "{expected}");
    }

    #[test]
    #[cfg(unix)]
    fn paths_go_there_and_back() {
        check("/users/ana/projects", "/users/ana/projects/data", "data");
        check("/users/ana/projects/a", "/users/ana/sets/mnist", "../../sets/mnist");
        check("/users/ana", "/users/ana", ".");
        check("/users/ana/projects", "/users/ana", "..");
        check("/users/ana/projects", "/mnt/disk/set", "/mnt/disk/set");
        check("/", "/set", "/set");
        check("/users/ana", "/users/ana/Señales y días", "Señales y días");
    }

    #[test]
    fn the_folder_has_the_name_of_the_file() {
        assert_eq!(files_folder_name("digits.emberlab"), "digits.files");
        assert_eq!(files_folder_name("v1.2.emberlab"), "v1.2.files");
        assert_eq!(files_folder_name("odd"), "odd.files");
    }
}
