//! Operators with weights: convolutions, dense layers, recurrent cells, and pooling.

use emberlab_core::model::{BuiltinOperator as Op, Options, TensorId, TensorType};

use super::Recipe;
use super::maker::Maker;
use TensorType::{Float32, Int4, Int8, Int16, Int32, Int64};

pub const RECIPES: &[Recipe] = &[
    ("conv_2d_int8", |maker| conv(maker, Int8, Int8)),
    ("conv_2d_float", |maker| conv(maker, Float32, Float32)),
    ("conv_2d_int16", |maker| conv(maker, Int16, Int8)),
    ("conv_2d_int4", |maker| conv(maker, Int8, Int4)),
    ("conv_2d_pointwise", conv_pointwise),
    ("depthwise_int8", |maker| depthwise(maker, Int8, Int8)),
    ("depthwise_float", |maker| depthwise(maker, Float32, Float32)),
    ("depthwise_int16", |maker| depthwise(maker, Int16, Int8)),
    ("depthwise_int4", |maker| depthwise(maker, Int8, Int4)),
    ("transpose_conv_int8", |maker| transpose_conv(maker, Int8, Int8)),
    ("transpose_conv_float", |maker| transpose_conv(maker, Float32, Float32)),
    ("transpose_conv_int16", |maker| transpose_conv(maker, Int16, Int8)),
    ("fully_connected_int8", |maker| dense(maker, Int8, Int8)),
    ("fully_connected_float", |maker| dense(maker, Float32, Float32)),
    ("fully_connected_int16", |maker| dense(maker, Int16, Int8)),
    ("fully_connected_int4", |maker| dense(maker, Int8, Int4)),
    ("fully_connected_per_channel", dense_per_channel),
    ("batch_matmul", batch_matmul),
    ("average_pool", |maker| pool(maker, Op::AVERAGE_POOL_2D)),
    ("max_pool", |maker| pool(maker, Op::MAX_POOL_2D)),
    ("l2_pool", |maker| pool(maker, Op::L2_POOL_2D)),
    ("lstm_int8", |maker| lstm(maker, Int8)),
    ("lstm_float", |maker| lstm(maker, Float32)),
    ("svdf_int8", |maker| svdf(maker, Int8)),
    ("svdf_float", |maker| svdf(maker, Float32)),
    ("embedding_lookup", embedding_lookup),
];

/// Rows or columns of the output of a sliding window; 0 when it does not fit.
pub fn output_size(same: bool, input: i32, filter: i32, stride: i32, dilation: i32) -> i32 {
    let effective = (filter - 1) * dilation + 1;
    if same { (input + stride - 1) / stride } else { (input + stride - effective) / stride }
}

fn bias_type(maker: &mut Maker, ty: TensorType) -> TensorType {
    match ty {
        Float32 => Float32,
        Int16 if maker.random.chance() => Int64,
        _ => Int32,
    }
}

/// A bias with the scale of input times filter.
fn bias(maker: &mut Maker, ty: TensorType, input: TensorId, filter: TensorId, n: i32) -> TensorId {
    let scale = |maker: &mut Maker, id| maker.tensor(id).quantization.as_ref().map_or(1.0, |q| q.scale[0]);
    let product = scale(maker, input) * scale(maker, filter);
    let tensor = maker.describe(ty, &[n]);
    maker.constant_of(if ty == Float32 { tensor } else { tensor.quantized(product, 0) })
}

struct Geometry {
    options: Options,
    filter: [i32; 2],
    output: [i32; 2],
}

