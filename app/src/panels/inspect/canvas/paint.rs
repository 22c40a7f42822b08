//! Paints the visible part of a graph.

use egui::emath::GuiRounding as _;
use egui::epaint::{CubicBezierShape, Mesh, PathStroke, Vertex};
use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align2, Color32, CornerRadius, FontId, Galley, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2,
    pos2, vec2,
};
use emberlab_core::model::TensorId;
use std::sync::Arc;

use super::view::View;
use crate::panels::inspect::facts::GraphFacts;
use crate::panels::inspect::layout::{Direction, Edge, GraphLayout, Node, NodeKind};
use crate::panels::inspect::overlay::{Overlay, scale_place};
use crate::theme::{Theme, font_id, format, mix, with_alpha};

/// How much of a node is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The coloured block.
    Block,
    /// Title and bar.
    Title,
    /// Everything.
    Full,
}

impl Detail {
    /// What can be read at a zoom.
    pub fn at(zoom: f32) -> Self {
        match zoom {
            ..0.3 => Detail::Block,
            0.3..0.6 => Detail::Title,
            _ => Detail::Full,
        }
    }
}

/// What is drawn, and how.
pub struct Scene<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// Where things are.
    pub layout: &'a GraphLayout,
    /// What they are.
    pub facts: &'a GraphFacts,
    /// Which part is shown.
    pub view: View,
    /// Where it is shown.
    pub canvas: Rect,
    /// The figure on the nodes.
    pub overlay: Overlay,
    /// Second line of every operator.
    pub second_line: &'a [String],
    /// The node that is selected.
    pub selected: Option<u32>,
    /// The tensor that is selected.
    pub selected_tensor: Option<TensorId>,
    /// The node under the pointer.
    pub hovered: Option<u32>,
    /// For every operator whether find matches it; empty when nothing is looked for.
    pub matches: &'a [bool],
}

/// Width of the coloured edge of a node.
const EDGE: f32 = 6.0;

/// Opacity of what find does not match.
const DIMMED: f32 = 0.35;

