//! Tables with one sample a row.

use std::sync::Arc;

use csv::ByteRecord;

use super::Cancelled;
use super::assemble::Assembly;

use super::naming::{FileSays, Names};
use super::pictures::stream as pictures;
use super::table::{NoNumber, Table};
use crate::dataset::{
    Column, Content, Label, Origin, Picture, Place, ProblemKind, Recording, RowsOptions, Shared, Stream,
    StreamKind,
};

/// Endings of files with tables.
pub(in crate::dataset) const TABLES: [&str; 4] = ["csv", "tsv", "txt", "dat"];

pub(super) fn read(assembly: &mut Assembly<'_, '_, '_>, options: &RowsOptions) -> Result<(), Cancelled> {
    let files = assembly.select(&options.files, &TABLES);
    let names = Names::new(&options.naming);
    let columns = options.groups.iter().map(Column::kind);
    assembly.set_group_kinds(columns.chain(names.group_kinds()).collect());
    for (number, file) in files.iter().enumerate() {
        assembly.progress(number, files.len())?;
        let Some(says) = names.of(assembly, *file) else { continue };
        let Some(bytes) = text(assembly, *file) else { continue };
        read_file(assembly, options, *file, &bytes, &says);
        if assembly.is_full() {
            break;
        }
    }
    assembly.progress(files.len(), files.len())
}

/// The bytes of a file with text; a problem if it is in an encoding that is not read.
pub(super) fn text(assembly: &mut Assembly<'_, '_, '_>, file: usize) -> Option<Vec<u8>> {
    let bytes = assembly.bytes(file)?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        assembly.problem(ProblemKind::Unreadable, &assembly.entry(file).path, Place::File, || {
            ("the text is in UTF-16".to_owned(), "Save it as UTF-8".to_owned())
        });
        return None;
    }
    Some(bytes)
}

/// The columns of a file in numbers.
struct Columns {
    label: Option<usize>,
    targets: Vec<usize>,
    groups: Vec<usize>,
    values: Vec<usize>,
}

/// A row without its numbers.
struct Row {
    line: u64,
    label: Label,
    groups: Vec<Arc<str>>,
}

fn read_file(
    assembly: &mut Assembly<'_, '_, '_>,
    options: &RowsOptions,
    file: usize,
    bytes: &[u8],
    says: &FileSays,
) {
    let path = &assembly.entry(file).path;
    let mut table = Table::new(bytes, &options.table);
    let mut record = ByteRecord::new();
    let (mut rows, mut numbers) = (Vec::new(), Vec::new());
    let mut columns = None;
    while let Some(line) = table.next(&mut record) {
        if columns.is_none() {
            match Columns::new(options, &table, record.len()) {
                Ok(found) => columns = Some(found),
                Err(column) => {
                    missing_column(assembly, path, &column, &table);
                    return;
                }
            }
        }
        let Some(columns) = &columns else { return };
        let before = numbers.len();
        match row(assembly, options, columns, &table, &record, line, says, &mut numbers) {
            Ok(row) => rows.push(row),
            Err((index, error)) => {
                numbers.truncate(before);
                bad_cell(assembly, path, line, &table.column_name(index), &error);
            }
        }
    }
    let Some(columns) = columns else { return };
    if assembly.streams().is_empty() {
        let channels: Vec<String> = columns.values.iter().map(|index| table.column_name(*index)).collect();
        let stream = match options.picture {
            Some([_, _, channels]) => pictures(channels),
            None => Stream {
                name: "values".to_owned(),
                kind: StreamKind::Values { shape: vec![channels.len()] },
                channels,
                rate_hz: None,
            },
        };
        assembly.set_streams(vec![stream]);
        let targets = columns.targets.iter().map(|index| table.column_name(*index));
        assembly.set_value_names(targets.collect());
    }
    add(assembly, options, path, says, rows, numbers, columns.values.len());
}

#[allow(clippy::too_many_arguments)] // Each is one thing of a row; a struct for one call would only name them twice.
fn row(
    assembly: &mut Assembly<'_, '_, '_>,
    options: &RowsOptions,
    columns: &Columns,
    table: &Table<'_>,
    record: &ByteRecord,
    line: u64,
    says: &FileSays,
    numbers: &mut Vec<f32>,
) -> Result<Row, (usize, NoNumber)> {
    let number = |index: &usize| match table.number(record, *index) {
        Ok(number) => Ok(number as f32),
        Err(error) => Err((*index, error)),
    };
    for index in &columns.values {
        numbers.push(number(index)?);
    }
    let label = match columns.label {
        Some(index) => {
            let label = Table::text(record, index);
            if label.is_empty() {
                return Err((index, NoNumber::Missing));
            }
            let names = &options.naming.label_names;
            Label::Class(assembly.class(names.get(&label).unwrap_or(&label)))
        }
        None if columns.targets.is_empty() => says.label(assembly),
        None => Label::Values(columns.targets.iter().map(number).collect::<Result<_, _>>()?),
    };
    let own = columns.groups.iter().map(|index| assembly.group(&Table::text(record, *index)));
    let own: Vec<_> = own.collect();
    Ok(Row { line, label, groups: own.into_iter().chain(says.groups.iter().cloned()).collect() })
}

