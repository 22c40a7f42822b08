//! TFLite FULLY_CONNECTED.
//!
//! Reference: micro/kernels/fully_connected.cc, fully_connected_common.cc and
//! kernels/internal/reference/integer_ops/fully_connected.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: input [batches, depth] in any number of dimensions, filter [units, depth], bias [units], output [batches,
//! units]. int8 sums have 32 bits and wrap. LiteRT rounds once, from the 64-bit product.

use super::dot::{CHANNELS, dot};
use super::requantize::OutputStage;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::Multiplier;
use crate::prepare::{PrepareContext, Semantics, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::FULLY_CONNECTED),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8")],
};

record! {
    struct Params {
        batches: u32,
        depth: u32,
        units: u32,
        input_offset: i32,
        filter_offset: i32,
        multiplier: Multiplier,
        output: OutputStage,
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
    input.expect_type(&[TensorType::Int8], "int8")?;
    filter.expect_type(&[TensorType::Int8], "int8")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    expect_equal("number of dimensions of the filter", filter.shape.rank(), 2)?;
    let (units, depth) = (filter.shape.dim(0), filter.shape.dim(1));
    expect_equal("units of the output", output.shape.last(), units)?;
    let batches = output.elements().checked_div(units).unwrap_or(0);
    expect_equal("elements of the input", input.elements(), batches * depth)?;
    if let Some(bias) = bias {
        bias.expect_type(&[TensorType::Int32], "int32")?;
        expect_equal("elements of the bias", bias.elements(), units)?;
    }
    let (_, input_zero_point) = input.scale_and_zero_point()?;
    let (_, filter_zero_point) = filter.scale_and_zero_point()?;
    let rounds_once = context.semantics() == Semantics::Litert;
    context.save(Params {
        batches: batches as u32,
        depth: depth as u32,
        units: units as u32,
        input_offset: input_zero_point.wrapping_neg(),
        filter_offset: filter_zero_point.wrapping_neg(),
        multiplier: tensor_multiplier(&input, &filter, bias.as_ref(), &output)?,
        output: OutputStage::new(&output, options.activation()?)?,
        rounds_once,
    })
}

/// The factor of the output with one scale per tensor: the scales of input and filter are multiplied in float32
/// (`GetQuantizedConvolutionMultipler`, kernels/kernel_util.cc).
fn tensor_multiplier(
    input: &Tensor<'_>,
    filter: &Tensor<'_>,
    bias: Option<&Tensor<'_>>,
    output: &Tensor<'_>,
) -> Result<Multiplier, Reason> {
    let (input_scale, _) = input.scale_and_zero_point()?;
    let (filter_scale, _) = filter.scale_and_zero_point()?;
    let (output_scale, _) = output.scale_and_zero_point()?;
    if let Some(bias) = bias {
        let (bias_scale, _) = bias.scale_and_zero_point_or_zero()?;
        let difference = f64::from(input_scale) * f64::from(filter_scale) - f64::from(bias_scale);
        if difference.abs() / f64::from(output_scale) > 0.02 {
            let problem = "the scale is not that of input times filter";
            return Err(Reason::Quantization { operand: bias.role, problem });
        }
    }
    let factor = f64::from(input_scale * filter_scale) / f64::from(output_scale);
    let problem = "the factor of the output is not a number that fits";
    Multiplier::from_f64(factor).ok_or(Reason::Quantization { operand: filter.role, problem })
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (output, operands) = context.output::<i8>();
    int8(&params, operands.input(0), operands.input(1), operands.input(2), output);
}

/// int8 input and filter with one multiplier; `bias` may be empty.
fn int8(params: &Params, input: &[i8], filter: &[i8], bias: &[i32], output: &mut [i8]) {
    let (depth, units) = (params.depth as usize, params.units as usize);
    for batch in 0..params.batches as usize {
        let input = &input[batch * depth..][..depth];
        let input_sum = input
            .iter()
            .fold(0i32, |sum, value| sum.wrapping_add(i32::from(*value).wrapping_add(params.input_offset)));
        // A filter with a zero point adds the same to the sum of every unit.
        let filter_part = input_sum.wrapping_mul(params.filter_offset);
        let output = &mut output[batch * units..][..units];
        for (group, output) in output.chunks_mut(CHANNELS).enumerate() {
            let unit = |c: usize| (group * CHANNELS + c).min(units - 1);
            let mut sums =
                [core::array::from_fn(|c| bias.get(unit(c)).copied().unwrap_or(0).wrapping_add(filter_part))];
            let weights = core::array::from_fn(|c| &filter[unit(c) * depth..][..depth]);
            dot([input], weights, params.input_offset, &mut sums);
            for (output, sum) in output.iter_mut().zip(sums[0]) {
                let multiplier = params.multiplier;
                let scaled =
                    if params.rounds_once { multiplier.apply_single(sum) } else { multiplier.apply(sum) };
                *output = params.output.finish(scaled) as i8;
            }
        }
    }
}
