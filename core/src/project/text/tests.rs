use std::collections::BTreeMap;

use super::*;
use crate::dataset::{
    Column, Features, FileLabel, Format, Generated, Generator, InputPreparation, Length, Naming,
    Normalisation, Padding, Part, Preparation, Rule, SeriesOptions, SoundFeatures, SoundOptions, Split,
    TimeColumn, TimeUnit, Window,
};
use crate::layers::{Activation, Layer, LayerGraph, LayerId, LayerKind, WeightOptions};
use crate::project::{
    DataReference, EpochFigures, Fingerprint, Goal, RunRecord, RunState, TestFigures, VariantFigures,
    VariantRecord,
};
use crate::quantize::{Calibration, CalibrationMethod, Recipe};
use crate::training::{ClassWeights, EarlyStopping, Loss, Optimizer, Schedule, TrainingConfig};

fn network() -> LayerGraph {
    let layer = |id, name: &str, inputs: &[u32], kind| Layer {
        id: LayerId(id),
        name: name.to_owned(),
        inputs: inputs.iter().copied().map(LayerId).collect(),
        position: (id == 2).then_some([12.5, -40.0]),
        kind,
    };
    let dense = |units, activation| LayerKind::Dense {
        units,
        activation,
        weights: WeightOptions { l2: 0.001, ..WeightOptions::default() },
    };
    LayerGraph {
        name: "words".to_owned(),
        layers: vec![
            layer(1, "input", &[], LayerKind::Input { shape: vec![49, 13] }),
            layer(2, "flatten", &[1], LayerKind::Flatten {}),
            layer(3, "dense", &[2], dense(16, Activation::Relu)),
            layer(4, "dropout", &[3], LayerKind::Dropout { rate: 0.3 }),
            layer(5, "out \"quoted\"", &[4], dense(10, Activation::Softmax)),
        ],
        outputs: vec![LayerId(5)],
    }
}

fn full() -> Project {
    let naming = Naming {
        label: FileLabel::FileName,
        pattern: "{label}_{speaker}_{number}".to_owned(),
        parts: true,
        label_names: BTreeMap::from([("0".to_owned(), "zero".to_owned())]),
    };
    let fingerprint = Fingerprint { files: 2500, bytes: 12_345_678, sha256: "ab".repeat(32) };
    Project {
        template: "conv1d-sound".to_owned(),
        target: Some(super::super::TargetChoice { chip: "esp32s3".to_owned(), kernels: "esp-nn".to_owned() }),
        goal: Goal { accuracy: Some(0.97), latency_millis: Some(100.0), ..Goal::default() },
        data: Some(DataReference {
            test_paths: vec!["../more/test".to_owned()],
            fingerprint: Some(fingerprint),
            ..DataReference::new(
                vec!["../sets/Señales\nodd \\ name".to_owned()],
                Some(Format::Sound(SoundOptions { naming, ..SoundOptions::default() })),
            )
        }),
        preparation: Preparation {
            inputs: vec![InputPreparation {
                channels: vec![0, 2],
                rate_hz: Some(8000.0),
                features: Features::Mfcc(SoundFeatures::default()),
                normalisation: Normalisation::StandardDeviation { per_channel: true },
                ..InputPreparation::default()
            }],
            window: Window::Sliding {
                length: Length::Seconds(1.0),
                stride: Length::Steps(4000),
                least_share: 0.8,
                short: Padding::ZerosAround,
            },
            ..Preparation::default()
        },
        split: Split {
            seed: 7,
            test: Rule::Groups { kind: "number".to_owned(), groups: vec!["0".to_owned(), "1".to_owned()] },
            together: Some("speaker".to_owned()),
            ..Split::default()
        },
        training: TrainingConfig {
            loss: Loss::Huber { delta: 0.5 },
            optimizer: Optimizer::RMS_PROP,
            schedule: Schedule::Cosine { warm_up: 2, final_share: 0.1 },
            class_weights: ClassWeights::Given(vec![1.0, 0.25]),
            early_stopping: Some(EarlyStopping { patience: 5, minimum_change: 1e-4 }),
            clip_norm: Some(1.0),
            ..TrainingConfig::default()
        },
        network: network(),
        runs: vec![RunRecord {
            number: 3,
            started: 1_790_000_000,
            state: RunState::Finished,
            epochs: 20,
            best_epoch: 17,
            seconds: 12.75,
            best: Some(EpochFigures { loss: 0.125, accuracy: Some(0.975), ..EpochFigures::default() }),
            test: Some(TestFigures {
                samples: 500,
                loss: 0.2,
                accuracy: Some(0.96),
                mean_absolute_error: None,
            }),
            ..RunRecord::default()
        }],
        variants: vec![VariantRecord {
            name: "int8, percentile".to_owned(),
            run: 3,
            pinned: true,
            file: "variants/int8-percentile.tflite".to_owned(),
            file_bytes: 57_248,
            file_sha256: "00ff".to_owned(),
            figures: Some(VariantFigures {
                samples: 500,
                accuracy: Some(0.955),
                ..VariantFigures::default()
            }),
            recipe: Some(Recipe {
                calibration: Calibration {
                    method: CalibrationMethod::Percentile { percent: 99.5 },
                    ..Calibration::default()
                },
                ..Recipe::default()
            }),
        }],
        ..Project::new("Spoken words")
    }
}

