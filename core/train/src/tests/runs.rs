//! Whole runs: that they learn, and that they can be repeated and resumed bit for bit.

use emberlab_core::dataset::{Samples, Targets};
use emberlab_core::layers::{LayerGraph, Weights};
use emberlab_core::training::{
    Augmentation, ClassWeights, EarlyStopping, Loss, Optimizer, Schedule, TrainingConfig,
};

use super::{chain, quadrants, samples};
use crate::{
    Backend, Checkpoint, Command, End, EpochRecord, Event, Job, Metric, Network, Outcome, Start, Started,
    StepRecord, Uninterrupted, evaluate, predict, train,
};

/// Everything that a run reports.
#[derive(Default)]
struct Report {
    started: Option<Started>,
    steps: Vec<StepRecord>,
    epochs: Vec<EpochRecord>,
    checkpoints: Vec<Checkpoint>,
}

impl Report {
    fn note(&mut self, event: Event) {
        match event {
            Event::Started(started) => self.started = Some(started),
            Event::Step(step) => self.steps.push(step),
            Event::Epoch(epoch) => self.epochs.push(epoch),
            Event::Checkpoint(checkpoint) => self.checkpoints.push(*checkpoint),
        }
    }
}

fn run(
    graph: &LayerGraph,
    samples: &Samples,
    config: &TrainingConfig,
    start: Start<'_>,
) -> (Outcome, Report) {
    let job = Job { graph, training: samples, validation: None, config, start };
    let mut report = Report::default();
    let outcome = train(&job, &Backend::cpu(), &mut Uninterrupted, &mut |event| report.note(event)).unwrap();
    (outcome, report)
}

fn small() -> LayerGraph {
    chain(&[
        r#""layer":"Input","shape":[2]"#,
        r#""layer":"Dense","units":12,"activation":"relu""#,
        r#""layer":"BatchNorm","momentum":0.9"#,
        r#""layer":"Dropout","rate":0.1"#,
        r#""layer":"Dense","units":2,"activation":"softmax","weights":{"l2":0.0001}"#,
    ])
}

/// A run in which everything that is random or remembered takes part.
fn eventful() -> TrainingConfig {
    TrainingConfig {
        learning_rate: 0.01,
        schedule: Schedule::ReduceOnPlateau { factor: 0.5, patience: 1, minimum: 1e-4 },
        weight_decay: 0.001,
        clip_norm: Some(1.0),
        batch_size: 16,
        epochs: 4,
        class_weights: ClassWeights::Balanced,
        label_smoothing: 0.05,
        augmentation: Augmentation { shift: 0.0, noise: 0.05, scale: 0.1, mirror: false },
        early_stopping: Some(EarlyStopping { patience: 9, minimum_change: 0.0 }),
        ..TrainingConfig::default()
    }
}

fn bits(weights: &Weights) -> Vec<u32> {
    let arrays = weights.layers.values().flat_map(|arrays| arrays.values());
    arrays.flat_map(|array| array.values.iter().map(|value| value.to_bits())).collect()
}

#[test]
fn a_network_learns_and_says_how_well() {
    let config =
        TrainingConfig { learning_rate: 0.02, batch_size: 32, epochs: 30, ..TrainingConfig::default() };
    let training = quadrants(400);
    let (outcome, report) = run(&small(), &training, &config, Start::Fresh);
    assert_eq!(outcome.end, End::Complete);
    let started = report.started.unwrap();
    assert_eq!(
        (started.training_samples, started.validation_samples, started.steps_per_epoch),
        (320, 80, 10)
    );
    assert_eq!((started.metric, started.parameters), (Metric::Accuracy, 2 * 12 + 12 + 24 + 26));
    assert_eq!((report.steps.len(), report.epochs.len(), report.checkpoints.len()), (300, 30, 30));
    assert_eq!(report.steps.iter().map(|step| step.samples).sum::<usize>(), 30 * 320);
    let (first, last) = (report.epochs[0], report.epochs[29]);
    assert!(last.loss < 0.5 * first.loss && last.metric > 0.85, "{first:?} {last:?}");
    let best = report.epochs.iter().rfind(|epoch| epoch.is_best).unwrap();
    assert_eq!(outcome.epoch, Some(best.epoch));
    let lowest = report.epochs.iter().map(EpochRecord::deciding_loss).fold(f32::MAX, f32::min);
    assert_eq!(best.validation_loss, Some(lowest));

    let network = Network::new(&small(), &outcome.weights, &Backend::cpu()).unwrap();
    let test = quadrants(200);
    let tested = evaluate(&network, &test, &config).unwrap();
    let emberlab_core::evaluate::Evaluation::Classes(classes) = tested.evaluation else { panic!() };
    assert!(classes.accuracy > 0.85, "{}", classes.accuracy);
    assert_eq!(classes.confusion.iter().flatten().sum::<u64>(), 200);
    let scores = predict(&network, &test).unwrap();
    assert_eq!(scores.len(), 400);
    assert!(scores.chunks(2).all(|row| (row[0] + row[1] - 1.0).abs() < 1e-5));
}

