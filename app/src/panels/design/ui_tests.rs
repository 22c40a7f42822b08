//! The panel in a headless window, on projects without a file.

use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use emberlab_core::inspect::{FileFacts, inspect};
use emberlab_core::layers::templates::Template;
use emberlab_core::layers::{
    Activation, Edit, Layer, LayerGraph, LayerId, LayerKind, MergeOperation, Padding, WeightOptions,
};
use emberlab_core::model::SubgraphId;
use emberlab_core::tflite;

use crate::app::App;
use crate::command::Command;
use crate::document::{PanelKind, Selection};
use crate::project::design::tab_with_network;
use crate::project::{DesignCommand, OpenProject};
use crate::settings::Settings;

fn template(id: &str) -> LayerGraph {
    let template = Template::from_id(id).expect("it ships with the app");
    template.graph(&(template.sizes)())
}

fn harness(network: LayerGraph) -> Harness<'static, App> {
    let settings = Settings { reduce_motion: true, ..Settings::default() };
    let mut harness = Harness::builder()
        .with_size([1440.0, 900.0])
        .build_ui_state(|ui, app: &mut App| app.show(ui), App::headless(settings));
    let document = harness.state_mut().document_mut();
    let id = document.new_tab_id();
    document.tabs.push(tab_with_network(id, "keywords", network));
    document.active = Some(id);
    harness.state_mut().send(Command::ShowPanel(PanelKind::Design));
    settle(&mut harness);
    harness
}

