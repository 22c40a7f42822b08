//! The interpreter on small models made in memory.

use super::*;
use crate::error::Reason;
use crate::graph::Buffer;
use crate::prepare::PrepareContext;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey};
use crate::schema::{BuiltinOperator, TensorType};
use crate::test_support::{TestModel, aligned};

/// `input + state`, where the state counts the runs; the state is a buffer of the kernel.
fn prepare_counter(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=1, 1)?;
    context.input(0, "input")?.expect_type(&[TensorType::Int32], "int32")?;
    let start = context.custom_options()?.first().copied().unwrap_or(0);
    let state = context.state(4)?;
    context.save([state.0, u32::from(start)])
}

fn eval_counter(context: &mut EvalContext<'_>) {
    let [state, _] = context.params::<[u32; 2]>();
    let writes = [crate::Operand::Output(0), crate::Operand::Buffer(Buffer(state))];
    let ([output, state], operands) = context.split(writes);
    let (output, state): (&mut [i32], &mut [i32]) = (cast_mut(output), cast_mut(state));
    output[0] = operands.input::<i32>(0)[0] + state[0];
    state[0] += 1;
}

fn reset_counter(context: &mut EvalContext<'_>) {
    let [state, start] = context.params::<[u32; 2]>();
    let ([state], _) = context.split([crate::Operand::Buffer(Buffer(state))]);
    cast_mut::<i32>(state)[0] = start as i32;
}

fn decline(_: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    Err(Reason::Declined)
}

/// Asks for a workspace and is otherwise the counter.
fn prepare_with_workspace(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.workspace(64);
    prepare_counter(context)
}

fn eval_with_workspace(context: &mut EvalContext<'_>) {
    context.workspace()[0] = 7;
    let (output, _) = context.output::<i32>();
    output[0] = -1;
}

const COUNTER: Kernel =
    Kernel { name: "plain", prepare: prepare_counter, eval: Eval::Stateful(eval_counter, reset_counter) };

fn entry(versions: &[Kernel]) -> KernelEntry<'_> {
    KernelEntry { operator: OperatorKey::Custom("Counter"), versions, support: &[] }
}

/// Two counters, one behind the other.
fn two_counters() -> Vec<u8> {
    let mut model = TestModel::default();
    let ids = [0, 1, 2].map(|_| model.tensor(TensorType::Int32, &[1]));
    model.custom("Counter", &[5], &ids[..1], &ids[1..2]);
    model.custom("Counter", &[], &ids[1..2], &ids[2..]);
    model.bytes()
}

fn run(interpreter: &mut Interpreter<'_>, input: i32) -> i32 {
    interpreter.input::<i32>(0)[0] = input;
    assert_eq!(interpreter.invoke(&mut ()), Ok(()));
    interpreter.output::<i32>(0)[0]
}

#[test]
fn custom_operators_keep_their_state_until_a_reset() {
    let file = aligned(&two_counters());
    let entries = [entry(&[COUNTER])];
    let registry = Registry::with_custom(&entries);
    let mut arena = vec![0xa5; 2000];
    let mut interpreter =
        Interpreter::prepare(file.as_bytes(), &mut arena, Semantics::Tflm, &registry).unwrap();
    assert_eq!(
        [run(&mut interpreter, 100), run(&mut interpreter, 100), run(&mut interpreter, 0)],
        [105, 107, 9]
    );
    interpreter.reset();
    assert_eq!(run(&mut interpreter, 100), 105);
    assert_eq!(interpreter.needs().persistent_bytes % 16, 0);
}

#[test]
fn unknown_operators_are_named() {
    let file = aligned(&two_counters());
    let registry = Registry::default();
    let mut arena = vec![0; 2000];
    let error = Interpreter::prepare(file.as_bytes(), &mut arena, Semantics::Tflm, &registry).err().unwrap();
    assert_eq!(error.to_string(), "operator 0 Counter: the runtime has no kernel for this operator");
    assert_eq!(error.operator.map(|operator| (operator.subgraph, operator.index)), Some((0, 0)));
}

