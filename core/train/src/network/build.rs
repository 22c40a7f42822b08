//! From a layer graph to nodes and parameters.

use burn::tensor::Device;
use emberlab_core::layers::{Activation, Layer, LayerGraph, LayerKind, Role, Weights, arrays, shapes};

use super::convolution::Window;
use super::operation::{BatchNorm, Operation};
use super::simple::Interpolated;
use super::value::spatial;
use super::{Network, Node, Parameter, tensor_from_values};
use crate::backend::Backend;
use crate::error::TrainError;

impl Network {
    /// A network of the graph with these weights.
    ///
    /// # Errors
    /// The graph has errors, or the weights are not those of the graph.
    pub fn new(graph: &LayerGraph, weights: &Weights, backend: &Backend) -> Result<Self, TrainError> {
        Self::with_precision(graph, weights, backend, false)
    }

    /// A network whose products are computed in half precision if `half` says so.
    pub(crate) fn with_precision(
        graph: &LayerGraph,
        weights: &Weights,
        backend: &Backend,
        half: bool,
    ) -> Result<Self, TrainError> {
        let shapes = shapes(graph);
        if let Some(problem) = shapes.errors().next() {
            return Err(TrainError::Graph(problem.to_string()));
        }
        let mut builder = Builder { weights, device: backend.device(), parameters: Vec::new() };
        let mut nodes: Vec<Node> = Vec::new();
        // The node of every layer of the graph, by the layer's place.
        let mut node_of: Vec<Option<usize>> = vec![None; graph.layers.len()];
        for index in shapes.order.iter().copied() {
            let (layer, known) = (&graph.layers[index], &shapes.layers[index]);
            let is_input = matches!(layer.kind, LayerKind::Input { .. });
            if !known.is_used && !is_input {
                continue;
            }
            let missing = || TrainError::Graph(format!("{}: its shape is unknown", layer.name));
            let inputs: Option<Vec<&[usize]>> = known.inputs.iter().map(Option::as_deref).collect();
            let (inputs, shape) = inputs.zip(known.output.clone()).ok_or_else(missing)?;
            let reads: Option<Vec<usize>> = layer
                .inputs
                .iter()
                .map(|id| shapes.index_of(*id).and_then(|place| node_of.get(place).copied().flatten()))
                .collect();
            let reads = reads.ok_or_else(missing)?;
            let input_number = graph.layers[..index].iter().filter(|layer| is_input_layer(layer)).count();
            let (operation, activation) = builder.operation(layer, &inputs, &shape, input_number)?;
            reads.iter().for_each(|read| nodes[*read].readers += 1);
            node_of[index] = Some(nodes.len());
            nodes.push(Node { operation, activation, reads, readers: 0, shape });
        }
        let places = graph.layers.iter().enumerate().filter(|(_, layer)| is_input_layer(layer));
        let inputs: Vec<usize> = places.filter_map(|(place, _)| node_of[place]).collect();
        let outputs = shapes.outputs.iter().filter_map(|id| node_of[shapes.index_of(*id)?]);
        let outputs: Vec<usize> = outputs.collect();
        if inputs.is_empty() || outputs.is_empty() {
            return Err(TrainError::Graph("The network has no input or no output".to_owned()));
        }
        let parameters = builder.parameters;
        Ok(Self { nodes, inputs, outputs, parameters, device: backend.device().clone(), half })
    }
}

fn is_input_layer(layer: &Layer) -> bool {
    matches!(layer.kind, LayerKind::Input { .. })
}

struct Builder<'a> {
    weights: &'a Weights,
    device: &'a Device,
    parameters: Vec<Parameter>,
}

