//! TFLite FILL, ZEROS_LIKE and SHAPE: outputs that do not depend on the elements of a large input.
//!
//! Reference: micro/kernels/fill.cc, zeros_like.cc and shape.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.

use super::shapes::{constant_ints, expect_output_shape, expect_rank};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::prepare::{PrepareContext, expect_equal};
use crate::registry::{Eval, Exactness, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// FILL: the scalar of the second input in the shape that the first one names.
pub const FILL: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::FILL),
    versions: &[Kernel { name: "plain", prepare: prepare_fill, eval: Eval::Kernel(eval_fill) }],
    support: &[exact("float32"), exact("int8"), exact("int32")],
};
/// ZEROS_LIKE.
pub const ZEROS_LIKE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::ZEROS_LIKE),
    versions: &[Kernel { name: "plain", prepare: prepare_zeros_like, eval: Eval::Kernel(eval_zeros_like) }],
    support: &[
        exact("float32"),
        Support { types: "int8", tflm: Some(Exactness::Bits), litert: None },
        exact("int32"),
        exact("int64"),
    ],
};
/// SHAPE: the sizes of the dimensions as int32.
pub const SHAPE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SHAPE),
    versions: &[Kernel { name: "plain", prepare: prepare_shape, eval: Eval::Kernel(eval_shape) }],
    support: &[exact("all types to int32")],
};

fn prepare_fill(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (dims, value) = (context.input(0, "dims")?, context.input(1, "value")?);
    let output = context.output(0, "output")?;
    expect_rank(&value, 0)?;
    value
        .expect_type(&[TensorType::Float32, TensorType::Int8, TensorType::Int32], "float32, int8 or int32")?;
    output.expect_type(&[value.ty], "the type of value")?;
    expect_rank(&dims, 1)?;
    expect_equal("number of elements of dims", dims.elements(), output.shape.rank())?;
    for (axis, size) in output.shape.dims().iter().enumerate() {
        let (found, expected) = (i64::from(*size), dims_at(&dims, axis)?);
        if found != expected {
            return Err(Reason::Mismatch { what: "size of a dimension of the output", found, expected });
        }
    }
    Ok(())
}

/// One number of dims, which may have 8 to 64 bits.
fn dims_at(dims: &Tensor<'_>, index: usize) -> Result<i64, Reason> {
    let value = match dims.ty {
        TensorType::Int8 => dims.required_constant::<i8>()?.get(index).map(|value| i64::from(*value)),
        TensorType::Int16 => dims.required_constant::<i16>()?.get(index).map(|value| i64::from(*value)),
        _ => constant_ints(dims)?.get(index),
    };
    Ok(value.unwrap_or(0))
}

fn eval_fill(context: &mut EvalContext<'_>) {
    let ([output], operands) = context.split([Operand::Output(0)]);
    let value = operands.bytes(Operand::Input(1));
    for element in output.chunks_exact_mut(value.len().max(1)) {
        element.copy_from_slice(value);
    }
}

fn prepare_zeros_like(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    use TensorType::{Float32, Int8, Int32, Int64};
    input.expect_type(&[Float32, Int8, Int32, Int64], "float32, int8, int32 or int64")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    expect_output_shape(&output, &input.shape)
}

fn eval_zeros_like(context: &mut EvalContext<'_>) {
    let (output, _) = context.output::<u8>();
    output.fill(0);
}

fn prepare_shape(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    output.expect_type(&[TensorType::Int32], "int32")?;
    expect_equal("number of elements of the output", output.elements(), input.shape.rank())
}

fn eval_shape(context: &mut EvalContext<'_>) {
    let shape = context.input_shape(0);
    let ([output], _) = context.split([Operand::Output(0)]);
    cast_mut::<i32>(output).copy_from_slice(shape.dims());
}
