//! What a kernel sees while it runs: parameters, and its operands as slices.

use crate::graph::{Buffer, Graph, OperatorRecord, Place};
use crate::records::Record;
use crate::tensor::{Element, Shape};

/// The most operands that a kernel can write at once.
pub const MAX_WRITES: usize = 8;

/// Something that an operator reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// An input by its position.
    Input(usize),
    /// An output by its position.
    Output(usize),
    /// A buffer that the kernel asked for when it was prepared.
    Buffer(Buffer),
}

/// One run of one operator.
///
/// Everything was checked when the model was prepared, so nothing here can fail: an operand that is left out is an empty
/// slice.
pub struct EvalContext<'a> {
    pub(crate) graph: Graph<'a>,
    pub(crate) memory: &'a mut [u8],
    pub(crate) workspace: &'a mut [u8],
    pub(crate) subgraph: u32,
    pub(crate) index: u32,
    pub(crate) operator: OperatorRecord,
}

impl<'a> EvalContext<'a> {
    pub(crate) fn new(
        graph: Graph<'a>,
        memory: &'a mut [u8],
        workspace: &'a mut [u8],
        subgraph: u32,
        index: u32,
    ) -> Self {
        let operator = graph.operator(subgraph, index);
        Self { graph, memory, workspace, subgraph, index, operator }
    }

    /// The parameters that the kernel saved when it was prepared.
    #[inline]
    pub fn params<P: Record>(&self) -> P {
        P::read(self.words())
    }

    /// All words that the kernel saved, in the order of saving: parameters first, then what
    /// [`crate::PrepareContext::words`] gave.
    pub fn words(&self) -> &'a [u32] {
        self.graph.params(self.subgraph, self.index)
    }

    /// The words behind the parameters of type `P`.
    pub fn words_after<P: Record>(&self) -> &'a [u32] {
        self.words().get(P::WORDS..).unwrap_or(&[])
    }

    /// Number of inputs, those left out included.
    pub fn n_inputs(&self) -> usize {
        self.operator.inputs.len(self.graph.file())
    }

    /// Number of outputs.
    pub fn n_outputs(&self) -> usize {
        self.operator.outputs.len(self.graph.file())
    }

    /// True if the input is there.
    pub fn has_input(&self, index: usize) -> bool {
        self.operator.inputs.get(self.graph.file(), index) >= 0
    }

    /// Shape of an input, read from the file; a scalar for one left out.
    pub fn input_shape(&self, index: usize) -> Shape {
        self.graph.shape(self.subgraph, self.operator.inputs.get(self.graph.file(), index))
    }

    /// Shape of an output, read from the file.
    pub fn output_shape(&self, index: usize) -> Shape {
        self.graph.shape(self.subgraph, self.operator.outputs.get(self.graph.file(), index))
    }

    /// The options of a custom operator, as the file has them.
    pub fn custom_options(&self) -> &'a [u8] {
        let view = self.graph.operator_view(self.subgraph, self.index);
        view.and_then(|operator| operator.custom_options().ok()).unwrap_or(&[])
    }

    /// The second workspace: whatever the caller gave, as long as the kernels of the model asked for.
    pub fn workspace(&mut self) -> &mut [u8] {
        self.workspace
    }

    /// The first output as numbers, and everything that can be read meanwhile.
    #[inline]
    pub fn output<T: Element>(&mut self) -> (&mut [T], Operands<'_>) {
        let ([output], operands) = self.split([Operand::Output(0)]);
        (cast_mut(output), operands)
    }

    /// The bytes of several operands to write, and everything that can be read meanwhile. What is written here reads as
    /// empty there. The operands have to be different ones.
    pub fn split<const WRITES: usize>(
        &mut self,
        writes: [Operand; WRITES],
    ) -> ([&mut [u8]; WRITES], Operands<'_>) {
        const { assert!(WRITES <= MAX_WRITES, "a kernel writes at most MAX_WRITES operands at once") };
        let ranges = writes
            .map(|operand| Graph::memory_range(place(&self.graph, self.subgraph, &self.operator, operand)));
        let mut order: [usize; WRITES] = core::array::from_fn(|index| index);
        // An empty range at the start of another goes first, so that the order is one of non-overlapping ranges.
        order.sort_unstable_by_key(|index| (ranges[*index].start, ranges[*index].end));

        let mut slices: [&mut [u8]; WRITES] = core::array::from_fn(|_| <&mut [u8]>::default());
        let mut gaps: [(usize, &[u8]); MAX_WRITES + 1] = [(0, &[]); MAX_WRITES + 1];
        let mut rest: &mut [u8] = self.memory;
        let mut taken = 0;
        for (gap, &index) in gaps.iter_mut().zip(&order) {
            let range = &ranges[index];
            if range.is_empty() {
                continue;
            }
            debug_assert!(range.start >= taken, "operands to write overlap");
            let (before, after) = rest.split_at_mut(range.start.saturating_sub(taken).min(rest.len()));
            let (slice, after) = after.split_at_mut(range.len().min(after.len()));
            *gap = (taken, before);
            slices[index] = slice;
            taken = range.end;
            rest = after;
        }
        gaps[WRITES] = (taken, rest);
        let operands = Operands {
            graph: self.graph,
            operator: self.operator,
            subgraph: self.subgraph,
            gaps,
            n_gaps: WRITES + 1,
        };
        (slices, operands)
    }
}

