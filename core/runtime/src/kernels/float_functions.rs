//! TFLite operators that apply a function to every float32 element: SQRT, SQUARE, EXP, LOG, SIN, COS, NEG, ROUND, CEIL and
//! FLOOR. Input and output have as many elements.
//!
//! Reference: micro/kernels/elementwise.cc, exp.cc, neg.cc, round.cc, ceil.cc, floor.cc and
//! kernels/internal/reference/round.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. EXP, LOG, SIN and COS differ in the last bits with the math library.

use super::unary::{eval_unary, expect_same_shape, unary_operands};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::prepare::PrepareContext;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident: $prepare:ident, $support:expr, $function:expr;)*) => {$(
        $(#[$doc])*
        pub const $name: KernelEntry<'static> = KernelEntry {
            operator: OperatorKey::Builtin(BuiltinOperator::$name),
            versions: &[Kernel {
                name: "plain",
                prepare: $prepare,
                eval: Eval::Kernel(|context: &mut EvalContext<'_>| eval_unary(context, $function)),
            }],
            support: &[$support],
        };
    )*};
}

functions! {
    /// CEIL in the dispatch table.
    CEIL: prepare_same_shape, exact("float32"), libm::ceilf;
    /// COS in the dispatch table.
    COS: prepare, float("float32"), libm::cosf;
    /// EXP in the dispatch table.
    EXP: prepare_same_shape, float("float32"), libm::expf;
    /// FLOOR in the dispatch table.
    FLOOR: prepare, exact("float32"), libm::floorf;
    /// LOG in the dispatch table.
    LOG: prepare, float("float32"), libm::logf;
    /// NEG in the dispatch table.
    NEG: prepare, exact("float32"), |value: f32| -value;
    /// ROUND in the dispatch table: halves to the even neighbour.
    ROUND: prepare_same_shape, exact("float32"), round_half_to_even;
    /// SIN in the dispatch table.
    SIN: prepare, float("float32"), libm::sinf;
    /// SQRT in the dispatch table.
    SQRT: prepare, exact("float32"), libm::sqrtf;
    /// SQUARE in the dispatch table.
    SQUARE: prepare, exact("float32"), |value: f32| value * value;
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = unary_operands(context)?;
    input.expect_type(&[TensorType::Float32], "float32")?;
    output.expect_type(&[TensorType::Float32], "float32")
}

fn prepare_same_shape(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    prepare(context)?;
    let (input, output) = unary_operands(context)?;
    expect_same_shape(&input, &output)
}

/// `RoundToNearest` (kernels/internal/reference/round.h). From 2^23 on a float32 has no halves, so that the whole part of
/// one that has fits into 32 bits.
fn round_half_to_even(value: f32) -> f32 {
    let floor = libm::floorf(value);
    let difference = value - floor;
    let is_even = floor as i32 % 2 == 0;
    if difference < 0.5 || (difference == 0.5 && is_even) { floor } else { floor + 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, problem};
    use crate::test_support::Random;

    const FLOAT: TensorType = TensorType::Float32;

    /// Checks a function on random numbers, through `prepare` of what would be out of its range.
    fn check(entry: &KernelEntry<'static>, tolerance: f64, adapt: fn(f64) -> f64, function: fn(f64) -> f64) {
        for seed in 1..40 {
            let mut problem = problem(&mut Random::new(seed), 1, FLOAT, FLOAT);
            problem.inputs[0]
                .numbers
                .iter_mut()
                .for_each(|number| *number = f64::from(adapt(*number) as f32));
            problem.check(entry, tolerance, |_, from| f64::from(function(from[0]) as f32));
        }
    }

    #[test]
    fn exact_functions() {
        check(&CEIL, 0.0, |x| x, f64::ceil);
        check(&FLOOR, 0.0, |x| x, f64::floor);
        check(&NEG, 0.0, |x| x, |x| -x);
        check(&ROUND, 0.0, |x| x, f64::round_ties_even);
        check(&SQRT, 0.0, f64::abs, f64::sqrt);
        check(&SQUARE, 0.0, |x| x, |x| f64::from(x as f32 * x as f32));
    }

    #[test]
    fn close_functions() {
        // One unit in the last place of a float32 is at most 1.2e-7 of the number.
        check(&EXP, 1.3e-7, |x| x.clamp(-80.0, 80.0), f64::exp);
        check(&LOG, 1.3e-7, |x| x.abs() + 0.25, f64::ln);
        check(&SIN, 1.3e-7, |x| x % 1000.0, f64::sin);
        check(&COS, 1.3e-7, |x| x % 1000.0, f64::cos);
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let list = |numbers: &[f64]| Numbers::list(FLOAT, numbers);
        let halves = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 8_388_607.5, 0.49999997];
        let problem = Problem::new(vec![list(&halves)], list(&[0.0; 8]));
        assert_eq!(problem.run(&ROUND), Ok(vec![0.0, 2.0, 2.0, 0.0, -2.0, -2.0, 8_388_608.0, 0.0]));
    }

    #[test]
    fn refusals_name_the_reason() {
        let of = |ty, shape: &[i32]| Numbers { numbers: vec![1.0; 4], ..Numbers::of_shape(ty, shape) };
        let run = |entry, ty, shape: &[i32]| Problem::new(vec![of(ty, &[2, 2])], of(ty, shape)).run(entry);
        let error = run(&SQRT, TensorType::Int8, &[2, 2]).unwrap_err();
        assert_eq!(error, "operator 0 SQRT: input is int8, expected float32");
        let error = run(&ROUND, FLOAT, &[4]).unwrap_err();
        assert_eq!(error, "operator 0 ROUND: the output has another shape than the input");
        assert!(run(&SQRT, FLOAT, &[4]).is_ok());
        let error = run(&NEG, FLOAT, &[3]).unwrap_err();
        assert_eq!(error, "operator 0 NEG: elements of the output is 3, expected 4");
    }
}
