//! Projects for ESP-IDF as texts.
//!
//! What is compiled here: every C++ file of a project, with the system's g++, against headers in `stubs/` that stand in for
//! those of TensorFlow Lite Micro and ESP-IDF. That finds what C++ itself refuses, and calls that differ from what we believe
//! these libraries to have. It shows neither that the libraries have it, nor that a chip runs it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use emberlab_core::dataset::{Affine, FittedInput, InputPreparation, Preparation, PreparationRecord};
use emberlab_core::export::{
    ArenaMemory, ESP_IDF_CHIPS, ESP_IDF_FIRMWARE, EspIdfApp, EspIdfError, EspIdfOptions, EspIdfProject,
    Export, MAX_SAMPLE_BYTES, SourceKind, esp_idf_project, model_bytes, random_samples, stored_sample,
};
use emberlab_core::model::{BuiltinOperator as Op, Model, ModelBuilder, Options, Tensor, TensorType};
use emberlab_core::plan::{self, Chip, KernelSet, Target};
use emberlab_core::run::set_input;
use emberlab_core::tflite;
use emberlab_core::verdict::{self, Outcome};
use emberlab_runtime::link::crc32;

use crate::support::{Scratch, file, is_there, shared_models, small_model};

const KEYWORDS: &[u8] = include_bytes!("../../../../assets/examples/keyword_spotting.tflite");
const DIGITS: &[u8] = include_bytes!("../../../../assets/examples/drawn_digits.tflite");

/// What a test exports.
#[derive(Clone, Copy)]
struct Wish {
    chip: Chip,
    memory: ArenaMemory,
    app: EspIdfApp,
    n_samples: usize,
}

const WISH: Wish =
    Wish { chip: Chip::Esp32s3, memory: ArenaMemory::Internal, app: EspIdfApp::Classify, n_samples: 2 };

fn export(name: &str, bytes: &[u8], wish: Wish) -> Result<EspIdfProject, EspIdfError> {
    let model = tflite::read(bytes.into()).expect("a model");
    let samples = random_samples(bytes, &model, wish.n_samples);
    let target = Target::new(wish.chip);
    let options = EspIdfOptions { target, memory: wish.memory, app: wish.app, samples: &samples };
    esp_idf_project(&Export { file_name: name, bytes, model: &model }, &options)
}

fn text<'p>(project: &'p EspIdfProject, path: &str) -> &'p str {
    &project.files.iter().find(|file| file.path == path).expect(path).text
}

/// Two inputs, two outputs without quantization, a branch, and more weights than the default partition holds.
fn large_model() -> Model {
    let float = |name| Tensor::new(name, TensorType::Float32, &[1, 4]);
    let mut builder = ModelBuilder::new("branches");
    let condition = builder.input(Tensor::new("c", TensorType::Bool, &[1]));
    let x = builder.input(float("x"));
    let y = builder.tensor(float("y"));
    let z = builder.tensor(float("z"));
    builder.operator(Op::RELU, [x], [y]);
    builder.operator(Op::IF, [condition, y], [z]).options = Some(
        Options::new("IfOptions")
            .with("then_subgraph_index", emberlab_core::model::OptionValue::Int(1))
            .with("else_subgraph_index", emberlab_core::model::OptionValue::Int(2)),
    );
    builder.output(y);
    builder.output(z);
    for (name, operator) in [("then", Op::RELU), ("else", Op::LOGISTIC)] {
        builder.subgraph(name);
        let x = builder.input(float("x"));
        let y = builder.tensor(float("y"));
        builder.operator(operator, [x], [y]);
        builder.output(y);
    }
    builder.metadata("ballast", vec![7; 900_000]);
    builder.build()
}

