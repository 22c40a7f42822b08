//! Everything that graph, tables and inspector say about a model, made once per model and target.

use std::sync::Arc;

use emberlab_core::cost::{self, Totals};
use emberlab_core::model::{Model, OperatorId, Subgraph, SubgraphId, Tensor, TensorId, TensorType};
use emberlab_core::plan::{ArenaPlan, BufferUse, PlannedBuffer, Target};
use emberlab_core::verdict::{Diagnostic, Kernel, OperatorVerdict, Place, Severity};

use super::attributes;
use super::find::Haystack;
use super::names;
use super::tensor_facts::{TensorFacts, tensors};
use crate::document::{Findings, OpenModel, Tab, TabId};
use crate::theme::{Category, format};

/// What the facts were made from: other facts are needed when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactsKey {
    /// The tab, and which load of its file.
    pub tab: (TabId, u64),
    /// Chip and kernels.
    pub target: Target,
    /// Whether the arena and the findings for the target are known.
    pub known: (bool, bool),
}

/// Facts about a model on a target.
#[derive(Clone, Debug)]
pub struct ModelFacts {
    /// Sums over the whole model.
    pub totals: Totals,
    /// Type of most of the activations, `int8`.
    pub types: String,
    /// Facts about each subgraph.
    pub graphs: Vec<GraphFacts>,
    /// What deserves attention, the gravest first.
    pub findings: Vec<Diagnostic>,
    /// The plan that live bytes come from.
    pub plan: Option<Arc<ArenaPlan>>,
}

/// Facts about one subgraph.
#[derive(Clone, Debug, Default)]
pub struct GraphFacts {
    /// Operators in the order of execution.
    pub operators: Vec<OperatorFacts>,
    /// Tensors in the order of the file.
    pub tensors: Vec<TensorFacts>,
    /// Multiply-accumulates of all operators.
    pub macs: u64,
    /// Bytes of all constants, each counted once.
    pub weight_bytes: u64,
    /// Largest figure of one operator, for bars and colours.
    pub most: Most,
}

/// The largest figures of one operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Most {
    /// Multiply-accumulates.
    pub macs: u64,
    /// Bytes of constants.
    pub weight_bytes: u64,
    /// Live bytes of the arena.
    pub live_bytes: Option<u64>,
}

/// Facts about one operator.
#[derive(Clone, Debug)]
pub struct OperatorFacts {
    /// Name on the screen.
    pub name: String,
    /// Its kind.
    pub category: Category,
    /// What tells it from others of its name, `3×3 · stride 2 · ReLU6`.
    pub summary: String,
    /// The same for the table, `3×3 /2`.
    pub brief: String,
    /// Shape of the first output.
    pub output_shape: String,
    /// Elements of the first output, for sorting.
    pub output_elements: u64,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Bytes of the constants that it reads.
    pub weight_bytes: u64,
    /// Elements of weights and biases.
    pub parameters: u64,
    /// Bytes alive in the arena's head while it runs; `None` where the arena is not known.
    pub live_bytes: Option<u64>,
    /// Which kernel runs it; `None` until it has been judged.
    pub kernel: Option<Kernel>,
    /// The same in words; empty until it has been judged.
    pub kernel_text: String,
    /// Findings about it, as indexes into [`ModelFacts::findings`].
    pub findings: Vec<usize>,
    /// What assistive tools say.
    pub spoken: String,
    /// What find looks at.
    pub haystack: Haystack,
}

impl FactsKey {
    /// The key of what is shown now.
    pub fn of(tab: &Tab, open: &OpenModel, target: Target) -> Self {
        let known = (open.plan(target).is_some(), open.findings(target).is_some());
        Self { tab: (tab.id, tab.revision), target, known }
    }
}

impl ModelFacts {
    /// Facts about an open model on a target.
    pub fn of(open: &OpenModel, target: Target) -> Self {
        let plan = open.plan(target).and_then(|plan| plan.as_ref().ok()).cloned();
        let nothing = Findings::default();
        Self::of_model(&open.model, open.totals, plan, open.findings(target).unwrap_or(&nothing))
    }

