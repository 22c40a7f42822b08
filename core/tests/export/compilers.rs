//! Compilers take the sources as they are.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use emberlab_core::export::{SourceKind, Sources};
use emberlab_core::model::{ModelBuilder, Tensor, TensorType};
use emberlab_core::run::{Semantics, emberlab_arena};

use crate::support::{Scratch, file, is_there, shared_models, small_model, sources_of, text};

fn check(output: Output, what: &str) -> Output {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{what}: {}", said.concat());
    output
}

/// A header with the name of TFLM's that has the methods which the resolver calls, and nothing else.
pub fn stand_in_for_tflm(resolver: &str) -> String {
    let called = resolver.lines().filter_map(|line| line.split_once("resolver.")?.1.split_once('('));
    let methods: BTreeSet<&str> =
        called.map(|(method, _)| method).filter(|method| *method != "AddCustom").collect();
    let methods: String =
        methods.iter().map(|method| format!("  TfLiteStatus {method}() {{ return kTfLiteOk; }}\n")).collect();
    format!(
        "#pragma once\n\
         enum TfLiteStatus {{ kTfLiteOk = 0, kTfLiteError = 1 }};\n\
         struct TFLMRegistration;\n\
         namespace tflite {{\n\
         template <unsigned int tOpCount>\n\
         class MicroMutableOpResolver {{\n\
          public:\n\
           TfLiteStatus AddCustom(const char*, const TFLMRegistration*) {{ return kTfLiteOk; }}\n\
         {methods} private:\n\
           int registrations_[tOpCount];\n\
         }};\n\
         }}\n"
    )
}

fn write_all(folder: &Scratch, sources: &Sources) {
    for file in &sources.files {
        folder.write(file.name, &file.text);
    }
}

fn check_with_gcc(sources: &Sources, test: &str) {
    let folder = Scratch::new(test);
    write_all(&folder, sources);
    let stand_in = stand_in_for_tflm(text(sources, "resolver.h"));
    folder.write("tensorflow/lite/micro/micro_mutable_op_resolver.h", &stand_in);
    // Both headers, twice and in one file.
    folder.write(
        "use.cc",
        "#include \"model.h\"\n#include \"resolver.h\"\n#include \"model.h\"\n#include \"resolver.h\"\n",
    );
    for name in ["model.cc", "use.cc"] {
        let mut gcc = Command::new("g++");
        gcc.args(["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I."]);
        check(gcc.arg(name).current_dir(&folder.0).output().expect("g++ was just there"), name);
    }
    let mut gcc = Command::new("g++");
    gcc.args(["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++", "model.h"]);
    // `#pragma once` is not used, and a header may be the main file.
    check(gcc.current_dir(&folder.0).output().expect("g++ was just there"), "model.h");
}

#[test]
fn gcc_takes_the_array_and_the_resolver() {
    if !is_there("g++") {
        return;
    }
    check_with_gcc(&sources_of(SourceKind::CArray, "small.tflite", &file(&small_model())), "gcc-small");
    // No operators, no labels, a scalar, odd names.
    let mut builder = ModelBuilder::new("odd");
    let scalar = builder.input(Tensor::new("a\\\n\"*/", TensorType::Int4, &[]));
    builder.output(scalar);
    check_with_gcc(&sources_of(SourceKind::CArray, "\\", &file(&builder.build())), "gcc-odd");
    let mut builder = ModelBuilder::new("custom");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1]));
    let y = builder.tensor(Tensor::new("y", TensorType::Float32, &[1]));
    builder.custom_operator("say \"hi\" ??/\\", [x], [y]);
    builder.output(y);
    check_with_gcc(&sources_of(SourceKind::CArray, "2.tflite", &file(&builder.build())), "gcc-custom");
}

/// An operator that TFLM lacks stops the build, with its name.
#[test]
fn gcc_stops_at_an_operator_that_tflm_lacks() {
    if !is_there("g++") {
        return;
    }
    let mut builder = ModelBuilder::new("flex");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1]));
    let y = builder.tensor(Tensor::new("y", TensorType::Float32, &[1]));
    builder.custom_operator("FlexErf", [x], [y]);
    builder.output(y);
    let sources = sources_of(SourceKind::CArray, "flex.tflite", &file(&builder.build()));
    let folder = Scratch::new("gcc-flex");
    write_all(&folder, &sources);
    folder.write("tensorflow/lite/micro/micro_mutable_op_resolver.h", &stand_in_for_tflm(""));
    let mut gcc = Command::new("g++");
    gcc.args(["-std=c++17", "-fsyntax-only", "-I.", "-x", "c++", "resolver.h"]).current_dir(&folder.0);
    let output = gcc.output().expect("g++ was just there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("FlexErf"), "{said}");
}