/// Four models, each for another chip and program: name, file, wish.
fn four() -> [(&'static str, Vec<u8>, Wish); 4] {
    [
        ("keyword_spotting.tflite", KEYWORDS.to_vec(), WISH),
        (
            "drawn_digits.tflite",
            DIGITS.to_vec(),
            Wish { chip: Chip::Esp32c3, app: EspIdfApp::Bench, n_samples: 1, ..WISH },
        ),
        (
            "small 100%.tflite",
            file(&small_model()),
            Wish { chip: Chip::Esp32p4, memory: ArenaMemory::Psram, ..WISH },
        ),
        ("branches.tflite", file(&large_model()), Wish { chip: Chip::Esp32, ..WISH }),
    ]
}

/// All files as one text: bytes of arrays and files that are templates are left out.
fn snapshot(project: &EspIdfProject) -> String {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/export/esp_idf/templates");
    let mut all = String::new();
    for file in &project.files {
        writeln!(all, "==== {}", file.path).expect("a string");
        let name = file.path.trim_start_matches("main/");
        if std::fs::read_to_string(templates.join(name)).is_ok_and(|template| template == file.text) {
            writeln!(all, "(the template)").expect("a string");
            continue;
        }
        let mut n_left_out = 0;
        for line in file.text.lines() {
            if line.starts_with("    0x") {
                n_left_out += 1;
                continue;
            }
            if std::mem::take(&mut n_left_out) > 0 {
                writeln!(all, "    (bytes)").expect("a string");
            }
            writeln!(all, "{line}").expect("a string");
        }
    }
    for note in &project.notes {
        writeln!(all, "==== note\n{note}").expect("a string");
    }
    all
}

/// Rewritten when `EMBERLAB_UPDATE=1` is set.
#[test]
fn projects_of_four_models_are_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/recorded/esp_idf");
    for (name, bytes, wish) in four() {
        let project = export(name, &bytes, wish).expect("TFLM runs it");
        let path = folder.join(format!("{}.txt", name.split(['.', ' ']).next().expect("a name")));
        let found = snapshot(&project);
        if std::env::var("EMBERLAB_UPDATE").is_ok_and(|value| value == "1") {
            std::fs::create_dir_all(&folder).expect("the project can be written to");
            std::fs::write(&path, &found).expect("the project can be written to");
        }
        let recorded = std::fs::read_to_string(&path).expect("run this test once with EMBERLAB_UPDATE=1");
        assert_eq!(found, recorded, "{name}");
    }
}

/// Writes a project, and an `sdkconfig.h` that says what its settings say.
fn write(project: &EspIdfProject, chip: Chip, scratch: &Scratch) {
    for file in &project.files {
        scratch.write(&file.path, &file.text);
    }
    let mut config = String::from("#pragma once\n");
    let settings = text(project, &format!("sdkconfig.defaults.{}", chip.id()));
    for line in text(project, "sdkconfig.defaults").lines().chain(settings.lines()) {
        if let Some((name, value)) = line.split_once('=').filter(|(name, _)| name.starts_with("CONFIG_")) {
            writeln!(config, "#define {name} {}", if value == "y" { "1" } else { value }).expect("a string");
        }
    }
    // What ESP-IDF derives from these.
    let target = chip.id().to_ascii_uppercase();
    writeln!(config, "#define CONFIG_IDF_TARGET_{target} 1\n#define CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ 240")
        .expect("a string");
    if config.contains("CONFIG_ESP_CONSOLE_UART_DEFAULT") {
        config.push_str("#define CONFIG_ESP_CONSOLE_UART 1\n#define CONFIG_ESP_CONSOLE_UART_NUM 0\n");
    }
    scratch.write("sdkconfig/sdkconfig.h", &config);
}

