//! Settings to be changed.

use egui::{DragValue, Ui};
use emberlab_core::training::{
    BackendChoice, ClassWeights, EarlyStopping, Loss, Optimizer, Schedule, TrainingConfig,
};
use emberlab_train::{Backend, BackendKind, GPU_GAINS_ABOVE_MICROS, can_normalise_targets, step_micros};

use super::PanelContext;
use super::words::{self, plain};
use crate::command::Command;
use crate::panels::train::inspector::wrapped;
use crate::project::OpenProject;
use crate::project::train::TrainCommand;
use crate::theme::widgets::{ButtonKind, check_input, choice_input, field, number_input, small_button};
use crate::theme::{Icon, Theme, format, text};

pub(super) fn edit_ui(
    ui: &mut Ui,
    settings: &mut TrainingConfig,
    open: &OpenProject,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    loss_ui(ui, theme, settings);
    optimizer_ui(ui, theme, settings);
    small_number(ui, theme, "Learning rate", &mut settings.learning_rate, 10.0);
    schedule_ui(ui, theme, settings);
    whole(ui, theme, "Batch", &mut settings.batch_size, 1..=65_536);
    whole(ui, theme, "Epochs", &mut settings.epochs, 1..=100_000);
    small_number(ui, theme, "Weight decay", &mut settings.weight_decay, 1.0);
    caption(ui, theme, "Samples");
    share(ui, theme, "Kept back", &mut settings.validation_share, 0.9).on_hover_text(
        "Share of the training samples for validation, where the split of the data gives none",
    );
    class_weights_ui(ui, theme, settings, open);
    share(ui, theme, "Label smoothing", &mut settings.label_smoothing, 0.9);
    targets_ui(ui, theme, settings, open);
    let augmentation = &mut settings.augmentation;
    share(ui, theme, "Shift", &mut augmentation.shift, 0.5)
        .on_hover_text("Largest shift along time, or height and width, as a share of the size");
    small_number(ui, theme, "Noise", &mut augmentation.noise, 10.0);
    share(ui, theme, "Scale", &mut augmentation.scale, 1.0)
        .on_hover_text("By how much values may grow or shrink");
    field(ui, theme, "Mirror", |ui| check_input(ui, theme, "half of the pictures", &mut augmentation.mirror));
    caption(ui, theme, "Limits");
    limit(ui, theme, "Largest norm", &mut settings.clip_norm, 1.0);
    limit(ui, theme, "Largest gradient", &mut settings.clip_value, 0.5);
    early_stopping_ui(ui, theme, settings);
    field(ui, theme, "Keep", |ui| check_input(ui, theme, "the best epoch", &mut settings.keep_best));
    field(ui, theme, "Seed", |ui| {
        number_input(ui, theme, "Seed", DragValue::new(&mut settings.seed).speed(0.1));
    });
    caption(ui, theme, "Computing");
    backend_ui(ui, settings, open, ctx);
}

fn caption(ui: &mut Ui, theme: &Theme, words: &str) {
    ui.add_space(10.0);
    ui.label(text::caption(theme, words));
    ui.add_space(2.0);
}

fn loss_ui(ui: &mut Ui, theme: &Theme, settings: &mut TrainingConfig) {
    let delta = match settings.loss {
        Loss::Huber { delta } => delta,
        Loss::SparseCategoricalCrossentropy
        | Loss::CategoricalCrossentropy
        | Loss::BinaryCrossentropy
        | Loss::MeanSquaredError
        | Loss::MeanAbsoluteError => 1.0,
    };
    let choices = [
        Loss::SparseCategoricalCrossentropy,
        Loss::CategoricalCrossentropy,
        Loss::BinaryCrossentropy,
        Loss::MeanSquaredError,
        Loss::MeanAbsoluteError,
        Loss::Huber { delta },
    ];
    choice(ui, theme, "Loss", &mut settings.loss, &choices, words::loss);
    if let Loss::Huber { delta } = &mut settings.loss {
        small_number(ui, theme, "Delta", delta, 100.0);
    }
}

fn optimizer_ui(ui: &mut Ui, theme: &Theme, settings: &mut TrainingConfig) {
    let usual = [Optimizer::SGD, Optimizer::ADAM, Optimizer::ADAM_W, Optimizer::RMS_PROP];
    let name = words::optimizer_name(settings.optimizer);
    let choices =
        usual.map(
            |optimizer| {
                if words::optimizer_name(optimizer) == name { settings.optimizer } else { optimizer }
            },
        );
    let before = settings.optimizer;
    let name = |optimizer| words::optimizer_name(optimizer).to_owned();
    choice(ui, theme, "Optimizer", &mut settings.optimizer, &choices, name);
    if settings.optimizer != before && settings.learning_rate == before.default_learning_rate() {
        settings.learning_rate = settings.optimizer.default_learning_rate();
    }
    match &mut settings.optimizer {
        Optimizer::Sgd { momentum, nesterov } => {
            share(ui, theme, "Momentum", momentum, 0.9999);
            field(ui, theme, "Nesterov", |ui| check_input(ui, theme, "looks ahead", nesterov));
        }
        Optimizer::Adam { beta_1, beta_2, epsilon } | Optimizer::AdamW { beta_1, beta_2, epsilon } => {
            share(ui, theme, "Beta 1", beta_1, 0.9999);
            share(ui, theme, "Beta 2", beta_2, 0.99999);
            small_number(ui, theme, "Epsilon", epsilon, 1.0);
        }
        Optimizer::RmsProp { rho, momentum, epsilon } => {
            share(ui, theme, "Rho", rho, 0.9999);
            share(ui, theme, "Momentum", momentum, 0.9999);
            small_number(ui, theme, "Epsilon", epsilon, 1.0);
        }
    }
}

