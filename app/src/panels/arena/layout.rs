//! From an arena plan to what the map shows: blocks, bars and grid lines. Pure: no window, no colours.
//!
//! Steps across are TFLM's allocation scopes: scope 0 holds the inputs before the first operator, and in a model with
//! one subgraph scope `i + 1` belongs to operator `i`.

use std::collections::BTreeSet;

use egui::Rect;
use emberlab_core::model::{OperatorId, SubgraphId};
use emberlab_core::plan::{ArenaPlan, BufferUse, PlannedBuffer};

use super::view::Frame;

/// Everything of a plan that does not depend on zoom.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Number of steps across, at least 1.
    pub scope_count: u32,
    /// Bytes of the head.
    pub head_bytes: u64,
    /// Bytes of the tail, drawn on top of the head.
    pub persistent_bytes: u64,
    /// Largest sum of live bytes.
    pub lower_bound_bytes: u64,
    /// One per planned buffer, in the plan's order; those that nothing uses are in no step and are not drawn.
    pub blocks: Vec<Block>,
    /// One per scope.
    pub steps: Vec<Step>,
    /// The tail from its top, which is allocated first, downwards.
    pub tail: Vec<TailBand>,
}

/// Consecutive blocks of the tail that are for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TailBand {
    /// What they are for, by the name of [`emberlab_core::plan::PersistentBlock::what`].
    pub what: &'static str,
    /// Lower address.
    pub from: u64,
    /// Upper address.
    pub to: u64,
    /// Number of blocks.
    pub count: u64,
    /// No band is larger.
    pub is_largest: bool,
}

/// One buffer of the head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The buffer.
    pub buffer: PlannedBuffer,
    /// How it is told from its neighbours.
    pub tint: Tint,
}

/// How a block is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// A tensor in the first of two tints.
    A,
    /// A tensor in the second of two tints.
    B,
    /// A scratch buffer, hatched.
    Scratch,
}

/// One allocation scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The operator it belongs to.
    pub operator: Option<(SubgraphId, OperatorId)>,
    /// Bytes alive, each buffer rounded up to 16.
    pub live_bytes: u64,
    /// Highest address in use.
    pub top_bytes: u64,
    /// The blocks alive, from the foot of the bar upwards: tensors from large to small, then scratch buffers.
    pub stack: Vec<usize>,
}

/// A piece of a bar: a block and the bytes below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Index of the block.
    pub block: usize,
    /// Live bytes below the piece.
    pub from: u64,
    /// Live bytes up to its top.
    pub to: u64,
}

/// One bar of the strip below the map: a step, or several where they are too thin to be drawn apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// First step under the bar.
    pub first: u32,
    /// Last step under the bar, inclusive.
    pub last: u32,
    /// The step with the most live bytes among them, whose pieces are shown.
    pub step: u32,
    /// From the foot upwards.
    pub pieces: Vec<Piece>,
}

/// Bars thinner than this are merged.
const LEAST_BAR_POINTS: f32 = 2.0;

impl Chart {
    /// The chart of a plan.
    pub fn from_plan(plan: &ArenaPlan) -> Self {
        let last_used = plan.buffers.iter().map(|buffer| buffer.last_used + 1).max().unwrap_or(0);
        let scope_count = plan.scope_count.max(last_used).max(1);
        let mut alive = vec![Vec::new(); scope_count as usize];
        for (index, buffer) in plan.buffers.iter().enumerate().filter(|(_, buffer)| !buffer.unused) {
            for scope in buffer.first_used..=buffer.last_used {
                alive[scope as usize].push(index);
            }
        }
        let blocks = tints(&plan.buffers, &alive)
            .into_iter()
            .zip(&plan.buffers)
            .map(|(tint, buffer)| Block { buffer: *buffer, tint })
            .collect();
        let steps = alive
            .into_iter()
            .enumerate()
            .map(|(scope, mut stack)| {
                stack.sort_by_key(|&index| {
                    let buffer = &plan.buffers[index];
                    (
                        matches!(buffer.usage, BufferUse::Scratch(..)),
                        std::cmp::Reverse(buffer.size),
                        buffer.offset,
                    )
                });
                Step {
                    operator: plan.scope_operators.get(scope).copied().flatten(),
                    live_bytes: stack.iter().map(|&index| plan.buffers[index].size).sum(),
                    top_bytes: stack.iter().map(|&index| end(&plan.buffers[index])).max().unwrap_or(0),
                    stack,
                }
            })
            .collect();
        Self {
            scope_count,
            head_bytes: plan.nonpersistent_bytes,
            persistent_bytes: plan.persistent_bytes,
            lower_bound_bytes: plan.lower_bound_bytes,
            blocks,
            steps,
            tail: tail_bands(plan),
        }
    }