fn settle(harness: &mut Harness<'static, App>) {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        harness.run_steps(2);
        if harness.state().is_settled() {
            harness.run_steps(2);
            return;
        }
        assert!(Instant::now() < deadline, "the app does not settle");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn project<'a>(harness: &'a Harness<'static, App>) -> &'a OpenProject {
    harness.state().document().active_project().expect("a project is in front").1
}

fn graph<'a>(harness: &'a Harness<'static, App>) -> &'a LayerGraph {
    project(harness).design.graph()
}

fn do_it(harness: &mut Harness<'static, App>, command: DesignCommand) {
    harness.state_mut().send(Command::Design(command));
    settle(harness);
}

/// What the gauge says, such as `Arena, 22,784 of 327,680 bytes, 7 percent`.
fn gauge(harness: &Harness<'static, App>, label: &str) -> String {
    let node = harness.get_by(|node| {
        node.role() == Role::Button
            && node.label().is_some_and(|name| name.starts_with(&format!("{label}, ")))
    });
    node.accesskit_node().label().expect("it was found by its label")
}

fn conv(filters: usize) -> LayerKind {
    LayerKind::Conv2D {
        filters,
        kernel: [3, 3],
        stride: [1, 1],
        padding: Padding::Same,
        dilation: [1, 1],
        activation: Activation::Relu,
        weights: WeightOptions::default(),
    }
}

/// An input, two branches of convolutions and what puts them together.
fn branches(left: usize, right: usize) -> LayerGraph {
    let merge = LayerKind::Merge { operation: MergeOperation::Add };
    let layers = [
        (LayerKind::Input { shape: vec![16, 16, 3] }, "input", vec![]),
        (conv(left), "left", vec![0]),
        (conv(right), "right", vec![0]),
        (merge, "add", vec![1, 2]),
    ];
    layers.into_iter().fold(LayerGraph::default(), |graph, (kind, name, inputs)| {
        let inputs = inputs.into_iter().map(LayerId).collect();
        let name = Some(name.to_owned());
        graph.apply(&Edit::Add { kind, name, inputs, position: None }).expect("the names are different")
    })
}

#[test]
fn an_empty_network_offers_templates_and_one_replaces_it() {
    let mut harness = harness(LayerGraph::default());
    harness.get_by_label("An empty network");
    assert_eq!(gauge(&harness, "Arena"), "Arena, no model");
    harness.get_all_by_label("Templates").last().expect("in the middle").click();
    settle(&mut harness);
    harness.get_by_label("Template Small CNN").click();
    settle(&mut harness);
    assert_eq!(graph(&harness).layers, template("digits-cnn").layers);
    assert!(gauge(&harness, "Arena").contains(" bytes, "), "{}", gauge(&harness, "Arena"));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    assert!(graph(&harness).layers.is_empty());
}

#[test]
fn the_gauges_are_those_of_the_exported_file() {
    for id in ["keywords-ds-cnn", "gesture-lstm", "sound-and-motion"] {
        let harness = harness(template(id));
        let document = harness.state().document();
        let (_, open) = document.active_model().expect("a template fits");
        let file = open.file.clone().expect("it was written");
        let facts = FileFacts { bytes: file.len() as u64, sha256: String::new() };
        let read = tflite::read(file.clone()).unwrap();
        let inspected = inspect(&read, facts, &open.emberlab_arena, document.target);
        let arena = inspected.arena.expect("TFLM prepares every template");
        let bytes = crate::theme::format::count(arena.minimum_bytes.unwrap_or(arena.used_bytes));
        assert!(gauge(&harness, "Arena").starts_with(&format!("Arena, {bytes} of ")), "{id}");
        let bytes = crate::theme::format::count(file.len() as u64);
        assert!(gauge(&harness, "Flash").starts_with(&format!("Flash, {bytes} of ")), "{id}");
    }
}

#[test]
fn a_click_in_the_palette_adds_a_layer_and_undo_takes_it_away() {
    let mut harness = harness(template("keywords-ds-cnn"));
    let before = graph(&harness).clone();
    harness.get_by_role_and_label(Role::Button, "Add Dropout").click();
    settle(&mut harness);
    assert_eq!(graph(&harness).layers.len(), before.layers.len() + 1);
    assert_eq!(project(&harness).design.chosen.len(), 1, "the new layer is selected");
    harness.get_by_label("Undo").click();
    settle(&mut harness);
    assert_eq!(*graph(&harness), before);
    harness.get_by_label("Redo").click();
    settle(&mut harness);
    assert_eq!(graph(&harness).layers.len(), before.layers.len() + 1);
}

#[test]
fn a_layer_is_added_by_name_with_the_keyboard() {
    let mut harness = harness(template("keywords-ds-cnn"));
    let count = graph(&harness).layers.len();
    harness.key_press(Key::A);
    settle(&mut harness);
    harness.get_by_role_and_label(Role::TextInput, "Add a layer").type_text("leaky");
    settle(&mut harness);
    harness.key_press(Key::Enter);
    settle(&mut harness);
    assert_eq!(graph(&harness).layers.len(), count + 1);
    let kind = &graph(&harness).layers.last().expect("it was added").kind;
    assert_eq!(kind.label(), "LeakyReLU");
}

#[test]
fn editing_units_changes_the_gauges_while_it_is_dragged() {
    let mut harness = harness(template("keywords-ds-cnn"));
    let layer = graph(&harness)
        .layers
        .iter()
        .find(|layer| matches!(layer.kind, LayerKind::Conv2D { .. }))
        .expect("a convolution")
        .clone();
    let (arena, flash, latency) =
        (gauge(&harness, "Arena"), gauge(&harness, "Flash"), gauge(&harness, "Latency"));
    assert!(latency.starts_with("Latency, estimate "), "{latency}");
    let name = format!("Layer 1, Conv2D {}, 25×5×64", layer.name);
    harness.get_by_role_and_label(Role::Button, &name).click();
    settle(&mut harness);
    let steps = project(&harness).design.history().n_undo();
    for filters in [65, 80, 96] {
        let kind = super::words::with_main_number(&layer.kind, filters);
        do_it(&mut harness, DesignCommand::Drag(Edit::SetKind { layer: layer.id, kind }));
    }
    do_it(&mut harness, DesignCommand::Rest);
    assert_eq!(project(&harness).design.history().n_undo(), steps + 1, "a drag is one step");
    assert_ne!(gauge(&harness, "Arena"), arena);
    assert_ne!(gauge(&harness, "Flash"), flash);
    assert_ne!(gauge(&harness, "Latency"), latency);
    harness.get_by_label("Undo").click();
    settle(&mut harness);
    assert_eq!(gauge(&harness, "Arena"), arena);
    assert_eq!(gauge(&harness, "Latency"), latency);
}

#[test]
fn filters_are_typed_into_the_field() {
    let mut harness = harness(branches(8, 8));
    do_it(&mut harness, DesignCommand::Choose(vec![LayerId(1)]));
    harness.get_by_role_and_label(Role::SpinButton, "Filters").focus();
    settle(&mut harness);
    for digit in [Key::Num2, Key::Num4] {
        let text = digit.name().to_owned();
        harness.event(Event::Text(text));
        harness.run_steps(1);
    }
    harness.key_press(Key::Enter);
    settle(&mut harness);
    let kind = &graph(&harness).layer(LayerId(1)).expect("it is still there").kind;
    assert_eq!(super::words::main_number(kind), Some(("Filters", 24)));
    do_it(&mut harness, DesignCommand::Choose(vec![LayerId(3)]));
    harness.get_by_label("Give right 24 filters");
}

#[test]
fn a_connection_that_does_not_fit_says_why_and_how_to_mend_it() {
    let mut harness = harness(branches(8, 8));
    let arena = gauge(&harness, "Arena");
    let kind = conv(12);
    do_it(&mut harness, DesignCommand::Edit(vec![Edit::SetKind { layer: LayerId(2), kind }]));
    do_it(&mut harness, DesignCommand::Choose(vec![LayerId(3)]));
    harness.get_all_by_label_contains("Shapes differ: 16×16×8 and 16×16×12").next().expect("in words");
    harness.get_by_label_contains("The gauges show the last network that fits");
    assert_eq!(gauge(&harness, "Arena"), arena, "the last network that fits");
    harness.get_by_label("figures of the last network that fits");
    harness.get_by_label("Give right 8 filters").click();
    settle(&mut harness);
    assert!(project(&harness).design.is_current());
    assert_eq!(gauge(&harness, "Arena"), arena);
}

#[test]
fn an_edge_is_dragged_from_an_output_to_a_layer() {
    let mut harness = harness(branches(8, 8));
    do_it(&mut harness, DesignCommand::Edit(vec![Edit::Disconnect { to: LayerId(3), place: 1 }]));
    assert!(!project(&harness).design.is_current());
    let card = |harness: &Harness<'static, App>, name: &'static str| {
        let cards = harness.get_all_by(move |node| {
            let label = node.label().unwrap_or_default();
            node.role() == Role::Button && label.starts_with("Layer ") && label.contains(name)
        });
        // The inspector lists it too, further down in the tree.
        cards.into_iter().next().expect("it is in sight").rect()
    };
    let (from, to) = (card(&harness, "Conv2D right"), card(&harness, "Add add"));
    harness.drag_at(from.center_bottom());
    harness.run_steps(2);
    harness.hover_at(to.center());
    harness.run_steps(2);
    harness.drop_at(to.center());
    settle(&mut harness);
    assert_eq!(graph(&harness).layer(LayerId(3)).expect("it is there").inputs, [LayerId(1), LayerId(2)]);
    assert!(project(&harness).design.is_current());
}

#[test]
fn a_layer_is_inserted_on_an_edge() {
    let mut harness = harness(branches(8, 8));
    harness.get_by_label("Insert a layer between input and left").click();
    settle(&mut harness);
    harness.get_by_role_and_label(Role::TextInput, "Add a layer here").type_text("batch");
    settle(&mut harness);
    harness.key_press(Key::Enter);
    settle(&mut harness);
    let new = graph(&harness).layers.last().expect("it was added").clone();
    assert_eq!(new.kind.label(), "BatchNorm");
    assert_eq!(new.inputs, [LayerId(0)]);
    assert_eq!(graph(&harness).layer(LayerId(1)).expect("it is there").inputs, [new.id]);
    assert_eq!(graph(&harness).layer(LayerId(2)).expect("it is there").inputs, [LayerId(0)]);
}

#[test]
fn a_card_that_is_dragged_keeps_its_place_in_the_project_and_tidy_lets_go() {
    let mut harness = harness(branches(8, 8));
    let card = harness.get_by_role_and_label(Role::Button, "Layer 1, Conv2D left, 16×16×8").rect();
    harness.drag_at(card.center());
    harness.run_steps(2);
    harness.hover_at(card.center() + egui::vec2(-60.0, 30.0));
    harness.run_steps(2);
    harness.drop_at(card.center() + egui::vec2(-120.0, 40.0));
    settle(&mut harness);
    let kept = &project(&harness).project.network;
    assert!(kept.layers.iter().all(|layer| layer.position.is_some()), "nothing jumps when one card is moved");
    let moved = harness.get_by_role_and_label(Role::Button, "Layer 1, Conv2D left, 16×16×8").rect();
    assert!(
        (moved.center() - card.center() - egui::vec2(-120.0, 40.0)).length() < 12.0,
        "{card:?} {moved:?}"
    );
    harness.get_by_label("Tidy").click();
    settle(&mut harness);
    assert!(graph(&harness).layers.iter().all(|layer| layer.position.is_none()));
}

#[test]
fn layers_are_copied_as_text_and_pasted() {
    let mut harness = harness(branches(8, 8));
    do_it(&mut harness, DesignCommand::Choose(vec![LayerId(1), LayerId(3)]));
    harness.event(Event::Copy);
    harness.run_steps(1);
    let copied = harness.output().platform_output.commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    settle(&mut harness);
    // The copy is applied in the frame after the one in which it was asked for.
    let text = copied.unwrap_or_else(|| {
        super::clipboard::text_of(graph(&harness), &[LayerId(1), LayerId(3)]).expect("two layers")
    });
    harness.event(Event::Paste(text));
    settle(&mut harness);
    let graph = graph(&harness);
    assert_eq!(graph.layers.len(), 6);
    assert_eq!(graph.layers[4].inputs, [LayerId(0)]);
    assert_eq!(graph.layers[5].inputs, [LayerId(4), LayerId(2)]);
    let mut harness = harness_with_paste_of_other_text();
    harness.get_by_label_contains("The clipboard holds no layers");
    harness.run_steps(1);
}

fn harness_with_paste_of_other_text() -> Harness<'static, App> {
    let mut harness = harness(branches(8, 8));
    harness.event(Event::Paste("import keras".to_owned()));
    settle(&mut harness);
    harness
}

