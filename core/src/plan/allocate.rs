//! `AllocateTensors` on paper: the same steps in the same order, with sizes in place of memory.
//!
//! Source: esp-tflite-micro 99f49e14, `tensorflow/lite/micro/micro_interpreter.cc`, `micro_interpreter_graph.cc` and
//! `micro_allocator.cc`.

use super::arena::{ARENA_ALIGN, Arena, Purpose, round_up};
use super::graph::{Graph, unusable_tensors};
use super::kernels::Kernels;
use super::layout::Layout;
use super::lifetimes::{Lifetime, Lifetimes};
use super::prepare::{
    Context, MAX_SCRATCH_PER_OPERATOR, Preparation, Prepared, Reason, Rule, Trouble, Variables, help, rule,
};
use super::{
    ArenaPlan, BufferUse, Category, Chip, KernelSet, PlannedBuffer, Refusal, Target, greedy, lifetimes,
    offline, tail,
};
use crate::model::{BuiltinOperator, Model, Operator, OperatorId, SubgraphId, TensorId};

/// The arena, and what the planner's numbers were made from.
pub(super) fn allocate(model: &Model, target: Target) -> Result<ArenaPlan, Vec<Refusal>> {
    let mut allocation = Allocation::new(model, target);
    if model.subgraphs.is_empty() {
        allocation.refuse("The model has no subgraph", "Export the model again with a current converter");
        return Err(allocation.refusals);
    }
    allocation.options_and_nodes();
    allocation.init();
    allocation.prepare();
    if !allocation.refusals.is_empty() {
        return Err(allocation.refusals);
    }
    allocation.finish()
}

/// All operators of the model, in order.
fn operators(model: &Model) -> impl Iterator<Item = ((SubgraphId, OperatorId), &Operator)> {
    model.subgraphs.iter().enumerate().flat_map(|(number, subgraph)| {
        let id = SubgraphId(number as u32);
        subgraph
            .operators
            .iter()
            .enumerate()
            .map(move |(index, operator)| ((id, OperatorId(index as u32)), operator))
    })
}

struct Allocation<'m> {
    target: Target,
    state: Preparation<'m>,
    /// The rule of every operator, in order; `None` for those that are refused already.
    rules: Vec<Option<&'static Rule>>,
    refusals: Vec<Refusal>,
}

impl<'m> Allocation<'m> {
    fn new(model: &'m Model, target: Target) -> Self {
        let kernels = if target.chip == Chip::Host64 { KernelSet::Reference } else { target.kernels };
        let state = Preparation {
            model,
            chip: target.chip,
            layout: Layout::of(target.chip),
            kernels: Kernels::of(kernels),
            graph: Graph::new(model),
            arena: Arena::default(),
            scratch: Vec::new(),
            variables: Variables::default(),
        };
        let target = Target { kernels, ..target };
        Self { target, state, rules: Vec::new(), refusals: unusable_tensors(model) }
    }

    /// `StartModelAllocation` and `PrepareNodeAndRegistrationDataFromFlatbuffer`.
    fn options_and_nodes(&mut self) {
        let model = self.state.model;
        let layout = self.state.layout;
        let reserve = self.scratch_reserve();
        tail::before_operators(&mut self.state.arena, model, layout, reserve);
        for (place, operator) in operators(model) {
            let registered = registered(model, operator);
            if let Ok(rule) = registered {
                let bytes = rule.builtin_data.of(layout.width);
                if bytes > 0 {
                    let purpose = Purpose::new("builtin_data", Category::OperationData).of_operator(place);
                    self.state.arena.persistent(purpose, bytes, rule.builtin_data_align.of(layout.width));
                }
            }
            let rule = registered.map_err(|reason| self.refuse_operator(place, operator, &reason)).ok();
            self.rules.push(rule);
        }
    }

