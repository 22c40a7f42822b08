//! Places across the rows: chains are kept straight, and everything else as near to its neighbours as it can be.
//!
//! Vertices are aligned into blocks as in U. Brandes, B. Köpf, "Fast and Simple Horizontal Coordinate Assignment",
//! GD 2001, but once and by priority (chains first, then long links) instead of four times and averaged: a chain
//! with skips around it then stays one straight line. Blocks are compacted and pulled to the median of their
//! neighbours.

use std::collections::BTreeMap;

use super::layers::Layered;

/// Rounds of pulling blocks to their neighbours.
const ROUNDS: usize = 12;

/// The centre of every vertex across the rows; `None` when cancelled.
///
/// `extent` is the size of every vertex across the rows, `gap` the least distance between two.
pub(super) fn centres(
    layered: &Layered,
    extent: &[f32],
    gap: f32,
    cancelled: &dyn Fn() -> bool,
) -> Option<Vec<f32>> {
    let block_of = align(layered);
    if cancelled() {
        return None;
    }
    let n_blocks = block_of.iter().map(|&block| block as usize + 1).max().unwrap_or(0);
    let constraints = Constraints::of(layered, extent, gap, &block_of, n_blocks);
    let pulls = pulls(layered, &block_of, n_blocks);
    let mut place = constraints.leftmost();
    for round in 0..ROUNDS {
        if cancelled() {
            return None;
        }
        let moved = if round % 2 == 0 {
            constraints
                .order
                .iter()
                .rev()
                .map(|&block| constraints.pull(block, &pulls, &mut place))
                .sum::<f32>()
        } else {
            constraints.order.iter().map(|&block| constraints.pull(block, &pulls, &mut place)).sum::<f32>()
        };
        if moved < 1.0 {
            break;
        }
    }
    Some(block_of.iter().map(|&block| place[block as usize].round()).collect())
}

/// The block of every vertex: vertices of one block stand in one line.
fn align(layered: &Layered) -> Vec<u32> {
    let n_vertices = layered.layer.len();
    let mut position = vec![0u32; n_vertices];
    for row in &layered.rows {
        for (place, &vertex) in row.iter().enumerate() {
            position[vertex as usize] = place as u32;
        }
    }
    let mut candidates = candidates(layered, &position);
    candidates.sort_by(|a, b| {
        (a.class, a.from_median)
            .partial_cmp(&(b.class, b.from_median))
            .unwrap_or(std::cmp::Ordering::Equal)
            .then(a.upper.cmp(&b.upper))
            .then(a.lower.cmp(&b.lower))
    });
    // Accepted alignments of each gap between rows, by upper position: a later one must not cross them.
    let mut accepted: Vec<BTreeMap<u32, u32>> = vec![BTreeMap::new(); layered.rows.len()];
    let mut above = vec![None; n_vertices];
    let mut taken_below = vec![false; n_vertices];
    for Candidate { upper, lower, .. } in candidates {
        if taken_below[upper as usize] || above[lower as usize].is_some() {
            continue;
        }
        let gap = &mut accepted[layered.layer[upper as usize] as usize];
        let (from, to) = (position[upper as usize], position[lower as usize]);
        let crosses = gap.range(..from).next_back().is_some_and(|(_, &left)| left >= to)
            || gap.range(from + 1..).next().is_some_and(|(_, &right)| right <= to);
        if !crosses {
            gap.insert(from, to);
            above[lower as usize] = Some(upper);
            taken_below[upper as usize] = true;
        }
    }
    let mut block_of = vec![0u32; n_vertices];
    let mut n_blocks = 0;
    for row in &layered.rows {
        for &vertex in row {
            block_of[vertex as usize] = match above[vertex as usize] {
                Some(upper) => block_of[upper as usize],
                None => {
                    n_blocks += 1;
                    n_blocks - 1
                }
            };
        }
    }
    block_of
}

/// Two neighbours that would like to stand in one line.
struct Candidate {
    /// 0: a chain, 1: the longest way, 2: joints of one link, 3: anything else.
    class: u8,
    /// Distance in positions from the median neighbour, both ways together.
    from_median: f32,
    upper: u32,
    lower: u32,
}

fn candidates(layered: &Layered, position: &[u32]) -> Vec<Candidate> {
    let is_joint = |vertex: u32| vertex >= layered.n_nodes;
    let median = |vertices: &[u32]| {
        let mut places: Vec<u32> = vertices.iter().map(|&vertex| position[vertex as usize]).collect();
        places.sort_unstable();
        let middle = places.len() / 2;
        match places.len() {
            0 => 0.0,
            n if n % 2 == 1 => places[middle] as f32,
            _ => (places[middle - 1] + places[middle]) as f32 / 2.0,
        }
    };
    let n_vertices = layered.layer.len() as u32;
    let medians_up: Vec<f32> = (0..n_vertices).map(|vertex| median(layered.up.of(vertex))).collect();
    let n_nodes_of = |vertices: &[u32]| vertices.iter().filter(|&&vertex| !is_joint(vertex)).count();
    let mut candidates = Vec::new();
    for upper in 0..n_vertices {
        let below = layered.down.of(upper);
        let median_down = median(below);
        let n_nodes_below = n_nodes_of(below);
        for &lower in below {
            let above = layered.up.of(lower);
            let class = match (is_joint(upper), is_joint(lower)) {
                (false, false) if below.len() == 1 && above.len() == 1 => 0,
                // The only node below and the only node above: skips around it are joints by now.
                (false, false) if n_nodes_below == 1 && n_nodes_of(above) == 1 => 1,
                (true, true) => 2,
                (false, true) | (true, false) | (false, false) => 3,
            };
            let from_median = (position[upper as usize] as f32 - medians_up[lower as usize]).abs()
                + (position[lower as usize] as f32 - median_down).abs();
            candidates.push(Candidate { class, from_median, upper, lower });
        }
    }
    candidates
}

