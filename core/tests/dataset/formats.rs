//! Every format, from files made here.

use std::collections::BTreeMap;
use std::io::Write;

use emberlab_core::dataset::{
    ArrayOptions, ArrayRef, ArraySet, Column, Content, Dataset, FileLabel, Format, Label, LabelRun,
    MemoryFiles, Naming, Part, Picture, Place, ProblemKind, RowsOptions, SeriesOptions, SeriesValues,
    StreamKind, TextTable, TimeColumn, TimeUnit,
};
use emberlab_core::model::{Element, TensorType, bytes_from_elements};
use emberlab_core::npy::{Array, write_array};

use crate::support::{idx, load, load_guessed, picture, wav};

fn values(dataset: &Dataset, index: usize) -> Vec<f32> {
    match &dataset.recordings[index].contents[0] {
        Content::Values(values) => values.to_vec(),
        Content::Picture(picture) => picture.levels.iter().map(|level| f32::from(*level)).collect(),
        Content::Series(series) => (0..series.values.len()).map(|at| series.values.at(at)).collect(),
    }
}

fn classes(dataset: &Dataset) -> Vec<&str> {
    let class = |class: u32| dataset.classes[class as usize].as_str();
    dataset.recordings.iter().map(|recording| recording.class().map_or("", class)).collect()
}

#[test]
fn packed_idx_files() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&idx(&[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])).expect("memory");
    let files = MemoryFiles::new("tiny")
        .with("train-images-idx3-ubyte.gz", packed.finish().expect("memory"))
        .with("train-labels-idx1-ubyte", idx(&[3], &[10, 2, 10]))
        .with("t10k-images-idx3-ubyte", idx(&[1, 2, 2], &[0, 0, 0, 255]))
        .with("t10k-labels-idx1-ubyte", idx(&[1], &[2]));
    let (_, dataset) = load_guessed(&files);
    assert!(dataset.problems.is_empty(), "{:?}", dataset.problems);
    assert_eq!(dataset.classes, ["2", "10"]);
    assert_eq!(classes(&dataset), ["10", "2", "10", "2"]);
    assert_eq!(values(&dataset, 1), [5.0, 6.0, 7.0, 8.0]);
    let parts: Vec<_> = dataset.recordings.iter().map(|recording| recording.part).collect();
    assert_eq!(parts, [Some(Part::Train), Some(Part::Train), Some(Part::Train), Some(Part::Test)]);
    assert_eq!(dataset.recordings[2].origin.place, Place::Item(2));
}

#[test]
fn rows_with_labels_groups_and_targets() {
    let table = "person;height;weight;age;sport\nAna;1,70;60;30;run\n Ben ;1,85;82,5;40;swim\n";
    let files = MemoryFiles::new("people").with("people.csv", table);
    let name = |name: &str| Column::Name(name.to_owned());
    let options = RowsOptions {
        table: TextTable { delimiter: ';', ..TextTable::default() },
        label: Some(name("sport")),
        groups: vec![name("person")],
        values: vec![name("weight"), name("height")],
        ..RowsOptions::default()
    };
    let dataset = load(&files, &Format::Rows(options.clone()));
    assert!(dataset.problems.is_empty(), "{:?}", dataset.problems);
    assert_eq!(classes(&dataset), ["run", "swim"]);
    assert_eq!([values(&dataset, 0), values(&dataset, 1)], [[60.0, 1.7], [82.5, 1.85]]);
    assert_eq!(dataset.streams[0].channels, ["weight", "height"]);
    assert_eq!((&dataset.group_kinds[0][..], &*dataset.recordings[1].groups[0]), ("person", "Ben"));
    assert_eq!(dataset.recordings[1].origin.place, Place::Line(3));
    let options = RowsOptions { label: None, targets: vec![name("age")], ..options };
    let dataset = load(&files, &Format::Rows(options));
    assert_eq!(dataset.value_names, ["age"]);
    assert_eq!(dataset.recordings[1].label, Label::Values(vec![40.0]));
}

