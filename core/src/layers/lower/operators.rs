//! The operators of each kind of layer.

use super::LowerError;
use super::program::{ActivationId, Constant, Lstm, Operation, Window};
use super::walk::{Value, Walk, with_batch};
use crate::layers::output_shape::{axis_from_front, spread};
use crate::layers::{Activation, Interpolation, Layer, LayerKind, MergeOperation, Padding, PoolMode};

/// Most inputs of one CONCATENATION in TFLM (`kMaxInputNum`, `tensorflow/lite/micro/kernels/concatenation.cc` of
/// esp-tflite-micro 99f49e14).
const MAX_CONCATENATED: usize = 10;

/// What a convolution does with its window.
struct Convolution {
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: Padding,
    activation: Activation,
}

impl<'g> Walk<'g> {
    /// FULLY_CONNECTED; a flattened input needs no RESHAPE, because the operator only counts its elements.
    ///
    /// Over more than one dimension it is a CONV_2D of 1×1: the same products, for which ESP-NN has fast kernels, while its
    /// FULLY_CONNECTED on the ESP32-S3 computes rows after the first wrong (github.com/espressif/esp-nn/issues/34).
    pub fn dense(&mut self, layer: &'g Layer, input: &Value) -> Result<ActivationId, LowerError> {
        let LayerKind::Dense { units, activation, .. } = layer.kind else { return Ok(input.id) };
        let arrays = self.arrays(layer)?;
        let depth = input.shape.last().copied().unwrap_or(1);
        if input.shape.len() > 1 {
            let (source, mut shape) = self.as_picture(layer, input);
            shape[3] = units;
            let filter = arrays.transposed("kernel", units, vec![units, 1, 1, depth]);
            let operation = pointwise(filter, arrays.bias_or_zeros(units));
            let id = self.program.step(operation, vec![source], (&layer.name, shape), layer.id);
            return Ok(self.finish_with(layer, id, activation));
        }
        let filter = arrays.transposed("kernel", units, vec![units, depth]);
        let bias = arrays.has("bias").then(|| arrays.bias_or_zeros(units));
        let operation = Operation::FullyConnected { filter, bias };
        let id = self.program.step(operation, vec![input.id], (&layer.name, vec![1, units]), layer.id);
        Ok(self.finish_with(layer, id, activation))
    }

    /// CONV_2D; one dimension runs along the width of a picture of height 1.
    pub fn convolution(&mut self, layer: &'g Layer, input: &Value) -> Result<ActivationId, LowerError> {
        let (filters, convolution) = match layer.kind {
            LayerKind::Conv1D { filters, kernel, stride, padding, dilation, activation, .. } => {
                let (kernel, stride, dilation) = ([1, kernel], [1, stride], [1, dilation]);
                (filters, Convolution { kernel, stride, dilation, padding, activation })
            }
            LayerKind::Conv2D { filters, kernel, stride, padding, dilation, activation, .. } => {
                (filters, Convolution { kernel, stride, dilation, padding, activation })
            }
            _ => return Ok(input.id),
        };
        let arrays = self.arrays(layer)?;
        let (source, shape) = self.as_picture(layer, input);
        let [height, width] = convolution.kernel;
        let filter = arrays.transposed("kernel", filters, vec![filters, height, width, shape[3]]);
        let bias = arrays.bias_or_zeros(filters);
        let window = convolution.window(input);
        let operation = Operation::Conv2D { window, dilation: convolution.dilation, filter, bias };
        let shape =
            vec![1, convolution.slide(input, shape[1], 0), convolution.slide(input, shape[2], 1), filters];
        let id = self.program.step(operation, vec![source], (&layer.name, shape), layer.id);
        self.own_padding(input);
        Ok(self.finish_with(layer, id, convolution.activation))
    }

    /// DEPTHWISE_CONV_2D; Keras and TFLite order channels alike, multipliers fastest.
    pub fn depthwise(&mut self, layer: &'g Layer, input: &Value) -> Result<ActivationId, LowerError> {
        let LayerKind::DepthwiseConv2D {
            kernel,
            stride,
            padding,
            depth_multiplier,
            dilation,
            activation,
            ..
        } = layer.kind
        else {
            return Ok(input.id);
        };
        let arrays = self.arrays(layer)?;
        let channels = input.shape.last().copied().unwrap_or(1) * depth_multiplier;
        let bias = arrays.bias_or_zeros(channels);
        let convolution = Convolution { kernel, stride, dilation, padding, activation };
        let filter = arrays.reshaped("depthwise_kernel", vec![1, kernel[0], kernel[1], channels]);
        let id =
            self.depthwise_step(layer, input, &convolution, depth_multiplier, (filter, bias), &layer.name);
        Ok(self.finish_with(layer, id, activation))
    }

