//! The figures of variants as table, plot and inspector show them.

use emberlab_core::plan::Target;
use emberlab_core::project::VariantRecord;
use emberlab_core::quantize::{
    CalibrationMethod, ErrorMode, Interface, OperatorError, Recipe, SampleChoice, VariantKind, WeightScales,
};
use emberlab_core::verdict::Outcome;

use crate::chips;
use crate::document::{Latency, Tab};
use crate::panels::train::figures::loss_text;
use crate::project::compress::{float_record, record, records};
use crate::theme::format;

/// What variants are judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// The share of samples whose class is said.
    #[default]
    Accuracy,
    /// The mean absolute error of numbers.
    Error,
}

/// Where a variant runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunsOn {
    /// It has not been looked at yet.
    Unknown,
    /// On the chip, by its name.
    Chip(String),
    /// Not on chips: why, and the way out.
    HostOnly(String, String),
    /// Not on this chip: why, and the way out.
    Refused(String, String),
}

/// A variant as a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// It stands above the others.
    pub pinned: bool,
    /// It is being made.
    pub is_waiting: bool,
    /// Why its figures are not those of its file.
    pub trouble: Option<String>,
    /// Its accuracy, 0 to 1, or its mean absolute error.
    pub value: Option<f64>,
    /// The difference to the float32 variant.
    pub to_float: Option<f64>,
    /// How far it says what the float32 model says, 0 to 1.
    pub agreement: Option<f64>,
    /// Bytes of its file; `None` before it is made.
    pub file: Option<u64>,
    /// Bytes of its file as gzip packs it.
    pub gzip: Option<u64>,
    /// Bytes of its arena; `None` where it does not run.
    pub arena: Option<u64>,
    /// How long it takes, an estimate; `None` where it does not run.
    pub latency: Option<Latency>,
    /// Where it runs.
    pub runs_on: RunsOn,
}

impl Row {
    /// What it is worth, larger is better.
    pub fn worth(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::Accuracy => self.value,
            Measure::Error => self.value.map(|error| -error),
        }
    }

    /// It runs on the chip.
    pub fn runs(&self) -> bool {
        matches!(self.runs_on, RunsOn::Chip(_))
    }
}

impl RunsOn {
    /// A few words.
    pub fn label(&self) -> &str {
        match self {
            Self::Unknown => format::UNKNOWN,
            Self::Chip(chip) => chip,
            Self::HostOnly(..) => "host only",
            Self::Refused(..) => "refused",
        }
    }
}

/// What the variants of a tab are judged by.
pub fn measure(tab: &Tab) -> Measure {
    let figures = || records(tab).into_iter().filter_map(|record| record.figures);
    let has_accuracy = figures().any(|figures| figures.accuracy.is_some());
    let has_error = figures().any(|figures| figures.mean_absolute_error.is_some());
    if has_error && !has_accuracy { Measure::Error } else { Measure::Accuracy }
}

/// Variants as rows, those that are pinned first, those that are being made last.
pub fn rows(tab: &Tab, target: Target) -> Vec<Row> {
    let measure = measure(tab);
    let mut rows: Vec<Row> =
        records(tab).into_iter().map(|record| row(tab, record, measure, target)).collect();
    let waiting = tab.compress.making.iter().flat_map(|making| &making.names);
    for name in waiting {
        match rows.iter_mut().find(|row| row.name == *name) {
            Some(row) => row.is_waiting = true,
            None => rows.push(Row {
                name: name.clone(),
                pinned: false,
                is_waiting: true,
                trouble: None,
                value: None,
                to_float: None,
                agreement: None,
                file: None,
                gzip: None,
                arena: None,
                latency: None,
                runs_on: RunsOn::Unknown,
            }),
        }
    }
    rows
}

/// The row of a variant.
pub fn row_of(tab: &Tab, name: &str, target: Target) -> Option<Row> {
    Some(row(tab, record(tab, name)?, measure(tab), target))
}

