//! Which recordings go where.

use std::collections::BTreeMap;

use emberlab_core::dataset::{Dataset, Part, Rule, Split, group_kinds};

use crate::support::{recording, set};

/// Ten recordings of class 0 and thirty of class 1, by five people; their numbers count from 0.
fn people() -> Dataset {
    let recordings = (0..40u32).map(|number| {
        let person = format!("p{}", [1, 2, 3, 10, 11][number as usize % 5]);
        recording(u32::from(number >= 10), &[&person, &number.to_string()], vec![number as f32])
    });
    set(&["few", "many"], &["person", "number"], recordings.collect())
}

fn parts(dataset: &Dataset, split: &Split) -> Vec<Part> {
    split.assign(dataset).expect("a split").parts
}

fn count(parts: &[Part], part: Part) -> usize {
    parts.iter().filter(|other| **other == part).count()
}

fn share(share: f32) -> Rule {
    Rule::Share { share }
}

#[test]
fn shares_are_taken_from_every_class_alike() {
    let dataset = people();
    for seed in 0..20 {
        let split = Split { seed, test: share(0.2), validation: share(0.25), ..Split::default() };
        let parts = parts(&dataset, &split);
        let of_class = |range: std::ops::Range<usize>, part| count(&parts[range], part);
        assert_eq!([of_class(0..10, Part::Test), of_class(10..40, Part::Test)], [2, 6], "seed {seed}");
        assert_eq!([of_class(0..10, Part::Validation), of_class(10..40, Part::Validation)], [2, 6]);
        assert_eq!(count(&parts, Part::Train), 24);
    }
}

#[test]
fn seeds_decide() {
    let dataset = people();
    let split = |seed| parts(&dataset, &Split { seed, ..Split::default() });
    assert_eq!(split(1), split(1));
    assert_ne!(split(1), split(2));
}

#[test]
fn a_class_of_one_recording_keeps_it() {
    let recordings = (0..9).map(|number| recording(number, &[], vec![0.0])).collect();
    let dataset = set(&["a", "b", "c", "d", "e", "f", "g", "h", "i"], &[], recordings);
    let parts = parts(&dataset, &Split { test: share(0.5), ..Split::default() });
    assert_eq!(count(&parts, Part::Train), 9);
}

#[test]
fn people_stay_together() {
    let dataset = people();
    for seed in 0..20 {
        let split = Split { seed, together: Some("person".into()), ..Split::default() };
        let parts = parts(&dataset, &split);
        let mut of_person: BTreeMap<&str, Part> = BTreeMap::new();
        for (recording, part) in dataset.recordings.iter().zip(&parts) {
            assert_eq!(of_person.entry(&recording.groups[0]).or_insert(*part), part, "seed {seed}");
        }
        let people = |part: Part| of_person.values().filter(|other| **other == part).count();
        assert_eq!([people(Part::Test), people(Part::Validation), people(Part::Train)], [1, 1, 3]);
    }
}

#[test]
fn groups_are_named_or_counted_off_in_natural_order() {
    let dataset = people();
    let testers = |test: Rule| {
        let split = Split { test, validation: Rule::None, ..Split::default() };
        let parts = parts(&dataset, &split);
        let chosen = dataset.recordings.iter().zip(parts).filter(|(_, part)| *part == Part::Test);
        let mut people: Vec<_> = chosen.map(|(recording, _)| recording.groups[0].to_string()).collect();
        people.sort();
        people.dedup();
        people
    };
    let named = Rule::Groups { kind: "person".into(), groups: vec!["p10".into(), "p1".into()] };
    assert_eq!(testers(named), ["p1", "p10"]);
    let fold = |folds, fold| testers(Rule::Fold { kind: "person".into(), folds, fold });
    assert_eq!(fold(5, 3), ["p10"], "p10 comes after p3");
    let two: Vec<Vec<String>> = (0..2).map(|number| fold(2, number)).collect();
    assert_eq!(two, [vec!["p1", "p2"], vec!["p10", "p11", "p3"]]);
    let first_five = Rule::Groups { kind: "number".into(), groups: (0..5).map(|n| n.to_string()).collect() };
    assert_eq!(testers(first_five).len(), 5);
}

#[test]
fn fixed_parts_are_kept_and_only_training_validates() {
    let mut dataset = people();
    for (number, recording) in dataset.recordings.iter_mut().enumerate() {
        recording.part = Some(if number % 4 == 0 { Part::Test } else { Part::Train });
    }
    let split = Split { validation: share(0.2), ..Split::default() };
    let kept = parts(&dataset, &split);
    assert!((0..40).all(|number| (kept[number] == Part::Test) == (number % 4 == 0)));
    assert_eq!(count(&kept, Part::Validation), 6);
    let free = parts(&dataset, &Split { keep_fixed: false, ..split });
    assert_ne!(kept, free);
    assert_eq!(count(&free, Part::Test), 8);
}

#[test]
fn what_makes_no_sense_is_said_in_words() {
    let dataset = people();
    let check = |test: Rule, expected: &str| {
        let error = Split { test, ..Split::default() }.assign(&dataset).expect_err("no sense");
        assert!(error.message.contains(expected) && !error.help.is_empty(), "{error:?}");
    };
    check(share(1.0), "share of 1");
    check(share(-0.1), "share");
    check(share(f32::NAN), "NaN");
    check(Rule::Groups { kind: "cat".into(), groups: vec![] }, "no “cat”");
    check(Rule::Groups { kind: "person".into(), groups: vec!["p99".into()] }, "“p99”");
    check(Rule::Fold { kind: "person".into(), folds: 6, fold: 0 }, "5 groups");
    check(Rule::Fold { kind: "person".into(), folds: 1, fold: 0 }, "fold 0 of 1");
    check(Rule::Fold { kind: "person".into(), folds: 4, fold: 4 }, "fold 4 of 4");
    let ends =
        Split { test: Rule::End { share: 0.6 }, validation: Rule::End { share: 0.4 }, ..Split::default() };
    assert!(ends.assign(&dataset).is_err());
    assert_eq!(group_kinds(&dataset), ["person", "number", "file", "recording"]);
}

#[test]
fn an_empty_set_splits_into_nothing() {
    let dataset = Dataset::default();
    assert_eq!(parts(&dataset, &Split::default()), []);
}
