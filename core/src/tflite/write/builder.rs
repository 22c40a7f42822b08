//! The flatbuffers library's builder, driven by the schema's tables.

use emberlab_runtime::schema::FILE_IDENTIFIER;
use emberlab_runtime::schema::tables::Field;
use flatbuffers::{FlatBufferBuilder, Push, UnionWIPOffset, VOffsetT, WIPOffset};

use super::DATA_ALIGNMENT;
use crate::model::SharedBytes;

/// Where something lies that was written before.
pub(super) type Offset = WIPOffset<UnionWIPOffset>;

pub(super) struct Builder {
    inner: FlatBufferBuilder<'static>,
}

/// The fields of a table about to be written. Scalars that equal the schema's default are left out, as by every other
/// writer, unless the model says that its file stored them.
pub(super) struct Fields {
    values: Vec<(u16, Value)>,
}

/// A field's bytes. Little-endian bits are all that matters, so signed numbers and floats go by their bits.
#[derive(Clone, Copy)]
enum Value {
    One(u8),
    Four(u32),
    Eight(u64),
    Offset(Offset),
}

impl Fields {
    pub(super) fn new() -> Self {
        Self { values: Vec::with_capacity(8) }
    }

    pub(super) fn bool(self, field: &Field, value: bool) -> Self {
        self.scalar(field, i64::from(value), Value::One(u8::from(value)))
    }

    pub(super) fn i8(self, field: &Field, value: i8) -> Self {
        self.scalar(field, i64::from(value), Value::One(value as u8))
    }

    pub(super) fn u8(self, field: &Field, value: u8) -> Self {
        self.scalar(field, i64::from(value), Value::One(value))
    }

    pub(super) fn i32(self, field: &Field, value: i32) -> Self {
        self.scalar(field, i64::from(value), Value::Four(value as u32))
    }

    pub(super) fn u32(self, field: &Field, value: u32) -> Self {
        self.scalar(field, i64::from(value), Value::Four(value))
    }

    pub(super) fn u64(self, field: &Field, value: u64) -> Self {
        // The schema's defaults of this width are all 0, so that a value beyond i64 equals none.
        self.scalar(field, value as i64, Value::Eight(value))
    }

    pub(super) fn u64_always(self, field: &Field, value: u64) -> Self {
        self.stored(field.slot, Value::Eight(value))
    }

    pub(super) fn stored_one(self, slot: u16, value: u8) -> Self {
        self.stored(slot, Value::One(value))
    }

    pub(super) fn stored_four(self, slot: u16, value: u32) -> Self {
        self.stored(slot, Value::Four(value))
    }

    pub(super) fn stored_eight(self, slot: u16, value: u64) -> Self {
        self.stored(slot, Value::Eight(value))
    }

    pub(super) fn stored_offset(self, slot: u16, value: Offset) -> Self {
        self.stored(slot, Value::Offset(value))
    }

    /// A reference; `None` leaves the field out.
    pub(super) fn offset(self, field: &Field, value: Option<Offset>) -> Self {
        match value {
            Some(offset) => self.stored(field.slot, Value::Offset(offset)),
            None => self,
        }
    }

    fn scalar(self, field: &Field, value: i64, stored: Value) -> Self {
        if value == i64::from(field.default) { self } else { self.stored(field.slot, stored) }
    }

    fn stored(mut self, slot: u16, value: Value) -> Self {
        self.values.push((slot, value));
        self
    }
}

