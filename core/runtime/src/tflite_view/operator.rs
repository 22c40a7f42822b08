//! Operators and their options.

use core::ops::Range;

use super::error::{Location, Part, Problem, ViewError};
use super::model::appended_range;
use super::table::{FromTable, Scalar, Scalars, Table, Text};
use super::view_of_table;
use crate::schema::tables::operator;
use crate::schema::{Kind, OptionsField, OptionsKind, OptionsTable};

/// One operator.
#[derive(Clone, Copy, Debug)]
pub struct OperatorView<'a> {
    table: Table<'a>,
}
view_of_table!(OperatorView, operator, |owner, index| Location {
    element: Some((Part::Operator, index)),
    ..owner
});

impl<'a> OperatorView<'a> {
    /// Index into the operator codes of the model.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn code_index(&self) -> Result<u32, ViewError> {
        self.table.scalar(&operator::OPCODE_INDEX)
    }

    /// Numbers of the input tensors; -1 for an optional input left out.
    pub fn inputs(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&operator::INPUTS)
    }

    /// Numbers of the output tensors.
    pub fn outputs(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&operator::OUTPUTS)
    }

    /// Numbers of the intermediate tensors (LSTM).
    pub fn intermediates(&self) -> Result<Scalars<'a, i32>, ViewError> {
        self.table.scalars(&operator::INTERMEDIATES)
    }

    /// Which inputs are variables that the operator changes.
    pub fn mutating_variable_inputs(&self) -> Result<Scalars<'a, bool>, ViewError> {
        self.table.scalars(&operator::MUTATING_VARIABLE_INPUTS)
    }

    /// Options from the union `BuiltinOptions`.
    pub fn options(&self) -> Result<Option<OptionsView<'a>>, ViewError> {
        let member: u8 = self.table.scalar(&operator::BUILTIN_OPTIONS_TYPE)?;
        self.union(member, OptionsKind::Builtin(member), &operator::BUILTIN_OPTIONS)
    }

    /// Options from the union `BuiltinOptions2`.
    pub fn options_2(&self) -> Result<Option<OptionsView<'a>>, ViewError> {
        let member: u8 = self.table.scalar(&operator::BUILTIN_OPTIONS_2_TYPE)?;
        self.union(member, OptionsKind::Builtin2(member), &operator::BUILTIN_OPTIONS_2)
    }

    /// The options if they are the table with the schema's name, such as `Conv2DOptions`; `None` if the operator has
    /// none or has another table, which TFLM treats alike.
    pub fn options_of(&self, table: &str) -> Result<Option<OptionsView<'a>>, ViewError> {
        let is_wanted =
            |options: &OptionsView<'a>| options.schema().is_some_and(|schema| schema.name == table);
        Ok(self.options()?.filter(is_wanted))
    }

    /// Where the options of a custom operator lie in the file, and whether they lie behind the flatbuffer; `None` if
    /// there are none.
    ///
    /// # Errors
    /// The bytes lie beyond the file.
    pub fn custom_options_place(&self) -> Result<Option<(Range<usize>, bool)>, ViewError> {
        let offset: u64 = self.table.scalar(&operator::LARGE_CUSTOM_OPTIONS_OFFSET)?;
        if offset > 1 {
            let size: u64 = self.table.scalar(&operator::LARGE_CUSTOM_OPTIONS_SIZE)?;
            let range = appended_range(&self.table, &operator::LARGE_CUSTOM_OPTIONS_OFFSET, offset, size)?;
            return Ok(Some((range, true)));
        }
        Ok(self.table.bytes_range(&operator::CUSTOM_OPTIONS)?.map(|range| (range, false)))
    }

    /// The options of a custom operator; empty if there are none.
    ///
    /// # Errors
    /// The bytes lie beyond the file.
    pub fn custom_options(&self) -> Result<&'a [u8], ViewError> {
        Ok(self.custom_options_place()?.map_or(&[], |(range, _)| self.table.file_slice(range)))
    }

    /// Format of the custom options; 0 is FlexBuffers.
    pub fn custom_options_format(&self) -> Result<i8, ViewError> {
        self.table.scalar(&operator::CUSTOM_OPTIONS_FORMAT)
    }

    /// Index into debug metadata; -1 for none.
    pub fn debug_metadata_index(&self) -> Result<i32, ViewError> {
        self.table.scalar(&operator::DEBUG_METADATA_INDEX)
    }

    fn union(
        &self,
        member: u8,
        kind: OptionsKind,
        field: &crate::schema::tables::Field,
    ) -> Result<Option<OptionsView<'a>>, ViewError> {
        if member == 0 {
            return Ok(None);
        }
        let name = kind.table().map_or("options of an unknown kind", |table| table.name);
        Ok(self.table.table(field, name)?.map(|table| OptionsView { table, kind }))
    }
}

