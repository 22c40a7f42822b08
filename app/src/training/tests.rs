//! Runs over files: stopped, broken off, gone on with, and tested.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::dataset::{Prepared, PreparedPart, SampleInput, SampleOrigin, Samples, Targets};
use emberlab_core::layers::{Activation, Layer, LayerGraph, LayerId, LayerKind, WeightOptions, Weights};
use emberlab_core::training::{BackendChoice, Loss, Schedule, TrainingConfig};
use emberlab_train::End;

use super::*;

/// Two numbers, of which the larger one decides the class.
fn part(count: usize, seed: u32) -> PreparedPart {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    };
    let values: Vec<f32> = (0..2 * count).map(|_| next()).collect();
    let labels = values.chunks(2).map(|pair| u32::from(pair[0] < pair[1])).collect();
    let origin = |recording| SampleOrigin { recording, first_step: 0, class: None };
    PreparedPart {
        samples: Samples {
            count,
            inputs: vec![SampleInput { shape: vec![2], values }],
            targets: Targets::Classes { labels, classes: 2 },
        },
        origins: (0..count).map(origin).collect(),
    }
}

pub(crate) fn data() -> TrainingData {
    let prepared = Prepared {
        train: part(192, 1),
        validation: part(64, 2),
        test: part(100, 3),
        classes: vec!["left".to_owned(), "right".to_owned()],
        ..Prepared::default()
    };
    TrainingData { prepared: Arc::new(prepared), dataset: None }
}

pub(crate) fn graph() -> LayerGraph {
    let layer = |id: u32, name: &str, inputs: &[u32], kind| Layer {
        id: LayerId(id),
        name: name.to_owned(),
        inputs: inputs.iter().copied().map(LayerId).collect(),
        position: None,
        kind,
    };
    let dense = |units, activation| LayerKind::Dense { units, activation, weights: WeightOptions::default() };
    LayerGraph {
        layers: vec![
            layer(1, "input", &[], LayerKind::Input { shape: vec![2] }),
            layer(2, "hidden", &[1], dense(8, Activation::Relu)),
            layer(3, "output", &[2], dense(2, Activation::Softmax)),
        ],
        ..LayerGraph::default()
    }
}

pub(crate) fn settings(epochs: usize) -> TrainingConfig {
    TrainingConfig {
        epochs,
        batch_size: 16,
        learning_rate: 0.02,
        schedule: Schedule::Cosine { warm_up: 0, final_share: 0.0 },
        backend: BackendChoice::Cpu,
        ..TrainingConfig::default()
    }
}

