//! A recording that was saved, read again.

use std::collections::BTreeMap;

use emberlab_core::bench::{Counting, CsvError, History, Recording, read_csv, read_values};
use emberlab_core::link::Unit;

use super::{OpenRecording, Series};

/// Inferences, or named numbers, of a recording; its first line says which.
///
/// # Errors
/// The text is no recording.
pub fn recording_from_text(name: &str, text: &str) -> Result<OpenRecording, CsvError> {
    let header = text.lines().next().unwrap_or_default();
    let is_values = header.starts_with("seconds,") && !header.starts_with("seconds,invocation,");
    let (recording, values) = match is_values {
        true => {
            let values = read_values(text)?;
            let counting = Counting { unit: Unit::Cycles, clock_hz: 0 };
            (Recording { counting, samples: Vec::new(), markers: values.markers }, values.series)
        }
        false => (read_csv(text)?, BTreeMap::new()),
    };
    let Recording { counting, samples, markers } = recording;
    let mut history = History::new(samples.len().max(1));
    samples.into_iter().for_each(|sample| history.push(sample));
    markers.into_iter().for_each(|marker| history.mark(marker));
    let series = values.into_iter().map(|(name, points)| (name, Series { points })).collect();
    Ok(OpenRecording { name: name.to_owned(), counting, history, series })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_says_by_its_first_line_what_it_holds() {
        let OpenRecording { counting, history, series, .. } = recording_from_text(
            "a.csv",
            "seconds,invocation,cycles_at_160000000_hz,micros,late_micros,marker\n1.5,0,160,1,0,\n",
        )
        .expect("inferences");
        assert_eq!((counting.clock_hz, history.samples().len(), series.len()), (160_000_000, 1, 0));
        let OpenRecording { history, series, .. } =
            recording_from_text("b.csv", "seconds,t,p,marker\n0.5,20.5,,\n0.75,,1000,\n0.8,,,lost\n")
                .expect("numbers");
        assert_eq!((history.samples().len(), history.markers().len()), (0, 1));
        assert_eq!(series["t"].points, [(500_000, 20.5)]);
        assert_eq!(series["p"].points, [(750_000, 1000.0)]);
        assert!(recording_from_text("c.csv", "a,b\n1,2\n").is_err());
        assert_eq!(recording_from_text("d.csv", "seconds,t,marker\n0.5,warm,\n").expect_err("warm").line, 2);
    }
}
