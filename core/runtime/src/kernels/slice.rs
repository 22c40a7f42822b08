//! TFLite SLICE: a block of a tensor.
//!
//! Reference: micro/kernels/slice.cc and kernels/internal/reference/slice.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Up to 5 dimensions; a size of -1 is all that is left. Where begin is no constant it is read while the operator runs, and
//! moved into the input where it lies outside of it, which TFLM does not check.

use super::shapes::{Ints, constant_ints, element_bytes, expect_output_shape, expect_rank};
use super::walk::{Walk, strides};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{MAX_RANK, Shape, Tensor};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SLICE),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("float32"), exact("int8"), exact("int16"), exact("int32"), exact("bool")],
};

record! {
    struct Params {
        element_bytes: u8,
        begin_is_int64: bool,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(3..=3, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let (begin, size) = (context.input(1, "begin")?, context.input(2, "size")?);
    use TensorType::{Bool, Float32, Int8, Int16, Int32, Int64};
    input.expect_type(&[Float32, Int8, Int16, Int32, Bool], "float32, int8, int16, int32 or bool")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    begin.expect_type(&[Int32, Int64], "int32 or int64")?;
    size.expect_type(&[begin.ty], "the type of begin")?;
    let rank = input.shape.rank();
    if rank > 5 {
        let found = rank as i64;
        return Err(Reason::Range {
            what: "number of dimensions of the input",
            found,
            expected: "at most 5",
        });
    }
    for tensor in [&begin, &size] {
        expect_rank(tensor, 1)?;
        expect_equal("number of elements of begin and size", tensor.elements(), rank)?;
    }
    expect_equal("number of dimensions of the output", output.shape.rank(), rank)?;
    check_block(&input, &begin, &size, &output)?;
    context.save(Params { element_bytes: element_bytes(&input)? as u8, begin_is_int64: begin.ty == Int64 })
}

/// Checks that the block lies in the input, as far as that can be known before the operator runs.
fn check_block(
    input: &Tensor<'_>,
    begin: &Tensor<'_>,
    size: &Tensor<'_>,
    output: &Tensor<'_>,
) -> Result<(), Reason> {
    let begins = begin.data.map(|_| constant_ints(begin)).transpose()?;
    let sizes = size.data.map(|_| constant_ints(size)).transpose()?;
    let mut dims = [0; MAX_RANK];
    for (axis, dim) in input.shape.dims().iter().enumerate() {
        let input_size = i64::from(*dim);
        let begin = begins.and_then(|begins| begins.get(axis));
        let in_file = i64::from(output.shape.dims()[axis]);
        let wanted = match (sizes.and_then(|sizes| sizes.get(axis)), begin) {
            (Some(-1), Some(begin)) => input_size.saturating_sub(begin),
            (Some(-1), None) | (None, _) => in_file,
            (Some(size), _) => size,
        };
        let begin = begin.unwrap_or(0);
        if begin < 0 || wanted < 0 || begin.saturating_add(wanted) > input_size {
            return Err(Reason::Range {
                what: "begin of the slice",
                found: begin,
                expected: "a block inside of the input",
            });
        }
        dims[axis] = wanted as i32;
    }
    expect_output_shape(output, &Shape::from_slice(&dims[..input.shape.rank()])?)
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (input_shape, output_shape) = (context.input_shape(0), context.output_shape(0));
    let ([output], operands) = context.split([Operand::Output(0)]);
    let begin =
        if params.begin_is_int64 { Ints::Int64(operands.input(1)) } else { Ints::Int32(operands.input(1)) };
    let input = operands.bytes(Operand::Input(0));
    slice(&input_shape, begin, &output_shape, usize::from(params.element_bytes), input, output);
}

fn slice(
    input_shape: &Shape,
    begin: Ints<'_>,
    sizes: &Shape,
    element_bytes: usize,
    input: &[u8],
    output: &mut [u8],
) {
    let (reads, writes) = (strides(input_shape), strides(sizes));
    let mut walk = Walk::new(element_bytes);
    for axis in (0..sizes.rank()).rev() {
        let size = sizes.dim(axis);
        let last = input_shape.dim(axis).saturating_sub(size) as i64;
        let begin = begin.get(axis).unwrap_or(0).clamp(0, last);
        walk = walk.starting(begin as isize * reads[axis], 0).around(size, reads[axis], writes[axis]);
    }
    walk.copy(input, output);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dims: &[i32], begin: &[i64], size: &[i32], moved: &[i64]) {
        let (shape, sizes) = (Shape::from_slice(dims).unwrap(), Shape::from_slice(size).unwrap());
        for element_bytes in [1, 2, 4] {
            let input: Vec<u8> = (0..shape.elements() * element_bytes).map(|index| index as u8).collect();
            let mut output = vec![0xa5; sizes.elements() * element_bytes];
            slice(&shape, Ints::Int64(begin), &sizes, element_bytes, &input, &mut output);
            for (index, found) in output.chunks(element_bytes).enumerate() {
                let (mut rest, mut source, mut stride) = (index, 0, 1);
                for axis in (0..dims.len()).rev() {
                    source += (rest % size[axis] as usize + moved[axis] as usize) * stride;
                    rest /= size[axis] as usize;
                    stride *= dims[axis] as usize;
                }
                assert_eq!(
                    found,
                    &input[source * element_bytes..][..element_bytes],
                    "{index} of {dims:?} {begin:?}"
                );
            }
        }
    }

    #[test]
    fn blocks_are_copied() {
        check(&[7], &[2], &[3], &[2]);
        check(&[3, 4], &[1, 0], &[2, 4], &[1, 0]);
        check(&[3, 4], &[0, 1], &[3, 2], &[0, 1]);
        check(&[2, 3, 4, 5, 2], &[1, 1, 0, 2, 1], &[1, 2, 4, 3, 1], &[1, 1, 0, 2, 1]);
        check(&[3, 4], &[0, 0], &[3, 4], &[0, 0]);
        check(&[3, 4], &[2, 3], &[1, 0], &[2, 3]);
    }

    #[test]
    fn a_block_outside_of_the_input_is_moved_inside() {
        check(&[5, 3], &[i64::MAX, i64::MIN], &[2, 2], &[3, 0]);
    }
}
