//! The state in which TFLM prepares the operators of a model, and what a kernel may ask of it.

use std::borrow::Cow;
use std::fmt::Display;

use super::help::Trouble;
use super::tensor::{Quantized, TempTensor};
use super::{Prepared, Reason};
use crate::model::{Model, Operator, OperatorId, SubgraphId, TensorId, TensorType};
use crate::plan::arena::{ARENA_ALIGN, Arena, Purpose};
use crate::plan::graph::{EvalTensor, Graph, element_bytes, type_name};
use crate::plan::kernels::Kernels;
use crate::plan::layout::Layout;
use crate::plan::{Category, Chip};

/// TFLM's limit on scratch buffers of one operator, `kMaxScratchBuffersPerOp`.
pub(in crate::plan) const MAX_SCRATCH_PER_OPERATOR: usize = 12;

/// A scratch buffer that an operator asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::plan) struct ScratchRequest {
    pub owner: (SubgraphId, OperatorId),
    pub bytes: u64,
}

/// Resource variables: a name, and whether memory has been taken for its value.
#[derive(Debug, Default)]
pub(in crate::plan) struct Variables<'m> {
    entries: Vec<Variable<'m>>,
}

#[derive(Debug)]
struct Variable<'m> {
    container: Option<&'m str>,
    name: &'m str,
    has_memory: bool,
    /// Handle tensors that point to this variable.
    handles: Vec<(SubgraphId, TensorId)>,
}

/// Everything that lives from one operator to the next.
#[derive(Debug)]
pub(in crate::plan) struct Preparation<'m> {
    pub model: &'m Model,
    pub chip: Chip,
    pub layout: &'static Layout,
    pub kernels: &'static Kernels,
    pub graph: Graph<'m>,
    pub arena: Arena,
    pub scratch: Vec<ScratchRequest>,
    pub variables: Variables<'m>,
}

/// One operator while its kernel prepares.
pub(in crate::plan) struct Context<'a, 'm> {
    pub state: &'a mut Preparation<'m>,
    pub operator: &'m Operator,
    pub place: (SubgraphId, OperatorId),
    /// The kernel's source file, for TFLM's messages.
    pub file: &'static str,
    /// What its blocks of the tail are called: `op_init` or `op_prepare`.
    pub phase: &'static str,
}

