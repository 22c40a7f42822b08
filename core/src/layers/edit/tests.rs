use super::*;

fn dense(units: usize) -> LayerKind {
    serde_json::from_value(serde_json::json!({"layer": "Dense", "units": units})).unwrap()
}

fn input() -> LayerKind {
    LayerKind::Input { shape: vec![4] }
}

fn add(kind: LayerKind, inputs: &[u32]) -> Edit {
    let inputs = inputs.iter().copied().map(LayerId).collect();
    Edit::Add { kind, name: None, inputs, position: None }
}

/// Input 0, Dense 1, Dense 2 in a row, and Add 3 of both Dense layers.
fn diamond() -> LayerGraph {
    let sum = LayerKind::Merge { operation: MergeOperation::Add };
    let edits = [add(input(), &[]), add(dense(4), &[0]), add(dense(4), &[1]), add(sum, &[1, 2])];
    edits.iter().fold(LayerGraph::default(), |graph, edit| graph.apply(edit).unwrap())
}

/// `name: inputs` of every layer, and the outputs.
fn check(graph: &LayerGraph, edit: Edit, expected: &str) {
    let found = match graph.apply(&edit) {
        Err(error) => error.to_string(),
        Ok(graph) => {
            let name = |id: &LayerId| graph.layer(*id).map_or("?".to_owned(), |layer| layer.name.clone());
            let names = |ids: &[LayerId]| ids.iter().map(name).collect::<Vec<_>>().join(" ");
            let rows = graph.layers.iter().map(|layer| format!("{}: {}", layer.name, names(&layer.inputs)));
            let outputs = (!graph.outputs.is_empty()).then(|| format!("-> {}", names(&graph.outputs)));
            rows.chain(outputs).collect::<Vec<_>>().join(", ")
        }
    };
    assert_eq!(found, expected);
}

#[test]
fn layers_are_added_and_inserted() {
    let graph = diamond();
    check(
        &graph,
        add(dense(2), &[3]),
        "input: , dense: input, dense_1: dense, add: dense dense_1, dense_2: add",
    );
    let relu = LayerKind::Activation { activation: Activation::Relu };
    let edit = Edit::InsertAfter { kind: relu.clone(), after: LayerId(1), position: None };
    check(&graph, edit, "input: , dense: input, dense_1: re_lu, add: re_lu dense_1, re_lu: dense");
    let edit = Edit::InsertOnEdge { kind: relu.clone(), to: LayerId(3), place: 0, position: None };
    check(&graph, edit, "input: , dense: input, dense_1: dense, add: re_lu dense_1, re_lu: dense");
    let edit = Edit::InsertOnEdge { kind: relu, to: LayerId(3), place: 2, position: None };
    check(&graph, edit, "add has no input 2");
    check(&graph, add(dense(2), &[9]), "There is no layer with the number 9");
    check(&graph, add(input(), &[0]), "Samples enter at input_1: it reads no other layer");
}

#[test]
fn an_inserted_layer_becomes_the_output() {
    let graph = diamond().apply(&Edit::SetOutputs { outputs: vec![LayerId(3), LayerId(1)] }).unwrap();
    let edit =
        Edit::InsertAfter { kind: LayerKind::Dropout { rate: 0.2 }, after: LayerId(3), position: None };
    check(
        &graph,
        edit,
        "input: , dense: input, dense_1: dense, add: dense dense_1, dropout: add, -> dropout dense",
    );
}

#[test]
fn layers_are_removed_with_and_without_a_bridge() {
    let graph = diamond();
    let remove = |layers: &[u32], bridge| Edit::Remove {
        layers: layers.iter().copied().map(LayerId).collect(),
        bridge,
    };
    check(&graph, remove(&[1], false), "input: , dense_1: , add: dense_1");
    check(&graph, remove(&[1], true), "input: , dense_1: input, add: input dense_1");
    check(&graph, remove(&[1, 2], true), "input: , add: input input");
    check(&graph, remove(&[0], true), "dense: , dense_1: dense, add: dense dense_1");
    check(&graph, remove(&[7], true), "There is no layer with the number 7");
}

#[test]
fn edges_are_connected_and_cut() {
    let graph = diamond();
    let connect = |from, to, place| Edit::Connect { from: LayerId(from), to: LayerId(to), place };
    check(&graph, connect(0, 2, None), "input: , dense: input, dense_1: input, add: dense dense_1");
    check(&graph, connect(0, 3, None), "input: , dense: input, dense_1: dense, add: dense dense_1 input");
    check(&graph, connect(0, 3, Some(1)), "input: , dense: input, dense_1: dense, add: dense input");
    check(&graph, connect(3, 1, None), "add depends on dense: the layers would run in a circle");
    check(&graph, connect(1, 1, None), "dense depends on dense: the layers would run in a circle");
    check(&graph, connect(1, 0, None), "Samples enter at input: it reads no other layer");
    check(&graph, connect(0, 3, Some(5)), "add has no input 5");
    let cut = Edit::Disconnect { to: LayerId(3), place: 0 };
    check(&graph, cut, "input: , dense: input, dense_1: dense, add: dense_1");
}

#[test]
fn names_are_kept_apart() {
    let graph = diamond();
    let rename = |layer, name: &str| Edit::Rename { layer: LayerId(layer), name: name.to_owned() };
    check(&graph, rename(1, "body"), "input: , body: input, dense_1: body, add: body dense_1");
    check(&graph, rename(1, "dense"), "input: , dense: input, dense_1: dense, add: dense dense_1");
    check(&graph, rename(1, "add"), "The name add belongs to another layer already");
    check(&graph, rename(1, ""), "A layer needs a name");
}

#[test]
fn a_group_is_pasted_with_its_edges() {
    let mut graph = diamond();
    graph.layers[2].position = Some([10.0, 20.0]);
    let group = graph.layers[1..].to_vec();
    let edit = Edit::Paste { layers: group, offset: [5.0, 5.0] };
    check(
        &graph,
        edit.clone(),
        "input: , dense: input, dense_1: dense, add: dense dense_1, dense_2: input, dense_3: dense_2, \
         add_1: dense_2 dense_3",
    );
    assert_eq!(graph.apply(&edit).unwrap().layers[5].position, Some([15.0, 25.0]));
    let edit = Edit::Paste { layers: graph.layers[3..].to_vec(), offset: [0.0, 0.0] };
    check(&LayerGraph::default(), edit, "add: ");
}

#[test]
fn outputs_are_chosen_once() {
    let edit = Edit::SetOutputs { outputs: vec![LayerId(3), LayerId(3)] };
    check(&diamond(), edit, "add is an output already");
}

#[test]
fn the_last_number_is_not_overrun() {
    let mut graph = diamond();
    graph.layers[3].id = LayerId(u32::MAX);
    check(&graph, add(dense(1), &[0]), "The graph has no number left for another layer");
    let edit = Edit::Paste { layers: graph.layers[1..2].to_vec(), offset: [0.0, 0.0] };
    check(&graph, edit, "The graph has no number left for another layer");
}
