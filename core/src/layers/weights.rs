//! Trained weights of a layer graph, as plain arrays with Keras's names and layouts.

use std::collections::BTreeMap;

/// All weights of a network, by the name of the layer, then by the name of the array.
///
/// Names and layouts are Keras's: `kernel` of Dense `[inputs, units]`, of Conv1D `[taps, inputs, filters]`, of Conv2D
/// `[height, width, inputs, filters]`; `bias` `[filters]`; `depthwise_kernel` `[height, width, channels, multiplier]`,
/// `pointwise_kernel` `[1, 1, channels * multiplier, filters]`; of BatchNorm `gamma`, `beta`, `moving_mean`,
/// `moving_variance` `[channels]`; of LSTM `kernel` `[inputs, 4 * units]`, `recurrent_kernel` `[units, 4 * units]`, `bias`
/// `[4 * units]`, gates in the order input, forget, cell, output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// Layer name, array name, array.
    pub layers: BTreeMap<String, BTreeMap<String, Array>>,
}

/// Numbers in a shape, the last dimension varying fastest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array {
    /// Sizes of the dimensions.
    pub shape: Vec<usize>,
    /// As many values as the product of the sizes.
    pub values: Vec<f32>,
}

impl Weights {
    /// The array of a layer, if there is one.
    pub fn get(&self, layer: &str, array: &str) -> Option<&Array> {
        self.layers.get(layer)?.get(array)
    }

    /// Puts an array in its place.
    pub fn insert(&mut self, layer: &str, array: &str, shape: Vec<usize>, values: Vec<f32>) {
        let arrays = self.layers.entry(layer.to_owned()).or_default();
        arrays.insert(array.to_owned(), Array { shape, values });
    }
}
