//! `emberlab compress`: variants of a trained network, as the Compress panel makes them.

use std::fs;
use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use emberlab_core::dataset::PreparedPart;
use emberlab_core::hash::sha256_hex;
use emberlab_core::plan::{Chip, Target};
use emberlab_core::project::{Project, RunRecord, VariantFigures, VariantRecord};
use emberlab_core::quantize::{Calibration, CalibrationMethod, Recipe};
use serde::Serialize;

use super::project::{all_training_data, read_project};
use super::target::chip_from_text;
use super::{Failure, Outcome, read_file, written};
use crate::compression::{
    CLIPPED, Calibrated, CompressFailure, Evaluated, FloatModel, Made, VariantCosts, calibrate, compared,
    evaluate, figures, make, new_record, tested_part, variant_costs, write_variant,
};
use crate::jobs::write_project_file;
use crate::project::files_folder;
use crate::theme::format;
use crate::training::{RunFolder, TrainingData};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The .emberlab file
    project: PathBuf,
    /// Which variants: float32, float16, dynamic, int8, int8-per-tensor, int16x8; all of them without this
    #[arg(long, value_delimiter = ',', value_name = "NAME", value_parser = recipe_from_text)]
    variants: Vec<Recipe>,
    /// A file with a recipe in TOML, as project files have it, with its calibration and limits; may be given several times
    #[arg(long, value_name = "FILE")]
    recipe: Vec<PathBuf>,
    /// The run whose weights are taken, by its number; the last one that has any without this
    #[arg(long, value_name = "N")]
    run: Option<u32>,
    /// How the limits of activations are chosen
    #[arg(long, default_value = "min-max")]
    calibration: Method,
    /// Number of training samples that calibrate
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Chip that arenas are for; that of the project without this
    #[arg(long, value_parser = chip_from_text)]
    target: Option<Chip>,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    MinMax,
    MovingAverage,
    Percentile,
    Mse,
    Entropy,
}

fn recipe_from_text(text: &str) -> Result<Recipe, String> {
    const LATER: [&str; 5] = ["int4", "qat", "pruned", "channel-pruned", "clustered"];
    Recipe::from_name(text).ok_or_else(|| match LATER.contains(&text) {
        true => format!("this version does not make it; known are {}", Recipe::NAMES.join(", ")),
        false => format!("no such variant; known are {}", Recipe::NAMES.join(", ")),
    })
}

/// The recipe in a TOML file.
fn recipe_from_file(path: &Path) -> Result<Recipe, Failure> {
    let bytes = read_file(path)?;
    let text = String::from_utf8_lossy(&bytes);
    Recipe::from_toml(&text).map_err(|error| {
        let help = "write it as `kind = \"int8\"`, with tables `calibration`, `wider` and `limits` if needed";
        Failure(format!("{} is no recipe: {error}\n  try: {help}", path.display()))
    })
}

#[derive(Serialize)]
struct Comparison {
    target: &'static str,
    kernels: &'static str,
    run: u32,
    samples: usize,
    part: &'static str,
    variants: Vec<VariantFacts>,
}

