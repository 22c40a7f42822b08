//! Operators on two or three tensors, element by element, with repeated dimensions.

use emberlab_core::model::{BuiltinOperator as Op, Options, Tensor, TensorType};

use super::Recipe;
use super::maker::{Maker, Values};
use TensorType::{Bool, Float32, Int8, Int16, Int32, Int64};

pub const RECIPES: &[Recipe] = &[
    ("add", |maker| sum(maker, Op::ADD, "AddOptions")),
    ("sub", |maker| sum(maker, Op::SUB, "SubOptions")),
    ("sub_any_scales", sub_any_scales),
    ("mul", mul),
    ("maximum", |maker| extreme(maker, Op::MAXIMUM)),
    ("minimum", |maker| extreme(maker, Op::MINIMUM)),
    ("div", div),
    ("squared_difference", squared_difference),
    ("floor_div", |maker| float_division(maker, Op::FLOOR_DIV)),
    ("floor_mod", |maker| float_division(maker, Op::FLOOR_MOD)),
    ("add_n", add_n),
    ("equal", |maker| comparison(maker, Op::EQUAL, &[Bool, Int8, Int8, Int32, Int64, Float32])),
    ("not_equal", |maker| comparison(maker, Op::NOT_EQUAL, &[Bool, Int8, Int8, Int32, Int64, Float32])),
    ("greater", |maker| comparison(maker, Op::GREATER, &[Int8, Int8, Int32, Int64, Float32])),
    ("greater_equal", |maker| comparison(maker, Op::GREATER_EQUAL, &[Int8, Int8, Int32, Int64, Float32])),
    ("less", |maker| comparison(maker, Op::LESS, &[Int8, Int8, Int32, Int64, Float32])),
    ("less_equal", |maker| comparison(maker, Op::LESS_EQUAL, &[Int8, Int8, Int32, Int64, Float32])),
    ("logical_and", |maker| logical(maker, Op::LOGICAL_AND)),
    ("logical_or", |maker| logical(maker, Op::LOGICAL_OR)),
    ("select_v2", select),
];

/// Shapes of inputs of which all but one may be repeated, and the shape that they give.
fn shapes<const N: usize>(maker: &mut Maker, most_dimensions: i64) -> ([Vec<i32>; N], Vec<i32>) {
    let output = maker.shape(0..=most_dimensions);
    let whole = maker.random.between(0, N as i64 - 1) as usize;
    let is_repeated = maker.random.one_in(2);
    let shapes = std::array::from_fn(|index| {
        if index == whole || !is_repeated {
            return output.clone();
        }
        let leading = maker.random.between(0, output.len() as i64) as usize;
        output[leading..].iter().map(|size| if maker.random.one_in(2) { 1 } else { *size }).collect()
    });
    (shapes, output)
}

/// Any scale, not only powers of two: for operators whose scales TFLM divides in double precision.
pub fn any_scale(maker: &mut Maker) -> f32 {
    maker.random.float(0.5, 1.0) * 2f32.powi(maker.random.between(-10, 3) as i32)
}

/// A tensor of any quantization that the type can have; floats and wide integers have none.
pub fn any_quantized(maker: &mut Maker, ty: TensorType, shape: &[i32]) -> Tensor {
    let tensor = Tensor::new("", ty, shape);
    if !matches!(ty, Int8 | Int16) {
        return tensor;
    }
    let (scale, zero_point) = (any_scale(maker), maker.zero_point(ty));
    tensor.quantized(scale, zero_point)
}

/// An input that is an activation or, now and then, constant.
fn operand(maker: &mut Maker, tensor: Tensor, values: Values) -> emberlab_core::model::TensorId {
    if maker.random.one_in(6) && tensor.ty != Bool && matches!(values, Values::Any) {
        return maker.random_constant(tensor);
    }
    maker.input_of(tensor, values)
}

fn activation(maker: &mut Maker) -> i64 {
    maker.random.pick(&[0, 0, 1, 2, 3])
}

/// Scales of which TFLM's quotients are exact in float32: the larger of the inputs' and the output's are powers of two.
fn exact_scales(maker: &mut Maker) -> [f32; 3] {
    let (larger, output) = (maker.scale(), maker.scale());
    let smaller = larger * maker.random.float(0.02, 1.0);
    if maker.random.one_in(2) { [larger, smaller, output] } else { [smaller, larger, output] }
}