impl Scene<'_> {
    /// Paints the graph; the painter must be clipped to the canvas.
    pub fn paint(&self, painter: &Painter) {
        painter.rect_filled(self.canvas, 0.0, self.theme.surface.canvas);
        self.paint_dots(painter);
        let visible = self.view.visible(self.canvas).expand(8.0);
        self.paint_edges(painter, visible);
        let detail = Detail::at(self.view.zoom);
        if detail == Detail::Full {
            self.paint_labels(painter, visible.expand(120.0));
        }
        if detail == Detail::Block {
            self.paint_blocks(painter, visible);
        } else {
            for node in self.layout.nodes_in(visible) {
                self.paint_node(painter, node, detail);
            }
        }
    }

    /// Dots every 24 points of the graph, further apart when zoomed out.
    fn paint_dots(&self, painter: &Painter) {
        let mut pitch = 24.0 * self.view.zoom;
        while pitch < 16.0 {
            pitch *= 2.0;
        }
        let canvas = self.canvas;
        let start = |offset: f32| (offset + pitch / 2.0).rem_euclid(pitch);
        let colour = self.theme.plot.grid;
        let half = 0.75;
        let mut mesh = Mesh::default();
        let n_rows = (canvas.height() / pitch) as usize + 1;
        let n_columns = (canvas.width() / pitch) as usize + 1;
        mesh.reserve_vertices(4 * n_rows * n_columns);
        mesh.reserve_triangles(2 * n_rows * n_columns);
        let mut y = canvas.top() + start(self.view.offset.y);
        while y < canvas.bottom() {
            let mut x = canvas.left() + start(self.view.offset.x);
            while x < canvas.right() {
                add_quad(&mut mesh, Rect::from_center_size(pos2(x, y), Vec2::splat(2.0 * half)), colour);
                x += pitch;
            }
            y += pitch;
        }
        painter.add(mesh);
    }

    fn paint_edges(&self, painter: &Painter, visible: Rect) {
        // What is selected lies on top.
        let mut selected = Vec::new();
        for number in self.layout.edges_in(visible) {
            let edge = &self.layout.edges[number as usize];
            if self.is_hot(edge) {
                selected.push(edge);
            } else {
                self.paint_edge(painter, edge, false);
            }
        }
        for edge in selected {
            self.paint_edge(painter, edge, true);
        }
    }

    fn is_hot(&self, edge: &Edge) -> bool {
        self.selected.is_some_and(|node| edge.from == node || edge.to == node)
            || self.selected_tensor == Some(edge.tensor)
    }

    fn paint_edge(&self, painter: &Painter, edge: &Edge, hot: bool) {
        let zoom = self.view.zoom;
        let colour = match (edge.backward, hot) {
            (true, _) => self.theme.status.over,
            (false, true) => self.theme.accent.base,
            (false, false) => self.theme.line.strong,
        };
        let dimmed = !hot && self.is_dimmed(edge.from) && self.is_dimmed(edge.to);
        let colour = if dimmed { mix(self.theme.surface.canvas, colour, DIMMED) } else { colour };
        let width = if zoom < 0.3 { 1.0 } else { (1.5 * zoom).max(1.0) };
        let stroke = Stroke::new(width, colour);
        let detailed = zoom >= 0.3;
        let screen = |point: Pos2| self.view.to_screen(self.canvas, point);
        let Some((last, before)) = edge.points.last().zip(edge.points.iter().rev().nth(1)) else { return };
        let towards = match self.layout.direction {
            _ if (*last - *before).length() < 0.5 => vec2(0.0, 1.0),
            _ => (*last - *before).normalized(),
        };
        let arrow = 6.0 * zoom;
        let tip = screen(*last);
        let base = tip - towards * arrow;
        for (place, pair) in edge.points.windows(2).enumerate() {
            let is_last = place + 2 == edge.points.len();
            let end = if is_last && detailed { base } else { screen(pair[1]) };
            self.paint_segment(painter, edge, screen(pair[0]), end, stroke);
        }
        if detailed {
            let side = towards.rot90() * (4.0 * zoom);
            let corners = vec![tip, base + side, base - side];
            painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
        }
    }

    fn paint_segment(&self, painter: &Painter, edge: &Edge, from: Pos2, to: Pos2, stroke: Stroke) {
        let clip = self.canvas.expand(stroke.width);
        if !Rect::from_two_pos(from, to).intersects(clip) {
            return;
        }
        if edge.backward {
            painter.extend(Shape::dashed_line(&[from, to], stroke, 5.0, 4.0));
            return;
        }
        let along = match self.layout.direction {
            Direction::Vertical => (to.x - from.x).abs() < 0.5,
            Direction::Horizontal => (to.y - from.y).abs() < 0.5,
        };
        if along || !edge.smooth || self.view.zoom < 0.3 {
            painter.line_segment([from, to], stroke);
            return;
        }
        painter.add(CubicBezierShape::from_points_stroke(
            bend(self.layout.direction, from, to),
            false,
            Color32::TRANSPARENT,
            PathStroke::from(stroke),
        ));
    }

    /// Shape and bytes of the tensors, beside their edges.
    fn paint_labels(&self, painter: &Painter, visible: Rect) {
        let font = scaled(font_id::number_small(), self.view.zoom);
        let gap = 10.0 * self.view.zoom;
        let small = scaled(font_id::small(), self.view.zoom);
        for number in self.layout.edges_in(visible) {
            let edge = &self.layout.edges[number as usize];
            if edge.backward
                && let Some(last) = edge.points.last()
            {
                let at = self.view.to_screen(self.canvas, *last) + vec2(gap, -gap);
                let reason = "read before it is written";
                painter.text(at, Align2::LEFT_BOTTOM, reason, small.clone(), self.theme.status.over);
            }
        }
        for label in self.layout.labels_in(visible) {
            let Some(tensor) = self.facts.tensors.get(label.tensor.index()) else { continue };
            let at = self.view.to_screen(self.canvas, label.position);
            let hot = self.is_hot(&self.layout.edges[label.edge as usize]);
            let shape_colour = if hot { self.theme.text.text_1 } else { self.theme.text.text_2 };
            let bytes = tensor.bytes.map_or_else(|| format::UNKNOWN.to_owned(), format::bytes);
            let (shape_anchor, bytes_anchor, away) = match self.layout.direction {
                Direction::Vertical => (Align2::RIGHT_CENTER, Align2::LEFT_CENTER, vec2(gap, 0.0)),
                Direction::Horizontal => (Align2::CENTER_BOTTOM, Align2::CENTER_TOP, vec2(0.0, gap / 3.0)),
            };
            painter.text(at - away, shape_anchor, &tensor.shape, font.clone(), shape_colour);
            painter.text(at + away, bytes_anchor, bytes, font.clone(), self.theme.text.text_3);
        }
    }

    /// All visible nodes as plain blocks, in one mesh.
    fn paint_blocks(&self, painter: &Painter, visible: Rect) {
        let mut mesh = Mesh::default();
        let mut outlines = Vec::new();
        for number in self.layout.nodes_in(visible) {
            let node = &self.layout.nodes[number as usize];
            let rect = self.view.rect_to_screen(self.canvas, node.rect);
            let mut colour = node_colour(self.theme, self.facts, node);
            if self.is_dimmed(number) {
                colour = mix(self.theme.surface.canvas, colour, DIMMED);
            }
            add_quad(&mut mesh, rect, colour);
            if self.selected == Some(number) {
                outlines.push(rect);
            }
        }
        painter.add(mesh);
        for rect in outlines {
            let stroke = Stroke::new(2.0, self.theme.accent.base);
            painter.rect_stroke(rect.expand(1.0), 2.0, stroke, StrokeKind::Outside);
        }
    }

    fn paint_node(&self, painter: &Painter, number: u32, detail: Detail) {
        let node = &self.layout.nodes[number as usize];
        let rect =
            self.view.rect_to_screen(self.canvas, node.rect).round_to_pixels(painter.pixels_per_point());
        let mut painter = painter.clone();
        if self.is_dimmed(number) {
            painter.multiply_opacity(DIMMED);
        }
        match node.kind {
            NodeKind::Operator(operator) => self.paint_operator(&painter, rect, operator.0, detail),
            NodeKind::Input(place, tensor) => self.paint_pill(&painter, rect, "input", place, tensor, detail),
            NodeKind::Output(place, tensor) => {
                self.paint_pill(&painter, rect, "output", place, tensor, detail)
            }
        }
    }

    fn paint_operator(&self, painter: &Painter, rect: Rect, number: u32, detail: Detail) {
        let Some(facts) = self.facts.operators.get(number as usize) else { return };
        let (selected, hovered) = (self.selected == Some(number), self.hovered == Some(number));
        let (theme, zoom) = (self.theme, self.view.zoom);
        let radius = (6.0 * zoom).round().max(1.0) as u8;
        let fill = if hovered { theme.surface.control } else { theme.surface.raised };
        let stroke =
            if selected { Stroke::new(2.0, theme.accent.base) } else { Stroke::new(1.0, theme.line.strong) };
        painter.rect(rect, CornerRadius::same(radius), fill, stroke, StrokeKind::Inside);
        let inset = if selected { 1.0 } else { 0.5 };
        let edge = Rect::from_min_max(
            rect.min + Vec2::splat(inset),
            pos2(rect.left() + (EDGE * zoom).max(2.0), rect.bottom() - inset),
        );
        let corner = radius.saturating_sub(1);
        let corners = CornerRadius { nw: corner, sw: corner, ne: 0, se: 0 };
        painter.rect_filled(edge, corners, theme.operator_colour(facts.category));

        let value = self.overlay.value(facts);
        let most = self.overlay.most(self.facts);
        let left = rect.left() + 16.0 * zoom;
        let right = rect.right() - 10.0 * zoom;
        let text = |text: String, font: FontId, width: f32| galley(painter, text, scaled(font, zoom), width);
        let place = |galley: Arc<Galley>, x: f32, y: f32, anchor: f32, colour: Color32| {
            let at = pos2(x - galley.size().x * anchor, y - galley.size().y / 2.0);
            painter.galley(at, galley, colour);
        };
        if detail == Detail::Title {
            // The second line is too small to be read here: the title takes its room.
            let title = text(facts.name.clone(), font_title(), right - left);
            place(title, left, rect.center().y - 1.0 * zoom, 0.0, theme.text.text_1);
        } else {
            let (first, second) = (rect.top() + 16.0 * zoom, rect.top() + 32.5 * zoom);
            let id = text(format!("#{number}"), font_id::number_small(), f32::INFINITY);
            let title_room = right - left - id.size().x - 8.0 * zoom;
            place(id, right, first, 1.0, theme.text.text_3);
            let title = text(facts.name.clone(), font_id::strong(), title_room);
            place(title, left, first, 0.0, theme.text.text_1);
            let mut room = right - left;
            if let Some(value) = value {
                let strong = if selected { font_id::number_strong() } else { font_id::number() };
                let value = text(self.overlay.text(value), FontId::new(11.0, strong.family), f32::INFINITY);
                room -= value.size().x + 8.0 * zoom;
                place(value, right, second, 1.0, theme.text.text_1);
            }
            if let Some(line) = self.second_line.get(number as usize).filter(|line| !line.is_empty()) {
                let summary = text(line.clone(), font_id::small(), room);
                place(summary, left, second, 0.0, theme.text.text_2);
            }
        }
        if let Some((value, most)) = value.zip(most)
            && value > 0
        {
            let share = (value as f64 / most.max(1) as f64) as f32;
            let height = (2.5 * zoom).max(1.5);
            let start = pos2(rect.left() + EDGE * zoom, rect.bottom() - height - 1.0);
            let width = (rect.width() - 9.0 * zoom) * share;
            let bar = Rect::from_min_size(start, vec2(width.max(1.0), height));
            painter.rect_filled(bar, 1.0, theme.sequential(scale_place(share)));
        }
    }

    fn paint_pill(
        &self,
        painter: &Painter,
        rect: Rect,
        role: &str,
        place: u32,
        tensor: TensorId,
        detail: Detail,
    ) {
        let (theme, zoom) = (self.theme, self.view.zoom);
        let selected = self.selected_tensor == Some(tensor);
        let stroke =
            if selected { Stroke::new(2.0, theme.accent.base) } else { Stroke::new(1.0, theme.line.strong) };
        let radius = CornerRadius::same((rect.height() / 2.0).min(255.0) as u8);
        painter.rect(rect, radius, theme.surface.window, stroke, StrokeKind::Inside);
        let text = |text: String, font: FontId, width: f32| galley(painter, text, scaled(font, zoom), width);
        let name = if place == 0 { role.to_owned() } else { format!("{role} {}", place + 1) };
        let name = text(name, font_id::caption(), rect.width() - 16.0 * zoom);
        let inset = 12.0 * zoom;
        let middle = rect.center().y;
        if detail == Detail::Title {
            painter.galley(rect.center() - name.size() / 2.0, name, theme.text.text_1);
            return;
        }
        let room = rect.width() - 2.0 * inset - name.size().x - 8.0 * zoom;
        painter.galley(pos2(rect.left() + inset, middle - name.size().y / 2.0), name, theme.text.text_1);
        let Some(facts) = self.facts.tensors.get(tensor.index()) else { return };
        let bytes = facts.bytes.map_or_else(|| format::UNKNOWN.to_owned(), format::bytes);
        let what = text(format!("{}  {bytes}", facts.shape), font_id::number_small(), room);
        let at = pos2(rect.right() - inset - what.size().x, middle - what.size().y / 2.0);
        painter.galley(at, what, theme.text.text_2);
    }

    fn is_dimmed(&self, node: u32) -> bool {
        if self.matches.is_empty() {
            return false;
        }
        match self.layout.nodes.get(node as usize).map(|node| node.kind) {
            Some(NodeKind::Operator(operator)) => {
                !self.matches.get(operator.index()).copied().unwrap_or(false)
            }
            Some(NodeKind::Input(..) | NodeKind::Output(..)) | None => true,
        }
    }
}

