//! Bytes to a [`Model`].

mod budget;
mod graph;
mod options;

use std::sync::Arc;

use emberlab_runtime::schema::tables::{
    self, Field, TableSchema, external_buffer, external_buffer_group, metadata, model, operator_code,
    signature_def, tensor_map,
};
use emberlab_runtime::tflite_view::{
    BufferPlace, BufferView, ModelView, Problem, SignatureView, Table, Tables, TensorMapView, ViewError,
};

use super::{Format, ReadError};
use crate::model::{
    Buffer, BufferId, ExternalBuffer, Metadata, Model, OperatorCode, SharedBytes, Signature, SubgraphId,
    TensorId,
};
use budget::Budget;

/// Something in a file that a [`Model`] does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadNote {
    /// Table and whose it is.
    pub place: String,
    /// What is not kept.
    pub message: String,
}

/// The model that `file` holds. Constants stay where they are: the model keeps `file` alive and refers to it.
///
/// The result is safe to walk: operator codes, tensors and buffers that anything refers to exist. A buffer of number 0
/// need not, which means "no data". Nothing is said about the sense of shapes or quantization: see
/// [`Model::diagnose`]. The memory of the model is at most 32 times the file and 64 KiB.
///
/// # Errors
/// The file is something else, is cut short or is damaged; the error says where.
pub fn read(file: Arc<[u8]>) -> Result<Model, ReadError> {
    read_with_notes(file).map(|(model, _)| model)
}

/// As [`read`], with what the file has and the model does not: fields and union members of a later schema.
///
/// # Errors
/// As for [`read`].
pub fn read_with_notes(file: Arc<[u8]>) -> Result<(Model, Vec<ReadNote>), ReadError> {
    if file.is_empty() {
        return Err(ReadError::Empty);
    }
    if let Some((format, evidence)) = Format::recognise(&file) {
        return Err(ReadError::OtherFormat { format, evidence });
    }
    let memory = file.clone();
    let view = ModelView::new_checked(&file)?;
    let mut reader = Reader { memory, budget: Budget::new(file.len()), notes: Vec::new() };
    let model = reader.model(&view)?;
    Ok((model, reader.notes))
}

/// What reading needs beside the view: the shared file, what may still be allocated, and what was left out.
struct Reader {
    memory: Arc<[u8]>,
    budget: Budget,
    notes: Vec<ReadNote>,
}

/// How many notes are kept; a damaged file could have one for every table.
const MAX_NOTES: usize = 100;

impl Reader {
    fn model(&mut self, view: &ModelView<'_>) -> Result<Model, ReadError> {
        let table = view.table();
        self.note_unknown_slots(table, &model::SCHEMA);
        let operator_codes =
            self.tables(table, &model::OPERATOR_CODES, view.operator_codes()?, |reader, code| {
                reader.note_unknown_slots(code.table(), &operator_code::SCHEMA);
                Ok(OperatorCode {
                    builtin: code.builtin()?,
                    custom_code: reader.text(code.table(), &operator_code::CUSTOM_CODE)?,
                    version: code.version()?,
                })
            })?;
        let buffers =
            self.tables(table, &model::BUFFERS, view.buffers()?, |reader, view| reader.buffer(&view))?;
        let counts = Counts { operator_codes: operator_codes.len(), buffers: buffers.len() };
        let subgraphs = self.tables(table, &model::SUBGRAPHS, view.subgraphs()?, |reader, view| {
            reader.subgraph(&view, &counts)
        })?;
        let metadata = self.tables(table, &model::METADATA, view.metadata()?, |reader, view| {
            reader.note_unknown_slots(view.table(), &metadata::SCHEMA);
            let buffer = counts.buffer(view.table(), &metadata::BUFFER, view.buffer()?)?;
            Ok(Metadata { name: reader.text(view.table(), &metadata::NAME)?.unwrap_or_default(), buffer })
        })?;
        let n_tensors: Vec<usize> = subgraphs.iter().map(|subgraph| subgraph.tensors.len()).collect();
        let signatures = self.tables(table, &model::SIGNATURE_DEFS, view.signatures()?, |reader, view| {
            reader.signature(&view, &n_tensors)
        })?;
        let groups = view.external_buffer_groups()?;
        let external_buffer_groups =
            self.tables(table, &model::EXTERNAL_BUFFER_GROUPS, groups, |reader, view| {
                reader.note_unknown_slots(view.table(), &external_buffer_group::SCHEMA);
                reader.text(view.table(), &external_buffer_group::NAME)
            })?;
        let external = view.external_buffers()?;
        let external_buffers = self.tables(table, &model::EXTERNAL_BUFFERS, external, |reader, view| {
            reader.note_unknown_slots(view.table(), &external_buffer::SCHEMA);
            Ok(ExternalBuffer {
                id: view.id()?,
                group: view.group()?,
                offset: view.offset()?,
                length: view.length()?,
                packing: reader.text(view.table(), &external_buffer::PACKING)?,
            })
        })?;
        Ok(Model {
            version: view.version()?,
            description: self.text(table, &model::DESCRIPTION)?,
            operator_codes,
            subgraphs,
            buffers,
            metadata,
            metadata_buffers: self.scalars(table, &model::METADATA_BUFFER)?,
            signatures,
            external_buffer_groups,
            external_buffers,
        })
    }

