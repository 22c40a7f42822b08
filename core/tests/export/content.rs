//! What the sources say.

use std::io::Write as _;
use std::path::Path;

use emberlab_core::export::{
    Export, RoundTripError, RoundTripRun, SourceKind, c_identifier, check_round_trip, model_bytes, sources,
};
use emberlab_core::hash::sha256_hex;
use emberlab_core::model::{BuiltinOperator as Op, ModelBuilder, Tensor, TensorId, TensorType};
use emberlab_core::plan::{self, Chip, KernelSet, Target};
use emberlab_core::run::Generator;
use emberlab_core::tflite;

use crate::support::{file, shared, shared_models, small_model, sources_of, text};

const KINDS: [SourceKind; 2] = [SourceKind::CArray, SourceKind::RustModule];

/// Rewritten when `EMBERLAB_UPDATE=1` is set.
#[test]
fn sources_of_a_small_model_are_as_recorded() {
    let bytes = file(&small_model());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/recorded");
    for kind in KINDS {
        let sources = sources_of(kind, "small.tflite", &bytes);
        assert_eq!(sources.notes, [] as [&str; 0]);
        let names: Vec<&str> = sources.files.iter().map(|file| file.name).collect();
        assert_eq!(names, kind.file_names());
        for source in &sources.files {
            let path = folder.join(format!("{}.txt", source.name));
            if std::env::var("EMBERLAB_UPDATE").is_ok_and(|value| value == "1") {
                std::fs::create_dir_all(&folder).expect("the project can be written to");
                std::fs::write(&path, &source.text).expect("the project can be written to");
            }
            let recorded = std::fs::read_to_string(&path).expect("run this test once with EMBERLAB_UPDATE=1");
            assert_eq!(source.text, recorded, "{}", source.name);
        }
    }
}

/// Every value of a byte, alone and before every other kind of character.
#[test]
fn the_bytes_of_a_model_come_back() {
    let mut builder = ModelBuilder::new("bytes");
    let pairs: Vec<u8> =
        (0..=255u8).flat_map(|first| [first, b' ', first, b'0', first, b'\n', first]).collect();
    builder.metadata("pairs", pairs);
    let bytes = file(&builder.build());
    for kind in KINDS {
        let sources = sources_of(kind, "bytes.tflite", &bytes);
        let text_of = |name: &str| Some(text(&sources, name));
        assert_eq!(model_bytes(kind, text_of).expect("they were just written"), bytes, "{kind:?}");
    }
}

#[test]
fn damaged_sources_are_told_with_the_line() {
    let bytes = file(&small_model());
    for (kind, name, from, to, part) in [
        (SourceKind::CArray, "model.cc", "0x54,", "0x5g,", "line"),
        (SourceKind::CArray, "model.cc", "0x54,", "84,", "line"),
        (SourceKind::CArray, "model.cc", "kModelData[] = {", "kModel[] = {", "no array begins"),
        (SourceKind::CArray, "model.cc", "};", ")", "does not end"),
        (SourceKind::RustModule, "model.rs", "TFL3", "TFL\"3", "line"),
        (SourceKind::RustModule, "model.rs", "TFL3", "TFL\\3", "line"),
        (SourceKind::RustModule, "model.rs", "b\"\\\n", "[", "no array begins"),
    ] {
        let sources = sources_of(kind, "small.tflite", &bytes);
        let damaged = text(&sources, name).replace(from, to);
        let error = model_bytes(kind, |_| Some(damaged.as_str())).expect_err("it is damaged");
        assert!(error.to_string().contains(part) && error.file == name, "{error}");
        let missing = model_bytes(kind, |_| None).expect_err("it is missing");
        assert!(missing.to_string().contains("missing"), "{missing}");
    }
}

