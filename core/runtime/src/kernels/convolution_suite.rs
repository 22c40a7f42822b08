//! Random problems for the convolution-like operators, and their references written out tap by tap.

use crate::fixed_point::{Activation, Multiplier, activation_range_quantized};
use crate::schema::{BuiltinOperator, TensorType};
use crate::test_support::{Problem, Random, TestModel, Value, bytes_of};

/// Which operator a problem is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Conv,
    Depthwise,
    Transpose,
}

/// Types of activations and filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Types {
    Int8,
    Int4Filter,
    Int16,
    Float32,
}

/// A convolution of one kind.
#[derive(Debug)]
pub(super) struct Convolution {
    operator: Operator,
    types: Types,
    input_shape: [i32; 4],
    filter_shape: [i32; 4],
    output_shape: [i32; 4],
    strides: [i32; 2],
    dilations: [i32; 2],
    pads: [i32; 2],
    is_same: bool,
    activation: i64,
    scales: [f32; 2],
    zero_points: [i32; 2],
    filter_scales: Vec<f32>,
    input: Vec<f64>,
    filter: Vec<f64>,
    bias: Vec<f64>,
}

macro_rules! problem_of {
    ($name:ident, $operator:expr) => {
        #[derive(Debug)]
        pub(super) struct $name(Convolution);

        impl Problem for $name {
            fn random(random: &mut Random) -> Self {
                Self(Convolution::random(random, $operator))
            }
            fn model(&self) -> TestModel {
                self.0.model()
            }
            fn inputs(&self) -> Vec<Vec<u8>> {
                vec![self.0.activation_bytes(&self.0.input)]
            }
            fn reference(&self) -> Vec<Vec<u8>> {
                vec![self.0.activation_bytes(&self.0.reference())]
            }
        }
    };
}
problem_of!(ConvProblem, Operator::Conv);
problem_of!(DepthwiseProblem, Operator::Depthwise);
problem_of!(TransposeProblem, Operator::Transpose);

impl Convolution {
    fn random(random: &mut Random, operator: Operator) -> Self {
        let types = match operator {
            Operator::Transpose => random.choose(&[Types::Int8, Types::Int16, Types::Float32]),
            _ => random.choose(&[Types::Int8, Types::Int8, Types::Int4Filter, Types::Int16, Types::Float32]),
        };
        let is_same = random.between(0, 1) == 0;
        let strides = [random.between(1, 3), random.between(1, 3)];
        let dilations = match operator {
            Operator::Transpose => [1, 1],
            _ => [random.choose(&[1, 1, 2, 5]), random.choose(&[1, 1, 2, 5])],
        };
        let taps = [random.between(1, 4), random.between(1, 4)];
        let (batches, depth) = (random.between(1, 2), random.between(1, 9));
        let groups =
            if operator == Operator::Conv && random.between(0, 4) == 0 { random.between(2, 3) } else { 1 };
        let depth = depth * groups;
        // Sizes of the larger image, at least as large as the filter but where whole windows may lie beside the image.
        let large = [0, 1].map(|axis: usize| {
            let extent = (taps[axis] - 1) * dilations[axis] + 1;
            let is_any = is_same && operator != Operator::Transpose && random.between(0, 3) == 0;
            // Some lines are longer than what kernels take at once.
            let room = if axis == 1 { random.choose(&[6, 6, 6, 40]) } else { 6 };
            if is_any { random.between(1, extent) } else { extent + random.between(0, room) }
        });
        let small = [0, 1].map(|axis: usize| {
            let extent = (taps[axis] - 1) * dilations[axis] + 1;
            let valid = (large[axis] - extent) / strides[axis] + 1;
            if is_same { (large[axis] + strides[axis] - 1) / strides[axis] } else { valid }
        });
        let pads = [0, 1].map(|axis: usize| {
            let extent = (taps[axis] - 1) * dilations[axis] + 1;
            ((small[axis] - 1) * strides[axis] + extent - large[axis]).max(0) / 2
        });
        let multiplier = random.between(1, 3);
        let channels = match operator {
            Operator::Depthwise => depth * multiplier,
            _ => random.between(1, 9) * groups,
        };
        let (input_size, output_size) = match operator {
            Operator::Transpose => (small, large),
            _ => (large, small),
        };
        let filter_shape = match operator {
            Operator::Depthwise => [1, taps[0], taps[1], channels],
            _ => [channels, taps[0], taps[1], depth / groups],
        };
        let count = |shape: [i32; 4]| shape.iter().product::<i32>() as usize;
        let input_shape = [batches, input_size[0], input_size[1], depth];
        let n_scales = if random.between(0, 2) == 0 { 1 } else { channels as usize };
        let is_int8 = matches!(types, Types::Int8 | Types::Int4Filter);
        let (limit, filter_limit) = match types {
            Types::Int8 => (127, 127),
            Types::Int4Filter => (127, 7),
            Types::Int16 => (32767, 127),
            Types::Float32 => (50, 50),
        };
        let mut numbers = |count: usize, low, high| {
            (0..count).map(|_| f64::from(random.between(low, high))).collect::<Vec<_>>()
        };
        let input = numbers(count(input_shape), -limit - 1, limit);
        let filter = numbers(count(filter_shape), -filter_limit, filter_limit);
        let bias = numbers(channels as usize, -2000, 2000);
        let filter_scales = (0..n_scales).map(|_| random.scale() / 16.0).collect();
        // From outputs that hardly move to outputs that saturate.
        let output_scale = random.scale() * if is_int8 { 4.0 } else { 1.0 };
        Self {
            operator,
            types,
            input_shape,
            filter_shape,
            output_shape: [batches, output_size[0], output_size[1], channels],
            strides,
            dilations,
            pads,
            is_same,
            activation: i64::from(random.choose(&[0, 1, 3])),
            scales: [random.scale() / 8.0, output_scale],
            zero_points: if is_int8 {
                [random.between(-128, 127), random.between(-128, 127)]
            } else {
                [0, 0]
            },
            filter_scales,
            input,
            filter,
            bias,
        }
    }

