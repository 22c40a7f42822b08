//! Notices when files of open tabs change, by looking at their size and time once a second.
//!
//! Looking works on every file system, also on network ones that send no notice, and with programs that replace a
//! file instead of writing into it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime};

use super::{JobEvent, Wake};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// Watches files until it is dropped.
pub struct Watcher {
    paths: Sender<Vec<PathBuf>>,
    known: Vec<PathBuf>,
}

impl Watcher {
    /// Watches nothing yet.
    pub fn new(events: Sender<JobEvent>, wake: Wake) -> Self {
        Self::with_interval(events, wake, EVERY)
    }

    fn with_interval(events: Sender<JobEvent>, wake: Wake, every: Duration) -> Self {
        let (paths, receiver) = channel();
        let thread = std::thread::Builder::new().name("emberlab-watch".to_owned());
        // Without this thread the app still works; F5 reads a file again.
        let _ = thread.spawn(move || watch(&receiver, &events, &wake, every));
        Self { paths, known: Vec::new() }
    }

    /// Watches exactly these files; no thread wakes up while there are none.
    pub fn set_paths(&mut self, paths: Vec<PathBuf>) {
        if paths != self.known {
            self.known.clone_from(&paths);
            // Fails only if the thread could not be started.
            let _ = self.paths.send(paths);
        }
    }
}

/// Size and time of a file; `None` when it is not there.
type Stamp = Option<(u64, SystemTime)>;

#[derive(Debug, PartialEq)]
struct Watched {
    /// What the app has read.
    read: Stamp,
    /// What the last look found.
    seen: Stamp,
}

impl Watched {
    fn new(stamp: Stamp) -> Self {
        Self { read: stamp, seen: stamp }
    }

    /// Takes a look's result; an event once a change has stayed the same for two looks.
    fn look(&mut self, stamp: Stamp) -> Option<Change> {
        let settled = stamp == self.seen;
        self.seen = stamp;
        if !settled || stamp == self.read {
            return None;
        }
        self.read = stamp;
        Some(if stamp.is_some() { Change::Changed } else { Change::Vanished })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Changed,
    Vanished,
}

fn watch(paths: &Receiver<Vec<PathBuf>>, events: &Sender<JobEvent>, wake: &Wake, every: Duration) {
    let mut files: BTreeMap<PathBuf, Watched> = BTreeMap::new();
    loop {
        let news = if files.is_empty() {
            paths.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            paths.recv_timeout(every)
        };
        match news {
            Ok(wanted) => {
                files.retain(|path, _| wanted.contains(path));
                for path in wanted {
                    files.entry(path).or_insert_with_key(|path| Watched::new(stamp(path)));
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                for (path, file) in &mut files {
                    let event = match file.look(stamp(path)) {
                        Some(Change::Changed) => JobEvent::FileChanged(path.clone()),
                        Some(Change::Vanished) => JobEvent::FileVanished(path.clone()),
                        None => continue,
                    };
                    if events.send(event).is_err() {
                        return;
                    }
                    wake();
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn stamp(path: &std::path::Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn at(size: u64) -> Stamp {
        Some((size, SystemTime::UNIX_EPOCH))
    }

    #[test]
    fn a_change_is_told_once_and_only_after_it_has_settled() {
        let mut file = Watched::new(at(1));
        let looks = [at(1), at(2), at(3), at(3), at(3), None, at(4), at(4), None, None];
        let told: Vec<_> = looks.into_iter().map(|stamp| file.look(stamp)).collect();
        let (changed, vanished) = (Some(Change::Changed), Some(Change::Vanished));
        assert_eq!(told, [None, None, None, changed, None, None, None, changed, None, vanished]);
    }

    #[test]
    fn a_rewritten_file_is_noticed() {
        let path = std::env::temp_dir().join(format!("emberlab-watch-{}.tflite", std::process::id()));
        std::fs::write(&path, b"one").expect("the temporary folder can be written to");
        let (sender, receiver) = channel();
        let mut watcher = Watcher::with_interval(sender, Arc::new(|| ()), Duration::from_millis(5));
        watcher.set_paths(vec![path.clone()]);
        std::thread::sleep(Duration::from_millis(50));
        std::fs::write(&path, b"longer").expect("it is ours");
        let event = receiver.recv_timeout(Duration::from_secs(20)).expect("the change is told");
        assert!(matches!(event, JobEvent::FileChanged(changed) if changed == path));
        std::fs::remove_file(&path).expect("it is ours");
        let event = receiver.recv_timeout(Duration::from_secs(20)).expect("the removal is told");
        assert!(matches!(event, JobEvent::FileVanished(gone) if gone == path));
    }
}
