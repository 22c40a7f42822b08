//! The flatbuffers library's verifier over the schema's tables.
//!
//! The library's generated code would call the verifier table by table; here one walk does it for every table of
//! [`emberlab_runtime::schema::tables`].

use std::fmt;

use emberlab_runtime::schema::tables::{Field, FieldType, TableSchema, model};
use emberlab_runtime::schema::{BUILTIN_OPTIONS, BUILTIN_OPTIONS_2, FILE_IDENTIFIER, Kind, OptionsTable};
use flatbuffers::{
    ForwardsUOffset, InvalidFlatbuffer, TableVerifier, Vector, Verifiable, Verifier, VerifierOptions,
};

use super::builder::vtable_entry;

/// What the verifier finds wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError(InvalidFlatbuffer);

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The library ends its lines; a message of ours is one line.
        f.write_str(&self.0.to_string().trim_end().replace('\n', "; "))
    }
}

impl std::error::Error for VerifyError {}

/// Checks a flatbuffer against the schema: bounds and alignment of everything, the data of buffers included, texts
/// are UTF-8 and end with a zero, unions have both halves. Stricter than [`read`](crate::tflite::read), which also
/// takes files of sloppy writers. Appended data are not part of the flatbuffer and are not looked at.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(file: &[u8]) -> Result<(), VerifyError> {
    let options = VerifierOptions {
        max_depth: 16,
        max_tables: file.len() / 4,
        max_apparent_size: file.len().saturating_mul(8).max(1 << 16),
        ignore_missing_null_terminator: false,
    };
    let mut verifier = Verifier::new(&options, file);
    let root = verifier.get_uoffset(0).map_err(VerifyError)?;
    if file.get(4..8) != Some(&FILE_IDENTIFIER) {
        return InvalidFlatbuffer::new_missing_required("file identifier TFL3").map_err(VerifyError);
    }
    table(&mut verifier, root as usize, &model::SCHEMA).map_err(VerifyError)
}

type Verified<T = ()> = Result<T, InvalidFlatbuffer>;

fn table(verifier: &mut Verifier<'_, '_>, position: usize, schema: &'static TableSchema) -> Verified {
    let mut table = verifier.visit_table(position)?;
    for field in schema.fields {
        table = structural_field(table, field)?;
    }
    table.finish();
    Ok(())
}

fn options(
    verifier: &mut Verifier<'_, '_>,
    position: usize,
    schema: Option<&'static OptionsTable>,
) -> Verified {
    let mut table = verifier.visit_table(position)?;
    for field in schema.map_or(&[][..], |schema| schema.fields) {
        table = value(table, field.slot, field.name, field.kind)?;
    }
    table.finish();
    Ok(())
}

fn structural_field<'v, 'o, 'b>(
    mut owner: TableVerifier<'v, 'o, 'b>,
    field: &'static Field,
) -> Verified<TableVerifier<'v, 'o, 'b>> {
    let (slot, name) = (field.slot, field.name);
    match field.ty {
        FieldType::Value(kind) => return value(owner, slot, name, kind),
        FieldType::VecU16 => return visit::<ForwardsUOffset<Vector<'_, u16>>>(owner, slot, name),
        FieldType::AlignedBytes(alignment) => {
            owner = visit::<ForwardsUOffset<Vector<'_, u8>>>(owner, slot, name)?;
            if let Some(vector) = target(&mut owner, slot)? {
                aligned(vector + 4, alignment as usize, name)?;
            }
        }
        FieldType::Table(schema) => {
            if let Some(child) = target(&mut owner, slot)? {
                table(owner.verifier(), child, schema)?;
            }
        }
        FieldType::Tables(schema) => {
            owner = visit::<ForwardsUOffset<Vector<'_, u32>>>(owner, slot, name)?;
            if let Some(vector) = target(&mut owner, slot)? {
                let verifier = owner.verifier();
                for index in 0..verifier.get_uoffset(vector)? as usize {
                    let entry = vector + 4 + 4 * index;
                    let child = entry.saturating_add(verifier.get_uoffset(entry)? as usize);
                    table(verifier, child, schema)?;
                }
            }
        }
        FieldType::Union(members) => {
            if let Some((member, position)) = union(&mut owner, field)?
                && let Some(schema) = members.get(usize::from(member) - 1)
            {
                table(owner.verifier(), position, schema)?;
            }
        }
        FieldType::BuiltinOptions => {
            if let Some((member, position)) = union(&mut owner, field)? {
                options(owner.verifier(), position, BUILTIN_OPTIONS.get(usize::from(member)))?;
            }
        }
        FieldType::BuiltinOptions2 => {
            if let Some((member, position)) = union(&mut owner, field)? {
                options(owner.verifier(), position, BUILTIN_OPTIONS_2.get(usize::from(member)))?;
            }
        }
    }
    Ok(owner)
}

