//! Models made by hand for the tests of this panel.

use std::sync::Arc;

use emberlab_core::model::{
    Buffer, BufferId, BuiltinOperator, Model, Operator, OperatorCode, OperatorId, Options, Quantization,
    Subgraph, SubgraphId, Tensor, TensorId, TensorType,
};
use emberlab_core::plan::{ArenaPlan, BufferUse, Chip, KernelSet, PlannedBuffer, Target};

use super::layout::{Direction, layout_graph};
use crate::document::{Document, OpenModel, Tab, TabContent};
use crate::settings::Settings;

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

/// A convolution and a fully connected operator with weights, scales per channel and a custom operator between them.
pub fn convolutional() -> Model {
    let mut builder = ModelBuilder::new();
    let input = builder.tensor("input", &[1, 8, 8, 2], TensorType::Int8);
    let weights = builder.constant("conv/weights", &[4, 3, 3, 2], TensorType::Int8, (0..72).collect());
    let bias = builder.constant("conv/bias", &[4], TensorType::Int32, vec![0; 16]);
    let middle = builder.tensor("net/conv/Relu6", &[1, 4, 4, 4], TensorType::Int8);
    let custom = builder.tensor("net/custom", &[1, 64], TensorType::Int8);
    let dense = builder.constant("dense/weights", &[2, 64], TensorType::Int8, vec![3; 128]);
    let output = builder.tensor("net/dense", &[1, 2], TensorType::Int8);
    let conv = builder.operator(BuiltinOperator::CONV_2D, &[input, weights, bias], &[middle]);
    conv.options = Some(
        Options::new("Conv2DOptions")
            .with_int("stride_w", 2)
            .with_int("stride_h", 2)
            .with_int("fused_activation_function", 3),
    );
    let special = builder.operator(BuiltinOperator::CUSTOM, &[middle], &[custom]);
    special.custom_options = Some(vec![0x28, 0x24, 0x01].into());
    builder.operator(BuiltinOperator::FULLY_CONNECTED, &[custom, dense], &[output]);
    let mut model = builder.finish(&[input], &[output]);
    model.operator_codes[1].custom_code = Some("SpecialOperator".to_owned());
    let quantization = Quantization {
        scale: vec![0.5, 0.25, 0.125, 0.0625],
        zero_point: vec![0; 4],
        ..Quantization::default()
    };
    model.subgraphs[0].tensors[weights.index()].quantization = Some(quantization);
    model
}

/// A plan in which each operator has so many live bytes.
pub fn plan_with_live_bytes(live: &[u64]) -> ArenaPlan {
    let buffer = |(place, bytes): (usize, &u64)| {
        let scope = place as u32 + 1;
        let usage = BufferUse::Scratch(OperatorId(place as u32), 0);
        let (bytes, size) = (*bytes, *bytes);
        PlannedBuffer {
            subgraph: MAIN,
            usage,
            bytes,
            size,
            offset: 0,
            first_used: scope,
            last_used: scope,
            unused: false,
        }
    };
    let operators = (0..live.len() as u32).map(|operator| Some((MAIN, OperatorId(operator))));
    ArenaPlan {
        target: Target { chip: Chip::Esp32s3, kernels: KernelSet::EspNn },
        kernels_version: "1.2.3",
        used_bytes: 0,
        prepare_bytes: 0,
        nonpersistent_bytes: 0,
        persistent_bytes: 0,
        minimum_bytes: None,
        recommended_bytes: 0,
        lower_bound_bytes: 0,
        peak_scope: 0,
        peak_operator: None,
        scope_count: live.len() as u32 + 1,
        scope_operators: std::iter::once(None).chain(operators).collect(),
        buffers: live.iter().enumerate().map(buffer).collect(),
        persistent: Vec::new(),
        offline: false,
    }
}

/// A document with one open model, its graphs laid out.
pub fn document(model: Model, plan: Option<ArenaPlan>) -> Document {
    let settings = Settings { reduce_motion: true, ..Settings::default() };
    let mut document = Document::new(settings);
    let target = document.target;
    let model = Arc::new(model);
    let mut open = OpenModel::new(model.clone(), 4_096, "0123456789abcdef0123456789abcdef");
    open.layouts = (0..model.subgraphs.len() as u32)
        .map(|subgraph| {
            layout_graph(&model, SubgraphId(subgraph), Direction::Vertical, &|| false).map(Arc::new)
        })
        .collect();
    open.plans = plan.into_iter().map(|plan| (target, Ok(Arc::new(plan)))).collect();
    let id = document.new_tab_id();
    let mut tab = Tab::new(id, "model.tflite");
    tab.content = TabContent::Model(Box::new(open));
    document.tabs.push(tab);
    document.active = Some(id);
    document
}
