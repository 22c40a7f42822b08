//! TFLite FULLY_CONNECTED.
//!
//! Reference: micro/kernels/fully_connected.cc, fully_connected_common.cc,
//! kernels/internal/reference/integer_ops/fully_connected.h and kernels/internal/reference/fully_connected.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: input [batches, depth] in any number of dimensions, filter [units, depth], bias [units], output [batches,
//! units]. int8 sums have 32 bits and wrap; int16 sums have 64, or 32 with an int32 bias. LiteRT multiplies the sum with a
//! double and rounds once, halves away from zero.

use super::accumulate::{Accumulate, Arithmetic, with_sums};
use super::dot::{CHANNELS, dot};
use super::hybrid::{HYBRID, Order, eval_hybrid, save_hybrid};
use super::requantize::{ChannelMultipliers, Factors, OutputStage};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::fixed_point::{FloatRange, Multiplier, activation_range_float};
use crate::prepare::{PrepareContext, Semantics, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::FULLY_CONNECTED),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[
        exact("int8"),
        exact("int8 with int4 filter"),
        exact("int16 with int8 filter"),
        float("float32"),
        HYBRID,
    ],
};

record! {
    struct Params {
        arithmetic: Arithmetic,
        batches: u32,
        depth: u32,
        units: u32,
        input_offset: i32,
        filter_offset: i32,
        output: OutputStage,
        float_range: FloatRange,
        n_factors: u32,
        rounds_once: bool,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=3, 1)?;
    let input = context.input(0, "input")?;
    let filter = context.input(1, "filter")?;
    let bias = context.optional_input(2, "bias")?;
    let output = context.output(0, "output")?;
    let options = context.options("FullyConnectedOptions")?;
    let (bias_type, semantics) = (options.int("quantized_bias_type")?, context.semantics());
    let arithmetic = Arithmetic::choose(&input, &filter, bias.as_ref(), &output, bias_type, semantics);
    let arithmetic = arithmetic.map_err(|reason| in_own_words(reason, &filter))?;
    if options.int("weights_format")? != 0 {
        return Err(Reason::Unsupported("weights in a shuffled format"));
    }
    expect_equal("number of dimensions of the filter", filter.shape.rank(), 2)?;
    let (units, depth) = (filter.shape.dim(0), filter.shape.dim(1));
    expect_equal("units of the output", output.shape.last(), units)?;
    let batches = output.elements().checked_div(units).unwrap_or(0);
    expect_equal("elements of the input", input.elements(), batches * depth)?;
    if let Some(bias) = bias {
        expect_equal("elements of the bias", bias.elements(), units)?;
    }
    let activation = options.activation()?;
    let mut params = Params {
        arithmetic,
        batches: batches as u32,
        depth: depth as u32,
        units: units as u32,
        input_offset: 0,
        filter_offset: 0,
        output: OutputStage::NONE,
        float_range: activation_range_float(activation),
        n_factors: 0,
        rounds_once: semantics == Semantics::Litert,
    };
    if !arithmetic.is_quantized() {
        context.save(params)?;
        if arithmetic == Arithmetic::Hybrid {
            let n_scales = filter.quantization()?.map_or(0, |quantization| quantization.scales.len());
            if n_scales != 1 {
                expect_equal("number of scales of the filter", n_scales, units)?;
            }
            let is_asymmetric = options.bool("asymmetric_quantize_inputs")?;
            save_hybrid(context, &input, &filter, batches, is_asymmetric, Order::ScalesFirst)?;
        }
        return Ok(());
    }
    let filter_quantization = filter.quantization()?;
    let n_scales = filter_quantization.map_or(1, |quantization| quantization.scales.len());
    params.output = OutputStage::new(&output, activation)?;
    params.input_offset = input.scale_and_zero_point()?.1.wrapping_neg();
    params.n_factors = n_scales as u32;
    if n_scales > 1 {
        expect_equal("number of scales of the filter", n_scales, units)?;
        let dimension = filter_quantization.map_or(0, |quantization| quantization.dimension);
        expect_equal("quantized dimension of the filter", dimension.max(0) as usize, 0)?;
        if arithmetic == Arithmetic::Int4 && semantics == Semantics::Tflm {
            return Err(Reason::Unsupported("int4 filter with one scale per unit"));
        }
    } else {
        params.filter_offset = filter.scale_and_zero_point()?.1.wrapping_neg();
        check_bias_scale(&input, &filter, bias.as_ref(), &output)?;
    }
    context.save(params)?;
    save_factors(context, &params, &input, &filter, &output)
}