fn add(
    assembly: &mut Assembly<'_, '_, '_>,
    options: &RowsOptions,
    path: &str,
    says: &FileSays,
    rows: Vec<Row>,
    numbers: Vec<f32>,
    size: usize,
) {
    let file = assembly.group(path);
    let levels: Option<Arc<[u8]>> =
        options.picture.map(|_| numbers.iter().map(|number| *number as u8).collect());
    let all: Arc<[f32]> = if levels.is_some() { Arc::default() } else { numbers.into() };
    let file_name = path.rsplit('/').next().unwrap_or(path);
    for (index, row) in rows.into_iter().enumerate() {
        let range = index * size..(index + 1) * size;
        let content = match (options.picture, &levels) {
            (Some([height, width, channels]), Some(levels)) => {
                if height.checked_mul(width).and_then(|pixels| pixels.checked_mul(channels)) != Some(size)
                    || !matches!(channels, 1 | 3)
                {
                    assembly.problem(ProblemKind::Size, path, Place::Line(row.line), || {
                        let help = "Correct the size of pictures".to_owned();
                        (format!("{size} numbers make no picture of {width}×{height}×{channels}"), help)
                    });
                    return;
                }
                Content::Picture(Picture { height, width, channels, levels: Shared::piece(levels, range) })
            }
            _ => Content::Values(Shared::piece(&all, range)),
        };
        assembly.add(Recording {
            name: format!("{file_name} line {}", row.line),
            origin: Origin { file: Arc::clone(&file), place: Place::Line(row.line) },
            groups: row.groups,
            part: says.part,
            label: row.label,
            runs: Vec::new(),
            contents: vec![content],
        });
    }
}

impl Columns {
    fn new(options: &RowsOptions, table: &Table<'_>, n_columns: usize) -> Result<Self, Column> {
        let find = |column: &Column| table.column(column, n_columns).ok_or_else(|| column.clone());
        let all = |columns: &[Column]| columns.iter().map(find).collect::<Result<Vec<_>, _>>();
        let label = options.label.as_ref().map(find).transpose()?;
        let (targets, groups, mut values) =
            (all(&options.targets)?, all(&options.groups)?, all(&options.values)?);
        if values.is_empty() {
            let is_other =
                |index: &usize| label != Some(*index) && !targets.contains(index) && !groups.contains(index);
            values = (0..n_columns).filter(is_other).collect();
        }
        Ok(Self { label, targets, groups, values })
    }
}

impl Column {
    /// What groups of a column are called.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Index(index) => format!("column {index}"),
        }
    }
}

/// A column that the options name and the file does not have.
pub(super) fn missing_column(
    assembly: &mut Assembly<'_, '_, '_>,
    path: &str,
    column: &Column,
    table: &Table<'_>,
) {
    assembly.problem(ProblemKind::Unreadable, path, Place::Line(1), || {
        let help = if table.header.is_empty() {
            "Choose the columns again".to_owned()
        } else {
            format!("Choose among the columns {}", table.header.join(", "))
        };
        (format!("there is no {column}"), help)
    });
}

/// A cell that should have a number.
pub(super) fn bad_cell(
    assembly: &mut Assembly<'_, '_, '_>,
    path: &str,
    line: u64,
    column: &str,
    error: &NoNumber,
) {
    let kind = match error {
        NoNumber::Missing | NoNumber::Text(_) => ProblemKind::NotANumber,
        NoNumber::NotFinite(_) => ProblemKind::NotFinite,
    };
    assembly.problem(kind, path, Place::Line(line), || {
        let message = match error {
            NoNumber::Missing => format!("column {column} is empty"),
            NoNumber::Text(text) => format!("column {column}: “{text}” is no number"),
            NoNumber::NotFinite(text) => format!("column {column}: {text} is not a finite number"),
        };
        (message, "The row is left out: correct it, or choose other columns".to_owned())
    });
}
