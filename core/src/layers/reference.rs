//! What a layer graph computes, written out plainly in double precision: the oracle for everything faster.
//!
//! Nothing here is shared with the lowering; dropout does nothing, batch normalisation uses the moving statistics.

use std::collections::{BTreeMap, HashMap};

use super::output_shape::axis_from_front;
use super::{
    Activation, Interpolation, Layer, LayerGraph, LayerId, LayerKind, MergeOperation, Padding, PoolMode,
    Weights, shapes,
};

/// Numbers of one sample in a shape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// Without the batch dimension, channels last.
    pub shape: Vec<usize>,
    /// The last dimension varies fastest.
    pub numbers: Vec<f64>,
}

/// What every layer gives for one sample; `inputs` are the numbers of the network's inputs, in the order of the graph.
///
/// `None` if the graph has errors, weights are missing, or the inputs have other sizes.
pub fn evaluate(
    graph: &LayerGraph,
    weights: &Weights,
    inputs: &[Vec<f32>],
) -> Option<BTreeMap<LayerId, Values>> {
    let shapes = shapes(graph);
    if !shapes.is_valid() {
        return None;
    }
    let is_input = |layer: &&Layer| matches!(layer.kind, LayerKind::Input { .. });
    let entering: Vec<LayerId> = graph.layers.iter().filter(is_input).map(|layer| layer.id).collect();
    if entering.len() != inputs.len() {
        return None;
    }
    let samples: HashMap<LayerId, &Vec<f32>> = entering.into_iter().zip(inputs).collect();
    let mut values: BTreeMap<LayerId, Values> = BTreeMap::new();
    for index in &shapes.order {
        let layer = &graph.layers[*index];
        let shape = shapes.output(layer.id)?;
        let value = match samples.get(&layer.id) {
            Some(numbers) => {
                let numbers: Vec<f64> = numbers.iter().copied().map(f64::from).collect();
                (numbers.len() == shape.iter().product::<usize>())
                    .then(|| Values { shape: shape.to_vec(), numbers })?
            }
            None => {
                let read: Option<Vec<&Values>> = layer.inputs.iter().map(|id| values.get(id)).collect();
                LayerWeights { layer: &layer.name, weights }.compute(&layer.kind, &read?, shape)?
            }
        };
        values.insert(layer.id, value);
    }
    Some(values)
}

impl Values {
    fn zeros(shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), numbers: vec![0.0; shape.iter().product()] }
    }

    /// The place of an element.
    fn place(&self, index: &[usize]) -> usize {
        index.iter().zip(&self.shape).fold(0, |place, (index, size)| place * size + index)
    }

    /// Steps as the width of a picture of height 1.
    fn picture(&self) -> Picture<'_> {
        let (height, width, channels) = match self.shape.as_slice() {
            [height, width, channels] => (*height, *width, *channels),
            [steps, channels] => (1, *steps, *channels),
            other => (1, 1, other.iter().product()),
        };
        Picture { height, width, channels, numbers: &self.numbers }
    }

    fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        Self { shape: self.shape.clone(), numbers: self.numbers.iter().copied().map(change).collect() }
    }
}

struct Picture<'a> {
    height: usize,
    width: usize,
    channels: usize,
    numbers: &'a [f64],
}

impl Picture<'_> {
    /// `None` outside of the picture.
    fn at(&self, row: i64, column: i64, channel: usize) -> Option<f64> {
        let row = usize::try_from(row).ok().filter(|row| *row < self.height)?;
        let column = usize::try_from(column).ok().filter(|column| *column < self.width)?;
        self.numbers.get((row * self.width + column) * self.channels + channel).copied()
    }
}

/// A window that slides over a picture.
#[derive(Clone, Copy)]
struct Window {
    size: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: Padding,
}

impl Window {
    /// Rows and columns of the taps of the window at an output.
    fn taps(self, picture: &Picture, output: [usize; 2]) -> Vec<(usize, i64, i64)> {
        let start = |axis: usize, length: usize| {
            let stride = self.stride[axis];
            let before = match self.padding {
                Padding::Valid => 0,
                Padding::Same => {
                    let reach = (self.size[axis] - 1) * self.dilation[axis] + 1;
                    let n_windows = length.div_ceil(stride);
                    ((n_windows - 1) * stride + reach).saturating_sub(length) / 2
                }
            };
            (output[axis] * stride) as i64 - before as i64
        };
        let (top, left) = (start(0, picture.height), start(1, picture.width));
        let taps = (0..self.size[0] * self.size[1]).map(|tap| {
            let (row, column) = (tap / self.size[1], tap % self.size[1]);
            (tap, top + (row * self.dilation[0]) as i64, left + (column * self.dilation[1]) as i64)
        });
        taps.collect()
    }
}