fn row(tab: &Tab, record: &VariantRecord, measure: Measure, target: Target) -> Row {
    let value_of = |record: &VariantRecord| {
        let figures = record.figures?;
        match measure {
            Measure::Accuracy => figures.accuracy,
            Measure::Error => figures.mean_absolute_error,
        }
    };
    let value = value_of(record);
    let float = float_record(tab, record.run).filter(|float| float.name != record.name);
    let to_float = float.and_then(|float| Some(value? - value_of(float)?));
    let variant = tab.compress.variants.get(&record.name);
    let costs = variant.and_then(|variant| variant.cost(target));
    let runs_on = match costs.map(|costs| &costs.outcome) {
        None => RunsOn::Unknown,
        Some(Outcome::Runs) => RunsOn::Chip(target.chip.label().to_owned()),
        Some(Outcome::HostOnly { reason, help }) => RunsOn::HostOnly(reason.clone(), help.clone()),
        Some(Outcome::Refused { reason, help }) => RunsOn::Refused(reason.clone(), help.clone()),
    };
    let runs = matches!(runs_on, RunsOn::Chip(_));
    Row {
        name: record.name.clone(),
        pinned: record.pinned,
        is_waiting: false,
        trouble: variant.and_then(|variant| variant.trouble.clone()),
        value,
        to_float,
        agreement: record.figures.and_then(|figures| figures.agreement),
        file: Some(record.file_bytes),
        gzip: costs.map(|costs| costs.gzip_bytes),
        arena: costs.and_then(|costs| costs.arena_minimum_bytes),
        latency: costs.filter(|_| runs).and_then(|costs| Latency::of(&costs.latency)),
        runs_on,
    }
}

/// The largest arena that the chip has room for.
pub fn arena_budget(target: Target) -> u64 {
    chips::facts(target.chip).arena_budget_bytes
}

/// An accuracy or an error, with its unit.
pub fn value_text(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Accuracy => format!("{:.2} %", value * 100.0),
        Measure::Error => loss_text(value),
    }
}

/// The same for columns with the unit in their head.
pub fn value_only(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Accuracy => format!("{:.2}", value * 100.0),
        Measure::Error => loss_text(value),
    }
}

/// What is kept of float32's answers: in percent of the samples, or as R² of values.
pub fn agreement_only(measure: Measure, share: f64) -> String {
    match measure {
        Measure::Accuracy => format!("{:.1}", share * 100.0),
        Measure::Error => format!("{share:.4}"),
    }
}

/// A difference with its sign: accuracies in points.
pub fn change_text(measure: Measure, change: f64) -> String {
    let text = match measure {
        Measure::Accuracy => format!("{:+.2}", change * 100.0),
        Measure::Error if change < 0.0 => format!("-{}", loss_text(-change)),
        Measure::Error => format!("+{}", loss_text(change)),
    };
    let text = text.replace('-', "\u{2212}");
    if text == "\u{2212}0.00" { "+0.00".to_owned() } else { text }
}

/// Change of bytes as a share of what there was, `−48 %`.
pub fn share_text(now: u64, before: u64) -> String {
    if before == 0 {
        return format::UNKNOWN.to_owned();
    }
    let share = (now as f64 / before as f64 - 1.0) * 100.0;
    format!("{share:+.0} %").replace('-', "\u{2212}")
}

/// How an estimate is written, `84 ms ±20 %`.
pub fn latency_text(latency: Latency) -> String {
    let (low, high) = latency.range;
    format::estimate_with_bar(low, latency.millis, high)
}

/// Which error of operators is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// Signal to quantization noise in decibels.
    #[default]
    Sqnr,
    /// Cosine of both as vectors.
    Cosine,
    /// The largest difference.
    Largest,
    /// Root of the mean squared difference in steps of the scale.
    Rmse,
}

