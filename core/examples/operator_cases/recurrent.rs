//! Layers that remember: several invocations without a reset.

use emberlab_core::model::{BuiltinOperator as Op, OptionValue, Options, Tensor, TensorId, TensorType};

use super::Recipe;
use super::maker::{Maker, Values};
use TensorType::{Float32, Int8, Int16, Int32, Int64};

pub const RECIPES: &[Recipe] = &[
    ("unidirectional_sequence_lstm_int8", |maker| lstm(maker, Int8)),
    ("unidirectional_sequence_lstm_int16", |maker| lstm(maker, Int16)),
    ("unidirectional_sequence_lstm_float", |maker| lstm(maker, Float32)),
    ("svdf_int8", |maker| {
        let state = maker.random.pick(&[Int16, Int16, Int8]);
        svdf(maker, Int8, state);
    }),
    ("svdf_float", |maker| svdf(maker, Float32, Float32)),
];

fn size(maker: &mut Maker, most: i64) -> i32 {
    maker.random.between(1, most) as i32
}

/// A constant of floats in a range.
fn floats(maker: &mut Maker, shape: &[i32], (low, high): (f32, f32)) -> TensorId {
    let count = shape.iter().product::<i32>();
    let numbers: Vec<f32> = (0..count).map(|_| maker.random.float(low, high)).collect();
    maker.constant(Tensor::new("", Float32, shape), &numbers)
}

/// int8 weights of a scale.
fn weights(maker: &mut Maker, shape: &[i32], scale: f32) -> TensorId {
    let count = shape.iter().product::<i32>();
    let numbers: Vec<i8> = (0..count).map(|_| maker.random.between(-127, 127) as i8).collect();
    maker.constant(Tensor::new("", Int8, shape).quantized(scale, 0), &numbers)
}

fn lstm(maker: &mut Maker, ty: TensorType) {
    let (batches, steps, depth, units) = (size(maker, 3), size(maker, 5), size(maker, 12), size(maker, 9));
    let is_time_major = maker.random.one_in(3);
    let outer = if is_time_major { [steps, batches] } else { [batches, steps] };
    // Powers of two: the wheel multiplies scales in double where chips do not.
    let input_scale = maker.random.pick(&[1.0 / 64.0, 1.0 / 128.0]);
    let input_zero_point = maker.zero_point(ty);
    let (hidden_scale, hidden_zero_point) = match ty {
        Int8 => (1.0 / 128.0, maker.random.pick(&[0, 0, -5, 13])),
        _ => (1.0 / 32768.0, 0),
    };
    let quantized = |tensor: Tensor, scale: f32, zero_point: i64| {
        if ty == Float32 { tensor } else { tensor.quantized(scale, zero_point) }
    };
    let scale_of_16_bits = if ty == Int16 { 1.0 / 256.0 } else { 1.0 };
    let input = Tensor::new("", ty, &[outer[0], outer[1], depth]);
    let input = quantized(input, input_scale * scale_of_16_bits, input_zero_point);
    let values = if ty == Float32 { Values::Floats(-2.0, 2.0) } else { Values::Any };
    let mut inputs = vec![None; 24];
    inputs[0] = Some(maker.input_of(input, values));
    for (place, input) in inputs.iter_mut().enumerate().take(9).skip(1) {
        let columns = if place < 5 { depth } else { units };
        let scale = maker.random.pick(&[1.0 / 128.0, 1.0 / 64.0, 1.0 / 256.0]);
        let shape = [units, columns];
        let weights =
            if ty == Float32 { floats(maker, &shape, (-1.0, 1.0)) } else { weights(maker, &shape, scale) };
        *input = Some(weights);
    }
    for input in &mut inputs[12..16] {
        let mut numbers = || (0..units).map(|_| maker.random.between(-3000, 3000)).collect::<Vec<_>>();
        let bias = |ty| Tensor::new("", ty, &[units]).quantized(input_scale / 128.0, 0);
        *input = Some(match ty {
            Int8 => {
                let numbers: Vec<i32> = numbers().into_iter().map(|number| number as i32).collect();
                maker.constant(bias(Int32), &numbers)
            }
            Int16 => {
                let numbers: Vec<i64> = numbers().into_iter().map(|number| number << 8).collect();
                maker.constant(bias(Int64), &numbers)
            }
            _ => floats(maker, &[units], (-1.0, 1.0)),
        });
    }
    let state = Tensor::new("", ty, &[batches, units]).variable();
    let hidden = quantized(state, hidden_scale, hidden_zero_point);
    inputs[18] = Some(maker.tensor_of(hidden));
    let cell = Tensor::new("", if ty == Float32 { Float32 } else { Int16 }, &[batches, units]).variable();
    let cell_scale = maker.random.pick(&[1.0 / 2048.0, 1.0 / 4096.0, 1.0 / 32768.0]);
    let cell = quantized(cell, cell_scale, 0);
    inputs[19] = Some(maker.tensor_of(cell));
    let output = Tensor::new("", ty, &[outer[0], outer[1], units]);
    let output = quantized(output, hidden_scale, hidden_zero_point);
    let output = maker.tensor_of(output);
    // LiteRT takes the scale of the hidden state from the last of them; TFLM refuses those that have elements.
    let mut intermediates = Vec::new();
    let n_elements = i32::from(maker.random.one_in(12));
    if ty != Float32 {
        for _ in 0..4 {
            let gate = Tensor::new("", Int16, &[n_elements]).quantized(1.0 / 4096.0, 0);
            intermediates.push(Some(maker.tensor_of(gate)));
        }
        let hidden = Tensor::new("", Int8, &[n_elements]).quantized(hidden_scale, hidden_zero_point);
        intermediates.push(Some(maker.tensor_of(hidden)));
    }
    let clip = maker.random.pick(&[0.0, 0.0, 0.5, 10.0]);
    let options = Options::new("UnidirectionalSequenceLSTMOptions")
        .with_int("fused_activation_function", 4)
        .with_int("time_major", is_time_major.into())
        .with("cell_clip", OptionValue::Float(clip));
    if ty == Int16 {
        // LiteRT has no LSTM with int16 activations.
        maker.skip.push("litert");
    }
    maker.n_steps = 3;
    maker.builder.output(output);
    let operator = maker.builder.operator(Op::UNIDIRECTIONAL_SEQUENCE_LSTM, inputs, [output]);
    operator.set_options(options);
    operator.intermediates = intermediates;
}

