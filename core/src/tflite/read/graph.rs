//! Subgraphs: tensors with their quantization and sparsity, operators.

use emberlab_runtime::schema::tables::{
    Field, blockwise_quantization, custom_quantization, dimension_metadata, multi_axis_quantization,
    operator, quantization, sparsity, subgraph, tensor, variant_sub_type,
};
use emberlab_runtime::tflite_view::{
    DimensionMetadataView, OperatorView, Problem, QuantizationDetailsView, QuantizationView, SparseIndexView,
    SparsityView, SubgraphView, Table, TensorView,
};

use super::{Counts, Reader, in_range};
use crate::model::{
    Operator, Quantization, QuantizationDetails, SharedBytes, SparseDimension, SparseIndex, Sparsity,
    Subgraph, Tensor, TensorId, VariantSubType,
};
use crate::tflite::ReadError;

impl Reader {
    pub(super) fn subgraph(
        &mut self,
        view: &SubgraphView<'_>,
        counts: &Counts,
    ) -> Result<Subgraph, ReadError> {
        let table = view.table();
        self.note_unknown_slots(table, &subgraph::SCHEMA);
        let tensors = self.tables(table, &subgraph::TENSORS, view.tensors()?, |reader, view| {
            reader.tensor(&view, counts)
        })?;
        let n_tensors = tensors.len();
        let operators = self.tables(table, &subgraph::OPERATORS, view.operators()?, |reader, view| {
            reader.operator(&view, counts, n_tensors)
        })?;
        Ok(Subgraph {
            name: self.text(table, &subgraph::NAME)?,
            inputs: self.tensor_ids(table, &subgraph::INPUTS, n_tensors)?,
            outputs: self.tensor_ids(table, &subgraph::OUTPUTS, n_tensors)?,
            tensors,
            operators,
            debug_metadata_index: view.debug_metadata_index()?,
        })
    }

    fn tensor(&mut self, view: &TensorView<'_>, counts: &Counts) -> Result<Tensor, ReadError> {
        let table = view.table();
        self.note_unknown_slots(table, &tensor::SCHEMA);
        Ok(Tensor {
            name: self.text(table, &tensor::NAME)?,
            shape: self.scalars(table, &tensor::SHAPE)?,
            shape_signature: self.scalars(table, &tensor::SHAPE_SIGNATURE)?,
            has_rank: view.has_rank()?,
            ty: view.ty()?,
            buffer: counts.buffer(table, &tensor::BUFFER, view.buffer()?)?,
            quantization: view.quantization()?.map(|view| self.quantization(&view)).transpose()?,
            is_variable: view.is_variable()?,
            sparsity: view.sparsity()?.map(|view| self.sparsity(&view)).transpose()?,
            variant_tensors: self.tables(
                table,
                &tensor::VARIANT_TENSORS,
                view.variant_tensors()?,
                |reader, view| {
                    reader.note_unknown_slots(view.table(), &variant_sub_type::SCHEMA);
                    let shape = reader.scalars(view.table(), &variant_sub_type::SHAPE)?;
                    Ok(VariantSubType { shape, ty: view.ty()?, has_rank: view.has_rank()? })
                },
            )?,
            external_buffer: view.external_buffer()?,
        })
    }

    fn quantization(&mut self, view: &QuantizationView<'_>) -> Result<Quantization, ReadError> {
        let table = view.table();
        self.note_unknown_slots(table, &quantization::SCHEMA);
        Ok(Quantization {
            min: self.scalars(table, &quantization::MIN)?,
            max: self.scalars(table, &quantization::MAX)?,
            scale: self.scalars(table, &quantization::SCALE)?,
            zero_point: self.scalars(table, &quantization::ZERO_POINT)?,
            quantized_dimension: view.quantized_dimension()?,
            details: view.details()?.map_or(Ok(None), |details| self.details(table, details))?,
        })
    }

