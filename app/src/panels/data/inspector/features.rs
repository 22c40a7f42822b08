//! What is computed from a window of a signal.

use egui::Ui;
use emberlab_core::dataset::{
    Features, InputPreparation, MotionFeatures, MotionSignals, SoundFeatures, Statistic,
};
use emberlab_core::project::sound_features;

use super::number_field;
use crate::theme::Theme;
use crate::theme::widgets::{check_input, check_inputs, choice_input, field};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Raw,
    LogMel,
    Mfcc,
    Motion,
}

/// Draws the features of an input and changes them.
pub(super) fn features_ui(ui: &mut Ui, theme: &Theme, rate_hz: Option<f64>, input: &mut InputPreparation) {
    let before = match input.features {
        Features::Raw => Kind::Raw,
        Features::LogMel(_) => Kind::LogMel,
        Features::Mfcc(_) => Kind::Mfcc,
        Features::Motion(_) => Kind::Motion,
    };
    let mut kind = before;
    field(ui, theme, "Features", |ui| {
        let choices = [
            (Kind::Raw, "none: the signal"),
            (Kind::Mfcc, "MFCC"),
            (Kind::LogMel, "log-mel bands"),
            (Kind::Motion, "statistics and bands"),
        ];
        let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
        choice_input(ui, theme, "Features", &mut kind, &choices);
    });
    if kind != before {
        let sound = || match &input.features {
            Features::LogMel(sound) | Features::Mfcc(sound) => *sound,
            Features::Raw | Features::Motion(_) => sound_features(rate_hz.unwrap_or(16_000.0)),
        };
        input.features = match kind {
            Kind::Raw => Features::Raw,
            Kind::LogMel => Features::LogMel(sound()),
            Kind::Mfcc => Features::Mfcc(sound()),
            Kind::Motion => Features::Motion(MotionFeatures::default()),
        };
        return;
    }
    match &mut input.features {
        Features::Raw => {}
        Features::LogMel(sound) => sound_ui(ui, theme, rate_hz, sound, false),
        Features::Mfcc(sound) => sound_ui(ui, theme, rate_hz, sound, true),
        Features::Motion(motion) => motion_ui(ui, theme, motion),
    }
}

fn sound_ui(ui: &mut Ui, theme: &Theme, rate_hz: Option<f64>, sound: &mut SoundFeatures, is_mfcc: bool) {
    let half = rate_hz.map_or(24_000.0, |rate| (rate / 2.0) as f32);
    if let Some(value) = number_field(ui, theme, "Frame", sound.frame_ms, 1.0..=500.0, 0.5, " ms") {
        sound.frame_ms = value;
    }
    if let Some(value) = number_field(ui, theme, "Step", sound.step_ms, 1.0..=500.0, 0.5, " ms") {
        sound.step_ms = value;
    }
    if let Some(value) = number_field(ui, theme, "Mel bands", sound.bands, 4..=128, 0.2, "") {
        sound.bands = value;
        sound.coefficients = sound.coefficients.min(value);
    }
    if is_mfcc
        && let Some(value) =
            number_field(ui, theme, "Coefficients", sound.coefficients, 1..=sound.bands, 0.1, "")
    {
        sound.coefficients = value;
    }
    if let Some(value) = number_field(ui, theme, "From", sound.low_hz, 0.0..=half, 5.0, " Hz") {
        sound.low_hz = value;
    }
    if let Some(value) = number_field(ui, theme, "To", sound.high_hz, 0.0..=half, 5.0, " Hz") {
        sound.high_hz = value;
    }
}

fn motion_ui(ui: &mut Ui, theme: &Theme, motion: &mut MotionFeatures) {
    field(ui, theme, "Of", |ui| {
        let choices = [
            (MotionSignals::Channels, "each channel"),
            (MotionSignals::Lengths, "lengths of vectors"),
            (MotionSignals::Both, "channels and lengths"),
        ];
        let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
        choice_input(ui, theme, "Signals", &mut motion.signals, &choices);
    });
    let is_used = |statistic: &Statistic| motion.statistics.contains(statistic);
    let boxes = Statistic::ALL.map(|statistic| (statistic.label().to_owned(), is_used(&statistic)));
    if let Some(changed) = check_inputs(ui, theme, &boxes).map(|place| Statistic::ALL[place]) {
        if is_used(&changed) {
            motion.statistics.retain(|known| *known != changed);
        } else {
            // In the order of the list, so that a figure has one place.
            motion.statistics.push(changed);
            motion.statistics.sort_by_key(|known| Statistic::ALL.iter().position(|all| all == known));
        }
    }
    if let Some(value) = number_field(ui, theme, "Bands", motion.bands, 0..=64, 0.1, "") {
        motion.bands = value;
    }
    if motion.bands > 0 {
        if let Some(value) = number_field(ui, theme, "From", motion.low_hz, 0.0..=10_000.0, 0.5, " Hz") {
            motion.low_hz = value;
        }
        if let Some(value) =
            number_field(ui, theme, "To, 0 for all", motion.high_hz, 0.0..=10_000.0, 0.5, " Hz")
        {
            motion.high_hz = value;
        }
        check_input(ui, theme, "Logarithms of energies", &mut motion.log_bands);
    }
}
