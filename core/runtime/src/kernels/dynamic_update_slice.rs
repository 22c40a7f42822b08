//! TFLite DYNAMIC_UPDATE_SLICE: a tensor in which a block is replaced.
//!
//! Reference: micro/kernels/dynamic_update_slice.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. The block begins at the start indexes, which are moved so that it lies inside.

use super::shapes::{Ints, element_bytes, expect_output_shape, expect_rank};
use super::walk::{Walk, strides};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Shape;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::DYNAMIC_UPDATE_SLICE),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("float32"), exact("int8"), exact("int16"), exact("int32")],
};

record! {
    struct Params {
        element_bytes: u8,
        start_is_int64: bool,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(3..=3, 1)?;
    let (operand, update) = (context.input(0, "operand")?, context.input(1, "update")?);
    let (start, output) = (context.input(2, "start indices")?, context.output(0, "output")?);
    use TensorType::{Float32, Int8, Int16, Int32, Int64};
    operand.expect_type(&[Float32, Int8, Int16, Int32], "float32, int8, int16 or int32")?;
    update.expect_type(&[operand.ty], "the type of the operand")?;
    output.expect_type(&[operand.ty], "the type of the operand")?;
    start.expect_type(&[Int32, Int64], "int32 or int64")?;
    let rank = operand.shape.rank();
    if rank > 6 {
        let found = rank as i64;
        return Err(Reason::Range {
            what: "number of dimensions of the operand",
            found,
            expected: "at most 6",
        });
    }
    expect_rank(&start, 1)?;
    expect_equal("number of start indices", start.elements(), rank)?;
    expect_equal("number of dimensions of the update", update.shape.rank(), rank)?;
    for (found, most) in update.shape.dims().iter().zip(operand.shape.dims()) {
        if found > most {
            let found = i64::from(*found);
            return Err(Reason::Range {
                what: "size of the update",
                found,
                expected: "at most the operand's",
            });
        }
    }
    expect_output_shape(&output, &operand.shape)?;
    context.save(Params { element_bytes: element_bytes(&operand)? as u8, start_is_int64: start.ty == Int64 })
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (shape, block) = (context.input_shape(0), context.input_shape(1));
    let ([output], operands) = context.split([Operand::Output(0)]);
    output.copy_from_slice(operands.bytes(Operand::Input(0)));
    let start =
        if params.start_is_int64 { Ints::Int64(operands.input(2)) } else { Ints::Int32(operands.input(2)) };
    let update = operands.bytes(Operand::Input(1));
    replace_block(&shape, &block, start, usize::from(params.element_bytes), update, output);
}

fn replace_block(
    shape: &Shape,
    block: &Shape,
    start: Ints<'_>,
    element_bytes: usize,
    update: &[u8],
    output: &mut [u8],
) {
    let (reads, writes) = (strides(block), strides(shape));
    let mut walk = Walk::new(element_bytes);
    for axis in (0..shape.rank()).rev() {
        let last = (shape.dim(axis) - block.dim(axis)) as i64;
        let first = start.get(axis).unwrap_or(0).clamp(0, last) as isize;
        walk = walk.starting(0, first * writes[axis]).around(block.dim(axis), reads[axis], writes[axis]);
    }
    walk.copy(update, output);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(dims: [i32; 2], block: [i32; 2], start: [i32; 2]) -> Vec<u8> {
        let mut output = vec![0; (dims[0] * dims[1]) as usize];
        let update: Vec<u8> = (1..=(block[0] * block[1]) as u8).collect();
        let (shape, block) = (Shape::from_slice(&dims).unwrap(), Shape::from_slice(&block).unwrap());
        replace_block(&shape, &block, Ints::Int32(&start), 1, &update, &mut output);
        output
    }

    #[test]
    fn the_block_lies_inside() {
        assert_eq!(replaced([3, 3], [2, 2], [0, 1]), [0, 1, 2, 0, 3, 4, 0, 0, 0]);
        assert_eq!(replaced([3, 3], [2, 2], [5, -7]), [0, 0, 0, 1, 2, 0, 3, 4, 0]);
        assert_eq!(replaced([2, 2], [2, 2], [1, 1]), [1, 2, 3, 4]);
        assert_eq!(replaced([2, 2], [0, 2], [0, 0]), [0; 4]);
    }
}
