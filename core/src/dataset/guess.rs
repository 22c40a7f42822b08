//! What a folder of files may be.

mod arrays;
mod idx;
mod list;
mod look;
mod names;
mod tables;
#[cfg(test)]
mod tests;

use super::read::pictures::PICTURES;
use super::read::sound::SOUNDS;
use super::{FileEntry, Files, Format, PictureOptions, Selection, SoundOptions};
use crate::words::grouped;

/// A format that fits files, with options that were filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// How to read them.
    pub format: Format,
    /// Why it seems to fit, in words.
    pub reason: String,
    /// Files that it reads.
    pub n_files: usize,
}

/// Formats that fit, best first: those that read most files. Only a few files are looked into, and of tables only the start.
/// Empty if nothing fits.
pub fn guess(files: &dyn Files) -> Vec<Guess> {
    let mut guesses: Vec<Guess> = idx::guess(files).into_iter().collect();
    guesses.extend(arrays::guess(files));
    guesses.extend(list::guess(files));
    guesses.extend(sounds(files.entries()));
    guesses.extend(pictures(files.entries()));
    guesses.extend(tables::guess(files));
    // The order above decides between equals.
    guesses.sort_by_key(|guess| std::cmp::Reverse(guess.n_files));
    guesses
}

/// The files with one of these endings.
fn with_extension<'e>(entries: &'e [FileEntry], extensions: &[&str]) -> Vec<&'e FileEntry> {
    entries.iter().filter(|entry| extensions.contains(&entry.extension().as_str())).collect()
}

fn sounds(entries: &[FileEntry]) -> Option<Guess> {
    let found = with_extension(entries, &SOUNDS);
    let (naming, reason) = names::guess(&found, names::Groups::Speakers, true)?;
    let format = Format::Sound(SoundOptions { files: Selection::default(), naming });
    Some(Guess {
        format,
        reason: format!("{} sounds, {reason}", grouped(found.len() as u64)),
        n_files: found.len(),
    })
}

fn pictures(entries: &[FileEntry]) -> Option<Guess> {
    let found = with_extension(entries, &PICTURES);
    let (naming, reason) = names::guess(&found, names::Groups::None, true)?;
    let format = Format::Pictures(PictureOptions { naming, ..PictureOptions::default() });
    Some(Guess {
        format,
        reason: format!("{} pictures, {reason}", grouped(found.len() as u64)),
        n_files: found.len(),
    })
}
