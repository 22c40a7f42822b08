//! Where the layers of a network stand on the canvas, and the ways of its edges. Pure: a graph in, rectangles out.
//!
//! As long as nobody has moved a layer, the layout decides for all of them. Once positions are kept in the project, layers
//! stand where they were put, and edges are led around what is in their way.

use egui::{Pos2, Rect, Vec2, pos2, vec2};
use emberlab_core::layers::{LayerGraph, LayerId};

use crate::panels::graph::distance_to_segment;
use crate::panels::graph::paint::bend;
use crate::panels::inspect::layout::{Direction, SpatialIndex, layout_links};

/// Size of a layer's card.
pub const NODE: Vec2 = vec2(248.0, 52.0);

/// Between two cards.
pub const GAP: f32 = 36.0;

/// Between two edges that enter one layer.
const PORT_STEP: f32 = 28.0;

/// Between an edge that is led around layers and these.
const LANE: f32 = 20.0;

/// Places of all layers and ways of all edges, in points at zoom 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The card of every layer, in the order of the graph.
    pub nodes: Vec<Rect>,
    /// All edges: layer by layer, input by input.
    pub edges: Vec<PlacedEdge>,
    /// What everything covers.
    pub bounds: Rect,
    node_index: SpatialIndex,
    edge_index: SpatialIndex,
}

/// The way from one layer to another that reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedEdge {
    /// Index of the layer that is read.
    pub from: u32,
    /// Index of the layer that reads.
    pub to: u32,
    /// The place among the inputs of the layer that reads.
    pub place: usize,
    /// From the port of the one to the port of the other.
    pub points: Box<[Pos2]>,
    /// Parts that do not run downwards are curves.
    pub smooth: bool,
}

/// Something that a layer can be connected at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// The output of the layer with the index.
    Output(u32),
    /// An input of the layer with the index: its place among the inputs.
    Input(u32, usize),
}

/// Somebody has put a layer of the graph where it stands.
pub fn is_by_hand(graph: &LayerGraph) -> bool {
    graph.layers.iter().any(|layer| layer.position.is_some())
}

/// The places of a graph's layers; `None` when `cancelled` said so.
///
/// `order` are indexes of layers, each behind all that it reads; layers that are not in it come last.
pub fn place(graph: &LayerGraph, order: &[usize], cancelled: &dyn Fn() -> bool) -> Option<Placed> {
    let links = links(graph);
    let order = complete(order, graph.layers.len());
    let pairs: Vec<(u32, u32)> = links.iter().map(|link| (link.from, link.to)).collect();
    let layout = layout_links(&order, &pairs, Direction::Vertical, cancelled)?;
    let rects: Vec<Rect> = layout.nodes.iter().map(|node| node.rect).collect();
    if is_by_hand(graph) {
        return Some(Placed::by_hand(graph, by_hand(graph, &order, &rects)));
    }
    let edges = links.iter().zip(layout.edges).map(|(link, edge)| PlacedEdge {
        from: link.from,
        to: link.to,
        place: link.place,
        points: edge.points,
        smooth: edge.smooth,
    });
    Some(Placed::new(rects, edges.collect()))
}

/// An edge of the graph by indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    from: u32,
    to: u32,
    place: usize,
}

fn links(graph: &LayerGraph) -> Vec<Link> {
    let index: std::collections::HashMap<LayerId, u32> =
        graph.layers.iter().enumerate().map(|(index, layer)| (layer.id, index as u32)).collect();
    let layers = graph.layers.iter().enumerate();
    let links = layers.flat_map(|(to, layer)| {
        let inputs = layer.inputs.iter().enumerate();
        inputs.map(move |(place, input)| (*input, to as u32, place))
    });
    links.filter_map(|(from, to, place)| Some(Link { from: *index.get(&from)?, to, place })).collect()
}

/// All indexes below `n_layers`: those of `order`, then the others.
fn complete(order: &[usize], n_layers: usize) -> Vec<u32> {
    let mut seen = vec![false; n_layers];
    let mut all = Vec::with_capacity(n_layers);
    for index in order.iter().copied().chain(0..n_layers) {
        if let Some(seen) = seen.get_mut(index)
            && !std::mem::replace(seen, true)
        {
            all.push(index as u32);
        }
    }
    all
}

