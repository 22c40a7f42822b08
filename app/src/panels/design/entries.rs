//! The layers that can be added: groups to browse, names to search, and how each begins.

use emberlab_core::layers::{
    Activation, Interpolation, LayerKind, MergeOperation, Padding, PoolMode, WeightOptions,
};

use super::words::category;
use crate::theme::Category;

/// A layer that can be added.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Name in the palette.
    pub label: &'static str,
    /// Further words that find it.
    words: &'static str,
    /// How it begins, given the shape of what it will read.
    make: fn(&[usize]) -> LayerKind,
}

/// Entries under one head.
pub struct Group {
    /// The head.
    pub title: &'static str,
    /// What is below.
    pub entries: &'static [Entry],
}

const fn entry(label: &'static str, words: &'static str, make: fn(&[usize]) -> LayerKind) -> Entry {
    Entry { label, words, make }
}

/// What is shown while nothing is looked for.
pub static GROUPS: [Group; 6] = [
    Group { title: "Common", entries: &[INPUT, DENSE, CONV_2D, CONV_1D, DEPTHWISE, SEPARABLE] },
    Group { title: "Pooling", entries: &[MAX_POOL, AVERAGE_POOL, GLOBAL_AVERAGE, GLOBAL_MAX] },
    Group { title: "Activation and norm", entries: &[RELU, SOFTMAX, BATCH_NORM, DROPOUT] },
    Group { title: "Combine", entries: &[ADD, CONCATENATE] },
    Group { title: "Sequence", entries: &[LSTM] },
    Group { title: "Shape", entries: &[FLATTEN, RESHAPE, ZERO_PADDING, UP_SAMPLING] },
];

/// What is found by its name only: the inspector turns a relative into it.
static RELATIVES: [Entry; 10] = [
    entry("ReLU6", "activation clip", |_| activation(Activation::Relu6)),
    entry("LeakyReLU", "activation slope", |_| activation(Activation::LeakyRelu { slope: 0.3 })),
    entry("HardSwish", "activation swish", |_| activation(Activation::HardSwish)),
    entry("Sigmoid", "activation logistic", |_| activation(Activation::Sigmoid)),
    entry("Tanh", "activation hyperbolic tangent", |_| activation(Activation::Tanh)),
    entry("Subtract", "difference merge", |_| merge(MergeOperation::Subtract)),
    entry("Multiply", "product gate merge", |_| merge(MergeOperation::Multiply)),
    entry("Average", "mean merge", |_| merge(MergeOperation::Average)),
    entry("Maximum", "largest merge", |_| merge(MergeOperation::Maximum)),
    entry("Linear", "activation none identity", |_| activation(Activation::Linear)),
];

const INPUT: Entry = entry("Input", "data samples", |_| LayerKind::Input { shape: vec![28, 28, 1] });
const DENSE: Entry = entry("Dense", "fully connected linear", |_| LayerKind::Dense {
    units: 32,
    activation: Activation::Relu,
    weights: WeightOptions::default(),
});
const CONV_2D: Entry = entry("Conv2D", "convolution picture image", |_| LayerKind::Conv2D {
    filters: 16,
    kernel: [3, 3],
    stride: [1, 1],
    padding: Padding::Same,
    dilation: [1, 1],
    activation: Activation::Relu,
    weights: WeightOptions::default(),
});
const CONV_1D: Entry = entry("Conv1D", "convolution sound motion", |_| LayerKind::Conv1D {
    filters: 16,
    kernel: 3,
    stride: 1,
    padding: Padding::Same,
    dilation: 1,
    activation: Activation::Relu,
    weights: WeightOptions::default(),
});
const DEPTHWISE: Entry = entry("DepthwiseConv2D", "convolution channel", |_| LayerKind::DepthwiseConv2D {
    kernel: [3, 3],
    stride: [1, 1],
    padding: Padding::Same,
    depth_multiplier: 1,
    dilation: [1, 1],
    activation: Activation::Relu,
    weights: WeightOptions::default(),
});
const SEPARABLE: Entry = entry("SeparableConv2D", "convolution pointwise", |_| LayerKind::SeparableConv2D {
    filters: 16,
    kernel: [3, 3],
    stride: [1, 1],
    padding: Padding::Same,
    depth_multiplier: 1,
    activation: Activation::Relu,
    weights: WeightOptions::default(),
});
const MAX_POOL: Entry = entry("MaxPool", "pooling 1d 2d", |shape| pool(PoolMode::Max, shape));
const AVERAGE_POOL: Entry =
    entry("AveragePool", "pooling mean 1d 2d", |shape| pool(PoolMode::Average, shape));
const GLOBAL_AVERAGE: Entry =
    entry("GlobalAveragePool", "pooling mean", |_| LayerKind::GlobalPool { mode: PoolMode::Average });
