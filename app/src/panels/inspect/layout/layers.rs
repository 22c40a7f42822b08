//! Layers: which row a node stands in, and the path of long links through the rows between.

use super::graph::Graph;

/// Vertices in rows: real nodes and the joints of links that pass a row.
pub(super) struct Layered {
    /// Row of every vertex.
    pub layer: Vec<u32>,
    /// Vertices of every row, from left to right.
    pub rows: Vec<Vec<u32>>,
    /// Neighbours in the row above and in the row below.
    pub up: Adjacency,
    pub down: Adjacency,
    /// Vertices below this number are nodes; joints follow.
    pub n_nodes: u32,
    /// How each link runs.
    pub routes: Vec<Route>,
}

/// How a link gets from node to node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Through `count` joints from `first` on, one per row that it passes.
    Joints { first: u32, count: u32 },
    /// Around the graph on its right: the graph has more long links than are worth routing.
    Around,
    /// From the node to itself.
    Loop,
}

/// Neighbours of every vertex, in one array.
#[derive(Default)]
pub(super) struct Adjacency {
    starts: Vec<u32>,
    neighbours: Vec<u32>,
}

impl Adjacency {
    fn new(n_vertices: usize, pairs: &[(u32, u32)]) -> Self {
        let mut starts = vec![0u32; n_vertices + 1];
        for &(vertex, _) in pairs {
            starts[vertex as usize + 1] += 1;
        }
        for vertex in 0..n_vertices {
            starts[vertex + 1] += starts[vertex];
        }
        let mut next = starts.clone();
        let mut neighbours = vec![0u32; pairs.len()];
        for &(vertex, neighbour) in pairs {
            let slot = &mut next[vertex as usize];
            neighbours[*slot as usize] = neighbour;
            *slot += 1;
        }
        Self { starts, neighbours }
    }

    /// Neighbours of a vertex.
    pub fn of(&self, vertex: u32) -> &[u32] {
        let vertex = vertex as usize;
        &self.neighbours[self.starts[vertex] as usize..self.starts[vertex + 1] as usize]
    }
}

/// Longest-path layers: a node stands one row below the lowest node that it depends on, and nodes without inputs
/// (the subgraph's own inputs, operators on constants) stand right above the first that needs them.
pub(super) fn layers_of(graph: &Graph) -> Vec<u32> {
    let n_nodes = graph.kinds.len();
    let forward: Vec<(u32, u32)> =
        graph.links.iter().filter(|link| !link.is_loop()).map(super::graph::Link::in_time).collect();
    let outgoing = Adjacency::new(n_nodes, &forward);
    let mut n_incoming = vec![0u32; n_nodes];
    let mut layer = vec![0u32; n_nodes];
    for &node in &graph.by_time {
        for &next in outgoing.of(node) {
            layer[next as usize] = layer[next as usize].max(layer[node as usize] + 1);
            n_incoming[next as usize] += 1;
        }
    }
    for &node in graph.by_time.iter().rev() {
        let successors = outgoing.of(node);
        if n_incoming[node as usize] == 0
            && let Some(first) = successors.iter().map(|&next| layer[next as usize]).min()
        {
            layer[node as usize] = first.saturating_sub(1);
        }
    }
    layer
}

/// Rows with joints for long links.
///
/// Links of one tensor share their joints: the tensor leaves its writer once and branches off where it is read.
pub(super) fn layered(graph: &Graph) -> Layered {
    let n_nodes = graph.kinds.len();
    let mut layer = layers_of(graph);
    let trunks = trunks_of(graph, &layer);
    let mut routes = vec![Route::Around; graph.links.len()];
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    // Above this many joints the drawing would be a mat of parallel lines, and its layout slow.
    let mut budget = 1_000 + 6 * n_nodes;
    for trunk in trunks {
        let Trunk { source, n_joints, links } = trunk;
        if links.iter().any(|&link| graph.links[link as usize].is_loop()) {
            for link in links {
                routes[link as usize] = Route::Loop;
            }
            continue;
        }
        let is_joined = n_joints as usize <= budget;
        let first = layer.len() as u32;
        let source_layer = layer[source as usize];
        if is_joined {
            budget -= n_joints as usize;
            layer.extend((1..=n_joints).map(|step| source_layer + step));
            for step in 0..n_joints {
                let above = if step == 0 { source } else { first + step - 1 };
                pairs.push((above, first + step));
            }
        }
        for link in links {
            let (_, later) = graph.links[link as usize].in_time();
            let count = layer[later as usize] - source_layer - 1;
            if is_joined || count == 0 {
                let above = if count == 0 { source } else { first + count - 1 };
                pairs.push((above, later));
                routes[link as usize] = Route::Joints { first, count };
            }
        }
    }
    let n_rows = layer.iter().map(|&layer| layer as usize + 1).max().unwrap_or(0);
    let mut rows = vec![Vec::new(); n_rows];
    for &node in &graph.by_time {
        rows[layer[node as usize] as usize].push(node);
    }
    for joint in n_nodes..layer.len() {
        rows[layer[joint] as usize].push(joint as u32);
    }
    let n_vertices = layer.len();
    let down = Adjacency::new(n_vertices, &pairs);
    for pair in &mut pairs {
        *pair = (pair.1, pair.0);
    }
    let up = Adjacency::new(n_vertices, &pairs);
    Layered { layer, rows, up, down, n_nodes: n_nodes as u32, routes }
}

/// All links of one tensor from one node.
struct Trunk {
    /// The node that is first in time.
    source: u32,
    /// Rows that the longest of the links passes.
    n_joints: u32,
    links: Vec<u32>,
}

/// Trunks, the shortest first, so that a budget is spent on many short ones before few long ones.
fn trunks_of(graph: &Graph, layer: &[u32]) -> Vec<Trunk> {
    let mut order: Vec<u32> = (0..graph.links.len() as u32).collect();
    let key = |link: u32| {
        let link = &graph.links[link as usize];
        (link.in_time().0, link.tensor, link.backward, link.is_loop())
    };
    order.sort_by_key(|&link| key(link));
    let mut trunks: Vec<Trunk> = order
        .chunk_by(|&a, &b| key(a) == key(b))
        .map(|links| {
            let source = graph.links[links[0] as usize].in_time().0;
            let last = links.iter().map(|&link| layer[graph.links[link as usize].in_time().1 as usize]).max();
            let n_joints = last.unwrap_or(0).saturating_sub(layer[source as usize] + 1);
            Trunk { source, n_joints, links: links.to_vec() }
        })
        .collect();
    trunks.sort_by_key(|trunk| (trunk.n_joints, trunk.source));
    trunks
}
