use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::dataset::{Column, FileLabel, MemoryFiles, TimeUnit};

fn best(files: &MemoryFiles) -> Guess {
    guess(files).into_iter().next().expect("a guess")
}

fn text(rows: usize, row: impl Fn(usize) -> String) -> String {
    (0..rows).map(|index| row(index) + "\n").collect()
}

#[test]
fn nothing_fits_nothing() {
    assert_eq!(guess(&MemoryFiles::default()), []);
    let files = MemoryFiles::new("x").with("a.exe", b"MZ\0\0".to_vec()).with("README.md", "about");
    assert_eq!(guess(&files), []);
}

#[test]
fn digits_by_name() {
    let mut files = MemoryFiles::new("digits").with("README.md", "about");
    for digit in 0..10 {
        for speaker in ["george", "lucas"] {
            for number in 0..3 {
                files.add(format!("recordings/{digit}_{speaker}_{number}.wav"), "");
            }
        }
    }
    let guess = best(&files);
    let Format::Sound(options) = &guess.format else { panic!("{guess:?}") };
    assert_eq!(options.naming.label, FileLabel::FileName);
    assert_eq!(options.naming.pattern, "{label}_{speaker}_{number}");
    assert_eq!(guess.n_files, 60);
}

#[test]
fn classes_by_folder() {
    let mut files = MemoryFiles::new("words");
    for word in ["yes", "no"] {
        for speaker in 0..4 {
            for number in 0..2 {
                files.add(format!("{word}/{speaker}ab_nohash_{number}.wav"), "");
            }
        }
    }
    let Format::Sound(options) = best(&files).format else { panic!("sounds") };
    assert_eq!(options.naming.label, FileLabel::Folder);
    assert_eq!(options.naming.pattern, "{number}_nohash_{number 2}");
    let mut files = MemoryFiles::new("pets");
    for part in ["train", "test"] {
        for class in ["cat", "dog"] {
            (0..5).for_each(|number| files.add(format!("{part}/{class}/{number}.png"), ""));
        }
    }
    let Format::Pictures(options) = best(&files).format else { panic!("pictures") };
    assert_eq!((options.naming.label, options.naming.parts), (FileLabel::Folder, true));
}

#[test]
fn flowers_are_one_sample_a_row() {
    let rows = text(30, |row| {
        format!("{},{},1.4,0.2,{}", 5.1 + row as f64, 3.5, ["setosa", "versicolor"][row / 15])
    });
    let files = MemoryFiles::new("iris").with("iris.csv", format!("a,b,c,d,species\n{rows}"));
    let guesses = guess(&files);
    let Format::Rows(options) = &guesses[0].format else { panic!("{guesses:?}") };
    assert_eq!(options.label, Some(Column::Name("species".into())));
    assert!(options.table.header && options.values.is_empty() && options.picture.is_none());
    assert!(matches!(guesses[1].format, Format::Series(_)), "the other way is offered too");
    let files = MemoryFiles::new("iris").with("iris.data.csv", rows);
    let Format::Rows(options) = best(&files).format else { panic!("rows") };
    assert_eq!((options.label, options.table.header), (Some(Column::Index(4)), false));
}

#[test]
fn pixels_make_pictures() {
    let header: String = (0..64).map(|pixel| format!(",pixel{pixel}")).collect();
    let rows =
        text(20, |row| (0..64).fold((row % 10).to_string(), |line, pixel| format!("{line},{}", pixel * 3)));
    let files = MemoryFiles::new("digits").with("digits.csv", format!("label{header}\n{rows}"));
    let Format::Rows(options) = best(&files).format else { panic!("rows") };
    assert_eq!(options.picture, Some([8, 8, 1]));
    assert_eq!(options.label, Some(Column::Name("label".into())));
}

#[test]
fn a_number_can_be_what_is_predicted() {
    let rows = text(20, |row| format!("{row},{}", row as f64 * 0.3));
    let files = MemoryFiles::new("line").with("line.csv", format!("x,y\n{rows}"));
    let Format::Rows(options) = best(&files).format else { panic!("rows") };
    assert_eq!((options.label, options.targets), (None, vec![Column::Name("y".into())]));
}

