//! The bytes of a model out of its sources: the way back, for checks.

use thiserror::Error;

use super::{SourceKind, c_array, rust_module};

/// Why sources do not hold a model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}: {message}")]
pub struct ReadBackError {
    /// Name of the file.
    pub file: String,
    /// What is wrong, and in which line.
    pub message: String,
}

/// The bytes of the model that sources hold; `text_of` gives the text of a file by its name.
///
/// # Errors
/// The file with the bytes is not there, or another one than an export writes.
pub fn model_bytes<'t>(
    kind: SourceKind,
    text_of: impl Fn(&str) -> Option<&'t str>,
) -> Result<Vec<u8>, ReadBackError> {
    let file = match kind {
        SourceKind::CArray => c_array::SOURCE,
        SourceKind::RustModule => rust_module::FILE,
    };
    let failed = |message: String| ReadBackError { file: file.to_owned(), message };
    let text = text_of(file).ok_or_else(|| failed("the file is missing".to_owned()))?;
    let (before, after) = match kind {
        SourceKind::CArray => (c_array::BEFORE_BYTES, c_array::AFTER_BYTES),
        SourceKind::RustModule => (rust_module::BEFORE_BYTES, rust_module::AFTER_BYTES),
    };
    let start = text.find(before).ok_or_else(|| failed("no array begins".to_owned()))? + before.len();
    let length = text[start..].find(after).ok_or_else(|| failed("the array does not end".to_owned()))?;
    let array = &text.as_bytes()[start..start + length];
    let bytes = match kind {
        SourceKind::CArray => numbers(array),
        SourceKind::RustModule => characters(array),
    };
    bytes.map_err(|at| {
        let line = text.as_bytes()[..start + at].iter().filter(|byte| **byte == b'\n').count() + 1;
        failed(format!("line {line} holds something else than bytes"))
    })
}

/// Numbers such as `0x1c,` with white space between them; the error is the place that is none.
fn numbers(mut text: &[u8]) -> Result<Vec<u8>, usize> {
    let length = text.len();
    let mut bytes = Vec::with_capacity(length / 5);
    loop {
        text = text.trim_ascii_start();
        match text {
            [] => return Ok(bytes),
            [b'0', b'x', high, low, b',', rest @ ..] => {
                bytes.push(byte(*high, *low).ok_or(length - text.len())?);
                text = rest;
            }
            _ => return Err(length - text.len()),
        }
    }
}

/// The characters of a byte string; the error is the place that is none.
fn characters(mut text: &[u8]) -> Result<Vec<u8>, usize> {
    let length = text.len();
    let mut bytes = Vec::with_capacity(length / 2);
    loop {
        let (value, rest) = match text {
            [] => return Ok(bytes),
            [b'\\', b'\n', rest @ ..] => {
                text = rest.trim_ascii_start();
                continue;
            }
            [b'\\', b'0', rest @ ..] => (0, rest),
            [b'\\', b'n', rest @ ..] => (b'\n', rest),
            [b'\\', quoted @ (b'"' | b'\\'), rest @ ..] => (*quoted, rest),
            [b'\\', b'x', high, low, rest @ ..] => (byte(*high, *low).ok_or(length - text.len())?, rest),
            [b'\\' | b'"', ..] => return Err(length - text.len()),
            [plain @ b' '..=b'~', rest @ ..] => (*plain, rest),
            _ => return Err(length - text.len()),
        };
        bytes.push(value);
        text = rest;
    }
}

fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |character: u8| char::from(character).to_digit(16).map(|digit| digit as u8);
    Some(digit(high)? << 4 | digit(low)?)
}
