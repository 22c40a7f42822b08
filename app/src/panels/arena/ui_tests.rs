//! The panel in a window without a screen: found by name, clicked, and asked what it wants changed.

use egui::{Event, Key, Modifiers, MouseWheelUnit, Pos2, Rect, UiBuilder, Vec2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use emberlab_core::model::{OperatorId, SubgraphId, TensorId};
use emberlab_core::plan::{Chip, KernelSet, Refusal, Target};

use super::fixtures::{document, document_with, long_plan, lossy_plan, model, selections, tight_plan};
use super::*;
use crate::document::{Document, PanelKind, Selection};
use crate::settings::Settings;
use crate::theme::Theme;

struct Bench {
    document: Document,
    panel: ArenaPanel,
    commands: Vec<Command>,
}

const SIZE: Vec2 = vec2(1368.0, 824.0);

/// Header, main area and inspector at their places.
fn bench(document: Document) -> Harness<'static, Bench> {
    let state = Bench { document, panel: ArenaPanel::default(), commands: Vec::new() };
    Harness::builder().with_size(SIZE).with_context_setup(crate::theme::style::install).build_ui_state(
        |ui, bench: &mut Bench| {
            let theme = Theme::of(true);
            let Bench { document, panel, commands } = bench;
            let mut ctx = PanelContext { document, theme, commands };
            let (header, rest) = ui.max_rect().split_top_bottom_at_y(44.0);
            let (main, inspector) = rest.split_left_right_at_x(rest.right() - 320.0);
            let layout = egui::Layout::right_to_left(egui::Align::Center);
            ui.scope_builder(UiBuilder::new().max_rect(header).layout(layout), |ui| {
                panel.header_ui(ui, &mut ctx)
            });
            ui.scope_builder(UiBuilder::new().max_rect(main), |ui| panel.ui(ui, &mut ctx));
            ui.scope_builder(UiBuilder::new().max_rect(inspector), |ui| {
                ScrollArea::vertical().show(ui, |ui| panel.inspector_ui(ui, &mut ctx));
            });
        },
        state,
    )
}

fn refused() -> Document {
    document_with(model(), |_| {
        let refusal = |operator, message: &str| Refusal {
            operator: Some((SubgraphId(0), OperatorId(operator))),
            message: message.to_owned(),
            help: "Quantize the inputs too.".to_owned(),
        };
        Err(vec![
            refusal(0, "Hybrid models are not supported on TFLite Micro."),
            refusal(2, "No such kernel"),
        ])
    })
}

#[test]
fn without_a_model_the_hint_opens_a_file() {
    let mut harness = bench(Document::new(Settings::default()));
    harness.run();
    harness.get_by_label_contains("No model in this tab");
    harness.get_by_label("Open file").click();
    harness.run();
    assert!(matches!(harness.state().commands.as_slice(), [Command::OpenDialog]));
}

#[test]
fn a_click_on_a_block_selects_it_once() {
    for (name, selection) in [
        ("Tensor 2, 128 bytes at 160, operators 1 to 2", Selection::Tensor(SubgraphId(0), TensorId(2))),
        (
            "Scratch of operator 0, 144 bytes at 0, operator 0",
            Selection::Scratch(SubgraphId(0), OperatorId(0), 0),
        ),
    ] {
        let mut harness = bench(document());
        harness.run();
        harness.get_by_label(name).click();
        harness.run();
        assert_eq!(selections(&harness.state().commands), [selection]);
    }
}

#[test]
fn a_click_beside_the_blocks_clears_the_selection() {
    let mut document = document();
    document.tabs[0].selection = Selection::Tensor(SubgraphId(0), TensorId(2));
    let mut harness = bench(document);
    harness.run();
    let map = harness.get_by_label_contains("Memory map, head").rect();
    click_at(&mut harness, map.right_top() + vec2(-4.0, 4.0));
    assert_eq!(selections(&harness.state().commands), [Selection::None]);
}

