//! Everything that `emberlab inspect` says about a model, as data.

use serde::Serialize;

use emberlab_runtime::PlannedUse;

use crate::cost;
use crate::model::{Model, OperatorId, SubgraphId, Tensor, TensorId};
use crate::plan::{self, ArenaPlan, BufferUse, Target};
use crate::run::{EmberlabArena, RunError};
use crate::verdict::{self, Diagnostic};

/// What a model is and what it costs on a target.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The file.
    pub file: FileFacts,
    /// Version of the schema.
    pub tflite_version: u32,
    /// Free text of whoever wrote the file.
    pub description: Option<String>,
    /// Inputs of the main subgraph.
    pub inputs: Vec<Port>,
    /// Outputs of the main subgraph.
    pub outputs: Vec<Port>,
    /// Operators of all subgraphs.
    pub operators: Vec<OperatorFacts>,
    /// Tensors of all subgraphs.
    pub tensors: Vec<TensorFacts>,
    /// Sums over the whole model.
    pub totals: TotalFacts,
    /// TFLM's arena; `None` where TFLM refuses the model.
    pub arena: Option<ArenaFacts>,
    /// The arena of Emberlab's own runtime, in the same terms; `None` where it cannot run the model.
    pub emberlab_arena: Option<ArenaFacts>,
    /// What deserves attention, TFLM's refusals included.
    pub diagnostics: Vec<DiagnosticFacts>,
}

/// The file.
#[derive(Clone, Debug, Serialize)]
pub struct FileFacts {
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// An input or output of the model.
#[derive(Clone, Debug, Serialize)]
pub struct Port {
    /// Tensor number.
    pub tensor: u32,
    /// Name in the file.
    pub name: Option<String>,
    /// Shape with the batch dimension.
    pub shape: Vec<i32>,
    /// Type of the elements.
    #[serde(rename = "type")]
    pub ty: &'static str,
    /// Scale, if the tensor has exactly one.
    pub scale: Option<f32>,
    /// Zero point, if the tensor has exactly one scale.
    pub zero_point: Option<i64>,
}

/// One operator.
#[derive(Clone, Debug, Serialize)]
pub struct OperatorFacts {
    /// Subgraph number.
    pub subgraph: u32,
    /// Number in the subgraph.
    pub index: u32,
    /// Name in the schema, or of the custom operator.
    pub name: String,
    /// Input tensors; -1 for one left out.
    pub inputs: Vec<i64>,
    /// Output tensors.
    pub outputs: Vec<i64>,
    /// Multiply-accumulates of one invocation.
    pub macs: u64,
    /// Bytes of constant weights and biases.
    pub parameter_bytes: u64,
    /// Bytes alive in the arena's head while it runs; `None` where TFLM refuses the model.
    pub live_bytes: Option<u64>,
    /// Which runtimes can run it.
    pub supported: Supported,
    /// Which kernel runs it on the target, in words.
    pub kernel: String,
}

/// Which runtimes can run an operator.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Supported {
    /// TensorFlow Lite Micro.
    pub tflm: bool,
    /// Our own runtime; `None` where it is not known.
    pub emberlab: Option<bool>,
}

/// One tensor.
#[derive(Clone, Debug, Serialize)]
pub struct TensorFacts {
    /// Subgraph number.
    pub subgraph: u32,
    /// Number in the subgraph.
    pub index: u32,
    /// Name in the file.
    pub name: Option<String>,
    /// Shape with the batch dimension.
    pub shape: Vec<i32>,
    /// Type of the elements.
    #[serde(rename = "type")]
    pub ty: &'static str,
    /// Bytes of all elements; `None` where the size is not known.
    pub bytes: Option<u64>,
    /// The data lie in the file.
    pub constant: bool,
    /// Keeps its value between invocations.
    pub variable: bool,
}

/// Sums over the whole model.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TotalFacts {
    /// Multiply-accumulates of one invocation.
    pub macs: u64,
    /// Elements of constant weights and biases.
    pub parameters: u64,
    /// Bytes of constant weights and biases.
    pub weight_bytes: u64,
}

/// An arena and every block in it.
#[derive(Clone, Debug, Serialize)]
pub struct ArenaFacts {
    /// Chip, by its name on the command line.
    pub target: &'static str,
    /// `reference` or `esp-nn`.
    pub kernels: &'static str,
    /// Version of the kernels.
    pub kernels_version: &'static str,
    /// `arena_used_bytes()` after allocation.
    pub used_bytes: u64,
    /// Head.
    pub nonpersistent_bytes: u64,
    /// Tail.
    pub persistent_bytes: u64,
    /// Smallest arena that allocates; `None` on the 64-bit host.
    pub minimum_bytes: Option<u64>,
    /// Smallest arena rounded up to a full KiB.
    pub recommended_bytes: u64,
    /// Largest sum of live bytes of the head.
    pub lower_bound_bytes: u64,
    /// The operator that runs when most bytes are alive.
    pub peak_operator: Option<u32>,
    /// The head follows a plan in the file.
    pub offline_plan: bool,
    /// Buffers of the head.
    pub plan: Vec<BufferFacts>,
    /// Blocks of the tail.
    pub persistent: Vec<PersistentFacts>,
}

