//! Which layers must have as many channels as another, because what they give is added up.

use std::collections::HashSet;

use emberlab_core::layers::{Edit, LayerGraph, LayerId, LayerKind};

use super::words::{main_number, with_main_number};

/// The layer and all whose number of units or filters must change with it, in the order of the graph; empty for layers
/// without such a number, and where the number is fixed by an input of the network.
pub fn tied(graph: &LayerGraph, layer: LayerId) -> Vec<LayerId> {
    let has_number = |id: LayerId| graph.layer(id).is_some_and(|layer| main_number(&layer.kind).is_some());
    if !has_number(layer) {
        return Vec::new();
    }
    // Layers whose outputs have the channels of the layer: found downwards through whatever keeps channels, and upwards
    // from each merge.
    let mut same: HashSet<LayerId> = HashSet::from([layer]);
    let mut open = vec![layer];
    let visit = |id: LayerId, same: &mut HashSet<LayerId>, open: &mut Vec<LayerId>| {
        if same.insert(id) {
            open.push(id);
        }
    };
    while let Some(id) = open.pop() {
        for reader in graph.layers.iter().filter(|reader| reader.inputs.contains(&id)) {
            if keeps_channels(&reader.kind) {
                visit(reader.id, &mut same, &mut open);
            }
        }
        let Some(found) = graph.layer(id) else { continue };
        if keeps_channels(&found.kind) {
            for input in &found.inputs {
                visit(*input, &mut same, &mut open);
            }
        }
    }
    let fixed = same.iter().any(|id| {
        graph
            .layer(*id)
            .is_some_and(|layer| main_number(&layer.kind).is_none() && !keeps_channels(&layer.kind))
    });
    if fixed {
        return Vec::new();
    }
    graph.layers.iter().map(|layer| layer.id).filter(|id| same.contains(id) && has_number(*id)).collect()
}

/// The edits that give a layer another number of units or filters, and with it those that must fit it.
pub fn resized(graph: &LayerGraph, layer: LayerId, number: usize) -> Vec<Edit> {
    let mut layers = tied(graph, layer);
    if layers.is_empty() {
        layers.push(layer);
    }
    let edits = layers.into_iter().filter_map(|id| {
        let kind = with_main_number(&graph.layer(id)?.kind, number);
        Some(Edit::SetKind { layer: id, kind })
    });
    edits.collect()
}

/// Gives as many channels as it takes.
fn keeps_channels(kind: &LayerKind) -> bool {
    match kind {
        LayerKind::BatchNorm { .. }
        | LayerKind::Activation { .. }
        | LayerKind::Dropout { .. }
        | LayerKind::Pool1D { .. }
        | LayerKind::Pool2D { .. }
        | LayerKind::GlobalPool { .. }
        | LayerKind::ZeroPadding { .. }
        | LayerKind::UpSampling { .. }
        | LayerKind::Merge { .. } => true,
        LayerKind::DepthwiseConv2D { depth_multiplier, .. } => *depth_multiplier == 1,
        LayerKind::Input { .. }
        | LayerKind::Dense { .. }
        | LayerKind::Conv1D { .. }
        | LayerKind::Conv2D { .. }
        | LayerKind::SeparableConv2D { .. }
        | LayerKind::Flatten {}
        | LayerKind::Reshape { .. }
        | LayerKind::Concatenate { .. }
        | LayerKind::Lstm { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use emberlab_core::layers::{Activation, MergeOperation, WeightOptions, shapes};

    use super::*;

    fn dense(units: usize) -> LayerKind {
        LayerKind::Dense { units, activation: Activation::Relu, weights: WeightOptions::default() }
    }

    fn graph(layers: &[(LayerKind, &[u32])]) -> LayerGraph {
        layers.iter().fold(LayerGraph::default(), |graph, (kind, inputs)| {
            let inputs = inputs.iter().map(|input| LayerId(*input)).collect();
            graph.apply(&Edit::Add { kind: kind.clone(), name: None, inputs, position: None }).unwrap()
        })
    }

    fn check(graph: &LayerGraph, layer: u32, expected: &[u32]) {
        let expected: Vec<LayerId> = expected.iter().map(|id| LayerId(*id)).collect();
        assert_eq!(tied(graph, LayerId(layer)), expected, "{layer}");
    }

    #[test]
    fn branches_that_are_added_up_change_together() {
        let add = LayerKind::Merge { operation: MergeOperation::Add };
        let graph = graph(&[
            (LayerKind::Input { shape: vec![8] }, &[]),
            (dense(4), &[0]),
            (LayerKind::Dropout { rate: 0.1 }, &[1]),
            (dense(4), &[0]),
            (add, &[2, 3]),
            (dense(6), &[4]),
        ]);
        check(&graph, 1, &[1, 3]);
        check(&graph, 3, &[1, 3]);
        check(&graph, 5, &[5]);
        check(&graph, 2, &[]);
        let resized = resized(&graph, LayerId(3), 12);
        let other = resized.iter().fold(graph, |graph, edit| graph.apply(edit).unwrap());
        assert!(shapes(&other).is_valid());
    }

    #[test]
    fn a_branch_that_is_added_to_the_input_cannot_change() {
        let add = LayerKind::Merge { operation: MergeOperation::Add };
        let graph = graph(&[(LayerKind::Input { shape: vec![8] }, &[]), (dense(8), &[0]), (add, &[0, 1])]);
        check(&graph, 1, &[]);
    }
}
