//! What a kernel sees while it is prepared: the operator, its tensors, and the arena words where it leaves its parameters.

use crate::error::Reason;
use crate::fixed_point::Activation;
use crate::graph::{Buffer, OPERATOR_WORDS, Place, TENSOR_WORDS};
use crate::records::Record;
use crate::tensor::{Shape, Tensor};
use crate::tflite_view::{ModelView, OperatorView, OptionsView, Scalars, SubgraphView, ViewError};

/// Whose arithmetic the kernels follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Semantics {
    /// TensorFlow Lite for Microcontrollers, as on the chips: double rounding.
    #[default]
    Tflm,
    /// LiteRT's reference kernels (`BUILTIN_REF`), as on a desktop. Runs hybrid and float16 models, which TFLM refuses.
    Litert,
}

/// Words that grow from the start of the arena, and notes that grow from its end while a model is prepared.
pub(crate) struct Words<'w> {
    pub(crate) words: &'w mut [u32],
    /// Words taken at the start.
    pub(crate) used: usize,
    /// First word of the notes at the end.
    pub(crate) notes: usize,
    /// The most words that were in use at once.
    pub(crate) peak: usize,
}

impl<'w> Words<'w> {
    pub(crate) fn new(words: &'w mut [u32]) -> Self {
        let notes = words.len();
        Self { words, used: 0, notes, peak: 0 }
    }

    /// Takes `count` words at the start, set to 0.
    pub(crate) fn take(&mut self, count: usize) -> Result<usize, Reason> {
        self.check(count)?;
        let start = self.used;
        self.used += count;
        self.words[start..self.used].fill(0);
        self.note_peak();
        Ok(start)
    }

    /// Puts a note of two words at the end.
    pub(crate) fn note(&mut self, note: [u32; 2]) -> Result<(), Reason> {
        self.check(2)?;
        self.notes -= 2;
        self.words[self.notes..self.notes + 2].copy_from_slice(&note);
        self.note_peak();
        Ok(())
    }

    /// The note by its number, counted from the first.
    pub(crate) fn note_at(&self, index: usize) -> [u32; 2] {
        let at = self.words.len() - 2 * (index + 1);
        [self.words[at], self.words[at + 1]]
    }

    pub(crate) fn n_notes(&self) -> usize {
        (self.words.len() - self.notes) / 2
    }

    fn check(&self, count: usize) -> Result<(), Reason> {
        if count <= self.notes - self.used {
            return Ok(());
        }
        let in_use = self.used + (self.words.len() - self.notes);
        let needed = in_use.saturating_add(count).saturating_mul(4);
        Err(Reason::Arena { needed, given: self.words.len() * 4 })
    }

    fn note_peak(&mut self) {
        self.peak = self.peak.max(self.used + (self.words.len() - self.notes));
    }
}

/// In the first word of a note: the buffer keeps its content between invocations.
pub(crate) const NOTE_IS_STATE: u32 = 1 << 31;
/// Besides [`NOTE_IS_STATE`]: a reset leaves the buffer as it is.
pub(crate) const NOTE_IS_LASTING: u32 = 1 << 30;

/// One operator that is prepared.
pub struct PrepareContext<'c, 'm> {
    pub(crate) model: ModelView<'m>,
    pub(crate) subgraph: SubgraphView<'m>,
    /// Copies of constants that are not aligned in the file.
    pub(crate) copies: &'m [u8],
    /// First word of the subgraph's tensors.
    pub(crate) tensors: usize,
    pub(crate) operator: OperatorView<'m>,
    /// Number of the operator over all subgraphs.
    pub(crate) operator_number: u32,
    /// First word of the operators.
    pub(crate) operators: usize,
    pub(crate) semantics: Semantics,
    pub(crate) words: &'c mut Words<'m>,
    pub(crate) workspace_bytes: &'c mut usize,
}

