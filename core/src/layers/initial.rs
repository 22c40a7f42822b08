//! Weights before training, as Keras begins.
//!
//! Source: `keras/src/initializers/random_initializers.py` of github.com/keras-team/keras at v3.9.0.

use super::generator::Generator;
use super::{ArraySpec, Initializer, LayerGraph, LowerError, Role, Weights, arrays, shapes};

/// Weights of all layers; the same for the same seed and names, whatever other layers there are.
///
/// # Errors
/// The graph has errors.
pub fn initial_weights(graph: &LayerGraph, seed: u64) -> Result<Weights, LowerError> {
    let shapes = shapes(graph);
    let errors: Vec<_> = shapes.errors().cloned().collect();
    if !errors.is_empty() {
        return Err(LowerError::Graph(errors));
    }
    let mut weights = Weights::default();
    for (layer, shape) in graph.layers.iter().zip(&shapes.layers) {
        let inputs: Vec<&[usize]> = shape.inputs.iter().filter_map(Option::as_deref).collect();
        let initializer = layer.kind.weight_options().map(|options| options.initializer).unwrap_or_default();
        for spec in arrays(&layer.kind, &inputs) {
            let mut generator = Generator::named(seed, &[&layer.name, spec.name]);
            let values = initial_array(&spec, initializer, &mut generator);
            weights.insert(&layer.name, spec.name, spec.shape, values);
        }
    }
    Ok(weights)
}

fn initial_array(spec: &ArraySpec, initializer: Initializer, generator: &mut Generator) -> Vec<f32> {
    let n_values = spec.shape.iter().product();
    match spec.role {
        Role::Kernel { fan_in, fan_out } => kernel(initializer, n_values, fan_in, fan_out, generator),
        Role::Recurrent => orthogonal(spec.shape[0], spec.shape[1], generator),
        Role::Bias | Role::Zero => vec![0.0; n_values],
        Role::One => vec![1.0; n_values],
        Role::GateBias => {
            let units = n_values / 4;
            (0..n_values).map(|index| if index / units.max(1) == 1 { 1.0 } else { 0.0 }).collect()
        }
    }
}

/// `VarianceScaling` of the kind that the initialiser stands for.
fn kernel(
    initializer: Initializer,
    n_values: usize,
    fan_in: usize,
    fan_out: usize,
    generator: &mut Generator,
) -> Vec<f32> {
    let (fan_in, mean_fan) = (fan_in as f64, (fan_in as f64 + fan_out as f64) / 2.0);
    let (variance, is_normal) = match initializer {
        Initializer::GlorotUniform => (1.0 / mean_fan, false),
        Initializer::GlorotNormal => (1.0 / mean_fan, true),
        Initializer::HeUniform => (2.0 / fan_in, false),
        Initializer::HeNormal => (2.0 / fan_in, true),
        Initializer::LecunUniform => (1.0 / fan_in, false),
        Initializer::Zeros => return vec![0.0; n_values],
    };
    let limit = (3.0 * variance).sqrt();
    // The deviation that is left after cutting a normal distribution at two deviations.
    let deviation = variance.sqrt() / 0.879_625_661_034_239_8;
    let mut draw =
        || if is_normal { deviation * cut_normal(generator) } else { generator.uniform(-limit, limit) };
    (0..n_values).map(|_| draw() as f32).collect()
}

fn cut_normal(generator: &mut Generator) -> f64 {
    loop {
        let value = generator.normal();
        if value.abs() < 2.0 {
            return value;
        }
    }
}

