//! Running a model on this computer: inputs prepared, every operator traced and timed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use emberlab_core::model::{Model, Tensor};
use emberlab_core::run::{
    Generator, Interpreter, Memory, Normalisation, Observer, OperatorEvent, OperatorOutput, PreparedInput,
    RunError, Semantics, SourceError, Trace, compare, compare_models, converted, fill, from_npy,
    from_picture, from_text, from_wav, picture_shape,
};

use super::{JobContext, JobKind, JobSpec, Jobs, Outcome, Subject, read_file};
use crate::run_state::{Compared, RunFailure, RunInput, RunResult};

/// Bytes of operator outputs that a run keeps to look at.
const TRACE_BYTES: usize = 256 << 20;
/// Invocations are timed at least once and for at most this long.
const TIMING: Duration = Duration::from_millis(300);
/// Invocations that are timed at most.
const MAX_TIMED: usize = 101;
/// Larger files are no inputs.
const MAX_INPUT_BYTES: u64 = 256 << 20;

/// A model to run.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The tab it is for.
    pub subject: Subject,
    /// The name in messages.
    pub title: String,
    /// The model.
    pub model: Arc<Model>,
    /// The bytes that the model was read from.
    pub file: Arc<[u8]>,
    /// One input for every input tensor.
    pub inputs: Vec<RunInput>,
    /// Whose arithmetic to follow.
    pub semantics: Semantics,
    /// What to compare with.
    pub other: Option<OtherRun>,
}

/// The second run of a comparison.
#[derive(Clone, Debug)]
pub struct OtherRun {
    /// What it is, in words.
    pub title: String,
    /// The other model; `None` for the same one.
    pub model: Option<(Arc<Model>, Arc<[u8]>)>,
    /// Whose arithmetic it follows.
    pub semantics: Semantics,
}

impl Jobs {
    /// Runs a model.
    pub fn run(&mut self, request: RunRequest) {
        let spec = JobSpec {
            kind: JobKind::Run,
            name: format!("Running {}", request.title),
            subject: Some(request.subject),
        };
        self.start(spec, move |context| match run(&request, context) {
            Err(Ending::Cancelled) => None,
            Err(Ending::Failed(failure)) => Some(Outcome::Ran(Err(failure))),
            Ok(result) => Some(Outcome::Ran(Ok(Arc::new(result)))),
        });
    }

    /// Reads a file that is to be an input.
    pub fn read_input(&mut self, subject: Subject, index: usize, path: PathBuf) {
        let name = super::file_name(&path);
        let spec = JobSpec { kind: JobKind::Input, name: format!("Reading {name}"), subject: Some(subject) };
        self.start(spec, move |context| {
            let report = |done, total| {
                context.progress(done, total);
                !context.is_cancelled() && total <= MAX_INPUT_BYTES
            };
            match read_file(&path, &report) {
                Ok(Some(bytes)) => Some(Outcome::InputRead(index, name, Ok(bytes.into()))),
                Ok(None) if context.is_cancelled() => None,
                Ok(None) => {
                    Some(Outcome::InputRead(index, name, Err("It is larger than 256 MiB".to_owned())))
                }
                Err(failure) => Some(Outcome::InputRead(index, name, Err(failure.place))),
            }
        });
    }
}

/// Why a run has no result.
enum Ending {
    Cancelled,
    Failed(RunFailure),
}

impl From<RunError> for Ending {
    fn from(error: RunError) -> Self {
        Ending::Failed(RunFailure {
            message: error.message,
            help: "Inspect says which operators run where; models with operators that are not supported can be converted again without them".to_owned(),
            operator: error.operator,
        })
    }
}

impl From<SourceError> for Ending {
    fn from(error: SourceError) -> Self {
        Ending::Failed(RunFailure { message: error.message, help: error.help, operator: None })
    }
}

fn run(request: &RunRequest, context: &JobContext) -> Result<RunResult, Ending> {
    let mut memory = Memory::new(&request.file, request.semantics)?;
    let mut interpreter = memory.interpreter()?;
    let inputs = prepare_inputs(&request.model, &request.inputs, &mut interpreter)?;
    let trace = traced(&mut interpreter, &inputs, context)?;
    let outputs = outputs(&request.model, &interpreter);
    let ended_early = interpreter.ended_early();
    let compared = match &request.other {
        None => None,
        Some(other) => match compared(request, other, &inputs, &trace, context) {
            Ok(compared) => Some(Ok(compared)),
            Err(Ending::Failed(failure)) => Some(Err(failure)),
            Err(Ending::Cancelled) => return Err(Ending::Cancelled),
        },
    };
    let (micros, total_micros, n_timed) = timed(&mut interpreter, &inputs, context)?;
    let semantics = request.semantics;
    Ok(RunResult { inputs, outputs, ended_early, trace, micros, total_micros, n_timed, semantics, compared })
}

