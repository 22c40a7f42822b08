//! The whole graph, small, in a corner of the canvas.

use std::sync::Arc;

use egui::epaint::Mesh;
use egui::{Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

use super::CanvasContent;
use super::paint::{add_quad, floating, node_colour};
use crate::panels::inspect::facts::GraphFacts;
use crate::panels::inspect::layout::{Direction, GraphLayout, NodeKind};
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
    made_for: Option<(usize, bool, Minimap)>,
    mesh: Arc<Mesh>,
}

impl Minimap {
    /// The place of the minimap at the upper right of a canvas; `None` where there is nothing or no room.
    pub fn of(layout: &GraphLayout, canvas: Rect) -> Option<Self> {
        let bounds = layout.bounds;
        if bounds.width() <= 0.0
            || bounds.height() <= 0.0
            || canvas.width() < 200.0
            || canvas.height() < 200.0
        {
            return None;
        }
        let horizontal = layout.direction == Direction::Horizontal;
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
    /// `visible` is the part of the graph that the canvas shows.
    pub fn paint(
        self,
        painter: &Painter,
        content: &CanvasContent<'_>,
        visible: Rect,
        cache: &mut MinimapCache,
    ) {
        let CanvasContent { theme, layout, facts, .. } = *content;
        floating(painter, theme, self.rect);
        let key = (std::ptr::from_ref(layout).addr(), theme.dark, self);
        if cache.made_for != Some(key) {
            cache.mesh = Arc::new(self.mesh(theme, layout, facts));
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

    fn mesh(&self, theme: &Theme, layout: &GraphLayout, facts: &GraphFacts) -> Mesh {
        let mut mesh = Mesh::default();
        for node in layout.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Operator(_))) {
            let rect = Rect::from_min_max(self.to_map(node.rect.min), self.to_map(node.rect.max));
            // Long graphs have nodes thinner than a point, which would flicker away.
            let rect = Rect::from_min_size(rect.min, rect.size().max(Vec2::splat(1.0)));
            add_quad(&mut mesh, rect, mix(theme.surface.window, node_colour(theme, facts, node), 0.9));
        }
        mesh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::inspect::fixtures::{MAIN, chain};
    use crate::panels::inspect::layout::layout_graph;

    fn minimap(n_operators: u32, direction: Direction, canvas: Rect) -> Option<Minimap> {
        let layout = layout_graph(&chain(n_operators), MAIN, direction, &|| false).unwrap();
        Minimap::of(&layout, canvas)
    }

    #[test]
    fn minimap_stays_within_the_canvas() {
        let canvas = Rect::from_min_size(pos2(72.0, 92.0), vec2(424.0, 780.0));
        for n_operators in [1, 31, 2_000] {
            for direction in [Direction::Vertical, Direction::Horizontal] {
                let map = minimap(n_operators, direction, canvas).expect("there is room");
                assert!(canvas.contains_rect(map.rect), "{n_operators} {direction:?}: {:?}", map.rect);
            }
        }
        assert_eq!(minimap(31, Direction::Vertical, canvas).unwrap().rect.width(), WIDTH);
    }

    #[test]
    fn points_of_map_and_graph_are_inverse() {
        let canvas = Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0));
        let map = minimap(31, Direction::Vertical, canvas).unwrap();
        let point = pos2(100.0, 1_500.0);
        assert!((map.to_graph(map.to_map(point)) - point).length() < 0.01);
    }

    #[test]
    fn nothing_and_no_room_have_no_minimap() {
        assert_eq!(
            minimap(5, Direction::Vertical, Rect::from_min_size(Pos2::ZERO, vec2(100.0, 600.0))),
            None
        );
        assert_eq!(
            Minimap::of(&GraphLayout::default(), Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0))),
            None
        );
    }
}
