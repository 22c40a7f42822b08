//! A prepared model: the file and the words in which [`crate::Interpreter::prepare`] left what it found out.
//!
//! Constants that do not lie at a multiple of their element size in memory are copied to the start of the arena, because
//! kernels read numbers where they lie; no file of a usual converter has any. Then come words, in this order:
//!
//! | words | what |
//! | --- | --- |
//! | 2 per subgraph | first word of its tensors, first word of its operators |
//! | 2 per tensor | where its bytes are, number of bytes |
//! | 4 per operator, and one more at the end | kernel, first word of its parameters, place of its inputs and of its outputs in the file |
//! | as many as the kernels asked for | parameters, operator after operator |
//! | 2 per buffer that a kernel asked for | where its bytes are, number of bytes |

use core::ops::Range;

use crate::records::{Record, record};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::Shape;
use crate::tflite_view::{ModelView, OperatorView, Scalars, SubgraphView, TensorView, ViewError};

/// Words of a subgraph, of a tensor (or buffer) and of an operator.
pub(crate) const SUBGRAPH_WORDS: usize = 2;
pub(crate) const TENSOR_WORDS: usize = 2;
pub(crate) const OPERATOR_WORDS: usize = 4;

/// Where the bytes of a tensor or buffer are: two bits of kind, thirty bits of offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere: there are no bytes, or nothing uses the tensor.
    Absent,
    /// At this byte of the file.
    File(u32),
    /// At this byte (a multiple of 16) of the copies of constants that are not aligned in the file.
    Copy(u32),
    /// At this byte of the planned memory.
    Memory(u32),
    /// In the planned memory, but only the first and the last scope of its use are known (15 bits each).
    Pending(u16, u16),
}

impl Place {
    pub(crate) const MAX_OFFSET: u32 = (1 << 30) - 1;
    pub(crate) const MAX_SCOPE: u16 = (1 << 15) - 2;
    /// A tensor that no operator uses so far.
    pub(crate) const UNUSED: Self = Self::Pending(Self::MAX_SCOPE + 1, 0);

    pub(crate) fn word(self) -> u32 {
        match self {
            Place::Absent => 0,
            Place::Copy(offset) => offset | 1,
            Place::File(offset) => 1 << 30 | offset,
            Place::Memory(offset) => 2 << 30 | offset,
            Place::Pending(first, last) => 3 << 30 | u32::from(first) << 15 | u32::from(last),
        }
    }

    /// True for the bytes of a constant.
    pub(crate) fn is_constant(self) -> bool {
        matches!(self, Place::File(_) | Place::Copy(_))
    }

    pub(crate) fn from_word(word: u32) -> Self {
        let offset = word & Self::MAX_OFFSET;
        match word >> 30 {
            0 if offset == 0 => Place::Absent,
            0 => Place::Copy(offset & !1),
            1 => Place::File(offset),
            2 => Place::Memory(offset),
            _ => Place::Pending((offset >> 15) as u16, (offset & 0x7fff) as u16),
        }
    }
}

record! {
    /// What is kept of an operator.
    pub(crate) struct OperatorRecord {
        /// Index of the kernel in the registry times 256, plus the index of its version.
        pub(crate) kernel: u32,
        /// First word of the parameters.
        pub(crate) params: u32,
        /// Numbers of the inputs.
        pub(crate) inputs: NumberList,
        /// Numbers of the outputs.
        pub(crate) outputs: NumberList,
    }
}

/// A vector of tensor numbers: the place of its first element in the file, 0 for a vector that the file leaves out. The
/// length is not kept: it lies in the four bytes before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberList(pub(crate) u32);

impl Record for NumberList {
    const WORDS: usize = 1;
    fn read(words: &[u32]) -> Self {
        Self(words[0])
    }
    fn write(self, words: &mut [u32]) {
        words[0] = self.0;
    }
}

impl NumberList {
    /// Number of elements; 0 for a vector that the file leaves out.
    pub(crate) fn len(self, file: &[u8]) -> usize {
        let Some(length_at) = (self.0 as usize).checked_sub(4) else { return 0 };
        read_i32(file, length_at).max(0) as usize
    }

    /// The element at an index; -1 beyond the end.
    pub(crate) fn get(self, file: &[u8], index: usize) -> i32 {
        if index >= self.len(file) { -1 } else { read_i32(file, self.0 as usize + 4 * index) }
    }
}

fn read_i32(file: &[u8], at: usize) -> i32 {
    let bytes = file.get(at..).and_then(|bytes| bytes.first_chunk());
    bytes.map_or(-1, |bytes| i32::from_le_bytes(*bytes))
}

