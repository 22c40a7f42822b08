//! From recordings to samples.

use std::ops::ControlFlow;

use emberlab_core::dataset::{
    Affine, Content, Dataset, Features, FittedInput, Generated, Generator, InputPreparation, InputShape,
    Label, LabelRun, LeftOut, Length, Normalisation, Padding, Part, Preparation, Preparer, Rule,
    SamplePreparer, Split, TargetKind, Targets, Window, generate, prepare,
};

use crate::support::{recording, samples, set};

fn sliding(length: usize, stride: usize) -> Window {
    Window::Sliding {
        length: Length::Steps(length),
        stride: Length::Steps(stride),
        least_share: 1.0,
        short: Padding::LeaveOut,
    }
}

/// Recordings whose numbers count steps, of these lengths.
fn counting(lengths: &[usize]) -> Dataset {
    let recordings = lengths.iter().enumerate().map(|(number, length)| {
        recording(number as u32 % 2, &[], (0..*length).map(|step| step as f32).collect())
    });
    set(&["a", "b"], &[], recordings.collect())
}

/// Everything trains.
fn all_train() -> Split {
    Split { test: Rule::None, validation: Rule::None, ..Split::default() }
}

fn with_window(window: Window) -> Preparation {
    Preparation { window, ..Preparation::default() }
}

#[test]
fn windows_slide() {
    let dataset = counting(&[10, 4, 3, 6]);
    let prepared = samples(&dataset, &with_window(sliding(4, 2)), &all_train()).expect("samples");
    let origins: Vec<_> =
        prepared.train.origins.iter().map(|origin| (origin.recording, origin.first_step)).collect();
    assert_eq!(origins, [(0, 0), (0, 2), (0, 4), (0, 6), (1, 0), (3, 0), (3, 2)]);
    let input = &prepared.train.samples.inputs[0];
    assert_eq!(input.shape, [4, 1]);
    for (index, origin) in prepared.train.origins.iter().enumerate() {
        let first = origin.first_step as f32;
        assert_eq!(input.sample(index), [first, first + 1.0, first + 2.0, first + 3.0]);
    }
    assert_eq!(prepared.left_out, LeftOut { short: 1, ..LeftOut::default() });
    let Targets::Classes { labels, classes: 2 } = &prepared.train.samples.targets else {
        panic!("two classes")
    };
    assert_eq!(labels[..], [0, 0, 0, 0, 1, 1, 1]);
}

#[test]
fn seconds_are_counted_by_the_rate() {
    let window = Window::Sliding {
        length: Length::Seconds(0.4),
        stride: Length::Seconds(0.2),
        least_share: 1.0,
        short: Padding::LeaveOut,
    };
    let dataset = counting(&[10, 4, 3, 6]);
    let by_steps = samples(&dataset, &with_window(sliding(4, 2)), &all_train()).expect("samples");
    assert_eq!(samples(&dataset, &with_window(window), &all_train()).expect("samples").train, by_steps.train);
    let mut unknown = dataset;
    unknown.streams[0].rate_hz = None;
    let error = samples(&unknown, &with_window(window), &all_train()).expect_err("no rate");
    assert!(error.message.contains("rate"), "{error}");
}

#[test]
fn short_recordings_are_filled_up() {
    let check = |short, expected: &[f32]| {
        let window =
            Window::Sliding { length: Length::Steps(6), stride: Length::Steps(6), least_share: 1.0, short };
        let dataset = counting(&[6, 6, 3]);
        let prepared = samples(&dataset, &with_window(window), &all_train()).expect("samples");
        assert_eq!(prepared.train.samples.inputs[0].sample(2), expected);
    };
    check(Padding::ZerosAfter, &[0.0, 1.0, 2.0, 0.0, 0.0, 0.0]);
    check(Padding::ZerosAround, &[0.0, 0.0, 1.0, 2.0, 0.0, 0.0]);
}

