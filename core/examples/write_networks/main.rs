//! Writes the networks of all templates and random ones, for the reference runtimes and for Keras.
//!
//! `write_networks [--seed S] [--count N] [--keras] OUTDIR` writes `000_name.tflite` (float32, random weights) and
//! `000_name_int8.tflite` (the int8 placeholder) for every template and for N random graphs, and `cases.jsonl` in the form of
//! `operator_cases`: `tests/wheel/operators.py` compares our outputs with those of TFLM and LiteRT. With `--keras` there are
//! also `000_name.py`, the network as Keras code, and `000_name.json` with weights, inputs and outputs for
//! `tests/keras/compare.py`. The same seed gives the same files.

mod cases;
mod keras;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use emberlab_core::layers::testing::{random_graph, random_inputs, random_weights};
use emberlab_core::layers::{LayerGraph, LoweringOptions, lower, lower_int8_placeholder, templates};
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
        (template.id.to_owned(), graph)
    });
    let random = (0..arguments.count).map(|number| {
        let seed = arguments.seed.wrapping_mul(1_000_000).wrapping_add(number);
        (format!("random_{seed}"), random_graph(seed))
    });
    let path = folder.join("cases.jsonl");
    let mut lines = BufWriter::new(File::create(&path).map_err(|error| failed(&path, &error))?);
    let mut n_networks = 0;
    for (number, (name, graph)) in of_templates.chain(random).enumerate() {
        let stem = format!("{number:03}_{name}");
        for line in network(folder, &stem, &graph, arguments).map_err(|error| format!("{stem}: {error}"))? {
            writeln!(lines, "{line}").map_err(|error| failed(&path, &error))?;
        }
        n_networks += 1;
    }
    lines.flush().map_err(|error| failed(&path, &error))?;
    Ok(format!("{n_networks} networks, float32 and int8, in {}", folder.display()))
}

/// Writes one network; the lines of its cases.
fn network(
    folder: &Path,
    stem: &str,
    graph: &LayerGraph,
    arguments: &Arguments,
) -> Result<Vec<serde_json::Value>, Box<dyn std::error::Error>> {
    let weights = random_weights(graph, arguments.seed);
    let inputs = random_inputs(graph, arguments.seed);
    let float = lower(graph, &weights, &LoweringOptions::default())?.model;
    let int8 = lower_int8_placeholder(graph)?.model;
    let mut lines = Vec::new();
    let float_bytes =
        inputs.iter().map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect());
    let int8_bytes =
        inputs.iter().map(|values| values.iter().map(|value| (value * 127.0).round() as i8 as u8).collect());
    let (float_inputs, int8_inputs): (Vec<Vec<u8>>, Vec<Vec<u8>>) =
        (float_bytes.collect(), int8_bytes.collect());
    for (file, model, inputs) in [
        (format!("{stem}.tflite"), &float, float_inputs),
        (format!("{stem}_int8.tflite"), &int8, int8_inputs),
    ] {
        let bytes = tflite::write(model)?;
        std::fs::write(folder.join(&file), &bytes)?;
        lines.push(cases::line(&file, &bytes, &inputs)?);
    }
    if arguments.keras {
        keras::write(folder, stem, graph, &weights, &inputs)?;
    }
    Ok(lines)
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
