//! How long a step takes on the CPU, roughly: enough to tell networks that a GPU speeds up from those that it slows down.

use emberlab_core::layers::{LayerGraph, LayerKind, Shapes, shapes};
use emberlab_core::training::TrainingConfig;

use crate::backend::Backend;
use crate::error::TrainError;

/// The backend that the settings ask for, for this network.
///
/// # Errors
/// A GPU is asked for and there is none, or it cannot be opened.
pub fn choose_backend(graph: &LayerGraph, config: &TrainingConfig) -> Result<Backend, TrainError> {
    Backend::choose(config.backend, step_micros(graph, config.batch_size))
}

/// Estimated microseconds of a training step on the CPU with `batch_size` samples; 0 for a graph without shapes.
///
/// Measured with burn-flex 0.22 on two cores of a server processor, batches of 64: a dense network of 55,050 multiplications
/// takes 0.4 ms, a small convolutional one of 255,000 takes 32 ms. Other sizes are scaled by multiplications.
pub fn step_micros(graph: &LayerGraph, batch_size: usize) -> u64 {
    let shapes = shapes(graph);
    let picos = graph.layers.iter().map(|layer| {
        let (dense, windowed) = multiplications(&shapes, layer);
        dense.saturating_mul(DENSE_PICOS).saturating_add(windowed.saturating_mul(WINDOWED_PICOS))
    });
    let per_sample = picos.fold(0u64, u64::saturating_add);
    per_sample.saturating_mul(batch_size as u64) / 1_000_000
}

/// 0.4 ms over 64 * 55,050.
const DENSE_PICOS: u64 = 114;
/// 32 ms over 64 * 255,000.
const WINDOWED_PICOS: u64 = 1_960;

/// Multiplications of one sample: in matrix products, and in windows.
fn multiplications(shapes: &Shapes, layer: &emberlab_core::layers::Layer) -> (u64, u64) {
    let Some(known) = shapes.layer(layer.id) else { return (0, 0) };
    let (Some(output), Some(Some(input))) = (&known.output, known.inputs.first()) else { return (0, 0) };
    let product =
        |sizes: &[usize]| sizes.iter().fold(1u64, |product, size| product.saturating_mul(*size as u64));
    let places = |shape: &[usize]| product(shape.split_last().map_or(&[][..], |(_, places)| places));
    let (outputs, channels) = (product(output), input.last().copied().unwrap_or(1) as u64);
    match &layer.kind {
        LayerKind::Dense { .. } => (outputs.saturating_mul(channels), 0),
        LayerKind::Conv1D { kernel: 1, stride: 1, .. }
        | LayerKind::Conv2D { kernel: [1, 1], stride: [1, 1], .. } => (outputs.saturating_mul(channels), 0),
        LayerKind::Conv1D { kernel, .. } => {
            (0, outputs.saturating_mul(channels).saturating_mul(*kernel as u64))
        }
        LayerKind::Conv2D { kernel, .. } => {
            (0, outputs.saturating_mul(channels).saturating_mul(product(kernel)))
        }
        LayerKind::DepthwiseConv2D { kernel, .. } => (0, outputs.saturating_mul(product(kernel))),
        LayerKind::SeparableConv2D { kernel, depth_multiplier, .. } => {
            let between = channels.saturating_mul(*depth_multiplier as u64);
            let windowed = places(output).saturating_mul(between).saturating_mul(product(kernel));
            (outputs.saturating_mul(between), windowed)
        }
        LayerKind::Pool1D { size, .. } => (0, outputs.saturating_mul(*size as u64)),
        LayerKind::Pool2D { size, .. } => (0, outputs.saturating_mul(product(size))),
        LayerKind::Lstm { units, .. } => {
            let units = *units as u64;
            let each = channels.saturating_add(units).saturating_mul(4).saturating_mul(units);
            (places(input).saturating_mul(each), 0)
        }
        LayerKind::Input { .. }
        | LayerKind::GlobalPool { .. }
        | LayerKind::BatchNorm { .. }
        | LayerKind::Activation { .. }
        | LayerKind::Dropout { .. }
        | LayerKind::Flatten {}
        | LayerKind::Reshape { .. }
        | LayerKind::ZeroPadding { .. }
        | LayerKind::UpSampling { .. }
        | LayerKind::Merge { .. }
        | LayerKind::Concatenate { .. } => (0, 0),
    }
}
