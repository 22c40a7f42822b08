//! The graph of a subgraph: operators, its inputs and outputs, and which tensor links what.

use emberlab_core::model::{Model, OperatorId, Subgraph, SubgraphId, TensorId};

use super::NodeKind;

/// Nodes in the order of execution (inputs first, outputs last) and the links between them.
pub(super) struct Graph {
    /// Operators come first, so that an operator's number is its node's number; then inputs, then outputs.
    pub kinds: Vec<NodeKind>,
    /// Place of every node in time: inputs, operators, outputs.
    pub by_time: Vec<u32>,
    pub links: Vec<Link>,
}

/// A tensor that leads from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub from: u32,
    pub to: u32,
    pub tensor: TensorId,
    /// The tensor is read before it is written: a file that no runtime can run, drawn all the same.
    pub backward: bool,
}

impl Link {
    /// The node that comes first in time, and the one that comes later.
    pub fn in_time(&self) -> (u32, u32) {
        if self.backward { (self.to, self.from) } else { (self.from, self.to) }
    }

    /// The operator reads what it writes itself.
    pub fn is_loop(&self) -> bool {
        self.from == self.to
    }
}

impl Graph {
    /// Nodes and links of one subgraph.
    ///
    /// A read is linked to the latest write before it. A tensor that is never written (a constant, a variable)
    /// links nothing. Two writers of one tensor, reads before writes and loops are kept and marked, not refused.
    pub fn of(model: &Model, subgraph: SubgraphId) -> Self {
        let Some(subgraph) = model.subgraphs.get(subgraph.index()) else {
            return Self { kinds: Vec::new(), by_time: Vec::new(), links: Vec::new() };
        };
        Builder::new(subgraph).build()
    }

    /// Nodes and links that are no subgraph: each node is an operator, and gives one tensor with its own number.
    ///
    /// A link whose nodes do not stand in `order` as it runs is marked as one that runs backwards.
    pub fn of_links(order: &[u32], links: &[(u32, u32)]) -> Self {
        let n_nodes = order.len() as u32;
        let mut place = vec![0; order.len()];
        for (number, node) in order.iter().enumerate() {
            place[*node as usize] = number;
        }
        let links = links.iter().filter(|(from, to)| *from < n_nodes && *to < n_nodes);
        let link = |&(from, to): &(u32, u32)| Link {
            from,
            to,
            tensor: TensorId(from),
            backward: place[from as usize] > place[to as usize],
        };
        Self {
            kinds: (0..n_nodes).map(|node| NodeKind::Operator(OperatorId(node))).collect(),
            by_time: order.to_vec(),
            links: links.map(link).collect(),
        }
    }
}

struct Builder<'a> {
    subgraph: &'a Subgraph,
    /// The node that wrote each tensor last, so far.
    writer: Vec<Option<u32>>,
    /// The node that read each tensor last: an operator that reads a tensor twice gets one link.
    reader: Vec<Option<u32>>,
    links: Vec<Link>,
    /// Reads of tensors that nothing has written yet.
    early: Vec<(TensorId, u32)>,
}

impl<'a> Builder<'a> {
    fn new(subgraph: &'a Subgraph) -> Self {
        let n_tensors = subgraph.tensors.len();
        Self {
            subgraph,
            writer: vec![None; n_tensors],
            reader: vec![None; n_tensors],
            links: Vec::new(),
            early: Vec::new(),
        }
    }

    fn build(mut self) -> Graph {
        let subgraph = self.subgraph;
        let n_operators = subgraph.operators.len() as u32;
        let n_inputs = subgraph.inputs.len() as u32;
        let mut kinds: Vec<NodeKind> =
            (0..n_operators).map(|id| NodeKind::Operator(OperatorId(id))).collect();
        for (place, &tensor) in subgraph.inputs.iter().enumerate() {
            self.write(tensor, kinds.len() as u32);
            kinds.push(NodeKind::Input(place as u32, tensor));
        }
        for (node, operator) in subgraph.operators.iter().enumerate() {
            for &tensor in operator.inputs.iter().flatten() {
                self.read(tensor, node as u32);
            }
            for &tensor in operator.outputs.iter().flatten() {
                self.write(tensor, node as u32);
            }
        }
        for (place, &tensor) in subgraph.outputs.iter().enumerate() {
            let node = kinds.len() as u32;
            if let Some(from) = self.writer.get(tensor.index()).copied().flatten() {
                self.links.push(Link { from, to: node, tensor, backward: false });
            }
            kinds.push(NodeKind::Output(place as u32, tensor));
        }
        for (tensor, to) in std::mem::take(&mut self.early) {
            if let Some(from) = self.writer[tensor.index()] {
                self.links.push(Link { from, to, tensor, backward: true });
            }
        }
        let n_nodes = kinds.len() as u32;
        let by_time = (n_operators..n_operators + n_inputs)
            .chain(0..n_operators)
            .chain(n_operators + n_inputs..n_nodes)
            .collect();
        Graph { kinds, by_time, links: self.links }
    }

    fn read(&mut self, tensor: TensorId, node: u32) {
        let Some(reader) = self.reader.get_mut(tensor.index()) else { return };
        if reader.replace(node) == Some(node) {
            return;
        }
        match self.writer[tensor.index()] {
            Some(from) => self.links.push(Link { from, to: node, tensor, backward: false }),
            None => self.early.push((tensor, node)),
        }
    }

    fn write(&mut self, tensor: TensorId, node: u32) {
        if let Some(writer) = self.writer.get_mut(tensor.index()) {
            *writer = Some(node);
        }
    }
}
