//! Writes the networks of all templates and random ones, for the reference runtimes and for Keras.
//!
//! `write_networks [--seed S] [--count N] [--keras] OUTDIR` writes `000_name.tflite` (float32, random weights),
//! `000_name_placeholder.tflite` (int8 with constants of zero) and quantized variants (`000_name_int8.tflite` and others, see
//! `recipes`) for every template and for N random graphs, and `cases.jsonl` in the form of `operator_cases`: `tests/wheel/operators.py` compares our outputs with those of TFLM and LiteRT. With `--keras` there are
//! also `000_name.py`, the network as Keras code, and `000_name.json` with weights, inputs and outputs for
//! `tests/keras/compare.py`. The same seed gives the same files.

mod cases;
mod keras;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use emberlab_core::dataset::{SampleInput, Samples};
use emberlab_core::layers::testing::{random_graph, random_inputs, random_weights};
use emberlab_core::layers::{LayerGraph, LoweringOptions, lower, lower_int8_placeholder, templates};
use emberlab_core::model::Model;
use emberlab_core::quantize::{
    CalibrationMethod, Interface, Ranges, Recipe, VariantKind, WeightScales, Width, observe, variant,
};
use emberlab_core::run::{Memory, semantics_of, set_inputs};
use emberlab_core::tflite;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| generate(&arguments)) {
        Ok(message) => {
            eprintln!("{message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}\nusage: write_networks [--seed S] [--count N] [--keras] OUTDIR");
            ExitCode::from(2)
        }
    }
}

struct Arguments {
    seed: u64,
    count: u64,
    keras: bool,
    folder: PathBuf,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut seed, mut count, mut keras, mut folder) = (1, 100, false, None);
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let text = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
                text.parse::<u64>().map_err(|error| format!("{argument} {text}: {error}"))
            };
            match argument.as_str() {
                "--seed" => seed = number()?,
                "--count" => count = number()?,
                "--keras" => keras = true,
                _ if folder.is_none() && !argument.starts_with("--") => {
                    folder = Some(PathBuf::from(&argument))
                }
                _ => return Err(format!("unknown argument {argument}")),
            }
        }
        Ok(Self { seed, count, keras, folder: folder.ok_or("no output folder")? })
    }
}

fn generate(arguments: &Arguments) -> Result<String, String> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let of_templates = templates::ALL.iter().map(|template| {
        let graph = template.graph(&(template.sizes)());
        (template.id.to_owned(), graph, true)
    });
    let random = (0..arguments.count).map(|number| {
        let seed = arguments.seed.wrapping_mul(1_000_000).wrapping_add(number);
        (format!("random_{seed}"), random_graph(seed), false)
    });
    let path = folder.join("cases.jsonl");
    let mut lines = BufWriter::new(File::create(&path).map_err(|error| failed(&path, &error))?);
    let mut n_networks = 0;
    for (number, (name, graph, is_template)) in of_templates.chain(random).enumerate() {
        let stem = format!("{number:03}_{name}");
        let failed_at = |error: Box<dyn std::error::Error>| format!("{stem}: {error}");
        for line in network(folder, &stem, &graph, is_template, arguments).map_err(failed_at)? {
            writeln!(lines, "{line}").map_err(|error| failed(&path, &error))?;
        }
        n_networks += 1;
    }
    lines.flush().map_err(|error| failed(&path, &error))?;
    Ok(format!("{n_networks} networks, float32 and quantized, in {}", folder.display()))
}

/// Writes one network; the lines of its cases.
fn network(
    folder: &Path,
    stem: &str,
    graph: &LayerGraph,
    is_template: bool,
    arguments: &Arguments,
) -> Result<Vec<serde_json::Value>, Box<dyn std::error::Error>> {
    let weights = random_weights(graph, arguments.seed);
    let float = lower(graph, &weights, &LoweringOptions::default())?.model;
    let placeholder = lower_int8_placeholder(graph)?.model;
    let samples = samples(graph, arguments.seed, 3);
    let file = tflite::write(&float)?;
    let ranges =
        observe(&float, &file, &samples, &[0, 1, 2], &mut || true)?.ranges(CalibrationMethod::MinMax);
    let mut models = vec![(String::new(), float.clone()), ("_placeholder".to_owned(), placeholder)];
    for recipe in recipes(&float, is_template) {
        models.push((format!("_{recipe}"), quantized(&float, &recipe, &ranges)?));
    }
    let mut lines = Vec::new();
    for (suffix, model) in &models {
        let file = format!("{stem}{suffix}.tflite");
        let bytes = tflite::write(model)?;
        std::fs::write(folder.join(&file), &bytes)?;
        lines.push(cases::line(&file, &bytes, &input_bytes(&bytes, &samples)?)?);
    }
    if arguments.keras {
        keras::write(folder, stem, graph, &weights, &random_inputs(graph, arguments.seed))?;
    }
    Ok(lines)
}

/// What is made of a network: of templates everything, of random networks what differs most.
fn recipes(float: &Model, is_template: bool) -> Vec<Recipe> {
    let int8 = Recipe::default;
    let int16 = || Recipe::of_kind(VariantKind::Int16x8);
    let mut recipes = vec![int8(), int16(), Recipe::of_kind(VariantKind::Dynamic)];
    if is_template {
        recipes.extend(["float16", "int8-per-tensor"].into_iter().filter_map(Recipe::from_name));
        recipes
            .extend([Interface::Uint8, Interface::Float32].map(|interface| Recipe { interface, ..int8() }));
        recipes.push(Recipe { interface: Interface::Float32, ..int16() });
        recipes.push(Recipe { weight_scales: WeightScales::PerChannelEverywhere, ..int8() });
        recipes.push(Recipe { widened: true, ..Recipe::of_kind(VariantKind::Float16) });
        // One operator in the middle in int16, the one behind it in float32.
        let main = &float.subgraphs[0];
        let mut mixed = int8();
        let middle = main.operators.len() / 2;
        for (operator, width) in main.operators[middle..].iter().zip([Width::Int16, Width::Float32]) {
            let name = operator.output(0).and_then(|id| main.tensor(id).name.clone());
            mixed.wider.extend(name.map(|name| (name, width)));
        }
        recipes.push(mixed);
    }
    recipes
}

fn quantized(float: &Model, recipe: &Recipe, ranges: &Ranges) -> Result<Model, Box<dyn std::error::Error>> {
    Ok(variant(float, recipe, Some(ranges))?.model)
}

/// Random samples; the first one has the inputs that every case is run with.
fn samples(graph: &LayerGraph, seed: u64, count: usize) -> Samples {
    let mut inputs: Vec<SampleInput> = Vec::new();
    for number in 0..count {
        for (index, values) in random_inputs(graph, seed + number as u64).into_iter().enumerate() {
            if inputs.len() <= index {
                inputs.push(SampleInput { shape: vec![values.len()], values: Vec::new() });
            }
            inputs[index].values.extend(values);
        }
    }
    Samples { count, inputs, ..Samples::default() }
}

/// The bytes of a model's inputs for the first sample.
fn input_bytes(file: &[u8], samples: &Samples) -> Result<Vec<Vec<u8>>, Box<dyn std::error::Error>> {
    let mut memory = Memory::new(file, semantics_of(file)?)?;
    let mut interpreter = memory.interpreter()?;
    set_inputs(&mut interpreter, samples, 0)?;
    Ok((0..interpreter.n_inputs()).map(|index| interpreter.input_bytes(index).to_vec()).collect())
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
