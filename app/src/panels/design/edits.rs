//! From what a user does to edits of the graph. Pure: the network as it is drawn and a wish in, edits out.

use std::collections::HashSet;

use egui::{Pos2, Rect, Vec2, vec2};
use emberlab_core::layers::{Edit, Layer, LayerGraph, LayerId, LayerKind};

use super::placed::{GAP, NODE, Placed, is_by_hand};
use crate::project::design::Drawn;

/// Distance of a copy from what it was made from.
pub const COPY_OFFSET: f32 = 24.0;

/// Where a new layer goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spot {
    /// Where it belongs, given what is selected.
    Chosen,
    /// On the canvas, the card's middle at a point, connected to nothing.
    At(Pos2),
    /// On an edge: the layer that reads, and the place among its inputs.
    Edge(LayerId, usize),
    /// Behind a layer, whose readers it takes over.
    After(LayerId),
    /// Reading a layer, the card's middle at a point.
    From(LayerId, Pos2),
}

/// What is selected.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// Layers.
    pub layers: &'a [LayerId],
    /// An edge: the layer that reads, and the place among its inputs.
    pub edge: Option<(LayerId, usize)>,
}

/// Shape of what a new layer at a spot would read; empty where it would read nothing.
pub fn read_shape(drawn: &Drawn, choice: Choice<'_>, spot: Spot) -> Vec<usize> {
    let source = match resolved(drawn, choice, spot) {
        Resolved::Edge(to, place) => drawn.graph.layer(to).and_then(|layer| layer.inputs.get(place)).copied(),
        Resolved::After(layer) | Resolved::Reading(layer, _) => Some(layer),
        Resolved::Merging => choice.layers.first().copied(),
        Resolved::Alone(_) => None,
    };
    source.and_then(|source| drawn.shapes.output(source)).unwrap_or_default().to_vec()
}

/// The edits that add a layer at a spot.
pub fn added(drawn: &Drawn, choice: Choice<'_>, kind: LayerKind, spot: Spot) -> Vec<Edit> {
    let graph = &drawn.graph;
    let placed = &drawn.placed;
    if matches!(kind, LayerKind::Input { .. }) {
        let at = match spot {
            Spot::At(at) | Spot::From(_, at) => Some(at),
            Spot::Chosen | Spot::Edge(..) | Spot::After(_) => None,
        };
        return vec![Edit::Add { kind, name: None, inputs: Vec::new(), position: put(graph, at) }];
    }
    let (_, most) = kind.input_range();
    match resolved(drawn, choice, spot) {
        Resolved::Edge(to, place) => {
            let (rect, mut edits) =
                room(drawn, graph.layer(to).and_then(|layer| layer.inputs.get(place)), to);
            let position = rect.map(corner);
            edits.insert(0, Edit::InsertOnEdge { kind, to, place, position });
            edits
        }
        Resolved::Merging if most > 1 => {
            let below = choice.layers.iter().filter_map(|id| rect_of(drawn, *id));
            let below =
                below.reduce(Rect::union).map(|rect| rect.center_bottom() + vec2(0.0, GAP + NODE.y / 2.0));
            let inputs = choice.layers.iter().copied().take(most).collect();
            vec![Edit::Add { kind, name: None, inputs, position: put(graph, below) }]
        }
        Resolved::Merging => Vec::new(),
        // What puts several layers together has no second one yet: it does not take the place of the first.
        Resolved::After(layer) | Resolved::Reading(layer, None) if most > 1 => {
            let at = rect_of(drawn, layer).map(|rect| rect.center() + vec2(0.0, NODE.y + GAP));
            let position = put(graph, at.map(|at| free(placed, at)));
            vec![Edit::Add { kind, name: None, inputs: vec![layer], position }]
        }
        Resolved::After(layer) => {
            let reader = graph.layers.iter().find(|other| other.inputs.contains(&layer));
            let (rect, mut edits) = match reader {
                Some(reader) => room(drawn, Some(&layer), reader.id),
                None => (below(drawn, layer), Vec::new()),
            };
            edits.insert(0, Edit::InsertAfter { kind, after: layer, position: rect.map(corner) });
            edits
        }
        Resolved::Reading(layer, at) => {
            vec![Edit::Add { kind, name: None, inputs: vec![layer], position: put(graph, at) }]
        }
        Resolved::Alone(at) => {
            vec![Edit::Add { kind, name: None, inputs: Vec::new(), position: put(graph, at) }]
        }
    }
}

