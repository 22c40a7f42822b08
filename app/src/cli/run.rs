//! `emberlab run`: run a model on the host, with the bits of the chip.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use emberlab_core::dataset::output_labels;
use emberlab_core::model::{Model, Tensor, TensorId, TensorType, Values};
use emberlab_core::npy;
use emberlab_core::run::{Generator, Interpreter, Memory, OperatorOutput, Semantics, Trace, fill};
use emberlab_core::stats::Scales;
use emberlab_core::tflite;
use serde::Serialize;
use serde_json::Number;

use super::{Failure, Outcome, read_file, written};
use crate::theme::format;

/// Outputs with more elements than this are not listed as numbers.
const MAX_VALUES: usize = 64;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The .tflite file
    model: PathBuf,
    /// One file for every input, in their order: .npy, or .bin with the raw bytes
    #[arg(long, num_args = 1.., value_name = "FILE", conflicts_with_all = ["seed", "seeds"])]
    input: Vec<PathBuf>,
    /// Seed of random inputs
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Seeds of consecutive invocations, without a reset of variable tensors between them
    #[arg(long, value_delimiter = ',', value_name = "SEED", conflicts_with = "seed")]
    seeds: Vec<u32>,
    /// Range of random float inputs
    #[arg(long, num_args = 2, value_names = ["LO", "HI"], default_values_t = [-1.0, 1.0], allow_negative_numbers = true)]
    float_range: Vec<f32>,
    /// Invocations to time, on one thread, after one to warm up
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    repeat: Option<u32>,
    /// Say what every operator wrote
    #[arg(long)]
    trace: bool,
    /// Whose arithmetic: of TensorFlow Lite Micro, as on chips, or of LiteRT's reference kernels, as on desktops
    #[arg(long, value_enum, default_value_t = SemanticsChoice::Tflm)]
    semantics: SemanticsChoice,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum SemanticsChoice {
    Tflm,
    Litert,
}

#[derive(Serialize)]
struct Run {
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    outputs: Vec<OutputFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operators: Option<Vec<OperatorFacts>>,
    micros_per_invoke: f64,
}