    /// Facts about a model, with the arena's plan where there is one.
    pub fn of_model(model: &Model, totals: Totals, plan: Option<Arc<ArenaPlan>>, judged: &Findings) -> Self {
        let mut findings = judged.diagnostics.clone();
        findings.sort_by_key(|finding| finding.severity);
        let mut verdicts: Vec<Vec<&OperatorVerdict>> = vec![Vec::new(); model.subgraphs.len()];
        for verdict in &judged.operators {
            if let Some(verdicts) = verdicts.get_mut(verdict.subgraph.index()) {
                verdicts.push(verdict);
            }
        }
        let mut graphs: Vec<GraphFacts> = verdicts
            .into_iter()
            .enumerate()
            .map(|(index, verdicts)| {
                GraphFacts::of(model, SubgraphId(index as u32), plan.as_deref(), &verdicts)
            })
            .collect();
        for (number, finding) in findings.iter().enumerate() {
            if let Place::Operator(subgraph, operator) = finding.place
                && let Some(graph) = graphs.get_mut(subgraph.index())
                && let Some(operator) = graph.operators.get_mut(operator.index())
            {
                operator.findings.push(number);
            }
        }
        Self { totals, types: activation_type(model), graphs, findings, plan }
    }

    /// Facts about a subgraph.
    pub fn graph(&self, subgraph: SubgraphId) -> Option<&GraphFacts> {
        self.graphs.get(subgraph.index())
    }

