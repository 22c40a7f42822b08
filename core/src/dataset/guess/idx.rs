//! Pairs of IDX files, by what they declare and by their names.

use crate::dataset::read::idx::{header, unpacked};
use crate::dataset::read::naming::part_of;
use crate::dataset::{FileEntry, Files, Format, Guess, IdxOptions, IdxSet};

/// Files that are looked into: a folder with more IDX files is none that somebody made by hand.
const MAX_FILES: usize = 64;

struct Array<'f> {
    entry: &'f FileEntry,
    shape: Vec<usize>,
}

pub(super) fn guess(files: &dyn Files) -> Option<Guess> {
    let may_be = |entry: &FileEntry| {
        let name = entry.file_name().to_ascii_lowercase();
        name.contains("idx") || name.ends_with("ubyte") || name.ends_with("ubyte.gz")
    };
    let entries = files.entries().iter().enumerate().filter(|(_, entry)| may_be(entry)).take(MAX_FILES);
    let mut arrays: Vec<Array<'_>> = entries
        .filter_map(|(index, entry)| {
            let start = files.read_start(index, 4096).ok()?;
            let (shape, _) = header(&unpacked(&start, 64))?;
            Some(Array { entry, shape })
        })
        .collect();
    arrays.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
    let (labels, images): (Vec<_>, Vec<_>) = arrays.into_iter().partition(|array| array.shape.len() == 1);
    let mut sets: Vec<IdxSet> = images.iter().map(|images| set(images, &labels)).collect();
    // Training first: its classes and streams are those of the set.
    sets.sort_by_key(|set| set.part);
    let n_samples: usize = images.iter().map(|images| images.shape[0]).sum();
    let n_labelled = sets.iter().filter(|set| set.labels.is_some()).count();
    let size = images.first()?.shape[1..].iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let reason =
        format!("{} IDX arrays of {size}, {n_samples} samples, {n_labelled} with labels", sets.len());
    let n_files = n_labelled + sets.len();
    Some(Guess { format: Format::Idx(IdxOptions { sets, ..IdxOptions::default() }), reason, n_files })
}

/// Images with the labels of the same count whose name begins most alike.
fn set(images: &Array<'_>, labels: &[Array<'_>]) -> IdxSet {
    let alike = |labels: &&Array<'_>| {
        let letters = images.entry.path.bytes().zip(labels.entry.path.bytes());
        let n_alike = letters.take_while(|(a, b)| a == b).count();
        (labels.shape[0] == images.shape[0], n_alike)
    };
    let labels = labels.iter().max_by_key(alike);
    IdxSet {
        images: images.entry.path.clone(),
        labels: labels.map(|labels| labels.entry.path.clone()),
        part: part_of(images.entry),
    }
}
