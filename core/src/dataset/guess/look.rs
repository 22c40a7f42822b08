//! What a text file looks like from its start.

use std::collections::BTreeMap;

use csv::ByteRecord;

use crate::dataset::read::table::{NoNumber, Table};
use crate::dataset::read::time::seconds_of_date_time;
use crate::dataset::{Column, FileEntry, Files, TextTable};

/// Bytes of each that are looked at.
const START: usize = 1 << 16;
/// Rows of each that are looked at.
const ROWS: usize = 1000;

/// What a text file looks like from its start.
pub(super) struct Look<'f> {
    pub(super) entry: &'f FileEntry,
    pub(super) table: TextTable,
    pub(super) header: Vec<String>,
    pub(super) columns: Vec<ColumnLook>,
    pub(super) n_rows: usize,
    pub(super) separator: Option<String>,
    /// First and last cell of the first rows.
    pub(super) pairs: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ColumnLook {
    pub(super) numbers: Vec<f64>,
    pub(super) n_texts: usize,
    pub(super) n_dates: usize,
    /// Different cells, as long as there are not too many.
    pub(super) texts: BTreeMap<String, usize>,
    /// How often the text changes from row to row.
    pub(super) n_changes: usize,
    pub(super) last: String,
}

/// Looks at the start of a file; `None` if it is no text.
pub(super) fn look<'f>(files: &'f dyn Files, index: usize) -> Option<Look<'f>> {
    let mut start = files.read_start(index, START).ok()?;
    if start.contains(&0) {
        return None;
    }
    // The last line may be cut.
    if start.len() == START {
        let end = start.iter().rposition(|byte| *byte == b'\n')?;
        start.truncate(end + 1);
    }
    let entry = &files.entries()[index];
    let delimiter = delimiter(&start);
    let table = TextTable { delimiter, header: false, skip_lines: 0 };
    let table = TextTable { header: has_header(&start, &table), ..table };
    let mut reader = Table::new(&start, &table);
    let header = reader.header.clone();
    let mut record = ByteRecord::new();
    let (mut columns, mut n_rows) = (vec![ColumnLook::default(); header.len()], 0);
    let mut pairs = Vec::new();
    while n_rows < ROWS && reader.next(&mut record).is_some() {
        n_rows += 1;
        let last = record.len().saturating_sub(1);
        pairs.push((Table::text(&record, 0), Table::text(&record, last)));
        columns.resize_with(columns.len().max(record.len()), ColumnLook::default);
        for (index, column) in columns.iter_mut().enumerate() {
            column.add(reader.number(&record, index), Table::text(&record, index));
        }
    }
    let separator = separator(&start);
    Some(Look { entry, table, header, columns, n_rows, separator, pairs })
}

/// The byte that divides most lines into the same number of columns.
fn delimiter(start: &[u8]) -> char {
    let lines: Vec<&[u8]> =
        start.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(50).collect();
    let count = |line: &[u8], delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    let steady = |delimiter: u8| {
        // Neither the header nor a last line that is cut need to have as many.
        let counts: Vec<usize> = lines.iter().map(|line| count(line, delimiter)).collect();
        let usual = counts.get(counts.len() / 2).copied().unwrap_or(0);
        let n_alike = counts.iter().filter(|count| **count == usual).count();
        if usual > 0 && n_alike * 10 >= lines.len() * 8 { usual } else { 0 }
    };
    let bytes = [b',', b';', b'\t'];
    match bytes.into_iter().rev().max_by_key(|delimiter| steady(*delimiter)) {
        // “1,5;2,5” has commas too, but semicolons divide it.
        Some(b',') if steady(b';') > 0 => ';',
        Some(best) if steady(best) > 0 => char::from(best),
        _ if steady(b' ') > 0 => ' ',
        _ => ',',
    }
}

/// True if the first row has texts where the second has numbers, or the first are different texts all over.
fn has_header(start: &[u8], table: &TextTable) -> bool {
    let mut reader = Table::new(start, table);
    let (mut first, mut second) = (ByteRecord::new(), ByteRecord::new());
    if reader.next(&mut first).is_none() {
        return false;
    }
    let is_text = |reader: &Table<'_>, record: &ByteRecord, index| {
        matches!(reader.number(record, index), Err(NoNumber::Text(_) | NoNumber::Missing))
    };
    let all_texts = (0..first.len()).all(|index| is_text(&reader, &first, index));
    if reader.next(&mut second).is_none() {
        return all_texts;
    }
    let becomes_number = (0..first.len())
        .any(|index| is_text(&reader, &first, index) && reader.number(&second, index).is_ok());
    all_texts && (becomes_number || first.as_slice() != second.as_slice())
}

/// A line without letters or digits that comes again and again.
fn separator(start: &[u8]) -> Option<String> {
    let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut n_numbers = 0usize;
    for line in start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        let is_mark = |byte: &u8| b"-=#*,;_ ".contains(byte);
        if !line.is_empty() && line.iter().all(is_mark) {
            *counts.entry(line).or_default() += 1;
        }
        n_numbers += usize::from(
            line.trim_ascii_start()
                .strip_prefix(b"-")
                .unwrap_or(line)
                .first()
                .is_some_and(u8::is_ascii_digit),
        );
    }
    let (line, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= 2 && n_numbers >= count).then(|| String::from_utf8_lossy(line).into_owned())
}

impl ColumnLook {
    fn add(&mut self, number: Result<f64, NoNumber>, text: String) {
        const MOST_TEXTS: usize = 200;
        match number {
            Ok(number) => self.numbers.push(number),
            Err(NoNumber::Text(_)) if seconds_of_date_time(&text).is_some() => self.n_dates += 1,
            Err(NoNumber::Text(_)) => self.n_texts += 1,
            Err(NoNumber::Missing | NoNumber::NotFinite(_)) => {}
        }
        if text != self.last {
            self.n_changes += 1;
            if self.texts.len() < MOST_TEXTS || self.texts.contains_key(&text) {
                *self.texts.entry(text.clone()).or_default() += 1;
            }
            self.last = text;
        }
    }

    pub(super) fn is_number(&self) -> bool {
        self.n_texts == 0 && self.n_dates == 0 && !self.numbers.is_empty()
    }

    pub(super) fn is_date(&self) -> bool {
        self.n_dates > 0 && self.n_texts == 0 && self.numbers.is_empty()
    }
}

impl Look<'_> {
    pub(super) fn n_number_columns(&self) -> usize {
        self.columns.iter().filter(|column| column.is_number()).count()
    }

    /// Words of a column's name in lower case.
    pub(super) fn words(&self, index: usize) -> Vec<String> {
        let name = self.header.get(index).map_or("", String::as_str);
        let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    }

    pub(super) fn has_word(&self, index: usize, wanted: &[&str]) -> bool {
        self.words(index).iter().any(|word| wanted.contains(&word.as_str()))
    }

    pub(super) fn column(&self, index: usize) -> Column {
        match self.header.get(index) {
            Some(name) if !name.is_empty() => Column::Name(name.clone()),
            Some(_) | None => Column::Index(index as i32),
        }
    }
}