#[test]
fn rows_of_pixels() {
    let row = |label: u8| (0..64).fold(label.to_string(), |row, pixel| format!("{row},{}", pixel * label));
    let lines = |labels: &[u8]| labels.iter().map(|label| row(*label) + "\n").collect::<String>();
    let files = MemoryFiles::new("pixels")
        .with("pixels_train.csv", lines(&[0, 1, 2, 3, 1, 2]))
        .with("pixels_test.csv", lines(&[3, 1]));
    let naming = Naming { parts: true, ..Naming::default() };
    let options = RowsOptions {
        table: TextTable { header: false, ..TextTable::default() },
        label: Some(Column::Index(0)),
        picture: Some([8, 8, 1]),
        naming,
        ..RowsOptions::default()
    };
    let dataset = load(&files, &Format::Rows(options));
    assert_eq!(dataset.streams[0].kind, StreamKind::Pictures);
    let tests = dataset.recordings.iter().filter(|recording| recording.part == Some(Part::Test));
    assert_eq!((tests.count(), dataset.recordings.len()), (2, 8));
    let Content::Picture(Picture { height: 8, width: 8, channels: 1, levels }) =
        &dataset.recordings[0].contents[0]
    else {
        panic!("a picture");
    };
    assert_eq!(levels[63], 189);
}

#[test]
fn series_with_labels_times_and_people() {
    let mut table = String::from("who,t,x,y,act\n");
    for (who, start, act) in
        [("A", 0, "sit"), ("A", 5, "run"), ("B", 100, "run"), ("B", 105, ""), ("B", 110, "sit")]
    {
        (0..5).for_each(|step| table += &format!("{who},{},{step},0.5,{act}\n", (start + step) * 20));
    }
    let files = MemoryFiles::new("acts").with("acts.csv", table);
    let name = |name: &str| Column::Name(name.to_owned());
    let options = SeriesOptions {
        time: Some(TimeColumn { column: name("t"), unit: TimeUnit::Milliseconds }),
        label: Some(name("act")),
        groups: vec![name("who")],
        naming: Naming {
            label_names: BTreeMap::from([("sit".to_owned(), "sitting".to_owned())]),
            ..Naming::default()
        },
        ..SeriesOptions::default()
    };
    let dataset = load(&files, &Format::Series(options.clone()));
    assert!(dataset.problems.is_empty(), "{:?}", dataset.problems);
    assert_eq!(dataset.classes, ["run", "sitting"]);
    assert_eq!(dataset.streams[0].channels, ["x", "y"]);
    assert_eq!(dataset.streams[0].rate_hz, Some(50.0));
    let runs: Vec<_> = dataset.recordings.iter().map(|recording| recording.runs.clone()).collect();
    let run = |steps, class| LabelRun { steps, class };
    assert_eq!(runs, [vec![run(0..5, 1), run(5..10, 0)], vec![run(0..5, 0), run(10..15, 1)]]);
    assert_eq!(values(&dataset, 1)[..4], [0.0, 0.5, 1.0, 0.5]);
    let split = load(&files, &Format::Series(SeriesOptions { split_at_label: true, ..options.clone() }));
    assert_eq!(classes(&split), ["sitting", "run", "run", "", "sitting"]);
    assert_eq!(split.recordings[1].origin.place, Place::Line(7));
    // A step of 2 s stands between A's last row and B's first; B has none of its own.
    let gap =
        SeriesOptions { groups: vec![], values: vec![name("x")], split_at_gap_seconds: Some(1.0), ..options };
    assert_eq!(load(&files, &Format::Series(gap)).recordings.len(), 2);
}

/// A table with times in milliseconds and two channels that follow straight lines: `x = t`, `y = 1000 − 2 t`.
fn lines_over_time(times: &[f64]) -> String {
    let rows = times.iter().map(|time| {
        let act = if *time < 100.0 { "sit" } else { "run" };
        format!("{time},{time},{},{act}\n", 1000.0 - 2.0 * time)
    });
    format!("t,x,y,act\n{}", rows.collect::<String>())
}

fn over_time(files: &MemoryFiles, options: SeriesOptions) -> Dataset {
    let name = |name: &str| Column::Name(name.to_owned());
    let time = Some(TimeColumn { column: name("t"), unit: TimeUnit::Milliseconds });
    load(files, &Format::Series(SeriesOptions { time, label: Some(name("act")), ..options }))
}

