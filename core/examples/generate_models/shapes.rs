//! Operators that move elements: shapes, slices, joins.

use emberlab_core::model::{BuiltinOperator as Op, OptionValue, Options, Tensor, TensorId, TensorType};

use super::Recipe;
use super::maker::Maker;
use TensorType::{Bool, Float32, Int8, Int16, Int32, Int64};

pub const RECIPES: &[Recipe] = &[
    ("reshape", reshape),
    ("squeeze", squeeze),
    ("expand_dims", expand_dims),
    ("fill", fill),
    ("shape", shape),
    ("transpose", transpose),
    ("reverse", reverse),
    ("space_to_depth", space_to_depth),
    ("depth_to_space", depth_to_space),
    ("space_to_batch", space_to_batch),
    ("batch_to_space", batch_to_space),
    ("broadcast_args", broadcast_args),
    ("broadcast_to", broadcast_to),
    ("resize_bilinear", |maker| resize(maker, Op::RESIZE_BILINEAR, &[Float32, Int8])),
    ("resize_nearest", |maker| resize(maker, Op::RESIZE_NEAREST_NEIGHBOR, &[Float32, Int8, Int16])),
    ("concatenation", concatenation),
    ("split", split),
    ("split_v", split_v),
    ("pack", pack),
    ("unpack", unpack),
    ("slice", slice),
    ("strided_slice", strided_slice),
    ("strided_slice_shrink", strided_slice_shrink),
    ("pad", |maker| pad(maker, Op::PAD)),
    ("pad_v2", |maker| pad(maker, Op::PADV2)),
    ("mirror_pad", |maker| pad(maker, Op::MIRROR_PAD)),
    ("gather", gather),
    ("gather_nd", gather_nd),
    ("dynamic_update_slice", dynamic_update_slice),
];

fn any_type(maker: &mut Maker) -> TensorType {
    maker.random.pick(&[Float32, Int8, Int16])
}

fn product(shape: &[i32]) -> i32 {
    shape.iter().product()
}

fn numbers(values: &[i32]) -> OptionValue {
    OptionValue::Ints(values.iter().map(|&value| i64::from(value)).collect())
}

fn reshape(maker: &mut Maker) {
    let ty = any_type(maker);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let new_shape = if maker.random.chance() { vec![product(&shape)] } else { vec![1, product(&shape), 1] };
    let output = maker.activation_like(input, &new_shape);
    let mut inputs = vec![input];
    if maker.random.chance() {
        inputs.push(maker.ints(&new_shape));
    }
    let options = Options::new("ReshapeOptions").with("new_shape", numbers(&new_shape));
    maker.last(Op::RESHAPE, &inputs, &[output], Some(options));
}

fn squeeze(maker: &mut Maker) {
    let ty = any_type(maker);
    let (a, b) = (maker.random.between(2, 7), maker.random.between(2, 7));
    let input = maker.input(ty, &[1, a, 1, b]);
    let dims: &[i32] = maker.random.pick(&[&[], &[0, 2], &[0, -2]]);
    let output = maker.activation_like(input, &[a, b]);
    let options = Options::new("SqueezeOptions").with("squeeze_dims", numbers(dims));
    maker.last(Op::SQUEEZE, &[input], &[output], Some(options));
}

fn expand_dims(maker: &mut Maker) {
    let ty = any_type(maker);
    let mut shape = maker.shape(1..=3);
    let input = maker.input(ty, &shape);
    let axis = maker.random.between(0, shape.len() as i32);
    let axis_tensor = maker.scalar(axis);
    shape.insert(axis as usize, 1);
    let output = maker.activation_like(input, &shape);
    maker.last(Op::EXPAND_DIMS, &[input, axis_tensor], &[output], Some(Options::new("ExpandDimsOptions")));
}

fn fill(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int32]);
    let shape = maker.shape(1..=4);
    let dims = maker.ints(&shape);
    let value = maker.input(ty, &[]);
    let output = maker.activation_like(value, &shape);
    maker.last(Op::FILL, &[dims, value], &[output], Some(Options::new("FillOptions")));
}