/// A spot once the selection is taken into account.
enum Resolved {
    Edge(LayerId, usize),
    After(LayerId),
    Reading(LayerId, Option<Pos2>),
    /// Reading everything that is selected.
    Merging,
    Alone(Option<Pos2>),
}

fn resolved(drawn: &Drawn, choice: Choice<'_>, spot: Spot) -> Resolved {
    match spot {
        Spot::At(at) => Resolved::Alone(Some(at)),
        Spot::Edge(to, place) => Resolved::Edge(to, place),
        Spot::After(layer) => Resolved::After(layer),
        Spot::From(layer, at) => Resolved::Reading(layer, Some(at)),
        Spot::Chosen => match (choice.edge, choice.layers) {
            (Some((to, place)), _) => Resolved::Edge(to, place),
            (None, [layer]) => Resolved::After(*layer),
            (None, [_, _, ..]) => Resolved::Merging,
            // With nothing selected a network grows at its end.
            (None, []) => match drawn.shapes.outputs.as_slice() {
                [.., last] => Resolved::After(*last),
                [] => Resolved::Alone(None),
            },
        },
    }
}

/// The position of a card with this middle; `None` while the layout decides about all layers.
fn put(graph: &LayerGraph, middle: Option<Pos2>) -> Option<[f32; 2]> {
    let middle = middle.filter(|_| is_by_hand(graph))?;
    Some(corner(Rect::from_center_size(middle, NODE)))
}

fn corner(rect: Rect) -> [f32; 2] {
    [rect.left().round(), rect.top().round()]
}

fn rect_of(drawn: &Drawn, layer: LayerId) -> Option<Rect> {
    drawn.placed.nodes.get(drawn.shapes.index_of(layer)?).copied()
}

fn below(drawn: &Drawn, layer: LayerId) -> Option<Rect> {
    let rect = rect_of(drawn, layer).filter(|_| is_by_hand(&drawn.graph))?;
    Some(Rect::from_center_size(free(&drawn.placed, rect.center() + vec2(0.0, NODE.y + GAP)), NODE))
}

/// The first middle at the right of `at` where a card covers no other.
fn free(placed: &Placed, at: Pos2) -> Pos2 {
    let mut rect = Rect::from_center_size(at, NODE);
    while let Some(other) = placed.nodes_in(rect.expand(GAP / 2.0 - 1.0)).next() {
        let other = placed.nodes[other as usize];
        rect = rect.translate(vec2(other.right() + GAP - rect.left(), 0.0));
    }
    rect.center()
}

/// Room for a card between a layer and its reader: its place, and what has to move down for it.
///
/// Nothing where the layout decides.
fn room(drawn: &Drawn, from: Option<&LayerId>, to: LayerId) -> (Option<Rect>, Vec<Edit>) {
    if !is_by_hand(&drawn.graph) {
        return (None, Vec::new());
    }
    let Some((above, reader)) = from.and_then(|from| rect_of(drawn, *from)).zip(rect_of(drawn, to)) else {
        return (None, Vec::new());
    };
    let step = NODE.y + GAP;
    let rect = Rect::from_center_size(
        Pos2::new((above.center().x + reader.center().x) / 2.0, above.center().y + step),
        NODE,
    );
    let missing = rect.bottom() + GAP - reader.top();
    if missing <= 0.0 {
        return (Some(rect), Vec::new());
    }
    // Everything that depends on the reader makes room with it, so that nothing runs into it.
    let followers = followers(&drawn.graph, to);
    let moved = followers.iter().filter_map(|id| {
        let rect = rect_of(drawn, *id)?;
        Some((*id, Some(corner(rect.translate(vec2(0.0, missing.round()))))))
    });
    (Some(rect), vec![Edit::Move { positions: moved.collect() }])
}

/// A layer and all that depend on it, in the order of the graph.
fn followers(graph: &LayerGraph, layer: LayerId) -> Vec<LayerId> {
    let mut found = HashSet::from([layer]);
    loop {
        let before = found.len();
        for other in &graph.layers {
            if other.inputs.iter().any(|input| found.contains(input)) {
                found.insert(other.id);
            }
        }
        if found.len() == before {
            return graph.layers.iter().map(|layer| layer.id).filter(|id| found.contains(id)).collect();
        }
    }
}

/// The edits that take away what is selected; readers of a removed layer read what it read.
pub fn removed(choice: Choice<'_>) -> Vec<Edit> {
    match (choice.edge, choice.layers) {
        (Some((to, place)), _) => vec![Edit::Disconnect { to, place }],
        (None, []) => Vec::new(),
        (None, layers) => vec![Edit::Remove { layers: layers.to_vec(), bridge: true }],
    }
}

