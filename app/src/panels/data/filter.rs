//! Which recordings the grid shows.

use emberlab_core::dataset::{Dataset, Part};

/// What recordings must have to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub class: ClassFilter,
    pub part: Option<Part>,
    pub query: String,
}

/// Which classes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ClassFilter {
    /// All.
    #[default]
    All,
    /// Recordings with the class, at least in some steps.
    Class(u32),
    /// Recordings without any.
    None,
}

/// Numbers of the recordings that are shown, in the order of the set. `parts` is empty before the set was divided.
pub(super) fn shown(dataset: &Dataset, parts: &[Part], filter: &Filter) -> Vec<usize> {
    let query = filter.query.to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let matches = |index: &usize| {
        let recording = &dataset.recordings[*index];
        let is_class = match filter.class {
            ClassFilter::All => true,
            ClassFilter::Class(class) => {
                recording.label.class() == Some(class) || recording.runs.iter().any(|run| run.class == class)
            }
            ClassFilter::None => recording.label.class().is_none() && recording.runs.is_empty(),
        };
        let is_part = filter.part.is_none_or(|part| parts.get(*index) == Some(&part));
        let is_named = || {
            let name = recording.name.to_lowercase();
            words.iter().all(|word| {
                name.contains(word)
                    || recording.groups.iter().any(|group| group.to_lowercase().contains(word))
            })
        };
        is_class && is_part && (words.is_empty() || is_named())
    };
    (0..dataset.recordings.len()).filter(matches).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use emberlab_core::dataset::{Generated, Generator, generate};

    use super::*;

    /// How long typing makes a frame longer is printed, not judged: machines differ.
    #[test]
    fn a_hundred_thousand_recordings_are_filtered_while_a_word_is_typed() {
        let mut dataset = generate(&Generated { kind: Generator::Gestures, seed: 1, count: 1 });
        let first = dataset.recordings[0].clone();
        dataset.recordings = (0..100_000)
            .map(|number| {
                let mut recording = first.clone();
                recording.name = format!("Recording_{number:06}.wav");
                recording
            })
            .collect();
        for query in ["", "r", "re", "recording_0999", "recording_099999", "nobody"] {
            let filter = Filter { query: query.to_owned(), ..Filter::default() };
            let begin = Instant::now();
            let found = shown(&dataset, &[], &filter).len();
            println!("“{query}”: {found} recordings in {:.2} ms", begin.elapsed().as_secs_f64() * 1e3);
            let expected = match query {
                "recording_0999" => 100,
                "recording_099999" => 1,
                "nobody" => 0,
                _ => 100_000,
            };
            assert_eq!(found, expected, "{query}");
        }
    }

    #[test]
    fn class_part_and_words_must_all_fit() {
        let dataset = generate(&Generated { kind: Generator::Gestures, seed: 1, count: 4 });
        let parts: Vec<Part> = (0..dataset.recordings.len())
            .map(|index| if index % 2 == 0 { Part::Train } else { Part::Test })
            .collect();
        let count = |filter: &Filter| shown(&dataset, &parts, filter).len();
        let all = Filter::default();
        assert_eq!(count(&all), dataset.recordings.len());
        let first = Filter { class: ClassFilter::Class(0), ..all.clone() };
        assert_eq!(count(&first), 4);
        assert_eq!(count(&Filter { part: Some(Part::Test), ..first.clone() }), 2);
        assert_eq!(count(&Filter { part: Some(Part::Validation), ..all.clone() }), 0);
        assert_eq!(count(&Filter { class: ClassFilter::None, ..all.clone() }), 0);
        let group = dataset.recordings[0].groups[0].to_uppercase();
        let by_group = count(&Filter { query: group, ..all.clone() });
        assert!(by_group > 0 && by_group < dataset.recordings.len());
        assert_eq!(count(&Filter { query: "nobody".to_owned(), ..all }), 0);
    }
}
