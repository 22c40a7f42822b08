//! The model as everything above the file sees it: one type for float and int8, opened and trained.

mod builder;
mod bytes;
mod diagnose;
mod options;
pub mod packed;
pub mod values;
pub(crate) mod versions;

pub use builder::{Element, ModelBuilder, bytes_from_elements};
pub use bytes::SharedBytes;
pub use emberlab_runtime::schema::{BuiltinOperator, TensorType};
pub use options::{OptionValue, Options};
pub use values::Values;

macro_rules! typed_index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into a slice.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

typed_index! {
    /// A subgraph of the model; 0 is the main one.
    SubgraphId
}
typed_index! {
    /// A tensor, by its index in its subgraph.
    TensorId
}
typed_index! {
    /// An operator, by its index in its subgraph, which is also its place in the order of execution.
    OperatorId
}
typed_index! {
    /// A buffer of the model.
    BufferId
}

/// A model: what a .tflite file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Version of the schema; 3 for every file in use.
    pub version: u32,
    /// Free text of whoever wrote the file.
    pub description: Option<String>,
    /// The kinds of operators that the subgraphs refer to.
    pub operator_codes: Vec<OperatorCode>,
    /// The graphs; the first is the main one.
    pub subgraphs: Vec<Subgraph>,
    /// Constant data; buffer 0 is empty by convention.
    pub buffers: Vec<Buffer>,
    /// Named buffers.
    pub metadata: Vec<Metadata>,
    /// Buffer numbers of the deprecated unnamed metadata.
    pub metadata_buffers: Vec<i32>,
    /// Named entry points.
    pub signatures: Vec<Signature>,
    /// Groups of external buffers.
    pub external_buffer_groups: Vec<Option<String>>,
    /// Buffers that lie outside of the file.
    pub external_buffers: Vec<ExternalBuffer>,
}

/// One kind of operator.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorCode {
    /// The builtin code in force (the larger of the old and the new field of the file, as TFLM reads it).
    pub builtin: BuiltinOperator,
    /// The name of a custom operator.
    pub custom_code: Option<String>,
    /// Version of the operator, at least 1.
    pub version: i32,
}

/// One graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subgraph {
    /// Name in the file.
    pub name: Option<String>,
    /// Tensors, constants included.
    pub tensors: Vec<Tensor>,
    /// Inputs of the graph.
    pub inputs: Vec<TensorId>,
    /// Outputs of the graph.
    pub outputs: Vec<TensorId>,
    /// Operators in the order of execution.
    pub operators: Vec<Operator>,
    /// Index into debug metadata; -1 for none.
    pub debug_metadata_index: i32,
}

/// One tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name in the file.
    pub name: Option<String>,
    /// Shape with the batch dimension; empty for a scalar or unknown rank.
    pub shape: Vec<i32>,
    /// Shape with -1 for unknown dimensions, where the file has one.
    pub shape_signature: Vec<i32>,
    /// True when an empty `shape` means a scalar.
    pub has_rank: bool,
    /// Type of the elements.
    pub ty: TensorType,
    /// Where the constant data are; buffer 0 or an empty buffer for activations.
    pub buffer: BufferId,
    /// Quantization, if the file has a table for it (which may be empty).
    pub quantization: Option<Quantization>,
    /// Keeps its value from one invocation to the next.
    pub is_variable: bool,
    /// Sparse encoding of constant data.
    pub sparsity: Option<Sparsity>,
    /// Nested types of a `Variant` tensor.
    pub variant_tensors: Vec<VariantSubType>,
    /// Identifier of an external buffer; 0 for none.
    pub external_buffer: u32,
}

/// Quantization parameters of a tensor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quantization {
    /// Smallest values seen in calibration.
    pub min: Vec<f32>,
    /// Largest values seen in calibration.
    pub max: Vec<f32>,
    /// One scale per tensor, or one per slice along `quantized_dimension`.
    pub scale: Vec<f32>,
    /// As many zero points as scales, or one.
    pub zero_point: Vec<i64>,
    /// The dimension that per-axis scales run along.
    pub quantized_dimension: i32,
    /// Other kinds of quantization, which replace the fields above.
    pub details: Option<QuantizationDetails>,
}

