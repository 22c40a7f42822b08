//! The model as a module in Rust for Emberlab's own runtime.

use super::c_array::push;
use super::facts::{Facts, Port};
use super::names::rust_string;
use super::{Export, SourceFile, Sources};
use crate::run::{Semantics, emberlab_arena};

/// Name of the file.
pub(super) const FILE: &str = "model.rs";
/// What stands before the bytes.
pub(super) const BEFORE_BYTES: &str = "Aligned(*b\"\\\n";
/// What stands behind them.
pub(super) const AFTER_BYTES: &str = "\");\n";

/// Characters after which a line of bytes ends.
const LINE: usize = 100;
/// Longest list that `rustfmt` leaves on one line.
const SHORT_LIST: usize = 60;

/// The module.
pub(super) fn sources(export: &Export<'_>) -> Sources {
    let mut notes = Vec::new();
    let facts = Facts::new(export, &mut notes);
    let n_bytes = export.bytes.len();
    let arena = arena_section(export, &mut notes);
    let mut text = format!(
        "//! {}: a model for `emberlab-runtime`.\n\
         //!\n\
         //! Written by Emberlab; export it again rather than edit it. With this file as `mod model`:\n\
         //!\n\
         //! ```ignore\n\
         //! #[repr(align(16))]\n\
         //! struct Arena([u8; model::ARENA_BYTES]);\n\
         //!\n\
         //! let mut arena = Arena([0; model::ARENA_BYTES]);\n\
         //! let registry = Registry::default();\n\
         //! let mut interpreter =\n\
         //!     Interpreter::prepare(model::MODEL, &mut arena.0, Semantics::Tflm, &registry)?;\n\
         //! ```\n\
         // Few programs use all of it.\n\
         #![allow(dead_code)]\n\
         \n\
         /// The .tflite file, at a multiple of 16 bytes.\n\
         pub static MODEL: &[u8; {n_bytes}] = &FILE.0;\n\
         \n\
         /// SHA-256 of the file.\n\
         pub const MODEL_SHA256: &str = \"{}\";\n\
         \n\
         {arena}",
        facts.file_name, facts.sha256
    );
    if !facts.labels.is_empty() {
        let count = facts.labels.len();
        text.push_str("\n/// Names of the classes, in the order of the outputs.\n#[rustfmt::skip]\n");
        push(&mut text, format_args!("pub const LABELS: [&str; {count}] = [\n"));
        for label in &facts.labels {
            push(&mut text, format_args!("    {},\n", rust_string(label)));
        }
        text.push_str("];\n");
    }
    for port in &facts.ports {
        text.push_str(&port_text(port));
    }
    text.reserve(n_bytes * 4 + 4096);
    push(
        &mut text,
        format_args!(
            "\n#[repr(C, align(16))]\nstruct Aligned<const N: usize>([u8; N]);\n\n\
             #[rustfmt::skip]\nstatic FILE: Aligned<{n_bytes}> = {BEFORE_BYTES}"
        ),
    );
    push_bytes(&mut text, export.bytes);
    text.push_str(AFTER_BYTES);
    Sources { files: vec![SourceFile { name: FILE, text }], notes }
}

fn arena_section(export: &Export<'_>, notes: &mut Vec<String>) -> String {
    match emberlab_arena(export.bytes, Semantics::Tflm) {
        Ok(arena) => format!(
            "/// Bytes of the smallest arena that works, on every chip; it has to begin at a multiple of 16.\n\
             pub const ARENA_BYTES: usize = {};\n",
            arena.needs.minimum_bytes
        ),
        Err(error) => {
            let note = format!("Emberlab's runtime refuses the model: {error}.");
            let text = format!("// No ARENA_BYTES: {}\n", super::comment_text(&note));
            notes.push(format!("{note} So ARENA_BYTES was left out."));
            text
        }
    }
}

fn port_text(port: &Port) -> String {
    let upper = port.what.to_ascii_uppercase();
    let what = match port.number {
        Some(number) => format!("{upper}_{number}"),
        None => upper,
    };
    let mut text = String::new();
    let mut add = |constant: std::fmt::Arguments<'_>| {
        push(&mut text, format_args!("\n/// {}\n{constant}\n", port.description));
    };
    add(format_args!("pub const {what}_TYPE: &str = {};", rust_string(&port.ty.to_string())));
    let shape = port.shape.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
    let skip = if shape.len() > SHORT_LIST { "#[rustfmt::skip]\n" } else { "" };
    let rank = port.shape.len();
    add(format_args!("{skip}pub const {what}_SHAPE: [i32; {rank}] = [{shape}];"));
    if let Some((scale, zero_point)) = port.quantization {
        add(format_args!("pub const {what}_SCALE: f32 = {scale:?};"));
        add(format_args!("pub const {what}_ZERO_POINT: i32 = {zero_point};"));
    }
    text
}

/// Appends bytes as the inside of a byte string that goes over many lines.
///
/// The compiler reads a string far faster than as many numbers. The blanks at the start of a line are not part of the
/// string, so blanks are escaped, too.
fn push_bytes(text: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut line = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let before = text.len();
        match byte {
            0 => text.push_str("\\0"),
            b'\n' => text.push_str("\\n"),
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b'!'..=b'~' => text.push(char::from(*byte)),
            _ => text.extend(['\\', 'x', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
        }
        line += text.len() - before;
        if line >= LINE && index + 1 < bytes.len() {
            text.push_str("\\\n");
            line = 0;
        }
    }
}
