//! Writes the specimens into a folder: `write_specimens FOLDER`. Fuzzing starts from them.
//!
//! Models go to `FOLDER/tflite`, the constants of one of them to `FOLDER/npy`.

#[path = "support/specimens.rs"]
mod specimens;

use std::path::Path;
use std::process::ExitCode;

use emberlab_core::npy;

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: write_specimens FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> std::io::Result<()> {
    let (models, arrays) = (folder.join("tflite"), folder.join("npy"));
    std::fs::create_dir_all(&models)?;
    std::fs::create_dir_all(&arrays)?;
    for (name, file) in specimens::files() {
        std::fs::write(models.join(name.replace(' ', "_") + ".tflite"), &file)?;
    }
    let model = specimens::every_type();
    for tensor in &model.subgraphs[0].tensors {
        let data = model.constant_data(tensor).unwrap_or_default();
        if let Ok(file) = npy::write(tensor, data) {
            std::fs::write(arrays.join(tensor.ty.name().to_owned() + ".npy"), file)?;
        }
    }
    Ok(())
}
