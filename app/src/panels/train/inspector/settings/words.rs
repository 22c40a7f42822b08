//! Settings in words and figures.

use emberlab_core::training::{
    Augmentation, BackendChoice, ClassWeights, EarlyStopping, Loss, Optimizer, Schedule, TrainingConfig,
};

use crate::theme::format;

/// Label and value of every setting; those that do nothing are left out, but for the usual ones.
pub(super) fn rows(settings: &TrainingConfig) -> Vec<(&'static str, String)> {
    let number = |value: f32| plain(f64::from(value));
    let mut rows = vec![
        ("Loss", loss(settings.loss)),
        ("Optimizer", optimizer(settings.optimizer)),
        ("Learning rate", number(settings.learning_rate)),
        ("Schedule", schedule(settings.schedule)),
        ("Batch", format::count(settings.batch_size as u64)),
        ("Epochs", format::count(settings.epochs as u64)),
        ("Weight decay", number(settings.weight_decay)),
    ];
    rows.extend(settings.clip_norm.map(|limit| ("Largest norm", number(limit))));
    rows.extend(settings.clip_value.map(|limit| ("Largest gradient", number(limit))));
    rows.push(("Augment", augmentation(settings.augmentation)));
    if settings.label_smoothing > 0.0 {
        rows.push(("Label smoothing", number(settings.label_smoothing)));
    }
    if settings.class_weights != ClassWeights::None {
        rows.push(("Class weights", class_weights(&settings.class_weights)));
    }
    let is_of_values = match settings.loss {
        Loss::MeanSquaredError | Loss::MeanAbsoluteError | Loss::Huber { .. } => true,
        Loss::SparseCategoricalCrossentropy | Loss::CategoricalCrossentropy | Loss::BinaryCrossentropy => {
            false
        }
    };
    if is_of_values && !settings.normalise_targets {
        rows.push(("Targets", "not normalised".to_owned()));
    }
    rows.push(("Kept back", format::percent_whole(f64::from(settings.validation_share))));
    rows.push(("Early stop", settings.early_stopping.map_or_else(|| "never".to_owned(), early_stopping)));
    rows.push(("Keeps", if settings.keep_best { "the best epoch" } else { "the last epoch" }.to_owned()));
    rows.push(("Seed", settings.seed.to_string()));
    rows.push(("Computes on", backend(settings.backend).to_owned()));
    if settings.mixed_precision {
        rows.push(("Precision", "mixed, where it can be had".to_owned()));
    }
    rows
}

/// A number as short as it is.
pub(super) fn plain(value: f64) -> String {
    // An f32 as its decimal text has it: 0.001, not 0.0010000000475.
    let short = (value as f32).to_string();
    if short.len() <= 10 { short.replace('-', "\u{2212}") } else { format::significant(value, 4) }
}

pub(super) fn loss(loss: Loss) -> String {
    match loss {
        Loss::SparseCategoricalCrossentropy => "cross-entropy".to_owned(),
        Loss::CategoricalCrossentropy => "cross-entropy, one-hot".to_owned(),
        Loss::BinaryCrossentropy => "binary cross-entropy".to_owned(),
        Loss::MeanSquaredError => "mean squared error".to_owned(),
        Loss::MeanAbsoluteError => "mean absolute error".to_owned(),
        Loss::Huber { delta } => format!("Huber, {}", plain(f64::from(delta))),
    }
}

pub(super) fn optimizer_name(optimizer: Optimizer) -> &'static str {
    match optimizer {
        Optimizer::Sgd { .. } => "SGD",
        Optimizer::Adam { .. } => "Adam",
        Optimizer::AdamW { .. } => "AdamW",
        Optimizer::RmsProp { .. } => "RMSprop",
    }
}

/// The name, and what differs from Keras's settings.
fn optimizer(optimizer: Optimizer) -> String {
    let name = optimizer_name(optimizer);
    let usual = [Optimizer::SGD, Optimizer::ADAM, Optimizer::ADAM_W, Optimizer::RMS_PROP];
    if usual.contains(&optimizer) {
        return name.to_owned();
    }
    let number = |value: f32| plain(f64::from(value));
    match optimizer {
        Optimizer::Sgd { momentum, nesterov } => {
            format!("{name}, momentum {}{}", number(momentum), if nesterov { ", Nesterov" } else { "" })
        }
        Optimizer::Adam { beta_1, beta_2, epsilon } | Optimizer::AdamW { beta_1, beta_2, epsilon } => {
            format!("{name} {} {} {}", number(beta_1), number(beta_2), number(epsilon))
        }
        Optimizer::RmsProp { rho, momentum, epsilon } => {
            format!("{name} {} {} {}", number(rho), number(momentum), number(epsilon))
        }
    }
}