/// Which block stands how far to the right of which.
struct Constraints {
    /// Blocks from left to right: every block comes after all blocks on its left.
    order: Vec<u32>,
    left: Vec<Vec<(u32, f32)>>,
    right: Vec<Vec<(u32, f32)>>,
}

impl Constraints {
    fn of(layered: &Layered, extent: &[f32], gap: f32, block_of: &[u32], n_blocks: usize) -> Self {
        let mut left: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n_blocks];
        let mut right: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n_blocks];
        for row in &layered.rows {
            for pair in row.windows(2) {
                let distance = (extent[pair[0] as usize] + extent[pair[1] as usize]) / 2.0 + gap;
                let (a, b) = (block_of[pair[0] as usize], block_of[pair[1] as usize]);
                // Long blocks meet the same neighbour in row after row: keep the widest distance of each run.
                match right[a as usize].last_mut() {
                    Some((last, known)) if *last == b => *known = known.max(distance),
                    _ => right[a as usize].push((b, distance)),
                }
                match left[b as usize].last_mut() {
                    Some((last, known)) if *last == a => *known = known.max(distance),
                    _ => left[b as usize].push((a, distance)),
                }
            }
        }
        // Blocks are lines that run down the rows and do not cross, so "left of" has no cycle.
        let mut n_waiting: Vec<usize> = left.iter().map(Vec::len).collect();
        let mut order: Vec<u32> =
            (0..n_blocks as u32).filter(|&block| n_waiting[block as usize] == 0).collect();
        let mut next = 0;
        while let Some(&block) = order.get(next) {
            next += 1;
            for &(neighbour, _) in &right[block as usize] {
                n_waiting[neighbour as usize] -= 1;
                if n_waiting[neighbour as usize] == 0 {
                    order.push(neighbour);
                }
            }
        }
        Self { order, left, right }
    }

    /// Every block as far to the left as it goes.
    fn leftmost(&self) -> Vec<f32> {
        let mut place = vec![0.0f32; self.left.len()];
        for &block in &self.order {
            place[block as usize] = self.lower_limit(block, &place).max(0.0);
        }
        place
    }

    fn lower_limit(&self, block: u32, place: &[f32]) -> f32 {
        let left = self.left[block as usize].iter();
        left.map(|&(other, distance)| place[other as usize] + distance).fold(f32::NEG_INFINITY, f32::max)
    }

    fn upper_limit(&self, block: u32, place: &[f32]) -> f32 {
        let right = self.right[block as usize].iter();
        right.map(|&(other, distance)| place[other as usize] - distance).fold(f32::INFINITY, f32::min)
    }

    /// Moves a block to the median of its neighbours, as far as its sides allow; returns how far it went.
    fn pull(&self, block: u32, pulls: &[Vec<u32>], place: &mut [f32]) -> f32 {
        let Some(wanted) = median_place(&pulls[block as usize], place) else { return 0.0 };
        let (low, high) = (self.lower_limit(block, place), self.upper_limit(block, place));
        if low > high {
            return 0.0;
        }
        let target = wanted.clamp(low, high);
        let moved = (target - place[block as usize]).abs();
        place[block as usize] = target;
        moved
    }
}

/// For every block the blocks at the other ends of its links.
fn pulls(layered: &Layered, block_of: &[u32], n_blocks: usize) -> Vec<Vec<u32>> {
    let mut pulls: Vec<Vec<u32>> = vec![Vec::new(); n_blocks];
    for upper in 0..layered.layer.len() as u32 {
        for &lower in layered.down.of(upper) {
            let (a, b) = (block_of[upper as usize], block_of[lower as usize]);
            if a != b {
                pulls[a as usize].push(b);
                pulls[b as usize].push(a);
            }
        }
    }
    pulls
}

fn median_place(blocks: &[u32], place: &[f32]) -> Option<f32> {
    let mut places: Vec<f32> = blocks.iter().map(|&block| place[block as usize]).collect();
    places.sort_by(f32::total_cmp);
    let middle = places.len() / 2;
    match places.len() {
        0 => None,
        n if n % 2 == 1 => Some(places[middle]),
        _ => Some((places[middle - 1] + places[middle]) / 2.0),
    }
}
