//! Models and plans for the tests of this panel: two by hand, and the recorded ones.

use std::path::Path;
use std::sync::Arc;

use emberlab_core::model::{
    Buffer, BuiltinOperator, Model, Operator, OperatorCode, OperatorId, Subgraph, SubgraphId, Tensor,
    TensorId, TensorType,
};
use emberlab_core::plan::{
    ArenaPlan, BufferUse, Category, Chip, KernelSet, PersistentBlock, PlannedBuffer, Target,
};

use crate::command::Command;
use crate::document::{Document, OpenModel, PanelKind, Selection, Tab, TabContent, planned_targets};
use crate::settings::Settings;

/// Conv2D, Conv2D, DepthwiseConv2D in a row, with the names that a converter gives.
pub fn model() -> Model {
    let tensor = |name: &str, shape: &[i32]| Tensor {
        name: Some(name.to_owned()),
        shape: shape.to_vec(),
        shape_signature: Vec::new(),
        has_rank: true,
        ty: TensorType::Int8,
        buffer: Default::default(),
        quantization: None,
        is_variable: false,
        sparsity: None,
        variant_tensors: Vec::new(),
        external_buffer: 0,
    };
    let operator = |code_index, input, output| Operator {
        code_index,
        inputs: vec![Some(TensorId(input))],
        outputs: vec![Some(TensorId(output))],
        intermediates: Vec::new(),
        mutating_variable_inputs: Vec::new(),
        options: None,
        options_2: None,
        custom_options: None,
        custom_options_format: 0,
        custom_options_appended: false,
        debug_metadata_index: -1,
    };
    let code = |builtin| OperatorCode { builtin, custom_code: None, version: 1 };
    Model {
        version: 3,
        operator_codes: vec![code(BuiltinOperator::CONV_2D), code(BuiltinOperator::DEPTHWISE_CONV_2D)],
        subgraphs: vec![Subgraph {
            name: Some("main".to_owned()),
            tensors: vec![
                tensor("image", &[1, 4, 4, 1]),
                tensor("first/Relu6", &[1, 4, 4, 7]),
                tensor("second/Relu6", &[1, 4, 4, 8]),
                tensor("scores", &[1, 10]),
            ],
            inputs: vec![TensorId(0)],
            outputs: vec![TensorId(3)],
            operators: vec![operator(0, 0, 1), operator(0, 1, 2), operator(1, 2, 3)],
            debug_metadata_index: -1,
        }],
        buffers: vec![Buffer::default()],
        ..Model::default()
    }
}

fn tensor(id: u32, bytes: u64, offset: u64, first_used: u32, last_used: u32) -> PlannedBuffer {
    let usage = BufferUse::Tensor(TensorId(id));
    let size = bytes.next_multiple_of(16);
    PlannedBuffer {
        subgraph: SubgraphId(0),
        usage,
        bytes,
        size,
        offset,
        first_used,
        last_used,
        unused: false,
    }
}

fn scratch(operator: u32, bytes: u64, offset: u64) -> PlannedBuffer {
    let usage = BufferUse::Scratch(OperatorId(operator), 0);
    let scope = operator + 1;
    let size = bytes.next_multiple_of(16);
    PlannedBuffer {
        subgraph: SubgraphId(0),
        usage,
        bytes,
        size,
        offset,
        first_used: scope,
        last_used: scope,
        unused: false,
    }
}

/// The plan of [`model`] that loses 96 bytes: tensor 1 lands on tensor 2, which stands on the scratch buffer of #2.
pub fn lossy_plan(target: Target) -> ArenaPlan {
    plan_of(
        target,
        vec![
            tensor(0, 16, 144, 0, 1),
            tensor(1, 112, 288, 1, 2),
            tensor(2, 128, 160, 2, 3),
            tensor(3, 10, 288, 3, 3),
            scratch(0, 144, 0),
            scratch(2, 160, 0),
        ],
        tail(),
    )
}

/// The plan of [`model`] without scratch buffers, which meets the lower bound.
pub fn tight_plan(target: Target) -> ArenaPlan {
    plan_of(
        target,
        vec![
            tensor(0, 16, 0, 0, 1),
            tensor(1, 112, 128, 1, 2),
            tensor(2, 128, 0, 2, 3),
            tensor(3, 10, 128, 3, 3),
        ],
        tail(),
    )
}

