//! Bad data: each problem says where, what, and what to try; the rest is usable.

use std::io;
use std::ops::ControlFlow;

use emberlab_core::dataset::{
    Column, Dataset, FileEntry, FileLabel, Files, Format, IdxOptions, IdxSet, LogOptions, MemoryFiles,
    Naming, PictureOptions, Place, ProblemKind, RowsOptions, SeriesOptions, SoundOptions, TextTable,
    TimeColumn, TimeUnit, guess, read,
};

use crate::support::{idx, load, load_guessed, picture, wav};

/// Checks that there is one problem of a kind, at a place, whose message contains some words; gives the count of recordings.
fn check(dataset: &Dataset, kind: ProblemKind, file: &str, place: Place, words: &str) {
    let found: Vec<_> = dataset.problems.list().iter().filter(|problem| problem.kind == kind).collect();
    let [problem] = found[..] else { panic!("{kind:?}: {:#?}", dataset.problems) };
    assert_eq!((&*problem.file, problem.place), (file, place), "{problem:?}");
    assert!(problem.message.contains(words), "“{words}” in {problem:?}");
    assert!(!problem.help.is_empty(), "{problem:?}");
}

fn rows() -> RowsOptions {
    RowsOptions { label: Some(Column::Name("label".to_owned())), ..RowsOptions::default() }
}

