//! A model that is prepared, and the memory around it.

use crate::error::{PrepareError, Reason};
use crate::interpreter::{Interpreter, arena_needs};
use crate::prepare::Semantics;
use crate::registry::Registry;
use crate::tensor::{Shape, tensor_bytes};
use crate::tflite_view::{ModelView, ViewError};

/// What was measured of one operator, in words: see the constants. Before these come rows of subgraphs, whose first word is the
/// row of the subgraph's first operator.
pub(super) type Row = [u32; 4];
/// Cycles of the invocation before the last call, low and high word.
pub(super) const START: usize = 0;
pub(super) const START_HIGH: usize = 1;
/// Cycles of all calls.
pub(super) const CYCLES: usize = 2;
/// Number of calls.
pub(super) const CALLS: usize = 3;

/// The most operators and subgraphs, so that their numbers fit into messages.
const MAX_ROWS: usize = 65_534;

/// A model that is ready, its inputs, and rows for measurements.
pub(super) struct Session<'m> {
    pub(super) interpreter: Interpreter<'m>,
    /// Inputs that came over the line, one behind the other.
    pub(super) staged: &'m mut [u8],
    /// How many bytes of them are there, and the request that they belong to.
    pub(super) n_staged: usize,
    pub(super) staged_request: u16,
    /// A row for every subgraph, then one for every operator.
    pub(super) rows: &'m mut [Row],
    pub(super) n_subgraphs: usize,
    /// Bytes that the arena could have.
    pub(super) arena_bytes: u32,
    /// What the last invocation took.
    pub(super) last_micros: Option<u64>,
}

impl Session<'_> {
    pub(super) fn n_operators(&self) -> usize {
        self.rows.len() - self.n_subgraphs
    }

    /// Forgets inputs that are there only in part.
    pub(super) fn forget_parts(&mut self) {
        if self.n_staged < self.staged.len() {
            self.n_staged = 0;
        }
    }

    pub(super) fn output_bytes(&self) -> usize {
        (0..self.interpreter.n_outputs()).map(|index| self.interpreter.output_bytes(index).len()).sum()
    }
}

/// Prepares a model. Memory is, in this order: rows, inputs, arena.
///
/// # Errors
/// As [`Interpreter::prepare`].
pub(super) fn prepare<'m>(
    model: &'m [u8],
    memory: &'m mut [u8],
    registry: &Registry<'m>,
) -> Result<Session<'m>, PrepareError<'m>> {
    let whole = |reason| PrepareError { operator: None, reason };
    let needs = arena_needs(model, memory, Semantics::Tflm, registry, &mut |_| ())?;
    let view = ModelView::new_checked(model).map_err(|error| whole(error.into()))?;
    let (n_subgraphs, n_operators) = count(&view).map_err(|error| whole(error.into()))?;
    let n_rows = n_subgraphs + n_operators;
    if n_rows > MAX_ROWS {
        let found = n_rows as i64;
        return Err(whole(Reason::Range { what: "number of operators", found, expected: "at most 65534" }));
    }
    let input_bytes = input_bytes(&view).map_err(whole)?;
    let rows_bytes = (n_rows * size_of::<Row>()).next_multiple_of(16);
    let staged_bytes = input_bytes.next_multiple_of(16);
    let extra_bytes = rows_bytes.saturating_add(staged_bytes);
    let needed = extra_bytes.saturating_add(needs.minimum_bytes as usize);
    if needed > memory.len() {
        return Err(whole(Reason::Arena { needed, given: memory.len() }));
    }
    let (rows, rest) = memory.split_at_mut(rows_bytes);
    let (staged, arena) = rest.split_at_mut(staged_bytes);
    let rows: &mut [Row] = bytemuck::cast_slice_mut(&mut rows[..n_rows * size_of::<Row>()]);
    let mut first = n_subgraphs;
    let subgraphs = view.subgraphs().map_err(|error| whole(error.into()))?;
    for (row, subgraph) in rows.iter_mut().zip(subgraphs.iter()) {
        row[0] = first as u32;
        let operators = subgraph.and_then(|subgraph| subgraph.operators());
        first += operators.map_err(|error| whole(error.into()))?.len();
    }
    let arena_bytes = arena.len() as u32;
    let mut interpreter = Interpreter::prepare(model, arena, Semantics::Tflm, registry)?;
    // Not more than the file says: inputs that no operator reads have no bytes.
    let staged_bytes = (0..interpreter.n_inputs()).map(|index| interpreter.input_bytes(index).len()).sum();
    Ok(Session {
        interpreter,
        staged: &mut staged[..usize::min(staged_bytes, input_bytes)],
        n_staged: 0,
        staged_request: 0,
        rows,
        n_subgraphs,
        arena_bytes,
        last_micros: None,
    })
}

/// Numbers of subgraphs and operators.
fn count(view: &ModelView<'_>) -> Result<(usize, usize), ViewError> {
    let subgraphs = view.subgraphs()?;
    let mut n_operators = 0;
    for subgraph in subgraphs.iter() {
        n_operators += subgraph?.operators()?.len();
    }
    Ok((subgraphs.len(), n_operators))
}

/// Bytes of all inputs.
fn input_bytes(view: &ModelView<'_>) -> Result<usize, Reason> {
    let subgraph = view.subgraphs()?.get(0)?;
    let mut bytes = 0u64;
    for id in subgraph.inputs()?.iter() {
        let Ok(id) = usize::try_from(id) else { continue };
        let tensor = subgraph.tensors()?.get(id)?;
        let elements = Shape::new(tensor.shape()?.iter())?.elements() as u64;
        bytes = bytes.saturating_add(tensor_bytes(tensor.ty()?, elements).unwrap_or(0));
    }
    usize::try_from(bytes).map_err(|_| Reason::TooLarge { what: "the inputs" })
}
