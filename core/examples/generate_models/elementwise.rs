//! Operators that work element by element, and reductions.

use emberlab_core::model::{BuiltinOperator as Op, Options, TensorId, TensorType};

use super::Recipe;
use super::maker::Maker;
use TensorType::{Bool, Float32, Int8, Int16, Int32, Uint8};

pub const RECIPES: &[Recipe] = &[
    ("relu", |maker| unary(maker, Op::RELU, &[Float32, Int8, Int16])),
    ("relu6", |maker| unary(maker, Op::RELU6, &[Float32, Int8, Int16])),
    ("leaky_relu", |maker| unary(maker, Op::LEAKY_RELU, &[Float32, Int8, Int16])),
    ("elu", |maker| unary(maker, Op::ELU, &[Float32, Int8])),
    ("hard_swish", hard_swish),
    ("abs", |maker| unary(maker, Op::ABS, &[Float32, Int8, Int16])),
    ("rsqrt", |maker| unary(maker, Op::RSQRT, &[Float32, Int8])),
    ("float_unary", float_unary),
    ("logical_not", |maker| unary(maker, Op::LOGICAL_NOT, &[Bool])),
    ("zeros_like", |maker| unary(maker, Op::ZEROS_LIKE, &[Float32, Int8, Int32])),
    ("logistic", |maker| sigmoid(maker, Op::LOGISTIC)),
    ("tanh", |maker| sigmoid(maker, Op::TANH)),
    ("softmax", softmax),
    ("log_softmax", log_softmax),
    ("l2_normalization", |maker| unary(maker, Op::L2_NORMALIZATION, &[Float32, Int8])),
    ("prelu", prelu),
    ("cumsum", cumsum),
    ("quantize", quantize),
    ("dequantize", dequantize),
    ("cast", cast),
    ("add", |maker| binary(maker, Op::ADD, &[Float32, Int8, Int16, Int32])),
    ("sub", |maker| binary(maker, Op::SUB, &[Float32, Int8, Int16, Int32])),
    ("mul", |maker| binary(maker, Op::MUL, &[Float32, Int8, Int16, Int32])),
    ("div", |maker| binary(maker, Op::DIV, &[Float32, Int8])),
    ("maximum", |maker| binary(maker, Op::MAXIMUM, &[Float32, Int8, Int16, Int32])),
    ("minimum", |maker| binary(maker, Op::MINIMUM, &[Float32, Int8, Int16, Int32])),
    ("floor_div", |maker| binary(maker, Op::FLOOR_DIV, &[Float32])),
    ("floor_mod", |maker| binary(maker, Op::FLOOR_MOD, &[Float32])),
    ("squared_difference", |maker| binary(maker, Op::SQUARED_DIFFERENCE, &[Float32, Int8, Int16, Int32])),
    ("comparison", comparison),
    ("logical", logical),
    ("add_n", add_n),
    ("select", select),
    ("mean", |maker| reduce(maker, Op::MEAN, &[Float32, Int8, Int16])),
    ("sum", |maker| reduce(maker, Op::SUM, &[Float32, Int8, Int16])),
    ("reduce_max", |maker| reduce(maker, Op::REDUCE_MAX, &[Float32, Int8])),
    ("reduce_min", |maker| reduce(maker, Op::REDUCE_MIN, &[Float32, Int8])),
    ("reduce_all", |maker| reduce(maker, Op::REDUCE_ALL, &[Bool])),
    ("arg_max", |maker| arg(maker, Op::ARG_MAX)),
    ("arg_min", |maker| arg(maker, Op::ARG_MIN)),
];

fn unary(maker: &mut Maker, code: Op, types: &[TensorType]) {
    let ty = maker.random.pick(types);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let output = maker.activation(ty, &shape);
    let options = match code {
        Op::LEAKY_RELU => Some(Options::new("LeakyReluOptions")),
        Op::L2_NORMALIZATION => Some(Options::new("L2NormOptions")),
        _ => None,
    };
    maker.last(code, &[input], &[output], options);
}

/// The output scale of the int8 version is not below the input's: TFLM refuses a left shift.
fn hard_swish(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let output = maker.activation_like(input, &shape);
    maker.last(Op::HARD_SWISH, &[input], &[output], None);
}