    fn activation_type(&self) -> TensorType {
        match self.types {
            Types::Int8 | Types::Int4Filter => TensorType::Int8,
            Types::Int16 => TensorType::Int16,
            Types::Float32 => TensorType::Float32,
        }
    }

    fn activation_bytes(&self, numbers: &[f64]) -> Vec<u8> {
        match self.activation_type() {
            TensorType::Int8 => bytes_of(&numbers.iter().map(|x| *x as i8).collect::<Vec<_>>()),
            TensorType::Int16 => bytes_of(&numbers.iter().map(|x| *x as i16).collect::<Vec<_>>()),
            _ => bytes_of(&numbers.iter().map(|x| *x as f32).collect::<Vec<_>>()),
        }
    }

    fn model(&self) -> TestModel {
        let mut model = TestModel::default();
        let ty = self.activation_type();
        let is_float = self.types == Types::Float32;
        let activation = |model: &mut TestModel, shape: &[i32], index: usize| {
            let id = model.tensor(ty, shape);
            if !is_float {
                model.quantize(id, &[self.scales[index]], &[i64::from(self.zero_points[index])], 0);
            }
            id
        };
        let input = activation(&mut model, &self.input_shape, 0);
        let i8s: Vec<_> = self.filter.iter().map(|x| *x as i8).collect();
        let filter = match self.types {
            Types::Float32 => {
                let numbers: Vec<_> = self.filter.iter().map(|x| *x as f32).collect();
                model.constant(ty, &self.filter_shape, &numbers)
            }
            Types::Int4Filter => {
                let packed: Vec<_> = i8s
                    .chunks(2)
                    .map(|pair| (pair[0] & 15) | (pair.get(1).copied().unwrap_or(0) << 4))
                    .collect();
                model.constant(TensorType::Int4, &self.filter_shape, &packed)
            }
            Types::Int8 | Types::Int16 => model.constant(TensorType::Int8, &self.filter_shape, &i8s),
        };
        let channels = [self.output_shape[3]];
        let bias = match self.types {
            Types::Float32 => {
                let numbers: Vec<_> = self.bias.iter().map(|x| *x as f32).collect();
                model.constant(ty, &channels, &numbers)
            }
            Types::Int16 => {
                let numbers: Vec<_> = self.bias.iter().map(|x| *x as i64).collect();
                model.constant(TensorType::Int64, &channels, &numbers)
            }
            Types::Int8 | Types::Int4Filter => {
                let numbers: Vec<_> = self.bias.iter().map(|x| *x as i32).collect();
                model.constant(TensorType::Int32, &channels, &numbers)
            }
        };
        if !is_float {
            let dimension = if self.operator == Operator::Depthwise { 3 } else { 0 };
            let zero_points = vec![0; self.filter_scales.len()];
            model.quantize(filter, &self.filter_scales, &zero_points, dimension);
        }
        let output = activation(&mut model, &self.output_shape, 1);
        let mut options = vec![
            ("padding", Value::Int(i64::from(!self.is_same))),
            ("stride_h", Value::Int(self.strides[0].into())),
            ("stride_w", Value::Int(self.strides[1].into())),
            ("fused_activation_function", Value::Int(self.activation)),
        ];
        if self.operator != Operator::Transpose {
            options.push(("dilation_h_factor", Value::Int(self.dilations[0].into())));
            options.push(("dilation_w_factor", Value::Int(self.dilations[1].into())));
        }
        match self.operator {
            Operator::Conv => {
                let ids = [input, filter, bias];
                model.operator(BuiltinOperator::CONV_2D, ("Conv2DOptions", &options), &ids, &[output]);
            }
            Operator::Depthwise => {
                let multiplier = self.output_shape[3] / self.input_shape[3];
                options.push(("depth_multiplier", Value::Int(multiplier.into())));
                let ids = [input, filter, bias];
                let table = ("DepthwiseConv2DOptions", &options[..]);
                model.operator(BuiltinOperator::DEPTHWISE_CONV_2D, table, &ids, &[output]);
            }
            Operator::Transpose => {
                let shape = model.constant(TensorType::Int32, &[4], &self.output_shape);
                let ids = [shape, filter, input, bias];
                model.operator(
                    BuiltinOperator::TRANSPOSE_CONV,
                    ("TransposeConvOptions", &options),
                    &ids,
                    &[output],
                );
            }
        }
        model
    }

