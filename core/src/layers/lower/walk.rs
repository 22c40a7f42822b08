//! Layer by layer from the graph to the program: what each gives, in which shape, and what folds into what.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::LowerError;
use super::constants::{LayerArrays, Normalisation};
use super::program::{ActivationId, Fused, Operation, Program, Step};
use crate::layers::{Activation, Layer, LayerGraph, LayerId, LayerKind, Shapes, Weights, arrays};

/// A program and the activation that holds what each layer gives.
pub(super) struct Walked {
    pub program: Program,
    pub values: BTreeMap<LayerId, ActivationId>,
}

/// What a layer gives.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// Where it is; the activation may have leading ones, or the shape from before a Flatten or Reshape.
    pub id: ActivationId,
    /// Shape of a sample after the graph.
    pub shape: Vec<usize>,
    /// The next layer alone reads it, so that its operator may change.
    is_exclusive: bool,
    /// Flatten and Reshape layers that no operator has done yet.
    pending: Vec<LayerId>,
    /// A zero padding before, which is that of SAME: the convolution that reads the value does it.
    pub same_padding: Option<LayerId>,
}

/// The walk in progress.
pub(super) struct Walk<'g> {
    pub program: Program,
    graph: &'g LayerGraph,
    shapes: &'g Shapes,
    weights: Option<&'g Weights>,
    values: HashMap<LayerId, Value>,
    /// How many edges lead from a layer to layers that matter.
    n_readers: HashMap<LayerId, usize>,
    outputs: HashSet<LayerId>,
    /// Activations in other shapes, made once for all that ask.
    reshaped: HashMap<(ActivationId, Vec<usize>), ActivationId>,
}

/// Lowers all layers that an output depends on, and all inputs.
pub(super) fn walk(
    graph: &LayerGraph,
    shapes: &Shapes,
    weights: Option<&Weights>,
) -> Result<Walked, LowerError> {
    let mut n_readers = HashMap::new();
    for (layer, shape) in graph.layers.iter().zip(&shapes.layers) {
        if shape.is_used {
            layer.inputs.iter().for_each(|input| *n_readers.entry(*input).or_insert(0) += 1);
        }
    }
    let mut walk = Walk {
        program: Program::default(),
        graph,
        shapes,
        weights,
        values: HashMap::new(),
        n_readers,
        outputs: shapes.outputs.iter().copied().collect(),
        reshaped: HashMap::new(),
    };
    let mut output_of = HashMap::new();
    for index in &shapes.order {
        let layer = &graph.layers[*index];
        let is_input = matches!(layer.kind, LayerKind::Input { .. });
        if !is_input && !shapes.layers[*index].is_used {
            continue;
        }
        let value = walk.layer(layer)?;
        if walk.outputs.contains(&layer.id) {
            let taken = output_of.values().copied().collect();
            output_of.insert(layer.id, walk.output(layer, &value, &taken));
        }
        walk.values.insert(layer.id, value);
    }
    walk.program.outputs = shapes.outputs.iter().filter_map(|id| output_of.get(id).copied()).collect();
    // What a convolution pads by itself is nowhere padded.
    let padded = walk.values.into_iter().filter(|(_, value)| value.same_padding.is_none());
    let mut values: BTreeMap<LayerId, ActivationId> = padded.map(|(id, value)| (id, value.id)).collect();
    values.extend(output_of);
    Ok(Walked { program: walk.program, values })
}

