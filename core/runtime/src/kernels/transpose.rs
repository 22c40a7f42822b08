//! TFLite TRANSPOSE: the same elements with the dimensions in another order.
//!
//! Reference: micro/kernels/transpose.cc and transpose_common.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Dimension `i` of the output is dimension `permutation[i]` of the input; up to 5 dimensions. TFLM trusts the file that no
//! dimension comes twice and that the output has the shape that follows; here both are checked.

use super::shapes::{element_bytes, expect_output_shape, expect_rank};
use super::walk::{Walk, strides};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{PrepareContext, expect_equal};
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{MAX_RANK, Shape};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::TRANSPOSE),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("float32"), exact("int8"), exact("int16")],
};

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let permutation = context.input(1, "permutation")?;
    let rank = input.shape.rank();
    if rank > 5 {
        return Err(Reason::Unsupported("Transpose op only supports 1D-5D input arrays."));
    }
    output.expect_type(&[input.ty], "the type of the input")?;
    input
        .expect_type(&[TensorType::Float32, TensorType::Int8, TensorType::Int16], "float32, int8 or int16")?;
    permutation.expect_type(&[TensorType::Int32], "int32")?;
    expect_rank(&permutation, 1)?;
    let axes = permutation.required_constant::<i32>()?;
    expect_equal("number of elements of the permutation", axes.len(), rank)?;
    let mut dims = [0; MAX_RANK];
    for (index, axis) in axes.iter().enumerate() {
        if *axis < 0 || *axis as usize >= rank {
            return Err(Reason::Unsupported("Transpose op permutations array is out of bounds."));
        }
        if axes[..index].contains(axis) {
            return Err(Reason::Unsupported("a dimension comes twice in the permutation"));
        }
        dims[index] = input.shape.dims()[*axis as usize];
    }
    expect_output_shape(&output, &Shape::from_slice(&dims[..rank])?)?;
    context.save(element_bytes(&input)?)
}

fn eval(context: &mut EvalContext<'_>) {
    let element_bytes = context.params::<u32>() as usize;
    let shape = context.input_shape(0);
    let ([output], operands) = context.split([Operand::Output(0)]);
    transpose(&shape, operands.input(1), element_bytes, operands.bytes(Operand::Input(0)), output);
}

fn transpose(shape: &Shape, permutation: &[i32], element_bytes: usize, input: &[u8], output: &mut [u8]) {
    let reads = strides(shape);
    let mut walk = Walk::new(element_bytes);
    let mut write = 1;
    for axis in permutation.iter().rev() {
        let size = shape.dim(*axis as usize);
        walk = walk.around(size, reads[*axis as usize], write);
        write *= size as isize;
    }
    walk.copy(input, output);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dims: &[i32], permutation: &[i32]) {
        let shape = Shape::from_slice(dims).unwrap();
        for element_bytes in [1, 2, 4] {
            let input: Vec<u8> = (0..shape.elements() * element_bytes).map(|index| index as u8).collect();
            let mut output = vec![0xa5; input.len()];
            transpose(&shape, permutation, element_bytes, &input, &mut output);
            // Every output index written out as coordinates, and those put into the order of the input.
            let out_dims: Vec<usize> = permutation.iter().map(|axis| dims[*axis as usize] as usize).collect();
            for (index, found) in output.chunks(element_bytes).enumerate() {
                let mut rest = index;
                let mut coordinates = vec![0; dims.len()];
                for (position, size) in out_dims.iter().enumerate().rev() {
                    coordinates[permutation[position] as usize] = rest % size;
                    rest /= size;
                }
                let source =
                    dims.iter().zip(&coordinates).fold(0, |at, (size, step)| at * *size as usize + step);
                let expected = &input[source * element_bytes..][..element_bytes];
                assert_eq!(found, expected, "element {index} of {dims:?} by {permutation:?}");
            }
        }
    }

    #[test]
    fn dimensions_change_places() {
        check(&[7], &[0]);
        check(&[3, 5], &[1, 0]);
        check(&[3, 5], &[0, 1]);
        check(&[2, 3, 4], &[2, 0, 1]);
        check(&[2, 3, 4], &[0, 2, 1]);
        check(&[2, 1, 3, 5], &[3, 1, 2, 0]);
        check(&[1, 4, 1, 3], &[2, 3, 0, 1]);
        check(&[2, 3, 2, 2, 3], &[4, 2, 0, 3, 1]);
        check(&[], &[]);
        check(&[2, 0, 3], &[2, 1, 0]);
    }
}