/// Layers where they were put; those that nobody has put anywhere below the first layer that they read.
fn by_hand(graph: &LayerGraph, order: &[u32], automatic: &[Rect]) -> Vec<Rect> {
    let put = |index: usize| {
        let [x, y] = graph.layers[index].position?;
        Some(Rect::from_min_size(pos2(x, y), NODE))
    };
    let mut rects: Vec<Option<Rect>> = (0..graph.layers.len()).map(put).collect();
    let index_of = |id: LayerId| graph.layers.iter().position(|layer| layer.id == id);
    for &index in order {
        let index = index as usize;
        if rects[index].is_some() {
            continue;
        }
        let source = graph.layers[index].inputs.first().copied().and_then(index_of);
        let above = source.and_then(|source| rects[source]);
        let start = above.map_or(automatic[index], |above| above.translate(vec2(0.0, NODE.y + GAP)));
        rects[index] = Some(free_place(start, &rects));
    }
    rects.into_iter().zip(automatic).map(|(rect, automatic)| rect.unwrap_or(*automatic)).collect()
}

/// The first place at the right of `start` where a card covers no other.
fn free_place(start: Rect, rects: &[Option<Rect>]) -> Rect {
    let mut rect = start;
    while let Some(other) = rects.iter().flatten().find(|other| other.expand(GAP / 2.0).intersects(rect)) {
        rect = rect.translate(vec2(other.right() + GAP - rect.left(), 0.0));
    }
    rect
}

impl Placed {
    /// Layers at these places; edges are led around what is in their way.
    pub fn by_hand(graph: &LayerGraph, nodes: Vec<Rect>) -> Self {
        let index = SpatialIndex::new(nodes.iter().copied(), false);
        let links = links(graph);
        let ports = entering(&links, &nodes);
        let mut lanes = Lanes { nodes: &nodes, index: &index, taken: Vec::new() };
        let edges = links.iter().zip(ports).map(|(link, port)| lanes.edge(*link, port)).collect();
        Self::new(nodes, edges)
    }

    fn new(nodes: Vec<Rect>, edges: Vec<PlacedEdge>) -> Self {
        let covered = nodes.iter().copied().chain(edges.iter().map(PlacedEdge::bounds));
        let covered = covered.fold(Rect::NOTHING, Rect::union);
        let bounds = if covered.is_finite() { covered } else { Rect::ZERO };
        let node_index = SpatialIndex::new(nodes.iter().copied(), false);
        let edge_index = SpatialIndex::new(edges.iter().map(PlacedEdge::bounds), false);
        Self { nodes, edges, bounds, node_index, edge_index }
    }

    /// Indexes of the layers that touch `view`.
    pub fn nodes_in(&self, view: Rect) -> impl Iterator<Item = u32> {
        self.node_index.query(view)
    }

    /// Numbers of the edges whose bounds touch `view`.
    pub fn edges_in(&self, view: Rect) -> impl Iterator<Item = u32> {
        self.edge_index.query(view)
    }

    /// The layer at a point.
    pub fn node_at(&self, point: Pos2) -> Option<u32> {
        self.node_index.at(point)
    }

    /// The edge that runs within `reach` of a point.
    pub fn edge_at(&self, point: Pos2, reach: f32) -> Option<u32> {
        let near = Rect::from_center_size(point, Vec2::splat(2.0 * reach));
        let distance = |number: &u32| self.edges[*number as usize].distance(point);
        let nearest = self.edges_in(near).min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        (distance(&nearest) <= reach).then_some(nearest)
    }

    /// The port within `reach` of a point; inputs that read something before outputs.
    pub fn port_at(&self, point: Pos2, reach: f32) -> Option<Port> {
        let near = Rect::from_center_size(point, Vec2::splat(2.0 * reach));
        let is_near = |port: Pos2| (port - point).length() <= reach;
        let edges = self.edges_in(near).map(|number| &self.edges[number as usize]);
        let entered = edges.filter(|edge| edge.points.last().is_some_and(|end| is_near(*end)));
        if let Some(edge) = entered.last() {
            return Some(Port::Input(edge.to, edge.place));
        }
        self.nodes_in(near).find(|node| is_near(self.output(*node))).map(Port::Output)
    }

    /// Where the edges of a layer's output begin.
    pub fn output(&self, node: u32) -> Pos2 {
        self.nodes[node as usize].center_bottom()
    }
}

impl PlacedEdge {
    /// What the way covers.
    pub fn bounds(&self) -> Rect {
        Rect::from_points(&self.points)
    }

    /// The point halfway along.
    pub fn middle(&self) -> Pos2 {
        let flat = self.flat();
        let length: f32 = flat.windows(2).map(|pair| (pair[1] - pair[0]).length()).sum();
        let mut left = length / 2.0;
        for pair in flat.windows(2) {
            let step = (pair[1] - pair[0]).length();
            if step >= left && step > 0.0 {
                return pair[0] + (pair[1] - pair[0]) * (left / step);
            }
            left -= step;
        }
        flat.first().copied().unwrap_or(Pos2::ZERO)
    }

