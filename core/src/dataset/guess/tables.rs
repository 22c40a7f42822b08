//! Tables and logs: what each column seems to be.

use std::collections::BTreeMap;

use csv::ByteRecord;

use super::look::{Look, look};
use super::names;
use crate::dataset::read::rows::TABLES;
use crate::dataset::read::table::Table;
use crate::dataset::read::time::seconds_of_date_time;
use crate::dataset::{
    Column, FileEntry, FileLabel, Files, Format, Guess, LogOptions, Naming, RowsOptions, Selection,
    SeriesOptions, TimeColumn, TimeUnit,
};

/// Files that are looked into, spread over all.
pub(super) const LOOKED_AT: usize = 200;

pub(super) fn guess(files: &dyn Files) -> Vec<Guess> {
    let is_text =
        |entry: &FileEntry| TABLES.contains(&entry.extension().as_str()) || entry.extension() == "log";
    let texts: Vec<usize> =
        (0..files.entries().len()).filter(|index| is_text(&files.entries()[*index])).collect();
    let step = texts.len().div_ceil(LOOKED_AT).max(1);
    let looks: Vec<Look<'_>> = texts.iter().step_by(step).filter_map(|index| look(files, *index)).collect();
    let logs: Vec<&Look<'_>> = looks.iter().filter(|look| look.separator.is_some()).collect();
    let tables: Vec<&Look<'_>> =
        looks.iter().filter(|look| look.separator.is_none() && look.n_number_columns() > 0).collect();
    let mut guesses: Vec<Guess> = log(files, &logs, &looks, texts.len()).into_iter().collect();
    // Most files decide what a table of this set is; others are left out.
    let shape = |look: &Look<'_>| (look.header.clone(), look.columns.len(), look.table.delimiter);
    let mut shapes: BTreeMap<_, usize> = BTreeMap::new();
    tables.iter().for_each(|look| *shapes.entry(shape(look)).or_default() += 1);
    let most = shapes.iter().max_by_key(|(_, count)| **count).map(|(shape, _)| shape.clone());
    let Some(most) = most else { return guesses };
    let tables: Vec<&Look<'_>> = tables.into_iter().filter(|look| shape(look) == most).collect();
    guesses.extend(TableGuess::new(files, &tables, &looks, texts.len()).guesses());
    guesses
}

/// Paths among the looked-at files that are not wanted, where they can be told.
fn left_out(looks: &[Look<'_>], wanted: &[&Look<'_>], extension: &str) -> Vec<String> {
    let is_wanted = |entry: &FileEntry| wanted.iter().any(|look| look.entry.path == entry.path);
    let others = looks.iter().map(|look| look.entry).filter(|entry| entry.extension() == extension);
    others.filter(|entry| !is_wanted(entry)).map(|entry| entry.path.clone()).collect()
}

/// Files of a set when only some of `n_texts` were looked at.
fn n_files(files: &dyn Files, wanted: &[&Look<'_>], looks: &[Look<'_>], n_texts: usize) -> usize {
    if looks.len() == n_texts {
        return wanted.len();
    }
    let extension = wanted.first().map(|look| look.entry.extension()).unwrap_or_default();
    files.entries().iter().filter(|entry| entry.extension() == extension).count()
}

fn log(files: &dyn Files, logs: &[&Look<'_>], looks: &[Look<'_>], n_texts: usize) -> Option<Guess> {
    let first = logs.first()?;
    let separator = first.separator.clone()?;
    let extension = first.entry.extension();
    let entries: Vec<&FileEntry> = logs.iter().map(|look| look.entry).collect();
    let (naming, said) = names::guess(&entries, names::Groups::Persons, true)?;
    let leave_out = left_out(looks, logs, &extension);
    let options = LogOptions {
        files: Selection { extensions: vec![extension], leave_out },
        separator: separator.clone(),
        naming,
        ..LogOptions::default()
    };
    let n_files = n_files(files, logs, looks, n_texts);
    let reason = format!("{n_files} logs in which “{separator}” starts a recording, {said}");
    Some(Guess { format: Format::Log(options), reason, n_files })
}