    fn buffer(&mut self, view: &BufferView<'_>) -> Result<Buffer, ReadError> {
        self.note_unknown_slots(view.table(), &tables::buffer::SCHEMA);
        let (range, appended) = match view.place()? {
            BufferPlace::Absent => return Ok(Buffer::default()),
            BufferPlace::Embedded(range) => (range, false),
            BufferPlace::Appended(range) => (range, true),
        };
        self.budget.share(view.table(), &tables::buffer::DATA, range.len())?;
        Ok(Buffer { data: SharedBytes::slice_of(&self.memory, range), appended })
    }

    fn signature(&mut self, view: &SignatureView<'_>, n_tensors: &[usize]) -> Result<Signature, ReadError> {
        let table = view.table();
        self.note_unknown_slots(table, &signature_def::SCHEMA);
        let subgraph = view.subgraph()?;
        in_range(table, &signature_def::SUBGRAPH_INDEX, i64::from(subgraph), n_tensors.len())?;
        let n_tensors = n_tensors[subgraph as usize];
        let mut map = |field, views: Tables<'_, TensorMapView<'_>>| {
            self.tables(table, field, views, |reader, view| {
                reader.note_unknown_slots(view.table(), &tensor_map::SCHEMA);
                let tensor = view.tensor()?;
                in_range(view.table(), &tensor_map::TENSOR_INDEX, i64::from(tensor), n_tensors)?;
                Ok((reader.text(view.table(), &tensor_map::NAME)?, TensorId(tensor)))
            })
        };
        Ok(Signature {
            inputs: map(&signature_def::INPUTS, view.inputs()?)?,
            outputs: map(&signature_def::OUTPUTS, view.outputs()?)?,
            key: self.text(table, &signature_def::SIGNATURE_KEY)?,
            subgraph: SubgraphId(subgraph),
        })
    }

    /// Notes the slots of a table that the schema does not have.
    fn note_unknown_slots(&mut self, table: &Table<'_>, schema: &TableSchema) {
        let n_known = schema.fields.last().map_or(0, |field| field.slot + 1);
        self.note_slots_from(table, n_known);
    }

    fn note_slots_from(&mut self, table: &Table<'_>, n_known: u16) {
        for slot in table.stored_slots().skip_while(|slot| *slot < n_known) {
            self.note(
                table,
                format!("a field in slot {slot}, which schema version 3 does not have, is not kept"),
            );
        }
    }

    fn note(&mut self, table: &Table<'_>, message: String) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(ReadNote { place: format!("{} ({})", table.name(), table.location()), message });
        }
    }
}

/// How many there are of what subgraphs refer to.
struct Counts {
    operator_codes: usize,
    buffers: usize,
}

impl Counts {
    /// The buffer with the number; 0 stands for "no data" and need not exist.
    fn buffer(&self, table: &Table<'_>, field: &Field, number: u32) -> Result<BufferId, ViewError> {
        if number != 0 {
            in_range(table, field, i64::from(number), self.buffers)?;
        }
        Ok(BufferId(number))
    }
}

/// Checks that a number of a field refers to one of `count` things.
fn in_range(table: &Table<'_>, field: &Field, number: i64, count: usize) -> Result<(), ViewError> {
    let max = count as i64 - 1;
    if (0..=max).contains(&number) {
        return Ok(());
    }
    Err(table.error(field.name, field.slot, Problem::Range { min: 0, max, found: number }))
}
