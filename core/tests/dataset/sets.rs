//! Every shared set loads as its README counts it, from the first guess.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use emberlab_core::dataset::{
    Content, Dataset, Format, Guess, InputPreparation, InputShape, Length, Normalisation, Padding, Part,
    Picture, PictureFit, Preparation, Prepared, ProblemKind, Recording, Rule, SeriesOptions, Split,
    TargetKind, Targets, Window, guess, read,
};

use crate::folder::Folder;
use crate::support::{load as load_as, samples};

/// The set as the first guess reads it.
fn load(files: &Folder) -> (Guess, Dataset) {
    let guess = guess(files).into_iter().next().expect("a guess");
    let dataset = load_as(files, &guess.format);
    assert!(!dataset.recordings.is_empty(), "{guess:?}\n{:?}", dataset.problems);
    // What is guessed is what a project keeps.
    let text = serde_json::to_string(&guess.format).expect("a format as JSON");
    assert_eq!(serde_json::from_str::<Format>(&text).expect("a format"), guess.format);
    (guess, dataset)
}

fn prepared(dataset: &Dataset, preparation: &Preparation, split: &Split) -> Prepared {
    samples(dataset, preparation, split).expect("samples")
}

/// Recordings of each class.
fn class_counts(dataset: &Dataset) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for recording in &dataset.recordings {
        let class = recording.class().map_or("", |class| &dataset.classes[class as usize]);
        *counts.entry(class).or_default() += 1;
    }
    counts
}

/// Steps of each class.
fn step_counts(dataset: &Dataset) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for run in dataset.recordings.iter().flat_map(|recording| &recording.runs) {
        *counts.entry(dataset.classes[run.class as usize].as_str()).or_default() += run.steps.len();
    }
    counts
}

fn steps(dataset: &Dataset) -> Vec<usize> {
    dataset.recordings.iter().filter_map(|recording| recording.contents[0].steps()).collect()
}

fn groups(dataset: &Dataset, kind: &str) -> Vec<String> {
    let kind = dataset.group_kind(kind).unwrap_or_else(|| panic!("{:?}", dataset.group_kinds));
    dataset.groups(kind).iter().map(|group| group.to_string()).collect()
}

fn assert_no_problems(dataset: &Dataset) {
    assert!(dataset.problems.is_empty(), "{:#?}", dataset.problems);
}

