//! Small models made in tests, and the suite that every version of every kernel runs.

use crate::registry::{KernelEntry, Registry};
use crate::schema::{BuiltinOperator, FILE_IDENTIFIER, OptionsKind, TensorType, tables};
use crate::{Interpreter, PrepareError, Semantics};

/// What a kernel is tested on: everything of one operator, and what it has to give.
pub(crate) trait Problem: core::fmt::Debug {
    /// A problem with odd sizes, ties and extremes, the same for the same generator.
    fn random(random: &mut Random) -> Self;
    /// The operator with its operands.
    fn model(&self) -> TestModel;
    /// The bytes of the inputs of the model.
    fn inputs(&self) -> Vec<Vec<u8>>;
    /// The bytes of the outputs, computed in the plainest way.
    fn reference(&self) -> Vec<Vec<u8>>;
}

/// Runs random problems on every version of a kernel.
///
/// ```ignore
/// kernel_suite!(suite, ENTRY, MyProblem, 200);
/// ```
macro_rules! kernel_suite {
    ($name:ident, $entry:expr, $problem:ty, $cases:expr) => {
        #[test]
        fn $name() {
            $crate::test_support::run_suite::<$problem>(&$entry, $cases);
        }
    };
}
pub(crate) use kernel_suite;

pub(crate) fn run_suite<P: Problem>(entry: &KernelEntry<'static>, n_cases: u32) {
    for version in entry.versions {
        let versions = [*version];
        let entries = [KernelEntry { versions: &versions, ..*entry }];
        let registry = Registry::only(&entries);
        for case in 0..n_cases {
            let problem = P::random(&mut Random::new(case + 1));
            let found = problem.model().run(&problem.inputs(), Semantics::Tflm, &registry);
            match found {
                Err(error) if version.name != "plain" && error.contains("no version of the kernel") => (),
                Err(error) => panic!("case {case} of version {}: {error}\n{problem:?}", version.name),
                Ok(found) => {
                    assert_eq!(
                        found,
                        problem.reference(),
                        "case {case} of version {}: {problem:?}",
                        version.name
                    );
                }
            }
        }
    }
}

/// A generator of numbers that are random enough for tests (xorshift32).
pub(crate) struct Random(u32);

impl Random {
    pub(crate) fn new(seed: u32) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9) | 1);
        for _ in 0..16 {
            random.next();
        }
        random
    }

    pub(crate) fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number from `low` to `high`, both inclusive.
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + (u64::from(self.next()) % (i64::from(high) - i64::from(low) + 1) as u64) as i32
    }

    /// One of the choices.
    pub(crate) fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.next() as usize % choices.len()]
    }

    pub(crate) fn i8s(&mut self, count: usize) -> Vec<i8> {
        (0..count).map(|_| self.next() as i8).collect()
    }

    pub(crate) fn i32s(&mut self, count: usize, low: i32, high: i32) -> Vec<i32> {
        (0..count).map(|_| self.between(low, high)).collect()
    }

    /// A scale from about 0.001 to 1.
    pub(crate) fn scale(&mut self) -> f32 {
        (1 + self.next() % 1000) as f32 / 1024.0
    }
}

/// Numbers as the bytes of a tensor.
pub(crate) fn bytes_of<T: bytemuck::Pod>(numbers: &[T]) -> Vec<u8> {
    bytemuck::cast_slice(numbers).to_vec()
}

/// A tensor of a model in a test.
#[derive(Clone, Debug)]
struct TestTensor {
    ty: TensorType,
    shape: Vec<i32>,
    scales: Vec<f32>,
    zero_points: Vec<i64>,
    dimension: i32,
    data: Option<Vec<u8>>,
    is_variable: bool,
}

#[derive(Clone, Debug)]
struct TestOperator {
    code: BuiltinOperator,
    custom_name: Option<String>,
    options: Option<(u8, Vec<Field>)>,
    custom_options: Vec<u8>,
    inputs: Vec<i32>,
    outputs: Vec<i32>,
}

/// A value of an option of an operator.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(i64),
    Float(f32),
}

/// A model with one subgraph. Tensors that no operator writes and that are not constant are its inputs; tensors that
/// no operator reads are its outputs.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestModel {
    tensors: Vec<TestTensor>,
    operators: Vec<TestOperator>,
}