    /// DEPTHWISE_CONV_2D without an activation, then CONV_2D of 1×1.
    pub fn separable(&mut self, layer: &'g Layer, input: &Value) -> Result<ActivationId, LowerError> {
        let LayerKind::SeparableConv2D {
            filters, kernel, stride, padding, depth_multiplier, activation, ..
        } = layer.kind
        else {
            return Ok(input.id);
        };
        let arrays = self.arrays(layer)?;
        let between = input.shape.last().copied().unwrap_or(1) * depth_multiplier;
        let filter = arrays.reshaped("depthwise_kernel", vec![1, kernel[0], kernel[1], between]);
        // ESP-NN reads the bias without asking whether there is one.
        let zeros = filter.values.as_ref().map(|_| vec![0.0; between]);
        let bias =
            Constant { name: format!("{}/depthwise_bias", layer.name), shape: vec![between], values: zeros };
        let convolution = Convolution { kernel, stride, dilation: [1, 1], padding, activation };
        let name = format!("{}/depthwise", layer.name);
        let depthwise =
            self.depthwise_step(layer, input, &convolution, depth_multiplier, (filter, bias), &name);
        let filter = arrays.transposed("pointwise_kernel", filters, vec![filters, 1, 1, between]);
        let operation = pointwise(filter, arrays.bias_or_zeros(filters));
        let mut shape = self.program.shape(depthwise).to_vec();
        shape[3] = filters;
        let id = self.program.step(operation, vec![depthwise], (&layer.name, shape), layer.id);
        Ok(self.finish_with(layer, id, activation))
    }

    fn depthwise_step(
        &mut self,
        layer: &Layer,
        input: &Value,
        convolution: &Convolution,
        multiplier: usize,
        (filter, bias): (Constant, Constant),
        name: &str,
    ) -> ActivationId {
        let (source, shape) = self.as_picture(layer, input);
        let channels = shape[3] * multiplier;
        let window = convolution.window(input);
        let operation =
            Operation::DepthwiseConv2D { window, dilation: convolution.dilation, multiplier, filter, bias };
        let shape =
            vec![1, convolution.slide(input, shape[1], 0), convolution.slide(input, shape[2], 1), channels];
        let id = self.program.step(operation, vec![source], (name, shape), layer.id);
        self.own_padding(input);
        id
    }

    /// The last operator does the zero padding before it, too.
    fn own_padding(&mut self, input: &Value) {
        if let (Some(padding), Some(step)) = (input.same_padding, self.program.steps.last_mut()) {
            step.layers.insert(0, padding);
        }
    }

    /// MAX_POOL_2D or AVERAGE_POOL_2D, also over the whole picture: ESP-NN has kernels for these, and none for MEAN and
    /// REDUCE_MAX.
    pub fn pool(&mut self, layer: &Layer, input: &Value) -> ActivationId {
        let (source, shape) = self.as_picture(layer, input);
        let whole = [shape[1], shape[2]];
        let (mode, size, stride, padding) = match layer.kind {
            LayerKind::Pool1D { mode, size, stride, padding } => {
                (mode, [1, size], [1, stride.unwrap_or(size)], padding)
            }
            LayerKind::Pool2D { mode, size, stride, padding } => {
                (mode, size, stride.unwrap_or(size), padding)
            }
            LayerKind::GlobalPool { mode } => (mode, whole, whole, Padding::Valid),
            _ => (PoolMode::Max, [1, 1], [1, 1], Padding::Valid),
        };
        let window = Window { size, stride, padding };
        let output = vec![1, window.count(shape[1], 0, 1), window.count(shape[2], 1, 1), shape[3]];
        self.program.step(Operation::Pool { mode, window }, vec![source], (&layer.name, output), layer.id)
    }

