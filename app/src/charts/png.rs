//! A picture as PNG.

use egui::Vec2;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use super::Picture;
use super::svg::{TextAs, document};

/// Why a picture could not be made into pixels.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The pixels would not fit into memory.
    #[error("a picture of {0} by {1} pixels is too large: choose a smaller scale")]
    TooLarge(u32, u32),
    /// The renderer did not take our SVG.
    #[error("the picture cannot be rendered: {0}")]
    Render(String),
    /// The pixels could not be packed.
    #[error("the picture cannot be packed as PNG: {0}")]
    Encode(String),
}

/// Largest edge in pixels.
const MAX_EDGE: u32 = 16_384;

/// The picture as PNG with `scale` pixels per point.
///
/// # Errors
/// [`PngError::TooLarge`] where an edge would exceed 16,384 pixels; the others mean that a mark has impossible numbers.
pub fn png_from_picture(picture: &Picture, scale: f32) -> Result<Vec<u8>, PngError> {
    png_from_svg(&document(picture, TextAs::Outlines), picture.size, scale)
}

/// An SVG document without text elements, `size` in points, as PNG with `scale` pixels per point.
///
/// # Errors
/// As [`png_from_picture`].
pub(super) fn png_from_svg(svg: &str, size: Vec2, scale: f32) -> Result<Vec<u8>, PngError> {
    let pixels = |points: f32| (points * scale).ceil().max(1.0) as u32;
    let (width, height) = (pixels(size.x), pixels(size.y));
    if width > MAX_EDGE || height > MAX_EDGE {
        return Err(PngError::TooLarge(width, height));
    }
    let tree =
        Tree::from_str(svg, &Options::default()).map_err(|error| PngError::Render(error.to_string()))?;
    let mut pixmap = Pixmap::new(width, height).ok_or(PngError::TooLarge(width, height))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| PngError::Encode(error.to_string()))
}

#[cfg(test)]
mod tests {
    use egui::{Align2, Color32, pos2, vec2};

    use super::*;
    use crate::charts::{Mark, Style};

    fn picture(width: f32) -> Picture {
        let text = Mark::text(pos2(8.0, 8.0), Align2::LEFT_TOP, "t54", Style::Number, Color32::WHITE);
        Picture { size: vec2(width, 32.0), background: Color32::BLACK, marks: vec![text] }
    }

    #[test]
    fn pixels_have_the_size_asked_for_and_show_the_text() {
        let png = png_from_picture(&picture(64.0), 2.0).unwrap();
        let pixmap = Pixmap::decode_png(&png).unwrap();
        assert_eq!((pixmap.width(), pixmap.height()), (128, 64));
        assert!(pixmap.pixels().iter().any(|pixel| pixel.red() > 200), "text leaves white pixels");
        assert!(pixmap.pixels().iter().any(|pixel| pixel.red() < 20), "the background stays black");
    }

    #[test]
    fn a_picture_that_is_too_large_says_so() {
        let error = png_from_picture(&picture(40_000.0), 2.0).unwrap_err();
        assert_eq!(error.to_string(), "a picture of 80000 by 64 pixels is too large: choose a smaller scale");
    }
}
