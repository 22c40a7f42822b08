//! TFLite IF, WHILE and CALL_ONCE: the checks; the interpreter itself runs the subgraphs.
//!
//! Reference: micro/kernels/if.cc, while.cc and call_once.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. Values are copied between the operator's operands and the inputs and outputs of
//! a subgraph, so both have to have the same types and sizes.

use crate::error::Reason;
use crate::graph::Buffer;
use crate::interpreter::{Calls, ControlFlow};
use crate::prepare::{Options, PrepareContext, expect_equal};
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Shape, tensor_bytes};
use crate::tflite_view::{Scalars, SubgraphView, TensorView};

/// IF.
pub const IF: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::IF),
    versions: &[Kernel { name: "plain", prepare: prepare_if, eval: Eval::ControlFlow(ControlFlow::If) }],
    support: &[exact("all types")],
};
/// WHILE.
pub const WHILE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::WHILE),
    versions: &[Kernel {
        name: "plain",
        prepare: prepare_while,
        eval: Eval::ControlFlow(ControlFlow::While),
    }],
    support: &[exact("all types")],
};
/// CALL_ONCE.
pub const CALL_ONCE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::CALL_ONCE),
    versions: &[Kernel {
        name: "plain",
        prepare: prepare_call_once,
        eval: Eval::ControlFlow(ControlFlow::CallOnce),
    }],
    support: &[exact("all types")],
};

fn prepare_if(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let condition = context.input(0, "condition")?;
    condition.expect_type(&[TensorType::Bool], "bool")?;
    expect_equal("elements of the condition", condition.elements(), 1)?;
    let options = context.options("IfOptions")?;
    let (first, then_branch) = called(context, &options, "then_subgraph_index")?;
    let (second, else_branch) = called(context, &options, "else_subgraph_index")?;
    let (inputs, outputs) = (context.operator().inputs()?, context.operator().outputs()?);
    for branch in [then_branch, else_branch] {
        check_copies(context, (inputs, 1), branch.inputs()?, &branch)?;
        check_copies(context, (outputs, 0), branch.outputs()?, &branch)?;
    }
    context.save(Calls { first, second, has_run: Buffer::NONE })
}

fn prepare_while(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let options = context.options("WhileOptions")?;
    let (first, condition) = called(context, &options, "cond_subgraph_index")?;
    let (second, body) = called(context, &options, "body_subgraph_index")?;
    let (inputs, outputs) = (context.operator().inputs()?, context.operator().outputs()?);
    expect_equal("number of outputs", outputs.len(), inputs.len())?;
    check_copies(context, (inputs, 0), condition.inputs()?, &condition)?;
    check_copies(context, (inputs, 0), body.inputs()?, &body)?;
    check_copies(context, (outputs, 0), body.outputs()?, &body)?;
    let result = condition.outputs()?.get(0).and_then(|id| usize::try_from(id).ok());
    let result = result.ok_or(Reason::Missing { operand: "output of the condition" })?;
    let (ty, bytes) = type_and_bytes(&condition.tensors()?.get(result)?)?;
    if ty != TensorType::Bool || bytes != 1 {
        let expected = "one bool";
        return Err(Reason::Type { operand: "output of the condition", found: ty, expected });
    }
    context.save(Calls { first, second, has_run: Buffer::NONE })
}

fn prepare_call_once(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(0..=0, 0)?;
    let options = context.options("CallOnceOptions")?;
    let (first, _) = called(context, &options, "init_subgraph_index")?;
    let has_run = context.lasting_state(1)?;
    context.save(Calls { first, second: first, has_run })
}

/// The subgraph that an option names.
fn called<'m>(
    context: &PrepareContext<'_, 'm>,
    options: &Options<'m>,
    name: &'static str,
) -> Result<(u32, SubgraphView<'m>), Reason> {
    let found = options.int(name)?;
    let subgraphs = context.model().subgraphs()?;
    let index = usize::try_from(found).ok().filter(|index| *index < subgraphs.len());
    let index = index.ok_or(Reason::Range { what: name, found, expected: "a subgraph of the model" })?;
    Ok((index as u32, subgraphs.get(index)?))
}

/// Checks that operands of the operator, from a position on, can be copied to or from the tensors of a subgraph.
fn check_copies(
    context: &PrepareContext<'_, '_>,
    (operands, from): (Scalars<'_, i32>, usize),
    inner: Scalars<'_, i32>,
    subgraph: &SubgraphView<'_>,
) -> Result<(), Reason> {
    expect_equal("number of operands of a subgraph", inner.len(), operands.len().saturating_sub(from))?;
    let (outer_tensors, inner_tensors) = (context.subgraph().tensors()?, subgraph.tensors()?);
    for (outer, inner) in operands.iter().skip(from).zip(inner.iter()) {
        let index =
            |id: i32| usize::try_from(id).map_err(|_| Reason::Missing { operand: "operand of a subgraph" });
        let (outer_type, outer_bytes) = type_and_bytes(&outer_tensors.get(index(outer)?)?)?;
        let (inner_type, inner_bytes) = type_and_bytes(&inner_tensors.get(index(inner)?)?)?;
        if outer_type != inner_type {
            let expected = "the type of the operator's operand";
            return Err(Reason::Type { operand: "operand of a subgraph", found: inner_type, expected });
        }
        expect_equal("bytes of an operand of a subgraph", inner_bytes as usize, outer_bytes as usize)?;
    }
    Ok(())
}

fn type_and_bytes(tensor: &TensorView<'_>) -> Result<(TensorType, u64), Reason> {
    let ty = tensor.ty()?;
    let elements = Shape::new(tensor.shape()?.iter())?.elements() as u64;
    Ok((ty, tensor_bytes(ty, elements).unwrap_or(0)))
}