    /// Every output from every tap and every channel, in exact sums: floats are small whole numbers.
    fn reference(&self) -> Vec<f64> {
        let [batches, height, width, channels] = self.output_shape;
        let mut output = Vec::new();
        for batch in 0..batches {
            for y in 0..height {
                for x in 0..width {
                    for channel in 0..channels {
                        output.push(self.finish(channel, self.sum(batch, y, x, channel)));
                    }
                }
            }
        }
        output
    }

    fn sum(&self, batch: i32, y: i32, x: i32, channel: i32) -> f64 {
        let [_, height, width, depth] = self.input_shape;
        let [_, tap_rows, tap_columns, last] = self.filter_shape;
        let mut sum = 0.0;
        for row in 0..tap_rows {
            for column in 0..tap_columns {
                let source = |at: i32, axis: usize, tap: i32| match self.operator {
                    Operator::Transpose => {
                        let from = at + self.pads[axis] - tap;
                        (from % self.strides[axis] == 0).then_some(from / self.strides[axis])
                    }
                    _ => Some(at * self.strides[axis] - self.pads[axis] + tap * self.dilations[axis]),
                };
                let (Some(input_y), Some(input_x)) = (source(y, 0, row), source(x, 1, column)) else {
                    continue;
                };
                if !(0..height).contains(&input_y) || !(0..width).contains(&input_x) {
                    continue;
                }
                let pixel = ((batch * height + input_y) * width + input_x) * depth;
                let value = |c: i32| self.input[(pixel + c) as usize] - f64::from(self.zero_points[0]);
                let weight = |first: i32, c: i32| {
                    let at = ((first * tap_rows + row) * tap_columns + column) * last + c;
                    self.filter[at as usize]
                };
                if self.operator == Operator::Depthwise {
                    sum += value(channel / (last / depth)) * weight(0, channel);
                } else {
                    let group = channel / (self.filter_shape[0] * last / depth);
                    sum += (0..last).map(|c| value(group * last + c) * weight(channel, c)).sum::<f64>();
                }
            }
        }
        sum
    }