fn float_unary(maker: &mut Maker) {
    let code = maker.random.pick(&[
        Op::CEIL,
        Op::COS,
        Op::EXP,
        Op::FLOOR,
        Op::LOG,
        Op::NEG,
        Op::ROUND,
        Op::SIN,
        Op::SQRT,
        Op::SQUARE,
    ]);
    unary(maker, code, &[Float32]);
}

fn sigmoid(maker: &mut Maker, code: Op) {
    let ty = maker.random.pick(&[Float32, Int8, Int16]);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let output = maker.describe(ty, &shape);
    let output = match ty {
        Int8 => output.quantized(1.0 / 256.0, -128),
        Int16 => output.quantized(1.0 / 32768.0, 0),
        _ => output,
    };
    let output = maker.builder.tensor(output);
    maker.last(code, &[input], &[output], None);
}

fn softmax(maker: &mut Maker) {
    let (input_type, output_type) =
        maker.random.pick(&[(Float32, Float32), (Int8, Int8), (Int16, Int16), (Int8, Int16)]);
    let shape = maker.shape(2..=4);
    let input = maker.input(input_type, &shape);
    let output = maker.describe(output_type, &shape);
    let output = match (input_type, output_type) {
        (_, Int8) => output.quantized(1.0 / 256.0, -128),
        (Int8, Int16) => output.quantized(1.0 / 65536.0, -32768),
        (_, Int16) => output.quantized(1.0 / 32768.0, 0),
        _ => output,
    };
    let output = maker.builder.tensor(output);
    let beta = emberlab_core::model::OptionValue::Float(1.0);
    maker.last(Op::SOFTMAX, &[input], &[output], Some(Options::new("SoftmaxOptions").with("beta", beta)));
}

fn log_softmax(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let shape = maker.shape(2..=3);
    let input = maker.input(ty, &shape);
    let output = maker.describe(ty, &shape);
    let output = if ty == Int8 { output.quantized(16.0 / 256.0, 127) } else { output };
    let output = maker.builder.tensor(output);
    maker.last(Op::LOG_SOFTMAX, &[input], &[output], None);
}

fn prelu(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let shape = maker.shape(3..=4);
    let input = maker.input(ty, &shape);
    let alpha = maker.weights(ty, &[1, 1, shape[shape.len() - 1]]);
    let output = maker.activation(ty, &shape);
    maker.last(Op::PRELU, &[input, alpha], &[output], None);
}

fn cumsum(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let shape = maker.shape(1..=3);
    let input = maker.input(ty, &shape);
    let axis = maker.scalar(0);
    let output = maker.activation_like(input, &shape);
    maker.last(Op::CUMSUM, &[input, axis], &[output], Some(Options::new("CumsumOptions")));
}

fn quantize(maker: &mut Maker) {
    let (from, to) = maker.random.pick(&[
        (Float32, Int8),
        (Float32, Int16),
        (Int8, Int8),
        (Int8, Int16),
        (Int16, Int8),
        (Int8, Uint8),
        (Uint8, Int8),
    ]);
    let shape = maker.shape(1..=4);
    let input = maker.input(from, &shape);
    let output = maker.activation(to, &shape);
    maker.last(Op::QUANTIZE, &[input], &[output], None);
}

fn dequantize(maker: &mut Maker) {
    let ty = maker.random.pick(&[Int8, Int16, Uint8]);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let output = maker.activation(Float32, &shape);
    maker.last(Op::DEQUANTIZE, &[input], &[output], None);
}

fn cast(maker: &mut Maker) {
    let (from, to) =
        maker.random.pick(&[(Float32, Int32), (Int32, Float32), (Bool, Float32), (Int8, Float32)]);
    let shape = maker.shape(1..=4);
    let input = maker.input(from, &shape);
    let output = maker.activation(to, &shape);
    maker.last(Op::CAST, &[input], &[output], Some(Options::new("CastOptions")));
}

/// Two inputs, the second sometimes one element for all, sometimes a constant.
fn operands(maker: &mut Maker, ty: TensorType) -> (TensorId, TensorId, Vec<i32>) {
    let shape = maker.shape(1..=4);
    let first = maker.input(ty, &shape);
    let second = if maker.random.chance() { shape.clone() } else { vec![1; shape.len()] };
    let second = if maker.random.chance() { maker.input(ty, &second) } else { maker.weights(ty, &second) };
    (first, second, shape)
}