fn shape(maker: &mut Maker) {
    let ty = any_type(maker);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let output = maker.activation(Int32, &[shape.len() as i32]);
    maker.last(Op::SHAPE, &[input], &[output], Some(Options::new("ShapeOptions").with_int("out_type", 2)));
}

fn transpose(maker: &mut Maker) {
    let ty = any_type(maker);
    let shape = maker.shape(2..=5);
    let input = maker.input(ty, &shape);
    let order = (0..shape.len() as i32).rev().collect::<Vec<_>>();
    let permutation = maker.ints(&order);
    let reversed = shape.iter().rev().copied().collect::<Vec<_>>();
    let output = maker.activation_like(input, &reversed);
    maker.last(Op::TRANSPOSE, &[input, permutation], &[output], Some(Options::new("TransposeOptions")));
}

fn reverse(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let axis = maker.ints(&[0]);
    let output = maker.activation_like(input, &shape);
    maker.last(Op::REVERSE_V2, &[input, axis], &[output], Some(Options::new("ReverseV2Options")));
}

fn space_to_depth(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let (height, width, channels) =
        (maker.random.between(1, 4), maker.random.between(1, 4), maker.random.between(1, 5));
    let input = maker.input(ty, &[1, 2 * height, 2 * width, channels]);
    let output = maker.activation_like(input, &[1, height, width, 4 * channels]);
    let options = Options::new("SpaceToDepthOptions").with_int("block_size", 2);
    maker.last(Op::SPACE_TO_DEPTH, &[input], &[output], Some(options));
}

fn depth_to_space(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let (height, width, channels) =
        (maker.random.between(1, 4), maker.random.between(1, 4), maker.random.between(1, 5));
    let input = maker.input(ty, &[1, height, width, 4 * channels]);
    let output = maker.activation_like(input, &[1, 2 * height, 2 * width, channels]);
    let options = Options::new("DepthToSpaceOptions").with_int("block_size", 2);
    maker.last(Op::DEPTH_TO_SPACE, &[input], &[output], Some(options));
}

fn pairs(maker: &mut Maker, pairs: &[[i32; 2]]) -> TensorId {
    let values = pairs.concat();
    let tensor = Tensor::new("pairs", Int32, &[pairs.len() as i32, 2]);
    maker.builder.constant(tensor, &values)
}

fn space_to_batch(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let (height, width, channels) =
        (maker.random.between(1, 4), maker.random.between(1, 4), maker.random.between(1, 5));
    let input = maker.input(ty, &[1, 2 * height, 2 * width, channels]);
    let block = maker.ints(&[2, 2]);
    let paddings = pairs(maker, &[[0, 0], [0, 0]]);
    let output = maker.activation_like(input, &[4, height, width, channels]);
    let options = Options::new("SpaceToBatchNDOptions");
    maker.last(Op::SPACE_TO_BATCH_ND, &[input, block, paddings], &[output], Some(options));
}

fn batch_to_space(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let (height, width, channels) =
        (maker.random.between(1, 4), maker.random.between(1, 4), maker.random.between(1, 5));
    let input = maker.input(ty, &[4, height, width, channels]);
    let block = maker.ints(&[2, 2]);
    let crops = pairs(maker, &[[0, 0], [0, 0]]);
    let output = maker.activation_like(input, &[1, 2 * height, 2 * width, channels]);
    let options = Options::new("BatchToSpaceNDOptions");
    maker.last(Op::BATCH_TO_SPACE_ND, &[input, block, crops], &[output], Some(options));
}

fn broadcast_args(maker: &mut Maker) {
    let rank = maker.random.between(1, 4);
    let ty = maker.random.pick(&[Int32, Int64]);
    let (first, second) = (maker.input(ty, &[rank]), maker.input(ty, &[rank]));
    let output = maker.activation(ty, &[rank]);
    maker.last(Op::BROADCAST_ARGS, &[first, second], &[output], None);
}