fn tail() -> Vec<PersistentBlock> {
    let mut tail = vec![
        block("arena_allocator", None, 36, 4),
        block("eval_tensors", None, 48, 4),
        block("node_and_registrations", None, 96, 4),
    ];
    for operator in 0..3 {
        tail.push(block("op_prepare", Some(operator), 32, 16));
    }
    tail
}

fn block(what: &str, operator: Option<u32>, bytes: u64, align: u64) -> PersistentBlock {
    let (what, category) = known_block(what);
    let operator = operator.map(|id| (SubgraphId(0), OperatorId(id)));
    PersistentBlock { what, category, operator, tensor: None, bytes, align, used: bytes }
}

fn known_block(what: &str) -> (&'static str, Category) {
    [
        ("arena_allocator", Category::Allocator),
        ("memory_planner", Category::Allocator),
        ("micro_allocator", Category::Allocator),
        ("builtin_data_allocator", Category::Allocator),
        ("subgraph_allocations", Category::Allocator),
        ("eval_tensors", Category::EvalTensorData),
        ("node_and_registrations", Category::NodeAndRegistrationArray),
        ("builtin_data", Category::OperationData),
        ("op_init", Category::PersistentBufferData),
        ("op_prepare", Category::PersistentBufferData),
        ("scratch_buffer_handles", Category::PersistentBufferData),
        ("variable_tensor", Category::TensorVariableBufferData),
        ("io_tensors", Category::PersistentTensorData),
    ]
    .into_iter()
    .find(|(known, _)| *known == what)
    .unwrap_or_else(|| panic!("unknown persistent block {what}"))
}

fn plan_of(target: Target, buffers: Vec<PlannedBuffer>, persistent: Vec<PersistentBlock>) -> ArenaPlan {
    let head = buffers.iter().map(|buffer| buffer.offset + buffer.size).max().unwrap_or(0);
    let tail = persistent.iter().map(|block| block.used).sum::<u64>();
    let scope_count = buffers.iter().map(|buffer| buffer.last_used + 1).max().unwrap_or(1);
    let scope_operators = (0..scope_count)
        .map(|scope| scope.checked_sub(1).map(|id| (SubgraphId(0), OperatorId(id))))
        .collect();
    let mut plan = ArenaPlan {
        target,
        kernels_version: if target.kernels == KernelSet::EspNn { "1.2.3" } else { "1.4.0" },
        used_bytes: head + tail,
        nonpersistent_bytes: head,
        persistent_bytes: tail,
        minimum_bytes: Some((head + tail).next_multiple_of(16)),
        recommended_bytes: (head + tail).next_multiple_of(1024),
        prepare_bytes: 0,
        lower_bound_bytes: 0,
        peak_scope: 0,
        peak_operator: None,
        scope_count,
        scope_operators,
        buffers,
        persistent,
        offline: false,
    };
    let peak = (0..scope_count).rev().max_by_key(|&scope| plan.live_bytes(scope)).unwrap_or(0);
    plan.peak_scope = peak;
    plan.lower_bound_bytes = plan.live_bytes(peak);
    plan.peak_operator = plan.scope_operators[peak as usize];
    plan
}

/// A chain of `operators` operators with two tensors and a scratch buffer alive at each, for tests of speed.
pub fn long_plan(operators: u32) -> ArenaPlan {
    let mut buffers: Vec<PlannedBuffer> = (0..=operators)
        .map(|id| {
            tensor(id, 1024 + u64::from(id % 7) * 160, u64::from(id % 2) * 4096, id, (id + 1).min(operators))
        })
        .collect();
    buffers
        .extend((0..operators).map(|operator| scratch(operator, 512 + u64::from(operator % 5) * 96, 8192)));
    plan_of(Target::new(Chip::Esp32s3), buffers, tail())
}

