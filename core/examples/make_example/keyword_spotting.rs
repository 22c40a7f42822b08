//! A small depthwise separable network as keyword spotting uses them, int8, with pseudo-random weights.
//!
//! Nobody has trained it: it shows what a model of this kind costs, not what it knows. The shape follows the DS-CNN of
//! Zhang, Suda, Lai and Chandra, "Hello Edge: Keyword Spotting on Microcontrollers" (arXiv:1711.07128), smaller.

use emberlab_core::model::{BuiltinOperator, Model, ModelBuilder, Options, Tensor, TensorId, TensorType};

/// Frames of 20 ms in a second, and mel bands.
const INPUT: [i32; 4] = [1, 49, 40, 1];

/// What the outputs stand for.
const LABELS: [&str; 8] = ["silence", "unknown", "yes", "no", "on", "off", "go", "stop"];

const SAME: i64 = 0;
const VALID: i64 = 1;
const RELU: i64 = 1;
const NO_ACTIVATION: i64 = 0;

/// The model; the same in every build and on every machine.
pub fn model() -> Model {
    let mut network = Network::new();
    let mut x = network.input();
    x = network.conv(x, "front", 16, [10, 8], [2, 2]);
    for (number, (channels, stride)) in [(32, 2), (32, 1), (64, 2), (64, 1)].into_iter().enumerate() {
        x = network.depthwise(x, &format!("block_{}/depthwise", number + 1), [3, 3], [stride, stride]);
        x = network.conv(x, &format!("block_{}/pointwise", number + 1), channels, [1, 1], [1, 1]);
    }
    x = network.average_pool(x);
    x = network.flatten(x);
    x = network.dense(x, "scores", LABELS.len() as i32);
    x = network.softmax(x);
    network.finish(x)
}

/// An activation: where it is, its shape, scale and zero point.
#[derive(Clone, Copy)]
struct Activation {
    id: TensorId,
    shape: [i32; 4],
    scale: f32,
    zero_point: i64,
}

struct Network {
    builder: ModelBuilder,
    random: Random,
}

impl Network {
    fn new() -> Self {
        let description = "Keyword spotting, DS-CNN, int8: an untrained example made by Emberlab";
        Self { builder: ModelBuilder::new(description), random: Random(0x00C0_FFEE) }
    }

    fn input(&mut self) -> Activation {
        // Log-mel energies between -8 and 8.
        let (scale, zero_point) = (16.0 / 255.0, 0);
        let tensor = Tensor::new("log_mel", TensorType::Int8, &INPUT).quantized(scale, zero_point);
        let id = self.builder.input(tensor);
        Activation { id, shape: INPUT, scale, zero_point }
    }

    fn conv(
        &mut self,
        x: Activation,
        name: &str,
        channels: i32,
        kernel: [i32; 2],
        stride: [i32; 2],
    ) -> Activation {
        let shape = [channels, kernel[0], kernel[1], x.shape[3]];
        let fan_in = kernel[0] * kernel[1] * x.shape[3];
        let (weights, bias) = self.weights(x, name, &shape, 0, channels, fan_in);
        let y = self.activation(name, same(x.shape, stride, channels));
        let options = Options::new("Conv2DOptions")
            .with_int("padding", SAME)
            .with_int("stride_h", stride[0].into())
            .with_int("stride_w", stride[1].into())
            .with_int("fused_activation_function", RELU);
        let conv = self.builder.operator(BuiltinOperator::CONV_2D, [x.id, weights, bias], [y.id]);
        conv.set_options(options);
        y
    }

    fn depthwise(&mut self, x: Activation, name: &str, kernel: [i32; 2], stride: [i32; 2]) -> Activation {
        let channels = x.shape[3];
        let shape = [1, kernel[0], kernel[1], channels];
        let (weights, bias) = self.weights(x, name, &shape, 3, channels, kernel[0] * kernel[1]);
        let y = self.activation(name, same(x.shape, stride, channels));
        let options = Options::new("DepthwiseConv2DOptions")
            .with_int("padding", SAME)
            .with_int("stride_h", stride[0].into())
            .with_int("stride_w", stride[1].into())
            .with_int("depth_multiplier", 1)
            .with_int("fused_activation_function", RELU);
        let inputs = [x.id, weights, bias];
        self.builder.operator(BuiltinOperator::DEPTHWISE_CONV_2D, inputs, [y.id]).set_options(options);
        y
    }

    fn average_pool(&mut self, x: Activation) -> Activation {
        let shape = [1, 1, 1, x.shape[3]];
        let tensor = Tensor::new("average", TensorType::Int8, &shape).quantized(x.scale, x.zero_point);
        let id = self.builder.tensor(tensor);
        let options = Options::new("Pool2DOptions")
            .with_int("padding", VALID)
            .with_int("stride_h", x.shape[1].into())
            .with_int("stride_w", x.shape[2].into())
            .with_int("filter_height", x.shape[1].into())
            .with_int("filter_width", x.shape[2].into())
            .with_int("fused_activation_function", NO_ACTIVATION);
        self.builder.operator(BuiltinOperator::AVERAGE_POOL_2D, [x.id], [id]).set_options(options);
        Activation { id, shape, ..x }
    }

    fn flatten(&mut self, x: Activation) -> Activation {
        let wanted = Tensor::new("flatten/shape", TensorType::Int32, &[2]);
        let wanted = self.builder.constant(wanted, &[-1i32, x.shape[3]]);
        let flat =
            Tensor::new("flatten", TensorType::Int8, &[1, x.shape[3]]).quantized(x.scale, x.zero_point);
        let id = self.builder.tensor(flat);
        self.builder
            .operator(BuiltinOperator::RESHAPE, [x.id, wanted], [id])
            .set_options(Options::new("ReshapeOptions"));
        Activation { id, ..x }
    }