    /// Bytes of head and tail.
    pub fn used_bytes(&self) -> u64 {
        self.head_bytes + self.persistent_bytes
    }

    /// Bytes of the head above the lower bound: what the planner loses.
    pub fn lost_bytes(&self) -> u64 {
        self.head_bytes.saturating_sub(self.lower_bound_bytes)
    }

    /// True for a block that reaches above the lower bound.
    pub fn is_above_bound(&self, block: &Block) -> bool {
        end(&block.buffer) > self.lower_bound_bytes
    }

    /// The blocks in sight with their rectangles.
    ///
    /// Where a step is thinner than a point, of the steps under one point only that which reaches highest is shown, so
    /// that a model of thousands of operators costs no more than its picture has columns of pixels. A block may then
    /// come in several pieces.
    pub fn blocks_in(&self, frame: &Frame) -> Vec<(usize, Rect)> {
        if frame.scale().x < 1.0 {
            return self.thin_blocks_in(frame);
        }
        let in_sight = |rect: &Rect| {
            rect.min.x < frame.rect.max.x
                && rect.max.x > frame.rect.min.x
                && rect.min.y < frame.rect.max.y
                && rect.max.y > frame.rect.min.y
        };
        self.blocks
            .iter()
            .enumerate()
            .filter(|(_, block)| !block.buffer.unused)
            .map(|(index, block)| (index, block_rect(frame, &block.buffer)))
            .filter(|(_, rect)| in_sight(rect))
            .collect()
    }

    fn thin_blocks_in(&self, frame: &Frame) -> Vec<(usize, Rect)> {
        let mut found: Vec<(usize, Rect)> = Vec::new();
        // The blocks of the column before, with their places in `found`.
        let mut open: Vec<(usize, usize)> = Vec::new();
        for column in 0..frame.rect.width().ceil() as u32 {
            let left = frame.rect.left() + column as f32;
            let first = self.scope_at(frame, left);
            let last = self.scope_at(frame, left + 1.0).max(first);
            let step = (first..=last)
                .rev()
                .max_by_key(|&scope| self.steps[scope as usize].top_bytes)
                .map_or(&[][..], |scope| &self.steps[scope as usize].stack);
            let mut next = Vec::with_capacity(step.len());
            for &index in step {
                let place = match open.iter().find(|(block, _)| *block == index) {
                    Some(&(_, place)) => {
                        found[place].1.max.x = left + 1.0;
                        place
                    }
                    None => {
                        let rect = block_rect(frame, &self.blocks[index].buffer);
                        let piece = Rect::from_x_y_ranges(left..=left + 1.0, rect.y_range());
                        found.push((index, piece));
                        found.len() - 1
                    }
                };
                next.push((index, place));
            }
            open = next;
        }
        found
    }

    fn scope_at(&self, frame: &Frame, x: f32) -> u32 {
        frame.scope_at(x, self.scope_count)
    }

