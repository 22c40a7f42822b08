//! The panel in a window without a screen: found by name, clicked, and asked what it wants changed.

use egui::accesskit::Role;
use egui::{Key, Modifiers, UiBuilder, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use emberlab_core::export::{EspIdfApp, SourceKind};
use emberlab_core::model::{BuiltinOperator, OperatorId, Options, Subgraph, TensorId};
use emberlab_core::verdict::{Diagnostic, Kernel, OperatorVerdict, Outcome, Place, Severity};

use super::fixtures::{MAIN, chain, convolutional, document, plan_with_live_bytes, residual, wired};
use super::*;
use crate::document::{Document, Findings, TabContent};
use crate::settings::Settings;
use crate::theme::Theme;

struct Bench {
    document: Document,
    panel: InspectPanel,
    /// Commands of all frames; selections and subgraphs are applied at once.
    commands: Vec<Command>,
}

const SIZE: Vec2 = vec2(1368.0, 824.0);

/// Header, main area and inspector at their places.
fn bench(document: Document) -> Harness<'static, Bench> {
    let state = Bench { document, panel: InspectPanel::default(), commands: Vec::new() };
    let mut harness =
        Harness::builder().with_size(SIZE).with_context_setup(crate::theme::style::install).build_ui_state(
            |ui, bench: &mut Bench| {
                let theme = Theme::of(true);
                let mut commands = Vec::new();
                let mut ctx = PanelContext { document: &bench.document, theme, commands: &mut commands };
                let (header, rest) = ui.max_rect().split_top_bottom_at_y(44.0);
                let (main, inspector) = rest.split_left_right_at_x(rest.right() - 320.0);
                let layout = egui::Layout::right_to_left(egui::Align::Center);
                ui.scope_builder(UiBuilder::new().max_rect(header).layout(layout), |ui| {
                    bench.panel.header_ui(ui, &mut ctx);
                });
                ui.scope_builder(UiBuilder::new().max_rect(main), |ui| bench.panel.ui(ui, &mut ctx));
                ui.scope_builder(UiBuilder::new().max_rect(inspector), |ui| {
                    egui::ScrollArea::vertical().show(ui, |ui| bench.panel.inspector_ui(ui, &mut ctx));
                });
                for command in commands {
                    if let Some(tab) = bench.document.tabs.first_mut() {
                        match &command {
                            Command::Select(selection) => tab.selection = *selection,
                            Command::ShowSubgraph(subgraph) => tab.subgraph = *subgraph,
                            _ => {}
                        }
                    }
                    bench.commands.push(command);
                }
            },
            state,
        );
    harness.run();
    harness
}

fn selection(harness: &Harness<'_, Bench>) -> Selection {
    harness.state().document.tabs[0].selection
}

fn operator(number: u32) -> Selection {
    Selection::Operator(MAIN, OperatorId(number))
}

fn row(harness: &Harness<'_, Bench>, label: &str) -> bool {
    harness.query_by_role_and_label(Role::Row, label).is_some()
}

#[test]
fn without_a_model_the_hint_opens_a_file() {
    let mut harness = bench(Document::new(Settings::default()));
    harness.get_by_label("Open file").click();
    harness.run();
    assert!(matches!(harness.state().commands.as_slice(), [Command::OpenDialog]));
}

#[test]
fn a_click_on_a_node_selects_the_operator_everywhere() {
    let mut harness = bench(document(chain(3), Some(plan_with_live_bytes(&[64, 86_240, 16]))));
    let name = "Operator 1, Add, 86,240 bytes live";
    harness.get_by_role_and_label(Role::Button, name).click();
    harness.run();
    assert_eq!(selection(&harness), operator(1));
    let row = harness.get_by_role_and_label(Role::Row, name);
    assert_eq!(row.accesskit_node().toggled(), Some(egui::accesskit::Toggled::True));
    harness.get_by_label_contains("Largest live set: 86,240 B.");
}

#[test]
fn a_click_on_a_row_selects_the_operator() {
    let mut harness = bench(document(chain(3), None));
    harness.get_by_role_and_label(Role::Row, "Operator 2, Add").click();
    harness.run();
    assert_eq!(selection(&harness), operator(2));
}

#[test]
fn arrows_move_the_selection() {
    let mut harness = bench(document(residual(2), None));
    for (key, expected) in [
        (Key::ArrowDown, 0),
        (Key::ArrowDown, 1),
        (Key::ArrowDown, 2),
        (Key::ArrowRight, 3),
        (Key::ArrowUp, 2),
        (Key::ArrowUp, 1),
    ] {
        harness.key_press(key);
        harness.run();
        assert_eq!(selection(&harness), operator(expected), "{key:?}");
    }
}

