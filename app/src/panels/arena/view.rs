//! Which part of the map is in sight, and where that part lies on the screen.

use egui::{Pos2, Rect, Vec2, pos2};

/// A stretch of one axis; `to` is larger than `from`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Lower end.
    pub from: f64,
    /// Upper end.
    pub to: f64,
}

/// The part of the map in sight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Allocation scopes, from left to right; scope `s` fills `s..s + 1`.
    pub scopes: Span,
    /// Bytes from the start of the arena, upwards.
    pub bytes: Span,
}

/// A view placed on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Where, in points.
    pub rect: Rect,
    /// What is in sight.
    pub view: View,
}

/// The closest zoom: this many scopes across.
const LEAST_SCOPES: f64 = 1.5;
/// The closest zoom: this many bytes upwards.
const LEAST_BYTES: f64 = 64.0;

impl Span {
    /// Length of the stretch.
    pub fn length(self) -> f64 {
        self.to - self.from
    }

    /// Shrinks by `factor` (above 1 is closer) around `anchor`, within `whole`, to no less than `least`.
    fn zoomed(self, anchor: f64, factor: f64, whole: Span, least: f64) -> Self {
        let length = (self.length() / factor).clamp(least.min(whole.length()), whole.length());
        let share = ((anchor - self.from) / self.length()).clamp(0.0, 1.0);
        Self { from: anchor - share * length, to: anchor - share * length + length }.within(whole)
    }

    /// Moved, without change of length, so that it lies inside `whole`.
    fn within(self, whole: Span) -> Self {
        let length = self.length().min(whole.length());
        let from = self.from.clamp(whole.from, whole.to - length);
        Self { from, to: from + length }
    }
}

impl View {
    /// Everything, with a little air above the highest address.
    pub fn whole(scope_count: u32, used_bytes: u64) -> Self {
        Self {
            scopes: Span { from: 0.0, to: f64::from(scope_count.max(1)) },
            bytes: Span { from: 0.0, to: (used_bytes.max(16) as f64) * 1.03 },
        }
    }

    /// Zoomed by a factor per axis (above 1 is closer) around a point of the map, within `whole`.
    pub fn zoomed(self, anchor: (f64, f64), factor: (f64, f64), whole: View) -> Self {
        Self {
            scopes: self.scopes.zoomed(anchor.0, factor.0, whole.scopes, LEAST_SCOPES),
            bytes: self.bytes.zoomed(anchor.1, factor.1, whole.bytes, LEAST_BYTES),
        }
    }

    /// Moved by scopes and bytes, within `whole`.
    pub fn moved(self, scopes: f64, bytes: f64, whole: View) -> Self {
        let by = |span: Span, by: f64| Span { from: span.from + by, to: span.to + by };
        Self {
            scopes: by(self.scopes, scopes).within(whole.scopes),
            bytes: by(self.bytes, bytes).within(whole.bytes),
        }
    }

    /// Moved as little as possible so that a scope is in sight.
    pub fn revealing(self, scope: u32, whole: View) -> Self {
        let (from, to) = (f64::from(scope), f64::from(scope) + 1.0);
        let shift = if from < self.scopes.from {
            from - self.scopes.from
        } else if to > self.scopes.to {
            to - self.scopes.to
        } else {
            0.0
        };
        self.moved(shift, 0.0, whole)
    }

    /// Between two views, `t` from 0 to 1.
    pub fn between(from: View, to: View, t: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * t;
        let span = |a: Span, b: Span| Span { from: mix(a.from, b.from), to: mix(a.to, b.to) };
        Self { scopes: span(from.scopes, to.scopes), bytes: span(from.bytes, to.bytes) }
    }
}

impl Frame {
    /// Points per scope and per byte.
    pub fn scale(&self) -> Vec2 {
        Vec2::new(
            (f64::from(self.rect.width()) / self.view.scopes.length()) as f32,
            (f64::from(self.rect.height()) / self.view.bytes.length()) as f32,
        )
    }

    /// Left edge of a scope (or a point between two).
    pub fn x(&self, scope: f64) -> f32 {
        let share = (scope - self.view.scopes.from) / self.view.scopes.length();
        (f64::from(self.rect.left()) + share * f64::from(self.rect.width())) as f32
    }

