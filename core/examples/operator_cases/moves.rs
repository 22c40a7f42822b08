//! Operators that only move elements.

use emberlab_core::model::{BuiltinOperator as Op, OptionValue, Options, Tensor, TensorId, TensorType};

use super::Recipe;
use super::maker::{Maker, Values};
use TensorType::{Bool, Float32, Int8, Int16, Int32, Int64, Uint8};

pub const RECIPES: &[Recipe] = &[
    ("reshape", reshape),
    ("squeeze", squeeze),
    ("expand_dims", expand_dims),
    ("transpose", transpose),
    ("reverse_v2", reverse),
    ("concatenation", concatenation),
    ("pack", pack),
    ("split", split),
    ("split_v", split_v),
    ("unpack", unpack),
    ("slice", slice),
    ("strided_slice", strided_slice),
    ("pad", pad),
    ("pad_v2", pad_v2),
    ("mirror_pad", mirror_pad),
    ("gather", gather),
    ("gather_nd", gather_nd),
    ("embedding_lookup", embedding_lookup),
    ("broadcast_to", broadcast_to),
    ("broadcast_args", broadcast_args),
    ("fill", fill),
    ("zeros_like", zeros_like),
    ("shape", shape_of),
    ("dynamic_update_slice", dynamic_update_slice),
];

/// An input of one of the types, and an output like it, for operators that take the values as they are.
fn same(
    maker: &mut Maker,
    types: &[TensorType],
    shape: &[i32],
    output_shape: &[i32],
) -> (TensorId, TensorId) {
    let ty = maker.random.pick(types);
    let mut tensor = maker.quantized(ty, shape);
    let input = maker.input_of(tensor.clone(), Values::Any);
    tensor.shape = output_shape.to_vec();
    (input, maker.tensor_of(tensor))
}

fn numbers(values: &[i32]) -> OptionValue {
    OptionValue::Ints(values.iter().map(|value| i64::from(*value)).collect())
}

/// An axis of a rank as the file may have it: counted from either end.
fn axis(maker: &mut Maker, axis: usize, rank: usize) -> i32 {
    let axis = axis as i32;
    if maker.random.one_in(3) { axis - rank as i32 } else { axis }
}

fn any_axis(maker: &mut Maker, rank: usize) -> usize {
    maker.random.between(0, rank as i64 - 1) as usize
}

fn reshape(maker: &mut Maker) {
    let shape = maker.shape(0..=5);
    let n: i32 = shape.iter().product();
    let new_shape = maker.random.pick(&[[n, 1], [1, n]]);
    let (input, output) = same(maker, &[Float32, Int8, Int16, Int32, Int64, Bool], &shape, &new_shape);
    let mut inputs = vec![input];
    if maker.random.one_in(2) {
        inputs.push(maker.ints(&new_shape));
    }
    let options = Options::new("ReshapeOptions").with("new_shape", numbers(&new_shape));
    maker.operator(Op::RESHAPE, &inputs, &[output], Some(options));
}

fn squeeze(maker: &mut Maker) {
    let mut shape = maker.shape(1..=5);
    for size in &mut shape {
        *size = if maker.random.one_in(2) { 1 } else { *size };
    }
    let ones: Vec<usize> = (0..shape.len()).filter(|axis| shape[*axis] == 1).collect();
    let chosen: Vec<usize> = ones.iter().copied().filter(|_| maker.random.one_in(2)).collect();
    let gone = if chosen.is_empty() { &ones } else { &chosen };
    let kept: Vec<i32> =
        shape.iter().enumerate().filter(|(axis, _)| !gone.contains(axis)).map(|(_, size)| *size).collect();
    let dims: Vec<i32> = chosen.iter().map(|index| axis(maker, *index, shape.len())).collect();
    let (input, output) = same(maker, &[Float32, Int8, Int16, Int32], &shape, &kept);
    let options = Options::new("SqueezeOptions").with("squeeze_dims", numbers(&dims));
    maker.operator(Op::SQUEEZE, &[input], &[output], Some(options));
}