struct LayerWeights<'a> {
    layer: &'a str,
    weights: &'a Weights,
}

impl LayerWeights<'_> {
    fn get(&self, array: &str) -> Option<Vec<f64>> {
        let array = self.weights.get(self.layer, array)?;
        Some(array.values.iter().copied().map(f64::from).collect())
    }

    fn bias(&self, size: usize) -> Vec<f64> {
        self.get("bias").unwrap_or_else(|| vec![0.0; size])
    }

    fn compute(&self, kind: &LayerKind, inputs: &[&Values], shape: &[usize]) -> Option<Values> {
        let input = *inputs.first()?;
        let computed = match kind {
            LayerKind::Input { .. } => input.clone(),
            LayerKind::Dense { units, activation, .. } => {
                let (kernel, bias) = (self.get("kernel")?, self.bias(*units));
                let depth = *input.shape.last()?;
                let rows = input.numbers.chunks(depth).flat_map(|row| {
                    let (kernel, bias) = (&kernel, &bias);
                    (0..*units).map(move |unit| {
                        let products = row.iter().enumerate();
                        products.map(|(place, value)| value * kernel[place * units + unit]).sum::<f64>()
                            + bias[unit]
                    })
                });
                activate(&Values { shape: shape.to_vec(), numbers: rows.collect() }, *activation)
            }
            LayerKind::Conv1D { kernel, stride, padding, dilation, activation, .. } => {
                let window = Window {
                    size: [1, *kernel],
                    stride: [1, *stride],
                    dilation: [1, *dilation],
                    padding: *padding,
                };
                let (kernel, bias) = (self.get("kernel")?, self.bias(*shape.last()?));
                activate(&convolve(&input.picture(), window, &kernel, &bias, shape), *activation)
            }
            LayerKind::Conv2D { kernel, stride, padding, dilation, activation, .. } => {
                let window =
                    Window { size: *kernel, stride: *stride, dilation: *dilation, padding: *padding };
                let (kernel, bias) = (self.get("kernel")?, self.bias(*shape.last()?));
                activate(&convolve(&input.picture(), window, &kernel, &bias, shape), *activation)
            }
            LayerKind::DepthwiseConv2D { kernel, stride, padding, dilation, activation, .. } => {
                let window =
                    Window { size: *kernel, stride: *stride, dilation: *dilation, padding: *padding };
                let (kernel, bias) = (self.get("depthwise_kernel")?, self.bias(*shape.last()?));
                activate(&convolve_each(&input.picture(), window, &kernel, &bias, shape), *activation)
            }
            LayerKind::SeparableConv2D {
                filters,
                kernel,
                stride,
                padding,
                depth_multiplier,
                activation,
                ..
            } => {
                let window = Window { size: *kernel, stride: *stride, dilation: [1, 1], padding: *padding };
                let between = input.shape.last()? * depth_multiplier;
                let middle = [shape[0], shape[1], between];
                let kernel = self.get("depthwise_kernel")?;
                let each = convolve_each(&input.picture(), window, &kernel, &vec![0.0; between], &middle);
                let window = Window { size: [1, 1], stride: [1, 1], ..window };
                let (kernel, bias) = (self.get("pointwise_kernel")?, self.bias(*filters));
                activate(&convolve(&each.picture(), window, &kernel, &bias, shape), *activation)
            }
            LayerKind::Pool1D { mode, size, stride, padding } => {
                let (size, stride) = ([1, *size], [1, stride.unwrap_or(*size)]);
                pool(
                    &input.picture(),
                    *mode,
                    Window { size, stride, dilation: [1, 1], padding: *padding },
                    shape,
                )
            }
            LayerKind::Pool2D { mode, size, stride, padding } => {
                let stride = stride.unwrap_or(*size);
                let window = Window { size: *size, stride, dilation: [1, 1], padding: *padding };
                pool(&input.picture(), *mode, window, shape)
            }
            LayerKind::GlobalPool { mode } => {
                let picture = input.picture();
                let size = [picture.height, picture.width];
                let window = Window { size, stride: size, dilation: [1, 1], padding: Padding::Valid };
                pool(&picture, *mode, window, shape)
            }
            LayerKind::BatchNorm { epsilon, .. } => {
                let [gamma, beta] = [self.get("gamma")?, self.get("beta")?];
                let [mean, variance] = [self.get("moving_mean")?, self.get("moving_variance")?];
                let numbers = input.numbers.iter().enumerate().map(|(place, value)| {
                    let channel = place % gamma.len();
                    let deviation = (variance[channel] + f64::from(*epsilon)).sqrt();
                    (value - mean[channel]) / deviation * gamma[channel] + beta[channel]
                });
                Values { shape: shape.to_vec(), numbers: numbers.collect() }
            }
            LayerKind::Activation { activation } => activate(input, *activation),
            LayerKind::Dropout { .. } => input.clone(),
            LayerKind::Flatten {} | LayerKind::Reshape { .. } => {
                Values { shape: shape.to_vec(), numbers: input.numbers.clone() }
            }
            LayerKind::ZeroPadding { padding } => {
                let [top, left] =
                    if input.shape.len() == 2 { [0, padding[0][0]] } else { [padding[0][0], padding[1][0]] };
                resample(&input.picture(), shape, |picture, row, column, channel| {
                    picture.at(row as i64 - top as i64, column as i64 - left as i64, channel).unwrap_or(0.0)
                })
            }
            LayerKind::UpSampling { factors, interpolation } => {
                let [rows, columns] = if input.shape.len() == 2 { [1, factors[0]] } else { *factors };
                resample(&input.picture(), shape, |picture, row, column, channel| match interpolation {
                    Interpolation::Nearest => {
                        picture.at((row / rows) as i64, (column / columns) as i64, channel).unwrap_or(0.0)
                    }
                    Interpolation::Bilinear => bilinear(picture, [row, column], [rows, columns], channel),
                })
            }
            LayerKind::Merge { operation } => merge(*operation, inputs),
            LayerKind::Concatenate { axis } => concatenate(*axis, inputs, shape)?,
            LayerKind::Lstm { units, return_sequences, .. } => {
                self.lstm(input, *units, *return_sequences, shape)?
            }
        };
        Some(computed)
    }

    fn lstm(&self, input: &Values, units: usize, returns_sequences: bool, shape: &[usize]) -> Option<Values> {
        let (kernel, recurrent) = (self.get("kernel")?, self.get("recurrent_kernel")?);
        let bias = self.bias(4 * units);
        let (mut hidden, mut cell) = (vec![0.0; units], vec![0.0; units]);
        let mut numbers = Vec::new();
        for step in input.numbers.chunks(input.shape[1]) {
            let gate = |gate: usize, unit: usize| {
                let column = gate * units + unit;
                let from = |values: &[f64], matrix: &[f64]| {
                    let products = values.iter().enumerate();
                    products.map(|(row, value)| value * matrix[row * 4 * units + column]).sum::<f64>()
                };
                from(step, &kernel) + from(&hidden, &recurrent) + bias[column]
            };
            let mut next = Vec::with_capacity(units);
            for (unit, cell) in cell.iter_mut().enumerate() {
                let (enter, keep) = (sigmoid(gate(0, unit)), sigmoid(gate(1, unit)));
                *cell = keep * *cell + enter * gate(2, unit).tanh();
                next.push(sigmoid(gate(3, unit)) * cell.tanh());
            }
            hidden = next;
            if returns_sequences {
                numbers.extend(&hidden);
            }
        }
        let numbers = if returns_sequences { numbers } else { hidden };
        Some(Values { shape: shape.to_vec(), numbers })
    }
}