#[test]
fn recordings_are_stretched_or_taken_whole() {
    let dataset = counting(&[3, 5]);
    let prepared =
        samples(&dataset, &with_window(Window::Stretched { steps: 5 }), &all_train()).expect("samples");
    assert_eq!(prepared.train.samples.inputs[0].sample(0), [0.0, 0.5, 1.0, 1.5, 2.0]);
    assert_eq!(prepared.train.samples.inputs[0].sample(1), [0.0, 1.0, 2.0, 3.0, 4.0]);
    let whole = samples(&dataset, &Preparation::default(), &all_train()).expect("samples");
    assert_eq!((whole.train.samples.count, whole.left_out.unfit), (1, 1), "the second has another length");
}

#[test]
fn rates_are_brought_together() {
    let mut dataset = counting(&[20, 40]);
    for recording in &mut dataset.recordings {
        let Content::Series(series) = &mut recording.contents[0] else { panic!("a series") };
        // The second was recorded twice as fast.
        series.rate_hz = Some(series.steps() as f64 / 2.0);
    }
    let input = InputPreparation { rate_hz: Some(10.0), ..InputPreparation::default() };
    let preparation = Preparation { inputs: vec![input], ..with_window(sliding(20, 20)) };
    let prepared = samples(&dataset, &preparation, &all_train()).expect("samples");
    let input = &prepared.train.samples.inputs[0];
    assert_eq!(prepared.train.samples.count, 2);
    assert_eq!(input.sample(0)[10], 10.0);
    // A ramp twice as steep, but for the ends, where the filter sees nothing.
    assert!((input.sample(1)[10] - 20.0).abs() < 0.3, "{:?}", input.sample(1));
}

#[test]
fn steps_with_labels_of_their_own() {
    let mut long = recording(0, &[], (0..100).map(|step| step as f32).collect());
    long.label = Label::None;
    long.runs = vec![LabelRun { steps: 0..38, class: 0 }, LabelRun { steps: 38..90, class: 1 }];
    let dataset = set(&["a", "b"], &[], vec![long]);
    let with_share = |least_share| {
        with_window(Window::Sliding {
            length: Length::Steps(10),
            stride: Length::Steps(10),
            least_share,
            short: Padding::LeaveOut,
        })
    };
    let labels = |least_share| {
        let prepared = samples(&dataset, &with_share(least_share), &all_train()).expect("samples");
        let Targets::Classes { labels, .. } = prepared.train.samples.targets else { panic!("classes") };
        (labels, prepared.left_out.mixed, prepared.left_out.unlabelled)
    };
    assert_eq!(labels(0.8), (vec![0, 0, 0, 0, 1, 1, 1, 1, 1], 0, 1));
    assert_eq!(labels(0.81), (vec![0, 0, 0, 1, 1, 1, 1, 1], 1, 1));
}

#[test]
fn long_recordings_are_divided_in_time() {
    let dataset = counting(&[100, 100]);
    let split =
        Split { test: Rule::End { share: 0.2 }, validation: Rule::End { share: 0.3 }, ..Split::default() };
    let prepared = samples(&dataset, &with_window(sliding(10, 5)), &split).expect("samples");
    let range = |part: &emberlab_core::dataset::PreparedPart| {
        let steps = part.origins.iter().map(|origin| origin.first_step);
        (steps.clone().min(), steps.max().map(|last| last + 10))
    };
    assert_eq!(range(&prepared.train), (Some(0), Some(50)));
    assert_eq!(range(&prepared.validation), (Some(50), Some(80)));
    assert_eq!(range(&prepared.test), (Some(80), Some(100)));
    let error = samples(&dataset, &Preparation::default(), &split).expect_err("no windows");
    assert!(error.message.contains("not cut into windows"), "{error}");
}

