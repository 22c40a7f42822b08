//! The flatbuffer level: tables, vectors and texts in bytes that nobody has checked yet.
//!
//! Numbers are little-endian and may lie at any address. An offset is believed only after a bounds check, and every
//! read does its own, so that no order of calls can reach beyond the file. The schema has no table that contains
//! itself: a chain of reads ends after a few steps whatever the offsets say.
//!
//! Format: flatbuffers' `docs/source/internals.md` (github.com/google/flatbuffers).

use core::marker::PhantomData;
use core::ops::Range;

use super::error::{Location, Problem, ViewError};
use crate::schema::tables::Field;

/// A number as a flatbuffer stores it.
pub trait Scalar: Copy {
    /// Bytes in the file.
    const SIZE: usize;
    /// The value of the first `SIZE` bytes, or 0 if there are fewer.
    fn from_start_of(bytes: &[u8]) -> Self;
    /// A field's default.
    fn from_default(value: i32) -> Self;
}

macro_rules! scalar {
    ($($ty:ty)*) => {$(
        impl Scalar for $ty {
            const SIZE: usize = size_of::<$ty>();
            fn from_start_of(bytes: &[u8]) -> Self {
                bytes.first_chunk().map_or(0 as $ty, |chunk| <$ty>::from_le_bytes(*chunk))
            }
            fn from_default(value: i32) -> Self {
                value as $ty
            }
        }
    )*};
}
scalar!(i8 u8 i16 u16 i32 u32 i64 u64 f32);

impl Scalar for bool {
    const SIZE: usize = 1;
    fn from_start_of(bytes: &[u8]) -> Self {
        bytes.first().is_some_and(|byte| *byte != 0)
    }
    fn from_default(value: i32) -> Self {
        value != 0
    }
}

/// One table of the file.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    file: &'a [u8],
    position: usize,
    vtable: usize,
    vtable_bytes: usize,
    name: &'static str,
    location: Location,
}

impl<'a> Table<'a> {
    /// The table at a position of the file; `name` and `location` are for messages.
    pub(super) fn new(
        file: &'a [u8],
        position: usize,
        name: &'static str,
        location: Location,
    ) -> Result<Self, ViewError> {
        let error =
            |offset, problem| ViewError { table: name, field: "", element: None, location, offset, problem };
        let beyond = |offset, start: i64, needed: usize| {
            error(offset, Problem::OutOfBounds { start, needed: needed as u64, file: file.len() })
        };
        let to_vtable = number::<i32>(file, position).ok_or_else(|| beyond(position, position as i64, 4))?;
        // A vtable may lie before or after its table: the distance is signed and subtracted.
        let start = position as i64 - i64::from(to_vtable);
        let vtable = usize::try_from(start).map_err(|_| beyond(position, start, 4))?;
        let length = number::<u16>(file, vtable).ok_or_else(|| beyond(position, start, 4))?;
        if length < 4 {
            return Err(error(vtable, Problem::Vtable { found: length }));
        }
        let vtable_bytes = usize::from(length);
        if file.len() - vtable < vtable_bytes {
            return Err(beyond(vtable, start, vtable_bytes));
        }
        Ok(Self { file, position, vtable, vtable_bytes, name, location })
    }

    /// The schema's name of the table.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whose table it is.
    pub fn location(&self) -> Location {
        self.location
    }

    /// Bytes from the start of the file.
    pub fn offset(&self) -> usize {
        self.position
    }