#[test]
fn find_filters_counts_and_walks_through_matches() {
    let mut harness = bench(document(convolutional(), None));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run();
    harness.get_by_label("Find").type_text("net 64");
    harness.run();
    assert!(!row(&harness, "Operator 0, Conv2D"));
    assert!(row(&harness, "Operator 1, SpecialOperator") && row(&harness, "Operator 2, FullyConnected"));
    for expected in [1, 2, 1] {
        harness.key_press(Key::Enter);
        harness.run();
        assert_eq!(selection(&harness), operator(expected));
    }
    harness.key_press(Key::Escape);
    harness.run();
    assert!(row(&harness, "Operator 0, Conv2D"), "Escape clears the field");
}

#[test]
fn a_search_without_result_offers_to_be_cleared() {
    let mut harness = bench(document(chain(2), None));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run();
    harness.get_by_label("Find").type_text("conv 5x5");
    harness.run();
    harness.get_by_label("No row matches conv 5x5");
    harness.get_by_label("Clear filter").click();
    harness.run();
    assert!(row(&harness, "Operator 0, Add"));
}

#[test]
fn tables_of_tensors_and_summary_are_one_click_away() {
    let mut harness = bench(document(convolutional(), None));
    let tensors = harness.get_all_by_role_and_label(Role::RadioButton, "Tensors").next();
    tensors.expect("the switch above the table").click();
    harness.run();
    harness.get_by_role_and_label(Role::Row, "Tensor 1, conv/weights, 72 bytes").click();
    harness.run();
    assert_eq!(selection(&harness), Selection::Tensor(MAIN, TensorId(1)));
    harness.get_by_label_contains("Scale per channel, 4 channels");
    harness.get_by_label("Values of 4×3×3×2");
    harness.get_by_label("Summary").click();
    harness.run();
    harness.get_by_label("Connected to");
}

#[test]
fn heads_sort_and_the_third_click_restores_the_order_of_the_file() {
    let mut harness = bench(document(chain(3), Some(plan_with_live_bytes(&[64, 128, 32]))));
    let order = |harness: &Harness<'_, Bench>| {
        let mut rows: Vec<(f32, String)> = harness
            .get_all_by_role(Role::Row)
            .map(|row| (row.rect().top(), row.accesskit_node().label().unwrap_or_default().to_string()))
            .collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        rows.into_iter().map(|(_, label)| label.chars().nth(9).unwrap_or(' ')).collect::<String>()
    };
    assert_eq!(order(&harness), "012");
    for (head, expected) in [("Live B", "102"), ("Live B, descending", "201"), ("Live B, ascending", "012")] {
        harness.get_by_label(head).click();
        harness.run();
        assert_eq!(order(&harness), expected, "{head}");
    }
}

#[test]
fn the_table_is_copied_as_text() {
    let mut harness = bench(document(chain(2), None));
    harness.get_by_label("Copy").click();
    harness.run();
    let [Command::Copy(text, what)] = harness.state().commands.as_slice() else { panic!("one copy") };
    assert!(
        text.starts_with("#\tOperator\tOutput\tMACs\tWeights B\tLive B\tKernel\n0\tAdd\t8×8×4\t"),
        "{text}"
    );
    assert_eq!(what, "2 operators");
}

#[test]
fn the_inspector_shows_attributes_tensors_and_values() {
    let mut harness = bench(document(convolutional(), None));
    harness.get_by_role_and_label(Role::Row, "Operator 0, Conv2D").click();
    harness.run();
    for line in ["Kernel, stride, 3×3, 2×2", "Padding, same, 0/1", "Activation, ReLU6", "Saturated, 0"] {
        harness.get_by_label(line);
    }
    harness.get_by_label("weights, tensor 1, 4×3×3×2 int8, 72 B").click();
    harness.run();
    harness.get_by_label("Values of 4×3×3×2");
    harness.get_by_label("Copy values").click_accesskit();
    harness.run();
    let copied = harness.state().commands.iter().find_map(|command| match command {
        Command::Copy(text, _) => Some(text.as_str()),
        _ => None,
    });
    assert!(copied.expect("a copy").starts_with("0\t1\n2\t3\n"));
    harness.get_by_label("Save .npy").click_accesskit();
    harness.run();
    let Some(Command::SaveAs(name, bytes, _)) = harness.state().commands.last() else { panic!("a file") };
    assert_eq!(name, "t1.npy");
    assert!(bytes.starts_with(b"\x93NUMPY"));
}

