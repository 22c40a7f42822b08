//! TFLite MIRROR_PAD: a frame around a tensor that mirrors what lies inside.
//!
//! Reference: micro/kernels/mirror_pad.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! `paddings` has a row (before, after) for each dimension. Mode REFLECT leaves out the element at the edge, SYMMETRIC
//! repeats it. A padding after the last element that is larger than the dimension repeats the first element, as in TFLM;
//! one before the first element would make TFLM read behind the input, and is refused.

use super::shapes::{Ints, constant_ints, element_bytes, expect_output_shape, expect_rank};
use super::walk::strides;
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{MAX_RANK, Shape};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::MIRROR_PAD),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("float32"), exact("int8")],
};

record! {
    struct Params {
        element_bytes: u8,
        /// 1 leaves out the element at the edge, 0 repeats it.
        offset: u8,
        paddings_are_int64: bool,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let paddings = context.input(1, "paddings")?;
    let offset = u8::from(context.options("MirrorPadOptions")?.int("mode")? == 0);
    output.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    input.expect_type(&[output.ty], "the type of the output")?;
    let rank = input.shape.rank();
    expect_rank(&paddings, 2)?;
    expect_equal("rows of paddings", paddings.shape.dim(0), rank)?;
    expect_equal("columns of paddings", paddings.shape.dim(1), 2)?;
    let values = constant_ints(&paddings)?;
    let mut dims = [0; MAX_RANK];
    for (axis, size) in input.shape.dims().iter().enumerate() {
        let (before, after) = (values.get(2 * axis).unwrap_or(0), values.get(2 * axis + 1).unwrap_or(0));
        let most = i64::from(*size) - i64::from(offset);
        for (found, most) in [(before, most), (after, i64::from(i32::MAX))] {
            if found < 0 || found > most.max(0) {
                return Err(Reason::Range {
                    what: "padding",
                    found,
                    expected: "as many elements as can be mirrored",
                });
            }
        }
        if *size == 0 && after > 0 {
            return Err(Reason::Unsupported("there is nothing to mirror"));
        }
        let padded = i64::from(*size) + before + after;
        dims[axis] = i32::try_from(padded).map_err(|_| Reason::TooLarge { what: "the padded tensor" })?;
    }
    expect_output_shape(&output, &Shape::from_slice(&dims[..rank])?)?;
    let paddings_are_int64 = paddings.ty == TensorType::Int64;
    context.save(Params { element_bytes: element_bytes(&input)? as u8, offset, paddings_are_int64 })
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (input_shape, output_shape) = (context.input_shape(0), context.output_shape(0));
    let ([output], operands) = context.split([Operand::Output(0)]);
    let paddings = if params.paddings_are_int64 {
        Ints::Int64(operands.input(1))
    } else {
        Ints::Int32(operands.input(1))
    };
    let before = core::array::from_fn(|axis| paddings.get(2 * axis).unwrap_or(0) as i32);
    mirror_pad(&input_shape, &before, &output_shape, &params, operands.bytes(Operand::Input(0)), output);
}

fn mirror_pad(
    input_shape: &Shape,
    before: &[i32; MAX_RANK],
    output_shape: &Shape,
    params: &Params,
    input: &[u8],
    output: &mut [u8],
) {
    let reads = strides(input_shape);
    let n = usize::from(params.element_bytes);
    let mut position = [0i32; MAX_RANK];
    for element in output.chunks_exact_mut(n) {
        let mut at = 0;
        for (axis, size) in input_shape.dims().iter().enumerate() {
            let index = mirrored(position[axis], before[axis], *size, i32::from(params.offset));
            at += index as usize * reads[axis] as usize;
        }
        element.copy_from_slice(&input[at * n..(at + 1) * n]);
        for axis in (0..output_shape.rank()).rev() {
            position[axis] += 1;
            if position[axis] < output_shape.dims()[axis] {
                break;
            }
            position[axis] = 0;
        }
    }
}

/// The input index behind an index of a padded dimension (`GetInputDimension`).
fn mirrored(index: i32, before: i32, size: i32, offset: i32) -> i32 {
    if index < before {
        return before + offset - 1 - index;
    }
    let index = index - before;
    if index < size {
        return index;
    }
    let last = size - (1 + offset);
    last - (index - size).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(offset: u8, before: i32, after: i32) -> Vec<u8> {
        let input = [b'a', b'b', b'c', b'd'];
        let length = 4 + before + after;
        let mut output = vec![0xa5; length as usize];
        let (shape, output_shape) = (Shape::from_slice(&[4]).unwrap(), Shape::from_slice(&[length]).unwrap());
        let params = Params { element_bytes: 1, offset, paddings_are_int64: false };
        mirror_pad(&shape, &[before, 0, 0, 0, 0, 0, 0, 0], &output_shape, &params, &input, &mut output);
        output
    }

    #[test]
    fn modes_differ_at_the_edge() {
        assert_eq!(padded(0, 3, 4), b"cbaabcddcba");
        assert_eq!(padded(1, 3, 3), b"dcbabcdcba");
        assert_eq!(padded(0, 0, 0), b"abcd");
        assert_eq!(padded(1, 0, 5), b"abcdcbaaa", "too large a padding repeats the first element");
    }

    #[test]
    fn dimensions_are_mirrored_together() {
        let input: Vec<u8> = (0..24).collect();
        let (shape, output_shape) =
            (Shape::from_slice(&[2, 3]).unwrap(), Shape::from_slice(&[4, 6]).unwrap());
        let params = Params { element_bytes: 4, offset: 0, paddings_are_int64: false };
        let mut output = vec![0xa5; 96];
        mirror_pad(&shape, &[1, 2, 0, 0, 0, 0, 0, 0], &output_shape, &params, &input, &mut output);
        let (rows, columns) = ([0, 0, 1, 1], [1, 0, 0, 1, 2, 2]);
        for (index, found) in output.chunks(4).enumerate() {
            let source = rows[index / 6] * 3 + columns[index % 6];
            assert_eq!(found, &input[source * 4..source * 4 + 4], "element {index}");
        }
    }
}
