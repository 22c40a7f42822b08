//! What the Data panel draws of recordings, computed off the UI thread: small pictures and outlines for the grid, everything
//! about the one that is selected.

use std::sync::Arc;

use egui::ColorImage;
use emberlab_core::dataset::{
    Content, Dataset, Picture, Preparation, SamplePreparer, Series, Spectrogram, spectrogram,
};

use super::{Finding, JobKind, JobSpec, Jobs, Outcome, Subject};
use crate::project::{DataFinding, DataOutcome};

/// Side of a small picture in pixels.
pub const THUMBNAIL: usize = 96;

/// Columns of an outline in the grid, and of the selected recording.
const SMALL_COLUMNS: usize = 384;
const LARGE_COLUMNS: usize = 2048;

/// Channels that an outline in the grid has.
const SMALL_CHANNELS: usize = 8;

/// Small ones that are handed over together.
const BATCH: usize = 24;

/// Longest side of the selected picture in pixels.
const LARGE_PICTURE: usize = 512;

/// Samples of a frame of the spectrogram, and most frames.
const FRAME_SECONDS: f64 = 0.032;
const MAX_FRAMES: usize = 800;

/// What a recording looks like in the grid.
#[derive(Clone, Debug)]
pub enum Thumbnail {
    /// A picture, its longer side at most [`THUMBNAIL`].
    Picture(Arc<ColorImage>),
    /// Outlines of the channels.
    Lines(Arc<Outline>),
    /// Numbers, the first few of them.
    Values(Arc<[f32]>),
}

/// The smallest and largest value of every channel in every column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// One list for each channel; entries are smallest and largest. Columns without a number are not there.
    pub channels: Vec<Vec<(f32, f32)>>,
    /// Smallest and largest of all.
    pub range: (f32, f32),
    /// Steps of the recording.
    pub steps: usize,
}

/// Everything that is drawn of the selected recording.
#[derive(Debug, Default)]
pub struct SampleLook {
    /// Number of the recording.
    pub recording: usize,
    /// The channels of each series; `None` for other contents.
    pub outlines: Vec<Option<Outline>>,
    /// Pictures among the contents.
    pub pictures: Vec<Option<Arc<ColorImage>>>,
    /// The spectrogram of the first channel of the first sound.
    pub spectrogram: Option<Spectrogram>,
    /// Samples that come out of it: first step, in steps of the recording, and the numbers of each input.
    pub samples: Vec<SampleView>,
    /// How many samples there are; of very many only the first are kept.
    pub n_samples: usize,
    /// Steps of a sample, in steps of the recording; 0 for contents without steps.
    pub sample_steps: usize,
    /// Shapes of the inputs.
    pub shapes: Vec<Vec<usize>>,
    /// Why no samples come out of it.
    pub refusal: Option<String>,
}

/// A sample of the selected recording.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleView {
    /// First step in the recording.
    pub first_step: usize,
    /// The numbers of each input, as the network sees them.
    pub inputs: Vec<Vec<f32>>,
}

/// Samples of one recording that are kept to look at.
const MAX_SAMPLES: usize = 2_000;

impl Jobs {
    /// Makes what the grid shows of recordings; handed over in batches.
    pub fn make_thumbnails(&mut self, subject: Subject, dataset: Arc<Dataset>, wanted: Vec<usize>) {
        let name = "Drawing recordings".to_owned();
        let spec = JobSpec { kind: JobKind::Thumbnails, name, subject: Some(subject) };
        self.start(spec, move |context| {
            for batch in wanted.chunks(BATCH) {
                if context.is_cancelled() {
                    return None;
                }
                let made = batch.iter().filter_map(|index| Some((*index, thumbnail(&dataset, *index)?)));
                context.found(Finding::Data(DataFinding::Thumbnails(subject.revision, made.collect())));
            }
            Some(Outcome::Data(DataOutcome::ThumbnailsMade))
        });
    }

    /// Looks at one recording.
    pub fn look_at(
        &mut self,
        subject: Subject,
        dataset: Arc<Dataset>,
        recording: usize,
        preparation: Option<Preparation>,
    ) {
        let spec =
            JobSpec { kind: JobKind::Look, name: "Drawing a recording".to_owned(), subject: Some(subject) };
        self.start(spec, move |_| {
            let look = look(&dataset, recording, preparation.as_ref())?;
            Some(Outcome::Data(DataOutcome::Looked(Arc::new(look))))
        });
    }
}

