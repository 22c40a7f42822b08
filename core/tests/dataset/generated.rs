//! Generated sets can be learnt: what others made tells most recordings of a new person, voice or machine.

use emberlab_core::dataset::{
    Features, Generated, Generator, InputPreparation, InputShape, Length, MotionFeatures, Normalisation,
    Padding, Preparation, Rule, Samples, SoundFeatures, Split, Targets, Window, generate,
};

use crate::support::samples;

/// Samples of everybody but the first maker to learn from, and of the first to be told.
struct Task {
    train: Vec<(Vec<f32>, usize)>,
    test: Vec<(Vec<f32>, usize)>,
    n_classes: usize,
}

impl Task {
    fn new(kind: Generator, features: &[Features], window: Window) -> Self {
        let count = if kind == Generator::Tones { 120 } else { 40 };
        let dataset = generate(&Generated { kind, seed: 1, count });
        let input = |(stream, features): (usize, &Features)| InputPreparation {
            stream,
            features: features.clone(),
            normalisation: Normalisation::StandardDeviation { per_channel: true },
            shape: InputShape::Flat,
            ..InputPreparation::default()
        };
        let inputs = features.iter().enumerate().map(input).collect();
        let preparation = Preparation { inputs, window, ..Preparation::default() };
        let groups = vec![dataset.groups(0)[0].to_string()];
        let test = Rule::Groups { kind: dataset.group_kinds[0].clone(), groups };
        let split = Split { test, validation: Rule::None, ..Split::default() };
        let prepared = samples(&dataset, &preparation, &split).expect("samples");
        let rows = |samples: &Samples| {
            let Targets::Classes { labels, .. } = &samples.targets else { panic!("classes") };
            let row = |index: usize| -> Vec<f32> {
                samples.inputs.iter().flat_map(|input| input.sample(index)).copied().collect()
            };
            labels.iter().enumerate().map(|(index, label)| (row(index), *label as usize)).collect()
        };
        let n_classes = dataset.classes.len();
        Self { train: rows(&prepared.train.samples), test: rows(&prepared.test.samples), n_classes }
    }

    /// Share of test samples that are told rightly.
    fn score(&self, tell: impl Fn(&[f32]) -> usize) -> f64 {
        let right = self.test.iter().filter(|(row, label)| tell(row) == *label).count();
        right as f64 / self.test.len() as f64
    }

    /// The class with the nearest mean of training samples.
    fn nearest_mean(&self) -> f64 {
        let mut means = vec![vec![0.0f32; self.train[0].0.len()]; self.n_classes];
        for (row, label) in &self.train {
            let count = self.train.iter().filter(|(_, other)| other == label).count() as f32;
            means[*label].iter_mut().zip(row).for_each(|(mean, value)| *mean += value / count);
        }
        self.score(|row| nearest(means.iter().map(|mean| distance(mean, row))))
    }

    /// The class of the nearest training sample, turned round by whole frames of `width` numbers as fits best.
    fn nearest_turned(&self, width: usize) -> f64 {
        self.score(|row| {
            let turned = |train: &[f32]| {
                let turns = (0..train.len() / width).map(|frames| {
                    let (end, start) = train.split_at(frames * width);
                    distance(start, row) + distance(end, &row[start.len()..])
                });
                turns.fold(f32::INFINITY, f32::min)
            };
            self.train[nearest(self.train.iter().map(|(train, _)| turned(train)))].1
        })
    }
}

/// Sum of squared differences as far as both go.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>()
}

fn nearest(distances: impl Iterator<Item = f32>) -> usize {
    distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).expect("something near").0
}

fn whole_second(seconds: f64) -> Window {
    Window::Sliding {
        length: Length::Seconds(seconds),
        stride: Length::Seconds(seconds),
        least_share: 1.0,
        short: Padding::LeaveOut,
    }
}

#[test]
fn gestures_can_be_told_apart() {
    let features = [Features::Motion(MotionFeatures::default())];
    assert!(Task::new(Generator::Gestures, &features, Window::Whole).nearest_mean() > 0.8);
}

#[test]
fn calls_can_be_told_apart() {
    // Calls begin at any time: they are compared at the turn that fits best.
    let sound = SoundFeatures { frame_ms: 64.0, step_ms: 64.0, bands: 16, ..SoundFeatures::default() };
    let mut task = Task::new(Generator::Tones, &[Features::LogMel(sound)], Window::Whole);
    // Noise is about half of what is heard: only what stands out of it counts.
    for (row, _) in task.train.iter_mut().chain(&mut task.test) {
        let mut sorted = row.clone();
        sorted.sort_by(f32::total_cmp);
        let noise = sorted[sorted.len() * 2 / 3];
        row.iter_mut().for_each(|value| *value = (*value - noise).max(0.0));
    }
    assert!(task.nearest_turned(16) > 0.75);
}

#[test]
fn digits_can_be_told_apart() {
    assert!(Task::new(Generator::Digits, &[Features::Raw], Window::Whole).nearest_mean() > 0.6);
}

#[test]
fn faults_can_be_told_apart() {
    let features = [Features::Motion(MotionFeatures { bands: 20, ..MotionFeatures::default() })];
    assert!(Task::new(Generator::Machine, &features, whole_second(1.0)).nearest_mean() > 0.8);
}

#[test]
fn two_inputs_tell_more_than_one() {
    let sound =
        Features::LogMel(SoundFeatures { frame_ms: 64.0, step_ms: 64.0, bands: 12, ..Default::default() });
    let both = [sound, Features::Motion(MotionFeatures::default())];
    let kind = Generator::SoundAndMotion;
    let score = |features: &[Features]| Task::new(kind, features, Window::Whole).nearest_mean();
    let (one, two) = (score(&both[..1]), score(&both));
    assert!(two > 0.7 && two > one + 0.1, "{one} {two}");
}