impl Builder {
    /// A builder that does not have to grow before so many bytes are written.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { inner: FlatBufferBuilder::with_capacity(bytes) }
    }

    pub(super) fn table(&mut self, mut fields: Fields) -> Offset {
        // Wide fields first, so that no padding comes between.
        fields.values.sort_by_key(|(slot, value)| {
            let width = match value {
                Value::Eight(_) => 0,
                Value::Four(_) | Value::Offset(_) => 1,
                Value::One(_) => 2,
            };
            (width, *slot)
        });
        let start = self.inner.start_table();
        for (slot, value) in fields.values {
            let entry = vtable_entry(slot);
            match value {
                Value::One(value) => self.inner.push_slot_always(entry, value),
                Value::Four(value) => self.inner.push_slot_always(entry, value),
                Value::Eight(value) => self.inner.push_slot_always(entry, value),
                Value::Offset(value) => self.inner.push_slot_always(entry, value),
            }
        }
        let table = self.inner.end_table(start);
        WIPOffset::new(table.value())
    }

    pub(super) fn text(&mut self, text: Option<&str>) -> Option<Offset> {
        text.map(|text| self.inner.create_string(text).as_union_value())
    }

    pub(super) fn vector<T: Push<Output: 'static>>(&mut self, elements: &[T]) -> Offset {
        WIPOffset::new(self.inner.create_vector(elements).value())
    }

    /// A vector; nothing where there are no elements.
    pub(super) fn filled<T: Push<Output: 'static>>(&mut self, elements: &[T]) -> Option<Offset> {
        (!elements.is_empty()).then(|| self.vector(elements))
    }

    pub(super) fn tables(&mut self, tables: &[Offset]) -> Offset {
        self.vector(tables)
    }

    /// A vector of tables; nothing where there are none.
    pub(super) fn filled_tables(&mut self, tables: &[Offset]) -> Option<Offset> {
        self.filled(tables)
    }

    /// A vector of bytes whose first element lies at a multiple of [`DATA_ALIGNMENT`] from the start of the file.
    pub(super) fn aligned_bytes(&mut self, bytes: &[u8]) -> Offset {
        // The library writes from the end of the file to its start and knows no `force_align`: padding makes the
        // distance from the end a multiple, and `finish` makes the whole file one.
        self.pad_for(bytes.len());
        self.vector(bytes)
    }

    /// The finished file with its identifier; its length is a multiple of [`DATA_ALIGNMENT`].
    pub(super) fn finish(mut self, root: Offset) -> Vec<u8> {
        const ROOT_AND_IDENTIFIER: usize = 8;
        self.pad_for(ROOT_AND_IDENTIFIER);
        let identifier = std::str::from_utf8(&FILE_IDENTIFIER).ok();
        self.inner.finish(root, identifier);
        let (mut memory, start) = self.inner.collapse();
        memory.drain(..start);
        memory
    }

    /// Pads so that `bytes` more end at a multiple of [`DATA_ALIGNMENT`] from the end of the file.
    fn pad_for(&mut self, bytes: usize) {
        let used = self.inner.unfinished_data().len() + bytes;
        for _ in 0..used.next_multiple_of(DATA_ALIGNMENT) - used {
            self.inner.push(0u8);
        }
    }
}

/// The place of a slot in a vtable, behind the two lengths.
pub(super) fn vtable_entry(slot: u16) -> VOffsetT {
    4 + 2 * slot
}

/// Data behind the flatbuffer.
#[derive(Default)]
pub(super) struct Appendix {
    /// Where the appendix starts; unknown while the flatbuffer is written for the first time.
    start: u64,
    /// Bytes placed so far, padding included.
    bytes: u64,
    data: Vec<SharedBytes>,
}

impl Appendix {
    pub(super) fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    pub(super) fn start_at(&mut self, flatbuffer_bytes: usize) {
        self.start = flatbuffer_bytes as u64;
    }

    pub(super) fn rewind(&mut self) {
        self.bytes = 0;
        self.data.clear();
    }

    /// The offset in the file that `data` will have.
    pub(super) fn place(&mut self, data: &SharedBytes) -> u64 {
        let offset = self.start + self.bytes;
        self.bytes += (data.len() as u64).next_multiple_of(DATA_ALIGNMENT as u64);
        self.data.push(data.clone());
        offset
    }

    pub(super) fn append_to(&self, file: &mut Vec<u8>) {
        file.reserve_exact(self.bytes as usize);
        for data in &self.data {
            file.extend_from_slice(data);
            file.resize(file.len().next_multiple_of(DATA_ALIGNMENT), 0);
        }
    }
}