    /// A convolution with padding SAME pads by itself as much as the zero padding before it does.
    pub fn is_same_padding(&self, layer: &Layer, input: &[usize], padding: [[usize; 2]; 2]) -> bool {
        if self.is_output(layer) {
            return false;
        }
        let mut readers = self.readers(layer);
        let (Some(reader), None) = (readers.next(), readers.next()) else { return false };
        let (kernel, stride, dilation, reader_padding) = match reader.kind {
            LayerKind::Conv1D { kernel, stride, dilation, padding, .. } => {
                ([kernel, 1], [stride, 1], [dilation, 1], padding)
            }
            LayerKind::Conv2D { kernel, stride, dilation, padding, .. }
            | LayerKind::DepthwiseConv2D { kernel, stride, dilation, padding, .. } => {
                (kernel, stride, dilation, padding)
            }
            LayerKind::SeparableConv2D { kernel, stride, padding, .. } => (kernel, stride, [1, 1], padding),
            _ => return false,
        };
        let n_axes = input.len() - 1;
        reader_padding == Padding::Valid
            && (0..n_axes).all(|axis| {
                let reach = spread(kernel[axis], dilation[axis]);
                let n_windows = input[axis].div_ceil(stride[axis]);
                let total = ((n_windows - 1) * stride[axis] + reach).saturating_sub(input[axis]);
                let padded = input[axis] + padding[axis][0] + padding[axis][1];
                padding[axis] == [total / 2, total - total / 2]
                    && padded >= reach
                    && (padded - reach) / stride[axis] + 1 == n_windows
            })
    }

    /// PAD.
    pub fn zero_padding(&mut self, layer: &Layer, input: &Value, padding: [[usize; 2]; 2]) -> ActivationId {
        let (source, mut shape) = self.as_picture(layer, input);
        let [rows, columns] = if input.shape.len() == 2 { [[0, 0], padding[0]] } else { padding };
        let paddings = vec![[0, 0], rows, columns, [0, 0]];
        for (size, [before, after]) in shape.iter_mut().zip(&paddings) {
            *size += before + after;
        }
        self.program.step(Operation::Pad { paddings }, vec![source], (&layer.name, shape), layer.id)
    }

    /// RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR.
    pub fn up_sampling(
        &mut self,
        layer: &Layer,
        input: &Value,
        factors: [usize; 2],
        interpolation: Interpolation,
    ) -> ActivationId {
        let (source, shape) = self.as_picture(layer, input);
        let [rows, columns] = if input.shape.len() == 2 { [1, factors[0]] } else { factors };
        let output = vec![1, shape[1] * rows, shape[2] * columns, shape[3]];
        let operation = match interpolation {
            Interpolation::Nearest => Operation::ResizeNearest,
            Interpolation::Bilinear => Operation::ResizeBilinear,
        };
        self.program.step(operation, vec![source], (&layer.name, output), layer.id)
    }

    /// A chain of operators with two inputs each.
    pub fn merge(&mut self, layer: &Layer, inputs: &[Value], operation: MergeOperation) -> ActivationId {
        let shape = self.common_shape(inputs);
        let sources: Vec<ActivationId> =
            inputs.iter().map(|input| self.in_shape(layer, input, shape.clone())).collect();
        let operator = match operation {
            MergeOperation::Add | MergeOperation::Average => Operation::Add,
            MergeOperation::Subtract => Operation::Sub,
            MergeOperation::Multiply => Operation::Mul,
            MergeOperation::Maximum => Operation::Maximum,
        };
        let mut result = sources[0];
        for (number, source) in sources.iter().enumerate().skip(1) {
            let is_last = number == sources.len() - 1 && operation != MergeOperation::Average;
            let name = if is_last { layer.name.clone() } else { format!("{}/{number}", layer.name) };
            result =
                self.program.step(operator.clone(), vec![result, *source], (&name, shape.clone()), layer.id);
        }
        if operation == MergeOperation::Average {
            let share = Constant {
                name: format!("{}/share", layer.name),
                shape: vec![1],
                values: Some(vec![1.0 / inputs.len() as f32]),
            };
            result = self.program.step(
                Operation::MulConstant(share),
                vec![result],
                (&layer.name, shape),
                layer.id,
            );
        }
        result
    }

    /// CONCATENATION, in several steps where there are more inputs than TFLM takes.
    pub fn concatenate(&mut self, layer: &Layer, inputs: &[Value], axis: i32) -> ActivationId {
        let rank = inputs[0].shape.len();
        let axis = axis_from_front(axis, rank).unwrap_or(rank - 1);
        let n_leading = self.common_leading(inputs);
        let mut sources: Vec<ActivationId> = inputs
            .iter()
            .map(|input| {
                let shape = vec![1; n_leading].into_iter().chain(input.shape.iter().copied()).collect();
                self.in_shape(layer, input, shape)
            })
            .collect();
        let axis = axis + n_leading;
        let mut n_parts = 0;
        while sources.len() > 1 {
            let is_last = sources.len() <= MAX_CONCATENATED;
            let rest = sources.split_off(sources.len().min(MAX_CONCATENATED));
            let mut shape = self.program.shape(sources[0]).to_vec();
            shape[axis] = sources.iter().map(|source| self.program.shape(*source)[axis]).sum();
            n_parts += 1;
            let name = if is_last { layer.name.clone() } else { format!("{}/{n_parts}", layer.name) };
            let joined =
                self.program.step(Operation::Concatenation { axis }, sources, (&name, shape), layer.id);
            sources = [joined].into_iter().chain(rest).collect();
        }
        sources[0]
    }

