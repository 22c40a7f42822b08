//! Operators that call subgraphs, and resource variables.

use super::Trouble::{Arity, Options, Shape, Subgraphs, Types};
use super::{Context, Prepared};
use crate::model::{BuiltinOperator, Model, Operator, OptionValue, TensorType};

/// The subgraphs that an operator calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Call {
    If { then: i64, otherwise: i64 },
    Once { init: i64 },
    While { condition: i64, body: i64 },
}

impl Call {
    /// What the operator calls; `None` for an operator that calls nothing.
    pub fn of(model: &Model, operator: &Operator) -> Option<Self> {
        let code = model.operator_codes.get(operator.code_index as usize)?;
        let option = |name: &str| operator.option_int(name);
        match code.builtin {
            BuiltinOperator::IF => Some(Self::If {
                then: option("then_subgraph_index"),
                otherwise: option("else_subgraph_index"),
            }),
            BuiltinOperator::CALL_ONCE => Some(Self::Once { init: option("init_subgraph_index") }),
            BuiltinOperator::WHILE => Some(Self::While {
                condition: option("cond_subgraph_index"),
                body: option("body_subgraph_index"),
            }),
            _ => None,
        }
    }

    /// Their numbers in the order in which TFLM plans them; -1 stands for none.
    pub fn subgraphs(self) -> impl Iterator<Item = usize> {
        let (first, second) = match self {
            Self::If { then, otherwise } => (then, otherwise),
            Self::Once { init } => (init, -1),
            Self::While { condition, body } => (condition, body),
        };
        [first, second].into_iter().filter_map(|number| usize::try_from(number).ok())
    }
}

/// `if.cc`.
pub(super) fn if_else(context: &mut Context) -> Prepared {
    let (then, otherwise) = match call(context)? {
        Call::If { then, otherwise } => (then, otherwise),
        other => return unexpected(context, other),
    };
    context.ensure(Arity, context.n_inputs() > 0, "node->inputs->size > 0")?;
    let condition = context.input(0)?;
    context.ensure_types(condition.ty, TensorType::Bool, "cond->type != kTfLiteBool")?;
    context.ensure_eq(Shape, condition.elements(), 1, "NumElements(cond) != 1")?;
    let n_inputs = context.n_inputs() - 1;
    subgraph_exists(context, then, "op_data->then_subgraph_index")?;
    subgraph_exists(context, otherwise, "op_data->else_subgraph_index")?;
    let (inputs, outputs) = ports(context, then);
    context.ensure_eq(Subgraphs, n_inputs, inputs, "num_inputs != NumSubgraphInputs(then)")?;
    context.ensure_eq(Subgraphs, context.n_outputs(), outputs, "num_outputs != NumSubgraphOutputs(then)")
}

/// `while.cc`.
pub(super) fn while_loop(context: &mut Context) -> Prepared {
    let (condition, body) = match call(context)? {
        Call::While { condition, body } => (condition, body),
        other => return unexpected(context, other),
    };
    subgraph_exists(context, condition, "op_data->cond_subgraph_index")?;
    subgraph_exists(context, body, "op_data->body_subgraph_index")?;
    let (n_inputs, n_outputs) = (context.n_inputs(), context.n_outputs());
    let (inputs, _) = ports(context, condition);
    context.ensure_eq(Subgraphs, n_inputs, inputs, "num_inputs != NumSubgraphInputs(cond)")?;
    let (inputs, outputs) = ports(context, body);
    context.ensure_eq(Subgraphs, n_inputs, inputs, "num_inputs != NumSubgraphInputs(body)")?;
    context.ensure_eq(Subgraphs, n_inputs, n_outputs, "num_inputs != num_outputs")?;
    context.ensure_eq(Subgraphs, n_outputs, outputs, "num_outputs != NumSubgraphOutputs(body)")
}

