//! Preparation: from the file to the words that [`crate::graph`] describes.

use super::control::{ControlFlow, MAX_CALL_DEPTH};
use super::needs::{ArenaNeeds, PlannedBuffer, PlannedUse};
use crate::error::{OperatorPlace, PrepareError, Reason};
use crate::graph::{
    NumberList, OPERATOR_WORDS, OperatorRecord, Place, SUBGRAPH_WORDS, TENSOR_WORDS, operator_name,
};
use crate::planner::{Planned, aligned, plan};
use crate::prepare::{NOTE_IS_LASTING, NOTE_IS_STATE, PrepareContext, Semantics, Words};
use crate::records::Record;
use crate::registry::{Eval, OperatorKey, Registry};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Shape, tensor_bytes};
use crate::tflite_view::{ModelView, OperatorView, Scalars, SubgraphView, TensorView};

/// The most inputs or outputs of an operator.
const MAX_OPERANDS: usize = 1024;

/// What preparation leaves besides the words.
pub(super) struct Built {
    /// Bytes of copied constants at the start of the arena, a multiple of 16.
    pub(super) copy_bytes: u32,
    /// Bytes of the words behind them, a multiple of 16.
    pub(super) words_bytes: u32,
    /// Bytes of variable tensors and kernel state behind them, a multiple of 16; and how many of these a reset sets to 0.
    pub(super) state_bytes: u32,
    pub(super) resettable_bytes: u32,
    /// First word of the buffers.
    pub(super) buffers: usize,
    pub(super) needs: ArenaNeeds,
}

impl Built {
    pub(super) fn memory_bytes(&self) -> u32 {
        self.state_bytes + self.needs.nonpersistent_bytes
    }
}

/// Writes the words of a model to the start of `arena` (which begins at a multiple of 16).
pub(super) fn build<'a: 'w, 'w>(
    model: ModelView<'a>,
    arena: &'w mut [u8],
    workspace_bytes: usize,
    semantics: Semantics,
    registry: &Registry<'a>,
    planned: &mut dyn FnMut(PlannedBuffer),
) -> Result<Built, PrepareError<'a>> {
    let whole = |reason| PrepareError { operator: None, reason };
    let copy_bytes = copy_misaligned(&model, None).map_err(whole)?;
    if copy_bytes > arena.len() {
        return Err(whole(Reason::Arena { needed: copy_bytes, given: arena.len() }));
    }
    let (copies, arena) = arena.split_at_mut(copy_bytes);
    copy_misaligned(&model, Some(copies)).map_err(whole)?;
    let words = Words::new(bytemuck::cast_slice_mut(arena));
    let mut builder = Builder {
        model,
        copies,
        words,
        semantics,
        registry: *registry,
        buffers: 0,
        state_bytes: 0,
        resettable_bytes: 0,
    };
    builder.lay_out().map_err(whole)?;
    let mut workspace_needed = 0;
    builder.prepare_operators(workspace_bytes, &mut workspace_needed)?;
    builder.place_state().map_err(whole)?;
    let mut scope = 0;
    builder.mark_lifetimes(0, &mut scope, &mut [0; MAX_CALL_DEPTH], 0).map_err(whole)?;
    let nonpersistent_bytes = builder.place_planned(planned).map_err(whole)?;
    builder.finish(nonpersistent_bytes, scope, workspace_needed).map_err(whole)
}

/// TFLM plans no memory for intermediate tensors, and refuses those that would need some (`ValidateSubgraph`,
/// micro/micro_allocation_info.cc).
fn check_intermediates(subgraph: &SubgraphView<'_>, operator: &OperatorView<'_>) -> Result<(), Reason> {
    for id in operator.intermediates()?.iter().filter_map(|id| usize::try_from(id).ok()) {
        let tensor = subgraph.tensors()?.get(id)?;
        let elements = Shape::new(tensor.shape()?.iter())?.elements() as u64;
        let bytes = tensor_bytes(tensor.ty()?, elements).unwrap_or(0);
        if bytes != 0 {
            let found = bytes as i64;
            return Err(Reason::Mismatch { what: "bytes of an intermediate tensor", found, expected: 0 });
        }
    }
    Ok(())
}

