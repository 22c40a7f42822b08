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
use super::dot::CHANNELS;
use super::hybrid::{HYBRID, Order, eval_hybrid, save_hybrid};
use super::requantize::{ChannelMultipliers, Factors, OutputStage, save_channel_multipliers};
use super::window::{Steps, Visit, Window};
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

/// Channels whose sums wait to be scaled together.
const BLOCK: usize = 32;

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
    let output_depth = window.output_depth as usize;
    let image = Image { params, steps: window.steps(), input, filter, bias };
    let has_groups = params.depth_multiplier == 1;
    let mut sums = [[[0; CHANNELS]]; BLOCK / CHANNELS];
    window.for_each_run(|mut taps, n_pixels, output_at| {
        for pixel in output[output_at..][..n_pixels * output_depth].chunks_exact_mut(output_depth) {
            for (index, outputs) in pixel.chunks_mut(BLOCK).enumerate() {
                let first = index * BLOCK;
                let flat = &mut sums.as_flattened_mut().as_flattened_mut()[..outputs.len()];
                if has_groups && output_depth.is_multiple_of(8) {
                    image.sum_up_groups::<8>(&taps, first, flat);
                } else if has_groups && output_depth.is_multiple_of(4) {
                    image.sum_up_groups::<4>(&taps, first, flat);
                } else {
                    image.sum_up_tap_by_tap(&taps, first, flat);
                }
                multipliers.finish_int8(first, &params.output, &sums, 0, outputs);
            }
            taps.input_at += image.steps.pixel;
        }
    });
}

/// What all pixels of an int8 convolution have in common.
struct Image<'a> {
    params: &'a Params,
    steps: Steps,
    input: &'a [i8],
    filter: &'a [i8],
    bias: &'a [i32],
}

impl Image<'_> {
    /// The sums of channels from `first` on, biases included, `N` at a time in registers. The depth is a multiple of `N` and
    /// the same for input and output.
    #[inline(never)]
    fn sum_up_groups<const N: usize>(&self, taps: &Visit, first: usize, sums: &mut [i32]) {
        let depth = self.params.window.output_depth as usize / N;
        let (inputs, weights) = (self.input.as_chunks::<N>().0, self.filter.as_chunks::<N>().0);
        let biases = self.bias.as_chunks::<N>().0;
        let (row_step, column_step) = (self.steps.row / N, self.steps.column / N);
        let offset = self.params.input_offset;
        for (group, sums) in sums.as_chunks_mut::<N>().0.iter_mut().enumerate() {
            let channel = first / N + group;
            let mut local = biases.get(channel).copied().unwrap_or([0; N]);
            let mut row_at = taps.input_at / N + channel;
            let mut row_tap = taps.tap * depth + channel;
            for _ in 0..taps.n_rows {
                let (mut at, mut tap) = (row_at, row_tap);
                for _ in 0..taps.n_columns {
                    let (Some(values), Some(weights)) = (inputs.get(at), weights.get(tap)) else { break };
                    for c in 0..N {
                        let value = i32::from(values[c]) + offset;
                        local[c] = local[c].wrapping_add(value.wrapping_mul(i32::from(weights[c])));
                    }
                    at += column_step;
                    tap += depth;
                }
                row_at += row_step;
                row_tap += self.steps.tap_row * depth;
            }
            *sums = local;
        }
    }

    /// The sums of channels from `first` on, biases included, for any depth and multiplier.
    #[inline(never)]
    fn sum_up_tap_by_tap(&self, taps: &Visit, first: usize, sums: &mut [i32]) {
        let depth = self.params.window.output_depth as usize;
        let multiplier = self.params.depth_multiplier as usize;
        match self.bias.get(first..first + sums.len()) {
            Some(bias) => sums.copy_from_slice(bias),
            None => sums.fill(0),
        }
        for row in 0..taps.n_rows {
            for column in 0..taps.n_columns {
                let mut input_at =
                    taps.input_at + row * self.steps.row + column * self.steps.column + first / multiplier;
                let filter_at = (taps.tap + row * self.steps.tap_row + column) * depth + first;
                let mut left = multiplier - first % multiplier;
                for (sum, weight) in sums.iter_mut().zip(&self.filter[filter_at..]) {
                    let value = i32::from(self.input[input_at]) + self.params.input_offset;
                    *sum = sum.wrapping_add(value.wrapping_mul(i32::from(*weight)));
                    left -= 1;
                    if left == 0 {
                        (input_at, left) = (input_at + 1, multiplier);
                    }
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
