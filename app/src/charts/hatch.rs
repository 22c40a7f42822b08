//! Diagonal stripes cut off at a rectangle.

use egui::{Color32, Pos2, Rect, pos2};

/// Diagonal stripes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hatch {
    /// Distance from one stripe to the next, in points across the stripes.
    pub spacing: f32,
    /// Width of a stripe in points.
    pub width: f32,
    /// Colour of a stripe.
    pub colour: Color32,
    /// Stripes rise to the right like `/`; otherwise they fall like `\`.
    pub rising: bool,
}

/// A band of a stripe: a convex polygon whose corners each carry an opacity from 0 to 1.
pub type Band = Vec<(Pos2, f32)>;

/// The stripes inside `rect`, each with soft edges of `feather` points, as convex polygons.
///
/// The phase is fixed to the lower left corner of `rect`, so that stripes travel with their rectangle.
pub fn stripes_in(rect: Rect, hatch: &Hatch, feather: f32) -> Vec<Band> {
    if rect.width() <= 0.0 || rect.height() <= 0.0 || hatch.spacing <= 0.0 {
        return Vec::new();
    }
    // Along `level` = dx + dy or dx - dy (from the lower left corner) a step of sqrt(2) crosses one point.
    let across = std::f32::consts::SQRT_2;
    let level = |point: Pos2| {
        let (dx, dy) = (point.x - rect.left(), point.y - rect.bottom());
        if hatch.rising { dx + dy } else { dx - dy }
    };
    let corners = [rect.left_top(), pos2(rect.right(), rect.top()), rect.right_bottom(), rect.left_bottom()];
    let levels = corners.map(level);
    let low = levels.iter().copied().fold(f32::INFINITY, f32::min);
    let high = levels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (step, half, soft) = (hatch.spacing * across, hatch.width * across / 2.0, feather * across / 2.0);
    let first = ((low - half - soft) / step).ceil() as i64;
    let last = ((high + half + soft) / step).floor() as i64;

    let mut bands = Vec::new();
    for stripe in first..=last {
        let centre = stripe as f32 * step;
        let (inner, outer) = ((half - soft).max(0.0), half + soft);
        let opacity = |value: f32| {
            if soft <= 0.0 {
                1.0
            } else {
                ((outer - (value - centre).abs()) / (outer - inner)).clamp(0.0, 1.0)
            }
        };
        let mut edges = vec![centre - outer, centre - inner, centre + inner, centre + outer];
        edges.dedup();
        for pair in edges.windows(2) {
            let polygon = cut(&cut(&corners, |p| level(p) - pair[0]), |p| pair[1] - level(p));
            if polygon.len() >= 3 {
                bands.push(polygon.into_iter().map(|point| (point, opacity(level(point)))).collect());
            }
        }
    }
    bands
}

/// The part of a convex polygon where `inside` is at least 0 (Sutherland and Hodgman, one half-plane).
fn cut(polygon: &[Pos2], inside: impl Fn(Pos2) -> f32) -> Vec<Pos2> {
    let mut kept = Vec::with_capacity(polygon.len() + 1);
    for (index, &to) in polygon.iter().enumerate() {
        let from = polygon[(index + polygon.len() - 1) % polygon.len()];
        let (at_from, at_to) = (inside(from), inside(to));
        if (at_from < 0.0) != (at_to < 0.0) {
            kept.push(from + (to - from) * (at_from / (at_from - at_to)));
        }
        if at_to >= 0.0 {
            kept.push(to);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(polygon: &[Pos2]) -> f32 {
        let next = |index: usize| polygon[(index + 1) % polygon.len()];
        (0..polygon.len()).map(|i| polygon[i].x * next(i).y - next(i).x * polygon[i].y).sum::<f32>().abs()
            / 2.0
    }

    #[test]
    fn stripes_cover_width_over_spacing_of_the_rectangle_and_stay_inside() {
        let rect = Rect::from_min_max(pos2(10.0, 20.0), pos2(210.0, 140.0));
        for rising in [false, true] {
            let hatch = Hatch { spacing: 8.0, width: 2.0, colour: Color32::WHITE, rising };
            let bands = stripes_in(rect, &hatch, 0.0);
            let covered: f32 =
                bands.iter().map(|band| area(&band.iter().map(|(p, _)| *p).collect::<Vec<_>>())).sum();
            assert!((covered / rect.area() - 0.25).abs() < 0.01, "covered {}", covered / rect.area());
            assert!(bands.iter().flatten().all(|(point, _)| rect.expand(0.01).contains(*point)));
        }
    }

    #[test]
    fn soft_edges_are_transparent_outside_and_full_in_the_middle() {
        let rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(50.0, 50.0));
        let hatch = Hatch { spacing: 10.0, width: 3.0, colour: Color32::WHITE, rising: true };
        let opacities: Vec<f32> =
            stripes_in(rect, &hatch, 1.0).into_iter().flatten().map(|(_, a)| a).collect();
        assert!(opacities.iter().any(|a| *a < 0.01) && opacities.iter().any(|a| *a > 0.99));
        assert!(opacities.iter().all(|a| (0.0..=1.0).contains(a)));
    }

    #[test]
    fn empty_rectangles_have_no_stripes() {
        let hatch = Hatch { spacing: 10.0, width: 3.0, colour: Color32::WHITE, rising: true };
        assert!(stripes_in(Rect::from_min_max(pos2(5.0, 5.0), pos2(5.0, 9.0)), &hatch, 1.0).is_empty());
        assert!(stripes_in(Rect::NOTHING, &hatch, 1.0).is_empty());
    }
}
