//! TFLite CONV_2D.
//!
//! Reference: micro/kernels/conv.cc, conv_common.cc, kernels/internal/reference/integer_ops/conv.h and
//! kernels/internal/reference/conv.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: input [batches, height, width, depth], filter [output depth, height, width, depth / groups], bias [output depth],
//! output [batches, height, width, output depth]. int8 sums have 32 bits and wrap, int16 sums have 64 (32 with an int32
//! bias) and no zero points; float products are added row by row, the bias last. Padding counts as the zero point.

use super::accumulate::{Accumulate, Arithmetic, with_sums};
use super::dot::{CHANNELS, Quad, add_products};
use super::hybrid::{HYBRID, Order, eval_hybrid, save_hybrid};
use super::requantize::{ChannelMultipliers, Factors, OutputStage, save_channel_multipliers};
use super::window::{Steps, Visit, Window};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::fixed_point::{FloatRange, activation_range_float};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::BuiltinOperator;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::CONV_2D),
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
        /// Depth of a filter: that of the input divided by the number of groups.
        filter_depth: u32,
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
    let options = context.options("Conv2DOptions")?;
    let (bias_type, semantics) = (options.int("quantized_bias_type")?, context.semantics());
    let arithmetic = Arithmetic::choose(&input, &filter, bias.as_ref(), &output, bias_type, semantics)?;
    expect_equal("number of dimensions of the filter", filter.shape.rank(), 4)?;
    let filter_size = (filter.shape.dim(1), filter.shape.dim(2));
    let dilation = (options.positive("dilation_h_factor")?, options.positive("dilation_w_factor")?);
    let window = Window::new(&input, &output, &options, filter_size, dilation)?;
    expect_equal("output channels of the filter", filter.shape.dim(0), output.shape.dim(3))?;
    if let Some(bias) = bias {
        expect_equal("elements of the bias", bias.elements(), output.shape.dim(3))?;
    }
    let filter_depth = filter.shape.dim(3);
    if filter_depth == 0 || !input.shape.dim(3).is_multiple_of(filter_depth) {
        let found = filter_depth as i64;
        return Err(Reason::Range {
            what: "depth of the filter",
            found,
            expected: "a divisor of the input's",
        });
    }
    let groups = input.shape.dim(3) / filter_depth;
    if groups == 0 || !output.shape.dim(3).is_multiple_of(groups) {
        let found = output.shape.dim(3) as i64;
        return Err(Reason::Range {
            what: "depth of the output",
            found,
            expected: "a multiple of the groups",
        });
    }
    let activation = options.activation()?;
    let mut params = Params {
        arithmetic,
        window,
        filter_depth: filter_depth as u32,
        input_offset: 0,
        output: OutputStage::NONE,
        float_range: activation_range_float(activation),
    };
    if !arithmetic.is_quantized() {
        context.save(params)?;
        if arithmetic == Arithmetic::Hybrid {
            // Scales that differ quantize the input with a zero point, one for all without.
            let scales = filter.quantization()?.map_or_else(Default::default, |found| found.scales);
            let n_scales = scales.len();
            let is_per_channel = scales.iter().any(|scale| Some(scale) != scales.get(0)) || groups != 1;
            if n_scales != 1 {
                expect_equal("number of scales of the filter", n_scales, output.shape.dim(3))?;
            }
            let order = if is_per_channel { Order::FilterFirst } else { Order::ScalesFirst };
            save_hybrid(context, &input, &filter, input.shape.dim(0), is_per_channel, order)?;
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
    save_channel_multipliers(context, &input, &filter, &output, 0, arithmetic == Arithmetic::Int16)
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
    let (depth, filter_depth) = (window.input_depth as usize, params.filter_depth as usize);
    let output_depth = window.output_depth as usize;
    let channels_per_group = (output_depth * filter_depth).checked_div(depth).unwrap_or(0);
    window.for_each_output(|batch, y, x, output_at| {
        let (rows, columns) = (window.rows(y), window.columns(x));
        for channel in 0..output_depth {
            let group = channel / channels_per_group;
            let mut sum = sums.zero();
            for row in rows.start..rows.end {
                for column in columns.start..columns.end {
                    let input_at =
                        window.input_at(batch, &rows, row, &columns, column) + group * filter_depth;
                    let filter_at = window.filter_at(channel, row, column) * filter_depth;
                    sum = sums.run(sum, input_at, filter_at, filter_depth);
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
/// Four channels at a time, at all pixels of a line whose windows have all their columns on the image; so the weights of
/// four channels stay in the cache for a line.
fn int8(
    params: &Params,
    multipliers: ChannelMultipliers<'_>,
    input: &[i8],
    filter: &[i8],
    bias: &[i32],
    output: &mut [i8],
) {
    let window = &params.window;
    let (depth, filter_depth) = (window.input_depth as usize, params.filter_depth as usize);
    let output_depth = window.output_depth as usize;
    let channels_per_group = (output_depth * filter_depth).checked_div(depth).unwrap_or(0).max(1);
    let image = Image { params, steps: window.steps(), input, filter, bias };
    let mut sums = [[0; CHANNELS]; TILE];
    window.for_each_run(|taps, n_pixels, output_at| {
        let line = &mut output[output_at..][..n_pixels * output_depth];
        for (group, start) in (0..output_depth).step_by(channels_per_group).enumerate() {
            let end = start + channels_per_group;
            for channel in (start..end).step_by(CHANNELS) {
                let n_channels = (end - channel).min(CHANNELS);
                let mut taps = Visit { input_at: taps.input_at + group * filter_depth, ..taps };
                for pixels in line.chunks_mut(TILE * output_depth) {
                    let sums = &mut sums[..pixels.len() / output_depth];
                    image.sum_up(&taps, channel, n_channels, sums);
                    let outputs = &mut pixels[channel..];
                    multipliers.finish_int8(
                        (channel, n_channels),
                        &params.output,
                        sums,
                        outputs,
                        output_depth,
                    );
                    taps.input_at += sums.len() * image.steps.pixel;
                }
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
    /// The sums of four channels, or of fewer (then the others are anything), at neighbouring pixels of which `taps` are those
    /// of the first; biases included.
    #[inline(never)]
    fn sum_up(&self, taps: &Visit, channel: usize, n_channels: usize, sums: &mut [Quad]) {
        let window = &self.params.window;
        let filter_size =
            window.filter_height as usize * window.filter_width as usize * self.params.filter_depth as usize;
        // Channels that are not there do the work of the last one.
        let channels = core::array::from_fn(|c| channel + c.min(n_channels - 1));
        let weights = channels.map(|channel| &self.filter[channel * filter_size..][..filter_size]);
        let biases = channels.map(|channel| self.bias.get(channel).copied().unwrap_or(0));
        let mut taps = *taps;
        let (pairs, rest) = sums.as_chunks_mut();
        for pair in pairs {
            *pair = self.sums_of_window::<2, 1>(&taps, weights, biases);
            taps.input_at += 2 * self.steps.pixel;
        }
        for single in rest.as_chunks_mut().0 {
            *single = self.sums_of_window::<1, 2>(&taps, weights, biases);
        }
    }

    /// The biases and the products of all taps, for a number of neighbouring pixels.
    #[inline(always)]
    fn sums_of_window<const PIXELS: usize, const STEP: usize>(
        &self,
        taps: &Visit,
        weights: [&[i8]; CHANNELS],
        biases: Quad,
    ) -> [Quad; PIXELS] {
        let filter_depth = self.params.filter_depth as usize;
        // Taps of a row lie side by side in memory if nothing is left out between them.
        let is_dense = self.steps.column == filter_depth;
        let (n_runs, length) =
            if is_dense { (1, taps.n_columns * filter_depth) } else { (taps.n_columns, filter_depth) };
        let offset = self.params.input_offset;
        let (mut row_at, mut row_tap) = (taps.input_at, taps.tap * filter_depth);
        let mut sums = [biases; PIXELS];
        for _ in 0..taps.n_rows {
            let (mut at, mut tap) = (row_at, row_tap);
            for _ in 0..n_runs {
                let inputs =
                    core::array::from_fn(|pixel| &self.input[at + pixel * self.steps.pixel..][..length]);
                let weights = weights.map(|weights| &weights[tap..][..length]);
                add_products::<PIXELS, STEP>(inputs, weights, offset, &mut sums);
                at += self.steps.column;
                tap += filter_depth;
            }
            row_at += self.steps.row;
            row_tap += self.steps.tap_row * filter_depth;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::convolution_suite::ConvProblem;
    use crate::schema::TensorType;
    use crate::test_support::{TestModel, Value, kernel_suite};

    kernel_suite!(suite, ENTRY, ConvProblem, 400);

    fn check_refused(change: impl FnOnce(&mut Vec<(&'static str, Value)>, &mut [i32; 4]), expected: &str) {
        let mut options =
            vec![("padding", Value::Int(1)), ("stride_h", Value::Int(1)), ("stride_w", Value::Int(1))];
        let mut filter_shape = [1, 2, 2, 1];
        change(&mut options, &mut filter_shape);
        let mut model = TestModel::default();
        let input = model.tensor(TensorType::Float32, &[1, 4, 4, 1]);
        let count = filter_shape.iter().product::<i32>() as usize;
        let filter = model.constant(TensorType::Float32, &filter_shape, &vec![1.0f32; count]);
        let output = model.tensor(TensorType::Float32, &[1, 3, 3, 1]);
        model.operator(BuiltinOperator::CONV_2D, ("Conv2DOptions", &options), &[input, filter], &[output]);
        let error = model.run_tflm(&[vec![0; 64]]).map(|_| ()).unwrap_err();
        assert_eq!(error, format!("operator 0 CONV_2D: {expected}"));
    }

    #[test]
    fn impossible_layers_are_refused() {
        check_refused(|options, _| options.clear(), "stride_h is 0, expected a positive number");
        check_refused(
            |options, _| options[2].1 = Value::Int(-1),
            "stride_w is -1, expected a positive number",
        );
        check_refused(|options, _| options[1].1 = Value::Int(2), "height of the output is 3, expected 2");
        check_refused(|_, shape| shape[3] = 2, "depth of the filter is 2, expected a divisor of the input's");
        check_refused(|_, shape| shape[0] = 2, "output channels of the filter is 2, expected 1");
    }
}