fn broadcast_to(maker: &mut Maker) {
    let ty = any_type(maker);
    let shape = maker.shape(2..=4);
    let input = maker.input(ty, &shape[1..]);
    let target = maker.ints(&shape);
    let output = maker.activation_like(input, &shape);
    maker.last(Op::BROADCAST_TO, &[input, target], &[output], Some(Options::new("BroadcastToOptions")));
}

fn resize(maker: &mut Maker, code: Op, types: &[TensorType]) {
    let ty = maker.random.pick(types);
    let channels = maker.random.between(1, 5);
    let [from, to] = [0, 1].map(|_| [maker.random.between(1, 9), maker.random.between(1, 9)]);
    let input = maker.input(ty, &[1, from[0], from[1], channels]);
    let size = maker.ints(&to);
    let output = maker.activation_like(input, &[1, to[0], to[1], channels]);
    let table =
        if code == Op::RESIZE_BILINEAR { "ResizeBilinearOptions" } else { "ResizeNearestNeighborOptions" };
    maker.last(code, &[input, size], &[output], Some(Options::new(table)));
}

fn concatenation(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32, Int64, Bool]);
    let shape = maker.shape(1..=4);
    let first = maker.input(ty, &shape);
    let mut inputs = vec![first];
    for _ in 0..maker.random.between(1, 5) {
        let next = maker.activation_like(first, &shape);
        maker.builder.model().subgraphs[0].inputs.push(next);
        inputs.push(next);
    }
    let mut joined = shape;
    joined[0] *= inputs.len() as i32;
    let output = maker.activation_like(first, &joined);
    let options = Options::new("ConcatenationOptions").with_int("axis", 0);
    maker.last(Op::CONCATENATION, &inputs, &[output], Some(options));
}

fn split(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let part = maker.shape(1..=4);
    let n_parts = maker.random.between(2, 4);
    let mut whole = part.clone();
    whole[0] *= n_parts;
    let axis = maker.scalar(0);
    let input = maker.input(ty, &whole);
    let outputs = (0..n_parts).map(|_| maker.activation_like(input, &part)).collect::<Vec<_>>();
    let options = Options::new("SplitOptions").with_int("num_splits", i64::from(n_parts));
    maker.last(Op::SPLIT, &[axis, input], &outputs, Some(options));
}

fn split_v(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let sizes = [maker.random.between(1, 4), maker.random.between(1, 4)];
    let columns = maker.random.between(1, 6);
    let input = maker.input(ty, &[sizes[0] + sizes[1], columns]);
    let size_tensor = maker.ints(&sizes);
    let axis = maker.scalar(0);
    let outputs = sizes.map(|size| maker.activation_like(input, &[size, columns]));
    let options = Options::new("SplitVOptions").with_int("num_splits", 2);
    maker.last(Op::SPLIT_V, &[input, size_tensor, axis], &outputs, Some(options));
}

fn pack(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let shape = maker.shape(1..=3);
    let first = maker.input(ty, &shape);
    let second = maker.activation_like(first, &shape);
    maker.builder.model().subgraphs[0].inputs.push(second);
    let output = maker.activation_like(first, &[vec![2], shape].concat());
    let options = Options::new("PackOptions").with_int("values_count", 2);
    maker.last(Op::PACK, &[first, second], &[output], Some(options));
}

fn unpack(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let part = maker.shape(1..=3);
    let n_parts = maker.random.between(1, 4);
    let input = maker.input(ty, &[vec![n_parts], part.clone()].concat());
    let outputs = (0..n_parts).map(|_| maker.activation_like(input, &part)).collect::<Vec<_>>();
    let options = Options::new("UnpackOptions").with_int("num", i64::from(n_parts));
    maker.last(Op::UNPACK, &[input], &outputs, Some(options));
}

fn slice(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let begin = maker.ints(&vec![0; shape.len()]);
    let size = shape.iter().map(|&dim| (dim + 1) / 2).collect::<Vec<_>>();
    let size_tensor = maker.ints(&size);
    let output = maker.activation_like(input, &size);
    maker.last(Op::SLICE, &[input, begin, size_tensor], &[output], Some(Options::new("SliceOptions")));
}

