//! Which training samples calibrate.

use super::{Calibration, SampleChoice};
use crate::dataset::random::Random;

/// How many of the chosen samples are of which class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Samples that were chosen.
    pub samples: usize,
    /// Of each class: how many were chosen, and how many there are.
    pub classes: Vec<(usize, usize)>,
}

impl Coverage {
    /// Classes of which no sample was chosen, although there are some.
    pub fn missing(&self) -> impl Iterator<Item = usize> + '_ {
        let classes = self.classes.iter().enumerate();
        classes.filter(|(_, (chosen, there))| *chosen == 0 && *there > 0).map(|(class, _)| class)
    }
}

/// The numbers of the samples that calibrate, in ascending order, of `count` samples whose class `class_of` says.
pub fn calibration_samples(
    count: usize,
    class_of: impl Fn(usize) -> Option<u32>,
    calibration: &Calibration,
) -> (Vec<usize>, Coverage) {
    let wanted = calibration.samples.min(count);
    let mut random = Random::new(calibration.seed);
    let mut chosen: Vec<usize> = match calibration.choice {
        SampleChoice::First => (0..wanted).collect(),
        SampleChoice::Random => {
            let mut all: Vec<usize> = (0..count).collect();
            random.shuffle(&mut all);
            all.truncate(wanted);
            all
        }
        SampleChoice::Balanced => {
            let mut classes: Vec<Vec<usize>> = Vec::new();
            for index in 0..count {
                // Samples without a class are a class of their own.
                let class = class_of(index).map_or(0, |class| class as usize + 1);
                classes.resize_with(classes.len().max(class + 1), Vec::new);
                classes[class].push(index);
            }
            classes.iter_mut().for_each(|samples| random.shuffle(samples));
            let rounds = classes.iter().map(Vec::len).max().unwrap_or(0);
            let turns =
                (0..rounds).flat_map(|round| classes.iter().filter_map(move |samples| samples.get(round)));
            turns.take(wanted).copied().collect()
        }
    };
    chosen.sort_unstable();
    let mut coverage = Coverage { samples: chosen.len(), classes: Vec::new() };
    for class in (0..count).filter_map(&class_of) {
        let class = class as usize;
        coverage.classes.resize(coverage.classes.len().max(class + 1), (0, 0));
        coverage.classes[class].1 += 1;
    }
    for class in chosen.iter().filter_map(|index| class_of(*index)) {
        coverage.classes[class as usize].0 += 1;
    }
    (chosen, coverage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(choice: SampleChoice, samples: usize) -> (Vec<usize>, Coverage) {
        // 90 samples of class 0, then 10 of class 2.
        let class_of = |index: usize| Some(if index < 90 { 0 } else { 2 });
        calibration_samples(100, class_of, &Calibration { choice, samples, ..Calibration::default() })
    }

    #[test]
    fn a_balanced_choice_takes_classes_in_turn() {
        let (chosen, coverage) = choose(SampleChoice::Balanced, 16);
        assert_eq!(coverage.classes, [(8, 90), (0, 0), (8, 10)]);
        assert_eq!(chosen.len(), 16);
        assert!(chosen.is_sorted());
        let (_, coverage) = choose(SampleChoice::Balanced, 50);
        assert_eq!(coverage.classes, [(40, 90), (0, 0), (10, 10)]);
        assert_eq!(choose(SampleChoice::Balanced, 1000).0, (0..100).collect::<Vec<_>>());
        assert_eq!(choose(SampleChoice::Balanced, 16), choose(SampleChoice::Balanced, 16));
    }

    #[test]
    fn a_choice_that_misses_a_class_says_so() {
        let (chosen, coverage) = choose(SampleChoice::First, 20);
        assert_eq!(chosen, (0..20).collect::<Vec<_>>());
        assert_eq!(coverage.missing().collect::<Vec<_>>(), [2]);
        let (chosen, coverage) = choose(SampleChoice::Random, 60);
        assert_eq!(chosen.len(), 60);
        assert_eq!(coverage.missing().count(), 0);
    }
}
