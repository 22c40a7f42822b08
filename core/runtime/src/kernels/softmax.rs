//! TFLite SOFTMAX over the last dimension.
//!
//! Reference: micro/kernels/softmax.cc, softmax_common.cc and kernels/internal/reference/softmax.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Input and output have the same shape. int8: `exp` of the distance to the row's maximum in Q5.26, the sum in Q12.19, its
//! reciprocal by Newton-Raphson; distances of which nothing would be left are skipped.

use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{
    Multiplier, exp_on_negative_values, multiply_by_quantized_multiplier, one_over_one_plus_x_for_x_in_0_1,
    rescale, rounding_divide_by_pot, saturating_rounding_doubling_high_mul,
};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SOFTMAX),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8")],
};

/// Integer bits of a scaled distance and of the sum.
const DISTANCE_BITS: u32 = 5;
const SUM_BITS: i32 = 12;

record! {
    struct Params {
        depth: u32,
        multiplier: Multiplier,
        /// Distances below this one count as nothing.
        distance_min: i32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    input.expect_type(&[TensorType::Int8], "int8")?;
    output.expect_type(&[TensorType::Int8], "int8")?;
    if input.shape.rank() == 0 {
        return Err(Reason::Range {
            what: "number of dimensions of the input",
            found: 0,
            expected: "at least 1",
        });
    }
    expect_equal("elements of the output", output.elements(), input.elements())?;
    expect_equal("size of the last dimension of the output", output.shape.last(), input.shape.last())?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    if output_scale != 1.0 / 256.0 || output_zero_point != -128 {
        let problem = "it has to be scale 1/256 and zero point -128";
        return Err(Reason::Quantization { operand: output.role, problem });
    }
    let (input_scale, _) = input.scale_and_zero_point()?;
    let beta = context.options("SoftmaxOptions")?.float("beta")?;
    let multiplier = distance_multiplier(f64::from(beta), f64::from(input_scale))
        .ok_or(Reason::Quantization { operand: input.role, problem: "the scale times beta is too small" })?;
    // CalculateInputRadius with 31 bits: the distance that the multiplier turns into the largest Q5.26 number.
    let radius = f64::from((1 << DISTANCE_BITS) - 1) * f64::from(1 << (31 - DISTANCE_BITS))
        / (1u64 << multiplier.shift) as f64;
    let distance_min = (-libm::floor(radius)) as i32;
    context.save(Params { depth: input.shape.last() as u32, multiplier, distance_min })
}

/// The factor from a distance of quantized inputs to Q5.26 (`PreprocessSoftmaxScaling`,
/// kernels/internal/quantization_util.cc); `None` if it is not above 1.
fn distance_multiplier(beta: f64, input_scale: f64) -> Option<Multiplier> {
    let factor = beta * input_scale * f64::from(1 << (31 - DISTANCE_BITS));
    let factor = if factor > f64::from(i32::MAX) { f64::from(i32::MAX) } else { factor };
    let multiplier = Multiplier::from_f64(factor).or_else(|| {
        // The largest factor needs a shift of 31, which from_f64 does not give.
        (factor > f64::from(1 << 30)).then_some(Multiplier { multiplier: i32::MAX, shift: 31 })
    });
    multiplier.filter(|_| factor > 1.0)
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (output, operands) = context.output::<i8>();
    int8(&params, operands.input(0), output);
}

fn int8(params: &Params, input: &[i8], output: &mut [i8]) {
    let depth = (params.depth as usize).max(1);
    for (input, output) in input.chunks_exact(depth).zip(output.chunks_exact_mut(depth)) {
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
        let exponent = (bits_over_unit + 31 - 8).clamp(0, 31);
        for (output, value) in output.iter_mut().zip(input) {
            *output = exp_of(*value).map_or(i8::MIN, |exp| {
                let scaled = saturating_rounding_doubling_high_mul(reciprocal, exp);
                (rounding_divide_by_pot(scaled, exponent) - 128).clamp(-128, 127) as i8
            });
        }
    }
}

/// `1 / x` of a positive Q`integer_bits` number as a fraction in (1/2, 1), and the number of bits that it has to be
/// shifted to the right (`GetReciprocal`, kernels/internal/common.h).
pub(crate) fn reciprocal(x: i32, integer_bits: i32) -> (i32, i32) {
    let headroom_plus_one = x.leading_zeros();
    let above_one = (x as u32).wrapping_shl(headroom_plus_one).wrapping_sub(1 << 31) as i32;
    (one_over_one_plus_x_for_x_in_0_1(above_one), integer_bits - headroom_plus_one as i32)
}
