//! The structural tables of the .tflite schema (version 3): which slot holds what.
//!
//! One module per table with one constant per field and the table's `SCHEMA`. The checked view reads by the constants,
//! the writer writes by them, and the verifier of written files walks `SCHEMA`.
//!
//! Source: `schema_py_generated.py` of the Python package ai-edge-litert 2.3.0. Slot 3 of `SignatureDef` is deprecated
//! there and stays unused.

use super::Kind;

/// What one field of a structural table holds.
#[derive(Clone, Copy, Debug)]
pub enum FieldType {
    /// A scalar, a text or a vector of scalars.
    Value(Kind),
    /// A vector of bytes that readers want at a multiple of so many bytes from the start of the file.
    AlignedBytes(u32),
    /// A vector of 16-bit unsigned integers (no options table has one).
    VecU16,
    /// One table.
    Table(&'static TableSchema),
    /// A vector of tables.
    Tables(&'static TableSchema),
    /// A union: the member number is in the slot before, member 0 is "none".
    Union(&'static [&'static TableSchema]),
    /// The union `BuiltinOptions`; the member number is in the slot before.
    BuiltinOptions,
    /// The union `BuiltinOptions2`; the member number is in the slot before.
    BuiltinOptions2,
}

/// One field of a structural table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Index in the table's vtable.
    pub slot: u16,
    /// The schema's name.
    pub name: &'static str,
    /// What it holds.
    pub ty: FieldType,
    /// The value of a scalar that the file leaves out.
    pub default: i32,
}

/// One structural table.
#[derive(Debug)]
pub struct TableSchema {
    /// The schema's name, such as `SubGraph`.
    pub name: &'static str,
    /// Its fields, in the order of their slots.
    pub fields: &'static [Field],
}

