use super::*;
use crate::layers::{LoweringOptions, initial_weights, lower, lower_int8_placeholder, shapes};
use crate::model::BuiltinOperator;
use crate::plan::{Chip, Target, plan};
use crate::verdict::{self, Outcome, Severity};

fn parameters(id: &str) -> u64 {
    let template = Template::from_id(id).unwrap();
    let graph = template.graph(&(template.sizes)());
    let shapes = shapes(&graph);
    let errors: Vec<String> = shapes.problems.iter().map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{id}: {errors:?}");
    shapes.parameters().total()
}

/// Published figures where there are any, else those of Keras 3.15 for the same layers.
#[test]
fn parameters_are_those_of_the_published_networks() {
    assert_eq!(parameters("sine"), 321);
    assert_eq!(parameters("accelerometer"), 218);
    assert_eq!(parameters("digits-dense"), 55_050);
    assert_eq!(parameters("digits-dense-wide"), 109_386);
    assert_eq!(parameters("digits-cnn"), 16_554);
    // MLPerf Tiny: 24,908 with the four numbers of each normalised channel.
    assert_eq!(parameters("keywords-ds-cnn"), 24_908);
    assert_eq!(parameters("pictures-resnet8"), 78_666);
    assert_eq!(parameters("pictures-mobilenet"), 221_794);
    assert_eq!(parameters("gesture-lstm"), 17_408 + 12_416 + 33 * 4);
    assert_eq!(parameters("anomaly-autoencoder"), 65 * 32 + 33 * 16 + 17 * 32 + 33 * 64);
}

#[test]
fn every_template_is_taken_by_tflm_on_every_chip_without_a_warning() {
    for template in ALL {
        let graph = template.graph(&(template.sizes)());
        let lowered = lower_int8_placeholder(&graph).unwrap();
        for chip in Chip::ALL {
            let target = Target::new(chip);
            plan(&lowered.model, target).unwrap_or_else(|refusals| panic!("{}: {refusals:?}", template.id));
            assert_eq!(verdict::outcome(&lowered.model, target), Outcome::Runs);
            let findings = verdict::diagnostics(&lowered.model, target);
            let serious: Vec<_> =
                findings.iter().filter(|finding| finding.severity != Severity::Note).collect();
            assert!(serious.is_empty(), "{} on {}: {serious:#?}", template.id, chip.id());
        }
        let converts = |operator| {
            let code = lowered.model.builtin(operator);
            code == BuiltinOperator::QUANTIZE || code == BuiltinOperator::DEQUANTIZE
        };
        assert!(!lowered.model.subgraphs[0].operators.iter().any(converts), "{}", template.id);
    }
}

#[test]
fn every_template_becomes_a_float32_model() {
    for template in ALL {
        let graph = template.graph(&(template.sizes)());
        let weights = initial_weights(&graph, 1).unwrap();
        let lowered = lower(&graph, &weights, &LoweringOptions::default()).unwrap();
        crate::tflite::write(&lowered.model).unwrap();
    }
}

#[test]
fn templates_follow_the_data() {
    let sizes = Sizes { inputs: vec![vec![61, 20]], outputs: 3 };
    for id in ["sound-conv1d", "motion-conv1d", "gesture-lstm", "digits-dense", "accelerometer"] {
        let graph = Template::from_id(id).unwrap().graph(&sizes);
        let shapes = shapes(&graph);
        assert!(shapes.is_valid(), "{id}");
        assert_eq!(shapes.output(shapes.outputs[0]), Some([3].as_slice()), "{id}");
    }
    let graph = Template::from_id("anomaly-autoencoder").unwrap().graph(&sizes);
    let shapes = shapes(&graph);
    assert_eq!(shapes.output(shapes.outputs[0]), Some([61, 20].as_slice()));
}

#[test]
fn identities_are_unique_and_recipes_fit_the_task() {
    let mut ids: Vec<_> = ALL.iter().map(|template| template.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), ALL.len());
    for template in ALL {
        let is_regression = matches!(template.id, "sine" | "anomaly-autoencoder");
        assert_eq!(template.recipe().loss == Loss::MeanSquaredError, is_regression, "{}", template.id);
    }
}
