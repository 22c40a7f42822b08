//! Writes a trained project that ships with the app, with the files of its runs and the trained float32 model:
//! `cargo run -p emberlab --example make_trained_example -- FOLDER [NAME]`.
//!
//! Data are made from a seed and everything is computed on the CPU, so that the same machine writes the same weights.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use emberlab::jobs::{prepare_in_parallel, write_project_file};
use emberlab::project::files_folder;
use emberlab::training::{
    Heard, RunFolder, RunHistory, Switch, Task, TrainingData, metric_of, new_record, note_end, note_epochs,
    train,
};
use emberlab_core::dataset::{Format, Generated, Generator, generate};
use emberlab_core::layers::templates::Template;
use emberlab_core::layers::{LoweringOptions, lower};
use emberlab_core::project::{DataReference, Goal, Project, network_sizes, recipe};
use emberlab_core::training::{BackendChoice, Schedule, TrainingConfig};

/// What a run does otherwise than the recipe.
type Change = fn(&mut TrainingConfig);

/// An example: its name, the template of its network, its data.
struct Example {
    name: &'static str,
    template: &'static str,
    generator: Generator,
    /// Accuracy to reach, where there is one.
    goal: Option<f32>,
    /// Runs: name, and what is different from the recipe.
    runs: &'static [(&'static str, Change)],
}

const EXAMPLES: &[Example] = &[
    Example {
        name: "Drawn digits",
        template: "digits-cnn",
        generator: Generator::Digits,
        goal: Some(0.95),
        runs: &[
            ("constant 64", |config| config.schedule = Schedule::Constant),
            ("cosine 64", |_| {}),
            ("cosine 64, shifted", |config| {
                config.augmentation.shift = 0.08;
                config.augmentation.noise = 0.03;
            }),
        ],
    },
    Example {
        name: "Motion gestures",
        template: "gesture-lstm",
        generator: Generator::Gestures,
        goal: Some(0.95),
        runs: &[("recipe", |_| {})],
    },
    Example {
        name: "Sine",
        template: "sine",
        generator: Generator::Sine,
        goal: None,
        runs: &[("cosine 32", |config| config.epochs = 60)],
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, name) = match arguments.as_slice() {
        [folder] => (folder, EXAMPLES[0].name),
        [folder, name] => (folder, name.as_str()),
        _ => {
            eprintln!("usage: make_trained_example FOLDER [NAME]");
            return ExitCode::from(2);
        }
    };
    let made = match EXAMPLES.iter().find(|example| example.name == name) {
        Some(example) => make(example, Path::new(folder)),
        None => Err(format!("there is no example “{name}”")),
    };
    match made {
        Ok(file) => {
            eprintln!("{}", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn make(example: &Example, folder: &Path) -> Result<PathBuf, String> {
    let file = folder.join(format!("{}.emberlab", example.name));
    let template = Template::from_id(example.template).ok_or("there is no such template")?;
    let generated = Generated { kind: example.generator, seed: 1, count: example.generator.default_count() };
    let dataset = Arc::new(generate(&generated));
    let (preparation, split) = recipe(template, &dataset);
    let prepared = prepare_in_parallel(&dataset, &preparation, &split, &|_, _| true)
        .map_err(|error| error.to_string())?
        .ok_or("preparing was ended")?;
    let sizes = network_sizes(&dataset, &preparation, &split).map_err(|error| error.to_string())?;
    let mut project = Project {
        template: template.id.to_owned(),
        network: template.graph(&sizes),
        training: TrainingConfig { backend: BackendChoice::Cpu, ..template.recipe() },
        data: Some(DataReference::new(Vec::new(), Some(Format::Generated(generated)))),
        goal: Goal { accuracy: example.goal, ..Goal::default() },
        preparation,
        split,
        ..Project::new(example.name)
    };
    let data = TrainingData { prepared: Arc::new(prepared), dataset: Some(dataset) };
    for (name, change) in example.runs {
        let mut settings = project.training.clone();
        change(&mut settings);
        run(&mut project, &file, &data, name, settings)?;
    }
    write_project_file(&file, &project)?;
    Ok(file)
}

fn run(
    project: &mut Project,
    file: &Path,
    data: &TrainingData,
    name: &str,
    settings: TrainingConfig,
) -> Result<(), String> {
    let folder = RunFolder::new(&files_folder(file), project.next_run());
    eprintln!("{name}…");
    let mut record = new_record(project, &settings, Some(&folder));
    record.name = name.to_owned();
    let graph = project.network.clone();
    let switch = Switch::default();
    let task = Task {
        graph: &graph,
        settings: &settings,
        data,
        folder: Some(&folder),
        resume: false,
        switch: &switch,
        is_cancelled: &|| false,
    };
    let (mut history, mut metric) = (RunHistory::default(), metric_of(settings.loss));
    let finished = train(&task, &mut |heard| match heard {
        Heard::Began(began) => {
            metric = began.metric;
            record.backend = began.backend;
        }
        Heard::Epoch(epoch) => {
            history.epochs.push(epoch);
        }
        Heard::Step(..) | Heard::Paused | Heard::WentOn | Heard::Testing | Heard::Note(_) => {}
    })
    .map_err(|failure| failure.message)?;
    note_epochs(&mut record, &history, metric, 0.0);
    note_end(&mut record, &finished, false);
    // Runs that ship with the app are over: nobody goes on from their checkpoints.
    record.files.checkpoint.clear();
    std::fs::remove_file(folder.path().join("checkpoint")).map_err(|error| error.to_string())?;
    eprintln!("{name} {:?}", record.test);
    let options = LoweringOptions {
        labels: data.prepared.classes.clone(),
        description: Some(format!("{}, trained with Emberlab", project.name)),
        ..LoweringOptions::default()
    };
    let lowered = lower(&graph, &finished.weights, &options).map_err(|error| error.to_string())?;
    let bytes = emberlab_core::tflite::write(&lowered.model).map_err(|error| error.to_string())?;
    std::fs::write(file.with_extension("tflite"), bytes).map_err(|error| error.to_string())?;
    project.runs.push(record);
    Ok(())
}