impl TestModel {
    /// Adds an activation, and returns its number.
    pub(crate) fn tensor(&mut self, ty: TensorType, shape: &[i32]) -> i32 {
        let (scales, zero_points) = (Vec::new(), Vec::new());
        let shape = shape.to_vec();
        self.tensors.push(TestTensor {
            ty,
            shape,
            scales,
            zero_points,
            dimension: 0,
            data: None,
            is_variable: false,
        });
        self.tensors.len() as i32 - 1
    }

    /// Adds an activation with scale and zero point.
    pub(crate) fn quantized(&mut self, ty: TensorType, shape: &[i32], scale: f32, zero_point: i64) -> i32 {
        let id = self.tensor(ty, shape);
        self.quantize(id, &[scale], &[zero_point], 0);
        id
    }

    /// Adds a constant.
    pub(crate) fn constant<T: bytemuck::Pod>(&mut self, ty: TensorType, shape: &[i32], data: &[T]) -> i32 {
        let id = self.tensor(ty, shape);
        self.tensors[id as usize].data = Some(bytes_of(data));
        id
    }

    /// Sets scales and zero points of a tensor.
    pub(crate) fn quantize(&mut self, id: i32, scales: &[f32], zero_points: &[i64], dimension: i32) {
        let tensor = &mut self.tensors[id as usize];
        (tensor.scales, tensor.zero_points, tensor.dimension) =
            (scales.to_vec(), zero_points.to_vec(), dimension);
    }

    /// Makes a tensor keep its value between invocations.
    pub(crate) fn make_variable(&mut self, id: i32) {
        self.tensors[id as usize].is_variable = true;
    }

    /// Adds an operator; the options by the names of the schema.
    pub(crate) fn operator(
        &mut self,
        code: BuiltinOperator,
        (table, options): (&str, &[(&str, Value)]),
        inputs: &[i32],
        outputs: &[i32],
    ) {
        let options = (!table.is_empty()).then(|| options_of(table, options));
        self.operators.push(TestOperator {
            code,
            custom_name: None,
            options,
            custom_options: Vec::new(),
            inputs: inputs.to_vec(),
            outputs: outputs.to_vec(),
        });
    }

    /// Adds a custom operator.
    pub(crate) fn custom(&mut self, name: &str, custom_options: &[u8], inputs: &[i32], outputs: &[i32]) {
        self.operator(BuiltinOperator::CUSTOM, ("", &[]), inputs, outputs);
        if let Some(operator) = self.operators.last_mut() {
            operator.custom_name = Some(name.to_owned());
            operator.custom_options = custom_options.to_vec();
        }
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let writes = |id: &i32| self.operators.iter().any(|operator| operator.outputs.contains(id));
        let reads = |id: &i32| self.operators.iter().any(|operator| operator.inputs.contains(id));
        let ids = 0..self.tensors.len() as i32;
        let is_activation = |id: &i32| {
            let tensor = &self.tensors[*id as usize];
            tensor.data.is_none() && !tensor.is_variable
        };
        let inputs: Vec<_> = ids.clone().filter(|id| is_activation(id) && !writes(id) && reads(id)).collect();
        let outputs: Vec<_> = ids.filter(|id| writes(id) && !reads(id)).collect();
        let mut buffers = vec![Node::Table(vec![])];
        let mut tensors = Vec::new();
        for tensor in &self.tensors {
            let mut buffer = 0;
            if let Some(data) = &tensor.data {
                buffer = buffers.len() as u32;
                let data = Field::Node(tables::buffer::DATA.slot, Node::Bytes(data.clone(), data.len()));
                buffers.push(Node::Table(vec![data]));
            }
            use tables::{quantization as q, tensor as t};
            let mut quantization = Vec::new();
            if !tensor.scales.is_empty() {
                quantization = vec![
                    Field::Node(q::SCALE.slot, Node::vector(&tensor.scales)),
                    Field::Node(q::ZERO_POINT.slot, Node::vector(&tensor.zero_points)),
                    Field::scalar(q::QUANTIZED_DIMENSION.slot, tensor.dimension),
                ];
            }
            tensors.push(Node::Table(vec![
                Field::Node(t::SHAPE.slot, Node::vector(&tensor.shape)),
                Field::scalar(t::TYPE.slot, tensor.ty.code()),
                Field::scalar(t::BUFFER.slot, buffer),
                Field::Node(t::QUANTIZATION.slot, Node::Table(quantization)),
                Field::scalar(t::IS_VARIABLE.slot, u8::from(tensor.is_variable)),
            ]));
        }
        let (mut codes, mut operators) = (Vec::new(), Vec::new());
        for (index, operator) in self.operators.iter().enumerate() {
            use tables::{operator as o, operator_code as c};
            let mut code = vec![Field::scalar(c::BUILTIN_CODE.slot, operator.code.0)];
            if let Some(name) = &operator.custom_name {
                code.push(Field::Node(
                    c::CUSTOM_CODE.slot,
                    Node::Bytes(name.clone().into_bytes(), name.len()),
                ));
            }
            codes.push(Node::Table(code));
            let mut fields = vec![
                Field::scalar(o::OPCODE_INDEX.slot, index as u32),
                Field::Node(o::INPUTS.slot, Node::vector(&operator.inputs)),
                Field::Node(o::OUTPUTS.slot, Node::vector(&operator.outputs)),
                Field::Node(o::CUSTOM_OPTIONS.slot, Node::vector(&operator.custom_options)),
            ];
            if let Some((member, options)) = &operator.options {
                fields.push(Field::scalar(o::BUILTIN_OPTIONS_TYPE.slot, *member));
                fields.push(Field::Node(o::BUILTIN_OPTIONS.slot, Node::Table(options.clone())));
            }
            operators.push(Node::Table(fields));
        }
        use tables::{model as m, subgraph as s};
        let subgraph = Node::Table(vec![
            Field::Node(s::TENSORS.slot, Node::Tables(tensors)),
            Field::Node(s::INPUTS.slot, Node::vector(&inputs)),
            Field::Node(s::OUTPUTS.slot, Node::vector(&outputs)),
            Field::Node(s::OPERATORS.slot, Node::Tables(operators)),
        ]);
        let root = Node::Table(vec![
            Field::scalar(m::VERSION.slot, 3u32),
            Field::Node(m::OPERATOR_CODES.slot, Node::Tables(codes)),
            Field::Node(m::SUBGRAPHS.slot, Node::Tables(vec![subgraph])),
            Field::Node(m::BUFFERS.slot, Node::Tables(buffers)),
        ]);
        let mut file = vec![0; 4];
        file.extend_from_slice(&FILE_IDENTIFIER);
        let position = root.write(&mut file);
        file[..4].copy_from_slice(&(position as u32).to_le_bytes());
        file
    }

