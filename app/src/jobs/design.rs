//! What a network costs: shapes and places, the int8 model that it becomes, and what other sizes would cost.

use std::collections::HashSet;
use std::sync::Arc;

use emberlab_core::cost::{estimate, totals};
use emberlab_core::layers::{
    Layer, LayerGraph, LayerId, LayerKind, Lowered, Shapes, lower_int8_placeholder_with, shapes,
};
use emberlab_core::plan::{self, Target};
use emberlab_core::tflite;

use super::open::{open_file, open_model};
use super::{Finding, JobContext, JobKind, JobSpec, Jobs, Outcome, Subject};
use crate::document::{Latency, OpenFailure, OpenModel};
use crate::panels::design::placed::{Placed, place};
use crate::panels::design::tied::resized;
use crate::panels::design::words::main_number;
use crate::project::design::{Costs, Drawn, Part, WhatIf, WhatIfKey, WhatIfRow};
use crate::project::{DesignFinding, DesignOutcome};

/// A network whose costs are wanted.
#[derive(Clone, Debug)]
pub struct CostsRequest {
    /// The tab it is for; the revision is the load that the model would be.
    pub subject: Subject,
    /// The name in messages.
    pub title: String,
    /// Number of the network.
    pub network: u64,
    /// The network.
    pub graph: Arc<LayerGraph>,
    /// What was drawn before: places are kept where nothing moves.
    pub before: Option<Arc<Drawn>>,
    /// The target whose figures the user waits for.
    pub target: Target,
}

/// A layer whose other sizes are wanted.
#[derive(Clone, Debug)]
pub struct WhatIfRequest {
    /// The tab it is for.
    pub subject: Subject,
    /// The name in messages.
    pub title: String,
    /// What is asked.
    pub key: WhatIfKey,
    /// The network.
    pub graph: Arc<LayerGraph>,
}

impl Jobs {
    /// Finds out what a network costs; [`DesignFinding::Drawn`] comes first.
    pub fn costs(&mut self, request: CostsRequest) {
        let spec = JobSpec {
            kind: JobKind::Costs,
            name: format!("Costs of {}", request.title),
            subject: Some(request.subject),
        };
        self.start(spec, move |context| costs(&request, context));
    }

    /// Finds out what other sizes of a layer would cost.
    pub fn what_if(&mut self, request: WhatIfRequest) {
        let spec = JobSpec {
            kind: JobKind::WhatIf,
            name: format!("Other sizes for {}", request.title),
            subject: Some(request.subject),
        };
        self.start(spec, move |context| {
            let answer = what_if(&request.graph, request.key, &|| context.is_cancelled())?;
            Some(Outcome::Design(DesignOutcome::WhatIf(answer)))
        });
    }
}

fn costs(request: &CostsRequest, context: &JobContext) -> Option<Outcome> {
    let graph = request.graph.clone();
    let shapes = shapes(&graph);
    let placed = placed(&graph, &shapes, request.before.as_deref(), &|| context.is_cancelled())?;
    let drawn = Arc::new(Drawn { network: request.network, graph: graph.clone(), shapes, placed });
    context.found(Finding::Design(DesignFinding::Drawn(drawn.clone())));
    if context.is_cancelled() {
        return None;
    }
    let outcome = match built(&graph, &drawn.shapes, request.target) {
        Some((model, lowered)) => {
            let Lowered { layers, tensors, .. } = lowered;
            DesignOutcome::Costs(Box::new(Costs { drawn, model, origins: layers, tensors }))
        }
        None => DesignOutcome::Errors(part(drawn, request.target).map(Box::new)),
    };
    Some(Outcome::Design(outcome))
}

/// The layers of a network with errors that have a shape, as a network of their own.
fn part(drawn: Arc<Drawn>, target: Target) -> Option<Part> {
    let is_fine = |layer: &Layer| drawn.shapes.output(layer.id).is_some();
    let mut graph = LayerGraph { outputs: Vec::new(), ..(*drawn.graph).clone() };
    graph.layers.retain(is_fine);
    // An input that nothing reads any more would be an error of its own.
    let read: HashSet<LayerId> = graph.layers.iter().flat_map(|layer| layer.inputs.iter().copied()).collect();
    graph.layers.retain(|layer| !matches!(layer.kind, LayerKind::Input { .. }) || read.contains(&layer.id));
    let lowered = lower_int8_placeholder_with(&graph, &shapes(&graph)).ok()?;
    let Lowered { layers, model, .. } = lowered;
    Some(Part { drawn, origins: layers, model: open_model(model, target) })
}

/// Places of the layers; those of before where neither edges nor positions are others.
fn placed(
    graph: &LayerGraph,
    shapes: &Shapes,
    before: Option<&Drawn>,
    cancelled: &dyn Fn() -> bool,
) -> Option<Arc<Placed>> {
    if let Some(before) = before
        && same_places(graph, &before.graph)
    {
        return Some(before.placed.clone());
    }
    place(graph, &shapes.order, cancelled).map(Arc::new)
}

