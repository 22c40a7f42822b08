//! Starts Emberlab: a command without a window, or the window.

use std::process::ExitCode;

fn main() -> ExitCode {
    emberlab::cli::run(std::env::args_os()).unwrap_or_else(|| emberlab::launch::run(std::env::args_os()))
}
