//! Small models over all operators that TFLM registers, to compare our arena with that of the reference wheel.
//!
//! `generate_models --seed S --count N OUTDIR` writes `0000_name.tflite` … and `expected.json`: for every file and
//! every target either the figures of our plan and whether the model runs, or the refusal. The same seed gives the same files. With
//! `--models FOLDER`, `expected.json` says the same of every `.tflite` file below that folder.

mod control;
mod custom;
mod elementwise;
mod layers;
mod maker;
mod networks;
mod refused;
mod retype;
mod shapes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use emberlab_core::model::{BuiltinOperator, Model};
use emberlab_core::plan::{self, Chip, KernelSet, Target};
use emberlab_core::tflite;
use emberlab_core::verdict::{self, Outcome};
use maker::{Maker, Random};
use serde_json::{Value, json};

/// One kind of model: its name, and what makes one.
type Recipe = (&'static str, fn(&mut Maker));

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| generate(&arguments)) {
        Ok(message) => {
            eprintln!("{message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!(
                "{message}\nusage: generate_models [--seed S] [--count N] [--retype] [--models FOLDER] OUTDIR"
            );
            ExitCode::from(2)
        }
    }
}

struct Arguments {
    seed: u64,
    count: usize,
    retype: bool,
    models: Option<PathBuf>,
    folder: PathBuf,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut seed, mut count, mut models, mut folder) = (1, 400, None, None);
        let mut retype = false;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            let number =
                |text: String| text.parse::<u64>().map_err(|error| format!("{argument} {text}: {error}"));
            match argument.as_str() {
                "--seed" => seed = number(value()?)?,
                "--count" => count = number(value()?)? as usize,
                "--retype" => retype = true,
                "--models" => models = Some(PathBuf::from(value()?)),
                _ if folder.is_none() && !argument.starts_with("--") => {
                    folder = Some(PathBuf::from(argument))
                }
                _ => return Err(format!("unknown argument {argument}")),
            }
        }
        Ok(Self { seed, count, retype, models, folder: folder.ok_or("no output folder")? })
    }
}

fn generate(arguments: &Arguments) -> Result<String, String> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let recipes = [
        layers::RECIPES,
        elementwise::RECIPES,
        shapes::RECIPES,
        control::RECIPES,
        custom::RECIPES,
        networks::RECIPES,
        refused::RECIPES,
    ]
    .concat();
    let mut random = Random::new(arguments.seed);
    let mut generated = serde_json::Map::new();
    for number in 0..arguments.count {
        let (name, recipe) = recipes[number % recipes.len()];
        let mut maker = Maker::new(name, random.fork());
        recipe(&mut maker);
        let mut model = maker.finish();
        if arguments.retype {
            retype::retype(&mut model, &mut random);
        }
        let file = format!("{number:04}_{name}.tflite");
        let path = folder.join(&file);
        let bytes = tflite::write(&model).map_err(|error| failed(&path, &error))?;
        std::fs::write(&path, bytes).map_err(|error| failed(&path, &error))?;
        generated.insert(file, figures(&model));
    }
    let mut models = serde_json::Map::new();
    if let Some(root) = &arguments.models {
        for path in tflite_files(root).map_err(|error| failed(root, &error))? {
            let bytes = std::fs::read(&path).map_err(|error| failed(&path, &error))?;
            let model = tflite::read(Arc::from(bytes)).map_err(|error| failed(&path, &error))?;
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            models.insert(name, figures(&model));
        }
    }
    let n_models = models.len();
    let expected = json!({ "generated": generated, "models": models });
    let path = folder.join("expected.json");
    let text = serde_json::to_string_pretty(&expected).map_err(|error| failed(&path, &error))?;
    std::fs::write(&path, text + "\n").map_err(|error| failed(&path, &error))?;
    let (n, n_recipes) = (arguments.count, recipes.len());
    Ok(format!("{n} models of {n_recipes} kinds and {n_models} others in {}", folder.display()))
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

/// Every `.tflite` file below a folder, sorted.
fn tflite_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(tflite_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "tflite") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Our figures for every target; without `runs` where that depends on the branch taken.
fn figures(model: &Model) -> Value {
    let targets = [
        ("host64", Chip::Host64, KernelSet::Reference),
        ("esp32_reference", Chip::Esp32, KernelSet::Reference),
        ("esp32", Chip::Esp32, KernelSet::EspNn),
        ("esp32s3", Chip::Esp32s3, KernelSet::EspNn),
        ("esp32p4", Chip::Esp32p4, KernelSet::EspNn),
    ];
    let placed = model.subgraphs.iter().flat_map(|subgraph| &subgraph.operators);
    let has_branches = placed.into_iter().any(|operator| model.builtin(operator) == BuiltinOperator::IF);
    let figures = targets.map(|(name, chip, kernels)| {
        let target = Target { chip, kernels };
        let figures = match plan::plan(model, target) {
            Ok(plan) => {
                let runs = verdict::outcome(model, target) == Outcome::Runs;
                json!({
                    "total": plan.used_bytes,
                    "head": plan.nonpersistent_bytes,
                    "tail": plan.persistent_bytes,
                    "minimum": plan.minimum_bytes,
                    "runs": (runs || !has_branches).then_some(runs),
                })
            }
            Err(refusals) => {
                let messages = refusals.into_iter().map(|refusal| refusal.message).collect::<Vec<_>>();
                json!({ "refused": messages })
            }
        };
        (name.to_owned(), figures)
    });
    Value::Object(figures.into_iter().collect())
}
