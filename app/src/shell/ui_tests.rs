//! The window without a window: everything is found by the name that a screen reader says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, OutputCommand, accesskit, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use emberlab_core::export::{EspIdfApp, SourceKind};
use emberlab_core::model::{BuiltinOperator, ModelBuilder, Options, Tensor, TensorType};
use emberlab_core::tflite;

use crate::app::App;
use crate::command::{Command, EXAMPLE_NAME};
use crate::document::{Overlay, PanelKind};
use crate::settings::{Recent, Settings, ThemeChoice};

type Window = Harness<'static, App>;

fn window() -> Window {
    window_with(Settings::default(), vec2(1440.0, 900.0))
}

fn window_with(settings: Settings, size: egui::Vec2) -> Window {
    let mut window = Harness::builder()
        .with_size(size)
        .build_ui_state(|ui, app: &mut App| app.show(ui), App::headless(settings));
    settle(&mut window);
    window
}

/// Draws until no job runs and what they found is on the screen.
fn settle(window: &mut Window) {
    let deadline = Instant::now() + Duration::from_secs(60);
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

fn send(window: &mut Window, command: Command) {
    window.state_mut().send(command);
    settle(window);
}

fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    settle(window);
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    settle(window);
}

/// Names (or texts of plain labels) that begin with `start`.
fn labels(window: &Window, start: &str) -> Vec<String> {
    let nodes =
        window.query_all_by(|node| node.label().or(node.value()).is_some_and(|text| text.starts_with(start)));
    let text = |node: egui_kittest::Node<'_>| {
        let node = node.accesskit_node();
        node.label().or(node.value())
    };
    nodes.filter_map(text).collect()
}

fn titles(window: &Window) -> Vec<&str> {
    window.state().document().tabs.iter().map(|tab| tab.title.as_str()).collect()
}

/// A file that a test drops.
#[derive(Debug)]
struct Dropped(PathBuf, Vec<u8>);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }
    fn bytes(&self) -> Result<Vec<u8>, String> {
        Ok(self.1.clone())
    }
}

fn drop_file(window: &mut Window, path: impl Into<PathBuf>, bytes: &[u8]) {
    window.input_mut().dropped_files.push(Arc::new(Dropped(path.into(), bytes.to_vec())));
    settle(window);
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/examples").join(EXAMPLE_NAME)
}

/// A file with one operator.
fn one_softmax() -> Vec<u8> {
    let mut builder = ModelBuilder::new("one operator");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1, 4]));
    let y = builder.tensor(Tensor::new("y", TensorType::Float32, &[1, 4]));
    builder.operator(BuiltinOperator::SOFTMAX, [x], [y]).set_options(Options::new("SoftmaxOptions"));
    builder.output(y);
    tflite::write(&builder.build()).expect("the model is sound")
}

#[test]
fn without_a_model_the_window_says_what_to_do_and_shows_no_numbers() {
    let window = window();
    for label in
        ["Open file", "New project", "Arena, no model", "Flash, no model", "Chip, ESP32-S3, ESP-NN 1.2.3"]
    {
        window.get_by_label(label);
    }
    assert!(labels(&window, "Operator").is_empty());
}

#[test]
fn a_dropped_file_opens_a_tab_and_shows_its_operators() {
    let mut window = window();
    let path = example().canonicalize().expect("the example is part of the repository");
    drop_file(&mut window, &path, &[]);
    assert_eq!(titles(&window), [EXAMPLE_NAME]);
    assert!(!labels(&window, "Operator 0, Conv2D").is_empty());
    assert!(!labels(&window, "Operator 12, Softmax").is_empty());
    assert!(labels(&window, "Arena, ")[0].contains("of 341,760 bytes"));
    let recents = &window.state().document().settings.recents;
    assert_eq!(recents.iter().map(|recent| &recent.path).collect::<Vec<_>>(), [&path]);

    drop_file(&mut window, &path, &[]);
    assert_eq!(titles(&window).len(), 1, "the tab that has the file comes to the front");
}

#[test]
fn every_panel_of_the_rail_is_drawn() {
    let mut window = window();
    send(&mut window, Command::OpenExample);
    for panel in PanelKind::ALL {
        let item = window.query_all_by(|node| {
            node.role() == accesskit::Role::Button && node.label().as_deref() == Some(panel.label())
        });
        let item = item.into_iter().next().expect("the rail has every panel");
        item.click();
        settle(&mut window);
        assert_eq!(window.state().document().panel, panel);
        if panel == PanelKind::Arena {
            assert!(!labels(&window, "Tensor ").is_empty(), "the memory map names its blocks");
        }
    }
}

