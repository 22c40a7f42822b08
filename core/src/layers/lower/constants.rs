//! From Keras's arrays to the constants of TensorFlow Lite's operators.

use super::LowerError;
use super::program::Constant;
use crate::layers::{ArraySpec, Layer, Weights};

/// The arrays of one layer, or only their shapes.
pub(super) struct LayerArrays<'w> {
    layer: &'w str,
    specs: Vec<ArraySpec>,
    weights: Option<&'w Weights>,
}

impl<'w> LayerArrays<'w> {
    /// # Errors
    /// An array is missing, or has another shape than the layer.
    pub fn new(
        layer: &'w Layer,
        specs: Vec<ArraySpec>,
        weights: Option<&'w Weights>,
    ) -> Result<Self, LowerError> {
        if let Some(weights) = weights {
            for spec in &specs {
                let found = weights.get(&layer.name, spec.name);
                let problem = |found: Option<Vec<usize>>| LowerError::Weights {
                    layer: layer.name.clone(),
                    array: spec.name,
                    expected: spec.shape.clone(),
                    found,
                };
                let array = found.ok_or_else(|| problem(None))?;
                if array.shape != spec.shape || array.values.len() as u64 != spec.element_count() {
                    return Err(problem(Some(array.shape.clone())));
                }
            }
        }
        Ok(Self { layer: &layer.name, specs, weights })
    }

    pub fn has(&self, array: &str) -> bool {
        self.specs.iter().any(|spec| spec.name == array)
    }

    pub fn values(&self, array: &str) -> Option<&'w [f32]> {
        Some(&self.weights?.get(self.layer, array)?.values)
    }

    /// A matrix `[rows, columns]` (leading dimensions joined) as `[columns, rows]`, in a shape that holds as many values.
    pub fn transposed(&self, array: &str, columns: usize, shape: Vec<usize>) -> Constant {
        let values = self.values(array).map(|values| transpose(values, columns));
        self.constant(array, shape, values)
    }

    /// The values as they are, in another shape.
    pub fn reshaped(&self, array: &str, shape: Vec<usize>) -> Constant {
        self.constant(array, shape, self.values(array).map(<[f32]>::to_vec))
    }

    /// The bias, or zeros where the layer has none.
    pub fn bias_or_zeros(&self, size: usize) -> Constant {
        let zeros = || self.weights.map(|_| vec![0.0; size]);
        let values = self.values("bias").map(<[f32]>::to_vec).or_else(zeros);
        self.constant("bias", vec![size], values)
    }

    /// The columns of one gate of an LSTM's matrix `[rows, 4 * units]`, as `[units, rows]`.
    pub fn gate_matrix(&self, array: &str, gate: usize, units: usize, rows: usize) -> Constant {
        let values = self.values(array).map(|values| {
            let column = |unit: usize| values.iter().skip(gate * units + unit).step_by(4 * units);
            (0..units).flat_map(column).copied().collect()
        });
        self.constant(&format!("{array}/{}", GATES[gate]), vec![units, rows], values)
    }

    /// The bias of one gate of an LSTM, or zeros where it has none.
    pub fn gate_bias(&self, gate: usize, units: usize) -> Constant {
        let zeros = || self.weights.map(|_| vec![0.0; units]);
        let own = self.values("bias").map(|values| values[gate * units..][..units].to_vec());
        self.constant(&format!("bias/{}", GATES[gate]), vec![units], own.or_else(zeros))
    }

    fn constant(&self, name: &str, shape: Vec<usize>, values: Option<Vec<f32>>) -> Constant {
        Constant { name: format!("{}/{name}", self.layer), shape, values }
    }
}

/// Gates of an LSTM, as Keras orders them and as the operator takes them.
const GATES: [&str; 4] = ["input", "forget", "cell", "output"];

fn transpose(values: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns.max(1)).copied()).collect()
}

/// What a batch normalisation does to each channel: `x * factor + offset`.
pub(super) struct Normalisation {
    pub factors: Vec<f64>,
    pub offsets: Vec<f64>,
}

impl Normalisation {
    /// From gamma, beta, moving mean and moving variance; `None` without weights.
    pub fn new(arrays: &LayerArrays, epsilon: f32) -> Option<Self> {
        let [gamma, beta, mean, variance] =
            ["gamma", "beta", "moving_mean", "moving_variance"].map(|name| arrays.values(name));
        let (gamma, beta, mean, variance) = (gamma?, beta?, mean?, variance?);
        let factor = |channel: usize| {
            f64::from(gamma[channel]) / (f64::from(variance[channel]) + f64::from(epsilon)).sqrt()
        };
        let factors: Vec<f64> = (0..gamma.len()).map(factor).collect();
        let offset = |channel: usize| f64::from(beta[channel]) - f64::from(mean[channel]) * factors[channel];
        let offsets = (0..gamma.len()).map(offset).collect();
        Some(Self { factors, offsets })
    }

    /// Moves the normalisation into a filter whose channels run along the first or the last dimension, and its bias.
    pub fn fold_into(&self, filter: &mut Constant, bias: &mut Constant, channels_first: bool) {
        let n_channels = self.factors.len();
        if let Some(values) = &mut filter.values {
            let per_channel = (values.len() / n_channels.max(1)).max(1);
            for (index, value) in values.iter_mut().enumerate() {
                let channel = if channels_first { index / per_channel } else { index % n_channels };
                *value = (f64::from(*value) * self.factors[channel]) as f32;
            }
        }
        if let Some(values) = &mut bias.values {
            for (value, (factor, offset)) in values.iter_mut().zip(self.factors.iter().zip(&self.offsets)) {
                *value = (f64::from(*value) * factor + offset) as f32;
            }
        }
    }
}
