//! The panel in a headless window.

use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use emberlab_core::model::{BuiltinOperator, ModelBuilder, Tensor, TensorType};
use emberlab_core::tflite;

use crate::app::App;
use crate::command::Command;
use crate::document::{PanelKind, Selection};
use crate::run_state::{Comparison, RunInput, RunResult};
use crate::settings::Settings;

fn harness() -> Harness<'static, App> {
    let mut harness = Harness::builder()
        .with_size([1440.0, 900.0])
        .build_ui_state(|ui, app: &mut App| app.show(ui), App::headless(Settings::default()));
    harness.state_mut().send(Command::OpenExample);
    harness.state_mut().send(Command::ShowPanel(PanelKind::Run));
    settle(&mut harness);
    harness
}

fn settle(harness: &mut Harness<'static, App>) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        harness.run_steps(2);
        if harness.state().is_settled() {
            harness.run_steps(2);
            return;
        }
        assert!(Instant::now() < deadline, "the app does not settle");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn result(harness: &Harness<'static, App>) -> std::sync::Arc<RunResult> {
    let tab = harness.state().document().active_tab().expect("the example is open");
    match tab.run.outcome.as_ref().expect("it was run") {
        Ok(result) => result.clone(),
        Err(failure) => panic!("{failure:?}"),
    }
}

#[test]
fn before_the_first_run_the_panel_says_what_to_do() {
    let harness = harness();
    harness.get_by_label_contains("Not run yet");
}

#[test]
fn a_click_on_run_fills_outputs_and_operators() {
    let mut harness = harness();
    harness.get_by_label("Run the model").click();
    settle(&mut harness);
    let result = result(&harness);
    assert_eq!(result.outputs.len(), 1);
    assert!(result.trace.len() > 5 && result.total_micros > 0.0);
    harness.get_by_label_contains("Output element 0, ");
    harness.get_by_label_contains("Operator 0, ").click();
    settle(&mut harness);
    let tab = harness.state().document().active_tab().expect("the example is open");
    assert!(matches!(tab.selection, Selection::Operator(..)));
    harness.get_by_label_contains("of output of operator 0");
}

/// A streaming model: in the first of two invocations its buffer waits for more rows, and the copy behind it does not run.
fn streaming_model() -> Vec<u8> {
    let mut builder = ModelBuilder::new("a buffer of three rows");
    let int8 = |name: &str, shape: &[i32]| Tensor::new(name, TensorType::Int8, shape).quantized(1.0, 0);
    let input = builder.input(int8("row", &[1, 1, 1, 2]));
    let rows = builder.tensor(int8("rows", &[1, 3, 1, 2]).variable());
    let copy = builder.tensor(int8("copy", &[1, 3, 1, 2]));
    builder.custom_operator("CIRCULAR_BUFFER", [input], [rows]);
    builder.operator(BuiltinOperator::RESHAPE, [rows], [copy]);
    builder.output(copy);
    tflite::write(&builder.build()).expect("it is small and sound")
}

#[test]
fn a_run_that_waits_for_more_input_says_so() {
    let mut harness = harness();
    harness.get_by_label("Run the model").click();
    settle(&mut harness);
    assert!(!result(&harness).ended_early);
    assert!(harness.query_by_label_contains("The run ended early").is_none());
    let command = Command::OpenBytes("streaming.tflite".to_owned(), streaming_model().into());
    harness.state_mut().send(command);
    harness.state_mut().send(Command::ShowPanel(PanelKind::Run));
    settle(&mut harness);
    harness.get_by_label("Run the model").click();
    settle(&mut harness);
    let result = result(&harness);
    assert!(result.ended_early);
    assert_eq!(result.trace.len(), 1, "the copy behind the buffer did not run");
    harness.get_by_label_contains("The run ended early");
    harness.get_by_label_contains("An operator waits for more input");
}

#[test]
fn outputs_have_the_labels_of_the_file() {
    let mut builder = ModelBuilder::new("two classes");
    let input = builder.input(Tensor::new("scores", TensorType::Float32, &[1, 2]));
    let output = builder.tensor(Tensor::new("classes", TensorType::Float32, &[1, 2]));
    builder.operator(BuiltinOperator::SOFTMAX, [input], [output]);
    builder.output(output);
    let mut model = builder.build();
    let record = emberlab_core::dataset::PreparationRecord {
        version: 1,
        classes: vec!["owl".to_owned(), "jay".to_owned()],
        ..Default::default()
    };
    record.write_into(&mut model);
    let file = tflite::write(&model).expect("it is small and sound");
    let mut harness = harness();
    harness.state_mut().send(Command::OpenBytes("birds.tflite".to_owned(), file.into()));
    harness.state_mut().send(Command::ShowPanel(PanelKind::Run));
    settle(&mut harness);
    harness.get_by_label("Run the model").click();
    settle(&mut harness);
    harness.get_by_label_contains("Output element 0, owl, ");
    harness.get_by_label_contains("Output element 1, jay, ");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let mut harness = harness();
    let mut run = |seed| {
        harness.state_mut().send(Command::SetRunInput(0, RunInput::Random { seed, range: (-1.0, 1.0) }));
        harness.state_mut().send(Command::Run);
        settle(&mut harness);
        result(&harness).inputs[0].bytes.clone()
    };
    let (first, second, again) = (run(1), run(2), run(1));
    assert_ne!(first, second);
    assert_eq!(first, again);
}

#[test]
fn wrong_numbers_are_an_error_in_words() {
    let mut harness = harness();
    let numbers = RunInput::Numbers { text: "1 2 three".to_owned(), raw: false };
    harness.state_mut().send(Command::SetRunInput(0, numbers));
    harness.state_mut().send(Command::Run);
    settle(&mut harness);
    harness.get_by_label_contains("number 3, “three”, is no number");
}

#[test]
fn two_arithmetics_are_compared_layer_by_layer() {
    let mut harness = harness();
    harness.state_mut().send(Command::SetComparison(Comparison::Semantics));
    harness.state_mut().send(Command::Run);
    settle(&mut harness);
    let result = result(&harness);
    let compared = result.comparison().expect("the other run went well");
    let n_compared = compared.differences.len();
    assert_eq!(n_compared, result.trace.len());
    assert!(compared.differences.iter().all(|found| found.largest <= 1.0 || found.n_different > 0));
}
