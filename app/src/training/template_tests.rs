//! Every template takes steps on data that fit it.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Instant;

use emberlab_core::dataset::{Generated, generate};
use emberlab_core::layers::templates::{ALL, Template};
use emberlab_core::project::{network_sizes, recipe};
use emberlab_core::training::{BackendChoice, Schedule, TrainingConfig};
use emberlab_train::End;

use super::*;
use crate::jobs::prepare_in_parallel;
use crate::project::templates::generator;

/// Recordings of each class, or of a curve.
const RECORDINGS: usize = 8;
/// Samples of a step.
const BATCH: usize = 8;

/// Steps that are taken with a template, and whether so few of them let it learn something that can be seen.
fn steps(template: &Template) -> (u64, bool) {
    match template.id {
        "keywords-ds-cnn" | "pictures-mobilenet" | "pictures-resnet8" => (3, false),
        "gesture-lstm" => (6, false),
        _ => (40, true),
    }
}

/// Losses of the first steps.
fn losses(template: &Template, n_steps: u64) -> Vec<f32> {
    let dataset = generate(&Generated { kind: generator(template), seed: 3, count: RECORDINGS });
    let (preparation, split) = recipe(template, &dataset);
    let sizes = network_sizes(&dataset, &preparation, &split).expect("the recipe suits the set");
    let prepared = prepare_in_parallel(&dataset, &preparation, &split, &|_, _| true)
        .expect("the recipe suits the set")
        .expect("nobody ends it");
    let settings = TrainingConfig {
        batch_size: BATCH,
        epochs: 1_000,
        // A few steps must not all be spent on warming up.
        schedule: Schedule::Constant,
        backend: BackendChoice::Cpu,
        ..template.recipe()
    };
    let (taken, losses) = (Cell::new(0), RefCell::new(Vec::new()));
    let task = Task {
        graph: &template.graph(&sizes),
        settings: &settings,
        data: &TrainingData { prepared: Arc::new(prepared), dataset: None },
        folder: None,
        resume: false,
        switch: &Switch::default(),
        is_cancelled: &|| taken.get() >= n_steps,
    };
    let finished = train(&task, &mut |heard| {
        if let Heard::Step(point, _) = heard {
            taken.set(point.step);
            losses.borrow_mut().push(point.loss);
        }
    })
    .unwrap_or_else(|failure| panic!("{}: {failure:?}", template.id));
    assert_eq!(finished.end, End::Stopped, "{}", template.id);
    losses.into_inner()
}

fn mean(losses: &[f32]) -> f32 {
    losses.iter().sum::<f32>() / losses.len() as f32
}

#[test]
fn every_template_learns_from_data_that_fit_it() {
    for template in ALL {
        let (n_steps, is_simple) = steps(template);
        let begin = Instant::now();
        let losses = losses(template, n_steps);
        let quarter = (losses.len() / 4).max(1);
        let (first, last) = (mean(&losses[..quarter]), mean(&losses[losses.len() - quarter..]));
        println!(
            "{}: {n_steps} steps, loss {first:.4} to {last:.4}, {:.2} s",
            template.id,
            begin.elapsed().as_secs_f64()
        );
        assert_eq!(losses.len() as u64, n_steps, "{}", template.id);
        assert!(losses.iter().all(|loss| loss.is_finite()), "{}: {losses:?}", template.id);
        if is_simple {
            assert!(last < first, "{}: {losses:?}", template.id);
        }
    }
}
