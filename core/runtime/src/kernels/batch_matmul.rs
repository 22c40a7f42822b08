//! TFLite BATCH_MATMUL: matrix products over batch dimensions, of which one side may be repeated.
//!
//! Reference: micro/kernels/batch_matmul.cc, batch_matmul_common.cc and kernels/internal/reference/batch_matmul.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: left [batches, rows, depth] (last two swapped if `adj_x`), right [batches, depth, columns] (swapped if `adj_y`),
//! output [batches, rows, columns], with up to three batch dimensions. int8 sums have 32 bits and wrap, int16 sums have 64
//! and no zero points. The reference transposes operands into memory of their own; here they are read with strides.

use crate::error::Reason;
use crate::eval::{EvalContext, Operands};
use crate::fixed_point::Multiplier;
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Element;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::BATCH_MATMUL),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("int16"), float("float32")],
};

const INT8: u32 = 0;
const INT16: u32 = 1;
const FLOAT32: u32 = 2;

record! {
    /// Elements from one index to the next.
    struct Strides {
        batch: [u32; 3],
        /// Of the rows of the left side, or the columns of the right.
        outer: u32,
        depth: u32,
    }
}

record! {
    struct Params {
        kind: u32,
        batches: [u32; 3],
        rows: u32,
        columns: u32,
        depth: u32,
        left: Strides,
        right: Strides,
        left_offset: i32,
        right_offset: i32,
        output_offset: i32,
        multiplier: Multiplier,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (left, right) = (context.input(0, "left side")?, context.input(1, "right side")?);
    let output = context.output(0, "output")?;
    let options = context.options("BatchMatMulOptions")?;
    let kind = match left.ty {
        TensorType::Int8 => INT8,
        TensorType::Int16 => INT16,
        TensorType::Float32 => FLOAT32,
        found => return Err(Reason::Type { operand: left.role, found, expected: "int8, int16 or float32" }),
    };
    right.expect_type(&[left.ty], "the type of the left side")?;
    output.expect_type(&[left.ty], "the type of the left side")?;
    for side in [&left, &right] {
        if !(2..=5).contains(&side.shape.rank()) {
            let found = side.shape.rank() as i64;
            return Err(Reason::Range { what: "number of dimensions of a side", found, expected: "2 to 5" });
        }
    }
    let too_many = Reason::Range { what: "number of dimensions", found: 6, expected: "2 to 5" };
    let left_dims = left.shape.extended::<5>().ok_or(too_many)?;
    let right_dims = right.shape.extended::<5>().ok_or(too_many)?;
    let (left_is_swapped, right_is_swapped) = (options.bool("adj_x")?, options.bool("adj_y")?);
    let (rows, depth) =
        if left_is_swapped { (left_dims[4], left_dims[3]) } else { (left_dims[3], left_dims[4]) };
    let (right_depth, columns) =
        if right_is_swapped { (right_dims[4], right_dims[3]) } else { (right_dims[3], right_dims[4]) };
    expect_equal("depth of the right side", right_depth, depth)?;
    let mut batches = [1; 3];
    for (axis, batches) in batches.iter_mut().enumerate() {
        let (left, right) = (left_dims[axis], right_dims[axis]);
        if left != right && left != 1 && right != 1 {
            return Err(Reason::Unsupported("the batch dimensions of the sides do not go together"));
        }
        *batches = if left == 1 { right as u32 } else { left as u32 };
    }
    let elements = batches.iter().map(|size| *size as usize).product::<usize>() * rows * columns;
    expect_equal("elements of the output", output.elements(), elements)?;
    expect_equal("columns of the output", output.shape.last(), columns)?;
    let mut params = Params {
        kind,
        batches,
        rows: rows as u32,
        columns: columns as u32,
        depth: depth as u32,
        left: strides(&left_dims, !left_is_swapped),
        right: strides(&right_dims, right_is_swapped),
        left_offset: 0,
        right_offset: 0,
        output_offset: 0,
        multiplier: Multiplier { multiplier: 0, shift: 0 },
    };
    if kind == FLOAT32 {
        return context.save(params);
    }
    let (left_scale, left_zero_point) = left.scale_and_zero_point()?;
    let (right_scale, right_zero_point) = right.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    if kind == INT16 {
        for (tensor, zero_point) in
            [(&left, left_zero_point), (&right, right_zero_point), (&output, output_zero_point)]
        {
            if zero_point != 0 {
                let problem = "the zero point of int16 has to be 0";
                return Err(Reason::Quantization { operand: tensor.role, problem });
            }
        }
    }
    // The scales of the sides are multiplied in float32, as for a fully connected layer.
    let factor = f64::from(left_scale * right_scale) / f64::from(output_scale);
    let max_shift = if kind == INT16 { 14 } else { 30 };
    let problem = "the factor of the output is not a number that fits";
    let multiplier = Multiplier::from_f64(factor).filter(|found| found.shift <= max_shift);
    params.multiplier = multiplier.ok_or(Reason::Quantization { operand: output.role, problem })?;
    params.left_offset = left_zero_point.wrapping_neg();
    params.right_offset = right_zero_point.wrapping_neg();
    params.output_offset = output_zero_point;
    context.save(params)
}

/// Strides of a side of which the depth is the last dimension, or the last but one; repeated batch dimensions have 0.
fn strides(dims: &[usize; 5], depth_is_last: bool) -> Strides {
    let matrix = dims[3] * dims[4];
    let mut batch = [0; 3];
    let mut stride = matrix;
    for axis in (0..3).rev() {
        batch[axis] = if dims[axis] == 1 { 0 } else { stride as u32 };
        stride = stride.wrapping_mul(dims[axis]);
    }
    let last = dims[4] as u32;
    let (outer, depth) = if depth_is_last { (last, 1) } else { (1, last) };
    Strides { batch, outer, depth }
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (left_offset, right_offset) = (params.left_offset, params.right_offset);
    match params.kind {
        INT8 => {
            let (output, operands) = context.output::<i8>();
            let product = |sum: i32, left: i8, right: i8| {
                let left = i32::from(left).wrapping_add(left_offset);
                sum.wrapping_add(left.wrapping_mul(i32::from(right).wrapping_add(right_offset)))
            };
            multiply(&params, &operands, output, 0, product, |sum| {
                (params.multiplier.apply(sum).wrapping_add(params.output_offset)).clamp(-128, 127) as i8
            });
        }
        INT16 => {
            let (output, operands) = context.output::<i16>();
            let product =
                |sum: i64, left: i16, right: i16| sum.wrapping_add(i64::from(left) * i64::from(right));
            multiply(&params, &operands, output, 0, product, |sum| {
                params.multiplier.apply_64(sum).clamp(-32768, 32767) as i16
            });
        }
        _ => {
            let (output, operands) = context.output::<f32>();
            multiply(
                &params,
                &operands,
                output,
                0.0,
                |sum, left: f32, right: f32| sum + left * right,
                |sum| sum,
            );
        }
    }
}

/// Writes `finish(fold of product over the depth)` to every output.
fn multiply<T: Element, SUM: Copy>(
    params: &Params,
    operands: &Operands<'_>,
    output: &mut [T],
    start: SUM,
    product: impl Fn(SUM, T, T) -> SUM,
    finish: impl Fn(SUM) -> T,
) {
    let (left, right): (&[T], &[T]) = (operands.input(0), operands.input(1));
    let [outer, middle, inner] = params.batches;
    let mut outputs = output.iter_mut();
    let base = |strides: &Strides, at: [u32; 3]| {
        strides.batch.iter().zip(at).map(|(stride, at)| *stride as usize * at as usize).sum::<usize>()
    };
    for batch in 0..outer * middle * inner {
        let at = [batch / (middle * inner), batch / inner % middle, batch % inner];
        let (left_base, right_base) = (base(&params.left, at), base(&params.right, at));
        for row in 0..params.rows as usize {
            for column in 0..params.columns as usize {
                let left_at = left_base + row * params.left.outer as usize;
                let right_at = right_base + column * params.right.outer as usize;
                let mut sum = start;
                for depth in 0..params.depth as usize {
                    let left = left[left_at + depth * params.left.depth as usize];
                    sum = product(sum, left, right[right_at + depth * params.right.depth as usize]);
                }
                if let Some(output) = outputs.next() {
                    *output = finish(sum);
                }
            }
        }
    }
}
