//! TFLite ELU: `x` where it is not negative, else `exp(x) - 1`. Input and output have as many elements.
//!
//! Reference: micro/kernels/elu.cc and kernels/internal/reference/elu.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. int8 is a table of float32 results; TFLM subtracts 1 from `exp` for it, LiteRT
//! calls `expm1`.

use super::unary::{eval_int8_table, eval_unary, save_int8_table, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::fixed_point::lut_int8_entry;
use crate::prepare::{PrepareContext, Semantics};
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::ELU),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), float("float32")],
};

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = unary_operands(context)?;
    output.expect_type(&[input.ty], "the type of the input")?;
    input.expect_type(
        &[TensorType::Float32, TensorType::Int8],
        "float32 or int8, which is what ELU supports",
    )?;
    context.save(input.ty)?;
    if input.ty == TensorType::Float32 {
        return Ok(());
    }
    let negative: fn(f32) -> f32 = match context.semantics() {
        Semantics::Tflm => |value| libm::expf(value) - 1.0,
        Semantics::Litert => libm::expm1f,
    };
    let (input, output) = (input.scale_and_zero_point()?, output.scale_and_zero_point()?);
    let function = |value| if value < 0.0 { negative(value) } else { value };
    save_int8_table(context, |value| lut_int8_entry(value, input, output, function))
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => eval_int8_table(context, context.words_after::<TensorType>()),
        _ => eval_unary(context, |value: f32| if value < 0.0 { libm::expm1f(value) } else { value }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem};
    use crate::test_support::Random;

    #[test]
    fn int8_is_the_rounded_function() {
        let numbers: Vec<f64> = (-128..=127).map(f64::from).collect();
        for seed in 1..40 {
            let random = &mut Random::new(seed);
            let mut list = || {
                Numbers::list(TensorType::Int8, &numbers)
                    .quantized(random.scale() / 8.0, random.between(-128, 127))
            };
            let problem = Problem::new(vec![list()], list());
            for problem in [problem.clone(), problem.litert()] {
                let ((scale, zero_point), (output_scale, output_zero_point)) =
                    (problem.inputs[0].quantization.unwrap(), problem.output.quantization.unwrap());
                let found = problem.run(&ENTRY).unwrap();
                for (number, found) in numbers.iter().zip(found) {
                    let real = f64::from(scale) * (number - f64::from(zero_point));
                    let real = if real < 0.0 { real.exp_m1() } else { real };
                    let expected =
                        (real / f64::from(output_scale) + f64::from(output_zero_point)).clamp(-128.0, 127.0);
                    assert!((found - expected).abs() <= 0.5001, "{real} is {expected} steps, found {found}");
                }
            }
        }
    }

    #[test]
    fn floats_are_close() {
        let numbers: Vec<f64> = (-60..20).map(|step| f64::from(step as f32 * 0.21)).collect();
        let list = || Numbers::list(TensorType::Float32, &numbers);
        Problem::new(vec![list()], list())
            .check(&ENTRY, 1.3e-7, |_, from| if from[0] < 0.0 { from[0].exp_m1() } else { from[0] });
    }

    #[test]
    fn other_types_are_refused() {
        let int16 = || Numbers::list(TensorType::Int16, &[1.0]).quantized(0.5, 0);
        let error = Problem::new(vec![int16()], int16()).run(&ENTRY).unwrap_err();
        assert_eq!(
            error,
            "operator 0 ELU: input is int16, expected float32 or int8, which is what ELU supports"
        );
    }
}