    /// The block at a point of the map.
    pub fn block_at(&self, scope: f64, byte: f64) -> Option<usize> {
        if scope < 0.0 || byte < 0.0 {
            return None;
        }
        let step = self.steps.get(scope as usize)?;
        step.stack.iter().copied().find(|&index| {
            let buffer = &self.blocks[index].buffer;
            (buffer.offset as f64) <= byte && byte < end(buffer) as f64
        })
    }

    /// The band of the tail at an address.
    pub fn band_at(&self, byte: f64) -> Option<&TailBand> {
        self.tail.iter().find(|band| (band.from as f64) <= byte && byte < band.to as f64)
    }

    /// The block of a buffer.
    pub fn block_of(&self, subgraph: SubgraphId, usage: BufferUse) -> Option<usize> {
        self.blocks.iter().position(|block| block.buffer.subgraph == subgraph && block.buffer.usage == usage)
    }

    /// The scope of an operator; the first one of those that belong to it.
    pub fn scope_of(&self, subgraph: SubgraphId, operator: OperatorId) -> Option<u32> {
        self.steps
            .iter()
            .position(|step| step.operator == Some((subgraph, operator)))
            .map(|scope| scope as u32)
    }

    /// The first scope in which a block touches the top of the head.
    pub fn top_scope(&self) -> Option<u32> {
        self.blocks
            .iter()
            .filter(|block| !block.buffer.unused && end(&block.buffer) == self.head_bytes)
            .map(|block| block.buffer.first_used)
            .min()
    }

    /// The pieces of a step's bar, from the foot upwards.
    pub fn pieces(&self, scope: u32) -> Vec<Piece> {
        let Some(step) = self.steps.get(scope as usize) else { return Vec::new() };
        let mut top = 0;
        step.stack
            .iter()
            .map(|&block| {
                let from = top;
                top += self.blocks[block].buffer.size;
                Piece { block, from, to: top }
            })
            .collect()
    }

    /// The bars in sight, from left to right; steps too thin to be told apart share a bar that shows the largest.
    pub fn bars_in(&self, frame: &Frame) -> Vec<Bar> {
        let width = frame.scale().x;
        let per_bar =
            if width >= LEAST_BAR_POINTS { 1 } else { (LEAST_BAR_POINTS / width.max(1e-6)).ceil() as u32 };
        let first = (frame.view.scopes.from.floor().max(0.0) as u32) / per_bar * per_bar;
        let end = (frame.view.scopes.to.ceil() as u32).min(self.scope_count);
        (first..end)
            .step_by(per_bar as usize)
            .map(|first| {
                let last = (first + per_bar - 1).min(self.scope_count - 1);
                // The first of equals, so that a merged bar does not depend on what lies to its right.
                let step = (first..=last)
                    .rev()
                    .max_by_key(|&scope| self.steps[scope as usize].live_bytes)
                    .unwrap_or(first);
                Bar { first, last, step, pieces: self.pieces(step) }
            })
            .collect()
    }