impl Builder<'_> {
    /// What a layer computes; adds its arrays to the parameters.
    fn operation(
        &mut self,
        layer: &Layer,
        inputs: &[&[usize]],
        shape: &[usize],
        input_number: usize,
    ) -> Result<(Operation, Activation), TrainError> {
        let first = self.parameters.len();
        let options = layer.kind.weight_options().copied().unwrap_or_default();
        for array in arrays(&layer.kind, inputs) {
            // As in Keras, regularisers hold what multiplies inputs, and neither biases nor recurrent weights.
            let is_held = matches!(array.role, Role::Kernel { .. });
            let values = values_of(self.weights, &layer.name, array.name, &array.shape)?;
            self.parameters.push(Parameter {
                layer: layer.name.clone(),
                array: array.name,
                shape: array.shape,
                is_trainable: array.trainable,
                l1: if is_held { options.l1 } else { 0.0 },
                l2: if is_held { options.l2 } else { 0.0 },
                tensor: tensor_from_values(values, self.device),
            });
        }
        let place = |name: &str| {
            let places = &self.parameters[first..];
            places.iter().position(|parameter| parameter.array == name).map(|place| first + place)
        };
        let array = |name: &str| place(name).ok_or_else(|| missing_array(&layer.name, name));
        let bias = place("bias");
        let input = inputs.first().copied().unwrap_or_default();
        let [height, width, _] = spatial(input);
        let operation = match &layer.kind {
            LayerKind::Input { .. } => Operation::Input(input_number),
            LayerKind::Dense { .. } => Operation::Dense { kernel: array("kernel")?, bias },
            LayerKind::Conv1D { kernel, stride, padding, dilation, .. } => Operation::Convolution {
                kernel: array("kernel")?,
                bias,
                window: Window::steps(*kernel, *stride, *dilation, *padding),
            },
            LayerKind::Conv2D { kernel, stride, padding, dilation, .. } => Operation::Convolution {
                kernel: array("kernel")?,
                bias,
                window: Window { size: *kernel, stride: *stride, dilation: *dilation, padding: *padding },
            },
            LayerKind::DepthwiseConv2D { kernel, stride, padding, depth_multiplier, dilation, .. } => {
                Operation::Depthwise {
                    kernel: array("depthwise_kernel")?,
                    bias,
                    window: Window { size: *kernel, stride: *stride, dilation: *dilation, padding: *padding },
                    multiplier: *depth_multiplier,
                }
            }
            LayerKind::SeparableConv2D { kernel, stride, padding, depth_multiplier, .. } => {
                Operation::Separable {
                    depthwise: array("depthwise_kernel")?,
                    pointwise: array("pointwise_kernel")?,
                    bias,
                    window: Window { size: *kernel, stride: *stride, dilation: [1, 1], padding: *padding },
                    multiplier: *depth_multiplier,
                }
            }
            LayerKind::Pool1D { mode, size, stride, padding } => Operation::Pool {
                mode: *mode,
                window: Window::steps(*size, stride.unwrap_or(*size), 1, *padding),
            },
            LayerKind::Pool2D { mode, size, stride, padding } => Operation::Pool {
                mode: *mode,
                window: Window {
                    size: *size,
                    stride: stride.unwrap_or(*size),
                    dilation: [1, 1],
                    padding: *padding,
                },
            },
            LayerKind::GlobalPool { mode } => Operation::GlobalPool(*mode),
            LayerKind::BatchNorm { momentum, epsilon } => Operation::BatchNorm(BatchNorm {
                gamma: array("gamma")?,
                beta: array("beta")?,
                moving_mean: array("moving_mean")?,
                moving_variance: array("moving_variance")?,
                momentum: *momentum,
                epsilon: *epsilon,
            }),
            LayerKind::Activation { .. } => Operation::Nothing,
            LayerKind::Dropout { rate } => Operation::Dropout { rate: *rate },
            LayerKind::Flatten {} | LayerKind::Reshape { .. } => Operation::Reshape,
            LayerKind::ZeroPadding { padding } => {
                let [rows, columns] = padding.map(|[before, after]| (before, after));
                // Steps lie along the width.
                Operation::ZeroPadding(if input.len() < 3 { [(0, 0), rows] } else { [rows, columns] })
            }
            LayerKind::UpSampling { factors: [rows, columns], interpolation } => {
                let factors = if input.len() < 3 { [1, *rows] } else { [*rows, *columns] };
                Operation::UpSampling(Interpolated::new([height, width], factors, *interpolation))
            }
            LayerKind::Merge { operation } => Operation::Merge(*operation),
            LayerKind::Concatenate { axis } => {
                let rank = shape.len() as i32;
                let axis = if *axis < 0 { axis + rank } else { *axis };
                let axis = usize::try_from(axis).ok().filter(|axis| *axis < shape.len());
                let wrong = || TrainError::Graph(format!("{}: there is no such axis", layer.name));
                Operation::Concatenate { axis: axis.ok_or_else(wrong)? }
            }
            LayerKind::Lstm { units, return_sequences, .. } => Operation::Lstm {
                kernel: array("kernel")?,
                recurrent: array("recurrent_kernel")?,
                bias,
                units: *units,
                sequences: *return_sequences,
            },
        };
        Ok((operation, layer.kind.activation().unwrap_or_default()))
    }
}

fn missing_array(layer: &str, array: &str) -> TrainError {
    TrainError::Weights {
        layer: layer.to_owned(),
        array: array.to_owned(),
        expected: Vec::new(),
        found: "none".to_owned(),
    }
}

/// The values of an array, if it is there and has this shape.
pub(super) fn values_of(
    weights: &Weights,
    layer: &str,
    array: &str,
    shape: &[usize],
) -> Result<Vec<f32>, TrainError> {
    let wrong = |found: String| TrainError::Weights {
        layer: layer.to_owned(),
        array: array.to_owned(),
        expected: shape.to_vec(),
        found,
    };
    let found = weights.get(layer, array).ok_or_else(|| wrong("none".to_owned()))?;
    if found.shape != shape || found.values.len() != shape.iter().product::<usize>() {
        return Err(wrong(format!("{:?} with {} values", found.shape, found.values.len())));
    }
    Ok(found.values.clone())
}
