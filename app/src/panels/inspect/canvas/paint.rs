//! Paints the visible part of a graph.

use egui::emath::GuiRounding as _;
use egui::epaint::Mesh;
use egui::{Align2, Color32, CornerRadius, FontId, Painter, Rect, Stroke, StrokeKind, pos2, vec2};
use emberlab_core::model::TensorId;

use crate::panels::graph::View;
use crate::panels::graph::paint::{Card, Detail, Lens, Outline, Way, add_quad, galley, ground, scaled};
use crate::panels::inspect::facts::GraphFacts;
use crate::panels::inspect::layout::{Direction, Edge, GraphLayout, Node, NodeKind};
use crate::panels::inspect::overlay::{Overlay, scale_place};
use crate::theme::{Theme, font_id, format, mix};

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

/// Opacity of what find does not match.
const DIMMED: f32 = 0.35;

impl Scene<'_> {
    /// Paints the graph; the painter must be clipped to the canvas.
    pub fn paint(&self, painter: &Painter) {
        ground(painter, self.theme, self.view, self.canvas);
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
        let colour = match (edge.backward, hot) {
            (true, _) => self.theme.status.over,
            (false, true) => self.theme.accent.base,
            (false, false) => self.theme.line.strong,
        };
        let dimmed = !hot && self.is_dimmed(edge.from) && self.is_dimmed(edge.to);
        let colour = if dimmed { mix(self.theme.surface.canvas, colour, DIMMED) } else { colour };
        // A read before the write is wrong, and drawn in straight dashes.
        let way = Way {
            points: &edge.points,
            smooth: edge.smooth && !edge.backward,
            dashed: edge.backward,
            arrow: true,
            colour,
            width: 1.5,
        };
        let lens = Lens { view: self.view, canvas: self.canvas, direction: self.layout.direction };
        way.paint(painter, &lens);
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
        let (theme, selected) = (self.theme, self.selected == Some(number));
        let value = self.overlay.value(facts);
        let share = value
            .zip(self.overlay.most(self.facts))
            .filter(|(value, _)| *value > 0)
            .map(|(value, most)| (value as f64 / most.max(1) as f64) as f32);
        let figure = value.map(|value| self.overlay.text(value));
        let card = Card {
            theme,
            zoom: self.view.zoom,
            rect,
            category: facts.category,
            title: &facts.name,
            title_end: (&format!("#{number}"), theme.text.text_3),
            line: self.second_line.get(number as usize).map_or("", String::as_str),
            figure: figure.as_deref().map(|figure| (figure, theme.text.text_1)),
            bar: share.map(|share| (share, theme.sequential(scale_place(share)))),
            outline: if selected { Outline::Selected } else { Outline::Plain },
            hovered: self.hovered == Some(number),
        };
        card.paint(painter, detail);
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
