//! File dialogs of the desktop, waited for on a worker so that the window never blocks.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{JobKind, JobSpec, Jobs, Outcome, Subject, write_atomically};

/// Nobody closes a dialog this fast: it was never shown.
pub(super) const TOO_FAST: Duration = Duration::from_millis(80);

impl Jobs {
    /// Asks for models, projects or data to open.
    pub fn ask_models(&mut self) {
        // The dialog is made on this thread, as macOS demands, and waited for on the worker.
        let future = rfd::AsyncFileDialog::new()
            .set_title("Open models and projects")
            .add_filter("Models and projects", &["tflite", "lite", "emberlab"])
            .add_filter("Data", &crate::files::DATA_EXTENSIONS)
            .add_filter("All files", &["*"])
            .pick_files();
        self.start(spec("Choosing files"), move |_| {
            let start = Instant::now();
            let files = pollster::block_on(future);
            Some(match files {
                None if start.elapsed() < TOO_FAST => Outcome::NoDialog,
                files => Outcome::Chosen(paths(files.unwrap_or_default())),
            })
        });
    }

    /// Asks for a file that is to be an input.
    pub fn ask_input(&mut self, subject: Subject, index: usize) {
        let future = rfd::AsyncFileDialog::new()
            .set_title("Choose an input")
            .add_filter("Arrays, pictures, sound", &["npy", "png", "jpg", "jpeg", "bmp", "wav", "bin"])
            .add_filter("All files", &["*"])
            .pick_file();
        self.start(JobSpec { subject: Some(subject), ..spec("Choosing an input") }, move |_| {
            let start = Instant::now();
            let file = pollster::block_on(future);
            Some(match file {
                None if start.elapsed() < TOO_FAST => Outcome::NoDialog,
                file => Outcome::InputChosen(index, file.map(|file| file.path().to_path_buf())),
            })
        });
    }

    /// Asks where to write `bytes`, which are `what` in words.
    pub fn ask_target(&mut self, suggested_name: &str, bytes: Arc<[u8]>, what: String) {
        let future = rfd::AsyncFileDialog::new().set_file_name(suggested_name).save_file();
        self.start(spec("Choosing a file"), move |_| {
            let start = Instant::now();
            let file = pollster::block_on(future);
            Some(match file {
                None if start.elapsed() < TOO_FAST => Outcome::NoDialog,
                file => Outcome::Target(file.map(|file| file.path().to_path_buf()), bytes, what),
            })
        });
    }

    /// Makes a table of text, then asks where to write it.
    pub fn write_table(
        &mut self,
        name: String,
        what: &'static str,
        make: impl FnOnce() -> String + Send + 'static,
    ) {
        let spec = JobSpec { kind: JobKind::Picture, name: format!("Writing {what}"), subject: None };
        self.start(spec, move |_| {
            Some(Outcome::Drawn(name, Ok(Arc::from(make().into_bytes())), what.to_owned()))
        });
    }

    /// Writes `bytes` to `path`, whole or not at all.
    pub fn save(&mut self, path: PathBuf, bytes: Arc<[u8]>, what: String) {
        let spec = JobSpec { kind: JobKind::Save, name: format!("Saving {what}"), subject: None };
        self.start(spec, move |_| {
            let result = write_atomically(&path, &bytes).map(|()| path);
            Some(Outcome::Saved(what, result))
        });
    }

    /// Writes the settings to their file.
    pub fn write_settings(&mut self, path: PathBuf, text: String) {
        let spec = JobSpec { kind: JobKind::Settings, name: "Saving the settings".to_owned(), subject: None };
        self.start(spec, move |_| Some(Outcome::SettingsWritten(crate::settings::store(&path, &text))));
    }
}

pub(super) fn spec(name: &str) -> JobSpec {
    JobSpec { kind: JobKind::Dialog, name: name.to_owned(), subject: None }
}

fn paths(files: Vec<rfd::FileHandle>) -> Vec<PathBuf> {
    files.into_iter().map(|file| file.path().to_path_buf()).collect()
}
