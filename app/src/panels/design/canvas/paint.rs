//! Paints the visible part of a network.

use egui::emath::GuiRounding as _;
use egui::epaint::Mesh;
use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};
use emberlab_core::verdict::Severity;

use super::gesture::{Connection, Gesture, target};
use super::notes;
use super::{Choice, REACH};
use crate::panels::design::entries::Entry;
use crate::panels::design::facts::{Figure, LayerFacts, NetworkFacts};
use crate::panels::design::placed::{NODE, Placed, PlacedEdge, Port};
use crate::panels::graph::View;
use crate::panels::graph::paint::{Card, Detail, Lens, Outline, Way, add_quad, ground};
use crate::panels::inspect::layout::Direction;
use crate::project::design::Drawn;
use crate::theme::{Icon, Theme, font_id, format, with_alpha};

/// What is drawn, and how.
pub struct Scene<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The network.
    pub drawn: &'a Drawn,
    /// Where its layers are drawn.
    pub placed: &'a Placed,
    /// What is known about them.
    pub facts: &'a NetworkFacts,
    /// What is selected.
    pub choice: Choice<'a>,
    /// Which part is shown.
    pub view: View,
    /// Where it is shown.
    pub canvas: Rect,
    /// The figure on the cards.
    pub figure: Figure,
    /// Where the pointer is, in points of the graph.
    pub pointer: Option<Pos2>,
    /// What the pointer is doing.
    pub gesture: &'a Gesture,
    /// The layer that is dragged out of the palette.
    pub dropping: Option<Drop>,
}

/// A layer that is dragged out of the palette.
#[derive(Clone, Copy)]
pub struct Drop {
    /// Which.
    pub entry: Entry,
    /// Where the pointer is, in points of the graph.
    pub at: Pos2,
    /// What is there.
    pub target: Target,
}

/// What a layer is dropped on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Nothing.
    Ground,
    /// A layer, behind which it goes.
    Node(u32),
    /// An edge.
    Edge(u32),
}

/// Radius of a port at zoom 1.
const PORT: f32 = 4.0;

