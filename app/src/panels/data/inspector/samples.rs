//! How samples are made: windows, inputs, target.

use egui::Ui;
use emberlab_core::dataset::{
    Colour, Dataset, Fit, InputPreparation, InputShape, Length, Normalisation, Padding, PictureFit,
    StreamKind, TargetKind, Window,
};

use super::features::features_ui;
use super::{number_field, set, set_input};
use crate::command::Command;
use crate::panels::PanelContext;
use crate::panels::data::{kind_of, plot};
use crate::project::{DataCommand, OpenProject};
use crate::theme::widgets::{
    ButtonKind, check_input, check_inputs, choice_input, field, key_value, section, segmented_small,
    small_button,
};
use crate::theme::{Icon, Theme, format};

pub(super) fn samples_ui(ui: &mut Ui, open: &OpenProject, dataset: &Dataset, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let is_series = dataset.streams.iter().any(|stream| stream.kind == StreamKind::Series);
    if is_series {
        let has_runs = open.data.loaded.as_ref().is_some_and(|loaded| loaded.has_runs);
        section(ui, theme, "Windows", "", |ui| window_ui(ui, open, dataset, has_runs, ctx));
    }
    let inputs = &open.project.preparation.inputs;
    let unnamed: Vec<InputPreparation> = (0..dataset.streams.len())
        .map(|stream| InputPreparation { stream, ..InputPreparation::default() })
        .collect();
    let inputs = if inputs.is_empty() { &unnamed } else { inputs };
    for (number, input) in inputs.iter().enumerate() {
        let name = dataset.streams.get(input.stream).map_or("", |stream| stream.name.as_str());
        let title =
            if inputs.len() > 1 { format!("Input {}, {name}", number + 1) } else { "Input".to_owned() };
        let shape =
            open.data.prepared.as_ref().and_then(|prepared| prepared.train.samples.inputs.get(number));
        let shape = shape.map(|input| {
            let dims: Vec<i32> =
                input.shape.iter().map(|size| i32::try_from(*size).unwrap_or(i32::MAX)).collect();
            format::shape(&dims)
        });
        section(ui, theme, &title, &shape.unwrap_or_default(), |ui| {
            // The controls of two inputs have the same names.
            ui.push_id(number, |ui| input_ui(ui, open, dataset, number, input, ctx));
        });
    }
    section(ui, theme, "Target", "", |ui| target_ui(ui, open, dataset, ctx));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WindowKind {
    Whole,
    Stretched,
    Sliding,
}

fn window_ui(ui: &mut Ui, open: &OpenProject, dataset: &Dataset, has_runs: bool, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let window = open.project.preparation.window;
    let rate = dataset
        .streams
        .iter()
        .find(|stream| stream.kind == StreamKind::Series)
        .and_then(|stream| stream.rate_hz);
    let before = match window {
        Window::Whole => WindowKind::Whole,
        Window::Stretched { .. } => WindowKind::Stretched,
        Window::Sliding { .. } => WindowKind::Sliding,
    };
    let mut kind = before;
    let choices = [
        (WindowKind::Whole, "Whole"),
        (WindowKind::Stretched, "Stretched"),
        (WindowKind::Sliding, "Sliding"),
    ];
    segmented_small(ui, theme, &mut kind, &choices);
    ui.add_space(2.0);
    if kind != before {
        let steps = rate.map_or(100, |rate| (rate.round() as usize).clamp(8, 1_000));
        let new = match kind {
            WindowKind::Whole => Window::Whole,
            WindowKind::Stretched => Window::Stretched { steps },
            WindowKind::Sliding => Window::Sliding {
                length: Length::Steps(steps),
                stride: Length::Steps((steps / 2).max(1)),
                least_share: 0.8,
                short: Padding::ZerosAfter,
            },
        };
        set(open, "window kind", ctx, |preparation| preparation.window = new);
        return;
    }
    match window {
        Window::Whole => {}
        Window::Stretched { steps } => {
            if let Some(steps) = number_field(ui, theme, "Steps", steps, 1..=1_000_000, 1.0, "") {
                set(open, "steps", ctx, |preparation| preparation.window = Window::Stretched { steps });
            }
        }
        Window::Sliding { length, stride, least_share, short } => {
            let new_length = length_ui(ui, theme, "Size", length, rate);
            let new_stride = length_ui(ui, theme, "Stride", stride, rate);
            let mut share = (least_share * 100.0).round();
            if has_runs
                && let Some(new) = number_field(ui, theme, "One label in", share, 1.0..=100.0, 0.5, " %")
            {
                share = new;
            }
            let mut new_short = short;
            field(ui, theme, "If shorter", |ui| {
                let choices = [
                    (Padding::LeaveOut, "leave out"),
                    (Padding::ZerosAfter, "zeros after"),
                    (Padding::ZerosAround, "zeros around"),
                ];
                let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
                choice_input(ui, theme, "If shorter", &mut new_short, &choices);
            });
            let new = Window::Sliding {
                length: new_length,
                stride: new_stride,
                least_share: if (share - (least_share * 100.0).round()).abs() > 0.01 {
                    share / 100.0
                } else {
                    least_share
                },
                short: new_short,
            };
            if new != window {
                set(open, "sliding window", ctx, |preparation| preparation.window = new);
            }
        }
    }
}

/// A length in seconds or steps, with a switch between the two where the rate is known.
fn length_ui(ui: &mut Ui, theme: &Theme, label: &str, length: Length, rate: Option<f64>) -> Length {
    let mut new = length;
    field(ui, theme, label, |ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if let Some(rate) = rate.filter(|rate| *rate > 0.0) {
                let mut seconds = matches!(length, Length::Seconds(_));
                if segmented_small(ui, theme, &mut seconds, &[(false, "steps"), (true, "s")]) {
                    new = match length {
                        Length::Steps(steps) => {
                            Length::Seconds((steps as f64 / rate * 1000.0).round() / 1000.0)
                        }
                        Length::Seconds(seconds) => Length::Steps(((seconds * rate).round() as usize).max(1)),
                    };
                }
            }
            let width = ui.available_width();
            match &mut new {
                Length::Steps(steps) => {
                    let drag = egui::DragValue::new(steps).range(1..=1_000_000).speed(1.0);
                    let drag = drag.clamp_existing_to_range(false);
                    crate::theme::widgets::narrow_number_input(ui, theme, label, width, drag);
                }
                Length::Seconds(seconds) => {
                    let drag =
                        egui::DragValue::new(seconds).range(0.001..=86_400.0).speed(0.01).max_decimals(3);
                    let drag = drag.clamp_existing_to_range(false);
                    crate::theme::widgets::narrow_number_input(ui, theme, label, width, drag);
                }
            }
        });
    });
    new
}

