//! Invocations as a table of text, to be read again.

use super::history::{Marker, MarkerKind, Sample};

/// First line of the file.
const HEADER: &str = "seconds,invocation,cycles,micros,late_micros,marker";

/// Why a table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct CsvError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Writes samples and markers in the order of time.
pub fn write_csv<'a>(
    samples: impl IntoIterator<Item = &'a Sample>,
    markers: impl IntoIterator<Item = &'a Marker>,
) -> String {
    let mut markers = markers.into_iter().peekable();
    let mut text = format!("{HEADER}\n");
    let seconds = |micros: u64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let marker_line =
        |marker: &Marker| format!("{},,,,,{}\n", seconds(marker.at_micros), marker_text(&marker.kind));
    for sample in samples {
        while let Some(marker) = markers.next_if(|marker| marker.at_micros <= sample.at_micros) {
            text += &marker_line(marker);
        }
        let Sample { at_micros, number, cycles, micros, late_micros } = *sample;
        text += &format!("{},{number},{cycles},{micros},{late_micros},\n", seconds(at_micros));
    }
    for marker in markers {
        text += &marker_line(marker);
    }
    text
}

/// Reads what [`write_csv`] has written.
///
/// # Errors
/// The first line is another one, or a line has other fields.
pub fn read_csv(text: &str) -> Result<(Vec<Sample>, Vec<Marker>), CsvError> {
    let mut lines = text.lines().enumerate();
    if lines.next().is_none_or(|(_, line)| line.trim_end() != HEADER) {
        let reason = format!("this is no recording of a board: it has to begin with {HEADER}");
        return Err(CsvError { line: 1, reason });
    }
    let (mut samples, mut markers) = (Vec::new(), Vec::new());
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let error = |reason: String| CsvError { line: index + 1, reason };
        let fields: Vec<&str> = line.trim_end().splitn(6, ',').collect();
        let [seconds, number, cycles, micros, late_micros, marker] = fields[..] else {
            return Err(error(format!("{} fields instead of 6", fields.len())));
        };
        let at_micros = micros_of(seconds).ok_or_else(|| error(format!("{seconds} are no seconds")))?;
        if !marker.is_empty() {
            let kind = marker_of(marker).ok_or_else(|| error(format!("there is no marker {marker}")))?;
            markers.push(Marker { at_micros, kind });
            continue;
        }
        let whole = |name: &str, text: &str| {
            text.parse::<u64>().map_err(|_| error(format!("{name} is {text:?} and not a whole number")))
        };
        samples.push(Sample {
            at_micros,
            number: whole("invocation", number)?,
            cycles: whole("cycles", cycles)?,
            micros: whole("micros", micros)?,
            late_micros: u32::try_from(whole("late_micros", late_micros)?).unwrap_or(u32::MAX),
        });
    }
    Ok((samples, markers))
}

/// Exact where a floating point number is not.
fn micros_of(seconds: &str) -> Option<u64> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction)
}

fn marker_text(kind: &MarkerKind) -> String {
    match kind {
        MarkerKind::Reset(reason) => format!("reset {}", reason.replace(['\n', '\r'], " ")),
        MarkerKind::Lost => "lost".to_owned(),
        MarkerKind::Back => "back".to_owned(),
        MarkerKind::Rate(micros) => format!("rate {micros}"),
        MarkerKind::Panicked => "panicked".to_owned(),
    }
}

fn marker_of(text: &str) -> Option<MarkerKind> {
    Some(match text.split_once(' ').unwrap_or((text, "")) {
        ("reset", reason) => MarkerKind::Reset(reason.to_owned()),
        ("lost", "") => MarkerKind::Lost,
        ("back", "") => MarkerKind::Back,
        ("rate", micros) => MarkerKind::Rate(micros.parse().ok()?),
        ("panicked", "") => MarkerKind::Panicked,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_reads_back_equal() {
        let sample = |number: u64| Sample {
            at_micros: number * 1_000_001,
            number,
            cycles: 1 << (number * 9),
            micros: 7,
            late_micros: u32::MAX,
        };
        let samples: Vec<Sample> = (0..7).map(sample).collect();
        let markers: Vec<Marker> = [
            MarkerKind::Rate(2000),
            MarkerKind::Reset("power on, brown-out".to_owned()),
            MarkerKind::Lost,
            MarkerKind::Back,
            MarkerKind::Panicked,
        ]
        .into_iter()
        .enumerate()
        .map(|(index, kind)| Marker { at_micros: 2_000_000 * index as u64, kind })
        .collect();
        let text = write_csv(&samples, &markers);
        assert_eq!(read_csv(&text), Ok((samples, markers)));
    }

    #[test]
    fn faults_name_their_line() {
        assert_eq!(read_csv("a,b\n").unwrap_err().line, 1);
        let text = format!("{HEADER}\n1.5,0,1,2,3,\n2.0,0,x,2,3,\n");
        let error = read_csv(&text).unwrap_err();
        assert_eq!((error.line, error.reason.contains("cycles")), (3, true), "{error}");
        assert!(read_csv(&format!("{HEADER}\n1.5,0\n")).is_err());
        assert!(read_csv(&format!("{HEADER}\n-1,0,1,2,3,\n")).is_err());
    }
}