#[test]
fn mnist() {
    let Some(files) = Folder::shared("mnist") else { return };
    let (_, dataset) = load(&files);
    assert_no_problems(&dataset);
    assert_eq!(dataset.classes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let count = |part: Part| -> Vec<usize> {
        let of_part = dataset.recordings.iter().filter(|recording| recording.part == Some(part));
        let mut counts = vec![0; 10];
        of_part.for_each(|recording| counts[recording.class().expect("a label") as usize] += 1);
        counts
    };
    assert_eq!(count(Part::Train), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    assert_eq!(count(Part::Test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    assert!(dataset.recordings.iter().all(|recording| {
        matches!(&recording.contents[0], Content::Picture(Picture { height: 28, width: 28, channels: 1, .. }))
    }));
    // What most tutorials do: divide by 255, 784 numbers, the last fifth validates.
    let input = InputPreparation {
        normalisation: Normalisation::LEVELS,
        shape: InputShape::Flat,
        ..InputPreparation::default()
    };
    let preparation = Preparation { inputs: vec![input], ..Preparation::default() };
    let prepared = prepared(&dataset, &preparation, &Split::default());
    let counts = [&prepared.train, &prepared.validation, &prepared.test].map(|part| part.samples.count);
    assert_eq!(counts, [48_000, 12_000, 10_000]);
    let first = &prepared.test.samples.inputs[0];
    assert_eq!(first.shape, [784]);
    // The first test picture is a 7; its first ink is at row 7, column 6, with level 84.
    let levels: Vec<f32> = first.sample(0).iter().map(|value| value * 255.0).collect();
    assert_eq!(levels.iter().position(|level| *level > 0.0), Some(7 * 28 + 6));
    assert!((levels[7 * 28 + 6] - 84.0).abs() < 1e-4);
    let Targets::Classes { labels, classes: 10 } = &prepared.test.samples.targets else {
        panic!("ten classes")
    };
    assert_eq!(labels[..5], [7, 2, 1, 0, 4]);
}

#[test]
fn flowers3() {
    let Some(files) = Folder::shared("flowers3") else { return };
    let (_, dataset) = load(&files);
    assert_no_problems(&dataset);
    assert_eq!(class_counts(&dataset), BTreeMap::from([("daisy", 130), ("dandelion", 130), ("roses", 130)]));
    assert_eq!(dataset.streams[0].channels, ["red", "green", "blue"]);
    let fit = PictureFit { height: 64, width: 48, fit: Default::default(), colour: Default::default() };
    let input = InputPreparation { picture: Some(fit), ..InputPreparation::default() };
    let preparation = Preparation { inputs: vec![input], ..Preparation::default() };
    let prepared = prepared(&dataset, &preparation, &Split::default());
    assert_eq!(prepared.train.samples.inputs[0].shape, [64, 48, 3]);
    assert_eq!([prepared.train.samples.count, prepared.validation.samples.count], [250, 62]);
    assert_eq!(prepared.test.samples.count, 78);
}

#[test]
fn fsdd() {
    let Some(files) = Folder::shared("fsdd") else { return };
    let (guess, dataset) = load(&files);
    assert!(matches!(guess.format, Format::Sound(_)), "{guess:?}");
    assert_no_problems(&dataset);
    assert_eq!(dataset.recordings.len(), 2500);
    assert!(class_counts(&dataset).values().eq(&[250; 10]), "{:?}", class_counts(&dataset));
    assert_eq!(groups(&dataset, "speaker"), ["george", "jackson", "lucas", "nicolas", "yweweler"]);
    assert_eq!(dataset.streams[0].rate_hz, Some(8000.0));
    let seconds: Vec<f64> = steps(&dataset).into_iter().map(|steps| steps as f64 / 8000.0).collect();
    let shortest = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let longest = seconds.iter().copied().fold(0.0, f64::max);
    assert_eq!((format!("{shortest:.2}"), format!("{longest:.2}")), ("0.14".into(), "1.31".into()));
    // The usual split: recordings 0 to 4 test.
    let numbers = ["0", "1", "2", "3", "4"].map(str::to_owned).to_vec();
    let split = Split {
        test: Rule::Groups { kind: "number".to_owned(), groups: numbers },
        validation: Rule::Share { share: 0.1 },
        ..Split::default()
    };
    let window = Window::Sliding {
        length: Length::Seconds(1.0),
        stride: Length::Seconds(1.0),
        least_share: 1.0,
        short: Padding::ZerosAround,
    };
    let preparation = Preparation { window, ..Preparation::default() };
    let samples = prepared(&dataset, &preparation, &split);
    let counts = [&samples.train, &samples.validation, &samples.test].map(|part| part.samples.count);
    assert_eq!(counts, [2025, 225, 250]);
    assert_eq!(samples.train.samples.inputs[0].shape, [8000, 1]);
    // One speaker left out.
    let split = Split {
        test: Rule::Groups { kind: "speaker".to_owned(), groups: vec!["lucas".to_owned()] },
        validation: Rule::None,
        ..Split::default()
    };
    let samples = prepared(&dataset, &preparation, &split);
    assert_eq!([samples.train.samples.count, samples.test.samples.count], [2000, 500]);
}

#[test]
fn har_wisdm51() {
    let Some(files) = Folder::shared("har-wisdm51") else { return };
    let (guess, on_grid) = load(&files);
    let Format::Series(options) = &guess.format else { panic!("{guess:?}") };
    // One recording of user 1620 has two steps that are odd; the README counts rows.
    assert_eq!((on_grid.problems.total(), on_grid.problems.count(ProblemKind::Grid)), (1, 1));
    let dataset = load_as(&files, &Format::Series(SeriesOptions { rows_are_steps: true, ..options.clone() }));
    assert_no_problems(&dataset);
    assert!(steps(&on_grid).iter().zip(steps(&dataset)).all(|(a, b)| a.abs_diff(b) <= 2));
    assert!(options.split_at_label, "times jump between activities");
    assert_eq!(dataset.classes, ["jogging", "kicking", "stairs", "walking"]);
    let expected =
        BTreeMap::from([("walking", 57_224), ("jogging", 57_210), ("stairs", 57_218), ("kicking", 57_007)]);
    assert_eq!(step_counts(&dataset), expected);
    assert_eq!(steps(&dataset).iter().sum::<usize>(), 228_659);
    assert_eq!(dataset.recordings.len(), 16 * 4);
    assert_eq!(dataset.streams[0].channels, ["x", "y", "z"]);
    let users = groups(&dataset, "user");
    assert_eq!((users.len(), users[0].as_str(), users[15].as_str()), (16, "1600", "1638"));
    let rate = dataset.streams[0].rate_hz.expect("a rate");
    assert!((19.8..20.1).contains(&rate), "{rate}");
    // Four folds of four users, windows of 200 samples, half overlap.
    let window = Window::Sliding {
        length: Length::Steps(200),
        stride: Length::Steps(100),
        least_share: 1.0,
        short: Padding::LeaveOut,
    };
    let preparation = Preparation { window, ..Preparation::default() };
    let expected: usize = steps(&dataset).iter().map(|steps| (steps - 200) / 100 + 1).sum();
    let mut tested = 0;
    for fold in 0..4 {
        let test = Rule::Fold { kind: "user".to_owned(), folds: 4, fold };
        let split = Split { test, validation: Rule::None, ..Split::default() };
        let samples = prepared(&dataset, &preparation, &split);
        assert_eq!(samples.train.samples.count + samples.test.samples.count, expected);
        assert_eq!(samples.left_out, Default::default());
        let kind = dataset.group_kind("user").expect("users");
        let mut testers: Vec<_> = samples
            .test
            .origins
            .iter()
            .map(|origin| dataset.recordings[origin.recording].groups[kind].to_string())
            .collect();
        testers.dedup();
        assert!(testers.iter().zip(&users[4 * fold..4 * fold + 4]).all(|(a, b)| a == b), "{testers:?}");
        tested += samples.test.samples.count;
    }
    assert_eq!(tested, expected);
}

/// Windows of 100 rows, 25 apart, of which at least 80 have one label, counted row by row.
fn windows_of_one_label(recording: &Recording) -> usize {
    let mut labels = vec![usize::MAX; recording.contents[0].steps().expect("a series")];
    for run in &recording.runs {
        labels[run.steps.clone()].fill(run.class as usize);
    }
    let has_label = |window: &&[usize]| {
        let most = (0..5).map(|class| window.iter().filter(|label| **label == class).count()).max();
        most >= Some(80)
    };
    labels.windows(100).step_by(25).filter(has_label).count()
}

#[test]
fn har_uji_phone() {
    let Some(files) = Folder::shared("har-uji-phone") else { return };
    let (guess, mut dataset) = load(&files);
    let Format::Series(options) = &guess.format else { panic!("{guess:?}") };
    assert!(!options.split_at_label, "one recording goes through all phases");
    // The README counts rows; phones stamp them unevenly, so that steps of an even grid are a few more or less.
    let by_row = SeriesOptions { rows_are_steps: true, ..options.clone() };
    let on_grid = std::mem::replace(&mut dataset, load_as(&files, &Format::Series(by_row)));
    assert!(on_grid.problems.count(ProblemKind::Grid) >= 39, "{:#?}", on_grid.problems);
    let total = |dataset: &Dataset| steps(dataset).iter().sum::<usize>() as f64;
    assert!((total(&on_grid) / total(&dataset) - 1.0).abs() < 0.02);
    assert_eq!(dataset.recordings.len(), 39);
    assert!(dataset.problems.counts().keys().all(|kind| !kind.leaves_out()), "{:#?}", dataset.problems);
    let expected = BTreeMap::from([
        ("SEATED", 6045),
        ("STANDING_UP", 4992),
        ("WALKING", 18_164),
        ("TURNING", 8779),
        ("SITTING_DOWN", 5231),
    ]);
    assert_eq!(step_counts(&dataset), expected);
    assert_eq!(dataset.streams[0].channels, ["x_acc", "y_acc", "z_acc", "x_gyro", "y_gyro", "z_gyro"]);
    let rate = dataset.streams[0].rate_hz.expect("a rate");
    assert!((99.0..105.0).contains(&rate), "{rate}");
    assert_eq!(groups(&dataset, "person"), ["s02", "s03", "s04", "s05"]);
    let window = Window::Sliding {
        length: Length::Steps(100),
        stride: Length::Steps(25),
        least_share: 0.8,
        short: Padding::LeaveOut,
    };
    let preparation = Preparation { window, ..Preparation::default() };
    let all: usize = steps(&dataset).iter().map(|steps| (steps - 100) / 25 + 1).sum();
    let expected: usize = dataset.recordings.iter().map(windows_of_one_label).sum();
    for fold in 0..4 {
        let test = Rule::Fold { kind: "person".to_owned(), folds: 4, fold };
        let samples =
            prepared(&dataset, &preparation, &Split { test, validation: Rule::None, ..Split::default() });
        let count = samples.train.samples.count + samples.test.samples.count;
        assert_eq!((count, samples.left_out.mixed), (expected, all - expected));
        assert_eq!(samples.test.samples.inputs[0].shape, [100, 6]);
    }
}

#[test]
fn gestures_magic_wand() {
    let Some(files) = Folder::shared("gestures-magic-wand") else { return };
    let (guess, dataset) = load(&files);
    assert!(matches!(guess.format, Format::Log(_)), "{guess:?}");
    assert_no_problems(&dataset);
    assert_eq!(class_counts(&dataset), BTreeMap::from([("ring", 180), ("slope", 192), ("negative", 272)]));
    let range = |name: &str| {
        let of_class = dataset.recordings.iter().filter(|recording| {
            recording.class().is_some_and(|class| dataset.classes[class as usize] == name)
        });
        let steps: Vec<usize> = of_class.filter_map(|recording| recording.contents[0].steps()).collect();
        (steps.iter().min().copied(), steps.iter().max().copied())
    };
    assert_eq!(range("ring"), (Some(24), Some(39)));
    assert_eq!(range("slope"), (Some(11), Some(22)));
    assert_eq!(range("negative"), (Some(9), Some(81)));
    let preparation = Preparation { window: Window::Stretched { steps: 32 }, ..Preparation::default() };
    let samples = prepared(&dataset, &preparation, &Split::default());
    assert_eq!(samples.train.samples.inputs[0].shape, [32, 3]);
}

#[test]
fn gestures_digits_imu() {
    let Some(files) = Folder::shared("gestures-digits-imu") else { return };
    let (guess, dataset) = load(&files);
    assert!(matches!(guess.format, Format::Series(_)), "{guess:?}");
    let is_of_time = |kind: &ProblemKind| matches!(kind, ProblemKind::Grid | ProblemKind::Time);
    assert!(dataset.problems.counts().keys().all(is_of_time), "{:#?}", dataset.problems);
    assert_eq!(
        class_counts(&dataset),
        BTreeMap::from([("0", 40), ("1", 40), ("2", 40), ("3", 40), ("4", 40)])
    );
    assert!(steps(&dataset).iter().all(|steps| (259..=270).contains(steps)));
    assert_eq!(dataset.streams[0].channels, ["acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"]);
    let rate = dataset.streams[0].rate_hz.expect("a rate");
    assert!((51.0..54.0).contains(&rate), "{rate}");
}

#[test]
fn anomaly_nab() {
    let Some(files) = Folder::shared("anomaly-nab") else { return };
    let (guess, mut dataset) = load(&files);
    let Format::Series(options) = &guess.format else { panic!("{guess:?}") };
    assert_eq!(options.anomaly_windows.as_deref(), Some("labels/combined_windows.json"));
    assert!(dataset.recordings.len() > 5, "recordings end where hours are missing");
    // The README counts rows.
    let by_row = SeriesOptions { rows_are_steps: true, ..options.clone() };
    dataset = load_as(&files, &Format::Series(by_row));
    assert_eq!(dataset.recordings.len(), 5);
    assert!(dataset.problems.counts().keys().all(|kind| !kind.leaves_out()), "{:#?}", dataset.problems);
    assert!(dataset.problems.count(ProblemKind::Time) > 0, "one series steps back by 55 minutes");
    let anomaly = dataset.classes.iter().position(|class| class == "anomaly").expect("a class") as u32;
    let found: BTreeMap<&str, (usize, usize)> = dataset
        .recordings
        .iter()
        .map(|recording| {
            let runs = recording.runs.iter().filter(|run| run.class == anomaly);
            let steps = recording.contents[0].steps().expect("a series");
            (recording.name.as_str(), (steps, runs.map(|run| run.steps.len()).sum()))
        })
        .collect();
    let expected = BTreeMap::from([
        ("machine_temperature_system_failure.csv", (22_695, 2268)),
        ("ambient_temperature_system_failure.csv", (7267, 726)),
        ("cpu_utilization_asg_misconfiguration.csv", (18_050, 1499)),
        ("art_daily_jumpsup.csv", (4032, 403)),
        ("art_daily_small_noise.csv", (4032, 0)),
    ]);
    assert_eq!(found, expected);
    // An autoencoder learns windows that are normal, and is tested on the end of each series.
    let window = Window::Sliding {
        length: Length::Steps(64),
        stride: Length::Steps(16),
        least_share: 0.5,
        short: Padding::LeaveOut,
    };
    let preparation = Preparation {
        window,
        target: TargetKind::Inputs,
        training_classes: vec!["normal".to_owned()],
        ..Preparation::default()
    };
    let split =
        Split { test: Rule::End { share: 0.3 }, validation: Rule::End { share: 0.1 }, ..Split::default() };
    let samples = prepared(&dataset, &preparation, &split);
    let count = |origins: &[emberlab_core::dataset::SampleOrigin]| {
        origins.iter().filter(|origin| origin.class == Some(anomaly)).count()
    };
    assert_eq!([count(&samples.train.origins), count(&samples.validation.origins)], [0, 0]);
    assert!(count(&samples.test.origins) > 0);
    assert_eq!(samples.train.samples.targets, Targets::Inputs);
}

#[test]
fn tflm_samples() {
    let Some(files) = Folder::shared("tflm-samples") else { return };
    let guesses = guess(&files);
    let read =
        |guess: &Guess| read(&files, &guess.format, &mut |_| ControlFlow::Continue(())).expect("a set");
    let sounds = guesses.iter().find(|guess| matches!(guess.format, Format::Sound(_))).expect("sounds");
    let dataset = read(sounds);
    assert_no_problems(&dataset);
    assert_eq!(class_counts(&dataset), BTreeMap::from([("yes", 2), ("no", 2), ("noise", 1), ("silence", 1)]));
    assert_eq!(dataset.streams[0].rate_hz, Some(16_000.0));
    let mut lengths = steps(&dataset);
    lengths.sort_unstable();
    assert_eq!(lengths, [480, 480, 16_000, 16_000, 16_000, 16_000]);
    let pictures =
        guesses.iter().find(|guess| matches!(guess.format, Format::Pictures(_))).expect("pictures");
    let dataset = read(pictures);
    assert_eq!(dataset.recordings.len(), 2);
    let Content::Picture(picture) = &dataset.recordings[0].contents[0] else { panic!("a picture") };
    assert_eq!((picture.height, picture.width, picture.channels), (96, 96, 1));
}
