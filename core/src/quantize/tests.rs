//! Variants of real networks: they are what a careful engineer would write, run, and answer about the same.

use super::*;
use crate::dataset::{SampleInput, Samples, Targets};
use crate::layers::templates::{ALL, Template};
use crate::layers::testing::{random_graph, random_inputs, random_weights};
use crate::layers::{LayerGraph, LoweringOptions, lower, lower_int8_placeholder, shapes};
use crate::plan::{Chip, KernelSet, Target, plan};
use crate::run::{Semantics, predict, semantics_of};
use crate::tflite;

/// Samples of random numbers for a graph.
pub(super) fn samples_for(graph: &LayerGraph, count: usize) -> Samples {
    let shapes = shapes(graph);
    let inputs =
        graph.layers.iter().filter(|layer| matches!(layer.kind, crate::layers::LayerKind::Input { .. }));
    let mut inputs: Vec<SampleInput> = inputs
        .map(|layer| SampleInput {
            shape: shapes.output(layer.id).unwrap_or_default().to_vec(),
            values: Vec::new(),
        })
        .collect();
    for seed in 0..count {
        for (input, values) in inputs.iter_mut().zip(random_inputs(graph, seed as u64 + 1)) {
            input.values.extend(values);
        }
    }
    Samples { count, inputs, targets: Targets::None }
}

fn graph_of(id: &str) -> LayerGraph {
    let template = Template::from_id(id).expect("a template");
    template.graph(&(template.sizes)())
}

fn float_model(graph: &LayerGraph, seed: u64) -> Model {
    lower(graph, &random_weights(graph, seed), &LoweringOptions::default()).expect("a valid graph").model
}

fn observed(model: &Model, samples: &Samples) -> Observations {
    let file = tflite::write(model).expect("a file");
    let all: Vec<usize> = (0..samples.count).collect();
    observe(model, &file, samples, &all, &mut || true).unwrap_or_else(|error| panic!("{error}"))
}

fn outputs(model: &Model, samples: &Samples) -> Vec<Vec<f32>> {
    let file = tflite::write(model).expect("a file");
    let read = tflite::read(file.clone().into()).expect("a model");
    assert_eq!(read.subgraphs[0].operators.len(), model.subgraphs[0].operators.len());
    let semantics = semantics_of(&file).unwrap_or_else(|error| panic!("{error}"));
    predict(&file, semantics, samples, 0..samples.count, &mut || true).expect("it runs").outputs
}

/// Signal to noise of all outputs, in decibels.
fn signal_to_noise(expected: &[Vec<f32>], found: &[Vec<f32>]) -> f64 {
    let (mut signal, mut noise) = (0.0, 0.0);
    for (expected, found) in expected.iter().zip(found) {
        assert_eq!(expected.len(), found.len());
        for (expected, found) in expected.iter().zip(found) {
            signal += f64::from(*expected).powi(2);
            noise += f64::from(expected - found).powi(2);
        }
    }
    if noise == 0.0 { f64::INFINITY } else { 10.0 * (signal / noise).log10() }
}

fn recipes() -> Vec<Recipe> {
    let mut recipes: Vec<Recipe> = Recipe::NAMES.iter().filter_map(|name| Recipe::from_name(name)).collect();
    for interface in [Interface::Uint8, Interface::Float32] {
        recipes.push(Recipe { interface, ..Recipe::default() });
    }
    recipes.push(Recipe { interface: Interface::Float32, ..Recipe::of_kind(VariantKind::Int16x8) });
    recipes.push(Recipe { weight_scales: WeightScales::PerChannelEverywhere, ..Recipe::default() });
    recipes.push(Recipe { widened: true, ..Recipe::of_kind(VariantKind::Float16) });
    recipes
}

#[test]
fn every_variant_of_every_template_answers_about_the_same() {
    for template in ALL {
        let graph = template.graph(&(template.sizes)());
        let samples = samples_for(&graph, 4);
        let model = float_model(&graph, 7);
        let expected = outputs(&model, &samples);
        let ranges = observed(&model, &samples).ranges(CalibrationMethod::MinMax);
        let mut figures = Vec::new();
        for recipe in recipes() {
            let made = variant(&model, &recipe, Some(&ranges))
                .unwrap_or_else(|error| panic!("{}, {recipe}: {error}", template.id));
            let decibels = signal_to_noise(&expected, &outputs(&made.model, &samples));
            let least = match recipe.kind {
                VariantKind::Float32 => f64::INFINITY,
                VariantKind::Float16 => 50.0,
                VariantKind::Dynamic | VariantKind::Int8 => 10.0,
                VariantKind::Int16x8 => 20.0,
            };
            figures.push(format!("{recipe} {decibels:.1}"));
            assert!(decibels >= least, "{}, {recipe}: {decibels:.1} dB", template.id);
        }
        println!("{}: {} dB", template.id, figures.join(", "));
    }
}

