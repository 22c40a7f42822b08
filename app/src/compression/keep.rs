//! Variants beside a project: their files, their records, and whether both still belong together.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emberlab_core::dataset::PreparedPart;
use emberlab_core::hash::sha256_hex;
use emberlab_core::model::Model;
use emberlab_core::project::{VariantFigures, VariantRecord};
use emberlab_core::quantize::Recipe;
use emberlab_core::tflite;

use super::{Evaluated, Made};
use crate::jobs::write_atomically;
use crate::training::TrainingData;

/// The folder of variants in the folder beside a project file.
pub const VARIANTS_FOLDER: &str = "variants";

/// A variant that was kept, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptFile {
    /// The model.
    pub model: Arc<Model>,
    /// Its file.
    pub file: Arc<[u8]>,
    /// The file is the one that the record's figures were measured on.
    pub is_unchanged: bool,
}

/// The test samples, else those that validate; the second value tells which.
pub fn tested_part(data: &TrainingData) -> Option<(&PreparedPart, bool)> {
    let parts = [(&data.prepared.test, false), (&data.prepared.validation, true)];
    parts.into_iter().find(|(part, _)| part.samples.count > 0)
}

/// The samples that calibrate: those that train, or where there are none those that test.
pub fn calibrating_part(data: &TrainingData) -> &PreparedPart {
    match data.prepared.train.samples.count {
        0 => tested_part(data).map_or(&data.prepared.train, |(part, _)| part),
        _ => &data.prepared.train,
    }
}

/// What a record keeps of an evaluation.
pub fn figures(evaluated: &Evaluated, of_validation: bool, agreement: f64) -> VariantFigures {
    VariantFigures {
        samples: evaluated.samples,
        of_validation,
        accuracy: evaluated.accuracy(),
        mean_absolute_error: evaluated.mean_absolute_error(),
        agreement: Some(agreement),
    }
}

/// The record of a variant that was just made. `name` is that of no other variant.
pub fn new_record(name: &str, made: &Made, run: u32, figures: VariantFigures) -> VariantRecord {
    VariantRecord {
        file: format!("{VARIANTS_FOLDER}/{name}.tflite"),
        name: name.to_owned(),
        run,
        pinned: false,
        file_bytes: made.file.len() as u64,
        file_sha256: sha256_hex(&made.file),
        figures: Some(figures),
        recipe: Some(made.recipe.clone()),
    }
}

/// A name for a recipe: its own, unless a variant of another recipe or run has it.
pub fn name_of_variant(recipe: &Recipe, run: u32, known: &[VariantRecord]) -> String {
    let name = recipe.name();
    let is_free = |name: &str| {
        let other = known.iter().find(|record| record.name == name);
        other.is_none_or(|record| record.recipe.as_ref() == Some(recipe) && record.run == run)
    };
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| is_free(name)).unwrap_or(name)
}

/// Where the file of a variant lies; `files` is the folder beside the project.
fn path_of(files: &Path, record: &VariantRecord) -> PathBuf {
    record.file.split('/').fold(files.to_owned(), |path, part| path.join(part))
}

/// Writes the file of a variant into the folder beside the project.
///
/// # Errors
/// In words for the user.
pub fn write_variant(files: &Path, record: &VariantRecord, file: &[u8]) -> Result<(), String> {
    let path = path_of(files, record);
    let folder = path.parent().unwrap_or(files);
    fs::create_dir_all(folder)
        .map_err(|error| format!("the folder {} cannot be made: {error}", folder.display()))?;
    write_atomically(&path, file)
        .map_err(|reason| format!("the variant {} cannot be written: {reason}", record.name))
}

/// Reads the file of a variant.
///
/// # Errors
/// In words for the user: it is gone, or no model.
pub fn read_variant(files: &Path, record: &VariantRecord) -> Result<KeptFile, String> {
    let path = path_of(files, record);
    let file = fs::read(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{} is not there any more", path.display()),
        _ => format!("{} cannot be read: {error}", path.display()),
    })?;
    let file: Arc<[u8]> = file.into();
    let model = tflite::read(file.clone())
        .map_err(|error| format!("{} is no model that can be read: {error}", path.display()))?;
    let is_unchanged = sha256_hex(&file) == record.file_sha256;
    Ok(KeptFile { model: model.into(), file, is_unchanged })
}

/// Removes the file of a variant; one that is gone already is no error.
///
/// # Errors
/// In words for the user.
pub fn remove_variant(files: &Path, record: &VariantRecord) -> Result<(), String> {
    let path = path_of(files, record);
    match fs::remove_file(&path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{} cannot be removed: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use emberlab_core::quantize::VariantKind;

    use super::*;

    #[test]
    fn a_name_is_taken_again_only_by_the_same_recipe_of_the_same_run() {
        let recipe = Recipe::of_kind(VariantKind::Int8);
        assert_eq!(name_of_variant(&recipe, 1, &[]), "int8");
        let record = VariantRecord {
            name: "int8".to_owned(),
            run: 1,
            recipe: Some(recipe.clone()),
            ..VariantRecord::default()
        };
        let known = [record];
        assert_eq!(name_of_variant(&recipe, 1, &known), "int8");
        assert_eq!(name_of_variant(&recipe, 2, &known), "int8-2");
        let mut other = recipe.clone();
        other.calibration.samples = 7;
        assert_eq!(name_of_variant(&other, 1, &known), "int8-2");
    }

    #[test]
    fn files_are_kept_and_a_change_is_seen() {
        let folder = std::env::temp_dir().join(format!("emberlab-variants-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let model = emberlab_core::model::ModelBuilder::new("kept").build();
        let file = tflite::write(&model).expect("a file");
        let record = VariantRecord {
            name: "int8".to_owned(),
            file: format!("{VARIANTS_FOLDER}/int8.tflite"),
            file_sha256: sha256_hex(&file),
            ..VariantRecord::default()
        };
        assert!(read_variant(&folder, &record).expect_err("nothing there").contains("not there any more"));
        write_variant(&folder, &record, &file).expect("the folder is ours");
        let kept = read_variant(&folder, &record).expect("it was written");
        assert!(kept.is_unchanged && kept.file[..] == file[..]);
        let other = emberlab_core::model::ModelBuilder::new("another").build();
        write_variant(&folder, &record, &tflite::write(&other).expect("a file")).expect("the folder is ours");
        assert!(!read_variant(&folder, &record).expect("a model").is_unchanged);
        write_variant(&folder, &record, b"no model").expect("the folder is ours");
        assert!(read_variant(&folder, &record).expect_err("no model").contains("no model"));
        for _ in 0..2 {
            remove_variant(&folder, &record).expect("one that is gone is no error");
        }
        fs::remove_dir_all(folder).expect("it is ours");
    }
}