impl Metric {
    /// The value of an operator; `None` where it has none.
    pub fn value(self, error: &OperatorError, mode: ErrorMode) -> Option<f64> {
        let figures = error.figures(mode);
        if figures.n_values == 0 {
            return None;
        }
        match self {
            Self::Sqnr => Some(figures.sqnr_db()),
            Self::Cosine => figures.cosine(),
            Self::Largest => Some(figures.largest),
            Self::Rmse => error.rmse_over_scale(mode),
        }
    }

    /// Small values are the bad ones.
    pub fn is_worst_low(self) -> bool {
        match self {
            Self::Sqnr | Self::Cosine => true,
            Self::Largest | Self::Rmse => false,
        }
    }

    /// What it measures, with the unit.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sqnr => "Signal to noise, dB",
            Self::Cosine => "Cosine",
            Self::Largest => "Largest error",
            Self::Rmse => "RMSE over scale",
        }
    }

    /// A value as the bar has it beside it.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Sqnr if value.is_infinite() => "no noise".to_owned(),
            Self::Sqnr => format!("{value:.1}").replace('-', "\u{2212}"),
            Self::Cosine => format!("{value:.4}").replace('-', "\u{2212}"),
            Self::Largest => format::significant(value, 3),
            Self::Rmse => format!("{value:.3}"),
        }
    }

    /// It deserves a look: 20 dB are noise of a tenth of the signal; pure rounding has 0.289 steps.
    pub fn is_bad(self, value: f64) -> bool {
        match self {
            Self::Sqnr => value < 20.0,
            Self::Cosine => value < 0.99,
            Self::Largest => false,
            Self::Rmse => value > 1.0,
        }
    }
}

/// Operators with a value, the worst first.
pub fn ranked(errors: &[OperatorError], metric: Metric, mode: ErrorMode) -> Vec<(&OperatorError, f64)> {
    let valued = errors.iter().filter_map(|error| Some((error, metric.value(error, mode)?)));
    let mut ranked: Vec<(&OperatorError, f64)> = valued.collect();
    ranked.sort_by(|a, b| {
        let order = a.1.total_cmp(&b.1);
        if metric.is_worst_low() { order } else { order.reverse() }
    });
    ranked
}

/// The steps that make a variant: what is done, and how.
pub fn steps(recipe: &Recipe) -> Vec<(String, String)> {
    let mut steps = vec![(
        "Lower the network to float32".to_owned(),
        "batch normalisation folded, activations fused".to_owned(),
    )];
    if recipe.kind.needs_calibration() {
        let calibration = recipe.calibration;
        let choice = match calibration.choice {
            SampleChoice::Balanced => "classes in turn",
            SampleChoice::First => "the first ones",
            SampleChoice::Random => "random ones",
        };
        let samples = format::counted(calibration.samples as u64, "training sample", "training samples");
        steps.push((
            format!("Calibrate, {}", method_text(calibration.method)),
            format!("at most {samples}, {choice}"),
        ));
        let scales = match recipe.weight_scales {
            WeightScales::PerChannel => "a scale per channel of convolutions",
            WeightScales::PerChannelEverywhere => "a scale per channel everywhere",
            WeightScales::PerTensor => "a scale per tensor",
        };
        let interface = match recipe.interface {
            Interface::Integer => "integers in and out",
            Interface::Uint8 => "uint8 in and out",
            Interface::Float32 => "float32 in and out",
        };
        steps.push((format!("Quantize to {}", recipe.kind.label()), format!("{scales}, {interface}")));
        if !recipe.wider.is_empty() {
            let count = format::counted(recipe.wider.len() as u64, "layer", "layers");
            let names: Vec<&str> = recipe.wider.keys().map(String::as_str).collect();
            steps.push((format!("Keep {count} wider"), names.join(", ")));
        }
        if !recipe.limits.is_empty() {
            let count = format::counted(recipe.limits.len() as u64, "activation", "activations");
            let limits = recipe.limits.iter().map(|(name, limits)| {
                let [low, high] =
                    [limits.low, limits.high].map(|value| format::significant(f64::from(value), 3));
                format!("{name} {low} to {high}")
            });
            let limits: Vec<String> = limits.collect();
            steps.push((format!("Limits of {count} by hand"), limits.join(", ")));
        }
        return steps;
    }
    match recipe.kind {
        VariantKind::Float16 if recipe.widened => {
            steps.push((
                "Round weights to float16".to_owned(),
                "written as float32, which TFLM runs".to_owned(),
            ));
        }
        VariantKind::Float16 => {
            steps
                .push(("Write weights in float16".to_owned(), "computed in float32 on a desktop".to_owned()));
        }
        VariantKind::Dynamic => steps.push((
            "Quantize weights to int8".to_owned(),
            "activations while the model runs, on a desktop".to_owned(),
        )),
        VariantKind::Float32 | VariantKind::Int8 | VariantKind::Int16x8 => {}
    }
    steps
}

