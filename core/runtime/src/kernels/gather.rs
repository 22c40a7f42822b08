//! TFLite GATHER, GATHER_ND and EMBEDDING_LOOKUP: parts of a tensor, chosen by index.
//!
//! Reference: micro/kernels/gather.cc, gather_nd.cc and embedding_lookup.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Constant indexes that lie outside of the tensor are refused. Where an index that is computed lies outside, the part is
//! set to 0: GATHER of TFLM reads foreign memory there, and the other two end the invocation with an error.

use super::shapes::{axis_index, expect_output_shape, expect_rank, product};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{MAX_RANK, Shape};

/// GATHER.
pub const GATHER: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::GATHER),
    versions: &[Kernel { name: "plain", prepare: prepare_gather, eval: Eval::Kernel(eval_gather) }],
    support: &[exact("float32"), exact("int8")],
};
/// GATHER_ND.
pub const GATHER_ND: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::GATHER_ND),
    versions: &[Kernel { name: "plain", prepare: prepare_gather_nd, eval: Eval::Kernel(eval_gather_nd) }],
    support: &[exact("float32"), exact("int8")],
};
/// EMBEDDING_LOOKUP.
pub const EMBEDDING_LOOKUP: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::EMBEDDING_LOOKUP),
    versions: &[Kernel { name: "plain", prepare: prepare_embedding, eval: Eval::Kernel(eval_embedding) }],
    support: &[exact("float32"), exact("int8"), exact("int8 to float32")],
};

/// The most indexes for one part (`MAX_INDICES_ND`).
const MAX_INDEXES: usize = 5;

record! {
    /// The input as `[batches, n_outer, axis size, part]`, the indexes as `[batches, n_indexes]`.
    struct GatherParams {
        batches: u32,
        n_outer: u32,
        n_indexes: u32,
    }
}

fn prepare_gather(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, indexes) = (context.input(0, "input")?, context.input(1, "positions")?);
    let output = context.output(0, "output")?;
    let options = context.options("GatherOptions")?;
    indexes.expect_type(&[TensorType::Int32], "int32")?;
    input.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let (rank, indexes_rank) = (input.shape.rank(), indexes.shape.rank());
    let axis = axis_index(options.int("axis")?, rank)?;
    let found = options.int("batch_dims")?;
    let batch_dims = if found < 0 { found + indexes_rank as i64 } else { found };
    let batch_dims = usize::try_from(batch_dims).ok().filter(|dims| *dims <= axis && *dims <= indexes_rank);
    let expected = "at most the axis and the dimensions of the positions";
    let batch_dims = batch_dims.ok_or(Reason::Range { what: "batch_dims", found, expected })?;
    for dim in 0..batch_dims {
        expect_equal(
            "size of a batch dimension of the positions",
            indexes.shape.dim(dim),
            input.shape.dim(dim),
        )?;
    }
    let parts =
        [&input.shape.dims()[..axis], &indexes.shape.dims()[batch_dims..], &input.shape.dims()[axis + 1..]];
    expect_output_shape(&output, &joined(parts)?)?;
    if let Some(constant) = indexes.constant::<i32>()? {
        constant.iter().try_for_each(|index| check_index(*index, input.shape.dim(axis)))?;
    }
    context.save(GatherParams {
        batches: product(&input.shape, 0..batch_dims) as u32,
        n_outer: product(&input.shape, batch_dims..axis) as u32,
        n_indexes: product(&indexes.shape, batch_dims..indexes_rank) as u32,
    })
}

/// One shape from several parts.
fn joined(parts: [&[i32]; 3]) -> Result<Shape, Reason> {
    let mut dims = [0; 3 * MAX_RANK];
    let mut rank = 0;
    for part in parts {
        dims[rank..rank + part.len()].copy_from_slice(part);
        rank += part.len();
    }
    Shape::from_slice(&dims[..rank])
}

fn check_index(index: i32, size: usize) -> Result<(), Reason> {
    if usize::try_from(index).is_ok_and(|index| index < size) {
        return Ok(());
    }
    Err(Reason::Range { what: "index", found: i64::from(index), expected: "an index of the dimension" })
}

fn eval_gather(context: &mut EvalContext<'_>) {
    let params: GatherParams = context.params();
    let ([output], operands) = context.split([Operand::Output(0)]);
    gather(&params, operands.bytes(Operand::Input(0)), operands.input(1), output);
}

