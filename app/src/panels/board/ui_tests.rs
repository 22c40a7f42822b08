//! The panel in a window without a screen: found by name, clicked, and asked what it wants changed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Event, Modifiers, ScrollArea, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use emberlab_core::bench::{
    Check, Compared, Conditions, Counting, Difference, DifferingPlace, History, LogLevel, Marker, MarkerKind,
    Record, Sample, Stage, Trouble,
};
use emberlab_core::link::{Board, Model as BoardModel, OperatorTime, Place, Stack, Summary, Unit};
use emberlab_core::model::{BuiltinOperator, Model, ModelBuilder, OperatorId, Tensor, TensorType};
use emberlab_core::plan::Chip;

use super::*;
use crate::app::App;
use crate::board::{FlashState, OpenRecording, PortEntry};
use crate::charts::Figure;
use crate::device::image::build_help;
use crate::device::{Address, Faults};
use crate::document::{OpenModel, PanelKind, Tab, TabContent};
use crate::project::TrainCommand;
use crate::settings::Settings;

struct Bench {
    document: Document,
    panel: BoardPanel,
    commands: Vec<Command>,
}

const SIZE: Vec2 = vec2(1368.0, 824.0);

/// Header, main area and inspector at their places.
fn bench(document: Document) -> Harness<'static, Bench> {
    let state = Bench { document, panel: BoardPanel::default(), commands: Vec::new() };
    let mut harness =
        Harness::builder().with_size(SIZE).with_context_setup(crate::theme::style::install).build_ui_state(
            |ui, bench: &mut Bench| {
                let theme = Theme::of(true);
                let Bench { document, panel, commands } = bench;
                let mut ctx = PanelContext { document, theme, commands };
                let (header, rest) = ui.max_rect().split_top_bottom_at_y(44.0);
                let (main, inspector) = rest.split_left_right_at_x(rest.right() - 320.0);
                let layout = Layout::right_to_left(Align::Center);
                ui.scope_builder(UiBuilder::new().max_rect(header).layout(layout), |ui| {
                    panel.header_ui(ui, &mut ctx);
                });
                ui.scope_builder(UiBuilder::new().max_rect(main), |ui| panel.ui(ui, &mut ctx));
                ui.scope_builder(UiBuilder::new().max_rect(inspector), |ui| {
                    ScrollArea::vertical().show(ui, |ui| panel.inspector_ui(ui, &mut ctx));
                });
            },
            state,
        );
    harness.run_steps(3);
    harness
}

fn board_commands(harness: &Harness<'_, Bench>) -> Vec<String> {
    let of_board = |command: &Command| match command {
        Command::Board(command) => Some(format!("{command:?}")),
        _ => None,
    };
    harness.state().commands.iter().filter_map(of_board).collect()
}

fn click(harness: &mut Harness<'_, Bench>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(2);
}

fn model() -> Model {
    let mut builder = ModelBuilder::new("two operators");
    let int8 = |name: &str| Tensor::new(name, TensorType::Int8, &[1, 4]).quantized(1.0 / 256.0, -128);
    let input = builder.input(int8("in"));
    let middle = builder.tensor(int8("middle"));
    let output = builder.tensor(int8("out"));
    builder.operator(BuiltinOperator::RELU, [input], [middle]);
    builder.operator(BuiltinOperator::SOFTMAX, [middle], [output]);
    builder.output(output);
    builder.build()
}

fn empty_document() -> Document {
    Document::new(Settings::default())
}

/// A document with a model in front.
fn document() -> Document {
    let mut document = empty_document();
    let id = document.new_tab_id();
    let mut open = OpenModel::new(Arc::new(model()), 1000, "");
    open.file = Some(Arc::from(vec![0; 1000]));
    document.tabs.push(Tab { content: TabContent::Model(Box::new(open)), ..Tab::new(id, "two.tflite") });
    document.active = Some(id);
    document
}

