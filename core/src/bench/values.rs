//! Named numbers over time as a table of text, to be read again: a column for each name, a line for each time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use csv::{ReaderBuilder, Terminator, WriterBuilder};

use super::csv::{CsvError, marker_of, marker_text, micros_of, seconds_of};
use super::history::Marker;

/// Times in microseconds and values, the oldest first.
pub type Points = VecDeque<(u64, f64)>;

/// Named numbers and markers of a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// Numbers by their names.
    pub series: BTreeMap<String, Points>,
    /// Markers, the oldest first.
    pub markers: Vec<Marker>,
}

/// Writes named numbers and markers in the order of time. Numbers of one time stand in one line.
pub fn write_values<'a>(
    series: impl IntoIterator<Item = (&'a str, &'a Points)>,
    markers: impl IntoIterator<Item = &'a Marker>,
) -> String {
    let (names, points): (Vec<&str>, Vec<&Points>) = series.into_iter().unzip();
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    // Writing into memory does not fail.
    let mut write = |fields: Vec<String>| writer.write_record(fields).unwrap_or_default();
    let framed = |first: &str, middle: Vec<String>, last: &str| {
        std::iter::once(first.to_owned()).chain(middle).chain([last.to_owned()]).collect::<Vec<_>>()
    };
    write(framed("seconds", names.iter().map(|name| (*name).to_owned()).collect(), "marker"));
    let mut marks = markers.into_iter().peekable();
    let mut next = vec![0; points.len()];
    loop {
        let heads = points.iter().zip(&next).filter_map(|(points, next)| Some(points.get(*next)?.0));
        let time = heads.min();
        while let Some(marker) = marks.next_if(|marker| time.is_none_or(|time| marker.at_micros <= time)) {
            let empty = vec![String::new(); names.len()];
            write(framed(&seconds_of(marker.at_micros), empty, &marker_text(&marker.kind)));
        }
        let Some(time) = time else { break };
        let values = points.iter().zip(&mut next).map(|(points, next)| {
            let Some((_, value)) = points.get(*next).filter(|(at, _)| *at == time) else {
                return String::new();
            };
            *next += 1;
            value.to_string()
        });
        let values = values.collect();
        write(framed(&seconds_of(time), values, ""));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Reads what [`write_values`] has written.
///
/// # Errors
/// The first line is another one, or a line has other fields.
pub fn read_values(text: &str) -> Result<Values, CsvError> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let unreadable = |error: csv::Error| CsvError {
        line: error.position().map_or(1, |position| position.line() as usize),
        reason: "the quotes of a field do not end".to_owned(),
    };
    let header = records.next().transpose().map_err(unreadable)?.unwrap_or_default();
    let names: Vec<&str> = header.iter().collect();
    let no_header = |reason: &str| CsvError { line: 1, reason: reason.to_owned() };
    let ["seconds", names @ .., "marker"] = names.as_slice() else {
        return Err(no_header(
            "this is no recording of numbers: it has to begin with seconds and end with marker",
        ));
    };
    if names.is_empty() || names.iter().collect::<BTreeSet<_>>().len() != names.len() {
        return Err(no_header("every number of a recording needs a name of its own"));
    }
    let mut values = Values::default();
    let mut columns: Vec<Points> = vec![Points::new(); names.len()];
    for record in records {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, |position| position.line() as usize);
        let error = |reason: String| CsvError { line, reason };
        if record.len() != names.len() + 2 {
            return Err(error(format!("{} fields instead of {}", record.len(), names.len() + 2)));
        }
        let (seconds, marker) =
            (record.get(0).unwrap_or_default(), record.get(names.len() + 1).unwrap_or_default());
        let at_micros = micros_of(seconds).ok_or_else(|| error(format!("{seconds} are no seconds")))?;
        for ((field, name), points) in record.iter().skip(1).zip(names).zip(&mut columns) {
            if field.is_empty() {
                continue;
            }
            let value = field.parse().map_err(|_| error(format!("{name} is {field:?} and not a number")))?;
            points.push_back((at_micros, value));
        }
        if !marker.is_empty() {
            let kind = marker_of(marker).ok_or_else(|| error(format!("there is no marker {marker}")))?;
            values.markers.push(Marker { at_micros, kind });
        }
    }
    values.series = names.iter().map(|name| (*name).to_owned()).zip(columns).collect();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::MarkerKind;

    fn points(points: &[(u64, f64)]) -> Points {
        points.iter().copied().collect()
    }

    #[test]
    fn what_was_written_reads_back_equal() {
        let values = Values {
            series: [
                ("seconds", points(&[(5, 1.0), (5, 2.0), (1_000_007, -0.1)])),
                ("a, \"b\"", points(&[(5, 1e-300), (2_000_000, f64::MAX)])),
                ("nothing", Points::new()),
            ]
            .into_iter()
            .map(|(name, points)| (name.to_owned(), points))
            .collect(),
            markers: vec![
                Marker { at_micros: 6, kind: MarkerKind::Reset("power on, \"cold\"".to_owned()) },
                Marker { at_micros: 9_000_000, kind: MarkerKind::Lost },
            ],
        };
        let series = values.series.iter().map(|(name, points)| (name.as_str(), points));
        let text = write_values(series, &values.markers);
        assert_eq!(text.lines().next(), Some("seconds,\"a, \"\"b\"\"\",nothing,seconds,marker"));
        assert!(
            text.lines().nth(1).is_some_and(|line| line.ends_with(",,1,")),
            "numbers of one time: {text}"
        );
        assert_eq!(read_values(&text), Ok(values));
    }

    #[test]
    fn faults_name_their_line() {
        for (text, line, part) in [
            ("", 1, "begin with seconds"),
            ("a,b\n", 1, "begin with seconds"),
            ("seconds,marker\n", 1, "a name of its own"),
            ("seconds,x,x,marker\n", 1, "a name of its own"),
            ("seconds,x,marker\n0.1,1,\n0.2,one,\n", 3, "not a number"),
            ("seconds,x,marker\n0.1,1\n", 2, "2 fields instead of 3"),
            ("seconds,x,marker\nlate,1,\n", 2, "no seconds"),
            ("seconds,x,marker\n1,,exploded\n", 2, "no marker"),
        ] {
            let error = read_values(text).expect_err(text);
            assert_eq!((error.line, error.reason.contains(part)), (line, true), "{text:?}: {error}");
        }
    }
}
