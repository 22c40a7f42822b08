//! TFLite DEPTHWISE_CONV_2D.
//!
//! Reference: micro/kernels/depthwise_conv.cc, depthwise_conv_common.cc,
//! kernels/internal/reference/integer_ops/depthwise_conv.h and kernels/internal/reference/depthwiseconv_float.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: input [batches, height, width, depth], filter [1, height, width, depth * multiplier], bias and output depth
//! the same; output channel `c` sees input channel `c / multiplier`. int8 sums have 32 bits and wrap, int16 sums have 64
//! and no zero points; float products are added row by row, the bias last.

use super::accumulate::{Accumulate, Arithmetic, with_sums};
use super::hybrid::{HYBRID, Order, eval_hybrid, save_hybrid};
use super::requantize::{ChannelMultipliers, Factors, OutputStage, save_channel_multipliers};
use super::window::Window;
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::fixed_point::{FloatRange, activation_range_float};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::DEPTHWISE_CONV_2D),
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
        window: Window,
        depth_multiplier: u32,
        input_offset: i32,
        output: OutputStage,
        float_range: FloatRange,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=3, 1)?;
    let input = context.input(0, "input")?;
    let filter = context.input(1, "filter")?;
    let bias = context.optional_input(2, "bias")?;
    let output = context.output(0, "output")?;
    let options = context.options("DepthwiseConv2DOptions")?;
    let wide_bias = TensorType::Int64 as i64;
    let arithmetic =
        Arithmetic::choose(&input, &filter, bias.as_ref(), &output, wide_bias, context.semantics())?;
    if arithmetic == Arithmetic::Int16Sum32 {
        return Err(Reason::Type {
            operand: "bias",
            found: TensorType::Int32,
            expected: "int64, with int16 input",
        });
    }
    expect_equal("number of dimensions of the filter", filter.shape.rank(), 4)?;
    expect_equal("first dimension of the filter", filter.shape.dim(0), 1)?;
    let filter_size = (filter.shape.dim(1), filter.shape.dim(2));
    let dilation = (options.positive("dilation_h_factor")?, options.positive("dilation_w_factor")?);
    let window = Window::new(&input, &output, &options, filter_size, dilation)?;
    expect_equal("output channels of the filter", filter.shape.dim(3), output.shape.dim(3))?;
    if let Some(bias) = bias {
        expect_equal("elements of the bias", bias.elements(), output.shape.dim(3))?;
    }
    let depth_multiplier = options.positive("depth_multiplier")? as usize;
    let depth = input.shape.dim(3).saturating_mul(depth_multiplier);
    expect_equal("depth of the output", output.shape.dim(3), depth)?;
    let activation = options.activation()?;
    let mut params = Params {
        arithmetic,
        window,
        depth_multiplier: depth_multiplier as u32,
        input_offset: 0,
        output: OutputStage::NONE,
        float_range: activation_range_float(activation),
    };
    if !arithmetic.is_quantized() {
        context.save(params)?;
        if arithmetic == Arithmetic::Hybrid {
            let n_scales = filter.quantization()?.map_or(0, |quantization| quantization.scales.len());
            expect_equal("number of scales of the filter", n_scales, output.shape.dim(3))?;
            save_hybrid(context, &input, &filter, input.shape.dim(0), true, Order::ScalesFirst)?;
        }
        return Ok(());
    }
    params.output = OutputStage::new(&output, activation)?;
    if arithmetic.is_int16() {
        params.output.offset = 0;
    } else {
        params.input_offset = input.scale_and_zero_point()?.1.wrapping_neg();
    }
    context.save(params)?;
    save_channel_multipliers(context, &input, &filter, &output, 3, arithmetic == Arithmetic::Int16)
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    if params.arithmetic == Arithmetic::Hybrid {
        return eval_hybrid::<Params>(context, params.float_range, |sums| general(&params, sums));
    }
    let multipliers = ChannelMultipliers::new(context.words_after::<Params>());
    let ([output], operands) = context.split([Operand::Output(0)]);
    if params.arithmetic == Arithmetic::Int8 {
        let output = cast_mut(output);
        return int8(&params, multipliers, operands.input(0), operands.input(1), operands.input(2), output);
    }
    with_sums!(params.arithmetic, params, Factors::Fixed(multipliers), operands, [0, 1, 2], output, |sums| {
        general(&params, &mut sums)
    })
}

/// Any arithmetic: output by output, tap by tap.
fn general(params: &Params, sums: &mut impl Accumulate) {
    let window = &params.window;
    let output_depth = window.output_depth as usize;
    let depth_multiplier = params.depth_multiplier as usize;
    window.for_each_output(|batch, y, x, output_at| {
        let (rows, columns) = (window.rows(y), window.columns(x));
        for channel in 0..output_depth {
            let mut sum = sums.zero();
            for row in rows.start..rows.end {
                for column in columns.start..columns.end {
                    let input_at =
                        window.input_at(batch, &rows, row, &columns, column) + channel / depth_multiplier;
                    let filter_at = window.filter_at(0, row, column) * output_depth + channel;
                    sum = sums.run(sum, input_at, filter_at, 1);
                }
            }
            sums.finish(output_at + channel, channel, sum);
        }
    });
}

/// int8 input and filter, one multiplier per output channel; `bias` may be empty.
fn int8(
    params: &Params,
    multipliers: ChannelMultipliers<'_>,
    input: &[i8],
    filter: &[i8],
    bias: &[i32],
    output: &mut [i8],
) {
    let window = &params.window;
    let depth = window.input_depth as usize;
    let output_depth = window.output_depth as usize;
    let depth_multiplier = params.depth_multiplier as usize;
    let (input_width, filter_width) = (window.input_width as usize, window.filter_width as usize);
    let image = window.input_height as usize * input_width * depth;
    let mut pixels = output.chunks_exact_mut(output_depth.max(1));
    for batch in 0..window.batches as usize {
        for y in 0..window.output_height as usize {
            let rows = window.rows(y);
            for x in 0..window.output_width as usize {
                let columns = window.columns(x);
                let Some(pixel) = pixels.next() else { return };
                for (channel, out) in pixel.iter_mut().enumerate() {
                    let input_channel = channel / depth_multiplier;
                    let mut sum = bias.get(channel).copied().unwrap_or(0);
                    for row in rows.start..rows.end {
                        let input_y = (rows.origin + row as isize * window.dilation_height as isize) as usize;
                        for column in columns.start..columns.end {
                            let input_x =
                                (columns.origin + column as isize * window.dilation_width as isize) as usize;
                            let at =
                                batch * image + (input_y * input_width + input_x) * depth + input_channel;
                            let weight =
                                i32::from(filter[(row * filter_width + column) * output_depth + channel]);
                            let value = i32::from(input[at]) + params.input_offset;
                            sum = sum.wrapping_add(value.wrapping_mul(weight));
                        }
                    }
                    *out = params.output.finish(multipliers.get(channel).apply(sum)) as i8;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::convolution_suite::DepthwiseProblem;
    use crate::test_support::kernel_suite;

    kernel_suite!(suite, ENTRY, DepthwiseProblem, 400);
}