#[test]
fn the_round_trip_compares_bytes_and_outputs() {
    let bytes = file(&small_model());
    let never = || false;
    let check = |found: &[u8]| check_round_trip(&bytes, found, &never).expect("nobody stops it");
    let good = check(&bytes).expect("the same bytes");
    assert_eq!((good.bytes, good.run), (bytes.len() as u64, RoundTripRun::SameOutputs));
    let shorter = check(&bytes[1..]);
    assert_eq!(shorter, Err(RoundTripError::Length { expected: bytes.len(), found: bytes.len() - 1 }));
    let mut changed = bytes.clone();
    changed[100] ^= 1;
    let expected = RoundTripError::Byte { at: 100, expected: bytes[100], found: changed[100] };
    assert_eq!(check(&changed), Err(expected));
    assert_eq!(check_round_trip(&bytes, &bytes, &|| true), None, "stopped");
    let page = b"<!DOCTYPE html><html></html>";
    let unreadable = check_round_trip(page, page, &never).expect("nobody stops it");
    assert!(matches!(unreadable, Err(RoundTripError::Unreadable(_))), "{unreadable:?}");
    let custom = file(&with_custom_operators(&["PlusOne"]));
    let not_run =
        check_round_trip(&custom, &custom, &never).expect("nobody stops it").expect("the same bytes");
    assert!(
        matches!(&not_run.run, RoundTripRun::NotRun(reason) if reason.contains("PlusOne")),
        "{not_run:?}"
    );
}

fn with_custom_operators(names: &[&str]) -> emberlab_core::model::Model {
    let mut builder = ModelBuilder::new("custom");
    let mut tensor = builder.input(Tensor::new("x", TensorType::Float32, &[1, 4]));
    for name in names {
        let next = builder.tensor(Tensor::new("y", TensorType::Float32, &[1, 4]));
        builder.custom_operator(name, [tensor], [next]);
        tensor = next;
    }
    builder.output(tensor);
    builder.build()
}

#[test]
fn the_arena_is_that_of_the_plan_for_the_target() {
    let bytes = file(&small_model());
    let model = tflite::read(bytes.as_slice().into()).expect("a model");
    let export = Export { file_name: "small.tflite", bytes: &bytes, model: &model };
    let mut sizes = std::collections::BTreeSet::new();
    for chip in Chip::ALL {
        for kernels in [KernelSet::Reference, KernelSet::EspNn] {
            if chip == Chip::Host64 && kernels == KernelSet::EspNn {
                continue;
            }
            let target = Target { chip, kernels };
            let plan = plan::plan(&model, target).expect("TFLM takes it");
            let sources = sources(SourceKind::CArray, &export, target);
            let header = text(&sources, "model.h");
            let bytes = plan.minimum_bytes.unwrap_or(plan.recommended_bytes);
            assert!(header.contains(&format!("\nconstexpr int kTensorArenaSize = {bytes};\n")), "{header}");
            assert!(header.contains(&format!("arena on {}, esp-tflite-micro ", chip.label())), "{header}");
            sizes.insert(bytes);
        }
    }
    assert!(sizes.len() > 1, "{sizes:?}");
}

#[test]
fn a_refused_model_has_no_arena_but_the_reason() {
    let mut builder = ModelBuilder::new("refused");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1, 4]));
    let y = builder.tensor(Tensor::new("y", TensorType::Float32, &[1, 4]));
    builder.operator(Op::GELU, [x], [y]);
    builder.operator(Op::RELU, [x], [y]);
    builder.output(y);
    let bytes = file(&builder.build());
    let sources = sources_of(SourceKind::CArray, "refused.tflite", &bytes);
    let (header, resolver) = (text(&sources, "model.h"), text(&sources, "resolver.h"));
    assert!(!header.contains("constexpr int kTensorArenaSize"), "{header}");
    assert!(header.contains("// No kTensorArenaSize: TensorFlow Lite Micro refuses the model on ESP32-S3: "));
    assert!(header.contains("GELU"), "{header}");
    assert!(resolver.contains("\n#error \"TensorFlow Lite Micro has no operator GELU, so"), "{resolver}");
    assert!(resolver.contains("kOperatorCount = 1;") && resolver.contains(".AddRelu()"), "{resolver}");
    let [arena, operator] = sources.notes.as_slice() else { panic!("{:?}", sources.notes) };
    assert!(arena.contains("GELU") && arena.contains("kTensorArenaSize was left out"), "{arena}");
    assert!(operator.contains("has no operator GELU") && operator.contains("#error"), "{operator}");
    let own = sources_of(SourceKind::RustModule, "refused.tflite", &bytes);
    let module = text(&own, "model.rs");
    assert!(!module.contains("pub const ARENA_BYTES") && module.contains("// No ARENA_BYTES: "), "{module}");
    assert!(own.notes.iter().any(|note| note.contains("GELU")), "{:?}", own.notes);
}