/// The titles of nodes that show nothing else: lighter than a full node's, so that small letters stay open.
fn font_title() -> FontId {
    FontId::new(18.0, font_id::label().family)
}

/// Control points of a bend that leaves and arrives along the graph's direction.
pub fn bend(direction: Direction, from: Pos2, to: Pos2) -> [Pos2; 4] {
    match direction {
        Direction::Vertical => {
            let middle = (from.y + to.y) / 2.0;
            [from, pos2(from.x, middle), pos2(to.x, middle), to]
        }
        Direction::Horizontal => {
            let middle = (from.x + to.x) / 2.0;
            [from, pos2(middle, from.y), pos2(middle, to.y), to]
        }
    }
}

/// The colour that stands for a node.
pub fn node_colour(theme: &Theme, facts: &GraphFacts, node: &Node) -> Color32 {
    match node.kind {
        NodeKind::Operator(operator) => facts
            .operators
            .get(operator.index())
            .map_or(theme.line.strong, |operator| theme.operator_colour(operator.category)),
        NodeKind::Input(..) | NodeKind::Output(..) => theme.line.strong,
    }
}

/// A font at a zoom, in steps of half a point: zooming must not fill the glyph atlas with every size in between.
fn scaled(font: FontId, zoom: f32) -> FontId {
    FontId { size: (font.size * zoom * 2.0).round().max(8.0) / 2.0, ..font }
}

/// One line of text, cut with an ellipsis where it is wider than `width`; its colour is chosen when it is painted.
fn galley(painter: &Painter, text: String, font: FontId, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text, font, Color32::PLACEHOLDER);
    if width.is_finite() {
        job.wrap = TextWrapping::truncate_at_width(width.max(1.0));
    }
    painter.layout_job(job)
}

/// Adds a rectangle to a mesh.
pub fn add_quad(mesh: &mut Mesh, rect: Rect, colour: Color32) {
    let first = mesh.vertices.len() as u32;
    for corner in [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()] {
        mesh.vertices.push(Vertex::untextured(corner, colour));
    }
    mesh.indices.extend([0, 1, 2, 0, 2, 3].map(|corner| first + corner));
}

/// A panel that floats over the canvas: fill and outline.
pub fn floating(painter: &Painter, theme: &Theme, rect: Rect) {
    let stroke = Stroke::new(1.0, theme.line.strong);
    painter.rect(
        rect,
        CornerRadius::same(4),
        with_alpha(theme.surface.window, 0.97),
        stroke,
        StrokeKind::Inside,
    );
}
