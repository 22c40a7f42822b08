//! Models made in code: by tests, by the bundled example, by exporters.

use emberlab_runtime::schema::SCHEMA_VERSION;

use super::{
    Buffer, BufferId, BuiltinOperator, Metadata, Model, Operator, OperatorCode, OperatorId, Options,
    Quantization, SharedBytes, Signature, Subgraph, SubgraphId, Tensor, TensorId, TensorType,
};

/// Puts a [`Model`] together tensor by tensor and operator by operator, in the order of execution.
///
/// ```
/// use emberlab_core::model::{BuiltinOperator, ModelBuilder, Options, Tensor, TensorType};
///
/// let mut builder = ModelBuilder::new("two neurons");
/// let x = builder.input(Tensor::new("x", TensorType::Int8, &[1, 3]).quantized(0.5, -1));
/// let w = builder.constant(Tensor::new("w", TensorType::Int8, &[2, 3]).quantized(0.25, 0), &[1i8, 2, 3, -1, -2, -3]);
/// let b = builder.constant(Tensor::new("b", TensorType::Int32, &[2]).quantized(0.125, 0), &[10i32, 20]);
/// let y = builder.tensor(Tensor::new("y", TensorType::Int8, &[1, 2]).quantized(1.0, -128));
/// let options = Options::new("FullyConnectedOptions").with_int("fused_activation_function", 1);
/// builder.operator(BuiltinOperator::FULLY_CONNECTED, [x, w, b], [y]).options = Some(options);
/// builder.output(y);
/// let model = builder.build();
/// assert_eq!(model.operator_name(&model.subgraphs[0].operators[0]), "FULLY_CONNECTED");
/// ```
#[derive(Clone, Debug)]
pub struct ModelBuilder {
    model: Model,
}

/// A number that tensors hold, little-endian in the file.
pub trait Element: Copy {
    /// The type of a tensor of such numbers.
    const TYPE: TensorType;
    /// Appends the bytes.
    fn append_to(self, bytes: &mut Vec<u8>);
}