#[test]
fn uneven_times_are_put_on_an_even_grid() {
    // 50 Hz with jitter of up to 8 ms either way and one row that is missing.
    let jitter = [0.0, 5.0, -8.0, 3.0, 7.0, -2.0, -6.0, 1.0];
    let times: Vec<f64> = (0..80)
        .filter(|step| *step != 40)
        .map(|step| f64::from(step) * 20.0 + jitter[step as usize * 3 % jitter.len()])
        .collect();
    let files = MemoryFiles::new("acts").with("acts.csv", lines_over_time(&times));
    let dataset = over_time(&files, SeriesOptions::default());
    let [recording] = &dataset.recordings[..] else { panic!("{:?}", dataset.problems) };
    let rate = dataset.streams[0].rate_hz.expect("a rate");
    assert!((rate / 50.0 - 1.0).abs() < 0.05, "{rate} Hz");
    let found = values(&dataset, 0);
    let step_ms = 1000.0 / rate;
    for (step, pair) in found.chunks(2).enumerate() {
        let time = times[0] + step as f64 * step_ms;
        assert!((f64::from(pair[0]) - time).abs() < 0.01, "x at {time} ms is {}", pair[0]);
        assert!((f64::from(pair[1]) - (1000.0 - 2.0 * time)).abs() < 0.02, "y at {time} ms is {}", pair[1]);
    }
    assert!((found.len() / 2).abs_diff(80) <= 4, "{} steps", found.len() / 2);
    // The label changes at 100 ms, on the grid as in the table.
    let boundary = recording.runs[0].steps.end as f64 * step_ms;
    assert!((80.0..=120.0).contains(&boundary), "{boundary} ms, {:?}", recording.runs);
    let [problem] = dataset.problems.list() else { panic!("{:#?}", dataset.problems) };
    assert_eq!(
        (problem.kind, &*problem.file, problem.place),
        (ProblemKind::Grid, "acts.csv", Place::Line(2))
    );
    assert!(
        problem.message.starts_with("79 rows with steps of ") && problem.message.contains("Hz"),
        "{problem:?}"
    );

    let kept = over_time(&files, SeriesOptions { rows_are_steps: true, ..SeriesOptions::default() });
    let as_written: Vec<f32> =
        times.iter().flat_map(|time| [*time as f32, (1000.0 - 2.0 * time) as f32]).collect();
    assert_eq!(values(&kept, 0), as_written);
    assert!(kept.problems.is_empty(), "{:#?}", kept.problems);
    let kept = over_time(&files, SeriesOptions { rate_hz: Some(50.0), ..SeriesOptions::default() });
    assert_eq!(values(&kept, 0), as_written, "a rate that is given stands above the times");
}

#[test]
fn even_times_keep_their_values() {
    // 30 Hz, rounded to milliseconds by the clock.
    let times: Vec<f64> = (0..60).map(|step| (f64::from(step) * 1000.0 / 30.0).round()).collect();
    let files = MemoryFiles::new("acts").with("acts.csv", lines_over_time(&times));
    let dataset = over_time(&files, SeriesOptions::default());
    assert!(dataset.problems.is_empty(), "{:#?}", dataset.problems);
    let as_written: Vec<f32> =
        times.iter().flat_map(|time| [*time as f32, (1000.0 - 2.0 * time) as f32]).collect();
    assert_eq!(values(&dataset, 0), as_written);
    let rate = dataset.streams[0].rate_hz.expect("a rate");
    assert!((rate - 30.0).abs() < 0.02, "{rate}");
}