    /// Findings of a severity.
    pub fn n_findings(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// What is alive while an operator runs, the largest first.
    pub fn alive_at(&self, subgraph: SubgraphId, operator: OperatorId) -> Vec<PlannedBuffer> {
        let Some(plan) = &self.plan else { return Vec::new() };
        let scope = plan.scope_operators.iter().position(|owner| *owner == Some((subgraph, operator)));
        let Some(scope) = scope else { return Vec::new() };
        let mut alive: Vec<PlannedBuffer> = plan.alive_in(scope as u32).copied().collect();
        alive.sort_by_key(|buffer| std::cmp::Reverse(buffer.size));
        alive
    }

    /// Where a tensor lies in the arena.
    pub fn planned(&self, subgraph: SubgraphId, tensor: TensorId) -> Option<&PlannedBuffer> {
        let buffers = &self.plan.as_ref()?.buffers;
        buffers.iter().find(|buffer| buffer.subgraph == subgraph && buffer.usage == BufferUse::Tensor(tensor))
    }
}

impl GraphFacts {
    fn of(model: &Model, id: SubgraphId, plan: Option<&ArenaPlan>, verdicts: &[&OperatorVerdict]) -> Self {
        let subgraph = model.subgraph(id);
        let live = live_bytes(plan, id, subgraph.operators.len());
        let mut facts = GraphFacts { tensors: tensors(model, subgraph), ..GraphFacts::default() };
        for (index, operator) in subgraph.operators.iter().enumerate() {
            let operator_id = OperatorId(index as u32);
            let name = names::operator_name(model, operator);
            let builtin = model.builtin(operator);
            let output = operator.output(0).and_then(|tensor| subgraph.tensors.get(tensor.index()));
            let live_bytes = live[index];
            let constants = || {
                let tensors = operator.inputs.iter().flatten();
                tensors.filter_map(|tensor| subgraph.tensors.get(tensor.index()))
            };
            let parameters = constants()
                .filter(|tensor| model.constant_data(tensor).is_some() && is_parameter(builtin, tensor))
                .filter_map(Tensor::element_count)
                .fold(0, u64::saturating_add);
            let output_shape = output.map(|tensor| format::shape(&tensor.shape)).unwrap_or_default();
            let spoken = match live_bytes {
                Some(bytes) => format!("Operator {index}, {name}, {} bytes live", format::count(bytes)),
                None => format!("Operator {index}, {name}"),
            };
            let mut haystack = Haystack::default();
            if let Some(window) = attributes::window(model, subgraph, operator) {
                let size = |taps: i64| i32::try_from(taps).unwrap_or(i32::MAX);
                haystack = haystack.with_shape(&[size(window.kernel.0), size(window.kernel.1)]);
            }
            let mut haystack =
                haystack.with(&name).with(&model.operator_name(operator)).with(&format!("#{index}"));
            for tensor in operator.outputs.iter().chain(&operator.inputs).flatten() {
                let Some(tensor) = subgraph.tensors.get(tensor.index()) else { continue };
                // What an operator is called is the name of what it writes.
                if operator
                    .outputs
                    .iter()
                    .flatten()
                    .any(|output| subgraph.tensors.get(output.index()) == Some(tensor))
                {
                    haystack = haystack.with(tensor.name.as_deref().unwrap_or_default());
                }
                haystack = haystack.with(tensor.ty.name()).with_shape(&tensor.shape);
            }
            let verdict = verdicts.get(index);
            facts.operators.push(OperatorFacts {
                category: Category::of(builtin),
                summary: attributes::summary(model, subgraph, operator),
                brief: attributes::brief(model, subgraph, operator),
                output_shape,
                output_elements: output.and_then(Tensor::element_count).unwrap_or(0),
                macs: cost::macs(model, id, operator_id),
                weight_bytes: cost::parameter_bytes(model, id, operator_id),
                parameters,
                live_bytes,
                kernel_text: verdict.map(|verdict| verdict.kernel_text()).unwrap_or_default(),
                kernel: verdict.map(|verdict| verdict.kernel.clone()),
                findings: Vec::new(),
                spoken,
                haystack,
                name,
            });
        }
        let operators = || facts.operators.iter();
        facts.macs = operators().map(|operator| operator.macs).fold(0, u64::saturating_add);
        facts.weight_bytes = constant_bytes(model, subgraph);
        facts.most = Most {
            macs: operators().map(|operator| operator.macs).max().unwrap_or(0),
            weight_bytes: operators().map(|operator| operator.weight_bytes).max().unwrap_or(0),
            live_bytes: operators().filter_map(|operator| operator.live_bytes).max(),
        };
        facts
    }
}

/// Integer constants are parameters where they are biases; elsewhere they are shapes, axes and the like.
fn is_parameter(builtin: emberlab_core::model::BuiltinOperator, tensor: &Tensor) -> bool {
    let has_weights = matches!(
        Category::of(builtin),
        Category::Conv | Category::Depthwise | Category::Dense | Category::Recurrent
    );
    has_weights || !matches!(tensor.ty, TensorType::Int32 | TensorType::Int64)
}

/// Bytes of the constants that a subgraph's operators read, each counted once.
fn constant_bytes(model: &Model, subgraph: &Subgraph) -> u64 {
    let mut seen = vec![false; subgraph.tensors.len()];
    let mut bytes = 0;
    for tensor in subgraph.operators.iter().flat_map(|operator| operator.inputs.iter().flatten()) {
        if let Some(seen) = seen.get_mut(tensor.index())
            && !std::mem::replace(seen, true)
        {
            let data = model.constant_data(&subgraph.tensors[tensor.index()]);
            bytes += data.map_or(0, |data| data.len() as u64);
        }
    }
    bytes
}

/// Live bytes while each operator of a subgraph runs.
///
/// An operator that runs several times (its subgraph is called more than once) has the largest of its sums.
pub fn live_bytes(plan: Option<&ArenaPlan>, subgraph: SubgraphId, n_operators: usize) -> Vec<Option<u64>> {
    let mut live = vec![None; n_operators];
    let Some(plan) = plan else { return live };
    // Bytes that become alive, and cease to be, before each scope.
    let mut change = vec![0i128; plan.scope_count as usize + 1];
    for buffer in plan.buffers.iter().filter(|buffer| !buffer.unused) {
        let (first, after) = (buffer.first_used as usize, buffer.last_used as usize + 1);
        if first < after && after < change.len() {
            change[first] += i128::from(buffer.size);
            change[after] -= i128::from(buffer.size);
        }
    }
    let mut sum = 0i128;
    for (change, owner) in change.iter().zip(&plan.scope_operators) {
        sum += change;
        if let Some((owner, operator)) = owner
            && *owner == subgraph
            && let Some(live) = live.get_mut(operator.index())
        {
            let bytes = u64::try_from(sum).unwrap_or(0);
            *live = Some(live.unwrap_or(0).max(bytes));
        }
    }
    live
}

/// The type of most bytes of activations of the main subgraph, with `weights` where theirs differs.
fn activation_type(model: &Model) -> String {
    let Some(subgraph) = model.subgraphs.first() else { return String::new() };
    let mut sums: Vec<(TensorType, u64)> = Vec::new();
    let mut add = |tensor: &Tensor| {
        let elements = tensor.element_count().unwrap_or(0).max(1);
        match sums.iter_mut().find(|(ty, _)| *ty == tensor.ty) {
            Some((_, sum)) => *sum = sum.saturating_add(elements),
            None => sums.push((tensor.ty, elements)),
        }
    };
    let written = subgraph.operators.iter().flat_map(|operator| operator.outputs.iter().flatten());
    for tensor in written.chain(&subgraph.inputs) {
        if let Some(tensor) = subgraph.tensors.get(tensor.index()) {
            add(tensor);
        }
    }
    sums.iter()
        .max_by_key(|(ty, sum)| (*sum, std::cmp::Reverse(*ty)))
        .map_or_else(String::new, |(ty, _)| ty.name().to_owned())
}

#[cfg(test)]
mod tests {
    use emberlab_core::model::BuiltinOperator as Op;

