use std::sync::Arc;

use emberlab_core::model::{Buffer, BuiltinOperator, SharedBytes};
use emberlab_core::model::{Model, ModelBuilder, OptionValue, Options, Tensor, TensorId, TensorType};
use emberlab_core::schema::{Kind, OptionsKind, TensorType as Type};
use emberlab_core::tflite::{read, read_with_notes, verify, write};
use emberlab_runtime::tflite_view::{BufferPlace, ModelView};

use crate::shared_models;
use crate::support::specimens;

fn written(model: &Model) -> Arc<[u8]> {
    write(model).expect("the model can be written").into()
}

fn check_round_trip(name: &str, model: &Model) {
    let file = written(model);
    let (back, notes) = read_with_notes(file.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(*model == back, "{name} reads back different");
    assert_eq!(notes, [], "{name}");
    assert_eq!(written(&back), file, "{name} is written different the second time");
}

#[test]
fn specimens_read_back_equal() {
    for (name, model) in specimens::all() {
        check_round_trip(name, &model);
    }
}

#[test]
fn shared_models_read_back_equal() {
    for path in shared_models() {
        let file: Arc<[u8]> = std::fs::read(&path).expect("the file can be read").into();
        let name = path.display().to_string();
        let (model, notes) = read_with_notes(file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(notes, [], "{name} has something that the model does not keep");
        check_round_trip(&name, &model);
    }
}

/// What the specimens claim to cover, so that a type or kind added to the schema is not forgotten.
#[test]
fn specimens_use_every_type_and_kind() {
    let tables = specimens::every_options_table();
    let options: Vec<&Options> = tables.subgraphs[0]
        .operators
        .iter()
        .flat_map(|node| node.options.iter().chain(&node.options_2))
        .collect();
    let kinds: Vec<Kind> = options
        .iter()
        .filter_map(|options| options.table())
        .flat_map(|table| table.fields)
        .map(|f| f.kind)
        .collect();
    for kind in [
        Kind::Bool,
        Kind::I8,
        Kind::I32,
        Kind::U32,
        Kind::I64,
        Kind::F32,
        Kind::Str,
        Kind::VecBool,
        Kind::VecU8,
        Kind::VecI32,
        Kind::VecU32,
        Kind::VecI64,
        Kind::VecF32,
    ] {
        assert!(kinds.contains(&kind), "no specimen has an option of kind {kind:?}");
    }
    assert_eq!(specimens::every_type().subgraphs[0].tensors.len(), Type::ALL.len());
    let n_values: usize = options.iter().map(|options| options.values.len()).sum();
    let n_fields: usize =
        options.iter().filter_map(|options| options.table()).map(|table| table.fields.len()).sum();
    assert_eq!(n_values, n_fields);
}

#[test]
fn constants_are_aligned_in_the_file() {
    let mut builder = ModelBuilder::new("odd sizes");
    for n in 1..40usize {
        let tensor = Tensor::new("c", TensorType::Uint8, &[n as i32]);
        builder.constant(tensor, &vec![n as u8; n]);
    }
    let file = written(&builder.build());
    let view = ModelView::new_checked(&file).expect("a model");
    for (index, buffer) in view.buffers().expect("buffers").iter().enumerate().skip(1) {
        match buffer.expect("a buffer").place().expect("a place") {
            BufferPlace::Embedded(range) => {
                assert_eq!((range.start % 16, range.len()), (0, index), "buffer {index}");
                assert!(file[range].iter().all(|byte| usize::from(*byte) == index));
            }
            place => panic!("buffer {index} is {place:?}"),
        }
    }
}

#[test]
fn equal_buffers_stay_apart() {
    let mut builder = ModelBuilder::new("twins");
    for name in ["a", "b"] {
        builder.constant(Tensor::new(name, TensorType::Float32, &[4]), &[1.0f32; 4]);
    }
    let file = written(&builder.build());
    let model = read(file).expect("a model");
    let range = |index: usize| model.buffers[index].data.as_ref().map(SharedBytes::range);
    assert_eq!(model.buffers[1], model.buffers[2]);
    assert_ne!(range(1), range(2));
}

#[test]
fn absent_and_empty_data_differ() {
    let mut builder = ModelBuilder::new("buffers");
    builder.buffer(Vec::new());
    builder.model().buffers.push(Buffer::default());
    let model = read(written(&builder.build())).expect("a model");
    assert_eq!(model.buffers[1].data.as_deref(), Some(&[][..]));
    assert_eq!(model.buffers[2].data, None);
}

#[test]
fn appended_data_lie_behind_the_flatbuffer() {
    let model = specimens::appended();
    let file = written(&model);
    let view = ModelView::new_checked(&file).expect("a model");
    let place = view.buffers().and_then(|buffers| buffers.get(1)).and_then(|buffer| buffer.place());
    let BufferPlace::Appended(range) = place.expect("a place") else { panic!("buffer 1 is not appended") };
    assert_eq!(range.start % 16, 0);
    assert_eq!(Some(&file[range.clone()]), model.buffers[1].data.as_deref());
    // The flatbuffer in front is whole by itself.
    verify(&file[..range.start]).expect("a valid flatbuffer");
    let custom = &read(file.clone()).expect("a model").subgraphs[0].operators[1];
    assert_eq!(custom.custom_options.as_deref(), Some(&[7; 5][..]));
    assert!(custom.custom_options_appended);
}

#[test]
fn constants_share_the_memory_of_the_file() {
    let file = written(&specimens::fully_connected());
    let model = read(file.clone()).expect("a model");
    let data = model.buffers[1].data.as_ref().expect("weights");
    assert_eq!(data.as_slice().as_ptr(), file[data.range()].as_ptr());
}

#[test]
fn old_and_new_operator_codes_are_both_written() {
    let mut builder = ModelBuilder::new("codes");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1]));
    for code in [BuiltinOperator(9), BuiltinOperator(150), BuiltinOperator(-3)] {
        builder.operator(code, [x], [x]);
    }
    let file = written(&builder.build());
    let view = ModelView::new_checked(&file).expect("a model");
    let codes = view.operator_codes().expect("codes");
    let fields = |index: usize| {
        let code = codes.get(index).expect("a code");
        let field = |slot| code.table().stored_scalar::<i8>(slot, "").expect("in the file");
        (field(0), code.builtin().expect("in the file").0)
    };
    assert_eq!([fields(0), fields(1), fields(2)], [(Some(9), 9), (Some(127), 150), (Some(-3), -3)]);
}

