//! Order within the rows: as few crossings as a few barycenter sweeps find.
//!
//! After K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures",
//! IEEE Trans. SMC 11(2), 1981; crossings are counted with a Fenwick tree after W. Barth, M. Jünger, P. Mutzel,
//! "Simple and Efficient Bilayer Cross Counting", GD 2002.

use super::layers::Layered;

/// Sweeps down and up; more change little.
const SWEEPS: usize = 8;

/// Reorders the rows; `None` when cancelled.
pub(super) fn reduce_crossings(layered: &mut Layered, cancelled: &dyn Fn() -> bool) -> Option<()> {
    if layered.rows.iter().all(|row| row.len() < 2) {
        return Some(());
    }
    let mut position = vec![0u32; layered.layer.len()];
    for row in 0..layered.rows.len() {
        renumber(&layered.rows[row], &mut position);
    }
    let mut crossings = count_crossings(layered, &position);
    let mut best = layered.rows.clone();
    let mut fruitless = 0;
    for sweep in 0..SWEEPS {
        if crossings == 0 || fruitless == 3 {
            break;
        }
        if cancelled() {
            return None;
        }
        let n_rows = layered.rows.len();
        if sweep % 2 == 0 {
            (1..n_rows).for_each(|row| sort_row(layered, row, Side::Above, &mut position));
        } else {
            (0..n_rows - 1).rev().for_each(|row| sort_row(layered, row, Side::Below, &mut position));
        }
        let now = count_crossings(layered, &position);
        if now < crossings {
            crossings = now;
            best.clone_from(&layered.rows);
            fruitless = 0;
        } else {
            fruitless += 1;
        }
    }
    layered.rows = best;
    Some(())
}

#[derive(Clone, Copy)]
enum Side {
    Above,
    Below,
}

fn renumber(row: &[u32], position: &mut [u32]) {
    for (place, &vertex) in row.iter().enumerate() {
        position[vertex as usize] = place as u32;
    }
}

/// Sorts a row by the mean position of each vertex's neighbours; equals keep their order.
fn sort_row(layered: &mut Layered, row: usize, side: Side, position: &mut [u32]) {
    let (neighbours, other) = match side {
        Side::Above => (&layered.up, row - 1),
        Side::Below => (&layered.down, row + 1),
    };
    let stretch = layered.rows[other].len() as f32 / layered.rows[row].len() as f32;
    let mut keyed: Vec<(f32, u32)> = layered.rows[row]
        .iter()
        .map(|&vertex| {
            let near = neighbours.of(vertex);
            let key = if near.is_empty() {
                // A vertex without neighbours on this side stays about where it is.
                position[vertex as usize] as f32 * stretch
            } else {
                near.iter().map(|&v| position[v as usize] as f32).sum::<f32>() / near.len() as f32
            };
            (key, vertex)
        })
        .collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (slot, (_, vertex)) in layered.rows[row].iter_mut().zip(keyed) {
        *slot = vertex;
    }
    renumber(&layered.rows[row], position);
}

/// Pairs of links that cross between neighbouring rows.
fn count_crossings(layered: &Layered, position: &[u32]) -> u64 {
    let mut total = 0;
    let mut targets: Vec<u32> = Vec::new();
    let mut tree: Vec<u32> = Vec::new();
    for pair in layered.rows.windows(2) {
        targets.clear();
        for &vertex in &pair[0] {
            let start = targets.len();
            targets.extend(layered.down.of(vertex).iter().map(|&below| position[below as usize]));
            targets[start..].sort_unstable();
        }
        if targets.len() < 2 {
            continue;
        }
        // A Fenwick tree over the positions of the lower row counts, for each link, those before it that end
        // further to the right.
        tree.clear();
        tree.resize(pair[1].len() + 1, 0);
        for (n_before, &target) in targets.iter().enumerate() {
            let mut slot = target as usize + 1;
            let mut n_left = 0u32;
            while slot > 0 {
                n_left += tree[slot];
                slot &= slot - 1;
            }
            total += n_before as u64 - u64::from(n_left);
            let mut slot = target as usize + 1;
            while slot < tree.len() {
                tree[slot] += 1;
                slot += slot & slot.wrapping_neg();
            }
        }
    }
    total
}
