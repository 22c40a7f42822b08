//! What a model may take, as a multiple of its file.
//!
//! A flatbuffer may refer to the same bytes many times, so that a few kilobytes can describe gigabytes. Every copy out
//! of the file is charged here before it is made. Files of converters have a table for every reference: the densest
//! (tensors without names or quantization) take about 15 bytes of model for a byte of file.

use emberlab_runtime::schema::tables::Field;
use emberlab_runtime::tflite_view::{FromTable, Scalar, Table, Tables, Text};

use super::Reader;
use crate::tflite::ReadError;

/// Bytes of model for a byte of file.
const FACTOR: u64 = 32;

/// Bytes that a model may take however small its file is.
const FLOOR: u64 = 64 * 1024;

/// Bytes of constants for a byte of file: buffers may share data, but not without end.
const SHARED_FACTOR: u64 = 8;

pub(super) struct Budget {
    file_bytes: usize,
    copied: u64,
    shared: u64,
}

impl Budget {
    pub(super) fn new(file_bytes: usize) -> Self {
        Self { file_bytes, copied: 0, shared: 0 }
    }

    /// Accounts for bytes about to be copied.
    pub(super) fn copy(
        &mut self,
        table: &Table<'_>,
        field: &'static str,
        bytes: usize,
    ) -> Result<(), ReadError> {
        self.copied = self.copied.saturating_add(bytes as u64);
        let limit = FACTOR * self.file_bytes as u64 + FLOOR;
        self.check(self.copied, limit, table, field)
    }

    /// Accounts for bytes that the model refers to and that a writer would copy.
    pub(super) fn share(&mut self, table: &Table<'_>, field: &Field, bytes: usize) -> Result<(), ReadError> {
        self.shared = self.shared.saturating_add(bytes as u64);
        self.check(self.shared, SHARED_FACTOR * self.file_bytes as u64, table, field.name)
    }

    fn check(&self, taken: u64, limit: u64, table: &Table<'_>, field: &'static str) -> Result<(), ReadError> {
        if taken <= limit {
            return Ok(());
        }
        let dot = if field.is_empty() { "" } else { "." };
        let place = format!("{}{dot}{field} ({})", table.name(), table.location());
        Err(ReadError::Repetitive { place, offset: table.offset(), limit, file_bytes: self.file_bytes })
    }
}

impl Reader {
    /// A vector of scalars.
    pub(super) fn scalars<T: Scalar>(
        &mut self,
        table: &Table<'_>,
        field: &Field,
    ) -> Result<Vec<T>, ReadError> {
        let scalars = table.scalars::<T>(field)?;
        self.budget.copy(table, field.name, size_of::<T>() * scalars.len())?;
        Ok(scalars.iter().collect())
    }

    /// A text. Bytes that are not UTF-8 become U+FFFD: names are for people.
    pub(super) fn text(&mut self, table: &Table<'_>, field: &Field) -> Result<Option<String>, ReadError> {
        let text = table.text(field)?;
        text.map(|text| self.string(table, field.name, text)).transpose()
    }

    pub(super) fn string(
        &mut self,
        table: &Table<'_>,
        field: &'static str,
        text: Text<'_>,
    ) -> Result<String, ReadError> {
        // A replacement character takes three bytes where one was wrong.
        let factor = if text.as_str().is_some() { 1 } else { 3 };
        self.budget.copy(table, field, factor * text.as_bytes().len())?;
        Ok(String::from_utf8_lossy(text.as_bytes()).into_owned())
    }

    /// One value for every table of a vector.
    pub(super) fn tables<'a, V: FromTable<'a>, T>(
        &mut self,
        table: &Table<'a>,
        field: &Field,
        views: Tables<'a, V>,
        mut value: impl FnMut(&mut Self, V) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        self.budget.copy(table, field.name, size_of::<T>() * views.len())?;
        let mut values = Vec::with_capacity(views.len());
        for view in views.iter() {
            values.push(value(self, view?)?);
        }
        Ok(values)
    }
}
