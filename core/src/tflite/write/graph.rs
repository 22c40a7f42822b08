//! Subgraphs: tensors with their quantization and sparsity, operators.

use emberlab_runtime::schema::OptionsKind;
use emberlab_runtime::schema::tables::{
    blockwise_quantization, custom_quantization, dimension_metadata, int32_vector, multi_axis_quantization,
    operator, quantization, sparsity, subgraph, tensor, uint8_vector, uint16_vector, variant_sub_type,
};

use super::builder::{Fields, Offset};
use super::{WriteError, Writer};
use crate::model::{
    Model, Operator, Options, Quantization, QuantizationDetails, SparseDimension, SparseIndex, Sparsity,
    Subgraph, Tensor, TensorId,
};

impl Writer<'_> {
    pub(super) fn subgraph(&mut self, model: &Model, subgraph: &Subgraph) -> Result<Offset, WriteError> {
        let tensors = self.each(&subgraph.tensors, |writer, tensor| Ok(writer.tensor(tensor)))?;
        let operators =
            self.each(&subgraph.operators, |writer, operator| writer.operator(model, operator))?;
        let numbers = |ids: &[TensorId]| ids.iter().map(|id| id.0 as i32).collect::<Vec<_>>();
        let builder = &mut self.builder;
        let fields = Fields::new()
            .offset(&subgraph::TENSORS, Some(builder.tables(&tensors)))
            .offset(&subgraph::INPUTS, Some(builder.vector(&numbers(&subgraph.inputs))))
            .offset(&subgraph::OUTPUTS, Some(builder.vector(&numbers(&subgraph.outputs))))
            .offset(&subgraph::OPERATORS, Some(builder.tables(&operators)))
            .offset(&subgraph::NAME, builder.text(subgraph.name.as_deref()))
            .i32(&subgraph::DEBUG_METADATA_INDEX, subgraph.debug_metadata_index);
        Ok(builder.table(fields))
    }

    fn tensor(&mut self, tensor: &Tensor) -> Offset {
        let quantization = tensor.quantization.as_ref().map(|quantization| self.quantization(quantization));
        let sparsity = tensor.sparsity.as_ref().map(|sparsity| self.sparsity(sparsity));
        let variants: Vec<Offset> = tensor
            .variant_tensors
            .iter()
            .map(|variant| {
                let shape = self.builder.filled(&variant.shape);
                let fields = Fields::new()
                    .offset(&variant_sub_type::SHAPE, shape)
                    .i8(&variant_sub_type::TYPE, variant.ty.code())
                    .bool(&variant_sub_type::HAS_RANK, variant.has_rank);
                self.builder.table(fields)
            })
            .collect();
        let builder = &mut self.builder;
        let fields = Fields::new()
            .offset(&tensor::SHAPE, Some(builder.vector(&tensor.shape)))
            .i8(&tensor::TYPE, tensor.ty.code())
            .u32(&tensor::BUFFER, tensor.buffer.0)
            .offset(&tensor::NAME, builder.text(tensor.name.as_deref()))
            .offset(&tensor::QUANTIZATION, quantization)
            .bool(&tensor::IS_VARIABLE, tensor.is_variable)
            .offset(&tensor::SPARSITY, sparsity)
            .offset(&tensor::SHAPE_SIGNATURE, builder.filled(&tensor.shape_signature))
            .bool(&tensor::HAS_RANK, tensor.has_rank)
            .offset(&tensor::VARIANT_TENSORS, builder.filled_tables(&variants))
            .u32(&tensor::EXTERNAL_BUFFER, tensor.external_buffer);
        builder.table(fields)
    }

    fn quantization(&mut self, parameters: &Quantization) -> Offset {
        let details = parameters.details.as_ref().map(|details| self.details(details));
        let (member, details) = details.map_or((0, None), |(member, table)| (member, Some(table)));
        let builder = &mut self.builder;
        let fields = Fields::new()
            .offset(&quantization::MIN, builder.filled(&parameters.min))
            .offset(&quantization::MAX, builder.filled(&parameters.max))
            .offset(&quantization::SCALE, builder.filled(&parameters.scale))
            .offset(&quantization::ZERO_POINT, builder.filled(&parameters.zero_point))
            .u8(&quantization::DETAILS_TYPE, member)
            .offset(&quantization::DETAILS, details)
            .i32(&quantization::QUANTIZED_DIMENSION, parameters.quantized_dimension);
        builder.table(fields)
    }

    /// The member of the union and its table.
    fn details(&mut self, details: &QuantizationDetails) -> (u8, Offset) {
        let builder = &mut self.builder;
        match details {
            QuantizationDetails::Custom(bytes) => {
                let bytes = builder.aligned_bytes(bytes);
                (1, builder.table(Fields::new().offset(&custom_quantization::CUSTOM, Some(bytes))))
            }
            QuantizationDetails::Blockwise { scales, zero_points, block_size, block_shape } => {
                let shape = builder.filled(block_shape);
                let fields = Fields::new()
                    .i32(&blockwise_quantization::SCALES, *scales)
                    .i32(&blockwise_quantization::ZERO_POINTS, *zero_points)
                    .i32(&blockwise_quantization::BLOCK_SIZE, *block_size)
                    .offset(&blockwise_quantization::BLOCK_SHAPE, shape);
                (2, builder.table(fields))
            }
            QuantizationDetails::MultiAxis { scales, zero_points, block_size, quantized_dimensions } => {
                let dimensions = builder.filled(quantized_dimensions);
                let fields = Fields::new()
                    .i32(&multi_axis_quantization::SCALES, *scales)
                    .i32(&multi_axis_quantization::ZERO_POINTS, *zero_points)
                    .i32(&multi_axis_quantization::BLOCK_SIZE, *block_size)
                    .offset(&multi_axis_quantization::QUANTIZED_DIMENSIONS, dimensions);
                (3, builder.table(fields))
            }
        }
    }

    fn sparsity(&mut self, parameters: &Sparsity) -> Offset {
        let dimensions: Vec<Offset> =
            parameters.dimensions.iter().map(|dimension| self.sparse_dimension(dimension)).collect();
        let builder = &mut self.builder;
        let fields = Fields::new()
            .offset(&sparsity::TRAVERSAL_ORDER, builder.filled(&parameters.traversal_order))
            .offset(&sparsity::BLOCK_MAP, builder.filled(&parameters.block_map))
            .offset(&sparsity::DIM_METADATA, builder.filled_tables(&dimensions));
        builder.table(fields)
    }

    fn sparse_dimension(&mut self, dimension: &SparseDimension) -> Offset {
        let (segments_type, segments) = self.sparse_index(dimension.array_segments.as_ref());
        let (indices_type, indices) = self.sparse_index(dimension.array_indices.as_ref());
        let fields = Fields::new()
            .i8(&dimension_metadata::FORMAT, dimension.format)
            .i32(&dimension_metadata::DENSE_SIZE, dimension.dense_size)
            .u8(&dimension_metadata::ARRAY_SEGMENTS_TYPE, segments_type)
            .offset(&dimension_metadata::ARRAY_SEGMENTS, segments)
            .u8(&dimension_metadata::ARRAY_INDICES_TYPE, indices_type)
            .offset(&dimension_metadata::ARRAY_INDICES, indices);
        self.builder.table(fields)
    }

    /// The member of the union and its table.
    fn sparse_index(&mut self, index: Option<&SparseIndex>) -> (u8, Option<Offset>) {
        let builder = &mut self.builder;
        let (member, field, values) = match index {
            None => return (0, None),
            Some(SparseIndex::Int32(values)) => (1, &int32_vector::VALUES, builder.vector(values)),
            Some(SparseIndex::Uint16(values)) => (2, &uint16_vector::VALUES, builder.vector(values)),
            Some(SparseIndex::Uint8(values)) => (3, &uint8_vector::VALUES, builder.vector(values)),
        };
        (member, Some(builder.table(Fields::new().offset(field, Some(values)))))
    }

    fn operator(&mut self, model: &Model, node: &Operator) -> Result<Offset, WriteError> {
        let (options_type, options) = self.union(model, node, node.options.as_ref())?;
        let (options_2_type, options_2) = self.union(model, node, node.options_2.as_ref())?;
        let numbers = |ids: &[Option<TensorId>]| {
            ids.iter().map(|id| id.map_or(-1, |id| id.0 as i32)).collect::<Vec<_>>()
        };
        let mut fields = Fields::new()
            .u32(&operator::OPCODE_INDEX, node.code_index)
            .u8(&operator::BUILTIN_OPTIONS_TYPE, options_type)
            .offset(&operator::BUILTIN_OPTIONS, options)
            .i8(&operator::CUSTOM_OPTIONS_FORMAT, node.custom_options_format)
            .u8(&operator::BUILTIN_OPTIONS_2_TYPE, options_2_type)
            .offset(&operator::BUILTIN_OPTIONS_2, options_2)
            .i32(&operator::DEBUG_METADATA_INDEX, node.debug_metadata_index);
        let builder = &mut self.builder;
        match &node.custom_options {
            None => {}
            Some(bytes) if node.custom_options_appended => {
                fields = fields
                    .u64_always(&operator::LARGE_CUSTOM_OPTIONS_OFFSET, self.appendix.place(bytes))
                    .u64_always(&operator::LARGE_CUSTOM_OPTIONS_SIZE, bytes.len() as u64);
            }
            Some(bytes) => fields = fields.offset(&operator::CUSTOM_OPTIONS, Some(builder.vector(bytes))),
        }
        let intermediates = numbers(&node.intermediates);
        let fields = fields
            .offset(&operator::INPUTS, Some(builder.vector(&numbers(&node.inputs))))
            .offset(&operator::OUTPUTS, Some(builder.vector(&numbers(&node.outputs))))
            .offset(&operator::MUTATING_VARIABLE_INPUTS, builder.filled(&node.mutating_variable_inputs))
            .offset(&operator::INTERMEDIATES, builder.filled(&intermediates));
        Ok(builder.table(fields))
    }

    /// The member of the union and its table.
    fn union(
        &mut self,
        model: &Model,
        node: &Operator,
        options: Option<&Options>,
    ) -> Result<(u8, Option<Offset>), WriteError> {
        let Some(options) = options else { return Ok((0, None)) };
        let (OptionsKind::Builtin(member) | OptionsKind::Builtin2(member)) = options.kind;
        let table = self.options(options).map_err(|error| error.of_operator(&model.operator_name(node)))?;
        Ok((member, Some(table)))
    }
}
