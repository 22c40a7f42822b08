//! TFLite SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: every n-th pixel as a picture of its own, and back.
//!
//! Reference: micro/kernels/space_to_batch_nd.cc, batch_to_space_nd.cc and
//! kernels/internal/reference/space_to_batch_nd.h, batch_to_space_nd.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: [batches, height, depth] or [batches, height, width, depth]. Picture `i` of the batch form holds the pixels at
//! (row, column) in the block of `i / batches`. TFLM never sets the value for padding, which leaves whatever its arena
//! held, 0 as a rule; LiteRT pads with the zero point.

use super::shapes::{element_bytes, expect_output_shape};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{PrepareContext, Semantics, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Shape, Tensor};

const SUPPORT: &[Support] = &[exact("float32"), exact("int8")];

/// SPACE_TO_BATCH_ND.
pub const SPACE_TO_BATCH_ND: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SPACE_TO_BATCH_ND),
    versions: &[Kernel { name: "plain", prepare: prepare_to_batch, eval: Eval::Kernel(eval_to_batch) }],
    support: SUPPORT,
};
/// BATCH_TO_SPACE_ND.
pub const BATCH_TO_SPACE_ND: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::BATCH_TO_SPACE_ND),
    versions: &[Kernel { name: "plain", prepare: prepare_to_space, eval: Eval::Kernel(eval_to_space) }],
    support: SUPPORT,
};

record! {
    struct Params {
        element_bytes: u8,
        /// Every byte of the padding.
        padding: i8,
    }
}

/// Block and margins of one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    block: usize,
    /// Pixels that are added (or cut off) before the first and behind the last.
    before: usize,
    after: usize,
}

fn prepare_to_batch(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = operands(context)?;
    let [rows, columns] = axes(context, &input, "paddings")?;
    let [batches, height, width, depth] = four(&input.shape);
    let mut sizes = [0; 2];
    for (size, (axis, pixels)) in sizes.iter_mut().zip([(rows, height), (columns, width)]) {
        let padded = pixels.saturating_add(axis.before).saturating_add(axis.after);
        expect_equal("padded size that is left after the blocks", padded % axis.block, 0)?;
        *size = padded / axis.block;
    }
    let n_pictures = batches.saturating_mul(rows.block).saturating_mul(columns.block);
    check_shape(&output, [n_pictures, sizes[0], sizes[1], depth])?;
    let is_litert = context.semantics() == Semantics::Litert;
    let zero_point = output.scale_and_zero_point_or_zero()?.1;
    let padding = if is_litert && output.ty == TensorType::Int8 { zero_point as i8 } else { 0 };
    context.save(Params { element_bytes: element_bytes(&input)? as u8, padding })
}

fn prepare_to_space(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = operands(context)?;
    let [rows, columns] = axes(context, &input, "crops")?;
    let [n_pictures, height, width, depth] = four(&input.shape);
    let per_picture = rows.block.saturating_mul(columns.block);
    expect_equal("batches that are left after the blocks", n_pictures % per_picture, 0)?;
    let mut sizes = [0; 2];
    for (size, (axis, pixels)) in sizes.iter_mut().zip([(rows, height), (columns, width)]) {
        let whole = pixels.saturating_mul(axis.block);
        let cropped = axis.before.saturating_add(axis.after);
        *size = whole.checked_sub(cropped).ok_or(Reason::Range {
            what: "crops",
            found: cropped as i64,
            expected: "at most the size of the picture",
        })?;
    }
    check_shape(&output, [n_pictures / per_picture, sizes[0], sizes[1], depth])?;
    context.save(Params { element_bytes: element_bytes(&input)? as u8, padding: 0 })
}

fn operands<'m>(context: &PrepareContext<'_, 'm>) -> Result<(Tensor<'m>, Tensor<'m>), Reason> {
    context.expect_operands(3..=3, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    for tensor in [&input, &output] {
        let found = tensor.shape.rank() as i64;
        if !(3..=4).contains(&found) {
            return Err(Reason::Range { what: "number of dimensions", found, expected: "3 or 4" });
        }
    }
    input.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    expect_equal("number of dimensions of the output", output.shape.rank(), input.shape.rank())?;
    Ok((input, output))
}

/// Block and margins of rows and columns, from constants.
fn axes(
    context: &PrepareContext<'_, '_>,
    input: &Tensor<'_>,
    margins_role: &'static str,
) -> Result<[Axis; 2], Reason> {
    let (block, margins) = (context.input(1, "block shape")?, context.input(2, margins_role)?);
    let n_axes = input.shape.rank() - 2;
    for (tensor, n) in [(&block, n_axes), (&margins, 2 * n_axes)] {
        tensor.expect_type(&[TensorType::Int32], "int32")?;
        expect_equal("number of elements of block shape and margins", tensor.elements(), n)?;
    }
    let (block, margins) = (block.required_constant::<i32>()?, margins.required_constant::<i32>()?);
    if let Some(size) = block.iter().find(|size| **size <= 0) {
        let found = i64::from(*size);
        return Err(Reason::Range { what: "block size", found, expected: "a positive number" });
    }
    if let Some(margin) = margins.iter().find(|margin| **margin < 0) {
        let found = i64::from(*margin);
        return Err(Reason::Range { what: margins_role, found, expected: "0 or a positive number" });
    }
    Ok(axes_from(block, margins))
}

