//! The blocks of the tail that are not an operator's own, in the order in which `AllocateTensors` takes them.
//!
//! Source: esp-tflite-micro 99f49e14, `tensorflow/lite/micro/micro_allocator.cc` and `micro_interpreter.cc`.

use super::Category;
use super::arena::{ARENA_ALIGN, Arena, Purpose};
use super::graph::Graph;
use super::layout::Layout;
use super::prepare::{Quantized, Variables};
use crate::model::{BuiltinOperator, Model, OptionValue, SubgraphId, TensorId};

/// What is in the arena before the interpreter looks at the operators.
pub(super) fn before_operators(arena: &mut Arena, model: &Model, layout: &Layout, scratch_reserve: u64) {
    let mut own =
        |what, bytes| arena.persistent(Purpose::new(what, Category::Allocator), bytes, layout.align);
    own("arena_allocator", layout.arena_allocator);
    own("memory_planner", layout.memory_planner);
    own("micro_allocator", layout.micro_allocator);
    if layout.recorder > 0 {
        arena.persistent(Purpose::new("recorder", Category::Recorder), layout.recorder, layout.align);
    }
    resource_variables(arena, model, layout);
    let allocator = Purpose::new("builtin_data_allocator", Category::Allocator);
    arena.persistent(allocator, layout.builtin_data_allocator, layout.align);
    arena.resize_head(scratch_reserve);
    let subgraphs = Purpose::new("subgraph_allocations", Category::Allocator);
    arena.persistent(subgraphs, layout.subgraph_allocations * model.subgraphs.len() as u64, layout.align);
    for subgraph in &model.subgraphs {
        let tensors = Purpose::new("eval_tensors", Category::EvalTensorData);
        arena.persistent(tensors, layout.eval_tensor * subgraph.tensors.len() as u64, layout.align);
    }
    for subgraph in &model.subgraphs {
        let nodes = Purpose::new("node_and_registrations", Category::NodeAndRegistrationArray);
        arena.persistent(nodes, layout.node_and_registration * subgraph.operators.len() as u64, layout.align);
    }
}

/// The table of resource variables that an application makes for a model with VAR_HANDLE, with room for exactly the
/// variables that the model names.
fn resource_variables(arena: &mut Arena, model: &Model, layout: &Layout) {
    let operators = model.subgraphs.iter().flat_map(|subgraph| &subgraph.operators);
    let handles = operators.filter(|operator| {
        let code = model.operator_codes.get(operator.code_index as usize);
        code.is_some_and(|code| code.builtin == BuiltinOperator::VAR_HANDLE)
    });
    let names = handles.filter_map(|operator| match operator.options.as_ref()?.get("shared_name") {
        Some(OptionValue::Text(name)) => Some(name.as_str()),
        _ => None,
    });
    let n_variables = Variables::count(names) as u64;
    if n_variables > 0 {
        let purpose = Purpose::new("resource_variables", Category::PersistentBufferData);
        arena.persistent(purpose, layout.resource_variables, ARENA_ALIGN);
        arena.persistent(purpose, layout.resource_variable * n_variables, ARENA_ALIGN);
    }
}

/// Memory of variable tensors that no offline plan places.
///
/// TFLM looks up the offset of every subgraph's tensors from the start of the plan, so the first subgraph's offsets
/// count for all of them; this does too.
pub(super) fn variable_tensors(arena: &mut Arena, model: &Model, graph: &Graph, offsets: &[Option<i32>]) {
    for (number, subgraph) in model.subgraphs.iter().enumerate() {
        for (index, tensor) in subgraph.tensors.iter().enumerate() {
            let is_placed = offsets.get(index).copied().flatten().is_some();
            if !tensor.is_variable || is_placed {
                continue;
            }
            let place = (SubgraphId(number as u32), TensorId(index as u32));
            let bytes =
                graph.get(place.0, place.1).and_then(|tensor| tensor.bytes().ok()).unwrap_or_default();
            let purpose =
                Purpose::new("variable_tensor", Category::TensorVariableBufferData).of_tensor(place);
            arena.persistent(purpose, bytes, ARENA_ALIGN);
        }
    }
}

/// The structures behind `input()` and `output()`: a list of pointers, then each tensor with its quantization.
pub(super) fn io_tensors(arena: &mut Arena, model: &Model, layout: &Layout) {
    let Some(main) = model.subgraphs.first() else {
        return;
    };
    for ports in [&main.inputs, &main.outputs] {
        let list = Purpose::new("io_tensors", Category::PersistentBufferData);
        arena.persistent(list, layout.pointer * ports.len() as u64, ARENA_ALIGN);
        for &id in ports {
            let place = (SubgraphId(0), id);
            let tensor = Purpose::new("io_tensors", Category::PersistentTensorData).of_tensor(place);
            arena.persistent(tensor, layout.tensor, layout.align);
            let quantized = main.tensors.get(id.index()).and_then(Quantized::of);
            if let Some(quantized) = quantized {
                let data = Purpose::new("io_tensors", Category::PersistentQuantizationData).of_tensor(place);
                arena.persistent(data, layout.affine_quantization, layout.align);
                arena.persistent(data, layout.int_array(quantized.scales.len() as u64), 4);
            }
        }
    }
}

/// Temporary tables of the planner's first step: where each subgraph starts, and what is known about each buffer.
pub(super) fn lifetime_tables(arena: &mut Arena, model: &Model, layout: &Layout, n_scratch: usize) {
    let n_tensors = model.subgraphs.iter().map(|subgraph| subgraph.tensors.len()).sum::<usize>();
    arena.temporary(layout.pointer * model.subgraphs.len() as u64, layout.pointer);
    arena.temporary(layout.allocation_info * (n_tensors + n_scratch) as u64, layout.align);
}
