//! TFLite AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D.
//!
//! Reference: micro/kernels/pooling.cc, pooling_common.cc, l2_pool_2d.cc, kernels/internal/reference/integer_ops/pooling.h
//! and kernels/internal/reference/pooling.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: input and output [batches, height, width, depth]. Positions beyond the image do not count. Sums of int8 and int16
//! have 32 bits, an average is rounded to nearest, halves away from zero, and input and output have the same quantization.

use super::window::Window;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{FloatRange, QuantizedRange, activation_range_float, activation_range_quantized};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Element;

/// AVERAGE_POOL_2D.
pub const AVERAGE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::AVERAGE_POOL_2D),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval_average) }],
    support: &[exact("int8"), exact("int16"), float("float32")],
};
/// MAX_POOL_2D.
pub const MAX: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::MAX_POOL_2D),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval_max) }],
    support: &[exact("int8"), exact("int16"), float("float32")],
};
/// L2_POOL_2D.
pub const L2: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::L2_POOL_2D),
    versions: &[Kernel { name: "plain", prepare: prepare_l2, eval: Eval::Kernel(eval_l2) }],
    support: &[float("float32")],
};

const INT8: u32 = 0;
const INT16: u32 = 1;
const FLOAT32: u32 = 2;

record! {
    struct Params {
        kind: u32,
        window: Window,
        /// Of int8 and int16.
        range: QuantizedRange,
    }
}