fn input_ui(
    ui: &mut Ui,
    open: &OpenProject,
    dataset: &Dataset,
    number: usize,
    input: &InputPreparation,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    let mut new = input.clone();
    match kind_of(dataset, input.stream) {
        Some(StreamKind::Pictures) => picture_ui(ui, theme, dataset, &mut new),
        Some(StreamKind::Series) => {
            let own = dataset.streams[input.stream].rate_hz;
            let mut resample = new.rate_hz.is_some();
            if check_input(ui, theme, "Bring all to one rate", &mut resample) {
                new.rate_hz = resample.then(|| own.unwrap_or(100.0));
            }
            if let Some(rate) = new.rate_hz
                && let Some(rate) =
                    number_field(ui, theme, "Rate", rate, 1e-6..=192_000.0, rate / 200.0, " Hz")
            {
                new.rate_hz = Some(rate);
            }
            channels_ui(ui, theme, dataset, &mut new);
            features_ui(ui, theme, own, &mut new);
        }
        Some(StreamKind::Values { .. }) => channels_ui(ui, theme, dataset, &mut new),
        None => {}
    }
    normalisation_ui(ui, theme, &mut new.normalisation);
    field(ui, theme, "Shape", |ui| {
        let choices = [
            (InputShape::Natural, "as it comes"),
            (InputShape::Flat, "one dimension"),
            (InputShape::WithChannel, "one more dimension"),
        ];
        let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
        choice_input(ui, theme, "Shape", &mut new.shape, &choices);
    });
    if new != *input {
        set_input(open, number, "input", ctx, |input| *input = new);
    }
    fitted_ui(ui, open, number, theme);
}