impl Scene<'_> {
    /// Paints the network; the painter must be clipped to the canvas.
    pub fn paint(&self, painter: &Painter) {
        ground(painter, self.theme, self.view, self.canvas);
        let visible = self.view.visible(self.canvas).expand(8.0);
        self.paint_edges(painter, visible);
        let detail = Detail::at(self.view.zoom);
        if detail == Detail::Block {
            self.paint_blocks(painter, visible);
        } else {
            for index in self.placed.nodes_in(visible) {
                self.paint_node(painter, index, detail);
            }
        }
        if detail == Detail::Full {
            self.paint_ports(painter, visible);
            self.paint_insert(painter);
            notes::paint(self, painter, visible);
        }
        self.paint_gesture(painter);
    }

    pub(super) fn screen(&self, point: Pos2) -> Pos2 {
        self.view.to_screen(self.canvas, point)
    }

    fn lens(&self) -> Lens {
        Lens { view: self.view, canvas: self.canvas, direction: Direction::Vertical }
    }

    fn layer(&self, index: u32) -> Option<&LayerFacts> {
        self.facts.layers.get(index as usize)
    }

    fn is_chosen(&self, index: u32) -> bool {
        self.layer(index).is_some_and(|layer| self.choice.layers.contains(&layer.id))
    }

    /// The edge is to blame for an error of the layer that reads.
    fn is_wrong(&self, edge: &PlacedEdge) -> bool {
        let problems = self.layer(edge.to).map_or(&[][..], |layer| &layer.problems);
        problems.iter().any(|found| found.severity == Severity::Error && found.input == Some(edge.place))
    }

    fn paint_edges(&self, painter: &Painter, visible: Rect) {
        // What is selected or wrong lies on top.
        let mut above = Vec::new();
        let detached = match self.gesture {
            Gesture::Connect(Connection { detached, .. }) => *detached,
            Gesture::Rest | Gesture::Pan | Gesture::Move { .. } | Gesture::Band { .. } => None,
        };
        let dropped_on = match self.dropping.map(|drop| drop.target) {
            Some(Target::Edge(number)) => Some(number),
            Some(Target::Ground | Target::Node(_)) | None => None,
        };
        for number in self.placed.edges_in(visible) {
            let edge = &self.placed.edges[number as usize];
            let key = self.layer(edge.to).map(|layer| (layer.id, edge.place));
            if key.is_some() && key == detached {
                continue;
            }
            let colour = if self.is_wrong(edge) {
                self.theme.status.over
            } else if dropped_on == Some(number)
                || (key.is_some() && key == self.choice.edge)
                || self.is_chosen(edge.from)
                || self.is_chosen(edge.to)
            {
                self.theme.accent.base
            } else {
                self.paint_edge(painter, edge, self.theme.line.strong, 1.5, false);
                continue;
            };
            above.push((number, edge, colour));
        }
        for (number, edge, colour) in above {
            let key = self.layer(edge.to).map(|layer| (layer.id, edge.place));
            let is_meant = dropped_on == Some(number) || key == self.choice.edge;
            let width = if is_meant || self.is_wrong(edge) { 2.0 } else { 1.5 };
            self.paint_edge(painter, edge, colour, width, self.is_wrong(edge));
        }
    }

    fn paint_edge(&self, painter: &Painter, edge: &PlacedEdge, colour: Color32, width: f32, dashed: bool) {
        let way = Way { points: &edge.points, smooth: edge.smooth, dashed, arrow: false, colour, width };
        way.paint(painter, &self.lens());
    }

    /// All visible layers as plain blocks, in one mesh.
    fn paint_blocks(&self, painter: &Painter, visible: Rect) {
        let mut mesh = Mesh::default();
        let mut outlines = Vec::new();
        for index in self.placed.nodes_in(visible) {
            let Some(layer) = self.layer(index) else { continue };
            let rect = self.view.rect_to_screen(self.canvas, self.placed.nodes[index as usize]);
            add_quad(&mut mesh, rect, self.theme.operator_colour(layer.category));
            if self.is_chosen(index) {
                outlines.push((rect, self.theme.accent.base));
            } else if layer.worst() == Some(Severity::Error) {
                outlines.push((rect, self.theme.status.over));
            }
        }
        painter.add(mesh);
        for (rect, colour) in outlines {
            painter.rect_stroke(rect.expand(1.0), 2.0, Stroke::new(2.0, colour), StrokeKind::Outside);
        }
    }

    fn paint_node(&self, painter: &Painter, index: u32, detail: Detail) {
        let Some(layer) = self.layer(index) else { return };
        let theme = self.theme;
        let node = self.placed.nodes[index as usize];
        let rect = self.view.rect_to_screen(self.canvas, node).round_to_pixels(painter.pixels_per_point());
        let figure = self.figure.text(layer);
        let share = self.figure.share(layer, &self.facts.most);
        let is_wrong = layer.worst() == Some(Severity::Error);
        let is_target = match (self.gesture, self.dropping.map(|drop| drop.target)) {
            (Gesture::Connect(connection), _) => {
                self.pointer.and_then(|at| target(self.placed, at, self.reach())) == Some(index)
                    && connection.from != layer.id
            }
            (_, Some(Target::Node(node))) => node == index,
            (_, Some(Target::Ground | Target::Edge(_)) | None) => false,
        };
        let outline = match (is_wrong, self.is_chosen(index) || is_target) {
            (_, true) if self.refuses(index) => Outline::Wrong,
            (_, true) => Outline::Selected,
            (true, false) => Outline::Wrong,
            (false, false) => Outline::Plain,
        };
        let (shape, shape_colour) = if layer.shape.is_empty() {
            (format::UNKNOWN, if is_wrong { theme.status.over } else { theme.text.text_3 })
        } else {
            (layer.shape.as_str(), theme.text.text_1)
        };
        let card = Card {
            theme,
            zoom: self.view.zoom,
            rect,
            category: layer.category,
            title: layer.label,
            title_end: (shape, shape_colour),
            line: &second_line(layer),
            figure: (!figure.is_empty()).then_some((figure.as_str(), theme.text.text_3)),
            bar: share.map(|share| (share, theme.series[0])),
            outline,
            hovered: self.pointer.is_some_and(|at| node.contains(at)),
        };
        card.paint(painter, detail);
    }

    fn reach(&self) -> f32 {
        REACH / self.view.zoom
    }

    /// An edge that hangs on the pointer cannot go to the layer.
    fn refuses(&self, index: u32) -> bool {
        let Gesture::Connect(connection) = self.gesture else { return false };
        let Some(layer) = self.drawn.graph.layers.get(index as usize) else { return false };
        layer.kind.input_range().1 == 0 || self.drawn.graph.depends_on(connection.from, layer.id)
    }

    fn paint_ports(&self, painter: &Painter, visible: Rect) {
        let hovered = self.pointer.and_then(|at| self.placed.port_at(at, self.reach()));
        for number in self.placed.edges_in(visible) {
            let edge = &self.placed.edges[number as usize];
            let Some(end) = edge.points.last() else { continue };
            let colour = if self.is_wrong(edge) { self.theme.status.over } else { self.theme.line.strong };
            self.paint_port(painter, *end, colour, hovered == Some(Port::Input(edge.to, edge.place)));
        }
        for index in self.placed.nodes_in(visible) {
            let (Some(layer), node) =
                (self.drawn.graph.layers.get(index as usize), self.placed.nodes[index as usize])
            else {
                continue;
            };
            if layer.inputs.is_empty() && layer.kind.input_range().1 > 0 {
                self.paint_port(painter, node.center_top(), self.theme.status.over, false);
            }
            let is_hovered = hovered == Some(Port::Output(index));
            self.paint_port(painter, node.center_bottom(), self.theme.line.strong, is_hovered);
        }
    }

    fn paint_port(&self, painter: &Painter, at: Pos2, colour: Color32, hovered: bool) {
        let (radius, colour) = if hovered { (PORT + 1.5, self.theme.accent.base) } else { (PORT, colour) };
        let zoom = self.view.zoom.min(1.0);
        let stroke = Stroke::new(1.5, colour);
        painter.circle(self.screen(at), radius * zoom, self.theme.surface.canvas, stroke);
    }

    /// A plus in the middle of the edge under the pointer.
    fn paint_insert(&self, painter: &Painter) {
        let (Gesture::Rest, Some(at), None) = (self.gesture, self.pointer, self.dropping) else { return };
        if self.placed.node_at(at).is_some() || self.placed.port_at(at, self.reach()).is_some() {
            return;
        }
        let Some(number) = self.placed.edge_at(at, 1.5 * self.reach()) else { return };
        let middle = self.placed.edges[number as usize].middle();
        if self.placed.node_at(middle).is_some() {
            return;
        }
        let centre = self.screen(middle);
        let is_on_it = (self.screen(at) - centre).length() < 11.0;
        let (fill, stroke, colour) = if is_on_it {
            (self.theme.accent.base, self.theme.accent.base, self.theme.text.on_accent)
        } else {
            (self.theme.surface.raised, self.theme.line.strong, self.theme.text.text_1)
        };
        painter.circle(centre, 9.0, fill, Stroke::new(1.0, stroke));
        painter.text(centre, Align2::CENTER_CENTER, Icon::Plus.glyph(), font_id::icon(12.0), colour);
    }

    fn paint_gesture(&self, painter: &Painter) {
        match self.gesture {
            Gesture::Rest | Gesture::Pan | Gesture::Move { .. } => {}
            Gesture::Connect(connection) => {
                let Some(from) = self.drawn.shapes.index_of(connection.from) else { return };
                let points = [self.placed.output(from as u32), connection.at];
                let way = Way {
                    points: &points,
                    smooth: true,
                    dashed: false,
                    arrow: true,
                    colour: self.theme.accent.base,
                    width: 2.0,
                };
                way.paint(painter, &self.lens());
            }
            Gesture::Band { from, to } => {
                let band = Rect::from_two_pos(self.screen(*from), self.screen(*to));
                painter.rect_filled(band, 0.0, with_alpha(self.theme.accent.base, 0.08));
                let stroke = Stroke::new(1.0, self.theme.accent.base);
                painter.rect_stroke(band, 0.0, stroke, StrokeKind::Inside);
            }
        }
        if let Some(drop) = self.dropping {
            self.paint_drop(painter, drop);
        }
    }

    /// The card that hangs on the pointer.
    fn paint_drop(&self, painter: &Painter, drop: Drop) {
        let size = NODE * self.view.zoom;
        let rect = Rect::from_center_size(self.screen(drop.at), size);
        let mut painter = painter.clone();
        painter.multiply_opacity(0.85);
        let card = Card {
            theme: self.theme,
            zoom: self.view.zoom,
            rect,
            category: drop.entry.category(),
            title: drop.entry.label,
            title_end: ("", self.theme.text.text_3),
            line: match drop.target {
                Target::Ground => "",
                Target::Node(_) => "behind this layer",
                Target::Edge(_) => "on this edge",
            },
            figure: None,
            bar: None,
            outline: Outline::Selected,
            hovered: false,
        };
        card.paint(&painter, Detail::at(self.view.zoom));
    }
}