record! {
    struct FloatParams {
        kind: u32,
        window: Window,
        range: FloatRange,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    let options = context.options("Pool2DOptions")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let filter = (options.positive("filter_height")? as usize, options.positive("filter_width")? as usize);
    let window = Window::new(&input, &output, &options, filter, (1, 1))?;
    expect_equal("depth of the output", output.shape.dim(3), input.shape.dim(3))?;
    let activation = options.activation()?;
    let kind = match input.ty {
        TensorType::Int8 => INT8,
        TensorType::Int16 => INT16,
        TensorType::Float32 => {
            let range = activation_range_float(activation);
            return context.save(FloatParams { kind: FLOAT32, window, range });
        }
        found => return Err(Reason::Type { operand: input.role, found, expected: "int8, int16 or float32" }),
    };
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (scale, zero_point) = output.scale_and_zero_point()?;
    if f64::from((input_scale - scale).abs()) > 1.0e-6 || input_zero_point != zero_point {
        return Err(Reason::Quantization {
            operand: output.role,
            problem: "it differs from that of the input",
        });
    }
    let range = activation_range_quantized(activation, output.ty, scale, zero_point);
    let problem = "the activation bounds do not fit the scale";
    let range = range.ok_or(Reason::Quantization { operand: output.role, problem })?;
    context.save(Params { kind, window, range })
}

fn prepare_l2(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.input(0, "input")?.expect_type(&[TensorType::Float32], "float32")?;
    prepare(context)
}

fn eval_average(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let range = params.range;
    let add = |sum: i32, value: i32| sum.wrapping_add(value);
    match params.kind {
        INT8 => pool(
            context,
            0,
            |sum, value: i8| add(sum, value.into()),
            |sum, n| range.clamp(average(sum, n)) as i8,
        ),
        INT16 => pool(
            context,
            0,
            |sum, value: i16| add(sum, value.into()),
            |sum, n| range.clamp(average(sum, n)) as i16,
        ),
        _ => {
            let range = context.params::<FloatParams>().range;
            pool(
                context,
                0.0,
                |sum, value: f32| sum + value,
                |sum, n| range.clamp(if n == 0 { 0.0 } else { sum / n as f32 }),
            );
        }
    }
}

fn eval_max(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let range = params.range;
    match params.kind {
        INT8 => {
            pool(context, i8::MIN, |max, value: i8| max.max(value), |max, _| range.clamp(max.into()) as i8)
        }
        INT16 => {
            pool(context, i16::MIN, |max, value: i16| max.max(value), |max, _| range.clamp(max.into()) as i16)
        }
        _ => {
            let range = context.params::<FloatParams>().range;
            // As std::max: a NaN never replaces a number.
            let larger = |max: f32, value: f32| if max < value { value } else { max };
            pool(context, f32::MIN, larger, |max, _| range.clamp(max));
        }
    }
}

fn eval_l2(context: &mut EvalContext<'_>) {
    let range = context.params::<FloatParams>().range;
    let root = |sum: f32, n: i32| if n == 0 { 0.0 } else { libm::sqrtf(sum / n as f32) };
    pool(context, 0.0, |sum, value: f32| sum + value * value, |sum, n| range.clamp(root(sum, n)));
}

/// The average of `count` values, halves away from zero; 0 of none.
fn average(sum: i32, count: i32) -> i32 {
    let half = count / 2;
    let nudged = if sum > 0 { sum.wrapping_add(half) } else { sum.wrapping_sub(half) };
    nudged.checked_div(count).unwrap_or(0)
}

/// Writes `finish(fold of all values of a window, number of values)`.
fn pool<T: Element, SUM: Copy>(
    context: &mut EvalContext<'_>,
    start: SUM,
    fold: impl Fn(SUM, T) -> SUM,
    finish: impl Fn(SUM, i32) -> T,
) {
    let window = context.params::<Params>().window;
    let (output, operands) = context.output::<T>();
    let input: &[T] = operands.input(0);
    let depth = window.output_depth as usize;
    window.for_each_output(|batch, y, x, output_at| {
        let (rows, columns) = (window.rows(y), window.columns(x));
        let count = (rows.len() * columns.len()) as i32;
        for channel in 0..depth {
            let mut folded = start;
            for row in rows.start..rows.end {
                let at = window.input_at(batch, &rows, row, &columns, columns.start) + channel;
                for value in input[at..].iter().step_by(depth).take(columns.len()) {
                    folded = fold(folded, *value);
                }
            }
            output[output_at + channel] = finish(folded, count);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Problem, Random, TestModel, Value, bytes_of, kernel_suite};

    #[derive(Debug)]
    struct Int8Problem<const IS_MAX: bool> {
        shape: [i32; 4],
        output: [i32; 2],
        taps: [i32; 2],
        strides: [i32; 2],
        is_same: bool,
        input: Vec<i8>,
    }

    impl<const IS_MAX: bool> Problem for Int8Problem<IS_MAX> {
        fn random(random: &mut Random) -> Self {
            let taps = [random.between(1, 4), random.between(1, 4)];
            let strides = [random.between(1, 3), random.between(1, 3)];
            let is_same = random.between(0, 1) == 0;
            let size = [0, 1].map(|axis: usize| taps[axis] + random.between(0, 5));
            let output = [0, 1].map(|axis: usize| {
                let valid = (size[axis] - taps[axis]) / strides[axis] + 1;
                if is_same { (size[axis] + strides[axis] - 1) / strides[axis] } else { valid }
            });
            let shape = [random.between(1, 2), size[0], size[1], random.between(1, 7)];
            let input = random.i8s(shape.iter().product::<i32>() as usize);
            Self { shape, output, taps, strides, is_same, input }
        }

        fn model(&self) -> TestModel {
            let mut model = TestModel::default();
            let [batches, _, _, depth] = self.shape;
            let input = model.quantized(TensorType::Int8, &self.shape, 0.5, 3);
            let shape = [batches, self.output[0], self.output[1], depth];
            let output = model.quantized(TensorType::Int8, &shape, 0.5, 3);
            let options = [
                ("padding", Value::Int(i64::from(!self.is_same))),
                ("stride_h", Value::Int(self.strides[0].into())),
                ("stride_w", Value::Int(self.strides[1].into())),
                ("filter_height", Value::Int(self.taps[0].into())),
                ("filter_width", Value::Int(self.taps[1].into())),
            ];
            let operator =
                if IS_MAX { BuiltinOperator::MAX_POOL_2D } else { BuiltinOperator::AVERAGE_POOL_2D };
            model.operator(operator, ("Pool2DOptions", &options), &[input], &[output]);
            model
        }

        fn inputs(&self) -> Vec<Vec<u8>> {
            vec![bytes_of(&self.input)]
        }

        fn reference(&self) -> Vec<Vec<u8>> {
            let [batches, height, width, depth] = self.shape;
            let pads = [0, 1].map(|axis: usize| {
                let covered = (self.output[axis] - 1) * self.strides[axis] + self.taps[axis];
                (covered - self.shape[axis + 1]).max(0) / 2
            });
            let mut output = Vec::new();
            for batch in 0..batches {
                for (y, x) in (0..self.output[0]).flat_map(|y| (0..self.output[1]).map(move |x| (y, x))) {
                    for channel in 0..depth {
                        let mut seen = Vec::new();
                        for (row, column) in (0..self.taps[0])
                            .flat_map(|row| (0..self.taps[1]).map(move |column| (row, column)))
                        {
                            let (at_y, at_x) =
                                (y * self.strides[0] - pads[0] + row, x * self.strides[1] - pads[1] + column);
                            if (0..height).contains(&at_y) && (0..width).contains(&at_x) {
                                let at = ((batch * height + at_y) * width + at_x) * depth + channel;
                                seen.push(f64::from(self.input[at as usize]));
                            }
                        }
                        let mean = seen.iter().sum::<f64>() / seen.len() as f64;
                        let max = seen.iter().copied().fold(f64::MIN, f64::max);
                        output.push(if IS_MAX { max as i8 } else { mean.round() as i8 });
                    }
                }
            }
            vec![bytes_of(&output)]
        }
    }

    kernel_suite!(average_int8, AVERAGE, Int8Problem<false>, 300);
    kernel_suite!(max_int8, MAX, Int8Problem<true>, 300);
}
