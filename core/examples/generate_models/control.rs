//! Operators that call subgraphs, and variables.

use emberlab_core::model::{BuiltinOperator as Op, OptionValue, Options, Tensor, TensorId, TensorType};

use super::Recipe;
use super::maker::Maker;
use TensorType::{Bool, Float32, Int8, Resource};

pub const RECIPES: &[Recipe] = &[
    ("if", if_else),
    ("if_nested", if_nested),
    ("while", while_loop),
    ("call_once_variable", |maker| variables(maker, 1)),
    ("call_once_variables", |maker| variables(maker, 3)),
];

/// A subgraph with one convolution-like chain of elementwise operators, so that its memory matters.
fn branch(maker: &mut Maker, name: &str, ty: TensorType, shape: &[i32], code: Op, n_operators: i32) -> i64 {
    let number = maker.builder.subgraph(name);
    let mut current = maker.input(ty, shape);
    for _ in 0..n_operators {
        let next = maker.activation_like(current, shape);
        let options = (code == Op::ADD).then(|| Options::new("AddOptions"));
        let inputs = if code == Op::ADD { vec![current, current] } else { vec![current] };
        maker.operator(code, &inputs, &[next], options);
        current = next;
    }
    maker.output(current);
    i64::from(number.0)
}

fn if_operator(maker: &mut Maker, condition: TensorId, input: TensorId, then: i64, otherwise: i64) {
    let shape = maker.shape_of(input);
    let output = maker.activation_like(input, &shape);
    let options = Options::new("IfOptions")
        .with_int("then_subgraph_index", then)
        .with_int("else_subgraph_index", otherwise);
    maker.last(Op::IF, &[condition, input], &[output], Some(options));
}

fn if_else(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let shape = maker.shape(2..=4);
    let condition = maker.input(Bool, &[1]);
    let input = maker.input(ty, &shape);
    if_operator(maker, condition, input, 1, 2);
    let (short, long) = (maker.random.between(0, 2), maker.random.between(1, 4));
    branch(maker, "then", ty, &shape, Op::RELU, short);
    branch(maker, "else", ty, &shape, Op::ADD, long);
}

/// Both operators of the main graph call the same subgraphs, one of which calls another.
fn if_nested(maker: &mut Maker) {
    let shape = maker.shape(2..=4);
    let condition = maker.input(Bool, &[1]);
    let input = maker.input(Float32, &shape);
    let middle = maker.activation(Float32, &shape);
    let output = maker.activation(Float32, &shape);
    let options =
        || Options::new("IfOptions").with_int("then_subgraph_index", 1).with_int("else_subgraph_index", 2);
    maker.operator(Op::IF, &[condition, input], &[middle], Some(options()));
    maker.last(Op::IF, &[condition, middle], &[output], Some(options()));
    branch(maker, "then", Float32, &shape, Op::RELU, 2);
    maker.builder.subgraph("else");
    let input = maker.input(Float32, &shape);
    let condition_tensor = Tensor::new("condition", Bool, &[1]);
    let condition = maker.builder.constant(condition_tensor, &[true]);
    if_operator(maker, condition, input, 3, 1);
    branch(maker, "inner", Float32, &shape, Op::ADD, 3);
}

fn while_loop(maker: &mut Maker) {
    let n = maker.random.between(1, 40);
    let input = maker.input(Float32, &[n]);
    let output = maker.activation(Float32, &[n]);
    let options =
        Options::new("WhileOptions").with_int("cond_subgraph_index", 1).with_int("body_subgraph_index", 2);
    maker.last(Op::WHILE, &[input], &[output], Some(options));
    maker.builder.subgraph("condition");
    let value = maker.input(Float32, &[n]);
    let axis = maker.ints(&[0]);
    let sum = maker.activation(Float32, &[1]);
    let reducer = Options::new("ReducerOptions").with_int("keep_dims", 1);
    maker.operator(Op::SUM, &[value, axis], &[sum], Some(reducer));
    let limit = maker.weights(Float32, &[1]);
    let verdict = maker.activation(Bool, &[1]);
    maker.last(Op::LESS, &[sum, limit], &[verdict], None);
    let n_operators = maker.random.between(1, 4);
    branch(maker, "body", Float32, &[n], Op::ADD, n_operators);
}

fn handle(maker: &mut Maker, number: usize) -> TensorId {
    let handle = maker.activation(Resource, &[1]);
    let text = |text: &str| OptionValue::Text(text.to_owned());
    let options = Options::new("VarHandleOptions")
        .with("container", text(""))
        .with("shared_name", text(&format!("variable{number}")));
    maker.operator(Op::VAR_HANDLE, &[], &[handle], Some(options));
    handle
}

/// A first call sets the variables; every call adds the input to them.
fn variables(maker: &mut Maker, count: usize) {
    let shape = maker.shape(1..=3);
    let input = maker.input(Float32, &shape);
    let options = Options::new("CallOnceOptions").with_int("init_subgraph_index", 1);
    maker.operator(Op::CALL_ONCE, &[], &[], Some(options));
    for number in 0..count {
        let handle = handle(maker, number);
        let value = maker.activation(Float32, &shape);
        maker.operator(Op::READ_VARIABLE, &[handle], &[value], Some(Options::new("ReadVariableOptions")));
        let sum = maker.activation(Float32, &shape);
        maker.operator(Op::ADD, &[input, value], &[sum], Some(Options::new("AddOptions")));
        maker.operator(Op::ASSIGN_VARIABLE, &[handle, sum], &[], Some(Options::new("AssignVariableOptions")));
        maker.output(sum);
    }
    maker.builder.subgraph("initialize");
    for number in 0..count {
        let handle = handle(maker, number);
        let value = maker.weights(Float32, &shape);
        maker.operator(
            Op::ASSIGN_VARIABLE,
            &[handle, value],
            &[],
            Some(Options::new("AssignVariableOptions")),
        );
    }
}