#[derive(Serialize)]
struct VariantFacts {
    name: String,
    accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_absolute_error: Option<f64>,
    agreement: Option<f64>,
    file_bytes: u64,
    gzip_bytes: u64,
    arena_minimum_bytes: Option<u64>,
    /// An estimate.
    estimated_micros: Option<f64>,
    /// Half of the error bar of the estimate, as a share of it.
    estimate_error: Option<f64>,
    runs_on: &'static str,
    /// Share of the input values that the variant clips.
    clipped_inputs: f64,
    evaluated_seconds: f64,
    file: String,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let file = std::path::absolute(&arguments.project).unwrap_or_else(|_| arguments.project.clone());
    let mut project = read_project(&file)?;
    let run = chosen_run(&project, arguments.run)?.clone();
    let data = all_training_data(&project, &file)?;
    let folder = RunFolder::new(&files_folder(&file), run.number);
    let float = FloatModel::of_run(&folder, &project.name, &data).map_err(failure)?;
    let target = target(arguments, &project);
    let (part, of_validation) = tested(&data)?;
    let calibration = Calibration {
        method: match arguments.calibration {
            Method::MinMax => CalibrationMethod::ALL[0],
            Method::MovingAverage => CalibrationMethod::ALL[1],
            Method::Percentile => CalibrationMethod::ALL[2],
            Method::Mse => CalibrationMethod::ALL[3],
            Method::Entropy => CalibrationMethod::ALL[4],
        },
        samples: arguments.samples as usize,
        ..Calibration::default()
    };
    let mut work = Work { float, data: &data, part, calibrated: None, reference: None };
    let mut facts = Vec::new();
    let named = match &arguments.variants[..] {
        [] if arguments.recipe.is_empty() => {
            Recipe::NAMES.map(|name| Recipe::from_name(name).unwrap_or_default()).to_vec()
        }
        chosen => chosen.to_vec(),
    };
    let mut recipes: Vec<Recipe> = named.into_iter().map(|recipe| Recipe { calibration, ..recipe }).collect();
    for path in &arguments.recipe {
        recipes.push(recipe_from_file(path)?);
    }
    for recipe in recipes {
        let (made, evaluated, agreement) = work.variant(&recipe)?;
        let costs = variant_costs(&made.model, &made.file, target);
        let figures = figures(&evaluated, of_validation, agreement);
        let record = keep(&file, &made, run.number, figures)?;
        facts.push(variant_facts(&record, &costs, &evaluated));
        project.keep_variant(record);
    }
    write_project_file(&file, &project)
        .map_err(|reason| Failure(format!("cannot keep the variants in the project: {reason}")))?;
    let result = Comparison {
        target: target.chip.id(),
        kernels: target.kernels.id(),
        run: run.number,
        samples: work.part.samples.count,
        part: if of_validation { "validation" } else { "test" },
        variants: facts,
    };
    let text = if arguments.json {
        serde_json::to_string_pretty(&result)
            .map_err(|error| Failure(format!("cannot write the result as JSON: {error}")))?
    } else {
        table(&result)
    };
    written(writeln!(out, "{text}"))?;
    Ok(Outcome::Done)
}

/// What all variants share.
struct Work<'d> {
    float: FloatModel,
    data: &'d TrainingData,
    part: &'d PreparedPart,
    calibrated: Option<Calibrated>,
    reference: Option<Evaluated>,
}

impl Work<'_> {
    /// Makes and evaluates a variant; the last number is its agreement with the float32 model.
    fn variant(&mut self, recipe: &Recipe) -> Result<(Made, Evaluated, f64), Failure> {
        let serves = |calibrated: &Calibrated| calibrated.serves(&recipe.calibration);
        if recipe.kind.needs_calibration() && !self.calibrated.as_ref().is_some_and(serves) {
            let watch = |done, total| report("calibrating", done, total);
            let found = calibrate(&self.float, &self.data.prepared.train, &recipe.calibration, &watch);
            self.calibrated = found.map_err(failure)?;
            let missing = self.calibrated.iter().flat_map(|calibrated| calibrated.coverage.missing());
            let names: Vec<&str> = missing
                .filter_map(|class| self.data.prepared.classes.get(class))
                .map(String::as_str)
                .collect();
            if !names.is_empty() {
                say(&format!("no sample of {} calibrates; take more samples", names.join(", ")));
            }
        }
        let made = make(&self.float, recipe, self.calibrated.as_ref()).map_err(failure)?;
        let ended = || Failure("evaluating was ended".to_owned());
        let samples = &self.part.samples;
        if self.reference.is_none() {
            let watch = |done, total| report("evaluating float32", done, total);
            let found = evaluate(&self.float.model, &self.float.file, samples, &watch).map_err(failure)?;
            self.reference = Some(found.ok_or_else(ended)?);
        }
        let name = recipe.name();
        let watch = |done, total| report(&format!("evaluating {name}"), done, total);
        let evaluated =
            evaluate(&made.model, &made.file, samples, &watch).map_err(failure)?.ok_or_else(ended)?;
        let agreement =
            self.reference.as_ref().map_or(1.0, |first| compared(first, &evaluated, samples).share);
        Ok((made, evaluated, agreement))
    }
}

