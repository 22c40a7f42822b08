//! PNG, JPEG and BMP files.

use image::DynamicImage;
use image::imageops::FilterType;

use super::Cancelled;
use super::assemble::Assembly;
use super::naming::Names;
use crate::dataset::{
    Content, Origin, Picture, PictureOptions, Place, ProblemKind, Recording, Shared, Stream, StreamKind,
};
use crate::run::decode;

/// Endings of files with pictures.
pub(in crate::dataset) const PICTURES: [&str; 4] = ["png", "jpg", "jpeg", "bmp"];

pub(super) fn read(assembly: &mut Assembly<'_, '_, '_>, options: &PictureOptions) -> Result<(), Cancelled> {
    let files = assembly.select(&options.files, &PICTURES);
    let names = Names::new(&options.naming);
    assembly.set_group_kinds(names.group_kinds().collect());
    let mut most_channels = 1;
    assembly.set_streams(vec![stream(most_channels)]);
    for (number, file) in files.iter().enumerate() {
        assembly.progress(number, files.len())?;
        let Some(says) = names.of(assembly, *file) else { continue };
        let Some(bytes) = assembly.bytes(*file) else { continue };
        let path = &assembly.entry(*file).path;
        let Some(picture) = decoded(assembly, path, &bytes, options.largest_side) else { continue };
        most_channels = most_channels.max(picture.channels);
        let label = says.label(assembly);
        let origin = Origin { file: assembly.group(path), place: Place::File };
        assembly.add(Recording {
            name: path.rsplit('/').next().unwrap_or(path).to_owned(),
            origin,
            groups: says.groups,
            part: says.part,
            label,
            runs: Vec::new(),
            contents: vec![Content::Picture(picture)],
        });
        if assembly.is_full() {
            break;
        }
    }
    assembly.set_streams(vec![stream(most_channels)]);
    assembly.progress(files.len(), files.len())
}

/// The picture in a file; a problem if there is none.
pub(super) fn decoded(
    assembly: &mut Assembly<'_, '_, '_>,
    path: &str,
    bytes: &[u8],
    largest_side: usize,
) -> Option<Picture> {
    match decode(bytes) {
        Ok(image) => Some(picture(image, largest_side)),
        Err(error) => {
            assembly.problem(ProblemKind::Unreadable, path, Place::File, || (error.message, error.help));
            None
        }
    }
}

/// A stream of pictures.
pub(super) fn stream(channels: usize) -> Stream {
    let names: &[&str] = if channels == 1 { &["grey"] } else { &["red", "green", "blue"] };
    Stream {
        name: "picture".to_owned(),
        kind: StreamKind::Pictures,
        channels: names.iter().map(|name| (*name).to_owned()).collect(),
        rate_hz: None,
    }
}

/// Levels of a picture, no side longer than `largest_side`; grey pictures have one channel, all others three.
fn picture(image: DynamicImage, largest_side: usize) -> Picture {
    let side = u32::try_from(largest_side).unwrap_or(u32::MAX).max(1);
    let image = if image.width().max(image.height()) > side {
        image.resize(side, side, FilterType::Triangle)
    } else {
        image
    };
    let (height, width) = (image.height() as usize, image.width() as usize);
    // Pictures with a palette come as colours, even if the palette is grey.
    let is_grey = match &image {
        DynamicImage::ImageRgb8(image) => {
            image.pixels().all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2])
        }
        other => !other.color().has_color(),
    };
    let channels = if is_grey { 1 } else { 3 };
    let levels = if is_grey { image.into_luma8().into_raw() } else { image.into_rgb8().into_raw() };
    Picture { height, width, channels, levels: Shared::from(levels) }
}