    /// Every how many steps a number fits below the bars, when the widest number takes `label_points`.
    pub fn label_interval(&self, frame: &Frame, label_points: f32) -> u32 {
        let width = frame.scale().x.max(1e-6);
        [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
            .into_iter()
            .find(|&interval| width * interval as f32 >= label_points)
            .unwrap_or(10_000)
    }
}

/// The address behind a buffer.
pub fn end(buffer: &PlannedBuffer) -> u64 {
    buffer.offset + buffer.size
}

/// The rectangle of a buffer, at least a point high so that small ones are seen.
pub fn block_rect(frame: &Frame, buffer: &PlannedBuffer) -> Rect {
    let mut rect = frame.area(buffer.first_used, buffer.last_used, buffer.offset, end(buffer));
    rect.min.y = rect.min.y.min(rect.max.y - 1.2);
    rect
}

/// Round addresses (multiples of a power of two, at least 16) between two, with about `points_apart` points between.
pub fn round_addresses(from: f64, to: f64, points_per_byte: f32, points_apart: f32) -> Vec<u64> {
    let mut interval: u64 = 16;
    while interval < 1 << 62 && (interval as f32) * points_per_byte < points_apart {
        interval *= 2;
    }
    let first = (from.max(0.0) as u64).next_multiple_of(interval);
    (0..).map(|index| first + index * interval).take_while(|&address| address as f64 <= to).collect()
}

/// The tail grows downwards from its end: its first block lies at the top.
fn tail_bands(plan: &ArenaPlan) -> Vec<TailBand> {
    let mut bands: Vec<TailBand> = Vec::new();
    let mut top = plan.nonpersistent_bytes + plan.persistent_bytes;
    for block in &plan.persistent {
        let from = top.saturating_sub(block.used).max(plan.nonpersistent_bytes);
        match bands.last_mut() {
            Some(band) if band.what == block.what => {
                band.from = from;
                band.count += 1;
            }
            _ => bands.push(TailBand { what: block.what, from, to: top, count: 1, is_largest: false }),
        }
        top = from;
    }
    if let Some(largest) = bands.iter_mut().max_by_key(|band| band.to - band.from) {
        largest.is_largest = true;
    }
    bands
}

/// Chooses tints so that tensors with a common edge differ wherever two tints can do that: from early to late and from
/// low to high, each takes the tint that shares the shorter edge with its neighbours so far.
fn tints(buffers: &[PlannedBuffer], alive: &[Vec<usize>]) -> Vec<Tint> {
    // Lengths as in a map that is 2.4 times as wide as high.
    let head = buffers.iter().map(end).max().unwrap_or(1).max(1);
    let (step_weight, byte_weight) = (2.4 / alive.len() as f64, 1.0 / head as f64);
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&index| (buffers[index].first_used, buffers[index].offset));
    let mut tints: Vec<Option<Tint>> = vec![None; buffers.len()];
    for &index in &order {
        let buffer = &buffers[index];
        if matches!(buffer.usage, BufferUse::Scratch(..)) {
            tints[index] = Some(Tint::Scratch);
            continue;
        }
        let (mut edge_a, mut edge_b) = (0.0, 0.0);
        let first = buffer.first_used.saturating_sub(1) as usize;
        let last = (buffer.last_used as usize + 1).min(alive.len() - 1);
        let neighbours: BTreeSet<usize> = alive[first..=last].iter().flatten().copied().collect();
        for other in neighbours {
            let (steps, bytes) = common_edge(buffer, &buffers[other]);
            let edge = steps * step_weight + bytes * byte_weight;
            match tints[other] {
                Some(Tint::A) => edge_a += edge,
                Some(Tint::B) => edge_b += edge,
                Some(Tint::Scratch) | None => {}
            }
        }
        let by_turn = if buffer.first_used % 2 == 1 { Tint::A } else { Tint::B };
        let tint = if edge_a < edge_b {
            Tint::A
        } else if edge_b < edge_a {
            Tint::B
        } else {
            by_turn
        };
        tints[index] = Some(tint);
    }
    tints.into_iter().map(|tint| tint.unwrap_or(Tint::A)).collect()
}

/// The edge that two blocks share: steps where one lies on the other, bytes where one follows the other.
fn common_edge(a: &PlannedBuffer, b: &PlannedBuffer) -> (f64, f64) {
    let steps = (a.last_used.min(b.last_used) + 1).saturating_sub(a.first_used.max(b.first_used));
    let bytes = end(a).min(end(b)).saturating_sub(a.offset.max(b.offset));
    let stacked = end(a) == b.offset || end(b) == a.offset;
    let in_turn = a.last_used + 1 == b.first_used || b.last_used + 1 == a.first_used;
    if stacked {
        (f64::from(steps), 0.0)
    } else if in_turn {
        (0.0, bytes as f64)
    } else {
        (0.0, 0.0)
    }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