#[test]
fn a_broken_file_shows_what_is_wrong_and_can_be_copied() {
    let mut window = window();
    drop_file(&mut window, "page.tflite", b"<!DOCTYPE html><html>not a model</html>");
    let shown = labels(&window, "page.tflite cannot be opened");
    assert!(shown.iter().any(|label| label.contains("web page")), "{shown:?}");
    for label in ["Try again", "Details", "page.tflite, cannot be opened", "Arena, no model"] {
        window.get_by_label(label);
    }
    window.get_by_label("Copy").click();
    window.step();
    window.step();
    let commands = &window.output().platform_output.commands;
    let copied = commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copied.is_some_and(|text| text.contains("page.tflite cannot be opened") && !text.contains('`')));
}

#[test]
fn a_file_that_vanished_says_so_and_is_tried_again() {
    let path = std::env::temp_dir().join(format!("emberlab-vanished-{}.tflite", std::process::id()));
    let mut window = window();
    drop_file(&mut window, &path, &[]);
    let said = format!("{} is not there", crate::jobs::file_name(&path));
    assert!(!labels(&window, &said).is_empty());
    std::fs::copy(example(), &path).expect("the temporary folder can be written to");
    click(&mut window, "Try again");
    std::fs::remove_file(&path).expect("it is ours");
    assert!(!labels(&window, "Operator 0, ").is_empty());
}

#[test]
fn the_theme_is_switched_in_the_settings() {
    let mut window = window();
    assert_eq!(window.ctx.theme(), egui::Theme::Dark);
    click(&mut window, "Settings");
    click(&mut window, "Light");
    assert_eq!(window.ctx.theme(), egui::Theme::Light);
    assert_eq!(window.state().document().settings.theme, ThemeChoice::Light);
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!(window.state().document().view.overlay, None);
}

#[test]
fn another_chip_changes_the_gauge_at_once() {
    let mut window = window();
    send(&mut window, Command::OpenExample);
    let before = labels(&window, "Arena, ");
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
    let rows = labels(&window, "ESP32-C3, ");
    click(&mut window, &rows[0].clone());
    let after = labels(&window, "Arena, ");
    assert!(
        before[0].contains("of 341,760 bytes") && after[0].contains("of 323,584 bytes"),
        "{before:?} {after:?}"
    );
    click(&mut window, "Reference");
    window.get_by_label("Chip, ESP32-C3, reference kernels");
    let settings = &window.state().document().settings;
    assert_eq!((settings.chip.as_str(), settings.esp_nn), ("esp32c3", false));
}

#[test]
fn tabs_are_closed_and_opened_again() {
    let mut window = window();
    send(&mut window, Command::OpenExample);
    drop_file(&mut window, "second.tflite", b"no model");
    assert_eq!(titles(&window), [EXAMPLE_NAME, "second.tflite"]);
    press(&mut window, Modifiers::COMMAND, Key::Tab);
    let active = window.state().document().active_tab().map(|tab| tab.title.clone());
    assert_eq!(active.as_deref(), Some(EXAMPLE_NAME));
    press(&mut window, Modifiers::COMMAND, Key::W);
    assert_eq!(titles(&window), ["second.tflite"]);
    click(&mut window, "Close second.tflite");
    assert!(titles(&window).is_empty());
    window.get_by_label("Open file");
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::T);
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::T);
    assert_eq!(titles(&window), ["second.tflite", EXAMPLE_NAME]);
    let tab = window.get_by_label("second.tflite, cannot be opened");
    tab.click_button(egui::PointerButton::Middle);
    settle(&mut window);
    assert_eq!(titles(&window), [EXAMPLE_NAME]);
}

#[test]
fn a_recent_file_is_opened_by_its_number() {
    let recent = Recent { path: example(), bytes: 26_048, opened: 0 };
    let settings = Settings { recents: vec![recent], ..Settings::default() };
    let mut window = window_with(settings, vec2(1440.0, 900.0));
    window.get_by_label(&format!("Open {EXAMPLE_NAME}"));
    press(&mut window, Modifiers::COMMAND, Key::Num2);
    assert!(titles(&window).is_empty(), "there is no second one");
    press(&mut window, Modifiers::COMMAND, Key::Num1);
    assert_eq!(titles(&window), [EXAMPLE_NAME]);
}

#[test]
fn the_overlay_lists_what_the_keys_do() {
    let mut window = window();
    press(&mut window, Modifiers::NONE, Key::F1);
    assert_eq!(window.state().document().view.overlay, Some(Overlay::Shortcuts));
    for text in ["All shortcuts", "Any command by name", "Open the closed tab again", "Fit the memory map"] {
        assert!(window.query_all_by_label(text).next().is_some(), "{text}");
    }
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(window.query_by_label("Open the closed tab again").is_none());
}

