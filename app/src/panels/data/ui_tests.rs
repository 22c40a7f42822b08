//! The panel and its projects in a headless window.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use emberlab_core::dataset::{Features, Format, Generated, Generator, Length, Part, Window};
use emberlab_core::project::{Project, from_text};

use crate::app::App;
use crate::command::Command;
use crate::document::{Overlay, PanelKind};
use crate::project::data::DataStage;
use crate::project::{DataCommand, Draft, DraftSource, Example, OpenProject, ProjectCommand};
use crate::settings::Settings;

type Harnessed = Harness<'static, App>;

/// A folder of its own, and a window whose new projects go there.
struct Bench {
    folder: PathBuf,
    window: Harnessed,
}

impl Bench {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("emberlab-data-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the temporary folder can be written to");
        // Links in the path of the temporary folder would show up in relative paths.
        let folder = fs::canonicalize(folder).expect("it was just made");
        let window = window(&folder);
        Self { folder, window }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("it lies in our folder")).expect("it is ours");
        fs::write(&path, bytes).expect("it is ours");
        path
    }

    fn send(&mut self, command: Command) {
        self.window.state_mut().send(command);
        settle(&mut self.window);
    }

    fn click(&mut self, label: &str) {
        self.window.get_by_label(label).click();
        settle(&mut self.window);
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.window.key_press_modifiers(modifiers, key);
        settle(&mut self.window);
    }

    fn drop_path(&mut self, path: &Path) {
        self.window.input_mut().dropped_files.push(Arc::new(Dropped(path.to_owned())));
        settle(&mut self.window);
    }

    fn open(&self) -> &OpenProject {
        self.window.state().document().active_project().expect("a project is in front").1
    }

    fn project(&self) -> &Project {
        &self.open().project
    }

    fn stage(&self) -> DataStage {
        self.open().data.stage(self.project())
    }

    /// Names that begin with `start`.
    fn labels(&self, start: &str) -> Vec<String> {
        let starts = |text: Option<String>| text.filter(|text| text.starts_with(start));
        let nodes = self.window.query_all_by(|node| starts(node.label().or(node.value())).is_some());
        nodes
            .filter_map(|node| {
                let node = node.accesskit_node();
                node.label().or(node.value())
            })
            .collect()
    }

    /// Draws until what is to come has come.
    fn until(&mut self, what: &str, is_there: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !is_there(self) {
            assert!(Instant::now() < deadline, "{what} does not come");
            std::thread::sleep(Duration::from_millis(20));
            settle(&mut self.window);
        }
    }

    /// Draws until the project in front is written.
    fn until_written(&mut self) {
        self.until("the autosave", |bench| !bench.open().is_dirty());
    }

    fn on_disk(&self) -> Project {
        let file = self.open().file.clone().expect("it has a file");
        from_text(&fs::read_to_string(file).expect("it was written")).expect("it is sound")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn window(folder: &Path) -> Harnessed {
    let mut app = App::headless(Settings::default());
    app.set_projects_folder(folder.join("projects"));
    let mut window =
        Harness::builder().with_size([1440.0, 900.0]).build_ui_state(|ui, app: &mut App| app.show(ui), app);
    settle(&mut window);
    window
}

fn settle(window: &mut Harnessed) {
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut rest = 0;
    while rest < 4 {
        assert!(Instant::now() < deadline, "jobs do not come to an end");
        window.step();
        rest = if window.state().is_settled() { rest + 1 } else { 0 };
        if rest == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }
    fn bytes(&self) -> Result<Vec<u8>, String> {
        fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// A table whose rows are told apart by their first number.
fn table(rows: usize, offset: usize) -> String {
    let row = |row: usize| {
        let walks = row % 2;
        format!("{}.25,{},{}\n", row % 5 + walks * 20 + offset, row * 3 % 7, ["idle", "walk"][walks])
    };
    format!("a,b,label\n{}", (0..rows).map(row).collect::<String>())
}

fn gestures(bench: &mut Bench) {
    bench.send(Command::Project(ProjectCommand::AskNew));
    let draft = Draft {
        name: "Gestures".to_owned(),
        source: DraftSource::Generated(Generator::Gestures),
        folder: bench.at("projects"),
        ..Draft::default()
    };
    bench.send(Command::Project(ProjectCommand::SetDraft(Box::new(draft))));
    bench.send(Command::Project(ProjectCommand::Create));
}

#[test]
fn a_new_project_is_made_on_its_sheet_and_has_a_file_at_once() {
    let mut bench = Bench::new("new");
    bench.click("New project");
    assert_eq!(bench.window.state().document().view.overlay, Some(Overlay::NewProject));
    bench.click("Small CNN");
    bench.click("Create project");
    assert_eq!(bench.window.state().document().view.overlay, None);
    assert_eq!(bench.project().name, Generator::Digits.label());
    assert_eq!(bench.stage(), DataStage::Ready);
    let file = bench.open().file.clone().expect("it has a file");
    assert!(file.starts_with(bench.at("projects")) && file.is_file(), "{}", file.display());
    assert_eq!(bench.window.state().document().panel, PanelKind::Data);
    bench.until_written();
    assert_eq!(bench.on_disk(), *bench.project());
    assert!(!bench.labels("Class 7, ").is_empty() && !bench.labels("Recording ").is_empty());
    let recents = &bench.window.state().document().settings.recents;
    assert_eq!(recents.first().map(|recent| recent.path.clone()), Some(file));
}

#[test]
fn the_network_of_a_template_follows_the_data() {
    let mut bench = Bench::new("follows");
    bench.send(Command::Project(ProjectCommand::OpenExample(Example::Gestures)));
    let prepared = bench.open().data.prepared.clone().expect("samples are there");
    let sizes = crate::project::data::sizes(&prepared);
    assert_eq!(sizes.outputs, bench.open().data.loaded.as_ref().expect("data").dataset.classes.len());
    assert!(crate::project::data::fits(bench.project(), &prepared));
    let mut preparation = bench.project().preparation.clone();
    preparation.window = Window::Stretched { steps: 40 };
    bench.send(Command::Data(DataCommand::SetPreparation(Box::new(preparation), "steps")));
    let prepared = bench.open().data.prepared.clone().expect("samples are there");
    assert_eq!(prepared.train.samples.inputs[0].shape[0], 40);
    assert!(crate::project::data::fits(bench.project(), &prepared), "an untouched network follows");
}

#[test]
fn a_dropped_folder_becomes_a_project_and_then_the_data_of_the_one_in_front() {
    let mut bench = Bench::new("drop");
    bench.write("first/a.csv", table(80, 0));
    bench.write("second/b.csv", table(60, 1));
    bench.drop_path(&bench.at("first"));
    assert_eq!(bench.window.state().document().tabs.len(), 1);
    assert_eq!((bench.project().name.as_str(), bench.stage()), ("first", DataStage::Ready));
    let reference = bench.project().data.clone().expect("it has data");
    assert_eq!(reference.paths, ["../first"]);
    assert!(matches!(reference.reading, Some(Format::Rows(_))), "{reference:?}");
    assert_eq!(reference.fingerprint.as_ref().map(|fingerprint| fingerprint.files), Some(1));
    assert!(bench.at("projects/first.files/data.sha256").is_file());

    bench.drop_path(&bench.at("second"));
    assert_eq!(bench.window.state().document().tabs.len(), 1, "the project in front takes it");
    assert_eq!(bench.project().data.as_ref().expect("it has data").paths, ["../second"]);
    assert_eq!(bench.open().data.loaded.as_ref().expect("it was read").dataset.recordings.len(), 60);
    bench.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(bench.project().data, Some(reference), "what it had before is not lost");
    assert_eq!(bench.open().data.loaded.as_ref().expect("it was read").dataset.recordings.len(), 80);
    bench.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(bench.project().data.as_ref().expect("it has data").paths, ["../second"]);
    assert_eq!(bench.stage(), DataStage::Ready);
}

#[test]
fn a_project_opens_as_it_was_left() {
    let mut bench = Bench::new("again");
    bench.write("set/a.csv", table(80, 0));
    bench.drop_path(&bench.at("set"));
    bench.send(Command::Project(ProjectCommand::Rename("Ana's walks".to_owned())));
    bench.until_written();
    let (before, file) = (bench.project().clone(), bench.open().file.clone().expect("it has a file"));
    let mut other = window(&bench.folder);
    other.state_mut().send(Command::Open(vec![file.clone()]));
    settle(&mut other);
    std::mem::swap(&mut bench.window, &mut other);
    assert_eq!(*bench.project(), before);
    assert_eq!(bench.stage(), DataStage::Ready);
    assert!(!bench.open().is_dirty(), "looking at it changes nothing");
    assert_eq!(bench.window.state().document().tabs[0].title, "Ana's walks");
    bench.send(Command::Open(vec![file]));
    assert_eq!(bench.window.state().document().tabs.len(), 1);
}

#[test]
fn a_panel_that_was_named_on_the_command_line_holds_until_another_is_chosen() {
    let mut bench = Bench::new("held");
    bench.write("set/a.csv", table(80, 0));
    bench.drop_path(&bench.at("set"));
    bench.until_written();
    let file = bench.open().file.clone().expect("it has a file");
    let panel_after = |path: &Path, panel: PanelKind| {
        let mut other = window(&bench.folder);
        other.state_mut().send(Command::HoldPanel(panel));
        other.state_mut().send(Command::Open(vec![path.to_owned()]));
        settle(&mut other);
        let document = other.state().document();
        assert!(document.active_project().is_some());
        assert!(!document.panel_held, "the next project chooses for itself");
        document.panel
    };
    for panel in [PanelKind::Inspect, PanelKind::Arena, PanelKind::Train, PanelKind::Design] {
        assert_eq!(panel_after(&file, panel), panel);
        assert_eq!(panel_after(&bench.at("set"), panel), panel, "data make a project");
    }
    let mut other = window(&bench.folder);
    other.state_mut().send(Command::HoldPanel(PanelKind::Arena));
    other.state_mut().send(Command::ShowPanel(PanelKind::Run));
    other.state_mut().send(Command::Open(vec![file]));
    settle(&mut other);
    assert_eq!(other.state().document().panel, PanelKind::Data, "without a wish the data come first");
}

#[test]
fn a_window_of_a_recording_is_chosen_from_elsewhere() {
    let mut bench = Bench::new("window");
    gestures(&mut bench);
    let mut preparation = bench.project().preparation.clone();
    preparation.window = Window::Sliding {
        length: Length::Steps(20),
        stride: Length::Steps(10),
        least_share: 0.5,
        short: emberlab_core::dataset::Padding::ZerosAround,
    };
    bench.send(Command::Data(DataCommand::SetPreparation(Box::new(preparation), "window kind")));
    assert_eq!(bench.stage(), DataStage::Ready);
    for (recording, window) in [(3, 2), (3, 0), (5, 1)] {
        bench.send(Command::Data(DataCommand::SelectWindow(recording, 10 * window)));
        assert_eq!(bench.open().data.selected, Some(recording));
        let n_samples = bench.open().data.look.as_ref().expect("it was looked at").n_samples;
        let words = format!("{} of {n_samples}", window + 1);
        assert!(!bench.labels(&words).is_empty(), "{words} is not in {:?}", bench.labels(""));
    }
}

#[test]
fn changed_data_are_asked_for_and_taken_only_then() {
    let mut bench = Bench::new("changed");
    bench.write("set/a.csv", table(80, 0));
    bench.write("set/b.csv", table(40, 0));
    bench.drop_path(&bench.at("set"));
    bench.until_written();
    let accepted = bench.project().data.clone();
    bench.write("set/b.csv", table(44, 2));
    bench.send(Command::Data(DataCommand::ReadAgain));
    assert_eq!(bench.stage(), DataStage::Changed);
    assert!(!bench.labels("The data have changed. b.csv has other bytes").is_empty());
    assert_eq!(bench.project().data, accepted, "nothing is taken before somebody says so");
    bench.click("Use them as they are now");
    assert_eq!(bench.stage(), DataStage::Ready);
    assert_ne!(bench.project().data, accepted);
    bench.until_written();
    bench.send(Command::Data(DataCommand::ReadAgain));
    assert_eq!(bench.stage(), DataStage::Ready);
}

#[test]
fn moved_data_are_asked_for_and_found() {
    let mut bench = Bench::new("moved");
    bench.write("set/a.csv", table(80, 0));
    bench.drop_path(&bench.at("set"));
    bench.until_written();
    let before = bench.project().clone();
    fs::rename(bench.at("set"), bench.at("elsewhere")).expect("it is ours");
    bench.send(Command::Data(DataCommand::ReadAgain));
    assert_eq!(bench.stage(), DataStage::Failed);
    assert!(!bench.labels("set is not there").is_empty());
    bench.window.get_by_label("Find it…");
    assert_eq!(*bench.project(), before, "nothing of the project is lost");
    let found = vec![bench.at("elsewhere")];
    bench.send(Command::Data(DataCommand::Found(found)));
    assert_eq!(bench.stage(), DataStage::Ready, "the same files need no question");
    let data = bench.project().data.clone().expect("it has data");
    assert_eq!(data.paths, ["../elsewhere"]);
    assert_eq!(data.fingerprint, before.data.and_then(|data| data.fingerprint));
    assert_eq!(bench.project().preparation, before.preparation);
}

#[test]
fn bad_rows_are_listed_with_file_and_line_and_the_rest_is_used() {
    let mut bench = Bench::new("bad");
    let mut text = table(40, 0);
    text.push_str("nan,3,idle\n1.0\n");
    bench.write("set/a.csv", text);
    bench.drop_path(&bench.at("set"));
    assert_eq!(bench.stage(), DataStage::Ready);
    let dataset = bench.open().data.loaded.as_ref().expect("it was read").dataset.clone();
    assert_eq!(dataset.recordings.len(), 40);
    assert!(dataset.problems.total() >= 2, "{:?}", dataset.problems);
    bench.click(&format!("{} problems", dataset.problems.total()));
    assert!(!bench.labels("a.csv, line 42").is_empty(), "{:?}", bench.labels("a.csv"));
}

#[test]
fn what_cannot_be_read_says_so_and_offers_other_data() {
    let mut bench = Bench::new("empty");
    fs::create_dir_all(bench.at("empty")).expect("it is ours");
    bench.drop_path(&bench.at("empty"));
    assert_eq!(bench.stage(), DataStage::Failed);
    assert!(!bench.labels("empty is empty").is_empty(), "{:?}", bench.labels("empty"));
    bench.click("Make Motion gestures");
    assert_eq!(bench.stage(), DataStage::Ready);
    assert!(bench.project().data.as_ref().is_some_and(|data| data.is_generated()));
}

#[test]
fn a_cancelled_import_says_so_and_keeps_the_project() {
    let mut bench = Bench::new("cancel");
    gestures(&mut bench);
    let before = bench.project().clone();
    for number in 0..300 {
        bench.write(&format!("many/{number}.csv"), table(400, number));
    }
    let many = vec![bench.at("many")];
    bench.window.state_mut().send(Command::Data(DataCommand::Import(many)));
    bench.window.step();
    bench.window.step();
    assert_eq!(bench.stage(), DataStage::Reading);
    bench.send(Command::CancelNewestJob);
    assert_eq!(bench.stage(), DataStage::Failed);
    assert!(!bench.labels("It was cancelled").is_empty());
    bench.click("Back to the data before");
    assert_eq!(bench.project().data, before.data);
    assert_eq!(bench.project().preparation, before.preparation);
    assert_eq!(bench.stage(), DataStage::Ready);
}

#[test]
fn settings_take_effect_in_the_background_and_can_be_undone() {
    let mut bench = Bench::new("settings");
    gestures(&mut bench);
    let before = bench.open().data.prepared.clone().expect("samples are there");
    let first = bench.project().preparation.clone();
    let mut preparation = first.clone();
    preparation.window = Window::Sliding {
        length: Length::Steps(32),
        stride: Length::Steps(16),
        least_share: 0.8,
        short: emberlab_core::dataset::Padding::LeaveOut,
    };
    bench.send(Command::Data(DataCommand::SetPreparation(Box::new(preparation), "window kind")));
    let after = bench.open().data.prepared.clone().expect("samples are there");
    assert_eq!(after.train.samples.inputs[0].shape[0], 32);
    assert!(after.train.samples.count > before.train.samples.count);
    bench.click("Undo");
    assert_eq!(bench.project().preparation, first);
    assert_eq!(*bench.open().data.prepared.clone().expect("samples are there"), *before);
    assert!(bench.labels("Nothing leaks.").len() == 1 || !bench.labels("The same on both sides.").is_empty());
}

#[test]
fn settings_that_do_not_fit_say_why_and_how_to_go_on() {
    let mut bench = Bench::new("misfit");
    gestures(&mut bench);
    let mut preparation = bench.project().preparation.clone();
    preparation.window = Window::Sliding {
        length: Length::Steps(1_000_000),
        stride: Length::Steps(1),
        least_share: 0.8,
        short: emberlab_core::dataset::Padding::LeaveOut,
    };
    bench.send(Command::Data(DataCommand::SetPreparation(Box::new(preparation), "sliding window")));
    assert_eq!(bench.stage(), DataStage::Unprepared);
    assert!(!bench.labels("No samples.").is_empty());
    bench.click("Begin again with what suits the data");
    assert_eq!(bench.stage(), DataStage::Ready);
}

#[test]
fn classes_parts_and_names_filter_the_grid() {
    let mut bench = Bench::new("filter");
    gestures(&mut bench);
    let dataset = bench.open().data.loaded.as_ref().expect("data").dataset.clone();
    let total = dataset.recordings.len();
    bench.window.get_by_label(&format!("{total} recordings"));
    let first = bench.labels(&format!("Class {}, ", dataset.classes[0]));
    bench.click(&first[0]);
    let of_class = dataset.recordings.iter().filter(|recording| recording.class() == Some(0)).count();
    bench.window.get_by_label(&format!("{of_class} of {total}"));
    bench.window.get_by_label("Find recordings").click();
    settle(&mut bench.window);
    bench.window.get_by_label("Find recordings").type_text("nobody has this name");
    settle(&mut bench.window);
    bench.click("Clear filter");
    bench.window.get_by_label(&format!("{total} recordings"));
    let parts = &bench.open().data.checks.as_ref().expect("it was checked").parts;
    let tests = parts.iter().filter(|part| **part == Part::Test).count();
    let switch = bench.window.query_all_by(|node| {
        node.role() == egui::accesskit::Role::RadioButton && node.label().as_deref() == Some("Test")
    });
    switch.into_iter().next().expect("the bar has every part").click();
    settle(&mut bench.window);
    bench.window.get_by_label(&format!("{tests} of {total}"));
}

#[test]
fn a_recording_is_chosen_by_click_and_by_arrow() {
    let mut bench = Bench::new("choose");
    gestures(&mut bench);
    assert_eq!(bench.open().data.selected, Some(0));
    bench.press(Modifiers::NONE, Key::ArrowRight);
    assert_eq!(bench.open().data.selected, Some(1));
    let name = bench.open().data.loaded.as_ref().expect("data").dataset.recordings[3].name.clone();
    let cells = bench.labels(&format!("Recording {name}, "));
    bench.click(&cells[0]);
    assert_eq!(bench.open().data.selected, Some(3));
    let look = bench.open().data.look.clone().expect("it was looked at");
    assert_eq!(look.recording, 3);
    assert!(!look.samples.is_empty());
    assert!(!bench.labels(&format!("Signal of {name}")).is_empty());
    assert!(!bench.labels("What the network sees, ").is_empty());
}

#[test]
fn every_generated_set_is_drawn_and_at_rest() {
    let mut bench = Bench::new("all");
    gestures(&mut bench);
    for kind in Generator::ALL {
        let generated = Generated { kind, seed: 2, count: 20 };
        bench.send(Command::Data(DataCommand::Generate(generated)));
        assert_eq!(bench.stage(), DataStage::Ready, "{kind:?}: {:?}", bench.open().data.prepare_failure);
        if kind == Generator::Tones {
            let features = &bench.project().preparation.inputs[0].features;
            assert!(matches!(features, Features::Mfcc(_)), "{features:?}");
        }
        bench.until_written();
        bench.window.run_steps(30);
        let delays = bench.window.output().viewport_output.values().map(|output| output.repaint_delay);
        assert!(delays.min().is_some_and(|delay| !delay.is_zero()), "{kind:?} is not at rest");
    }
}

#[test]
fn a_project_that_another_program_changes_is_read_again() {
    let mut bench = Bench::new("outside");
    gestures(&mut bench);
    bench.until_written();
    let file = bench.open().file.clone().expect("it has a file");
    // The watcher has noted the present version once a look of its has passed.
    std::thread::sleep(Duration::from_millis(100));
    let text = fs::read_to_string(&file).expect("it was written");
    fs::write(&file, text.replace("name = \"Gestures\"", "name = \"By hand, with an editor\""))
        .expect("it is ours");
    bench.until("the change", |bench| bench.project().name == "By hand, with an editor");
    assert!(!bench.open().is_dirty());
}

#[test]
fn a_broken_project_opens_a_tab_that_names_the_line() {
    let mut bench = Bench::new("broken");
    let file = bench.write("broken.emberlab", "version = 1\nname = \"a\"\nnetwork = 7\n");
    bench.drop_path(&file);
    assert!(!bench.labels("broken.emberlab cannot be opened").is_empty());
    let shown = bench.labels("broken.emberlab cannot be opened").concat();
    assert!(shown.contains("Line 3, column 11"), "{shown}");
    fs::write(&file, "version = 1\nname = \"mended\"\n").expect("it is ours");
    bench.click("Try again");
    assert_eq!(bench.project().name, "mended");
    assert_eq!(bench.stage(), DataStage::Nothing);
    bench.window.get_by_label("Choose a folder…");
}

#[test]
fn closing_a_tab_and_the_window_loses_nothing() {
    let mut bench = Bench::new("closing");
    gestures(&mut bench);
    let file = bench.open().file.clone().expect("it has a file");
    let id = bench.window.state().document().active.expect("a tab is in front");
    bench.window.state_mut().send(Command::Project(ProjectCommand::Rename("Closed at once".to_owned())));
    bench.window.state_mut().send(Command::CloseTab(id));
    settle(&mut bench.window);
    let read =
        |file: &Path| from_text(&fs::read_to_string(file).expect("it was written")).expect("it is sound");
    assert_eq!(read(&file).name, "Closed at once");
    bench.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::T);
    assert_eq!(bench.project().name, "Closed at once");
    bench.window.state_mut().send(Command::Project(ProjectCommand::Rename("Quit at once".to_owned())));
    bench.window.step();
    bench.window.state_mut().save_projects();
    assert_eq!(read(&file).name, "Quit at once");
}

#[test]
fn a_folder_that_may_not_be_written_to_keeps_the_changes_in_the_window() {
    let mut bench = Bench::new("readonly");
    // A file where the folder should be cannot become one.
    bench.write("projects", "in the way");
    gestures(&mut bench);
    assert!(bench.open().file.is_none() && bench.open().is_dirty());
    let messages = bench.window.state().document().messages.all();
    assert!(messages.iter().any(|message| message.text.contains("has no file yet")), "{messages:?}");
    assert_eq!(bench.stage(), DataStage::Ready);
    assert!(!bench.labels("Gestures, unsaved").is_empty());
    let id = bench.window.state().document().active.expect("a tab is in front");
    bench.send(Command::CloseTab(id));
    assert_eq!(bench.window.state().document().tabs.len(), 1, "closing would lose it");
    // The pointer then rests on a toast, which keeps it: the window does not come to rest.
    bench.window.get_by_label("Close anyway").click();
    bench.window.run_steps(4);
    assert!(bench.window.state().document().tabs.is_empty());
}

/// Real recordings, where they lie beside the project.
fn shared_sets() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.parent()?.join("shared/datasets");
    if !root.is_dir() {
        println!("skipped: no {}", root.display());
        return None;
    }
    Some(root)
}

#[test]
fn real_sets_are_read_prepared_drawn_and_left_as_they_are() {
    let Some(sets) = shared_sets() else { return };
    let mut bench = Bench::new("real");
    for name in [
        "fsdd",
        "har-wisdm51",
        "har-uji-phone",
        "gestures-magic-wand",
        "gestures-digits-imu",
        "anomaly-nab",
        "flowers3",
    ] {
        bench.drop_path(&sets.join(name));
        assert_eq!(bench.stage(), DataStage::Ready, "{name}: {:?}", bench.open().data.prepare_failure);
        bench.until_written();
        let before = bench.project().clone();
        assert!(!bench.labels("Recording ").is_empty(), "{name} shows recordings");
        bench.press(Modifiers::NONE, Key::ArrowDown);
        bench.window.run_steps(3);
        assert_eq!(*bench.project(), before, "looking at {name} changes nothing");
        let id = bench.window.state().document().active.expect("a tab is in front");
        bench.send(Command::CloseTab(id));
    }
}
