//! Operators on one tensor, element by element or row by row: float functions, activations, changes of type.

use emberlab_core::model::{BuiltinOperator as Op, OptionValue, Options, Tensor, TensorType};

use super::Recipe;
use super::elementwise::{any_quantized, any_scale};
use super::maker::{Maker, Values};
use TensorType::{Bool, Float16, Float32, Int8, Int16, Int32, Uint8, Uint32};

pub const RECIPES: &[Recipe] = &[
    ("abs", abs),
    ("rsqrt", rsqrt),
    ("neg", |maker| function(maker, Op::NEG, (-8.0, 8.0))),
    ("sqrt", |maker| function(maker, Op::SQRT, (0.0, 1000.0))),
    ("square", |maker| function(maker, Op::SQUARE, (-8.0, 8.0))),
    ("exp", |maker| function(maker, Op::EXP, (-20.0, 20.0))),
    ("log", |maker| function(maker, Op::LOG, (0.001, 50.0))),
    ("sin", |maker| function(maker, Op::SIN, (-20.0, 20.0))),
    ("cos", |maker| function(maker, Op::COS, (-20.0, 20.0))),
    ("round", round),
    ("ceil", |maker| function(maker, Op::CEIL, (-8.0, 8.0))),
    ("floor", |maker| function(maker, Op::FLOOR, (-8.0, 8.0))),
    ("logical_not", logical_not),
    ("log_softmax", log_softmax),
    ("l2_normalization", l2_normalization),
    ("logistic", |maker| sigmoid(maker, Op::LOGISTIC, 1.0 / 256.0, -128)),
    ("tanh", |maker| sigmoid(maker, Op::TANH, 1.0 / 128.0, 0)),
    ("relu", |maker| relu(maker, Op::RELU)),
    ("relu6", |maker| relu(maker, Op::RELU6)),
    ("leaky_relu", leaky_relu),
    ("prelu", prelu),
    ("elu", elu),
    ("hard_swish", hard_swish),
    ("quantize", quantize),
    ("requantize", requantize),
    ("dequantize", dequantize),
    ("dequantize_float16", dequantize_float16),
    ("cast", cast),
];

/// Shapes, now and then of a tensor that is large enough for a table.
fn shape(maker: &mut Maker) -> Vec<i32> {
    if maker.random.one_in(6) {
        return vec![maker.random.between(500, 900) as i32];
    }
    maker.shape(1..=4)
}

fn function(maker: &mut Maker, code: Op, (low, high): (f32, f32)) {
    let shape = maker.shape(0..=5);
    let input = maker.input_of(Tensor::new("", Float32, &shape), Values::Floats(low, high));
    let output = maker.tensor(Float32, &shape);
    maker.operator(code, &[input], &[output], None);
}

fn round(maker: &mut Maker) {
    let shape = maker.shape(1..=4);
    let count = shape.iter().product::<i32>();
    let halves =
        (0..count).flat_map(|_| (maker.random.between(-40, 40) as f32 / 4.0).to_le_bytes()).collect();
    let input = maker.input_of(Tensor::new("", Float32, &shape), Values::Bytes(halves));
    let output = maker.tensor(Float32, &shape);
    maker.operator(Op::ROUND, &[input], &[output], None);
}

/// Input and output with scales whose quotient is exact in float32.
fn pair(maker: &mut Maker, ty: TensorType, shape: &[i32]) -> (Tensor, Tensor) {
    let (base, factor) = (any_scale(maker), 2f32.powi(maker.random.between(-4, 4) as i32));
    let mut tensor = |scale| {
        let tensor = Tensor::new("", ty, shape);
        if matches!(ty, Int8 | Int16) { tensor.quantized(scale, maker.zero_point(ty)) } else { tensor }
    };
    (tensor(base), tensor(base * factor))
}

fn abs(maker: &mut Maker) {
    let (shape, ty) = (shape(maker), maker.random.pick(&[Int8, Int8, Int16, Float32]));
    let (mut input, mut output) = pair(maker, ty, &shape);
    if ty == Int16 && maker.random.one_in(2) {
        (input.quantization, output.quantization) = (None, None);
    }
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    maker.operator(Op::ABS, &[input], &[output], Some(Options::new("AbsOptions")));
}