    use super::*;
    use crate::panels::inspect::fixtures::{ModelBuilder, chain, plan_with_live_bytes};
    use crate::panels::inspect::tensor_facts::TensorRole;

    fn facts_of(model: &Model, plan: Option<ArenaPlan>) -> ModelFacts {
        ModelFacts::of_model(model, cost::totals(model), plan.map(Arc::new), &Findings::default())
    }

    fn plan(buffers: Vec<PlannedBuffer>, n_operators: usize) -> ArenaPlan {
        ArenaPlan { buffers, ..plan_with_live_bytes(&vec![0; n_operators]) }
    }

    fn buffer(tensor: u32, size: u64, first_used: u32, last_used: u32) -> PlannedBuffer {
        let usage = BufferUse::Tensor(TensorId(tensor));
        PlannedBuffer {
            subgraph: SubgraphId(0),
            usage,
            bytes: size,
            size,
            offset: 0,
            first_used,
            last_used,
            unused: false,
        }
    }

    #[test]
    fn live_bytes_are_those_of_the_plan() {
        let plan = plan(vec![buffer(0, 64, 0, 1), buffer(1, 32, 1, 2), buffer(2, 16, 2, 3)], 3);
        let live = live_bytes(Some(&plan), SubgraphId(0), 3);
        let expected: Vec<Option<u64>> = (1..=3).map(|scope| Some(plan.live_bytes(scope))).collect();
        assert_eq!(live, expected);
        assert_eq!(live, [Some(96), Some(48), Some(16)]);
        assert_eq!(live_bytes(Some(&plan), SubgraphId(1), 2), [None, None]);
        assert_eq!(live_bytes(None, SubgraphId(0), 1), [None]);
    }

    #[test]
    fn tensors_know_who_writes_and_reads_them() {
        let facts = facts_of(&chain(3), None);
        let graph = &facts.graphs[0];
        let roles: Vec<TensorRole> = graph.tensors.iter().map(|tensor| tensor.role).collect();
        assert_eq!(
            roles,
            [TensorRole::Input, TensorRole::Activation, TensorRole::Activation, TensorRole::Output]
        );
        assert_eq!(graph.tensors[1].writer, Some(OperatorId(0)));
        assert_eq!(graph.tensors[1].readers, [OperatorId(1)]);
        assert_eq!(graph.operators[1].spoken, "Operator 1, Add");
    }

    #[test]
    fn names_say_how_many_bytes_are_live() {
        let plan = plan(vec![buffer(0, 86_240, 0, 1)], 1);
        let facts = facts_of(&chain(1), Some(plan));
        assert_eq!(facts.graphs[0].operators[0].spoken, "Operator 0, Add, 86,240 bytes live");
        assert_eq!(facts.graphs[0].most.live_bytes, Some(86_240));
    }

    #[test]
    fn shared_constants_count_once() {
        let mut builder = ModelBuilder::new();
        let input = builder.tensor("in", &[1, 4], TensorType::Int8);
        let weights = builder.constant("w", &[4, 4], TensorType::Int8, vec![1; 16]);
        let middle = builder.tensor("mid", &[1, 4], TensorType::Int8);
        let output = builder.tensor("out", &[1, 4], TensorType::Int8);
        builder.operator(Op::FULLY_CONNECTED, &[input, weights], &[middle]);
        builder.operator(Op::FULLY_CONNECTED, &[middle, weights], &[output]);
        let facts = facts_of(&builder.finish(&[input], &[output]), None);
        let graph = &facts.graphs[0];
        assert_eq!(graph.weight_bytes, 16);
        assert_eq!(
            graph.operators.iter().map(|operator| operator.weight_bytes).collect::<Vec<_>>(),
            [16, 16]
        );
        assert_eq!(graph.operators[0].parameters, 16);
        assert_eq!(facts.types, "int8");
    }
}
