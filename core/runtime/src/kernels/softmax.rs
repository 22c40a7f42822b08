//! TFLite SOFTMAX over the last dimension.
//!
//! Reference: micro/kernels/softmax.cc, softmax_common.cc and kernels/internal/reference/softmax.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Input and output have the same shape. int8: `exp` of the distance to the row's maximum in Q5.26, the sum in Q12.19, its
//! reciprocal by Newton-Raphson; distances of which nothing would be left are skipped. int16: `exp` and the reciprocal come
//! from interpolated tables of 513 entries.

use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::fixed_point::{
    LUT_INT16_ENTRIES, Multiplier, exp_on_negative_values, lut_int16_entry, lut_int16_lookup,
    multiply_by_quantized_multiplier, one_over_one_plus_x_for_x_in_0_1, rescale, rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SOFTMAX),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("int8 to int16"), exact("int16"), float("float32")],
};

/// Integer bits of a scaled distance and of the sum.
const DISTANCE_BITS: u32 = 5;
const SUM_BITS: i32 = 12;

const INT8: u32 = 0;
const INT8_TO_INT16: u32 = 1;
const INT16: u32 = 2;
const FLOAT32: u32 = 3;

record! {
    struct Params {
        kind: u32,
        depth: u32,
        multiplier: Multiplier,
        /// Distances below this one count as nothing.
        distance_min: i32,
        /// Of floats: what inputs are multiplied with.
        beta: f32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    if input.shape.rank() == 0 {
        return Err(Reason::Range {
            what: "number of dimensions of the input",
            found: 0,
            expected: "at least 1",
        });
    }
    expect_equal("elements of the output", output.elements(), input.elements())?;
    expect_equal("size of the last dimension of the output", output.shape.last(), input.shape.last())?;
    let beta = context.options("SoftmaxOptions")?.float("beta")?;
    let depth = input.shape.last() as u32;
    let none = Multiplier { multiplier: 0, shift: 0 };
    let mut params = Params { kind: FLOAT32, depth, multiplier: none, distance_min: 0, beta };
    match (input.ty, output.ty) {
        (TensorType::Float32, TensorType::Float32) => context.save(params),
        (TensorType::Int8, TensorType::Int8 | TensorType::Int16) => {
            let (scale, zero_point) = output.scale_and_zero_point()?;
            let is_wide = output.ty == TensorType::Int16;
            let fits = if is_wide {
                zero_point == -32768 && is_near(scale, 1.0 / 65536.0)
            } else {
                zero_point == -128 && scale == 1.0 / 256.0
            };
            expect_output(
                fits,
                &output,
                "it has to be 1/256 and -128 for int8, 1/65536 and -32768 for int16",
            )?;
            params.kind = if is_wide { INT8_TO_INT16 } else { INT8 };
            let (input_scale, _) = input.scale_and_zero_point()?;
            let problem = "the scale times beta is too small";
            params.multiplier = distance_multiplier(f64::from(beta), f64::from(input_scale))
                .ok_or(Reason::Quantization { operand: input.role, problem })?;
            // CalculateInputRadius with 31 bits: the distance that becomes the largest Q5.26 number.
            let radius = f64::from((1 << DISTANCE_BITS) - 1) * f64::from(1 << (31 - DISTANCE_BITS))
                / (1u64 << params.multiplier.shift) as f64;
            params.distance_min = (-libm::floor(radius)) as i32;
            context.save(params)
        }
        (TensorType::Int16, TensorType::Int16) => {
            let (scale, zero_point) = output.scale_and_zero_point()?;
            let fits = zero_point == 0 && is_near(scale, 1.0 / 32768.0);
            expect_output(fits, &output, "it has to be 1/32768 and 0 for int16")?;
            let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
            expect_equal("zero point of the input", input_zero_point.unsigned_abs() as usize, 0)?;
            // Distances from -65535 to 0 stand for -10 to 0.
            let factor = f64::from(input_scale) * f64::from(beta) / (10.0 / 65535.0);
            let problem = "the scale times beta is not a number that fits";
            params.multiplier =
                Multiplier::from_f64(factor).ok_or(Reason::Quantization { operand: input.role, problem })?;
            params.kind = INT16;
            context.save(params)?;
            save_tables(context)
        }
        (TensorType::Int8 | TensorType::Int16 | TensorType::Float32, found) => {
            Err(Reason::Type { operand: output.role, found, expected: "the type of the input" })
        }
        (found, _) => Err(Reason::Type { operand: input.role, found, expected: "int8, int16 or float32" }),
    }
}

/// A thousandth of the scale is allowed, as in TFLM.
fn is_near(scale: f32, expected: f32) -> bool {
    (scale - expected).abs() <= 0.001 * expected
}

fn expect_output(fits: bool, output: &Tensor<'_>, problem: &'static str) -> Result<(), Reason> {
    if fits { Ok(()) } else { Err(Reason::Quantization { operand: output.role, problem }) }
}

/// The factor from a distance of quantized inputs to Q5.26 (`PreprocessSoftmaxScaling`,
/// kernels/internal/quantization_util.cc); `None` if it is not above 1.
pub(super) fn distance_multiplier(beta: f64, input_scale: f64) -> Option<Multiplier> {
    let factor = beta * input_scale * f64::from(1 << (31 - DISTANCE_BITS));
    if factor.is_nan() || factor <= 1.0 {
        return None;
    }
    let factor = if factor > f64::from(i32::MAX) { f64::from(i32::MAX) } else { factor };
    // Halved, because the largest factors need a shift of 31.
    let half = Multiplier::from_f64(factor / 2.0)?;
    Some(Multiplier { multiplier: half.multiplier, shift: half.shift + 1 })
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let words = context.words_after::<Params>();
    let ([output], operands) = context.split([Operand::Output(0)]);
    let depth = (params.depth as usize).max(1);
    match params.kind {
        INT8 => {
            for (input, output) in operands
                .input::<i8>(0)
                .chunks_exact(depth)
                .zip(cast_mut::<i8>(output).chunks_exact_mut(depth))
            {
                int8_row::<8>(&params, input, |index, value| output[index] = value as i8);
            }
        }
        INT8_TO_INT16 => {
            for (input, output) in operands
                .input::<i8>(0)
                .chunks_exact(depth)
                .zip(cast_mut::<i16>(output).chunks_exact_mut(depth))
            {
                int8_row::<16>(&params, input, |index, value| output[index] = value as i16);
            }
        }
        INT16 => {
            for (input, output) in operands
                .input::<i16>(0)
                .chunks_exact(depth)
                .zip(cast_mut::<i16>(output).chunks_exact_mut(depth))
            {
                int16_row(&params, words, input, output);
            }
        }
        _ => {
            for (input, output) in operands
                .input::<f32>(0)
                .chunks_exact(depth)
                .zip(cast_mut::<f32>(output).chunks_exact_mut(depth))
            {
                float_row(params.beta, input, output);
            }
        }
    }
}

/// int8 inputs to signed outputs of `OUTPUT_BITS`.
fn int8_row<const OUTPUT_BITS: i32>(params: &Params, input: &[i8], mut write: impl FnMut(usize, i32)) {
    let max = input.iter().copied().max().map_or(0, i32::from);
    let exp_of = |value: i8| {
        let distance = i32::from(value) - max;
        (distance >= params.distance_min).then(|| {
            let Multiplier { multiplier, shift } = params.multiplier;
            exp_on_negative_values::<DISTANCE_BITS>(multiply_by_quantized_multiplier(
                distance, multiplier, shift,
            ))
        })
    };
    let sum = input
        .iter()
        .filter_map(|value| exp_of(*value))
        .fold(0i32, |sum, exp| sum.wrapping_add(rescale(exp, -SUM_BITS)));
    let (reciprocal, bits_over_unit) = reciprocal(sum, SUM_BITS);
    let exponent = (bits_over_unit + 31 - OUTPUT_BITS).clamp(0, 31);
    let (lowest, highest) = (-(1 << (OUTPUT_BITS - 1)), (1 << (OUTPUT_BITS - 1)) - 1);
    for (index, value) in input.iter().enumerate() {
        let out = exp_of(*value).map_or(lowest, |exp| {
            let scaled = saturating_rounding_doubling_high_mul(reciprocal, exp);
            (rounding_divide_by_pot(scaled, exponent) + lowest).clamp(lowest, highest)
        });
        write(index, out);
    }
}

/// int16 inputs and outputs; the exponentials wait in the output.
fn int16_row(params: &Params, tables: &[u32], input: &[i16], output: &mut [i16]) {
    let (exp_table, reciprocal_table) = tables.split_at(tables.len() / 2);
    let max = input.iter().copied().max().map_or(0, i32::from);
    let mut sum = 0i32;
    for (output, value) in output.iter_mut().zip(input) {
        let scaled = params.multiplier.apply(i32::from(*value) - max);
        let centred = scaled.wrapping_add(32767).clamp(-32768, 32767) as i16;
        *output = lut_int16_lookup(centred, |index| half_word(exp_table, index));
        sum = sum.wrapping_add(i32::from(*output));
    }
    let headroom_plus_one = sum.leading_zeros();
    let shifted = ((i64::from(sum) << headroom_plus_one.saturating_sub(1)) + (1 << 13)) >> 14;
    // The table is of 1 / (1 + x) for x from 0 to 1, its inputs centred.
    let centred = (shifted as i32).wrapping_sub((1 << 15) + (1 << 16)).clamp(-32768, 32767) as i16;
    let reciprocal = lut_int16_lookup(centred, |index| half_word(reciprocal_table, index));
    let right_shift = 31u32.saturating_sub(headroom_plus_one).max(1);
    for output in output {
        let product = i64::from(*output) * i64::from(reciprocal) + (1 << (right_shift - 1));
        *output = (product >> right_shift).clamp(0, 32767) as i16;
    }
}

fn float_row(beta: f32, input: &[f32], output: &mut [f32]) {
    let max = input.iter().fold(f32::MIN, |max, value| if max < *value { *value } else { max });
    let mut sum = 0.0;
    for (output, value) in output.iter_mut().zip(input) {
        *output = libm::expf((value - max) * beta);
        sum += *output;
    }
    for output in output {
        *output /= sum;
    }
}

/// Saves the tables of `exp(x)` for `x` from -10 to 0 and of `1 / (1 + x)` for `x` from 0 to 1, two entries per word.
fn save_tables(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let table_words = LUT_INT16_ENTRIES.div_ceil(2);
    let words = context.words(2 * table_words)?;
    let (exp_table, reciprocal_table) = words.split_at_mut(table_words);
    let output = (2.0 / 65535.0, 0);
    for index in 0..LUT_INT16_ENTRIES {
        // In double and then rounded, which is what a good expf gives.
        let exp = |x: f32| libm::exp(f64::from(x)) as f32;
        set_half_word(exp_table, index, lut_int16_entry(index, (10.0 / 65535.0, 32767), output, exp));
        let reciprocal = |x: f32| 1.0 / (1.0 + x);
        set_half_word(
            reciprocal_table,
            index,
            lut_int16_entry(index, (1.0 / 65535.0, -32768), output, reciprocal),
        );
    }
    Ok(())
}

/// The 16-bit number at an index: even ones are the low halves of their words.
fn half_word(words: &[u32], index: usize) -> i16 {
    let word = words[index / 2];
    (if index.is_multiple_of(2) { word } else { word >> 16 }) as i16
}

fn set_half_word(words: &mut [u32], index: usize, value: i16) {
    words[index / 2] |= u32::from(value as u16) << if index.is_multiple_of(2) { 0 } else { 16 };
}

/// `1 / x` of a positive Q`integer_bits` number as a fraction in (1/2, 1), and the number of bits that it has to be
/// shifted to the right (`GetReciprocal`, kernels/internal/common.h).
pub(crate) fn reciprocal(x: i32, integer_bits: i32) -> (i32, i32) {
    let headroom_plus_one = x.leading_zeros();
    let above_one = (x as u32).wrapping_shl(headroom_plus_one).wrapping_sub(1 << 31) as i32;
    (one_over_one_plus_x_for_x_in_0_1(above_one), integer_bits - headroom_plus_one as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Random, TestModel, Value, bytes_of};

    /// The largest distance of an output from the real softmax, in steps of its scale.
    fn largest_error(ty: TensorType, depth: i32, scale: f32, random: &mut Random) -> f64 {
        let mut model = TestModel::default();
        let is_int8 = ty == TensorType::Int8;
        let input = model.quantized(ty, &[2, depth], scale, if is_int8 { -5 } else { 0 });
        let (step, zero_point) = if is_int8 { (1.0 / 256.0, -128) } else { (1.0 / 32768.0, 0) };
        let output = model.quantized(ty, &[2, depth], step, zero_point);
        let options = [("beta", Value::Float(1.0))];
        model.operator(BuiltinOperator::SOFTMAX, ("SoftmaxOptions", &options), &[input], &[output]);
        let (low, high) = if is_int8 { (-128, 127) } else { (-32768, 32767) };
        let numbers = random.i32s(2 * depth as usize, low, high);
        let bytes = if is_int8 {
            bytes_of(&numbers.iter().map(|x| *x as i8).collect::<Vec<_>>())
        } else {
            bytes_of(&numbers.iter().map(|x| *x as i16).collect::<Vec<_>>())
        };
        let found = model.run_tflm(&[bytes]).unwrap();
        let found: Vec<f64> = if is_int8 {
            bytemuck::cast_slice::<u8, i8>(&found[0]).iter().map(|x| f64::from(*x)).collect()
        } else {
            found[0].chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]]))).collect()
        };
        let mut error: f64 = 0.0;
        for (row, found) in numbers.chunks(depth as usize).zip(found.chunks(depth as usize)) {
            let exps: Vec<_> = row.iter().map(|x| (f64::from(*x) * f64::from(scale)).exp()).collect();
            let sum: f64 = exps.iter().sum();
            for (exp, found) in exps.iter().zip(found) {
                let real = (found - zero_point as f64) * f64::from(step);
                // The largest output is one step below 1.
                let expected = (exp / sum).min(1.0 - f64::from(step));
                error = error.max((real - expected).abs() / f64::from(step));
            }
        }
        error
    }

    #[test]
    fn outputs_are_close_to_the_real_ones() {
        let random = &mut Random::new(3);
        for depth in [1, 2, 7, 40] {
            for scale in [0.01, 0.1] {
                let error = largest_error(TensorType::Int8, depth, scale, random);
                assert!(error <= 0.6, "int8, {depth} elements of scale {scale}: {error} steps");
                let error = largest_error(TensorType::Int16, depth, scale / 256.0, random);
                assert!(error <= 12.0, "int16, {depth} elements of scale {scale}: {error} steps");
            }
        }
    }
}
