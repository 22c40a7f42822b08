//! Recordings from a seed, for first steps without files.
//!
//! Only arithmetic and functions of `libm` are used: the recordings are the same on every machine.

mod digits;
mod gestures;
mod machine;
mod sine;
mod sound_and_motion;
mod tones;

use std::f64::consts::PI;
use std::sync::Arc;

use super::random::Random;
use super::{
    Content, Dataset, Generated, Generator, Label, Origin, Place, Recording, Series, SeriesValues, Shared,
    Stream, StreamKind,
};

/// The most recordings of a class, and the most values of the sine curve: more is never wanted, and takes memory.
const MAX_COUNT: usize = 20_000;

/// The recordings of a generator; the same for the same options, everywhere.
pub fn generate(options: &Generated) -> Dataset {
    let count = options.count.min(MAX_COUNT);
    let seed = options.seed;
    let mut dataset = match options.kind {
        Generator::Sine => sine::generate(seed, count),
        Generator::Gestures => gestures::generate(seed, count),
        Generator::Tones => tones::generate(seed, count),
        Generator::Digits => digits::generate(seed, count),
        Generator::Machine => machine::generate(seed, count),
        Generator::SoundAndMotion => sound_and_motion::generate(seed, count),
    };
    dataset.name = options.kind.label().to_owned();
    dataset
}

/// A recording that comes from no file.
fn recording(name: String, groups: Vec<Arc<str>>, label: Label, contents: Vec<Content>) -> Recording {
    let origin = Origin { file: Arc::from(""), place: Place::File };
    Recording { name, origin, groups, part: None, label, runs: Vec::new(), contents }
}

/// A set with `count` recordings of each class, which several makers (people, voices, machines) make in turn.
///
/// `make` gets the class, the maker's number, and random numbers of their own for each recording.
fn by_makers(
    seed: u64,
    classes: &[&str],
    kind: &str,
    makers: &[&str],
    count: usize,
    streams: Vec<Stream>,
    make: impl Fn(usize, usize, &mut Random) -> Vec<Content>,
) -> Dataset {
    let names: Vec<Arc<str>> = makers.iter().map(|maker| Arc::from(*maker)).collect();
    let mut recordings = Vec::with_capacity(classes.len() * count);
    for (class, class_name) in classes.iter().enumerate() {
        for number in 0..count {
            let maker = number % makers.len();
            let mut random = Random::of(seed, (class * MAX_COUNT + number) as u64);
            let contents = make(class, maker, &mut random);
            let name = format!("{class_name} {} {number}", makers[maker]);
            let label = Label::Class(class as u32);
            recordings.push(recording(name, vec![Arc::clone(&names[maker])], label, contents));
        }
    }
    Dataset {
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        streams,
        group_kinds: vec![kind.to_owned()],
        recordings,
        ..Dataset::default()
    }
}

/// Random numbers that belong to a maker, not to a recording.
fn maker_random(seed: u64, maker: usize) -> Random {
    Random::of(!seed, maker as u64)
}

fn series_stream(name: &str, channels: &[&str], rate_hz: f64) -> Stream {
    Stream {
        name: name.to_owned(),
        kind: StreamKind::Series,
        channels: channels.iter().map(|channel| (*channel).to_owned()).collect(),
        rate_hz: Some(rate_hz),
    }
}

/// Rows of `N` channels as a series.
fn rows<const N: usize>(rows: Vec<[f64; N]>, rate_hz: f64) -> Content {
    let values: Vec<f32> = rows.into_iter().flatten().map(|value| value as f32).collect();
    Content::Series(Series {
        channels: N,
        values: SeriesValues::F32(Shared::from(values)),
        rate_hz: Some(rate_hz),
    })
}

/// Sound in 16 bits; what is louder than 1 is clipped, as a microphone does.
fn sound(samples: &[f64], rate_hz: f64) -> Content {
    let level = |sample: &f64| libm::round(sample * 32_767.0).clamp(-32_768.0, 32_767.0) as i16;
    let values: Vec<i16> = samples.iter().map(level).collect();
    Content::Series(Series {
        channels: 1,
        values: SeriesValues::I16(Shared::from(values)),
        rate_hz: Some(rate_hz),
    })
}

/// Half a cosine up and down over `0..1`; 0 outside.
fn hump(place: f64) -> f64 {
    if (0.0..1.0).contains(&place) { 0.5 - 0.5 * libm::cos(2.0 * PI * place) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_recordings() {
        for kind in Generator::ALL {
            let options = |seed| Generated { kind, seed, count: 4 };
            let dataset = generate(&options(1));
            assert_eq!(dataset, generate(&options(1)), "{kind:?}");
            assert_ne!(dataset.recordings, generate(&options(2)).recordings, "{kind:?}");
            let n_classes = dataset.classes.len().max(1);
            assert_eq!(dataset.recordings.len(), 4 * n_classes, "{kind:?}");
            assert!(dataset.problems.is_empty());
            for recording in &dataset.recordings {
                assert_eq!(recording.contents.len(), dataset.streams.len());
                assert_eq!(recording.groups.len(), dataset.group_kinds.len());
                assert!(recording.contents.iter().all(|content| match content {
                    Content::Values(values) => values.iter().all(|value| value.is_finite()),
                    Content::Picture(picture) => picture.levels.len() == picture.height * picture.width,
                    Content::Series(series) => {
                        (0..series.values.len()).all(|index| series.values.at(index).is_finite())
                    }
                }));
            }
            let lists = crate::dataset::duplicates(&dataset);
            assert!(lists.is_empty(), "{kind:?}: {lists:?}");
        }
    }

    #[test]
    fn more_recordings_keep_the_first_ones() {
        let make = |count| generate(&Generated { kind: Generator::Gestures, seed: 5, count });
        let (few, many) = (make(3), make(9));
        assert_eq!(few.recordings[..3], many.recordings[..3]);
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        for kind in Generator::ALL {
            assert!(generate(&Generated { kind, seed: 1, count: 0 }).recordings.is_empty());
        }
    }
}
