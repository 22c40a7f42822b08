//! What every panel that draws a graph shares: the view and how it moves, cards of nodes, ways of edges, the minimap.

pub mod minimap;
pub mod paint;
pub mod view;
mod viewport;

pub use minimap::{Minimap, MinimapCache};
pub use view::{Motion, STEP, View};
pub use viewport::{Sight, Viewport};

use egui::{Pos2, Vec2};

/// Shortest distance of a point from a line between two others.
pub fn distance_to_segment(point: Pos2, from: Pos2, to: Pos2) -> f32 {
    let along: Vec2 = to - from;
    let length = along.length_sq();
    let t = if length > 0.0 { ((point - from).dot(along) / length).clamp(0.0, 1.0) } else { 0.0 };
    (point - (from + along * t)).length()
}