#[test]
fn gcc_takes_every_file_of_a_project() {
    if !is_there("g++") {
        return;
    }
    let stubs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/esp_idf/stubs");
    for (number, (name, bytes, wish)) in four().into_iter().enumerate() {
        let project = export(name, &bytes, wish).expect("TFLM runs it");
        let scratch = Scratch::new(&format!("esp-idf-gcc-{number}"));
        write(&project, wish.chip, &scratch);
        let resolver = crate::compilers::stand_in_for_tflm(text(&project, "main/resolver.h"));
        let body = resolver.split_once("namespace tflite {").expect("its namespace").1;
        let resolver = format!(
            "#pragma once\n#include \"tensorflow/lite/micro/micro_interpreter.h\"\nnamespace tflite {{{}",
            body.replace(
                "class MicroMutableOpResolver {",
                "class MicroMutableOpResolver : public MicroOpResolver {"
            )
        );
        scratch.write("resolver/tensorflow/lite/micro/micro_mutable_op_resolver.h", &resolver);
        let sources: Vec<&str> = project
            .files
            .iter()
            .map(|file| file.path.as_str())
            .filter(|path| path.ends_with(".cc"))
            // Twelve thousand lines of bytes say nothing new.
            .filter(|path| *path != "main/model.cc" || bytes.len() < 100_000)
            .collect();
        assert!(sources.len() >= 5, "{sources:?}");
        let mut gcc = Command::new("g++");
        gcc.args(["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Werror"]);
        gcc.args(["-fno-exceptions", "-fno-rtti", "-Imain", "-Isdkconfig", "-Iresolver"])
            .arg("-I")
            .arg(&stubs);
        let output = gcc.args(&sources).current_dir(&scratch.0).output().expect("g++ was just there");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        if let Some(preparation) = project.files.iter().find(|file| file.path == "main/preparation.h") {
            let mut gcc = Command::new("g++");
            gcc.args([
                "-std=c++17",
                "-fsyntax-only",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-x",
                "c++",
                "-Isdkconfig",
            ]);
            let output =
                gcc.arg(&preparation.path).current_dir(&scratch.0).output().expect("g++ was just there");
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// Whatever the model is called and whoever wrote it, CMake finds each source and nothing that is not there.
#[test]
fn cmake_names_every_source() {
    let project = export("a.tflite", KEYWORDS, WISH).expect("TFLM runs it");
    let cmake = text(&project, "main/CMakeLists.txt");
    let named: BTreeSet<&str> = cmake.split('"').filter(|word| word.ends_with(".cc")).collect();
    let there: BTreeSet<&str> = project
        .files
        .iter()
        .filter_map(|file| file.path.strip_prefix("main/"))
        .filter(|name| name.ends_with(".cc"))
        .collect();
    assert_eq!(named, there);
    assert!(project.files.iter().all(|file| file.text.ends_with('\n') && !file.path.starts_with('/')));
}

#[test]
fn every_chip_has_its_settings_and_its_arena() {
    for chip in ESP_IDF_CHIPS {
        let wish = Wish { chip, ..WISH };
        let project = export("keyword_spotting.tflite", KEYWORDS, wish).expect("TFLM runs it");
        let model = tflite::read(KEYWORDS.into()).expect("a model");
        let plan = plan::plan(&model, Target::new(chip)).expect("TFLM takes it");
        let minimum = plan.minimum_bytes.expect("a chip");
        assert_eq!(project.arena_bytes, minimum);
        assert!(
            text(&project, "sdkconfig.defaults").contains(&format!("CONFIG_IDF_TARGET=\"{}\"\n", chip.id()))
        );
        for other in ESP_IDF_CHIPS {
            let arena =
                plan::plan(&model, Target::new(other)).expect("TFLM takes it").minimum_bytes.expect("a chip");
            let statement = format!(
                " CONFIG_IDF_TARGET_{}\nconstexpr int kTensorArenaSize = {arena};\n",
                other.id().to_ascii_uppercase()
            );
            assert!(text(&project, "main/model.h").contains(&statement), "{statement}");
            let settings = text(&project, &format!("sdkconfig.defaults.{}", other.id()));
            assert!(settings.contains("CONFIG_ESPTOOLPY_FLASHMODE_QIO=y"), "{settings}");
            assert!(!settings.contains("SPIRAM"), "{settings}");
        }
        let main = text(&project, "main/main.cc");
        assert!(
            main.contains("alignas(16) std::uint8_t tensor_arena[keyword_spotting_model::kTensorArenaSize];")
        );
        assert!(main.contains(&format!("about.firmware = \"{ESP_IDF_FIRMWARE}\";")));
        let components = text(&project, "main/idf_component.yml");
        for line in [
            "espressif/esp-tflite-micro: \"==1.4.0\"",
            "espressif/esp-nn: \"==1.2.3\"",
            "idf: \">=5.3,<6.1\"",
        ] {
            assert!(components.contains(line), "{components}");
        }
        let readme = text(&project, "README.md");
        for part in [
            "    idf.py build\n    idf.py -p PORT flash\n    idf.py -p PORT monitor\n",
            "never built with a real one",
        ] {
            assert!(readme.contains(part), "{readme}");
        }
    }
}

#[test]
fn external_memory_and_large_models_have_their_settings() {
    let psram = Wish { memory: ArenaMemory::Psram, ..WISH };
    let project = export("a.tflite", KEYWORDS, psram).expect("TFLM runs it");
    assert!(
        text(&project, "main/main.cc").contains("alignas(16) EXT_RAM_BSS_ATTR std::uint8_t tensor_arena[")
    );
    assert!(
        text(&project, "sdkconfig.defaults.esp32s3")
            .contains("CONFIG_SPIRAM_ALLOW_BSS_SEG_EXTERNAL_MEMORY=y")
    );
    assert!(!text(&project, "sdkconfig.defaults.esp32c3").contains("SPIRAM"));
    assert!(project.files.iter().all(|file| file.path != "partitions.csv"));

    for (n_bytes, flash, has_note) in [(900_000, "4MB", false), (5 << 20, "8MB", true)] {
        let mut model = small_model();
        let data = vec![1; n_bytes];
        let buffer = emberlab_core::model::BufferId(model.buffers.len() as u32);
        model.buffers.push(emberlab_core::model::Buffer { data: Some(data.into()), ..Default::default() });
        model.metadata.push(emberlab_core::model::Metadata { name: "ballast".to_owned(), buffer });
        let bytes = file(&model);
        let project = export("a.tflite", &bytes, WISH).expect("TFLM runs it");
        let settings = text(&project, "sdkconfig.defaults");
        assert!(settings.contains(&format!("CONFIG_ESPTOOLPY_FLASHSIZE_{flash}=y")), "{settings}");
        assert!(settings.contains("CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"partitions.csv\""), "{settings}");
        let size = text(&project, "partitions.csv").lines().last().expect("the application");
        let size = size.rsplit(' ').next().and_then(|size| size.strip_prefix("0x")).expect("a number");
        let size = u64::from_str_radix(size, 16).expect("hexadecimal");
        assert!(size.is_multiple_of(65_536) && size > n_bytes as u64 + 400_000, "{size}");
        assert_eq!(project.notes.iter().any(|note| note.contains("8 MB of flash")), has_note);
    }
}

/// What the operators of TensorFlow Lite Micro do not run, and options that do not fit together, are refused with a way out.
#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let model = tflite::read(KEYWORDS.into()).expect("a model");
    let samples = random_samples(KEYWORDS, &model, 1);
    let whole = Export { file_name: "a.tflite", bytes: KEYWORDS, model: &model };
    let target = Target::new(Chip::Esp32);
    let options =
        EspIdfOptions { target, memory: ArenaMemory::Internal, app: EspIdfApp::Classify, samples: &samples };
    let short = [emberlab_core::export::StoredSample { bytes: vec![0; 3], ..samples[0].clone() }];
    for (options, part) in [
        (EspIdfOptions { target: Target::new(Chip::Host64), ..options }, "for chips"),
        (EspIdfOptions { target: Target { kernels: KernelSet::Reference, ..target }, ..options }, "ESP-NN"),
        (
            EspIdfOptions { target: Target::new(Chip::Esp32c3), memory: ArenaMemory::Psram, ..options },
            "the ESP32-C3 cannot have external memory",
        ),
        (EspIdfOptions { samples: &[], ..options }, "no sample"),
        (EspIdfOptions { samples: &short, ..options }, "has 3 bytes, and the inputs of the model have"),
    ] {
        let error = esp_idf_project(&whole, &options).expect_err("it cannot be");
        assert!(error.message.contains(part) && !error.help.is_empty(), "{error:?}");
    }

    let mut builder = ModelBuilder::new("gelu");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1, 4]));
    let y = builder.tensor(Tensor::new("y", TensorType::Float32, &[1, 4]));
    builder.operator(Op::GELU, [x], [y]);
    builder.output(y);
    let error = export("gelu.tflite", &file(&builder.build()), WISH).expect_err("TFLM has no GELU");
    assert!(error.message.starts_with("TensorFlow Lite Micro refuses the model on ESP32-S3: "), "{error:?}");
    assert!(error.message.contains("GELU") && !error.help.is_empty(), "{error:?}");
}

