//! Which part of the graph the canvas shows, and how it moves.

use egui::{Pos2, Rect, Vec2, vec2};

/// Smallest and largest zoom.
pub const ZOOM: std::ops::RangeInclusive<f32> = 0.15..=1.4;

/// One step of the wheel or of a button.
pub const STEP: f32 = 1.1;

/// Time that fitting takes, in seconds.
const FIT_SECONDS: f64 = 0.16;

/// Zoom and position: a graph point `p` is drawn at `canvas.min + offset + p * zoom`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Screen points per graph point.
    pub zoom: f32,
    /// Where the graph's origin is, from the canvas' upper left corner.
    pub offset: Vec2,
}

impl View {
    /// Where a graph point is on the screen.
    pub fn to_screen(self, canvas: Rect, point: Pos2) -> Pos2 {
        canvas.min + self.offset + point.to_vec2() * self.zoom
    }

    /// Where a rectangle of the graph is on the screen.
    pub fn rect_to_screen(self, canvas: Rect, rect: Rect) -> Rect {
        Rect::from_min_max(self.to_screen(canvas, rect.min), self.to_screen(canvas, rect.max))
    }

    /// The graph point under a screen point.
    pub fn to_graph(self, canvas: Rect, point: Pos2) -> Pos2 {
        ((point - canvas.min - self.offset) / self.zoom).to_pos2()
    }

    /// The part of the graph that the canvas shows.
    pub fn visible(self, canvas: Rect) -> Rect {
        Rect::from_min_max(self.to_graph(canvas, canvas.min), self.to_graph(canvas, canvas.max))
    }

    /// Zooms by a factor; what is at `anchor`, from the canvas' corner, stays there.
    pub fn zoomed_at(self, anchor: Vec2, factor: f32) -> Self {
        let zoom = (self.zoom * factor).clamp(*ZOOM.start(), *ZOOM.end());
        Self { zoom, offset: anchor - (anchor - self.offset) * (zoom / self.zoom) }
    }

    /// The whole graph, centred in `free`, at most at 1:1; from its start where it does not fit at the smallest zoom.
    ///
    /// `free` is the part of the canvas that nothing floats over, from the canvas' corner.
    pub fn fitting(bounds: Rect, free: Rect) -> Self {
        let room = free.size().max(Vec2::splat(1.0));
        let size = bounds.size().max(Vec2::splat(1.0));
        let zoom = (room.x / size.x).min(room.y / size.y).clamp(*ZOOM.start(), 1.0);
        let place = |room: f32, drawn: f32| ((room - drawn) / 2.0).max(0.0);
        let corner = free.min.to_vec2() + vec2(place(room.x, size.x * zoom), place(room.y, size.y * zoom));
        Self { zoom, offset: corner - bounds.min.to_vec2() * zoom }
    }

    /// How a graph is first shown: readable, from its start; where it is too wide, `start` (its first node) is in the
    /// middle.
    pub fn beginning(bounds: Rect, start: Rect, free: Rect, horizontal: bool) -> Self {
        let (across, room) =
            if horizontal { (bounds.height(), free.height()) } else { (bounds.width(), free.width()) };
        let zoom = (room / across.max(1.0)).clamp(0.75, 1.0);
        let centre = if across * zoom > room { start.center() } else { bounds.center() };
        let offset = if horizontal {
            vec2(free.left() - bounds.min.x * zoom, free.center().y - centre.y * zoom)
        } else {
            vec2(free.center().x - centre.x * zoom, free.top() - bounds.min.y * zoom)
        };
        Self { zoom, offset: vec2(offset.x.round(), offset.y.round()) }
    }

    /// Keeps at least a strip of the graph in sight.
    pub fn held(self, bounds: Rect, canvas: Vec2) -> Self {
        let strip = 48.0;
        let clamp = |offset: f32, min: f32, max: f32, room: f32| {
            let (low, high) = (strip - max * self.zoom, room - strip - min * self.zoom);
            if low <= high { offset.clamp(low, high) } else { offset }
        };
        Self {
            zoom: self.zoom,
            offset: vec2(
                clamp(self.offset.x, bounds.min.x, bounds.max.x, canvas.x),
                clamp(self.offset.y, bounds.min.y, bounds.max.y, canvas.y),
            ),
        }
    }

    /// Moved as little as needed to show `rect` with some room around it; to its middle if it was far away.
    pub fn showing(self, rect: Rect, canvas: Vec2) -> Self {
        let room = 56.0f32.min(canvas.x / 4.0).min(canvas.y / 4.0);
        let shown =
            Rect::from_min_max(rect.min * self.zoom + self.offset, rect.max * self.zoom + self.offset);
        let inside = Rect::from_min_max(Pos2::new(12.0, room), Pos2::new(canvas.x - 12.0, canvas.y - room));
        if inside.contains_rect(shown) {
            return self;
        }
        let far = !inside.expand(canvas.y / 2.0).intersects(shown);
        let nudge = |low: f32, high: f32, from: f32, to: f32| {
            if far || to - from > high - low {
                (low + high) / 2.0 - (from + to) / 2.0
            } else if from < low {
                low - from
            } else if to > high {
                high - to
            } else {
                0.0
            }
        };
        let by = vec2(
            nudge(inside.min.x, inside.max.x, shown.min.x, shown.max.x),
            nudge(inside.min.y, inside.max.y, shown.min.y, shown.max.y),
        );
        Self { zoom: self.zoom, offset: self.offset + by }
    }
}