    fn details(
        &mut self,
        owner: &Table<'_>,
        view: QuantizationDetailsView<'_>,
    ) -> Result<Option<QuantizationDetails>, ReadError> {
        Ok(match view {
            QuantizationDetailsView::Custom(table) => {
                self.note_unknown_slots(&table, &custom_quantization::SCHEMA);
                let bytes = self.scalars(&table, &custom_quantization::CUSTOM)?;
                Some(QuantizationDetails::Custom(bytes))
            }
            QuantizationDetailsView::Blockwise(table) => {
                self.note_unknown_slots(&table, &blockwise_quantization::SCHEMA);
                Some(QuantizationDetails::Blockwise {
                    scales: table.scalar(&blockwise_quantization::SCALES)?,
                    zero_points: table.scalar(&blockwise_quantization::ZERO_POINTS)?,
                    block_size: table.scalar(&blockwise_quantization::BLOCK_SIZE)?,
                    block_shape: self.scalars(&table, &blockwise_quantization::BLOCK_SHAPE)?,
                })
            }
            QuantizationDetailsView::MultiAxis(table) => {
                self.note_unknown_slots(&table, &multi_axis_quantization::SCHEMA);
                Some(QuantizationDetails::MultiAxis {
                    scales: table.scalar(&multi_axis_quantization::SCALES)?,
                    zero_points: table.scalar(&multi_axis_quantization::ZERO_POINTS)?,
                    block_size: table.scalar(&multi_axis_quantization::BLOCK_SIZE)?,
                    quantized_dimensions: self
                        .scalars(&table, &multi_axis_quantization::QUANTIZED_DIMENSIONS)?,
                })
            }
            QuantizationDetailsView::Unknown(member) => {
                self.note(owner, format!("quantization details of kind {member}, which schema version 3 does not have, are not kept"));
                None
            }
        })
    }

    fn sparsity(&mut self, view: &SparsityView<'_>) -> Result<Sparsity, ReadError> {
        let table = view.table();
        self.note_unknown_slots(table, &sparsity::SCHEMA);
        Ok(Sparsity {
            traversal_order: self.scalars(table, &sparsity::TRAVERSAL_ORDER)?,
            block_map: self.scalars(table, &sparsity::BLOCK_MAP)?,
            dimensions: self.tables(table, &sparsity::DIM_METADATA, view.dimensions()?, |reader, view| {
                reader.sparse_dimension(&view)
            })?,
        })
    }

    fn sparse_dimension(&mut self, view: &DimensionMetadataView<'_>) -> Result<SparseDimension, ReadError> {
        let table = view.table();
        self.note_unknown_slots(table, &dimension_metadata::SCHEMA);
        Ok(SparseDimension {
            format: view.format()?,
            dense_size: view.dense_size()?,
            array_segments: self.sparse_index(
                table,
                &dimension_metadata::ARRAY_SEGMENTS,
                view.array_segments()?,
            )?,
            array_indices: self.sparse_index(
                table,
                &dimension_metadata::ARRAY_INDICES,
                view.array_indices()?,
            )?,
        })
    }

    fn sparse_index(
        &mut self,
        table: &Table<'_>,
        field: &Field,
        view: Option<SparseIndexView<'_>>,
    ) -> Result<Option<SparseIndex>, ReadError> {
        let Some(view) = view else { return Ok(None) };
        let bytes = match &view {
            SparseIndexView::Int32(values) => values.as_bytes().len(),
            SparseIndexView::Uint16(values) => values.as_bytes().len(),
            SparseIndexView::Uint8(values) => values.as_bytes().len(),
            SparseIndexView::Unknown(_) => 0,
        };
        self.budget.copy(table, field.name, bytes)?;
        Ok(match view {
            SparseIndexView::Int32(values) => Some(SparseIndex::Int32(values.iter().collect())),
            SparseIndexView::Uint16(values) => Some(SparseIndex::Uint16(values.iter().collect())),
            SparseIndexView::Uint8(values) => Some(SparseIndex::Uint8(values.iter().collect())),
            SparseIndexView::Unknown(member) => {
                let what = field.name;
                self.note(
                    table,
                    format!("{what} of kind {member}, which schema version 3 does not have, is not kept"),
                );
                None
            }
        })
    }