#[test]
fn numbers_that_are_none() {
    let table = "a,b,label\n1,2,u\nNaN,3,v\n4,inf,v\n5,,v\nx,6,v\n7,8\n9,10,v\n";
    let dataset = load(&MemoryFiles::new("x").with("t.csv", table), &Format::Rows(rows()));
    assert_eq!(dataset.recordings.len(), 2);
    let found: Vec<_> = dataset
        .problems
        .list()
        .iter()
        .map(|problem| (problem.kind, problem.place, &problem.message[..]))
        .collect();
    let expected = [
        (ProblemKind::NotFinite, Place::Line(3), "column a: NaN is not a finite number"),
        (ProblemKind::NotFinite, Place::Line(4), "column b: inf is not a finite number"),
        (ProblemKind::NotANumber, Place::Line(5), "column b is empty"),
        (ProblemKind::NotANumber, Place::Line(6), "column a: “x” is no number"),
        (ProblemKind::NotANumber, Place::Line(7), "column label is empty"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn columns_that_are_missing() {
    let files = MemoryFiles::new("x").with("a.csv", "a,label\n1,u\n2,v\n").with("b.csv", "a,class\n1,u\n");
    let dataset = load(&files, &Format::Rows(rows()));
    assert_eq!(dataset.recordings.len(), 2);
    check(&dataset, ProblemKind::Unreadable, "b.csv", Place::Line(1), "column “label”");
    let files =
        MemoryFiles::new("x").with("a.csv", "a,label\n1,u\n2,v\n").with("b.csv", "a,b,label\n1,2,u\n");
    let dataset = load(&files, &Format::Rows(rows()));
    check(&dataset, ProblemKind::Size, "b.csv", Place::Line(2), "2 numbers, others have 1");
}

#[test]
fn arrays_cut_short_and_of_other_sizes() {
    let set = IdxSet { images: "i".into(), labels: Some("l".into()), part: None };
    let format = Format::Idx(IdxOptions { sets: vec![set], ..IdxOptions::default() });
    let images = idx(&[4, 2, 2], &[7; 15]);
    let labels = |count: u8| idx(&[u32::from(count)], &(0..count).collect::<Vec<_>>());
    let dataset = load(&MemoryFiles::new("x").with("i", images).with("l", labels(4)), &format);
    assert_eq!(dataset.recordings.len(), 3);
    check(&dataset, ProblemKind::CutShort, "i", Place::Item(3), "after 3 of 4 items");
    check(&dataset, ProblemKind::Size, "i", Place::Item(3), "3 items, 4 labels");
    let dataset = load(&MemoryFiles::new("x").with("i", vec![1, 2, 3]).with("l", labels(4)), &format);
    check(&dataset, ProblemKind::Unreadable, "i", Place::File, "no IDX file");
    check(&dataset, ProblemKind::Empty, "", Place::File, "none of 2 files");
    let dataset = load(&MemoryFiles::new("x").with("i", idx(&[4, 1], &[1; 4])), &format);
    check(&dataset, ProblemKind::Unreadable, "l", Place::File, "not there");
}

#[test]
fn sounds_cut_short_and_of_other_rates() {
    let whole = wav(8000, 1, &[100; 50]);
    let naming = Naming { label: FileLabel::Folder, ..Naming::default() };
    let format = Format::Sound(SoundOptions { naming, ..SoundOptions::default() });
    let files = MemoryFiles::new("x")
        .with("a/1.wav", whole.clone())
        .with("a/2.wav", whole[..whole.len() - 40].to_vec())
        .with("b/3.wav", wav(16_000, 1, &[100; 50]))
        .with("b/4.wav", wav(8000, 2, &[100; 50]))
        .with("b/5.wav", b"RIFF".to_vec())
        .with("b/6.wav", wav(8000, 1, &[]))
        .with("7.wav", whole.clone())
        .with("b/8.wav", whole);
    let dataset = load(&files, &format);
    let names: Vec<_> = dataset.recordings.iter().map(|recording| &recording.name[..]).collect();
    assert_eq!(names, ["1.wav", "2.wav", "3.wav", "8.wav"]);
    check(&dataset, ProblemKind::CutShort, "a/2.wav", Place::Item(30), "after 30 of 50 samples");
    check(
        &dataset,
        ProblemKind::Rate,
        "b/3.wav",
        Place::File,
        "16000.00 steps a second, most recordings have 8000.00",
    );
    check(&dataset, ProblemKind::Unreadable, "b/5.wav", Place::File, "cannot be read");
    check(&dataset, ProblemKind::Label, "7.wav", Place::File, "no folder");
    let sizes: Vec<_> =
        dataset.problems.list().iter().filter(|problem| problem.kind == ProblemKind::Size).collect();
    assert_eq!(sizes.len(), 2);
    assert_eq!(&sizes[0].message, "2 channels, others have 1");
    assert_eq!(&sizes[1].message, "no step of time");
}

#[test]
fn pictures_that_are_none() {
    let whole = picture(4, 4, image::ImageFormat::Png, |_, _| [1, 2, 3]);
    let naming = Naming { label: FileLabel::Folder, ..Naming::default() };
    let files = MemoryFiles::new("x")
        .with("a/1.png", whole.clone())
        .with("a/2.png", b"GIF89a".to_vec())
        .with("b/3.png", whole[..30].to_vec());
    let dataset = load(&files, &Format::Pictures(PictureOptions { naming, ..PictureOptions::default() }));
    assert_eq!(dataset.recordings.len(), 1);
    assert_eq!(dataset.problems.count(ProblemKind::Unreadable), 2);
    check(&dataset, ProblemKind::Classes, "", Place::File, "“a” is the only class");
}

#[test]
fn times_that_jump() {
    let table = "t,x\n0,1\n1,1\n2,1\nthree,1\n4,1\n3.5,1\n100,1\n101,1\n";
    let time = Some(TimeColumn { column: Column::Index(0), unit: TimeUnit::Seconds });
    let options = SeriesOptions { time, ..SeriesOptions::default() };
    let files = MemoryFiles::new("x").with("t.csv", table);
    let expected = [
        (Place::Line(7), "the time steps back by 0.500 s"),
        (Place::Line(8), "96.500 s are missing before this line"),
    ];
    let jumps = |dataset: &Dataset| {
        let jumps = dataset.problems.list().iter().filter(|problem| problem.kind == ProblemKind::Time);
        jumps.map(|problem| (problem.place, problem.message.clone())).collect::<Vec<_>>()
    };
    let steps = |dataset: &Dataset| {
        dataset.recordings.iter().filter_map(|recording| recording.contents[0].steps()).collect::<Vec<_>>()
    };
    let dataset = load(&files, &Format::Series(options.clone()));
    check(&dataset, ProblemKind::NotANumber, "t.csv", Place::Line(5), "“three” is no number");
    assert_eq!(jumps(&dataset), expected.map(|(place, text)| (place, text.to_owned())));
    // The row that was left out, with the time 3, is on the line between its neighbours.
    assert_eq!(steps(&dataset), [5, 1, 2], "recordings end at jumps");
    check(&dataset, ProblemKind::Grid, "t.csv", Place::Line(2), "4 rows with steps of 1.000 s to 2.000 s");
    let dataset = load(&files, &Format::Series(SeriesOptions { rows_are_steps: true, ..options }));
    assert_eq!(jumps(&dataset), expected.map(|(place, text)| (place, text.to_owned())));
    assert_eq!(steps(&dataset), [7], "rows are steps if that is chosen");
    assert_eq!(dataset.problems.count(ProblemKind::Grid), 0);
}

#[test]
fn logs_with_wrong_lines() {
    let log = "-,-,-\n1,2,3\n1,2\nhello\n1,2,NaN\n4,5,6\n";
    let options = LogOptions { separator: "-,-,-".to_owned(), ..LogOptions::default() };
    let dataset = load(&MemoryFiles::new("x").with("a.txt", log), &Format::Log(options));
    assert_eq!(dataset.recordings[0].contents[0].steps(), Some(2));
    check(&dataset, ProblemKind::Size, "a.txt", Place::Line(3), "2 numbers, others have 3");
    check(&dataset, ProblemKind::NotANumber, "a.txt", Place::Line(4), "“hello”");
    check(&dataset, ProblemKind::NotFinite, "a.txt", Place::Line(5), "“NaN”");
}

#[test]
fn names_that_do_not_fit() {
    let naming = Naming {
        label: FileLabel::FileName,
        pattern: "{label}_{speaker}_{number}".to_owned(),
        ..Naming::default()
    };
    let sound = wav(8000, 1, &[1; 9]);
    let files = MemoryFiles::new("x").with("1_bob_0.wav", sound.clone()).with("noise.wav", sound);
    let dataset = load(&files, &Format::Sound(SoundOptions { naming, ..SoundOptions::default() }));
    assert_eq!(dataset.recordings.len(), 1);
    check(&dataset, ProblemKind::Label, "noise.wav", Place::File, "not made as {label}_{speaker}_{number}");
}

#[test]
fn windows_of_anomalies_that_do_not_fit() {
    let table: String = (0..60).map(|minute| format!("2024-01-01 00:{minute:02}:00,{minute}\n")).collect();
    let files = MemoryFiles::new("x")
        .with("data/a.csv", format!("timestamp,value\n{table}"))
        .with("data/b.csv", format!("timestamp,value\n{table}"))
        .with("w.json", r#"{"a.csv": [["2024-01-01 00:10:00", "2024-01-01 00:19:00"], ["soon", "later"]]}"#);
    let (guess, dataset) = load_guessed(&files);
    assert!(
        matches!(&guess.format, Format::Series(options) if options.anomaly_windows.is_some()),
        "{guess:?}"
    );
    check(&dataset, ProblemKind::NotANumber, "w.json", Place::File, "“soon”");
    check(&dataset, ProblemKind::Label, "data/b.csv", Place::File, "does not name this file");
    let runs: Vec<_> = dataset.recordings[0].runs.iter().map(|run| (run.steps.clone(), run.class)).collect();
    let anomaly = dataset.classes.iter().position(|class| class == "anomaly").expect("a class") as u32;
    assert_eq!(runs, [(0..10, 1 - anomaly), (10..20, anomaly), (20..60, 1 - anomaly)]);
    assert!(dataset.recordings[1].runs.is_empty());
}

#[test]
fn empty_folders_and_files() {
    for format in [
        Format::Rows(RowsOptions::default()),
        Format::Series(SeriesOptions::default()),
        Format::Sound(SoundOptions::default()),
        Format::Idx(IdxOptions::default()),
    ] {
        let dataset = load(&MemoryFiles::default(), &format);
        check(&dataset, ProblemKind::Empty, "", Place::File, "none of 0 files");
        let dataset = load(&MemoryFiles::new("x").with("a.csv", "").with("a.wav", ""), &format);
        assert_eq!(dataset.problems.count(ProblemKind::Empty), 1);
    }
}

#[test]
fn wrong_text_encodings() {
    let utf_16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("a,label\n1,u\n".bytes().flat_map(|byte| [byte, 0])).collect();
    let files = MemoryFiles::new("x").with("a.csv", utf_16);
    assert_eq!(guess(&files), []);
    let dataset = load(&files, &Format::Rows(rows()));
    check(&dataset, ProblemKind::Unreadable, "a.csv", Place::File, "UTF-16");
    let latin_1 = b"a,label\n1,caf\xe9\n2,t\xe9\n".to_vec();
    let dataset = load(&MemoryFiles::new("x").with("a.csv", latin_1), &Format::Rows(rows()));
    assert_eq!(dataset.classes, ["caf\u{fffd}", "t\u{fffd}"]);
}

/// Files of which some cannot be opened.
struct Locked(Vec<FileEntry>);

impl Files for Locked {
    fn entries(&self) -> &[FileEntry] {
        &self.0
    }

    fn read(&self, index: usize) -> io::Result<Vec<u8>> {
        if index == 1 {
            Err(io::ErrorKind::PermissionDenied.into())
        } else {
            Ok(b"a,label\n1,u\n2,v\n".to_vec())
        }
    }
}

#[test]
fn files_that_cannot_be_opened() {
    let entry = |name: &str| FileEntry { path: name.to_owned(), bytes: 16 };
    let files = Locked(vec![entry("a.csv"), entry("b.csv"), entry("c.csv")]);
    let dataset = load(&files, &Format::Rows(rows()));
    assert_eq!(dataset.recordings.len(), 4);
    check(&dataset, ProblemKind::Unreadable, "b.csv", Place::File, "permission denied");
}

#[test]
fn many_bad_files_are_counted() {
    let mut files = MemoryFiles::new("x");
    (0..5_000).for_each(|number| files.add(format!("{number}.wav"), "no sound"));
    let dataset = load(&files, &Format::Sound(SoundOptions::default()));
    assert_eq!(dataset.problems.count(ProblemKind::Unreadable), 5_000);
    assert!(dataset.problems.list().len() < 100);
}

#[test]
fn reading_can_be_stopped() {
    let mut files = MemoryFiles::new("x");
    (0..100).for_each(|number| files.add(format!("{number}.csv"), "a,label\n1,u\n"));
    let mut seen = Vec::new();
    let result = read(&files, &Format::Rows(rows()), &mut |progress| {
        seen.push(progress.done);
        assert_eq!(progress.total, 100);
        if progress.done == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(result.is_err());
    assert_eq!(seen, (0..8).collect::<Vec<_>>());
}

#[test]
fn odd_delimiters_make_one_column() {
    let table = TextTable { delimiter: '·', header: false, skip_lines: 7 };
    let options = RowsOptions { table, ..RowsOptions::default() };
    let dataset = load(&MemoryFiles::new("x").with("a.csv", "1\n2\n"), &Format::Rows(options));
    assert_eq!(dataset.recordings.len(), 0);
}
