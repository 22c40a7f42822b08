//! Templates with preparations and splits for the shared sets.

use emberlab_core::dataset::{
    Features, InputPreparation, InputShape, Length, MotionFeatures, MotionSignals, Normalisation, Padding,
    Preparation, Rule, SoundFeatures, Split, TargetKind, Window,
};

/// A template, what it is trained on, and how often.
pub struct Recipe {
    /// Name on the command line.
    pub name: &'static str,
    /// Folder of the set.
    pub set: &'static str,
    /// Name of the template.
    pub template: &'static str,
    /// How samples come out of recordings.
    pub preparation: Preparation,
    /// One run for each.
    pub splits: Vec<Split>,
}

/// All recipes.
pub fn all() -> Vec<Recipe> {
    vec![
        digits("mnist-mlp", "digits-dense"),
        digits("mnist-mlp-wide", "digits-dense-wide"),
        digits("mnist-cnn", "digits-cnn"),
        spoken("fsdd", vec![usual_fsdd_split()]),
        spoken("fsdd-speakers", folds("speaker", 5)),
        motion("har-wisdm51", steps(200, 100, 1.0), folds("user", 4)),
        motion("har-uji-phone", steps(100, 25, 0.8), folds("person", 4)),
        gestures(),
        anomalies(),
    ]
}

fn folds(kind: &str, folds: usize) -> Vec<Split> {
    let split = |fold| Split {
        test: Rule::Fold { kind: kind.to_owned(), folds, fold },
        validation: Rule::None,
        keep_fixed: false,
        ..Split::default()
    };
    (0..folds).map(split).collect()
}

/// Recording numbers 0 to 4 test.
fn usual_fsdd_split() -> Split {
    let groups = (0..5).map(|number| number.to_string()).collect();
    Split {
        test: Rule::Groups { kind: "number".to_owned(), groups },
        validation: Rule::None,
        ..Split::default()
    }
}

fn digits(name: &'static str, template: &'static str) -> Recipe {
    let input = InputPreparation { normalisation: Normalisation::LEVELS, ..InputPreparation::default() };
    Recipe {
        name,
        set: "mnist",
        template,
        preparation: Preparation { inputs: vec![input], ..Preparation::default() },
        splits: vec![Split { validation: Rule::None, ..Split::default() }],
    }
}

fn standard() -> InputPreparation {
    InputPreparation {
        normalisation: Normalisation::StandardDeviation { per_channel: true },
        ..InputPreparation::default()
    }
}

fn spoken(name: &'static str, splits: Vec<Split>) -> Recipe {
    let features = SoundFeatures { step_ms: 20.0, ..SoundFeatures::default() };
    let window = Window::Sliding {
        length: Length::Seconds(1.0),
        stride: Length::Seconds(1.0),
        least_share: 1.0,
        short: Padding::ZerosAround,
    };
    let input = InputPreparation { features: Features::Mfcc(features), ..standard() };
    Recipe {
        name,
        set: "fsdd",
        template: "sound-conv1d",
        preparation: Preparation { inputs: vec![input], window, ..Preparation::default() },
        splits,
    }
}

fn steps(length: usize, stride: usize, least_share: f32) -> Window {
    Window::Sliding {
        length: Length::Steps(length),
        stride: Length::Steps(stride),
        least_share,
        short: Padding::LeaveOut,
    }
}

fn motion(set: &'static str, window: Window, splits: Vec<Split>) -> Recipe {
    let features = MotionFeatures { signals: MotionSignals::Lengths, bands: 32, ..MotionFeatures::default() };
    let input = InputPreparation { features: Features::Motion(features), ..standard() };
    Recipe {
        name: set,
        set,
        template: "motion-features",
        preparation: Preparation { inputs: vec![input], window, ..Preparation::default() },
        splits,
    }
}

fn gestures() -> Recipe {
    Recipe {
        name: "gesture-lstm",
        set: "gestures-magic-wand",
        template: "gesture-lstm",
        preparation: Preparation {
            inputs: vec![standard()],
            window: Window::Stretched { steps: 50 },
            ..Preparation::default()
        },
        splits: vec![Split { validation: Rule::None, ..Split::default() }],
    }
}

/// Stretches of 64 readings of machines, reproduced; the last fifth of each recording tests.
fn anomalies() -> Recipe {
    let input = InputPreparation {
        normalisation: Normalisation::ZeroToOne { per_channel: false },
        shape: InputShape::Flat,
        ..InputPreparation::default()
    };
    Recipe {
        name: "autoencoder",
        set: "anomaly-nab",
        template: "anomaly-autoencoder",
        preparation: Preparation {
            inputs: vec![input],
            window: steps(64, 16, 0.0),
            target: TargetKind::Inputs,
            ..Preparation::default()
        },
        splits: vec![Split { test: Rule::End { share: 0.2 }, validation: Rule::None, ..Split::default() }],
    }
}