    /// `InitSubgraphs`.
    fn init(&mut self) {
        let rules = self.rules.clone();
        for ((place, operator), rule) in operators(self.state.model).zip(rules) {
            let Some(rule) = rule else { continue };
            let extra = self.state.kernels.esp_nn.map_or(0, |esp_nn| (esp_nn.extra_init_bytes)(rule.code));
            let bytes = rule.own_data.of(self.state.layout.width);
            let mut context = self.context(place, operator, rule, "op_init");
            if bytes > 0 {
                context.persistent(bytes + extra);
            }
            if let Some(Err(reason)) = rule.init.map(|init| init(&mut context)) {
                self.refuse_operator(place, operator, &reason);
            }
        }
    }

    /// `PrepareSubgraphs`.
    fn prepare(&mut self) {
        let rules = self.rules.clone();
        for ((place, operator), rule) in operators(self.state.model).zip(rules) {
            let Some(rule) = rule else { continue };
            let prepared = (rule.prepare)(&mut self.context(place, operator, rule, "op_prepare"));
            let checked = prepared.and_then(|()| self.outputs_are_static(place, operator));
            if let Err(reason) = checked {
                self.refuse_operator(place, operator, &reason);
            }
            self.state.arena.reset_temporaries();
            let reserve = self.scratch_reserve();
            self.state.arena.resize_head(reserve);
        }
    }

    /// `FinishModelAllocation` and what `AllocateTensors` does after it.
    fn finish(mut self) -> Result<ArenaPlan, Vec<Refusal>> {
        let model = self.state.model;
        let layout = self.state.layout;
        let n_scratch = self.state.scratch.len();
        if n_scratch > 0 {
            let handles = Purpose::new("scratch_buffer_handles", Category::Allocator);
            self.state.arena.persistent(handles, layout.scratch_handle * n_scratch as u64, layout.pointer);
        }
        let temporary_bytes = self.state.arena.temporary_peak();
        tail::lifetime_tables(&mut self.state.arena, model, layout, n_scratch);
        let offsets = match offline::offsets(model) {
            Ok(offsets) => offsets,
            Err(message) => {
                return Err(self.refused(&message, "Make the plan again for this model, or remove it"));
            }
        };
        tail::variable_tensors(&mut self.state.arena, model, &self.state.graph, &offsets);
        if let Some(message) = self.sized_intermediate() {
            return Err(self.refused(&message, "Export the model again: intermediate tensors must be empty"));
        }
        let owners = self.state.scratch.iter().map(|request| request.owner).collect::<Vec<_>>();
        let lifetimes = match lifetimes::find(model, &owners) {
            Ok(lifetimes) => lifetimes,
            Err(message) => {
                return Err(self.refused(&message, "Change the model so that no subgraph calls itself"));
            }
        };
        let mut buffers = self.buffers(&lifetimes, &offsets);
        let requests = buffers.iter().map(|buffer| buffer.request).collect::<Vec<_>>();
        self.state.arena.planner_tables(layout.planner_buffer * requests.len() as u64);
        for (buffer, offset) in buffers.iter_mut().zip(greedy::place(&requests)) {
            match u64::try_from(offset) {
                Ok(offset) => buffer.planned.offset = offset,
                Err(_) => {
                    let message =
                        format!("The offline plan places a tensor {} bytes before the arena", -offset);
                    return Err(self.refused(&message, "Make the plan again for this model, or remove it"));
                }
            }
        }
        let planned = buffers.into_iter().map(|buffer| buffer.planned).collect::<Vec<_>>();
        let head_bytes =
            planned.iter().map(|buffer| buffer.offset.saturating_add(buffer.size)).max().unwrap_or(0);
        if head_bytes > i32::MAX as u64 {
            return Err(
                self.refused("The head has more bytes than a 32-bit size can hold", "Use a smaller model")
            );
        }
        self.state.arena.reset_temporaries();
        self.state.arena.resize_head(head_bytes);
        tail::io_tensors(&mut self.state.arena, model, layout);
        Ok(self.plan(head_bytes, temporary_bytes, planned, lifetimes, !offsets.is_empty()))
    }