/// The normalisation in numbers, as it came out of the training samples.
fn fitted_ui(ui: &mut Ui, open: &OpenProject, number: usize, theme: &Theme) {
    let own = open.project.preparation.inputs.get(number);
    if own.is_none_or(|input| !input.normalisation.is_fitted()) {
        return;
    }
    let prepared = open.data.prepared.as_ref();
    let fitted = prepared.and_then(|prepared| prepared.preparation.inputs.get(number)?.fitted.as_ref());
    let Some(affine) = fitted.and_then(|fitted| fitted.normalisation.as_ref()) else { return };
    let list = |values: &[f32]| {
        let shown: Vec<String> = values.iter().take(4).map(|value| plot::number(f64::from(*value))).collect();
        if values.len() > 4 { format!("{}, …", shown.join(", ")) } else { shown.join(", ") }
    };
    key_value(ui, theme, "Less", &list(&affine.offset));
    key_value(ui, theme, "Times", &list(&affine.scale));
}

fn picture_ui(ui: &mut Ui, theme: &Theme, dataset: &Dataset, input: &mut InputPreparation) {
    let mut resize = input.picture.is_some();
    if check_input(ui, theme, "Bring all to one size", &mut resize) {
        let first = dataset.recordings.first().and_then(|recording| recording.contents.get(input.stream));
        let (height, width) = match first {
            Some(emberlab_core::dataset::Content::Picture(picture)) => (picture.height, picture.width),
            _ => (96, 96),
        };
        let fit = PictureFit {
            height: height.min(256),
            width: width.min(256),
            fit: Fit::Crop,
            colour: Colour::Keep,
        };
        input.picture = resize.then_some(fit);
    }
    let Some(fit) = &mut input.picture else { return };
    if let Some(width) = number_field(ui, theme, "Width", fit.width, 1..=1024, 0.5, " px") {
        fit.width = width;
    }
    if let Some(height) = number_field(ui, theme, "Height", fit.height, 1..=1024, 0.5, " px") {
        fit.height = height;
    }
    field(ui, theme, "Proportions", |ui| {
        let choices = [(Fit::Crop, "cut the sides off"), (Fit::Stretch, "stretch"), (Fit::Bars, "bars")];
        let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
        choice_input(ui, theme, "Proportions", &mut fit.fit, &choices);
    });
    field(ui, theme, "Colours", |ui| {
        let choices =
            [(Colour::Keep, "as they are"), (Colour::Grey, "grey"), (Colour::Rgb, "red, green, blue")];
        let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
        choice_input(ui, theme, "Colours", &mut fit.colour, &choices);
    });
}