fn board(unit: Unit) -> Board {
    Board {
        protocol: 1,
        running: 0,
        unit,
        has_micros: unit != Unit::Instructions,
        clock_hz: if unit == Unit::Cycles { 160_000_000 } else { 0 },
        memory_bytes: 300_000,
        overhead_cycles: 12,
        dropped: 0,
        firmware: "emberlab".to_owned(),
        version: "1.0.0".to_owned(),
        build: "abc".to_owned(),
        chip: if unit == Unit::Cycles { "esp32c6".to_owned() } else { "qemu".to_owned() },
        stack: (unit == Unit::Cycles).then_some(Stack { bytes: 16_384, used: 3104 }),
        flash_mode: Some("dio".to_owned()),
    }
}

fn board_model() -> BoardModel {
    BoardModel {
        request: 0,
        place: Place::Window,
        model_bytes: 1000,
        model_crc: 0x1234_5678,
        arena_used: 2096,
        arena_minimum: 2112,
        arena_given: 290_000,
        n_inputs: 1,
        n_outputs: 1,
        n_operators: 2,
        n_subgraphs: 1,
        input_bytes: 4,
        output_bytes: 4,
    }
}

fn check(difference: Option<Difference>) -> Arc<Check> {
    let is_equal = difference.is_none();
    let one = |operator, found| Compared {
        subgraph: 0,
        operator,
        tensor: 0,
        expected: 0xbecc_9b7f,
        found: Some(found),
    };
    let operators = vec![one(0, 0xbecc_9b7f), one(1, if is_equal { 0xbecc_9b7f } else { 7 })];
    Arc::new(Check { done: if is_equal { 5 } else { 1 }, total: 5, incomplete: 0, operators, difference })
}

/// A measurement of `n` inferences that goes on.
fn run(document: &Document, unit: Unit, n: u64) -> BoardRun {
    let tab = document.active_tab().map(|tab| (tab.id, tab.revision));
    let address = match unit {
        Unit::Cycles => {
            Address::Serial { path: "/dev/ttyACM0".to_owned(), usb_serial: Some("40:4C".to_owned()) }
        }
        Unit::Instructions => Address::Emulated,
        Unit::Nanoseconds => Address::Simulated(Faults::default()),
    };
    let mut run = BoardRun::new(address, tab, "two.tflite".to_owned(), 100_000);
    run.stage = Stage::Live;
    run.board = Some(board(unit));
    run.model = Some(board_model());
    run.check = Some(check(None));
    run.history.mark(Marker { at_micros: 500, kind: MarkerKind::Rate(100_000) });
    for number in 0..n {
        let cycles = 15_344_960 + if unit == Unit::Instructions { 0 } else { number % 10 * 1600 };
        let micros = cycles / 160;
        let sample = Sample { at_micros: (number + 1) * 100_000, number, cycles, micros, late_micros: 0 };
        run.history.push(sample);
    }
    run.now_micros = n * 100_000;
    let time =
        |operator, cycles| OperatorTime { subgraph: 0, operator, calls: 1, cycles, micros: cycles / 160 };
    run.operators.push(&[time(0, 5_000_000), time(1, 10_400_000)]);
    run.outputs = Some(vec![0x7f, 0x80, 0x80, 0x80]);
    run.refresh_figures(0);
    run
}

/// A document whose model is measured.
fn measured(unit: Unit, change: impl FnOnce(&mut BoardRun)) -> Document {
    let mut document = document();
    let mut run = run(&document, unit, 300);
    change(&mut run);
    document.board.chosen = Some(run.address.clone());
    document.board.has_emulator = true;
    document.board.run = Some(Box::new(run));
    document
}

fn difference() -> Difference {
    Difference {
        seed: Some(2),
        place: DifferingPlace::Operator(0, 1, 2, 1),
        expected: Some(Arc::from([1, 2, 3, 4])),
        found: Some(Arc::from([1, 2, 0xff, 4])),
    }
}

#[test]
fn without_a_board_one_click_measures_on_the_emulated_one() {
    let mut document = document();
    document.board.has_emulator = true;
    let mut harness = bench(document);
    harness.get_by_label_contains("No board is connected");
    click(&mut harness, "Emulated board");
    assert_eq!(board_commands(&harness), ["Choose(Emulated)", "Measure"]);
}

