//! TFLite SELECT_V2: where the condition holds the second input, elsewhere the third, with broadcasting of all three.
//!
//! Reference: micro/kernels/select.cc and kernels/internal/reference/select.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. Numbers are copied as they are, whatever their quantization.

use super::broadcast::{broadcast_shape, broadcast_ternary};
use crate::error::Reason;
use crate::eval::EvalContext;
use crate::prepare::PrepareContext;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Element;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SELECT_V2),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8"), exact("int16"), exact("float32")],
};

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(3..=3, 1)?;
    let condition = context.input(0, "condition")?;
    let (x, y) = (context.input(1, "second input")?, context.input(2, "third input")?);
    let output = context.output(0, "output")?;
    condition.expect_type(&[TensorType::Bool], "bool")?;
    x.expect_type(&[TensorType::Int8, TensorType::Int16, TensorType::Float32], "int8, int16 or float32")?;
    y.expect_type(&[x.ty], "the type of the second input")?;
    output.expect_type(&[x.ty], "the type of the second input")?;
    let shape =
        broadcast_shape(&condition.shape, &x.shape).and_then(|shape| broadcast_shape(&shape, &y.shape));
    let shape = shape.ok_or(Reason::Unsupported("Given shapes are not broadcastable."))?;
    // One element may have any number of dimensions; otherwise the shapes have to be the same.
    let is_scalar = shape.elements() == 1 && output.elements() == 1;
    if !is_scalar && shape != output.shape {
        return Err(Reason::Unsupported("the shapes of the inputs do not give the shape of the output"));
    }
    context.save(x.ty)
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<TensorType>() {
        TensorType::Int8 => select::<i8>(context),
        TensorType::Int16 => select::<i16>(context),
        _ => select::<f32>(context),
    }
}

fn select<T: Element>(context: &mut EvalContext<'_>) {
    let shapes = [0, 1, 2].map(|index| context.input_shape(index));
    let (output, operands) = context.output::<T>();
    broadcast_ternary(
        (operands.input::<u8>(0), &shapes[0]),
        (operands.input::<T>(1), &shapes[1]),
        (operands.input::<T>(2), &shapes[2]),
        output,
        |condition, x, y| if condition != 0 { x } else { y },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise_suite::{Numbers, Problem, broadcast_shapes, numbers};
    use crate::test_support::Random;

    #[test]
    fn the_condition_chooses() {
        for ty in [TensorType::Int8, TensorType::Int16, TensorType::Float32] {
            for seed in 1..80 {
                let random = &mut Random::new(seed);
                let (shapes, shape) = broadcast_shapes(random, 3);
                let inputs = shapes.iter().enumerate().map(|(index, shape)| {
                    numbers(random, if index == 0 { TensorType::Bool } else { ty }, shape)
                });
                let problem = Problem::new(inputs.collect(), Numbers::of_shape(ty, &shape));
                problem.check(&ENTRY, 0.0, |_, from| if from[0] != 0.0 { from[1] } else { from[2] });
            }
        }
    }

    #[test]
    fn one_element_may_have_any_shape() {
        let one = |ty, shape: &[i32]| Numbers { numbers: vec![1.0], ..Numbers::of_shape(ty, shape) };
        let (bool, float) = (TensorType::Bool, TensorType::Float32);
        let inputs = vec![one(bool, &[]), one(float, &[1]), one(float, &[1, 1])];
        assert_eq!(Problem::new(inputs, one(float, &[1, 1, 1])).run(&ENTRY), Ok(vec![1.0]));
    }

    #[test]
    fn shapes_have_to_fit() {
        let of = |ty, shape: &[i32]| Numbers { numbers: vec![1.0; 6], ..Numbers::of_shape(ty, shape) };
        let float = |shape: &[i32]| of(TensorType::Float32, shape);
        let run = |condition: &[i32], output: &[i32]| {
            let inputs = vec![of(TensorType::Bool, condition), float(&[2, 3]), float(&[2, 3])];
            Problem::new(inputs, float(output)).run(&ENTRY).unwrap_err()
        };
        assert_eq!(run(&[2], &[2, 3]), "operator 0 SELECT_V2: Given shapes are not broadcastable.");
        assert_eq!(
            run(&[3], &[6]),
            "operator 0 SELECT_V2: the shapes of the inputs do not give the shape of the output"
        );
    }
}