/// What a recording looks like in the grid; `None` if there is no such recording or nothing in it.
pub fn thumbnail(dataset: &Dataset, recording: usize) -> Option<Thumbnail> {
    match dataset.recordings.get(recording)?.contents.first()? {
        Content::Picture(picture) => Some(Thumbnail::Picture(Arc::new(shrunk(picture, THUMBNAIL)))),
        Content::Series(series) => {
            Some(Thumbnail::Lines(Arc::new(outline(series, SMALL_COLUMNS, SMALL_CHANNELS))))
        }
        Content::Values(values) => Some(Thumbnail::Values(values.iter().take(64).copied().collect())),
    }
}

/// Everything about one recording; `preparation` is one that was fitted.
pub fn look(dataset: &Dataset, recording: usize, preparation: Option<&Preparation>) -> Option<SampleLook> {
    let contents = &dataset.recordings.get(recording)?.contents;
    let mut look = SampleLook { recording, ..SampleLook::default() };
    for content in contents {
        let series = match content {
            Content::Series(series) => Some(series),
            Content::Values(_) | Content::Picture(_) => None,
        };
        look.outlines.push(series.map(|series| outline(series, LARGE_COLUMNS, usize::MAX)));
        look.pictures.push(match content {
            Content::Picture(picture) => Some(Arc::new(shrunk(picture, LARGE_PICTURE))),
            Content::Values(_) | Content::Series(_) => None,
        });
        let is_sound = |series: &&Series| series.rate_hz.is_some_and(|rate| rate >= 1_000.0);
        if let (Some(series), None) = (series.filter(is_sound), &look.spectrogram) {
            let frame = series.rate_hz.map_or(256, |rate| (rate * FRAME_SECONDS) as usize);
            look.spectrogram = Some(spectrogram(series, 0, frame, MAX_FRAMES));
        }
    }
    if let Some(preparation) = preparation {
        see(dataset, contents, preparation, &mut look);
    }
    Some(look)
}

/// Adds what the network sees of a recording.
fn see(dataset: &Dataset, contents: &[Content], preparation: &Preparation, look: &mut SampleLook) {
    let preparer = match SamplePreparer::new(&dataset.streams, preparation) {
        Ok(preparer) => preparer,
        Err(error) => {
            look.refusal = Some(error.message);
            return;
        }
    };
    look.shapes = preparer.shapes();
    match preparer.samples(contents) {
        Ok(samples) => {
            // Windows are counted in steps after resampling; the recording is drawn in its own.
            let fitted = preparation.inputs.first().and_then(|input| input.fitted.as_ref());
            let own = contents.iter().find_map(|content| match content {
                Content::Series(series) => series.rate_hz,
                Content::Values(_) | Content::Picture(_) => None,
            });
            let factor = match (own, fitted.and_then(|fitted| fitted.rate_hz)) {
                (Some(own), Some(fitted)) if fitted > 0.0 => own / fitted,
                (Some(_) | None, Some(_) | None) => 1.0,
            };
            let steps = contents.iter().find_map(Content::steps).unwrap_or(0);
            let window = fitted.map_or(0, |fitted| (fitted.steps as f64 * factor).round() as usize);
            look.sample_steps = window.min(steps);
            look.n_samples = samples.len();
            look.samples = samples
                .into_iter()
                .take(MAX_SAMPLES)
                .map(|sample| SampleView {
                    first_step: (sample.first_step as f64 * factor).round() as usize,
                    inputs: sample.inputs,
                })
                .collect();
        }
        Err(error) => look.refusal = Some(error.message),
    }
}

