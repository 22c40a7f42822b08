//! Options of operators, field by field as the schema's table lists them.

use emberlab_runtime::schema::{Kind, OptionsField};

use super::builder::{Fields, Offset};
use super::{WriteError, Writer};
use crate::model::{OptionValue, Options};

/// A value that its field cannot hold.
pub(super) struct OptionError {
    field: String,
    expected: String,
    found: String,
}

impl OptionError {
    pub(super) fn of_operator(self, operator: &str) -> WriteError {
        let place = format!("{operator}, option {}", self.field);
        WriteError::Value { place, expected: self.expected, found: self.found }
    }
}

impl Writer<'_> {
    /// The table of the options. Every value of the model is stored, also where it equals the schema's default: that is
    /// how its file had it.
    pub(super) fn options(&mut self, options: &Options) -> Result<Offset, OptionError> {
        let mut fields = Fields::new();
        for (slot, value) in &options.values {
            let known =
                options.table().and_then(|table| table.fields.iter().find(|field| field.slot == *slot));
            let Some(field) = known else {
                let field = format!("in slot {slot} of {:?}", options.kind);
                return Err(OptionError {
                    field,
                    expected: "a field of the schema".into(),
                    found: "none".into(),
                });
            };
            fields = self.option_value(fields, field, value)?;
        }
        Ok(self.builder.table(fields))
    }

    fn option_value(
        &mut self,
        fields: Fields,
        field: &OptionsField,
        value: &OptionValue,
    ) -> Result<Fields, OptionError> {
        let builder = &mut self.builder;
        let vector = match (field.kind, value) {
            (Kind::Bool | Kind::U8, OptionValue::Int(value)) => {
                return Ok(fields.stored_one(field.slot, fit(field, *value)?));
            }
            (Kind::I8, OptionValue::Int(value)) => {
                return Ok(fields.stored_one(field.slot, fit::<i8>(field, *value)? as u8));
            }
            (Kind::I32, OptionValue::Int(value)) => {
                return Ok(fields.stored_four(field.slot, fit::<i32>(field, *value)? as u32));
            }
            (Kind::U32, OptionValue::Int(value)) => {
                return Ok(fields.stored_four(field.slot, fit(field, *value)?));
            }
            // Unsigned values beyond i64 are kept by their bits.
            (Kind::I64 | Kind::U64, OptionValue::Int(value)) => {
                return Ok(fields.stored_eight(field.slot, *value as u64));
            }
            (Kind::F32, OptionValue::Float(value)) => {
                return Ok(fields.stored_four(field.slot, value.to_bits()));
            }
            (Kind::Str, OptionValue::Text(text)) => match builder.text(Some(text)) {
                Some(text) => text,
                None => return Ok(fields),
            },
            (Kind::VecBool | Kind::VecU8, OptionValue::Ints(values)) => {
                builder.vector(&fit_all::<u8>(field, values)?)
            }
            (Kind::VecI32, OptionValue::Ints(values)) => builder.vector(&fit_all::<i32>(field, values)?),
            (Kind::VecU32, OptionValue::Ints(values)) => builder.vector(&fit_all::<u32>(field, values)?),
            (Kind::VecI64, OptionValue::Ints(values)) => builder.vector(values),
            (Kind::VecF32, OptionValue::Floats(values)) => builder.vector(values),
            (kind, value) => {
                return Err(error(field, format!("a value of kind {kind:?}"), format!("{value:?}")));
            }
        };
        Ok(fields.stored_offset(field.slot, vector))
    }
}

fn fit<T: TryFrom<i64>>(field: &OptionsField, value: i64) -> Result<T, OptionError> {
    T::try_from(value)
        .map_err(|_| error(field, format!("a number of kind {:?}", field.kind), value.to_string()))
}

fn fit_all<T: TryFrom<i64>>(field: &OptionsField, values: &[i64]) -> Result<Vec<T>, OptionError> {
    values.iter().map(|value| fit(field, *value)).collect()
}

fn error(field: &OptionsField, expected: String, found: String) -> OptionError {
    OptionError { field: field.name.to_owned(), expected, found }
}
