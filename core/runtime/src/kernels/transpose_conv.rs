//! TFLite TRANSPOSE_CONV.
//!
//! Reference: micro/kernels/transpose_conv.cc, kernels/internal/reference/integer_ops/transpose_conv.h and
//! kernels/internal/reference/transpose_conv.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Inputs: output shape (not read, as there), filter [output depth, height, width, depth], input [batches, height, width,
//! depth], bias [output depth]. The reference spreads every input over the outputs that it reaches, in a buffer of sums; here
//! every output collects the inputs that reach it, in the same order, without a buffer. int8 sums have 32 bits and wrap,
//! int16 sums have 64 and no zero points.

use super::accumulate::{Accumulate, Arithmetic, QuantizedSums, with_sums};
use super::requantize::{ChannelMultipliers, Factors, OutputStage, save_channel_multipliers};
use super::window::{Window, padding};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::fixed_point::{FloatRange, activation_range_float};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::TRANSPOSE_CONV),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("int16 with int8 filter"), float("float32")],
};

/// A position among the inputs where there is none.
const NO_INPUT: usize = usize::MAX;

record! {
    struct Params {
        arithmetic: Arithmetic,
        has_int16_bias: bool,
        /// Sizes of input, filter and output; padding is how far the first filter lies before the output.
        window: Window,
        input_offset: i32,
        output: OutputStage,
        float_range: FloatRange,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(3..=4, 1)?;
    let filter = context.input(1, "filter")?;
    let input = context.input(2, "input")?;
    let bias = context.optional_input(3, "bias")?;
    let output = context.output(0, "output")?;
    let options = context.options("TransposeConvOptions")?;
    let wide_bias = i64::from(TensorType::Int64.code());
    let narrow_bias = input.ty == TensorType::Int16 && bias.is_some_and(|bias| bias.ty == TensorType::Int16);
    let checked_bias = bias.as_ref().filter(|_| !narrow_bias);
    let arithmetic =
        Arithmetic::choose(&input, &filter, checked_bias, &output, wide_bias, context.semantics())?;
    match arithmetic {
        Arithmetic::Int8 | Arithmetic::Int16 | Arithmetic::Float32 => (),
        Arithmetic::Int16Sum32 => {
            let expected = "int16 or int64, with int16 input";
            return Err(Reason::Type { operand: "bias", found: TensorType::Int32, expected });
        }
        Arithmetic::Int4 | Arithmetic::Hybrid => {
            return Err(Reason::Unsupported("Hybrid models are not supported on TFLite Micro."));
        }
    }
    expect_equal("number of dimensions of the input", input.shape.rank(), 4)?;
    expect_equal("number of dimensions of the filter", filter.shape.rank(), 4)?;
    expect_equal("number of dimensions of the output", output.shape.rank(), 4)?;
    expect_equal("batches of the output", output.shape.dim(0), input.shape.dim(0))?;
    expect_equal("depth of the filter", filter.shape.dim(3), input.shape.dim(3))?;
    expect_equal("output channels of the filter", filter.shape.dim(0), output.shape.dim(3))?;
    if let Some(bias) = bias {
        expect_equal("elements of the bias", bias.elements(), output.shape.dim(3))?;
    }
    let (stride_height, stride_width) = (options.positive("stride_h")?, options.positive("stride_w")?);
    let is_same = options.int("padding")? == 0;
    let size = |tensor: &crate::tensor::Tensor<'_>, axis: usize| tensor.shape.dim(axis) as u32;
    let window = Window {
        batches: size(&input, 0),
        input_height: size(&input, 1),
        input_width: size(&input, 2),
        input_depth: size(&input, 3),
        output_height: size(&output, 1),
        output_width: size(&output, 2),
        output_depth: size(&output, 3),
        filter_height: size(&filter, 1),
        filter_width: size(&filter, 2),
        stride_height,
        stride_width,
        dilation_height: 1,
        dilation_width: 1,
        // The padding of the convolution that leads back from the output to the input.
        pad_top: padding(output.shape.dim(1), filter.shape.dim(1), stride_height, is_same)?,
        pad_left: padding(output.shape.dim(2), filter.shape.dim(2), stride_width, is_same)?,
    };
    let activation = options.activation()?;
    let mut params = Params {
        arithmetic,
        has_int16_bias: narrow_bias,
        window,
        input_offset: 0,
        output: OutputStage::NONE,
        float_range: activation_range_float(activation),
    };
    if arithmetic == Arithmetic::Float32 {
        return context.save(params);
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
    let multipliers = ChannelMultipliers::new(context.words_after::<Params>());
    let ([output], operands) = context.split([Operand::Output(0)]);
    if params.has_int16_bias {
        let factors = Factors::Fixed(multipliers);
        let wide = QuantizedSums::new(&operands, [2, 1, NO_INPUT], output, 0, factors, params.output);
        return general(&params, &mut Int16BiasSums { wide, bias: operands.input(3) });
    }
    with_sums!(params.arithmetic, params, Factors::Fixed(multipliers), operands, [2, 1, 3], output, |sums| {
        general(&params, &mut sums)
    })
}

/// Any arithmetic: output by output, input by input in the order of memory.
fn general(params: &Params, sums: &mut impl Accumulate) {
    let window = &params.window;
    let depth = window.input_depth as usize;
    window.for_each_output(|batch, y, x, output_at| {
        let rows =
            Sources::new(y, window.pad_top, window.stride_height, window.filter_height, window.input_height);
        let columns =
            Sources::new(x, window.pad_left, window.stride_width, window.filter_width, window.input_width);
        for channel in 0..window.output_depth as usize {
            let mut sum = sums.zero();
            for (input_y, row) in rows {
                for (input_x, column) in columns {
                    let line = batch * window.input_height as usize + input_y;
                    let input_at = (line * window.input_width as usize + input_x) * depth;
                    let filter_at = window.filter_at(channel, row, column) * depth;
                    sum = sums.run(sum, input_at, filter_at, depth);
                }
            }
            sums.finish(output_at + channel, channel, sum);
        }
    });
}

/// int16 sums with a bias of 16 bits, which only this operator takes.
struct Int16BiasSums<'a> {
    wide: QuantizedSums<'a, i16, i64, i16>,
    bias: &'a [i16],
}

impl Accumulate for Int16BiasSums<'_> {
    type Sum = i64;

