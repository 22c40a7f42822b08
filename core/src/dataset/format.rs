//! How files are to be understood: what a project keeps of the choice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Part;

/// A way to read files, with its options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "snake_case")]
pub enum Format {
    /// IDX arrays as MNIST has them, packed with gzip or not.
    Idx(IdxOptions),
    /// Text tables with one sample a row.
    Rows(RowsOptions),
    /// Text tables with one step of time a row.
    Series(SeriesOptions),
    /// Text logs in which a separator line starts each recording.
    Log(LogOptions),
    /// WAV files.
    Sound(SoundOptions),
    /// PNG, JPEG and BMP files.
    Pictures(PictureOptions),
    /// NumPy's `.npy` and `.npz` files.
    Arrays(ArrayOptions),
    /// Text tables that list pictures or sounds, one file a row.
    List(ListOptions),
    /// No files: made from a seed.
    Generated(Generated),
}

/// Files that a format reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// Endings in lower case, without the dot; empty for all that the format knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    /// Paths that are not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<String>,
}

/// What folders and file names say of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Naming {
    /// Where the label stands.
    pub label: FileLabel,
    /// How names are made, such as `{label}_{speaker}_{number}`: `{label}` is the label, other words in braces become groups,
    /// `{*}` is skipped. It is held against the name without its ending, and against folders too where it has a `/`. Empty if
    /// names say nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pattern: String,
    /// Folders and names with the words train, validation and test fix the part.
    pub parts: bool,
    /// Better names for labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub label_names: BTreeMap<String, String>,
}

/// Where the label of a file stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileLabel {
    /// Nowhere.
    #[default]
    Nothing,
    /// The name of the folder in which the file lies.
    Folder,
    /// `{label}` of the pattern.
    FileName,
}

/// IDX arrays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdxOptions {
    /// Pairs of images and labels.
    pub sets: Vec<IdxSet>,
    /// Better names for labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub label_names: BTreeMap<String, String>,
}

/// Images and their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdxSet {
    /// Path of the images, or of any other array with one item a sample.
    pub images: String,
    /// Path of the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// The part that they make up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// By number, from 0; negative ones count from the end.
    Index(i32),
    /// By the name in the first line.
    Name(String),
}

/// How text becomes a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextTable {
    /// What separates columns. A space stands for any number of spaces and tabs. With anything but a comma, numbers may have a
    /// decimal comma.
    pub delimiter: char,
    /// The first line has the names of the columns.
    pub header: bool,
    /// Lines before the table.
    pub skip_lines: usize,
}

/// Tables with one sample a row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RowsOptions {
    /// Which files.
    pub files: Selection,
    /// How text becomes a table.
    pub table: TextTable,
    /// The column with the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Column>,
    /// Columns with numbers to be predicted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Column>,
    /// Columns that name groups, such as a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Column>,
    /// Columns with the sample's numbers; empty for all others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Column>,
    /// Height, width and channels where the numbers are the levels of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<[usize; 3]>,
    /// What file names say: the part, and a label where no column has one.
    pub naming: Naming,
}

/// Tables with one step of time a row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeriesOptions {
    /// Which files.
    pub files: Selection,
    /// How text becomes a table.
    pub table: TextTable,
    /// Columns with the channels; empty for all others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Column>,
    /// The column with the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeColumn>,
    /// The column with the label of each step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Column>,
    /// Columns that name groups, such as a person. A change starts a new recording.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Column>,
    /// A change of label starts a new recording.
    pub split_at_label: bool,
    /// A step longer than this many seconds, or a step back in time, starts a new recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_at_gap_seconds: Option<f64>,
    /// Steps a second, where no column has the time or it should not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
    /// Rows count as even steps whatever their times say; else uneven ones are put on an even grid.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rows_are_steps: bool,
    /// JSON file with the windows of anomalies for each file, as the Numenta Anomaly Benchmark has it: steps within are
    /// `anomaly`, all others `normal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anomaly_windows: Option<String>,
    /// What file names say.
    pub naming: Naming,
}

/// A column with the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeColumn {
    /// Which one.
    pub column: Column,
    /// What its numbers count.
    pub unit: TimeUnit,
}

/// What times count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds.
    #[default]
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
    /// Billionths of a second.
    Nanoseconds,
    /// A date and time of day, `2014-04-01 00:05:00` or with `T`, with or without fractions.
    DateTime,
}

/// Text logs in which a separator line starts each recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogOptions {
    /// Which files.
    pub files: Selection,
    /// The separator line, such as `-,-,-`; an empty one stands for empty lines.
    pub separator: String,
    /// Names of the channels; empty for x, y, z or numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Steps a second, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
    /// What file names say.
    pub naming: Naming,
}

/// WAV files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoundOptions {
    /// Which files.
    pub files: Selection,
    /// What file names say.
    pub naming: Naming,
}