fn gather(params: &GatherParams, input: &[u8], indexes: &[i32], output: &mut [u8]) {
    let [batches, n_outer, n_indexes] =
        [params.batches, params.n_outer, params.n_indexes].map(|size| size as usize);
    let n_rows = batches * n_outer;
    let part_bytes = output.len().checked_div(n_rows * n_indexes).unwrap_or(0);
    if part_bytes == 0 {
        return;
    }
    let row_bytes = input.len() / n_rows;
    for (row, output) in output.chunks_exact_mut(n_indexes * part_bytes).enumerate() {
        let input = &input[row * row_bytes..][..row_bytes];
        let indexes = &indexes[row / n_outer * n_indexes..][..n_indexes];
        for (index, part) in indexes.iter().zip(output.chunks_exact_mut(part_bytes)) {
            copy_part(input, i64::from(*index), part);
        }
    }
}

/// Copies the part at a multiple of its length; zeros if it lies outside.
fn copy_part(input: &[u8], index: i64, part: &mut [u8]) {
    let start = usize::try_from(index).ok().and_then(|index| index.checked_mul(part.len()));
    let found = start.and_then(|start| input.get(start..start.checked_add(part.len())?));
    match found {
        Some(found) => part.copy_from_slice(found),
        None => part.fill(0),
    }
}

fn prepare_gather_nd(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, indexes) = (context.input(0, "params")?, context.input(1, "indices")?);
    let output = context.output(0, "output")?;
    input.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    indexes.expect_type(&[TensorType::Int32], "int32")?;
    output.expect_type(&[input.ty], "the type of params")?;
    let (rank, indexes_rank) = (input.shape.rank(), indexes.shape.rank());
    if rank < 1 {
        return Err(Reason::Unsupported("Params must be at least a vector."));
    }
    if indexes_rank < 1 {
        return Err(Reason::Unsupported("Indices must be at least a vector."));
    }
    let n_axes = indexes.shape.last();
    if n_axes > rank {
        return Err(Reason::Unsupported("Index innermost dimension length must be <= params rank."));
    }
    if n_axes > MAX_INDEXES {
        return Err(Reason::Unsupported("Index innermost dimension length must not exceed 5."));
    }
    let outer = &indexes.shape.dims()[..indexes_rank - 1];
    expect_output_shape(&output, &joined([outer, &input.shape.dims()[n_axes..], &[]])?)?;
    if let Some(constant) = indexes.constant::<i32>()?
        && n_axes > 0
    {
        for tuple in constant.chunks_exact(n_axes) {
            let part = part_index(&input.shape, tuple);
            if !(0..product(&input.shape, 0..n_axes) as i64).contains(&part) {
                return Err(Reason::Unsupported("gather_nd index out of bounds"));
            }
        }
    }
    context.save(n_axes as u32)
}

/// The number of the part that a tuple of indexes means. A single index may lie outside of its dimension, as in TFLM.
fn part_index(shape: &Shape, tuple: &[i32]) -> i64 {
    let index = tuple.iter().enumerate().fold(0i64, |at, (axis, index)| {
        at.wrapping_mul(shape.dim(axis) as i64).wrapping_add(i64::from(*index))
    });
    // TFLM adds in 32 bits.
    i64::from(index as i32)
}

fn eval_gather_nd(context: &mut EvalContext<'_>) {
    let n_axes = context.params::<u32>() as usize;
    let shape = context.input_shape(0);
    let n_parts = product(&context.input_shape(1), 0..context.input_shape(1).rank() - 1);
    let ([output], operands) = context.split([Operand::Output(0)]);
    gather_nd(&shape, n_axes, n_parts, operands.bytes(Operand::Input(0)), operands.input(1), output);
}

fn gather_nd(shape: &Shape, n_axes: usize, n_parts: usize, input: &[u8], indexes: &[i32], output: &mut [u8]) {
    let part_bytes = output.len().checked_div(n_parts).unwrap_or(0);
    if part_bytes == 0 {
        return;
    }
    for (number, part) in output.chunks_exact_mut(part_bytes).enumerate() {
        copy_part(input, part_index(shape, &indexes[number * n_axes..][..n_axes]), part);
    }
}

