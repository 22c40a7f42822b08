//! Weights that a converter has made small, as float32 again: so that files for desktops can be quantized for chips.

use super::weights::Slices;
use crate::model::{
    Buffer, BufferId, BuiltinOperator as Op, Model, OperatorId, Quantization, SharedBytes, Subgraph,
    TensorId, TensorType, Values, bytes_from_elements,
};

/// The model with float16 and dynamic-range weights as the float32 numbers that they stand for. Operators that only dequantize
/// constants disappear. Models with integer activations come back as they are.
pub fn widened(model: &Model) -> Model {
    let mut result = model.clone();
    for subgraph in 0..model.subgraphs.len() {
        remove_dequantize(&mut result, subgraph);
        widen_hybrid(&mut result, subgraph);
    }
    result
}

/// DEQUANTIZE of constants: their outputs become the constants.
fn remove_dequantize(model: &mut Model, subgraph: usize) {
    let graph = &model.subgraphs[subgraph];
    let found = graph.operators.iter().enumerate().filter_map(|(index, operator)| {
        let (input, output) = (operator.input(0)?, operator.output(0)?);
        let is_constant = model.constant_data(graph.tensor(input)).is_some();
        (model.builtin(operator) == Op::DEQUANTIZE && is_constant && !graph.outputs.contains(&output))
            .then_some((OperatorId(index as u32), input, output))
    });
    let found: Vec<_> = found.collect();
    let mut removed = Vec::new();
    for (operator, input, output) in found {
        let Some(values) = real_numbers(model, &model.subgraphs[subgraph], input) else { continue };
        set_constant(model, subgraph, output, &values);
        removed.push(operator.index());
    }
    let mut index = 0;
    model.subgraphs[subgraph].operators.retain(|_| {
        index += 1;
        !removed.contains(&(index - 1))
    });
}

/// int8 weights of operators whose activations are float32.
fn widen_hybrid(model: &mut Model, subgraph: usize) {
    let graph = &model.subgraphs[subgraph];
    let mut weights: Vec<TensorId> = Vec::new();
    for operator in &graph.operators {
        let is_float = operator.output(0).is_some_and(|id| graph.tensor(id).ty == TensorType::Float32);
        let is_hybrid = |id: &TensorId| {
            let tensor = graph.tensor(*id);
            tensor.ty == TensorType::Int8 && model.constant_data(tensor).is_some()
        };
        let code = model.builtin(operator);
        if is_float && !matches!(code, Op::DEQUANTIZE | Op::CAST | Op::GATHER | Op::EMBEDDING_LOOKUP) {
            weights.extend(operator.inputs.iter().flatten().filter(|id| is_hybrid(id)));
        }
    }
    weights.sort_unstable();
    weights.dedup();
    for id in weights {
        if let Some(values) = real_numbers(model, &model.subgraphs[subgraph], id) {
            set_constant(model, subgraph, id, &values);
        }
    }
}

/// The numbers that a constant stands for.
fn real_numbers(model: &Model, graph: &Subgraph, id: TensorId) -> Option<Vec<f32>> {
    let tensor = graph.tensor(id);
    let values = Values::of_tensor(tensor, model.constant_data(tensor)?)?;
    let Quantization { scale, zero_point, quantized_dimension, .. } =
        tensor.quantization.clone().unwrap_or_default();
    if scale.is_empty() {
        return Some(values.map(|value| value as f32).collect());
    }
    let axis = (scale.len() > 1).then(|| usize::try_from(quantized_dimension).unwrap_or(0));
    let slices = Slices::new(&tensor.shape, axis);
    let real = |(index, value): (usize, f64)| {
        let slice = slices.of(index);
        let zero_point = zero_point.get(slice).or(zero_point.first()).copied().unwrap_or(0);
        let scale = scale.get(slice).or(scale.first()).copied().unwrap_or(1.0);
        (f64::from(scale) * (value - zero_point as f64)) as f32
    };
    Some(values.enumerate().map(real).collect())
}

fn set_constant(model: &mut Model, subgraph: usize, id: TensorId, values: &[f32]) {
    let buffer = BufferId(model.buffers.len() as u32);
    let data = Some(SharedBytes::new(bytes_from_elements(values)));
    model.buffers.push(Buffer { data, appended: false });
    let tensor = &mut model.subgraphs[subgraph].tensors[id.index()];
    (tensor.ty, tensor.buffer, tensor.quantization) = (TensorType::Float32, buffer, None);
}