/// Channels that are used; all of them are kept as an empty list.
fn channels_ui(ui: &mut Ui, theme: &Theme, dataset: &Dataset, input: &mut InputPreparation) {
    let Some(stream) = dataset.streams.get(input.stream) else { return };
    let count = stream.channels.len();
    if !(2..=24).contains(&count) {
        return;
    }
    let all: Vec<usize> = (0..count).collect();
    let mut used = if input.channels.is_empty() { all.clone() } else { input.channels.clone() };
    let name =
        |channel: usize, name: &String| if name.is_empty() { channel.to_string() } else { name.clone() };
    let boxes: Vec<(String, bool)> = stream
        .channels
        .iter()
        .enumerate()
        .map(|(channel, label)| (name(channel, label), used.contains(&channel)))
        .collect();
    match check_inputs(ui, theme, &boxes) {
        Some(channel) if !used.contains(&channel) => {
            used.push(channel);
            used.sort_unstable();
        }
        // The last one stays: an input needs something.
        Some(channel) if used.len() > 1 => used.retain(|known| *known != channel),
        Some(_) | None => {}
    }
    let new = if used == all { Vec::new() } else { used };
    if new != input.channels {
        input.channels = new;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NormalisationKind {
    None,
    Scale,
    ZeroToOne,
    Deviation,
}

fn normalisation_ui(ui: &mut Ui, theme: &Theme, normalisation: &mut Normalisation) {
    let (before, per_channel) = match *normalisation {
        Normalisation::None => (NormalisationKind::None, true),
        Normalisation::Scale { .. } => (NormalisationKind::Scale, true),
        Normalisation::ZeroToOne { per_channel } => (NormalisationKind::ZeroToOne, per_channel),
        Normalisation::StandardDeviation { per_channel } => (NormalisationKind::Deviation, per_channel),
    };
    let (mut kind, mut new_per_channel) = (before, per_channel);
    field(ui, theme, "Normalise", |ui| {
        let choices = [
            (NormalisationKind::None, "not at all"),
            (NormalisationKind::Scale, "times a factor"),
            (NormalisationKind::ZeroToOne, "to 0 … 1"),
            (NormalisationKind::Deviation, "mean 0, deviation 1"),
        ];
        let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
        choice_input(ui, theme, "Normalise", &mut kind, &choices);
    });
    match kind {
        NormalisationKind::None => {}
        NormalisationKind::Scale => {
            if let Normalisation::Scale { factor, offset } = normalisation {
                if let Some(new) = number_field(ui, theme, "Factor", *factor, -1e6..=1e6, 0.001, "") {
                    *factor = new;
                }
                if let Some(new) = number_field(ui, theme, "Then plus", *offset, -1e6..=1e6, 0.01, "") {
                    *offset = new;
                }
            }
        }
        NormalisationKind::ZeroToOne | NormalisationKind::Deviation => {
            check_input(ui, theme, "Each channel on its own", &mut new_per_channel);
        }
    }
    if kind != before || new_per_channel != per_channel {
        *normalisation = match kind {
            NormalisationKind::None => Normalisation::None,
            NormalisationKind::Scale => Normalisation::LEVELS,
            NormalisationKind::ZeroToOne => Normalisation::ZeroToOne { per_channel: new_per_channel },
            NormalisationKind::Deviation => Normalisation::StandardDeviation { per_channel: new_per_channel },
        };
    }
}

fn target_ui(ui: &mut Ui, open: &OpenProject, dataset: &Dataset, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let preparation = &open.project.preparation;
    let mut target = preparation.target;
    field(ui, theme, "Learns", |ui| {
        let choices = [
            (TargetKind::Classes, "the class"),
            (TargetKind::Values, "the numbers"),
            (TargetKind::Inputs, "its own input"),
            (TargetKind::None, "nothing"),
        ];
        let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
        choice_input(ui, theme, "Learns", &mut target, &choices);
    });
    if target != preparation.target {
        set(open, "target", ctx, |preparation| preparation.target = target);
    }
    if target == TargetKind::Inputs && dataset.classes.len() > 1 {
        let mut class = match &preparation.training_classes[..] {
            [one] => one.clone(),
            _ => String::new(),
        };
        let before = class.clone();
        field(ui, theme, "Trained on", |ui| {
            let all = (String::new(), "all classes".to_owned());
            let classes = dataset.classes.iter().map(|class| (class.clone(), class.clone()));
            let choices: Vec<(String, String)> = std::iter::once(all).chain(classes).collect();
            choice_input(ui, theme, "Trained on", &mut class, &choices);
        });
        if class != before {
            let classes = if class.is_empty() { Vec::new() } else { vec![class] };
            set(open, "training classes", ctx, |preparation| preparation.training_classes = classes);
        }
    }
    ui.add_space(4.0);
    let suggest = small_button(ui, theme, ButtonKind::Ghost, Some(Icon::Sparkles), "Use what suits the data");
    if suggest.on_hover_text("Windows, features, normalisation and split as at the beginning").clicked() {
        ctx.send(Command::Data(DataCommand::Suggest));
    }
}
