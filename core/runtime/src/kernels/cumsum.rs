//! TFLite CUMSUM: running sums along a dimension.
//!
//! Reference: micro/kernels/cumsum.cc and kernels/internal/reference/cumsum.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! int8: every input is brought to half of its scale with 20 more bits, sums have 32 bits and wrap, and each is brought to
//! the output scale. The first sum is not 0 but the scaled negative zero point, as in TFLM.

use super::shapes::{axis_index, expect_output_shape, product};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::Multiplier;
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::{Record, record};
use crate::registry::{Eval, Exactness, Kernel, KernelEntry, OperatorKey, Support, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::CUMSUM),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[Support { types: "int8", tflm: Some(Exactness::Bits), litert: None }, float("float32")],
};

const LEFT_SHIFT: u32 = 20;

record! {
    /// The tensor as `[rows, length, stride]`: sums run along the middle dimension. Behind it lies a [`Scaling`] for int8.
    struct Params {
        length: u32,
        stride: u32,
        flags: u32,
    }
}

const EXCLUSIVE: u32 = 1;
const REVERSE: u32 = 2;
const INT8: u32 = 4;

record! {
    struct Scaling {
        input_offset: i32,
        input_multiplier: Multiplier,
        output_multiplier: Multiplier,
        output_offset: i32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, axis) = (context.input(0, "input")?, context.input(1, "axis")?);
    let output = context.output(0, "output")?;
    let options = context.options("CumsumOptions")?;
    input.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    axis.expect_type(&[TensorType::Int32], "int32")?;
    expect_equal("number of elements of axis", axis.elements(), 1)?;
    output.expect_type(&[input.ty], "the type of the input")?;
    expect_output_shape(&output, &input.shape)?;
    let value = axis.required_constant::<i32>()?.first().copied().unwrap_or(0);
    let axis = axis_index(i64::from(value), input.shape.rank())?;
    let is_int8 = input.ty == TensorType::Int8;
    let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
    context.save(Params {
        length: input.shape.dim(axis) as u32,
        stride: product(&input.shape, axis + 1..input.shape.rank()) as u32,
        flags: flag(options.bool("exclusive")?, EXCLUSIVE)
            | flag(options.bool("reverse")?, REVERSE)
            | flag(is_int8, INT8),
    })?;
    if is_int8 {
        scaling(&input, &output)?.write(context.words(Scaling::WORDS)?);
    }
    Ok(())
}

fn scaling(input: &Tensor<'_>, output: &Tensor<'_>) -> Result<Scaling, Reason> {
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    let twice = 2.0 * f64::from(input_scale);
    let smaller_than_one = |factor: f64, operand| {
        let found = Multiplier::from_f64(factor).filter(|_| factor > 0.0 && factor < 1.0);
        found.ok_or(Reason::Quantization { operand, problem: "the scales are too far apart" })
    };
    Ok(Scaling {
        input_offset: input_zero_point.wrapping_neg(),
        input_multiplier: smaller_than_one(f64::from(input_scale) / twice, input.role)?,
        output_multiplier: smaller_than_one(
            twice / (f64::from(1 << LEFT_SHIFT) * f64::from(output_scale)),
            output.role,
        )?,
        output_offset: output_zero_point,
    })
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    if params.flags & INT8 == 0 {
        let (output, operands) = context.output::<f32>();
        running_sums(&params, operands.input(0), output, 0.0, |sum: f32, value: f32| sum + value, |sum| sum);
        return;
    }
    let scaling = Scaling::read(context.words_after::<Params>());
    let (output, operands) = context.output::<i8>();
    let first = scaling.apply(scaling.input_offset);
    let add = |sum: i32, value: i8| {
        sum.wrapping_add(scaling.apply(scaling.input_offset.wrapping_add(i32::from(value))))
    };
    running_sums(&params, operands.input(0), output, first, add, |sum| scaling.finish(sum));
}

impl Scaling {
    fn apply(&self, value: i32) -> i32 {
        self.input_multiplier.apply(value.wrapping_shl(LEFT_SHIFT))
    }

    fn finish(&self, sum: i32) -> i8 {
        self.output_multiplier.apply(sum).wrapping_add(self.output_offset).clamp(-128, 127) as i8
    }
}

fn running_sums<T: Copy, S: Copy>(
    params: &Params,
    input: &[T],
    output: &mut [T],
    first: S,
    add: impl Fn(S, T) -> S,
    finish: impl Fn(S) -> T,
) {
    let (length, stride) = (params.length as usize, params.stride as usize);
    let block = length * stride;
    if block == 0 {
        return;
    }
    for (input, output) in input.chunks_exact(block).zip(output.chunks_exact_mut(block)) {
        for lane in 0..stride {
            let mut sum = first;
            for step in 0..length {
                let step = if params.flags & REVERSE != 0 { length - 1 - step } else { step };
                let at = step * stride + lane;
                let next = add(sum, input[at]);
                output[at] = finish(if params.flags & EXCLUSIVE != 0 { sum } else { next });
                sum = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(length: u32, stride: u32, flags: u32) -> [f32; 6] {
        let params = Params { length, stride, flags };
        let mut output = [-1.0; 6];
        running_sums(&params, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut output, 0.0, |sum, x| sum + x, |sum| sum);
        output
    }

    #[test]
    fn sums_run_along_a_dimension() {
        assert_eq!(sums(6, 1, 0), [1.0, 3.0, 6.0, 10.0, 15.0, 21.0]);
        assert_eq!(sums(3, 1, 0), [1.0, 3.0, 6.0, 4.0, 9.0, 15.0]);
        assert_eq!(sums(3, 2, 0), [1.0, 2.0, 4.0, 6.0, 9.0, 12.0]);
        assert_eq!(sums(3, 1, EXCLUSIVE), [0.0, 1.0, 3.0, 0.0, 4.0, 9.0]);
        assert_eq!(sums(3, 1, REVERSE), [6.0, 5.0, 3.0, 15.0, 11.0, 6.0]);
        assert_eq!(sums(3, 2, EXCLUSIVE | REVERSE), [8.0, 10.0, 5.0, 6.0, 0.0, 0.0]);
    }

    #[test]
    fn quantized_sums_saturate() {
        let scaling = Scaling {
            input_offset: 0,
            input_multiplier: Multiplier::from_f64(0.5).unwrap(),
            output_multiplier: Multiplier::from_f64(2.0 / f64::from(1 << LEFT_SHIFT)).unwrap(),
            output_offset: 0,
        };
        let mut sum = 0;
        let mut found = Vec::new();
        for value in [100i8, 100, -128, -128, -128] {
            sum += scaling.apply(i32::from(value));
            found.push(scaling.finish(sum));
        }
        assert_eq!(found, [100, 127, 72, -56, -128]);
    }
}
