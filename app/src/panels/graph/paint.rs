//! Paints the parts of a graph: the dotted ground, cards of nodes, ways of edges.

use std::sync::Arc;

use egui::epaint::{CubicBezierShape, Mesh, PathStroke, Vertex};
use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Color32, CornerRadius, FontId, Galley, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2,
};

use super::view::View;
use crate::panels::inspect::layout::Direction;
use crate::theme::{Category, Theme, font_id, with_alpha};

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

/// How points of a graph get onto the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// Which part is shown.
    pub view: View,
    /// Where it is shown.
    pub canvas: Rect,
    /// Which way the graph runs.
    pub direction: Direction,
}

/// Width of the coloured edge of a node.
pub const EDGE: f32 = 6.0;

/// Dots every 24 points of the graph, further apart when zoomed out, on the colour of canvases.
pub fn ground(painter: &Painter, theme: &Theme, view: View, canvas: Rect) {
    painter.rect_filled(canvas, 0.0, theme.surface.canvas);
    let mut pitch = 24.0 * view.zoom;
    while pitch < 16.0 {
        pitch *= 2.0;
    }
    let start = |offset: f32| (offset + pitch / 2.0).rem_euclid(pitch);
    let colour = theme.plot.grid;
    let half = 0.75;
    let mut mesh = Mesh::default();
    let n_rows = (canvas.height() / pitch) as usize + 1;
    let n_columns = (canvas.width() / pitch) as usize + 1;
    mesh.reserve_vertices(4 * n_rows * n_columns);
    mesh.reserve_triangles(2 * n_rows * n_columns);
    let mut y = canvas.top() + start(view.offset.y);
    while y < canvas.bottom() {
        let mut x = canvas.left() + start(view.offset.x);
        while x < canvas.right() {
            add_quad(&mut mesh, Rect::from_center_size(pos2(x, y), Vec2::splat(2.0 * half)), colour);
            x += pitch;
        }
        y += pitch;
    }
    painter.add(mesh);
}

/// What outlines a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outline {
    /// Nothing in particular.
    #[default]
    Plain,
    /// It is selected.
    Selected,
    /// Something is wrong with it.
    Wrong,
}

/// The card of a node.
pub struct Card<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// Screen points per graph point.
    pub zoom: f32,
    /// Where it is on the screen.
    pub rect: Rect,
    /// Its kind.
    pub category: Category,
    /// What leads the first line.
    pub title: &'a str,
    /// What ends the first line, and its colour.
    pub title_end: (&'a str, Color32),
    /// What the second line says.
    pub line: &'a str,
    /// The figure that ends the second line, and its colour.
    pub figure: Option<(&'a str, Color32)>,
    /// Length of the bar at the foot, 0 to 1, and its colour.
    pub bar: Option<(f32, Color32)>,
    /// What outlines it.
    pub outline: Outline,
    /// The pointer is on it.
    pub hovered: bool,
}

impl Card<'_> {
    /// Paints it; [`Detail::Block`] is painted as [`Detail::Title`], since blocks go into one mesh.
    pub fn paint(&self, painter: &Painter, detail: Detail) {
        let (theme, zoom, rect) = (self.theme, self.zoom, self.rect);
        let radius = (6.0 * zoom).round().max(1.0) as u8;
        let fill = if self.hovered { theme.surface.control } else { theme.surface.raised };
        let (stroke, inset) = match self.outline {
            Outline::Plain => (Stroke::new(1.0, theme.line.strong), 0.5),
            Outline::Selected => (Stroke::new(2.0, theme.accent.base), 1.0),
            Outline::Wrong => (Stroke::new(2.0, theme.status.over), 1.0),
        };
        painter.rect(rect, CornerRadius::same(radius), fill, stroke, StrokeKind::Inside);
        let edge = Rect::from_min_max(
            rect.min + Vec2::splat(inset),
            pos2(rect.left() + (EDGE * zoom).max(2.0), rect.bottom() - inset),
        );
        let corner = radius.saturating_sub(1);
        let corners = CornerRadius { nw: corner, sw: corner, ne: 0, se: 0 };
        painter.rect_filled(edge, corners, theme.operator_colour(self.category));
        self.paint_text(painter, detail);
        if let Some((share, colour)) = self.bar {
            let height = (2.5 * zoom).max(1.5);
            let start = pos2(rect.left() + EDGE * zoom, rect.bottom() - height - 1.0);
            let width = (rect.width() - 9.0 * zoom) * share.min(1.0);
            // At least a point, so that something is told from nothing.
            let bar = Rect::from_min_size(start, vec2(width.max(1.0), height));
            painter.rect_filled(bar, 1.0, colour);
        }
    }

    fn paint_text(&self, painter: &Painter, detail: Detail) {
        let (theme, zoom, rect) = (self.theme, self.zoom, self.rect);
        let left = rect.left() + 16.0 * zoom;
        let right = rect.right() - 10.0 * zoom;
        let text = |text: &str, font: FontId, width: f32| {
            galley(painter, text.to_owned(), scaled(font, zoom), width)
        };
        let place = |galley: Arc<Galley>, x: f32, y: f32, anchor: f32, colour: Color32| {
            let at = pos2(x - galley.size().x * anchor, y - galley.size().y / 2.0);
            painter.galley(at, galley, colour);
        };
        if detail < Detail::Full {
            // The second line is too small to be read here: the title takes its room.
            let title = text(self.title, font_title(), right - left);
            place(title, left, rect.center().y - 1.0 * zoom, 0.0, theme.text.text_1);
            return;
        }
        let (first, second) = (rect.top() + 16.0 * zoom, rect.top() + 32.5 * zoom);
        let end = text(self.title_end.0, font_id::number_small(), f32::INFINITY);
        let title_room = right - left - end.size().x - 8.0 * zoom;
        place(end, right, first, 1.0, self.title_end.1);
        let title = text(self.title, font_id::strong(), title_room);
        place(title, left, first, 0.0, theme.text.text_1);
        let mut room = right - left;
        if let Some((figure, colour)) = self.figure {
            let strong = self.outline == Outline::Selected;
            let font = if strong { font_id::number_strong() } else { font_id::number() };
            let figure = text(figure, FontId::new(11.0, font.family), f32::INFINITY);
            room -= figure.size().x + 8.0 * zoom;
            place(figure, right, second, 1.0, colour);
        }
        if !self.line.is_empty() {
            let line = text(self.line, font_id::small(), room);
            place(line, left, second, 0.0, theme.text.text_2);
        }
    }
}

