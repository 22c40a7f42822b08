//! Subgraphs, and tensors with all that describes them.

use super::error::{Location, Part, ViewError};
use super::operator::OperatorView;
use super::table::{FromTable, Scalars, Table, Tables, Text};
use super::view_of_table;
use crate::schema::TensorType;
use crate::schema::tables::{Field, SPARSE_INDEX_VECTOR};
use crate::schema::tables::{
    blockwise_quantization, custom_quantization, dimension_metadata, int32_vector, multi_axis_quantization,
    quantization, sparsity, subgraph, tensor, uint8_vector, uint16_vector, variant_sub_type,
};

/// One graph.
#[derive(Clone, Copy, Debug)]
pub struct SubgraphView<'a> {
    table: Table<'a>,
}
view_of_table!(SubgraphView, subgraph, |_, index| Location { subgraph: Some(index), element: None });

impl<'a> SubgraphView<'a> {
    /// Tensors, constants included.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn tensors(&self) -> Result<Tables<'a, TensorView<'a>>, ViewError> {
        self.table.tables(&subgraph::TENSORS)
    }

    /// Numbers of the tensors that are inputs of the graph.
    pub fn inputs(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&subgraph::INPUTS)
    }

    /// Numbers of the tensors that are outputs of the graph.
    pub fn outputs(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&subgraph::OUTPUTS)
    }

    /// Operators in the order of execution.
    pub fn operators(&self) -> Result<Tables<'a, OperatorView<'a>>, ViewError> {
        self.table.tables(&subgraph::OPERATORS)
    }

    /// Name in the file.
    pub fn name(&self) -> Result<Option<Text<'a>>, ViewError> {
        self.table.text(&subgraph::NAME)
    }

    /// Index into debug metadata; -1 for none.
    pub fn debug_metadata_index(&self) -> Result<i32, ViewError> {
        self.table.scalar(&subgraph::DEBUG_METADATA_INDEX)
    }
}

/// One tensor.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    table: Table<'a>,
}
view_of_table!(TensorView, tensor, |owner, index| Location { element: Some((Part::Tensor, index)), ..owner });

impl<'a> TensorView<'a> {
    /// Sizes of the dimensions; empty for a scalar or an unknown rank.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn shape(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&tensor::SHAPE)
    }

    /// Shape with -1 for unknown dimensions; empty where the file has none.
    pub fn shape_signature(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&tensor::SHAPE_SIGNATURE)
    }

    /// Type of the elements, [`TensorType::Unknown`] if the schema has no such type.
    pub fn ty(&self) -> Result<TensorType, ViewError> {
        tensor_type(&self.table, &tensor::TYPE)
    }

    /// Number of the buffer with the constant data; 0 for none.
    pub fn buffer(&self) -> Result<u32, ViewError> {
        self.table.scalar(&tensor::BUFFER)
    }

    /// Name in the file.
    pub fn name(&self) -> Result<Option<Text<'a>>, ViewError> {
        self.table.text(&tensor::NAME)
    }

    /// Quantization, if the file has a table for it (which may be empty).
    pub fn quantization(&self) -> Result<Option<QuantizationView<'a>>, ViewError> {
        let table = self.table.table(&tensor::QUANTIZATION, quantization::SCHEMA.name)?;
        Ok(table.map(|table| QuantizationView { table }))
    }

    /// The tensor keeps its value from one invocation to the next.
    pub fn is_variable(&self) -> Result<bool, ViewError> {
        self.table.scalar(&tensor::IS_VARIABLE)
    }

    /// Sparse encoding of the constant data.
    pub fn sparsity(&self) -> Result<Option<SparsityView<'a>>, ViewError> {
        let table = self.table.table(&tensor::SPARSITY, sparsity::SCHEMA.name)?;
        Ok(table.map(|table| SparsityView { table }))
    }

    /// True when an empty shape means a scalar.
    pub fn has_rank(&self) -> Result<bool, ViewError> {
        self.table.scalar(&tensor::HAS_RANK)
    }

    /// Nested types of a `Variant` tensor.
    pub fn variant_tensors(&self) -> Result<Tables<'a, VariantSubTypeView<'a>>, ViewError> {
        self.table.tables(&tensor::VARIANT_TENSORS)
    }

    /// Identifier of an external buffer; 0 for none.
    pub fn external_buffer(&self) -> Result<u32, ViewError> {
        self.table.scalar(&tensor::EXTERNAL_BUFFER)
    }
}

/// Quantization parameters of a tensor.
#[derive(Clone, Copy, Debug)]
pub struct QuantizationView<'a> {
    table: Table<'a>,
}

impl<'a> QuantizationView<'a> {
    /// The table itself.
    pub fn table(&self) -> &Table<'a> {
        &self.table
    }

    /// Smallest values seen in calibration.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn min(&self) -> Result<Scalars<'a, f32>, ViewError> {
        self.table.scalars(&quantization::MIN)
    }

    /// Largest values seen in calibration.
    pub fn max(&self) -> Result<Scalars<'a, f32>, ViewError> {
        self.table.scalars(&quantization::MAX)
    }

    /// One scale per tensor, or one per slice along [`Self::quantized_dimension`].
    pub fn scale(&self) -> Result<Scalars<'a, f32>, ViewError> {
        self.table.scalars(&quantization::SCALE)
    }

    /// Zero points.
    pub fn zero_point(&self) -> Result<Scalars<'a, i64>, ViewError> {
        self.table.scalars(&quantization::ZERO_POINT)
    }

    /// The dimension that per-axis scales run along.
    pub fn quantized_dimension(&self) -> Result<i32, ViewError> {
        self.table.scalar(&quantization::QUANTIZED_DIMENSION)
    }

    /// Other kinds of quantization, which replace the fields above.
    pub fn details(&self) -> Result<Option<QuantizationDetailsView<'a>>, ViewError> {
        let member: u8 = self.table.scalar(&quantization::DETAILS_TYPE)?;
        let table = |name| self.table.table(&quantization::DETAILS, name);
        let view = match member {
            0 => None,
            1 => table(custom_quantization::SCHEMA.name)?.map(QuantizationDetailsView::Custom),
            2 => table(blockwise_quantization::SCHEMA.name)?.map(QuantizationDetailsView::Blockwise),
            3 => table(multi_axis_quantization::SCHEMA.name)?.map(QuantizationDetailsView::MultiAxis),
            _ => Some(QuantizationDetailsView::Unknown(member)),
        };
        Ok(view)
    }
}

