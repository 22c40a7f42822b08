//! The graph as a picture for files: all of it, at its own size, as the canvas shows it.

use egui::{Align2, Pos2, Rect, Stroke, Vec2, pos2, vec2};

use super::facts::GraphFacts;
use super::layout::{Direction, Edge, GraphLayout, NodeKind};
use super::overlay::{Overlay, scale_place};
use crate::charts::{Mark, Picture, Style, text_width};
use crate::panels::graph::paint::bend;
use crate::theme::{Theme, format};

/// Room around the graph.
const MARGIN: f32 = 24.0;

/// What a picture of a graph shows.
pub struct GraphPicture<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// Where things are.
    pub layout: &'a GraphLayout,
    /// What they are.
    pub facts: &'a GraphFacts,
    /// The figure on the nodes.
    pub overlay: Overlay,
    /// Second line of every operator.
    pub second_line: &'a [String],
}

impl GraphPicture<'_> {
    /// The picture.
    pub fn picture(&self) -> Picture {
        let mut marks = Vec::new();
        for edge in &self.layout.edges {
            self.push_edge(&mut marks, edge);
        }
        self.push_labels(&mut marks);
        for node in &self.layout.nodes {
            let rect = node.rect.translate(Vec2::splat(MARGIN));
            match node.kind {
                NodeKind::Operator(operator) => self.push_operator(&mut marks, rect, operator.index()),
                NodeKind::Input(_, tensor) => self.push_pill(&mut marks, rect, "input", tensor.index()),
                NodeKind::Output(_, tensor) => self.push_pill(&mut marks, rect, "output", tensor.index()),
            }
        }
        let size = self.layout.bounds.size() + Vec2::splat(2.0 * MARGIN);
        Picture { size, background: self.theme.surface.canvas, marks }
    }

    fn push_edge(&self, marks: &mut Vec<Mark>, edge: &Edge) {
        let colour = if edge.backward { self.theme.status.over } else { self.theme.line.strong };
        let stroke = Stroke::new(1.5, colour);
        let dash = edge.backward.then_some((5.0, 4.0));
        let points: Vec<Pos2> = edge.points.iter().map(|point| *point + Vec2::splat(MARGIN)).collect();
        let [.., before, tip] = points.as_slice() else { return };
        let towards =
            if (*tip - *before).length() < 0.5 { vec2(0.0, 1.0) } else { (*tip - *before).normalized() };
        let base = *tip - towards * 6.0;
        for (place, pair) in points.windows(2).enumerate() {
            let to = if place + 2 == points.len() { base } else { pair[1] };
            let straight = match self.layout.direction {
                Direction::Vertical => (to.x - pair[0].x).abs() < 0.5,
                Direction::Horizontal => (to.y - pair[0].y).abs() < 0.5,
            };
            marks.push(if straight || !edge.smooth {
                Mark::Line { from: pair[0], to, stroke, dash }
            } else {
                Mark::Curve { points: bend(self.layout.direction, pair[0], to), stroke, dash }
            });
        }
        let side = towards.rot90() * 4.0;
        marks.push(Mark::Polygon { points: vec![*tip, base + side, base - side], fill: colour });
    }

    fn push_labels(&self, marks: &mut Vec<Mark>) {
        for label in &self.layout.labels {
            let Some(tensor) = self.facts.tensors.get(label.tensor.index()) else { continue };
            let at = label.position + Vec2::splat(MARGIN);
            let bytes = tensor.bytes.map_or_else(|| format::UNKNOWN.to_owned(), format::bytes);
            let (shape_anchor, bytes_anchor, away) = match self.layout.direction {
                Direction::Vertical => (Align2::RIGHT_CENTER, Align2::LEFT_CENTER, vec2(10.0, 0.0)),
                Direction::Horizontal => (Align2::CENTER_BOTTOM, Align2::CENTER_TOP, vec2(0.0, 3.0)),
            };
            let (text_2, text_3) = (self.theme.text.text_2, self.theme.text.text_3);
            marks.push(Mark::text(at - away, shape_anchor, &tensor.shape, Style::NumberSmall, text_2));
            marks.push(Mark::text(at + away, bytes_anchor, bytes, Style::NumberSmall, text_3));
        }
    }

    fn push_operator(&self, marks: &mut Vec<Mark>, rect: Rect, number: usize) {
        let theme = self.theme;
        let Some(facts) = self.facts.operators.get(number) else { return };
        let stroke = Stroke::new(1.0, theme.line.strong);
        // The coloured edge shows through at the left of a fill that leaves it free.
        marks.push(Mark::filled(rect, 6.0, theme.operator_colour(facts.category)));
        let inner = Rect::from_min_max(pos2(rect.left() + 6.0, rect.top()), rect.max);
        marks.push(Mark::filled(inner, 0.0, theme.surface.raised));
        let corner = Rect::from_min_max(pos2(rect.right() - 8.0, rect.top()), rect.max);
        marks.push(Mark::filled(corner, 0.0, theme.surface.canvas));
        let rounded = Rect::from_min_max(pos2(rect.left() + 40.0, rect.top()), rect.max);
        marks.push(Mark::filled(rounded, 6.0, theme.surface.raised));
        marks.push(Mark::outlined(rect, 6.0, stroke));

        let (left, right) = (rect.left() + 16.0, rect.right() - 10.0);
        let (first, second) = (rect.top() + 16.0, rect.top() + 32.5);
        let id = format!("#{number}");
        let id_width = text_width(&id, Style::NumberSmall);
        marks.push(Mark::text(
            pos2(right, first),
            Align2::RIGHT_CENTER,
            id,
            Style::NumberSmall,
            theme.text.text_3,
        ));
        let name = cut(&facts.name, Style::Strong, right - left - id_width - 8.0);
        marks.push(Mark::text(
            pos2(left, first),
            Align2::LEFT_CENTER,
            name,
            Style::Strong,
            theme.text.text_1,
        ));
        let mut room = right - left;
        if let Some(value) = self.overlay.value(facts) {
            let text = self.overlay.text(value);
            room -= text_width(&text, Style::NumberSmall) + 8.0;
            let at = pos2(right, second);
            marks.push(Mark::text(at, Align2::RIGHT_CENTER, text, Style::NumberSmall, theme.text.text_1));
            let share = (value as f64 / self.overlay.most(self.facts).unwrap_or(0).max(1) as f64) as f32;
            if value > 0 {
                let start = pos2(rect.left() + 6.0, rect.bottom() - 3.5);
                let bar = Rect::from_min_size(start, vec2(((rect.width() - 9.0) * share).max(1.0), 2.5));
                marks.push(Mark::filled(bar, 1.0, theme.sequential(scale_place(share))));
            }
        }
        if let Some(line) = self.second_line.get(number).filter(|line| !line.is_empty()) {
            let line = cut(line, Style::Small, room);
            marks.push(Mark::text(
                pos2(left, second),
                Align2::LEFT_CENTER,
                line,
                Style::Small,
                theme.text.text_2,
            ));
        }
    }

    fn push_pill(&self, marks: &mut Vec<Mark>, rect: Rect, role: &str, tensor: usize) {
        let theme = self.theme;
        let radius = rect.height().min(rect.width()) / 2.0;
        marks.push(Mark::Rect {
            rect,
            radius,
            fill: theme.surface.window,
            stroke: Stroke::new(1.0, theme.line.strong),
        });
        let Some(facts) = self.facts.tensors.get(tensor) else { return };
        let middle = rect.center().y;
        let at = pos2(rect.left() + 12.0, middle);
        marks.push(Mark::text(at, Align2::LEFT_CENTER, role, Style::SmallStrong, theme.text.text_1));
        let bytes = facts.bytes.map_or_else(|| format::UNKNOWN.to_owned(), format::bytes);
        let room = rect.width() - 32.0 - text_width(role, Style::SmallStrong);
        let what = cut(&format!("{} {bytes}", facts.shape), Style::NumberSmall, room);
        let at = pos2(rect.right() - 12.0, middle);
        marks.push(Mark::text(at, Align2::RIGHT_CENTER, what, Style::NumberSmall, theme.text.text_2));
    }
}