/// What tutorials get wrong: none of it stands in a project.
#[test]
fn errors_of_tutorials_do_not_occur() {
    for (name, bytes, wish) in four() {
        let project = export(name, &bytes, wish).expect("TFLM runs it");
        for file in &project.files {
            let text = file.text.to_ascii_lowercase();
            for wrong in [
                // Gone from TensorFlow Lite Micro.
                "allopsresolver",
                "all_ops_resolver",
                "microerrorreporter",
                "error_reporter",
                // Macros that no source of these libraries has.
                "tflite_micro_use_",
                // An arena that is defined twice, or taken from the heap.
                "uint8_t* tensor_arena",
                "uint8_t *tensor_arena",
                "malloc",
                " new ",
                // Weights are read from flash.
                "model fits in ram",
            ] {
                assert!(!text.contains(wrong), "{name}, {}: {wrong}", file.path);
            }
            // Operators are added one by one, and each status is looked at.
            for line in file.text.lines().filter(|line| line.contains("resolver.Add")) {
                assert!(line.contains("!= kTfLiteOk"), "{line}");
            }
            for call in ["AllocateTensors()", "->Reset()", "RegisterOperators(resolver)"] {
                for line in
                    file.text.lines().filter(|line| line.contains(call) && file.path.ends_with("main.cc"))
                {
                    assert!(line.contains("kTfLiteOk"), "{name}, {}: {line}", file.path);
                }
            }
            let is_program = file.path == "main/main.cc";
            for line in file.text.lines().filter(|line| is_program && line.contains("->Invoke")) {
                assert!(line.contains("TfLiteStatus status = "), "{line}");
            }
        }
        let main = text(&project, "main/main.cc");
        assert_eq!(main.matches("tensor_arena[").count(), 1, "{main}");
        assert!(text(&project, "main/model.cc").contains("alignas(16) const unsigned char kModelData[]"));
        // Real switches of ESP-NN.
        assert!(
            text(&project, "sdkconfig.defaults")
                .contains("CONFIG_NN_OPTIMIZED=y\n# CONFIG_NN_SKIP_NUDGE is not set\n")
        );
    }
    // uint8 at the interface costs conversions: it is said, and calibration is no matter of a file that is there already.
    let mut builder = ModelBuilder::new("unsigned");
    let x = builder.input(Tensor::new("x", TensorType::Uint8, &[1, 4]).quantized(0.5, 128));
    let y = builder.tensor(Tensor::new("y", TensorType::Int8, &[1, 4]).quantized(0.5, 0));
    builder.operator(Op::QUANTIZE, [x], [y]);
    builder.output(y);
    let project = export("unsigned.tflite", &file(&builder.build()), WISH).expect("TFLM runs it");
    assert!(project.notes.iter().any(|note| note.contains("uint8")), "{:?}", project.notes);
}

