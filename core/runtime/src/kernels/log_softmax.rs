//! TFLite LOG_SOFTMAX over the last dimension; input and output have the same shape.
//!
//! Reference: micro/kernels/log_softmax.cc and kernels/internal/reference/log_softmax.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! int8: `exp` of the distance to the row's maximum in Q5.26, the sum in Q12.19, its logarithm in Q5.26, and the output in
//! 1/16. Rows of more than 4096 elements may overflow, as in TFLM.

use super::common_scale::smaller_than_one;
use super::softmax::distance_multiplier;
use super::unary::{expect_same_shape, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{
    Multiplier, exp_on_negative_values, log_of_one_or_more, rescale, rounding_divide_by_pot,
};
use crate::prepare::PrepareContext;
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::LOG_SOFTMAX),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), float("float32")],
};

/// Integer bits of a scaled distance, of the sum and of the output.
const DISTANCE_BITS: i32 = 5;
const SUM_BITS: i32 = 12;
const OUTPUT_BITS: i32 = 4;

record! {
    struct Quantized {
        ty: TensorType,
        multiplier: Multiplier,
        /// The inverse of the multiplier.
        divisor: Multiplier,
        /// Distances below this one count as nothing.
        distance_min: i32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = unary_operands(context)?;
    output.expect_type(&[input.ty], "the type of the input")?;
    expect_same_shape(&input, &output)?;
    input.expect_type(
        &[TensorType::Float32, TensorType::Int8],
        "float32 or int8, which is what LOG_SOFTMAX supports",
    )?;
    if input.shape.rank() == 0 {
        let what = "number of dimensions of the input";
        return Err(Reason::Range { what, found: 0, expected: "at least 1" });
    }
    if input.ty == TensorType::Float32 {
        return context.save(input.ty);
    }
    if output.scale_and_zero_point()? != (16.0 / 256.0, 127) {
        let problem = "it has to be scale 1/16 and zero point 127";
        return Err(Reason::Quantization { operand: output.role, problem });
    }
    let (scale, _) = input.scale_and_zero_point()?;
    let too_small = Reason::Quantization { operand: input.role, problem: "the scale is too small" };
    let multiplier = distance_multiplier(1.0, f64::from(scale)).ok_or(too_small)?;
    let inverse = f64::from(1u32 << (31 - multiplier.shift)) / f64::from(multiplier.multiplier);
    // CalculateInputRadius with 31 bits: the distance that the multiplier turns into the largest Q5.26 number.
    let largest = f64::from((1u32 << DISTANCE_BITS) - 1) * f64::from(1u32 << (31 - DISTANCE_BITS));
    let radius = libm::floor(libm::scalbn(largest, -multiplier.shift));
    let divisor = smaller_than_one(inverse, &input)?;
    context.save(Quantized { ty: input.ty, multiplier, divisor, distance_min: -radius as i32 })
}

fn eval(context: &mut EvalContext<'_>) {
    let depth = context.input_shape(0).last().max(1);
    if context.params::<TensorType>() == TensorType::Float32 {
        let (output, operands) = context.output::<f32>();
        let input = operands.input::<f32>(0);
        input
            .chunks_exact(depth)
            .zip(output.chunks_exact_mut(depth))
            .for_each(|(row, output)| float32(row, output));
        return;
    }
    let params: Quantized = context.params();
    let (output, operands) = context.output::<i8>();
    let input = operands.input::<i8>(0);
    input
        .chunks_exact(depth)
        .zip(output.chunks_exact_mut(depth))
        .for_each(|(row, output)| int8(&params, row, output));
}

fn float32(input: &[f32], output: &mut [f32]) {
    let max = input.iter().fold(f32::MIN, |max, value| if max < *value { *value } else { max });
    let sum = input.iter().fold(0.0, |sum, value| sum + libm::expf(value - max));
    let log_sum = libm::logf(sum);
    for (output, value) in output.iter_mut().zip(input) {
        *output = value - max - log_sum;
    }
}

fn int8(params: &Quantized, input: &[i8], output: &mut [i8]) {
    let max = input.iter().copied().max().map_or(0, i32::from);
    let sum = input.iter().fold(0i32, |sum, value| {
        let distance = i32::from(*value) - max;
        if distance < params.distance_min {
            return sum;
        }
        let exp = exp_on_negative_values::<{ DISTANCE_BITS as u32 }>(params.multiplier.apply(distance));
        sum.wrapping_add(rescale(exp, -SUM_BITS))
    });
    let log_sum = log_of_one_or_more::<SUM_BITS>(sum);
    // Distances that would fall below the smallest Q5.26 number.
    let lowest = params.divisor.apply(log_sum.wrapping_add(i32::MIN)).max(params.distance_min - 1);
    for (output, value) in output.iter_mut().zip(input) {
        let distance = i32::from(*value) - max;
        *output = i8::MIN;
        if distance > lowest {
            let difference = params.multiplier.apply(distance).wrapping_sub(log_sum);
            let scaled = rounding_divide_by_pot(difference, 31 - DISTANCE_BITS - OUTPUT_BITS);
            *output = (scaled + 127).clamp(-128, 127) as i8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, numbers};
    use crate::test_support::Random;

    fn log_softmax(row: &[f64]) -> Vec<f64> {
        let max = row.iter().fold(f64::MIN, |max, value| max.max(*value));
        let sum: f64 = row.iter().map(|value| (value - max).exp()).sum();
        row.iter().map(|value| value - max - sum.ln()).collect()
    }

    #[test]
    fn int8_rows_are_close_to_the_function() {
        for seed in 1..80 {
            let random = &mut Random::new(seed);
            let shape = [random.between(1, 3), random.between(1, 40)];
            let scale = random.scale() / 2.0;
            let input = numbers(random, TensorType::Int8, &shape).quantized(scale, random.between(-128, 127));
            let output = Numbers::of_shape(TensorType::Int8, &shape).quantized(1.0 / 16.0, 127);
            let found = Problem::new(vec![input.clone()], output).run(&ENTRY).unwrap();
            for (row, found) in input.numbers.chunks(shape[1] as usize).zip(found.chunks(shape[1] as usize)) {
                let row: Vec<f64> = row.iter().map(|number| number * f64::from(scale)).collect();
                for (expected, found) in log_softmax(&row).iter().zip(found) {
                    let expected = (expected * 16.0 + 127.0).max(-128.0);
                    assert!((found - expected).abs() <= 0.51, "{expected} steps, found {found}");
                }
            }
        }
    }

    #[test]
    fn floats_are_close() {
        let random = &mut Random::new(3);
        let input = numbers(random, TensorType::Float32, &[3, 7]);
        let input = Numbers {
            numbers: input.numbers.iter().map(|x| f64::from((x / 64.0) as f32)).collect(),
            ..input
        };
        let output = Numbers::of_shape(TensorType::Float32, &[3, 7]);
        let found = Problem::new(vec![input.clone()], output).run(&ENTRY).unwrap();
        for (row, found) in input.numbers.chunks(7).zip(found.chunks(7)) {
            for (expected, found) in log_softmax(row).iter().zip(found) {
                assert!(
                    (found - expected).abs() <= 1e-6 * (1.0 + expected.abs()),
                    "{expected}, found {found}"
                );
            }
        }
    }

    #[test]
    fn refusals_name_the_reason() {
        let int8 = |scale, zero_point| Numbers::list(TensorType::Int8, &[1.0]).quantized(scale, zero_point);
        let error = Problem::new(vec![int8(0.1, 0)], int8(0.1, 127)).run(&ENTRY).unwrap_err();
        assert_eq!(
            error,
            "operator 0 LOG_SOFTMAX: quantization of output: it has to be scale 1/16 and zero point 127"
        );
        let error = Problem::new(vec![int8(1e-9, 0)], int8(1.0 / 16.0, 127)).run(&ENTRY).unwrap_err();
        assert_eq!(error, "operator 0 LOG_SOFTMAX: quantization of input: the scale is too small");
    }
}