    /// The slots whose fields the file stores, in ascending order.
    pub fn stored_slots(&self) -> impl Iterator<Item = u16> + use<'a> {
        let table = *self;
        let n_slots = ((self.vtable_bytes - 4) / 2) as u16;
        (0..n_slots).filter(move |slot| table.stored_position(*slot).is_some())
    }

    /// A scalar, or the schema's default where the file leaves it out.
    ///
    /// # Errors
    /// The field lies beyond the file.
    pub fn scalar<T: Scalar>(&self, field: &Field) -> Result<T, ViewError> {
        Ok(self.stored_scalar(field.slot, field.name)?.unwrap_or_else(|| T::from_default(field.default)))
    }

    /// A scalar that the file stores; `None` where it leaves it out.
    ///
    /// # Errors
    /// The field lies beyond the file.
    pub fn stored_scalar<T: Scalar>(&self, slot: u16, name: &'static str) -> Result<Option<T>, ViewError> {
        let Some(position) = self.stored_position(slot) else { return Ok(None) };
        number(self.file, position).map(Some).ok_or_else(|| self.beyond(name, position, position, T::SIZE))
    }

    /// A vector of scalars; empty where the file leaves it out.
    ///
    /// # Errors
    /// The vector lies beyond the file.
    pub fn scalars<T: Scalar>(&self, field: &Field) -> Result<Scalars<'a, T>, ViewError> {
        Ok(self.stored_scalars(field.slot, field.name)?.unwrap_or_default())
    }

    /// A vector of scalars that the file stores; `None` where it leaves it out.
    ///
    /// # Errors
    /// The vector lies beyond the file.
    pub fn stored_scalars<T: Scalar>(
        &self,
        slot: u16,
        name: &'static str,
    ) -> Result<Option<Scalars<'a, T>>, ViewError> {
        let Some(range) = self.vector_range(slot, name, T::SIZE)? else { return Ok(None) };
        Ok(Some(Scalars { bytes: &self.file[range], scalar: PhantomData }))
    }

    /// Where the elements of a vector of bytes lie in the file; `None` where the file leaves the vector out.
    ///
    /// # Errors
    /// The vector lies beyond the file.
    pub fn bytes_range(&self, field: &Field) -> Result<Option<Range<usize>>, ViewError> {
        self.vector_range(field.slot, field.name, 1)
    }

    /// A text; `None` where the file leaves it out.
    ///
    /// # Errors
    /// The text lies beyond the file.
    pub fn text(&self, field: &Field) -> Result<Option<Text<'a>>, ViewError> {
        self.stored_text(field.slot, field.name)
    }

    /// A text by its slot; `None` where the file leaves it out.
    ///
    /// # Errors
    /// The text lies beyond the file.
    pub fn stored_text(&self, slot: u16, name: &'static str) -> Result<Option<Text<'a>>, ViewError> {
        let range = self.vector_range(slot, name, 1)?;
        Ok(range.map(|range| Text(&self.file[range])))
    }

    /// Another table that a field refers to; `None` where the file leaves it out.
    ///
    /// # Errors
    /// The table lies beyond the file.
    pub fn table(&self, field: &Field, child: &'static str) -> Result<Option<Table<'a>>, ViewError> {
        let Some(target) = self.target(field.slot, field.name)? else { return Ok(None) };
        Table::new(self.file, target, child, self.location).map(Some)
    }

    /// A vector of tables; empty where the file leaves it out.
    ///
    /// # Errors
    /// The vector lies beyond the file. The tables themselves are looked at one by one.
    pub fn tables<T: FromTable<'a>>(&self, field: &Field) -> Result<Tables<'a, T>, ViewError> {
        let range = self.vector_range(field.slot, field.name, 4)?.unwrap_or(0..0);
        Ok(Tables {
            file: self.file,
            range,
            owner: self.name,
            field: field.name,
            location: self.location,
            table: PhantomData,
        })
    }

    /// The bytes at a range of the file; empty beyond its end.
    pub fn file_slice(&self, range: Range<usize>) -> &'a [u8] {
        self.file.get(range).unwrap_or(&[])
    }

    /// Bytes of the whole file.
    pub fn file_bytes(&self) -> usize {
        self.file.len()
    }

    /// An error about a field of this table.
    pub fn error(&self, field: &'static str, slot: u16, problem: Problem) -> ViewError {
        let offset = self.stored_position(slot).unwrap_or(self.position);
        ViewError { table: self.name, field, element: None, location: self.location, offset, problem }
    }

    /// Where the bytes of a slot lie in the file, if it is stored; nobody has checked that they are within. The vtable
    /// says 0, or ends before the slot, for fields that are left out.
    pub fn stored_position(&self, slot: u16) -> Option<usize> {
        let entry = 4 + 2 * usize::from(slot);
        if entry + 2 > self.vtable_bytes {
            return None;
        }
        let distance = number::<u16>(self.file, self.vtable + entry)?;
        (distance != 0).then(|| self.position.saturating_add(usize::from(distance)))
    }

    /// What the offset in a field points at.
    fn target(&self, slot: u16, name: &'static str) -> Result<Option<usize>, ViewError> {
        let Some(position) = self.stored_position(slot) else { return Ok(None) };
        let Some(distance) = number::<u32>(self.file, position) else {
            return Err(self.beyond(name, position, position, 4));
        };
        let target = position.saturating_add(distance as usize);
        Ok(Some(target))
    }

    fn vector_range(
        &self,
        slot: u16,
        name: &'static str,
        element_bytes: usize,
    ) -> Result<Option<Range<usize>>, ViewError> {
        let Some(target) = self.target(slot, name)? else { return Ok(None) };
        let Some(count) = number::<u32>(self.file, target) else {
            let position = self.stored_position(slot).unwrap_or(self.position);
            return Err(self.beyond(name, position, target, 4));
        };
        let start = target + 4;
        let bytes = u64::from(count) * element_bytes as u64;
        if bytes > (self.file.len() - start) as u64 {
            let problem = Problem::OutOfBounds { start: start as i64, needed: bytes, file: self.file.len() };
            return Err(ViewError {
                table: self.name,
                field: name,
                element: None,
                location: self.location,
                offset: target,
                problem,
            });
        }
        Ok(Some(start..start + bytes as usize))
    }

    fn beyond(&self, field: &'static str, offset: usize, start: usize, needed: usize) -> ViewError {
        let problem =
            Problem::OutOfBounds { start: start as i64, needed: needed as u64, file: self.file.len() };
        ViewError { table: self.name, field, element: None, location: self.location, offset, problem }
    }
}