/// Which other kind of quantization a tensor has, with its table; the fields are read by the constants of
/// [`crate::schema::tables`].
#[derive(Clone, Copy, Debug)]
pub enum QuantizationDetailsView<'a> {
    /// `custom_quantization`.
    Custom(Table<'a>),
    /// `blockwise_quantization`.
    Blockwise(Table<'a>),
    /// `multi_axis_quantization`.
    MultiAxis(Table<'a>),
    /// A member that the schema does not have.
    Unknown(u8),
}

/// Sparse encoding of a tensor.
#[derive(Clone, Copy, Debug)]
pub struct SparsityView<'a> {
    table: Table<'a>,
}

impl<'a> SparsityView<'a> {
    /// The table itself.
    pub fn table(&self) -> &Table<'a> {
        &self.table
    }

    /// Order in which the dimensions are traversed.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn traversal_order(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&sparsity::TRAVERSAL_ORDER)
    }

    /// Which dimension each block dimension splits.
    pub fn block_map(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&sparsity::BLOCK_MAP)
    }

    /// One entry per traversed dimension.
    pub fn dimensions(&self) -> Result<Tables<'a, DimensionMetadataView<'a>>, ViewError> {
        self.table.tables(&sparsity::DIM_METADATA)
    }
}

/// How one dimension of a sparse tensor is stored.
#[derive(Clone, Copy, Debug)]
pub struct DimensionMetadataView<'a> {
    table: Table<'a>,
}
view_of_table!(DimensionMetadataView, dimension_metadata, |owner, _| owner);

/// Indexes of a sparse dimension, as wide as the file stores them.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum SparseIndexView<'a> {
    Int32(Scalars<'a, i32>),
    Uint16(Scalars<'a, u16>),
    Uint8(Scalars<'a, u8>),
    /// A member that the schema does not have.
    Unknown(u8),
}

impl<'a> DimensionMetadataView<'a> {
    /// 0 dense, 1 compressed sparse row.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn format(&self) -> Result<i8, ViewError> {
        self.table.scalar(&dimension_metadata::FORMAT)
    }

    /// Size of a dense dimension.
    pub fn dense_size(&self) -> Result<i32, ViewError> {
        self.table.scalar(&dimension_metadata::DENSE_SIZE)
    }

    /// Row starts of a sparse dimension.
    pub fn array_segments(&self) -> Result<Option<SparseIndexView<'a>>, ViewError> {
        self.sparse_index(&dimension_metadata::ARRAY_SEGMENTS_TYPE, &dimension_metadata::ARRAY_SEGMENTS)
    }

    /// Column indexes of a sparse dimension.
    pub fn array_indices(&self) -> Result<Option<SparseIndexView<'a>>, ViewError> {
        self.sparse_index(&dimension_metadata::ARRAY_INDICES_TYPE, &dimension_metadata::ARRAY_INDICES)
    }

    fn sparse_index(&self, key: &Field, value: &Field) -> Result<Option<SparseIndexView<'a>>, ViewError> {
        let member: u8 = self.table.scalar(key)?;
        if member == 0 {
            return Ok(None);
        }
        let Some(schema) = SPARSE_INDEX_VECTOR.get(usize::from(member) - 1) else {
            return Ok(Some(SparseIndexView::Unknown(member)));
        };
        let Some(table) = self.table.table(value, schema.name)? else { return Ok(None) };
        Ok(Some(match member {
            1 => SparseIndexView::Int32(table.scalars(&int32_vector::VALUES)?),
            2 => SparseIndexView::Uint16(table.scalars(&uint16_vector::VALUES)?),
            _ => SparseIndexView::Uint8(table.scalars(&uint8_vector::VALUES)?),
        }))
    }
}

/// Nested type of a `Variant` tensor.
#[derive(Clone, Copy, Debug)]
pub struct VariantSubTypeView<'a> {
    table: Table<'a>,
}
view_of_table!(VariantSubTypeView, variant_sub_type, |owner, _| owner);

impl<'a> VariantSubTypeView<'a> {
    /// Shape of the nested tensor.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn shape(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&variant_sub_type::SHAPE)
    }

    /// Type of its elements, [`TensorType::Unknown`] if the schema has no such type.
    pub fn ty(&self) -> Result<TensorType, ViewError> {
        tensor_type(&self.table, &variant_sub_type::TYPE)
    }

    /// False where the rank is unknown.
    pub fn has_rank(&self) -> Result<bool, ViewError> {
        self.table.scalar(&variant_sub_type::HAS_RANK)
    }
}

/// Any number: what is unknown matters only to what uses the elements.
fn tensor_type(table: &Table<'_>, field: &Field) -> Result<TensorType, ViewError> {
    Ok(TensorType::from_any_code(table.scalar(field)?))
}
