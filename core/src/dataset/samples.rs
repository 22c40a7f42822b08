//! Samples ready for a network: numbers in shapes, and what the network should say.

/// Samples of one part of a set, in the order in which they were prepared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// Number of samples.
    pub count: usize,
    /// One entry per input of the network.
    pub inputs: Vec<SampleInput>,
    /// What the network should say.
    pub targets: Targets,
}

/// What all samples give one input of the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleInput {
    /// Shape of one sample, without the batch dimension, channels last.
    pub shape: Vec<usize>,
    /// `count` times the product of `shape`, sample after sample.
    pub values: Vec<f32>,
}

/// What the network should say.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Targets {
    /// Nothing is known.
    #[default]
    None,
    /// A class for every sample.
    Classes {
        /// Class numbers, from 0.
        labels: Vec<u32>,
        /// Number of classes.
        classes: usize,
    },
    /// Numbers for every sample.
    Values {
        /// Shape of one sample's numbers.
        shape: Vec<usize>,
        /// `count` times the product of `shape`.
        values: Vec<f32>,
    },
    /// The first input itself: an autoencoder.
    Inputs,
}

impl SampleInput {
    /// Numbers of one sample.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// The numbers of a sample.
    ///
    /// # Panics
    /// There is no such sample.
    pub fn sample(&self, index: usize) -> &[f32] {
        &self.values[index * self.size()..][..self.size()]
    }
}