/// The operands that a kernel can read while it writes others.
pub struct Operands<'s> {
    graph: Graph<'s>,
    operator: OperatorRecord,
    subgraph: u32,
    /// First byte and bytes of what lies between the operands that are written.
    gaps: [(usize, &'s [u8]); MAX_WRITES + 1],
    n_gaps: usize,
}

impl<'s> Operands<'s> {
    /// The bytes of an operand.
    pub fn bytes(&self, operand: Operand) -> &'s [u8] {
        let found = place(&self.graph, self.subgraph, &self.operator, operand);
        if found.0.is_constant() {
            return self.graph.constant_bytes(found);
        }
        let range = Graph::memory_range(found);
        let in_gap = |(start, bytes): &(usize, &'s [u8])| {
            bytes.get(range.start.checked_sub(*start)?..range.end.checked_sub(*start)?)
        };
        self.gaps[..self.n_gaps].iter().find_map(in_gap).unwrap_or(&[])
    }

    /// An operand as numbers.
    pub fn get<T: Element>(&self, operand: Operand) -> &'s [T] {
        cast(self.bytes(operand))
    }

    /// An input as numbers; empty for one left out.
    pub fn input<T: Element>(&self, index: usize) -> &'s [T] {
        self.get(Operand::Input(index))
    }

    /// An input as numbers; `None` for one left out.
    pub fn optional_input<T: Element>(&self, index: usize) -> Option<&'s [T]> {
        let is_there = self.operator.inputs.get(self.graph.file(), index) >= 0;
        is_there.then(|| self.input(index))
    }
}

fn place(graph: &Graph<'_>, subgraph: u32, operator: &OperatorRecord, operand: Operand) -> (Place, usize) {
    let file = graph.file();
    match operand {
        Operand::Input(index) => graph.tensor(subgraph, operator.inputs.get(file, index)),
        Operand::Output(index) => graph.tensor(subgraph, operator.outputs.get(file, index)),
        Operand::Buffer(buffer) => graph.buffer(buffer),
    }
}

/// Bytes of an operand as numbers.
///
/// # Panics
/// The bytes are not aligned, or no whole number of elements: not for operands, which are checked when the model is
/// prepared.
#[inline]
pub fn cast<T: Element>(bytes: &[u8]) -> &[T] {
    // An operand without bytes may lie anywhere.
    if bytes.is_empty() { &[] } else { bytemuck::cast_slice(bytes) }
}

/// Bytes of an operand as numbers to write.
///
/// # Panics
/// As [`cast`].
#[inline]
pub fn cast_mut<T: Element>(bytes: &mut [u8]) -> &mut [T] {
    if bytes.is_empty() { &mut [] } else { bytemuck::cast_slice_mut(bytes) }
}