#[test]
fn first_version_that_takes_the_case_runs() {
    let file = aligned(&two_counters());
    let declines = Kernel { name: "declines", prepare: decline, eval: Eval::Kernel(eval_with_workspace) };
    let fast =
        Kernel { name: "fast", prepare: prepare_with_workspace, eval: Eval::Kernel(eval_with_workspace) };
    let versions = [declines, fast, COUNTER];
    let entries = [entry(&versions)];
    let registry = Registry::with_custom(&entries);
    // Room for one of two operators (the second one adds 0 then), for both, and for none.
    for (workspace_bytes, expected, taken) in [(64, -1, 64), (128, -1, 128), (0, 105, 0), (63, 105, 0)] {
        let (mut arena, mut workspace) = (vec![0xa5; 2000], vec![0; workspace_bytes]);
        let mut interpreter = Interpreter::prepare_with_workspace(
            file.as_bytes(),
            &mut arena,
            &mut workspace,
            Semantics::Tflm,
            &registry,
        )
        .unwrap();
        assert_eq!(interpreter.needs().workspace_bytes, taken);
        assert_eq!(run(&mut interpreter, 100), expected, "workspace of {workspace_bytes} bytes");
    }
    let only_declines = [entry(&versions[..1])];
    let registry = Registry::with_custom(&only_declines);
    let mut arena = vec![0; 2000];
    let error = Interpreter::prepare(file.as_bytes(), &mut arena, Semantics::Tflm, &registry).err().unwrap();
    assert_eq!(error.reason, Reason::Declined);
}

#[derive(Default)]
struct Log {
    lines: Vec<String>,
    stop_after: usize,
}

impl Observer for Log {
    fn before(&mut self, operator: &OperatorEvent<'_>) {
        self.lines.push(format!("before {}", operator.place().index));
    }
    fn after(&mut self, operator: &OperatorEvent<'_>) {
        let place = operator.place();
        let bytes = (operator.input(0).len(), operator.output(0), operator.output_tensor(0));
        self.lines.push(format!("after {} {} {bytes:?}", place.index, place.name));
    }
    fn stop(&mut self) -> bool {
        self.stop_after != 0 && self.lines.len() >= self.stop_after
    }
}

#[test]
fn observers_see_every_operator_and_can_stop() {
    let file = aligned(&two_counters());
    let entries = [entry(&[COUNTER])];
    let registry = Registry::with_custom(&entries);
    let mut arena = vec![0xa5; 2000];
    let mut interpreter =
        Interpreter::prepare(file.as_bytes(), &mut arena, Semantics::Tflm, &registry).unwrap();
    interpreter.input::<i32>(0)[0] = 1;
    let mut log = Log::default();
    assert_eq!(interpreter.invoke(&mut log), Ok(()));
    let expected = [
        "before 0",
        "after 0 Counter (4, [6, 0, 0, 0], 1)",
        "before 1",
        "after 1 Counter (4, [6, 0, 0, 0], 2)",
    ];
    assert_eq!(log.lines, expected);
    let mut log = Log { stop_after: 2, ..Log::default() };
    assert_eq!(interpreter.invoke(&mut log), Err(Stopped));
    assert_eq!(log.lines.len(), 2);
}

#[test]
fn int8_variables_are_reset_to_their_zero_point() {
    let mut model = TestModel::default();
    let input = model.quantized(TensorType::Int8, &[1, 2], 0.5, 0);
    let features = model.constant(TensorType::Int8, &[1, 2], &[1i8, 1]);
    model.quantize(features, &[1.0], &[0], 0);
    let times = model.constant(TensorType::Int8, &[1, 2], &[1i8, 1]);
    model.quantize(times, &[1.0], &[0], 0);
    let bias = model.constant(TensorType::Int32, &[1], &[0]);
    model.quantize(bias, &[0.5], &[0], 0);
    let state = model.quantized(TensorType::Int8, &[1, 2], 0.5, -4);
    model.make_variable(state);
    let output = model.quantized(TensorType::Int8, &[1, 1], 0.5, 10);
    let options = [("rank", crate::test_support::Value::Int(1))];
    let ids = [input, features, times, bias, state];
    model.operator(BuiltinOperator::SVDF, ("SVDFOptions", &options), &ids, &[output]);
    let file = aligned(&model.bytes());
    let registry = Registry::default();
    let mut arena = vec![0xa5; 4000];
    let mut interpreter =
        Interpreter::prepare(file.as_bytes(), &mut arena, Semantics::Tflm, &registry).unwrap();
    let mut run = |reset: bool| {
        if reset {
            interpreter.reset();
        }
        interpreter.input::<i8>(0).copy_from_slice(&[3, 4]);
        assert_eq!(interpreter.invoke(&mut ()), Ok(()));
        interpreter.output::<i8>(0)[0]
    };
    // The sum over time of the inputs' sum, 7: once, twice, and once again after the reset.
    assert_eq!([run(false), run(false), run(true)], [17, 24, 17]);
}