#[test]
fn custom_options_are_shown_as_bytes() {
    let mut harness = bench(document(convolutional(), None));
    harness.get_by_role_and_label(Role::Row, "Operator 1, SpecialOperator").click();
    harness.run();
    harness.get_by_label("Custom options");
    harness.get_by_label_contains("28 24 01");
}

#[test]
fn large_constants_are_measured_by_a_job_and_asked_for_once() {
    let mut builder = super::fixtures::ModelBuilder::new();
    let input = builder.tensor("in", &[1, 256], emberlab_core::model::TensorType::Int8);
    let weights = builder.constant("w", &[256, 256], emberlab_core::model::TensorType::Int8, vec![7; 65_536]);
    let output = builder.tensor("out", &[1, 256], emberlab_core::model::TensorType::Int8);
    builder.operator(BuiltinOperator::FULLY_CONNECTED, &[input, weights], &[output]);
    let mut harness = bench(document(builder.finish(&[input], &[output]), None));
    harness.get_by_role_and_label(Role::Row, "Operator 0, FullyConnected").click();
    harness.run_steps(5);
    let asked = |command: &&Command| matches!(command, Command::Measure(subgraph, tensor) if (*subgraph, *tensor) == (MAIN, weights));
    assert_eq!(harness.state().commands.iter().filter(asked).count(), 1);
}

#[test]
fn verdicts_come_first() {
    let mut document = document(chain(2), None);
    let target = document.target;
    let TabContent::Model(open) = &mut document.tabs[0].content else { panic!("a model") };
    let verdict =
        |number| OperatorVerdict { subgraph: MAIN, operator: OperatorId(number), kernel: Kernel::EspNnSimd };
    let findings = Findings {
        latency: None,
        operators: vec![verdict(0), verdict(1)],
        diagnostics: vec![Diagnostic {
            severity: Severity::Warning,
            place: Place::Operator(MAIN, OperatorId(1)),
            message: "Something is odd.".to_owned(),
            help: "Look at it.".to_owned(),
        }],
        outcome: Some(Outcome::Runs),
    };
    open.findings.push((target, Arc::new(findings)));
    let mut harness = bench(document);
    harness.get_by_label("Runs on ESP32-S3");
    harness.get_by_label("1 warning").click();
    harness.run();
    assert!(matches!(harness.state().commands.as_slice(), [Command::Toggle(WindowOverlay::Problems)]));
    harness.get_by_role_and_label(Role::Row, "Operator 1, Add").click();
    harness.run();
    harness.get_by_label("Something is odd. Look at it.");
    harness.get_by_label("Runs on ESP32-S3, ESP-NN, SIMD");
}

#[test]
fn subgraphs_are_entered_and_left() {
    let mut model = wired(&[0], &[(&[0], &[1])]);
    model.operator_codes[0].builtin = BuiltinOperator::IF;
    let options =
        Options::new("IfOptions").with_int("then_subgraph_index", 1).with_int("else_subgraph_index", 1);
    model.subgraphs[0].operators[0].options = Some(options);
    model.subgraphs.push(Subgraph { name: Some("branch".to_owned()), ..Subgraph::default() });
    let mut harness = bench(document(model, None));
    harness.get_by_label("Subgraph 0");
    harness.get_by_role_and_label(Role::Row, "Operator 0, If").click();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().document.tabs[0].subgraph, SubgraphId(1));
    harness.get_by_label("Subgraph 1  branch");
    harness.get_by_label("No operators");
    harness.key_press(Key::Backspace);
    harness.run();
    assert_eq!(harness.state().document.tabs[0].subgraph, MAIN);
}

#[test]
fn the_wheel_zooms_at_the_cursor_and_scrolls_after_ctrl_m() {
    let mut harness = bench(document(chain(31), None));
    let node =
        |harness: &Harness<'_, Bench>| harness.get_by_role_and_label(Role::Button, "Operator 2, Add").rect();
    let wheel = |harness: &mut Harness<'_, Bench>, at: egui::Pos2| {
        harness.hover_at(at);
        harness.run();
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Line,
            delta: vec2(0.0, -1.0),
            modifiers: Modifiers::NONE,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
        });
        harness.run_steps(30);
    };
    let before = node(&harness);
    wheel(&mut harness, before.center());
    let zoomed = node(&harness);
    assert!(zoomed.width() < before.width() - 10.0, "{before:?} {zoomed:?}");
    assert!((zoomed.center() - before.center()).length() < 2.0, "the cursor stays on its node");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::M);
    harness.run();
    wheel(&mut harness, zoomed.center());
    let scrolled = node(&harness);
    assert_eq!(scrolled.size(), zoomed.size());
    assert!(scrolled.top() < zoomed.top() - 10.0);
}

