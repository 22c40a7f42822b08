//! The panel in a headless window, with real runs over generated data.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use emberlab_core::dataset::{Format, Generated, Generator, generate};
use emberlab_core::layers::templates::Template;
use emberlab_core::project::{DataReference, Project, RunState, network_sizes, recipe};
use emberlab_core::training::{BackendChoice, TrainingConfig};

use crate::app::App;
use crate::command::Command;
use crate::document::PanelKind;
use crate::jobs::write_project_file;
use crate::project::OpenProject;
use crate::project::train::{Phase, TrainCommand};
use crate::settings::Settings;
use crate::training::{StepCurve, StepPoint};

/// A window with a project of its own in a folder that is gone at the end.
struct Window {
    harness: Harness<'static, App>,
    folder: PathBuf,
}

impl Drop for Window {
    fn drop(&mut self) {
        // A run that still goes on writes into the folder.
        self.harness.state_mut().send(Command::Train(TrainCommand::Stop));
        self.settle();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn project(generator: Generator, count: usize, template: &str) -> Project {
    let template = Template::from_id(template).expect("it ships with the app");
    let generated = Generated { kind: generator, seed: 1, count };
    let dataset = generate(&generated);
    let (preparation, split) = recipe(template, &dataset);
    let sizes = network_sizes(&dataset, &preparation, &split).expect("the recipe suits the set");
    Project {
        network: template.graph(&sizes),
        training: TrainingConfig {
            backend: BackendChoice::Cpu,
            epochs: 3,
            batch_size: 16,
            ..template.recipe()
        },
        data: Some(DataReference::new(Vec::new(), Some(Format::Generated(generated)))),
        preparation,
        split,
        ..Project::new("test")
    }
}

fn digits() -> Project {
    project(Generator::Digits, 12, "digits-dense")
}

impl Window {
    fn open(name: &str, project: &Project) -> Self {
        let folder = std::env::temp_dir().join(format!("emberlab-train-panel-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written to");
        let file = folder.join("test.emberlab");
        write_project_file(&file, project).expect("the folder is ours");
        Self::over(folder, file)
    }

    fn over(folder: PathBuf, file: PathBuf) -> Self {
        let mut harness = Harness::builder()
            .with_size([1440.0, 900.0])
            .build_ui_state(|ui, app: &mut App| app.show(ui), App::headless(Settings::default()));
        harness.state_mut().send(Command::Open(vec![file]));
        let mut window = Self { harness, folder };
        window.settle();
        window.harness.state_mut().send(Command::ShowPanel(PanelKind::Train));
        window.settle();
        window
    }

    fn open_project(&self) -> &OpenProject {
        let (_, open) = self.harness.state().document().active_project().expect("the project is open");
        open
    }

    /// Runs frames until `is_there`.
    fn wait(&mut self, what: &str, is_there: impl Fn(&OpenProject) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            self.harness.run_steps(1);
            if is_there(self.open_project()) {
                self.harness.run_steps(2);
                return;
            }
            assert!(Instant::now() < deadline, "{what} does not come");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs frames until nothing is to be done any more.
    fn settle(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            self.harness.run_steps(2);
            if self.harness.state().is_settled() {
                self.harness.run_steps(2);
                return;
            }
            assert!(Instant::now() < deadline, "the app does not settle");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn send(&mut self, command: TrainCommand) {
        self.harness.state_mut().send(Command::Train(command));
        self.harness.run_steps(3);
    }

    fn train(&mut self) {
        self.harness.get_by_label("Train the network").click();
        self.harness.run_steps(2);
    }
}

fn is_running(open: &OpenProject) -> bool {
    open.train.live.as_ref().is_some_and(|live| live.phase == Phase::Running && live.figures.step > 0)
}

#[test]
fn without_layers_the_panel_leads_to_design() {
    let mut window = Window::open("empty", &Project { network: Default::default(), ..digits() });
    window.harness.get_by_label_contains("There is nothing to train");
    window.harness.get_by_label("Go to Design").click();
    window.settle();
    assert_eq!(window.harness.state().document().panel, PanelKind::Design);
}

#[test]
fn without_data_the_panel_leads_to_data() {
    let mut window = Window::open("no-data", &Project { data: None, ..digits() });
    window.harness.get_by_label_contains("Nothing to train on");
    window.harness.get_by_label("Go to Data").click();
    window.settle();
    assert_eq!(window.harness.state().document().panel, PanelKind::Data);
}

#[test]
fn a_network_of_other_classes_is_told_before_it_is_trained() {
    let sine = project(Generator::Sine, 50, "sine");
    let window = Window::open("unfit", &Project { network: sine.network, ..digits() });
    window.harness.get_by_label_contains("Network and data do not fit");
    window.harness.get_by_label_contains("The network takes 1, and a sample has 28×28×1");
}

#[test]
fn a_run_has_curves_a_matrix_and_figures_of_classes() {
    let mut window = Window::open("whole", &digits());
    window.harness.get_by_label_contains("Nothing has been trained");
    window.harness.get_by_label("Begin training").click();
    window.settle();
    let record = &window.open_project().project.runs[0];
    assert_eq!((record.state, record.epochs), (RunState::Finished, 3));
    assert!(record.test.is_some_and(|test| test.accuracy.is_some() && test.samples > 0));
    let harness = &mut window.harness;
    harness.get_by_label_contains("Loss, rmsprop 16, train ");
    harness.get_by_label_contains("Accuracy, rmsprop 16, train ");
    harness.get_by_label("Epoch 3 of 3, complete");
    harness.get_by_label_contains("Best validation, ");
    harness.get_by_label_contains("Run rmsprop 16, ");
    // The matrix: every sample is in one of its cells.
    assert!(harness.query_all_by_label_contains(" said to be ").count() >= 10);
    harness.get_by_label("Classes").click();
    harness.run_steps(3);
    harness.get_by_label_contains("Class 7, precision ");
    harness.get_by_label("Worst").click();
    harness.run_steps(3);
    let worst = harness.query_all_by_label_contains("its class got").next();
    worst.expect("the worst samples are listed").click();
    window.settle();
    assert_eq!(window.harness.state().document().panel, PanelKind::Data);
}

#[test]
fn numbers_get_a_plot_and_figures() {
    let mut window = Window::open("numbers", &project(Generator::Sine, 200, "sine"));
    assert!(window.harness.query_all_by_label("normalised").count() > 0, "it is on and can be turned off");
    window.train();
    window.settle();
    let record = &window.open_project().project.runs[0];
    assert!(record.settings.normalise_targets);
    assert!(record.test.is_some_and(|test| test.mean_absolute_error.is_some() && test.accuracy.is_none()));
    window.harness.get_by_label_contains("Predicted against true, ");
    window.harness.get_by_label_contains("Mean absolute error, cosine 16, train ");
    window.harness.get_by_label("Figures").click();
    window.harness.run_steps(3);
    window.harness.get_by_label_contains("R squared, ");
    assert!(window.harness.query_by_label("Against the goal").is_none(), "numbers have no share to reach");
}

#[test]
fn a_run_is_paused_goes_on_and_is_stopped_with_its_best() {
    let mut project = digits();
    project.training.epochs = 100_000;
    let mut window = Window::open("pause", &project);
    window.train();
    window.wait("the first step", is_running);
    window.harness.get_by_label_contains("Settings are locked while the run is going.");
    window.harness.get_by_label_contains("Epochs, 100,000, locked");
    assert!(window.harness.query_by_label("Train the network").is_none(), "one run at a time");
    window.harness.get_by_label("Pause").click();
    window.wait("the pause", |open| open.train.live.as_ref().is_some_and(|live| live.phase == Phase::Paused));
    let step = |window: &Window| window.open_project().train.live.as_ref().map(|live| live.figures.step);
    let paused = step(&window);
    window.harness.run_steps(20);
    std::thread::sleep(Duration::from_millis(60));
    window.harness.run_steps(5);
    assert_eq!(step(&window), paused, "steps are taken in a pause");
    window.harness.get_by_label("Go on").click();
    window.wait("the next step", |open| is_running(open) && open.project.runs[0].epochs > 0);
    window.harness.get_by_label("Stop, keep best").click();
    window.settle();
    let open = window.open_project();
    let record = &open.project.runs[0];
    assert_eq!(record.state, RunState::Stopped);
    assert!(record.epochs > 0 && record.best_epoch > 0 && record.test.is_some());
    assert!(open.train.weights.contains_key(&1));
    assert!(window.folder.join("test.files/run-1/weights").is_file());
    assert!(window.folder.join("test.files/run-1/checkpoint").is_file());
    window.harness.get_by_label("Go on with this run");
}

/// Seconds that this thread has computed, where the system tells; else seconds that have gone by.
fn thread_seconds(begin: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanos.map_or_else(|| begin.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

/// How long frames take beside a run with as many points as are ever kept is printed, not judged: machines differ.
#[test]
fn frames_go_on_while_a_long_run_does() {
    const FRAMES: usize = 240;
    let mut project = digits();
    project.training.epochs = 100_000;
    let mut window = Window::open("frames", &project);
    window.train();
    let has_stepped = |open: &OpenProject| {
        let measured = open.train.measured.get(&1);
        is_running(open) && measured.is_some_and(|measured| !measured.history.steps.points().is_empty())
    };
    window.wait("the first step", has_stepped);
    let document = window.harness.state_mut().document_mut();
    let id = document.active.expect("the project is in front");
    let open = document.tab_mut(id).and_then(|tab| tab.project.as_deref_mut()).expect("it is a project");
    let measured = open.train.measured.get_mut(&1).expect("it has begun");
    let last = *measured.history.steps.points().last().expect("a step was taken");
    measured.history.steps = (0..StepCurve::MAX_POINTS as u64 - 100)
        .map(|number| StepPoint {
            step: number + 1,
            seconds: number as f64 * 0.01,
            loss: 0.1 + 2.0 / (1.0 + number as f32 * 0.01) + (number % 17) as f32 * 0.01,
            ..last
        })
        .collect();
    let begin = Instant::now();
    let mut frames: Vec<[f64; 2]> = (0..FRAMES)
        .map(|_| {
            let (wall, cpu) = (Instant::now(), thread_seconds(begin));
            window.harness.run_steps(1);
            let spent =
                [thread_seconds(begin) - cpu, wall.elapsed().as_secs_f64()].map(|seconds| seconds * 1e3);
            std::thread::sleep(Duration::from_millis(4));
            spent
        })
        .collect();
    for (place, name) in ["computing", "by the clock"].into_iter().enumerate() {
        frames.sort_by(|a, b| a[place].total_cmp(&b[place]));
        let at = |share: f64| frames[((FRAMES - 1) as f64 * share) as usize][place];
        println!("a frame, {name}: median {:.2} ms, p99 {:.2} ms, most {:.2} ms", at(0.5), at(0.99), at(1.0));
    }
    assert!(is_running(window.open_project()), "the run went on meanwhile");
}

#[test]
fn a_run_that_was_cancelled_goes_on_after_the_project_was_opened_again() {
    let mut project = digits();
    project.training.epochs = 400;
    let mut window = Window::open("again", &project);
    window.train();
    window.wait("the second epoch", |open| open.project.runs.first().is_some_and(|run| run.epochs >= 2));
    let job = window.open_project().train.live.as_ref().map(|live| live.job.0).expect("it goes on");
    window.harness.state_mut().send(Command::CancelJob(job));
    window.wait("the end", |open| !open.train.is_live());
    assert_eq!(window.open_project().project.runs[0].state, RunState::Unfinished);
    // Closing the tab writes what waits.
    let tab = window.harness.state().document().active.expect("the project is in front");
    let file = window.folder.join("test.emberlab");
    window.harness.state_mut().send(Command::CloseTab(tab));
    window.settle();
    window.harness.state_mut().send(Command::Open(vec![file]));
    window.settle();
    window.harness.state_mut().send(Command::ShowPanel(PanelKind::Train));
    window.settle();
    let before = window.open_project().project.runs[0].epochs;
    assert!(before >= 2 && window.open_project().train.measured.contains_key(&1), "its curves were read");
    window.harness.get_by_label_contains("Epoch ");
    window.harness.get_by_label("Go on with this run").click();
    window.wait("the next epoch", |open| open.project.runs[0].epochs > before);
    window.harness.get_by_label("Stop, keep best").click();
    window.settle();
    let open = window.open_project();
    let epochs: Vec<usize> = open.train.measured[&1].history.epochs.iter().map(|epoch| epoch.epoch).collect();
    assert_eq!(epochs, (1..=epochs.len()).collect::<Vec<_>>(), "no epoch is missing, none is there twice");
    assert_eq!(open.project.runs.len(), 1);
}

#[test]
fn runs_are_renamed_pinned_hidden_compared_and_deleted() {
    let mut project = digits();
    project.training.epochs = 1;
    let mut window = Window::open("list", &project);
    for _ in 0..2 {
        window.train();
        window.settle();
    }
    let names: Vec<String> = window.open_project().project.runs.iter().map(|run| run.name.clone()).collect();
    assert_eq!(names, ["rmsprop 16", "rmsprop 16, 2"]);
    assert_ne!(window.open_project().project.runs[0].colour, window.open_project().project.runs[1].colour);
    window.harness.get_by_label("Hide rmsprop 16").click();
    window.harness.run_steps(3);
    assert!(window.open_project().project.runs[0].hidden);
    window.harness.get_by_label("Show rmsprop 16");
    window.harness.get_by_label("Compare").click();
    window.harness.run_steps(3);
    assert_eq!(window.open_project().train.baseline, Some(2));
    window.harness.get_by_label("Stop comparing");
    window.harness.get_by_label("Pin the run to the top").click();
    window.harness.run_steps(3);
    assert!(window.open_project().project.runs[1].pinned);
    window.send(TrainCommand::Rename(2, "  second  ".to_owned()));
    window.harness.get_by_label_contains("Run second, ");
    window.harness.get_by_label("Delete the run").click();
    window.harness.run_steps(3);
    window.harness.get_by_label("No").click();
    window.harness.run_steps(3);
    assert_eq!(window.open_project().project.runs.len(), 2);
    window.harness.get_by_label("Delete the run").click();
    window.harness.run_steps(3);
    window.harness.get_by_label("Yes, delete").click();
    window.settle();
    assert_eq!(window.open_project().project.runs.len(), 1);
    assert!(!window.folder.join("test.files/run-2").exists());
    assert_eq!(window.open_project().train.baseline, None);
}

#[test]
fn a_new_run_takes_the_settings_of_another() {
    let mut project = digits();
    project.training.epochs = 1;
    let mut window = Window::open("copy", &project);
    window.train();
    window.settle();
    let changed = TrainingConfig { epochs: 7, ..window.open_project().project.training.clone() };
    window.send(TrainCommand::SetSettings(Box::new(changed)));
    window.harness.get_by_label("New run").click();
    window.harness.run_steps(3);
    let open = window.open_project();
    assert_eq!((open.project.training.epochs, open.train.selected), (1, None));
    window.harness.get_by_label("Settings of the next run");
    assert!(window.harness.query_all_by_label("Batch").count() > 0, "they can be changed");
}

#[test]
fn a_failure_is_told_with_a_way_out() {
    let mut window = Window::open("failure", &digits());
    std::fs::write(window.folder.join("test.files"), "in the way").expect("the folder is ours");
    window.train();
    window.settle();
    window.harness.get_by_label_contains("could not be made");
    window.harness.get_by_label_contains("Check that the folder beside the project file can be read");
    assert!(window.open_project().project.runs.is_empty(), "a run without a step leaves nothing behind");
}

#[test]
fn the_trained_network_opens_as_a_model_with_its_labels() {
    let mut project = digits();
    project.training.epochs = 1;
    let mut window = Window::open("model", &project);
    window.train();
    window.settle();
    let placeholder = "Placeholder int8 weights";
    window.harness.state_mut().send(Command::ShowPanel(PanelKind::Inspect));
    window.settle();
    window.harness.get_by_label(placeholder);
    assert!(window.harness.query_by_label("float32 weights").is_none(), "the project's own model is int8");
    window.harness.state_mut().send(Command::ShowPanel(PanelKind::Train));
    window.settle();
    window.harness.get_by_label("Open float32 model").click();
    window.settle();
    window.harness.get_by_label("float32 weights");
    assert!(window.harness.query_by_label(placeholder).is_none());
    let document = window.harness.state().document();
    let (tab, open) = document.active_model().expect("the model is in front");
    assert_eq!((tab.title.as_str(), document.panel), ("test rmsprop 16.tflite", PanelKind::Inspect));
    assert!(open.model.description.as_deref().is_some_and(|text| text.contains("trained with Emberlab")));
    let project = document.tabs.iter().position(|tab| tab.project.is_some()).expect("the project is open");
    let id = document.tabs[project].id;
    window.harness.state_mut().send(Command::ShowTab(id));
    window.settle();
}
