//! TFLite SQUEEZE and EXPAND_DIMS: the same elements with dimensions of size 1 taken away or added.
//!
//! Reference: micro/kernels/squeeze.cc and expand_dims.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.

use super::concatenation::packed;
use super::reshape::copy;
use super::shapes::{axis_index, element_bytes, expect_output_shape};
use crate::error::Reason;
use crate::prepare::{PrepareContext, expect_equal};
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::MAX_RANK;

/// SQUEEZE.
pub const SQUEEZE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SQUEEZE),
    versions: &[Kernel { name: "plain", prepare: prepare_squeeze, eval: Eval::Kernel(copy) }],
    support: &[exact("all types of whole bytes")],
};
/// EXPAND_DIMS.
pub const EXPAND_DIMS: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::EXPAND_DIMS),
    versions: &[Kernel { name: "plain", prepare: prepare_expand_dims, eval: Eval::Kernel(copy) }],
    support: &[exact("float32"), exact("int8"), exact("int16")],
};

fn prepare_squeeze(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let options = context.options("SqueezeOptions")?;
    element_bytes(&input)?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let dims = input.shape.dims();
    let mut is_squeezed = [false; MAX_RANK];
    let axes = options.i32s("squeeze_dims")?;
    if axes.is_empty() {
        for (is_squeezed, size) in is_squeezed.iter_mut().zip(dims) {
            *is_squeezed = *size == 1;
        }
    }
    for axis in axes.iter() {
        let axis = axis_index(i64::from(axis), dims.len())?;
        expect_equal("size of a squeezed dimension", input.shape.dim(axis), 1)?;
        is_squeezed[axis] = true;
    }
    let kept = dims.iter().zip(is_squeezed).filter(|(_, is_squeezed)| !is_squeezed);
    for (axis, (size, _)) in kept.enumerate() {
        if output.shape.dims().get(axis).is_none_or(|of_output| of_output < size) {
            return Err(Reason::Unsupported("the output has no room for the dimensions that stay"));
        }
    }
    expect_equal("elements of the output", output.elements(), input.elements())
}

fn prepare_expand_dims(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, axis) = (context.input(0, "input")?, context.input(1, "axis")?);
    let output = context.output(0, "output")?;
    use TensorType::{Float32, Int8, Int16};
    input.expect_type(&[Float32, Int8, Int16], "float32, int8 or int16")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    axis.expect_type(&[TensorType::Int32], "int32")?;
    if axis.shape.rank() > 1 {
        return Err(Reason::Unsupported("Axis has only one element for Expand_Dims."));
    }
    let value = axis.required_constant::<i32>()?.first().copied();
    let value = value.ok_or(Reason::Missing { operand: axis.role })?;
    let axis = axis_index(i64::from(value), input.shape.rank() + 1)?;
    expect_output_shape(&output, &packed(&input.shape, axis, 1)?)
}
