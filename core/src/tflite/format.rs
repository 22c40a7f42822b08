//! Files that people take for a .tflite: what they are by their first bytes, and the way from there to a model.

/// A kind of file that is not a .tflite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Format {
    WebPage,
    GitLfsPointer,
    Hdf5,
    KerasArchive,
    PyTorchArchive,
    ZipWithModel,
    Zip,
    Gzip,
    Onnx,
    SavedModel,
    PyTorchPickle,
    Gguf,
    Safetensors,
    NumPy,
    EspDl,
    ExecuTorch,
    SizePrefixed,
    OtherFlatbuffer,
    CSource,
    Json,
    Picture,
    Program,
    Zeros,
}

/// How far archives and texts are searched.
const SEARCHED_BYTES: usize = 64 * 1024;

impl Format {
    /// The kind of file that `bytes` are and what it was recognised by; `None` for a .tflite and for anything unknown.
    pub fn recognise(bytes: &[u8]) -> Option<(Format, String)> {
        let head = &bytes[..bytes.len().min(SEARCHED_BYTES)];
        if head.get(4..8) == Some(b"TFL3") {
            return None;
        }
        let evidence = |format: Format, what: &str| Some((format, what.to_owned()));
        by_signature(head)
            .and_then(|(format, what)| evidence(format, what))
            .or_else(|| by_text(head))
            .or_else(|| {
                looks_like_onnx(head)
                    .then(|| (Format::Onnx, "it starts with ONNX's version and producer".to_owned()))
            })
            .or_else(|| {
                let all_zeros = bytes.len() >= 16 && bytes.iter().all(|byte| *byte == 0);
                if all_zeros { evidence(Format::Zeros, "every byte is zero") } else { None }
            })
            .or_else(|| other_flatbuffer(bytes))
    }

    /// The name with its article, for a sentence.
    pub fn label(self) -> &'static str {
        match self {
            Format::WebPage => "a web page",
            Format::GitLfsPointer => "a Git LFS pointer",
            Format::Hdf5 => "an HDF5 file",
            Format::KerasArchive => "a Keras archive",
            Format::PyTorchArchive | Format::PyTorchPickle => "a PyTorch file",
            Format::ZipWithModel => "a zip archive with a .tflite in it",
            Format::Zip => "a zip archive",
            Format::Gzip => "a gzip archive",
            Format::Onnx => "an ONNX file",
            Format::SavedModel => "a part of a TensorFlow SavedModel",
            Format::Gguf => "a GGUF file",
            Format::Safetensors => "a safetensors file",
            Format::NumPy => "a NumPy array",
            Format::EspDl => "an ESP-DL file",
            Format::ExecuTorch => "an ExecuTorch program",
            Format::SizePrefixed => "a .tflite with a size in front",
            Format::OtherFlatbuffer => "a flatbuffer of another kind",
            Format::CSource => "C source code",
            Format::Json => "a JSON text",
            Format::Picture => "a picture",
            Format::Program => "a program",
            Format::Zeros => "a file of zeros",
        }
    }

    /// What to try.
    pub fn help(self) -> &'static str {
        match self {
            Format::WebPage => {
                "The download saved the page around the file. On GitHub, use the button \"Download raw file\"."
            }
            Format::GitLfsPointer => "Fetch the file itself: run git lfs pull in the repository.",
            Format::Hdf5 | Format::KerasArchive => {
                "Convert it in Python: tf.lite.TFLiteConverter.from_keras_model(tf.keras.models.load_model(path))."
            }
            Format::PyTorchArchive | Format::PyTorchPickle | Format::ExecuTorch => {
                "Convert it with litert-torch (formerly ai-edge-torch), which writes a .tflite."
            }
            Format::ZipWithModel | Format::Zip | Format::Gzip => "Unpack it and open the .tflite inside.",
            Format::Onnx => "Convert it with onnx2tf, which writes a .tflite.",
            Format::SavedModel => {
                "Convert the folder that it lies in: tf.lite.TFLiteConverter.from_saved_model(folder)."
            }
            Format::Gguf | Format::Safetensors => {
                "It holds weights without the network: export the model as .tflite where it was made."
            }
            Format::NumPy => "It holds one array: give it to a model as an input.",
            Format::EspDl => "ESP-DL has a format of its own: convert the original model to .tflite instead.",
            Format::SizePrefixed => "Remove the first 4 bytes of the file.",
            Format::OtherFlatbuffer | Format::Json | Format::Picture | Format::Program => {
                "Choose a file that ends in .tflite and that a TensorFlow Lite converter wrote."
            }
            Format::CSource => {
                "Turn the array back into a file with xxd -r, or find the .tflite that it was made of."
            }
            Format::Zeros => "The copy or download wrote no data: fetch the file again.",
        }
    }
}