/// The bytes of a variant of a project: as it is kept, else made now of the last run.
pub(super) fn variant_bytes(file: &Path, name: &str) -> Result<Arc<[u8]>, Failure> {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let project = read_project(&file)?;
    let last = chosen_run(&project, None);
    if let Some(record) = project.variant(name) {
        let path = files_folder(&file).join(&record.file);
        let is_latest = last.as_ref().is_ok_and(|last| last.number == record.run) || record.run == 0;
        if let Ok(bytes) = fs::read(&path)
            && is_latest
            && sha256_hex(&bytes) == record.file_sha256
        {
            return Ok(bytes.into());
        }
    }
    let kept = project.variant(name).and_then(|record| record.recipe.clone());
    let recipe = kept.or_else(|| Recipe::from_name(name)).ok_or_else(|| {
        let kept = project.variants.iter().map(|variant| variant.name.as_str());
        let unmade = Recipe::NAMES.into_iter().filter(|name| project.variant(name).is_none());
        let known: Vec<&str> = kept.chain(unmade).collect();
        Failure(format!("{} has no variant {name}\n  try: one of {}", project.name, known.join(", ")))
    })?;
    let run = last?.clone();
    let data = all_training_data(&project, &file)?;
    let folder = RunFolder::new(&files_folder(&file), run.number);
    let float = FloatModel::of_run(&folder, &project.name, &data).map_err(failure)?;
    let calibrated = match recipe.kind.needs_calibration() {
        true => {
            calibrate(&float, &data.prepared.train, &recipe.calibration, &|_, _| true).map_err(failure)?
        }
        false => None,
    };
    Ok(make(&float, &recipe, calibrated.as_ref()).map_err(failure)?.file)
}

/// The run whose weights are taken.
fn chosen_run(project: &Project, number: Option<u32>) -> Result<&RunRecord, Failure> {
    let has_weights = |run: &&RunRecord| !run.files.weights.is_empty();
    match number {
        Some(number) => match project.run(number) {
            Some(run) if has_weights(&run) => Ok(run),
            Some(run) => Err(Failure(format!("{} has kept no weights", run.label()))),
            None => Err(Failure(format!("{} has no run {number}", project.name))),
        },
        None => {
            project.runs.iter().rev().find(has_weights).ok_or_else(|| {
                Failure(format!("{} has not been trained\n  try: emberlab train", project.name))
            })
        }
    }
}

fn target(arguments: &Arguments, project: &Project) -> Target {
    let own = project.target.as_ref().and_then(|choice| choice.target());
    match arguments.target {
        Some(chip) => Target::new(chip),
        None => own.unwrap_or(Target::new(Chip::Esp32)),
    }
}

/// The test samples, else those that validate.
fn tested(data: &TrainingData) -> Result<(&PreparedPart, bool), Failure> {
    tested_part(data).ok_or_else(|| {
        Failure("the split leaves no samples to test with\n  try: give it a share for the test".to_owned())
    })
}

/// Writes the file of a variant into the folder beside the project.
fn keep(project: &Path, made: &Made, run: u32, figures: VariantFigures) -> Result<VariantRecord, Failure> {
    let record = new_record(&made.recipe.name(), made, run, figures);
    write_variant(&files_folder(project), &record, &made.file).map_err(Failure)?;
    Ok(record)
}

