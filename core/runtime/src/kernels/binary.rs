//! What operators on two tensors have in common: their operands, their shapes, and the loop.

use super::broadcast::{broadcast_binary, broadcast_shape};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{Activation, QuantizedRange};
use crate::prepare::{PrepareContext, expect_equal};
use crate::tensor::{Element, MAX_RANK, Shape, Tensor};

/// The inputs and the output of an operator on two tensors, whose shapes go together.
///
/// # Errors
/// There are more or less operands, or the shapes of the inputs do not give that of the output. TFLM does not look at the
/// shapes before it reads and writes.
pub(super) fn binary_operands<'m>(
    context: &PrepareContext<'_, 'm>,
) -> Result<([Tensor<'m>; 2], Tensor<'m>), Reason> {
    context.expect_operands(2..=2, 1)?;
    let inputs = [context.input(0, "first input")?, context.input(1, "second input")?];
    let output = context.output(0, "output")?;
    expect_broadcast(&inputs[0].shape, &inputs[1].shape, &output)?;
    Ok((inputs, output))
}

/// Checks that two shapes give the shape of the output. Ones before the first dimension do not count, and the output of
/// inputs of one shape may have any shape with as many elements.
pub(super) fn expect_broadcast(a: &Shape, b: &Shape, output: &Tensor<'_>) -> Result<(), Reason> {
    let apart = Reason::Unsupported("the shapes of the inputs do not go together");
    let shape = broadcast_shape(a, b).ok_or(apart)?;
    expect_equal("elements of the output", output.elements(), shape.elements())?;
    let is_repeated = a.extended::<MAX_RANK>() != b.extended();
    if is_repeated && shape.extended::<MAX_RANK>() != output.shape.extended() {
        return Err(Reason::Unsupported("the shapes of the inputs do not give the shape of the output"));
    }
    Ok(())
}

/// Checks that a tensor has no scale and zero point.
///
/// # Errors
/// It has.
pub(super) fn expect_unquantized(tensor: &Tensor<'_>) -> Result<(), Reason> {
    let problem = "TFLM takes int32 only without scale and zero point";
    match tensor.quantization()? {
        None => Ok(()),
        Some(_) => Err(Reason::Quantization { operand: tensor.role, problem }),
    }
}

/// The range that an activation leaves of an int32 output without quantization (`CalculateActivationRange`,
/// kernels/kernel_util.h).
pub(super) fn activation_range_int32(activation: Activation) -> QuantizedRange {
    let (min, max) = match activation {
        Activation::None => (i32::MIN, i32::MAX),
        Activation::Relu => (0, i32::MAX),
        Activation::Relu6 => (0, 6),
        Activation::ReluN1To1 => (-1, 1),
    };
    QuantizedRange { min, max }
}

/// Writes `function(first, second)` of every pair of elements.
pub(super) fn eval_binary<A: Element, B: Element, T: Element>(
    context: &mut EvalContext<'_>,
    function: impl Fn(A, B) -> T,
) {
    let shapes = [context.input_shape(0), context.input_shape(1)];
    let (output, operands) = context.output::<T>();
    broadcast_binary((operands.input(0), &shapes[0]), (operands.input(1), &shapes[1]), output, function);
}
