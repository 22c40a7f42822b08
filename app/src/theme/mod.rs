//! Tokens, style, fonts, icons, number format and the shared widgets.

/// Colours and sizes of the theme in force.
pub struct Theme {}
