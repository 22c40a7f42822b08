//! TFLite CONCATENATION and PACK: tensors put together along a dimension, an old one or a new one.
//!
//! Reference: micro/kernels/concatenation.cc, pack.cc and kernels/internal/reference/concatenation.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! TFLM's CONCATENATION takes up to 10 inputs and 6 dimensions; quantized inputs have to have the output's quantization.

use super::shapes::{axis_index, expect_output_shape, product};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{PrepareContext, expect_equal};
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Shape, Tensor};

/// CONCATENATION.
pub const CONCATENATION: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::CONCATENATION),
    versions: &[Kernel { name: "plain", prepare: prepare_concatenation, eval: Eval::Kernel(eval) }],
    support: &[
        exact("float32"),
        exact("int8"),
        exact("int16"),
        exact("int32"),
        exact("int64"),
        exact("bool"),
    ],
};
/// PACK.
pub const PACK: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::PACK),
    versions: &[Kernel { name: "plain", prepare: prepare_pack, eval: Eval::Kernel(eval) }],
    support: &[exact("float32"), exact("int8"), exact("int16"), exact("int32"), exact("int64")],
};

const MAX_INPUTS: usize = 10;
const MAX_DIMENSIONS: usize = 6;

fn prepare_concatenation(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=MAX_INPUTS, 1)?;
    let output = context.output(0, "output")?;
    let options = context.options("ConcatenationOptions")?;
    let activation = options.int("fused_activation_function")?;
    if activation != 0 {
        return Err(Reason::Range { what: "fused activation", found: activation, expected: "none" });
    }
    use TensorType::{Bool, Float32, Int8, Int16, Int32, Int64};
    let types = [Float32, Int8, Int16, Int32, Int64, Bool];
    output.expect_type(&types, "float32, int8, int16, int32, int64 or bool")?;
    let rank = output.shape.rank();
    if rank > MAX_DIMENSIONS {
        return Err(Reason::Unsupported("Op Concatenation does not currently support num dimensions > 6"));
    }
    let axis = axis_index(options.int("axis")?, rank)?;
    let mut size = 0usize;
    for index in 0..context.n_inputs()? {
        let input = context.input(index, "input")?;
        input.expect_type(&[output.ty], "the type of the output")?;
        check_quantization(&input, &output)?;
        expect_equal("number of dimensions of an input", input.shape.rank(), rank)?;
        for other in (0..rank).filter(|other| *other != axis) {
            expect_equal("size of a dimension of an input", input.shape.dim(other), output.shape.dim(other))?;
        }
        size = size.saturating_add(input.shape.dim(axis));
    }
    expect_equal("size of the output along the axis", output.shape.dim(axis), size)?;
    context.save(product(&output.shape, 0..axis) as u32)
}

/// int8 is not scaled again, and int16 has no zero point.
fn check_quantization(input: &Tensor<'_>, output: &Tensor<'_>) -> Result<(), Reason> {
    let (found, expected) = (input.scale_and_zero_point_or_zero()?, output.scale_and_zero_point_or_zero()?);
    let differs = Reason::Quantization { operand: input.role, problem: "it differs from that of the output" };
    let has_zero_point =
        |operand| Reason::Quantization { operand, problem: "the zero point of int16 has to be 0" };
    match input.ty {
        TensorType::Int8 if found != expected => Err(differs),
        TensorType::Int16 if found.1 != 0 => Err(has_zero_point(input.role)),
        TensorType::Int16 if expected.1 != 0 => Err(has_zero_point(output.role)),
        _ => Ok(()),
    }
}

fn prepare_pack(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let n_inputs = context.n_inputs()?;
    context.expect_operands(1..=n_inputs.max(1), 1)?;
    let output = context.output(0, "output")?;
    let options = context.options("PackOptions")?;
    use TensorType::{Float32, Int8, Int16, Int32, Int64};
    output.expect_type(&[Float32, Int8, Int16, Int32, Int64], "float32, int8, int16, int32 or int64")?;
    expect_equal("values_count", options.positive("values_count")? as usize, n_inputs)?;
    let axis = axis_index(options.int("axis")?, output.shape.rank())?;
    for index in 0..n_inputs {
        let input = context.input(index, "input")?;
        input.expect_type(&[output.ty], "the type of the output")?;
        expect_output_shape(&output, &packed(&input.shape, axis, n_inputs)?)?;
    }
    context.save(product(&output.shape, 0..axis) as u32)
}

/// The shape with one more dimension.
pub(super) fn packed(shape: &Shape, axis: usize, size: usize) -> Result<Shape, Reason> {
    let too_large = Reason::TooLarge { what: "number of elements of a tensor" };
    let size = i32::try_from(size).map_err(|_| too_large)?;
    let dims = shape.dims();
    let at = axis.min(dims.len());
    let mut with_axis = [0; crate::tensor::MAX_RANK + 1];
    with_axis[..at].copy_from_slice(&dims[..at]);
    with_axis[at] = size;
    with_axis[at + 1..=dims.len()].copy_from_slice(&dims[at..]);
    Shape::from_slice(&with_axis[..=dims.len()])
}

fn eval(context: &mut EvalContext<'_>) {
    let n_outer = context.params::<u32>() as usize;
    let n_inputs = context.n_inputs();
    let ([output], operands) = context.split([Operand::Output(0)]);
    concatenate(n_outer, (0..n_inputs).map(|index| operands.bytes(Operand::Input(index))), output);
}

/// Puts the `n_outer` rows of all inputs side by side.
fn concatenate<'a>(n_outer: usize, inputs: impl Iterator<Item = &'a [u8]>, output: &mut [u8]) {
    if n_outer == 0 {
        return;
    }
    let row_bytes = output.len() / n_outer;
    let mut start = 0;
    for input in inputs {
        let bytes = input.len() / n_outer;
        if bytes == 0 {
            continue;
        }
        for (row, input) in output.chunks_exact_mut(row_bytes).zip(input.chunks_exact(bytes)) {
            row[start..start + bytes].copy_from_slice(input);
        }
        start += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_side_by_side() {
        let inputs: [&[u8]; 4] = [b"abcd", b"", b"EFGHIJ", b"xy"];
        let mut output = [0xa5; 12];
        concatenate(2, inputs.into_iter(), &mut output);
        assert_eq!(&output, b"abEFGxcdHIJy");
        let mut output = [0xa5; 12];
        concatenate(1, inputs.into_iter(), &mut output);
        assert_eq!(&output, b"abcdEFGHIJxy");
        concatenate(0, [&[][..]].into_iter(), &mut []);
    }

    #[test]
    fn a_new_dimension_goes_anywhere() {
        let shape = |dims: &[i32]| Shape::from_slice(dims).unwrap();
        assert_eq!(packed(&shape(&[2, 3]), 0, 5), Ok(shape(&[5, 2, 3])));
        assert_eq!(packed(&shape(&[2, 3]), 1, 5), Ok(shape(&[2, 5, 3])));
        assert_eq!(packed(&shape(&[2, 3]), 2, 5), Ok(shape(&[2, 3, 5])));
        assert_eq!(packed(&shape(&[]), 0, 5), Ok(shape(&[5])));
        assert!(packed(&shape(&[1; 8]), 0, 1).is_err());
    }
}