#[test]
fn normalisation_comes_from_training_samples_only() {
    let recordings = vec![
        recording(0, &["train"], vec![0.0, 2.0]),
        recording(1, &["train"], vec![4.0, 2.0]),
        recording(1, &["test"], vec![1000.0, -1000.0]),
    ];
    let dataset = set(&["a", "b"], &["where"], recordings);
    let test = Rule::Groups { kind: "where".into(), groups: vec!["test".into()] };
    let split = Split { test, validation: Rule::None, ..Split::default() };
    let input = InputPreparation {
        normalisation: Normalisation::ZeroToOne { per_channel: false },
        shape: InputShape::Flat,
        ..InputPreparation::default()
    };
    let preparation = Preparation { inputs: vec![input], ..Preparation::default() };
    let prepared = samples(&dataset, &preparation, &split).expect("samples");
    assert_eq!(prepared.train.samples.inputs[0].values, [0.0, 0.5, 1.0, 0.5]);
    assert_eq!(prepared.test.samples.inputs[0].values, [250.0, -250.0]);
    let expected = FittedInput {
        shape: vec![2],
        steps: 2,
        rate_hz: Some(10.0),
        normalisation: Some(Affine { offset: vec![0.0], scale: vec![0.25] }),
    };
    assert_eq!(prepared.preparation.inputs[0].fitted, Some(expected));
    // What a panel does with a new recording.
    let preparer = SamplePreparer::new(&dataset.streams, &prepared.preparation).expect("a preparer");
    let sample = preparer.samples(&dataset.recordings[2].contents).expect("a sample");
    assert_eq!((sample.len(), &sample[0].inputs[0][..]), (1, &[250.0, -250.0][..]));
    assert!(SamplePreparer::new(&dataset.streams, &preparation).is_err(), "never fitted");
    // Preparing again from what was fitted starts anew.
    let again = samples(&dataset, &prepared.preparation, &split).expect("samples");
    assert_eq!(again.preparation, prepared.preparation);
    let text = serde_json::to_string(&prepared.preparation).expect("JSON");
    assert_eq!(serde_json::from_str::<Preparation>(&text).expect("a preparation"), prepared.preparation);
    let text = toml::to_string(&prepared.preparation).expect("TOML");
    assert_eq!(toml::from_str::<Preparation>(&text).expect("a preparation"), prepared.preparation);
}

#[test]
fn an_autoencoder_trains_on_what_is_normal() {
    let dataset = generate(&Generated { kind: Generator::Machine, seed: 1, count: 10 });
    let preparation = Preparation {
        target: TargetKind::Inputs,
        training_classes: vec!["normal".to_owned()],
        ..with_window(sliding(64, 64))
    };
    let prepared = samples(&dataset, &preparation, &Split::default()).expect("samples");
    let classes = |part: &emberlab_core::dataset::PreparedPart| {
        let mut classes: Vec<_> = part.origins.iter().filter_map(|origin| origin.class).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    };
    assert_eq!(prepared.classes, ["normal", "unbalanced", "bearing", "loose"]);
    assert_eq!((classes(&prepared.train), classes(&prepared.validation)), (vec![0], vec![0]));
    assert_eq!(classes(&prepared.test), [0, 1, 2, 3]);
    assert_eq!(prepared.train.samples.targets, Targets::Inputs);
    let n_windows = 40 * ((2000 - 64) / 64 + 1);
    let parts = [&prepared.train, &prepared.validation, &prepared.test];
    assert_eq!(parts.iter().map(|part| part.samples.count).sum::<usize>(), n_windows);
}

#[test]
fn only_chosen_classes_in_the_chosen_order() {
    let recordings = (0..6).map(|number| recording(number % 3, &[], vec![number as f32])).collect();
    let dataset = set(&["a", "b", "c"], &[], recordings);
    let preparation = Preparation { classes: vec!["c".into(), "a".into()], ..Preparation::default() };
    let prepared = samples(&dataset, &preparation, &all_train()).expect("samples");
    assert_eq!(prepared.classes, ["c", "a"]);
    let expected = Targets::Classes { labels: vec![1, 0, 1, 0], classes: 2 };
    assert_eq!(prepared.train.samples.targets, expected);
    assert_eq!(prepared.left_out.other_classes, 2);
}

