//! Options of operators, field by field as the schema's table lists them.

use emberlab_runtime::schema::{Kind, OptionsField};
use emberlab_runtime::tflite_view::{OptionsView, Scalar};

use super::Reader;
use crate::model::{OptionValue, Options};
use crate::tflite::ReadError;

impl Reader {
    pub(super) fn options(&mut self, view: &OptionsView<'_>) -> Result<Options, ReadError> {
        let table = view.table();
        let Some(schema) = view.schema() else {
            self.note(
                table,
                format!("{:?} is not in schema version 3; its fields are not kept", view.kind()),
            );
            return Ok(Options { kind: view.kind(), values: Vec::new() });
        };
        self.note_slots_from(table, schema.fields.last().map_or(0, |field| field.slot + 1));
        let n_stored = table.stored_slots().count().min(schema.fields.len());
        self.budget.copy(table, "", n_stored * size_of::<(u16, OptionValue)>())?;
        let mut values = Vec::with_capacity(n_stored);
        for field in schema.fields {
            if let Some(value) = self.option_value(view, field)? {
                values.push((field.slot, value));
            }
        }
        Ok(Options { kind: view.kind(), values })
    }

    fn option_value(
        &mut self,
        view: &OptionsView<'_>,
        field: &OptionsField,
    ) -> Result<Option<OptionValue>, ReadError> {
        let (table, slot, name) = (view.table(), field.slot, field.name);
        Ok(match field.kind {
            Kind::Bool | Kind::I8 | Kind::U8 | Kind::I32 | Kind::U32 | Kind::I64 | Kind::U64 => {
                view.stored_int(field)?.map(OptionValue::Int)
            }
            Kind::F32 => table.stored_scalar(slot, name)?.map(OptionValue::Float),
            Kind::Str => match table.stored_text(slot, name)? {
                Some(text) => Some(OptionValue::Text(self.string(table, name, text)?)),
                None => None,
            },
            Kind::VecBool | Kind::VecU8 => self.ints::<u8>(view, field)?,
            Kind::VecI32 => self.ints::<i32>(view, field)?,
            Kind::VecU32 => self.ints::<u32>(view, field)?,
            Kind::VecI64 => self.ints::<i64>(view, field)?,
            Kind::VecF32 => match table.stored_scalars::<f32>(slot, name)? {
                Some(values) => {
                    self.budget.copy(table, name, values.as_bytes().len())?;
                    Some(OptionValue::Floats(values.iter().collect()))
                }
                None => None,
            },
        })
    }

    fn ints<T: Scalar + Into<i64>>(
        &mut self,
        view: &OptionsView<'_>,
        field: &OptionsField,
    ) -> Result<Option<OptionValue>, ReadError> {
        let Some(values) = view.table().stored_scalars::<T>(field.slot, field.name)? else { return Ok(None) };
        self.budget.copy(view.table(), field.name, size_of::<i64>() * values.len())?;
        Ok(Some(OptionValue::Ints(values.iter().map(Into::into).collect())))
    }
}
