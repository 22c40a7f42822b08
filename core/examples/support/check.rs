//! What must hold for any bytes at all.

use std::sync::Arc;

use emberlab_core::model::Model;
use emberlab_core::plan::{Chip, Target, plan};
use emberlab_core::stats::Statistics;
use emberlab_core::{cost, npy, tflite, verdict};

use super::counting::peak_bytes;

/// Reads bytes and does with the model what the app does with a file. Panics if the reader holds more than a small
/// multiple of the file, or if what is written of the model does not read back as the same bytes.
pub fn check(bytes: Vec<u8>) -> Outcome {
    let length = bytes.len();
    let file: Arc<[u8]> = bytes.into();
    let (result, peak) = peak_bytes(|| tflite::read(file));
    let limit = 40 * length + 256 * 1024;
    assert!(peak <= limit, "reading {length} bytes took {peak} bytes of memory, more than {limit}");
    match result {
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.help().is_empty());
            Outcome::Refused
        }
        Ok(model) => {
            rewrite(&model);
            look(&model);
            let planned = Chip::ALL.iter().filter(|chip| plan(&model, Target::new(**chip)).is_ok()).count();
            if planned > 0 { Outcome::Planned } else { Outcome::Opened }
        }
    }
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// An error that names the place.
    Refused,
    /// It is a model.
    Opened,
    /// It is a model that has an arena plan for at least one chip.
    Planned,
}

/// What the panels show of a model: findings, verdicts, costs, figures of its constants, arrays to save.
fn look(model: &Model) {
    for chip in Chip::ALL {
        verdict::diagnostics(model, Target::new(chip));
        verdict::operators(model, Target::new(chip));
    }
    cost::totals(model);
    for tensor in model.subgraphs.iter().flat_map(|subgraph| &subgraph.tensors) {
        // Large constants take time and show nothing that small ones do not.
        let Some(data) = model.constant_data(tensor).filter(|data| data.len() <= 4096) else { continue };
        if let Some(statistics) = Statistics::new(tensor, data, 16) {
            let n_finite = statistics.n_values - statistics.n_non_finite;
            assert_eq!(statistics.raw.histogram.counts.iter().sum::<u64>(), n_finite, "{tensor:?}");
        }
        if let Ok(file) = npy::write(tensor, data) {
            assert!(npy::read(&file).is_ok());
        }
    }
}

/// Models are compared as bytes: a mutant may hold a scale that is not a number, which equals nothing.
fn rewrite(model: &Model) {
    let once =
        tflite::write(model).unwrap_or_else(|error| panic!("a model that was read is not written: {error}"));
    let again = tflite::read(once.clone().into())
        .unwrap_or_else(|error| panic!("a written file is not read: {error}"));
    let twice =
        tflite::write(&again).unwrap_or_else(|error| panic!("a rewritten model is not written: {error}"));
    assert!(once == twice, "writing what was read changes the file");
}
