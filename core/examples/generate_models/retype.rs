//! The same models with other types than their operators expect: most are refused, and so must they be by us.

use emberlab_core::model::{Buffer, BufferId, Model, Quantization, TensorType};

use super::maker::Random;

const TYPES: &[TensorType] = &[
    TensorType::Float32,
    TensorType::Int8,
    TensorType::Int16,
    TensorType::Int32,
    TensorType::Int64,
    TensorType::Uint8,
    TensorType::Bool,
    TensorType::Float16,
];

/// Gives one tensor, or all tensors of its type, another type.
pub fn retype(model: &mut Model, random: &mut Random) {
    let n_tensors = model.subgraphs[0].tensors.len() as i32;
    let chosen = random.between(0, n_tensors - 1) as usize;
    let (old, new) = (model.subgraphs[0].tensors[chosen].ty, random.pick(TYPES));
    let is_all = random.chance();
    for number in 0..model.subgraphs.len() {
        for index in 0..model.subgraphs[number].tensors.len() {
            let is_meant = (number, index) == (0, chosen);
            if is_meant || (is_all && model.subgraphs[number].tensors[index].ty == old) {
                change(model, number, index, new, random);
            }
        }
    }
}

fn change(model: &mut Model, subgraph: usize, index: usize, new: TensorType, random: &mut Random) {
    let tensor = &mut model.subgraphs[subgraph].tensors[index];
    tensor.ty = new;
    let is_quantized = matches!(new, TensorType::Int8 | TensorType::Int16 | TensorType::Uint8);
    if is_quantized && tensor.quantization.is_none() {
        let scale = random.between(1, 200) as f32 / 1024.0;
        tensor.quantization =
            Some(Quantization { scale: vec![scale], zero_point: vec![0], ..Default::default() });
    }
    if !is_quantized {
        tensor.quantization = None;
    }
    let n_bytes = tensor.byte_size().unwrap_or_default() as usize;
    let old = model.buffers.get(tensor.buffer.index()).and_then(|buffer| buffer.data.as_ref());
    if let Some(old) = old.filter(|data| !data.is_empty()) {
        let mut bytes = old.as_slice().to_vec();
        // Kernels that read integers of another type must not read beyond the constant.
        bytes.resize(n_bytes.max(bytes.len()), 0);
        tensor.buffer = BufferId(model.buffers.len() as u32);
        model.buffers.push(Buffer { data: Some(bytes.into()), appended: false });
    }
}