/// A view on its way to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    from: View,
    to: View,
    start: f64,
}

impl Motion {
    /// From one view to another, beginning at `now` (seconds).
    pub fn new(from: View, to: View, now: f64) -> Self {
        Self { from, to, start: now }
    }

    /// The view at a time, and whether it has arrived.
    pub fn at(&self, now: f64) -> (View, bool) {
        let t = ((now - self.start) / FIT_SECONDS).clamp(0.0, 1.0) as f32;
        if t >= 1.0 {
            return (self.to, true);
        }
        // Ease-out: fast at first, then settling.
        let eased = 1.0 - (1.0 - t).powi(3);
        let mix = |a: f32, b: f32| a + (b - a) * eased;
        let offset =
            vec2(mix(self.from.offset.x, self.to.offset.x), mix(self.from.offset.y, self.to.offset.y));
        (View { zoom: mix(self.from.zoom, self.to.zoom), offset }, false)
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    const CANVAS: Vec2 = vec2(424.0, 780.0);

    fn canvas() -> Rect {
        Rect::from_min_size(pos2(72.0, 92.0), CANVAS)
    }

    fn free() -> Rect {
        Rect::from_min_max(pos2(12.0, 12.0), pos2(356.0, 724.0))
    }

    fn start() -> View {
        View { zoom: 1.0, offset: vec2(56.0, 12.0) }
    }

    #[test]
    fn screen_and_graph_are_inverse() {
        let view = View { zoom: 0.7, offset: vec2(-30.0, 410.0) };
        let point = pos2(123.0, -45.0);
        assert!((view.to_graph(canvas(), view.to_screen(canvas(), point)) - point).length() < 1e-3);
    }

    #[test]
    fn zooming_keeps_what_is_under_the_cursor() {
        let cursor = canvas().min + vec2(300.0, 200.0);
        let before = start().to_graph(canvas(), cursor);
        for factor in [STEP, 1.0 / STEP, 0.5, 10.0] {
            let view = start().zoomed_at(cursor - canvas().min, factor);
            assert!((view.to_graph(canvas(), cursor) - before).length() < 1e-3, "{factor}");
            assert!(ZOOM.contains(&view.zoom));
        }
    }

    #[test]
    fn fitting_shows_everything_at_most_at_its_own_size() {
        let small = Rect::from_min_size(pos2(0.0, 0.0), vec2(248.0, 300.0));
        let view = View::fitting(small, free());
        assert_eq!(view.zoom, 1.0);
        assert!(view.visible(canvas()).contains_rect(small));
        let tall = Rect::from_min_size(pos2(0.0, 0.0), vec2(248.0, 2_800.0));
        let view = View::fitting(tall, free());
        assert!(view.zoom < 1.0 && view.visible(canvas()).contains_rect(tall));
        let endless = Rect::from_min_size(pos2(0.0, 0.0), vec2(248.0, 200_000.0));
        let view = View::fitting(endless, free());
        assert_eq!(view.zoom, *ZOOM.start());
        assert_eq!(view.to_screen(canvas(), endless.min).y, canvas().min.y + free().top());
    }

    #[test]
    fn a_graph_begins_at_its_first_node() {
        let bounds = Rect::from_min_size(pos2(0.0, 0.0), vec2(248.0, 2_800.0));
        let view =
            View::beginning(bounds, Rect::from_min_size(pos2(32.0, 0.0), vec2(184.0, 24.0)), free(), false);
        assert_eq!(view, View { zoom: 1.0, offset: vec2(60.0, 12.0) });
    }

    #[test]
    fn the_graph_cannot_be_lost() {
        let bounds = Rect::from_min_size(pos2(0.0, 0.0), vec2(248.0, 2_800.0));
        for offset in [vec2(9e9, 9e9), vec2(-9e9, -9e9)] {
            let view = View { zoom: 1.0, offset }.held(bounds, CANVAS);
            assert!(view.visible(canvas()).intersects(bounds));
        }
        assert_eq!(start().held(bounds, CANVAS), start());
    }

    #[test]
    fn what_is_in_sight_does_not_move() {
        let near = Rect::from_min_size(pos2(0.0, 200.0), vec2(248.0, 52.0));
        assert_eq!(start().showing(near, CANVAS), start());
        let below = Rect::from_min_size(pos2(0.0, 760.0), vec2(248.0, 52.0));
        let moved = start().showing(below, CANVAS);
        assert!(moved.visible(canvas()).contains_rect(below));
        assert!(moved.offset.x == start().offset.x && moved.offset.y > start().offset.y - 130.0);
        let far = Rect::from_min_size(pos2(0.0, 9_000.0), vec2(248.0, 52.0));
        let centred = start().showing(far, CANVAS).visible(canvas()).center();
        assert!((centred.y - far.center().y).abs() < 1.0);
    }

    #[test]
    fn motion_arrives() {
        let target = View { zoom: 0.5, offset: vec2(0.0, 0.0) };
        let motion = Motion::new(start(), target, 10.0);
        assert_eq!(motion.at(10.0), (start(), false));
        let (half, arrived) = motion.at(10.08);
        assert!(!arrived && half.zoom < 0.75 && half.zoom > 0.5);
        assert_eq!(motion.at(10.16), (target, true));
    }
}
