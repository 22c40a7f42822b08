//! Everything that canvas, tables and inspector say about the layers of a network, made once per network and target.

use std::collections::HashMap;

use emberlab_core::cost::{self, OperatorEstimate};
use emberlab_core::layers::{Layer, LayerGraph, LayerId, LayerProblem, shape_text};
use emberlab_core::model::{OperatorId, SubgraphId};
use emberlab_core::plan::Target;
use emberlab_core::verdict::{Diagnostic, Kernel, OperatorVerdict, Place, Severity};

use super::words::{category, details};
use crate::document::{Findings, Latency, OpenModel, Tab, TabId};
use crate::panels::inspect::facts::live_bytes;
use crate::panels::inspect::find::Haystack;
use crate::project::DesignState;
use crate::project::design::Drawn;
use crate::theme::{Category, format};

/// What the facts were made from: other facts are needed when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactsKey {
    /// The tab, and which model is its content.
    pub tab: (TabId, u64),
    /// Number of the network that is drawn, and of the one whose part is known.
    pub network: (u64, u64),
    /// Chip and kernels.
    pub target: Target,
    /// Whether the arena and the findings for the target are known.
    pub known: (bool, bool),
}

/// Facts about a network on a target.
#[derive(Clone, Debug, Default)]
pub struct NetworkFacts {
    /// One entry per layer, in the order of the graph.
    pub layers: Vec<LayerFacts>,
    /// Indexes of all layers in the order of data flow.
    pub order: Vec<usize>,
    /// Largest figure of one layer, for bars and colours.
    pub most: Most,
    /// Sums over all layers.
    pub totals: Totals,
    /// Problems of the graph as a whole.
    pub problems: Vec<LayerProblem>,
    /// Layers with an error of their own.
    pub n_errors: usize,
    /// Layers that are fine but read one that is not.
    pub n_waiting: usize,
}

/// The largest figures of one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Most {
    /// Numbers that are learned or kept.
    pub parameters: u64,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Live bytes of the arena.
    pub live_bytes: u64,
    /// Estimated milliseconds.
    pub millis: f64,
}

/// Sums over all layers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Numbers that are learned or kept, as Keras counts.
    pub parameters: u64,
    /// Multiply-accumulates; `None` where those of a layer are not known.
    pub macs: Option<u64>,
    /// How long an invocation takes; `None` where there is no estimate.
    pub latency: Option<Latency>,
}

/// Facts about one layer.
#[derive(Clone, Debug)]
pub struct LayerFacts {
    /// Which layer.
    pub id: LayerId,
    /// Its place in the order of data flow.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// Its kind in words.
    pub label: &'static str,
    /// Its kind for the colour.
    pub category: Category,
    /// What tells it from others of its kind.
    pub details: String,
    /// Shape of its output; empty where it is not known.
    pub shape: String,
    /// Elements of its output.
    pub elements: Option<u64>,
    /// Numbers that it learns or keeps.
    pub parameters: u64,
    /// What it has become in the model; `None` where the model is of a network in which it was not there as it is.
    pub cost: Option<LayerCost>,
    /// What is wrong or odd about it, the worst first.
    pub problems: Vec<LayerProblem>,
    /// It is fine, but something that it reads is not.
    pub waits: bool,
    /// What assistive tools say.
    pub spoken: String,
    /// What find looks at.
    pub haystack: Haystack,
}

/// What a layer has become in the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerCost {
    /// Operators that compute it and no layer before it.
    pub operators: Vec<OperatorId>,
    /// Names of these operators.
    pub operator_names: Vec<String>,
    /// The layer whose operator computes this one too.
    pub within: Option<String>,
    /// Multiply-accumulates of its operators.
    pub macs: u64,
    /// Largest number of bytes that are alive while one of its operators runs; `None` where the arena is not known.
    pub live_bytes: Option<u64>,
    /// Estimated milliseconds; `None` where there is no source for an estimate.
    pub millis: Option<f64>,
    /// Why there is no estimate, where there is none.
    pub unknown: Option<&'static str>,
    /// The worst kernel that runs one of its operators, and in words; `None` until it was judged.
    pub kernel: Option<(Speed, String)>,
    /// What the verdict says about its operators and their tensors.
    pub findings: Vec<Diagnostic>,
}

/// How fast a kernel is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speed {
    /// TFLM does not run it.
    Refused,
    /// TFLM's reference kernel.
    Reference,
    /// ESP-NN.
    Fast,
    /// No arithmetic.
    Copy,
}

