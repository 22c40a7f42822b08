//! [`Model`] to bytes.

mod builder;
mod check;
mod graph;
mod options;
mod size;
mod verify;

use emberlab_runtime::schema::tables::{
    external_buffer, external_buffer_group, metadata, model, operator_code, signature_def, tensor_map,
};

pub use verify::{VerifyError, verify};

use crate::model::{Buffer, ExternalBuffer, Metadata, Model, OperatorCode, Signature, TensorId};
use builder::{Appendix, Builder, Fields, Offset};

/// Why a model cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Something refers to what the model does not have.
    #[error("{place}: expected a number below {count}, found {found}")]
    Dangling {
        /// What refers.
        place: String,
        /// How many there are.
        count: usize,
        /// The number.
        found: u64,
    },
    /// A value does not fit the field that it is for.
    #[error("{place}: expected {expected}, found {found}")]
    Value {
        /// The field.
        place: String,
        /// What the schema allows.
        expected: String,
        /// What the model has.
        found: String,
    },
    /// A flatbuffer holds less than 2 GiB.
    #[error("the model takes about {bytes} bytes, but a flatbuffer holds less than 2 GiB")]
    TooLarge {
        /// An upper bound of the bytes.
        bytes: u64,
    },
    /// The verifier refuses what was written.
    #[error("the written file is invalid: {0}")]
    Invalid(#[from] VerifyError),
}

impl WriteError {
    /// What to try.
    pub fn help(&self) -> &'static str {
        match self {
            WriteError::Dangling { .. } | WriteError::Value { .. } => {
                "Open the model again and repeat the last change."
            }
            WriteError::TooLarge { .. } => {
                "Mark large buffers as appended, so that they lie behind the flatbuffer."
            }
            WriteError::Invalid(_) => "This is a fault of Emberlab: please report it with the model.",
        }
    }
}

/// Alignment of constant data in the file: TFLM and LiteRT read weights in place.
pub(super) const DATA_ALIGNMENT: usize = 16;

/// The .tflite file of a model.
///
/// Constants start at multiples of 16 bytes from the start of the file. Equal buffers stay apart, and the same model
/// always gives the same bytes. Appended buffers and custom options go behind the flatbuffer, in the order of their
/// numbers. The result has been checked with the flatbuffers library's verifier: see [`verify`].
///
/// # Errors
/// The model refers to what it does not have, an option has a value that its field cannot hold, or the flatbuffer would
/// be too large.
pub fn write(model: &Model) -> Result<Vec<u8>, WriteError> {
    check::references(model)?;
    let bytes = size::upper_bound(model);
    if bytes >= 1 << 31 {
        return Err(WriteError::TooLarge { bytes });
    }
    let mut appendix = Appendix::default();
    let mut file = flatbuffer(model, bytes as usize, &mut appendix)?;
    if !appendix.is_empty() {
        // Offsets of appended data count from the start of the file, whose length is only known now. They are stored
        // in fields of fixed size, so the second flatbuffer is as long as the first.
        appendix.start_at(file.len());
        file = flatbuffer(model, bytes as usize, &mut appendix)?;
    }
    verify(&file)?;
    appendix.append_to(&mut file);
    Ok(file)
}

fn flatbuffer(model: &Model, capacity: usize, appendix: &mut Appendix) -> Result<Vec<u8>, WriteError> {
    appendix.rewind();
    let mut writer = Writer { builder: Builder::with_capacity(capacity), appendix };
    let root = writer.model(model)?;
    Ok(writer.builder.finish(root))
}

struct Writer<'a> {
    builder: Builder,
    appendix: &'a mut Appendix,
}