/// A text that fits into a width, with an ellipsis where it is cut.
fn cut(text: &str, style: Style, width: f32) -> String {
    if text_width(text, style) <= width {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.pop().is_some() {
        let candidate = format!("{}…", kept.trim_end());
        if text_width(&candidate, style) <= width {
            return candidate;
        }
    }
    String::new()
}

/// Pixels per point of a picture: 2, less for graphs that would not fit into a PNG otherwise.
pub fn png_scale(size: Vec2) -> f32 {
    const MAX_EDGE: f32 = 16_000.0;
    const MAX_PIXELS: f32 = 120e6;
    let by_edge = MAX_EDGE / size.max_elem().max(1.0);
    let by_area = (MAX_PIXELS / (size.x * size.y).max(1.0)).sqrt();
    2.0f32.min(by_edge).min(by_area)
}

#[cfg(test)]
mod tests {
    use emberlab_core::cost;

    use super::*;
    use crate::charts::svg_from_picture;
    use crate::document::Findings;
    use crate::panels::inspect::facts::ModelFacts;
    use crate::panels::inspect::fixtures::{MAIN, residual};
    use crate::panels::inspect::layout::layout_graph;

    #[test]
    fn the_picture_holds_every_node_and_stays_within_its_size() {
        let model = residual(2);
        let facts = ModelFacts::of_model(&model, cost::totals(&model), None, &Findings::default());
        for direction in [Direction::Vertical, Direction::Horizontal] {
            let layout = layout_graph(&model, MAIN, direction, &|| false).unwrap();
            let picture = GraphPicture {
                theme: Theme::of(true),
                layout: &layout,
                facts: &facts.graphs[0],
                overlay: Overlay::Macs,
                second_line: &[],
            }
            .picture();
            let svg = svg_from_picture(&picture);
            for number in 0..6 {
                assert!(svg.contains(&format!(">#{number}</text>")), "operator {number} is missing");
            }
            assert!(svg.contains(">input</text>") && svg.contains(">output</text>"));
            let page = Rect::from_min_size(Pos2::ZERO, picture.size);
            for mark in &picture.marks {
                let inside = match mark {
                    Mark::Rect { rect, .. } => page.contains_rect(*rect),
                    Mark::Line { from, to, .. } => page.contains(*from) && page.contains(*to),
                    Mark::Curve { points, .. } => points.iter().all(|point| page.contains(*point)),
                    Mark::Polygon { points, .. } => points.iter().all(|point| page.contains(*point)),
                    Mark::Text { at, .. } => page.contains(*at),
                    Mark::Hatch { rect, .. } => page.contains_rect(*rect),
                    Mark::Circle { centre, .. } => page.contains(*centre),
                };
                assert!(inside, "{mark:?} lies outside");
            }
        }
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(cut("short", Style::Small, 100.0), "short");
        let long = cut("UnidirectionalSequenceLSTM with a long tail", Style::Strong, 120.0);
        assert!(long.ends_with('…') && text_width(&long, Style::Strong) <= 120.0);
        assert_eq!(cut("anything", Style::Small, 0.0), "");
    }

    #[test]
    fn large_graphs_get_fewer_pixels_per_point() {
        assert_eq!(png_scale(vec2(300.0, 2_800.0)), 2.0);
        assert!(png_scale(vec2(300.0, 100_000.0)) < 0.2);
        assert!(png_scale(vec2(15_000.0, 15_000.0)) < 0.8);
    }
}