/// Kinds of quantization other than affine.
#[derive(Clone, Debug, PartialEq)]
pub enum QuantizationDetails {
    /// Opaque bytes.
    Custom(Vec<u8>),
    /// Scales per block; the numbers are tensor indexes.
    Blockwise {
        /// Tensor that holds the scales.
        scales: i32,
        /// Tensor that holds the zero points.
        zero_points: i32,
        /// Elements in a block.
        block_size: i32,
        /// Shape of a block.
        block_shape: Vec<i32>,
    },
    /// Scales along several axes; the numbers are tensor indexes.
    MultiAxis {
        /// Tensor that holds the scales.
        scales: i32,
        /// Tensor that holds the zero points.
        zero_points: i32,
        /// Elements in a block.
        block_size: i32,
        /// Axes that the scales run along.
        quantized_dimensions: Vec<i32>,
    },
}

/// Sparse encoding of a constant tensor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparsity {
    /// Order in which the dimensions are traversed.
    pub traversal_order: Vec<i32>,
    /// Which dimension each block dimension splits.
    pub block_map: Vec<i32>,
    /// One entry per traversed dimension.
    pub dimensions: Vec<SparseDimension>,
}

/// How one dimension of a sparse tensor is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseDimension {
    /// 0 dense, 1 compressed sparse row.
    pub format: i8,
    /// Size of a dense dimension.
    pub dense_size: i32,
    /// Row starts of a sparse dimension.
    pub array_segments: Option<SparseIndex>,
    /// Column indexes of a sparse dimension.
    pub array_indices: Option<SparseIndex>,
}

/// Indexes of a sparse dimension, as wide as the file stores them.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum SparseIndex {
    Int32(Vec<i32>),
    Uint16(Vec<u16>),
    Uint8(Vec<u8>),
}

/// Nested type of a `Variant` tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantSubType {
    /// Shape of the nested tensor.
    pub shape: Vec<i32>,
    /// Type of its elements.
    pub ty: TensorType,
    /// False where the rank is unknown.
    pub has_rank: bool,
}

/// One operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// Index into [`Model::operator_codes`].
    pub code_index: u32,
    /// Inputs in the schema's order; `None` for an optional input left out (-1 in the file).
    pub inputs: Vec<Option<TensorId>>,
    /// Outputs.
    pub outputs: Vec<Option<TensorId>>,
    /// Intermediate tensors (LSTM).
    pub intermediates: Vec<Option<TensorId>>,
    /// Which inputs are variables that the operator changes.
    pub mutating_variable_inputs: Vec<bool>,
    /// Options of a builtin operator, from the union `BuiltinOptions`.
    pub options: Option<Options>,
    /// Options from the union `BuiltinOptions2`.
    pub options_2: Option<Options>,
    /// Options of a custom operator.
    pub custom_options: Option<SharedBytes>,
    /// Format of `custom_options`; 0 is FlexBuffers.
    pub custom_options_format: i8,
    /// The custom options lay outside of the flatbuffer and were addressed by offset and size.
    pub custom_options_appended: bool,
    /// Index into debug metadata; -1 for none.
    pub debug_metadata_index: i32,
}

/// Constant data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buffer {
    /// The bytes; `None` where the file has no data vector.
    pub data: Option<SharedBytes>,
    /// The bytes lay outside of the flatbuffer and were addressed by offset and size.
    pub appended: bool,
}

/// A named buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// Name, such as `min_runtime_version` or `OfflineMemoryAllocation`.
    pub name: String,
    /// The buffer.
    pub buffer: BufferId,
}

