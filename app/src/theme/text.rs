//! The text styles as [`RichText`]; the colour is the surrounding one (`text_2`) unless `.color(…)` sets another.

use egui::RichText;

use super::{Theme, font_id};

/// Panel and inspector titles.
pub fn title(text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::title())
}

/// Sentences, 20 points from line to line.
pub fn body(text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::body()).line_height(Some(20.0))
}

/// Names that lead a line.
pub fn strong(text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::strong())
}

/// Buttons and switches.
pub fn label(text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::label())
}

/// Text of table cells, and sentences in tight places.
pub fn cell(text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::cell())
}

/// Axis titles and hints.
pub fn small(text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::small())
}

/// Heads of sections and tables.
pub fn caption(theme: &Theme, text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::caption()).color(theme.text.text_3)
}

/// Counted values.
pub fn number(text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::number())
}

/// Counted values in tight places.
pub fn number_small(text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::number_small())
}

/// The few large numbers of a panel.
pub fn figure(text: impl Into<String>) -> RichText {
    RichText::new(text).font(font_id::figure())
}