fn prepare_inputs(
    model: &Model,
    inputs: &[RunInput],
    interpreter: &mut Interpreter<'_>,
) -> Result<Vec<PreparedInput>, Ending> {
    let Some(main) = model.subgraphs.first() else { return Ok(Vec::new()) };
    let mut generator: Option<(u32, Generator)> = None;
    let mut prepared = Vec::with_capacity(main.inputs.len());
    for (index, id) in main.inputs.iter().enumerate() {
        let tensor = main.tensor(*id);
        let default = RunInput::default();
        let input = match inputs.get(index).unwrap_or(&default) {
            RunInput::Random { seed, range } => {
                let (_, generator) = match &mut generator {
                    Some(known) if known.0 == *seed => known,
                    other => other.insert((*seed, Generator::new(*seed))),
                };
                let mut bytes = vec![0; interpreter.input_bytes(index).len()];
                fill(&mut bytes, tensor.ty, generator, *range);
                PreparedInput { bytes, steps: vec![format!("random, seed {seed}")] }
            }
            RunInput::Numbers { text, raw } => from_text(text, tensor, *raw)?,
            RunInput::File { name, bytes, normalisation } => from_file(name, bytes, *normalisation, tensor)?,
        };
        let expected = interpreter.input_bytes(index).len();
        if input.bytes.len() != expected {
            let found = input.bytes.len();
            return Err(Ending::Failed(RunFailure {
                message: format!("input {index} takes {expected} bytes, and {found} were given"),
                help: "Give an input of the type and shape that the model shows".to_owned(),
                operator: None,
            }));
        }
        prepared.push(input);
    }
    Ok(prepared)
}

fn from_file(
    name: &str,
    bytes: &[u8],
    normalisation: Option<Normalisation>,
    tensor: &Tensor,
) -> Result<PreparedInput, SourceError> {
    let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "npy" => from_npy(bytes, tensor),
        "wav" => from_wav(bytes, tensor),
        "png" | "jpg" | "jpeg" | "bmp" => {
            from_picture(bytes, tensor, normalisation.unwrap_or_else(|| Normalisation::guess(tensor)))
        }
        "bin" => Ok(PreparedInput { bytes: bytes.to_vec(), steps: vec!["raw bytes".to_owned()] }),
        _ => Err(SourceError {
            message: format!("{name} is of no kind that can be an input"),
            help: "Give an .npy array, a PNG, JPEG or BMP picture, a WAV sound, or .bin for raw bytes"
                .to_owned(),
        }),
    }
}

/// True for the name of a file that can be an input of some model.
pub fn is_input_file(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    matches!(ending.as_str(), "npy" | "wav" | "png" | "jpg" | "jpeg" | "bmp" | "bin")
}

/// True if a file of that name is taken as a picture for the tensor.
pub fn is_picture_for(name: &str, tensor: &Tensor) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    matches!(ending.as_str(), "png" | "jpg" | "jpeg" | "bmp") && picture_shape(tensor).is_some()
}

fn write_inputs(interpreter: &mut Interpreter<'_>, inputs: &[PreparedInput]) {
    for (index, input) in inputs.iter().enumerate() {
        interpreter.input_bytes(index).copy_from_slice(&input.bytes);
    }
}

fn traced(
    interpreter: &mut Interpreter<'_>,
    inputs: &[PreparedInput],
    context: &JobContext,
) -> Result<Vec<OperatorOutput>, Ending> {
    interpreter.reset();
    write_inputs(interpreter, inputs);
    let mut observer = Cancellable { inner: Trace::with_bytes(TRACE_BYTES), context };
    interpreter.invoke(&mut observer).map_err(|_| Ending::Cancelled)?;
    Ok(observer.inner.outputs)
}

