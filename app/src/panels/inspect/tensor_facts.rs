//! What is known about each tensor: its role, who writes and reads it, its size and scale in words.

use emberlab_core::model::{Model, OperatorId, Subgraph, Tensor};

use super::find::Haystack;
use crate::theme::format;

/// Facts about one tensor.
#[derive(Clone, Debug)]
pub struct TensorFacts {
    /// Name in the file; empty for none.
    pub name: String,
    /// What it is for.
    pub role: TensorRole,
    /// Shape without a batch of 1.
    pub shape: String,
    /// Number of elements; `None` where it is not known.
    pub elements: Option<u64>,
    /// Bytes of all elements; `None` where they are not known.
    pub bytes: Option<u64>,
    /// Scale and zero point in words; empty for none.
    pub quantization: String,
    /// The operator that writes it last.
    pub writer: Option<OperatorId>,
    /// The operators that read it.
    pub readers: Vec<OperatorId>,
    /// What assistive tools say.
    pub spoken: String,
    /// What find looks at.
    pub haystack: Haystack,
}

/// What a tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TensorRole {
    /// Input of the subgraph.
    Input,
    /// Output of the subgraph.
    Output,
    /// Computed and read within the subgraph.
    Activation,
    /// Data of the file.
    Constant,
    /// Keeps its value between invocations.
    Variable,
    /// Nothing reads or writes it.
    Unused,
}

impl TensorRole {
    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            TensorRole::Input => "input",
            TensorRole::Output => "output",
            TensorRole::Activation => "activation",
            TensorRole::Constant => "constant",
            TensorRole::Variable => "variable",
            TensorRole::Unused => "unused",
        }
    }
}

/// Facts about the tensors of a subgraph, in the order of the file.
pub(super) fn tensors(model: &Model, subgraph: &Subgraph) -> Vec<TensorFacts> {
    let n_tensors = subgraph.tensors.len();
    let mut writer: Vec<Option<OperatorId>> = vec![None; n_tensors];
    let mut readers: Vec<Vec<OperatorId>> = vec![Vec::new(); n_tensors];
    for (index, operator) in subgraph.operators.iter().enumerate() {
        let id = OperatorId(index as u32);
        for tensor in operator.inputs.iter().flatten() {
            if let Some(readers) = readers.get_mut(tensor.index())
                && readers.last() != Some(&id)
            {
                readers.push(id);
            }
        }
        for tensor in operator.outputs.iter().flatten() {
            if let Some(writer) = writer.get_mut(tensor.index()) {
                *writer = Some(id);
            }
        }
    }
    let mut roles = vec![None; n_tensors];
    let ports = subgraph.outputs.iter().map(|tensor| (tensor, TensorRole::Output));
    for (tensor, role) in ports.chain(subgraph.inputs.iter().map(|tensor| (tensor, TensorRole::Input))) {
        if let Some(slot) = roles.get_mut(tensor.index()) {
            *slot = Some(role);
        }
    }
    subgraph
        .tensors
        .iter()
        .enumerate()
        .zip(readers)
        .map(|((index, tensor), readers)| {
            let role = roles[index].unwrap_or_else(|| {
                if model.constant_data(tensor).is_some() || tensor.external_buffer != 0 {
                    TensorRole::Constant
                } else if tensor.is_variable {
                    TensorRole::Variable
                } else if writer[index].is_none() && readers.is_empty() {
                    TensorRole::Unused
                } else {
                    TensorRole::Activation
                }
            });
            let name = tensor.name.clone().unwrap_or_default();
            let shape = format::shape(&tensor.shape);
            let bytes = tensor.byte_size();
            let spoken_bytes =
                bytes.map_or_else(String::new, |bytes| format!(", {} bytes", format::count(bytes)));
            TensorFacts {
                role,
                elements: tensor.element_count(),
                bytes,
                quantization: quantization_text(tensor),
                writer: writer[index],
                readers,
                spoken: format!("Tensor {index}, {name}{spoken_bytes}"),
                haystack: Haystack::default()
                    .with(&name)
                    .with(&format!("t{index}"))
                    .with(tensor.ty.name())
                    .with(role.label())
                    .with_shape(&tensor.shape),
                shape,
                name,
            }
        })
        .collect()
}

/// Scale and zero point in a few words; empty where there are none.
fn quantization_text(tensor: &Tensor) -> String {
    let Some(quantization) = &tensor.quantization else { return String::new() };
    if quantization.details.is_some() {
        return "per block".to_owned();
    }
    match quantization.scale.as_slice() {
        [] => String::new(),
        [scale] => {
            let zero_point = quantization.zero_point.first().copied().unwrap_or(0);
            format!("{} at {}", format::scale(*scale), format::integer(zero_point))
        }
        scales => format!("{} scales, axis {}", scales.len(), quantization.quantized_dimension),
    }
}
