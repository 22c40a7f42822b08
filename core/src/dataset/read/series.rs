//! Tables with one step of time a row.

use std::ops::Range;
use std::sync::Arc;

use csv::ByteRecord;

use super::Cancelled;
use super::assemble::Assembly;
use super::grid::{
    Steps, are_bursts, grid_steps, is_long, on_grid, pieces, resolution, runs_of, runs_on_grid, steps,
};
use super::naming::{FileSays, Names};
use super::rows::{TABLES, bad_cell, missing_column, text};
use super::table::{NoNumber, Table, shortened};
use super::time::{jumps, seconds, seconds_of_date_time, usual_step};
use crate::dataset::{
    Column, Content, Label, LabelRun, Origin, Place, ProblemKind, Recording, Series, SeriesOptions,
    SeriesValues, Shared, Stream, StreamKind, TimeUnit,
};

/// Classes of steps outside and inside of the windows of anomalies.
const NORMAL: &str = "normal";
const ANOMALY: &str = "anomaly";

pub(super) fn read(assembly: &mut Assembly<'_, '_, '_>, options: &SeriesOptions) -> Result<(), Cancelled> {
    let files = assembly.select(&options.files, &TABLES);
    let names = Names::new(&options.naming);
    let columns = options.groups.iter().map(Column::kind);
    assembly.set_group_kinds(columns.chain(names.group_kinds()).collect());
    let windows = options.anomaly_windows.as_ref().and_then(|path| AnomalyWindows::read(assembly, path));
    for (number, file) in files.iter().enumerate() {
        assembly.progress(number, files.len())?;
        let Some(says) = names.of(assembly, *file) else { continue };
        let Some(bytes) = text(assembly, *file) else { continue };
        let windows = windows.as_ref().and_then(|windows| windows.of_file(assembly, *file));
        FileReader { options, says: &says, windows, path: &assembly.entry(*file).path }
            .read(assembly, &bytes);
        if assembly.is_full() {
            break;
        }
    }
    assembly.progress(files.len(), files.len())
}

/// The columns of a file in numbers.
struct Columns {
    time: Option<usize>,
    label: Option<usize>,
    groups: Vec<usize>,
    values: Vec<usize>,
}

/// A row of a file.
struct Step {
    line: u64,
    time: Option<f64>,
    class: Option<u32>,
    groups: Vec<Arc<str>>,
}

/// A recording while rows come in.
struct Growing {
    groups: Vec<Arc<str>>,
    values: Vec<f32>,
    times: Vec<f64>,
    lines: Vec<u64>,
    runs: Vec<LabelRun>,
}

struct FileReader<'r> {
    options: &'r SeriesOptions,
    says: &'r FileSays,
    windows: Option<Vec<Range<f64>>>,
    path: &'r str,
}

