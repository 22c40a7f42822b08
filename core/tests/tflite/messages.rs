use emberlab_core::model::{SubgraphId, TensorId, TensorType};
use emberlab_core::plan::{self, Chip, Target};
use emberlab_core::tflite::{Format, read, write};
use emberlab_core::verdict::Place;
use emberlab_runtime::tflite_view::ModelView;
use emberlab_runtime::{Interpreter, Registry, Semantics};

use crate::support::specimens;

/// The message and the help of bytes that are no model.
fn check(bytes: &[u8], message: &str, help: &str) {
    let error = read(bytes.into()).expect_err("not a model");
    assert_eq!((error.to_string().as_str(), error.help()), (message, help));
}

#[test]
fn an_empty_file_is_recognised() {
    check(
        b"",
        "the file is empty",
        "Export or download the model again: the last attempt wrote nothing. A full disk does this, too.",
    );
}

#[test]
fn a_web_page_is_recognised() {
    check(
        b"\n<!DOCTYPE html>\n<html lang=\"en\">\n  <head>\n",
        "this is a web page, not a model: it starts with <!DOCTYPE html>",
        "The download saved the page around the file. On GitHub, use the button \"Download raw file\".",
    );
}

#[test]
fn a_git_lfs_pointer_is_recognised() {
    check(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 300568\n",
        "this is a Git LFS pointer, not a model: it starts with version https://git-lfs.github.com/spec/",
        "Fetch the file itself: run git lfs pull in the repository.",
    );
}

#[test]
fn other_bytes_are_refused_at_the_identifier() {
    check(
        b"abcdefghijklmnopqrst",
        "this is not a .tflite file: Model at byte 4: expected the identifier \"TFL3\", found \"efgh\"",
        "Choose a file that a TensorFlow Lite converter wrote; its bytes 4 to 7 are TFL3.",
    );
    check(
        b"TFL3",
        "this is not a .tflite file: Model at byte 0: expected at least 16 bytes, found 4",
        "Choose a file that a TensorFlow Lite converter wrote; its bytes 4 to 7 are TFL3.",
    );
}

#[test]
fn formats_are_told_apart() {
    let check = |head: &[u8], expected: Option<Format>| {
        let mut bytes = head.to_vec();
        bytes.resize(bytes.len().max(64), 1);
        assert_eq!(Format::recognise(&bytes).map(|(format, _)| format), expected, "{}", head.escape_ascii());
        // A format that is recognised is recognised by its first bytes alone, however short the file.
        for length in 0..head.len() {
            Format::recognise(&head[..length]);
        }
    };
    check(b"\x1c\0\0\0TFL3\0\0\0\0", None);
    check(b"\x89HDF\r\n\x1a\n\0\0\0\0", Some(Format::Hdf5));
    check(b"PK\x03\x04\x14\0\0\0\0\0metadata.json  model.weights.h5", Some(Format::KerasArchive));
    check(b"PK\x03\x04\0\0\x08\x08\0\0archive/data.pkl", Some(Format::PyTorchArchive));
    check(b"PK\x03\x04\0\0\x08\x08\0\0export/model.tflite", Some(Format::ZipWithModel));
    check(b"PK\x03\x04\0\0\x08\x08\0\0letter.txt", Some(Format::Zip));
    check(b"\x1f\x8b\x08\0", Some(Format::Gzip));
    check(b"GGUF\x03\0\0\0", Some(Format::Gguf));
    check(b"\x08\x08\x12\x07pytorch\x1a\x05", Some(Format::Onnx));
    check(b"\x08\x07\x3a\x80\x01", Some(Format::Onnx));
    check(b"\x08\x01\x12\x90\x05", Some(Format::SavedModel));
    check(b"\x80\x02\x8a\nl\xfc", Some(Format::PyTorchPickle));
    check(b"\x58\0\0\0\0\0\0\0{\"__metadata__\":{}}", Some(Format::Safetensors));
    check(b"\x93NUMPY\x01\0", Some(Format::NumPy));
    check(b"EDL2\0\0\0\0", Some(Format::EspDl));
    check(b"\x1c\0\0\0ET12\0\0\0\0", Some(Format::ExecuTorch));
    check(b"\x80\0\0\0\x1c\0\0\0TFL3", Some(Format::SizePrefixed));
    check(b"\x10\0\0\0ARRO\0\0\0\0", Some(Format::OtherFlatbuffer));
    check(b"#include \"model.h\"\nalignas(16) const unsigned char g_model[] = {0x1c,", Some(Format::CSource));
    check(b"{\"format\": \"layers-model\"}", Some(Format::Json));
    check(b"\x89PNG\r\n\x1a\n", Some(Format::Picture));
    check(b"\x7fELF\x02\x01", Some(Format::Program));
    check(&[0; 64], Some(Format::Zeros));
    check(b"no idea", None);
}

