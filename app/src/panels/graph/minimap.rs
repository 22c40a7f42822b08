//! The whole graph, small, in a corner of the canvas.

use std::sync::Arc;

use egui::epaint::Mesh;
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

use super::paint::{add_quad, floating};
use crate::theme::{Theme, mix};

/// Size across the graph.
const WIDTH: f32 = 44.0;

/// Room around the nodes.
const PADDING: Vec2 = vec2(8.0, 6.0);

/// Distance from the canvas' corner.
const MARGIN: f32 = 12.0;

/// Graph points per minimap point, at least: one operator of a chain takes 9 points.
const SCALE: f32 = 9.0 / 88.0;

/// Where the minimap is, and how the graph is drawn in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minimap {
    /// The frame.
    pub rect: Rect,
    bounds: Rect,
    scale: Vec2,
}

/// The nodes of a minimap, kept from frame to frame.
#[derive(Default)]
pub struct MinimapCache {
    made_for: Option<(u64, bool, Minimap)>,
    mesh: Arc<Mesh>,
}

impl Minimap {
    /// The place of the minimap at the upper right of a canvas; `None` where there is nothing or no room.
    ///
    /// `bounds` is what the graph covers; `horizontal` says that it runs from left to right.
    pub fn of(bounds: Rect, horizontal: bool, canvas: Rect) -> Option<Self> {
        if bounds.width() <= 0.0
            || bounds.height() <= 0.0
            || canvas.width() < 200.0
            || canvas.height() < 200.0
        {
            return None;
        }
        let (along, across) =
            if horizontal { (bounds.width(), bounds.height()) } else { (bounds.height(), bounds.width()) };
        let room = if horizontal { canvas.width() * 0.6 } else { canvas.height() - 2.0 * MARGIN - 56.0 };
        let least = if horizontal { SCALE * 88.0 / 356.0 } else { SCALE };
        let along_scale = least.min((room - 2.0 * PADDING.y) / along);
        let across_scale = (WIDTH - 2.0 * PADDING.x) / across;
        let long = along * along_scale + 2.0 * PADDING.y;
        let (size, scale) = if horizontal {
            (vec2(long, WIDTH), vec2(along_scale, across_scale))
        } else {
            (vec2(WIDTH, long), vec2(across_scale, along_scale))
        };
        let min = pos2(canvas.right() - MARGIN - size.x, canvas.top() + MARGIN);
        Some(Self { rect: Rect::from_min_size(min, size), bounds, scale })
    }

    fn padding(&self) -> Vec2 {
        if self.rect.width() > self.rect.height() { vec2(PADDING.y, PADDING.x) } else { PADDING }
    }

    fn to_map(self, point: Pos2) -> Pos2 {
        self.rect.min + self.padding() + (point - self.bounds.min) * self.scale
    }

    /// The graph point under a point of the minimap.
    pub fn to_graph(self, point: Pos2) -> Pos2 {
        self.bounds.min + (point - self.rect.min - self.padding()) / self.scale
    }

    /// Paints frame, nodes and the outline of what the canvas shows.
    ///
    /// `visible` is the part of the graph that the canvas shows. `nodes` gives rectangle and colour of every node; it is
    /// asked again when `key` changes.
    pub fn paint(
        self,
        painter: &Painter,
        theme: &Theme,
        visible: Rect,
        cache: &mut MinimapCache,
        key: u64,
        nodes: &mut dyn Iterator<Item = (Rect, Color32)>,
    ) {
        floating(painter, theme, self.rect);
        let key = (key, theme.dark, self);
        if cache.made_for != Some(key) {
            cache.mesh = Arc::new(self.mesh(theme, nodes));
            cache.made_for = Some(key);
        }
        painter.add(Shape::mesh(cache.mesh.clone()));
        let visible = visible.intersect(self.bounds);
        if visible.is_positive() {
            let shown = Rect::from_min_max(self.to_map(visible.min), self.to_map(visible.max)).expand(3.0);
            let shown = shown.intersect(self.rect.shrink(2.0));
            painter.rect_stroke(shown, 3.0, Stroke::new(1.25, theme.text.text_1), StrokeKind::Inside);
        }
    }

    fn mesh(&self, theme: &Theme, nodes: &mut dyn Iterator<Item = (Rect, Color32)>) -> Mesh {
        let mut mesh = Mesh::default();
        for (rect, colour) in nodes {
            let rect = Rect::from_min_max(self.to_map(rect.min), self.to_map(rect.max));
            // Long graphs have nodes thinner than a point, which would flicker away.
            let rect = Rect::from_min_size(rect.min, rect.size().max(Vec2::splat(1.0)));
            add_quad(&mut mesh, rect, mix(theme.surface.window, colour, 0.9));
        }
        mesh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The minimap of a chain.
    fn minimap(n_nodes: u32, horizontal: bool, canvas: Rect) -> Option<Minimap> {
        let (along, across) = if horizontal { (356.0, 52.0) } else { (88.0, 248.0) };
        let length = n_nodes as f32 * along;
        let size = if horizontal { vec2(length, across) } else { vec2(across, length) };
        Minimap::of(Rect::from_min_size(Pos2::ZERO, size), horizontal, canvas)
    }

    #[test]
    fn minimap_stays_within_the_canvas() {
        let canvas = Rect::from_min_size(pos2(72.0, 92.0), vec2(424.0, 780.0));
        for n_nodes in [1, 31, 2_000] {
            for horizontal in [false, true] {
                let map = minimap(n_nodes, horizontal, canvas).expect("there is room");
                assert!(canvas.contains_rect(map.rect), "{n_nodes} {horizontal}: {:?}", map.rect);
            }
        }
        assert_eq!(minimap(31, false, canvas).unwrap().rect.width(), WIDTH);
    }

    #[test]
    fn points_of_map_and_graph_are_inverse() {
        let canvas = Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0));
        let map = minimap(31, false, canvas).unwrap();
        let point = pos2(100.0, 1_500.0);
        assert!((map.to_graph(map.to_map(point)) - point).length() < 0.01);
    }

    #[test]
    fn nothing_and_no_room_have_no_minimap() {
        let room = |width| Rect::from_min_size(Pos2::ZERO, vec2(width, 600.0));
        assert_eq!(minimap(5, false, room(100.0)), None);
        assert_eq!(Minimap::of(Rect::ZERO, false, room(800.0)), None);
    }
}