impl FileReader<'_> {
    fn read(&self, assembly: &mut Assembly<'_, '_, '_>, bytes: &[u8]) {
        let mut table = Table::new(bytes, &self.options.table);
        let mut record = ByteRecord::new();
        let (mut columns, mut finished, mut growing): (Option<Columns>, Vec<Growing>, Option<Growing>) =
            (None, Vec::new(), None);
        let mut numbers = Vec::new();
        while let Some(line) = table.next(&mut record) {
            if columns.is_none() {
                match Columns::new(self.options, &table, record.len()) {
                    Ok(found) => columns = Some(found),
                    Err(column) => return missing_column(assembly, self.path, &column, &table),
                }
            }
            let Some(columns) = &columns else { return };
            numbers.clear();
            let step = match self.step(assembly, columns, &table, &record, line, &mut numbers) {
                Ok(step) => step,
                Err((index, error)) => {
                    bad_cell(assembly, self.path, line, &table.column_name(index), &error);
                    continue;
                }
            };
            if growing.as_ref().is_some_and(|growing| self.starts_anew(growing, &step)) {
                finished.extend(growing.take());
            }
            growing.get_or_insert_with(|| Growing::new(&step)).add(&step, &numbers);
        }
        finished.extend(growing);
        let Some(columns) = columns else { return };
        if assembly.streams().is_empty() {
            let channels = columns.values.iter().map(|index| table.column_name(*index)).collect();
            let stream =
                Stream { name: "signal".to_owned(), kind: StreamKind::Series, channels, rate_hz: None };
            assembly.set_streams(vec![stream]);
        }
        let n_channels = columns.values.len();
        let finished: Vec<Finished> =
            finished.into_iter().flat_map(|growing| self.pieces(assembly, growing, n_channels)).collect();
        let is_only = finished.len() == 1;
        for recording in finished {
            self.add(assembly, recording, n_channels, is_only);
        }
    }

    /// What a row says beside its numbers.
    fn step(
        &self,
        assembly: &mut Assembly<'_, '_, '_>,
        columns: &Columns,
        table: &Table<'_>,
        record: &ByteRecord,
        line: u64,
        numbers: &mut Vec<f32>,
    ) -> Result<Step, (usize, NoNumber)> {
        for index in &columns.values {
            numbers.push(table.number(record, *index).map_err(|error| (*index, error))? as f32);
        }
        let unit = self.options.time.as_ref().map_or(TimeUnit::Seconds, |time| time.unit);
        let time = columns.time.map(|index| {
            let time = if unit == TimeUnit::DateTime {
                let text = Table::text(record, index);
                seconds_of_date_time(&text).ok_or_else(|| NoNumber::Text(shortened(&text)))
            } else {
                table.number(record, index).map(|number| seconds(number, unit))
            };
            time.map_err(|error| (index, error))
        });
        let time = time.transpose()?;
        let class = match (&self.windows, time, columns.label) {
            (Some(windows), Some(time), _) => {
                let is_inside = windows.iter().any(|window| window.start <= time && time <= window.end);
                Some(assembly.class(if is_inside { ANOMALY } else { NORMAL }))
            }
            (_, _, Some(index)) => {
                let label = Table::text(record, index);
                let names = &self.options.naming.label_names;
                (!label.is_empty()).then(|| assembly.class(names.get(&label).unwrap_or(&label)))
            }
            (_, _, None) => None,
        };
        let groups =
            columns.groups.iter().map(|index| assembly.group(&Table::text(record, *index))).collect();
        Ok(Step { line, time, class, groups })
    }

    /// True if a row begins another recording.
    fn starts_anew(&self, growing: &Growing, step: &Step) -> bool {
        let last_class = growing.runs.last().filter(|run| run.steps.end == growing.lines.len());
        let changes_label = self.options.split_at_label && last_class.map(|run| run.class) != step.class;
        let jumps = match (self.options.split_at_gap_seconds, growing.times.last(), step.time) {
            (Some(gap), Some(last), Some(time)) => !(0.0..=gap).contains(&(time - last)),
            (Some(_) | None, _, _) => false,
        };
        growing.groups != step.groups || changes_label || jumps
    }

    /// The pieces of a recording, cut where times jump, and put on an even grid where they are uneven. What was done becomes
    /// problems of the file.
    fn pieces(
        &self,
        assembly: &mut Assembly<'_, '_, '_>,
        growing: Growing,
        n_channels: usize,
    ) -> Vec<Finished> {
        let step = if growing.times.len() == growing.lines.len() { usual_step(&growing.times) } else { None };
        let rate_hz = self.options.rate_hz.or(step.map(measured_rate));
        let times_count = self.options.rate_hz.is_none() && !self.options.rows_are_steps;
        match step {
            Some(step) if times_count && !are_bursts(&growing.times) => {
                self.jump_problems(assembly, &growing, step, "A new recording starts there");
                let resolution = resolution(&growing.times);
                let rows = pieces(&growing.times, step);
                let pieces = rows
                    .into_iter()
                    .map(|rows| self.piece(assembly, &growing, rows, n_channels, Clock { step, resolution }));
                pieces.map(|piece| Finished { rate_hz, ..piece }).collect()
            }
            _ => {
                if let Some(step) = step {
                    let help = "Windows run across it: let such jumps start a new recording";
                    self.jump_problems(assembly, &growing, step, help);
                    if times_count {
                        self.bursts_problem(assembly, &growing, step);
                    }
                }
                let Growing { groups, values, lines, runs, .. } = growing;
                let first_line = lines.first().copied().unwrap_or(1);
                vec![Finished { first_line, groups, values, runs, rate_hz }]
            }
        }
    }

    /// One piece: as it is if it is even, else on an even grid.
    fn piece(
        &self,
        assembly: &mut Assembly<'_, '_, '_>,
        growing: &Growing,
        rows: Range<usize>,
        n_channels: usize,
        clock: Clock,
    ) -> Finished {
        let times = &growing.times[rows.clone()];
        let values = &growing.values[rows.start * n_channels..rows.end * n_channels];
        let runs = runs_of(&growing.runs, &rows);
        let first_line = growing.lines[rows.start];
        let groups = growing.groups.clone();
        let Steps::Uneven { shortest, longest, row_after_longest } =
            steps(times, clock.step, clock.resolution)
        else {
            return Finished { first_line, groups, values: values.to_vec(), runs, rate_hz: None };
        };
        let line_after_longest = growing.lines[rows.start + row_after_longest];
        assembly.problem(ProblemKind::Grid, self.path, Place::Line(first_line), || {
            let [shortest, longest_text, step] = [shortest, longest, clock.step].map(duration);
            let rate = measured_rate(clock.step);
            let mut message = format!(
                "{} rows with steps of {shortest} to {longest_text} are now {} even steps of {step} ({rate:.2} Hz)",
                times.len(),
                grid_steps(times, clock.step),
            );
            if is_long(longest, clock.step) {
                message +=
                    &format!("; {longest_text} before line {line_after_longest} are bridged by a straight line");
            }
            let help = "If the rows are even and only their times are not, take rows as even steps";
            (message, help.to_owned())
        });
        Finished {
            first_line,
            groups,
            values: on_grid(times, values, n_channels, clock.step),
            runs: runs_on_grid(times, &runs, clock.step),
            rate_hz: None,
        }
    }

    fn jump_problems(&self, assembly: &mut Assembly<'_, '_, '_>, growing: &Growing, step: f64, help: &str) {
        for (index, jump) in jumps(&growing.times, step) {
            assembly.problem(ProblemKind::Time, self.path, Place::Line(growing.lines[index]), || {
                let message = if jump < 0.0 {
                    format!("the time steps back by {:.3} s", -jump)
                } else {
                    format!("{jump:.3} s are missing before this line")
                };
                (message, help.to_owned())
            });
        }
    }

    fn bursts_problem(&self, assembly: &mut Assembly<'_, '_, '_>, growing: &Growing, step: f64) {
        let line = growing.lines.first().copied().unwrap_or(1);
        assembly.problem(ProblemKind::Grid, self.path, Place::Line(line), || {
            let step = duration(step);
            let message = format!("many rows share their times: rows count as even steps of {step}");
            (message, "Give the rate if it is known, or times with more digits".to_owned())
        });
    }

    fn add(&self, assembly: &mut Assembly<'_, '_, '_>, finished: Finished, n_channels: usize, is_only: bool) {
        let Finished { first_line, groups, values, runs, rate_hz } = finished;
        let file_name = self.path.rsplit('/').next().unwrap_or(self.path);
        let name = if is_only { file_name.to_owned() } else { format!("{file_name} line {first_line}") };
        let label = if runs.is_empty() { self.says.label(assembly) } else { Label::None };
        let origin = Origin { file: assembly.group(self.path), place: Place::Line(first_line) };
        assembly.add(Recording {
            name,
            origin,
            groups: groups.into_iter().chain(self.says.groups.iter().cloned()).collect(),
            part: self.says.part,
            label,
            runs,
            contents: vec![Content::Series(Series {
                channels: n_channels,
                values: SeriesValues::F32(Shared::from(values)),
                rate_hz,
            })],
        });
    }
}

