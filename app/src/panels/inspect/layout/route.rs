//! From rows and places to rectangles and paths.

use egui::{Pos2, Rect};
use emberlab_core::model::{Subgraph, TensorId};

use super::graph::Graph;
use super::layers::{Layered, Route};
use super::{Direction, Edge, GraphLayout, Label, Node, NodeKind};

/// Sizes that depend on the direction, in points: "along" runs from row to row, "across" within a row.
pub(super) struct Metrics {
    /// Operator node.
    pub node: Size,
    /// Pill of an input or output.
    pub pill: Size,
    /// Least distance between two vertices of a row.
    pub gap_across: f32,
    /// Between two rows.
    gap: f32,
    /// Below a row of pills, whose tensors are written on the pills.
    gap_pills: f32,
    /// Between two rows where a link bends: the bend itself, without its straight ends.
    bend: f32,
    /// Straight start of a link that bends: room for its label.
    stub: f32,
    /// Straight end of a link that bends: room for its arrow.
    arrow: f32,
    /// Between two links that start or end at one node.
    port: f32,
}

/// Size of a vertex.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub along: f32,
    pub across: f32,
}

/// Advance of one character of the label face, JetBrains Mono 11.
const CHARACTER: f32 = 6.6;

/// Distance between the lanes around the graph.
const LANE: f32 = 12.0;

/// Lanes around the graph; more links share them.
const N_LANES: usize = 8;

impl Metrics {
    pub fn of(direction: Direction) -> Self {
        match direction {
            Direction::Vertical => Self {
                node: Size { along: 52.0, across: 248.0 },
                pill: Size { along: 24.0, across: 184.0 },
                gap_across: 36.0,
                gap: 36.0,
                gap_pills: 20.0,
                bend: 28.0,
                stub: 22.0,
                arrow: 12.0,
                port: 28.0,
            },
            Direction::Horizontal => Self {
                node: Size { along: 248.0, across: 52.0 },
                pill: Size { along: 184.0, across: 24.0 },
                gap_across: 36.0,
                gap: 108.0,
                gap_pills: 36.0,
                bend: 40.0,
                stub: 92.0,
                arrow: 16.0,
                port: 14.0,
            },
        }
    }

    /// Size of every vertex across the rows; a joint is a line.
    pub fn extents(&self, graph: &Graph, n_vertices: usize) -> Vec<f32> {
        let mut extents: Vec<f32> = graph.kinds.iter().map(|kind| self.size(kind).across).collect();
        extents.resize(n_vertices, 0.0);
        extents
    }

    fn size(&self, kind: &NodeKind) -> Size {
        match kind {
            NodeKind::Operator(_) => self.node,
            NodeKind::Input(..) | NodeKind::Output(..) => self.pill,
        }
    }
}

/// One row along the main axis.
struct Band {
    start: f32,
    end: f32,
    /// Some link to the next row bends.
    bent: bool,
}

/// The finished layout.
pub(super) fn finish(
    subgraph: &Subgraph,
    graph: &Graph,
    layered: &Layered,
    centres: &[f32],
    direction: Direction,
) -> GraphLayout {
    let metrics = Metrics::of(direction);
    let ports = Ports::of(graph, layered, centres, &metrics);
    let bands = bands(graph, layered, centres, &ports, &metrics);
    let right_ends = centres.iter().zip(metrics.extents(graph, centres.len()));
    let rightmost = right_ends.map(|(centre, extent)| centre + extent / 2.0).fold(0.0, f32::max);
    let router = Router { subgraph, graph, layered, centres, direction, metrics, ports, bands, rightmost };
    let nodes: Vec<Node> = (0..graph.kinds.len() as u32).map(|node| router.node(node)).collect();
    let mut n_around = 0;
    let edges = graph.links.iter().enumerate().map(|(number, _)| {
        let lane = n_around % N_LANES;
        n_around += usize::from(layered.routes[number] == Route::Around);
        router.edge(number, &nodes, lane)
    });
    let edges = edges.collect();
    let labels = router.labels(&nodes);
    GraphLayout::new(direction, nodes, edges, labels)
}

/// Everything that is known when rectangles and paths are made.
struct Router<'a> {
    subgraph: &'a Subgraph,
    graph: &'a Graph,
    layered: &'a Layered,
    centres: &'a [f32],
    direction: Direction,
    metrics: Metrics,
    ports: Ports,
    bands: Vec<Band>,
    /// Where the graph ends across its rows.
    rightmost: f32,
}

