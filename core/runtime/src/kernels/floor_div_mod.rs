//! TFLite FLOOR_DIV and FLOOR_MOD of float32, with broadcasting.
//!
//! Reference: micro/kernels/floor_div.cc, floor_mod.cc and kernels/internal/reference/floor_div.h, floor_mod.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! The quotient is computed in float64. TFLM ends an invocation of FLOOR_DIV that divides by 0; here a constant 0 is
//! refused in advance, and another gives an infinity or NaN.

use super::binary::{binary_operands, eval_binary};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::prepare::PrepareContext;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Tensor;

/// FLOOR_DIV in the dispatch table.
pub const FLOOR_DIV: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::FLOOR_DIV),
    versions: &[Kernel { name: "plain", prepare: prepare_div, eval: Eval::Kernel(eval_div) }],
    support: &[exact("float32")],
};

/// FLOOR_MOD in the dispatch table.
pub const FLOOR_MOD: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::FLOOR_MOD),
    versions: &[Kernel { name: "plain", prepare: prepare_mod, eval: Eval::Kernel(eval_mod) }],
    support: &[exact("float32")],
};

fn operands<'m>(context: &PrepareContext<'_, 'm>) -> Result<[Tensor<'m>; 2], Reason> {
    let (inputs, output) = binary_operands(context)?;
    for tensor in inputs.iter().chain([&output]) {
        tensor.expect_type(&[TensorType::Float32], "float32")?;
    }
    Ok(inputs)
}

fn prepare_div(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let [_, divisor] = operands(context)?;
    match divisor.constant::<f32>()? {
        Some(divisor) if divisor.contains(&0.0) => Err(Reason::Unsupported("Division by 0")),
        _ => Ok(()),
    }
}

fn prepare_mod(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    operands(context).map(|_| ())
}

fn eval_div(context: &mut EvalContext<'_>) {
    eval_binary(context, |a: f32, b: f32| libm::floor(f64::from(a) / f64::from(b)) as f32);
}

fn eval_mod(context: &mut EvalContext<'_>) {
    eval_binary(context, |a: f32, b: f32| {
        let truncated = libm::fmodf(a, b);
        let has_other_sign = truncated != 0.0 && (b < 0.0) != (truncated < 0.0);
        if has_other_sign { truncated + b } else { truncated }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Semantics;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem};
    use crate::registry::Registry;
    use crate::test_support::{TestModel, bytes_of};

    const FLOAT: TensorType = TensorType::Float32;

    #[test]
    fn quotients_are_rounded_down() {
        check(
            &FLOOR_DIV,
            60,
            |random| problem(random, 2, FLOAT, FLOAT),
            |_, from| f64::from((from[0] / from[1]).floor() as f32),
        );
    }

    #[test]
    fn remainders_have_the_sign_of_the_divisor() {
        let list = |numbers: &[f64]| Numbers::list(FLOAT, numbers);
        let (a, b) = ([7.0, -7.0, 7.0, -7.0, 6.0, -6.0, 0.5], [3.0, 3.0, -3.0, -3.0, 3.0, 3.0, -0.375]);
        let found = Problem::new(vec![list(&a), list(&b)], list(&[0.0; 7])).run(&FLOOR_MOD);
        assert_eq!(found, Ok(vec![1.0, 2.0, -2.0, -1.0, 0.0, 0.0, -0.25]));
    }

    #[test]
    fn a_constant_divisor_of_0_is_refused() {
        let mut model = TestModel::default();
        let a = model.tensor(FLOAT, &[2]);
        let b = model.constant(FLOAT, &[2], &[1.0f32, 0.0]);
        let output = model.tensor(FLOAT, &[2]);
        model.operator(BuiltinOperator::FLOOR_DIV, ("", &[]), &[a, b], &[output]);
        let error =
            model.run(&[bytes_of(&[1.0f32, 2.0])], Semantics::Tflm, &Registry::default()).unwrap_err();
        assert_eq!(error, "operator 0 FLOOR_DIV: Division by 0");
    }

    #[test]
    fn other_types_are_refused() {
        let int = || Numbers::list(TensorType::Int32, &[1.0]);
        let error = Problem::new(vec![int(), int()], int()).run(&FLOOR_MOD).unwrap_err();
        assert_eq!(error, "operator 0 FLOOR_MOD: first input is int32, expected float32");
    }
}
