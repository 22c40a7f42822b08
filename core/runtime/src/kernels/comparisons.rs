//! TFLite EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL, with broadcasting; the output is bool.
//!
//! Reference: micro/kernels/comparisons.cc and kernels/internal/reference/comparisons.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! int8 numbers are brought to the scale 1/256 in 32 bits before they are compared; scales of 1 or more are not possible.
//! TFLM also takes int16 in GREATER, but compares with parameters that it never sets; that is refused here.

use super::binary::{binary_operands, eval_binary};
use super::common_scale::ToCommonScale;
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::prepare::PrepareContext;
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};

/// One comparison of two numbers.
trait Comparison {
    fn holds<T: PartialOrd>(a: T, b: T) -> bool;
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident $marker:ident $operator:tt, $prepare:ident, $support:ident;)*) => {$(
        struct $marker;
        impl Comparison for $marker {
            #[inline(always)]
            fn holds<T: PartialOrd>(a: T, b: T) -> bool {
                a $operator b
            }
        }

        $(#[$doc])*
        pub const $name: KernelEntry<'static> = KernelEntry {
            operator: OperatorKey::Builtin(BuiltinOperator::$name),
            versions: &[Kernel { name: "plain", prepare: $prepare, eval: Eval::Kernel(eval::<$marker>) }],
            support: &$support,
        };
    )*};
}

comparisons! {
    /// EQUAL in the dispatch table.
    EQUAL Equal ==, prepare_equality, EQUALITY;
    /// NOT_EQUAL in the dispatch table.
    NOT_EQUAL NotEqual !=, prepare_equality, EQUALITY;
    /// GREATER in the dispatch table.
    GREATER Greater >, prepare_order, ORDER;
    /// GREATER_EQUAL in the dispatch table.
    GREATER_EQUAL GreaterEqual >=, prepare_order, ORDER;
    /// LESS in the dispatch table.
    LESS Less <, prepare_order, ORDER;
    /// LESS_EQUAL in the dispatch table.
    LESS_EQUAL LessEqual <=, prepare_order, ORDER;
}

static EQUALITY: [Support; 5] =
    [exact("bool"), exact("int8"), exact("int32"), exact("int64"), exact("float32")];
static ORDER: [Support; 4] = [exact("int8"), exact("int32"), exact("int64"), exact("float32")];

record! {
    struct Params {
        ty: TensorType,
        inputs: [ToCommonScale; 2],
    }
}

fn prepare_equality(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let types =
        [TensorType::Bool, TensorType::Int8, TensorType::Int32, TensorType::Int64, TensorType::Float32];
    prepare(context, &types, "bool, int8, int32, int64 or float32")
}

fn prepare_order(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let types = [TensorType::Int8, TensorType::Int32, TensorType::Int64, TensorType::Float32];
    prepare(context, &types, "int8, int32, int64 or float32")
}

fn prepare(
    context: &mut PrepareContext<'_, '_>,
    types: &[TensorType],
    expected: &'static str,
) -> Result<(), Reason> {
    let ([first, second], output) = binary_operands(context)?;
    first.expect_type(types, expected)?;
    second.expect_type(&[first.ty], "the type of the first input")?;
    output.expect_type(&[TensorType::Bool], "bool")?;
    if first.ty != TensorType::Int8 {
        return context.save(first.ty);
    }
    const LEFT_SHIFT: u32 = 8;
    let (first_scale, first_zero_point) = first.scale_and_zero_point()?;
    let (second_scale, second_zero_point) = second.scale_and_zero_point()?;
    context.save(Params {
        ty: first.ty,
        inputs: [
            ToCommonScale::new(&first, first_zero_point, LEFT_SHIFT, f64::from(first_scale))?,
            ToCommonScale::new(&second, second_zero_point, LEFT_SHIFT, f64::from(second_scale))?,
        ],
    })
}

