//! Models made by hand for the tests of this panel.

use std::path::PathBuf;

use emberlab_core::model::{
    Buffer, BufferId, BuiltinOperator, Model, Operator, OperatorCode, Subgraph, SubgraphId, Tensor, TensorId,
    TensorType,
};

/// Starts a model with one subgraph.
#[derive(Default)]
pub struct ModelBuilder {
    model: Model,
}

impl ModelBuilder {
    /// A model without anything.
    pub fn new() -> Self {
        let model = Model {
            version: 3,
            subgraphs: vec![Subgraph::default()],
            buffers: vec![Buffer::default()],
            ..Model::default()
        };
        Self { model }
    }

    /// Adds an activation.
    pub fn tensor(&mut self, name: &str, shape: &[i32], ty: TensorType) -> TensorId {
        let tensors = &mut self.model.subgraphs[0].tensors;
        tensors.push(tensor(name, shape, ty, BufferId(0)));
        TensorId(tensors.len() as u32 - 1)
    }

    /// Adds a constant.
    pub fn constant(&mut self, name: &str, shape: &[i32], ty: TensorType, bytes: Vec<u8>) -> TensorId {
        self.model.buffers.push(Buffer { data: Some(bytes.into()), appended: false });
        let buffer = BufferId(self.model.buffers.len() as u32 - 1);
        let tensors = &mut self.model.subgraphs[0].tensors;
        tensors.push(tensor(name, shape, ty, buffer));
        TensorId(tensors.len() as u32 - 1)
    }

    /// Adds an operator without options.
    pub fn operator(
        &mut self,
        builtin: BuiltinOperator,
        inputs: &[TensorId],
        outputs: &[TensorId],
    ) -> &mut Operator {
        let codes = &mut self.model.operator_codes;
        let known = codes.iter().position(|code| code.builtin == builtin);
        let code_index = known.unwrap_or_else(|| {
            codes.push(OperatorCode { builtin, custom_code: None, version: 1 });
            codes.len() - 1
        }) as u32;
        let operators = &mut self.model.subgraphs[0].operators;
        operators.push(Operator {
            code_index,
            inputs: inputs.iter().copied().map(Some).collect(),
            outputs: outputs.iter().copied().map(Some).collect(),
            intermediates: Vec::new(),
            mutating_variable_inputs: Vec::new(),
            options: None,
            options_2: None,
            custom_options: None,
            custom_options_format: 0,
            custom_options_appended: false,
            debug_metadata_index: -1,
        });
        operators.last_mut().expect("just pushed")
    }

    /// Names inputs and outputs of the subgraph.
    pub fn finish(mut self, inputs: &[TensorId], outputs: &[TensorId]) -> Model {
        self.model.subgraphs[0].inputs = inputs.to_vec();
        self.model.subgraphs[0].outputs = outputs.to_vec();
        self.model
    }
}

fn tensor(name: &str, shape: &[i32], ty: TensorType, buffer: BufferId) -> Tensor {
    Tensor {
        name: Some(name.to_owned()),
        shape: shape.to_vec(),
        shape_signature: Vec::new(),
        has_rank: true,
        ty,
        buffer,
        quantization: None,
        is_variable: false,
        sparsity: None,
        variant_tensors: Vec::new(),
        external_buffer: 0,
    }
}

/// A model whose only operators are ADDs: for each, the tensors it reads and writes. Tensors `inputs` come from outside,
/// the last tensor written is the output.
pub fn wired(inputs: &[u32], operators: &[(&[u32], &[u32])]) -> Model {
    let n_tensors = operators
        .iter()
        .flat_map(|(reads, writes)| reads.iter().chain(*writes))
        .chain(inputs)
        .map(|tensor| tensor + 1)
        .max()
        .unwrap_or(0);
    let mut builder = ModelBuilder::new();
    for number in 0..n_tensors {
        builder.tensor(&format!("t{number}"), &[1, 8, 8, 4], TensorType::Int8);
    }
    let ids = |numbers: &[u32]| numbers.iter().map(|&number| TensorId(number)).collect::<Vec<_>>();
    for (reads, writes) in operators {
        builder.operator(BuiltinOperator::ADD, &ids(reads), &ids(writes));
    }
    let outputs: Vec<TensorId> = operators
        .last()
        .and_then(|(_, writes)| writes.first())
        .map(|&tensor| TensorId(tensor))
        .into_iter()
        .collect();
    builder.finish(&ids(inputs), &outputs)
}

/// A chain of ADDs.
pub fn chain(n_operators: u32) -> Model {
    let operators: Vec<([u32; 1], [u32; 1])> = (0..n_operators).map(|place| ([place], [place + 1])).collect();
    let borrowed: Vec<(&[u32], &[u32])> =
        operators.iter().map(|(reads, writes)| (reads.as_slice(), writes.as_slice())).collect();
    wired(&[0], &borrowed)
}

/// Stacked residual blocks: two operators in a row, then one that adds what came in.
pub fn residual(n_blocks: u32) -> Model {
    let mut operators: Vec<(Vec<u32>, Vec<u32>)> = Vec::new();
    let mut last = 0;
    for _ in 0..n_blocks {
        operators.push((vec![last], vec![last + 1]));
        operators.push((vec![last + 1], vec![last + 2]));
        operators.push((vec![last + 2, last], vec![last + 3]));
        last += 3;
    }
    let borrowed: Vec<(&[u32], &[u32])> =
        operators.iter().map(|(reads, writes)| (reads.as_slice(), writes.as_slice())).collect();
    wired(&[0], &borrowed)
}

/// The main subgraph.
pub const MAIN: SubgraphId = SubgraphId(0);

/// Bytes of a model file that is shared among the project's tests; `None`, with a line that says so, where they
/// are absent.
pub fn shared_model(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/models").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(_) => {
            println!("skipped: {name} is not among the shared models");
            None
        }
    }
}