/// Copies the constants that are not aligned in memory one behind the other, each to a multiple of 16; returns the bytes that
/// they take.
fn copy_misaligned(model: &ModelView<'_>, mut copies: Option<&mut [u8]>) -> Result<usize, Reason> {
    let mut end = 0usize;
    for subgraph in model.subgraphs()?.iter() {
        for tensor in subgraph?.tensors()?.iter() {
            // What is wrong with a tensor matters only to the operator that uses it.
            let Ok((data, false)) =
                tensor.map_err(Reason::from).and_then(|tensor| constant_data(model, &tensor))
            else {
                continue;
            };
            let start = end;
            end += data.len().next_multiple_of(16);
            if let Some(copies) = &mut copies {
                copies[start..start + data.len()].copy_from_slice(data);
            }
        }
    }
    Ok(end)
}

/// The bytes of a constant, as many as its shape and type say, and whether they are aligned; none for an activation.
fn constant_data<'a>(model: &ModelView<'a>, tensor: &TensorView<'a>) -> Result<(&'a [u8], bool), Reason> {
    if tensor.is_variable()? {
        return Ok((&[], true));
    }
    let data = model.buffer_data(tensor.buffer()?)?;
    if data.is_empty() {
        return Ok((data, true));
    }
    let ty = tensor.ty()?;
    // Strings, resources and variants have no size: all bytes of the buffer.
    let elements = Shape::new(tensor.shape()?.iter())?.elements() as u64;
    let Some(bytes) = tensor_bytes(ty, elements) else { return Ok((data, true)) };
    if tensor.sparsity()?.is_some() {
        return Err(Reason::Unsupported("sparse constant data; write the model with dense weights"));
    }
    if (data.len() as u64) < bytes {
        let (found, expected) = (data.len() as i64, bytes as i64);
        return Err(Reason::Mismatch { what: "bytes of constant data", found, expected });
    }
    let element_bytes = (ty.bits().unwrap_or(8) / 8).clamp(1, 8) as usize;
    let is_aligned = data.as_ptr().align_offset(element_bytes) == 0;
    Ok((&data[..bytes as usize], is_aligned))
}

struct Builder<'w, 'a> {
    model: ModelView<'a>,
    copies: &'w [u8],
    words: Words<'w>,
    semantics: Semantics,
    registry: Registry<'a>,
    buffers: usize,
    state_bytes: u32,
    resettable_bytes: u32,
}