/// The options of an operator.
#[derive(Clone, Copy, Debug)]
pub struct OptionsView<'a> {
    table: Table<'a>,
    kind: OptionsKind,
}

impl<'a> OptionsView<'a> {
    /// The table itself.
    pub fn table(&self) -> &Table<'a> {
        &self.table
    }

    /// Which union and which member of it.
    pub fn kind(&self) -> OptionsKind {
        self.kind
    }

    /// The schema's description; `None` for a member that the schema does not have.
    pub fn schema(&self) -> Option<&'static OptionsTable> {
        self.kind.table()
    }

    /// A bool, integer or enum by the schema's name: what the file stores, or the schema's default. 0 for a name that
    /// the table does not have or that is of another kind.
    ///
    /// # Errors
    /// The field lies beyond the file, as for every accessor below.
    pub fn int(&self, name: &str) -> Result<i64, ViewError> {
        let Some(field) = self.field(name) else { return Ok(0) };
        Ok(self.stored_int(field)?.unwrap_or(field.default as i64))
    }

    /// A bool by the schema's name.
    pub fn bool(&self, name: &str) -> Result<bool, ViewError> {
        Ok(self.int(name)? != 0)
    }

    /// A 32-bit integer by the schema's name.
    ///
    /// # Errors
    /// The field is wider in the schema and its value does not fit.
    pub fn i32(&self, name: &str) -> Result<i32, ViewError> {
        let value = self.int(name)?;
        i32::try_from(value).map_err(|_| {
            let (min, max) = (i64::from(i32::MIN), i64::from(i32::MAX));
            let (slot, name) = self.field(name).map_or((0, ""), |field| (field.slot, field.name));
            self.table.error(name, slot, Problem::Range { min, max, found: value })
        })
    }

    /// A float by the schema's name.
    pub fn float(&self, name: &str) -> Result<f32, ViewError> {
        let Some(field) = self.field(name).filter(|field| field.kind == Kind::F32) else { return Ok(0.0) };
        Ok(self.table.stored_scalar(field.slot, field.name)?.unwrap_or(field.default as f32))
    }

    /// A vector of 32-bit integers by the schema's name; empty if there is none.
    pub fn i32s(&self, name: &str) -> Result<Scalars<'a, i32>, ViewError> {
        self.vector(name, Kind::VecI32)
    }

    /// A vector of 64-bit integers by the schema's name; empty if there is none.
    pub fn i64s(&self, name: &str) -> Result<Scalars<'a, i64>, ViewError> {
        self.vector(name, Kind::VecI64)
    }

    /// A text by the schema's name.
    pub fn text(&self, name: &str) -> Result<Option<Text<'a>>, ViewError> {
        let Some(field) = self.field(name).filter(|field| field.kind == Kind::Str) else { return Ok(None) };
        self.table.stored_text(field.slot, field.name)
    }

    /// A bool, integer or enum that the file stores; `None` where it leaves it out or the field is of another kind.
    /// Unsigned 64-bit values keep their bits.
    pub fn stored_int(&self, field: &OptionsField) -> Result<Option<i64>, ViewError> {
        let (slot, name) = (field.slot, field.name);
        Ok(match field.kind {
            Kind::Bool | Kind::U8 => self.table.stored_scalar::<u8>(slot, name)?.map(i64::from),
            Kind::I8 => self.table.stored_scalar::<i8>(slot, name)?.map(i64::from),
            Kind::I32 => self.table.stored_scalar::<i32>(slot, name)?.map(i64::from),
            Kind::U32 => self.table.stored_scalar::<u32>(slot, name)?.map(i64::from),
            Kind::I64 | Kind::U64 => self.table.stored_scalar::<i64>(slot, name)?,
            Kind::F32
            | Kind::Str
            | Kind::VecBool
            | Kind::VecU8
            | Kind::VecI32
            | Kind::VecU32
            | Kind::VecI64
            | Kind::VecF32 => None,
        })
    }

    fn vector<T: Scalar>(&self, name: &str, kind: Kind) -> Result<Scalars<'a, T>, ViewError> {
        let Some(field) = self.field(name).filter(|field| field.kind == kind) else {
            return Ok(Scalars::default());
        };
        Ok(self.table.stored_scalars(field.slot, field.name)?.unwrap_or_default())
    }

    fn field(&self, name: &str) -> Option<&'static OptionsField> {
        self.schema()?.field(name)
    }
}