#[test]
fn delete_bridges_and_arrows_move_between_layers() {
    let mut harness = harness(branches(8, 8));
    harness.get_by_role_and_label(Role::Button, "Layer 1, Conv2D left, 16×16×8").click();
    settle(&mut harness);
    harness.key_press(Key::ArrowDown);
    settle(&mut harness);
    assert_eq!(project(&harness).design.chosen, [LayerId(3)]);
    harness.key_press(Key::ArrowUp);
    settle(&mut harness);
    assert_eq!(project(&harness).design.chosen.len(), 1);
    do_it(&mut harness, DesignCommand::Choose(vec![LayerId(1)]));
    harness.key_press(Key::Delete);
    settle(&mut harness);
    assert_eq!(graph(&harness).layers.len(), 3);
    assert_eq!(graph(&harness).layer(LayerId(3)).expect("it is there").inputs, [LayerId(0), LayerId(2)]);
}

#[test]
fn the_list_changes_numbers_and_names_in_place() {
    let mut harness = harness(branches(8, 8));
    harness.get_by_role_and_label(Role::RadioButton, "List").click();
    settle(&mut harness);
    harness.get_by_label("Remove add").click();
    settle(&mut harness);
    assert!(graph(&harness).layer(LayerId(3)).is_none());
    let field = harness.get_by_role_and_label(Role::SpinButton, "Filters of right");
    assert_eq!(field.accesskit_node().numeric_value(), Some(8.0));
    let text = harness.get_by_role_and_label(Role::TextInput, "Name of left");
    text.focus();
    settle(&mut harness);
    harness.get_by_role_and_label(Role::TextInput, "Name of left").type_text("_1");
    settle(&mut harness);
    harness.key_press(Key::Enter);
    settle(&mut harness);
    assert!(graph(&harness).layers.iter().any(|layer| layer.name == "left_1"));
}

