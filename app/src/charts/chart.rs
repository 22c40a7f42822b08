//! A chart as a value: lines over two axes, with everything that a reader needs to read it.
//!
//! The same chart is drawn on the screen and into files, so that a saved picture shows what the window showed. Places are
//! heights along the axes: of a logarithmic axis the logarithms.

use egui::Color32;

/// Lines over two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// A second axis upwards, at the right. Points that belong to it are given as places of `y` at the same height.
    pub right: Option<Axis>,
    /// Areas behind the lines.
    pub areas: Vec<Area>,
    /// Lines, the front one last.
    pub lines: Vec<Line>,
    /// Single points.
    pub dots: Vec<Dot>,
    /// Limits and goals across the whole width.
    pub levels: Vec<Level>,
    /// What stands for what, for pictures in files; on the screen the panel says it.
    pub legend: Vec<LegendEntry>,
}

/// An entry of a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendEntry {
    /// What it says.
    pub text: String,
    /// Colour of the sample.
    pub colour: Color32,
    /// The sample is a line like this; `None` for a square.
    pub dash: Option<Dash>,
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it measures, with the unit.
    pub label: String,
    /// The two ends, the lower first.
    pub range: (f64, f64),
    /// Places with a line of the grid and what stands there.
    pub marks: Vec<(f64, String)>,
}

/// A line through points that run from left to right.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// The points.
    pub points: Vec<[f64; 2]>,
    /// Colour, its opacity included.
    pub colour: Color32,
    /// Width in points.
    pub width: f32,
    /// Solid or not.
    pub dash: Dash,
}

/// Whether a line is solid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dash {
    /// Without gaps.
    #[default]
    Solid,
    /// Dashes.
    Dashed,
    /// Dots.
    Dotted,
}

/// An area between two lines over the same places.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Place, lower and upper end.
    pub points: Vec<[f64; 3]>,
    /// Colour, its opacity included.
    pub colour: Color32,
}

/// A point of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// Where.
    pub at: [f64; 2],
    /// Colour.
    pub colour: Color32,
    /// Radius in points.
    pub radius: f32,
    /// A ring instead of a disc.
    pub ring: bool,
    /// What stands beside it; may be empty.
    pub text: String,
}

/// A value that is to be reached or kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Height.
    pub at: f64,
    /// What stands at its right end.
    pub text: String,
    /// Colour.
    pub colour: Color32,
}

/// Counts in a square: what was true against what was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// What it shows.
    pub title: String,
    /// What the rows are.
    pub rows: String,
    /// What the columns are.
    pub columns: String,
    /// Names of rows and columns.
    pub labels: Vec<String>,
    /// Counts by row and column.
    pub counts: Vec<Vec<u64>>,
}

impl Grid {
    /// The share of a row on the diagonal, from 0 to 1; `None` for an empty row.
    pub fn share(&self, row: usize) -> Option<f64> {
        let counts = self.counts.get(row)?;
        let sum: u64 = counts.iter().sum();
        (sum > 0).then(|| counts.get(row).copied().unwrap_or(0) as f64 / sum as f64)
    }

    /// The largest count.
    pub fn largest(&self) -> u64 {
        self.counts.iter().flatten().copied().max().unwrap_or(0)
    }
}

impl Axis {
    /// Where a place lies between the ends, from 0 to 1.
    pub fn share(&self, at: f64) -> f64 {
        (at - self.range.0) / (self.range.1 - self.range.0)
    }

    /// The place at a share.
    pub fn at(&self, share: f64) -> f64 {
        self.range.0 + share * (self.range.1 - self.range.0)
    }
}

/// The parts of a line within two ranges, each a line of its own.
pub fn clipped(points: &[[f64; 2]], x: (f64, f64), y: (f64, f64)) -> Vec<Vec<[f64; 2]>> {
    let mut parts: Vec<Vec<[f64; 2]>> = Vec::new();
    for pair in points.windows(2) {
        let Some((from, to)) = clipped_segment(pair[0], pair[1], x, y) else { continue };
        match parts.last_mut() {
            Some(part) if part.last() == Some(&from) => part.push(to),
            _ => parts.push(vec![from, to]),
        }
    }
    parts
}

/// The part of a segment within two ranges (Liang and Barsky, 1984).
fn clipped_segment(
    from: [f64; 2],
    to: [f64; 2],
    x: (f64, f64),
    y: (f64, f64),
) -> Option<([f64; 2], [f64; 2])> {
    let delta = [to[0] - from[0], to[1] - from[1]];
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (axis, (low, high)) in [x, y].into_iter().enumerate() {
        if delta[axis] == 0.0 {
            if !(low..=high).contains(&from[axis]) {
                return None;
            }
            continue;
        }
        let (a, b) = ((low - from[axis]) / delta[axis], (high - from[axis]) / delta[axis]);
        enter = enter.max(a.min(b));
        leave = leave.min(a.max(b));
    }
    // The ends themselves stay as they are, so that neighbouring segments meet exactly.
    let at = |share: f64| match share {
        0.0 => from,
        1.0 => to,
        _ => [from[0] + share * delta[0], from[1] + share * delta[1]],
    };
    (enter <= leave && leave >= 0.0 && enter <= 1.0).then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_the_edges_of_the_field() {
        let field = ((0.0, 10.0), (0.0, 1.0));
        let cut = |points: &[[f64; 2]]| clipped(points, field.0, field.1);
        assert_eq!(cut(&[[-5.0, 0.5], [5.0, 0.5], [15.0, 0.5]]), [[[0.0, 0.5], [5.0, 0.5], [10.0, 0.5]]]);
        let twice = cut(&[[0.0, 0.5], [2.0, 2.5], [4.0, 0.5]]);
        assert_eq!(twice, [[[0.0, 0.5], [0.5, 1.0]], [[3.5, 1.0], [4.0, 0.5]]]);
        assert!(cut(&[[1.0, 2.0], [3.0, 2.0]]).is_empty());
        assert!(cut(&[[20.0, 0.1], [30.0, 0.9]]).is_empty());
        assert!(cut(&[[1.0, 0.5]]).is_empty());
    }

    #[test]
    fn a_grid_knows_its_shares() {
        let grid = Grid {
            title: String::new(),
            rows: String::new(),
            columns: String::new(),
            labels: vec!["a".to_owned(), "b".to_owned()],
            counts: vec![vec![3, 1], vec![0, 0]],
        };
        assert_eq!(
            (grid.share(0), grid.share(1), grid.share(2), grid.largest()),
            (Some(0.75), None, None, 3)
        );
    }
}