    /// Runs the model once, and returns the bytes of its outputs. It runs twice in fact, with arenas that are filled with
    /// different bytes, so that what a kernel does not write shows.
    pub(crate) fn run(
        &self,
        inputs: &[Vec<u8>],
        semantics: Semantics,
        registry: &Registry<'_>,
    ) -> Result<Vec<Vec<u8>>, String> {
        self.run_times(1, inputs, semantics, registry)
    }

    /// As [`TestModel::run`], several times without a reset; the outputs of the last time.
    pub(crate) fn run_times(
        &self,
        times: usize,
        inputs: &[Vec<u8>],
        semantics: Semantics,
        registry: &Registry<'_>,
    ) -> Result<Vec<Vec<u8>>, String> {
        let file = aligned(&self.bytes());
        let mut found = Vec::new();
        for fill in [0xa5, 0x5a] {
            let mut arena = vec![fill; 1 << 20];
            let mut interpreter = Interpreter::prepare(file.as_bytes(), &mut arena, semantics, registry)
                .map_err(|error: PrepareError<'_>| error.to_string())?;
            for _ in 0..times {
                assert_eq!(interpreter.n_inputs(), inputs.len(), "number of inputs");
                for (index, bytes) in inputs.iter().enumerate() {
                    interpreter.input_bytes(index).copy_from_slice(bytes);
                }
                interpreter.invoke(&mut ()).map_err(|_| "stopped".to_owned())?;
            }
            found.push(
                (0..interpreter.n_outputs()).map(|index| interpreter.output_bytes(index).to_vec()).collect(),
            );
        }
        let again: Vec<Vec<u8>> = found.pop().unwrap_or_default();
        let found: Vec<Vec<u8>> = found.pop().unwrap_or_default();
        assert_eq!(found, again, "an output is not written, or depends on what lay in the arena");
        Ok(found)
    }

    /// Runs the model with all kernels of the crate.
    pub(crate) fn run_tflm(&self, inputs: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, String> {
        self.run(inputs, Semantics::Tflm, &Registry::default())
    }
}

/// Bytes that begin at a multiple of 16.
pub(crate) struct AlignedBytes(Vec<u128>, usize);

impl AlignedBytes {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.0)[..self.1]
    }
}

