//! Pictures for files: what a panel draws, as SVG and PNG.
//!
//! A [`Picture`] is a list of marks that knows neither egui's painter nor a file format. Panels paint it on the screen
//! and the writers here turn the same list into files, so that a saved picture shows what the window showed.
//!
//! A [`Chart`] is lines over two axes, a [`Grid`] counts in a square: egui_plot and our painter draw them on the screen,
//! plotters into files.

mod chart;
mod file;
mod hatch;
mod labels;
mod outline;
mod picture;
mod plot;
mod png;
mod screen;
mod svg;

pub use chart::{Area, Axis, Chart, Dash, Dot, Grid, LegendEntry, Level, Line};
pub use file::{CellLook, Figure, FigureError, png_from_figure, svg_from_figure};
pub use hatch::{Hatch, stripes_in};
pub use labels::{PointLabel, beside_points, leader};
pub use outline::text_width;
pub use picture::{Mark, Picture, Style};
pub use plot::{Margins, Plotted, plot_ui};
pub use png::{PngError, png_from_picture};
pub use screen::paint;
pub use svg::svg_from_picture;
