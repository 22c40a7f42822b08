//! TFLite SPLIT, SPLIT_V and UNPACK: a tensor taken apart along a dimension, which stays or goes.
//!
//! Reference: micro/kernels/split.cc, split_v.cc and unpack.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. As there, the sizes of SPLIT_V are those of the output tensors; the input with
//! the sizes is not read.

use super::concatenation::packed;
use super::shapes::{axis_index, expect_output_shape, product};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{MAX_RANK, Shape, Tensor};

const SUPPORT: &[Support] = &[exact("float32"), exact("int8"), exact("int16"), exact("int32")];

/// SPLIT.
pub const SPLIT: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SPLIT),
    versions: &[Kernel { name: "plain", prepare: prepare_split, eval: Eval::Kernel(eval) }],
    support: SUPPORT,
};
/// SPLIT_V.
pub const SPLIT_V: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SPLIT_V),
    versions: &[Kernel { name: "plain", prepare: prepare_split_v, eval: Eval::Kernel(eval) }],
    support: SUPPORT,
};
/// UNPACK.
pub const UNPACK: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::UNPACK),
    versions: &[Kernel { name: "plain", prepare: prepare_unpack, eval: Eval::Kernel(eval) }],
    support: SUPPORT,
};

record! {
    struct Params {
        /// Which input is taken apart.
        input: u8,
        n_outer: u32,
    }
}

fn prepare_split(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    expect_some_outputs(context, 2)?;
    let (axis, input) = (context.input(0, "axis")?, context.input(1, "input")?);
    expect_input_type(&input)?;
    let axis = constant_axis(&axis, &input)?;
    let n_outputs = context.n_outputs()?;
    let mut dims = [0; MAX_RANK];
    let dims = &mut dims[..input.shape.rank()];
    dims.copy_from_slice(input.shape.dims());
    expect_equal("size along the axis that is left after the split", dims[axis] as usize % n_outputs, 0)?;
    dims[axis] /= n_outputs as i32;
    let expected = Shape::from_slice(dims)?;
    for index in 0..n_outputs {
        let output = context.output(index, "output")?;
        output.expect_type(&[input.ty], "the type of the input")?;
        expect_output_shape(&output, &expected)?;
    }
    context.save(Params { input: 1, n_outer: product(&input.shape, 0..axis) as u32 })
}

fn prepare_split_v(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    expect_some_outputs(context, 3)?;
    let (input, axis) = (context.input(0, "input")?, context.input(2, "axis")?);
    expect_input_type(&input)?;
    let axis = constant_axis(&axis, &input)?;
    let mut total = 0usize;
    for index in 0..context.n_outputs()? {
        let output = context.output(index, "output")?;
        output.expect_type(&[input.ty], "the type of the input")?;
        expect_equal("number of dimensions of an output", output.shape.rank(), input.shape.rank())?;
        for other in (0..input.shape.rank()).filter(|other| *other != axis) {
            expect_equal(
                "size of a dimension of an output",
                output.shape.dim(other),
                input.shape.dim(other),
            )?;
        }
        total = total.saturating_add(output.shape.dim(axis));
    }
    expect_equal("size of all outputs along the axis", total, input.shape.dim(axis))?;
    context.save(Params { input: 0, n_outer: product(&input.shape, 0..axis) as u32 })
}

fn prepare_unpack(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    expect_some_outputs(context, 1)?;
    let input = context.input(0, "input")?;
    let options = context.options("UnpackOptions")?;
    expect_input_type(&input)?;
    let axis = axis_index(options.int("axis")?, input.shape.rank())?;
    let n_outputs = context.n_outputs()?;
    expect_equal("num", options.positive("num")? as usize, n_outputs)?;
    expect_equal("size of the input along the axis", input.shape.dim(axis), n_outputs)?;
    for index in 0..n_outputs {
        let output = context.output(index, "output")?;
        output.expect_type(&[input.ty], "the type of the input")?;
        expect_equal("number of dimensions of an output", output.shape.rank() + 1, input.shape.rank())?;
        if packed(&output.shape, axis, n_outputs)? != input.shape {
            return Err(Reason::Unsupported(
                "the shape of an output is not that of the input without the axis",
            ));
        }
    }
    context.save(Params { input: 0, n_outer: product(&input.shape, 0..axis) as u32 })
}

fn expect_some_outputs(context: &PrepareContext<'_, '_>, n_inputs: usize) -> Result<(), Reason> {
    let n_outputs = context.n_outputs()?;
    context.expect_operands(n_inputs..=n_inputs, n_outputs.max(1))
}

fn expect_input_type(input: &Tensor<'_>) -> Result<(), Reason> {
    use TensorType::{Float32, Int8, Int16, Int32};
    input.expect_type(&[Float32, Int8, Int16, Int32], "float32, int8, int16 or int32")
}

fn constant_axis(axis: &Tensor<'_>, input: &Tensor<'_>) -> Result<usize, Reason> {
    axis.expect_type(&[TensorType::Int32], "int32")?;
    let value = axis.required_constant::<i32>()?.first().copied();
    axis_index(i64::from(value.ok_or(Reason::Missing { operand: axis.role })?), input.shape.rank())
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let mut start = 0;
    for index in 0..context.n_outputs() {
        let ([output], operands) = context.split([Operand::Output(index)]);
        let input = operands.bytes(Operand::Input(usize::from(params.input)));
        start += take_part(params.n_outer as usize, input, start, output);
    }
}

/// Copies a part of each of the `n_outer` rows to an output; `start` is the first byte of the part. Returns its bytes.
fn take_part(n_outer: usize, input: &[u8], start: usize, output: &mut [u8]) -> usize {
    let (Some(row_bytes), Some(bytes)) =
        (input.len().checked_div(n_outer), output.len().checked_div(n_outer))
    else {
        return 0;
    };
    if bytes > 0 {
        for (row, output) in input.chunks_exact(row_bytes).zip(output.chunks_exact_mut(bytes)) {
            output.copy_from_slice(&row[start..start + bytes]);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_apart() {
        let input = b"abcDEfghIJ";
        let mut output = [0xa5; 6];
        assert_eq!(take_part(2, input, 0, &mut output), 3);
        assert_eq!(&output, b"abcfgh");
        let mut output = [0xa5; 4];
        assert_eq!(take_part(2, input, 3, &mut output), 2);
        assert_eq!(&output, b"DEIJ");
        assert_eq!(take_part(2, input, 5, &mut []), 0);
        assert_eq!(take_part(0, &[], 0, &mut []), 0);
    }
}