#[test]
fn misaligned_constants_are_copied() {
    let mut model = TestModel::default();
    let input = model.tensor(TensorType::Float32, &[3]);
    let constant = model.constant(TensorType::Float32, &[3], &[1.0f32, 2.0, 3.0]);
    let output = model.tensor(TensorType::Float32, &[3]);
    model.operator(BuiltinOperator::ADD, ("AddOptions", &[]), &[input, constant], &[output]);
    let bytes = model.bytes();
    let registry = Registry::default();
    let mut needs = Vec::new();
    for shift in 0..4 {
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(&bytes);
        let file = aligned(&shifted);
        let mut arena = vec![0xa5; 2000];
        let mut interpreter =
            Interpreter::prepare(&file.as_bytes()[shift..], &mut arena, Semantics::Tflm, &registry).unwrap();
        interpreter.input::<f32>(0).fill(0.5);
        assert_eq!(interpreter.invoke(&mut ()), Ok(()));
        assert_eq!(interpreter.output::<f32>(0), [1.5, 2.5, 3.5]);
        needs.push(interpreter.needs().used_bytes);
    }
    assert_eq!(needs[1..], [needs[0] + 16; 3]);
}

#[test]
fn operators_must_not_write_constants_or_their_inputs() {
    for (write_constant, expected) in [
        (true, "operator 0 ADD: the operator writes a constant tensor"),
        (false, "operator 0 ADD: the operator writes a tensor that is another of its operands"),
    ] {
        let mut model = TestModel::default();
        let input = model.tensor(TensorType::Float32, &[1]);
        let constant = model.constant(TensorType::Float32, &[1], &[1.0f32]);
        let output = if write_constant { constant } else { input };
        model.operator(BuiltinOperator::ADD, ("AddOptions", &[]), &[input, input], &[output]);
        let file = aligned(&model.bytes());
        let mut arena = vec![0; 2000];
        let registry = Registry::default();
        let error =
            Interpreter::prepare(file.as_bytes(), &mut arena, Semantics::Tflm, &registry).err().unwrap();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn needs_are_known_without_the_memory_for_tensors() {
    let mut model = TestModel::default();
    let ids = [0, 1, 2].map(|_| model.tensor(TensorType::Float32, &[1000]));
    model.operator(BuiltinOperator::ADD, ("AddOptions", &[]), &[ids[0], ids[0]], &ids[1..2]);
    model.operator(BuiltinOperator::ADD, ("AddOptions", &[]), &[ids[1], ids[1]], &ids[2..]);
    let file = aligned(&model.bytes());
    let registry = Registry::default();
    let mut notes = vec![0; 1000];
    let mut planned = Vec::new();
    let needs = arena_needs(file.as_bytes(), &mut notes, Semantics::Tflm, &registry, &mut |buffer| {
        planned.push(buffer)
    })
    .unwrap();
    assert_eq!((needs.nonpersistent_bytes, needs.n_scopes), (8000, 3));
    assert_eq!(needs.used_bytes, needs.nonpersistent_bytes + needs.persistent_bytes);
    let summary: Vec<_> = planned
        .iter()
        .map(|buffer| (buffer.usage, buffer.size, buffer.first_used, buffer.last_used))
        .collect();
    let tensor = PlannedUse::Tensor;
    assert_eq!(summary, [(tensor(0), 4000, 0, 1), (tensor(1), 4000, 1, 2), (tensor(2), 4000, 2, 2)]);
}
