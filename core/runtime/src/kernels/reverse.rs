//! TFLite REVERSE_V2: the elements in the opposite order along some neighbouring dimensions.
//!
//! Reference: micro/kernels/reverse.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. TFLM reads the axes while it runs; here they have to be constant.

use super::shapes::{axis_index, element_bytes, expect_output_shape, expect_rank};
use super::walk::{Walk, strides};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::PrepareContext;
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Shape;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::REVERSE_V2),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[
        exact("float32"),
        exact("int8"),
        exact("uint8"),
        exact("int16"),
        exact("int32"),
        exact("int64"),
        exact("bool"),
    ],
};

record! {
    struct Params {
        element_bytes: u8,
        /// Bit `i` for dimension `i`.
        axes: u8,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, axis) = (context.input(0, "input")?, context.input(1, "axis")?);
    let output = context.output(0, "output")?;
    use TensorType::{Bool, Float32, Int8, Int16, Int32, Int64, Uint8};
    input.expect_type(&[Float32, Int8, Uint8, Int16, Int32, Int64, Bool], "float32, an integer or bool")?;
    axis.expect_type(&[Int32], "int32")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    expect_rank(&axis, 1)?;
    let rank = input.shape.rank();
    if rank > 6 {
        let found = rank as i64;
        return Err(Reason::Range {
            what: "number of dimensions of the input",
            found,
            expected: "at most 6",
        });
    }
    expect_output_shape(&output, &input.shape)?;
    let mut axes = 0u8;
    for axis in axis.required_constant::<i32>()? {
        let bit = 1u8 << axis_index(i64::from(*axis), rank)?;
        if axes & bit != 0 {
            return Err(Reason::Unsupported("Non-contiguous `axes` not supported"));
        }
        axes |= bit;
    }
    let lowest = axes.trailing_zeros();
    if axes == 0 || (axes >> lowest).count_ones() != (axes >> lowest).trailing_ones() {
        return Err(Reason::Unsupported("Non-contiguous `axes` not supported"));
    }
    context.save(Params { element_bytes: element_bytes(&input)? as u8, axes })
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let shape = context.input_shape(0);
    let ([output], operands) = context.split([Operand::Output(0)]);
    reverse(&shape, &params, operands.bytes(Operand::Input(0)), output);
}

fn reverse(shape: &Shape, params: &Params, input: &[u8], output: &mut [u8]) {
    let strides = strides(shape);
    let mut walk = Walk::new(usize::from(params.element_bytes));
    for axis in (0..shape.rank()).rev() {
        let (size, stride) = (shape.dim(axis), strides[axis]);
        if params.axes & 1 << axis == 0 {
            walk = walk.around(size, stride, stride);
        } else {
            walk = walk.starting((size as isize - 1) * stride, 0).around(size, -stride, stride);
        }
    }
    walk.copy(input, output);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_change_their_order() {
        for (dims, axes) in [
            (&[5][..], 0b1u8),
            (&[3, 4], 0b1),
            (&[3, 4], 0b10),
            (&[3, 4], 0b11),
            (&[2, 3, 1, 4], 0b110),
            (&[2, 3, 4], 0b10),
        ] {
            let shape = Shape::from_slice(dims).unwrap();
            for element_bytes in [1usize, 2, 4, 8] {
                let input: Vec<u8> = (0..shape.elements() * element_bytes).map(|index| index as u8).collect();
                let mut output = vec![0xa5; input.len()];
                reverse(&shape, &Params { element_bytes: element_bytes as u8, axes }, &input, &mut output);
                for (index, found) in output.chunks(element_bytes).enumerate() {
                    let (mut rest, mut source, mut stride) = (index, 0, 1);
                    for (axis, size) in dims.iter().enumerate().rev() {
                        let size = *size as usize;
                        let step = rest % size;
                        rest /= size;
                        source += stride * if axes & 1 << axis == 0 { step } else { size - 1 - step };
                        stride *= size;
                    }
                    assert_eq!(
                        found,
                        &input[source * element_bytes..][..element_bytes],
                        "{index} of {dims:?}"
                    );
                }
            }
        }
    }
}