#[test]
fn one_selection_holds_everywhere() {
    let mut harness = harness(branches(8, 8));
    do_it(&mut harness, DesignCommand::Choose(vec![LayerId(2)]));
    let selection = harness.state().document().active_tab().expect("it is open").selection;
    let Selection::Operator(_, operator) = selection else { panic!("{selection:?}") };
    do_it(&mut harness, DesignCommand::Choose(vec![LayerId(1)]));
    harness.state_mut().send(Command::Select(Selection::Operator(SubgraphId(0), operator)));
    settle(&mut harness);
    assert_eq!(project(&harness).design.chosen, [LayerId(2)]);
}

#[test]
fn a_budget_turns_the_gauge_red_and_the_note_names_a_size_that_keeps_it() {
    let mut harness = harness(template("digits-cnn"));
    do_it(&mut harness, DesignCommand::SetLatencyBudget(Some(0.5)));
    assert!(gauge(&harness, "Latency").ends_with("over budget"), "{}", gauge(&harness, "Latency"));
    do_it(&mut harness, DesignCommand::SetLatencyBudget(Some(10_000.0)));
    let name = gauge(&harness, "Latency");
    assert!(name.contains(" of 10,000 ms, ") && !name.contains("over"), "{name}");
}

#[test]
fn keras_code_and_summary_are_copied() {
    let mut harness = harness(branches(8, 8));
    harness.get_by_label("Copy as Keras").click();
    settle(&mut harness);
    harness.get_by_label_contains("Copied the network as Keras code");
    harness.get_by_label("More copies").click();
    settle(&mut harness);
    harness.get_by_label("Copy summary").click();
    settle(&mut harness);
    harness.get_by_label_contains("Copied the summary");
}

