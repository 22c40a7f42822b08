//! Damages files and opens them: `mutate [--run] [--count N] [--seed S] [--from K] [MODEL.tflite …]`.
//!
//! Mutants of the specimens and of the models named are read, written, read again, planned for every chip and measured;
//! with `--run` the runtime prepares them, too, and runs what it takes.
//! Nothing may panic, hang or take more memory than a small multiple of the file. Mutant `K` of a seed is reproduced
//! with `--from K --count 1`.

mod support;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use emberlab_runtime::{Interpreter, Observer, Registry, Semantics};
use support::check::{Outcome, check};
use support::mutator::{Mutator, Random};
use support::{counting, specimens};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

thread_local! {
    /// Where the current thread panicked last.
    static LAST_PANIC: Cell<String> = const { Cell::new(String::new()) };
}

/// The longest that one mutant may take, far beyond what any takes.
const PATIENCE: Duration = Duration::from_secs(2);

struct Arguments {
    run: bool,
    count: u64,
    seed: u64,
    from: u64,
    models: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let mut seeds: Vec<Vec<u8>> = specimens::files().into_iter().map(|(_, file)| file.to_vec()).collect();
    for path in &arguments.models {
        match std::fs::read(path) {
            Ok(bytes) => seeds.push(bytes),
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::from(2);
            }
        }
    }
    run(&arguments, &seeds)
}

fn run(arguments: &Arguments, seeds: &[Vec<u8>]) -> ExitCode {
    let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
    let mut panics: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    panic::set_hook(Box::new(|info| {
        LAST_PANIC.set(info.location().map_or_else(String::new, ToString::to_string))
    }));
    let mut invoked = 0;
    let (mut slowest, mut slowest_number) = (Duration::ZERO, 0);
    let start = Instant::now();
    for number in arguments.from..arguments.from + arguments.count {
        // Every mutant has a seed of its own, so that one of them can be made again alone.
        let mut random = Random::new(arguments.seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let mutant = Mutator::new(seeds, random.next()).mutant();
        let began = Instant::now();
        let try_out = || {
            let n_invoked = if arguments.run { invoke(&mutant) } else { 0 };
            (check(mutant), n_invoked)
        };
        match catch_unwind(AssertUnwindSafe(try_out)) {
            Ok((outcome, n_invoked)) => {
                *counts.entry(outcome).or_default() += 1;
                invoked += n_invoked;
            }
            Err(_) => {
                let (first, count) = panics.entry(LAST_PANIC.take()).or_insert((number, 0));
                *count += 1;
                if *count == 1 {
                    eprintln!("mutant {first} of seed {} panicked", arguments.seed);
                }
            }
        }
        if began.elapsed() > slowest {
            (slowest, slowest_number) = (began.elapsed(), number);
        }
        if slowest > PATIENCE {
            eprintln!("mutant {slowest_number} of seed {} took {slowest:?}", arguments.seed);
            return ExitCode::FAILURE;
        }
    }
    let counts: Vec<String> =
        counts.iter().map(|(outcome, count)| format!("{count} {outcome:?}").to_lowercase()).collect();
    eprintln!(
        "{} mutants of {} files (seed {}) in {:.0} s: {}; {invoked} invocations; slowest {slowest:?} (mutant {slowest_number})",
        arguments.count,
        seeds.len(),
        arguments.seed,
        start.elapsed().as_secs_f64(),
        counts.join(", "),
    );
    for (place, (first, count)) in &panics {
        eprintln!("{count} panics at {place}, the first of mutant {first}");
    }
    if panics.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the bytes as the chip would, without the reader in front: with TFLM's and with LiteRT's arithmetic. Returns how
/// often they were a model that runs.
fn invoke(mutant: &[u8]) -> u64 {
    const ARENA_BYTES: usize = 256 * 1024;
    let mut model = vec![0u128; mutant.len().div_ceil(16)];
    let model = &mut bytemuck::cast_slice_mut(&mut model)[..mutant.len()];
    model.copy_from_slice(mutant);
    let mut invoked = 0;
    for semantics in [Semantics::Tflm, Semantics::Litert] {
        let mut arena = vec![0u128; ARENA_BYTES / 16];
        let arena = bytemuck::cast_slice_mut(&mut arena);
        if let Ok(mut interpreter) = Interpreter::prepare(model, arena, semantics, &Registry::default()) {
            // A loop of a damaged model may never end by itself.
            let mut limit = OperatorLimit(1000);
            invoked += u64::from(interpreter.invoke(&mut limit).is_ok());
        }
    }
    invoked
}

/// Stops an invocation after so many operators.
struct OperatorLimit(u32);

impl Observer for OperatorLimit {
    fn stop(&mut self) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 == 0
    }
}

fn arguments() -> Result<Arguments, String> {
    let mut arguments = Arguments { run: false, count: 100_000, seed: 1, from: 0, models: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().unwrap_or_default();
            value.parse().map_err(|_| format!("{word}: expected a number, found {value:?}"))
        };
        match word.as_str() {
            "--run" => arguments.run = true,
            "--count" => arguments.count = number()?,
            "--seed" => arguments.seed = number()?,
            "--from" => arguments.from = number()?,
            _ if word.starts_with('-') => return Err(format!("unknown option {word}")),
            _ => arguments.models.push(word),
        }
    }
    Ok(arguments)
}
