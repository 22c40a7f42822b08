//! What commands about projects share: the project and its samples.

use std::path::{Path, PathBuf};

use emberlab_core::project::Project;

use super::Failure;
use crate::jobs::{LoadRequest, Loaded, SUMS_FILE, load, prepare_in_parallel};
use crate::project::files_folder;
use crate::training::TrainingData;

/// What a project file keeps.
pub(super) fn read_project(file: &Path) -> Result<Project, Failure> {
    let failure = |what: String| Failure(format!("cannot read {}: {what}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| failure(error.to_string()))?;
    emberlab_core::project::from_text(&text)
        .map_err(|error| failure(format!("{error}\n  try: {}", error.help())))
}

/// Reads and prepares the data of a project; `None` if `goes_on` says no.
pub(super) fn training_data(
    project: &Project,
    file: &Path,
    goes_on: &dyn Fn() -> bool,
) -> Result<Option<TrainingData>, Failure> {
    let reference = project.data.as_ref().ok_or_else(|| {
        Failure(format!("{} has no data to train on\n  try: emberlab new with --data", project.name))
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let absolute = |paths: &[String]| -> Vec<PathBuf> {
        paths.iter().map(|path| emberlab_core::project::absolute_path(folder, path)).collect()
    };
    let request = LoadRequest {
        paths: absolute(&reference.paths),
        test_paths: absolute(&reference.test_paths),
        format: reference.reading.clone(),
        expected: reference.fingerprint.clone(),
        known_sums: Some(files_folder(file).join(SUMS_FILE)),
    };
    let loaded = load(&request, &|_| goes_on())
        .map_err(|failure| Failure(format!("{}\n  try: {}", failure.message, failure.help)))?;
    let Some(loaded) = loaded else { return Ok(None) };
    check_unchanged(&loaded)?;
    let (preparation, split) = (&project.preparation, &project.split);
    let prepared = prepare_in_parallel(&loaded.dataset, preparation, split, &|_, _| goes_on())
        .map_err(|error| Failure(format!("{}\n  try: {}", error.message, error.help)))?;
    Ok(prepared.map(|prepared| TrainingData { prepared: prepared.into(), dataset: Some(loaded.dataset) }))
}

/// As [`training_data`], to the end.
pub(super) fn all_training_data(project: &Project, file: &Path) -> Result<TrainingData, Failure> {
    let data = training_data(project, file, &|| true)?;
    data.ok_or_else(|| Failure("reading the data was ended".to_owned()))
}

/// Other files than those that were accepted give other results: the user decides.
fn check_unchanged(loaded: &Loaded) -> Result<(), Failure> {
    let Some(difference) = &loaded.difference else { return Ok(()) };
    let all = difference.changed.iter().chain(&difference.added).chain(&difference.missing);
    let names: Vec<&str> = all.map(String::as_str).take(5).collect();
    let which = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    Err(Failure(format!(
        "the data have changed since the project accepted them{which}\n  try: open the project in the window and accept them as they are"
    )))
}
