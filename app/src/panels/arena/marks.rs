//! What the memory map and the bars below it look like: a chart in a frame becomes marks, for the screen and for files.

use egui::{Align2, Color32, Pos2, Rect, Stroke, Vec2, pos2, vec2};
use emberlab_core::model::{Model, OperatorId, SubgraphId};

use super::layout::{Block, Chart, Tint, block_rect, round_addresses};
use super::view::{Frame, Span, View};
use super::words::{buffer_name, step_label};
use crate::charts::{Hatch, Mark, Style, text_width};
use crate::theme::{Category, Theme, format, with_alpha};

/// Map and bars on the same steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Canvas {
    /// The memory map.
    pub map: Frame,
    /// The bars of live bytes.
    pub bars: Frame,
    /// Left edge of the axis titles.
    left: f32,
}

/// What is drawn besides the plan itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Focus {
    /// The step under the time cursor.
    pub cursor: Option<u32>,
    /// The selected block.
    pub selected: Option<usize>,
    /// The block under the pointer.
    pub hovered: Option<usize>,
}

/// Everything that marks are made from.
pub struct Scene<'a> {
    /// The plan's layout.
    pub chart: &'a Chart,
    /// The model, for the categories of operators.
    pub model: &'a Model,
    /// Where and which part.
    pub canvas: Canvas,
    /// Colours.
    pub theme: &'a Theme,
    /// The persistent part in words, the most important first.
    pub tail: &'a [String],
}

/// Room at the left for the axis title and the widest number.
const LEAST_LEFT: f32 = 76.0;
const TITLE: f32 = 22.0;
const RIGHT: f32 = 16.0;
const TOP: f32 = 14.0;
const BETWEEN: f32 = 12.0;
const BELOW: f32 = 34.0;

impl Canvas {
    /// Map above, bars below, axes at the left and at the foot of `rect`.
    pub fn new(rect: Rect, view: View, chart: &Chart) -> Self {
        let widest = text_width(&format::bytes_only(chart.used_bytes()), Style::NumberSmall);
        let left = (TITLE + widest + 8.0).max(LEAST_LEFT).ceil();
        let bars_height = (rect.height() * 0.19).clamp(48.0, 120.0);
        let inner = Rect::from_min_max(
            rect.min + vec2(left, TOP),
            (rect.max - vec2(RIGHT, BELOW)).max(rect.min + vec2(left + 40.0, TOP + 80.0)),
        );
        let split = (inner.bottom() - bars_height - BETWEEN).max(inner.top() + 20.0);
        let map = Rect::from_min_max(inner.min, pos2(inner.right(), split));
        let bars = Rect::from_min_max(pos2(inner.left(), split + BETWEEN), inner.max);
        let top = (chart.lower_bound_bytes.max(16) as f64) * 1.12;
        let bar_view = View { scopes: view.scopes, bytes: Span { from: 0.0, to: top } };
        Self { map: Frame { rect: map, view }, bars: Frame { rect: bars, view: bar_view }, left: rect.left() }
    }
}

