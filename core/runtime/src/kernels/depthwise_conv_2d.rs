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
use super::dot::{CHANNELS, Quad};
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
    let wide_bias = i64::from(TensorType::Int64.code());
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

/// Neighbouring pixels whose sums wait to be scaled together.
const TILE: usize = 16;

/// int8 input and filter, one multiplier per output channel; `bias` may be empty.
///
/// Four channels at a time, at all pixels of a line whose windows have all their columns on the image.
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
    let has_quads = params.depth_multiplier == 1 && output_depth.is_multiple_of(CHANNELS);
    let mut sums = [[0; CHANNELS]; TILE];
    window.for_each_run(|taps, n_pixels, output_at| {
        let line = &mut output[output_at..][..n_pixels * output_depth];
        for channel in (0..output_depth).step_by(CHANNELS) {
            let n_channels = (output_depth - channel).min(CHANNELS);
            let mut taps = taps;
            for pixels in line.chunks_mut(TILE * output_depth) {
                let sums = &mut sums[..pixels.len() / output_depth];
                if has_quads {
                    image.sum_up(&taps, channel / CHANNELS, sums);
                } else {
                    image.sum_up_one_by_one(&taps, channel, n_channels, sums);
                }
                let outputs = &mut pixels[channel..];
                multipliers.finish_int8((channel, n_channels), &params.output, sums, outputs, output_depth);
                taps.input_at += sums.len() * image.steps.pixel;
            }
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
    /// The sums of the four channels of a quad at neighbouring pixels of which `taps` are those of the first, biases
    /// included. The input has as many channels as the output, a multiple of four.
    #[inline(never)]
    fn sum_up(&self, taps: &Visit, quad: usize, sums: &mut [Quad]) {
        let quads = Quads {
            inputs: self.input.as_chunks().0,
            weights: self.filter.as_chunks().0,
            depth: self.params.window.output_depth as usize / CHANNELS,
            row: self.steps.row / CHANNELS,
            column: self.steps.column / CHANNELS,
            pixel: self.steps.pixel / CHANNELS,
            tap_row: self.steps.tap_row * self.params.window.output_depth as usize / CHANNELS,
        };
        let mut input_at = taps.input_at / CHANNELS + quad;
        let tap_at = taps.tap * quads.depth + quad;
        // What the zero point of the input adds is the same for all pixels.
        let start = self.bias.as_chunks().0.get(quad).copied().unwrap_or([0; CHANNELS]);
        let start = quads.add_offset(taps, tap_at, self.params.input_offset, start);
        let (pairs, rest) = sums.as_chunks_mut();
        for pair in pairs {
            *pair = quads.sums_of_window::<2>(taps, input_at, tap_at, start);
            input_at += 2 * quads.pixel;
        }
        for single in rest.as_chunks_mut().0 {
            *single = quads.sums_of_window::<1>(taps, input_at, tap_at, start);
        }
    }

    /// The sums of up to four channels from `channel` on at neighbouring pixels, for any depth and multiplier.
    #[inline(never)]
    fn sum_up_one_by_one(&self, taps: &Visit, channel: usize, n_channels: usize, sums: &mut [Quad]) {
        let depth = self.params.window.output_depth as usize;
        for (pixel, sums) in sums.iter_mut().enumerate() {
            for (channel, sum) in (channel..channel + n_channels).zip(sums) {
                let input_at = taps.input_at
                    + pixel * self.steps.pixel
                    + channel / self.params.depth_multiplier as usize;
                *sum = self.bias.get(channel).copied().unwrap_or(0);
                for row in 0..taps.n_rows {
                    for column in 0..taps.n_columns {
                        let at = input_at + row * self.steps.row + column * self.steps.column;
                        let tap = taps.tap + row * self.steps.tap_row + column;
                        let input = i32::from(self.input[at]).wrapping_add(self.params.input_offset);
                        let weight = i32::from(self.filter[tap * depth + channel]);
                        *sum = sum.wrapping_add(input.wrapping_mul(weight));
                    }
                }
            }
        }
    }
}

/// Input and filter in quads of channels, and how many of them lie between neighbours.
struct Quads<'a> {
    inputs: &'a [[i8; CHANNELS]],
    weights: &'a [[i8; CHANNELS]],
    depth: usize,
    row: usize,
    column: usize,
    pixel: usize,
    tap_row: usize,
}

impl Quads<'_> {
    /// Adds the weights of all taps times `offset`.
    fn add_offset(&self, taps: &Visit, tap_at: usize, offset: i32, mut sums: Quad) -> Quad {
        for row in 0..taps.n_rows {
            let weights = &self.weights[tap_at + row * self.tap_row..];
            for weights in weights.iter().step_by(self.depth).take(taps.n_columns) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = sum.wrapping_add(offset.wrapping_mul(i32::from(*weight)));
                }
            }
        }
        sums
    }

    /// The products of all taps added to `start`, for a number of neighbouring pixels.
    #[inline(always)]
    fn sums_of_window<const PIXELS: usize>(
        &self,
        taps: &Visit,
        mut row_at: usize,
        mut row_tap: usize,
        start: Quad,
    ) -> [Quad; PIXELS] {
        let mut sums = [start; PIXELS];
        for _ in 0..taps.n_rows {
            // Slices of equal length need one check.
            let last = &self.inputs[row_at + (PIXELS - 1) * self.pixel..];
            let pixels: [_; PIXELS] =
                core::array::from_fn(|pixel| &self.inputs[row_at + pixel * self.pixel..][..last.len()]);
            let weights = &self.weights[row_tap..];
            let (mut at, mut tap) = (0, 0);
            for _ in 0..taps.n_columns {
                let weights = &weights[tap];
                for (sums, inputs) in sums.iter_mut().zip(pixels) {
                    let inputs = &inputs[at];
                    for c in 0..CHANNELS {
                        sums[c] =
                            sums[c].wrapping_add(i32::from(inputs[c]).wrapping_mul(i32::from(weights[c])));
                    }
                }
                at += self.column;
                tap += self.depth;
            }
            row_at += self.row;
            row_tap += self.tap_row;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::convolution_suite::DepthwiseProblem;
    use crate::test_support::kernel_suite;

    kernel_suite!(suite, ENTRY, DepthwiseProblem, 400);
}
