//! A picture on the screen: marks as egui shapes.

use std::sync::Arc;

use egui::epaint::{CubicBezierShape, RectShape, TextShape, WHITE_UV};
use egui::{Color32, CornerRadius, Mesh, Painter, Shape, Stroke, StrokeKind, pos2};

use super::hatch::{Hatch, stripes_in};
use super::{Mark, Style};

/// Paints marks whose positions are points of the screen, from back to front.
pub fn paint(painter: &Painter, marks: &[Mark]) {
    let visible = painter.clip_rect();
    // Collected first: text is laid out under the same lock that takes the shapes.
    let shapes: Vec<Shape> = marks.iter().flat_map(|mark| shapes(painter, mark, visible)).collect();
    painter.extend(shapes);
}

/// The shapes of one mark; most have one, dashed lines several.
fn shapes(painter: &Painter, mark: &Mark, visible: egui::Rect) -> Vec<Shape> {
    match mark {
        Mark::Rect { rect, radius, fill, stroke } => {
            let radius = CornerRadius::same(radius.round() as u8);
            vec![RectShape::new(*rect, radius, *fill, *stroke, StrokeKind::Inside).into()]
        }
        Mark::Hatch { rect, hatch } => {
            if !rect.intersects(visible) {
                return Vec::new();
            }
            vec![Shape::Mesh(Arc::new(hatch_mesh(*rect, hatch, 1.0 / painter.pixels_per_point())))]
        }
        Mark::Line { from, to, stroke, dash: None } => vec![Shape::line_segment([*from, *to], *stroke)],
        Mark::Line { from, to, stroke, dash: Some((on, off)) } => {
            Shape::dashed_line(&[*from, *to], *stroke, *on, *off)
        }
        Mark::Curve { points, stroke, dash: None } => {
            vec![CubicBezierShape::from_points_stroke(*points, false, Color32::TRANSPARENT, *stroke).into()]
        }
        Mark::Curve { points, stroke, dash: Some((on, off)) } => {
            let curve = CubicBezierShape::from_points_stroke(*points, false, Color32::TRANSPARENT, *stroke);
            Shape::dashed_line(&curve.flatten(None), *stroke, *on, *off)
        }
        Mark::Polygon { points, fill } => vec![Shape::convex_polygon(points.clone(), *fill, Stroke::NONE)],
        Mark::Circle { centre, radius, fill } => vec![Shape::circle_filled(*centre, *radius, *fill)],
        Mark::Text { at, anchor, text, style, colour, upwards } => {
            let galley = painter.layout_no_wrap(text.clone(), Style::font_id(*style), *colour);
            if *upwards {
                let size = galley.size();
                let corner = anchor.anchor_size(egui::Pos2::ZERO, size).min;
                // A quarter turn to the left maps (x, y) to (y, -x).
                let turned = pos2(at.x + corner.y, at.y - corner.x);
                let angle = -std::f32::consts::FRAC_PI_2;
                vec![TextShape::new(turned, galley, *colour).with_angle(angle).into()]
            } else {
                let rect = anchor.anchor_size(*at, galley.size());
                vec![Shape::galley(rect.min, galley, *colour)]
            }
        }
    }
}

/// The stripes of a hatch as one mesh, with edges softened over `pixel` points.
fn hatch_mesh(rect: egui::Rect, hatch: &Hatch, pixel: f32) -> Mesh {
    let mut mesh = Mesh::default();
    for band in stripes_in(rect, hatch, pixel) {
        let first = mesh.vertices.len() as u32;
        for (pos, opacity) in &band {
            let color = hatch.colour.gamma_multiply(*opacity);
            mesh.vertices.push(egui::epaint::Vertex { pos: *pos, uv: WHITE_UV, color });
        }
        for corner in 2..band.len() as u32 {
            mesh.indices.extend([first, first + corner - 1, first + corner]);
        }
    }
    mesh
}

#[cfg(test)]
mod tests {
    use egui::{Rect, vec2};

    use super::*;

    #[test]
    fn a_hatch_is_one_valid_mesh_inside_of_its_rectangle() {
        let rect = Rect::from_min_size(pos2(10.0, 10.0), vec2(60.0, 30.0));
        let hatch = Hatch { spacing: 6.0, width: 2.4, colour: Color32::WHITE, rising: true };
        let mesh = hatch_mesh(rect, &hatch, 1.0);
        assert!(mesh.is_valid() && !mesh.is_empty());
        assert!(rect.expand(0.01).contains_rect(mesh.calc_bounds()));
    }
}