fn rsqrt(maker: &mut Maker) {
    let shape = shape(maker);
    if maker.random.one_in(3) {
        return function(maker, Op::RSQRT, (0.01, 90.0));
    }
    let zero_point = maker.zero_point(Int8);
    // An even power of two has an exact root.
    let scale = 4f32.powi(maker.random.between(-5, 1) as i32);
    let input = Tensor::new("", Int8, &shape).quantized(scale, zero_point);
    let output = any_quantized(maker, Int8, &shape);
    let output = output.quantized(maker.scale(), 3);
    let (input, output) = (maker.input_of(input, Values::Ints(zero_point, 127)), maker.tensor_of(output));
    maker.operator(Op::RSQRT, &[input], &[output], None);
}

fn logical_not(maker: &mut Maker) {
    let shape = maker.shape(0..=4);
    let (input, output) = (maker.input(Bool, &shape), maker.tensor(Bool, &shape));
    maker.operator(Op::LOGICAL_NOT, &[input], &[output], None);
}

fn log_softmax(maker: &mut Maker) {
    let (shape, ty) = (maker.shape(1..=4), maker.random.pick(&[Int8, Int8, Float32]));
    let input = any_quantized(maker, ty, &shape);
    let output = Tensor::new("", ty, &shape);
    let output = if ty == Int8 { output.quantized(1.0 / 16.0, 127) } else { output };
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    maker.operator(Op::LOG_SOFTMAX, &[input], &[output], Some(Options::new("LogSoftmaxOptions")));
}

fn l2_normalization(maker: &mut Maker) {
    let (shape, ty) = (maker.shape(1..=4), maker.random.pick(&[Int8, Int8, Float32]));
    let input = any_quantized(maker, ty, &shape);
    let output = Tensor::new("", ty, &shape);
    let output = if ty == Int8 { output.quantized(1.0 / 128.0, 0) } else { output };
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    maker.operator(Op::L2_NORMALIZATION, &[input], &[output], Some(Options::new("L2NormOptions")));
}

fn sigmoid(maker: &mut Maker, code: Op, scale: f32, zero_point: i64) {
    let (shape, ty) = (shape(maker), maker.random.pick(&[Int8, Int8, Int16, Int16, Float32]));
    let input = match ty {
        Int16 if maker.random.one_in(2) => {
            // Around the power of two that needs no factor.
            Tensor::new("", ty, &shape).quantized(2f32.powi(maker.random.between(-14, -10) as i32), 0)
        }
        Int16 => Tensor::new("", ty, &shape).quantized(any_scale(maker) / 256.0, 0),
        _ => any_quantized(maker, ty, &shape),
    };
    let output = Tensor::new("", ty, &shape);
    let output = match ty {
        Int8 => output.quantized(scale, zero_point),
        Int16 => output.quantized(1.0 / 32768.0, 0),
        _ => output,
    };
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    maker.operator(code, &[input], &[output], None);
}

fn relu(maker: &mut Maker, code: Op) {
    let (shape, ty) = (shape(maker), maker.random.pick(&[Int8, Int8, Int16, Float32]));
    let (input, output) = pair(maker, ty, &shape);
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    maker.operator(code, &[input], &[output], None);
}

fn leaky_relu(maker: &mut Maker) {
    let (shape, ty) = (shape(maker), maker.random.pick(&[Int8, Int8, Int16, Float32]));
    // Powers of two, with which the products of any alpha are exact in float32.
    let (input, output) = (maker.quantized(ty, &shape), maker.quantized(ty, &shape));
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    let any = f64::from(maker.random.float(-1.0, 1.0));
    let alpha = maker.random.pick(&[any, any, 0.0, 0.5, 1.5]);
    let options = Options::new("LeakyReluOptions").with("alpha", OptionValue::Float(alpha as f32));
    maker.operator(Op::LEAKY_RELU, &[input], &[output], Some(options));
}

fn prelu(maker: &mut Maker) {
    let (shape, ty) = (maker.shape(1..=4), maker.random.pick(&[Int8, Int8, Int16, Float32]));
    let alpha_shape: Vec<i32> =
        shape.iter().map(|size| if maker.random.one_in(2) { 1 } else { *size }).collect();
    let (input, output) = (any_quantized(maker, ty, &shape), any_quantized(maker, ty, &shape));
    let alpha = any_quantized(maker, if ty == Float32 { Float32 } else { Int8 }, &alpha_shape);
    let (input, alpha) = (maker.input_of(input, Values::Any), maker.random_constant(alpha));
    let output = maker.tensor_of(output);
    maker.operator(Op::PRELU, &[input, alpha], &[output], None);
}