impl<'m> Context<'_, 'm> {
    pub fn n_inputs(&self) -> usize {
        self.operator.inputs.len()
    }

    pub fn n_outputs(&self) -> usize {
        self.operator.outputs.len()
    }

    /// An input that must be there.
    pub fn input(&mut self, place: usize) -> Prepared<TempTensor<'m>> {
        let input = self.operator.input(place).map(|id| self.temp_tensor(id));
        input.unwrap_or_else(|| Err(self.missing("input", place)))
    }

    /// An input that may be left out.
    pub fn optional_input(&mut self, place: usize) -> Prepared<Option<TempTensor<'m>>> {
        self.operator.input(place).map(|id| self.temp_tensor(id)).transpose()
    }

    /// An output.
    pub fn output(&mut self, place: usize) -> Prepared<TempTensor<'m>> {
        let output = self.operator.output(place).map(|id| self.temp_tensor(id));
        output.unwrap_or_else(|| Err(self.missing("output", place)))
    }

    /// The evaluation tensor of an input, which takes no temporary memory.
    pub fn eval_input(&self, place: usize) -> Prepared<(TensorId, &EvalTensor<'m>)> {
        let id = self.operator.input(place).ok_or_else(|| self.missing("input", place))?;
        let tensor = self.state.graph.get(self.place.0, id).ok_or_else(|| self.missing("input", place))?;
        Ok((id, tensor))
    }

    /// Takes a block of the tail.
    pub fn persistent(&mut self, bytes: u64) {
        let purpose = Purpose::new(self.phase, Category::PersistentBufferData).of_operator(self.place);
        self.state.arena.persistent(purpose, bytes, ARENA_ALIGN);
    }

    /// Takes `count` elements of `element_bytes` from the tail; a negative count, or one beyond 32 bits, is refused.
    pub fn persistent_elements(&mut self, count: i64, element_bytes: u64) -> Prepared {
        let bytes = self.checked_bytes(count, element_bytes)?;
        self.persistent(bytes);
        Ok(())
    }

    /// Asks for a scratch buffer of `count` elements of `element_bytes`.
    pub fn scratch(&mut self, count: i64, element_bytes: u64) -> Prepared {
        let bytes = self.checked_bytes(count, element_bytes)?;
        let owner = self.place;
        let n_before = self.state.scratch.iter().rev().take_while(|request| request.owner == owner).count();
        if n_before >= MAX_SCRATCH_PER_OPERATOR {
            let message =
                format!("Scratch buffer request exceeds limit per operator ({MAX_SCRATCH_PER_OPERATOR})");
            return Err(Reason { message, trouble: Trouble::Size });
        }
        self.state.scratch.push(ScratchRequest { owner, bytes });
        Ok(())
    }

    /// Moves the shape of an output from the file to the tail, so that the kernel may change it, and changes it;
    /// `CreateWritableTensorDimsWithCopy`.
    pub fn set_output_dims(&mut self, place: usize, dims: Vec<i64>) -> Prepared {
        let id = self.operator.output(place).ok_or_else(|| self.missing("output", place))?;
        let subgraph = self.place.0;
        let rank = self.state.graph.get(subgraph, id).map_or(0, |tensor| tensor.dims.len());
        self.persistent(self.state.layout.int_array(rank as u64));
        let dims = dims.into_iter().map(|dim| i32::try_from(dim).unwrap_or(-1)).collect::<Vec<_>>();
        if let Some(tensor) = self.state.graph.get_mut(subgraph, id) {
            tensor.dims = Cow::Owned(dims);
        }
        Ok(())
    }

    pub fn ensure(&self, trouble: Trouble, condition: bool, text: &str) -> Prepared {
        self.ensure_text(trouble, condition, || format!("{}: {text} was not true.", self.file))
    }

    pub fn ensure_msg(&self, trouble: Trouble, condition: bool, text: &str) -> Prepared {
        self.ensure_text(trouble, condition, || format!("{} {text}", self.file))
    }

    pub fn ensure_eq<T: PartialEq + Display>(&self, trouble: Trouble, a: T, b: T, text: &str) -> Prepared {
        let equal = a == b;
        self.ensure_text(trouble, equal, || format!("{}: {text} ({a} != {b})", self.file))
    }

    pub fn ensure_types(&self, a: TensorType, b: TensorType, text: &str) -> Prepared {
        let (first, second) = (type_name(a), type_name(b));
        self.ensure_text(Trouble::Types, a == b, || format!("{}: {text} ({first} != {second})", self.file))
    }

    /// The tensor has one of the types.
    pub fn ensure_type_in(&self, tensor: &TempTensor, types: &[TensorType], name: &str) -> Prepared {
        self.ensure_text(Trouble::Types, types.contains(&tensor.ty), || {
            let names = types.iter().map(|ty| format!("{name}->type == {}", type_constant(*ty)));
            format!("{}: {} was not true.", self.file, names.collect::<Vec<_>>().join(" || "))
        })
    }

    pub fn ensure_arity(&self, inputs: usize, outputs: usize) -> Prepared {
        self.ensure_eq(Trouble::Arity, self.n_inputs(), inputs, "NumInputs(node) != expected")?;
        self.ensure_eq(Trouble::Arity, self.n_outputs(), outputs, "NumOutputs(node) != expected")
    }

    pub fn ensure_constant(&self, tensor: &TempTensor, name: &str) -> Prepared {
        let text = format!("Non-constant >{name}< tensor is not supported");
        self.ensure_msg(Trouble::Constant, tensor.data.is_some(), &text)
    }

    /// An assertion that stops every build: `TFLITE_CHECK`.
    pub fn assert(&self, trouble: Trouble, condition: bool, text: &str) -> Prepared {
        self.ensure_text(trouble, condition, || format!("{}: assertion {text} fails", self.file))
    }

    /// An assertion that stops a chip, but not the reference wheel, which is built without: `TFLITE_DCHECK`.
    pub fn debug_assert(&self, trouble: Trouble, condition: bool, text: &str) -> Prepared {
        self.assert(trouble, condition || self.state.chip == Chip::Host64, text)
    }

    pub fn refuse<T>(&self, trouble: Trouble, message: impl Into<String>) -> Prepared<T> {
        Err(Reason { message: message.into(), trouble })
    }

    fn ensure_text(&self, trouble: Trouble, condition: bool, message: impl FnOnce() -> String) -> Prepared {
        if condition { Ok(()) } else { Err(Reason { message: message(), trouble }) }
    }

    fn missing(&self, kind: &str, place: usize) -> Reason {
        Reason {
            message: format!("{}: {kind} {place} != nullptr was not true.", self.file),
            trouble: Trouble::Arity,
        }
    }

    fn checked_bytes(&self, count: i64, element_bytes: u64) -> Prepared<u64> {
        let bytes = u64::try_from(count).ok().and_then(|count| count.checked_mul(element_bytes));
        bytes.filter(|&bytes| bytes <= i32::MAX as u64).ok_or_else(|| Reason {
            message: format!("{}: a buffer of {count} times {element_bytes} bytes is no size", self.file),
            trouble: Trouble::Size,
        })
    }

    /// `AllocateTempTfLiteTensor`: takes temporary memory for the tensor and its quantization.
    fn temp_tensor(&mut self, id: TensorId) -> Prepared<TempTensor<'m>> {
        let model = self.state.model;
        let subgraph = self.place.0;
        let tensor = model.subgraphs.get(subgraph.index()).and_then(|graph| graph.tensors.get(id.index()));
        let (Some(tensor), Some(eval)) = (tensor, self.state.graph.get(subgraph, id)) else {
            return self.refuse(Trouble::Arity, format!("Tensor {} does not exist", id.0));
        };
        let dims = eval.dims.clone();
        let layout = self.state.layout;
        self.state.arena.temporary(layout.tensor, layout.align);
        let quantized = Quantized::of(tensor);
        if let Some(quantized) = quantized {
            self.state.arena.temporary(layout.affine_quantization, layout.align);
            self.state.arena.temporary(layout.int_array(quantized.scales.len() as u64), 4);
        }
        Ok(TempTensor {
            id,
            ty: tensor.ty,
            dims,
            bytes: tensor
                .element_count()
                .and_then(|count| count.checked_mul(element_bytes(tensor.ty)?))
                .unwrap_or(0),
            data: model.constant_data(tensor),
            is_variable: tensor.is_variable,
            scale: quantized.map_or(0.0, |quantized| quantized.scales[0]),
            zero_point: quantized.map_or(0, |quantized| quantized.zero_points[0] as i32),
            quantized,
        })
    }
}