    fn distance(&self, point: Pos2) -> f32 {
        let flat = self.flat();
        let pairs = flat.windows(2).map(|pair| distance_to_segment(point, pair[0], pair[1]));
        pairs.fold(f32::INFINITY, f32::min)
    }

    /// The way as short straight lines.
    fn flat(&self) -> Vec<Pos2> {
        const STEPS: usize = 12;
        let mut flat: Vec<Pos2> = self.points.first().copied().into_iter().collect();
        for pair in self.points.windows(2) {
            if !self.smooth || (pair[0].x - pair[1].x).abs() < 0.5 {
                flat.push(pair[1]);
                continue;
            }
            let [a, b, c, d] = bend(Direction::Vertical, pair[0], pair[1]);
            let at = |t: f32| {
                let s = 1.0 - t;
                let sum = a.to_vec2() * (s * s * s)
                    + b.to_vec2() * (3.0 * s * s * t)
                    + c.to_vec2() * (3.0 * s * t * t)
                    + d.to_vec2() * (t * t * t);
                sum.to_pos2()
            };
            flat.extend((1..=STEPS).map(|step| at(step as f32 / STEPS as f32)));
        }
        flat
    }
}

/// Where each link enters its layer, from the left: what comes straight gets the middle, others go beside it.
fn entering(links: &[Link], nodes: &[Rect]) -> Vec<f32> {
    let mut ports = vec![0.0; links.len()];
    let mut order: Vec<usize> = (0..links.len()).collect();
    let source = |number: usize| nodes[links[number].from as usize].center().x;
    order.sort_by(|a, b| {
        (links[*a].to.cmp(&links[*b].to))
            .then(source(*a).total_cmp(&source(*b)))
            .then(links[*a].place.cmp(&links[*b].place))
    });
    for of_node in order.chunk_by(|a, b| links[*a].to == links[*b].to) {
        let node = nodes[links[of_node[0]].to as usize];
        let straight = of_node.iter().position(|number| (source(*number) - node.center().x).abs() < 0.5);
        let origin = straight.map_or((of_node.len() - 1) as f32 / 2.0, |place| place as f32);
        let most = origin.max((of_node.len() - 1) as f32 - origin).max(1.0);
        let step = PORT_STEP.min((node.width() / 2.0 - 12.0) / most);
        for (place, number) in of_node.iter().enumerate() {
            ports[*number] = (node.center().x + (place as f32 - origin) * step).round();
        }
    }
    ports
}

/// Leads edges around layers.
struct Lanes<'a> {
    nodes: &'a [Rect],
    index: &'a SpatialIndex,
    /// Upright parts of ways that were led around something: x, top, bottom.
    taken: Vec<(f32, f32, f32)>,
}