    /// Height of an address; addresses run upwards.
    pub fn y(&self, byte: f64) -> f32 {
        let share = (byte - self.view.bytes.from) / self.view.bytes.length();
        (f64::from(self.rect.bottom()) - share * f64::from(self.rect.height())) as f32
    }

    /// The rectangle of the scopes `first..=last` and the bytes `from..to`.
    pub fn area(&self, first: u32, last: u32, from: u64, to: u64) -> Rect {
        Rect::from_min_max(
            pos2(self.x(f64::from(first)), self.y(to as f64)),
            pos2(self.x(f64::from(last) + 1.0), self.y(from as f64)),
        )
    }

    /// The point of the map under a point of the screen: scope and byte, with fractions.
    pub fn map_point(&self, point: Pos2) -> (f64, f64) {
        let across = f64::from((point.x - self.rect.left()) / self.rect.width().max(1.0));
        let up = f64::from((self.rect.bottom() - point.y) / self.rect.height().max(1.0));
        (
            self.view.scopes.from + across * self.view.scopes.length(),
            self.view.bytes.from + up * self.view.bytes.length(),
        )
    }

    /// The scope at a point of the screen, the nearest one for points beside the map.
    pub fn scope_at(&self, x: f32, scope_count: u32) -> u32 {
        let (scope, _) = self.map_point(pos2(x, self.rect.bottom()));
        (scope.floor().max(0.0) as u32).min(scope_count.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use egui::vec2;

    use super::*;

    fn frame(view: View) -> Frame {
        Frame { rect: Rect::from_min_size(pos2(100.0, 50.0), vec2(800.0, 400.0)), view }
    }

    #[test]
    fn the_point_under_the_pointer_stays_there_when_zooming() {
        let whole = View::whole(32, 122_572);
        let pointer = pos2(333.0, 211.0);
        let before = frame(whole).map_point(pointer);
        let view = whole.zoomed(before, (1.7, 1.7), whole);
        let after = frame(view).map_point(pointer);
        assert!(
            (before.0 - after.0).abs() < 1e-3 && (before.1 - after.1).abs() < 1.0,
            "{before:?} {after:?}"
        );
        assert!(view.scopes.length() < whole.scopes.length());
    }

    #[test]
    fn zoom_and_pan_stay_inside_of_the_map() {
        let whole = View::whole(32, 122_572);
        let mut view = whole;
        for step in 0..60 {
            view = view.zoomed((31.9, 10.0), (1.3, 1.3), whole).moved(f64::from(step), -900.0, whole);
            assert!(view.scopes.from >= 0.0 && view.scopes.to <= whole.scopes.to + 1e-9, "{view:?}");
            assert!(view.bytes.from >= 0.0 && view.bytes.to <= whole.bytes.to + 1e-9, "{view:?}");
            assert!(view.scopes.length() >= LEAST_SCOPES - 1e-9 && view.bytes.length() >= LEAST_BYTES - 1e-9);
        }
        for _ in 0..60 {
            view = view.zoomed((3.0, 10.0), (0.7, 0.7), whole);
        }
        assert_eq!(view, whole);
    }

    #[test]
    fn a_map_of_one_scope_and_no_bytes_has_a_size() {
        let whole = View::whole(0, 0);
        let view = whole.zoomed((0.5, 1.0), (4.0, 4.0), whole);
        assert!(view.scopes.length() > 0.0 && view.bytes.length() > 0.0);
        assert_eq!(frame(whole).scope_at(-5000.0, 1), 0);
        assert_eq!(frame(whole).scope_at(5000.0, 1), 0);
    }

    #[test]
    fn revealing_moves_only_as_far_as_needed() {
        let whole = View::whole(32, 1000);
        let view = View { scopes: Span { from: 4.0, to: 12.0 }, bytes: whole.bytes };
        assert_eq!(view.revealing(5, whole), view);
        assert_eq!(view.revealing(2, whole).scopes, Span { from: 2.0, to: 10.0 });
        assert_eq!(view.revealing(31, whole).scopes, Span { from: 24.0, to: 32.0 });
    }
}