impl<'m> PrepareContext<'_, 'm> {
    /// Whose arithmetic to follow.
    pub fn semantics(&self) -> Semantics {
        self.semantics
    }

    /// Number of inputs, those left out included.
    ///
    /// # Errors
    /// The file cannot be read there, as for every accessor below.
    pub fn n_inputs(&self) -> Result<usize, Reason> {
        Ok(self.operator.inputs()?.len())
    }

    /// Number of outputs.
    pub fn n_outputs(&self) -> Result<usize, Reason> {
        Ok(self.operator.outputs()?.len())
    }

    /// Checks the number of inputs and outputs.
    ///
    /// # Errors
    /// There are more or less of them.
    pub fn expect_operands(
        &self,
        n_inputs: core::ops::RangeInclusive<usize>,
        n_outputs: usize,
    ) -> Result<(), Reason> {
        let found = self.n_inputs()?;
        if !n_inputs.contains(&found) {
            let expected = if found < *n_inputs.start() { *n_inputs.start() } else { *n_inputs.end() };
            let (found, expected) = (found as i64, expected as i64);
            return Err(Reason::Mismatch { what: "number of inputs", found, expected });
        }
        expect_equal("number of outputs", self.n_outputs()?, n_outputs)
    }

    /// An input that has to be there; `role` is what messages call it.
    ///
    /// # Errors
    /// It is left out, or its shape is none.
    pub fn input(&self, index: usize, role: &'static str) -> Result<Tensor<'m>, Reason> {
        self.optional_input(index, role)?.ok_or(Reason::Missing { operand: role })
    }

    /// An input; `None` if it is left out.
    ///
    /// # Errors
    /// Its shape is none.
    pub fn optional_input(&self, index: usize, role: &'static str) -> Result<Option<Tensor<'m>>, Reason> {
        self.tensor(self.operator.inputs()?.get(index), role)
    }

    /// An output that has to be there.
    ///
    /// # Errors
    /// It is left out, or its shape is none.
    pub fn output(&self, index: usize, role: &'static str) -> Result<Tensor<'m>, Reason> {
        let tensor = self.tensor(self.operator.outputs()?.get(index), role)?;
        tensor.ok_or(Reason::Missing { operand: role })
    }

    /// An intermediate tensor (LSTM), of which only the quantization matters.
    ///
    /// # Errors
    /// It is left out.
    pub fn intermediate(&self, index: usize, role: &'static str) -> Result<Tensor<'m>, Reason> {
        let tensor = self.tensor(self.operator.intermediates()?.get(index), role)?;
        tensor.ok_or(Reason::Missing { operand: role })
    }

    /// The options, if they are the table with the schema's name, such as `Conv2DOptions`. Without them every field reads
    /// as 0, which is what TFLM does.
    pub fn options(&self, table: &str) -> Result<Options<'m>, Reason> {
        Ok(Options(self.operator.options_of(table)?))
    }

    /// The options of a custom operator, as the file has them (FlexBuffers by convention).
    pub fn custom_options(&self) -> Result<&'m [u8], Reason> {
        Ok(self.operator.custom_options()?)
    }

    /// The operator as the file describes it.
    pub fn operator(&self) -> &OperatorView<'m> {
        &self.operator
    }

    /// The subgraph of the operator as the file describes it.
    pub fn subgraph(&self) -> &SubgraphView<'m> {
        &self.subgraph
    }

    /// The model as the file describes it.
    pub fn model(&self) -> &ModelView<'m> {
        &self.model
    }

    /// Saves parameters for [`crate::EvalContext::params`]. Call it once, before [`PrepareContext::words`].
    ///
    /// # Errors
    /// The arena is too small.
    pub fn save<P: Record>(&mut self, params: P) -> Result<(), Reason> {
        params.write(self.words(P::WORDS)?);
        Ok(())
    }

    /// Takes `count` more words behind those taken so far, set to 0, for tables.
    ///
    /// # Errors
    /// The arena is too small.
    pub fn words(&mut self, count: usize) -> Result<&mut [u32], Reason> {
        let start = self.words.take(count)?;
        Ok(&mut self.words.words[start..start + count])
    }

    /// Asks for bytes that the kernel may overwrite while it runs, and which hold anything when it starts.
    ///
    /// # Errors
    /// The size does not fit, or the arena is too small.
    pub fn scratch(&mut self, bytes: usize) -> Result<Buffer, Reason> {
        self.buffer(bytes, 0)
    }

    /// Asks for bytes that keep their content from one invocation to the next; 0 after preparation and reset.
    ///
    /// # Errors
    /// The size does not fit, or the arena is too small.
    pub fn state(&mut self, bytes: usize) -> Result<Buffer, Reason> {
        self.buffer(bytes, NOTE_IS_STATE)
    }

    /// As [`PrepareContext::state`], for what a reset leaves as it is.
    pub(crate) fn lasting_state(&mut self, bytes: usize) -> Result<Buffer, Reason> {
        self.buffer(bytes, NOTE_IS_STATE | NOTE_IS_LASTING)
    }

    /// Number of the operator over all subgraphs.
    pub(crate) fn operator_number(&self) -> u32 {
        self.operator_number
    }

    /// The words of an operator that has been prepared before, from its parameters on.
    pub(crate) fn words_of(&self, operator_number: u32) -> &[u32] {
        let record = self.operators + OPERATOR_WORDS * operator_number as usize;
        &self.words.words[self.words.words[record + 1] as usize..]
    }

    /// Asks for `bytes` of the second workspace, and returns where they begin in it. Fast versions of kernels pack weights
    /// there; chips have none. A version that asks for more than there is gives way to the next one.
    pub fn workspace(&mut self, bytes: usize) -> usize {
        let start = *self.workspace_bytes;
        *self.workspace_bytes = start.saturating_add(bytes);
        start
    }

    fn buffer(&mut self, bytes: usize, kind: u32) -> Result<Buffer, Reason> {
        if bytes > i32::MAX as usize {
            return Err(Reason::TooLarge { what: "a buffer of the kernel" });
        }
        let number = self.words.n_notes() as u32;
        self.words.note([self.operator_number | kind, bytes as u32])?;
        Ok(Buffer(number))
    }

    fn tensor(&self, id: Option<i32>, role: &'static str) -> Result<Option<Tensor<'m>>, Reason> {
        let Some(id) = id.and_then(|id| u32::try_from(id).ok()) else { return Ok(None) };
        let view = self.subgraph.tensors()?.get(id as usize)?;
        let (ty, shape) = (view.ty()?, Shape::new(view.shape()?.iter())?);
        // Operands have been checked before any kernel is asked; an intermediate tensor has no data.
        let word = self.tensors + TENSOR_WORDS * id as usize;
        let (place, bytes) = (Place::from_word(self.words.words[word]), self.words.words[word + 1] as usize);
        let data = match place {
            Place::File(offset) => self.model.file().get(offset as usize..offset as usize + bytes),
            Place::Copy(offset) => self.copies.get(offset as usize..offset as usize + bytes),
            // No elements: as constant as any constant.
            Place::Absent if shape.elements() == 0 => Some(&[][..]),
            Place::Absent | Place::Memory(_) | Place::Pending(..) => None,
        };
        let is_variable = view.is_variable()?;
        Ok(Some(Tensor { id, role, ty, shape, is_variable, data, view }))
    }
}