/// What the second line of a card says: the numbers of the layer, or what becomes of it.
fn second_line(layer: &LayerFacts) -> String {
    if layer.waits {
        return "waits for a layer before it".to_owned();
    }
    let Some(cost) = layer.cost.as_ref().filter(|_| layer.details.is_empty()) else {
        return layer.details.clone();
    };
    match (&cost.within, cost.operator_names.as_slice()) {
        (Some(other), _) => format!("within {other}"),
        (None, [only]) => format!("runs as {only}"),
        (None, _) => String::new(),
    }
}

/// An outlined box at a place on the screen, for notes.
pub(super) fn note_box(painter: &Painter, theme: &Theme, rect: Rect, zoom: f32) {
    let radius = CornerRadius::same((6.0 * zoom).round().max(2.0) as u8);
    let stroke = Stroke::new(1.0, theme.status.over);
    painter.rect(rect, radius, theme.status.over_soft, stroke, StrokeKind::Inside);
}

/// A thin line from a note to what it is about.
pub(super) fn note_line(painter: &Painter, theme: &Theme, from: Pos2, to: Pos2) {
    let stroke = Stroke::new(1.0, with_alpha(theme.status.over, 0.6));
    painter.add(Shape::line_segment([pos2(from.x, from.y), pos2(to.x, to.y)], stroke));
}

/// Rounds a size up to whole points.
pub(super) fn ceiled(size: Vec2) -> Vec2 {
    vec2(size.x.ceil(), size.y.ceil())
}
