//! NumPy arrays by their names and shapes.

use crate::dataset::read::arrays::{array, names};
use crate::dataset::read::naming::part_of;
use crate::dataset::{ArrayOptions, ArrayRef, ArraySet, FileEntry, Files, Format, Guess, Part};
use crate::model::TensorType;

/// Files that are looked into, and their largest size: shapes stand in the file.
const MAX_FILES: usize = 32;
const MAX_BYTES: u64 = 1 << 30;

struct Found {
    place: ArrayRef,
    name: String,
    shape: Vec<usize>,
    ty: TensorType,
}

pub(super) fn guess(files: &dyn Files) -> Option<Guess> {
    let is_array = |entry: &FileEntry| matches!(entry.extension().as_str(), "npy" | "npz");
    let n_files = files.entries().iter().filter(|entry| is_array(entry)).count();
    let entries = files.entries().iter().enumerate();
    let looked_at = entries.filter(|(_, entry)| is_array(entry) && entry.bytes <= MAX_BYTES).take(MAX_FILES);
    let mut found: Vec<Found> = looked_at.flat_map(|(index, entry)| arrays(files, index, entry)).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let (targets, inputs): (Vec<Found>, Vec<Found>) = found.into_iter().partition(Found::is_target);
    let mut sets: Vec<ArraySet> = inputs.iter().map(|inputs| set(inputs, &targets)).collect();
    sets.sort_by_key(|set| set.part);
    let first = inputs.first()?;
    let n_samples: usize = inputs.iter().map(|inputs| inputs.shape[0]).sum();
    let n_labelled = sets.iter().filter(|set| set.targets.is_some()).count();
    let size = first.shape[1..].iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let reason = format!("{} arrays of {size}, {n_samples} samples, {n_labelled} with targets", sets.len());
    let series = first.shape.len() == 3 && first.ty != TensorType::Uint8;
    Some(Guess {
        format: Format::Arrays(ArrayOptions { sets, series, ..ArrayOptions::default() }),
        reason,
        n_files,
    })
}

fn arrays(files: &dyn Files, index: usize, entry: &FileEntry) -> Vec<Found> {
    let Ok(bytes) = files.read(index) else { return Vec::new() };
    let places =
        if entry.extension() == "npz" { names(&bytes).into_iter().map(Some).collect() } else { vec![None] };
    let found = places.into_iter().filter_map(|name| {
        let array = array(&bytes, name.as_deref()).ok().filter(|array| !array.shape.is_empty())?;
        let words = name.clone().unwrap_or_else(|| entry.stem().to_owned());
        let place = ArrayRef { file: entry.path.clone(), array: name };
        Some(Found { place, name: words, shape: array.shape, ty: array.ty })
    });
    found.collect()
}

impl Found {
    /// True for a name such as `y_train` or `labels`.
    fn is_target(&self) -> bool {
        let words = self.name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        words.into_iter().any(|word| {
            matches!(
                word.trim_end_matches(|c: char| c.is_ascii_digit()),
                "y" | "label" | "labels" | "target" | "targets" | "class" | "classes" | "ytrain" | "ytest"
            )
        })
    }

    fn part(&self) -> Option<Part> {
        part_of(&FileEntry { path: self.name.clone(), bytes: 0 })
    }
}

/// Inputs with the targets of the same part and count.
fn set(inputs: &Found, targets: &[Found]) -> ArraySet {
    let fits = |targets: &&Found| {
        (
            targets.shape[0] == inputs.shape[0],
            targets.part() == inputs.part(),
            targets.place.file == inputs.place.file,
        )
    };
    let targets = targets.iter().filter(|targets| targets.shape[0] == inputs.shape[0]).max_by_key(fits);
    ArraySet {
        inputs: inputs.place.clone(),
        targets: targets.map(|targets| targets.place.clone()),
        part: inputs.part(),
    }
}