#[test]
fn fields_of_a_later_schema_are_noted() {
    // An options table with a field in a slot that the schema's table does not have: the file is written with a
    // longer table (Conv2DOptions, 7 fields) and then said to hold a shorter one (member 22, PadOptions, none).
    let mut builder = ModelBuilder::new("later");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1]));
    let options = Options::new("Conv2DOptions").with_int("stride_w", 2);
    let pad = OptionsKind::from_name("PadOptions").expect("in the schema");
    builder.operator(BuiltinOperator::PAD, [x], [x]).options =
        Some(Options { kind: pad, values: Vec::new() });
    builder.operator(BuiltinOperator::CONV_2D, [x], [x]).options = Some(options);
    let mut file = write(&builder.build()).expect("a model");
    let OptionsKind::Builtin(member) = pad else { panic!("PadOptions is a builtin table") };
    let position = {
        let view = ModelView::new_checked(&file).expect("a model");
        let graph = view.subgraphs().and_then(|graphs| graphs.get(0)).expect("a graph");
        let node = graph.operators().and_then(|nodes| nodes.get(1)).expect("an operator");
        node.table().stored_position(3).expect("the type is stored")
    };
    assert_eq!(file[position], 1);
    file[position] = member;
    let (_, notes) = read_with_notes(file.into()).expect("a model");
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(note.place, "PadOptions (operator 1 of subgraph 0)");
    assert_eq!(note.message, "a field in slot 1, which schema version 3 does not have, is not kept");
}

#[test]
fn unknown_options_tables_open() {
    let mut builder = ModelBuilder::new("unknown");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1]));
    builder.operator(BuiltinOperator(5000), [x], [x]).options =
        Some(Options { kind: OptionsKind::Builtin(200), values: Vec::new() });
    let (model, notes) = read_with_notes(written(&builder.build())).expect("a model");
    assert_eq!(model.operator_name(&model.subgraphs[0].operators[0]), "operator code 5000");
    assert_eq!(notes.len(), 1);
}

#[test]
fn the_writer_refuses_what_it_cannot_write() {
    let check = |change: fn(&mut Model), expected: &str| {
        let mut model = specimens::fully_connected();
        change(&mut model);
        let error = write(&model).expect_err("the model is wrong");
        assert_eq!(error.to_string(), expected);
        assert!(!error.help().is_empty());
    };
    check(
        |model| model.subgraphs[0].operators[0].inputs[1] = Some(TensorId(9)),
        "tensor of operator 0 of subgraph 0: expected a number below 4, found 9",
    );
    check(
        |model| model.subgraphs[0].operators[0].code_index = 1,
        "operator code of operator 0 of subgraph 0: expected a number below 1, found 1",
    );
    check(
        |model| {
            let options = model.subgraphs[0].operators[0].options.as_mut().expect("options");
            options.values[0].1 = OptionValue::Int(200);
        },
        "FULLY_CONNECTED, option fused_activation_function: expected a number of kind I8, found 200",
    );
    check(
        |model| {
            let options = model.subgraphs[0].operators[0].options.as_mut().expect("options");
            options.values[0].1 = OptionValue::Text("RELU".to_owned());
        },
        "FULLY_CONNECTED, option fused_activation_function: expected a value of kind I8, found Text(\"RELU\")",
    );
}

#[test]
fn more_than_two_gigabytes_are_refused_before_they_are_allocated() {
    let memory: Arc<[u8]> = vec![0; 1 << 20].into();
    let mut builder = ModelBuilder::new("large");
    for _ in 0..2048 {
        let bytes = SharedBytes::slice_of(&memory, 0..memory.len()).expect("in range");
        builder.buffer(bytes);
    }
    let error = write(&builder.build()).expect_err("2 GiB do not fit").to_string();
    assert!(error.ends_with("but a flatbuffer holds less than 2 GiB"), "{error}");
}

#[test]
fn the_verifier_sees_misaligned_data() {
    let mut file = write(&specimens::fully_connected()).expect("a model");
    verify(&file).expect("valid as written");
    // Four bytes in front shift everything; the offset of the root is relative, so only the header is copied.
    let root = u32::from_le_bytes([file[0], file[1], file[2], file[3]]);
    let header = [&(root + 4).to_le_bytes()[..], b"TFL3"].concat();
    file.splice(0..4, header.iter().copied().take(8).collect::<Vec<_>>());
    let error = verify(&file).expect_err("data are 4 bytes off").to_string();
    assert!(error.contains("unaligned"), "{error}");
}
