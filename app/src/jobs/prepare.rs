//! Making samples out of recordings, on all processors.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use emberlab_core::dataset::{
    DataError, Dataset, Leak, Part, Preparation, Prepared, Preparer, RecordingSamples, Split, duplicates,
    leaks,
};
use emberlab_core::project::people_kind;

use super::{JobKind, JobSpec, Jobs, Outcome, Subject};
use crate::project::DataOutcome;

/// Recordings that a thread takes at a time.
const CHUNK: usize = 32;

impl Jobs {
    /// Makes samples.
    pub fn prepare_data(
        &mut self,
        subject: Subject,
        name: &str,
        dataset: Arc<Dataset>,
        preparation: Preparation,
        split: Split,
    ) {
        let spec =
            JobSpec { kind: JobKind::Prepare, name: format!("Preparing {name}"), subject: Some(subject) };
        self.start(spec, move |context| {
            let report = |done, total| {
                context.progress(done, total);
                !context.is_cancelled()
            };
            let result = prepare_in_parallel(&dataset, &preparation, &split, &report).transpose()?;
            let result = result.and_then(|prepared| {
                let checks = check(&dataset, &split, &prepared)?;
                Ok((Arc::new(prepared), Arc::new(checks)))
            });
            Some(Outcome::Data(DataOutcome::Prepared(result)))
        });
    }
}

/// Whether a set and its split can be trusted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checks {
    /// The part of every recording.
    pub parts: Vec<Part>,
    /// The kind of groups that should not be on both sides of the split.
    pub kind: Option<String>,
    /// What is on both sides.
    pub leaks: Vec<Leak>,
    /// Recordings that repeat another one.
    pub n_repeated: usize,
    /// Samples of each class of the set that train, validate and test, in this order; last those without a class.
    pub samples: Vec<[usize; 3]>,
}

impl Checks {
    /// The class with most training samples has this many times as many as the one with fewest; `None` where a class has
    /// none, or there are fewer than two classes.
    pub fn imbalance(&self) -> Option<f64> {
        let classes = self.samples.split_last().map_or(&[][..], |(_, classes)| classes);
        let trained = classes.iter().filter(|parts| parts.iter().sum::<usize>() > 0).map(|parts| parts[0]);
        let (fewest, most) = (trained.clone().min()?, trained.clone().max()?);
        (trained.count() > 1 && fewest > 0).then(|| most as f64 / fewest as f64)
    }
}

fn check(dataset: &Dataset, split: &Split, prepared: &Prepared) -> Result<Checks, DataError> {
    let assignment = split.assign(dataset)?;
    let people = people_kind(dataset).map(|(kind, _)| kind.to_owned());
    let kind = split.together.clone().or(people);
    let n_repeated = duplicates(dataset).iter().map(|list| list.len() - 1).sum();
    Ok(Checks {
        leaks: leaks(dataset, &assignment, kind.as_deref())?,
        parts: assignment.parts,
        kind,
        n_repeated,
        samples: sample_counts(dataset, prepared),
    })
}

/// Samples by the classes of the set, which are more than those that are used.
fn sample_counts(dataset: &Dataset, prepared: &Prepared) -> Vec<[usize; 3]> {
    let place = |class: &String| dataset.classes.iter().position(|known| known == class);
    let places: Vec<Option<usize>> = prepared.classes.iter().map(place).collect();
    let mut counts = vec![[0; 3]; dataset.classes.len() + 1];
    for (part, samples) in [&prepared.train, &prepared.validation, &prepared.test].into_iter().enumerate() {
        for origin in &samples.origins {
            let class = origin.class.and_then(|class| places.get(class as usize).copied().flatten());
            counts[class.unwrap_or(dataset.classes.len())][part] += 1;
        }
    }
    counts
}

/// The samples of a set, made on all processors; the same as those of one. `None` if `report` (recordings done, all) has
/// ended it.
///
/// # Errors
/// The preparation or the split does not fit the set, or nothing is left to train on.
pub fn prepare_in_parallel(
    dataset: &Dataset,
    preparation: &Preparation,
    split: &Split,
    report: &dyn Fn(u64, u64) -> bool,
) -> Result<Option<Prepared>, DataError> {
    let preparer = Preparer::new(dataset, preparation, split)?;
    let n_recordings = preparer.len();
    let n_threads =
        std::thread::available_parallelism().map_or(1, |count| count.get()).min(n_recordings.div_ceil(CHUNK));
    let next = AtomicUsize::new(0);
    let going_on = std::cell::Cell::new(true);
    let results = std::thread::scope(|scope| {
        let (sender, receiver) = channel::<(usize, Vec<RecordingSamples>)>();
        let (preparer, next) = (&preparer, &next);
        for _ in 0..n_threads {
            let sender = sender.clone();
            scope.spawn(move || {
                loop {
                    let first = next.fetch_add(CHUNK, Ordering::Relaxed);
                    if first >= n_recordings {
                        return;
                    }
                    let chunk = first..(first + CHUNK).min(n_recordings);
                    let samples = chunk.map(|index| preparer.recording(index)).collect();
                    // Nobody listens once the work was ended.
                    if sender.send((first, samples)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut results: Vec<Vec<RecordingSamples>> = Vec::new();
        results.resize_with(n_recordings.div_ceil(CHUNK), Vec::new);
        let mut done = 0;
        for (first, samples) in receiver {
            done += samples.len();
            results[first / CHUNK] = samples;
            going_on.set(report(done as u64, n_recordings as u64));
            if !going_on.get() {
                next.store(n_recordings, Ordering::Relaxed);
                break;
            }
        }
        results
    });
    if !going_on.get() {
        return Ok(None);
    }
    let watch = &mut |progress: emberlab_core::dataset::Progress| {
        going_on.set(report(progress.done as u64, progress.total as u64));
        if going_on.get() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let prepared = preparer.finish(results.into_iter().flatten(), watch);
    if going_on.get() { prepared.map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use emberlab_core::dataset::{Generated, Generator, generate, prepare};

    use super::*;

    fn sine() -> (Dataset, Preparation) {
        let dataset = generate(&Generated { kind: Generator::Sine, seed: 1, count: 500 });
        let target = emberlab_core::dataset::TargetKind::Values;
        (dataset, Preparation { target, ..Preparation::default() })
    }

    #[test]
    fn many_threads_make_the_samples_of_one() {
        let (dataset, preparation) = sine();
        let split = Split::default();
        let alone = prepare(&dataset, &preparation, &split, &mut |_| ControlFlow::Continue(()));
        let together = prepare_in_parallel(&dataset, &preparation, &split, &|_, _| true);
        assert_eq!(together.expect("they fit"), Some(alone.expect("they fit")));
    }

    #[test]
    fn imbalance_is_that_of_the_training_samples() {
        let checks = |samples: &[[usize; 3]]| Checks { samples: samples.to_vec(), ..Checks::default() };
        assert_eq!(checks(&[[30, 0, 9], [10, 2, 1], [500, 0, 0]]).imbalance(), Some(3.0));
        assert_eq!(checks(&[[30, 0, 9], [0, 2, 1], [0, 0, 0]]).imbalance(), None);
        assert_eq!(checks(&[[30, 0, 9], [0, 0, 0], [0, 0, 0]]).imbalance(), None);
        assert_eq!(checks(&[]).imbalance(), None);
    }

    #[test]
    fn preparing_stops_when_asked_to() {
        let (dataset, preparation) = sine();
        let stopped = prepare_in_parallel(&dataset, &preparation, &Split::default(), &|_, _| false);
        assert_eq!(stopped, Ok(None));
    }
}