impl<'w, 'a: 'w> Builder<'w, 'a> {
    /// Takes the words of subgraphs, tensors and operators, and says of every tensor where it is or that it is pending.
    fn lay_out(&mut self) -> Result<(), Reason> {
        let subgraphs = self.model.subgraphs()?;
        if subgraphs.is_empty() {
            return Err(Reason::Unsupported("the model has no subgraph"));
        }
        self.words.take(SUBGRAPH_WORDS * subgraphs.len())?;
        let mut copied = 0;
        for (index, subgraph) in subgraphs.iter().enumerate() {
            let subgraph = subgraph?;
            let start = self.words.take(TENSOR_WORDS * subgraph.tensors()?.len())?;
            self.words.words[SUBGRAPH_WORDS * index] = start as u32;
            for (id, tensor) in subgraph.tensors()?.iter().enumerate() {
                // What is wrong with a tensor matters only to the operator that uses it.
                let place =
                    tensor.map_err(Reason::from).and_then(|tensor| self.tensor_place(&tensor, copied));
                let (place, bytes) = place.unwrap_or((Place::Absent, 0));
                if let Place::Copy(_) = place {
                    copied += bytes.next_multiple_of(16);
                }
                let word = start + TENSOR_WORDS * id;
                self.words.words[word] = place.word();
                self.words.words[word + 1] = bytes;
            }
        }
        for (index, subgraph) in subgraphs.iter().enumerate() {
            let start = self.words.take(OPERATOR_WORDS * subgraph?.operators()?.len())?;
            self.words.words[SUBGRAPH_WORDS * index + 1] = start as u32;
        }
        // The closing record, which says where the parameters of the last operator end.
        self.words.take(OPERATOR_WORDS)?;
        Ok(())
    }

    /// Where a tensor is, and how many bytes it has; a copied constant is said to be at `copied`.
    fn tensor_place(&self, tensor: &TensorView<'a>, copied: u32) -> Result<(Place, u32), Reason> {
        if tensor.external_buffer()? != 0 {
            return Err(Reason::Unsupported("constant data lie in an external file"));
        }
        if let TensorType::Unknown(code) = tensor.ty()? {
            let found = i64::from(code);
            return Err(Reason::Range { what: "type of a tensor", found, expected: "a number from 0 to 22" });
        }
        let elements = Shape::new(tensor.shape()?.iter())?.elements() as u64;
        let (data, is_aligned) = constant_data(&self.model, tensor)?;
        let bytes = tensor_bytes(tensor.ty()?, elements).unwrap_or(data.len() as u64);
        let bytes = u32::try_from(bytes).ok().filter(|bytes| *bytes <= Place::MAX_OFFSET);
        let bytes = bytes.ok_or(Reason::TooLarge { what: "a tensor" })?;
        let place = match (data.is_empty(), is_aligned) {
            (false, true) => self.file_place(data)?,
            (false, false) => Place::Copy(copied),
            (true, _) if bytes == 0 => Place::Absent,
            (true, _) => Place::UNUSED,
        };
        Ok((place, bytes))
    }

    fn file_place(&self, data: &[u8]) -> Result<Place, Reason> {
        let offset = u32::try_from(offset_in(self.model.file(), data)).ok();
        let offset = offset.filter(|offset| *offset <= Place::MAX_OFFSET);
        offset.map(Place::File).ok_or(Reason::TooLarge { what: "the offset of constant data" })
    }

    fn prepare_operators(
        &mut self,
        workspace_bytes: usize,
        workspace_needed: &mut usize,
    ) -> Result<(), PrepareError<'a>> {
        let whole = |reason: Reason| PrepareError { operator: None, reason };
        let mut number = 0;
        let subgraphs = self.model.subgraphs().map_err(|error| whole(error.into()))?;
        for (subgraph_index, subgraph) in subgraphs.iter().enumerate() {
            let subgraph = subgraph.map_err(|error| whole(error.into()))?;
            let operators = subgraph.operators().map_err(|error| whole(error.into()))?;
            for (index, operator) in operators.iter().enumerate() {
                let mut name = "?";
                let result = operator.map_err(Reason::from).and_then(|operator| {
                    name = operator_name(&self.model, &operator);
                    let needed = &mut *workspace_needed;
                    self.prepare_operator(
                        subgraph_index,
                        &subgraph,
                        &operator,
                        number,
                        workspace_bytes,
                        needed,
                    )
                });
                let place = OperatorPlace { subgraph: subgraph_index as u32, index: index as u32, name };
                result.map_err(|reason| PrepareError { operator: Some(place), reason })?;
                number += 1;
            }
        }
        let closing = self.operator_word(number);
        self.words.words[closing + 1] = self.words.used as u32;
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn prepare_operator(
        &mut self,
        subgraph_index: usize,
        subgraph: &SubgraphView<'a>,
        operator: &OperatorView<'a>,
        number: u32,
        workspace_bytes: usize,
        workspace_needed: &mut usize,
    ) -> Result<(), Reason> {
        let code = self.model.operator_codes()?.get(operator.code_index()? as usize)?;
        let key = match code.builtin()? {
            BuiltinOperator::CUSTOM => {
                let name = code.custom_code()?.and_then(|name| name.as_str());
                OperatorKey::Custom(name.ok_or(Reason::NoKernel)?)
            }
            builtin => OperatorKey::Builtin(builtin),
        };
        let (entry_number, entry) = self.registry.find(key).ok_or(Reason::NoKernel)?;
        self.check_operands(subgraph_index, subgraph, operator)?;
        if self.semantics == Semantics::Tflm {
            check_intermediates(subgraph, operator)?;
        }
        let word = self.operator_word(number);
        let record = OperatorRecord {
            kernel: (entry_number as u32) << 8,
            params: self.words.used as u32,
            inputs: number_list(self.model.file(), operator.inputs()?),
            outputs: number_list(self.model.file(), operator.outputs()?),
        };
        let (used, notes) = (self.words.used, self.words.notes);
        for (version_number, version) in entry.versions.iter().enumerate().take(256) {
            let mut needed = *workspace_needed;
            let mut context = PrepareContext {
                model: self.model,
                subgraph: *subgraph,
                copies: self.copies,
                tensors: self.words.words[SUBGRAPH_WORDS * subgraph_index] as usize,
                operator: *operator,
                operator_number: number,
                operators: self.words.words[1] as usize,
                semantics: self.semantics,
                words: &mut self.words,
                workspace_bytes: &mut needed,
            };
            let result = (version.prepare)(&mut context);
            let fits = needed <= workspace_bytes || needed == *workspace_needed;
            match result {
                Ok(()) if fits => {
                    *workspace_needed = needed;
                    let record = OperatorRecord { kernel: record.kernel | version_number as u32, ..record };
                    record.write(&mut self.words.words[word..]);
                    return Ok(());
                }
                Ok(()) | Err(Reason::Declined) => {
                    self.words.used = used;
                    self.words.notes = notes;
                }
                Err(reason) => return Err(reason),
            }
        }
        Err(Reason::Declined)
    }

    /// Every operand has to exist, and what is written must be neither constant nor another operand of the operator.
    fn check_operands(
        &self,
        subgraph_index: usize,
        subgraph: &SubgraphView<'a>,
        operator: &OperatorView<'a>,
    ) -> Result<(), Reason> {
        let (inputs, outputs) = (operator.inputs()?, operator.outputs()?);
        for (what, operands) in [("number of inputs", inputs), ("number of outputs", outputs)] {
            if operands.len() > MAX_OPERANDS {
                let found = operands.len() as i64;
                return Err(Reason::Range { what, found, expected: "at most 1024" });
            }
        }
        let tensors = subgraph.tensors()?;
        for id in inputs.iter().chain(outputs.iter()).filter(|id| *id != -1) {
            let index = usize::try_from(id).ok().filter(|index| *index < tensors.len());
            let index = index.ok_or(Reason::Range {
                what: "number of a tensor",
                found: i64::from(id),
                expected: "a tensor of the subgraph",
            })?;
            // This finds again what is wrong with the tensor.
            self.tensor_place(&tensors.get(index)?, 0)?;
        }
        for (position, id) in outputs.iter().enumerate().filter(|(_, id)| *id != -1) {
            if self.place(subgraph_index, id).is_constant() {
                return Err(Reason::Unsupported("the operator writes a constant tensor"));
            }
            if inputs.iter().chain(outputs.iter().take(position)).any(|other| other == id) {
                return Err(Reason::Unsupported(
                    "the operator writes a tensor that is another of its operands",
                ));
            }
        }
        Ok(())
    }

    /// Gives variable tensors and kernel state their places, and makes records of all buffers that kernels asked for.
    fn place_state(&mut self) -> Result<(), Reason> {
        let n_buffers = self.words.n_notes();
        self.buffers = self.words.take(TENSOR_WORDS * n_buffers)?;
        for buffer in 0..n_buffers {
            let [owner, bytes] = self.words.note_at(buffer);
            let word = self.buffers + TENSOR_WORDS * buffer;
            let place = if bytes == 0 || owner & NOTE_IS_LASTING != 0 {
                Place::Absent
            } else if owner & NOTE_IS_STATE != 0 {
                self.take_state(bytes)?
            } else {
                Place::UNUSED
            };
            self.words.words[word] = place.word();
            self.words.words[word + 1] = bytes;
        }
        for (index, subgraph) in self.model.subgraphs()?.iter().enumerate() {
            let start = self.words.words[SUBGRAPH_WORDS * index] as usize;
            for (id, tensor) in subgraph?.tensors()?.iter().enumerate() {
                let word = start + TENSOR_WORDS * id;
                let is_pending = matches!(Place::from_word(self.words.words[word]), Place::Pending(..));
                if is_pending && tensor?.is_variable()? {
                    self.words.words[word] = self.take_state(self.words.words[word + 1])?.word();
                }
            }
        }
        self.resettable_bytes = self.state_bytes;
        for buffer in 0..n_buffers {
            let [owner, bytes] = self.words.note_at(buffer);
            if owner & NOTE_IS_LASTING != 0 && bytes != 0 {
                self.words.words[self.buffers + TENSOR_WORDS * buffer] = self.take_state(bytes)?.word();
            }
        }
        Ok(())
    }

    fn take_state(&mut self, bytes: u32) -> Result<Place, Reason> {
        let offset = self.state_bytes;
        let end = aligned(bytes).and_then(|size| offset.checked_add(size));
        let end = end.filter(|end| *end <= Place::MAX_OFFSET);
        self.state_bytes = end.ok_or(Reason::TooLarge { what: "the state of the model" })?;
        Ok(Place::Memory(offset))
    }

    /// Follows the order of execution and notes for every pending tensor and buffer in which scopes it is alive: the rules
    /// of `AllocationInfoBuilder::MarkAllocationLifetimes` (micro/micro_allocation_info.cc).
    fn mark_lifetimes(
        &mut self,
        subgraph_index: usize,
        scope: &mut u32,
        callers: &mut [usize; MAX_CALL_DEPTH],
        depth: usize,
    ) -> Result<(), Reason> {
        if depth == MAX_CALL_DEPTH || callers[..depth].contains(&subgraph_index) {
            return Err(Reason::Unsupported("subgraphs call each other too deeply or in a circle"));
        }
        callers[depth] = subgraph_index;
        let subgraph = self.model.subgraphs()?.get(subgraph_index)?;
        let operators = subgraph.operators()?;
        let n_tensors = subgraph.tensors()?.len() as u32;
        let in_range = |id: &i32| u32::try_from(*id).is_ok_and(|id| id < n_tensors);
        for id in subgraph.inputs()?.iter().filter(in_range) {
            self.touch_tensor(subgraph_index, id, *scope, *scope);
        }
        let first_number = self.first_operator_number(subgraph_index);
        for (index, operator) in operators.iter().enumerate() {
            let operator = operator?;
            let number = first_number + index as u32;
            *scope += 1;
            let start = *scope;
            for called in self.called_subgraphs(number).into_iter().flatten() {
                *scope += 1;
                self.mark_lifetimes(called as usize, scope, callers, depth + 1)?;
            }
            if *scope > u32::from(Place::MAX_SCOPE) {
                return Err(Reason::TooLarge { what: "the number of operators" });
            }
            for id in operator.inputs()?.iter().filter(in_range) {
                self.touch_tensor(subgraph_index, id, *scope, *scope);
            }
            for id in operator.outputs()?.iter().filter(in_range) {
                self.touch_tensor(subgraph_index, id, start, *scope);
            }
            for buffer in 0..self.words.n_notes() {
                if self.words.note_at(buffer)[0] == number {
                    self.touch(self.buffers + TENSOR_WORDS * buffer, start, *scope);
                }
            }
        }
        for id in subgraph.outputs()?.iter().filter(in_range) {
            self.touch_tensor(subgraph_index, id, *scope, *scope);
        }
        Ok(())
    }

    fn touch_tensor(&mut self, subgraph: usize, id: i32, first: u32, last: u32) {
        let word = self.words.words[SUBGRAPH_WORDS * subgraph] as usize + TENSOR_WORDS * id as usize;
        self.touch(word, first, last);
    }

    fn touch(&mut self, word: usize, first: u32, last: u32) {
        if let Place::Pending(old_first, old_last) = Place::from_word(self.words.words[word]) {
            let place = Place::Pending(old_first.min(first as u16), old_last.max(last as u16));
            self.words.words[word] = place.word();
        }
    }

    /// Places everything that is pending, and returns the bytes of the planned memory.
    fn place_planned(&mut self, planned: &mut dyn FnMut(PlannedBuffer)) -> Result<u32, Reason> {
        let start = self.words.used;
        let n_subgraphs = self.model.subgraphs()?.len();
        let tensors = self.words.words[0] as usize..self.operator_word(0);
        let buffers = self.buffers..start;
        for word in tensors.step_by(TENSOR_WORDS).chain(buffers.step_by(TENSOR_WORDS)) {
            let bytes = self.words.words[word + 1];
            let Place::Pending(first, last) = Place::from_word(self.words.words[word]) else { continue };
            if Place::Pending(first, last) == Place::UNUSED {
                self.words.words[word] = Place::Absent.word();
                self.words.words[word + 1] = 0;
                continue;
            }
            let size = aligned(bytes).ok_or(Reason::TooLarge { what: "a tensor" })?;
            let entry = Planned { key: word as u32, size, first, last, offset: 0 };
            let at = self.words.take(Planned::WORDS)?;
            self.words.words[at..at + Planned::WORDS].copy_from_slice(&entry.words());
        }
        let entries = start..self.words.used;
        self.words.used = start;
        let total = plan(bytemuck::cast_slice_mut(&mut self.words.words[entries.clone()]));
        let total = total.filter(|total| total.checked_add(self.state_bytes) <= Some(Place::MAX_OFFSET));
        let total = total.ok_or(Reason::TooLarge { what: "the memory plan" })?;
        let by_key: &mut [[u32; 4]] = bytemuck::cast_slice_mut(&mut self.words.words[entries.clone()]);
        by_key.sort_unstable_by_key(|entry| entry[0]);
        for at in entries.step_by(Planned::WORDS) {
            let entry: [u32; 4] = Record::read(&self.words.words[at..]);
            let entry = Planned::read(&entry);
            let word = entry.key as usize;
            self.words.words[word] = Place::Memory(self.state_bytes + entry.offset).word();
            let (subgraph, usage) = self.usage_of(word, n_subgraphs);
            planned(PlannedBuffer {
                subgraph,
                usage,
                bytes: self.words.words[word + 1],
                size: entry.size,
                offset: entry.offset,
                first_used: entry.first,
                last_used: entry.last,
            });
        }
        Ok(total)
    }

    fn finish(
        &self,
        nonpersistent_bytes: u32,
        last_scope: u32,
        workspace_bytes: usize,
    ) -> Result<Built, Reason> {
        let too_large = Reason::TooLarge { what: "the arena" };
        let bytes_of = |words: usize| u32::try_from(words * 4).ok().and_then(aligned);
        let copy_bytes = u32::try_from(self.copies.len()).map_err(|_| too_large)?;
        let words_bytes = bytes_of(self.words.used).ok_or(too_large)?;
        let persistent_bytes =
            words_bytes.checked_add(self.state_bytes).and_then(|sum| sum.checked_add(copy_bytes));
        let persistent_bytes = persistent_bytes.ok_or(too_large)?;
        let used_bytes = persistent_bytes.checked_add(nonpersistent_bytes).ok_or(too_large)?;
        let peak = bytes_of(self.words.peak).and_then(|peak| peak.checked_add(copy_bytes));
        let minimum_bytes = used_bytes.max(peak.ok_or(too_large)?);
        let needs = ArenaNeeds {
            used_bytes,
            nonpersistent_bytes,
            persistent_bytes,
            minimum_bytes,
            workspace_bytes,
            n_scopes: last_scope + 1,
        };
        Ok(Built {
            copy_bytes,
            words_bytes,
            state_bytes: self.state_bytes,
            resettable_bytes: self.resettable_bytes,
            buffers: self.buffers,
            needs,
        })
    }

    /// What lies behind the word of a place.
    fn usage_of(&self, word: usize, n_subgraphs: usize) -> (u32, PlannedUse) {
        if word >= self.buffers {
            let buffer = (word - self.buffers) / TENSOR_WORDS;
            let owner = self.words.note_at(buffer)[0];
            let earlier = (0..buffer).filter(|other| self.words.note_at(*other)[0] == owner).count();
            let is_owner = |subgraph: &usize| self.first_operator_number(*subgraph) <= owner;
            let subgraph = (0..n_subgraphs).rev().find(is_owner).unwrap_or(0);
            let operator = owner - self.first_operator_number(subgraph);
            return (subgraph as u32, PlannedUse::Scratch(operator, earlier as u32));
        }
        let start_of = |subgraph: usize| self.words.words[SUBGRAPH_WORDS * subgraph] as usize;
        let subgraph = (0..n_subgraphs).rev().find(|subgraph| start_of(*subgraph) <= word).unwrap_or(0);
        (subgraph as u32, PlannedUse::Tensor(((word - start_of(subgraph)) / TENSOR_WORDS) as u32))
    }

    /// The subgraphs that an operator may call.
    fn called_subgraphs(&self, number: u32) -> [Option<u32>; 2] {
        let word = self.operator_word(number);
        let record = OperatorRecord::read(&self.words.words[word..]);
        let version = self.registry.entry((record.kernel >> 8) as usize).and_then(|entry| {
            let number = (record.kernel & 0xff) as usize;
            entry.versions.get(number)
        });
        match version.map(|version| version.eval) {
            Some(Eval::ControlFlow(kind)) => {
                let params = &self.words.words[record.params as usize..];
                ControlFlow::called_subgraphs(kind, params)
            }
            Some(Eval::Kernel(_) | Eval::Stateful(..) | Eval::Streaming(..)) | None => [None, None],
        }
    }

    fn first_operator_number(&self, subgraph: usize) -> u32 {
        let start = self.words.words[SUBGRAPH_WORDS * subgraph + 1] as usize;
        ((start - self.words.words[1] as usize) / OPERATOR_WORDS) as u32
    }

    fn operator_word(&self, number: u32) -> usize {
        self.words.words[1] as usize + OPERATOR_WORDS * number as usize
    }

    fn place(&self, subgraph: usize, id: i32) -> Place {
        let start = self.words.words[SUBGRAPH_WORDS * subgraph] as usize;
        let word = self.words.words.get(start + TENSOR_WORDS * id.max(0) as usize);
        word.map_or(Place::Absent, |word| Place::from_word(*word))
    }
}

fn number_list(file: &[u8], numbers: Scalars<'_, i32>) -> NumberList {
    if numbers.is_empty() { NumberList(0) } else { NumberList(offset_in(file, numbers.as_bytes()) as u32) }
}

/// Bytes from the start of the file to a part of it.
fn offset_in(file: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(file.as_ptr() as usize)
}
