//! The tail of the arena, itemised in TFLM's own categories, so that it can be checked line by line against what a
//! device prints.

use emberlab_core::model::Model;
use emberlab_core::plan::{ArenaPlan, Category, PersistentBlock};

use super::why::{channel_multipliers, is_per_channel};
use super::words::{operator_title, tensor_number};
use crate::theme::format;

/// All blocks of one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The category.
    pub category: Category,
    /// Bytes that the tail grew, padding included.
    pub used: u64,
    /// Indexes into [`ArenaPlan::persistent`], in order of time.
    pub blocks: Vec<usize>,
}

/// Categories in TFLM's order, then ours; those that a model does not need are left out.
const ORDER: [Category; 9] = [
    Category::EvalTensorData,
    Category::PersistentTensorData,
    Category::PersistentQuantizationData,
    Category::PersistentBufferData,
    Category::TensorVariableBufferData,
    Category::NodeAndRegistrationArray,
    Category::OperationData,
    Category::Allocator,
    Category::Recorder,
];

/// The tail by category.
pub fn groups(plan: &ArenaPlan) -> Vec<Group> {
    ORDER
        .into_iter()
        .map(|category| {
            let indexed = plan.persistent.iter().enumerate();
            let blocks: Vec<usize> =
                indexed.filter(|(_, block)| block.category == category).map(|(index, _)| index).collect();
            let used = blocks.iter().map(|&index| plan.persistent[index].used).sum();
            Group { category, used, blocks }
        })
        .filter(|group| !group.blocks.is_empty())
        .collect()
}

/// The name that TFLM prints for a category.
pub fn category_name(category: Category) -> &'static str {
    match category {
        Category::EvalTensorData => "Eval tensor data",
        Category::PersistentTensorData => "Persistent tensor data",
        Category::PersistentQuantizationData => "Persistent quantization data",
        Category::PersistentBufferData => "Persistent buffer data",
        Category::TensorVariableBufferData => "Tensor variable buffer data",
        Category::NodeAndRegistrationArray => "Node and registration array",
        Category::OperationData => "Operation data",
        Category::Allocator => "Allocators and planner",
        Category::Recorder => "Recorder",
    }
}

/// The tail in words, the most important first: what belongs to operators, the tables, and the rest.
pub fn summary(model: &Model, plan: &ArenaPlan) -> Vec<String> {
    let (operators, multipliers) = channel_multipliers(model, plan);
    let of = |what: &str| {
        plan.persistent.iter().filter(|block| block.what == what).map(|block| block.used).sum::<u64>()
    };
    let whose = format!("per-channel data of {}", format::counted(operators, "operator", "operators"));
    let listed = [
        (whose, multipliers),
        ("prepared data".to_owned(), of("op_prepare") - multipliers),
        ("operator data".to_owned(), of("op_init")),
        ("tensors".to_owned(), of("eval_tensors")),
        ("nodes".to_owned(), of("node_and_registrations")),
        ("variables".to_owned(), of("variable_tensor")),
    ];
    let rest = plan.persistent_bytes.saturating_sub(listed.iter().map(|(_, bytes)| bytes).sum());
    let all = listed.into_iter().chain([("other".to_owned(), rest)]);
    all.filter(|(_, bytes)| *bytes > 0)
        .map(|(what, bytes)| format!("{what} {}", format::bytes_only(bytes)))
        .collect()
}

/// What the blocks of a kind are for.
pub fn kind_name(what: &'static str) -> &'static str {
    match what {
        "arena_allocator" => "Arena allocator",
        "memory_planner" => "Memory planner",
        "micro_allocator" => "Micro allocator",
        "builtin_data_allocator" => "Options allocator",
        "subgraph_allocations" => "Subgraph table",
        "eval_tensors" => "Eval tensors",
        "node_and_registrations" => "Nodes and registrations",
        "builtin_data" => "Options",
        "op_init" => "Operator data",
        "op_prepare" => "Prepared data",
        "scratch_buffer_handles" => "Scratch handles",
        "variable_tensor" => "Variable tensors",
        "io_tensors" => "Input and output tensors",
        "recorder" => "Recording interpreter",
        other => other,
    }
}

/// What a block is for, and who asked for it: `Per-channel data, #3 DepthwiseConv2D`.
pub fn block_name(model: &Model, block: &PersistentBlock) -> String {
    let per_channel =
        block.operator.is_some_and(|(subgraph, operator)| is_per_channel(model, subgraph, operator));
    let what = match block.what {
        "op_prepare" if per_channel => "Per-channel data",
        other => kind_name(other),
    };
    let who = match (block.operator, block.tensor) {
        (Some((subgraph, operator)), _) => format!(", {}", operator_title(model, subgraph, operator)),
        (None, Some((subgraph, tensor))) => format!(", {}", tensor_number(subgraph, tensor)),
        (None, None) => String::new(),
    };
    format!("{what}{who}")
}

#[cfg(test)]
mod tests {
    use emberlab_core::plan::{Chip, Target};

    use super::super::fixtures::{golden_plans, model, tight_plan};
    use super::*;

    #[test]
    fn groups_sum_to_the_tail_and_hold_every_block_once() {
        for (name, plan) in golden_plans() {
            let groups = groups(&plan);
            assert_eq!(groups.iter().map(|group| group.used).sum::<u64>(), plan.persistent_bytes, "{name}");
            let mut blocks: Vec<usize> = groups.iter().flat_map(|group| group.blocks.clone()).collect();
            blocks.sort_unstable();
            assert_eq!(blocks, (0..plan.persistent.len()).collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn the_summary_adds_up() {
        let plan = tight_plan(Target::new(Chip::Esp32s3));
        assert_eq!(
            summary(&model(), &plan),
            ["per-channel data of 3 operators 96", "tensors 48", "nodes 96", "other 36"]
        );
    }

    #[test]
    fn blocks_are_named_with_who_asked_for_them() {
        let plan = tight_plan(Target::new(Chip::Esp32s3));
        let names: Vec<String> = plan.persistent.iter().map(|block| block_name(&model(), block)).collect();
        assert_eq!(names[0], "Arena allocator");
        assert_eq!(names[5], "Per-channel data, #2 DepthwiseConv2D");
        let listed: Vec<_> =
            groups(&plan).iter().map(|group| (category_name(group.category), group.used)).collect();
        assert_eq!(
            listed,
            [
                ("Eval tensor data", 48),
                ("Persistent buffer data", 96),
                ("Node and registration array", 96),
                ("Allocators and planner", 36),
            ]
        );
    }
}