fn geometry(maker: &mut Maker, table: &str, image: [i32; 2], dilates: bool) -> Geometry {
    let random = &mut maker.random;
    let same = random.chance();
    let dilation = if dilates && random.between(0, 3) == 0 { 2 } else { 1 };
    let stride = [random.between(1, 2), random.between(1, 2)];
    let filter = [0, 1].map(|axis| random.between(1, ((image[axis] - 1) / dilation + 1).min(5)));
    let output = [0, 1].map(|axis| output_size(same, image[axis], filter[axis], stride[axis], dilation));
    let mut options = Options::new(table)
        .with_int("padding", i64::from(!same))
        .with_int("stride_h", i64::from(stride[0]))
        .with_int("stride_w", i64::from(stride[1]))
        .with_int("fused_activation_function", i64::from(random.pick(&[0, 1, 3])));
    if dilates {
        options = options
            .with_int("dilation_h_factor", i64::from(dilation))
            .with_int("dilation_w_factor", i64::from(dilation));
    }
    Geometry { options, filter, output }
}

fn image(maker: &mut Maker) -> [i32; 2] {
    [maker.random.between(3, 14), maker.random.between(3, 14)]
}

fn filter(maker: &mut Maker, ty: TensorType, shape: &[i32], axis: usize) -> TensorId {
    if ty == Float32 || maker.random.between(0, 3) == 0 {
        maker.weights(ty, shape)
    } else {
        maker.weights_per_axis(ty, shape, axis)
    }
}

fn conv(maker: &mut Maker, ty: TensorType, filter_type: TensorType) {
    let image = image(maker);
    let channels = maker.random.pick(&[1, 2, 3, 4, 7, 8, 12, 16, 24]);
    let filters = maker.random.pick(&[1, 3, 4, 8, 10, 16]);
    let geometry = geometry(maker, "Conv2DOptions", image, true);
    let input = maker.input(ty, &[1, image[0], image[1], channels]);
    let shape = [filters, geometry.filter[0], geometry.filter[1], channels];
    let filter = filter(maker, filter_type, &shape, 0);
    let mut inputs = vec![input, filter];
    if maker.random.between(0, 4) > 0 {
        let bias_type = bias_type(maker, ty);
        inputs.push(bias(maker, bias_type, input, filter, filters));
    }
    let output = maker.activation(ty, &[1, geometry.output[0], geometry.output[1], filters]);
    maker.last(Op::CONV_2D, &inputs, &[output], Some(geometry.options));
}

fn conv_pointwise(maker: &mut Maker) {
    let image = image(maker);
    let channels = maker.random.pick(&[4, 8, 12, 16, 32]);
    let filters = maker.random.pick(&[4, 8, 16]);
    let input = maker.input(Int8, &[1, image[0], image[1], channels]);
    let filter = maker.weights_per_axis(Int8, &[filters, 1, 1, channels], 0);
    let bias = bias(maker, Int32, input, filter, filters);
    let output = maker.activation(Int8, &[1, image[0], image[1], filters]);
    let options = Options::new("Conv2DOptions").with_int("stride_h", 1).with_int("stride_w", 1);
    maker.last(Op::CONV_2D, &[input, filter, bias], &[output], Some(options));
}

fn depthwise(maker: &mut Maker, ty: TensorType, filter_type: TensorType) {
    let image = image(maker);
    let channels = maker.random.pick(&[1, 2, 3, 4, 8, 12, 16, 24]);
    let multiplier = maker.random.pick(&[1, 1, 1, 2, 4]);
    let out_channels = channels * multiplier;
    let geometry = geometry(maker, "DepthwiseConv2DOptions", image, true);
    let input = maker.input(ty, &[1, image[0], image[1], channels]);
    let shape = [1, geometry.filter[0], geometry.filter[1], out_channels];
    let filter = filter(maker, filter_type, &shape, 3);
    let bias_type = bias_type(maker, ty);
    let bias = bias(maker, bias_type, input, filter, out_channels);
    let output = maker.activation(ty, &[1, geometry.output[0], geometry.output[1], out_channels]);
    let options = geometry.options.with_int("depth_multiplier", i64::from(multiplier));
    maker.last(Op::DEPTHWISE_CONV_2D, &[input, filter, bias], &[output], Some(options));
}

