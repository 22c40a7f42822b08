//! How long a flatbuffer can become, counted before it is built: the library's builder grows by doubling and panics at
//! 2 GiB, and this bound prevents both.

use crate::model::{
    Model, Operator, OptionValue, Options, Quantization, QuantizationDetails, SparseIndex, Sparsity,
    Subgraph, Tensor,
};

/// A table of the schema with the reference to it: at most 14 fields of 8 bytes with a vtable of its own.
const TABLE: u64 = 192;

/// Length and padding of a vector, aligned data included.
const VECTOR: u64 = 32;

pub(super) fn upper_bound(model: &Model) -> u64 {
    let embedded = |appended: bool, bytes: usize| if appended { 0 } else { bytes };
    let buffers = model.buffers.iter().map(|buffer| {
        TABLE + vector(embedded(buffer.appended, buffer.data.as_ref().map_or(0, |data| data.len())), 1)
    });
    let codes = model.operator_codes.iter().map(|code| TABLE + text(code.custom_code.as_deref()));
    let metadata = model.metadata.iter().map(|metadata| TABLE + text(Some(&metadata.name)));
    let signatures = model.signatures.iter().map(|signature| {
        let entries = signature.inputs.iter().chain(&signature.outputs);
        let entries: u64 = entries.map(|(name, _)| TABLE + text(name.as_deref())).sum();
        TABLE + 2 * VECTOR + text(signature.key.as_deref()) + entries
    });
    let groups = model.external_buffer_groups.iter().map(|name| TABLE + text(name.as_deref()));
    let external = model.external_buffers.iter().map(|buffer| TABLE + text(buffer.packing.as_deref()));
    TABLE
        + 8 * VECTOR
        + text(model.description.as_deref())
        + vector(model.metadata_buffers.len(), 4)
        + buffers.sum::<u64>()
        + codes.sum::<u64>()
        + model.subgraphs.iter().map(subgraph).sum::<u64>()
        + metadata.sum::<u64>()
        + signatures.sum::<u64>()
        + groups.sum::<u64>()
        + external.sum::<u64>()
}

fn subgraph(subgraph: &Subgraph) -> u64 {
    TABLE
        + 2 * VECTOR
        + text(subgraph.name.as_deref())
        + vector(subgraph.inputs.len(), 4)
        + vector(subgraph.outputs.len(), 4)
        + subgraph.tensors.iter().map(tensor).sum::<u64>()
        + subgraph.operators.iter().map(operator).sum::<u64>()
}

fn tensor(tensor: &Tensor) -> u64 {
    let variants = tensor.variant_tensors.iter().map(|variant| TABLE + vector(variant.shape.len(), 4));
    TABLE
        + VECTOR
        + text(tensor.name.as_deref())
        + vector(tensor.shape.len(), 4)
        + vector(tensor.shape_signature.len(), 4)
        + tensor.quantization.as_ref().map_or(0, quantization)
        + tensor.sparsity.as_ref().map_or(0, sparsity)
        + variants.sum::<u64>()
}

fn quantization(quantization: &Quantization) -> u64 {
    let details = match &quantization.details {
        None => 0,
        Some(QuantizationDetails::Custom(bytes)) => vector(bytes.len(), 1),
        Some(QuantizationDetails::Blockwise { block_shape, .. }) => vector(block_shape.len(), 4),
        Some(QuantizationDetails::MultiAxis { quantized_dimensions, .. }) => {
            vector(quantized_dimensions.len(), 4)
        }
    };
    let floats = [&quantization.min, &quantization.max, &quantization.scale];
    2 * TABLE
        + floats.iter().map(|values| vector(values.len(), 4)).sum::<u64>()
        + vector(quantization.zero_point.len(), 8)
        + details
}

fn sparsity(sparsity: &Sparsity) -> u64 {
    let index = |index: &Option<SparseIndex>| match index {
        None => 0,
        Some(SparseIndex::Int32(values)) => TABLE + vector(values.len(), 4),
        Some(SparseIndex::Uint16(values)) => TABLE + vector(values.len(), 2),
        Some(SparseIndex::Uint8(values)) => TABLE + vector(values.len(), 1),
    };
    let dimensions = sparsity
        .dimensions
        .iter()
        .map(|dimension| TABLE + index(&dimension.array_segments) + index(&dimension.array_indices));
    TABLE
        + VECTOR
        + vector(sparsity.traversal_order.len(), 4)
        + vector(sparsity.block_map.len(), 4)
        + dimensions.sum::<u64>()
}

fn operator(operator: &Operator) -> u64 {
    let tensors = [&operator.inputs, &operator.outputs, &operator.intermediates];
    let custom = operator.custom_options.as_ref().filter(|_| !operator.custom_options_appended);
    TABLE
        + tensors.iter().map(|ids| vector(ids.len(), 4)).sum::<u64>()
        + vector(operator.mutating_variable_inputs.len(), 1)
        + custom.map_or(0, |bytes| vector(bytes.len(), 1))
        + operator.options.as_ref().map_or(0, options)
        + operator.options_2.as_ref().map_or(0, options)
}

fn options(options: &Options) -> u64 {
    let values = options.values.iter().map(|(_, value)| match value {
        OptionValue::Int(_) | OptionValue::Float(_) => 0,
        OptionValue::Text(value) => text(Some(value)),
        OptionValue::Ints(values) => vector(values.len(), 8),
        OptionValue::Floats(values) => vector(values.len(), 4),
    });
    TABLE + 16 * options.values.len() as u64 + values.sum::<u64>()
}

fn text(text: Option<&str>) -> u64 {
    text.map_or(0, |text| VECTOR + text.len() as u64)
}

fn vector(elements: usize, bytes: u64) -> u64 {
    VECTOR + bytes * elements as u64
}
