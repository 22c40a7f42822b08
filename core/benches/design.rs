//! What an edit costs until all gauges are right: `cargo bench -p emberlab-core --bench design`.

use divan::{Bencher, black_box};
use emberlab_core::layers::templates::Template;
use emberlab_core::layers::{
    LayerGraph, costs, initial_weights, keras_code, lower_int8_placeholder, shapes, summary,
};
use emberlab_core::plan::{Chip, Target, plan};

const TEMPLATES: [&str; 4] = ["pictures-mobilenet", "pictures-resnet8", "keywords-ds-cnn", "gesture-lstm"];

fn main() {
    divan::main();
}

fn graph(id: &str) -> LayerGraph {
    let template = Template::from_id(id).expect("the template ships");
    template.graph(&(template.sizes)())
}

#[divan::bench(args = TEMPLATES)]
fn shapes_of(bencher: Bencher, id: &str) {
    let graph = graph(id);
    bencher.bench(|| shapes(black_box(&graph)));
}

#[divan::bench(args = TEMPLATES)]
fn int8_model(bencher: Bencher, id: &str) {
    let graph = graph(id);
    bencher.bench(|| lower_int8_placeholder(black_box(&graph)));
}

#[divan::bench(args = TEMPLATES)]
fn exact_arena(bencher: Bencher, id: &str) {
    let lowered = lower_int8_placeholder(&graph(id)).expect("templates have no errors");
    bencher.bench(|| plan(black_box(&lowered.model), Target::new(Chip::Esp32s3)));
}

/// Shapes, model, arena, verdicts, time, file and table: everything that the window shows after an edit.
#[divan::bench(args = TEMPLATES)]
fn all_gauges(bencher: Bencher, id: &str) {
    let graph = graph(id);
    bencher.bench(|| {
        let shapes = shapes(black_box(&graph));
        let costs = costs(&graph, &shapes, Target::new(Chip::Esp32s3)).expect("templates have no errors");
        summary(&graph, &shapes, Some(&costs))
    });
}

#[divan::bench(args = TEMPLATES)]
fn code(bencher: Bencher, id: &str) {
    let graph = graph(id);
    bencher.bench(|| keras_code(black_box(&graph)));
}

#[divan::bench(args = TEMPLATES)]
fn first_weights(bencher: Bencher, id: &str) {
    let graph = graph(id);
    bencher.bench(|| initial_weights(black_box(&graph), 1));
}