fn eval<C: Comparison>(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => {
            let [first, second] = context.params::<Params>().inputs;
            eval_binary(context, |a: i8, b: i8| {
                u8::from(C::holds(first.apply(a.into()), second.apply(b.into())))
            });
        }
        TensorType::Int32 => eval_binary(context, |a: i32, b: i32| u8::from(C::holds(a, b))),
        TensorType::Int64 => eval_binary(context, |a: i64, b: i64| u8::from(C::holds(a, b))),
        TensorType::Bool => eval_binary(context, |a: u8, b: u8| u8::from(C::holds(a != 0, b != 0))),
        _ => eval_binary(context, |a: f32, b: f32| u8::from(C::holds(a, b))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, check, problem, written_out};

    type Holds = fn(&f64, &f64) -> bool;

    const ALL: [(KernelEntry<'static>, Holds); 6] = [
        (EQUAL, |a, b| a == b),
        (NOT_EQUAL, |a, b| a != b),
        (GREATER, |a, b| a > b),
        (GREATER_EQUAL, |a, b| a >= b),
        (LESS, |a, b| a < b),
        (LESS_EQUAL, |a, b| a <= b),
    ];

    #[test]
    fn every_type_is_compared() {
        for (index, (entry, holds)) in ALL.iter().enumerate() {
            let types = [TensorType::Int32, TensorType::Int64, TensorType::Float32, TensorType::Bool];
            for ty in types.iter().take(if index < 2 { 4 } else { 3 }) {
                let make = |random: &mut _| {
                    let mut problem = problem(random, 2, *ty, TensorType::Bool);
                    // Small numbers, among which some are equal.
                    let numbers = problem.inputs.iter_mut().flat_map(|input| &mut input.numbers);
                    numbers.for_each(|number| *number = (*number % 4.0).trunc());
                    problem
                };
                check(entry, 30, make, |_, from| f64::from(holds(&from[0], &from[1])));
            }
        }
    }

    #[test]
    fn int8_is_compared_at_one_scale() {
        for (entry, holds) in ALL {
            let make = |random: &mut _| problem(random, 2, TensorType::Int8, TensorType::Bool);
            check(&entry, 60, make, |problem, from| {
                let scaled = |index: usize| {
                    let (scale, zero_point) = problem.inputs[index].quantization.unwrap();
                    let factor = written_out::quantize_multiplier(scale.into());
                    written_out::scale((from[index] as i64 - i64::from(zero_point)) << 8, factor) as f64
                };
                f64::from(holds(&scaled(0), &scaled(1)))
            });
        }
    }

    #[test]
    fn nan_equals_nothing() {
        let list = |numbers: &[f64]| Numbers::list(TensorType::Float32, numbers);
        let run = |entry| {
            let inputs = vec![list(&[f64::NAN, 1.0]), list(&[f64::NAN, f64::NAN])];
            Problem::new(inputs, Numbers::of_shape(TensorType::Bool, &[2])).run(entry)
        };
        assert_eq!(run(&EQUAL), Ok(vec![0.0, 0.0]));
        assert_eq!(run(&NOT_EQUAL), Ok(vec![1.0, 1.0]));
        assert_eq!(run(&LESS_EQUAL), Ok(vec![0.0, 0.0]));
    }

    #[test]
    fn refusals_name_the_reason() {
        let run = |entry, ty, scale| {
            let list = || Numbers::list(ty, &[1.0]).quantized(scale, 0);
            Problem::new(vec![list(), list()], Numbers::of_shape(TensorType::Bool, &[1]))
                .run(entry)
                .unwrap_err()
        };
        assert_eq!(
            run(&GREATER, TensorType::Int16, 0.5),
            "operator 0 GREATER: first input is int16, expected int8, int32, int64 or float32"
        );
        assert_eq!(
            run(&LESS, TensorType::Int8, 1.0),
            "operator 0 LESS: quantization of first input: the factor that follows from the scales does not lie between \
             0 and 1"
        );
    }
}