fn click_at(harness: &mut Harness<'_, Bench>, pos: Pos2) {
    harness.hover_at(pos);
    for pressed in [true, false] {
        let button = egui::PointerButton::Primary;
        harness.event(Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
    }
    harness.run();
}

#[test]
fn keys_move_the_time_cursor_and_the_list_follows() {
    let mut harness = bench(document());
    harness.run();
    harness.get_by_label("Alive at #2");
    for (key, heading) in [
        (Key::ArrowLeft, "Alive at #1"),
        (Key::ArrowLeft, "Alive at #0"),
        (Key::ArrowLeft, "Alive at the input"),
        (Key::ArrowLeft, "Alive at the input"),
        (Key::ArrowRight, "Alive at #0"),
        (Key::P, "Alive at #2"),
        (Key::L, "Alive at #0"),
    ] {
        harness.key_press(key);
        harness.run();
        harness.get_by_label(heading);
    }
    harness.get_by_label("Alive, Tensor 1, 112 bytes at 288, operators 0 to 1");
    assert!(harness.state().commands.is_empty(), "moving the cursor changes nothing else");
}

#[test]
fn the_cursor_follows_what_is_selected_elsewhere() {
    let mut harness = bench(document());
    harness.run();
    harness.state_mut().document.tabs[0].selection = Selection::Operator(SubgraphId(0), OperatorId(1));
    harness.run();
    harness.get_by_label("Alive at #1");
    harness.state_mut().document.tabs[0].selection = Selection::Tensor(SubgraphId(0), TensorId(0));
    harness.run();
    harness.get_by_label("Alive at #0");
}

#[test]
fn a_click_on_a_bar_moves_the_cursor_and_selects_its_operator() {
    let mut harness = bench(document());
    harness.run();
    let bars = harness.get_by_label("Time cursor").rect();
    click_at(&mut harness, pos2(bars.left() + bars.width() * 0.4, bars.center().y));
    harness.get_by_label("Alive at #0");
    assert_eq!(selections(&harness.state().commands), [Selection::Operator(SubgraphId(0), OperatorId(0))]);
}

#[test]
fn a_drag_over_the_bars_moves_the_cursor_without_selecting() {
    let mut harness = bench(document());
    harness.run();
    let bars = harness.get_by_label("Time cursor").rect();
    let at = |share: f32| pos2(bars.left() + bars.width() * share, bars.center().y);
    harness.drag_at(at(0.9));
    harness.run();
    harness.hover_at(at(0.5));
    harness.run();
    harness.hover_at(at(0.1));
    harness.run();
    harness.get_by_label("Alive at the input");
    harness.drop_at(at(0.1));
    harness.run();
    assert!(harness.state().commands.is_empty());
}

#[test]
fn the_wheel_zooms_at_the_pointer_a_drag_pans_and_fit_shows_everything_again() {
    let mut document = document_with(model(), |_| Ok(long_plan(60)));
    document.settings.reduce_motion = true;
    let mut harness = bench(document);
    harness.run();
    let map = harness.get_by_label_contains("Memory map, head").rect();
    let pointer = map.left_top() + map.size() * 0.25;
    harness.hover_at(pointer);
    harness.run();
    let (unit, source) = (MouseWheelUnit::Point, egui::MouseWheelSource::Wheel);
    let (modifiers, phase) = (Modifiers::NONE, egui::TouchPhase::Move);
    harness.event(Event::MouseWheel { unit, delta: vec2(0.0, 400.0), phase, source, modifiers });
    // The wheel is smoothed over several frames.
    harness.run_steps(12);
    harness.run();
    let zoomed = harness.state().panel.map.view.expect("zoomed in");
    assert!(zoomed.scopes.length() < 40.0, "{zoomed:?}");
    let anchor = zoomed.scopes.from + 0.25 * zoomed.scopes.length();
    assert!((anchor - 0.25 * 61.0).abs() < 0.5, "the step under the pointer stays there, {anchor}");

    harness.drag_at(map.center());
    harness.run();
    harness.hover_at(map.center() - vec2(80.0, 0.0));
    harness.run();
    harness.drop_at(map.center() - vec2(80.0, 0.0));
    harness.run();
    let panned = harness.state().panel.map.view.expect("still zoomed in");
    assert!(panned.scopes.from > zoomed.scopes.from + 0.5, "{zoomed:?} {panned:?}");
    assert!((panned.scopes.length() - zoomed.scopes.length()).abs() < 1e-6);

    harness.get_by_label("Fit").click();
    harness.run();
    assert_eq!(harness.state().panel.map.view, None);
}

#[test]
fn keys_bring_the_cursor_into_sight() {
    let mut harness = bench(document_with(model(), |_| Ok(long_plan(60))));
    harness.run();
    let whole = view::View::whole(61, 12_000);
    let scopes = view::Span { from: 40.0, to: 50.0 };
    harness.state_mut().panel.map.view = Some(view::View { scopes, ..whole });
    harness.state_mut().panel.map.cursor = 40;
    harness.key_press(Key::ArrowLeft);
    harness.run();
    assert_eq!(harness.state().panel.map.view.map(|view| view.scopes.from), Some(39.0));
}

#[test]
fn a_row_of_the_table_chooses_the_chip() {
    let mut harness = bench(document());
    harness.run();
    harness.get_by_label_contains("ESP32-C3, smallest arena 688 of").click();
    harness.run();
    let wanted = Target { chip: Chip::Esp32c3, kernels: KernelSet::EspNn };
    assert!(matches!(harness.state().commands.as_slice(), [Command::SetTarget(target)] if *target == wanted));
}

#[test]
fn the_switch_chooses_the_kernels() {
    let mut harness = bench(document());
    harness.run();
    harness.get_by_label("Exact for TFLM 1.4.0, ESP-NN 1.2.3");
    harness.get_by_label("Reference").click();
    harness.run();
    let wanted = Target { chip: Chip::Esp32s3, kernels: KernelSet::Reference };
    assert!(matches!(harness.state().commands.as_slice(), [Command::SetTarget(target)] if *target == wanted));
}

#[test]
fn the_four_figures_have_names() {
    let mut harness = bench(document());
    harness.run();
    for name in [
        "Smallest that allocates, 688 bytes",
        "Used after allocation, 676 bytes",
        "Recommended, 1,024 bytes",
        "Lower bound, 580 bytes",
    ] {
        harness.get_by_label(name);
    }
}

#[test]
fn the_line_of_c_is_copied_with_its_comment() {
    let mut harness = bench(document());
    harness.run();
    harness.get_by_label("Copy C line").click();
    harness.run();
    let [Command::Copy(text, said)] = harness.state().commands.as_slice() else { panic!("one copy") };
    assert!(text.ends_with("constexpr int kTensorArenaSize = 1024;\n"), "{text}");
    assert_eq!(said, "Copied the C line: 688 B on ESP32-S3");
}

#[test]
fn the_report_is_saved_as_json() {
    let mut harness = bench(document());
    harness.run();
    harness.get_by_label("Report").click();
    harness.run();
    let [Command::SaveAs(name, bytes, _)] = harness.state().commands.as_slice() else { panic!("one file") };
    assert_eq!(name, "small-esp32s3-arena.json");
    assert!(bytes.starts_with(b"{"));
}

#[test]
fn pictures_of_the_whole_map_are_saved() {
    for (button, name) in [("SVG", "small-esp32s3-arena.svg"), ("PNG", "small-esp32s3-arena.png")] {
        let mut harness = bench(document());
        harness.run();
        harness.get_by_label(button).click();
        harness.run();
        let [Command::SavePicture(found, picture, ..)] = harness.state().commands.as_slice() else {
            panic!("{button}: {:?}", harness.state().commands)
        };
        assert_eq!(found, name);
        let svg = crate::charts::svg_from_picture(picture);
        for text in
            [">small.tflite<", ">smallest 688 B   used 676 B   lower bound 580 B<", ">head 400<", ">t2<"]
        {
            assert!(svg.contains(text), "{text}");
        }
    }
}

#[test]
fn a_category_of_the_tail_unfolds() {
    let mut harness = bench(document());
    harness.run();
    harness.get_by_label("Persistent buffer data, 3 blocks, 96 bytes, folded").click();
    harness.run();
    harness.get_by_label("Persistent buffer data, 3 blocks, 96 bytes, expanded");
    harness.get_by_label("Blocks of Persistent buffer data");
}

#[test]
fn a_remedy_shows_its_target() {
    let mut harness = bench(document());
    harness.run();
    harness.get_by_label_contains("Reference kernels, not ESP-NN, 528 bytes").click();
    harness.run();
    let wanted = Target { chip: Chip::Esp32s3, kernels: KernelSet::Reference };
    assert!(matches!(harness.state().commands.as_slice(), [Command::SetTarget(target)] if *target == wanted));
}

#[test]
fn refusals_are_listed_and_lead_to_their_operators() {
    let mut harness = bench(refused());
    harness.run();
    harness.get_by_label_contains("2 of 3");
    harness.get_by_label_contains("#0 Conv2D Hybrid models are not supported");
    harness.get_by_label_contains("#2 DepthwiseConv2D No such kernel. Quantize the inputs too.");
    harness.get_by_label("Show them").click();
    harness.run();
    let commands = &harness.state().commands;
    assert_eq!(selections(commands), [Selection::Operator(SubgraphId(0), OperatorId(0))]);
    assert!(matches!(commands.last(), Some(Command::ShowPanel(PanelKind::Inspect))));
}

#[test]
fn refusals_with_one_reason_share_a_note() {
    let mut harness = bench(document_with(model(), |_| {
        let refusal = |operator| Refusal {
            operator: Some((SubgraphId(0), OperatorId(operator))),
            message: "Hybrid models are not supported on TFLite Micro.".to_owned(),
            help: String::new(),
        };
        Err(vec![refusal(0), refusal(1)])
    }));
    harness.run();
    harness.get_by_label("2 operators Hybrid models are not supported on TFLite Micro.");
    harness.get_by_label("Show #1").click();
    harness.run();
    assert_eq!(selections(&harness.state().commands), [Selection::Operator(SubgraphId(0), OperatorId(1))]);
}

#[test]
fn the_explanation_is_completed_when_the_other_kernels_are_planned() {
    let mut document = document();
    let reference = Target { kernels: KernelSet::Reference, ..document.target };
    let crate::document::TabContent::Model(open) = &mut document.tabs[0].content else { panic!("a model") };
    let place = open.plans.iter().position(|(target, _)| *target == reference).unwrap();
    let late = open.plans.remove(place);
    let mut harness = bench(document);
    harness.run();
    harness.get_by_label_contains("output 16, scratch 160.");
    let crate::document::TabContent::Model(open) = &mut harness.state_mut().document.tabs[0].content else {
        panic!("a model")
    };
    open.plans.push(late);
    harness.run();
    harness.get_by_label_contains("output 16, ESP-NN scratch 160.");
}

#[test]
fn a_single_refusal_leads_to_its_own_operator() {
    let mut harness = bench(refused());
    harness.run();
    harness.get_by_label("Show #2").click();
    harness.run();
    assert_eq!(selections(&harness.state().commands), [Selection::Operator(SubgraphId(0), OperatorId(2))]);
}

#[test]
fn empty_and_offline_plans_have_words_of_their_own() {
    let empty = document_with(model(), |target| {
        let mut plan = tight_plan(target);
        plan.buffers.clear();
        (plan.nonpersistent_bytes, plan.lower_bound_bytes, plan.scope_count) = (0, 0, 0);
        plan.used_bytes = plan.persistent_bytes;
        plan.scope_operators.clear();
        plan.peak_scope = 0;
        plan.peak_operator = None;
        Ok(plan)
    });
    let mut harness = bench(empty);
    harness.run();
    harness.get_by_label("No tensor and no scratch buffer is planned, so the head is empty.");
    harness.key_press(Key::ArrowRight);
    harness.run();

    let offline = document_with(model(), |target| {
        let mut plan = lossy_plan(target);
        plan.offline = true;
        Ok(plan)
    });
    let mut harness = bench(offline);
    harness.run();
    harness.get_by_label_contains("TFLM follows the plan in the file");
}

#[test]
fn another_target_keeps_the_cursor_where_the_user_put_it() {
    let mut harness = bench(document());
    harness.run();
    harness.key_press(Key::ArrowLeft);
    harness.key_press(Key::ArrowLeft);
    harness.run();
    harness.state_mut().document.target.kernels = KernelSet::Reference;
    harness.run();
    harness.get_by_label("Alive at #0");
    harness.key_press(Key::P);
    harness.run();
    harness.get_by_label("Alive at #1");
    harness.state_mut().document.target.kernels = KernelSet::EspNn;
    harness.run();
    harness.get_by_label("Alive at #2");
}

#[test]
fn small_windows_scroll_instead_of_clipping() {
    let mut harness = bench(document());
    harness.set_size(vec2(900.0, 430.0));
    harness.run();
    let row = harness.get_by_label_contains("ESP32-S2, smallest arena");
    assert!(row.rect().top() > 430.0, "below the fold, but there: {:?}", row.rect());
    assert!(!row.accesskit_node().is_disabled());
}

#[test]
fn two_thousand_operators_are_drawn() {
    let mut harness = bench(document_with(model(), |_| Ok(long_plan(2000))));
    harness.run();
    let map: Rect = harness.get_by_label_contains("Memory map, head").rect();
    assert!(map.width() > 900.0);
}