#[test]
fn long_gaps_end_a_recording_and_short_ones_are_bridged() {
    let mut times: Vec<f64> = (0..30).map(|step| f64::from(step) * 10.0).collect();
    times.drain(10..18);
    times.extend((0..20).map(|step| 900.0 + f64::from(step) * 10.0));
    let files = MemoryFiles::new("acts").with("acts.csv", lines_over_time(&times));
    let dataset = over_time(&files, SeriesOptions::default());
    let steps: Vec<_> = dataset.recordings.iter().map(|recording| recording.contents[0].steps()).collect();
    assert_eq!(steps, [Some(30), Some(20)]);
    assert_eq!(values(&dataset, 0)[24..28], [120.0, 760.0, 130.0, 740.0], "on the line across the gap");
    let found: Vec<_> = dataset.problems.list().iter().map(|problem| (problem.kind, problem.place)).collect();
    assert_eq!(found, [(ProblemKind::Time, Place::Line(24)), (ProblemKind::Grid, Place::Line(2))]);
    let bridged = &dataset.problems.list()[1].message;
    assert!(bridged.ends_with("90.000 ms before line 12 are bridged by a straight line"), "{bridged}");
    assert_eq!(dataset.streams[0].rate_hz, Some(100.0));
}

#[test]
fn rows_in_bursts_stay_as_they_are() {
    let times: Vec<f64> = (0..40).map(|step| f64::from(step / 4) * 40.0).collect();
    let files = MemoryFiles::new("acts").with("acts.csv", lines_over_time(&times));
    let dataset = over_time(&files, SeriesOptions::default());
    assert_eq!(dataset.recordings[0].contents[0].steps(), Some(40));
    let [problem] = dataset.problems.list() else { panic!("{:#?}", dataset.problems) };
    assert!(
        problem.kind == ProblemKind::Grid && problem.message.contains("share their times"),
        "{problem:?}"
    );
}

#[test]
fn one_file_for_each_recording() {
    let mut files = MemoryFiles::new("gestures");
    for (class, person) in [("wave", "p1"), ("wave", "p2"), ("punch", "p1"), ("punch", "p2")] {
        for number in 0..2 {
            let rows: String =
                (0..6).map(|step| format!("{},{},{}\n", step, number, step * number)).collect();
            files.add(format!("{class}_{person}_{number}.csv"), format!("ax,ay,az\n{rows}"));
        }
    }
    let (guess, dataset) = load_guessed(&files);
    let Format::Series(options) = &guess.format else { panic!("{guess:?}") };
    assert_eq!(options.naming.label, FileLabel::FileName);
    assert_eq!(options.naming.pattern, "{label}_{person}_{number}");
    assert_eq!(dataset.recordings.len(), 8);
    assert_eq!(dataset.group_kinds, ["person", "number"]);
    assert_eq!(classes(&dataset), ["punch", "punch", "punch", "punch", "wave", "wave", "wave", "wave"]);
    assert_eq!(dataset.streams[0].rate_hz, None);
}

#[test]
fn logs_with_separators() {
    let log = "-,-,-\n1, 2, 3\n4, 5, 6\n-,-,-\n-,-,-\n7,8,9\n\n10 11 12\n-,-,-\n";
    let files = MemoryFiles::new("wand").with("gesture_a.txt", log).with("gesture_b.txt", log);
    let (guess, dataset) = load_guessed(&files);
    assert!(matches!(&guess.format, Format::Log(options) if options.separator == "-,-,-"), "{guess:?}");
    assert!(dataset.problems.is_empty(), "{:?}", dataset.problems);
    assert_eq!(classes(&dataset), ["a", "a", "b", "b"]);
    assert_eq!(values(&dataset, 1), [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]);
    assert_eq!(dataset.streams[0].channels, ["x", "y", "z"]);
    assert_eq!(dataset.recordings[1].origin.place, Place::Line(6));
}

