//! The panel in a headless window, with real variants of a small network that was trained for one epoch.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use emberlab_core::dataset::{Format, Generated, Generator, generate};
use emberlab_core::layers::templates::Template;
use emberlab_core::plan::{Chip, Target};
use emberlab_core::project::{DataReference, Project, network_sizes, recipe};
use emberlab_core::quantize::{CalibrationMethod, ChosenLimits, Recipe, VariantKind};
use emberlab_core::training::{BackendChoice, TrainingConfig};

use crate::app::App;
use crate::command::Command;
use crate::document::{PanelKind, Tab};
use crate::jobs::write_project_file;
use crate::project::compress::{record, stored};
use crate::project::{CompressCommand, TrainCommand};
use crate::settings::Settings;

/// A window with a project of its own in a folder that is gone at the end.
struct Window {
    harness: Harness<'static, App>,
    folder: PathBuf,
}

impl Drop for Window {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.harness.state_mut().send(Command::Compress(CompressCommand::Cancel));
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
            epochs: 1,
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
    /// A project that was not trained.
    fn open(name: &str, project: &Project) -> Self {
        let folder =
            std::env::temp_dir().join(format!("emberlab-compress-panel-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written to");
        let file = folder.join("test.emberlab");
        write_project_file(&file, project).expect("the folder is ours");
        let mut harness = Harness::builder()
            .with_size([1440.0, 900.0])
            .build_ui_state(|ui, app: &mut App| app.show(ui), App::headless(Settings::default()));
        harness.state_mut().send(Command::Open(vec![file]));
        let mut window = Self { harness, folder };
        window.settle();
        window.show(PanelKind::Compress);
        window
    }

    /// A project that was trained for an epoch.
    fn trained(name: &str, project: &Project) -> Self {
        let mut window = Self::open(name, project);
        window.harness.state_mut().send(Command::Train(TrainCommand::Start));
        window.settle();
        window
    }

    fn show(&mut self, panel: PanelKind) {
        self.harness.state_mut().send(Command::ShowPanel(panel));
        self.settle();
    }

    fn tab(&self) -> &Tab {
        self.harness.state().document().active_tab().expect("a tab is in front")
    }

    fn names(&self) -> Vec<&str> {
        stored(self.tab()).iter().map(|record| record.name.as_str()).collect()
    }

    /// Runs frames until nothing is to be done any more.
    fn settle(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(180);
        loop {
            self.harness.run_steps(2);
            if self.harness.state().is_settled() {
                self.harness.run_steps(2);
                if self.harness.state().is_settled() {
                    return;
                }
            }
            assert!(Instant::now() < deadline, "the app does not settle");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn send(&mut self, command: CompressCommand) {
        self.harness.state_mut().send(Command::Compress(command));
        self.settle();
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.settle();
    }

    fn make(&mut self, name: &str) {
        let recipe = Recipe::from_name(name).expect("a name");
        self.send(CompressCommand::Make(vec![recipe]));
    }
}

#[test]
fn before_the_first_run_the_panel_leads_to_train() {
    let mut window = Window::open("untrained", &digits());
    window.harness.get_by_label_contains("Nothing has been trained");
    window.click("Go to Train");
    assert_eq!(window.harness.state().document().panel, PanelKind::Train);
}

#[test]
fn the_sheet_makes_an_int8_variant_with_all_its_figures() {
    let mut window = Window::trained("sheet", &digits());
    window.harness.get_by_label_contains("One variant: float32");
    window.harness.get_all_by_label("New variant").next().expect("a button").click();
    window.settle();
    window.harness.get_by_label_contains("all 10 classes");
    window.click("Make variant");
    assert_eq!(window.names(), ["float32", "int8"], "the float32 model comes with it");
    let tab = window.tab();
    let int8 = record(tab, "int8").expect("it was made");
    let figures = int8.figures.expect("it was measured");
    assert!(figures.samples > 0 && figures.accuracy.is_some() && figures.agreement.is_some());
    assert!(int8.file_bytes < record(tab, "float32").expect("it was made").file_bytes);
    assert!(window.folder.join("test.files/variants/int8.tflite").is_file());
    assert_eq!(tab.compress.selected.as_deref(), Some("int8"));
    assert!(tab.compress.variants["int8"].errors.is_some(), "the layers are compared by themselves");
    let harness = &window.harness;
    harness.get_by_label_contains("Variant int8, ");
    assert_eq!(harness.query_all_by_label_contains("runs on ESP32").count(), 2);
    assert!(harness.query_all_by_label_contains("Accuracy, % against file").next().is_some());
    assert!(harness.query_all_by_label_contains("Layer 1, ").next().is_some());
    assert!(harness.query_all_by_label_contains("Histogram of values, ").next().is_some());
    assert!(harness.query_all_by_label_contains("Calibrate, min-max: ").next().is_some());
}

#[test]
fn variants_for_desktops_say_so_and_offer_what_runs_on_the_chip() {
    let mut window = Window::trained("host", &digits());
    window.make("float16");
    window.harness.get_by_label_contains("runs on host only");
    window.harness.get_by_label_contains("It runs on a desktop only.");
    window.click("Make float16-widened");
    assert_eq!(window.names(), ["float32", "float16", "float16-widened"]);
    let cost = |name: &str| {
        let variant = &window.tab().compress.variants[name];
        variant.costs.iter().map(|costs| costs.arena_minimum_bytes).collect::<Vec<_>>()
    };
    assert_eq!(cost("float16"), [None]);
    assert!(cost("float16-widened")[0].is_some());
}

#[test]
fn rows_are_sorted_pinned_deleted_and_brought_back() {
    let mut window = Window::trained("rows", &digits());
    window.make("int8");
    window.make("float16");
    let file = window.folder.join("test.files/variants/float16.tflite");
    assert!(file.is_file());
    let tops = |window: &Window| -> Vec<(String, f32)> {
        let mut tops: Vec<(String, f32)> = window
            .harness
            .get_all_by_label_contains("Variant ")
            .filter(|node| node.accesskit_node().role() == egui::accesskit::Role::Row)
            .map(|node| (node.accesskit_node().label().unwrap_or_default(), node.rect().top()))
            .collect();
        tops.sort_by(|a, b| a.1.total_cmp(&b.1));
        tops
    };
    let order = |window: &Window| -> Vec<String> {
        let words = |label: &str| label.split([' ', ',']).nth(1).unwrap_or_default().to_owned();
        tops(window).iter().map(|(label, _)| words(label)).collect()
    };
    assert_eq!(order(&window), ["float32", "int8", "float16"]);
    window.click("File B");
    assert_eq!(order(&window), ["float32", "float16", "int8"], "the largest first");
    window.click("File B, descending");
    assert_eq!(order(&window), ["int8", "float16", "float32"]);
    window.click("File B, ascending");
    window.send(CompressCommand::SetPinned("float16".to_owned(), true));
    assert_eq!(order(&window), ["float16", "float32", "int8"]);
    window.send(CompressCommand::Select(Some("float16".to_owned())));
    window.click("Delete the variant");
    assert_eq!(window.names(), ["float32", "int8"]);
    assert!(!file.exists());
    window.harness.get_by_label("Undo").click();
    window.harness.run_steps(3);
    // A toast under the pointer stays for ever.
    window.harness.remove_cursor();
    window.settle();
    assert_eq!(window.names(), ["float32", "int8", "float16"]);
    assert!(file.is_file() && record(window.tab(), "float16").is_some_and(|record| record.pinned));
}

#[test]
fn limits_that_are_moved_go_into_the_next_variant_and_can_be_taken_back() {
    let mut window = Window::trained("limits", &digits());
    window.make("int8");
    window.harness.get_all_by_label_contains("Layer 0, ").next().expect("there are layers").click();
    window.settle();
    let draft = |window: &Window| window.tab().compress.draft.limits.clone();
    let spoken = |window: &Window| {
        window.harness.get_by_label_contains("Histogram of values, ").accesskit_node().label()
    };
    assert!(draft(&window).is_empty());
    let before = spoken(&window);
    window.harness.get_by_label("Upper limit").focus();
    window.harness.run_steps(2);
    for _ in 0..3 {
        window.harness.key_press(egui::Key::ArrowLeft);
        window.harness.run_steps(2);
    }
    window.settle();
    let chosen = draft(&window);
    let (tensor, limits) = chosen.iter().next().expect("one was moved");
    let seen = {
        let state = &window.tab().compress;
        let base = state.bases.values().next().expect("the float32 model");
        let main = &base.float.as_ref().expect("its model").model.subgraphs[0];
        let id = main.tensors.iter().position(|found| found.name.as_ref() == Some(tensor));
        let id = emberlab_core::model::TensorId(id.expect("its tensor") as u32);
        base.calibrated.as_ref().expect("calibrated").observations.tensors[&id].high
    };
    let share = limits.high / seen;
    assert!((0.94..0.99).contains(&share), "three steps of a hundredth of the axis: {share}");
    assert_ne!(before, spoken(&window), "what it clips is shown at once");
    window.send(CompressCommand::UndoLimits);
    assert!(draft(&window)[tensor].high > limits.high, "the last step is taken back");
    window.send(CompressCommand::UndoLimits);
    window.send(CompressCommand::UndoLimits);
    assert!(draft(&window).is_empty());

    let scale = |window: &Window, variant: &str| {
        let model = window.tab().compress.variants[variant].model.clone().expect("its model");
        let main = &model.subgraphs[0];
        let found = main.operators.iter().find_map(|operator| {
            let output = main.tensor(operator.output(0)?);
            (output.name.as_ref() == Some(tensor)).then_some(output)
        });
        found.and_then(|output| output.quantization.as_ref()).expect("it has scales").scale[0]
    };
    let int8 = Box::new(Recipe::of_kind(VariantKind::Int8));
    let half = ChosenLimits { low: 0.0, high: seen / 2.0 };
    window.send(CompressCommand::SetLimits(int8, tensor.clone(), Some(half)));
    window.click("Make it");
    assert_eq!(window.names(), ["float32", "int8", "int8-1-limited"]);
    let ratio = scale(&window, "int8-1-limited") / scale(&window, "int8");
    assert!((ratio - 0.5).abs() < 0.01, "half the limit makes half the step: {ratio}");
    window.click("Leave these limits to calibration");
    assert!(draft(&window).is_empty());
}

#[test]
fn making_can_be_cancelled_and_what_is_there_stays() {
    let mut window = Window::trained("cancel", &digits());
    window.make("int8");
    window.harness.state_mut().send(Command::Compress(CompressCommand::MakeUsual));
    window.harness.run_steps(2);
    assert!(window.tab().compress.making.is_some(), "it begins");
    window.harness.get_by_label("Cancel making").click();
    window.settle();
    assert!(window.tab().compress.making.is_none());
    assert!(window.names().contains(&"int8"));
    window.harness.get_by_label("All usual variants");
}

#[test]
fn a_project_that_is_opened_again_shows_its_variants_and_those_that_changed() {
    let mut window = Window::trained("again", &digits());
    window.make("int8");
    let tab = window.harness.state().document().active.expect("the project is in front");
    let file = window.folder.join("test.emberlab");
    window.harness.state_mut().send(Command::CloseTab(tab));
    window.settle();
    window.harness.state_mut().send(Command::Open(vec![file]));
    window.settle();
    window.show(PanelKind::Compress);
    assert_eq!(window.names(), ["float32", "int8"]);
    let variant = &window.tab().compress.variants["int8"];
    assert!(variant.model.is_some() && !variant.costs.is_empty() && variant.trouble.is_none());
    window.send(CompressCommand::Select(Some("int8".to_owned())));
    let variant = &window.tab().compress.variants["int8"];
    assert!(variant.errors.is_some() && variant.evaluated.is_some(), "it is looked into once it is chosen");
    // Another program writes over the file.
    let folder = window.folder.join("test.files/variants");
    std::fs::copy(folder.join("float32.tflite"), folder.join("int8.tflite")).expect("both are ours");
    let tab = window.harness.state().document().active.expect("the project is in front");
    window.harness.state_mut().send(Command::CloseTab(tab));
    window.settle();
    window.harness.state_mut().send(Command::Open(vec![window.folder.join("test.emberlab")]));
    window.settle();
    window.show(PanelKind::Compress);
    assert!(window.tab().compress.variants["int8"].is_stale());
    window.send(CompressCommand::Select(Some("int8".to_owned())));
    window.harness.get_by_label_contains("Other figures than the file has.");
}

#[test]
fn another_chip_has_other_costs() {
    let mut window = Window::trained("chip", &digits());
    window.make("int8");
    let target = window.harness.state().document().target;
    let other = Chip::ALL.into_iter().find(|chip| *chip != target.chip && *chip != Chip::Host64);
    let other = Target::new(other.expect("there are several chips"));
    window.harness.state_mut().send(Command::SetTarget(other));
    window.settle();
    for name in ["float32", "int8"] {
        let variant = &window.tab().compress.variants[name];
        assert!(variant.cost(target).is_some() && variant.cost(other).is_some(), "{name}");
    }
    window.harness.get_by_label_contains(&format!("Arena, {}, ", other.chip.label()));
}

#[test]
fn answers_are_set_side_by_side() {
    let mut window = Window::trained("answers", &digits());
    window.make("int8-per-tensor");
    window.click("Answers");
    let tab = window.tab();
    let agreement = tab.compress.variants["int8-per-tensor"].agreement.clone().expect("it was compared");
    let count =
        crate::theme::format::counted(agreement.flips.len() as u64, "sample flipped", "samples flipped");
    window.harness.get_by_label(&count);
    // Both matrices hold every test sample.
    assert!(window.harness.query_all_by_label_contains(" said to be ").count() >= 10);
    if let Some(flip) = agreement.flips.first() {
        window.send(CompressCommand::FindDivergences("int8-per-tensor".to_owned(), vec![flip.sample]));
        let found = &window.tab().compress.variants["int8-per-tensor"].divergences;
        assert!(found.contains_key(&flip.sample));
    }
}

#[test]
fn a_layer_is_kept_wider_in_a_variant_of_its_own() {
    let mut window = Window::trained("wider", &digits());
    window.make("int8");
    let variant = &window.tab().compress.variants["int8"];
    assert!(!variant.wider.is_empty(), "what it costs is known beforehand");
    let operator = *variant.wider.iter().find(|(_, cost)| cost.is_ok()).expect("one of them can be").0;
    window.click(&format!("Keep layer {} wider", operator.0));
    assert_eq!(window.names(), ["float32", "int8", "int8-1-wider"]);
    let recipe = record(window.tab(), "int8-1-wider").and_then(|record| record.recipe.clone());
    assert_eq!(recipe.expect("it was made here").wider.len(), 1);
}

#[test]
fn numbers_are_judged_by_their_error() {
    let mut window = Window::trained("numbers", &project(Generator::Sine, 200, "sine"));
    window.make("int8");
    let figures = record(window.tab(), "int8").and_then(|record| record.figures).expect("it was measured");
    assert!(figures.accuracy.is_none() && figures.mean_absolute_error.is_some());
    window.harness.get_by_label("Mean error");
    window.harness.get_by_label_contains("Mean absolute error against file");
    window.click("Answers");
    window.harness.get_all_by_label_contains("Root mean squared error, ").next().expect("both have figures");
}

#[test]
fn two_recipes_of_a_kind_are_two_variants() {
    let mut window = Window::trained("names", &digits());
    window.make("int8");
    let mut other = Recipe::of_kind(VariantKind::Int8);
    other.calibration.samples = 20;
    window.send(CompressCommand::Make(vec![other.clone()]));
    other.calibration.method = CalibrationMethod::Mse;
    window.send(CompressCommand::Make(vec![other]));
    assert_eq!(window.names(), ["float32", "int8", "int8-2", "int8-mse"]);
    window.make("int8");
    assert_eq!(window.names().len(), 4, "the same recipe takes its own place");
}

#[test]
fn a_model_without_a_project_is_measured_on_data_and_compared() {
    let mut window = Window::trained("pair", &digits());
    window.make("int8");
    let variants = window.folder.join("test.files/variants");
    let data = window.folder.join("digits");
    write_digits(&data);
    window.harness.state_mut().send(Command::Open(vec![variants.join("float32.tflite")]));
    window.settle();
    window.show(PanelKind::Compress);
    window.harness.get_by_label_contains("No samples to measure on");
    window.send(CompressCommand::TakeData(vec![data]));
    assert_eq!(window.tab().compress.failure, None);
    assert_eq!(window.names(), ["float32.tflite"]);
    window.send(CompressCommand::AddModels(vec![variants.join("int8.tflite")]));
    assert_eq!(window.names(), ["float32.tflite", "int8.tflite"]);
    let figures = record(window.tab(), "int8.tflite").and_then(|record| record.figures);
    assert!(figures.is_some_and(|figures| figures.accuracy.is_some()), "{:?}", window.tab().compress.failure);
    assert!(window.tab().compress.variants["int8.tflite"].errors.is_some());
    window.send(CompressCommand::AddModels(vec![window.folder.join("test.emberlab")]));
    window.harness.get_by_label_contains("no model that can be read");
}

#[test]
fn a_model_without_a_preparation_takes_that_of_an_open_project() {
    let mut window = Window::trained("foreign", &digits());
    window.make("int8");
    let path = window.folder.join("test.files/variants/float32.tflite");
    let bytes = std::fs::read(path).expect("it was written");
    let mut model = emberlab_core::tflite::read(bytes.into()).expect("a model");
    model.metadata.clear();
    let foreign = emberlab_core::tflite::write(&model).expect("a file");
    let project = window.tab().id;
    let samples = {
        let data = crate::project::compress::compress_data(window.tab()).expect("samples");
        data.prepared.test.samples.count
    };
    let command = Command::OpenBytes("foreign.tflite".to_owned(), foreign.into());
    window.harness.state_mut().send(command);
    window.settle();
    window.show(PanelKind::Compress);
    window.harness.get_by_label_contains("No samples to measure on");
    window.harness.get_by_label_contains("the samples of test").click();
    window.settle();
    assert_eq!(window.tab().compress.failure, None);
    let figures = record(window.tab(), "foreign.tflite").and_then(|record| record.figures);
    assert_eq!(figures.map(|figures| figures.samples), Some(samples));

    // Other data, prepared as the project does: all of them test.
    let data = window.folder.join("digits");
    write_digits(&data);
    window.send(CompressCommand::SetPreparedAs(Some(project)));
    window.send(CompressCommand::TakeData(vec![data]));
    assert_eq!(window.tab().compress.failure, None);
    let figures = record(window.tab(), "foreign.tflite").and_then(|record| record.figures);
    assert_eq!(figures.map(|figures| figures.samples), Some(30));
}

/// Pictures of digits in the files that MNIST has.
fn write_digits(folder: &std::path::Path) {
    use emberlab_core::dataset::Content;

    let dataset = generate(&Generated { kind: Generator::Digits, seed: 9, count: 3 });
    let count = (dataset.recordings.len() as u32).to_be_bytes();
    let side = 28u32.to_be_bytes();
    let mut images = [[0, 0, 8, 3], count, side, side].concat();
    let mut labels = [[0, 0, 8, 1], count].concat();
    for recording in &dataset.recordings {
        let Content::Picture(picture) = &recording.contents[0] else { panic!("digits are pictures") };
        images.extend_from_slice(&picture.levels);
        labels.push(recording.class().expect("digits have classes") as u8);
    }
    std::fs::create_dir_all(folder).expect("the folder is ours");
    std::fs::write(folder.join("t10k-images-idx3-ubyte"), images).expect("the folder is ours");
    std::fs::write(folder.join("t10k-labels-idx1-ubyte"), labels).expect("the folder is ours");
}