#[test]
fn variants_of_random_networks_run() {
    let mut worst = f64::INFINITY;
    for seed in 0..150 {
        let graph = random_graph(seed);
        let samples = samples_for(&graph, 2);
        let model = float_model(&graph, seed);
        let ranges = observed(&model, &samples).ranges(CalibrationMethod::MinMax);
        for recipe in recipes() {
            let made = variant(&model, &recipe, Some(&ranges))
                .unwrap_or_else(|error| panic!("seed {seed}, {recipe}: {error}"));
            let found = outputs(&made.model, &samples);
            if recipe.kind == VariantKind::Int16x8 {
                worst = worst.min(signal_to_noise(&outputs(&model, &samples), &found));
            }
        }
    }
    println!("int16x8 at worst {worst:.1} dB");
    assert!(worst > 20.0, "{worst:.1} dB");
}

/// Operators that only convert.
fn n_conversions(model: &Model) -> usize {
    let main = &model.subgraphs[0];
    let codes = main.operators.iter().map(|operator| model.builtin(operator));
    codes.filter(|code| matches!(*code, Op::QUANTIZE | Op::DEQUANTIZE)).count()
}

#[test]
fn an_int8_model_has_no_operator_more_than_its_float32_model() {
    for template in ALL {
        let graph = template.graph(&(template.sizes)());
        let model = float_model(&graph, 1);
        let ranges = observed(&model, &samples_for(&graph, 1)).ranges(CalibrationMethod::MinMax);
        for (name, interface, more) in [
            ("int8", Interface::Integer, 0),
            ("int16x8", Interface::Integer, 0),
            ("int8", Interface::Float32, 1),
        ] {
            let recipe = Recipe { interface, ..Recipe::from_name(name).expect("a name") };
            let made = variant(&model, &recipe, Some(&ranges)).expect("a variant").model;
            let main = &made.subgraphs[0];
            let conversions = more * (main.inputs.len() + main.outputs.len());
            assert_eq!(n_conversions(&made), conversions, "{} {recipe}", template.id);
        }
    }
}

#[test]
fn the_placeholder_has_the_plan_of_every_int8_variant() {
    for template in ALL {
        let graph = template.graph(&(template.sizes)());
        let model = float_model(&graph, 1);
        let ranges = observed(&model, &samples_for(&graph, 1)).ranges(CalibrationMethod::MinMax);
        let real = variant(&model, &Recipe::default(), Some(&ranges)).expect("a variant").model;
        let placeholder = lower_int8_placeholder(&graph).expect("a placeholder").model;
        for chip in [Chip::Esp32, Chip::Esp32s3] {
            let target = Target { chip, kernels: KernelSet::EspNn };
            let plans = [&real, &placeholder].map(|model| plan(model, target).expect("a plan"));
            assert_eq!(plans[0].minimum_bytes, plans[1].minimum_bytes, "{}", template.id);
        }
        let sizes = [&real, &placeholder].map(|model| tflite::write(model).expect("a file").len());
        assert_eq!(sizes[0], sizes[1], "{}", template.id);
    }
}

/// The known net of tutorials: 55,050 parameters in at most 57,960 bytes.
#[test]
fn the_784_64_64_10_network_is_small() {
    let graph = graph_of("digits-dense");
    let model = float_model(&graph, 1);
    let ranges = observed(&model, &samples_for(&graph, 2)).ranges(CalibrationMethod::MinMax);
    for name in ["int8", "int8-per-tensor"] {
        let recipe = Recipe::from_name(name).expect("a name");
        let made = variant(&model, &recipe, Some(&ranges)).expect("a variant");
        let bytes = tflite::write(&made.model).expect("a file").len();
        println!("{name}: {bytes} bytes");
        assert!(bytes <= 57_960, "{name}: {bytes} bytes");
    }
}

#[test]
fn an_operator_can_stay_wider_than_the_others() {
    let graph = graph_of("digits-cnn");
    let samples = samples_for(&graph, 4);
    let model = float_model(&graph, 3);
    let seen = observed(&model, &samples);
    let ranges = seen.ranges(CalibrationMethod::MinMax);
    let narrow = variant(&model, &Recipe::default(), Some(&ranges)).expect("a variant").model;
    let name = model.subgraphs[0].tensor(model.subgraphs[0].operators[0].output(0).expect("an output"));
    let name = name.name.clone().expect("a name");
    let mut figures = Vec::new();
    for width in [Width::Int16, Width::Float32] {
        let mut recipe = Recipe::default();
        recipe.wider.insert(name.clone(), width);
        let made = variant(&model, &recipe, Some(&ranges)).expect("a variant").model;
        // One conversion before and one behind.
        assert_eq!(n_conversions(&made), 2, "{width:?}");
        figures.push(signal_to_noise(&outputs(&model, &samples), &outputs(&made, &samples)));
    }
    let before = signal_to_noise(&outputs(&model, &samples), &outputs(&narrow, &samples));
    assert!(figures.iter().all(|figure| *figure > before - 3.0), "{figures:?} instead of {before}");
}