impl Scene<'_> {
    /// Everything but what [`Scene::focus_marks`] draws on top; the column of `cursor` is tinted.
    pub fn marks(&self, cursor: Option<u32>) -> Vec<Mark> {
        let mut marks = Vec::new();
        self.map_ground(&mut marks);
        self.tail(&mut marks);
        if let Some(cursor) = cursor.filter(|&cursor| self.step_in_sight(cursor)) {
            let column = self.column(&self.canvas.map, cursor);
            marks.push(Mark::filled(column, 0.0, with_alpha(self.theme.accent.base, 0.12)));
        }
        self.lines(&mut marks);
        self.blocks(&mut marks);
        self.pills(&mut marks);
        self.bars(&mut marks);
        self.steps(&mut marks);
        marks
    }

    /// Time cursor, live set, selection and hover, drawn on top.
    pub fn focus_marks(&self, focus: Focus) -> Vec<Mark> {
        let mut marks = Vec::new();
        let accent = self.theme.accent.base;
        if let Some(cursor) = focus.cursor.filter(|&cursor| self.step_in_sight(cursor)) {
            let column = self.column(&self.canvas.map, cursor);
            for &index in &self.chart.steps[cursor as usize].stack {
                // An outline would cover a thin block; the tinted column tells that it is alive.
                if block_rect(&self.canvas.map, &self.chart.blocks[index].buffer).height() >= 9.0 {
                    marks.extend(self.outline(index, Stroke::new(1.5, accent)));
                }
            }
            let bar = self.bar_rect(cursor, self.chart.steps[cursor as usize].live_bytes);
            marks.push(Mark::outlined(bar.expand(1.5), 2.0, Stroke::new(1.5, accent)));
            let tip = pos2(column.center().x, self.canvas.map.rect.top() - 1.0);
            marks.push(Mark::Polygon {
                points: vec![tip - vec2(5.0, 8.0), tip - vec2(-5.0, 8.0), tip],
                fill: accent,
            });
            let label = step_label(self.chart, cursor);
            let at = pos2(column.center().x, self.canvas.bars.rect.bottom() + 10.0);
            let ground =
                Rect::from_center_size(at, vec2(text_width(&label, Style::NumberSmallStrong) + 8.0, 14.0));
            marks.push(Mark::filled(ground, 0.0, self.theme.surface.panel));
            marks.push(Mark::text(
                at,
                Align2::CENTER_CENTER,
                label,
                Style::NumberSmallStrong,
                self.theme.accent.text,
            ));
        }
        if let Some(hovered) = focus.hovered.filter(|&index| Some(index) != focus.selected) {
            marks.extend(self.outline(hovered, Stroke::new(1.0, self.theme.text.text_1)));
        }
        if let Some(selected) = focus.selected {
            marks.extend(self.outline(selected, Stroke::new(2.5, accent)));
        }
        marks
    }

    fn step_in_sight(&self, scope: u32) -> bool {
        let span = self.canvas.map.view.scopes;
        scope < self.chart.scope_count && f64::from(scope) + 1.0 > span.from && f64::from(scope) < span.to
    }

    fn map_ground(&self, marks: &mut Vec<Mark>) {
        let Frame { rect, view } = self.canvas.map;
        marks.push(Mark::filled(rect, 0.0, self.theme.plot.background));
        let grid = Stroke::new(1.0, self.theme.plot.grid);
        for address in round_addresses(view.bytes.from, view.bytes.to, self.canvas.map.scale().y, 34.0) {
            let y = snap(self.canvas.map.y(address as f64));
            if address > 0 {
                marks.push(Mark::line(pos2(rect.left(), y), pos2(rect.right(), y), grid));
            }
            marks.push(self.axis_number(y, address, rect));
        }
        let interval = self.label_interval() * 5;
        let first = (view.scopes.from.max(0.0) as u32).next_multiple_of(interval);
        for operator in (first..self.chart.scope_count).step_by(interval as usize) {
            let x = snap(self.canvas.map.x(f64::from(operator) + 1.0));
            if x > rect.left() && x < rect.right() {
                marks.push(Mark::line(pos2(x, rect.top()), pos2(x, rect.bottom()), grid));
            }
        }
        marks.push(self.axis_title(rect, "Address, bytes from arena start"));
    }

    fn axis_number(&self, y: f32, value: u64, rect: Rect) -> Mark {
        let y = y.clamp(rect.top() + 6.0, rect.bottom() - 1.0);
        let text = format::bytes_only(value);
        Mark::text(
            pos2(rect.left() - 8.0, y),
            Align2::RIGHT_CENTER,
            text,
            Style::NumberSmall,
            self.theme.text.text_3,
        )
    }

    fn axis_title(&self, rect: Rect, title: &str) -> Mark {
        let fits = text_width(title, Style::Small) <= rect.height();
        Mark::Text {
            at: pos2(self.canvas.left + 14.0, rect.center().y),
            anchor: Align2::CENTER_CENTER,
            text: if fits { title } else { title.split(',').next().unwrap_or(title) }.to_owned(),
            style: Style::Small,
            colour: self.theme.text.text_3,
            upwards: true,
        }
    }

    fn tail(&self, marks: &mut Vec<Mark>) {
        let frame = &self.canvas.map;
        let colour = self.theme.memory.persistent;
        let (head, used) = (self.chart.head_bytes, self.chart.used_bytes());
        let last = self.chart.scope_count.saturating_sub(1);
        let area = cut(frame.area(0, last, head, used), frame.rect);
        if area.height() <= 0.0 {
            return;
        }
        marks.push(Mark::filled(area, 0.0, with_alpha(colour, 0.30)));
        for band in &self.chart.tail {
            let rect = cut(frame.area(0, last, band.from, band.to), frame.rect);
            if band.is_largest && rect.height() > 0.0 {
                marks.push(Mark::filled(rect, 0.0, with_alpha(colour, 0.28)));
            }
        }
        marks.push(Mark::outlined(area, 0.0, Stroke::new(1.0, colour)));
        if area.height() >= 15.0 {
            let title = format!("Persistent {}", format::bytes(self.chart.persistent_bytes));
            let at = pos2(area.left() + 12.0, area.center().y);
            let mut x = at.x + text_width(&title, Style::SmallStrong) + 20.0;
            marks.push(Mark::text(
                at,
                Align2::LEFT_CENTER,
                title,
                Style::SmallStrong,
                self.theme.text.text_1,
            ));
            for (index, item) in self.tail.iter().enumerate() {
                let text = if index == 0 { item.clone() } else { format!(" · {item}") };
                let width = text_width(&text, Style::Small);
                if x + width > area.right() - 12.0 {
                    break;
                }
                let at = pos2(x, area.center().y);
                marks.push(Mark::text(at, Align2::LEFT_CENTER, text, Style::Small, self.theme.text.text_2));
                x += width;
            }
        }
    }

    fn blocks(&self, marks: &mut Vec<Mark>) {
        let frame = &self.canvas.map;
        let (head, bound) = (self.chart.head_bytes, self.chart.lower_bound_bytes);
        if head > bound {
            let last = self.chart.scope_count.saturating_sub(1);
            let rect = cut(frame.area(0, last, bound, head), frame.rect);
            let colour = with_alpha(self.theme.memory.gap, 0.55);
            marks
                .push(Mark::Hatch { rect, hatch: Hatch { spacing: 7.0, width: 1.0, colour, rising: false } });
        }
        for (index, rect) in self.chart.blocks_in(frame) {
            self.block(marks, &self.chart.blocks[index], rect);
        }
    }

    fn block(&self, marks: &mut Vec<Mark>, block: &Block, whole: Rect) {
        let frame = self.canvas.map.rect;
        let rect = inset(cut(whole, frame));
        if rect.width() <= 0.0 || rect.height() <= 0.0 {
            return;
        }
        let thin = rect.width() < 4.0 || rect.height() < 3.0;
        match block.tint {
            Tint::Scratch => self.scratch(marks, rect, thin),
            Tint::A | Tint::B => {
                let radius = if thin { 0.0 } else { 2.0 };
                marks.push(Mark::filled(rect, radius, self.fill(block.tint)));
            }
        }
        if self.chart.is_above_bound(block) && !thin {
            marks.push(Mark::outlined(rect, 2.0, Stroke::new(2.0, self.theme.memory.gap)));
        }
        self.block_label(marks, block, rect);
    }

    fn scratch(&self, marks: &mut Vec<Mark>, rect: Rect, thin: bool) {
        let colour = self.theme.memory.scratch;
        if thin {
            marks.push(Mark::filled(rect, 0.0, with_alpha(colour, 0.8)));
            return;
        }
        marks.push(Mark::filled(rect, 1.0, with_alpha(colour, 0.34)));
        let hatch = Hatch { spacing: 6.0, width: 2.2, colour, rising: true };
        marks.push(Mark::Hatch { rect, hatch });
        marks.push(Mark::outlined(rect, 1.0, Stroke::new(1.0, colour)));
    }

    /// Name and bytes, in as many lines as fit; on the hatch of a scratch buffer with a ground below.
    fn block_label(&self, marks: &mut Vec<Mark>, block: &Block, rect: Rect) {
        if rect.height() < 15.0 || rect.width() < 20.0 {
            return;
        }
        let is_scratch = block.tint == Tint::Scratch;
        let name = buffer_name(&block.buffer);
        let bytes = format::bytes_only(block.buffer.bytes);
        let name_width = text_width(&name, Style::NumberSmallStrong);
        let bytes_width = text_width(&bytes, Style::NumberSmall);
        let room = rect.width() - if is_scratch { 16.0 } else { 6.0 };
        let (lines, width) = if rect.height() > 30.0 && name_width.max(bytes_width) <= room {
            (2, name_width.max(bytes_width))
        } else if bytes_width <= room {
            (1, bytes_width)
        } else {
            return;
        };
        let ink = if is_scratch {
            let ground = Rect::from_center_size(rect.center(), vec2(width + 8.0, 14.0 * lines as f32 + 2.0));
            marks.push(Mark::filled(ground, 2.0, with_alpha(self.theme.plot.background, 0.82)));
            self.theme.text.text_1
        } else {
            ink_on(self.fill(block.tint), self.theme)
        };
        let centre = rect.center();
        let quiet = with_alpha(ink, 0.86);
        if lines == 2 {
            let (upper, lower) = (centre - vec2(0.0, 7.0), centre + vec2(0.0, 7.0));
            marks.push(Mark::text(upper, Align2::CENTER_CENTER, name, Style::NumberSmallStrong, ink));
            marks.push(Mark::text(lower, Align2::CENTER_CENTER, bytes, Style::NumberSmall, quiet));
        } else {
            marks.push(Mark::text(centre, Align2::CENTER_CENTER, bytes, Style::NumberSmall, ink));
        }
    }

    fn fill(&self, tint: Tint) -> Color32 {
        match tint {
            Tint::A => self.theme.memory.tensor_a,
            Tint::B => self.theme.memory.tensor_b,
            Tint::Scratch => self.theme.memory.scratch,
        }
    }

    /// Head and lower bound over the whole width.
    fn lines(&self, marks: &mut Vec<Mark>) {
        let Frame { rect, .. } = self.canvas.map;
        let memory = &self.theme.memory;
        let (head, bound) = (self.chart.head_bytes, self.chart.lower_bound_bytes);
        marks.push(Mark::outlined(rect, 0.0, Stroke::new(1.0, self.theme.line.subtle)));
        if let Some(y) = self.height_of(bound).filter(|_| head != bound) {
            let stroke = Stroke::new(1.5, memory.bound_line);
            marks.push(Mark::Line {
                from: pos2(rect.left(), y),
                to: pos2(rect.right(), y),
                stroke,
                dash: Some((2.0, 4.0)),
            });
        }
        if let Some(y) = self.height_of(head).map(snap) {
            marks.push(Mark::line(
                pos2(rect.left(), y),
                pos2(rect.right(), y),
                Stroke::new(1.25, memory.peak_line),
            ));
        }
    }

    /// The height of an address, if it is in sight.
    fn height_of(&self, bytes: u64) -> Option<f32> {
        Some(self.canvas.map.y(bytes as f64)).filter(|y| self.canvas.map.rect.y_range().contains(*y))
    }

    /// What head and lower bound are, at the right ends of their lines.
    fn pills(&self, marks: &mut Vec<Mark>) {
        let memory = &self.theme.memory;
        let (head, bound) = (self.chart.head_bytes, self.chart.lower_bound_bytes);
        let mut right = self.canvas.map.rect.right() - 8.0;
        let bound_y = self.height_of(bound).filter(|_| head != bound);
        if let Some(y) = self.height_of(head) {
            let text = match (head == bound, head) {
                (_, 0) => "head 0".to_owned(),
                (true, _) => format!("head {}, the lower bound", format::bytes_only(head)),
                (false, _) => format!("head {}", format::bytes_only(head)),
            };
            let colour = if head == bound && head > 0 { memory.bound_line } else { memory.peak_line };
            let left = self.pill(marks, pos2(right, y), &text, colour);
            // Where both pills would collide, the second goes to the left of the first.
            if bound_y.is_some_and(|bound_y| (bound_y - y).abs() < 20.0) {
                right = left - 6.0;
            }
        }
        if let Some(y) = bound_y {
            // The figures above the map count the persistent part too.
            let text = format!("lower bound of the head {}", format::bytes_only(bound));
            self.pill(marks, pos2(right, y), &text, memory.bound_line);
        }
    }

    /// A label with a ground and an outline; returns its left edge.
    fn pill(&self, marks: &mut Vec<Mark>, right: Pos2, text: &str, colour: Color32) -> f32 {
        let frame = self.canvas.map.rect;
        let size = vec2(text_width(text, Style::NumberSmall) + 14.0, 18.0);
        let y = right.y.clamp(frame.top() + 9.0, frame.bottom() - 9.0).round();
        let rect = Rect::from_min_size(pos2((right.x - size.x).round(), y - 9.0), size);
        let (fill, stroke) = (self.theme.surface.panel, Stroke::new(1.0, colour));
        marks.push(Mark::Rect { rect, radius: 3.0, fill, stroke });
        marks.push(Mark::text(rect.center(), Align2::CENTER_CENTER, text, Style::NumberSmall, colour));
        rect.left()
    }

    fn bars(&self, marks: &mut Vec<Mark>) {
        let Frame { rect, view } = self.canvas.bars;
        marks.push(Mark::filled(rect, 0.0, self.theme.plot.background));
        for value in round_addresses(0.0, view.bytes.to, self.canvas.bars.scale().y, 26.0) {
            let y = snap(self.canvas.bars.y(value as f64));
            let colour = if value == 0 { self.theme.plot.axis } else { self.theme.plot.grid };
            marks.push(Mark::line(pos2(rect.left(), y), pos2(rect.right(), y), Stroke::new(1.0, colour)));
            marks.push(self.axis_number(y, value, rect));
        }
        for bar in self.chart.bars_in(&self.canvas.bars) {
            let columns = self.columns(&self.canvas.bars, bar.first, bar.last);
            for piece in &bar.pieces {
                let ys = self.canvas.bars.y(piece.to as f64)..=self.canvas.bars.y(piece.from as f64);
                let piece_rect = cut(Rect::from_x_y_ranges(columns.x_range(), ys), rect);
                let rect = if piece_rect.height() > 3.0 { gap_above(piece_rect) } else { piece_rect };
                if rect.width() <= 0.0 {
                    continue;
                }
                match self.chart.blocks[piece.block].tint {
                    Tint::Scratch => self.scratch(marks, rect, rect.width() < 6.0 || rect.height() < 3.0),
                    tint => marks.push(Mark::filled(rect, 0.0, self.fill(tint))),
                }
            }
        }
        let bound = self.canvas.bars.y(self.chart.lower_bound_bytes as f64);
        marks.push(Mark::Line {
            from: pos2(rect.left(), bound),
            to: pos2(rect.right(), bound),
            stroke: Stroke::new(1.5, self.theme.memory.bound_line),
            dash: Some((2.0, 4.0)),
        });
        marks.push(self.axis_title(rect, "Live bytes"));
    }

    /// Operator numbers and the strip of their categories.
    fn steps(&self, marks: &mut Vec<Mark>) {
        let frame = &self.canvas.bars;
        let y = frame.rect.bottom();
        let quiet = self.theme.text.text_3;
        let caption = pos2(frame.rect.left() - 8.0, y + 10.0);
        marks.push(Mark::text(caption, Align2::RIGHT_CENTER, "operator", Style::Small, quiet));
        let interval = self.label_interval();
        let gap = if frame.scale().x >= 8.0 { 3.0 } else { 0.0 };
        let first = frame.view.scopes.from.max(0.0) as u32;
        let last = (frame.view.scopes.to.ceil() as u32).min(self.chart.scope_count);
        let (mut numbered_to, mut coloured_to) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
        for scope in first..last {
            let operator = self.chart.steps[scope as usize].operator;
            // A step that is cut off keeps its number in sight, in the middle of what is left.
            let column = self.column(frame, scope);
            let x = column.center().x;
            if operator.is_none_or(|(_, operator)| operator.0.is_multiple_of(interval)) {
                let label = step_label(self.chart, scope);
                let half = text_width(&label, Style::NumberSmall) / 2.0;
                if x - half > numbered_to + 2.0 {
                    numbered_to = x + half;
                    let at = pos2(x, y + 10.0);
                    marks.push(Mark::text(at, Align2::CENTER_CENTER, label, Style::NumberSmall, quiet));
                }
            }
            // Of several steps under one point the first gives its colour.
            if column.right() < coloured_to + 1.0 {
                continue;
            }
            if let Some(category) = operator.and_then(|operator| self.category(operator)) {
                coloured_to = column.right();
                let xs = column.left() + gap..=(column.right() - gap).max(column.left() + gap + 1.0);
                let strip = Rect::from_x_y_ranges(xs, y + 20.0..=y + 24.0);
                marks.push(Mark::filled(strip, 1.0, self.theme.operator_colour(category)));
            }
        }
    }

    fn category(&self, (subgraph, id): (SubgraphId, OperatorId)) -> Option<Category> {
        let operator = self.model.subgraphs.get(subgraph.index())?.operators.get(id.index())?;
        let code = self.model.operator_codes.get(operator.code_index as usize)?;
        Some(Category::of(code.builtin))
    }

    fn label_interval(&self) -> u32 {
        let widest = text_width(&step_label(self.chart, self.chart.scope_count - 1), Style::NumberSmall);
        self.chart.label_interval(&self.canvas.map, widest + 8.0)
    }

    /// The column of a step, cut off at the frame.
    pub fn column(&self, frame: &Frame, scope: u32) -> Rect {
        let xs = frame.x(f64::from(scope))..=frame.x(f64::from(scope) + 1.0);
        cut(Rect::from_x_y_ranges(xs, frame.rect.y_range()), frame.rect)
    }

    fn columns(&self, frame: &Frame, first: u32, last: u32) -> Rect {
        let width = frame.scale().x;
        let gap = if width >= 12.0 {
            3.0
        } else if width >= 5.0 {
            1.0
        } else {
            0.0
        };
        let xs = frame.x(f64::from(first)) + gap..=frame.x(f64::from(last) + 1.0) - gap;
        Rect::from_x_y_ranges(xs, frame.rect.y_range())
    }

    fn bar_rect(&self, scope: u32, bytes: u64) -> Rect {
        let columns = self.columns(&self.canvas.bars, scope, scope);
        let ys = self.canvas.bars.y(bytes as f64)..=self.canvas.bars.rect.bottom();
        cut(Rect::from_x_y_ranges(columns.x_range(), ys), self.canvas.bars.rect)
    }

    /// The outline of a block, if it is in sight.
    fn outline(&self, index: usize, stroke: Stroke) -> Option<Mark> {
        let frame = &self.canvas.map;
        let mut rect = cut(block_rect(frame, &self.chart.blocks[index].buffer), frame.rect);
        if rect.width() < 0.0 || rect.height() < 0.0 {
            return None;
        }
        let least = Vec2::splat(stroke.width * 2.0);
        if rect.width() < least.x || rect.height() < least.y {
            rect = Rect::from_center_size(rect.center(), rect.size().max(least));
        }
        Some(Mark::outlined(inset(rect), 2.0, stroke))
    }
}