    fn operator(
        &mut self,
        view: &OperatorView<'_>,
        counts: &Counts,
        n_tensors: usize,
    ) -> Result<Operator, ReadError> {
        let table = view.table();
        self.note_unknown_slots(table, &operator::SCHEMA);
        let code_index = view.code_index()?;
        in_range(table, &operator::OPCODE_INDEX, i64::from(code_index), counts.operator_codes)?;
        let custom = view.custom_options_place()?;
        if let Some((range, _)) = &custom {
            self.budget.share(table, &operator::CUSTOM_OPTIONS, range.len())?;
        }
        Ok(Operator {
            code_index,
            inputs: self.optional_tensor_ids(table, &operator::INPUTS, n_tensors)?,
            outputs: self.optional_tensor_ids(table, &operator::OUTPUTS, n_tensors)?,
            intermediates: self.optional_tensor_ids(table, &operator::INTERMEDIATES, n_tensors)?,
            mutating_variable_inputs: self.scalars(table, &operator::MUTATING_VARIABLE_INPUTS)?,
            options: view.options()?.map(|view| self.options(&view)).transpose()?,
            options_2: view.options_2()?.map(|view| self.options(&view)).transpose()?,
            custom_options_appended: custom.as_ref().is_some_and(|(_, appended)| *appended),
            custom_options: custom.and_then(|(range, _)| SharedBytes::slice_of(&self.memory, range)),
            custom_options_format: view.custom_options_format()?,
            debug_metadata_index: view.debug_metadata_index()?,
        })
    }

    fn tensor_ids(
        &mut self,
        table: &Table<'_>,
        field: &Field,
        n_tensors: usize,
    ) -> Result<Vec<TensorId>, ReadError> {
        self.numbered_tensors(table, field, n_tensors, 0, |id| id)
    }

    fn optional_tensor_ids(
        &mut self,
        table: &Table<'_>,
        field: &Field,
        n_tensors: usize,
    ) -> Result<Vec<Option<TensorId>>, ReadError> {
        self.numbered_tensors(table, field, n_tensors, -1, Some)
    }

    /// One element per number of a vector; `min` is -1 where "no tensor" is allowed.
    fn numbered_tensors<T>(
        &mut self,
        table: &Table<'_>,
        field: &Field,
        n_tensors: usize,
        min: i32,
        element: impl Fn(Option<TensorId>) -> Option<T>,
    ) -> Result<Vec<T>, ReadError> {
        let numbers = table.scalars::<i32>(field)?;
        self.budget.copy(table, field.name, size_of::<T>() * numbers.len())?;
        let mut ids = Vec::with_capacity(numbers.len());
        for (place, number) in numbers.iter().enumerate() {
            let id = optional_tensor_id(number, min, n_tensors).and_then(&element);
            ids.push(id.ok_or_else(|| {
                let max = n_tensors as i64 - 1;
                let problem = Problem::Range { min: i64::from(min), max, found: i64::from(number) };
                table.error(field.name, field.slot, problem).of_element(place)
            })?);
        }
        Ok(ids)
    }
}

/// The tensor with the number, no tensor for -1 if `min` allows it, or `None` for a number out of range.
fn optional_tensor_id(number: i32, min: i32, n_tensors: usize) -> Option<Option<TensorId>> {
    match u32::try_from(number) {
        Ok(id) if (id as usize) < n_tensors => Some(Some(TensorId(id))),
        Err(_) if number == -1 && min == -1 => Some(None),
        Ok(_) | Err(_) => None,
    }
}