/// `kernel` is `[height, width, channels, filters]`.
fn convolve(picture: &Picture, window: Window, kernel: &[f64], bias: &[f64], shape: &[usize]) -> Values {
    let n_filters = bias.len();
    over_windows(shape, |row, column, filter| {
        let taps = window.taps(picture, [row, column]).into_iter();
        let products = taps.flat_map(|(tap, row, column)| {
            (0..picture.channels).filter_map(move |channel| {
                let weight = kernel[(tap * picture.channels + channel) * n_filters + filter];
                Some(picture.at(row, column, channel)? * weight)
            })
        });
        products.sum::<f64>() + bias[filter]
    })
}

/// `kernel` is `[height, width, channels, multiplier]`.
fn convolve_each(picture: &Picture, window: Window, kernel: &[f64], bias: &[f64], shape: &[usize]) -> Values {
    let multiplier = bias.len() / picture.channels;
    over_windows(shape, |row, column, filter| {
        let taps = window.taps(picture, [row, column]).into_iter();
        let products = taps.filter_map(|(tap, row, column)| {
            let value = picture.at(row, column, filter / multiplier)?;
            Some(value * kernel[tap * bias.len() + filter])
        });
        products.sum::<f64>() + bias[filter]
    })
}

/// Taps outside of the picture count neither for the largest value nor for the mean.
fn pool(picture: &Picture, mode: PoolMode, window: Window, shape: &[usize]) -> Values {
    over_windows(shape, |row, column, channel| {
        let taps = window.taps(picture, [row, column]).into_iter();
        let values: Vec<f64> = taps.filter_map(|(_, row, column)| picture.at(row, column, channel)).collect();
        match mode {
            PoolMode::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            PoolMode::Average => values.iter().sum::<f64>() / values.len() as f64,
        }
    })
}