#[derive(Serialize)]
struct Runs {
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct OutputFacts {
    tensor: u32,
    name: Option<String>,
    shape: Vec<i32>,
    #[serde(rename = "type")]
    ty: &'static str,
    hex: String,
    /// Raw numbers; `None` for more than 64 elements or a type without numbers.
    values: Option<Vec<Option<Number>>>,
    /// The same as real numbers, where the output is quantized.
    #[serde(skip_serializing_if = "Option::is_none")]
    dequantized: Option<Vec<f64>>,
    /// What the numbers are called, where the file says it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
}

#[derive(Serialize)]
struct OperatorFacts {
    subgraph: u32,
    index: u32,
    name: String,
    tensor: u32,
    bytes: usize,
    crc32: String,
    head_hex: String,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let bytes = read_file(&arguments.model)?;
    let place = arguments.model.display();
    let model = tflite::read(bytes.clone()).map_err(|error| {
        Failure(format!("{place} is not a model that can be read: {error}\n  try: {}", error.help()))
    })?;
    let semantics = match arguments.semantics {
        SemanticsChoice::Tflm => Semantics::Tflm,
        SemanticsChoice::Litert => Semantics::Litert,
    };
    let refused = |error| Failure(format!("{place} cannot run: {error}"));
    let mut memory = Memory::new(&bytes, semantics).map_err(refused)?;
    let mut interpreter = memory.interpreter().map_err(refused)?;
    let files = arguments.input.iter().map(|path| input_file(path)).collect::<Result<Vec<_>, _>>()?;
    let seeds = if arguments.seeds.is_empty() { vec![arguments.seed] } else { arguments.seeds.clone() };
    let labels = output_labels(&model, &bytes);
    let mut runs = Vec::new();
    for seed in seeds {
        let input = if files.is_empty() { Input::Seed(seed) } else { Input::Files(&files) };
        let mut run = one_run(arguments, &model, &mut interpreter, &input)?;
        for (output, labels) in run.outputs.iter_mut().zip(&labels) {
            let is_fitting = output.values.as_ref().is_some_and(|values| values.len() == labels.len());
            if is_fitting {
                output.labels.clone_from(labels);
            }
        }
        runs.push(run);
    }
    let result = if arguments.json {
        let json = match runs.pop() {
            Some(run) if arguments.seeds.is_empty() => serde_json::to_string_pretty(&run),
            last => {
                runs.extend(last);
                serde_json::to_string_pretty(&Runs { runs })
            }
        };
        let json = json.map_err(|error| Failure(format!("cannot write the result as JSON: {error}")))?;
        writeln!(out, "{json}")
    } else {
        runs.iter().try_for_each(|run| print_run(run, arguments.repeat, out))
    };
    written(result)?;
    Ok(Outcome::Done)
}

enum Input<'a> {
    Seed(u32),
    Files(&'a [InputFile]),
}

struct InputFile {
    path: PathBuf,
    content: InputContent,
}

enum InputContent {
    Npy(npy::Array),
    Raw(Vec<u8>),
}

fn input_file(path: &Path) -> Result<InputFile, Failure> {
    let bytes = read_file(path)?;
    let is_npy = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
    let content = if is_npy {
        let array = npy::read(&bytes).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        InputContent::Npy(array)
    } else {
        InputContent::Raw(bytes.to_vec())
    };
    Ok(InputFile { path: path.to_owned(), content })
}

fn one_run(
    arguments: &Arguments,
    model: &Model,
    interpreter: &mut Interpreter<'_>,
    input: &Input<'_>,
) -> Result<Run, Failure> {
    set_inputs(arguments, model, interpreter, input)?;
    let started = Instant::now();
    let mut trace = Trace::default();
    let stopped = |_| Failure("the run was stopped".to_owned());
    if arguments.trace {
        interpreter.invoke(&mut trace).map_err(stopped)?;
    } else {
        interpreter.invoke(&mut ()).map_err(stopped)?;
    }
    let mut micros = started.elapsed().as_secs_f64() * 1e6;
    let outputs = output_ids(model).iter().enumerate().map(|(index, id)| {
        output_facts(*id, model.subgraphs[0].tensor(*id), interpreter.output_bytes(index))
    });
    let outputs = outputs.collect();
    if let Some(repeat) = arguments.repeat {
        micros = median_micros(arguments, model, interpreter, input, repeat)?;
    }
    let operators = arguments.trace.then(|| trace.outputs.iter().map(operator_facts).collect());
    let seed = match input {
        Input::Seed(seed) => Some(*seed),
        Input::Files(_) => None,
    };
    Ok(Run { seed, outputs, operators, micros_per_invoke: micros })
}

fn output_ids(model: &Model) -> &[TensorId] {
    model.subgraphs.first().map_or(&[], |main| &main.outputs)
}

fn median_micros(
    arguments: &Arguments,
    model: &Model,
    interpreter: &mut Interpreter<'_>,
    input: &Input<'_>,
    repeat: u32,
) -> Result<f64, Failure> {
    let mut micros = Vec::with_capacity(repeat as usize);
    for _ in 0..repeat {
        // An invocation may use the memory of its inputs for something else.
        set_inputs(arguments, model, interpreter, input)?;
        let started = Instant::now();
        interpreter.invoke(&mut ()).map_err(|_| Failure("the run was stopped".to_owned()))?;
        micros.push(started.elapsed().as_secs_f64() * 1e6);
    }
    micros.sort_by(f64::total_cmp);
    Ok(micros[micros.len() / 2])
}

fn set_inputs(
    arguments: &Arguments,
    model: &Model,
    interpreter: &mut Interpreter<'_>,
    input: &Input<'_>,
) -> Result<(), Failure> {
    let Some(main) = model.subgraphs.first() else { return Ok(()) };
    let mut generator = match input {
        Input::Seed(seed) => Generator::new(*seed),
        Input::Files(files) if files.len() == main.inputs.len() => Generator::new(1),
        Input::Files(files) => {
            let (expected, found) = (main.inputs.len(), files.len());
            return Err(Failure(format!("the model has {expected} inputs, and {found} files were given")));
        }
    };
    let range = (arguments.float_range[0], arguments.float_range[1]);
    for (index, id) in main.inputs.iter().enumerate() {
        let tensor = main.tensor(*id);
        let bytes = interpreter.input_bytes(index);
        match input {
            Input::Seed(_) => fill(bytes, tensor.ty, &mut generator, range),
            Input::Files(files) => set_input(bytes, index, tensor, &files[index])?,
        }
    }
    Ok(())
}

fn set_input(bytes: &mut [u8], index: usize, tensor: &Tensor, file: &InputFile) -> Result<(), Failure> {
    let given = match &file.content {
        InputContent::Raw(given) => given,
        InputContent::Npy(array) if array.ty == tensor.ty => &array.data,
        InputContent::Npy(array) => {
            return Err(Failure(format!(
                "input {index} is {}, and {} holds {}; convert it, for example with astype in NumPy",
                tensor.ty.name(),
                file.path.display(),
                array.ty.name()
            )));
        }
    };
    if given.len() != bytes.len() {
        return Err(Failure(format!(
            "input {index} takes {} bytes ({} {}), and {} holds {}",
            bytes.len(),
            tensor.ty.name(),
            format::shape(&tensor.shape),
            file.path.display(),
            given.len()
        )));
    }
    bytes.copy_from_slice(given);
    Ok(())
}

fn output_facts(id: TensorId, tensor: &Tensor, bytes: &[u8]) -> OutputFacts {
    let values = Values::of_tensor(tensor, bytes).map(Iterator::collect::<Vec<_>>);
    let values = values.filter(|values| values.len() <= MAX_VALUES);
    let scales = Scales::new(tensor).filter(|_| tensor.ty != TensorType::Float32);
    let real = |values: &Vec<f64>, scales: &Scales| {
        values.iter().enumerate().map(|(index, value)| scales.real(index, *value)).collect()
    };
    OutputFacts {
        tensor: id.0,
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        ty: tensor.ty.name(),
        hex: hex(bytes),
        dequantized: values.as_ref().zip(scales).map(|(values, scales)| real(values, &scales)),
        values: values.map(|values| values.into_iter().map(number).collect()),
        labels: Vec::new(),
    }
}

/// Whole numbers without a fraction, as integers are written.
/// `None` for infinity and NaN, for which JSON has no word; the hexadecimal bytes tell.
fn number(value: f64) -> Option<Number> {
    if value.fract() == 0.0 && value.abs() < 2f64.powi(53) {
        Some(Number::from(value as i64))
    } else {
        Number::from_f64(value)
    }
}

fn number_text(number: &Option<Number>) -> String {
    number.as_ref().map_or_else(|| "not finite".to_owned(), Number::to_string)
}

/// What a number is called, behind it.
fn label_text(labels: &[String], index: usize) -> String {
    labels.get(index).map(|label| format!("  {label}")).unwrap_or_default()
}

fn operator_facts(output: &OperatorOutput) -> OperatorFacts {
    OperatorFacts {
        subgraph: output.subgraph,
        index: output.operator,
        name: output.name.clone(),
        tensor: output.tensor,
        bytes: output.n_bytes,
        crc32: format!("{:08x}", output.crc32),
        head_hex: hex(&output.head),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn print_run(run: &Run, repeat: Option<u32>, out: &mut impl Write) -> std::io::Result<()> {
    if let Some(seed) = run.seed {
        writeln!(out, "random input, seed {seed}")?;
    }
    if let Some(operators) = &run.operators {
        writeln!(
            out,
            "{:>5}  {:<32}  {:>8}  {:>11}  CRC-32    first bytes",
            "#", "operator", "tensor", "bytes"
        )?;
        for operator in operators {
            let number = match operator.subgraph {
                0 => operator.index.to_string(),
                subgraph => format!("{subgraph}.{}", operator.index),
            };
            writeln!(
                out,
                "{number:>5}  {:<32}  {:>8}  {:>11}  {}  {}",
                operator.name,
                format!("t{}", operator.tensor),
                format::count(operator.bytes as u64),
                operator.crc32,
                operator.head_hex
            )?;
        }
    }
    for output in &run.outputs {
        writeln!(out, "output t{}  {} {}", output.tensor, output.ty, format::shape(&output.shape))?;
        match (&output.values, &output.dequantized) {
            (Some(raw), Some(real)) => {
                for (index, (raw, real)) in raw.iter().zip(real).enumerate() {
                    let label = label_text(&output.labels, index);
                    writeln!(out, "  {index:>5}  {:>6}  {real}{label}", number_text(raw))?;
                }
            }
            (Some(raw), None) => {
                for (index, raw) in raw.iter().enumerate() {
                    let label = label_text(&output.labels, index);
                    writeln!(out, "  {index:>5}  {}{label}", number_text(raw))?;
                }
            }
            (None, _) => writeln!(out, "  {} bytes, not listed; --json has them all", output.hex.len() / 2)?,
        }
    }
    let how = match repeat {
        Some(repeat) => format!("median of {repeat} on one thread"),
        None => "one invocation, not warmed up; --repeat N for a median".to_owned(),
    };
    writeln!(out, "{:.1} µs per invocation on this computer (not on a chip), {how}", run.micros_per_invoke)
}
