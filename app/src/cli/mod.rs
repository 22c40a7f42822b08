//! Commands without a window.
//!
//! Names, exit codes and JSON keys stay stable. Exit 0: done; 1: done, but a stated limit was exceeded; 2: bad usage or
//! bad input, with one message on standard error and nothing written; 130, as shells have it: ended by Ctrl+C, with what was
//! done until then kept.

mod bench;
mod compress;
mod evaluate;
mod export;
mod flash;
mod inspect;
mod interrupt;
mod new;
mod ports;
mod project;
mod run;
mod target;
mod templates;
mod train;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};

/// Names of the commands; a first argument that is none of them is a file to open in the window.
pub const COMMANDS: [&str; 12] = [
    "inspect",
    "run",
    "templates",
    "new",
    "train",
    "compress",
    "evaluate",
    "export",
    "ports",
    "flash",
    "bench",
    "help",
];

#[derive(Parser)]
#[command(
    name = "emberlab",
    version,
    about = "Neural networks on ESP32 boards: see what a model costs before it is flashed"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what a model is and what it costs on a chip
    Inspect(inspect::Arguments),
    /// Run a model on this computer with the bits of the chip
    Run(run::Arguments),
    /// Make a project out of a template and data
    New(new::Arguments),
    /// List the networks to begin with
    Templates(templates::Arguments),
    /// Train the network of a project
    Train(train::Arguments),
    /// Make smaller variants of a trained network and compare them
    Compress(compress::Arguments),
    /// Say how right a model is about data
    Evaluate(evaluate::Arguments),
    /// Write a model as sources for firmware
    Export(export::Arguments),
    /// List the ports that boards may be on
    Ports(ports::Arguments),
    /// Put a model with its firmware into a board, or into a file
    Flash(flash::Arguments),
    /// Measure a model on a board, and compare its bits with this computer's
    Bench(bench::Arguments),
}

/// How a command ended well.
enum Outcome {
    /// Everything is within the stated limits.
    Done,
    /// A stated limit was exceeded; the text says which.
    LimitExceeded(String),
    /// The user has ended it; the text says what was kept and how to go on.
    Interrupted(String),
}

/// Why a command could not do its work: one clear message.
struct Failure(String);

/// Runs a command without a window; `None` if the arguments name no command.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let arguments = arguments.into_iter().collect::<Vec<_>>();
    let is_command = arguments.get(1).is_some_and(|first| COMMANDS.iter().any(|name| first == name));
    is_command.then(|| match Arguments::try_parse_from(arguments) {
        Ok(arguments) => {
            let result = match arguments.command {
                Command::Inspect(arguments) => inspect::run(&arguments, &mut std::io::stdout().lock()),
                Command::Run(arguments) => run::run(&arguments, &mut std::io::stdout().lock()),
                Command::New(arguments) => new::run(&arguments, &mut std::io::stdout().lock()),
                Command::Templates(arguments) => templates::run(&arguments, &mut std::io::stdout().lock()),
                Command::Train(arguments) => train::run(&arguments, &mut std::io::stdout().lock()),
                Command::Compress(arguments) => compress::run(&arguments, &mut std::io::stdout().lock()),
                Command::Evaluate(arguments) => evaluate::run(&arguments, &mut std::io::stdout().lock()),
                Command::Export(arguments) => export::run(&arguments, &mut std::io::stdout().lock()),
                Command::Ports(arguments) => ports::run(&arguments, &mut std::io::stdout().lock()),
                Command::Flash(arguments) => flash::run(&arguments, &mut std::io::stdout().lock()),
                Command::Bench(arguments) => bench::run(&arguments, &mut std::io::stdout().lock()),
            };
            exit_code(result)
        }
        Err(error) => {
            // A reader that has gone away is no reason to complain.
            error.print().ok();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    })
}

fn exit_code(result: Result<Outcome, Failure>) -> ExitCode {
    let (code, message) = match result {
        Ok(Outcome::Done) => return ExitCode::SUCCESS,
        Ok(Outcome::LimitExceeded(message)) => (1, message),
        Ok(Outcome::Interrupted(message)) => (interrupt::EXIT_CODE, message),
        Err(Failure(message)) => (2, message),
    };
    writeln!(std::io::stderr(), "emberlab: {message}").ok();
    ExitCode::from(code)
}

/// The bytes of a file.
fn read_file(path: &Path) -> Result<Arc<[u8]>, Failure> {
    let failure = |what: String| Failure(format!("cannot read {}: {what}", path.display()));
    if path.is_dir() {
        return Err(failure("it is a folder; name a .tflite file in it".to_owned()));
    }
    std::fs::read(path).map(Arc::from).map_err(|error| failure(error.to_string()))
}

/// Writes to standard output; a closed pipe (`| head`) ends the command quietly.
fn written(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