/// Name and plan of every recorded file and kernel set; empty, with one line printed, where the files are absent.
pub fn golden_plans() -> Vec<(String, ArenaPlan)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: the recorded plans are not at {}", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let mut plans = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ext| ext == "json")) {
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        if json["status"] != "ok" {
            continue;
        }
        let name = json["name"].as_str().unwrap().to_owned();
        let reference = Target { chip: Chip::Esp32, kernels: KernelSet::Reference };
        plans.push((format!("{name} reference"), golden_plan(&json, reference)));
        for chip in [Chip::Esp32, Chip::Esp32s3, Chip::Esp32p4] {
            let section = &json["esp_nn"][chip.id()];
            if section["status"] == "ok" {
                let target = Target { chip, kernels: KernelSet::EspNn };
                plans.push((format!("{name} {}", chip.id()), golden_plan(section, target)));
            }
        }
    }
    plans
}

/// One recorded plan, by the name of the model file without extension.
pub fn golden_plan_of(name: &str, chip: Chip) -> Option<ArenaPlan> {
    let wanted = format!("{name} {}", chip.id());
    golden_plans().into_iter().find(|(found, _)| *found == wanted).map(|(_, plan)| plan)
}

fn golden_plan(section: &serde_json::Value, target: Target) -> ArenaPlan {
    let int = |value: &serde_json::Value| value.as_i64().unwrap();
    let mut requests = std::collections::BTreeMap::new();
    let buffers = section["plan"].as_array().unwrap().iter().map(|entry| {
        let usage = if entry["kind"] == "tensor" {
            BufferUse::Tensor(TensorId(int(&entry["tensor"]) as u32))
        } else {
            let operator = int(&entry["op"]) as u32;
            let request = requests.entry(operator).or_insert(0);
            *request += 1;
            BufferUse::Scratch(OperatorId(operator), *request - 1)
        };
        PlannedBuffer {
            subgraph: SubgraphId(int(&entry["subgraph"]).max(0) as u32),
            usage,
            bytes: int(&entry["bytes"]) as u64,
            size: int(&entry["size"]) as u64,
            offset: int(&entry["offset"]) as u64,
            first_used: int(&entry["first_used"]) as u32,
            last_used: int(&entry["last_used"]) as u32,
            unused: false,
        }
    });
    let persistent = section["persistent"].as_array().unwrap().iter().map(|entry| {
        let operator = u32::try_from(int(&entry["op"])).ok();
        let used = int(&entry["used"]) as u64;
        PersistentBlock {
            used,
            ..block(
                entry["what"].as_str().unwrap(),
                operator,
                int(&entry["bytes"]) as u64,
                int(&entry["align"]) as u64,
            )
        }
    });
    let mut plan = plan_of(target, buffers.collect(), persistent.collect());
    assert_eq!(plan.nonpersistent_bytes, int(&section["arena"]["nonpersistent_bytes"]) as u64);
    plan.persistent_bytes = int(&section["arena"]["persistent_bytes"]) as u64;
    plan.used_bytes = int(&section["arena"]["arena_used_bytes"]) as u64;
    let minimum = int(&section["min_arena"]["allocate_tensors_bytes"]) as u64;
    plan.minimum_bytes = Some(minimum);
    plan.recommended_bytes = minimum.next_multiple_of(1024);
    plan
}

/// A document with one tab that holds `model` and the plans, for the ESP32-S3 with ESP-NN.
pub fn document_with(
    model: Model,
    plan: impl Fn(Target) -> Result<ArenaPlan, Vec<emberlab_core::plan::Refusal>>,
) -> Document {
    let mut open = OpenModel::new(
        Arc::new(model),
        3_000,
        "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90",
    );
    open.plans = planned_targets().map(|target| (target, plan(target).map(Arc::new))).collect();
    let mut document = Document::new(Settings::default());
    let id = document.new_tab_id();
    let mut tab = Tab::new(id, "small.tflite");
    tab.content = TabContent::Model(Box::new(open));
    document.tabs.push(tab);
    document.active = Some(id);
    document.panel = PanelKind::Arena;
    document.target = Target::new(Chip::Esp32s3);
    document
}

/// The document of the hand-made model: ESP-NN loses 96 bytes, the reference kernels none.
pub fn document() -> Document {
    document_with(model(), |target| {
        Ok(match target.kernels {
            KernelSet::EspNn => lossy_plan(target),
            KernelSet::Reference => tight_plan(target),
        })
    })
}

/// The selections that commands ask for.
pub fn selections(commands: &[Command]) -> Vec<Selection> {
    let selected = |command: &Command| match command {
        Command::Select(selection) => Some(*selection),
        _ => None,
    };
    commands.iter().filter_map(selected).collect()
}
