//! TFLite VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE: values that survive an invocation under a name.
//!
//! Reference: micro/kernels/var_handle.cc, read_variable.cc, assign_variable.cc and micro/micro_resource_variable.cc in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! The handle itself has no bytes here: which variable a handle names is known when the model is prepared. So a handle has to
//! come from a VAR_HANDLE of the same subgraph. The first operator that reads or assigns a variable asks for its bytes; until
//! something is assigned they are all the zero point of the first value that an operator assigns, as one byte.

use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::graph::Buffer;
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::{Record, record};
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::BuiltinOperator;
use crate::tensor::{Tensor, tensor_bytes};
use crate::tflite_view::{OperatorView, SubgraphView};

/// VAR_HANDLE.
pub const HANDLE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::VAR_HANDLE),
    versions: &[Kernel { name: "plain", prepare: prepare_handle, eval: Eval::Kernel(|_| ()) }],
    support: &[exact("resource")],
};
/// READ_VARIABLE.
pub const READ: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::READ_VARIABLE),
    versions: &[Kernel { name: "plain", prepare: prepare_read, eval: Eval::Kernel(eval_read) }],
    support: &[exact("all types")],
};
/// ASSIGN_VARIABLE.
pub const ASSIGN: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::ASSIGN_VARIABLE),
    versions: &[Kernel {
        name: "plain",
        prepare: prepare_assign,
        eval: Eval::Stateful(eval_assign, reset_assigned),
    }],
    support: &[exact("all types")],
};

record! {
    struct Params {
        variable: Buffer,
        bytes: u32,
        /// What a reset fills the variable with; -1 where another operator does that.
        fill: i32,
    }
}

fn prepare_handle(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(0..=0, 1)?;
    name_of(context.operator()).map(|_| ())
}

fn prepare_read(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let value = context.output(0, "value")?;
    prepare(context, &value, false)
}

fn prepare_assign(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 0)?;
    let value = context.input(1, "value")?;
    prepare(context, &value, true)
}

fn prepare(context: &mut PrepareContext<'_, '_>, value: &Tensor<'_>, is_assign: bool) -> Result<(), Reason> {
    let bytes = tensor_bytes(value.ty, value.elements() as u64).ok_or(Reason::Type {
        operand: value.role,
        found: value.ty,
        expected: "a type whose elements have a fixed size",
    })?;
    let name = variable_of(context.subgraph(), context.operator())?;
    let users = Users::find(context, name)?;
    let variable = if users.first == context.operator_number() {
        context.state(bytes as usize)?
    } else {
        let earlier = Params::read(context.words_of(users.first));
        expect_equal("bytes of the variable", bytes as usize, earlier.bytes as usize)?;
        earlier.variable
    };
    let fills = is_assign && users.first_assign == Some(context.operator_number());
    let zero_point = value.quantization()?.map_or(0, |quantization| quantization.zero_point);
    let fill = if fills { i32::from(zero_point as u8) } else { -1 };
    context.save(Params { variable, bytes: bytes as u32, fill })
}

fn eval_read(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let ([output], operands) = context.split([Operand::Output(0)]);
    output.copy_from_slice(operands.bytes(Operand::Buffer(params.variable)));
}

fn eval_assign(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let ([variable], operands) = context.split([Operand::Buffer(params.variable)]);
    variable.copy_from_slice(operands.bytes(Operand::Input(1)));
}

fn reset_assigned(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    if let Ok(fill) = u8::try_from(params.fill) {
        let ([variable], _) = context.split([Operand::Buffer(params.variable)]);
        variable.fill(fill);
    }
}

/// Container and name of a variable.
type Name<'m> = (&'m [u8], &'m [u8]);

/// The variable that a VAR_HANDLE names.
fn name_of<'m>(handle: &OperatorView<'m>) -> Result<Name<'m>, Reason> {
    let missing = Reason::Missing { operand: "name of the variable" };
    let options = handle.options_of("VarHandleOptions")?.ok_or(missing)?;
    let shared_name = options.text("shared_name")?.ok_or(missing)?;
    Ok((options.text("container")?.unwrap_or_default().as_bytes(), shared_name.as_bytes()))
}

/// The variable whose handle is the first input of an operator.
fn variable_of<'m>(subgraph: &SubgraphView<'m>, operator: &OperatorView<'m>) -> Result<Name<'m>, Reason> {
    let handle = operator.inputs()?.get(0).ok_or(Reason::Missing { operand: "handle" })?;
    for candidate in subgraph.operators()?.iter() {
        let candidate = candidate?;
        if candidate.outputs()?.get(0) == Some(handle) && candidate.options_of("VarHandleOptions")?.is_some()
        {
            return name_of(&candidate);
        }
    }
    Err(Reason::Unsupported("the handle of a variable comes from another subgraph"))
}

/// The operators that use a variable, by their numbers over all subgraphs.
struct Users {
    first: u32,
    first_assign: Option<u32>,
}

impl Users {
    fn find(context: &PrepareContext<'_, '_>, name: Name<'_>) -> Result<Self, Reason> {
        let codes = context.model().operator_codes()?;
        let mut users = Self { first: context.operator_number(), first_assign: None };
        let mut number = 0;
        for subgraph in context.model().subgraphs()?.iter() {
            let subgraph = subgraph?;
            for operator in subgraph.operators()?.iter() {
                let operator = operator?;
                let builtin = codes.get(operator.code_index()? as usize)?.builtin()?;
                let is_assign = builtin == BuiltinOperator::ASSIGN_VARIABLE;
                let uses = is_assign || builtin == BuiltinOperator::READ_VARIABLE;
                if uses && variable_of(&subgraph, &operator).is_ok_and(|other| other == name) {
                    users.first = users.first.min(number);
                    if is_assign && users.first_assign.is_none() {
                        users.first_assign = Some(number);
                    }
                }
                number += 1;
            }
        }
        Ok(users)
    }
}