impl FactsKey {
    /// The key of what is shown now.
    pub fn of(
        tab: &Tab,
        design: &DesignState,
        open: Option<&OpenModel>,
        drawn: &Drawn,
        target: Target,
    ) -> Self {
        let known = open
            .map_or((false, false), |open| (open.plan(target).is_some(), open.findings(target).is_some()));
        let part = design.part.as_ref().map_or(0, |part| part.drawn.network);
        Self { tab: (tab.id, tab.revision), network: (drawn.network, part), target, known }
    }
}

impl NetworkFacts {
    /// Facts about the network that is drawn; figures come from the last network that fits.
    pub fn of(drawn: &Drawn, design: &DesignState, open: Option<&OpenModel>, target: Target) -> Self {
        let source = match (&design.part, &design.fitting, open) {
            (Some(part), ..) => {
                Some(Source { drawn: &part.drawn, origins: &part.origins, open: &part.model })
            }
            (None, Some(fitting), Some(open)) => {
                Some(Source { drawn: &fitting.drawn, origins: &fitting.origins, open })
            }
            (None, Some(_) | None, _) => None,
        };
        let costs = source.as_ref().map(|source| costs(source, target)).unwrap_or_default();
        let order = order(drawn);
        let mut numbers = vec![0; order.len()];
        for (number, index) in order.iter().enumerate() {
            numbers[*index] = number;
        }
        let layers = drawn.graph.layers.iter().enumerate();
        let layers: Vec<LayerFacts> = layers
            .map(|(index, layer)| {
                let is_same = source.as_ref().is_some_and(|source| is_same(layer, drawn, source.drawn));
                let has_shape = drawn.shapes.output(layer.id).is_some();
                let cost = if is_same && has_shape { costs.get(&layer.id).cloned() } else { None };
                facts(index, numbers[index], layer, drawn, cost)
            })
            .collect();
        let figures = || layers.iter().filter_map(|layer| layer.cost.as_ref());
        let most = Most {
            parameters: layers.iter().map(|layer| layer.parameters).max().unwrap_or(0),
            macs: figures().map(|cost| cost.macs).max().unwrap_or(0),
            live_bytes: figures().filter_map(|cost| cost.live_bytes).max().unwrap_or(0),
            millis: figures().filter_map(|cost| cost.millis).fold(0.0, f64::max),
        };
        let all_known = layers.iter().all(|layer| layer.cost.is_some()) && !layers.is_empty();
        let latency = open.and_then(|open| open.findings(target)?.latency());
        let totals = Totals {
            parameters: drawn.shapes.parameters().total(),
            macs: all_known.then(|| figures().map(|cost| cost.macs).fold(0, u64::saturating_add)),
            latency: latency.filter(|_| all_known),
        };
        let is_wrong = |layer: &&LayerFacts| layer.worst() == Some(Severity::Error);
        Self {
            most,
            totals,
            n_errors: layers.iter().filter(is_wrong).count(),
            n_waiting: layers.iter().filter(|layer| layer.waits).count(),
            problems: drawn
                .shapes
                .problems
                .iter()
                .filter(|problem| problem.layer.is_none())
                .cloned()
                .collect(),
            layers,
            order,
        }
    }

    /// Facts about a layer.
    pub fn layer(&self, id: LayerId) -> Option<&LayerFacts> {
        self.layers.iter().find(|layer| layer.id == id)
    }

    /// Everything that keeps the network from becoming a model.
    pub fn n_problems(&self) -> usize {
        self.n_errors + self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }
}

impl LayerFacts {
    /// How bad its worst problem is.
    pub fn worst(&self) -> Option<Severity> {
        self.problems.iter().map(|problem| problem.severity).min()
    }

    /// Bytes of its output as int8.
    pub fn output_bytes(&self) -> Option<u64> {
        self.elements
    }
}

/// A network that became a model, or the part of one that fits.
struct Source<'a> {
    drawn: &'a Drawn,
    origins: &'a [Vec<LayerId>],
    open: &'a OpenModel,
}

/// The layer computes the same from the same shapes as in the network whose costs are known.
fn is_same(layer: &Layer, drawn: &Drawn, before: &Drawn) -> bool {
    if drawn.network == before.network {
        return true;
    }
    let same_kind = before.graph.layer(layer.id).is_some_and(|known| known.kind == layer.kind);
    let shapes = |drawn: &Drawn| drawn.shapes.layer(layer.id).map(|found| found.inputs.clone());
    same_kind && shapes(before) == shapes(drawn)
}

