//! A number that tells runs apart that must not be mixed.

use emberlab_core::layers::LayerGraph;
use emberlab_core::training::{BackendChoice, TrainingConfig};

use crate::batch::Set;

/// Says which network, samples and settings a run has. What may change while a run is left is not part of it: how long it
/// is, when it ends early, what is kept of it, where it computes, and where layers stand on the canvas.
pub(crate) fn of_run(
    graph: &LayerGraph,
    config: &TrainingConfig,
    training: usize,
    validation: Option<&Set<'_>>,
) -> u64 {
    let mut graph = graph.clone();
    graph.name.clear();
    graph.layers.iter_mut().for_each(|layer| layer.position = None);
    let config = TrainingConfig {
        epochs: 0,
        early_stopping: None,
        keep_best: false,
        backend: BackendChoice::Cpu,
        ..config.clone()
    };
    let validation = validation.map(|set| set.indexes.len());
    // Debug text holds every field, and floats in full.
    fnv(format!("{graph:?} {config:?} {training} {validation:?}").as_bytes())
}

/// FNV-1a with 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use emberlab_core::layers::{Layer, LayerId, LayerKind};

    use super::*;

    #[test]
    fn only_what_matters_tells_runs_apart() {
        let layer = Layer {
            id: LayerId(1),
            name: "input".to_owned(),
            inputs: Vec::new(),
            position: None,
            kind: LayerKind::Input { shape: vec![3] },
        };
        let graph = LayerGraph { layers: vec![layer], ..LayerGraph::default() };
        let config = TrainingConfig::default();
        let of = |graph: &LayerGraph, config: &TrainingConfig, count| of_run(graph, config, count, None);
        let base = of(&graph, &config, 10);
        let longer = TrainingConfig { epochs: 99, keep_best: false, ..config.clone() };
        let mut moved = graph.clone();
        moved.layers[0].position = Some([1.0, 2.0]);
        assert_eq!(of(&moved, &longer, 10), base);
        let other = TrainingConfig { seed: 2, ..config.clone() };
        let mut reshaped = graph.clone();
        reshaped.layers[0].kind = LayerKind::Input { shape: vec![4] };
        assert_ne!(of(&graph, &other, 10), base);
        assert_ne!(of(&graph, &config, 11), base);
        assert_ne!(of(&reshaped, &config, 10), base);
    }

    #[test]
    fn the_hash_is_fnv() {
        assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
