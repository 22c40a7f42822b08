//! Text as outlines of the bundled faces: widths for layout, paths for pictures that must look the same everywhere.

use std::fmt::Write as _;

use egui::Pos2;
use skrifa::instance::{Location, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider as _};

use super::Style;
use super::svg::number;

/// Width of one line of text in points, without kerning.
pub fn text_width(text: &str, style: Style) -> f32 {
    let face = Face::of(style);
    face.glyphs(text).map(|glyph| face.advance(glyph)).sum()
}

/// SVG path data of one line of text whose baseline starts at `start`.
pub(super) fn path(text: &str, style: Style, start: Pos2) -> String {
    let face = Face::of(style);
    let outlines = face.font.outline_glyphs();
    let mut pen = SvgPen { origin: start, path: String::new() };
    for glyph in face.glyphs(text) {
        if let Some(outline) = outlines.get(glyph) {
            // A glyph whose outline is broken stays blank; the faces are ours and a test draws them.
            let _ = outline.draw(DrawSettings::unhinted(face.size, &face.location), &mut pen);
        }
        pen.origin.x += face.advance(glyph);
    }
    pen.path
}

struct Face {
    font: FontRef<'static>,
    size: Size,
    location: Location,
}

impl Face {
    fn of(style: Style) -> Self {
        let (bytes, weight) = style.face().source();
        let font = FontRef::new(bytes).expect("the bundled faces are read in a test");
        let location = font.axes().location([("wght", weight)]);
        Self { font, size: Size::new(style.size()), location }
    }

    fn glyphs(&self, text: &str) -> impl Iterator<Item = skrifa::GlyphId> {
        let charmap = self.font.charmap();
        text.chars().map(move |character| charmap.map(character).unwrap_or_default())
    }

    fn advance(&self, glyph: skrifa::GlyphId) -> f32 {
        self.font.glyph_metrics(self.size, &self.location).advance_width(glyph).unwrap_or_default()
    }
}

/// Collects path data; font coordinates have y upwards, SVG downwards.
struct SvgPen {
    origin: Pos2,
    path: String,
}

impl SvgPen {
    fn push(&mut self, command: char, points: &[(f32, f32)]) {
        self.path.push(command);
        for (x, y) in points {
            // Writing into a String cannot fail.
            let _ = write!(self.path, "{} {} ", number(self.origin.x + x), number(self.origin.y - y));
        }
    }
}

impl OutlinePen for SvgPen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.push('M', &[(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.push('L', &[(x, y)]);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.push('Q', &[(cx, cy), (x, y)]);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.push('C', &[(cx0, cy0), (cx1, cy1), (x, y)]);
    }

    fn close(&mut self) {
        self.path.push('Z');
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn every_style_has_width_and_outlines() {
        for style in Style::ALL {
            let width = text_width("head 95,456", style);
            assert!(width > 30.0 && width < 120.0, "{style:?} {width}");
            assert!(path("head", style, pos2(10.0, 20.0)).starts_with('M'), "{style:?}");
        }
    }

    #[test]
    fn mono_digits_are_all_equally_wide() {
        let width = text_width("0", Style::Number);
        assert!((text_width("1,111,111", Style::Number) - 9.0 * width).abs() < 0.01);
    }

    #[test]
    fn weight_changes_the_outline() {
        assert_ne!(
            path("0", Style::NumberSmall, pos2(0.0, 0.0)),
            path("0", Style::NumberSmallStrong, pos2(0.0, 0.0))
        );
    }
}
