//! Operators with weights, and windows without: convolutions, dense layers, matrix products, pooling, softmax.

use emberlab_core::model::{BuiltinOperator as Op, Options, Tensor, TensorId, TensorType};

use super::Recipe;
use super::elementwise::{any_quantized, any_scale};
use super::maker::{Maker, Values};
use TensorType::{Float32, Int4, Int8, Int16, Int32, Int64};

pub const RECIPES: &[Recipe] = &[
    ("conv_2d_int8", |maker| conv(maker, Int8, Int8)),
    ("conv_2d_grouped", conv_grouped),
    ("conv_2d_other", |maker| {
        let (ty, filter_type) = maker.random.pick(&[(Int8, Int4), (Int16, Int8), (Float32, Float32)]);
        conv(maker, ty, filter_type);
    }),
    ("conv_2d_hybrid", |maker| conv(maker, Float32, Int8)),
    ("depthwise_conv_2d_int8", |maker| depthwise(maker, Int8, Int8)),
    ("depthwise_conv_2d_other", |maker| {
        let (ty, filter_type) = maker.random.pick(&[(Int8, Int4), (Int16, Int8), (Float32, Float32)]);
        depthwise(maker, ty, filter_type);
    }),
    ("depthwise_conv_2d_hybrid", |maker| depthwise(maker, Float32, Int8)),
    ("transpose_conv", transpose_conv),
    ("fully_connected_int8", |maker| fully_connected(maker, Int8, Int8)),
    ("fully_connected_other", |maker| {
        let (ty, filter_type) = maker.random.pick(&[(Int8, Int4), (Int16, Int8), (Float32, Float32)]);
        fully_connected(maker, ty, filter_type);
    }),
    ("fully_connected_hybrid", |maker| fully_connected(maker, Float32, Int8)),
    ("batch_matmul", batch_matmul),
    ("average_pool_2d", |maker| pool(maker, Op::AVERAGE_POOL_2D, &[Int8, Int8, Int16, Float32])),
    ("max_pool_2d", |maker| pool(maker, Op::MAX_POOL_2D, &[Int8, Int8, Int16, Float32])),
    ("l2_pool_2d", |maker| pool(maker, Op::L2_POOL_2D, &[Float32])),
    ("softmax", softmax),
];

/// What slides over a picture, and what comes out.
struct Geometry {
    options: Options,
    image: [i32; 2],
    filter: [i32; 2],
    output: [i32; 2],
}

/// A window of any size, stride and dilation; now and then one that is larger than the picture, or a line that is long.
fn geometry(maker: &mut Maker, table: &str, dilates: bool) -> Geometry {
    let random = &mut maker.random;
    let same = random.one_in(2);
    let pair =
        |random: &mut super::maker::Random, choices: &[i32]| [random.pick(choices), random.pick(choices)];
    let stride = pair(random, &[1, 1, 1, 2, 3]);
    let dilation = if dilates { pair(random, &[1, 1, 1, 2, 3]) } else { [1, 1] };
    let filter = pair(random, &[1, 1, 2, 3, 3, 5]);
    let image = [0, 1].map(|axis| {
        let extent = (filter[axis] - 1) * dilation[axis] + 1;
        let room = random.pick(&[0, 3, 8, if axis == 1 { 40 } else { 8 }]);
        if same && random.one_in(4) {
            random.between(1, extent.into()) as i32
        } else {
            extent + random.between(0, room) as i32
        }
    });
    let output = [0, 1].map(|axis| {
        let extent = (filter[axis] - 1) * dilation[axis] + 1;
        let whole = if same { image[axis] - 1 } else { image[axis] - extent };
        whole / stride[axis] + 1
    });
    let mut options = Options::new(table)
        .with_int("padding", i64::from(!same))
        .with_int("stride_h", stride[0].into())
        .with_int("stride_w", stride[1].into())
        .with_int("fused_activation_function", random.pick(&[0, 0, 1, 3]));
    if dilates {
        options = options
            .with_int("dilation_h_factor", dilation[0].into())
            .with_int("dilation_w_factor", dilation[1].into());
    }
    Geometry { options, image, filter, output }
}

fn channels(maker: &mut Maker) -> i32 {
    let any = maker.random.between(1, 13) as i32;
    maker.random.pick(&[any, any, 4, 8, 16, 33])
}

