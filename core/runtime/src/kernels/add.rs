//! TFLite ADD, with broadcasting.
//!
//! Reference: micro/kernels/add.cc, add_common.cc and kernels/internal/reference/integer_ops/add.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Quantized inputs are brought to half of the larger input scale with 20 more bits (int8) or 15 (int16), added in 32 bits,
//! and brought to the output scale.

use super::broadcast::{broadcast_binary, broadcast_shape};
use super::requantize::OutputStage;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{FloatRange, Multiplier, activation_range_float};
use crate::prepare::PrepareContext;
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Element, Tensor};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::ADD),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("int16"), exact("int32"), float("float32")],
};

record! {
    struct Quantized {
        kind: u32,
        left_shift: u32,
        offsets: [i32; 2],
        multipliers: [Multiplier; 2],
        output_multiplier: Multiplier,
        output: OutputStage,
    }
}

record! {
    struct Unquantized {
        kind: u32,
        range: FloatRange,
    }
}

const INT8: u32 = 0;
const INT16: u32 = 1;
const INT32: u32 = 2;
const FLOAT32: u32 = 3;

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(2..=2, 1)?;
    let inputs = [context.input(0, "first input")?, context.input(1, "second input")?];
    let output = context.output(0, "output")?;
    let activation = context.options("AddOptions")?.activation()?;
    for input in &inputs {
        input.expect_type(&[output.ty], "the type of the output")?;
    }
    if broadcast_shape(&inputs[0].shape, &inputs[1].shape) != Some(output.shape) {
        return Err(Reason::Unsupported("the shapes of the inputs do not give the shape of the output"));
    }
    let kind = match output.ty {
        TensorType::Int8 => INT8,
        TensorType::Int16 => INT16,
        TensorType::Int32 => INT32,
        TensorType::Float32 => FLOAT32,
        found => {
            return Err(Reason::Type {
                operand: output.role,
                found,
                expected: "int8, int16, int32 or float32",
            });
        }
    };
    if kind == INT8 || kind == INT16 {
        return context.save(quantized(kind, &inputs, &output, OutputStage::new(&output, activation)?)?);
    }
    context.save(Unquantized { kind, range: activation_range_float(activation) })
}

fn quantized(
    kind: u32,
    inputs: &[Tensor<'_>; 2],
    output: &Tensor<'_>,
    stage: OutputStage,
) -> Result<Quantized, Reason> {
    let [(scale_1, zero_1), (scale_2, zero_2)] =
        [inputs[0].scale_and_zero_point()?, inputs[1].scale_and_zero_point()?];
    let (output_scale, _) = output.scale_and_zero_point()?;
    let left_shift = if kind == INT16 { 15 } else { 20 };
    let twice_max = 2.0 * f64::from(scale_1.max(scale_2));
    let smaller_than_one = |factor: f64, operand| {
        let found = Multiplier::from_f64(factor).filter(|_| factor > 0.0 && factor < 1.0);
        found.ok_or(Reason::Quantization { operand, problem: "the scales are too far apart" })
    };
    Ok(Quantized {
        kind,
        left_shift,
        offsets: [zero_1.wrapping_neg(), zero_2.wrapping_neg()],
        multipliers: [
            smaller_than_one(f64::from(scale_1) / twice_max, "first input")?,
            smaller_than_one(f64::from(scale_2) / twice_max, "second input")?,
        ],
        output_multiplier: smaller_than_one(
            twice_max / (f64::from(1 << left_shift) * f64::from(output_scale)),
            "output",
        )?,
        output: stage,
    })
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<u32>() {
        INT8 => eval_quantized::<i8>(context, |value| value as i8),
        INT16 => eval_quantized::<i16>(context, |value| value as i16),
        // TFLM does not apply a fused activation to int32.
        INT32 => eval_plain(context, |a: i32, b| a.wrapping_add(b)),
        _ => {
            let range = context.params::<Unquantized>().range;
            eval_plain(context, |a: f32, b| range.clamp(a + b));
        }
    }
}

fn eval_quantized<T: Element + Into<i32>>(context: &mut EvalContext<'_>, narrow: impl Fn(i32) -> T) {
    let params: Quantized = context.params();
    eval_plain(context, |a: T, b: T| {
        let scaled = |value: T, input: usize| {
            let value: i32 = value.into();
            let shifted = value.wrapping_add(params.offsets[input]).wrapping_shl(params.left_shift);
            params.multipliers[input].apply(shifted)
        };
        let sum = scaled(a, 0).wrapping_add(scaled(b, 1));
        narrow(params.output.finish(params.output_multiplier.apply(sum)))
    });
}

fn eval_plain<T: Element>(context: &mut EvalContext<'_>, function: impl Fn(T, T) -> T) {
    let shapes = [context.input_shape(0), context.input_shape(1)];
    let (output, operands) = context.output::<T>();
    broadcast_binary((operands.input(0), &shapes[0]), (operands.input(1), &shapes[1]), output, function);
}
