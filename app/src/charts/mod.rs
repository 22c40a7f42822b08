//! Pictures for files: what a panel draws, as SVG and PNG.
//!
//! A [`Picture`] is a list of marks that knows neither egui's painter nor a file format. Panels paint it on the screen
//! and the writers here turn the same list into files, so that a saved picture shows what the window showed.

mod hatch;
mod outline;
mod picture;
mod png;
mod screen;
mod svg;

pub use hatch::{Hatch, stripes_in};
pub use outline::text_width;
pub use picture::{Mark, Picture, Style};
pub use png::{PngError, png_from_picture};
pub use screen::paint;
pub use svg::svg_from_picture;