/// A named entry point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature {
    /// Name of the entry point.
    pub key: Option<String>,
    /// Names of inputs and their tensors.
    pub inputs: Vec<(Option<String>, TensorId)>,
    /// Names of outputs and their tensors.
    pub outputs: Vec<(Option<String>, TensorId)>,
    /// The subgraph that is entered.
    pub subgraph: SubgraphId,
}

/// A buffer outside of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExternalBuffer {
    /// Identifier that tensors refer to.
    pub id: u32,
    /// Index into the groups.
    pub group: u32,
    /// Offset in the group's data.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// How the bytes are packed.
    pub packing: Option<String>,
}

/// Name of the metadata buffer with a memory plan that TFLM obeys.
pub const OFFLINE_MEMORY_ALLOCATION: &str = "OfflineMemoryAllocation";

impl Model {
    /// The subgraph with the number.
    pub fn subgraph(&self, id: SubgraphId) -> &Subgraph {
        &self.subgraphs[id.index()]
    }

    /// The operator code of an operator.
    pub fn code(&self, operator: &Operator) -> &OperatorCode {
        &self.operator_codes[operator.code_index as usize]
    }

    /// The builtin operator of an operator; `BuiltinOperator::CUSTOM` for a custom one.
    pub fn builtin(&self, operator: &Operator) -> BuiltinOperator {
        self.code(operator).builtin
    }

    /// The schema's name of the operator, `CONV_2D`; a custom operator's own name.
    pub fn operator_name(&self, operator: &Operator) -> String {
        let code = self.code(operator);
        match (&code.custom_code, code.builtin.name()) {
            (Some(custom), _) if code.builtin == BuiltinOperator::CUSTOM => custom.clone(),
            (_, Some(name)) => name.to_owned(),
            (_, None) => format!("operator code {}", code.builtin.0),
        }
    }

    /// Constant data of a tensor; `None` for activations and variables.
    pub fn constant_data(&self, tensor: &Tensor) -> Option<&[u8]> {
        let buffer = self.buffers.get(tensor.buffer.index())?;
        buffer.data.as_ref().map(SharedBytes::as_slice).filter(|bytes| !bytes.is_empty())
    }
}

impl Subgraph {
    /// The tensor with the number.
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.index()]
    }
}

impl Tensor {
    /// Number of elements; `None` where a dimension is negative or the product does not fit.
    pub fn element_count(&self) -> Option<u64> {
        self.shape.iter().try_fold(1u64, |product, &dim| product.checked_mul(u64::try_from(dim).ok()?))
    }

    /// Bytes of all elements, packed types rounded up to whole bytes; `None` where the type has no fixed size.
    pub fn byte_size(&self) -> Option<u64> {
        let bits = self.element_count()?.checked_mul(u64::from(self.ty.bits()?))?;
        Some(bits.div_ceil(8))
    }

    /// Scale and zero point of a tensor with one scale.
    pub fn per_tensor_quantization(&self) -> Option<(f32, i64)> {
        let quantization = self.quantization.as_ref()?;
        match quantization.scale.as_slice() {
            [scale] => Some((*scale, quantization.zero_point.first().copied().unwrap_or(0))),
            _ => None,
        }
    }
}

impl Operator {
    /// The input at a place; `None` if it is left out.
    pub fn input(&self, place: usize) -> Option<TensorId> {
        self.inputs.get(place).copied().flatten()
    }

    /// The output at a place.
    pub fn output(&self, place: usize) -> Option<TensorId> {
        self.outputs.get(place).copied().flatten()
    }

    /// An integer (or bool, or enum) option by the schema's name; the schema's default where the file leaves it out,
    /// 0 where the operator has no options at all.
    pub fn option_int(&self, name: &str) -> i64 {
        self.options.as_ref().map_or(0, |options| options.int(name))
    }

    /// A float option by the schema's name.
    pub fn option_float(&self, name: &str) -> f32 {
        self.options.as_ref().map_or(0.0, |options| options.float(name))
    }
}
