use super::*;
use crate::layers::templates::Template;
use crate::layers::{LayerGraph, lower_int8_placeholder};
use crate::plan::{Chip, KernelSet};

fn shared(name: &str) -> Option<Model> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models").join(name);
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: no {}", path.display());
        return None;
    };
    Some(crate::tflite::read(bytes.into()).unwrap())
}

fn check(name: &str, target: Target, clock_hz: u64, measured_millis: f64) {
    if let Some(model) = shared(name) {
        check_model(name, &model, target, clock_hz, measured_millis);
    }
}

/// The measured time lies within the error bar; prints how far off the estimate is.
fn check_model(name: &str, model: &Model, target: Target, clock_hz: u64, measured_millis: f64) {
    let total = estimate(model, target).total.unwrap();
    let (low, high) = total.micros_range(clock_hz);
    let mid = total.micros(clock_hz);
    println!(
        "{name} on {}: {:.1} ms, measured {measured_millis} ms ({:+.0} %)",
        target.chip.id(),
        mid / 1e3,
        (mid / 1e3 / measured_millis - 1.0) * 100.0
    );
    let measured = measured_millis * 1e3;
    assert!((low..=high).contains(&measured), "{name}: {low:.0} to {high:.0} µs, measured {measured:.0}");
}

#[test]
fn published_times_of_person_detection_lie_within_the_error_bar() {
    let with = |chip, clock: u64, millis| {
        check("person_detect.tflite", Target::new(chip), clock * 1_000_000, millis)
    };
    with(Chip::Esp32, 240, 380.0);
    with(Chip::Esp32s3, 240, 47.0);
    with(Chip::Esp32s3, 240, 54.0);
    with(Chip::Esp32c3, 160, 426.0);
    with(Chip::Esp32p4, 360, 73.0);
    let without = |chip, clock: u64, millis| {
        let target = Target { chip, kernels: KernelSet::Reference };
        check("person_detect.tflite", target, clock * 1_000_000, millis);
    };
    without(Chip::Esp32, 240, 4084.0);
    without(Chip::Esp32, 240, 4976.0);
    without(Chip::Esp32s3, 240, 2300.0);
    without(Chip::Esp32c3, 160, 3355.0);
    without(Chip::Esp32p4, 360, 1395.0);
}

#[test]
fn published_times_of_mlperf_tiny_lie_within_the_error_bar() {
    const CLOCK: u64 = 160_000_000;
    check("kws_ref_model.tflite", Target::new(Chip::Esp32), CLOCK, 236.6);
    check("kws_ref_model.tflite", Target::new(Chip::Esp32s3), CLOCK, 36.9);
    let template = Template::from_id("pictures-resnet8").unwrap();
    let graph = template.graph(&(template.sizes)());
    let resnet = lower_int8_placeholder(&graph).unwrap().model;
    check_model("ResNet-8", &resnet, Target::new(Chip::Esp32), CLOCK, 1000.5);
    check_model("ResNet-8", &resnet, Target::new(Chip::Esp32s3), CLOCK, 100.9);
    check("vww_96_int8.tflite", Target::new(Chip::Esp32s3), CLOCK, 110.8);
}

/// `hello_world`: one value, twice 16, one value.
fn sine() -> Model {
    placeholder(
        r#"[{"id":0,"name":"x","layer":"Input","shape":[1]},
            {"id":1,"name":"a","inputs":[0],"layer":"Dense","units":16,"activation":"relu"},
            {"id":2,"name":"b","inputs":[1],"layer":"Dense","units":16,"activation":"relu"},
            {"id":3,"name":"c","inputs":[2],"layer":"Dense","units":1}]"#,
    )
}

/// The spoken words of TFLM's examples: 49 steps of 40 features, 8 filters of 10 by 8, four words.
fn speech() -> Model {
    placeholder(
        r#"[{"id":0,"name":"x","layer":"Input","shape":[49,40,1]},
            {"id":1,"name":"a","inputs":[0],"layer":"DepthwiseConv2D","depth_multiplier":8,"kernel":[10,8],"stride":[2,2],
             "padding":"same","activation":"relu"},
            {"id":2,"name":"f","inputs":[1],"layer":"Flatten"},
            {"id":3,"name":"b","inputs":[2],"layer":"Dense","units":4,"activation":"softmax"}]"#,
    )
}

