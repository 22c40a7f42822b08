//! Variants of a small network: made and measured on all cores, the same whatever the number of threads.

use std::cell::Cell;

use emberlab_core::layers::initial_weights;
use emberlab_core::plan::{Chip, Target};
use emberlab_core::quantize::{Calibration, ErrorMode, Recipe, VariantKind};

use super::*;
use crate::training::tests::{data, graph};

fn float_model() -> FloatModel {
    let graph = graph();
    let weights = initial_weights(&graph, 5).expect("a valid graph");
    FloatModel::of_network(&graph, &weights, "sides", &data()).expect("a model")
}

fn on(_: u64, _: u64) -> bool {
    true
}

fn made(name: &str) -> Made {
    let float = float_model();
    let recipe = Recipe::from_name(name).expect("a name");
    let data = data();
    let calibrated = calibrate(&float, &data.prepared.train, &recipe.calibration, &on).expect("it runs");
    make(&float, &recipe, calibrated.as_ref()).expect("a variant")
}

#[test]
fn variants_are_evaluated_over_all_samples() {
    let (float, data) = (float_model(), data());
    let samples = &data.prepared.test.samples;
    let reference = evaluate(&float.model, &float.file, samples, &on).expect("it runs").expect("an end");
    assert_eq!((reference.samples, reference.width, reference.border), (100, 2, None));
    for name in Recipe::NAMES {
        let made = made(name);
        let found = evaluate(&made.model, &made.file, samples, &on).expect("it runs").expect("an end");
        let agreement = compared(&reference, &found, samples);
        assert!(agreement.share > 0.9, "{name}: {}", agreement.share);
        assert_eq!(agreement.flips.len(), ((1.0 - agreement.share) * 100.0).round() as usize);
        for flip in &agreement.flips {
            assert_ne!(flip.first, flip.second);
            assert_eq!(found.said(flip.sample), Some(flip.second));
        }
        let accuracy = found.accuracy().expect("classes");
        let change = (accuracy - reference.accuracy().expect("classes")).abs();
        assert!(change <= agreement.flips.len() as f64 / 100.0 + 1e-9, "{name}");
    }
}

#[test]
fn costs_say_where_a_variant_runs() {
    let target = Target::new(Chip::Esp32s3);
    let costs = |name: &str| {
        let made = made(name);
        variant_costs(&made.model, &made.file, target)
    };
    let int8 = costs("int8");
    assert_eq!(int8.runs_on(), "esp32s3");
    assert!(int8.arena_minimum_bytes.is_some_and(|bytes| bytes % 16 == 0));
    assert!(int8.gzip_bytes > 0 && int8.gzip_bytes < int8.file_bytes);
    let float16 = costs("float16");
    assert_eq!((float16.runs_on(), float16.arena_minimum_bytes), ("host only", None));
}

#[test]
fn calibrations_with_the_same_samples_serve_one_another() {
    let (float, data) = (float_model(), data());
    let calibration = Calibration { samples: 40, ..Calibration::default() };
    let found = calibrate(&float, &data.prepared.train, &calibration, &on).expect("it runs").expect("an end");
    assert_eq!((found.coverage.samples, found.observations.n_samples), (40, 40));
    assert_eq!(found.coverage.classes.iter().map(|(chosen, _)| chosen).sum::<usize>(), 40);
    assert!(found.coverage.missing().next().is_none());
    for method in emberlab_core::quantize::CalibrationMethod::ALL {
        assert!(found.serves(&Calibration { method, ..calibration }));
    }
    assert!(!found.serves(&Calibration { samples: 41, ..calibration }));
}

#[test]
fn errors_of_operators_are_those_of_all_parts_together() {
    let (float, data, made) = (float_model(), data(), made("int8"));
    let samples = &data.prepared.test.samples;
    let all: Vec<usize> = (0..samples.count).collect();
    let (float, variant) = ((&*float.model, &*float.file), (&*made.model, &*made.file));
    let found = operator_errors(float, variant, samples, &all, &on).expect("both run").expect("an end");
    assert_eq!((found.operators.len(), found.n_samples), (3, 100));
    for operator in &found.operators {
        assert!(operator.figures(ErrorMode::Alone).sqnr_db() > 20.0, "{}", operator.name);
    }
}

#[test]
fn the_float_model_carries_its_classes_and_is_read_back() {
    let float = float_model();
    let labels = float.model.metadata.iter().find(|metadata| metadata.name == "labels").expect("labels");
    let data = float.model.buffers[labels.buffer.index()].data.as_ref().expect("text");
    assert_eq!(data.as_slice(), b"left\nright");
    let int8 = made("int8");
    assert!(int8.model.metadata.iter().any(|metadata| metadata.name == "labels"));
    let refused = FloatModel::of_model((*int8.model).clone()).expect_err("integers already");
    assert!(refused.message.contains("quantized already"), "{}", refused.message);
}

#[test]
fn a_watch_that_says_no_ends_everything() {
    let (float, data) = (float_model(), data());
    let asked = Cell::new(0);
    let never = |_, _| {
        asked.set(asked.get() + 1);
        false
    };
    let samples = &data.prepared.test.samples;
    assert_eq!(evaluate(&float.model, &float.file, samples, &never), Ok(None));
    assert_eq!(calibrate(&float, &data.prepared.train, &Calibration::default(), &never), Ok(None));
    assert_eq!(asked.get(), 2);
}

#[test]
fn data_of_another_shape_are_refused_in_words() {
    let float = float_model();
    let mut samples = data().prepared.test.samples.clone();
    samples.inputs[0].shape = vec![4];
    samples.count = 50;
    let failure = evaluate(&float.model, &float.file, &samples, &on).expect_err("another shape");
    assert!(failure.message.contains("has 2 elements, and a sample has 4"), "{}", failure.message);
    let recipe = Recipe::of_kind(VariantKind::Int8);
    let failure = make(&float, &recipe, None).expect_err("no ranges");
    assert!(failure.message.contains("calibrate with at least one sample"), "{}", failure.message);
}