fn svdf(maker: &mut Maker, ty: TensorType, state_type: TensorType) {
    let (batches, depth, units) = (size(maker, 3), size(maker, 9), size(maker, 9));
    let (rank, memory) = (size(maker, 3), size(maker, 6));
    let filters = units * rank;
    let is_float = ty == Float32;
    // Powers of two, as for an LSTM.
    let (input_scale, feature_scale, time_scale) = (1.0 / 32.0, 1.0 / 128.0, 1.0 / 128.0);
    let state_scale = if state_type == Int16 { 1.0 / 2048.0 } else { 1.0 / 32.0 };
    let input = Tensor::new("", ty, &[batches, depth]);
    let zero_point = maker.zero_point(ty);
    let input = if is_float { input } else { input.quantized(input_scale, zero_point) };
    // Sums of positive floats are about as exact as their terms, whatever the order of additions.
    let values = if is_float { Values::Floats(0.0, 2.0) } else { Values::Any };
    let input = maker.input_of(input, values);
    let shapes = [[filters, depth], [filters, memory]];
    let (features, times, bias) = if is_float {
        let shapes: [&[i32]; 3] = [&shapes[0], &shapes[1], &[units]];
        shapes.map(|shape| floats(maker, shape, (0.0, 1.0))).into()
    } else {
        let features = weights(maker, &shapes[0], feature_scale);
        let times = if state_type == Int8 {
            weights(maker, &shapes[1], time_scale)
        } else {
            let count = filters * memory;
            let numbers: Vec<i16> = (0..count).map(|_| maker.random.between(-127, 127) as i16).collect();
            maker.constant(Tensor::new("", Int16, &shapes[1]).quantized(time_scale, 0), &numbers)
        };
        let numbers: Vec<i32> = (0..units).map(|_| maker.random.between(-2000, 2000) as i32).collect();
        let bias = Tensor::new("", Int32, &[units]).quantized(state_scale * time_scale, 0);
        (features, times, maker.constant(bias, &numbers))
    };
    let state = Tensor::new("", state_type, &[batches, memory * filters]).variable();
    let state = if is_float { state } else { state.quantized(state_scale, 0) };
    let state = maker.tensor_of(state);
    let output = Tensor::new("", ty, &[batches, units]);
    let scale = maker.random.pick(&[1.0 / 16.0, 1.0 / 64.0]);
    let zero_point = maker.zero_point(ty);
    let output = if is_float { output } else { output.quantized(scale, zero_point) };
    let output = maker.tensor_of(output);
    if state_type == Int8 {
        // LiteRT takes the state for one of 16 bits.
        maker.skip.push("litert");
    }
    let activation = if is_float { maker.random.pick(&[0, 1, 3]) } else { 1 };
    let options = Options::new("SVDFOptions")
        .with_int("rank", rank.into())
        .with_int("fused_activation_function", activation);
    maker.n_steps = 4;
    maker.operator(Op::SVDF, &[input, features, times, bias, state], &[output], Some(options));
}
