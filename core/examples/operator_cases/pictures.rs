//! Operators on pictures: resizing, blocks as channels and as batches.

use emberlab_core::model::{BuiltinOperator as Op, Options, Tensor, TensorType};

use super::Recipe;
use super::maker::{Maker, Values};
use TensorType::{Float32, Int8, Int16, Int32};

pub const RECIPES: &[Recipe] = &[
    ("resize_nearest_neighbor", nearest),
    ("resize_bilinear", bilinear),
    ("space_to_depth", space_to_depth),
    ("depth_to_space", depth_to_space),
    ("space_to_batch_nd", space_to_batch),
    ("batch_to_space_nd", batch_to_space),
];

fn nearest(maker: &mut Maker) {
    let types = [Float32, Int8, Int16];
    let (aligns, centers) = (maker.random.between(0, 1), maker.random.between(0, 1));
    resize(maker, Op::RESIZE_NEAREST_NEIGHBOR, "ResizeNearestNeighborOptions", &types, aligns, centers);
}

fn bilinear(maker: &mut Maker) {
    let (aligns, centers) = maker.random.pick(&[(0, 0), (1, 0), (0, 1)]);
    resize(maker, Op::RESIZE_BILINEAR, "ResizeBilinearOptions", &[Float32, Int8], aligns, centers);
}

fn resize(maker: &mut Maker, code: Op, table: &str, types: &[TensorType], aligns: i64, centers: i64) {
    let shape = maker.shape(4..=4);
    let ty = maker.random.pick(types);
    let mut like = maker.quantized(ty, &shape);
    let input = maker.input_of(like.clone(), Values::Any);
    let size = [maker.random.between(1, 13) as i32, maker.random.between(1, 13) as i32];
    like.shape[1..3].copy_from_slice(&size);
    let (size, output) = (maker.ints(&size), maker.tensor_of(like));
    let options =
        Options::new(table).with_int("align_corners", aligns).with_int("half_pixel_centers", centers);
    maker.operator(code, &[input, size], &[output], Some(options));
}

fn space_to_depth(maker: &mut Maker) {
    let (mut like, block) = blocks(maker);
    let block_i = block as i32;
    let depth_shape = like.shape.clone();
    like.shape[1] *= block_i;
    like.shape[2] *= block_i;
    let input = maker.input_of(like.clone(), Values::Any);
    like.shape = depth_shape;
    like.shape[3] *= block_i * block_i;
    let output = maker.tensor_of(like);
    let options = Options::new("SpaceToDepthOptions").with_int("block_size", block);
    maker.operator(Op::SPACE_TO_DEPTH, &[input], &[output], Some(options));
}

fn depth_to_space(maker: &mut Maker) {
    let (mut like, block) = blocks(maker);
    let block_i = block as i32;
    let space_shape = like.shape.clone();
    like.shape[3] *= block_i * block_i;
    let input = maker.input_of(like.clone(), Values::Any);
    like.shape = space_shape;
    like.shape[1] *= block_i;
    like.shape[2] *= block_i;
    let output = maker.tensor_of(like);
    let options = Options::new("DepthToSpaceOptions").with_int("block_size", block);
    maker.operator(Op::DEPTH_TO_SPACE, &[input], &[output], Some(options));
}

fn blocks(maker: &mut Maker) -> (Tensor, i64) {
    let (shape, ty) = (maker.shape(4..=4), maker.random.pick(&[Float32, Int8]));
    (maker.quantized(ty, &shape), maker.random.between(1, 3))
}

fn space_to_batch(maker: &mut Maker) {
    let (rank, ty) = (maker.random.between(3, 4) as usize, maker.random.pick(&[Float32, Int8]));
    let shape = maker.shape(rank as i64..=rank as i64);
    let mut like = maker.quantized(ty, &shape);
    let n_axes = rank - 2;
    let (mut block, mut paddings) = (Vec::new(), Vec::new());
    let input = maker.input_of(like.clone(), Values::Any);
    for axis in 0..n_axes {
        let size = maker.random.between(1, 3) as i32;
        let before = if maker.random.one_in(2) { 0 } else { maker.random.between(0, 3) as i32 };
        let padded = (shape[1 + axis] + before + size - 1) / size * size;
        block.push(size);
        paddings.extend([before, padded - shape[1 + axis] - before]);
        like.shape[1 + axis] = padded / size;
        like.shape[0] *= size;
    }
    if paddings.iter().any(|padding| *padding > 0) {
        // TFLM leaves the value of the padding to chance.
        maker.skip.push("tflm");
    }
    let (block, margins) = (maker.ints(&block), margins(maker, &paddings));
    let output = maker.tensor_of(like);
    let options = Options::new("SpaceToBatchNDOptions");
    maker.operator(Op::SPACE_TO_BATCH_ND, &[input, block, margins], &[output], Some(options));
}

fn batch_to_space(maker: &mut Maker) {
    let (rank, ty) = (maker.random.between(3, 4) as usize, maker.random.pick(&[Float32, Int8]));
    let shape = maker.shape(rank as i64..=rank as i64);
    let mut like = maker.quantized(ty, &shape);
    let space_batches = shape[0];
    let mut in_shape = shape.clone();
    let (mut block, mut crops) = (Vec::new(), Vec::new());
    for axis in 0..rank - 2 {
        let size = maker.random.between(1, 3) as i32;
        let whole = shape[1 + axis] * size;
        let before = maker.random.between(0, i64::from(whole.min(3)) - 1) as i32;
        let after = maker.random.between(0, i64::from((whole - before).min(3)) - 1) as i32;
        block.push(size);
        crops.extend([before, after]);
        in_shape[0] *= size;
        like.shape[1 + axis] = whole - before - after;
    }
    like.shape[0] = space_batches;
    let mut input = like.clone();
    input.shape = in_shape;
    let input = maker.input_of(input, Values::Any);
    let (block, crops) = (maker.ints(&block), margins(maker, &crops));
    let output = maker.tensor_of(like);
    let options = Options::new("BatchToSpaceNDOptions");
    maker.operator(Op::BATCH_TO_SPACE_ND, &[input, block, crops], &[output], Some(options));
}

fn margins(maker: &mut Maker, pairs: &[i32]) -> emberlab_core::model::TensorId {
    maker.constant(Tensor::new("", Int32, &[pairs.len() as i32 / 2, 2]), pairs)
}
