//! TFLite ADD_N: the sum of two or more tensors of one shape.
//!
//! Reference: micro/kernels/add_n.cc and kernels/internal/reference/add_n.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! int8: all inputs have one scale and zero point. TFLM starts the sum at minus the zero point instead of 0, and so does
//! this kernel. LiteRT has no int8.

use super::common_scale::{ToCommonScale, smaller_than_one};
use super::requantize::OutputStage;
use super::unary::expect_same_shape;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::{Activation, Multiplier};
use crate::prepare::{PrepareContext, Semantics, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Exactness, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::ADD_N),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[Support { types: "int8", tflm: Some(Exactness::Bits), litert: None }, exact("float32")],
};

record! {
    struct Quantized {
        ty: TensorType,
        input: ToCommonScale,
        output_multiplier: Multiplier,
        output: OutputStage,
    }
}

/// Elements that are added up at a time.
const BLOCK: usize = 64;

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let n_inputs = context.n_inputs()?;
    if n_inputs < 2 {
        let found = n_inputs as i64;
        return Err(Reason::Range { what: "number of inputs", found, expected: "at least 2" });
    }
    expect_equal("number of outputs", context.n_outputs()?, 1)?;
    let (first, output) = (context.input(0, "first input")?, context.output(0, "output")?);
    expect_equal("elements of the output", output.elements(), first.elements())?;
    let (types, expected): (&[TensorType], _) = match context.semantics() {
        Semantics::Tflm => (&[TensorType::Int8, TensorType::Float32], "int8 or float32"),
        Semantics::Litert => (&[TensorType::Float32], "float32"),
    };
    output.expect_type(types, expected)?;
    let quantization = first.scale_and_zero_point_or_zero()?;
    for index in 0..n_inputs {
        let input = context.input(index, "input")?;
        input.expect_type(&[output.ty], "the type of the output")?;
        if index > 0 {
            expect_same_shape(&first, &input)?;
        }
        if output.ty == TensorType::Int8 && input.scale_and_zero_point_or_zero()? != quantization {
            let problem = "scale and zero point have to be those of the first input";
            return Err(Reason::Quantization { operand: input.role, problem });
        }
    }
    if output.ty == TensorType::Float32 {
        return context.save(output.ty);
    }
    let (scale, zero_point) = first.scale_and_zero_point()?;
    let (output_scale, _) = output.scale_and_zero_point()?;
    let twice_scale = 2.0 * f64::from(scale);
    let added = f64::from(1u32 << LEFT_SHIFT) * f64::from(output_scale);
    context.save(Quantized {
        ty: output.ty,
        input: ToCommonScale::new(&first, zero_point, LEFT_SHIFT, f64::from(scale) / twice_scale)?,
        output_multiplier: smaller_than_one(twice_scale / added, &output)?,
        output: OutputStage::new(&output, Activation::None)?,
    })
}

const LEFT_SHIFT: u32 = 20;

fn eval(context: &mut EvalContext<'_>) {
    let n_inputs = context.n_inputs();
    if context.params::<TensorType>() == TensorType::Float32 {
        let (output, operands) = context.output::<f32>();
        output.fill(0.0);
        for index in 0..n_inputs {
            output.iter_mut().zip(operands.input::<f32>(index)).for_each(|(sum, input)| *sum += input);
        }
        return;
    }
    let params: Quantized = context.params();
    let (output, operands) = context.output::<i8>();
    for (block_index, block) in output.chunks_mut(BLOCK).enumerate() {
        let mut sums = [params.input.apply(0); BLOCK];
        for index in 0..n_inputs {
            let input = operands.input::<i8>(index).chunks(BLOCK).nth(block_index).unwrap_or(&[]);
            for (sum, input) in sums.iter_mut().zip(input) {
                *sum = sum.wrapping_add(params.input.apply(i32::from(*input)));
            }
        }
        for (output, sum) in block.iter_mut().zip(sums) {
            *output = params.output.finish(params.output_multiplier.apply(sum)) as i8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, numbers, written_out};
    use crate::test_support::Random;

    fn random(random: &mut Random, ty: TensorType) -> Problem {
        let shape = [random.between(1, 3), random.between(1, 90)];
        let n_inputs = random.between(2, 5);
        let quantization = (ty == TensorType::Int8).then(|| (random.scale(), random.between(-128, 127)));
        let input = |random: &mut Random| Numbers { quantization, ..numbers(random, ty, &shape) };
        let inputs = (0..n_inputs).map(|_| input(random)).collect();
        let output = Numbers::of_shape(ty, &shape);
        let output = if ty == TensorType::Int8 {
            output.quantized(random.scale(), random.between(-128, 127))
        } else {
            output
        };
        Problem::new(inputs, output)
    }

    #[test]
    fn int8_starts_at_minus_the_zero_point() {
        check(
            &ENTRY,
            150,
            |seed| random(seed, TensorType::Int8),
            |problem, from| {
                let (scale, zero_point) = problem.inputs[0].quantization.unwrap();
                let (output_scale, output_zero_point) = problem.output.quantization.unwrap();
                let half = written_out::quantize_multiplier(0.5);
                let scaled =
                    |value: f64| written_out::scale((value as i64 - i64::from(zero_point)) << 20, half);
                let sum = from.iter().fold(scaled(0.0), |sum, value| sum + scaled(*value));
                let factor = 2.0 * f64::from(scale) / (1_048_576.0 * f64::from(output_scale));
                let output = written_out::scale(sum, written_out::quantize_multiplier(factor));
                ((output + i64::from(output_zero_point)) as f64).clamp(-128.0, 127.0)
            },
        );
    }

    #[test]
    fn floats_are_added_in_order() {
        check(
            &ENTRY,
            40,
            |seed| random(seed, TensorType::Float32),
            |_, from| f64::from(from.iter().fold(0.0f32, |sum, value| sum + *value as f32)),
        );
    }

    #[test]
    fn inputs_have_to_be_alike() {
        let int8 = |scale| Numbers::list(TensorType::Int8, &[1.0]).quantized(scale, 0);
        let run = |inputs: Vec<Numbers>| Problem::new(inputs, int8(0.5)).run(&ENTRY).unwrap_err();
        assert_eq!(run(vec![int8(0.5)]), "operator 0 ADD_N: number of inputs is 1, expected at least 2");
        assert_eq!(
            run(vec![int8(0.5), int8(0.25)]),
            "operator 0 ADD_N: quantization of input: scale and zero point have to be those of the first input"
        );
        let error = Problem::new(vec![int8(0.5), int8(0.5)], int8(0.5)).litert().run(&ENTRY).unwrap_err();
        assert_eq!(error, "operator 0 ADD_N: output is int8, expected float32");
    }
}