fn transpose_conv(maker: &mut Maker, ty: TensorType, filter_type: TensorType) {
    let [height, width] = image(maker);
    let channels = maker.random.between(1, 8);
    let filters = maker.random.between(1, 8);
    let stride = maker.random.between(1, 2);
    let size = maker.random.between(1, 3);
    let out = [height * stride, width * stride];
    let input = maker.input(ty, &[1, height, width, channels]);
    let filter = filter(maker, filter_type, &[filters, size, size, channels], 0);
    let shape = maker.ints(&[1, out[0], out[1], filters]);
    let mut inputs = vec![shape, filter, input];
    if maker.random.chance() {
        let bias_type = if ty == Int16 { maker.random.pick(&[Int16, Int64]) } else { bias_type(maker, ty) };
        inputs.push(bias(maker, bias_type, input, filter, filters));
    }
    let output = maker.activation(ty, &[1, out[0], out[1], filters]);
    let options = Options::new("TransposeConvOptions")
        .with_int("stride_h", i64::from(stride))
        .with_int("stride_w", i64::from(stride));
    maker.last(Op::TRANSPOSE_CONV, &inputs, &[output], Some(options));
}

fn dense(maker: &mut Maker, ty: TensorType, filter_type: TensorType) {
    let (batch, depth, units) =
        (maker.random.between(1, 3), maker.random.between(1, 40), maker.random.between(1, 30));
    let input = maker.input(ty, &[batch, depth]);
    let filter = maker.weights(filter_type, &[units, depth]);
    let mut inputs = vec![input, filter];
    if maker.random.between(0, 3) > 0 {
        let bias_type = bias_type(maker, ty);
        inputs.push(bias(maker, bias_type, input, filter, units));
    }
    let output = maker.activation(ty, &[batch, units]);
    let activation = i64::from(maker.random.pick(&[0, 1, 3]));
    let options = Options::new("FullyConnectedOptions").with_int("fused_activation_function", activation);
    maker.last(Op::FULLY_CONNECTED, &inputs, &[output], Some(options));
}

fn dense_per_channel(maker: &mut Maker) {
    let ty = maker.random.pick(&[Int8, Int16]);
    let (depth, units) = (maker.random.between(1, 40), maker.random.between(2, 300));
    let input = maker.input(ty, &[1, depth]);
    let filter = maker.weights_per_axis(Int8, &[units, depth], 0);
    let bias = bias(maker, Int32, input, filter, units);
    let output = maker.activation(ty, &[1, units]);
    let options = Options::new("FullyConnectedOptions");
    maker.last(Op::FULLY_CONNECTED, &[input, filter, bias], &[output], Some(options));
}

fn batch_matmul(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8, Int16]);
    let (batches, rows, depth, columns) = (
        maker.random.between(1, 3),
        maker.random.between(1, 9),
        maker.random.between(1, 9),
        maker.random.between(1, 9),
    );
    let (adjoint_left, adjoint_right) = (maker.random.chance(), maker.random.chance());
    let left = if adjoint_left { [batches, depth, rows] } else { [batches, rows, depth] };
    let right = if adjoint_right { vec![columns, depth] } else { vec![depth, columns] };
    let input = maker.input(ty, &left);
    let other = if maker.random.chance() { maker.weights(ty, &right) } else { maker.input(ty, &right) };
    let output = maker.activation(ty, &[batches, rows, columns]);
    let options = Options::new("BatchMatMulOptions")
        .with_int("adj_x", i64::from(adjoint_left))
        .with_int("adj_y", i64::from(adjoint_right));
    maker.last(Op::BATCH_MATMUL, &[input, other], &[output], Some(options));
}

fn pool(maker: &mut Maker, code: Op) {
    let ty = if code == Op::L2_POOL_2D { Float32 } else { maker.random.pick(&[Float32, Int8, Int16]) };
    let image = image(maker);
    let channels = maker.random.between(1, 17);
    let geometry = geometry(maker, "Pool2DOptions", image, false);
    let input = maker.input(ty, &[1, image[0], image[1], channels]);
    let output = maker.activation_like(input, &[1, geometry.output[0], geometry.output[1], channels]);
    let options = geometry
        .options
        .with_int("filter_height", i64::from(geometry.filter[0]))
        .with_int("filter_width", i64::from(geometry.filter[1]));
    maker.last(code, &[input], &[output], Some(options));
}