/// The titles of nodes that show nothing else: lighter than a full node's, so that small letters stay open.
fn font_title() -> FontId {
    FontId::new(18.0, font_id::label().family)
}

/// The way of an edge, in points of the graph.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// From start to end.
    pub points: &'a [Pos2],
    /// Parts that are not parallel to the graph's direction are drawn as curves.
    pub smooth: bool,
    /// Drawn in dashes: something is wrong with it.
    pub dashed: bool,
    /// It ends in an arrow.
    pub arrow: bool,
    /// Colour of line and arrow.
    pub colour: Color32,
    /// Width of the line at zoom 1.
    pub width: f32,
}

impl Way<'_> {
    /// Paints it; the painter must be clipped to the canvas.
    pub fn paint(&self, painter: &Painter, lens: &Lens) {
        let zoom = lens.view.zoom;
        let width = if zoom < 0.3 { 1.0 } else { (self.width * zoom).max(1.0) };
        let stroke = Stroke::new(width, self.colour);
        let has_arrow = self.arrow && zoom >= 0.3;
        let screen = |point: Pos2| lens.view.to_screen(lens.canvas, point);
        let Some((last, before)) = self.points.last().zip(self.points.iter().rev().nth(1)) else { return };
        let towards =
            if (*last - *before).length() < 0.5 { vec2(0.0, 1.0) } else { (*last - *before).normalized() };
        let tip = screen(*last);
        let base = tip - towards * (6.0 * zoom);
        for (place, pair) in self.points.windows(2).enumerate() {
            let is_last = place + 2 == self.points.len();
            let end = if is_last && has_arrow { base } else { screen(pair[1]) };
            self.paint_segment(painter, lens, screen(pair[0]), end, stroke);
        }
        if has_arrow {
            let side = towards.rot90() * (4.0 * zoom);
            let corners = vec![tip, base + side, base - side];
            painter.add(Shape::convex_polygon(corners, self.colour, Stroke::NONE));
        }
    }

    fn paint_segment(&self, painter: &Painter, lens: &Lens, from: Pos2, to: Pos2, stroke: Stroke) {
        let clip = lens.canvas.expand(stroke.width);
        if !Rect::from_two_pos(from, to).intersects(clip) {
            return;
        }
        let along = match lens.direction {
            Direction::Vertical => (to.x - from.x).abs() < 0.5,
            Direction::Horizontal => (to.y - from.y).abs() < 0.5,
        };
        let straight = along || !self.smooth || lens.view.zoom < 0.3;
        if straight && self.dashed {
            painter.extend(Shape::dashed_line(&[from, to], stroke, 5.0, 4.0));
        } else if straight {
            painter.line_segment([from, to], stroke);
        } else {
            let curve = CubicBezierShape::from_points_stroke(
                bend(lens.direction, from, to),
                false,
                Color32::TRANSPARENT,
                PathStroke::from(stroke),
            );
            if self.dashed {
                painter.extend(Shape::dashed_line(&curve.flatten(Some(0.5)), stroke, 5.0, 4.0));
            } else {
                painter.add(curve);
            }
        }
    }
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

/// A font at a zoom, in steps of half a point: zooming must not fill the glyph atlas with every size in between.
pub fn scaled(font: FontId, zoom: f32) -> FontId {
    FontId { size: (font.size * zoom * 2.0).round().max(8.0) / 2.0, ..font }
}

/// One line of text, cut with an ellipsis where it is wider than `width`; its colour is chosen when it is painted.
pub fn galley(painter: &Painter, text: String, font: FontId, width: f32) -> Arc<Galley> {
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
