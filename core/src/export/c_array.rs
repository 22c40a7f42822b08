//! The model as an array of C++, with the figures that firmware for TensorFlow Lite Micro needs.

use std::fmt::Write as _;

use super::arena::arena_section;
use super::facts::{Facts, Port};
use super::names::c_string;
use super::{Export, SourceFile, Sources, c_identifier, resolver};
use crate::model::TensorType;
use crate::plan::Target;

/// Name of the header.
pub(super) const HEADER: &str = "model.h";
/// Name of the file with the bytes.
pub(super) const SOURCE: &str = "model.cc";
/// What stands before the bytes.
pub(super) const BEFORE_BYTES: &str = "kModelData[] = {\n";
/// What stands behind them.
pub(super) const AFTER_BYTES: &str = "};\n";

/// Bytes on one line.
const BYTES_PER_LINE: usize = 20;

/// Header, array and resolver.
pub(super) fn sources(export: &Export<'_>, target: Target) -> Sources {
    let mut notes = Vec::new();
    let facts = Facts::new(export, &mut notes);
    let name = c_identifier(export.file_name);
    let arena = arena_section(export, target, &mut notes);
    let files = vec![
        SourceFile { name: HEADER, text: header(export, &facts, &name, "#include <cstdint>\n", &arena) },
        SourceFile { name: SOURCE, text: source(export, &facts, &name) },
        SourceFile { name: resolver::FILE, text: resolver::text(export.model, &facts, &name, &mut notes) },
    ];
    Sources { files, notes }
}

/// The comment at the top of each file.
pub(super) fn head(facts: &Facts, what: &str) -> String {
    format!("// {}: {what}.\n// Written by Emberlab; export it again rather than edit it.\n", facts.file_name)
}

/// The lines that open and close a header once.
pub(super) fn guarded(name: &str, ending: &str, body: &str) -> String {
    let guard = format!("EMBERLAB_{}_{ending}_H_", name.to_ascii_uppercase());
    format!("#ifndef {guard}\n#define {guard}\n\n{body}\n#endif  // {guard}\n")
}

/// The header; `includes` are lines at its top, `arena` those about the arena.
pub(super) fn header(export: &Export<'_>, facts: &Facts, name: &str, includes: &str, arena: &str) -> String {
    let n_bytes = export.bytes.len();
    let mut body = format!(
        "{includes}\n\
         namespace {name} {{\n\
         \n\
         // The .tflite file, for tflite::GetModel.\n\
         alignas(16) extern const unsigned char kModelData[];\n\
         const unsigned int kModelLength = {n_bytes};\n\
         // SHA-256 of the file.\n\
         constexpr char kModelSha256[] =\n    \"{}\";\n\
         \n\
         {arena}",
        facts.sha256
    );
    if !facts.labels.is_empty() {
        let count = facts.labels.len();
        body.push_str("\n// Names of the classes, in the order of the outputs.\n");
        push(&mut body, format_args!("constexpr int kLabelCount = {count};\n"));
        body.push_str("extern const char* const kLabels[kLabelCount];\n");
    }
    for port in &facts.ports {
        body.push('\n');
        body.push_str(&port_text(port));
    }
    push(&mut body, format_args!("\n}}  // namespace {name}\n"));
    head(facts, "a model for TensorFlow Lite Micro") + &guarded(name, "DATA", &body)
}

fn port_text(port: &Port) -> String {
    let what = port.full_name();
    let mut text = format!("// {}\n", port.description);
    if let Some(element) = element(port.ty) {
        push(&mut text, format_args!("using {what}Element = {element};\n"));
    }
    push(&mut text, format_args!("constexpr char k{what}Type[] = {};\n", c_string(&port.ty.to_string())));
    if !port.shape.is_empty() {
        let shape = port.shape.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
        push(&mut text, format_args!("constexpr int k{what}Shape[] = {{{shape}}};\n"));
    }
    if let Some(elements) = port.elements {
        push(&mut text, format_args!("constexpr unsigned int k{what}Elements = {elements};\n"));
    }
    if let Some((scale, zero_point)) = port.quantization {
        push(&mut text, format_args!("constexpr float k{what}Scale = {scale:?}f;\n"));
        push(&mut text, format_args!("constexpr int k{what}ZeroPoint = {zero_point};\n"));
    }
    text
}

/// The type of C++ whose array holds the tensor; `None` where several elements share a byte or there is no such type.
pub(super) fn element(ty: TensorType) -> Option<&'static str> {
    match ty {
        TensorType::Float32 => Some("float"),
        TensorType::Float64 => Some("double"),
        TensorType::Int8 => Some("std::int8_t"),
        TensorType::Uint8 => Some("std::uint8_t"),
        TensorType::Int16 => Some("std::int16_t"),
        TensorType::Uint16 => Some("std::uint16_t"),
        TensorType::Int32 => Some("std::int32_t"),
        TensorType::Uint32 => Some("std::uint32_t"),
        TensorType::Int64 => Some("std::int64_t"),
        TensorType::Uint64 => Some("std::uint64_t"),
        TensorType::Bool => Some("bool"),
        TensorType::Float16
        | TensorType::Bfloat16
        | TensorType::String
        | TensorType::Complex64
        | TensorType::Complex128
        | TensorType::Resource
        | TensorType::Variant
        | TensorType::Int4
        | TensorType::Uint4
        | TensorType::Int2
        | TensorType::Float8E4m3fn
        | TensorType::Float8E5m2
        | TensorType::Unknown(_) => None,
    }
}

/// The file with the bytes.
pub(super) fn source(export: &Export<'_>, facts: &Facts, name: &str) -> String {
    let mut text = head(facts, "the bytes of the model");
    text.reserve(export.bytes.len() * 6 + 4096);
    push(&mut text, format_args!("// SHA-256 {}\n\n#include \"{HEADER}\"\n\n", facts.sha256));
    push(&mut text, format_args!("namespace {name} {{\n\nalignas(16) const unsigned char {BEFORE_BYTES}"));
    push_bytes(&mut text, export.bytes);
    text.push_str(AFTER_BYTES);
    text.push_str("static_assert(sizeof(kModelData) == kModelLength, \"the array is the whole file\");\n");
    if !facts.labels.is_empty() {
        text.push_str("\nconst char* const kLabels[kLabelCount] = {\n");
        for label in &facts.labels {
            push(&mut text, format_args!("    {},\n", c_string(label)));
        }
        text.push_str("};\n");
    }
    push(&mut text, format_args!("\n}}  // namespace {name}\n"));
    text
}

/// Appends bytes as `0x1c,0x00,…`, without a call of the formatter for each: models have millions.
pub(super) fn push_bytes(text: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    for line in bytes.chunks(BYTES_PER_LINE) {
        text.push_str("    ");
        for byte in line {
            text.push_str("0x");
            text.push(DIGITS[usize::from(byte >> 4)]);
            text.push(DIGITS[usize::from(byte & 15)]);
            text.push(',');
        }
        text.push('\n');
    }
}

/// Appends formatted text.
pub(super) fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    text.write_fmt(arguments).ok();
}