/// All elements of an output of `[height, width, channels]`, `[steps, channels]` or `[channels]`.
fn over_windows(shape: &[usize], compute: impl Fn(usize, usize, usize) -> f64) -> Values {
    let (width, channels) = match shape {
        [_, width, channels] | [width, channels] => (*width, *channels),
        other => (1, other.iter().product()),
    };
    let n_elements = shape.iter().product();
    let numbers = (0..n_elements)
        .map(|place: usize| compute(place / channels / width, place / channels % width, place % channels));
    Values { shape: shape.to_vec(), numbers: numbers.collect() }
}

fn resample(
    picture: &Picture,
    shape: &[usize],
    compute: impl Fn(&Picture, usize, usize, usize) -> f64,
) -> Values {
    over_windows(shape, |row, column, channel| compute(picture, row, column, channel))
}

/// Centres of pixels lie at halves, as in `tf.image.resize`.
fn bilinear(picture: &Picture, place: [usize; 2], factors: [usize; 2], channel: usize) -> f64 {
    let around = |axis: usize, length: usize| {
        let position = (place[axis] as f64 + 0.5) / factors[axis] as f64 - 0.5;
        let position = position.clamp(0.0, (length - 1) as f64);
        let low = position.floor();
        (low as i64, (low as i64 + 1).min(length as i64 - 1), position - low)
    };
    let (top, bottom, down) = around(0, picture.height);
    let (left, right, across) = around(1, picture.width);
    let at = |row, column| picture.at(row, column, channel).unwrap_or(0.0);
    let upper = at(top, left) * (1.0 - across) + at(top, right) * across;
    let lower = at(bottom, left) * (1.0 - across) + at(bottom, right) * across;
    upper * (1.0 - down) + lower * down
}

fn merge(operation: MergeOperation, inputs: &[&Values]) -> Values {
    let combine = |a: f64, b: f64| match operation {
        MergeOperation::Add | MergeOperation::Average => a + b,
        MergeOperation::Subtract => a - b,
        MergeOperation::Multiply => a * b,
        MergeOperation::Maximum => a.max(b),
    };
    let mut result = inputs[0].clone();
    for input in &inputs[1..] {
        result.numbers.iter_mut().zip(&input.numbers).for_each(|(a, b)| *a = combine(*a, *b));
    }
    if operation == MergeOperation::Average {
        result = result.map(|sum| sum / inputs.len() as f64);
    }
    result
}

fn concatenate(axis: i32, inputs: &[&Values], shape: &[usize]) -> Option<Values> {
    let axis = axis_from_front(axis, shape.len())?;
    let mut result = Values::zeros(shape);
    let mut start = 0;
    for input in inputs {
        for (place, number) in input.numbers.iter().enumerate() {
            let mut index = vec![0; shape.len()];
            let mut rest = place;
            for dimension in (0..shape.len()).rev() {
                index[dimension] = rest % input.shape[dimension];
                rest /= input.shape[dimension];
            }
            index[axis] += start;
            let place = result.place(&index);
            result.numbers[place] = *number;
        }
        start += input.shape[axis];
    }
    Some(result)
}

fn activate(values: &Values, activation: Activation) -> Values {
    match activation {
        Activation::Linear => values.clone(),
        Activation::Relu => values.map(|x| x.max(0.0)),
        Activation::Relu6 => values.map(|x| x.clamp(0.0, 6.0)),
        Activation::LeakyRelu { slope } => values.map(|x| if x < 0.0 { f64::from(slope) * x } else { x }),
        Activation::Sigmoid => values.map(sigmoid),
        Activation::Tanh => values.map(f64::tanh),
        Activation::HardSwish => values.map(|x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0),
        Activation::Softmax => {
            let channels = values.shape.last().copied().unwrap_or(1);
            let rows = values.numbers.chunks(channels).flat_map(|row| {
                let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let exponentials: Vec<f64> = row.iter().map(|x| (x - largest).exp()).collect();
                let sum: f64 = exponentials.iter().sum();
                exponentials.into_iter().map(move |value| value / sum)
            });
            Values { shape: values.shape.clone(), numbers: rows.collect() }
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
