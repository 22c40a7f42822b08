//! From samples to the numbers of one step.

use burn::tensor::{Device, Tensor, TensorData};
use emberlab_core::dataset::{Samples, Targets};
use emberlab_core::training::{Augmentation, Loss};

use crate::augment;
use crate::error::TrainError;
use crate::network::{Network, Value};
use crate::random::{Purpose, Random};
use crate::targets::TargetRows;

/// Samples of which some are used.
pub(crate) struct Set<'a> {
    pub samples: &'a Samples,
    /// Which samples, in the order in which they are taken.
    pub indexes: Vec<usize>,
}

/// The numbers of some samples, one array per input of the network.
pub(crate) struct Inputs {
    pub count: usize,
    pub arrays: Vec<Vec<f32>>,
}

impl<'a> Set<'a> {
    /// All samples.
    pub fn all(samples: &'a Samples) -> Self {
        Self { samples, indexes: (0..samples.count).collect() }
    }

    /// Keeps a share of the samples back: the rest, and what is kept. Of every class the same share is kept.
    pub fn split(samples: &'a Samples, share: f32, seed: u64) -> (Self, Option<Self>) {
        if share <= 0.0 {
            return (Self::all(samples), None);
        }
        let mut random = Random::new(seed, Purpose::Validation, 0);
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for index in 0..samples.count {
            let group = match &samples.targets {
                Targets::Classes { labels, .. } => labels[index] as usize,
                Targets::None | Targets::Values { .. } | Targets::Inputs => 0,
            };
            if groups.len() <= group {
                groups.resize(group + 1, Vec::new());
            }
            groups[group].push(index);
        }
        let mut kept = Vec::new();
        let mut rest = Vec::new();
        for mut group in groups {
            random.shuffle(&mut group);
            let count = (group.len() as f32 * share.min(1.0)).round() as usize;
            kept.extend_from_slice(&group[..count]);
            rest.extend_from_slice(&group[count..]);
        }
        kept.sort_unstable();
        rest.sort_unstable();
        let validation = (!kept.is_empty()).then_some(Self { samples, indexes: kept });
        (Self { samples, indexes: rest }, validation)
    }
}

/// Says whether samples fit the inputs of a network.
///
/// # Errors
/// Another number of inputs, another shape, or arrays of the wrong length; in words.
pub(crate) fn check_inputs(network: &Network, samples: &Samples) -> Result<(), TrainError> {
    let shapes: Vec<&[usize]> = network.input_shapes().collect();
    if shapes.len() != samples.inputs.len() {
        return Err(TrainError::Samples(format!(
            "The network has {} inputs, but the samples have {}",
            shapes.len(),
            samples.inputs.len()
        )));
    }
    for (shape, input) in shapes.iter().zip(&samples.inputs) {
        if *shape != input.shape {
            let text = emberlab_core::layers::shape_text;
            return Err(TrainError::Samples(format!(
                "The network takes samples of {}, but they are {}",
                text(shape),
                text(&input.shape)
            )));
        }
        if Some(input.values.len()) != samples.count.checked_mul(input.size()) {
            return Err(TrainError::Samples(format!(
                "{} samples have {} values in all",
                samples.count,
                input.values.len()
            )));
        }
    }
    let targets = match &samples.targets {
        Targets::Classes { labels, .. } => labels.len(),
        Targets::Values { shape, values } => values.len() / shape.iter().product::<usize>().max(1),
        Targets::None | Targets::Inputs => samples.count,
    };
    if targets != samples.count {
        return Err(TrainError::Samples(format!("{} samples have {targets} targets", samples.count)));
    }
    Ok(())
}

/// The numbers of some samples as they are.
pub(crate) fn gather(samples: &Samples, indexes: &[usize]) -> Inputs {
    let arrays = samples.inputs.iter().map(|input| {
        let mut values = Vec::with_capacity(indexes.len() * input.size());
        indexes.iter().for_each(|index| values.extend_from_slice(input.sample(*index)));
        values
    });
    Inputs { count: indexes.len(), arrays: arrays.collect() }
}

/// The numbers and targets of some samples, changed at random.
pub(crate) fn gather_changed(
    samples: &Samples,
    indexes: &[usize],
    augmentation: &Augmentation,
    random: &mut Random,
    targets: &[TargetRows],
    loss: Loss,
) -> (Inputs, Vec<Vec<f32>>) {
    let mut inputs = gather(samples, indexes);
    let is_idle = augment::is_idle(augmentation);
    if !is_idle {
        for (input, array) in samples.inputs.iter().zip(&mut inputs.arrays) {
            for sample in array.chunks_exact_mut(input.size().max(1)) {
                augment::change(sample, &input.shape, augmentation, random);
            }
        }
    }
    let first = inputs.arrays.first().map_or(&[][..], Vec::as_slice);
    let rows = targets.iter().map(|targets| targets.rows(samples, indexes, first, loss)).collect();
    if !is_idle {
        inputs.arrays.iter_mut().for_each(|array| augment::add_noise(array, augmentation, random));
    }
    (inputs, rows)
}

impl Inputs {
    /// One value per input of the network.
    pub fn into_values(self, network: &Network, device: &Device) -> Vec<Value> {
        let values = self.arrays.into_iter().zip(network.input_shapes());
        values.map(|(array, shape)| Value::rows(rows(array, self.count, device), shape)).collect()
    }
}

/// One row per sample.
pub(crate) fn rows(values: Vec<f32>, count: usize, device: &Device) -> Tensor<2> {
    let width = values.len() / count.max(1);
    Tensor::from_data(TensorData::new(values, [count, width]), device)
}

#[cfg(test)]
mod tests {
    use emberlab_core::dataset::SampleInput;

    use super::*;

    fn samples(labels: &[u32]) -> Samples {
        let values = (0..labels.len()).map(|value| value as f32).collect();
        Samples {
            count: labels.len(),
            inputs: vec![SampleInput { shape: vec![1], values }],
            targets: Targets::Classes { labels: labels.to_vec(), classes: 3 },
        }
    }

    #[test]
    fn of_every_class_the_same_share_is_kept_back() {
        let labels: Vec<u32> =
            (0..100).map(|index| u32::from(index >= 60) + u32::from(index >= 90)).collect();
        let samples = samples(&labels);
        let (rest, kept) = Set::split(&samples, 0.2, 7);
        let kept = kept.unwrap();
        assert_eq!((rest.indexes.len(), kept.indexes.len()), (80, 20));
        let of_class = |class| kept.indexes.iter().filter(|index| labels[**index] == class).count();
        assert_eq!([of_class(0), of_class(1), of_class(2)], [12, 6, 2]);
        assert!(kept.indexes.iter().all(|index| !rest.indexes.contains(index)));
        let (_, again) = Set::split(&samples, 0.2, 7);
        assert_eq!(kept.indexes, again.unwrap().indexes);
        let (_, other) = Set::split(&samples, 0.2, 8);
        assert_ne!(kept.indexes, other.unwrap().indexes);
        assert!(Set::split(&samples, 0.0, 7).1.is_none());
    }

    #[test]
    fn samples_are_gathered_in_the_order_that_is_asked_for() {
        let inputs = gather(&samples(&[0, 1, 2]), &[2, 0]);
        assert_eq!((inputs.count, inputs.arrays), (2, vec![vec![2.0, 0.0]]));
    }
}