/// A recording whose rows are even steps.
struct Finished {
    first_line: u64,
    groups: Vec<Arc<str>>,
    values: Vec<f32>,
    runs: Vec<LabelRun>,
    rate_hz: Option<f64>,
}

/// The usual step of a recording and what its clock is rounded to, in seconds.
#[derive(Clone, Copy)]
struct Clock {
    step: f64,
    resolution: f64,
}

/// Seconds as people write them.
fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds >= 1.0 => format!("{seconds:.3} s"),
        seconds if seconds >= 1e-3 => format!("{:.3} ms", seconds * 1e3),
        seconds => format!("{:.0} µs", seconds * 1e6),
    }
}

/// Steps a second, to a millionth: clocks are not better, and short numbers stay the same in texts.
fn measured_rate(step: f64) -> f64 {
    let rate = (1e6 / step).round() / 1e6;
    if rate > 0.0 { rate } else { 1.0 / step }
}

impl Growing {
    fn new(step: &Step) -> Self {
        Self {
            groups: step.groups.clone(),
            values: Vec::new(),
            times: Vec::new(),
            lines: Vec::new(),
            runs: Vec::new(),
        }
    }

    fn add(&mut self, step: &Step, numbers: &[f32]) {
        self.values.extend_from_slice(numbers);
        self.times.extend(step.time);
        let index = self.lines.len();
        self.lines.push(step.line);
        let Some(class) = step.class else { return };
        match self.runs.last_mut() {
            Some(run) if run.class == class && run.steps.end == index => run.steps.end = index + 1,
            Some(_) | None => self.runs.push(LabelRun { steps: index..index + 1, class }),
        }
    }
}

