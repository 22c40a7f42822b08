//! Reads a .tflite and writes it again: `rewrite IN OUT`.
//!
//! The comparison with the reference runtimes (`tests/wheel/roundtrip.py`) runs this over real models.

use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, input, output] = arguments.as_slice() else {
        eprintln!("usage: rewrite IN.tflite OUT.tflite");
        return ExitCode::from(2);
    };
    match rewrite(input, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{input}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn rewrite(input: &str, output: &str) -> Result<(), Box<dyn std::error::Error>> {
    let file: Arc<[u8]> = std::fs::read(input)?.into();
    let model = emberlab_core::tflite::read(file)?;
    std::fs::write(output, emberlab_core::tflite::write(&model)?)?;
    Ok(())
}