#[test]
fn custom_operators_are_declared_once_each() {
    let names =
        ["PlusOne", "plus_one", "PlusOne", "Plus.One", "SignalWindow", "Operators", "FlexErf", "ethos-u"];
    let sources = sources_of(SourceKind::CArray, "custom.tflite", &file(&with_custom_operators(&names)));
    let resolver = text(&sources, "resolver.h");
    for line in [
        "const TFLMRegistration* RegisterPlusOne();",
        "const TFLMRegistration* RegisterPlusOne_2();",
        "const TFLMRegistration* RegisterPlusOne_3();",
        "const TFLMRegistration* RegisterOperators_2();",
        "  if (resolver.AddCustom(\"PlusOne\", RegisterPlusOne()) != kTfLiteOk) return kTfLiteError;",
        "  if (resolver.AddCustom(\"plus_one\", RegisterPlusOne_2()) != kTfLiteOk) return kTfLiteError;",
        "  if (resolver.AddWindow() != kTfLiteOk) return kTfLiteError;",
        "constexpr unsigned int kOperatorCount = 5;",
    ] {
        assert_eq!(resolver.matches(line).count(), 1, "{line}\n{resolver}");
    }
    assert_eq!(resolver.matches("\n#error ").count(), 2, "FlexErf and ethos-u: {resolver}");
    assert!(
        sources.notes.iter().any(|note| note.contains("define RegisterPlusOne_3()")),
        "{:?}",
        sources.notes
    );
}

/// An operator in a subgraph counts as well as one of the main graph, and none twice.
#[test]
fn operators_of_all_subgraphs_are_added_once() {
    let float = |name| Tensor::new(name, TensorType::Float32, &[1, 4]);
    let mut builder = ModelBuilder::new("branches");
    let condition = builder.input(Tensor::new("c", TensorType::Bool, &[1]));
    let x = builder.input(float("x"));
    let y = builder.tensor(float("y"));
    let z = builder.tensor(float("z"));
    builder.operator(Op::RELU, [x], [y]);
    builder.operator(Op::IF, [condition, y], [z]);
    builder.output(z);
    for (name, operator) in [("then", Op::RELU), ("else", Op::LOGISTIC)] {
        builder.subgraph(name);
        let x = builder.input(float("x"));
        let y = builder.tensor(float("y"));
        builder.operator(operator, [x], [y]);
        builder.output(y);
    }
    let model = builder.build();
    let export = Export { file_name: "branches.tflite", bytes: &file(&model), model: &model };
    let sources = sources(SourceKind::CArray, &export, Target::new(Chip::Esp32));
    let resolver = text(&sources, "resolver.h");
    let calls: Vec<&str> = resolver
        .lines()
        .filter_map(|line| line.split_once("resolver.")?.1.split_once('('))
        .map(|it| it.0)
        .collect();
    assert_eq!(calls, ["AddRelu", "AddIf", "AddLogistic"]);
}