/// One buffer of the head: `tensor` or `scratch_of` says what it holds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BufferFacts {
    /// Subgraph number.
    pub subgraph: u32,
    /// Tensor number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tensor: Option<u32>,
    /// Operator that asked for scratch memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scratch_of: Option<u32>,
    /// Bytes asked for.
    pub bytes: u64,
    /// Bytes rounded up to 16.
    pub size: u64,
    /// From the start of the arena.
    pub offset: u64,
    /// First allocation scope, inclusive.
    pub first_used: u32,
    /// Last allocation scope, inclusive.
    pub last_used: u32,
}

/// One block of the tail.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PersistentFacts {
    /// What it is, as the golden files name it.
    pub what: &'static str,
    /// Subgraph number; -1 for none.
    pub subgraph: i64,
    /// Operator number; -1 for none.
    pub operator: i64,
    /// Bytes asked for.
    pub bytes: u64,
    /// Alignment asked for.
    pub align: u64,
    /// Bytes that the tail grew.
    pub used: u64,
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
pub struct DiagnosticFacts {
    /// `error`, `warning` or `note`.
    pub severity: &'static str,
    /// Where, in words.
    pub place: String,
    /// What is the matter.
    pub message: String,
    /// What to try.
    pub help: String,
}

/// Inspects a model for a target; `own` is what [`emberlab_arena`](crate::run::emberlab_arena) says of its file.
pub fn inspect(
    model: &Model,
    file: FileFacts,
    own: &Result<EmberlabArena, RunError>,
    target: Target,
) -> Inspection {
    let plan = plan::plan(model, target);
    let arena = plan.as_ref().ok();
    let subgraphs = || (0..model.subgraphs.len() as u32).map(SubgraphId);
    let main = model.subgraphs.first();
    let ports = |ids: &[TensorId]| -> Vec<Port> {
        main.map_or_else(Vec::new, |main| ids.iter().map(|id| port_facts(*id, main.tensor(*id))).collect())
    };
    let verdicts = verdict::operators(model, target);
    let totals = cost::totals(model);
    Inspection {
        file,
        tflite_version: model.version,
        description: model.description.clone(),
        inputs: main.map_or_else(Vec::new, |main| ports(&main.inputs)),
        outputs: main.map_or_else(Vec::new, |main| ports(&main.outputs)),
        operators: verdicts.iter().map(|verdict| operator_facts(model, arena, own, verdict)).collect(),
        tensors: subgraphs()
            .flat_map(|subgraph| {
                let tensors = model.subgraph(subgraph).tensors.iter().enumerate();
                tensors.map(move |(index, tensor)| tensor_facts(model, subgraph, index, tensor))
            })
            .collect(),
        totals: TotalFacts {
            macs: totals.macs,
            parameters: totals.parameters,
            weight_bytes: totals.weight_bytes,
        },
        arena: arena.map(arena_facts),
        emberlab_arena: own.as_ref().ok().map(|own| own_arena_facts(own, model, target)),
        diagnostics: verdict::diagnostics(model, target).iter().map(DiagnosticFacts::new).collect(),
    }
}

fn port_facts(id: TensorId, tensor: &Tensor) -> Port {
    let quantization = tensor.per_tensor_quantization();
    Port {
        tensor: id.0,
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        ty: tensor.ty.name(),
        scale: quantization.map(|(scale, _)| scale),
        zero_point: quantization.map(|(_, zero_point)| zero_point),
    }
}

fn tensor_facts(model: &Model, subgraph: SubgraphId, index: usize, tensor: &Tensor) -> TensorFacts {
    TensorFacts {
        subgraph: subgraph.0,
        index: index as u32,
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        ty: tensor.ty.name(),
        bytes: tensor.byte_size(),
        constant: model.constant_data(tensor).is_some(),
        variable: tensor.is_variable,
    }
}

fn operator_facts(
    model: &Model,
    arena: Option<&ArenaPlan>,
    own: &Result<EmberlabArena, RunError>,
    verdict: &verdict::OperatorVerdict,
) -> OperatorFacts {
    let (subgraph, id) = (verdict.subgraph, verdict.operator);
    let operator = &model.subgraph(subgraph).operators[id.index()];
    let number = |tensor: &Option<TensorId>| tensor.map_or(-1, |tensor| i64::from(tensor.0));
    OperatorFacts {
        subgraph: subgraph.0,
        index: id.0,
        name: model.operator_name(operator),
        inputs: operator.inputs.iter().map(number).collect(),
        outputs: operator.outputs.iter().map(number).collect(),
        macs: cost::macs(model, subgraph, id),
        parameter_bytes: cost::parameter_bytes(model, subgraph, id),
        live_bytes: arena.and_then(|plan| live_bytes(plan, subgraph, id)),
        supported: Supported { tflm: verdict.supported(), emberlab: runs_here(own, subgraph, id) },
        kernel: verdict.kernel_text(),
    }
}