/// Powers of two, mostly with the output and one input alike and the other input smaller.
fn powers_of_two(maker: &mut Maker) -> [f32; 3] {
    let scale = maker.scale();
    let other = scale * 2f32.powi(maker.random.between(-6, 0) as i32);
    let output = if maker.random.one_in(8) { maker.scale() } else { scale };
    if maker.random.one_in(2) { [scale, other, output] } else { [other, scale, output] }
}

fn sum(maker: &mut Maker, code: Op, table: &str) {
    let ([first, second], shape) = shapes::<2>(maker, 5);
    let ty = maker.random.pick(&[Int8, Int8, Int16, Int32, Float32]);
    let scales = match maker.random.between(0, 3) {
        0 if code == Op::ADD => std::array::from_fn(|_| any_scale(maker)),
        // LiteRT shifts int16 of such scales.
        1 | 2 if ty == Int16 => powers_of_two(maker),
        _ => exact_scales(maker),
    };
    let tensor = |maker: &mut Maker, shape: &[i32], scale: f32| {
        let tensor = Tensor::new("", ty, shape);
        let zero_point = maker.zero_point(ty);
        if matches!(ty, Int8 | Int16) { tensor.quantized(scale, zero_point) } else { tensor }
    };
    let (first, second) = (tensor(maker, &first, scales[0]), tensor(maker, &second, scales[1]));
    let output = tensor(maker, &shape, scales[2]);
    let (first, second) = (operand(maker, first, Values::Any), maker.input_of(second, Values::Any));
    let output = maker.tensor_of(output);
    let options = Options::new(table)
        .with_int("fused_activation_function", activation(maker))
        .with_int("pot_scale_int16", maker.random.between(0, 1));
    if ty == Int32 && code == Op::ADD {
        // TFLM leaves the activation out, and the fast path of LiteRT has one.
        maker.skip.push("litert");
    }
    maker.operator(code, &[first, second], &[output], Some(options));
}

/// LiteRT divides the scales of SUB in double precision, and the chips' build of TFLM in single: only the former is at hand.
fn sub_any_scales(maker: &mut Maker) {
    let ([first, second], shape) = shapes::<2>(maker, 5);
    let ty = maker.random.pick(&[Int8, Int16]);
    let [first, second, output] = [&first, &second, &shape].map(|shape| any_quantized(maker, ty, shape));
    let (first, second) = (maker.input_of(first, Values::Any), maker.input_of(second, Values::Any));
    let output = maker.tensor_of(output);
    let options = Options::new("SubOptions").with_int("fused_activation_function", activation(maker));
    maker.skip.push("tflm");
    maker.operator(Op::SUB, &[first, second], &[output], Some(options.with_int("pot_scale_int16", 0)));
}

fn mul(maker: &mut Maker) {
    let ([first, second], shape) = shapes::<2>(maker, 5);
    let ty = maker.random.pick(&[Int8, Int8, Int16, Int32, Float32]);
    let [first, second, output] = [&first, &second, &shape].map(|shape| any_quantized(maker, ty, shape));
    let (first, second) = (operand(maker, first, Values::Any), maker.input_of(second, Values::Any));
    let output = maker.tensor_of(output);
    let options = Options::new("MulOptions").with_int("fused_activation_function", activation(maker));
    maker.operator(Op::MUL, &[first, second], &[output], Some(options));
}

fn extreme(maker: &mut Maker, code: Op) {
    let ([first, second], shape) = shapes::<2>(maker, 5);
    let ty = maker.random.pick(&[Int8, Int16, Int32, Int64, Float32]);
    let like = maker.quantized(ty, &shape);
    let [first, second] = [first, second].map(|shape| Tensor { shape, ..like.clone() });
    let (first, second) = (operand(maker, first, Values::Any), maker.input_of(second, Values::Any));
    let output = maker.tensor_of(like);
    maker.operator(code, &[first, second], &[output], Some(Options::new("MaximumMinimumOptions")));
}

fn div(maker: &mut Maker) {
    let ([first, second], shape) = shapes::<2>(maker, 5);
    let ty = maker.random.pick(&[Int8, Int8, Int32, Float32]);
    // Powers of two, so that the quotient of scales is exact in float32.
    let (first, output) = (maker.quantized(ty, &first), maker.quantized(ty, &shape));
    let (mut second, mut values) = (maker.quantized(ty, &second), Values::Floats(0.25, 9.0));
    match ty {
        Int8 => {
            // No divisor of 0.
            second = second.quantized(maker.scale(), -128);
            values = Values::Ints(-127, 127);
            if maker.random.one_in(2) {
                second = second.quantized(maker.scale(), 127);
                values = Values::Ints(-128, 126);
            }
        }
        Int32 => values = Values::Ints(1, 1 << maker.random.between(1, 30)),
        _ => (),
    }
    let (first, second) = (operand(maker, first, Values::Any), maker.input_of(second, values));
    let output = maker.tensor_of(output);
    let options = Options::new("DivOptions").with_int("fused_activation_function", activation(maker));
    maker.operator(Op::DIV, &[first, second], &[output], Some(options));
}