#[test]
fn far_out_nodes_are_blocks_without_widgets() {
    let mut harness = bench(document(chain(2_000), None));
    assert!(harness.query_by_role_and_label(Role::Button, "Operator 0, Add").is_some());
    harness.get_by_label("Fit view").click();
    harness.run();
    assert!(harness.query_by_role_and_label(Role::Button, "Operator 0, Add").is_none());
    assert!(harness.query_by_label("Graph").is_some());
}

#[test]
fn exports_draw_the_whole_graph() {
    let mut harness = bench(document(residual(2), None));
    harness.key_press_modifiers(Modifiers { alt: true, ..Modifiers::COMMAND }, Key::E);
    harness.run();
    harness.key_press_modifiers(Modifiers { shift: true, ..Modifiers::COMMAND }, Key::E);
    harness.run();
    let [
        Command::SavePicture(svg, picture, PictureFormat::Svg, _),
        Command::SavePicture(png, _, PictureFormat::Png(_), _),
    ] = harness.state().commands.as_slice()
    else {
        panic!("{:?}", harness.state().commands)
    };
    assert_eq!((svg.as_str(), png.as_str()), ("model.svg", "model.png"));
    assert!(picture.marks.len() > 6 * 5);
}

#[test]
fn sources_are_asked_for_in_the_export_menu() {
    let mut document = document(chain(2), None);
    let TabContent::Model(open) = &mut document.tabs[0].content else { panic!("a model") };
    open.file = Some(Arc::from(&b"TFL3"[..]));
    let mut harness = bench(document);
    for (entry, expected) in
        [("C array and resolver…", SourceKind::CArray), ("Rust module…", SourceKind::RustModule)]
    {
        harness.get_by_label("Export").click();
        harness.run();
        harness.get_by_label(entry).click();
        harness.run();
        let last = harness.state().commands.last();
        assert!(matches!(last, Some(Command::ExportSources(kind)) if *kind == expected), "{last:?}");
    }
}

#[test]
fn projects_are_asked_for_in_the_export_menu() {
    let mut document = document(chain(2), None);
    let TabContent::Model(open) = &mut document.tabs[0].content else { panic!("a model") };
    open.file = Some(Arc::from(&b"TFL3"[..]));
    let mut harness = bench(document);
    for (entry, expected) in
        [("ESP-IDF project…", EspIdfApp::Classify), ("ESP-IDF benchmark…", EspIdfApp::Bench)]
    {
        harness.get_by_label("Export").click();
        harness.run();
        harness.get_by_label(entry).click();
        harness.run();
        let last = harness.state().commands.last();
        assert!(matches!(last, Some(Command::ExportEspIdf(app)) if *app == expected), "{last:?}");
    }
}

/// What was never trained answers nothing, and does not belong on a chip.
#[test]
fn a_network_of_placeholders_has_no_sources() {
    let mut document = document(chain(2), None);
    let TabContent::Model(open) = &mut document.tabs[0].content else { panic!("a model") };
    (open.file, open.is_placeholder) = (Some(Arc::from(&b"TFL3"[..])), true);
    let mut harness = bench(document);
    harness.get_by_label("Export").click();
    harness.run();
    for entry in ["C array and resolver…", "Rust module…", "ESP-IDF project…"] {
        assert!(harness.get_by_label(entry).accesskit_node().is_disabled(), "{entry}");
    }
    assert!(!harness.get_by_label("Graph as SVG…").accesskit_node().is_disabled());
}

#[test]
fn ctrl_j_puts_the_table_below() {
    let mut harness = bench(document(chain(3), None));
    let graph = harness.get_by_label("Graph").rect();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
    harness.run();
    let wide = harness.get_by_label("Graph").rect();
    assert!(wide.width() > graph.width() + 300.0 && wide.height() < graph.height() - 100.0);
    assert_eq!(wide.min, graph.min);
}

#[test]
fn a_model_for_the_desktop_says_so() {
    for (outcome, tag) in [
        (Outcome::HostOnly { reason: "hybrid".to_owned(), help: "quantize".to_owned() }, "Host only"),
        (
            Outcome::Refused { reason: "no kernel".to_owned(), help: "another operator".to_owned() },
            "Does not run on ESP32-S3",
        ),
    ] {
        let mut document = document(chain(1), None);
        let target = document.target;
        let TabContent::Model(open) = &mut document.tabs[0].content else { panic!("a model") };
        let findings = Findings { outcome: Some(outcome), ..Findings::default() };
        open.findings.push((target, Arc::new(findings)));
        bench(document).get_by_label(tag);
    }
}
