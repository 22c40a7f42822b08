//! Balance, duplicates, leaks.

use emberlab_core::dataset::{
    Assignment, Balance, Label, LabelRun, Leak, Part, Rule, Split, duplicates, leaks,
};

use crate::support::{recording, set};

fn assignment(parts: &[Part]) -> Assignment {
    Assignment { parts: parts.to_vec(), validation_end: 0.0, test_end: 0.0 }
}

#[test]
fn classes_are_counted_by_part() {
    let mut unlabelled = recording(0, &[], vec![0.0; 5]);
    unlabelled.label = Label::None;
    let mut mixed = recording(0, &[], vec![0.0; 10]);
    mixed.runs = vec![LabelRun { steps: 0..3, class: 0 }, LabelRun { steps: 4..10, class: 1 }];
    let recordings =
        vec![recording(0, &[], vec![0.0; 7]), recording(1, &[], vec![0.0; 9]), unlabelled, mixed];
    let dataset = set(&["a", "b"], &[], recordings);
    let balance = Balance::count(&dataset, &assignment(&[Part::Train, Part::Test, Part::Train, Part::Train]));
    let rows: Vec<_> = balance.rows.iter().map(|row| (row.class, row.recordings, row.steps)).collect();
    let expected =
        [(Some(0), [1, 0, 0], [10, 0, 0]), (Some(1), [0, 0, 1], [6, 0, 9]), (None, [2, 0, 0], [5, 0, 0])];
    assert_eq!(rows, expected);
    assert_eq!(balance.imbalance(), None, "nothing of b trains");
}

#[test]
fn imbalance_is_how_many_times_as_many() {
    let recordings =
        (0..8).map(|number| recording(u32::from(number >= 2), &[], vec![number as f32])).collect();
    let dataset = set(&["a", "b"], &[], recordings);
    let balance = Balance::count(&dataset, &assignment(&[Part::Train; 8]));
    assert_eq!(balance.imbalance(), Some(3.0));
}

#[test]
fn duplicates_have_the_same_numbers() {
    let values = [vec![1.0, 2.0], vec![0.0, 1.0], vec![1.0, 2.0], vec![-0.0, 1.0], vec![1.0], vec![1.0, 2.0]];
    let recordings =
        values.iter().enumerate().map(|(number, v)| recording(number as u32 % 2, &[], v.clone()));
    let dataset = set(&["a", "b"], &[], recordings.collect());
    assert_eq!(duplicates(&dataset), [vec![0, 2, 5], vec![1, 3]]);
}

#[test]
fn leaks_are_what_lies_on_both_sides() {
    let recordings = (0..6).map(|number| {
        let person = ["Ana", "Ben"][number % 2];
        recording(0, &[person], vec![(number / 2) as f32])
    });
    let dataset = set(&["a"], &["person"], recordings.collect());
    let by_person = [Part::Train, Part::Test, Part::Train, Part::Test, Part::Train, Part::Test];
    let found = leaks(&dataset, &assignment(&by_person), Some("person")).expect("people");
    let pair = |first| Leak::Duplicate { recordings: vec![first, first + 1] };
    assert_eq!(found, [pair(0), pair(2), pair(4)], "each number was recorded twice");
    let by_number = [Part::Train, Part::Train, Part::Validation, Part::Validation, Part::Test, Part::Test];
    let found = leaks(&dataset, &assignment(&by_number), Some("person")).expect("people");
    let person =
        |group: &str| Leak::Group { kind: "person".into(), group: group.into(), recordings: [1, 1, 1] };
    assert_eq!(found, [person("Ana"), person("Ben")]);
    assert_eq!(leaks(&dataset, &assignment(&by_number), None), Ok(vec![]));
    assert!(leaks(&dataset, &assignment(&by_number), Some("speaker")).is_err());
}

#[test]
fn groups_that_stay_together_do_not_leak() {
    let recordings =
        (0..60).map(|number| recording(0, &[&format!("p{}", number % 7)], vec![number as f32])).collect();
    let dataset = set(&["a"], &["person"], recordings);
    let split = |together: Option<String>| Split {
        test: Rule::Share { share: 0.3 },
        validation: Rule::Share { share: 0.2 },
        together,
        ..Split::default()
    };
    let count = |split: &Split| {
        let assignment = split.assign(&dataset).expect("a split");
        leaks(&dataset, &assignment, Some("person")).expect("people").len()
    };
    assert_eq!(count(&split(Some("person".into()))), 0);
    assert!(count(&split(None)) > 0);
}
