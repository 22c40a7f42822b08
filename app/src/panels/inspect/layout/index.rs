//! Finds what a view shows without looking at everything.

use egui::{Pos2, Rect};

/// Rectangles sorted along the main axis of the graph.
///
/// A query costs a binary search, the hits, and the few rectangles that are long along the axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpatialIndex {
    horizontal: bool,
    /// Number and extent of the rectangles that are short along the axis, by their start.
    short: Vec<(f32, u32)>,
    /// The longest of the short ones.
    reach: f32,
    /// Numbers of the long ones.
    long: Vec<u32>,
    bounds: Vec<[f32; 4]>,
}

/// Rectangles longer than this many points along the axis are looked at in every query.
const LONG: f32 = 2_048.0;

impl SpatialIndex {
    /// An index over rectangles; `horizontal` when the graph runs from left to right.
    pub fn new(rects: impl Iterator<Item = Rect>, horizontal: bool) -> Self {
        let mut index = Self { horizontal, ..Self::default() };
        for (number, rect) in rects.enumerate() {
            let (start, end) = index.along(rect);
            index.bounds.push([rect.min.x, rect.min.y, rect.max.x, rect.max.y]);
            if end - start > LONG {
                index.long.push(number as u32);
            } else {
                index.short.push((start, number as u32));
                index.reach = index.reach.max(end - start);
            }
        }
        index.short.sort_by(|a, b| a.0.total_cmp(&b.0));
        index
    }

    /// Numbers of the rectangles that touch `view`.
    pub fn query(&self, view: Rect) -> impl Iterator<Item = u32> {
        let (start, end) = self.along(view);
        let first = self.short.partition_point(|(along, _)| *along < start - self.reach);
        self.short[first..]
            .iter()
            .take_while(move |(along, _)| *along <= end)
            .map(|(_, number)| *number)
            .chain(self.long.iter().copied())
            .filter(move |&number| self.rect(number).intersects(view))
    }

    /// The last of the rectangles that contain `point`.
    pub fn at(&self, point: Pos2) -> Option<u32> {
        self.query(Rect::from_min_max(point, point)).max()
    }

    fn rect(&self, number: u32) -> Rect {
        let [left, top, right, bottom] = self.bounds[number as usize];
        Rect::from_min_max(Pos2::new(left, top), Pos2::new(right, bottom))
    }

    fn along(&self, rect: Rect) -> (f32, f32) {
        if self.horizontal { (rect.min.x, rect.max.x) } else { (rect.min.y, rect.max.y) }
    }
}
