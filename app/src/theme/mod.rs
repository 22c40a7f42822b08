//! Tokens, style, fonts, icons, number format and the shared widgets.

mod category;
pub mod font_id;
pub mod fonts;
pub mod format;
pub mod icons;
pub mod style;
pub mod text;
mod tokens;
pub mod widgets;

pub use category::Category;
pub use icons::Icon;
pub use tokens::{
    Accent, Line, MemoryColours, OperatorColours, PlotColours, Status, Surface, Text, Theme, mix, shadow,
    with_alpha,
};