/// TFLM refuses hybrid layers in other words than hybrid convolutions.
fn in_own_words(reason: Reason, filter: &Tensor<'_>) -> Reason {
    match (reason, filter.ty) {
        (Reason::Unsupported(_), TensorType::Int8) => {
            Reason::Unsupported("Input type: FLOAT32 with filter type: INT8 not supported.")
        }
        (Reason::Unsupported(_), TensorType::Int4) => {
            Reason::Unsupported("Input type: FLOAT32 with filter type: INT4 not supported.")
        }
        _ => reason,
    }
}

/// TFLM refuses a bias whose scale is not about that of input times filter, where there is one scale per tensor
/// (`GetQuantizedConvolutionMultipler`, kernels/kernel_util.cc).
fn check_bias_scale(
    input: &Tensor<'_>,
    filter: &Tensor<'_>,
    bias: Option<&Tensor<'_>>,
    output: &Tensor<'_>,
) -> Result<(), Reason> {
    let Some(bias) = bias else { return Ok(()) };
    let (input_scale, _) = input.scale_and_zero_point()?;
    let (filter_scale, _) = filter.scale_and_zero_point()?;
    let (output_scale, _) = output.scale_and_zero_point()?;
    let (bias_scale, _) = bias.scale_and_zero_point_or_zero()?;
    let difference = f64::from(input_scale) * f64::from(filter_scale) - f64::from(bias_scale);
    if difference.abs() / f64::from(output_scale) <= 0.02 {
        return Ok(());
    }
    Err(Reason::Quantization { operand: bias.role, problem: "the scale is not that of input times filter" })
}

/// Saves the factor of every unit, or of all. With one scale per tensor TFLM multiplies those of input and filter in
/// float32.
fn save_factors(
    context: &mut PrepareContext<'_, '_>,
    params: &Params,
    input: &Tensor<'_>,
    filter: &Tensor<'_>,
    output: &Tensor<'_>,
) -> Result<(), Reason> {
    let problem = "a unit's factor of the output is not a number that fits";
    let bad = Reason::Quantization { operand: filter.role, problem };
    let (input_scale, _) = input.scale_and_zero_point()?;
    let (output_scale, _) = output.scale_and_zero_point()?;
    let quantization = filter.quantization()?.ok_or(bad)?;
    let max_shift = if params.arithmetic == Arithmetic::Int16 { 14 } else { 30 };
    let n_factors = params.n_factors as usize;
    let (low, high) = context.words(2 * n_factors)?.split_at_mut(n_factors);
    for ((low, high), scale) in low.iter_mut().zip(high).zip(quantization.scales.iter()) {
        let in_double = f64::from(input_scale) * f64::from(scale);
        if params.rounds_once {
            let factor = in_double / f64::from(output_scale);
            if !factor.is_finite() {
                return Err(bad);
            }
            (*low, *high) = (factor.to_bits() as u32, (factor.to_bits() >> 32) as u32);
            continue;
        }
        let product = if n_factors > 1 { in_double } else { f64::from(input_scale * scale) };
        let found = Multiplier::from_f64(product / f64::from(output_scale)).ok_or(bad)?;
        if found.multiplier < 0 || found.shift > max_shift {
            return Err(bad);
        }
        (*low, *high) = (found.multiplier as u32, found.shift as u32);
    }
    Ok(())
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    if params.arithmetic == Arithmetic::Hybrid {
        return eval_hybrid::<Params>(context, params.float_range, |sums| general(&params, sums));
    }
    let words = ChannelMultipliers::new(context.words_after::<Params>());
    let factors = if params.rounds_once { Factors::Double(words) } else { Factors::Fixed(words) };
    let ([output], operands) = context.split([Operand::Output(0)]);
    if params.arithmetic == Arithmetic::Int8 {
        let output = cast_mut(output);
        return int8(&params, factors, operands.input(0), operands.input(1), operands.input(2), output);
    }
    with_sums!(params.arithmetic, params, factors, operands, [0, 1, 2], output, |sums| {
        general(&params, &mut sums)
    })
}