macro_rules! element {
    ($($number:ty = $ty:ident)*) => {$(
        impl Element for $number {
            const TYPE: TensorType = TensorType::$ty;
            fn append_to(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
element!(i8 = Int8 u8 = Uint8 i16 = Int16 u16 = Uint16 i32 = Int32 u32 = Uint32 i64 = Int64 u64 = Uint64
    f32 = Float32 f64 = Float64);

impl Element for bool {
    const TYPE: TensorType = TensorType::Bool;
    fn append_to(self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self));
    }
}

/// The bytes of numbers as a tensor holds them.
pub fn bytes_from_elements<T: Element>(elements: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of_val(elements));
    elements.iter().for_each(|element| element.append_to(&mut bytes));
    bytes
}

impl ModelBuilder {
    /// A model with the empty buffer 0 and one empty subgraph, `main`.
    pub fn new(description: &str) -> Self {
        let main =
            Subgraph { name: Some("main".to_owned()), debug_metadata_index: -1, ..Subgraph::default() };
        let model = Model {
            version: SCHEMA_VERSION,
            description: Some(description.to_owned()),
            subgraphs: vec![main],
            buffers: vec![Buffer::default()],
            ..Model::default()
        };
        Self { model }
    }

    /// The model so far, for what has no method here.
    pub fn model(&mut self) -> &mut Model {
        &mut self.model
    }

    /// The finished model.
    pub fn build(self) -> Model {
        self.model
    }

    /// Begins another subgraph; everything that follows goes there.
    pub fn subgraph(&mut self, name: &str) -> SubgraphId {
        let subgraph =
            Subgraph { name: Some(name.to_owned()), debug_metadata_index: -1, ..Subgraph::default() };
        self.model.subgraphs.push(subgraph);
        SubgraphId(self.model.subgraphs.len() as u32 - 1)
    }

    /// An activation.
    pub fn tensor(&mut self, tensor: Tensor) -> TensorId {
        let tensors = &mut self.current().tensors;
        tensors.push(tensor);
        TensorId(tensors.len() as u32 - 1)
    }

    /// An activation that is an input of the subgraph.
    pub fn input(&mut self, tensor: Tensor) -> TensorId {
        let id = self.tensor(tensor);
        self.current().inputs.push(id);
        id
    }

    /// Makes a tensor an output of the subgraph.
    pub fn output(&mut self, tensor: TensorId) {
        self.current().outputs.push(tensor);
    }

    /// A constant with a buffer of its own.
    ///
    /// # Panics
    /// The tensor's type is another than that of the elements, or its shape holds another number of them.
    pub fn constant<T: Element>(&mut self, tensor: Tensor, elements: &[T]) -> TensorId {
        assert_eq!(tensor.ty, T::TYPE, "type of the constant {:?}", tensor.name);
        assert_eq!(
            tensor.element_count(),
            Some(elements.len() as u64),
            "shape of the constant {:?}",
            tensor.name
        );
        self.constant_bytes(tensor, bytes_from_elements(elements))
    }

    /// A constant with a buffer of its own, by its bytes: for packed types and for data that exist already.
    pub fn constant_bytes(&mut self, mut tensor: Tensor, bytes: impl Into<SharedBytes>) -> TensorId {
        tensor.buffer = self.buffer(bytes);
        self.tensor(tensor)
    }

    /// A buffer of its own.
    pub fn buffer(&mut self, bytes: impl Into<SharedBytes>) -> BufferId {
        self.model.buffers.push(Buffer { data: Some(bytes.into()), appended: false });
        BufferId(self.model.buffers.len() as u32 - 1)
    }

    /// A named buffer.
    pub fn metadata(&mut self, name: &str, bytes: impl Into<SharedBytes>) -> BufferId {
        let buffer = self.buffer(bytes);
        self.model.metadata.push(Metadata { name: name.to_owned(), buffer });
        buffer
    }

    /// A named entry point of the subgraph, whose inputs and outputs it takes by the names of their tensors.
    pub fn signature(&mut self, key: &str) {
        let subgraph = SubgraphId(self.model.subgraphs.len() as u32 - 1);
        let graph = self.current();
        let named = |ids: &[TensorId]| ids.iter().map(|id| (graph.tensor(*id).name.clone(), *id)).collect();
        let (inputs, outputs) = (named(&graph.inputs), named(&graph.outputs));
        self.model.signatures.push(Signature { key: Some(key.to_owned()), inputs, outputs, subgraph });
    }

    /// A builtin operator at the end of the subgraph; inputs left out are `None`. Options are set on what it returns.
    pub fn operator<I: Into<Option<TensorId>>, O: Into<Option<TensorId>>>(
        &mut self,
        builtin: BuiltinOperator,
        inputs: impl IntoIterator<Item = I>,
        outputs: impl IntoIterator<Item = O>,
    ) -> &mut Operator {
        let code_index = self.code(builtin, None);
        self.append(code_index, inputs, outputs)
    }

    /// A custom operator at the end of the subgraph.
    pub fn custom_operator<I: Into<Option<TensorId>>, O: Into<Option<TensorId>>>(
        &mut self,
        name: &str,
        inputs: impl IntoIterator<Item = I>,
        outputs: impl IntoIterator<Item = O>,
    ) -> &mut Operator {
        let code_index = self.code(BuiltinOperator::CUSTOM, Some(name));
        self.append(code_index, inputs, outputs)
    }

    /// The number that the next operator of the subgraph will have.
    pub fn next_operator(&mut self) -> OperatorId {
        OperatorId(self.current().operators.len() as u32)
    }

    fn append<I: Into<Option<TensorId>>, O: Into<Option<TensorId>>>(
        &mut self,
        code_index: u32,
        inputs: impl IntoIterator<Item = I>,
        outputs: impl IntoIterator<Item = O>,
    ) -> &mut Operator {
        let operator = Operator {
            inputs: inputs.into_iter().map(Into::into).collect(),
            outputs: outputs.into_iter().map(Into::into).collect(),
            ..Operator::new(code_index)
        };
        let operators = &mut self.current().operators;
        operators.push(operator);
        operators.last_mut().expect("one was pushed just now")
    }

    /// The index of an operator code, added when it is new.
    fn code(&mut self, builtin: BuiltinOperator, custom_code: Option<&str>) -> u32 {
        let codes = &mut self.model.operator_codes;
        let known = codes
            .iter()
            .position(|code| code.builtin == builtin && code.custom_code.as_deref() == custom_code);
        let index = known.unwrap_or_else(|| {
            codes.push(OperatorCode { builtin, custom_code: custom_code.map(str::to_owned), version: 1 });
            codes.len() - 1
        });
        index as u32
    }

    fn current(&mut self) -> &mut Subgraph {
        self.model.subgraphs.last_mut().expect("a builder has a subgraph from the start")
    }
}

impl Tensor {
    /// An activation without quantization.
    pub fn new(name: &str, ty: TensorType, shape: &[i32]) -> Self {
        Self {
            name: Some(name.to_owned()),
            shape: shape.to_vec(),
            shape_signature: Vec::new(),
            has_rank: false,
            ty,
            buffer: BufferId(0),
            quantization: None,
            is_variable: false,
            sparsity: None,
            variant_tensors: Vec::new(),
            external_buffer: 0,
        }
    }

    /// The tensor with one scale and zero point.
    pub fn quantized(self, scale: f32, zero_point: i64) -> Self {
        self.quantized_per_axis(&[scale], &[zero_point], 0)
    }

    /// The tensor with scales and zero points along a dimension.
    pub fn quantized_per_axis(mut self, scale: &[f32], zero_point: &[i64], quantized_dimension: i32) -> Self {
        self.quantization = Some(Quantization {
            scale: scale.to_vec(),
            zero_point: zero_point.to_vec(),
            quantized_dimension,
            ..Quantization::default()
        });
        self
    }

    /// The tensor as a variable, which keeps its value from one invocation to the next.
    pub fn variable(mut self) -> Self {
        self.is_variable = true;
        self
    }
}

impl Operator {
    /// An operator of a code, without anything.
    pub fn new(code_index: u32) -> Self {
        Self {
            code_index,
            inputs: Vec::new(),
            outputs: Vec::new(),
            intermediates: Vec::new(),
            mutating_variable_inputs: Vec::new(),
            options: None,
            options_2: None,
            custom_options: None,
            custom_options_format: 0,
            custom_options_appended: false,
            debug_metadata_index: -1,
        }
    }

    /// Sets the options, from the union that their table is a member of.
    pub fn set_options(&mut self, options: Options) -> &mut Self {
        match options.kind {
            emberlab_runtime::schema::OptionsKind::Builtin(_) => self.options = Some(options),
            emberlab_runtime::schema::OptionsKind::Builtin2(_) => self.options_2 = Some(options),
        }
        self
    }
}
