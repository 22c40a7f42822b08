//! Options of an operator, as a table of the schema and the values that the file holds.

use emberlab_runtime::schema::{OptionsKind, OptionsTable};

/// Options of one operator: the fields that the file stores, others have the schema's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Which table of the schema.
    pub kind: OptionsKind,
    /// Slot and value of every stored field, in the order of the slots.
    pub values: Vec<(u16, OptionValue)>,
}

/// The value of one field.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// bool, 8-, 32- and 64-bit integers and enums.
    Int(i64),
    /// 32-bit float.
    Float(f32),
    /// Text.
    Text(String),
    /// A vector of bool, 8-, 32- or 64-bit integers.
    Ints(Vec<i64>),
    /// A vector of 32-bit floats.
    Floats(Vec<f32>),
}

impl Options {
    /// Empty options of a table of the schema, by its name, such as `Conv2DOptions`.
    ///
    /// # Panics
    /// If the schema has no such table.
    pub fn new(table: &str) -> Self {
        let kind = OptionsKind::from_name(table).unwrap_or_else(|| panic!("the schema has no table {table}"));
        Self { kind, values: Vec::new() }
    }

    /// The same options with one field set.
    ///
    /// # Panics
    /// If the table has no such field.
    pub fn with(mut self, name: &str, value: OptionValue) -> Self {
        let field = self.kind.table().and_then(|table| table.field(name));
        let slot = field.unwrap_or_else(|| panic!("no field {name} in {:?}", self.kind)).slot;
        match self.values.binary_search_by_key(&slot, |(slot, _)| *slot) {
            Ok(place) => self.values[place].1 = value,
            Err(place) => self.values.insert(place, (slot, value)),
        }
        self
    }

    /// The same options with an integer, bool or enum field set.
    pub fn with_int(self, name: &str, value: i64) -> Self {
        self.with(name, OptionValue::Int(value))
    }

    /// The schema's description; `None` for a table that this version does not know.
    pub fn table(&self) -> Option<&'static OptionsTable> {
        self.kind.table()
    }

    /// The stored value of a field.
    pub fn get(&self, name: &str) -> Option<&OptionValue> {
        let slot = self.table()?.field(name)?.slot;
        self.values.iter().find(|(stored, _)| *stored == slot).map(|(_, value)| value)
    }

    /// An integer, bool or enum field, or its default; 0 if the table has no such field.
    pub fn int(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(OptionValue::Int(value)) => *value,
            _ => self.default(name) as i64,
        }
    }

    /// A float field, or its default; 0 if the table has no such field.
    pub fn float(&self, name: &str) -> f32 {
        match self.get(name) {
            Some(OptionValue::Float(value)) => *value,
            _ => self.default(name) as f32,
        }
    }

    /// A vector of integers; empty if the file has none.
    pub fn ints(&self, name: &str) -> &[i64] {
        match self.get(name) {
            Some(OptionValue::Ints(values)) => values,
            _ => &[],
        }
    }

    fn default(&self, name: &str) -> f64 {
        self.table().and_then(|table| table.field(name)).map_or(0.0, |field| field.default)
    }
}
