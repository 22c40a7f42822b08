//! TFLite LOGICAL_AND, LOGICAL_OR (with broadcasting) and LOGICAL_NOT of bool.
//!
//! Reference: micro/kernels/logical.cc, logical_common.cc and elementwise.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. A byte that is not 0 counts as true; 0 or 1 is written.

use super::binary::{binary_operands, eval_binary};
use super::unary::{eval_unary, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::prepare::PrepareContext;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// LOGICAL_AND in the dispatch table.
pub const AND: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::LOGICAL_AND),
    versions: &[Kernel { name: "plain", prepare: prepare_binary, eval: Eval::Kernel(eval_and) }],
    support: &[exact("bool")],
};

/// LOGICAL_OR in the dispatch table.
pub const OR: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::LOGICAL_OR),
    versions: &[Kernel { name: "plain", prepare: prepare_binary, eval: Eval::Kernel(eval_or) }],
    support: &[exact("bool")],
};

/// LOGICAL_NOT in the dispatch table.
pub const NOT: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::LOGICAL_NOT),
    versions: &[Kernel { name: "plain", prepare: prepare_not, eval: Eval::Kernel(eval_not) }],
    support: &[exact("bool")],
};

fn prepare_binary(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (inputs, output) = binary_operands(context)?;
    inputs.iter().chain([&output]).try_for_each(|tensor| tensor.expect_type(&[TensorType::Bool], "bool"))
}

fn prepare_not(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = unary_operands(context)?;
    [input, output].iter().try_for_each(|tensor| tensor.expect_type(&[TensorType::Bool], "bool"))
}

fn eval_and(context: &mut EvalContext<'_>) {
    eval_binary(context, |a: u8, b: u8| u8::from(a != 0 && b != 0));
}

fn eval_or(context: &mut EvalContext<'_>) {
    eval_binary(context, |a: u8, b: u8| u8::from(a != 0 || b != 0));
}

fn eval_not(context: &mut EvalContext<'_>) {
    eval_unary(context, |a: u8| u8::from(a == 0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem};

    const BOOL: TensorType = TensorType::Bool;

    #[test]
    fn truth_tables() {
        check(&AND, 40, |random| problem(random, 2, BOOL, BOOL), |_, from| from[0] * from[1]);
        check(&OR, 40, |random| problem(random, 2, BOOL, BOOL), |_, from| from[0].max(from[1]));
        check(&NOT, 20, |random| problem(random, 1, BOOL, BOOL), |_, from| 1.0 - from[0]);
    }

    #[test]
    fn every_byte_but_0_is_true() {
        let list = |numbers: &[f64]| Numbers::list(BOOL, numbers);
        let inputs = vec![list(&[0.0, 2.0, 255.0]), list(&[1.0, 128.0, 0.0])];
        assert_eq!(Problem::new(inputs.clone(), list(&[0.0; 3])).run(&AND), Ok(vec![0.0, 1.0, 0.0]));
        assert_eq!(Problem::new(inputs, list(&[0.0; 3])).run(&OR), Ok(vec![1.0, 1.0, 1.0]));
        let problem = Problem::new(vec![list(&[0.0, 2.0, 255.0])], list(&[0.0; 3]));
        assert_eq!(problem.run(&NOT), Ok(vec![1.0, 0.0, 0.0]));
    }

    #[test]
    fn other_types_are_refused() {
        let int8 = || Numbers::list(TensorType::Int8, &[1.0]);
        let error = Problem::new(vec![int8()], int8()).run(&NOT).unwrap_err();
        assert_eq!(error, "operator 0 LOGICAL_NOT: input is int8, expected bool");
    }
}
