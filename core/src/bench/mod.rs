//! Measuring a model on a board: what is asked in which order, what is kept, and what it comes to.
//!
//! Nothing here opens a port or reads a clock. [`Measure`] takes bytes and the time and says what happened; [`History`] and
//! [`OperatorTimes`] keep measurements in bounded memory; [`text_values`] finds numbers in lines that any firmware prints.

mod csv;
mod history;
mod measure;
mod operators;
mod record;
mod text;
mod values;

pub use csv::{Counting, CsvError, Recording, read_csv, write_csv};
pub use history::{Column, Histogram, History, Marker, MarkerKind, Sample};
pub use measure::{
    Check, Compared, Difference, DifferingPlace, Inputs, Measure, Order, Plan, Said, Stage, Trouble,
};
pub use operators::{OperatorTime, OperatorTimes};
pub use record::{Conditions, Record, RecordedOperator};
pub use text::{LogLevel, TextLine, text_line, text_values};
pub use values::{Points, Values, read_values, write_values};
