//! Tables that list pictures or sounds: one file a row, with its label in another column.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use csv::ByteRecord;

use super::Cancelled;
use super::assemble::Assembly;
use super::naming::{Names, part_in_words};
use super::pictures::{self, PICTURES};
use super::rows::{TABLES, bad_cell, missing_column, text};
use super::sound::{self, SOUNDS};
use super::table::{NoNumber, Table, shortened};
use crate::dataset::{
    Column, Content, FileEntry, Label, ListOptions, Origin, Part, Place, ProblemKind, Recording,
};

/// What a path of a table stands for among the files of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dataset) enum Found {
    /// The file with this number.
    File(usize),
    /// None.
    Missing,
    /// Several, that the path does not tell apart.
    Ambiguous(usize),
}

/// Pictures and sounds by their names, to find what tables list.
pub(in crate::dataset) struct Directory<'e> {
    by_path: HashMap<&'e str, usize>,
    /// By the name, and by the name without its ending.
    by_name: HashMap<&'e str, Vec<usize>>,
    entries: &'e [FileEntry],
}

impl<'e> Directory<'e> {
    pub(in crate::dataset) fn new(entries: &'e [FileEntry]) -> Self {
        let mut directory = Self { by_path: HashMap::new(), by_name: HashMap::new(), entries };
        for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| is_listable(&entry.path)) {
            directory.by_path.insert(&entry.path, index);
            directory.by_name.entry(entry.file_name()).or_default().push(index);
            directory.by_name.entry(entry.stem()).or_default().push(index);
        }
        directory
    }

    /// The file that a path in a table means. Paths continue the table's folder or that of the set; of others, such as those of
    /// another machine, as many folders at the end count as are needed. The ending may be missing.
    pub(in crate::dataset) fn find(&self, table: &FileEntry, folder: &str, path: &str) -> Found {
        let path = tidy(path);
        let path = if folder.is_empty() { path } else { format!("{}/{path}", tidy(folder)) };
        let folders: Vec<&str> = table.folders().collect();
        let beside = folders.iter().chain([&path.as_str()]).copied().collect::<Vec<_>>().join("/");
        if let Some(index) = self.by_path.get(beside.as_str()).or_else(|| self.by_path.get(path.as_str())) {
            return Found::File(*index);
        }
        let name = path.rsplit('/').next().unwrap_or(&path);
        let alike = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        // Folders at the end that agree, for each file of this name.
        let agreement = |index: &usize| {
            let found = self.entries[*index].folders().rev();
            found.zip(path.rsplit('/').skip(1)).take_while(|(a, b)| a == b).count()
        };
        let best = alike.iter().map(agreement).max().unwrap_or(0);
        let mut best_ones = alike.iter().filter(|index| agreement(index) == best);
        match (best_ones.next(), best_ones.count()) {
            (Some(index), 0) => Found::File(*index),
            (Some(_), others) => Found::Ambiguous(others + 1),
            (None, _) => Found::Missing,
        }
    }
}

/// A path with `/` between its parts, and none at its start.
fn tidy(path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.collect::<Vec<_>>().join("/")
}

/// The name is that of a picture or a sound.
pub(in crate::dataset) fn is_listable(path: &str) -> bool {
    is_of(path, &PICTURES) || is_of(path, &SOUNDS)
}

fn is_of(path: &str, extensions: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| {
        extensions.iter().any(|known| known.eq_ignore_ascii_case(extension.trim()))
    })
}

/// The relative paths of pictures and sounds in the cells of a table, as a file system takes them, each once and in order; for
/// whoever has the table and looks for its files beside it.
pub fn listed_paths(table: &[u8]) -> Vec<String> {
    let mut seen = HashSet::new();
    let text = String::from_utf8_lossy(table);
    let cells = text.split(['\n', '\r', ',', ';', '\t', '|']).map(|cell| cell.trim().trim_matches('"'));
    let paths = cells.filter(|cell| is_listable(cell)).map(tidy);
    paths.filter(|path| !path.split('/').any(|part| part == "..") && seen.insert(path.clone())).collect()
}