    /// UNIDIRECTIONAL_SEQUENCE_LSTM, and STRIDED_SLICE where only the last step counts.
    pub fn lstm(
        &mut self,
        layer: &'g Layer,
        input: &Value,
        units: usize,
        returns_sequences: bool,
    ) -> Result<ActivationId, LowerError> {
        let arrays = self.arrays(layer)?;
        let source = self.in_own_shape(layer, input);
        let [steps, channels] = [input.shape[0], input.shape[1]];
        let gates = [0, 1, 2, 3];
        let operation = Operation::Lstm(Box::new(Lstm {
            name: layer.name.clone(),
            units,
            input_weights: gates.map(|gate| arrays.gate_matrix("kernel", gate, units, channels)),
            recurrent_weights: gates.map(|gate| arrays.gate_matrix("recurrent_kernel", gate, units, units)),
            biases: gates.map(|gate| arrays.gate_bias(gate, units)),
        }));
        let name = if returns_sequences { layer.name.clone() } else { format!("{}/steps", layer.name) };
        let sequence = self.program.step(operation, vec![source], (&name, vec![1, steps, units]), layer.id);
        if returns_sequences {
            return Ok(sequence);
        }
        let last = vec![1, units];
        Ok(self.program.step(Operation::LastStep, vec![sequence], (&layer.name, last), layer.id))
    }

    /// The input as `[1, height, width, channels]`; steps are the width of a picture of height 1.
    fn as_picture(&mut self, layer: &Layer, input: &Value) -> (ActivationId, Vec<usize>) {
        let shape = match input.shape.as_slice() {
            [steps, channels] => vec![1, 1, *steps, *channels],
            other => with_batch(other),
        };
        (self.in_shape(layer, input, shape.clone()), shape)
    }

    /// The shape that most inputs have already; of several the first.
    fn common_shape(&self, inputs: &[Value]) -> Vec<usize> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| self.program.shape(input.id)).collect();
        most_frequent(&shapes).to_vec()
    }

    /// How many ones most inputs have before the shape of the graph; of several the first.
    fn common_leading(&self, inputs: &[Value]) -> usize {
        let leading = inputs.iter().map(|input| {
            let shape = self.program.shape(input.id);
            let (front, back) = shape.split_at(shape.len().saturating_sub(input.shape.len()));
            if back == input.shape && front.iter().all(|size| *size == 1) { front.len().max(1) } else { 1 }
        });
        let leading: Vec<usize> = leading.collect();
        *most_frequent(&leading)
    }
}

/// A convolution of 1×1.
fn pointwise(filter: Constant, bias: Constant) -> Operation {
    let window = Window { size: [1, 1], stride: [1, 1], padding: Padding::Valid };
    Operation::Conv2D { window, dilation: [1, 1], filter, bias }
}

fn most_frequent<T: PartialEq>(items: &[T]) -> &T {
    let count = |item: &T| items.iter().filter(|other| *other == item).count();
    let most = items.iter().map(count).max().unwrap_or(0);
    let place = items.iter().position(|item| count(item) == most).unwrap_or(0);
    &items[place]
}

impl Convolution {
    fn window(&self, input: &Value) -> Window {
        let padding = if input.same_padding.is_some() { Padding::Same } else { self.padding };
        Window { size: self.kernel, stride: self.stride, padding }
    }

    fn slide(&self, input: &Value, length: usize, axis: usize) -> usize {
        self.window(input).count(length, axis, self.dilation[axis])
    }
}

impl Window {
    /// Number of windows along an axis.
    fn count(&self, length: usize, axis: usize, dilation: usize) -> usize {
        match self.padding {
            Padding::Same => length.div_ceil(self.stride[axis]),
            Padding::Valid => (length - spread(self.size[axis], dilation)) / self.stride[axis] + 1,
        }
    }
}