/// All layers in the order of data flow; those on a loop come last.
fn order(drawn: &Drawn) -> Vec<usize> {
    let mut order = drawn.shapes.order.clone();
    let mut seen = vec![false; drawn.graph.layers.len()];
    for index in &order {
        seen[*index] = true;
    }
    order.extend((0..seen.len()).filter(|index| !seen[*index]));
    order
}

fn facts(index: usize, number: usize, layer: &Layer, drawn: &Drawn, cost: Option<LayerCost>) -> LayerFacts {
    let known = drawn.shapes.layers.get(index);
    let output = known.and_then(|known| known.output.as_deref());
    let shape = output.map(shape_text).unwrap_or_default();
    let label = layer.kind.label();
    let mut problems: Vec<LayerProblem> = drawn.shapes.problems_of(layer.id).cloned().collect();
    problems.sort_by_key(|problem| problem.severity);
    let mut spoken = format!("Layer {number}, {label} {}", layer.name);
    if !shape.is_empty() {
        spoken.push_str(&format!(", {shape}"));
    }
    if let Some(problem) = problems.first() {
        spoken.push_str(&format!(", {}: {}", problem.severity.name(), problem.message));
    }
    LayerFacts {
        id: layer.id,
        number,
        name: layer.name.clone(),
        label,
        category: category(&layer.kind),
        details: details(&layer.kind),
        elements: output.map(|shape| shape.iter().map(|size| *size as u64).product()),
        parameters: known.map_or(0, |known| known.parameters.total()),
        waits: known.is_some_and(|known| known.waits),
        haystack: Haystack::default().with(label).with(&layer.name).with(&shape),
        shape,
        cost,
        problems,
        spoken,
    }
}

/// What the layers of a network have become.
fn costs(source: &Source<'_>, target: Target) -> HashMap<LayerId, LayerCost> {
    let &Source { drawn, origins, open } = source;
    let main = SubgraphId(0);
    let Some(graph) = open.model.subgraphs.first() else { return HashMap::new() };
    let plan = open.plan(target).and_then(|plan| plan.as_ref().ok());
    let live = live_bytes(plan.map(|plan| &**plan), main, graph.operators.len());
    let findings = open.findings(target);
    let verdicts: HashMap<OperatorId, &OperatorVerdict> = findings
        .iter()
        .flat_map(|findings| &findings.operators)
        .filter(|verdict| verdict.subgraph == main)
        .map(|verdict| (verdict.operator, verdict))
        .collect();
    let estimates = Estimates::of(findings);
    let mut costs: HashMap<LayerId, LayerCost> =
        drawn.graph.layers.iter().map(|layer| (layer.id, LayerCost::default())).collect();
    for (index, layers) in origins.iter().enumerate() {
        let operator = OperatorId(index as u32);
        let Some(owner) = owner(&drawn.graph, layers) else { continue };
        for other in layers.iter().filter(|other| **other != owner) {
            if let Some(cost) = costs.get_mut(other)
                && cost.operators.is_empty()
            {
                cost.within = drawn.graph.layer(owner).map(|layer| layer.name.clone());
            }
        }
        let Some(cost) = costs.get_mut(&owner) else { continue };
        cost.operators.push(operator);
        if let Some(operator) = graph.operators.get(index) {
            cost.operator_names.push(open.model.operator_name(operator));
        }
        cost.macs = cost.macs.saturating_add(cost::macs(&open.model, main, operator));
        cost.live_bytes = cost.live_bytes.max(live.get(index).copied().flatten());
        match estimates.millis(operator) {
            Ok(millis) => cost.millis = Some(cost.millis.unwrap_or(0.0) + millis),
            Err(reason) => cost.unknown = Some(reason),
        }
        if let Some(verdict) = verdicts.get(&operator) {
            let speed = speed(&verdict.kernel);
            if cost.kernel.as_ref().is_none_or(|(worst, _)| speed < *worst) {
                cost.kernel = Some((speed, verdict.kernel_text()));
            }
        }
    }
    for finding in findings.iter().flat_map(|findings| &findings.diagnostics) {
        let layers = match finding.place {
            Place::Operator(SubgraphId(0), operator) => origins.get(operator.index()),
            Place::Model | Place::Subgraph(_) | Place::Operator(..) | Place::Tensor(..) => None,
        };
        let owner = layers.and_then(|layers| owner(&drawn.graph, layers));
        if let Some(cost) = owner.and_then(|layer| costs.get_mut(&layer)) {
            cost.findings.push(finding.clone());
        }
    }
    // The time of a layer is known only if that of all its operators is.
    for cost in costs.values_mut().filter(|cost| cost.unknown.is_some()) {
        cost.millis = None;
    }
    costs
}