pub(crate) fn aligned(bytes: &[u8]) -> AlignedBytes {
    let mut blocks = vec![0u128; bytes.len().div_ceil(16)];
    bytemuck::cast_slice_mut::<u128, u8>(&mut blocks)[..bytes.len()].copy_from_slice(bytes);
    AlignedBytes(blocks, bytes.len())
}

fn options_of(table: &str, options: &[(&str, Value)]) -> (u8, Vec<Field>) {
    let Some(kind @ OptionsKind::Builtin(member)) = OptionsKind::from_name(table) else {
        panic!("{table} is not a member of BuiltinOptions");
    };
    let schema = kind.table().expect("the kind comes from a name");
    let fields = options.iter().map(|(name, value)| {
        let slot = schema.field(name).unwrap_or_else(|| panic!("{table} has no {name}")).slot;
        match value {
            // Wide enough for every integer field: readers take the low bytes.
            Value::Int(value) => Field::scalar(slot, *value),
            Value::Float(value) => Field::scalar(slot, *value),
        }
    });
    (member, fields.collect())
}

/// A field of a table that is written.
#[derive(Clone, Debug)]
enum Field {
    Scalar(u16, Vec<u8>),
    Node(u16, Node),
}

/// A part of a flatbuffer that is written.
#[derive(Clone, Debug)]
enum Node {
    Table(Vec<Field>),
    Tables(Vec<Node>),
    /// The bytes of a vector and the number of its elements.
    Bytes(Vec<u8>, usize),
}

impl Field {
    fn scalar<T: bytemuck::NoUninit>(slot: u16, value: T) -> Self {
        Self::Scalar(slot, bytemuck::bytes_of(&value).to_vec())
    }
}

impl Node {
    fn vector<T: bytemuck::Pod>(values: &[T]) -> Self {
        Self::Bytes(bytes_of(values), values.len())
    }

    /// Writes the node and all below it to the end of `file`, and returns its position.
    fn write(&self, file: &mut Vec<u8>) -> usize {
        match self {
            Node::Bytes(bytes, count) => {
                // The elements of a vector begin behind its length, at a multiple of 16.
                file.resize((file.len() + 4).next_multiple_of(16) - 4, 0);
                let position = file.len();
                file.extend_from_slice(&(*count as u32).to_le_bytes());
                file.extend_from_slice(bytes);
                position
            }
            Node::Tables(nodes) => {
                file.resize(file.len().next_multiple_of(4), 0);
                let position = file.len();
                file.extend_from_slice(&(nodes.len() as u32).to_le_bytes());
                file.resize(file.len() + 4 * nodes.len(), 0);
                for (index, node) in nodes.iter().enumerate() {
                    let entry = position + 4 + 4 * index;
                    let distance = node.write(file) - entry;
                    file[entry..entry + 4].copy_from_slice(&(distance as u32).to_le_bytes());
                }
                position
            }
            Node::Table(fields) => {
                let slot = |field: &Field| match field {
                    Field::Scalar(slot, _) | Field::Node(slot, _) => *slot,
                };
                let n_slots = fields.iter().map(|field| slot(field) + 1).max().unwrap_or(0);
                file.resize(file.len().next_multiple_of(8), 0);
                let vtable = file.len();
                file.resize(vtable + 4 + 2 * usize::from(n_slots), 0);
                file.resize(file.len().next_multiple_of(8), 0);
                let position = file.len();
                file[vtable..vtable + 2].copy_from_slice(&(4 + 2 * n_slots).to_le_bytes());
                file.extend_from_slice(&((position - vtable) as i32).to_le_bytes());
                let mut children = Vec::new();
                for field in fields {
                    let at = file.len();
                    let entry = vtable + 4 + 2 * usize::from(slot(field));
                    file[entry..entry + 2].copy_from_slice(&((at - position) as u16).to_le_bytes());
                    match field {
                        Field::Scalar(_, bytes) => file.extend_from_slice(bytes),
                        Field::Node(_, node) => {
                            file.extend_from_slice(&[0; 4]);
                            children.push((at, node));
                        }
                    }
                }
                let end = (file.len() - position) as u16;
                file[vtable + 2..vtable + 4].copy_from_slice(&end.to_le_bytes());
                for (at, node) in children {
                    let distance = node.write(file) - at;
                    file[at..at + 4].copy_from_slice(&(distance as u32).to_le_bytes());
                }
                position
            }
        }
    }
}