/// Rows (or columns, whichever are fewer) of length 1 at right angles to each other, from normal numbers by Gram and
/// Schmidt, which gives the same distribution as Keras's QR decomposition with signs made positive.
fn orthogonal(n_rows: usize, n_columns: usize, generator: &mut Generator) -> Vec<f32> {
    let (n_vectors, length) = (n_rows.min(n_columns), n_rows.max(n_columns));
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(n_vectors);
    for _ in 0..n_vectors {
        let mut vector: Vec<f64> = (0..length).map(|_| generator.normal()).collect();
        // Twice, because rounding leaves a little of the earlier vectors the first time.
        for _ in 0..2 {
            for earlier in &vectors {
                let product = dot(&vector, earlier);
                vector.iter_mut().zip(earlier).for_each(|(value, other)| *value -= product * other);
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|value| *value /= norm);
        vectors.push(vector);
    }
    let at = |row: usize, column: usize| {
        if n_rows <= n_columns { vectors[row][column] } else { vectors[column][row] }
    };
    (0..n_rows * n_columns).map(|index| at(index / n_columns, index % n_columns) as f32).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics(initializer: Initializer) -> (f64, f64, f64) {
        let values = kernel(initializer, 100_000, 30, 70, &mut Generator::named(1, &[]));
        let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
        let squares = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / values.len() as f64;
        let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        (mean, squares, f64::from(largest))
    }

    fn check(initializer: Initializer, variance: f64, limit: f64) {
        let (mean, squares, largest) = statistics(initializer);
        assert!(mean.abs() < 0.003, "{initializer:?}: mean {mean}");
        assert!((squares / variance - 1.0).abs() < 0.02, "{initializer:?}: variance {squares}");
        assert!(largest <= limit && largest > 0.98 * limit, "{initializer:?}: largest {largest}");
    }

    #[test]
    fn kernels_have_the_variances_and_limits_of_keras() {
        // Limits after the formulas of Glorot, He and LeCun for 30 inputs and 70 outputs.
        check(Initializer::GlorotUniform, 0.02, (6.0f64 / 100.0).sqrt());
        check(Initializer::GlorotNormal, 0.02, 2.0 * 0.02f64.sqrt() / 0.8796);
        check(Initializer::HeUniform, 2.0 / 30.0, (6.0f64 / 30.0).sqrt());
        check(Initializer::HeNormal, 2.0 / 30.0, 2.0 * (2.0f64 / 30.0).sqrt() / 0.8796);
        check(Initializer::LecunUniform, 1.0 / 30.0, (3.0f64 / 30.0).sqrt());
        assert_eq!(kernel(Initializer::Zeros, 3, 1, 1, &mut Generator::named(1, &[])), [0.0; 3]);
    }

    #[test]
    fn recurrent_weights_are_orthogonal() {
        for (rows, columns) in [(16, 64), (8, 8), (12, 5)] {
            let matrix = orthogonal(rows, columns, &mut Generator::named(3, &[]));
            let at = |row: usize, column: usize| f64::from(matrix[row * columns + column]);
            let n_vectors = rows.min(columns);
            for a in 0..n_vectors {
                for b in 0..n_vectors {
                    let product: f64 = if rows <= columns {
                        (0..columns).map(|column| at(a, column) * at(b, column)).sum()
                    } else {
                        (0..rows).map(|row| at(row, a) * at(row, b)).sum()
                    };
                    let expected = if a == b { 1.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-6, "{rows}×{columns}: {a}·{b} = {product}");
                }
            }
        }
    }

    #[test]
    fn a_layer_begins_alike_whatever_stands_beside_it() {
        let graph = |text: &str| serde_json::from_str::<LayerGraph>(text).unwrap();
        let small = graph(
            r#"{"layers":[{"id":0,"name":"x","layer":"Input","shape":[4]},
                          {"id":1,"name":"a","inputs":[0],"layer":"Dense","units":3}]}"#,
        );
        let large = graph(
            r#"{"layers":[{"id":0,"name":"x","layer":"Input","shape":[4]},
                          {"id":2,"name":"b","inputs":[0],"layer":"Dense","units":4},
                          {"id":1,"name":"a","inputs":[2],"layer":"Dense","units":3}]}"#,
        );
        let first = initial_weights(&small, 7).unwrap();
        assert_eq!(first.layers["a"], initial_weights(&large, 7).unwrap().layers["a"]);
        assert_ne!(first.layers["a"], initial_weights(&small, 8).unwrap().layers["a"]);
    }

    #[test]
    fn the_forget_gate_of_an_lstm_begins_open() {
        let graph: LayerGraph = serde_json::from_str(
            r#"{"layers":[{"id":0,"name":"x","layer":"Input","shape":[5,3]},
                          {"id":1,"name":"a","inputs":[0],"layer":"Lstm","units":2}]}"#,
        )
        .unwrap();
        let weights = initial_weights(&graph, 1).unwrap();
        assert_eq!(weights.get("a", "bias").unwrap().values, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(weights.get("a", "recurrent_kernel").unwrap().shape, [2, 8]);
    }
}
