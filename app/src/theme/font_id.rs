//! The text styles as [`egui::FontId`], for painters; [`super::text`] has the same for labels.

use egui::FontId;

use super::fonts::Face;

/// Panel and inspector titles: Inter 15, 600.
pub fn title() -> FontId {
    FontId::new(15.0, Face::Ui600.family())
}

/// Sentences: Inter 13.
pub fn body() -> FontId {
    FontId::new(13.0, Face::Ui400.family())
}

/// Node titles and first words of notes: Inter 13, 600.
pub fn strong() -> FontId {
    FontId::new(13.0, Face::Ui600.family())
}

/// Buttons and switches: Inter 12, 500.
pub fn label() -> FontId {
    FontId::new(12.0, Face::Ui500.family())
}

/// The one button of a panel that is the next step: Inter 12, 600.
pub fn label_strong() -> FontId {
    FontId::new(12.0, Face::Ui600.family())
}

/// Text of table cells: Inter 12.
pub fn cell() -> FontId {
    FontId::new(12.0, Face::Ui400.family())
}

/// Axis titles and hints: Inter 11.
pub fn small() -> FontId {
    FontId::new(11.0, Face::Ui400.family())
}

/// Tags and gauge labels: Inter 11, 500.
pub fn small_strong() -> FontId {
    FontId::new(11.0, Face::Ui500.family())
}

/// Heads of sections and tables: Inter 11, 600.
pub fn caption() -> FontId {
    FontId::new(11.0, Face::Ui600.family())
}

/// Counted values: JetBrains Mono 12.
pub fn number() -> FontId {
    FontId::new(12.0, Face::Mono400.family())
}

/// Counted values in tight places: JetBrains Mono 11.
pub fn number_small() -> FontId {
    FontId::new(11.0, Face::Mono400.family())
}

/// Counted values that lead: JetBrains Mono 12, 500.
pub fn number_strong() -> FontId {
    FontId::new(12.0, Face::Mono500.family())
}

/// The few large numbers of a panel: JetBrains Mono 22, 500.
pub fn figure() -> FontId {
    FontId::new(22.0, Face::Mono500.family())
}

/// Source text: JetBrains Mono 12.
pub fn code() -> FontId {
    number()
}

/// An icon of `size` points.
pub fn icon(size: f32) -> FontId {
    FontId::new(size, Face::Ui400.family())
}
