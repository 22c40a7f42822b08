//! Models that TFLM refuses when it prepares them.

use emberlab_core::model::{BuiltinOperator as Op, OFFLINE_MEMORY_ALLOCATION, Options, TensorType};

use super::Recipe;
use super::maker::Maker;
use TensorType::{Bool, Float16, Float32, Int8, Int16, Int32, Uint8};

pub const RECIPES: &[Recipe] = &[
    ("refused_unregistered", unregistered),
    ("refused_unknown_custom", unknown_custom),
    ("refused_hybrid_dense", hybrid_dense),
    ("refused_hybrid_conv", hybrid_conv),
    ("refused_float16", float16),
    ("refused_types", types),
    ("refused_shapes", shapes),
    ("refused_quantization", quantization),
    ("refused_dynamic_axis", dynamic_axis),
    ("refused_dynamic_output", dynamic_output),
    ("refused_plan_length", plan_length),
    ("refused_subgraph", subgraph),
    ("refused_arity", arity),
    ("refused_activation", activation),
];

fn unregistered(maker: &mut Maker) {
    let code =
        maker.random.pick(&[Op::GELU, Op::TILE, Op::TOPK_V2, Op::POW, Op::CONV_3D, Op::ONE_HOT, Op::SIGN]);
    let shape = maker.shape(1..=3);
    let input = maker.input(Float32, &shape);
    let output = maker.activation(Float32, &shape);
    maker.last(code, &[input], &[output], None);
}

fn unknown_custom(maker: &mut Maker) {
    let input = maker.input(Float32, &[4]);
    let output = maker.activation(Float32, &[4]);
    maker.builder.custom_operator("MyOperator", [input], [output]);
    maker.output(output);
}

fn hybrid_dense(maker: &mut Maker) {
    let (depth, units) = (maker.random.between(1, 9), maker.random.between(1, 9));
    let input = maker.input(Float32, &[1, depth]);
    let filter = maker.weights(Int8, &[units, depth]);
    let output = maker.activation(Float32, &[1, units]);
    let options = Options::new("FullyConnectedOptions");
    maker.last(Op::FULLY_CONNECTED, &[input, filter], &[output], Some(options));
}

fn hybrid_conv(maker: &mut Maker) {
    let code = maker.random.pick(&[Op::CONV_2D, Op::DEPTHWISE_CONV_2D]);
    let input = maker.input(Float32, &[1, 4, 4, 1]);
    let filter = maker.weights(Int8, &[1, 1, 1, 1]);
    let output = maker.activation(Float32, &[1, 4, 4, 1]);
    let table = if code == Op::CONV_2D { "Conv2DOptions" } else { "DepthwiseConv2DOptions" };
    let options = Options::new(table).with_int("stride_h", 1).with_int("stride_w", 1);
    maker.last(code, &[input, filter], &[output], Some(options));
}

fn float16(maker: &mut Maker) {
    let shape = maker.shape(1..=3);
    let input = maker.weights(Float16, &shape);
    let output = maker.activation(Float32, &shape);
    maker.last(Op::DEQUANTIZE, &[input], &[output], None);
}

fn types(maker: &mut Maker) {
    let (code, from, to) = maker.random.pick(&[
        (Op::SOFTMAX, Uint8, Uint8),
        (Op::RESHAPE, Float32, Int8),
        (Op::LOGISTIC, Float32, Int8),
        (Op::EXP, Int8, Int8),
        (Op::MAX_POOL_2D, Uint8, Uint8),
        (Op::DEPTH_TO_SPACE, Int16, Int16),
    ]);
    let input = maker.input(from, &[1, 4, 4, 4]);
    let output = maker.activation(to, &[1, 4, 4, 4]);
    let options = match code {
        Op::SOFTMAX => Some(Options::new("SoftmaxOptions")),
        Op::RESHAPE => Some(Options::new("ReshapeOptions")),
        Op::MAX_POOL_2D => {
            Some(Options::new("Pool2DOptions").with_int("stride_h", 1).with_int("stride_w", 1))
        }
        Op::DEPTH_TO_SPACE => Some(Options::new("DepthToSpaceOptions").with_int("block_size", 2)),
        _ => None,
    };
    maker.last(code, &[input], &[output], options);
}

