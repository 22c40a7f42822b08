//! Places for texts in charts: none lies on another one, on a point, or beyond the field.

use egui::{Pos2, Rect, Vec2, pos2};

/// A text that belongs to a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointLabel {
    /// The point.
    pub at: Pos2,
    /// Its radius.
    pub radius: f32,
    /// Size of the text; of no width where there is none.
    pub size: Vec2,
}

/// Between a point and its text.
const GAP: f32 = 5.0;
/// Lines that a text moves up or down at most where the places beside its point are taken.
const MOST_LINES: u16 = 8;

/// Places for texts beside their points; earlier ones choose first. `None` for those without a text, and where there is no room.
///
/// Texts avoid `taken`, all points, and each other. Those that find no place beside their point move up or down: see
/// [`leader`].
pub fn beside_points(labels: &[PointLabel], taken: &[Rect], field: Rect) -> Vec<Option<Rect>> {
    let points = labels.iter().map(|label| Rect::from_center_size(label.at, Vec2::splat(2.0 * label.radius)));
    let mut taken: Vec<Rect> = taken.iter().copied().chain(points).collect();
    let mut places = Vec::with_capacity(labels.len());
    for label in labels {
        let is_free =
            |rect: &Rect| field.contains_rect(*rect) && !taken.iter().any(|other| other.intersects(*rect));
        let place = (label.size.x > 0.0).then(|| candidates(label).find(is_free)).flatten();
        taken.extend(place);
        places.push(place);
    }
    places
}

/// Places around a point, the best first.
fn candidates(label: &PointLabel) -> impl Iterator<Item = Rect> {
    let PointLabel { at, radius, size } = *label;
    let away = radius + GAP;
    let (right, left, centre) = (at.x + away, at.x - away - size.x, at.x - size.x / 2.0);
    let (above, middle, below) = (at.y - size.y - 3.0, at.y - size.y / 2.0, at.y + 3.0);
    let over = (centre, at.y - away - size.y);
    let near = [
        // The end of a bar has its text in the middle.
        if radius < 1.0 { over } else { (right, above) },
        (right, above),
        (left, above),
        (right, middle),
        (left, middle),
        (right, below),
        (left, below),
        over,
        (centre, at.y + away),
    ];
    let line = size.y + 2.0;
    let far = (1..=MOST_LINES).flat_map(move |lines| {
        let shift = line * f32::from(lines);
        [(right, above - shift), (left, above - shift), (right, below + shift), (left, below + shift)]
    });
    near.into_iter().chain(far).map(move |(x, y)| Rect::from_min_size(pos2(x, y), size))
}

/// From the edge of a point to a text that does not lie beside it; `None` where it does.
pub fn leader(label: &PointLabel, place: Rect) -> Option<(Pos2, Pos2)> {
    let to = place.clamp(label.at);
    let distance = label.at.distance(to);
    let direction = (to - label.at) / distance;
    (distance > label.radius + 2.0 * GAP).then(|| (label.at + direction * label.radius, to - direction))
}

/// Places for the texts of lines across the field, at these heights; earlier ones choose first. Above or below the line, at the
/// right end, at the left one, or in the middle. `None` where there is no room.
pub fn along_lines(lines: &[(f32, Vec2)], taken: &[Rect], field: Rect) -> Vec<Option<Rect>> {
    let mut taken = taken.to_vec();
    let mut places = Vec::with_capacity(lines.len());
    for (height, size) in lines {
        let inset = 6.0;
        let ends = [field.right() - inset - size.x, field.left() + inset, field.center().x - size.x / 2.0];
        let heights = [height - 3.0 - size.y, height + 3.0];
        let mut candidates =
            ends.into_iter().flat_map(|x| heights.map(|y| Rect::from_min_size(pos2(x, y), *size)));
        let is_free =
            |rect: &Rect| field.contains_rect(*rect) && !taken.iter().any(|other| other.intersects(*rect));
        let place = (size.x > 0.0).then(|| candidates.find(is_free)).flatten();
        taken.extend(place);
        places.push(place);
    }
    places
}

/// Which of the texts along an axis can stand there with a gap between them; spans are their two ends. Earlier ones stay.
pub fn apart(spans: &[(f32, f32)], gap: f32) -> Vec<bool> {
    let mut shown: Vec<(f32, f32)> = Vec::with_capacity(spans.len());
    let is_shown = spans.iter().map(|span| {
        let is_free = shown.iter().all(|other| span.0 >= other.1 + gap || span.1 + gap <= other.0);
        if is_free {
            shown.push(*span);
        }
        is_free
    });
    is_shown.collect()
}