fn schedule_ui(ui: &mut Ui, theme: &Theme, settings: &mut TrainingConfig) {
    let usual = [
        Schedule::Constant,
        Schedule::Step { factor: 0.5, epochs: 10 },
        Schedule::Cosine { warm_up: 0, final_share: 0.0 },
        Schedule::WarmUp { epochs: 2 },
        Schedule::ReduceOnPlateau { factor: 0.5, patience: 5, minimum: 1e-6 },
    ];
    let name = words::schedule_name(settings.schedule);
    let choices = usual
        .map(|schedule| if words::schedule_name(schedule) == name { settings.schedule } else { schedule });
    let name = |schedule| words::schedule_name(schedule).to_owned();
    choice(ui, theme, "Schedule", &mut settings.schedule, &choices, name);
    match &mut settings.schedule {
        Schedule::Constant => {}
        Schedule::Step { factor, epochs } => {
            share(ui, theme, "Factor", factor, 1.0);
            whole(ui, theme, "Every … epochs", epochs, 1..=10_000);
        }
        Schedule::Cosine { warm_up, final_share } => {
            whole(ui, theme, "Warm-up epochs", warm_up, 0..=10_000);
            share(ui, theme, "Share at the end", final_share, 1.0);
        }
        Schedule::WarmUp { epochs } => whole(ui, theme, "Warm-up epochs", epochs, 1..=10_000),
        Schedule::ReduceOnPlateau { factor, patience, minimum } => {
            share(ui, theme, "Factor", factor, 1.0);
            whole(ui, theme, "Epochs to wait", patience, 1..=10_000);
            small_number(ui, theme, "Never below", minimum, 1.0);
        }
    }
}

fn class_weights_ui(ui: &mut Ui, theme: &Theme, settings: &mut TrainingConfig, open: &OpenProject) {
    let names = open.data.prepared.as_ref().map_or(&[][..], |prepared| &prepared.classes);
    let given = match &settings.class_weights {
        ClassWeights::Given(weights) => weights.clone(),
        ClassWeights::None | ClassWeights::Balanced => vec![1.0; names.len()],
    };
    let mut choices = vec![ClassWeights::None, ClassWeights::Balanced];
    if !given.is_empty() {
        choices.push(ClassWeights::Given(given));
    }
    let name = |weights: ClassWeights| match weights {
        ClassWeights::None => "equal".to_owned(),
        ClassWeights::Balanced => "balanced".to_owned(),
        ClassWeights::Given(_) => "as given".to_owned(),
    };
    choice(ui, theme, "Class weights", &mut settings.class_weights, &choices, name);
    if let ClassWeights::Given(weights) = &mut settings.class_weights {
        for (class, weight) in weights.iter_mut().enumerate() {
            let label = names.get(class).map_or_else(|| class.to_string(), Clone::clone);
            small_number(ui, theme, &label, weight, 1000.0);
        }
    }
}

/// Whether values to predict are normalised; nothing where they cannot be.
fn targets_ui(ui: &mut Ui, theme: &Theme, settings: &mut TrainingConfig, open: &OpenProject) {
    let samples = open.data.prepared.as_ref().map(|prepared| &prepared.train.samples);
    if samples.is_some_and(|samples| can_normalise_targets(&open.project.network, samples)) {
        field(ui, theme, "Targets", |ui| {
            check_input(ui, theme, "normalised", &mut settings.normalise_targets);
        });
        if settings.normalise_targets {
            let words = "Learnt less their mean, over their deviation. Both become part of the last layer: it predicts in the units of the data";
            wrapped(ui, theme, words);
        }
    }
}

fn early_stopping_ui(ui: &mut Ui, theme: &Theme, settings: &mut TrainingConfig) {
    let mut is_on = settings.early_stopping.is_some();
    field(ui, theme, "Early stop", |ui| check_input(ui, theme, "without progress", &mut is_on));
    if is_on != settings.early_stopping.is_some() {
        settings.early_stopping = is_on.then_some(EarlyStopping { patience: 5, minimum_change: 0.0 });
    }
    if let Some(stopping) = &mut settings.early_stopping {
        whole(ui, theme, "Epochs to wait", &mut stopping.patience, 1..=10_000);
        small_number(ui, theme, "Least progress", &mut stopping.minimum_change, 10.0);
    }
}