impl Router<'_> {
    fn at(&self, along: f32, across: f32) -> Pos2 {
        match self.direction {
            Direction::Vertical => Pos2::new(across, along),
            Direction::Horizontal => Pos2::new(along, across),
        }
    }

    /// Where a node starts and ends along the graph.
    fn extent(&self, node: &Node) -> (f32, f32) {
        match self.direction {
            Direction::Vertical => (node.rect.min.y, node.rect.max.y),
            Direction::Horizontal => (node.rect.min.x, node.rect.max.x),
        }
    }

    fn band(&self, vertex: u32) -> &Band {
        &self.bands[self.layered.layer[vertex as usize] as usize]
    }

    fn node(&self, node: u32) -> Node {
        let kind = self.graph.kinds[node as usize];
        let size = self.metrics.size(&kind);
        let band = self.band(node);
        // Pills of inputs stand next to what reads them, others next to what wrote them.
        let start = if matches!(kind, NodeKind::Input(..)) { band.end - size.along } else { band.start };
        let across = self.centres[node as usize] - size.across / 2.0;
        let rect =
            Rect::from_min_max(self.at(start, across), self.at(start + size.along, across + size.across));
        Node { kind, rect, layer: self.layered.layer[node as usize] }
    }

    fn edge(&self, number: usize, nodes: &[Node], lane: usize) -> Edge {
        let link = &self.graph.links[number];
        let path = self.path(number, nodes, lane);
        let mut points: Vec<Pos2> =
            straightened(&path).into_iter().map(|(along, across)| self.at(along, across)).collect();
        if link.backward {
            points.reverse();
        }
        Edge {
            tensor: link.tensor,
            from: link.from,
            to: link.to,
            bounds: Rect::from_points(&points),
            points: points.into_boxed_slice(),
            backward: link.backward || link.is_loop(),
            smooth: matches!(self.layered.routes[number], Route::Joints { .. }),
        }
    }

    /// The way of a link from the earlier to the later node, as (along, across).
    fn path(&self, number: usize, nodes: &[Node], lane: usize) -> Vec<(f32, f32)> {
        let (source, target) = self.graph.links[number].in_time();
        let leave = self.extent(&nodes[source as usize]).1;
        let arrive = self.extent(&nodes[target as usize]).0;
        let (from, to) = (self.ports.from[number], self.ports.to[number]);
        let Metrics { stub, arrow, .. } = self.metrics;
        let mut path = vec![(leave, from)];
        match self.layered.routes[number] {
            Route::Joints { first, count } => {
                let end = |band: &Band| if band.bent { band.end + stub } else { band.end };
                path.push((end(self.band(source)), from));
                for joint in first..first + count {
                    let band = self.band(joint);
                    let across = self.centres[joint as usize];
                    path.push((band.start - arrow, across));
                    path.push((end(band), across));
                }
                path.push((self.band(target).start - arrow, to));
            }
            Route::Around => {
                let across = self.rightmost + LANE * (lane + 2) as f32;
                path.push((leave + arrow, across));
                path.push((arrive - arrow, across));
            }
            Route::Loop => {
                let size = self.metrics.size(&self.graph.kinds[source as usize]);
                let side = self.centres[source as usize] + size.across / 2.0 + LANE;
                path.extend([(leave + arrow, from), (leave + arrow, side)]);
                path.extend([(arrive - arrow, side), (arrive - arrow, to)]);
            }
        }
        path.push((arrive, to));
        path
    }

    /// One label per tensor that leaves an operator, beside the start of its link, where it has room.
    fn labels(&self, nodes: &[Node]) -> Vec<Label> {
        let mut leaving: Vec<(u32, u32, u32)> = self
            .graph
            .links
            .iter()
            .enumerate()
            .filter(|(_, link)| !link.backward && !link.is_loop())
            // The pill of an input or output says what it is itself.
            .filter(|(_, link)| [link.from, link.to].iter().all(|node| self.is_operator(*node)))
            .map(|(number, link)| (link.from, link.tensor.0, number as u32))
            .collect();
        leaving.sort_unstable();
        leaving.dedup_by_key(|(from, tensor, _)| (*from, *tensor));
        let mut candidates: Vec<Candidate> = Vec::with_capacity(leaving.len());
        for of_node in leaving.chunk_by(|a, b| a.0 == b.0) {
            let end = self.extent(&nodes[of_node[0].0 as usize]).1;
            let n_straight = of_node.iter().filter(|(.., number)| self.is_straight(*number)).count();
            let is_alone = of_node.len() == 1;
            // Between links that leave side by side there is no room; the one that goes straight on has some above
            // its reader, once the others have bent away.
            let labelled = of_node
                .iter()
                .filter(|(.., number)| is_alone || (n_straight == 1 && self.is_straight(*number)));
            candidates.extend(labelled.map(|(.., number)| self.label(*number, end, is_alone)));
        }
        candidates.sort_by(|a, b| a.layer.cmp(&b.layer).then(a.across.total_cmp(&b.across)));
        let mut placed = Vec::with_capacity(candidates.len());
        let mut last: Option<(u32, f32)> = None;
        for candidate in candidates {
            let Candidate { layer, across, reach, label } = candidate;
            if last.is_none_or(|(row, end)| row != layer || end + 8.0 <= across - reach) {
                last = Some((layer, across + reach));
                placed.push(label);
            }
        }
        placed
    }

    /// The label of a link: beside its start (`end` is where its node ends), or above the operator that reads it.
    fn label(&self, number: u32, end: f32, at_start: bool) -> Candidate {
        let link = &self.graph.links[number as usize];
        let band = self.band(link.from);
        let across = self.ports.from[number as usize];
        let Metrics { stub, arrow, gap, .. } = self.metrics;
        let along = if at_start {
            let room = if band.bent { stub } else { gap - arrow / 2.0 };
            band.end.max(end) + room / 2.0
        } else {
            self.band(link.to).start - arrow - stub / 2.0 + 2.0
        };
        let reach = match self.direction {
            Direction::Vertical => 10.0 + CHARACTER * label_characters(self.subgraph, link.tensor) as f32,
            Direction::Horizontal => 16.0,
        };
        let label = Label { tensor: link.tensor, edge: number, position: self.at(along.round(), across) };
        Candidate { layer: self.layered.layer[link.from as usize], across, reach, label }
    }

    /// The link goes to the next row without a bend.
    fn is_straight(&self, number: u32) -> bool {
        let link = &self.graph.links[number as usize];
        let rows = self.layered.layer[link.to as usize] - self.layered.layer[link.from as usize];
        rows == 1 && self.ports.from[number as usize] == self.ports.to[number as usize]
    }

    fn is_operator(&self, node: u32) -> bool {
        matches!(self.graph.kinds[node as usize], NodeKind::Operator(_))
    }
}