#[test]
fn tables_that_list_files() {
    let sounds = MemoryFiles::new("calls")
        .with(
            "meta/list.csv",
            "file,bird,split\n1.wav,owl,train\n2.wav,jay,test\n3.wav,owl,train\n2.wav,jay,test\n",
        )
        .with("clips/1.wav", wav(8000, 1, &[1, 2]))
        .with("clips/2.wav", wav(8000, 1, &[3]))
        .with("clips/4.wav", wav(8000, 1, &[4]));
    let (guess, dataset) = load_guessed(&sounds);
    assert!(matches!(&guess.format, Format::List(options) if options.label.is_some()), "{guess:?}");
    assert_eq!(dataset.classes, ["jay", "owl"]);
    assert_eq!(classes(&dataset), ["owl", "jay", "jay"]);
    assert_eq!(values(&dataset, 0), [1.0 / 32_768.0, 2.0 / 32_768.0]);
    let parts: Vec<_> = dataset.recordings.iter().map(|recording| recording.part).collect();
    assert_eq!(parts, [Some(Part::Train), Some(Part::Test), Some(Part::Test)]);
    assert_eq!(&*dataset.recordings[1].origin.file, "clips/2.wav");
    let found: Vec<_> = dataset
        .problems
        .list()
        .iter()
        .map(|problem| (problem.kind, &*problem.file, problem.place, &problem.message[..]))
        .collect();
    let table = "meta/list.csv";
    let expected = [
        (ProblemKind::Missing, table, Place::Line(4), "“3.wav” is not there"),
        (ProblemKind::Note, table, Place::Line(5), "“2.wav” was listed in line 3 already"),
        (ProblemKind::Note, table, Place::File, "1 file is not listed and not used"),
    ];
    assert_eq!(found, expected);

    let red = picture(4, 2, image::ImageFormat::Png, |_, _| [200, 0, 0]);
    let grey = picture(3, 3, image::ImageFormat::Png, |_, _| [9, 9, 9]);
    let pictures = MemoryFiles::new("sizes")
        .with("list.csv", "picture,target\nred.png,0.5\ngrey.png,1.25\n")
        .with("red.png", red)
        .with("grey.png", grey);
    let (guess, dataset) = load_guessed(&pictures);
    assert!(dataset.problems.is_empty(), "{guess:?} {:#?}", dataset.problems);
    assert_eq!(dataset.value_names, ["target"]);
    let labels: Vec<_> = dataset.recordings.iter().map(|recording| recording.label.clone()).collect();
    assert_eq!(labels, [Label::Values(vec![0.5]), Label::Values(vec![1.25])]);
    assert_eq!(dataset.streams[0].channels.len(), 3, "one of them is coloured");
    let text = toml::to_string(&guess.format).expect("text");
    assert_eq!(toml::from_str::<Format>(&text).expect("a format"), guess.format);
}

#[test]
fn sounds_of_all_widths() {
    let float = {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8000,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("memory");
        [0.5f32, -0.25].iter().for_each(|sample| writer.write_sample(*sample).expect("memory"));
        writer.finalize().expect("memory");
        bytes.into_inner()
    };
    let files = MemoryFiles::new("sounds")
        .with("a/16.wav", wav(8000, 1, &[16_384, -8192]))
        .with("a/17.wav", wav(8000, 1, &[1]))
        .with("b/32.WAV", float)
        .with("b/33.wav", wav(8000, 1, &[2]));
    let (_, dataset) = load_guessed(&files);
    assert!(dataset.problems.is_empty(), "{:?}", dataset.problems);
    assert_eq!(values(&dataset, 0), [0.5, -0.25]);
    assert_eq!(values(&dataset, 2), [0.5, -0.25]);
    assert_eq!(classes(&dataset), ["a", "a", "b", "b"]);
    let Content::Series(series) = &dataset.recordings[0].contents[0] else { panic!("a sound") };
    assert!(matches!(series.values, SeriesValues::I16(_)), "16 bits stay 16 bits in memory");
}

#[test]
fn pictures_of_all_kinds() {
    let red = |_, _| [200, 10, 10];
    let grey = |x: u32, _| [(x % 25) as u8 * 10; 3];
    let files = MemoryFiles::new("pictures")
        .with("train/cat/1.png", picture(5, 4, image::ImageFormat::Png, red))
        .with("train/cat/2.bmp", picture(3, 3, image::ImageFormat::Bmp, red))
        .with("train/dog/1.jpg", picture(16, 8, image::ImageFormat::Jpeg, grey))
        .with("test/dog/2.jpeg", picture(1200, 600, image::ImageFormat::Jpeg, grey));
    let (_, dataset) = load_guessed(&files);
    assert!(dataset.problems.is_empty(), "{:?}", dataset.problems);
    let found: BTreeMap<_, _> = dataset
        .recordings
        .iter()
        .map(|recording| {
            let Content::Picture(picture) = &recording.contents[0] else { panic!("a picture") };
            (recording.origin.file.to_string(), (picture.width, picture.height, picture.channels))
        })
        .collect();
    let expected = [
        ("test/dog/2.jpeg", (512, 256, 1)),
        ("train/cat/1.png", (5, 4, 3)),
        ("train/cat/2.bmp", (3, 3, 3)),
        ("train/dog/1.jpg", (16, 8, 1)),
    ];
    assert_eq!(found, expected.map(|(name, size)| (name.to_owned(), size)).into());
    assert_eq!(dataset.recordings.iter().filter(|recording| recording.part == Some(Part::Test)).count(), 1);
    assert_eq!(dataset.classes, ["cat", "dog"]);
}