fn elu(maker: &mut Maker) {
    let (shape, ty) = (shape(maker), maker.random.pick(&[Int8, Int8, Float32]));
    let (input, output) = (any_quantized(maker, ty, &shape), any_quantized(maker, ty, &shape));
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    maker.operator(Op::ELU, &[input], &[output], None);
}

fn hard_swish(maker: &mut Maker) {
    let (shape, ty) = (shape(maker), maker.random.pick(&[Int8, Int8, Float32]));
    let (input, output) = pair(maker, ty, &shape);
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    maker.operator(Op::HARD_SWISH, &[input], &[output], Some(Options::new("HardSwishOptions")));
}

fn quantize(maker: &mut Maker) {
    let (shape, ty) = (shape(maker), maker.random.pick(&[Int8, Int16]));
    let output = any_quantized(maker, ty, &shape);
    let high = maker.random.pick(&[0.5, 8.0, 1000.0]);
    let input = maker.input_of(Tensor::new("", Float32, &shape), Values::Floats(-high, high));
    let output = maker.tensor_of(output);
    maker.operator(Op::QUANTIZE, &[input], &[output], Some(Options::new("QuantizeOptions")));
}

fn requantize(maker: &mut Maker) {
    let shape = shape(maker);
    let (from, to) = maker.random.pick(&[
        (Int8, Int8),
        (Int8, Uint8),
        (Int8, Int16),
        (Int8, Int32),
        (Int16, Int8),
        (Int16, Int16),
        (Int16, Int32),
        (Int32, Int8),
        (Int32, Int16),
        (Uint8, Int8),
    ]);
    let mut tensor = |ty| {
        let zero_point = match ty {
            Int8 => maker.zero_point(Int8),
            Uint8 => maker.random.between(0, 255),
            _ => 0,
        };
        Tensor::new("", ty, &shape).quantized(any_scale(maker), zero_point)
    };
    let (input, output) = (tensor(from), tensor(to));
    // Numbers of which no factor up to 2^14 makes more than 32 bits.
    let values = if from == Int32 { Values::Ints(-100_000, 100_000) } else { Values::Any };
    if to == Int32 && from == Int8 {
        maker.skip.push("litert");
    }
    let (input, output) = (maker.input_of(input, values), maker.tensor_of(output));
    maker.operator(Op::QUANTIZE, &[input], &[output], Some(Options::new("QuantizeOptions")));
}

fn dequantize(maker: &mut Maker) {
    let (shape, ty) = (shape(maker), maker.random.pick(&[Int8, Int16, Uint8]));
    let mut input = any_quantized(maker, ty, &shape);
    if ty == Uint8 {
        input = input.quantized(any_scale(maker), maker.random.between(0, 255));
    }
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor(Float32, &shape));
    maker.operator(Op::DEQUANTIZE, &[input], &[output], Some(Options::new("DequantizeOptions")));
}

fn dequantize_float16(maker: &mut Maker) {
    let shape = shape(maker);
    let count = shape.iter().product::<i32>();
    // Every bit pattern but NaN and infinity.
    let bits = (0..count).flat_map(|_| {
        let bits = maker.random.next() as u16;
        (if bits & 0x7c00 == 0x7c00 { bits & 0x83ff } else { bits }).to_le_bytes()
    });
    let bytes = bits.collect();
    let input = maker.input_of(Tensor::new("", Float16, &shape), Values::Bytes(bytes));
    let output = maker.tensor(Float32, &shape);
    maker.operator(Op::DEQUANTIZE, &[input], &[output], Some(Options::new("DequantizeOptions")));
}

fn cast(maker: &mut Maker) {
    let shape = shape(maker);
    let from = maker.random.pick(&[Bool, Int8, Int16, Int32, Uint32, Float32]);
    let to = maker.random.pick(&[Int8, Int16, Int32, Uint32, Float32]);
    let values = match (from, to) {
        // What fits: C++ says nothing about the rest.
        (Float32, Uint32) => Values::Floats(0.0, 4000.0),
        (Float32, _) => Values::Floats(-120.0, 120.0),
        _ => Values::Any,
    };
    let (input, output) = (maker.input_of(Tensor::new("", from, &shape), values), maker.tensor(to, &shape));
    let options = Options::new("CastOptions")
        .with_int("in_data_type", from.code().into())
        .with_int("out_data_type", to.code().into());
    maker.operator(Op::CAST, &[input], &[output], Some(options));
}