macro_rules! table {
    ($(#[$doc:meta])* $module:ident $name:literal { $($field:ident = $slot:literal $field_name:literal $ty:expr, $default:literal;)* }) => {
        $(#[$doc])*
        #[allow(missing_docs)]
        pub mod $module {
            #[allow(unused_imports)]
            use super::{FieldType::{self, *}, Kind::*, Field, TableSchema};
            $(pub const $field: Field =
                Field { slot: $slot, name: $field_name, ty: $ty, default: $default };)*
            pub static SCHEMA: TableSchema = TableSchema { name: $name, fields: &[$($field),*] };
        }
    };
}

table! {
    /// The root of the file.
    model "Model" {
        VERSION = 0 "version" Value(U32), 0;
        OPERATOR_CODES = 1 "operator_codes" Tables(&super::operator_code::SCHEMA), 0;
        SUBGRAPHS = 2 "subgraphs" Tables(&super::subgraph::SCHEMA), 0;
        DESCRIPTION = 3 "description" Value(Str), 0;
        BUFFERS = 4 "buffers" Tables(&super::buffer::SCHEMA), 0;
        METADATA_BUFFER = 5 "metadata_buffer" Value(VecI32), 0;
        METADATA = 6 "metadata" Tables(&super::metadata::SCHEMA), 0;
        SIGNATURE_DEFS = 7 "signature_defs" Tables(&super::signature_def::SCHEMA), 0;
        EXTERNAL_BUFFER_GROUPS = 8 "external_buffer_groups" Tables(&super::external_buffer_group::SCHEMA), 0;
        EXTERNAL_BUFFERS = 9 "external_buffers" Tables(&super::external_buffer::SCHEMA), 0;
    }
}

table! {
    /// One kind of operator.
    operator_code "OperatorCode" {
        DEPRECATED_BUILTIN_CODE = 0 "deprecated_builtin_code" Value(I8), 0;
        CUSTOM_CODE = 1 "custom_code" Value(Str), 0;
        VERSION = 2 "version" Value(I32), 1;
        BUILTIN_CODE = 3 "builtin_code" Value(I32), 0;
    }
}

table! {
    /// One graph.
    subgraph "SubGraph" {
        TENSORS = 0 "tensors" Tables(&super::tensor::SCHEMA), 0;
        INPUTS = 1 "inputs" Value(VecI32), 0;
        OUTPUTS = 2 "outputs" Value(VecI32), 0;
        OPERATORS = 3 "operators" Tables(&super::operator::SCHEMA), 0;
        NAME = 4 "name" Value(Str), 0;
        DEBUG_METADATA_INDEX = 5 "debug_metadata_index" Value(I32), -1;
    }
}

table! {
    /// One tensor.
    tensor "Tensor" {
        SHAPE = 0 "shape" Value(VecI32), 0;
        TYPE = 1 "type" Value(I8), 0;
        BUFFER = 2 "buffer" Value(U32), 0;
        NAME = 3 "name" Value(Str), 0;
        QUANTIZATION = 4 "quantization" FieldType::Table(&super::quantization::SCHEMA), 0;
        IS_VARIABLE = 5 "is_variable" Value(Bool), 0;
        SPARSITY = 6 "sparsity" FieldType::Table(&super::sparsity::SCHEMA), 0;
        SHAPE_SIGNATURE = 7 "shape_signature" Value(VecI32), 0;
        HAS_RANK = 8 "has_rank" Value(Bool), 0;
        VARIANT_TENSORS = 9 "variant_tensors" Tables(&super::variant_sub_type::SCHEMA), 0;
        EXTERNAL_BUFFER = 10 "external_buffer" Value(U32), 0;
    }
}

table! {
    /// Quantization of a tensor.
    quantization "QuantizationParameters" {
        MIN = 0 "min" Value(VecF32), 0;
        MAX = 1 "max" Value(VecF32), 0;
        SCALE = 2 "scale" Value(VecF32), 0;
        ZERO_POINT = 3 "zero_point" Value(VecI64), 0;
        DETAILS_TYPE = 4 "details_type" Value(U8), 0;
        DETAILS = 5 "details" Union(&[
            &super::custom_quantization::SCHEMA,
            &super::blockwise_quantization::SCHEMA,
            &super::multi_axis_quantization::SCHEMA,
        ]), 0;
        QUANTIZED_DIMENSION = 6 "quantized_dimension" Value(I32), 0;
    }
}

table! {
    /// Member 1 of `QuantizationDetails`.
    custom_quantization "CustomQuantization" {
        CUSTOM = 0 "custom" AlignedBytes(16), 0;
    }
}

table! {
    /// Member 2 of `QuantizationDetails`.
    blockwise_quantization "BlockwiseQuantization" {
        SCALES = 0 "scales" Value(I32), 0;
        ZERO_POINTS = 1 "zero_points" Value(I32), 0;
        BLOCK_SIZE = 2 "block_size" Value(I32), 0;
        BLOCK_SHAPE = 3 "block_shape" Value(VecI32), 0;
    }
}

table! {
    /// Member 3 of `QuantizationDetails`.
    multi_axis_quantization "MultiAxisQuantization" {
        SCALES = 0 "scales" Value(I32), 0;
        ZERO_POINTS = 1 "zero_points" Value(I32), 0;
        BLOCK_SIZE = 2 "block_size" Value(I32), 0;
        QUANTIZED_DIMENSIONS = 3 "quantized_dimensions" Value(VecI32), 0;
    }
}

table! {
    /// Sparse encoding of a tensor.
    sparsity "SparsityParameters" {
        TRAVERSAL_ORDER = 0 "traversal_order" Value(VecI32), 0;
        BLOCK_MAP = 1 "block_map" Value(VecI32), 0;
        DIM_METADATA = 2 "dim_metadata" Tables(&super::dimension_metadata::SCHEMA), 0;
    }
}

table! {
    /// One dimension of a sparse tensor.
    dimension_metadata "DimensionMetadata" {
        FORMAT = 0 "format" Value(I8), 0;
        DENSE_SIZE = 1 "dense_size" Value(I32), 0;
        ARRAY_SEGMENTS_TYPE = 2 "array_segments_type" Value(U8), 0;
        ARRAY_SEGMENTS = 3 "array_segments" Union(super::SPARSE_INDEX_VECTOR), 0;
        ARRAY_INDICES_TYPE = 4 "array_indices_type" Value(U8), 0;
        ARRAY_INDICES = 5 "array_indices" Union(super::SPARSE_INDEX_VECTOR), 0;
    }
}

/// Members of the union `SparseIndexVector`, from member 1.
pub const SPARSE_INDEX_VECTOR: &[&TableSchema] =
    &[&int32_vector::SCHEMA, &uint16_vector::SCHEMA, &uint8_vector::SCHEMA];

table! {
    /// Member 1 of `SparseIndexVector`.
    int32_vector "Int32Vector" {
        VALUES = 0 "values" Value(VecI32), 0;
    }
}

table! {
    /// Member 2 of `SparseIndexVector`.
    uint16_vector "Uint16Vector" {
        VALUES = 0 "values" VecU16, 0;
    }
}

table! {
    /// Member 3 of `SparseIndexVector`.
    uint8_vector "Uint8Vector" {
        VALUES = 0 "values" Value(VecU8), 0;
    }
}

table! {
    /// Nested type of a `Variant` tensor.
    variant_sub_type "VariantSubType" {
        SHAPE = 0 "shape" Value(VecI32), 0;
        TYPE = 1 "type" Value(I8), 0;
        HAS_RANK = 2 "has_rank" Value(Bool), 0;
    }
}

table! {
    /// One operator.
    operator "Operator" {
        OPCODE_INDEX = 0 "opcode_index" Value(U32), 0;
        INPUTS = 1 "inputs" Value(VecI32), 0;
        OUTPUTS = 2 "outputs" Value(VecI32), 0;
        BUILTIN_OPTIONS_TYPE = 3 "builtin_options_type" Value(U8), 0;
        BUILTIN_OPTIONS = 4 "builtin_options" FieldType::BuiltinOptions, 0;
        CUSTOM_OPTIONS = 5 "custom_options" Value(VecU8), 0;
        CUSTOM_OPTIONS_FORMAT = 6 "custom_options_format" Value(I8), 0;
        MUTATING_VARIABLE_INPUTS = 7 "mutating_variable_inputs" Value(VecBool), 0;
        INTERMEDIATES = 8 "intermediates" Value(VecI32), 0;
        LARGE_CUSTOM_OPTIONS_OFFSET = 9 "large_custom_options_offset" Value(U64), 0;
        LARGE_CUSTOM_OPTIONS_SIZE = 10 "large_custom_options_size" Value(U64), 0;
        BUILTIN_OPTIONS_2_TYPE = 11 "builtin_options_2_type" Value(U8), 0;
        BUILTIN_OPTIONS_2 = 12 "builtin_options_2" FieldType::BuiltinOptions2, 0;
        DEBUG_METADATA_INDEX = 13 "debug_metadata_index" Value(I32), -1;
    }
}

table! {
    /// Constant data.
    buffer "Buffer" {
        DATA = 0 "data" AlignedBytes(16), 0;
        OFFSET = 1 "offset" Value(U64), 0;
        SIZE = 2 "size" Value(U64), 0;
    }
}

table! {
    /// A named buffer.
    metadata "Metadata" {
        NAME = 0 "name" Value(Str), 0;
        BUFFER = 1 "buffer" Value(U32), 0;
    }
}

table! {
    /// A named entry point.
    signature_def "SignatureDef" {
        INPUTS = 0 "inputs" Tables(&super::tensor_map::SCHEMA), 0;
        OUTPUTS = 1 "outputs" Tables(&super::tensor_map::SCHEMA), 0;
        SIGNATURE_KEY = 2 "signature_key" Value(Str), 0;
        SUBGRAPH_INDEX = 4 "subgraph_index" Value(U32), 0;
    }
}

table! {
    /// A named input or output of a signature.
    tensor_map "TensorMap" {
        NAME = 0 "name" Value(Str), 0;
        TENSOR_INDEX = 1 "tensor_index" Value(U32), 0;
    }
}

table! {
    /// A group of external buffers.
    external_buffer_group "ExternalBufferGroup" {
        NAME = 0 "name" Value(Str), 0;
    }
}

table! {
    /// A buffer outside of the file.
    external_buffer "ExternalBuffer" {
        ID = 0 "id" Value(U32), 0;
        GROUP = 1 "group" Value(U32), 0;
        OFFSET = 2 "offset" Value(U64), 0;
        LENGTH = 3 "length" Value(U64), 0;
        PACKING = 4 "packing" Value(Str), 0;
    }
}