/// The options of an operator, by the schema's field names.
#[derive(Clone, Copy, Debug)]
pub struct Options<'m>(Option<OptionsView<'m>>);

impl<'m> Options<'m> {
    /// False if the file has no such options for the operator.
    pub fn is_stored(&self) -> bool {
        self.0.is_some()
    }

    /// A bool, integer or enum.
    ///
    /// # Errors
    /// The file cannot be read there, as for every accessor below.
    pub fn int(&self, name: &str) -> Result<i64, Reason> {
        self.read(|options| options.int(name))
    }

    /// A bool.
    pub fn bool(&self, name: &str) -> Result<bool, Reason> {
        self.read(|options| options.bool(name))
    }

    /// A 32-bit integer.
    pub fn i32(&self, name: &str) -> Result<i32, Reason> {
        self.read(|options| options.i32(name))
    }

    /// A float.
    pub fn float(&self, name: &str) -> Result<f32, Reason> {
        self.read(|options| options.float(name))
    }

    /// A vector of 32-bit integers.
    pub fn i32s(&self, name: &str) -> Result<Scalars<'m, i32>, Reason> {
        self.read(|options| options.i32s(name))
    }

    /// The field `fused_activation_function`.
    pub fn activation(&self) -> Result<Activation, Reason> {
        Ok(Activation::from_code(self.int("fused_activation_function")?))
    }

    /// An integer that has to be positive, such as a stride.
    ///
    /// # Errors
    /// It is 0 or negative.
    pub fn positive(&self, name: &'static str) -> Result<u32, Reason> {
        let found = self.int(name)?;
        u32::try_from(found)
            .ok()
            .filter(|value| *value > 0 && *value <= i32::MAX as u32)
            .ok_or(Reason::Range { what: name, found, expected: "a positive number" })
    }

    fn read<T: Default>(
        &self,
        read: impl FnOnce(&OptionsView<'m>) -> Result<T, ViewError>,
    ) -> Result<T, Reason> {
        self.0.as_ref().map_or(Ok(T::default()), |options| Ok(read(options)?))
    }
}

/// Checks a number.
///
/// # Errors
/// It is not `expected`.
pub fn expect_equal(what: &'static str, found: usize, expected: usize) -> Result<(), Reason> {
    if found == expected {
        return Ok(());
    }
    Err(Reason::Mismatch { what, found: found as i64, expected: expected as i64 })
}