/// PNG, JPEG and BMP files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PictureOptions {
    /// Which files.
    pub files: Selection,
    /// What file names say.
    pub naming: Naming,
    /// Longest side that is kept in memory, in pixels; larger pictures shrink to it when they are read.
    pub largest_side: usize,
}

/// Tables that list pictures or sounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListOptions {
    /// Which files are tables.
    pub files: Selection,
    /// How text becomes a table.
    pub table: TextTable,
    /// The column with the path of the file.
    pub path: Column,
    /// Folder that stands before the paths; empty where they are whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// The column with the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Column>,
    /// Columns with numbers to be predicted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Column>,
    /// Columns that name groups, such as a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Column>,
    /// The column that names the part: train, validation or test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Column>,
    /// What the names of the listed files say, and better names for labels.
    pub naming: Naming,
    /// As [`PictureOptions::largest_side`].
    pub largest_side: usize,
}

/// NumPy's files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArrayOptions {
    /// Inputs and targets.
    pub sets: Vec<ArraySet>,
    /// Arrays of three dimensions are samples of steps and channels, not grey pictures.
    pub series: bool,
    /// Steps a second of series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
    /// Better names for labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub label_names: BTreeMap<String, String>,
}

/// Inputs and their targets; the first dimension counts samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArraySet {
    /// The inputs.
    pub inputs: ArrayRef,
    /// The targets: whole numbers are classes, one row of zeros and a one each too, other numbers are values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<ArrayRef>,
    /// The part that they make up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// An array in a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArrayRef {
    /// Path of the file.
    pub file: String,
    /// Name of the array in an `.npz` file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array: Option<String>,
}

/// Recordings made from a seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generated {
    /// What is made.
    pub kind: Generator,
    /// Where everything random begins.
    #[serde(default)]
    pub seed: u64,
    /// Recordings of every class (of all together where there are no classes).
    pub count: usize,
}

/// What can be made without files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generator {
    /// `sin(x)` for x from 0 to 2π, with a little noise.
    Sine,
    /// Three axes of acceleration of a board in the hand: idle, circle, shake, tap, lift; several people.
    Gestures,
    /// Short sounds in noise, like words that differ in pitch and melody; several voices.
    Tones,
    /// Digits drawn with strokes, 28×28 levels; several writers.
    Digits,
    /// Vibration of a machine: normal, and with three kinds of faults.
    Machine,
    /// Sound and motion recorded together; some classes differ in one of them only.
    SoundAndMotion,
}

impl Generator {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Sine, Self::Gestures, Self::Tones, Self::Digits, Self::Machine, Self::SoundAndMotion];

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sine => "Sine curve",
            Self::Gestures => "Motion gestures",
            Self::Tones => "Tones in noise",
            Self::Digits => "Drawn digits",
            Self::Machine => "Machine with faults",
            Self::SoundAndMotion => "Sound and motion",
        }
    }

    /// Recordings of each class (of all together for the sine curve) that make a good first set.
    pub fn default_count(self) -> usize {
        match self {
            Self::Sine => 1000,
            Self::Gestures => 120,
            Self::Tones => 120,
            Self::Digits => 400,
            Self::Machine => 100,
            Self::SoundAndMotion => 100,
        }
    }
}

impl Format {
    /// The name for people.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Idx(_) => "IDX arrays",
            Self::Rows(_) => "Table, one sample a row",
            Self::Series(_) => "Table, one time step a row",
            Self::Log(_) => "Log with separator lines",
            Self::Sound(_) => "WAV sounds",
            Self::Pictures(_) => "Pictures",
            Self::Arrays(_) => "NumPy arrays",
            Self::List(_) => "Table that lists files",
            Self::Generated(_) => "Generated",
        }
    }
}

impl TimeUnit {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Seconds, Self::Milliseconds, Self::Microseconds, Self::Nanoseconds, Self::DateTime];

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
            Self::DateTime => "date and time",
        }
    }
}

impl Default for TextTable {
    fn default() -> Self {
        Self { delimiter: ',', header: true, skip_lines: 0 }
    }
}

impl Default for PictureOptions {
    fn default() -> Self {
        Self { files: Selection::default(), naming: Naming::default(), largest_side: 512 }
    }
}

impl Default for ListOptions {
    fn default() -> Self {
        Self {
            files: Selection::default(),
            table: TextTable::default(),
            path: Column::Index(0),
            folder: String::new(),
            label: None,
            targets: Vec::new(),
            groups: Vec::new(),
            part: None,
            naming: Naming::default(),
            largest_side: PictureOptions::default().largest_side,
        }
    }
}

impl std::fmt::Display for Column {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Index(index) if *index < 0 => {
                write!(formatter, "column {} from the end", -i64::from(*index))
            }
            Self::Index(index) => write!(formatter, "column {}", i64::from(*index) + 1),
            Self::Name(name) => write!(formatter, "column “{name}”"),
        }
    }
}