fn by_signature(head: &[u8]) -> Option<(Format, &'static str)> {
    let starts = |signature: &[u8]| head.starts_with(signature);
    if starts(b"\x89HDF\r\n\x1a\n") {
        return Some((Format::Hdf5, "it starts with HDF5's signature, as Keras .h5 files do"));
    }
    if starts(b"PK\x03\x04") {
        return Some(if contains(head, b"model.weights.h5") {
            (Format::KerasArchive, "it is a zip with model.weights.h5 in it")
        } else if contains(head, b"/data.pkl") {
            (Format::PyTorchArchive, "it is a zip with data.pkl in it")
        } else if contains(head, b".tflite") {
            (Format::ZipWithModel, "it starts with PK and names a .tflite")
        } else {
            (Format::Zip, "it starts with PK")
        });
    }
    if starts(b"\x1f\x8b") {
        return Some((Format::Gzip, "it starts with gzip's signature"));
    }
    if starts(b"GGUF") {
        return Some((Format::Gguf, "it starts with GGUF"));
    }
    if starts(b"\x93NUMPY") {
        return Some((Format::NumPy, "it starts with NumPy's signature"));
    }
    if starts(b"EDL1") || starts(b"EDL2") {
        return Some((Format::EspDl, "it starts with ESP-DL's signature"));
    }
    if starts(b"\x80\x02") || starts(b"\x80\x04") {
        return Some((Format::PyTorchPickle, "it starts with a Python pickle"));
    }
    if starts(b"\x89PNG") || starts(b"\xff\xd8\xff") || starts(b"GIF8") {
        return Some((Format::Picture, "it starts with a picture's signature"));
    }
    if starts(b"\x7fELF") || starts(b"MZ") {
        return Some((Format::Program, "it starts with a program's signature"));
    }
    if head.get(8..12) == Some(b"TFL3") {
        return Some((Format::SizePrefixed, "TFL3 stands at byte 8 instead of 4"));
    }
    if head.get(8..10) == Some(b"{\"") && head.get(4..8) == Some(&[0; 4]) {
        return Some((Format::Safetensors, "a JSON text follows an 8-byte length"));
    }
    if head.get(4..6) == Some(b"ET") && head.get(6..8).is_some_and(|rest| rest.iter().all(u8::is_ascii_digit))
    {
        return Some((Format::ExecuTorch, "ET and a version stand at byte 4"));
    }
    // saved_model.pb: field 1 (schema version) is 1, field 2 (the graphs) follows.
    if starts(&[0x08, 0x01, 0x12]) {
        return Some((Format::SavedModel, "it starts like saved_model.pb"));
    }
    None
}

fn by_text(head: &[u8]) -> Option<(Format, String)> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let lower: Vec<u8> = text.iter().take(1024).map(u8::to_ascii_lowercase).collect();
    let first_line = || {
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
        let shown = String::from_utf8_lossy(&line[..line.len().min(40)]).trim_end().to_owned();
        format!("it starts with {shown}")
    };
    if lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html") || contains(&lower, b"<head") {
        return Some((Format::WebPage, first_line()));
    }
    if text.starts_with(b"version https://git-lfs.github.com/spec") {
        return Some((Format::GitLfsPointer, first_line()));
    }
    let is_c =
        contains(&lower, b"unsigned char") || contains(&lower, b"uint8_t") || lower.starts_with(b"#include");
    if is_c {
        return Some((Format::CSource, first_line()));
    }
    if (text.starts_with(b"{") || text.starts_with(b"["))
        && std::str::from_utf8(&text[..text.len().min(64)]).is_ok()
    {
        return Some((Format::Json, first_line()));
    }
    None
}

/// An ONNX file is a protobuf without a signature: field 1 (the IR version, a small number), then field 2 (the name of
/// the producer, a short text) or field 7 (the graph).
fn looks_like_onnx(head: &[u8]) -> bool {
    match *head {
        [0x08, 3..=20, 0x12, length, ref rest @ ..] => {
            let name = rest.get(..usize::from(length)).unwrap_or(rest);
            !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
        }
        [0x08, 3..=20, 0x3a, ..] => true,
        _ => false,
    }
}

/// A root offset within the file and four letters or digits behind it.
fn other_flatbuffer(bytes: &[u8]) -> Option<(Format, String)> {
    let root = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
    let identifier = bytes.get(4..8)?;
    let is_name = identifier.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (is_name && (8..bytes.len()).contains(&root) && bytes.len() >= 16).then(|| {
        let name = String::from_utf8_lossy(identifier);
        (Format::OtherFlatbuffer, format!("its identifier is {name} instead of TFL3"))
    })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
