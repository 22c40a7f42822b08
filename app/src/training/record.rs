//! What the project file keeps of a run.

use std::time::{SystemTime, UNIX_EPOCH};

use emberlab_core::project::{EpochFigures, Project, RunRecord, RunState, TestFigures};
use emberlab_core::training::{Loss, TrainingConfig};
use emberlab_train::{End, Metric};

use super::{EpochPoint, Figures, Finished, RunFolder, RunHistory, TestReport, name_of_run, network_sha256};

/// Colours of series that runs take in turn.
const COLOURS: u8 = 8;

/// The record of a run that is about to begin.
pub fn new_record(project: &Project, settings: &TrainingConfig, folder: Option<&RunFolder>) -> RunRecord {
    let runs = &project.runs;
    let taken: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    RunRecord {
        number: project.next_run(),
        name: name_of_run(settings, &taken),
        colour: free_colour(runs),
        started: seconds_since_1970(),
        network_sha256: network_sha256(&project.network),
        files: folder.map(RunFolder::names).unwrap_or_default(),
        settings: settings.clone(),
        ..RunRecord::default()
    }
}

/// Puts the epochs that are done into a record.
pub fn note_epochs(record: &mut RunRecord, history: &RunHistory, metric: Metric, samples_per_second: f64) {
    record.epochs = history.epochs.len();
    record.seconds = history.seconds();
    record.samples_per_second = samples_per_second;
    if let Some(best) = history.best() {
        record.best_epoch = best.epoch;
        record.best = Some(epoch_figures(best, metric));
    }
}

/// Puts the end of a run into its record. A run that ended because nobody wanted it any more can go on.
pub fn note_end(record: &mut RunRecord, finished: &Finished, was_asked_to_stop: bool) {
    record.epochs = finished.epochs;
    record.seconds = finished.seconds;
    record.samples_per_second = finished.samples_per_second;
    record.state = match finished.end {
        End::Complete | End::NoProgress => RunState::Finished,
        End::Diverged => RunState::Diverged,
        End::Stopped if was_asked_to_stop => RunState::Stopped,
        End::Stopped => RunState::Unfinished,
    };
    record.test = finished.report.as_ref().map(test_figures);
}

/// What a run with this loss measures beside it, as far as the loss says.
pub fn metric_of(loss: Loss) -> Metric {
    match loss {
        Loss::SparseCategoricalCrossentropy | Loss::CategoricalCrossentropy | Loss::BinaryCrossentropy => {
            Metric::Accuracy
        }
        Loss::MeanSquaredError | Loss::MeanAbsoluteError | Loss::Huber { .. } => Metric::MeanAbsoluteError,
    }
}

/// The colour that fewest runs have, the first of several.
fn free_colour(runs: &[RunRecord]) -> u8 {
    let count = |colour: u8| runs.iter().filter(|run| run.colour % COLOURS == colour).count();
    (0..COLOURS).min_by_key(|colour| count(*colour)).unwrap_or(0)
}

fn epoch_figures(epoch: &EpochPoint, metric: Metric) -> EpochFigures {
    let accuracy = |value: f32| (metric == Metric::Accuracy).then_some(value);
    EpochFigures {
        loss: epoch.loss,
        validation_loss: epoch.validation_loss,
        accuracy: accuracy(epoch.metric),
        validation_accuracy: epoch.validation_metric.and_then(accuracy),
    }
}

fn test_figures(report: &TestReport) -> TestFigures {
    let mean_absolute_error = match &report.figures {
        Figures::Values { mean_absolute_error, .. } => Some(*mean_absolute_error as f32),
        Figures::Classes { .. } => None,
    };
    TestFigures {
        samples: report.samples,
        loss: report.loss,
        accuracy: report.accuracy().map(|accuracy| accuracy as f32),
        mean_absolute_error,
    }
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_gets_a_colour_and_a_name_of_its_own() {
        let mut project = Project::new("digits");
        let settings = TrainingConfig::default();
        for number in 1..=9 {
            let record = new_record(&project, &settings, None);
            assert_eq!((record.number, record.colour), (number, (number - 1) as u8 % COLOURS));
            assert!(project.runs.iter().all(|run| run.name != record.name), "{}", record.name);
            project.runs.push(record);
        }
        // The colour of a run that is gone is free again; the others keep theirs.
        project.runs.remove(3);
        assert_eq!(new_record(&project, &settings, None).colour, 3);
    }
}
