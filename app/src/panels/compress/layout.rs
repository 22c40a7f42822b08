//! Where things go and which points are best. Pure: rectangles and figures in, rectangles and numbers out.

use egui::{Pos2, Rect};

/// Height of the heads of the panes.
pub const HEAD: f32 = 36.0;
/// Height of a layer's bar with its room.
pub const LAYER: f32 = 24.0;
/// Height of the pane with the ranges of a layer.
const RANGES: f32 = 168.0;
/// Least height that the panes below the table keep.
const BELOW_MIN: f32 = 260.0;

/// The panes of the main area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Areas {
    /// All variants.
    pub table: Rect,
    /// The bar below it.
    pub bar: Rect,
    /// The plot, or the answers.
    pub left: Rect,
    /// Bars of the layers, or what of the answers has no room at the left.
    pub right: Rect,
    /// Ranges of the chosen layer.
    pub ranges: Rect,
}

/// Splits the main area for a table of so many rows.
pub fn areas(main: Rect, n_rows: usize, row: f32, head: f32) -> Areas {
    // Room for one row more, so that the table does not seem to be cut.
    let wanted = 2.0 * head + row * (n_rows as f32 + 0.5);
    let most = (main.height() - BELOW_MIN).max(main.height() * 0.4);
    let (table, rest) = main.split_top_bottom_at_y(main.top() + wanted.min(most).round());
    let (bar, below) = rest.split_top_bottom_at_y((rest.top() + HEAD).min(rest.bottom()));
    let (left, column) = below.split_left_right_at_x(below.left() + (below.width() * 0.52).round());
    let height = RANGES.min((column.height() * 0.42).round());
    let (right, ranges) = column.split_top_bottom_at_y(column.bottom() - height);
    Areas { table, bar, left, right, ranges }
}

/// A variant in the plot of what it is worth against what it costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// What it costs.
    pub cost: f64,
    /// What it is worth: larger is better.
    pub worth: f64,
    /// It runs on the chip.
    pub runs: bool,
}

/// Numbers of the points that no other one beats, by rising cost; only what runs on the chip takes part.
pub fn frontier(points: &[Trade]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).filter(|index| points[*index].runs).collect();
    order.sort_by(|a, b| {
        let (a, b) = (points[*a], points[*b]);
        a.cost.total_cmp(&b.cost).then(b.worth.total_cmp(&a.worth))
    });
    let mut best = f64::NEG_INFINITY;
    order.retain(|index| {
        let is_better = points[*index].worth > best;
        best = best.max(points[*index].worth);
        is_better
    });
    order
}

/// The line over the points of a frontier: level until the next better one, then straight up.
pub fn steps(frontier: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut line: Vec<[f64; 2]> = Vec::with_capacity(frontier.len() * 2);
    for point in frontier {
        if let Some(last) = line.last() {
            line.push([point[0], last[1]]);
        }
        line.push(*point);
    }
    line
}

/// The point nearest to a place on the screen, at most 14 points away.
pub fn nearest(points: &[Pos2], at: Pos2) -> Option<usize> {
    let distances = points.iter().map(|point| point.distance(at)).enumerate();
    let nearest = distances.min_by(|a, b| a.1.total_cmp(&b.1));
    nearest.filter(|(_, distance)| *distance <= 14.0).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use egui::{pos2, vec2};

    use super::*;

    fn trade(cost: f64, worth: f64, runs: bool) -> Trade {
        Trade { cost, worth, runs }
    }

    #[test]
    fn panes_touch_and_leave_room_for_the_plot() {
        for (width, height) in [(1048.0, 780.0), (928.0, 680.0), (1488.0, 960.0), (560.0, 400.0)] {
            for n_rows in [1, 6, 40] {
                let main = Rect::from_min_size(pos2(72.0, 92.0), vec2(width, height));
                let found = areas(main, n_rows, 22.0, 28.0);
                let Areas { table, bar, left, right, ranges } = found;
                let sum: f32 = [table, bar, left, right, ranges].iter().map(|rect| rect.area()).sum();
                assert!((sum - main.area()).abs() < 1.0, "{width}x{height}: {found:?}");
                assert!(left.height() > 120.0 && ranges.height() > 40.0, "{width}x{height}: {found:?}");
                assert_eq!((left.bottom(), ranges.bottom()), (main.bottom(), main.bottom()));
            }
        }
    }

    #[test]
    fn nothing_on_the_frontier_is_beaten() {
        let points = [
            trade(100.0, 0.9, true),
            trade(50.0, 0.9, true),
            trade(40.0, 0.95, false),
            trade(20.0, 0.7, true),
            trade(60.0, 0.8, true),
            trade(200.0, 0.91, true),
        ];
        assert_eq!(frontier(&points), [3, 1, 5]);
        assert!(frontier(&[]).is_empty());
        assert_eq!(frontier(&[trade(1.0, 0.5, true), trade(1.0, 0.6, true)]), [1]);
    }

    #[test]
    fn a_frontier_is_drawn_in_steps() {
        assert_eq!(steps(&[[1.0, 5.0], [2.0, 7.0]]), [[1.0, 5.0], [2.0, 5.0], [2.0, 7.0]]);
        assert!(steps(&[]).is_empty());
    }

    #[test]
    fn only_a_point_close_by_is_hit() {
        let points = [pos2(0.0, 0.0), pos2(10.0, 0.0)];
        assert_eq!(nearest(&points, pos2(8.0, 3.0)), Some(1));
        assert_eq!(nearest(&points, pos2(60.0, 3.0)), None);
        assert_eq!(nearest(&[], pos2(0.0, 0.0)), None);
    }
}