fn axes_from(block: &[i32], margins: &[i32]) -> [Axis; 2] {
    core::array::from_fn(|axis| Axis {
        block: block.get(axis).map_or(1, |size| *size as usize),
        before: margins.get(2 * axis).map_or(0, |size| *size as usize),
        after: margins.get(2 * axis + 1).map_or(0, |size| *size as usize),
    })
}

/// The sizes as four: pictures without width are one column wide.
fn four(shape: &Shape) -> [usize; 4] {
    let width = if shape.rank() == 4 { shape.dim(2) } else { 1 };
    [shape.dim(0), shape.dim(1), width, shape.last()]
}

fn check_shape(output: &Tensor<'_>, expected: [usize; 4]) -> Result<(), Reason> {
    let too_large = Reason::TooLarge { what: "the output" };
    let [batches, height, width, depth] = expected.map(|size| i32::try_from(size).map_err(|_| too_large));
    let (batches, height, width, depth) = (batches?, height?, width?, depth?);
    let shape = match output.shape.rank() {
        3 => Shape::from_slice(&[batches, height, depth]),
        _ => Shape::from_slice(&[batches, height, width, depth]),
    };
    expect_output_shape(output, &shape?)
}

fn eval_to_batch(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (space, batch) = (four(&context.input_shape(0)), four(&context.output_shape(0)));
    let ([output], operands) = context.split([Operand::Output(0)]);
    let axes = axes_from(operands.input(1), operands.input(2));
    output.fill(params.padding as u8);
    let input = operands.bytes(Operand::Input(0));
    for_each_pixel(space, batch, axes, space[3] * usize::from(params.element_bytes), |in_space, in_batch| {
        output[in_batch].copy_from_slice(&input[in_space]);
    });
}

fn eval_to_space(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (batch, space) = (four(&context.input_shape(0)), four(&context.output_shape(0)));
    let ([output], operands) = context.split([Operand::Output(0)]);
    let axes = axes_from(operands.input(1), operands.input(2));
    let input = operands.bytes(Operand::Input(0));
    for_each_pixel(space, batch, axes, space[3] * usize::from(params.element_bytes), |in_space, in_batch| {
        output[in_space].copy_from_slice(&input[in_batch]);
    });
}

/// Calls `copy` with the bytes of every pixel of the pictures in space: in space, and in the batch.
fn for_each_pixel(
    [batches, height, width, _]: [usize; 4],
    [_, batch_height, batch_width, _]: [usize; 4],
    [rows, columns]: [Axis; 2],
    pixel_bytes: usize,
    mut copy: impl FnMut(core::ops::Range<usize>, core::ops::Range<usize>),
) {
    let range = |pixel: usize| pixel * pixel_bytes..(pixel + 1) * pixel_bytes;
    for batch in 0..batches {
        for row in 0..height {
            let (block_row, row_in_block) =
                ((row + rows.before) / rows.block, (row + rows.before) % rows.block);
            for column in 0..width {
                let from_left = column + columns.before;
                let (block_column, column_in_block) = (from_left / columns.block, from_left % columns.block);
                let picture = (row_in_block * columns.block + column_in_block) * batches + batch;
                let in_space = (batch * height + row) * width + column;
                let in_batch = (picture * batch_height + block_row) * batch_width + block_column;
                copy(range(in_space), range(in_batch));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_has_its_picture() {
        let axes = axes_from(&[2, 3], &[1, 0, 0, 1]);
        let (space, batch) = ([2, 3, 5, 1], [12, 2, 2, 1]);
        let mut found = [[[[0xa5usize; 2]; 2]; 12]; 1][0];
        for_each_pixel(space, batch, axes, 1, |in_space, in_batch| {
            let at = in_batch.start;
            found[at / 4][at / 2 % 2][at % 2] = in_space.start;
        });
        for (picture, rows) in found.iter().enumerate() {
            for (block_row, columns) in rows.iter().enumerate() {
                for (block_column, found) in columns.iter().enumerate() {
                    // As the reference says it: which pixel an element of the batch comes from.
                    let (batch, shift) = (picture % 2, picture / 2);
                    let row = (block_row * 2 + shift / 3) as isize - 1;
                    let column = (block_column * 3 + shift % 3) as isize;
                    let is_inside = (0..3).contains(&row) && (0..5).contains(&column);
                    let expected =
                        if is_inside { (batch * 3 + row as usize) * 5 + column as usize } else { 0xa5 };
                    assert_eq!(*found, expected, "picture {picture} row {block_row} column {block_column}");
                }
            }
        }
    }

    #[test]
    fn pictures_without_width_have_one_column() {
        let shape = Shape::from_slice(&[4, 5, 6]).unwrap();
        assert_eq!(four(&shape), [4, 5, 1, 6]);
        let axis = |block, before, after| Axis { block, before, after };
        assert_eq!(axes_from(&[2], &[1, 3]), [axis(2, 1, 3), axis(1, 0, 0)]);
    }
}