/// A filter with one scale, or one per slice along `dimension`.
fn filter(maker: &mut Maker, ty: TensorType, shape: &[i32], dimension: usize) -> (TensorId, Vec<f32>) {
    let tensor = Tensor::new("", ty, shape);
    if ty == Float32 {
        return (maker.random_constant(tensor), vec![1.0]);
    }
    let n_scales = if maker.random.one_in(3) { 1 } else { shape[dimension] };
    // The wheel multiplies two float32 scales in double where chips do not: one of them is a power of two.
    let scales: Vec<f32> = if n_scales == 1 {
        vec![maker.scale() / 64.0]
    } else {
        (0..n_scales).map(|_| any_scale(maker) / 64.0).collect()
    };
    let zeros = vec![0; scales.len()];
    let tensor = tensor.quantized_per_axis(&scales, &zeros, if n_scales == 1 { 0 } else { dimension as i32 });
    // The smallest number is none of a symmetric range.
    let limit = if ty == Int4 { 7 } else { 127 };
    let count = tensor.element_count().unwrap_or_default() as usize;
    let most = maker.random.pick(&[limit, limit, limit, 3]);
    let mut weights: Vec<i8> = (0..count).map(|_| maker.random.between(-most, most) as i8).collect();
    if ty == Int8 {
        return (maker.constant(tensor, &weights), scales);
    }
    weights.resize(count.next_multiple_of(2), 0);
    let packed: Vec<u8> = weights.chunks(2).map(|pair| (pair[0] as u8 & 15) | (pair[1] as u8) << 4).collect();
    (maker.packed_constant(tensor, packed), scales)
}

/// A bias of the type that goes with the activations, now and then none.
fn bias(maker: &mut Maker, ty: TensorType, wide: TensorType, n: i32, scales: &[f32]) -> Option<TensorId> {
    if maker.random.one_in(5) {
        return None;
    }
    let tensor = |ty| {
        let tensor = Tensor::new("", ty, &[n]);
        let zeros = vec![0; scales.len()];
        if ty == Float32 { tensor } else { tensor.quantized_per_axis(scales, &zeros, 0) }
    };
    let mut numbers = |limit: i64| (0..n).map(|_| maker.random.between(-limit, limit)).collect::<Vec<_>>();
    let id = match if ty == Int16 { wide } else { ty } {
        Float32 => return Some(maker.random_constant(tensor(Float32))),
        Int64 => {
            let numbers = numbers(1 << 20);
            maker.constant(tensor(Int64), &numbers)
        }
        _ => {
            let limit = if ty == Int16 { 1 << 20 } else { 1 << 13 };
            let numbers: Vec<i32> = numbers(limit).into_iter().map(|number| number as i32).collect();
            maker.constant(tensor(Int32), &numbers)
        }
    };
    Some(id)
}

/// An input, and an output whose scale leaves some outputs saturated and others not.
fn ends(
    maker: &mut Maker,
    ty: TensorType,
    shapes: [&[i32]; 2],
    n_products: i32,
    scales: &[f32],
) -> [Tensor; 2] {
    let input = any_quantized(maker, ty, shapes[0]);
    let mut output = any_quantized(maker, ty, shapes[1]);
    if let (Some((scale, _)), Some(quantization)) =
        (input.per_tensor_quantization(), &mut output.quantization)
    {
        let steps = (n_products as f32).sqrt() * 64.0 * maker.random.pick(&[0.3, 1.0, 1.0, 8.0]);
        quantization.scale = vec![scale * scales[0] * steps];
    }
    [input, output]
}

/// The input's scale times those of the filter.
fn products(input: &Tensor, scales: &[f32]) -> Vec<f32> {
    let scale = input.per_tensor_quantization().map_or(1.0, |(scale, _)| scale);
    scales.iter().map(|of_filter| scale * of_filter).collect()
}

fn conv(maker: &mut Maker, ty: TensorType, filter_type: TensorType) {
    let (depth, filters) = (channels(maker), channels(maker));
    convolve(maker, ty, filter_type, depth, filters, 1);
}

fn conv_grouped(maker: &mut Maker) {
    let groups = maker.random.between(2, 4) as i32;
    let (depth, filters) = (maker.random.between(1, 6) as i32, maker.random.between(1, 9) as i32);
    let ty = maker.random.pick(&[Int8, Int8, Int8, Float32]);
    convolve(maker, ty, ty, depth * groups, filters * groups, groups);
}