#[test]
fn without_an_emulator_one_line_says_how_to_get_it() {
    let mut harness = bench(document());
    harness.get_by_label_contains(header::get_emulator());
    click(&mut harness, "Simulated board");
    assert!(board_commands(&harness)[0].starts_with("Choose(Simulated"));
    let mut chosen = document();
    chosen.board.chosen = Some(Address::Emulated);
    let mut harness = bench(chosen);
    harness.get_by_label("The emulated board needs QEMU");
    click(&mut harness, "Copy the command");
    let copied = harness
        .state()
        .commands
        .iter()
        .any(|command| matches!(command, Command::Copy(text, _) if text == header::get_emulator()));
    assert!(copied);
}

#[test]
fn which_boards_work_is_answered() {
    let mut harness = bench(document());
    click(&mut harness, "Which boards work?");
    harness.get_by_label_contains("ESP32-C3");
    harness.get_by_label("Any other board");
    click(&mut harness, "Back");
    harness.get_by_label_contains("No board is connected");
}

#[test]
fn without_a_model_a_port_can_be_listened_to() {
    let mut document = empty_document();
    document.board.chosen = Some(Address::Serial { path: "/dev/ttyUSB0".to_owned(), usb_serial: None });
    let mut harness = bench(document);
    harness.get_by_label("No model to measure");
    assert!(harness.get_by_label("Flash and measure").accesskit_node().is_disabled());
    click(&mut harness, "Only listen");
    assert_eq!(board_commands(&harness), ["Attach"]);
}

#[test]
fn the_chooser_lists_likely_ports_first_and_unlikely_ones_last() {
    let mut document = document();
    let port = |path: &str, kind: Option<&str>, is_likely| PortEntry {
        path: path.to_owned(),
        product: Some("USB JTAG/serial debug unit".to_owned()),
        usb_serial: Some("40:4C:CA".to_owned()),
        kind: kind.map(str::to_owned),
        is_likely,
    };
    document.board.ports =
        vec![port("/dev/ttyS0", None, false), port("/dev/ttyACM0", Some("ESP32-C6"), true)];
    let mut harness = bench(document);
    click(&mut harness, "Choose board, No board");
    let top = |harness: &Harness<'_, Bench>, label: &str| harness.get_by_label_contains(label).rect().top();
    let places =
        ["/dev/ttyACM0", "Emulated board, Needs QEMU", "Simulated board, For a first tour", "/dev/ttyS0"];
    let tops: Vec<f32> = places.iter().map(|label| top(&harness, label)).collect();
    assert!(tops.is_sorted(), "{tops:?}");
    harness.get_by_label_contains("/dev/ttyACM0").click();
    harness.run_steps(2);
    assert_eq!(
        board_commands(&harness),
        ["Choose(Serial { path: \"/dev/ttyACM0\", usb_serial: Some(\"40:4C:CA\") })"]
    );
}

#[test]
fn a_chip_shows_times_and_the_same_bits() {
    let mut harness = bench(measured(Unit::Cycles, |_| {}));
    harness.get_by_label_contains("Latency, median 95.946 ms, p95 95.996 ms");
    harness.get_by_label("Same bits: 2 of 2 operators equal");
    harness.get_by_label("Median, 95.946 ms");
    harness.get_by_label("Jitter, p95 − p5, 90 µs");
    harness.get_by_label("Arena, 2,096 B");
    harness.get_by_label("Stack used, most, 3,104 B");
    harness.get_by_label("Flash, dio");
    harness.get_by_label("Clock, 160 MHz");
    harness.get_by_label("Clock by its own timer, 160.0 MHz");
    harness.get_by_label("Score of class 0, 99.6 %");
    let row = harness.get_by_label("Operator 1, Softmax, 65.000 ms, same bits");
    row.click();
    harness.run_steps(2);
    let selected = Command::Select(Selection::Operator(SubgraphId(0), OperatorId(1)));
    assert_eq!(format!("{:?}", harness.state().commands), format!("{:?}", [selected]));
}

