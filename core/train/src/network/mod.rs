//! A network on a device, built from a layer graph at run time.

mod build;
mod convolution;
mod forward;
mod operation;
mod pool;
mod recurrent;
mod simple;
mod value;

use burn::tensor::{Device, Tensor, TensorData};
use emberlab_core::layers::{Activation, Weights};

pub(crate) use forward::Mode;
pub(crate) use value::Value;

use crate::error::TrainError;
use operation::Operation;

/// A network on a device.
///
/// Weights stay in Keras's layouts, one flat tensor for each array: nothing has to be turned when they are read or written,
/// and optimizers need no shapes.
pub struct Network {
    /// Each comes after all that it reads.
    nodes: Vec<Node>,
    /// Nodes where samples enter, in the order of the graph's input layers.
    inputs: Vec<usize>,
    /// Nodes whose values the network gives.
    outputs: Vec<usize>,
    parameters: Vec<Parameter>,
    device: Device,
    /// Products are computed in half precision.
    half: bool,
}

/// One layer.
struct Node {
    operation: Operation,
    /// What follows the operation.
    activation: Activation,
    /// Nodes that it reads.
    reads: Vec<usize>,
    /// How many nodes read it.
    readers: usize,
    /// Shape of one sample of what it gives.
    shape: Vec<usize>,
}

/// One array of weights.
pub(crate) struct Parameter {
    /// Name of the layer.
    pub layer: String,
    /// Keras's name of the array.
    pub array: &'static str,
    /// Keras's layout.
    pub shape: Vec<usize>,
    /// It follows gradients; moving statistics do not.
    pub is_trainable: bool,
    /// Factor of the sum of absolute weights in the loss.
    pub l1: f32,
    /// Factor of the sum of squared weights in the loss.
    pub l2: f32,
    /// The numbers, without gradients.
    pub tensor: Tensor<1>,
}

impl Parameter {
    /// Number of values.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Network {
    /// How many numbers follow gradients.
    pub fn parameter_count(&self) -> usize {
        let trainable = self.parameters.iter().filter(|parameter| parameter.is_trainable);
        trainable.map(Parameter::size).sum()
    }

    /// Shapes of one sample of each input, in the order of the graph's input layers.
    pub fn input_shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.inputs.iter().map(|input| self.nodes[*input].shape.as_slice())
    }

    /// Shapes of one sample of each output.
    pub fn output_shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.outputs.iter().map(|output| self.nodes[*output].shape.as_slice())
    }

    /// The activation that each output ends in.
    pub(crate) fn output_activations(&self) -> impl Iterator<Item = Activation> {
        self.outputs.iter().map(|output| self.nodes[*output].activation)
    }

    /// All weights, under the names of the graph's layers.
    pub fn weights(&self) -> Weights {
        let arrays = self.parameters.iter().map(|parameter| parameter.tensor.clone());
        self.named(arrays.map(values_from_tensor))
    }

    /// Arrays of the parameters' shapes, under the parameters' names.
    pub(crate) fn named(&self, arrays: impl Iterator<Item = Vec<f32>>) -> Weights {
        let mut weights = Weights::default();
        for (parameter, values) in self.parameters.iter().zip(arrays) {
            weights.insert(&parameter.layer, parameter.array, parameter.shape.clone(), values);
        }
        weights
    }

    /// Takes other weights.
    ///
    /// # Errors
    /// An array is missing or has another shape.
    pub fn set_weights(&mut self, weights: &Weights) -> Result<(), TrainError> {
        let arrays = self.arrays(weights)?;
        for (parameter, values) in self.parameters.iter_mut().zip(arrays) {
            parameter.tensor = tensor_from_values(values, &self.device);
        }
        Ok(())
    }

    /// The arrays of all parameters, in their order.
    pub(crate) fn arrays(&self, weights: &Weights) -> Result<Vec<Vec<f32>>, TrainError> {
        let arrays = self
            .parameters
            .iter()
            .map(|parameter| build::values_of(weights, &parameter.layer, parameter.array, &parameter.shape));
        arrays.collect()
    }

    /// What regularisers add to the loss of every sample; `None` if there are none.
    pub(crate) fn penalty(&self) -> Option<Tensor<1>> {
        let penalties = self.parameters.iter().flat_map(|parameter| {
            let weights = &parameter.tensor;
            let l1 = (parameter.l1 != 0.0).then(|| weights.clone().abs().sum().mul_scalar(parameter.l1));
            let l2 = (parameter.l2 != 0.0).then(|| weights.clone().square().sum().mul_scalar(parameter.l2));
            l1.into_iter().chain(l2)
        });
        penalties.reduce(|sum, penalty| sum + penalty)
    }

    pub(crate) fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    pub(crate) fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.parameters
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }
}

pub(crate) fn tensor_from_values(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let size = values.len();
    Tensor::from_data(TensorData::new(values, [size]), device)
}

pub(crate) fn values_from_tensor<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().expect("every tensor of a network is made of f32")
}
