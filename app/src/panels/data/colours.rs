//! Colours of parts and classes, and their words.

use egui::Color32;
use emberlab_core::dataset::Part;

use crate::theme::Theme;

/// The colour of a part in bars and dots.
pub(super) fn part(theme: &Theme, part: Part) -> Color32 {
    match part {
        Part::Train => theme.series[0],
        Part::Validation => theme.series[4],
        Part::Test => theme.series[6],
    }
}

/// The name of a part at the beginning of a line.
pub(super) fn part_label(part: Part) -> &'static str {
    match part {
        Part::Train => "Training",
        Part::Validation => "Validation",
        Part::Test => "Test",
    }
}

/// The colour of a class; classes far apart share one, their names tell.
pub(super) fn class(theme: &Theme, class: u32) -> Color32 {
    theme.series[class as usize % theme.series.len()]
}

/// The colour of a channel.
pub(super) fn channel(theme: &Theme, channel: usize) -> Color32 {
    theme.series[channel % theme.series.len()]
}
