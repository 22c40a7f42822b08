//! The root of a file and what hangs directly on it.

use core::ops::Range;

use super::error::{Location, Part, Problem, ViewError};
use super::graph::SubgraphView;
use super::table::{FromTable, Scalars, Table, Tables, Text, number};
use super::view_of_table;
use crate::schema::tables::{
    buffer, external_buffer, external_buffer_group, metadata, model, operator_code, signature_def, tensor_map,
};
use crate::schema::{BuiltinOperator, FILE_IDENTIFIER};

/// The bytes that no model has less of: offset of the root, identifier, a table and its vtable.
const SMALLEST_FILE: usize = 16;

/// A .tflite file.
#[derive(Clone, Copy, Debug)]
pub struct ModelView<'a> {
    file: &'a [u8],
    table: Table<'a>,
}

impl<'a> ModelView<'a> {
    /// Looks at the header and the root table of `file`.
    ///
    /// # Errors
    /// The file is too short, has no `TFL3` at byte 4, or its root lies beyond its end.
    pub fn new_checked(file: &'a [u8]) -> Result<Self, ViewError> {
        if file.len() < SMALLEST_FILE {
            let problem = Problem::TooShort { needed: SMALLEST_FILE, found: file.len() };
            return Err(ViewError::header(problem, 0));
        }
        let found = [file[4], file[5], file[6], file[7]];
        if found != FILE_IDENTIFIER {
            return Err(ViewError::header(Problem::Identifier { found }, 4));
        }
        let root = number::<u32>(file, 0).unwrap_or(0) as usize;
        let table = Table::new(file, root, model::SCHEMA.name, Location::default())?;
        Ok(Self { file, table })
    }

    /// The whole file.
    pub fn file(&self) -> &'a [u8] {
        self.file
    }

    /// The root table.
    pub fn table(&self) -> &Table<'a> {
        &self.table
    }

    /// Version of the schema; 3 for every file in use.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn version(&self) -> Result<u32, ViewError> {
        self.table.scalar(&model::VERSION)
    }

    /// Free text of whoever wrote the file.
    pub fn description(&self) -> Result<Option<Text<'a>>, ViewError> {
        self.table.text(&model::DESCRIPTION)
    }

    /// The kinds of operators.
    pub fn operator_codes(&self) -> Result<Tables<'a, OperatorCodeView<'a>>, ViewError> {
        self.table.tables(&model::OPERATOR_CODES)
    }

    /// The graphs; the first is the main one.
    pub fn subgraphs(&self) -> Result<Tables<'a, SubgraphView<'a>>, ViewError> {
        self.table.tables(&model::SUBGRAPHS)
    }

    /// Constant data.
    pub fn buffers(&self) -> Result<Tables<'a, BufferView<'a>>, ViewError> {
        self.table.tables(&model::BUFFERS)
    }

    /// Named buffers.
    pub fn metadata(&self) -> Result<Tables<'a, MetadataView<'a>>, ViewError> {
        self.table.tables(&model::METADATA)
    }

    /// Buffer numbers of the deprecated unnamed metadata.
    pub fn metadata_buffers(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&model::METADATA_BUFFER)
    }

    /// Named entry points.
    pub fn signatures(&self) -> Result<Tables<'a, SignatureView<'a>>, ViewError> {
        self.table.tables(&model::SIGNATURE_DEFS)
    }

    /// Groups of external buffers.
    pub fn external_buffer_groups(&self) -> Result<Tables<'a, ExternalBufferGroupView<'a>>, ViewError> {
        self.table.tables(&model::EXTERNAL_BUFFER_GROUPS)
    }

    /// Buffers that lie outside of the file.
    pub fn external_buffers(&self) -> Result<Tables<'a, ExternalBufferView<'a>>, ViewError> {
        self.table.tables(&model::EXTERNAL_BUFFERS)
    }

    /// The bytes of a buffer; empty for a buffer without data, such as buffer 0.
    ///
    /// # Errors
    /// There is no such buffer (other than 0, which every file has by convention), or its bytes lie beyond the file.
    pub fn buffer_data(&self, index: u32) -> Result<&'a [u8], ViewError> {
        let buffers = self.buffers()?;
        if index == 0 && buffers.is_empty() {
            return Ok(&[]);
        }
        buffers.get(index as usize)?.data()
    }

    /// The bytes of the metadata with a name; `None` if there is no such metadata.
    ///
    /// # Errors
    /// Metadata or the buffer lie beyond the file, or there is no such buffer.
    pub fn metadata_data(&self, name: &str) -> Result<Option<&'a [u8]>, ViewError> {
        for metadata in self.metadata()?.iter() {
            let metadata = metadata?;
            if metadata.name()?.unwrap_or_default().as_bytes() == name.as_bytes() {
                return self.buffer_data(metadata.buffer()?).map(Some);
            }
        }
        Ok(None)
    }
}