/// Names of columns with numbers to be predicted.
pub(super) const TARGET_WORDS: [&str; 5] = ["target", "y", "output", "value", "objetivo"];
pub(super) const LABEL_WORDS: [&str; 16] = [
    "label",
    "labels",
    "class",
    "classes",
    "activity",
    "target",
    "gesture",
    "species",
    "digit",
    "category",
    "event",
    "state",
    "etiqueta",
    "clase",
    "actividad",
    "gesto",
];
const TIME_WORDS: [&str; 14] = [
    "time",
    "timestamp",
    "t",
    "ts",
    "date",
    "datetime",
    "epoch",
    "millis",
    "micros",
    "seconds",
    "ms",
    "tiempo",
    "fecha",
    "hora",
];
pub(super) const GROUP_WORDS: [&str; 14] = [
    "user",
    "subject",
    "person",
    "participant",
    "speaker",
    "session",
    "id",
    "recording",
    "device",
    "usuario",
    "sujeto",
    "persona",
    "trial",
    "experiment",
];

/// Tables that look alike.
struct TableGuess<'g, 'f> {
    first: &'g Look<'f>,
    selection: Selection,
    n_files: usize,
    label: Option<usize>,
    time: Option<(usize, TimeUnit)>,
    groups: Vec<usize>,
    targets: Vec<usize>,
    values: Vec<usize>,
    naming: Naming,
    said: String,
    label_names: BTreeMap<String, String>,
    anomaly_windows: Option<String>,
    split_at_label: bool,
}

