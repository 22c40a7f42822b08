//! Small models, and the text of their sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use emberlab_core::dataset::PreparationRecord;
use emberlab_core::export::{Export, SourceKind, Sources, sources};
use emberlab_core::model::{
    BuiltinOperator as Op, Model, ModelBuilder, OptionValue, Options, Tensor, TensorType,
};
use emberlab_core::plan::{Chip, Target};
use emberlab_core::tflite;

/// A dense layer and SOFTMAX in int8, with labels that a careless writer would break.
pub fn small_model() -> Model {
    let int8 = |name, shape: &[i32]| Tensor::new(name, TensorType::Int8, shape);
    let mut builder = ModelBuilder::new("small");
    let x = builder.input(int8("x", &[1, 3]).quantized(0.5, -1));
    let w = builder.constant(int8("w", &[2, 3]).quantized(0.25, 0), &[1i8, 2, 3, -1, -2, -3]);
    let bias = Tensor::new("b", TensorType::Int32, &[2]).quantized(0.125, 0);
    let b = builder.constant(bias, &[10i32, 20]);
    let y = builder.tensor(int8("y", &[1, 2]).quantized(0.1, 3));
    let p = builder.tensor(int8("p", &[1, 2]).quantized(1.0 / 256.0, -128));
    builder.operator(Op::FULLY_CONNECTED, [x, w, b], [y]).options =
        Some(Options::new("FullyConnectedOptions"));
    builder.operator(Op::SOFTMAX, [y], [p]).options =
        Some(Options::new("SoftmaxOptions").with("beta", OptionValue::Float(1.0)));
    builder.output(p);
    let mut model = builder.build();
    let classes = ["quiet", "say \"ä\\\" ??/"].map(str::to_owned).to_vec();
    PreparationRecord { version: 1, classes, ..PreparationRecord::default() }.write_into(&mut model);
    model
}

/// The file of a model.
pub fn file(model: &Model) -> Vec<u8> {
    tflite::write(model).expect("a sound model")
}

/// The sources of a model for the ESP32-S3, from its file.
pub fn sources_of(kind: SourceKind, file_name: &str, bytes: &[u8]) -> Sources {
    let model = tflite::read(bytes.into()).expect("a model");
    let export = Export { file_name, bytes, model: &model };
    sources(kind, &export, Target::new(Chip::Esp32s3))
}

/// The text of one of the sources.
pub fn text<'s>(sources: &'s Sources, name: &str) -> &'s str {
    &sources.files.iter().find(|file| file.name == name).expect(name).text
}

/// Every model of `../shared/models` with its name; none, with one printed line, where there are none.
pub fn shared_models() -> Vec<(String, Vec<u8>)> {
    let folder = shared().join("models");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: ../shared/models is absent");
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "tflite")).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let bytes = std::fs::read(path).expect("a model");
        (name, bytes)
    };
    paths.into_iter().map(read).collect()
}

/// The folder with shared data beside the project.
pub fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared")
}

/// Whether a program can be started; if not, one line says what is skipped.
pub fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: there is no {program}");
    }
    found
}

/// A folder of its own for a test, removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("emberlab-export-{name}-{}", std::process::id()));
        // A leftover of an earlier run is as good as none.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder can be written to");
        Self(path)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is ours");
        std::fs::write(&path, text).expect("it is ours");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
