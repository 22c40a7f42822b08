//! What suits a set that nobody has said anything about yet: a first preparation and a first split.

use crate::dataset::{
    Colour, Content, Dataset, Features, Fit, InputPreparation, Length, Normalisation, Padding, Part,
    PictureFit, Preparation, ProblemKind, Rule, SoundFeatures, Split, Stream, StreamKind, TargetKind, Window,
};

/// Series of more steps a second are sound.
const SOUND_HZ: f64 = 2_000.0;

/// Series of fewer steps a second have longer windows, in steps.
const SLOW_HZ: f64 = 50.0;

/// Pictures of one size up to this are taken as they are.
const SMALL_PICTURE: usize = 128;

/// Size to which other pictures are brought: what small vision networks for chips take.
const PICTURE: usize = 96;

/// Recordings of motion up to this length are one gesture each.
const GESTURE_STEPS: usize = 512;

/// Fewer recordings than this are divided in time.
const FEW_RECORDINGS: usize = 10;

/// A first preparation and a first split: windows as long as what happens in them, features for sound, groups kept together.
pub fn suggest(dataset: &Dataset) -> (Preparation, Split) {
    let inputs = dataset.streams.iter().enumerate().map(|(number, stream)| input(dataset, number, stream));
    let inputs: Vec<InputPreparation> = inputs.collect();
    let window = window(dataset);
    let target = match (dataset.classes.len(), dataset.value_names.is_empty()) {
        (2.., _) => TargetKind::Classes,
        (_, false) => TargetKind::Values,
        (_, true) => TargetKind::Inputs,
    };
    (Preparation { inputs, window, target, ..Preparation::default() }, split(dataset, window))
}

fn input(dataset: &Dataset, number: usize, stream: &Stream) -> InputPreparation {
    let mut input = InputPreparation { stream: number, ..InputPreparation::default() };
    match &stream.kind {
        StreamKind::Values { .. } => {
            input.normalisation = Normalisation::StandardDeviation { per_channel: true };
        }
        StreamKind::Pictures => {
            input.picture = picture_fit(dataset, number);
            input.normalisation = Normalisation::LEVELS;
        }
        StreamKind::Series => {
            if dataset.problems.count(ProblemKind::Rate) > 0 {
                input.rate_hz = stream.rate_hz;
            }
            if let Some(rate) = stream.rate_hz.filter(|rate| *rate >= SOUND_HZ) {
                input.features = Features::Mfcc(sound_features(rate));
            }
            input.normalisation = Normalisation::StandardDeviation { per_channel: true };
        }
    }
    input
}

/// Features that a rate allows.
pub fn sound_features(rate_hz: f64) -> SoundFeatures {
    let usual = SoundFeatures::default();
    let half = (rate_hz / 2.0) as f32;
    // Above 16 kHz there is more to hear, but words need no more than this.
    SoundFeatures { high_hz: usual.high_hz.min(half), low_hz: usual.low_hz.min(half / 4.0), ..usual }
}

fn picture_fit(dataset: &Dataset, number: usize) -> Option<PictureFit> {
    let sizes = dataset.recordings.iter().filter_map(|recording| match recording.contents.get(number)? {
        Content::Picture(picture) => Some((picture.height, picture.width, picture.channels)),
        Content::Values(_) | Content::Series(_) => None,
    });
    let mut sizes: Vec<(usize, usize, usize)> = sizes.collect();
    sizes.sort_unstable();
    sizes.dedup();
    match sizes[..] {
        [] => None,
        [(height, width, _)] if height.max(width) <= SMALL_PICTURE => None,
        _ => {
            let is_coloured = sizes.iter().any(|(_, _, channels)| *channels > 1);
            let is_mixed = sizes.iter().any(|(_, _, channels)| *channels == 1) && is_coloured;
            let colour = if is_mixed { Colour::Rgb } else { Colour::Keep };
            Some(PictureFit { height: PICTURE, width: PICTURE, fit: Fit::Crop, colour })
        }
    }
}

/// How the first series of a set is cut.
fn window(dataset: &Dataset) -> Window {
    let is_series = |stream: &Stream| stream.kind == StreamKind::Series;
    let Some(number) = dataset.streams.iter().position(is_series) else { return Window::Whole };
    let rate = dataset.streams[number].rate_hz;
    let steps = dataset.recordings.iter().filter_map(|recording| recording.contents.get(number)?.steps());
    let mut steps: Vec<usize> = steps.collect();
    steps.sort_unstable();
    let at = |share: f64| {
        steps.get(((steps.len() as f64 * share) as usize).min(steps.len().saturating_sub(1))).copied()
    };
    let (Some(shortest), Some(middle), Some(most), Some(longest)) = (at(0.0), at(0.5), at(0.95), at(1.0))
    else {
        return Window::Whole;
    };
    let is_labelled_in_time = dataset.recordings.iter().any(|recording| !recording.runs.is_empty());
    if let Some(rate) = rate.filter(|rate| *rate >= SOUND_HZ) {
        // Words and other short sounds have a window of their own; in long sounds it slides.
        let tenths = (most as f64 / rate * 10.0).ceil().max(1.0);
        let (length, stride) = if tenths <= 20.0 { (tenths / 10.0, tenths / 10.0) } else { (1.0, 0.5) };
        return sliding(Length::Seconds(length), Length::Seconds(stride), Padding::ZerosAround);
    }
    if !is_labelled_in_time && dataset.recordings.len() >= FEW_RECORDINGS {
        if shortest == longest && longest <= GESTURE_STEPS {
            return Window::Whole;
        }
        if most <= GESTURE_STEPS {
            return Window::Stretched { steps: middle.div_ceil(8) * 8 };
        }
    }
    // What somebody does over and over shows in ten seconds at 20 Hz; phases that follow one another show in one at 100 Hz.
    let steps = match rate {
        Some(rate) if rate < SLOW_HZ => 200,
        // Half a second of vibration, where that is more.
        Some(rate) => ((rate / 2.0).round() as usize).max(100),
        None => 100,
    };
    let steps = steps.min(longest.max(1));
    let changes = dataset.recordings.iter().any(|recording| recording.runs.len() > 1);
    let stride = (if changes { steps / 4 } else { steps / 2 }).max(1);
    sliding(Length::Steps(steps), Length::Steps(stride), Padding::LeaveOut)
}