pub(super) fn read(assembly: &mut Assembly<'_, '_, '_>, options: &ListOptions) -> Result<(), Cancelled> {
    let tables = assembly.select(&options.files, &TABLES);
    let names = Names::new(&options.naming);
    let columns = options.groups.iter().map(Column::kind);
    assembly.set_group_kinds(columns.chain(names.group_kinds()).collect());
    let directory = Directory::new(assembly.entries());
    let mut rows = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        assembly.progress(number, tables.len())?;
        let Some(bytes) = text(assembly, *table) else { continue };
        rows_of(assembly, options, *table, &bytes, &directory, &mut rows);
    }
    left_out(assembly, &tables, &directory, &rows);
    let mut most_channels = 1;
    for (number, row) in rows.iter().enumerate() {
        assembly.progress(number, rows.len())?;
        let Some(says) = names.of(assembly, row.file) else { continue };
        let Some(content) = content(assembly, options, row.file) else { continue };
        if assembly.streams().is_empty() {
            let stream = match &content {
                Content::Series(series) => sound::stream(series.channels),
                Content::Picture(_) | Content::Values(_) => pictures::stream(most_channels),
            };
            assembly.set_streams(vec![stream]);
        }
        if let Content::Picture(picture) = &content {
            most_channels = most_channels.max(picture.channels);
        }
        let label = match &row.label {
            Label::None => says.label(assembly),
            known => known.clone(),
        };
        let path = &assembly.entry(row.file).path;
        let origin = Origin { file: assembly.group(path), place: Place::File };
        assembly.add(Recording {
            name: path.rsplit('/').next().unwrap_or(path).to_owned(),
            origin,
            groups: row.groups.iter().cloned().chain(says.groups).collect(),
            part: row.part.or(says.part),
            label,
            runs: Vec::new(),
            contents: vec![content],
        });
        if assembly.is_full() {
            break;
        }
    }
    if assembly.streams().first().is_some_and(|stream| stream.kind == crate::dataset::StreamKind::Pictures) {
        assembly.set_streams(vec![pictures::stream(most_channels)]);
    }
    assembly.progress(rows.len(), rows.len())
}

/// A row whose file is there.
struct Row {
    file: usize,
    label: Label,
    groups: Vec<Arc<str>>,
    part: Option<Part>,
}

/// The columns of a table in numbers.
struct Columns {
    path: usize,
    label: Option<usize>,
    part: Option<usize>,
    targets: Vec<usize>,
    groups: Vec<usize>,
}

impl Columns {
    fn new(options: &ListOptions, table: &Table<'_>, n_columns: usize) -> Result<Self, Column> {
        let find = |column: &Column| table.column(column, n_columns).ok_or_else(|| column.clone());
        let all = |columns: &[Column]| columns.iter().map(find).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            path: find(&options.path)?,
            label: options.label.as_ref().map(find).transpose()?,
            part: options.part.as_ref().map(find).transpose()?,
            targets: all(&options.targets)?,
            groups: all(&options.groups)?,
        })
    }
}

fn rows_of(
    assembly: &mut Assembly<'_, '_, '_>,
    options: &ListOptions,
    file: usize,
    bytes: &[u8],
    directory: &Directory<'_>,
    rows: &mut Vec<Row>,
) {
    let entry = assembly.entry(file);
    let mut table = Table::new(bytes, &options.table);
    let mut record = ByteRecord::new();
    let mut columns = None;
    let mut first_lines: HashMap<usize, u64> = HashMap::new();
    while let Some(line) = table.next(&mut record) {
        if columns.is_none() {
            match Columns::new(options, &table, record.len()) {
                Ok(found) => {
                    let targets = found.targets.iter().map(|index| table.column_name(*index));
                    assembly.set_value_names(targets.collect());
                    columns = Some(found);
                }
                Err(column) => return missing_column(assembly, &entry.path, &column, &table),
            }
        }
        let Some(columns) = &columns else { return };
        let path = Table::text(&record, columns.path);
        let found = match directory.find(entry, &options.folder, &path) {
            Found::File(found) => found,
            other => {
                missing_file(assembly, &entry.path, line, &path, other);
                continue;
            }
        };
        match row(assembly, options, columns, &table, &record, found) {
            Ok(row) => rows.push(row),
            Err((index, error)) => {
                bad_cell(assembly, &entry.path, line, &table.column_name(index), &error);
                continue;
            }
        }
        let first_line = *first_lines.entry(found).or_insert(line);
        if first_line != line {
            assembly.problem(ProblemKind::Note, &entry.path, Place::Line(line), || {
                let message = format!("“{}” was listed in line {first_line} already", shortened(&path));
                (message, "It counts twice: take one of the lines out".to_owned())
            });
        }
    }
}