    fn finish(&self, channel: i32, sum: f64) -> f64 {
        let sum = sum + self.bias[channel as usize];
        if self.types == Types::Float32 {
            return match self.activation {
                1 => sum.max(0.0),
                3 => sum.clamp(0.0, 6.0),
                _ => sum,
            };
        }
        let scale = self.filter_scales[if self.filter_scales.len() > 1 { channel as usize } else { 0 }];
        let factor = f64::from(self.scales[0]) * f64::from(scale) / f64::from(self.scales[1]);
        let factor = Multiplier::from_f64(factor).expect("a factor that fits");
        let scaled =
            if self.types == Types::Int16 { factor.apply_64(sum as i64) } else { factor.apply(sum as i32) };
        let (ty, zero_point) = (self.activation_type(), self.zero_points[1]);
        let activation = Activation::from_code(self.activation);
        let range = activation_range_quantized(activation, ty, self.scales[1], zero_point).expect("a range");
        f64::from(range.clamp(scaled + zero_point))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 1x1 convolution of one pixel whose zero points are those of no writer.
    fn run(code: BuiltinOperator, depth: i32, zero_points: [i32; 2]) -> Vec<Vec<u8>> {
        let mut model = TestModel::default();
        let [of_input, of_output] = zero_points.map(i64::from);
        let shape = [1, 1, 1, depth];
        let input = model.quantized(TensorType::Int8, &shape, 1.0, of_input);
        let (table, channels, filter_shape) = match code {
            BuiltinOperator::CONV_2D => ("Conv2DOptions", 1, shape),
            _ => ("DepthwiseConv2DOptions", depth, shape),
        };
        let weights = vec![-3i8; depth as usize];
        let filter = model.constant(TensorType::Int8, &filter_shape, &weights);
        model.quantize(filter, &[0.5], &[0], 0);
        let output = model.quantized(TensorType::Int8, &[1, 1, 1, channels], 1.0, of_output);
        let mut options = vec![
            ("stride_h", Value::Int(1)),
            ("stride_w", Value::Int(1)),
            ("dilation_h_factor", Value::Int(1)),
            ("dilation_w_factor", Value::Int(1)),
        ];
        if code != BuiltinOperator::CONV_2D {
            options.push(("depth_multiplier", Value::Int(1)));
        }
        model.operator(code, (table, &options), &[input, filter], &[output]);
        model.run_tflm(&[vec![100; depth as usize]]).expect("zero points are no reason to refuse")
    }

    #[test]
    fn sums_wrap_with_zero_points_of_any_size() {
        for depth in [1, 3, 4, 8, 9] {
            for of_input in [i32::MIN, i32::MAX, -128, 1 << 30] {
                let product = 100i32.wrapping_sub(of_input).wrapping_mul(-3);
                let half = Multiplier::from_f64(0.5).expect("a half is a factor");
                let finish = |sum: i32| half.apply(sum).clamp(-128, 127) as i8 as u8;
                let sum = product.wrapping_mul(depth);
                assert_eq!(run(BuiltinOperator::CONV_2D, depth, [of_input, 0]), [vec![finish(sum)]]);
                let expected = vec![finish(product); depth as usize];
                assert_eq!(run(BuiltinOperator::DEPTHWISE_CONV_2D, depth, [of_input, 0]), [expected]);
            }
            // The zero point of the output wraps as well, into the range of the type.
            for of_output in [i32::MIN, i32::MAX] {
                for code in [BuiltinOperator::CONV_2D, BuiltinOperator::DEPTHWISE_CONV_2D] {
                    run(code, depth, [0, of_output]);
                }
            }
        }
    }
}
