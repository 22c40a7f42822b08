//! Operators that make few numbers out of many, and running sums.

use emberlab_core::model::{BuiltinOperator as Op, Options, TensorId, TensorType};

use super::Recipe;
use super::maker::{Maker, Values};
use TensorType::{Bool, Float32, Int8, Int16, Int32};

pub const RECIPES: &[Recipe] = &[
    ("mean", |maker| sum_or_mean(maker, Op::MEAN)),
    ("sum", |maker| sum_or_mean(maker, Op::SUM)),
    ("reduce_max", |maker| extreme(maker, Op::REDUCE_MAX)),
    ("reduce_min", |maker| extreme(maker, Op::REDUCE_MIN)),
    ("reduce_all", reduce_all),
    ("arg_max", |maker| arg(maker, Op::ARG_MAX, "ArgMaxOptions")),
    ("arg_min", |maker| arg(maker, Op::ARG_MIN, "ArgMinOptions")),
    ("cumsum", cumsum),
];

/// Axes to reduce, as the file has them, and the shape that is left.
fn axes(maker: &mut Maker, shape: &[i32]) -> (TensorId, Vec<i32>, i64) {
    let rank = shape.len();
    let keeps = maker.random.between(0, 1);
    let mut chosen: Vec<usize> = (0..rank).filter(|_| maker.random.one_in(2)).collect();
    if chosen.is_empty() {
        chosen.push(maker.random.between(0, rank as i64 - 1) as usize);
    }
    let mut left = Vec::new();
    for (axis, size) in shape.iter().enumerate() {
        match (chosen.contains(&axis), keeps) {
            (true, 0) => (),
            (true, _) => left.push(1),
            (false, _) => left.push(*size),
        }
    }
    let mut values: Vec<i32> = chosen
        .iter()
        .map(|axis| if maker.random.one_in(3) { *axis as i32 - rank as i32 } else { *axis as i32 })
        .collect();
    if maker.random.one_in(2) {
        values.reverse();
    }
    if maker.random.one_in(5) {
        values.push(chosen[0] as i32);
    }
    let axis = if values.len() == 1 && maker.random.one_in(2) {
        maker.scalar(values[0])
    } else {
        maker.ints(&values)
    };
    (axis, left, keeps)
}

fn reducer(keeps: i64) -> Option<Options> {
    Some(Options::new("ReducerOptions").with_int("keep_dims", keeps))
}

fn sum_or_mean(maker: &mut Maker, code: Op) {
    let (shape, ty) = (maker.shape(1..=4), maker.random.pick(&[Float32, Int8, Int8, Int16]));
    let input = maker.quantized(ty, &shape);
    let input = maker.input_of(input, Values::Any);
    let (axis, left, keeps) = axes(maker, &shape);
    let output = maker.quantized(ty, &left);
    let output = maker.tensor_of(output);
    if code == Op::SUM && ty != Float32 {
        // LiteRT's reference kernel takes every quantized tensor for uint8 here.
        maker.skip.push("litert");
    }
    maker.operator(code, &[input, axis], &[output], reducer(keeps));
}

fn extreme(maker: &mut Maker, code: Op) {
    let (shape, ty) = (maker.shape(1..=4), maker.random.pick(&[Float32, Int8]));
    let mut like = maker.quantized(ty, &shape);
    let input = maker.input_of(like.clone(), Values::Any);
    let (axis, left, keeps) = axes(maker, &shape);
    like.shape = left;
    let output = maker.tensor_of(like);
    maker.operator(code, &[input, axis], &[output], reducer(keeps));
}

fn reduce_all(maker: &mut Maker) {
    let shape = maker.shape(1..=4);
    let input = maker.input(Bool, &shape);
    let (axis, left, keeps) = axes(maker, &shape);
    let output = maker.tensor(Bool, &left);
    maker.operator(Op::REDUCE_ALL, &[input, axis], &[output], reducer(keeps));
}

fn arg(maker: &mut Maker, code: Op, table: &str) {
    let (shape, ty) = (maker.shape(1..=4), maker.random.pick(&[Float32, Int8]));
    let input = maker.quantized(ty, &shape);
    let input = maker.input_of(input, Values::Any);
    let place = maker.random.between(0, shape.len() as i64 - 1) as usize;
    let mut left = shape.clone();
    left.remove(place);
    let place = if maker.random.one_in(3) { place as i32 - shape.len() as i32 } else { place as i32 };
    let axis = if maker.random.one_in(2) { maker.scalar(place) } else { maker.ints(&[place]) };
    let output = maker.tensor(Int32, &left);
    maker.operator(code, &[input, axis], &[output], Some(Options::new(table).with_int("output_type", 2)));
}

fn cumsum(maker: &mut Maker) {
    let (shape, ty) = (maker.shape(1..=4), maker.random.pick(&[Float32, Int8]));
    // Running sums stay exact enough to be compared when the numbers are small.
    let mut input = maker.quantized(ty, &shape);
    let mut output = input.clone();
    if ty == Int8 {
        let scale = maker.scale();
        input = input.quantized(scale, 0);
        let wider = scale * maker.random.pick(&[0.5, 1.0, 4.0]);
        let zero_point = maker.zero_point(ty);
        output = output.quantized(wider, zero_point);
        maker.skip.push("litert");
    }
    let input = maker.input_of(input, Values::Any);
    let output = maker.tensor_of(output);
    let place = maker.random.between(-(shape.len() as i64), shape.len() as i64 - 1) as i32;
    let axis = maker.scalar(place);
    let options = Options::new("CumsumOptions")
        .with_int("exclusive", maker.random.between(0, 1))
        .with_int("reverse", maker.random.between(0, 1));
    maker.operator(Op::CUMSUM, &[input, axis], &[output], Some(options));
}