impl Writer<'_> {
    fn model(&mut self, model: &Model) -> Result<Offset, WriteError> {
        let buffers = self.each(&model.buffers, |writer, buffer| Ok(writer.buffer(buffer)))?;
        let codes = self.each(&model.operator_codes, |writer, code| Ok(writer.operator_code(code)))?;
        let subgraphs = self.each(&model.subgraphs, |writer, subgraph| writer.subgraph(model, subgraph))?;
        let metadata = self.each(&model.metadata, |writer, metadata| Ok(writer.metadata(metadata)))?;
        let signatures = self.each(&model.signatures, |writer, signature| writer.signature(signature))?;
        let groups = self.each(&model.external_buffer_groups, |writer, name| {
            let name = writer.builder.text(name.as_deref());
            Ok(writer.builder.table(Fields::new().offset(&external_buffer_group::NAME, name)))
        })?;
        let external =
            self.each(&model.external_buffers, |writer, buffer| Ok(writer.external_buffer(buffer)))?;
        let builder = &mut self.builder;
        let fields = Fields::new()
            .u32(&model::VERSION, model.version)
            .offset(&model::OPERATOR_CODES, Some(builder.tables(&codes)))
            .offset(&model::SUBGRAPHS, Some(builder.tables(&subgraphs)))
            .offset(&model::DESCRIPTION, builder.text(model.description.as_deref()))
            .offset(&model::BUFFERS, Some(builder.tables(&buffers)))
            .offset(&model::METADATA_BUFFER, builder.filled(&model.metadata_buffers))
            .offset(&model::METADATA, builder.filled_tables(&metadata))
            .offset(&model::SIGNATURE_DEFS, builder.filled_tables(&signatures))
            .offset(&model::EXTERNAL_BUFFER_GROUPS, builder.filled_tables(&groups))
            .offset(&model::EXTERNAL_BUFFERS, builder.filled_tables(&external));
        Ok(builder.table(fields))
    }

    /// One table per element.
    fn each<T>(
        &mut self,
        elements: &[T],
        mut table: impl FnMut(&mut Self, &T) -> Result<Offset, WriteError>,
    ) -> Result<Vec<Offset>, WriteError> {
        elements.iter().map(|element| table(self, element)).collect()
    }

    fn operator_code(&mut self, code: &OperatorCode) -> Offset {
        let custom_code = self.builder.text(code.custom_code.as_deref());
        // Readers older than the wide field look at the narrow one; codes beyond its range are announced by 127.
        let deprecated = code.builtin.0.min(127) as i8;
        let fields = Fields::new()
            .i8(&operator_code::DEPRECATED_BUILTIN_CODE, deprecated)
            .offset(&operator_code::CUSTOM_CODE, custom_code)
            .i32(&operator_code::VERSION, code.version)
            .i32(&operator_code::BUILTIN_CODE, code.builtin.0);
        self.builder.table(fields)
    }

    fn buffer(&mut self, buffer: &Buffer) -> Offset {
        use emberlab_runtime::schema::tables::buffer as slots;
        let fields = match &buffer.data {
            None => Fields::new(),
            Some(data) if buffer.appended => {
                let offset = self.appendix.place(data);
                Fields::new().u64_always(&slots::OFFSET, offset).u64_always(&slots::SIZE, data.len() as u64)
            }
            Some(data) => Fields::new().offset(&slots::DATA, Some(self.builder.aligned_bytes(data))),
        };
        self.builder.table(fields)
    }

    fn metadata(&mut self, metadata: &Metadata) -> Offset {
        let name = self.builder.text(Some(&metadata.name));
        self.builder
            .table(Fields::new().offset(&metadata::NAME, name).u32(&metadata::BUFFER, metadata.buffer.0))
    }

    fn signature(&mut self, signature: &Signature) -> Result<Offset, WriteError> {
        let inputs = self.each(&signature.inputs, |writer, entry| Ok(writer.tensor_map(entry)))?;
        let outputs = self.each(&signature.outputs, |writer, entry| Ok(writer.tensor_map(entry)))?;
        let builder = &mut self.builder;
        let fields = Fields::new()
            .offset(&signature_def::INPUTS, Some(builder.tables(&inputs)))
            .offset(&signature_def::OUTPUTS, Some(builder.tables(&outputs)))
            .offset(&signature_def::SIGNATURE_KEY, builder.text(signature.key.as_deref()))
            .u32(&signature_def::SUBGRAPH_INDEX, signature.subgraph.0);
        Ok(builder.table(fields))
    }

    fn tensor_map(&mut self, (name, tensor): &(Option<String>, TensorId)) -> Offset {
        let name = self.builder.text(name.as_deref());
        self.builder
            .table(Fields::new().offset(&tensor_map::NAME, name).u32(&tensor_map::TENSOR_INDEX, tensor.0))
    }

    fn external_buffer(&mut self, buffer: &ExternalBuffer) -> Offset {
        let packing = self.builder.text(buffer.packing.as_deref());
        let fields = Fields::new()
            .u32(&external_buffer::ID, buffer.id)
            .u32(&external_buffer::GROUP, buffer.group)
            .u64(&external_buffer::OFFSET, buffer.offset)
            .u64(&external_buffer::LENGTH, buffer.length)
            .offset(&external_buffer::PACKING, packing);
        self.builder.table(fields)
    }
}
