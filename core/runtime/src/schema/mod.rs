//! The .tflite schema as data: operator codes, tensor types, and the fields of every options table.
//!
//! One description serves the checked view that runs on the chip, the reader and writer on the host, and the
//! attribute lists on the screen.

mod operators;
mod options_tables;
pub mod tables;

pub use operators::BuiltinOperator;
pub use options_tables::{BUILTIN_OPTIONS, BUILTIN_OPTIONS_2};

/// The four bytes at offset 4 of every .tflite file.
pub const FILE_IDENTIFIER: [u8; 4] = *b"TFL3";

/// The schema version that this crate reads and writes.
pub const SCHEMA_VERSION: u32 = 3;

/// How one field of an options table is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Bool,
    I8,
    U8,
    I32,
    U32,
    I64,
    U64,
    F32,
    Str,
    VecBool,
    VecU8,
    VecI32,
    VecU32,
    VecI64,
    VecF32,
}

/// What the number in a field stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A plain number.
    Plain,
    /// `Padding`: 0 same, 1 valid.
    Padding,
    /// `ActivationFunctionType`.
    Activation,
    /// A [`TensorType`].
    TensorType,
}

/// One field of an options table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionsField {
    /// Index in the table's vtable.
    pub slot: u16,
    /// The schema's name.
    pub name: &'static str,
    /// How it is stored.
    pub kind: Kind,
    /// What its number stands for.
    pub meaning: Meaning,
    /// The value when the file leaves it out (scalars only).
    pub default: f64,
}

/// One options table of the schema.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionsTable {
    /// The schema's name, such as `Conv2DOptions`; empty for "none".
    pub name: &'static str,
    /// Its fields, in the order of their slots.
    pub fields: &'static [OptionsField],
}

impl OptionsTable {
    /// The field with the schema's name.
    pub fn field(&self, name: &str) -> Option<&'static OptionsField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Which union and which member an operator's options are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OptionsKind {
    /// A member of `BuiltinOptions`.
    Builtin(u8),
    /// A member of `BuiltinOptions2`.
    Builtin2(u8),
}

impl OptionsKind {
    /// The table's description; `None` for a member that the schema does not have.
    pub fn table(self) -> Option<&'static OptionsTable> {
        let (tables, member): (&'static [OptionsTable], u8) = match self {
            OptionsKind::Builtin(member) => (&BUILTIN_OPTIONS, member),
            OptionsKind::Builtin2(member) => (&BUILTIN_OPTIONS_2, member),
        };
        tables.get(usize::from(member)).filter(|table| !table.name.is_empty())
    }

    /// The options table with the schema's name.
    pub fn from_name(name: &str) -> Option<Self> {
        let position = |tables: &[OptionsTable]| tables.iter().position(|table| table.name == name);
        position(&BUILTIN_OPTIONS)
            .map(|member| Self::Builtin(member as u8))
            .or_else(|| position(&BUILTIN_OPTIONS_2).map(|member| Self::Builtin2(member as u8)))
    }
}

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum TensorType {
    Float32,
    Float16,
    Int32,
    Uint8,
    Int64,
    String,
    Bool,
    Int16,
    Complex64,
    Int8,
    Float64,
    Complex128,
    Uint64,
    Resource,
    Variant,
    Uint32,
    Uint16,
    Int4,
    Bfloat16,
    Int2,
    Uint4,
    Float8E4m3fn,
    Float8E5m2,
    /// A number that the schema does not have: a file of a later version, or a damaged one. Never the number of another
    /// variant.
    Unknown(i8),
}

impl TensorType {
    /// Every type of the schema, in the order of its numbers.
    pub const ALL: [TensorType; 23] = [
        TensorType::Float32,
        TensorType::Float16,
        TensorType::Int32,
        TensorType::Uint8,
        TensorType::Int64,
        TensorType::String,
        TensorType::Bool,
        TensorType::Int16,
        TensorType::Complex64,
        TensorType::Int8,
        TensorType::Float64,
        TensorType::Complex128,
        TensorType::Uint64,
        TensorType::Resource,
        TensorType::Variant,
        TensorType::Uint32,
        TensorType::Uint16,
        TensorType::Int4,
        TensorType::Bfloat16,
        TensorType::Int2,
        TensorType::Uint4,
        TensorType::Float8E4m3fn,
        TensorType::Float8E5m2,
    ];

