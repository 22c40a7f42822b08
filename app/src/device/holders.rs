//! Which programs have a port open, where the system tells.

use std::path::Path;

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process.
    pub process: u32,
    /// Its name, such as `minicom`.
    pub name: String,
}

impl Holder {
    /// It in words: `minicom (process 4711)`.
    pub fn label(&self) -> String {
        match self.process == std::process::id() {
            true => "Emberlab itself".to_owned(),
            false => format!("{} (process {})", self.name, self.process),
        }
    }
}

/// Programs of this user that have a file open; of those of others the system tells nothing.
pub fn holders(path: &Path) -> Vec<Holder> {
    let Ok(path) = path.canonicalize() else { return Vec::new() };
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let mut holders: Vec<Holder> = processes
        .flatten()
        .filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            let files = std::fs::read_dir(entry.path().join("fd")).ok()?;
            let holds =
                files.flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(|open| open == path));
            let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            holds.then(|| Holder { process, name: name.trim().to_owned() })
        })
        .collect();
    holders.sort_by_key(|holder| holder.process);
    holders
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_open_here_is_held_by_this_process() {
        let path = std::env::temp_dir().join(format!("emberlab-holders-{}", std::process::id()));
        let file = std::fs::File::create(&path).expect("the temporary folder can be written to");
        let found = holders(&path);
        drop(file);
        let after = holders(&path);
        std::fs::remove_file(&path).expect("it is ours");
        assert_eq!(found.iter().map(|it| it.process).collect::<Vec<_>>(), [std::process::id()]);
        assert_eq!(found[0].label(), "Emberlab itself");
        assert!(!found[0].name.is_empty());
        assert_eq!(after, []);
        assert_eq!(holders(Path::new("/no/such/file")), []);
    }

    #[test]
    fn other_programs_are_named_with_their_process() {
        let holder = Holder { process: 1, name: "minicom".to_owned() };
        assert_eq!(holder.label(), "minicom (process 1)");
    }
}