#[test]
fn a_file_cut_short_says_what_is_missing() {
    let file = write(&specimens::fully_connected()).expect("a model");
    let error = read(file[..file.len() - 20].into()).expect_err("cut short");
    assert_eq!(
        error.to_string(),
        "the file is cut short or damaged: Model.buffers (buffer 0) at byte 80: expected bytes within the file, found 4 bytes from byte 924 in a file of 908"
    );
    assert_eq!(
        error.help(),
        "Compare the size of the file with the original's, then download or copy it again."
    );
    assert_eq!((error.place().as_str(), error.offset()), ("Model.buffers (buffer 0)", Some(80)));
}

#[test]
fn a_wrong_tensor_is_named_with_its_place() {
    let mut file = write(&specimens::fully_connected()).expect("a model");
    let position = {
        let view = ModelView::new_checked(&file).expect("a model");
        let graph = view.subgraphs().and_then(|graphs| graphs.get(0)).expect("a graph");
        let node = graph.operators().and_then(|nodes| nodes.get(0)).expect("an operator");
        let inputs = node.inputs().expect("inputs").as_bytes();
        inputs.as_ptr().addr() - file.as_ptr().addr()
    };
    file[position + 4] = 77;
    let error = read(file.into()).expect_err("there is no tensor 77");
    let message = error.to_string();
    let (start, end) = (message.find(" at byte ").expect("an offset"), message.rfind(':').expect("a colon"));
    assert_eq!(&message[..start], "the file is damaged: Operator.inputs[1] (operator 0 of subgraph 0)");
    assert_eq!(&message[end..], ": expected a number from -1 to 3, found 77");
}

#[test]
fn an_unknown_tensor_type_is_kept_and_named() {
    let mut file = write(&specimens::fully_connected()).expect("a model");
    let position = {
        let view = ModelView::new_checked(&file).expect("a model");
        let graph = view.subgraphs().and_then(|graphs| graphs.get(0)).expect("a graph");
        let tensor = graph.tensors().and_then(|tensors| tensors.get(2)).expect("a tensor");
        tensor.table().stored_position(1).expect("the type is stored")
    };
    for code in [23u8, 99, 0xff] {
        file[position] = code;
        let code = code as i8;
        let model = read(file.clone().into()).expect("the model opens");
        assert_eq!(model.subgraphs[0].tensors[2].ty, TensorType::Unknown(code));
        let findings = model.diagnose();
        let message = format!("The type has the number {code}, which schema version 3 does not have.");
        let finding =
            findings.iter().find(|finding| finding.message == message).expect("a finding of the type");
        assert_eq!(finding.place, Place::Tensor(SubgraphId(0), TensorId(2)));
        assert!(finding.help.starts_with("Convert the model with an older TensorFlow"));
        // Writing keeps the number, and nothing runs the model.
        let written = write(&model).expect("a model");
        assert_eq!(read(written.into()).expect("a model"), model);
        let refusals = plan::plan(&model, Target::new(Chip::Esp32)).expect_err("TFLM has no such type");
        assert_eq!(refusals[0].message, format!("Tensor 2: Unsupported data type {code} in tensor"));
        let (registry, mut arena) = (Registry::default(), vec![0; 4096]);
        let error = Interpreter::prepare(&file, &mut arena, Semantics::Tflm, &registry).err();
        let error = error.expect("the operator cannot run").to_string();
        let expected = "operator 0 FULLY_CONNECTED: type of a tensor is";
        assert!(error.starts_with(expected) && error.contains(&code.to_string()), "{error}");
    }
}

#[test]
fn a_reference_into_nothing_is_named() {
    // The writer refuses such a model, so that the only code is taken out of the written file.
    let mut file = write(&specimens::fully_connected()).expect("a model");
    let position = {
        let view = ModelView::new_checked(&file).expect("a model");
        let codes = view.table().stored_position(1).expect("codes are stored");
        let distance = u32::from_le_bytes(file[codes..codes + 4].try_into().expect("four bytes"));
        codes + distance as usize
    };
    file[position] = 0;
    let message = read(file.into()).expect_err("no operator codes").to_string();
    assert!(message.ends_with("expected none, because there is nothing to refer to, found 0"), "{message}");
}