/// Black or white-like ink, whichever stands out more on `fill`.
pub fn ink_on(fill: Color32, theme: &Theme) -> Color32 {
    let dark = if theme.dark { theme.surface.canvas } else { theme.text.text_1 };
    let contrast = |ink: Color32| {
        let (a, b) = (luminance(ink) + 0.05, luminance(fill) + 0.05);
        if a > b { a / b } else { b / a }
    };
    // White is preferred while it is readable, since it looks calmer on the darker tint.
    if contrast(Color32::WHITE) >= contrast(dark).min(3.8) { Color32::WHITE } else { dark }
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: Color32) -> f32 {
    let rgba = egui::Rgba::from(colour);
    0.2126 * rgba.r() + 0.7152 * rgba.g() + 0.0722 * rgba.b()
}

/// The part of `rect` inside `frame`; of no size where there is none.
fn cut(rect: Rect, frame: Rect) -> Rect {
    let part = rect.intersect(frame);
    if part.is_negative() { Rect::from_min_size(part.min, Vec2::ZERO) } else { part }
}

/// Half a point of ground on every side, so that neighbours part, where there is room for it.
fn inset(rect: Rect) -> Rect {
    let by = vec2(if rect.width() > 3.0 { 0.5 } else { 0.0 }, if rect.height() > 3.0 { 0.5 } else { 0.0 });
    rect.shrink2(by)
}