fn squared_difference(maker: &mut Maker) {
    let ([first, second], shape) = shapes::<2>(maker, 4);
    let ty = maker.random.pick(&[Int8, Int8, Int16, Int32, Float32]);
    let [first, second, output] = [&first, &second, &shape].map(|shape| any_quantized(maker, ty, shape));
    let (first, second) = (operand(maker, first, Values::Any), maker.input_of(second, Values::Any));
    let output = maker.tensor_of(output);
    maker.operator(
        Op::SQUARED_DIFFERENCE,
        &[first, second],
        &[output],
        Some(Options::new("SquaredDifferenceOptions")),
    );
}

fn float_division(maker: &mut Maker, code: Op) {
    let ([first, second], shape) = shapes::<2>(maker, 4);
    let first = maker.input(Float32, &first);
    let sign = maker.random.pick(&[-1.0, 1.0]);
    let divisors = Values::Floats(0.25f32.min(3.0 * sign), if sign < 0.0 { -0.125 } else { 3.0 });
    let second = maker.input_of(Tensor::new("", Float32, &second), divisors);
    let output = maker.tensor(Float32, &shape);
    let table = if code == Op::FLOOR_DIV { "FloorDivOptions" } else { "FloorModOptions" };
    maker.operator(code, &[first, second], &[output], Some(Options::new(table)));
}

fn add_n(maker: &mut Maker) {
    let shape = maker.shape(1..=4);
    let ty = maker.random.pick(&[Int8, Float32]);
    let input = any_quantized(maker, ty, &shape);
    let inputs: Vec<_> =
        (0..maker.random.between(2, 5)).map(|_| maker.input_of(input.clone(), Values::Any)).collect();
    let output = any_quantized(maker, ty, &shape);
    let output = maker.tensor_of(output);
    maker.operator(Op::ADD_N, &inputs, &[output], Some(Options::new("AddNOptions")));
}

fn comparison(maker: &mut Maker, code: Op, types: &[TensorType]) {
    let ([first, second], shape) = shapes::<2>(maker, 5);
    let ty = maker.random.pick(types);
    let values = match ty {
        Bool => Values::Ints(0, 1),
        Float32 | Int8 => Values::Any,
        // Few numbers, so that some are equal.
        _ => Values::Ints(-2, 2),
    };
    let tensor = |maker: &mut Maker, shape: &[i32]| {
        let tensor = Tensor::new("", ty, shape);
        // TFLM ends the program at scales of 1 and more.
        let scale = any_scale(maker).min(0.99);
        let scale = if maker.random.one_in(2) { scale } else { 0.5 };
        if ty == Int8 { tensor.quantized(scale, maker.zero_point(ty)) } else { tensor }
    };
    let (first, second) = (tensor(maker, &first), tensor(maker, &second));
    let (first, second) = (operand(maker, first, values.clone()), maker.input_of(second, values));
    let output = maker.tensor(Bool, &shape);
    maker.operator(code, &[first, second], &[output], None);
}

fn logical(maker: &mut Maker, code: Op) {
    let ([first, second], shape) = shapes::<2>(maker, 5);
    let (first, second) = (maker.input(Bool, &first), maker.input(Bool, &second));
    let output = maker.tensor(Bool, &shape);
    maker.operator(code, &[first, second], &[output], None);
}

fn select(maker: &mut Maker) {
    let ([condition, first, second], shape) = shapes::<3>(maker, 5);
    let ty = maker.random.pick(&[Int8, Int16, Float32]);
    let like = maker.quantized(ty, &shape);
    let condition = maker.input(Bool, &condition);
    let [first, second] = [first, second].map(|shape| Tensor { shape, ..like.clone() });
    let (first, second) = (operand(maker, first, Values::Any), maker.input_of(second, Values::Any));
    let output = maker.tensor_of(like);
    maker.operator(
        Op::SELECT_V2,
        &[condition, first, second],
        &[output],
        Some(Options::new("SelectV2Options")),
    );
}