fn row(
    assembly: &mut Assembly<'_, '_, '_>,
    options: &ListOptions,
    columns: &Columns,
    table: &Table<'_>,
    record: &ByteRecord,
    file: usize,
) -> Result<Row, (usize, NoNumber)> {
    let number = |index: &usize| match table.number(record, *index) {
        Ok(number) => Ok(number as f32),
        Err(error) => Err((*index, error)),
    };
    let label = match columns.label {
        Some(index) => {
            let label = Table::text(record, index);
            if label.is_empty() {
                return Err((index, NoNumber::Missing));
            }
            let names = &options.naming.label_names;
            Label::Class(assembly.class(names.get(&label).unwrap_or(&label)))
        }
        None if columns.targets.is_empty() => Label::None,
        None => Label::Values(columns.targets.iter().map(number).collect::<Result<_, _>>()?),
    };
    let groups = columns.groups.iter().map(|index| assembly.group(&Table::text(record, *index))).collect();
    let part = columns.part.and_then(|index| part_in_words(&Table::text(record, index)));
    Ok(Row { file, label, groups, part })
}

fn missing_file(assembly: &mut Assembly<'_, '_, '_>, table: &str, line: u64, path: &str, found: Found) {
    assembly.problem(ProblemKind::Missing, table, Place::Line(line), || match found {
        Found::Ambiguous(count) => {
            let message = format!("“{}” could be any of {count} files", shortened(path));
            (message, "Write more of its folders into the table".to_owned())
        }
        Found::Missing | Found::File(_) if path.is_empty() => {
            ("no file is named".to_owned(), "Name a picture or a sound, or take the line out".to_owned())
        }
        Found::Missing | Found::File(_) => {
            let message = format!("“{}” is not there", shortened(path));
            (message, "Add the file, or open the folder in which both the table and its files lie".to_owned())
        }
    });
}

/// Says how many pictures and sounds no table lists.
fn left_out(assembly: &mut Assembly<'_, '_, '_>, tables: &[usize], directory: &Directory<'_>, rows: &[Row]) {
    let listed: HashSet<usize> = rows.iter().map(|row| row.file).collect();
    let n_left_out = directory.by_path.len() - listed.len();
    let Some(table) = tables.first().filter(|_| n_left_out > 0 && !rows.is_empty()) else { return };
    assembly.problem(ProblemKind::Note, &assembly.entry(*table).path, Place::File, || {
        let files = if n_left_out == 1 { "file is" } else { "files are" };
        let message = format!("{n_left_out} {files} not listed and not used");
        (message, "Add lines for them, or read the files by their names or folders".to_owned())
    });
}

/// What a listed file holds; a problem where it cannot be read.
fn content(assembly: &mut Assembly<'_, '_, '_>, options: &ListOptions, file: usize) -> Option<Content> {
    let path = &assembly.entry(file).path;
    let bytes = assembly.bytes(file)?;
    if is_of(path, &SOUNDS) {
        return sound::sound(assembly, path, &bytes).map(Content::Series);
    }
    pictures::decoded(assembly, path, &bytes, options.largest_side).map(Content::Picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(paths: &[&str]) -> Vec<FileEntry> {
        paths.iter().map(|path| FileEntry { path: (*path).to_owned(), bytes: 0 }).collect()
    }

    #[test]
    fn paths_are_found_beside_the_table_in_the_set_or_by_their_end() {
        let entries = entries(&[
            "set/meta/list.csv",
            "set/meta/a.png",
            "set/audio/a.png",
            "a.png",
            "set/audio/b.wav",
            "fold1/c.wav",
            "fold2/c.wav",
        ]);
        let directory = Directory::new(&entries);
        let check = |folder: &str, path: &str, expected: Found| {
            assert_eq!(directory.find(&entries[0], folder, path), expected, "{folder} {path}");
        };
        check("", "a.png", Found::File(1));
        check("", "set/audio/a.png", Found::File(2));
        check("", "./a.png ", Found::File(1));
        check("audio", "a.png", Found::File(2));
        check("", r"C:\mine\audio\b.wav", Found::File(4));
        check("", "/data/somebody/fold2/c.wav", Found::File(6));
        check("", "b", Found::File(4));
        check("", "c.wav", Found::Ambiguous(2));
        check("", "d.wav", Found::Missing);
        check("", "list.csv", Found::Missing);
    }

    #[test]
    fn paths_are_taken_out_of_tables() {
        let table =
            b"file,label\n\"a b.png\",cat\n./x/c.WAV;dog\n../up.png,cat\na b.png,cat\nnotes.txt,dog\n";
        assert_eq!(listed_paths(table), ["a b.png", "x/c.WAV"]);
    }
}