fn lstm(maker: &mut Maker, ty: TensorType) {
    let (batch, steps, depth, units) = (
        maker.random.between(1, 2),
        maker.random.between(1, 5),
        maker.random.between(1, 9),
        maker.random.between(1, 9),
    );
    let is_time_major = maker.random.chance();
    let leading = if is_time_major { [steps, batch] } else { [batch, steps] };
    let input = maker.input(ty, &[leading[0], leading[1], depth]);
    let mut inputs = vec![None; 24];
    inputs[0] = Some(input);
    for (place, input) in inputs.iter_mut().enumerate().take(9).skip(1) {
        let columns = if place < 5 { depth } else { units };
        *input = Some(maker.weights(ty, &[units, columns]));
    }
    for place in inputs.iter_mut().take(16).skip(12) {
        let bias_type = if ty == Float32 { Float32 } else { Int32 };
        *place = Some(maker.weights(bias_type, &[units]));
    }
    let state = maker.describe(ty, &[batch, units]).variable();
    inputs[18] = Some(maker.builder.tensor(state));
    let cell_type = if ty == Float32 { Float32 } else { Int16 };
    let cell = maker.describe(cell_type, &[batch, units]).variable();
    let cell = if ty == Float32 { cell } else { cell.quantized(1.0 / 2048.0, 0) };
    inputs[19] = Some(maker.builder.tensor(cell));
    let output = maker.activation(ty, &[leading[0], leading[1], units]);
    let options = Options::new("UnidirectionalSequenceLSTMOptions")
        .with_int("fused_activation_function", 4)
        .with_int("time_major", i64::from(is_time_major));
    maker.builder.operator(Op::UNIDIRECTIONAL_SEQUENCE_LSTM, inputs, [output]).set_options(options);
    maker.output(output);
}

fn svdf(maker: &mut Maker, ty: TensorType) {
    let (batch, depth, units, rank, memory) = (
        maker.random.between(1, 2),
        maker.random.between(1, 9),
        maker.random.between(1, 9),
        maker.random.between(1, 3),
        maker.random.between(1, 6),
    );
    let filters = units * rank;
    let input = maker.input(ty, &[batch, depth]);
    let features = maker.weights(ty, &[filters, depth]);
    let time_type = if ty == Float32 { Float32 } else { Int16 };
    let time = maker.describe(time_type, &[filters, memory]);
    let state = maker.describe(time_type, &[batch, memory * filters]).variable();
    let bias = maker.describe(if ty == Float32 { Float32 } else { Int32 }, &[units]);
    let (time, state, bias) = if ty == Float32 {
        (time, state, bias)
    } else {
        (time.quantized(1.0 / 1024.0, 0), state.quantized(1.0 / 512.0, 0), bias.quantized(1.0 / 524288.0, 0))
    };
    let time = maker.constant_of(time);
    let bias = maker.constant_of(bias);
    let state = maker.builder.tensor(state);
    let output = maker.activation(ty, &[batch, units]);
    let options = Options::new("SVDFOptions")
        .with_int("rank", i64::from(rank))
        .with_int("fused_activation_function", 1);
    maker.last(Op::SVDF, &[input, features, time, bias, state], &[output], Some(options));
}

fn embedding_lookup(maker: &mut Maker) {
    let ty = maker.random.pick(&[Float32, Int8]);
    let (words, columns, n) =
        (maker.random.between(2, 9), maker.random.between(1, 9), maker.random.between(1, 5));
    let lookup = maker.input(Int32, &[n]);
    let table = maker.weights(ty, &[words, columns]);
    let output = maker.activation(ty, &[n, columns]);
    maker.last(Op::EMBEDDING_LOOKUP, &[lookup, table], &[output], None);
}
