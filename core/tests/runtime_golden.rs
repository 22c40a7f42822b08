//! The runtime against TensorFlow Lite Micro: every operator output of every golden run.
#![allow(clippy::print_stdout)] // What was skipped, and what was compared, is for whoever reads the log.

mod golden;

use emberlab_runtime::{ArenaNeeds, FLOAT_BOUND, Interpreter, Observer, OperatorEvent, Registry, Semantics};
use golden::{Golden, Run};

/// Checks what operators write while they write it.
struct Trace<'g> {
    run: &'g Run,
    at: usize,
    differences: Vec<String>,
}

impl Observer for Trace<'_> {
    fn after(&mut self, operator: &OperatorEvent<'_>) {
        for output in 0..operator.n_outputs() {
            let Some(expected) = self.run.op_outputs.get(self.at) else {
                self.differences.push(format!("more than {} operator outputs", self.at));
                return;
            };
            self.at += 1;
            let place = operator.place();
            let id = operator.output_tensor(output);
            let found = (place.subgraph, place.index, place.name, id);
            let wanted = (expected.subgraph, expected.op, expected.name.as_str(), expected.tensor);
            assert_eq!(found, wanted, "order of execution");
            let bytes = operator.output(output);
            if let Err(difference) = expected.compare(bytes, FLOAT_BOUND) {
                self.differences
                    .push(format!("operator {} {} tensor {id}: {difference}", place.index, place.name));
            }
        }
    }
}

/// Runs all golden runs of a model, and compares every operator output and the arena.
fn check(name: &str) {
    let Some(golden) = Golden::read(name) else { return };
    let registry = Registry::default();
    let mut arena = golden::aligned(4 << 20);
    let model = golden::aligned_copy(&golden.model_bytes);
    let mut interpreter = Interpreter::prepare(model.bytes(), arena.bytes_mut(), Semantics::Tflm, &registry)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    check_arena(name, &golden, interpreter.needs());
    let mut n_outputs = 0;
    for run in &golden.runs {
        if run.reset {
            interpreter.reset();
        }
        golden.fill_inputs(run, &mut interpreter);
        let mut trace = Trace { run, at: 0, differences: Vec::new() };
        interpreter.invoke(&mut trace).expect("the trace does not stop it");
        assert!(trace.differences.is_empty(), "{name} {} {}: {:#?}", run.kind, run.seed, trace.differences);
        assert_eq!(trace.at, run.op_outputs.len(), "{name}: number of operator outputs");
        for (index, expected) in run.outputs.iter().enumerate() {
            let difference = expected.compare(interpreter.output_bytes(index), FLOAT_BOUND);
            assert_eq!(difference, Ok(()), "{name} output {index}");
        }
        n_outputs += trace.at;
    }
    println!("{name}: {} runs, {n_outputs} operator outputs", golden.runs.len());
}

/// Our arena is never larger than TFLM's on the same chip, whatever kernels TFLM has.
fn check_arena(name: &str, golden: &Golden, needs: &ArenaNeeds) {
    assert!(needs.used_bytes <= needs.minimum_bytes);
    for (kernels, used, minimum) in &golden.arenas {
        assert!(
            needs.used_bytes <= *used,
            "{name} {kernels}: {} bytes used, TFLM uses {used}",
            needs.used_bytes
        );
        assert!(
            needs.minimum_bytes <= *minimum,
            "{name} {kernels}: at least {} bytes, TFLM needs {minimum}",
            needs.minimum_bytes
        );
    }
}

macro_rules! golden_models {
    ($($test:ident $name:literal)*) => {$(
        #[test]
        fn $test() {
            check($name);
        }
    )*};
}

golden_models! {
    ad01_fp32 "ad01_fp32"
    ad01_int8 "ad01_int8"
    audio_preprocessor_int8 "audio_preprocessor_int8"
    dtln_noise_suppression "dtln_noise_suppression"
    hello_world_float "hello_world_float"
    hello_world_int8 "hello_world_int8"
    kws_ref_model "kws_ref_model"
    person_detect "person_detect"
    pretrained_resnet "pretrainedResnet"
    pretrained_resnet_large_float "pretrainedResnet_large_float"
    pretrained_resnet_large_int8 "pretrainedResnet_large_int8"
    simple_add_model "simple_add_model"
    trained_lstm "trained_lstm"
    vww_96_float "vww_96_float"
    vww_96_int8 "vww_96_int8"
}

/// The single operators of an int16 model, with the inputs and outputs that its makers share.
#[test]
fn seanet_operators() {
    for name in golden::names("seanet") {
        check(&name);
    }
}

#[test]
fn smallest_arena_is_the_one_stated() {
    for name in ["hello_world_int8", "kws_ref_model", "person_detect"] {
        let Some(golden) = Golden::read(name) else { return };
        let registry = Registry::default();
        let model = golden::aligned_copy(&golden.model_bytes);
        let mut arena = golden::aligned(4 << 20);
        let mut prepare = |bytes: usize| {
            Interpreter::prepare(model.bytes(), &mut arena.bytes_mut()[..bytes], Semantics::Tflm, &registry)
                .map(|interpreter| interpreter.needs().minimum_bytes as usize)
                .map_err(|error| error.to_string())
        };
        let minimum = prepare(4 << 20).expect(name);
        assert_eq!(prepare(minimum), Ok(minimum), "{name}");
        let error = prepare(minimum - 16).expect_err(name);
        assert!(error.contains("bytes"), "{error}");
    }
}