#[test]
fn numbers_are_predicted() {
    let dataset = generate(&Generated { kind: Generator::Sine, seed: 1, count: 100 });
    let preparation = Preparation { target: TargetKind::Values, ..Preparation::default() };
    let prepared = samples(&dataset, &preparation, &Split::default()).expect("samples");
    let counts = [&prepared.train, &prepared.validation, &prepared.test].map(|part| part.samples.count);
    assert_eq!(counts, [64, 16, 20]);
    let Targets::Values { shape, values } = &prepared.test.samples.targets else { panic!("values") };
    assert_eq!((&shape[..], values.len()), (&[1][..], 20));
    for (index, value) in values.iter().enumerate() {
        let x = prepared.test.samples.inputs[0].sample(index)[0];
        assert!((value - x.sin()).abs() < 0.5, "{x} {value}");
    }
}

#[test]
fn two_inputs_stay_together() {
    let dataset = generate(&Generated { kind: Generator::SoundAndMotion, seed: 1, count: 4 });
    let window = Window::Sliding {
        length: Length::Steps(4000),
        stride: Length::Seconds(0.25),
        least_share: 1.0,
        short: Padding::LeaveOut,
    };
    let prepared = samples(&dataset, &with_window(window), &all_train()).expect("samples");
    let shapes: Vec<_> = prepared.train.samples.inputs.iter().map(|input| input.shape.clone()).collect();
    assert_eq!(shapes, [vec![4000, 1], vec![25, 3]]);
    assert_eq!(prepared.train.samples.count, 20 * 3);
    let Content::Series(motion) = &dataset.recordings[0].contents[1] else { panic!("motion") };
    let Content::Series(sound) = &dataset.recordings[0].contents[0] else { panic!("sound") };
    let [sounds, motions] = &prepared.train.samples.inputs[..] else { panic!("two inputs") };
    // The second window begins a quarter of a second later: step 2000 of the sound, 12.5 of the motion.
    assert_eq!(prepared.train.origins[1].first_step, 2000);
    assert_eq!(sounds.sample(1)[0], sound.value(2000, 0));
    assert_eq!(motions.sample(1)[..3], [motion.value(13, 0), motion.value(13, 1), motion.value(13, 2)]);
}

#[test]
fn channels_and_shapes_are_chosen() {
    let dataset = generate(&Generated { kind: Generator::Gestures, seed: 1, count: 4 });
    let check = |channels: &[usize], shape, features, expected: &[usize]| {
        let input = InputPreparation { channels: channels.to_vec(), shape, features, ..Default::default() };
        let preparation = Preparation { inputs: vec![input], ..Preparation::default() };
        let prepared = samples(&dataset, &preparation, &all_train()).expect("samples");
        assert_eq!(prepared.train.samples.inputs[0].shape, expected);
    };
    check(&[], InputShape::Natural, Features::Raw, &[100, 3]);
    check(&[2, 0], InputShape::Natural, Features::Raw, &[100, 2]);
    check(&[1], InputShape::Flat, Features::Raw, &[100]);
    check(&[], InputShape::WithChannel, Features::Raw, &[100, 3, 1]);
    check(&[0, 1], InputShape::Natural, Features::Motion(Default::default()), &[30]);
}

#[test]
fn what_does_not_fit_is_said_in_words() {
    let dataset = counting(&[10, 10]);
    let check = |preparation: Preparation, expected: &str| {
        let error = samples(&dataset, &preparation, &all_train()).expect_err("it does not fit");
        assert!(error.message.contains(expected) && !error.help.is_empty(), "{error:?}");
    };
    let input = |input: InputPreparation| Preparation { inputs: vec![input], ..Preparation::default() };
    check(input(InputPreparation { stream: 1, ..Default::default() }), "no stream 2");
    check(input(InputPreparation { channels: vec![1], ..Default::default() }), "no channel 2");
    check(input(InputPreparation { rate_hz: Some(f64::NAN), ..Default::default() }), "rate");
    check(input(InputPreparation { rate_hz: Some(1e300), ..Default::default() }), "makes no window");
    check(with_window(sliding(0, 1)), "0 steps");
    check(with_window(sliding(11, 1)), "2 shorter than a window");
    check(with_window(sliding(usize::MAX, 1)), "no window");
    check(Preparation { classes: vec!["z".into()], ..Preparation::default() }, "no class “z”");
    check(Preparation { target: TargetKind::Values, ..Preparation::default() }, "no numbers to predict");
    let error = samples(&Dataset::default(), &Preparation::default(), &all_train()).expect_err("empty");
    assert!(error.message.contains("no recordings"));
    let test = Rule::Fold { kind: "recording".into(), folds: 2, fold: 0 };
    let untrained =
        Split { test, validation: Rule::Fold { kind: "recording".into(), folds: 2, fold: 0 }, ..all_train() };
    assert!(samples(&dataset, &Preparation::default(), &untrained).is_err());
}

