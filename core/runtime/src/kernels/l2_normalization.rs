//! TFLite L2_NORMALIZATION: every row along the last dimension divided by its Euclidean length.
//!
//! Reference: micro/kernels/l2norm.cc and kernels/internal/reference/l2normalization.h, integer_ops/l2normalization.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Input and output have the same shape of 1 to 4 dimensions. int8: the sum of squares in 32 bits, the inverse of its root
//! by Newton-Raphson, an output in 1/128. The scale of the input does not matter; TFLM takes the quantization of the output
//! to be 1/128 and 0, LiteRT checks it.

use super::unary::unary_operands;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{Multiplier, inverse_sqrt};
use crate::prepare::{PrepareContext, Semantics, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::L2_NORMALIZATION),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), float("float32")],
};

record! {
    struct Params {
        ty: TensorType,
        input_zero_point: i32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = unary_operands(context)?;
    let rank = input.shape.rank();
    if !(1..=4).contains(&rank) {
        let what = "number of dimensions of the input";
        return Err(Reason::Range { what, found: rank as i64, expected: "1 to 4" });
    }
    output.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    input.expect_type(&[output.ty], "the type of the output")?;
    expect_equal("size of the last dimension of the output", output.shape.last(), input.shape.last())?;
    if context.options("L2NormOptions")?.int("fused_activation_function")? != 0 {
        return Err(Reason::Unsupported("L2_NORMALIZATION has no fused activation"));
    }
    let is_litert = context.semantics() == Semantics::Litert;
    if is_litert && output.ty == TensorType::Int8 && output.scale_and_zero_point()? != (1.0 / 128.0, 0) {
        let problem = "it has to be scale 1/128 and zero point 0";
        return Err(Reason::Quantization { operand: output.role, problem });
    }
    let (_, input_zero_point) = input.scale_and_zero_point_or_zero()?;
    context.save(Params { ty: output.ty, input_zero_point })
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let depth = context.input_shape(0).last().max(1);
    if params.ty == TensorType::Float32 {
        let (output, operands) = context.output::<f32>();
        let rows = operands.input::<f32>(0).chunks_exact(depth);
        rows.zip(output.chunks_exact_mut(depth)).for_each(|(row, output)| float32(row, output));
        return;
    }
    let (output, operands) = context.output::<i8>();
    let rows = operands.input::<i8>(0).chunks_exact(depth);
    rows.zip(output.chunks_exact_mut(depth))
        .for_each(|(row, output)| int8(params.input_zero_point, row, output));
}

fn float32(input: &[f32], output: &mut [f32]) {
    const EPSILON: f32 = 1e-6;
    let squares = input.iter().fold(0.0, |sum, value| sum + value * value);
    let length = libm::sqrtf(squares);
    let length = if length < EPSILON { EPSILON } else { length };
    output.iter_mut().zip(input).for_each(|(output, value)| *output = value / length);
}

fn int8(zero_point: i32, input: &[i8], output: &mut [i8]) {
    let centred = |value: &i8| i32::from(*value).wrapping_sub(zero_point);
    let squares =
        input.iter().map(centred).fold(0i32, |sum, value| sum.wrapping_add(value.wrapping_mul(value)));
    let inverse = inverse_sqrt(squares);
    // The output has 7 bits below 1.
    let inverse = Multiplier { shift: inverse.shift + 7, ..inverse };
    for (output, value) in output.iter_mut().zip(input) {
        *output = inverse.apply(centred(value)).clamp(-128, 127) as i8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, numbers, written_out};
    use crate::test_support::{Random, Value};

    #[test]
    fn int8_rows_follow_the_written_out_arithmetic() {
        for seed in 1..120 {
            let random = &mut Random::new(seed);
            let depth = random.between(1, 30);
            let shape = [random.between(1, 2), random.between(1, 3), depth];
            let zero_point = random.between(-128, 127);
            let input = numbers(random, TensorType::Int8, &shape).quantized(random.scale(), zero_point);
            let output = Numbers::of_shape(TensorType::Int8, &shape).quantized(1.0 / 128.0, 0);
            let problem = Problem::new(vec![input.clone()], output).with("L2NormOptions", &[]);
            let found = problem.run(&ENTRY).unwrap();
            assert_eq!(problem.litert().run(&ENTRY), Ok(found.clone()));
            let rows = input.numbers.chunks(depth as usize).zip(found.chunks(depth as usize));
            for (row, found) in rows {
                let row: Vec<i64> = row.iter().map(|number| *number as i64 - i64::from(zero_point)).collect();
                let squares: i64 = row.iter().map(|value| value * value).sum();
                let inverse = inverse_sqrt(squares as i32);
                for (value, found) in row.iter().zip(found) {
                    let factor = (i64::from(inverse.multiplier), inverse.shift + 7);
                    let expected = written_out::scale(*value, factor).clamp(-128, 127);
                    assert_eq!(*found, expected as f64);
                    let real = 128.0 * *value as f64 / (squares.max(1) as f64).sqrt();
                    assert!((found - real.clamp(-128.0, 127.0)).abs() <= 0.51, "{real}, found {found}");
                }
            }
        }
    }

    #[test]
    fn floats_have_length_1() {
        let list =
            |numbers: &[f64]| Numbers { shape: vec![2, 2], ..Numbers::list(TensorType::Float32, numbers) };
        let problem =
            Problem::new(vec![list(&[3.0, -4.0, 0.0, 0.0])], list(&[0.0; 4])).with("L2NormOptions", &[]);
        problem.check(&ENTRY, 1e-7, |_, from| from[0] / 5.0);
    }

    #[test]
    fn refusals_name_the_reason() {
        let int8 = |scale| Numbers::list(TensorType::Int8, &[1.0]).quantized(scale, 0);
        let problem = Problem::new(vec![int8(0.1)], int8(0.1)).with("L2NormOptions", &[]);
        assert!(problem.run(&ENTRY).is_ok());
        assert_eq!(
            problem.clone().litert().run(&ENTRY).unwrap_err(),
            "operator 0 L2_NORMALIZATION: quantization of output: it has to be scale 1/128 and zero point 0"
        );
        let problem = problem.with("L2NormOptions", &[("fused_activation_function", Value::Int(1))]);
        assert_eq!(
            problem.run(&ENTRY).unwrap_err(),
            "operator 0 L2_NORMALIZATION: L2_NORMALIZATION has no fused activation"
        );
        let deep = Numbers { shape: vec![1; 5], ..int8(0.1) };
        assert_eq!(
            Problem::new(vec![deep.clone()], deep).run(&ENTRY).unwrap_err(),
            "operator 0 L2_NORMALIZATION: number of dimensions of the input is 5, expected 1 to 4"
        );
    }
}