pub(super) fn schedule_name(schedule: Schedule) -> &'static str {
    match schedule {
        Schedule::Constant => "constant",
        Schedule::Step { .. } => "steps",
        Schedule::Cosine { .. } => "cosine",
        Schedule::WarmUp { .. } => "warm-up",
        Schedule::ReduceOnPlateau { .. } => "on plateaus",
    }
}

fn schedule(schedule: Schedule) -> String {
    let name = schedule_name(schedule);
    match schedule {
        Schedule::Constant => name.to_owned(),
        Schedule::Step { factor, epochs } => format!("{name}, ×{} every {epochs}", plain(f64::from(factor))),
        Schedule::Cosine { warm_up: 0, .. } => name.to_owned(),
        Schedule::Cosine { warm_up, .. } => format!("{name}, warm-up {warm_up}"),
        Schedule::WarmUp { epochs } => format!("{name} {epochs}"),
        Schedule::ReduceOnPlateau { factor, patience, .. } => {
            format!("{name}, ×{} after {patience}", plain(f64::from(factor)))
        }
    }
}

fn augmentation(augmentation: Augmentation) -> String {
    let Augmentation { shift, noise, scale, mirror } = augmentation;
    let parts = [(shift > 0.0, "shift"), (noise > 0.0, "noise"), (scale > 0.0, "scale"), (mirror, "mirror")];
    let names: Vec<&str> = parts.into_iter().filter(|(is_on, _)| *is_on).map(|(_, name)| name).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn class_weights(weights: &ClassWeights) -> String {
    match weights {
        ClassWeights::None => "equal".to_owned(),
        ClassWeights::Balanced => "balanced".to_owned(),
        ClassWeights::Given(weights) => {
            weights.iter().map(|weight| plain(f64::from(*weight))).collect::<Vec<_>>().join(" ")
        }
    }
}

fn early_stopping(stopping: EarlyStopping) -> String {
    format!("after {} without a better one", stopping.patience)
}

pub(super) fn backend(choice: BackendChoice) -> &'static str {
    match choice {
        BackendChoice::Auto => "what is faster",
        BackendChoice::Cpu => "the CPU",
        BackendChoice::Gpu => "a GPU",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_short_as_they_are() {
        for (value, text) in
            [(0.001, "0.001"), (1e-7, "0.0000001"), (0.1, "0.1"), (64.0, "64"), (-0.5, "\u{2212}0.5")]
        {
            assert_eq!(plain(f64::from(value as f32)), text);
        }
    }

    #[test]
    fn what_differs_from_keras_is_said() {
        assert_eq!(optimizer(Optimizer::ADAM), "Adam");
        assert_eq!(
            optimizer(Optimizer::Sgd { momentum: 0.9, nesterov: true }),
            "SGD, momentum 0.9, Nesterov"
        );
        assert_eq!(schedule(Schedule::Cosine { warm_up: 2, final_share: 0.0 }), "cosine, warm-up 2");
        let augment = Augmentation { shift: 0.1, noise: 0.2, ..Augmentation::default() };
        assert_eq!(augmentation(augment), "shift, noise");
    }

    #[test]
    fn every_setting_has_a_row() {
        let settings = TrainingConfig {
            clip_norm: Some(1.0),
            clip_value: Some(0.5),
            label_smoothing: 0.1,
            class_weights: ClassWeights::Balanced,
            mixed_precision: true,
            loss: Loss::MeanSquaredError,
            normalise_targets: false,
            ..TrainingConfig::default()
        };
        let labels: Vec<&str> = rows(&settings).into_iter().map(|(label, _)| label).collect();
        for label in [
            "Loss",
            "Largest norm",
            "Largest gradient",
            "Label smoothing",
            "Class weights",
            "Precision",
            "Seed",
            "Targets",
        ] {
            assert!(labels.contains(&label), "{label}");
        }
    }
}