fn prepare_embedding(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (lookup, value) = (context.input(0, "lookup")?, context.input(1, "value")?);
    let output = context.output(0, "output")?;
    expect_rank(&lookup, 1)?;
    lookup.expect_type(&[TensorType::Int32], "int32")?;
    value.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    if value.shape.rank() < 2 {
        let found = value.shape.rank() as i64;
        return Err(Reason::Range { what: "number of dimensions of value", found, expected: "at least 2" });
    }
    match value.ty {
        TensorType::Int8 => {
            output.expect_type(&[TensorType::Int8, TensorType::Float32], "int8 or float32")?
        }
        _ => output.expect_type(&[TensorType::Float32], "float32")?,
    }
    expect_output_shape(&output, &joined([lookup.shape.dims(), &value.shape.dims()[1..], &[]])?)?;
    let (scale, zero_point) = value.scale_and_zero_point_or_zero()?;
    let is_hybrid = output.ty != value.ty;
    if is_hybrid && zero_point != 0 {
        return Err(Reason::Quantization { operand: value.role, problem: "the zero point has to be 0" });
    }
    if let Some(constant) = lookup.constant::<i32>()? {
        constant.iter().try_for_each(|index| check_index(*index, value.shape.dim(0)))?;
    }
    // A scale of NaN stands for a plain copy: no file gets one past the check below.
    if is_hybrid && !scale.is_finite() {
        return Err(Reason::Quantization { operand: value.role, problem: "the scale is not a number" });
    }
    context.save(if is_hybrid { scale } else { f32::NAN })
}

fn eval_embedding(context: &mut EvalContext<'_>) {
    let scale: f32 = context.params();
    let n_parts = context.input_shape(0).dim(0);
    let ([output], operands) = context.split([Operand::Output(0)]);
    if scale.is_nan() {
        gather_nd(&Shape::SCALAR, 1, n_parts, operands.bytes(Operand::Input(1)), operands.input(0), output);
    } else {
        lookup_dequantized(scale, operands.input(1), operands.input(0), cast_mut(output));
    }
}

fn lookup_dequantized(scale: f32, value: &[i8], lookup: &[i32], output: &mut [f32]) {
    let columns = output.len().checked_div(lookup.len()).unwrap_or(0);
    if columns == 0 {
        return;
    }
    for (index, row) in lookup.iter().zip(output.chunks_exact_mut(columns)) {
        let start = usize::try_from(*index).ok().and_then(|index| index.checked_mul(columns));
        let found = start.and_then(|start| value.get(start..start.checked_add(columns)?));
        for (column, output) in row.iter_mut().enumerate() {
            *output = found.map_or(0.0, |found| scale * f32::from(found[column]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_chosen_along_an_axis() {
        // [2, 3, 2] along axis 1 with 4 indexes for all.
        let input: Vec<u8> = (0..12).collect();
        let mut output = [0xa5; 16];
        gather(&GatherParams { batches: 1, n_outer: 2, n_indexes: 4 }, &input, &[2, 0, 0, 1], &mut output);
        assert_eq!(output, [4, 5, 0, 1, 0, 1, 2, 3, 10, 11, 6, 7, 6, 7, 8, 9]);
        // The same with indexes of its own for each batch.
        let mut output = [0xa5; 8];
        gather(&GatherParams { batches: 2, n_outer: 1, n_indexes: 2 }, &input, &[2, 0, 1, 1], &mut output);
        assert_eq!(output, [4, 5, 0, 1, 8, 9, 8, 9]);
    }

    #[test]
    fn an_index_outside_gives_zeros() {
        let mut output = [0xa5; 8];
        let params = GatherParams { batches: 1, n_outer: 1, n_indexes: 4 };
        gather(&params, &[1, 2, 3, 4, 5, 6], &[-1, 2, 3, i32::MAX], &mut output);
        assert_eq!(output, [0, 0, 5, 6, 0, 0, 0, 0]);
        let mut output = [7.0; 4];
        lookup_dequantized(0.5, &[1, 2, -3, 4], &[1, 2], &mut output);
        assert_eq!(output, [-1.5, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn tuples_of_indexes_count_through_the_dimensions() {
        let shape = Shape::from_slice(&[2, 3, 2]).unwrap();
        let input: Vec<u8> = (0..12).collect();
        let mut output = [0xa5; 4];
        gather_nd(&shape, 2, 2, &input, &[1, 2, 0, 1], &mut output);
        assert_eq!(output, [10, 11, 2, 3]);
        let mut output = [0xa5; 3];
        gather_nd(&shape, 3, 3, &input, &[1, 2, 1, 0, 0, 0, 1, 3, 0], &mut output);
        assert_eq!(output, [11, 0, 0]);
        let mut output = [0xa5; 12];
        gather_nd(&shape, 0, 1, &input, &[], &mut output);
        assert_eq!(output[..], input);
    }

    #[test]
    fn single_indexes_may_leave_their_dimension() {
        let shape = Shape::from_slice(&[2, 3]).unwrap();
        assert_eq!(part_index(&shape, &[0, 5]), 5);
        assert_eq!(part_index(&shape, &[1, -1]), 2);
        assert_eq!(part_index(&shape, &[-1, 0]), -3);
    }
}