/// A method with its number, `percentile 99.99`.
pub fn method_text(method: CalibrationMethod) -> String {
    match method {
        CalibrationMethod::MovingAverage { momentum } => format!("{} {momentum}", method.label()),
        CalibrationMethod::Percentile { percent } => format!("{} {percent}", method.label()),
        CalibrationMethod::MinMax | CalibrationMethod::Mse | CalibrationMethod::Entropy => {
            method.label().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use emberlab_core::model::{OperatorId, TensorId};
    use emberlab_core::quantize::ErrorFigures;

    use super::*;

    #[test]
    fn differences_have_a_sign_and_two_decimals() {
        for (change, expected) in
            [(-0.0187, "−1.87"), (0.0, "+0.00"), (-0.000_01, "+0.00"), (0.0016, "+0.16")]
        {
            assert_eq!(change_text(Measure::Accuracy, change), expected);
        }
        assert_eq!(change_text(Measure::Error, -0.25), "−0.250");
        assert_eq!(
            (share_text(52, 100), share_text(130, 100), share_text(1, 0)),
            ("−48 %".to_owned(), "+30 %".to_owned(), format::UNKNOWN.to_owned())
        );
    }

    fn error(id: u32, noise: f64) -> OperatorError {
        let alone = ErrorFigures { n_values: 4, signal: 100.0, noise, ..ErrorFigures::default() };
        OperatorError {
            float: OperatorId(id),
            variant: OperatorId(id),
            operator: "CONV_2D".to_owned(),
            name: format!("layer {id}"),
            float_tensor: TensorId(0),
            variant_tensor: TensorId(0),
            scale: Some(0.5),
            alone,
            accumulated: ErrorFigures::default(),
        }
    }

    #[test]
    fn the_worst_operator_comes_first() {
        let errors = [error(0, 0.1), error(1, 10.0), error(2, 0.0)];
        let ids = |metric, mode| -> Vec<u32> {
            ranked(&errors, metric, mode).iter().map(|(error, _)| error.float.0).collect()
        };
        assert_eq!(ids(Metric::Sqnr, ErrorMode::Alone), [1, 0, 2]);
        assert_eq!(ids(Metric::Rmse, ErrorMode::Alone), [1, 0, 2]);
        assert!(ids(Metric::Sqnr, ErrorMode::Accumulated).is_empty(), "nothing was compared");
        assert!(Metric::Sqnr.is_bad(10.0) && !Metric::Sqnr.is_bad(30.0));
    }

    #[test]
    fn recipes_are_told_in_steps() {
        let words = |name: &str| -> Vec<String> {
            let recipe = Recipe::from_name(name).expect("a name");
            steps(&recipe).into_iter().map(|(step, _)| step).collect()
        };
        assert_eq!(words("float32").len(), 1);
        assert_eq!(words("int8")[1..], ["Calibrate, min-max", "Quantize to int8"]);
        assert_eq!(words("dynamic")[1..], ["Quantize weights to int8"]);
    }
}