#[test]
fn the_mean_loss_of_an_epoch_is_that_of_its_steps() {
    let (_, report) = run(&small(), &quadrants(100), &eventful(), Start::Fresh);
    for epoch in &report.epochs {
        let steps = report.steps.iter().filter(|step| step.epoch == epoch.epoch);
        let sum: f64 = steps.map(|step| f64::from(step.loss) * step.samples as f64).sum();
        assert!((sum / 80.0 - f64::from(epoch.loss)).abs() < 1e-6, "{epoch:?}");
    }
    // 80 samples in steps of 16.
    assert_eq!(report.steps.iter().map(|step| step.step).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let samples = quadrants(100);
    let (first, _) = run(&small(), &samples, &eventful(), Start::Fresh);
    let (second, _) = run(&small(), &samples, &eventful(), Start::Fresh);
    assert_eq!(first.checkpoint, second.checkpoint);
    assert_eq!(bits(&first.weights), bits(&second.weights));
    let (other, _) = run(&small(), &samples, &TrainingConfig { seed: 2, ..eventful() }, Start::Fresh);
    assert_ne!(bits(&first.weights), bits(&other.weights));
}

#[test]
fn a_run_goes_on_as_if_it_had_never_stopped() {
    let samples = quadrants(100);
    let optimizers = [
        Optimizer::ADAM,
        Optimizer::Sgd { momentum: 0.9, nesterov: true },
        Optimizer::RmsProp { rho: 0.9, momentum: 0.5, epsilon: 1e-7 },
    ];
    for optimizer in optimizers {
        let config = TrainingConfig { optimizer, ..eventful() };
        let (unbroken, _) = run(&small(), &samples, &config, Start::Fresh);
        // Within an epoch, at its last step, between epochs, and at the end.
        for stop_at in [3, 5, 7, 15, 20] {
            let mut taken = 0;
            let mut control = || {
                taken += 1;
                if taken > stop_at { Command::Stop } else { Command::Continue }
            };
            let job = Job {
                graph: &small(),
                training: &samples,
                validation: None,
                config: &config,
                start: Start::Fresh,
            };
            let mut report = Report::default();
            let broken = train(&job, &Backend::cpu(), &mut control, &mut |event| report.note(event)).unwrap();
            let bytes = report.checkpoints.last().unwrap().to_bytes();
            assert_eq!(report.checkpoints.last(), Some(&broken.checkpoint));
            let kept = Checkpoint::from_bytes(&bytes).unwrap();
            let (resumed, report) = run(&small(), &samples, &config, Start::Checkpoint(&kept));
            assert_eq!(resumed.end, End::Complete);
            assert_eq!(resumed.checkpoint, unbroken.checkpoint, "{optimizer:?} {stop_at}");
            assert_eq!(bits(&resumed.weights), bits(&unbroken.weights));
            assert_eq!(report.started.unwrap().steps_taken, kept.step);
        }
    }
}

#[test]
fn a_finished_run_can_be_made_longer() {
    let samples = quadrants(100);
    let (short, _) = run(&small(), &samples, &TrainingConfig { epochs: 2, ..eventful() }, Start::Fresh);
    let (longer, report) = run(&small(), &samples, &eventful(), Start::Checkpoint(&short.checkpoint));
    assert_eq!(report.epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(), [2, 3]);
    let (whole, _) = run(&small(), &samples, &eventful(), Start::Fresh);
    assert_eq!(longer.checkpoint, whole.checkpoint);
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let samples = quadrants(100);
    let (outcome, _) = run(&small(), &samples, &eventful(), Start::Fresh);
    let refused = |config: &TrainingConfig, samples: &Samples, checkpoint: &Checkpoint| {
        let start = Start::Checkpoint(checkpoint);
        let job = Job { graph: &small(), training: samples, validation: None, config, start };
        train(&job, &Backend::cpu(), &mut Uninterrupted, &mut |_| ()).unwrap_err().to_string()
    };
    let message = "The checkpoint belongs to another network, other samples or other settings";
    let other = TrainingConfig { batch_size: 8, ..eventful() };
    assert_eq!(refused(&other, &samples, &outcome.checkpoint), message);
    assert_eq!(refused(&eventful(), &quadrants(101), &outcome.checkpoint), message);
    let damaged = Checkpoint { memories: Vec::new(), ..outcome.checkpoint };
    assert_eq!(refused(&eventful(), &samples, &damaged), "The checkpoint is of another optimizer");
}

#[test]
fn a_run_that_gets_no_better_ends_and_keeps_its_best() {
    let stopping = Some(EarlyStopping { patience: 2, minimum_change: 10.0 });
    let config = TrainingConfig { early_stopping: stopping, ..eventful() };
    let (outcome, report) = run(&small(), &quadrants(100), &config, Start::Fresh);
    assert_eq!(outcome.end, End::NoProgress);
    // The first epoch is better than nothing, the next two are not by ten.
    assert_eq!(report.epochs.len(), 3);
    let (again, report) = run(&small(), &quadrants(100), &config, Start::Checkpoint(&outcome.checkpoint));
    assert_eq!((again.end, report.steps.len()), (End::NoProgress, 0));
}

#[test]
fn a_run_that_diverges_ends_with_its_best() {
    let config = TrainingConfig {
        loss: Loss::MeanSquaredError,
        optimizer: Optimizer::SGD,
        learning_rate: 1e4,
        ..eventful()
    };
    let config = TrainingConfig { clip_norm: None, ..config };
    let network = chain(&[r#""layer":"Input","shape":[2]"#, r#""layer":"Dense","units":2"#]);
    let (outcome, report) = run(&network, &quadrants(100), &config, Start::Fresh);
    assert_eq!(outcome.end, End::Diverged);
    assert!(report.steps.len() < 20);
}

#[test]
fn numbers_are_learned_as_well_as_classes() {
    let mut line = samples(200, &[&[1]], Targets::None);
    let values = line.inputs[0].values.iter().map(|x| 0.5 * x - 0.25).collect();
    line.targets = Targets::Values { shape: vec![1], values };
    let network = chain(&[r#""layer":"Input","shape":[1]"#, r#""layer":"Dense","units":1"#]);
    let config = TrainingConfig {
        loss: Loss::MeanSquaredError,
        optimizer: Optimizer::SGD,
        learning_rate: 0.1,
        batch_size: 20,
        epochs: 20,
        ..TrainingConfig::default()
    };
    let (outcome, report) = run(&network, &line, &config, Start::Fresh);
    assert_eq!(report.started.unwrap().metric, Metric::MeanAbsoluteError);
    let weight = |name| outcome.weights.get("layer 1", name).unwrap().values[0];
    assert!((weight("kernel") - 0.5).abs() < 1e-3 && (weight("bias") + 0.25).abs() < 1e-3);
    let network = Network::new(&network, &outcome.weights, &Backend::cpu()).unwrap();
    let tested = evaluate(&network, &line, &config).unwrap();
    let emberlab_core::evaluate::Evaluation::Values(values) = tested.evaluation else { panic!() };
    assert!(values.mean_absolute_error < 1e-3 && values.r_squared.unwrap() > 0.999);
    assert!((f64::from(tested.loss) - values.mean_squared_error).abs() < 1e-9);
}

/// Values around 2000 whose deviation is some hundreds: rooms by their area, say.
fn large_values() -> (LayerGraph, Samples) {
    let mut line = samples(200, &[&[2]], Targets::None);
    let value = |x: &[f32]| [2000.0 + 400.0 * x[0] - 150.0 * x[1], 5.0 * x[1] - 900.0];
    let values = line.inputs[0].values.chunks(2).flat_map(value).collect();
    line.targets = Targets::Values { shape: vec![2], values };
    let network = chain(&[
        r#""layer":"Input","shape":[2]"#,
        r#""layer":"Dense","units":8,"activation":"relu""#,
        r#""layer":"Dense","units":2"#,
    ]);
    (network, line)
}

fn regression(loss: Loss) -> TrainingConfig {
    TrainingConfig { loss, learning_rate: 0.01, batch_size: 20, epochs: 40, ..TrainingConfig::default() }
}

#[test]
fn values_of_any_size_are_learned_in_their_units() {
    let (network, line) = large_values();
    for loss in [Loss::MeanSquaredError, Loss::MeanAbsoluteError, Loss::Huber { delta: 100.0 }] {
        let config = regression(loss);
        let (outcome, report) = run(&network, &line, &config, Start::Fresh);
        let plain = TrainingConfig { normalise_targets: false, ..config.clone() };
        let (_, without) = run(&network, &line, &plain, Start::Fresh);
        let (found, before) = (report.epochs[39], without.epochs[39]);
        assert!(found.metric < 60.0 && before.metric > 500.0, "{loss:?}: {found:?} against {before:?}");
        // The first step is measured before anything is learned: both see targets of the same size, in the same units.
        let first = |report: &Report| report.steps[0].loss;
        assert!(first(&report) < first(&without) && first(&report) > 1.0, "{loss:?}");
        // What the run says of its samples is what a test of its weights says.
        let network = Network::new(&network, &outcome.weights, &Backend::cpu()).unwrap();
        let predicted = predict(&network, &line).unwrap();
        assert!(predicted.chunks(2).all(|row| row[0] > 0.0 && row[1] < -800.0));
        let graph = large_values().0;
        let start = Start::Fresh;
        let all = Job { graph: &graph, training: &line, validation: Some(&line), config: &config, start };
        let mut validated = Vec::new();
        let outcome = train(&all, &Backend::cpu(), &mut Uninterrupted, &mut |event| {
            if let Event::Epoch(epoch) = event {
                validated.push(epoch);
            }
        })
        .unwrap();
        let network = Network::new(&graph, &outcome.weights, &Backend::cpu()).unwrap();
        let tested = evaluate(&network, &line, &config).unwrap();
        let kept = validated[outcome.epoch.unwrap()];
        let emberlab_core::evaluate::Evaluation::Values(values) = tested.evaluation else { panic!() };
        let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-3;
        assert!(close(tested.loss.into(), kept.validation_loss.unwrap().into()), "{loss:?}: {kept:?}");
        assert!(
            close(values.mean_absolute_error, kept.validation_metric.unwrap().into()),
            "{loss:?}: {kept:?}"
        );
    }
}

#[test]
fn a_run_over_normalised_values_goes_on_as_if_it_had_never_stopped() {
    let (network, line) = large_values();
    let config = regression(Loss::MeanSquaredError);
    let (unbroken, _) = run(&network, &line, &config, Start::Fresh);
    let shorter = TrainingConfig { epochs: 7, ..config.clone() };
    let (stopped, _) = run(&network, &line, &shorter, Start::Fresh);
    let checkpoint = Checkpoint::from_bytes(&stopped.checkpoint.to_bytes()).unwrap();
    let (resumed, _) = run(&network, &line, &config, Start::Checkpoint(&checkpoint));
    assert_eq!(bits(&resumed.weights), bits(&unbroken.weights));
    assert_eq!(resumed.checkpoint, unbroken.checkpoint);
    let other = TrainingConfig { normalise_targets: false, ..config.clone() };
    let job = Job {
        graph: &network,
        training: &line,
        validation: None,
        config: &other,
        start: Start::Checkpoint(&checkpoint),
    };
    assert!(train(&job, &Backend::cpu(), &mut Uninterrupted, &mut |_| {}).is_err(), "other settings");
    // A new run that begins with weights in units begins where they are.
    let (again, report) = run(
        &network,
        &line,
        &TrainingConfig { learning_rate: 0.0, epochs: 1, ..config },
        Start::Weights(&unbroken.weights),
    );
    assert!(report.epochs[0].metric < 60.0);
    let [before, after] =
        [&unbroken, &again].map(|outcome| outcome.weights.get("layer 2", "bias").unwrap().values[0]);
    assert!((before / after - 1.0).abs() < 1e-4, "{before} {after}");
}

#[test]
fn every_setting_that_makes_no_sense_is_refused_in_words() {
    let refused = |config: TrainingConfig| {
        let samples = quadrants(10);
        let job = Job {
            graph: &small(),
            training: &samples,
            validation: None,
            config: &config,
            start: Start::Fresh,
        };
        train(&job, &Backend::cpu(), &mut Uninterrupted, &mut |_| ()).unwrap_err().to_string()
    };
    let base = TrainingConfig::default;
    assert_eq!(refused(TrainingConfig { batch_size: 0, ..base() }), "The batch size has to be at least 1");
    assert_eq!(
        refused(TrainingConfig { learning_rate: f32::NAN, ..base() }),
        "The learning rate has to be 0 or more"
    );
    assert_eq!(
        refused(TrainingConfig { class_weights: ClassWeights::Given(vec![1.0]), ..base() }),
        "There are 1 class weights for 2 classes"
    );
    assert_eq!(
        refused(TrainingConfig { clip_norm: Some(0.0), ..base() }),
        "The largest norm has to be above 0"
    );
}

#[test]
fn mixed_precision_on_the_cpu_is_explained_not_done() {
    let samples = quadrants(100);
    let config = TrainingConfig { mixed_precision: true, epochs: 1, ..eventful() };
    let (_, report) = run(&small(), &samples, &config, Start::Fresh);
    let expected = "Mixed precision is off: the CPU computes numbers of half precision no faster than others";
    assert_eq!(report.started.unwrap().notes, [expected]);
}