impl<'g, 'f> TableGuess<'g, 'f> {
    /// Decides what columns are; there is at least one table.
    fn new(files: &dyn Files, tables: &[&'g Look<'f>], looks: &[Look<'f>], n_texts: usize) -> Self {
        let first = tables[0];
        let n_columns = first.columns.len();
        let is_few = |index: &usize| first.columns[*index].texts.len() < 200;
        let time = (0..n_columns).find(|index| {
            let column = &first.columns[*index];
            column.is_date() || column.is_number() && first.has_word(*index, &TIME_WORDS)
        });
        let is_free = |index: &usize| time != Some(*index);
        // A name decides, else the last column of texts. “y” is often an axis, and fractions are no classes.
        let is_whole =
            |index: &usize| first.columns[*index].numbers.iter().all(|number| number.fract() == 0.0);
        let named = |words: &[&str]| {
            let columns = (0..n_columns).filter(is_free).filter(is_few).filter(is_whole);
            columns.into_iter().find(|index| first.has_word(*index, words))
        };
        let is_texts = |index: &usize| {
            let column = &first.columns[*index];
            is_free(index) && column.n_texts > 0 && is_few(index) && !first.has_word(*index, &GROUP_WORDS)
        };
        let has_z = (0..n_columns).any(|index| first.has_word(index, &["z"]));
        let label = named(&LABEL_WORDS)
            .or_else(|| (0..n_columns).rev().find(is_texts))
            .or_else(|| named(&["y"]).filter(|_| !has_z));
        let is_target =
            |index: &usize| is_free(index) && !is_whole(index) && first.has_word(*index, &TARGET_WORDS);
        let targets: Vec<usize> =
            (0..n_columns).filter(|index| label.is_none() && !has_z && is_target(index)).collect();
        let is_free = |index: &usize| time != Some(*index) && label != Some(*index);
        let groups: Vec<usize> =
            (0..n_columns).filter(is_free).filter(|index| first.has_word(*index, &GROUP_WORDS)).collect();
        let is_value = |index: &usize| is_free(index) && !groups.contains(index) && !targets.contains(index);
        let values =
            (0..n_columns).filter(is_value).filter(|index| first.columns[*index].is_number()).collect();
        let extension = first.entry.extension();
        let leave_out = left_out(looks, tables, &extension);
        let entries: Vec<&FileEntry> = tables.iter().map(|look| look.entry).collect();
        let wanted = if groups.is_empty() { names::Groups::Persons } else { names::Groups::None };
        let (naming, said) = names::guess(&entries, wanted, label.is_none()).unwrap_or_default();
        let label_names = label.map(|label| label_names(first, label, looks)).unwrap_or_default();
        let anomaly_windows = time.and_then(|_| anomaly_windows(files, &entries));
        Self {
            first,
            selection: Selection { extensions: vec![extension], leave_out },
            n_files: n_files(files, tables, looks, n_texts),
            label,
            time: time.map(|index| (index, time_unit(first, index))),
            groups,
            targets,
            values,
            naming,
            said,
            label_names,
            anomaly_windows,
            split_at_label: label
                .zip(time)
                .is_some_and(|(label, time)| jumps_at_labels(files, first, label, time)),
        }
    }

    fn guesses(self) -> Vec<Guess> {
        let (rows, series) = (self.rows(), self.series());
        let has_names = self.naming.label != FileLabel::Nothing;
        let is_series = self.time.is_some() || self.label.is_none() && has_names && self.n_files >= 3;
        if is_series { vec![series, rows] } else { vec![rows, series] }
    }

    fn columns(&self, indices: &[usize]) -> Vec<Column> {
        indices.iter().map(|index| self.first.column(*index)).collect()
    }

    /// Columns of values, or none if all that are left are meant.
    fn values(&self, used: &[usize]) -> Vec<Column> {
        let n_used = used.len() + self.groups.len();
        if n_used + self.values.len() == self.first.columns.len() {
            Vec::new()
        } else {
            self.columns(&self.values)
        }
    }

    /// Columns of numbers over time: in time, nothing is predicted.
    fn channels(&self) -> Vec<usize> {
        let mut channels = [&self.values[..], &self.targets].concat();
        channels.sort_unstable();
        channels
    }

    fn naming(&self) -> Naming {
        Naming { label_names: self.label_names.clone(), ..self.naming.clone() }
    }

    fn rows(&self) -> Guess {
        let picture = self.picture();
        let label = self.label.map(|index| self.first.column(index));
        let said_label = match (&label, self.naming.label) {
            (Some(column), _) => format!("{column} has the label"),
            (None, FileLabel::Nothing) if !self.targets.is_empty() => {
                format!("{} to be predicted", self.targets.len())
            }
            (None, FileLabel::Nothing) => "no column seems to have a label".to_owned(),
            (None, FileLabel::Folder | FileLabel::FileName) => self.said.clone(),
        };
        let columns = match picture {
            Some([height, width, _]) => format!("pictures of {width}×{height}"),
            None => format!("{} numbers", self.values.len()),
        };
        let options = RowsOptions {
            files: self.selection.clone(),
            table: self.first.table.clone(),
            label,
            targets: self.columns(&self.targets),
            groups: self.columns(&self.groups),
            values: self.values(&[&self.targets[..], self.label.as_slice()].concat()),
            picture,
            naming: self.naming(),
        };
        let reason = format!("{} tables with one sample a row: {columns}, {said_label}", self.n_files);
        Guess { format: Format::Rows(options), reason, n_files: self.n_files }
    }

    /// Size of pictures, if columns are named after pixels.
    fn picture(&self) -> Option<[usize; 3]> {
        let side = self.values.len().isqrt();
        let are_levels = |index: &usize| {
            let column = &self.first.columns[*index];
            column.numbers.iter().all(|number| number.fract() == 0.0 && (0.0..=255.0).contains(number))
        };
        let is_square = side >= 8 && side * side == self.values.len();
        (is_square && self.values.iter().all(are_levels)).then_some([side, side, 1])
    }

    fn series(&self) -> Guess {
        let label = self.label.map(|index| self.first.column(index));
        let said_label = match (&label, &self.anomaly_windows) {
            (_, Some(path)) => format!("{path} lists anomalies"),
            (Some(column), None) => format!("{column} has the label of each step"),
            (None, None) => self.said.clone(),
        };
        let said_time = match self.time {
            Some((index, unit)) => format!("{} has the time in {}", self.first.column(index), unit.label()),
            None => "no column has the time".to_owned(),
        };
        let options = SeriesOptions {
            files: self.selection.clone(),
            table: self.first.table.clone(),
            values: self.columns(&self.channels()),
            time: self.time.map(|(index, unit)| TimeColumn { column: self.first.column(index), unit }),
            label,
            groups: self.columns(&self.groups),
            split_at_label: self.split_at_label,
            split_at_gap_seconds: None,
            rate_hz: None,
            rows_are_steps: false,
            anomaly_windows: self.anomaly_windows.clone(),
            naming: self.naming(),
        };
        let counted =
            |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let reason = format!(
            "{} with one time step a row: {}, {said_time}, {said_label}",
            counted(self.n_files, "table"),
            counted(self.channels().len(), "channel")
        );
        Guess { format: Format::Series(options), reason, n_files: self.n_files }
    }
}

/// What the numbers of a time column count: by the name of the column, by today's date, or by usual rates of sensors.
fn time_unit(look: &Look<'_>, index: usize) -> TimeUnit {
    let column = &look.columns[index];
    if column.is_date() {
        return TimeUnit::DateTime;
    }
    for (words, unit) in [
        (&["ms", "millis", "msec", "milliseconds"][..], TimeUnit::Milliseconds),
        (&["us", "µs", "micros", "usec", "microseconds"], TimeUnit::Microseconds),
        (&["ns", "nanos", "nsec", "nanoseconds"], TimeUnit::Nanoseconds),
        (&["s", "sec", "secs", "seconds"], TimeUnit::Seconds),
    ] {
        if look.has_word(index, words) {
            return unit;
        }
    }
    let last = column.numbers.last().copied().unwrap_or(0.0);
    for (unit, second) in [
        (TimeUnit::Seconds, 1.0),
        (TimeUnit::Milliseconds, 1e3),
        (TimeUnit::Microseconds, 1e6),
        (TimeUnit::Nanoseconds, 1e9),
    ] {
        // From 2001 to 2096.
        if (1e9..4e9).contains(&(last / second)) {
            return unit;
        }
    }
    let mut steps: Vec<f64> = column.numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.retain(|step| *step > 0.0);
    steps.sort_by(f64::total_cmp);
    match steps.get(steps.len() / 2).copied().unwrap_or(0.0) {
        step if step < 0.5 => TimeUnit::Seconds,
        step if step < 2e3 => TimeUnit::Milliseconds,
        step if step < 1e6 => TimeUnit::Microseconds,
        _ => TimeUnit::Nanoseconds,
    }
}

/// Better names for labels from a small table of two columns of texts, which names every label that was seen.
fn label_names(first: &Look<'_>, label: usize, looks: &[Look<'_>]) -> BTreeMap<String, String> {
    let seen = &first.columns[label].texts;
    let is_list = |look: &&Look<'_>| {
        let [codes, names] = &look.columns[..] else { return false };
        codes.texts.len() == look.n_rows
            && names.texts.len() == look.n_rows
            && seen.keys().all(|label| codes.texts.contains_key(label))
    };
    let names = looks.iter().find(is_list);
    let Some(look) = names else { return BTreeMap::new() };
    look.pairs.iter().cloned().collect()
}

