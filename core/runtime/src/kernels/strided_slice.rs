//! TFLite STRIDED_SLICE: every n-th element of a block of a tensor, forwards or backwards.
//!
//! Reference: micro/kernels/strided_slice.cc, strided_slice_common.cc and kernels/internal/strided_slice_logic.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Up to 4 dimensions. As in TFLM the masks for an ellipsis and for new dimensions and the option `offset` are not read.

use super::shapes::{element_bytes, expect_output_shape};
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
    operator: OperatorKey::Builtin(BuiltinOperator::STRIDED_SLICE),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("float32"), exact("int8"), exact("int16"), exact("int32"), exact("bool")],
};

const MAX_DIMENSIONS: usize = 4;

record! {
    /// What is read of one dimension.
    #[derive(PartialEq, Default)]
    struct Axis {
        start: i32,
        stride: i32,
        size: u32,
    }
}

record! {
    struct Params {
        element_bytes: u32,
        axes: [Axis; MAX_DIMENSIONS],
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(4..=4, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let options = context.options("StridedSliceOptions")?;
    use TensorType::{Bool, Float32, Int8, Int16, Int32};
    output.expect_type(&[Float32, Int8, Int16, Int32, Bool], "float32, int8, int16, int32 or bool")?;
    input.expect_type(&[output.ty], "the type of the output")?;
    let rank = input.shape.rank();
    if rank > MAX_DIMENSIONS {
        return Err(Reason::Unsupported("input dim should not exceed 4"));
    }
    let mut constants = [&[][..]; 3];
    for (index, (values, role)) in constants.iter_mut().zip(["begin", "end", "strides"]).enumerate() {
        let tensor = context.input(index + 1, role)?;
        tensor.expect_type(&[Int32], "int32")?;
        *values = tensor.required_constant::<i32>()?;
        expect_equal("number of elements of begin, end and strides", values.len(), rank)?;
    }
    let [begin, end, stride] = constants;
    let [begin_mask, end_mask, shrink_mask] =
        [options.i32("begin_mask")?, options.i32("end_mask")?, options.i32("shrink_axis_mask")?];
    let mut axes = [Axis { start: 0, stride: 1, size: 1 }; MAX_DIMENSIONS];
    let (mut dims, mut out_rank) = ([0; MAX_DIMENSIONS], 0);
    for axis in 0..rank {
        let is_set = |mask: i32| mask & 1 << axis != 0;
        if stride[axis] == 0 {
            return Err(Reason::Unsupported("stride value has to be non-zero"));
        }
        let begin = (!is_set(begin_mask)).then_some(begin[axis]);
        let end = (!is_set(end_mask)).then_some(end[axis]);
        let is_shrunk = is_set(shrink_mask);
        axes[axis] = resolve(input.shape.dims()[axis], begin, end, stride[axis], is_shrunk)?;
        if !is_shrunk {
            dims[out_rank] = axes[axis].size as i32;
            out_rank += 1;
        }
    }
    expect_output_shape(&output, &Shape::from_slice(&dims[..out_rank])?)?;
    context.save(Params { element_bytes: element_bytes(&input)?, axes })
}

/// Which elements of a dimension are read: `begin` and `end` may be negative, and are left out where the mask says so.
fn resolve(
    size: i32,
    begin: Option<i32>,
    end: Option<i32>,
    stride: i32,
    is_shrunk: bool,
) -> Result<Axis, Reason> {
    let size = i64::from(size);
    // A walk backwards stops before the first element, which is place -1.
    let (lowest, highest) = if stride > 0 { (0, size) } else { (-1, size - 1) };
    let place = |index: i32| {
        let index = i64::from(index);
        (if index < 0 { index + size } else { index }).clamp(lowest, highest.max(lowest))
    };
    let (first, last) = if stride > 0 { (lowest, highest) } else { (highest, lowest) };
    let start = begin.map_or(first, place);
    if is_shrunk {
        if !(0..size).contains(&start) {
            let found = i64::from(begin.unwrap_or(0));
            return Err(Reason::Range {
                what: "begin of the slice",
                found,
                expected: "an index of the dimension",
            });
        }
        return Ok(Axis { start: start as i32, stride: 1, size: 1 });
    }
    let stop = end.map_or(last, place);
    let distance = if stride > 0 { stop - start } else { start - stop };
    let step = i64::from(stride).abs();
    let size = (distance.max(0) + step - 1) / step;
    // A stride that is never taken may be too large to be scaled by the size of a row.
    Ok(Axis { start: start as i32, stride: if size > 1 { stride } else { 1 }, size: size as u32 })
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let shape = context.input_shape(0);
    let ([output], operands) = context.split([Operand::Output(0)]);
    strided_slice(&shape, &params, operands.bytes(Operand::Input(0)), output);
}

fn strided_slice(shape: &Shape, params: &Params, input: &[u8], output: &mut [u8]) {
    let reads = strides(shape);
    let mut walk = Walk::new(params.element_bytes as usize);
    let mut write = 1;
    for (axis, read) in params.axes.iter().zip(reads).take(shape.rank()).rev() {
        let size = axis.size as usize;
        walk = walk.starting(axis.start as isize * read, 0).around(size, axis.stride as isize * read, write);
        write *= size as isize;
    }
    walk.copy(input, output);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements of 0, 1, 2 … that are read, written as TFLM's loop.
    fn indexes(size: i32, begin: Option<i32>, end: Option<i32>, stride: i32) -> Vec<i32> {
        let axis = resolve(size, begin, end, stride, false).unwrap();
        (0..axis.size as i32).map(|step| axis.start + step * axis.stride).collect()
    }

    #[test]
    fn begin_and_end_follow_python() {
        assert_eq!(indexes(5, Some(1), Some(4), 1), [1, 2, 3]);
        assert_eq!(indexes(5, Some(-3), Some(-1), 1), [2, 3]);
        assert_eq!(indexes(5, None, None, 2), [0, 2, 4]);
        assert_eq!(indexes(5, None, None, -1), [4, 3, 2, 1, 0]);
        assert_eq!(indexes(5, None, None, -2), [4, 2, 0]);
        assert_eq!(indexes(5, Some(3), Some(0), -1), [3, 2, 1]);
        assert_eq!(indexes(5, Some(-100), Some(100), 1), [0, 1, 2, 3, 4]);
        assert_eq!(indexes(5, Some(100), Some(-100), -3), [4, 1]);
        assert_eq!(indexes(5, Some(3), Some(1), 1), [0; 0]);
        assert_eq!(indexes(5, Some(1), Some(3), -1), [0; 0]);
        assert_eq!(indexes(0, None, None, 1), [0; 0]);
        assert_eq!(indexes(0, None, None, -1), [0; 0]);
        assert_eq!(indexes(5, Some(i32::MIN), Some(i32::MAX), i32::MAX), [0]);
        assert_eq!(indexes(5, Some(i32::MAX), Some(i32::MIN), i32::MIN), [4]);
    }

    #[test]
    fn a_shrunk_dimension_is_one_index() {
        assert_eq!(resolve(5, Some(-2), Some(0), 7, true), Ok(Axis { start: 3, stride: 1, size: 1 }));
        assert!(resolve(5, Some(5), Some(6), 1, true).is_err());
        assert!(resolve(0, Some(0), Some(1), 1, true).is_err());
    }

    #[test]
    fn elements_are_gathered() {
        let shape = Shape::from_slice(&[3, 4, 5]).unwrap();
        let axis = |start, stride, size| Axis { start, stride, size };
        let axes = [axis(2, -2, 2), axis(1, 1, 2), axis(4, -3, 2), axis(0, 1, 1)];
        for element_bytes in [1usize, 2, 4] {
            let input: Vec<u8> = (0..60 * element_bytes).map(|index| index as u8).collect();
            let mut output = vec![0xa5; 8 * element_bytes];
            strided_slice(&shape, &Params { element_bytes: element_bytes as u32, axes }, &input, &mut output);
            let expected: Vec<u8> = [2, 0]
                .iter()
                .flat_map(|a| {
                    [1, 2].iter().flat_map(move |b| [4, 1].iter().map(move |c| (a * 4 + b) * 5 + c))
                })
                .flat_map(|at| input[at * element_bytes..(at + 1) * element_bytes].to_vec())
                .collect();
            assert_eq!(output, expected);
        }
    }
}
