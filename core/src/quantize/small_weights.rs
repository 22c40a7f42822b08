//! Smaller weights around float32 arithmetic: float16, and dynamic range. Both are for desktops.

use super::weights::{Slices, real_values, symmetric_int8, weight_scales};
use super::{QuantizeError, Quantized, Recipe, WeightScales, unchanged};
use crate::model::values::f16_from_f32;
use crate::model::{
    Buffer, BufferId, BuiltinOperator as Op, Model, Operator, OperatorCode, Options, Quantization,
    SharedBytes, TensorId, TensorType, bytes_from_elements, values::f32_from_f16, versions,
};

/// Fewer weights than this stay as they are: TensorFlow's converter has the same border
/// (`minimum_elements_for_weights` in `tensorflow/compiler/mlir/lite/quantization/common/quantization_lib/quantization_config.h`
/// at v2.19.0).
const LEAST_ELEMENTS: u64 = 1024;

/// The largest number of half precision.
const LARGEST_FLOAT16: f32 = 65504.0;

/// Constants in half precision, with a DEQUANTIZE before their readers; `widened` writes the rounded numbers as float32 and
/// does without.
pub(super) fn float16(source: &Model, widened: bool) -> Quantized {
    let mut result = unchanged(source);
    let constants: Vec<TensorId> = float_constants(source).collect();
    let mut dequantized = Vec::new();
    for id in constants {
        let values = real_values(source, source.subgraphs[0].tensor(id)).unwrap_or_default();
        let halves: Vec<u16> =
            values.iter().map(|value| f16_from_f32(value.clamp(-LARGEST_FLOAT16, LARGEST_FLOAT16))).collect();
        if widened {
            let floats: Vec<f32> = halves.iter().map(|half| f32_from_f16(*half)).collect();
            set_data(&mut result.model, id, bytes_from_elements(&floats));
            continue;
        }
        set_data(&mut result.model, id, bytes_from_elements(&halves));
        let main = &mut result.model.subgraphs[0];
        let half = &mut main.tensors[id.index()];
        let mut full = half.clone();
        half.ty = TensorType::Float16;
        if let Some(name) = &mut half.name {
            name.push_str("/float16");
        }
        full.buffer = BufferId(0);
        let full_id = TensorId(main.tensors.len() as u32);
        main.tensors.push(full);
        for operator in &mut main.operators {
            let read = operator.inputs.iter_mut().filter(|input| **input == Some(id));
            read.for_each(|input| *input = Some(full_id));
        }
        result.tensors[id.index()] = Some(full_id);
        dequantized.push((id, full_id));
    }
    insert_dequantize(&mut result, &dequantized);
    versions::set(&mut result.model);
    result
}

/// DEQUANTIZE operators before all others.
fn insert_dequantize(result: &mut Quantized, tensors: &[(TensorId, TensorId)]) {
    if tensors.is_empty() {
        return;
    }
    let code_index = result.model.operator_codes.len() as u32;
    result.model.operator_codes.push(OperatorCode { builtin: Op::DEQUANTIZE, custom_code: None, version: 1 });
    let operators = tensors.iter().map(|(from, to)| {
        let mut operator = Operator::new(code_index);
        operator.inputs = vec![Some(*from)];
        operator.outputs = vec![Some(*to)];
        operator.set_options(Options::new("DequantizeOptions"));
        operator
    });
    let operators: Vec<Operator> = operators.collect();
    result.model.subgraphs[0].operators.splice(0..0, operators);
    result.sources.splice(0..0, std::iter::repeat_n(None, tensors.len()));
}

/// Weights of convolutions and fully connected layers in int8; their operators quantize the inputs while they run. LSTMs stay
/// in float32.
pub(super) fn dynamic_range(source: &Model, recipe: &Recipe) -> Result<Quantized, QuantizeError> {
    let mut result = unchanged(source);
    let main = &source.subgraphs[0];
    for (index, operator) in main.operators.iter().enumerate() {
        let code = source.builtin(operator);
        let axis = match (code, recipe.weight_scales) {
            (Op::CONV_2D, WeightScales::PerTensor) | (Op::DEPTHWISE_CONV_2D, WeightScales::PerTensor) => None,
            (Op::CONV_2D, _) => Some(0),
            (Op::DEPTHWISE_CONV_2D, _) => Some(3),
            // One scale, and an input with a zero point of its own.
            (Op::FULLY_CONNECTED, _) => None,
            _ => continue,
        };
        let Some(id) = operator.input(1) else { continue };
        let tensor = main.tensor(id);
        let is_large = tensor.element_count().is_some_and(|count| count >= LEAST_ELEMENTS);
        let Some(values) = real_values(source, tensor).filter(|_| is_large) else { continue };
        if values.iter().any(|value| !value.is_finite()) {
            return Err(QuantizeError::NotFinite { tensor: tensor.name.clone().unwrap_or_default() });
        }
        // Weights that other operators read in float32 have to stay.
        let readers = main.operators.iter().filter(|other| other.inputs.contains(&Some(id)));
        if readers.into_iter().any(|other| source.builtin(other) != code) {
            continue;
        }
        let slices = Slices::new(&tensor.shape, axis);
        let scales = weight_scales(&values, slices, None);
        if result.model.subgraphs[0].tensors[id.index()].ty == TensorType::Float32 {
            set_data(&mut result.model, id, bytes_from_elements(&symmetric_int8(&values, &scales, slices)));
            let new = &mut result.model.subgraphs[0].tensors[id.index()];
            new.ty = TensorType::Int8;
            new.quantization = Some(Quantization {
                zero_point: vec![0; scales.len()],
                scale: scales,
                quantized_dimension: axis.unwrap_or(0) as i32,
                ..Quantization::default()
            });
        }
        if code == Op::FULLY_CONNECTED {
            let operator = &mut result.model.subgraphs[0].operators[index];
            let options = operator.options.take().unwrap_or_else(|| Options::new("FullyConnectedOptions"));
            operator.options = Some(options.with_int("asymmetric_quantize_inputs", 1));
        }
    }
    versions::set(&mut result.model);
    Ok(result)
}

/// Float32 constants that an operator reads.
fn float_constants(model: &Model) -> impl Iterator<Item = TensorId> {
    let main = &model.subgraphs[0];
    (0..main.tensors.len() as u32).map(TensorId).filter(move |id| {
        let tensor = main.tensor(*id);
        tensor.ty == TensorType::Float32
            && model.constant_data(tensor).is_some()
            && !main.outputs.contains(id)
            && main.operators.iter().any(|operator| operator.inputs.contains(&Some(*id)))
    })
}

/// Other bytes for a constant, in a buffer of its own where others share its buffer.
fn set_data(model: &mut Model, id: TensorId, bytes: Vec<u8>) {
    let data = Some(SharedBytes::new(bytes));
    let main = &model.subgraphs[0];
    let buffer = main.tensor(id).buffer;
    let is_shared = main.tensors.iter().filter(|tensor| tensor.buffer == buffer).count() > 1;
    if is_shared {
        model.subgraphs[0].tensors[id.index()].buffer = BufferId(model.buffers.len() as u32);
        model.buffers.push(Buffer { data, appended: false });
    } else if let Some(buffer) = model.buffers.get_mut(buffer.index()) {
        buffer.data = data;
    }
}
