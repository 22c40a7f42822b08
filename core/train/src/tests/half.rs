//! Products in half precision: close to the others, and with gradients.

use burn::tensor::Tensor;
use emberlab_core::dataset::Targets;
use emberlab_core::layers::LayerGraph;

use super::{chain, samples, weights};
use crate::Backend;
use crate::batch::gather;
use crate::network::{Mode, Network, values_from_tensor};
use crate::random::{Purpose, Random};

/// Outputs for some samples, and the gradients of their sum with respect to all parameters.
fn outputs_and_gradients(graph: &LayerGraph, shape: &[usize], half: bool) -> (Vec<f32>, Vec<Vec<f32>>) {
    let network = Network::with_precision(graph, &weights(graph, 2), &Backend::cpu(), half).unwrap();
    let samples = samples(4, &[shape], Targets::None);
    let device = network.device().clone().autodiff();
    let values = gather(&samples, &[0, 1, 2, 3]).into_values(&network, &device);
    let leaves = network.leaves_with_gradients();
    let mut random = Random::new(1, Purpose::Dropout, 0);
    let mut pass = network.forward(&leaves, values, Mode::Training(&mut random), &[]);
    let output = pass.outputs.remove(0).into_rows();
    let mut gradients = output.clone().square().sum().backward();
    let gradient = |leaf: &Tensor<1>| values_from_tensor(leaf.grad_remove(&mut gradients).unwrap());
    (values_from_tensor(output.inner()), leaves.iter().map(gradient).collect())
}

#[test]
fn products_in_half_precision_are_close() {
    let graph = chain(&[
        r#""layer":"Input","shape":[6,4,2]"#,
        r#""layer":"Conv2D","filters":4,"kernel":[3,3],"padding":"same","activation":"relu""#,
        r#""layer":"DepthwiseConv2D","kernel":[3,2]"#,
        r#""layer":"Reshape","shape":[6,8]"#,
        r#""layer":"Lstm","units":3"#,
        r#""layer":"Dense","units":2"#,
    ]);
    let (whole, whole_gradients) = outputs_and_gradients(&graph, &[6, 4, 2], false);
    let (half, half_gradients) = outputs_and_gradients(&graph, &[6, 4, 2], true);
    let check = |whole: &[f32], half: &[f32]| {
        let range = whole.iter().fold(0f32, |range, value| range.max(value.abs()));
        for (whole, half) in whole.iter().zip(half) {
            // Half precision has eleven binary digits.
            assert!((whole - half).abs() < 1e-2 * range, "{half} for {whole}");
        }
        assert_ne!(whole, half);
    };
    check(&whole, &half);
    assert_eq!(whole_gradients.len(), 9);
    whole_gradients.iter().zip(&half_gradients).for_each(|(whole, half)| check(whole, half));
}