#[test]
fn an_older_answer_never_takes_the_place_of_a_newer_one() {
    let mut harness = harness(branches(8, 8));
    // Many edits at once: whatever order the answers come in, the last network wins.
    for filters in 9..40 {
        let edits = [1, 2].map(|id| Edit::SetKind { layer: LayerId(id), kind: conv(filters) });
        harness.state_mut().send(Command::Design(DesignCommand::Edit(edits.to_vec())));
        harness.run_steps(1);
    }
    settle(&mut harness);
    let document = harness.state().document();
    let (_, open) = document.active_model().expect("it fits");
    let main = open.model.subgraph(SubgraphId(0));
    assert_eq!(main.tensor(main.outputs[0]).shape, [1, 16, 16, 39]);
    assert!(project(&harness).design.is_current());
}

#[test]
fn two_thousand_layers_are_drawn_as_far_as_they_are_seen() {
    let mut graph = LayerGraph::default();
    let input = LayerKind::Input { shape: vec![8] };
    graph = graph
        .apply(&Edit::Add { kind: input, name: None, inputs: Vec::new(), position: None })
        .expect("it is the first");
    let mut layers = std::mem::take(&mut graph.layers);
    for index in 1..2_000u32 {
        layers.push(Layer {
            id: LayerId(index),
            name: format!("relu_{index}"),
            inputs: vec![LayerId(index - 1)],
            position: None,
            kind: LayerKind::Activation { activation: Activation::Tanh },
        });
    }
    graph.layers = layers;
    let harness = harness(graph);
    let cards = harness.get_all_by(|node| {
        node.role() == Role::Button && node.label().is_some_and(|name| name.starts_with("Layer "))
    });
    let count = cards.count();
    assert!((3..30).contains(&count), "{count} cards are in the tree");
    assert!(gauge(&harness, "Arena").contains(" bytes"));
}