/// TFLM's own list, where it is beside the project: every operator has its method, and nothing else has one.
#[test]
fn methods_are_those_of_tflm() {
    let Ok(json) = std::fs::read_to_string(shared().join("golden/tflm_ops.json")) else {
        println!("skipped: ../shared/golden/tflm_ops.json is absent");
        return;
    };
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let listed = json["ops"].as_array().expect("ops");
    let method = |name: &str| {
        let found = listed.iter().find(|operator| operator["name"] == name && name != "ethos-u")?;
        found["resolver_method"].as_str()
    };
    let resolver = |model: &emberlab_core::model::Model| {
        let export = Export { file_name: "one.tflite", bytes: &[], model };
        let sources = sources(SourceKind::CArray, &export, Target::new(Chip::Esp32));
        text(&sources, "resolver.h").to_owned()
    };
    let call = |method: &str| format!("  if (resolver.{method}() != kTfLiteOk) return kTfLiteError;\n");
    let mut n_known = 0;
    for operator in (0..=i32::from(u8::MAX)).map(Op).filter(|operator| *operator != Op::CUSTOM) {
        let mut builder = ModelBuilder::new("one");
        builder.operator(operator, [] as [TensorId; 0], [] as [TensorId; 0]);
        let text = resolver(&builder.build());
        match operator.name().and_then(method) {
            Some(method) => assert!(text.contains(&call(method)), "{method}: {text}"),
            None => assert!(text.contains("\n#error "), "{operator:?}: {text}"),
        }
        n_known += usize::from(!text.contains("\n#error "));
    }
    assert_eq!(Some(n_known as u64), json["builtin"].as_u64());
    for operator in listed.iter().filter(|operator| operator["kind"] == "custom") {
        let name = operator["name"].as_str().expect("a name");
        let text = resolver(&with_custom_operators(&[name]));
        match method(name) {
            Some(method) => assert!(text.contains(&call(method)), "{method}: {text}"),
            None => assert!(text.contains("\n#error "), "{name}: {text}"),
        }
    }
}

/// Names that somebody could give a file, and names that nobody would.
#[test]
fn every_file_name_gives_an_identifier() {
    for (name, expected) in [
        ("kws_ref_model.tflite", "kws_ref_model"),
        ("person_detect.tflite", "person_detect_model"),
        ("model.tflite", "model"),
        ("", "model"),
        (".tflite", "model"),
        ("int.tflite", "int_model"),
        ("std.TFLITE", "std_model"),
        ("2_layers.tflite", "model_2_layers"),
        ("2_model.tflite", "model_2_model"),
        ("__a--b  c.v2.tflite", "a_b_c_v2_model"),
        ("größe.tflite", "gr_e_model"),
        ("模型.tflite", "model"),
    ] {
        assert_eq!(c_identifier(name), expected, "{name:?}");
    }
    let alphabet: Vec<char> = "aZ09_-. /\\\"'*?%é模\n\u{202e}\0tflite".chars().collect();
    let mut generator = Generator::new(7);
    for _ in 0..20_000 {
        let length = generator.step() as usize % 80;
        let name: String =
            (0..length).map(|_| alphabet[generator.step() as usize % alphabet.len()]).collect();
        let identifier = c_identifier(&name);
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(identifier.chars().all(is_part), "{name:?}: {identifier}");
        assert!(identifier.starts_with(|first: char| first.is_ascii_lowercase()), "{name:?}: {identifier}");
        // Double underscores belong to the compiler, keywords to the language.
        assert!(!identifier.contains("__") && !identifier.ends_with('_'), "{name:?}: {identifier}");
        let is_safe =
            identifier == "model" || identifier.ends_with("_model") || identifier.starts_with("model_");
        assert!(is_safe && identifier.len() <= 60, "{name:?}: {identifier}");
    }
}

/// No name leaves the comment that it stands in.
#[test]
fn a_file_name_stays_in_its_comment() {
    let bytes = file(&small_model());
    let plain = sources_of(SourceKind::CArray, "a.tflite", &bytes);
    let odd = sources_of(SourceKind::CArray, "a\n#error no\r*/ \\\u{2028}\u{202e}??/.tflite", &bytes);
    for (plain, odd) in plain.files.iter().zip(&odd.files) {
        let first = odd.text.lines().next().expect("a comment");
        assert!(first.starts_with("// a #error no"), "{first}");
        assert!(!first.contains(['\\', '\u{2028}', '\u{202e}']) && !first.contains("??/"), "{first:?}");
        assert_eq!(plain.text.lines().count(), odd.text.lines().count());
    }
}

