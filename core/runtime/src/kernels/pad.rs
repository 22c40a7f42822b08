//! TFLite PAD and PADV2: a frame of one value around a tensor.
//!
//! Reference: micro/kernels/pad.cc, pad_common.cc and kernels/internal/reference/pad.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Up to 5 dimensions; `paddings` has a row (before, after) for each of them. Without the third input an int8 output is
//! padded with its zero point, every other type with 0.

use super::shapes::{element_bytes, expect_output_shape};
use super::walk::{Walk, strides};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{MAX_RANK, Shape, Tensor};

const SUPPORT: &[Support] = &[exact("float32"), exact("int8"), exact("int16"), exact("int32")];

/// PAD.
pub const PAD: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::PAD),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: SUPPORT,
};
/// PADV2, which TFLM runs with the same kernel.
pub const PADV2: KernelEntry<'static> =
    KernelEntry { operator: OperatorKey::Builtin(BuiltinOperator::PADV2), ..PAD };

record! {
    struct Params {
        element_bytes: u32,
        /// The value of the frame where no input gives it.
        zero_point: i32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=3, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let paddings = context.input(1, "paddings")?;
    let value = context.optional_input(2, "constant values")?;
    use TensorType::{Float32, Int8, Int16, Int32};
    input.expect_type(&[Float32, Int8, Int16, Int32], "float32, int8, int16 or int32")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let rank = input.shape.rank();
    if rank > 5 {
        let found = rank as i64;
        return Err(Reason::Range {
            what: "number of dimensions of the input",
            found,
            expected: "at most 5",
        });
    }
    if let Some(value) = &value {
        value.expect_type(&[input.ty], "the type of the input")?;
        expect_equal("number of elements of constant values", value.elements(), 1)?;
    }
    check_paddings(&input, &paddings, &output)?;
    let zero_point = if input.ty == Int8 { zero_point(&output, value.as_ref())? } else { 0 };
    context.save(Params { element_bytes: element_bytes(&input)?, zero_point })
}

/// Checks that the paddings are known and give the shape of the output.
pub(super) fn check_paddings(
    input: &Tensor<'_>,
    paddings: &Tensor<'_>,
    output: &Tensor<'_>,
) -> Result<(), Reason> {
    paddings.expect_type(&[TensorType::Int32], "int32")?;
    let rank = input.shape.rank();
    expect_equal("number of elements of paddings", paddings.elements(), 2 * output.shape.rank())?;
    expect_equal("number of dimensions of the output", output.shape.rank(), rank)?;
    let mut dims = [0; MAX_RANK];
    for (axis, pair) in paddings.required_constant::<i32>()?.chunks_exact(2).enumerate() {
        let size = i64::from(input.shape.dims()[axis]) + i64::from(pair[0]) + i64::from(pair[1]);
        if let Some(negative) = pair.iter().find(|padding| **padding < 0) {
            let found = i64::from(*negative);
            return Err(Reason::Range { what: "padding", found, expected: "0 or a positive number" });
        }
        dims[axis] = i32::try_from(size).map_err(|_| Reason::TooLarge { what: "the padded tensor" })?;
    }
    expect_output_shape(output, &Shape::from_slice(&dims[..rank])?)
}

fn zero_point(output: &Tensor<'_>, value: Option<&Tensor<'_>>) -> Result<i32, Reason> {
    let (scale, zero_point) = output.scale_and_zero_point_or_zero()?;
    match value {
        None if i8::try_from(zero_point).is_err() => {
            let problem = "the zero point is no int8";
            Err(Reason::Quantization { operand: output.role, problem })
        }
        Some(value) if value.scale_and_zero_point_or_zero()? != (scale, zero_point) => {
            let problem = "it differs from that of the output";
            Err(Reason::Quantization { operand: value.role, problem })
        }
        None | Some(_) => Ok(zero_point),
    }
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (input_shape, output_shape) = (context.input_shape(0), context.output_shape(0));
    let ([output], operands) = context.split([Operand::Output(0)]);
    let zero_point = params.zero_point.to_le_bytes();
    let value = match operands.bytes(Operand::Input(2)) {
        [] => &zero_point[..params.element_bytes as usize],
        value => value,
    };
    pad(&input_shape, operands.input(1), &output_shape, value, operands.bytes(Operand::Input(0)), output);
}

/// `value` holds the bytes of one element.
fn pad(
    input_shape: &Shape,
    paddings: &[i32],
    output_shape: &Shape,
    value: &[u8],
    input: &[u8],
    output: &mut [u8],
) {
    for element in output.chunks_exact_mut(value.len()) {
        element.copy_from_slice(value);
    }
    let (reads, writes) = (strides(input_shape), strides(output_shape));
    let mut walk = Walk::new(value.len());
    for axis in (0..input_shape.rank()).rev() {
        let before = paddings[2 * axis] as isize;
        walk = walk.starting(0, before * writes[axis]);
        walk = walk.around(input_shape.dim(axis), reads[axis], writes[axis]);
    }
    walk.copy(input, output);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dims: &[i32], paddings: &[i32]) {
        let shape = Shape::from_slice(dims).unwrap();
        let sizes = dims.iter().zip(paddings.chunks(2)).map(|(size, pair)| size + pair[0] + pair[1]);
        let output_shape = Shape::new(sizes.collect::<Vec<_>>().into_iter()).unwrap();
        for value in [&[9u8][..], &[1, 2], &[0xff, 0xfe, 3, 4]] {
            let n = value.len();
            let input: Vec<u8> = (0..shape.elements() * n).map(|index| index as u8 | 0x40).collect();
            let mut output = vec![0xa5; output_shape.elements() * n];
            pad(&shape, paddings, &output_shape, value, &input, &mut output);
            for (index, found) in output.chunks(n).enumerate() {
                let (mut rest, mut source, mut stride, mut is_inside) = (index, 0, 1, true);
                for axis in (0..dims.len()).rev() {
                    let size = output_shape.dim(axis);
                    let position = (rest % size) as i32 - paddings[2 * axis];
                    rest /= size;
                    is_inside &= (0..dims[axis]).contains(&position);
                    source += position * stride;
                    stride *= dims[axis];
                }
                let expected = if is_inside { &input[source as usize * n..][..n] } else { value };
                assert_eq!(found, expected, "element {index} of {dims:?} with {paddings:?}");
            }
        }
    }

    #[test]
    fn a_frame_is_put_around() {
        check(&[3], &[2, 1]);
        check(&[2, 3], &[0, 0, 0, 0]);
        check(&[2, 3], &[1, 0, 0, 2]);
        check(&[1, 3, 2, 4], &[0, 0, 1, 2, 3, 0, 0, 0]);
        check(&[2, 1, 3, 2, 2], &[1, 1, 0, 1, 2, 0, 1, 0, 0, 3]);
        check(&[0, 2], &[1, 1, 0, 1]);
        check(&[], &[]);
    }
}