/// An element that belongs to the model and to no subgraph.
fn part(part: Part, index: u32) -> Location {
    Location { subgraph: None, element: Some((part, index)) }
}

/// One kind of operator.
#[derive(Clone, Copy, Debug)]
pub struct OperatorCodeView<'a> {
    table: Table<'a>,
}
view_of_table!(OperatorCodeView, operator_code, |_, index| part(Part::OperatorCode, index));

impl<'a> OperatorCodeView<'a> {
    /// The code in force: the larger of the old 8-bit field and the new one, as TFLM reads it
    /// (`GetBuiltinCode`, tensorflow/compiler/mlir/lite/schema/schema_utils.cc in esp-tflite-micro at 99f49e1).
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn builtin(&self) -> Result<BuiltinOperator, ViewError> {
        let deprecated: i8 = self.table.scalar(&operator_code::DEPRECATED_BUILTIN_CODE)?;
        let code: i32 = self.table.scalar(&operator_code::BUILTIN_CODE)?;
        Ok(BuiltinOperator(code.max(i32::from(deprecated))))
    }

    /// The name of a custom operator.
    pub fn custom_code(&self) -> Result<Option<Text<'a>>, ViewError> {
        self.table.text(&operator_code::CUSTOM_CODE)
    }

    /// Version of the operator; 1 where the file has none.
    pub fn version(&self) -> Result<i32, ViewError> {
        self.table.scalar(&operator_code::VERSION)
    }
}

/// Constant data.
#[derive(Clone, Copy, Debug)]
pub struct BufferView<'a> {
    table: Table<'a>,
}
view_of_table!(BufferView, buffer, |_, index| part(Part::Buffer, index));

/// Where the bytes of a buffer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BufferPlace {
    /// There is no data at all.
    Absent,
    /// In the flatbuffer, at these bytes of the file.
    Embedded(Range<usize>),
    /// Behind the flatbuffer, addressed by offset and size, at these bytes of the file.
    Appended(Range<usize>),
}

impl<'a> BufferView<'a> {
    /// Where the bytes are. An offset of 0 or 1 means that there is none (1 is a converter's placeholder); a larger one
    /// counts from the start of the file and goes before embedded data, as in LiteRT's interpreter builder.
    ///
    /// # Errors
    /// The bytes lie beyond the file.
    pub fn place(&self) -> Result<BufferPlace, ViewError> {
        let offset: u64 = self.table.scalar(&buffer::OFFSET)?;
        if offset > 1 {
            let size: u64 = self.table.scalar(&buffer::SIZE)?;
            return Ok(BufferPlace::Appended(appended_range(&self.table, &buffer::OFFSET, offset, size)?));
        }
        Ok(self.table.bytes_range(&buffer::DATA)?.map_or(BufferPlace::Absent, BufferPlace::Embedded))
    }

    /// The bytes, wherever they are; empty if there are none.
    ///
    /// # Errors
    /// The bytes lie beyond the file.
    pub fn data(&self) -> Result<&'a [u8], ViewError> {
        Ok(match self.place()? {
            BufferPlace::Absent => &[],
            BufferPlace::Embedded(range) | BufferPlace::Appended(range) => self.table.file_slice(range),
        })
    }
}

/// The bytes that an offset and a size of 64 bits address from the start of the file.
pub(super) fn appended_range(
    table: &Table<'_>,
    field: &crate::schema::tables::Field,
    offset: u64,
    size: u64,
) -> Result<Range<usize>, ViewError> {
    let file_bytes = table.file_bytes();
    let end = offset.checked_add(size).filter(|end| *end <= file_bytes as u64);
    match end {
        Some(end) => Ok(offset as usize..end as usize),
        None => {
            let start = i64::try_from(offset).unwrap_or(i64::MAX);
            let problem = Problem::OutOfBounds { start, needed: size, file: file_bytes };
            Err(table.error(field.name, field.slot, problem))
        }
    }
}