impl Lanes<'_> {
    fn edge(&mut self, link: Link, port: f32) -> PlacedEdge {
        let from = self.nodes[link.from as usize].center_bottom();
        let to = pos2(port, self.nodes[link.to as usize].top());
        let PlacedEdge { points, smooth, .. } = self.way(link, from, to);
        PlacedEdge { from: link.from, to: link.to, place: link.place, points, smooth }
    }

    fn way(&mut self, link: Link, from: Pos2, to: Pos2) -> PlacedEdge {
        let edge = |points: Vec<Pos2>, smooth| PlacedEdge {
            from: link.from,
            to: link.to,
            place: link.place,
            points: points.into(),
            smooth,
        };
        if to.y < from.y + 12.0 {
            // The reader stands above what it reads: around the side, in right angles.
            let (top, bottom) = (to.y - 16.0, from.y + 16.0);
            let x = self.lane(from.x.max(to.x) + NODE.x / 2.0 + LANE, top, bottom, 1.0, link);
            self.taken.push((x, top, bottom));
            let points = vec![from, pos2(from.x, bottom), pos2(x, bottom), pos2(x, top), pos2(to.x, top), to];
            return edge(points, false);
        }
        let middle = (from.y + to.y) / 2.0;
        let parts =
            [(from.x, from.x, from.y, middle), (from.x, to.x, middle, middle), (to.x, to.x, middle, to.y)];
        let blocking: Vec<Rect> = parts
            .into_iter()
            .flat_map(|(x1, x2, y1, y2)| {
                let part = Rect::from_two_pos(pos2(x1, y1), pos2(x2, y2)).expand(2.0);
                self.others(part, link).collect::<Vec<_>>()
            })
            .collect();
        let (top, bottom) = (from.y + GAP, to.y - GAP);
        if blocking.is_empty() || bottom <= top {
            return edge(vec![from, to], true);
        }
        let right = blocking.iter().map(|rect| rect.right()).fold(f32::MIN, f32::max) + LANE;
        let left = blocking.iter().map(|rect| rect.left()).fold(f32::MAX, f32::min) - LANE;
        let right = self.lane(right, top, bottom, 1.0, link);
        let left = self.lane(left, top, bottom, -1.0, link);
        let length = |x: f32| (x - from.x).abs() + (x - to.x).abs();
        let x = if length(left) < length(right) { left } else { right };
        self.taken.push((x, top, bottom));
        edge(vec![from, pos2(x, top), pos2(x, bottom), to], true)
    }

    /// The first lane from `x` on to the side that neither layers nor other lanes are in.
    fn lane(&self, mut x: f32, top: f32, bottom: f32, side: f32, link: Link) -> f32 {
        // Each step leaves something behind, of which there is an end.
        for _ in 0..=self.nodes.len() + self.taken.len() {
            let lane = Rect::from_min_max(pos2(x - 8.0, top), pos2(x + 8.0, bottom));
            let node = self.others(lane, link).next();
            let taken = self
                .taken
                .iter()
                .find(|(other, y1, y2)| (other - x).abs() < 8.0 && *y1 < bottom && top < *y2);
            x = match (node, taken) {
                (Some(node), _) if side > 0.0 => node.right() + LANE,
                (Some(node), _) => node.left() - LANE,
                (None, Some((other, ..))) => other + side * 12.0,
                (None, None) => return x,
            };
        }
        x
    }

    /// Layers in a rectangle that are at neither end of a link.
    fn others(&self, part: Rect, link: Link) -> impl Iterator<Item = Rect> {
        let is_other = move |node: &u32| *node != link.from && *node != link.to;
        self.index.query(part).filter(is_other).map(|node| self.nodes[node as usize])
    }
}

#[cfg(test)]
mod tests {
    use emberlab_core::layers::{Layer, LayerKind};

    use super::*;

    /// A graph of layers that read others, by index, at places.
    fn graph(layers: &[(&[u32], Option<[f32; 2]>)]) -> LayerGraph {
        let layers = layers.iter().enumerate().map(|(index, (inputs, position))| Layer {
            id: LayerId(index as u32 + 10),
            name: format!("layer {index}"),
            inputs: inputs.iter().map(|input| LayerId(input + 10)).collect(),
            position: *position,
            kind: LayerKind::Flatten {},
        });
        LayerGraph { layers: layers.collect(), ..LayerGraph::default() }
    }

    fn placed(layers: &[(&[u32], Option<[f32; 2]>)]) -> Placed {
        let order: Vec<usize> = (0..layers.len()).collect();
        place(&graph(layers), &order, &|| false).expect("nothing cancels")
    }

    fn check_sound(placed: &Placed) {
        for (number, rect) in placed.nodes.iter().enumerate() {
            let overlaps = placed.nodes_in(rect.shrink(0.5)).any(|other| other as usize != number);
            assert!(!overlaps, "{number} lies on another: {:?}", placed.nodes);
            assert_eq!(rect.size(), NODE);
        }
        for edge in &placed.edges {
            let (first, last) = (edge.points[0], edge.points[edge.points.len() - 1]);
            assert_eq!(first, placed.output(edge.from));
            let reader = placed.nodes[edge.to as usize];
            assert_eq!(last.y, reader.top());
            assert!(reader.x_range().contains(last.x), "{edge:?}");
            assert!(placed.bounds.expand(0.5).contains_rect(edge.bounds()));
        }
    }

    #[test]
    fn nothing_moved_is_laid_out_as_a_straight_chain() {
        let chain = placed(&[(&[], None), (&[0], None), (&[1], None), (&[2], None)]);
        check_sound(&chain);
        assert!(chain.nodes.iter().all(|rect| rect.left() == 0.0));
        assert_eq!(chain.nodes[1].top() - chain.nodes[0].bottom(), GAP);
        assert!(chain.edges.iter().all(|edge| edge.points.len() == 2));
    }

    #[test]
    fn what_was_put_somewhere_stays_there() {
        let spots = [Some([0.0, 0.0]), Some([400.0, 90.0]), Some([-60.0, 300.0])];
        let moved = placed(&[(&[], spots[0]), (&[0], spots[1]), (&[1], spots[2])]);
        check_sound(&moved);
        for (rect, spot) in moved.nodes.iter().zip(spots.iter().flatten()) {
            assert_eq!([rect.left(), rect.top()], *spot);
        }
    }