/// The layer that answers for an operator: the first with weights, else the first.
fn owner(graph: &LayerGraph, layers: &[LayerId]) -> Option<LayerId> {
    let has_weights =
        |id: &&LayerId| graph.layer(**id).is_some_and(|layer| layer.kind.weight_options().is_some());
    layers.iter().find(has_weights).or(layers.first()).copied()
}

/// Estimated times of operators.
struct Estimates<'a> {
    clock_hz: Option<u64>,
    operators: HashMap<OperatorId, &'a OperatorEstimate>,
}

impl<'a> Estimates<'a> {
    fn of(findings: Option<&'a Findings>) -> Self {
        let latency = findings.and_then(|findings| findings.latency.as_ref());
        let operators = latency.iter().flat_map(|latency| &latency.operators);
        let main = operators.filter(|found| found.subgraph == SubgraphId(0));
        Self {
            clock_hz: latency.and_then(|latency| latency.clock_hz),
            operators: main.map(|found| (found.operator, found)).collect(),
        }
    }

    /// Milliseconds of an operator, or why there are none.
    fn millis(&self, operator: OperatorId) -> Result<f64, &'static str> {
        let found = self.operators.get(&operator).ok_or("it has not been estimated yet")?;
        let clock_hz = self.clock_hz.ok_or("the clock of the chip is not known")?;
        Ok(found.cycles?.micros(clock_hz) / 1000.0)
    }
}

fn speed(kernel: &Kernel) -> Speed {
    match kernel {
        Kernel::Refused { .. } => Speed::Refused,
        Kernel::Reference(_) => Speed::Reference,
        Kernel::EspNnSimd | Kernel::EspNnGeneric => Speed::Fast,
        Kernel::Copy => Speed::Copy,
    }
}

/// The figure that cards of layers show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Figure {
    /// Multiply-accumulates; bytes of the output where there are none.
    #[default]
    Macs,
    /// Bytes alive in the arena while the layer runs.
    Live,
    /// Numbers that are learned or kept.
    Parameters,
    /// Estimated milliseconds.
    Millis,
}

impl Figure {
    /// All of them, in the order of the menu.
    pub const ALL: [Figure; 4] = [Figure::Macs, Figure::Live, Figure::Parameters, Figure::Millis];

    /// Name in the menu.
    pub fn label(self) -> &'static str {
        match self {
            Figure::Macs => "MACs",
            Figure::Live => "Live arena",
            Figure::Parameters => "Parameters",
            Figure::Millis => "Estimated time",
        }
    }

    /// The figure of a layer with its unit; empty where there is none.
    pub fn text(self, layer: &LayerFacts) -> String {
        let cost = layer.cost.as_ref();
        match self {
            Figure::Macs => match (cost.map_or(0, |cost| cost.macs), layer.output_bytes()) {
                (0, Some(bytes)) => format::bytes(bytes),
                (0, None) => String::new(),
                (macs, _) => format!("{} MAC", format::count(macs)),
            },
            Figure::Live => cost.and_then(|cost| cost.live_bytes).map(format::bytes).unwrap_or_default(),
            Figure::Parameters if layer.parameters == 0 => String::new(),
            Figure::Parameters => format::counted(layer.parameters, "parameter", "parameters"),
            Figure::Millis => {
                cost.and_then(|cost| cost.millis).map(format::estimated_millis).unwrap_or_default()
            }
        }
    }

    /// The figure as a share of the largest one; `None` where it is 0 or not known.
    pub fn share(self, layer: &LayerFacts, most: &Most) -> Option<f32> {
        let cost = layer.cost.as_ref();
        let (value, most) = match self {
            Figure::Macs => (cost?.macs as f64, most.macs as f64),
            Figure::Live => (cost?.live_bytes? as f64, most.live_bytes as f64),
            Figure::Parameters => (layer.parameters as f64, most.parameters as f64),
            Figure::Millis => (cost?.millis?, most.millis),
        };
        (value > 0.0 && most > 0.0).then(|| (value / most) as f32)
    }
}