impl<'m> Variables<'m> {
    /// The number of different names that the model's handles use, which an application must make room for.
    ///
    /// Source: tflite-micro 90b983c2, `tensorflow/lite/tools/flatbuffer_utils.py`, `count_resource_variables`.
    pub fn count(names: impl Iterator<Item = &'m str>) -> usize {
        names.collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Points a handle to its variable, which it may be the first to name.
    pub fn bind(&mut self, container: Option<&'m str>, name: &'m str, handle: (SubgraphId, TensorId)) {
        let found = self
            .entries
            .iter()
            .position(|entry| entry.name == name && (container.is_none() || container == entry.container));
        let index = found.unwrap_or_else(|| {
            self.entries.push(Variable { container, name, has_memory: false, handles: Vec::new() });
            self.entries.len() - 1
        });
        self.entries[index].handles.push(handle);
    }

    /// True for the first time that a handle's variable needs memory.
    pub fn takes_memory(&mut self, handle: (SubgraphId, TensorId)) -> bool {
        let entry = self.entries.iter_mut().find(|entry| entry.handles.contains(&handle));
        entry.is_some_and(|entry| !std::mem::replace(&mut entry.has_memory, true))
    }
}

fn type_constant(ty: TensorType) -> &'static str {
    match ty {
        TensorType::Float32 => "kTfLiteFloat32",
        TensorType::Float16 => "kTfLiteFloat16",
        TensorType::Int32 => "kTfLiteInt32",
        TensorType::Uint8 => "kTfLiteUInt8",
        TensorType::Int64 => "kTfLiteInt64",
        TensorType::Bool => "kTfLiteBool",
        TensorType::Int16 => "kTfLiteInt16",
        TensorType::Int8 => "kTfLiteInt8",
        TensorType::Uint32 => "kTfLiteUInt32",
        TensorType::Uint64 => "kTfLiteUInt64",
        TensorType::Resource => "kTfLiteResource",
        TensorType::Int4 => "kTfLiteInt4",
        _ => type_name(ty),
    }
}