fn convolve(
    maker: &mut Maker,
    ty: TensorType,
    filter_type: TensorType,
    depth: i32,
    filters: i32,
    groups: i32,
) {
    let geometry = geometry(maker, "Conv2DOptions", true);
    let batches = maker.random.pick(&[1, 1, 2]);
    let [rows, columns] = geometry.filter;
    let (filter, scales) = filter(maker, filter_type, &[filters, rows, columns, depth / groups], 0);
    let shapes = [
        [batches, geometry.image[0], geometry.image[1], depth],
        [batches, geometry.output[0], geometry.output[1], filters],
    ];
    let n_products = rows * columns * depth / groups;
    let [input, output] = ends(maker, ty, [&shapes[0], &shapes[1]], n_products, &scales);
    let wide = maker.random.pick(&[Int64, Int32]);
    let bias_scales = products(&input, &scales);
    let bias = bias(maker, ty, wide, filters, &bias_scales);
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    let mut options = geometry.options;
    if ty == Int16 && (wide == Int32 || bias.is_none()) {
        options = options.with_int("quantized_bias_type", wide.code().into());
    }
    let inputs: Vec<_> = [input, filter].into_iter().chain(bias).collect();
    maker.operator(Op::CONV_2D, &inputs, &[output], Some(options));
}

fn depthwise(maker: &mut Maker, ty: TensorType, filter_type: TensorType) {
    let geometry = geometry(maker, "DepthwiseConv2DOptions", true);
    let (batches, depth) = (maker.random.pick(&[1, 1, 2]), channels(maker));
    let multiplier = maker.random.pick(&[1, 1, 1, 2, 3]);
    let filters = depth * multiplier;
    let [rows, columns] = geometry.filter;
    let (filter, scales) = filter(maker, filter_type, &[1, rows, columns, filters], 3);
    if ty == Float32 && filter_type == Int8 && scales.len() == 1 && filters > 1 {
        // LiteRT reads as many scales as there are channels.
        maker.is_refused_by_us = true;
    }
    let shapes = [
        [batches, geometry.image[0], geometry.image[1], depth],
        [batches, geometry.output[0], geometry.output[1], filters],
    ];
    let [input, output] = ends(maker, ty, [&shapes[0], &shapes[1]], rows * columns, &scales);
    let bias_scales = products(&input, &scales);
    let bias = bias(maker, ty, Int64, filters, &bias_scales);
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    let options = geometry.options.with_int("depth_multiplier", multiplier.into());
    let inputs: Vec<_> = [input, filter].into_iter().chain(bias).collect();
    maker.operator(Op::DEPTHWISE_CONV_2D, &inputs, &[output], Some(options));
}

fn transpose_conv(maker: &mut Maker) {
    let ty = maker.random.pick(&[Int8, Int8, Int16, Float32]);
    // The larger picture is the output.
    let geometry = geometry(maker, "TransposeConvOptions", false);
    let (batches, depth, filters) = (maker.random.pick(&[1, 1, 2]), channels(maker), channels(maker));
    let [rows, columns] = geometry.filter;
    let filter_type = if ty == Float32 { Float32 } else { Int8 };
    let (filter, scales) = filter(maker, filter_type, &[filters, rows, columns, depth], 0);
    let shapes = [
        [batches, geometry.output[0], geometry.output[1], depth],
        [batches, geometry.image[0], geometry.image[1], filters],
    ];
    let [input, output] = ends(maker, ty, [&shapes[0], &shapes[1]], rows * columns * depth, &scales);
    let bias_scales = products(&input, &scales);
    let bias = bias(maker, ty, Int64, filters, &bias_scales);
    let shape = maker.ints(&shapes[1]);
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    let inputs: Vec<_> = [shape, filter, input].into_iter().chain(bias).collect();
    maker.operator(Op::TRANSPOSE_CONV, &inputs, &[output], Some(geometry.options));
}

fn fully_connected(maker: &mut Maker, ty: TensorType, filter_type: TensorType) {
    let batches = maker.random.pick(&[1, 1, 2, 3]);
    let (depth, units) = (maker.random.between(1, 70) as i32, channels(maker));
    let (filter, scales) = filter(maker, filter_type, &[units, depth], 0);
    let [input, output] = ends(maker, ty, [&[batches, depth], &[batches, units]], depth, &scales);
    let bias_scales = products(&input, &scales);
    let wide = maker.random.pick(&[Int64, Int32]);
    let bias = bias(maker, ty, wide, units, &bias_scales);
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    let mut options = Options::new("FullyConnectedOptions")
        .with_int("fused_activation_function", maker.random.pick(&[0, 0, 1, 3]))
        .with_int("keep_num_dims", maker.random.between(0, 1));
    if ty == Int16 {
        options = options.with_int("quantized_bias_type", wide.code().into());
    }
    if ty != filter_type {
        let is_asymmetric = maker.random.between(0, 1);
        options = options.with_int("asymmetric_quantize_inputs", is_asymmetric);
    }
    let inputs: Vec<_> = [input, filter].into_iter().chain(bias).collect();
    maker.operator(Op::FULLY_CONNECTED, &inputs, &[output], Some(options));
}