fn expand_dims(maker: &mut Maker) {
    let shape = maker.shape(0..=4);
    let place = any_axis(maker, shape.len() + 1);
    let mut expanded = shape.clone();
    expanded.insert(place, 1);
    let (input, output) = same(maker, &[Float32, Int8, Int16], &shape, &expanded);
    let place = axis(maker, place, expanded.len());
    let place = if maker.random.one_in(2) { maker.scalar(place) } else { maker.ints(&[place]) };
    maker.operator(Op::EXPAND_DIMS, &[input, place], &[output], Some(Options::new("ExpandDimsOptions")));
}

fn transpose(maker: &mut Maker) {
    let shape = maker.shape(1..=5);
    let order = maker.random.permutation(shape.len());
    let turned: Vec<i32> = order.iter().map(|axis| shape[*axis as usize]).collect();
    let (input, output) = same(maker, &[Float32, Int8, Int16], &shape, &turned);
    let order = maker.ints(&order);
    maker.operator(Op::TRANSPOSE, &[input, order], &[output], Some(Options::new("TransposeOptions")));
}

fn reverse(maker: &mut Maker) {
    let shape = maker.shape(1..=5);
    let first = any_axis(maker, shape.len());
    let last = maker.random.between(first as i64, shape.len() as i64 - 1) as usize;
    let mut axes: Vec<i32> = (first..=last).map(|index| axis(maker, index, shape.len())).collect();
    if maker.random.one_in(2) {
        axes.reverse();
    }
    let (input, output) = same(maker, &[Float32, Int8, Uint8, Int16, Int32, Int64, Bool], &shape, &shape);
    let axes = maker.ints(&axes);
    maker.operator(Op::REVERSE_V2, &[input, axes], &[output], Some(Options::new("ReverseV2Options")));
}

fn concatenation(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32, Int64, Bool]);
    let shape = maker.shape(1..=5);
    let place = any_axis(maker, shape.len());
    let like = maker.quantized(ty, &shape);
    let n_inputs = maker.random.between(1, 5);
    let mut total = 0;
    let mut inputs = Vec::new();
    for _ in 0..n_inputs {
        let mut tensor = like.clone();
        tensor.shape[place] = maker.size();
        total += tensor.shape[place];
        inputs.push(if maker.random.one_in(4) && !inputs.is_empty() {
            maker.random_constant(tensor)
        } else {
            maker.input_of(tensor, Values::Any)
        });
    }
    let mut output = like;
    output.shape[place] = total;
    let output = maker.tensor_of(output);
    let place = axis(maker, place, shape.len());
    let options = Options::new("ConcatenationOptions").with_int("axis", i64::from(place));
    maker.operator(Op::CONCATENATION, &inputs, &[output], Some(options));
}

fn pack(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32, Int64]);
    let shape = maker.shape(0..=4);
    let like = maker.quantized(ty, &shape);
    let n_inputs = maker.random.between(1, 5);
    let inputs: Vec<TensorId> = (0..n_inputs).map(|_| maker.input_of(like.clone(), Values::Any)).collect();
    let place = any_axis(maker, shape.len() + 1);
    let mut output = like;
    output.shape.insert(place, n_inputs as i32);
    let output = maker.tensor_of(output);
    let place = axis(maker, place, shape.len() + 1);
    let options =
        Options::new("PackOptions").with_int("values_count", n_inputs).with_int("axis", i64::from(place));
    maker.operator(Op::PACK, &inputs, &[output], Some(options));
}

const SPLIT_TYPES: &[TensorType] = &[Float32, Int8, Int16, Int32];

