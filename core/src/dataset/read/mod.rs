//! From files to recordings.

pub(super) mod arrays;
mod assemble;
mod grid;
pub(super) mod idx;
pub(super) mod list;
mod log;
pub(super) mod naming;
pub(super) mod pictures;
pub(super) mod rows;
mod series;
pub(super) mod sound;
pub(super) mod table;
pub(super) mod time;

use std::ops::ControlFlow;

use super::{Dataset, Files, Format, generate};
use assemble::Assembly;

/// How far a long work has come. `done` of `total` files, recordings or samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is done.
    pub done: usize,
    /// What there is to do.
    pub total: usize,
}

/// Hears of progress, and can stop the work.
pub type Watch<'w> = dyn FnMut(Progress) -> ControlFlow<()> + 'w;

/// Whoever watched stopped the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Cancelled;

/// Memory that the recordings of a set may take; what lies beyond is left out.
const MAX_BYTES: usize = 4 << 30;

/// The recordings of a set. What is wrong with files is in [`Dataset::problems`]; the rest is usable.
///
/// # Errors
/// Whoever watches stopped it.
pub fn read(files: &dyn Files, format: &Format, watch: &mut Watch<'_>) -> Result<Dataset, Cancelled> {
    let mut assembly = Assembly::new(files, watch);
    match format {
        Format::Idx(options) => idx::read(&mut assembly, options)?,
        Format::Rows(options) => rows::read(&mut assembly, options)?,
        Format::Generated(generated) => return Ok(generate::generate(generated)),
        Format::Series(options) => series::read(&mut assembly, options)?,
        Format::Log(options) => log::read(&mut assembly, options)?,
        Format::Sound(options) => sound::read(&mut assembly, options)?,
        Format::Pictures(options) => pictures::read(&mut assembly, options)?,
        Format::Arrays(options) => arrays::read(&mut assembly, options)?,
        Format::List(options) => list::read(&mut assembly, options)?,
    }
    Ok(assembly.finish())
}
