//! The numbers of a layer, as fields.

use egui::Ui;
use emberlab_core::layers::{
    Activation, Initializer, Interpolation, LayerKind, MergeOperation, Padding, PoolMode, WeightOptions,
};

use super::form::{Changes, Form};
use crate::panels::design::words::{interpolation_label, padding_label};
use crate::theme::Theme;

const SIDES: [&str; 2] = ["height", "width"];

/// Activations in the order of the menu.
pub const ACTIVATIONS: [Activation; 8] = [
    Activation::Linear,
    Activation::Relu,
    Activation::Relu6,
    Activation::LeakyRelu { slope: 0.3 },
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Softmax,
    Activation::HardSwish,
];

const MERGES: [MergeOperation; 5] = [
    MergeOperation::Add,
    MergeOperation::Subtract,
    MergeOperation::Multiply,
    MergeOperation::Average,
    MergeOperation::Maximum,
];

const INITIALIZERS: [(Initializer, &str); 6] = [
    (Initializer::GlorotUniform, "Glorot uniform"),
    (Initializer::GlorotNormal, "Glorot normal"),
    (Initializer::HeUniform, "He uniform"),
    (Initializer::HeNormal, "He normal"),
    (Initializer::LecunUniform, "LeCun uniform"),
    (Initializer::Zeros, "zeros"),
];

const YES_NO: [(bool, &str); 2] = [(true, "yes"), (false, "no")];

/// Fields for everything that a layer of the kind has; changes `kind`.
pub fn kind_ui(ui: &mut Ui, theme: &Theme, kind: &mut LayerKind) -> Changes {
    let mut form = Form::new(ui, theme);
    fields(&mut form, kind);
    form.changes
}

fn fields(form: &mut Form<'_>, kind: &mut LayerKind) {
    match kind {
        LayerKind::Input { shape } | LayerKind::Reshape { shape } => form.shape("Shape", shape),
        LayerKind::Dense { units, activation, weights } => {
            form.count("Units", units, 1);
            activation_fields(form, activation);
            weights_fields(form, weights);
        }
        LayerKind::Conv1D { filters, kernel, stride, padding, dilation, activation, weights } => {
            form.count("Filters", filters, 1);
            form.count("Kernel", kernel, 1);
            form.count("Stride", stride, 1);
            padding_field(form, padding);
            form.count("Dilation", dilation, 1);
            activation_fields(form, activation);
            weights_fields(form, weights);
        }
        LayerKind::Conv2D { filters, kernel, stride, padding, dilation, activation, weights } => {
            form.count("Filters", filters, 1);
            form.pair("Kernel", SIDES, kernel, 1);
            form.pair("Stride", SIDES, stride, 1);
            padding_field(form, padding);
            form.pair("Dilation", SIDES, dilation, 1);
            activation_fields(form, activation);
            weights_fields(form, weights);
        }
        LayerKind::DepthwiseConv2D {
            kernel,
            stride,
            padding,
            depth_multiplier,
            dilation,
            activation,
            weights,
        } => {
            form.pair("Kernel", SIDES, kernel, 1);
            form.pair("Stride", SIDES, stride, 1);
            padding_field(form, padding);
            form.count("Multiplier", depth_multiplier, 1);
            form.pair("Dilation", SIDES, dilation, 1);
            activation_fields(form, activation);
            weights_fields(form, weights);
        }
        LayerKind::SeparableConv2D {
            filters,
            kernel,
            stride,
            padding,
            depth_multiplier,
            activation,
            weights,
        } => {
            form.count("Filters", filters, 1);
            form.pair("Kernel", SIDES, kernel, 1);
            form.pair("Stride", SIDES, stride, 1);
            padding_field(form, padding);
            form.count("Multiplier", depth_multiplier, 1);
            activation_fields(form, activation);
            weights_fields(form, weights);
        }
        LayerKind::Pool1D { mode, size, stride, padding } => {
            mode_field(form, mode);
            form.count("Window", size, 1);
            let mut step = stride.unwrap_or(*size);
            form.count("Stride", &mut step, 1);
            *stride = (step != *size).then_some(step);
            padding_field(form, padding);
        }
        LayerKind::Pool2D { mode, size, stride, padding } => {
            mode_field(form, mode);
            form.pair("Window", SIDES, size, 1);
            let mut step = stride.unwrap_or(*size);
            form.pair("Stride", SIDES, &mut step, 1);
            *stride = (step != *size).then_some(step);
            padding_field(form, padding);
        }
        LayerKind::GlobalPool { mode } => mode_field(form, mode),
        LayerKind::BatchNorm { momentum, epsilon } => {
            form.real("Momentum", momentum, 0.001, 0.0..=1.0);
            form.real("Epsilon", epsilon, 0.0001, 0.000_001..=1.0);
        }
        LayerKind::Activation { activation } => activation_fields(form, activation),
        LayerKind::Dropout { rate } => form.real("Rate", rate, 0.005, 0.0..=0.99),
        LayerKind::Flatten {} => {}
        LayerKind::ZeroPadding { padding: [rows, columns] } => {
            form.pair("Rows", ["above", "below"], rows, 0);
            form.pair("Columns", ["left", "right"], columns, 0);
        }
        LayerKind::UpSampling { factors, interpolation } => {
            form.pair("Factor", SIDES, factors, 1);
            let choices = [Interpolation::Nearest, Interpolation::Bilinear]
                .map(|choice| (choice, interpolation_label(choice)));
            form.choice("Between", interpolation, &choices);
        }
        LayerKind::Merge { operation } => {
            form.choice("Operation", operation, &MERGES.map(|choice| (choice, choice.label())));
        }
        LayerKind::Concatenate { axis } => {
            form.choice("Axis", axis, &[(-1, "last"), (0, "first"), (1, "second"), (2, "third")]);
        }
        LayerKind::Lstm { units, return_sequences, weights } => {
            form.count("Units", units, 1);
            form.choice("Gives", return_sequences, &[(false, "last step"), (true, "all steps")]);
            weights_fields(form, weights);
        }
    }
}

fn mode_field(form: &mut Form<'_>, mode: &mut PoolMode) {
    form.choice("Takes", mode, &[(PoolMode::Max, "largest"), (PoolMode::Average, "mean")]);
}

fn padding_field(form: &mut Form<'_>, padding: &mut Padding) {
    let choices = [Padding::Same, Padding::Valid].map(|choice| (choice, padding_label(choice)));
    form.choice("Padding", padding, &choices);
}

fn activation_fields(form: &mut Form<'_>, activation: &mut Activation) {
    // The slope is a field of its own: in the menu all slopes are one choice.
    let mut name = activation.label();
    let choices = ACTIVATIONS.map(|choice| (choice.label(), choice.label()));
    form.choice("Activation", &mut name, &choices);
    if name != activation.label()
        && let Some(chosen) = ACTIVATIONS.iter().find(|choice| choice.label() == name)
    {
        *activation = *chosen;
    }
    if let Activation::LeakyRelu { slope } = activation {
        form.real("Slope", slope, 0.005, 0.0..=1.0);
    }
}

fn weights_fields(form: &mut Form<'_>, weights: &mut WeightOptions) {
    let WeightOptions { bias, initializer, l1, l2 } = weights;
    form.choice("Bias", bias, &YES_NO);
    form.choice("Initialiser", initializer, &INITIALIZERS);
    form.real("L1", l1, 0.0001, 0.0..=10.0);
    form.real("L2", l2, 0.0001, 0.0..=10.0);
}