impl Columns {
    fn new(options: &SeriesOptions, table: &Table<'_>, n_columns: usize) -> Result<Self, Column> {
        let find = |column: &Column| table.column(column, n_columns).ok_or_else(|| column.clone());
        let time = options.time.as_ref().map(|time| find(&time.column)).transpose()?;
        let label = options.label.as_ref().map(find).transpose()?;
        let groups = options.groups.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let mut values = options.values.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        if values.is_empty() {
            let is_other = |index: &usize| ![time, label].contains(&Some(*index)) && !groups.contains(index);
            values = (0..n_columns).filter(is_other).collect();
        }
        Ok(Self { time, label, groups, values })
    }
}

/// Windows of anomalies, by file.
struct AnomalyWindows(Vec<(String, Vec<Range<f64>>)>);

impl AnomalyWindows {
    /// The windows in a JSON file: lists of pairs of dates, by path.
    fn read(assembly: &mut Assembly<'_, '_, '_>, path: &str) -> Option<Self> {
        let bytes = assembly.bytes_at(path)?;
        let parsed: Result<std::collections::BTreeMap<String, Vec<(String, String)>>, _> =
            serde_json::from_slice(&bytes);
        let windows = match parsed {
            Ok(windows) => windows,
            Err(error) => {
                assembly.problem(ProblemKind::Unreadable, path, Place::Line(error.line() as u64), || {
                    let help =
                        "Expected lists of pairs of dates by file name, as in NAB's combined_windows.json";
                    (format!("the windows of anomalies cannot be read: {error}"), help.to_owned())
                });
                return None;
            }
        };
        let mut by_file = Vec::new();
        for (file, windows) in windows {
            let mut ranges = Vec::new();
            for (start, end) in windows {
                match (seconds_of_date_time(&start), seconds_of_date_time(&end)) {
                    (Some(start), Some(end)) => ranges.push(start..end),
                    _ => assembly.problem(ProblemKind::NotANumber, path, Place::File, || {
                        let help = "Write dates as 2014-04-01 00:05:00";
                        (format!("{file}: “{start}” to “{end}” are no dates"), help.to_owned())
                    }),
                }
            }
            by_file.push((file, ranges));
        }
        Some(Self(by_file))
    }

    /// The windows of a file, whose path may have more folders in front than in the list.
    fn of_file(&self, assembly: &mut Assembly<'_, '_, '_>, file: usize) -> Option<Vec<Range<f64>>> {
        let path = &assembly.entry(file).path;
        let is_same = |listed: &str| {
            path == listed
                || path.strip_suffix(listed).is_some_and(|folders| folders.ends_with('/'))
                || listed.strip_suffix(path.as_str()).is_some_and(|folders| folders.ends_with('/'))
        };
        let found = self.0.iter().find(|(listed, _)| is_same(listed));
        if found.is_none() {
            assembly.problem(ProblemKind::Label, path, Place::File, || {
                let message = "the list of anomalies does not name this file: its steps have no label";
                (message.to_owned(), "Name it in the list, with no windows if all is normal".to_owned())
            });
        }
        found.map(|(_, windows)| windows.clone())
    }
}
