//! Models of one operator with random shapes, options, quantization and inputs, and what our runtime makes of them.
//!
//! `operator_cases [--seed S] [--count N] [--only TEXT] [--damage N] OUTDIR` writes `00000_name.tflite` … and `cases.jsonl` with one line
//! per model: the inputs of every step and our outputs under both semantics, as hexadecimal bytes.
//! `tests/wheel/operators.py` runs the same through the reference runtimes. The same seed gives the same files.
//! `--damage` also runs so many damaged copies of every model, which must be refused or run, and never panic. It is an
//! error when a model takes a larger arena with us than with TFLM on a 32-bit chip.
//!
//! A family of operators is a file with a `RECIPES` list: a recipe makes one random case with the [`maker::Maker`] that it
//! is given. Every recipe has numbers of its own, so that a new one does not change the others.

mod arena;
mod custom;
mod damage;
mod elementwise;
#[path = "../support/flexbuffer.rs"]
mod flexbuffer;
mod functions;
mod layers;
mod maker;
mod moves;
mod pictures;
mod recurrent;
mod reductions;
mod signal;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use emberlab_core::model::{Model, OperatorCode};
use emberlab_core::tflite;
use emberlab_runtime::{Exactness, FLOAT_BOUND, Interpreter, OperatorKey, Registry, Semantics};
use maker::{Case, Maker, Random};
use serde_json::{Value, json};

/// One kind of case: its name, and what makes one.
pub type Recipe = (&'static str, fn(&mut Maker));

const RECIPES: &[&[Recipe]] = &[
    custom::RECIPES,
    elementwise::RECIPES,
    functions::RECIPES,
    layers::RECIPES,
    moves::RECIPES,
    pictures::RECIPES,
    recurrent::RECIPES,
    reductions::RECIPES,
    signal::RECIPES,
];

/// Larger than any case needs.
const ARENA_BYTES: usize = 1 << 20;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| generate(&arguments)) {
        Ok(message) => {
            eprintln!("{message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!(
                "{message}\nusage: operator_cases [--seed S] [--count N] [--only TEXT] [--damage N] OUTDIR"
            );
            ExitCode::from(2)
        }
    }
}

struct Arguments {
    seed: u64,
    count: usize,
    only: String,
    /// Damaged copies of every model.
    n_damaged: usize,
    folder: PathBuf,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut seed, mut count, mut only, mut n_damaged, mut folder) = (1, 2000, String::new(), 0, None);
        while let Some(argument) = arguments.next() {
            let mut text = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            let number =
                |text: String| text.parse::<u64>().map_err(|error| format!("{argument} {text}: {error}"));
            match argument.as_str() {
                "--seed" => seed = number(text()?)?,
                "--count" => count = number(text()?)? as usize,
                "--only" => only = text()?,
                "--damage" => n_damaged = number(text()?)? as usize,
                _ if folder.is_none() && !argument.starts_with("--") => {
                    folder = Some(PathBuf::from(&argument))
                }
                _ => return Err(format!("unknown argument {argument}")),
            }
        }
        Ok(Self { seed, count, only, n_damaged, folder: folder.ok_or("no output folder")? })
    }
}