fn shapes(maker: &mut Maker) {
    let (code, shape) = maker.random.pick(&[
        (Op::RESHAPE, [1, 4, 4, 3]),
        (Op::EXP, [1, 4, 3, 4]),
        (Op::CUMSUM, [1, 4, 4, 2]),
        (Op::SPACE_TO_DEPTH, [1, 2, 2, 4]),
    ]);
    let size = if code == Op::SPACE_TO_DEPTH { 5 } else { 4 };
    let input = maker.input(Float32, &[1, size, size, 4]);
    let mut inputs = vec![input];
    if code == Op::CUMSUM {
        inputs.push(maker.scalar(0));
    }
    let output = maker.activation(Float32, &shape);
    let options = match code {
        Op::RESHAPE => Some(Options::new("ReshapeOptions")),
        Op::CUMSUM => Some(Options::new("CumsumOptions")),
        Op::SPACE_TO_DEPTH => Some(Options::new("SpaceToDepthOptions").with_int("block_size", 2)),
        _ => None,
    };
    maker.last(code, &inputs, &[output], options);
}

fn quantization(maker: &mut Maker) {
    let code = maker.random.pick(&[Op::LOGISTIC, Op::SOFTMAX, Op::LOG_SOFTMAX, Op::AVERAGE_POOL_2D]);
    let input = maker.input(Int8, &[1, 4, 4, 4]);
    let output = maker.describe(Int8, &[1, 4, 4, 4]).quantized(0.75, 3);
    let output = maker.builder.tensor(output);
    let options = match code {
        Op::SOFTMAX => Some(Options::new("SoftmaxOptions")),
        Op::LOG_SOFTMAX => Some(Options::new("LogSoftmaxOptions")),
        Op::AVERAGE_POOL_2D => {
            Some(Options::new("Pool2DOptions").with_int("stride_h", 1).with_int("stride_w", 1))
        }
        _ => None,
    };
    maker.last(code, &[input], &[output], options);
}

fn dynamic_axis(maker: &mut Maker) {
    let axis = maker.input(Int32, &[1]);
    let input = maker.input(Float32, &[4, 2]);
    let outputs = [0, 1].map(|_| maker.activation(Float32, &[2, 2]));
    let options = Options::new("SplitOptions").with_int("num_splits", 2);
    maker.last(Op::SPLIT, &[axis, input], &outputs, Some(options));
}

fn dynamic_output(maker: &mut Maker) {
    let input = maker.input(Float32, &[4, 2]);
    let shape = maker.random.pick(&[[0, 2], [-1, 2]]);
    let output = maker.activation(Float32, &shape);
    maker.last(Op::NEG, &[input], &[output], None);
}

fn plan_length(maker: &mut Maker) {
    let input = maker.input(Float32, &[4, 2]);
    let output = maker.activation(Float32, &[4, 2]);
    maker.last(Op::NEG, &[input], &[output], None);
    let words = [1i32, 0, 3, -1, -1, -1];
    let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    maker.builder.metadata(OFFLINE_MEMORY_ALLOCATION, bytes);
}

fn subgraph(maker: &mut Maker) {
    let condition = maker.input(Bool, &[1]);
    let input = maker.input(Float32, &[4]);
    let output = maker.activation(Float32, &[4]);
    let number = i64::from(maker.random.between(2, 9));
    let options =
        Options::new("IfOptions").with_int("then_subgraph_index", number).with_int("else_subgraph_index", 1);
    maker.last(Op::IF, &[condition, input], &[output], Some(options));
    maker.builder.subgraph("else");
    let input = maker.input(Float32, &[4]);
    maker.output(input);
}

fn arity(maker: &mut Maker) {
    let code = maker.random.pick(&[Op::EXP, Op::TANH, Op::SPACE_TO_DEPTH]);
    let (first, second) = (maker.input(Float32, &[1, 4, 4, 1]), maker.input(Float32, &[1, 4, 4, 1]));
    let output = maker.activation(Float32, &[1, 4, 4, 1]);
    let options =
        (code == Op::SPACE_TO_DEPTH).then(|| Options::new("SpaceToDepthOptions").with_int("block_size", 1));
    maker.last(code, &[first, second], &[output], options);
}

fn activation(maker: &mut Maker) {
    let input = maker.input(Float32, &[1, 4]);
    let output = maker.activation(Float32, &[1, 8]);
    let options = Options::new("ConcatenationOptions")
        .with_int("axis", 1)
        .with_int("fused_activation_function", i64::from(maker.random.pick(&[1, 3])));
    maker.last(Op::CONCATENATION, &[input, input], &[output], Some(options));
}
