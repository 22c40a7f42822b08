//! A small run on a graphics adapter, where there is one.

use emberlab_core::training::TrainingConfig;

use super::{chain, quadrants};
use crate::{Backend, BackendKind, End, Event, Job, Start, Uninterrupted, list_backends, train};

#[test]
fn a_graphics_adapter_learns_too() {
    let backends = list_backends();
    let adapter = backends.iter().find(|backend| backend.is_real_gpu());
    // Kernels of a software adapter take a minute to compile: only where it is asked for.
    let asked = std::env::var_os("EMBERLAB_SOFTWARE_GPU").is_some();
    let software = backends.iter().find(|backend| asked && backend.kind == BackendKind::SoftwareGpu);
    let Some(adapter) = adapter.or(software) else {
        println!("skipped: no graphics adapter but {} backends in all", backends.len());
        return;
    };
    let backend = Backend::open(adapter).unwrap();
    let graph = chain(&[
        r#""layer":"Input","shape":[2]"#,
        r#""layer":"Dense","units":8,"activation":"relu""#,
        r#""layer":"Dense","units":2,"activation":"softmax""#,
    ]);
    let config =
        TrainingConfig { learning_rate: 0.05, batch_size: 50, epochs: 6, ..TrainingConfig::default() };
    let samples = quadrants(200);
    let job =
        Job { graph: &graph, training: &samples, validation: None, config: &config, start: Start::Fresh };
    let mut losses = Vec::new();
    let mut note = |event: Event| {
        if let Event::Epoch(epoch) = event {
            losses.push(epoch.loss);
        }
    };
    let outcome = train(&job, &backend, &mut Uninterrupted, &mut note).unwrap();
    assert_eq!(outcome.end, End::Complete);
    assert!(losses.last() < losses.first(), "{losses:?}");
    let (cpu, gpu) = (train(&job, &Backend::cpu(), &mut Uninterrupted, &mut |_| ()).unwrap(), outcome);
    let values = |outcome: &crate::Outcome| outcome.weights.get("layer 1", "kernel").unwrap().values.clone();
    for (cpu, gpu) in values(&cpu).iter().zip(values(&gpu)) {
        assert!((cpu - gpu).abs() < 1e-3, "{cpu} {gpu}");
    }
}