/// The edits that copy layers beside themselves.
pub fn duplicated(graph: &LayerGraph, layers: &[LayerId]) -> Vec<Edit> {
    let copies: Vec<Layer> =
        graph.layers.iter().filter(|layer| layers.contains(&layer.id)).cloned().collect();
    if copies.is_empty() {
        return Vec::new();
    }
    vec![Edit::Paste { layers: copies, offset: [NODE.x + COPY_OFFSET, COPY_OFFSET] }]
}

/// The edits that put layers elsewhere, all others staying where they are.
pub fn moved(drawn: &Drawn, layers: &[LayerId], by: Vec2) -> Vec<Edit> {
    let pinned = is_by_hand(&drawn.graph);
    let layers: HashSet<LayerId> = layers.iter().copied().collect();
    let positions = drawn.graph.layers.iter().zip(&drawn.placed.nodes).filter_map(|(layer, rect)| {
        let is_moved = layers.contains(&layer.id);
        // The first layer that somebody moves ends the layout: the others keep the places that they have on the screen.
        (is_moved || !pinned || layer.position.is_none()).then(|| {
            let rect = if is_moved { rect.translate(by) } else { *rect };
            (layer.id, Some(corner(rect)))
        })
    });
    vec![Edit::Move { positions: positions.collect() }]
}

/// The edits that leave all places to the layout again.
pub fn tidied(graph: &LayerGraph) -> Vec<Edit> {
    if !is_by_hand(graph) {
        return Vec::new();
    }
    vec![Edit::Move { positions: graph.layers.iter().map(|layer| (layer.id, None)).collect() }]
}