#[test]
fn european_tables_are_understood() {
    let rows = text(20, |row| format!("{};{},5;{},25;reposo", row * 20, row, row));
    let files = MemoryFiles::new("x").with("a.csv", format!("tiempo_ms;x;y;actividad\n{rows}"));
    let Format::Series(options) = best(&files).format else { panic!("series") };
    assert_eq!(options.table.delimiter, ';');
    assert_eq!(options.label, Some(Column::Name("actividad".into())));
    assert_eq!(options.time.map(|time| time.unit), Some(TimeUnit::Milliseconds));
}

fn listed(files: &MemoryFiles) -> crate::dataset::ListOptions {
    let guess = best(files);
    let Format::List(options) = guess.format else { panic!("{guess:?}") };
    options
}

#[test]
fn tables_that_list_files_are_recognised() {
    let name = |name: &str| Some(Column::Name(name.to_owned()));
    let mut files = MemoryFiles::new("birds");
    let rows = text(12, |row| {
        format!("clips/{row}.wav,{},{},{}", ["owl", "jay"][row % 2], row % 3, ["train", "test"][row / 6])
    });
    files.add("meta.csv", format!("path,species,session,split\n{rows}"));
    (0..12).for_each(|row| files.add(format!("clips/{row}.wav"), ""));
    let options = listed(&files);
    assert_eq!(options.path, Column::Name("path".into()));
    assert_eq!((options.label, options.part), (name("species"), name("split")));
    assert_eq!(options.groups, [Column::Name("session".into())]);

    // No line with names, and names without their endings.
    let mut files = MemoryFiles::new("pets");
    files.add("list.txt", text(12, |row| format!("a{row}.png;{}", ["cat", "dog"][row % 2])));
    (0..12).for_each(|row| files.add(format!("a{row}.png"), ""));
    let options = listed(&files);
    assert!(!options.table.header);
    assert_eq!((options.path, options.label), (Column::Index(0), Some(Column::Index(1))));
    let mut files = MemoryFiles::new("pets");
    files.add(
        "labels.csv",
        format!("id,breed\n{}", text(12, |row| format!("x{row}y,{}", ["cat", "dog"][row % 2]))),
    );
    (0..12).for_each(|row| files.add(format!("images/x{row}y.jpg"), ""));
    let options = listed(&files);
    assert_eq!((options.path, options.label), (Column::Name("id".into()), name("breed")));

    // Sounds by folder with a table of numbers beside them are no list.
    let mut files =
        MemoryFiles::new("words").with("stats.csv", format!("a,b\n{}", text(9, |row| format!("{row},2"))));
    for word in ["yes", "no"] {
        (0..4).for_each(|number| files.add(format!("{word}/{number}ab.wav"), ""));
    }
    assert!(matches!(best(&files).format, Format::Sound(_)));
}

#[test]
fn recordings_in_files_of_their_own() {
    let mut files = MemoryFiles::new("gestures");
    for class in ["circle", "shake"] {
        for number in 0..4 {
            files.add(format!("{class}/{number}.txt"), text(10, |row| format!("{row} {number} -1.5")));
        }
    }
    let Format::Series(options) = best(&files).format else { panic!("series") };
    assert_eq!(options.table.delimiter, ' ');
    assert_eq!((options.naming.label, options.label), (FileLabel::Folder, None));
}

#[test]
fn a_million_files_are_listed_fast() {
    let mut files = MemoryFiles::new("many");
    (0..1_000_000).for_each(|number| files.add(format!("{}/{number}.csv", number % 7), "1,2,3\n4,5,6\n"));
    let files = Counted { files, n_read: AtomicUsize::new(0) };
    let found = guess(&files);
    assert_eq!(found[0].n_files, 1_000_000);
    let n_read = files.n_read.load(Ordering::Relaxed);
    assert!(n_read < 2_000, "{n_read} files were looked into");
}

/// Files that count how often one is looked into.
struct Counted {
    files: MemoryFiles,
    n_read: AtomicUsize,
}

impl Files for Counted {
    fn entries(&self) -> &[FileEntry] {
        self.files.entries()
    }

    fn read(&self, index: usize) -> std::io::Result<Vec<u8>> {
        self.n_read.fetch_add(1, Ordering::Relaxed);
        self.files.read(index)
    }
}