/// Whether Emberlab's runtime takes an operator; it looks at no operator behind the first that it refuses.
fn runs_here(own: &Result<EmberlabArena, RunError>, subgraph: SubgraphId, id: OperatorId) -> Option<bool> {
    match own {
        Ok(_) => Some(true),
        Err(error) => match error.operator? {
            refused if refused == (subgraph.0, id.0) => Some(false),
            (refused_in, refused) => (refused_in == subgraph.0 && id.0 < refused).then_some(true),
        },
    }
}

fn own_arena_facts(arena: &EmberlabArena, model: &Model, target: Target) -> ArenaFacts {
    let needs = arena.needs;
    ArenaFacts {
        target: target.chip.id(),
        kernels: "emberlab",
        kernels_version: env!("CARGO_PKG_VERSION"),
        used_bytes: needs.used_bytes.into(),
        nonpersistent_bytes: needs.nonpersistent_bytes.into(),
        persistent_bytes: needs.persistent_bytes.into(),
        minimum_bytes: Some(needs.minimum_bytes.into()),
        recommended_bytes: u64::from(needs.minimum_bytes).next_multiple_of(1024),
        lower_bound_bytes: arena.lower_bound_bytes,
        peak_operator: own_peak_operator(arena, model),
        offline_plan: false,
        plan: arena
            .buffers
            .iter()
            .map(|buffer| {
                let (tensor, scratch_of) = match buffer.usage {
                    PlannedUse::Tensor(tensor) => (Some(tensor), None),
                    PlannedUse::Scratch(operator, _) => (None, Some(operator)),
                };
                BufferFacts {
                    subgraph: buffer.subgraph,
                    tensor,
                    scratch_of,
                    bytes: buffer.bytes.into(),
                    size: buffer.size.into(),
                    offset: buffer.offset.into(),
                    first_used: buffer.first_used.into(),
                    last_used: buffer.last_used.into(),
                }
            })
            .collect(),
        persistent: vec![PersistentFacts {
            what: "prepared_operators_and_variables",
            subgraph: -1,
            operator: -1,
            bytes: needs.persistent_bytes.into(),
            align: 16,
            used: needs.persistent_bytes.into(),
        }],
    }
}

/// The operator of a model with one subgraph that runs when most bytes are alive; its scopes are its operators in order.
fn own_peak_operator(arena: &EmberlabArena, model: &Model) -> Option<u32> {
    let [main] = model.subgraphs.as_slice() else { return None };
    let live = |scope: u32| -> u64 {
        let alive = arena
            .buffers
            .iter()
            .filter(|buffer| (u32::from(buffer.first_used)..=u32::from(buffer.last_used)).contains(&scope));
        alive.map(|buffer| u64::from(buffer.size)).sum()
    };
    let scopes = 1..=main.operators.len() as u32;
    scopes.max_by_key(|scope| (live(*scope), std::cmp::Reverse(*scope))).map(|scope| scope - 1)
}

/// Bytes alive in the head while an operator runs.
pub fn live_bytes(plan: &ArenaPlan, subgraph: SubgraphId, operator: OperatorId) -> Option<u64> {
    let scope = plan.scope_operators.iter().position(|owner| *owner == Some((subgraph, operator)))?;
    Some(plan.live_bytes(scope as u32))
}

fn arena_facts(plan: &ArenaPlan) -> ArenaFacts {
    ArenaFacts {
        target: plan.target.chip.id(),
        kernels: plan.target.kernels.id(),
        kernels_version: plan.kernels_version,
        used_bytes: plan.used_bytes,
        nonpersistent_bytes: plan.nonpersistent_bytes,
        persistent_bytes: plan.persistent_bytes,
        minimum_bytes: plan.minimum_bytes,
        recommended_bytes: plan.recommended_bytes,
        lower_bound_bytes: plan.lower_bound_bytes,
        peak_operator: plan.peak_operator.map(|(_, operator)| operator.0),
        offline_plan: plan.offline,
        plan: plan
            .buffers
            .iter()
            .map(|buffer| {
                let (tensor, scratch_of) = match buffer.usage {
                    BufferUse::Tensor(tensor) => (Some(tensor.0), None),
                    BufferUse::Scratch(operator, _) => (None, Some(operator.0)),
                };
                BufferFacts {
                    subgraph: buffer.subgraph.0,
                    tensor,
                    scratch_of,
                    bytes: buffer.bytes,
                    size: buffer.size,
                    offset: buffer.offset,
                    first_used: buffer.first_used,
                    last_used: buffer.last_used,
                }
            })
            .collect(),
        persistent: plan
            .persistent
            .iter()
            .map(|block| PersistentFacts {
                what: block.what,
                subgraph: block.operator.map_or(-1, |(subgraph, _)| i64::from(subgraph.0)),
                operator: block.operator.map_or(-1, |(_, operator)| i64::from(operator.0)),
                bytes: block.bytes,
                align: block.align,
                used: block.used,
            })
            .collect(),
    }
}

impl DiagnosticFacts {
    fn new(diagnostic: &Diagnostic) -> Self {
        Self {
            severity: diagnostic.severity.name(),
            place: diagnostic.place.to_string(),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        }
    }
}