#[test]
fn labels_that_cannot_be_read_are_noted() {
    let mut model = small_model();
    let buffer = model.metadata[0].buffer;
    model.buffers[buffer.index()].data = Some(b"{\"version\": 99}".to_vec().into());
    let sources = sources_of(SourceKind::RustModule, "a.tflite", &file(&model));
    assert!(!text(&sources, "model.rs").contains("LABELS"));
    let [note] = sources.notes.as_slice() else { panic!("{:?}", sources.notes) };
    assert!(note.starts_with("No labels were written: ") && note.contains("99"), "{note}");
}

/// The labels that other tools append to their files stand in every export, as they stand on the screen.
#[test]
fn labels_of_tensorflow_lite_metadata_are_written() {
    let mut builder = ModelBuilder::new("birds");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1, 3]));
    let y = builder.tensor(Tensor::new("y", TensorType::Float32, &[1, 3]));
    builder.operator(Op::SOFTMAX, [x], [y]);
    builder.output(y);
    let plain = file(&builder.build());
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("labels.txt", stored).expect("memory");
    archive.write_all(b"wren\nrobin\ngreat tit\n").expect("memory");
    let labelled = [plain.as_slice(), &archive.finish().expect("memory").into_inner()].concat();

    let c = sources_of(SourceKind::CArray, "birds.tflite", &labelled);
    assert!(text(&c, "model.h").contains("kLabelCount = 3;"), "{}", text(&c, "model.h"));
    assert!(text(&c, "model.cc").contains("\"great tit\""));
    let rust = sources_of(SourceKind::RustModule, "birds.tflite", &labelled);
    assert!(text(&rust, "model.rs").contains("\"great tit\""), "{}", text(&rust, "model.rs"));
    for kind in [SourceKind::CArray, SourceKind::RustModule] {
        let unlabelled = sources_of(kind, "birds.tflite", &plain);
        assert!(unlabelled.files.iter().all(|source| !source.text.to_lowercase().contains("labels")));
    }
}

#[test]
fn several_inputs_are_numbered_and_scales_per_channel_are_left_out() {
    let mut builder = ModelBuilder::new("two");
    let a = builder.input(Tensor::new("a", TensorType::Int16, &[1, 2]).quantized(1e-9, 0));
    let per_channel =
        Tensor::new("b", TensorType::Int8, &[1, 2]).quantized_per_axis(&[0.5, 0.25], &[0, 0], 1);
    let b = builder.input(per_channel);
    builder.output(a);
    builder.output(b);
    let bytes = file(&builder.build());
    let c = sources_of(SourceKind::CArray, "two.tflite", &bytes);
    let header = text(&c, "model.h");
    assert!(header.contains("// Input 1, b: int8, 1 x 2, with a scale per channel.\n"), "{header}");
    assert!(header.contains("constexpr float kInput0Scale = 1e-9f;\n"), "{header}");
    assert!(header.contains("using Input1Element = std::int8_t;\n"), "{header}");
    assert!(!header.contains("kInput1Scale"), "{header}");
    let rust = sources_of(SourceKind::RustModule, "two.tflite", &bytes);
    let module = text(&rust, "model.rs");
    assert!(module.contains("pub const INPUT_0_SCALE: f32 = 1e-9;\n"), "{module}");
    assert!(module.contains("pub const OUTPUT_1_SHAPE: [i32; 2] = [1, 2];\n"), "{module}");
    assert!(!module.contains("INPUT_1_SCALE"), "{module}");
}

#[test]
fn every_shared_model_comes_back_out_of_its_sources() {
    for (name, bytes) in shared_models() {
        for kind in KINDS {
            let sources = sources_of(kind, &name, &bytes);
            let found = model_bytes(kind, |file| Some(text(&sources, file))).expect("they were just written");
            assert_eq!(sha256_hex(&found), sha256_hex(&bytes), "{name}");
            for file in &sources.files {
                assert!(file.text.ends_with('\n') && file.text.len() < bytes.len() * 6 + 20_000, "{name}");
            }
        }
    }
}