/// The JSON file that lists windows of anomalies for these files.
fn anomaly_windows(files: &dyn Files, tables: &[&FileEntry]) -> Option<String> {
    const LARGEST: u64 = 1 << 24;
    let entries = files.entries().iter().enumerate();
    let mut lists =
        entries.filter(|(_, entry)| entry.extension() == "json" && entry.bytes <= LARGEST).take(50);
    lists.find_map(|(index, entry)| {
        let bytes = files.read(index).ok()?;
        let windows: BTreeMap<String, Vec<(String, String)>> = serde_json::from_slice(&bytes).ok()?;
        let is_listed = |table: &&FileEntry| {
            windows
                .keys()
                .any(|listed| table.path.ends_with(listed.as_str()) || listed.ends_with(&table.path))
        };
        let n_windows = windows.values().map(Vec::len).sum::<usize>();
        (n_windows > 0 && tables.iter().any(is_listed)).then(|| entry.path.clone())
    })
}

/// True if the time jumps wherever the label changes: then each label was recorded on its own. The whole file is read.
fn jumps_at_labels(files: &dyn Files, first: &Look<'_>, label: usize, time: usize) -> bool {
    const LARGEST: u64 = 1 << 26;
    let index = files.entries().iter().position(|entry| entry.path == first.entry.path);
    let Some(bytes) = index.filter(|_| first.entry.bytes <= LARGEST).and_then(|index| files.read(index).ok())
    else {
        return false;
    };
    let mut table = Table::new(&bytes, &first.table);
    let mut record = ByteRecord::new();
    let (mut last, mut steps, mut at_changes) = (None, Vec::new(), Vec::new());
    while table.next(&mut record).is_some() {
        let text = Table::text(&record, time);
        let Some(now) = table.number(&record, time).ok().or_else(|| seconds_of_date_time(&text)) else {
            continue;
        };
        let class = Table::text(&record, label);
        if let Some((before, last_class)) = last.replace((now, class.clone())) {
            if last_class == class { &mut steps } else { &mut at_changes }.push(now - before);
        }
    }
    steps.sort_by(f64::total_cmp);
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
    let n_jumps = at_changes.iter().filter(|step| !(0.0..=10.0 * usual).contains(*step)).count();
    !at_changes.is_empty() && n_jumps == at_changes.len()
}