/// Layers, edges and positions are the same; what the layers compute may differ.
fn same_places(a: &LayerGraph, b: &LayerGraph) -> bool {
    let mut pairs = a.layers.iter().zip(&b.layers);
    a.layers.len() == b.layers.len()
        && pairs.all(|(a, b)| a.id == b.id && a.inputs == b.inputs && a.position == b.position)
}

/// Weights beyond the flash of any of the chips are counted, but not written.
const MAX_WRITTEN_BYTES: u64 = 16 << 20;

/// The network as the int8 model of which a chip runs every byte, written and read back; `None` if it has errors.
fn built(
    graph: &LayerGraph,
    shapes: &Shapes,
    target: Target,
) -> Option<(Result<OpenModel, OpenFailure>, Lowered)> {
    let lowered = lower_int8_placeholder_with(graph, shapes).ok()?;
    let failure = |details: String| OpenFailure {
        message: "The network cannot be written as a model".to_owned(),
        place: details.clone(),
        help: "Undo the last change, and please report the network that cannot be written.".to_owned(),
        details,
    };
    let model = if totals(&lowered.model).weight_bytes > MAX_WRITTEN_BYTES {
        Ok(open_model(lowered.model.clone(), target))
    } else {
        tflite::write(&lowered.model)
            .map_err(|error| failure(error.to_string()))
            .and_then(|bytes| open_file(bytes.into(), target).map_err(|error| failure(error.to_string())))
    };
    Some((model.map(|open| OpenModel { is_placeholder: true, ..open }), lowered))
}

/// The answers for a few sizes of a layer; `None` when cancelled.
fn what_if(graph: &LayerGraph, key: WhatIfKey, cancelled: &dyn Fn() -> bool) -> Option<WhatIf> {
    let mut answer = WhatIf { key, rows: Vec::new(), remedy: None };
    let Some((_, present)) = graph.layer(key.layer).and_then(|layer| main_number(&layer.kind)) else {
        return Some(answer);
    };
    for number in sizes(present) {
        if cancelled() {
            return None;
        }
        answer.rows.push(row(graph, key.layer, number, key.target));
    }
    let Some(budget) = key.latency_budget else { return Some(answer) };
    let keeps = |row: &WhatIfRow| row.millis.is_some_and(|millis| millis < 0.8 * budget);
    let present_row = answer.rows.iter().find(|row| row.number == present);
    if present_row.is_some_and(|row| row.millis.is_some() && !keeps(row)) {
        answer.remedy = remedy(graph, key, present, &keeps, cancelled)?;
    }
    Some(answer)
}

/// The largest multiple of 8 below the present size that keeps to a limit; `None` when cancelled.
fn remedy(
    graph: &LayerGraph,
    key: WhatIfKey,
    present: usize,
    keeps: &dyn Fn(&WhatIfRow) -> bool,
    cancelled: &dyn Fn() -> bool,
) -> Option<Option<WhatIfRow>> {
    // Latency grows with the size, so halving finds the border; below `low` everything keeps to the limit.
    let (mut low, mut high) = (0, present.saturating_sub(1) / 8);
    let mut found = None;
    while low < high {
        if cancelled() {
            return None;
        }
        let middle = (low + high).div_ceil(2);
        let row = row(graph, key.layer, middle * 8, key.target);
        if keeps(&row) {
            found = Some(row);
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Some(found)
}

/// Sizes around the present one: multiples of 8 where it is at least 16, as kernels like them.
fn sizes(present: usize) -> Vec<usize> {
    let round = |share: f64| {
        let exact = present as f64 * share;
        if present >= 16 { (exact / 8.0).round() as usize * 8 } else { exact.round() as usize }
    };
    let mut sizes: Vec<usize> = [0.5, 0.75, 1.5, 2.0].into_iter().map(round).collect();
    sizes.push(present);
    sizes.retain(|size| *size > 0);
    let seen: HashSet<usize> = sizes.drain(..).collect();
    sizes.extend(seen);
    sizes.sort_unstable();
    sizes
}

/// The network with a layer, and those that must fit it, of another size.
fn row(graph: &LayerGraph, layer: LayerId, number: usize, target: Target) -> WhatIfRow {
    let unknown = WhatIfRow { number, arena_bytes: None, millis: None };
    let edits = resized(graph, layer, number);
    let other = edits.iter().try_fold(graph.clone(), |graph, edit| graph.apply(edit));
    let Ok(other) = other else { return unknown };
    let Ok(lowered) = lower_int8_placeholder_with(&other, &shapes(&other)) else { return unknown };
    let plan = plan::plan(&lowered.model, target).ok();
    WhatIfRow {
        number,
        arena_bytes: plan.map(|plan| plan.minimum_bytes.unwrap_or(plan.used_bytes)),
        millis: Latency::of(&estimate(&lowered.model, target)).map(|latency| latency.millis),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_around_the_present_one_are_told_apart() {
        assert_eq!(sizes(64), [32, 48, 64, 96, 128]);
        assert_eq!(sizes(10), [5, 8, 10, 15, 20]);
        assert_eq!(sizes(1), [1, 2]);
        assert_eq!(sizes(20), [8, 16, 20, 32, 40]);
    }
}