/// The program prints the array, so that what comes back went through the compiler.
#[test]
fn gcc_gives_the_bytes_back() {
    if !is_there("g++") {
        return;
    }
    let bytes = file(&small_model());
    let sources = sources_of(SourceKind::CArray, "small.tflite", &bytes);
    let folder = Scratch::new("gcc-bytes");
    write_all(&folder, &sources);
    folder.write(
        "main.cc",
        "#include <cstdio>\n#include \"model.h\"\n\
         int main() {\n\
           using namespace small_model;\n\
           if (reinterpret_cast<std::uintptr_t>(kModelData) % 16 != 0) return 2;\n\
           std::fwrite(kModelData, 1, kModelLength, stdout);\n\
           for (const char* label : kLabels) std::printf(\"[%s]\", label);\n\
           std::printf(\"[%s %g %d %d]\", kInputType, kInputScale, kInputZeroPoint, kOutputZeroPoint);\n\
         }\n",
    );
    let mut gcc = Command::new("g++");
    gcc.args(["-std=c++17", "-o", "main", "main.cc", "model.cc"]).current_dir(&folder.0);
    let linked = gcc.output().expect("g++ was just there");
    check(linked, "linking");
    let output = check(Command::new(folder.0.join("main")).output().expect("it was just built"), "main");
    let expected = [&bytes[..], "[quiet][say \"ä\\\" ??/][int8 0.5 -1 -128]".as_bytes()].concat();
    assert_eq!(output.stdout, expected);
}

fn rustc(folder: &Scratch) -> Command {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "-D", "warnings"]).current_dir(&folder.0);
    rustc
}

#[test]
fn rustc_takes_the_module_without_the_standard_library() {
    let bytes = file(&small_model());
    let folder = Scratch::new("rustc-lib");
    write_all(&folder, &sources_of(SourceKind::RustModule, "small.tflite", &bytes));
    folder.write("lib.rs", "#![no_std]\n//! A model.\nmod model;\n");
    let mut rustc = rustc(&folder);
    rustc.args(["--crate-type", "lib", "--emit", "metadata", "lib.rs"]);
    check(rustc.output().expect("a test is built by rustc"), "lib.rs");
}

/// The program prints what the module holds, so that what comes back went through the compiler.
#[test]
fn rustc_gives_the_bytes_back() {
    let bytes = file(&small_model());
    let folder = Scratch::new("rustc-bytes");
    write_all(&folder, &sources_of(SourceKind::RustModule, "small.tflite", &bytes));
    folder.write(
        "main.rs",
        "mod model;\n\
         use std::io::Write;\n\
         fn main() {\n\
             assert_eq!(model::MODEL.as_ptr() as usize % 16, 0);\n\
             let mut out = std::io::stdout().lock();\n\
             out.write_all(model::MODEL).unwrap();\n\
             write!(out, \"{} {:?} {:?}\", model::ARENA_BYTES, model::LABELS, model::INPUT_SHAPE).unwrap();\n\
         }\n",
    );
    let mut rustc = rustc(&folder);
    check(rustc.args(["-o", "main", "main.rs"]).output().expect("a test is built by rustc"), "main.rs");
    let output = check(Command::new(folder.0.join("main")).output().expect("it was just built"), "main");
    let arena = emberlab_arena(&bytes, Semantics::Tflm).expect("it runs").needs.minimum_bytes;
    let said = format!("{arena} {:?} [1, 3]", ["quiet", "say \"ä\\\" ??/"]);
    assert_eq!(output.stdout, [&bytes[..], said.as_bytes()].concat());
}

#[test]
fn rustfmt_has_nothing_to_change() {
    if !is_there("rustfmt") {
        return;
    }
    let mut models = shared_models();
    models.push(("small.tflite".to_owned(), file(&small_model())));
    let folder = Scratch::new("rustfmt");
    for (name, bytes) in &models {
        write_all(&folder, &sources_of(SourceKind::RustModule, name, bytes));
        let mut rustfmt = Command::new("rustfmt");
        // Away from the settings of this project, as in a firmware's.
        rustfmt.args(["--check", "--edition", "2024", "model.rs"]).current_dir(&folder.0);
        check(rustfmt.output().expect("rustfmt was just there"), name);
    }
    assert!(Path::new(&folder.0).join("model.rs").is_file());
}