#[test]
fn instructions_are_never_a_time() {
    let mut harness = bench(measured(Unit::Instructions, |_| {}));
    harness.get_by_label("Latency, median 15,344,960 instructions, p95 15,344,960 instructions");
    harness.get_by_label("emulated: instructions, no time");
    harness.get_by_label("Instructions per inference");
    click(&mut harness, "Against estimate");
    harness.get_by_label("only a chip's times can be compared");
    for unit in [" ms", "µs"] {
        // What stands on the screen, not what a tooltip would say.
        let found: Vec<String> = harness
            .query_all_by(|node| node.label().or(node.value()).is_some_and(|text| text.contains(unit)))
            .filter_map(|node| node.accesskit_node().label().or(node.value()))
            .collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn the_simulated_board_says_what_it_is() {
    let mut harness = bench(measured(Unit::Nanoseconds, |_| {}));
    harness.get_by_label_contains("simulated on this computer");
    harness.get_by_label("simulated: this computer, not a chip");
    harness.get_by_label("Latency on this computer");
    harness.get_by_label_contains("They say nothing about a chip");
    harness.run_steps(1);
}

#[test]
fn the_first_operator_that_differs_is_shown_with_both_tensors() {
    let mut harness = bench(measured(Unit::Cycles, |run| run.check = Some(check(Some(difference())))));
    harness.get_by_label_contains(
        "Other bits: On random input 2 operator #1 Softmax is the first to write other bits, into t2",
    );
    harness.get_by_label("1 of 4 elements differ, desktop, board");
    harness.get_by_label("[2], 3, −1");
    harness.get_by_label_contains("Operator 1, Softmax, 65.000 ms, other bits");
    click(&mut harness, "Show the operator");
    assert!(
        harness
            .state()
            .commands
            .iter()
            .any(|command| matches!(command, Command::Select(Selection::Operator(..))))
    );
}

#[test]
fn what_was_not_compared_says_why() {
    for (change, expected) in [
        (
            Box::new(|run: &mut BoardRun| run.stage = Stage::Checking(1, 5))
                as Box<dyn FnOnce(&mut BoardRun)>,
            "Comparing…: Input 2 of 5 is computed on both sides.",
        ),
        (
            Box::new(|run: &mut BoardRun| run.stage = Stage::Asking),
            "Not compared yet: Inputs are compared before measuring begins.",
        ),
        (
            Box::new(|run: &mut BoardRun| run.tab = None),
            "Not compared: No model is open that the board's could be compared with.",
        ),
    ] {
        let harness = bench(measured(Unit::Cycles, |run| {
            run.check = None;
            change(run);
        }));
        harness.get_by_label(expected);
    }
    let lossy = Check { done: 3, total: 5, incomplete: 2, ..Check::default() };
    let harness = bench(measured(Unit::Cycles, |run| run.check = Some(Arc::new(lossy))));
    harness.get_by_label_contains("Not compared to the end");
}

#[test]
fn a_flash_that_failed_says_the_step_and_what_cures_it() {
    let mut document = document();
    document.board.chosen = Some(Address::Serial { path: "/dev/ttyACM0".to_owned(), usb_serial: None });
    document.board.flash = FlashState::Failed {
        step: "Choosing firmware".to_owned(),
        trouble: Trouble {
            message: "No firmware ships for ESP32-S3".to_owned(),
            help: build_help(Chip::Esp32s3),
        },
    };
    let mut harness = bench(document);
    harness.get_by_label_contains("Choosing firmware failed. No firmware ships for ESP32-S3.");
    for label in ["Try again", "Choose firmware…", "Copy the command"] {
        click(&mut harness, label);
    }
    assert_eq!(board_commands(&harness), ["FlashAndMeasure", "ChooseFirmware"]);
    let copied = |command: &Command| matches!(command, Command::Copy(text, _) if text.starts_with("cargo ") && text.ends_with("esp32s3.elf"));
    assert!(harness.state().commands.iter().any(copied));
}

#[test]
fn while_the_flash_is_written_nothing_else_begins() {
    let mut document = document();
    document.board.chosen = Some(Address::Serial { path: "/dev/ttyACM0".to_owned(), usb_serial: None });
    document.board.flash = FlashState::Running("Writing 120,000 of 400,000 bytes".to_owned());
    let harness = bench(document);
    harness.get_by_label_contains("Flashing: Writing 120,000 of 400,000 bytes. The status bar");
    assert!(harness.get_by_label("Flash and measure").accesskit_node().is_disabled());
}

#[test]
fn troubles_have_the_step_that_helps() {
    let trouble =
        |message: &str, help: &str| Some(Trouble { message: message.to_owned(), help: help.to_owned() });
    let mut harness = bench(measured(Unit::Cycles, |run| {
        run.stage = Stage::OtherModel;
        run.trouble = trouble("Another model is on the board", "Flash this one");
    }));
    harness.get_by_label_contains("Another model is on the board. Flash this one.");
    click(&mut harness, "Try without flashing");
    assert_eq!(board_commands(&harness), ["SendModel"]);
    let mut lost = measured(Unit::Cycles, |run| {
        run.stage = Stage::Lost;
        run.is_open = false;
        run.trouble = trouble(
            "This user may not open /dev/ttyACM0",
            "Run: sudo usermod -aG dialout $USER, then log in again",
        );
    });
    lost.board.failure = trouble("There is no model to measure", "Open one");
    let mut harness = bench(lost);
    harness.get_by_label_contains("There is no model to measure. Open one.");
    click(&mut harness, "Copy the command");
    let copied = |command: &Command| matches!(command, Command::Copy(text, _) if text == "sudo usermod -aG dialout $USER");
    assert!(harness.state().commands.iter().any(copied));
    click(&mut harness, "Measure again");
    assert_eq!(board_commands(&harness), ["Measure"]);
}

#[test]
fn keys_pause_turn_the_axis_and_fit() {
    let mut harness = bench(measured(Unit::Cycles, |_| {}));
    harness.key_press(Key::Space);
    harness.run_steps(1);
    assert_eq!(board_commands(&harness), ["TogglePause"]);
    assert!(!harness.state().panel.live.is_log());
    harness.key_press(Key::L);
    harness.run_steps(1);
    assert!(harness.state().panel.live.is_log());
    let field = harness.get_by_label_contains("Latency, median").rect();
    harness.hover_at(field.center());
    let (unit, source) = (egui::MouseWheelUnit::Point, egui::MouseWheelSource::Wheel);
    let (modifiers, phase) = (Modifiers::NONE, egui::TouchPhase::Move);
    harness.event(Event::MouseWheel { unit, delta: vec2(0.0, 200.0), phase, source, modifiers });
    harness.run_steps(4);
    assert!(!harness.state().panel.live.is_fit());
    harness.key_press(Key::F);
    harness.run_steps(1);
    assert!(harness.state().panel.live.is_fit());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::R);
    harness.run_steps(1);
    assert_eq!(board_commands(&harness).last().map(String::as_str), Some("FlashAndMeasure"));
}

#[test]
fn text_with_numbers_is_plotted_and_lines_can_be_hidden() {
    let mut harness = bench(measured(Unit::Cycles, |run| {
        for index in 0..100u64 {
            run.put_value("temperature", index * 250_000, 20.0 + index as f64 * 0.1);
            run.put_value("humidity", index * 250_000, 40.0);
        }
    }));
    click(&mut harness, "Text values");
    harness.get_by_label("Text values, humidity 40, temperature 29.900");
    click(&mut harness, "Line humidity, 40");
    harness.get_by_label("Text values, temperature 29.900");
    click(&mut harness, "Class scores");
    harness.get_by_label_contains("Scores come with every inference");
}

#[test]
fn lines_get_other_names_and_the_axis_at_the_right() {
    let mut harness = bench(measured(Unit::Cycles, |run| {
        for index in 0..100u64 {
            run.put_value("p", index * 250_000, 1000.0 + index as f64);
            run.put_value("t", index * 250_000, 20.0);
        }
    }));
    click(&mut harness, "Text values");
    harness.get_by_label("Line p, 1,099").click_secondary();
    harness.run_steps(2);
    harness.get_by_label("Name of the line").focus();
    harness.run_steps(1);
    harness.get_by_label("Name of the line").type_text("Pressure");
    harness.run_steps(2);
    click(&mut harness, "Axis at the right");
    click(&mut harness, "Colour 4");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    harness.get_by_label("Line Pressure, 1,099");
    harness.get_by_label("Text values, Pressure 1,099, t 20");
    let figure = exported_plot(&mut harness);
    let right = figure.right.as_ref().expect("an axis at the right");
    assert_eq!((right.label.as_str(), figure.y.label.as_str()), ("Pressure", "t"));
    assert!(right.range.0 > 900.0 && figure.y.range.1 < 100.0);
    assert!(
        figure.lines.iter().any(|line| line.name == "Pressure" && line.colour == Theme::of(true).series[3])
    );
}

#[test]
fn firmware_of_others_has_a_plot_over_everything() {
    let mut harness = bench(measured(Unit::Cycles, |run| {
        (run.model, run.board, run.history, run.figures) = (None, None, History::new(100), None);
        for index in 0..100u64 {
            run.put_value("ax", index * 10_000, index as f64);
        }
    }));
    harness.get_by_label("Text values, ax 99");
    assert!(
        harness.query_by_label("Distribution").is_none() && harness.query_by_label("Operators").is_none()
    );
    assert!(harness.query_by_label("Latency").is_none(), "nothing was computed");
    harness.get_by_label("Numbers in text");
    click(&mut harness, "Export");
    assert!(harness.query_by_label("Distribution as SVG…").is_none());
    click(&mut harness, "Numbers in text as CSV…");
    click(&mut harness, "Save CSV…");
    assert_eq!(board_commands(&harness), ["SaveValues", "SaveValues"]);
}

#[test]
fn recorded_numbers_are_plotted_again() {
    let mut document = empty_document();
    let series =
        [("t".to_owned(), crate::board::Series { points: (0..50).map(|at| (at * 1000, 20.5)).collect() })];
    document.board.opened = Some(OpenRecording {
        name: "room.csv".to_owned(),
        counting: Counting { unit: Unit::Cycles, clock_hz: 0 },
        history: History::new(1),
        series: series.into_iter().collect(),
    });
    let harness = bench(document);
    harness.get_by_label("Recording room.csv");
    harness.get_by_label("Text values, t 20.500");
}

#[test]
fn two_numbers_are_plotted_against_each_other() {
    let mut harness = bench(measured(Unit::Cycles, |run| {
        for index in 0..100u64 {
            let phase = index as f64 * 0.1;
            run.put_value("x", index * 250_000, phase.cos());
            run.put_value("y", index * 250_000, phase.sin());
            run.put_value("z", index * 250_000, 2.0 * phase);
        }
    }));
    click(&mut harness, "X-Y");
    harness.get_by_label_contains("X-Y, x ");
    let figure = exported_plot(&mut harness);
    assert_eq!(figure.title.rsplit(": ").next(), Some("y against x"));
    let points: Vec<[f64; 2]> = figure.lines.iter().flat_map(|line| line.points.clone()).collect();
    assert_eq!(points.len(), 100);
    assert!(points.iter().all(|[x, y]| (x * x + y * y - 1.0).abs() < 1e-9));
    click(&mut harness, "Number upwards");
    click(&mut harness, "z");
    let figure = exported_plot(&mut harness);
    assert_eq!((figure.x.label.as_str(), figure.y.label.as_str()), ("x", "z"));
}

#[test]
fn x_y_says_what_it_needs() {
    let mut harness = bench(measured(Unit::Cycles, |run| run.put_value("only", 0, 1.0)));
    click(&mut harness, "X-Y");
    harness.get_by_label_contains("Two numbers that the board prints");
}

/// The plot as it is written into a file.
fn exported_plot(harness: &mut Harness<'_, Bench>) -> crate::charts::Chart {
    click(harness, "Export");
    click(harness, "Plot as SVG…");
    let figures = harness.state().commands.iter().rev().filter_map(|command| match command {
        Command::Train(TrainCommand::SaveFigure(_, figure, ..)) => Some(figure.clone()),
        _ => None,
    });
    match figures.into_iter().next().as_deref() {
        Some(Figure::Chart(chart)) => chart.clone(),
        other => panic!("no chart: {other:?}"),
    }
}

#[test]
fn the_log_is_filtered_copied_and_answered() {
    let mut harness = bench(measured(Unit::Cycles, |run| {
        run.log(1_000_000, LogLevel::Info, "board", "temp:21".to_owned());
        run.log(2_000_000, LogLevel::Warning, "line", "the line is gone".to_owned());
    }));
    harness.get_by_label("00:01.000 board temp:21");
    click(&mut harness, "All levels");
    click(&mut harness, "Warnings and errors");
    assert!(harness.query_by_label("00:01.000 board temp:21").is_none());
    click(&mut harness, "Copy log");
    let copied = |command: &Command| matches!(command, Command::Copy(text, _) if text == "00:02.000 warn the line is gone");
    assert!(harness.state().commands.iter().any(copied));
    harness.get_by_label("Send a line to the board").click();
    harness.run_steps(2);
    harness.get_by_label("Send a line to the board").type_text("help");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(board_commands(&harness), ["SendText(\"help\")"]);
}

#[test]
fn plot_and_distribution_become_files() {
    let mut harness = bench(measured(Unit::Cycles, |_| {}));
    for label in ["Plot as SVG…", "Distribution as PNG…"] {
        click(&mut harness, "Export");
        click(&mut harness, label);
    }
    let figures = harness.state().commands.iter().filter_map(|command| match command {
        Command::Train(TrainCommand::SaveFigure(name, figure, ..)) => match &**figure {
            Figure::Chart(chart) => Some((name.as_str(), chart.title.as_str(), chart.lines.len())),
            Figure::Grid(_) => None,
        },
        _ => None,
    });
    let figures: Vec<_> = figures.collect();
    assert_eq!(figures[0].0, "two latency.svg");
    assert_eq!(figures[0].1, "two.tflite on ESP32-C6: Latency");
    assert_eq!(figures[1].0, "two distribution.png");
    assert!(figures[0].2 >= 2 && figures[1].2 == 2, "{figures:?}");
}

#[test]
fn a_recording_is_shown_as_what_its_file_says_it_counts() {
    let recorded = |unit, clock_hz| {
        let mut document = measured(Unit::Cycles, |_| {});
        let history = document.board.run.as_ref().map(|run| run.history.clone()).unwrap_or(History::new(1));
        let counting = Counting { unit, clock_hz };
        document.board.opened =
            Some(OpenRecording { name: "old.csv".to_owned(), counting, history, series: Default::default() });
        bench(document)
    };
    recorded(Unit::Instructions, 0).get_by_label("Median, 15,351,360");
    let mut harness = recorded(Unit::Cycles, 160_000_000);
    harness.get_by_label("Recording old.csv");
    harness.get_by_label("Median, 95.946 ms");
    harness.get_by_label("Only whole inferences were recorded");
    click(&mut harness, "Close recording");
    assert_eq!(board_commands(&harness), ["CloseRecording"]);
}

#[test]
fn earlier_results_are_compared_and_can_be_forgotten() {
    let mut document = measured(Unit::Cycles, |_| {});
    let conditions = Conditions {
        chip: "esp32c6".to_owned(),
        clock_hz: 160_000_000,
        unit: "cycles".to_owned(),
        flash: None,
        firmware: "emberlab 0.9 (x)".to_owned(),
        model_crc: 0x1234_5678,
        model_bytes: 1000,
        model_name: "two.tflite".to_owned(),
        interval_micros: 0,
    };
    let median = 15_000_000;
    let record = Record {
        unix_seconds: 1_234_567_890,
        conditions,
        runs: 1000,
        invoke: Summary { count: 1000, minimum: median, median, p95: median, p99: median, maximum: median },
        micros: None,
        operators: Vec::new(),
        arena_used: 2096,
        arena_minimum: 2112,
        same_bits: Some(true),
    };
    let mut other = record.clone();
    other.conditions.model_crc = 1;
    document.board.records = vec![other, record];
    let mut harness = bench(document);
    let row = harness.get_by_label("Result of 2009-02-13 23:31 UTC, ESP32-C6, 93.750 ms, now +2.3 %");
    row.scroll_to_me();
    harness.run_steps(3);
    harness.get_by_label_contains("Result of").click_secondary();
    harness.run_steps(2);
    click(&mut harness, "Forget this result");
    assert_eq!(board_commands(&harness), ["ForgetRecord(1)"]);
}

#[test]
fn stop_ends_measuring_and_close_the_line() {
    let mut harness = bench(measured(Unit::Cycles, |_| {}));
    click(&mut harness, "Stop");
    let mut listening = bench(measured(Unit::Cycles, |run| run.stage = Stage::Listening));
    click(&mut listening, "Close");
    assert_eq!(
        (board_commands(&harness), board_commands(&listening)),
        (vec!["Stop".to_owned()], vec!["Close".to_owned()])
    );
}

#[test]
fn options_ask_for_rate_inputs_and_faults() {
    let mut harness = bench(measured(Unit::Nanoseconds, |_| {}));
    for (label, expected) in [("10 Hz", "SetInterval(100000)"), ("Noisy", "SetFaults(Faults {")] {
        click(&mut harness, "Options of measuring");
        click(&mut harness, label);
        let last = board_commands(&harness).pop().unwrap_or_default();
        assert!(last.starts_with(expected), "{last}");
        harness.key_press(Key::Escape);
        harness.run_steps(2);
    }
}

/// The whole app with the example in front.
fn app() -> Harness<'static, App> {
    let mut harness = Harness::builder()
        .with_size([1440.0, 900.0])
        .build_ui_state(|ui, app: &mut App| app.show(ui), App::headless(Settings::default()));
    harness.state_mut().send(Command::OpenExample);
    harness.state_mut().send(Command::ShowPanel(PanelKind::Board));
    wait(&mut harness, "the example is open", |app| app.document().active_model().is_some());
    harness
}

