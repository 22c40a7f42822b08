//! Operators with two inputs that are combined element by element.

use super::Trouble::{Quantization, Shape, Types};
use super::quantized::{self, activation_range, multiplier, multiplier_below_one};
use super::{Context, Prepared, TempTensor};
use crate::model::TensorType::{Bool, Float32, Int8, Int16, Int32};
use crate::plan::graph::type_name;

/// `add_common.cc`.
pub(super) fn add(context: &mut Context) -> Prepared {
    let (first, second, output) = operands(context)?;
    if matches!(output.ty, Int8 | Int16) {
        let text = "output->quantization.type != kTfLiteNoQuantization";
        context.assert(Quantization, output.quantized.is_some(), text)?;
        let shift = if output.ty == Int16 { 15 } else { 20 };
        sum_multipliers(context, &first, &second, &output, shift)?;
        activation(context, &output)?;
    }
    if output.ty == Int32 {
        unquantized(context, &[(&first, "input1"), (&second, "input2")])?;
    }
    Ok(())
}

/// `sub_common.cc`.
pub(super) fn sub(context: &mut Context) -> Prepared {
    let (first, second, output) = operands(context)?;
    if matches!(output.ty, Int8 | Int16) {
        let shift = if output.ty == Int16 { 15 } else { 20 };
        sum_multipliers(context, &first, &second, &output, shift)?;
        activation(context, &output)?;
    }
    if output.ty == Int32 {
        unquantized(context, &[(&first, "input1"), (&second, "input2"), (&output, "output")])?;
    }
    Ok(())
}

/// `mul_common.cc`.
pub(super) fn mul(context: &mut Context) -> Prepared {
    let (first, second, output) = operands(context)?;
    context.ensure_arity(2, 1)?;
    context.ensure_types(first.ty, second.ty, "input1->type != input2->type")?;
    if matches!(output.ty, Int8 | Int16) {
        activation(context, &output)?;
        let product = f64::from(first.scale) * f64::from(second.scale);
        multiplier(context, product / f64::from(output.scale))?;
        if first.ty == Int16 {
            symmetric(
                context,
                &[(&first, "data->input1"), (&second, "data->input2"), (&output, "data->output")],
            )?;
        }
    }
    Ok(())
}

/// `div.cc`.
pub(super) fn div(context: &mut Context) -> Prepared {
    let (first, second, output) = operands(context)?;
    context.ensure_types(first.ty, second.ty, "input1->type != input2->type")?;
    context.ensure_types(first.ty, output.ty, "input1->type != output->type")?;
    if output.ty == Int8 {
        activation(context, &output)?;
        multiplier(context, f64::from(first.scale / (second.scale * output.scale)))?;
    }
    if output.ty == Int32 {
        unquantized(context, &[(&first, "input1"), (&second, "input2")])?;
    }
    Ok(())
}

/// `floor_div.cc` and `floor_mod.cc`.
pub(super) fn floor_div(context: &mut Context) -> Prepared {
    context.ensure_arity(2, 1)?;
    let (first, second, output) = operands(context)?;
    context.ensure_types(first.ty, second.ty, "input1->type != input2->type")?;
    context.ensure_types(first.ty, output.ty, "input1->type != output->type")
}

/// `squared_difference.cc`.
pub(super) fn squared_difference(context: &mut Context) -> Prepared {
    context.ensure_arity(2, 1)?;
    let (first, second, output) = operands(context)?;
    context.ensure_types(first.ty, second.ty, "input1->type != input2->type")?;
    let tensors = [(&first, "input1"), (&second, "input2"), (&output, "output")];
    let shift = match first.ty {
        Int8 => {
            for (tensor, name) in tensors {
                let fits = (-128..=127).contains(&tensor.zero_point);
                context.ensure(Quantization, fits, &format!("{name} zero_point fits int8"))?;
            }
            7
        }
        Int16 => {
            symmetric(context, &tensors)?;
            0
        }
        _ => return Ok(()),
    };
    let twice = 2.0 * f64::from(first.scale.max(second.scale));
    multiplier_below_one(context, f64::from(first.scale) / twice)?;
    multiplier_below_one(context, f64::from(second.scale) / twice)?;
    let scale = f64::from((1u32 << (2 * shift)) as f32 * output.scale);
    multiplier(context, twice * twice / scale)
}

/// `comparisons.cc`: EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL.
pub(super) fn comparison(context: &mut Context) -> Prepared {
    let first = context.input(0)?;
    let second = context.input(1)?;
    if first.ty == Int8 {
        multiplier_below_one(context, f64::from(first.scale))?;
        multiplier_below_one(context, f64::from(second.scale))?;
    }
    Ok(())
}