#[test]
fn threads_can_share_the_work() {
    let dataset = generate(&Generated { kind: Generator::Gestures, seed: 1, count: 6 });
    let preparation = with_window(sliding(20, 10));
    let alone = samples(&dataset, &preparation, &Split::default()).expect("samples");
    let preparer = Preparer::new(&dataset, &preparation, &Split::default()).expect("a preparer");
    let results = std::thread::scope(|scope| {
        let halves = [0..preparer.len() / 2, preparer.len() / 2..preparer.len()].map(|range| {
            let preparer = &preparer;
            scope.spawn(move || range.map(|index| preparer.recording(index)).collect::<Vec<_>>())
        });
        halves.map(|half| half.join().expect("no panic"))
    });
    let together = preparer.finish(results.into_iter().flatten(), &mut |_| ControlFlow::Continue(()));
    assert_eq!(together.expect("samples"), alone);
}

#[test]
fn preparing_can_be_stopped() {
    let dataset = counting(&[10; 500]);
    let mut calls = 0;
    let result = prepare(&dataset, &with_window(sliding(4, 2)), &Split::default(), &mut |progress| {
        calls += 1;
        assert_eq!(progress.total, 500);
        if progress.done >= 128 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(result.expect_err("stopped").message, "stopped");
    assert_eq!(calls, 3);
    assert_eq!(Part::ALL.map(Part::label), ["training", "validation", "test"]);
}

#[test]
fn classes_can_be_brought_into_the_order_of_a_model() {
    let dataset = generate(&Generated { kind: Generator::Gestures, seed: 3, count: 6 });
    let prepared = samples(&dataset, &Preparation::default(), &Split::default());
    let prepared = match prepared {
        Ok(prepared) => prepared,
        // Lengths differ: all are brought to one.
        Err(_) => {
            let preparation =
                Preparation { window: Window::Stretched { steps: 20 }, ..Preparation::default() };
            samples(&dataset, &preparation, &Split::default()).expect("samples")
        }
    };
    let mut order: Vec<String> = prepared.classes.iter().rev().skip(1).cloned().collect();
    order.insert(0, "never seen".to_owned());
    let found = prepared.with_classes(&order).expect("most classes are known");
    assert_eq!(found.classes, order);
    for (before, after) in [(&prepared.train, &found.train), (&prepared.test, &found.test)] {
        let Targets::Classes { labels: old, .. } = &before.samples.targets else { panic!("{before:?}") };
        let Targets::Classes { labels, classes } = &after.samples.targets else { panic!("{after:?}") };
        assert_eq!(
            (*classes, labels.len(), after.origins.len()),
            (order.len(), after.samples.count, labels.len())
        );
        let left_out = prepared.classes.len() as u32 - 1;
        let kept: Vec<usize> = (0..old.len()).filter(|index| old[*index] != left_out).collect();
        assert_eq!(kept.len(), labels.len());
        for (place, index) in kept.iter().enumerate() {
            assert_eq!(order[labels[place] as usize], prepared.classes[old[*index] as usize]);
            assert_eq!(after.samples.inputs[0].sample(place), before.samples.inputs[0].sample(*index));
            assert_eq!(after.origins[place].class, Some(labels[place]));
        }
    }
    assert!(prepared.with_classes(&["never seen".to_owned()]).is_none());
}
