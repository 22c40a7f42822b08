//! Where things of the Data panel go. Pure: sizes in, rectangles and numbers out.

use std::ops::Range;

use egui::{Rect, Vec2, pos2, vec2};

/// Width of the pane with sources and classes.
pub(super) const SOURCES: f32 = 240.0;
/// Height of the bar above the grid.
pub(super) const BAR: f32 = 40.0;
/// Height of the pane with the selected recording, and the least that the grid keeps.
const DETAIL: f32 = 268.0;
const GRID_MIN: f32 = 160.0;

/// The panes of the main area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Panes {
    pub sources: Rect,
    pub bar: Rect,
    pub grid: Rect,
    pub detail: Option<Rect>,
}

/// Splits the main area.
pub(super) fn panes(main: Rect, with_detail: bool) -> Panes {
    let (sources, rest) = main.split_left_right_at_x(main.left() + SOURCES.min(main.width() / 3.0).round());
    let (bar, below) = rest.split_top_bottom_at_y(rest.top() + BAR.min(rest.height()));
    let room = below.height() - GRID_MIN;
    let detail = (with_detail && room >= DETAIL / 2.0).then(|| {
        let height = DETAIL.max(below.height() * 0.36).min(room).round();
        below.with_min_y(below.bottom() - height)
    });
    let grid = below.with_max_y(detail.map_or(below.bottom(), |detail| detail.top()));
    Panes { sources, bar, grid, detail }
}

/// Cells of one size in rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    pub columns: usize,
    pub cell: Vec2,
    count: usize,
}

/// Room around and between cells.
pub(super) const GAP: f32 = 8.0;

impl Grid {
    /// Cells at least as wide as `least`, so many that they fill `width`.
    pub(super) fn new(width: f32, least: Vec2, count: usize) -> Self {
        let room = (width - GAP).max(1.0);
        let columns = ((room / (least.x + GAP)) as usize).max(1);
        let cell_width = (room / columns as f32 - GAP).floor().max(8.0);
        Self { columns, cell: vec2(cell_width, least.y), count }
    }

    /// Height of all rows.
    pub(super) fn height(&self) -> f32 {
        self.count.div_ceil(self.columns) as f32 * (self.cell.y + GAP) + GAP
    }

    /// Where a cell lies, from the top left of all rows.
    pub(super) fn rect(&self, index: usize) -> Rect {
        let (row, column) = (index / self.columns, index % self.columns);
        let at = pos2(GAP + column as f32 * (self.cell.x + GAP), GAP + row as f32 * (self.cell.y + GAP));
        Rect::from_min_size(at, self.cell)
    }

    /// Cells of rows between two heights.
    pub(super) fn visible(&self, top: f32, bottom: f32) -> Range<usize> {
        let row = self.cell.y + GAP;
        let first = ((top - GAP).max(0.0) / row) as usize * self.columns;
        let end = ((bottom.max(0.0) / row) as usize + 1) * self.columns;
        first.min(self.count)..end.min(self.count)
    }
}

/// Marks of an axis from 0 to `end`: round numbers, at most `most` of them.
pub(super) fn ticks(end: f64, most: usize) -> Vec<f64> {
    if !end.is_finite() || end <= 0.0 || most < 2 {
        return vec![0.0];
    }
    let rough = end / most as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| end / step <= most as f64);
    let step = step.unwrap_or(power * 10.0);
    (0..).map(|number| f64::from(number) * step).take_while(|at| *at <= end * 1.000_001).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_touch_and_the_grid_keeps_its_room() {
        for (width, height) in [(1048.0, 780.0), (888.0, 680.0), (1488.0, 960.0), (500.0, 300.0)] {
            let main = Rect::from_min_size(pos2(72.0, 92.0), vec2(width, height));
            let Panes { sources, bar, grid, detail } = panes(main, true);
            let parts = [Some(sources), Some(bar), Some(grid), detail];
            let area: f32 = parts.into_iter().flatten().map(|rect| rect.area()).sum();
            assert!((area - main.area()).abs() < 1.0, "{width}x{height}");
            assert!(detail.is_none() || grid.height() >= GRID_MIN);
        }
        let main = Rect::from_min_size(pos2(0.0, 0.0), vec2(1048.0, 780.0));
        assert_eq!(panes(main, false).detail, None);
        assert_eq!(panes(main, true).sources.width(), SOURCES);
    }

    #[test]
    fn cells_fill_the_width_and_only_those_in_sight_are_drawn() {
        let grid = Grid::new(800.0, vec2(104.0, 124.0), 1_000_000);
        assert_eq!(grid.columns, 7);
        assert!(grid.rect(6).right() <= 800.0 - GAP + 0.01 && grid.rect(6).right() > 780.0);
        let visible = grid.visible(13_200.0, 13_660.0);
        assert!(visible.len() <= 7 * 6, "{visible:?}");
        let in_sight = (0..2_000).filter(|index| {
            let rect = grid.rect(*index);
            rect.bottom() > 13_200.0 && rect.top() < 13_660.0
        });
        assert!(in_sight.clone().count() > 0);
        in_sight.for_each(|index| assert!(visible.contains(&index), "{index} of {visible:?}"));
        assert_eq!(Grid::new(10.0, vec2(104.0, 124.0), 0).visible(0.0, 500.0), 0..0);
    }

    #[test]
    fn axes_have_round_marks() {
        assert_eq!(ticks(1.0, 2), [0.0, 0.5, 1.0]);
        assert_eq!(ticks(10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(0.64, 8), [0.0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5, 0.6000000000000001]);
        assert_eq!(ticks(f64::NAN, 5), [0.0]);
        assert_eq!(ticks(-1.0, 5), [0.0]);
    }
}
