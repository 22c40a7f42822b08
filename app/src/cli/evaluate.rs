//! `emberlab evaluate`: how right a model is about data, with the bits of the chip.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emberlab_core::dataset::{Dataset, PreparationRecord};
use emberlab_core::evaluate::Evaluation;
use emberlab_core::model::Model;
use emberlab_core::run::Semantics;
use emberlab_core::tflite::{self, file_metadata};
use serde::Serialize;

use super::compress::failure;
use super::project::{all_training_data, read_project};
use super::{Failure, Outcome, read_file, written};
use crate::compression::{Evaluated, evaluate, tested_part};
use crate::jobs::{LoadRequest, load};
use crate::project::compress::{PreparedFor, data_for_model};
use crate::theme::format;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The .tflite file
    model: PathBuf,
    /// A folder or file with data
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The .emberlab file whose preparation the data get, where the model does not have its own
    #[arg(long, value_name = "PROJECT")]
    project: Option<PathBuf>,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Facts {
    samples: usize,
    accuracy: Option<f64>,
    confusion: Option<Vec<Vec<u64>>>,
    labels: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_absolute_error: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_squared_error: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r_squared: Option<f64>,
    seconds: f64,
    /// Whose arithmetic: `tflm` as on chips, or `litert` for models that only desktops run.
    semantics: &'static str,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let bytes = read_file(&arguments.model)?;
    let model = tflite::read(bytes.clone()).map_err(|error| {
        let place = arguments.model.display();
        Failure(format!("{place} is not a model that can be read: {error}\n  try: {}", error.help()))
    })?;
    let model = Arc::new(model);
    let record = record(arguments, &model, &bytes)?;
    let wanted = PreparedFor { model: model.clone(), file: bytes.clone(), record };
    let prepared = data_for_model(&wanted, dataset(&arguments.data)?, &|_, _| true).map_err(failure)?;
    let data = prepared.ok_or_else(|| Failure("preparing was ended".to_owned()))?;
    let (part, _) = tested_part(&data).ok_or_else(|| Failure("the data give no samples".to_owned()))?;
    let found = evaluate(&model, &bytes, &part.samples, &|_, _| true).map_err(failure)?;
    let evaluated = found.ok_or_else(|| Failure("evaluating was ended".to_owned()))?;
    let semantics = match emberlab_core::run::semantics_of(&bytes) {
        Ok(Semantics::Litert) => "litert",
        Ok(Semantics::Tflm) | Err(_) => "tflm",
    };
    let facts = facts(&evaluated, &data.prepared.classes, semantics);
    let text = if arguments.json {
        serde_json::to_string_pretty(&facts)
            .map_err(|error| Failure(format!("cannot write the result as JSON: {error}")))?
    } else {
        text(&facts)
    };
    written(writeln!(out, "{text}"))?;
    Ok(Outcome::Done)
}

/// How samples are prepared where the model does not say it: as the project does. `None` where the model says enough, by its
/// own record or by its TensorFlow Lite Metadata.
fn record(arguments: &Arguments, model: &Model, file: &[u8]) -> Result<Option<PreparationRecord>, Failure> {
    let own = PreparationRecord::of_model(model)
        .map_err(|error| Failure(format!("{}\n  try: {}", error.message, error.help)))?;
    if own.is_some() {
        return Ok(own);
    }
    let Some(path) = &arguments.project else {
        if file_metadata(model, file).normalisation().is_some() {
            return Ok(None);
        }
        return Err(Failure(format!(
            "{} does not say how its samples are prepared\n  try: name the project that it comes from with --project",
            arguments.model.display()
        )));
    };
    let file = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let project = read_project(&file)?;
    let data = all_training_data(&project, &file)?;
    let dataset = data.dataset.as_deref();
    let record = dataset.map(|dataset| PreparationRecord::new(dataset, &data.prepared));
    record.map(Some).ok_or_else(|| Failure(format!("the data of {} are not at hand", project.name)))
}

/// The data of a folder or file.
pub(super) fn dataset(path: &Path) -> Result<Arc<Dataset>, Failure> {
    let absolute = std::path::absolute(path)
        .map_err(|error| Failure(format!("cannot read {}: {error}", path.display())))?;
    let request = LoadRequest {
        paths: vec![absolute],
        test_paths: Vec::new(),
        format: None,
        expected: None,
        known_sums: None,
    };
    let loaded = load(&request, &|_| true)
        .map_err(|failure| Failure(format!("{}\n  try: {}", failure.message, failure.help)))?;
    Ok(loaded.ok_or_else(|| Failure("reading the data was stopped".to_owned()))?.dataset)
}

fn facts(evaluated: &Evaluated, classes: &[String], semantics: &'static str) -> Facts {
    let mut facts = Facts {
        samples: evaluated.samples,
        accuracy: None,
        confusion: None,
        labels: classes.to_vec(),
        mean_absolute_error: None,
        mean_squared_error: None,
        r_squared: None,
        seconds: evaluated.seconds,
        semantics,
    };
    match &evaluated.evaluation {
        Some(Evaluation::Classes(classes)) => {
            facts.accuracy = Some(classes.accuracy);
            facts.confusion = Some(classes.confusion.clone());
        }
        Some(Evaluation::Values(values)) => {
            facts.mean_absolute_error = Some(values.mean_absolute_error);
            facts.mean_squared_error = Some(values.mean_squared_error);
            facts.r_squared = values.r_squared;
        }
        None => {}
    }
    facts
}

fn text(facts: &Facts) -> String {
    let samples = format!("{} samples", format::count(facts.samples as u64));
    let mut lines = match (facts.accuracy, facts.mean_absolute_error) {
        (Some(accuracy), _) => vec![format!("accuracy {:.2} % of {samples}", accuracy * 100.0)],
        (None, Some(error)) => {
            vec![format!("mean absolute error {} over {samples}", format::significant(error, 4))]
        }
        (None, None) => vec![format!("{samples}, whose labels are not known")],
    };
    if let Some(confusion) = &facts.confusion {
        let label = |class: usize| facts.labels.get(class).cloned().unwrap_or_else(|| class.to_string());
        let width = (0..confusion.len()).map(|class| label(class).chars().count()).max().unwrap_or(0);
        lines.push("rows: what samples are; columns, in the same order: what was said".to_owned());
        for (class, row) in confusion.iter().enumerate() {
            let counts: String = row.iter().map(|count| format!(" {count:>6}")).collect();
            lines.push(format!("{:<width$}{counts}", label(class)));
        }
    }
    lines.push(format!("{} arithmetic, {}", facts.semantics, format::short_duration(facts.seconds)));
    lines.join("\n")
}