fn outputs(model: &Model, interpreter: &Interpreter<'_>) -> Vec<Vec<u8>> {
    let n_outputs = model.subgraphs.first().map_or(0, |main| main.outputs.len());
    (0..n_outputs).map(|index| interpreter.output_bytes(index).to_vec()).collect()
}

fn compared(
    request: &RunRequest,
    other: &OtherRun,
    inputs: &[PreparedInput],
    trace: &[OperatorOutput],
    context: &JobContext,
) -> Result<Compared, Ending> {
    let (model, file) = match &other.model {
        Some((model, file)) => (model, file),
        None => (&request.model, &request.file),
    };
    let mut memory = Memory::new(file, other.semantics)?;
    let mut interpreter = memory.interpreter()?;
    let inputs = if other.model.is_some() {
        converted_inputs(&request.model, model, inputs)?
    } else {
        inputs.to_vec()
    };
    let other_trace = traced(&mut interpreter, &inputs, context)?;
    let differences = match &other.model {
        Some((model, _)) => compare_models((&request.model, trace), (model, &other_trace)),
        None => compare(&request.model, trace, &other_trace),
    };
    Ok(Compared {
        title: other.title.clone(),
        is_real: other.model.is_some(),
        differences,
        outputs: outputs(model, &interpreter),
    })
}

fn converted_inputs(
    from: &Model,
    to: &Model,
    inputs: &[PreparedInput],
) -> Result<Vec<PreparedInput>, Ending> {
    let (Some(from), Some(to)) = (from.subgraphs.first(), to.subgraphs.first()) else {
        return Ok(Vec::new());
    };
    if from.inputs.len() != to.inputs.len() {
        return Err(Ending::Failed(RunFailure {
            message: format!("the models have {} and {} inputs", from.inputs.len(), to.inputs.len()),
            help: "Compare models that take the same input".to_owned(),
            operator: None,
        }));
    }
    let pairs = from.inputs.iter().zip(&to.inputs).zip(inputs);
    pairs
        .map(|((from_id, to_id), input)| {
            Ok(converted(&input.bytes, from.tensor(*from_id), to.tensor(*to_id))?)
        })
        .collect()
}

type Timing = (Vec<((u32, u32), f64)>, f64, usize);

/// Medians over several invocations, each from the same state.
fn timed(
    interpreter: &mut Interpreter<'_>,
    inputs: &[PreparedInput],
    context: &JobContext,
) -> Result<Timing, Ending> {
    let begin = Instant::now();
    let mut operators: BTreeMap<(u32, u32), Vec<f64>> = BTreeMap::new();
    let mut totals = Vec::new();
    while totals.is_empty() || (totals.len() < MAX_TIMED && begin.elapsed() < TIMING) {
        interpreter.reset();
        write_inputs(interpreter, inputs);
        let mut observer = Cancellable { inner: Stopwatch::default(), context };
        let start = Instant::now();
        interpreter.invoke(&mut observer).map_err(|_| Ending::Cancelled)?;
        totals.push(micros_since(start));
        for (place, micros) in observer.inner.micros {
            operators.entry(place).or_default().push(micros);
        }
    }
    let n_timed = totals.len();
    let operators = operators.into_iter().map(|(place, mut micros)| (place, median(&mut micros))).collect();
    Ok((operators, median(&mut totals), n_timed))
}

/// The middle one of the numbers, of which there is at least one.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn micros_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}

/// Takes the time of every operator.
#[derive(Default)]
struct Stopwatch {
    started: Vec<Instant>,
    micros: Vec<((u32, u32), f64)>,
}

impl Observer for Stopwatch {
    fn before(&mut self, _operator: &OperatorEvent<'_>) {
        self.started.push(Instant::now());
    }

    fn after(&mut self, operator: &OperatorEvent<'_>) {
        if let Some(started) = self.started.pop() {
            self.micros.push(((operator.subgraph(), operator.index()), micros_since(started)));
        }
    }
}

/// An observer that ends the invocation when the job is cancelled.
struct Cancellable<'a, T> {
    inner: T,
    context: &'a JobContext,
}

impl<T: Observer> Observer for Cancellable<'_, T> {
    fn before(&mut self, operator: &OperatorEvent<'_>) {
        self.inner.before(operator);
    }

    fn after(&mut self, operator: &OperatorEvent<'_>) {
        self.inner.after(operator);
    }

    fn stop(&mut self) -> bool {
        self.context.is_cancelled()
    }
}
