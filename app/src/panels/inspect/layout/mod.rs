//! Where the nodes and edges of a graph go. Pure: a model in, rectangles out.
//!
//! Layers after K. Sugiyama et al. (1981): rows by longest path, crossings reduced by barycenters, chains kept
//! straight, edges with joints in the rows that they pass. Time and memory grow about linearly with the graph, also
//! for files that no converter would write.

mod graph;
mod index;
mod layers;
mod order;
mod place;
mod route;
#[cfg(test)]
mod tests;

use egui::{Pos2, Rect};
use emberlab_core::model::{Model, OperatorId, Subgraph, SubgraphId, TensorId};

pub use index::SpatialIndex;

/// Which way a graph runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From top to bottom.
    #[default]
    Vertical,
    /// From left to right.
    Horizontal,
}

/// Positions of a graph's nodes and edges, in points at zoom 1; the upper left corner of everything is at 0, 0.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphLayout {
    /// Which way the graph runs.
    pub direction: Direction,
    /// Nodes: operator `i` is node `i`; inputs and outputs of the subgraph follow.
    pub nodes: Vec<Node>,
    /// Edges.
    pub edges: Vec<Edge>,
    /// Labels, sorted by position along the main axis.
    pub labels: Vec<Label>,
    /// What everything covers.
    pub bounds: Rect,
    node_index: SpatialIndex,
    edge_index: SpatialIndex,
    /// Edges at each node, in and out.
    edges_at: Vec<Vec<u32>>,
}

/// A node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// What it stands for.
    pub kind: NodeKind,
    /// Where it is.
    pub rect: Rect,
    /// Its row.
    pub layer: u32,
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// An operator.
    Operator(OperatorId),
    /// An input of the subgraph: its place in the list, and the tensor.
    Input(u32, TensorId),
    /// An output of the subgraph: its place in the list, and the tensor.
    Output(u32, TensorId),
}

/// A tensor's way from the node that writes it to one that reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The tensor.
    pub tensor: TensorId,
    /// The node that writes it.
    pub from: u32,
    /// The node that reads it.
    pub to: u32,
    /// From `from` to `to`.
    pub points: Box<[Pos2]>,
    /// What the path covers.
    pub bounds: Rect,
    /// The tensor is read before it is written: no runtime can run this.
    pub backward: bool,
    /// Parts of the path that are not parallel to the main axis are drawn as curves.
    pub smooth: bool,
}

/// Where a tensor's shape and bytes are written: on both sides of a vertical edge, above and below a horizontal one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// The tensor.
    pub tensor: TensorId,
    /// An edge of the tensor.
    pub edge: u32,
    /// A point on the edge.
    pub position: Pos2,
}

/// Lays out one subgraph; `None` when `cancelled` said so.
pub fn layout_graph(
    model: &Model,
    subgraph: SubgraphId,
    direction: Direction,
    cancelled: &dyn Fn() -> bool,
) -> Option<GraphLayout> {
    let graph = graph::Graph::of(model, subgraph);
    let Some(subgraph) = model.subgraphs.get(subgraph.index()) else {
        return Some(GraphLayout::new(direction, Vec::new(), Vec::new(), Vec::new()));
    };
    finished(&graph, subgraph, direction, cancelled)
}

/// Lays out nodes that are linked (from, to) and no subgraph of a model; node `i` becomes an operator of that number.
///
/// `order` holds every node once, each behind those that it has links from as far as there are no loops. `None` when
/// `cancelled` said so.
pub fn layout_links(
    order: &[u32],
    links: &[(u32, u32)],
    direction: Direction,
    cancelled: &dyn Fn() -> bool,
) -> Option<GraphLayout> {
    finished(&graph::Graph::of_links(order, links), &Subgraph::default(), direction, cancelled)
}