/// The graph with a layer taken out of its place and put behind another one, in the list and in the flow.
///
/// `None` where that makes no sense: an input, a layer with several inputs, or one behind itself.
pub fn reordered(graph: &LayerGraph, layer: LayerId, after: LayerId) -> Option<LayerGraph> {
    let taken = graph.layer(layer)?.clone();
    if layer == after || taken.inputs.len() != 1 || taken.inputs == [after] {
        return None;
    }
    let source = taken.inputs[0];
    let mut graph = graph.clone();
    for other in &mut graph.layers {
        other.inputs.iter_mut().filter(|input| **input == layer).for_each(|input| *input = source);
    }
    graph.outputs.iter_mut().filter(|output| **output == layer).for_each(|output| *output = source);
    for other in graph.layers.iter_mut().filter(|other| other.id != layer) {
        other.inputs.iter_mut().filter(|input| **input == after).for_each(|input| *input = layer);
    }
    graph.outputs.iter_mut().filter(|output| **output == after).for_each(|output| *output = layer);
    graph.layers.retain(|other| other.id != layer);
    let place = graph.layers.iter().position(|other| other.id == after)? + 1;
    graph.layers.insert(place, Layer { inputs: vec![after], ..taken });
    Some(graph)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use emberlab_core::layers::shapes;

    use super::super::placed::place;
    use super::*;

    /// An input and a chain of layers without numbers, numbered from 0.
    fn chain(n_layers: u32) -> LayerGraph {
        let mut graph = LayerGraph::default();
        for index in 0..n_layers {
            let kind = match index {
                0 => LayerKind::Input { shape: vec![4] },
                _ => LayerKind::Dropout { rate: 0.1 },
            };
            let inputs = index.checked_sub(1).map(LayerId).into_iter().collect();
            graph = graph.apply(&Edit::Add { kind, name: None, inputs, position: None }).unwrap();
        }
        graph
    }

    fn drawn(graph: LayerGraph) -> Drawn {
        let shapes = shapes(&graph);
        let placed = Arc::new(place(&graph, &shapes.order, &|| false).unwrap());
        Drawn { network: 1, graph: Arc::new(graph), shapes, placed }
    }

    fn applied(graph: &LayerGraph, edits: &[Edit]) -> LayerGraph {
        edits.iter().fold(graph.clone(), |graph, edit| graph.apply(edit).unwrap())
    }

    const NOTHING: Choice<'static> = Choice { layers: &[], edge: None };

    fn inputs(graph: &LayerGraph, layer: u32) -> Vec<u32> {
        graph.layer(LayerId(layer)).unwrap().inputs.iter().map(|id| id.0).collect()
    }

    #[test]
    fn with_nothing_selected_a_network_grows_at_its_end() {
        let drawn = drawn(chain(2));
        let edits = added(&drawn, NOTHING, LayerKind::Flatten {}, Spot::Chosen);
        assert_eq!(inputs(&applied(&drawn.graph, &edits), 2), [1]);
        assert_eq!(read_shape(&drawn, NOTHING, Spot::Chosen), [4]);
    }

    #[test]
    fn behind_a_selected_layer_its_readers_are_taken_over() {
        let drawn = drawn(chain(3));
        let choice = Choice { layers: &[LayerId(0)], edge: None };
        let graph = applied(&drawn.graph, &added(&drawn, choice, LayerKind::Flatten {}, Spot::Chosen));
        assert_eq!((inputs(&graph, 3), inputs(&graph, 1)), (vec![0], vec![3]));
    }

    #[test]
    fn two_selected_layers_are_put_together() {
        let drawn = drawn(chain(3));
        let choice = Choice { layers: &[LayerId(1), LayerId(2)], edge: None };
        let kind = LayerKind::Concatenate { axis: -1 };
        let graph = applied(&drawn.graph, &added(&drawn, choice, kind, Spot::Chosen));
        assert_eq!(inputs(&graph, 3), [1, 2]);
        assert!(added(&drawn, choice, LayerKind::Flatten {}, Spot::Chosen).is_empty());
    }

    #[test]
    fn a_layer_on_an_edge_makes_room_where_places_are_kept() {
        let graph = chain(3);
        let moved = moved(&drawn(graph.clone()), &[LayerId(2)], vec2(40.0, 0.0));
        let drawn = drawn(applied(&graph, &moved));
        let edits = added(&drawn, NOTHING, LayerKind::Flatten {}, Spot::Edge(LayerId(1), 0));
        let graph = applied(&drawn.graph, &edits);
        assert_eq!((inputs(&graph, 3), inputs(&graph, 1)), (vec![0], vec![3]));
        let spot = |layer: u32| graph.layer(LayerId(layer)).unwrap().position.unwrap();
        assert_eq!(spot(3), [0.0, NODE.y + GAP]);
        assert_eq!(spot(1), [0.0, 2.0 * (NODE.y + GAP)]);
        assert_eq!(spot(2), [40.0, 3.0 * (NODE.y + GAP)]);
    }

    #[test]
    fn the_first_layer_that_is_moved_pins_the_others() {
        let drawn = drawn(chain(3));
        let graph = applied(&drawn.graph, &moved(&drawn, &[LayerId(1)], vec2(100.0, 10.0)));
        let spots: Vec<_> = graph.layers.iter().map(|layer| layer.position.unwrap()).collect();
        assert_eq!(spots, [[0.0, 0.0], [100.0, 98.0], [0.0, 176.0]]);
        let tidy = applied(&graph, &tidied(&graph));
        assert!(!is_by_hand(&tidy));
        assert!(tidied(&tidy).is_empty());
    }

    #[test]
    fn a_layer_moves_in_list_and_flow() {
        let graph = chain(4);
        let down = reordered(&graph, LayerId(1), LayerId(3)).unwrap();
        let order: Vec<u32> = down.layers.iter().map(|layer| layer.id.0).collect();
        assert_eq!(order, [0, 2, 3, 1]);
        assert_eq!((inputs(&down, 2), inputs(&down, 3), inputs(&down, 1)), (vec![0], vec![2], vec![3]));
        let up = reordered(&down, LayerId(1), LayerId(0)).unwrap();
        assert_eq!(up.layers, graph.layers);
        assert_eq!(reordered(&graph, LayerId(0), LayerId(2)), None);
        assert_eq!(reordered(&graph, LayerId(2), LayerId(1)), None);
    }

    #[test]
    fn copies_read_what_their_originals_read() {
        let drawn = drawn(chain(3));
        let graph = applied(&drawn.graph, &duplicated(&drawn.graph, &[LayerId(1), LayerId(2)]));
        assert_eq!((inputs(&graph, 3), inputs(&graph, 4)), (vec![0], vec![3]));
    }

    #[test]
    fn what_is_removed_is_bridged() {
        let graph = chain(3);
        let choice = Choice { layers: &[LayerId(1)], edge: None };
        assert_eq!(inputs(&applied(&graph, &removed(choice)), 2), [0]);
        let edge = Choice { layers: &[], edge: Some((LayerId(2), 0)) };
        assert!(inputs(&applied(&graph, &removed(edge)), 2).is_empty());
    }
}