/// Member number (not 0) and position of a union. The number is in the slot before; both or none must be there.
fn union(owner: &mut TableVerifier<'_, '_, '_>, field: &'static Field) -> Verified<Option<(u8, usize)>> {
    let key = owner.deref(vtable_entry(field.slot - 1))?;
    let member = key.map_or(Ok(0), |key| owner.verifier().get_u8(key))?;
    match (member, target(owner, field.slot)?) {
        (0, None) => Ok(None),
        (0, Some(_)) | (_, None) => InvalidFlatbuffer::new_inconsistent_union(field.name, "its type"),
        (member, Some(position)) => Ok(Some((member, position))),
    }
}

fn value<'v, 'o, 'b>(
    owner: TableVerifier<'v, 'o, 'b>,
    slot: u16,
    name: &'static str,
    kind: Kind,
) -> Verified<TableVerifier<'v, 'o, 'b>> {
    match kind {
        Kind::Bool => visit::<bool>(owner, slot, name),
        Kind::I8 => visit::<i8>(owner, slot, name),
        Kind::U8 => visit::<u8>(owner, slot, name),
        Kind::I32 => visit::<i32>(owner, slot, name),
        Kind::U32 => visit::<u32>(owner, slot, name),
        Kind::I64 => visit::<i64>(owner, slot, name),
        Kind::U64 => visit::<u64>(owner, slot, name),
        Kind::F32 => visit::<f32>(owner, slot, name),
        Kind::Str => visit::<ForwardsUOffset<&str>>(owner, slot, name),
        Kind::VecBool => visit::<ForwardsUOffset<Vector<'_, bool>>>(owner, slot, name),
        Kind::VecU8 => visit::<ForwardsUOffset<Vector<'_, u8>>>(owner, slot, name),
        Kind::VecI32 => visit::<ForwardsUOffset<Vector<'_, i32>>>(owner, slot, name),
        Kind::VecU32 => visit::<ForwardsUOffset<Vector<'_, u32>>>(owner, slot, name),
        Kind::VecI64 => visit::<ForwardsUOffset<Vector<'_, i64>>>(owner, slot, name),
        Kind::VecF32 => visit::<ForwardsUOffset<Vector<'_, f32>>>(owner, slot, name),
    }
}

fn visit<'v, 'o, 'b, T: Verifiable>(
    owner: TableVerifier<'v, 'o, 'b>,
    slot: u16,
    name: &'static str,
) -> Verified<TableVerifier<'v, 'o, 'b>> {
    owner.visit_field::<T>(name, vtable_entry(slot), false)
}

/// What a field's offset points at.
fn target(owner: &mut TableVerifier<'_, '_, '_>, slot: u16) -> Verified<Option<usize>> {
    let Some(position) = owner.deref(vtable_entry(slot))? else { return Ok(None) };
    let distance = owner.verifier().get_uoffset(position)? as usize;
    Ok(Some(position.saturating_add(distance)))
}

fn aligned(position: usize, alignment: usize, name: &'static str) -> Verified {
    if position.is_multiple_of(alignment) {
        return Ok(());
    }
    Err(InvalidFlatbuffer::Unaligned {
        position,
        unaligned_type: format!("{name} at multiples of {alignment}").into(),
        error_trace: Default::default(),
    })
}