    fn dense(&mut self, x: Activation, name: &str, units: i32) -> Activation {
        let depth = x.shape[3];
        let weight_scale = 1.0 / 127.0;
        let values = self.random.int8(units * depth);
        let weights = Tensor::new(&format!("{name}/weights"), TensorType::Int8, &[units, depth]);
        let weights = self.builder.constant(weights.quantized(weight_scale, 0), &values);
        let values: Vec<i32> = (0..units).map(|_| self.random.between(-600, 600)).collect();
        let bias = Tensor::new(&format!("{name}/bias"), TensorType::Int32, &[units]);
        let bias = self.builder.constant(bias.quantized(x.scale * weight_scale, 0), &values);
        let (scale, zero_point) = (24.0 / 255.0, 12);
        let y = Tensor::new(name, TensorType::Int8, &[1, units]).quantized(scale, zero_point);
        let id = self.builder.tensor(y);
        let options =
            Options::new("FullyConnectedOptions").with_int("fused_activation_function", NO_ACTIVATION);
        self.builder
            .operator(BuiltinOperator::FULLY_CONNECTED, [x.id, weights, bias], [id])
            .set_options(options);
        Activation { id, shape: [1, 1, 1, units], scale, zero_point }
    }

    fn softmax(&mut self, x: Activation) -> Activation {
        // TFLM accepts exactly these for an int8 softmax: 1/256 and -128.
        let (scale, zero_point) = (1.0 / 256.0, -128);
        let y = Tensor::new("probabilities", TensorType::Int8, &[1, x.shape[3]]).quantized(scale, zero_point);
        let id = self.builder.tensor(y);
        let options =
            Options::new("SoftmaxOptions").with("beta", emberlab_core::model::OptionValue::Float(1.0));
        self.builder.operator(BuiltinOperator::SOFTMAX, [x.id], [id]).set_options(options);
        Activation { id, scale, zero_point, ..x }
    }

    fn finish(mut self, y: Activation) -> Model {
        self.builder.output(y.id);
        self.builder.signature("serving_default");
        self.builder.metadata("labels", LABELS.join("\n").into_bytes());
        // The versions that a converter gives these operators with int8.
        for code in &mut self.builder.model().operator_codes {
            code.version = match code.builtin {
                BuiltinOperator::CONV_2D | BuiltinOperator::DEPTHWISE_CONV_2D => 3,
                BuiltinOperator::FULLY_CONNECTED => 4,
                BuiltinOperator::AVERAGE_POOL_2D | BuiltinOperator::SOFTMAX => 2,
                _ => 1,
            };
        }
        self.builder.build()
    }

    /// Weights with a scale per channel, and a bias to match.
    fn weights(
        &mut self,
        x: Activation,
        name: &str,
        shape: &[i32],
        axis: i32,
        channels: i32,
        fan_in: i32,
    ) -> (TensorId, TensorId) {
        // The largest of `fan_in` values of He's spread lies near two to three times that spread.
        let spread = (2.0 / fan_in as f32).sqrt();
        let scales: Vec<f32> =
            (0..channels).map(|_| spread * self.random.between(200, 320) as f32 / 100.0 / 127.0).collect();
        let zeros = vec![0; scales.len()];
        let values = self.random.int8(shape.iter().product());
        let weights = Tensor::new(&format!("{name}/weights"), TensorType::Int8, shape);
        let weights = self.builder.constant(weights.quantized_per_axis(&scales, &zeros, axis), &values);
        let values: Vec<i32> = (0..channels).map(|_| self.random.between(-900, 900)).collect();
        let bias_scales: Vec<f32> = scales.iter().map(|scale| scale * x.scale).collect();
        let bias = Tensor::new(&format!("{name}/bias"), TensorType::Int32, &[channels]);
        let bias = self.builder.constant(bias.quantized_per_axis(&bias_scales, &zeros, 0), &values);
        (weights, bias)
    }

    /// The output of a layer with ReLU: nothing below zero, so the zero point is the smallest value.
    fn activation(&mut self, name: &str, shape: [i32; 4]) -> Activation {
        let scale = self.random.between(350, 620) as f32 / 100.0 / 255.0;
        let tensor = Tensor::new(&format!("{name}/Relu"), TensorType::Int8, &shape).quantized(scale, -128);
        Activation { id: self.builder.tensor(tensor), shape, scale, zero_point: -128 }
    }
}

/// The shape after a layer with padding SAME.
fn same(shape: [i32; 4], stride: [i32; 2], channels: i32) -> [i32; 4] {
    let divided = |size: i32, stride: i32| (size + stride - 1) / stride;
    [shape[0], divided(shape[1], stride[0]), divided(shape[2], stride[1]), channels]
}

/// xorshift32 (Marsaglia, "Xorshift RNGs", 2003).
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A whole number from `low` to `high`, both included.
    fn between(&mut self, low: i32, high: i32) -> i32 {
        low + (self.next() >> 8) as i32 % (high - low + 1)
    }

    /// Values between -127 and 127 that lie close to 0 more often, as trained weights do.
    fn int8(&mut self, count: i32) -> Vec<i8> {
        (0..count)
            .map(|_| {
                ((self.between(-127, 127) + self.between(-127, 127) + self.between(-127, 127)) / 3) as i8
            })
            .collect()
    }
}
