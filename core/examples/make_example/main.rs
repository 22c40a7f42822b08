//! Writes the model that ships with the app: `cargo run -p emberlab-core --example make_example -- OUT.tflite`.

mod keyword_spotting;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, output] = arguments.as_slice() else {
        eprintln!("usage: make_example OUT.tflite");
        return ExitCode::from(2);
    };
    let written = emberlab_core::tflite::write(&keyword_spotting::model())
        .map_err(|error| error.to_string())
        .and_then(|bytes| std::fs::write(output, bytes).map_err(|error| error.to_string()));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{output}: {error}");
            ExitCode::FAILURE
        }
    }
}