/// A named buffer.
#[derive(Clone, Copy, Debug)]
pub struct MetadataView<'a> {
    table: Table<'a>,
}
view_of_table!(MetadataView, metadata, |_, index| part(Part::Metadata, index));

impl<'a> MetadataView<'a> {
    /// The name.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn name(&self) -> Result<Option<Text<'a>>, ViewError> {
        self.table.text(&metadata::NAME)
    }

    /// Number of the buffer.
    pub fn buffer(&self) -> Result<u32, ViewError> {
        self.table.scalar(&metadata::BUFFER)
    }
}

/// A named entry point.
#[derive(Clone, Copy, Debug)]
pub struct SignatureView<'a> {
    table: Table<'a>,
}
view_of_table!(SignatureView, signature_def, |_, index| part(Part::Signature, index));

impl<'a> SignatureView<'a> {
    /// Named inputs.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn inputs(&self) -> Result<Tables<'a, TensorMapView<'a>>, ViewError> {
        self.table.tables(&signature_def::INPUTS)
    }

    /// Named outputs.
    pub fn outputs(&self) -> Result<Tables<'a, TensorMapView<'a>>, ViewError> {
        self.table.tables(&signature_def::OUTPUTS)
    }

    /// Name of the entry point.
    pub fn key(&self) -> Result<Option<Text<'a>>, ViewError> {
        self.table.text(&signature_def::SIGNATURE_KEY)
    }

    /// Number of the subgraph that is entered.
    pub fn subgraph(&self) -> Result<u32, ViewError> {
        self.table.scalar(&signature_def::SUBGRAPH_INDEX)
    }
}

/// A named input or output of a signature.
#[derive(Clone, Copy, Debug)]
pub struct TensorMapView<'a> {
    table: Table<'a>,
}
view_of_table!(TensorMapView, tensor_map, |_, index| part(Part::SignatureEntry, index));

impl<'a> TensorMapView<'a> {
    /// The name.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn name(&self) -> Result<Option<Text<'a>>, ViewError> {
        self.table.text(&tensor_map::NAME)
    }

    /// Number of the tensor in the signature's subgraph.
    pub fn tensor(&self) -> Result<u32, ViewError> {
        self.table.scalar(&tensor_map::TENSOR_INDEX)
    }
}

/// A group of external buffers.
#[derive(Clone, Copy, Debug)]
pub struct ExternalBufferGroupView<'a> {
    table: Table<'a>,
}
view_of_table!(ExternalBufferGroupView, external_buffer_group, |_, index| part(
    Part::ExternalBufferGroup,
    index
));

impl<'a> ExternalBufferGroupView<'a> {
    /// Name of the group, as a rule that of a file.
    ///
    /// # Errors
    /// The field lies beyond the file.
    pub fn name(&self) -> Result<Option<Text<'a>>, ViewError> {
        self.table.text(&external_buffer_group::NAME)
    }
}

/// A buffer outside of the file.
#[derive(Clone, Copy, Debug)]
pub struct ExternalBufferView<'a> {
    table: Table<'a>,
}
view_of_table!(ExternalBufferView, external_buffer, |_, index| part(Part::ExternalBuffer, index));

impl<'a> ExternalBufferView<'a> {
    /// Identifier that tensors refer to.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn id(&self) -> Result<u32, ViewError> {
        self.table.scalar(&external_buffer::ID)
    }

    /// Number of the group.
    pub fn group(&self) -> Result<u32, ViewError> {
        self.table.scalar(&external_buffer::GROUP)
    }

    /// Offset in the group's data.
    pub fn offset(&self) -> Result<u64, ViewError> {
        self.table.scalar(&external_buffer::OFFSET)
    }

    /// Bytes.
    pub fn length(&self) -> Result<u64, ViewError> {
        self.table.scalar(&external_buffer::LENGTH)
    }

    /// How the bytes are packed.
    pub fn packing(&self) -> Result<Option<Text<'a>>, ViewError> {
        self.table.text(&external_buffer::PACKING)
    }
}
