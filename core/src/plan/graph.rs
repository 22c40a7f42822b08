//! The tensors of all subgraphs as TFLM keeps them while it prepares a model.

use std::borrow::Cow;

use super::Refusal;
use crate::model::{Model, SubgraphId, Tensor, TensorId, TensorType};

/// One tensor: its shape may change while operators are prepared.
#[derive(Clone, Debug)]
pub(super) struct EvalTensor<'m> {
    pub dims: Cow<'m, [i32]>,
    pub ty: TensorType,
    /// The tensor has its data from the file, or an operator pointed it to data of its own.
    pub has_data: bool,
}

/// All tensors, by subgraph and number.
#[derive(Debug)]
pub(super) struct Graph<'m> {
    tensors: Vec<Vec<EvalTensor<'m>>>,
}

impl<'m> Graph<'m> {
    pub fn new(model: &'m Model) -> Self {
        let eval = |tensor: &'m Tensor| EvalTensor {
            dims: Cow::Borrowed(tensor.shape.as_slice()),
            ty: tensor.ty,
            has_data: model.constant_data(tensor).is_some(),
        };
        let tensors = model.subgraphs.iter().map(|graph| graph.tensors.iter().map(eval).collect()).collect();
        Self { tensors }
    }

    pub fn get(&self, subgraph: SubgraphId, tensor: TensorId) -> Option<&EvalTensor<'m>> {
        self.tensors.get(subgraph.index())?.get(tensor.index())
    }

    pub fn get_mut(&mut self, subgraph: SubgraphId, tensor: TensorId) -> Option<&mut EvalTensor<'m>> {
        self.tensors.get_mut(subgraph.index())?.get_mut(tensor.index())
    }

    pub fn subgraph(&self, subgraph: usize) -> &[EvalTensor<'m>] {
        &self.tensors[subgraph]
    }
}

impl EvalTensor<'_> {
    /// `TfLiteEvalTensorByteLength`.
    ///
    /// # Errors
    /// A reason without its place: a type that TFLM has no size for, an unknown dimension, or too many bytes.
    pub fn bytes(&self) -> Result<u64, String> {
        byte_length(&self.dims, self.ty)
    }
}

/// Bytes that TFLM gives to one element; packed 4-bit values take a byte each.
///
/// Source: esp-tflite-micro 99f49e14, `tensorflow/lite/micro/memory_helpers.cc`, `TfLiteTypeSizeOf`.
pub(super) fn element_bytes(ty: TensorType) -> Option<u64> {
    match ty {
        TensorType::Int8 | TensorType::Uint8 | TensorType::Bool | TensorType::Int4 => Some(1),
        TensorType::Float16 | TensorType::Bfloat16 | TensorType::Int16 | TensorType::Uint16 => Some(2),
        TensorType::Float32 | TensorType::Int32 | TensorType::Uint32 | TensorType::Resource => Some(4),
        TensorType::Float64 | TensorType::Int64 | TensorType::Uint64 | TensorType::Complex64 => Some(8),
        TensorType::Complex128 => Some(16),
        TensorType::String
        | TensorType::Variant
        | TensorType::Int2
        | TensorType::Uint4
        | TensorType::Float8E4m3fn
        | TensorType::Float8E5m2
        | TensorType::Unknown(_) => None,
    }
}

/// The name of a type in TFLM's messages.
///
/// Source: esp-tflite-micro 99f49e14, `tensorflow/lite/core/c/common.cc`, `TfLiteTypeGetName`.
pub(super) fn type_name(ty: TensorType) -> &'static str {
    match ty {
        TensorType::Float32 => "FLOAT32",
        TensorType::Float16 => "FLOAT16",
        TensorType::Int32 => "INT32",
        TensorType::Uint8 => "UINT8",
        TensorType::Int64 => "INT64",
        TensorType::String => "STRING",
        TensorType::Bool => "BOOL",
        TensorType::Int16 => "INT16",
        TensorType::Complex64 => "COMPLEX64",
        TensorType::Int8 => "INT8",
        TensorType::Float64 => "FLOAT64",
        TensorType::Complex128 => "COMPLEX128",
        TensorType::Uint64 => "UINT64",
        TensorType::Resource => "RESOURCE",
        TensorType::Variant => "VARIANT",
        TensorType::Uint32 => "UINT32",
        TensorType::Uint16 => "UINT16",
        TensorType::Int4 => "INT4",
        TensorType::Bfloat16 => "BFLOAT16",
        TensorType::Int2 => "INT2",
        TensorType::Uint4 => "UINT4",
        TensorType::Float8E4m3fn => "FLOAT8_E4M3FN",
        TensorType::Float8E5m2 => "FLOAT8_E5M2",
        TensorType::Unknown(_) => "Unknown type",
    }
}