fn batch_matmul(maker: &mut Maker) {
    let ty = maker.random.pick(&[Int8, Int8, Int16, Float32]);
    let mut sizes = |n: usize| (0..n).map(|_| maker.random.between(1, 9) as i32).collect::<Vec<_>>();
    let [rows, depth, columns] = sizes(3)[..] else { unreachable!("three sizes were asked for") };
    let n_batches = maker.random.between(0, 2);
    let batches: Vec<i32> = (0..n_batches).map(|_| maker.random.between(1, 3) as i32).collect();
    let (swaps_left, swaps_right) = (maker.random.one_in(3), maker.random.one_in(3));
    let shape = |outer: &[i32], inner: [i32; 2], swaps: bool| {
        let inner = if swaps { [inner[1], inner[0]] } else { inner };
        outer.iter().copied().chain(inner).collect::<Vec<_>>()
    };
    // As for filters with one scale.
    let left = maker.quantized(ty, &shape(&batches, [rows, depth], swaps_left));
    let right = any_quantized(maker, ty, &shape(&batches, [depth, columns], swaps_right));
    let mut output = any_quantized(maker, ty, &shape(&batches, [rows, columns], false));
    if let Some(quantization) = &mut output.quantization {
        let scale = |tensor: &Tensor| tensor.per_tensor_quantization().map_or(1.0, |(scale, _)| scale);
        let steps = if ty == Int16 { 16384.0 } else { 64.0 };
        quantization.scale = vec![scale(&left) * scale(&right) * (depth as f32).sqrt() * steps];
    }
    let (left, right) = (maker.input_of(left, Values::Any), maker.input_of(right, Values::Any));
    let output = maker.tensor_of(output);
    let options = Options::new("BatchMatMulOptions")
        .with_int("adj_x", swaps_left.into())
        .with_int("adj_y", swaps_right.into());
    maker.operator(Op::BATCH_MATMUL, &[left, right], &[output], Some(options));
}

fn pool(maker: &mut Maker, code: Op, types: &[TensorType]) {
    let ty = maker.random.pick(types);
    let geometry = geometry(maker, "Pool2DOptions", false);
    let (batches, depth) = (maker.random.pick(&[1, 1, 2]), channels(maker));
    let mut like = any_quantized(maker, ty, &[batches, geometry.image[0], geometry.image[1], depth]);
    let input = maker.input_of(like.clone(), Values::Any);
    like.shape[1..3].copy_from_slice(&geometry.output);
    let output = maker.tensor_of(like);
    let options = geometry
        .options
        .with_int("filter_height", geometry.filter[0].into())
        .with_int("filter_width", geometry.filter[1].into());
    maker.operator(code, &[input], &[output], Some(options));
}

fn softmax(maker: &mut Maker) {
    let shape = if maker.random.one_in(8) {
        vec![1, maker.random.between(100, 700) as i32]
    } else {
        maker.shape(1..=4)
    };
    let (ty, output_type) =
        maker.random.pick(&[(Int8, Int8), (Int8, Int8), (Int8, Int16), (Int16, Int16), (Float32, Float32)]);
    let mut input = any_quantized(maker, ty, &shape);
    if ty == Int16 {
        input = input.quantized(any_scale(maker) / 256.0, 0);
    }
    let output = Tensor::new("", output_type, &shape);
    let output = match (ty, output_type) {
        (Int8, Int8) => output.quantized(1.0 / 256.0, -128),
        (Int8, Int16) => output.quantized(1.0 / 65536.0, -32768),
        (Int16, _) => output.quantized(1.0 / 32768.0, 0),
        _ => output,
    };
    let (input, output) = (maker.input_of(input, Values::Any), maker.tensor_of(output));
    let beta = maker.random.pick(&[1.0, 1.0, 0.5, 2.0]);
    let options = Options::new("SoftmaxOptions");
    let options = options.with("beta", emberlab_core::model::OptionValue::Float(beta));
    maker.operator(Op::SOFTMAX, &[input], &[output], Some(options));
}