/// What computes: the choice, what it would be now, and why.
fn backend_ui(ui: &mut Ui, settings: &mut TrainingConfig, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let choices = [BackendChoice::Auto, BackendChoice::Cpu, BackendChoice::Gpu];
    let name = |choice| words::backend(choice).to_owned();
    choice(ui, theme, "Compute on", &mut settings.backend, &choices, name);
    let micros = step_micros(&open.project.network, settings.batch_size);
    let goes_to_cpu = match settings.backend {
        BackendChoice::Cpu => true,
        BackendChoice::Auto => micros < GPU_GAINS_ABOVE_MICROS,
        BackendChoice::Gpu => false,
    };
    ui.add_space(4.0);
    if settings.backend == BackendChoice::Auto {
        let step = format::micros(micros as f64);
        let words = if goes_to_cpu {
            format!("The CPU: a step takes about {step} there (estimate), too short for a GPU to gain")
        } else {
            format!("A GPU if there is a real one: a step takes about {step} on the CPU (estimate)")
        };
        wrapped(ui, theme, &words);
    }
    match &open.train.backends {
        Some(backends) => {
            for info in backends.iter() {
                let kind = kind_words(info.kind);
                wrapped(ui, theme, &format!("{}: {kind}", info.label()));
            }
        }
        None => {
            if small_button(ui, theme, ButtonKind::Ghost, Some(Icon::Search), "Which GPUs are there?")
                .clicked()
            {
                ctx.send(Command::Train(TrainCommand::ListBackends));
            }
        }
    }
    field(ui, theme, "Precision", |ui| {
        check_input(ui, theme, "mixed, float16 products", &mut settings.mixed_precision);
    });
    if settings.mixed_precision && goes_to_cpu {
        wrapped(ui, theme, Backend::cpu().mixed_precision_obstacle().unwrap_or_default());
    } else if settings.mixed_precision {
        wrapped(ui, theme, "Where the GPU has it; the run says if not");
    }
}

fn kind_words(kind: BackendKind) -> &'static str {
    match kind {
        BackendKind::Cpu => "always there, the same bits in every run",
        BackendKind::DiscreteGpu => "a graphics card",
        BackendKind::IntegratedGpu => "beside the processor",
        BackendKind::VirtualGpu => "of a virtual machine, only if chosen",
        BackendKind::SoftwareGpu => "only imitates a GPU, never chosen by itself",
        BackendKind::OtherGpu => "of an unknown kind, never chosen by itself",
    }
}

fn choice<T: Clone + PartialEq>(
    ui: &mut Ui,
    theme: &Theme,
    label: &str,
    value: &mut T,
    choices: &[T],
    name: impl Fn(T) -> String,
) {
    let choices: Vec<(T, String)> =
        choices.iter().map(|choice| (choice.clone(), name(choice.clone()))).collect();
    field(ui, theme, label, |ui| choice_input(ui, theme, label, value, &choices));
}

fn whole(ui: &mut Ui, theme: &Theme, label: &str, value: &mut usize, range: std::ops::RangeInclusive<usize>) {
    field(ui, theme, label, |ui| {
        number_input(ui, theme, label, DragValue::new(value).range(range).speed(0.2));
    });
}

/// A number that is often far below 1: a drag changes it by a part of itself.
fn small_number(ui: &mut Ui, theme: &Theme, label: &str, value: &mut f32, most: f32) {
    let speed = f64::from(value.abs()).max(1e-6) * 0.02;
    let drag = DragValue::new(value)
        .range(0.0..=most)
        .speed(speed)
        .custom_formatter(|value, _| plain(value))
        .custom_parser(|text| text.replace('\u{2212}', "-").trim().parse().ok());
    field(ui, theme, label, |ui| {
        number_input(ui, theme, label, drag);
    });
}

/// A number from 0 to `most`.
fn share(ui: &mut Ui, theme: &Theme, label: &str, value: &mut f32, most: f32) -> egui::Response {
    let drag = DragValue::new(value)
        .range(0.0..=most)
        .speed(0.005)
        .custom_formatter(|value, _| plain((value * 1e5).round() / 1e5))
        .custom_parser(|text| text.trim().parse().ok());
    field(ui, theme, label, |ui| number_input(ui, theme, label, drag))
}

/// A limit that may be none.
fn limit(ui: &mut Ui, theme: &Theme, label: &str, value: &mut Option<f32>, usual: f32) {
    let mut is_on = value.is_some();
    let mut number = value.unwrap_or(usual);
    field(ui, theme, label, |ui| {
        check_input(ui, theme, "", &mut is_on);
        ui.add_enabled_ui(is_on, |ui| {
            let drag = DragValue::new(&mut number).range(1e-6..=1e6).speed(0.01);
            number_input(ui, theme, label, drag);
        });
    });
    *value = is_on.then_some(number);
}