/// A folder for files of one test, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("emberlab-training-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written to");
        Self(folder)
    }

    fn run(&self, number: u32) -> RunFolder {
        RunFolder::new(&self.0, number)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Trains; `hear` also gets the switch.
fn run(
    settings: &TrainingConfig,
    folder: Option<&RunFolder>,
    resume: bool,
    mut hear: impl FnMut(Heard, &Switch),
) -> Result<Finished, TrainFailure> {
    let (graph, data, switch) = (graph(), data(), Switch::default());
    let task = Task {
        graph: &graph,
        settings,
        data: &data,
        folder,
        resume,
        switch: &switch,
        is_cancelled: &|| false,
    };
    train(&task, &mut |heard| hear(heard, &switch))
}

fn bits(weights: &Weights) -> Vec<u32> {
    let arrays = weights.layers.values().flat_map(|arrays| arrays.values());
    arrays.flat_map(|array| array.values.iter().map(|value| value.to_bits())).collect()
}

#[test]
fn a_run_is_measured_kept_and_tested() {
    let folder = Folder::new("kept");
    let run_folder = folder.run(3);
    let (mut n_steps, mut epochs, mut began) = (0, Vec::new(), None);
    let finished = run(&settings(5), Some(&run_folder), false, |heard, _| match heard {
        Heard::Began(found) => began = Some(found),
        Heard::Step(point, figures) => {
            n_steps += 1;
            assert_eq!((figures.step, figures.steps, point.steps), (point.step, 60, 1));
            assert!(point.loss.is_finite() && figures.samples_per_second > 0.0);
        }
        Heard::Epoch(point) => epochs.push(point),
        Heard::Paused | Heard::WentOn | Heard::Testing | Heard::Note(_) => {}
    })
    .expect("network and samples fit");
    let began = began.expect("it said so before the first step");
    assert_eq!((began.steps_per_epoch, began.epochs, began.validation_samples), (12, 5, 64));
    assert_eq!((began.backend.as_str(), began.reason.as_str()), ("CPU", "as the settings say"));
    assert_eq!((n_steps, epochs.len(), finished.end, finished.epochs), (60, 5, End::Complete, 5));
    let history = run_folder.read_history().expect("it was written");
    assert_eq!((history.steps.points().len(), history.epochs.len()), (60, 5));
    let best = history.best().expect("five epochs are done").epoch;
    assert_eq!(finished.kept_epoch, Some(best));
    assert_eq!(bits(&run_folder.read_weights().expect("they were written")), bits(&finished.weights));
    assert_eq!(run_folder.read_network().expect("it was written"), graph());
    let report = finished.report.expect("there are test samples");
    let read = run_folder.read_report().expect("it is whole").expect("it was written");
    // Shares may lose their last bit on the way through text.
    assert_eq!((read.part, read.samples, &read.worst), (TestedPart::Test, 100, &report.worst));
    assert!((read.accuracy().unwrap_or(0.0) - report.accuracy().unwrap_or(1.0)).abs() < 1e-12);
    assert_eq!(run_folder.names().checkpoint, "run-3/checkpoint");

    let Figures::Classes { right, accuracy, confusion, classes, .. } = &report.figures else {
        panic!("{report:?}")
    };
    assert!(*accuracy > 0.9, "{accuracy}");
    assert_eq!(confusion.iter().flatten().sum::<u64>(), 100);
    assert_eq!(*right, confusion[0][0] + confusion[1][1]);
    assert_eq!(classes[1].name, "right");
    assert!(report.worst.windows(2).all(|pair| pair[0].figure <= pair[1].figure), "the worst come first");
}

#[test]
fn a_stopped_run_goes_on_to_the_same_weights() {
    let folder = Folder::new("stopped");
    let unbroken = run(&settings(4), None, false, |_, _| {}).expect("network and samples fit");
    let run_folder = folder.run(1);
    // In the middle of the second epoch, after a pause.
    let mut phases = Vec::new();
    let stopped = run(&settings(4), Some(&run_folder), false, |heard, switch| match heard {
        Heard::Step(point, _) if point.step == 7 => switch.turn(Wish::Pause),
        Heard::Step(point, _) if point.step == 17 => switch.turn(Wish::Stop),
        Heard::Paused => {
            phases.push("paused");
            switch.turn(Wish::Go);
        }
        Heard::WentOn => phases.push("went on"),
        Heard::Step(..) | Heard::Began(_) | Heard::Epoch(_) | Heard::Testing | Heard::Note(_) => {}
    })
    .expect("network and samples fit");
    assert_eq!(phases, ["paused", "went on"]);
    assert_eq!((stopped.end, stopped.epochs), (End::Stopped, 1));
    assert_ne!(bits(&stopped.weights), bits(&unbroken.weights));
    let resumed = run(&settings(4), Some(&run_folder), true, |heard, _| {
        if let Heard::Began(began) = heard {
            assert_eq!(began.history.steps.points().len(), 17);
            assert_eq!(began.history.epochs.len(), 1);
        }
    })
    .expect("the checkpoint is of the same run");
    assert_eq!(bits(&resumed.weights), bits(&unbroken.weights));
    let history = run_folder.read_history().expect("it was written");
    let steps: Vec<u64> = history.steps.points().iter().map(|point| point.step).collect();
    assert_eq!(steps, (1..=48).collect::<Vec<u64>>());
}

#[test]
fn a_run_that_broke_off_goes_on_from_its_last_checkpoint() {
    let folder = Folder::new("broken");
    let unbroken = run(&settings(4), None, false, |_, _| {}).expect("network and samples fit");
    let run_folder = folder.run(1);
    let broken = catch_unwind(AssertUnwindSafe(|| {
        run(&settings(4), Some(&run_folder), false, |heard, _| {
            assert!(!matches!(heard, Heard::Step(point, _) if point.step == 31), "the process ends here");
        })
    }));
    assert!(broken.is_err());
    let checkpoint = run_folder.read_checkpoint().expect("it is whole").expect("the first epoch left one");
    assert_eq!(checkpoint.step_in_epoch, 0);
    let resumed =
        run(&settings(4), Some(&run_folder), true, |_, _| {}).expect("the checkpoint is of the same run");
    assert_eq!(bits(&resumed.weights), bits(&unbroken.weights));
    assert_eq!(run_folder.read_history().expect("it was written").epochs.len(), 4);
}

#[test]
fn a_cancelled_run_keeps_a_checkpoint_and_tests_nothing() {
    let folder = Folder::new("cancelled");
    let run_folder = folder.run(1);
    let (graph, data, switch, settings) = (graph(), data(), Switch::default(), settings(3));
    let is_cancelled = std::cell::Cell::new(false);
    let task = Task {
        graph: &graph,
        settings: &settings,
        data: &data,
        folder: Some(&run_folder),
        resume: false,
        switch: &switch,
        is_cancelled: &|| is_cancelled.get(),
    };
    let finished = train(&task, &mut |heard| {
        if let Heard::Step(point, _) = heard {
            is_cancelled.set(point.step == 5);
        }
    })
    .expect("network and samples fit");
    assert_eq!((finished.end, finished.report), (End::Stopped, None));
    let checkpoint = run_folder.read_checkpoint().expect("it is whole").expect("it was kept");
    assert_eq!(checkpoint.step, 5);
}

#[test]
fn other_settings_do_not_go_on_from_a_checkpoint() {
    let folder = Folder::new("other");
    let run_folder = folder.run(1);
    run(&settings(1), Some(&run_folder), false, |_, _| {}).expect("network and samples fit");
    let other = TrainingConfig { learning_rate: 0.5, ..settings(3) };
    let failure = run(&other, Some(&run_folder), true, |_, _| {}).expect_err("they do not belong together");
    assert!(failure.message.contains("other settings"), "{failure:?}");
    std::fs::write(run_folder.path().join("checkpoint"), b"EMBERLB\x01 cut").expect("the folder is ours");
    let failure = run(&settings(3), Some(&run_folder), true, |_, _| {}).expect_err("the file is damaged");
    assert!(failure.message.contains("cannot be used"), "{failure:?}");
}

#[test]
fn a_folder_that_cannot_be_written_to_ends_the_run_before_it_begins() {
    let folder = Folder::new("refused");
    std::fs::write(folder.0.join("run-1"), b"a file").expect("the folder is ours");
    let failure =
        run(&settings(1), Some(&folder.run(1)), false, |_, _| {}).expect_err("a file is in the way");
    assert!(failure.message.contains("run-1") && !failure.help.is_empty(), "{failure:?}");
}

#[test]
fn samples_that_do_not_fit_are_an_error_in_words() {
    let mut graph = graph();
    graph.layers[2].kind =
        LayerKind::Dense { units: 5, activation: Activation::Softmax, weights: WeightOptions::default() };
    let (data, switch, settings) = (data(), Switch::default(), settings(1));
    let task = Task {
        graph: &graph,
        settings: &settings,
        data: &data,
        folder: None,
        resume: false,
        switch: &switch,
        is_cancelled: &|| false,
    };
    let failure = train(&task, &mut |_| {}).expect_err("five outputs, two classes");
    assert!(failure.message.contains("2 classes"), "{failure:?}");
}

#[test]
fn runs_are_named_after_what_sets_them_apart() {
    let plain = TrainingConfig { batch_size: 32, ..TrainingConfig::default() };
    assert_eq!(name_of_run(&plain, &[]), "adam 32");
    assert_eq!(name_of_run(&plain, &["adam 32", "adam 32, 2"]), "adam 32, 3");
    assert_eq!(name_of_run(&settings(1), &[]), "cosine 16");
    assert_eq!(loss_name(Loss::Huber { delta: 1.0 }), "Huber loss");
}

#[test]
fn the_name_of_a_network_does_not_depend_on_where_layers_stand() {
    let mut moved = graph();
    moved.layers[1].position = Some([10.0, 20.0]);
    assert_eq!(network_sha256(&moved), network_sha256(&graph()));
    moved.layers[1].name = "other".to_owned();
    assert_ne!(network_sha256(&moved), network_sha256(&graph()));
}
