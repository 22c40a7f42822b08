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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Problem, Random, TestModel, Value, bytes_of, kernel_suite};

    #[derive(Debug)]
    struct Int8Problem {
        shapes: [Vec<i32>; 3],
        scales: [f32; 3],
        zero_points: [i32; 3],
        activation: i64,
        inputs: [Vec<i8>; 2],
    }

    impl Problem for Int8Problem {
        fn random(random: &mut Random) -> Self {
            let mut shapes: [Vec<i32>; 3] = core::array::from_fn(|_| Vec::new());
            for _ in 0..random.between(1, 4) {
                let size = random.between(1, 5);
                let repeated = random.between(0, 5);
                shapes[0].push(if repeated == 0 { 1 } else { size });
                shapes[1].push(if repeated == 1 { 1 } else { size });
                shapes[2].push(size);
            }
            let count = |shape: &Vec<i32>| shape.iter().product::<i32>() as usize;
            let inputs = [random.i8s(count(&shapes[0])), random.i8s(count(&shapes[1]))];
            Self {
                shapes,
                scales: core::array::from_fn(|_| random.scale()),
                zero_points: core::array::from_fn(|_| random.between(-128, 127)),
                activation: i64::from(random.between(0, 3)),
                inputs,
            }
        }

        fn model(&self) -> TestModel {
            let mut model = TestModel::default();
            let ids: [i32; 3] = core::array::from_fn(|index| {
                let zero_point = i64::from(self.zero_points[index]);
                model.quantized(TensorType::Int8, &self.shapes[index], self.scales[index], zero_point)
            });
            let options = [("fused_activation_function", Value::Int(self.activation))];
            model.operator(BuiltinOperator::ADD, ("AddOptions", &options), &ids[..2], &ids[2..]);
            model
        }

        fn inputs(&self) -> Vec<Vec<u8>> {
            self.inputs.iter().map(|input| bytes_of(input)).collect()
        }

        fn reference(&self) -> Vec<Vec<u8>> {
            let shapes =
                [0, 1, 2].map(|index: usize| crate::tensor::Shape::from_slice(&self.shapes[index]).unwrap());
            let twice_max = 2.0 * f64::from(self.scales[0].max(self.scales[1]));
            let factor = |scale: f32| Multiplier::from_f64(f64::from(scale) / twice_max).unwrap();
            let to_output = twice_max / (f64::from(1 << 20) * f64::from(self.scales[2]));
            let to_output = Multiplier::from_f64(to_output).unwrap();
            let activation = crate::fixed_point::Activation::from_code(self.activation);
            let range = crate::fixed_point::activation_range_quantized(
                activation,
                TensorType::Int8,
                self.scales[2],
                self.zero_points[2],
            )
            .unwrap();
            let dims = shapes.map(|shape| shape.extended::<4>().unwrap());
            let mut output = Vec::new();
            for index in 0..shapes[2].elements() {
                let value = |input: usize| {
                    let (mut rest, mut stride, mut at) = (index, 1, 0);
                    for axis in (0..4).rev() {
                        at += if dims[input][axis] == 1 { 0 } else { rest % dims[2][axis] * stride };
                        rest /= dims[2][axis];
                        stride *= dims[input][axis];
                    }
                    (i32::from(self.inputs[input][at]) - self.zero_points[input]) << 20
                };
                let sum = factor(self.scales[0]).apply(value(0)) + factor(self.scales[1]).apply(value(1));
                output.push((to_output.apply(sum) + self.zero_points[2]).max(range.min).min(range.max) as i8);
            }
            vec![bytes_of(&output)]
        }
    }

    kernel_suite!(int8, ENTRY, Int8Problem, 300);

    #[test]
    fn shapes_have_to_fit() {
        let mut model = TestModel::default();
        let ids = [[2, 3], [3, 2], [2, 3]].map(|shape| model.tensor(TensorType::Float32, &shape));
        model.operator(BuiltinOperator::ADD, ("AddOptions", &[]), &ids[..2], &ids[2..]);
        let error = model.run_tflm(&[vec![0; 24], vec![0; 24]]).unwrap_err();
        assert_eq!(error, "operator 0 ADD: the shapes of the inputs do not give the shape of the output");
    }
}