fn binary(maker: &mut Maker, code: Op, types: &[TensorType]) {
    let ty = maker.random.pick(types);
    let (first, second, shape) = operands(maker, ty);
    let output = maker.activation(ty, &shape);
    let table = match code {
        Op::ADD => Some("AddOptions"),
        Op::SUB => Some("SubOptions"),
        Op::MUL => Some("MulOptions"),
        Op::DIV => Some("DivOptions"),
        _ => None,
    };
    let activation = i64::from(maker.random.pick(&[0, 1, 3]));
    let options = table.map(|table| Options::new(table).with_int("fused_activation_function", activation));
    maker.last(code, &[first, second], &[output], options);
}

fn comparison(maker: &mut Maker) {
    let code = maker.random.pick(&[
        Op::EQUAL,
        Op::NOT_EQUAL,
        Op::GREATER,
        Op::GREATER_EQUAL,
        Op::LESS,
        Op::LESS_EQUAL,
    ]);
    let ty = maker.random.pick(&[Float32, Int8, Int32]);
    let (first, second, shape) = operands(maker, ty);
    let output = maker.activation(Bool, &shape);
    maker.last(code, &[first, second], &[output], None);
}

fn logical(maker: &mut Maker) {
    let code = maker.random.pick(&[Op::LOGICAL_AND, Op::LOGICAL_OR]);
    let shape = maker.shape(1..=4);
    let (first, second) = (maker.input(Bool, &shape), maker.input(Bool, &shape));
    let output = maker.activation(Bool, &shape);
    maker.last(code, &[first, second], &[output], None);
}

fn add_n(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let shape = maker.shape(1..=4);
    let first = maker.input(ty, &shape);
    let mut inputs = vec![first];
    for _ in 0..maker.random.between(1, 4) {
        let next = maker.activation_like(first, &shape);
        maker.builder.model().subgraphs[0].inputs.push(next);
        inputs.push(next);
    }
    let output = maker.activation(ty, &shape);
    maker.last(Op::ADD_N, &inputs, &[output], Some(Options::new("AddNOptions")));
}

fn select(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16]);
    let shape = maker.shape(1..=4);
    let first = maker.input(ty, &shape);
    let second = maker.activation_like(first, &shape);
    maker.builder.model().subgraphs[0].inputs.push(second);
    let condition = if maker.random.chance() { shape.clone() } else { vec![1] };
    let condition = maker.input(Bool, &condition);
    let output = maker.activation_like(first, &shape);
    maker.last(Op::SELECT_V2, &[condition, first, second], &[output], None);
}

fn reduce(maker: &mut Maker, code: Op, types: &[TensorType]) {
    let ty = maker.random.pick(types);
    let shape = maker.shape(2..=4);
    let keeps = maker.random.chance();
    let n_axes = maker.random.between(1, shape.len() as i32 - 1) as usize;
    let axes = (0..n_axes as i32).collect::<Vec<_>>();
    let input = maker.input(ty, &shape);
    let axis = if n_axes == 1 && maker.random.chance() { maker.scalar(0) } else { maker.ints(&axes) };
    let kept = &shape[n_axes..];
    let reduced = if keeps { [vec![1; n_axes], kept.to_vec()].concat() } else { kept.to_vec() };
    let output = maker.activation(ty, &reduced);
    let options = Options::new("ReducerOptions").with_int("keep_dims", i64::from(keeps));
    maker.last(code, &[input, axis], &[output], Some(options));
}

fn arg(maker: &mut Maker, code: Op) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let shape = maker.shape(2..=4);
    let input = maker.input(ty, &shape);
    let axis = maker.scalar(shape.len() as i32 - 1);
    let output = maker.activation(Int32, &shape[..shape.len() - 1]);
    let table = if code == Op::ARG_MAX { "ArgMaxOptions" } else { "ArgMinOptions" };
    let options = Options::new(table).with_int("output_type", 2);
    maker.last(code, &[input, axis], &[output], Some(options));
}