    fn plan(
        self,
        head_bytes: u64,
        temporary_bytes: u64,
        buffers: Vec<PlannedBuffer>,
        lifetimes: Lifetimes,
        offline: bool,
    ) -> ArenaPlan {
        let scope_operators = lifetimes.scope_operators;
        let (peak_scope, lower_bound_bytes) = peak(&buffers, scope_operators.len());
        let arena = self.state.arena;
        let persistent_bytes = arena.tail_bytes();
        let used_bytes = head_bytes + persistent_bytes;
        let minimum_bytes = (self.target.chip != Chip::Host64).then(|| arena.needed_bytes());
        ArenaPlan {
            target: self.target,
            kernels_version: self.state.kernels.version,
            used_bytes,
            nonpersistent_bytes: head_bytes,
            persistent_bytes,
            minimum_bytes,
            recommended_bytes: round_up(minimum_bytes.unwrap_or(used_bytes), 1024),
            lower_bound_bytes,
            prepare_bytes: temporary_bytes,
            peak_scope,
            peak_operator: scope_operators.get(peak_scope as usize).copied().flatten(),
            scope_count: scope_operators.len() as u32,
            scope_operators,
            buffers,
            persistent: arena.into_blocks(),
            offline,
        }
    }

    /// What the planner has to place: tensors of all subgraphs, then scratch buffers.
    fn buffers(&self, lifetimes: &Lifetimes, offsets: &[Option<i32>]) -> Vec<Buffer> {
        let mut buffers = Vec::new();
        let mut number = 0;
        for (index, subgraph) in self.state.model.subgraphs.iter().enumerate() {
            let id = SubgraphId(index as u32);
            for (place, tensor) in subgraph.tensors.iter().enumerate() {
                let eval = &self.state.graph.subgraph(index)[place];
                let fixed = offsets.get(number).copied().flatten();
                number += 1;
                let bytes = eval.bytes().unwrap_or_default();
                let is_activation = !eval.has_data && !tensor.is_variable && bytes != 0;
                if is_activation || (tensor.is_variable && fixed.is_some()) {
                    let usage = BufferUse::Tensor(TensorId(place as u32));
                    buffers.push(Buffer::new(id, usage, bytes, lifetimes.tensors[index][place], fixed));
                }
            }
        }
        let mut owner = None;
        let mut n_before = 0;
        for (request, lifetime) in self.state.scratch.iter().zip(&lifetimes.scratch) {
            n_before = if owner == Some(request.owner) { n_before + 1 } else { 0 };
            owner = Some(request.owner);
            let usage = BufferUse::Scratch(request.owner.1, n_before);
            buffers.push(Buffer::new(request.owner.0, usage, request.bytes, *lifetime, None));
        }
        buffers
    }

    /// `ValidateSubgraph`.
    fn sized_intermediate(&self) -> Option<String> {
        operators(self.state.model).find_map(|((subgraph, _), operator)| {
            let sizes = operator.intermediates.iter().flatten().map(|&id| {
                self.state.graph.get(subgraph, id).and_then(|tensor| tensor.bytes().ok()).unwrap_or_default()
            });
            let size = sizes.into_iter().find(|&size| size != 0)?;
            Some(format!("Does not support intermediate tensor with non-zero size: {size}"))
        })
    }

    /// `CheckDynamicTensors`.
    fn outputs_are_static(&self, place: (SubgraphId, OperatorId), operator: &Operator) -> Prepared {
        for &id in operator.outputs.iter().flatten() {
            let Some(tensor) = self.state.graph.get(place.0, id) else { continue };
            let is_legacy_scalar = *tensor.dims == [0];
            if !is_legacy_scalar && tensor.dims.iter().any(|&dim| dim <= 0) {
                let message = format!(
                    "Op#{} ({}) of subgraph {} has dynamic tensor #{}: Dynamic tensors are not supported",
                    place.1.0,
                    self.state.model.operator_name(operator),
                    place.0.0,
                    id.0
                );
                return Err(Reason { message, trouble: Trouble::Shape });
            }
        }
        Ok(())
    }