fn generate(arguments: &Arguments) -> Result<String, String> {
    let folder = &arguments.folder;
    let failed = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut recipes = RECIPES.concat();
    recipes.retain(|(name, _)| name.contains(&arguments.only));
    if recipes.is_empty() {
        return Err(format!("no recipe has {} in its name", arguments.only));
    }
    let path = folder.join("cases.jsonl");
    let mut lines = BufWriter::new(File::create(&path).map_err(|error| failed(&path, &error))?);
    let (mut n_refused, mut n_arenas, mut excesses) = (0, 0, Vec::new());
    for number in 0..arguments.count {
        let (name, recipe) = recipes[number % recipes.len()];
        let mut maker = Maker::new(name, Random::of_case(arguments.seed, name, number / recipes.len()));
        recipe(&mut maker);
        let case = maker.finish();
        let file = format!("{number:05}_{name}.tflite");
        let bytes = tflite::write(&case.model).map_err(|error| failed(&folder.join(&file), &error))?;
        std::fs::write(folder.join(&file), &bytes).map_err(|error| failed(&folder.join(&file), &error))?;
        writeln!(lines, "{}", line(&file, &case, &bytes)).map_err(|error| failed(&path, &error))?;
        let arenas = arena::compare(&case.model, &bytes);
        n_arenas += usize::from(arenas.is_some());
        excesses.extend(arenas.and_then(Result::err).map(|excess| format!("{file}: {excess}")));
        let mut random = Random::of_case(arguments.seed, "damage", number);
        n_refused += (0..arguments.n_damaged).filter(|_| damage::is_refused(&bytes, &mut random)).count();
    }
    lines.flush().map_err(|error| failed(&path, &error))?;
    if !excesses.is_empty() {
        return Err(format!("{}\n{} arenas are larger than in TFLM", excesses.join("\n"), excesses.len()));
    }
    let n_damaged = arguments.count * arguments.n_damaged;
    let damaged = if n_damaged == 0 {
        String::new()
    } else {
        format!(", {n_refused} of {n_damaged} damaged copies refused")
    };
    let (n_cases, n_kinds, folder) = (arguments.count, recipes.len(), folder.display());
    Ok(format!("{n_cases} cases of {n_kinds} kinds in {folder}, {n_arenas} arenas compared{damaged}"))
}

fn line(file: &str, case: &Case, bytes: &[u8]) -> Value {
    let inputs: Vec<Vec<String>> =
        case.steps.iter().map(|inputs| inputs.iter().map(|bytes| hex(bytes)).collect()).collect();
    json!({
        "file": file,
        "steps": inputs,
        "float_bound": float_bound(&case.model),
        "skip": case.skip,
        "first_compared_step": case.first_compared_step,
        "refused_by_us": case.is_refused_by_us,
        "tflm": outputs(case, bytes, Semantics::Tflm),
        "litert": outputs(case, bytes, Semantics::Litert),
    })
}

/// How far float outputs may be from the reference, as a part of the largest magnitude in the tensor: what the dispatch
/// table says of the operator.
fn float_bound(model: &Model) -> f32 {
    let registry = Registry::default();
    let is_exact = |code: &OperatorCode| {
        let key = match &code.custom_code {
            Some(name) => OperatorKey::Custom(name),
            None => OperatorKey::Builtin(code.builtin),
        };
        let support = registry.find(key).map_or(&[][..], |(_, entry)| entry.support);
        support.iter().all(|types| ![types.tflm, types.litert].contains(&Some(Exactness::Float)))
    };
    if model.operator_codes.iter().all(is_exact) { 0.0 } else { FLOAT_BOUND }
}

/// The outputs of every step, or why the model is refused.
fn outputs(case: &Case, bytes: &[u8], semantics: Semantics) -> Value {
    let model = Aligned::new(bytes);
    // An output that is not written shows.
    let mut arena = vec![0xa5; ARENA_BYTES];
    let registry = Registry::default();
    let mut interpreter = match Interpreter::prepare(model.as_slice(), &mut arena, semantics, &registry) {
        Ok(interpreter) => interpreter,
        Err(error) => return json!({ "refused": error.to_string() }),
    };
    let mut steps = Vec::new();
    for inputs in &case.steps {
        for (index, input) in inputs.iter().enumerate() {
            interpreter.input_bytes(index).copy_from_slice(input);
        }
        interpreter.invoke(&mut ()).expect("nobody stops it");
        let outputs = (0..interpreter.n_outputs()).map(|index| hex(interpreter.output_bytes(index)));
        steps.push(outputs.collect::<Vec<_>>());
    }
    json!(steps)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that begin at a multiple of 16.
struct Aligned {
    storage: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    fn new(bytes: &[u8]) -> Self {
        let mut storage = vec![0; bytes.len() + 15];
        let start = storage.as_ptr().align_offset(16);
        storage[start..start + bytes.len()].copy_from_slice(bytes);
        Self { storage, start, length: bytes.len() }
    }

    fn as_slice(&self) -> &[u8] {
        &self.storage[self.start..self.start + self.length]
    }
}