#[test]
fn stored_samples_have_the_outputs_of_this_computer() {
    let model = tflite::read(KEYWORDS.into()).expect("a model");
    let samples = random_samples(KEYWORDS, &model, 100);
    assert!(
        samples.len() > 1
            && samples.iter().map(|sample| sample.bytes.len()).sum::<usize>() <= MAX_SAMPLE_BYTES
    );
    let again = stored_sample("again", KEYWORDS, |interpreter| {
        interpreter.input_bytes(0).copy_from_slice(&samples[1].bytes);
        Ok(())
    })
    .expect("it runs");
    assert_eq!(again.outputs_crc, samples[1].outputs_crc);
    assert_ne!(samples[0].outputs_crc, samples[1].outputs_crc);
    let project = export("a.tflite", KEYWORDS, WISH).expect("TFLM runs it");
    let line = format!(
        "    {{\"random numbers of seed 2\", kSample1, true, {:#010x}}},\n",
        samples[1].outputs_crc.expect("it runs")
    );
    assert!(text(&project, "main/samples.cc").contains(&line), "{line}");
    assert_ne!(crc32(&samples[1].bytes), crc32(&samples[0].bytes));
}

/// The model comes back out of a project.
#[test]
fn the_model_comes_back_out_of_its_project() {
    let project = export("a.tflite", DIGITS, WISH).expect("TFLM runs it");
    let found = model_bytes(SourceKind::CArray, |name| Some(text(&project, &format!("main/{name}"))));
    assert_eq!(found.expect("it was just written"), DIGITS);
}

