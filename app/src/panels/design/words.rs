//! Layers in a few words: category, second line of the card, what assistive tools say.

use emberlab_core::layers::{Activation, Interpolation, LayerKind, Padding, shape_text};

use crate::theme::Category;

/// The kind of operator that a layer becomes, for its colour.
pub fn category(kind: &LayerKind) -> Category {
    match kind {
        LayerKind::Conv1D { .. } | LayerKind::Conv2D { .. } => Category::Conv,
        LayerKind::DepthwiseConv2D { .. } | LayerKind::SeparableConv2D { .. } => Category::Depthwise,
        LayerKind::Dense { .. } => Category::Dense,
        LayerKind::Pool1D { .. } | LayerKind::Pool2D { .. } | LayerKind::GlobalPool { .. } => Category::Pool,
        LayerKind::BatchNorm { .. } | LayerKind::Activation { .. } | LayerKind::Dropout { .. } => {
            Category::Activation
        }
        LayerKind::Merge { .. } => Category::Arithmetic,
        LayerKind::Lstm { .. } => Category::Recurrent,
        LayerKind::Input { .. }
        | LayerKind::Flatten {}
        | LayerKind::Reshape { .. }
        | LayerKind::ZeroPadding { .. }
        | LayerKind::UpSampling { .. }
        | LayerKind::Concatenate { .. } => Category::Shape,
    }
}

/// What tells a layer from others of its kind, `64 of 10×4, stride 2, ReLU`.
pub fn details(kind: &LayerKind) -> String {
    let mut parts: Vec<String> = Vec::new();
    match kind {
        LayerKind::Input { .. } | LayerKind::Flatten {} | LayerKind::Merge { .. } => {}
        LayerKind::Dense { units, activation, .. } => {
            parts.push(counted(*units, "unit"));
            parts.extend(activation_part(*activation));
        }
        LayerKind::Conv1D { filters, kernel, stride, padding, dilation, activation, .. } => {
            parts.push(format!("{filters} of {kernel}"));
            parts.extend(stride_part(&[*stride]));
            parts.extend(dilation_part(&[*dilation]));
            parts.extend(kernel_padding_part(*padding, *kernel > 1));
            parts.extend(activation_part(*activation));
        }
        LayerKind::Conv2D { filters, kernel, stride, padding, dilation, activation, .. } => {
            parts.push(format!("{filters} of {}", shape_text(kernel)));
            parts.extend(stride_part(stride));
            parts.extend(dilation_part(dilation));
            parts.extend(kernel_padding_part(*padding, *kernel != [1, 1]));
            parts.extend(activation_part(*activation));
        }
        LayerKind::DepthwiseConv2D {
            kernel,
            stride,
            padding,
            depth_multiplier,
            dilation,
            activation,
            ..
        } => {
            parts.push(shape_text(kernel));
            if *depth_multiplier != 1 {
                parts.push(format!("times {depth_multiplier}"));
            }
            parts.extend(stride_part(stride));
            parts.extend(dilation_part(dilation));
            parts.extend(kernel_padding_part(*padding, *kernel != [1, 1]));
            parts.extend(activation_part(*activation));
        }
        LayerKind::SeparableConv2D { filters, kernel, stride, padding, activation, .. } => {
            parts.push(format!("{filters} of {}", shape_text(kernel)));
            parts.extend(stride_part(stride));
            parts.extend(kernel_padding_part(*padding, *kernel != [1, 1]));
            parts.extend(activation_part(*activation));
        }
        LayerKind::Pool1D { size, stride, padding, .. } => {
            parts.push(size.to_string());
            parts.extend(stride.filter(|stride| stride != size).map(|stride| format!("stride {stride}")));
            parts.extend(padding_part(*padding, Padding::Valid));
        }
        LayerKind::Pool2D { size, stride, padding, .. } => {
            parts.push(shape_text(size));
            let stride = stride.filter(|stride| stride != size);
            parts.extend(stride.map(|stride| format!("stride {}", pair_text(&stride))));
            parts.extend(padding_part(*padding, Padding::Valid));
        }
        LayerKind::GlobalPool { .. } => parts.push("each channel".to_owned()),
        LayerKind::BatchNorm { .. } => {}
        LayerKind::Activation { activation } => {
            if let Activation::LeakyRelu { slope } = activation {
                parts.push(format!("slope {slope}"));
            }
        }
        LayerKind::Dropout { rate } => parts.push(format!("{rate} while training")),
        LayerKind::Reshape { shape } => parts.push(format!("to {}", shape_text(shape))),
        LayerKind::ZeroPadding { padding: [rows, columns] } => {
            parts
                .push(format!("{} and {} rows, {} and {} columns", rows[0], rows[1], columns[0], columns[1]));
        }
        LayerKind::UpSampling { factors, interpolation } => {
            parts.push(format!("times {}", shape_text(factors)));
            parts.push(interpolation_label(*interpolation).to_owned());
        }
        LayerKind::Concatenate { axis } => {
            if *axis != -1 {
                parts.push(format!("axis {axis}"));
            }
        }
        LayerKind::Lstm { units, return_sequences, .. } => {
            parts.push(counted(*units, "unit"));
            parts.push(if *return_sequences { "all steps" } else { "last step" }.to_owned());
        }
    }
    parts.join(", ")
}