fn array<T: Element>(ty: TensorType, shape: &[usize], elements: &[T]) -> Vec<u8> {
    write_array(&Array { ty, shape: shape.to_vec(), data: bytes_from_elements(elements) }).expect("an array")
}

#[test]
fn arrays_in_one_file() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: Vec<u8>| {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("memory");
        archive.write_all(&bytes).expect("memory");
    };
    let pixels: Vec<u8> = (0..3 * 4 * 4).collect();
    add("x_train.npy", array(TensorType::Uint8, &[3, 4, 4], &pixels));
    add("y_train.npy", array(TensorType::Int64, &[3], &[7i64, 1, 7]));
    add("x_test.npy", array(TensorType::Uint8, &[1, 4, 4], &pixels[..16]));
    add("y_test.npy", array(TensorType::Int64, &[1], &[1i64]));
    let bytes = archive.finish().expect("memory").into_inner();
    let (_, dataset) = load_guessed(&MemoryFiles::new("arrays").with("digits.npz", bytes));
    assert!(dataset.problems.is_empty(), "{:?}", dataset.problems);
    assert_eq!(classes(&dataset), ["7", "1", "7", "1"]);
    assert_eq!(dataset.recordings[3].part, Some(Part::Test));
    assert_eq!(values(&dataset, 1)[..3], [16.0, 17.0, 18.0]);
    assert_eq!(dataset.streams[0].kind, StreamKind::Pictures);
}

#[test]
fn arrays_of_series_values_and_one_hot_rows() {
    let numbers: Vec<f32> = (0..2 * 5 * 3).map(|number| number as f32).collect();
    let one_hot = array(TensorType::Float32, &[2, 3], &[0.0f32, 0.0, 1.0, 1.0, 0.0, 0.0]);
    let files = MemoryFiles::new("arrays")
        .with("X.npy", array(TensorType::Float32, &[2, 5, 3], &numbers))
        .with("y.npy", one_hot)
        .with("v.npy", array(TensorType::Float64, &[2, 1], &[0.5f64, 1.5]));
    let set = |targets: &str| {
        let place = |file: &str| ArrayRef { file: file.to_owned(), array: None };
        ArraySet { inputs: place("X.npy"), targets: Some(place(targets)), part: None }
    };
    let options = |targets, series| {
        Format::Arrays(ArrayOptions {
            sets: vec![set(targets)],
            series,
            rate_hz: Some(5.0),
            ..Default::default()
        })
    };
    let dataset = load(&files, &options("y.npy", true));
    assert_eq!(classes(&dataset), ["2", "0"]);
    assert_eq!((&dataset.streams[0].kind, dataset.streams[0].rate_hz), (&StreamKind::Series, Some(5.0)));
    assert_eq!(dataset.recordings[1].contents[0].steps(), Some(5));
    let dataset = load(&files, &options("v.npy", false));
    assert_eq!(dataset.streams[0].kind, StreamKind::Values { shape: vec![5, 3] });
    assert_eq!(dataset.recordings[1].label, Label::Values(vec![1.5]));
}

#[test]
fn formats_are_kept_in_readable_texts() {
    let (guess, dataset) = load_guessed(&MemoryFiles::new("x").with("x.csv", "a,b,label\n1,2,u\n3,4,v\n"));
    let text = toml::to_string(&guess.format).expect("TOML");
    assert!(text.starts_with("format = \"rows\""), "{text}");
    assert_eq!(toml::from_str::<Format>(&text).expect("a format"), guess.format);
    assert_eq!(dataset.name, "x");
}