fn variant_facts(record: &VariantRecord, costs: &VariantCosts, evaluated: &Evaluated) -> VariantFacts {
    let latency = costs.latency.total.zip(costs.latency.clock_hz);
    let runs = costs.arena_minimum_bytes.is_some();
    let latency = latency.filter(|_| runs);
    VariantFacts {
        name: record.name.clone(),
        accuracy: evaluated.accuracy(),
        mean_absolute_error: evaluated.mean_absolute_error(),
        agreement: record.figures.and_then(|figures| figures.agreement),
        file_bytes: costs.file_bytes,
        gzip_bytes: costs.gzip_bytes,
        arena_minimum_bytes: costs.arena_minimum_bytes,
        estimated_micros: latency.map(|(cycles, clock)| cycles.micros(clock)),
        estimate_error: latency.map(|(cycles, _)| cycles.relative_error()),
        runs_on: costs.runs_on(),
        clipped_inputs: evaluated.clipped,
        evaluated_seconds: evaluated.seconds,
        file: record.file.clone(),
    }
}

fn table(result: &Comparison) -> String {
    let float = result.variants.iter().find(|variant| variant.name == "float32");
    // Networks that give values have an error in place of the accuracy, and keep a share of the variance of float32.
    let of_values = result.variants.iter().all(|variant| variant.accuracy.is_none());
    let (quality, agreement) =
        if of_values { ("mean error", "R² to float") } else { ("accuracy", "agreement") };
    let mut lines = vec![format!(
        "{:<20} {quality:>10} {:>9} {agreement:>11} {:>10} {:>10}  {}",
        "variant", "to float", "file B", "arena B", "runs on"
    )];
    for variant in &result.variants {
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let quality = match (variant.accuracy, variant.mean_absolute_error) {
            (Some(accuracy), _) => percent(accuracy),
            (None, Some(error)) => format::significant(error, 4),
            (None, None) => "-".to_owned(),
        };
        let change = float.and_then(|float| match variant.accuracy.zip(float.accuracy) {
            Some((accuracy, before)) => Some(format!("{:+.2}", (accuracy - before) * 100.0)),
            None => {
                let change = variant.mean_absolute_error? - float.mean_absolute_error?;
                let sign = if change < 0.0 { "-" } else { "+" };
                Some(format!("{sign}{}", format::significant(change.abs(), 2)))
            }
        });
        let change = change.unwrap_or_else(|| "-".to_owned());
        let kept =
            variant.agreement.map(|share| if of_values { format!("{share:.4}") } else { percent(share) });
        let arena = variant.arena_minimum_bytes.map_or_else(|| "-".to_owned(), format::count);
        lines.push(format!(
            "{:<20} {quality:>10} {change:>9} {:>11} {:>10} {arena:>10}  {}",
            variant.name,
            kept.unwrap_or_else(|| "-".to_owned()),
            format::count(variant.file_bytes),
            variant.runs_on
        ));
    }
    for variant in result.variants.iter().filter(|variant| variant.clipped_inputs >= CLIPPED) {
        lines.push(format!(
            "{}: {} of the input values lie outside of what calibration saw and are clipped",
            variant.name,
            format::percent_share(variant.clipped_inputs)
        ));
    }
    if of_values {
        lines.push(
            "mean error: mean absolute error; R²: share of the variance of float32's values that is kept"
                .to_owned(),
        );
    }
    lines.push(format!(
        "{} {} samples of run {}; arenas for {} with {}",
        format::count(result.samples as u64),
        result.part,
        result.run,
        result.target,
        result.kernels
    ));
    lines.join("\n")
}

/// Progress on standard error, where somebody looks at it.
fn report(what: &str, done: u64, total: u64) -> bool {
    if std::io::stderr().is_terminal() {
        // A progress line that cannot be written is nobody's loss.
        write!(std::io::stderr(), "\r{what}: {done} of {total} samples ").ok();
    }
    true
}

fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}

pub(super) fn failure(failure: CompressFailure) -> Failure {
    Failure(format!("{}\n  try: {}", failure.message, failure.help))
}