    fn zero(&self) -> i64 {
        0
    }

    fn run(&self, sum: i64, input_at: usize, filter_at: usize, length: usize) -> i64 {
        self.wide.run(sum, input_at, filter_at, length)
    }

    fn finish(&mut self, output_at: usize, channel: usize, sum: i64) {
        let bias = self.bias.get(channel).copied().unwrap_or(0);
        self.wide.finish(output_at, channel, sum.wrapping_add(i64::from(bias)));
    }
}

/// The inputs that reach an output along one dimension, with the tap by which they do: `output = input * stride - pad +
/// tap`.
#[derive(Clone, Copy)]
struct Sources {
    input: usize,
    end: usize,
    /// The tap of the next input plus 1, so that 0 is the end.
    tap_plus_1: usize,
    stride: usize,
}

impl Sources {
    fn new(output: usize, pad: u32, stride: u32, filter: u32, input: u32) -> Self {
        let (padded, stride, filter) = (output + pad as usize, stride as usize, filter as usize);
        // The first input whose last tap reaches as far as the output.
        let first = (padded + 1).saturating_sub(filter).div_ceil(stride);
        let tap_plus_1 = (padded + 1).saturating_sub(first * stride);
        Self { input: first, end: input as usize, tap_plus_1, stride }
    }
}

impl Iterator for Sources {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        if self.input >= self.end || self.tap_plus_1 == 0 {
            return None;
        }
        let item = (self.input, self.tap_plus_1 - 1);
        self.input += 1;
        self.tap_plus_1 = self.tap_plus_1.saturating_sub(self.stride);
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::convolution_suite::TransposeProblem;
    use crate::test_support::kernel_suite;

    kernel_suite!(suite, ENTRY, TransposeProblem, 400);

    #[test]
    fn sources_are_the_inputs_that_reach_an_output() {
        for (pad, stride, filter, input) in
            [(0, 1, 3, 5), (1, 2, 3, 4), (2, 3, 5, 3), (0, 4, 2, 3), (3, 1, 4, 2)]
        {
            for output in 0..16usize {
                let expected: Vec<_> = (0..input as usize)
                    .filter_map(|at| {
                        let tap = (output + pad as usize).checked_sub(at * stride as usize)?;
                        (tap < filter as usize).then_some((at, tap))
                    })
                    .collect();
                let found: Vec<_> = Sources::new(output, pad, stride, filter, input).collect();
                assert_eq!(found, expected, "output {output}, pad {pad}, stride {stride}, filter {filter}");
            }
        }
    }
}
