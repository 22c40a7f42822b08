//! TFLite AVERAGE_POOL_2D and MAX_POOL_2D.
//!
//! Reference: micro/kernels/pooling.cc, pooling_common.cc and kernels/internal/reference/integer_ops/pooling.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: input and output [batches, height, width, depth]. Positions beyond the image do not count; an average is
//! rounded to nearest, halves away from zero, and input and output have the same quantization.

use super::window::Window;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{QuantizedRange, activation_range_quantized};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// The entries of the dispatch table.
pub const AVERAGE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::AVERAGE_POOL_2D),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval_average) }],
    support: &[exact("int8")],
};
/// MAX_POOL_2D.
pub const MAX: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::MAX_POOL_2D),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval_max) }],
    support: &[exact("int8")],
};

record! {
    struct Params {
        window: Window,
        range: QuantizedRange,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let options = context.options("Pool2DOptions")?;
    input.expect_type(&[TensorType::Int8], "int8")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let filter = (options.positive("filter_height")? as usize, options.positive("filter_width")? as usize);
    let window = Window::new(&input, &output, &options, filter, (1, 1))?;
    expect_equal("depth of the output", output.shape.dim(3), input.shape.dim(3))?;
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (scale, zero_point) = output.scale_and_zero_point()?;
    if f64::from((input_scale - scale).abs()) > 1.0e-6 || input_zero_point != zero_point {
        return Err(Reason::Quantization {
            operand: output.role,
            problem: "it differs from that of the input",
        });
    }
    let range = activation_range_quantized(options.activation()?, output.ty, scale, zero_point);
    let problem = "the activation bounds do not fit the scale";
    let range = range.ok_or(Reason::Quantization { operand: output.role, problem })?;
    context.save(Params { window, range })
}

fn eval_average(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (output, operands) = context.output::<i8>();
    pool(&params, operands.input(0), output, 0, |sum, value| sum + value, average);
}

fn eval_max(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (output, operands) = context.output::<i8>();
    pool(&params, operands.input(0), output, i32::from(i8::MIN), |max, value| max.max(value), |max, _| max);
}

/// The average of `count` values, halves away from zero; 0 of none.
fn average(sum: i32, count: i32) -> i32 {
    let half = count / 2;
    let nudged = if sum > 0 { sum + half } else { sum - half };
    nudged.checked_div(count).unwrap_or(0)
}

/// `finish(fold of all values of a window, number of values)`, clamped.
fn pool(
    params: &Params,
    input: &[i8],
    output: &mut [i8],
    start: i32,
    fold: impl Fn(i32, i32) -> i32,
    finish: impl Fn(i32, i32) -> i32,
) {
    let window = &params.window;
    let depth = window.input_depth as usize;
    let input_width = window.input_width as usize;
    let image = window.input_height as usize * input_width * depth;
    let mut pixels = output.chunks_exact_mut(depth.max(1));
    for batch in 0..window.batches as usize {
        for y in 0..window.output_height as usize {
            let rows = window.rows(y);
            for x in 0..window.output_width as usize {
                let columns = window.columns(x);
                let Some(pixel) = pixels.next() else { return };
                let count = (rows.len() * columns.len()) as i32;
                for (channel, out) in pixel.iter_mut().enumerate() {
                    let mut folded = start;
                    for row in rows.start..rows.end {
                        let input_y = (rows.origin + row as isize) as usize;
                        let input_x = (columns.origin + columns.start as isize) as usize;
                        let at = batch * image + (input_y * input_width + input_x) * depth + channel;
                        for value in input[at..].iter().step_by(depth).take(columns.len()) {
                            folded = fold(folded, i32::from(*value));
                        }
                    }
                    *out = params.range.clamp(finish(folded, count)) as i8;
                }
            }
        }
    }
}
