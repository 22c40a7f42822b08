//! TFLM's custom CIRCULAR_BUFFER, of which strided streaming convolutions are made: the input becomes the last row of the
//! output, all others move up. Only in every so many invocations the operators behind it run.
//!
//! Reference: micro/kernels/circular_buffer.cc and circular_buffer_common.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. Shapes: input [1, 1, width, depth], output [1, rows, width, depth].
//!
//! The rows are kept in the output, so that it has to be a variable tensor; TFLM takes any, and finds there what other
//! tensors have left.

use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::flexbuffer::FlexMap;
use crate::graph::Buffer;
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Exactness, Kernel, KernelEntry, OperatorKey, Support};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Shape;

const NAME: &str = "CIRCULAR_BUFFER";

/// The entry of the dispatch table. LiteRT has no such operator.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom(NAME),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Streaming(eval, reset) }],
    support: &[Support { types: "int8", tflm: Some(Exactness::Bits), litert: None }],
};

/// The most operators of a model that are counted for one without options.
const MAX_COUNTED: usize = 1000;

record! {
    struct Params {
        /// Invocations from one that goes on to the next.
        cycles: u32,
        /// 32 bits: invocations that are left.
        cycles_left: Buffer,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    super::shapes::expect_rank(&input, 4)?;
    super::shapes::expect_rank(&output, 4)?;
    // TFLM moves the rows of one batch only.
    expect_equal("batches of the output", output.shape.dim(0), 1)?;
    expect_equal("batches of the input", input.shape.dim(0), 1)?;
    expect_equal("height of the input", input.shape.dim(1), 1)?;
    expect_equal("width of the output", output.shape.dim(2), input.shape.dim(2))?;
    expect_equal("depth of the output", output.shape.dim(3), input.shape.dim(3))?;
    input.expect_type(&[TensorType::Int8], "int8")?;
    output.expect_type(&[TensorType::Int8], "int8")?;
    if !output.is_variable {
        return Err(Reason::Unsupported("the output has to be a variable tensor, which keeps its rows"));
    }
    if output.elements() == 0 {
        return Err(Reason::Range { what: "elements of the output", found: 0, expected: "at least 1" });
    }
    let cycles = match stored_cycles(context.custom_options()?)? {
        Some(cycles) => cycles,
        None => assumed_cycles(context, &output.shape)?,
    };
    let cycles_left = context.state(4)?;
    context.save(Params { cycles, cycles_left })
}

/// What the options say; `None` where TFLM assumes something.
fn stored_cycles(options: &[u8]) -> Result<Option<u32>, Reason> {
    if options.is_empty() {
        return Ok(None);
    }
    let cycles = FlexMap::root(options)?.i32_at(0, "cycles_max")?;
    Ok(u32::try_from(cycles).ok().filter(|cycles| *cycles > 0))
}

/// What TFLM assumes of two streaming models, whose options do not say it.
fn assumed_cycles(context: &PrepareContext<'_, '_>, output: &Shape) -> Result<u32, Reason> {
    if matches!(output.dim(1), 5 | 13 | 25) {
        return Ok(1);
    }
    let ends_a_model = output.dim(2) == 2 && output.dim(3) == 96;
    Ok(if ends_a_model && is_fifth(context)? { 1 } else { 2 })
}

/// True for the fifth operator without options since the first, or since the last one that was taken for the end of a
/// model.
fn is_fifth(context: &PrepareContext<'_, '_>) -> Result<bool, Reason> {
    let own_number = context.operator_number() as usize;
    if own_number > MAX_COUNTED {
        return Err(Reason::Unsupported("the options do not say how many cycles there are"));
    }
    let (mut number, mut count) = (0, 0);
    for subgraph in context.model().subgraphs()?.iter() {
        let subgraph = subgraph?;
        for operator in subgraph.operators()?.iter() {
            let operator = operator?;
            let code = context.model().operator_codes()?.get(operator.code_index()? as usize)?;
            let name = code.custom_code()?.and_then(|name| name.as_str());
            let is_counted = code.builtin()? == BuiltinOperator::CUSTOM
                && name == Some(NAME)
                && stored_cycles(operator.custom_options()?)?.is_none();
            if is_counted {
                count += 1;
                let output = operator.outputs()?.get(0).and_then(|id| usize::try_from(id).ok());
                let output = output.ok_or(Reason::Missing { operand: "output" })?;
                let output = Shape::new(subgraph.tensors()?.get(output)?.shape()?.iter())?;
                let is_fifth = count == 5 && output.dim(2) == 2 && output.dim(3) == 96;
                if number == own_number {
                    return Ok(is_fifth);
                }
                if is_fifth || matches!(output.dim(1), 5 | 13 | 25) {
                    count = 0;
                }
            }
            number += 1;
        }
    }
    Ok(false)
}

fn eval(context: &mut EvalContext<'_>) -> bool {
    let params: Params = context.params();
    let writes = [Operand::Output(0), Operand::Buffer(params.cycles_left)];
    let ([output, cycles_left], operands) = context.split(writes);
    let (output, cycles_left): (&mut [i8], &mut [u32]) = (cast_mut(output), cast_mut(cycles_left));
    let row: &[i8] = operands.input(0);
    output.copy_within(row.len().., 0);
    let last = output.len() - row.len();
    output[last..].copy_from_slice(row);
    cycles_left[0] -= 1;
    let goes_on = cycles_left[0] == 0;
    if goes_on {
        cycles_left[0] = params.cycles;
    }
    goes_on
}

fn reset(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let ([cycles_left], _) = context.split([Operand::Buffer(params.cycles_left)]);
    cast_mut::<u32>(cycles_left)[0] = params.cycles;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flexbuffer::tests::map;
    use crate::records::Record;
    use crate::test_support::{TestModel, aligned};
    use crate::{Interpreter, Registry, Semantics};

    /// A buffer of three rows of two elements, and a copy of it behind it.
    fn streaming_model(options: &[u8]) -> TestModel {
        let mut model = TestModel::default();
        let input = model.quantized(TensorType::Int8, &[1, 1, 1, 2], 1.0, 0);
        let rows = model.quantized(TensorType::Int8, &[1, 3, 1, 2], 1.0, 7);
        model.make_variable(rows);
        let copy = model.quantized(TensorType::Int8, &[1, 3, 1, 2], 1.0, 7);
        model.custom(NAME, options, &[input], &[rows]);
        model.operator(BuiltinOperator::RESHAPE, ("", &[]), &[rows], &[copy]);
        model
    }

    fn run(model: &TestModel, n_invocations: i8) -> Vec<(bool, Vec<i8>)> {
        let (file, registry, mut arena) = (aligned(&model.bytes()), Registry::default(), vec![0; 4096]);
        let mut interpreter =
            Interpreter::prepare(file.as_bytes(), &mut arena, Semantics::Tflm, &registry).unwrap();
        let mut found = Vec::new();
        for round in 0..2 {
            for invocation in 1..=n_invocations {
                interpreter.input::<i8>(0).copy_from_slice(&[10 * invocation, 10 * invocation + 1]);
                assert_eq!(interpreter.invoke(&mut ()), Ok(()));
                if round == 1 {
                    found.push((interpreter.ended_early(), interpreter.output::<i8>(0).to_vec()));
                }
            }
            // A reset gives the rows their zero point, and the cycles their number.
            interpreter.reset();
        }
        found
    }

    #[test]
    fn rows_move_up_and_what_follows_waits() {
        let found = run(&streaming_model(&map(&[("cycles_max", 2)])), 5);
        assert_eq!(
            found.iter().map(|(ended, _)| *ended).collect::<Vec<_>>(),
            [true, false, true, false, true]
        );
        assert_eq!(found[1].1, [7, 7, 10, 11, 20, 21]);
        assert_eq!(found[3].1, [20, 21, 30, 31, 40, 41]);
        let found = run(&streaming_model(&map(&[("cycles_max", 1)])), 2);
        assert_eq!(found, [(false, vec![7, 7, 7, 7, 10, 11]), (false, vec![7, 7, 10, 11, 20, 21])]);
    }

    #[test]
    fn models_without_options_wait_every_second_time() {
        let found = run(&streaming_model(&[]), 3);
        assert_eq!(found.iter().map(|(ended, _)| *ended).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn fifth_buffer_of_a_known_model_does_not_wait() {
        let mut model = TestModel::default();
        let mut input = model.quantized(TensorType::Int8, &[1, 1, 2, 96], 1.0, 0);
        for _ in 0..6 {
            let rows = model.quantized(TensorType::Int8, &[1, 1, 2, 96], 1.0, 0);
            model.make_variable(rows);
            model.custom(NAME, &[], &[input], &[rows]);
            input = rows;
        }
        let (file, registry, mut arena) = (aligned(&model.bytes()), Registry::default(), vec![0; 1 << 14]);
        let interpreter =
            Interpreter::prepare(file.as_bytes(), &mut arena, Semantics::Tflm, &registry).unwrap();
        let cycles = |index| Params::read(interpreter.graph.params(0, index)).cycles;
        assert_eq!([0, 1, 2, 3, 4, 5].map(cycles), [2, 2, 2, 2, 1, 2]);
    }
}