    /// The type with the schema's number; `None` for a number that it does not have.
    pub fn from_code(code: i8) -> Option<Self> {
        usize::try_from(code).ok().and_then(|index| Self::ALL.get(index).copied())
    }

    /// The type with a number of a file, [`TensorType::Unknown`] for one that the schema does not have.
    pub fn from_any_code(code: i8) -> Self {
        Self::from_code(code).unwrap_or(Self::Unknown(code))
    }

    /// The schema's number.
    pub const fn code(self) -> i8 {
        match self {
            TensorType::Float32 => 0,
            TensorType::Float16 => 1,
            TensorType::Int32 => 2,
            TensorType::Uint8 => 3,
            TensorType::Int64 => 4,
            TensorType::String => 5,
            TensorType::Bool => 6,
            TensorType::Int16 => 7,
            TensorType::Complex64 => 8,
            TensorType::Int8 => 9,
            TensorType::Float64 => 10,
            TensorType::Complex128 => 11,
            TensorType::Uint64 => 12,
            TensorType::Resource => 13,
            TensorType::Variant => 14,
            TensorType::Uint32 => 15,
            TensorType::Uint16 => 16,
            TensorType::Int4 => 17,
            TensorType::Bfloat16 => 18,
            TensorType::Int2 => 19,
            TensorType::Uint4 => 20,
            TensorType::Float8E4m3fn => 21,
            TensorType::Float8E5m2 => 22,
            TensorType::Unknown(code) => code,
        }
    }

    /// The name used in tables and JSON, such as `int8`; `unknown` for numbers that the schema does not have.
    pub fn name(self) -> &'static str {
        match self {
            TensorType::Float32 => "float32",
            TensorType::Float16 => "float16",
            TensorType::Int32 => "int32",
            TensorType::Uint8 => "uint8",
            TensorType::Int64 => "int64",
            TensorType::String => "string",
            TensorType::Bool => "bool",
            TensorType::Int16 => "int16",
            TensorType::Complex64 => "complex64",
            TensorType::Int8 => "int8",
            TensorType::Float64 => "float64",
            TensorType::Complex128 => "complex128",
            TensorType::Uint64 => "uint64",
            TensorType::Resource => "resource",
            TensorType::Variant => "variant",
            TensorType::Uint32 => "uint32",
            TensorType::Uint16 => "uint16",
            TensorType::Int4 => "int4",
            TensorType::Bfloat16 => "bfloat16",
            TensorType::Int2 => "int2",
            TensorType::Uint4 => "uint4",
            TensorType::Float8E4m3fn => "float8_e4m3fn",
            TensorType::Float8E5m2 => "float8_e5m2",
            TensorType::Unknown(_) => "unknown",
        }
    }

    /// Bits of one element; `None` where an element has no fixed size (string, resource, variant) or none that is known.
    pub fn bits(self) -> Option<u32> {
        match self {
            TensorType::Int2 => Some(2),
            TensorType::Int4 | TensorType::Uint4 => Some(4),
            TensorType::Uint8
            | TensorType::Int8
            | TensorType::Bool
            | TensorType::Float8E4m3fn
            | TensorType::Float8E5m2 => Some(8),
            TensorType::Float16 | TensorType::Int16 | TensorType::Uint16 | TensorType::Bfloat16 => Some(16),
            TensorType::Float32 | TensorType::Int32 | TensorType::Uint32 => Some(32),
            TensorType::Int64 | TensorType::Uint64 | TensorType::Float64 | TensorType::Complex64 => Some(64),
            TensorType::Complex128 => Some(128),
            TensorType::String | TensorType::Resource | TensorType::Variant | TensorType::Unknown(_) => None,
        }
    }
}

/// The name, or the number where there is no name.
impl core::fmt::Display for TensorType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            TensorType::Unknown(code) => write!(f, "type {code}"),
            known => f.write_str(known.name()),
        }
    }
}