#[test]
fn published_times_of_small_networks_lie_within_the_error_bar() {
    const CLOCK: u64 = 240_000_000;
    let reference = Target { chip: Chip::Esp32, kernels: KernelSet::Reference };
    assert_eq!(crate::cost::totals(&sine()).macs, 288);
    assert_eq!(crate::cost::totals(&speech()).macs, 336_000);
    // The same network on the same chip: in a loop, and with other work between two invocations.
    for millis in [0.086, 1.786] {
        check_model("sine", &sine(), reference, CLOCK, millis);
        check("hello_world_int8.tflite", reference, CLOCK, millis);
    }
    check_model("speech", &speech(), reference, CLOCK, 207.4);
}

#[test]
fn a_tiny_network_takes_what_the_interpreter_takes() {
    for target in [Chip::Esp32, Chip::Esp32s3, Chip::Esp32c3, Chip::Esp32p4].map(chip) {
        let found = estimate(&sine(), target);
        let total = found.total.unwrap();
        let (low, high) = total.micros_range(found.clock_hz.unwrap());
        assert!(total.micros(found.clock_hz.unwrap()) > 100.0, "{total:?}");
        assert!(low > 5.0 && high > 1_786.0, "{low} to {high} µs on {}", target.chip.id());
        assert!(total.mid > found.invocation.unwrap().mid, "every operator takes something");
        assert!(!found.overhead_source.is_empty());
    }
    let unknown = estimate(&sine(), chip(Chip::Esp32c6));
    assert_eq!((unknown.total, unknown.invocation, unknown.overhead_source), (None, None, ""));
}

fn placeholder(layers: &str) -> Model {
    let graph: LayerGraph = serde_json::from_str(&format!("{{\"layers\":{layers}}}")).unwrap();
    lower_int8_placeholder(&graph).unwrap().model
}

fn chip(chip: Chip) -> Target {
    Target::new(chip)
}

/// The benchmark itself: 331,008 ticks for a 1×1 convolution, times what whole models take longer.
#[test]
fn a_kernel_of_the_benchmark_takes_what_was_measured() {
    let model = placeholder(
        r#"[{"id":0,"name":"x","layer":"Input","shape":[10,10,64]},
            {"id":1,"name":"a","inputs":[0],"layer":"Conv2D","filters":64,"kernel":[1,1]}]"#,
    );
    let found = estimate(&model, chip(Chip::Esp32s3)).operators[0].cycles.unwrap();
    let called = overhead(Chip::Esp32s3).unwrap().per_operator;
    let kernel =
        Cycles { low: found.low - called.low, mid: found.mid - called.mid, high: found.high - called.high };
    assert!((kernel.mid / (331_008.0 * 1.26) - 1.0).abs() < 0.01, "{kernel:?}");
    assert!((kernel.relative_error() - 0.25).abs() < 0.001, "{kernel:?}");
}

#[test]
fn what_nobody_measured_has_no_estimate() {
    let recurrent = placeholder(
        r#"[{"id":0,"name":"x","layer":"Input","shape":[10,3]},
            {"id":1,"name":"a","inputs":[0],"layer":"Lstm","units":8},
            {"id":2,"name":"b","inputs":[1],"layer":"Dense","units":2}]"#,
    );
    let found = estimate(&recurrent, chip(Chip::Esp32s3));
    assert_eq!(found.total, None, "an LSTM multiplies, so a sum without it says nothing");
    let reasons: Vec<_> = found.operators.iter().map(|it| it.cycles.err()).collect();
    assert_eq!(reasons, [Some("no measurement of this operator is known"), None, None]);
    let dense = placeholder(
        r#"[{"id":0,"name":"x","layer":"Input","shape":[10]},
            {"id":1,"name":"a","inputs":[0],"layer":"Dense","units":8,"activation":"sigmoid"}]"#,
    );
    let found = estimate(&dense, chip(Chip::Esp32s3));
    assert_eq!(found.missing().count(), 1, "the sigmoid");
    assert!(found.total.is_some());
    for unknown in [Chip::Esp32c6, Chip::Host64] {
        assert_eq!(estimate(&dense, chip(unknown)).total, None);
    }
    let float = shared("hello_world_float.tflite");
    assert!(float.is_none_or(|model| estimate(&model, chip(Chip::Esp32)).total.is_none()));
}

#[test]
fn kernels_that_only_a_benchmark_speaks_for_have_a_wider_bar() {
    let dense = placeholder(
        r#"[{"id":0,"name":"x","layer":"Input","shape":[64]},
            {"id":1,"name":"a","inputs":[0],"layer":"Dense","units":8}]"#,
    );
    let found = estimate(&dense, chip(Chip::Esp32s3)).operators[0].cycles.unwrap();
    let called = overhead(Chip::Esp32s3).unwrap().per_operator;
    assert!(((found.high - called.high) / (found.mid - called.mid) - 2.0).abs() < 1e-6, "{found:?}");
}