fn wait(harness: &mut Harness<'static, App>, what: &str, is_there: impl Fn(&App) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is_there(harness.state()) {
        harness.run_steps(1);
        assert!(Instant::now() < deadline, "{what}: {:?}", harness.state().document().board.run);
        std::thread::sleep(Duration::from_millis(2));
    }
    harness.run_steps(2);
}

fn the_run(app: &App) -> Option<&BoardRun> {
    app.document().board.run.as_deref()
}

#[test]
fn the_simulated_board_is_measured_from_the_first_click_to_the_record() {
    let mut harness = app();
    let choose = BoardCommand::Choose(Address::Simulated(Faults::default()));
    harness.state_mut().send(Command::Board(choose));
    harness.run_steps(2);
    harness.get_by_label("Begin measuring").click();
    harness.run_steps(2);
    wait(&mut harness, "200 inferences", |app| {
        the_run(app).is_some_and(|run| run.history.total() > 200 && run.operators.count() > 3)
    });
    let check = the_run(harness.state()).and_then(|run| run.check.clone()).expect("inputs were compared");
    assert!(check.is_equal(), "{check:?}");
    let n = check.operators.len();
    harness.get_by_label(&format!("Same bits: {n} of {n} operators equal"));
    harness.get_by_label("simulated: this computer, not a chip");
    harness.get_by_label_contains("Board state, live");
    harness.get_by_label_contains("Operator 0, ").click();
    harness.run_steps(3);
    let tab = harness.state().document().active_tab().expect("the example is open");
    assert!(matches!(tab.selection, Selection::Operator(..)));
    let equal = harness.query_all_by(|node| {
        let text = node.label().or(node.value());
        text.is_some_and(|text| text.starts_with("Predicted arena, ") && text.ends_with(", equal"))
    });
    assert_eq!(equal.count(), 1, "the arena is what was predicted");
    harness.get_by_label("Stop").click();
    harness.run_steps(2);
    wait(&mut harness, "it listens", |app| the_run(app).is_some_and(|run| run.stage == Stage::Listening));
    harness.get_by_label("Close").click();
    harness.run_steps(2);
    wait(&mut harness, "it is closed", |app| the_run(app).is_some_and(|run| !run.is_open));
    harness.get_by_label_contains("Result of ");
}

#[test]
fn a_bad_line_is_counted_and_nothing_hangs() {
    let mut harness = app();
    let faults = Faults { lost: 60, changed: 60, cut: 3, late: 1000, seed: 3 };
    harness.state_mut().send(Command::Board(BoardCommand::Choose(Address::Simulated(faults))));
    harness.state_mut().send(Command::Board(BoardCommand::Measure));
    wait(&mut harness, "100 inferences over a bad line", |app| {
        the_run(app).is_some_and(|run| run.history.total() > 100 && run.counters.lost > 0)
    });
    harness.get_by_label_contains(" lost of ");
    harness.get_by_label_contains("Board state, ");
}