/// A buffer that a kernel asked for in its prepare function; kept in its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer(pub(crate) u32);

impl Buffer {
    /// No buffer: its bytes are empty.
    pub const NONE: Self = Self(u32::MAX);
}

impl Record for Buffer {
    const WORDS: usize = 1;
    fn read(words: &[u32]) -> Self {
        Self(words[0])
    }
    fn write(self, words: &mut [u32]) {
        words[0] = self.0;
    }
}

/// A prepared model. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) model: ModelView<'a>,
    /// Copies of constants that are not aligned in the file.
    pub(crate) copies: &'a [u8],
    pub(crate) records: &'a [u32],
    /// First word of the buffers.
    pub(crate) buffers: usize,
}

impl<'a> Graph<'a> {
    pub(crate) fn file(&self) -> &'a [u8] {
        self.model.file()
    }

    pub(crate) fn n_operators(&self, subgraph: u32) -> u32 {
        // Operators of a subgraph end where those of the next begin, and those of the last before one closing record.
        let start = self.operators_start(subgraph);
        let end = if self.is_last(subgraph) {
            self.params_start() - OPERATOR_WORDS
        } else {
            self.operators_start(subgraph + 1)
        };
        ((end - start) / OPERATOR_WORDS) as u32
    }

    pub(crate) fn n_subgraphs(&self) -> u32 {
        // The tensors of subgraph 0 begin behind the last subgraph.
        self.records[0] / SUBGRAPH_WORDS as u32
    }

    /// Where the int8 variable tensors of a subgraph are, and their zero points.
    pub(crate) fn int8_variables(&self, subgraph: u32) -> impl Iterator<Item = (Range<usize>, i8)> + use<'a> {
        let graph = *self;
        let n_tensors =
            self.model.subgraphs().and_then(|subgraphs| subgraphs.get(subgraph as usize)?.tensors());
        let n_tensors = n_tensors.map_or(0, |tensors| tensors.len());
        (0..n_tensors as i32).filter_map(move |id| {
            let view = graph.tensor_view(subgraph, id)?;
            if !view.is_variable().ok()? || view.ty().ok()? != TensorType::Int8 {
                return None;
            }
            let zero_point = view.quantization().ok()??.zero_point().ok()?.get(0)?;
            Some((Self::memory_range(graph.tensor(subgraph, id)), zero_point as i8))
        })
    }

    pub(crate) fn operator(&self, subgraph: u32, index: u32) -> OperatorRecord {
        OperatorRecord::read(&self.records[self.operator_word(subgraph, index)..])
    }

    /// The parameters of an operator: from its first word to the first word of the next operator's.
    pub(crate) fn params(&self, subgraph: u32, index: u32) -> &'a [u32] {
        let word = self.operator_word(subgraph, index);
        let start = self.records[word + 1] as usize;
        let end = self.records[word + OPERATOR_WORDS + 1] as usize;
        &self.records[start..end]
    }

    /// Where the bytes of a tensor are.
    pub(crate) fn tensor(&self, subgraph: u32, id: i32) -> (Place, usize) {
        let start = self.records[SUBGRAPH_WORDS * subgraph as usize] as usize;
        match u32::try_from(id) {
            Ok(id) => self.place_at(start + TENSOR_WORDS * id as usize),
            Err(_) => (Place::Absent, 0),
        }
    }

    pub(crate) fn buffer(&self, buffer: Buffer) -> (Place, usize) {
        if buffer == Buffer::NONE {
            return (Place::Absent, 0);
        }
        self.place_at(self.buffers + TENSOR_WORDS * buffer.0 as usize)
    }

    /// Where the bytes of a tensor lie in the planned memory; empty for a constant.
    pub(crate) fn memory_range(place: (Place, usize)) -> Range<usize> {
        match place {
            (Place::Memory(offset), bytes) => offset as usize..offset as usize + bytes,
            _ => 0..0,
        }
    }

    /// The constant bytes of a tensor; empty for an activation.
    pub(crate) fn constant_bytes(&self, place: (Place, usize)) -> &'a [u8] {
        match place {
            (Place::File(offset), bytes) => &self.file()[offset as usize..offset as usize + bytes],
            (Place::Copy(offset), bytes) => &self.copies[offset as usize..offset as usize + bytes],
            _ => &[],
        }
    }

    /// The operator as the file describes it.
    pub(crate) fn operator_view(&self, subgraph: u32, index: u32) -> Option<OperatorView<'a>> {
        let subgraph = self.model.subgraphs().ok()?.get(subgraph as usize).ok()?;
        subgraph.operators().ok()?.get(index as usize).ok()
    }

    /// The tensor as the file describes it.
    pub(crate) fn tensor_view(&self, subgraph: u32, id: i32) -> Option<TensorView<'a>> {
        let subgraph = self.model.subgraphs().ok()?.get(subgraph as usize).ok()?;
        subgraph.tensors().ok()?.get(usize::try_from(id).ok()?).ok()
    }

    /// Numbers of the tensors that are inputs of a subgraph; numbers beyond the tensors count as none.
    pub(crate) fn subgraph_inputs(&self, subgraph: u32) -> SubgraphNumbers<'a> {
        self.subgraph_numbers(subgraph, |subgraph| subgraph.inputs())
    }

    /// Numbers of the tensors that are outputs of a subgraph.
    pub(crate) fn subgraph_outputs(&self, subgraph: u32) -> SubgraphNumbers<'a> {
        self.subgraph_numbers(subgraph, |subgraph| subgraph.outputs())
    }

    fn subgraph_numbers(
        &self,
        subgraph: u32,
        of: impl FnOnce(&SubgraphView<'a>) -> Result<Scalars<'a, i32>, ViewError>,
    ) -> SubgraphNumbers<'a> {
        let view = self.model.subgraphs().and_then(|subgraphs| subgraphs.get(subgraph as usize));
        let numbers = view.and_then(|view| {
            let n_tensors = view.tensors()?.len();
            Ok(SubgraphNumbers { numbers: of(&view)?, n_tensors })
        });
        numbers.unwrap_or(SubgraphNumbers { numbers: Scalars::default(), n_tensors: 0 })
    }

    /// The shape of a tensor; a scalar for an optional input left out.
    pub(crate) fn shape(&self, subgraph: u32, id: i32) -> Shape {
        let dims = self.tensor_view(subgraph, id).and_then(|tensor| tensor.shape().ok());
        dims.and_then(|dims| Shape::new(dims.iter()).ok()).unwrap_or(Shape::SCALAR)
    }

    fn place_at(&self, word: usize) -> (Place, usize) {
        (Place::from_word(self.records[word]), self.records[word + 1] as usize)
    }

    fn operators_start(&self, subgraph: u32) -> usize {
        self.records[SUBGRAPH_WORDS * subgraph as usize + 1] as usize
    }

    fn operator_word(&self, subgraph: u32, index: u32) -> usize {
        self.operators_start(subgraph) + OPERATOR_WORDS * index as usize
    }

    fn is_last(&self, subgraph: u32) -> bool {
        subgraph + 1 >= self.n_subgraphs()
    }

    fn params_start(&self) -> usize {
        // The parameters of the first operator of all begin behind the closing record.
        self.records[self.operators_start(0) + 1] as usize
    }
}