impl<'g> Walk<'g> {
    fn layer(&mut self, layer: &'g Layer) -> Result<Value, LowerError> {
        let inputs: Vec<Value> = layer.inputs.iter().filter_map(|id| self.values.get(id)).cloned().collect();
        let shape = self.shapes.output(layer.id).unwrap_or_default().to_vec();
        if let LayerKind::Input { .. } = layer.kind {
            let id = self.program.activation(&layer.name, with_batch(&shape));
            self.program.inputs.push(id);
            return Ok(self.value(layer, id, shape));
        }
        // Every other kind has at least one input, which `shapes` has checked.
        let input = inputs[0].clone();
        let id = match &layer.kind {
            LayerKind::Input { .. } => input.id,
            LayerKind::Dropout { .. } | LayerKind::Activation { activation: Activation::Linear } => {
                return Ok(Value { is_exclusive: self.is_exclusive(layer) && input.is_exclusive, ..input });
            }
            LayerKind::Flatten {} | LayerKind::Reshape { .. } => {
                let mut value =
                    Value { is_exclusive: self.is_exclusive(layer) && input.is_exclusive, shape, ..input };
                value.pending.push(layer.id);
                return Ok(value);
            }
            LayerKind::ZeroPadding { padding } => {
                if padding.iter().flatten().all(|size| *size == 0) {
                    return Ok(Value {
                        is_exclusive: self.is_exclusive(layer) && input.is_exclusive,
                        ..input
                    });
                }
                if self.is_same_padding(layer, &input.shape, *padding) {
                    return Ok(Value { same_padding: Some(layer.id), ..input });
                }
                self.zero_padding(layer, &input, *padding)
            }
            LayerKind::UpSampling { factors, interpolation } => {
                let steps = if input.shape.len() == 2 { [factors[0], 1] } else { *factors };
                if steps == [1, 1] {
                    return Ok(Value {
                        is_exclusive: self.is_exclusive(layer) && input.is_exclusive,
                        ..input
                    });
                }
                self.up_sampling(layer, &input, steps, *interpolation)
            }
            LayerKind::Activation { activation } => self.activation_layer(layer, &input, *activation),
            LayerKind::BatchNorm { epsilon, .. } => self.batch_norm(layer, &input, *epsilon)?,
            LayerKind::Dense { .. } => self.dense(layer, &input)?,
            LayerKind::Conv1D { .. } | LayerKind::Conv2D { .. } => self.convolution(layer, &input)?,
            LayerKind::DepthwiseConv2D { .. } => self.depthwise(layer, &input)?,
            LayerKind::SeparableConv2D { .. } => self.separable(layer, &input)?,
            LayerKind::Pool1D { .. } | LayerKind::Pool2D { .. } | LayerKind::GlobalPool { .. } => {
                self.pool(layer, &input)
            }
            LayerKind::Merge { operation } => self.merge(layer, &inputs, *operation),
            LayerKind::Concatenate { axis } => self.concatenate(layer, &inputs, *axis),
            LayerKind::Lstm { units, return_sequences, .. } => {
                self.lstm(layer, &input, *units, *return_sequences)?
            }
        };
        Ok(self.value(layer, id, shape))
    }

    fn value(&self, layer: &Layer, id: ActivationId, shape: Vec<usize>) -> Value {
        let is_exclusive = self.is_exclusive(layer);
        Value { id, shape, is_exclusive, pending: Vec::new(), same_padding: None }
    }

    fn is_exclusive(&self, layer: &Layer) -> bool {
        self.n_readers.get(&layer.id).copied().unwrap_or(0) <= 1 && !self.outputs.contains(&layer.id)
    }

