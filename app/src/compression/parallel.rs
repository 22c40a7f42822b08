//! Many samples on all cores.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// Asked now and then with what is done and how much there is; false ends the work.
pub type Watch<'a> = &'a dyn Fn(u64, u64) -> bool;

/// Work on a range of things, which asks a question before each of them.
type Work<'w, T, E> = dyn Fn(Range<usize>, &mut dyn FnMut() -> bool) -> Result<T, E> + Sync + 'w;

/// Lets threads work on ranges of `count` things and puts their results in order; `None` if it was ended.
///
/// `work` gets a question that it has to ask before each thing; it ends early where the answer is no.
///
/// # Errors
/// The first error in the order of the ranges.
pub fn in_parallel<T: Send, E: Send>(
    count: usize,
    chunk: usize,
    watch: Watch<'_>,
    work: &Work<'_, T, E>,
) -> Result<Option<Vec<T>>, E> {
    let chunk = chunk.max(1);
    let n_chunks = count.div_ceil(chunk);
    let n_threads = std::thread::available_parallelism().map_or(1, |count| count.get()).min(n_chunks);
    let (next, done, ended) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let mut results: Vec<Option<Result<T, E>>> = Vec::new();
    results.resize_with(n_chunks, || None);
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        let (next, done, ended) = (&next, &done, &ended);
        for _ in 0..n_threads {
            let sender = sender.clone();
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= n_chunks || ended.load(Ordering::Relaxed) {
                        return;
                    }
                    let range = number * chunk..((number + 1) * chunk).min(count);
                    let mut goes_on = || {
                        done.fetch_add(1, Ordering::Relaxed);
                        !ended.load(Ordering::Relaxed)
                    };
                    let result = work(range, &mut goes_on);
                    // Nobody listens once the work was ended.
                    if sender.send((number, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let every = std::time::Duration::from_millis(30);
        loop {
            if !watch(done.load(Ordering::Relaxed).min(count) as u64, count as u64) {
                ended.store(true, Ordering::Relaxed);
                break;
            }
            match receiver.recv_timeout(every) {
                Ok((number, result)) => {
                    if result.is_err() {
                        ended.store(true, Ordering::Relaxed);
                    }
                    results[number] = Some(result);
                }
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    let was_ended = ended.load(Ordering::Relaxed);
    let mut found = Vec::with_capacity(n_chunks);
    for result in results.into_iter().flatten() {
        found.push(result?);
    }
    Ok((!was_ended).then_some(found))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn sums(count: usize, chunk: usize, watch: Watch<'_>) -> Result<Option<Vec<Range<usize>>>, usize> {
        in_parallel(count, chunk, watch, &|range, goes_on| {
            for index in range.clone() {
                if !goes_on() {
                    break;
                }
                if index == 777 {
                    return Err(index);
                }
            }
            Ok(range)
        })
    }

    #[test]
    fn results_are_in_order_whoever_is_first() {
        let found = sums(700, 32, &|_, _| true).expect("no error").expect("an end");
        assert_eq!(found.first(), Some(&(0..32)));
        assert_eq!(found.last(), Some(&(672..700)));
        assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(sums(0, 32, &|_, _| true), Ok(Some(Vec::new())));
    }

    #[test]
    fn an_error_ends_all_and_is_returned() {
        assert_eq!(sums(100_000, 10, &|_, _| true), Err(777));
    }

    #[test]
    fn watching_can_end_it() {
        let asked = Cell::new(0);
        let watch = |_, _| {
            asked.set(asked.get() + 1);
            asked.get() < 2
        };
        assert_eq!(sums(700, 1, &watch), Ok(None));
    }
}
