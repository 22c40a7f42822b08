//! Pictures of one size.

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, RgbImage};

use crate::dataset::{Colour, Fit, Picture, PictureFit};

/// The levels of a picture in another size, as numbers from 0 to 255; `None` if it is too large to handle.
///
/// Sizes change by straight lines between pixels, or over as many pixels as fall on one (the triangle filter of the `image`
/// package).
pub(super) fn fitted(picture: &Picture, fit: &PictureFit, channels: usize) -> Option<Vec<f32>> {
    let size = |size: usize| u32::try_from(size).ok();
    let (width, height) = (size(fit.width)?, size(fit.height)?);
    let image = with_channels(image(picture)?, channels);
    let (from_width, from_height) = (image.width(), image.height());
    let image = if (from_width, from_height) == (width, height) {
        image
    } else {
        match fit.fit {
            Fit::Stretch => image.resize_exact(width, height, FilterType::Triangle),
            Fit::Crop => image.resize_to_fill(width, height, FilterType::Triangle),
            Fit::Bars => {
                let small = image.resize(width, height, FilterType::Triangle);
                let mut whole = with_channels(DynamicImage::new_rgb8(width, height), channels);
                let middle = |outer: u32, inner: u32| i64::from(outer.saturating_sub(inner) / 2);
                let (x, y) = (middle(width, small.width()), middle(height, small.height()));
                imageops::replace(&mut whole, &small, x, y);
                // Drawing goes through colours with transparency; the number of channels is as before.
                with_channels(whole, channels)
            }
        }
    };
    Some(image.as_bytes().iter().map(|level| f32::from(*level)).collect())
}

/// Channels of an input made of pictures; `own` is how many the set has.
pub(super) fn channels(colour: Colour, own: usize) -> usize {
    match colour {
        Colour::Keep => own,
        Colour::Grey => 1,
        Colour::Rgb => 3,
    }
}

fn image(picture: &Picture) -> Option<DynamicImage> {
    let (width, height) = (u32::try_from(picture.width).ok()?, u32::try_from(picture.height).ok()?);
    let levels = picture.levels.to_vec();
    if picture.channels == 1 {
        GrayImage::from_raw(width, height, levels).map(DynamicImage::ImageLuma8)
    } else {
        RgbImage::from_raw(width, height, levels).map(DynamicImage::ImageRgb8)
    }
}

fn with_channels(image: DynamicImage, channels: usize) -> DynamicImage {
    if channels == 1 {
        DynamicImage::ImageLuma8(image.into_luma8())
    } else {
        DynamicImage::ImageRgb8(image.into_rgb8())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of four pixels: left half white, right half black.
    fn wide() -> Picture {
        let levels = vec![255, 255, 0, 0, 255, 255, 0, 0];
        Picture { height: 2, width: 4, channels: 1, levels: levels.into() }
    }

    fn check(fit: Fit, height: usize, width: usize, channels: usize, expected: &[f32]) {
        let fit = PictureFit { height, width, fit, colour: Colour::Keep };
        assert_eq!(fitted(&wide(), &fit, channels).as_deref(), Some(expected), "{fit:?}");
    }

    #[test]
    fn the_same_size_keeps_its_levels() {
        check(Fit::Crop, 2, 4, 1, &[255.0, 255.0, 0.0, 0.0, 255.0, 255.0, 0.0, 0.0]);
    }

    #[test]
    fn the_middle_is_cropped() {
        check(Fit::Crop, 2, 2, 1, &[255.0, 0.0, 255.0, 0.0]);
    }

    #[test]
    fn bars_fill_up() {
        check(
            Fit::Bars,
            4,
            4,
            1,
            &[0.0, 0.0, 0.0, 0.0, 255.0, 255.0, 0.0, 0.0, 255.0, 255.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        );
    }

    #[test]
    fn grey_becomes_three_channels() {
        check(Fit::Stretch, 2, 1, 3, &[128.0, 128.0, 128.0, 128.0, 128.0, 128.0]);
    }
}
