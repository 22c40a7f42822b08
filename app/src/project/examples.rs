//! Projects that ship with the app: a template with data that are made from a seed, so that nothing is downloaded.

use emberlab_core::dataset::Generator;
use emberlab_core::project::EXTENSION;

use super::bundled;
use super::draft::{DraftSource, NewProject, create};
use super::file::safe_name;
use crate::command::open_paths;
use crate::document::Document;
use crate::jobs::Jobs;

/// A bundled project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Example {
    /// A curve learnt by the smallest network.
    Sine,
    /// Short sounds that are told apart.
    Tones,
    /// Movements of a board in the hand.
    Gestures,
    /// Digits drawn with strokes.
    Digits,
}

impl Example {
    /// All of them, in the order of the start page.
    pub const ALL: [Self; 4] = [Self::Sine, Self::Tones, Self::Gestures, Self::Digits];

    /// The name of the project.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sine => "Sine",
            Self::Tones => "Tones in noise",
            Self::Gestures => "Motion gestures",
            Self::Digits => "Drawn digits",
        }
    }

    /// What it shows, in one sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Sine => "The first network, trained in seconds",
            Self::Tones => "Sound to features to a Conv1D network",
            Self::Gestures => "Accelerometer windows and an LSTM",
            Self::Digits => "A small CNN with three trained runs",
        }
    }

    /// What its data are made by.
    pub fn generator(self) -> Generator {
        match self {
            Self::Sine => Generator::Sine,
            Self::Tones => Generator::Tones,
            Self::Gestures => Generator::Gestures,
            Self::Digits => Generator::Digits,
        }
    }

    /// The template that it begins with.
    pub fn template_id(self) -> &'static str {
        match self {
            Self::Sine => "sine",
            Self::Tones => "sound-conv1d",
            Self::Gestures => "gesture-lstm",
            Self::Digits => "digits-cnn",
        }
    }
}

/// Opens an example: what the user has made of it before, or a new project.
pub fn open(example: Example, document: &mut Document, jobs: &mut Jobs) {
    let folder = document.projects_folder.clone();
    let file = folder.join(format!("{}.{EXTENSION}", safe_name(example.name())));
    if file.is_file() {
        open_paths(document, jobs, vec![file]);
        return;
    }
    if bundled::is_trained(example) {
        jobs.unpack_example(example, file);
        return;
    }
    let new = NewProject {
        name: example.name().to_owned(),
        template: Some(example.template_id()),
        source: DraftSource::Generated(example.generator()),
        test_paths: Vec::new(),
        folder,
    };
    create(new, document, jobs);
}