fn split(maker: &mut Maker) {
    let mut like = split_input(maker);
    let place = any_axis(maker, like.shape.len());
    let n_outputs = maker.random.between(1, 5) as i32;
    let outputs: Vec<TensorId> = (0..n_outputs).map(|_| maker.tensor_of(like.clone())).collect();
    let rank = like.shape.len();
    like.shape[place] *= n_outputs;
    let input = maker.input_of(like, Values::Any);
    let place = axis(maker, place, rank);
    let place = maker.scalar(place);
    let options = Options::new("SplitOptions").with_int("num_splits", i64::from(n_outputs));
    maker.operator(Op::SPLIT, &[place, input], &outputs, Some(options));
}

fn split_v(maker: &mut Maker) {
    let mut like = split_input(maker);
    let place = any_axis(maker, like.shape.len());
    let sizes: Vec<i32> = (0..maker.random.between(1, 5)).map(|_| maker.size()).collect();
    let outputs = sizes.iter().map(|size| {
        let mut output = like.clone();
        output.shape[place] = *size;
        maker.tensor_of(output)
    });
    let outputs: Vec<TensorId> = outputs.collect();
    let rank = like.shape.len();
    like.shape[place] = sizes.iter().sum();
    let input = maker.input_of(like, Values::Any);
    let place = axis(maker, place, rank);
    let (sizes, place) = (maker.ints(&sizes), maker.scalar(place));
    let options = Options::new("SplitVOptions").with_int("num_splits", outputs.len() as i64);
    maker.operator(Op::SPLIT_V, &[input, sizes, place], &outputs, Some(options));
}

fn split_input(maker: &mut Maker) -> Tensor {
    let ty = maker.random.pick(SPLIT_TYPES);
    let shape = maker.shape(1..=5);
    maker.quantized(ty, &shape)
}

fn unpack(maker: &mut Maker) {
    let mut like = split_input(maker);
    let place = any_axis(maker, like.shape.len() + 1);
    let n_outputs = maker.random.between(1, 5);
    let outputs: Vec<TensorId> = (0..n_outputs).map(|_| maker.tensor_of(like.clone())).collect();
    like.shape.insert(place, n_outputs as i32);
    let rank = like.shape.len();
    let input = maker.input_of(like, Values::Any);
    let place = axis(maker, place, rank);
    let options = Options::new("UnpackOptions").with_int("num", n_outputs).with_int("axis", i64::from(place));
    maker.operator(Op::UNPACK, &[input], &outputs, Some(options));
}