/// The name of an interpolation in menus.
pub fn interpolation_label(interpolation: Interpolation) -> &'static str {
    match interpolation {
        Interpolation::Nearest => "nearest",
        Interpolation::Bilinear => "bilinear",
    }
}

/// The name of a padding in menus.
pub fn padding_label(padding: Padding) -> &'static str {
    match padding {
        Padding::Valid => "valid",
        Padding::Same => "same",
    }
}

/// The one number that makes a layer larger or smaller, and what it is called.
pub fn main_number(kind: &LayerKind) -> Option<(&'static str, usize)> {
    match kind {
        LayerKind::Dense { units, .. } | LayerKind::Lstm { units, .. } => Some(("Units", *units)),
        LayerKind::Conv1D { filters, .. }
        | LayerKind::Conv2D { filters, .. }
        | LayerKind::SeparableConv2D { filters, .. } => Some(("Filters", *filters)),
        LayerKind::Input { .. }
        | LayerKind::DepthwiseConv2D { .. }
        | LayerKind::Pool1D { .. }
        | LayerKind::Pool2D { .. }
        | LayerKind::GlobalPool { .. }
        | LayerKind::BatchNorm { .. }
        | LayerKind::Activation { .. }
        | LayerKind::Dropout { .. }
        | LayerKind::Flatten {}
        | LayerKind::Reshape { .. }
        | LayerKind::ZeroPadding { .. }
        | LayerKind::UpSampling { .. }
        | LayerKind::Merge { .. }
        | LayerKind::Concatenate { .. } => None,
    }
}

/// The layer with another [`main_number`]; as it is for kinds without one.
pub fn with_main_number(kind: &LayerKind, number: usize) -> LayerKind {
    let mut kind = kind.clone();
    match &mut kind {
        LayerKind::Dense { units: place, .. }
        | LayerKind::Lstm { units: place, .. }
        | LayerKind::Conv1D { filters: place, .. }
        | LayerKind::Conv2D { filters: place, .. }
        | LayerKind::SeparableConv2D { filters: place, .. } => *place = number,
        LayerKind::Input { .. }
        | LayerKind::DepthwiseConv2D { .. }
        | LayerKind::Pool1D { .. }
        | LayerKind::Pool2D { .. }
        | LayerKind::GlobalPool { .. }
        | LayerKind::BatchNorm { .. }
        | LayerKind::Activation { .. }
        | LayerKind::Dropout { .. }
        | LayerKind::Flatten {}
        | LayerKind::Reshape { .. }
        | LayerKind::ZeroPadding { .. }
        | LayerKind::UpSampling { .. }
        | LayerKind::Merge { .. }
        | LayerKind::Concatenate { .. } => {}
    }
    kind
}

/// A pair as one number where both are equal, `2` or `2×1`.
pub fn pair_text(pair: &[usize]) -> String {
    match pair {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => first.to_string(),
        _ => shape_text(pair),
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn activation_part(activation: Activation) -> Option<String> {
    (activation != Activation::Linear).then(|| activation.label().to_owned())
}

fn stride_part(stride: &[usize]) -> Option<String> {
    stride.iter().any(|step| *step != 1).then(|| format!("stride {}", pair_text(stride)))
}

fn dilation_part(dilation: &[usize]) -> Option<String> {
    dilation.iter().any(|step| *step != 1).then(|| format!("dilation {}", pair_text(dilation)))
}

/// A window of one value needs no padding.
fn kernel_padding_part(padding: Padding, matters: bool) -> Option<String> {
    if matters { padding_part(padding, Padding::Same) } else { None }
}

/// Padding is named where it is not what most people take: `same` for kernels, `valid` for pools.
fn padding_part(padding: Padding, usual: Padding) -> Option<String> {
    (padding != usual).then(|| padding_label(padding).to_owned())
}

#[cfg(test)]
mod tests {
    use emberlab_core::layers::{PoolMode, WeightOptions};

    use super::*;

    fn check(kind: &LayerKind, expected: &str) {
        assert_eq!(details(kind), expected);
    }

    #[test]
    fn layers_are_told_from_others_of_their_kind() {
        let weights = WeightOptions::default();
        let convolution = LayerKind::Conv2D {
            filters: 64,
            kernel: [10, 4],
            stride: [2, 2],
            padding: Padding::Same,
            dilation: [1, 1],
            activation: Activation::Relu,
            weights,
        };
        check(&convolution, "64 of 10×4, stride 2, ReLU");
        check(&with_main_number(&convolution, 8), "8 of 10×4, stride 2, ReLU");
        assert_eq!(main_number(&convolution), Some(("Filters", 64)));
        check(&LayerKind::Dense { units: 1, activation: Activation::Linear, weights }, "1 unit");
        let size = [2, 2];
        let pool = |stride| LayerKind::Pool2D { mode: PoolMode::Max, size, stride, padding: Padding::Valid };
        check(&pool(None), "2×2");
        check(&pool(Some([2, 1])), "2×2, stride 2×1");
        check(&LayerKind::Lstm { units: 64, return_sequences: true, weights }, "64 units, all steps");
        check(&LayerKind::Flatten {}, "");
    }
}