/// `call_once.cc`.
pub(super) fn call_once(context: &mut Context) -> Prepared {
    let init = match call(context)? {
        Call::Once { init } => init,
        other => return unexpected(context, other),
    };
    context.ensure(Arity, context.n_inputs() == 0, "NumInputs(node) == 0")?;
    context.ensure(Arity, context.n_outputs() == 0, "NumOutputs(node) == 0")?;
    subgraph_exists(context, init, "op_data->init_subgraph_index")
}

fn call(context: &Context) -> Prepared<Call> {
    let call = Call::of(context.state.model, context.operator).filter(|_| context.operator.options.is_some());
    match call {
        Some(call) => Ok(call),
        None => context.refuse(Options, format!("{}: the operator has no options", context.file)),
    }
}

fn unexpected<T>(context: &Context, call: Call) -> Prepared<T> {
    context.refuse(Options, format!("{}: the options are those of another operator ({call:?})", context.file))
}

/// TFLM checks the upper end only; a number below 0 would reach before its list of subgraphs.
fn subgraph_exists(context: &Context, number: i64, name: &str) -> Prepared {
    let exists = usize::try_from(number).is_ok_and(|number| number < context.state.model.subgraphs.len());
    context.ensure(Subgraphs, exists, &format!("{name} < graph_info.NumSubgraphs()"))
}

fn ports(context: &Context, number: i64) -> (usize, usize) {
    let subgraph = usize::try_from(number).ok().and_then(|number| context.state.model.subgraphs.get(number));
    subgraph.map_or((0, 0), |subgraph| (subgraph.inputs.len(), subgraph.outputs.len()))
}

/// `var_handle.cc`: points the output to a variable, so that the planner gives it no memory.
pub(super) fn var_handle(context: &mut Context) -> Prepared {
    let options = context.operator.options.as_ref();
    let text = |name: &str| match options.and_then(|options| options.get(name)) {
        Some(OptionValue::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let Some(name) = text("shared_name") else {
        return context.refuse(Options, format!("{}: the variable has no shared_name", context.file));
    };
    let container = text("container");
    let Some(output) = context.operator.output(0) else {
        return context.refuse(Arity, format!("{}: output != nullptr was not true.", context.file));
    };
    let handle = (context.place.0, output);
    context.state.variables.bind(container, name, handle);
    if let Some(tensor) = context.state.graph.get_mut(handle.0, handle.1) {
        tensor.has_data = true;
    }
    Ok(())
}

/// `assign_variable.cc`: the first assignment takes memory for the value.
pub(super) fn assign_variable(context: &mut Context) -> Prepared {
    context.ensure_arity(2, 0)?;
    let (handle, tensor) = context.eval_input(0)?;
    let is_handle = matches!(tensor.ty, TensorType::Resource | TensorType::Int32);
    let n_elements = super::tensor::product(&tensor.dims);
    let text = "(input_resource_id_tensor->type == kTfLiteResource || input_resource_id_tensor->type == kTfLiteInt32)";
    context.ensure(Types, is_handle, text)?;
    context.ensure_eq(Shape, n_elements, 1, "NumElements(input_resource_id_tensor->dims) != 1")?;
    let value = context.input(1)?;
    let place = (context.place.0, handle);
    if context.state.variables.takes_memory(place) {
        context.persistent(value.bytes);
    }
    Ok(())
}

/// `read_variable.cc`.
pub(super) fn read_variable(context: &mut Context) -> Prepared {
    context.debug_assert(Arity, context.n_inputs() == 1, "NumInputs(node) == 1")?;
    context.debug_assert(Arity, context.n_outputs() == 1, "NumOutputs(node) == 1")?;
    let handle = context.input(0)?;
    let text = "input_resource_id_tensor->type == kTfLiteResource";
    context.debug_assert(Types, handle.ty == TensorType::Resource, text)?;
    context.debug_assert(Shape, handle.elements() == 1, "NumElements(input_resource_id_tensor) == 1")
}