fn slice(maker: &mut Maker) {
    let shape = maker.shape(1..=5);
    let (mut begin, mut size, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for dim in &shape {
        let first = maker.random.between(0, i64::from(*dim) - 1) as i32;
        let most = dim - first;
        let taken =
            if maker.random.one_in(3) { most } else { maker.random.between(1, i64::from(most)) as i32 };
        begin.push(first);
        sizes.push(taken);
        size.push(if taken == most && maker.random.one_in(2) { -1 } else { taken });
    }
    let (input, output) = same(maker, &[Float32, Int8, Int16, Int32, Bool], &shape, &sizes);
    let is_wide = maker.random.one_in(3);
    let constant = |maker: &mut Maker, values: &[i32]| match is_wide {
        true => {
            let wide: Vec<i64> = values.iter().map(|value| i64::from(*value)).collect();
            maker.constant(Tensor::new("", Int64, &[wide.len() as i32]), &wide)
        }
        false => maker.ints(values),
    };
    let (begin, size) = (constant(maker, &begin), constant(maker, &size));
    maker.operator(Op::SLICE, &[input, begin, size], &[output], Some(Options::new("SliceOptions")));
}

fn strided_slice(maker: &mut Maker) {
    let shape = maker.shape(1..=4);
    let (mut begin, mut end, mut strides, mut sizes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut begin_mask, mut end_mask, mut shrink_mask) = (0i64, 0i64, 0i64);
    for (axis, dim) in shape.iter().enumerate() {
        let stride = maker.random.pick(&[1, 1, 2, 3, -1, -2]);
        let (forwards, n) = (stride > 0, i64::from(*dim));
        // Far outside of the dimension is allowed.
        let (mut first, mut last) =
            (maker.random.between(-2 * n, 2 * n), maker.random.between(-2 * n, 2 * n));
        if maker.random.one_in(5) && shape.len() > 1 {
            first = maker.random.between(-n, n - 1);
            shrink_mask |= 1 << axis;
            strides.push(1);
            begin.push(first as i32);
            end.push(maker.random.pick(&[first as i32 + 1, 0, -1]));
            continue;
        }
        let place = |index: i64| {
            let index = if index < 0 { index + n } else { index };
            if forwards { index.clamp(0, n) } else { index.clamp(-1, n - 1) }
        };
        let (no_begin, no_end) = (maker.random.one_in(4), maker.random.one_in(4));
        let start = if no_begin { if forwards { 0 } else { n - 1 } } else { place(first) };
        let mut stop = if no_end { if forwards { n } else { -1 } } else { place(last) };
        let mut no_end = no_end;
        if (forwards && stop <= start) || (!forwards && stop >= start) {
            // Nothing would be left: take everything to the end.
            no_end = true;
            stop = if forwards { n } else { -1 };
        }
        let mut no_begin = no_begin;
        let mut start = start;
        if start == stop {
            no_begin = true;
            start = if forwards { 0 } else { n - 1 };
            first = 0;
            last = 0;
        }
        begin_mask |= i64::from(no_begin) << axis;
        end_mask |= i64::from(no_end) << axis;
        let distance = (stop - start).abs();
        let step = i64::from(stride).abs();
        sizes.push(((distance + step - 1) / step) as i32);
        begin.push(first as i32);
        end.push(last as i32);
        strides.push(stride);
    }
    let (input, output) = same(maker, &[Float32, Int8, Int16, Int32, Bool], &shape, &sizes);
    let constants = [maker.ints(&begin), maker.ints(&end), maker.ints(&strides)];
    let options = Options::new("StridedSliceOptions")
        .with_int("begin_mask", begin_mask)
        .with_int("end_mask", end_mask)
        .with_int("shrink_axis_mask", shrink_mask);
    let inputs = [input, constants[0], constants[1], constants[2]];
    maker.operator(Op::STRIDED_SLICE, &inputs, &[output], Some(options));
}

/// Random paddings of a shape, and the shape that they give.
fn paddings(maker: &mut Maker, shape: &[i32], most: impl Fn(i32) -> i32) -> (Vec<i32>, Vec<i32>) {
    let mut pairs = Vec::new();
    for size in shape {
        for _ in 0..2 {
            let most = i64::from(most(*size)).max(0);
            pairs.push(if maker.random.one_in(2) { 0 } else { maker.random.between(0, most) as i32 });
        }
    }
    let padded = shape.iter().zip(pairs.chunks(2)).map(|(size, pair)| size + pair[0] + pair[1]).collect();
    (pairs, padded)
}

fn rows_of(maker: &mut Maker, pairs: &[i32]) -> TensorId {
    maker.constant(Tensor::new("", Int32, &[pairs.len() as i32 / 2, 2]), pairs)
}

fn pad(maker: &mut Maker) {
    let shape = maker.shape(1..=5);
    let (pairs, padded) = paddings(maker, &shape, |_| 3);
    let (input, output) = same(maker, &[Float32, Int8, Int16, Int32], &shape, &padded);
    let pairs = rows_of(maker, &pairs);
    maker.operator(Op::PAD, &[input, pairs], &[output], Some(Options::new("PadOptions")));
}

fn pad_v2(maker: &mut Maker) {
    let shape = maker.shape(1..=5);
    let (pairs, padded) = paddings(maker, &shape, |_| 3);
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let like = maker.quantized(ty, &shape);
    let input = maker.input_of(like.clone(), Values::Any);
    let (mut value, mut output) = (like.clone(), like);
    value.shape = maker.random.pick(&[&[][..], &[1]]).to_vec();
    let value = if maker.random.one_in(2) {
        maker.random_constant(value)
    } else {
        maker.input_of(value, Values::Any)
    };
    output.shape = padded;
    let (pairs, output) = (rows_of(maker, &pairs), maker.tensor_of(output));
    maker.operator(Op::PADV2, &[input, pairs, value], &[output], Some(Options::new("PadV2Options")));
}

fn mirror_pad(maker: &mut Maker) {
    let mode = maker.random.between(0, 1);
    let shape = maker.shape(1..=4);
    // REFLECT (0) has one element less to mirror.
    let (pairs, padded) = paddings(maker, &shape, |size| if mode == 0 { size - 1 } else { size });
    let (input, output) = same(maker, &[Float32, Int8], &shape, &padded);
    let pairs = rows_of(maker, &pairs);
    let options = Options::new("MirrorPadOptions").with_int("mode", mode);
    maker.operator(Op::MIRROR_PAD, &[input, pairs], &[output], Some(options));
}

/// Indexes below a limit as a constant or as an input.
fn indexes(maker: &mut Maker, shape: &[i32], limit: i32) -> TensorId {
    let values = Values::Ints(0, i64::from(limit) - 1);
    let tensor = Tensor::new("", Int32, shape);
    if maker.random.one_in(2) {
        return maker.input_of(tensor, values);
    }
    let count: i32 = shape.iter().product();
    let values: Vec<i32> = (0..count).map(|_| maker.random.between(0, i64::from(limit) - 1) as i32).collect();
    maker.constant(tensor, &values)
}

fn gather(maker: &mut Maker) {
    let shape = maker.shape(1..=4);
    let place = any_axis(maker, shape.len());
    let batch_dims = maker.random.between(0, place as i64) as usize;
    let own = maker.shape(0..=2);
    let indexes_shape = [&shape[..batch_dims], &own].concat();
    let out_shape = [&shape[..place], &own, &shape[place + 1..]].concat();
    let (input, output) = same(maker, &[Float32, Int8], &shape, &out_shape);
    let positions = indexes(maker, &indexes_shape, shape[place]);
    let place = axis(maker, place, shape.len());
    let mut batch_dims = batch_dims as i64;
    if maker.random.one_in(3) && !own.is_empty() {
        batch_dims -= indexes_shape.len() as i64;
    }
    let options =
        Options::new("GatherOptions").with_int("axis", i64::from(place)).with_int("batch_dims", batch_dims);
    maker.operator(Op::GATHER, &[input, positions], &[output], Some(options));
}

fn gather_nd(maker: &mut Maker) {
    let shape = maker.shape(1..=5);
    let n_axes = maker.random.between(1, shape.len() as i64) as usize;
    let outer = maker.shape(0..=2);
    let smallest = shape[..n_axes].iter().min().copied().unwrap_or(1);
    let indexes_shape = [&outer[..], &[n_axes as i32]].concat();
    let positions = indexes(maker, &indexes_shape, smallest);
    let out_shape = [&outer[..], &shape[n_axes..]].concat();
    let (input, output) = same(maker, &[Float32, Int8], &shape, &out_shape);
    maker.operator(Op::GATHER_ND, &[input, positions], &[output], Some(Options::new("GatherNdOptions")));
}

fn embedding_lookup(maker: &mut Maker) {
    let shape = maker.shape(2..=4);
    let ty = maker.random.pick(&[Float32, Int8, Int8]);
    let is_hybrid = ty == Int8 && maker.random.one_in(2);
    let scale = maker.scale();
    let like = if ty == Int8 {
        Tensor::new("", ty, &shape).quantized(scale, if is_hybrid { 0 } else { 3 })
    } else {
        Tensor::new("", ty, &shape)
    };
    let n = maker.size();
    let lookup = indexes(maker, &[n], shape[0]);
    let mut output = if is_hybrid { Tensor::new("", Float32, &shape) } else { like.clone() };
    output.shape[0] = n;
    let value =
        if maker.random.one_in(2) { maker.random_constant(like) } else { maker.input_of(like, Values::Any) };
    let output = maker.tensor_of(output);
    maker.operator(Op::EMBEDDING_LOOKUP, &[lookup, value], &[output], None);
}

fn broadcast_to(maker: &mut Maker) {
    let to = maker.shape(1..=5);
    let leading = maker.random.between(0, to.len() as i64) as usize;
    let mut from = to[leading..].to_vec();
    for size in &mut from {
        *size = if maker.random.one_in(2) { 1 } else { *size };
    }
    let (input, output) = same(maker, &[Float32, Int8, Uint8, Int16, Int32, Int64, Bool], &from, &to);
    let to = maker.any_ints(&to);
    maker.operator(Op::BROADCAST_TO, &[input, to], &[output], Some(Options::new("BroadcastToOptions")));
    // LiteRT knows the operator from version 2 on.
    maker.builder.model().operator_codes.iter_mut().for_each(|code| code.version = 2);
}

fn broadcast_args(maker: &mut Maker) {
    let ty = maker.random.pick(&[Int32, Int64]);
    let whole = maker.shape(1..=6);
    let part = |maker: &mut Maker| -> Vec<i64> {
        let start = maker.random.between(0, whole.len() as i64 - 1) as usize;
        whole[start..].iter().map(|size| if maker.random.one_in(3) { 1 } else { i64::from(*size) }).collect()
    };
    let shapes = [part(maker), part(maker)];
    let n = shapes.iter().map(Vec::len).max().unwrap_or_default();
    let inputs = shapes.map(|shape| {
        let bytes =
            shape.iter().flat_map(|size| size.to_le_bytes()[..if ty == Int32 { 4 } else { 8 }].to_vec());
        maker.input_of(Tensor::new("", ty, &[shape.len() as i32]), Values::Bytes(bytes.collect()))
    });
    let output = maker.tensor(ty, &[n as i32]);
    maker.operator(Op::BROADCAST_ARGS, &inputs, &[output], None);
}

fn fill(maker: &mut Maker) {
    let shape = maker.shape(1..=5);
    let (value, output) = same(maker, &[Float32, Int8, Int32], &[], &shape);
    let dims = maker.any_ints(&shape);
    maker.operator(Op::FILL, &[dims, value], &[output], Some(Options::new("FillOptions")));
}

fn zeros_like(maker: &mut Maker) {
    let shape = maker.shape(0..=5);
    let (input, output) = same(maker, &[Float32, Int8, Int32, Int64], &shape, &shape);
    maker.operator(Op::ZEROS_LIKE, &[input], &[output], Some(Options::new("ZerosLikeOptions")));
}

fn shape_of(maker: &mut Maker) {
    let shape = maker.shape(1..=6);
    let ty = maker.random.pick(&[Float32, Int8, Int16, Bool]);
    let (input, output) = (maker.input(ty, &shape), maker.tensor(Int32, &[shape.len() as i32]));
    let options = Options::new("ShapeOptions").with_int("out_type", 2);
    maker.operator(Op::SHAPE, &[input], &[output], Some(options));
}

fn dynamic_update_slice(maker: &mut Maker) {
    let shape = maker.shape(1..=5);
    let block: Vec<i32> = shape.iter().map(|size| maker.random.between(1, i64::from(*size)) as i32).collect();
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let like = maker.quantized(ty, &shape);
    let mut update = like.clone();
    update.shape = block;
    let (operand, update) = (maker.input_of(like.clone(), Values::Any), maker.input_of(update, Values::Any));
    let start_type = maker.random.pick(&[Int32, Int64]);
    let start = Tensor::new("", start_type, &[shape.len() as i32]);
    let start = maker.input_of(start, Values::Ints(-3, 9));
    let output = maker.tensor_of(like);
    maker.operator(Op::DYNAMIC_UPDATE_SLICE, &[operand, update, start], &[output], None);
}
