//! Text as a table: rows with their lines, columns by name or number, numbers.

use csv::ByteRecord;

use crate::dataset::{Column, TextTable};

/// A table that is read row by row.
pub(in crate::dataset) struct Table<'t> {
    rows: Rows<'t>,
    /// Names of the columns; empty without a header.
    pub(in crate::dataset) header: Vec<String>,
    decimal_comma: bool,
}

enum Rows<'t> {
    Csv {
        reader: Box<csv::Reader<&'t [u8]>>,
        text: &'t [u8],
        skipped: u64,
    },
    /// Rows whose cells any number of spaces and tabs separate.
    Spaced {
        lines: std::iter::Enumerate<Lines<'t>>,
        skipped: u64,
    },
}

/// Lines of a text.
type Lines<'t> = std::slice::Split<'t, u8, fn(&u8) -> bool>;

fn is_line_end(byte: &u8) -> bool {
    *byte == b'\n'
}

/// Why a cell is no number.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dataset) enum NoNumber {
    Missing,
    Text(String),
    NotFinite(String),
}

impl<'t> Table<'t> {
    /// The table in a text, after its header.
    pub(in crate::dataset) fn new(text: &'t [u8], options: &TextTable) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut rest = text;
        let mut skipped = 0;
        for _ in 0..options.skip_lines {
            let Some(end) = rest.iter().position(is_line_end) else { break };
            rest = &rest[end + 1..];
            skipped += 1;
        }
        let rows = if options.delimiter == ' ' {
            let split: Lines<'t> = rest.split(is_line_end);
            Rows::Spaced { lines: split.enumerate(), skipped }
        } else {
            // Delimiters are single bytes; another letter makes one column of everything.
            let delimiter = u8::try_from(options.delimiter).unwrap_or(b',');
            let mut builder = csv::ReaderBuilder::new();
            builder.has_headers(false).flexible(true).trim(csv::Trim::All).delimiter(delimiter);
            Rows::Csv { reader: Box::new(builder.from_reader(rest)), text: rest, skipped }
        };
        let mut table = Self { rows, header: Vec::new(), decimal_comma: options.delimiter != ',' };
        if options.header {
            let mut record = ByteRecord::new();
            if table.next(&mut record).is_some() {
                table.header = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            }
        }
        table
    }

    /// Fills in the next row and gives its line, from 1. Empty lines are passed over.
    pub(in crate::dataset) fn next(&mut self, record: &mut ByteRecord) -> Option<u64> {
        match &mut self.rows {
            Rows::Csv { reader, text, skipped } => match reader.read_byte_record(record) {
                Ok(true) => {
                    // The position is that before empty lines, which the reader passes over.
                    let position = record.position()?;
                    let rest = text.get(usize::try_from(position.byte()).ok()?..)?;
                    let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
                    let n_empty = empty.filter(|byte| is_line_end(byte)).count();
                    Some(*skipped + position.line() + n_empty as u64)
                }
                // Reading bytes from memory into a flexible record never fails.
                Ok(false) | Err(_) => None,
            },
            Rows::Spaced { lines, skipped } => loop {
                let (index, line) = lines.next()?;
                record.clear();
                line.split(u8::is_ascii_whitespace)
                    .filter(|cell| !cell.is_empty())
                    .for_each(|cell| record.push_field(cell));
                if !record.is_empty() {
                    return Some(*skipped + index as u64 + 1);
                }
            },
        }
    }

    /// The number of a column in rows of `n_columns`.
    pub(in crate::dataset) fn column(&self, column: &Column, n_columns: usize) -> Option<usize> {
        match column {
            Column::Name(name) => self.header.iter().position(|found| found == name),
            Column::Index(index) if *index < 0 => n_columns.checked_sub(index.unsigned_abs() as usize),
            Column::Index(index) => usize::try_from(*index).ok().filter(|index| *index < n_columns),
        }
    }

    /// The name of a column; its number from 1 without a header.
    pub(in crate::dataset) fn column_name(&self, index: usize) -> String {
        match self.header.get(index) {
            Some(name) if !name.is_empty() => name.clone(),
            Some(_) | None => (index + 1).to_string(),
        }
    }

    /// The number in a cell.
    pub(in crate::dataset) fn number(&self, record: &ByteRecord, index: usize) -> Result<f64, NoNumber> {
        let cell = record.get(index).filter(|cell| !cell.is_empty()).ok_or(NoNumber::Missing)?;
        let text =
            std::str::from_utf8(cell).map_err(|_| NoNumber::Text("bytes that are no text".to_owned()))?;
        let parsed = if self.decimal_comma && text.contains(',') {
            text.replacen(',', ".", 1).parse::<f64>()
        } else {
            text.parse()
        };
        match parsed {
            Ok(number) if (number as f32).is_finite() => Ok(number),
            Ok(_) => Err(NoNumber::NotFinite(text.to_owned())),
            Err(_) => Err(NoNumber::Text(shortened(text))),
        }
    }

    /// The text in a cell.
    pub(in crate::dataset) fn text(record: &ByteRecord, index: usize) -> String {
        String::from_utf8_lossy(record.get(index).unwrap_or_default()).into_owned()
    }
}

/// A text that fits into a message.
pub(in crate::dataset) fn shortened(text: &str) -> String {
    const LETTERS: usize = 40;
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, options: &TextTable) -> Vec<(u64, Vec<String>)> {
        let mut table = Table::new(text.as_bytes(), options);
        let mut record = ByteRecord::new();
        let mut rows = Vec::new();
        while let Some(line) = table.next(&mut record) {
            rows.push((line, (0..record.len()).map(|index| Table::text(&record, index)).collect()));
        }
        rows
    }

    #[test]
    fn rows_know_their_lines() {
        let row = |line, cells: &[&str]| (line, cells.iter().map(|cell| (*cell).to_owned()).collect());
        let expected = vec![row(3, &["1", "2"]), row(5, &["3", "4", "5"])];
        let comma = TextTable { skip_lines: 1, ..TextTable::default() };
        assert_eq!(rows("\u{feff}about\na,b\n1, 2\n\n3 ,4,5\n", &comma), expected);
        let spaces = TextTable { delimiter: ' ', skip_lines: 1, ..TextTable::default() };
        assert_eq!(rows("about\na b\n 1\t2\r\n\n3  4 5", &spaces), expected);
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let check = |text: &str, delimiter, expected: Result<f64, NoNumber>| {
            let options = TextTable { delimiter, header: false, skip_lines: 0 };
            let mut table = Table::new(text.as_bytes(), &options);
            let mut record = ByteRecord::new();
            table.next(&mut record).expect("a row");
            assert_eq!(table.number(&record, 0), expected, "{text}");
        };
        check("-1.5e2,1", ',', Ok(-150.0));
        check("1,5;2", ';', Ok(1.5));
        check("NaN,1", ',', Err(NoNumber::NotFinite("NaN".into())));
        check("1e300,1", ',', Err(NoNumber::NotFinite("1e300".into())));
        check(",1", ',', Err(NoNumber::Missing));
        check("walking,1", ',', Err(NoNumber::Text("walking".into())));
    }

    #[test]
    fn columns_are_found_by_name_and_number() {
        let options = TextTable::default();
        let table = Table::new(b"a,b,c\n1,2,3", &options);
        let name = |name: &str| table.column(&Column::Name(name.to_owned()), 3);
        assert_eq!((name("c"), name("d")), (Some(2), None));
        let index = |index| table.column(&Column::Index(index), 3);
        assert_eq!((index(0), index(-1), index(3), index(-4)), (Some(0), Some(2), None, None));
    }
}