fn sliding(length: Length, stride: Length, short: Padding) -> Window {
    Window::Sliding { length, stride, least_share: 0.8, short }
}

fn split(dataset: &Dataset, window: Window) -> Split {
    let mut split = Split::default();
    let has_tests = dataset.recordings.iter().any(|recording| recording.part == Some(Part::Test));
    let slides = matches!(window, Window::Sliding { .. });
    if dataset.recordings.len() < FEW_RECORDINGS && slides && !has_tests {
        split.test = Rule::End { share: 0.2 };
        split.validation = Rule::End { share: 0.2 };
        return split;
    }
    split.together = people_kind(dataset).filter(|(_, groups)| *groups >= 3).map(|(kind, _)| kind.to_owned());
    split
}

/// The kind of groups that are people, and how many there are: the same person must not train and test.
pub fn people_kind(dataset: &Dataset) -> Option<(&str, usize)> {
    const PEOPLE: [&str; 8] =
        ["person", "user", "subject", "speaker", "voice", "writer", "machine", "volunteer"];
    let number = PEOPLE.iter().find_map(|kind| dataset.group_kind(kind))?;
    Some((&dataset.group_kinds[number], dataset.groups(number).len()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dataset::{
        Generated, Generator, Label, Origin, Place, Recording, Series, SeriesValues, generate, prepare,
    };

    fn series(rate: f64, lengths: &[usize], groups: &[&str]) -> Dataset {
        let recording = |(index, steps): (usize, &usize)| Recording {
            name: index.to_string(),
            origin: Origin { file: Arc::from(""), place: Place::File },
            groups: groups
                .get(index % groups.len().max(1))
                .map(|group| vec![Arc::from(*group)])
                .unwrap_or_default(),
            part: None,
            label: Label::Class(index as u32 % 2),
            runs: Vec::new(),
            contents: vec![Content::Series(Series {
                channels: 1,
                values: SeriesValues::F32(vec![index as f32; *steps].into()),
                rate_hz: Some(rate),
            })],
        };
        Dataset {
            classes: vec!["a".to_owned(), "b".to_owned()],
            streams: vec![Stream {
                name: "x".to_owned(),
                kind: StreamKind::Series,
                channels: vec!["x".to_owned()],
                rate_hz: Some(rate),
            }],
            group_kinds: if groups.is_empty() { Vec::new() } else { vec!["speaker".to_owned()] },
            recordings: lengths.iter().enumerate().map(recording).collect(),
            ..Dataset::default()
        }
    }

    fn suggested_window(rate: f64, lengths: &[usize]) -> Window {
        suggest(&series(rate, lengths, &[])).0.window
    }

    #[test]
    fn windows_are_as_long_as_what_happens_in_them() {
        let words = suggested_window(8_000.0, &[4_000; 40]);
        assert_eq!(words, sliding(Length::Seconds(0.5), Length::Seconds(0.5), Padding::ZerosAround));
        let hum = suggested_window(16_000.0, &[160_000; 40]);
        assert_eq!(hum, sliding(Length::Seconds(1.0), Length::Seconds(0.5), Padding::ZerosAround));
        assert_eq!(suggested_window(50.0, &[100; 40]), Window::Whole);
        let gestures: Vec<usize> = (0..40).map(|index| 90 + index).collect();
        assert_eq!(suggested_window(50.0, &gestures), Window::Stretched { steps: 112 });
        let walks = suggested_window(20.0, &[4_000; 16]);
        assert_eq!(walks, sliding(Length::Steps(200), Length::Steps(100), Padding::LeaveOut));
    }

    #[test]
    fn people_stay_together_and_few_recordings_are_divided_in_time() {
        let (_, split) = suggest(&series(8_000.0, &[4_000; 40], &["ana", "ben", "cem"]));
        assert_eq!(split.together.as_deref(), Some("speaker"));
        let (_, split) = suggest(&series(8_000.0, &[4_000; 40], &["ana", "ben"]));
        assert_eq!(split.together, None);
        let (_, split) = suggest(&series(20.0, &[4_000; 3], &[]));
        assert_eq!(split.test, Rule::End { share: 0.2 });
    }

    #[test]
    fn every_suggestion_gives_samples() {
        let sets = Generator::ALL.map(|kind| generate(&Generated { kind, seed: 1, count: 20 }));
        let others = [
            series(8_000.0, &[4_000; 40], &[]),
            series(20.0, &[4_000; 3], &[]),
            series(50.0, &[100; 40], &[]),
        ];
        for dataset in sets.iter().chain(&others).filter(|dataset| !dataset.recordings.is_empty()) {
            let (preparation, split) = suggest(dataset);
            let go_on = &mut |_| std::ops::ControlFlow::Continue(());
            let prepared = prepare(dataset, &preparation, &split, go_on)
                .unwrap_or_else(|error| panic!("{}: {error}\n{preparation:?}", dataset.name));
            assert!(prepared.train.samples.count > 0 && prepared.test.samples.count > 0, "{}", dataset.name);
        }
    }
}