/// C++ prepares numbers as the desktop does: normalised, then quantized, to the bit.
#[test]
fn numbers_are_prepared_as_on_the_desktop() {
    if !is_there("g++") {
        return;
    }
    let mut model = small_model();
    let fitted = FittedInput {
        shape: vec![3],
        normalisation: Some(Affine { offset: vec![0.1, -2.0, 30.0], scale: vec![1.5, 0.01, -7.0] }),
        ..FittedInput::default()
    };
    let input = InputPreparation { fitted: Some(fitted), ..InputPreparation::default() };
    let preparation = Preparation { inputs: vec![input], ..Preparation::default() };
    PreparationRecord { version: 1, preparation, ..PreparationRecord::default() }.write_into(&mut model);
    let bytes = file(&model);
    let numbers: Vec<f32> = (0..300).map(|index| (index * index) as f32 * 0.37 - 900.0).collect();
    let mut expected = Vec::new();
    for sample in numbers.chunks(3) {
        let normal = |(value, (offset, scale)): (&f32, (f32, f32))| (value - offset) * scale;
        let affine = [(0.1, 1.5), (-2.0, 0.01), (30.0, -7.0)];
        let normal: Vec<f32> = sample.iter().zip(affine).map(normal).collect();
        let stored =
            stored_sample("", &bytes, |interpreter| set_input(interpreter, 0, &normal)).expect("it runs");
        expected.extend(stored.bytes);
    }
    let project = export("small.tflite", &bytes, WISH).expect("TFLM runs it");
    let scratch = Scratch::new("esp-idf-preparation");
    write(&project, WISH.chip, &scratch);
    scratch.write(
        "prepare.cc",
        "#include <cstdio>\n#include \"main/preparation.h\"\n\
         int main() {\n\
           for (int sample = 0; sample < 100; ++sample) {\n\
             float numbers[3];\n\
             for (int index = 0; index < 3; ++index) {\n\
               const int number = sample * 3 + index;\n\
               numbers[index] = static_cast<float>(number * number) * 0.37f - 900.0f;\n\
             }\n\
             small_model::InputElement input[3];\n\
             small_model::PrepareInput(numbers, input);\n\
             std::fwrite(input, sizeof(input), 1, stdout);\n\
           }\n\
         }\n",
    );
    let mut gcc = Command::new("g++");
    gcc.args(["-std=c++17", "-O2", "-ffp-contract=off", "-Isdkconfig", "-o", "prepare", "prepare.cc"]);
    let output = gcc.current_dir(&scratch.0).output().expect("g++ was just there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(scratch.0.join("prepare")).output().expect("it was just built");
    assert_eq!(output.stdout, expected);
    assert!(expected.iter().collect::<BTreeSet<_>>().len() > 20, "a test that tells numbers apart");
}

/// A project, or the reason that the verdict gives.
#[test]
fn every_shared_model_has_a_project_or_a_reason() {
    for (name, bytes) in shared_models() {
        let model = tflite::read(bytes.as_slice().into()).expect("a model");
        for chip in [Chip::Esp32, Chip::Esp32s3] {
            match (export(&name, &bytes, Wish { chip, ..WISH }), verdict::outcome(&model, Target::new(chip)))
            {
                (Ok(project), Outcome::Runs) => {
                    let found =
                        model_bytes(SourceKind::CArray, |file| Some(text(&project, &format!("main/{file}"))));
                    assert_eq!(found.expect("it was just written"), bytes, "{name}");
                }
                (Err(error), Outcome::HostOnly { reason, .. } | Outcome::Refused { reason, .. }) => {
                    assert!(error.message.contains(&reason) && !error.help.is_empty(), "{name}: {error:?}");
                }
                (found, verdict) => panic!("{name}: {found:?}, {verdict:?}"),
            }
        }
    }
}
