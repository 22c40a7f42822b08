//! What a graph costs on a chip once it is int8: arena to the byte, flash, time.

use super::{LayerGraph, LayerId, LowerError, Lowered, Shapes, lower_int8_placeholder_with};
use crate::cost::{self, Cycles, Estimate, FlashEstimate, estimate_with};
use crate::model::{OperatorId, SubgraphId};
use crate::plan::{ArenaPlan, Refusal, Target, plan};
use crate::tflite;
use crate::verdict::{self, OperatorVerdict};

/// Costs of a graph on one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Costs {
    /// The int8 model, with weights of zero and scales that only have the right form.
    pub lowered: Lowered,
    /// Its arena, which is that of an int8 export; or why TFLM does not prepare it.
    pub plan: Result<ArenaPlan, Vec<Refusal>>,
    /// Which kernel runs each operator.
    pub verdicts: Vec<OperatorVerdict>,
    /// How long it takes.
    pub estimate: Estimate,
    /// Bytes of the file, and an estimate of the application around it.
    pub flash: FlashEstimate,
}

/// Bytes of weights that no chip's flash holds: above them only their sum is counted, instead of the file being written.
const MAX_WRITTEN_BYTES: u64 = 32 << 20;

/// What the graph costs on `target`; `shapes` are those of the graph.
///
/// # Errors
/// The graph has errors.
pub fn costs(graph: &LayerGraph, shapes: &Shapes, target: Target) -> Result<Costs, LowerError> {
    let lowered = lower_int8_placeholder_with(graph, shapes)?;
    let plan = plan(&lowered.model, target);
    let verdicts = verdict::operators(&lowered.model, target);
    let estimate = estimate_with(&lowered.model, target, &verdicts);
    let weight_bytes = cost::totals(&lowered.model).weight_bytes;
    let written = (weight_bytes <= MAX_WRITTEN_BYTES).then(|| tflite::write(&lowered.model).ok()).flatten();
    let model_bytes = written.map_or(weight_bytes, |file| file.len() as u64);
    Ok(Costs { lowered, plan, verdicts, estimate, flash: cost::flash(model_bytes) })
}

impl Costs {
    /// Operators that a layer answers for: of those that compute several layers, only the one with the weights has the
    /// costs, so that costs of layers add up to those of the model.
    pub fn operators_of(&self, graph: &LayerGraph, layer: LayerId) -> Vec<OperatorId> {
        let owned = self.lowered.operators_of(layer);
        owned.filter(|operator| owner(graph, self.lowered.layers_of(*operator)) == Some(layer)).collect()
    }

    /// Multiply-accumulates of a layer.
    pub fn macs(&self, graph: &LayerGraph, layer: LayerId) -> u64 {
        let operators = self.operators_of(graph, layer).into_iter();
        operators.map(|operator| cost::macs(&self.lowered.model, SubgraphId(0), operator)).sum()
    }

    /// Cycles of a layer: `Ok(None)` for one without operators of its own, or why there is no estimate.
    ///
    /// # Errors
    /// The reason for which one of its operators has no estimate.
    pub fn cycles(&self, graph: &LayerGraph, layer: LayerId) -> Result<Option<Cycles>, &'static str> {
        let mut sum = None;
        for operator in self.operators_of(graph, layer) {
            let Some(found) = self.estimate.operator(operator) else { continue };
            sum = Some(found.cycles?.plus(sum.unwrap_or_default()));
        }
        Ok(sum)
    }

    /// Bytes that are alive in the arena's head while a layer is computed, at most; `None` where TFLM refuses the model or
    /// the layer disappears.
    pub fn live_bytes(&self, layer: LayerId) -> Option<u64> {
        let plan = self.plan.as_ref().ok()?;
        let operators: Vec<OperatorId> = self.lowered.operators_of(layer).collect();
        let is_own = |scope: &usize| match plan.scope_operators[*scope] {
            Some((SubgraphId(0), operator)) => operators.contains(&operator),
            _ => false,
        };
        let scopes = (0..plan.scope_operators.len()).filter(is_own);
        scopes.map(|scope| plan.live_bytes(scope as u32)).max()
    }

    /// Bytes of what a layer gives, as int8; `None` for layers without a tensor.
    pub fn output_bytes(&self, layer: LayerId) -> Option<u64> {
        let tensor = self.lowered.tensors.get(&layer)?;
        self.lowered.model.subgraphs[0].tensor(*tensor).byte_size()
    }
}

/// The layer that answers for an operator: the first with weights, else the first.
fn owner(graph: &LayerGraph, layers: &[LayerId]) -> Option<LayerId> {
    let has_kernel =
        |id: &&LayerId| graph.layer(**id).is_some_and(|layer| layer.kind.weight_options().is_some());
    layers.iter().find(has_kernel).or(layers.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{FileFacts, inspect};
    use crate::layers::testing::random_graph;
    use crate::layers::{shapes, templates};
    use crate::plan::Chip;
    use crate::run::{Semantics, emberlab_arena};

    /// The file that is exported, read again and inspected, has the arena that the gauge shows.
    fn check(name: &str, graph: &LayerGraph) {
        for chip in Chip::ALL {
            let target = Target::new(chip);
            let costs = costs(graph, &shapes(graph), target).unwrap();
            let file: std::sync::Arc<[u8]> = tflite::write(&costs.lowered.model).unwrap().into();
            assert_eq!(costs.flash.model_bytes, file.len() as u64, "{name}");
            let facts = FileFacts { bytes: file.len() as u64, sha256: String::new() };
            let own = emberlab_arena(&file, Semantics::Tflm);
            let read = tflite::read(file).unwrap();
            let arena = inspect(&read, facts, &own, target).arena.unwrap();
            let plan = costs.plan.as_ref().unwrap();
            assert_eq!(plan.used_bytes, arena.used_bytes, "{name} on {}", chip.id());
            assert_eq!(plan.minimum_bytes, arena.minimum_bytes, "{name} on {}", chip.id());
            assert_eq!(plan.recommended_bytes, arena.recommended_bytes, "{name} on {}", chip.id());
        }
    }

    #[test]
    fn the_arena_is_that_of_the_exported_file() {
        for template in templates::ALL {
            check(template.id, &template.graph(&(template.sizes)()));
        }
        for seed in 0..30 {
            check("random", &random_graph(seed));
        }
    }

    #[test]
    fn costs_of_layers_add_up() {
        for seed in 0..100 {
            let graph = random_graph(seed);
            let costs = costs(&graph, &shapes(&graph), Target::new(Chip::Esp32s3)).unwrap();
            let macs: u64 = graph.layers.iter().map(|layer| costs.macs(&graph, layer.id)).sum();
            assert_eq!(macs, cost::totals(&costs.lowered.model).macs, "{seed}");
            let plan = costs.plan.as_ref().unwrap();
            let live = graph.layers.iter().filter_map(|layer| costs.live_bytes(layer.id)).max();
            assert!(live.is_none_or(|live| live <= plan.lower_bound_bytes), "{seed}");
        }
    }
}
