//! Invocations as a table of text, to be read again.

use super::history::{Marker, MarkerKind, Sample};
use crate::link::{Board, Unit};

/// Columns of the file before and behind the one whose name says what was counted.
const BEFORE: &str = "seconds,invocation";
const BEHIND: &str = "micros,late_micros,marker";

/// What the numbers of a recording count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting {
    /// Cycles, instructions or nanoseconds.
    pub unit: Unit,
    /// Clock of the chip in Hz whose cycles are a time; 0 where they are none.
    pub clock_hz: u32,
}

/// What was measured, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// What the samples count.
    pub counting: Counting,
    /// Invocations, the oldest first.
    pub samples: Vec<Sample>,
    /// Markers, the oldest first.
    pub markers: Vec<Marker>,
}

impl Counting {
    /// What a board counts.
    pub fn of(board: &Board) -> Self {
        let is_time = board.unit == Unit::Cycles && board.has_micros;
        Self { unit: board.unit, clock_hz: if is_time { board.clock_hz } else { 0 } }
    }

    /// The name of the column, such as `cycles_at_160000000_hz`.
    fn column(self) -> String {
        match (self.unit, self.clock_hz) {
            (Unit::Cycles, 0) => "cycles".to_owned(),
            (Unit::Cycles, hz) => format!("cycles_at_{hz}_hz"),
            (Unit::Instructions, _) => "instructions".to_owned(),
            (Unit::Nanoseconds, _) => "nanoseconds".to_owned(),
        }
    }

    fn of_column(name: &str) -> Option<Self> {
        let (unit, clock_hz) = match name {
            "cycles" => (Unit::Cycles, 0),
            "instructions" => (Unit::Instructions, 0),
            "nanoseconds" => (Unit::Nanoseconds, 0),
            _ => (Unit::Cycles, name.strip_prefix("cycles_at_")?.strip_suffix("_hz")?.parse().ok()?),
        };
        Some(Self { unit, clock_hz })
    }
}

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
    counting: Counting,
    samples: impl IntoIterator<Item = &'a Sample>,
    markers: impl IntoIterator<Item = &'a Marker>,
) -> String {
    let mut markers = markers.into_iter().peekable();
    let mut text = format!("{BEFORE},{},{BEHIND}\n", counting.column());
    let marker_line =
        |marker: &Marker| format!("{},,,,,{}\n", seconds_of(marker.at_micros), marker_text(&marker.kind));
    for sample in samples {
        while let Some(marker) = markers.next_if(|marker| marker.at_micros <= sample.at_micros) {
            text += &marker_line(marker);
        }
        let Sample { at_micros, number, cycles, micros, late_micros } = *sample;
        text += &format!("{},{number},{cycles},{micros},{late_micros},\n", seconds_of(at_micros));
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
pub fn read_csv(text: &str) -> Result<Recording, CsvError> {
    let mut lines = text.lines().enumerate();
    let header = lines.next().map_or("", |(_, line)| line.trim_end());
    let counted = header.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(BEHIND));
    let counted = counted.and_then(|name| Counting::of_column(name.trim_matches(',')));
    let Some(counting) = counted else {
        let reason = format!(
            "this is no recording of a board: it has to begin with {BEFORE}, then cycles, cycles_at_…_hz, instructions or \
             nanoseconds, then {BEHIND}"
        );
        return Err(CsvError { line: 1, reason });
    };
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
            cycles: whole("the count", cycles)?,
            micros: whole("micros", micros)?,
            late_micros: u32::try_from(whole("late_micros", late_micros)?).unwrap_or(u32::MAX),
        });
    }
    Ok(Recording { counting, samples, markers })
}

/// Seconds with six digits after the point.
pub(super) fn seconds_of(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Exact where a floating point number is not.
pub(super) fn micros_of(seconds: &str) -> Option<u64> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction)
}

pub(super) fn marker_text(kind: &MarkerKind) -> String {
    match kind {
        MarkerKind::Reset(reason) => format!("reset {}", reason.replace(['\n', '\r'], " ")),
        MarkerKind::Lost => "lost".to_owned(),
        MarkerKind::Back => "back".to_owned(),
        MarkerKind::Rate(micros) => format!("rate {micros}"),
        MarkerKind::Panicked => "panicked".to_owned(),
    }
}

pub(super) fn marker_of(text: &str) -> Option<MarkerKind> {
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
        for (unit, clock_hz) in
            [(Unit::Cycles, 160_000_000), (Unit::Cycles, 0), (Unit::Instructions, 0), (Unit::Nanoseconds, 0)]
        {
            let recording = Recording {
                counting: Counting { unit, clock_hz },
                samples: samples.clone(),
                markers: markers.clone(),
            };
            let text = write_csv(recording.counting, &samples, &markers);
            assert_eq!(read_csv(&text), Ok(recording));
        }
    }

    #[test]
    fn faults_name_their_line() {
        for header in ["a,b", "seconds,invocation,apples,micros,late_micros,marker", "", "seconds,invocation"]
        {
            assert_eq!(read_csv(&format!("{header}\n")).unwrap_err().line, 1, "{header}");
        }
        const HEADER: &str = "seconds,invocation,cycles,micros,late_micros,marker";
        let text = format!("{HEADER}\n1.5,0,1,2,3,\n2.0,0,x,2,3,\n");
        let error = read_csv(&text).unwrap_err();
        assert_eq!((error.line, error.reason.contains("count")), (3, true), "{error}");
        assert!(read_csv(&format!("{HEADER}\n1.5,0\n")).is_err());
        assert!(read_csv(&format!("{HEADER}\n-1,0,1,2,3,\n")).is_err());
    }
}
