//! TFLite MAXIMUM and MINIMUM, with broadcasting.
//!
//! Reference: micro/kernels/maximum_minimum.cc and maximum_minimum.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. Quantized numbers are compared as they are: TFLM does not look at scales and
//! zero points, which converters make equal.

use super::binary::{binary_operands, eval_binary};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::prepare::PrepareContext;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Element;

/// MAXIMUM in the dispatch table.
pub const MAXIMUM: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::MAXIMUM),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval::<true>) }],
    support: &SUPPORT,
};

/// MINIMUM in the dispatch table.
pub const MINIMUM: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::MINIMUM),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval::<false>) }],
    support: &SUPPORT,
};

static SUPPORT: [Support; 5] =
    [exact("int8"), exact("int16"), exact("int32"), exact("int64"), exact("float32")];

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let ([first, second], output) = binary_operands(context)?;
    output.expect_type(
        &[TensorType::Int8, TensorType::Int16, TensorType::Int32, TensorType::Int64, TensorType::Float32],
        "int8, int16, int32, int64 or float32",
    )?;
    for input in [first, second] {
        input.expect_type(&[output.ty], "the type of the output")?;
    }
    context.save(output.ty)
}

fn eval<const LARGER: bool>(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => choose::<i8, LARGER>(context),
        TensorType::Int16 => choose::<i16, LARGER>(context),
        TensorType::Int32 => choose::<i32, LARGER>(context),
        TensorType::Int64 => choose::<i64, LARGER>(context),
        _ => choose::<f32, LARGER>(context),
    }
}

/// The second operand wins where neither is larger, which is so with NaN.
fn choose<T: Element + PartialOrd, const LARGER: bool>(context: &mut EvalContext<'_>) {
    eval_binary(context, |a: T, b: T| {
        let is_first = if LARGER { a > b } else { a < b };
        if is_first { a } else { b }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem};

    #[test]
    fn every_type_gives_one_of_the_inputs() {
        for ty in
            [TensorType::Int8, TensorType::Int16, TensorType::Int32, TensorType::Int64, TensorType::Float32]
        {
            check(&MAXIMUM, 40, |random| problem(random, 2, ty, ty), |_, from| from[0].max(from[1]));
            check(&MINIMUM, 40, |random| problem(random, 2, ty, ty), |_, from| from[0].min(from[1]));
        }
    }

    #[test]
    fn the_second_wins_against_nan() {
        let list = |numbers: &[f64]| Numbers::list(TensorType::Float32, numbers);
        let inputs = vec![list(&[f64::NAN, 1.0]), list(&[1.0, f64::NAN])];
        let found = Problem::new(inputs, list(&[0.0; 2])).run(&MAXIMUM).unwrap();
        assert_eq!(found[0], 1.0);
        assert!(found[1].is_nan());
    }

    #[test]
    fn other_types_are_refused() {
        let bool = || Numbers::list(TensorType::Bool, &[1.0]);
        let error = Problem::new(vec![bool(), bool()], bool()).run(&MAXIMUM).unwrap_err();
        assert_eq!(
            error,
            "operator 0 MAXIMUM: output is bool, expected int8, int16, int32, int64 or float32"
        );
    }
}
