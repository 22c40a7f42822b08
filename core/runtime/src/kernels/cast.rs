//! TFLite CAST: from one type of numbers to another, without scales. Input and output have as many elements.
//!
//! Reference: micro/kernels/cast.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422; for LiteRT, tflite/kernels/cast.cc in github.com/google-ai-edge/LiteRT at
//! f67457790c9c2ab67347d6fe53270e8d3df20868.
//!
//! Whole numbers lose their upper bits. float32 loses its fraction; where the rest does not fit, C++ says nothing: TFLM is
//! taken to go through 32 bits that saturate, as the chips do, while LiteRT saturates in the type of the output and turns
//! NaN into its largest value.

use super::unary::{eval_unary, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::prepare::{PrepareContext, Semantics};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Element;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::CAST),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("bool, int8, int16, int32, uint32 or float32 to int8, int16, int32, uint32 or float32")],
};

record! {
    struct Params {
        input_ty: TensorType,
        output_ty: TensorType,
        saturates: bool,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    use TensorType::{Bool, Float32, Int8, Int16, Int32, Uint32};
    let (input, output) = unary_operands(context)?;
    input.expect_type(
        &[Bool, Int8, Int16, Int32, Uint32, Float32],
        "bool, int8, int16, int32, uint32 or float32",
    )?;
    output.expect_type(&[Int8, Int16, Int32, Uint32, Float32], "int8, int16, int32, uint32 or float32")?;
    let saturates = context.semantics() == Semantics::Litert;
    context.save(Params { input_ty: input.ty, output_ty: output.ty, saturates })
}

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    match params.input_ty {
        TensorType::Bool => cast_to(context, params, |value: u8| i64::from(value != 0)),
        TensorType::Int8 => cast_to(context, params, |value: i8| i64::from(value)),
        TensorType::Int16 => cast_to(context, params, |value: i16| i64::from(value)),
        TensorType::Int32 => cast_to(context, params, |value: i32| i64::from(value)),
        TensorType::Uint32 => cast_to(context, params, |value: u32| i64::from(value)),
        _ => cast_float(context, params),
    }
}

/// `widen` gives a whole number without loss.
fn cast_to<A: Element>(context: &mut EvalContext<'_>, params: Params, widen: impl Fn(A) -> i64) {
    match params.output_ty {
        TensorType::Int8 => eval_unary(context, |value: A| widen(value) as i8),
        TensorType::Int16 => eval_unary(context, |value: A| widen(value) as i16),
        TensorType::Int32 => eval_unary(context, |value: A| widen(value) as i32),
        TensorType::Uint32 => eval_unary(context, |value: A| widen(value) as u32),
        _ => eval_unary(context, |value: A| widen(value) as f32),
    }
}

fn cast_float(context: &mut EvalContext<'_>, params: Params) {
    let or_max = |value: f32| if value.is_nan() { f32::INFINITY } else { value };
    match (params.output_ty, params.saturates) {
        (TensorType::Int8, false) => eval_unary(context, |value: f32| value as i32 as i8),
        (TensorType::Int16, false) => eval_unary(context, |value: f32| value as i32 as i16),
        (TensorType::Int32, false) => eval_unary(context, |value: f32| value as i32),
        (TensorType::Uint32, false) => eval_unary(context, |value: f32| value as u32),
        (TensorType::Int8, true) => eval_unary(context, |value| or_max(value) as i8),
        (TensorType::Int16, true) => eval_unary(context, |value| or_max(value) as i16),
        (TensorType::Int32, true) => eval_unary(context, |value| or_max(value) as i32),
        (TensorType::Uint32, true) => eval_unary(context, |value| or_max(value) as u32),
        _ => eval_unary(context, |value: f32| value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, numbers};
    use crate::test_support::Random;

    const INPUTS: [TensorType; 6] = [
        TensorType::Bool,
        TensorType::Int8,
        TensorType::Int16,
        TensorType::Int32,
        TensorType::Uint32,
        TensorType::Float32,
    ];

    fn whole(ty: TensorType, value: i64) -> f64 {
        match ty {
            TensorType::Int8 => f64::from(value as i8),
            TensorType::Int16 => f64::from(value as i16),
            TensorType::Int32 => f64::from(value as i32),
            TensorType::Uint32 => f64::from(value as u32),
            _ => f64::from(value as f32),
        }
    }

    #[test]
    fn every_type_becomes_every_other() {
        for input_ty in INPUTS {
            for output_ty in &INPUTS[1..] {
                for seed in 1..20 {
                    let random = &mut Random::new(seed);
                    let shape = [random.between(1, 40)];
                    let mut input = numbers(random, input_ty, &shape);
                    if input_ty == TensorType::Float32 {
                        // What C++ says something about: numbers that fit.
                        let low = if *output_ty == TensorType::Uint32 { 0.0 } else { -127.5 };
                        input.numbers.iter_mut().for_each(|number| *number = number.clamp(low, 127.5));
                    }
                    let problem = Problem::new(vec![input], Numbers::of_shape(*output_ty, &shape));
                    for problem in [problem.clone(), problem.litert()] {
                        problem.check(&ENTRY, 0.0, |_, from| {
                            if input_ty == TensorType::Float32 && *output_ty == TensorType::Float32 {
                                return from[0];
                            }
                            whole(*output_ty, from[0] as i64)
                        });
                    }
                }
            }
        }
    }

    #[test]
    fn floats_that_do_not_fit() {
        let input = Numbers::list(TensorType::Float32, &[300.0, -300.0, 1e20, -1e20, f64::NAN]);
        let problem = |ty| Problem::new(vec![input.clone()], Numbers::of_shape(ty, &[5]));
        let (min, max) = (f64::from(i32::MIN), f64::from(i32::MAX));
        assert_eq!(problem(TensorType::Int32).run(&ENTRY), Ok(vec![300.0, -300.0, max, min, 0.0]));
        assert_eq!(problem(TensorType::Int8).run(&ENTRY), Ok(vec![44.0, -44.0, -1.0, 0.0, 0.0]));
        assert_eq!(
            problem(TensorType::Int8).litert().run(&ENTRY),
            Ok(vec![127.0, -128.0, 127.0, -128.0, 127.0])
        );
        assert_eq!(problem(TensorType::Int32).litert().run(&ENTRY), Ok(vec![300.0, -300.0, max, min, max]));
    }

    #[test]
    fn other_types_are_refused() {
        let of = |ty| Numbers::list(ty, &[1.0]);
        let error =
            Problem::new(vec![of(TensorType::Float32)], of(TensorType::Uint8)).run(&ENTRY).unwrap_err();
        assert_eq!(error, "operator 0 CAST: output is uint8, expected int8, int16, int32, uint32 or float32");
    }
}