/// `add_n.cc`.
pub(super) fn add_n(context: &mut Context) -> Prepared {
    const OP_DATA: u64 = 40;
    let n_inputs = context.n_inputs();
    context.ensure(Shape, n_inputs >= 2, "num_inputs >= 2")?;
    context.ensure_eq(Shape, context.n_outputs(), 1, "NumOutputs(node) != 1")?;
    let first = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_types(output.ty, first.ty, "output->type != input_tensor_first->type")?;
    for place in 1..n_inputs {
        let input = context.input(place)?;
        context.ensure(Shape, input.dims == first.dims, "HaveSameShapes(input_tensor_first, input)")?;
        context.ensure_types(first.ty, input.ty, "input_tensor_first->type != input->type")?;
        if first.ty == Int8 {
            let text = "input_tensor_first->params.zero_point == input->params.zero_point";
            context.ensure(Quantization, first.zero_point == input.zero_point, text)?;
            let text = "input_tensor_first->params.scale == input->params.scale";
            context.ensure(Quantization, first.scale == input.scale, text)?;
        }
    }
    let pointer = context.state.layout.pointer;
    match output.ty {
        Float32 => context.scratch(n_inputs as i64, pointer),
        Int8 => {
            context.persistent(OP_DATA);
            context.scratch(n_inputs as i64, pointer)?;
            sum_multipliers(context, &first, &first, &output, 20)
        }
        _ => {
            let message = format!("ADD_N only supports FLOAT32 and INT8, got {}.", type_name(output.ty));
            context.refuse(Types, message)
        }
    }
}

/// `select.cc`.
pub(super) fn select_v2(context: &mut Context) -> Prepared {
    context.ensure_arity(3, 1)?;
    let condition = context.input(0)?;
    let first = context.input(1)?;
    let second = context.input(2)?;
    let output = context.output(0)?;
    context.ensure_types(condition.ty, Bool, "input_condition->type != kTfLiteBool")?;
    context.ensure_types(first.ty, second.ty, "input_x->type != input_y->type")?;
    let inputs = [&condition, &first, &second];
    let is_scalar = inputs.iter().all(|tensor| tensor.elements() == 1) && output.elements() == 1;
    let is_same = condition.dims == first.dims && first.dims == second.dims;
    if is_same || is_scalar {
        return Ok(());
    }
    let rank = inputs.iter().map(|tensor| tensor.rank()).max().unwrap_or_default();
    context.ensure_eq(Shape, rank, output.rank(), "out_dims != output_shape->size")?;
    for from_end in 1..=rank {
        let dim = |tensor: &TempTensor| {
            tensor.rank().checked_sub(from_end).map_or(1, |index| i64::from(tensor.dims[index]))
        };
        let dims = inputs.map(dim);
        let largest = if dims.contains(&0) { 0 } else { dims.into_iter().max().unwrap_or(1) };
        if dims.iter().any(|&dim| dim != 1 && dim != largest) {
            return context.refuse(Shape, "Given shapes are not broadcastable.");
        }
        context.ensure_eq(
            Shape,
            dim(&output),
            largest,
            "output_shape->data[out_dims - i - 1] != max_value",
        )?;
    }
    Ok(())
}

/// Both inputs and the output, taken in this order.
fn operands<'m>(context: &mut Context<'_, 'm>) -> Prepared<(TempTensor<'m>, TempTensor<'m>, TempTensor<'m>)> {
    Ok((context.input(0)?, context.input(1)?, context.output(0)?))
}

fn activation(context: &Context, output: &TempTensor) -> Prepared {
    let activation = context.operator.option_int(quantized::ACTIVATION);
    activation_range(context, output.ty, output.scale, activation)
}

/// The three multipliers of a sum stop the chip unless all lie between 0 and 1.
fn sum_multipliers(
    context: &Context,
    first: &TempTensor,
    second: &TempTensor,
    output: &TempTensor,
    left_shift: u32,
) -> Prepared {
    let twice = 2.0 * f64::from(first.scale.max(second.scale));
    multiplier_below_one(context, f64::from(first.scale) / twice)?;
    multiplier_below_one(context, f64::from(second.scale) / twice)?;
    multiplier_below_one(context, twice / (f64::from(1u32 << left_shift) * f64::from(output.scale)))
}

fn unquantized(context: &Context, tensors: &[(&TempTensor, &str)]) -> Prepared {
    for (tensor, name) in tensors {
        let text = format!("{name}->quantization.type == kTfLiteNoQuantization");
        context.ensure(Quantization, tensor.quantized.is_none(), &text)?;
    }
    Ok(())
}

fn symmetric(context: &Context, tensors: &[(&TempTensor, &str)]) -> Prepared {
    for (tensor, name) in tensors {
        let text = format!("{name} zero_point != 0");
        context.ensure_eq(Quantization, tensor.zero_point, 0, &text)?;
    }
    Ok(())
}