/// Numbers of the tensors that are inputs or outputs of a subgraph.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SubgraphNumbers<'a> {
    numbers: Scalars<'a, i32>,
    n_tensors: usize,
}

impl SubgraphNumbers<'_> {
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The number at a position; `None` beyond the end, -1 where there is no such tensor.
    pub(crate) fn get(&self, position: usize) -> Option<i32> {
        let id = self.numbers.get(position)?;
        let is_tensor = usize::try_from(id).is_ok_and(|id| id < self.n_tensors);
        Some(if is_tensor { id } else { -1 })
    }
}

/// The name of an operator for messages: the schema's, or the name of a custom one.
pub(crate) fn operator_name<'a>(model: &ModelView<'a>, operator: &OperatorView<'a>) -> &'a str {
    let code = operator.code_index().and_then(|index| model.operator_codes()?.get(index as usize));
    let Ok(code) = code else { return "?" };
    match code.builtin() {
        Ok(BuiltinOperator::CUSTOM) => {
            code.custom_code().ok().flatten().and_then(|text| text.as_str()).unwrap_or("CUSTOM")
        }
        Ok(builtin) => builtin.name().unwrap_or("?"),
        Err(_) => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_their_word() {
        for place in [
            Place::Absent,
            Place::File(0),
            Place::File(Place::MAX_OFFSET),
            Place::Copy(0),
            Place::Copy(32),
            Place::Memory(16),
            Place::Pending(0, 0),
            Place::Pending(3, Place::MAX_SCOPE),
            Place::UNUSED,
        ] {
            assert_eq!(Place::from_word(place.word()), place);
        }
    }
}