fn strided_slice(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let stride = maker.random.pick(&[1, 2, -1]);
    let rank = shape.len();
    let begin = maker.ints(&vec![0; rank]);
    let end = maker.ints(&shape);
    let strides = maker.ints(&vec![stride; rank]);
    let everything = (1 << rank) - 1;
    let is_masked = stride < 0 || maker.random.chance();
    let mask = if is_masked { everything } else { 0 };
    let size = shape.iter().map(|&dim| (dim + stride.abs() - 1) / stride.abs()).collect::<Vec<_>>();
    let output = maker.activation_like(input, &size);
    let options = Options::new("StridedSliceOptions").with_int("begin_mask", mask).with_int("end_mask", mask);
    maker.last(Op::STRIDED_SLICE, &[input, begin, end, strides], &[output], Some(options));
}

fn strided_slice_shrink(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let shape = maker.shape(2..=4);
    let input = maker.input(ty, &shape);
    let rank = shape.len();
    let begin = maker.ints(&vec![-1; rank]);
    let end = maker.ints(&shape);
    let strides = maker.ints(&vec![1; rank]);
    let output = maker.activation_like(input, &vec![1; rank - 1]);
    let options = Options::new("StridedSliceOptions").with_int("shrink_axis_mask", 1);
    maker.last(Op::STRIDED_SLICE, &[input, begin, end, strides], &[output], Some(options));
}

fn pad(maker: &mut Maker, code: Op) {
    let types: &[TensorType] =
        if code == Op::MIRROR_PAD { &[Float32, Int8] } else { &[Float32, Int8, Int16, Int32] };
    let ty = maker.random.pick(types);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let amounts = shape.iter().map(|_| [maker.random.between(0, 1), maker.random.between(0, 1)]);
    let amounts = amounts.collect::<Vec<_>>();
    let paddings = pairs(maker, &amounts);
    let padded = shape.iter().zip(&amounts).map(|(&dim, &[before, after])| dim + before + after);
    let output = maker.activation_like(input, &padded.collect::<Vec<_>>());
    let mut inputs = vec![input, paddings];
    if code == Op::PADV2 {
        let value = maker.tensor(input).clone();
        let value = Tensor { shape: vec![1], ..value };
        inputs.push(maker.constant_of(value));
    }
    let table = match code {
        Op::PAD => "PadOptions",
        Op::PADV2 => "PadV2Options",
        _ => "MirrorPadOptions",
    };
    maker.last(code, &inputs, &[output], Some(Options::new(table)));
}

fn gather(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let shape = maker.shape(2..=4);
    let n = maker.random.between(1, 5);
    let input = maker.input(ty, &shape);
    let positions = maker.input(Int32, &[n]);
    let axis = maker.random.between(0, shape.len() as i32 - 1);
    let mut taken = shape;
    taken[axis as usize] = n;
    let output = maker.activation_like(input, &taken);
    let options = Options::new("GatherOptions").with_int("axis", i64::from(axis));
    maker.last(Op::GATHER, &[input, positions], &[output], Some(options));
}

fn gather_nd(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let shape = maker.shape(2..=4);
    let (n, length) = (maker.random.between(1, 5), maker.random.between(1, shape.len() as i32 - 1));
    let input = maker.input(ty, &shape);
    let indices = maker.input(Int32, &[n, length]);
    let output = maker.activation_like(input, &[vec![n], shape[length as usize..].to_vec()].concat());
    maker.last(Op::GATHER_ND, &[input, indices], &[output], Some(Options::new("GatherNdOptions")));
}

fn dynamic_update_slice(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16, Int32]);
    let shape = maker.shape(1..=4);
    let input = maker.input(ty, &shape);
    let size = shape.iter().map(|&dim| (dim + 1) / 2).collect::<Vec<_>>();
    let update = maker.activation_like(input, &size);
    maker.builder.model().subgraphs[0].inputs.push(update);
    let start_type = maker.random.pick(&[Int32, Int64]);
    let start = maker.input(start_type, &[shape.len() as i32]);
    let output = maker.activation_like(input, &shape);
    maker.last(Op::DYNAMIC_UPDATE_SLICE, &[input, update, start], &[output], None);
}
