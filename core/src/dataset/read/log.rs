//! Text logs in which a separator line starts each recording, as boards print them over a serial line.

use std::sync::Arc;

use super::Cancelled;
use super::assemble::Assembly;
use super::naming::{FileSays, Names};
use super::rows::TABLES;
use super::table::shortened;
use crate::dataset::{
    Content, LogOptions, Origin, Place, ProblemKind, Recording, Series, SeriesValues, Shared, Stream,
    StreamKind,
};

pub(super) fn read(assembly: &mut Assembly<'_, '_, '_>, options: &LogOptions) -> Result<(), Cancelled> {
    let known: Vec<&str> = TABLES.into_iter().chain(["log"]).collect();
    let files = assembly.select(&options.files, &known);
    let names = Names::new(&options.naming);
    assembly.set_group_kinds(names.group_kinds().collect());
    for (number, file) in files.iter().enumerate() {
        assembly.progress(number, files.len())?;
        let Some(says) = names.of(assembly, *file) else { continue };
        let Some(bytes) = assembly.bytes(*file) else { continue };
        read_file(assembly, options, &assembly.entry(*file).path, &bytes, &says);
        if assembly.is_full() {
            break;
        }
    }
    assembly.progress(files.len(), files.len())
}

fn read_file(
    assembly: &mut Assembly<'_, '_, '_>,
    options: &LogOptions,
    path: &str,
    bytes: &[u8],
    says: &FileSays,
) {
    let file = assembly.group(path);
    let (mut first_line, mut values) = (1, Vec::new());
    let mut n_segments = 0;
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let text = text.trim_ascii();
        if text == options.separator.as_bytes() {
            n_segments += usize::from(!values.is_empty());
            add(assembly, options, &file, says, first_line, std::mem::take(&mut values), n_segments);
            first_line = line + 1;
            continue;
        }
        if text.is_empty() {
            continue;
        }
        let before = values.len();
        match row(text, &mut values) {
            Ok(()) => {
                let n_channels = values.len() - before;
                let expected = channels(assembly, options, n_channels);
                if n_channels != expected {
                    values.truncate(before);
                    assembly.problem(ProblemKind::Size, path, Place::Line(line), || {
                        let help = "The line is left out: correct it, or leave the file out".to_owned();
                        (format!("{n_channels} numbers, others have {expected}"), help)
                    });
                }
            }
            Err((kind, word)) => {
                values.truncate(before);
                assembly.problem(kind, path, Place::Line(line), || {
                    let help =
                        "The line is left out: correct it, or choose another separator line".to_owned();
                    (format!("“{word}” is no number that can be used"), help)
                });
            }
        }
    }
    n_segments += usize::from(!values.is_empty());
    add(assembly, options, &file, says, first_line, values, n_segments);
}

/// The number of channels that lines should have; the first line of the first file decides.
fn channels(assembly: &mut Assembly<'_, '_, '_>, options: &LogOptions, n_channels: usize) -> usize {
    if assembly.streams().is_empty() {
        let channels = match (&options.channels[..], n_channels) {
            (names, _) if names.len() == n_channels => names.to_vec(),
            (_, 3) => ["x", "y", "z"].map(str::to_owned).to_vec(),
            (_, count) => (1..=count).map(|number| number.to_string()).collect(),
        };
        let stream = Stream { name: "signal".to_owned(), kind: StreamKind::Series, channels, rate_hz: None };
        assembly.set_streams(vec![stream]);
    }
    assembly.streams()[0].channels.len()
}

/// Appends the numbers of a line.
fn row(text: &[u8], values: &mut Vec<f32>) -> Result<(), (ProblemKind, String)> {
    let words = text.split(|byte| matches!(byte, b',' | b';' | b' ' | b'\t')).filter(|word| !word.is_empty());
    for word in words {
        let number = std::str::from_utf8(word).ok().and_then(|word| word.parse::<f32>().ok());
        match number {
            Some(number) if number.is_finite() => values.push(number),
            Some(_) => return Err((ProblemKind::NotFinite, String::from_utf8_lossy(word).into_owned())),
            None => return Err((ProblemKind::NotANumber, shortened(&String::from_utf8_lossy(word)))),
        }
    }
    Ok(())
}

fn add(
    assembly: &mut Assembly<'_, '_, '_>,
    options: &LogOptions,
    file: &Arc<str>,
    says: &FileSays,
    first_line: u64,
    values: Vec<f32>,
    number: usize,
) {
    // Separators in a row, and one at the start or the end, hold nothing between them.
    let Some(stream) = assembly.streams().first().filter(|_| !values.is_empty()) else { return };
    let channels = stream.channels.len();
    let stem = file.rsplit('/').next().unwrap_or(file);
    let label = says.label(assembly);
    assembly.add(Recording {
        name: format!("{stem} {number}"),
        origin: Origin { file: Arc::clone(file), place: Place::Line(first_line) },
        groups: says.groups.clone(),
        part: says.part,
        label,
        runs: Vec::new(),
        contents: vec![Content::Series(Series {
            channels,
            values: SeriesValues::F32(Shared::from(values)),
            rate_hz: options.rate_hz,
        })],
    });
}