    #[test]
    fn a_new_layer_goes_below_what_it_reads_or_beside_it() {
        let below = placed(&[(&[], Some([0.0, 0.0])), (&[0], None)]);
        assert_eq!(below.nodes[1].min, pos2(0.0, NODE.y + GAP));
        let beside = placed(&[(&[], Some([0.0, 0.0])), (&[0], Some([0.0, NODE.y + GAP])), (&[0], None)]);
        check_sound(&beside);
        assert_eq!(beside.nodes[2].min, pos2(NODE.x + GAP, NODE.y + GAP));
    }

    #[test]
    fn an_edge_is_led_around_a_layer_in_its_way() {
        let spot = |place: u32| Some([0.0, place as f32 * (NODE.y + GAP)]);
        let skip = placed(&[(&[], spot(0)), (&[0], spot(1)), (&[1], spot(2)), (&[2, 0], spot(3))]);
        check_sound(&skip);
        let around = skip.edges.iter().find(|edge| edge.from == 0 && edge.to == 3).unwrap();
        assert_eq!(around.points.len(), 4);
        for node in [1, 2] {
            assert!(around.flat().iter().all(|point| !skip.nodes[node].contains(*point)), "{around:?}");
        }
        // The straight edge keeps the middle of the layer.
        let straight = skip.edges.iter().find(|edge| edge.from == 2).unwrap();
        assert_eq!(straight.points.len(), 2);
        assert_eq!(straight.points[1].x, skip.nodes[3].center().x);
    }

    #[test]
    fn two_edges_around_the_same_layers_do_not_lie_on_each_other() {
        let spot = |place: u32| Some([0.0, place as f32 * (NODE.y + GAP)]);
        let both = placed(&[
            (&[], spot(0)),
            (&[0], spot(1)),
            (&[1], spot(2)),
            (&[2, 0], spot(3)),
            (&[3, 0], spot(4)),
        ]);
        check_sound(&both);
        let lanes: Vec<f32> =
            both.edges.iter().filter(|edge| edge.points.len() == 4).map(|edge| edge.points[1].x).collect();
        assert_eq!(lanes.len(), 2);
        assert!((lanes[0] - lanes[1]).abs() >= 8.0, "{lanes:?}");
    }

    #[test]
    fn a_reader_above_what_it_reads_is_reached() {
        let above = placed(&[(&[], Some([0.0, 400.0])), (&[0], Some([0.0, 0.0]))]);
        check_sound(&above);
        assert!(above.edges[0].points.len() > 2 && !above.edges[0].smooth);
    }

    #[test]
    fn loops_and_layers_that_are_not_there_do_no_harm() {
        let graph = graph(&[(&[1], None), (&[0, 7], None), (&[2], None)]);
        let placed = place(&graph, &[], &|| false).expect("nothing cancels");
        assert_eq!((placed.nodes.len(), placed.edges.len()), (3, 3));
    }

    #[test]
    fn ports_edges_and_layers_are_found_under_the_pointer() {
        let chain = placed(&[(&[], None), (&[0], None), (&[1], None)]);
        let output = chain.output(1);
        assert_eq!(chain.port_at(output + vec2(3.0, 2.0), 6.0), Some(Port::Output(1)));
        assert_eq!(chain.port_at(chain.nodes[1].center_top(), 6.0), Some(Port::Input(1, 0)));
        assert_eq!(chain.port_at(chain.nodes[1].center(), 6.0), None);
        assert_eq!(chain.node_at(chain.nodes[2].center()), Some(2));
        let middle = chain.edges[1].middle();
        assert_eq!(chain.edge_at(middle + vec2(4.0, 0.0), 6.0), Some(1));
        assert_eq!(chain.edge_at(middle + vec2(9.0, 0.0), 6.0), None);
    }

    #[test]
    fn two_thousand_layers_are_found_without_looking_at_all() {
        let layers: Vec<(Vec<u32>, Option<[f32; 2]>)> =
            (0..2_000u32).map(|index| (index.checked_sub(1).into_iter().collect(), None)).collect();
        let borrowed: Vec<(&[u32], Option<[f32; 2]>)> =
            layers.iter().map(|(inputs, position)| (inputs.as_slice(), *position)).collect();
        let placed = placed(&borrowed);
        let view = Rect::from_min_size(pos2(0.0, 80_000.0), vec2(800.0, 600.0));
        assert!(placed.nodes_in(view).count() < 10 && placed.edges_in(view).count() < 10);
    }
}
