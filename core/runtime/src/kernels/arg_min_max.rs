//! TFLite ARG_MAX and ARG_MIN: the index of the largest or smallest element along a dimension.
//!
//! Reference: micro/kernels/arg_min_max.cc and kernels/internal/reference/arg_min_max.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422. Of equal elements the first one
//! wins; the output is int32. TFLM reads the axis while it runs; here it has to be constant.

use super::shapes::{axis_index, expect_output_shape, product};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::prepare::PrepareContext;
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Element, MAX_RANK, Shape};

const SUPPORT: &[Support] = &[exact("float32 to int32"), exact("int8 to int32")];

/// ARG_MAX.
pub const ARG_MAX: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::ARG_MAX),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval_max) }],
    support: SUPPORT,
};
/// ARG_MIN.
pub const ARG_MIN: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::ARG_MIN),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval_min) }],
    support: SUPPORT,
};

record! {
    /// The input as `[rows, length, stride]`.
    struct Params {
        length: u32,
        stride: u32,
        is_float: bool,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, axis) = (context.input(0, "input")?, context.input(1, "axis")?);
    let output = context.output(0, "output")?;
    axis.expect_type(&[TensorType::Int32], "int32")?;
    output.expect_type(&[TensorType::Int32], "int32")?;
    input.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    let rank = input.shape.rank();
    let value = axis.required_constant::<i32>()?.first().copied();
    let value = value.ok_or(Reason::Missing { operand: axis.role })?;
    let axis = axis_index(i64::from(value), rank)?;
    let mut dims = [0; MAX_RANK];
    let kept = input.shape.dims().iter().enumerate().filter(|(index, _)| *index != axis);
    for (dim, (_, size)) in dims.iter_mut().zip(kept) {
        *dim = *size;
    }
    expect_output_shape(&output, &Shape::from_slice(&dims[..rank - 1])?)?;
    let (length, stride) = (input.shape.dim(axis) as u32, product(&input.shape, axis + 1..rank) as u32);
    if length == 0 && output.elements() > 0 {
        return Err(Reason::Unsupported("there is nothing along the axis"));
    }
    context.save(Params { length, stride, is_float: input.ty == TensorType::Float32 })
}

fn eval_max(context: &mut EvalContext<'_>) {
    eval(context, |value: f32, best: f32| value > best, |value: i8, best: i8| value > best);
}

fn eval_min(context: &mut EvalContext<'_>) {
    eval(context, |value: f32, best: f32| value < best, |value: i8, best: i8| value < best);
}

fn eval(
    context: &mut EvalContext<'_>,
    is_better_float: impl Fn(f32, f32) -> bool,
    is_better_int8: impl Fn(i8, i8) -> bool,
) {
    let params: Params = context.params();
    let ([output], operands) = context.split([Operand::Output(0)]);
    if params.is_float {
        indexes(&params, operands.input(0), cast_mut(output), is_better_float);
    } else {
        indexes(&params, operands.input(0), cast_mut(output), is_better_int8);
    }
}

fn indexes<T: Element>(params: &Params, input: &[T], output: &mut [i32], is_better: impl Fn(T, T) -> bool) {
    let (length, stride) = (params.length as usize, params.stride as usize);
    if length * stride == 0 {
        return;
    }
    for (input, output) in input.chunks_exact(length * stride).zip(output.chunks_exact_mut(stride)) {
        for (lane, output) in output.iter_mut().enumerate() {
            let (mut best, mut best_index) = (input[lane], 0);
            for (index, value) in input[lane..].iter().step_by(stride).enumerate() {
                if is_better(*value, best) {
                    (best, best_index) = (*value, index);
                }
            }
            *output = best_index as i32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(length: u32, stride: u32, input: &[i8]) -> (Vec<i32>, Vec<i32>) {
        let params = Params { length, stride, is_float: false };
        let mut outputs =
            [vec![-91; input.len() / length as usize], vec![-91; input.len() / length as usize]];
        indexes(&params, input, &mut outputs[0], |value: i8, best: i8| value > best);
        indexes(&params, input, &mut outputs[1], |value: i8, best: i8| value < best);
        let [max, min] = outputs;
        (max, min)
    }

    #[test]
    fn the_first_of_equal_elements_wins() {
        assert_eq!(of(4, 1, &[3, 7, -1, 7, -1, -1, -1, -1]), (vec![1, 0], vec![2, 0]));
        assert_eq!(of(2, 3, &[1, 2, 3, 1, 5, -5]), (vec![0, 1, 0], vec![0, 0, 1]));
        assert_eq!(of(1, 2, &[5, 6]), (vec![0, 0], vec![0, 0]));
        assert_eq!(of(3, 1, &[-128, 127, -128]), (vec![1], vec![0]));
    }

    #[test]
    fn nan_is_never_better() {
        let params = Params { length: 3, stride: 1, is_float: true };
        let mut output = [-1; 2];
        let input = [f32::NAN, 1.0, 2.0, 0.0, f32::NAN, 3.0];
        indexes(&params, &input, &mut output, |value: f32, best: f32| value > best);
        assert_eq!(output, [0, 2]);
    }
}
