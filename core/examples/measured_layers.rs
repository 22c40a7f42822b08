//! Writes the layers whose instructions are counted on an emulated chip: `measured_layers FOLDER` leaves `NAME.tflite`,
//! `NAME.input` and `NAME.output`, the output being what the runtime computes here.
//!
//! Weights, biases and inputs are pseudo-random and use the whole range; so are the scales per channel, which leave few
//! outputs saturated.

use std::path::Path;
use std::process::ExitCode;

use emberlab_core::model::{BuiltinOperator, Model, ModelBuilder, Options, Tensor, TensorType};
use emberlab_core::tflite;
use emberlab_runtime::{Interpreter, Registry, Semantics};

/// What slides over the picture.
#[derive(Clone, Copy)]
enum Layer {
    /// Height and width of the filter.
    Conv(i32),
    Depthwise(i32),
    FullyConnected,
}

const LAYERS: [(&str, Layer); 4] = [
    ("conv_3x3", Layer::Conv(3)),
    ("conv_1x1", Layer::Conv(1)),
    ("depthwise_3x3", Layer::Depthwise(3)),
    ("fully_connected", Layer::FullyConnected),
];

/// Height, width and channels of the picture.
const PICTURE: [i32; 3] = [32, 32, 16];
const SAME: i64 = 0;

const ARENA_BYTES: usize = 1 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder] = arguments.as_slice() else {
        eprintln!("usage: measured_layers FOLDER");
        return ExitCode::from(2);
    };
    for (name, layer) in LAYERS {
        if let Err(error) = write(Path::new(folder), name, layer) {
            eprintln!("{name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn write(folder: &Path, name: &str, layer: Layer) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut random = Random(0x1234_5678);
    let model = tflite::write(&model(name, layer, &mut random)).map_err(|error| error.to_string())?;
    let mut arena = vec![0; ARENA_BYTES];
    let registry = Registry::default();
    let mut interpreter = Interpreter::prepare(&model, &mut arena, Semantics::Tflm, &registry)
        .map_err(|error| error.to_string())?;
    interpreter.input::<i8>(0).fill_with(|| random.i8());
    let input = interpreter.input_bytes(0).to_vec();
    interpreter.invoke(&mut ()).expect("nobody stops it");
    let output = interpreter.output_bytes(0);
    for (extension, bytes) in [("tflite", &model[..]), ("input", &input), ("output", output)] {
        let path = folder.join(format!("{name}.{extension}"));
        // Equal files stay, so that nothing is built again for them.
        if std::fs::read(&path).is_ok_and(|there| there == bytes) {
            continue;
        }
        std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn model(name: &str, layer: Layer, random: &mut Random) -> Model {
    let mut builder = ModelBuilder::new(name);
    let [height, width, depth] = PICTURE;
    let picture = [1, height, width, depth];
    let (input_shape, filter_shape, output_shape, channel_dimension) = match layer {
        Layer::Conv(size) => (&picture[..], vec![depth, size, size, depth], &picture[..], 0),
        Layer::Depthwise(size) => (&picture[..], vec![1, size, size, depth], &picture[..], 3),
        Layer::FullyConnected => (&[1, 784][..], vec![64, 784], &[1, 64][..], 0),
    };
    let channels = filter_shape[channel_dimension];
    let n_weights: i32 = filter_shape.iter().product();
    let n_products = match layer {
        Layer::Depthwise(size) => size * size,
        Layer::Conv(_) | Layer::FullyConnected => n_weights / channels,
    };
    let input_scale = 1.0 / 128.0;
    // Inputs go from 0 to 255 before the weights: a sum of their products has about this standard deviation, and gets 50
    // steps of the output.
    let spread = 148.0 * 74.0 * (n_products as f32).sqrt();
    let output_scale = 1.5 * input_scale / 128.0 * spread / 50.0;
    let scale = |random: &mut Random| (1.0 + random.fraction()) / 128.0;
    let scales: Vec<f32> = match layer {
        // As converters write it: one scale for all units.
        Layer::FullyConnected => vec![scale(random)],
        Layer::Conv(_) | Layer::Depthwise(_) => (0..channels).map(|_| scale(random)).collect(),
    };
    let bias_scales: Vec<f32> = scales.iter().map(|scale| scale * input_scale).collect();
    let weights: Vec<i8> = (0..n_weights).map(|_| random.i8().max(-127)).collect();
    let bias: Vec<i32> = (0..channels).map(|_| i32::from(random.i8()) * 16).collect();

    let input =
        builder.input(Tensor::new("input", TensorType::Int8, input_shape).quantized(input_scale, -128));
    let zeros = vec![0; scales.len()];
    let filter = Tensor::new("filter", TensorType::Int8, &filter_shape).quantized_per_axis(
        &scales,
        &zeros,
        channel_dimension as i32,
    );
    let filter = builder.constant(filter, &weights);
    let of_bias =
        Tensor::new("bias", TensorType::Int32, &[channels]).quantized_per_axis(&bias_scales, &zeros, 0);
    let bias = builder.constant(of_bias, &bias);
    let output = Tensor::new("output", TensorType::Int8, output_shape).quantized(output_scale, 3);
    let output = builder.tensor(output);
    let window = |name: &str| {
        Options::new(name).with_int("padding", SAME).with_int("stride_h", 1).with_int("stride_w", 1)
    };
    let (code, options) = match layer {
        Layer::Conv(_) => (BuiltinOperator::CONV_2D, window("Conv2DOptions")),
        Layer::Depthwise(_) => {
            let options = window("DepthwiseConv2DOptions").with_int("depth_multiplier", 1);
            (BuiltinOperator::DEPTHWISE_CONV_2D, options)
        }
        Layer::FullyConnected => (BuiltinOperator::FULLY_CONNECTED, Options::new("FullyConnectedOptions")),
    };
    builder.operator(code, [input, filter, bias], [output]).set_options(options);
    builder.output(output);
    builder.build()
}

/// The generator that Knuth and Lewis call quick and dirty (modulus 2^32); the high bits are used.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0
    }

    fn i8(&mut self) -> i8 {
        (self.next() >> 24) as i8
    }

    /// From 0 to below 1.
    fn fraction(&mut self) -> f32 {
        (self.next() >> 16) as f32 / 65536.0
    }
}