/// A view that is made of one table of the file.
pub trait FromTable<'a>: Sized {
    /// The schema's name of the table.
    const NAME: &'static str;
    /// Wraps the table.
    fn from_table(table: Table<'a>) -> Self;
    /// How an element of a vector of such tables is called in messages; `owner` is where the vector belongs.
    fn location(owner: Location, index: u32) -> Location;
}

/// A vector of tables. The vector lies within the file; each table is checked when it is asked for.
#[derive(Debug)]
pub struct Tables<'a, T> {
    file: &'a [u8],
    range: Range<usize>,
    owner: &'static str,
    field: &'static str,
    location: Location,
    table: PhantomData<fn() -> T>,
}

impl<T> Clone for Tables<'_, T> {
    fn clone(&self) -> Self {
        Self { range: self.range.clone(), ..*self }
    }
}

impl<'a, T: FromTable<'a>> Tables<'a, T> {
    /// Number of tables.
    pub fn len(&self) -> usize {
        self.range.len() / 4
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// The table at an index.
    ///
    /// # Errors
    /// There is no such index, or the table lies beyond the file.
    pub fn get(&self, index: usize) -> Result<T, ViewError> {
        let error = |offset, problem| ViewError {
            table: self.owner,
            field: self.field,
            element: None,
            location: self.location,
            offset,
            problem,
        };
        if index >= self.len() {
            let max = self.len() as i64 - 1;
            return Err(error(self.range.start, Problem::Range { min: 0, max, found: index as i64 }));
        }
        let entry = self.range.start + 4 * index;
        let distance = number::<u32>(self.file, entry).unwrap_or(0);
        let location = T::location(self.location, index as u32);
        let target = entry.saturating_add(distance as usize);
        if target >= self.file.len() {
            let problem = Problem::OutOfBounds { start: target as i64, needed: 4, file: self.file.len() };
            return Err(ViewError { location, ..error(entry, problem) });
        }
        Table::new(self.file, target, T::NAME, location).map(T::from_table)
    }

    /// The tables in order.
    pub fn iter(&self) -> impl Iterator<Item = Result<T, ViewError>> + use<'a, T> {
        let tables = self.clone();
        (0..self.len()).map(move |index| tables.get(index))
    }
}

/// A vector of scalars that lies within the file.
#[derive(Clone, Copy, Debug)]
pub struct Scalars<'a, T> {
    bytes: &'a [u8],
    scalar: PhantomData<T>,
}

impl<T> Default for Scalars<'_, T> {
    fn default() -> Self {
        Self { bytes: &[], scalar: PhantomData }
    }
}

impl<'a, T: Scalar> Scalars<'a, T> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.bytes.len() / T::SIZE
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The element at an index.
    pub fn get(&self, index: usize) -> Option<T> {
        (index < self.len()).then(|| T::from_start_of(&self.bytes[index * T::SIZE..]))
    }

    /// The elements in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + Clone + use<'a, T> {
        self.bytes.chunks_exact(T::SIZE).map(T::from_start_of)
    }

    /// The elements as they are stored: little-endian, at any alignment.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// A text of the file; UTF-8 by the schema, but nobody has checked that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Text<'a>(pub &'a [u8]);

impl<'a> Text<'a> {
    /// The bytes.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text; `None` if it is not UTF-8.
    pub fn as_str(self) -> Option<&'a str> {
        core::str::from_utf8(self.0).ok()
    }
}

/// The number at a position; `None` beyond the end.
pub(super) fn number<T: Scalar>(file: &[u8], position: usize) -> Option<T> {
    let end = position.checked_add(T::SIZE)?;
    file.get(position..end).map(T::from_start_of)
}
