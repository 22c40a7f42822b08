//! TFLite BROADCAST_TO and BROADCAST_ARGS: a tensor repeated along dimensions of size 1, and the shape that two shapes
//! give together.
//!
//! Reference: micro/kernels/broadcast_to.cc, broadcast_args.cc and kernels/internal/reference/broadcast_args.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422. Where two sizes do not go together
//! TFLM aborts the program; BROADCAST_ARGS gives the size of the first shape here.

use super::shapes::{constant_ints, element_bytes, expect_rank};
use super::walk::{Walk, strides};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Element, Shape};

/// BROADCAST_TO.
pub const BROADCAST_TO: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::BROADCAST_TO),
    versions: &[Kernel { name: "plain", prepare: prepare_to, eval: Eval::Kernel(eval_to) }],
    support: &[exact("all types of whole bytes")],
};
/// BROADCAST_ARGS.
pub const BROADCAST_ARGS: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::BROADCAST_ARGS),
    versions: &[Kernel { name: "plain", prepare: prepare_args, eval: Eval::Kernel(eval_args) }],
    support: &[exact("int32"), exact("int64")],
};

const MAX_DIMENSIONS: usize = 5;

fn prepare_to(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, shape) = (context.input(0, "input")?, context.input(1, "shape")?);
    let output = context.output(0, "output")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let bytes = element_bytes(&input)?;
    expect_rank(&shape, 1)?;
    let sizes = constant_ints(&shape)?;
    if sizes.len() != output.shape.rank() {
        return Err(Reason::Unsupported("Output must match with the expected shape dimension."));
    }
    if output.shape.rank() > MAX_DIMENSIONS {
        return Err(Reason::Unsupported("BroadcastTo only supports 1-5D tensor."));
    }
    let not_broadcastable = Reason::Unsupported("Output shape must be broadcastable from input shape.");
    let leading = output.shape.rank().checked_sub(input.shape.rank()).ok_or(not_broadcastable)?;
    for (axis, size) in output.shape.dims().iter().enumerate() {
        let (found, expected) = (i64::from(*size), sizes.get(axis).unwrap_or(0));
        if found != expected {
            return Err(Reason::Mismatch { what: "size of a dimension of the output", found, expected });
        }
        let of_input = axis.checked_sub(leading).map_or(1, |axis| input.shape.dims()[axis]);
        if of_input != 1 && of_input != *size {
            return Err(not_broadcastable);
        }
    }
    context.save(bytes)
}

fn eval_to(context: &mut EvalContext<'_>) {
    let element_bytes = context.params::<u32>() as usize;
    let (input_shape, output_shape) = (context.input_shape(0), context.output_shape(0));
    let ([output], operands) = context.split([Operand::Output(0)]);
    broadcast_to(&input_shape, &output_shape, element_bytes, operands.bytes(Operand::Input(0)), output);
}

fn broadcast_to(
    input_shape: &Shape,
    output_shape: &Shape,
    element_bytes: usize,
    input: &[u8],
    output: &mut [u8],
) {
    let leading = output_shape.rank() - input_shape.rank();
    let (reads, writes) = (strides(input_shape), strides(output_shape));
    let mut walk = Walk::new(element_bytes);
    for axis in (0..output_shape.rank()).rev() {
        let in_input = axis.checked_sub(leading).filter(|axis| input_shape.dim(*axis) != 1);
        walk = walk.around(output_shape.dim(axis), in_input.map_or(0, |axis| reads[axis]), writes[axis]);
    }
    walk.copy(input, output);
}

record! {
    struct ArgsParams {
        is_int64: bool,
    }
}

fn prepare_args(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let shapes = [context.input(0, "first shape")?, context.input(1, "second shape")?];
    let output = context.output(0, "output")?;
    shapes[0].expect_type(&[TensorType::Int32, TensorType::Int64], "int32 or int64")?;
    shapes[1].expect_type(&[shapes[0].ty], "the type of the first shape")?;
    output.expect_type(&[shapes[0].ty], "the type of the shapes")?;
    for tensor in [&shapes[0], &shapes[1], &output] {
        expect_rank(tensor, 1)?;
    }
    let expected = shapes[0].elements().max(shapes[1].elements());
    expect_equal("number of elements of the output", output.elements(), expected)?;
    context.save(ArgsParams { is_int64: output.ty == TensorType::Int64 })
}

fn eval_args(context: &mut EvalContext<'_>) {
    let params: ArgsParams = context.params();
    let ([output], operands) = context.split([Operand::Output(0)]);
    if params.is_int64 {
        // TFLM looks at the lower 32 bits only.
        let low = |value: i64| i64::from(value as i32);
        broadcast_args(operands.input(0), operands.input(1), 1, cast_mut(output), low);
    } else {
        broadcast_args(operands.input(0), operands.input(1), 1, cast_mut(output), |value: i32| value);
    }
}

fn broadcast_args<T: Element + PartialEq>(a: &[T], b: &[T], one: T, output: &mut [T], low: impl Fn(T) -> T) {
    let from_behind =
        |shape: &[T], index: usize| shape.iter().rev().nth(index).map_or(one, |size| low(*size));
    for (index, output) in output.iter_mut().rev().enumerate() {
        let (a, b) = (from_behind(a, index), from_behind(b, index));
        *output = if a == one { b } else { a };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &[i32], to: &[i32]) {
        let (input_shape, output_shape) = (Shape::from_slice(from).unwrap(), Shape::from_slice(to).unwrap());
        for element_bytes in [1, 2, 4, 8] {
            let input: Vec<u8> =
                (0..input_shape.elements() * element_bytes).map(|index| index as u8).collect();
            let mut output = vec![0xa5; output_shape.elements() * element_bytes];
            broadcast_to(&input_shape, &output_shape, element_bytes, &input, &mut output);
            for (index, found) in output.chunks(element_bytes).enumerate() {
                let (mut rest, mut source, mut stride) = (index, 0, 1);
                for (size, of_input) in to.iter().rev().zip(from.iter().rev()) {
                    source += if *of_input == 1 { 0 } else { rest % *size as usize * stride };
                    rest /= *size as usize;
                    stride *= *of_input as usize;
                }
                assert_eq!(
                    found,
                    &input[source * element_bytes..][..element_bytes],
                    "{index} of {from:?} {to:?}"
                );
            }
        }
    }

    #[test]
    fn dimensions_of_one_are_repeated() {
        check(&[], &[3]);
        check(&[1], &[2, 3]);
        check(&[3], &[2, 3]);
        check(&[2, 1], &[2, 4]);
        check(&[1, 2, 1, 3], &[4, 2, 5, 3]);
        check(&[2, 3], &[2, 3]);
        check(&[3, 1, 2], &[2, 2, 3, 3, 2]);
    }

    #[test]
    fn shapes_are_joined() {
        let mut output = [-1; 4];
        broadcast_args(&[5, 1, 3], &[2, 1, 4, 1], 1, &mut output, |value: i32| value);
        assert_eq!(output, [2, 5, 4, 3]);
        let mut output = [-1i64; 2];
        broadcast_args(&[], &[7, 1 << 32 | 9], 1, &mut output, |value| i64::from(value as i32));
        assert_eq!(output, [7, 9]);
    }
}
