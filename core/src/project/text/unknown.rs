//! Keys of a file that this version does not know: found when it is read, put back when it is written.

use toml::{Table, Value};

/// By these an element of a list is known again, wherever it stands.
const IDENTITIES: [&str; 2] = ["id", "number"];

/// What `table` has beside `known`: keys that are not there, and those of tables that are. Of a list of tables only elements
/// that have an identity, with it.
pub(super) fn beside(table: &Table, known: &Table) -> Table {
    let mut unknown = Table::new();
    for (key, value) in table {
        let kept = match known.get(key) {
            None => Some(value.clone()),
            Some(known) => beside_value(value, known),
        };
        unknown.extend(kept.map(|kept| (key.clone(), kept)));
    }
    unknown
}

fn beside_value(value: &Value, known: &Value) -> Option<Value> {
    match (value, known) {
        (Value::Table(table), Value::Table(known)) => {
            let unknown = beside(table, known);
            (!unknown.is_empty()).then_some(Value::Table(unknown))
        }
        (Value::Array(elements), Value::Array(known)) => {
            let elements: Vec<Value> =
                elements.iter().filter_map(|element| beside_element(element, known)).collect();
            (!elements.is_empty()).then_some(Value::Array(elements))
        }
        _ => None,
    }
}

fn beside_element(element: &Value, known: &[Value]) -> Option<Value> {
    let table = element.as_table()?;
    let (key, identity) = identity(table)?;
    let known = known.iter().filter_map(Value::as_table).find(|known| known.get(key) == Some(identity))?;
    let mut unknown = beside(table, known);
    if unknown.is_empty() {
        return None;
    }
    unknown.insert(key.to_owned(), identity.clone());
    Some(Value::Table(unknown))
}

fn identity(table: &Table) -> Option<(&'static str, &Value)> {
    IDENTITIES.into_iter().find_map(|key| Some((key, table.get(key).filter(|value| value.is_integer())?)))
}

/// Puts back what [`beside`] has found; what `table` has by now stays. `may_insert` says of a key with its value whether it
/// may come where there is nothing by now.
pub(super) fn put_back(table: &mut Table, unknown: &Table, may_insert: &dyn Fn(&str, &Value) -> bool) {
    for (key, value) in unknown {
        match (table.get_mut(key), value) {
            (None, value) => {
                if may_insert(key, value) {
                    table.insert(key.clone(), value.clone());
                }
            }
            (Some(Value::Table(table)), Value::Table(unknown)) => put_back(table, unknown, may_insert),
            (Some(Value::Array(elements)), Value::Array(unknown)) => {
                for unknown in unknown.iter().filter_map(Value::as_table) {
                    let Some((key, identity)) = identity(unknown) else { continue };
                    let mut tables = elements.iter_mut().filter_map(Value::as_table_mut);
                    if let Some(table) = tables.find(|table| table.get(key) == Some(identity)) {
                        put_back(table, unknown, may_insert);
                    }
                }
            }
            (Some(_), _) => {}
        }
    }
}