/// A label that may collide with its neighbours of the same row.
struct Candidate {
    layer: u32,
    across: f32,
    /// How far it reaches to either side.
    reach: f32,
    label: Label,
}

/// The path without points that lie on a straight line between their neighbours.
fn straightened(path: &[(f32, f32)]) -> Vec<(f32, f32)> {
    let mut points: Vec<(f32, f32)> = Vec::with_capacity(path.len());
    for &point in path {
        if let [.., before, last] = points.as_mut_slice()
            && (before.1 - last.1).abs() < 0.5
            && (last.1 - point.1).abs() < 0.5
        {
            *last = point;
        } else {
            points.push(point);
        }
    }
    points
}

/// Where links leave and enter their nodes, across the rows.
struct Ports {
    from: Vec<f32>,
    to: Vec<f32>,
}

impl Ports {
    fn of(graph: &Graph, layered: &Layered, centres: &[f32], metrics: &Metrics) -> Self {
        let n_links = graph.links.len();
        // The place that each end of a link heads for: its first joint, or the node at the other end.
        let mut leaving: Vec<(u32, u32, f32, u32)> = Vec::with_capacity(n_links);
        let mut entering: Vec<(u32, u32, f32, u32)> = Vec::with_capacity(n_links);
        for (number, link) in graph.links.iter().enumerate() {
            let (source, target) = link.in_time();
            let (next, last) = match layered.routes[number] {
                Route::Joints { first, count } if count > 0 => {
                    (centres[first as usize], centres[(first + count - 1) as usize])
                }
                Route::Joints { .. } => (centres[target as usize], centres[source as usize]),
                Route::Around | Route::Loop => (f32::INFINITY, f32::INFINITY),
            };
            leaving.push((source, link.tensor.0, next, number as u32));
            entering.push((target, link.tensor.0, last, number as u32));
        }
        let mut ports = Self { from: vec![0.0; n_links], to: vec![0.0; n_links] };
        spread(graph, centres, metrics, leaving, &mut ports.from);
        spread(graph, centres, metrics, entering, &mut ports.to);
        ports
    }
}