/// The smallest and largest value of up to `max_channels` channels in up to `columns` columns.
pub fn outline(series: &Series, columns: usize, max_channels: usize) -> Outline {
    let (steps, channels) = (series.steps(), series.channels.min(max_channels));
    let columns = columns.min(steps).max(1);
    let mut outline =
        Outline { channels: vec![Vec::with_capacity(columns); channels], range: (0.0, 0.0), steps };
    let mut range: Option<(f32, f32)> = None;
    for column in 0..columns {
        let (from, to) = (column * steps / columns, ((column + 1) * steps / columns).min(steps));
        for (channel, line) in outline.channels.iter_mut().enumerate() {
            let mut found: Option<(f32, f32)> = None;
            for step in from..to {
                let value = series.value(step, channel);
                if value.is_finite() {
                    found =
                        Some(found.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
                }
            }
            if let Some((low, high)) = found {
                line.push((low, high));
                range = Some(range.map_or((low, high), |range| (range.0.min(low), range.1.max(high))));
            }
        }
    }
    outline.range = range.unwrap_or((0.0, 0.0));
    outline
}

/// A picture whose longer side is at most `side` pixels: means of the pixels that fall together.
pub fn shrunk(picture: &Picture, side: usize) -> ColorImage {
    let Picture { height, width, channels, levels } = picture;
    let (height, width, channels) = (*height, *width, (*channels).max(1));
    let factor = (side as f64 / height.max(width).max(1) as f64).min(1.0);
    let new = |size: usize| ((size as f64 * factor).round() as usize).max(1);
    let (rows, columns) = (new(height), new(width));
    let mut bytes = Vec::with_capacity(rows * columns * 3);
    for row in 0..rows {
        let (top, bottom) = (row * height / rows, ((row + 1) * height / rows).max(row * height / rows + 1));
        for column in 0..columns {
            let left = column * width / columns;
            let right = ((column + 1) * width / columns).max(left + 1);
            for colour in 0..3 {
                let channel = if channels >= 3 { colour } else { 0 };
                let (mut sum, mut count) = (0u32, 0u32);
                for y in top..bottom.min(height) {
                    for x in left..right.min(width) {
                        sum +=
                            u32::from(levels.get((y * width + x) * channels + channel).copied().unwrap_or(0));
                        count += 1;
                    }
                }
                bytes.push((sum / count.max(1)) as u8);
            }
        }
    }
    ColorImage::from_rgb([columns, rows], &bytes)
}

#[cfg(test)]
mod tests {
    use emberlab_core::dataset::SeriesValues;

    use super::*;

    fn series(values: Vec<f32>, channels: usize) -> Series {
        Series { channels, values: SeriesValues::F32(values.into()), rate_hz: None }
    }

    #[test]
    fn an_outline_keeps_every_extreme() {
        let mut values = vec![0.0; 10_000];
        values[5_003] = 9.0;
        values[7_777] = -4.0;
        let outline = outline(&series(values, 1), 100, 1);
        assert_eq!((outline.channels[0].len(), outline.range, outline.steps), (100, (-4.0, 9.0), 10_000));
        assert!(outline.channels[0].iter().any(|(_, high)| *high == 9.0));
        assert!(outline.channels[0].iter().any(|(low, _)| *low == -4.0));
    }

    #[test]
    fn short_series_and_those_without_numbers_have_outlines_too() {
        assert_eq!(
            outline(&series(vec![1.0, 5.0, 2.0, 6.0], 2), 100, 8).channels,
            [vec![(1.0, 1.0), (2.0, 2.0)], vec![(5.0, 5.0), (6.0, 6.0)],]
        );
        let empty = outline(&series(vec![f32::NAN; 3], 1), 100, 8);
        assert_eq!((empty.range, empty.channels[0].len()), ((0.0, 0.0), 0));
        assert_eq!(outline(&series(Vec::new(), 3), 100, 8).steps, 0);
    }

    #[test]
    fn pictures_shrink_to_means_and_never_grow() {
        let picture = |height, width, channels, levels: Vec<u8>| Picture {
            height,
            width,
            channels,
            levels: levels.into(),
        };
        let small = shrunk(&picture(2, 4, 1, vec![0, 100, 200, 200, 0, 100, 200, 200]), 2);
        assert_eq!(small.size, [2, 1]);
        assert_eq!((small.pixels[0].r(), small.pixels[1].r()), (50, 200));
        assert_eq!(shrunk(&picture(3, 3, 3, vec![7; 27]), 96).size, [3, 3]);
        assert_eq!(shrunk(&picture(1000, 10, 1, vec![9; 10_000]), 96).size, [1, 96]);
    }
}