/// The number of a type in TFLM's messages, `TfLiteType`: the schema's numbers, shifted by one from the start.
pub(super) fn type_number(ty: TensorType) -> u8 {
    match ty {
        TensorType::Float32 => 1,
        TensorType::Int32 => 2,
        TensorType::Uint8 => 3,
        TensorType::Int64 => 4,
        TensorType::String => 5,
        TensorType::Bool => 6,
        TensorType::Int16 => 7,
        TensorType::Complex64 => 8,
        TensorType::Int8 => 9,
        TensorType::Float16 => 10,
        TensorType::Float64 => 11,
        TensorType::Complex128 => 12,
        TensorType::Uint64 => 13,
        TensorType::Resource => 14,
        TensorType::Variant => 15,
        TensorType::Uint32 => 16,
        TensorType::Uint16 => 17,
        TensorType::Int4 => 18,
        TensorType::Bfloat16 => 19,
        TensorType::Int2 => 20,
        TensorType::Uint4 => 21,
        TensorType::Float8E4m3fn => 22,
        TensorType::Float8E5m2 => 23,
        // `kTfLiteNoType`.
        TensorType::Unknown(_) => 0,
    }
}

/// Refusals for tensors whose size TFLM cannot hold, so that later arithmetic may trust all sizes.
pub(super) fn unusable_tensors(model: &Model) -> Vec<Refusal> {
    let subgraphs = model.subgraphs.iter().enumerate();
    let mut refusals = Vec::new();
    for (number, subgraph) in subgraphs {
        for (index, tensor) in subgraph.tensors.iter().enumerate() {
            if let Err(reason) = byte_length(&tensor.shape, tensor.ty) {
                let place = if number == 0 { String::new() } else { format!(" of subgraph {number}") };
                refusals.push(Refusal {
                    operator: None,
                    message: format!("Tensor {index}{place}: {reason}"),
                    help: size_help(tensor),
                });
            }
        }
    }
    refusals
}

fn size_help(tensor: &Tensor) -> String {
    if element_bytes(tensor.ty).is_none() {
        "Convert the model with activations and weights of int8, int16 or float32".to_owned()
    } else if tensor.shape.iter().any(|&dim| dim < 0) {
        "Fix the batch and all other dimensions before the conversion".to_owned()
    } else {
        "Use a smaller model; no tensor of a chip has gigabytes".to_owned()
    }
}

fn byte_length(dims: &[i32], ty: TensorType) -> Result<u64, String> {
    if let TensorType::Unknown(code) = ty {
        return Err(format!("Unsupported data type {code} in tensor"));
    }
    let Some(element) = element_bytes(ty) else {
        return Err(format!("TFLM has no size for the type {}", type_name(ty)));
    };
    if let Some(dim) = dims.iter().find(|&&dim| dim < 0) {
        return Err(format!("Dynamic tensors are not supported (dimension {dim})"));
    }
    // A zero would hide a product that overflows before it is reached.
    let elements = dims
        .iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(u64::from(dim.unsigned_abs()).max(1)))
        .and_then(|product| product.checked_mul(element))
        .filter(|&bytes| bytes <= i32::MAX as u64);
    match elements {
        Some(bytes) => Ok(if dims.contains(&0) { 0 } else { bytes }),
        None => Err("The tensor has more bytes than a 32-bit size can hold".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dims: &[i32], ty: TensorType, bytes: Option<u64>) {
        assert_eq!(byte_length(dims, ty).ok(), bytes, "{dims:?} {ty:?}");
    }

    #[test]
    fn byte_lengths_follow_tflm() {
        check(&[], TensorType::Float32, Some(4));
        check(&[2, 3], TensorType::Int8, Some(6));
        check(&[2, 3], TensorType::Int4, Some(6));
        check(&[2, 0], TensorType::Int8, Some(0));
        check(&[-1, 3], TensorType::Int8, None);
        check(&[1], TensorType::String, None);
        check(&[1], TensorType::Unknown(99), None);
        check(&[0, i32::MAX, i32::MAX], TensorType::Int8, None);
        check(&[i32::MAX, i32::MAX, i32::MAX, i32::MAX], TensorType::Complex128, None);
    }
}