    pub fn arrays(&self, layer: &'g Layer) -> Result<LayerArrays<'g>, LowerError> {
        let inputs = layer.inputs.iter().filter_map(|id| self.shapes.output(*id));
        let specs = arrays(&layer.kind, &inputs.collect::<Vec<_>>());
        LayerArrays::new(layer, specs, self.weights)
    }

    /// The activation in a shape that an operator asks for, through a RESHAPE where it has another.
    pub fn in_shape(&mut self, layer: &Layer, value: &Value, shape: Vec<usize>) -> ActivationId {
        if self.program.shape(value.id) == shape {
            return value.id;
        }
        let key = (value.id, shape);
        if let Some(found) = self.reshaped.get(&key) {
            return *found;
        }
        let shape = key.1.clone();
        // The RESHAPE belongs to the layers that asked for the shape, or else to the one that cannot do without.
        let layers = if value.pending.is_empty() { vec![layer.id] } else { value.pending.clone() };
        let owner = self.graph.layer(layers[layers.len() - 1]).unwrap_or(layer);
        let name = if owner.id == layer.id { format!("{}/input", owner.name) } else { owner.name.clone() };
        let id = self.program.step(Operation::Reshape, vec![value.id], (&name, shape), layer.id);
        if let Some(step) = self.program.steps.last_mut() {
            step.layers = layers;
        }
        self.reshaped.insert(key, id);
        id
    }

    /// The activation in the shape that the graph gives, behind a batch dimension of 1.
    pub fn in_own_shape(&mut self, layer: &Layer, value: &Value) -> ActivationId {
        self.in_shape(layer, value, with_batch(&value.shape))
    }

    /// The activation with the graph's channels in its last dimension.
    pub fn with_channels(&mut self, layer: &Layer, value: &Value) -> ActivationId {
        if self.program.shape(value.id).last() == value.shape.last() {
            value.id
        } else {
            self.in_own_shape(layer, value)
        }
    }

    /// The operator that may still take up an activation or a normalisation after it.
    fn open_step(&mut self, value: &Value) -> Option<&mut Step> {
        if !value.is_exclusive {
            return None;
        }
        self.program.producer(value.id).filter(|step| step.fused == Fused::None)
    }

    fn activation_layer(&mut self, layer: &Layer, input: &Value, activation: Activation) -> ActivationId {
        let fused = match activation {
            Activation::Relu => Fused::Relu,
            Activation::Relu6 => Fused::Relu6,
            Activation::Linear
            | Activation::LeakyRelu { .. }
            | Activation::Sigmoid
            | Activation::Tanh
            | Activation::Softmax
            | Activation::HardSwish => Fused::None,
        };
        if fused != Fused::None
            && let Some(step) = self.open_step(input).filter(|step| step.operation.can_fuse())
        {
            step.fused = fused;
            step.layers.extend(input.pending.iter().chain([&layer.id]));
            // Everything before the activation is within the operator: its output is that of this layer.
            self.program.activations[input.id.0].name.clone_from(&layer.name);
            return input.id;
        }
        let source =
            if activation == Activation::Softmax { self.with_channels(layer, input) } else { input.id };
        self.activation_step(layer, source, activation)
    }

    /// The activation that a layer ends in, within its operator or behind it; `id` is what that operator writes.
    pub fn finish_with(&mut self, layer: &Layer, id: ActivationId, activation: Activation) -> ActivationId {
        let fused = match activation {
            Activation::Linear => return id,
            Activation::Relu => Fused::Relu,
            Activation::Relu6 => Fused::Relu6,
            Activation::LeakyRelu { .. }
            | Activation::Sigmoid
            | Activation::Tanh
            | Activation::Softmax
            | Activation::HardSwish => {
                self.program.activations[id.0].name = format!("{}/sum", layer.name);
                return self.activation_step(layer, id, activation);
            }
        };
        if let Some(step) = self.program.producer(id) {
            step.fused = fused;
        }
        id
    }

    fn activation_step(
        &mut self,
        layer: &Layer,
        source: ActivationId,
        activation: Activation,
    ) -> ActivationId {
        let operation = match activation {
            Activation::Linear => return source,
            Activation::Relu => Operation::Relu,
            Activation::Relu6 => Operation::Relu6,
            Activation::LeakyRelu { slope } => Operation::LeakyRelu { slope },
            Activation::Sigmoid => Operation::Logistic,
            Activation::Tanh => Operation::Tanh,
            Activation::Softmax => Operation::Softmax,
            Activation::HardSwish => Operation::HardSwish,
        };
        let mut shape = self.program.shape(source).to_vec();
        let mut source = source;
        if operation == Operation::Softmax && shape.len() > 2 {
            // ESP-NN's SOFTMAX reserves scratch memory for as many values as the second dimension has, and writes as many
            // as the last one has: only rows and columns are safe.
            let channels = shape.pop().unwrap_or(1);
            shape = vec![shape.iter().product(), channels];
            let name = format!("{}/rows", layer.name);
            source = self.program.step(Operation::Reshape, vec![source], (&name, shape.clone()), layer.id);
        }
        self.program.step(operation, vec![source], (&layer.name, shape), layer.id)
    }

    /// Into the weights of the operator before, if it has any and nothing else reads its output; else as MUL and ADD.
    fn batch_norm(
        &mut self,
        layer: &'g Layer,
        input: &Value,
        epsilon: f32,
    ) -> Result<ActivationId, LowerError> {
        let arrays = self.arrays(layer)?;
        let normalisation = Normalisation::new(&arrays, epsilon);
        let channels = input.shape.last().copied().unwrap_or(1);
        let has_channels = self.program.shape(input.id).last() == Some(&channels);
        if has_channels
            && let Some(step) = self.open_step(input)
            && fold(&mut step.operation, normalisation.as_ref(), channels, &layer.name)
        {
            step.layers.extend(input.pending.iter().chain([&layer.id]));
            self.program.activations[input.id.0].name.clone_from(&layer.name);
            return Ok(input.id);
        }
        let source = self.with_channels(layer, input);
        let constant = |name: &str, values: Option<&Vec<f64>>| super::program::Constant {
            name: format!("{}/{name}", layer.name),
            shape: vec![channels],
            values: values.map(|values| values.iter().map(|value| *value as f32).collect()),
        };
        let factors = constant("factor", normalisation.as_ref().map(|it| &it.factors));
        let offsets = constant("offset", normalisation.as_ref().map(|it| &it.offsets));
        let shape = self.program.shape(source).to_vec();
        let name = format!("{}/scaled", layer.name);
        let product = Operation::MulConstant(factors);
        let scaled = self.program.step(product, vec![source], (&name, shape.clone()), layer.id);
        let sum = Operation::AddConstant(offsets);
        Ok(self.program.step(sum, vec![scaled], (&layer.name, shape), layer.id))
    }

    /// An output of the network: in the shape of the graph, under the name of the layer, and a tensor of its own.
    fn output(&mut self, layer: &Layer, value: &Value, taken: &HashSet<ActivationId>) -> ActivationId {
        let shape = with_batch(&value.shape);
        let is_own = !self.program.inputs.contains(&value.id) && !taken.contains(&value.id);
        if is_own && self.program.shape(value.id) == shape {
            self.program.activations[value.id.0].name.clone_from(&layer.name);
            return value.id;
        }
        let id = self.program.step(Operation::Reshape, vec![value.id], (&layer.name, shape), layer.id);
        if let Some(step) = self.program.steps.last_mut().filter(|_| !value.pending.is_empty()) {
            step.layers.clone_from(&value.pending);
        }
        id
    }

    /// The layers that read a layer.
    pub fn readers(&self, layer: &Layer) -> impl Iterator<Item = &'g Layer> + use<'g> {
        let id = layer.id;
        let (graph, shapes) = (self.graph, self.shapes);
        let used = graph.layers.iter().zip(&shapes.layers).filter(|(_, shape)| shape.is_used);
        used.map(|(layer, _)| layer).filter(move |reader| reader.inputs.contains(&id))
    }

    pub fn is_output(&self, layer: &Layer) -> bool {
        self.outputs.contains(&layer.id)
    }
}

/// Moves a normalisation into an operator with weights; false if it has none.
fn fold(
    operation: &mut Operation,
    normalisation: Option<&Normalisation>,
    channels: usize,
    name: &str,
) -> bool {
    let (filter, bias, channels_first) = match operation {
        Operation::Conv2D { filter, bias, .. } => (filter, bias, true),
        Operation::DepthwiseConv2D { filter, bias, .. } => (filter, bias, false),
        Operation::FullyConnected { filter, bias, .. } => {
            let zeros = filter.values.as_ref().map(|_| vec![0.0; channels]);
            let bias = bias.get_or_insert_with(|| super::program::Constant {
                name: format!("{name}/offset"),
                shape: vec![channels],
                values: zeros,
            });
            (filter, bias, true)
        }
        Operation::Pool { .. }
        | Operation::Add
        | Operation::Sub
        | Operation::Mul
        | Operation::Maximum
        | Operation::MulConstant(_)
        | Operation::AddConstant(_)
        | Operation::Concatenation { .. }
        | Operation::Reshape
        | Operation::Pad { .. }
        | Operation::ResizeNearest
        | Operation::ResizeBilinear
        | Operation::LastStep
        | Operation::Relu
        | Operation::Relu6
        | Operation::LeakyRelu { .. }
        | Operation::Logistic
        | Operation::Tanh
        | Operation::Softmax
        | Operation::HardSwish
        | Operation::Lstm(_) => return false,
    };
    if let Some(normalisation) = normalisation {
        normalisation.fold_into(filter, bias, channels_first);
    }
    true
}

/// A sample's shape behind a batch dimension of 1.
pub(super) fn with_batch(shape: &[usize]) -> Vec<usize> {
    [1].iter().chain(shape).copied().collect()
}