/// Any arithmetic, output by output.
fn general(params: &Params, sums: &mut impl Accumulate) {
    let (depth, units) = (params.depth as usize, params.units as usize);
    for batch in 0..params.batches as usize {
        // A filter with a zero point adds the same to the sum of every unit.
        let start = sums.offset_run(batch * depth, depth, params.filter_offset);
        for unit in 0..units {
            let sum = sums.run(start, batch * depth, unit * depth, depth);
            sums.finish(batch * units + unit, unit, sum);
        }
    }
}

/// int8 input and filter; `bias` may be empty.
fn int8(params: &Params, factors: Factors<'_>, input: &[i8], filter: &[i8], bias: &[i32], output: &mut [i8]) {
    let (depth, units) = (params.depth as usize, params.units as usize);
    for batch in 0..params.batches as usize {
        let input = &input[batch * depth..][..depth];
        let filter_part = if params.filter_offset == 0 {
            0
        } else {
            let add =
                |sum: i32, value: &i8| sum.wrapping_add(i32::from(*value).wrapping_add(params.input_offset));
            input.iter().fold(0, add).wrapping_mul(params.filter_offset)
        };
        let output = &mut output[batch * units..][..units];
        for (group, output) in output.chunks_mut(CHANNELS).enumerate() {
            let first = group * CHANNELS;
            // Units that are not there do the work of the last one.
            let units = core::array::from_fn(|c| first + c.min(output.len() - 1));
            let mut sums = units.map(|unit| bias.get(unit).copied().unwrap_or(0).wrapping_add(filter_part));
            let weights = units.map(|unit| &filter[unit * depth..][..depth]);
            dot(input, weights, params.input_offset, &mut sums);
            for (c, (output, sum)) in output.iter_mut().zip(sums).enumerate() {
                *output = params.output.finish(factors.apply(first + c, sum)) as i8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed_point::{Activation, activation_range_quantized};
    use crate::test_support::{Problem, Random, TestModel, Value, bytes_of, kernel_suite};

    #[derive(Debug)]
    struct Int8Problem {
        sizes: [i32; 3],
        scales: [f32; 2],
        zero_points: [i32; 2],
        filter_scales: Vec<f32>,
        filter_zero_point: i32,
        activation: i64,
        input: Vec<i8>,
        filter: Vec<i8>,
        bias: Vec<i32>,
    }

    impl Problem for Int8Problem {
        fn random(random: &mut Random) -> Self {
            let sizes = [random.between(1, 3), random.between(1, 70), random.between(1, 13)];
            let [batches, depth, units] = sizes;
            let n_scales = random.choose(&[1, units]);
            let count = |a: i32, b: i32| (a * b) as usize;
            Self {
                sizes,
                scales: [random.scale() / 8.0, random.scale() * 8.0],
                zero_points: [random.between(-128, 127), random.between(-128, 127)],
                filter_scales: (0..n_scales).map(|_| random.scale()).collect(),
                // A zero point of the filter is taken with one scale only.
                filter_zero_point: if n_scales == 1 { random.choose(&[0, 0, -7, 100]) } else { 0 },
                activation: i64::from(random.choose(&[0, 1, 3])),
                input: random.i8s(count(batches, depth)),
                filter: random.i8s(count(units, depth)),
                bias: random.i32s(units as usize, -5000, 5000),
            }
        }

        fn model(&self) -> TestModel {
            let [batches, depth, units] = self.sizes;
            let mut model = TestModel::default();
            let zero_points = self.zero_points.map(i64::from);
            let input = model.quantized(TensorType::Int8, &[batches, depth], self.scales[0], zero_points[0]);
            let filter = model.constant(TensorType::Int8, &[units, depth], &self.filter);
            let filter_zero_points = vec![self.filter_zero_point.into(); self.filter_scales.len()];
            model.quantize(filter, &self.filter_scales, &filter_zero_points, 0);
            let bias = model.constant(TensorType::Int32, &[units], &self.bias);
            model.quantize(bias, &[self.scales[0] * self.filter_scales[0]], &[0], 0);
            let output = model.quantized(TensorType::Int8, &[batches, units], self.scales[1], zero_points[1]);
            let options = [("fused_activation_function", Value::Int(self.activation))];
            let table = ("FullyConnectedOptions", &options[..]);
            model.operator(BuiltinOperator::FULLY_CONNECTED, table, &[input, filter, bias], &[output]);
            model
        }

        fn inputs(&self) -> Vec<Vec<u8>> {
            vec![bytes_of(&self.input)]
        }

        fn reference(&self) -> Vec<Vec<u8>> {
            let [batches, depth, units] = self.sizes.map(|size| size as usize);
            let activation = Activation::from_code(self.activation);
            let [_, scale] = self.scales;
            let range =
                activation_range_quantized(activation, TensorType::Int8, scale, self.zero_points[1]).unwrap();
            let mut output = Vec::new();
            for batch in 0..batches {
                for unit in 0..units {
                    let sum: i32 = (0..depth)
                        .map(|d| {
                            let input = i32::from(self.input[batch * depth + d]) - self.zero_points[0];
                            input * (i32::from(self.filter[unit * depth + d]) - self.filter_zero_point)
                        })
                        .sum();
                    let product = match self.filter_scales[..] {
                        [only] => f64::from(self.scales[0] * only),
                        _ => f64::from(self.scales[0]) * f64::from(self.filter_scales[unit]),
                    };
                    let factor = Multiplier::from_f64(product / f64::from(scale)).unwrap();
                    output.push(range.clamp(factor.apply(sum + self.bias[unit]) + self.zero_points[1]) as i8);
                }
            }
            vec![bytes_of(&output)]
        }
    }

    kernel_suite!(int8, ENTRY, Int8Problem, 400);

    fn tie(semantics: Semantics, input: i8) -> i8 {
        let mut model = TestModel::default();
        let x = model.quantized(TensorType::Int8, &[1, 1], 0.5, 0);
        let filter = model.constant(TensorType::Int8, &[1, 1], &[1i8]);
        model.quantize(filter, &[1.0], &[0], 0);
        let output = model.quantized(TensorType::Int8, &[1, 1], 1.0, 0);
        let table = ("FullyConnectedOptions", &[][..]);
        model.operator(BuiltinOperator::FULLY_CONNECTED, table, &[x, filter], &[output]);
        let found = model.run(&[vec![input as u8]], semantics, &crate::Registry::default()).unwrap();
        found[0][0] as i8
    }

    #[test]
    fn runtimes_round_ties_apart() {
        // Halves of odd numbers, as TFLM's and LiteRT's packages give them.
        for (input, tflm, litert) in
            [(-5, -2, -3), (-3, -1, -2), (-1, 0, -1), (1, 1, 1), (3, 2, 2), (5, 3, 3)]
        {
            assert_eq!(tie(Semantics::Tflm, input), tflm, "{input} / 2 under TFLM");
            assert_eq!(tie(Semantics::Litert, input), litert, "{input} / 2 under LiteRT");
        }
    }

    #[test]
    fn hybrid_layers_are_refused_in_tflm_words() {
        let mut model = TestModel::default();
        let input = model.tensor(TensorType::Float32, &[1, 2]);
        let filter = model.constant(TensorType::Int8, &[1, 2], &[64i8, 127]);
        model.quantize(filter, &[0.01], &[0], 0);
        let output = model.tensor(TensorType::Float32, &[1, 1]);
        let table = ("FullyConnectedOptions", &[][..]);
        model.operator(BuiltinOperator::FULLY_CONNECTED, table, &[input, filter], &[output]);
        let inputs = [bytes_of(&[1.27f32, -0.64])];
        let error = model.run_tflm(&inputs).unwrap_err();
        let words = "operator 0 FULLY_CONNECTED: Input type: FLOAT32 with filter type: INT8 not supported.";
        assert_eq!(error, words);
        let found = model.run(&inputs, Semantics::Litert, &crate::Registry::default()).unwrap();
        let found = f32::from_le_bytes(found[0][..].try_into().unwrap());
        assert!(found.abs() < 1e-6, "{found} is not 64 * 1.27 - 127 * 0.64");
    }
}