#[cfg(test)]
mod tests {
    use egui::vec2;

    use super::*;

    fn field() -> Rect {
        Rect::from_min_size(pos2(76.0, 56.0), vec2(500.0, 300.0))
    }

    fn check(labels: &[PointLabel], taken: &[Rect], least: usize) {
        let places = beside_points(labels, taken, field());
        assert_eq!(places.len(), labels.len());
        let placed: Vec<Rect> = places.iter().flatten().copied().collect();
        assert!(placed.len() >= least, "{} of {} have a place", placed.len(), labels.len());
        for (index, place) in placed.iter().enumerate() {
            assert!(field().contains_rect(*place), "{place:?} is beyond the field");
            assert!(
                placed[..index].iter().all(|other| !other.intersects(*place)),
                "{place:?} lies on another"
            );
            assert!(taken.iter().all(|other| !other.intersects(*place)), "{place:?} lies on what is taken");
            for label in labels {
                let point = Rect::from_center_size(label.at, Vec2::splat(2.0 * label.radius));
                assert!(!point.intersects(*place), "{place:?} lies on the point at {:?}", label.at);
            }
        }
    }

    fn label(x: f32, y: f32, width: f32) -> PointLabel {
        PointLabel { at: pos2(x, y), radius: 4.0, size: vec2(width, 14.0) }
    }

    #[test]
    fn texts_of_points_that_lie_close_together_do_not_overlap() {
        // As variants of a model whose accuracies are almost the same.
        let close: Vec<PointLabel> =
            (0..9).map(|index| label(300.0 + index as f32, 200.0 - 0.5 * index as f32, 90.0)).collect();
        check(&close, &[], 9);
        // At a corner half of the places are beyond the field.
        let corner: Vec<PointLabel> = (0..6).map(|index| label(574.0, 58.0 + index as f32, 110.0)).collect();
        check(&corner, &[], 5);
        let everywhere: Vec<PointLabel> = (0..60)
            .map(|index| label(80.0 + (index * 97 % 490) as f32, 60.0 + (index * 61 % 290) as f32, 60.0))
            .collect();
        check(&everywhere, &[Rect::from_min_size(pos2(300.0, 60.0), vec2(200.0, 40.0))], 45);
    }

    #[test]
    fn a_text_stands_beside_its_point_where_there_is_room() {
        let alone = label(300.0, 200.0, 50.0);
        let place = beside_points(&[alone], &[], field())[0].expect("there is room");
        assert_eq!(place.left(), 309.0);
        assert_eq!(leader(&alone, place), None);
        let far = place.translate(vec2(0.0, 60.0));
        let (from, to) = leader(&alone, far).expect("it is far away");
        assert!((from.distance(alone.at) - alone.radius).abs() < 1e-3 && to.distance(far.clamp(to)) < 1.5);
        assert_eq!(beside_points(&[label(300.0, 200.0, 0.0)], &[], field()), [None], "no text, no place");
        assert_eq!(beside_points(&[label(300.0, 200.0, 900.0)], &[], field()), [None], "no room");
    }

    #[test]
    fn texts_of_levels_avoid_each_other_and_the_edges() {
        let lines: Vec<(f32, Vec2)> =
            [57.0, 60.0, 63.0, 352.0].map(|height| (height, vec2(80.0, 14.0))).to_vec();
        let places = along_lines(&lines, &[], field());
        let placed: Vec<Rect> = places.iter().flatten().copied().collect();
        assert_eq!(placed.len(), 4, "{places:?}");
        for (index, place) in placed.iter().enumerate() {
            assert!(field().contains_rect(*place));
            assert!(placed[..index].iter().all(|other| !other.intersects(*place)), "{placed:?}");
        }
        assert!(placed[0].right() > 560.0, "the first one has the right end");
    }

    #[test]
    fn texts_along_an_axis_keep_apart() {
        let spans = [(0.0, 20.0), (18.0, 40.0), (30.0, 50.0), (60.0, 80.0)];
        assert_eq!(apart(&spans, 6.0), [true, false, true, true]);
        let downwards = [(90.0, 100.0), (80.0, 89.0), (60.0, 70.0)];
        assert_eq!(apart(&downwards, 2.0), [true, false, true]);
        assert!(apart(&[], 1.0).is_empty());
    }
}