    /// Bytes of the head that hold requests for scratch buffers: those made, and room for one more operator.
    fn scratch_reserve(&self) -> u64 {
        self.state.layout.scratch_request * (self.state.scratch.len() + MAX_SCRATCH_PER_OPERATOR) as u64
    }

    fn context<'a>(
        &'a mut self,
        place: (SubgraphId, OperatorId),
        operator: &'m Operator,
        rule: &'static Rule,
        phase: &'static str,
    ) -> Context<'a, 'm> {
        Context { state: &mut self.state, operator, place, file: rule.file, phase }
    }

    fn refuse_operator(&mut self, place: (SubgraphId, OperatorId), operator: &Operator, reason: &Reason) {
        let model = self.state.model;
        let help = help(model, model.subgraph(place.0), operator, reason);
        self.refusals.push(Refusal { operator: Some(place), message: reason.message.clone(), help });
    }

    fn refuse(&mut self, message: &str, help: &str) {
        self.refusals.push(Refusal { operator: None, message: message.to_owned(), help: help.to_owned() });
    }

    fn refused(&mut self, message: &str, help: &str) -> Vec<Refusal> {
        self.refuse(message, help);
        std::mem::take(&mut self.refusals)
    }
}

/// A buffer of the head, before and after it is placed.
struct Buffer {
    request: greedy::Request,
    planned: PlannedBuffer,
}

impl Buffer {
    fn new(
        subgraph: SubgraphId,
        usage: BufferUse,
        bytes: u64,
        lifetime: Lifetime,
        fixed: Option<i32>,
    ) -> Self {
        let size = round_up(bytes, ARENA_ALIGN);
        let (first, last) = lifetime.bounds();
        let scope = |bound: i64| u32::try_from(bound).unwrap_or(0);
        Self {
            request: greedy::Request { size, first, last, fixed: fixed.map(i64::from) },
            planned: PlannedBuffer {
                subgraph,
                usage,
                bytes,
                size,
                offset: 0,
                first_used: scope(first),
                last_used: scope(last),
                unused: last < 0,
            },
        }
    }
}

/// The scope with the largest sum of live bytes, and that sum.
fn peak(buffers: &[PlannedBuffer], n_scopes: usize) -> (u32, u64) {
    let mut steps = vec![0i128; n_scopes + 1];
    for buffer in buffers.iter().filter(|buffer| !buffer.unused) {
        steps[buffer.first_used as usize] += i128::from(buffer.size);
        steps[buffer.last_used as usize + 1] -= i128::from(buffer.size);
    }
    let (mut live, mut best) = (0, (0, 0));
    for (scope, step) in steps.iter().enumerate().take(n_scopes) {
        live += step;
        if live > best.1 {
            best = (scope, live);
        }
    }
    (best.0 as u32, u64::try_from(best.1).unwrap_or(u64::MAX))
}

/// `GetRegistrationFromOpCode` and the checks around it.
fn registered(model: &Model, operator: &Operator) -> Prepared<&'static Rule> {
    let refuse = |message: String| Err(Reason { message, trouble: Trouble::Unregistered });
    let Some(code) = model.operator_codes.get(operator.code_index as usize) else {
        return refuse(format!("Missing registration for opcode_index {}", operator.code_index));
    };
    let name = model.operator_name(operator);
    match rule(code) {
        Some(_) if code.builtin != BuiltinOperator::CUSTOM && operator.custom_options.is_some() => {
            refuse(format!("Unsupported behavior: found builtin operator {name} with custom options."))
        }
        Some(rule) => Ok(rule),
        None if code.builtin == BuiltinOperator::CUSTOM && code.custom_code.is_none() => {
            refuse("Operator with CUSTOM builtin_code has no custom_code.".to_owned())
        }
        None if code.builtin == BuiltinOperator::CUSTOM => {
            refuse(format!("Failed to get registration from op code CUSTOM ({name})"))
        }
        None if code.builtin.name().is_none() => {
            refuse(format!("Op builtin_code out of range: {}.", code.builtin.0))
        }
        None => refuse(format!("Didn't find op for builtin opcode '{name}'")),
    }
}