fn finished(
    graph: &graph::Graph,
    subgraph: &Subgraph,
    direction: Direction,
    cancelled: &dyn Fn() -> bool,
) -> Option<GraphLayout> {
    if cancelled() {
        return None;
    }
    let mut layered = layers::layered(graph);
    order::reduce_crossings(&mut layered, cancelled)?;
    let metrics = route::Metrics::of(direction);
    let extents = metrics.extents(graph, layered.layer.len());
    let centres = place::centres(&layered, &extents, metrics.gap_across, cancelled)?;
    Some(route::finish(subgraph, graph, &layered, &centres, direction))
}

impl Default for GraphLayout {
    fn default() -> Self {
        Self::new(Direction::default(), Vec::new(), Vec::new(), Vec::new())
    }
}

impl GraphLayout {
    fn new(direction: Direction, mut nodes: Vec<Node>, mut edges: Vec<Edge>, mut labels: Vec<Label>) -> Self {
        let covered = nodes.iter().map(|node| node.rect).chain(edges.iter().map(|edge| edge.bounds));
        let covered = covered.fold(Rect::NOTHING, Rect::union);
        let bounds = if covered.is_finite() { covered } else { Rect::ZERO };
        let shift = -bounds.min.to_vec2();
        for node in &mut nodes {
            node.rect = node.rect.translate(shift);
        }
        for edge in &mut edges {
            edge.points.iter_mut().for_each(|point| *point += shift);
            edge.bounds = edge.bounds.translate(shift);
        }
        for label in &mut labels {
            label.position += shift;
        }
        let horizontal = direction == Direction::Horizontal;
        labels.sort_by(|a, b| match direction {
            Direction::Vertical => a.position.y.total_cmp(&b.position.y),
            Direction::Horizontal => a.position.x.total_cmp(&b.position.x),
        });
        let mut edges_at = vec![Vec::new(); nodes.len()];
        for (number, edge) in edges.iter().enumerate() {
            edges_at[edge.from as usize].push(number as u32);
            if edge.to != edge.from {
                edges_at[edge.to as usize].push(number as u32);
            }
        }
        Self {
            direction,
            node_index: SpatialIndex::new(nodes.iter().map(|node| node.rect), horizontal),
            edge_index: SpatialIndex::new(edges.iter().map(|edge| edge.bounds), horizontal),
            bounds: bounds.translate(shift),
            nodes,
            edges,
            labels,
            edges_at,
        }
    }

    /// Numbers of the nodes that touch `view`.
    pub fn nodes_in(&self, view: Rect) -> impl Iterator<Item = u32> {
        self.node_index.query(view)
    }

    /// Numbers of the edges whose bounds touch `view`.
    pub fn edges_in(&self, view: Rect) -> impl Iterator<Item = u32> {
        self.edge_index.query(view)
    }

    /// Labels that lie in `view` along the main axis.
    pub fn labels_in(&self, view: Rect) -> impl Iterator<Item = &Label> {
        let along = |label: &Label| match self.direction {
            Direction::Vertical => label.position.y,
            Direction::Horizontal => label.position.x,
        };
        let (start, end) = match self.direction {
            Direction::Vertical => (view.min.y, view.max.y),
            Direction::Horizontal => (view.min.x, view.max.x),
        };
        let first = self.labels.partition_point(|label| along(label) < start);
        self.labels[first..]
            .iter()
            .take_while(move |label| along(label) <= end)
            .filter(move |label| view.contains(label.position))
    }

    /// The node at a point.
    pub fn node_at(&self, point: Pos2) -> Option<u32> {
        self.node_index.at(point)
    }

    /// The node of an operator.
    pub fn operator_node(&self, operator: OperatorId) -> Option<&Node> {
        self.nodes.get(operator.index()).filter(|node| node.kind == NodeKind::Operator(operator))
    }

    /// Numbers of the edges that start or end at a node.
    pub fn edges_at(&self, node: u32) -> &[u32] {
        self.edges_at.get(node as usize).map_or(&[], Vec::as_slice)
    }
}