/// Spreads the ends at each node over its edge: what comes straight gets the middle, others go beside it.
///
/// `ends` are node, tensor, the place headed for, and the link; ends of one tensor share a place.
fn spread(
    graph: &Graph,
    centres: &[f32],
    metrics: &Metrics,
    mut ends: Vec<(u32, u32, f32, u32)>,
    ports: &mut [f32],
) {
    ends.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    for of_node in ends.chunk_by(|a, b| a.0 == b.0) {
        let centre = centres[of_node[0].0 as usize];
        let half = metrics.size(&graph.kinds[of_node[0].0 as usize]).across / 2.0 - 12.0;
        let mut tensors: Vec<&[(u32, u32, f32, u32)]> = of_node.chunk_by(|a, b| a.1 == b.1).collect();
        let heading = |group: &[(u32, u32, f32, u32)]| {
            let straight = group.iter().any(|end| (end.2 - centre).abs() < 0.5);
            if straight { centre } else { group[0].2 }
        };
        tensors.sort_by(|a, b| heading(a).total_cmp(&heading(b)));
        let straight = tensors.iter().position(|group| (heading(group) - centre).abs() < 0.5);
        let n_tensors = tensors.len();
        let origin = straight.map_or((n_tensors - 1) as f32 / 2.0, |place| place as f32);
        let most = origin.max((n_tensors - 1) as f32 - origin).max(1.0);
        let step = metrics.port.min(half / most);
        for (place, group) in tensors.into_iter().enumerate() {
            let across = (centre + (place as f32 - origin) * step).round();
            for end in group {
                ports[end.3 as usize] = across;
            }
        }
    }
}

/// Start and end of every row; rows part where links bend between them.
fn bands(graph: &Graph, layered: &Layered, centres: &[f32], ports: &Ports, metrics: &Metrics) -> Vec<Band> {
    let n_rows = layered.rows.len();
    // The widest bend below each row.
    let mut bend = vec![0.0f32; n_rows];
    let mut note = |row: u32, distance: f32| {
        let widest = &mut bend[row as usize];
        *widest = widest.max(distance.abs());
    };
    for (number, link) in graph.links.iter().enumerate() {
        let (source, target) = link.in_time();
        if let Route::Joints { first, count } = layered.routes[number] {
            let mut across = ports.from[number];
            for (step, joint) in (first..first + count).enumerate() {
                note(layered.layer[source as usize] + step as u32, centres[joint as usize] - across);
                across = centres[joint as usize];
            }
            note(layered.layer[target as usize] - 1, ports.to[number] - across);
        }
    }
    let mut bands = Vec::with_capacity(n_rows);
    let mut start = 0.0;
    for (row, vertices) in layered.rows.iter().enumerate() {
        let nodes = || vertices.iter().filter(|&&vertex| vertex < layered.n_nodes);
        let size = nodes().map(|&node| metrics.size(&graph.kinds[node as usize]).along).fold(0.0, f32::max);
        let only_inputs = nodes().all(|&node| matches!(graph.kinds[node as usize], NodeKind::Input(..)));
        let bent = bend[row] >= 0.5;
        let gap = match (bent, only_inputs) {
            // Wide bends get more room, or they would run almost flat.
            (true, _) => metrics.stub + metrics.bend + metrics.arrow + (bend[row] / 16.0).min(48.0).round(),
            (false, true) => metrics.gap_pills,
            (false, false) => metrics.gap,
        };
        bands.push(Band { start, end: start + size, bent });
        start += size + gap;
    }
    bands
}

/// Characters of the longer side of a label: shape on the left, bytes on the right.
fn label_characters(subgraph: &Subgraph, tensor: TensorId) -> usize {
    let Some(tensor) = subgraph.tensors.get(tensor.index()) else { return 8 };
    let digits = |value: u64| value.max(1).ilog10() as usize + 1;
    let shape: usize = tensor.shape.iter().skip(1).map(|&dim| digits(dim.unsigned_abs().into()) + 1).sum();
    let bytes = tensor.byte_size().map_or(1, |bytes| digits(bytes) * 4 / 3 + 2);
    shape.max(bytes).min(40)
}
