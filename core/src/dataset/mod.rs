//! Data to train and test on: from the bytes of files to samples that a network takes.
//!
//! [`guess`] says what a folder of files may be, [`read`] makes a [`Dataset`] of recordings with labels, groups and whatever
//! is wrong with them, and [`prepare`](prepare()) makes samples: windows, picture sizes, features, normalisation, and which
//! part each sample belongs to.
//!
//! | step | input | result |
//! | --- | --- | --- |
//! | [`guess`] | [`Files`] | [`Guess`]es, best first: a [`Format`] with its options |
//! | [`read`] | [`Files`], [`Format`] | [`Dataset`] with [`Problems`] |
//! | [`Split::assign`] | [`Dataset`] | the [`Part`] of every recording |
//! | [`prepare`](prepare()) | [`Dataset`], [`Preparation`], [`Split`] | [`Prepared`]: [`Samples`] and where each came from |
//!
//! [`Format`], [`Preparation`] and [`Split`] are what a project keeps: from the same files they give the same samples.

mod check;
mod files;
mod format;
mod generate;
mod guess;
mod metadata;
mod preparation;
mod prepare;
mod problem;
pub(crate) mod random;
mod read;
mod recording;
mod samples;
mod spectrogram;
mod split;

pub use check::{Balance, BalanceRow, Leak, duplicates, leaks};
pub use files::{FileEntry, Files, MemoryFiles};
pub use format::{
    ArrayOptions, ArrayRef, ArraySet, Column, FileLabel, Format, Generated, Generator, IdxOptions, IdxSet,
    ListOptions, LogOptions, Naming, PictureOptions, RowsOptions, Selection, SeriesOptions, SoundOptions,
    TextTable, TimeColumn, TimeUnit,
};
pub use generate::generate;
pub use guess::{Guess, guess};
pub use metadata::{PREPARATION_METADATA, PreparationRecord, output_labels};
pub use preparation::{
    Affine, Colour, Features, Fit, FittedInput, InputPreparation, InputShape, Length, MotionFeatures,
    MotionSignals, Normalisation, Padding, PictureFit, Preparation, SoundFeatures, Statistic, Taper,
    TargetKind, Window,
};
pub use prepare::{
    LeftOut, Prepared, PreparedPart, PreparedSample, Preparer, RecordingSamples, SampleOrigin,
    SamplePreparer, prepare,
};
pub use problem::{DataError, Problem, ProblemKind, Problems};
pub use read::list::listed_paths;
pub use read::{Cancelled, Progress, Watch, read};
pub use recording::{
    Content, Dataset, Label, LabelRun, Origin, Part, Picture, Place, Recording, Series, SeriesValues, Shared,
    Stream, StreamKind,
};
pub use samples::{SampleInput, Samples, Targets};
pub use spectrogram::{Spectrogram, spectrogram};
pub use split::{Assignment, Rule, Split, group_kinds};