const GLOBAL_MAX: Entry =
    entry("GlobalMaxPool", "pooling", |_| LayerKind::GlobalPool { mode: PoolMode::Max });
const RELU: Entry = entry("ReLU", "activation", |_| activation(Activation::Relu));
const SOFTMAX: Entry = entry("Softmax", "activation classes", |_| activation(Activation::Softmax));
const BATCH_NORM: Entry = entry("BatchNorm", "normalisation normalization", |_| LayerKind::BatchNorm {
    momentum: 0.99,
    epsilon: 1e-3,
});
const DROPOUT: Entry = entry("Dropout", "regularisation", |_| LayerKind::Dropout { rate: 0.2 });
const ADD: Entry = entry("Add", "residual sum merge", |_| merge(MergeOperation::Add));
const CONCATENATE: Entry = entry("Concatenate", "join merge", |_| LayerKind::Concatenate { axis: -1 });
const LSTM: Entry = entry("LSTM", "recurrent sequence gesture", |_| LayerKind::Lstm {
    units: 32,
    return_sequences: false,
    weights: WeightOptions::default(),
});
const FLATTEN: Entry = entry("Flatten", "", |_| LayerKind::Flatten {});
const RESHAPE: Entry = entry("Reshape", "", |shape| {
    // Steps and channels become rows, columns and one channel, and a picture becomes steps: what people want it for.
    let shape = match shape {
        [] => vec![1],
        [values] => vec![*values, 1],
        [steps, channels] => vec![*steps, *channels, 1],
        [height, rest @ ..] => vec![*height, rest.iter().product()],
    };
    LayerKind::Reshape { shape }
});
const ZERO_PADDING: Entry =
    entry("ZeroPadding", "border 1d 2d", |_| LayerKind::ZeroPadding { padding: [[1, 1], [1, 1]] });
const UP_SAMPLING: Entry = entry("UpSampling", "resize 1d 2d", |shape| LayerKind::UpSampling {
    factors: if shape.len() == 2 { [2, 1] } else { [2, 2] },
    interpolation: Interpolation::Nearest,
});

fn pool(mode: PoolMode, shape: &[usize]) -> LayerKind {
    let padding = Padding::Valid;
    match shape {
        [_, _] => LayerKind::Pool1D { mode, size: 2, stride: None, padding },
        _ => LayerKind::Pool2D { mode, size: [2, 2], stride: None, padding },
    }
}

fn activation(activation: Activation) -> LayerKind {
    LayerKind::Activation { activation }
}

fn merge(operation: MergeOperation) -> LayerKind {
    LayerKind::Merge { operation }
}

impl Entry {
    /// The layer as it begins behind an output of this shape; empty for an unknown one.
    pub fn kind(&self, shape: &[usize]) -> LayerKind {
        (self.make)(shape)
    }

    /// Its kind, for the colour.
    pub fn category(&self) -> Category {
        category(&self.kind(&[]))
    }
}

/// Entries that hold all words of a query in name or further words; those whose name begins with it come first.
pub fn found(query: &str) -> Vec<Entry> {
    let query = query.trim().to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let all = GROUPS.iter().flat_map(|group| group.entries).chain(&RELATIVES);
    let matches = |entry: &&Entry| {
        let text = format!("{} {}", entry.label.to_lowercase(), entry.words);
        words.iter().all(|word| text.contains(word))
    };
    let mut entries: Vec<Entry> = all.filter(matches).copied().collect();
    entries.sort_by_key(|entry| {
        let label = entry.label.to_lowercase();
        (label != query, !label.starts_with(&query), !label.contains(&query))
    });
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(query: &str) -> Vec<&'static str> {
        found(query).iter().map(|entry| entry.label).collect()
    }

    #[test]
    fn names_that_begin_alike_come_first() {
        assert_eq!(names("conv")[..2], ["Conv2D", "Conv1D"]);
        assert_eq!(names("relu")[..2], ["ReLU", "ReLU6"]);
        assert_eq!(names("mean")[0], "AveragePool");
        assert_eq!(names("residual"), ["Add"]);
        assert!(names("transformer").is_empty());
    }

    #[test]
    fn every_entry_is_named_once() {
        let mut all = names("");
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(count >= 29);
    }

    #[test]
    fn pools_fit_what_they_will_read() {
        assert!(matches!(MAX_POOL.kind(&[49, 10]), LayerKind::Pool1D { .. }));
        assert!(matches!(MAX_POOL.kind(&[49, 10, 8]), LayerKind::Pool2D { .. }));
        assert!(matches!(RESHAPE.kind(&[7, 7, 64]), LayerKind::Reshape { shape } if shape == [7, 448]));
    }
}