#[test]
fn host_only_variants_are_refused_by_the_chip_and_run_on_the_desktop() {
    let graph = graph_of("digits-dense");
    let model = float_model(&graph, 1);
    for kind in [VariantKind::Float16, VariantKind::Dynamic] {
        let recipe = Recipe::of_kind(kind);
        let file = tflite::write(&variant(&model, &recipe, None).expect("a variant").model).expect("a file");
        assert_eq!(semantics_of(&file), Ok(Semantics::Litert), "{kind:?}");
        let safe = recipe.device_safe().expect("a way out");
        let ranges = observed(&model, &samples_for(&graph, 2)).ranges(CalibrationMethod::MinMax);
        let file = tflite::write(&variant(&model, &safe, Some(&ranges)).expect("a variant").model);
        assert_eq!(semantics_of(&file.expect("a file")), Ok(Semantics::Tflm), "{kind:?}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let graph = graph_of("sine");
    let model = float_model(&graph, 1);
    let error = variant(&model, &Recipe::default(), None).expect_err("no ranges");
    assert!(error.to_string().starts_with("nothing is known about the range of the tensor"), "{error}");
    let ranges = observed(&model, &samples_for(&graph, 1)).ranges(CalibrationMethod::MinMax);
    let int8 = variant(&model, &Recipe::default(), Some(&ranges)).expect("a variant").model;
    let error = variant(&int8, &Recipe::default(), Some(&ranges)).expect_err("integers already");
    assert!(error.to_string().contains("is quantized already"), "{error}");
    let recipe = Recipe { interface: Interface::Uint8, ..Recipe::of_kind(VariantKind::Int16x8) };
    let error = variant(&model, &recipe, Some(&ranges)).expect_err("no such interface");
    assert!(error.to_string().contains("does not take uint8"), "{error}");
    let mut broken = model.clone();
    let weights = broken.buffers.iter_mut().filter_map(|buffer| buffer.data.as_mut());
    let weights = weights.max_by_key(|data| data.len()).expect("weights");
    let mut bytes = weights.to_vec();
    bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    *weights = bytes.into();
    let error = variant(&broken, &Recipe::default(), Some(&ranges)).expect_err("not a number");
    assert!(error.to_string().contains("not finite"), "{error}");
}

#[test]
fn parts_of_the_samples_are_seen_as_the_whole() {
    let graph = graph_of("gesture-lstm");
    let samples = samples_for(&graph, 6);
    let model = float_model(&graph, 1);
    let file = tflite::write(&model).expect("a file");
    let whole = observed(&model, &samples);
    let mut parts = Observations::default();
    for indexes in [[0, 1], [2, 3], [4, 5]] {
        parts.merge(&observe(&model, &file, &samples, &indexes, &mut || true).expect("it runs"));
    }
    assert_eq!(parts, whole);
    assert!(
        whole.cells.len() == 2 && whole.cells.values().all(|largest| *largest > 0.0),
        "{:?}",
        whole.cells
    );
}

#[test]
fn the_error_of_an_operator_alone_is_about_that_of_rounding() {
    let graph = graph_of("digits-cnn");
    let samples = samples_for(&graph, 3);
    let model = float_model(&graph, 2);
    let float_file = tflite::write(&model).expect("a file");
    let ranges = observed(&model, &samples).ranges(CalibrationMethod::MinMax);
    let made = variant(&model, &Recipe::default(), Some(&ranges)).expect("a variant").model;
    let file = tflite::write(&made).expect("a file");
    let all = [0, 1, 2];
    let measure = |model_and_file, indexes: &[usize]| {
        OperatorErrors::measure((&model, &float_file), model_and_file, &samples, indexes, &mut || true)
            .expect("both run")
    };
    let errors = measure((&made, &file), &all);
    assert_eq!(errors.operators.len(), model.subgraphs[0].operators.len());
    for operator in &errors.operators {
        assert!(operator.alone.n_values > 0 && operator.accumulated.n_values > 0, "{}", operator.name);
        let steps = operator.rmse_over_scale(ErrorMode::Alone).expect("a scale");
        assert!(steps < 8.0, "{}: {steps} steps", operator.name);
        assert!(operator.accumulated.sqnr_db() < operator.alone.sqnr_db() + 6.0, "{}", operator.name);
        assert!(operator.alone.cosine().is_none_or(|cosine| cosine > 0.9), "{}", operator.name);
    }
    let mut parts = measure((&made, &file), &all[..1]);
    parts.merge(measure((&made, &file), &all[1..]));
    assert_eq!(parts.n_samples, 3);
    let sums = |errors: &OperatorErrors| errors.operators.iter().map(|it| it.alone.n_values).sum::<u64>();
    assert_eq!(sums(&parts), sums(&errors));
    // A model against itself has no error at all.
    let none = measure((&model, &float_file), &all);
    assert!(none.operators.iter().all(|it| it.alone.noise == 0.0 && it.accumulated.noise == 0.0));
}

#[test]
fn a_flipped_answer_is_traced_to_the_operator_that_flips_it() {
    let graph = graph_of("digits-dense");
    let samples = samples_for(&graph, 40);
    let model = float_model(&graph, 2);
    let ranges = observed(&model, &samples).ranges(CalibrationMethod::MinMax);
    let mut made = variant(&model, &Recipe::default(), Some(&ranges)).expect("a variant").model;
    // The second layer gives something else altogether: its output scale is a hundredth of what it should be.
    let main = &mut made.subgraphs[0];
    let broken = main.operators[1].output(0).expect("an output");
    let scale = &mut main.tensors[broken.index()].quantization.as_mut().expect("scales").scale[0];
    *scale /= 100.0;
    let files = [&model, &made].map(|model| tflite::write(model).expect("a file"));
    let answer_of = |values: &[f32]| {
        let mut best = 0;
        for (index, value) in values.iter().enumerate() {
            if *value > values[best] {
                best = index;
            }
        }
        best
    };
    let mut found = Vec::new();
    for sample in 0..samples.count {
        let at = first_divergence((&model, &files[0]), (&made, &files[1]), &samples, sample, &answer_of);
        found.extend(at.expect("both run").map(|divergence| divergence.float));
    }
    assert!(!found.is_empty());
    let at_the_broken_one = found.iter().filter(|operator| operator.0 == 1).count();
    assert!(2 * at_the_broken_one > found.len(), "{found:?}");
}

#[test]
fn small_weights_can_be_widened_and_quantized_again() {
    let graph = graph_of("digits-cnn");
    let samples = samples_for(&graph, 2);
    let model = float_model(&graph, 1);
    for kind in [VariantKind::Float16, VariantKind::Dynamic] {
        let small = variant(&model, &Recipe::of_kind(kind), None).expect("a variant").model;
        let wide = widened(&small);
        assert_eq!(n_conversions(&wide), 0, "{kind:?}");
        let decibels = signal_to_noise(&outputs(&model, &samples), &outputs(&wide, &samples));
        assert!(decibels > 30.0, "{kind:?}: {decibels:.1} dB");
        let ranges = observed(&wide, &samples).ranges(CalibrationMethod::MinMax);
        let int8 = variant(&wide, &Recipe::default(), Some(&ranges)).expect("a variant").model;
        assert_eq!(semantics_of(&tflite::write(&int8).expect("a file")), Ok(Semantics::Tflm));
    }
    let ranges = observed(&model, &samples).ranges(CalibrationMethod::MinMax);
    let int8 = variant(&model, &Recipe::default(), Some(&ranges)).expect("a variant").model;
    assert_eq!(widened(&int8), int8);
}

#[test]
fn limits_by_hand_decide_the_scale_of_their_tensor_and_of_those_that_share_it() {
    let mut n_checked = 0;
    for template in ALL {
        let graph = template.graph(&(template.sizes)());
        let samples = samples_for(&graph, 2);
        let model = float_model(&graph, 7);
        let seen = observed(&model, &samples);
        let main = &model.subgraphs[0];
        let pools = main.operators.iter().filter(|operator| model.builtin(operator) == Op::MAX_POOL_2D);
        for pool in pools {
            let (Some(input), Some(output)) = (pool.input(0), pool.output(0)) else { continue };
            let Some(name) = main.tensor(input).name.clone() else { continue };
            let high = seen.tensors[&input].high * 0.25;
            let mut recipe = Recipe::default();
            recipe.limits.insert(name, ChosenLimits { low: 0.0, high });
            let ranges = seen.ranges_for(&model, &recipe);
            assert!(ranges.limits[&input].is_chosen && !ranges.limits[&output].is_chosen);
            let made = variant(&model, &recipe, Some(&ranges)).expect("a variant");
            for id in [input, output] {
                let id = made.tensors[id.index()].expect("it is used");
                let scales = made.model.subgraphs[0].tensor(id).quantization.as_ref().expect("scales");
                assert!((scales.scale[0] / (high / 255.0) - 1.0).abs() < 1e-4, "{}: {scales:?}", template.id);
            }
            n_checked += 1;
        }
    }
    assert!(n_checked > 0, "no template has a pool");
}