fn gap_above(rect: Rect) -> Rect {
    Rect::from_min_max(rect.min + vec2(0.0, 0.5), rect.max)
}

/// The centre of the pixel, so that a line of one point is sharp.
fn snap(at: f32) -> f32 {
    at.floor() + 0.5
}

#[cfg(test)]
mod tests {
    use emberlab_core::plan::{Chip, Target};

    use super::super::fixtures::{long_plan, lossy_plan, model};
    use super::*;

    fn marks(chart: &Chart, cursor: Option<u32>) -> Vec<Mark> {
        let rect = Rect::from_min_size(pos2(0.0, 0.0), vec2(1048.0, 500.0));
        let canvas = Canvas::new(rect, View::whole(chart.scope_count, chart.used_bytes()), chart);
        let model = model();
        let tail = ["tensors 48".to_owned(), "nodes 96".to_owned()];
        Scene { chart, model: &model, canvas, theme: Theme::of(true), tail: &tail }.marks(cursor)
    }

    fn texts(marks: &[Mark]) -> Vec<&str> {
        fn text(mark: &Mark) -> Option<&str> {
            match mark {
                Mark::Text { text, .. } => Some(text),
                _ => None,
            }
        }
        marks.iter().filter_map(text).collect()
    }

    #[test]
    fn lines_blocks_tail_and_steps_are_labelled() {
        let chart = Chart::from_plan(&lossy_plan(Target::new(Chip::Esp32s3)));
        let marks = marks(&chart, None);
        let texts = texts(&marks);
        for text in [
            "head 400",
            "lower bound of the head 304",
            "Persistent 276 B",
            "tensors 48",
            "t2",
            "128",
            "144",
            "in",
            "0",
            "2",
            "operator",
        ] {
            assert!(texts.contains(&text), "{text}: {texts:?}");
        }
    }

    #[test]
    fn the_column_of_the_cursor_is_tinted() {
        let chart = Chart::from_plan(&lossy_plan(Target::new(Chip::Esp32s3)));
        assert_eq!(marks(&chart, Some(2)).len(), marks(&chart, None).len() + 1);
        assert_eq!(marks(&chart, Some(99)).len(), marks(&chart, None).len(), "a step that is not there");
    }

    #[test]
    fn thousands_of_operators_cost_no_more_than_their_pixels() {
        let few = marks(&Chart::from_plan(&long_plan(2000)), None).len();
        let many = marks(&Chart::from_plan(&long_plan(8000)), None).len();
        assert!(few < 8 * 1048, "{few}");
        assert!(many < 8 * 1048, "{many}");
    }

    #[test]
    fn ink_stands_out_on_every_fill_of_both_themes() {
        for theme in [Theme::of(true), Theme::of(false)] {
            for fill in [theme.memory.tensor_a, theme.memory.tensor_b] {
                let (ink, ground) = (luminance(ink_on(fill, theme)) + 0.05, luminance(fill) + 0.05);
                let contrast = if ink > ground { ink / ground } else { ground / ink };
                assert!(contrast >= 3.8, "{contrast}");
            }
        }
    }
}