fn check(project: &Project) {
    let text = to_text(project).expect("its numbers are small");
    let back = from_text(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(back, *project, "{text}");
    assert_eq!(to_text(&back).expect("as before"), text);
}

fn error_of(text: &str) -> ProjectError {
    from_text(text).expect_err("the text is broken")
}

#[test]
fn projects_survive_being_written_and_read() {
    check(&full());
    check(&Project::default());
    for kind in Generator::ALL {
        let reading = Some(Format::Generated(Generated { kind, seed: 1, count: kind.default_count() }));
        check(&Project { data: Some(DataReference::new(Vec::new(), reading)), ..Project::new("generated") });
    }
    let series = SeriesOptions {
        values: vec![Column::Name("x".to_owned()), Column::Index(-1)],
        time: Some(TimeColumn { column: Column::Index(0), unit: TimeUnit::Nanoseconds }),
        split_at_gap_seconds: Some(0.5),
        ..SeriesOptions::default()
    };
    let reading = Some(Format::Series(series));
    check(&Project {
        data: Some(DataReference::new(vec![".".to_owned()], reading)),
        ..Project::new("motion")
    });
    let idx: Format =
        toml::from_str("format = \"idx\"\nsets = [{ images = \"a\", labels = \"b\", part = \"test\" }]")
            .expect("as the documentation of the format has it");
    let Format::Idx(options) = &idx else { panic!("{idx:?}") };
    assert_eq!(options.sets[0].part, Some(Part::Test));
    check(&Project {
        data: Some(DataReference::new(vec!["mnist".to_owned()], Some(idx))),
        ..Project::new("digits")
    });
}

#[test]
fn the_text_is_one_that_people_read() {
    let text = to_text(&full()).expect("its numbers are small");
    for line in [
        "version = 1",
        "name = \"Spoken words\"",
        "[[network.layers]]",
        "learning_rate = 0.001",
        "rate = 0.3",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[test]
fn what_is_missing_has_its_default() {
    let project = from_text("version = 1\nname = \"a\"\n[training]\nepochs = 3").expect("a sound text");
    let training = TrainingConfig { epochs: 3, ..TrainingConfig::default() };
    assert_eq!(project, Project { training, ..Project::new("a") });
}

#[test]
fn keys_of_others_are_kept() {
    let text = "version = 1\nname = \"a\"\nnote = \"mine\"\n[training]\nepochs = 3\nunheard = 1\n[plugin]\nx = [1, 2]";
    let project = from_text(text).expect("unknown keys do no harm");
    assert_eq!(project.training.epochs, 3);
    let written = to_text(&project).expect("small numbers");
    let again = from_text(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(again, project);
    assert_eq!(again.unknown["note"].as_str(), Some("mine"));
    assert_eq!(again.unknown["plugin"]["x"][1].as_integer(), Some(2));
    assert!(written.contains("unheard = 1"), "{written}");
}

/// The text with a line behind another.
fn with_line(text: &str, after: &str, line: &str) -> String {
    assert!(text.contains(after), "{after} is not in\n{text}");
    text.replacen(after, &format!("{after}\n{line}"), 1)
}

#[test]
fn keys_of_others_stay_in_tables_layers_and_runs() {
    let text = to_text(&full()).expect("small numbers");
    let text = with_line(&text, "[training]", "ours = \"no\"");
    let text = with_line(&text, "[goal]", "energy = 2.5");
    let text = with_line(&text, "name = \"dropout\"", "note = \"keep\"");
    let text = with_line(&text, "number = 3", "board = \"a\"");
    let mut project = from_text(&text).expect("unknown keys do no harm");
    let written = to_text(&project).expect("small numbers");
    for line in ["ours = \"no\"", "energy = 2.5", "note = \"keep\"", "board = \"a\""] {
        assert_eq!(written.lines().filter(|found| *found == line).count(), 1, "{line}\n{written}");
    }
    assert_eq!(from_text(&written).expect("our own text"), project);
    assert!(written.starts_with("version = 1\nname = "), "{written}");

    // They follow their layer and their run, wherever these go, and go with them.
    project.network.layers.swap(1, 3);
    project.runs.insert(0, RunRecord { number: 9, ..RunRecord::default() });
    project.training.epochs = 77;
    project.goal = Goal::default();
    let moved = from_text(&to_text(&project).expect("small numbers")).expect("our own text");
    assert_eq!(moved, project);
    let table: toml::Table = toml::from_str(&to_text(&project).expect("small numbers")).expect("it is TOML");
    let layers = table["network"]["layers"].as_array().expect("a list");
    let noted: Vec<_> = layers.iter().filter(|layer| layer.get("note").is_some()).collect();
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0]["name"].as_str(), Some("dropout"));
    assert_eq!(table["runs"][0].get("board"), None);
    assert_eq!(table["runs"][1]["board"].as_str(), Some("a"));
    assert_eq!(table["goal"]["energy"].as_float(), Some(2.5));
    assert_eq!(table["training"]["epochs"].as_integer(), Some(77));
    project.network.layers.retain(|layer| layer.name != "dropout");
    project.runs.clear();
    let without = to_text(&project).expect("small numbers");
    assert!(!without.contains("note = ") && !without.contains("board"), "{without}");
}

#[test]
fn what_others_keep_never_makes_a_project_unreadable() {
    let text = to_text(&full()).expect("small numbers");
    let text = with_line(&text, "[data]", "mirror = \"elsewhere\"");
    let project = from_text(&text).expect("unknown keys do no harm");
    for changed in [
        Project { data: None, ..project.clone() },
        Project { target: None, ..project.clone() },
        Project { split: Split::default(), preparation: Preparation::default(), ..project },
    ] {
        let written = to_text(&changed).expect("small numbers");
        let read = from_text(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(
            Project { unknown: toml::Table::new(), ..read },
            Project { unknown: toml::Table::new(), ..changed }
        );
    }
}

#[test]
fn a_broken_text_names_line_and_column() {
    for (text, at, part) in [
        ("version = 1\nname = \"a\nb = 2", (2, 10), "string"),
        ("version = 1\nname = = 2", (2, 8), ""),
        ("version = 1\n\n[training]\nepochs = \"many\"", (4, 10), "invalid type"),
        ("version = 1\nname = \"é\"\n[split.test]\nrule = \"odd\"", (4, 8), "unknown variant"),
    ] {
        let ProjectError::Text { line, column, message } = error_of(text) else { panic!("{text}") };
        assert_eq!((line, column), at, "{text}: {message}");
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_broken_layer_names_a_place() {
    let text = to_text(&full()).expect("small numbers").replace("rate = 0.3", "rate = \"much\"");
    let ProjectError::Text { line, message, .. } = error_of(&text) else { panic!("a layer is broken") };
    assert!(line > 1, "line {line}: {message}");
}

#[test]
fn a_newer_version_is_refused() {
    let error = error_of("version = 2\nname = 7\nnetwork = \"of another form\"");
    assert_eq!(error, ProjectError::Newer { found: 2 });
    assert!(error.to_string().contains("version 2") && error.help().contains("newer Emberlab"));
}

#[test]
fn other_texts_are_no_projects() {
    for text in ["", "[package]\nname = \"x\"", "version = \"1\"", "version = 0"] {
        assert_eq!(error_of(text), ProjectError::NotAProject, "{text}");
    }
}

#[test]
fn every_cut_text_is_an_error_or_a_project() {
    let text = to_text(&full()).expect("small numbers");
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        if let Err(error) = from_text(&text[..end]) {
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn a_seed_that_does_not_fit_is_an_error() {
    let project = Project { split: Split { seed: u64::MAX, ..Split::default() }, ..Project::default() };
    assert!(matches!(to_text(&project), Err(ProjectError::Unwritable(_))));
}