#[test]
fn the_palette_runs_what_is_typed() {
    let mut window = window();
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    window.get_by_label("Command").type_text("theme light");
    settle(&mut window);
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(window.ctx.theme(), egui::Theme::Light);
    assert_eq!(window.state().document().view.overlay, None);
}

#[test]
fn sources_are_written_checked_and_told() {
    let folder = std::env::temp_dir().join(format!("emberlab-window-export-{}", std::process::id()));
    let mut window = window();
    send(&mut window, Command::OpenExample);
    send(&mut window, Command::ExportSourcesTo(SourceKind::CArray, folder.clone()));
    let said = labels(&window, "Wrote model.h, model.cc and resolver.h to ");
    assert!(said.iter().any(|text| text.contains(&folder.display().to_string())), "{said:?}");
    assert!(said.iter().any(|text| text.contains("Round trip checked: ")), "{said:?}");
    let header = std::fs::read_to_string(folder.join("model.h")).expect("it was written");
    assert!(header.contains("on ESP32-S3, "), "the arena is that of the chip in front: {header}");

    // A file in the way of the folder.
    send(&mut window, Command::ExportSourcesTo(SourceKind::RustModule, folder.join("model.h")));
    let said = labels(&window, "Could not export Rust module of ");
    assert!(
        said.iter().any(|text| text.contains("is no folder") && text.contains("Name a folder")),
        "{said:?}"
    );
    assert_eq!(std::fs::read_dir(&folder).expect("it is ours").count(), 3);
    std::fs::remove_dir_all(folder).expect("it is ours");
}

#[test]
fn a_project_is_written_checked_and_told() {
    let folder = std::env::temp_dir().join(format!("emberlab-window-esp-idf-{}", std::process::id()));
    let mut window = window();
    send(&mut window, Command::OpenExample);
    send(&mut window, Command::ExportEspIdfTo(EspIdfApp::Bench, folder.join("project")));
    let said = labels(&window, "Wrote a project of ");
    assert!(said.iter().any(|text| text.contains("Round trip checked: ")), "{said:?}");
    let settings =
        std::fs::read_to_string(folder.join("project/sdkconfig.defaults")).expect("it was written");
    assert!(settings.contains("CONFIG_IDF_TARGET=\"esp32s3\""), "the chip is the one in front: {settings}");
    std::fs::remove_dir_all(folder).expect("it is ours");
}

#[test]
fn an_idle_window_does_not_repaint() {
    let mut window = window();
    send(&mut window, Command::OpenExample);
    for panel in PanelKind::ALL {
        send(&mut window, Command::ShowPanel(panel));
        window.run_steps(30);
        let delays = window.output().viewport_output.values().map(|output| output.repaint_delay);
        assert!(delays.min().is_some_and(|delay| delay > Duration::from_secs(60)), "{panel:?}");
    }
}

#[test]
fn a_file_that_changes_on_disk_is_read_again() {
    let path = std::env::temp_dir().join(format!("emberlab-changes-{}.tflite", std::process::id()));
    std::fs::write(&path, one_softmax()).expect("the temporary folder can be written to");
    let mut window = window();
    drop_file(&mut window, &path, &[]);
    assert!(!labels(&window, "Operator 0, Softmax").is_empty());
    // The watcher has noted the size of the first version once a look of its has passed.
    std::thread::sleep(Duration::from_millis(100));
    std::fs::copy(example(), &path).expect("it is ours");
    let deadline = Instant::now() + Duration::from_secs(30);
    while labels(&window, "Operator 12, Softmax").is_empty() {
        assert!(Instant::now() < deadline, "the change is not noticed");
        std::thread::sleep(Duration::from_millis(20));
        settle(&mut window);
    }
    std::fs::remove_file(&path).expect("it is ours");
    assert!(labels(&window, "Operator 0, Softmax").is_empty(), "nothing of the old model is left");
    let messages = window.state().document().messages.all();
    assert!(messages.iter().any(|message| message.text.contains("has changed on disk")));
}

#[test]
fn every_overlay_is_drawn_at_every_size_and_zoom() {
    for (size, zoom) in [(vec2(960.0, 600.0), 1.0), (vec2(1280.0, 800.0), 2.0), (vec2(1920.0, 1080.0), 0.8)] {
        let mut window = window_with(Settings { zoom, ..Settings::default() }, size);
        send(&mut window, Command::OpenExample);
        send(&mut window, Command::ToggleLog);
        for overlay in [
            Overlay::Shortcuts,
            Overlay::Palette,
            Overlay::ChipPicker,
            Overlay::Settings,
            Overlay::Problems,
            Overlay::Gallery,
        ] {
            send(&mut window, Command::Toggle(overlay));
            assert_eq!(window.state().document().view.overlay, Some(overlay));
            send(&mut window, Command::CloseOverlay);
        }
    }
}
